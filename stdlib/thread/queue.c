/* _queue.SimpleQueue: a ring of values that threads put in and take out. Under the VM's lock nothing more is needed
 * than a place to wait for those that find it empty; put() never waits, so that finalizers and handlers of signals
 * may use it at any time. */
#include "stdlib/thread/thread.h"

#include "object/containers.h"
#include "object/type.h"

typedef struct SimpleQueue {
    Object header;
    Value *items; /* owned; NULL while cap is 0 */
    size_t cap;   /* a power of two */
    size_t head, len;
    ParkQueue waiting;
} SimpleQueue;

static SimpleQueue *as_queue(Value v) { return (SimpleQueue *)as_obj(v); }

static bool make_room(VM *vm, SimpleQueue *q) {
    if (q->len < q->cap)
        return true;
    if (q->cap > ITEMS_MAX)
        return raise_memory(vm);
    size_t cap = q->cap ? q->cap * 2 : 8;
    Value *items = mem_alloc(vm, cap * sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < q->len; i++)
        items[i] = q->items[(q->head + i) & (q->cap - 1)];
    mem_free(vm, q->items, q->cap * sizeof *items);
    q->items = items;
    q->cap = cap;
    q->head = 0;
    return true;
}

static Value take(SimpleQueue *q) {
    Value item = q->items[q->head];
    q->head = (q->head + 1) & (q->cap - 1);
    q->len--;
    return item;
}

static void drop_items(VM *vm, Object *self) {
    SimpleQueue *q = (SimpleQueue *)self;
    while (q->len)
        decref(vm, take(q));
    mem_free(vm, q->items, q->cap * sizeof *q->items);
    q->items = NULL;
    q->cap = q->head = 0;
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    SimpleQueue *q = (SimpleQueue *)self;
    for (size_t i = 0; i < q->len; i++)
        visit_value(q->items[(q->head + i) & (q->cap - 1)], visit, arg);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (nargs || (kwnames && as_tuple(kwnames)->len))
        return raise_type(vm, "SimpleQueue() takes no %s arguments", nargs ? "positional" : "keyword");
    SimpleQueue *q = object_alloc(vm, type, 0);
    if (!q)
        return VALUE_ERROR;
    q->waiting.object = from_obj(q);
    return from_obj(q);
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static Value put(NATIVE_ARGS) {
    SimpleQueue *q = as_queue(self);
    if (!make_room(vm, q))
        return VALUE_ERROR;
    q->items[(q->head + q->len++) & (q->cap - 1)] = incref(args[0]);
    unpark(vm, &q->waiting);
    return VALUE_NONE;
}

static Value raise_empty(VM *vm) {
    Type *empty = vm->module_state[MODULE_SLOT_mod_queue_init];
    Value error = call0(vm, type_value(empty));
    return raise_new(vm, error);
}

static Value take_or_wait(VM *vm, Value self, bool wait, int64_t deadline) {
    SimpleQueue *q = as_queue(self);
    bool front = false;
    while (!q->len) {
        if (!wait)
            return raise_empty(vm);
        incref(self);
        ParkResult result = thread_wait(vm, &q->waiting, deadline, front);
        bool empty = !q->len;
        decref(vm, self);
        if (result == PARK_ERROR)
            return VALUE_ERROR;
        if (result == PARK_TIMEOUT && empty)
            return raise_empty(vm);
        front = true;
    }
    return take(q);
}

static Value get(NATIVE_ARGS) {
    int block = args[0] ? truth(vm, args[0]) : 1;
    int64_t deadline = INT64_MAX;
    if (block < 0)
        return VALUE_ERROR;
    if (block && args[1] && !is_none(args[1])) {
        if ((is_double(args[1]) && as_double(args[1]) < 0) || (is_int(args[1]) && int_sign(args[1]) < 0))
            return raise_value(vm, "'timeout' must be a non-negative number");
        if (!thread_deadline(vm, args[1], &deadline))
            return VALUE_ERROR;
    }
    return take_or_wait(vm, self, block, deadline);
}

static Value get_nowait(NATIVE_ARGS) { return take_or_wait(vm, self, false, 0); }
static Value empty(NATIVE_ARGS) { return from_bool(!as_queue(self)->len); }
static Value qsize(NATIVE_ARGS) { return int_from_ssize(vm, (ssize_t)as_queue(self)->len); }

static const MethodSpec methods[] = {
    {"put", put, "item, block=True, timeout=None", "Puts an item in; the other arguments have no effect.", 0},
    {"put_nowait", put, "item", "As put().", 0},
    {"get", get, "block=True, timeout=None",
     "Takes the item out that has been in longest, waiting for one if need be.\n\nRaises Empty if there is none in "
     "time.",
     0},
    {"get_nowait", get_nowait, "", "As get(block=False).", 0},
    {"empty", empty, "", "Whether there is no item now.", 0},
    {"qsize", qsize, "", "How many items there are now.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

static const TypeSpec queue_spec = {
    .name = "_queue.SimpleQueue",
    .doc = "A queue without bounds, first in, first out.",
    .signature = "",
    .size = sizeof(SimpleQueue),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = drop_items, .clear = drop_items, .traverse = traverse, .create = create},
    .methods = methods,
};

bool mod_queue_init(VM *vm, Value module) {
    void **empty_class = &vm->module_state[MODULE_SLOT_mod_queue_init];
    if (!*empty_class)
        *empty_class = module_exception(vm, "_queue", "Empty", vm->exc.Exception,
                                        "A queue has no item for a get() that does not wait longer.");
    Type *type = *empty_class ? vm_type(vm, &queue_spec, NULL) : NULL;
    return type && module_add(vm, module, "SimpleQueue", incref(type_value(type))) &&
           module_add(vm, module, "Empty", incref(type_value((Type *)*empty_class)));
}
