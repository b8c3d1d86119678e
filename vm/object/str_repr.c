/* repr of text: quotes, and escapes for what would not be seen as it is. */
#include "object/str_internal.h"

#include "object/bytes_internal.h"

static const char hex_digits[] = "0123456789abcdef";

static ALWAYS_INLINE unsigned escape_with(char *out, char letter, uint32_t c, unsigned digits) {
    out[0] = '\\';
    out[1] = letter;
#pragma GCC unroll 4
    for (unsigned i = 0; i < digits; i++)
        out[2 + i] = hex_digits[c >> 4 * (digits - 1 - i) & 15];
    return 2 + digits;
}

unsigned str_escape_char(uint32_t c, char *out) {
    if (c < 256)
        return escape_with(out, 'x', c, 2);
    return c < 0x10000 ? escape_with(out, 'u', c, 4) : escape_with(out, 'U', c, 8);
}

static char quote_for(const char *data, size_t n) {
    return n != 0 && memchr(data, '\'', n) != NULL && memchr(data, '"', n) == NULL ? '"' : '\'';
}

/* The letter of a two-character escape, or 0. */
static char short_escape(uint32_t c, char quote) {
    return c == '\\' || c == (uint32_t)quote ? (char)c : c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : 0;
}

static bool is_plain(uint8_t c, char quote) { return c >= 32 && c < 127 && c != '\\' && c != (uint8_t)quote; }

Value str_repr(VM *vm, Value v) {
    const Str *s = as_str(v);
    char quote = quote_for(s->data, s->nbytes);
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_add(&b, &quote, 1);
    const char *p = s->data, *end = p + s->nbytes;
    while (p < end && !b.failed) {
        const char *start = p;
        unsigned length = 1;
        uint32_t c = 0;
        for (; p < end; p += length) {
            c = utf8_decode(p, &length);
            if (!(c < 128 ? is_plain((uint8_t)c, quote) : unicode_is_printable(c)))
                break;
        }
        strbuilder_add(&b, start, (size_t)(p - start));
        if (p >= end)
            break;
        p += length;
        char text[10] = {'\\', short_escape(c, quote)};
        if (text[1] != 0)
            strbuilder_add(&b, text, 2);
        else
            strbuilder_add(&b, text, str_escape_char(c, text));
    }
    strbuilder_add(&b, &quote, 1);
    return strbuilder_finish(&b);
}

bool bytes_add_repr(StrBuilder *b, const char *data, size_t n) {
    char quote = quote_for(data, n);
    strbuilder_add(b, "b", 1);
    strbuilder_add(b, &quote, 1);
    for (size_t i = 0; i < n && !b->failed; i++) {
        size_t start = i;
        while (i < n && is_plain((uint8_t)data[i], quote))
            i++;
        strbuilder_add(b, data + start, i - start);
        if (i == n)
            break;
        uint8_t c = (uint8_t)data[i];
        char text[10] = {'\\', short_escape(c, quote)};
        if (text[1] != 0)
            strbuilder_add(b, text, 2);
        else
            strbuilder_add(b, text, str_escape_char(c, text));
    }
    return strbuilder_add(b, &quote, 1);
}
