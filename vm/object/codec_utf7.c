/* UTF-7: ASCII, with everything else as the base64 form of UTF-16 between '+' and '-'. */
#include "object/codec.h"

#include "object/str_internal.h"

static int base64_value(uint8_t c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* A shifted part under way. */
typedef struct Shift {
    bool on;
    size_t start, out_start; /* the place of its '+', and how long the output was there */
    uint32_t bits, buffer;   /* bits not used yet are the lower ones of the buffer */
    uint32_t high;           /* the first half of a pair, or 0 */
} Shift;

static bool take_unit(Decoder *d, Shift *s, uint32_t unit) {
    uint32_t high = s->high;
    s->high = 0;
    if (high != 0) {
        if (unit >= 0xDC00 && unit <= 0xDFFF)
            return strbuilder_add_char(&d->out, 0x10000 + ((high & 0x3FF) << 10 | (unit & 0x3FF)));
        if (!strbuilder_add_char(&d->out, high))
            return false;
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
        s->high = unit;
        return true;
    }
    return strbuilder_add_char(&d->out, unit);
}

static bool take_digit(Decoder *d, Shift *s, int value) {
    s->buffer = s->buffer << 6 | (uint32_t)value;
    s->bits += 6;
    if (s->bits < 16)
        return true;
    s->bits -= 16;
    uint32_t unit = s->buffer >> s->bits;
    s->buffer &= (1u << s->bits) - 1;
    return take_unit(d, s, unit);
}

/* The byte at *i ends the shifted part. */
static bool leave_shift(Decoder *d, Shift *s, size_t *i) {
    uint8_t c = (uint8_t)d->data[*i];
    s->on = false;
    const char *reason = s->bits >= 6                    ? "partial character in base64 sequence"
                         : s->bits > 0 && s->buffer != 0 ? "non-zero padding bits in shift sequence"
                                                         : NULL;
    if (reason != NULL)
        return decoder_error(d, s->start, *i + 1, reason, i);
    if (s->high != 0 && c < 128 && c != '+' && !strbuilder_add_char(&d->out, s->high))
        return false;
    *i += c == '-';
    return true;
}

static bool enter_shift(Decoder *d, Shift *s, size_t *i) {
    size_t start = (*i)++;
    if (*i < d->n && d->data[*i] == '-') {
        (*i)++;
        return strbuilder_add_char(&d->out, '+');
    }
    if (*i < d->n && base64_value((uint8_t)d->data[*i]) < 0)
        return decoder_error(d, start, *i + 1, "ill-formed sequence", i);
    *s = (Shift){.on = true, .start = start, .out_start = d->out.len};
    return true;
}

bool utf7_decode(Decoder *d) {
    Shift s = {0};
    size_t i = 0;
    bool ok = true;
    while (ok) {
        if (i >= d->n) {
            bool open = s.on && (s.high != 0 || s.bits >= 6 || (s.bits > 0 && s.buffer != 0));
            if (!open || !d->final)
                break;
            s.on = false;
            ok = decoder_error(d, s.start, d->n, "unterminated shift sequence", &i);
            continue;
        }
        uint8_t c = (uint8_t)d->data[i];
        if (s.on && base64_value(c) >= 0) {
            ok = take_digit(d, &s, base64_value(c));
            i++;
        } else if (s.on) {
            ok = leave_shift(d, &s, &i);
        } else if (c == '+') {
            ok = enter_shift(d, &s, &i);
        } else if (c < 128) {
            ok = strbuilder_add_char(&d->out, c);
            i++;
        } else {
            ok = decoder_error(d, i, i + 1, "unexpected special character", &i);
        }
    }
    if (ok && s.on && !d->final) { /* the next call begins with this part again */
        d->out.len = s.out_start;
        i = s.start;
    }
    d->consumed = i;
    return ok;
}

static void put_digit(Encoder *e, uint32_t value) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    strbuilder_add(&e->out, &digits[value & 63], 1);
}

static void put_unit(Encoder *e, Shift *s, uint32_t unit) {
    s->buffer = s->buffer << 16 | unit;
    for (s->bits += 16; s->bits >= 6; s->bits -= 6)
        put_digit(e, s->buffer >> (s->bits - 6));
    s->buffer &= (1u << s->bits) - 1;
}

static void end_digits(Encoder *e, Shift *s) {
    if (s->bits > 0)
        put_digit(e, s->buffer << (6 - s->bits));
    *s = (Shift){0};
}

static bool stands_for_itself(uint32_t c) {
    return c == '\t' || c == '\n' || c == '\r' || (c >= ' ' && c < 127 && c != '+' && c != '\\' && c != '~');
}

bool utf7_encode(Encoder *e) {
    const char *p = str_data(e->text), *end = p + as_str(e->text)->nbytes;
    Shift s = {0};
    while (p < end && !e->out.failed) {
        uint32_t c = utf8_next(&p);
        if (!s.on && c == '+') {
            strbuilder_add_c(&e->out, "+-");
            continue;
        }
        if (stands_for_itself(c)) {
            bool was_on = s.on;
            end_digits(e, &s);
            if (was_on && (c == '-' || base64_value((uint8_t)c) >= 0))
                strbuilder_add_c(&e->out, "-");
            strbuilder_add_char(&e->out, c);
            continue;
        }
        if (!s.on)
            strbuilder_add_c(&e->out, "+");
        s.on = true;
        if (c >= 0x10000)
            put_unit(e, &s, 0xD7C0 + (c >> 10));
        put_unit(e, &s, c >= 0x10000 ? 0xDC00 | (c & 0x3FF) : c);
    }
    bool was_on = s.on;
    end_digits(e, &s);
    if (was_on)
        strbuilder_add_c(&e->out, "-");
    return !e->out.failed;
}
