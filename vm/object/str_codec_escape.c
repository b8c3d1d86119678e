/* The encodings that spell characters as escapes: unicode_escape, which reads the escapes of string literals, and
 * raw_unicode_escape, which reads \u and \U only. Other bytes are Latin-1. */
#include "object/codec.h"

#include "object/str_internal.h"

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Up to `want` hexadecimal digits at i; returns how many there are. */
static unsigned read_hex(const Decoder *d, size_t i, unsigned want, uint32_t *out) {
    unsigned n = 0;
    *out = 0;
    while (n < want && i + n < d->n && hex_digit(d->data[i + n]) >= 0) {
        *out = *out << 4 | (uint32_t)hex_digit(d->data[i + n]);
        n++;
    }
    return n;
}

/* \xXX, \uXXXX, \UXXXXXXXX: *i is behind the letter. 1: done, 0: more data is needed, -1: error. */
static int hex_escape(Decoder *d, size_t *i, unsigned want, const char *truncated, const char *out_of_range) {
    size_t start = *i - 2;
    uint32_t c;
    unsigned n = read_hex(d, *i, want, &c);
    if (n == want && c <= CODE_POINT_MAX) {
        *i += n;
        return strbuilder_add_char(&d->out, c) ? 1 : -1;
    }
    if (n < want && *i + n == d->n && !d->final)
        return 0;
    return decoder_error(d, start, *i + n, n < want ? truncated : out_of_range, i) ? 1 : -1;
}

static int escape_u(Decoder *d, size_t *i, char letter, const char *out_of_range) {
    if (letter == 'x')
        return hex_escape(d, i, 2, "truncated \\xXX escape", out_of_range);
    if (letter == 'u')
        return hex_escape(d, i, 4, "truncated \\uXXXX escape", out_of_range);
    return hex_escape(d, i, 8, "truncated \\UXXXXXXXX escape", out_of_range);
}

/* unicodedata.lookup(name): the character, owned; 0 without exception if there is none. */
static Value lookup_name(VM *vm, const char *name, size_t n) {
    Value import = builtin_get(vm, "__import__");
    Value module_name = import ? str_from_c(vm, "unicodedata") : 0;
    Value module = module_name ? call1(vm, import, module_name) : VALUE_ERROR;
    Value text = module ? str_decode(vm, name, n, "latin-1", NULL) : VALUE_ERROR;
    Value lookup = text ? attr_get_c(vm, module, "lookup") : VALUE_ERROR;
    Value r = lookup ? call1(vm, lookup, text) : VALUE_ERROR;
    decref(vm, module_name);
    decref(vm, module);
    decref(vm, text);
    decref(vm, lookup);
    if (r == 0 && (error_matches(vm, vm->exc.KeyError) || error_matches(vm, vm->exc.ImportError)))
        error_clear(vm);
    return r;
}

/* \N{NAME} */
static int escape_name(Decoder *d, size_t *i) {
    size_t start = *i - 2, p = *i;
    if (p >= d->n && !d->final)
        return 0;
    if (p < d->n && d->data[p] == '{') {
        const char *close = memchr(d->data + p, '}', d->n - p);
        if (close == NULL && !d->final)
            return 0;
        size_t end = close != NULL ? (size_t)(close - d->data) : d->n;
        if (close != NULL && end > p + 1) {
            Value s = lookup_name(d->vm, d->data + p + 1, end - p - 1);
            if (s == 0 && error_pending(d->vm))
                return -1;
            if (s == 0)
                return decoder_error(d, start, end + 1, "unknown Unicode character name", i) ? 1 : -1;
            bool ok = is_str(s) && strbuilder_add_value(&d->out, s);
            decref(d->vm, s);
            *i = end + 1;
            return ok ? 1 : -1;
        }
        p = end;
    }
    return decoder_error(d, start, p, "malformed \\N character escape", i) ? 1 : -1;
}

/* The escape whose backslash is at *i. 1: done, 0: more data is needed, -1: error. */
static int read_escape(Decoder *d, size_t *i) {
    static const char plain[] = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v";
    if (*i + 1 >= d->n) {
        if (!d->final)
            return 0;
        return decoder_error(d, *i, *i + 1, "\\ at end of string", i) ? 1 : -1;
    }
    char c = d->data[*i + 1];
    *i += 2;
    if (c == '\n')
        return 1;
    for (const char *p = plain; *p != 0; p += 2)
        if (*p == c)
            return strbuilder_add(&d->out, p + 1, 1) ? 1 : -1;
    if (c >= '0' && c <= '7') {
        uint32_t value = (uint32_t)(c - '0');
        for (int k = 0; k < 2 && *i < d->n && d->data[*i] >= '0' && d->data[*i] <= '7'; k++)
            value = value << 3 | (uint32_t)(d->data[(*i)++] - '0');
        return strbuilder_add_char(&d->out, value) ? 1 : -1;
    }
    if (c == 'x' || c == 'u' || c == 'U')
        return escape_u(d, i, c, "illegal Unicode character");
    if (c == 'N')
        return escape_name(d, i);
    strbuilder_add(&d->out, "\\", 1); /* no escape at all */
    return strbuilder_add_char(&d->out, (uint8_t)c) ? 1 : -1;
}

/* What comes before the next backslash. */
static bool copy_latin1(Decoder *d, size_t *i) {
    const char *stop = memchr(d->data + *i, '\\', d->n - *i);
    size_t end = stop != NULL ? (size_t)(stop - d->data) : d->n;
    size_t ascii = utf8_ascii_prefix(d->data + *i, end - *i);
    strbuilder_add(&d->out, d->data + *i, ascii);
    for (*i += ascii; *i < end; ++*i)
        strbuilder_add_char(&d->out, (uint8_t)d->data[*i]);
    return !d->out.failed;
}

bool unicode_escape_decode(Decoder *d) {
    size_t i = 0;
    while (i < d->n) {
        if (d->data[i] != '\\') {
            if (!copy_latin1(d, &i))
                return false;
            continue;
        }
        size_t start = i;
        int done = read_escape(d, &i);
        if (done < 0)
            return false;
        if (done == 0) {
            i = start;
            break;
        }
    }
    d->consumed = i;
    return true;
}

bool raw_unicode_escape_decode(Decoder *d) {
    size_t i = 0;
    while (i < d->n) {
        char c = d->data[i];
        if (c == '\\' && i + 1 >= d->n && !d->final)
            break;
        if (c != '\\' || i + 1 >= d->n || (d->data[i + 1] != 'u' && d->data[i + 1] != 'U')) {
            strbuilder_add_char(&d->out, (uint8_t)c);
            i++;
            if (c == '\\' && i < d->n) /* an escaped backslash hides what follows */
                strbuilder_add_char(&d->out, (uint8_t)d->data[i++]);
            if (d->out.failed)
                return false;
            continue;
        }
        size_t start = i;
        i += 2;
        int done = escape_u(d, &i, d->data[start + 1], "\\Uxxxxxxxx out of range");
        if (done < 0)
            return false;
        if (done == 0) {
            i = start;
            break;
        }
    }
    d->consumed = i;
    return true;
}

static bool is_plain(char c) { return c >= 32 && c < 127 && c != '\\'; }

/* Writes what stands for a character that is not plain; returns the bytes. */
static ALWAYS_INLINE unsigned write_escape(uint32_t c, char *to) {
    char letter = c == '\t' ? 't' : c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\\' ? '\\' : 0;
    if (letter == 0)
        return str_escape_char(c, to);
    to[0] = '\\';
    to[1] = letter;
    return 2;
}

#define ESCAPES_AT_ONCE 64

bool unicode_escape_encode(Encoder *e) {
    const char *p = str_data(e->text), *end = p + as_str(e->text)->nbytes;
    while (p < end) {
        const char *start = p;
        while (p < end && is_plain(*p))
            p++;
        strbuilder_add(&e->out, start, (size_t)(p - start));
        char *to = strbuilder_room(&e->out, 10 * ESCAPES_AT_ONCE);
        if (to == NULL)
            return false;
        for (int i = 0; i < ESCAPES_AT_ONCE && p < end && !is_plain(*p); i++)
            to += write_escape(utf8_next(&p), to);
        e->out.len = (size_t)(to - e->out.data);
    }
    return !e->out.failed;
}

bool raw_unicode_escape_encode(Encoder *e) {
    const char *p = str_data(e->text), *end = p + as_str(e->text)->nbytes;
    while (p < end && !e->out.failed) {
        size_t ascii = utf8_ascii_prefix(p, (size_t)(end - p));
        strbuilder_add(&e->out, p, ascii);
        p += ascii;
        while (p < end && (uint8_t)*p >= 0x80 && !e->out.failed) {
            uint32_t c = utf8_next(&p);
            char text[10] = {(char)c};
            strbuilder_add(&e->out, text, c < 256 ? 1 : str_escape_char(c, text));
        }
    }
    return !e->out.failed;
}
