/* tuple: an immutable vector of values behind the header.
 *
 * A tuple is filled by the code that made it before any script can see it, so fields are zero or final. There is one
 * empty tuple in a VM, made when it is first wanted. Hashes are CPython's (the lanes of xxHash), because scripts
 * print sets of tuples.
 */
#include "object/containers.h"
#include "runtime/limits.h"

Value tuple_new_of(VM *vm, Type *type, size_t n) {
    if (n > ITEMS_MAX)
        return raise_memory(vm);
    Tuple *t = object_alloc(vm, type, n * sizeof(Value));
    if (!t)
        return VALUE_ERROR;
    t->len = n;
    limits_handled(vm, n); /* they are about to be filled in */
    return from_obj(t);
}

Value tuple_new(VM *vm, size_t n) {
    if (n == 0 && vm->empty_tuple)
        return incref(vm->empty_tuple);
    return tuple_new_of(vm, vm->types.tuple, n);
}

Value tuple_from_array(VM *vm, Value *items, size_t n) {
    Value t = tuple_new(vm, n);
    if (t) {
        for (size_t i = 0; i < n; i++)
            as_tuple(t)->items[i] = incref(items[i]);
    }
    return t;
}

Value tuple_from_array_steal(VM *vm, Value *items, size_t n) {
    Value t = tuple_new(vm, n);
    if (t) {
        if (n)
            memcpy(as_tuple(t)->items, items, n * sizeof(Value));
    } else {
        for (size_t i = 0; i < n; i++)
            decref(vm, items[i]);
    }
    return t;
}

Value tuple_pack(VM *vm, size_t n, ...) {
    Value t = tuple_new(vm, n);
    if (!t)
        return VALUE_ERROR;
    va_list args;
    va_start(args, n);
    for (size_t i = 0; i < n; i++)
        as_tuple(t)->items[i] = incref(va_arg(args, Value));
    va_end(args);
    return t;
}

Value tuple_from_list(VM *vm, Value list) { return tuple_from_array(vm, as_list(list)->items, as_list(list)->len); }

Value tuple_from_private_list(VM *vm, Value list) {
    List *l = as_list(list);
    Value t = tuple_new(vm, l->len);
    if (t) {
        if (l->len)
            memcpy(as_tuple(t)->items, l->items, l->len * sizeof(Value));
        l->len = 0;
    }
    decref(vm, list);
    return t;
}

Value tuple_from_iterable(VM *vm, Value iterable) {
    if (has_exact_kind(iterable, KIND_TUPLE))
        return incref(iterable);
    if (has_exact_kind(iterable, KIND_LIST))
        return tuple_from_list(vm, iterable);
    Value list = list_from_iterable(vm, iterable);
    return list ? tuple_from_private_list(vm, list) : VALUE_ERROR;
}

Value tuple_slice(VM *vm, Value tuple, size_t start, size_t stop) {
    Tuple *t = as_tuple(tuple);
    if (stop > t->len)
        stop = t->len;
    if (start > stop)
        start = stop;
    if (start == 0 && stop == t->len && has_exact_kind(tuple, KIND_TUPLE))
        return incref(tuple);
    return tuple_from_array(vm, t->items + start, stop - start);
}

/* ---- slots ----------------------------------------------------------------------------------------------------- */

static void drop_items(VM *vm, Object *self) {
    Tuple *t = (Tuple *)self;
    limits_handled(vm, t->len);
    for (size_t i = t->len; i-- > 0;)
        set_owned(vm, &t->items[i], 0);
}

static size_t drop_some(VM *vm, Object *self, size_t n) {
    Tuple *t = (Tuple *)self;
    return items_drop_some(vm, t->items, &t->len, n);
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    Tuple *t = (Tuple *)self;
    for (size_t i = t->len; i-- > 0;) /* the order can be seen: see vm/mem/gc.c */
        visit_value(t->items[i], visit, arg);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!one_argument(vm, "tuple", nargs, kwnames, type->slots.init != vm->types.tuple->slots.init))
        return VALUE_ERROR;
    Value plain = nargs ? tuple_from_iterable(vm, args[0]) : tuple_new(vm, 0);
    if (!plain || type == vm->types.tuple)
        return plain;
    Value t = tuple_new_of(vm, type, as_tuple(plain)->len);
    for (size_t i = 0; t && i < as_tuple(plain)->len; i++)
        as_tuple(t)->items[i] = incref(as_tuple(plain)->items[i]);
    decref(vm, plain);
    return t;
}

static Value repr(VM *vm, Value self) {
    Tuple *t = as_tuple(self);
    if (t->len == 0)
        return str_from_c(vm, "()");
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_from_c(vm, "(...)");
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = native_enter(vm, GUARD_REPR);
    if (ok) {
        strbuilder_add(&b, "(", 1);
        for (size_t i = 0; ok && i < t->len; i++)
            ok = (i == 0 || strbuilder_add(&b, ", ", 2)) && strbuilder_add_repr(&b, t->items[i]);
        native_leave(vm);
    }
    repr_leave(vm, self);
    if (!ok) {
        strbuilder_drop(&b);
        return VALUE_ERROR;
    }
    strbuilder_add_c(&b, t->len == 1 ? ",)" : ")");
    return strbuilder_finish(&b);
}

uint64_t tuple_hash_step(uint64_t acc, int64_t lane) {
    acc += (uint64_t)lane * 14029467366897019727ull;
    acc = acc << 31 | acc >> 33;
    return acc * 11400714785074694791ull;
}

int64_t tuple_hash_finish(uint64_t acc, size_t n) {
    acc += n ^ (TUPLE_HASH_SEED ^ 3527539ull);
    return acc == UINT64_MAX ? 1546275796 : (int64_t)acc;
}

static bool hash(VM *vm, Value self, int64_t *out) {
    Tuple *t = as_tuple(self);
    uint64_t acc = TUPLE_HASH_SEED;
    if (!native_enter(vm, " while hashing a tuple"))
        return false;
    for (size_t i = 0; i < t->len; i++) {
        int64_t lane;
        if (!hash_value(vm, t->items[i], &lane)) {
            native_leave(vm);
            return false;
        }
        acc = tuple_hash_step(acc, lane);
    }
    native_leave(vm);
    *out = tuple_hash_finish(acc, t->len);
    return true;
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!is_tuple(other))
        return VALUE_NOTIMPL;
    Tuple *a = as_tuple(self), *b = as_tuple(other);
    if (!native_enter(vm, GUARD_COMPARE))
        return VALUE_ERROR;
    size_t i = 0;
    int equal = 1;
    for (; i < a->len && i < b->len; i++) {
        equal = limits_allow(vm) ? equal_fast(vm, a->items[i], b->items[i]) : -1;
        if (equal != 1)
            break;
    }
    Value result = VALUE_ERROR;
    if (equal < 0)
        result = VALUE_ERROR;
    else if (i >= a->len || i >= b->len)
        result = from_bool(order_holds((a->len > b->len) - (a->len < b->len), op));
    else if (op == CMP_EQ || op == CMP_NE)
        result = from_bool(op == CMP_NE);
    else
        result = compare_rich(vm, a->items[i], b->items[i], op);
    native_leave(vm);
    return result;
}

static ssize_t len(VM *vm, Value self) { return (ssize_t)as_tuple(self)->len; }

static int has_item(VM *vm, Value self, Value item) {
    Tuple *t = as_tuple(self);
    for (size_t i = 0; i < t->len; i++) {
        int equal = limits_allow(vm) ? equal_fast(vm, t->items[i], item) : -1;
        if (equal)
            return equal;
    }
    return 0;
}

static Value getitem(VM *vm, Value self, Value key) {
    Tuple *t = as_tuple(self);
    if (has_kind(key, KIND_SLICE)) {
        ssize_t start, stop, step;
        if (!slice_unpack(vm, key, &start, &stop, &step))
            return VALUE_ERROR;
        size_t n = slice_adjust(t->len, &start, &stop, step);
        if (step == 1)
            return n ? tuple_slice(vm, self, (size_t)start, (size_t)start + n) : tuple_new(vm, 0);
        Value result = tuple_new(vm, n);
        for (size_t i = 0; result && i < n; i++, start += step)
            as_tuple(result)->items[i] = incref(t->items[start]);
        return result;
    }
    size_t i;
    if (!index_resolve(vm, key, t->len, "tuple", "tuple index out of range", &i))
        return VALUE_ERROR;
    return incref(t->items[i]);
}

static Value concat(VM *vm, Value a, Value b) {
    if (!is_tuple(b))
        return raise_type(vm, "can only concatenate tuple (not \"%.200T\") to tuple", b);
    Tuple *x = as_tuple(a), *y = as_tuple(b);
    if (x->len == 0 && has_exact_kind(b, KIND_TUPLE))
        return incref(b);
    if (y->len == 0 && has_exact_kind(a, KIND_TUPLE))
        return incref(a);
    Value result = tuple_new(vm, x->len + y->len);
    if (!result)
        return VALUE_ERROR;
    Value *to = as_tuple(result)->items;
    for (size_t i = 0; i < x->len; i++)
        *to++ = incref(x->items[i]);
    for (size_t i = 0; i < y->len; i++)
        *to++ = incref(y->items[i]);
    return result;
}

static Value repeat(VM *vm, Value self, Value count) {
    Tuple *t = as_tuple(self);
    size_t times;
    if (!repeat_factor(vm, count, t->len, &times))
        return VALUE_ERROR;
    if ((t->len == 0 || times == 1) && has_exact_kind(self, KIND_TUPLE))
        return incref(self);
    Value result = tuple_new(vm, t->len * times);
    if (!result)
        return VALUE_ERROR;
    Value *to = as_tuple(result)->items;
    for (size_t k = 0; k < times; k++) {
        for (size_t i = 0; i < t->len; i++)
            *to++ = incref(t->items[i]);
    }
    return result;
}

static Value iter(VM *vm, Value self) { return seq_iter_new(vm, vm->types.tuple_iterator, self, 0); }

/* ---- methods --------------------------------------------------------------------------------------------------- */

static Value count(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Tuple *t = as_tuple(self);
    ssize_t n = 0;
    for (size_t i = 0; i < t->len; i++) {
        int equal = limits_allow(vm) ? equal_fast(vm, t->items[i], args[0]) : -1;
        if (equal < 0)
            return VALUE_ERROR;
        n += equal;
    }
    return int_from_ssize(vm, n);
}

static Value tuple_index(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Tuple *t = as_tuple(self);
    ssize_t start = 0, stop = SSIZE_MAX, n = (ssize_t)t->len;
    if ((args[1] && !index_argument(vm, args[1], &start)) || (args[2] && !index_argument(vm, args[2], &stop)))
        return VALUE_ERROR;
    if (start < 0)
        start = start + n < 0 ? 0 : start + n;
    if (stop < 0)
        stop += n;
    for (ssize_t i = start; i < stop && i < n; i++) {
        int equal = limits_allow(vm) ? equal_fast(vm, t->items[i], args[0]) : -1;
        if (equal)
            return equal < 0 ? VALUE_ERROR : int_from_ssize(vm, i);
    }
    return raise_value(vm, "tuple.index(x): x not in tuple");
}

static Value getnewargs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value plain = tuple_from_array(vm, as_tuple(self)->items, as_tuple(self)->len);
    Value result = plain ? tuple_pack(vm, 1, plain) : VALUE_ERROR;
    decref(vm, plain);
    return result;
}

static Value size_of(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_ssize(vm, (ssize_t)(fast_type(vm, self)->size + as_tuple(self)->len * sizeof(Value)));
}

const MethodSpec tuple_methods[] = {
    {"count", count, "value, /", "How many items equal the value.", 0},
    {"index", tuple_index, "value, start=0, stop=" NO_INDEX_LIMIT ", /",
     "The position of the first item equal to the value.\n\nRaises ValueError if there is none.", 0},
    {"__getnewargs__", getnewargs, "", "Arguments of __new__ for copying and pickling.", 0},
    {"__sizeof__", size_of, "", "The size of the tuple in memory, in bytes.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

const TypeSpec tuple_spec = {
    .name = "tuple",
    .doc =
        "An immutable sequence.\n\nWithout an argument the tuple is empty; an iterable gives its items. A tuple is\n"
        "returned as it is.",
    .signature = "iterable=(), /",
    .size = sizeof(Tuple),
    .flags = TYPE_GC | TYPE_BASE | TYPE_VARSIZE | TYPE_SEQUENCE | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_TUPLE,
    /* no clear: a cycle through tuples has a mutable member that breaks it, and classes rely on their __bases__ to
       the end */
    .slots = {.dealloc = drop_items,
              .drop_some = drop_some,
              .traverse = traverse,
              .create = create,
              .repr = repr,
              .hash = hash,
              .compare = compare,
              .iter = iter,
              .len = len,
              .getitem = getitem,
              .contains = has_item,
              .concat = concat,
              .repeat = repeat},
    .methods = tuple_methods,
};

/* ---- iterator -------------------------------------------------------------------------------------------------- */

static Value next(VM *vm, Value self) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return VALUE_ERROR;
    Tuple *t = as_tuple(it->seq);
    if (it->index < t->len)
        return incref(t->items[it->index++]);
    set_owned(vm, &it->seq, 0);
    return VALUE_ERROR;
}

static Value hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    return int_from_ssize(vm, it->seq ? (ssize_t)(as_tuple(it->seq)->len - it->index) : 0);
}

static Value reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return reduce_iter(vm, "iter", tuple_new(vm, 0));
    Value pair = reduce_iter(vm, "iter", incref(it->seq));
    Value index = pair ? int_from_ssize(vm, (ssize_t)it->index) : VALUE_ERROR;
    Value result = index ? tuple_pack(vm, 3, as_tuple(pair)->items[0], as_tuple(pair)->items[1], index) : VALUE_ERROR;
    decref(vm, index);
    decref(vm, pair);
    return result;
}

static Value setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    ssize_t index;
    if (!to_ssize(vm, args[0], &index))
        return VALUE_ERROR;
    if (it->seq) {
        size_t n = as_tuple(it->seq)->len;
        it->index = index < 0 ? 0 : (size_t)index > n ? n : (size_t)index;
    }
    return VALUE_NONE;
}

static const MethodSpec iterator_methods[] = {
    {"__length_hint__", hint, "", "How many items are left.", 0},
    {"__reduce__", reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", setstate, "state, /", "Set the position.", 0},
    {0},
};

const TypeSpec tuple_iterator_spec = {
    .name = "tuple_iterator",
    .doc = "Gives the items of a tuple.",
    .size = sizeof(SeqIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = next},
    .methods = iterator_methods,
};
