/* The loop's public half: scheduling calls, making futures and tasks, states. The turn is in loop_run.c. */
#include "stdlib/asyncio/asyncio.h"

#include <time.h>

#include "interp/generator.h"
#include "object/instance.h"
#include "object/shape.h"

double loop_clock(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- what is ours ---------------------------------------------------------------------------------------------- */

uint8_t loop_natives(VM *vm, Loop *loop) {
    /* in the order of LOOP_* */
    static const char *const names[] = {"call_soon", "call_at", "create_task",   "time",
                                        "_run_once", "stop",    "create_future", NULL};
    if (likely(overrides_known(&loop->own, &loop->header)))
        return loop->own.natives;
    return overrides_look(vm, &loop->own, &loop->header, async_state(vm)->loop, names);
}

bool loop_check_closed(VM *vm, Loop *loop) {
    return likely(!loop->closed) || raise_runtime(vm, "Event loop is closed");
}

/* ---- arguments ------------------------------------------------------------------------------------------------- */

/* The arguments of call_soon and the like: `first` (if not NULL) and callback must be there, then *args; context=
 * aside. On success *context is owned (a snapshot or 0 when none was given). */
static bool take_arguments(VM *vm, const char *method, const char *first, Value *args, size_t nargs, Value kwnames,
                           Value *context) {
    size_t lead = first ? 2 : 1;
    *context = 0;
    if (nargs + 1 < lead)
        return raise_type(vm, "BaseEventLoop.%s() missing 2 required positional arguments: '%s' and 'callback'",
                          method, first);
    if (nargs < lead)
        return raise_type(vm, "BaseEventLoop.%s() missing 1 required positional argument: 'callback'", method);
    for (size_t i = 0; kwnames && i < as_tuple(kwnames)->len; i++) {
        Value name = as_tuple(kwnames)->items[i];
        if (!str_equals_c(name, "context"))
            return raise_type(vm, "BaseEventLoop.%s() got an unexpected keyword argument '%V'", method, name);
        *context = args[nargs + i];
    }
    return context_argument(vm, context);
}

/* What debug mode checks: the thread, and that the callback can be called. */
static bool debug_checks(VM *vm, Loop *loop, Value callback, const char *method, bool thread) {
    if (thread && loop->running && loop->thread_id != vm->thread->id)
        return raise_runtime(vm, "Non-thread-safe operation invoked on an event loop other than the current one");
    static const char *const tests[] = {"iscoroutine", "iscoroutinefunction"};
    for (size_t i = 0; i < ARRAY_LEN(tests); i++) {
        Value helper = async_helper(vm, "coroutines", tests[i]);
        Value v = helper ? call1(vm, helper, callback) : VALUE_ERROR;
        int yes = v ? truth(vm, v) : -1;
        decref(vm, v);
        decref(vm, helper);
        if (yes)
            return yes > 0 && raise_type(vm, "coroutines cannot be used with %s()", method);
    }
    if (!is_callable(callback))
        return raise_type(vm, "a callable object was expected by %s(), got %R", method, callback);
    return true;
}

/* ---- scheduling ------------------------------------------------------------------------------------------------ */

static Value push_handle(VM *vm, Loop *loop, Value callback, Value *args, size_t nargs, Value context) {
    Value handle = handle_new(vm, async_state(vm)->handle, from_obj(loop), callback, args, nargs, context);
    if (handle && !ready_push(vm, &loop->ready, incref(handle), READY_HANDLE)) {
        decref(vm, handle);
        return VALUE_ERROR;
    }
    return handle;
}

/* loop.call_soon(...) of a loop that is not ours, or has its own. */
static Value call_soon_method(VM *vm, Value loop, Value callback, Value *args, size_t nargs, Value context) {
    Value all[3] = {callback, nargs ? args[0] : 0};
    Value fn = context_thaw(vm, &context) ? attr_get_c(vm, loop, "call_soon") : VALUE_ERROR;
    Value names = fn ? tuple_pack(vm, 1, NAME(context)) : VALUE_ERROR, r = VALUE_ERROR;
    all[1 + nargs] = context;
    if (names)
        r = call(vm, fn, all, 1 + nargs, names);
    decref(vm, names);
    decref(vm, fn);
    decref(vm, context);
    return r;
}

Value loop_call_soon(VM *vm, Value self, Value callback, Value *args, size_t nargs, Value context) {
    if (!is_loop(self) || !(loop_natives(vm, as_loop(self)) & LOOP_CALL_SOON))
        return call_soon_method(vm, self, callback, args, nargs, context);
    Loop *loop = as_loop(self);
    if (!loop_check_closed(vm, loop) ||
        (unlikely(loop->debug) && !debug_checks(vm, loop, callback, "call_soon", true))) {
        decref(vm, context);
        return VALUE_ERROR;
    }
    return push_handle(vm, loop, callback, args, nargs, context);
}

Value loop_method_call_soon(NATIVE_ARGS) {
    Loop *loop = as_loop(self);
    Value context;
    if (!take_arguments(vm, "call_soon", NULL, args, nargs, kwnames, &context))
        return VALUE_ERROR;
    if (!loop_check_closed(vm, loop) ||
        (unlikely(loop->debug) && !debug_checks(vm, loop, args[0], "call_soon", true))) {
        decref(vm, context);
        return VALUE_ERROR;
    }
    return push_handle(vm, loop, args[0], args + 1, nargs - 1, context);
}

Value loop_method_call_soon_threadsafe(NATIVE_ARGS) {
    Loop *loop = as_loop(self);
    Value context;
    if (!take_arguments(vm, "call_soon_threadsafe", NULL, args, nargs, kwnames, &context))
        return VALUE_ERROR;
    if (!loop_check_closed(vm, loop) ||
        (unlikely(loop->debug) && !debug_checks(vm, loop, args[0], "call_soon_threadsafe", false))) {
        decref(vm, context);
        return VALUE_ERROR;
    }
    Value handle = push_handle(vm, loop, args[0], args + 1, nargs - 1, context);
    if (handle)
        loop_wake(vm, loop);
    return handle;
}

static Value schedule_at(VM *vm, Loop *loop, Value when, Value callback, Value *args, size_t nargs, Value context) {
    double t;
    if (!to_double(vm, when, &t)) {
        decref(vm, context);
        return VALUE_ERROR;
    }
    Value handle = handle_new(vm, async_state(vm)->timer_handle, from_obj(loop), callback, args, nargs, context);
    if (!handle)
        return VALUE_ERROR;
    as_handle(handle)->when = incref(when);
    if (!timers_push(vm, &loop->timers, t, incref(handle))) {
        decref(vm, handle);
        return VALUE_ERROR;
    }
    as_handle(handle)->scheduled = true;
    return handle;
}

Value loop_method_call_at(NATIVE_ARGS) {
    Loop *loop = as_loop(self);
    Value context;
    if (!take_arguments(vm, "call_at", "when", args, nargs, kwnames, &context))
        return VALUE_ERROR;
    bool ok = !is_none(args[0]) || raise_type(vm, "when cannot be None");
    if (!ok || !loop_check_closed(vm, loop) ||
        (unlikely(loop->debug) && !debug_checks(vm, loop, args[1], "call_at", true))) {
        decref(vm, context);
        return VALUE_ERROR;
    }
    return schedule_at(vm, loop, args[0], args[1], args + 2, nargs - 2, context);
}

/* self.time() + delay, through whatever time() the loop has. */
static Value time_after(VM *vm, Value self, Value delay) {
    Loop *loop = as_loop(self);
    if (likely((loop_natives(vm, loop) & LOOP_TIME) && is_double(delay)))
        return from_double(loop_clock() + as_double(delay));
    Value name = str_intern_c(vm, "time"), now = name ? call_method0(vm, self, name) : VALUE_ERROR;
    Value when = now ? arith_binary(vm, OP_ADD, now, delay) : VALUE_ERROR;
    decref(vm, now);
    decref(vm, name);
    return when;
}

Value loop_method_call_later(NATIVE_ARGS) {
    Loop *loop = as_loop(self);
    Value context;
    if (!take_arguments(vm, "call_later", "delay", args, nargs, kwnames, &context))
        return VALUE_ERROR;
    Value when = is_none(args[0]) ? raise_type(vm, "delay must not be None") : time_after(vm, self, args[0]);
    if (!when) {
        decref(vm, context);
        return VALUE_ERROR;
    }
    Value handle = VALUE_ERROR;
    if (loop_natives(vm, loop) & LOOP_CALL_AT) {
        if (!loop_check_closed(vm, loop) ||
            (unlikely(loop->debug) && !debug_checks(vm, loop, args[1], "call_at", true)))
            decref(vm, context);
        else
            handle = schedule_at(vm, loop, when, args[1], args + 2, nargs - 2, context);
    } else { /* a call_at of its own gets the arguments as they came */
        Value given = args[0], fn = attr_get_c(vm, self, "call_at");
        args[0] = when;
        handle = fn ? call(vm, fn, args, nargs, kwnames) : VALUE_ERROR;
        args[0] = given;
        decref(vm, fn);
        decref(vm, context);
    }
    decref(vm, when);
    return handle;
}

/* For sleep(): a future that gets its result when the time has come, without a handle. */
Value loop_sleep(VM *vm, Value self, double delay, Value result) {
    Loop *loop = as_loop(self);
    Value future = loop_check_closed(vm, loop) ? future_new(vm, self) : VALUE_ERROR;
    if (!future)
        return VALUE_ERROR;
    if (!timers_push(vm, &loop->timers, loop_clock() + delay, incref(future))) {
        decref(vm, future);
        return VALUE_ERROR;
    }
    as_future(future)->flags |= FUTURE_TIMED;
    as_future(future)->result = is_none(result) ? 0 : incref(result);
    return future;
}

/* ---- futures and tasks ----------------------------------------------------------------------------------------- */

Value loop_method_create_future(NATIVE_ARGS) { return future_new(vm, self); }

static Value task_of_factory(VM *vm, Value self, Value coro, Value name, Value context) {
    Value args[3] = {self, coro, context}, factory = incref(as_loop(self)->factory), names = 0, task;
    if (context && !is_none(context)) {
        names = tuple_pack(vm, 1, NAME(context));
        task = names ? call(vm, factory, args, 2, names) : VALUE_ERROR;
    } else {
        task = call(vm, factory, args, 2, 0);
    }
    decref(vm, names);
    decref(vm, factory);
    if (!task)
        return VALUE_ERROR;
    Value set_name = str_intern_c(vm, "set_name");
    Value r = set_name ? call_method1(vm, task, set_name, name ? name : VALUE_NONE) : VALUE_ERROR;
    decref(vm, set_name);
    decref(vm, r);
    if (r)
        return task;
    decref(vm, task);
    return VALUE_ERROR;
}

Value loop_method_create_task(NATIVE_ARGS) {
    Loop *loop = as_loop(self);
    if (!loop_check_closed(vm, loop))
        return VALUE_ERROR;
    if (loop->factory)
        return task_of_factory(vm, self, args[0], args[1], args[2]);
    return task_new(vm, self, args[0], args[1], args[2]);
}

Value loop_method_set_task_factory(NATIVE_ARGS) {
    if (!is_none(args[0]) && !is_callable(args[0]))
        return raise_type(vm, "task factory must be a callable or None");
    set_owned(vm, &as_loop(self)->factory, is_none(args[0]) ? 0 : incref(args[0]));
    return VALUE_NONE;
}
static Value get_factory(VM *vm, Value self) {
    Value factory = as_loop(self)->factory;
    return factory ? incref(factory) : VALUE_NONE;
}
Value loop_method_get_task_factory(NATIVE_ARGS) { return get_factory(vm, self); }

/* ---- states ---------------------------------------------------------------------------------------------------- */

Value loop_method_time(NATIVE_ARGS) { return from_double(loop_clock()); }
Value loop_method_is_running(NATIVE_ARGS) { return from_bool(as_loop(self)->running); }
Value loop_method_is_closed(NATIVE_ARGS) { return from_bool(as_loop(self)->closed); }
Value loop_method_get_debug(NATIVE_ARGS) { return from_bool(as_loop(self)->debug); }
Value loop_method_check_closed(NATIVE_ARGS) {
    return loop_check_closed(vm, as_loop(self)) ? VALUE_NONE : VALUE_ERROR;
}

Value loop_method_stop(NATIVE_ARGS) {
    as_loop(self)->stopping = true;
    return VALUE_NONE;
}

Value loop_method_set_debug(NATIVE_ARGS) {
    int on = truth(vm, args[0]);
    if (on < 0)
        return VALUE_ERROR;
    Loop *loop = as_loop(self);
    loop->debug = on;
    if (!loop->running)
        return VALUE_NONE;
    Value fn = attr_get_c(vm, self, "_set_coroutine_origin_tracking"), flag = from_bool(on);
    Value handle = fn ? push_handle(vm, loop, fn, &flag, 1, 0) : VALUE_ERROR;
    decref(vm, fn);
    decref(vm, handle);
    if (handle)
        loop_wake(vm, loop);
    return handle ? VALUE_NONE : VALUE_ERROR;
}

Value loop_method_close(NATIVE_ARGS) {
    Loop *loop = as_loop(self);
    if (loop->running)
        return raise_runtime(vm, "Cannot close a running event loop");
    if (loop->closed)
        return VALUE_NONE;
    loop->closed = true;
    loop_drop_deferred(vm, loop);
    ready_clear(vm, &loop->ready);
    timers_clear(vm, &loop->timers);
    loop_io_close(vm, loop);
    return VALUE_NONE;
}

/* ---- attributes ------------------------------------------------------------------------------------------------ */

static Value get_debug(VM *vm, Value self) { return from_bool(as_loop(self)->debug); }
static Value get_closed(VM *vm, Value self) { return from_bool(as_loop(self)->closed); }
static Value get_stopping(VM *vm, Value self) { return from_bool(as_loop(self)->stopping); }
static bool set_stopping(VM *vm, Value self, Value v) {
    int on = v ? truth(vm, v) : 0;
    if (on >= 0)
        as_loop(self)->stopping = on;
    return on >= 0;
}
static Value get_thread_id(VM *vm, Value self) {
    Loop *loop = as_loop(self);
    return loop->running ? int_from_uint64(vm, loop->thread_id) : VALUE_NONE;
}
static Value get_slow(VM *vm, Value self) { return from_double(as_loop(self)->slow_callback); }
static bool set_slow(VM *vm, Value self, Value v) {
    return v ? to_double(vm, v, &as_loop(self)->slow_callback)
             : raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
}
static Value get_resolution(VM *vm, Value self) { return from_double(as_loop(self)->resolution); }
static bool set_resolution(VM *vm, Value self, Value v) {
    return v ? to_double(vm, v, &as_loop(self)->resolution)
             : raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
}
static Value get_handle(VM *vm, Value self) {
    Value handle = as_loop(self)->handle;
    return handle ? incref(handle) : VALUE_NONE;
}
static Value get_wakeup_fd(VM *vm, Value self) {
    as_loop(self)->wakeup_shown = true;
    return from_small_int(as_loop(self)->wake_write);
}
static Value get_selector(VM *vm, Value self) {
    Value selector = as_loop(self)->selector;
    return selector ? incref(selector) : VALUE_NONE;
}
/* A selector from now on: what the poller was to watch is forgotten. */
static bool set_selector(VM *vm, Value self, Value v) {
    Loop *loop = as_loop(self);
    if (!v)
        return raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
    if (!loop->selector && !is_none(v) && loop->poller.ops) {
        loop->poller.ops->close(vm, &loop->poller);
        loop->poller.ops = NULL;
    }
    set_owned(vm, &loop->selector, is_none(v) ? 0 : incref(v));
    return true;
}
static Value get_cancelled_count(VM *vm, Value self) {
    return int_from_ssize(vm, (ssize_t)as_loop(self)->timers.cancelled);
}

/* What a handle for an entry of the ready queue would be; owned. */
Value loop_entry_handle(VM *vm, Value self, Value object, enum ReadyTag tag) {
    if (tag == READY_HANDLE)
        return incref(object);
    Value callback, argument = 0, context = 0;
    if (tag == READY_STEP) {
        callback = task_step_new(vm, object, 0);
        context = incref(as_task(object)->context);
    } else if (tag == READY_WAKEUP) {
        callback = future_wakeup_method(vm, object);
        argument = as_task(object)->waiting;
        context = incref(as_task(object)->context);
    } else if (tag == READY_CHILD) {
        callback = gather_callback(vm, object);
        argument = gather_first(object);
    } else if (tag == READY_CALLBACKS) {
        callback = future_first_callback(object);
        argument = object;
    } else {
        callback = attr_get_c(vm, object, "set_result");
        argument = as_future(object)->result ? as_future(object)->result : VALUE_NONE;
    }
    if (!callback) {
        decref(vm, context);
        return VALUE_ERROR;
    }
    Value handle = handle_new(vm, async_state(vm)->handle, self, callback, &argument, argument != 0, context);
    decref(vm, callback);
    return handle;
}

/* A list of what will run next. */
static Value get_ready(VM *vm, Value self) {
    Loop *loop = as_loop(self);
    Value list = list_new(vm, 0);
    for (size_t i = 0; list && i < loop->ready.len; i++) {
        enum ReadyTag tag;
        Value object = ready_item(&loop->ready, i, &tag), handle = loop_entry_handle(vm, self, object, tag);
        if (!handle || !list_append_steal(vm, list, handle)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
    }
    return list;
}

static Value get_scheduled(VM *vm, Value self) {
    Loop *loop = as_loop(self);
    Value list = list_new(vm, 0);
    for (size_t i = 0; list && i < loop->timers.len; i++) {
        Timer t = loop->timers.items[i];
        Value entry = is_future(t.what) ? loop_entry_handle(vm, self, t.what, READY_SLEPT) : incref(t.what);
        if (!entry || !list_append_steal(vm, list, entry)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
    }
    return list;
}

static const GetSetSpec loop_getset[] = {
    {"slow_callback_duration", get_slow, set_slow, "A callback that takes longer is reported in debug mode."},
    {"_debug", get_debug, NULL, NULL},
    {"_closed", get_closed, NULL, NULL},
    {"_stopping", get_stopping, set_stopping, NULL},
    {"_thread_id", get_thread_id, NULL, NULL},
    {"_task_factory", get_factory, NULL, NULL},
    {"_clock_resolution", get_resolution, set_resolution, NULL},
    {"_current_handle", get_handle, NULL, NULL},
    {"_timer_cancelled_count", get_cancelled_count, NULL, NULL},
    {"_wakeup_fd", get_wakeup_fd, NULL, "A descriptor that makes the loop's poll return when written to."},
    {"_selector", get_selector, set_selector, NULL},
    {"_ready", get_ready, NULL, NULL},
    {"_scheduled", get_scheduled, NULL, NULL},
    {0},
};

/* ---- making and ending ----------------------------------------------------------------------------------------- */

static Value loop_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Loop *loop = object_alloc(vm, type, 0);
    if (!loop)
        return VALUE_ERROR;
    AsyncState *s = async_state(vm);
    struct timespec t;
    clock_getres(CLOCK_MONOTONIC, &t);
    loop->resolution = (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
    loop->slow_callback = 0.1;
    loop->origin_depth = -1;
    loop->wake_read = loop->wake_write = loop->host_fd = -1;
    loop->next = s->loops;
    if (s->loops)
        s->loops->prev = loop;
    s->loops = loop;
    return from_obj(loop);
}

static bool loop_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[1] = {0};
    Loop *loop = as_loop(self);
    if (!native_bind(vm, "BaseLoop", "selector=None", args, nargs, kwnames, v, 1))
        return false;
    if (loop->initialised)
        return true;
    set_owned(vm, &loop->selector, v[0] && !is_none(v[0]) ? incref(v[0]) : 0);
    loop->initialised = loop_io_open(vm, loop);
    return loop->initialised;
}

static void loop_clear(VM *vm, Object *self) {
    Loop *loop = (Loop *)self;
    ready_clear(vm, &loop->ready);
    timers_clear(vm, &loop->timers);
    for (size_t i = 0; i < loop->nwatches; i++) {
        set_owned(vm, &loop->watches[i].reader, 0);
        set_owned(vm, &loop->watches[i].writer, 0);
    }
    set_owned(vm, &loop->current, 0);
    set_owned(vm, &loop->factory, 0);
    set_owned(vm, &loop->handle, 0);
}

static void loop_dealloc(VM *vm, Object *self) {
    Loop *loop = (Loop *)self;
    loop_io_close(vm, loop);
    loop_clear(vm, self);
    mem_free(vm, loop->watches, loop->nwatches * sizeof(Watch));
    if (loop->next)
        loop->next->prev = loop->prev;
    if (loop->prev)
        loop->prev->next = loop->next;
    else
        async_state(vm)->loops = loop->next;
}

static void loop_traverse(Object *self, VisitFn visit, void *arg) {
    Loop *loop = (Loop *)self;
    ready_traverse(&loop->ready, visit, arg);
    timers_traverse(&loop->timers, visit, arg);
    for (size_t i = 0; i < loop->nwatches; i++) {
        visit_value(loop->watches[i].reader, visit, arg);
        visit_value(loop->watches[i].writer, visit, arg);
    }
    visit_value(loop->selector, visit, arg);
    visit_value(loop->current, visit, arg);
    visit_value(loop->factory, visit, arg);
    visit_value(loop->handle, visit, arg);
}

static const MethodSpec methods[] = {
#define LOOP_METHOD(name, function, signature, doc) {#name, function, signature, doc, 0},
#include "stdlib/asyncio/loop_methods.def"
#undef LOOP_METHOD
    {0},
};

const TypeSpec loop_spec = {
    .name = "_asyncio.BaseLoop",
    .doc = "The native part of an event loop.",
    .signature = "selector=None",
    .size = sizeof(Loop),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.dealloc = loop_dealloc,
              .clear = loop_clear,
              .traverse = loop_traverse,
              .create = loop_create,
              .init = loop_init},
    .methods = methods,
    .getset = loop_getset,
};
