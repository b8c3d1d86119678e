/* _heapq: heaps in lists.
 *
 * The children of index k are at 2k+1 and 2k+2. An item that has come to the top first moves down to a leaf, always
 * to the child that precedes the other, and then up to its place: since it comes from the bottom, that takes fewer
 * comparisons than stopping it on the way down.
 *
 * Comparing can run scripts. Items only ever change places, so that whatever is raised the list keeps them all; and
 * the list is looked at anew after every comparison. */
#include "object/containers.h"
#include "object/list.h"
#include "runtime/limits.h"
#include "runtime/protocol.h"
#include "stdlib/init.h"
#include "stdlib/module_tools.h"

typedef enum Order { SMALLEST_FIRST, LARGEST_FIRST } Order;

typedef struct Heap {
    VM *vm;
    List *list;
    Order order;
} Heap;

/* Does the item at a come before the one at b? 1, 0, or -1 with an exception. */
static int precedes(const Heap *h, size_t a, size_t b) {
    Value x = h->list->items[a], y = h->list->items[b];
    if (h->order == LARGEST_FIRST) {
        Value z = x;
        x = y;
        y = z;
    }
    if (both_small_int(x, y))
        return as_small_int(x) < as_small_int(y);
    if (is_double(x) && is_double(y))
        return as_double(x) < as_double(y);
    size_t n = h->list->len;
    incref(x);
    incref(y);
    int result = compare_bool(h->vm, x, y, CMP_LT);
    decref(h->vm, x);
    decref(h->vm, y);
    if (result >= 0 && h->list->len != n) {
        raise_runtime(h->vm, "list changed size during iteration");
        return -1;
    }
    return result;
}

static void exchange(const Heap *h, size_t a, size_t b) {
    Value *items = h->list->items, v = items[a];
    items[a] = items[b];
    items[b] = v;
}

/* Moves the item at `pos` up to where it belongs, not above `root`. */
static bool rise(const Heap *h, size_t root, size_t pos) {
    while (pos > root) {
        size_t parent = (pos - 1) / 2;
        int r = precedes(h, pos, parent);
        if (r < 0)
            return false;
        if (r == 0)
            break;
        exchange(h, pos, parent);
        pos = parent;
    }
    return true;
}

/* Moves the item at `root` down to a leaf, and then up to where it belongs. */
static bool sink(const Heap *h, size_t root) {
    size_t end = h->list->len, pos = root;
    if (!limits_allow(h->vm))
        return false;
    for (size_t child; (child = 2 * pos + 1) < end; pos = child) {
        if (child + 1 < end) {
            int r = precedes(h, child, child + 1);
            if (r < 0)
                return false;
            child += r == 0;
        }
        exchange(h, pos, child);
    }
    return rise(h, root, pos);
}

/* argument: how messages name it. */
static bool heap_of(VM *vm, const char *argument, Value v, Order order, Heap *out) {
    if (!is_list(v))
        return is_none(v) ? raise_type(vm, "%s must be list, not None", argument)
                          : raise_type(vm, "%s must be list, not %T", argument, v);
    *out = (Heap){vm, as_list(v), order};
    return true;
}

/* Puts an item in the place of the first one, which is returned: owned. */
static Value replace_first(const Heap *h, Value item) {
    Value first = h->list->items[0];
    h->list->items[0] = incref(item);
    if (sink(h, 0))
        return first;
    decref(h->vm, first);
    return VALUE_ERROR;
}

static Value pop_first(VM *vm, const char *argument, Value list, Order order) {
    Heap h;
    if (!heap_of(vm, argument, list, order, &h))
        return VALUE_ERROR;
    if (h.list->len == 0)
        return raise_index(vm, "index out of range");
    Value last = list_pop(vm, list, -1);
    if (last == 0 || h.list->len == 0)
        return last;
    Value first = replace_first(&h, last);
    decref(vm, last);
    return first;
}

static Value replace(VM *vm, const char *argument, Value *args, Order order) {
    Heap h;
    if (!heap_of(vm, argument, args[0], order, &h))
        return VALUE_ERROR;
    return h.list->len == 0 ? raise_index(vm, "index out of range") : replace_first(&h, args[1]);
}

static Value make_heap(VM *vm, const char *argument, Value list, Order order) {
    Heap h;
    if (!heap_of(vm, argument, list, order, &h))
        return VALUE_ERROR;
    for (size_t pos = h.list->len / 2; pos-- > 0;) {
        if (!sink(&h, pos))
            return VALUE_ERROR;
    }
    return VALUE_NONE;
}

static Value heapq_push(NATIVE_ARGS) {
    Heap h;
    bool ok = heap_of(vm, "heappush() argument 1", args[0], SMALLEST_FIRST, &h) &&
              list_append(vm, args[0], args[1]) && rise(&h, 0, h.list->len - 1);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

static Value heapq_push_pop(NATIVE_ARGS) {
    Heap h;
    if (!heap_of(vm, "heappushpop() argument 1", args[0], SMALLEST_FIRST, &h))
        return VALUE_ERROR;
    if (h.list->len == 0)
        return incref(args[1]);
    Value first = incref(h.list->items[0]);
    int smaller = compare_bool(vm, first, args[1], CMP_LT);
    decref(vm, first);
    if (smaller < 0)
        return VALUE_ERROR;
    if (h.list->len == 0)
        return raise_index(vm, "index out of range");
    return smaller ? replace_first(&h, args[1]) : incref(args[1]);
}

static Value heapq_pop(NATIVE_ARGS) { return pop_first(vm, "heappop() argument", args[0], SMALLEST_FIRST); }
static Value heapq_pop_max(NATIVE_ARGS) { return pop_first(vm, "_heappop_max() argument", args[0], LARGEST_FIRST); }
static Value heapq_replace(NATIVE_ARGS) { return replace(vm, "heapreplace() argument 1", args, SMALLEST_FIRST); }
static Value heapq_replace_max(NATIVE_ARGS) {
    return replace(vm, "_heapreplace_max() argument 1", args, LARGEST_FIRST);
}
static Value heapq_make(NATIVE_ARGS) { return make_heap(vm, "heapify() argument", args[0], SMALLEST_FIRST); }
static Value heapq_make_max(NATIVE_ARGS) { return make_heap(vm, "_heapify_max() argument", args[0], LARGEST_FIRST); }

static const MethodSpec functions[] = {
    {"heappush", heapq_push, "heap, item, /", "Put in an item.", 0},
    {"heappop", heapq_pop, "heap, /", "Take out and return the smallest item; IndexError if there is none.", 0},
    {"heapreplace", heapq_replace, "heap, item, /",
     "Take out and return the smallest item, and put in another, which may be smaller.", 0},
    {"heappushpop", heapq_push_pop, "heap, item, /", "Put in an item, then take out and return the smallest.", 0},
    {"heapify", heapq_make, "heap, /", "Rearrange a list into a heap, in linear time.", 0},
    {"_heappop_max", heapq_pop_max, "heap, /", "heappop() for a heap with the largest item first.", 0},
    {"_heapreplace_max", heapq_replace_max, "heap, item, /", "heapreplace() for a heap with the largest item first.",
     0},
    {"_heapify_max", heapq_make_max, "heap, /", "heapify() for a heap with the largest item first.", 0},
    {0},
};

bool mod_heapq_init(VM *vm, Value module) { return module_add_functions(vm, module, functions); }
