/* Handles: calls that the loop is to make, now or later, and that can be cancelled. */
#include "stdlib/asyncio/asyncio.h"

/* ---- making ---------------------------------------------------------------------------------------------------- */

static void set_args(VM *vm, Handle *h, Value *args, size_t nargs) {
    if (nargs == 1) {
        h->args = incref(args[0]);
        h->single = true;
    } else if (nargs > 1) {
        h->args = tuple_from_array(vm, args, nargs);
    }
}

Value handle_new(VM *vm, Type *type, Value loop, Value callback, Value *args, size_t nargs, Value context) {
    Handle *h = object_alloc(vm, type, 0);
    if (!h) {
        decref(vm, context);
        return VALUE_ERROR;
    }
    h->context = context;
    h->loop = incref(loop);
    h->callback = incref(callback);
    set_args(vm, h, args, nargs);
    if ((nargs > 1 && !h->args) ||
        (is_loop(loop) && as_loop(loop)->debug && !(h->source_traceback = async_stack(vm)))) {
        obj_decref(vm, &h->header);
        return VALUE_ERROR;
    }
    return from_obj(h);
}

/* 1, 0, -1; the loop may be another one than ours, or 0. */
static int in_debug_mode(VM *vm, Value loop) {
    if (!loop || is_loop(loop))
        return loop && as_loop(loop)->debug;
    Value name = str_intern_c(vm, "get_debug"), debug = name ? call_method0(vm, loop, name) : VALUE_ERROR;
    decref(vm, name);
    int on = debug ? truth(vm, debug) : -1;
    decref(vm, debug);
    return on;
}

/* Handle(callback, args, loop, context=None) of a script; v: callback, args, loop, context. */
static bool setup(VM *vm, Handle *h, Value *v) {
    Value context = v[3];
    if (!context_argument(vm, &context))
        return false;
    set_owned(vm, &h->context, context);
    Value args = tuple_from_iterable(vm, v[1]);
    if (!args)
        return false;
    h->single = false;
    set_owned(vm, &h->args, args);
    set_owned(vm, &h->callback, incref(v[0]));
    set_owned(vm, &h->loop, incref(v[2]));
    int on = in_debug_mode(vm, v[2]);
    if (on > 0) {
        Value stack = async_stack(vm);
        set_owned(vm, &h->source_traceback, stack);
        return stack != 0;
    }
    return on == 0;
}

static Value handle_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Handle *h = object_alloc(vm, type, 0);
    if (h) {
        h->callback = VALUE_NONE;
        h->when = type->spec == &timer_handle_spec ? VALUE_NONE : 0;
    }
    return from_obj(h);
}

static bool handle_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[4] = {0};
    return native_bind(vm, "Handle.__init__", "callback, args, loop, context=None", args, nargs, kwnames, v, 4) &&
           setup(vm, as_handle(self), v);
}

static bool timer_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[5] = {0};
    if (!native_bind(vm, "TimerHandle.__init__", "when, callback, args, loop, context=None", args, nargs, kwnames, v,
                     5))
        return false;
    set_owned(vm, &as_handle(self)->when, incref(v[0]));
    return setup(vm, as_handle(self), v + 1);
}

/* ---- running --------------------------------------------------------------------------------------------------- */

static Value args_tuple(VM *vm, Handle *h) {
    return h->single ? tuple_pack(vm, 1, h->args) : h->args ? incref(h->args) : incref(vm->empty_tuple);
}

/* The callback as reports show it: "name() at file:line", with the arguments in debug mode. */
static Value callback_text(VM *vm, Handle *h) {
    int debug = in_debug_mode(vm, h->loop);
    if (debug < 0)
        return VALUE_ERROR;
    Value helper = async_helper(vm, "format_helpers", "_format_callback_source");
    Value args = helper ? args_tuple(vm, h) : VALUE_ERROR, name = args ? str_intern_c(vm, "debug") : VALUE_ERROR;
    Value names = name ? tuple_pack(vm, 1, name) : VALUE_ERROR, given[3] = {h->callback, args, from_bool(debug)};
    Value text = names ? call(vm, helper, given, 2, names) : VALUE_ERROR;
    decref(vm, names);
    decref(vm, name);
    decref(vm, args);
    decref(vm, helper);
    return text;
}

bool handle_report(VM *vm, Value self) {
    Handle *h = as_handle(self);
    Value exc = error_take(vm);
    if (!h->loop || exception_is(vm, exc, vm->exc.SystemExit) || exception_is(vm, exc, vm->exc.KeyboardInterrupt)) {
        raise_steal(vm, exc);
        return false;
    }
    Value shown = callback_text(vm, h),
          text = shown ? str_printf(vm, "Exception in callback %S", shown) : VALUE_ERROR;
    Value context = text ? dict_new(vm) : VALUE_ERROR, loop = incref(h->loop);
    bool ok = context && dict_set_c(vm, context, "message", text) && dict_set_c(vm, context, "exception", exc) &&
              dict_set_c(vm, context, "handle", self) &&
              (!h->source_traceback || dict_set_c(vm, context, "source_traceback", h->source_traceback));
    if (ok) { /* the handler runs where the exception is handled */
        Thread *t = vm->thread;
        HandledItem handling = {exc, t->handled};
        t->handled = &handling;
        ok = async_report(vm, loop, &context);
        t->handled = handling.previous;
    }
    decref(vm, loop);
    decref(vm, context);
    decref(vm, text);
    decref(vm, shown);
    decref(vm, exc);
    return ok;
}

bool handle_run(VM *vm, Value self) {
    Handle *h = as_handle(self);
    Value callback = incref(h->callback), args = incref(h->args), saved;
    bool ok = contextvars_enter(vm, h->context, &saved);
    if (likely(ok)) {
        Value r;
        if (h->single)
            r = call(vm, callback, &args, 1, 0);
        else if (args)
            r = call(vm, callback, as_tuple(args)->items, as_tuple(args)->len, 0);
        else
            r = call(vm, callback, NULL, 0, 0);
        contextvars_leave(vm, &h->context, saved);
        ok = r != 0;
        decref(vm, r);
    }
    decref(vm, args);
    decref(vm, callback);
    return likely(ok) || handle_report(vm, self);
}

static Value handle_repr(VM *vm, Value self);

/* Loops that are not ours count the timers that were cancelled by themselves. */
static bool tell_other_loop(VM *vm, Value self) {
    Value loop = as_handle(self)->loop;
    if (!loop || is_none(loop) || is_loop(loop))
        return true;
    Value name = str_intern_c(vm, "_timer_handle_cancelled"),
          r = name ? call_method1(vm, loop, name, self) : VALUE_ERROR;
    decref(vm, name);
    decref(vm, r);
    return r != 0;
}

bool handle_cancel(VM *vm, Value self) {
    Handle *h = as_handle(self);
    if (h->cancelled)
        return true;
    if (h->when && !tell_other_loop(vm, self))
        return false;
    int debug = in_debug_mode(vm, h->loop);
    if (debug < 0)
        return false;
    if (debug) { /* its text while there is still something to show */
        h->cancelled = true;
        Value text = handle_repr(vm, self);
        h->cancelled = false;
        if (!text)
            return false;
        set_owned(vm, &h->text, text);
    }
    h->cancelled = true;
    if (h->scheduled && is_loop(h->loop))
        as_loop(h->loop)->timers.cancelled++;
    Value callback = h->callback, args = h->args;
    h->callback = VALUE_NONE;
    h->args = 0;
    h->single = false;
    decref(vm, callback);
    decref(vm, args);
    return true;
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static Value method_cancel(NATIVE_ARGS) { return handle_cancel(vm, self) ? VALUE_NONE : VALUE_ERROR; }
static Value method_cancelled(NATIVE_ARGS) { return from_bool(as_handle(self)->cancelled); }
static Value method_get_context(NATIVE_ARGS) { return incref(context_thaw(vm, &as_handle(self)->context)); }
static Value method_run(NATIVE_ARGS) { return handle_run(vm, self) ? VALUE_NONE : VALUE_ERROR; }
static Value method_when(NATIVE_ARGS) { return incref(as_handle(self)->when); }

static bool add_part(VM *vm, Value list, Value part) { return part && list_append_steal(vm, list, part); }

/* The parts of the repr, as a list: a method, because subclasses add theirs. */
static Value repr_info(NATIVE_ARGS) {
    Handle *h = as_handle(self);
    Value list = list_new(vm, 0);
    bool ok = list && add_part(vm, list, str_from_c(vm, type_short_name(obj_type(&h->header))));
    if (ok && h->cancelled)
        ok = add_part(vm, list, str_from_c(vm, "cancelled"));
    if (ok && h->when)
        ok = add_part(vm, list, str_printf(vm, "when=%S", h->when));
    if (ok && !is_none(h->callback))
        ok = add_part(vm, list, callback_text(vm, h));
    if (ok && h->source_traceback) {
        Value last = list_getitem_index(vm, h->source_traceback, -1), zero = from_small_int(0),
              one = from_small_int(1);
        Value file = last ? item_get(vm, last, zero) : VALUE_ERROR,
              line = file ? item_get(vm, last, one) : VALUE_ERROR;
        ok = line && add_part(vm, list, str_printf(vm, "created at %S:%S", file, line));
        decref(vm, file);
        decref(vm, line);
        decref(vm, last);
    }
    if (ok)
        return list;
    decref(vm, list);
    return VALUE_ERROR;
}

static Value handle_repr(VM *vm, Value self) {
    Handle *h = as_handle(self);
    if (h->text)
        return incref(h->text);
    Value name = str_intern_c(vm, "_repr_info"), info = name ? call_method0(vm, self, name) : VALUE_ERROR;
    decref(vm, name);
    Value list = info ? list_from_iterable(vm, info) : VALUE_ERROR, space = list ? str_from_c(vm, " ") : VALUE_ERROR;
    Value body = space ? str_join(vm, space, as_list(list)->items, as_list(list)->len) : VALUE_ERROR;
    Value text = body ? str_printf(vm, "<%V>", body) : VALUE_ERROR;
    decref(vm, body);
    decref(vm, space);
    decref(vm, list);
    decref(vm, info);
    return text;
}

static const MethodSpec handle_methods[] = {
    {"cancel", method_cancel, "", "The call will not be made.", 0},
    {"cancelled", method_cancelled, "", "Whether it was cancelled.", 0},
    {"get_context", method_get_context, "", "The context of the call.", 0},
    {"_run", method_run, "", "Makes the call.", 0},
    {"_repr_info", repr_info, "", NULL, 0},
    {0},
};

static Value get_callback(VM *vm, Value self) { return incref(as_handle(self)->callback); }
static Value get_args(VM *vm, Value self) {
    return as_handle(self)->cancelled ? VALUE_NONE : args_tuple(vm, as_handle(self));
}
static Value get_cancelled(VM *vm, Value self) { return from_bool(as_handle(self)->cancelled); }
static Value get_loop(VM *vm, Value self) {
    Value loop = as_handle(self)->loop;
    return loop ? incref(loop) : VALUE_NONE;
}
static Value get_context(VM *vm, Value self) { return incref(context_thaw(vm, &as_handle(self)->context)); }
static Value get_source(VM *vm, Value self) {
    Value v = as_handle(self)->source_traceback;
    return v ? incref(v) : VALUE_NONE;
}
static Value get_text(VM *vm, Value self) {
    Value v = as_handle(self)->text;
    return v ? incref(v) : VALUE_NONE;
}
static Value get_when(VM *vm, Value self) { return incref(as_handle(self)->when); }
static Value get_scheduled(VM *vm, Value self) { return from_bool(as_handle(self)->scheduled); }

static const GetSetSpec handle_getset[] = {
    {"_callback", get_callback, NULL, NULL},       {"_args", get_args, NULL, NULL},
    {"_cancelled", get_cancelled, NULL, NULL},     {"_loop", get_loop, NULL, NULL},
    {"_context", get_context, NULL, NULL},         {"_repr", get_text, NULL, NULL},
    {"_source_traceback", get_source, NULL, NULL}, {0},
};

/* ---- timers ---------------------------------------------------------------------------------------------------- */

static bool timer_hash(VM *vm, Value self, int64_t *out) { return hash_value(vm, as_handle(self)->when, out); }

/* Equal in time, callback, arguments and state: 1, 0, -1. */
static int timers_equal(VM *vm, Handle *a, Handle *b) {
    int equal = value_equal(vm, a->when, b->when);
    if (equal > 0)
        equal = value_equal(vm, a->callback, b->callback);
    if (equal <= 0 || a->cancelled != b->cancelled)
        return equal < 0 ? -1 : 0;
    Value x = args_tuple(vm, a), y = x ? args_tuple(vm, b) : VALUE_ERROR;
    equal = y ? value_equal(vm, x, y) : -1;
    decref(vm, x);
    decref(vm, y);
    return equal;
}

static Value timer_compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!has_spec(a, &timer_handle_spec) || !has_spec(b, &timer_handle_spec))
        return VALUE_NOTIMPL;
    Handle *x = as_handle(a), *y = as_handle(b);
    if (op == CMP_LT || op == CMP_GT)
        return compare_rich(vm, x->when, y->when, op);
    if (op == CMP_LE || op == CMP_GE) {
        int before = compare_bool(vm, x->when, y->when, op == CMP_LE ? CMP_LT : CMP_GT);
        if (before)
            return before < 0 ? VALUE_ERROR : VALUE_TRUE;
    }
    int equal = timers_equal(vm, x, y);
    return equal < 0 ? VALUE_ERROR : from_bool(op == CMP_NE ? !equal : equal);
}

static const MethodSpec timer_methods[] = {
    {"when", method_when, "", "The time of the call, by the loop's clock.", 0},
    {0},
};
static const GetSetSpec timer_getset[] = {
    {"_when", get_when, NULL, NULL},
    {"_scheduled", get_scheduled, NULL, NULL},
    {0},
};

/* ---- the types ------------------------------------------------------------------------------------------------- */

static void clear(VM *vm, Object *self) {
    Handle *h = (Handle *)self;
    Value *fields[] = {&h->loop, &h->context, &h->args, &h->source_traceback, &h->text, &h->callback};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        set_owned(vm, fields[i], fields[i] == &h->callback ? VALUE_NONE : 0);
    h->single = false;
}

static void dealloc(VM *vm, Object *self) {
    clear(vm, self);
    decref(vm, ((Handle *)self)->when);
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    Handle *h = (Handle *)self;
    visit_value(h->loop, visit, arg);
    visit_value(h->callback, visit, arg);
    visit_value(h->context, visit, arg);
    visit_value(h->args, visit, arg);
    visit_value(h->source_traceback, visit, arg);
    visit_value(h->when, visit, arg);
}

const TypeSpec handle_spec = {
    .name = "asyncio.events.Handle",
    .doc = "A call that the loop will make, unless it is cancelled.",
    .signature = "callback, args, loop, context=None",
    .size = sizeof(Handle),
    .flags = TYPE_GC | TYPE_BASE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = dealloc,
              .clear = clear,
              .traverse = traverse,
              .create = handle_create,
              .init = handle_init,
              .repr = handle_repr},
    .methods = handle_methods,
    .getset = handle_getset,
};

const TypeSpec timer_handle_spec = {
    .name = "asyncio.events.TimerHandle",
    .doc = "A call that the loop will make at a certain time.",
    .signature = "when, callback, args, loop, context=None",
    .size = sizeof(Handle),
    .flags = TYPE_GC | TYPE_BASE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = dealloc,
              .clear = clear,
              .traverse = traverse,
              .create = handle_create,
              .init = timer_init,
              .hash = timer_hash,
              .compare = timer_compare},
    .methods = timer_methods,
    .getset = timer_getset,
};
