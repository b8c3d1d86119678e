/* Views of dicts (keys, values, items) and the iterators over them.
 *
 * An iterator remembers how many entries the dict had when it began; another number later means that the dict was
 * changed under it. Positions are checked against the dict in every step, so changes that keep the number do no harm.
 * The operators of views go through the generic set operations: views are sets of what they show.
 */
#include "object/containers.h"

typedef struct DictView {
    Object header;
    Value dict;
} DictView;

typedef struct DictIter {
    Object header;
    Value dict;   /* 0 when exhausted */
    Value result; /* the last pair of an items iterator: used again if nobody kept it; or 0 */
    size_t used, left;
    size_t pos; /* forwards: the next position to look at; backwards: one past it */
} DictIter;

static Value view_dict(Value view) { return ((DictView *)as_obj(view))->dict; }

Value dict_view_new(VM *vm, Type *type, Value dict) {
    DictView *v = object_alloc(vm, type, 0);
    if (!v)
        return VALUE_ERROR;
    v->dict = incref(dict);
    return from_obj(v);
}

/* ---- iterators ------------------------------------------------------------------------------------------------- */

static bool goes_back(VM *vm, const Type *type) {
    return type == vm->types.dict_reversekeyiterator || type == vm->types.dict_reversevalueiterator ||
           type == vm->types.dict_reverseitemiterator;
}

Value dict_iter_new(VM *vm, Type *type, Value dict) {
    DictIter *it = object_alloc(vm, type, 0);
    if (!it)
        return VALUE_ERROR;
    Dict *d = as_dict(dict);
    it->dict = incref(dict);
    it->used = it->left = d->used;
    it->pos = goes_back(vm, type) ? d->nentries : 0;
    return from_obj(it);
}

/* The next entry, or NULL: at the end, or with an exception. */
static ALWAYS_INLINE DictEntry *step(VM *vm, DictIter *it, bool back) {
    if (!it->dict)
        return NULL;
    Dict *d = as_dict(it->dict);
    if (unlikely(it->used != d->used)) {
        it->used = SIZE_MAX; /* stays that way */
        raise_runtime(vm, "dictionary changed size during iteration");
        return NULL;
    }
    size_t p = it->pos;
    if (back) {
        if (p > d->nentries)
            p = d->nentries;
        while (p > 0 && !d->entries[p - 1].key)
            p--;
        if (p > 0) {
            it->pos = p - 1;
            it->left -= it->left > 0;
            return &d->entries[p - 1];
        }
    } else {
        if (p == 0 && d->nentries && !d->entries[0].key)
            p = (size_t)d->entries[0].hash; /* holes at the front: see dict.c */
        while (p < d->nentries && !d->entries[p].key)
            p++;
        if (p < d->nentries) {
            if (unlikely(it->left == 0)) {
                raise_runtime(vm, "dictionary keys changed during iteration");
                goto end;
            }
            it->pos = p + 1;
            it->left--;
            return &d->entries[p];
        }
    }
end:
    it->left = 0;
    set_owned(vm, &it->dict, 0);
    return NULL;
}

static Value pair_of(VM *vm, DictIter *it, DictEntry *e) {
    Value key = incref(e->key), value = incref(e->value);
    if (it->result && as_obj(it->result)->refcount == 1) {
        Tuple *t = as_tuple(it->result);
        Value old_key = t->items[0], old_value = t->items[1];
        t->items[0] = key;
        t->items[1] = value;
        Value result = incref(it->result);
        decref(vm, old_key);
        decref(vm, old_value);
        return result;
    }
    Value pair = tuple_new(vm, 2);
    if (!pair) {
        decref(vm, key);
        decref(vm, value);
        return VALUE_ERROR;
    }
    as_tuple(pair)->items[0] = key;
    as_tuple(pair)->items[1] = value;
    set_owned(vm, &it->result, incref(pair));
    return pair;
}

static Value key_next(VM *vm, Value self) {
    DictEntry *e = step(vm, (DictIter *)as_obj(self), false);
    return e ? incref(e->key) : VALUE_ERROR;
}

static Value value_next(VM *vm, Value self) {
    DictEntry *e = step(vm, (DictIter *)as_obj(self), false);
    return e ? incref(e->value) : VALUE_ERROR;
}

static Value item_next(VM *vm, Value self) {
    DictIter *it = (DictIter *)as_obj(self);
    DictEntry *e = step(vm, it, false);
    return e ? pair_of(vm, it, e) : VALUE_ERROR;
}

static Value key_previous(VM *vm, Value self) {
    DictEntry *e = step(vm, (DictIter *)as_obj(self), true);
    return e ? incref(e->key) : VALUE_ERROR;
}

static Value value_previous(VM *vm, Value self) {
    DictEntry *e = step(vm, (DictIter *)as_obj(self), true);
    return e ? incref(e->value) : VALUE_ERROR;
}

static Value item_previous(VM *vm, Value self) {
    DictIter *it = (DictIter *)as_obj(self);
    DictEntry *e = step(vm, it, true);
    return e ? pair_of(vm, it, e) : VALUE_ERROR;
}

static Value iter_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    DictIter *it = (DictIter *)as_obj(self);
    return int_from_ssize(vm, it->dict && as_dict(it->dict)->used == it->used ? (ssize_t)it->left : 0);
}

/* What is left, as a list: a copy of the iterator is exhausted, not this one. */
static Value iter_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    DictIter *it = (DictIter *)as_obj(self);
    DictIter *copy = object_alloc(vm, obj_type(&it->header), 0);
    if (!copy)
        return VALUE_ERROR;
    copy->dict = incref(it->dict);
    copy->used = it->used;
    copy->left = it->left;
    copy->pos = it->pos;
    Value list = list_from_iterable(vm, from_obj(copy));
    obj_decref(vm, &copy->header);
    return reduce_iter(vm, "iter", list);
}

static const MethodSpec iter_methods[] = {
    {"__length_hint__", iter_hint, "", "How many items are left.", 0},
    {"__reduce__", iter_reduce, "", "State for copying and pickling.", 0},
    {0},
};

#define DICT_ITERATOR(id, function, text)                                                                            \
    const TypeSpec dict_##id##_spec = {                                                                              \
        .name = "dict_" #id,                                                                                         \
        .doc = text,                                                                                                 \
        .size = sizeof(DictIter),                                                                                    \
        .flags = ITERATOR_FLAGS,                                                                                     \
        .kind = KIND_ITERATOR,                                                                                       \
        .slots = {FIELD_SLOTS(2), .iter = iter_self, .next = function},                                              \
        .methods = iter_methods,                                                                                     \
    };
DICT_ITERATOR(keyiterator, key_next, "Gives the keys of a dict.")
DICT_ITERATOR(valueiterator, value_next, "Gives the values of a dict.")
DICT_ITERATOR(itemiterator, item_next, "Gives the pairs of key and value of a dict.")
DICT_ITERATOR(reversekeyiterator, key_previous, "Gives the keys of a dict, the last one first.")
DICT_ITERATOR(reversevalueiterator, value_previous, "Gives the values of a dict, the last one first.")
DICT_ITERATOR(reverseitemiterator, item_previous, "Gives the pairs of key and value of a dict, the last one first.")

/* ---- views ----------------------------------------------------------------------------------------------------- */

static ssize_t view_len(VM *vm, Value self) {
    Value dict = view_dict(self);
    return dict ? (ssize_t)dict_len(dict) : 0;
}

static Value view_repr(VM *vm, Value self) {
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_from_c(vm, "...");
    Value list = list_from_iterable(vm, self);
    Value text = list ? str_printf(vm, "%T(%R)", self, list) : VALUE_ERROR;
    decref(vm, list);
    repr_leave(vm, self);
    return text;
}

static Value keys_iter(VM *vm, Value self) { return dict_iter_new(vm, vm->types.dict_keyiterator, view_dict(self)); }
static Value values_iter(VM *vm, Value self) {
    return dict_iter_new(vm, vm->types.dict_valueiterator, view_dict(self));
}
static Value items_iter(VM *vm, Value self) {
    return dict_iter_new(vm, vm->types.dict_itemiterator, view_dict(self));
}

static int keys_contain(VM *vm, Value self, Value key) { return dict_contains(vm, view_dict(self), key); }

static int items_contain(VM *vm, Value self, Value item) {
    if (!is_tuple(item) || as_tuple(item)->len != 2)
        return 0;
    Value found = incref(dict_get(vm, view_dict(self), as_tuple(item)->items[0]));
    if (!found)
        return error_pending(vm) ? -1 : 0;
    int equal = equal_fast(vm, found, as_tuple(item)->items[1]);
    decref(vm, found);
    return equal;
}

static bool is_set_view(VM *vm, Value v) {
    return has_kind(v, KIND_DICT_VIEW) && obj_type(as_obj(v))->slots.contains; /* values have none */
}

/* Is everything in `a` also in `b`? */
static int all_in(VM *vm, Value a, Value b) {
    Value it = iter_get(vm, a);
    if (!it)
        return -1;
    int all = 1;
    Value item;
    while (all == 1 && (item = iter_next(vm, it))) {
        all = contains(vm, b, item);
        decref(vm, item);
    }
    decref(vm, it);
    return error_pending(vm) ? -1 : all;
}

static Value view_compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!is_set(other) && !is_set_view(vm, other))
        return VALUE_NOTIMPL;
    ssize_t a = view_len(vm, self), b = length(vm, other);
    if (b < 0)
        return VALUE_ERROR;
    int result = 0;
    switch (op) {
    case CMP_EQ:
    case CMP_NE:
        result = a == b ? all_in(vm, self, other) : 0;
        if (op == CMP_NE && result >= 0)
            result = !result;
        break;
    case CMP_LT:
        result = a < b ? all_in(vm, self, other) : 0;
        break;
    case CMP_LE:
        result = a <= b ? all_in(vm, self, other) : 0;
        break;
    case CMP_GT:
        result = a > b ? all_in(vm, other, self) : 0;
        break;
    case CMP_GE:
        result = a >= b ? all_in(vm, other, self) : 0;
        break;
    }
    return result < 0 ? VALUE_ERROR : from_bool(result);
}

static Value finish(VM *vm, Value set, bool ok) {
    if (ok)
        return set;
    decref(vm, set);
    return VALUE_ERROR;
}

static bool can_combine(VM *vm, Value a, Value b) { return is_set_view(vm, a) || is_set_view(vm, b); }

/* The set of what an operand shows; keys are taken from the dict, whose number of entries gives the set its size. */
static Value set_of(VM *vm, Value v) { return set_new(vm, is_exact(v, vm->types.dict_keys) ? view_dict(v) : v); }

static Value view_sub(VM *vm, Value a, Value b) {
    if (!can_combine(vm, a, b))
        return VALUE_NOTIMPL;
    Value set = set_of(vm, a);
    return set ? finish(vm, set, set_difference_update(vm, set, b)) : VALUE_ERROR;
}

static Value view_or(VM *vm, Value a, Value b) {
    if (!can_combine(vm, a, b))
        return VALUE_NOTIMPL;
    Value set = set_of(vm, a);
    return set ? finish(vm, set, set_update(vm, set, b)) : VALUE_ERROR;
}

static Value view_and(VM *vm, Value a, Value b) {
    if (!can_combine(vm, a, b))
        return VALUE_NOTIMPL;
    if (!is_set_view(vm, a)) {
        Value swap = a;
        a = b;
        b = swap;
    }
    if (is_set(b) && obj_type(as_obj(b)) == vm->types.set && view_len(vm, a) <= (ssize_t)set_len(b))
        return set_intersection(vm, b, a);
    if (is_set_view(vm, b) && view_len(vm, b) > view_len(vm, a)) {
        Value swap = a;
        a = b;
        b = swap;
    }
    Value set = set_new(vm, 0), it = set ? iter_get(vm, b) : VALUE_ERROR, item;
    if (!it)
        return set ? finish(vm, set, false) : VALUE_ERROR;
    while ((item = iter_next(vm, it))) {
        int there = contains(vm, a, item);
        bool ok = there == 0 || (there > 0 && set_add(vm, set, item));
        decref(vm, item);
        if (!ok)
            break;
    }
    decref(vm, it);
    return finish(vm, set, !error_pending(vm));
}

static Value view_xor(VM *vm, Value a, Value b) {
    if (!can_combine(vm, a, b))
        return VALUE_NOTIMPL;
    Value set = set_of(vm, a);
    return set ? finish(vm, set, set_symmetric_difference_update(vm, set, b)) : VALUE_ERROR;
}

static Value isdisjoint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value a = self, b = args[0];
    if (self == b)
        return from_bool(view_len(vm, self) == 0);
    if ((is_set(b) || is_set_view(vm, b)) && length(vm, b) > view_len(vm, self)) {
        a = b;
        b = self;
    }
    Value it = iter_get(vm, b), item;
    if (!it)
        return VALUE_ERROR;
    int found = 0;
    while (!found && (item = iter_next(vm, it))) {
        found = contains(vm, a, item);
        decref(vm, item);
    }
    decref(vm, it);
    return error_pending(vm) ? VALUE_ERROR : from_bool(!found);
}

static Value keys_reversed(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_iter_new(vm, vm->types.dict_reversekeyiterator, view_dict(self));
}

static Value values_reversed(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_iter_new(vm, vm->types.dict_reversevalueiterator, view_dict(self));
}

static Value items_reversed(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_iter_new(vm, vm->types.dict_reverseitemiterator, view_dict(self));
}

static Value get_mapping(VM *vm, Value self) { return mappingproxy_new(vm, view_dict(self)); }

static const GetSetSpec view_getset[] = {
    {"mapping", get_mapping, NULL, "The dict that this view shows."},
    {0},
};

static const MethodSpec keys_methods[] = {
    {"isdisjoint", isdisjoint, "object, /", "True if the view and the iterable have nothing in common.", 0},
    {"__reversed__", keys_reversed, "", "An iterator over the keys from the last to the first.", 0},
    {0},
};

static const MethodSpec items_methods[] = {
    {"isdisjoint", isdisjoint, "object, /", "True if the view and the iterable have nothing in common.", 0},
    {"__reversed__", items_reversed, "", "An iterator over the items from the last to the first.", 0},
    {0},
};

static const MethodSpec values_methods[] = {
    {"__reversed__", values_reversed, "", "An iterator over the values from the last to the first.", 0},
    {0},
};

#define VIEW_FLAGS (TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF | TYPE_NO_NEW)
#define SET_OPERATORS .binary = {[OP_SUB] = view_sub, [OP_AND] = view_and, [OP_OR] = view_or, [OP_XOR] = view_xor}

const TypeSpec dict_keys_spec = {
    .name = "dict_keys",
    .doc = "The keys of a dict, as they are at any time: a set to compute with, too.",
    .size = sizeof(DictView),
    .flags = VIEW_FLAGS,
    .kind = KIND_DICT_VIEW,
    .slots = {FIELD_SLOTS(1), .repr = view_repr, .iter = keys_iter, .len = view_len, .contains = keys_contain,
              .compare = view_compare},
    .numbers = &(const NumberSlots){SET_OPERATORS},
    .methods = keys_methods,
    .getset = view_getset,
};

const TypeSpec dict_items_spec = {
    .name = "dict_items",
    .doc = "The pairs of key and value of a dict, as they are at any time.",
    .size = sizeof(DictView),
    .flags = VIEW_FLAGS,
    .kind = KIND_DICT_VIEW,
    .slots = {FIELD_SLOTS(1), .repr = view_repr, .iter = items_iter, .len = view_len, .contains = items_contain,
              .compare = view_compare},
    .numbers = &(const NumberSlots){SET_OPERATORS},
    .methods = items_methods,
    .getset = view_getset,
};

const TypeSpec dict_values_spec = {
    .name = "dict_values",
    .doc = "The values of a dict, as they are at any time.",
    .size = sizeof(DictView),
    .flags = VIEW_FLAGS,
    .kind = KIND_DICT_VIEW,
    .slots = {FIELD_SLOTS(1), .repr = view_repr, .iter = values_iter, .len = view_len},
    .methods = values_methods,
    .getset = view_getset,
};
