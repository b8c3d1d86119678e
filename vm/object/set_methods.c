/* set and frozenset as scripts see them: constructors, operators, methods, iterator. The algorithms are in set.c. */
#include "object/set_internal.h"

/* ---- making ---------------------------------------------------------------------------------------------------- */

static Value set_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return set_new_of(vm, type, 0);
}

static bool set_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!one_argument(vm, "set", nargs, kwnames, false))
        return false;
    Value iterable = nargs ? args[0] : 0;
    if (as_set(self)->fill)
        set_drop_contents(vm, as_obj(self));
    return !iterable || set_update(vm, self, iterable);
}

static Value frozenset_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!one_argument(vm, "frozenset", nargs, kwnames, type->slots.init != vm->types.frozenset->slots.init))
        return VALUE_ERROR;
    Value iterable = nargs ? args[0] : 0;
    if (type == vm->types.frozenset)
        return frozenset_new(vm, iterable);
    return set_new_of(vm, type, iterable);
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    Set *s = (Set *)self;
    if (!s->table)
        return;
    for (size_t i = 0; i <= s->mask; i++)
        visit_value(s->table[i].key, visit, arg);
}

static Value repr(VM *vm, Value self) {
    Set *s = as_set(self);
    Type *type = fast_type(vm, self);
    if (s->used == 0)
        return str_printf(vm, "%T()", self);
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_printf(vm, "%T(...)", self);
    Value items = list_from_iterable(vm, self), text = VALUE_ERROR, shown = VALUE_ERROR;
    if (items && native_enter(vm, GUARD_REPR)) {
        text = to_repr(vm, items);
        native_leave(vm);
    }
    if (text) {
        Str *t = as_str(text); /* "[...]", of which the brackets are not wanted */
        Value inner = str_new(vm, t->data + 1, t->nbytes - 2);
        if (inner)
            shown = type == vm->types.set ? str_printf(vm, "{%V}", inner) : str_printf(vm, "%T({%V})", self, inner);
        decref(vm, inner);
    }
    decref(vm, text);
    decref(vm, items);
    repr_leave(vm, self);
    return shown;
}

/* ---- other slots ----------------------------------------------------------------------------------------------- */

static uint64_t shuffle_bits(uint64_t h) { return ((h ^ 89869747u) ^ (h << 16)) * 3644798167u; }

static bool frozenset_hash(VM *vm, Value self, int64_t *out) {
    Set *s = as_set(self);
    if (s->hash == 0) {
        uint64_t h = 0;
        size_t pos = 0;
        Value key;
        int64_t lane;
        while (set_next_hash(s, &pos, &key, &lane))
            h ^= shuffle_bits((uint64_t)lane);
        h ^= (s->used + 1) * 1927868237u;
        h ^= (h >> 11) ^ (h >> 25);
        h = h * 69069u + 907133923u;
        s->hash = h == UINT64_MAX ? 590923713 : (int64_t)h;
    }
    *out = s->hash;
    return true;
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!is_set(other))
        return VALUE_NOTIMPL;
    Set *a = as_set(self), *b = as_set(other);
    int result = 0;
    switch (op) {
    case CMP_EQ:
    case CMP_NE:
        result =
            a->used == b->used && !(a->hash && b->hash && a->hash != b->hash) ? set_is_subset(vm, self, other) : 0;
        if (op == CMP_NE && result >= 0)
            result = !result;
        break;
    case CMP_LE:
        result = set_is_subset(vm, self, other);
        break;
    case CMP_GE:
        result = set_is_subset(vm, other, self);
        break;
    case CMP_LT:
        result = a->used < b->used ? set_is_subset(vm, self, other) : 0;
        break;
    case CMP_GT:
        result = a->used > b->used ? set_is_subset(vm, other, self) : 0;
        break;
    }
    return result < 0 ? VALUE_ERROR : from_bool(result);
}

static ssize_t len(VM *vm, Value self) { return (ssize_t)as_set(self)->used; }
static int has_item(VM *vm, Value self, Value item) { return set_contains(vm, self, item); }

static Value finish(VM *vm, Value set, bool ok) {
    if (ok)
        return set;
    decref(vm, set);
    return VALUE_ERROR;
}

static Value union_of(VM *vm, Value a, Value b) {
    Value result = set_new_of(vm, set_base_type(vm, a), a);
    return result ? finish(vm, result, set_update(vm, result, b)) : VALUE_ERROR;
}

static Value symmetric_difference(VM *vm, Value a, Value b) {
    Value result = set_new_of(vm, set_base_type(vm, a), b);
    return result ? finish(vm, result, set_symmetric_difference_update(vm, result, a)) : VALUE_ERROR;
}

/* Replaces the contents of a set by those of another one that nobody else knows; consumes it. */
static void take_over(VM *vm, Value self, Value fresh) {
    Set *to = as_set(self), *from = as_set(fresh), old;
    memcpy(old.small, to->small, sizeof old.small);
    old.fill = to->fill;
    old.used = to->used;
    old.mask = to->mask;
    old.table = to->table == to->small ? NULL : to->table;
    to->fill = from->fill;
    to->used = from->used;
    to->mask = from->mask;
    memcpy(to->small, from->small, sizeof to->small);
    to->table = from->table == from->small ? to->small : from->table;
    from->fill = old.fill;
    from->used = old.used;
    from->mask = old.mask;
    memcpy(from->small, old.small, sizeof from->small);
    from->table = old.table ? old.table : from->small;
    decref(vm, fresh);
}

#define SET_OPERATOR(name, call_)                                                                                    \
    static Value name(VM *vm, Value a, Value b) {                                                                    \
        if (!is_set(a) || !is_set(b))                                                                                \
            return VALUE_NOTIMPL;                                                                                    \
        return call_(vm, a, b);                                                                                      \
    }
SET_OPERATOR(op_or, union_of)
SET_OPERATOR(op_and, set_intersection)
SET_OPERATOR(op_sub, set_difference)
SET_OPERATOR(op_xor, symmetric_difference)

static Value inplace_or(VM *vm, Value self, Value other) {
    if (!is_set(other))
        return VALUE_NOTIMPL;
    return set_update(vm, self, other) ? incref(self) : VALUE_ERROR;
}

static Value inplace_and(VM *vm, Value self, Value other) {
    if (!is_set(other))
        return VALUE_NOTIMPL;
    Value result = set_intersection(vm, self, other);
    if (!result)
        return VALUE_ERROR;
    take_over(vm, self, result);
    return incref(self);
}

static Value inplace_sub(VM *vm, Value self, Value other) {
    if (!is_set(other))
        return VALUE_NOTIMPL;
    return set_difference_update(vm, self, other) ? incref(self) : VALUE_ERROR;
}

static Value inplace_xor(VM *vm, Value self, Value other) {
    if (!is_set(other))
        return VALUE_NOTIMPL;
    return set_symmetric_difference_update(vm, self, other) ? incref(self) : VALUE_ERROR;
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static Value add(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return set_add(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value clear(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    set_drop_contents(vm, as_obj(self));
    return VALUE_NONE;
}

static Value copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return set_copy_as(vm, set_base_type(vm, self), self);
}

static Value discard(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return set_discard(vm, self, args[0]) < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value set_remove(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int removed = set_discard(vm, self, args[0]);
    if (removed == 0)
        return raise_key(vm, args[0]);
    return removed < 0 ? VALUE_ERROR : VALUE_NONE;
}

static Value pop(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Set *s = as_set(self);
    if (s->used == 0) {
        Value text = str_from_c(vm, "pop from an empty set");
        if (text)
            raise_key(vm, text);
        decref(vm, text);
        return VALUE_ERROR;
    }
    size_t i = s->finger & s->mask;
    while (!s->table[i].key || (s->table[i].hash == -1 && s->table[i].key == VALUE_NOTIMPL))
        i = i == s->mask ? 0 : i + 1;
    Value key = s->table[i].key;
    s->table[i] = (SetEntry){VALUE_NOTIMPL, -1};
    s->used--;
    s->finger = i + 1;
    return key;
}

static bool no_keywords(VM *vm, const char *type, const char *name, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "%s.%s() takes no keyword arguments", type, name);
    return true;
}

static const char *base_name(VM *vm, Value self) {
    return set_base_type(vm, self) == vm->types.set ? "set" : "frozenset";
}

static Value union_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!no_keywords(vm, base_name(vm, self), "union", kwnames))
        return VALUE_ERROR;
    Type *type = set_base_type(vm, self);
    Value result = nargs ? set_new_of(vm, type, self) : set_copy_as(vm, type, self);
    bool ok = true;
    for (size_t i = 0; result && ok && i < nargs; i++)
        ok = args[i] == self || set_update(vm, result, args[i]);
    return result ? finish(vm, result, ok) : VALUE_ERROR;
}

static Value update(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!no_keywords(vm, "set", "update", kwnames))
        return VALUE_ERROR;
    for (size_t i = 0; i < nargs; i++) {
        if (!set_update(vm, self, args[i]))
            return VALUE_ERROR;
    }
    return VALUE_NONE;
}

static Value intersect_all(VM *vm, Value self, Value *args, size_t nargs) {
    if (nargs == 0)
        return set_copy_as(vm, set_base_type(vm, self), self);
    Value result = incref(self);
    for (size_t i = 0; result && i < nargs; i++) {
        Value smaller = set_intersection(vm, result, args[i]);
        decref(vm, result);
        result = smaller;
    }
    return result;
}

static Value intersection(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!no_keywords(vm, base_name(vm, self), "intersection", kwnames))
        return VALUE_ERROR;
    return intersect_all(vm, self, args, nargs);
}

static Value intersection_update(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!no_keywords(vm, "set", "intersection_update", kwnames))
        return VALUE_ERROR;
    Value result = intersect_all(vm, self, args, nargs);
    if (!result)
        return VALUE_ERROR;
    take_over(vm, self, result);
    return VALUE_NONE;
}

static Value difference(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!no_keywords(vm, base_name(vm, self), "difference", kwnames))
        return VALUE_ERROR;
    if (nargs == 0)
        return set_copy_as(vm, set_base_type(vm, self), self);
    Value result = set_difference(vm, self, args[0]);
    bool ok = true;
    for (size_t i = 1; result && ok && i < nargs; i++)
        ok = set_difference_update(vm, result, args[i]);
    return result ? finish(vm, result, ok) : VALUE_ERROR;
}

static Value difference_update(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!no_keywords(vm, "set", "difference_update", kwnames))
        return VALUE_ERROR;
    for (size_t i = 0; i < nargs; i++) {
        if (!set_difference_update(vm, self, args[i]))
            return VALUE_ERROR;
    }
    return VALUE_NONE;
}

static Value symmetric_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return symmetric_difference(vm, self, args[0]);
}

static Value symmetric_update(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return set_symmetric_difference_update(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value isdisjoint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Set *s = as_set(self);
    if (self == args[0])
        return from_bool(s->used == 0);
    int found = 0;
    int64_t hash;
    Value key;
    if (is_set(args[0])) {
        Set *walk = as_set(args[0]);
        if (walk->used > s->used) {
            Set *swap = s;
            s = walk;
            walk = swap;
        }
        for (size_t pos = 0; !found && set_next_hash(walk, &pos, &key, &hash);) {
            incref(key);
            found = set_contains_hash(vm, s, key, hash);
            decref(vm, key);
        }
        return found < 0 ? VALUE_ERROR : from_bool(!found);
    }
    Value it = iter_get(vm, args[0]);
    if (!it)
        return VALUE_ERROR;
    while (!found && (key = iter_next(vm, it))) {
        found = set_key_hash(vm, key, &hash) ? set_contains_hash(vm, s, key, hash) : -1;
        decref(vm, key);
    }
    decref(vm, it);
    return error_pending(vm) ? VALUE_ERROR : from_bool(!found);
}

static Value issubset(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value other = is_set(args[0]) ? incref(args[0]) : set_new(vm, args[0]);
    if (!other)
        return VALUE_ERROR;
    int result = set_is_subset(vm, self, other);
    decref(vm, other);
    return result < 0 ? VALUE_ERROR : from_bool(result);
}

static Value issuperset(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (is_set(args[0])) {
        int result = set_is_subset(vm, args[0], self);
        return result < 0 ? VALUE_ERROR : from_bool(result);
    }
    Value it = iter_get(vm, args[0]), key;
    if (!it)
        return VALUE_ERROR;
    int all = 1;
    while (all == 1 && (key = iter_next(vm, it))) {
        int64_t hash;
        all = set_key_hash(vm, key, &hash) ? set_contains_hash(vm, as_set(self), key, hash) : -1;
        decref(vm, key);
    }
    decref(vm, it);
    return error_pending(vm) ? VALUE_ERROR : from_bool(all);
}

static Value contains_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int found = set_contains(vm, self, args[0]);
    return found < 0 ? VALUE_ERROR : from_bool(found);
}

static Value reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value items = list_from_iterable(vm, self), state = VALUE_ERROR, result = VALUE_ERROR;
    Value packed = items ? tuple_pack(vm, 1, items) : VALUE_ERROR;
    if (packed) {
        state = call_method0(vm, self, NAME(__getstate__));
        if (state)
            result = tuple_pack(vm, 3, type_value(fast_type(vm, self)), packed, state);
    }
    decref(vm, state);
    decref(vm, packed);
    decref(vm, items);
    return result;
}

static Value size_of(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Set *s = as_set(self);
    size_t table = s->table == s->small ? 0 : (s->mask + 1) * sizeof(SetEntry);
    return int_from_ssize(vm, (ssize_t)(fast_type(vm, self)->size + table));
}

#define COMMON_METHODS                                                                                               \
    {"copy", copy, "", "A shallow copy.", 0},                                                                        \
        {"difference", difference, "*others", "A new set of the items that are in none of the others.", 0},          \
        {"intersection", intersection, "*others", "A new set of the items that are in all of the others as well.",   \
         0},                                                                                                         \
        {"isdisjoint", isdisjoint, "other, /", "True if the two have nothing in common.", 0},                        \
        {"issubset", issubset, "other, /", "True if every item is in the other as well.", 0},                        \
        {"issuperset", issuperset, "other, /", "True if every item of the other is in this set.", 0},                \
        {"symmetric_difference", symmetric_method, "other, /", "A new set of what is in just one of the two.", 0},   \
        {"union", union_method, "*others", "A new set of all items of this set and the others.", 0},                 \
        {"__contains__", contains_method, "object, /", "Is the object in the set?", METHOD_COEXIST},                 \
        {"__reduce__", reduce, "", "State for copying and pickling.", 0},                                            \
        {"__sizeof__", size_of, "", "The size of the set in memory, in bytes.", 0}, CLASS_GETITEM_ROW

const MethodSpec set_methods[] = {
    {"add", add, "object, /", "Put an item into the set; no effect if it is there.", 0},
    {"clear", clear, "", "Remove all items.", 0},
    {"difference_update", difference_update, "*others", "Remove the items that are in any of the others.", 0},
    {"discard", discard, "object, /", "Remove an item; no effect if it is not there.", 0},
    {"intersection_update", intersection_update, "*others", "Keep only the items that are in all of the others.", 0},
    {"pop", pop, "", "Takes an item out, no matter which, and returns it; KeyError if there is none.", 0},
    {"remove", set_remove, "object, /", "Remove an item.\n\nRaises KeyError if it is not there.", 0},
    {"symmetric_difference_update", symmetric_update, "other, /", "Keep what is in just one of the two.", 0},
    {"update", update, "*others", "Add all items of the others.", 0},
    COMMON_METHODS,
    {0},
};

const MethodSpec frozenset_methods[] = {COMMON_METHODS, {0}};

/* ---- iterator -------------------------------------------------------------------------------------------------- */

typedef struct SetIter {
    Object header;
    Value set; /* 0 when exhausted */
    size_t pos, used, left;
} SetIter;

static Value iter(VM *vm, Value self) {
    SetIter *it = object_alloc(vm, vm->types.set_iterator, 0);
    if (!it)
        return VALUE_ERROR;
    it->set = incref(self);
    it->used = it->left = as_set(self)->used;
    return from_obj(it);
}

static Value next(VM *vm, Value self) {
    SetIter *it = (SetIter *)as_obj(self);
    if (!it->set)
        return VALUE_ERROR;
    if (it->used != as_set(it->set)->used) {
        it->used = SIZE_MAX; /* stays that way */
        return raise_runtime(vm, "Set changed size during iteration");
    }
    Value key;
    if (set_next(it->set, &it->pos, &key)) {
        it->left -= it->left > 0;
        return incref(key);
    }
    it->left = 0;
    set_owned(vm, &it->set, 0);
    return VALUE_ERROR;
}

static Value iter_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SetIter *it = (SetIter *)as_obj(self);
    return int_from_ssize(vm, it->set && it->used == as_set(it->set)->used ? (ssize_t)it->left : 0);
}

static Value iter_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SetIter *it = (SetIter *)as_obj(self), *rest = object_alloc(vm, vm->types.set_iterator, 0);
    if (!rest)
        return VALUE_ERROR;
    rest->set = incref(it->set);
    rest->pos = it->pos;
    rest->used = it->used;
    rest->left = it->left;
    Value list = list_from_iterable(vm, from_obj(rest));
    obj_decref(vm, &rest->header);
    return reduce_iter(vm, "iter", list);
}

static const MethodSpec iterator_methods[] = {
    {"__length_hint__", iter_hint, "", "How many items are left.", 0},
    {"__reduce__", iter_reduce, "", "State for copying and pickling.", 0},
    {0},
};

const TypeSpec set_iterator_spec = {
    .name = "set_iterator",
    .doc = "Gives the items of a set.",
    .size = sizeof(SetIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = next},
    .methods = iterator_methods,
};

#define SET_SLOTS                                                                                                    \
    .dealloc = set_drop_contents, .drop_some = set_drop_some, .clear = set_drop_contents, .traverse = traverse,      \
    .repr = repr, .compare = compare, .iter = iter, .len = len, .contains = has_item
#define SET_OPERATORS .binary = {[OP_OR] = op_or, [OP_AND] = op_and, [OP_SUB] = op_sub, [OP_XOR] = op_xor}

const TypeSpec set_spec = {
    .name = "set",
    .doc = "A mutable collection of different values without an order.",
    .signature = "iterable=(), /",
    .size = sizeof(Set),
    .flags = TYPE_GC | TYPE_BASE | TYPE_MATCH_SELF | TYPE_IMMUTABLE,
    .kind = KIND_SET,
    .slots = {SET_SLOTS, .create = set_create, .init = set_init},
    .numbers =
        &(const NumberSlots){
            SET_OPERATORS,
            .inplace =
                {[OP_OR] = inplace_or, [OP_AND] = inplace_and, [OP_SUB] = inplace_sub, [OP_XOR] = inplace_xor}},
    .methods = set_methods,
};

const TypeSpec frozenset_spec = {
    .name = "frozenset",
    .doc = "An immutable collection of different values without an order.",
    .signature = "iterable=(), /",
    .size = sizeof(Set),
    .flags = TYPE_GC | TYPE_BASE | TYPE_MATCH_SELF | TYPE_IMMUTABLE,
    .kind = KIND_SET,
    .slots = {SET_SLOTS, .create = frozenset_create, .hash = frozenset_hash},
    .numbers = &(const NumberSlots){SET_OPERATORS},
    .methods = frozenset_methods,
};
