/* collections.defaultdict: a dict that makes missing values by calling a factory. */
#include "stdlib/collections.h"

typedef struct DefaultDict {
    Dict dict;
    Value factory; /* None or 0: none */
} DefaultDict;

static Value *factory_of(Value v) { return &((DefaultDict *)as_obj(v))->factory; }
static Value shown_factory(Value v) { return *factory_of(v) ? *factory_of(v) : VALUE_NONE; }
static bool is_default_dict(VM *vm, Value v) {
    return is_dict(v) && type_is_subtype(fast_type(vm, v), vm_type(vm, &default_dict_spec, vm->types.dict));
}

static void drop_contents(VM *vm, Object *self) {
    dict_drop_contents(vm, self);
    set_owned(vm, factory_of(from_obj(self)), 0);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Object *o = object_alloc(vm, type, 0);
    if (!o)
        return VALUE_ERROR;
    o->flags |= OBJ_SUBTYPE; /* what is done to exact dicts in line is not for this one */
    return from_obj(o);
}

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value factory = VALUE_NONE;
    if (nargs) {
        factory = args[0];
        if (!is_none(factory) && !is_callable(factory))
            return raise_type(vm, "first argument must be callable or None");
        args++;
        nargs--;
    }
    set_owned(vm, factory_of(self), incref(factory));
    return dict_update_args(vm, "dict", self, args, nargs, kwnames);
}

static Value make_missing(VM *vm, Value self, Value key) {
    Value factory = shown_factory(self);
    if (is_none(factory))
        return raise_key(vm, key);
    incref(factory);
    Value value = call0(vm, factory);
    decref(vm, factory);
    if (!value)
        return VALUE_ERROR;
    bool plain = fast_type(vm, self)->slots.setitem == vm->types.dict->slots.setitem;
    if (plain ? dict_set(vm, self, key, value) : item_set(vm, self, key, value))
        return value;
    decref(vm, value);
    return VALUE_ERROR;
}

static Value getitem(VM *vm, Value self, Value key) {
    Value value = dict_get(vm, self, key);
    if (value)
        return incref(value);
    if (error_pending(vm))
        return VALUE_ERROR;
    if (fast_type(vm, self)->flags & TYPE_HEAP) /* may have a __missing__ of its own */
        return call_special(vm, self, NAME(__missing__), &key, 1);
    return make_missing(vm, self, key);
}

static Value repr(VM *vm, Value self) {
    Value factory = incref(shown_factory(self)), shown = VALUE_ERROR, text = VALUE_ERROR;
    Value base = vm->types.dict->slots.repr(vm, self);
    if (base && is_none(factory)) {
        shown = str_from_c(vm, "None");
    } else if (base) {
        int active = repr_enter(vm, factory); /* a factory may show the dict it belongs to */
        if (active > 0) {
            shown = str_from_c(vm, "...");
        } else if (active == 0) {
            shown = to_repr(vm, factory);
            repr_leave(vm, factory);
        }
    }
    const Type *type = fast_type(vm, self);
    if (shown)
        text = str_printf(vm, "%s(%V, %V)", type->name ? str_data(type->name) : "defaultdict", shown, base);
    decref(vm, shown);
    decref(vm, base);
    decref(vm, factory);
    return text;
}

static Value binary_or(VM *vm, Value a, Value b) {
    if (!is_dict(a) || !is_dict(b))
        return VALUE_NOTIMPL;
    Value main = is_default_dict(vm, a) ? a : b;
    Value result = call2(vm, type_value(fast_type(vm, main)), shown_factory(main), a);
    if (result && is_dict(result) && !dict_update(vm, result, b)) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    return result;
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    Dict *d = (Dict *)self;
    for (size_t i = 0; i < d->nentries; i++) {
        visit_value(d->entries[i].key, visit, arg);
        visit_value(d->entries[i].value, visit, arg);
    }
    visit_value(((DefaultDict *)self)->factory, visit, arg);
}

static Value method_missing(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return make_missing(vm, self, args[0]);
}

static Value method_copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return call2(vm, type_value(fast_type(vm, self)), shown_factory(self), self);
}

static Value method_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value factory = shown_factory(self);
    Value how = is_none(factory) ? tuple_new(vm, 0) : tuple_pack(vm, 1, factory), result = VALUE_ERROR;
    Value items = how ? call_method0(vm, self, NAME(items)) : VALUE_ERROR;
    Value it = items ? iter_get(vm, items) : VALUE_ERROR;
    if (it)
        result = tuple_pack(vm, 5, type_value(fast_type(vm, self)), how, VALUE_NONE, VALUE_NONE, it);
    decref(vm, it);
    decref(vm, items);
    decref(vm, how);
    return result;
}

static Value get_factory(VM *vm, Value self) { return incref(shown_factory(self)); }

static bool set_factory(VM *vm, Value self, Value value) {
    set_owned(vm, factory_of(self), incref(value));
    return true;
}

static const MethodSpec methods[] = {
    {"__missing__", method_missing, "key, /", "Make, store and return the value of a missing key.", 0},
    {"copy", method_copy, "", "A shallow copy.", 0},
    {"__copy__", method_copy, "", "A shallow copy.", 0},
    {"__reduce__", method_reduce, "", "State for copying and pickling.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

static const GetSetSpec getset[] = {
    {"default_factory", get_factory, set_factory, "What is called to make a missing value, or None."},
    {0},
};

const TypeSpec default_dict_spec = {
    .name = "collections.defaultdict",
    .doc =
        "defaultdict(default_factory=None, /, [...])\n\nA dict that calls default_factory() for the value of a key "
        "that is not there.\nThe other arguments are those of dict().",
    .size = sizeof(DefaultDict),
    .flags = TYPE_GC | TYPE_BASE | TYPE_MAPPING | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_DICT,
    .slots = {.dealloc = drop_contents,
              .clear = drop_contents,
              .traverse = traverse,
              .create = create,
              .init = init,
              .repr = repr,
              .getitem = getitem},
    .numbers = &(const NumberSlots){.binary = {[OP_OR] = binary_or}},
    .methods = methods,
    .getset = getset,
};
