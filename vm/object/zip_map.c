/* zip, map and filter. */
#include "object/containers.h"

/* Iterators over each of n iterables, as a tuple. */
static Value iterators_of(VM *vm, Value *iterables, size_t n) {
    Value iters = tuple_new(vm, n);
    for (size_t i = 0; iters && i < n; i++) {
        Value it = iter_get(vm, iterables[i]);
        if (!it) {
            decref(vm, iters);
            return VALUE_ERROR;
        }
        as_tuple(iters)->items[i] = it;
    }
    return iters;
}

/* ---- zip ------------------------------------------------------------------------------------------------------- */

typedef struct Zip {
    Object header;
    Value iters;  /* tuple */
    Value result; /* the last tuple, used again if nobody kept it; or 0 */
    bool strict;
} Zip;

static bool zip_keywords(VM *vm, Value *args, size_t nargs, Value kwnames, bool *strict) {
    *strict = false;
    if (!kwnames)
        return true;
    Tuple *names = as_tuple(kwnames);
    if (names->len > 1)
        return raise_type(vm, "zip() takes at most 1 keyword argument (%u given)", names->len);
    if (names->len == 1) {
        if (!str_equals_c(names->items[0], "strict"))
            return raise_type(vm, "zip() got an unexpected keyword argument '%V'", names->items[0]);
        int yes = truth(vm, args[nargs]);
        *strict = yes > 0;
        return yes >= 0;
    }
    return true;
}

static Value zip_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    bool strict;
    if (!zip_keywords(vm, args, nargs, kwnames, &strict))
        return VALUE_ERROR;
    Zip *z = object_alloc(vm, type, 0);
    if (!z)
        return VALUE_ERROR;
    z->strict = strict;
    z->iters = iterators_of(vm, args, nargs);
    if (z->iters)
        return from_obj(z);
    obj_decref(vm, &z->header);
    return VALUE_ERROR;
}

/* The i-th iterator has ended: is that right for strict ones? Raises ValueError if not. */
static Value zip_end(VM *vm, Zip *z, size_t i) {
    if (!z->strict)
        return VALUE_ERROR;
    if (!iter_ended(vm))
        return VALUE_ERROR;
    Tuple *iters = as_tuple(z->iters);
    const char *plural = i == 1 ? " " : "s 1-";
    if (i > 0)
        return raise_value(vm, "zip() argument %u is shorter than argument%s%u", i + 1, plural, i);
    for (i = 1; i < iters->len; i++) {
        Value item = next_of(vm, iters->items[i]);
        if (item) {
            decref(vm, item);
            plural = i == 1 ? " " : "s 1-";
            return raise_value(vm, "zip() argument %u is longer than argument%s%u", i + 1, plural, i);
        }
        if (!iter_ended(vm))
            return VALUE_ERROR;
    }
    return VALUE_ERROR;
}

static Value zip_next(VM *vm, Value self) {
    Zip *z = (Zip *)as_obj(self);
    if (!z->iters || as_tuple(z->iters)->len == 0)
        return VALUE_ERROR;
    Tuple *iters = as_tuple(z->iters);
    size_t n = iters->len;
    Value result = z->result;
    if (result && as_obj(result)->refcount == 1 && as_tuple(result)->len == n) {
        incref(result);
    } else {
        result = tuple_new(vm, n);
        if (!result)
            return VALUE_ERROR;
        set_owned(vm, &z->result, incref(result));
    }
    for (size_t i = 0; i < n; i++) {
        Value item = next_of(vm, iters->items[i]);
        if (!item) {
            zip_end(vm, z, i);
            decref(vm, result);
            return VALUE_ERROR;
        }
        set_owned(vm, &as_tuple(result)->items[i], item);
    }
    return result;
}

static Value zip_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Zip *z = (Zip *)as_obj(self);
    Value type = type_value(fast_type(vm, self)), iters = z->iters ? z->iters : vm->empty_tuple;
    return z->strict ? tuple_pack(vm, 3, type, iters, VALUE_TRUE) : tuple_pack(vm, 2, type, iters);
}

static Value zip_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int strict = truth(vm, args[0]);
    if (strict < 0)
        return VALUE_ERROR;
    ((Zip *)as_obj(self))->strict = strict;
    return VALUE_NONE;
}

static const MethodSpec zip_methods[] = {
    {"__reduce__", zip_reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", zip_setstate, "state, /", "Set whether the lengths must be the same.", 0},
    {0},
};

const TypeSpec zip_spec = {
    .name = "zip",
    .signature = "*iterables, strict=False",
    .doc = "Tuples of the first items of the iterables, the second ones, and so on,\n"
           "until the shortest ends. With strict, all must have the same length: else ValueError.",
    .size = sizeof(Zip),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .create = zip_create, .iter = iter_self, .next = zip_next},
    .methods = zip_methods,
};

/* ---- map ------------------------------------------------------------------------------------------------------- */

typedef struct Map {
    Object header;
    Value func, iters; /* tuple */
} Map;

static Value map_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!constructor_keywords(vm, type, vm->types.map, "map", kwnames))
        return VALUE_ERROR;
    if (nargs < 2)
        return raise_type(vm, "map() must have at least two arguments.");
    Map *m = object_alloc(vm, type, 0);
    if (!m)
        return VALUE_ERROR;
    m->func = incref(args[0]);
    m->iters = iterators_of(vm, args + 1, nargs - 1);
    if (m->iters)
        return from_obj(m);
    obj_decref(vm, &m->header);
    return VALUE_ERROR;
}

static Value map_next(VM *vm, Value self) {
    Map *m = (Map *)as_obj(self);
    if (!m->iters)
        return VALUE_ERROR;
    Tuple *iters = as_tuple(m->iters);
    Value few[8], *items = few, result = VALUE_ERROR;
    size_t n = iters->len, got = 0;
    if (n > ARRAY_LEN(few) && !(items = mem_alloc(vm, n * sizeof(Value))))
        return VALUE_ERROR;
    for (; got < n; got++) {
        items[got] = next_of(vm, iters->items[got]);
        if (!items[got])
            break;
    }
    if (got == n)
        result = call(vm, m->func, items, n, 0);
    while (got-- > 0)
        decref(vm, items[got]);
    if (items != few)
        mem_free(vm, items, n * sizeof(Value));
    return result;
}

static Value map_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Map *m = (Map *)as_obj(self);
    size_t n = m->iters ? as_tuple(m->iters)->len : 0;
    Value parts = tuple_new(vm, n + 1);
    if (!parts)
        return VALUE_ERROR;
    as_tuple(parts)->items[0] = incref(m->func);
    for (size_t i = 0; i < n; i++)
        as_tuple(parts)->items[i + 1] = incref(as_tuple(m->iters)->items[i]);
    Value result = tuple_pack(vm, 2, type_value(fast_type(vm, self)), parts);
    decref(vm, parts);
    return result;
}

static const MethodSpec map_methods[] = {
    {"__reduce__", map_reduce, "", "State for copying and pickling.", 0},
    {0},
};

const TypeSpec map_spec = {
    .name = "map",
    .signature = "function, iterable, /, *iterables",
    .doc = "The results of the function for the items of the iterable, or of\n"
           "several iterables in step, until the shortest ends.",
    .size = sizeof(Map),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .create = map_create, .iter = iter_self, .next = map_next},
    .methods = map_methods,
};

/* ---- filter ---------------------------------------------------------------------------------------------------- */

typedef struct Filter {
    Object header;
    Value func, it;
} Filter;

static Value filter_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!constructor_keywords(vm, type, vm->types.filter, "filter", kwnames))
        return VALUE_ERROR;
    if (nargs != 2)
        return raise_type(vm, "filter expected 2 arguments, got %u", nargs);
    Filter *f = object_alloc(vm, type, 0);
    if (!f)
        return VALUE_ERROR;
    f->func = incref(args[0]);
    f->it = iter_get(vm, args[1]);
    if (f->it)
        return from_obj(f);
    obj_decref(vm, &f->header);
    return VALUE_ERROR;
}

static Value filter_next(VM *vm, Value self) {
    Filter *f = (Filter *)as_obj(self);
    if (!f->it)
        return VALUE_ERROR;
    bool plain = is_none(f->func) || f->func == type_value(vm->types.bool_);
    Value item;
    while ((item = next_of(vm, f->it))) {
        int good;
        if (plain) {
            good = truth(vm, item);
        } else {
            Value verdict = call1(vm, f->func, item);
            good = verdict ? truth(vm, verdict) : -1;
            decref(vm, verdict);
        }
        if (good > 0)
            return item;
        decref(vm, item);
        if (good < 0)
            return VALUE_ERROR;
    }
    return VALUE_ERROR;
}

static Value filter_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Filter *f = (Filter *)as_obj(self);
    Value parts = tuple_pack(vm, 2, f->func, f->it ? f->it : VALUE_NONE);
    Value result = parts ? tuple_pack(vm, 2, type_value(fast_type(vm, self)), parts) : VALUE_ERROR;
    decref(vm, parts);
    return result;
}

static const MethodSpec filter_methods[] = {
    {"__reduce__", filter_reduce, "", "State for copying and pickling.", 0},
    {0},
};

const TypeSpec filter_spec = {
    .name = "filter",
    .doc = "filter(function, iterable, /)\n\nThe items for which the function returns something true; with None, the "
           "items\nthat are true.",
    .signature = "function, iterable, /",
    .size = sizeof(Filter),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(2), .create = filter_create, .iter = iter_self, .next = filter_next},
    .methods = filter_methods,
};
