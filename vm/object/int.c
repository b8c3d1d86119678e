/* Integers: representation and arithmetic.
 *
 * Invariant: an exact int that fits 48 bits is the unboxed word and never an Int, so equal small integers are equal
 * words and the fast paths need no second test. Heap Ints hold sign and magnitude, trimmed, and are immutable once a
 * script can see them. Every operation reads its operands through IntView, which hides the difference (and bool's and
 * subclasses' forms); results are built in an Int of the worst-case size and int_finish restores the invariant.
 * Powers and modular powers are in int_pow.c, text in int_text.c, the type in int_methods.c. */
#include "runtime/vm.h"

#include <math.h>

#include "object/int_mpn.h"
#include "object/number_text.h"
#include "runtime/limits.h"

Int *int_alloc(VM *vm, size_t n) {
    if (n > INT_LIMBS_MAX) {
        raise_memory(vm);
        return NULL;
    }
    return object_alloc(vm, vm->types.int_, n * sizeof(uint64_t));
}

Value int_finish(VM *vm, Int *r, size_t n, bool negative) {
    size_t allocated = n;
    n = limbs_trim(r->limbs, n);
    if (n <= 1) {
        uint64_t w = n == 0 ? 0 : r->limbs[0];
        if (w <= (uint64_t)SMALL_INT_MAX + negative) {
            obj_decref(vm, &r->header);
            return from_small_int(negative ? -(int64_t)w : (int64_t)w);
        }
    }
    r->size = negative ? -(int64_t)n : (int64_t)n;
    if (allocated >= 16 && n < allocated / 2) { /* do not let a small difference keep a large block */
        Value exact = int_from_limbs(vm, r->limbs, n, negative);
        obj_decref(vm, &r->header);
        return exact;
    }
    return from_obj(r);
}

Value int_from_limbs(VM *vm, const uint64_t *limbs, size_t n, bool negative) {
    Int *r = int_alloc(vm, n);
    if (!r)
        return VALUE_ERROR;
    memcpy(r->limbs, limbs, n * sizeof *limbs);
    return int_finish(vm, r, n, negative);
}

Value int_new_heap(VM *vm, int64_t i) {
    uint64_t w = i < 0 ? -(uint64_t)i : (uint64_t)i;
    return int_from_limbs(vm, &w, 1, i < 0);
}

Value int_from_uint64(VM *vm, uint64_t u) {
    return u <= (uint64_t)SMALL_INT_MAX ? from_small_int((int64_t)u) : int_from_limbs(vm, &u, 1, false);
}

Value int_from_double(VM *vm, double d) {
    if (isnan(d))
        return raise_value(vm, "cannot convert float NaN to integer");
    if (isinf(d))
        return raise_overflow(vm, "cannot convert float infinity to integer");
    if (fabs(d) < 9.2e18)
        return int_from_int64(vm, (int64_t)d);
    int exp;
    uint64_t mantissa = (uint64_t)ldexp(frexp(fabs(d), &exp), 53);
    uint64_t limbs[18];
    size_t shift = (size_t)(exp - 53);
    limbs_shift_left(limbs, &mantissa, 1, shift);
    return int_from_limbs(vm, limbs, shift / 64 + 2, d < 0);
}

Value int_new_subtype(VM *vm, Type *type, Value v) {
    IntView a;
    int_view(v, &a);
    Int *r = object_alloc(vm, type, a.n * sizeof(uint64_t));
    if (!r)
        return VALUE_ERROR;
    memcpy(r->limbs, a.limbs, a.n * sizeof(uint64_t));
    r->size = a.negative ? -(int64_t)a.n : (int64_t)a.n;
    return from_obj(r);
}

Value int_copy(VM *vm, Value v) {
    if (is_small_int(v))
        return v;
    if (is_bool(v))
        return from_small_int((int64_t)(v & 1));
    if (!(as_obj(v)->flags & OBJ_SUBTYPE))
        return incref(v);
    IntView a;
    int_view(v, &a);
    return int_from_limbs(vm, a.limbs, a.n, a.negative);
}

/* To C ---------------------------------------------------------------------------------------------------------- */

bool int_fits_int64(Value v, int64_t *out) {
    if (is_small_int(v)) {
        *out = as_small_int(v);
        return true;
    }
    IntView a;
    int_view(v, &a);
    uint64_t w = a.n == 0 ? 0 : a.limbs[0];
    if (a.n > 1 || w > (uint64_t)INT64_MAX + a.negative)
        return false;
    *out = a.negative ? (int64_t)(0 - w) : (int64_t)w;
    return true;
}

bool int_fits_uint64(Value v, uint64_t *out) {
    IntView a;
    int_view(v, &a);
    if (a.n > 1 || (a.negative && a.n != 0))
        return false;
    *out = a.n == 0 ? 0 : a.limbs[0];
    return true;
}

int int_sign(Value v) {
    if (is_small_int(v))
        return (as_small_int(v) > 0) - (as_small_int(v) < 0);
    IntView a;
    int_view(v, &a);
    return a.n == 0 ? 0 : a.negative ? -1 : 1;
}

size_t int_bit_length(Value v) {
    IntView a;
    int_view(v, &a);
    return limbs_bits(a.limbs, a.n);
}

static int compare_views(const IntView *a, const IntView *b) {
    bool a_negative = a->negative && a->n != 0, b_negative = b->negative && b->n != 0;
    if (a_negative != b_negative)
        return a_negative ? -1 : 1;
    int c = limbs_compare(a->limbs, a->n, b->limbs, b->n);
    return a_negative ? -c : c;
}

int int_compare(Value a, Value b) {
    if (both_small_int(a, b)) {
        int64_t x = as_small_int(a), y = as_small_int(b);
        return (x > y) - (x < y);
    }
    IntView va, vb;
    int_view(a, &va);
    int_view(b, &vb);
    int c = compare_views(&va, &vb);
    return (c > 0) - (c < 0);
}

bool int_equal(Value a, Value b) {
    if (a == b)
        return true;
    return !both_small_int(a, b) && int_compare(a, b) == 0;
}

/* Python's numeric hash: the value modulo the Mersenne prime 2^61 - 1, where multiplying by 2^64 is multiplying by 8;
 * -1 is not a hash. Equal numbers of all types hash alike, so float_hash computes the same residue. */
int64_t int_hash(Value v) {
    const uint64_t p = ((uint64_t)1 << 61) - 1;
    IntView a;
    int_view(v, &a);
    uint64_t r = 0;
    for (size_t i = a.n; i-- > 0;) {
        unsigned __int128 x = (unsigned __int128)r << 64 | a.limbs[i];
        uint64_t folded = (uint64_t)(x & p) + (uint64_t)(x >> 61 & p) + (uint64_t)(x >> 122);
        while (folded >= p)
            folded -= p;
        r = folded;
    }
    int64_t h = a.negative ? -(int64_t)r : (int64_t)r;
    return h == -1 ? -2 : h;
}

double int_to_double(VM *vm, Value v, bool *ok) {
    *ok = true;
    if (is_small_int(v))
        return (double)as_small_int(v);
    IntView a;
    int_view(v, &a);
    double d;
    if (!int_limbs_to_double(a.limbs, a.n, 0, false, &d)) {
        raise_overflow(vm, "int too large to convert to float");
        *ok = false;
        return -1.0;
    }
    return a.negative ? -d : d;
}

/* Addition and multiplication ----------------------------------------------------------------------------------- */

static Value add_magnitudes(VM *vm, const IntView *a, const IntView *b, bool negative) {
    if (a->n < b->n) {
        const IntView *t = a;
        a = b;
        b = t;
    }
    Int *r = int_alloc(vm, a->n + 1);
    if (!r)
        return VALUE_ERROR;
    r->limbs[a->n] = limbs_add(r->limbs, a->limbs, a->n, b->limbs, b->n);
    return int_finish(vm, r, a->n + 1, negative);
}

static Value sub_magnitudes(VM *vm, const IntView *a, const IntView *b, bool negative) {
    int c = limbs_compare(a->limbs, a->n, b->limbs, b->n);
    if (c == 0)
        return from_small_int(0);
    if (c < 0) {
        const IntView *t = a;
        a = b;
        b = t;
        negative = !negative;
    }
    Int *r = int_alloc(vm, a->n);
    if (!r)
        return VALUE_ERROR;
    limbs_sub(r->limbs, a->limbs, a->n, b->limbs, b->n);
    return int_finish(vm, r, a->n, negative);
}

static Value add_views(VM *vm, const IntView *a, const IntView *b, bool negate_b) {
    bool b_negative = b->negative != negate_b;
    return a->negative == b_negative ? add_magnitudes(vm, a, b, a->negative) : sub_magnitudes(vm, a, b, a->negative);
}

/* Time: a limb of the larger operand costs as much as the smaller one is long, up to where the fast algorithms begin.
 */
#define LONG_WORK ((double)(1 << 16))
#define LIMB_NS 0.3
#define FAST_NS 200.0

bool int_afford(VM *vm, size_t an, size_t bn, double times) {
    size_t small = an < bn ? an : bn, large = an < bn ? bn : an;
    double each = (double)small * LIMB_NS, ns = times * (double)large * (each < FAST_NS ? each : FAST_NS);
    return likely(ns < LONG_WORK) || (limits_allow(vm) && limits_afford(vm, ns));
}

/* GMP takes its own scratch for the fast algorithms on huge operands and aborts if it cannot have it. Asking the VM's
 * allocator for as much first turns the likely case, a host's limit or an exhausted machine, into MemoryError. */
#define SCRATCH_PROBE_LIMBS ((size_t)1 << 18)
bool int_probe_scratch(VM *vm, size_t limbs) {
    if (likely(limbs < SCRATCH_PROBE_LIMBS))
        return true;
    if (limbs > INT_LIMBS_MAX) {
        raise_memory(vm);
        return false;
    }
    size_t size = limbs * 6 * sizeof(uint64_t);
    void *p = mem_alloc(vm, size);
    if (!p)
        return false;
    mem_free(vm, p, size);
    return true;
}

static Value mul_views(VM *vm, const IntView *a, const IntView *b) {
    if (a->n == 0 || b->n == 0)
        return from_small_int(0);
    if (a->n < b->n) {
        const IntView *t = a;
        a = b;
        b = t;
    }
    if (!int_probe_scratch(vm, b->n) || !int_afford(vm, a->n, b->n, 1))
        return VALUE_ERROR;
    size_t n = a->n + b->n;
    Int *r = int_alloc(vm, n);
    if (!r)
        return VALUE_ERROR;
    if (b->n == 1)
        r->limbs[a->n] = limbs_mul_word(r->limbs, a->limbs, a->n, b->limbs[0]);
    else
        limbs_mul(r->limbs, a->limbs, a->n, b->limbs, b->n);
    return int_finish(vm, r, n, a->negative != b->negative);
}

/* Division ------------------------------------------------------------------------------------------------------ */

/* Floor division. Either result may be left out. */
static bool divide_views(VM *vm, const IntView *a, const IntView *b, Value *quotient, Value *remainder) {
    bool differ = a->negative != b->negative;
    if (limbs_compare(a->limbs, a->n, b->limbs, b->n) < 0) {
        bool adjust = differ && a->n != 0;
        if (quotient)
            *quotient = from_small_int(adjust ? -1 : 0);
        if (remainder) {
            *remainder =
                adjust ? sub_magnitudes(vm, b, a, b->negative) : int_from_limbs(vm, a->limbs, a->n, a->negative);
            return *remainder != VALUE_ERROR;
        }
        return true;
    }
    if (!int_probe_scratch(vm, b->n) || !int_afford(vm, a->n - b->n + 1, b->n, 2))
        return false;
    size_t qn = a->n - b->n + 1;
    Int *q = int_alloc(vm, qn + 1), *r = q ? int_alloc(vm, b->n) : NULL;
    if (!r) {
        if (q)
            obj_decref(vm, &q->header);
        return false;
    }
    limbs_divide(q->limbs, r->limbs, a->limbs, a->n, b->limbs, b->n);
    q->limbs[qn] = 0;
    size_t rn = limbs_trim(r->limbs, b->n);
    if (differ && rn != 0) {
        q->limbs[qn] = limbs_add_word(q->limbs, qn, 1);
        limbs_sub(r->limbs, b->limbs, b->n, r->limbs, rn);
    }
    Value qv = VALUE_NONE, rv = VALUE_NONE;
    if (quotient)
        qv = int_finish(vm, q, qn + 1, differ);
    else
        obj_decref(vm, &q->header);
    if (remainder && qv != VALUE_ERROR)
        rv = int_finish(vm, r, b->n, b->negative);
    else
        obj_decref(vm, &r->header);
    if (qv == VALUE_ERROR || rv == VALUE_ERROR) {
        if (qv != VALUE_ERROR)
            decref(vm, qv);
        return false;
    }
    if (quotient)
        *quotient = qv;
    if (remainder)
        *remainder = rv;
    return true;
}

static Value divmod_views(VM *vm, const IntView *a, const IntView *b) {
    Value pair[2];
    if (!divide_views(vm, a, b, &pair[0], &pair[1]))
        return VALUE_ERROR;
    return tuple_from_array_steal(vm, pair, 2);
}

Value int_truediv(VM *vm, Value a, Value b) {
    IntView va, vb;
    int_view(a, &va);
    int_view(b, &vb);
    if (vb.n == 0)
        return raise_zero_division(vm, "division by zero");
    if (va.n == 0)
        return from_double(vb.negative ? -0.0 : 0.0);
    bool negative = va.negative != vb.negative;
    int64_t a_bits = (int64_t)limbs_bits(va.limbs, va.n), b_bits = (int64_t)limbs_bits(vb.limbs, vb.n);
    if (a_bits <= 53 && b_bits <= 53) {
        double d = (double)va.limbs[0] / (double)vb.limbs[0];
        return from_double(negative ? -d : d);
    }
    if (a_bits - b_bits > 1025)
        return raise_overflow(vm, "integer division result too large for a float");
    if (a_bits - b_bits < -1080)
        return from_double(negative ? -0.0 : 0.0);
    /* Scale so that the integer quotient has 66 or 67 bits: more than a double holds, with the remainder for
     * rounding. */
    int64_t shift = b_bits - a_bits + 66;
    size_t an = va.n + (shift > 0 ? (size_t)shift / 64 + 1 : 0),
           bn = vb.n + (shift < 0 ? (size_t)-shift / 64 + 1 : 0);
    size_t qn = an + 1, total = an + bn + qn + bn;
    uint64_t stack[32], *work = stack;
    if (total > ARRAY_LEN(stack) && !(work = mem_alloc(vm, total * sizeof *work)))
        return VALUE_ERROR;
    uint64_t *x = work, *y = x + an, *q = y + bn, *r = q + qn;
    if (shift > 0)
        limbs_shift_left(x, va.limbs, va.n, (size_t)shift);
    else
        memcpy(x, va.limbs, va.n * sizeof *x);
    if (shift < 0)
        limbs_shift_left(y, vb.limbs, vb.n, (size_t)-shift);
    else
        memcpy(y, vb.limbs, vb.n * sizeof *y);
    an = limbs_trim(x, an);
    bn = limbs_trim(y, bn);
    limbs_divide(q, r, x, an, y, bn);
    double d;
    bool fits = int_limbs_to_double(q, an - bn + 1, -shift, limbs_trim(r, bn) != 0, &d);
    if (work != stack)
        mem_free(vm, work, total * sizeof *work);
    if (!fits)
        return raise_overflow(vm, "integer division result too large for a float");
    return from_double(negative ? -d : d);
}

/* Shifts and bits ----------------------------------------------------------------------------------------------- */

static Value shift_left(VM *vm, const IntView *a, size_t bits) {
    if (a->n == 0)
        return from_small_int(0);
    size_t n = a->n + bits / 64 + 1;
    Int *r = int_alloc(vm, n);
    if (!r)
        return VALUE_ERROR;
    limbs_shift_left(r->limbs, a->limbs, a->n, bits);
    return int_finish(vm, r, n, a->negative);
}

static Value shift_right(VM *vm, const IntView *a, size_t bits) {
    if (bits / 64 >= a->n)
        return from_small_int(a->negative && a->n != 0 ? -1 : 0);
    size_t n = a->n - bits / 64;
    Int *r = int_alloc(vm, n + 1);
    if (!r)
        return VALUE_ERROR;
    bool lost = limbs_shift_right(r->limbs, a->limbs, a->n, bits);
    r->limbs[n] = a->negative && lost ? limbs_add_word(r->limbs, n, 1) : 0; /* towards minus infinity */
    return int_finish(vm, r, n + 1, a->negative);
}

static Value shift_any(VM *vm, BinaryOp op, Value a, Value b) {
    IntView va, vb;
    int_view(a, &va);
    int_view(b, &vb);
    if (vb.negative && vb.n != 0)
        return raise_value(vm, "negative shift count");
    if (va.n == 0)
        return from_small_int(0);
    uint64_t bits = vb.n == 0 ? 0 : vb.limbs[0];
    if (op == OP_RSHIFT)
        return shift_right(vm, &va, vb.n > 1 ? SIZE_MAX : bits);
    if (vb.n > 1)
        return raise_overflow(vm, "too many digits in integer");
    if (bits / 64 >= INT_LIMBS_MAX)
        return raise_memory(vm);
    return shift_left(vm, &va, bits);
}

/* Negative numbers act as two's complement with endless ones: limb i of -m is ~m[i] plus the carry that ripples up.
 */
static Value bitwise_views(VM *vm, BinaryOp op, const IntView *a, const IntView *b) {
    size_t n = (a->n > b->n ? a->n : b->n) + 1;
    Int *r = int_alloc(vm, n);
    if (!r)
        return VALUE_ERROR;
    uint64_t a_flip = a->negative ? UINT64_MAX : 0, b_flip = b->negative ? UINT64_MAX : 0;
    bool negative = op == OP_AND  ? a->negative && b->negative
                    : op == OP_OR ? a->negative || b->negative
                                  : a->negative != b->negative;
    uint64_t r_flip = negative ? UINT64_MAX : 0;
    bool a_carry = a->negative, b_carry = b->negative, r_carry = negative;
    for (size_t i = 0; i < n; i++) {
        uint64_t x = ((i < a->n ? a->limbs[i] : 0) ^ a_flip) + a_carry;
        uint64_t y = ((i < b->n ? b->limbs[i] : 0) ^ b_flip) + b_carry;
        a_carry = a_carry && x == 0;
        b_carry = b_carry && y == 0;
        uint64_t z = op == OP_AND ? x & y : op == OP_OR ? x | y : x ^ y;
        z = (z ^ r_flip) + r_carry;
        r_carry = r_carry && z == 0;
        r->limbs[i] = z;
    }
    return int_finish(vm, r, n, negative);
}

/* Dispatch ------------------------------------------------------------------------------------------------------ */

static Value small_divide(VM *vm, BinaryOp op, int64_t x, int64_t y) {
    if (y == 0)
        return raise_zero_division(vm,
                                   op == OP_MOD ? "integer modulo by zero" : "integer division or modulo by zero");
    int64_t q = x / y, r = x % y;
    if (r != 0 && (r ^ y) < 0) {
        r += y;
        q--;
    }
    if (op == OP_MOD)
        return from_small_int(r);
    if (op == OP_FLOORDIV)
        return int_from_int64(vm, q);
    Value pair[2] = {int_from_int64(vm, q), from_small_int(r)};
    return tuple_from_array_steal(vm, pair, 2);
}

static Value small_binary(VM *vm, BinaryOp op, Value a, Value b) {
    int64_t x = as_small_int(a), y = as_small_int(b), product;
    switch (op) {
    case OP_ADD:
        return int_from_int64(vm, x + y);
    case OP_SUB:
        return int_from_int64(vm, x - y);
    case OP_MUL:
        if (!__builtin_mul_overflow(x, y, &product))
            return int_from_int64(vm, product);
        break;
    case OP_TRUEDIV:
        return y == 0 ? raise_zero_division(vm, "division by zero") : from_double((double)x / (double)y);
    case OP_FLOORDIV:
    case OP_MOD:
    case OP_DIVMOD:
        return small_divide(vm, op, x, y);
    case OP_AND:
        return from_small_int(x & y);
    case OP_OR:
        return from_small_int(x | y);
    case OP_XOR:
        return from_small_int(x ^ y);
    case OP_RSHIFT:
        if (y >= 0)
            return from_small_int(x >> (y > 63 ? 63 : y));
        break;
    case OP_LSHIFT:
        if (y >= 0 && y < 63) {
            int64_t shifted = (int64_t)((uint64_t)x << y);
            if (shifted >> y == x)
                return int_from_int64(vm, shifted);
        }
        break;
    default:
        break;
    }
    return VALUE_NOTIMPL;
}

Value int_binary(VM *vm, BinaryOp op, Value a, Value b) {
    if (is_bool(a))
        a = from_small_int((int64_t)(a & 1));
    if (is_bool(b))
        b = from_small_int((int64_t)(b & 1));
    if (both_small_int(a, b)) {
        Value r = small_binary(vm, op, a, b);
        if (r != VALUE_NOTIMPL)
            return r;
    }
    if (op == OP_TRUEDIV)
        return int_truediv(vm, a, b);
    if (op == OP_POW)
        return int_pow_mod(vm, a, b, VALUE_NONE);
    if (op == OP_LSHIFT || op == OP_RSHIFT)
        return shift_any(vm, op, a, b);
    IntView va, vb;
    int_view(a, &va);
    int_view(b, &vb);
    Value r;
    switch (op) {
    case OP_ADD:
        return add_views(vm, &va, &vb, false);
    case OP_SUB:
        return add_views(vm, &va, &vb, true);
    case OP_MUL:
        return mul_views(vm, &va, &vb);
    case OP_FLOORDIV:
    case OP_MOD:
    case OP_DIVMOD:
        if (vb.n == 0)
            return raise_zero_division(vm, op == OP_MOD ? "integer modulo by zero"
                                                        : "integer division or modulo by zero");
        if (op == OP_DIVMOD)
            return divmod_views(vm, &va, &vb);
        return divide_views(vm, &va, &vb, op == OP_FLOORDIV ? &r : NULL, op == OP_MOD ? &r : NULL) ? r : VALUE_ERROR;
    case OP_AND:
    case OP_OR:
    case OP_XOR:
        return bitwise_views(vm, op, &va, &vb);
    default:
        return VALUE_NOTIMPL;
    }
}

Value int_unary(VM *vm, UnaryOp op, Value a) {
    if (is_bool(a))
        a = from_small_int((int64_t)(a & 1));
    if (is_small_int(a)) {
        int64_t x = as_small_int(a);
        switch (op) {
        case OP_NEG:
            return int_from_int64(vm, -x);
        case OP_INVERT:
            return from_small_int(~x);
        case OP_ABS:
            return int_from_int64(vm, x < 0 ? -x : x);
        default:
            return a;
        }
    }
    IntView va, one;
    int_view(a, &va);
    switch (op) {
    case OP_NEG:
        return int_from_limbs(vm, va.limbs, va.n, !va.negative);
    case OP_INVERT: /* ~a == -(a + 1) */
        int_view(from_small_int(1), &one);
        va.negative = !va.negative;
        return add_views(vm, &va, &one, true);
    case OP_ABS:
        if (va.negative)
            return int_from_limbs(vm, va.limbs, va.n, false);
        break;
    default:
        break;
    }
    return int_copy(vm, a);
}

Value int_round(VM *vm, Value v, Value ndigits) {
    if (ndigits == 0 || is_none(ndigits))
        return int_copy(vm, v);
    Value index = to_index(vm, ndigits);
    if (index == VALUE_ERROR)
        return VALUE_ERROR;
    int64_t digits;
    bool fits = int_fits_int64(index, &digits);
    bool negative = int_sign(index) < 0;
    decref(vm, index);
    if (!negative)
        return int_copy(vm, v);
    /* 10^digits over twice the number: everything is rounded away */
    if (!fits || digits < -(int64_t)(int_bit_length(v) / 3) - 2)
        return from_small_int(0);
    Value power = int_pow_mod(vm, from_small_int(10), from_small_int(-digits), VALUE_NONE);
    if (power == VALUE_ERROR)
        return VALUE_ERROR;
    Value result = VALUE_ERROR, pair = int_binary(vm, OP_DIVMOD, v, power);
    if (pair != VALUE_ERROR) {
        Value q = incref(as_tuple(pair)->items[0]), r = as_tuple(pair)->items[1];
        Value twice = int_binary(vm, OP_LSHIFT, r, from_small_int(1));
        Value odd = int_binary(vm, OP_AND, q, from_small_int(1));
        if (twice != VALUE_ERROR && odd != VALUE_ERROR) {
            int c = int_compare(twice, power);
            if (c > 0 || (c == 0 && odd == from_small_int(1)))
                set_owned(vm, &q, int_binary(vm, OP_ADD, q, from_small_int(1)));
            if (q != VALUE_ERROR)
                result = int_binary(vm, OP_MUL, q, power);
        }
        decref(vm, twice);
        decref(vm, q);
        decref(vm, pair);
    }
    decref(vm, power);
    return result;
}

Value int_gcd(VM *vm, Value a, Value b) {
    IntView va, vb;
    int_view(a, &va);
    int_view(b, &vb);
    if (va.n == 0 || vb.n == 0) {
        const IntView *v = va.n == 0 ? &vb : &va;
        return int_from_limbs(vm, v->limbs, v->n, false);
    }
    if (va.n == 1 && vb.n == 1) {
        uint64_t x = va.limbs[0], y = vb.limbs[0];
        int shift = __builtin_ctzll(x | y);
        x >>= __builtin_ctzll(x);
        while (y != 0) {
            y >>= __builtin_ctzll(y);
            uint64_t low = x < y ? x : y;
            y = x < y ? y - x : x - y;
            x = low;
        }
        return int_from_uint64(vm, x << shift);
    }
    size_t az = limbs_trailing_zeros(va.limbs, va.n), bz = limbs_trailing_zeros(vb.limbs, vb.n);
    size_t total = (va.n + vb.n) * 2;
    uint64_t *x = mem_alloc(vm, total * sizeof *x);
    if (!x)
        return VALUE_ERROR;
    uint64_t *y = x + va.n, *g = y + vb.n;
    limbs_shift_right(x, va.limbs, va.n, az);
    limbs_shift_right(y, vb.limbs, vb.n, bz);
    size_t xn = limbs_trim(x, va.n - az / 64), yn = limbs_trim(y, vb.n - bz / 64);
    bool swap = limbs_compare(x, xn, y, yn) < 0;
    size_t gn = swap ? limbs_gcd_odd(g, y, yn, x, xn) : limbs_gcd_odd(g, x, xn, y, yn);
    size_t zeros = az < bz ? az : bz;
    Int *r = int_alloc(vm, gn + zeros / 64 + 1);
    if (r)
        limbs_shift_left(r->limbs, g, gn, zeros);
    mem_free(vm, x, total * sizeof *x);
    return r ? int_finish(vm, r, gn + zeros / 64 + 1, false) : VALUE_ERROR;
}

Value int_isqrt(VM *vm, Value v) {
    IntView a;
    int_view(v, &a);
    if (a.n == 0)
        return from_small_int(0);
    size_t n = (a.n + 1) / 2;
    Int *r = int_alloc(vm, n);
    if (!r)
        return VALUE_ERROR;
    limbs_sqrt(r->limbs, a.limbs, a.n);
    return int_finish(vm, r, n, false);
}
