/* The format mini-language: parsing a spec, writing a number's parts under it, and the integer types.
 *
 * The whole text is measured first and written once into a string of its final size: sign, prefix, zero padding,
 * grouping and alignment are all lengths before they are characters. */
#include "object/number_format.h"

#include "runtime/vm.h"

typedef struct Cursor {
    const char *p, *end;
} Cursor;

/* The code point at *p (valid UTF-8) and its length. */
static uint32_t peek(const Cursor *c, size_t *len) {
    const uint8_t *p = (const uint8_t *)c->p;
    if (p >= (const uint8_t *)c->end) {
        *len = 0;
        return 0;
    }
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    uint32_t code = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        code = code << 6 | (p[i] & 0x3F);
    *len = n;
    return code;
}

static bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }
static bool take(Cursor *c, char wanted) {
    if (c->p < c->end && *c->p == wanted) {
        c->p++;
        return true;
    }
    return false;
}

/* A run of digits into *out; it stays as it was without any. */
static bool parse_count(VM *vm, Cursor *c, ssize_t *out) {
    ssize_t n = 0;
    const char *start = c->p;
    for (; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++) {
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *c->p - '0', &n)) {
            raise_value(vm, "Too many decimal digits in format string");
            return false;
        }
    }
    if (c->p > start)
        *out = n;
    return true;
}

static void parse_fill_align(Cursor *c, FormatSpec *out, bool *fill_given) {
    size_t len;
    uint32_t first = peek(c, &len);
    if (len > 0 && c->p + len < c->end && is_align(c->p[len])) {
        out->fill = first;
        out->align = c->p[len];
        *fill_given = out->align_given = true;
        c->p += len + 1;
    } else if (c->p < c->end && is_align(*c->p)) {
        out->align = *c->p++;
        out->align_given = true;
    }
}

static bool parse_grouping(VM *vm, Cursor *c, FormatSpec *out) {
    if (take(c, ','))
        out->thousands = ',';
    if (c->p < c->end && *c->p == '_') {
        if (out->thousands)
            return raise_value(vm, "Cannot specify both ',' and '_'.");
        out->thousands = '_';
        c->p++;
    }
    if (c->p < c->end && *c->p == ',' && out->thousands == '_')
        return raise_value(vm, "Cannot specify both ',' and '_'.");
    return true;
}

static bool check_grouping(VM *vm, const FormatSpec *out) {
    uint32_t t = out->type;
    if (!out->thousands || t == 0 || (t < 128 && strchr("defgEG%F", (int)t)))
        return true;
    if (out->thousands == '_' && (t == 'b' || t == 'o' || t == 'x' || t == 'X'))
        return true;
    if (t > 32 && t < 128)
        return raise_value(vm, "Cannot specify '%c' with '%c'.", out->thousands, t);
    return raise_value(vm, "Cannot specify '%c' with '\\x%x'.", out->thousands, (unsigned)t);
}

bool number_format_parse(VM *vm, Value spec, const char *name, char default_type, char default_align,
                         FormatSpec *out) {
    Str *s = as_str(spec);
    Cursor c = {s->data, s->data + s->nbytes};
    *out = (FormatSpec){
        .fill = ' ', .align = default_align, .width = -1, .precision = -1, .type = (uint32_t)default_type};
    bool fill_given = false;
    parse_fill_align(&c, out, &fill_given);
    if (c.p < c.end && (*c.p == '+' || *c.p == '-' || *c.p == ' '))
        out->sign = *c.p++;
    out->no_neg_zero = take(&c, 'z');
    out->alternate = take(&c, '#');
    if (!fill_given && take(&c, '0')) {
        out->fill = '0';
        if (!out->align_given && default_align == '>')
            out->align = '=';
    }
    if (!parse_count(vm, &c, &out->width) || !parse_grouping(vm, &c, out))
        return false;
    if (take(&c, '.')) {
        if (!parse_count(vm, &c, &out->precision))
            return false;
        if (out->precision < 0)
            return raise_value(vm, "Format specifier missing precision");
    }
    size_t len;
    uint32_t type = peek(&c, &len);
    if (c.p + len < c.end)
        return raise_value(vm, "Invalid format specifier '%V' for object of type '%s'", spec, name);
    if (len > 0)
        out->type = type;
    return check_grouping(vm, out);
}

Value number_format_unknown(VM *vm, const FormatSpec *spec, const char *name) {
    if (spec->type > 32 && spec->type < 128)
        return raise_value(vm, "Unknown format code '%c' for object of type '%s'", spec->type, name);
    return raise_value(vm, "Unknown format code '\\x%x' for object of type '%s'", (unsigned)spec->type, name);
}

/* Writing ---------------------------------------------------------------------------------------------------------
 */

static char *put_fill(char *p, const char *fill, size_t fill_len, size_t count) {
    if (fill_len == 1) {
        memset(p, fill[0], count);
        return p + count;
    }
    for (; count > 0; count--, p += fill_len)
        memcpy(p, fill, fill_len);
    return p;
}

/* `total` digits, zeros in front, separated every `group` digits (0: never); returns the end. */
static char *put_digits(char *p, const NumberParts *parts, size_t total, size_t group, char separator) {
    size_t zeros = total - parts->ndigits;
    if (group == 0) {
        memset(p, '0', zeros);
        memcpy(p + zeros, parts->digits, parts->ndigits);
        return p + total;
    }
    for (size_t i = 0; i < total; i++) {
        if (i > 0 && (total - i) % group == 0)
            *p++ = separator;
        *p++ = i < zeros ? '0' : parts->digits[i - zeros];
    }
    return p;
}

static size_t encode_fill(uint32_t c, char out[4]) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3F));
    out[0] = (char)((0xF00u >> n & 0xFF) | c);
    return n;
}

Value number_format_write(VM *vm, const FormatSpec *spec, const NumberParts *parts) {
    size_t prefix = strlen(parts->prefix), width = spec->width < 0 ? 0 : (size_t)spec->width;
    size_t fixed = (parts->sign != 0) + prefix + parts->nrest, digits = parts->ndigits, group = 0;
    if (spec->thousands && digits > 0)
        group = spec->type == 'b' || spec->type == 'o' || spec->type == 'x' || spec->type == 'X' ? 4 : 3;
    if (spec->fill == '0' && spec->align == '=' && digits > 0 && width > fixed) {
        size_t room = width - fixed;
        if (group == 0) {
            digits = digits > room ? digits : room;
        } else { /* n digits take n + (n - 1) / group places; a separator never comes first */
            size_t least = (room * group + group) / (group + 1);
            while (least + (least - 1) / group < room)
                least++;
            digits = digits > least ? digits : least;
        }
    }
    size_t body = fixed + digits + (group ? (digits - 1) / group : 0), pad = width > body ? width - body : 0;
    char fill[4];
    size_t fill_len = encode_fill(spec->fill, fill);
    if (pad > SIZE_MAX / 8)
        return raise_memory(vm);
    size_t left = spec->align == '>' ? pad : spec->align == '^' ? pad / 2 : 0, middle = spec->align == '=' ? pad : 0;
    Value result = str_alloc(vm, body + pad * fill_len, body + pad);
    if (result == VALUE_ERROR)
        return VALUE_ERROR;
    char *p = put_fill(as_str(result)->data, fill, fill_len, left);
    if (parts->sign)
        *p++ = parts->sign;
    memcpy(p, parts->prefix, prefix);
    p = put_fill(p + prefix, fill, fill_len, middle);
    p = put_digits(p, parts, digits, group, spec->thousands);
    memcpy(p, parts->rest, parts->nrest);
    put_fill(p + parts->nrest, fill, fill_len, pad - left - middle);
    return result;
}

/* Integers --------------------------------------------------------------------------------------------------------
 */

static Value format_char(VM *vm, Value v, FormatSpec *spec) {
    if (spec->sign)
        return raise_value(vm, "Sign not allowed with integer format specifier 'c'");
    if (spec->alternate)
        return raise_value(vm, "Alternate form (#) not allowed with integer format specifier 'c'");
    int64_t code;
    if (!int_fits_int64(v, &code))
        return raise_overflow(vm, "Python int too large to convert to C long");
    if (code < 0 || code > 0x10FFFF)
        return raise_overflow(vm, "%%c arg not in range(0x110000)");
    char text[4];
    size_t len = encode_fill((uint32_t)code, text), pad = spec->width > 1 ? (size_t)spec->width - 1 : 0;
    if (pad > SIZE_MAX / 8)
        return raise_memory(vm);
    char fill[4];
    size_t fill_len = encode_fill(spec->fill, fill);
    size_t left = spec->align == '>' || spec->align == '=' ? pad : spec->align == '^' ? pad / 2 : 0;
    Value result = str_alloc(vm, len + pad * fill_len, 1 + pad);
    if (result != VALUE_ERROR) {
        char *p = put_fill(as_str(result)->data, fill, fill_len, left);
        memcpy(p, text, len);
        put_fill(p + len, fill, fill_len, pad - left);
    }
    return result;
}

/* The text in capitals; consumes it. One-character strings are shared, so it is never changed in place. */
static Value upper_hex(VM *vm, Value text) {
    const Str *s = as_str(text);
    Value upper = str_alloc(vm, s->nbytes, s->nbytes);
    for (size_t i = 0; upper != VALUE_ERROR && i < s->nbytes; i++)
        as_str(upper)->data[i] = s->data[i] >= 'a' ? (char)(s->data[i] - 32) : s->data[i];
    decref(vm, text);
    return upper;
}

static Value format_integer(VM *vm, Value v, FormatSpec *spec) {
    if (spec->precision >= 0)
        return raise_value(vm, "Precision not allowed in integer format specifier");
    if (spec->no_neg_zero)
        return raise_value(vm, "Negative zero coercion (z) not allowed in integer format specifier");
    if (spec->type == 'c')
        return format_char(vm, v, spec);
    int base = spec->type == 'b' ? 2 : spec->type == 'o' ? 8 : spec->type == 'x' || spec->type == 'X' ? 16 : 10;
    NumberParts parts = {.rest = ""};
    if (spec->alternate && base != 10) {
        parts.prefix[0] = '0';
        parts.prefix[1] = (char)spec->type;
    }
    Value text = int_to_str(vm, v, base);
    if (text == VALUE_ERROR)
        return VALUE_ERROR;
    if (spec->type == 'X')
        text = upper_hex(vm, text);
    if (text == VALUE_ERROR)
        return VALUE_ERROR;
    const Str *s = as_str(text);
    bool negative = s->data[0] == '-';
    parts.digits = s->data + negative;
    parts.ndigits = s->nbytes - negative;
    parts.sign = number_format_sign(spec, negative);
    Value result = number_format_write(vm, spec, &parts);
    decref(vm, text);
    return result;
}

Value int_format(VM *vm, Value v, Value spec) {
    if (spec == 0 || as_str(spec)->nbytes == 0)
        return is_exact_int(v) ? int_to_str(vm, v, 10) : to_str(vm, v);
    FormatSpec parsed;
    if (!number_format_parse(vm, spec, type_name(v), 'd', '>', &parsed))
        return VALUE_ERROR;
    switch (parsed.type) {
    case 'b':
    case 'c':
    case 'd':
    case 'o':
    case 'x':
    case 'X':
    case 'n':
        return format_integer(vm, v, &parsed);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
    case '%': {
        bool ok;
        double d = int_to_double(vm, v, &ok);
        return ok ? float_format_value(vm, d, spec, type_name(v)) : VALUE_ERROR;
    }
    default:
        return number_format_unknown(vm, &parsed, type_name(v));
    }
}
