/* itertools: chain and accumulate, and the module itself.
 *
 * Each is a header, the owned Values, and plain data. Exhausted ones may keep their source: asking it again is what
 * CPython's do as well.
 */
#include "stdlib/itertools.h"

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
        return itertools_drop(vm, a);
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
    .signature = "*iterables",
    .doc = "The items of the first iterable, then those of the second, and so on.",
    .size = sizeof(Chain),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .create = chain_create, .iter = iter_self, .next = chain_next},
    .methods = chain_methods,
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
        {"compress", &itertools_compress_spec},
        {"count", &itertools_count_spec},
        {"cycle", &itertools_cycle_spec},
        {"dropwhile", &itertools_dropwhile_spec},
        {"filterfalse", &itertools_filterfalse_spec},
        {"groupby", &itertools_groupby_spec},
        {"_grouper", &itertools_grouper_spec},
        {"islice", &itertools_islice_spec},
        {"pairwise", &itertools_pairwise_spec},
        {"permutations", &itertools_permutations_spec},
        {"product", &itertools_product_spec},
        {"repeat", &itertools_repeat_spec},
        {"starmap", &itertools_starmap_spec},
        {"takewhile", &itertools_takewhile_spec},
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
