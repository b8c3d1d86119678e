/* The methods of dict. */
#include "object/containers.h"

static Value clear(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    dict_clear(vm, self);
    return VALUE_NONE;
}

static Value copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_copy_mapping(vm, self);
}

static bool fill_from_keys(VM *vm, Value result, Value keys, Value value) {
    Value it = iter_get(vm, keys);
    if (!it)
        return false;
    bool plain = is_exact(result, vm->types.dict);
    Value key;
    while ((key = iter_next(vm, it))) {
        bool ok = plain ? dict_set(vm, result, key, value) : item_set(vm, result, key, value);
        decref(vm, key);
        if (!ok)
            break;
    }
    decref(vm, it);
    return !error_pending(vm);
}

static Value fromkeys(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value result = self == type_value(vm->types.dict) ? dict_new(vm) : call0(vm, self);
    if (result && !fill_from_keys(vm, result, args[0], args[1] ? args[1] : VALUE_NONE)) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    return result;
}

static Value get(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value value = dict_get(vm, self, args[0]);
    if (value)
        return incref(value);
    if (error_pending(vm))
        return VALUE_ERROR;
    return args[1] ? incref(args[1]) : VALUE_NONE;
}

static Value pop(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value value = dict_pop(vm, self, args[0]);
    if (value || error_pending(vm))
        return value;
    return args[1] ? incref(args[1]) : raise_key(vm, args[0]);
}

static Value popitem(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (dict_len(self) == 0) {
        Value text = str_from_c(vm, "popitem(): dictionary is empty");
        if (text)
            raise_key(vm, text);
        decref(vm, text);
        return VALUE_ERROR;
    }
    Value pair = tuple_new(vm, 2); /* before the item is out of the dict: nothing may be lost */
    if (pair)
        dict_pop_last(vm, self, &as_tuple(pair)->items[0], &as_tuple(pair)->items[1]);
    return pair;
}

static Value setdefault(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return incref(dict_setdefault(vm, self, args[0], args[1] ? args[1] : VALUE_NONE));
}

static Value update(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_update_args(vm, "update", self, args, nargs, kwnames) ? VALUE_NONE : VALUE_ERROR;
}

static Value keys(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_view_new(vm, vm->types.dict_keys, self);
}

static Value values(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_view_new(vm, vm->types.dict_values, self);
}

static Value items(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_view_new(vm, vm->types.dict_items, self);
}

static Value reversed_iter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_iter_new(vm, vm->types.dict_reversekeyiterator, self);
}

static Value getitem_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return vm->types.dict->slots.getitem(vm, self, args[0]);
}

static Value contains_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int found = vm->types.dict->slots.contains(vm, self, args[0]);
    return found < 0 ? VALUE_ERROR : from_bool(found != 0);
}

static Value size_of(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Dict *d = as_dict(self);
    size_t index = d->index_log2 ? (size_t)d->index_width << d->index_log2 : 0;
    return int_from_ssize(vm, (ssize_t)(fast_type(vm, self)->size + d->cap * sizeof(DictEntry) + index));
}

const MethodSpec dict_methods[] = {
    {"clear", clear, "", "Remove all items.", 0},
    {"copy", copy, "", "A shallow copy of the dict.", 0},
    {"fromkeys", fromkeys, "iterable, value=None, /",
     "A new dict with the keys of an iterable, all with the same value.", METHOD_CLASS},
    {"get", get, "key, default=None, /", "The value of the key if it is in the dict, else the default.", 0},
    {"items", items, "", "A view of the pairs of key and value.", 0},
    {"keys", keys, "", "A view of the keys.", 0},
    {"pop", pop, "key, default=<unrepresentable>, /",
     "Remove the key and return its value.\n\nIf it is not there, return the default if given, else raise KeyError.",
     0},
    {"popitem", popitem, "",
     "Remove and return the pair of key and value that came last.\n\nRaises KeyError if the dict is empty.", 0},
    {"setdefault", setdefault, "key, default=None, /",
     "The value of the key; if it is not in the dict, it is put there with the default.", 0},
    {"update", update, "*args, **kwargs",
     "Put the items of a mapping, or the pairs of an iterable, and then the keywords into the dict.", 0},
    {"values", values, "", "A view of the values.", 0},
    {"__contains__", contains_method, "key, /", "Is the key in the dict?", METHOD_COEXIST},
    {"__getitem__", getitem_method, "key, /", "What self[key] gives.", METHOD_COEXIST},
    {"__reversed__", reversed_iter, "", "An iterator over the keys from the last to the first.", 0},
    {"__sizeof__", size_of, "", "The size of the dict in memory, in bytes.", 0},
    CLASS_GETITEM_ROW,
    {0},
};
