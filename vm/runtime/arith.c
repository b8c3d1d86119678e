/* The operators on values of any type: fast paths for numbers and strings, then the slots in CPython's order.
 *
 * A binary operator asks the left operand's type, then the right one's; a right operand whose type is a proper
 * subclass of the left one's, with a slot function of its own, is asked first. A slot is called once even if both
 * types share it: slots of script classes look for the reflected method themselves. Sequences (concat, repeat) come
 * last. */
#include "runtime/vm.h"

#include <math.h>

const char *const arith_symbol[BINARY_OPS] = {"+",  "-",  "*", "/", "//", "%", "** or pow()",
                                              "<<", ">>", "&", "|", "^",  "@", "divmod()"};

static const char *const inplace_symbol[INPLACE_OPS] = {
    "+=", "-=", "*=", "/=", "//=", "%=", "**=", "<<=", ">>=", "&=", "|=", "^=", "@="};

/* VALUE_NOTIMPL: neither type wants it. */
static Value binary_slots(VM *vm, BinaryOp op, Value a, Value b) {
    Type *ta = type_of(vm, a), *tb = type_of(vm, b);
    BinaryFn left = ta->numbers.binary[op], right = tb == ta ? NULL : tb->numbers.binary[op];
    if (right == left)
        right = NULL;
    if (right && left && type_is_subtype(tb, ta)) {
        Value r = right(vm, a, b);
        if (r != VALUE_NOTIMPL)
            return r;
        right = NULL;
    }
    if (left) {
        Value r = left(vm, a, b);
        if (r != VALUE_NOTIMPL)
            return r;
    }
    return right ? right(vm, a, b) : VALUE_NOTIMPL;
}

static Value repeat_sequence(VM *vm, BinaryFn repeat, Value seq, Value count) {
    if (is_int(count))
        return repeat(vm, seq, count);
    if (!type_of(vm, count)->slots.index)
        return raise_type(vm, "can't multiply sequence by non-int of type '%T'", count);
    Value index = to_index(vm, count);
    if (index == VALUE_ERROR)
        return VALUE_ERROR;
    Value r = repeat(vm, seq, index);
    decref(vm, index);
    return r;
}

static COLD Value raise_operands(VM *vm, BinaryOp op, Value a, Value b) {
    if (op == OP_RSHIFT && has_kind(a, KIND_NATIVE)) {
        const MethodSpec *spec = ((Native *)as_obj(a))->spec;
        if (spec && strcmp(spec->name, "print") == 0)
            return raise_type(vm,
                              "unsupported operand type(s) for >>: '%T' and '%T'. Did you mean "
                              "\"print(<message>, file=<output_stream>)\"?",
                              a, b);
    }
    return raise_type(vm, "unsupported operand type(s) for %s: '%T' and '%T'", arith_symbol[op], a, b);
}

/* The operation as the sequences' own, once nobody took it as a number's. */
static Value binary_sequence(VM *vm, BinaryOp op, Value a, Value b) {
    if (op == OP_ADD) {
        BinaryFn concat = type_of(vm, a)->slots.concat;
        return concat ? concat(vm, a, b) : VALUE_NOTIMPL;
    }
    if (op != OP_MUL)
        return VALUE_NOTIMPL;
    BinaryFn left = type_of(vm, a)->slots.repeat, right = type_of(vm, b)->slots.repeat;
    if (left)
        return repeat_sequence(vm, left, a, b);
    return right ? repeat_sequence(vm, right, b, a) : VALUE_NOTIMPL;
}

static NOINLINE Value binary_generic(VM *vm, BinaryOp op, Value a, Value b) {
    Value r = binary_slots(vm, op, a, b);
    if (r == VALUE_NOTIMPL)
        r = binary_sequence(vm, op, a, b);
    return r == VALUE_NOTIMPL ? raise_operands(vm, op, a, b) : r;
}

/* Two doubles, or a double and a small int. */
static ALWAYS_INLINE bool both_doubles(Value a, Value b, double *x, double *y) {
    if (is_double(a)) {
        *x = as_double(a);
        if (is_double(b))
            *y = as_double(b);
        else if (is_small_int(b))
            *y = (double)as_small_int(b);
        else
            return false;
        return true;
    }
    if (!is_small_int(a) || !is_double(b))
        return false;
    *x = (double)as_small_int(a);
    *y = as_double(b);
    return true;
}

Value arith_binary(VM *vm, BinaryOp op, Value a, Value b) {
    double x, y;
    if (both_small_int(a, b)) {
        if (likely(op != OP_MATMUL))
            return int_binary(vm, op, a, b);
    } else if (both_doubles(a, b, &x, &y)) {
        Value r = float_binary(vm, op, x, y);
        if (likely(r != VALUE_NOTIMPL))
            return r;
    } else if (op == OP_ADD && has_exact_kind(a, KIND_STR) && has_exact_kind(b, KIND_STR)) {
        return str_concat(vm, a, b);
    } else if (is_exact_int(a) && is_exact_int(b) && op != OP_MATMUL) { /* a big one among them */
        return int_binary(vm, op, a, b);
    }
    return binary_generic(vm, op, a, b);
}

static Value inplace_sequence(VM *vm, BinaryOp op, Value a, Value b) {
    const Slots *left = &type_of(vm, a)->slots;
    if (op == OP_ADD) {
        BinaryFn concat = left->inplace_concat ? left->inplace_concat : left->concat;
        return concat ? concat(vm, a, b) : VALUE_NOTIMPL;
    }
    BinaryFn repeat = left->inplace_repeat ? left->inplace_repeat : left->repeat;
    if (repeat)
        return repeat_sequence(vm, repeat, a, b);
    if (type_of(vm, a)->flags & TYPE_HEAP) /* a script class counts as a sequence here, only one that cannot repeat */
        return VALUE_NOTIMPL;
    BinaryFn right = type_of(vm, b)->slots.repeat;
    return right ? repeat_sequence(vm, right, b, a) : VALUE_NOTIMPL;
}

Value arith_inplace(VM *vm, BinaryOp op, Value a, Value b) {
    double x, y;
    if (both_small_int(a, b)) {
        if (likely(op != OP_MATMUL))
            return int_binary(vm, op, a, b);
    } else if (both_doubles(a, b, &x, &y)) {
        Value r = float_binary(vm, op, x, y);
        if (likely(r != VALUE_NOTIMPL))
            return r;
    } else if (is_exact_int(a) && is_exact_int(b) && op != OP_MATMUL) {
        return int_binary(vm, op, a, b);
    }
    BinaryFn inplace = type_of(vm, a)->numbers.inplace[op];
    Value r = inplace ? inplace(vm, a, b) : VALUE_NOTIMPL;
    if (r == VALUE_NOTIMPL)
        r = binary_slots(vm, op, a, b);
    if (r == VALUE_NOTIMPL && (op == OP_ADD || op == OP_MUL))
        r = inplace_sequence(vm, op, a, b);
    if (r == VALUE_NOTIMPL)
        return raise_type(vm, "unsupported operand type(s) for %s: '%T' and '%T'", inplace_symbol[op], a, b);
    return r;
}

Value arith_binary_last(VM *vm, BinaryOp op, bool inplace, Value a, Value b) {
    Value r =
        inplace && (op == OP_ADD || op == OP_MUL) ? inplace_sequence(vm, op, a, b) : binary_sequence(vm, op, a, b);
    if (r != VALUE_NOTIMPL)
        return r;
    if (inplace)
        return raise_type(vm, "unsupported operand type(s) for %s: '%T' and '%T'", inplace_symbol[op], a, b);
    return raise_operands(vm, op, a, b);
}

Value arith_unary(VM *vm, UnaryOp op, Value a) {
    static const char *const symbol[UNARY_OPS] = {"unary -", "unary +", "unary ~", "abs()"};
    if (is_small_int(a))
        return int_unary(vm, op, a);
    if (is_double(a) && op != OP_INVERT) {
        double d = as_double(a);
        return op == OP_POS ? a : from_double(op == OP_NEG ? -d : fabs(d));
    }
    UnaryFn fn = type_of(vm, a)->numbers.unary[op];
    if (!fn)
        return raise_type(vm, "bad operand type for %s: '%T'", symbol[op], a);
    return fn(vm, a);
}

/* pow(a, b, m): the three types' slots, each function once, a subclass on the right before its base. */
Value arith_power(VM *vm, Value a, Value b, Value mod) {
    if (mod == 0 || is_none(mod))
        return arith_binary(vm, OP_POW, a, b);
    if (is_small_int(a) && is_small_int(b) && is_small_int(mod))
        return int_pow_mod(vm, a, b, mod);
    Type *ta = type_of(vm, a), *tb = type_of(vm, b), *tm = type_of(vm, mod);
    TernaryFn left = ta->numbers.pow_mod, right = tb == ta ? NULL : tb->numbers.pow_mod;
    if (right == left)
        right = NULL;
    TernaryFn third = tm->numbers.pow_mod;
    if (third == left || third == right)
        third = NULL;
    TernaryFn order[3] = {left, right, third};
    if (left && right && type_is_subtype(tb, ta)) {
        order[0] = right;
        order[1] = left;
    }
    for (int i = 0; i < 3; i++) {
        Value r = order[i] ? order[i](vm, a, b, mod) : VALUE_NOTIMPL;
        if (r != VALUE_NOTIMPL)
            return r;
    }
    return raise_type(vm, "unsupported operand type(s) for ** or pow(): '%T', '%T', '%T'", a, b, mod);
}
