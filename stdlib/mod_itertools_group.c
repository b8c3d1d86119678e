/* itertools: groupby, tee, zip_longest, batched and pairwise. */
#include "stdlib/itertools.h"

/* ---- groupby ---------------------------------------------------------------------------------------------------
 * The groupby object reads the source one item ahead. A group is the right to read on while the key stays what it
 * was; moving to the next group takes the right away from the one before, which is why groupby knows the current
 * group. */

typedef struct GroupBy {
    Object header;
    Value it, func;      /* func 0: the item is its own key */
    Value target;        /* key of the group given out last, or 0 */
    Value key, value;    /* of the item read ahead; value 0 when it has been taken */
    const Object *group; /* that may read; not owned, only compared */
} GroupBy;

typedef struct Grouper {
    Object header;
    Value parent, target;
} Grouper;

static Value groupby_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, "groupby", "iterable, key=None", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    GroupBy *g = object_alloc(vm, type, 0);
    if (!g)
        return VALUE_ERROR;
    if (v[1] && !is_none(v[1]))
        g->func = incref(v[1]);
    g->it = iter_get(vm, v[0]);
    return g->it ? from_obj(g) : itertools_drop(vm, g);
}

static bool groupby_step(VM *vm, GroupBy *g) {
    Value item = next_of(vm, g->it);
    if (!item)
        return false;
    Value key = g->func ? call1(vm, g->func, item) : incref(item);
    if (!key) {
        decref(vm, item);
        return false;
    }
    set_owned(vm, &g->value, item);
    set_owned(vm, &g->key, key);
    return true;
}

static int same_group(VM *vm, Value target, Value key) {
    incref(target);
    incref(key);
    int same = equal_fast(vm, target, key);
    decref(vm, target);
    decref(vm, key);
    return same;
}

static Value groupby_next(VM *vm, Value self) {
    GroupBy *g = (GroupBy *)as_obj(self);
    if (!g->it)
        return VALUE_ERROR;
    g->group = NULL;
    for (;;) { /* to the first item of another group */
        if (g->key) {
            if (!g->target)
                break;
            int same = same_group(vm, g->target, g->key);
            if (same < 0)
                return VALUE_ERROR;
            if (!same)
                break;
        }
        if (!groupby_step(vm, g))
            return VALUE_ERROR;
    }
    set_owned(vm, &g->target, incref(g->key));
    Type *type = vm_type(vm, &itertools_grouper_spec, NULL);
    Grouper *group = type ? object_alloc(vm, type, 0) : NULL;
    if (!group)
        return VALUE_ERROR;
    group->parent = incref(self);
    group->target = incref(g->target);
    g->group = &group->header;
    return tuple_from_array_steal(vm, (Value[]){incref(g->key), from_obj(group)}, 2);
}

static Value grouper_next(VM *vm, Value self) {
    Grouper *group = (Grouper *)as_obj(self);
    if (!group->parent)
        return VALUE_ERROR;
    GroupBy *g = (GroupBy *)as_obj(group->parent);
    if (g->group != &group->header || !g->it)
        return VALUE_ERROR;
    if (!g->value && !groupby_step(vm, g))
        return VALUE_ERROR;
    int same = same_group(vm, group->target, g->key);
    if (same <= 0)
        return VALUE_ERROR;
    Value item = g->value;
    g->value = 0;
    return item;
}

static Value grouper_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, "_grouper", "parent, tgtkey, /", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    Type *of = vm_type(vm, &itertools_groupby_spec, NULL);
    if (!of)
        return VALUE_ERROR;
    if (!type_is_subtype(fast_type(vm, v[0]), of))
        return raise_type(vm, "_grouper() argument 1 must be itertools.groupby, not %T", v[0]);
    Grouper *group = object_alloc(vm, type, 0);
    if (!group)
        return VALUE_ERROR;
    group->parent = incref(v[0]);
    group->target = incref(v[1]);
    ((GroupBy *)as_obj(v[0]))->group = &group->header;
    return from_obj(group);
}

static void grouper_dealloc(VM *vm, Object *self) {
    Grouper *group = (Grouper *)self;
    if (group->parent && ((GroupBy *)as_obj(group->parent))->group == self)
        ((GroupBy *)as_obj(group->parent))->group = NULL; /* its address may be used again */
    fields2_clear(vm, self);
}

static Value groupby_reduce(NATIVE_ARGS) {
    GroupBy *g = (GroupBy *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    Value state = 0;
    if (g->value && g->target && g->key) {
        Value items[3] = {g->value, g->target, g->key};
        state = tuple_from_array(vm, items, 3);
        if (!state)
            return VALUE_ERROR;
    }
    return itertools_reduced(vm, self, itertools_pack(vm, g->it, g->func ? g->func : VALUE_NONE), state);
}

static Value groupby_setstate(NATIVE_ARGS) {
    GroupBy *g = (GroupBy *)as_obj(self);
    Value *state;
    if (!itertools_state(vm, args[0], 3, &state))
        return VALUE_ERROR;
    set_owned(vm, &g->value, incref(state[0]));
    set_owned(vm, &g->target, incref(state[1]));
    set_owned(vm, &g->key, incref(state[2]));
    return VALUE_NONE;
}

static const MethodSpec groupby_methods[] = {REDUCE_ROW(groupby_reduce), SETSTATE_ROW(groupby_setstate), {0}};

/* A group that may no longer read is empty. */
static Value grouper_reduce(NATIVE_ARGS) {
    Grouper *group = (Grouper *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    if (group->parent && ((GroupBy *)as_obj(group->parent))->group == &group->header)
        return itertools_reduced(vm, self, itertools_pack(vm, group->parent, group->target), 0);
    Value iter = str_intern_c(vm, "iter");
    Value args_of_iter = iter ? itertools_pack(vm, vm->empty_tuple, 0) : VALUE_ERROR;
    Value function = args_of_iter ? attr_get(vm, vm->builtins_module, iter) : VALUE_ERROR;
    Value result = function ? itertools_pack(vm, function, args_of_iter) : VALUE_ERROR;
    decref(vm, iter);
    decref(vm, args_of_iter);
    decref(vm, function);
    return result;
}

static const MethodSpec grouper_methods[] = {REDUCE_ROW(grouper_reduce), {0}};

const TypeSpec itertools_groupby_spec = {
    .name = "itertools.groupby",
    .doc = "Pairs of a key and an iterator over the neighbouring items that have that key.",
    .signature = "iterable, key=None",
    .size = sizeof(GroupBy),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(5), .create = groupby_create, .iter = iter_self, .next = groupby_next},
    .methods = groupby_methods,
};

const TypeSpec itertools_grouper_spec = {
    .name = "itertools._grouper",
    .doc = "Gives the items of one group of groupby().",
    .size = sizeof(Grouper),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = grouper_dealloc,
              .clear = grouper_dealloc,
              .traverse = fields2_traverse,
              .create = grouper_create,
              .iter = iter_self,
              .next = grouper_next},
    .methods = grouper_methods,
};

/* ---- tee -------------------------------------------------------------------------------------------------------
 * The items read so far are in a chain of blocks; each iterator holds the block it is in, so that a block goes away
 * when the last iterator has left it. */

#define TEE_BLOCK 57

typedef struct TeeData {
    Object header;
    Value it;
    Value next; /* the following block, or 0 */
    size_t nread;
    bool running;
    Value items[TEE_BLOCK];
} TeeData;

typedef struct Tee {
    Object header;
    Value data;
    size_t index;
} Tee;

static void tee_data_clear(VM *vm, Object *self) {
    TeeData *d = (TeeData *)self;
    for (size_t i = 0; i < d->nread; i++)
        set_owned(vm, &d->items[i], 0);
    set_owned(vm, &d->it, 0);
    /* Blocks that nobody else holds go one after the other: a chain may be too long to recurse into. */
    Value next = d->next;
    d->next = 0;
    while (next && as_obj(next)->refcount == 1) {
        Value following = ((TeeData *)as_obj(next))->next;
        ((TeeData *)as_obj(next))->next = 0;
        decref(vm, next);
        next = following;
    }
    decref(vm, next);
}

static void tee_data_traverse(Object *self, VisitFn visit, void *arg) {
    TeeData *d = (TeeData *)self;
    visit_value(d->it, visit, arg);
    visit_value(d->next, visit, arg);
    for (size_t i = 0; i < d->nread; i++)
        visit_value(d->items[i], visit, arg);
}

static Value tee_data_new(VM *vm, Value it) {
    Type *type = vm_type(vm, &itertools_tee_data_spec, NULL);
    TeeData *d = type ? object_alloc(vm, type, 0) : NULL;
    if (!d)
        return VALUE_ERROR;
    d->it = incref(it);
    return from_obj(d);
}

static Value tee_data_item(VM *vm, TeeData *d, size_t i) {
    if (i < d->nread)
        return incref(d->items[i]);
    if (d->running)
        return raise_runtime(vm, "cannot re-enter the tee iterator");
    if (!d->it)
        return VALUE_ERROR;
    d->running = true;
    Value item = next_of(vm, d->it);
    d->running = false;
    if (item)
        d->items[d->nread++] = incref(item);
    return item;
}

static Value tee_next(VM *vm, Value self) {
    Tee *t = (Tee *)as_obj(self);
    if (!t->data)
        return VALUE_ERROR;
    if (t->index == TEE_BLOCK) {
        TeeData *d = (TeeData *)as_obj(t->data);
        if (!d->next) {
            d->next = tee_data_new(vm, d->it);
            if (!d->next)
                return VALUE_ERROR;
        }
        t->index = 0;
        set_owned(vm, &t->data, incref(d->next));
    }
    Value data = incref(t->data);
    Value item = tee_data_item(vm, (TeeData *)as_obj(data), t->index);
    decref(vm, data);
    if (item)
        t->index++;
    return item;
}

static Value tee_on(VM *vm, Type *type, Value data, size_t index) {
    Tee *t = object_alloc(vm, type, 0);
    if (!t)
        return VALUE_ERROR;
    t->data = incref(data);
    t->index = index;
    return from_obj(t);
}

/* A tee over any iterable; over a tee it is a second reader at the same place. */
static Value tee_over(VM *vm, Value iterable) {
    Type *type = vm_type(vm, &itertools_tee_spec, NULL);
    if (!type)
        return VALUE_ERROR;
    Value it = iter_get(vm, iterable);
    if (!it)
        return VALUE_ERROR;
    Value result;
    if (type_is_subtype(fast_type(vm, it), type)) {
        Tee *other = (Tee *)as_obj(it);
        result = tee_on(vm, type, other->data, other->index);
    } else {
        Value data = tee_data_new(vm, it);
        result = data ? tee_on(vm, type, data, 0) : VALUE_ERROR;
        decref(vm, data);
    }
    decref(vm, it);
    return result;
}

static Value tee_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value iterable = 0;
    if (!native_bind(vm, "_tee", "iterable, /", args, nargs, kwnames, &iterable, 1))
        return VALUE_ERROR;
    return tee_over(vm, iterable);
}

static Value tee_copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Tee *t = (Tee *)as_obj(self);
    return tee_on(vm, fast_type(vm, self), t->data, t->index);
}

Value itertools_tee(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t n = 2;
    if (args[1] && !to_ssize(vm, args[1], &n))
        return VALUE_ERROR;
    if (n < 0)
        return raise_value(vm, "n must be >= 0");
    Value result = tuple_new(vm, (size_t)n);
    if (!result || n == 0)
        return result;
    Value first = tee_over(vm, args[0]);
    if (!first) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    as_tuple(result)->items[0] = first;
    for (ssize_t i = 1; i < n; i++) {
        Value copy = tee_copy(vm, first, NULL, 0, 0);
        if (!copy) {
            decref(vm, result);
            return VALUE_ERROR;
        }
        as_tuple(result)->items[i] = copy;
    }
    return result;
}

static Value tee_reduce(NATIVE_ARGS) {
    Tee *t = (Tee *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    Value index = from_small_int((int64_t)t->index), state = itertools_pack(vm, t->data, index);
    return state ? itertools_reduced(vm, self, itertools_pack(vm, vm->empty_tuple, 0), state) : VALUE_ERROR;
}

static Value tee_setstate(NATIVE_ARGS) {
    Tee *t = (Tee *)as_obj(self);
    Value *state;
    ssize_t index;
    Type *type = vm_type(vm, &itertools_tee_data_spec, NULL);
    if (!type || !itertools_state(vm, args[0], 2, &state))
        return VALUE_ERROR;
    if (fast_type(vm, state[0]) != type)
        return raise_type(vm, "argument 1 must be itertools._tee_dataobject, not %T", state[0]);
    if (!itertools_state_index(vm, state[1], &index))
        return VALUE_ERROR;
    if (index < 0 || (size_t)index > ((TeeData *)as_obj(state[0]))->nread)
        return raise_value(vm, "Index out of range");
    set_owned(vm, &t->data, incref(state[0]));
    t->index = (size_t)index;
    return VALUE_NONE;
}

/* tee_data(it, values, next): the items that were read from an iterator, and the block behind a full one. */
static Value tee_data_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[3] = {0};
    if (!native_bind(vm, "_tee_dataobject", "it, values, next, /", args, nargs, kwnames, v, 3))
        return VALUE_ERROR;
    if (!is_list(v[1]))
        return raise_type(vm, "_tee_dataobject() argument 2 must be list, not %T", v[1]);
    size_t n = as_list(v[1])->len;
    if (n > TEE_BLOCK || (!is_none(v[2]) && (n != TEE_BLOCK || fast_type(vm, v[2]) != type)))
        return raise_value(vm, "Invalid arguments");
    Value data = tee_data_new(vm, v[0]);
    if (!data)
        return VALUE_ERROR;
    TeeData *d = (TeeData *)as_obj(data);
    for (; d->nread < n; d->nread++)
        d->items[d->nread] = incref(as_list(v[1])->items[d->nread]);
    d->next = is_none(v[2]) ? 0 : incref(v[2]);
    return data;
}

static Value tee_data_reduce(NATIVE_ARGS) {
    TeeData *d = (TeeData *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    Value values = list_new(vm, 0);
    for (size_t i = 0; values && i < d->nread; i++)
        if (!list_append(vm, values, d->items[i]))
            set_owned(vm, &values, 0);
    if (!values)
        return VALUE_ERROR;
    Value items[3] = {d->it ? d->it : VALUE_NONE, values, d->next ? d->next : VALUE_NONE};
    Value parts = tuple_from_array(vm, items, 3);
    decref(vm, values);
    return itertools_reduced(vm, self, parts, 0);
}

static const MethodSpec tee_data_methods[] = {REDUCE_ROW(tee_data_reduce), {0}};

static const MethodSpec tee_methods[] = {
    REDUCE_ROW(tee_reduce),
    SETSTATE_ROW(tee_setstate),
    {"__copy__", tee_copy, "", "Another iterator at the same place.", 0},
    {0},
};

const TypeSpec itertools_tee_spec = {
    .name = "itertools._tee",
    .doc = "One of several iterators over the same source.",
    .signature = "iterable, /",
    .size = sizeof(Tee),
    .flags = TYPE_GC | TYPE_IMMUTABLE,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = tee_create, .iter = iter_self, .next = tee_next},
    .methods = tee_methods,
};

const TypeSpec itertools_tee_data_spec = {
    .name = "itertools._tee_dataobject",
    .doc = "Items that tee iterators share.",
    .size = sizeof(TeeData),
    .signature = "it, values, next, /",
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.create = tee_data_create,
              .dealloc = tee_data_clear,
              .clear = tee_data_clear,
              .traverse = tee_data_traverse},
    .methods = tee_data_methods,
};

/* ---- zip_longest ----------------------------------------------------------------------------------------------- */

typedef struct ZipLongest {
    Object header;
    Value iters, fill; /* tuple with VALUE_NONE in the place of what has ended */
    Value result;
    size_t active;
} ZipLongest;

static Value zip_longest_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value fill = VALUE_NONE;
    if (kwnames && as_tuple(kwnames)->len) {
        if (as_tuple(kwnames)->len > 1 || !str_equals_c(as_tuple(kwnames)->items[0], "fillvalue"))
            return raise_type(vm, "zip_longest() got an unexpected keyword argument");
        fill = args[nargs];
    }
    ZipLongest *z = object_alloc(vm, type, 0);
    if (!z)
        return VALUE_ERROR;
    z->fill = incref(fill);
    z->iters = tuple_new(vm, nargs);
    if (!z->iters)
        return itertools_drop(vm, z);
    z->active = nargs;
    for (size_t i = 0; i < nargs; i++) {
        Value it = iter_get(vm, args[i]);
        if (!it)
            return itertools_drop(vm, z);
        as_tuple(z->iters)->items[i] = it;
    }
    return from_obj(z);
}

static Value zip_longest_next(VM *vm, Value self) {
    ZipLongest *z = (ZipLongest *)as_obj(self);
    if (!z->iters || z->active == 0)
        return VALUE_ERROR;
    Tuple *iters = as_tuple(z->iters);
    size_t n = iters->len;
    if (z->result && as_obj(z->result)->refcount == 1) {
        incref(z->result);
    } else {
        Value fresh = tuple_new(vm, n);
        if (!fresh)
            return VALUE_ERROR;
        set_owned(vm, &z->result, incref(fresh));
    }
    Value result = z->result;
    for (size_t i = 0; i < n; i++) {
        Value item;
        if (is_none(iters->items[i])) {
            item = incref(z->fill);
        } else {
            item = next_of(vm, iters->items[i]);
            if (!item) {
                bool failed = !iter_ended(vm);
                if (failed || --z->active == 0) {
                    if (failed)
                        z->active = 0;
                    decref(vm, result);
                    return VALUE_ERROR;
                }
                set_owned(vm, &iters->items[i], VALUE_NONE);
                item = incref(z->fill);
            }
        }
        set_owned(vm, &as_tuple(result)->items[i], item);
    }
    return result;
}

static Value zip_longest_reduce(NATIVE_ARGS) {
    ZipLongest *z = (ZipLongest *)as_obj(self);
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    Value iterables = tuple_from_array(vm, as_tuple(z->iters)->items, as_tuple(z->iters)->len);
    for (size_t i = 0; iterables && i < as_tuple(iterables)->len; i++)
        if (is_none(as_tuple(iterables)->items[i])) /* has ended */
            set_owned(vm, &as_tuple(iterables)->items[i], incref(vm->empty_tuple));
    return itertools_reduced(vm, self, iterables, incref(z->fill));
}

static Value zip_longest_setstate(NATIVE_ARGS) {
    if (!itertools_warn(vm))
        return VALUE_ERROR;
    set_owned(vm, &((ZipLongest *)as_obj(self))->fill, incref(args[0]));
    return VALUE_NONE;
}

static const MethodSpec zip_longest_methods[] = {
    REDUCE_ROW(zip_longest_reduce), SETSTATE_ROW(zip_longest_setstate), {0}};

const TypeSpec itertools_zip_longest_spec = {
    .name = "itertools.zip_longest",
    .signature = "*iterables, fillvalue=None",
    .doc = "Like zip(), but until the longest ends; missing items are\n"
           "replaced by the fill value.",
    .size = sizeof(ZipLongest),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(3), .create = zip_longest_create, .iter = iter_self, .next = zip_longest_next},
    .methods = zip_longest_methods,
};

/* ---- batched --------------------------------------------------------------------------------------------------- */

typedef struct Batched {
    Object header;
    Value it; /* 0 at the end */
    size_t size;
    bool strict;
} Batched;

static Value batched_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[3] = {0};
    if (!native_bind(vm, "batched", "iterable, n, *, strict=False", args, nargs, kwnames, v, 3))
        return VALUE_ERROR;
    ssize_t n;
    if (!to_ssize(vm, v[1], &n))
        return VALUE_ERROR;
    int strict = v[2] ? truth(vm, v[2]) : 0;
    if (strict < 0)
        return VALUE_ERROR;
    if (n < 1)
        return raise_value(vm, "n must be at least one");
    Batched *b = object_alloc(vm, type, 0);
    if (!b)
        return VALUE_ERROR;
    b->size = (size_t)n;
    b->strict = strict;
    b->it = iter_get(vm, v[0]);
    return b->it ? from_obj(b) : itertools_drop(vm, b);
}

enum { BATCH_FEW = 64 };

/* The first items of a batch go to `few`; how many there are. More of them would say nothing about the memory needed.
 */
static size_t gather_few(VM *vm, Value it, size_t size, Value *few) {
    size_t n = 0, most = size < BATCH_FEW ? size : BATCH_FEW;
    while (n < most && (few[n] = next_of(vm, it)))
        n++;
    return n;
}

/* The whole of a batch that began with `few`, all of them: they are consumed. */
static Value gather_many(VM *vm, Value it, size_t size, Value *few) {
    Value list = list_from_array(vm, few, BATCH_FEW), item;
    for (size_t i = 0; i < BATCH_FEW; i++)
        decref(vm, few[i]);
    while (list && as_list(list)->len < size && (item = next_of(vm, it))) {
        if (!list_append_steal(vm, list, item))
            set_owned(vm, &list, 0);
    }
    if (list && as_list(list)->len < size && !iter_ended(vm))
        set_owned(vm, &list, 0);
    return list ? tuple_from_private_list(vm, list) : VALUE_ERROR;
}

/* Up to `size` items as a tuple; fewer only at the end. */
static Value gather(VM *vm, Value it, size_t size) {
    Value few[BATCH_FEW];
    size_t n = gather_few(vm, it, size, few);
    if (n == BATCH_FEW && n < size)
        return gather_many(vm, it, size, few);
    if (n == size || iter_ended(vm))
        return tuple_from_array_steal(vm, few, n);
    while (n-- > 0)
        decref(vm, few[n]);
    return VALUE_ERROR;
}

static Value batched_next(VM *vm, Value self) {
    Batched *b = (Batched *)as_obj(self);
    if (!b->it)
        return VALUE_ERROR;
    Value it = incref(b->it), batch = gather(vm, it, b->size);
    decref(vm, it);
    if (!batch || as_tuple(batch)->len == b->size)
        return batch;
    set_owned(vm, &b->it, 0);
    if (as_tuple(batch)->len != 0 && !b->strict)
        return batch;
    if (as_tuple(batch)->len != 0)
        raise_value(vm, "batched(): incomplete batch");
    decref(vm, batch);
    return VALUE_ERROR;
}

const TypeSpec itertools_batched_spec = {
    .name = "itertools.batched",
    .doc = "Tuples of n items each; the last one may be shorter, unless strict.",
    .signature = "iterable, n, *, strict=False",
    .size = sizeof(Batched),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = batched_create, .iter = iter_self, .next = batched_next},
};

/* ---- pairwise -------------------------------------------------------------------------------------------------- */

typedef struct Pairwise {
    Object header;
    Value it, old, result;
} Pairwise;

static Value pairwise_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value iterable = 0;
    if (!native_bind(vm, "pairwise", "iterable, /", args, nargs, kwnames, &iterable, 1))
        return VALUE_ERROR;
    Pairwise *p = object_alloc(vm, type, 0);
    if (!p)
        return VALUE_ERROR;
    p->it = iter_get(vm, iterable);
    return p->it ? from_obj(p) : itertools_drop(vm, p);
}

static Value pairwise_next(VM *vm, Value self) {
    Pairwise *p = (Pairwise *)as_obj(self);
    if (!p->it)
        return VALUE_ERROR;
    Value it = incref(p->it), result = VALUE_ERROR;
    if (!p->old) {
        Value first = next_of(vm, it);
        if (!first || !p->it)
            goto end;
        set_owned(vm, &p->old, first);
    }
    Value old = incref(p->old), fresh = next_of(vm, it);
    if (!fresh) {
        decref(vm, old);
        goto end;
    }
    if (p->result && as_obj(p->result)->refcount == 1) {
        result = incref(p->result);
        set_owned(vm, &as_tuple(result)->items[0], old);
        set_owned(vm, &as_tuple(result)->items[1], incref(fresh));
    } else {
        result = tuple_from_array_steal(vm, (Value[]){old, incref(fresh)}, 2);
        if (result)
            set_owned(vm, &p->result, incref(result));
    }
    set_owned(vm, &p->old, fresh);
    decref(vm, it);
    return result;
end:
    if (!error_pending(vm) || error_matches(vm, vm->exc.StopIteration)) {
        set_owned(vm, &p->it, 0);
        set_owned(vm, &p->old, 0);
    }
    decref(vm, it);
    return VALUE_ERROR;
}

const TypeSpec itertools_pairwise_spec = {
    .name = "itertools.pairwise",
    .doc = "Pairs of each item and the one after it.",
    .signature = "iterable, /",
    .size = sizeof(Pairwise),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(3), .create = pairwise_create, .iter = iter_self, .next = pairwise_next},
};
