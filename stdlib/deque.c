/* collections.deque: a ring of values.
 *
 * The ring's size is a power of two and it is never shrunk below what is in use; item i stands at (head + i) & mask.
 * `state` changes with every change of the number or order of items, so that iterators and searches, which run
 * scripts between looking at one item and the next, can tell.
 */
#include "stdlib/collections.h"
#include "runtime/limits.h"

typedef struct Deque {
    Object header;
    Value *items; /* NULL when cap is 0 */
    size_t cap, head, len;
    ssize_t maxlen; /* -1: none */
    uint64_t state;
} Deque;

static Deque *as_deque(Value v) { return (Deque *)as_obj(v); }
static ALWAYS_INLINE Value *place(Deque *d, size_t i) { return &d->items[(d->head + i) & (d->cap - 1)]; }

static Type *deque_type(VM *vm) { return vm_type(vm, &deque_spec, NULL); }

bool is_deque(VM *vm, Value v) { return is_obj(v) && fast_type(vm, v)->spec == &deque_spec; }

/* ---- size ------------------------------------------------------------------------------------------------------ */

static NOINLINE bool grow(VM *vm, Deque *d, size_t want) {
    size_t cap = d->cap ? d->cap : 8;
    while (cap < want) {
        if (cap > ITEMS_MAX)
            return raise_memory(vm);
        cap *= 2;
    }
    if (cap == d->cap)
        return true;
    Value *items = mem_alloc(vm, cap * sizeof(Value));
    if (!items)
        return false;
    for (size_t i = 0; i < d->len; i++)
        items[i] = *place(d, i);
    mem_free(vm, d->items, d->cap * sizeof(Value));
    d->items = items;
    d->cap = cap;
    d->head = 0;
    return true;
}

static ALWAYS_INLINE bool make_room(VM *vm, Deque *d) { return likely(d->len < d->cap) || grow(vm, d, d->len + 1); }

static Value take_right(Deque *d) {
    d->len--;
    d->state++;
    return *place(d, d->len);
}

static Value take_left(Deque *d) {
    Value item = *place(d, 0);
    d->head = (d->head + 1) & (d->cap - 1);
    d->len--;
    d->state++;
    return item;
}

/* Adding consumes the item, on failure too. What a full deque loses is dropped last. */
static bool add_right(VM *vm, Deque *d, Value item) {
    Value lost = 0;
    if (d->maxlen >= 0 && d->len >= (size_t)d->maxlen) {
        if (d->maxlen == 0) {
            decref(vm, item);
            return true;
        }
        lost = take_left(d);
    } else if (!make_room(vm, d)) {
        decref(vm, item);
        return false;
    }
    *place(d, d->len) = item;
    d->len++;
    d->state++;
    decref(vm, lost);
    return true;
}

size_t deque_len(Value deque) { return as_deque(deque)->len; }
Value deque_take_left(Value deque) { return take_left(as_deque(deque)); }
bool deque_add_right(VM *vm, Value deque, Value item) { return add_right(vm, as_deque(deque), item); }

static bool add_left(VM *vm, Deque *d, Value item) {
    Value lost = 0;
    if (d->maxlen >= 0 && d->len >= (size_t)d->maxlen) {
        if (d->maxlen == 0) {
            decref(vm, item);
            return true;
        }
        lost = take_right(d);
    } else if (!make_room(vm, d)) {
        decref(vm, item);
        return false;
    }
    d->head = (d->head - 1) & (d->cap - 1);
    *place(d, 0) = item;
    d->len++;
    d->state++;
    decref(vm, lost);
    return true;
}

static void drop_items(VM *vm, Object *self) {
    Deque *d = (Deque *)self;
    Value *items = d->items;
    size_t cap = d->cap, head = d->head, n = d->len;
    d->items = NULL;
    d->cap = d->head = d->len = 0;
    d->state++;
    for (size_t i = 0; i < n; i++)
        decref(vm, items[(head + i) & (cap - 1)]);
    mem_free(vm, items, cap * sizeof(Value));
}

static size_t drop_some(VM *vm, Object *self, size_t n) {
    Deque *d = (Deque *)self;
    while (n > 0 && d->len > 0) {
        Value *last = place(d, --d->len);
        n = drop_counted(vm, *last, n);
    }
    return d->len;
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    Deque *d = (Deque *)self;
    for (size_t i = 0; i < d->len; i++)
        visit_value(*place(d, i), visit, arg);
}

/* Items that need no iterator, to a deque that loses none for them: nothing here can run a script. */
static bool append_items(VM *vm, Deque *d, const Value *items, size_t n) {
    if (n == 0)
        return true;
    limits_handled(vm, n);
    if (!grow(vm, d, d->len + n))
        return false;
    for (size_t i = 0; i < n; i++)
        *place(d, d->len++) = incref(items[i]);
    d->state++;
    return true;
}

static bool extend(VM *vm, Value self, Value iterable, bool (*add)(VM *, Deque *, Value)) {
    Deque *d = as_deque(self);
    if (add == add_right && d->maxlen < 0 && has_exact_kind(iterable, KIND_LIST))
        return append_items(vm, d, as_list(iterable)->items, as_list(iterable)->len);
    if (add == add_right && d->maxlen < 0 && has_exact_kind(iterable, KIND_TUPLE))
        return append_items(vm, d, as_tuple(iterable)->items, as_tuple(iterable)->len);
    Value source = iterable == self ? list_from_iterable(vm, iterable) : incref(iterable);
    Value it = source ? iter_get(vm, source) : VALUE_ERROR, item;
    decref(vm, source);
    if (!it)
        return false;
    bool ok = true;
    while (ok && (item = next_of(vm, it)))
        ok = add(vm, d, item);
    decref(vm, it);
    return ok && iter_ended(vm);
}

/* ---- making ---------------------------------------------------------------------------------------------------- */

static Value new_of(VM *vm, Type *type, ssize_t maxlen) {
    Deque *d = type ? object_alloc(vm, type, 0) : NULL;
    if (!d)
        return VALUE_ERROR;
    d->maxlen = maxlen;
    return from_obj(d);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) { return new_of(vm, type, -1); }

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    size_t given = nargs + (kwnames ? as_tuple(kwnames)->len : 0);
    if (given > 2)
        return raise_type(vm, "deque() takes at most 2 arguments (%u given)", given);
    Value v[2] = {0};
    if (given && !native_bind_optional(vm, "deque", "iterable=(), maxlen=None", args, nargs, kwnames, v, 2))
        return false;
    ssize_t maxlen = -1;
    if (v[1] && !is_none(v[1])) {
        if (!is_int(v[1]))
            return raise_type(vm, "an integer is required");
        if (!to_ssize(vm, v[1], &maxlen))
            return false;
        if (maxlen < 0)
            return raise_value(vm, "maxlen must be non-negative");
    }
    Deque *d = as_deque(self);
    d->maxlen = maxlen;
    if (d->len)
        drop_items(vm, &d->header);
    return !v[0] || extend(vm, self, v[0], add_right);
}

static Value copy_deque(VM *vm, Value self) {
    Type *type = fast_type(vm, self), *exact = deque_type(vm);
    Deque *d = as_deque(self);
    if (type == exact) {
        Value copy = new_of(vm, type, d->maxlen);
        size_t first = d->len < d->cap - d->head ? d->len : d->cap - d->head; /* items before the end of the block */
        if (copy && append_items(vm, as_deque(copy), d->items + d->head, first) &&
            append_items(vm, as_deque(copy), d->items, d->len - first))
            return copy;
        decref(vm, copy);
        return VALUE_ERROR;
    }
    if (d->maxlen < 0)
        return call1(vm, type_value(type), self);
    Value maxlen = int_from_ssize(vm, d->maxlen);
    Value copy = maxlen ? call2(vm, type_value(type), self, maxlen) : VALUE_ERROR;
    decref(vm, maxlen);
    if (copy && !is_deque(vm, copy)) {
        raise_type(vm, "%.200N() must return a deque, not %.200T", type, copy);
        decref(vm, copy);
        return VALUE_ERROR;
    }
    return copy;
}

/* ---- slots ----------------------------------------------------------------------------------------------------- */

static Value repr(VM *vm, Value self) {
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_from_c(vm, "[...]");
    Value list = list_from_iterable(vm, self), text = VALUE_ERROR;
    if (list && native_enter(vm, GUARD_REPR)) {
        Value name = attr_get(vm, type_value(fast_type(vm, self)), NAME(__name__));
        if (name && as_deque(self)->maxlen >= 0)
            text = str_printf(vm, "%S(%R, maxlen=%z)", name, list, as_deque(self)->maxlen);
        else if (name)
            text = str_printf(vm, "%S(%R)", name, list);
        decref(vm, name);
        native_leave(vm);
    }
    decref(vm, list);
    repr_leave(vm, self);
    return text;
}

static Value mutated(VM *vm) { return raise_runtime(vm, "deque mutated during iteration"); }

static Value order(CompareOp op, size_t a, size_t b) {
    bool result[] = {a<b, a <= b, a == b, a != b, a> b, a >= b};
    return from_bool(result[op]);
}

static Value compare_items(VM *vm, Deque *a, Deque *b, CompareOp op) {
    uint64_t state_a = a->state, state_b = b->state;
    for (size_t i = 0; i < a->len && i < b->len; i++) {
        Value x = incref(*place(a, i)), y = incref(*place(b, i)), result = VALUE_NOTIMPL;
        int equal = limits_allow(vm) ? equal_fast(vm, x, y) : -1;
        if (equal < 0)
            result = VALUE_ERROR;
        else if (!equal)
            result = op == CMP_EQ || op == CMP_NE ? from_bool(op == CMP_NE) : compare_rich(vm, x, y, op);
        decref(vm, x);
        decref(vm, y);
        if (result != VALUE_NOTIMPL)
            return result;
        if (a->state != state_a || b->state != state_b)
            return mutated(vm);
    }
    return order(op, a->len, b->len);
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!is_deque(vm, other))
        return VALUE_NOTIMPL;
    Deque *a = as_deque(self), *b = as_deque(other);
    if (a == b && op == CMP_EQ)
        return VALUE_TRUE;
    if (a == b && op == CMP_NE)
        return VALUE_FALSE;
    if (a->len != b->len && (op == CMP_EQ || op == CMP_NE))
        return from_bool(op == CMP_NE);
    if (!native_enter(vm, GUARD_COMPARE))
        return VALUE_ERROR;
    Value result = compare_items(vm, a, b, op);
    native_leave(vm);
    return result;
}

static ssize_t len(VM *vm, Value self) { return (ssize_t)as_deque(self)->len; }

/* Position of the first equal item in [start, stop); -1 absent, -2 error, -3 the deque was changed. */
static ssize_t find(VM *vm, Deque *d, Value item, ssize_t start, ssize_t stop) {
    uint64_t state = d->state;
    for (ssize_t i = start; i < stop && i < (ssize_t)d->len; i++) {
        Value x = incref(*place(d, (size_t)i));
        int equal = limits_allow(vm) ? equal_fast(vm, x, item) : -1;
        decref(vm, x);
        if (equal < 0)
            return -2;
        if (equal)
            return i;
        if (d->state != state)
            return -3;
    }
    return -1;
}

static int has_item(VM *vm, Value self, Value item) {
    ssize_t i = find(vm, as_deque(self), item, 0, SSIZE_MAX);
    if (i == -3)
        mutated(vm);
    return i < -1 ? -1 : i >= 0;
}

static bool resolve(VM *vm, Deque *d, Value key, size_t *out) {
    if (!is_int(key) && !fast_type(vm, key)->slots.index)
        return raise_type(vm, "sequence index must be integer, not '%.200T'", key);
    return index_resolve(vm, key, d->len, "deque", "deque index out of range", out);
}

static Value getitem(VM *vm, Value self, Value key) {
    size_t i;
    if (!resolve(vm, as_deque(self), key, &i))
        return VALUE_ERROR;
    if (i >= as_deque(self)->len)
        return raise_index(vm, "deque index out of range");
    return incref(*place(as_deque(self), i));
}

static Value take_out(Deque *d, size_t i) {
    Value item = *place(d, i);
    if (i < d->len / 2) {
        for (; i > 0; i--)
            *place(d, i) = *place(d, i - 1);
        d->head = (d->head + 1) & (d->cap - 1);
    } else {
        for (; i + 1 < d->len; i++)
            *place(d, i) = *place(d, i + 1);
    }
    d->len--;
    d->state++;
    return item;
}

static bool setitem(VM *vm, Value self, Value key, Value value) {
    Deque *d = as_deque(self);
    size_t i;
    if (!resolve(vm, d, key, &i))
        return false;
    if (i >= d->len)
        return raise_index(vm, "deque index out of range");
    if (value)
        set_owned(vm, place(d, i), incref(value));
    else
        decref(vm, take_out(d, i));
    return true;
}

static Value concat(VM *vm, Value a, Value b) {
    if (!is_deque(vm, b))
        return raise_type(vm, "can only concatenate deque (not \"%.200T\") to deque", b);
    Value result = copy_deque(vm, a);
    if (result && !extend(vm, result, b, add_right)) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    return result;
}

static Value inplace_concat(VM *vm, Value self, Value other) {
    return extend(vm, self, other, add_right) ? incref(self) : VALUE_ERROR;
}

static Value inplace_repeat(VM *vm, Value self, Value count) {
    Deque *d = as_deque(self);
    size_t n = d->len, times;
    if (!repeat_factor(vm, count, n, &times))
        return VALUE_ERROR;
    if (times == 0) {
        drop_items(vm, &d->header);
        return incref(self);
    }
    if (n == 0 || times == 1)
        return incref(self);
    if (d->maxlen >= 0 && times * n > (size_t)d->maxlen) /* what will be lost need not be made */
        times = ((size_t)d->maxlen + n - 1) / n + 1;
    Value items = list_from_iterable(vm, self);
    bool ok = items != 0;
    for (size_t k = 1; ok && k < times; k++) {
        for (size_t i = 0; ok && i < n; i++)
            ok = add_right(vm, d, incref(as_list(items)->items[i]));
    }
    decref(vm, items);
    return ok ? incref(self) : VALUE_ERROR;
}

static Value repeat(VM *vm, Value self, Value count) {
    Value copy = copy_deque(vm, self);
    if (!copy)
        return VALUE_ERROR;
    Value result = inplace_repeat(vm, copy, count);
    decref(vm, copy);
    return result;
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

#define METHOD(id) static Value method_##id(VM *vm, Value self, Value *args, size_t nargs, Value kwnames)

METHOD(append) { return add_right(vm, as_deque(self), incref(args[0])) ? VALUE_NONE : VALUE_ERROR; }
METHOD(appendleft) { return add_left(vm, as_deque(self), incref(args[0])) ? VALUE_NONE : VALUE_ERROR; }
METHOD(extend) { return extend(vm, self, args[0], add_right) ? VALUE_NONE : VALUE_ERROR; }
METHOD(extendleft) { return extend(vm, self, args[0], add_left) ? VALUE_NONE : VALUE_ERROR; }
METHOD(copy) { return copy_deque(vm, self); }

METHOD(clear) {
    drop_items(vm, as_obj(self));
    return VALUE_NONE;
}

METHOD(pop) {
    Deque *d = as_deque(self);
    return d->len ? take_right(d) : raise_index(vm, "pop from an empty deque");
}

METHOD(popleft) {
    Deque *d = as_deque(self);
    return d->len ? take_left(d) : raise_index(vm, "pop from an empty deque");
}

METHOD(count) {
    Deque *d = as_deque(self);
    ssize_t n = 0, i = -1;
    uint64_t state = d->state;
    while ((i = find(vm, d, args[0], i + 1, SSIZE_MAX)) >= 0 && d->state == state)
        n++;
    if (i == -3 || d->state != state)
        return mutated(vm);
    return i == -2 ? VALUE_ERROR : int_from_ssize(vm, n);
}

METHOD(index) {
    Deque *d = as_deque(self);
    ssize_t start = 0, stop = SSIZE_MAX, n = (ssize_t)d->len;
    if ((args[1] && !index_argument(vm, args[1], &start)) || (args[2] && !index_argument(vm, args[2], &stop)))
        return VALUE_ERROR;
    if (start < 0)
        start = start + n < 0 ? 0 : start + n;
    if (stop < 0)
        stop = stop + n < 0 ? 0 : stop + n;
    ssize_t i = find(vm, d, args[0], start, stop);
    if (i == -1)
        return raise_value(vm, "%R is not in deque", args[0]);
    if (i == -3)
        return mutated(vm);
    return i < 0 ? VALUE_ERROR : int_from_ssize(vm, i);
}

METHOD(insert) {
    Deque *d = as_deque(self);
    ssize_t i;
    if (!to_ssize(vm, args[0], &i))
        return VALUE_ERROR;
    if (d->maxlen >= 0 && d->len >= (size_t)d->maxlen)
        return raise_index(vm, "deque already at its maximum size");
    ssize_t n = (ssize_t)d->len;
    if (i < 0)
        i = i + n < 0 ? 0 : i + n;
    if (i > n)
        i = n;
    if (!make_room(vm, d))
        return VALUE_ERROR;
    if (i < n / 2) {
        d->head = (d->head - 1) & (d->cap - 1);
        for (ssize_t k = 0; k < i; k++)
            *place(d, (size_t)k) = *place(d, (size_t)k + 1);
    } else {
        for (ssize_t k = n; k > i; k--)
            *place(d, (size_t)k) = *place(d, (size_t)k - 1);
    }
    *place(d, (size_t)i) = incref(args[1]);
    d->len++;
    d->state++;
    return VALUE_NONE;
}

METHOD(remove) {
    Deque *d = as_deque(self);
    size_t before = d->len;
    uint64_t state = d->state;
    ssize_t i = find(vm, d, args[0], 0, SSIZE_MAX);
    if (i == -2)
        return VALUE_ERROR;
    if (i == -3 || d->state != state || d->len != before)
        return raise_index(vm, "deque mutated during remove().");
    if (i < 0)
        return raise_value(vm, "%R is not in deque", args[0]);
    decref(vm, take_out(d, (size_t)i));
    return VALUE_NONE;
}

METHOD(reverse) {
    Deque *d = as_deque(self);
    for (size_t i = 0, j = d->len; i + 1 < j; i++) {
        j--;
        Value x = *place(d, i);
        *place(d, i) = *place(d, j);
        *place(d, j) = x;
    }
    return VALUE_NONE;
}

METHOD(rotate) {
    Deque *d = as_deque(self);
    ssize_t k = 1, n = (ssize_t)d->len;
    if (args[0] && !to_ssize(vm, args[0], &k))
        return VALUE_ERROR;
    if (n <= 1)
        return VALUE_NONE;
    k %= n;
    if (k > n / 2)
        k -= n;
    else if (k < -(n / 2))
        k += n;
    /* One item at a time goes round through the free part of the ring, or, in a full one, stays where it is. */
    size_t mask = d->cap - 1;
    for (; k > 0; k--) {
        Value item = *place(d, (size_t)n - 1);
        d->head = (d->head - 1) & mask;
        *place(d, 0) = item;
    }
    for (; k < 0; k++) {
        Value item = *place(d, 0);
        d->head = (d->head + 1) & mask;
        *place(d, (size_t)n - 1) = item;
    }
    d->state++;
    return VALUE_NONE;
}

METHOD(reduce) {
    Deque *d = as_deque(self);
    Value state = call_method0(vm, self, NAME(__getstate__)), how = VALUE_ERROR, it = VALUE_ERROR,
          result = VALUE_ERROR;
    if (state && d->maxlen < 0) {
        how = tuple_new(vm, 0);
    } else if (state) {
        Value maxlen = int_from_ssize(vm, d->maxlen);
        how = maxlen ? tuple_pack(vm, 2, vm->empty_tuple, maxlen) : VALUE_ERROR;
        decref(vm, maxlen);
    }
    if (how)
        it = iter_get(vm, self);
    if (it)
        result = tuple_pack(vm, 4, type_value(fast_type(vm, self)), how, state, it);
    decref(vm, it);
    decref(vm, how);
    decref(vm, state);
    return result;
}

METHOD(sizeof) {
    return int_from_ssize(vm, (ssize_t)(fast_type(vm, self)->size + as_deque(self)->cap * sizeof(Value)));
}

static Value get_maxlen(VM *vm, Value self) {
    Deque *d = as_deque(self);
    return d->maxlen < 0 ? VALUE_NONE : int_from_ssize(vm, d->maxlen);
}

/* ---- iterators ------------------------------------------------------------------------------------------------- */

typedef struct DequeIter {
    Object header;
    Value deque;
    size_t index; /* of the next item; backwards counted from the right */
    size_t left;
    uint64_t state;
} DequeIter;

static Value iter_new(VM *vm, const TypeSpec *spec, Value deque, size_t skip) {
    Type *type = vm_type(vm, spec, NULL);
    DequeIter *it = type ? object_alloc(vm, type, 0) : NULL;
    if (!it)
        return VALUE_ERROR;
    size_t n = as_deque(deque)->len;
    it->deque = incref(deque);
    it->index = skip < n ? skip : n;
    it->left = n - it->index;
    it->state = as_deque(deque)->state;
    return from_obj(it);
}

static Value iter(VM *vm, Value self) { return iter_new(vm, &deque_iterator_spec, self, 0); }
METHOD(reversed) { return iter_new(vm, &deque_reverse_iterator_spec, self, 0); }

static ALWAYS_INLINE Value step(VM *vm, DequeIter *it, bool back) {
    if (!it->deque)
        return VALUE_ERROR;
    Deque *d = as_deque(it->deque);
    if (it->state != d->state) {
        it->left = 0;
        return mutated(vm);
    }
    if (it->left == 0)
        return VALUE_ERROR;
    it->left--;
    size_t i = it->index++;
    return incref(*place(d, back ? d->len - 1 - i : i));
}

static Value forward_next(VM *vm, Value self) { return step(vm, (DequeIter *)as_obj(self), false); }
static Value backward_next(VM *vm, Value self) { return step(vm, (DequeIter *)as_obj(self), true); }

static Value iter_create(VM *vm, const TypeSpec *spec, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, strrchr(spec->name, '.') + 1, "deque, index=0, /", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    if (!is_deque(vm, v[0]))
        return raise_type(vm, "argument 1 must be collections.deque, not %T", v[0]);
    ssize_t skip = 0;
    if (v[1] && !to_ssize(vm, v[1], &skip))
        return VALUE_ERROR;
    return iter_new(vm, spec, v[0], skip < 0 ? 0 : (size_t)skip);
}

static Value forward_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return iter_create(vm, &deque_iterator_spec, args, nargs, kwnames);
}

static Value backward_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return iter_create(vm, &deque_reverse_iterator_spec, args, nargs, kwnames);
}

METHOD(iter_hint) { return int_from_ssize(vm, (ssize_t)((DequeIter *)as_obj(self))->left); }

METHOD(iter_reduce) {
    DequeIter *it = (DequeIter *)as_obj(self);
    Value index = int_from_ssize(vm, (ssize_t)it->index);
    Value parts = index ? tuple_pack(vm, 2, it->deque, index) : VALUE_ERROR;
    Value result = parts ? tuple_pack(vm, 2, type_value(fast_type(vm, self)), parts) : VALUE_ERROR;
    decref(vm, parts);
    decref(vm, index);
    return result;
}

static const MethodSpec iter_methods[] = {
    {"__length_hint__", method_iter_hint, "", "How many items are left.", 0},
    {"__reduce__", method_iter_reduce, "", "State for copying and pickling.", 0},
    {0},
};

const TypeSpec deque_iterator_spec = {
    .name = "collections._deque_iterator",
    .doc = "Gives the items of a deque.",
    .size = sizeof(DequeIter),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = forward_create, .iter = iter_self, .next = forward_next},
    .methods = iter_methods,
};

const TypeSpec deque_reverse_iterator_spec = {
    .name = "collections._deque_reverse_iterator",
    .doc = "Gives the items of a deque, the last one first.",
    .size = sizeof(DequeIter),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = backward_create, .iter = iter_self, .next = backward_next},
    .methods = iter_methods,
};

/* ---- the type -------------------------------------------------------------------------------------------------- */

static const MethodSpec methods[] = {
    {"append", method_append, "item, /", "Add an item on the right.", 0},
    {"appendleft", method_appendleft, "item, /", "Add an item on the left.", 0},
    {"clear", method_clear, "", "Remove all items.", 0},
    {"copy", method_copy, "", "A shallow copy of the deque.", 0},
    {"__copy__", method_copy, "", "A shallow copy of the deque.", 0},
    {"count", method_count, "value, /", "How many items equal the value.", 0},
    {"extend", method_extend, "iterable, /", "Add the items of an iterable on the right.", 0},
    {"extendleft", method_extendleft, "iterable, /", "Add the items of an iterable on the left, one after the other.",
     0},
    {"index", method_index, "value, start=0, stop=" NO_INDEX_LIMIT ", /",
     "The position of the first item equal to the value.\n\nRaises ValueError if there is none.", 0},
    {"insert", method_insert, "index, value, /", "Put a value before the item at the index.", 0},
    {"pop", method_pop, "", "Remove and return the item on the right.", 0},
    {"popleft", method_popleft, "", "Remove and return the item on the left.", 0},
    {"remove", method_remove, "value, /", "Remove the first item equal to the value.", 0},
    {"reverse", method_reverse, "", "Reverse the order of the items in place.", 0},
    {"rotate", method_rotate, "n=1, /", "Move n items from the right to the left; if n is negative, the other way.",
     0},
    {"__reduce__", method_reduce, "", "State for copying and pickling.", 0},
    {"__reversed__", method_reversed, "", "An iterator over the items from the right to the left.", 0},
    {"__sizeof__", method_sizeof, "", "The size of the deque in memory, in bytes.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

static const GetSetSpec getset[] = {
    {"maxlen", get_maxlen, NULL, "How many items there can be, or None."},
    {0},
};

const TypeSpec deque_spec = {
    .name = "collections.deque",
    .doc = "deque([iterable[, maxlen]])\n\nA sequence made for adding and removing items at both ends.",
    .size = sizeof(Deque),
    .flags = TYPE_GC | TYPE_BASE | TYPE_SEQUENCE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = drop_items,
              .drop_some = drop_some,
              .clear = drop_items,
              .traverse = traverse,
              .create = create,
              .init = init,
              .repr = repr,
              .compare = compare,
              .iter = iter,
              .len = len,
              .getitem = getitem,
              .setitem = setitem,
              .contains = has_item,
              .concat = concat,
              .repeat = repeat,
              .inplace_concat = inplace_concat,
              .inplace_repeat = inplace_repeat},
    .methods = methods,
    .getset = getset,
};
