/* Parking: threads of one program waiting for each other, under the VM's lock.
 *
 * A waiting thread stands in its object's queue with a node on its own C stack. Whoever wakes it takes the node out
 * and clears the thread's mark of being stuck at once, not when the thread gets to run: so the count of stuck threads
 * is right whenever the lock is held, and a deadlock is neither missed nor reported too early. */
#include "runtime/park.h"

#include "runtime/limits.h"

static void append(ParkQueue *q, Parked *p) {
    p->next = NULL;
    if (q->first == NULL)
        q->first = p;
    else
        q->last->next = p;
    q->last = p;
}

static void prepend(ParkQueue *q, Parked *p) {
    p->next = q->first;
    if (q->first == NULL)
        q->last = p;
    q->first = p;
}

static void take_out(ParkQueue *q, Parked *p) {
    Parked **link = &q->first, *before = NULL;
    while (*link != p) {
        before = *link;
        link = &before->next;
    }
    *link = p->next;
    if (q->last == p)
        q->last = before;
}

/* The report is made by scripts: it must not begin to wait itself. */
static bool tell(VM *vm, Thread *t) {
    bool (*on_deadlock)(VM * vm) = vm->on_deadlock;
    if (vm->telling_deadlock)
        return raise_runtime(vm, "deadlock");
    vm->telling_deadlock = true;
    park_unstuck(vm, t);
    bool go_on = on_deadlock(vm);
    t->parked_forever = go_on;
    vm->stuck_count += go_on;
    vm->telling_deadlock = false;
    return go_on;
}

bool park_stuck(VM *vm) {
    Thread *t = vm->thread;
    t->parked_forever = true;
    if (++vm->stuck_count < vm->thread_count || vm->on_deadlock == NULL)
        return true;
    bool go_on = tell(vm, t);
    if (!go_on)
        park_unstuck(vm, t);
    return go_on;
}

void park_unstuck(VM *vm, Thread *t) {
    if (t->parked_forever) {
        t->parked_forever = false;
        vm->stuck_count--;
    }
}

static bool is_woken(Parked *p) { return __atomic_load_n(&p->woken, __ATOMIC_ACQUIRE); }

ParkResult park(VM *vm, ParkQueue *queue, int64_t deadline, bool front) {
    Thread *t = vm->thread;
    Parked node = {t, NULL, false};
    if (__atomic_load_n(&t->interrupts, __ATOMIC_ACQUIRE) != 0)
        return PARK_INTERRUPTED;
    (front ? prepend : append)(queue, &node);
    t->parked_in = queue;
    if (deadline == INT64_MAX && !park_stuck(vm)) {
        take_out(queue, &node);
        t->parked_in = NULL;
        return PARK_ERROR;
    }
    bool timeout = false, stopped = false;
    int64_t limit = limits_deadline(vm), until = deadline < limit ? deadline : limit;
    lock_release(vm);
    while (!is_woken(&node) && !timeout && !stopped && __atomic_load_n(&t->interrupts, __ATOMIC_ACQUIRE) == 0) {
        lock_sleep(t, until);
        int64_t now = until == INT64_MAX ? 0 : lock_clock();
        timeout = deadline != INT64_MAX && now >= deadline;
        stopped = limit != INT64_MAX && now >= limit;
    }
    lock_acquire_in_turn(vm, t);
    t->parked_in = NULL;
    if (is_woken(&node))
        return PARK_WOKEN;
    take_out(queue, &node);
    park_unstuck(vm, t);
    return timeout ? PARK_TIMEOUT : PARK_INTERRUPTED;
}

bool unpark(VM *vm, ParkQueue *queue) {
    Parked *p = queue->first;
    if (p == NULL)
        return false;
    take_out(queue, p);
    Thread *t = p->thread;
    park_unstuck(vm, t);
    __atomic_store_n(&p->woken, true, __ATOMIC_RELEASE);
    lock_wake(t);
    return true;
}

void unpark_all(VM *vm, ParkQueue *queue) {
    while (unpark(vm, queue))
        ;
}
