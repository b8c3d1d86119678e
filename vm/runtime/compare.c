/* Rich comparison of values of any type, and equality as containers mean it.
 *
 * The right operand is asked first if its type is a proper subclass of the left one's; otherwise left, then right
 * with the operator mirrored; then identity decides == and !=, and the others are a TypeError. Numbers and strings
 * take none of these steps. */
#include "runtime/vm.h"

#include <math.h>

static const char *const symbols[] = {"<", "<=", "==", "!=", ">", ">="};
static const CompareOp mirrored[] = {CMP_GT, CMP_GE, CMP_EQ, CMP_NE, CMP_LT, CMP_LE};

static ALWAYS_INLINE bool doubles_hold(double x, double y, CompareOp op) {
    switch (op) {
    case CMP_LT:
        return x < y;
    case CMP_LE:
        return x <= y;
    case CMP_EQ:
        return x == y;
    case CMP_NE:
        return x != y;
    case CMP_GT:
        return x > y;
    default:
        return x >= y;
    }
}

/* Numbers and strings: 1 or 0; -1 if the operands are of another kind. Never runs scripts. */
static ALWAYS_INLINE int compare_simple(Value a, Value b, CompareOp op) {
    if (both_small_int(a, b)) {
        int64_t x = as_small_int(a), y = as_small_int(b);
        return order_holds((x > y) - (x < y), op);
    }
    if (is_double(a)) {
        if (is_double(b))
            return doubles_hold(as_double(a), as_double(b), op);
        if (is_small_int(b))
            return doubles_hold(as_double(a), (double)as_small_int(b), op);
        return -1;
    }
    if (is_double(b))
        return is_small_int(a) ? doubles_hold((double)as_small_int(a), as_double(b), op) : -1;
    if (has_exact_kind(a, KIND_STR) && has_exact_kind(b, KIND_STR)) {
        const Str *x = as_str(a), *y = as_str(b);
        if (op == CMP_EQ || op == CMP_NE)
            return str_equal(x, y) == (op == CMP_EQ);
        return order_holds(str_compare(x, y), op);
    }
    return -1;
}

Value compare_last(VM *vm, Value a, Value b, CompareOp op) {
    if (op == CMP_EQ)
        return from_bool(a == b);
    if (op == CMP_NE)
        return from_bool(a != b);
    return raise_type(vm, "'%s' not supported between instances of '%T' and '%T'", symbols[op], a, b);
}

static Value compare_slots(VM *vm, Value a, Value b, CompareOp op) {
    Type *ta = type_of(vm, a), *tb = type_of(vm, b);
    bool right_first = ta != tb && tb->slots.compare && type_is_subtype(tb, ta);
    if (right_first) {
        Value r = tb->slots.compare(vm, b, a, mirrored[op]);
        if (r != VALUE_NOTIMPL)
            return r;
    }
    if (ta->slots.compare) {
        Value r = ta->slots.compare(vm, a, b, op);
        if (r != VALUE_NOTIMPL)
            return r;
    }
    if (!right_first && tb->slots.compare) {
        Value r = tb->slots.compare(vm, b, a, mirrored[op]);
        if (r != VALUE_NOTIMPL)
            return r;
    }
    return compare_last(vm, a, b, op);
}

static NOINLINE Value compare_generic(VM *vm, Value a, Value b, CompareOp op) {
    if (!native_enter(vm, " in comparison"))
        return VALUE_ERROR;
    Value r = compare_slots(vm, a, b, op);
    native_leave(vm);
    return r;
}

Value compare_rich(VM *vm, Value a, Value b, CompareOp op) {
    int simple = compare_simple(a, b, op);
    return simple >= 0 ? from_bool(simple) : compare_generic(vm, a, b, op);
}

int compare_bool(VM *vm, Value a, Value b, CompareOp op) {
    int simple = compare_simple(a, b, op);
    if (simple >= 0)
        return simple;
    Value r = compare_generic(vm, a, b, op);
    if (is_bool(r))
        return r == VALUE_TRUE;
    if (r == VALUE_ERROR)
        return -1;
    int t = truth(vm, r);
    decref(vm, r);
    return t;
}

int value_equal(VM *vm, Value a, Value b) { return a == b ? 1 : compare_bool(vm, a, b, CMP_EQ); }

/* Unboxed numbers are identical when their words are; NaNs too, so that a NaN is found in the list it was put in. */
bool value_identical(Value a, Value b) { return a == b; }
