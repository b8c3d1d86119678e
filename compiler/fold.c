/* Constant folding: the value of an expression that is known when it is compiled.
 *
 * Invariant: only values of built-in types are computed on, so no script code runs here, and results are limited in
 * size so that a short source text cannot make a large code object. What would raise is not folded: it raises at run
 * time, at its place. */
#include "runtime/vm.h"

#include "compiler/gen.h"
#include "object/bytes.h"
#include "object/set.h"

#define FOLD_INT_BITS 128
#define FOLD_STRING_SIZE 4096
#define FOLD_TUPLE_SIZE 256
#define FOLD_TOTAL_ITEMS 1024

static const uint8_t binary_ops[] = {
    [BINOP_ADD] = OP_ADD,           [BINOP_SUB] = OP_SUB,  [BINOP_MULT] = OP_MUL,   [BINOP_MATMULT] = OP_MATMUL,
    [BINOP_DIV] = OP_TRUEDIV,       [BINOP_MOD] = OP_MOD,  [BINOP_POW] = OP_POW,    [BINOP_LSHIFT] = OP_LSHIFT,
    [BINOP_RSHIFT] = OP_RSHIFT,     [BINOP_BITOR] = OP_OR, [BINOP_BITXOR] = OP_XOR, [BINOP_BITAND] = OP_AND,
    [BINOP_FLOORDIV] = OP_FLOORDIV,
};

static Value integer_constant(Compiler *c, const Expr *e) {
    const char *digits = e->constant.str;
    size_t n = e->constant.length;
    if (n <= 13 && e->constant.base == 10) {
        int64_t value = 0;
        for (size_t i = 0; i < n; i++)
            value = value * 10 + (digits[i] - '0');
        return from_small_int(value);
    }
    return int_from_digits(c->vm, digits, n, e->constant.base);
}

Value fold_constant(Compiler *c, const Expr *e) {
    VM *vm = c->vm;
    Value value = 0;
    if (c->failed)
        return 0;
    switch ((ConstKind)e->constant.kind) {
    case CONST_NONE:
        return VALUE_NONE;
    case CONST_TRUE:
        return VALUE_TRUE;
    case CONST_FALSE:
        return VALUE_FALSE;
    case CONST_ELLIPSIS:
        return VALUE_ELLIPSIS;
    case CONST_INT:
        value = integer_constant(c, e);
        break;
    case CONST_FLOAT:
        return from_double(e->constant.number);
    case CONST_COMPLEX:
        value = complex_new(vm, 0.0, e->constant.number);
        break;
    case CONST_STR:
        value = str_new(vm, e->constant.str, e->constant.length);
        break;
    case CONST_BYTES:
        value = bytes_new(vm, e->constant.str, e->constant.length);
        break;
    }
    if (!value)
        context_fail(c);
    return value;
}

/* Binary operations -------------------------------------------------------------------------------------------------
 */

static bool is_number(Value v) { return is_int(v) || is_float(v) || is_complex(v); }

/* How many items a tuple holds, nested ones included; gives up (negative) at the limit. */
static int64_t count_items(Value v, int64_t limit) {
    if (!is_tuple(v))
        return limit;
    limit -= (int64_t)as_tuple(v)->len;
    for (size_t i = 0; i < as_tuple(v)->len && limit >= 0; i++)
        limit = count_items(as_tuple(v)->items[i], limit);
    return limit;
}

static bool safe_repeat(Value sequence, Value times) {
    int64_t n;
    if (!is_exact_int(times) && !is_bool(times))
        return false;
    if (!int_fits_int64(times, &n) || n < 0)
        return false;
    if (is_tuple(sequence)) {
        size_t size = as_tuple(sequence)->len;
        if (size == 0)
            return true;
        return n <= (int64_t)(FOLD_TUPLE_SIZE / size) && (n == 0 || count_items(sequence, FOLD_TOTAL_ITEMS / n) >= 0);
    }
    size_t size = is_str(sequence) ? as_str(sequence)->nchars : is_bytes(sequence) ? as_bytes(sequence)->len : 0;
    return size == 0 || n <= (int64_t)(FOLD_STRING_SIZE / size);
}

static bool is_sequence(Value v) { return is_tuple(v) || is_str(v) || is_bytes(v); }

static bool safe_power(Value base, Value exponent) {
    int64_t n;
    if (!is_int(base) || !is_int(exponent) || int_sign(exponent) <= 0)
        return is_number(base) && is_number(exponent);
    if (int_sign(base) == 0)
        return true;
    return int_fits_int64(exponent, &n) && n <= FOLD_INT_BITS && (int64_t)int_bit_length(base) * n <= FOLD_INT_BITS;
}

static bool safe_binary(int op, Value a, Value b) {
    int64_t n;
    switch (op) {
    case BINOP_MULT:
        if (is_int(a) && is_int(b))
            return int_bit_length(a) + int_bit_length(b) <= FOLD_INT_BITS;
        if (is_sequence(a))
            return safe_repeat(a, b);
        if (is_sequence(b))
            return safe_repeat(b, a);
        return is_number(a) && is_number(b);
    case BINOP_POW:
        return safe_power(a, b);
    case BINOP_LSHIFT:
        if (!is_int(a) || !is_int(b) || !int_fits_int64(b, &n) || n < 0)
            return false;
        return int_sign(a) == 0 || (n <= FOLD_INT_BITS && (int64_t)int_bit_length(a) + n <= FOLD_INT_BITS);
    case BINOP_MOD:
        return is_number(a) && is_number(b);
    case BINOP_MATMULT:
        return false;
    case BINOP_ADD:
        if (is_sequence(a) && is_sequence(b))
            return as_obj(a)->kind == as_obj(b)->kind;
        return is_number(a) && is_number(b);
    default:
        return is_number(a) && is_number(b);
    }
}

/* Errors of a computation tried at compile time mean "not constant"; only running out of memory is passed on. */
static Value forgive(Compiler *c, Value result) {
    if (result)
        return result;
    if (error_pending(c->vm)) {
        if (error_matches(c->vm, c->vm->exc.MemoryError))
            context_fail(c);
        else
            error_clear(c->vm);
    }
    return 0;
}

Value fold_binary(Compiler *c, int op, Value left, Value right) {
    if (c->failed || !safe_binary(op, left, right))
        return 0;
    return forgive(c, arith_binary(c->vm, (BinaryOp)binary_ops[op], left, right));
}

/* Other forms -------------------------------------------------------------------------------------------------------
 */

static Value fold_unary(Compiler *c, const Expr *e) {
    Value operand = fold_expr(c, e->unary.operand), result = 0;
    if (!operand)
        return 0;
    switch ((AstUnaryOp)e->unary.op) {
    case UNARY_NOT: {
        int is_true = truth(c->vm, operand);
        result = is_true < 0 ? 0 : from_bool(!is_true);
        break;
    }
    case UNARY_INVERT:
        if (is_int(operand))
            result = arith_unary(c->vm, OP_INVERT, operand);
        break;
    case UNARY_UADD:
    case UNARY_USUB:
        if (is_number(operand))
            result = arith_unary(c->vm, e->unary.op == UNARY_UADD ? OP_POS : OP_NEG, operand);
        break;
    }
    decref(c->vm, operand);
    return forgive(c, result);
}

static Value fold_tuple(Compiler *c, const Expr *e) {
    int n = e->seq.elts.n;
    for (int i = 0; i < n; i++) { /* most tuples fail here, without an allocation */
        int kind = e->seq.elts.at[i]->kind;
        if (kind != EXPR_CONSTANT && kind != EXPR_UNARYOP && kind != EXPR_BINOP && kind != EXPR_TUPLE &&
            kind != EXPR_SUBSCRIPT && kind != EXPR_NAME)
            return 0;
    }
    Value tuple = tuple_new(c->vm, (size_t)n);
    if (!tuple) {
        context_fail(c);
        return 0;
    }
    for (int i = 0; i < n; i++) {
        Value item = fold_expr(c, e->seq.elts.at[i]);
        if (!item) {
            for (int k = 0; k < i; k++) {
                decref(c->vm, as_tuple(tuple)->items[k]);
                as_tuple(tuple)->items[k] = 0;
            }
            decref(c->vm, tuple);
            return 0;
        }
        as_tuple(tuple)->items[i] = item;
    }
    return tuple;
}

static Value fold_subscript(Compiler *c, const Expr *e) {
    if (e->ctx != CTX_LOAD || e->subscript.slice->kind == EXPR_SLICE)
        return 0;
    Value sequence = fold_expr(c, e->subscript.value);
    if (!sequence)
        return 0;
    Value index = is_sequence(sequence) ? fold_expr(c, e->subscript.slice) : 0, result = 0;
    if (index && is_int(index))
        result = item_get(c->vm, sequence, index);
    decref(c->vm, sequence);
    decref(c->vm, index);
    return forgive(c, result);
}

static Value fold_binop(Compiler *c, const Expr *e) {
    Value left = fold_expr(c, e->binop.left);
    if (!left)
        return 0;
    Value right = fold_expr(c, e->binop.right), result = 0;
    if (right)
        result = fold_binary(c, e->binop.op, left, right);
    decref(c->vm, left);
    decref(c->vm, right);
    return result;
}

Value fold_expr(Compiler *c, const Expr *e) {
    Value result = 0;
    switch ((ExprKind)e->kind) {
    case EXPR_CONSTANT:
        return fold_constant(c, e);
    case EXPR_NAME:
        if (e->ctx == CTX_LOAD && e->name.id->length == 9 && context_id(c, e->name.id) == c->id_debug)
            return from_bool(c->optimize == 0);
        return 0;
    case EXPR_UNARYOP:
    case EXPR_BINOP:
    case EXPR_TUPLE:
    case EXPR_SUBSCRIPT:
        if (e->mark || (e->kind == EXPR_TUPLE && e->ctx != CTX_LOAD))
            return 0;
        if (!context_enter(c))
            return 0;
        result = e->kind == EXPR_UNARYOP ? fold_unary(c, e)
                 : e->kind == EXPR_BINOP ? fold_binop(c, e)
                 : e->kind == EXPR_TUPLE ? fold_tuple(c, e)
                                         : fold_subscript(c, e);
        context_leave(c);
        if (!result) /* marked: each level of a long chain asks for those below */
            ((Expr *)e)->mark = true;
        return result;
    default:
        return 0;
    }
}

int fold_truth(Compiler *c, const Expr *e) {
    if (e->kind == EXPR_CONSTANT) {
        switch ((ConstKind)e->constant.kind) {
        case CONST_NONE:
        case CONST_FALSE:
            return 0;
        case CONST_TRUE:
        case CONST_ELLIPSIS:
            return 1;
        case CONST_STR:
        case CONST_BYTES:
            return e->constant.length > 0;
        case CONST_FLOAT:
        case CONST_COMPLEX:
            return e->constant.number != 0;
        case CONST_INT:
            break;
        }
    }
    Value value = fold_expr(c, e);
    if (!value)
        return -1;
    int result = truth(c->vm, value);
    decref(c->vm, value);
    return result;
}
