/* The VM's lock, with a switch interval, and without the convoy effect.
 *
 * The lock is one word. Taking and leaving it free of other threads is one atomic exchange each; only when threads wait
 * does anybody touch the queues behind it. There are two of them.
 *
 * A thread that computes and is not alone gives the lock up when it is asked to: a waiting thread that has seen no change
 * of owner for a whole switch interval sets INTERRUPT_SWITCH, and the owner hands the lock over at its next safe point.
 *
 * A thread that comes back from outside (it read from a socket, it slept) does not wait that long: it asks at once. What
 * such threads do is mostly short, and they give the lock up again when they block: the computing thread, which waits at
 * the head of its queue, watches the word for some microseconds before it sleeps, and goes on. So that a flood of
 * such returns cannot starve it, the time it lost is measured, and it is then left alone for ten times as long (a
 * switch interval at most): the threads that do I/O get the VM within microseconds and take a tenth of its time.
 *
 * Spinning is for machines with several processors; with one, everybody sleeps on its semaphore at once.
 *
 * Two orders matter. Leaving stores `held` and then reads `waiting`; a waiter adds itself to `waiting` and then reads
 * `held`: both sequentially consistent, so that one of them sees the other. Likewise for `asleep` and the semaphore. Only
 * the owner grants the lock to a waiter, so that a waiter never takes and is granted it at the same time. */
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
#define REST_SPIN_NS (120 * MICROSECOND)
/* How many times what it lost a computing thread is left alone. */
#define REST_FACTOR 10

typedef enum TurnKind { TURN_NORMAL, TURN_URGENT, TURN_PREEMPTED } TurnKind;

struct ThreadSync {
    sem_t wake;
    atomic_bool granted; /* by the owner: the lock is this thread's */
    atomic_bool asleep;
    struct ThreadSync *next;
};

typedef struct TurnQueue {
    struct ThreadSync *first, *last;
} TurnQueue;

struct VmLock {
    atomic_uint held;
    atomic_uint waiting; /* threads in the queues */
    atomic_uint urgent_waiting;
    atomic_uint leaving; /* threads that have ended and still look at this struct */
    atomic_uint changes; /* of owner */
    atomic_llong rest_until; /* the owner is not interrupted by urgent threads before */
    Thread *last_owner;
    bool spin;
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

static bool several_processors(void) {
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) > 1;
}

struct ThreadSync *lock_thread_new(VM *vm) {
    struct ThreadSync *s = mem_alloc(vm, sizeof *s);
    if (s == NULL)
        return NULL;
    memset(s, 0, sizeof *s);
    sem_init(&s->wake, 0, 0);
    return s;
}

void lock_thread_free(VM *vm, struct ThreadSync *sync) {
    pthread_mutex_lock(&vm->lock->mutex); /* whoever granted it the lock may still look at `asleep` */
    pthread_mutex_unlock(&vm->lock->mutex);
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
}

bool lock_setup(VM *vm) {
    struct VmLock *lock = vm->lock = mem_alloc(vm, sizeof *lock);
    if (lock == NULL)
        return false;
    memset(lock, 0, sizeof *lock);
    lock->spin = several_processors();
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
static void taken(VM *vm, Thread *t) {
    struct VmLock *lock = vm->lock;
    if (lock->last_owner != t) {
        lock->last_owner = t;
        atomic_fetch_add_explicit(&lock->changes, 1, memory_order_relaxed);
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_SWITCH, __ATOMIC_SEQ_CST);
        if (atomic_load(&lock->urgent_waiting) != 0)
            ask(vm);
    }
    if (unlikely(vm->threads_stopped) && t != vm->main)
        retire(vm);
    vm->thread = t;
    uint32_t own = __atomic_load_n(&t->interrupts, __ATOMIC_ACQUIRE) | (t->tracing ? INTERRUPT_TRACE : 0);
    if (unlikely(own != 0))
        __atomic_fetch_or(&vm->interrupts, own, __ATOMIC_RELAXED);
}

Thread *lock_release(VM *vm) {
    Thread *t = vm->thread;
    struct VmLock *lock = vm->lock;
    vm->thread = NULL;
    atomic_store(&lock->held, 0);
    if (unlikely(atomic_load(&lock->waiting) != 0)) {
        int saved = errno;
        wake_next(lock);
        errno = saved;
    }
    return t;
}

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

static bool spin_until(struct VmLock *lock, struct ThreadSync *s, int64_t end) {
    while (lock_clock() < end) {
        for (int i = 0; i < 32; i++) {
            if (got(lock, s))
                return true;
            cpu_pause();
        }
    }
    return false;
}

static bool sleep_until(struct VmLock *lock, Thread *t, int64_t deadline) {
    struct ThreadSync *s = t->sync;
    atomic_store(&s->asleep, true);
    bool done = got(lock, s);
    if (!done)
        lock_sleep(t, deadline);
    atomic_store(&s->asleep, false);
    return done || got(lock, s);
}

/* An urgent thread waits until the owner has had its rest, then asks for the lock, again and again: the owner may be
 * in a long native call, or have handed the lock to somebody else. */
static void wait_urgent(VM *vm, Thread *t) {
    struct VmLock *lock = vm->lock;
    int64_t interval = switch_interval(vm);
    for (;;) {
        int64_t now = lock_clock(), rest = atomic_load(&lock->rest_until);
        if (now < rest) {
            bool done = lock->spin && rest - now <= REST_SPIN_NS ? spin_until(lock, t->sync, rest)
                                                                 : sleep_until(lock, t, rest);
            if (done)
                return;
            continue;
        }
        ask(vm);
        if (lock->spin && spin_until(lock, t->sync, now + SPIN_NS))
            return;
        if (sleep_until(lock, t, now + interval))
            return;
    }
}

/* Any other thread asks when the owner has not changed for a switch interval. One that was interrupted expects its
 * turn soon, and watches for it first. */
static void wait_normal(VM *vm, Thread *t, bool preempted) {
    struct VmLock *lock = vm->lock;
    if (preempted && lock->spin && spin_until(lock, t->sync, lock_clock() + SPIN_NS))
        return;
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

static void wait_turn(VM *vm, Thread *t, TurnKind kind) {
    struct VmLock *lock = vm->lock;
    struct ThreadSync *s = t->sync;
    TurnQueue *q = kind == TURN_URGENT ? &lock->urgent : &lock->normal;
    pthread_mutex_lock(&lock->mutex);
    atomic_store(&s->granted, false);
    if (kind == TURN_PREEMPTED)
        queue_prepend(q, s);
    else
        queue_append(q, s);
    atomic_fetch_add(&lock->waiting, 1);
    pthread_mutex_unlock(&lock->mutex);
    if (kind == TURN_URGENT) {
        atomic_fetch_add(&lock->urgent_waiting, 1);
        wait_urgent(vm, t);
        atomic_fetch_sub(&lock->urgent_waiting, 1);
    } else {
        wait_normal(vm, t, kind == TURN_PREEMPTED);
    }
    if (!atomic_load(&s->granted)) { /* taken, not granted: still in the queue */
        pthread_mutex_lock(&lock->mutex);
        queue_remove(q, s);
        atomic_fetch_sub(&lock->waiting, 1);
        pthread_mutex_unlock(&lock->mutex);
    }
}

void lock_acquire(VM *vm, Thread *t) {
    if (unlikely(!try_take(vm->lock))) {
        int saved = errno;
        wait_turn(vm, t, TURN_URGENT);
        errno = saved;
    }
    taken(vm, t);
}

void lock_acquire_in_turn(VM *vm, Thread *t) {
    if (!try_take(vm->lock))
        wait_turn(vm, t, TURN_NORMAL);
    taken(vm, t);
}

void lock_yield(VM *vm) {
    Thread *t = vm->thread;
    struct VmLock *lock = vm->lock;
    __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_SWITCH, __ATOMIC_RELAXED);
    pthread_mutex_lock(&lock->mutex);
    bool urgent = lock->urgent.first != NULL;
    TurnQueue *q = urgent ? &lock->urgent : &lock->normal;
    struct ThreadSync *next = q->first;
    if (next == NULL) { /* it was served meanwhile */
        pthread_mutex_unlock(&lock->mutex);
        return;
    }
    q->first = next->next;
    atomic_fetch_sub(&lock->waiting, 1);
    int64_t lost_from = urgent ? lock_clock() : 0;
    vm->thread = NULL;
    atomic_store_explicit(&next->granted, true, memory_order_release);
    if (atomic_load(&next->asleep))
        sem_post(&next->wake);
    pthread_mutex_unlock(&lock->mutex);
    wait_turn(vm, t, urgent ? TURN_PREEMPTED : TURN_NORMAL);
    if (urgent) {
        int64_t now = lock_clock(), rest = (now - lost_from) * REST_FACTOR;
        int64_t most = switch_interval(vm);
        atomic_store(&lock->rest_until, now + (rest < most ? rest : most));
    }
    taken(vm, t);
}

void lock_interrupt(VM *vm, Thread *t, uint32_t bits) {
    __atomic_fetch_or(&t->interrupts, bits, __ATOMIC_RELEASE);
    __atomic_fetch_or(&vm->interrupts, bits, __ATOMIC_RELEASE);
    sem_post(&t->sync->wake);
}
