/* The bridge to GMP's low-level functions: limbs in, limbs out. Everything above this file counts in uint64_t, so
 * that the library behind it can be exchanged, and holds its limbs in the VM's heap. GMP takes scratch space of its
 * own for very large operands; int.c probes the heap before it asks for such a thing, since GMP cannot report
 * failure. */
#include "object/int_mpn.h"

#include <gmp.h>

_Static_assert(sizeof(mp_limb_t) == 8 && GMP_NUMB_BITS == 64, "limbs must be 64 bits without nails");

#define L(p) ((mp_limb_t *)(p))
#define CL(p) ((const mp_limb_t *)(p))

int limbs_compare(const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    if (an != bn)
        return an < bn ? -1 : 1;
    return an == 0 ? 0 : mpn_cmp(CL(a), CL(b), (mp_size_t)an);
}

uint64_t limbs_add(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    if (bn == 0) {
        memmove(r, a, an * sizeof *r);
        return 0;
    }
    return mpn_add(L(r), CL(a), (mp_size_t)an, CL(b), (mp_size_t)bn);
}

void limbs_sub(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    if (bn == 0)
        memmove(r, a, an * sizeof *r);
    else
        mpn_sub(L(r), CL(a), (mp_size_t)an, CL(b), (mp_size_t)bn);
}

uint64_t limbs_add_word(uint64_t *r, size_t n, uint64_t word) {
    return n == 0 ? word : mpn_add_1(L(r), CL(r), (mp_size_t)n, word);
}

uint64_t limbs_sub_word(uint64_t *r, size_t n, uint64_t word) {
    return n == 0 ? word : mpn_sub_1(L(r), CL(r), (mp_size_t)n, word);
}

uint64_t limbs_mul_word(uint64_t *r, const uint64_t *a, size_t n, uint64_t word) {
    return n == 0 ? 0 : mpn_mul_1(L(r), CL(a), (mp_size_t)n, word);
}

void limbs_mul(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    if (a == b && an == bn)
        mpn_sqr(L(r), CL(a), (mp_size_t)an);
    else
        mpn_mul(L(r), CL(a), (mp_size_t)an, CL(b), (mp_size_t)bn);
}

void limbs_square(uint64_t *r, const uint64_t *a, size_t n) { mpn_sqr(L(r), CL(a), (mp_size_t)n); }

void limbs_divide(uint64_t *q, uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn) {
    if (bn == 1)
        r[0] = mpn_divrem_1(L(q), 0, CL(a), (mp_size_t)an, b[0]);
    else
        mpn_tdiv_qr(L(q), L(r), 0, CL(a), (mp_size_t)an, CL(b), (mp_size_t)bn);
}

uint64_t limbs_mod_word(const uint64_t *a, size_t n, uint64_t word) {
    return n == 0 ? 0 : mpn_mod_1(CL(a), (mp_size_t)n, word);
}

void limbs_shift_left(uint64_t *r, const uint64_t *a, size_t n, size_t bits) {
    size_t words = bits / 64;
    unsigned rest = (unsigned)(bits % 64);
    if (n == 0) {
        memset(r, 0, (words + 1) * sizeof *r);
        return;
    }
    if (rest != 0) {
        r[n + words] = mpn_lshift(L(r + words), CL(a), (mp_size_t)n, rest);
    } else {
        memmove(r + words, a, n * sizeof *r);
        r[n + words] = 0;
    }
    memset(r, 0, words * sizeof *r);
}

bool limbs_shift_right(uint64_t *r, const uint64_t *a, size_t n, size_t bits) {
    size_t words = bits / 64;
    unsigned rest = (unsigned)(bits % 64);
    bool lost = false;
    for (size_t i = 0; i < words && !lost; i++)
        lost = a[i] != 0;
    if (rest != 0) {
        if (mpn_rshift(L(r), CL(a + words), (mp_size_t)(n - words), rest) != 0)
            lost = true;
    } else {
        memmove(r, a + words, (n - words) * sizeof *r);
    }
    return lost;
}

size_t limbs_popcount(const uint64_t *a, size_t n) { return n == 0 ? 0 : mpn_popcount(CL(a), (mp_size_t)n); }

size_t limbs_trailing_zeros(const uint64_t *a, size_t n) {
    size_t i = 0;
    while (i < n && a[i] == 0)
        i++;
    return i * 64 + (size_t)__builtin_ctzll(a[i]);
}

size_t limbs_digits_max(const uint64_t *a, size_t n, int base) {
    return n == 0 ? 1 : mpn_sizeinbase(CL(a), (mp_size_t)n, base) + 1;
}

size_t limbs_to_digits(uint8_t *out, uint64_t *a, size_t n, int base) {
    return mpn_get_str(out, base, L(a), (mp_size_t)n);
}

size_t limbs_for_digits(size_t ndigits, int base) {
    /* log2(base) rounded up to a multiple of 1/16 is enough: the excess is under two percent */
    static const uint8_t sixteenths[37] = {0,  0,  16, 26, 32, 38, 42, 45, 48, 51, 54, 56, 58, 60, 61, 63, 64, 66, 67,
                                           68, 70, 71, 72, 73, 74, 75, 76, 77, 77, 78, 79, 80, 80, 81, 82, 83, 83};
    return ndigits / 1024 * sixteenths[base] + (ndigits % 1024) * sixteenths[base] / 1024 + 2;
}

size_t limbs_from_digits(uint64_t *r, const uint8_t *digits, size_t n, int base) {
    return (size_t)mpn_set_str(L(r), digits, n, base);
}

void limbs_sqrt(uint64_t *root, const uint64_t *a, size_t n) { mpn_sqrtrem(L(root), NULL, CL(a), (mp_size_t)n); }

size_t limbs_gcd_odd(uint64_t *r, uint64_t *a, size_t an, uint64_t *b, size_t bn) {
    return (size_t)mpn_gcd(L(r), L(a), (mp_size_t)an, L(b), (mp_size_t)bn);
}

void limbs_redc(uint64_t *r, uint64_t *a, const uint64_t *m, size_t n, uint64_t inverse) {
    /* Clears the low limbs one by one by adding multiples of m; each limb's carry is kept in the place it cleared. */
    for (size_t i = 0; i < n; i++)
        a[i] = mpn_addmul_1(L(a + i), CL(m), (mp_size_t)n, a[i] * inverse);
    if (mpn_add_n(L(r), CL(a + n), CL(a), (mp_size_t)n) != 0 || mpn_cmp(CL(r), CL(m), (mp_size_t)n) >= 0)
        mpn_sub_n(L(r), CL(r), CL(m), (mp_size_t)n);
}
