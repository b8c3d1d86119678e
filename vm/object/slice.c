/* slice: three values, and their meaning for a sequence of a given length.
 *
 * Resolving has two steps: slice_unpack turns the three values into numbers, which may run scripts (__index__);
 * slice_adjust fits the numbers to a length and runs nothing, so containers call it with the length they have after
 * the first step.
 */
#include "object/containers.h"

Value slice_new(VM *vm, Value start, Value stop, Value step) {
    Slice *s = object_alloc(vm, vm->types.slice, 0);
    if (!s)
        return VALUE_ERROR;
    s->start = incref(start);
    s->stop = incref(stop);
    s->step = incref(step);
    return from_obj(s);
}

static bool slice_number(VM *vm, Value v, ssize_t *out) {
    if (is_small_int(v)) {
        *out = as_small_int(v);
        return true;
    }
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return raise_type(vm, "slice indices must be integers or None or have an __index__ method");
    return to_ssize_clamped(vm, v, out);
}

bool index_argument(VM *vm, Value v, ssize_t *out) {
    if (is_small_int(v)) {
        *out = as_small_int(v);
        return true;
    }
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return raise_type(vm, "slice indices must be integers or have an __index__ method");
    return to_ssize_clamped(vm, v, out);
}

Value exact_index(VM *vm, Value v) {
    if (is_small_int(v))
        return v;
    Value i = to_index(vm, v);
    if (i && !is_exact_int(i)) {
        Value plain = int_copy(vm, i);
        decref(vm, i);
        return plain;
    }
    return i;
}

bool repeat_factor(VM *vm, Value n, size_t len, size_t *out) {
    ssize_t times;
    if (!is_int(n) && !fast_type(vm, n)->slots.index)
        return raise_type(vm, "can't multiply sequence by non-int of type '%.200T'", n);
    if (!to_ssize(vm, n, &times))
        return false;
    if (times < 0)
        times = 0;
    if (len && (size_t)times > ITEMS_MAX / len)
        return raise_memory(vm);
    *out = (size_t)times;
    return true;
}

bool slice_unpack(VM *vm, Value slice, ssize_t *start, ssize_t *stop, ssize_t *step) {
    Slice *s = (Slice *)as_obj(slice);
    *step = 1;
    if (!is_none(s->step)) {
        if (!slice_number(vm, s->step, step))
            return false;
        if (*step == 0)
            return raise_value(vm, "slice step cannot be zero");
        if (*step < -SSIZE_MAX) /* so that -step exists */
            *step = -SSIZE_MAX;
    }
    *start = *step < 0 ? SSIZE_MAX : 0;
    *stop = *step < 0 ? SSIZE_MIN : SSIZE_MAX;
    return (is_none(s->start) || slice_number(vm, s->start, start)) &&
           (is_none(s->stop) || slice_number(vm, s->stop, stop));
}

static ssize_t fit(ssize_t i, ssize_t len, ssize_t step) {
    if (i < 0) {
        i += len;
        if (i < 0)
            return step < 0 ? -1 : 0;
        return i;
    }
    return i < len ? i : step < 0 ? len - 1 : len;
}

size_t slice_adjust(size_t len, ssize_t *start, ssize_t *stop, ssize_t step) {
    *start = fit(*start, (ssize_t)len, step);
    *stop = fit(*stop, (ssize_t)len, step);
    if (step < 0)
        return *stop < *start ? (size_t)((*start - *stop - 1) / -step + 1) : 0;
    return *start < *stop ? (size_t)((*stop - *start - 1) / step + 1) : 0;
}

bool slice_resolve(VM *vm, Value slice, size_t len, ssize_t *start, ssize_t *stop, ssize_t *step, size_t *count) {
    if (!slice_unpack(vm, slice, start, stop, step))
        return false;
    *count = slice_adjust(len, start, stop, *step);
    return true;
}

/* ---- the type -------------------------------------------------------------------------------------------------- */

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "slice() takes no keyword arguments");
    if (nargs < 1)
        return raise_type(vm, "slice expected at least 1 argument, got 0");
    if (nargs > 3)
        return raise_type(vm, "slice expected at most 3 arguments, got %u", nargs);
    if (nargs == 1)
        return slice_new(vm, VALUE_NONE, args[0], VALUE_NONE);
    return slice_new(vm, args[0], args[1], nargs == 3 ? args[2] : VALUE_NONE);
}

static Value repr(VM *vm, Value self) {
    Slice *s = (Slice *)as_obj(self);
    return str_printf(vm, "slice(%R, %R, %R)", s->start, s->stop, s->step);
}

static bool hash(VM *vm, Value self, int64_t *out) {
    Slice *s = (Slice *)as_obj(self);
    Value parts[3] = {s->start, s->stop, s->step};
    uint64_t acc = TUPLE_HASH_SEED;
    bool ok = native_enter(vm, ""); /* slices of slices */
    if (!ok)
        return false;
    for (int i = 0; ok && i < 3; i++) {
        int64_t lane = 0;
        ok = hash_value(vm, parts[i], &lane);
        acc = tuple_hash_step(acc, lane);
    }
    native_leave(vm);
    if (!ok)
        return false;
    *out = acc == UINT64_MAX ? 1546275796 : (int64_t)acc;
    return true;
}

static Value as_triple(VM *vm, Value slice) {
    Slice *s = (Slice *)as_obj(slice);
    return tuple_pack(vm, 3, s->start, s->stop, s->step);
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!has_kind(other, KIND_SLICE))
        return VALUE_NOTIMPL;
    if (self == other)
        return from_bool(op == CMP_EQ || op == CMP_LE || op == CMP_GE);
    Value a = as_triple(vm, self), b = a ? as_triple(vm, other) : VALUE_ERROR;
    Value result = b ? compare_rich(vm, a, b, op) : VALUE_ERROR;
    decref(vm, a);
    decref(vm, b);
    return result;
}

static Value get_start(VM *vm, Value self) { return incref(((Slice *)as_obj(self))->start); }
static Value get_stop(VM *vm, Value self) { return incref(((Slice *)as_obj(self))->stop); }
static Value get_step(VM *vm, Value self) { return incref(((Slice *)as_obj(self))->step); }

/* One bound of slice.indices(), with integers of any size: value or `missing`, then clamped to [low, high]. */
static Value clamp_bound(VM *vm, Value v, Value len, Value low, Value high, Value missing) {
    if (is_none(v))
        return incref(missing);
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return raise_type(vm, "slice indices must be integers or None or have an __index__ method");
    Value i = exact_index(vm, v);
    if (!i)
        return VALUE_ERROR;
    if (int_sign(i) < 0) {
        Value sum = int_binary(vm, OP_ADD, i, len);
        decref(vm, i);
        if (!sum)
            return VALUE_ERROR;
        i = sum;
        if (int_compare(i, low) < 0)
            set_owned(vm, &i, incref(low));
    } else if (int_compare(i, high) > 0) {
        set_owned(vm, &i, incref(high));
    }
    return i;
}

bool slice_indices(VM *vm, Value slice, Value len, Value *start, Value *stop, Value *step) {
    Slice *s = (Slice *)as_obj(slice);
    *start = *stop = 0;
    if (is_none(s->step))
        *step = from_small_int(1);
    else if (!is_int(s->step) && !fast_type(vm, s->step)->slots.index)
        return raise_type(vm, "slice indices must be integers or None or have an __index__ method");
    else if (!(*step = exact_index(vm, s->step)))
        return false;
    bool back = int_sign(*step) < 0;
    Value low = from_small_int(back ? -1 : 0), high = 0;
    if (int_sign(*step) == 0) {
        raise_value(vm, "slice step cannot be zero");
        goto fail;
    }
    high = back ? int_binary(vm, OP_SUB, len, from_small_int(1)) : incref(len);
    if (!high)
        goto fail;
    *start = clamp_bound(vm, s->start, len, low, high, back ? high : low);
    if (!*start)
        goto fail;
    *stop = clamp_bound(vm, s->stop, len, low, high, back ? low : high);
    if (!*stop)
        goto fail;
    decref(vm, high);
    return true;
fail:
    decref(vm, high);
    decref(vm, *start);
    decref(vm, *step);
    return false;
}

static Value indices(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value len = exact_index(vm, args[0]), start, stop, step, result = VALUE_ERROR;
    if (!len)
        return VALUE_ERROR;
    if (int_sign(len) < 0) {
        raise_value(vm, "length should not be negative");
    } else if (slice_indices(vm, self, len, &start, &stop, &step)) {
        result = tuple_pack(vm, 3, start, stop, step);
        decref(vm, start);
        decref(vm, stop);
        decref(vm, step);
    }
    decref(vm, len);
    return result;
}

static Value reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value triple = as_triple(vm, self);
    Value result = triple ? tuple_pack(vm, 2, type_value(vm->types.slice), triple) : VALUE_ERROR;
    decref(vm, triple);
    return result;
}

static const MethodSpec methods[] = {
    {"indices", indices, "object, /",
     "The start, stop and step that the slice means for a sequence of the given length.", 0},
    {"__reduce__", reduce, "", "State for copying and pickling.", 0},
    {0},
};

static const GetSetSpec getset[] = {
    {"start", get_start, NULL, "Where the slice begins."},
    {"stop", get_stop, NULL, "Where the slice ends."},
    {"step", get_step, NULL, "The distance between items."},
    {0},
};

const TypeSpec slice_spec = {
    .name = "slice",
    .doc = "slice(stop)\nslice(start, stop[, step])\n\nA slice object, as made by the notation a[start:stop:step].",
    .size = sizeof(Slice),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_SLICE,
    .slots = {FIELD_SLOTS(3), .create = create, .repr = repr, .hash = hash, .compare = compare},
    .methods = methods,
    .getset = getset,
};
