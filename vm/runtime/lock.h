/* The VM's lock: one thread at a time runs scripts and touches values.
 *
 * A native function that may wait for something outside (a descriptor, a child, the clock) gives the VM up around the
 * waiting call:
 *
 *     ssize_t n;
 *     WITHOUT_LOCK(vm, n = read(fd, buffer, size));
 *
 * Between the two no value may be touched and nothing of the VM called, its allocator included; memory that the call
 * fills must be held by the caller. errno survives. Handlers of signals do not run by themselves: a call that ended
 * with EINTR goes through vm_safepoint, as posix_go_on does.
 */
#ifndef COVE_RUNTIME_LOCK_H
#define COVE_RUNTIME_LOCK_H

#include "runtime/vm.h"

/* Gives the VM up; returns the thread's state, to be handed to lock_acquire by the same OS thread. */
Thread *lock_release(VM *vm);
/* Takes the VM again as thread t, which comes from outside work: it interrupts a thread that computes. */
void lock_acquire(VM *vm, Thread *t);

#define WITHOUT_LOCK(vm, ...)                                                                                        \
    do {                                                                                                             \
        Thread *unlocked_ = lock_release(vm);                                                                        \
        __VA_ARGS__;                                                                                                 \
        lock_acquire(vm, unlocked_);                                                                                 \
    } while (0)

#endif
