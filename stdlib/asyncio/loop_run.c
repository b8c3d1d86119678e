/* Running the loop: the turn, and run_forever around it.
 *
 * A turn polls (without waiting if anything is ready), queues the handlers of ready descriptors, then the timers that
 * are due, and then runs exactly what is in the queue at that moment: what these calls schedule belongs to the next
 * turn. */
#include "stdlib/asyncio/asyncio.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "runtime/limits.h"
#include "runtime/park.h"
#include "stdlib/wait.h"

#define TIMEOUT_MAX (24.0 * 3600)
#define ORIGIN_DEPTH 10 /* frames kept of where a coroutine was made, in debug mode */
#define EVENTS_MAX 256

/* ---- polling --------------------------------------------------------------------------------------------------- */

/* self.time(), or the clock itself. */
static bool now_of(VM *vm, Value self, double *out) {
    if (likely(loop_natives(vm, as_loop(self)) & LOOP_TIME)) {
        *out = loop_clock();
        return true;
    }
    Value name = str_intern_c(vm, "time"), v = name ? call_method0(vm, self, name) : VALUE_ERROR;
    bool ok = v && to_double(vm, v, out);
    decref(vm, v);
    decref(vm, name);
    return ok;
}

/* Seconds that the poll may wait; negative: for ever. */
static bool poll_timeout(VM *vm, Value self, double *out) {
    Loop *loop = as_loop(self);
    *out = 0;
    if (loop->ready.len || (loop->stopping && !loop->pumped) || loop->ndeferred)
        return true;
    /* whole milliseconds, as the poller has it, and no more than the host has allowed */
    double limit = loop->pumped ? floor(loop->pump_limit * 1e3) * 1e-3 : INFINITY;
    if (!loop->timers.len) {
        *out = isinf(limit) ? -1 : limit;
        return true;
    }
    double when = loop->timers.items[0].when, now;
    if (!now_of(vm, self, &now))
        return false;
    double timeout = when - now;
    if (timeout > limit)
        timeout = limit;
    *out = timeout > TIMEOUT_MAX ? TIMEOUT_MAX : timeout > 0 ? timeout : 0;
    return true;
}

static bool poll_native(VM *vm, Value self, double timeout) {
    Loop *loop = as_loop(self);
    if (!loop->poller.ops)
        return raise_runtime(vm, "the event loop is not initialized");
    if (timeout == 0 && loop->nwatched == 0 && !loop->wakeup_shown)
        return true; /* nobody to ask; what other threads schedule is in the queue already */
    PollEvent events[EVENTS_MAX];
    int ms = timeout < 0 ? -1 : (int)ceil(timeout * 1e3), n, most = wait_milliseconds(limits_deadline(vm));
    bool limited = most >= 0 && (ms < 0 || most < ms); /* by the host: then the safe point tells what to do */
    if (limited)
        ms = most;
    if (ms == 0) {
        n = loop->poller.ops->wait(&loop->poller, 0, events, EVENTS_MAX);
    } else {
        /* with no timer and no descriptor, only another thread can end this, by call_soon_threadsafe() */
        bool stuck = ms < 0 && loop->nwatched == 0 && loop->ntasks > 0 && !loop->host_expected;
        loop->stuck = stuck ? vm->thread : NULL;
        if (stuck && !park_stuck(vm))
            return false;
        WITHOUT_LOCK(vm, n = loop->poller.ops->wait(&loop->poller, ms, events, EVENTS_MAX));
        park_unstuck(vm, vm->thread);
        loop->stuck = NULL;
    }
    if (n < 0)
        return errno == EINTR ? vm_safepoint(vm) : raise_os_error(vm, errno, 0);
    if (n == 0 && limited)
        return vm_safepoint(vm);
    for (int i = 0; i < n; i++)
        if (!loop_process(vm, self, events[i].fd, events[i].events))
            return false;
    return true;
}

/* selector.select(timeout) of a selector that a script gave. */
static bool poll_selector(VM *vm, Value self, double timeout) {
    Value name = str_intern_c(vm, "select"), limit = timeout < 0 ? VALUE_NONE : from_double(timeout);
    Value found = name ? call_method1(vm, as_loop(self)->selector, name, limit) : VALUE_ERROR;
    decref(vm, name);
    name = found ? str_intern_c(vm, "_process_events") : VALUE_ERROR;
    Value r = name ? call_method1(vm, self, name, found) : VALUE_ERROR;
    decref(vm, name);
    decref(vm, found);
    decref(vm, r);
    return r != 0;
}

Value loop_method_process_events(NATIVE_ARGS) {
    Value list = list_from_iterable(vm, args[0]);
    bool ok = list != 0;
    for (size_t i = 0; ok && i < as_list(list)->len; i++) {
        Value pair = as_list(list)->items[i], key = item_get(vm, pair, from_small_int(0));
        Value mask = key ? item_get(vm, pair, from_small_int(1)) : VALUE_ERROR;
        Value fd = mask ? attr_get_c(vm, key, "fd") : VALUE_ERROR;
        int number, events;
        ok = fd && to_c_int(vm, fd, &number) && to_c_int(vm, mask, &events) &&
             loop_process(vm, self, number, (unsigned)events);
        decref(vm, fd);
        decref(vm, mask);
        decref(vm, key);
    }
    decref(vm, list);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

/* ---- the turn -------------------------------------------------------------------------------------------------- */

/* Moves the timers that are due to the queue. */
static bool queue_due(VM *vm, Value self) {
    Loop *loop = as_loop(self);
    double end;
    if (!loop->timers.len)
        return true;
    if (!now_of(vm, self, &end))
        return false;
    end += loop->resolution;
    while (loop->timers.len && loop->timers.items[0].when < end) {
        if (!ready_reserve(vm, &loop->ready))
            return false;
        Value what = timers_pop(vm, &loop->timers);
        ready_put(&loop->ready, what, is_future(what) ? READY_SLEPT : READY_HANDLE);
    }
    return true;
}

/* A step that could not be made in its context, or failed in itself, is reported as the handle it would have been. */
static NOINLINE bool report_entry(VM *vm, Value self, Value object, enum ReadyTag tag) {
    Value exc = error_take(vm);
    if (exception_is(vm, exc, vm->exc.SystemExit) || exception_is(vm, exc, vm->exc.KeyboardInterrupt)) {
        raise_steal(vm, exc);
        return false;
    }
    Value handle = loop_entry_handle(vm, self, object, tag);
    if (!handle) {
        decref(vm, exc);
        return false;
    }
    raise_steal(vm, exc);
    bool ok = handle_report(vm, handle);
    decref(vm, handle);
    return ok;
}

static ALWAYS_INLINE bool run_task(VM *vm, Value self, Value task, enum ReadyTag tag) {
    Task *t = as_task(task);
    Value saved;
    bool ok = contextvars_enter(vm, t->context, &saved);
    if (likely(ok)) {
        if (tag == READY_WAKEUP && t->waiting) {
            Value awaited = incref(t->waiting);
            ok = task_wakeup(vm, task, awaited);
            decref(vm, awaited);
        } else {
            ok = task_step(vm, task, 0);
        }
        contextvars_leave(vm, &t->context, saved);
    } else { /* no memory to begin: nobody would wake the task again, so it learns it now */
        ok = task_step(vm, task, error_take(vm));
    }
    return likely(ok) || report_entry(vm, self, task, tag);
}

bool loop_run_entry(VM *vm, Value self, Value object, enum ReadyTag tag) {
    if (tag == READY_HANDLE)
        return as_handle(object)->cancelled || handle_run(vm, object);
    if (unlikely(tag == READY_CALLBACKS))
        return future_run_callbacks(vm, object);
    if (tag == READY_CHILD)
        return gather_run(vm, object) || report_entry(vm, self, object, tag);
    if (tag != READY_SLEPT)
        return run_task(vm, self, object, tag);
    Future *f = as_future(object);
    if (f->state != FUTURE_PENDING)
        return true;
    Value result = f->result ? incref(f->result) : VALUE_NONE;
    bool ok = future_set_result(vm, object, result);
    decref(vm, result);
    return ok || report_entry(vm, self, object, tag);
}

/* Debug mode: a call that takes too long is logged. */
static bool run_timed(VM *vm, Value self, Value object, enum ReadyTag tag) {
    Loop *loop = as_loop(self);
    Value handle = loop_entry_handle(vm, self, object, tag);
    if (!handle)
        return false;
    set_owned(vm, &loop->handle, incref(handle));
    double start = loop_clock();
    bool ok = loop_run_entry(vm, self, object, tag);
    double took = loop_clock() - start;
    set_owned(vm, &loop->handle, 0);
    if (ok && took >= loop->slow_callback) {
        Value helper = async_helper(vm, "base_events", "_format_handle");
        Value text = helper ? call1(vm, helper, handle) : VALUE_ERROR;
        Value logger = text ? async_helper(vm, "log", "logger") : VALUE_ERROR;
        Value fn = logger ? attr_get_c(vm, logger, "warning") : VALUE_ERROR;
        Value format = fn ? str_from_c(vm, "Executing %s took %.3f seconds") : VALUE_ERROR;
        Value r = format ? call3(vm, fn, format, text, from_double(took)) : VALUE_ERROR;
        ok = r != 0;
        decref(vm, r);
        decref(vm, format);
        decref(vm, fn);
        decref(vm, logger);
        decref(vm, text);
        decref(vm, helper);
    }
    decref(vm, handle);
    return ok;
}

bool loop_run_once(VM *vm, Value self) {
    Loop *loop = as_loop(self);
    double timeout;
    bool deferred = loop->ndeferred != 0; /* what is run now may be all that the caller waits for */
    if (unlikely(deferred) && !loop_run_deferred(vm, self))
        return false;
    if (loop->timers.len)
        timers_prune(vm, &loop->timers);
    if (!poll_timeout(vm, self, &timeout))
        return false;
    if (unlikely(deferred))
        timeout = 0;
    if (!(loop->selector ? poll_selector(vm, self, timeout) : poll_native(vm, self, timeout)) || !queue_due(vm, self))
        return false;
    for (size_t n = loop->ready.len; n > 0 && loop->ready.len; n--) {
        enum ReadyTag tag;
        Value object = ready_pop(vm, &loop->ready, &tag);
        bool ok = unlikely(loop->debug) && !(tag == READY_HANDLE && as_handle(object)->cancelled)
                      ? run_timed(vm, self, object, tag)
                      : loop_run_entry(vm, self, object, tag);
        decref(vm, object);
        if (unlikely(!ok) || (unlikely(vm_interrupted(vm)) && !vm_safepoint(vm)))
            return false;
    }
    return true;
}

Value loop_method_run_once(NATIVE_ARGS) { return loop_run_once(vm, self) ? VALUE_NONE : VALUE_ERROR; }

/* ---- waking ---------------------------------------------------------------------------------------------------- */

bool loop_wake(VM *vm, Loop *loop) {
    if (loop->stuck != NULL)
        park_unstuck(vm, loop->stuck);
    ssize_t n = loop->wake_write < 0 ? 1 : write(loop->wake_write, "", 1);
    return n == 1 || errno == EAGAIN; /* a full pipe wakes as well */
}

Value loop_method_write_to_self(NATIVE_ARGS) {
    loop_wake(vm, as_loop(self));
    return VALUE_NONE;
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static bool check_running(VM *vm, Loop *loop) {
    if (loop->running)
        return raise_runtime(vm, "This event loop is already running");
    return !running_loop(vm) || raise_runtime(vm, "Cannot run the event loop while another loop is running");
}

Value loop_method_check_running(NATIVE_ARGS) { return check_running(vm, as_loop(self)) ? VALUE_NONE : VALUE_ERROR; }

static void track_origins(VM *vm, bool on, int *saved) {
    Thread *t = vm->thread;
    if (on && *saved < 0) {
        *saved = t->coroutine_origin_depth;
        t->coroutine_origin_depth = ORIGIN_DEPTH;
    } else if (!on && *saved >= 0) {
        t->coroutine_origin_depth = *saved;
        *saved = -1;
    }
}

Value loop_method_track_origins(NATIVE_ARGS) {
    int on = truth(vm, args[0]);
    if (on < 0)
        return VALUE_ERROR;
    track_origins(vm, on, &as_loop(self)->origin_depth);
    return VALUE_NONE;
}

/* The loop's own hook of that name, or 0; false with an exception. */
static bool find_hook(VM *vm, Value self, const char *text, Value *out) {
    Value name = str_intern_c(vm, text);
    int has = name ? attr_lookup(vm, self, name, out) : -1;
    decref(vm, name);
    if (has == 0)
        *out = 0;
    return has >= 0;
}

static bool turn(VM *vm, Value self) {
    if (likely(loop_natives(vm, as_loop(self)) & LOOP_RUN_ONCE))
        return loop_run_once(vm, self);
    Value name = str_intern_c(vm, "_run_once"), r = name ? call_method0(vm, self, name) : VALUE_ERROR;
    decref(vm, name);
    decref(vm, r);
    return r != 0;
}

Value loop_method_run_forever(NATIVE_ARGS) {
    Loop *loop = as_loop(self);
    Thread *t = vm->thread;
    Value first = 0, last = 0;
    if (!loop_check_closed(vm, loop) || !check_running(vm, loop) ||
        !find_hook(vm, self, "_asyncgen_firstiter_hook", &first) ||
        !find_hook(vm, self, "_asyncgen_finalizer_hook", &last)) {
        decref(vm, first);
        return VALUE_ERROR;
    }
    incref(self);
    track_origins(vm, loop->debug, &loop->origin_depth);
    Value old_first = t->async_firstiter, old_last = t->async_finalizer;
    t->async_firstiter = first;
    t->async_finalizer = last;
    loop->running = true;
    loop->thread_id = t->id;
    running_set_loop(vm, self);
    bool ok;
    do
        ok = turn(vm, self);
    while (ok && !loop->stopping);
    loop->stopping = false;
    loop->running = false;
    Value pending = error_take(vm);
    running_set_loop(vm, VALUE_NONE);
    track_origins(vm, false, &loop->origin_depth);
    set_owned(vm, &t->async_firstiter, old_first);
    set_owned(vm, &t->async_finalizer, old_last);
    decref(vm, self);
    return ok ? VALUE_NONE : raise_steal(vm, pending);
}
