/* float: arithmetic, comparison, hashing, the constructor and the methods.
 *
 * A float is an unboxed double; only instances of subclasses are objects, and every operation on them gives a plain
 * double. NaNs are kept in the one form the value encoding allows (double_from_bits). Comparisons and hashes agree
 * exactly with those of ints of any size. */
#include "runtime/vm.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "object/bytes.h"
#include "object/int_mpn.h"
#include "object/number_format.h"
#include "object/number_text.h"

Value double_from_bits(double foreign) {
    if (unlikely(isnan(foreign)))
        return from_double(signbit(foreign) ? -(double)NAN : (double)NAN);
    return from_double(foreign);
}

static Value float_new_subtype(VM *vm, Type *type, double d) {
    Float *f = object_alloc(vm, type, 0);
    if (!f)
        return VALUE_ERROR;
    f->value = d;
    return from_obj(f);
}

/* Arithmetic ------------------------------------------------------------------------------------------------------
 */

double float_mod(double a, double b) {
    double mod = fmod(a, b);
    if (mod == 0.0)
        return copysign(0.0, b);
    return (b < 0) != (mod < 0) ? mod + b : mod;
}

static double floor_division(double a, double b, double *mod_out) {
    double mod = fmod(a, b), div = (a - mod) / b;
    if (mod != 0.0) {
        if ((b < 0) != (mod < 0)) {
            mod += b;
            div -= 1.0;
        }
    } else {
        mod = copysign(0.0, b);
    }
    *mod_out = mod;
    if (div == 0.0)
        return copysign(0.0, a / b);
    double whole = floor(div); /* div is nearly whole already: undo a rounding to the wrong side */
    return div - whole > 0.5 ? whole + 1.0 : whole;
}

double float_floordiv(double a, double b) {
    double mod;
    return floor_division(a, b, &mod);
}

static Value raise_range(VM *vm) {
    Value text = str_from_c(vm, "Numerical result out of range");
    if (text == VALUE_ERROR)
        return VALUE_ERROR;
    Value args[2] = {from_small_int(ERANGE), text};
    Value exc = exception_new(vm, vm->exc.OverflowError, args, 2);
    decref(vm, text);
    if (exc == VALUE_ERROR)
        return VALUE_ERROR;
    raise_object(vm, exc);
    decref(vm, exc);
    return VALUE_ERROR;
}

static Value float_power(VM *vm, double a, double b) {
    if (a == 0.0 && b < 0.0 && !isinf(b))
        return raise_zero_division(vm, "0.0 cannot be raised to a negative power");
    if (a == 0.0 && isinf(b) && b < 0.0)
        return from_double((double)INFINITY);
    if (a < 0.0 && isfinite(a) && isfinite(b) && b != floor(b))
        return complex_power_values(vm, a, 0.0, b, 0.0);
    double r = pow(a, b);
    if (isinf(r) && isfinite(a) && isfinite(b))
        return raise_range(vm);
    return from_double(r);
}

Value float_binary(VM *vm, BinaryOp op, double a, double b) {
    switch (op) {
    case OP_ADD:
        return from_double(a + b);
    case OP_SUB:
        return from_double(a - b);
    case OP_MUL:
        return from_double(a * b);
    case OP_TRUEDIV:
        return b == 0.0 ? raise_zero_division(vm, "float division by zero") : from_double(a / b);
    case OP_FLOORDIV:
        return b == 0.0 ? raise_zero_division(vm, "float floor division by zero") : from_double(float_floordiv(a, b));
    case OP_MOD:
        return b == 0.0 ? raise_zero_division(vm, "float modulo by zero") : from_double(float_mod(a, b));
    case OP_DIVMOD: {
        if (b == 0.0)
            return raise_zero_division(vm, "float divmod()");
        double mod, div = floor_division(a, b, &mod);
        Value pair[2] = {from_double(div), from_double(mod)};
        return tuple_from_array_steal(vm, pair, 2);
    }
    case OP_POW:
        return float_power(vm, a, b);
    default:
        return VALUE_NOTIMPL;
    }
}

/* Comparison and hash ---------------------------------------------------------------------------------------------
 */

int float_compare_int(double d, Value i) {
    int64_t small;
    if (isinf(d))
        return d > 0 ? 1 : -1;
    if (int_fits_int64(i, &small)) {
        if (small > -((int64_t)1 << 53) && small < (int64_t)1 << 53) {
            double x = (double)small;
            return (d > x) - (d < x);
        }
        if (fabs(d) < 9.2e18) { /* truncation cannot pass an integer */
            int64_t whole = (int64_t)d;
            return whole != small ? (whole > small) - (whole < small) : (d > (double)whole) - (d < (double)whole);
        }
    }
    int sign = int_sign(i), d_sign = (d > 0) - (d < 0);
    if (sign != d_sign)
        return d_sign < sign ? -1 : 1;
    int exp;
    frexp(d, &exp);
    size_t bits = int_bit_length(i);
    if (exp <= 0 || (size_t)exp != bits)
        return exp > 0 && (size_t)exp > bits ? d_sign : -d_sign;
    /* Same magnitude: compare the top limbs of both; a double past 2^62 has no fraction. */
    IntView v;
    int_view(i, &v);
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(d), &exp), 53), limbs[18];
    size_t shift = exp > 53 ? (size_t)exp - 53 : 0;
    if (exp < 53)
        mantissa >>= 53 - exp; /* not reached for integers past int64 */
    limbs_shift_left(limbs, &mantissa, 1, shift);
    int c = limbs_compare(limbs, limbs_trim(limbs, shift / 64 + 2), v.limbs, v.n);
    return d_sign * ((c > 0) - (c < 0));
}

int64_t float_hash(VM *vm, Value v) {
    double d = float_value(v);
    if (fabs(d) < 2e9 && d == (double)(int32_t)d) {
        int64_t i = (int64_t)d;
        return i == -1 ? -2 : i;
    }
    if (isnan(d))
        return 0;
    if (isinf(d))
        return d > 0 ? 314159 : -314159;
    /* mantissa * 2^e modulo 2^61 - 1: multiplying by two rotates 61 bits */
    const uint64_t p = ((uint64_t)1 << 61) - 1;
    int e;
    uint64_t x = (uint64_t)ldexp(frexp(fabs(d), &e), 53);
    int turn = ((e - 53) % 61 + 61) % 61;
    x = (x << turn & p) | x >> (61 - turn);
    int64_t h = d < 0 ? -(int64_t)x : (int64_t)x;
    return h == -1 ? -2 : h;
}

static Value order_result(int c, CompareOp op) { return from_bool(order_holds(c, op)); }

static Value float_slot_compare(VM *vm, Value a, Value b, CompareOp op) {
    double x = float_value(a);
    if (is_float(b)) {
        double y = float_value(b);
        if (isnan(x) || isnan(y))
            return from_bool(op == CMP_NE);
        return order_result((x > y) - (x < y), op);
    }
    if (!is_int(b))
        return VALUE_NOTIMPL;
    return isnan(x) ? from_bool(op == CMP_NE) : order_result(float_compare_int(x, b), op);
}

/* Text ------------------------------------------------------------------------------------------------------------
 */

Value float_parse(VM *vm, Value text) {
    Buffer buffer = {.data = NULL};
    const char *data;
    size_t n;
    if (is_str(text)) {
        data = as_str(text)->data;
        n = as_str(text)->nbytes;
        double d;
        if (float_from_text(data, n, &d))
            return from_double(d);
    } else {
        if (!buffer_get(vm, text, &buffer, false))
            return VALUE_ERROR;
        data = buffer.data;
        n = buffer.len;
    }
    size_t count, cap;
    char *ascii = number_ascii(vm, data, n, is_str(text), &count, &cap);
    if (buffer.data || !is_str(text))
        buffer_release(vm, &buffer);
    if (!ascii)
        return VALUE_ERROR;
    double d;
    bool good = number_drop_underscores(ascii, &count) && float_from_text(ascii, count, &d);
    mem_free(vm, ascii, cap);
    if (!good)
        return raise_value(vm, "could not convert string to float: %R", text);
    return from_double(d);
}

static Value float_slot_repr(VM *vm, Value self) {
    char text[32];
    size_t n = float_repr(float_value(self), text);
    return str_new_ascii(vm, text, n);
}

static Value float_hex(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double d = float_value(self);
    if (!isfinite(d))
        return float_slot_repr(vm, self);
    char text[40];
    const char *sign = signbit(d) ? "-" : "";
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int e = (int)(bits >> 52 & 0x7FF), n;
    if (e == 0 && fraction == 0)
        n = snprintf(text, sizeof text, "%s0x0.0p+0", sign);
    else
        n = snprintf(text, sizeof text, "%s0x%d.%013llxp%+d", sign, e != 0, (unsigned long long)fraction,
                     e == 0 ? -1022 : e - 1023);
    return str_new_ascii(vm, text, (size_t)n);
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

typedef struct HexScan {
    uint64_t top; /* the first 16 significant digits */
    int taken;    /* significant digits in top */
    bool sticky;
    int64_t exp2;
} HexScan;

/* The digits after the prefix; returns the place behind them, or 0 if there are none. */
static size_t scan_hex_digits(const char *p, size_t n, size_t at, HexScan *s) {
    bool point = false;
    size_t digits = 0;
    for (; at < n; at++) {
        if (p[at] == '.' && !point) {
            point = true;
            continue;
        }
        int digit = hex_digit(p[at]);
        if (digit < 0)
            break;
        digits++;
        if (s->taken == 0 && digit == 0) {
            s->exp2 -= point ? 4 : 0;
        } else if (s->taken < 16) {
            s->top = s->top << 4 | (uint64_t)digit;
            s->taken++;
            s->exp2 -= point ? 4 : 0;
        } else {
            s->sticky = s->sticky || digit != 0;
            s->exp2 += point ? 0 : 4;
        }
    }
    return digits ? at : 0;
}

/* 0: malformed, 1: fine, -1: too large */
static int parse_hex(const char *p, size_t n, double *out) {
    size_t at = 0;
    bool negative = n > 0 && p[0] == '-';
    if (n > 0 && (p[0] == '-' || p[0] == '+'))
        at++;
    if (at < n && (p[at] | 32) >= 'i' && (p[at] | 32) <= 'n') /* inf, nan */
        return number_scan_double(p, n, out) == n;
    if (at + 1 < n && p[at] == '0' && (p[at + 1] | 32) == 'x')
        at += 2;
    HexScan s = {0};
    at = scan_hex_digits(p, n, at, &s);
    if (at == 0)
        return 0;
    if (at < n && (p[at] | 32) == 'p') {
        bool down = ++at < n && p[at] == '-';
        if (at < n && (p[at] == '-' || p[at] == '+'))
            at++;
        size_t first = at;
        int64_t e = 0;
        for (; at < n && p[at] >= '0' && p[at] <= '9'; at++)
            if (e < (int64_t)1 << 58)
                e = e * 10 + (p[at] - '0');
        if (at == first)
            return 0;
        s.exp2 += down ? -e : e;
    }
    if (at != n)
        return 0;
    double d = 0.0;
    if (s.top != 0) {
        int lead = __builtin_clzll(s.top);
        if (!number_compose_double(s.top << lead, s.exp2 - lead, s.sticky, &d))
            return -1;
    }
    *out = negative ? -d : d;
    return 1;
}

static Value float_fromhex(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "bad argument type for built-in operation");
    const char *p = as_str(args[0])->data;
    size_t n = as_str(args[0])->nbytes;
    while (n > 0 && (p[n - 1] == ' ' || (p[n - 1] >= 9 && p[n - 1] <= 13)))
        n--;
    while (n > 0 && (*p == ' ' || (*p >= 9 && *p <= 13))) {
        p++;
        n--;
    }
    double d = 0.0;
    int status = parse_hex(p, n, &d);
    if (status == 0)
        return raise_value(vm, "invalid hexadecimal floating-point string");
    if (status < 0)
        return raise_overflow(vm, "hexadecimal value too large to represent as a float");
    Value v = from_double(d);
    return as_type(self) == vm->types.float_ ? v : call1(vm, self, v);
}

/* Constructor -----------------------------------------------------------------------------------------------------
 */

static Value float_from_object(VM *vm, Value v) {
    if (is_double(v))
        return v;
    if (has_exact_kind(v, KIND_STR))
        return float_parse(vm, v);
    Type *type = type_of(vm, v);
    if (type->numbers.to_float) {
        Value r = type->numbers.to_float(vm, v);
        if (r == VALUE_ERROR || is_double(r))
            return r;
        if (!is_float(r)) {
            raise_type(vm, "%T.__float__ returned non-float (type %T)", v, r);
        } else if (warn(vm, vm->exc.DeprecationWarning, 1,
                        "%T.__float__ returned non-float (type %T).  The ability to return an instance of a strict "
                        "subclass of float is deprecated, and may be removed in a future version of Python.",
                        v, r)) {
            double d = float_value(r);
            decref(vm, r);
            return from_double(d);
        }
        decref(vm, r);
        return VALUE_ERROR;
    }
    if (type->slots.index) {
        Value i = to_index(vm, v);
        if (i == VALUE_ERROR)
            return VALUE_ERROR;
        bool ok;
        double d = int_to_double(vm, i, &ok);
        decref(vm, i);
        return ok ? from_double(d) : VALUE_ERROR;
    }
    if (is_str(v) || type->slots.get_buffer)
        return float_parse(vm, v);
    return raise_type(vm, "float() argument must be a string or a real number, not '%T'", v);
}

static Value float_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len != 0 && type->slots.init == vm->types.float_->slots.init)
        return raise_type(vm, "float() takes no keyword arguments");
    if (nargs > 1)
        return raise_type(vm, "float expected at most 1 argument, got %u", nargs);
    Value v = nargs == 0 ? from_double(0.0) : float_from_object(vm, args[0]);
    return v == VALUE_ERROR || type == vm->types.float_ ? v : float_new_subtype(vm, type, as_double(v));
}

/* Methods ---------------------------------------------------------------------------------------------------------
 */

static Value float_as_integer_ratio(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double d = float_value(self);
    if (isinf(d))
        return raise_overflow(vm, "cannot convert Infinity to integer ratio");
    if (isnan(d))
        return raise_value(vm, "cannot convert NaN to integer ratio");
    int e;
    double fraction = frexp(d, &e);
    for (int i = 0; i < 300 && fraction != floor(fraction); i++) {
        fraction *= 2.0;
        e--;
    }
    Value pair[2] = {int_from_double(vm, fraction), from_small_int(1)};
    if (pair[0] == VALUE_ERROR)
        return VALUE_ERROR;
    set_owned(vm, &pair[e < 0], int_binary(vm, OP_LSHIFT, pair[e < 0], from_small_int(e < 0 ? -e : e)));
    if (pair[e < 0] == VALUE_ERROR) {
        decref(vm, pair[!(e < 0)]);
        return VALUE_ERROR;
    }
    return tuple_from_array_steal(vm, pair, 2);
}

static Value float_is_integer(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double d = float_value(self);
    return from_bool(isfinite(d) && floor(d) == d);
}

static Value float_plain(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_double(float_value(self));
}

static Value float_trunc(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_double(vm, float_value(self));
}

static Value float_floor(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_double(vm, floor(float_value(self)));
}

static Value float_ceil(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_double(vm, ceil(float_value(self)));
}

Value float_round(VM *vm, double d, Value ndigits) {
    if (ndigits == 0 || is_none(ndigits)) {
        double rounded = round(d);
        if (fabs(d - rounded) == 0.5)
            rounded = 2.0 * round(d / 2.0);
        return int_from_double(vm, rounded);
    }
    ssize_t places;
    Value index = to_index(vm, ndigits);
    if (index == VALUE_ERROR)
        return VALUE_ERROR;
    int64_t wide;
    places = int_fits_int64(index, &wide) && wide > -5000 && wide < 5000 ? (ssize_t)wide : int_sign(index) * 5000;
    decref(vm, index);
    if (!isfinite(d) || d == 0.0 || places > 323)
        return from_double(d);
    if (places < -308)
        return from_double(0.0 * d);
    /* To exactly rounded digits and back: both steps are correct, so the result is what the decimal would read as. */
    Decimal x;
    decimal_fixed(fabs(d), (int)places, &x);
    char text[DECIMAL_DIGITS_MAX + 16];
    memcpy(text, x.digits, (size_t)x.n);
    int n = x.n + snprintf(text + x.n, 16, "e%d", x.point - x.n);
    double r = 0.0;
    float_from_text(text, (size_t)n, &r);
    if (isinf(r))
        return raise_overflow(vm, "rounded value too large to represent");
    return from_double(copysign(r, d));
}

static Value float_round_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return float_round(vm, float_value(self), args[0]);
}

static Value float_format_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "__format__() argument must be str, not %T", args[0]);
    if (as_str(args[0])->nbytes == 0)
        return is_double(self) ? float_slot_repr(vm, self) : to_str(vm, self);
    return float_format_value(vm, float_value(self), args[0], type_name(self));
}

static Value float_getnewargs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v = from_double(float_value(self));
    return tuple_from_array_steal(vm, &v, 1);
}

static Value float_getformat(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "__getformat__() argument must be str, not %T", args[0]);
    if (!str_equals_c(args[0], "double") && !str_equals_c(args[0], "float"))
        return raise_value(vm, "__getformat__() argument 1 must be 'double' or 'float'");
    return str_from_c(vm, __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? "IEEE, little-endian" : "IEEE, big-endian");
}

static Value float_sizeof(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return from_small_int(24); }

static Value float_get_real(VM *vm, Value self) { return from_double(float_value(self)); }
static Value float_get_imag(VM *vm, Value self) { return from_double(0.0); }

static const MethodSpec float_method_table[] = {
    {"as_integer_ratio", float_as_integer_ratio, "",
     "Return a pair of integers, the denominator positive, whose ratio is exactly the float.", 0},
    {"conjugate", float_plain, "", "Return self: a real number is its own complex conjugate.", 0},
    {"fromhex", float_fromhex, "string, /", "Make a float from a hexadecimal string.", METHOD_CLASS},
    {"hex", float_hex, "", "Return a hexadecimal representation that float.fromhex reads back exactly.", 0},
    {"is_integer", float_is_integer, "", "Return True if the float has no fractional part.", 0},
    {"__trunc__", float_trunc, "", "Return the integral part: the float cut towards zero.", 0},
    {"__floor__", float_floor, "", "Return the largest integer that is not above the float.", 0},
    {"__ceil__", float_ceil, "", "Return the smallest integer that is not below the float.", 0},
    {"__round__", float_round_method, "ndigits=None, /",
     "Round half to even: to an integer, or to a float with ndigits digits behind the point.", 0},
    {"__format__", float_format_method, "format_spec, /", "The number as text, laid out as the format says.", 0},
    {"__getnewargs__", float_getnewargs, "", "Arguments from which pickle makes the number again.", 0},
    {"__getformat__", float_getformat, "typestr, /", "Tell how C doubles or floats are stored on this machine.",
     METHOD_CLASS},
    {"__sizeof__", float_sizeof, "", "Size in memory, in bytes.", 0},
    {0},
};

static const GetSetSpec float_getset_table[] = {
    {"real", float_get_real, NULL, "The number itself, as a float."},
    {"imag", float_get_imag, NULL, "0.0: there is no imaginary part."},
    {0},
};

/* Slots -----------------------------------------------------------------------------------------------------------
 */

/* The operand as a double: 1; 0: not a number; -1: an int too large. */
static int operand(VM *vm, Value v, double *out) {
    if (is_double(v)) {
        *out = as_double(v);
        return 1;
    }
    if (is_int(v)) {
        bool ok;
        *out = int_to_double(vm, v, &ok);
        return ok ? 1 : -1;
    }
    if (!has_kind(v, KIND_FLOAT))
        return 0;
    *out = ((Float *)as_obj(v))->value;
    return 1;
}

static Value binary_slot(VM *vm, BinaryOp op, Value a, Value b) {
    double x = 0.0, y = 0.0;
    int got = operand(vm, a, &x);
    if (got > 0)
        got = operand(vm, b, &y);
    if (got <= 0)
        return got == 0 ? VALUE_NOTIMPL : VALUE_ERROR;
    return float_binary(vm, op, x, y);
}

#define FLOAT_BINARY_SLOT(name, op)                                                                                  \
    static Value float_slot_##name(VM *vm, Value a, Value b) { return binary_slot(vm, op, a, b); }
FLOAT_BINARY_SLOT(add, OP_ADD)
FLOAT_BINARY_SLOT(sub, OP_SUB)
FLOAT_BINARY_SLOT(mul, OP_MUL)
FLOAT_BINARY_SLOT(truediv, OP_TRUEDIV)
FLOAT_BINARY_SLOT(floordiv, OP_FLOORDIV)
FLOAT_BINARY_SLOT(mod, OP_MOD)
FLOAT_BINARY_SLOT(pow, OP_POW)
FLOAT_BINARY_SLOT(divmod, OP_DIVMOD)

static Value float_slot_pow_mod(VM *vm, Value a, Value b, Value m) {
    if (is_none(m))
        return float_slot_pow(vm, a, b);
    return raise_type(vm, "pow() 3rd argument not allowed unless all arguments are integers");
}

static Value float_slot_neg(VM *vm, Value a) { return from_double(-float_value(a)); }
static Value float_slot_pos(VM *vm, Value a) { return from_double(float_value(a)); }
static Value float_slot_abs(VM *vm, Value a) { return from_double(fabs(float_value(a))); }
static int float_slot_truth(VM *vm, Value a) { return float_value(a) != 0.0; }
static Value float_slot_int(VM *vm, Value a) { return int_from_double(vm, float_value(a)); }

static bool float_slot_hash(VM *vm, Value a, int64_t *out) {
    *out = float_hash(vm, a);
    return true;
}

const TypeSpec float_spec = {
    .name = "float",
    .doc = "A number with a binary point, of double precision. It is made of a number, or of text that spells one.",
    .signature = "x=0, /",
    .size = sizeof(Float),
    .flags = TYPE_BASE | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_FLOAT,
    .slots = {.create = float_create,
              .repr = float_slot_repr,
              .hash = float_slot_hash,
              .compare = float_slot_compare,
              .truth = float_slot_truth},
    .numbers = &(
        const NumberSlots){.binary = {[OP_ADD] = float_slot_add,
                                      [OP_SUB] = float_slot_sub,
                                      [OP_MUL] = float_slot_mul,
                                      [OP_TRUEDIV] = float_slot_truediv,
                                      [OP_FLOORDIV] = float_slot_floordiv,
                                      [OP_MOD] = float_slot_mod,
                                      [OP_POW] = float_slot_pow,
                                      [OP_DIVMOD] = float_slot_divmod},
                           .pow_mod = float_slot_pow_mod,
                           .unary = {[OP_NEG] = float_slot_neg, [OP_POS] = float_slot_pos, [OP_ABS] = float_slot_abs},
                           .to_int = float_slot_int,
                           .to_float = float_slot_pos},
    .methods = float_method_table,
    .getset = float_getset_table,
};
