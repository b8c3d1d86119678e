/* Waiting of threads for each other.
 *
 * A lock, the end of a thread, a loop with nothing to do: whatever only another thread of the same program can bring
 * about is waited for here, in a queue that belongs to the object waited for. All of it happens under the VM's lock,
 * so an object's state needs no protection of its own: it is looked at, and if it is not right, the thread parks.
 *
 * As the VM sees who waits without a time limit, it sees when nobody is left who could wake anybody: then
 * vm->on_deadlock is called by the last thread to park, before it sleeps. Threads that wait for something from
 * outside (WITHOUT_LOCK) are never counted as waiting.
 */
#ifndef COVE_RUNTIME_PARK_H
#define COVE_RUNTIME_PARK_H

#include "runtime/lock.h"

typedef struct Parked {
    Thread *thread;
    struct Parked *next;
    bool woken; /* atomic */
} Parked;

typedef struct ParkQueue {
    Parked *first, *last;
    Value object; /* borrowed: what is waited for, for reports; may be 0 */
} ParkQueue;

typedef enum ParkResult {
    PARK_WOKEN,
    PARK_TIMEOUT,
    PARK_INTERRUPTED, /* a signal came: run vm_safepoint and park again, or give up */
    PARK_ERROR,       /* an exception is pending: the deadlock was reported so */
} ParkResult;

/* Gives the VM up and sleeps until woken, or until the deadline (lock_clock; INT64_MAX: none). `front`: before the
 * others, for one that was woken and came too late. */
ParkResult park(VM *vm, ParkQueue *queue, int64_t deadline, bool front);
/* Wakes the thread that waits longest; false if none waits. It runs when it gets the VM's lock, in its turn. */
bool unpark(VM *vm, ParkQueue *queue);
void unpark_all(VM *vm, ParkQueue *queue);

/* For a wait that is not park's, but that also ends by other threads alone (a loop without timers and descriptors):
 * the same accounting. park_stuck returns false with an exception if a deadlock was reported so. */
bool park_stuck(VM *vm);
void park_unstuck(VM *vm, Thread *t);

#endif
