/* The attribute `memo` of picklers and unpicklers: an object that copies, clears and replaces the memo as a dict. */
#include "stdlib/pickle/pickle.h"

typedef struct MemoProxy {
    Object header;
    Value owner; /* the Pickler or Unpickler */
} MemoProxy;

static Value owner_of(Value v) { return ((MemoProxy *)as_obj(v))->owner; }

static Value proxy_new(VM *vm, const TypeSpec *spec, Value owner) {
    Type *type = vm_type(vm, spec, NULL);
    MemoProxy *m = type != NULL ? object_alloc(vm, type, 0) : NULL;
    if (m == NULL)
        return 0;
    m->owner = incref(owner);
    return from_obj(m);
}

Value pickler_memo(VM *vm, Value self) { return proxy_new(vm, &pickler_memo_spec, self); }
Value unpickler_memo(VM *vm, Value self) { return proxy_new(vm, &unpickler_memo_spec, self); }

/* {id: (number, object)} */
static Value pickler_copy(NATIVE_ARGS) {
    Pickler *p = (Pickler *)as_obj(owner_of(self));
    Value dict = dict_new(vm), id = builtin_get(vm, "id");
    bool ok = dict != 0 && id != 0;
    for (size_t i = 0; ok && p->memo.table != NULL && i <= p->memo.mask; i++) {
        MemoEntry e = p->memo.table[i];
        if (e.key == 0)
            continue;
        Value pair = tuple_pack(vm, 2, from_small_int((int64_t)e.index), e.key);
        Value key = pair != 0 ? call1(vm, id, e.key) : 0;
        ok = key != 0 && dict_set(vm, dict, key, pair);
        decref(vm, key);
        decref(vm, pair);
    }
    if (!ok) {
        decref(vm, dict);
        return 0;
    }
    return dict;
}

static Value pickler_clear(NATIVE_ARGS) {
    memo_clear(vm, &((Pickler *)as_obj(owner_of(self)))->memo);
    return VALUE_NONE;
}

static bool is_proxy(VM *vm, Value v, const TypeSpec *spec) { return is_obj(v) && obj_type(as_obj(v))->spec == spec; }

static bool memo_from_dict(VM *vm, Memo *memo, Value dict) {
    Value key, value;
    size_t at = 0;
    while (dict_next(dict, &at, &key, &value)) {
        if (!is_tuple(value) || as_tuple(value)->len != 2)
            return raise_type(vm, "'memo' values must be 2-item tuples");
        Value index = as_tuple(value)->items[0];
        if (!is_small_int(index) || as_small_int(index) < 0)
            return raise_type(vm, "'memo' values must be 2-item tuples");
        if (!memo_add(vm, memo, as_tuple(value)->items[1], (size_t)as_small_int(index)))
            return false;
    }
    return true;
}

bool pickler_set_memo(VM *vm, Value self, Value value) {
    if (value == 0)
        return raise_type(vm, "attribute deletion is not supported");
    Memo memo = {0};
    bool ok = true;
    if (is_proxy(vm, value, &pickler_memo_spec)) {
        const Memo *from = &((Pickler *)as_obj(owner_of(value)))->memo;
        for (size_t i = 0; ok && from->table != NULL && i <= from->mask; i++)
            ok = from->table[i].key == 0 || memo_add(vm, &memo, from->table[i].key, from->table[i].index);
    } else if (is_dict(value)) {
        ok = memo_from_dict(vm, &memo, value);
    } else {
        ok = raise_type(vm, "'memo' attribute must be a PicklerMemoProxy object or dict, not %T", value);
    }
    if (!ok) {
        memo_clear(vm, &memo);
        return false;
    }
    Memo old = ((Pickler *)as_obj(self))->memo;
    ((Pickler *)as_obj(self))->memo = memo;
    memo_clear(vm, &old);
    return true;
}

/* {number: object} */
static Value unpickler_dict(VM *vm, Unpickler *u) {
    Value dict = u->sparse != 0 ? dict_copy(vm, u->sparse) : dict_new(vm);
    for (size_t i = 0; dict != 0 && i < u->memo_cap; i++)
        if (u->memo[i] != 0 && !dict_set(vm, dict, from_small_int((int64_t)i), u->memo[i])) {
            decref(vm, dict);
            return 0;
        }
    return dict;
}

static Value unpickler_copy(NATIVE_ARGS) { return unpickler_dict(vm, (Unpickler *)as_obj(owner_of(self))); }

static Value unpickler_clear(NATIVE_ARGS) {
    load_memo_clear(vm, (Unpickler *)as_obj(owner_of(self)));
    return VALUE_NONE;
}

bool unpickler_set_memo(VM *vm, Value self, Value value) {
    if (value == 0)
        return raise_type(vm, "attribute deletion is not supported");
    Unpickler *u = (Unpickler *)as_obj(self);
    Value dict, key, v;
    if (is_proxy(vm, value, &unpickler_memo_spec))
        dict = unpickler_dict(vm, (Unpickler *)as_obj(owner_of(value)));
    else if (is_dict(value))
        dict = dict_copy(vm, value);
    else
        return raise_type(vm, "'memo' attribute must be an UnpicklerMemoProxy object or dict, not %T", value);
    size_t at = 0;
    bool ok = dict != 0;
    while (ok && dict_next(dict, &at, &key, &v)) {
        if (!is_int(key))
            ok = raise_type(vm, "memo key must be integers");
        else if (!is_small_int(key) || as_small_int(key) < 0)
            ok = raise_value(vm, "memo key must be positive integers.");
    }
    if (ok)
        load_memo_clear(vm, u);
    for (at = 0; ok && dict_next(dict, &at, &key, &v);)
        ok = load_memo_set(vm, u, (size_t)as_small_int(key), v);
    decref(vm, dict);
    return ok;
}

static Value reduce(NATIVE_ARGS) {
    Value name = str_intern_c(vm, "copy"), dict = name != 0 ? call_method0(vm, self, name) : 0;
    Value content = dict != 0 ? tuple_pack(vm, 1, dict) : 0;
    Value result = content != 0 ? tuple_pack(vm, 2, type_value(vm->types.dict), content) : 0;
    decref(vm, name);
    decref(vm, dict);
    decref(vm, content);
    return result;
}

static const MethodSpec pickler_methods[] = {
    {"clear", pickler_clear, "", "Forgets everything.", 0},
    {"copy", pickler_copy, "", "The memo as a dict.", 0},
    {"__reduce__", reduce, "", "Helps pickle.", 0},
    {0},
};
static const MethodSpec unpickler_methods[] = {
    {"clear", unpickler_clear, "", "Forgets everything.", 0},
    {"copy", unpickler_copy, "", "The memo as a dict.", 0},
    {"__reduce__", reduce, "", "Helps pickle.", 0},
    {0},
};
const TypeSpec pickler_memo_spec = {
    .name = "_pickle.PicklerMemoProxy",
    .doc = "The memo of a pickler.",
    .size = sizeof(MemoProxy),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(1)},
    .methods = pickler_methods,
};
const TypeSpec unpickler_memo_spec = {
    .name = "_pickle.UnpicklerMemoProxy",
    .doc = "The memo of an unpickler.",
    .size = sizeof(MemoProxy),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(1)},
    .methods = unpickler_methods,
};
