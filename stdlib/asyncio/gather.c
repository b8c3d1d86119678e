/* asyncio.gather(): the future of several others.
 *
 * A child that is a future of ours has the gathering future itself among its waiters, as it has a task that awaits
 * it. When the child is done it is appended to `order` and the gathering future is queued: each such entry takes one
 * child out again, one turn after the child was done, as a callback would. */
#include "stdlib/asyncio/asyncio.h"

#include "interp/generator.h"

#define SMALL 8 /* so many arguments are compared with each other rather than put into a dict */

typedef struct Gathering {
    Future future; /* without a loop until all children are known */
    Value children;
    Value *order; /* room for each distinct child: those done and not taken out yet, from `taken` to `ended` */
    uint32_t room, taken, ended;
    uint32_t distinct, finished;
    bool return_exceptions, cancel_requested;
    bool merged; /* an entry of the queue stands for more than one child */
} Gathering;

static Gathering *as_gathering(Value v) { return (Gathering *)as_obj(v); }

static bool is_native_future(VM *vm, Value v) { return future_is_native(async_state(vm), v); }

/* child.NAME(), owned */
static Value ask(VM *vm, Value child, const char *text) {
    Value name = str_intern_c(vm, text), r = name ? call_method0(vm, child, name) : VALUE_ERROR;
    decref(vm, name);
    return r;
}

static int ask_truth(VM *vm, Value child, const char *text) {
    Value v = ask(vm, child, text);
    int yes = v ? truth(vm, v) : -1;
    decref(vm, v);
    return yes;
}

/* ---- outcomes -------------------------------------------------------------------------------------------------- */

typedef enum Outcome { OUTCOME_ERROR, OUTCOME_RESULT, OUTCOME_FAILED, OUTCOME_CANCELLED } Outcome;

/* What a child has ended with; *out: result or exception, owned (0 for a cancelled one). It counts as retrieved. */
static Outcome outcome_of(VM *vm, Value child, Value *out) {
    *out = 0;
    if (likely(is_native_future(vm, child))) {
        Future *f = as_future(child);
        if (f->state == FUTURE_CANCELLED)
            return OUTCOME_CANCELLED;
        f->flags &= (uint8_t)~FUTURE_LOG;
        bool failed = f->flags & FUTURE_FAILED;
        *out = incref(failed ? future_exception_of(f) : f->result);
        return failed ? OUTCOME_FAILED : OUTCOME_RESULT;
    }
    int cancelled = ask_truth(vm, child, "cancelled");
    if (cancelled)
        return cancelled < 0 ? OUTCOME_ERROR : OUTCOME_CANCELLED;
    Value exc = ask(vm, child, "exception");
    if (!exc)
        return OUTCOME_ERROR;
    if (is_none(exc)) {
        *out = ask(vm, child, "result");
        return *out ? OUTCOME_RESULT : OUTCOME_ERROR;
    }
    *out = exc;
    return OUTCOME_FAILED;
}

static Value cancelled_error_of(VM *vm, Value child) {
    return is_native_future(vm, child) ? future_cancelled_error(vm, as_future(child))
                                       : ask(vm, child, "_make_cancelled_error");
}

/* The gathering future fails; exc: consumed, 0: the pending exception. */
static bool fail(VM *vm, Value self, Value exc) {
    if (!exc)
        exc = error_take(vm);
    bool ok = future_fail(vm, self, exc);
    decref(vm, exc);
    return ok;
}

/* What stands in the list of results; owned. */
static Value item_of(VM *vm, Value child) {
    Value out;
    Outcome outcome = outcome_of(vm, child, &out);
    if (outcome != OUTCOME_CANCELLED)
        return out;
    Value message = attr_get_c(vm, child, "_cancel_message");
    if (message && is_none(message))
        message = str_from_c(vm, "");
    Value exc = message ? exception_new(vm, async_state(vm)->cancelled_error, &message, 1) : VALUE_ERROR;
    decref(vm, message);
    return exc;
}

static bool finish(VM *vm, Value self) {
    List *children = as_list(as_gathering(self)->children);
    Value list = list_new(vm, 0);
    for (size_t i = 0; list && i < children->len; i++) {
        Value item = item_of(vm, children->items[i]);
        if (!item || !list_append_steal(vm, list, item)) {
            decref(vm, list);
            list = 0;
        }
    }
    if (!list)
        return fail(vm, self, 0);
    bool ok = future_set_result(vm, self, list);
    decref(vm, list);
    return ok;
}

static bool child_done(VM *vm, Value self, Value child) {
    Gathering *g = as_gathering(self);
    g->finished++;
    Value out;
    if (g->future.state != FUTURE_PENDING || !g->future.loop) { /* nobody else will ask for it */
        Outcome outcome = outcome_of(vm, child, &out);
        decref(vm, out);
        return outcome != OUTCOME_ERROR;
    }
    if (!g->return_exceptions) {
        Outcome outcome = outcome_of(vm, child, &out);
        if (outcome == OUTCOME_ERROR)
            return false;
        if (outcome == OUTCOME_CANCELLED)
            return fail(vm, self, cancelled_error_of(vm, child));
        if (outcome == OUTCOME_FAILED)
            return fail(vm, self, out);
        decref(vm, out);
    }
    if (g->finished < g->distinct)
        return true;
    return g->cancel_requested ? fail(vm, self, cancelled_error_of(vm, child)) : finish(vm, self);
}

/* ---- the queue ------------------------------------------------------------------------------------------------- */

void gather_note(Value self, Value child) {
    Gathering *g = as_gathering(self);
    g->order[g->ended++] = incref(child);
}

void gather_merge(Value self) { as_gathering(self)->merged = true; }

Value gather_first(Value self) {
    Gathering *g = as_gathering(self);
    return g->taken < g->ended ? g->order[g->taken] : VALUE_NONE;
}

bool gather_run(VM *vm, Value self) {
    Gathering *g = as_gathering(self);
    bool ok = true;
    do {
        if (g->taken == g->ended)
            return true; /* its entry was merged with an earlier one */
        Value child = g->order[g->taken++];
        ok = child_done(vm, self, child);
        decref(vm, child);
    } while (ok && g->merged);
    return ok;
}

static Value done_callback(NATIVE_ARGS) { return child_done(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR; }

Value gather_callback(VM *vm, Value self) {
    static const MethodSpec spec = {"_done_callback", done_callback, "fut, /", NULL, 0};
    return native_new(vm, &spec, self, obj_type(as_obj(self)), 0);
}

/* ---- the children ---------------------------------------------------------------------------------------------- */

static bool is_coroutine(Value v) {
    return has_kind(v, KIND_GENERATOR) &&
           (as_generator(v)->frame.code->flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE));
}

/* ensure_future(arg, loop=loop); loop: None or given. Owned. */
static Value future_of(VM *vm, Value arg, Value loop) {
    if (is_none(loop) && is_native_future(vm, arg))
        return incref(arg);
    Value running = is_none(loop) ? running_loop(vm) : loop;
    if (running && is_coroutine(arg) && is_loop(running) && (loop_natives(vm, as_loop(running)) & LOOP_CREATE_TASK)) {
        Value args[3] = {arg, 0, 0};
        return loop_method_create_task(vm, running, args, 1, 0);
    }
    Value helper = async_helper(vm, "tasks", "ensure_future"), name = helper ? str_intern_c(vm, "loop") : VALUE_ERROR;
    Value names = name ? tuple_pack(vm, 1, name) : VALUE_ERROR, given[2] = {arg, loop};
    Value future = names ? call(vm, helper, given, 1, names) : VALUE_ERROR;
    decref(vm, names);
    decref(vm, name);
    decref(vm, helper);
    return future;
}

/* The future that an equal argument before the i-th has become: borrowed; 0: none (or, pending, an exception). */
static Value known(VM *vm, Gathering *g, Tuple *args, size_t i, Value dict) {
    if (dict)
        return dict_get(vm, dict, args->items[i]);
    for (size_t k = 0; k < i; k++)
        if (args->items[k] == args->items[i])
            return as_list(g->children)->items[k];
    return 0;
}

/* Are they few, and each equal to nothing but itself? */
static bool compare_by_identity(VM *vm, Tuple *args) {
    if (args->len > SMALL)
        return false;
    for (size_t i = 0; i < args->len; i++)
        if (!is_coroutine(args->items[i]) && !is_native_future(vm, args->items[i]))
            return false;
    return true;
}

static int is_done(VM *vm, Value future) {
    return is_native_future(vm, future) ? as_future(future)->state != FUTURE_PENDING : ask_truth(vm, future, "done");
}

static bool set_hush(VM *vm, Value task) {
    Value name = str_intern_c(vm, "_log_destroy_pending");
    bool ok = name && attr_set(vm, task, name, VALUE_FALSE);
    decref(vm, name);
    return ok;
}

/* The future is a child from now on; those done already are told of at the end, in `done`. */
static bool watch(VM *vm, Value self, Value future, Value arg, Value done) {
    as_gathering(self)->distinct++;
    if (future != arg) { /* it is ours and hidden in the result: dropping that drops it without a message */
        if (is_task(future))
            as_future(future)->flags |= TASK_HUSH;
        else if (!set_hush(vm, future))
            return false;
    }
    int is = is_done(vm, future);
    if (is)
        return is > 0 && list_append(vm, done, future);
    if (is_native_future(vm, future))
        return future_add_callback(vm, future, self, VALUE_NONE);
    Value callback = gather_callback(vm, self), fn = callback ? attr_get_c(vm, future, "add_done_callback") : 0;
    Value r = fn ? call1(vm, fn, callback) : VALUE_ERROR;
    decref(vm, fn);
    decref(vm, callback);
    decref(vm, r);
    return r != 0;
}

static bool add_children(VM *vm, Value self, Tuple *args, Value *loop, Value dict, Value done) {
    Gathering *g = as_gathering(self);
    for (size_t i = 0; i < args->len; i++) {
        Value arg = args->items[i], before = known(vm, g, args, i, dict);
        if (error_pending(vm))
            return false;
        if (before) {
            if (!list_append(vm, g->children, before))
                return false;
            continue;
        }
        Value future = future_of(vm, arg, *loop);
        bool ok = future && list_append(vm, g->children, future) && (!dict || dict_set(vm, dict, arg, future));
        if (ok && is_none(*loop)) {
            Value its = future_loop_of(vm, future);
            ok = its != 0;
            *loop = ok ? its : VALUE_NONE;
        }
        ok = ok && watch(vm, self, future, arg, done);
        decref(vm, future);
        if (!ok)
            return false;
    }
    return true;
}

static bool fill(VM *vm, Value self, Tuple *args, Value loop) {
    Gathering *g = as_gathering(self);
    incref(loop);
    bool identity = compare_by_identity(vm, args);
    Value done = list_new(vm, 0), dict = identity || !done ? 0 : dict_new(vm);
    g->children = list_new(vm, 0);
    g->order = mem_alloc(vm, args->len * sizeof *g->order);
    g->room = g->order ? (uint32_t)args->len : 0;
    bool ok = done && (identity || dict) && g->children && g->order &&
              add_children(vm, self, args, &loop, dict, done) && future_setup(vm, &g->future, loop);
    for (size_t i = 0; ok && i < as_list(done)->len; i++)
        ok = child_done(vm, self, as_list(done)->items[i]);
    decref(vm, dict);
    decref(vm, done);
    decref(vm, loop);
    return ok;
}

/* args: (tuple of awaitables, return_exceptions, loop or None) */
Value gather_new(NATIVE_ARGS) {
    int keep = truth(vm, args[1]);
    if (keep < 0)
        return VALUE_ERROR;
    if (!is_tuple(args[0]) || as_tuple(args[0])->len > UINT32_MAX)
        return raise_type(vm, "a tuple of awaitables is needed, not '%T'", args[0]);
    Gathering *g = object_alloc(vm, async_state(vm)->gathering, 0);
    if (!g)
        return VALUE_ERROR;
    g->return_exceptions = keep;
    if (fill(vm, from_obj(g), as_tuple(args[0]), args[2]))
        return from_obj(g);
    obj_decref(vm, &g->future.header);
    return VALUE_ERROR;
}

/* ---- the type -------------------------------------------------------------------------------------------------- */

/* Cancelling it cancels its children, and it ends when they have. A child may refuse or suppress that; the outcome is
 * still that of a cancelled gather(). */
int gather_cancel(VM *vm, Value self, Value message) {
    Gathering *g = as_gathering(self);
    if (g->future.state != FUTURE_PENDING || !g->children)
        return 0;
    int cancelled = 0;
    for (size_t i = 0; cancelled >= 0 && i < as_list(g->children)->len; i++) {
        Value child = incref(as_list(g->children)->items[i]);
        int one = future_cancel_any(vm, child, message);
        decref(vm, child);
        cancelled = one < 0 ? -1 : cancelled | one;
    }
    if (cancelled > 0)
        g->cancel_requested = true;
    return cancelled;
}

static Value method_cancel(NATIVE_ARGS) {
    if (!future_check(vm, as_future(self)) || !native_enter(vm, ""))
        return VALUE_ERROR;
    int cancelled = gather_cancel(vm, self, args[0] && !is_none(args[0]) ? args[0] : 0);
    native_leave(vm);
    return cancelled < 0 ? VALUE_ERROR : from_bool(cancelled);
}

static Value get_children(VM *vm, Value self) {
    Value children = as_gathering(self)->children;
    return children ? incref(children) : VALUE_NONE;
}
static Value get_cancel_requested(VM *vm, Value self) { return from_bool(as_gathering(self)->cancel_requested); }

static const MethodSpec gathering_methods[] = {
    {"cancel", method_cancel, "msg=None", "Cancels the children; False if all of them are done.", 0},
    {0},
};
static const GetSetSpec gathering_getset[] = {
    {"_children", get_children, NULL, NULL},
    {"_cancel_requested", get_cancel_requested, NULL, NULL},
    {0},
};

static void clear(VM *vm, Object *self) {
    Gathering *g = (Gathering *)self;
    future_clear(vm, self);
    while (g->taken < g->ended)
        decref(vm, g->order[g->taken++]);
    set_owned(vm, &g->children, 0);
}

static void dealloc(VM *vm, Object *self) {
    Gathering *g = (Gathering *)self;
    clear(vm, self);
    mem_free(vm, g->order, g->room * sizeof *g->order);
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    Gathering *g = (Gathering *)self;
    future_traverse(self, visit, arg);
    visit_value(g->children, visit, arg);
    for (uint32_t i = g->taken; i < g->ended; i++)
        visit_value(g->order[i], visit, arg);
}

const TypeSpec gathering_spec = {
    .name = "asyncio.tasks._GatheringFuture",
    .doc = "The future that gather() returns.",
    .size = sizeof(Gathering),
    .flags = TYPE_GC | TYPE_HAS_DICT | TYPE_IMMUTABLE | TYPE_SELF_AWAIT | TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {.dealloc = dealloc,
              .clear = clear,
              .traverse = traverse,
              .finalize = future_finalize,
              .repr = future_repr,
              FUTURE_AWAIT_SLOTS},
    .methods = gathering_methods,
    .getset = gathering_getset,
};
