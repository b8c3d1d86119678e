/* Arithmetic on arrays of limbs, least significant first: the layer under big integers and exact float conversion.
 * int_mpn.c is the only file that knows GMP. Sizes are in limbs; "trimmed" means that the top limb is not zero.
 * Nothing here allocates from the VM's heap or raises: callers provide the room. */
#ifndef COVE_OBJECT_INT_MPN_H
#define COVE_OBJECT_INT_MPN_H

#include "base/common.h"

static ALWAYS_INLINE size_t limbs_trim(const uint64_t *p, size_t n) {
    while (n > 0 && p[n - 1] == 0)
        n--;
    return n;
}
static ALWAYS_INLINE size_t limbs_bits(const uint64_t *p, size_t n) { /* trimmed */
    return n == 0 ? 0 : n * 64 - (size_t)__builtin_clzll(p[n - 1]);
}

int limbs_compare(const uint64_t *a, size_t an, const uint64_t *b, size_t bn);               /* trimmed */
uint64_t limbs_add(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn); /* an >= bn; carry */
void limbs_sub(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn);     /* a >= b */
uint64_t limbs_add_word(uint64_t *r, size_t n, uint64_t word);                               /* in place; carry */
uint64_t limbs_sub_word(uint64_t *r, size_t n, uint64_t word);                               /* in place; borrow */
uint64_t limbs_mul_word(uint64_t *r, const uint64_t *a, size_t n, uint64_t word);            /* high limb */
void limbs_mul(uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn); /* an >= bn >= 1; r apart */
void limbs_square(uint64_t *r, const uint64_t *a, size_t n);                             /* r apart, 2n limbs */
/* Quotient (an - bn + 1 limbs) and remainder (bn limbs); an >= bn >= 1, b trimmed, nothing overlaps except r == a. */
void limbs_divide(uint64_t *q, uint64_t *r, const uint64_t *a, size_t an, const uint64_t *b, size_t bn);
uint64_t limbs_mod_word(const uint64_t *a, size_t n, uint64_t word);
/* r has n + bits / 64 + 1 limbs, all written; r == a is allowed. */
void limbs_shift_left(uint64_t *r, const uint64_t *a, size_t n, size_t bits);
/* r has n - bits / 64 limbs (bits / 64 < n); true if a one was shifted out. r == a is allowed. */
bool limbs_shift_right(uint64_t *r, const uint64_t *a, size_t n, size_t bits);
size_t limbs_popcount(const uint64_t *a, size_t n);
size_t limbs_trailing_zeros(const uint64_t *a, size_t n); /* a != 0 */
/* Digit values 0 .. base-1, most significant first. to_digits destroys a (one limb beyond it is scratch) and may
 * write leading zeros; out must hold limbs_digits_max() bytes. */
size_t limbs_digits_max(const uint64_t *a, size_t n, int base);
size_t limbs_to_digits(uint8_t *out, uint64_t *a, size_t n, int base);
size_t limbs_from_digits(uint64_t *r, const uint8_t *digits, size_t n,
                         int base);                /* n >= 1; returns limbs, untrimmed */
size_t limbs_for_digits(size_t ndigits, int base); /* room that from_digits needs */
/* Root (n + 1) / 2 limbs. */
void limbs_sqrt(uint64_t *root, const uint64_t *a, size_t n);
/* Destroys a and b (both odd, trimmed, a >= b in limbs); returns the size of the result, at most bn limbs. */
size_t limbs_gcd_odd(uint64_t *r, uint64_t *a, size_t an, uint64_t *b, size_t bn);
/* a (2n limbs) becomes a / 2^(64 n) modulo the odd m (n limbs) in r; inverse = -1/m[0] mod 2^64. Destroys a. */
void limbs_redc(uint64_t *r, uint64_t *a, const uint64_t *m, size_t n, uint64_t inverse);

#endif
