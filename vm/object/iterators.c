/* enumerate, reversed, the iterators that work through __getitem__ or a callable, and small helpers that every native
 * iterator uses.
 *
 * An iterator that has come to its end drops what it iterated over at once, and stays at its end.
 */
#include "object/containers.h"

/* ---- helpers --------------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE Value *fields_of(Object *o) { return (Value *)(o + 1); }

#define FIELD_FUNCTIONS(n)                                                                                           \
    void fields##n##_clear(VM *vm, Object *self) {                                                                   \
        for (int i = 0; i < n; i++)                                                                                  \
            set_owned(vm, &fields_of(self)[i], 0);                                                                   \
    }                                                                                                                \
    void fields##n##_traverse(Object *self, VisitFn visit, void *arg) {                                              \
        for (int i = 0; i < n; i++)                                                                                  \
            visit_value(fields_of(self)[i], visit, arg);                                                             \
    }
FIELD_FUNCTIONS(1)
FIELD_FUNCTIONS(2)
FIELD_FUNCTIONS(3)
FIELD_FUNCTIONS(4)
FIELD_FUNCTIONS(5)
FIELD_FUNCTIONS(6)

Value iter_self(VM *vm, Value self) { return incref(self); }

Value class_getitem(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return generic_alias_new(vm, self, args[0]);
}

bool one_argument(VM *vm, const char *name, size_t nargs, Value kwnames, bool keywords_ok) {
    if (kwnames && as_tuple(kwnames)->len && !keywords_ok)
        return raise_type(vm, "%s() takes no keyword arguments", name);
    if (nargs > 1)
        return raise_type(vm, "%s expected at most 1 argument, got %u", name, nargs);
    return true;
}

bool constructor_keywords(VM *vm, Type *type, Type *base, const char *name, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len && type->slots.init == base->slots.init)
        return raise_type(vm, "%s() takes no keyword arguments", name);
    return true;
}

Value builtin_get(VM *vm, const char *name) {
    Value v = dict_get_c(vm, vm->builtins, name);
    if (!v && !error_pending(vm))
        raise_runtime(vm, "the built-in %s is missing", name);
    return v;
}

Value reduce_iter(VM *vm, const char *function, Value seq) {
    Value fn = seq ? builtin_get(vm, function) : VALUE_ERROR;
    Value args = fn ? tuple_pack(vm, 1, seq) : VALUE_ERROR;
    Value result = args ? tuple_pack(vm, 2, fn, args) : VALUE_ERROR;
    decref(vm, args);
    decref(vm, seq);
    return result;
}

/* A position of an iterator as third item of what reduce_iter makes. */
static Value reduce_iter_at(VM *vm, const char *function, Value seq, ssize_t index) {
    Value pair = reduce_iter(vm, function, seq);
    Value at = pair ? int_from_ssize(vm, index) : VALUE_ERROR;
    Value result = at ? tuple_pack(vm, 3, as_tuple(pair)->items[0], as_tuple(pair)->items[1], at) : VALUE_ERROR;
    decref(vm, at);
    decref(vm, pair);
    return result;
}

/* ---- enumerate ------------------------------------------------------------------------------------------------- */

typedef struct Enumerate {
    Object header;
    Value it;
    Value result; /* the last pair, used again if nobody kept it; or 0 */
    Value large;  /* the counter once it has left 48 bits; or 0 */
    int64_t count;
} Enumerate;

static Value enumerate_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (nargs == 0 && !kwnames)
        return raise_type(vm, "enumerate() missing required argument 'iterable'");
    size_t given = nargs + (kwnames ? as_tuple(kwnames)->len : 0);
    if (given > 2)
        return raise_type(vm, "enumerate() takes at most 2 arguments (%u given)", given);
    Value bound[2] = {0};
    if (!native_bind(vm, "enumerate", "iterable, start=0", args, nargs, kwnames, bound, 2))
        return VALUE_ERROR;
    Enumerate *e = object_alloc(vm, type, 0);
    if (!e)
        return VALUE_ERROR;
    if (bound[1]) {
        Value start = exact_index(vm, bound[1]);
        if (!start)
            goto fail;
        if (is_small_int(start))
            e->count = as_small_int(start);
        else
            e->large = start;
    }
    e->it = iter_get(vm, bound[0]);
    if (e->it)
        return from_obj(e);
fail:
    obj_decref(vm, &e->header);
    return VALUE_ERROR;
}

/* The number of the next item, owned, and one more for the one after it. */
static Value enumerate_count(VM *vm, Enumerate *e) {
    if (likely(!e->large)) {
        if (likely(e->count < SMALL_INT_MAX))
            return from_small_int(e->count++);
        e->large = from_small_int(e->count);
    }
    Value next = int_binary(vm, OP_ADD, e->large, from_small_int(1)), now = e->large;
    if (!next)
        return VALUE_ERROR;
    e->large = next;
    return now;
}

static Value enumerate_next(VM *vm, Value self) {
    Enumerate *e = (Enumerate *)as_obj(self);
    if (unlikely(!e->it))
        return VALUE_ERROR;
    Value item = next_of(vm, e->it);
    if (!item)
        return VALUE_ERROR;
    Value number = enumerate_count(vm, e);
    if (!number) {
        decref(vm, item);
        return VALUE_ERROR;
    }
    if (e->result && as_obj(e->result)->refcount == 1) {
        Tuple *t = as_tuple(e->result);
        Value result = incref(e->result), old_number = t->items[0], old_item = t->items[1];
        t->items[0] = number;
        t->items[1] = item;
        decref(vm, old_number);
        decref(vm, old_item);
        return result;
    }
    Value pair = tuple_from_array_steal(vm, (Value[]){number, item}, 2);
    if (pair)
        set_owned(vm, &e->result, incref(pair));
    return pair;
}

static Value enumerate_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Enumerate *e = (Enumerate *)as_obj(self);
    Value parts = tuple_pack(vm, 2, e->it ? e->it : VALUE_NONE, e->large ? e->large : from_small_int(e->count));
    Value result = parts ? tuple_pack(vm, 2, type_value(fast_type(vm, self)), parts) : VALUE_ERROR;
    decref(vm, parts);
    return result;
}

static const MethodSpec enumerate_methods[] = {
    {"__reduce__", enumerate_reduce, "", "State for copying and pickling.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

const TypeSpec enumerate_spec = {
    .name = "enumerate",
    .doc = "Pairs of a number, counted from start, and an item of the iterable.",
    .signature = "iterable, start=0",
    .size = sizeof(Enumerate),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(3), .create = enumerate_create, .iter = iter_self, .next = enumerate_next},
    .methods = enumerate_methods,
};

/* ---- reversed -------------------------------------------------------------------------------------------------- */

typedef struct Reversed {
    Object header;
    Value seq; /* 0 when exhausted */
    ssize_t index;
} Reversed;

static Value reversed_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!constructor_keywords(vm, type, vm->types.reversed, "reversed", kwnames))
        return VALUE_ERROR;
    if (nargs != 1)
        return raise_type(vm, "reversed expected 1 argument, got %u", nargs);
    Value seq = args[0];
    Type *of = fast_type(vm, seq);
    Value method = type_lookup(vm, of, NAME(__reversed__));
    if (method && is_none(method))
        return raise_type(vm, "'%.200T' object is not reversible", seq);
    if (method)
        return call_special(vm, seq, NAME(__reversed__), NULL, 0);
    if (!of->slots.getitem || !of->slots.len || is_dict(seq))
        return raise_type(vm, "'%.200T' object is not reversible", seq);
    ssize_t n = length(vm, seq);
    if (n < 0)
        return VALUE_ERROR;
    Reversed *r = object_alloc(vm, type, 0);
    if (!r)
        return VALUE_ERROR;
    r->seq = incref(seq);
    r->index = n - 1;
    return from_obj(r);
}

/* Was the error of a __getitem__ just the end of the sequence? */
static bool past_the_end(VM *vm) {
    if (!error_matches(vm, vm->exc.IndexError) && !error_matches(vm, vm->exc.StopIteration))
        return false;
    error_clear(vm);
    return true;
}

static Value reversed_next(VM *vm, Value self) {
    Reversed *r = (Reversed *)as_obj(self);
    if (!r->seq)
        return VALUE_ERROR;
    if (r->index >= 0) {
        Value index = int_from_ssize(vm, r->index);
        if (!index)
            return VALUE_ERROR;
        Value item = item_get(vm, r->seq, index);
        decref(vm, index);
        if (item) {
            r->index--;
            return item;
        }
        if (!past_the_end(vm))
            return VALUE_ERROR;
    }
    r->index = -1;
    set_owned(vm, &r->seq, 0);
    return VALUE_ERROR;
}

static Value reversed_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Reversed *r = (Reversed *)as_obj(self);
    if (!r->seq)
        return from_small_int(0);
    ssize_t n = length(vm, r->seq);
    if (n < 0)
        return VALUE_ERROR;
    return int_from_ssize(vm, n < r->index + 1 ? 0 : r->index + 1);
}

static Value reversed_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Reversed *r = (Reversed *)as_obj(self);
    Value parts = r->seq ? tuple_pack(vm, 1, r->seq) : tuple_new(vm, 0), result = VALUE_ERROR;
    if (parts && !r->seq) {
        set_owned(vm, &parts, tuple_pack(vm, 1, vm->empty_tuple));
        result = parts ? tuple_pack(vm, 2, type_value(fast_type(vm, self)), parts) : VALUE_ERROR;
    } else if (parts) {
        Value index = int_from_ssize(vm, r->index);
        if (index)
            result = tuple_pack(vm, 3, type_value(fast_type(vm, self)), parts, index);
        decref(vm, index);
    }
    decref(vm, parts);
    return result;
}

static Value reversed_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Reversed *r = (Reversed *)as_obj(self);
    ssize_t index;
    if (!to_ssize(vm, args[0], &index))
        return VALUE_ERROR;
    if (r->seq) {
        ssize_t n = length(vm, r->seq);
        if (n < 0)
            return VALUE_ERROR;
        r->index = index < -1 ? -1 : index > n - 1 ? n - 1 : index;
    }
    return VALUE_NONE;
}

static const MethodSpec reversed_methods[] = {
    {"__length_hint__", reversed_hint, "", "How many items are left.", 0},
    {"__reduce__", reversed_reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", reversed_setstate, "state, /", "Set the position.", 0},
    {0},
};

const TypeSpec reversed_spec = {
    .name = "reversed",
    .doc = "The items of a sequence from the last to the first.",
    .signature = "sequence, /",
    .size = sizeof(Reversed),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = reversed_create, .iter = iter_self, .next = reversed_next},
    .methods = reversed_methods,
};

/* ---- the iterator over anything with __getitem__ ----------------------------------------------------------------
 */

Value sequence_iter_new(VM *vm, Value seq) { return seq_iter_new(vm, vm->types.seq_iterator, seq, 0); }

static Value sequence_next(VM *vm, Value self) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return VALUE_ERROR;
    if (it->index == (size_t)SSIZE_MAX)
        return raise_overflow(vm, "iter index too large");
    Value index = int_from_ssize(vm, (ssize_t)it->index), seq = incref(it->seq);
    Value item = index ? item_get(vm, seq, index) : VALUE_ERROR;
    decref(vm, index);
    if (item)
        it->index++;
    else if (past_the_end(vm))
        set_owned(vm, &it->seq, 0);
    decref(vm, seq);
    return item;
}

static Value sequence_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return from_small_int(0);
    if (!fast_type(vm, it->seq)->slots.len)
        return VALUE_NOTIMPL;
    ssize_t n = length(vm, it->seq);
    if (n < 0)
        return VALUE_ERROR;
    return int_from_ssize(vm, n > (ssize_t)it->index ? n - (ssize_t)it->index : 0);
}

static Value sequence_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return reduce_iter(vm, "iter", tuple_new(vm, 0));
    return reduce_iter_at(vm, "iter", incref(it->seq), (ssize_t)it->index);
}

static Value sequence_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    ssize_t index;
    if (!to_ssize(vm, args[0], &index))
        return VALUE_ERROR;
    if (it->seq)
        it->index = index < 0 ? 0 : (size_t)index;
    return VALUE_NONE;
}

static const MethodSpec sequence_methods[] = {
    {"__length_hint__", sequence_hint, "", "How many items are left.", 0},
    {"__reduce__", sequence_reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", sequence_setstate, "state, /", "Set the position.", 0},
    {0},
};

const TypeSpec seq_iterator_spec = {
    .name = "iterator",
    .doc = "Gives the items of an object that has __getitem__: those at 0, 1 and so on.",
    .size = sizeof(SeqIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = sequence_next},
    .methods = sequence_methods,
};

/* ---- the iterator that calls until it meets the sentinel ---------------------------------------------------------
 */

typedef struct CallableIter {
    Object header;
    Value callable, sentinel; /* both 0 when exhausted */
} CallableIter;

Value callable_iterator_new(VM *vm, Value callable, Value sentinel) {
    CallableIter *it = object_alloc(vm, vm->types.callable_iterator, 0);
    if (!it)
        return VALUE_ERROR;
    it->callable = incref(callable);
    it->sentinel = incref(sentinel);
    return from_obj(it);
}

static Value callable_next(VM *vm, Value self) {
    CallableIter *it = (CallableIter *)as_obj(self);
    if (!it->callable)
        return VALUE_ERROR;
    Value fn = incref(it->callable);
    Value item = call0(vm, fn);
    decref(vm, fn);
    if (item && it->sentinel) {
        Value sentinel = incref(it->sentinel);
        int equal = equal_fast(vm, sentinel, item);
        decref(vm, sentinel);
        if (equal == 0)
            return item;
        if (equal > 0)
            fields2_clear(vm, &it->header);
    } else if (!item && error_matches(vm, vm->exc.StopIteration)) {
        error_clear(vm);
        fields2_clear(vm, &it->header);
    }
    decref(vm, item);
    return VALUE_ERROR;
}

static Value callable_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    CallableIter *it = (CallableIter *)as_obj(self);
    if (!it->callable)
        return reduce_iter(vm, "iter", tuple_new(vm, 0));
    Value fn = builtin_get(vm, "iter");
    Value parts = fn ? tuple_pack(vm, 2, it->callable, it->sentinel) : VALUE_ERROR;
    Value result = parts ? tuple_pack(vm, 2, fn, parts) : VALUE_ERROR;
    decref(vm, parts);
    return result;
}

static const MethodSpec callable_methods[] = {
    {"__reduce__", callable_reduce, "", "State for copying and pickling.", 0},
    {0},
};

const TypeSpec callable_iterator_spec = {
    .name = "callable_iterator",
    .doc = "Gives the results of a function, called again and again until one equals the sentinel.",
    .size = sizeof(CallableIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .iter = iter_self, .next = callable_next},
    .methods = callable_methods,
};
