/* UTF-16 and UTF-32, in both byte orders. The plain names write the native order behind a mark, and read the order
 * that the mark says (native without one). */
#include "object/codec.h"

#include "object/str_internal.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define NATIVE_BIG true
#else
#define NATIVE_BIG false
#endif

static ALWAYS_INLINE uint32_t read_unit(const char *data, unsigned size, bool big) {
    uint16_t two;
    uint32_t four;
    if (size == 2) {
        memcpy(&two, data, sizeof two);
        return big == NATIVE_BIG ? two : __builtin_bswap16(two);
    }
    memcpy(&four, data, sizeof four);
    return big == NATIVE_BIG ? four : __builtin_bswap32(four);
}

static void write_unit(Encoder *e, uint32_t c) {
    char bytes[4];
    unsigned size = (unsigned)e->unit;
    for (unsigned i = 0; i < size; i++)
        bytes[i] = (char)(c >> 8 * (e->big_endian ? size - 1 - i : i));
    strbuilder_add(&e->out, bytes, size);
}

/* The byte order to read in; a mark at the start is skipped. The encoding named in errors becomes the specific one.
 */
static bool read_order(Decoder *d, unsigned size, const char *little_name, const char *big_name, size_t *start) {
    *start = 0;
    if (strlen(d->encoding) > strlen("utf-16"))
        return d->encoding[strlen("utf-16-")] == 'b';
    bool big = NATIVE_BIG;
    if (d->n >= size) {
        if (read_unit(d->data, size, false) == 0xFEFF) {
            big = false;
            *start = size;
        } else if (read_unit(d->data, size, true) == 0xFEFF) {
            big = true;
            *start = size;
        }
    }
    d->encoding = big ? big_name : little_name;
    return big;
}

/* What is left is no whole unit, or half a pair: an error if nothing follows, else the next call's. */
static bool incomplete(Decoder *d, size_t *i, const char *reason, bool *stop) {
    if (!d->final) {
        *stop = true;
        return true;
    }
    return decoder_error(d, *i, d->n, reason, i);
}

/* Decodes the units from i up to a surrogate or half a unit, and returns where that is. */
static ALWAYS_INLINE size_t utf16_run(Decoder *d, size_t i, bool big) {
    while (d->n - i >= 2) {
        size_t n = (d->n - i) / 2 < 256 ? (d->n - i) / 2 : 256, stop = i + 2 * n;
        char *to = strbuilder_room(&d->out, 3 * n);
        if (to == NULL)
            break;
        for (uint32_t c; i < stop && !is_surrogate(c = read_unit(d->data + i, 2, big)); i += 2)
            to += utf8_encode(c, to);
        d->out.len = (size_t)(to - d->out.data);
        if (i < stop)
            break;
    }
    return i;
}

bool utf16_decode(Decoder *d) {
    size_t i;
    bool big = read_order(d, 2, "utf-16-le", "utf-16-be", &i), stop = false, ok = true;
    while (ok && !stop && i < d->n) {
        i = big ? utf16_run(d, i, true) : utf16_run(d, i, false);
        if (i == d->n)
            break;
        if (d->n - i < 2) {
            ok = incomplete(d, &i, "truncated data", &stop);
            continue;
        }
        uint32_t c = read_unit(d->data + i, 2, big);
        if (!is_surrogate(c)) {
            ok = strbuilder_add_char(&d->out, c);
            i += 2;
        } else if (c >= 0xDC00) {
            ok = decoder_error(d, i, i + 2, "illegal encoding", &i);
        } else if (d->n - i < 4) {
            ok = incomplete(d, &i, "unexpected end of data", &stop);
        } else {
            uint32_t low = read_unit(d->data + i + 2, 2, big);
            if (low >= 0xDC00 && low <= 0xDFFF) {
                ok = strbuilder_add_char(&d->out, 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF)));
                i += 4;
            } else {
                ok = decoder_error(d, i, i + 2, "illegal UTF-16 surrogate", &i);
            }
        }
    }
    d->consumed = i;
    return ok && !d->out.failed;
}

bool utf32_decode(Decoder *d) {
    size_t i;
    bool big = read_order(d, 4, "utf-32-le", "utf-32-be", &i), stop = false, ok = true;
    while (ok && !stop && i < d->n) {
        if (d->n - i < 4) {
            ok = incomplete(d, &i, "truncated data", &stop);
            continue;
        }
        uint32_t c = read_unit(d->data + i, 4, big);
        if (is_surrogate(c))
            ok = decoder_error(d, i, i + 4, "code point in surrogate code point range(0xd800, 0xe000)", &i);
        else if (c > CODE_POINT_MAX)
            ok = decoder_error(d, i, i + 4, "code point not in range(0x110000)", &i);
        else {
            ok = strbuilder_add_char(&d->out, c);
            i += 4;
        }
    }
    d->consumed = i;
    return ok;
}

static bool put_utf16(Encoder *e, uint32_t c) {
    if (is_surrogate(c))
        return false;
    if (c >= 0x10000) {
        write_unit(e, 0xD7C0 + (c >> 10));
        c = 0xDC00 | (c & 0x3FF);
    }
    write_unit(e, c);
    return !e->out.failed;
}

static bool put_utf32(Encoder *e, uint32_t c) {
    if (is_surrogate(c))
        return false;
    write_unit(e, c);
    return !e->out.failed;
}

static ALWAYS_INLINE void store_unit(char *to, uint32_t c, unsigned size, bool big) {
    uint16_t two = big == NATIVE_BIG ? (uint16_t)c : __builtin_bswap16((uint16_t)c);
    uint32_t four = big == NATIVE_BIG ? c : __builtin_bswap32(c);
    memcpy(to, size == 2 ? (const void *)&two : (const void *)&four, size);
}

/* Text without surrogates is taken by the encoding as it is. */
static ALWAYS_INLINE bool encode_clean(Encoder *e, unsigned size, bool big) {
    const Str *s = as_str(e->text);
    const char *p = s->data, *end = p + s->nbytes;
    /* a character that takes a pair of units has four bytes, three more than characters are counted for it */
    size_t most = s->nchars + (size == 2 ? (s->nbytes - s->nchars) / 3 : 0);
    char *to = most == 0 ? NULL : strbuilder_room(&e->out, most * size);
    if (to == NULL)
        return !e->out.failed;
    while (p < end) {
        uint32_t c = utf8_next(&p);
        if (size == 2 && c >= 0x10000) {
            store_unit(to, 0xD7C0 + (c >> 10), size, big);
            to += size;
            c = 0xDC00 | (c & 0x3FF);
        }
        store_unit(to, c, size, big);
        to += size;
    }
    e->out.len = (size_t)(to - e->out.data);
    return true;
}

static bool encode_wide(Encoder *e, unsigned size) {
    bool marked = strlen(e->encoding) == strlen("utf-16");
    e->unit = size;
    e->big_endian = marked ? NATIVE_BIG : e->encoding[strlen("utf-16-")] == 'b';
    if (marked)
        write_unit(e, 0xFEFF);
    if (!str_has_surrogates(as_str(e->text)))
        return size == 2 ? (e->big_endian ? encode_clean(e, 2, true) : encode_clean(e, 2, false))
                         : encode_clean(e, 4, e->big_endian);
    return encoder_run(e, "surrogates not allowed", false);
}

bool utf16_encode(Encoder *e) {
    e->put = put_utf16;
    return encode_wide(e, 2);
}

bool utf32_encode(Encoder *e) {
    e->put = put_utf32;
    return encode_wide(e, 4);
}
