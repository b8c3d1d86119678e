/* Integers and text: printing in any base, and the rules of int("...").
 *
 * Bases that are powers of two are cut from the limbs directly; the others go through GMP, which is subquadratic. The
 * limit on decimal digits (sys.set_int_max_str_digits) is checked before work that grows faster than the text. */
#include "runtime/vm.h"

#include "object/bytes.h"
#include "object/int_mpn.h"
#include "object/number_text.h"
#include "runtime/limits.h"

#define DIGITS_TIMES 4 /* what converting takes, in multiplications of its size */

static const char digit_chars[] = "0123456789abcdefghijklmnopqrstuvwxyz";

/* Printing --------------------------------------------------------------------------------------------------------
 */

static const char pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
    "4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495"
    "96979899";

static Value word_to_decimal(VM *vm, uint64_t u, bool negative) {
    char buffer[24], *end = buffer + sizeof buffer, *p = end;
    while (u >= 100) {
        p -= 2;
        memcpy(p, pairs + u % 100 * 2, 2);
        u /= 100;
    }
    if (u >= 10) {
        p -= 2;
        memcpy(p, pairs + u * 2, 2);
    } else {
        *--p = (char)('0' + u);
    }
    if (negative)
        *--p = '-';
    if (end - p == 1)
        return str_from_char(vm, (uint32_t)*p);
    return str_new_ascii(vm, p, (size_t)(end - p));
}

/* Writes n digits of `shift` bits, the lowest one last. */
static void write_binary_digits(const IntView *a, int shift, char *to, size_t n) {
    uint64_t mask = ((uint64_t)1 << shift) - 1, bits = 0; /* bits: `left` of them, still to be written */
    int left = 0;
    size_t word = 0;
    while (n-- > 0) {
        uint64_t digit = bits & mask;
        if (left >= shift) {
            bits >>= shift;
            left -= shift;
        } else {
            uint64_t next = word < a->n ? a->limbs[word++] : 0;
            digit = (bits | next << left) & mask;
            bits = next >> (shift - left);
            left += 64 - shift;
        }
        to[n] = digit_chars[digit];
    }
}

static Value binary_base_to_str(VM *vm, const IntView *a, int base, bool prefix) {
    int shift = base == 2 ? 1 : base == 8 ? 3 : 4;
    size_t bits = limbs_bits(a->limbs, a->n), n = bits == 0 ? 1 : (bits + (size_t)shift - 1) / (size_t)shift;
    size_t before = a->negative + (prefix ? 2 : 0);
    Value result = str_alloc(vm, before + n, before + n);
    if (result == VALUE_ERROR)
        return VALUE_ERROR;
    char *p = as_str(result)->data;
    if (a->negative)
        *p++ = '-';
    if (prefix) {
        *p++ = '0';
        *p++ = base == 2 ? 'b' : base == 8 ? 'o' : 'x';
    }
    write_binary_digits(a, shift, p, n);
    return result;
}

static Value raise_print_limit(VM *vm) {
    return raise_value(vm,
                       "Exceeds the limit (%u digits) for integer string conversion; use "
                       "sys.set_int_max_str_digits() to increase the limit",
                       (size_t)vm->int_max_str_digits);
}

static Value decimal_to_str(VM *vm, const IntView *a) {
    size_t limit = vm->int_max_str_digits;
    /* A number of b bits has at least (b - 1) * log10(2) digits; 30102 / 10^5 is a little less than log10(2). */
    if (limit != 0 && (double)(limbs_bits(a->limbs, a->n) - 1) * 0.30102 > (double)limit)
        return raise_print_limit(vm);
    if (!int_probe_scratch(vm, a->n) || !int_afford(vm, a->n, a->n, DIGITS_TIMES))
        return VALUE_ERROR;
    size_t digits_max = limbs_digits_max(a->limbs, a->n, 10), total = (a->n + 1) * sizeof(uint64_t) + digits_max;
    uint64_t *copy = mem_alloc(vm, total);
    if (!copy)
        return VALUE_ERROR;
    memcpy(copy, a->limbs, a->n * sizeof *copy);
    uint8_t *digits = (uint8_t *)(copy + a->n + 1);
    size_t n = limbs_to_digits(digits, copy, a->n, 10);
    while (n > 1 && digits[0] == 0) {
        digits++;
        n--;
    }
    Value result = VALUE_ERROR;
    if (limit != 0 && n > limit) {
        raise_print_limit(vm);
    } else {
        result = str_alloc(vm, n + a->negative, n + a->negative);
        if (result != VALUE_ERROR) {
            char *p = as_str(result)->data;
            if (a->negative)
                *p++ = '-';
            for (size_t i = 0; i < n; i++)
                p[i] = (char)('0' + digits[i]);
        }
    }
    mem_free(vm, copy, total);
    return result;
}

Value int_to_str(VM *vm, Value v, int base) {
    IntView a;
    int_view(v, &a);
    if (base != 10)
        return binary_base_to_str(vm, &a, base, false);
    if (a.n <= 1)
        return word_to_decimal(vm, a.n ? a.limbs[0] : 0, a.negative && a.n != 0);
    return decimal_to_str(vm, &a);
}

Value int_to_literal(VM *vm, Value v, int base) {
    IntView a;
    int_view(v, &a);
    return binary_base_to_str(vm, &a, base, true);
}

/* Reading ---------------------------------------------------------------------------------------------------------
 */

static int digit_of(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'z' ? c - 'a' + 10 : 99;
}

static Value from_binary_digits(VM *vm, const char *digits, size_t n, int shift) {
    size_t limbs = n / 64 * (size_t)shift + (n % 64) * (size_t)shift / 64 + 1;
    Int *r = int_alloc(vm, limbs);
    if (!r)
        return VALUE_ERROR;
    for (size_t i = 0; i < n; i++) {
        uint64_t digit = (uint64_t)digit_of(digits[n - 1 - i]);
        size_t bit = i * (size_t)shift, at = bit % 64;
        r->limbs[bit / 64] |= digit << at;
        if (at + (size_t)shift > 64)
            r->limbs[bit / 64 + 1] |= digit >> (64 - at);
    }
    return int_finish(vm, r, limbs, false);
}

static Value from_short_digits(VM *vm, const char *digits, size_t n, int base) {
    uint64_t u = 0;
    for (size_t i = 0; i < n; i++)
        u = u * (uint64_t)base + (uint64_t)digit_of(digits[i]);
    return int_from_uint64(vm, u);
}

Value int_from_digits(VM *vm, const char *digits, size_t n, int base) {
    size_t limit = vm->int_max_str_digits;
    bool binary = (base & (base - 1)) == 0;
    if (!binary && limit != 0 && n > limit)
        return raise_value(vm,
                           "Exceeds the limit (%u digits) for integer string conversion: value has %u digits; use "
                           "sys.set_int_max_str_digits() to increase the limit",
                           limit, n);
    while (n > 0 && digits[0] == '0') {
        digits++;
        n--;
    }
    if (n <= 12)
        return from_short_digits(vm, digits, n, base);
    if (binary)
        return from_binary_digits(vm, digits, n, __builtin_ctz((unsigned)base));
    size_t room = limbs_for_digits(n, base);
    if (!int_probe_scratch(vm, room) || !int_afford(vm, room, room, DIGITS_TIMES))
        return VALUE_ERROR;
    uint8_t *values = mem_alloc(vm, n);
    if (!values)
        return VALUE_ERROR;
    for (size_t i = 0; i < n; i++)
        values[i] = (uint8_t)digit_of(digits[i]);
    Int *r = int_alloc(vm, room);
    if (r)
        limbs_from_digits(r->limbs, values, n, base);
    mem_free(vm, values, n);
    return r ? int_finish(vm, r, room, false) : VALUE_ERROR;
}

/* Skips "0x" and the like where the base allows or asks for it; sets the base that base 0 stands for. Returns false
 * for base 0 with a leading zero that only a zero may have. */
static bool skip_prefix(const char *text, size_t n, size_t *at, int *base) {
    size_t i = *at;
    char letter = i + 1 < n && text[i] == '0' ? (char)(text[i + 1] | 32) : 0;
    int prefix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    bool prefixed = prefix != 0 && (*base == 0 || *base == prefix);
    if (prefixed) {
        *base = prefix;
        i += 2;
        if (i < n && text[i] == '_')
            i++;
        *at = i;
        return true;
    }
    if (*base != 0)
        return true;
    *base = 10;
    if (i < n && text[i] == '0')
        for (; i < n; i++)
            if (text[i] != '0' && text[i] != '_')
                return false;
    return true;
}

/* text is trimmed ASCII. VALUE_NOTIMPL: not a number. */
static Value parse_ascii(VM *vm, char *text, size_t n, int base) {
    size_t i = 0;
    bool negative = false;
    if (n > 0 && (text[0] == '+' || text[0] == '-'))
        negative = text[i++] == '-';
    if (!skip_prefix(text, n, &i, &base) || i == n)
        return VALUE_NOTIMPL;
    size_t count = 0;
    bool was_digit = false;
    char *digits = text + i;
    for (; i < n; i++) {
        if (text[i] == '_') {
            if (!was_digit)
                return VALUE_NOTIMPL;
            was_digit = false;
            continue;
        }
        if (digit_of(text[i]) >= base)
            return VALUE_NOTIMPL;
        digits[count++] = text[i];
        was_digit = true;
    }
    if (!was_digit)
        return VALUE_NOTIMPL;
    Value v = int_from_digits(vm, digits, count, base);
    if (negative && v != VALUE_ERROR)
        set_owned(vm, &v, int_unary(vm, OP_NEG, v));
    return v;
}

/* The common case without a copy: a few ASCII decimal digits. */
static bool parse_plain(const char *p, size_t n, int64_t *out) {
    bool negative = n > 0 && p[0] == '-';
    if (n - negative == 0 || n - negative > 14)
        return false;
    int64_t v = 0;
    for (size_t i = negative; i < n; i++) {
        if (p[i] < '0' || p[i] > '9')
            return false;
        v = v * 10 + (p[i] - '0');
    }
    *out = negative ? -v : v;
    return true;
}

Value int_parse(VM *vm, Value text, int base) {
    const char *data;
    size_t n;
    if (is_str(text)) {
        data = as_str(text)->data;
        n = as_str(text)->nbytes;
    } else if (has_kind(text, KIND_BYTEARRAY)) {
        data = ((ByteArray *)as_obj(text))->data;
        n = ((ByteArray *)as_obj(text))->len;
    } else {
        data = as_bytes(text)->data;
        n = as_bytes(text)->len;
    }
    int64_t plain;
    if (base == 10 && parse_plain(data, n, &plain))
        return int_from_int64(vm, plain);
    size_t count, cap;
    char *ascii = number_ascii(vm, data, n, is_str(text), &count, &cap);
    if (!ascii)
        return VALUE_ERROR;
    Value v = parse_ascii(vm, ascii, count, base);
    mem_free(vm, ascii, cap);
    if (v != VALUE_NOTIMPL)
        return v;
    Value shown = is_str(text) ? incref(text) : bytes_new(vm, data, n);
    if (shown == VALUE_ERROR)
        return VALUE_ERROR;
    Value repr = to_repr(vm, shown);
    decref(vm, shown);
    if (repr != VALUE_ERROR && as_str(repr)->nchars > 200)
        set_owned(vm, &repr, str_slice(vm, repr, 0, 200));
    if (repr != VALUE_ERROR)
        raise_value(vm, "invalid literal for int() with base %d: %V", base, repr);
    decref(vm, repr);
    return VALUE_ERROR;
}

/* Bytes -----------------------------------------------------------------------------------------------------------
 */

Value int_from_bytes(VM *vm, const uint8_t *data, size_t n, bool little, bool is_signed) {
    if (n == 0)
        return from_small_int(0);
    bool negative = is_signed && (data[little ? n - 1 : 0] & 0x80);
    size_t limbs = (n + 7) / 8;
    Int *r = int_alloc(vm, limbs);
    if (!r)
        return VALUE_ERROR;
    for (size_t i = 0; i < n; i++) {
        uint64_t byte = little ? data[i] : data[n - 1 - i];
        r->limbs[i / 8] |= byte << i % 8 * 8;
    }
    if (negative) { /* magnitude of the two's complement of 8n bits: flip and add one */
        for (size_t i = 0; i < limbs; i++)
            r->limbs[i] = ~r->limbs[i];
        if (n % 8 != 0)
            r->limbs[limbs - 1] &= ((uint64_t)1 << n % 8 * 8) - 1;
        limbs_add_word(r->limbs, limbs, 1);
    }
    return int_finish(vm, r, limbs, negative);
}
