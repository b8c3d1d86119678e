/* _collections: the module itself, the fields of named tuples, and counting for Counter. */
#include "stdlib/collections.h"

/* ---- fields of named tuples ------------------------------------------------------------------------------------ */

typedef struct TupleGetter {
    Object header;
    Value doc;
    ssize_t index;
} TupleGetter;

static Value getter_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, "_tuplegetter", "index, doc, /", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    ssize_t index;
    if (!to_ssize(vm, v[0], &index))
        return VALUE_ERROR;
    TupleGetter *g = object_alloc(vm, type, 0);
    if (!g)
        return VALUE_ERROR;
    g->index = index;
    g->doc = incref(v[1]);
    return from_obj(g);
}

static Value getter_get(VM *vm, Value self, Value obj, Value type) {
    TupleGetter *g = (TupleGetter *)as_obj(self);
    if (!obj || is_none(obj)) {
        if (!type || is_none(type))
            return raise_type(vm, "__get__(None, None) is invalid");
        return incref(self);
    }
    if (!is_tuple(obj))
        return raise_type(vm, "descriptor for index '%z' for tuple subclasses doesn't apply to '%s' object", g->index,
                          type_name(obj));
    if (g->index < 0 || (size_t)g->index >= as_tuple(obj)->len)
        return raise_index(vm, "tuple index out of range");
    return incref(as_tuple(obj)->items[g->index]);
}

static bool getter_set(VM *vm, Value self, Value obj, Value value) {
    return raisef(vm, vm->exc.AttributeError, value ? "can't set attribute" : "can't delete attribute");
}

static Value getter_repr(VM *vm, Value self) {
    TupleGetter *g = (TupleGetter *)as_obj(self);
    return str_printf(vm, "_tuplegetter(%z, %R)", g->index, g->doc ? g->doc : VALUE_NONE);
}

static Value getter_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    TupleGetter *g = (TupleGetter *)as_obj(self);
    Value index = int_from_ssize(vm, g->index);
    Value parts = index ? tuple_pack(vm, 2, index, g->doc ? g->doc : VALUE_NONE) : VALUE_ERROR;
    Value result = parts ? tuple_pack(vm, 2, type_value(fast_type(vm, self)), parts) : VALUE_ERROR;
    decref(vm, parts);
    decref(vm, index);
    return result;
}

static Value getter_get_doc(VM *vm, Value self) {
    Value doc = ((TupleGetter *)as_obj(self))->doc;
    return doc ? incref(doc) : VALUE_NONE;
}

static bool getter_set_doc(VM *vm, Value self, Value value) {
    set_owned(vm, &((TupleGetter *)as_obj(self))->doc, incref(value));
    return true;
}

static const MethodSpec getter_methods[] = {
    {"__reduce__", getter_reduce, "", "State for copying and pickling.", 0},
    {0},
};

static const GetSetSpec getter_getset[] = {
    {"__doc__", getter_get_doc, getter_set_doc, NULL},
    {0},
};

static const TypeSpec getter_spec = {
    .name = "collections._tuplegetter",
    .doc = "An attribute of a named tuple: the item at an index.",
    .signature = "index, doc, /",
    .size = sizeof(TupleGetter),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(1), .create = getter_create, .repr = getter_repr, .descr_get = getter_get,
              .descr_set = getter_set},
    .methods = getter_methods,
    .getset = getter_getset,
};

/* ---- counting -------------------------------------------------------------------------------------------------- */

/* One more of `item` in a dict that scripts do not watch. */
static bool count_plain(VM *vm, Value dict, Value item) {
    int64_t hash;
    if (!hash_value(vm, item, &hash))
        return false;
    Value old = dict_get_hash(vm, dict, item, hash);
    if (!old && error_pending(vm))
        return false;
    Value count;
    if (!old) {
        count = from_small_int(1);
    } else if (is_small_int(old)) {
        count = int_from_int64(vm, as_small_int(old) + 1);
    } else {
        incref(old);
        count = arith_binary(vm, OP_ADD, old, from_small_int(1));
        decref(vm, old);
    }
    bool ok = count && dict_set_hash(vm, dict, item, hash, count);
    decref(vm, count);
    return ok;
}

static bool count_general(VM *vm, Value mapping, Value get, Value item) {
    Value old = call2(vm, get, item, from_small_int(0));
    Value count = old ? arith_binary(vm, OP_ADD, old, from_small_int(1)) : VALUE_ERROR;
    bool ok = count && item_set(vm, mapping, item, count);
    decref(vm, old);
    decref(vm, count);
    return ok;
}

static Value count_elements(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value mapping = args[0], get = 0, it = iter_get(vm, args[1]), item;
    if (!it)
        return VALUE_ERROR;
    Type *type = fast_type(vm, mapping), *dict = vm->types.dict;
    bool plain = is_dict(mapping) && type_lookup(vm, type, NAME(get)) == type_lookup(vm, dict, NAME(get)) &&
                 type_lookup(vm, type, NAME(__setitem__)) == type_lookup(vm, dict, NAME(__setitem__));
    if (!plain && !(get = attr_get(vm, mapping, NAME(get)))) {
        decref(vm, it);
        return VALUE_ERROR;
    }
    bool ok = true;
    while (ok && (item = iter_next(vm, it))) {
        ok = plain ? count_plain(vm, mapping, item) : count_general(vm, mapping, get, item);
        decref(vm, item);
    }
    decref(vm, get);
    decref(vm, it);
    return ok && !error_pending(vm) ? VALUE_NONE : VALUE_ERROR;
}

/* ---- the module ------------------------------------------------------------------------------------------------ */

static const MethodSpec functions[] = {
    {"_count_elements", count_elements, "mapping, iterable, /", "Add the number of each item to the mapping.", 0},
    {0},
};

bool mod_collections_init(VM *vm, Value module) {
    static const struct {
        const char *name;
        const TypeSpec *spec;
    } types[] = {
        {"deque", &deque_spec},
        {"_deque_iterator", &deque_iterator_spec},
        {"_deque_reverse_iterator", &deque_reverse_iterator_spec},
        {"_tuplegetter", &getter_spec},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        Type *t = vm_type(vm, types[i].spec, NULL);
        if (!t || !module_add(vm, module, types[i].name, incref(type_value(t))))
            return false;
    }
    Type *ordered = vm_type(vm, &ordered_dict_spec, vm->types.dict);
    Type *with_default = vm_type(vm, &default_dict_spec, vm->types.dict);
    return ordered && with_default && module_add(vm, module, "OrderedDict", incref(type_value(ordered))) &&
           module_add(vm, module, "defaultdict", incref(type_value(with_default))) &&
           module_add_functions(vm, module, functions);
}
