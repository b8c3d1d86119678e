/* The lock of a file's buffer. */
#include "stdlib/io/io.h"

/* After a fork the owner may be a thread that is no more. */
static bool owner_lives(VM *vm, const IoLock *lock) {
    for (Thread *t = vm->threads; t; t = t->next) {
        if (t == lock->owner)
            return true;
    }
    return false;
}

bool io_lock(VM *vm, IoLock *lock, Value file) {
    bool waited = false;
    while (unlikely(lock->owner != NULL)) {
        if (lock->owner == vm->thread)
            return raise_runtime(vm, "reentrant call inside %R", file);
        if (!owner_lives(vm, lock))
            break;
        lock->queue.object = file;
        ParkResult r = park(vm, &lock->queue, INT64_MAX, waited);
        if (r == PARK_ERROR || (r == PARK_INTERRUPTED && !vm_safepoint(vm)))
            return false;
        waited = true;
    }
    lock->owner = vm->thread;
    return true;
}

void io_unlock(VM *vm, IoLock *lock) {
    lock->owner = NULL;
    if (unlikely(lock->queue.first != NULL))
        unpark(vm, &lock->queue);
}
