/* _bisect: places in sorted sequences, by halving.
 *
 * Comparisons, keys and items can all come from scripts, which may change the sequence meanwhile: nothing of it is
 * kept from one step to the next, and an index that has ceased to be is the IndexError of the sequence. */
#include "object/containers.h"
#include "object/list.h"
#include "runtime/protocol.h"
#include "stdlib/init.h"
#include "stdlib/module_tools.h"

typedef enum Side { LEFT, RIGHT } Side;

typedef struct Search {
    VM *vm;
    Value sequence, x, key; /* key: 0 if there is none */
    Side side;
    bool direct; /* values of one type are still compared by its own method, without asking twice */
} Search;

/* A mapping can be subscripted too, but not by position; a class made of one may have changed that. */
static bool has_positions(VM *vm, Value v) {
    const Type *t = fast_type(vm, v);
    if (t->slots.getitem == NULL)
        return raise_type(vm, "'%.200T' object does not support indexing", v);
    bool mapping =
        (t->flags & TYPE_HEAP) ? t->slots.getitem == vm->types.dict->slots.getitem : t->flags & TYPE_MAPPING;
    return !mapping || raise_type(vm, "%.200T is not a sequence", v);
}

/* What is compared with x at index i: owned. */
static ALWAYS_INLINE Value mark_at(const Search *s, ssize_t i) {
    VM *vm = s->vm;
    Value item;
    if (has_exact_kind(s->sequence, KIND_LIST)) {
        const List *l = as_list(s->sequence);
        item = likely((size_t)i < l->len) ? incref(l->items[i]) : list_getitem_index(vm, s->sequence, i);
    } else {
        Value index = int_from_ssize(vm, i);
        item = index != 0 ? item_get(vm, s->sequence, index) : VALUE_ERROR;
        decref(vm, index);
    }
    if (item == 0 || s->key == 0)
        return item;
    Value mark = call1(vm, s->key, item);
    decref(vm, item);
    return mark;
}

/* a < b: 1, 0, or -1 with an exception. Values of one type are first compared by the type's method alone; once that
 * has had no answer, by both their methods. */
static int precedes(Search *s, Value a, Value b) {
    VM *vm = s->vm;
    if (both_small_int(a, b))
        return as_small_int(a) < as_small_int(b);
    if (s->direct && is_obj(a) && is_obj(b)) {
        const Type *t = obj_type(as_obj(a));
        if (t == obj_type(as_obj(b)) && (t->flags & TYPE_HEAP) && t->slots.compare != NULL) {
            if (!native_enter(vm, GUARD_COMPARE))
                return -1;
            Value r = t->slots.compare(vm, a, b, CMP_LT);
            native_leave(vm);
            if (r != VALUE_NOTIMPL) {
                int result = r == 0 ? -1 : truth(vm, r);
                decref(vm, r);
                return result;
            }
            s->direct = false;
        }
    }
    return compare_bool(vm, a, b, CMP_LT);
}

/* The place for x in [lo, hi), or -1 with an exception. */
static ssize_t halve(Search *s, ssize_t lo, ssize_t hi) {
    while (lo < hi) {
        ssize_t middle = lo + (hi - lo) / 2;
        Value mark = mark_at(s, middle);
        if (mark == 0)
            return -1;
        int less = s->side == LEFT ? precedes(s, mark, s->x) : precedes(s, s->x, mark);
        decref(s->vm, mark);
        if (less < 0)
            return -1;
        if (less == (s->side == LEFT))
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

static bool low_bound(VM *vm, Value v, ssize_t *out) {
    int64_t n = 0;
    Value index = to_index(vm, v);
    bool fits = index != 0 && int_fits_int64(index, &n);
    decref(vm, index);
    *out = n;
    return fits || (index != 0 && raise_overflow(vm, "Python int too large to convert to C ssize_t"));
}

/* lo and hi as they were given, or 0; hi is the length if it is None or -1. */
static ssize_t search(Search *s, Value lo_value, Value hi_value) {
    VM *vm = s->vm;
    ssize_t lo = 0, hi = -1;
    if (lo_value != 0 && !low_bound(vm, lo_value, &lo))
        return -1;
    if (hi_value != 0 && hi_value != VALUE_NONE) {
        if (!is_int(hi_value) && fast_type(vm, hi_value)->slots.index == NULL) {
            raise_type(vm, "argument should be integer or None, not '%.200T'", hi_value);
            return -1;
        }
        if (!to_ssize(vm, hi_value, &hi))
            return -1;
    }
    if (lo < 0) {
        raise_value(vm, "lo must be non-negative");
        return -1;
    }
    if (hi == -1 && (hi = length(vm, s->sequence)) < 0)
        return -1;
    return has_positions(vm, s->sequence) ? halve(s, lo, hi) : -1;
}

/* args: a, x, lo, hi, key */
static Value find(VM *vm, Value *args, Side side) {
    Search s = {vm, args[0], args[1], args[4] == VALUE_NONE ? 0 : args[4], side, true};
    ssize_t place = search(&s, args[2], args[3]);
    return place < 0 ? VALUE_ERROR : int_from_ssize(vm, place);
}

static bool insert_at(VM *vm, Value sequence, ssize_t place, Value x) {
    if (has_exact_kind(sequence, KIND_LIST))
        return list_insert(vm, sequence, place, x);
    Value index = int_from_ssize(vm, place);
    Value r = index != 0 ? call_method(vm, sequence, NAME(insert), (Value[]){index, x}, 2) : VALUE_ERROR;
    decref(vm, index);
    decref(vm, r);
    return r != 0;
}

static Value insert(VM *vm, Value *args, Side side) {
    Value key = args[4] == VALUE_NONE ? 0 : args[4];
    Value mark = key == 0 ? incref(args[1]) : call1(vm, key, args[1]);
    if (mark == 0)
        return VALUE_ERROR;
    Search s = {vm, args[0], mark, key, side, true};
    ssize_t place = search(&s, args[2], args[3]);
    decref(vm, mark);
    return place >= 0 && insert_at(vm, args[0], place, args[1]) ? VALUE_NONE : VALUE_ERROR;
}

static Value bisect_left(NATIVE_ARGS) { return find(vm, args, LEFT); }
static Value bisect_right(NATIVE_ARGS) { return find(vm, args, RIGHT); }
static Value insort_left(NATIVE_ARGS) { return insert(vm, args, LEFT); }
static Value insort_right(NATIVE_ARGS) { return insert(vm, args, RIGHT); }

#define SIGNATURE "a, x, lo=0, hi=None, *, key=None"
static const MethodSpec functions[] = {
    {"bisect_left", bisect_left, SIGNATURE,
     "The position before all items that are not less than x.  key() is applied to the items, not to x.", 0},
    {"bisect_right", bisect_right, SIGNATURE,
     "The position behind all items that are not greater than x.  key() is applied to the items, not to x.", 0},
    {"insort_left", insort_left, SIGNATURE,
     "Insert x before the items that are equal to it.  Here key() is applied to x as well.", 0},
    {"insort_right", insort_right, SIGNATURE,
     "Insert x behind the items that are equal to it.  Here key() is applied to x as well.", 0},
    {0},
};

bool mod_bisect_init(VM *vm, Value module) { return module_add_functions(vm, module, functions); }
