/* mappingproxy: a read-only view of any mapping. Everything is passed on to the mapping but what would change it. */
#include "object/containers.h"

typedef struct MappingProxy {
    Object header;
    Value mapping;
} MappingProxy;

static Value mapping_of(Value v) { return ((MappingProxy *)as_obj(v))->mapping; }
static Value unwrap(VM *vm, Value v) { return is_exact(v, vm->types.mappingproxy) ? mapping_of(v) : v; }

Value mappingproxy_new(VM *vm, Value mapping) {
    MappingProxy *p = object_alloc(vm, vm->types.mappingproxy, 0);
    if (!p)
        return VALUE_ERROR;
    p->mapping = incref(mapping);
    return from_obj(p);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value mapping = 0;
    if (!native_bind(vm, "mappingproxy", "mapping", args, nargs, kwnames, &mapping, 1))
        return VALUE_ERROR;
    if (!mapping)
        return raise_type(vm, "mappingproxy() missing required argument 'mapping' (pos 1)");
    if (is_list(mapping) || is_tuple(mapping) || !fast_type(vm, mapping)->slots.getitem)
        return raise_type(vm, "mappingproxy() argument must be a mapping, not %T", mapping);
    return mappingproxy_new(vm, mapping);
}

static Value repr(VM *vm, Value self) {
    if (!native_enter(vm, GUARD_REPR))
        return VALUE_ERROR;
    Value text = str_printf(vm, "mappingproxy(%R)", mapping_of(self));
    native_leave(vm);
    return text;
}

/* Proxies of proxies recurse. */
#define GUARDED(type, failed, expression)                                                                            \
    if (!native_enter(vm, ""))                                                                                       \
        return failed;                                                                                               \
    type result = (expression);                                                                                      \
    native_leave(vm);                                                                                                \
    return result

static Value str(VM *vm, Value self) { GUARDED(Value, 0, to_str(vm, mapping_of(self))); }
static bool hash(VM *vm, Value self, int64_t *out) { GUARDED(bool, false, hash_value(vm, mapping_of(self), out)); }
static ssize_t len(VM *vm, Value self) { GUARDED(ssize_t, -1, length(vm, mapping_of(self))); }
static Value getitem(VM *vm, Value self, Value key) { GUARDED(Value, 0, item_get(vm, mapping_of(self), key)); }
static Value iter(VM *vm, Value self) { GUARDED(Value, 0, iter_get(vm, mapping_of(self))); }
static int has_key(VM *vm, Value self, Value key) { GUARDED(int, -1, contains(vm, mapping_of(self), key)); }

/* An operand for methods of scripts: owned. */
static Value lend(VM *vm, Value operand) {
    Value v = unwrap(vm, operand);
    return dict_is_of_class(v) ? dict_copy(vm, v) : incref(v);
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    Value a = lend(vm, self), b = a != 0 ? lend(vm, other) : 0, result = 0;
    if (b != 0 && native_enter(vm, "")) {
        result = compare_rich(vm, a, b, op);
        native_leave(vm);
    }
    decref(vm, a);
    decref(vm, b);
    return result;
}

static Value binary_or(VM *vm, Value left, Value right) {
    Value a = lend(vm, left), b = a != 0 ? lend(vm, right) : 0, result = 0;
    if (b != 0 && native_enter(vm, "")) {
        result = arith_binary(vm, OP_OR, a, b);
        native_leave(vm);
    }
    decref(vm, a);
    decref(vm, b);
    return result;
}

static Value inplace_or(VM *vm, Value self, Value other) {
    return raise_type(vm, "'|=' is not supported by %T; use '|' instead", self);
}

static Value get(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value pair[2] = {args[0], args[1] ? args[1] : VALUE_NONE};
    return call_method(vm, mapping_of(self), NAME(get), pair, 2);
}

static Value keys(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return call_method0(vm, mapping_of(self), NAME(keys));
}

static Value values(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return call_method0(vm, mapping_of(self), NAME(values));
}

static Value items(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return call_method0(vm, mapping_of(self), NAME(items));
}

static Value copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return call_method0(vm, mapping_of(self), NAME(copy));
}

static Value reversed_iter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return call_method0(vm, mapping_of(self), NAME(__reversed__));
}

static const MethodSpec methods[] = {
    {"get", get, "key, default=None, /", "The value of the key if it is in the mapping, else the default.", 0},
    {"keys", keys, "", "A view of the keys.", 0},
    {"values", values, "", "A view of the values.", 0},
    {"items", items, "", "A view of the pairs of key and value.", 0},
    {"copy", copy, "", "A shallow copy of the mapping.", 0},
    {"__reversed__", reversed_iter, "", "An iterator over the keys from the last to the first.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

const TypeSpec mappingproxy_spec = {
    .name = "mappingproxy",
    .doc = "A read-only view of a mapping.",
    .signature = "mapping",
    .size = sizeof(MappingProxy),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_MAPPING | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(1), .create = create, .repr = repr, .str = str, .hash = hash, .compare = compare,
              .iter = iter, .len = len, .getitem = getitem, .contains = has_key},
    .numbers = &(const NumberSlots){.binary = {[OP_OR] = binary_or}, .inplace = {[OP_OR] = inplace_or}},
    .methods = methods,
};
