/* UTF-8 as Cove's strings use it: valid sequences of one to four bytes, except that a lone surrogate is allowed as
 * the three bytes it would have (scripts can make one, and every code point must have a place in a string). Since the
 * lead byte tells the length and no sequence is part of another, searching and comparing bytes is searching and
 * comparing code points. */
#ifndef COVE_BASE_UTF8_H
#define COVE_BASE_UTF8_H

#include "base/common.h"

#define CODE_POINT_MAX 0x10FFFFu
#define CODE_POINT_NONE 0xFFFFFFFFu

static ALWAYS_INLINE bool utf8_is_continuation(char c) { return ((uint8_t)c & 0xC0) == 0x80; }
static ALWAYS_INLINE bool is_surrogate(uint32_t c) { return (c & 0xFFFFF800u) == 0xD800u; }

/* Bytes of the sequence that starts with this byte (of valid text). */
static ALWAYS_INLINE unsigned utf8_length(char lead) {
    uint8_t b = (uint8_t)lead;
    return b < 0x80 ? 1 : b < 0xE0 ? 2 : b < 0xF0 ? 3 : 4;
}
/* Bytes that a code point takes. */
static ALWAYS_INLINE unsigned utf8_size(uint32_t c) { return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4; }

/* The code point at p (valid text), and the length of its sequence. */
static ALWAYS_INLINE uint32_t utf8_decode(const char *p, unsigned *length) {
    const uint8_t *u = (const uint8_t *)p;
    if (likely(u[0] < 0x80)) {
        *length = 1;
        return u[0];
    }
    if (u[0] < 0xE0) {
        *length = 2;
        return (uint32_t)(u[0] & 0x1F) << 6 | (u[1] & 0x3F);
    }
    if (u[0] < 0xF0) {
        *length = 3;
        return (uint32_t)(u[0] & 0x0F) << 12 | (uint32_t)(u[1] & 0x3F) << 6 | (u[2] & 0x3F);
    }
    *length = 4;
    return (uint32_t)(u[0] & 0x07) << 18 | (uint32_t)(u[1] & 0x3F) << 12 | (uint32_t)(u[2] & 0x3F) << 6 |
           (u[3] & 0x3F);
}

/* The length of a valid sequence of two or three bytes at p, where four bytes can be read; 0: look closer, as what
 * could be too long a form, a surrogate, or something else. */
static ALWAYS_INLINE unsigned utf8_plain_length(const char *p) {
    const uint8_t *u = (const uint8_t *)p;
    if (u[0] >= 0xE1 && u[0] <= 0xEF)
        return u[0] != 0xED && ((u[1] ^ 0x80) | (u[2] ^ 0x80)) < 0x40 ? 3 : 0;
    return u[0] >= 0xC2 && u[0] < 0xE0 && (u[1] ^ 0x80) < 0x40 ? 2 : 0;
}

/* Reads the code point at *p and moves *p behind it. */
static ALWAYS_INLINE uint32_t utf8_next(const char **p) {
    unsigned n;
    uint32_t c = utf8_decode(*p, &n);
    *p += n;
    return c;
}

/* The start of the sequence that ends just before p. */
static ALWAYS_INLINE const char *utf8_previous(const char *p) {
    do
        p--;
    while (utf8_is_continuation(*p));
    return p;
}

/* Writes a code point (at most four bytes); returns the number of bytes. */
static ALWAYS_INLINE unsigned utf8_encode(uint32_t c, char *out) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* All code points of n bytes of valid text. */
void utf8_to_points(const char *p, size_t n, uint32_t *out);
/* n code points as text, and the bytes that it takes. */
void utf8_from_points(const uint32_t *points, size_t n, char *out);
size_t utf8_points_size(const uint32_t *points, size_t n);
/* Code points in valid text. */
size_t utf8_count(const char *p, size_t n);
/* The place `chars` code points further on (valid text, which must be long enough). */
const char *utf8_advance(const char *p, size_t chars);
/* Length of the ASCII part at the start. */
size_t utf8_ascii_prefix(const char *p, size_t n);
static inline bool utf8_is_ascii(const char *p, size_t n) { return utf8_ascii_prefix(p, n) == n; }

typedef enum Utf8Fault { UTF8_FINE, UTF8_BAD_START, UTF8_BAD_CONTINUATION, UTF8_TRUNCATED } Utf8Fault;
/* Looks at the sequence at p (n >= 1 bytes left) of text that may be anything. *length gets the bytes of the valid
 * sequence, or of the longest start of one that the fault should be reported for. Surrogates are faults. */
Utf8Fault utf8_check(const char *p, size_t n, unsigned *length);
/* Is this valid text (surrogates allowed or not)? Counts its code points. */
bool utf8_validate(const char *p, size_t n, bool surrogates, size_t *chars);

#endif
