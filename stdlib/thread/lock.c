/* _thread.lock and _thread.RLock.
 *
 * Both are plain data under the VM's lock; a thread that finds one taken parks in its queue. A released lock is free
 * for whoever comes first, the woken thread or one that happens to run: handing it over instead would force a switch
 * of threads at every release of a contended lock. One that was woken and came too late goes back to the queue's
 * front. */
#include "stdlib/thread/thread.h"

#include "object/type.h"
#include "stdlib/wait.h"

typedef struct Lock {
    Object header;
    bool locked;
    Thread *owner; /* that took it, for reports; another one may release it */
    ParkQueue waiting;
} Lock;

typedef struct RLock {
    Object header;
    Thread *owner; /* NULL: free */
    uint64_t count;
    ParkQueue waiting;
} RLock;

static Lock *as_lock(Value v) { return (Lock *)as_obj(v); }
static RLock *as_rlock(Value v) { return (RLock *)as_obj(v); }

Thread *thread_lock_owner(Value object, const char **kind) {
    const TypeSpec *spec = is_obj(object) ? obj_type(as_obj(object))->spec : NULL;
    *kind = spec == &lock_spec ? "lock" : spec == &rlock_spec ? "rlock" : NULL;
    if (*kind == NULL)
        return NULL;
    return spec == &lock_spec ? as_lock(object)->owner : as_rlock(object)->owner;
}

/* --- waiting ------------------------------------------------------------------------------------------------------
 */

bool thread_deadline(VM *vm, Value timeout, int64_t *deadline) {
    int64_t ns;
    *deadline = INT64_MAX;
    if (timeout == 0 || is_none(timeout))
        return true;
    if (!wait_duration(vm, timeout, &ns))
        return false;
    if (ns == -WAIT_SECOND)
        return true;
    if (ns < 0)
        return raise_value(vm, "timeout value must be a non-negative number");
    if (__builtin_add_overflow(lock_clock(), ns, deadline))
        *deadline = INT64_MAX - 1;
    return true;
}

ParkResult thread_wait(VM *vm, ParkQueue *queue, int64_t deadline, bool front) {
    for (;;) {
        ParkResult result = park(vm, queue, deadline, front);
        if (result != PARK_INTERRUPTED)
            return result;
        if (!vm_safepoint(vm))
            return PARK_ERROR;
    }
}

/* blocking=True, timeout=-1 as acquire() takes them; *wait false: only try. */
static bool acquire_arguments(VM *vm, Value *args, bool *wait, int64_t *deadline) {
    *wait = true;
    *deadline = INT64_MAX;
    if (args[0] != 0) {
        int blocking = truth(vm, args[0]);
        if (blocking < 0)
            return false;
        *wait = blocking;
    }
    if (args[1] == 0 || args[1] == from_small_int(-1))
        return true;
    if (is_none(args[1]))
        return raise_type(vm, "'NoneType' object cannot be interpreted as an integer");
    if (!thread_deadline(vm, args[1], deadline))
        return false;
    if (!*wait && *deadline != INT64_MAX)
        return raise_value(vm, "can't specify a timeout for a non-blocking call");
    return true;
}

static Value none_of(bool ok) { return ok ? VALUE_NONE : VALUE_ERROR; }

/* --- lock ---------------------------------------------------------------------------------------------------------
 */

static Value lock_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (kwnames != 0)
        return raise_type(vm, "lock() takes no keyword arguments");
    if (nargs != 0)
        return raise_type(vm, "lock expected 0 arguments, got %u", nargs);
    Lock *lock = object_alloc(vm, type, 0);
    if (lock == NULL)
        return VALUE_ERROR;
    lock->waiting.object = from_obj(lock);
    return from_obj(lock);
}

/* 1 taken, 0 not, -1 error. */
static int lock_take(VM *vm, Lock *lock, bool wait, int64_t deadline) {
    bool front = false;
    while (lock->locked) {
        if (!wait)
            return 0;
        incref(from_obj(lock));
        ParkResult result = thread_wait(vm, &lock->waiting, deadline, front);
        obj_decref(vm, &lock->header);
        if (result == PARK_ERROR)
            return -1;
        if (result == PARK_TIMEOUT)
            return 0;
        front = true;
    }
    lock->locked = true;
    lock->owner = vm->thread;
    return 1;
}

static Value lock_acquire_method(NATIVE_ARGS) {
    bool wait;
    int64_t deadline;
    if (!acquire_arguments(vm, args, &wait, &deadline))
        return VALUE_ERROR;
    int taken = lock_take(vm, as_lock(self), wait, deadline);
    return taken < 0 ? VALUE_ERROR : from_bool(taken);
}

static Value lock_enter(NATIVE_ARGS) {
    int taken = lock_take(vm, as_lock(self), true, INT64_MAX);
    return taken < 0 ? VALUE_ERROR : VALUE_TRUE;
}

static bool lock_let_go(VM *vm, Lock *lock) {
    if (!lock->locked)
        return raise_runtime(vm, "release unlocked lock");
    lock->locked = false;
    lock->owner = NULL;
    unpark(vm, &lock->waiting);
    return true;
}

static Value lock_release_method(NATIVE_ARGS) { return none_of(lock_let_go(vm, as_lock(self))); }

static Value lock_locked(NATIVE_ARGS) { return from_bool(as_lock(self)->locked); }

static Value lock_reinit(NATIVE_ARGS) {
    Lock *lock = as_lock(self);
    lock->locked = false;
    lock->owner = NULL;
    lock->waiting.first = lock->waiting.last = NULL;
    return VALUE_NONE;
}

static Value lock_repr(VM *vm, Value self) {
    return str_printf(vm, "<%s _thread.lock object at %p>", as_lock(self)->locked ? "locked" : "unlocked",
                      (void *)as_obj(self));
}

#define ACQUIRE_DOC "Takes the lock, waiting for it if need be; true if it was got."

static const MethodSpec lock_methods[] = {
    {"acquire", lock_acquire_method, "blocking=True, timeout=-1", ACQUIRE_DOC, 0},
    {"acquire_lock", lock_acquire_method, "blocking=True, timeout=-1", "An old name of acquire().", 0},
    {"release", lock_release_method, "", "Gives the lock back; any thread may do so.", 0},
    {"release_lock", lock_release_method, "", "An old name of release().", 0},
    {"locked", lock_locked, "", "Tells whether somebody has the lock.", 0},
    {"locked_lock", lock_locked, "", "An old name of locked().", 0},
    {"_at_fork_reinit", lock_reinit, "", "Makes the lock free, in the child of a fork.", 0},
    {"__enter__", lock_enter, "", "Takes the lock.", 0},
    {"__exit__", lock_release_method, "*exc_info", "Gives the lock back.", 0},
    {0},
};

const TypeSpec lock_spec = {
    .name = "_thread.lock",
    .doc = "A lock that one thread takes and the same or another one gives back.",
    .signature = "",
    .size = sizeof(Lock),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = lock_create, .repr = lock_repr},
    .methods = lock_methods,
};

/* --- RLock --------------------------------------------------------------------------------------------------------
 */

static Value rlock_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    RLock *lock = object_alloc(vm, type, 0);
    if (lock == NULL)
        return VALUE_ERROR;
    lock->waiting.object = from_obj(lock);
    return from_obj(lock);
}

/* Takes it `count` times over. 1 taken, 0 not, -1 error. */
static int rlock_take(VM *vm, RLock *lock, bool wait, int64_t deadline, uint64_t count) {
    bool front = false;
    if (lock->owner == vm->thread) {
        lock->count += count;
        return 1;
    }
    while (lock->owner != NULL) {
        if (!wait)
            return 0;
        incref(from_obj(lock));
        ParkResult result = thread_wait(vm, &lock->waiting, deadline, front);
        obj_decref(vm, &lock->header);
        if (result == PARK_ERROR)
            return -1;
        if (result == PARK_TIMEOUT)
            return 0;
        front = true;
    }
    lock->owner = vm->thread;
    lock->count = count;
    return 1;
}

static Value rlock_acquire(NATIVE_ARGS) {
    bool wait;
    int64_t deadline;
    if (!acquire_arguments(vm, args, &wait, &deadline))
        return VALUE_ERROR;
    int taken = rlock_take(vm, as_rlock(self), wait, deadline, 1);
    return taken < 0 ? VALUE_ERROR : from_bool(taken);
}

static Value rlock_enter(NATIVE_ARGS) {
    int taken = rlock_take(vm, as_rlock(self), true, INT64_MAX, 1);
    return taken < 0 ? VALUE_ERROR : VALUE_TRUE;
}

static void rlock_free(VM *vm, RLock *lock) {
    lock->owner = NULL;
    lock->count = 0;
    unpark(vm, &lock->waiting);
}

static Value rlock_release(NATIVE_ARGS) {
    RLock *lock = as_rlock(self);
    if (lock->owner != vm->thread)
        return raise_runtime(vm, "cannot release un-acquired lock");
    if (--lock->count == 0)
        rlock_free(vm, lock);
    return VALUE_NONE;
}

static Value rlock_is_owned(NATIVE_ARGS) { return from_bool(as_rlock(self)->owner == vm->thread); }

static Value rlock_count(NATIVE_ARGS) {
    RLock *lock = as_rlock(self);
    return int_from_uint64(vm, lock->owner == vm->thread ? lock->count : 0);
}

static Value owner_ident(VM *vm, RLock *lock) {
    return int_from_uint64(vm, lock->owner == NULL ? 0 : lock->owner->os_ident);
}

/* For conditions: gives the lock up however often it was taken; the state goes to _acquire_restore(). */
static Value rlock_release_save(NATIVE_ARGS) {
    RLock *lock = as_rlock(self);
    if (lock->owner != vm->thread)
        return raise_runtime(vm, "cannot release un-acquired lock");
    Value count = int_from_uint64(vm, lock->count), owner = owner_ident(vm, lock);
    Value state = count != 0 && owner != 0 ? tuple_pack(vm, 2, count, owner) : VALUE_ERROR;
    decref(vm, count);
    decref(vm, owner);
    if (state != 0)
        rlock_free(vm, lock);
    return state;
}

static Value rlock_acquire_restore(NATIVE_ARGS) {
    int64_t count;
    if (!is_tuple(args[0]) || as_tuple(args[0])->len != 2)
        return raise_type(vm, "_acquire_restore() takes the state that _release_save() gave");
    if (!to_int64(vm, as_tuple(args[0])->items[0], &count))
        return VALUE_ERROR;
    /* a condition must have its lock again whatever happens: a handler that raises does so afterwards */
    Value raised = 0;
    while (rlock_take(vm, as_rlock(self), true, INT64_MAX, (uint64_t)count) < 0) {
        decref(vm, raised);
        raised = error_take(vm);
    }
    return raised == 0 ? VALUE_NONE : raise_steal(vm, raised);
}

static Value rlock_reinit(NATIVE_ARGS) {
    RLock *lock = as_rlock(self);
    lock->owner = NULL;
    lock->count = 0;
    lock->waiting.first = lock->waiting.last = NULL;
    return VALUE_NONE;
}

static Value rlock_repr(VM *vm, Value self) {
    RLock *lock = as_rlock(self);
    Value owner = owner_ident(vm, lock);
    Value text = owner == 0 ? VALUE_ERROR
                            : str_printf(vm, "<%s %T object owner=%S count=%u at %p>",
                                         lock->owner != NULL ? "locked" : "unlocked", self, owner,
                                         (size_t)lock->count, (void *)lock);
    decref(vm, owner);
    return text;
}

static const MethodSpec rlock_methods[] = {
    {"acquire", rlock_acquire, "blocking=True, timeout=-1", ACQUIRE_DOC, 0},
    {"release", rlock_release, "", "Gives the lock back once; the last time makes it free.", 0},
    {"_is_owned", rlock_is_owned, "", "Tells whether the calling thread has the lock.", 0},
    {"_recursion_count", rlock_count, "", "How often the calling thread has taken the lock.", 0},
    {"_release_save", rlock_release_save, "", "Gives the lock back altogether; returns how it was.", 0},
    {"_acquire_restore", rlock_acquire_restore, "state, /", "Takes the lock as often as it was taken before.", 0},
    {"_at_fork_reinit", rlock_reinit, "", "Makes the lock free, in the child of a fork.", 0},
    {"__enter__", rlock_enter, "", "Takes the lock.", 0},
    {"__exit__", rlock_release, "*exc_info", "Gives the lock back.", 0},
    {0},
};

const TypeSpec rlock_spec = {
    .name = "_thread.RLock",
    .doc = "A lock that its owner may take again, and gives back as often.",
    .size = sizeof(RLock),
    .flags = TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = rlock_create, .repr = rlock_repr},
    .methods = rlock_methods,
};
