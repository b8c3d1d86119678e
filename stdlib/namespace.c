/* types.SimpleNamespace: an object that is nothing but its attributes. sys.implementation is one, which is also how
 * scripts get at the type. */
#include "stdlib/init.h"

#include "object/instance.h"

typedef struct Namespace {
    Object header;
} Namespace;

static bool is_namespace(Value v);

static Value namespace_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Namespace *n = object_alloc(vm, type, 0);
    return n ? from_obj(n) : VALUE_ERROR;
}

static bool set_attributes(VM *vm, Value self, Value dict) {
    size_t pos = 0;
    Value key, value;
    while (dict_next(dict, &pos, &key, &value)) {
        if (!is_str(key))
            return raise_type(vm, "keywords must be strings");
        if (!attr_set(vm, self, key, value))
            return false;
    }
    return true;
}

static bool namespace_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs > 1)
        return raise_type(vm, "%V expected at most 1 argument, got %u", obj_type(as_obj(self))->name, nargs);
    Value dict = dict_new(vm);
    bool ok = dict && (nargs == 0 || dict_update(vm, dict, args[0]));
    for (size_t i = 0; ok && kwnames && i < as_tuple(kwnames)->len; i++)
        ok = dict_set(vm, dict, as_tuple(kwnames)->items[i], args[nargs + i]);
    ok = ok && set_attributes(vm, self, dict);
    decref(vm, dict);
    return ok;
}

static Value namespace_repr(VM *vm, Value self) {
    int nested = repr_enter(vm, self);
    if (nested < 0)
        return VALUE_ERROR;
    bool own = is_obj(self) && !(as_obj(self)->flags & OBJ_SUBTYPE);
    if (nested)
        return own ? str_from_c(vm, "namespace(...)") : str_printf(vm, "%T(...)", self);
    StrBuilder out;
    strbuilder_init(&out, vm);
    bool ok = strbuilder_printf(&out, own ? "namespace(" : "%T(", self);
    Value dict = ok ? instance_dict_copy(vm, as_obj(self), obj_type(as_obj(self))) : VALUE_ERROR;
    ok = dict != 0;
    size_t pos = 0;
    Value key, value;
    bool first = true;
    while (ok && dict_next(dict, &pos, &key, &value)) {
        if (!is_str(key) || as_str(key)->nbytes == 0)
            continue;
        ok = strbuilder_printf(&out, first ? "%V=%R" : ", %V=%R", key, value);
        first = false;
    }
    decref(vm, dict);
    repr_leave(vm, self);
    if (!ok || !strbuilder_add_c(&out, ")")) {
        strbuilder_drop(&out);
        return VALUE_ERROR;
    }
    return strbuilder_finish(&out);
}

static Value namespace_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_namespace(a) || !is_namespace(b))
        return VALUE_NOTIMPL;
    Value x = instance_dict_copy(vm, as_obj(a), obj_type(as_obj(a)));
    Value y = x ? instance_dict_copy(vm, as_obj(b), obj_type(as_obj(b))) : VALUE_ERROR;
    Value result = y ? compare_rich(vm, x, y, op) : VALUE_ERROR;
    decref(vm, x);
    decref(vm, y);
    return result;
}

static Value namespace_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value dict = instance_dict_copy(vm, as_obj(self), obj_type(as_obj(self)));
    Value result = dict ? tuple_pack(vm, 3, type_value(obj_type(as_obj(self))), vm->empty_tuple, dict) : VALUE_ERROR;
    decref(vm, dict);
    return result;
}

static Value namespace_replace(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs)
        return raise_type(vm, "__replace__() takes no positional arguments");
    Value dict = instance_dict_copy(vm, as_obj(self), obj_type(as_obj(self)));
    Value result = dict ? call0(vm, type_value(obj_type(as_obj(self)))) : VALUE_ERROR;
    bool ok = result && set_attributes(vm, result, dict);
    for (size_t i = 0; ok && kwnames && i < as_tuple(kwnames)->len; i++)
        ok = attr_set(vm, result, as_tuple(kwnames)->items[i], args[i]);
    decref(vm, dict);
    if (!ok) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    return result;
}

static const MethodSpec namespace_methods[] = {
    {"__reduce__", namespace_reduce, "", "What pickle and copy need to make the object again.", 0},
    {"__replace__", namespace_replace, "**changes", "A copy with some attributes changed.", 0},
    {0},
};

static const TypeSpec namespace_spec = {
    .name = "types.SimpleNamespace",
    .doc = "An object whose attributes are given as keyword arguments, or as a mapping.",
    .signature = "mapping_or_iterable=(), /, **kwargs",
    .size = sizeof(Namespace),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT,
    .kind = KIND_OBJECT,
    .slots = {.create = namespace_create,
              .init = namespace_init,
              .repr = namespace_repr,
              .compare = namespace_compare},
    .methods = namespace_methods,
};

static bool is_namespace(Value v) { return is_obj(v) && obj_type(as_obj(v))->spec == &namespace_spec; }

Value namespace_new(VM *vm, Value dict) {
    Type *type = vm_type(vm, &namespace_spec, vm->types.object);
    Value self = type ? namespace_create(vm, type, NULL, 0, 0) : VALUE_ERROR;
    if (self && dict && !set_attributes(vm, self, dict)) {
        decref(vm, self);
        return VALUE_ERROR;
    }
    return self;
}
