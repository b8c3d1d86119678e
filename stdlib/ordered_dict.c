/* collections.OrderedDict: a dict that can move its entries.
 *
 * A dict keeps its order anyway, so the struct is that of dict. What differs is what scripts can see: methods that
 * move entries, equality that looks at the order, and iterators that notice every change of keys, not just of their
 * number (they compare the dict's version). Subclasses that override __setitem__ are filled through it.
 */
#include "stdlib/collections.h"

static Type *ordered_type(VM *vm) { return vm_type(vm, &ordered_dict_spec, vm->types.dict); }
static bool is_ordered(VM *vm, Value v) { return is_dict(v) && type_is_subtype(fast_type(vm, v), ordered_type(vm)); }

static bool put(VM *vm, Value self, Value key, Value value) {
    if (fast_type(vm, self)->slots.setitem == vm->types.dict->slots.setitem)
        return dict_set(vm, self, key, value);
    return item_set(vm, self, key, value);
}

/* ---- filling --------------------------------------------------------------------------------------------------- */

static bool put_pair(VM *vm, Value self, Value pair) {
    Value owner, *items;
    size_t n;
    if (!sequence_view(vm, pair, NULL, &owner, &items, &n))
        return false;
    bool ok;
    Value key = n == 2 ? incref(items[0]) : 0, value = n == 2 ? incref(items[1]) : 0;
    if (n < 2)
        ok = raise_value(vm, "need more than %u value%s to unpack", n, n == 1 ? "" : "s");
    else if (n > 2)
        ok = raise_value(vm, "too many values to unpack (expected 2)");
    else
        ok = put(vm, self, key, value);
    decref(vm, key);
    decref(vm, value);
    decref(vm, owner);
    return ok;
}

static bool put_pairs(VM *vm, Value self, Value pairs) {
    Value it = pairs ? iter_get(vm, pairs) : VALUE_ERROR, pair;
    if (!it)
        return false;
    bool ok = true;
    while (ok && (pair = iter_next(vm, it))) {
        ok = put_pair(vm, self, pair);
        decref(vm, pair);
    }
    decref(vm, it);
    return ok && !error_pending(vm);
}

static bool put_mapping(VM *vm, Value self, Value mapping) {
    Value keys = call_method0(vm, mapping, NAME(keys)), it = keys ? iter_get(vm, keys) : VALUE_ERROR, key;
    decref(vm, keys);
    if (!it)
        return false;
    bool ok = true;
    while (ok && (key = iter_next(vm, it))) {
        Value value = item_get(vm, mapping, key);
        ok = value && put(vm, self, key, value);
        decref(vm, value);
        decref(vm, key);
    }
    decref(vm, it);
    return ok && !error_pending(vm);
}

static bool update_from(VM *vm, Value self, Value other) {
    bool plain = fast_type(vm, self)->slots.setitem == vm->types.dict->slots.setitem;
    if (plain && (is_exact(other, vm->types.dict) || is_exact(other, ordered_type(vm))))
        return dict_update(vm, self, other);
    int has_keys = is_list(other) || is_tuple(other) ? 0 : attr_has(vm, other, NAME(keys));
    if (has_keys)
        return has_keys > 0 && put_mapping(vm, self, other);
    return put_pairs(vm, self, other);
}

static bool update_args(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs && !update_from(vm, self, args[0]))
        return false;
    for (size_t i = 0; kwnames && i < as_tuple(kwnames)->len; i++) {
        if (!put(vm, self, as_tuple(kwnames)->items[i], args[nargs + i]))
            return false;
    }
    return true;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Object *o = object_alloc(vm, type, 0);
    if (!o)
        return VALUE_ERROR;
    o->flags |= OBJ_SUBTYPE; /* what is done to exact dicts in line is not for this one */
    return from_obj(o);
}

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs > 1)
        return raise_type(vm, "expected at most 1 arguments, got %u", nargs);
    return update_args(vm, self, args, nargs, kwnames);
}

/* ---- iterators ------------------------------------------------------------------------------------------------- */

enum { SHOW_KEYS = 1, SHOW_VALUES = 2, BACKWARDS = 4 };

typedef struct OrderedIter {
    Object header;
    Value dict; /* 0 when exhausted */
    size_t pos; /* backwards: one past the next */
    uint32_t version;
    int kind;
} OrderedIter;

static const TypeSpec iterator_spec, keys_spec, values_spec, items_spec;

static Value iter_new(VM *vm, Value dict, int kind) {
    Type *type = vm_type(vm, &iterator_spec, NULL);
    OrderedIter *it = type ? object_alloc(vm, type, 0) : NULL;
    if (!it)
        return VALUE_ERROR;
    it->dict = incref(dict);
    it->kind = kind;
    it->pos = kind & BACKWARDS ? as_dict(dict)->nentries : 0;
    it->version = dict_version(vm, dict);
    return from_obj(it);
}

static Value iter_next_entry(VM *vm, Value self) {
    OrderedIter *it = (OrderedIter *)as_obj(self);
    if (!it->dict)
        return VALUE_ERROR;
    Dict *d = as_dict(it->dict);
    Value key = 0, value = 0;
    if (d->version != it->version) {
        raise_runtime(vm, "OrderedDict mutated during iteration");
    } else if (it->kind & BACKWARDS) {
        while (it->pos > 0 && !d->entries[it->pos - 1].key)
            it->pos--;
        if (it->pos > 0) {
            it->pos--;
            key = d->entries[it->pos].key;
            value = d->entries[it->pos].value;
        }
    } else {
        dict_next(it->dict, &it->pos, &key, &value);
    }
    if (!key) {
        set_owned(vm, &it->dict, 0);
        return VALUE_ERROR;
    }
    switch (it->kind & (SHOW_KEYS | SHOW_VALUES)) {
    case SHOW_KEYS:
        return incref(key);
    case SHOW_VALUES:
        return incref(value);
    default:
        return tuple_pack(vm, 2, key, value);
    }
}

static Value iter_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    OrderedIter *it = (OrderedIter *)as_obj(self);
    if (!it->dict)
        return reduce_iter(vm, "iter", list_new(vm, 0));
    Value rest = iter_new(vm, it->dict, it->kind);
    if (!rest)
        return VALUE_ERROR;
    ((OrderedIter *)as_obj(rest))->pos = it->pos;
    ((OrderedIter *)as_obj(rest))->version = it->version;
    Value list = list_from_iterable(vm, rest);
    decref(vm, rest);
    return reduce_iter(vm, "iter", list);
}

static const MethodSpec iterator_methods[] = {
    {"__reduce__", iter_reduce, "", "State for copying and pickling.", 0},
    {0},
};

static const TypeSpec iterator_spec = {
    .name = "odict_iterator",
    .size = sizeof(OrderedIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = iter_next_entry},
    .methods = iterator_methods,
};

/* ---- views: those of dict, with the iterators above ---------------------------------------------------------------
 */

static Value view_dict(Value view) { return *(Value *)(as_obj(view) + 1); } /* see dict_views.c */

#define VIEW(id, kind_)                                                                                              \
    static Value id##_iter(VM *vm, Value self) { return iter_new(vm, view_dict(self), kind_); }                      \
    static Value id##_reversed(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                       \
        return iter_new(vm, view_dict(self), (kind_) | BACKWARDS);                                                   \
    }                                                                                                                \
    static const MethodSpec id##_methods[] = {                                                                       \
        {"__reversed__", id##_reversed, "", "An iterator from the last to the first.", 0},                           \
        {0},                                                                                                         \
    };                                                                                                               \
    static const TypeSpec id##_spec = {                                                                              \
        .name = "odict_" #id,                                                                                        \
        .size = sizeof(Object) + sizeof(Value),                                                                      \
        .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF | TYPE_NO_NEW,                                           \
        .kind = KIND_DICT_VIEW,                                                                                      \
        .slots = {.iter = id##_iter},                                                                                \
        .methods = id##_methods,                                                                                     \
    };                                                                                                               \
    static Value method_##id(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                         \
        Type *type = vm_type(vm, &id##_spec, vm->types.dict_##id);                                                   \
        return type ? dict_view_new(vm, type, self) : VALUE_ERROR;                                                   \
    }
VIEW(keys, SHOW_KEYS)
VIEW(values, SHOW_VALUES)
VIEW(items, SHOW_KEYS | SHOW_VALUES)

static Value iter(VM *vm, Value self) { return iter_new(vm, self, SHOW_KEYS); }

/* ---- other slots ----------------------------------------------------------------------------------------------- */

static Value repr(VM *vm, Value self) {
    const Type *type = fast_type(vm, self);
    const char *name = type->name ? str_data(type->name) : "OrderedDict";
    if (dict_len(self) == 0)
        return str_printf(vm, "%s()", name);
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_from_c(vm, "...");
    Value copy = dict_copy(vm, self), text = VALUE_ERROR;
    if (copy && native_enter(vm, GUARD_REPR)) {
        text = str_printf(vm, "%s(%R)", name, copy);
        native_leave(vm);
    }
    decref(vm, copy);
    repr_leave(vm, self);
    return text;
}

static int same_order(VM *vm, Value a, Value b) {
    size_t i = 0, j = 0;
    Value x, y, ignored;
    while (dict_next(a, &i, &x, &ignored) && dict_next(b, &j, &y, &ignored)) {
        incref(x);
        incref(y);
        int equal = equal_fast(vm, x, y);
        decref(vm, x);
        decref(vm, y);
        if (equal != 1)
            return equal;
    }
    return 1;
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!is_dict(other) || (op != CMP_EQ && op != CMP_NE))
        return VALUE_NOTIMPL;
    int equal = dict_equal(vm, self, other);
    if (equal > 0 && is_ordered(vm, other))
        equal = same_order(vm, self, other);
    return equal < 0 ? VALUE_ERROR : from_bool(op == CMP_EQ ? equal : !equal);
}

static Value binary_or(VM *vm, Value a, Value b) {
    if (!is_dict(a) || !is_dict(b))
        return VALUE_NOTIMPL;
    Type *type = fast_type(vm, is_ordered(vm, a) ? a : b);
    Value result = call1(vm, type_value(type), a);
    if (result && !update_from(vm, result, b)) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    return result;
}

static Value inplace_or(VM *vm, Value self, Value other) {
    return update_from(vm, self, other) ? incref(self) : VALUE_ERROR;
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

#define METHOD(id) static Value method_##id(VM *vm, Value self, Value *args, size_t nargs, Value kwnames)

METHOD(reversed) { return iter_new(vm, self, SHOW_KEYS | BACKWARDS); }

METHOD(update) {
    if (nargs > 1)
        return raise_type(vm, "update() takes at most 1 positional argument (%u given)", nargs);
    return update_args(vm, self, args, nargs, kwnames) ? VALUE_NONE : VALUE_ERROR;
}

METHOD(fromkeys) {
    Value result = call0(vm, self), it = result ? iter_get(vm, args[0]) : VALUE_ERROR, key;
    if (!it) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    bool ok = true;
    while (ok && (key = iter_next(vm, it))) {
        ok = item_set(vm, result, key, args[1] ? args[1] : VALUE_NONE);
        decref(vm, key);
    }
    decref(vm, it);
    if (ok && !error_pending(vm))
        return result;
    decref(vm, result);
    return VALUE_ERROR;
}

METHOD(setdefault) {
    Value value = args[1] ? args[1] : VALUE_NONE;
    if (fast_type(vm, self)->slots.setitem == vm->types.dict->slots.setitem)
        return incref(dict_setdefault(vm, self, args[0], value));
    int there = contains(vm, self, args[0]);
    if (there < 0)
        return VALUE_ERROR;
    if (there)
        return item_get(vm, self, args[0]);
    return item_set(vm, self, args[0], value) ? incref(value) : VALUE_ERROR;
}

METHOD(pop) {
    Value value = dict_pop(vm, self, args[0]);
    if (value || error_pending(vm))
        return value;
    return args[1] ? incref(args[1]) : raise_key(vm, args[0]);
}

METHOD(popitem) {
    int last = args[0] ? truth(vm, args[0]) : 1;
    if (last < 0)
        return VALUE_ERROR;
    if (dict_len(self) == 0) {
        Value text = str_from_c(vm, "dictionary is empty");
        if (text)
            raise_key(vm, text);
        decref(vm, text);
        return VALUE_ERROR;
    }
    Value pair = tuple_new(vm, 2);
    if (!pair)
        return VALUE_ERROR;
    Value *items = as_tuple(pair)->items;
    if (last)
        dict_pop_last(vm, self, &items[0], &items[1]);
    else
        dict_pop_first(vm, self, &items[0], &items[1]);
    return pair;
}

METHOD(move_to_end) {
    int last = args[1] ? truth(vm, args[1]) : 1;
    int moved = last < 0 ? -1 : dict_move_to_end(vm, self, args[0], last);
    if (moved == 0)
        return raise_key(vm, args[0]);
    return moved < 0 ? VALUE_ERROR : VALUE_NONE;
}

METHOD(copy) {
    Value copy = call0(vm, type_value(fast_type(vm, self)));
    if (!copy)
        return VALUE_ERROR;
    bool ok = true;
    size_t pos = 0;
    Value key, value;
    while (ok && dict_next(self, &pos, &key, &value)) {
        incref(key);
        incref(value);
        ok = is_dict(copy) ? put(vm, copy, key, value) : item_set(vm, copy, key, value);
        decref(vm, key);
        decref(vm, value);
    }
    if (ok)
        return copy;
    decref(vm, copy);
    return VALUE_ERROR;
}

METHOD(reduce) {
    Value state = call_method0(vm, self, NAME(__getstate__));
    Value items = state ? call_method0(vm, self, NAME(items)) : VALUE_ERROR;
    Value it = items ? iter_get(vm, items) : VALUE_ERROR;
    Value result =
        it ? tuple_pack(vm, 5, type_value(fast_type(vm, self)), vm->empty_tuple, state, VALUE_NONE, it) : VALUE_ERROR;
    decref(vm, it);
    decref(vm, items);
    decref(vm, state);
    return result;
}

static const MethodSpec methods[] = {
    {"copy", method_copy, "", "A shallow copy.", 0},
    {"fromkeys", method_fromkeys, "iterable, value=None",
     "A new ordered dict with the keys of an iterable, all with the same value.", METHOD_CLASS},
    {"items", method_items, "", "A view of the pairs of key and value.", 0},
    {"keys", method_keys, "", "A view of the keys.", 0},
    {"move_to_end", method_move_to_end, "key, last=True",
     "Move a key to the end, or to the beginning.\n\nRaises KeyError if it is not there.", 0},
    {"pop", method_pop, "key, default=<unrepresentable>",
     "Remove the key and return its value.\n\nIf it is not there, return the default if given, else raise KeyError.",
     0},
    {"popitem", method_popitem, "last=True", "Remove and return the last pair of key and value, or the first one.",
     0},
    {"setdefault", method_setdefault, "key, default=None",
     "The value of the key; if it is not in the dict, it is put there with the default.", 0},
    {"update", method_update, "*args, **kwargs",
     "Put the items of a mapping, or the pairs of an iterable, and then the keywords into the dict.", 0},
    {"values", method_values, "", "A view of the values.", 0},
    {"__reduce__", method_reduce, "", "State for copying and pickling.", 0},
    {"__reversed__", method_reversed, "", "An iterator over the keys from the last to the first.", 0},
    {0},
};

const TypeSpec ordered_dict_spec = {
    .name = "collections.OrderedDict",
    .doc = "A dict whose entries can be moved and whose equality looks at their order.",
    .size = sizeof(Dict),
    .flags = TYPE_GC | TYPE_BASE | TYPE_MAPPING | TYPE_MATCH_SELF | TYPE_HAS_DICT | TYPE_IMMUTABLE,
    .kind = KIND_DICT,
    .slots = {.create = create, .init = init, .repr = repr, .compare = compare, .iter = iter},
    .numbers = &(const NumberSlots){.binary = {[OP_OR] = binary_or}, .inplace = {[OP_OR] = inplace_or}},
    .methods = methods,
};
