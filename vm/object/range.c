/* range, and its iterators.
 *
 * A range holds its three numbers and its length as integers of any size. When all of them are well within 64 bits
 * (`small`), the same numbers are kept as int64_t too and everything that scripts do often works on those; the bound
 * leaves room to add one step to any member without overflow. Other ranges take the general way, which is exact for
 * any size and whose speed hardly matters.
 */
#include "object/containers.h"

#define SMALL_LIMIT ((int64_t)1 << 62)

typedef struct LongRangeIter {
    Object header;
    Value next, step, left;
} LongRangeIter;

static Range *as_range(Value v) { return (Range *)as_obj(v); }

static bool within(Value v, int64_t *out) {
    return int_fits_int64(v, out) && *out<SMALL_LIMIT && * out> - SMALL_LIMIT;
}

/* a op b for ints, dropping a. */
static Value then(VM *vm, BinaryOp op, Value a, Value b) {
    if (!a)
        return VALUE_ERROR;
    Value r = int_binary(vm, op, a, b);
    decref(vm, a);
    return r;
}

static int64_t small_length(int64_t start, int64_t stop, int64_t step) {
    uint64_t distance;
    if (step > 0) {
        distance = start < stop ? (uint64_t)stop - (uint64_t)start : 0;
        return distance ? (int64_t)((distance - 1) / (uint64_t)step + 1) : 0;
    }
    distance = stop < start ? (uint64_t)start - (uint64_t)stop : 0;
    return distance ? (int64_t)((distance - 1) / (0 - (uint64_t)step) + 1) : 0;
}

static Value big_length(VM *vm, Value start, Value stop, Value step) {
    bool up = int_sign(step) > 0;
    Value low = up ? start : stop, high = up ? stop : start;
    if (int_compare(low, high) >= 0)
        return from_small_int(0);
    Value size = up ? incref(step) : int_unary(vm, OP_NEG, step);
    if (!size)
        return VALUE_ERROR;
    Value n = then(vm, OP_SUB, int_binary(vm, OP_SUB, high, low), from_small_int(1));
    n = then(vm, OP_ADD, then(vm, OP_FLOORDIV, n, size), from_small_int(1));
    decref(vm, size);
    return n;
}

Value range_new(VM *vm, Value start, Value stop, Value step) {
    Range *r = object_alloc(vm, vm->types.range, 0);
    if (!r)
        return VALUE_ERROR;
    int64_t istop;
    if (within(start, &r->istart) && within(stop, &istop) && within(step, &r->istep)) {
        r->ilen = small_length(r->istart, istop, r->istep);
        r->small = r->ilen < SMALL_LIMIT;
    }
    r->start = incref(start);
    r->stop = incref(stop);
    r->step = incref(step);
    r->length = r->small ? int_from_int64(vm, r->ilen) : big_length(vm, start, stop, step);
    if (r->length)
        return from_obj(r);
    obj_decref(vm, &r->header);
    return VALUE_ERROR;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "range() takes no keyword arguments");
    if (nargs == 0)
        return raise_type(vm, "range expected at least 1 argument, got 0");
    if (nargs > 3)
        return raise_type(vm, "range expected at most 3 arguments, got %u", nargs);
    Value v[3] = {from_small_int(0), 0, from_small_int(1)}, result = VALUE_ERROR;
    if (nargs == 1) {
        v[1] = exact_index(vm, args[0]);
        if (!v[1])
            return VALUE_ERROR;
    } else {
        for (size_t i = 0; i < nargs; i++) {
            v[i] = exact_index(vm, args[i]);
            if (!v[i])
                goto out;
        }
    }
    if (int_sign(v[2]) == 0)
        raise_value(vm, "range() arg 3 must not be zero");
    else
        result = range_new(vm, v[0], v[1], v[2]);
out:
    for (int i = 0; i < 3; i++)
        decref(vm, v[i]);
    return result;
}

/* ---- items ----------------------------------------------------------------------------------------------------- */

static Value big_item(VM *vm, Range *r, Value index) {
    return then(vm, OP_ADD, int_binary(vm, OP_MUL, index, r->step), r->start);
}

static Value item_at(VM *vm, Range *r, Value key) {
    Value index = to_index(vm, key), item = VALUE_ERROR;
    if (!index)
        return VALUE_ERROR;
    if (int_sign(index) < 0)
        index = then(vm, OP_ADD, index, r->length);
    if (index) {
        if (int_sign(index) < 0 || int_compare(index, r->length) >= 0)
            raise_index(vm, "range object index out of range");
        else
            item = big_item(vm, r, index);
    }
    decref(vm, index);
    return item;
}

static Value subrange(VM *vm, Range *r, Value slice) {
    Value start, stop, step, result = VALUE_ERROR;
    if (!slice_indices(vm, slice, r->length, &start, &stop, &step))
        return VALUE_ERROR;
    Value from = big_item(vm, r, start), to = big_item(vm, r, stop), by = int_binary(vm, OP_MUL, r->step, step);
    if (from && to && by)
        result = range_new(vm, from, to, by);
    decref(vm, from);
    decref(vm, to);
    decref(vm, by);
    decref(vm, start);
    decref(vm, stop);
    decref(vm, step);
    return result;
}

static Value getitem(VM *vm, Value self, Value key) {
    Range *r = as_range(self);
    if (is_small_int(key) && r->small) {
        int64_t i = as_small_int(key);
        if (i < 0)
            i += r->ilen;
        if (i < 0 || i >= r->ilen)
            return raise_index(vm, "range object index out of range");
        return int_from_int64(vm, r->istart + i * r->istep);
    }
    if (has_kind(key, KIND_SLICE))
        return subrange(vm, r, key);
    if (!is_int(key) && !fast_type(vm, key)->slots.index)
        return raise_type(vm, "range indices must be integers or slices, not %.200T", key);
    return item_at(vm, r, key);
}

/* Position of an int in the range, owned; VALUE_NONE if it is not there. */
static Value position_of(VM *vm, Range *r, Value v) {
    int64_t i;
    if (r->small) {
        if (!int_fits_int64(v, &i) || r->ilen == 0)
            return VALUE_NONE;
        int64_t last = r->istart + (r->ilen - 1) * r->istep;
        if (r->istep > 0 ? i < r->istart || i > last : i > r->istart || i < last)
            return VALUE_NONE;
        int64_t distance = i - r->istart;
        return distance % r->istep ? VALUE_NONE : int_from_int64(vm, distance / r->istep);
    }
    bool up = int_sign(r->step) > 0;
    if (up ? int_compare(v, r->start) < 0 || int_compare(v, r->stop) >= 0
           : int_compare(v, r->start) > 0 || int_compare(v, r->stop) <= 0)
        return VALUE_NONE;
    Value distance = int_binary(vm, OP_SUB, v, r->start);
    Value rest = distance ? int_binary(vm, OP_MOD, distance, r->step) : VALUE_ERROR;
    Value result = VALUE_ERROR;
    if (rest)
        result = int_sign(rest) ? VALUE_NONE : int_binary(vm, OP_FLOORDIV, distance, r->step);
    decref(vm, rest);
    decref(vm, distance);
    return result;
}

static bool plain_int(Value v) { return is_exact_int(v) || is_bool(v); }

/* Compares with each member, for values that are not ints: position of the first equal one from `after` on, -1
 * absent, -2 error. */
static int64_t search(VM *vm, Value self, Value v, int64_t *count) {
    Value it = iter_get(vm, self), item;
    if (!it)
        return -2;
    int64_t i = 0, found = -1;
    while ((item = iter_next(vm, it))) {
        int equal = equal_fast(vm, item, v);
        decref(vm, item);
        if (equal < 0) {
            found = -2;
            break;
        }
        if (equal) {
            if (found < 0)
                found = i;
            if (!count)
                break;
            ++*count;
        }
        i++;
    }
    decref(vm, it);
    return error_pending(vm) ? -2 : found;
}

static int has_item(VM *vm, Value self, Value v) {
    if (plain_int(v)) {
        Value position = position_of(vm, as_range(self), v);
        int there = position ? !is_none(position) : -1;
        decref(vm, position);
        return there;
    }
    int64_t found = search(vm, self, v, NULL);
    return found == -2 ? -1 : found >= 0;
}

static Value count(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (plain_int(args[0])) {
        int there = has_item(vm, self, args[0]);
        return there < 0 ? VALUE_ERROR : from_small_int(there);
    }
    int64_t n = 0;
    return search(vm, self, args[0], &n) == -2 ? VALUE_ERROR : int_from_int64(vm, n);
}

static Value range_index(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (plain_int(args[0])) {
        Value position = position_of(vm, as_range(self), args[0]);
        return position && is_none(position) ? raise_value(vm, "%R is not in range", args[0]) : position;
    }
    int64_t found = search(vm, self, args[0], NULL);
    if (found == -1)
        return raise_value(vm, "sequence.index(x): x not in sequence");
    return found < 0 ? VALUE_ERROR : int_from_int64(vm, found);
}

/* ---- other slots ----------------------------------------------------------------------------------------------- */

static ssize_t len(VM *vm, Value self) {
    int64_t n;
    if (int_fits_int64(as_range(self)->length, &n))
        return n;
    raise_overflow(vm, "Python int too large to convert to C ssize_t");
    return -1;
}

static int is_true(VM *vm, Value self) { return int_sign(as_range(self)->length) != 0; }

static Value repr(VM *vm, Value self) {
    Range *r = as_range(self);
    if (r->step == from_small_int(1))
        return str_printf(vm, "range(%R, %R)", r->start, r->stop);
    return str_printf(vm, "range(%R, %R, %R)", r->start, r->stop, r->step);
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!has_kind(other, KIND_RANGE) || (op != CMP_EQ && op != CMP_NE))
        return VALUE_NOTIMPL;
    Range *a = as_range(self), *b = as_range(other);
    bool equal = int_equal(a->length, b->length);
    if (equal && int_sign(a->length)) {
        equal = int_equal(a->start, b->start) && (a->length == from_small_int(1) || int_equal(a->step, b->step));
    }
    return from_bool(op == CMP_EQ ? equal : !equal);
}

static bool hash(VM *vm, Value self, int64_t *out) {
    Range *r = as_range(self);
    Value parts[3] = {r->length, VALUE_NONE, VALUE_NONE};
    if (int_sign(r->length)) {
        parts[1] = r->start;
        if (r->length != from_small_int(1))
            parts[2] = r->step;
    }
    uint64_t acc = TUPLE_HASH_SEED;
    for (int i = 0; i < 3; i++) {
        int64_t lane;
        if (!hash_value(vm, parts[i], &lane))
            return false;
        acc = tuple_hash_step(acc, lane);
    }
    *out = tuple_hash_finish(acc, 3);
    return true;
}

/* ---- iterators ------------------------------------------------------------------------------------------------- */

static Value small_iter(VM *vm, int64_t start, int64_t step, int64_t left) {
    RangeIter *it = object_alloc(vm, vm->types.range_iterator, 0);
    if (!it)
        return VALUE_ERROR;
    it->next = start;
    it->step = step;
    it->left = left;
    return from_obj(it);
}

static Value long_iter(VM *vm, Value start, Value step, Value left) {
    LongRangeIter *it = object_alloc(vm, vm->types.longrange_iterator, 0);
    if (!it)
        return VALUE_ERROR;
    it->next = incref(start);
    it->step = incref(step);
    it->left = incref(left);
    return from_obj(it);
}

static Value iter(VM *vm, Value self) {
    Range *r = as_range(self);
    if (r->small)
        return small_iter(vm, r->istart, r->istep, r->ilen);
    return long_iter(vm, r->start, r->step, r->length);
}

static Value reversed_iter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Range *r = as_range(self);
    if (r->small)
        return small_iter(vm, r->istart + (r->ilen - 1) * r->istep, -r->istep, r->ilen);
    Value last = int_binary(vm, OP_SUB, r->length, from_small_int(1));
    Value start = last ? big_item(vm, r, last) : VALUE_ERROR;
    Value step = start ? int_unary(vm, OP_NEG, r->step) : VALUE_ERROR;
    Value it = step ? long_iter(vm, start, step, r->length) : VALUE_ERROR;
    decref(vm, step);
    decref(vm, start);
    decref(vm, last);
    return it;
}

static Value small_next(VM *vm, Value self) {
    RangeIter *it = (RangeIter *)as_obj(self);
    if (it->left <= 0)
        return VALUE_ERROR;
    int64_t now = it->next;
    it->left--;
    it->next = now + it->step;
    return int_from_int64(vm, now);
}

static Value long_next(VM *vm, Value self) {
    LongRangeIter *it = (LongRangeIter *)as_obj(self);
    if (int_sign(it->left) <= 0)
        return VALUE_ERROR;
    Value following = int_binary(vm, OP_ADD, it->next, it->step);
    Value left = following ? int_binary(vm, OP_SUB, it->left, from_small_int(1)) : VALUE_ERROR;
    if (!left) {
        decref(vm, following);
        return VALUE_ERROR;
    }
    Value now = it->next;
    it->next = following;
    set_owned(vm, &it->left, left);
    return now;
}

static Value small_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_int64(vm, ((RangeIter *)as_obj(self))->left);
}

static Value long_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return incref(((LongRangeIter *)as_obj(self))->left);
}

/* iter(range(...)) of what is left. */
static Value reduce_rest(VM *vm, Value next, Value step, Value left) {
    Value stop = int_binary(vm, OP_MUL, left, step);
    stop = then(vm, OP_ADD, stop, next);
    Value rest = stop ? range_new(vm, next, stop, step) : VALUE_ERROR;
    decref(vm, stop);
    Value pair = reduce_iter(vm, "iter", rest);
    Value result =
        pair ? tuple_pack(vm, 3, as_tuple(pair)->items[0], as_tuple(pair)->items[1], VALUE_NONE) : VALUE_ERROR;
    decref(vm, pair);
    return result;
}

static Value small_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    RangeIter *it = (RangeIter *)as_obj(self);
    Value next = int_from_int64(vm, it->next), step = next ? int_from_int64(vm, it->step) : VALUE_ERROR;
    Value left = step ? int_from_int64(vm, it->left) : VALUE_ERROR;
    Value result = left ? reduce_rest(vm, next, step, left) : VALUE_ERROR;
    decref(vm, next);
    decref(vm, step);
    decref(vm, left);
    return result;
}

static Value long_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    LongRangeIter *it = (LongRangeIter *)as_obj(self);
    return reduce_rest(vm, it->next, it->step, it->left);
}

static Value small_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    RangeIter *it = (RangeIter *)as_obj(self);
    int64_t n;
    if (!to_int64(vm, args[0], &n))
        return VALUE_ERROR;
    n = n < 0 ? 0 : n > it->left ? it->left : n;
    it->next += n * it->step;
    it->left -= n;
    return VALUE_NONE;
}

static Value long_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    LongRangeIter *it = (LongRangeIter *)as_obj(self);
    if (!is_int(args[0]))
        return raise_type(vm, "state must be an int, not %T", args[0]);
    Value n = int_sign(args[0]) < 0 ? from_small_int(0) : int_compare(args[0], it->left) > 0 ? it->left : args[0];
    Value next = then(vm, OP_ADD, int_binary(vm, OP_MUL, n, it->step), it->next);
    Value left = next ? int_binary(vm, OP_SUB, it->left, n) : VALUE_ERROR;
    if (!left) {
        decref(vm, next);
        return VALUE_ERROR;
    }
    set_owned(vm, &it->next, next);
    set_owned(vm, &it->left, left);
    return VALUE_NONE;
}

static const MethodSpec small_methods[] = {
    {"__length_hint__", small_hint, "", "How many items are left.", 0},
    {"__reduce__", small_reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", small_setstate, "state, /", "Skip items.", 0},
    {0},
};

static const MethodSpec long_methods[] = {
    {"__length_hint__", long_hint, "", "How many items are left.", 0},
    {"__reduce__", long_reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", long_setstate, "state, /", "Skip items.", 0},
    {0},
};

const TypeSpec range_iterator_spec = {
    .name = "range_iterator",
    .doc = "Gives the numbers of a range.",
    .size = sizeof(RangeIter),
    .flags = TYPE_IMMUTABLE | TYPE_NO_WEAKREF | TYPE_NO_NEW,
    .kind = KIND_RANGE_ITERATOR,
    .slots = {.iter = iter_self, .next = small_next},
    .methods = small_methods,
};

const TypeSpec longrange_iterator_spec = {
    .name = "longrange_iterator",
    .doc = "Gives the numbers of a range of large integers.",
    .size = sizeof(LongRangeIter),
    .flags = TYPE_IMMUTABLE | TYPE_NO_WEAKREF | TYPE_NO_NEW,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(3), .iter = iter_self, .next = long_next},
    .methods = long_methods,
};

/* ---- the type -------------------------------------------------------------------------------------------------- */

static Value get_start(VM *vm, Value self) { return incref(as_range(self)->start); }
static Value get_stop(VM *vm, Value self) { return incref(as_range(self)->stop); }
static Value get_step(VM *vm, Value self) { return incref(as_range(self)->step); }

static Value reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Range *r = as_range(self);
    Value parts = tuple_pack(vm, 3, r->start, r->stop, r->step);
    Value result = parts ? tuple_pack(vm, 2, type_value(vm->types.range), parts) : VALUE_ERROR;
    decref(vm, parts);
    return result;
}

static const MethodSpec methods[] = {
    {"count", count, "object, /", "How many members equal the value.", 0},
    {"index", range_index, "object, /",
     "The position of the member equal to the value.\n\nRaises ValueError if there is none.", 0},
    {"__reduce__", reduce, "", "State for copying and pickling.", 0},
    {"__reversed__", reversed_iter, "", "An iterator over the members from the last to the first.", 0},
    {0},
};

static const GetSetSpec getset[] = {
    {"start", get_start, NULL, "The first number."},
    {"stop", get_stop, NULL, "The number before which the range ends."},
    {"step", get_step, NULL, "The distance between numbers."},
    {0},
};

const TypeSpec range_spec = {
    .name = "range",
    .doc =
        "range(stop)\nrange(start, stop[, step])\n\nThe numbers from start, inclusive, to stop, exclusive, by step.",
    .size = sizeof(Range),
    .flags = TYPE_IMMUTABLE | TYPE_SEQUENCE | TYPE_NO_WEAKREF,
    .kind = KIND_RANGE,
    .slots = {FIELD_SLOTS(4), .create = create, .repr = repr, .hash = hash, .compare = compare, .iter = iter,
              .truth = is_true, .len = len, .getitem = getitem, .contains = has_item},
    .methods = methods,
    .getset = getset,
};
