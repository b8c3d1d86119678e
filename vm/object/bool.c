/* bool: the two constants, a subclass of int that cannot be subclassed. Everything but the constructor, the text and
 * the logic operators is int's. */
#include "runtime/vm.h"

static Value bool_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len != 0)
        return raise_type(vm, "bool() takes no keyword arguments");
    if (nargs > 1)
        return raise_type(vm, "bool expected at most 1 argument, got %u", nargs);
    if (nargs == 0)
        return VALUE_FALSE;
    int t = truth(vm, args[0]);
    return t < 0 ? VALUE_ERROR : from_bool(t);
}

static Value bool_repr(VM *vm, Value self) { return str_intern_c(vm, self == VALUE_TRUE ? "True" : "False"); }

static Value bool_logic(VM *vm, BinaryOp op, Value a, Value b) {
    if (!is_int(a) || !is_int(b))
        return VALUE_NOTIMPL;
    if (!is_bool(a) || !is_bool(b))
        return int_binary(vm, op, a, b);
    bool x = a == VALUE_TRUE, y = b == VALUE_TRUE;
    return from_bool(op == OP_AND ? x && y : op == OP_OR ? x || y : x != y);
}

static Value bool_and(VM *vm, Value a, Value b) { return bool_logic(vm, OP_AND, a, b); }
static Value bool_or(VM *vm, Value a, Value b) { return bool_logic(vm, OP_OR, a, b); }
static Value bool_xor(VM *vm, Value a, Value b) { return bool_logic(vm, OP_XOR, a, b); }

static Value bool_invert(VM *vm, Value self) {
    if (!warn(
            vm, vm->exc.DeprecationWarning, 1,
            "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the "
            "bitwise "
            "inversion of the underlying int object and is usually not what you expect from negating a bool. Use the "
            "'not' operator for boolean negation or ~int(x) if you really want the bitwise inversion of the "
            "underlying int."))
        return VALUE_ERROR;
    return int_unary(vm, OP_INVERT, self);
}

const TypeSpec bool_spec = {
    .name = "bool",
    .doc = "The truth of the argument: True or False.\n\n"
           "True and False are the only instances; the class is a subclass of int and cannot be subclassed.",
    .signature = "object=False, /",
    .size = sizeof(Int),
    .flags = TYPE_VARSIZE | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_INT,
    .slots = {.create = bool_create, .repr = bool_repr},
    .numbers = &(const NumberSlots){.binary = {[OP_AND] = bool_and, [OP_OR] = bool_or, [OP_XOR] = bool_xor},
                                    .unary = {[OP_INVERT] = bool_invert}},
};
