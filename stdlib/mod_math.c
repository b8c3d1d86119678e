/* math: real functions of floats. Each is the C library's function behind one rule for errors: a NaN that was not put
 * in is a domain error, an infinity that was not put in is a range error where the function can overflow and a domain
 * error (a pole) where it cannot. Integer functions are in mod_math_int.c, sums and norms in mod_math_sum.c. */
#include "stdlib/mod_math.h"

#include <math.h>

#include "object/int_mpn.h"

#define PI 3.141592653589793238462643383279502884
#define LOG_PI 1.144729885849400174143427351353058711647

static Value raise_domain(VM *vm) { return raise_value(vm, "math domain error"); }
static Value raise_range(VM *vm) { return raise_overflow(vm, "math range error"); }

static Value unary(VM *vm, Value arg, double (*f)(double), bool can_overflow) {
    double x;
    if (!to_double(vm, arg, &x))
        return VALUE_ERROR;
    double r = f(x);
    if (isnan(r) && !isnan(x))
        return raise_domain(vm);
    if (isinf(r) && isfinite(x))
        return can_overflow ? raise_range(vm) : raise_domain(vm);
    return double_from_bits(r);
}

#define UNARY(name, f, can_overflow)                                                                                 \
    static Value math_##name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                         \
        return unary(vm, args[0], f, can_overflow);                                                                  \
    }
UNARY(acos, acos, false)
UNARY(acosh, acosh, false)
UNARY(asin, asin, false)
UNARY(asinh, asinh, false)
UNARY(atan, atan, false)
UNARY(atanh, atanh, false)
UNARY(cbrt, cbrt, false)
UNARY(cos, cos, false)
UNARY(cosh, cosh, true)
UNARY(erf, erf, false)
UNARY(erfc, erfc, false)
UNARY(exp, exp, true)
UNARY(exp2, exp2, true)
UNARY(expm1, expm1, true)
UNARY(fabs, fabs, false)
UNARY(log1p, log1p, false)
UNARY(sin, sin, false)
UNARY(sinh, sinh, true)
UNARY(sqrt, sqrt, false)
UNARY(tan, tan, false)
UNARY(tanh, tanh, false)

/* Logarithms ------------------------------------------------------------------------------------------------------
 */

/* The logarithm of a positive number of any size; domain error otherwise. */
static bool log_any(VM *vm, Value arg, double (*f)(double), double *out) {
    double x;
    if (is_int(arg)) {
        if (int_sign(arg) <= 0) {
            raise_domain(vm);
            return false;
        }
        IntView v;
        int_view(arg, &v);
        if (!int_limbs_to_double(v.limbs, v.n, 0, false, &x)) {
            int64_t e = (int64_t)limbs_bits(v.limbs, v.n);
            int_limbs_to_double(v.limbs, v.n, -e, false, &x);
            *out = f(x) + f(2.0) * (double)e;
            return true;
        }
    } else if (!to_double(vm, arg, &x)) {
        return false;
    }
    if (x <= 0.0) {
        raise_domain(vm);
        return false;
    }
    *out = f(x);
    return true;
}

static Value math_log(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double r, base;
    if (!log_any(vm, args[0], log, &r))
        return VALUE_ERROR;
    if (args[1]) {
        if (!log_any(vm, args[1], log, &base))
            return VALUE_ERROR;
        if (base == 0.0)
            return raise_zero_division(vm, "float division by zero");
        r /= base;
    }
    return double_from_bits(r);
}

static Value math_log2(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double r;
    return log_any(vm, args[0], log2, &r) ? double_from_bits(r) : VALUE_ERROR;
}

static Value math_log10(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double r;
    return log_any(vm, args[0], log10, &r) ? double_from_bits(r) : VALUE_ERROR;
}

/* Gamma: Lanczos' approximation with g = 6.0246800..., thirteen terms, as a rational function; the C library's own
 * differs in the last digits from platform to platform. ------------------------------------------------------------
 */

#define LANCZOS_G 6.024680040776729583740234375
#define LANCZOS_TERMS 13

static double lanczos_sum(double x) {
    static const double num[LANCZOS_TERMS] = {
        23531376880.410759688572007674451636754734846804940, 42919803642.649098768957899047001988850926355848959,
        35711959237.355668049440185451547166705960488635843, 17921034426.037209699919755754458931112671403265390,
        6039542586.3520280050642916443072979210699388420708, 1439720407.3117216736632230727949123939715485786372,
        248874557.86205415651146038641322942321632125127801, 31426415.585400194380614231628318205362874684987640,
        2876370.6289353724412254090516208496135991145378768, 186056.26539522349504029498971604569928220784236328,
        8071.6720023658162106380029022722506138218516325024, 210.82427775157934587250973392071336271166969580291,
        2.5066282746310002701649081771338373386264310793408};
    static const double den[LANCZOS_TERMS] = {0.0,        39916800.0, 120543840.0, 150917976.0, 105258076.0,
                                              45995730.0, 13339535.0, 2637558.0,   357423.0,    32670.0,
                                              1925.0,     66.0,       1.0};
    double p = 0.0, q = 0.0;
    if (x < 5.0) {
        for (int i = LANCZOS_TERMS - 1; i >= 0; i--) {
            p = p * x + num[i];
            q = q * x + den[i];
        }
    } else { /* in 1/x, so that the powers cannot overflow */
        for (int i = 0; i < LANCZOS_TERMS; i++) {
            p = p / x + num[i];
            q = q / x + den[i];
        }
    }
    return p / q;
}

static double sin_pi(double x) {
    double y = fmod(fabs(x), 2.0), r;
    switch ((int)round(2.0 * y)) {
    case 0:
        r = sin(PI * y);
        break;
    case 1:
        r = cos(PI * (y - 0.5));
        break;
    case 2:
        r = sin(PI * (1.0 - y));
        break; /* not sin(pi * (y - 1)): the sign of zero */
    case 3:
        r = -cos(PI * (y - 1.5));
        break;
    default:
        r = sin(PI * (y - 2.0));
        break;
    }
    return copysign(1.0, x) * r;
}

/* NaN stands for a domain error; x is not NaN. */
static double gamma_function(double x) {
    if (x == floor(x)) { /* infinities too */
        if (x <= 0.0)
            return (double)NAN;
        if (x <= 23.0) { /* factorials up to 22! are exact */
            double r = 1.0;
            for (double i = 2.0; i < x; i++)
                r *= i;
            return r;
        }
    }
    double a = fabs(x);
    if (a < 1e-20)
        return 1.0 / x;
    if (a > 200.0)
        return x < 0.0 ? 0.0 / sin_pi(x) : (double)INFINITY;
    const double g = LANCZOS_G - 0.5;
    double y = a + g;
    /* what rounding lost in y, to correct the power below */
    double lost = a > g ? (y - a) - g : (y - g) - a;
    double z = lost * LANCZOS_G / y, r;
    if (x < 0.0) { /* reflection */
        r = -PI / sin_pi(a) / a * exp(y) / lanczos_sum(a);
        r -= z * r;
        if (a < 140.0) {
            r /= pow(y, a - 0.5);
        } else {
            double half = pow(y, a / 2.0 - 0.25);
            r /= half;
            r /= half;
        }
        return r;
    }
    r = lanczos_sum(a) / exp(y);
    r += z * r;
    if (a < 140.0)
        return r * pow(y, a - 0.5);
    double half = pow(y, a / 2.0 - 0.25);
    r *= half;
    return r * half;
}

static double lgamma_function(double x) {
    if (isinf(x))
        return (double)INFINITY;
    if (x == floor(x) && x <= 2.0)
        return x <= 0.0 ? (double)NAN : 0.0;
    double a = fabs(x);
    if (a < 1e-20)
        return -log(a);
    double r = log(lanczos_sum(a)) - LANCZOS_G;
    r += (a - 0.5) * (log(a + LANCZOS_G - 0.5) - 1.0);
    return x < 0.0 ? LOG_PI - log(fabs(sin_pi(a))) - log(a) - r : r;
}

static double gamma_checked(double x) { return isnan(x) ? x : gamma_function(x); }
static double lgamma_checked(double x) { return isnan(x) ? x : lgamma_function(x); }
UNARY(gamma, gamma_checked, true)
UNARY(lgamma, lgamma_checked, true)

/* Two arguments ---------------------------------------------------------------------------------------------------
 */

static bool two_doubles(VM *vm, Value *args, double *x, double *y) {
    return to_double(vm, args[0], x) && to_double(vm, args[1], y);
}

static Value math_atan2(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double y, x;
    return two_doubles(vm, args, &y, &x) ? double_from_bits(atan2(y, x)) : VALUE_ERROR;
}

static Value math_copysign(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x, y;
    return two_doubles(vm, args, &x, &y) ? double_from_bits(copysign(x, y)) : VALUE_ERROR;
}

static Value math_fmod(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x, y;
    if (!two_doubles(vm, args, &x, &y))
        return VALUE_ERROR;
    double r = fmod(x, y);
    return isnan(r) && !isnan(x) && !isnan(y) ? raise_domain(vm) : double_from_bits(r);
}

static Value math_remainder(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x, y;
    if (!two_doubles(vm, args, &x, &y))
        return VALUE_ERROR;
    double r = remainder(x, y);
    return isnan(r) && !isnan(x) && !isnan(y) ? raise_domain(vm) : double_from_bits(r);
}

static Value math_pow(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x, y;
    if (!two_doubles(vm, args, &x, &y))
        return VALUE_ERROR;
    double r = pow(x, y);
    if (isnan(r) && !isnan(x) && !isnan(y))
        return raise_domain(vm);
    if (isinf(r) && isfinite(x) && isfinite(y))
        return x == 0.0 ? raise_domain(vm) : raise_range(vm);
    return double_from_bits(r);
}

static Value math_fma(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x, y, z;
    if (!two_doubles(vm, args, &x, &y) || !to_double(vm, args[2], &z))
        return VALUE_ERROR;
    double r = fma(x, y, z);
    if (isnan(r) && !isnan(x) && !isnan(y) && !isnan(z))
        return raise_value(vm, "invalid operation in fma");
    if (isinf(r) && isfinite(x) && isfinite(y) && isfinite(z))
        return raise_overflow(vm, "overflow in fma");
    return double_from_bits(r);
}

static Value math_degrees(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x;
    return to_double(vm, args[0], &x) ? double_from_bits(x * (180.0 / PI)) : VALUE_ERROR;
}

static Value math_radians(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x;
    return to_double(vm, args[0], &x) ? double_from_bits(x * (PI / 180.0)) : VALUE_ERROR;
}

/* Taking doubles apart --------------------------------------------------------------------------------------------
 */

static Value pair_of(VM *vm, Value a, Value b) {
    Value pair[2] = {a, b};
    return tuple_from_array_steal(vm, pair, 2);
}

static Value math_frexp(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x;
    if (!to_double(vm, args[0], &x))
        return VALUE_ERROR;
    int e = 0;
    if (isfinite(x))
        x = frexp(x, &e);
    return pair_of(vm, double_from_bits(x), from_small_int(e));
}

static Value math_modf(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x, whole;
    if (!to_double(vm, args[0], &x))
        return VALUE_ERROR;
    double fraction = modf(x, &whole);
    return pair_of(vm, double_from_bits(fraction), double_from_bits(whole));
}

static Value math_ldexp(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x;
    if (!to_double(vm, args[0], &x))
        return VALUE_ERROR;
    if (!is_int(args[1]))
        return raise_type(vm, "Expected an int as second argument to ldexp.");
    int64_t e;
    if (!int_fits_int64(args[1], &e))
        e = int_sign(args[1]) < 0 ? INT64_MIN : INT64_MAX;
    if (x == 0.0 || !isfinite(x))
        return double_from_bits(x);
    int small = e > 10000 ? 10000 : e < -10000 ? -10000 : (int)e;
    double r = ldexp(x, small);
    return isinf(r) ? raise_range(vm) : double_from_bits(r);
}

static Value math_ulp(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x;
    if (!to_double(vm, args[0], &x))
        return VALUE_ERROR;
    x = fabs(x);
    if (!isfinite(x))
        return double_from_bits(x);
    double above = nextafter(x, (double)INFINITY);
    return from_double(isinf(above) ? x - nextafter(x, 0.0) : above - x);
}

/* Doubles in order as integers, so that neighbours differ by one; both zeros are 0. */
static int64_t double_to_rank(double d) {
    int64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits < 0 ? -(bits & INT64_MAX) : bits;
}

static double rank_to_double(int64_t rank, bool negative_zero) {
    uint64_t bits = rank < 0 ? (uint64_t)-rank | (uint64_t)1 << 63 : (uint64_t)rank;
    double d;
    memcpy(&d, &bits, sizeof d);
    return rank == 0 && negative_zero ? -0.0 : d;
}

static Value math_nextafter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x, y;
    if (!two_doubles(vm, args, &x, &y))
        return VALUE_ERROR;
    if (!args[2] || is_none(args[2]))
        return double_from_bits(nextafter(x, y));
    Value index = to_index(vm, args[2]);
    if (index == VALUE_ERROR)
        return VALUE_ERROR;
    uint64_t steps;
    bool negative = int_sign(index) < 0;
    if (!int_fits_uint64(index, &steps))
        steps = UINT64_MAX;
    decref(vm, index);
    if (negative)
        return raise_value(vm, "steps must be a non-negative integer");
    if (steps == 0 || isnan(x))
        return double_from_bits(x);
    if (isnan(y))
        return double_from_bits(y);
    int64_t from = double_to_rank(x), to = double_to_rank(y);
    uint64_t distance = to > from ? (uint64_t)to - (uint64_t)from : (uint64_t)from - (uint64_t)to;
    if (steps >= distance)
        return double_from_bits(y);
    int64_t rank = to > from ? (int64_t)((uint64_t)from + steps) : (int64_t)((uint64_t)from - steps);
    return from_double(rank_to_double(rank, from < 0));
}

static Value math_isclose(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double a, b, rel = 1e-9, abs_tol = 0.0;
    if (!two_doubles(vm, args, &a, &b) || (args[2] && !to_double(vm, args[2], &rel)) ||
        (args[3] && !to_double(vm, args[3], &abs_tol)))
        return VALUE_ERROR;
    if (rel < 0.0 || abs_tol < 0.0)
        return raise_value(vm, "tolerances must be non-negative");
    if (a == b)
        return VALUE_TRUE;
    if (isinf(a) || isinf(b))
        return VALUE_FALSE;
    double diff = fabs(b - a);
    return from_bool(diff <= fabs(rel * b) || diff <= fabs(rel * a) || diff <= abs_tol);
}

static Value math_isnan(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x;
    return to_double(vm, args[0], &x) ? from_bool(isnan(x)) : VALUE_ERROR;
}

static Value math_isinf(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x;
    return to_double(vm, args[0], &x) ? from_bool(isinf(x)) : VALUE_ERROR;
}

static Value math_isfinite(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double x;
    return to_double(vm, args[0], &x) ? from_bool(isfinite(x)) : VALUE_ERROR;
}

/* Rounding to integers: floats directly, others by their special method, then as a real number. */
static Value round_by(VM *vm, Value v, double (*f)(double), Value method) {
    if (is_double(v))
        return int_from_double(vm, f(as_double(v)));
    if (is_small_int(v))
        return v;
    Value r = call_special(vm, v, method, NULL, 0);
    if (r != VALUE_ERROR || error_pending(vm))
        return r;
    double x;
    return to_double(vm, v, &x) ? int_from_double(vm, f(x)) : VALUE_ERROR;
}

static Value math_ceil(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return round_by(vm, args[0], ceil, NAME(__ceil__));
}

static Value math_floor(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return round_by(vm, args[0], floor, NAME(__floor__));
}

static Value math_trunc(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (is_double(args[0]))
        return int_from_double(vm, as_double(args[0]));
    Value r = call_special(vm, args[0], NAME(__trunc__), NULL, 0);
    if (r == VALUE_ERROR && !error_pending(vm))
        return raise_type(vm, "type %T doesn't define __trunc__ method", args[0]);
    return r;
}

static const MethodSpec math_functions[] = {
    {"acos", math_acos, "x, /", "The arc cosine of x, in radians.", 0},
    {"acosh", math_acosh, "x, /", "The inverse hyperbolic cosine: what cosh() gives x for.", 0},
    {"asin", math_asin, "x, /", "The arc sine of x, in radians.", 0},
    {"asinh", math_asinh, "x, /", "The inverse hyperbolic sine: what sinh() gives x for.", 0},
    {"atan", math_atan, "x, /", "The arc tangent of x, in radians.", 0},
    {"atan2", math_atan2, "y, x, /", "The angle of the point (x, y), in radians: the arc tangent of y/x.", 0},
    {"atanh", math_atanh, "x, /", "The inverse hyperbolic tangent: what tanh() gives x for.", 0},
    {"cbrt", math_cbrt, "x, /", "The cube root of x, which may be negative.", 0},
    {"ceil", math_ceil, "x, /", "The smallest integer that is not below x.", 0},
    {"copysign", math_copysign, "x, y, /", "A float with the size of x and the sign of y.", 0},
    {"cos", math_cos, "x, /", "The cosine of x radians.", 0},
    {"cosh", math_cosh, "x, /", "The hyperbolic cosine: (e**x + e**-x) / 2.", 0},
    {"degrees", math_degrees, "x, /", "Convert an angle from radians to degrees.", 0},
    {"erf", math_erf, "x, /", "Error function at x.", 0},
    {"erfc", math_erfc, "x, /", "Complementary error function at x: 1 - erf(x).", 0},
    {"exp", math_exp, "x, /", "e**x, the exponential of x.", 0},
    {"exp2", math_exp2, "x, /", "2**x, as a float.", 0},
    {"expm1", math_expm1, "x, /", "exp(x) - 1 without losing precision for small x.", 0},
    {"fabs", math_fabs, "x, /", "The absolute value of x as a float.", 0},
    {"floor", math_floor, "x, /", "The largest integer that is not above x.", 0},
    {"fma", math_fma, "x, y, z, /", "x*y + z, rounded once.", 0},
    {"fmod", math_fmod, "x, y, /", "The remainder of x/y with the sign of x, as C's fmod does.", 0},
    {"frexp", math_frexp, "x, /", "(m, e) with x == m * 2**e and 0.5 <= abs(m) < 1; (0.0, 0) for zero.", 0},
    {"gamma", math_gamma, "x, /", "Gamma function at x.", 0},
    {"isclose", math_isclose, "a, b, *, rel_tol=1e-09, abs_tol=0.0",
     "Tell whether two numbers differ by no more than a relative or an absolute tolerance.", 0},
    {"isfinite", math_isfinite, "x, /", "Whether x is neither an infinity nor a NaN.", 0},
    {"isinf", math_isinf, "x, /", "Whether x is a positive or negative infinity.", 0},
    {"isnan", math_isnan, "x, /", "Whether x is a NaN.", 0},
    {"ldexp", math_ldexp, "x, i, /", "x * (2**i): the inverse of frexp().", 0},
    {"lgamma", math_lgamma, "x, /", "Natural logarithm of the absolute value of the gamma function at x.", 0},
    {"log", math_log, "x, base=math.e, /", "The logarithm of x to the given base, by default the natural one.", 0},
    {"log10", math_log10, "x, /", "The logarithm of x to base 10.", 0},
    {"log1p", math_log1p, "x, /", "The natural logarithm of 1 + x, precise for small x.", 0},
    {"log2", math_log2, "x, /", "The logarithm of x to base 2.", 0},
    {"modf", math_modf, "x, /", "The fractional and the integral part of x, both with its sign.", 0},
    {"nextafter", math_nextafter, "x, y, /, *, steps=None",
     "The float after x towards y, or the one that is `steps` steps away, but never beyond y.", 0},
    {"pow", math_pow, "x, y, /", "x**y as floats.", 0},
    {"radians", math_radians, "x, /", "Convert an angle from degrees to radians.", 0},
    {"remainder", math_remainder, "x, y, /", "x minus the multiple of y that is nearest to it (IEEE 754).", 0},
    {"sin", math_sin, "x, /", "The sine of x radians.", 0},
    {"sinh", math_sinh, "x, /", "The hyperbolic sine: (e**x - e**-x) / 2.", 0},
    {"sqrt", math_sqrt, "x, /", "The square root of x, which must not be negative.", 0},
    {"tan", math_tan, "x, /", "The tangent of x radians.", 0},
    {"tanh", math_tanh, "x, /", "The hyperbolic tangent: sinh(x) / cosh(x).", 0},
    {"trunc", math_trunc, "x, /", "Cut x to an integer, towards zero.", 0},
    {"ulp", math_ulp, "x, /", "What the last bit of the float x is worth: the distance to its neighbours.", 0},
    {0},
};

bool mod_math_init(VM *vm, Value module) {
    return module_add_functions(vm, module, math_functions) &&
           module_add_functions(vm, module, math_integer_functions) &&
           module_add_functions(vm, module, math_sum_functions) && module_add(vm, module, "pi", from_double(PI)) &&
           module_add(vm, module, "e", from_double(2.718281828459045235360287471352662498)) &&
           module_add(vm, module, "tau", from_double(2 * PI)) &&
           module_add(vm, module, "inf", from_double((double)INFINITY)) &&
           module_add(vm, module, "nan", from_double((double)NAN));
}
