/* The native part of asyncio.Queue: everything but waiting, which the package does in put() and get().
 *
 * Subclasses of scripts redefine _init, _put, _get and now and then the rest; what they have redefined is called, the
 * rest is done here. */
#include "stdlib/asyncio/asyncio.h"

#include "stdlib/collections.h"

typedef struct Queue {
    Object header;
    Value maxsize;          /* any number; 0 until initialised, like all of these */
    Value items;            /* a deque, or what _init of a subclass has made */
    Value getters, putters; /* deques of futures */
    Value finished;         /* Event */
    Value loop;             /* that it belongs to, or 0 */
    int64_t unfinished;
    bool shut_down;
    Overrides own;
} Queue;

enum { QUEUE_SIZES = 1, QUEUE_PUT = 2, QUEUE_GET = 4, QUEUE_NOWAIT = 8, QUEUE_WAKE = 16, QUEUE_LOOP = 32 };

static Queue *as_queue(Value v) { return (Queue *)as_obj(v); }

/* QUEUE_*: what is not redefined. */
static uint8_t natives(VM *vm, Queue *q) {
    static const char *const names[] = {"qsize",      "empty",      "full",         "_put", "_get",
                                        "put_nowait", "get_nowait", "_wakeup_next", NULL};
    if (unlikely(!overrides_known(&q->own, &q->header))) {
        unsigned found = overrides_look(vm, &q->own, &q->header, async_state(vm)->queue, names);
        q->own.natives = (uint8_t)(((found & 7) == 7 ? QUEUE_SIZES : 0) | (found & 8 ? QUEUE_PUT : 0) |
                                   (found & 16 ? QUEUE_GET : 0) | ((found & 96) == 96 ? QUEUE_NOWAIT : 0) |
                                   (found & 128 ? QUEUE_WAKE : 0));
    }
    return q->own.natives;
}

static bool check(VM *vm, Queue *q) {
    return likely(q->finished != 0) ||
           raise_runtime(vm, "%s.__init__() was not called", type_short_name(obj_type(&q->header)));
}

static Value raise_of(VM *vm, const char *name) {
    Value type = async_helper(vm, "queues", name);
    if (type)
        raise_object(vm, type);
    decref(vm, type);
    return VALUE_ERROR;
}

static Value call_named(VM *vm, Value self, const char *text, Value arg) {
    Value name = str_intern_c(vm, text), r = VALUE_ERROR;
    if (name)
        r = arg ? call_method1(vm, self, name, arg) : call_method0(vm, self, name);
    decref(vm, name);
    return r;
}

/* ---- sizes ----------------------------------------------------------------------------------------------------- */

/* Number of items; -1 with an exception. */
static ssize_t count(VM *vm, Queue *q) {
    if (!check(vm, q))
        return -1;
    return likely(is_deque(vm, q->items)) ? (ssize_t)deque_len(q->items) : length(vm, q->items);
}

static int is_empty(VM *vm, Value self) {
    Queue *q = as_queue(self);
    if (likely(natives(vm, q) & QUEUE_SIZES)) {
        ssize_t n = count(vm, q);
        return n < 0 ? -1 : n == 0;
    }
    Value v = call_named(vm, self, "empty", 0);
    int yes = v ? truth(vm, v) : -1;
    decref(vm, v);
    return yes;
}

/* 0 < maxsize <= n: 1, 0, -1. */
static int reaches_limit(VM *vm, Queue *q, Value n) {
    if (likely(is_small_int(q->maxsize) && is_small_int(n)))
        return as_small_int(q->maxsize) > 0 && as_small_int(n) >= as_small_int(q->maxsize);
    int limited = compare_bool(vm, q->maxsize, from_small_int(0), CMP_GT);
    return limited > 0 ? compare_bool(vm, n, q->maxsize, CMP_GE) : limited;
}

static int native_full(VM *vm, Queue *q) {
    ssize_t n = count(vm, q);
    return n < 0 ? -1 : reaches_limit(vm, q, from_small_int(n));
}

static int is_full(VM *vm, Value self) {
    if (likely(natives(vm, as_queue(self)) & QUEUE_SIZES))
        return native_full(vm, as_queue(self));
    Value v = call_named(vm, self, "full", 0);
    int yes = v ? truth(vm, v) : -1;
    decref(vm, v);
    return yes;
}

static Value method_qsize(NATIVE_ARGS) {
    ssize_t n = count(vm, as_queue(self));
    return n < 0 ? VALUE_ERROR : int_from_ssize(vm, n);
}
static Value method_empty(NATIVE_ARGS) {
    ssize_t n = count(vm, as_queue(self));
    return n < 0 ? VALUE_ERROR : from_bool(n == 0);
}
static Value method_full(NATIVE_ARGS) {
    Queue *q = as_queue(self);
    int full;
    if (natives(vm, q) & QUEUE_SIZES) {
        full = native_full(vm, q);
    } else { /* perhaps a qsize() of its own */
        Value n = check(vm, q) ? call_named(vm, self, "qsize", 0) : VALUE_ERROR;
        full = n ? reaches_limit(vm, q, n) : -1;
        decref(vm, n);
    }
    return full < 0 ? VALUE_ERROR : from_bool(full);
}

/* ---- waiters --------------------------------------------------------------------------------------------------- */

static bool release(VM *vm, Value waiter, bool *released) {
    if (is_exact(waiter, async_state(vm)->future)) {
        *released = as_future(waiter)->state == FUTURE_PENDING;
        return !*released || future_set_result(vm, waiter, VALUE_NONE);
    }
    Value done = call_named(vm, waiter, "done", 0);
    int is = done ? truth(vm, done) : -1;
    decref(vm, done);
    *released = is == 0;
    if (is)
        return is > 0;
    Value r = call_named(vm, waiter, "set_result", VALUE_NONE);
    decref(vm, r);
    return r != 0;
}

/* Wakes the first that still waits. */
static bool wake_next(VM *vm, Value waiters) {
    bool released = false, ok = true;
    while (ok && !released && deque_len(waiters)) {
        Value waiter = deque_take_left(waiters);
        ok = release(vm, waiter, &released);
        decref(vm, waiter);
    }
    return ok;
}

static bool wake(VM *vm, Value self, Value waiters) {
    if (likely(natives(vm, as_queue(self)) & QUEUE_WAKE))
        return wake_next(vm, waiters);
    Value r = call_named(vm, self, "_wakeup_next", waiters);
    decref(vm, r);
    return r != 0;
}

static Value method_wakeup_next(NATIVE_ARGS) {
    if (is_deque(vm, args[0]))
        return wake_next(vm, args[0]) ? VALUE_NONE : VALUE_ERROR;
    return raise_type(vm, "a deque of futures is needed, not '%T'", args[0]);
}

/* ---- items ----------------------------------------------------------------------------------------------------- */

static Value method_put_item(NATIVE_ARGS) {
    Queue *q = as_queue(self);
    if (!check(vm, q))
        return VALUE_ERROR;
    if (likely(is_deque(vm, q->items)))
        return deque_add_right(vm, q->items, incref(args[0])) ? VALUE_NONE : VALUE_ERROR;
    Value r = call_named(vm, q->items, "append", args[0]);
    decref(vm, r);
    return r ? VALUE_NONE : VALUE_ERROR;
}

static Value method_get_item(NATIVE_ARGS) {
    Queue *q = as_queue(self);
    if (!check(vm, q))
        return VALUE_ERROR;
    if (likely(is_deque(vm, q->items) && deque_len(q->items)))
        return deque_take_left(q->items);
    return call_named(vm, q->items, "popleft", 0);
}

static bool add_item(VM *vm, Value self, Value item) {
    if (likely(natives(vm, as_queue(self)) & QUEUE_PUT))
        return method_put_item(vm, self, &item, 1, 0) != 0;
    Value r = call_named(vm, self, "_put", item);
    decref(vm, r);
    return r != 0;
}

static Value take_item(VM *vm, Value self) {
    if (likely(natives(vm, as_queue(self)) & QUEUE_GET))
        return method_get_item(vm, self, NULL, 0, 0);
    return call_named(vm, self, "_get", 0);
}

/* The item goes in, where there is room for it. */
static Value put_now(VM *vm, Value self, Value item) {
    Queue *q = as_queue(self);
    if (!add_item(vm, self, item))
        return VALUE_ERROR;
    if (q->unfinished == 0) {
        Value r = call_named(vm, q->finished, "clear", 0);
        decref(vm, r);
        if (!r)
            return VALUE_ERROR;
    }
    q->unfinished++;
    return wake(vm, self, q->getters) ? VALUE_NONE : VALUE_ERROR;
}

static Value get_now(VM *vm, Value self) {
    Value item = take_item(vm, self);
    if (!item || wake(vm, self, as_queue(self)->putters))
        return item;
    decref(vm, item);
    return VALUE_ERROR;
}

static Value method_put_nowait(NATIVE_ARGS) {
    Queue *q = as_queue(self);
    if (!check(vm, q))
        return VALUE_ERROR;
    if (q->shut_down)
        return raise_of(vm, "QueueShutDown");
    int full = is_full(vm, self);
    if (full)
        return full < 0 ? VALUE_ERROR : raise_of(vm, "QueueFull");
    return put_now(vm, self, args[0]);
}

static Value method_get_nowait(NATIVE_ARGS) {
    Queue *q = as_queue(self);
    if (!check(vm, q))
        return VALUE_ERROR;
    int empty = is_empty(vm, self);
    if (empty)
        return empty < 0 ? VALUE_ERROR : raise_of(vm, q->shut_down ? "QueueShutDown" : "QueueEmpty");
    return get_now(vm, self);
}

/* For put(): put_nowait(item), or the module's NOTHING while the queue is full. */
static Value method_offer(NATIVE_ARGS) {
    Queue *q = as_queue(self);
    int full = check(vm, q) ? is_full(vm, self) : -1;
    if (full < 0)
        return VALUE_ERROR;
    if (!full && likely(natives(vm, q) & QUEUE_NOWAIT))
        return q->shut_down ? raise_of(vm, "QueueShutDown") : put_now(vm, self, args[0]);
    if (!full)
        return call_named(vm, self, "put_nowait", args[0]);
    return q->shut_down ? raise_of(vm, "QueueShutDown") : incref(async_state(vm)->nothing);
}

/* For get(): get_nowait(), or NOTHING while the queue is empty. */
static Value method_take(NATIVE_ARGS) {
    Queue *q = as_queue(self);
    int empty = check(vm, q) ? is_empty(vm, self) : -1;
    if (empty < 0)
        return VALUE_ERROR;
    if (!empty)
        return likely(natives(vm, q) & QUEUE_NOWAIT) ? get_now(vm, self) : call_named(vm, self, "get_nowait", 0);
    return q->shut_down ? raise_of(vm, "QueueShutDown") : incref(async_state(vm)->nothing);
}

static Value method_task_done(NATIVE_ARGS) {
    Queue *q = as_queue(self);
    if (!check(vm, q))
        return VALUE_ERROR;
    if (q->unfinished <= 0)
        return raise_value(vm, "task_done() called too many times");
    if (--q->unfinished)
        return VALUE_NONE;
    Value r = call_named(vm, q->finished, "set", 0);
    decref(vm, r);
    return r ? VALUE_NONE : VALUE_ERROR;
}

static const MethodSpec queue_methods[] = {
    {"qsize", method_qsize, "", "The number of items.", 0},
    {"empty", method_empty, "", "Whether there is no item.", 0},
    {"full", method_full, "", "Whether there is no room.", 0},
    {"put_nowait", method_put_nowait, "item", "Adds an item, or raises QueueFull.", 0},
    {"get_nowait", method_get_nowait, "", "Takes an item out, or raises QueueEmpty.", 0},
    {"task_done", method_task_done, "", "Says that the work on one item is done; join() waits for as many calls.", 0},
    {"_put", method_put_item, "item", NULL, 0},
    {"_get", method_get_item, "", NULL, 0},
    {"_wakeup_next", method_wakeup_next, "waiters", NULL, 0},
    {"_offer", method_offer, "item, /", NULL, 0},
    {"_take", method_take, "", NULL, 0},
    {0},
};

/* ---- attributes ------------------------------------------------------------------------------------------------ */

static Value field_or_missing(VM *vm, Value self, Value field, const char *text) {
    if (field)
        return incref(field);
    Value name = str_intern_c(vm, text);
    if (name)
        raise_attribute(vm, self, name, "'%T' object has no attribute '%S'", self, name);
    decref(vm, name);
    return VALUE_ERROR;
}

static bool set_field(VM *vm, Value *field, Value v) {
    if (!v)
        return raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
    set_owned(vm, field, incref(v));
    return true;
}

static bool set_deque(VM *vm, Value *field, Value v) {
    if (v && !is_deque(vm, v))
        return raise_type(vm, "a deque is needed, not '%T'", v);
    return set_field(vm, field, v);
}

#define QUEUE_FIELD(field, setter)                                                                                   \
    static Value get_##field(VM *vm, Value self) {                                                                   \
        return field_or_missing(vm, self, as_queue(self)->field, "_" #field);                                        \
    }                                                                                                                \
    static bool set_##field(VM *vm, Value self, Value v) { return setter(vm, &as_queue(self)->field, v); }
QUEUE_FIELD(maxsize, set_field)
QUEUE_FIELD(items, set_field)
QUEUE_FIELD(getters, set_deque)
QUEUE_FIELD(putters, set_deque)
QUEUE_FIELD(finished, set_field)

static Value get_loop(VM *vm, Value self) {
    Value loop = as_queue(self)->loop;
    return loop ? incref(loop) : VALUE_NONE;
}
static bool set_loop(VM *vm, Value self, Value v) {
    set_owned(vm, &as_queue(self)->loop, v && !is_none(v) ? incref(v) : 0);
    return true;
}
static Value get_unfinished(VM *vm, Value self) { return int_from_int64(vm, as_queue(self)->unfinished); }
static bool set_unfinished(VM *vm, Value self, Value v) {
    return v ? to_int64(vm, v, &as_queue(self)->unfinished)
             : raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
}
static Value get_shut_down(VM *vm, Value self) { return from_bool(as_queue(self)->shut_down); }
static bool set_shut_down(VM *vm, Value self, Value v) {
    int on = v ? truth(vm, v) : 0;
    if (on >= 0)
        as_queue(self)->shut_down = on;
    return on >= 0;
}

static const GetSetSpec queue_getset[] = {
    {"_maxsize", get_maxsize, set_maxsize, NULL},
    {"_queue", get_items, set_items, NULL},
    {"_getters", get_getters, set_getters, NULL},
    {"_putters", get_putters, set_putters, NULL},
    {"_finished", get_finished, set_finished, NULL},
    {"_loop", get_loop, set_loop, NULL},
    {"_unfinished_tasks", get_unfinished, set_unfinished, NULL},
    {"_is_shutdown", get_shut_down, set_shut_down, NULL},
    {0},
};

static Value queue_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return from_obj(object_alloc(vm, type, 0));
}

const TypeSpec queue_spec = {
    .name = "_asyncio.QueueBase",
    .doc = "The native part of queues between tasks.",
    .size = sizeof(Queue),
    .flags = TYPE_GC | TYPE_BASE,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(6), .create = queue_create},
    .methods = queue_methods,
    .getset = queue_getset,
};
