/* UTF-8: counting, skipping and checking. Loops look at eight bytes at a time where text is long, since every slice
 * and every index of non-ASCII text counts code points. */
#include "base/utf8.h"

#include "base/load.h"

#define HIGH_BITS 0x8080808080808080ull
#define LOW_BITS 0x0101010101010101ull

/* Continuation bytes have bit 7 set and bit 6 clear: one bit for each in the lowest place of its byte. */
static ALWAYS_INLINE uint64_t continuation_bits(uint64_t w) { return (w >> 7) & (~w >> 6) & LOW_BITS; }

static ALWAYS_INLINE size_t continuations_in(uint64_t w) { return continuation_bits(w) * LOW_BITS >> 56; }

/* Names mostly are. The two words of a text of more than eight bytes overlap. */
static ALWAYS_INLINE bool is_short_ascii(const char *p, size_t n) {
    uint64_t bytes = n < 8 ? load_tail(p, n) : n <= 16 ? load_64(p) | load_64(p + n - 8) : HIGH_BITS;
    return (bytes & HIGH_BITS) == 0;
}

size_t utf8_count(const char *p, size_t n) {
    if (likely(is_short_ascii(p, n)))
        return n;
    size_t continuations = 0, i = utf8_ascii_prefix(p, n);
    while (i + 8 <= n) {
        /* sums per byte do not overflow within 255 words */
        uint64_t sums = 0;
        size_t words = (n - i) / 8;
        if (words > 255)
            words = 255;
        for (size_t k = 0; k < words; k++, i += 8)
            sums += continuation_bits(load_64(p + i));
        uint64_t pairs = (sums & 0x00FF00FF00FF00FFull) + (sums >> 8 & 0x00FF00FF00FF00FFull);
        continuations += (size_t)(pairs * 0x0001000100010001ull >> 48);
    }
    if (i < n)
        continuations += continuations_in(load_tail(p + i, n - i));
    return n - continuations;
}

const char *utf8_advance(const char *p, size_t chars) {
    /* A word holds at most 8 starts, so while more than 8 remain it can be skipped whole. */
    while (chars > 8) {
        chars -= 8 - continuations_in(load_64(p));
        p += 8;
    }
    while (utf8_is_continuation(*p))
        p++;
    while (chars-- > 0)
        p += utf8_length(*p);
    return p;
}

size_t utf8_ascii_prefix(const char *p, size_t n) {
    size_t i = 0;
    while (i + 32 <= n) {
        uint64_t w = load_64(p + i) | load_64(p + i + 8) | load_64(p + i + 16) | load_64(p + i + 24);
        if (w & HIGH_BITS)
            break;
        i += 32;
    }
    while (i + 8 <= n && !(load_64(p + i) & HIGH_BITS))
        i += 8;
    if (i < n && n - i < 8 && !(load_tail(p + i, n - i) & HIGH_BITS))
        return n;
    while (i < n && !((uint8_t)p[i] & 0x80))
        i++;
    return i;
}

Utf8Fault utf8_check(const char *text, size_t n, unsigned *length) {
    const uint8_t *p = (const uint8_t *)text;
    uint8_t lead = p[0], low = 0x80, high = 0xBF;
    *length = 1;
    if (lead < 0x80)
        return UTF8_FINE;
    if (lead < 0xC2 || lead > 0xF4)
        return UTF8_BAD_START;
    unsigned size = utf8_length(text[0]);
    if (lead == 0xE0)
        low = 0xA0; /* no overlong forms, */
    else if (lead == 0xED)
        high = 0x9F; /* no surrogates, */
    else if (lead == 0xF0)
        low = 0x90;
    else if (lead == 0xF4)
        high = 0x8F; /* nothing beyond U+10FFFF */
    for (unsigned i = 1; i < size; i++) {
        *length = i;
        if (i >= n)
            return UTF8_TRUNCATED;
        if (p[i] < low || p[i] > high)
            return UTF8_BAD_CONTINUATION;
        low = 0x80;
        high = 0xBF;
    }
    *length = size;
    return UTF8_FINE;
}

static bool is_encoded_surrogate(const char *p, size_t n) {
    return n >= 3 && (uint8_t)p[0] == 0xED && (uint8_t)p[1] >= 0xA0 && (uint8_t)p[1] <= 0xBF &&
           utf8_is_continuation(p[2]);
}

bool utf8_validate(const char *p, size_t n, bool surrogates, size_t *chars) {
    size_t count = 0;
    for (size_t i = 0; i < n;) {
        size_t ascii = utf8_ascii_prefix(p + i, n - i);
        count += ascii;
        i += ascii;
        while (i < n && (uint8_t)p[i] >= 0x80) {
            unsigned length = n - i >= 4 ? utf8_plain_length(p + i) : 0;
            if (length == 0 && utf8_check(p + i, n - i, &length) != UTF8_FINE) {
                if (!surrogates || !is_encoded_surrogate(p + i, n - i))
                    return false;
                length = 3;
            }
            i += length;
            count++;
        }
    }
    *chars = count;
    return true;
}

/* --- code points as an array; East Asian text, whose characters take three bytes, comes first ---------------------
 */

void utf8_to_points(const char *p, size_t n, uint32_t *out) {
    for (const char *end = p + n; p < end;) {
        const uint8_t *u = (const uint8_t *)p;
        if ((u[0] & 0xF0) == 0xE0) {
            *out++ = (uint32_t)(u[0] & 0x0F) << 12 | (uint32_t)(u[1] & 0x3F) << 6 | (u[2] & 0x3F);
            p += 3;
        } else {
            *out++ = utf8_next(&p);
        }
    }
}

size_t utf8_points_size(const uint32_t *points, size_t n) {
    size_t size = n;
    for (size_t i = 0; i < n; i++)
        size += (size_t)(points[i] >= 0x80) + (points[i] >= 0x800) + (points[i] >= 0x10000);
    return size;
}

void utf8_from_points(const uint32_t *points, size_t n, char *out) {
    for (size_t i = 0; i < n; i++) {
        uint32_t c = points[i];
        if (c - 0x800 < 0x10000 - 0x800) {
            out[0] = (char)(0xE0 | c >> 12);
            out[1] = (char)(0x80 | (c >> 6 & 0x3F));
            out[2] = (char)(0x80 | (c & 0x3F));
            out += 3;
        } else {
            out += utf8_encode(c, out);
        }
    }
}
