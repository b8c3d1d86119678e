/* Reading bytes as little-endian words. */
#ifndef COVE_BASE_LOAD_H
#define COVE_BASE_LOAD_H

#include "base/common.h"

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define LITTLE_64(w) __builtin_bswap64(w)
#define LITTLE_32(w) __builtin_bswap32(w)
#else
#define LITTLE_64(w) (w)
#define LITTLE_32(w) (w)
#endif

static ALWAYS_INLINE uint64_t load_64(const void *p) {
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return LITTLE_64(w);
}

static ALWAYS_INLINE uint32_t load_32(const void *p) {
    uint32_t w;
    memcpy(&w, p, sizeof w);
    return LITTLE_32(w);
}

/* The 0 to 7 bytes at p: two or three loads that overlap, in place of a loop. */
static ALWAYS_INLINE uint64_t load_tail(const void *bytes, size_t n) {
    const uint8_t *p = bytes;
    if (n >= 4)
        return load_32(p) | (uint64_t)load_32(p + n - 4) << 8 * (n - 4);
    if (n == 0)
        return 0;
    return p[0] | (uint64_t)p[n / 2] << 8 * (n / 2) | (uint64_t)p[n - 1] << 8 * (n - 1);
}

#endif
