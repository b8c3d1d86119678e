/* math: functions of integers. Products of many factors are balanced trees over ranges, so that the big
 * multiplications have operands of equal size, where GMP is fast; their leaves multiply machine words as long as
 * these do not overflow. */
#include "stdlib/mod_math.h"

#include <math.h>

/* The integer arguments as owned ints. */
static bool index_arguments(VM *vm, Value *args, size_t n, Value *out) {
    for (size_t i = 0; i < n; i++) {
        out[i] = to_index(vm, args[i]);
        if (out[i] == VALUE_ERROR) {
            while (i-- > 0)
                decref(vm, out[i]);
            return false;
        }
    }
    return true;
}

static Value multiply_steal(VM *vm, Value a, Value b) {
    Value r = a == VALUE_ERROR || b == VALUE_ERROR ? VALUE_ERROR : int_binary(vm, OP_MUL, a, b);
    decref(vm, a);
    decref(vm, b);
    return r;
}

/* first * (first + 1) * ... of `count` factors. */
static Value product_range(VM *vm, uint64_t first, uint64_t count) {
    uint64_t r = 1, i = 0;
    while (i < count && !__builtin_mul_overflow(r, first + i, &r))
        i++;
    if (i == count)
        return int_from_uint64(vm, r);
    if (count == 1)
        return int_from_uint64(vm, first);
    Value left = product_range(vm, first, count / 2);
    Value right = left == VALUE_ERROR ? VALUE_ERROR : product_range(vm, first + count / 2, count - count / 2);
    return multiply_steal(vm, left, right);
}

/* A product of n factors of up to `bits` bits: does it make sense to begin? */
static bool check_size(VM *vm, uint64_t factors, double bits) {
    if ((double)factors * bits / 64.0 <= (double)INT_LIMBS_MAX)
        return true;
    raise_memory(vm);
    return false;
}

static Value math_factorial(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v = to_index(vm, args[0]);
    if (v == VALUE_ERROR)
        return VALUE_ERROR;
    int64_t n;
    int sign = int_sign(v);
    bool fits = int_fits_int64(v, &n);
    decref(vm, v);
    if (sign < 0)
        return raise_value(vm, "factorial() not defined for negative values");
    if (!fits)
        return raise_overflow(vm, "factorial() argument should not exceed %i", INT64_MAX);
    if (n < 2)
        return from_small_int(1);
    return check_size(vm, (uint64_t)n, log2((double)n) - 1.4) ? product_range(vm, 2, (uint64_t)n - 1) : VALUE_ERROR;
}

/* n * (n-1) * ... * (n-k+1), for n of any size */
static Value falling_product(VM *vm, Value n, uint64_t k) {
    if (k == 0)
        return from_small_int(1);
    int64_t small;
    if (int_fits_int64(n, &small))
        return product_range(vm, (uint64_t)small - k + 1, k);
    if (k == 1)
        return int_copy(vm, n);
    Value left = falling_product(vm, n, k / 2), half = int_from_uint64(vm, k / 2);
    Value lower = left == VALUE_ERROR || half == VALUE_ERROR ? VALUE_ERROR : int_binary(vm, OP_SUB, n, half);
    decref(vm, half);
    Value right = lower == VALUE_ERROR ? VALUE_ERROR : falling_product(vm, lower, k - k / 2);
    decref(vm, lower);
    return multiply_steal(vm, left, right);
}

/* P(n, k) for 0 <= k <= n; `what` names k in the OverflowError. */
static Value permutations(VM *vm, Value n, Value k, const char *what) {
    int64_t count;
    if (!int_fits_int64(k, &count))
        return raise_overflow(vm, "%s must not exceed %i", what, INT64_MAX);
    if (!check_size(vm, (uint64_t)count, (double)int_bit_length(n) - 2.0))
        return VALUE_ERROR;
    return falling_product(vm, n, (uint64_t)count);
}

static Value binomial(VM *vm, Value n, Value k) {
    Value rest = int_binary(vm, OP_SUB, n, k);
    if (rest == VALUE_ERROR)
        return VALUE_ERROR;
    if (int_sign(rest) < 0)
        return from_small_int(0);
    Value smaller = int_compare(rest, k) < 0 ? rest : k, result = VALUE_ERROR;
    Value p = permutations(vm, n, smaller, "min(n - k, k)");
    if (p != VALUE_ERROR) {
        int64_t count = 0;
        int_fits_int64(smaller, &count);
        Value f = product_range(vm, 1, (uint64_t)count);
        if (f != VALUE_ERROR)
            result = int_binary(vm, OP_FLOORDIV, p, f);
        decref(vm, f);
        decref(vm, p);
    }
    decref(vm, rest);
    return result;
}

static Value math_comb(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[2], result = VALUE_ERROR;
    if (!index_arguments(vm, args, 2, v))
        return VALUE_ERROR;
    if (int_sign(v[0]) < 0)
        raise_value(vm, "n must be a non-negative integer");
    else if (int_sign(v[1]) < 0)
        raise_value(vm, "k must be a non-negative integer");
    else
        result = binomial(vm, v[0], v[1]);
    decref(vm, v[0]);
    decref(vm, v[1]);
    return result;
}

static Value math_perm(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!args[1] || is_none(args[1]))
        return math_factorial(vm, self, args, 1, 0);
    Value v[2], result = VALUE_ERROR;
    if (!index_arguments(vm, args, 2, v))
        return VALUE_ERROR;
    if (int_sign(v[0]) < 0)
        raise_value(vm, "n must be a non-negative integer");
    else if (int_sign(v[1]) < 0)
        raise_value(vm, "k must be a non-negative integer");
    else if (int_compare(v[0], v[1]) < 0)
        result = from_small_int(0);
    else
        result = permutations(vm, v[0], v[1], "k");
    decref(vm, v[0]);
    decref(vm, v[1]);
    return result;
}

static Value math_isqrt(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v = to_index(vm, args[0]);
    if (v == VALUE_ERROR)
        return VALUE_ERROR;
    Value r = int_sign(v) < 0 ? raise_value(vm, "isqrt() argument must be nonnegative") : int_isqrt(vm, v);
    decref(vm, v);
    return r;
}

static bool no_keywords(VM *vm, const char *name, Value kwnames) {
    if (!kwnames || as_tuple(kwnames)->len == 0)
        return true;
    return raise_type(vm, "math.%s() takes no keyword arguments", name);
}

static Value math_gcd(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!no_keywords(vm, "gcd", kwnames))
        return VALUE_ERROR;
    Value r = from_small_int(0);
    for (size_t i = 0; i < nargs && r != VALUE_ERROR; i++) {
        Value v = to_index(vm, args[i]);
        set_owned(vm, &r, v == VALUE_ERROR ? VALUE_ERROR : int_gcd(vm, r, v));
        decref(vm, v);
    }
    return r;
}

static Value lcm_of(VM *vm, Value a, Value b) {
    if (int_sign(a) == 0 || int_sign(b) == 0)
        return from_small_int(0);
    Value g = int_gcd(vm, a, b);
    Value q = g == VALUE_ERROR ? VALUE_ERROR : int_binary(vm, OP_FLOORDIV, a, g);
    Value r = q == VALUE_ERROR ? VALUE_ERROR : int_binary(vm, OP_MUL, q, b);
    decref(vm, g);
    decref(vm, q);
    if (r != VALUE_ERROR)
        set_owned(vm, &r, int_unary(vm, OP_ABS, r));
    return r;
}

static Value math_lcm(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!no_keywords(vm, "lcm", kwnames))
        return VALUE_ERROR;
    Value r = from_small_int(1);
    for (size_t i = 0; i < nargs && r != VALUE_ERROR; i++) {
        Value v = to_index(vm, args[i]);
        set_owned(vm, &r, v == VALUE_ERROR ? VALUE_ERROR : lcm_of(vm, r, v));
        decref(vm, v);
    }
    return r;
}

const MethodSpec math_integer_functions[] = {
    {"comb", math_comb, "n, k, /", "Number of ways to choose k of n items, without repetition and order.", 0},
    {"factorial", math_factorial, "n, /", "n!, the product of the integers from 1 to n.", 0},
    {"gcd", math_gcd, "*integers", "Greatest common divisor.", 0},
    {"isqrt", math_isqrt, "n, /", "The integer part of the square root of n, exactly.", 0},
    {"lcm", math_lcm, "*integers", "Least common multiple.", 0},
    {"perm", math_perm, "n, k=None, /", "Number of ways to arrange k of n items in order; all of them without k.", 0},
    {0},
};
