/* Limits: how a host keeps scripts within bounds.
 *
 * While something is watched, INTERRUPT_LIMIT stays set in vm->interrupts, so that every safe point of the
 * interpreter, every call, every jump back and every operator on objects, comes here. That is a step. Counting steps
 * costs a few nanoseconds and only while it is asked for; it needs no timer, no signal and no thread, and comes out
 * the same on every machine.
 *
 * The clock is read every so many steps (the stride), as many as take some microseconds going by what they took of
 * late: a step may be an addition or a sort. A run is due when the next stride would take it beyond its time; so it
 * does not overrun by a step that is as long as those before it. Only where the run could be left is it worth
 * looking: steps within native code, and of functions that it calls, are part of the step that called it.
 *
 * A budget that is used up marks its run as due. The interpreter leaves the run's frames at the first safe point
 * where no native code stands between it and whoever resumed the run. If that does not come before the hard limit,
 * the run is stopped.
 *
 * Stopping raises SystemExit, and with vm->stopping set no handler of any frame is looked for: `except`, `finally`
 * and `with` cannot hold a stop up. It is raised again at every safe point as long as it holds.
 *
 * Native code makes no steps. When it has handled many items at once, the next safe point looks at the clock whatever
 * the stride (limits_handled). What it does for long is stopped in three ways: loops that call nothing ask
 * limits_allow() now and then; whatever builds something large comes to limits_allocate() through the door for
 * memory, which refuses it; and an operation that cannot be left is weighed before it begins (limits_afford). */
#include "runtime/limits.h"

#include "base/config.h"

#include "object/exception.h"
#include "runtime/lock.h"

#define STRIDE_MAX 64
#define LOOK_NS 3000 /* between two looks at the clock */
/* A step as long as one of the last stretches may come again: a run pauses early enough to overrun by no more than
 * this part of its time then, and has at least half of it. */
#define OVERRUN_PART 16
#define RECALL_PART 2
#define MICROSECOND 1000
#define FREE_NS 5000           /* for dead objects, at least, where some wait */
#define LOOK_BYTES (32 * 1024) /* of memory asked for, between two looks */
#define BLOCK_BYTES 512        /* what getting any block counts for */
#define BYTES_A_NANOSECOND 4   /* are filled at best */

Limits *limits_get(VM *vm) {
    if (vm->limits == NULL && (vm->limits = mem_zalloc(vm, sizeof(Limits))) != NULL)
        vm->limits->step_limit = UINT64_MAX;
    return vm->limits;
}

static bool is_timed(const Budget *b) { return b->pause_time != INT64_MAX || b->stop_time != INT64_MAX; }

/* Does anything need steps to be counted? */
static bool is_watching(const Limits *l) {
    return l->budget != NULL || l->step_limit != UINT64_MAX || __atomic_load_n(&l->asked, __ATOMIC_SEQ_CST) != 0;
}

static void look_at(Limits *l, uint64_t step) { __atomic_store_n(&l->next_look, step, __ATOMIC_SEQ_CST); }

void limits_update(VM *vm) {
    Limits *l = vm->limits;
    look_at(l, l->steps);
    vm->stopping =
        (__atomic_load_n(&l->asked, __ATOMIC_SEQ_CST) & ASK_STOP) || (l->budget != NULL && l->budget->stopped);
    if (is_watching(l))
        __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_LIMIT, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_LIMIT, __ATOMIC_SEQ_CST);
}

void limits_ask(VM *vm, uint32_t what) {
    __atomic_fetch_or(&vm->limits->asked, what, __ATOMIC_SEQ_CST);
    look_at(vm->limits, 0);
    lock_interrupt(vm, vm->main, INTERRUPT_LIMIT);
}

void limits_withdraw(VM *vm, uint32_t what) {
    __atomic_fetch_and(&vm->limits->asked, ~what, __ATOMIC_SEQ_CST);
    __atomic_fetch_and(&vm->main->interrupts, ~(uint32_t)INTERRUPT_LIMIT, __ATOMIC_SEQ_CST);
    limits_update(vm);
}

/* Nothing is known yet of how long steps take. */
static void start_watch(Limits *l, int64_t now) {
    l->looked_time = now;
    l->own_steps = 0;
    l->step_ns = l->long_ns = 0;
    l->stride = 1;
}

static int64_t early_by(int64_t recalled_ns, int64_t budget_ns) {
    int64_t most = budget_ns / RECALL_PART, early = recalled_ns - budget_ns / OVERRUN_PART;
    return early < most ? early : most;
}

/* Do dead objects have to wait for their turn? */
static void count_frees(VM *vm) {
    vm->frees_counted = vm->limits->budget != NULL && is_timed(vm->limits->budget);
    vm->dealloc_nests = vm->frees_counted ? 0 : DEALLOC_DEPTH_MAX;
    vm->frees_left = FREES_A_STEP;
    gc_update(vm);
}

void limits_free(VM *vm) {
    Limits *l = vm->limits;
    int64_t until = INT64_MAX;
    if (vm->mem_limit == 0 || vm->mem_used < vm->mem_limit / 4 * 3) {
        int64_t now = lock_clock(), taken = vm->frees_counted ? now - l->looked_time : 0;
        until = now + (taken > FREE_NS ? taken : FREE_NS);
        look_at(l, l->steps); /* to see what this takes */
    }
    __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_FREE, __ATOMIC_RELAXED);
    bool waiting = object_free_waiting(vm, until), condemned = gc_clear_condemned(vm, until);
    uint32_t next =
        (waiting || condemned ? INTERRUPT_FREE : 0) | (waiting ? 0 : INTERRUPT_GC); /* which may wait for it */
    __atomic_fetch_or(&vm->interrupts, next, __ATOMIC_RELAXED);
}

Value limits_make_remains(VM *vm, Value (*make)(VM *vm)) {
    Value pending = error_take(vm), made = make(vm);
    if (!made)
        error_clear(vm);
    vm->thread->exception = pending;
    return made;
}

void limits_begin(VM *vm, Budget *b, uint64_t steps, uint64_t pause_us, uint64_t stop_us) {
    Limits *l = vm->limits;
    int64_t now = pause_us != 0 || stop_us != 0 ? lock_clock() : 0;
    b->pause_steps = steps == 0 || steps > UINT64_MAX / 2 ? UINT64_MAX : l->steps + steps;
    b->pause_time = pause_us == 0 ? INT64_MAX : now + (int64_t)pause_us * MICROSECOND;
    b->stop_time = stop_us == 0 ? INT64_MAX : now + (int64_t)stop_us * MICROSECOND;
    b->first_step = l->steps + 1;
    b->longest_ns = 0;
    b->early_ns = early_by(b->recalled_ns, (int64_t)pause_us * MICROSECOND);
    b->due = b->stopped = false;
    b->thread = vm->thread;
    b->native_depth = vm->thread->native_depth;
    b->outer = l->budget;
    l->budget = b;
    start_watch(l, now);
    count_frees(vm);
    limits_update(vm);
}

void limits_end(VM *vm, Budget *b) {
    Limits *l = vm->limits;
    int64_t kept = b->recalled_ns - b->recalled_ns / 8;
    b->recalled_ns = b->longest_ns > kept ? b->longest_ns : kept;
    l->budget = b->outer;
    if (l->budget != NULL && is_timed(l->budget))
        start_watch(l, lock_clock());
    count_frees(vm);
    limits_update(vm);
}

static bool stop(VM *vm) {
    vm->stopping = true;
    look_at(vm->limits, 0); /* and again at the next step */
    Value text = str_from_c(vm, "stopped by the host");
    if (text == 0)
        return false;
    raisef(vm, vm->exc.SystemExit, "%V", text);
    decref(vm, text);
    return false;
}

/* Learns from the steps since the last look how far off the next one may be. */
static void set_stride(Limits *l, Budget *b, int64_t now) {
    int64_t made = (int64_t)l->own_steps, remembered = l->step_ns - l->step_ns / 8;
    int64_t each = made > 0 ? (now - l->looked_time) / made : 0;
    b->longest_ns = each > b->longest_ns ? each : b->longest_ns;
    l->step_ns = each > remembered ? each : remembered;
    remembered = l->long_ns - l->long_ns / 64;
    l->long_ns = each > remembered ? each : remembered;
    uint64_t wanted = (uint64_t)(LOOK_NS / (l->step_ns > 0 ? l->step_ns : 1));
    l->stride = wanted > 2 * l->stride ? 2 * l->stride : wanted;
    l->stride = l->stride > STRIDE_MAX ? STRIDE_MAX : l->stride == 0 ? 1 : l->stride;
    l->looked_time = now;
    l->own_steps = 0;
}

/* Time, for the thread that makes the run. The run is never due before it has done anything. False: it must stop. */
static bool look_at_clock(VM *vm, Limits *l, Budget *b) {
    int64_t now = lock_clock();
    if (unlikely(gc_is_advancing(&vm->gc))) {
        gc_advance(vm, now + (now - l->looked_time)); /* which gets as much time as the script */
        now = lock_clock();
    }
    set_stride(l, b, now);
    int64_t next = l->step_ns * (int64_t)l->stride;
    next = next > l->long_ns ? next : l->long_ns;
    next = next > b->early_ns ? next : b->early_ns;
    if (l->steps > b->first_step && now >= b->pause_time - next)
        b->due = true;
    b->stopped = now >= b->stop_time;
    return !b->stopped;
}

/* The budget whose hard limit holds for what the running thread does; or NULL. */
static Budget *hard_budget(VM *vm) {
    Budget *b = vm->limits == NULL ? NULL : vm->limits->budget;
    return b != NULL && b->stop_time != INT64_MAX && b->thread == vm->thread ? b : NULL;
}

/* Does its time end within so many nanoseconds? */
static bool is_out_of_time(VM *vm, int64_t ns) {
    Budget *b = hard_budget(vm);
    if (b == NULL)
        return false;
    int64_t now = lock_clock();
    if (ns < b->stop_time - now)
        return false;
    b->stopped = true;
    return true;
}

static bool look(VM *vm) {
    Limits *l = vm->limits;
    uint32_t asked = __atomic_load_n(&l->asked, __ATOMIC_SEQ_CST);
    Budget *b = l->budget != NULL && l->budget->thread == vm->thread ? l->budget : NULL;
    if (asked & ASK_STOP)
        return stop(vm);
    if (l->steps >= l->step_limit) {
        __atomic_fetch_or(&l->asked, (uint32_t)ASK_STOP, __ATOMIC_SEQ_CST);
        return stop(vm);
    }
    if (b != NULL && l->steps >= b->pause_steps)
        b->due = true;
    if (b != NULL && is_timed(b) && !(limits_can_pause(vm, b) ? look_at_clock(vm, l, b) : !is_out_of_time(vm, 0)))
        return stop(vm);
    uint64_t next = l->step_limit;
    if (b != NULL && !b->due && b->pause_steps < next)
        next = b->pause_steps;
    if (l->budget != NULL && is_timed(l->budget) && l->steps + l->stride < next)
        next = l->steps + l->stride;
    look_at(l, next);
    if (__atomic_load_n(&l->asked, __ATOMIC_SEQ_CST) & ~asked) /* meanwhile, and this has undone its mark */
        look_at(l, 0);
    if (asked & ASK_INTERRUPT) {
        limits_withdraw(vm, ASK_INTERRUPT);
        return raise_object(vm, type_value(vm->exc.KeyboardInterrupt));
    }
    if (!is_watching(l))
        limits_update(vm);
    return true;
}

bool limits_step(VM *vm, bool leavable) {
    Limits *l = vm->limits;
    if (unlikely(l == NULL))
        return true;
    l->steps++;
    vm->frees_left = FREES_A_STEP;
    const Budget *b = l->budget;
    if (b != NULL && unlikely(!leavable || !limits_can_pause(vm, b)) && l->steps < l->step_limit &&
        __atomic_load_n(&l->asked, __ATOMIC_RELAXED) == 0)
        return limits_tick(vm);
    l->own_steps++;
    return likely(l->steps < __atomic_load_n(&l->next_look, __ATOMIC_RELAXED)) || look(vm);
}

/* --- native code -------------------------------------------------------------------------------------------------
 */

/* The next safe point shall see what native code has cost, and not take it for that of the short steps before. */
static void look_after(Limits *l) {
    look_at(l, l->steps);
    l->own_steps = 0;
}

bool limits_tick(VM *vm) {
    Limits *l = vm->limits;
    if (l == NULL || likely(++l->ticks % TICKS_A_LOOK != 0))
        return true;
    uint32_t asked = __atomic_load_n(&l->asked, __ATOMIC_SEQ_CST);
    look_after(l);
    if (asked & ASK_STOP || is_out_of_time(vm, 0))
        return stop(vm);
    if (asked & ASK_INTERRUPT) {
        limits_withdraw(vm, ASK_INTERRUPT);
        return raise_object(vm, type_value(vm->exc.KeyboardInterrupt));
    }
    return true;
}

void limits_look_soon(VM *vm) {
    if (vm->limits != NULL)
        look_after(vm->limits);
}

bool limits_afford(VM *vm, double ns) { return !is_out_of_time(vm, ns < 9e18 ? (int64_t)ns : INT64_MAX) || stop(vm); }

/* Only what scripts ask for is refused, and nothing on the way out of one that is being stopped. */
bool limits_allocate(VM *vm, size_t size) {
    Limits *l = vm->limits;
    if (l == NULL || vm->stopping || vm->thread->frame == NULL)
        return true;
    l->bytes += size / 2 + BLOCK_BYTES;
    if (l->bytes < LOOK_BYTES)
        return true;
    l->bytes = 0;
    bool same = l->bytes_steps == l->steps; /* no safe point, which might have heeded it, since the last time */
    l->bytes_steps = l->steps;
    l->refused = (same && __atomic_load_n(&l->asked, __ATOMIC_SEQ_CST) & ASK_STOP) ||
                 is_out_of_time(vm, (int64_t)(size / BYTES_A_NANOSECOND));
    return !l->refused;
}

void limits_refused(VM *vm) {
    if (vm->limits == NULL || !vm->limits->refused) {
        raise_memory(vm);
        return;
    }
    vm->limits->refused = false;
    stop(vm);
}

void limits_insist(VM *vm) {
    const Limits *l = vm->limits;
    bool stopped = l != NULL && ((__atomic_load_n(&l->asked, __ATOMIC_SEQ_CST) & ASK_STOP) ||
                                 (l->budget != NULL && l->budget->stopped));
    if (!stopped || error_matches(vm, vm->exc.SystemExit))
        return;
    error_clear(vm);
    stop(vm);
}

int64_t limits_deadline(VM *vm) {
    Budget *b = hard_budget(vm);
    return b == NULL ? INT64_MAX : b->stop_time;
}
