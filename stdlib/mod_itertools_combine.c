/* itertools: product, permutations and combinations.
 *
 * All of them take their iterables as tuples (pools) at once and then count through vectors of indices. The tuple
 * given out last is filled anew if nobody kept it.
 */
#include "stdlib/itertools.h"

typedef struct Combine {
    Object header;
    Value pool;   /* tuple of items; product: tuple of such tuples */
    Value result; /* the last tuple; 0 before the first */
    size_t *indices;
    size_t *cycles; /* permutations: how many swaps are left at each place */
    size_t nindices, r;
    size_t asked; /* the length that was asked for, which may be too large for the pool */
    bool stopped;
} Combine;

static void dealloc(VM *vm, Object *self) {
    Combine *c = (Combine *)self;
    fields2_clear(vm, self);
    mem_free(vm, c->indices, c->nindices * sizeof(size_t));
    mem_free(vm, c->cycles, c->r * sizeof(size_t));
    c->indices = c->cycles = NULL;
}

/* Takes over the pool. */
static Combine *combine_new(VM *vm, Type *type, Value pool, size_t nindices, size_t r) {
    Combine *c = pool ? object_alloc(vm, type, 0) : NULL;
    if (!c) {
        decref(vm, pool);
        return NULL;
    }
    c->pool = pool;
    c->r = r;
    c->nindices = nindices;
    if (nindices > ITEMS_MAX)
        raise_memory(vm);
    else
        c->indices = mem_zalloc(vm, nindices * sizeof(size_t));
    if (c->indices)
        return c;
    obj_decref(vm, &c->header);
    return NULL;
}

/* The tuple to fill, owned and beside that held by c->result: the last one, or a copy of it. */
static Value fresh_result(VM *vm, Combine *c) {
    if (as_obj(c->result)->refcount > 1) {
        Value copy = tuple_from_array(vm, as_tuple(c->result)->items, as_tuple(c->result)->len);
        if (!copy)
            return VALUE_ERROR;
        set_owned(vm, &c->result, copy);
    }
    return incref(c->result);
}

static Value first_result(VM *vm, Combine *c, size_t n) {
    c->result = tuple_new(vm, n);
    return c->result ? incref(c->result) : VALUE_ERROR;
}

static void put(VM *vm, Value result, size_t i, Value item) {
    set_owned(vm, &as_tuple(result)->items[i], incref(item));
}

static Value stop(Combine *c) {
    c->stopped = true;
    return VALUE_ERROR;
}

/* The result is filled from the indices when a state has been set. */
static bool refill(VM *vm, Combine *c) {
    Value result = tuple_new(vm, c->r);
    for (size_t i = 0; result && i < c->r; i++)
        put(vm, result, i, as_tuple(c->pool)->items[c->indices[i]]);
    if (result)
        set_owned(vm, &c->result, result);
    return result != 0;
}

/* (pool, r), or ((), r) at the end; consumes the state, which is 0 before the first result. */
static Value reduce_choice(VM *vm, Value self, Value state) {
    Combine *c = (Combine *)as_obj(self);
    Value length = int_from_ssize(vm, (ssize_t)c->asked);
    Value pair =
        length ? itertools_pack(vm, c->result && c->stopped ? vm->empty_tuple : c->pool, length) : VALUE_ERROR;
    decref(vm, length);
    return itertools_reduced(vm, self, pair, state);
}

static Value choice_reduce(NATIVE_ARGS) {
    Combine *c = (Combine *)as_obj(self);
    bool counting = c->result && !c->stopped;
    Value state = 0;
    if (!itertools_warn(vm) || (counting && !(state = itertools_indices(vm, c->indices, c->nindices))))
        return VALUE_ERROR;
    return reduce_choice(vm, self, state);
}

/* ---- product --------------------------------------------------------------------------------------------------- */

static bool product_repeat(VM *vm, Value *args, size_t nargs, Value kwnames, ssize_t *repeat) {
    *repeat = 1;
    if (!kwnames)
        return true;
    Tuple *names = as_tuple(kwnames);
    if (names->len > 1)
        return raise_type(vm, "product() takes at most 1 keyword argument (%u given)", names->len);
    if (names->len == 1) {
        if (!str_equals_c(names->items[0], "repeat"))
            return raise_type(vm, "product() got an unexpected keyword argument '%V'", names->items[0]);
        if (!to_ssize(vm, args[nargs], repeat))
            return false;
        if (*repeat < 0)
            return raise_value(vm, "repeat argument cannot be negative");
    }
    return true;
}

static Value product_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    ssize_t repeat;
    if (!product_repeat(vm, args, nargs, kwnames, &repeat))
        return VALUE_ERROR;
    if (repeat == 0)
        nargs = 0;
    if (nargs && (size_t)repeat > ITEMS_MAX / nargs)
        return raise_overflow(vm, "repeat argument too large");
    size_t n = nargs * (size_t)repeat;
    Value pools = tuple_new(vm, n);
    for (size_t i = 0; pools && i < nargs; i++) {
        Value pool = tuple_from_iterable(vm, args[i]);
        if (!pool) {
            decref(vm, pools);
            return VALUE_ERROR;
        }
        as_tuple(pools)->items[i] = pool;
    }
    for (size_t i = nargs; pools && i < n; i++)
        as_tuple(pools)->items[i] = incref(as_tuple(pools)->items[i - nargs]);
    return from_obj(combine_new(vm, type, pools, n, 0));
}

static Value product_next(VM *vm, Value self) {
    Combine *c = (Combine *)as_obj(self);
    if (c->stopped || !c->pool)
        return VALUE_ERROR;
    Tuple *pools = as_tuple(c->pool);
    size_t n = pools->len;
    if (!c->result) {
        for (size_t i = 0; i < n; i++) {
            if (as_tuple(pools->items[i])->len == 0)
                return stop(c);
        }
        Value result = first_result(vm, c, n);
        for (size_t i = 0; result && i < n; i++)
            put(vm, result, i, as_tuple(pools->items[i])->items[0]);
        return result;
    }
    size_t i = n;
    while (i > 0 && c->indices[i - 1] + 1 == as_tuple(pools->items[i - 1])->len)
        i--;
    if (i == 0)
        return stop(c);
    Value result = fresh_result(vm, c);
    if (!result)
        return VALUE_ERROR;
    i--;
    c->indices[i]++;
    put(vm, result, i, as_tuple(pools->items[i])->items[c->indices[i]]);
    for (i++; i < n; i++) {
        c->indices[i] = 0;
        put(vm, result, i, as_tuple(pools->items[i])->items[0]);
    }
    return result;
}

static Value product_reduce(NATIVE_ARGS) {
    Combine *c = (Combine *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    if (c->stopped)
        return itertools_reduced(vm, self, itertools_pack(vm, vm->empty_tuple, 0), 0);
    Value state = c->result ? itertools_indices(vm, c->indices, c->nindices) : 0;
    if (c->result && !state)
        return VALUE_ERROR;
    return itertools_reduced(vm, self, incref(c->pool), state);
}

static Value product_setstate(NATIVE_ARGS) {
    Combine *c = (Combine *)as_obj(self);
    size_t n = c->nindices;
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    if (!is_tuple(args[0]) || as_tuple(args[0])->len != n)
        return raise_value(vm, "invalid arguments");
    Value result = tuple_new(vm, n);
    for (size_t i = 0; result && i < n; i++) {
        Tuple *pool = as_tuple(as_tuple(c->pool)->items[i]);
        ssize_t index;
        if (pool->len == 0) { /* there is nothing to count through */
            c->stopped = true;
            decref(vm, result);
            return VALUE_NONE;
        }
        if (!itertools_state_index(vm, as_tuple(args[0])->items[i], &index)) {
            decref(vm, result);
            return VALUE_ERROR;
        }
        c->indices[i] = index < 0 ? 0 : (size_t)index >= pool->len ? pool->len - 1 : (size_t)index;
        put(vm, result, i, pool->items[c->indices[i]]);
    }
    if (!result)
        return VALUE_ERROR;
    set_owned(vm, &c->result, result);
    return VALUE_NONE;
}

static const MethodSpec product_methods[] = {REDUCE_ROW(product_reduce), SETSTATE_ROW(product_setstate), {0}};

const TypeSpec itertools_product_spec = {
    .name = "itertools.product",
    .signature = "*iterables, repeat=1",
    .doc = "All tuples with one item of each iterable, the last one changing fastest.",
    .size = sizeof(Combine),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = dealloc,
              .clear = fields2_clear,
              .traverse = fields2_traverse,
              .create = product_create,
              .iter = iter_self,
              .next = product_next},
    .methods = product_methods,
};

/* ---- permutations ---------------------------------------------------------------------------------------------- */

static Value permutations_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, "permutations", "iterable, r=None", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    Value pool = tuple_from_iterable(vm, v[0]);
    if (!pool)
        return VALUE_ERROR;
    size_t n = as_tuple(pool)->len;
    ssize_t r = (ssize_t)n;
    bool ok = true;
    if (v[1] && !is_none(v[1])) {
        if (!is_int(v[1]))
            ok = raise_type(vm, "Expected int as r");
        else if (!to_ssize(vm, v[1], &r))
            ok = false;
        else if (r < 0)
            ok = raise_value(vm, "r must be non-negative");
    }
    if (!ok) {
        decref(vm, pool);
        return VALUE_ERROR;
    }
    size_t length = (size_t)r <= n ? (size_t)r : 0;
    Combine *c = combine_new(vm, type, pool, n, length);
    if (!c)
        return VALUE_ERROR;
    c->stopped = (size_t)r > n;
    c->asked = (size_t)r;
    c->cycles = mem_alloc(vm, length * sizeof(size_t));
    if (!c->cycles) {
        obj_decref(vm, &c->header);
        return VALUE_ERROR;
    }
    for (size_t i = 0; i < n; i++)
        c->indices[i] = i;
    for (size_t i = 0; i < length; i++)
        c->cycles[i] = n - i;
    return from_obj(c);
}

static Value permutations_next(VM *vm, Value self) {
    Combine *c = (Combine *)as_obj(self);
    if (c->stopped || !c->pool)
        return VALUE_ERROR;
    Value *pool = as_tuple(c->pool)->items;
    size_t n = c->nindices, r = c->r, *indices = c->indices;
    if (!c->result) {
        Value result = first_result(vm, c, r);
        for (size_t i = 0; result && i < r; i++)
            put(vm, result, i, pool[i]);
        return result;
    }
    Value result = fresh_result(vm, c);
    if (!result)
        return VALUE_ERROR;
    for (size_t i = r; i-- > 0;) {
        if (--c->cycles[i] == 0) { /* this place has had all: rotate what follows back into order */
            size_t first = indices[i];
            memmove(&indices[i], &indices[i + 1], (n - 1 - i) * sizeof(size_t));
            indices[n - 1] = first;
            c->cycles[i] = n - i;
            continue;
        }
        size_t j = n - c->cycles[i], swap = indices[i];
        indices[i] = indices[j];
        indices[j] = swap;
        for (; i < r; i++)
            put(vm, result, i, pool[indices[i]]);
        return result;
    }
    decref(vm, result);
    return stop(c);
}

static Value permutations_reduce(NATIVE_ARGS) {
    Combine *c = (Combine *)as_obj(self);
    Value state = 0;
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    if (c->result && !c->stopped) {
        Value indices = itertools_indices(vm, c->indices, c->nindices);
        Value cycles = indices ? itertools_indices(vm, c->cycles, c->r) : VALUE_ERROR;
        state = cycles ? itertools_pack(vm, indices, cycles) : VALUE_ERROR;
        decref(vm, indices);
        decref(vm, cycles);
        if (!state)
            return VALUE_ERROR;
    }
    return reduce_choice(vm, self, state);
}

static Value permutations_setstate(NATIVE_ARGS) {
    Combine *c = (Combine *)as_obj(self);
    Value *state;
    if (!itertools_state(vm, args[0], 2, &state))
        return VALUE_ERROR;
    for (int i = 0; i < 2; i++)
        if (!is_tuple(state[i]))
            return raise_type(vm, "argument %d must be tuple, not %T", i + 1, state[i]);
    if (as_tuple(state[0])->len != c->nindices || as_tuple(state[1])->len != c->r)
        return raise_value(vm, "invalid arguments");
    if (!itertools_set_indices(vm, state[0], c->indices, c->nindices, 0, c->nindices))
        return VALUE_ERROR;
    for (size_t i = 0; i < c->r; i++) { /* a place has as many swaps as items follow it */
        ssize_t left;
        if (!itertools_state_index(vm, as_tuple(state[1])->items[i], &left))
            return VALUE_ERROR;
        size_t most = c->nindices - i;
        c->cycles[i] = left < 1 ? 1 : (size_t)left > most ? most : (size_t)left;
    }
    return refill(vm, c) ? VALUE_NONE : VALUE_ERROR;
}

static const MethodSpec permutations_methods[] = {
    REDUCE_ROW(permutations_reduce), SETSTATE_ROW(permutations_setstate), {0}};

const TypeSpec itertools_permutations_spec = {
    .name = "itertools.permutations",
    .doc = "All orders of r of the items, or of all of them.",
    .signature = "iterable, r=None",
    .size = sizeof(Combine),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = dealloc,
              .clear = fields2_clear,
              .traverse = fields2_traverse,
              .create = permutations_create,
              .iter = iter_self,
              .next = permutations_next},
    .methods = permutations_methods,
};

/* ---- combinations ---------------------------------------------------------------------------------------------- */

static Combine *combinations_new(VM *vm, Type *type, const char *name, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, name, "iterable, r", args, nargs, kwnames, v, 2))
        return NULL;
    ssize_t r;
    if (!to_ssize(vm, v[1], &r))
        return NULL;
    Value pool = tuple_from_iterable(vm, v[0]);
    if (!pool)
        return NULL;
    if (r < 0) {
        raise_value(vm, "r must be non-negative");
        decref(vm, pool);
        return NULL;
    }
    Combine *c = combine_new(vm, type, pool, (size_t)r, (size_t)r);
    if (c)
        c->asked = (size_t)r;
    return c;
}

static Value combinations_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Combine *c = combinations_new(vm, type, "combinations", args, nargs, kwnames);
    if (!c)
        return VALUE_ERROR;
    c->stopped = c->r > as_tuple(c->pool)->len;
    for (size_t i = 0; i < c->r; i++)
        c->indices[i] = i;
    return from_obj(c);
}

static Value combinations_next(VM *vm, Value self) {
    Combine *c = (Combine *)as_obj(self);
    if (c->stopped || !c->pool)
        return VALUE_ERROR;
    Value *pool = as_tuple(c->pool)->items;
    size_t n = as_tuple(c->pool)->len, r = c->r, i = 0;
    Value result;
    if (!c->result) {
        result = first_result(vm, c, r);
        if (!result)
            return VALUE_ERROR;
    } else {
        i = r;
        while (i > 0 && c->indices[i - 1] == i - 1 + n - r)
            i--;
        if (i == 0)
            return stop(c);
        result = fresh_result(vm, c);
        if (!result)
            return VALUE_ERROR;
        i--;
        c->indices[i]++;
        for (size_t j = i + 1; j < r; j++)
            c->indices[j] = c->indices[j - 1] + 1;
    }
    for (; i < r; i++)
        put(vm, result, i, pool[c->indices[i]]);
    return result;
}

static Value combinations_setstate(NATIVE_ARGS) {
    Combine *c = (Combine *)as_obj(self);
    size_t n = as_tuple(c->pool)->len;
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    if (!is_tuple(args[0]) || as_tuple(args[0])->len != c->r || c->r > n)
        return raise_value(vm, "invalid arguments");
    for (size_t i = 0; i < c->r; i++) { /* none so far back that those behind it find no room */
        ssize_t index;
        if (!itertools_state_index(vm, as_tuple(args[0])->items[i], &index))
            return VALUE_ERROR;
        size_t last = i + n - c->r;
        c->indices[i] = index < 0 ? 0 : (size_t)index > last ? last : (size_t)index;
    }
    return refill(vm, c) ? VALUE_NONE : VALUE_ERROR;
}

static const MethodSpec combinations_methods[] = {
    REDUCE_ROW(choice_reduce), SETSTATE_ROW(combinations_setstate), {0}};

const TypeSpec itertools_combinations_spec = {
    .name = "itertools.combinations",
    .doc = "All choices of r different items, in their order.",
    .signature = "iterable, r",
    .size = sizeof(Combine),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = dealloc,
              .clear = fields2_clear,
              .traverse = fields2_traverse,
              .create = combinations_create,
              .iter = iter_self,
              .next = combinations_next},
    .methods = combinations_methods,
};

static Value replacement_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Combine *c = combinations_new(vm, type, "combinations_with_replacement", args, nargs, kwnames);
    if (!c)
        return VALUE_ERROR;
    c->stopped = as_tuple(c->pool)->len == 0 && c->r > 0;
    return from_obj(c);
}

static Value replacement_next(VM *vm, Value self) {
    Combine *c = (Combine *)as_obj(self);
    if (c->stopped || !c->pool)
        return VALUE_ERROR;
    Value *pool = as_tuple(c->pool)->items;
    size_t n = as_tuple(c->pool)->len, r = c->r;
    if (!c->result) {
        Value result = first_result(vm, c, r);
        for (size_t i = 0; result && i < r; i++)
            put(vm, result, i, pool[0]);
        return result;
    }
    size_t i = r;
    while (i > 0 && c->indices[i - 1] == n - 1)
        i--;
    if (i == 0)
        return stop(c);
    Value result = fresh_result(vm, c);
    if (!result)
        return VALUE_ERROR;
    i--;
    size_t index = c->indices[i] + 1;
    for (; i < r; i++) {
        c->indices[i] = index;
        put(vm, result, i, pool[index]);
    }
    return result;
}

static Value replacement_setstate(NATIVE_ARGS) {
    Combine *c = (Combine *)as_obj(self);
    size_t n = as_tuple(c->pool)->len;
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    if (n == 0 && c->r > 0)
        return raise_value(vm, "invalid arguments");
    if (!itertools_set_indices(vm, args[0], c->indices, c->r, 0, n))
        return VALUE_ERROR;
    return refill(vm, c) ? VALUE_NONE : VALUE_ERROR;
}

static const MethodSpec replacement_methods[] = {REDUCE_ROW(choice_reduce), SETSTATE_ROW(replacement_setstate), {0}};

const TypeSpec itertools_replacement_spec = {
    .name = "itertools.combinations_with_replacement",
    .doc = "All choices of r items, in their order, where an item may be chosen again.",
    .signature = "iterable, r",
    .size = sizeof(Combine),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = dealloc,
              .clear = fields2_clear,
              .traverse = fields2_traverse,
              .create = replacement_create,
              .iter = iter_self,
              .next = replacement_next},
    .methods = replacement_methods,
};
