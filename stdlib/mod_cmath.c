/* cmath: functions of complex numbers.
 *
 * Finite arguments go through formulas chosen for accuracy near the branch cuts, where the textbook ones cancel, and
 * scaled where an intermediate could overflow; they give the same last digits on every platform. Infinities and NaNs
 * follow Annex G of C99, so they are left to the C library. */
#include "runtime/vm.h"

#include <complex.h>
#include <float.h>
#include <math.h>
#undef I
#ifndef CMPLX /* clang with an older C library */
#define CMPLX(re, im) __builtin_complex((double)(re), (double)(im))
#endif

typedef struct Pair {
    double re, im;
} Pair;

typedef enum Trouble { FINE, DOMAIN_ERROR, RANGE_ERROR } Trouble;
typedef Pair (*ComplexFn)(Pair z, Trouble *trouble);

#define PI 3.141592653589793238462643383279502884
#define LN2 0.693147180559945309417232121458176568
#define E_VALUE 2.718281828459045235360287471352662498
/* bounds beyond which squares, sums or exponentials could overflow */
#define LARGE (DBL_MAX / 4.0)
#define LOG_LARGE (log(LARGE))
#define SQRT_LARGE (sqrt(LARGE))
#define SQRT_SMALL (sqrt(DBL_MIN))

static bool finite_pair(Pair z) { return isfinite(z.re) && isfinite(z.im); }

static Pair from_c99(double complex z) { return (Pair){creal(z), cimag(z)}; }
static double complex to_c99(Pair z) { return CMPLX(z.re, z.im); }

static bool any_complex(VM *vm, Value v, Pair *out) {
    if (is_double(v) || is_small_int(v)) {
        out->re = is_double(v) ? as_double(v) : (double)as_small_int(v);
        out->im = 0.0;
        return true;
    }
    Value c = v;
    Type *type = type_of(vm, v);
    if (!is_complex(v) && type->numbers.to_complex) {
        c = type->numbers.to_complex(vm, v);
        if (c == VALUE_ERROR)
            return false;
        if (!is_complex(c)) {
            raise_type(vm, "__complex__ returned non-complex (type %T)", c);
            decref(vm, c);
            return false;
        }
    } else if (!is_complex(v)) {
        out->im = 0.0;
        return to_double(vm, v, &out->re);
    }
    *out = (Pair){((Complex *)as_obj(c))->real, ((Complex *)as_obj(c))->imag};
    if (c != v)
        decref(vm, c);
    return true;
}

static Value raise_trouble(VM *vm, Trouble trouble) {
    return trouble == DOMAIN_ERROR ? raise_value(vm, "math domain error") : raise_overflow(vm, "math range error");
}

static Value result_or_error(VM *vm, Pair r, Trouble trouble) {
    if (trouble != FINE)
        return raise_trouble(vm, trouble);
    return complex_new(vm, as_double(double_from_bits(r.re)), as_double(double_from_bits(r.im)));
}

/* Roots and logarithms --------------------------------------------------------------------------------------------
 */

static Pair c_sqrt(Pair z, Trouble *trouble) {
    if (!finite_pair(z))
        return from_c99(csqrt(to_c99(z)));
    if (z.re == 0.0 && z.im == 0.0)
        return (Pair){0.0, z.im};
    double ax = fabs(z.re), ay = fabs(z.im), s;
    if (ax < DBL_MIN && ay < DBL_MIN) { /* subnormals lose digits in the squares */
        ax = ldexp(ax, 54);
        s = ldexp(sqrt(ax + hypot(ax, ldexp(ay, 54))), -27);
    } else {
        ax /= 8.0;
        s = 2.0 * sqrt(ax + hypot(ax, ay / 8.0));
    }
    double d = ay / (2.0 * s);
    return z.re >= 0.0 ? (Pair){s, copysign(d, z.im)} : (Pair){d, copysign(s, z.im)};
}

static Pair c_log(Pair z, Trouble *trouble) {
    if (!finite_pair(z))
        return from_c99(clog(to_c99(z)));
    double ax = fabs(z.re), ay = fabs(z.im), angle = atan2(z.im, z.re), re;
    if (ax > LARGE || ay > LARGE) {
        re = log(hypot(ax / 2.0, ay / 2.0)) + LN2;
    } else if (ax < DBL_MIN && ay < DBL_MIN) {
        if (ax == 0.0 && ay == 0.0) {
            *trouble = DOMAIN_ERROR;
            re = -(double)INFINITY;
        } else {
            re = log(hypot(ldexp(ax, DBL_MANT_DIG), ldexp(ay, DBL_MANT_DIG))) - DBL_MANT_DIG * LN2;
        }
    } else {
        double h = hypot(ax, ay);
        if (h >= 0.71 && h <= 1.73) { /* near the unit circle log(h) would cancel */
            double big = ax > ay ? ax : ay, small = ax > ay ? ay : ax;
            re = log1p((big - 1.0) * (big + 1.0) + small * small) / 2.0;
        } else {
            re = log(h);
        }
    }
    return (Pair){re, angle};
}

static Pair c_log10(Pair z, Trouble *trouble) {
    Pair r = c_log(z, trouble);
    const double ln10 = 2.302585092994045684017991454684364208;
    return (Pair){r.re / ln10, r.im / ln10};
}

/* Inverse functions -----------------------------------------------------------------------------------------------
 */

static double log_of_large(Pair z) { return log(hypot(z.re / 2.0, z.im / 2.0)) + LN2 * 2.0; }

static Pair c_acos(Pair z, Trouble *trouble) {
    if (!finite_pair(z))
        return from_c99(cacos(to_c99(z)));
    if (fabs(z.re) > LARGE || fabs(z.im) > LARGE) {
        double size = log_of_large(z);
        return (Pair){atan2(fabs(z.im), z.re), z.re < 0.0 ? -copysign(size, z.im) : copysign(size, -z.im)};
    }
    Pair a = c_sqrt((Pair){1.0 - z.re, -z.im}, trouble), b = c_sqrt((Pair){1.0 + z.re, z.im}, trouble);
    return (Pair){2.0 * atan2(a.re, b.re), asinh(b.re * a.im - b.im * a.re)};
}

static Pair c_acosh(Pair z, Trouble *trouble) {
    if (!finite_pair(z))
        return from_c99(cacosh(to_c99(z)));
    if (fabs(z.re) > LARGE || fabs(z.im) > LARGE)
        return (Pair){log_of_large(z), atan2(z.im, z.re)};
    Pair a = c_sqrt((Pair){z.re - 1.0, z.im}, trouble), b = c_sqrt((Pair){z.re + 1.0, z.im}, trouble);
    return (Pair){asinh(a.re * b.re + a.im * b.im), 2.0 * atan2(a.im, b.re)};
}

static Pair c_asinh(Pair z, Trouble *trouble) {
    if (!finite_pair(z))
        return from_c99(casinh(to_c99(z)));
    if (fabs(z.re) > LARGE || fabs(z.im) > LARGE) {
        double size = log_of_large(z);
        return (Pair){z.im >= 0.0 ? copysign(size, z.re) : -copysign(size, -z.re), atan2(z.im, fabs(z.re))};
    }
    Pair a = c_sqrt((Pair){1.0 + z.im, -z.re}, trouble), b = c_sqrt((Pair){1.0 - z.im, z.re}, trouble);
    return (Pair){asinh(a.re * b.im - b.re * a.im), atan2(z.im, a.re * b.re - a.im * b.im)};
}

static Pair c_asin(Pair z, Trouble *trouble) { /* -i asinh(iz) */
    Pair r = c_asinh((Pair){-z.im, z.re}, trouble);
    return (Pair){r.im, -r.re};
}

static Pair c_atanh(Pair z, Trouble *trouble) {
    if (!finite_pair(z))
        return from_c99(catanh(to_c99(z)));
    if (z.re < 0.0 || (z.re == 0.0 && signbit(z.re))) { /* odd: the formulas below want the right half */
        Pair r = c_atanh((Pair){-z.re, -z.im}, trouble);
        return (Pair){-r.re, -r.im};
    }
    double ay = fabs(z.im), x = z.re;
    if (x > SQRT_LARGE || ay > SQRT_LARGE) {
        double h = hypot(x / 2.0, z.im / 2.0);
        return (Pair){x / 4.0 / h / h, -copysign(PI / 2.0, -z.im)};
    }
    if (x == 1.0 && ay < SQRT_SMALL) {
        if (ay == 0.0) {
            *trouble = DOMAIN_ERROR;
            return (Pair){(double)INFINITY, z.im};
        }
        return (Pair){-log(sqrt(ay) / sqrt(hypot(ay, 2.0))), copysign(atan2(2.0, -ay) / 2.0, z.im)};
    }
    return (Pair){log1p(4.0 * x / ((1.0 - x) * (1.0 - x) + ay * ay)) / 4.0,
                  -atan2(-2.0 * z.im, (1.0 - x) * (1.0 + x) - ay * ay) / 2.0};
}

static Pair c_atan(Pair z, Trouble *trouble) { /* -i atanh(iz) */
    Pair r = c_atanh((Pair){-z.im, z.re}, trouble);
    return (Pair){r.im, -r.re};
}

/* Exponential, hyperbolic and circular functions ------------------------------------------------------------------
 */

static Pair check_overflow(Pair r, Trouble *trouble) {
    if (isinf(r.re) || isinf(r.im))
        *trouble = RANGE_ERROR;
    return r;
}

static Pair c_exp(Pair z, Trouble *trouble) {
    if (!finite_pair(z)) {
        if (isinf(z.im) && (isfinite(z.re) || (isinf(z.re) && z.re > 0)))
            *trouble = DOMAIN_ERROR;
        return from_c99(cexp(to_c99(z)));
    }
    if (z.re > LOG_LARGE) {
        double size = exp(z.re - 1.0);
        return check_overflow((Pair){size * cos(z.im) * E_VALUE, size * sin(z.im) * E_VALUE}, trouble);
    }
    double size = exp(z.re);
    return check_overflow((Pair){size * cos(z.im), size * sin(z.im)}, trouble);
}

static Pair c_cosh(Pair z, Trouble *trouble) {
    if (!finite_pair(z)) {
        if (isinf(z.im) && !isnan(z.re))
            *trouble = DOMAIN_ERROR;
        return from_c99(ccosh(to_c99(z)));
    }
    if (fabs(z.re) > LOG_LARGE) {
        double less = z.re - copysign(1.0, z.re);
        return check_overflow((Pair){cos(z.im) * cosh(less) * E_VALUE, sin(z.im) * sinh(less) * E_VALUE}, trouble);
    }
    return check_overflow((Pair){cos(z.im) * cosh(z.re), sin(z.im) * sinh(z.re)}, trouble);
}

static Pair c_sinh(Pair z, Trouble *trouble) {
    if (!finite_pair(z)) {
        if (isinf(z.im) && !isnan(z.re))
            *trouble = DOMAIN_ERROR;
        return from_c99(csinh(to_c99(z)));
    }
    if (fabs(z.re) > LOG_LARGE) {
        double less = z.re - copysign(1.0, z.re);
        return check_overflow((Pair){cos(z.im) * sinh(less) * E_VALUE, sin(z.im) * cosh(less) * E_VALUE}, trouble);
    }
    return check_overflow((Pair){cos(z.im) * sinh(z.re), sin(z.im) * cosh(z.re)}, trouble);
}

static Pair c_tanh(Pair z, Trouble *trouble) {
    if (!finite_pair(z)) {
        if (isinf(z.im) && isfinite(z.re))
            *trouble = DOMAIN_ERROR;
        return from_c99(ctanh(to_c99(z)));
    }
    if (fabs(z.re) > LOG_LARGE)
        return (Pair){copysign(1.0, z.re), 4.0 * sin(z.im) * cos(z.im) * exp(-2.0 * fabs(z.re))};
    double tx = tanh(z.re), ty = tan(z.im), cx = 1.0 / cosh(z.re), product = tx * ty;
    double denominator = 1.0 + product * product;
    return (Pair){tx * (1.0 + ty * ty) / denominator, ((ty / denominator) * cx) * cx};
}

static Pair c_cos(Pair z, Trouble *trouble) { return c_cosh((Pair){-z.im, z.re}, trouble); }

static Pair c_sin(Pair z, Trouble *trouble) { /* -i sinh(iz) */
    Pair r = c_sinh((Pair){-z.im, z.re}, trouble);
    return (Pair){r.im, -r.re};
}

static Pair c_tan(Pair z, Trouble *trouble) { /* -i tanh(iz) */
    Pair r = c_tanh((Pair){-z.im, z.re}, trouble);
    return (Pair){r.im, -r.re};
}

static Value apply(VM *vm, Value arg, ComplexFn f) {
    Pair z;
    if (!any_complex(vm, arg, &z))
        return VALUE_ERROR;
    Trouble trouble = FINE;
    Pair r = f(z, &trouble);
    return result_or_error(vm, r, trouble);
}

#define FUNCTION(name)                                                                                               \
    static Value cmath_##name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                        \
        return apply(vm, args[0], c_##name);                                                                         \
    }
FUNCTION(acos)
FUNCTION(acosh)
FUNCTION(asin)
FUNCTION(asinh)
FUNCTION(atan)
FUNCTION(atanh)
FUNCTION(cos)
FUNCTION(cosh)
FUNCTION(exp)
FUNCTION(log10)
FUNCTION(sin)
FUNCTION(sinh)
FUNCTION(sqrt)
FUNCTION(tan)
FUNCTION(tanh)

/* The others ------------------------------------------------------------------------------------------------------
 */

static Value cmath_log(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair z, base;
    if (!any_complex(vm, args[0], &z) || (args[1] && !any_complex(vm, args[1], &base)))
        return VALUE_ERROR;
    Trouble trouble = FINE;
    Pair r = c_log(z, &trouble);
    if (!args[1])
        return result_or_error(vm, r, trouble);
    trouble = FINE; /* only the base's logarithm and the division count */
    Pair d = c_log(base, &trouble);
    if (trouble != FINE)
        return raise_trouble(vm, trouble);
    Value a = complex_new(vm, r.re, r.im), b = a ? complex_new(vm, d.re, d.im) : VALUE_ERROR;
    Value q = b ? arith_binary(vm, OP_TRUEDIV, a, b) : VALUE_ERROR;
    if (b && !q && error_matches(vm, vm->exc.ZeroDivisionError)) {
        error_clear(vm);
        raise_trouble(vm, DOMAIN_ERROR);
    }
    decref(vm, a);
    decref(vm, b);
    return q;
}

static Value cmath_phase(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair z;
    return any_complex(vm, args[0], &z) ? double_from_bits(atan2(z.im, z.re)) : VALUE_ERROR;
}

static Value cmath_polar(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair z;
    if (!any_complex(vm, args[0], &z))
        return VALUE_ERROR;
    double r = hypot(z.re, z.im);
    if (isinf(r) && finite_pair(z))
        return raise_trouble(vm, RANGE_ERROR);
    Value pair[2] = {double_from_bits(r), double_from_bits(atan2(z.im, z.re))};
    return tuple_from_array_steal(vm, pair, 2);
}

static Value cmath_rect(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double r, phi;
    if (!to_double(vm, args[0], &r) || !to_double(vm, args[1], &phi))
        return VALUE_ERROR;
    Trouble trouble = FINE;
    Pair z;
    if (!isfinite(r) || !isfinite(phi)) {
        if (r != 0.0 && !isnan(r) && isinf(phi))
            trouble = DOMAIN_ERROR;
        if (isinf(r) && isfinite(phi) && phi != 0.0) {
            z.re = copysign((double)INFINITY, cos(phi)) * (r > 0 ? 1.0 : -1.0);
            z.im = copysign((double)INFINITY, sin(phi)) * (r > 0 ? 1.0 : -1.0);
        } else if (isinf(r) && phi == 0.0) {
            z = (Pair){r, r > 0 ? phi : -phi};
        } else if (r == 0.0) {
            z = (Pair){0.0, 0.0};
        } else {
            z = (Pair){isinf(r) ? (double)INFINITY : (double)NAN, phi == 0.0 ? 0.0 : (double)NAN};
        }
    } else if (phi == 0.0) {
        z = (Pair){r, r * phi};
    } else {
        z = (Pair){r * cos(phi), r * sin(phi)};
    }
    return result_or_error(vm, z, trouble);
}

static Value cmath_isclose(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair a, b;
    double rel = 1e-9, abs_tol = 0.0;
    if (!any_complex(vm, args[0], &a) || !any_complex(vm, args[1], &b) ||
        (args[2] && !to_double(vm, args[2], &rel)) || (args[3] && !to_double(vm, args[3], &abs_tol)))
        return VALUE_ERROR;
    if (rel < 0.0 || abs_tol < 0.0)
        return raise_value(vm, "tolerances must be non-negative");
    if (a.re == b.re && a.im == b.im)
        return VALUE_TRUE;
    if (isinf(a.re) || isinf(a.im) || isinf(b.re) || isinf(b.im))
        return VALUE_FALSE;
    double diff = hypot(a.re - b.re, a.im - b.im);
    return from_bool(diff <= rel * hypot(b.re, b.im) || diff <= rel * hypot(a.re, a.im) || diff <= abs_tol);
}

static Value cmath_isfinite(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair z;
    return any_complex(vm, args[0], &z) ? from_bool(finite_pair(z)) : VALUE_ERROR;
}

static Value cmath_isinf(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair z;
    return any_complex(vm, args[0], &z) ? from_bool(isinf(z.re) || isinf(z.im)) : VALUE_ERROR;
}

static Value cmath_isnan(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair z;
    return any_complex(vm, args[0], &z) ? from_bool(isnan(z.re) || isnan(z.im)) : VALUE_ERROR;
}

static const MethodSpec cmath_functions[] = {
    {"acos", cmath_acos, "z, /", "The arc cosine of z.", 0},
    {"acosh", cmath_acosh, "z, /", "The inverse hyperbolic cosine: what cosh() gives z for.", 0},
    {"asin", cmath_asin, "z, /", "The arc sine of z.", 0},
    {"asinh", cmath_asinh, "z, /", "The inverse hyperbolic sine: what sinh() gives z for.", 0},
    {"atan", cmath_atan, "z, /", "The arc tangent of z.", 0},
    {"atanh", cmath_atanh, "z, /", "The inverse hyperbolic tangent: what tanh() gives z for.", 0},
    {"cos", cmath_cos, "z, /", "The cosine of z.", 0},
    {"cosh", cmath_cosh, "z, /", "The hyperbolic cosine: (e**z + e**-z) / 2.", 0},
    {"exp", cmath_exp, "z, /", "e**z, the exponential of z.", 0},
    {"isclose", cmath_isclose, "a, b, *, rel_tol=1e-09, abs_tol=0.0",
     "Tell whether two complex numbers are no further apart than a relative or an absolute tolerance.", 0},
    {"isfinite", cmath_isfinite, "z, /", "Whether both parts of z are finite.", 0},
    {"isinf", cmath_isinf, "z, /", "Whether a part of z is an infinity.", 0},
    {"isnan", cmath_isnan, "z, /", "Whether a part of z is a NaN.", 0},
    {"log", cmath_log, "z, base=<unrepresentable>, /", "The logarithm of z, natural or to the given base.", 0},
    {"log10", cmath_log10, "z, /", "The logarithm of z to base 10.", 0},
    {"phase", cmath_phase, "z, /", "The argument of z: its angle in the complex plane.", 0},
    {"polar", cmath_polar, "z, /", "z in polar coordinates: the pair of its size and its phase.", 0},
    {"rect", cmath_rect, "r, phi, /", "Make a complex number from polar coordinates.", 0},
    {"sin", cmath_sin, "z, /", "The sine of z.", 0},
    {"sinh", cmath_sinh, "z, /", "The hyperbolic sine: (e**z - e**-z) / 2.", 0},
    {"sqrt", cmath_sqrt, "z, /", "The square root of z whose real part is not negative.", 0},
    {"tan", cmath_tan, "z, /", "The tangent of z.", 0},
    {"tanh", cmath_tanh, "z, /", "The hyperbolic tangent: sinh(z) / cosh(z).", 0},
    {0},
};

bool mod_cmath_init(VM *vm, Value module);
bool mod_cmath_init(VM *vm, Value module) {
    double inf = (double)INFINITY, nan_value = (double)NAN;
    return module_add_functions(vm, module, cmath_functions) && module_add(vm, module, "pi", from_double(PI)) &&
           module_add(vm, module, "e", from_double(E_VALUE)) && module_add(vm, module, "tau", from_double(2 * PI)) &&
           module_add(vm, module, "inf", from_double(inf)) && module_add(vm, module, "nan", from_double(nan_value)) &&
           module_add(vm, module, "infj", complex_new(vm, 0.0, inf)) &&
           module_add(vm, module, "nanj", complex_new(vm, 0.0, nan_value));
}
