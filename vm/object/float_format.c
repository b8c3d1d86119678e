/* Formatting of float and complex: printf-like conversions and the mini-language on top of them.
 *
 * A conversion yields a FloatText: the digits before the point and the rest, no sign. Digits come exactly rounded
 * from float_repr.c, so precision has no limit and the host's locale no influence. */
#include "object/number_format.h"

#include <limits.h>
#include <math.h>

#include "object/number_text.h"
#include "runtime/vm.h"

void float_text_free(VM *vm, FloatText *t) {
    if (t->cap)
        mem_free(vm, t->text, t->cap);
}

static void make_upper(char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] >= 'a' && p[i] <= 'z')
            p[i] = (char)(p[i] - 32);
}

static bool reserve(VM *vm, FloatText *t, size_t size) {
    t->cap = 0;
    t->text = t->stack;
    if (size <= sizeof t->stack)
        return true;
    t->text = mem_alloc(vm, size);
    t->cap = t->text ? size : 0;
    return t->text != NULL;
}

/* Digits from..to of the decimal, counted from its first one; zeros outside. */
static char *put_range(char *p, const Decimal *x, ssize_t from, ssize_t to) {
    for (; from < to && from < 0; from++)
        *p++ = '0';
    for (; from < to && from < x->n; from++)
        *p++ = x->digits[from];
    if (from < to) {
        memset(p, '0', (size_t)(to - from));
        p += to - from;
    }
    return p;
}

static char *put_exponent(char *p, int exp) {
    *p++ = 'e';
    *p++ = exp < 0 ? '-' : '+';
    unsigned e = (unsigned)(exp < 0 ? -exp : exp);
    if (e >= 100)
        *p++ = (char)('0' + e / 100);
    *p++ = (char)('0' + e / 10 % 10);
    *p++ = (char)('0' + e % 10);
    return p;
}

typedef struct Layout { /* how the digits are laid out */
    bool exponent;
    ssize_t fraction; /* digits behind the point */
} Layout;

/* Makes the digits and decides on the layout. */
static Layout choose(double d, char type, ssize_t precision, bool alternate, bool dot_zero, Decimal *x) {
    Layout l = {.exponent = false};
    int limited = precision > 2000 ? 2000 : (int)precision;
    switch (type) {
    case 'f':
        decimal_fixed(d, limited, x);
        l.fraction = precision;
        return l;
    case 'e':
        decimal_significant(d, limited + 1, x);
        l.exponent = true;
        l.fraction = precision;
        return l;
    case 'r':
        decimal_shortest(d, x);
        l.exponent = x->point > 16 || x->point < -3;
        break;
    default: { /* g */
        if (precision == 0)
            precision = limited = 1;
        decimal_significant(d, limited, x);
        l.exponent = x->point <= -4 || x->point > precision - dot_zero;
        if (alternate) {
            l.fraction = precision - (l.exponent ? 1 : x->point);
            return l;
        }
        while (x->n > 1 && x->digits[x->n - 1] == '0')
            x->n--;
    }
    }
    l.fraction = x->n - (l.exponent ? 1 : x->point);
    if (l.fraction < 0)
        l.fraction = 0;
    return l;
}

bool float_text_make(VM *vm, FloatText *out, double d, char type, ssize_t precision, bool alternate, bool dot_zero) {
    bool upper = type >= 'A' && type <= 'Z';
    char lower = upper ? (char)(type + 32) : type;
    d = fabs(d);
    out->is_zero = false;
    if (isnan(d) || isinf(d)) {
        out->cap = 0;
        out->text = out->stack;
        out->len = 3;
        out->whole = 0;
        memcpy(out->text, isnan(d) ? "nan" : "inf", 3);
    } else {
        Decimal x;
        Layout l = choose(d, lower, precision, alternate, dot_zero, &x);
        out->is_zero = x.n == 1 && x.digits[0] == '0';
        if (!reserve(vm, out, (size_t)(l.exponent ? 1 : x.point > 0 ? x.point : 1) + (size_t)l.fraction + 8))
            return false;
        ssize_t whole = l.exponent ? 1 : x.point;
        char *p = out->text;
        if (whole <= 0)
            *p++ = '0';
        else
            p = put_range(p, &x, 0, whole);
        out->whole = (size_t)(p - out->text);
        if (l.fraction > 0 || alternate || (dot_zero && !l.exponent))
            *p++ = '.';
        p = put_range(p, &x, whole, whole + l.fraction);
        if (dot_zero && !l.exponent && l.fraction == 0)
            *p++ = '0';
        if (l.exponent)
            p = put_exponent(p, out->is_zero ? 0 : x.point - 1);
        out->len = (size_t)(p - out->text);
    }
    if (upper)
        make_upper(out->text, out->len);
    return true;
}

bool float_format_to(StrBuilder *out, double d, char type, int precision, bool alternate, bool plus) {
    FloatText t;
    if (!float_text_make(out->vm, &t, d, type, precision, alternate, false))
        return false;
    bool ok = true;
    if (signbit(d) && !isnan(d))
        ok = strbuilder_add(out, "-", 1);
    else if (plus)
        ok = strbuilder_add(out, "+", 1);
    ok = ok && strbuilder_add(out, t.text, t.len);
    float_text_free(out->vm, &t);
    return ok;
}

/* The mini-language -----------------------------------------------------------------------------------------------
 */

static bool check_precision(VM *vm, const FormatSpec *spec) {
    return spec->precision <= INT_MAX || raise_value(vm, "precision too big");
}

static Value format_parsed(VM *vm, double d, FormatSpec *spec) {
    if (!check_precision(vm, spec))
        return VALUE_ERROR;
    bool percent = spec->type == '%', plain = spec->type == 0;
    char type = percent ? 'f' : plain ? 'r' : spec->type == 'n' ? 'g' : (char)spec->type;
    ssize_t precision = spec->precision;
    if (precision >= 0 && plain)
        type = 'g';
    else if (precision < 0)
        precision = 6;
    if (percent)
        d *= 100.0;
    FloatText t;
    if (!float_text_make(vm, &t, d, type, precision, spec->alternate, plain))
        return VALUE_ERROR;
    bool negative = signbit(d) && !isnan(d);
    if (spec->no_neg_zero && t.is_zero)
        negative = false;
    NumberParts parts = {.sign = number_format_sign(spec, negative),
                         .digits = t.text,
                         .ndigits = t.whole,
                         .rest = t.text + t.whole,
                         .nrest = t.len - t.whole};
    if (percent)
        t.text[t.len] = '%', parts.nrest++; /* float_text_make leaves room behind the text */
    Value result = number_format_write(vm, spec, &parts);
    float_text_free(vm, &t);
    return result;
}

Value float_format_value(VM *vm, double d, Value spec, const char *name) {
    FormatSpec parsed;
    const Str *s = as_str(spec);
    /* ".2f": by far the most common spec */
    if (s->nbytes == 3 && s->data[0] == '.' && s->data[1] >= '0' && s->data[1] <= '9' && s->data[2] == 'f') {
        parsed = (FormatSpec){.fill = ' ', .align = '>', .width = -1, .precision = s->data[1] - '0', .type = 'f'};
        return format_parsed(vm, d, &parsed);
    }
    if (!number_format_parse(vm, spec, name, 0, '>', &parsed))
        return VALUE_ERROR;
    if (parsed.type != 0 && (parsed.type >= 128 || !strchr("eEfFgGn%", (int)parsed.type)))
        return number_format_unknown(vm, &parsed, name);
    return format_parsed(vm, d, &parsed);
}

Value float_format(VM *vm, double d, Value spec) {
    if (spec == 0 || as_str(spec)->nbytes == 0) {
        char text[32];
        size_t n = float_repr(d, text);
        return str_new_ascii(vm, text, n);
    }
    return float_format_value(vm, d, spec, "float");
}

/* Both parts are formatted without width, joined, and padded together. */
static Value complex_parts(VM *vm, double re, double im, FormatSpec *spec) {
    bool plain = spec->type == 0, skip_real = plain && re == 0.0 && !signbit(re), parens = plain && !skip_real;
    char type = plain ? 'r' : spec->type == 'n' ? 'g' : (char)spec->type;
    ssize_t precision = spec->precision < 0 ? 6 : spec->precision;
    if (plain && spec->precision >= 0)
        type = 'g';
    StrBuilder b;
    strbuilder_init(&b, vm);
    if (parens)
        strbuilder_add(&b, "(", 1);
    for (int i = skip_real; i < 2; i++) {
        double d = i == 0 ? re : im;
        FloatText t;
        if (!float_text_make(vm, &t, d, type, precision, spec->alternate, false)) {
            strbuilder_drop(&b);
            return VALUE_ERROR;
        }
        bool negative = signbit(d) && !isnan(d) && !(spec->no_neg_zero && t.is_zero);
        FormatSpec part = {.fill = ' ',
                           .align = '>',
                           .width = -1,
                           .precision = -1,
                           .thousands = spec->thousands,
                           .sign = i == 1 && !skip_real ? '+' : spec->sign,
                           .type = 'f'};
        NumberParts parts = {.sign = number_format_sign(&part, negative),
                             .digits = t.text,
                             .ndigits = t.whole,
                             .rest = t.text + t.whole,
                             .nrest = t.len - t.whole};
        Value text = number_format_write(vm, &part, &parts);
        float_text_free(vm, &t);
        if (text == VALUE_ERROR) {
            strbuilder_drop(&b);
            return VALUE_ERROR;
        }
        strbuilder_add_value(&b, text);
        decref(vm, text);
    }
    strbuilder_add(&b, "j)", parens ? 2 : 1);
    return strbuilder_finish(&b);
}

Value complex_format(VM *vm, Value v, Value spec) {
    if (spec == 0 || as_str(spec)->nbytes == 0)
        return to_str(vm, v);
    FormatSpec parsed;
    if (!number_format_parse(vm, spec, type_name(v), 0, '>', &parsed))
        return VALUE_ERROR;
    if (parsed.type != 0 && (parsed.type >= 128 || !strchr("eEfFgGn", (int)parsed.type)))
        return number_format_unknown(vm, &parsed, type_name(v));
    if (!check_precision(vm, &parsed))
        return VALUE_ERROR;
    if (parsed.fill == '0')
        return raise_value(vm, "Zero padding is not allowed in complex format specifier");
    if (parsed.align == '=')
        return raise_value(vm, "'=' alignment flag is not allowed in complex format specifier");
    const Complex *c = (const Complex *)as_obj(v);
    Value text = complex_parts(vm, c->real, c->imag, &parsed);
    if (text == VALUE_ERROR)
        return VALUE_ERROR;
    /* The text is ASCII: it goes out as the `rest` of a number without digits. */
    NumberParts parts = {.digits = "", .rest = as_str(text)->data, .nrest = as_str(text)->nbytes};
    parsed.thousands = 0;
    Value result = number_format_write(vm, &parsed, &parts);
    decref(vm, text);
    return result;
}
