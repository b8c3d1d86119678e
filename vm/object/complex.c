/* complex: arithmetic with CPython's formulas (the results must agree to the last bit, in the corner cases too),
 * text, the constructor and the methods. */
#include "runtime/vm.h"

#include <math.h>

#include "object/number_format.h"
#include "object/number_text.h"

typedef struct Pair {
    double re, im;
} Pair;

Value complex_new(VM *vm, double real, double imag) {
    Complex *c = object_alloc(vm, vm->types.complex_, 0);
    if (!c)
        return VALUE_ERROR;
    c->real = real;
    c->imag = imag;
    return from_obj(c);
}

static Value from_pair(VM *vm, Pair p) { return complex_new(vm, p.re, p.im); }
static Pair pair_of(Value v) { return (Pair){((Complex *)as_obj(v))->real, ((Complex *)as_obj(v))->imag}; }

/* Arithmetic ------------------------------------------------------------------------------------------------------
 */

static Pair multiply(Pair a, Pair b) { return (Pair){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }

/* Smith's method: scales by the larger part of the divisor. False: division by zero. */
static bool divide(Pair a, Pair b, Pair *out) {
    double re = fabs(b.re), im = fabs(b.im);
    if (re >= im) {
        if (re == 0.0)
            return false;
        double ratio = b.im / b.re, denominator = b.re + b.im * ratio;
        *out = (Pair){(a.re + a.im * ratio) / denominator, (a.im - a.re * ratio) / denominator};
    } else if (im >= re) {
        double ratio = b.re / b.im, denominator = b.re * ratio + b.im;
        *out = (Pair){(a.re * ratio + a.im) / denominator, (a.im * ratio - a.re) / denominator};
    } else { /* a NaN in the divisor */
        *out = (Pair){(double)NAN, (double)NAN};
    }
    return true;
}

static Pair power_whole(Pair x, unsigned n) {
    Pair r = {1.0, 0.0};
    for (unsigned mask = 1; mask <= n; mask <<= 1) {
        if (n & mask)
            r = multiply(r, x);
        x = multiply(x, x);
    }
    return r;
}

/* False: the angle is infinite, and has no sine. */
static bool power_polar(Pair a, Pair b, Pair *out) {
    double size = hypot(a.re, a.im), angle = atan2(a.im, a.re);
    double r = pow(size, b.re), phase = angle * b.re;
    if (b.im != 0.0) {
        r /= exp(angle * b.im);
        phase += b.im * log(size);
    }
    *out = (Pair){r * cos(phase), r * sin(phase)};
    return !isinf(phase);
}

static Value complex_power(VM *vm, Pair a, Pair b) {
    Pair r = {0.0, 0.0};
    bool defined = true;
    if (b.im == 0.0 && b.re == floor(b.re) && fabs(b.re) <= 100.0) {
        int n = (int)b.re;
        if (n > 0)
            r = power_whole(a, (unsigned)n);
        else
            defined = divide((Pair){1.0, 0.0}, power_whole(a, (unsigned)-n), &r);
    } else if (a.re == 0.0 && a.im == 0.0) {
        defined = b.im == 0.0 && !(b.re < 0.0);
    } else {
        defined = power_polar(a, b, &r);
    }
    if (!defined)
        return raise_zero_division(vm, "0.0 to a negative or complex power");
    if (isinf(r.re) || isinf(r.im))
        return raise_overflow(vm, "complex exponentiation");
    return from_pair(vm, r);
}

Value complex_power_values(VM *vm, double ar, double ai, double br, double bi) {
    return complex_power(vm, (Pair){ar, ai}, (Pair){br, bi});
}

/* The operand as a complex: 1; 0: not a number; -1: an int too large. */
static int operand(VM *vm, Value v, Pair *out) {
    if (is_complex(v)) {
        *out = pair_of(v);
        return 1;
    }
    out->im = 0.0;
    if (is_float(v)) {
        out->re = float_value(v);
        return 1;
    }
    if (!is_int(v))
        return 0;
    bool ok;
    out->re = int_to_double(vm, v, &ok);
    return ok ? 1 : -1;
}

static Value binary_slot(VM *vm, BinaryOp op, Value va, Value vb) {
    Pair a, b, r;
    int got = operand(vm, va, &a);
    if (got > 0)
        got = operand(vm, vb, &b);
    if (got <= 0)
        return got == 0 ? VALUE_NOTIMPL : VALUE_ERROR;
    switch (op) {
    case OP_ADD:
        return complex_new(vm, a.re + b.re, a.im + b.im);
    case OP_SUB:
        return complex_new(vm, a.re - b.re, a.im - b.im);
    case OP_MUL:
        return from_pair(vm, multiply(a, b));
    case OP_TRUEDIV:
        return divide(a, b, &r) ? from_pair(vm, r) : raise_zero_division(vm, "complex division by zero");
    default:
        return complex_power(vm, a, b);
    }
}

static Value complex_slot_add(VM *vm, Value a, Value b) { return binary_slot(vm, OP_ADD, a, b); }
static Value complex_slot_sub(VM *vm, Value a, Value b) { return binary_slot(vm, OP_SUB, a, b); }
static Value complex_slot_mul(VM *vm, Value a, Value b) { return binary_slot(vm, OP_MUL, a, b); }
static Value complex_slot_truediv(VM *vm, Value a, Value b) { return binary_slot(vm, OP_TRUEDIV, a, b); }
static Value complex_slot_pow(VM *vm, Value a, Value b) { return binary_slot(vm, OP_POW, a, b); }

static Value complex_slot_pow_mod(VM *vm, Value a, Value b, Value m) {
    Pair unused;
    int got = operand(vm, a, &unused);
    if (got > 0)
        got = operand(vm, b, &unused);
    if (got <= 0)
        return got == 0 ? VALUE_NOTIMPL : VALUE_ERROR;
    return is_none(m) ? complex_slot_pow(vm, a, b) : raise_value(vm, "complex modulo");
}

static Value complex_slot_neg(VM *vm, Value v) {
    Pair p = pair_of(v);
    return complex_new(vm, -p.re, -p.im);
}

static Value complex_plain(VM *vm, Value v) {
    return as_obj(v)->flags & OBJ_SUBTYPE ? from_pair(vm, pair_of(v)) : incref(v);
}

static Value complex_slot_abs(VM *vm, Value v) {
    Pair p = pair_of(v);
    double r = hypot(p.re, p.im);
    if (isinf(r) && isfinite(p.re) && isfinite(p.im))
        return raise_overflow(vm, "absolute value too large");
    return from_double(r);
}

static int complex_slot_truth(VM *vm, Value v) {
    Pair p = pair_of(v);
    return p.re != 0.0 || p.im != 0.0;
}

static bool complex_slot_hash(VM *vm, Value v, int64_t *out) {
    Pair p = pair_of(v);
    uint64_t h = (uint64_t)float_hash(vm, from_double(p.re)) + 1000003u * (uint64_t)float_hash(vm, from_double(p.im));
    *out = (int64_t)h == -1 ? -2 : (int64_t)h;
    return true;
}

static Value complex_slot_compare(VM *vm, Value a, Value b, CompareOp op) {
    if (op != CMP_EQ && op != CMP_NE)
        return VALUE_NOTIMPL;
    Pair p = pair_of(a);
    bool equal;
    if (is_complex(b)) {
        Pair q = pair_of(b);
        equal = p.re == q.re && p.im == q.im;
    } else if (is_float(b)) {
        equal = p.im == 0.0 && p.re == float_value(b);
    } else if (is_int(b)) {
        equal = p.im == 0.0 && !isnan(p.re) && float_compare_int(p.re, b) == 0;
    } else {
        return VALUE_NOTIMPL;
    }
    return from_bool(equal == (op == CMP_EQ));
}

/* Text ------------------------------------------------------------------------------------------------------------
 */

static char *put_part(VM *vm, char *p, double d, bool plus) {
    FloatText t; /* the shortest form fits its own buffer: nothing is allocated */
    if (!float_text_make(vm, &t, d, 'r', 0, false, false))
        return p;
    if (signbit(d) && !isnan(d))
        *p++ = '-';
    else if (plus)
        *p++ = '+';
    memcpy(p, t.text, t.len);
    float_text_free(vm, &t);
    return p + t.len;
}

static Value complex_slot_repr(VM *vm, Value v) {
    Pair c = pair_of(v);
    char text[96], *p = text;
    bool parens = c.re != 0.0 || signbit(c.re);
    if (parens) {
        *p++ = '(';
        p = put_part(vm, p, c.re, false);
    }
    p = put_part(vm, p, c.im, parens);
    *p++ = 'j';
    if (parens)
        *p++ = ')';
    return str_new_ascii(vm, text, (size_t)(p - text));
}

static bool is_blank(char c) { return c == ' ' || (c >= 9 && c <= 13); }
static bool is_sign(char c) { return c == '+' || c == '-'; }

/* Reads [(] x | yj | x+yj [)]; the blanks around are gone already. */
static bool parse_complex(const char *p, size_t n, Pair *out) {
    if (n >= 2 && p[0] == '(' && p[n - 1] == ')') {
        p++;
        n -= 2;
        for (; n > 0 && is_blank(*p); n--)
            p++;
        while (n > 0 && is_blank(p[n - 1]))
            n--;
    }
    *out = (Pair){0.0, 0.0};
    double z = 1.0;
    size_t at = number_scan_double(p, n, &z);
    if (at > 0 && at == n) {
        out->re = z;
        return true;
    }
    if (at > 0 && is_sign(p[at])) { /* x, then the imaginary part */
        out->re = z;
        size_t used = number_scan_double(p + at, n - at, &z);
        if (used == 0) {
            z = p[at] == '-' ? -1.0 : 1.0;
            used = 1;
        }
        at += used;
    } else if (at == 0 && n > 0 && is_sign(p[0])) {
        z = p[0] == '-' ? -1.0 : 1.0;
        at = 1;
    } else if (at == 0) {
        z = 1.0;
    }
    out->im = z;
    return at + 1 == n && (p[at] | 32) == 'j';
}

static Value complex_new_typed(VM *vm, Type *type, Pair p) {
    Complex *c = object_alloc(vm, type, 0);
    if (!c)
        return VALUE_ERROR;
    c->real = p.re;
    c->imag = p.im;
    return from_obj(c);
}

static Value complex_from_text(VM *vm, Type *type, Value text) {
    size_t n, cap;
    char *ascii = number_ascii(vm, as_str(text)->data, as_str(text)->nbytes, true, &n, &cap);
    if (!ascii)
        return VALUE_ERROR;
    Pair p;
    bool marked = memchr(ascii, '_', n) != NULL;
    bool good = (!marked || number_drop_underscores(ascii, &n)) && parse_complex(ascii, n, &p);
    mem_free(vm, ascii, cap);
    if (!good && marked)
        return raise_value(vm, "could not convert string to complex: %R", text);
    return good ? complex_new_typed(vm, type, p) : raise_value(vm, "complex() arg is a malformed string");
}

/* Constructor -----------------------------------------------------------------------------------------------------
 */

/* __complex__ of the argument: 1 and *out owned (a complex), 0 if it has none, -1. */
static int call_complex(VM *vm, Value v, Value *out) {
    if (has_exact_kind(v, KIND_COMPLEX)) {
        *out = incref(v);
        return 1;
    }
    Type *type = type_of(vm, v);
    if (!type->numbers.to_complex)
        return 0;
    Value r = type->numbers.to_complex(vm, v);
    if (r == VALUE_ERROR)
        return -1;
    if (!is_complex(r)) {
        raise_type(vm, "__complex__ returned non-complex (type %T)", r);
    } else if (has_exact_kind(r, KIND_COMPLEX) ||
               warn(vm, vm->exc.DeprecationWarning, 1,
                    "__complex__ returned non-complex (type %T).  The ability to return an instance of a strict "
                    "subclass of complex is deprecated, and may be removed in a future version of Python.",
                    r)) {
        *out = r;
        return 1;
    }
    decref(vm, r);
    return -1;
}

/* A real argument as a double; it must have __float__ or __index__, which the caller has checked. */
static bool real_argument(VM *vm, Value v, double *out) {
    if (is_float(v)) {
        *out = float_value(v);
        return true;
    }
    Value d = call1(vm, type_value(vm->types.float_), v);
    if (d == VALUE_ERROR)
        return false;
    *out = float_value(d);
    decref(vm, d);
    return true;
}

static bool is_real_number(VM *vm, Value v) {
    if (is_float(v) || is_int(v))
        return true;
    Type *type = type_of(vm, v);
    return type->numbers.to_float || type->slots.index;
}

static Value complex_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value out[2];
    if (!native_bind_optional(vm, "complex", "real=0, imag=0", args, nargs, kwnames, out, 2))
        return VALUE_ERROR;
    Value r = out[0], i = out[1];
    if (r && is_str(r)) {
        if (i)
            return raise_type(vm, "complex() can't take second arg if first is a string");
        return complex_from_text(vm, type, r);
    }
    if (i && is_str(i))
        return raise_type(vm, "complex() second arg can't be a string");
    Pair re = {0.0, 0.0}, im = {0.0, 0.0};
    bool re_complex = false;
    if (r) {
        Value c = VALUE_ERROR;
        int got = call_complex(vm, r, &c);
        if (got < 0)
            return VALUE_ERROR;
        if (got > 0) {
            if (!i && type == vm->types.complex_ && has_exact_kind(c, KIND_COMPLEX))
                return c;
            re = pair_of(c);
            re_complex = true;
            decref(vm, c);
        } else if (!is_real_number(vm, r)) {
            return raise_type(vm, "complex() first argument must be a string or a number, not '%T'", r);
        }
    }
    if (i && !is_complex(i) && !is_real_number(vm, i))
        return raise_type(vm, "complex() second argument must be a number, not '%T'", i);
    if (r && !re_complex && !real_argument(vm, r, &re.re))
        return VALUE_ERROR;
    if (i && is_complex(i))
        im = pair_of(i);
    else if (i && !real_argument(vm, i, &im.re))
        return VALUE_ERROR;
    if (!i)
        return complex_new_typed(vm, type, re);
    if (is_complex(i)) /* real + imag * j, where both may be complex */
        re.re -= im.im;
    if (re_complex)
        im.re += re.im;
    return complex_new_typed(vm, type, (Pair){re.re, im.re});
}

/* Methods ---------------------------------------------------------------------------------------------------------
 */

static Value complex_conjugate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair p = pair_of(self);
    return complex_new(vm, p.re, -p.im);
}

static Value complex_getnewargs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Pair p = pair_of(self);
    Value parts[2] = {from_double(p.re), from_double(p.im)};
    return tuple_from_array_steal(vm, parts, 2);
}

static Value complex_format_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "__format__() argument must be str, not %T", args[0]);
    return complex_format(vm, self, args[0]);
}

static Value complex_sizeof(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_small_int(32);
}

static Value complex_get_real(VM *vm, Value self) { return from_double(pair_of(self).re); }
static Value complex_get_imag(VM *vm, Value self) { return from_double(pair_of(self).im); }

static Value complex_complex_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return vm->types.complex_->numbers.to_complex(vm, self);
}

static const MethodSpec complex_method_table[] = {
    {"conjugate", complex_conjugate, "",
     "Return the complex conjugate: the same real part, the other imaginary sign.", 0},
    {"__complex__", complex_complex_method, "", "The number as an exact complex.", METHOD_COEXIST},
    {"__getnewargs__", complex_getnewargs, "", "Arguments from which pickle makes the number again.", 0},
    {"__format__", complex_format_method, "format_spec, /", "The number as text, laid out as the format says.", 0},
    {"__sizeof__", complex_sizeof, "", "Size in memory, in bytes.", 0},
    {0},
};

static const GetSetSpec complex_getset_table[] = {
    {"real", complex_get_real, NULL, "The real part, a float."},
    {"imag", complex_get_imag, NULL, "The imaginary part, a float."},
    {0},
};

const TypeSpec complex_spec = {
    .name = "complex",
    .doc = "Create a complex number from a string or from one or two numbers.\n\n"
           "A string is read as a complex number. Of numbers the result is real + imag*1j.",
    .signature = "real=0, imag=0",
    .size = sizeof(Complex),
    .flags = TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_COMPLEX,
    .slots = {.create = complex_create,
              .repr = complex_slot_repr,
              .hash = complex_slot_hash,
              .compare = complex_slot_compare,
              .truth = complex_slot_truth},
    .numbers =
        &(const NumberSlots){
            .binary = {[OP_ADD] = complex_slot_add,
                       [OP_SUB] = complex_slot_sub,
                       [OP_MUL] = complex_slot_mul,
                       [OP_TRUEDIV] = complex_slot_truediv,
                       [OP_POW] = complex_slot_pow},
            .pow_mod = complex_slot_pow_mod,
            .unary = {[OP_NEG] = complex_slot_neg, [OP_POS] = complex_plain, [OP_ABS] = complex_slot_abs},
            .to_complex = complex_plain},
    .methods = complex_method_table,
    .getset = complex_getset_table,
};
