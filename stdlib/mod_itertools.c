/* itertools: the iterators that need no memory of the past beyond an item or two, and the module itself.
 *
 * Each is a header, the owned Values, and plain data. Exhausted ones may keep their source: asking it again is what
 * CPython's do as well.
 */
#include "stdlib/itertools.h"

/* Gives back a half-made object. */
static Value drop(VM *vm, void *o) {
    obj_decref(vm, (Object *)o);
    return VALUE_ERROR;
}

/* ---- count ----------------------------------------------------------------------------------------------------- */

typedef struct Count {
    Object header;
    Value next, step;
} Count;

static bool is_number(VM *vm, Value v) {
    const Type *t = fast_type(vm, v);
    return is_int(v) || is_float(v) || is_complex(v) || t->slots.index || t->numbers.to_int || t->numbers.to_float;
}

static Value count_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind_optional(vm, "count", "start=0, step=1", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    if ((v[0] && !is_number(vm, v[0])) || (v[1] && !is_number(vm, v[1])))
        return raise_type(vm, "a number is required");
    Count *c = object_alloc(vm, type, 0);
    if (!c)
        return VALUE_ERROR;
    c->next = v[0] ? incref(v[0]) : from_small_int(0);
    c->step = v[1] ? incref(v[1]) : from_small_int(1);
    return from_obj(c);
}

static Value count_next(VM *vm, Value self) {
    Count *c = (Count *)as_obj(self);
    if (both_small_int(c->next, c->step)) {
        Value now = c->next;
        Value next = int_from_int64(vm, as_small_int(now) + as_small_int(c->step));
        if (!next)
            return VALUE_ERROR;
        c->next = next;
        return now;
    }
    Value now = incref(c->next);
    Value next = arith_binary(vm, OP_ADD, now, c->step);
    if (!next) {
        decref(vm, now);
        return VALUE_ERROR;
    }
    set_owned(vm, &c->next, next);
    return now;
}

static Value count_repr(VM *vm, Value self) {
    Count *c = (Count *)as_obj(self);
    if (c->step == from_small_int(1))
        return str_printf(vm, "count(%R)", c->next);
    return str_printf(vm, "count(%R, %R)", c->next, c->step);
}

static Value count_reduce(NATIVE_ARGS) {
    Count *c = (Count *)as_obj(self);
    int64_t fits;
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    bool plain = c->step == from_small_int(1) && is_int(c->next) && int_fits_int64(c->next, &fits);
    return itertools_reduced(vm, self, itertools_pack(vm, c->next, plain ? 0 : c->step), 0);
}

static const MethodSpec count_methods[] = {REDUCE_ROW(count_reduce), {0}};

static const TypeSpec count_spec = {
    .name = "itertools.count",
    .doc = "The numbers start, start + step, start + 2 * step and so on, without end.",
    .signature = "start=0, step=1",
    .size = sizeof(Count),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .create = count_create, .iter = iter_self, .next = count_next, .repr = count_repr},
    .methods = count_methods,
};

/* ---- cycle ----------------------------------------------------------------------------------------------------- */

typedef struct Cycle {
    Object header;
    Value it;    /* 0 once it has ended */
    Value saved; /* list */
    size_t index;
    bool complete; /* saved has all items, although `it` has not ended */
} Cycle;

static Value cycle_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value iterable = 0;
    if (!native_bind(vm, "cycle", "iterable, /", args, nargs, kwnames, &iterable, 1))
        return VALUE_ERROR;
    Cycle *c = object_alloc(vm, type, 0);
    if (!c)
        return VALUE_ERROR;
    c->it = iter_get(vm, iterable);
    c->saved = c->it ? list_new(vm, 0) : VALUE_ERROR;
    return c->saved ? from_obj(c) : drop(vm, c);
}

static Value cycle_next(VM *vm, Value self) {
    Cycle *c = (Cycle *)as_obj(self);
    if (c->it) {
        Value item = next_of(vm, c->it);
        if (item) {
            if (!c->complete && !list_append(vm, c->saved, item)) {
                decref(vm, item);
                return VALUE_ERROR;
            }
            return item;
        }
        if (!iter_ended(vm))
            return VALUE_ERROR;
        set_owned(vm, &c->it, 0);
    }
    if (!c->saved)
        return VALUE_ERROR;
    List *l = as_list(c->saved);
    if (l->len == 0)
        return VALUE_ERROR;
    if (c->index >= l->len)
        c->index = 0; /* the list is others' too after copying */
    Value item = incref(l->items[c->index]);
    c->index = c->index + 1 < l->len ? c->index + 1 : 0;
    return item;
}

/* An ended one goes on with what is left of this round, then with what it has saved. */
static Value cycle_reduce(NATIVE_ARGS) {
    Cycle *c = (Cycle *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    Value it = c->it ? incref(c->it) : iter_get(vm, c->saved);
    if (!it)
        return VALUE_ERROR;
    if (!c->it && c->index != 0)
        ((SeqIter *)as_obj(it))->index = c->index;
    Value source = itertools_pack(vm, it, 0);
    Value state = source ? itertools_pack(vm, c->saved, from_bool(!c->it || c->complete)) : VALUE_ERROR;
    decref(vm, it);
    if (!state)
        set_owned(vm, &source, 0);
    return itertools_reduced(vm, self, source, state);
}

static Value cycle_setstate(NATIVE_ARGS) {
    Cycle *c = (Cycle *)as_obj(self);
    Value *state;
    ssize_t complete;
    if (!itertools_state(vm, args[0], 2, &state))
        return VALUE_ERROR;
    if (!is_list(state[0]))
        return raise_type(vm, "argument 1 must be list, not %T", state[0]);
    if (!itertools_state_index(vm, state[1], &complete))
        return VALUE_ERROR;
    set_owned(vm, &c->saved, incref(state[0]));
    c->complete = complete != 0;
    c->index = 0;
    return VALUE_NONE;
}

static const MethodSpec cycle_methods[] = {REDUCE_ROW(cycle_reduce), SETSTATE_ROW(cycle_setstate), {0}};

static const TypeSpec cycle_spec = {
    .name = "itertools.cycle",
    .doc = "The items of the iterable, again and again.",
    .signature = "iterable, /",
    .size = sizeof(Cycle),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .create = cycle_create, .iter = iter_self, .next = cycle_next},
    .methods = cycle_methods,
};

/* ---- repeat ---------------------------------------------------------------------------------------------------- */

typedef struct Repeat {
    Object header;
    Value value;
    ssize_t left; /* -1: without end */
} Repeat;

static Value repeat_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, "repeat", "object, times=None", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    ssize_t left = -1;
    if (v[1]) {
        if (!to_ssize(vm, v[1], &left))
            return VALUE_ERROR;
        if (left < 0)
            left = 0;
    }
    Repeat *r = object_alloc(vm, type, 0);
    if (!r)
        return VALUE_ERROR;
    r->value = incref(v[0]);
    r->left = left;
    return from_obj(r);
}

static Value repeat_next(VM *vm, Value self) {
    Repeat *r = (Repeat *)as_obj(self);
    if (r->left == 0)
        return VALUE_ERROR;
    if (r->left > 0)
        r->left--;
    return incref(r->value);
}

static Value repeat_repr(VM *vm, Value self) {
    Repeat *r = (Repeat *)as_obj(self);
    if (r->left < 0)
        return str_printf(vm, "repeat(%R)", r->value);
    return str_printf(vm, "repeat(%R, %z)", r->value, r->left);
}

static Value repeat_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Repeat *r = (Repeat *)as_obj(self);
    if (r->left < 0)
        return raise_type(vm, "len() of unsized object");
    return int_from_ssize(vm, r->left);
}

static Value repeat_reduce(NATIVE_ARGS) {
    Repeat *r = (Repeat *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    Value left = r->left < 0 ? 0 : int_from_ssize(vm, r->left);
    if (!left && r->left >= 0)
        return VALUE_ERROR;
    Value pair = itertools_pack(vm, r->value, left);
    decref(vm, left);
    return itertools_reduced(vm, self, pair, 0);
}

static const MethodSpec repeat_methods[] = {
    REDUCE_ROW(repeat_reduce),
    {"__length_hint__", repeat_hint, "", "How many items are left.", 0},
    {0},
};

static const TypeSpec repeat_spec = {
    .name = "itertools.repeat",
    .doc = "repeat(object [,times])\n\nThe object the given number of times, or without end.",
    .size = sizeof(Repeat),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = repeat_create, .iter = iter_self, .next = repeat_next, .repr = repeat_repr},
    .methods = repeat_methods,
};

/* ---- accumulate ------------------------------------------------------------------------------------------------ */

typedef struct Accumulate {
    Object header;
    Value it, func, total; /* func 0: add; total 0: nothing yet */
    Value initial;         /* given out first, then 0 */
} Accumulate;

static const TypeSpec chain_spec;
static Value chain_of(VM *vm, Value iterables);

static Value accumulate_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[3] = {0};
    if (!native_bind(vm, "accumulate", "iterable, func=None, *, initial=None", args, nargs, kwnames, v, 3))
        return VALUE_ERROR;
    Accumulate *a = object_alloc(vm, type, 0);
    if (!a)
        return VALUE_ERROR;
    a->it = iter_get(vm, v[0]);
    if (!a->it)
        return drop(vm, a);
    if (v[1] && !is_none(v[1]))
        a->func = incref(v[1]);
    if (v[2] && !is_none(v[2]))
        a->initial = incref(v[2]);
    return from_obj(a);
}

static Value accumulate_next(VM *vm, Value self) {
    Accumulate *a = (Accumulate *)as_obj(self);
    if (!a->it)
        return VALUE_ERROR;
    if (a->initial) {
        a->total = a->initial;
        a->initial = 0;
        return incref(a->total);
    }
    Value item = next_of(vm, a->it);
    if (!item)
        return VALUE_ERROR;
    if (!a->total) {
        a->total = incref(item);
        return item;
    }
    Value total = incref(a->total);
    Value sum = a->func ? call2(vm, a->func, total, item) : arith_binary(vm, OP_ADD, total, item);
    decref(vm, total);
    decref(vm, item);
    if (sum)
        set_owned(vm, &a->total, incref(sum));
    return sum;
}

static Value accumulate_reduce(NATIVE_ARGS) {
    Accumulate *a = (Accumulate *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    Value it = incref(a->it);
    if (a->initial) { /* becomes the first of the items */
        Value first = itertools_pack(vm, a->initial, 0), both = first ? itertools_pack(vm, first, it) : VALUE_ERROR;
        decref(vm, first);
        decref(vm, it);
        it = both ? chain_of(vm, both) : VALUE_ERROR;
    }
    Value pair = it ? itertools_pack(vm, it, a->func ? a->func : VALUE_NONE) : VALUE_ERROR;
    decref(vm, it);
    return itertools_reduced(vm, self, pair, incref(a->total ? a->total : VALUE_NONE));
}

static Value accumulate_setstate(NATIVE_ARGS) {
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    set_owned(vm, &((Accumulate *)as_obj(self))->total, incref(args[0]));
    return VALUE_NONE;
}

static const MethodSpec accumulate_methods[] = {
    REDUCE_ROW(accumulate_reduce), SETSTATE_ROW(accumulate_setstate), {0}};

static const TypeSpec accumulate_spec = {
    .name = "itertools.accumulate",
    .doc = "The running totals of the items, or what a function of two arguments makes instead of a sum.",
    .signature = "iterable, func=None, *, initial=None",
    .size = sizeof(Accumulate),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(4), .create = accumulate_create, .iter = iter_self, .next = accumulate_next},
    .methods = accumulate_methods,
};

/* ---- chain ----------------------------------------------------------------------------------------------------- */

typedef struct Chain {
    Object header;
    Value sources; /* iterator over the iterables; 0 at the end */
    Value active;  /* iterator over the present one, or 0 */
} Chain;

/* Takes over the reference to `sources`. */
static Value chain_new(VM *vm, Type *type, Value sources) {
    Chain *c = sources ? object_alloc(vm, type, 0) : NULL;
    if (!c) {
        decref(vm, sources);
        return VALUE_ERROR;
    }
    c->sources = sources;
    return from_obj(c);
}

static Value chain_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "chain() takes no keyword arguments");
    Value iterables = tuple_from_array(vm, args, nargs);
    Value it = iterables ? iter_get(vm, iterables) : VALUE_ERROR;
    decref(vm, iterables);
    return chain_new(vm, type, it);
}

static Value chain_from_iterable(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return chain_new(vm, as_type(self), iter_get(vm, args[0]));
}

static Value chain_next(VM *vm, Value self) {
    Chain *c = (Chain *)as_obj(self);
    while (c->sources) {
        if (!c->active) {
            Value iterable = next_of(vm, c->sources);
            if (!iterable) {
                set_owned(vm, &c->sources, 0);
                return VALUE_ERROR;
            }
            c->active = iter_get(vm, iterable);
            decref(vm, iterable);
            if (!c->active) {
                set_owned(vm, &c->sources, 0);
                return VALUE_ERROR;
            }
        }
        Value active = incref(c->active), item = next_of(vm, active);
        decref(vm, active);
        if (item)
            return item;
        if (!iter_ended(vm))
            return VALUE_ERROR;
        set_owned(vm, &c->active, 0);
    }
    return VALUE_ERROR;
}

/* Consumes the tuple. */
static Value chain_of(VM *vm, Value iterables) {
    Type *type = vm_type(vm, &chain_spec, NULL);
    Value it = type ? iter_get(vm, iterables) : VALUE_ERROR;
    decref(vm, iterables);
    return type ? chain_new(vm, type, it) : VALUE_ERROR;
}

static Value chain_reduce(NATIVE_ARGS) {
    Chain *c = (Chain *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    Value state = c->sources ? itertools_pack(vm, c->sources, c->active) : 0;
    if (c->sources && !state)
        return VALUE_ERROR;
    return itertools_reduced(vm, self, incref(vm->empty_tuple), state);
}

static Value chain_setstate(NATIVE_ARGS) {
    Chain *c = (Chain *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    if (!is_tuple(args[0]))
        return raise_type(vm, "state is not a tuple");
    Tuple *state = as_tuple(args[0]);
    if (state->len == 0 || state->len > 2)
        return raise_type(vm, "function takes at %s arguments (%u given)", state->len == 0 ? "least 1" : "most 2",
                          state->len);
    for (size_t i = 0; i < state->len; i++)
        if (!fast_type(vm, state->items[i])->slots.next)
            return raise_type(vm, "Arguments must be iterators.");
    set_owned(vm, &c->sources, incref(state->items[0]));
    set_owned(vm, &c->active, state->len == 2 ? incref(state->items[1]) : 0);
    return VALUE_NONE;
}

static const MethodSpec chain_methods[] = {
    REDUCE_ROW(chain_reduce),
    SETSTATE_ROW(chain_setstate),
    {"from_iterable", chain_from_iterable, "iterable, /", "A chain of the iterables that an iterable gives.",
     METHOD_CLASS},
    CLASS_GETITEM_ROW,
    {0},
};

static const TypeSpec chain_spec = {
    .name = "itertools.chain",
    .doc = "chain(*iterables)\n\nThe items of the first iterable, then those of the second, and so on.",
    .size = sizeof(Chain),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .create = chain_create, .iter = iter_self, .next = chain_next},
    .methods = chain_methods,
};

/* ---- compress -------------------------------------------------------------------------------------------------- */

typedef struct Compress {
    Object header;
    Value data, selectors;
} Compress;

static Value compress_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, "compress", "data, selectors", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    Compress *c = object_alloc(vm, type, 0);
    if (!c)
        return VALUE_ERROR;
    c->data = iter_get(vm, v[0]);
    c->selectors = c->data ? iter_get(vm, v[1]) : VALUE_ERROR;
    return c->selectors ? from_obj(c) : drop(vm, c);
}

static Value compress_next(VM *vm, Value self) {
    Compress *c = (Compress *)as_obj(self);
    if (!c->selectors)
        return VALUE_ERROR;
    for (;;) {
        Value item = next_of(vm, c->data);
        if (!item)
            return VALUE_ERROR;
        Value selector = next_of(vm, c->selectors);
        int wanted = selector ? truth(vm, selector) : -1;
        decref(vm, selector);
        if (wanted > 0)
            return item;
        decref(vm, item);
        if (wanted < 0)
            return VALUE_ERROR;
    }
}

static Value compress_reduce(NATIVE_ARGS) {
    Compress *c = (Compress *)as_obj(self);
    return itertools_warn(vm) ? itertools_reduced(vm, self, itertools_pack(vm, c->data, c->selectors), 0)
                              : VALUE_ERROR;
}

static const MethodSpec compress_methods[] = {REDUCE_ROW(compress_reduce), {0}};

static const TypeSpec compress_spec = {
    .name = "itertools.compress",
    .doc = "The items of data for which the selector at the same place is true.",
    .signature = "data, selectors",
    .size = sizeof(Compress),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .create = compress_create, .iter = iter_self, .next = compress_next},
    .methods = compress_methods,
};

/* ---- dropwhile, takewhile, filterfalse, starmap: a function and an iterator ---------------------------------------
 */

typedef struct FuncIter {
    Object header;
    Value func, it;
    bool done; /* dropwhile: it has begun to pass items on; takewhile: it has stopped */
} FuncIter;

static Value func_iter_new(VM *vm, Type *type, const char *name, const char *signature, Value *args, size_t nargs,
                           Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, name, signature, args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    FuncIter *f = object_alloc(vm, type, 0);
    if (!f)
        return VALUE_ERROR;
    f->func = incref(v[0]);
    f->it = iter_get(vm, v[1]);
    return f->it ? from_obj(f) : drop(vm, f);
}

static int test(VM *vm, Value func, Value item) {
    if (is_none(func) || func == type_value(vm->types.bool_))
        return truth(vm, item);
    Value verdict = call1(vm, func, item);
    int yes = verdict ? truth(vm, verdict) : -1;
    decref(vm, verdict);
    return yes;
}

static int test_call(VM *vm, Value func, Value item) {
    Value verdict = call1(vm, func, item);
    int yes = verdict ? truth(vm, verdict) : -1;
    decref(vm, verdict);
    return yes;
}

static Value dropwhile_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return func_iter_new(vm, type, "dropwhile", "predicate, iterable, /", args, nargs, kwnames);
}

static Value dropwhile_next(VM *vm, Value self) {
    FuncIter *f = (FuncIter *)as_obj(self);
    if (!f->it)
        return VALUE_ERROR;
    for (;;) {
        Value item = next_of(vm, f->it);
        if (!item || f->done)
            return item;
        int yes = test_call(vm, f->func, item);
        if (yes == 0) {
            f->done = true;
            return item;
        }
        decref(vm, item);
        if (yes < 0)
            return VALUE_ERROR;
    }
}

static Value takewhile_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return func_iter_new(vm, type, "takewhile", "predicate, iterable, /", args, nargs, kwnames);
}

static Value takewhile_next(VM *vm, Value self) {
    FuncIter *f = (FuncIter *)as_obj(self);
    if (!f->it || f->done)
        return VALUE_ERROR;
    Value item = next_of(vm, f->it);
    if (!item)
        return VALUE_ERROR;
    int yes = test_call(vm, f->func, item);
    if (yes > 0)
        return item;
    decref(vm, item);
    if (yes == 0)
        f->done = true;
    return VALUE_ERROR;
}

static Value filterfalse_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return func_iter_new(vm, type, "filterfalse", "function, iterable, /", args, nargs, kwnames);
}

static Value filterfalse_next(VM *vm, Value self) {
    FuncIter *f = (FuncIter *)as_obj(self);
    if (!f->it)
        return VALUE_ERROR;
    for (;;) {
        Value item = next_of(vm, f->it);
        if (!item)
            return VALUE_ERROR;
        int yes = test(vm, f->func, item);
        if (yes == 0)
            return item;
        decref(vm, item);
        if (yes < 0)
            return VALUE_ERROR;
    }
}

static Value starmap_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return func_iter_new(vm, type, "starmap", "function, iterable, /", args, nargs, kwnames);
}

static Value starmap_next(VM *vm, Value self) {
    FuncIter *f = (FuncIter *)as_obj(self);
    if (!f->it)
        return VALUE_ERROR;
    Value item = next_of(vm, f->it);
    if (!item)
        return VALUE_ERROR;
    Value parts = tuple_from_iterable(vm, item);
    decref(vm, item);
    if (!parts)
        return VALUE_ERROR;
    Value result = call(vm, f->func, as_tuple(parts)->items, as_tuple(parts)->len, 0);
    decref(vm, parts);
    return result;
}

static Value func_iter_reduce(NATIVE_ARGS) {
    FuncIter *f = (FuncIter *)as_obj(self);
    return itertools_warn(vm) ? itertools_reduced(vm, self, itertools_pack(vm, f->func, f->it), 0) : VALUE_ERROR;
}

static Value while_reduce(NATIVE_ARGS) {
    FuncIter *f = (FuncIter *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    return itertools_reduced(vm, self, itertools_pack(vm, f->func, f->it), from_small_int(f->done));
}

static Value while_setstate(NATIVE_ARGS) {
    int done = itertools_warn(vm) ? truth(vm, args[0]) : -1;
    if (done < 0)
        return VALUE_ERROR;
    ((FuncIter *)as_obj(self))->done = done;
    return VALUE_NONE;
}

#define while_methods                                                                                                \
    {                                                                                                                \
        REDUCE_ROW(while_reduce), SETSTATE_ROW(while_setstate), { 0 }                                                \
    }
static const MethodSpec dropwhile_methods[] = while_methods, takewhile_methods[] = while_methods;
static const MethodSpec filterfalse_methods[] = {REDUCE_ROW(func_iter_reduce), {0}};
static const MethodSpec starmap_methods[] = {REDUCE_ROW(func_iter_reduce), {0}};
#undef while_methods

#define FUNC_ITER_SPEC(id, signature_, doc_)                                                                         \
    static const TypeSpec id##_spec = {                                                                              \
        .name = "itertools." #id,                                                                                    \
        .doc = doc_,                                                                                                 \
        .signature = signature_,                                                                                     \
        .size = sizeof(FuncIter),                                                                                    \
        .flags = ITERTOOLS_FLAGS,                                                                                    \
        .kind = KIND_ITERATOR,                                                                                       \
        .slots = {FIELD_SLOTS(2), .create = id##_create, .iter = iter_self, .next = id##_next},                      \
        .methods = id##_methods,                                                                                     \
    };
FUNC_ITER_SPEC(dropwhile, "predicate, iterable, /",
               "The items from the first one on for which the predicate is false.")
FUNC_ITER_SPEC(takewhile, "predicate, iterable, /",
               "The items before the first one for which the predicate is false.")
FUNC_ITER_SPEC(filterfalse, "function, iterable, /",
               "The items for which the function is false; with None, the items that are false.")
FUNC_ITER_SPEC(starmap, "function, iterable, /",
               "The results of the function, called with the members of each item as its arguments.")

/* ---- islice ---------------------------------------------------------------------------------------------------- */

typedef struct ISlice {
    Object header;
    Value it;                     /* 0 at the end */
    ssize_t next, stop, step, at; /* stop -1: none */
} ISlice;

static bool islice_bound(VM *vm, Value v, const char *message, ssize_t missing, ssize_t *out) {
    if (is_none(v)) {
        *out = missing;
        return true;
    }
    if ((is_int(v) || fast_type(vm, v)->slots.index) && to_ssize(vm, v, out)) {
        if (*out >= 0)
            return true;
    } else if (error_pending(vm)) {
        error_clear(vm);
    }
    return raise_value(vm, "%s", message);
}

static Value islice_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    static const char *const stop_text =
                                 "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.",
                             *const index_text =
                                 "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.",
                             *const step_text = "Step for islice() must be a positive integer or None.";
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "islice() takes no keyword arguments");
    if (nargs < 2)
        return raise_type(vm, "islice expected at least 2 arguments, got %u", nargs);
    if (nargs > 4)
        return raise_type(vm, "islice expected at most 4 arguments, got %u", nargs);
    ssize_t start = 0, stop = -1, step = 1;
    if (nargs == 2) {
        if (!islice_bound(vm, args[1], stop_text, -1, &stop))
            return VALUE_ERROR;
    } else {
        if (!is_none(args[2]) && !islice_bound(vm, args[2], stop_text, -1, &stop))
            return VALUE_ERROR;
        if (!islice_bound(vm, args[1], index_text, 0, &start))
            return VALUE_ERROR;
    }
    if (nargs == 4) {
        if (!islice_bound(vm, args[3], step_text, 1, &step))
            return VALUE_ERROR;
        if (step == 0)
            return raise_value(vm, "%s", step_text);
    }
    ISlice *s = object_alloc(vm, type, 0);
    if (!s)
        return VALUE_ERROR;
    s->it = iter_get(vm, args[0]);
    s->next = start;
    s->stop = stop;
    s->step = step;
    return s->it ? from_obj(s) : drop(vm, s);
}

static Value islice_next(VM *vm, Value self) {
    ISlice *s = (ISlice *)as_obj(self);
    if (!s->it)
        return VALUE_ERROR;
    Value it = incref(s->it), item = VALUE_ERROR;
    ssize_t stop = s->stop;
    while (s->at < s->next && (stop < 0 || s->at < stop)) {
        item = next_of(vm, it);
        if (!item)
            goto end;
        decref(vm, item);
        item = VALUE_ERROR;
        s->at++;
    }
    if (stop >= 0 && s->at >= stop)
        goto end;
    item = next_of(vm, it);
    if (!item)
        goto end;
    s->at++;
    s->next = s->next > SSIZE_MAX - s->step ? SSIZE_MAX : s->next + s->step;
    if (stop >= 0 && s->next > stop)
        s->next = stop;
    decref(vm, it);
    return item;
end:
    set_owned(vm, &s->it, 0);
    decref(vm, it);
    return VALUE_ERROR;
}

static Value islice_reduce(NATIVE_ARGS) {
    ISlice *s = (ISlice *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    if (!s->it) {
        Value none = list_new(vm, 0), it = none ? iter_get(vm, none) : VALUE_ERROR;
        Value pair = it ? itertools_pack(vm, it, from_small_int(0)) : VALUE_ERROR;
        decref(vm, none);
        decref(vm, it);
        return itertools_reduced(vm, self, pair, from_small_int(0));
    }
    Value items[4] = {incref(s->it), int_from_ssize(vm, s->next),
                      s->stop < 0 ? VALUE_NONE : int_from_ssize(vm, s->stop), int_from_ssize(vm, s->step)};
    return itertools_reduced(vm, self, tuple_from_array_steal(vm, items, 4), int_from_ssize(vm, s->at));
}

static Value islice_setstate(NATIVE_ARGS) {
    ssize_t at;
    if (!itertools_warn(vm) || !itertools_state_index(vm, args[0], &at))
        return VALUE_ERROR;
    ((ISlice *)as_obj(self))->at = at;
    return VALUE_NONE;
}

static const MethodSpec islice_methods[] = {REDUCE_ROW(islice_reduce), SETSTATE_ROW(islice_setstate), {0}};

static const TypeSpec islice_spec = {
    .name = "itertools.islice",
    .doc = "islice(iterable, stop)\nislice(iterable, start, stop[, step])\n\nThe items that a slice of a list would "
           "have.",
    .size = sizeof(ISlice),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = islice_create, .iter = iter_self, .next = islice_next},
    .methods = islice_methods,
};

/* ---- the module ------------------------------------------------------------------------------------------------ */

static const MethodSpec functions[] = {
    {"tee", itertools_tee, "iterable, n=2, /", "A tuple of n iterators that each give all items of the iterable.", 0},
    {0},
};

bool mod_itertools_init(VM *vm, Value module) {
    static const struct {
        const char *name;
        const TypeSpec *spec;
    } types[] = {
        {"accumulate", &accumulate_spec},
        {"batched", &itertools_batched_spec},
        {"chain", &chain_spec},
        {"combinations", &itertools_combinations_spec},
        {"combinations_with_replacement", &itertools_replacement_spec},
        {"compress", &compress_spec},
        {"count", &count_spec},
        {"cycle", &cycle_spec},
        {"dropwhile", &dropwhile_spec},
        {"filterfalse", &filterfalse_spec},
        {"groupby", &itertools_groupby_spec},
        {"_grouper", &itertools_grouper_spec},
        {"islice", &islice_spec},
        {"pairwise", &itertools_pairwise_spec},
        {"permutations", &itertools_permutations_spec},
        {"product", &itertools_product_spec},
        {"repeat", &repeat_spec},
        {"starmap", &starmap_spec},
        {"takewhile", &takewhile_spec},
        {"_tee", &itertools_tee_spec},
        {"_tee_dataobject", &itertools_tee_data_spec},
        {"zip_longest", &itertools_zip_longest_spec},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        Type *t = vm_type(vm, types[i].spec, NULL);
        if (!t || !module_add(vm, module, types[i].name, incref(type_value(t))))
            return false;
    }
    return module_add_functions(vm, module, functions);
}
