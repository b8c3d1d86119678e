/* Doubles to decimal digits: the shortest ones that read back (repr), and exactly rounded ones of a wanted number.
 *
 * The shortest form is found with Raffaello Giulietti's Schubfach method: the ends of the interval that rounds to the
 * double are scaled by a tabulated power of ten, and the only two or three candidates left are compared with it; no
 * loops, no big integers. Rounded digits come from one multiplication in 128 bits where that is exact, else from
 * exact integers of a bounded size on the C stack. Neither depends on the C library. */
#include "runtime/vm.h"

#include <math.h>

#include "object/float_pow10.h"
#include "object/int_mpn.h"
#include "object/number_text.h"

typedef unsigned __int128 Wide;

/* d = mantissa * 2^exponent; d > 0 and finite */
static void split_double(double d, uint64_t *mantissa, int *exponent) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    uint64_t fraction = bits & (((uint64_t)1 << 52) - 1);
    int e = (int)(bits >> 52 & 0x7FF);
    *mantissa = e == 0 ? fraction : fraction | (uint64_t)1 << 52;
    *exponent = (e == 0 ? 1 : e) - 1075;
}

/* Decimal digits of u without leading zeros (none for 0); returns their number. */
static int write_digits(uint64_t u, char *out) {
    char text[20];
    int n = 0;
    for (; u != 0; u /= 10)
        text[n++] = (char)('0' + u % 10);
    for (int i = 0; i < n; i++)
        out[i] = text[n - 1 - i];
    return n;
}

static void set_zero(Decimal *out) {
    out->n = 1;
    out->point = 1;
    out->digits[0] = '0';
}

/* floor(g * c / 2^128) with the lowest bit set if anything was cut off ("round to odd"), which keeps comparisons with
 * neighbours right. */
static uint64_t multiply_to_odd(const uint64_t g[2], uint64_t c) {
    Wide low = (Wide)g[1] * c, high = (Wide)g[0] * c + (uint64_t)(low >> 64);
    return (uint64_t)(high >> 64) | ((uint64_t)high > 1);
}

/* The shortest s * 10^k; s may end in zeros. */
static uint64_t shortest(uint64_t c, int q, bool narrow_below, int *k_out) {
    /* floor(log10(2^q)), or of 3/4 of that where the double below is only half as far away */
    int k = (q * 1262611 - (narrow_below ? 524031 : 0)) >> 22;
    int h = q + float_log2_pow10(-k) + 1;
    const uint64_t *g = float_pow10[-k - FLOAT_POW10_MIN];
    uint64_t odd = c & 1; /* an odd mantissa does not own the ends of its interval */
    uint64_t lower = multiply_to_odd(g, (4 * c - (narrow_below ? 1 : 2)) << h) + odd;
    uint64_t value = multiply_to_odd(g, (4 * c) << h);
    uint64_t upper = multiply_to_odd(g, (4 * c + 2) << h) - odd;
    uint64_t s = value >> 2;
    *k_out = k;
    if (s >= 10) { /* one digit fewer, if exactly one such number is inside */
        uint64_t tens = s / 10;
        bool below = lower <= 40 * tens, above = 40 * tens + 40 <= upper;
        if (below != above) {
            *k_out = k + 1;
            return tens + above;
        }
    }
    bool below = lower <= 4 * s, above = 4 * s + 4 <= upper;
    if (below != above)
        return s + above;
    uint64_t middle = 4 * s + 2;
    return s + (value > middle || (value == middle && (s & 1)));
}

void decimal_shortest(double d, Decimal *out) {
    if (d == 0.0) {
        set_zero(out);
        return;
    }
    uint64_t s;
    int k = 0;
    if (d < 9007199254740992.0 && d == (double)(uint64_t)d) {
        s = (uint64_t)d;
    } else {
        uint64_t c;
        int q;
        split_double(d, &c, &q);
        s = shortest(c, q, c == (uint64_t)1 << 52 && q > -1074, &k);
    }
    out->n = write_digits(s, out->digits);
    out->point = out->n + k;
    while (out->n > 1 && out->digits[out->n - 1] == '0')
        out->n--;
}

/* Exactly rounded ------------------------------------------------------------------------------------------------ */

#define SCALE_MAX 1100  /* beyond that every double has only zeros */
#define SCALE_LIMBS 112 /* 2^1024 * 10^1100 has 4679 bits; room for the shifts' extra limbs */

static const uint64_t small_pow10[20] = {1,
                                         10,
                                         100,
                                         1000,
                                         10000,
                                         100000,
                                         1000000,
                                         10000000,
                                         100000000,
                                         1000000000,
                                         10000000000,
                                         100000000000,
                                         1000000000000,
                                         10000000000000,
                                         100000000000000,
                                         1000000000000000,
                                         10000000000000000,
                                         100000000000000000,
                                         1000000000000000000,
                                         10000000000000000000u};

static size_t power_of_five(uint64_t *r, int e) {
    size_t n = 1;
    r[0] = 1;
    for (; e > 0; e -= 27) {
        uint64_t factor = 7450580596923828125u; /* 5^27, the largest in 64 bits */
        if (e < 27)
            for (factor = 1; e > 0; e--)
                factor *= 5;
        uint64_t high = limbs_mul_word(r, r, n, factor);
        if (high != 0)
            r[n++] = high;
    }
    return n;
}

static size_t shift_left_trimmed(uint64_t *r, const uint64_t *a, size_t n, int bits) {
    limbs_shift_left(r, a, n, (size_t)bits);
    return limbs_trim(r, n + (size_t)bits / 64 + 1);
}

static bool test_bit(const uint64_t *a, size_t n, size_t bit) {
    return bit / 64 < n && (a[bit / 64] >> bit % 64 & 1);
}

/* r = round(m * 5^p * 2^(e + p)), p >= 0 */
static size_t scale_up(uint64_t *r, uint64_t m, int e, int p) {
    uint64_t x[SCALE_LIMBS];
    size_t n = power_of_five(x, p);
    x[n] = limbs_mul_word(x, x, n, m);
    n = limbs_trim(x, n + 1);
    int shift = e + p;
    if (shift >= 0)
        return shift_left_trimmed(r, x, n, shift);
    size_t cut = (size_t)-shift;
    bool half = test_bit(x, n, cut - 1);
    bool rest = cut > 1 && limbs_trailing_zeros(x, n) < cut - 1;
    if (cut / 64 >= n) {
        r[0] = half && rest; /* below one: a half alone goes to the even zero */
        return limbs_trim(r, 1);
    }
    limbs_shift_right(r, x, n, cut);
    n -= cut / 64;
    r[n] = half && (rest || (r[0] & 1)) ? limbs_add_word(r, n, 1) : 0;
    return limbs_trim(r, n + 1);
}

/* r = round(m * 2^(e + p) / 5^-p), p < 0 */
static size_t scale_down(uint64_t *r, uint64_t m, int e, int p) {
    uint64_t num[SCALE_LIMBS], den[SCALE_LIMBS], five[SCALE_LIMBS], rest[SCALE_LIMBS];
    size_t dn = power_of_five(five, -p);
    size_t nn = shift_left_trimmed(num, &m, 1, e + p > 0 ? e + p : 0);
    dn = shift_left_trimmed(den, five, dn, e + p < 0 ? -(e + p) : 0);
    size_t qn = 0, rn = nn;
    if (nn >= dn) {
        limbs_divide(r, rest, num, nn, den, dn);
        qn = limbs_trim(r, nn - dn + 1);
        rn = limbs_trim(rest, dn);
    } else {
        memcpy(rest, num, nn * sizeof *rest);
    }
    rn = shift_left_trimmed(num, rest, rn, 1);
    int c = limbs_compare(num, rn, den, dn);
    if (c > 0 || (c == 0 && qn > 0 && (r[0] & 1))) {
        r[qn] = limbs_add_word(r, qn, 1);
        qn = limbs_trim(r, qn + 1);
    }
    return qn;
}

/* Digits of m * 2^e * 10^p rounded to an integer, half to even; returns their number, 0 for zero. */
static int scaled_digits(uint64_t m, int e, int p, char *out) {
    if (p >= 0 && p <= 19 && e <= 0 && e > -128) {
        Wide x = (Wide)m * small_pow10[p], q = x;
        if (e < 0) {
            Wide rest = x & (((Wide)1 << -e) - 1), half = (Wide)1 << (-e - 1);
            q = x >> -e;
            q += rest > half || (rest == half && (q & 1));
        }
        if (q >> 64 == 0)
            return write_digits((uint64_t)q, out);
        uint64_t low = (uint64_t)(q % small_pow10[19]);
        int n = write_digits((uint64_t)(q / small_pow10[19]), out);
        for (int i = 18; i >= 0; i--, low /= 10)
            out[n + i] = (char)('0' + low % 10);
        return n + 19;
    }
    if (p < -350)
        return 0;
    uint64_t r[SCALE_LIMBS];
    size_t n = p >= 0 ? scale_up(r, m, e, p) : scale_down(r, m, e, p);
    if (n == 0)
        return 0;
    uint8_t *digits = (uint8_t *)out;
    int count = (int)limbs_to_digits(digits, r, n, 10), zeros = 0;
    while (zeros < count - 1 && digits[zeros] == 0)
        zeros++;
    for (int i = zeros; i < count; i++)
        out[i - zeros] = (char)('0' + digits[i]);
    return count - zeros;
}

void decimal_fixed(double d, int ndigits, Decimal *out) {
    int p = ndigits > SCALE_MAX ? SCALE_MAX : ndigits;
    out->n = 0;
    if (d != 0.0) {
        uint64_t m;
        int e;
        split_double(d, &m, &e);
        out->n = scaled_digits(m, e, p, out->digits);
    }
    if (out->n == 0)
        set_zero(out);
    else
        out->point = out->n - p;
}

void decimal_significant(double d, int ndigits, Decimal *out) {
    if (d == 0.0) {
        set_zero(out);
        return;
    }
    if (ndigits > 770) /* the longest double has 767 */
        ndigits = 770;
    uint64_t m;
    int e;
    split_double(d, &m, &e);
    /* The decimal exponent is floor(log10(d)), estimated within one; the number of digits tells whether it was right.
     */
    int point = (int)floor((e + 63 - __builtin_clzll(m)) * 0.30102999566398120) + 1;
    for (;;) {
        out->n = scaled_digits(m, e, ndigits - point, out->digits);
        if (out->n == ndigits)
            break;
        point += out->n > ndigits ? 1 : -1;
    }
    out->point = point;
}

size_t float_repr(double d, char *out) {
    if (isnan(d) || isinf(d)) {
        const char *text = isnan(d) ? "nan" : d < 0 ? "-inf" : "inf";
        size_t n = strlen(text);
        memcpy(out, text, n);
        return n;
    }
    char *p = out;
    if (signbit(d))
        *p++ = '-';
    Decimal x;
    decimal_shortest(fabs(d), &x);
    if (x.point > 16 || x.point < -3) {
        int exp = x.point - 1;
        *p++ = x.digits[0];
        if (x.n > 1) {
            *p++ = '.';
            memcpy(p, x.digits + 1, (size_t)x.n - 1);
            p += x.n - 1;
        }
        *p++ = 'e';
        *p++ = exp < 0 ? '-' : '+';
        exp = exp < 0 ? -exp : exp;
        if (exp < 10)
            *p++ = '0';
        p += write_digits((uint64_t)exp, p);
    } else if (x.point <= 0) {
        *p++ = '0';
        *p++ = '.';
        memset(p, '0', (size_t)-x.point);
        p += -x.point;
        memcpy(p, x.digits, (size_t)x.n);
        p += x.n;
    } else {
        for (int i = 0; i < x.point || i < x.n; i++) {
            if (i == x.point)
                *p++ = '.';
            *p++ = i < x.n ? x.digits[i] : '0';
        }
        if (x.n <= x.point) {
            *p++ = '.';
            *p++ = '0';
        }
    }
    return (size_t)(p - out);
}
