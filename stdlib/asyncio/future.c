/* asyncio.Future: a result that is not there yet.
 *
 * Invariants: a future that is not pending has no waiters (but see deferred.c); FUTURE_TIMED is set while the loop's
 * heap has an entry for it, which counts as cancelled from the moment the future is done by somebody else. */
#include "stdlib/asyncio/asyncio.h"

#include "object/descr.h"
#include "object/instance.h"

/* ---- waiters --------------------------------------------------------------------------------------------------- */

static FutureCallbacks *callbacks_of(Value waiters) {
    return waiters & 1 ? (FutureCallbacks *)(uintptr_t)(waiters - 1) : NULL;
}

static size_t callbacks_size(uint32_t cap) { return sizeof(FutureCallbacks) + cap * sizeof(FutureCallback); }

static void callbacks_drop(VM *vm, Value waiters) {
    FutureCallbacks *c = callbacks_of(waiters);
    if (!c) {
        decref(vm, waiters);
        return;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        decref(vm, c->items[i].fn);
        decref(vm, c->items[i].context);
    }
    mem_free(vm, c, callbacks_size(c->cap));
}

/* The list form of the waiters with room for one more; NULL with MemoryError. */
static FutureCallbacks *callbacks_room(VM *vm, Future *f) {
    FutureCallbacks *c = callbacks_of(f->waiters);
    if (c && c->count < c->cap)
        return c;
    uint32_t cap = c ? c->cap * 2 : f->waiters ? 2 : 1;
    FutureCallbacks *bigger = mem_alloc(vm, callbacks_size(cap));
    if (!bigger)
        return NULL;
    bigger->cap = cap;
    bigger->count = 0;
    if (c) {
        memcpy(bigger->items, c->items, c->count * sizeof(FutureCallback));
        bigger->count = c->count;
        mem_free(vm, c, callbacks_size(c->cap));
    } else if (f->waiters) {
        bigger->items[bigger->count++] = (FutureCallback){f->waiters, VALUE_NONE};
    }
    f->waiters = from_obj(bigger) + 1;
    return bigger;
}

/* What scripts see in place of a task or gathering future that waits; owned. */
static Value waiter_method(VM *vm, Value waiter) {
    return is_task(waiter) ? future_wakeup_method(vm, waiter) : gather_callback(vm, waiter);
}

/* Has fn(self) called soon in its context; a waiting task (context None) is woken, which does not fail in a plain
 * loop. Consumes both. */
static bool schedule_one(VM *vm, Value self, Value fn, Value context) {
    Value loop = as_future(self)->loop;
    if (is_none(context)) {
        bool task = is_task(fn);
        if (likely(loop_is_plain(vm, loop))) {
            if (!task)
                gather_note(fn, self);
            loop_queue(vm, as_loop(loop), fn, task ? READY_WAKEUP : READY_CHILD);
            return true;
        }
        context = task ? incref(task_context(vm, fn)) : 0;
        Value method = task && !context ? VALUE_ERROR : waiter_method(vm, fn);
        decref(vm, fn);
        fn = method;
        if (!fn) {
            decref(vm, context);
            return false;
        }
    }
    Value handle = loop_call_soon(vm, loop, fn, &self, 1, context);
    decref(vm, fn);
    decref(vm, handle);
    return handle != 0;
}

static bool schedule_all(VM *vm, Value self) {
    Future *f = as_future(self);
    Value waiters = f->waiters;
    f->waiters = 0;
    if ((f->flags & FUTURE_TIMED) && is_loop(f->loop))
        as_loop(f->loop)->timers.cancelled++;
    if (waiters == 0)
        return true;
    FutureCallbacks *c = callbacks_of(waiters);
    if (!c)
        return schedule_one(vm, self, waiters, VALUE_NONE);
    uint32_t done = 0;
    while (done < c->count && schedule_one(vm, self, incref(c->items[done].fn), incref(c->items[done].context)))
        done++;
    bool ok = done == c->count;
    if (!ok && is_loop(f->loop) && error_matches(vm, vm->exc.MemoryError) && f->waiters == 0) {
        /* the others are called by the loop itself, without handles */
        error_clear(vm);
        FutureCallback *rest = &c->items[done];
        f->waiters = waiters;
        for (uint32_t i = 0; i < done; i++) {
            decref(vm, c->items[i].fn);
            decref(vm, c->items[i].context);
        }
        memmove(c->items, rest, (c->count - done) * sizeof *rest);
        c->count -= done;
        loop_queue(vm, as_loop(f->loop), incref(self), READY_CALLBACKS);
        return true;
    }
    callbacks_drop(vm, waiters);
    return ok;
}

Value future_first_callback(Value self) {
    FutureCallbacks *c = callbacks_of(as_future(self)->waiters);
    return c ? incref(c->items[0].fn) : VALUE_NONE;
}

bool future_run_callbacks(VM *vm, Value self) {
    Future *f = as_future(self);
    Value waiters = f->waiters;
    f->waiters = 0;
    FutureCallbacks *c = callbacks_of(waiters);
    bool ok = true;
    for (uint32_t i = 0; ok && c && i < c->count; i++) {
        FutureCallback *one = &c->items[i];
        if (is_none(one->context)) {
            ok = schedule_one(vm, self, incref(one->fn), VALUE_NONE);
            continue;
        }
        Value r = contextvars_run(vm, &one->context, one->fn, &self, 1, 0);
        if (!r) {
            Value exc = error_take(vm);
            Value handle = handle_new(vm, async_state(vm)->handle, f->loop, one->fn, &self, 1, incref(one->context));
            if (handle)
                raise_steal(vm, exc);
            else
                decref(vm, exc);
            ok = handle && handle_report(vm, handle);
            decref(vm, handle);
        }
        decref(vm, r);
    }
    callbacks_drop(vm, waiters);
    return ok;
}

bool future_add_callback(VM *vm, Value self, Value fn, Value context) {
    Future *f = as_future(self);
    if (f->state != FUTURE_PENDING)
        return schedule_one(vm, self, incref(fn), context);
    if (f->waiters == 0 && is_none(context)) {
        f->waiters = incref(fn);
        return true;
    }
    FutureCallbacks *c = callbacks_room(vm, f);
    if (!c) {
        decref(vm, context);
        return false;
    }
    c->items[c->count++] = (FutureCallback){incref(fn), context};
    return true;
}

/* ---- making ---------------------------------------------------------------------------------------------------- */

bool future_check(VM *vm, Future *f) {
    return likely(f->loop != 0) || raise_runtime(vm, "Future object is not initialized.");
}

/* In debug mode the place where it was made is kept, among its attributes under a name that no script writes. */
static Value source_name(VM *vm) { return str_intern_c(vm, ".source_traceback"); }

static Value source_get(VM *vm, Value self) {
    Value name = source_name(vm);
    if (!name)
        return VALUE_ERROR;
    Value stack = instance_get(vm, as_obj(self), obj_type(as_obj(self)), name);
    decref(vm, name);
    return stack ? incref(stack) : VALUE_NONE;
}

static bool note_source(VM *vm, Value self) {
    Value name = source_name(vm), stack = name ? async_stack(vm) : VALUE_ERROR;
    bool ok = stack && instance_set(vm, as_obj(self), obj_type(as_obj(self)), name, stack);
    decref(vm, stack);
    decref(vm, name);
    return ok;
}

/* Is the loop in debug mode? 1, 0, -1. */
static int loop_debug(VM *vm, Value loop) {
    if (is_loop(loop))
        return as_loop(loop)->debug;
    Value name = str_intern_c(vm, "get_debug"), v = name ? call_method0(vm, loop, name) : VALUE_ERROR;
    int debug = v ? truth(vm, v) : -1;
    decref(vm, v);
    decref(vm, name);
    return debug;
}

bool future_setup(VM *vm, Future *f, Value loop) {
    loop = loop == 0 || is_none(loop) ? running_loop_or_default(vm) : incref(loop);
    if (!loop)
        return false;
    int debug = loop_debug(vm, loop);
    if (debug < 0) {
        decref(vm, loop);
        return false;
    }
    Value waiters = f->waiters, result = f->result;
    if ((f->flags & FUTURE_TIMED) && f->state != FUTURE_PENDING && is_loop(f->loop))
        as_loop(f->loop)->timers.cancelled--; /* initialised anew, it is pending again */
    f->waiters = f->result = 0;
    f->state = FUTURE_PENDING;
    f->flags &= FUTURE_TIMED;
    f->cancels = 0;
    set_owned(vm, &f->loop, loop);
    callbacks_drop(vm, waiters);
    decref(vm, result);
    return !debug || note_source(vm, from_obj(f));
}

Value future_new(VM *vm, Value loop) {
    Future *f = object_alloc(vm, async_state(vm)->future, 0);
    if (!f)
        return VALUE_ERROR;
    if (likely(is_loop(loop)) && !as_loop(loop)->debug) {
        f->loop = incref(loop);
        return from_obj(f);
    }
    if (!future_setup(vm, f, loop)) {
        obj_decref(vm, &f->header);
        return VALUE_ERROR;
    }
    return from_obj(f);
}

static Value future_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return from_obj(object_alloc(vm, type, 0));
}

static bool future_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[1] = {0};
    if (nargs)
        return raise_type(vm, "Future() takes no positional arguments");
    if (kwnames && !native_bind(vm, "Future", "*, loop=None", args, nargs, kwnames, v, 1))
        return false;
    return future_setup(vm, as_future(self), v[0]);
}

/* ---- results --------------------------------------------------------------------------------------------------- */

static Value raise_invalid(VM *vm, const char *text) {
    return raisef(vm, async_state(vm)->invalid_state, "%s", text);
}

Value future_exception_of(Future *f) { return is_tuple(f->result) ? as_tuple(f->result)->items[0] : f->result; }

/* The message of Future.cancel(). A task that ended by the CancelledError of what it awaited has none: the error has.
 */
static Value cancel_message(Future *f) {
    bool error = f->state == FUTURE_CANCELLED && f->result && is_exception(f->result);
    return f->state == FUTURE_FINISHED || error ? 0 : f->result;
}

Value future_cancelled_error(VM *vm, Future *f) {
    if (f->state == FUTURE_CANCELLED && f->result && is_exception(f->result)) {
        Value exc = f->result;
        f->result = 0; /* the second time it is a new error */
        return exc;
    }
    Value message = cancel_message(f);
    if (message && is_none(message))
        message = 0;
    return exception_new(vm, async_state(vm)->cancelled_error, &message, message != 0);
}

Value future_result(VM *vm, Value self) {
    Future *f = as_future(self);
    if (f->state == FUTURE_PENDING)
        return raise_invalid(vm, "Result is not set.");
    if (f->state == FUTURE_CANCELLED) {
        Value exc = future_cancelled_error(vm, f);
        if (exc)
            raise_object(vm, exc);
        decref(vm, exc);
        return VALUE_ERROR;
    }
    f->flags &= (uint8_t)~FUTURE_LOG;
    if (!(f->flags & FUTURE_FAILED))
        return incref(f->result);
    if (!is_tuple(f->result))
        return raise_object(vm, f->result);
    /* raised with the traceback that it had when it was set; later times with none */
    Tuple *pair = as_tuple(f->result);
    Value exc = incref(pair->items[0]), traceback = pair->items[1];
    pair->items[1] = VALUE_NONE;
    set_owned(vm, &as_exception(exc)->traceback, is_none(traceback) ? 0 : traceback);
    raise_object(vm, exc);
    decref(vm, exc);
    return VALUE_ERROR;
}

bool future_set_result(VM *vm, Value self, Value result) {
    Future *f = as_future(self);
    if (!future_check(vm, f))
        return false;
    if (f->state != FUTURE_PENDING)
        return raise_invalid(vm, "invalid state");
    f->state = FUTURE_FINISHED;
    set_owned(vm, &f->result, incref(result));
    return schedule_all(vm, self);
}

/* The instance that set_exception(exc) stands for; owned. */
static Value exception_instance(VM *vm, Value exc) {
    Value made;
    if (is_type(exc) && type_is_subtype(as_type(exc), vm->exc.BaseException)) {
        if (!(made = call0(vm, exc)))
            return VALUE_ERROR;
    } else {
        made = incref(exc);
    }
    if (!is_exception(made)) {
        decref(vm, made);
        return raise_type(vm, "invalid exception object");
    }
    if (!exception_is(vm, made, vm->exc.StopIteration))
        return made;
    raise_runtime(vm, "StopIteration interacts badly with generators and cannot be raised into a Future");
    Value other = error_take(vm);
    if (other && is_exception(other)) {
        set_owned(vm, &as_exception(other)->cause, incref(made));
        set_owned(vm, &as_exception(other)->context, incref(made));
        as_exception(other)->suppress_context = true;
    }
    decref(vm, made);
    return other;
}

bool future_set_exception(VM *vm, Value self, Value exc) {
    Future *f = as_future(self);
    if (!future_check(vm, f))
        return false;
    if (f->state != FUTURE_PENDING)
        return raise_invalid(vm, "invalid state");
    Value instance = exception_instance(vm, exc);
    if (!instance)
        return false;
    Value traceback = as_exception(instance)->traceback;
    Value pair = tuple_pack(vm, 2, instance, traceback ? traceback : VALUE_NONE);
    decref(vm, instance);
    if (!pair)
        return false;
    if (f->state != FUTURE_PENDING) {
        decref(vm, pair);
        return raise_invalid(vm, "invalid state");
    }
    f->state = FUTURE_FINISHED;
    f->flags |= FUTURE_LOG | FUTURE_FAILED;
    set_owned(vm, &f->result, pair);
    return schedule_all(vm, self);
}

bool future_fail(VM *vm, Value self, Value exc) {
    if (future_set_exception(vm, self, exc))
        return true;
    Future *f = as_future(self);
    if (!error_matches(vm, vm->exc.MemoryError) || f->state != FUTURE_PENDING)
        return false;
    Value shortage = error_take(vm);
    bool other = is_exception(exc) && !exception_is(vm, exc, vm->exc.StopIteration);
    f->state = FUTURE_FINISHED;
    f->flags |= FUTURE_LOG | FUTURE_FAILED;
    set_owned(vm, &f->result, other ? incref(exc) : incref(shortage));
    decref(vm, shortage);
    return schedule_all(vm, self);
}

bool future_cancel(VM *vm, Value self, Value message) {
    Future *f = as_future(self);
    f->flags &= (uint8_t)~FUTURE_LOG;
    if (f->state != FUTURE_PENDING)
        return false;
    f->state = FUTURE_CANCELLED;
    set_owned(vm, &f->result, incref(message));
    return schedule_all(vm, self);
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static Value method_result(NATIVE_ARGS) {
    return as_future(self)->loop ? future_result(vm, self) : raise_invalid(vm, "Future object is not initialized.");
}

static Value method_exception(NATIVE_ARGS) {
    Future *f = as_future(self);
    if (!f->loop)
        return raise_invalid(vm, "Future object is not initialized.");
    if (f->state == FUTURE_CANCELLED)
        return future_result(vm, self);
    if (f->state == FUTURE_PENDING)
        return raise_invalid(vm, "Exception is not set.");
    f->flags &= (uint8_t)~FUTURE_LOG;
    return f->flags & FUTURE_FAILED ? incref(future_exception_of(f)) : VALUE_NONE;
}

static Value method_set_result(NATIVE_ARGS) {
    return future_set_result(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value method_set_exception(NATIVE_ARGS) {
    return future_set_exception(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value method_add_done_callback(NATIVE_ARGS) {
    Value v[2] = {0};
    if (nargs != 1)
        return raise_type(vm, "add_done_callback() takes exactly 1 positional argument (%u given)", nargs);
    if (kwnames &&
        !native_bind(vm, "add_done_callback", "fn, /, *, context=<unrepresentable>", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    if (!future_check(vm, as_future(self)))
        return VALUE_ERROR;
    Value context = v[1];
    if (!context_argument(vm, &context))
        return VALUE_ERROR;
    return future_add_callback(vm, self, args[0], context) ? VALUE_NONE : VALUE_ERROR;
}

/* Is that entry what the argument of remove_done_callback means? 1, 0, -1. */
static int callback_equals(VM *vm, FutureCallback entry, Value fn) {
    if (!is_none(entry.context))
        return value_equal(vm, entry.fn, fn);
    Value method = waiter_method(vm, entry.fn);
    int equal = method ? value_equal(vm, method, fn) : -1;
    decref(vm, method);
    return equal;
}

static Value method_remove_done_callback(NATIVE_ARGS) {
    Future *f = as_future(self);
    if (!future_check(vm, f))
        return VALUE_ERROR;
    if (f->waiters == 0)
        return from_small_int(0);
    FutureCallbacks *c = callbacks_of(f->waiters);
    uint32_t n = c ? c->count : 1;
    int64_t removed = 0;
    /* comparing may run scripts that add and remove: walk by index over what is there now */
    for (uint32_t i = 0; i < n;) {
        c = callbacks_of(f->waiters);
        if (f->waiters == 0 || i >= (c ? c->count : 1))
            break;
        FutureCallback entry = c ? c->items[i] : (FutureCallback){f->waiters, VALUE_NONE};
        incref(entry.fn);
        incref(entry.context);
        int equal = callback_equals(vm, entry, args[0]);
        c = callbacks_of(f->waiters);
        bool there = c ? i < c->count && c->items[i].fn == entry.fn : f->waiters == entry.fn && i == 0;
        if (equal > 0 && there) {
            removed++;
            n--;
            if (c) {
                memmove(&c->items[i], &c->items[i + 1], (c->count - i - 1) * sizeof(FutureCallback));
                c->count--;
            }
            if (!c || c->count == 0) {
                if (c)
                    mem_free(vm, c, callbacks_size(c->cap));
                f->waiters = 0;
            }
            decref(vm, entry.fn);
            decref(vm, entry.context);
        } else {
            i++;
        }
        decref(vm, entry.fn);
        decref(vm, entry.context);
        if (equal < 0)
            return VALUE_ERROR;
    }
    return from_small_int(removed);
}

static Value method_cancel(NATIVE_ARGS) {
    if (!future_check(vm, as_future(self)))
        return VALUE_ERROR;
    bool cancelled = future_cancel(vm, self, args[0] && !is_none(args[0]) ? args[0] : 0);
    return error_pending(vm) ? VALUE_ERROR : from_bool(cancelled);
}

static Value method_cancelled(NATIVE_ARGS) { return from_bool(as_future(self)->state == FUTURE_CANCELLED); }
static Value method_done(NATIVE_ARGS) { return from_bool(as_future(self)->state != FUTURE_PENDING); }
static Value method_get_loop(NATIVE_ARGS) {
    return future_check(vm, as_future(self)) ? incref(as_future(self)->loop) : VALUE_ERROR;
}
static Value method_make_cancelled_error(NATIVE_ARGS) { return future_cancelled_error(vm, as_future(self)); }

const MethodSpec future_methods[] = {
    {"result", method_result, "", "The result, or raises the exception; InvalidStateError while it is pending.", 0},
    {"exception", method_exception, "", "The exception that was set, or None.", 0},
    {"set_result", method_set_result, "result, /", "Marks the future done with a result.", 0},
    {"set_exception", method_set_exception, "exception, /", "Marks the future done with an exception.", 0},
    {"add_done_callback", method_add_done_callback, "fn, /, *, context=<unrepresentable>",
     "Has fn(future) called by the loop when the future is done.", METHOD_RAW},
    {"remove_done_callback", method_remove_done_callback, "fn, /",
     "Removes a callback; returns how often it was there.", 0},
    {"cancel", method_cancel, "msg=None", "Cancels the future; False if it is done already.", 0},
    {"cancelled", method_cancelled, "", "Whether it was cancelled.", 0},
    {"done", method_done, "", "Whether it has a result or an exception or was cancelled.", 0},
    {"get_loop", method_get_loop, "", "The loop it belongs to.", 0},
    {"_make_cancelled_error", method_make_cancelled_error, "", "The CancelledError to raise for it.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

/* ---- attributes ------------------------------------------------------------------------------------------------ */

static Value get_state(VM *vm, Value self) {
    static const char *const names[] = {"PENDING", "CANCELLED", "FINISHED"};
    return str_intern_c(vm, names[as_future(self)->state]);
}
static Value get_blocking(VM *vm, Value self) { return from_bool(as_future(self)->flags & FUTURE_BLOCKING); }
static bool set_blocking(VM *vm, Value self, Value value) {
    if (!value)
        return raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
    int on = truth(vm, value);
    if (on < 0)
        return false;
    Future *f = as_future(self);
    f->flags = (uint8_t)(on ? f->flags | FUTURE_BLOCKING : f->flags & ~FUTURE_BLOCKING);
    return true;
}
static Value get_log(VM *vm, Value self) { return from_bool((as_future(self)->flags & FUTURE_LOG) != 0); }
static bool set_log(VM *vm, Value self, Value value) {
    if (!value)
        return raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
    int on = truth(vm, value);
    if (on > 0)
        return raise_value(vm, "_log_traceback can only be set to False");
    as_future(self)->flags &= (uint8_t)~FUTURE_LOG;
    return on == 0;
}
static Value get_loop(VM *vm, Value self) {
    Value loop = as_future(self)->loop;
    return loop ? incref(loop) : VALUE_NONE;
}
static Value get_result(VM *vm, Value self) {
    Future *f = as_future(self);
    return f->state == FUTURE_FINISHED && !(f->flags & FUTURE_FAILED) ? incref(f->result) : VALUE_NONE;
}
static Value get_exception(VM *vm, Value self) {
    Future *f = as_future(self);
    return f->flags & FUTURE_FAILED ? incref(future_exception_of(f)) : VALUE_NONE;
}
static Value get_cancel_message(VM *vm, Value self) {
    Value message = cancel_message(as_future(self));
    return message ? incref(message) : VALUE_NONE;
}
static bool set_cancel_message(VM *vm, Value self, Value value) {
    Future *f = as_future(self);
    if (!value)
        return raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
    if (f->state != FUTURE_FINISHED)
        set_owned(vm, &f->result, incref(value));
    return true;
}

static Value callback_pair(VM *vm, FutureCallback entry) {
    Value fn = incref(entry.fn), context = incref(entry.context);
    if (is_none(entry.context)) {
        decref(vm, fn);
        fn = waiter_method(vm, entry.fn);
        Value empty = 0, shown = is_task(entry.fn) ? task_context(vm, entry.fn) : context_thaw(vm, &empty);
        context = shown ? incref(shown) : VALUE_ERROR;
        decref(vm, empty);
    } else if (!context_thaw(vm, &context)) {
        decref(vm, context);
        context = 0;
    }
    Value pair = fn && context ? tuple_pack(vm, 2, fn, context) : VALUE_ERROR;
    decref(vm, fn);
    decref(vm, context);
    return pair;
}

static Value get_callbacks(VM *vm, Value self) {
    Future *f = as_future(self);
    FutureCallbacks *c = callbacks_of(f->waiters);
    if (f->waiters == 0)
        return VALUE_NONE;
    uint32_t n = c ? c->count : 1;
    Value list = list_new(vm, 0);
    for (uint32_t i = 0; list && i < n; i++) {
        Value pair = callback_pair(vm, c ? c->items[i] : (FutureCallback){f->waiters, VALUE_NONE});
        if (!pair || !list_append_steal(vm, list, pair)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
    }
    return list;
}

const GetSetSpec future_getset[] = {
    {"_state", get_state, NULL, NULL},
    {"_asyncio_future_blocking", get_blocking, set_blocking, NULL},
    {"_log_traceback", get_log, set_log, NULL},
    {"_loop", get_loop, NULL, NULL},
    {"_callbacks", get_callbacks, NULL, NULL},
    {"_result", get_result, NULL, NULL},
    {"_exception", get_exception, NULL, NULL},
    {"_source_traceback", source_get, NULL, NULL},
    {"_cancel_message", get_cancel_message, set_cancel_message, NULL},
    {0},
};

/* ---- the end --------------------------------------------------------------------------------------------------- */

/* "Future exception was never retrieved" */
static bool report_unretrieved(VM *vm, Value self) {
    Future *f = as_future(self);
    Value context = dict_new(vm), source = context ? source_get(vm, self) : VALUE_ERROR;
    Value text = source ? str_printf(vm, "%s exception was never retrieved", type_short_name(obj_type(&f->header)))
                        : VALUE_ERROR;
    bool ok = text && dict_set_c(vm, context, "message", text) &&
              dict_set_c(vm, context, "exception", future_exception_of(f)) &&
              dict_set_c(vm, context, "future", self) &&
              (is_none(source) || dict_set_c(vm, context, "source_traceback", source));
    decref(vm, text);
    decref(vm, source);
    if (!ok) {
        decref(vm, context);
        return false;
    }
    return async_report(vm, f->loop, &context);
}

void future_finalize(VM *vm, Value self) {
    Future *f = as_future(self);
    if (!(f->flags & FUTURE_LOG) || f->loop == 0 || vm->finalizing) /* then what reports it is gone */
        return;
    f->flags &= (uint8_t)~FUTURE_LOG;
    Value pending = error_take(vm);
    if (!report_unretrieved(vm, self))
        error_unraisable(vm, NULL, self);
    if (pending)
        raise_steal(vm, pending);
}

void future_clear(VM *vm, Object *self) {
    Future *f = (Future *)self;
    Value waiters = f->waiters, result = f->result;
    f->waiters = f->result = 0;
    f->flags &= (uint8_t) ~(FUTURE_FAILED | FUTURE_LOG);
    if (f->state == FUTURE_FINISHED)
        f->result = VALUE_NONE;
    callbacks_drop(vm, waiters);
    decref(vm, result);
    set_owned(vm, &f->loop, 0);
}

void future_drop(VM *vm, Object *self) { future_clear(vm, self); }

void future_traverse(Object *self, VisitFn visit, void *arg) {
    Future *f = (Future *)self;
    visit_value(f->loop, visit, arg);
    visit_value(f->result, visit, arg);
    FutureCallbacks *c = callbacks_of(f->waiters);
    if (!c) {
        visit_value(f->waiters, visit, arg);
        return;
    }
    for (uint32_t i = 0; i < c->count; i++) {
        visit_value(c->items[i].fn, visit, arg);
        visit_value(c->items[i].context, visit, arg);
    }
}

Value future_repr(VM *vm, Value self) {
    Value helper = async_helper(vm, "base_futures", "_future_repr");
    Value text = helper ? call1(vm, helper, self) : VALUE_ERROR;
    decref(vm, helper);
    return text;
}

const TypeSpec future_spec = {
    .name = "_asyncio.Future",
    .doc = "A result that will be there later; awaiting it waits for the result.",
    .signature = "*, loop=None",
    .size = sizeof(Future),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT | TYPE_IMMUTABLE | TYPE_SELF_AWAIT,
    .kind = KIND_OTHER,
    .slots = {.dealloc = future_drop,
              .clear = future_clear,
              .traverse = future_traverse,
              .finalize = future_finalize,
              .create = future_create,
              .init = future_init,
              .repr = future_repr,
              FUTURE_AWAIT_SLOTS},
    .methods = future_methods,
    .getset = future_getset,
};
