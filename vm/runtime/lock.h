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
 *
 * What threads of a script do to wait for each other (locks, joins) is in park.h.
 */
#ifndef COVE_RUNTIME_LOCK_H
#define COVE_RUNTIME_LOCK_H

#include "runtime/vm.h"

/* Gives the VM up; returns the thread's state, to be handed to lock_acquire by the same OS thread. */
Thread *lock_release(VM *vm);
/* The last release of a thread that ends. Until it has returned, lock_destroy waits. */
void lock_leave(VM *vm);
/* Takes the VM again as thread t, which comes from outside work: it interrupts a thread that computes. */
void lock_acquire(VM *vm, Thread *t);

#define WITHOUT_LOCK(vm, ...)                                                                                        \
    do {                                                                                                             \
        Thread *unlocked_ = lock_release(vm);                                                                        \
        __VA_ARGS__;                                                                                                 \
        lock_acquire(vm, unlocked_);                                                                                 \
    } while (0)

/* Whether a thread that computes was interrupted by this one and watches for its turn. Then WITHOUT_LOCK pays for
 * itself even around a call that does not wait but takes some microseconds. */
bool lock_watched(VM *vm);

/* Takes the VM in turn, as a thread does that waited for another thread of the program. */
void lock_acquire_in_turn(VM *vm, Thread *t);
/* At a safe point: lets the thread go first that asked for it with INTERRUPT_SWITCH. */
void lock_yield(VM *vm);

/* Part of a VM's and a thread's life. False, NULL: no memory. */
bool lock_setup(VM *vm); /* the creating thread holds the lock */
void lock_destroy(VM *vm);
struct ThreadSync *lock_thread_new(VM *vm);
/* The same outside of the VM's memory, for threads that do not have the lock yet. */
struct ThreadSync *lock_sync_new(void);
void lock_sync_forget(VM *vm, struct ThreadSync *sync); /* nobody looks at it any more */
void lock_sync_free(struct ThreadSync *sync);
void lock_thread_free(VM *vm, struct ThreadSync *sync);
/* In the child of a fork, where only the calling thread is left: the lock is made anew and held by it. */
void lock_after_fork(VM *vm);

/* Sets bits of the thread's own interrupts and wakes it if it sleeps in park.h or waits for the lock. May be called
 * from any thread and, as it only stores and posts a semaphore, from a signal handler. */
void lock_interrupt(VM *vm, Thread *t, uint32_t bits);

/* A thread's semaphore: sleeps until posted, a deadline (nanoseconds of the monotonic clock; INT64_MAX: none), or a
 * signal. Spurious returns happen: the caller looks again at what it waits for. Called without the lock. */
void lock_sleep(Thread *t, int64_t deadline);
void lock_wake(Thread *t);
int64_t lock_clock(void); /* nanoseconds of the monotonic clock */

#endif
