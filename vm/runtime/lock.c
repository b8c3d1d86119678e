/* The VM's lock, with a switch interval, and without the convoy effect.
 *
 * The lock is one word. Taking and leaving it free of other threads is one atomic exchange each; only when threads
 * wait does anybody touch the queues behind it. There are two of them.
 *
 * A thread that computes and is not alone gives the lock up when it is asked to: a waiting thread that has seen no
 * change of owner for a whole switch interval sets INTERRUPT_SWITCH, and the owner hands the lock over at its next
 * safe point.
 *
 * A thread that comes back from outside (it read from a socket, it slept) does not wait that long: it asks at once.
 * Such a visit is mostly short, and ends when the thread blocks again. The computing thread, which waits at the head
 * of its queue, watches the word for some microseconds before it sleeps, and goes on; calls of a visitor that take
 * microseconds are made without the lock meanwhile (lock_watched). So that a flood of visits cannot starve it,
 *   - a visitor does not ask another visitor for the lock until that one stays;
 *   - after LOSS_LIMIT_NS a visitor that leaves hands the lock back, even to a thread that sleeps, and not to the
 * next;
 *   - the time that visits took is measured, and the computing thread is then left alone for eleven times as long (a
 * switch interval at most), less what it computed before, up to CREDIT_NS. The threads that do I/O get the VM within
 * microseconds and take less than a tenth of its time.
 *
 * Spinning is for machines with several processors, and for owners that run on another one.
 *
 * Two orders matter. Leaving stores `held` and then reads `waiting` and `watched`; a waiter adds itself to `waiting`,
 * or ends its watch, and then reads `held`: all sequentially consistent, so that one of them sees the other. Likewise
 * for `granted`, `asleep` and the semaphore. Only the owner grants the lock to a waiter, so that a waiter never takes
 * and is granted it at the same time. */
#include "runtime/lock.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define MICROSECOND ((int64_t)1000)
/* How long a thread watches the lock before it sleeps: about the price of a sleep and a wake-up. */
#define SPIN_NS (30 * MICROSECOND)
/* A time of rest of the computing thread shorter than this is watched out, as sleeping would overshoot it. */
#define REST_SPIN_NS (60 * MICROSECOND)
/* What a timed sleep takes longer than it was asked for. */
#define OVERSLEEP_NS (60 * MICROSECOND)
/* Several short returns in a row are let through as long as the rest they cost is less than this. */
#define CREDIT_NS (100 * MICROSECOND)
/* How long a thread that has asked sleeps before it looks again who the owner is; doubled each time. */
#define FIRST_PAUSE_NS (120 * MICROSECOND)
/* An interrupted thread gets the lock back, even if it sleeps or has no processor, after this time. */
#define LOSS_LIMIT_NS (100 * MICROSECOND)
/* What an interruption costs the interrupted thread besides the time it is away. */
#define SWITCH_NS 500
/* How many times what it lost a computing thread is left alone. */
#define REST_FACTOR 11

enum { SEVERAL = 2 }; /* processors */

typedef enum TurnKind { TURN_NORMAL, TURN_URGENT, TURN_PREEMPTED } TurnKind;

struct ThreadSync {
    sem_t wake;
    atomic_bool granted; /* by the owner: the lock is this thread's */
    atomic_bool asleep;
    bool called;            /* with the mutex: the owner has woken it, so that it asks again */
    int64_t interrupted_at; /* it computed, and waits since then for those that interrupted it; 0: it does not */
    struct ThreadSync *next;
};

typedef struct TurnQueue {
    struct ThreadSync *first, *last;
} TurnQueue;

struct VmLock {
    atomic_uint held;
    atomic_uint waiting; /* threads in the queues */
    atomic_uint urgent_waiting;
    atomic_uint leaving;                  /* threads that have ended and still look at this struct */
    atomic_uint changes;                  /* of owner */
    atomic_bool watched;                  /* the interrupted owner is awake and waits for its turn */
    _Atomic(struct ThreadSync *) watcher; /* the urgent thread that is awake; the others sleep */
    atomic_llong rest_until;              /* the owner is not interrupted by urgent threads before */
    atomic_bool visitor;                  /* the owner came back from outside, and goes there again soon */
    int64_t visit_from;                   /* of the owner: when its visit began, if somebody waited then; else 0 */
    int64_t visits;                       /* how long visits lasted since a thread was interrupted */
    atomic_int owner_cpu;                 /* where the owner took the lock */
    Thread *last_owner;
    atomic_int processors; /* 1 or SEVERAL; 0 as long as no thread has waited */
    pthread_mutex_t mutex; /* guards the queues */
    TurnQueue urgent, normal;
};

int64_t lock_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t switch_interval(VM *vm) {
    return __atomic_load_n(&vm->switch_interval_us, __ATOMIC_RELAXED) * MICROSECOND;
}

/* --- life ------------------------------------------------------------------------------------------------------- */

static bool several_processors(struct VmLock *lock) {
    int known = atomic_load_explicit(&lock->processors, memory_order_relaxed);
    if (known == 0) {
        cpu_set_t set;
        known = sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) > 1 ? SEVERAL : 1;
        atomic_store_explicit(&lock->processors, known, memory_order_relaxed);
    }
    return known == SEVERAL;
}

struct ThreadSync *lock_thread_new(VM *vm) {
    struct ThreadSync *s = mem_alloc(vm, sizeof *s);
    if (s == NULL)
        return NULL;
    memset(s, 0, sizeof *s);
    sem_init(&s->wake, 0, 0);
    return s;
}

struct ThreadSync *lock_sync_new(void) {
    struct ThreadSync *s = calloc(1, sizeof *s);
    if (s != NULL)
        sem_init(&s->wake, 0, 0);
    return s;
}

void lock_sync_forget(VM *vm, struct ThreadSync *sync) {
    (void)sync;
    pthread_mutex_lock(&vm->lock->mutex); /* whoever granted it the lock may still look at `asleep` */
    pthread_mutex_unlock(&vm->lock->mutex);
}

void lock_sync_free(struct ThreadSync *sync) {
    sem_destroy(&sync->wake);
    free(sync);
}

void lock_thread_free(VM *vm, struct ThreadSync *sync) {
    lock_sync_forget(vm, sync);
    sem_destroy(&sync->wake);
    mem_free(vm, sync, sizeof *sync);
}

static void lock_reset(struct VmLock *lock, Thread *owner) {
    pthread_mutex_init(&lock->mutex, NULL);
    lock->urgent = lock->normal = (TurnQueue){NULL, NULL};
    lock->last_owner = owner;
    atomic_store(&lock->held, 1);
    atomic_store(&lock->waiting, 0);
    atomic_store(&lock->urgent_waiting, 0);
    atomic_store(&lock->leaving, 0);
    atomic_store(&lock->watched, false);
    atomic_store(&lock->watcher, NULL);
}

bool lock_setup(VM *vm) {
    struct VmLock *lock = vm->lock = mem_alloc(vm, sizeof *lock);
    if (lock == NULL)
        return false;
    memset(lock, 0, sizeof *lock);
    lock_reset(lock, vm->thread);
    return (vm->thread->sync = lock_thread_new(vm)) != NULL;
}

void lock_destroy(VM *vm) {
    while (atomic_load(&vm->lock->leaving) != 0)
        sched_yield();
    pthread_mutex_destroy(&vm->lock->mutex);
    sem_destroy(&vm->main_thread.sync->wake);
}

void lock_after_fork(VM *vm) {
    sem_init(&vm->thread->sync->wake, 0, 0);
    lock_reset(vm->lock, vm->thread);
}

/* --- sleeping --------------------------------------------------------------------------------------------------- */

void lock_sleep(Thread *t, int64_t deadline) {
    if (deadline == INT64_MAX) {
        sem_wait(&t->sync->wake);
        return;
    }
    struct timespec when = {.tv_sec = deadline / 1000000000, .tv_nsec = deadline % 1000000000};
    sem_clockwait(&t->sync->wake, CLOCK_MONOTONIC, &when);
}

void lock_wake(Thread *t) { sem_post(&t->sync->wake); }

static void cpu_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* --- the queues (mutex held) ------------------------------------------------------------------------------------ */

static void queue_append(TurnQueue *q, struct ThreadSync *s) {
    s->next = NULL;
    if (q->first == NULL)
        q->first = s;
    else
        q->last->next = s;
    q->last = s;
}

static void queue_prepend(TurnQueue *q, struct ThreadSync *s) {
    s->next = q->first;
    if (q->first == NULL)
        q->last = s;
    q->first = s;
}

static void queue_remove(TurnQueue *q, struct ThreadSync *s) {
    struct ThreadSync **link = &q->first, *before = NULL;
    while (*link != NULL && *link != s) {
        before = *link;
        link = &before->next;
    }
    if (*link == NULL)
        return;
    *link = s->next;
    if (q->last == s)
        q->last = before;
}

/* --- taking and leaving ----------------------------------------------------------------------------------------- */

static bool try_take(struct VmLock *lock) {
    unsigned idle = 0;
    return atomic_compare_exchange_strong(&lock->held, &idle, 1);
}

static void ask(VM *vm) { __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_SWITCH, __ATOMIC_RELAXED); }

/* Wakes the thread whose turn it is, unless it is awake and sees for itself that the lock is free. */
static void wake_next(struct VmLock *lock) {
    if (atomic_load(&lock->watched))
        return;
    pthread_mutex_lock(&lock->mutex);
    struct ThreadSync *next = lock->urgent.first != NULL ? lock->urgent.first : lock->normal.first;
    if (next != NULL && atomic_load(&next->asleep))
        sem_post(&next->wake);
    pthread_mutex_unlock(&lock->mutex);
}

/* The program is ending, and so is everything a thread could use: one that is still alive never gets to run again. */
static void retire(VM *vm) {
    atomic_store(&vm->lock->held, 0);
    wake_next(vm->lock);
    for (;;)
        pause();
}

/* The lock is t's: what was asked of the owner before does not concern it, and its own interrupts become the VM's. */
static void taken(VM *vm, Thread *t, bool visitor) {
    struct VmLock *lock = vm->lock;
    atomic_store_explicit(&lock->visitor, visitor, memory_order_relaxed);
    atomic_store_explicit(&lock->owner_cpu, sched_getcpu(), memory_order_relaxed);
    lock->visit_from = visitor && atomic_load_explicit(&lock->waiting, memory_order_relaxed) != 0 ? lock_clock() : 0;
    if (lock->last_owner != t) {
        lock->last_owner = t;
        atomic_fetch_add_explicit(&lock->changes, 1, memory_order_relaxed);
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_SWITCH, __ATOMIC_SEQ_CST);
        if (atomic_load(&lock->urgent_waiting) != 0 && !visitor && lock_clock() >= atomic_load(&lock->rest_until))
            ask(vm);
    }
    if (unlikely(vm->threads_stopped) && t != vm->main)
        retire(vm);
    vm->thread = t;
    __atomic_store_n(&vm->owner_ident, t->os_ident, __ATOMIC_RELAXED);
    uint32_t own = __atomic_load_n(&t->interrupts, __ATOMIC_ACQUIRE) | (t->tracing ? INTERRUPT_TRACE : 0);
    if (unlikely(own != 0))
        __atomic_fetch_or(&vm->interrupts, own, __ATOMIC_RELAXED);
}

/* The owner's lock becomes that of a thread which has been taken out of its queue. */
static void grant(struct VmLock *lock, struct ThreadSync *next) {
    atomic_fetch_sub(&lock->waiting, 1);
    atomic_store(&next->granted, true);
    if (atomic_load(&next->asleep))
        sem_post(&next->wake);
}

/* Ends the time of those that interrupt, however fast they follow each other. */
static bool give_back(struct VmLock *lock, int64_t now) {
    pthread_mutex_lock(&lock->mutex);
    struct ThreadSync *first = lock->normal.first;
    bool due = first != NULL && first->interrupted_at != 0 && now - first->interrupted_at > LOSS_LIMIT_NS;
    if (due) {
        queue_remove(&lock->normal, first);
        grant(lock, first);
    }
    pthread_mutex_unlock(&lock->mutex);
    return due;
}

static void release_contended(struct VmLock *lock) {
    int saved = errno;
    int64_t now = lock_clock();
    if (lock->visit_from != 0)
        lock->visits += now - lock->visit_from;
    if (!give_back(lock, now)) {
        atomic_store(&lock->held, 0);
        wake_next(lock);
    }
    errno = saved;
}

Thread *lock_release(VM *vm) {
    Thread *t = vm->thread;
    struct VmLock *lock = vm->lock;
    vm->thread = NULL;
    __atomic_store_n(&vm->owner_ident, 0, __ATOMIC_RELAXED);
    if (unlikely(atomic_load(&lock->waiting) != 0)) {
        release_contended(lock);
        return t;
    }
    atomic_store(&lock->held, 0);
    if (unlikely(atomic_load(&lock->waiting) != 0)) /* it came in between */
        wake_next(lock);
    return t;
}

bool lock_watched(VM *vm) { return atomic_load_explicit(&vm->lock->watched, memory_order_relaxed); }

void lock_leave(VM *vm) {
    struct VmLock *lock = vm->lock;
    atomic_fetch_add(&lock->leaving, 1);
    lock_release(vm);
    atomic_fetch_sub(&lock->leaving, 1);
}

static bool got(struct VmLock *lock, struct ThreadSync *s) {
    if (atomic_load_explicit(&s->granted, memory_order_acquire))
        return true;
    return atomic_load_explicit(&lock->held, memory_order_relaxed) == 0 && try_take(lock);
}

/* Watches the lock while its owner runs on another processor: on this one it would only be kept from going on. */
static bool spin_until(struct VmLock *lock, struct ThreadSync *s, int64_t end) {
    if (!several_processors(lock))
        return false;
    while (atomic_load_explicit(&lock->owner_cpu, memory_order_relaxed) != sched_getcpu() && lock_clock() < end) {
        for (int i = 0; i < 32; i++) {
            if (got(lock, s))
                return true;
            cpu_pause();
        }
    }
    return false;
}

/* The same for urgent threads, one at a time: several that watched on one processor would keep it from the one whose
 * turn it is. */
static bool watch_until(struct VmLock *lock, struct ThreadSync *s, int64_t end) {
    struct ThreadSync *none = NULL;
    if (!atomic_compare_exchange_strong(&lock->watcher, &none, s))
        return false;
    bool done = spin_until(lock, s, end);
    atomic_store(&lock->watcher, NULL);
    return done;
}

static bool sleep_until(struct VmLock *lock, Thread *t, int64_t deadline) {
    struct ThreadSync *s = t->sync;
    atomic_store(&s->asleep, true);
    bool done = atomic_load(&s->granted) || try_take(lock);
    if (!done)
        lock_sleep(t, deadline);
    atomic_store(&s->asleep, false);
    return done || got(lock, s);
}

/* An urgent thread waits until the owner has had its rest, then asks for the lock, again and again: the owner may be
 * in a long native call, or have handed the lock to somebody else. A visitor is not asked until it stays. */
static void wait_urgent(VM *vm, Thread *t) {
    struct VmLock *lock = vm->lock;
    int64_t interval = switch_interval(vm), pause_ns = FIRST_PAUSE_NS;
    unsigned seen = atomic_load(&lock->changes) - 1;
    for (;;) {
        int64_t now = lock_clock(), rest = atomic_load(&lock->rest_until);
        if (now < rest) {
            bool soon = rest - now <= REST_SPIN_NS;
            if (soon && watch_until(lock, t->sync, rest))
                return;
            if (lock_clock() < rest && sleep_until(lock, t, soon ? rest : rest - OVERSLEEP_NS))
                return;
            continue;
        }
        unsigned changes = atomic_load(&lock->changes);
        if (changes == seen || !atomic_load(&lock->visitor))
            ask(vm);
        seen = changes;
        if (watch_until(lock, t->sync, now + SPIN_NS) || sleep_until(lock, t, now + pause_ns))
            return;
        pause_ns = 2 * pause_ns < interval ? 2 * pause_ns : interval;
    }
}

/* Any other thread asks when the owner has not changed for a switch interval. One that was interrupted expects its
 * turn soon, and watches for it first. */
static void wait_normal(VM *vm, Thread *t, bool preempted) {
    struct VmLock *lock = vm->lock;
    if (preempted) {
        atomic_store(&lock->watched, true);
        bool done = spin_until(lock, t->sync, lock_clock() + SPIN_NS);
        atomic_store(&lock->watched, false);
        if (done)
            return;
    }
    for (;;) {
        unsigned changes = atomic_load(&lock->changes);
        int64_t until = lock_clock() + switch_interval(vm);
        do {
            if (sleep_until(lock, t, until))
                return;
        } while (lock_clock() < until);
        if (changes == atomic_load(&lock->changes))
            ask(vm);
    }
}

static TurnQueue *queue_of(struct VmLock *lock, TurnKind kind) {
    return kind == TURN_URGENT ? &lock->urgent : &lock->normal;
}

/* With the mutex. */
static void join_queue(struct VmLock *lock, struct ThreadSync *s, TurnKind kind, int64_t interrupted_at) {
    atomic_store(&s->granted, false);
    s->called = false;
    s->interrupted_at = interrupted_at;
    (kind == TURN_PREEMPTED ? queue_prepend : queue_append)(queue_of(lock, kind), s);
    atomic_fetch_add(&lock->waiting, 1);
}

/* Returns as the owner. */
static void wait_in_queue(VM *vm, Thread *t, TurnKind kind) {
    struct VmLock *lock = vm->lock;
    if (kind == TURN_URGENT) {
        atomic_fetch_add(&lock->urgent_waiting, 1);
        wait_urgent(vm, t);
        atomic_fetch_sub(&lock->urgent_waiting, 1);
    } else {
        wait_normal(vm, t, kind == TURN_PREEMPTED);
    }
    if (!atomic_load(&t->sync->granted)) { /* taken, not granted: still in the queue */
        pthread_mutex_lock(&lock->mutex);
        queue_remove(queue_of(lock, kind), t->sync);
        atomic_fetch_sub(&lock->waiting, 1);
        pthread_mutex_unlock(&lock->mutex);
    }
}

static void wait_turn(VM *vm, Thread *t, TurnKind kind) {
    struct VmLock *lock = vm->lock;
    pthread_mutex_lock(&lock->mutex);
    join_queue(lock, t->sync, kind, 0);
    pthread_mutex_unlock(&lock->mutex);
    wait_in_queue(vm, t, kind);
}

void lock_acquire(VM *vm, Thread *t) {
    if (unlikely(!try_take(vm->lock))) {
        int saved = errno;
        wait_turn(vm, t, TURN_URGENT);
        errno = saved;
    }
    taken(vm, t, true);
}

void lock_acquire_in_turn(VM *vm, Thread *t) {
    if (!try_take(vm->lock))
        wait_turn(vm, t, TURN_NORMAL);
    taken(vm, t, false);
}

/* After a computing thread was interrupted between the two moments. What it lost to visits counts, with as much again
 * for the switches; not what it waited for a processor. What it computed before is to its credit. */
static void set_rest(VM *vm, int64_t from, int64_t until) {
    struct VmLock *lock = vm->lock;
    int64_t lost = 2 * lock->visits < until - from ? 2 * lock->visits : until - from;
    int64_t rest = atomic_load(&lock->rest_until) + CREDIT_NS, most = until + switch_interval(vm);
    rest = (rest > from ? rest : from) + (lost + SWITCH_NS) * REST_FACTOR + (until - from);
    atomic_store(&lock->rest_until, (rest < most ? rest : most) - CREDIT_NS);
}

/* Whose turn it is (mutex held). To wake a thread takes longer than its visit: an urgent one is given the lock while
 * it is awake, and one that sleeps is called first and the owner goes on, once. */
static struct ThreadSync *next_in_turn(struct VmLock *lock) {
    struct ThreadSync *next = atomic_load(&lock->watcher);
    if (next != NULL)
        return next;
    if ((next = lock->urgent.first) == NULL)
        return lock->normal.first;
    if (!atomic_load(&next->asleep) || next->called || !several_processors(lock))
        return next;
    next->called = true;
    sem_post(&next->wake);
    return NULL;
}

/* The thread stands in the queue before it wakes another one, which may take its processor at that moment. */
void lock_yield(VM *vm) {
    Thread *t = vm->thread;
    struct VmLock *lock = vm->lock;
    __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_SWITCH, __ATOMIC_RELAXED);
    pthread_mutex_lock(&lock->mutex);
    bool urgent = lock->urgent.first != NULL;
    struct ThreadSync *next = next_in_turn(lock);
    if (next == NULL) { /* it was served meanwhile, or comes later */
        pthread_mutex_unlock(&lock->mutex);
        return;
    }
    int64_t lost_from = urgent ? lock_clock() : 0;
    lock->visits = 0;
    TurnKind kind = urgent ? TURN_PREEMPTED : TURN_NORMAL;
    vm->thread = NULL;
    atomic_store_explicit(&lock->owner_cpu, -1, memory_order_relaxed); /* where next will run is not known */
    queue_remove(urgent ? &lock->urgent : &lock->normal, next);
    join_queue(lock, t->sync, kind, lost_from);
    grant(lock, next);
    pthread_mutex_unlock(&lock->mutex);
    wait_in_queue(vm, t, kind);
    if (urgent)
        set_rest(vm, lost_from, lock_clock());
    taken(vm, t, false);
}

void lock_interrupt(VM *vm, Thread *t, uint32_t bits) {
    __atomic_fetch_or(&t->interrupts, bits, __ATOMIC_RELEASE);
    __atomic_fetch_or(&vm->interrupts, bits, __ATOMIC_RELEASE);
    sem_post(&t->sync->wake);
}
