/* itertools: count, cycle and repeat, which may never end. */
#include "stdlib/itertools.h"

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

const TypeSpec itertools_count_spec = {
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
    return c->saved ? from_obj(c) : itertools_drop(vm, c);
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

const TypeSpec itertools_cycle_spec = {
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

const TypeSpec itertools_repeat_spec = {
    .name = "itertools.repeat",
    .doc = "repeat(object [,times])\n\nThe object the given number of times, or without end.",
    .size = sizeof(Repeat),
    .flags = ITERTOOLS_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .create = repeat_create, .iter = iter_self, .next = repeat_next, .repr = repeat_repr},
    .methods = repeat_methods,
};
