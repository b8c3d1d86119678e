/* The types of None, Ellipsis and NotImplemented. The values themselves are unboxed constants (object/value.h). */
#include "runtime/vm.h"

static Value make_singleton(VM *vm, const char *name, Value v, size_t nargs, Value kwnames) {
    if (nargs != 0 || (kwnames != 0 && as_tuple(kwnames)->len != 0))
        return raise_type(vm, "%s takes no arguments", name);
    return v;
}

static Value none_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return make_singleton(vm, "NoneType", VALUE_NONE, nargs, kwnames);
}
static Value none_repr(VM *vm, Value self) { return str_from_c(vm, "None"); }
static int none_truth(VM *vm, Value self) { return 0; }
/* None has a comparison of its own, with the same answers as any object's. */
static Value none_compare(VM *vm, Value a, Value b, CompareOp op) {
    return vm->types.object->slots.compare(vm, a, b, op);
}
static bool none_hash(VM *vm, Value self, int64_t *out) {
    *out = 0xFCA86420; /* CPython's number, so that sets print alike */
    return true;
}

static Value ellipsis_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return make_singleton(vm, "EllipsisType", VALUE_ELLIPSIS, nargs, kwnames);
}
static Value ellipsis_repr(VM *vm, Value self) { return str_from_c(vm, "Ellipsis"); }
static Value ellipsis_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return str_from_c(vm, "Ellipsis");
}

static Value notimplemented_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return make_singleton(vm, "NotImplementedType", VALUE_NOTIMPL, nargs, kwnames);
}
static Value notimplemented_repr(VM *vm, Value self) { return str_from_c(vm, "NotImplemented"); }
static Value notimplemented_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return str_from_c(vm, "NotImplemented");
}
static int notimplemented_truth(VM *vm, Value self) {
    return warn(vm, vm->exc.DeprecationWarning, 1, "NotImplemented should not be used in a boolean context") ? 1 : -1;
}

const TypeSpec none_spec = {
    .name = "NoneType",
    .doc = "The type of None.",
    .signature = "",
    .size = sizeof(Object),
    .flags = TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots =
        {.create = none_create, .repr = none_repr, .hash = none_hash, .compare = none_compare, .truth = none_truth},
};

static const MethodSpec ellipsis_methods[] = {
    {"__reduce__", ellipsis_reduce, "", "Helps pickle.", 0},
    {0},
};

const TypeSpec ellipsis_spec = {
    .name = "ellipsis",
    .doc = "The type of Ellipsis, which is written `...`.",
    .signature = "",
    .size = sizeof(Object),
    .flags = TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.create = ellipsis_create, .repr = ellipsis_repr},
    .methods = ellipsis_methods,
};

static const MethodSpec notimplemented_methods[] = {
    {"__reduce__", notimplemented_reduce, "", "Helps pickle.", 0},
    {0},
};

const TypeSpec notimplemented_spec = {
    .name = "NotImplementedType",
    .doc = "The type of NotImplemented, which operator methods return for operands they do not know.",
    .signature = "",
    .size = sizeof(Object),
    .flags = TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.create = notimplemented_create, .repr = notimplemented_repr, .truth = notimplemented_truth},
    .methods = notimplemented_methods,
};
