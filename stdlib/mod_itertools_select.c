/* itertools: some of the items of an iterable, by selectors, a function or their places; and starmap. */
#include "stdlib/itertools.h"

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
    return c->selectors ? from_obj(c) : itertools_drop(vm, c);
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

const TypeSpec itertools_compress_spec = {
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
    return f->it ? from_obj(f) : itertools_drop(vm, f);
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
    const TypeSpec itertools_##id##_spec = {                                                                         \
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
    return s->it ? from_obj(s) : itertools_drop(vm, s);
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

const TypeSpec itertools_islice_spec = {
    .name = "itertools.islice",
    .doc = "islice(iterable, stop)\nislice(iterable, start, stop[, step])\n\nThe items that a slice of a list would "
           "have.",
    .size = sizeof(ISlice),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = islice_create, .iter = iter_self, .next = islice_next},
    .methods = islice_methods,
};
