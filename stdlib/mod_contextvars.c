/* _contextvars: variables whose values belong to a context, and the contexts. contextvars.h has the picture. */
#include "object/containers.h"
#include "object/descr.h"
#include "stdlib/contextvars.h"

typedef struct ContextVar {
    Object header;
    Value name, fallback; /* fallback: the default, or 0 */
    uint64_t number;      /* its key in context maps */
} ContextVar;

typedef struct Token {
    Object header;
    Value context, var, old; /* old: 0 when the variable had no value */
    bool used;
} Token;

typedef struct State {
    uint64_t variables; /* made so far */
    Value missing;
} State;

static const TypeSpec context_spec, var_spec, token_spec, missing_spec;

static ContextVar *as_var(Value v) { return (ContextVar *)as_obj(v); }
static Token *as_token(Value v) { return (Token *)as_obj(v); }
static Context *as_context(Value v) { return (Context *)as_obj(v); }
static Type *context_type(VM *vm) { return vm_type(vm, &context_spec, NULL); }
bool is_context(VM *vm, Value v) { return is_obj(v) && obj_type(as_obj(v))->spec == &context_spec; }
static bool is_var(Value v) { return is_obj(v) && obj_type(as_obj(v))->spec == &var_spec; }

static State *state_of(VM *vm) {
    State *s = vm->module_state[MODULE_SLOT_mod_contextvars_init];
    if (!s) {
        s = mem_zalloc(vm, sizeof *s);
        vm->module_state[MODULE_SLOT_mod_contextvars_init] = s;
    }
    return s;
}

/* ---- what is current ------------------------------------------------------------------------------------------- */

static Value context_new(VM *vm, Value map, size_t len) {
    Type *type = context_type(vm);
    Context *c = type ? object_alloc(vm, type, 0) : NULL;
    if (!c)
        return VALUE_ERROR;
    c->map = incref(map);
    c->len = len;
    return from_obj(c);
}

/* A Context of its own with what ctx holds (a Context, snapshot or 0). */
static Value context_copy(VM *vm, Value ctx) {
    return ctx ? context_new(vm, as_context(ctx)->map, as_context(ctx)->len) : context_new(vm, 0, 0);
}

bool context_snapshot(VM *vm, Value *out) {
    Value current = vm->thread->context;
    *out = 0;
    if (current == 0 || as_context(current)->map == 0)
        return true;
    Context *c = as_context(current);
    if (c->frozen) {
        *out = incref(current);
        return true;
    }
    if (c->snapshot == 0) {
        Value frozen = context_copy(vm, current);
        if (!frozen)
            return false;
        as_context(frozen)->frozen = true;
        c->snapshot = frozen;
    }
    *out = incref(c->snapshot);
    return true;
}

Value context_thaw(VM *vm, Value *field) {
    if (*field != 0 && !as_context(*field)->frozen)
        return *field;
    Value own = context_copy(vm, *field);
    if (!own)
        return VALUE_ERROR;
    set_owned(vm, field, own);
    return own;
}

Value context_thaw_running(VM *vm, Value *field) {
    Value *current = &vm->thread->context;
    if (*current != 0 && as_context(*current)->thawed && as_context(*current)->origin == *field) {
        set_owned(vm, field, incref(*current));
        return *field;
    }
    bool in_it = *current == *field;
    Value own = context_thaw(vm, field);
    if (own && in_it && *current != own) {
        as_context(own)->entered = true;
        set_owned(vm, current, incref(own));
    }
    return own;
}

/* The current Context, to be written to; borrowed. */
static Context *context_own(VM *vm) {
    Value *current = &vm->thread->context;
    if (*current != 0 && !as_context(*current)->frozen)
        return as_context(*current);
    Value origin = incref(*current), own = context_thaw(vm, current);
    if (!own) {
        decref(vm, origin);
        return NULL;
    }
    as_context(own)->entered = as_context(own)->thawed = true;
    set_owned(vm, &as_context(own)->origin, origin);
    return as_context(own);
}

bool contextvars_enter(VM *vm, Value ctx, Value *saved) {
    Thread *t = vm->thread;
    *saved = 0;
    if (ctx != 0 && !as_context(ctx)->frozen) {
        Context *c = as_context(ctx);
        if (c->entered)
            return raise_runtime(vm, "cannot enter context: %R is already entered", ctx);
        c->entered = true;
    }
    *saved = t->context;
    t->context = incref(ctx);
    return true;
}

void contextvars_leave(VM *vm, Value *field, Value saved) {
    Thread *t = vm->thread;
    Value current = t->context;
    t->context = saved;
    if (current != 0 && !as_context(current)->frozen) {
        as_context(current)->entered = as_context(current)->thawed = false;
        set_owned(vm, &as_context(current)->origin, 0);
    }
    if (field != NULL)
        set_owned(vm, field, current);
    else
        decref(vm, current);
}

Value contextvars_run(VM *vm, Value *field, Value fn, Value *args, size_t nargs, Value kwnames) {
    Value saved;
    if (!contextvars_enter(vm, *field, &saved))
        return VALUE_ERROR;
    Value result = call(vm, fn, args, nargs, kwnames);
    contextvars_leave(vm, field, saved);
    return result;
}

/* Sets or (value 0) removes a variable in a Context that is nobody's snapshot. */
static bool context_put(VM *vm, Context *c, Value var, Value value) {
    Value map, old = context_map_get(c->map, var, as_var(var)->number);
    if (!context_map_set(vm, c->map, var, as_var(var)->number, value, &map))
        return false;
    c->len += (size_t)(value != 0) - (size_t)(old != 0);
    set_owned(vm, &c->snapshot, 0);
    set_owned(vm, &c->map, map);
    return true;
}

static Value current_value(VM *vm, ContextVar *v) {
    Value current = vm->thread->context;
    return current == 0 ? 0 : context_map_get(as_context(current)->map, from_obj(v), v->number);
}

/* ---- ContextVar ------------------------------------------------------------------------------------------------ */

static Value var_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    size_t given = nargs + (kwnames ? as_tuple(kwnames)->len : 0);
    if (nargs == 0 && given == 0)
        return raise_type(vm, "ContextVar() takes exactly 1 positional argument (0 given)");
    if (nargs > 1)
        return raise_type(vm, "ContextVar() takes at most 1 positional argument (%u given)", nargs);
    if (!native_bind(vm, "ContextVar", "name, /, *, default=None", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    if (!is_str(v[0]))
        return raise_type(vm, "context variable name must be a str");
    State *s = state_of(vm);
    ContextVar *var = s ? object_alloc(vm, type, 0) : NULL;
    if (!var)
        return VALUE_ERROR;
    var->name = incref(v[0]);
    var->fallback = incref(v[1]);
    var->number = s->variables++;
    return from_obj(var);
}

static Value var_repr(VM *vm, Value self) {
    ContextVar *v = as_var(self);
    Value at = address_text(vm, self);
    Value text = !at           ? VALUE_ERROR
                 : v->fallback ? str_printf(vm, "<ContextVar name=%R default=%R at %V>", v->name, v->fallback, at)
                               : str_printf(vm, "<ContextVar name=%R at %V>", v->name, at);
    decref(vm, at);
    return text;
}

static Value var_get(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ContextVar *v = as_var(self);
    Value value = current_value(vm, v);
    if (!value)
        value = nargs > 0 && args[0] ? args[0] : v->fallback;
    if (value)
        return incref(value);
    Value exc = exception_new_simple(vm, vm->exc.LookupError, self);
    return raise_new(vm, exc);
}

static Value var_set(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Context *c = context_own(vm);
    Type *type = c ? vm_type(vm, &token_spec, NULL) : NULL;
    Token *token = type ? object_alloc(vm, type, 0) : NULL;
    if (!token)
        return VALUE_ERROR;
    token->context = incref(from_obj(c));
    token->var = incref(self);
    token->old = incref(current_value(vm, as_var(self)));
    if (!context_put(vm, c, self, args[0])) {
        obj_decref(vm, &token->header);
        return VALUE_ERROR;
    }
    return from_obj(token);
}

static Value var_reset(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_obj(args[0]) || obj_type(as_obj(args[0]))->spec != &token_spec)
        return raise_type(vm, "expected an instance of Token, got %R", args[0]);
    Token *token = as_token(args[0]);
    if (token->used)
        return raise_runtime(vm, "%R has already been used once", args[0]);
    if (token->var != self)
        return raise_value(vm, "%R was created by a different ContextVar", args[0]);
    if (token->context != vm->thread->context)
        return raise_value(vm, "%R was created in a different Context", args[0]);
    if (!context_put(vm, as_context(token->context), self, token->old))
        return VALUE_ERROR;
    token->used = true;
    return VALUE_NONE;
}

static Value var_name(VM *vm, Value self) { return incref(as_var(self)->name); }
static bool name_readonly(VM *vm, Value self, Value value) {
    return raisef(vm, vm->exc.AttributeError, "readonly attribute");
}

static const MethodSpec var_methods[] = {
    {"get", var_get, "default=<unrepresentable>, /",
     "The value in the current context, else the default given here or there.", 0},
    {"set", var_set, "value, /", "Sets the value in the current context; returns a token for reset().", 0},
    {"reset", var_reset, "token, /", "Gives the variable back the value it had before the set() of the token.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

static const GetSetSpec var_getset[] = {{"name", var_name, name_readonly, "The name given at creation."}, {0}};

static const TypeSpec var_spec = {
    .name = "_contextvars.ContextVar",
    .doc = "A variable with a value of its own in every context.",
    .size = sizeof(ContextVar),
    .flags = TYPE_GC | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(2), .create = var_create, .repr = var_repr},
    .methods = var_methods,
    .getset = var_getset,
};

/* ---- Token ----------------------------------------------------------------------------------------------------- */

static Value token_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return raise_runtime(vm, "Tokens can only be created by ContextVars");
}

static Value token_repr(VM *vm, Value self) {
    Token *t = as_token(self);
    Value at = address_text(vm, self);
    Value text = at ? str_printf(vm, "<Token%s var=%R at %V>", t->used ? " used" : "", t->var, at) : VALUE_ERROR;
    decref(vm, at);
    return text;
}

static Value token_missing(VM *vm) {
    State *s = state_of(vm);
    if (s && !s->missing) {
        Type *type = vm_type(vm, &missing_spec, NULL);
        Object *o = type ? object_alloc(vm, type, 0) : NULL;
        s->missing = o ? vm_keep(vm, from_obj(o)) : VALUE_ERROR;
    }
    return s ? incref(s->missing) : VALUE_ERROR;
}

static Value token_var(VM *vm, Value self) { return incref(as_token(self)->var); }
static Value token_old_value(VM *vm, Value self) {
    Value old = as_token(self)->old;
    return old ? incref(old) : token_missing(vm);
}

static const MethodSpec token_methods[] = {CLASS_GETITEM_ROW, {0}};
static const GetSetSpec token_getset[] = {
    {"var", token_var, NULL, "The variable."},
    {"old_value", token_old_value, NULL, "Its value before it was set, or Token.MISSING."},
    {0},
};

static const TypeSpec token_spec = {
    .name = "_contextvars.Token",
    .doc = "What ContextVar.set() returns: reset() takes it to bring the earlier value back.",
    .size = sizeof(Token),
    .flags = TYPE_GC,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(3), .create = token_create, .repr = token_repr},
    .methods = token_methods,
    .getset = token_getset,
};

static Value missing_repr(VM *vm, Value self) { return str_from_c(vm, "<Token.MISSING>"); }
static const TypeSpec missing_spec = {
    .name = "Token.MISSING",
    .doc = "The type of Token.MISSING, which stands for no earlier value.",
    .size = sizeof(Object),
    .flags = TYPE_NO_NEW | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.repr = missing_repr},
};

/* ---- walking a context ----------------------------------------------------------------------------------------- */

typedef struct ContextIter {
    Object header;
    Value items; /* list, 0 when exhausted */
    size_t next;
} ContextIter;

static Value context_iter_next(VM *vm, Value self) {
    ContextIter *it = (ContextIter *)as_obj(self);
    if (it->items && it->next < as_list(it->items)->len)
        return incref(as_list(it->items)->items[it->next++]);
    set_owned(vm, &it->items, 0);
    return VALUE_ERROR;
}

#define CONTEXT_ITER_SPEC(which)                                                                                     \
    static const TypeSpec which##_spec = {                                                                           \
        .name = #which,                                                                                              \
        .size = sizeof(ContextIter),                                                                                 \
        .flags = ITERATOR_FLAGS,                                                                                     \
        .kind = KIND_OTHER,                                                                                          \
        .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = context_iter_next},                                     \
    };
CONTEXT_ITER_SPEC(keys)
CONTEXT_ITER_SPEC(values)
CONTEXT_ITER_SPEC(items)

/* An iterator over what the context holds at this moment. */
static Value context_walk(VM *vm, Value self, const TypeSpec *spec) {
    Context *c = as_context(self);
    Type *type = vm_type(vm, spec, NULL);
    ContextMapPair *pairs = type ? mem_alloc(vm, c->len * sizeof *pairs) : NULL;
    if (!pairs)
        return VALUE_ERROR;
    size_t size = c->len * sizeof *pairs, n = context_map_pairs(c->map, pairs);
    Value list = list_new(vm, n);
    for (size_t i = 0; list && i < n; i++) {
        Value item = spec == &keys_spec     ? incref(pairs[i].key)
                     : spec == &values_spec ? incref(pairs[i].value)
                                            : tuple_pack(vm, 2, pairs[i].key, pairs[i].value);
        as_list(list)->items[i] = item;
        if (!item) {
            as_list(list)->len = i;
            decref(vm, list);
            list = 0;
        }
    }
    mem_free(vm, pairs, size);
    ContextIter *it = list ? object_alloc(vm, type, 0) : NULL;
    if (!it) {
        decref(vm, list);
        return VALUE_ERROR;
    }
    it->items = list;
    return from_obj(it);
}

/* ---- Context --------------------------------------------------------------------------------------------------- */

static Value context_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (nargs || (kwnames && as_tuple(kwnames)->len))
        return raise_type(vm, "Context() does not accept any arguments");
    return context_new(vm, 0, 0);
}

static bool check_key(VM *vm, Value key) {
    return is_var(key) || raise_type(vm, "a ContextVar key was expected, got %R", key);
}

static Value context_getitem(VM *vm, Value self, Value key) {
    if (!check_key(vm, key))
        return VALUE_ERROR;
    Value value = context_map_get(as_context(self)->map, key, as_var(key)->number);
    return value ? incref(value) : raise_key(vm, key);
}

static int context_contains(VM *vm, Value self, Value key) {
    if (!check_key(vm, key))
        return -1;
    return context_map_get(as_context(self)->map, key, as_var(key)->number) != 0;
}

static ssize_t context_len(VM *vm, Value self) { return (ssize_t)as_context(self)->len; }
static Value context_iter(VM *vm, Value self) { return context_walk(vm, self, &keys_spec); }

/* Same variables with equal values: 1, 0, -1. */
static int context_equal(VM *vm, Value a, Value b) {
    Context *x = as_context(a), *y = as_context(b);
    if (x->len != y->len)
        return 0;
    size_t size = x->len * sizeof(ContextMapPair);
    ContextMapPair *pairs = mem_alloc(vm, size);
    if (!pairs)
        return -1;
    Value xmap = incref(x->map), ymap = incref(y->map);
    size_t n = context_map_pairs(xmap, pairs);
    int equal = 1;
    for (size_t i = 0; equal > 0 && i < n; i++) {
        Value other = context_map_get(ymap, pairs[i].key, as_var(pairs[i].key)->number);
        equal = other ? value_equal(vm, pairs[i].value, other) : 0;
    }
    decref(vm, xmap);
    decref(vm, ymap);
    mem_free(vm, pairs, size);
    return equal;
}

static Value context_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_context(vm, a) || !is_context(vm, b))
        return VALUE_NOTIMPL;
    int equal = a == b ? 1 : context_equal(vm, a, b);
    return equal < 0 ? VALUE_ERROR : from_bool(equal == (op == CMP_EQ));
}

static Value method_get(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!check_key(vm, args[0]))
        return VALUE_ERROR;
    Value value = context_map_get(as_context(self)->map, args[0], as_var(args[0])->number);
    return value ? incref(value) : args[1] ? incref(args[1]) : VALUE_NONE;
}

static Value method_copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return context_copy(vm, self);
}

static Value method_run(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs < 1)
        return raise_type(vm, "run() missing 1 required positional argument");
    Value saved;
    if (!contextvars_enter(vm, self, &saved))
        return VALUE_ERROR;
    Value result = call(vm, args[0], args + 1, nargs - 1, kwnames);
    contextvars_leave(vm, NULL, saved);
    return result;
}

static Value method_keys(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return context_walk(vm, self, &keys_spec);
}
static Value method_values(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return context_walk(vm, self, &values_spec);
}
static Value method_items(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return context_walk(vm, self, &items_spec);
}

static const MethodSpec context_methods[] = {
    {"get", method_get, "key, default=None, /", "The variable's value in this context, else the default.", 0},
    {"copy", method_copy, "", "Another context with the same values.", 0},
    {"run", method_run, "callable, /, *args, **kwargs", "Calls the callable with this context as the current one.",
     0},
    {"keys", method_keys, "", "The variables that have values here.", 0},
    {"values", method_values, "", "Their values.", 0},
    {"items", method_items, "", "Pairs of variable and value.", 0},
    {0},
};

static const TypeSpec context_spec = {
    .name = "_contextvars.Context",
    .doc = "The values of context variables: a mapping that run() makes the current one for a call.",
    .size = sizeof(Context),
    .flags = TYPE_GC | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(3), .create = context_create, .compare = context_compare, .len = context_len,
              .getitem = context_getitem, .contains = context_contains, .iter = context_iter},
    .methods = context_methods,
};

/* ---- the module ------------------------------------------------------------------------------------------------ */

static Value copy_context(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return context_copy(vm, vm->thread->context);
}

static const MethodSpec functions[] = {
    {"copy_context", copy_context, "", "A copy of the current context.", 0},
    {0},
};

bool mod_contextvars_init(VM *vm, Value module) {
    Type *context = context_type(vm), *var = vm_type(vm, &var_spec, NULL), *token = vm_type(vm, &token_spec, NULL);
    if (!context || !var || !token)
        return false;
    struct Dict *names = type_dict(vm, token);
    Value missing = names ? token_missing(vm) : VALUE_ERROR;
    bool ok = missing && dict_set_c(vm, from_obj(names), "MISSING", missing);
    decref(vm, missing);
    return ok && module_add(vm, module, "Context", incref(type_value(context))) &&
           module_add(vm, module, "ContextVar", incref(type_value(var))) &&
           module_add(vm, module, "Token", incref(type_value(token))) && module_add_functions(vm, module, functions);
}
