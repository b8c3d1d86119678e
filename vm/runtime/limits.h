/* Limits that a host sets on scripts. The essay is in limits.c. */
#ifndef COVE_RUNTIME_LIMITS_H
#define COVE_RUNTIME_LIMITS_H

#include "runtime/vm.h"

/* One run that may be paused; they nest where a native function that a run has called resumes another. */
typedef struct Budget {
    uint64_t first_step;  /* of limits->steps: that of the entry itself */
    uint64_t pause_steps; /* of limits->steps; UINT64_MAX: none */
    int64_t pause_time;   /* of lock_clock(); INT64_MAX: none */
    int64_t stop_time;    /* likewise: when it must be over, pausable or not */
    int64_t
        recalled_ns; /* the longest step of the run's last stretches; set before the first one, kept for the next */
    int64_t longest_ns;    /* of this stretch */
    int64_t early_ns;      /* how long before its time is up the run pauses for that */
    bool due;              /* used up: pause at the next place where that is possible */
    bool stopped;          /* stop_time has passed */
    const Thread *thread;  /* that makes the run ... */
    uint32_t native_depth; /* ... and its depth where no native code stands between the run and the host */
    struct Budget *outer;
} Budget;

typedef struct Limits {
    uint64_t steps;          /* made so far, while anything is watched */
    uint64_t next_look;      /* steps: nothing needs attention before */
    uint64_t step_limit;     /* of the VM; UINT64_MAX: none */
    Budget *budget;          /* of the run that goes on now, or NULL */
    volatile uint32_t asked; /* ASK_*, by any thread */

    /* while there is a budget of time: the last look at the clock, the steps since then after which the run might
     * have been left, what such a step took, and steps to the next look */
    int64_t looked_time;
    uint64_t own_steps;
    int64_t step_ns, long_ns; /* of late, and the longest one, which is remembered for long */
    uint64_t stride;

    uint32_t ticks;       /* of native code */
    size_t bytes;         /* of memory asked for since the last look */
    uint64_t bytes_steps; /* steps at that look */
    bool refused;         /* an allocation, because the script must stop */

    Object *waiting; /* dead objects whose end has been put off: mem/alloc.c */
} Limits;

enum { TICKS_A_LOOK = 128 };
enum {
    ASK_INTERRUPT = 1, /* KeyboardInterrupt, once */
    ASK_STOP = 2,      /* until withdrawn */
};

Limits *limits_get(VM *vm); /* made on first use; NULL with MemoryError */
/* At a safe point, with INTERRUPT_LIMIT set: counts a step and looks at what is due. leavable: the interpreter can
 * leave the running frames there. False with an exception. */
bool limits_step(VM *vm, bool leavable);
/* At a safe point, with INTERRUPT_FREE set: frees dead objects that were put aside (mem/alloc.c), for about as long
 * as the script has taken to get there. */
void limits_free(VM *vm);
/* Have steps counted, or not, as the state says. */
void limits_update(VM *vm);
void limits_ask(VM *vm, uint32_t what); /* any thread, signal handlers too */
void limits_withdraw(VM *vm, uint32_t what);

/* For native code that works long: may it go on? To be asked every few nanoseconds to microseconds, as it looks at
 * the clock only now and then. Nothing but the limits is looked at: no other thread, collection or handler of a
 * signal comes in. False with an exception. */
bool limits_tick(VM *vm);
static ALWAYS_INLINE bool limits_allow(VM *vm) {
    if (likely(!(__atomic_load_n(&vm->interrupts, __ATOMIC_RELAXED) & INTERRUPT_LIMIT)))
        return true;
    Limits *l = vm->limits;
    if (unlikely((l->ticks + 1) % TICKS_A_LOOK == 0))
        return limits_tick(vm);
    l->ticks++;
    return true;
}
/* Native code has copied or dropped so many items in one go, which takes microseconds when they are many: the next
 * safe point looks at the clock. */
void limits_look_soon(VM *vm);
static inline void limits_handled(VM *vm, size_t items) {
    if (unlikely(items >= TICKS_A_LOOK && (__atomic_load_n(&vm->interrupts, __ATOMIC_RELAXED) & INTERRUPT_LIMIT)))
        limits_look_soon(vm);
}
/* For containers that lose so many items at once, while they themselves may live on: an empty container, made by
 * make(), which takes over what they have had and is then dropped, so that this ends in parts (mem/alloc.c). 0,
 * without an exception: they are few, there is time, or no memory. */
Value limits_make_remains(VM *vm, Value (*make)(VM *vm));
static ALWAYS_INLINE Value limits_remains(VM *vm, size_t items, Value (*make)(VM *vm)) {
    return unlikely(vm->frees_counted) && items > FREE_LARGE ? limits_make_remains(vm, make) : 0;
}
/* What has just taken so long is not to be expected of the next steps. */
static inline void limits_forget(VM *vm, int64_t ns) {
    if (vm->limits != NULL)
        vm->limits->looked_time += ns;
}
/* Before an operation that cannot be left once it has begun: is there time for it before the hard limit? False with
 * an exception. */
bool limits_afford(VM *vm, double ns);
/* By mem/alloc.c, with INTERRUPT_LIMIT set: may so much be got from the host? If not, the exception that
 * limits_refused() raises says why; it raises MemoryError if the limits did not refuse. */
bool limits_allocate(VM *vm, size_t size);
void limits_refused(VM *vm);
/* Has a host asked for something that has not been heeded yet, or a stop that it has not withdrawn? */
static inline bool limits_asked(const VM *vm) {
    return vm->limits != NULL && __atomic_load_n(&vm->limits->asked, __ATOMIC_SEQ_CST) != 0;
}
/* When an exception leaves a frame while scripts are being stopped: it is the stop that the host is told of, also
 * where native code has passed over it and another exception is pending. */
COLD void limits_insist(VM *vm);
/* When the hard limit ends waiting, by lock_clock(); INT64_MAX: never. */
int64_t limits_deadline(VM *vm);

/* For vm->limits->budget; to be ended in the opposite order. b->recalled_ns has to be set: 0, or as limits_end has
 * left it in the last stretch of the run. */
void limits_begin(VM *vm, Budget *b, uint64_t steps, uint64_t pause_us, uint64_t stop_us);
void limits_end(VM *vm, Budget *b);
/* May the interpreter leave the running frames as they are? */
static inline bool limits_can_pause(const VM *vm, const Budget *b) {
    return b->thread == vm->thread && b->native_depth == vm->thread->native_depth;
}
/* May it, and shall it? */
static inline bool limits_pause(VM *vm) {
    const Budget *b = vm->limits == NULL ? NULL : vm->limits->budget;
    return b != NULL && b->due && limits_can_pause(vm, b);
}

#endif
