/* classmethod and staticmethod.
 *
 * Both show the attributes of their function (__name__, __doc__ and the like are copied at creation) and carry a
 * dict. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/type.h"

static ClassMethod *as_wrapper(Value v) { return (ClassMethod *)as_obj(v); }

/* What functools.wraps would copy. */
static bool copy_attributes(VM *vm, Value self, Value func) {
    Value names[] = {NAME(__module__), NAME(__name__), NAME(__qualname__), NAME(__doc__), NAME(__annotations__)};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Value v;
        int found = attr_lookup(vm, func, names[i], &v);
        if (found < 0)
            return false;
        if (found == 0)
            continue;
        bool ok = attr_set(vm, self, names[i], v);
        decref(vm, v);
        if (!ok)
            return false;
    }
    return true;
}

static Value wrapper_new(VM *vm, Type *type, Value func) {
    ClassMethod *m = object_alloc(vm, type, 0);
    if (m == NULL)
        return 0;
    m->func = incref(func);
    return from_obj(m);
}

/* Native functions have no attributes worth copying: that would only cost every VM's start. */
static Value wrapper_with_attributes(VM *vm, Type *type, Value func) {
    Value v = wrapper_new(vm, type, func);
    if (v != 0 && has_kind(func, KIND_FUNCTION) && !copy_attributes(vm, v, func)) {
        decref(vm, v);
        return 0;
    }
    return v;
}

Value classmethod_new(VM *vm, Value func) { return wrapper_with_attributes(vm, vm->types.classmethod, func); }
Value staticmethod_new(VM *vm, Value func) { return wrapper_with_attributes(vm, vm->types.staticmethod, func); }

static Value wrapper_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return wrapper_new(vm, type, VALUE_NONE);
}

static bool wrapper_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames, const char *name) {
    Value func;
    if (!native_bind(vm, name, "function, /", args, nargs, kwnames, &func, 1))
        return false;
    Value old = as_wrapper(self)->func;
    as_wrapper(self)->func = incref(func);
    if (old != VALUE_NONE) /* inline caches may still know it */
        vm_keep(vm, old);
    return copy_attributes(vm, self, func);
}

static bool classmethod_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return wrapper_init(vm, self, args, nargs, kwnames, "classmethod");
}

static bool staticmethod_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return wrapper_init(vm, self, args, nargs, kwnames, "staticmethod");
}

static Value classmethod_get(VM *vm, Value self, Value obj, Value type) {
    Value func = as_wrapper(self)->func;
    if (type == 0)
        type = type_value(type_of(vm, obj));
    return method_new(vm, func, type);
}

static Value staticmethod_get(VM *vm, Value self, Value obj, Value type) { return incref(as_wrapper(self)->func); }

static Value staticmethod_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return call(vm, as_wrapper(self)->func, args, nargs, kwnames);
}

static Value classmethod_repr(VM *vm, Value self) {
    return str_printf(vm, "<classmethod(%R)>", as_wrapper(self)->func);
}

static Value staticmethod_repr(VM *vm, Value self) {
    return str_printf(vm, "<staticmethod(%R)>", as_wrapper(self)->func);
}

static Value get_func(VM *vm, Value self) { return incref(as_wrapper(self)->func); }

static Value get_isabstract(VM *vm, Value self) {
    int yes = descr_is_abstract(vm, as_wrapper(self)->func);
    return yes < 0 ? 0 : from_bool(yes != 0);
}

static void wrapper_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((ClassMethod *)self)->func, visit, arg);
}
static void wrapper_clear(VM *vm, Object *self) { set_owned(vm, &((ClassMethod *)self)->func, VALUE_NONE); }

static const GetSetSpec wrapper_getset[] = {
    {"__func__", get_func, NULL, NULL},
    {"__wrapped__", get_func, NULL, NULL},
    {"__isabstractmethod__", get_isabstract, NULL, NULL},
    {0},
};

const TypeSpec classmethod_spec = {
    .name = "classmethod",
    .doc = "Makes a function a method of the class: it gets the class as first argument, however it is reached.",
    .signature = "function, /",
    .size = sizeof(ClassMethod),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT,
    .kind = KIND_CLASSMETHOD,
    .slots = {.dealloc = wrapper_clear,
              .traverse = wrapper_traverse,
              .clear = wrapper_clear,
              .create = wrapper_create,
              .init = classmethod_init,
              .repr = classmethod_repr,
              .descr_get = classmethod_get},
    .getset = wrapper_getset,
};

const TypeSpec staticmethod_spec = {
    .name = "staticmethod",
    .doc = "Makes a function of a class one that gets no first argument, however it is reached.",
    .signature = "function, /",
    .size = sizeof(ClassMethod),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT,
    .kind = KIND_STATICMETHOD,
    .slots = {.dealloc = wrapper_clear,
              .traverse = wrapper_traverse,
              .clear = wrapper_clear,
              .create = wrapper_create,
              .init = staticmethod_init,
              .call = staticmethod_call,
              .repr = staticmethod_repr,
              .descr_get = staticmethod_get},
    .getset = wrapper_getset,
};
