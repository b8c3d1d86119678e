/* Limits: how a host keeps scripts within bounds.
 *
 * While something is watched, INTERRUPT_LIMIT stays set in vm->interrupts, so that every safe point of the
 * interpreter, every call and every jump back, comes here. That is a step. Counting steps costs a few nanoseconds and
 * only while it is asked for; it needs no timer, no signal and no thread, and comes out the same on every machine.
 * The clock is read every LOOK_STEPS steps, which bounds how far a run goes beyond its time. Native code that works
 * long polls vm->interrupts, too.
 *
 * A budget that is used up marks its run as due. The interpreter leaves the run's frames at the first safe point
 * where no native code stands between it and whoever resumed the run. If that does not come before the hard limit,
 * the run is stopped.
 *
 * Stopping raises SystemExit, and with vm->stopping set no handler of any frame is looked for: `except`, `finally`
 * and `with` cannot hold a stop up. It is raised again at every safe point as long as it holds. */
#include "runtime/limits.h"

#include "object/exception.h"
#include "runtime/lock.h"

#define LOOK_STEPS 64
#define MICROSECOND 1000

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

void limits_update(VM *vm) {
    Limits *l = vm->limits;
    l->next_look = l->steps;
    vm->stopping =
        (__atomic_load_n(&l->asked, __ATOMIC_SEQ_CST) & ASK_STOP) || (l->budget != NULL && l->budget->stopped);
    if (is_watching(l))
        __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_LIMIT, __ATOMIC_SEQ_CST);
    else
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_LIMIT, __ATOMIC_SEQ_CST);
}

void limits_ask(VM *vm, uint32_t what) {
    __atomic_fetch_or(&vm->limits->asked, what, __ATOMIC_SEQ_CST);
    __atomic_store_n(&vm->limits->next_look, 0, __ATOMIC_SEQ_CST);
    lock_interrupt(vm, vm->main, INTERRUPT_LIMIT);
}

void limits_withdraw(VM *vm, uint32_t what) {
    __atomic_fetch_and(&vm->limits->asked, ~what, __ATOMIC_SEQ_CST);
    __atomic_fetch_and(&vm->main->interrupts, ~(uint32_t)INTERRUPT_LIMIT, __ATOMIC_SEQ_CST);
    limits_update(vm);
}

void limits_begin(VM *vm, Budget *b, uint64_t steps, uint64_t pause_us, uint64_t stop_us) {
    Limits *l = vm->limits;
    int64_t now = pause_us != 0 || stop_us != 0 ? lock_clock() : 0;
    b->pause_steps = steps == 0 || steps > UINT64_MAX / 2 ? UINT64_MAX : l->steps + steps;
    b->pause_time = pause_us == 0 ? INT64_MAX : now + (int64_t)pause_us * MICROSECOND;
    b->stop_time = stop_us == 0 ? INT64_MAX : now + (int64_t)stop_us * MICROSECOND;
    b->due = b->stopped = false;
    b->thread = vm->thread;
    b->native_depth = vm->thread->native_depth;
    b->outer = l->budget;
    l->budget = b;
    limits_update(vm);
}

void limits_end(VM *vm, Budget *b) {
    vm->limits->budget = b->outer;
    limits_update(vm);
}

static bool stop(VM *vm) {
    vm->stopping = true;
    vm->limits->next_look = 0; /* and again at the next step */
    Value text = str_from_c(vm, "stopped by the host");
    if (text == 0)
        return false;
    raisef(vm, vm->exc.SystemExit, "%V", text);
    decref(vm, text);
    return false;
}

static bool look(VM *vm) {
    Limits *l = vm->limits;
    uint32_t asked = __atomic_load_n(&l->asked, __ATOMIC_SEQ_CST);
    Budget *b = l->budget;
    if (asked & ASK_STOP)
        return stop(vm);
    if (l->steps >= l->step_limit) {
        __atomic_fetch_or(&l->asked, (uint32_t)ASK_STOP, __ATOMIC_SEQ_CST);
        return stop(vm);
    }
    if (b != NULL && b->thread == vm->thread) {
        int64_t now = is_timed(b) ? lock_clock() : 0;
        if (l->steps >= b->pause_steps || (is_timed(b) && now >= b->pause_time))
            b->due = true;
        if (is_timed(b) && now >= b->stop_time) {
            b->stopped = true;
            return stop(vm);
        }
    }
    uint64_t next = l->step_limit;
    if (b != NULL && !b->due && b->pause_steps < next)
        next = b->pause_steps;
    if (b != NULL && is_timed(b) && l->steps + LOOK_STEPS < next)
        next = l->steps + LOOK_STEPS;
    l->next_look = next;
    if (asked & ASK_INTERRUPT) {
        limits_withdraw(vm, ASK_INTERRUPT);
        return raise_object(vm, type_value(vm->exc.KeyboardInterrupt));
    }
    if (!is_watching(l))
        limits_update(vm);
    return true;
}

bool limits_step(VM *vm) {
    Limits *l = vm->limits;
    if (unlikely(l == NULL))
        return true;
    l->steps++;
    return likely(l->steps < __atomic_load_n(&l->next_look, __ATOMIC_RELAXED)) || look(vm);
}
