/* SipHash-1-3 (Aumasson and Bernstein), as published: four words of state, little-endian input. */
#include "base/hash.h"

#include "base/load.h"

typedef struct SipState {
    uint64_t a, b, c, d;
} SipState;

static ALWAYS_INLINE uint64_t rotate(uint64_t x, int n) { return x << n | x >> (64 - n); }

static ALWAYS_INLINE void sip_round(SipState *s) {
    s->a += s->b;
    s->c += s->d;
    s->b = rotate(s->b, 13) ^ s->a;
    s->d = rotate(s->d, 16) ^ s->c;
    s->a = rotate(s->a, 32);
    s->c += s->b;
    s->a += s->d;
    s->b = rotate(s->b, 17) ^ s->c;
    s->d = rotate(s->d, 21) ^ s->a;
    s->c = rotate(s->c, 32);
}

uint64_t hash_bytes(const void *data, size_t n, const uint64_t key[2]) {
    const uint8_t *p = data;
    SipState s = {key[0] ^ 0x736f6d6570736575ull, key[1] ^ 0x646f72616e646f6dull, key[0] ^ 0x6c7967656e657261ull,
                  key[1] ^ 0x7465646279746573ull};
    size_t left = n;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t w = load_64(p);
        s.d ^= w;
        sip_round(&s);
        s.a ^= w;
    }
    uint64_t last = (uint64_t)n << 56 | load_tail(p, left);
    s.d ^= last;
    sip_round(&s);
    s.a ^= last;
    s.c ^= 0xFF;
    sip_round(&s);
    sip_round(&s);
    sip_round(&s);
    return s.a ^ s.b ^ s.c ^ s.d;
}
