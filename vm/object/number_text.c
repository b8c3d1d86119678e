/* Text to numbers: what int(), float() and complex() have in common, and exact reading of decimal floats.
 *
 * A decimal is read in three steps of falling speed: few digits and a small exponent are one exact multiplication or
 * division; most others are decided by a product with a 128-bit power of ten whose error is bounded, accepted only if
 * both ends of the error interval round to the same double; the rest is decided by exact integers. */
#include "runtime/vm.h"

#include <math.h>

#include "object/float_pow10.h"
#include "object/int_mpn.h"
#include "object/number_text.h"

typedef unsigned __int128 Wide;

/* Characters ------------------------------------------------------------------------------------------------------
 */

/* The zeros of all scripts' decimal digits (Unicode 15.1), each followed by its one to nine. */
static const uint32_t decimal_zeros[] = {
    0x0660,  0x06F0,  0x07C0,  0x0966,  0x09E6,  0x0A66,  0x0AE6,  0x0B66,  0x0BE6,  0x0C66,  0x0CE6,  0x0D66,
    0x0DE6,  0x0E50,  0x0ED0,  0x0F20,  0x1040,  0x1090,  0x17E0,  0x1810,  0x1946,  0x19D0,  0x1A80,  0x1A90,
    0x1B50,  0x1BB0,  0x1C40,  0x1C50,  0xA620,  0xA8D0,  0xA900,  0xA9D0,  0xA9F0,  0xAA50,  0xABF0,  0xFF10,
    0x104A0, 0x10D30, 0x11066, 0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730,
    0x118E0, 0x11950, 0x11C50, 0x11D50, 0x11DA0, 0x11F50, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2,
    0x1D7EC, 0x1D7F6, 0x1E140, 0x1E2F0, 0x1E4F0, 0x1E950, 0x1FBF0,
};

int number_digit_value(uint32_t c) {
    if (c < 128)
        return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
    size_t low = 0, high = ARRAY_LEN(decimal_zeros);
    while (low < high) { /* the last zero that is not above c */
        size_t middle = (low + high) / 2;
        if (decimal_zeros[middle] <= c)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && c - decimal_zeros[low - 1] < 10 ? (int)(c - decimal_zeros[low - 1]) : -1;
}

bool number_is_space(uint32_t c) {
    if (c < 128)
        return c == ' ' || (c >= 9 && c <= 13) || (c >= 28 && c <= 31);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

static uint32_t decode(const uint8_t *p, size_t left, size_t *used) {
    size_t n = p[0] < 0x80 ? 1 : p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (n > left)
        n = left;
    uint32_t c = n == 1 ? p[0] : p[0] & (0xFFu >> (n + 1));
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (p[i] & 0x3F);
    *used = n;
    return c;
}

static bool is_blank(char c) { return c == ' ' || (c >= 9 && c <= 13); }

char *number_ascii(VM *vm, const char *text, size_t n, bool is_utf8, size_t *out_n, size_t *cap) {
    *cap = n + 1;
    char *out = mem_alloc(vm, *cap);
    if (!out)
        return NULL;
    size_t count = 0;
    for (size_t i = 0; i < n;) {
        uint8_t byte = (uint8_t)text[i];
        if (byte < 0x80 || !is_utf8) {
            out[count++] = byte < 0x80 ? (char)byte : '?';
            i++;
            continue;
        }
        size_t used;
        uint32_t c = decode((const uint8_t *)text + i, n - i, &used);
        int digit = number_digit_value(c);
        out[count++] = digit >= 0 ? (char)('0' + digit) : number_is_space(c) ? ' ' : '?';
        i += used;
    }
    while (count > 0 && is_blank(out[count - 1]))
        count--;
    size_t start = 0;
    while (start < count && is_blank(out[start]))
        start++;
    memmove(out, out + start, count - start);
    *out_n = count - start;
    return out;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool number_drop_underscores(char *text, size_t *n) {
    size_t count = 0;
    for (size_t i = 0; i < *n; i++) {
        if (text[i] != '_')
            text[count++] = text[i];
        else if (i == 0 || i + 1 == *n || !is_digit(text[i - 1]) || !is_digit(text[i + 1]))
            return false;
    }
    *n = count;
    return true;
}

/* Reading doubles -------------------------------------------------------------------------------------------------
 */

bool number_compose_double(uint64_t top, int64_t exp2, bool sticky, double *out) {
    int64_t e = exp2 + 63; /* of the leading bit */
    if (e > 1023)
        return false;
    if (e < -1080) {
        *out = 0.0;
        return true;
    }
    int shift = e >= -1022 ? 11 : 11 + (int)(-1022 - e);
    uint64_t kept = 0;
    if (shift < 64) {
        uint64_t half = (uint64_t)1 << (shift - 1), rest = top & ((half << 1) - 1);
        kept = top >> shift;
        kept += rest > half || (rest == half && (sticky || (kept & 1)));
    } else if (shift == 64) {
        kept = top > (uint64_t)1 << 63 || sticky;
    }
    *out = ldexp((double)kept, (int)exp2 + shift);
    return !isinf(*out);
}

bool int_limbs_to_double(const uint64_t *limbs, size_t n, int64_t exp2, bool sticky, double *out) {
    n = limbs_trim(limbs, n);
    if (n == 0) {
        *out = 0.0;
        return true;
    }
    int lead = __builtin_clzll(limbs[n - 1]);
    uint64_t top = limbs[n - 1] << lead;
    size_t used = n - 1;
    if (lead > 0 && n > 1) {
        top |= limbs[n - 2] >> (64 - lead);
        used = n - 2;
        sticky = sticky || limbs[n - 2] << lead != 0;
    }
    for (size_t i = 0; i < used && !sticky; i++)
        sticky = limbs[i] != 0;
    return number_compose_double(top, exp2 + (int64_t)(n - 1) * 64 - lead, sticky, out);
}

typedef struct Scan {  /* the parts of a decimal */
    uint64_t w;        /* the first 19 significant digits */
    int64_t exp10;     /* value = w (and more digits) * 10^exp10 */
    bool truncated;    /* there are more significant digits than w holds */
    const char *first; /* first significant digit in the text, ... */
    const char *end;   /* ... end of the digits; a point may stand between */
} Scan;

/* w * 10^e, if its rounding is certain. */
static bool multiply_certain(uint64_t w, int e, bool truncated, double *out) {
    int lead = __builtin_clzll(w);
    const uint64_t *g = float_pow10[e - FLOAT_POW10_MIN];
    Wide low = (Wide)(w << lead) * g[1], product = (Wide)(w << lead) * g[0] + (uint64_t)(low >> 64);
    int64_t exp2 = 1 - lead + float_log2_pow10(e); /* of the product's upper word */
    /* The table is at most one unit too large; digits cut off make w up to one unit too small. */
    Wide from = product - 2, to = product + 2 + (truncated ? ((Wide)g[0] + 1) << lead : 0);
    if (to < product)
        return false;
    double ends[2];
    for (int i = 0; i < 2; i++) {
        Wide x = i == 0 ? from : to;
        int zeros = (int)(x >> 127 == 0);
        if (!number_compose_double((uint64_t)(x << zeros >> 64), exp2 - zeros, true, &ends[i]))
            ends[i] = INFINITY;
    }
    *out = ends[0];
    return ends[0] == ends[1];
}

#define EXACT_DIGITS 800 /* more than any double or any point half-way between two has */
#define EXACT_LIMBS 140

static double read_exact(const Scan *s) {
    uint8_t digits[EXACT_DIGITS + 1];
    size_t n = 0;
    const char *p = s->first;
    for (; p < s->end && n < EXACT_DIGITS; p++)
        if (*p != '.')
            digits[n++] = (uint8_t)(*p - '0');
    bool more = false;
    for (; p < s->end && !more; p++)
        more = *p != '.' && *p != '0';
    int64_t exp10 = s->exp10 - (n > 19 ? (int64_t)n - 19 : 0);
    if (more) { /* a one behind the digits decides every tie as the digits cut off would */
        digits[n++] = 1;
        exp10--;
    }
    uint64_t num[EXACT_LIMBS], five[EXACT_LIMBS], work[EXACT_LIMBS], quotient[EXACT_LIMBS], rest[EXACT_LIMBS];
    size_t nn = limbs_trim(num, limbs_from_digits(num, digits, n, 10));
    double d;
    int e = (int)exp10;
    size_t fn = 1;
    five[0] = 1;
    for (int left = e < 0 ? -e : e; left > 0; left--) {
        uint64_t high = limbs_mul_word(five, five, fn, 5);
        if (high != 0)
            five[fn++] = high;
    }
    bool fits;
    if (e >= 0) {
        if (nn >= fn)
            limbs_mul(work, num, nn, five, fn);
        else
            limbs_mul(work, five, fn, num, nn);
        fits = int_limbs_to_double(work, nn + fn, e, false, &d);
    } else {
        int64_t shift = (int64_t)limbs_bits(five, fn) - (int64_t)limbs_bits(num, nn) + 66;
        if (shift < 0)
            shift = 0;
        limbs_shift_left(work, num, nn, (size_t)shift);
        size_t wn = limbs_trim(work, nn + (size_t)shift / 64 + 1);
        limbs_divide(quotient, rest, work, wn, five, fn);
        fits = int_limbs_to_double(quotient, wn - fn + 1, e - shift, limbs_trim(rest, fn) != 0, &d);
    }
    return fits ? d : INFINITY;
}

static double read_scan(const Scan *s) {
    static const double exact_pow10[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                         1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    if (s->w == 0)
        return 0.0;
    if (!s->truncated && s->w <= (uint64_t)1 << 53 && s->exp10 >= -22 && s->exp10 <= 22) {
        double d = (double)s->w;
        return s->exp10 < 0 ? d / exact_pow10[-s->exp10] : d * exact_pow10[s->exp10];
    }
    if (s->exp10 > 310)
        return INFINITY;
    if (s->exp10 < FLOAT_POW10_MIN)
        return 0.0;
    double d;
    return multiply_certain(s->w, (int)s->exp10, s->truncated, &d) ? d : read_exact(s);
}

static size_t scan_exponent(const char *text, size_t n, size_t at, int64_t *exp) {
    size_t i = at + 1;
    bool negative = false;
    if (i < n && (text[i] == '+' || text[i] == '-'))
        negative = text[i++] == '-';
    size_t digits = i;
    int64_t e = 0;
    for (; i < n && is_digit(text[i]); i++)
        if (e < ((int64_t)1 << 50))
            e = e * 10 + (text[i] - '0');
    if (i == digits)
        return at;
    *exp = negative ? -e : e;
    return i;
}

static size_t scan_word(const char *text, size_t n, const char *word) {
    size_t i = 0;
    while (word[i] != 0 && i < n && (text[i] | 32) == word[i])
        i++;
    return word[i] == 0 ? i : 0;
}

static size_t scan_special(const char *text, size_t n, double *out) {
    size_t used = scan_word(text, n, "nan");
    *out = used ? (double)NAN : (double)INFINITY;
    if (used == 0)
        used = scan_word(text, n, "infinity");
    return used ? used : scan_word(text, n, "inf");
}

size_t number_scan_double(const char *text, size_t n, double *out) {
    size_t i = 0;
    bool negative = false;
    if (n > 0 && (text[0] == '+' || text[0] == '-'))
        negative = text[i++] == '-';
    if (i < n && !is_digit(text[i]) && text[i] != '.') {
        size_t used = scan_special(text + i, n - i, out);
        *out = negative ? -*out : *out;
        return used ? i + used : 0;
    }
    Scan s = {0};
    size_t ndigits = 0;
    int significant = 0;
    bool point = false;
    int64_t exponent = 0;
    for (; i < n; i++) {
        char c = text[i];
        if (c == '.') {
            if (point)
                break;
            point = true;
            continue;
        }
        if (!is_digit(c))
            break;
        ndigits++;
        if (significant == 0 && c == '0') {
            s.exp10 -= point;
            continue;
        }
        if (significant == 0)
            s.first = text + i;
        if (significant < 19) {
            s.w = s.w * 10 + (uint64_t)(c - '0');
            significant++;
            s.exp10 -= point;
        } else {
            s.truncated = s.truncated || c != '0';
            s.exp10 += !point;
        }
    }
    if (ndigits == 0)
        return 0;
    s.end = text + i;
    if (i < n && (text[i] | 32) == 'e')
        i = scan_exponent(text, n, i, &exponent);
    s.exp10 += exponent;
    double d = read_scan(&s);
    *out = negative ? -d : d;
    return i;
}

bool float_from_text(const char *text, size_t n, double *out) {
    return n > 0 && number_scan_double(text, n, out) == n;
}
