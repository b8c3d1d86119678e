/* itertools: what __reduce__ and __setstate__ of its iterators have in common. CPython 3.13 warns of both. */
#include "stdlib/itertools.h"

bool itertools_warn(VM *vm) {
    return warn(vm, vm->exc.DeprecationWarning, 1,
                "Pickle, copy, and deepcopy support will be removed from itertools in Python 3.14.");
}

Value itertools_reduced(VM *vm, Value self, Value args, Value state) {
    Value parts[3] = {type_value(fast_type(vm, self)), args, state};
    Value result = args ? tuple_from_array(vm, parts, state ? 3 : 2) : VALUE_ERROR;
    decref(vm, args);
    decref(vm, state);
    return result;
}

Value itertools_pack(VM *vm, Value a, Value b) {
    Value items[2] = {a, b};
    return tuple_from_array(vm, items, b ? 2 : 1);
}

bool itertools_state(VM *vm, Value state, size_t n, Value **items) {
    if (!itertools_warn(vm))
        return false;
    if (!is_tuple(state))
        return raise_type(vm, "state is not a tuple");
    if (as_tuple(state)->len != n)
        return raise_type(vm, "function takes exactly %u arguments (%u given)", n, as_tuple(state)->len);
    *items = as_tuple(state)->items;
    return true;
}

bool itertools_state_index(VM *vm, Value v, ssize_t *out) {
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return raise_type(vm, "an integer is required");
    return to_ssize(vm, v, out);
}

Value itertools_indices(VM *vm, const size_t *indices, size_t n) {
    Value result = tuple_new(vm, n);
    for (size_t i = 0; result && i < n; i++)
        as_tuple(result)->items[i] = from_small_int((int64_t)indices[i]);
    return result;
}

bool itertools_set_indices(VM *vm, Value state, size_t *indices, size_t n, size_t min, size_t bound) {
    if (!is_tuple(state) || as_tuple(state)->len != n)
        return raise_value(vm, "invalid arguments");
    for (size_t i = 0; i < n; i++) {
        ssize_t index;
        if (!itertools_state_index(vm, as_tuple(state)->items[i], &index))
            return false;
        indices[i] = index < (ssize_t)min ? min : (size_t)index >= bound ? bound - 1 : (size_t)index;
    }
    return true;
}
