/* _multiprocessing: memory and semaphores that processes share.
 *
 * A Block is memory of several processes, with the buffer protocol. Without a file it is an anonymous mapping: a
 * child has it because it was forked from a process that has it. With a descriptor it shows that file, and whoever
 * gets the descriptor can have a Block of the same memory; one made by memfd_create has no name that could outlive a
 * crash. A SemLock is a POSIX semaphore in a Block.
 *
 * Which thread of which process holds a SemLock, and how often, is the business of each process alone: what a child
 * inherits of that is not its own, which the process' number tells. Waiting is done outside the VM's lock and counts
 * as outside work, for the one to come may be another process. */
#include <limits.h>
#include <math.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "object/buffer.h"
#include "object/type.h"
#include "stdlib/grants.h"
#include "stdlib/guard.h"
#include "stdlib/wait.h"

enum { RECURSIVE_MUTEX, SEMAPHORE };

/* --- Block --------------------------------------------------------------------------------------------------------
 */

typedef struct Block {
    Object header;
    char *data;
    size_t size;
    size_t exports; /* views of it: while there are any it cannot be closed */
    int fd;         /* its own; -1: none */
} Block;

static Type *block_type(VM *vm);
static Block *as_block(Value v) { return (Block *)as_obj(v); }

static bool block_map(VM *vm, Block *block) {
    int flags = block->fd < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
    void *p = mmap(NULL, block->size == 0 ? 1 : block->size, PROT_READ | PROT_WRITE, flags, block->fd, 0);
    if (p != MAP_FAILED) {
        block->data = p;
        return true;
    }
    if (errno == ENOMEM)
        raise_memory(vm);
    else
        raise_os_error(vm, errno, 0);
    return false;
}

/* fd becomes the block's if that can be made. */
static Value block_new(VM *vm, Type *type, ssize_t size, int fd) {
    Block *block = object_alloc(vm, type, 0);
    if (block == NULL)
        return VALUE_ERROR;
    block->size = (size_t)size;
    block->fd = fd;
    if (block_map(vm, block))
        return from_obj(block);
    block->fd = -1;
    obj_decref(vm, &block->header);
    return VALUE_ERROR;
}

static Value block_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_PROCESSES))
        return VALUE_ERROR;
    ssize_t size;
    int fd = -1;
    if (nargs < 1 || nargs > 2 || kwnames != 0)
        return raise_type(vm, "Block() takes the number of bytes and perhaps a descriptor");
    if (!to_ssize(vm, args[0], &size) || (nargs > 1 && !to_c_int(vm, args[1], &fd)))
        return VALUE_ERROR;
    if (size < 0)
        return raise_value(vm, "size of a block must not be negative");
    return block_new(vm, type, size, fd);
}

static void block_unmap(Block *block) {
    if (block->data != NULL)
        munmap(block->data, block->size == 0 ? 1 : block->size);
    if (block->fd >= 0)
        close(block->fd);
    block->data = NULL;
    block->fd = -1;
}

static void block_dealloc(VM *vm, Object *self) { block_unmap((Block *)self); }

static bool block_get_buffer(VM *vm, Value self, Buffer *out, int flags) {
    Block *block = as_block(self);
    if (block->data == NULL)
        return raise_value(vm, "block is closed");
    block->exports++;
    if (buffer_fill(vm, out, self, block->data, block->size, false, flags))
        return true;
    block->exports--;
    return false;
}

static void block_release_buffer(VM *vm, Value self, Buffer *buffer) { as_block(self)->exports--; }

static Value block_close(NATIVE_ARGS) {
    Block *block = as_block(self);
    if (block->exports > 0)
        return raisef(vm, vm->exc.BufferError, "cannot close exported pointers exist");
    block_unmap(block);
    return VALUE_NONE;
}

static Value block_fd(VM *vm, Value self) { return from_small_int(as_block(self)->fd); }

static const MethodSpec block_methods[] = {
    {"close", block_close, "", "Gives the memory and the descriptor up; BufferError if somebody has a view.", 0},
    {0},
};

static const GetSetSpec block_getset[] = {
    {.name = "fd", .get = block_fd, .doc = "The descriptor of the file, -1 if there is none."},
    {0},
};

static const TypeSpec block_spec = {
    .name = "_multiprocessing.Block",
    .doc = "Memory that is shared with the processes forked later, or with those that have the same file.",
    .size = sizeof(Block),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = block_create,
              .dealloc = block_dealloc,
              .get_buffer = block_get_buffer,
              .release_buffer = block_release_buffer},
    .methods = block_methods,
    .getset = block_getset,
};

static Type *block_type(VM *vm) { return vm_type(vm, &block_spec, NULL); }

/* --- SemLock ------------------------------------------------------------------------------------------------------
 */

typedef struct SemLock {
    Object header;
    Value block; /* where the semaphore is, or 0 if making it failed */
    sem_t *sem;
    int kind, maxvalue;
    /* of this process, if it is process pid */
    int count;
    uint64_t owner;
    pid_t pid;
} SemLock;

static SemLock *as_semlock(Value v) { return (SemLock *)as_obj(v); }

/* Takes the given block, or makes one. */
static bool semlock_place(VM *vm, SemLock *lock, Value block) {
    Type *type = block_type(vm);
    if (type == NULL)
        return false;
    if (is_none(block))
        lock->block = block_new(vm, type, sizeof *lock->sem, -1);
    else if (!is_obj(block) || obj_type(as_obj(block)) != type || as_block(block)->size < sizeof *lock->sem)
        return raise_type(vm, "a semaphore needs a block of %d bytes", (int)sizeof *lock->sem);
    else
        lock->block = incref(block);
    if (lock->block == 0)
        return false;
    as_block(lock->block)->exports++;
    lock->sem = (sem_t *)(void *)as_block(lock->block)->data;
    return lock->sem != NULL || raise_value(vm, "block is closed");
}

static Value semlock_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_PROCESSES))
        return VALUE_ERROR;
    int kind, maxvalue, value = 0;
    if (nargs != 4 || kwnames != 0)
        return raise_type(vm, "SemLock() takes a kind, a value, the greatest value and a block");
    if (!to_c_int(vm, args[0], &kind) || !to_c_int(vm, args[2], &maxvalue) ||
        (!is_none(args[1]) && !to_c_int(vm, args[1], &value)))
        return VALUE_ERROR;
    if (kind != RECURSIVE_MUTEX && kind != SEMAPHORE)
        return raise_value(vm, "unrecognized kind");
    if (value < 0 || value > SEM_VALUE_MAX)
        return raise_os_error(vm, EINVAL, 0);
    SemLock *lock = object_alloc(vm, type, 0);
    if (lock == NULL)
        return VALUE_ERROR;
    lock->kind = kind;
    lock->maxvalue = maxvalue;
    if (semlock_place(vm, lock, args[3])) {
        if (is_none(args[1]) || sem_init(lock->sem, 1, (unsigned)value) == 0)
            return from_obj(lock);
        raise_os_error(vm, errno, 0);
    }
    obj_decref(vm, &lock->header);
    return VALUE_ERROR;
}

static void semlock_dealloc(VM *vm, Object *self) {
    SemLock *lock = (SemLock *)self;
    if (lock->block != 0)
        as_block(lock->block)->exports--;
    decref(vm, lock->block);
}

static bool is_mine(VM *vm, SemLock *lock) {
    return lock->count > 0 && lock->owner == vm->thread->os_ident && lock->pid == getpid();
}

static void take_note(VM *vm, SemLock *lock) {
    pid_t pid = getpid();
    lock->count = lock->pid == pid ? lock->count + 1 : 1;
    lock->pid = pid;
    lock->owner = vm->thread->os_ident;
}

static void add_nanoseconds(struct timespec *t, int64_t ns) {
    ns += t->tv_nsec;
    t->tv_sec += (time_t)(ns / WAIT_SECOND);
    t->tv_nsec = (long)(ns % WAIT_SECOND);
}

/* A time limit in seconds as a moment of the system's clock, which sem_timedwait wants. */
static bool deadline_of(VM *vm, Value timeout, struct timespec *out) {
    double seconds;
    if (!to_double(vm, timeout, &seconds))
        return false;
    if (!(seconds > 0))
        seconds = 0;
    if (seconds >= 1e9)
        return raise_overflow(vm, "timeout is too large");
    clock_gettime(CLOCK_REALTIME, out);
    double whole = floor(seconds);
    out->tv_sec += (time_t)whole;
    add_nanoseconds(out, (int64_t)((seconds - whole) * 1e9));
    return true;
}

/* When a wait shall be left for a moment so that the host is heard, if it must be. */
static bool next_slice(VM *vm, struct timespec *out) {
    int64_t slice = guard_slice(vm, WAIT_FOREVER);
    if (slice == WAIT_FOREVER)
        return false;
    int64_t left = slice - wait_now();
    clock_gettime(CLOCK_REALTIME, out);
    add_nanoseconds(out, left > 0 ? left : 0);
    return true;
}

static bool is_before(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* As sem_wait() and sem_timedwait(); deadline: NULL if there is none. */
static int wait_for_semaphore(VM *vm, sem_t *sem, const struct timespec *deadline) {
    for (;;) {
        int result;
        struct timespec slice;
        bool sliced = next_slice(vm, &slice) && (deadline == NULL || is_before(&slice, deadline));
        const struct timespec *until = sliced ? &slice : deadline;
        BLOCKING(result, until ? sem_timedwait(sem, until) : sem_wait(sem));
        if (result == 0 || error_pending(vm) || errno != ETIMEDOUT || !sliced || !posix_go_on(vm))
            return result;
    }
}

/* 1 taken, 0 not, -1 error. */
static int semlock_take(VM *vm, SemLock *lock, bool wait, Value timeout) {
    struct timespec deadline = {0};
    bool limited = timeout != 0 && !is_none(timeout);
    if (lock->kind == RECURSIVE_MUTEX && is_mine(vm, lock)) {
        lock->count++;
        return 1;
    }
    if (limited && !deadline_of(vm, timeout, &deadline))
        return -1;
    int result = sem_trywait(lock->sem);
    if (result < 0 && errno == EAGAIN && wait)
        result = wait_for_semaphore(vm, lock->sem, limited ? &deadline : NULL);
    if (result < 0 && error_pending(vm))
        return -1;
    if (result < 0 && (errno == EAGAIN || errno == ETIMEDOUT))
        return 0;
    if (result < 0) {
        raise_os_error(vm, errno, 0);
        return -1;
    }
    take_note(vm, lock);
    return 1;
}

static Value semlock_acquire(NATIVE_ARGS) {
    int wait = args[0] == 0 ? 1 : truth(vm, args[0]);
    int taken = wait < 0 ? -1 : semlock_take(vm, as_semlock(self), wait, args[1]);
    return taken < 0 ? VALUE_ERROR : from_bool(taken);
}

static Value semlock_enter(NATIVE_ARGS) {
    int taken = semlock_take(vm, as_semlock(self), true, 0);
    return taken < 0 ? VALUE_ERROR : VALUE_TRUE;
}

static Value semlock_release(NATIVE_ARGS) {
    SemLock *lock = as_semlock(self);
    int value;
    if (lock->kind == RECURSIVE_MUTEX) {
        if (!is_mine(vm, lock)) {
            raisef(vm, vm->exc.AssertionError, "attempt to release recursive lock not owned by thread");
            return VALUE_ERROR;
        }
        if (lock->count > 1) {
            lock->count--;
            return VALUE_NONE;
        }
    } else if (sem_getvalue(lock->sem, &value) == 0 && value >= lock->maxvalue) {
        return raise_value(vm, "semaphore or lock released too many times");
    }
    if (sem_post(lock->sem) < 0)
        return raise_os_error(vm, errno, 0);
    lock->count = lock->pid == getpid() ? lock->count - 1 : 0;
    return VALUE_NONE;
}

static Value semlock_count(NATIVE_ARGS) {
    SemLock *lock = as_semlock(self);
    return int_from_int64(vm, lock->pid == getpid() ? lock->count : 0);
}

static Value semlock_is_mine(NATIVE_ARGS) { return from_bool(is_mine(vm, as_semlock(self))); }

static Value semlock_get_value(NATIVE_ARGS) {
    int value;
    if (sem_getvalue(as_semlock(self)->sem, &value) < 0)
        return raise_os_error(vm, errno, 0);
    return int_from_int64(vm, value < 0 ? 0 : value);
}

static Value semlock_is_zero(NATIVE_ARGS) {
    int value;
    if (sem_getvalue(as_semlock(self)->sem, &value) < 0)
        return raise_os_error(vm, errno, 0);
    return from_bool(value <= 0);
}

static Value semlock_kind(VM *vm, Value self) { return int_from_int64(vm, as_semlock(self)->kind); }
static Value semlock_maxvalue(VM *vm, Value self) { return int_from_int64(vm, as_semlock(self)->maxvalue); }
static Value semlock_block(VM *vm, Value self) { return incref(as_semlock(self)->block); }

static const MethodSpec semlock_methods[] = {
    {"acquire", semlock_acquire, "block=True, timeout=None", "Takes one of it, waiting if need be; true if got.", 0},
    {"release", semlock_release, "", "Gives one back.", 0},
    {"_count", semlock_count, "", "How many this process has taken and not given back.", 0},
    {"_is_mine", semlock_is_mine, "", "Whether the calling thread took it last.", 0},
    {"_get_value", semlock_get_value, "", "How many can be taken now.", 0},
    {"_is_zero", semlock_is_zero, "", "Whether none can be taken now.", 0},
    {"__enter__", semlock_enter, "", "Takes one of it.", 0},
    {"__exit__", semlock_release, "*exc_info", "Gives one back.", 0},
    {0},
};

static const GetSetSpec semlock_getset[] = {
    {.name = "kind", .get = semlock_kind},
    {.name = "maxvalue", .get = semlock_maxvalue},
    {.name = "block", .get = semlock_block},
    {0},
};

static const TypeSpec semlock_spec = {
    .name = "_multiprocessing.SemLock",
    .doc =
        "A semaphore of several processes, or a lock that its owner may take again; value None: it is there already.",
    .size = sizeof(SemLock),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = semlock_create, .dealloc = semlock_dealloc},
    .methods = semlock_methods,
    .getset = semlock_getset,
};

bool mod_multiprocessing_init(VM *vm, Value module) {
    Type *block = block_type(vm), *semlock = block ? vm_type(vm, &semlock_spec, NULL) : NULL;
    return semlock && module_add(vm, module, "Block", incref(type_value(block))) &&
           module_add(vm, module, "SemLock", incref(type_value(semlock))) &&
           module_add(vm, module, "RECURSIVE_MUTEX", from_small_int(RECURSIVE_MUTEX)) &&
           module_add(vm, module, "SEMAPHORE", from_small_int(SEMAPHORE)) &&
           module_add(vm, module, "SEM_VALUE_MAX", from_small_int(SEM_VALUE_MAX)) &&
           module_add(vm, module, "SEM_SIZE", from_small_int(sizeof(sem_t)));
}
