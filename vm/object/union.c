/* types.UnionType: int | str.
 *
 * A union is a tuple of at least two different members, flat and in order of first mention. None is kept as its type.
 */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/type.h"

typedef struct Union {
    Object header;
    Value args;       /* tuple */
    Value parameters; /* tuple, made on demand, or 0 */
} Union;

static Union *as_union(Value v) { return (Union *)as_obj(v); }

bool is_union(VM *vm, Value v) { return is_descriptor_of(v, vm->types.union_); }
Value union_type_args(Value u) { return as_union(u)->args; }

static bool can_be_member(VM *vm, Value v) {
    return v == VALUE_NONE || is_type(v) || is_generic_alias(vm, v) || is_union(vm, v) ||
           (is_obj(v) && strcmp(obj_type(as_obj(v))->spec->name, "typing.TypeAliasType") == 0);
}

static bool add_member(VM *vm, Value list, Value v) {
    if (v == VALUE_NONE)
        v = type_value(vm->types.NoneType);
    for (size_t i = 0; i < as_list(list)->len; i++) {
        Value other = as_list(list)->items[i];
        int same = v == other || (!is_type(v) && !is_type(other) ? value_equal(vm, v, other) : 0);
        if (same != 0)
            return same > 0;
    }
    return list_append(vm, list, v);
}

static bool add_members(VM *vm, Value list, Value v) {
    if (!is_union(vm, v))
        return add_member(vm, list, v);
    Tuple *args = as_tuple(as_union(v)->args);
    for (size_t i = 0; i < args->len; i++) {
        if (!add_member(vm, list, args->items[i]))
            return false;
    }
    return true;
}

/* Consumes list. */
static Value from_members(VM *vm, Value list) {
    Value args, result = 0;
    if (as_list(list)->len == 1) {
        result = incref(as_list(list)->items[0]);
    } else if ((args = tuple_from_list(vm, list)) != 0) {
        Union *u = object_alloc(vm, vm->types.union_, 0);
        if (u != NULL)
            u->args = args;
        else
            decref(vm, args);
        result = from_obj(u);
    }
    decref(vm, list);
    return result;
}

Value union_make(VM *vm, Value a, Value b) {
    if (!can_be_member(vm, a) || !can_be_member(vm, b))
        return VALUE_NOTIMPL;
    Value list = list_new(vm, 0);
    if (list == 0)
        return 0;
    if (add_members(vm, list, a) && add_members(vm, list, b))
        return from_members(vm, list);
    decref(vm, list);
    return 0;
}

static Value union_or(VM *vm, Value a, Value b) { return union_make(vm, a, b); }

static Value union_repr(VM *vm, Value self) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    Tuple *args = as_tuple(as_union(self)->args);
    bool ok = true;
    for (size_t i = 0; ok && i < args->len; i++) {
        Value text = args->items[i] == type_value(vm->types.NoneType) ? str_from_c(vm, "None")
                                                                      : alias_repr_item(vm, args->items[i]);
        ok = text != 0 && (i == 0 || strbuilder_add_c(&b, " | ")) && strbuilder_add_value(&b, text);
        decref(vm, text);
    }
    if (ok)
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return 0;
}

static int includes(VM *vm, Tuple *all, Value v) {
    for (size_t i = 0; i < all->len; i++) {
        int same = value_equal(vm, all->items[i], v);
        if (same != 0)
            return same;
    }
    return 0;
}

static Value union_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_union(vm, a) || !is_union(vm, b))
        return VALUE_NOTIMPL;
    Tuple *x = as_tuple(as_union(a)->args), *y = as_tuple(as_union(b)->args);
    int equal = x->len == y->len; /* members are all different: one inclusion is enough */
    for (size_t i = 0; equal > 0 && i < x->len; i++)
        equal = includes(vm, y, x->items[i]);
    return equal < 0 ? 0 : from_bool((equal != 0) == (op == CMP_EQ));
}

static bool union_hash(VM *vm, Value self, int64_t *out) {
    Tuple *args = as_tuple(as_union(self)->args);
    uint64_t sum = 0x345678;
    for (size_t i = 0; i < args->len; i++) { /* must not depend on the order */
        int64_t h;
        if (!hash_value(vm, args->items[i], &h))
            return false;
        sum += ((uint64_t)h ^ (uint64_t)h << 16 ^ 89869747u) * 3644798167u;
    }
    *out = (int64_t)sum == -1 ? -2 : (int64_t)sum;
    return true;
}

static Value union_parameters(VM *vm, Union *u) {
    if (u->parameters == 0)
        u->parameters = alias_collect_parameters(vm, u->args);
    return u->parameters;
}

static Value union_getitem(VM *vm, Value self, Value item) {
    Union *u = as_union(self);
    Value parameters = union_parameters(vm, u);
    Value args = parameters != 0 ? alias_substitute(vm, self, u->args, parameters, item) : 0;
    if (args == 0)
        return 0;
    Value result = incref(as_tuple(args)->items[0]);
    for (size_t i = 1; result != 0 && i < as_tuple(args)->len; i++) {
        Value next = arith_binary(vm, OP_OR, result, as_tuple(args)->items[i]);
        decref(vm, result);
        result = next;
    }
    decref(vm, args);
    return result;
}

static Value get_args(VM *vm, Value self) { return incref(as_union(self)->args); }
static Value get_parameters(VM *vm, Value self) { return incref(union_parameters(vm, as_union(self))); }

static void union_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((Union *)self)->args, visit, arg);
    visit_value(((Union *)self)->parameters, visit, arg);
}

static void union_dealloc(VM *vm, Object *self) {
    decref(vm, ((Union *)self)->args);
    decref(vm, ((Union *)self)->parameters);
}

static const GetSetSpec union_getset[] = {
    {"__args__", get_args, NULL, NULL},
    {"__parameters__", get_parameters, NULL, "type variables in the union"},
    {0},
};

const TypeSpec union_spec = {
    .name = "types.UnionType",
    .doc = "What `int | str` gives: a type that is one of several.",
    .size = sizeof(Union),
    .flags = TYPE_GC,
    .kind = KIND_OTHER,
    .slots = {.dealloc = union_dealloc,
              .traverse = union_traverse,
              .repr = union_repr,
              .hash = union_hash,
              .compare = union_compare,
              .getitem = union_getitem},
    .numbers = &(const NumberSlots){.binary[OP_OR] = union_or},
    .getset = union_getset,
};
