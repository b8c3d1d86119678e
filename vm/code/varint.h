/* Numbers of variable length in bytes, seven bits each, low ones first; and a reader that never leaves its range. */
#ifndef COVE_CODE_VARINT_H
#define COVE_CODE_VARINT_H

#include "base/load.h"

#define VARINT_MAX 10 /* bytes of the longest */

static inline uint64_t zigzag(int64_t v) { return (uint64_t)v << 1 ^ (uint64_t)(v >> 63); }
static inline int64_t unzigzag(uint64_t v) { return (int64_t)(v >> 1) ^ -(int64_t)(v & 1); }

/* Writes v at out, if there is an out; returns its length. */
static inline size_t varint_put(uint8_t *out, uint64_t v) {
    size_t n = 0;
    for (; v >= 0x80; v >>= 7, n++)
        if (out != NULL)
            out[n] = (uint8_t)(v | 0x80);
    if (out != NULL)
        out[n] = (uint8_t)v;
    return n + 1;
}

/* Reading past the end gives zeros and sets `bad`: callers look at that once, when they are done. */
typedef struct ByteReader {
    const uint8_t *at, *end;
    bool bad;
} ByteReader;

static ALWAYS_INLINE unsigned read_byte(ByteReader *r) {
    if (likely(r->at < r->end))
        return *r->at++;
    r->bad = true;
    return 0;
}

static inline uint64_t read_varint_long(ByteReader *r, uint64_t v) {
    for (unsigned shift = 7; shift < 64; shift += 7) {
        unsigned byte = read_byte(r);
        v |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return v;
    }
    r->bad = true;
    return 0;
}

static ALWAYS_INLINE uint64_t read_varint(ByteReader *r) {
    unsigned byte = read_byte(r);
    return likely(byte < 0x80) ? byte : read_varint_long(r, byte & 0x7F);
}

static ALWAYS_INLINE int64_t read_signed(ByteReader *r) { return unzigzag(read_varint(r)); }

/* The next n bytes, or NULL. */
static inline const uint8_t *read_bytes(ByteReader *r, size_t n) {
    if ((size_t)(r->end - r->at) < n) {
        r->bad = true;
        return NULL;
    }
    r->at += n;
    return r->at - n;
}

static inline void store_u32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)v, p[1] = (uint8_t)(v >> 8), p[2] = (uint8_t)(v >> 16), p[3] = (uint8_t)(v >> 24);
}

#endif
