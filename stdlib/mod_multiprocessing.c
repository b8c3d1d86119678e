/* _multiprocessing: what processes that descend from each other by fork share.
 *
 * A Block is memory of all of them, with the buffer protocol; a SemLock is a POSIX semaphore in such memory. Both are
 * anonymous mappings: a child has them because it has its parent's memory, and the kernel takes them back with the
 * last process. Nothing has a name that could outlive a crash.
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
#include "stdlib/mod_posix.h"
#include "stdlib/grants.h"

enum { RECURSIVE_MUTEX, SEMAPHORE };

/* --- Block --------------------------------------------------------------------------------------------------------
 */

typedef struct Block {
    Object header;
    char *data;
    size_t size;
} Block;

static Block *as_block(Value v) { return (Block *)as_obj(v); }

static void *map_shared(VM *vm, size_t size) {
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p != MAP_FAILED)
        return p;
    if (errno == ENOMEM)
        raise_memory(vm);
    else
        raise_os_error(vm, errno, 0);
    return NULL;
}

static Value block_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_PROCESSES))
        return VALUE_ERROR;
    ssize_t size;
    if (nargs != 1 || kwnames != 0)
        return raise_type(vm, "Block() takes the number of bytes");
    if (!to_ssize(vm, args[0], &size))
        return VALUE_ERROR;
    if (size < 0)
        return raise_value(vm, "size of a block must not be negative");
    Block *block = object_alloc(vm, type, 0);
    if (block == NULL)
        return VALUE_ERROR;
    block->size = (size_t)size;
    block->data = map_shared(vm, size == 0 ? 1 : (size_t)size);
    if (block->data != NULL)
        return from_obj(block);
    obj_decref(vm, &block->header);
    return VALUE_ERROR;
}

static void block_dealloc(VM *vm, Object *self) {
    Block *block = (Block *)self;
    if (block->data != NULL)
        munmap(block->data, block->size == 0 ? 1 : block->size);
}

static bool block_get_buffer(VM *vm, Value self, Buffer *out, int flags) {
    Block *block = as_block(self);
    return buffer_fill(vm, out, self, block->data, block->size, false, flags);
}

static const TypeSpec block_spec = {
    .name = "_multiprocessing.Block",
    .doc = "Memory that is shared with the processes forked later, zero at first.",
    .size = sizeof(Block),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = block_create, .dealloc = block_dealloc, .get_buffer = block_get_buffer},
};

/* --- SemLock ------------------------------------------------------------------------------------------------------
 */

typedef struct SemLock {
    Object header;
    sem_t *sem;
    int kind, maxvalue;
    /* of this process, if it is process pid */
    int count;
    uint64_t owner;
    pid_t pid;
} SemLock;

static SemLock *as_semlock(Value v) { return (SemLock *)as_obj(v); }

static Value semlock_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_PROCESSES))
        return VALUE_ERROR;
    int kind, value, maxvalue;
    if (nargs != 3 || kwnames != 0)
        return raise_type(vm, "SemLock() takes a kind, a value and the greatest value");
    if (!to_c_int(vm, args[0], &kind) || !to_c_int(vm, args[1], &value) || !to_c_int(vm, args[2], &maxvalue))
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
    lock->sem = map_shared(vm, sizeof *lock->sem);
    if (lock->sem != NULL && sem_init(lock->sem, 1, (unsigned)value) == 0)
        return from_obj(lock);
    if (lock->sem != NULL)
        raise_os_error(vm, errno, 0);
    obj_decref(vm, &lock->header);
    return VALUE_ERROR;
}

static void semlock_dealloc(VM *vm, Object *self) {
    SemLock *lock = (SemLock *)self;
    if (lock->sem != NULL)
        munmap(lock->sem, sizeof *lock->sem);
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
    out->tv_nsec += (long)((seconds - whole) * 1e9);
    if (out->tv_nsec >= 1000000000) {
        out->tv_nsec -= 1000000000;
        out->tv_sec++;
    }
    return true;
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
    if (result < 0 && errno == EAGAIN && wait) {
        if (limited)
            BLOCKING(result, sem_timedwait(lock->sem, &deadline));
        else
            BLOCKING(result, sem_wait(lock->sem));
    }
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
            Value text = str_from_c(vm, "attempt to release recursive lock not owned by thread");
            Value error = text == 0 ? 0 : call1(vm, type_value(vm->exc.AssertionError), text);
            decref(vm, text);
            return error == 0 ? VALUE_ERROR : raise_steal(vm, error);
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
    {0},
};

static const TypeSpec semlock_spec = {
    .name = "_multiprocessing.SemLock",
    .doc = "A semaphore of several processes, or a lock that its owner may take again.",
    .size = sizeof(SemLock),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = semlock_create, .dealloc = semlock_dealloc},
    .methods = semlock_methods,
    .getset = semlock_getset,
};

bool mod_multiprocessing_init(VM *vm, Value module) {
    Type *block = vm_type(vm, &block_spec, NULL), *semlock = block ? vm_type(vm, &semlock_spec, NULL) : NULL;
    return semlock && module_add(vm, module, "Block", incref(type_value(block))) &&
           module_add(vm, module, "SemLock", incref(type_value(semlock))) &&
           module_add(vm, module, "RECURSIVE_MUTEX", from_small_int(RECURSIVE_MUTEX)) &&
           module_add(vm, module, "SEMAPHORE", from_small_int(SEMAPHORE)) &&
           module_add(vm, module, "SEM_VALUE_MAX", from_small_int(SEM_VALUE_MAX));
}
