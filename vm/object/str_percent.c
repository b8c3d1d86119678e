/* The % operator of str and bytes: %[(key)][flags][width][.precision]conversion.
 *
 * Both write bytes into a builder (text of a str is UTF-8 anyway); they differ in what %s, %r and %c take and in the
 * object made at the end. Numbers are first put down plainly (sign, prefix, digits) and then laid out by one
 * function, as C's printf does it, with zeros between sign and digits.
 */
#include "object/str_internal.h"

typedef struct Percent {
    VM *vm;
    StrBuilder out;
    bool bytes;
    const char *start, *p, *end; /* the format */
    Value args;                  /* the tuple of arguments, or the only one */
    Value mapping;               /* what (key) looks into, or 0 */
    Value single;                /* value of the last (key): the argument of its directive; owned */
    size_t index;                /* of the next argument */
    bool keyed;                  /* a (key) was used: from then on there are no other arguments */
} Percent;

typedef struct Directive {
    bool left, plus, blank, alternate, zero;
    ssize_t width, precision; /* -1: not given */
    uint32_t type;
} Directive;

/* The next argument, borrowed; 0 with TypeError when there are no more. */
static Value next_argument(Percent *f) {
    if (f->keyed) {
        if (f->single != 0 && f->index == 0) {
            f->index = 1;
            return f->single;
        }
    } else if (is_tuple(f->args)) {
        if (f->index < as_tuple(f->args)->len)
            return as_tuple(f->args)->items[f->index++];
    } else if (f->index == 0) {
        f->index = 1;
        return f->args;
    }
    return raise_type(f->vm, "not enough arguments for format string");
}

/* --- reading a directive --------------------------------------------------------------------------------------- */

/* (key): looks it up, as the next argument. */
static bool read_key(Percent *f) {
    VM *vm = f->vm;
    if (f->mapping == 0)
        return raise_type(vm, "format requires a mapping");
    const char *key = ++f->p;
    int depth = 1;
    while (f->p < f->end && depth > 0) {
        depth += *f->p == '(' ? 1 : *f->p == ')' ? -1 : 0;
        f->p++;
    }
    if (depth > 0)
        return raise_value(vm, "incomplete format key");
    size_t n = (size_t)(f->p - 1 - key);
    Value name = f->bytes ? bytes_new(vm, key, n) : str_new(vm, key, n);
    Value v = name ? item_get(vm, f->mapping, name) : VALUE_ERROR;
    decref(vm, name);
    if (v == 0)
        return false;
    set_owned(vm, &f->single, v);
    f->keyed = true;
    f->index = 0;
    return true;
}

static void read_flags(Percent *f, Directive *d) {
    for (; f->p < f->end; f->p++) {
        switch (*f->p) {
        case '-':
            d->left = true;
            break;
        case '+':
            d->plus = true;
            break;
        case ' ':
            d->blank = true;
            break;
        case '#':
            d->alternate = true;
            break;
        case '0':
            d->zero = true;
            break;
        default:
            return;
        }
    }
}

/* Digits or a star. *out stays as it is when there is neither. */
static bool read_count(Percent *f, ssize_t *out, ssize_t max, const char *too_big) {
    if (f->p < f->end && *f->p == '*') {
        f->p++;
        Value v = next_argument(f);
        if (v == 0)
            return false;
        if (!is_int(v))
            return raise_type(f->vm, "* wants int");
        ssize_t n;
        if (!to_ssize(f->vm, v, &n))
            return false;
        if (n > max || n < -max)
            return raise_overflow(f->vm, "Python int too large to convert to C int");
        *out = n;
        return true;
    }
    if (f->p >= f->end || *f->p < '0' || *f->p > '9')
        return true;
    ssize_t n = 0;
    for (; f->p < f->end && *f->p >= '0' && *f->p <= '9'; f->p++) {
        if (n > (max - (*f->p - '0')) / 10)
            return raise_value(f->vm, "%s", too_big);
        n = n * 10 + (*f->p - '0');
    }
    *out = n;
    return true;
}

/* Reads what is behind the percent sign. */
static bool read_directive(Percent *f, Directive *d) {
    *d = (Directive){.width = -1, .precision = -1};
    if (f->p < f->end && *f->p == '(' && !read_key(f))
        return false;
    read_flags(f, d);
    bool star = f->p < f->end && *f->p == '*';
    if (!read_count(f, &d->width, SSIZE_MAX, "width too big"))
        return false;
    if (star && d->width < 0) {
        d->left = true;
        d->width = -d->width;
    }
    if (f->p < f->end && *f->p == '.') {
        f->p++;
        d->precision = 0;
        if (!read_count(f, &d->precision, INT32_MAX, f->bytes ? "prec too big" : "precision too big"))
            return false;
        if (d->precision < 0)
            d->precision = 0;
    }
    if (f->p < f->end && (*f->p == 'h' || *f->p == 'l' || *f->p == 'L'))
        f->p++;
    if (f->p >= f->end)
        return raise_value(f->vm, "incomplete format");
    if (f->bytes)
        d->type = (uint8_t)*f->p++;
    else
        d->type = utf8_next(&f->p);
    return true;
}

/* --- layout ---------------------------------------------------------------------------------------------------- */

/* Text of `columns` columns, filled with blanks to the width. */
static bool put_text(Percent *f, const Directive *d, const char *text, size_t n, size_t columns) {
    size_t width = d->width > 0 ? (size_t)d->width : 0, pad = width > columns ? width - columns : 0;
    if (pad != 0 && !d->left)
        strbuilder_fill(&f->out, ' ', pad);
    strbuilder_add(&f->out, text, n);
    if (pad != 0 && d->left)
        strbuilder_fill(&f->out, ' ', pad);
    return !f->out.failed;
}

/* A number: sign (or 0), prefix, zeros wanted by the precision, digits. */
static bool put_number(Percent *f, const Directive *d, char sign, const char *prefix, size_t zeros,
                       const char *digits, size_t n) {
    StrBuilder *b = &f->out;
    size_t nprefix = strlen(prefix);
    if (sign == 0)
        sign = d->plus ? '+' : d->blank ? ' ' : 0;
    size_t length = (sign != 0) + nprefix + zeros + n;
    size_t width = d->width > 0 ? (size_t)d->width : 0, pad = width > length ? width - length : 0;
    bool zero_pad = d->zero && !d->left;
    if (!d->left && !zero_pad)
        strbuilder_fill(b, ' ', pad);
    if (sign != 0)
        strbuilder_add(b, &sign, 1);
    strbuilder_add(b, prefix, nprefix);
    strbuilder_fill(b, '0', zeros + (zero_pad ? pad : 0));
    strbuilder_add(b, digits, n);
    if (d->left)
        strbuilder_fill(b, ' ', pad);
    return !b->failed;
}

/* --- numbers --------------------------------------------------------------------------------------------------- */

/* The int of an argument of %d, %x and the like: owned. */
static Value int_argument(Percent *f, Value v, uint32_t type) {
    VM *vm = f->vm;
    if (is_int(v))
        return incref(v);
    bool exact = type == 'o' || type == 'x' || type == 'X';
    const Type *t = fast_type(vm, v);
    Value r = 0;
    if (!exact && is_double(v))
        return int_from_double(vm, as_double(v));
    if (t->slots.index != NULL)
        r = to_index(vm, v);
    else if (!exact && t->numbers.to_int != NULL)
        r = t->numbers.to_int(vm, v);
    if (r != 0 && is_int(r))
        return r;
    decref(vm, r);
    if (r == 0 && error_pending(vm)) {
        if (!error_matches(vm, vm->exc.TypeError))
            return VALUE_ERROR;
        error_clear(vm);
    }
    if (f->bytes && !exact)
        type = 'd'; /* the others are the same to bytes */
    return raise_type(vm,
                      exact ? "%%%c format: an integer is required, not %.200T"
                            : "%%%c format: a real number is required, not %.200T",
                      (int)type, v);
}

static bool put_int(Percent *f, const Directive *d, Value v) {
    VM *vm = f->vm;
    Value i = int_argument(f, v, d->type);
    if (i == 0)
        return false;
    int base = d->type == 'o' ? 8 : d->type == 'x' || d->type == 'X' ? 16 : 10;
    Value text = int_to_str(vm, i, base);
    decref(vm, i);
    if (text == 0)
        return false;
    if (d->type == 'X') {
        Value upper = str_upper(vm, text);
        decref(vm, text);
        if (upper == 0)
            return false;
        text = upper;
    }
    const char *digits = str_data(text);
    size_t n = as_str(text)->nbytes;
    char sign = digits[0] == '-' ? '-' : 0;
    if (sign != 0) {
        digits++;
        n--;
    }
    const char *prefix = !d->alternate || base == 10 ? "" : d->type == 'o' ? "0o" : d->type == 'x' ? "0x" : "0X";
    size_t zeros = d->precision > 0 && (size_t)d->precision > n ? (size_t)d->precision - n : 0;
    bool ok = put_number(f, d, sign, prefix, zeros, digits, n);
    decref(vm, text);
    return ok;
}

static bool put_float(Percent *f, const Directive *d, Value v) {
    VM *vm = f->vm;
    double x;
    if (!to_double(vm, v, &x)) {
        if (f->bytes && error_matches(vm, vm->exc.TypeError)) {
            error_clear(vm);
            raise_type(vm, "float argument required, not %.200T", v);
        }
        return false;
    }
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = float_format_to(&b, x, (char)d->type, d->precision < 0 ? 6 : (int)d->precision, d->alternate, false);
    if (ok) {
        bool negative = b.len > 0 && b.data[0] == '-';
        ok = put_number(f, d, negative ? '-' : 0, "", 0, b.data + negative, b.len - negative);
    }
    strbuilder_drop(&b);
    return ok;
}

/* --- text and characters --------------------------------------------------------------------------------------- */

/* Consumes s (a str, or 0 with an exception), cut at the precision. */
static bool put_str_steal(Percent *f, const Directive *d, Value s) {
    if (s == 0)
        return false;
    const Str *t = as_str(s);
    size_t n = t->nbytes, chars = t->nchars;
    if (d->precision >= 0 && (size_t)d->precision < chars) {
        chars = (size_t)d->precision;
        n = str_byte_offset(f->vm, s, chars);
    }
    bool ok = put_text(f, d, t->data, n, chars);
    decref(f->vm, s);
    return ok;
}

static bool put_bytes(Percent *f, const Directive *d, Value v) {
    VM *vm = f->vm;
    Buffer b;
    Value made = 0;
    if (!is_obj(v) || obj_type(as_obj(v))->slots.get_buffer == NULL) {
        made = call_special(vm, v, NAME(__bytes__), NULL, 0);
        if (made == 0 && !error_pending(vm))
            raise_type(vm, "%%b requires a bytes-like object, or an object that implements __bytes__, not '%.100T'",
                       v);
        if (made == 0)
            return false;
        if (!is_bytes(made)) {
            raise_type(vm, "__bytes__ returned non-bytes (type %.200T)", made);
            decref(vm, made);
            return false;
        }
        v = made;
    }
    bool ok = buffer_get(vm, v, &b, false);
    if (ok) {
        size_t n = b.len;
        if (d->precision >= 0 && (size_t)d->precision < n)
            n = (size_t)d->precision;
        ok = put_text(f, d, b.data, n, n);
        buffer_release(vm, &b);
    }
    decref(vm, made);
    return ok;
}

static bool put_char(Percent *f, const Directive *d, Value v) {
    VM *vm = f->vm;
    if (is_str(v)) {
        if (as_str(v)->nchars != 1)
            return raise_type(vm, "%%c requires int or char");
        return put_text(f, d, str_data(v), as_str(v)->nbytes, 1);
    }
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return raise_type(vm, "%%c requires int or char");
    Value i = to_index(vm, v);
    if (i == 0)
        return false;
    int64_t c;
    bool ok = int_fits_int64(i, &c) && c >= 0 && c <= CODE_POINT_MAX;
    decref(vm, i);
    if (!ok)
        return raise_overflow(vm, "%%c arg not in range(0x110000)");
    char text[4];
    return put_text(f, d, text, utf8_encode((uint32_t)c, text), 1);
}

static bool put_byte(Percent *f, const Directive *d, Value v) {
    VM *vm = f->vm;
    if (is_bytes(v) && as_bytes(v)->len == 1)
        return put_text(f, d, as_bytes(v)->data, 1, 1);
    if (has_kind(v, KIND_BYTEARRAY) && ((ByteArray *)as_obj(v))->len == 1)
        return put_text(f, d, ((ByteArray *)as_obj(v))->data, 1, 1);
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return raise_type(vm, "%%c requires an integer in range(256) or a single byte");
    Value i = to_index(vm, v);
    if (i == 0)
        return false;
    int64_t c;
    bool ok = int_fits_int64(i, &c) && c >= 0 && c < 256;
    decref(vm, i);
    if (!ok)
        return raise_overflow(vm, "%%c arg not in range(256)");
    char text = (char)c;
    return put_text(f, d, &text, 1, 1);
}

/* --- the walk -------------------------------------------------------------------------------------------------- */

static bool put_argument(Percent *f, const Directive *d) {
    VM *vm = f->vm;
    Value v = next_argument(f);
    if (v == 0)
        return false;
    switch (d->type) {
    case 's':
        return f->bytes ? put_bytes(f, d, v) : put_str_steal(f, d, to_str(vm, v));
    case 'r':
        return put_str_steal(f, d, f->bytes ? to_ascii(vm, v) : to_repr(vm, v));
    case 'a':
        return put_str_steal(f, d, to_ascii(vm, v));
    case 'c':
        return f->bytes ? put_byte(f, d, v) : put_char(f, d, v);
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
        return put_int(f, d, v);
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        return put_float(f, d, v);
    case 'b':
        if (f->bytes)
            return put_bytes(f, d, v);
        break;
    }
    const char *at = f->p - (f->bytes ? 1 : utf8_size(d->type));
    size_t index = (size_t)(at - f->start);
    if (!f->bytes)
        index = utf8_count(f->start, index);
    uint32_t shown = d->type;
    if (f->bytes && shown >= 0x80) { /* CPython reads the byte as unsigned only behind the digits of a number */
        bool behind_number = (d->width >= 0 || d->precision >= 0) && at[-1] >= '0' && at[-1] <= '9';
        if (!behind_number)
            return raise_overflow(vm, "character argument not in range(0x110000)");
    } else if (!f->bytes && (shown < 32 || shown > 126)) {
        shown = '?';
    }
    return raise_value(vm, "unsupported format character '%c' (0x%x) at index %u", (int)shown, (unsigned)d->type,
                       index);
}

static bool has_items(VM *vm, Value v) {
    if (!is_obj(v) || is_tuple(v) || is_str(v) || is_bytes(v) || has_kind(v, KIND_BYTEARRAY))
        return false;
    return obj_type(as_obj(v))->slots.getitem != NULL;
}

/* The argument that comes next, borrowed, 0 if there is none or a key has been used. */
static Value peek_argument(const Percent *f) {
    if (f->keyed)
        return 0;
    if (is_tuple(f->args))
        return f->index < as_tuple(f->args)->len ? as_tuple(f->args)->items[f->index] : 0;
    return f->index == 0 ? f->args : 0;
}

/* The usual directives in a short way: %d of a small int and %s of a string. False: not one of these. */
static bool put_plain(Percent *f) {
    if (f->p == f->end || (*f->p != 'd' && *f->p != 's'))
        return false;
    Value v = peek_argument(f);
    if (*f->p == 's') {
        if (f->bytes || !has_exact_kind(v, KIND_STR))
            return false;
        strbuilder_add_value(&f->out, v);
    } else {
        if (!is_small_int(v))
            return false;
        char digits[24], *start = digits + sizeof digits;
        int64_t i = as_small_int(v);
        for (uint64_t left = i < 0 ? (uint64_t)-i : (uint64_t)i; left != 0 || start == digits + sizeof digits;
             left /= 10)
            *--start = (char)('0' + left % 10);
        if (i < 0)
            *--start = '-';
        strbuilder_add(&f->out, start, (size_t)(digits + sizeof digits - start));
    }
    f->index++;
    f->p++;
    return true;
}

static bool walk(Percent *f) {
    while (f->p < f->end) {
        const char *percent = memchr(f->p, '%', (size_t)(f->end - f->p));
        const char *stop = percent != NULL ? percent : f->end;
        if (!strbuilder_add(&f->out, f->p, (size_t)(stop - f->p)))
            return false;
        if (percent == NULL)
            break;
        f->p = percent + 1;
        if (f->p < f->end && *f->p == '%') {
            strbuilder_add(&f->out, "%", 1);
            f->p++;
            continue;
        }
        if (put_plain(f))
            continue;
        Directive d;
        if (!read_directive(f, &d) || !put_argument(f, &d))
            return false;
    }
    bool used = f->mapping != 0 || (is_tuple(f->args) ? f->index >= as_tuple(f->args)->len : f->index > 0);
    if (!used)
        return raise_type(f->vm, "not all arguments converted during %s formatting", f->bytes ? "bytes" : "string");
    return !f->out.failed;
}

static bool run(VM *vm, Percent *f, const char *format, size_t n, Value args, bool bytes) {
    *f = (Percent){.vm = vm, .bytes = bytes, .start = format, .p = format, .end = format + n, .args = args};
    strbuilder_init(&f->out, vm);
    if (has_items(vm, args))
        f->mapping = args;
    bool ok = walk(f);
    decref(vm, f->single);
    if (!ok)
        strbuilder_drop(&f->out);
    return ok;
}

Value str_percent(VM *vm, Value format, Value args) {
    Percent f;
    if (!run(vm, &f, str_data(format), as_str(format)->nbytes, args, false))
        return VALUE_ERROR;
    return strbuilder_finish(&f.out);
}

Value bytes_percent(VM *vm, const char *format, size_t n, Value args, bool make_bytearray) {
    Percent f;
    if (!run(vm, &f, format, n, args, true))
        return VALUE_ERROR;
    const char *data = f.out.data != NULL ? f.out.data : "";
    Value r = (make_bytearray ? bytearray_new : bytes_new)(vm, data, f.out.len);
    strbuilder_drop(&f.out);
    return r;
}
