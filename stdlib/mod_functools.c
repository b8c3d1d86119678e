/* _functools: partial, reduce, cmp_to_key and the cache behind functools.lru_cache. */
#include "object/containers.h"
#include "stdlib/init.h"

#define FEW 12

/* ---- partial --------------------------------------------------------------------------------------------------- */

typedef struct Partial {
    Object header;
    Value func, args, keywords; /* tuple, dict */
} Partial;

static const TypeSpec partial_spec;

static Partial *as_partial(Value v) { return (Partial *)as_obj(v); }

static Value tuple_join(VM *vm, Value a, Value *more, size_t n) {
    size_t len = a ? as_tuple(a)->len : 0;
    if (n == 0 && a && has_exact_kind(a, KIND_TUPLE))
        return incref(a);
    Value t = tuple_new(vm, len + n);
    if (!t)
        return VALUE_ERROR;
    for (size_t i = 0; i < len; i++)
        as_tuple(t)->items[i] = incref(as_tuple(a)->items[i]);
    for (size_t i = 0; i < n; i++)
        as_tuple(t)->items[len + i] = incref(more[i]);
    return t;
}

static bool add_keywords(VM *vm, Value dict, Value *values, Value kwnames) {
    for (size_t i = 0; kwnames && i < as_tuple(kwnames)->len; i++) {
        if (!dict_set(vm, dict, as_tuple(kwnames)->items[i], values[i]))
            return false;
    }
    return true;
}

static Value partial_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (nargs == 0)
        return raise_type(vm, "type 'partial' takes at least one argument");
    Value func = args[0], before = 0, keywords = 0;
    if (!is_callable(func))
        return raise_type(vm, "the first argument must be callable");
    Type *exact = vm_type(vm, &partial_spec, NULL);
    if (!exact)
        return VALUE_ERROR;
    if (type == exact && is_exact(func, exact)) { /* a partial of a partial is one partial */
        Value attributes = attr_dict(vm, func);
        if (!attributes && error_pending(vm))
            return VALUE_ERROR;
        if (!attributes || dict_len(attributes) == 0) {
            before = as_partial(func)->args;
            keywords = as_partial(func)->keywords;
            func = as_partial(func)->func;
        }
        decref(vm, attributes);
    }
    Partial *p = object_alloc(vm, type, 0);
    if (!p)
        return VALUE_ERROR;
    p->func = incref(func);
    p->args = tuple_join(vm, before, args + 1, nargs - 1);
    if (p->args)
        p->keywords = keywords ? dict_copy(vm, keywords) : dict_new(vm);
    if (p->keywords && add_keywords(vm, p->keywords, args + nargs, kwnames))
        return from_obj(p);
    obj_decref(vm, &p->header);
    return VALUE_ERROR;
}

/* The keywords of the partial, overridden and followed by those of the call: values go to out (borrowed from the dict
 * returned in *owner), names into a new tuple. */
static Value merge_keywords(VM *vm, Partial *p, Value *values, Value kwnames, Value *owner, size_t *n) {
    Value dict = dict_copy(vm, p->keywords), names = VALUE_ERROR;
    if (dict && add_keywords(vm, dict, values, kwnames))
        names = tuple_from_iterable(vm, dict);
    if (!names) {
        decref(vm, dict);
        return VALUE_ERROR;
    }
    *owner = dict;
    *n = as_tuple(names)->len;
    return names;
}

static Value partial_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Partial *p = as_partial(self);
    if (!p->func)
        return raise_type(vm, "the first argument must be callable");
    Value owner = 0, names = 0, few[FEW], *all = few, result = VALUE_ERROR;
    Value func = incref(p->func), before = incref(p->args);
    size_t first = as_tuple(before)->len, nkw = kwnames ? as_tuple(kwnames)->len : 0;
    if (dict_len(p->keywords)) {
        names = merge_keywords(vm, p, args + nargs, kwnames, &owner, &nkw);
        if (!names)
            goto out;
    }
    size_t total = first + nargs + nkw;
    if (total > FEW && !(all = mem_alloc(vm, total * sizeof(Value))))
        goto out;
    memcpy(all, as_tuple(before)->items, first * sizeof(Value));
    if (nargs)
        memcpy(all + first, args, nargs * sizeof(Value));
    if (owner) {
        size_t pos = 0, i = first + nargs;
        Value key, value;
        while (dict_next(owner, &pos, &key, &value))
            all[i++] = value;
    } else if (nkw) {
        memcpy(all + first + nargs, args + nargs, nkw * sizeof(Value));
    }
    result = call(vm, func, all, first + nargs, owner ? names : kwnames);
    if (all != few)
        mem_free(vm, all, total * sizeof(Value));
out:
    decref(vm, names);
    decref(vm, owner);
    decref(vm, func);
    decref(vm, before);
    return result;
}

/* Binding does nothing yet: CPython announces that it will. */
static Value partial_descr_get(VM *vm, Value self, Value obj, Value type) {
    if (!obj || is_none(obj))
        return incref(self);
    if (!warn(vm, vm->exc.FutureWarning, 1,
              "functools.partial will be a method descriptor in future Python versions; "
              "wrap it in staticmethod() if you want to preserve the old behavior"))
        return VALUE_ERROR;
    return incref(self);
}

static bool repr_arguments(StrBuilder *b, Partial *p) {
    for (size_t i = 0; i < as_tuple(p->args)->len; i++) {
        if (!strbuilder_add(b, ", ", 2) || !strbuilder_add_repr(b, as_tuple(p->args)->items[i]))
            return false;
    }
    size_t pos = 0;
    Value key, value;
    while (dict_next(p->keywords, &pos, &key, &value)) {
        incref(key);
        incref(value);
        bool ok = strbuilder_printf(b, ", %S=", key) && strbuilder_add_repr(b, value);
        decref(b->vm, key);
        decref(b->vm, value);
        if (!ok)
            return false;
    }
    return true;
}

static Value partial_repr(VM *vm, Value self) {
    Partial *p = as_partial(self);
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_from_c(vm, "...");
    Type *type = fast_type(vm, self);
    StrBuilder b;
    strbuilder_init(&b, vm);
    Value module;
    int found = attr_lookup(vm, type_value(type), NAME(__module__), &module);
    bool ok = found >= 0;
    if (found > 0) {
        ok = strbuilder_printf(&b, "%S.", module);
        decref(vm, module);
    }
    if (ok) {
        Value name = attr_get(vm, type_value(type), NAME(__qualname__));
        ok = name && strbuilder_printf(&b, "%S(", name) && strbuilder_add_repr(&b, p->func) && repr_arguments(&b, p);
        decref(vm, name);
    }
    repr_leave(vm, self);
    if (!ok) {
        strbuilder_drop(&b);
        return VALUE_ERROR;
    }
    strbuilder_add(&b, ")", 1);
    return strbuilder_finish(&b);
}

static Value partial_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Partial *p = as_partial(self);
    const Shape *shape = as_obj(self)->shape;
    bool bare = shape->nslots == 0 && !shape->is_dict;
    Value attributes = bare ? 0 : attr_dict(vm, self);
    if (!attributes && error_pending(vm))
        return VALUE_ERROR;
    Value func = tuple_pack(vm, 1, p->func), state = VALUE_ERROR, result = VALUE_ERROR;
    if (func)
        state = tuple_pack(vm, 4, p->func, p->args, p->keywords, attributes ? attributes : VALUE_NONE);
    if (state)
        result = tuple_pack(vm, 3, type_value(fast_type(vm, self)), func, state);
    decref(vm, state);
    decref(vm, func);
    decref(vm, attributes);
    return result;
}

static Value partial_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Partial *p = as_partial(self);
    Tuple *state = is_tuple(args[0]) ? as_tuple(args[0]) : NULL;
    if (!state || state->len != 4 || !is_callable(state->items[0]) || !is_tuple(state->items[1]) ||
        !(is_none(state->items[2]) || is_dict(state->items[2])))
        return raise_type(vm, "invalid partial state");
    Value keywords = is_none(state->items[2]) ? dict_new(vm) : dict_copy(vm, state->items[2]);
    Value before = keywords ? tuple_from_array(vm, as_tuple(state->items[1])->items, as_tuple(state->items[1])->len)
                            : VALUE_ERROR;
    if (!before) {
        decref(vm, keywords);
        return VALUE_ERROR;
    }
    set_owned(vm, &p->func, incref(state->items[0]));
    set_owned(vm, &p->args, before);
    set_owned(vm, &p->keywords, keywords);
    if (!is_none(state->items[3])) {
        Value attributes = attr_dict(vm, self);
        bool ok = attributes && dict_update(vm, attributes, state->items[3]);
        decref(vm, attributes);
        if (!ok)
            return VALUE_ERROR;
    }
    return VALUE_NONE;
}

static Value partial_get_func(VM *vm, Value self) { return incref(as_partial(self)->func); }
static Value partial_get_args(VM *vm, Value self) { return incref(as_partial(self)->args); }
static Value partial_get_keywords(VM *vm, Value self) { return incref(as_partial(self)->keywords); }

static const MethodSpec partial_methods[] = {
    {"__reduce__", partial_reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", partial_setstate, "state, /", "Restore the state.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

static const GetSetSpec partial_getset[] = {
    {"func", partial_get_func, NULL, "The function that is called."},
    {"args", partial_get_args, NULL, "The positional arguments put before those of a call."},
    {"keywords", partial_get_keywords, NULL, "The keywords added to those of a call."},
    {0},
};

static const TypeSpec partial_spec = {
    .name = "functools.partial",
    .doc = "partial(func, *args, **keywords)\n\nA function with some of its arguments filled in.",
    .signature = "func, /, *args, **keywords",
    .size = sizeof(Partial),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(3), .create = partial_create, .call = partial_call, .repr = partial_repr,
              .descr_get = partial_descr_get},
    .methods = partial_methods,
    .getset = partial_getset,
};

/* ---- cmp_to_key ------------------------------------------------------------------------------------------------ */

typedef struct Key {
    Object header;
    Value cmp, object; /* object 0: the key function itself */
} Key;

static const TypeSpec key_spec;

static Value key_new(VM *vm, Value cmp, Value object) {
    Type *type = vm_type(vm, &key_spec, NULL);
    Key *k = type ? object_alloc(vm, type, 0) : NULL;
    if (!k)
        return VALUE_ERROR;
    k->cmp = incref(cmp);
    k->object = incref(object);
    return from_obj(k);
}

static Value key_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value object = 0;
    if (!native_bind(vm, "K", "obj", args, nargs, kwnames, &object, 1))
        return VALUE_ERROR;
    return key_new(vm, ((Key *)as_obj(self))->cmp, object);
}

static Value key_compare(VM *vm, Value self, Value other, CompareOp op) {
    Key *a = (Key *)as_obj(self);
    if (!is_exact(other, fast_type(vm, self)))
        return raise_type(vm, "other argument must be K instance");
    Key *b = (Key *)as_obj(other);
    if (!a->object || !b->object)
        return raise_attribute(vm, self, NAME(object), "object");
    Value order = call2(vm, a->cmp, a->object, b->object);
    if (!order)
        return VALUE_ERROR;
    Value result = compare_rich(vm, order, from_small_int(0), op);
    decref(vm, order);
    return result;
}

static Value key_get_object(VM *vm, Value self) {
    Key *k = (Key *)as_obj(self);
    return k->object ? incref(k->object) : raise_attribute(vm, self, NAME(object), "object");
}

static bool key_set_object(VM *vm, Value self, Value value) {
    set_owned(vm, &((Key *)as_obj(self))->object, incref(value));
    return true;
}

static const GetSetSpec key_getset[] = {
    {"obj", key_get_object, key_set_object, "Value wrapped by a key function."},
    {0},
};

static const TypeSpec key_spec = {
    .name = "functools.KeyWrapper",
    .size = sizeof(Key),
    .flags = TYPE_GC | TYPE_NO_NEW | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(2), .call = key_call, .compare = key_compare},
    .getset = key_getset,
};

static Value cmp_to_key(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return key_new(vm, args[0], 0);
}

/* ---- reduce ---------------------------------------------------------------------------------------------------- */

static Value reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value it = iter_get(vm, args[1]), total = incref(args[2]), item;
    if (!it) {
        if (error_matches(vm, vm->exc.TypeError)) {
            error_clear(vm);
            raise_type(vm, "reduce() arg 2 must support iteration");
        }
        decref(vm, total);
        return VALUE_ERROR;
    }
    while ((item = iter_next(vm, it))) {
        if (!total) {
            total = item;
            continue;
        }
        Value next = call2(vm, args[0], total, item);
        decref(vm, item);
        decref(vm, total);
        total = next;
        if (!total)
            break;
    }
    decref(vm, it);
    if (error_pending(vm)) {
        decref(vm, total);
        return VALUE_ERROR;
    }
    return total ? total : raise_type(vm, "reduce() of empty iterable with no initial value");
}

/* ---- the cache of lru_cache --------------------------------------------------------------------------------------
 * The results are in a dict whose order is that of use: a hit moves its entry to the end, and when the cache is full
 * the first entry goes. */

typedef struct LruCache {
    Object header;
    Value func, cache, mark, info_type; /* mark: stands between positional and keyword arguments in a key */
    ssize_t maxsize;                    /* -1: unlimited */
    uint64_t hits, misses;
    bool typed;
} LruCache;

static LruCache *as_lru(Value v) { return (LruCache *)as_obj(v); }

static Value lru_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[4] = {0};
    if (!native_bind(vm, "lru_cache", "user_function, maxsize, typed, cache_info_type", args, nargs, kwnames, v, 4))
        return VALUE_ERROR;
    if (!is_callable(v[0]))
        return raise_type(vm, "the first argument must be callable");
    ssize_t maxsize = -1;
    if (!is_none(v[1])) {
        if (!is_int(v[1]))
            return raise_type(vm, "maxsize should be integer or None");
        if (!to_ssize(vm, v[1], &maxsize))
            return VALUE_ERROR;
        if (maxsize < 0)
            maxsize = 0;
    }
    int typed = truth(vm, v[2]);
    if (typed < 0)
        return VALUE_ERROR;
    LruCache *c = object_alloc(vm, type, 0);
    if (!c)
        return VALUE_ERROR;
    c->func = incref(v[0]);
    c->info_type = incref(v[3]);
    c->maxsize = maxsize;
    c->typed = typed;
    c->cache = dict_new(vm);
    c->mark = c->cache ? call0(vm, type_value(vm->types.object)) : VALUE_ERROR;
    if (c->mark)
        return from_obj(c);
    obj_decref(vm, &c->header);
    return VALUE_ERROR;
}

/* The arguments as a key: a lone str or int stands for itself, others are in a tuple. */
static Value lru_key(VM *vm, LruCache *c, Value *args, size_t nargs, Value kwnames) {
    size_t nkw = kwnames ? as_tuple(kwnames)->len : 0;
    if (!c->typed && nkw == 0) {
        if (nargs == 1 && (is_small_int(args[0]) || is_exact(args[0], vm->types.str)))
            return incref(args[0]);
        return tuple_from_array(vm, args, nargs);
    }
    size_t n = nargs + (nkw ? 1 + 2 * nkw : 0), i = 0;
    Value key = tuple_new(vm, c->typed ? n + nargs + nkw : n);
    if (!key)
        return VALUE_ERROR;
    Value *to = as_tuple(key)->items;
    for (; i < nargs; i++)
        to[i] = incref(args[i]);
    if (nkw)
        to[i++] = incref(c->mark);
    for (size_t k = 0; k < nkw; k++) {
        to[i++] = incref(as_tuple(kwnames)->items[k]);
        to[i++] = incref(args[nargs + k]);
    }
    for (size_t k = 0; c->typed && k < nargs + nkw; k++)
        to[i++] = incref(type_value(fast_type(vm, args[k])));
    return key;
}

static bool lru_store(VM *vm, LruCache *c, Value key, int64_t hash, Value result) {
    if (c->maxsize > 0) {
        /* The function may have called itself and stored this very result. */
        if (dict_get_hash(vm, c->cache, key, hash))
            return true;
        if (error_pending(vm))
            return false;
        if (dict_len(c->cache) >= (size_t)c->maxsize) {
            Value old_key, old_value;
            if (dict_pop_first(vm, c->cache, &old_key, &old_value)) {
                decref(vm, old_key);
                decref(vm, old_value);
            }
        }
    }
    return dict_set_hash(vm, c->cache, key, hash, result);
}

static Value lru_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    LruCache *c = as_lru(self);
    if (!c->func)
        return raise_type(vm, "the first argument must be callable");
    if (c->maxsize == 0) {
        c->misses++;
        return call(vm, c->func, args, nargs, kwnames);
    }
    Value key = lru_key(vm, c, args, nargs, kwnames);
    int64_t hash;
    if (!key || !hash_value(vm, key, &hash)) {
        decref(vm, key);
        return VALUE_ERROR;
    }
    Value found = c->maxsize < 0 ? dict_get_hash(vm, c->cache, key, hash) : dict_get_move(vm, c->cache, key, hash);
    if (found) {
        c->hits++;
        incref(found);
        decref(vm, key);
        return found;
    }
    Value result = VALUE_ERROR;
    if (!error_pending(vm)) {
        c->misses++;
        result = call(vm, c->func, args, nargs, kwnames);
        if (result && !lru_store(vm, c, key, hash, result)) {
            decref(vm, result);
            result = VALUE_ERROR;
        }
    }
    decref(vm, key);
    return result;
}

static Value lru_descr_get(VM *vm, Value self, Value obj, Value type) {
    if (!obj || is_none(obj))
        return incref(self);
    return method_new(vm, self, obj);
}

static Value lru_info(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    LruCache *c = as_lru(self);
    Value v[4] = {0}, result = VALUE_ERROR;
    v[0] = int_from_uint64(vm, c->hits);
    v[1] = v[0] ? int_from_uint64(vm, c->misses) : 0;
    v[2] = v[1] ? (c->maxsize < 0 ? VALUE_NONE : int_from_ssize(vm, c->maxsize)) : 0;
    v[3] = v[2] ? int_from_ssize(vm, (ssize_t)dict_len(c->cache)) : 0;
    if (v[3])
        result = call(vm, c->info_type, v, 4, 0);
    for (int i = 0; i < 4; i++)
        decref(vm, v[i]);
    return result;
}

static Value lru_clear(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    LruCache *c = as_lru(self);
    c->hits = c->misses = 0;
    dict_clear(vm, c->cache);
    return VALUE_NONE;
}

static Value lru_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return attr_get(vm, self, NAME(__qualname__));
}

static Value lru_copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return incref(self); }

static const MethodSpec lru_methods[] = {
    {"cache_info", lru_info, "", "Hits, misses, maximum size and current size of the cache.", 0},
    {"cache_clear", lru_clear, "", "Empty the cache and its statistics.", 0},
    {"__reduce__", lru_reduce, "", "The name, for copying and pickling.", 0},
    {"__copy__", lru_copy, "", "The function itself.", 0},
    {"__deepcopy__", lru_copy, "memo, /", "The function itself.", 0},
    {0},
};

static const TypeSpec lru_spec = {
    .name = "functools._lru_cache_wrapper",
    .doc = "A function whose results are remembered.",
    .size = sizeof(LruCache),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(4), .create = lru_create, .call = lru_call, .descr_get = lru_descr_get},
    .methods = lru_methods,
};

/* ---- the module ------------------------------------------------------------------------------------------------ */

static const MethodSpec functions[] = {
    {"cmp_to_key", cmp_to_key, "mycmp", "Turn a function that compares two values into a key function.", 0},
    {"reduce", reduce, "function, iterable, initial=<unrepresentable>, /",
     "Apply a function of two arguments to the items from left to right, so that one value remains.", 0},
    {0},
};

bool mod_functools_init(VM *vm, Value module) {
    Type *partial = vm_type(vm, &partial_spec, NULL), *lru = vm_type(vm, &lru_spec, NULL);
    return partial && lru && module_add(vm, module, "partial", incref(type_value(partial))) &&
           module_add(vm, module, "_lru_cache_wrapper", incref(type_value(lru))) &&
           module_add_functions(vm, module, functions);
}
