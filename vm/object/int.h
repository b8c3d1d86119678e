/* Integers of any size. 48 bits are unboxed (object/value.h); the others are sign and magnitude with GMP limbs. */
#ifndef COVE_OBJECT_INT_H
#define COVE_OBJECT_INT_H

#include "object/object.h"

typedef struct Int { /* heap form: out of the 48-bit range, or an instance of a subclass of int (any value) */
    Object header;
    int64_t size; /* limbs used, negative for negative numbers, 0 for zero */
    uint64_t limbs[];
} Int;

/* int, bool or an instance of a subclass */
static ALWAYS_INLINE bool is_int(Value v) { return is_small_int(v) || is_bool(v) || has_kind(v, KIND_INT); }
static ALWAYS_INLINE bool is_exact_int(Value v) { return is_small_int(v) || has_exact_kind(v, KIND_INT); }

Value int_new_heap(VM *vm, int64_t i);
static ALWAYS_INLINE Value int_from_int64(VM *vm, int64_t i) {
    return likely(fits_small_int(i)) ? from_small_int(i) : int_new_heap(vm, i);
}
static ALWAYS_INLINE Value int_from_ssize(VM *vm, ssize_t n) { return int_from_int64(vm, n); }
Value int_from_uint64(VM *vm, uint64_t u);
Value int_from_double(VM *vm, double d); /* truncates; OverflowError/ValueError for inf and nan */
/* digits in the given base (2..36) without sign, prefix or underscores; never fails on syntax */
Value int_from_digits(VM *vm, const char *digits, size_t n, int base);
/* int("...", base) of any text, with all the rules and the ValueError; base 0 as in source */
Value int_parse(VM *vm, Value text, int base);
Value int_from_bytes(VM *vm, const uint8_t *data, size_t n, bool little, bool is_signed);
Value int_to_literal(VM *vm, Value v, int base); /* base 2, 8, 16, with the prefix "0b", "0o", "0x" */
Value int_to_str(VM *vm, Value v, int base);     /* base 10, 2, 8, 16 without prefix; the digit limit applies to 10 */

/* v is an int of any form (is_int). False without exception when out of range. */
bool int_fits_int64(Value v, int64_t *out);
bool int_fits_uint64(Value v, uint64_t *out);
int int_sign(Value v); /* -1, 0, 1 */
int int_compare(Value a, Value b);
bool int_equal(Value a, Value b);
int64_t int_hash(Value v);                       /* as CPython: modulo 2^61 - 1 */
double int_to_double(VM *vm, Value v, bool *ok); /* OverflowError "int too large to convert to float" */
size_t int_bit_length(Value v);
Value int_copy(VM *vm, Value v); /* the plain int of a bool or a subclass instance */

/* Arithmetic on ints of any form; never looks at special methods. Division by zero raises ZeroDivisionError. */
Value int_binary(VM *vm, BinaryOp op, Value a, Value b);
Value int_unary(VM *vm, UnaryOp op, Value a);
Value int_pow_mod(VM *vm, Value base, Value exp, Value mod);
Value int_truediv(VM *vm, Value a, Value b);     /* correctly rounded */
Value int_format(VM *vm, Value v, Value spec);   /* __format__ */
Value int_round(VM *vm, Value v, Value ndigits); /* round(v, ndigits): half to even; ndigits 0 or None: v itself */
Value int_gcd(VM *vm, Value a, Value b);
Value int_isqrt(VM *vm, Value v); /* v >= 0 */

/* For the files that work on the magnitude itself (int_text.c, math): a view that small ints and heap ints share. The
 * limbs are trimmed; for a small int they are the view's own word, so a view must not be copied. */
typedef struct IntView {
    const uint64_t *limbs;
    size_t n;
    bool negative;
    uint64_t word;
} IntView;
/* v is an int of any form; the view is valid while v lives. */
static inline void int_view(Value v, IntView *out) {
    if (is_obj(v)) {
        const Int *o = (const Int *)as_obj(v);
        out->negative = o->size < 0;
        out->n = (size_t)(o->size < 0 ? -o->size : o->size);
        out->limbs = o->limbs;
        out->word = 0;
        return;
    }
    int64_t i = is_bool(v) ? (int64_t)(v & 1) : as_small_int(v);
    out->negative = i < 0;
    out->word = i < 0 ? -(uint64_t)i : (uint64_t)i;
    out->limbs = &out->word;
    out->n = i != 0;
}
/* Limbs an int may have: past this, MemoryError without asking the allocator (32 GiB). */
#define INT_LIMBS_MAX ((size_t)1 << 32)
/* A number under construction: fill limbs[0 .. n-1], then int_finish, which trims it, makes it small if it fits, and
 * consumes it. */
Int *int_alloc(VM *vm, size_t n) MUST_CHECK;
Value int_finish(VM *vm, Int *r, size_t n, bool negative);
Value int_from_limbs(VM *vm, const uint64_t *limbs, size_t n, bool negative);
/* Is there time before a hard limit for so many products of an and bn limbs, which cannot be left half-way? False
 * with an exception. */
bool int_afford(VM *vm, size_t an, size_t bn, double times);
bool int_probe_scratch(VM *vm,
                       size_t limbs); /* before an operation that needs scratch for so many limbs: MemoryError */
Value int_new_subtype(VM *vm, Type *type, Value v); /* instance of a subclass with the value of v */
/* The double nearest to limbs * 2^exp2 (sticky: the true value is a little larger); false when it overflows. */
bool int_limbs_to_double(const uint64_t *limbs, size_t n, int64_t exp2, bool sticky, double *out);

#endif
