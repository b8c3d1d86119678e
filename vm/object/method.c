/* Bound methods: a callable and its first argument. Attributes that a method lacks are its function's. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/type.h"

static Method *as_method(Value v) { return (Method *)as_obj(v); }

Value method_new(VM *vm, Value func, Value self) {
    Method *m = object_alloc(vm, vm->types.method, 0);
    if (m == NULL)
        return 0;
    m->func = incref(func);
    m->self = incref(self);
    return from_obj(m);
}

static Value method_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value a[2];
    if (!native_bind(vm, "method", "function, instance, /", args, nargs, kwnames, a, 2))
        return 0;
    if (!is_callable(a[0]))
        return raise_type(vm, "first argument must be callable");
    if (a[1] == VALUE_NONE)
        return raise_type(vm, "instance must not be None");
    return method_new(vm, a[0], a[1]);
}

static Value method_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return call(vm, self, args, nargs, kwnames); /* call() knows bound methods */
}

/* An attribute of the function, which may be a method itself, and so on. */
static Value attr_of_function(VM *vm, Value self, Value name) {
    if (!native_enter(vm, ""))
        return 0;
    Value v = attr_get(vm, as_method(self)->func, name);
    native_leave(vm);
    return v;
}

static Value method_getattr(VM *vm, Value self, Value name) {
    Type *t = vm->types.method;
    Value descr = type_lookup(vm, t, name);
    if (descr == 0)
        return attr_of_function(vm, self, name);
    if (is_obj(descr) && obj_type(as_obj(descr))->slots.descr_get != NULL)
        return descr_bind(vm, descr, self, t);
    return incref(descr);
}

static Value method_descr_get(VM *vm, Value self, Value obj, Value type) { return incref(self); }

static Value method_repr(VM *vm, Value self) {
    Value func = as_method(self)->func, name;
    int found = attr_lookup(vm, func, NAME(__qualname__), &name);
    if (found == 0)
        found = attr_lookup(vm, func, NAME(__name__), &name);
    if (found < 0)
        return 0;
    Value text = found > 0 && is_str(name) ? str_printf(vm, "<bound method %V of %R>", name, as_method(self)->self)
                                           : str_printf(vm, "<bound method ? of %R>", as_method(self)->self);
    if (found > 0)
        decref(vm, name);
    return text;
}

static Value method_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !has_kind(a, KIND_METHOD) || !has_kind(b, KIND_METHOD))
        return VALUE_NOTIMPL;
    int equal = value_identical(as_method(a)->self, as_method(b)->self)
                    ? value_equal(vm, as_method(a)->func, as_method(b)->func)
                    : 0;
    return equal < 0 ? 0 : from_bool((equal != 0) == (op == CMP_EQ));
}

static bool method_hash(VM *vm, Value self, int64_t *out) {
    int64_t h;
    if (!native_enter(vm, ""))
        return false;
    bool ok = hash_value(vm, as_method(self)->func, &h);
    native_leave(vm);
    if (!ok)
        return false;
    Value v = as_method(self)->self;
    *out = h ^ (int64_t)(v >> 4 | v << 60);
    if (*out == -1)
        *out = -2;
    return true;
}

static Value get_func(VM *vm, Value self) { return incref(as_method(self)->func); }
static Value get_self(VM *vm, Value self) { return incref(as_method(self)->self); }
static Value get_doc(VM *vm, Value self) { return attr_of_function(vm, self, NAME(__doc__)); }

static Value method_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value getter = dict_get_c(vm, vm->builtins, "getattr");
    if (getter == 0)
        return error_pending(vm) ? 0 : raise_runtime(vm, "lost builtins.getattr");
    Value name = attr_of_function(vm, self, NAME(__name__));
    Value pair = name != 0 ? tuple_pack(vm, 2, as_method(self)->self, name) : 0;
    Value result = pair != 0 ? tuple_pack(vm, 2, getter, pair) : 0;
    decref(vm, name);
    decref(vm, pair);
    return result;
}

static void method_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((Method *)self)->func, visit, arg);
    visit_value(((Method *)self)->self, visit, arg);
}

static void method_dealloc(VM *vm, Object *self) {
    decref(vm, ((Method *)self)->func);
    decref(vm, ((Method *)self)->self);
}

static const MethodSpec method_methods[] = {
    {"__reduce__", method_reduce, "", "Helps pickle.", 0},
    {0},
};

static const GetSetSpec method_getset[] = {
    {"__func__", get_func, NULL, "the function that the method calls"},
    {"__self__", get_self, NULL, "the object that it is bound to"},
    {"__doc__", get_doc, NULL, NULL},
    {0},
};

const TypeSpec method_spec = {
    .name = "method",
    .doc = "method(function, instance) calls function with instance as first argument.",
    .signature = "function, instance, /",
    .size = sizeof(Method),
    .flags = TYPE_GC,
    .kind = KIND_METHOD,
    .slots = {.dealloc = method_dealloc,
              .traverse = method_traverse,
              .create = method_create,
              .call = method_call,
              .repr = method_repr,
              .hash = method_hash,
              .compare = method_compare,
              .getattr = method_getattr,
              .descr_get = method_descr_get},
    .methods = method_methods,
    .getset = method_getset,
};
