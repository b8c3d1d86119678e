/* Powers of integers, plain and modular.
 *
 * Plain powers square and multiply from the top bit down, between two buffers of the final size, which is known
 * beforehand: a power too large for memory fails at once. Modular powers take up to five bits of the exponent at
 * once; odd moduli of moderate size are reduced Montgomery's way (no divisions), the others by division. */
#include "runtime/vm.h"

#include "object/int_mpn.h"
#include "runtime/limits.h"

/* Plain power: exponent >= 2, |base| >= 2 and odd. r_n is the exact room: size of base^exp plus one limb. */
static size_t power_limbs(uint64_t *result, uint64_t *spare, const IntView *base, uint64_t exp) {
    uint64_t *r = result, *s = spare;
    memcpy(r, base->limbs, base->n * sizeof *r);
    size_t n = base->n;
    for (int bit = 62 - __builtin_clzll(exp); bit >= 0; bit--) {
        limbs_square(s, r, n);
        n = limbs_trim(s, 2 * n);
        uint64_t *t = r;
        r = s;
        s = t;
        if (exp >> bit & 1) {
            if (base->n == 1)
                s[n] = limbs_mul_word(s, r, n, base->limbs[0]);
            else if (n >= base->n)
                limbs_mul(s, r, n, base->limbs, base->n);
            else
                limbs_mul(s, base->limbs, base->n, r, n);
            n = limbs_trim(s, n + base->n);
            t = r;
            r = s;
            s = t;
        }
    }
    if (r != result)
        memcpy(result, r, n * sizeof *r);
    return n;
}

static Value power_small(VM *vm, int64_t base, uint64_t exp) {
    int64_t r = 1, b = base;
    for (;;) {
        if ((exp & 1) && __builtin_mul_overflow(r, b, &r))
            return VALUE_NOTIMPL;
        exp >>= 1;
        if (exp == 0)
            return int_from_int64(vm, r);
        if (__builtin_mul_overflow(b, b, &b))
            return VALUE_NOTIMPL;
    }
}

static Value power_views(VM *vm, const IntView *base, uint64_t exp) {
    bool negative = base->negative && (exp & 1);
    size_t zeros = limbs_trailing_zeros(base->limbs, base->n), bits = limbs_bits(base->limbs, base->n) - zeros;
    size_t total_zeros, total_bits;
    if (__builtin_mul_overflow(zeros, exp, &total_zeros) || __builtin_mul_overflow(bits, exp, &total_bits) ||
        total_zeros / 64 > INT_LIMBS_MAX || total_bits / 64 > INT_LIMBS_MAX)
        return raise_memory(vm);
    /* The odd part is powered alone: powers of two and ten are mostly a shift. */
    size_t odd_n = base->n - zeros / 64, room = total_bits / 64 + odd_n + 3;
    if (bits == 1)
        room = 1;
    if (!int_probe_scratch(vm, room) || !int_afford(vm, room, room, 1))
        return VALUE_ERROR;
    size_t total = odd_n + 2 * room;
    uint64_t *work = mem_alloc(vm, total * sizeof *work);
    if (!work)
        return VALUE_ERROR;
    uint64_t *odd = work, *power = odd + odd_n, *spare = power + room;
    limbs_shift_right(odd, base->limbs, base->n, zeros);
    IntView view = {.limbs = odd, .n = limbs_trim(odd, odd_n)};
    size_t n = 1;
    if (bits == 1)
        power[0] = 1;
    else
        n = power_limbs(power, spare, &view, exp);
    size_t result_n = n + total_zeros / 64 + 1;
    Int *r = int_alloc(vm, result_n);
    if (r)
        limbs_shift_left(r->limbs, power, n, total_zeros);
    mem_free(vm, work, total * sizeof *work);
    return r ? int_finish(vm, r, result_n, negative) : VALUE_ERROR;
}

/* A negative exponent makes floats of both, as Python has it. */
static Value power_negative(VM *vm, Value a, Value b) {
    bool ok;
    double x = int_to_double(vm, a, &ok);
    double y = ok ? int_to_double(vm, b, &ok) : 0.0;
    return ok ? float_binary(vm, OP_POW, x, y) : VALUE_ERROR;
}

/* base ** exp without modulus. */
static Value power_plain(VM *vm, Value a, Value b) {
    if (int_sign(b) < 0)
        return power_negative(vm, a, b);
    int64_t exp, base;
    bool small_exp = int_fits_int64(b, &exp), small_base = int_fits_int64(a, &base);
    if (small_base && (base == 0 || base == 1 || base == -1)) {
        IntView e;
        int_view(b, &e);
        bool even = e.n == 0 || (e.limbs[0] & 1) == 0;
        return from_small_int(e.n == 0 || (base == -1 && even) ? 1 : base);
    }
    if (!small_exp)
        return raise_memory(vm);
    if (exp == 0)
        return from_small_int(1);
    if (exp == 1)
        return int_copy(vm, a);
    if (small_base) {
        Value r = power_small(vm, base, (uint64_t)exp);
        if (r != VALUE_NOTIMPL)
            return r;
    }
    IntView va;
    int_view(a, &va);
    return power_views(vm, &va, (uint64_t)exp);
}

/* Modular powers ------------------------------------------------------------------------------------------------ */

#define WINDOW_MAX 5
#define MONTGOMERY_MAX 64 /* limbs; beyond, GMP's subquadratic division wins over the schoolbook reduction */

typedef struct Modulus {
    const uint64_t *m;
    size_t n, window; /* bits of the exponent that are taken at once */
    bool montgomery;
    uint64_t inverse;   /* -1 / m mod 2^64 */
    uint64_t *product;  /* 2n + 1 */
    uint64_t *quotient; /* n + 2 */
} Modulus;

static uint64_t negated_inverse(uint64_t m) {
    uint64_t x = m; /* right in 3 bits; each step doubles them */
    for (int i = 0; i < 5; i++)
        x *= 2 - m * x;
    return 0 - x;
}

/* r = a * b reduced; a, b, r have exactly n limbs, r may be a or b. */
static void modulus_multiply(const Modulus *mod, uint64_t *r, const uint64_t *a, const uint64_t *b) {
    limbs_mul(mod->product, a, mod->n, b, mod->n);
    if (mod->montgomery)
        limbs_redc(r, mod->product, mod->m, mod->n, mod->inverse);
    else
        limbs_divide(mod->quotient, r, mod->product, 2 * mod->n, mod->m, mod->n);
}

/* x (n limbs, reduced) to Montgomery's form: x * 2^(64n) mod m. `work` has 2n + 1 limbs. */
static void modulus_enter(const Modulus *mod, uint64_t *x, uint64_t *work) {
    memset(work, 0, mod->n * sizeof *work);
    memcpy(work + mod->n, x, mod->n * sizeof *work);
    limbs_divide(mod->quotient, x, work, 2 * mod->n, mod->m, mod->n);
}

/* The table of powers has to pay for itself. */
static size_t window_for(size_t bits) {
    return bits <= 12 ? 1 : bits <= 36 ? 2 : bits <= 120 ? 3 : bits <= 360 ? 4 : WINDOW_MAX;
}

static bool modulus_power(VM *vm, const Modulus *mod, uint64_t *r, uint64_t *table, const IntView *exp) {
    size_t n = mod->n, window = mod->window;
    /* table[k] = base^k; table[0] and table[1] are given */
    for (size_t k = 2; k < (size_t)1 << window; k++)
        modulus_multiply(mod, table + k * n, table + (k - 1) * n, table + n);
    memcpy(r, table, n * sizeof *r);
    size_t bits = limbs_bits(exp->limbs, exp->n);
    bool started = false;
    for (size_t at = (bits + window - 1) / window; at-- > 0;) {
        unsigned digit = 0;
        if (!limits_allow(vm) || !int_afford(vm, n, n, 2 * window))
            return false;
        for (size_t i = 0; i < window; i++) {
            size_t bit = at * window + window - 1 - i;
            digit = digit << 1 | (bit < bits ? (unsigned)(exp->limbs[bit / 64] >> bit % 64 & 1) : 0);
            if (started)
                modulus_multiply(mod, r, r, r);
        }
        if (digit != 0) {
            modulus_multiply(mod, r, r, table + digit * n);
            started = true;
        }
    }
    return true;
}

static uint64_t power_word(uint64_t base, const IntView *exp, uint64_t m) {
    uint64_t r = 1 % m;
    for (size_t bit = limbs_bits(exp->limbs, exp->n); bit-- > 0;) {
        r = (uint64_t)((unsigned __int128)r * r % m);
        if (exp->limbs[bit / 64] >> bit % 64 & 1)
            r = (uint64_t)((unsigned __int128)r * base % m);
    }
    return r;
}

/* base^exp mod m for 0 <= base < m, exp >= 0, m >= 2. */
static Value power_reduced(VM *vm, Value base, const IntView *exp, const IntView *m) {
    IntView b;
    int_view(base, &b);
    if (m->n == 1)
        return int_from_uint64(vm, power_word(b.n ? b.limbs[0] : 0, exp, m->limbs[0]));
    if (!int_probe_scratch(vm, m->n * 8) || !int_afford(vm, m->n, m->n, 2 << WINDOW_MAX))
        return VALUE_ERROR;
    size_t n = m->n, window = window_for(limbs_bits(exp->limbs, exp->n)), entries = (size_t)1 << window;
    size_t total = n * entries + (2 * n + 1) * 2 + (n + 2) + n;
    uint64_t *table = mem_zalloc(vm, total * sizeof *table);
    if (!table)
        return VALUE_ERROR;
    Modulus mod = {.m = m->limbs, .n = n, .window = window, .product = table + n * entries};
    uint64_t *work = mod.product + 2 * n + 1, *result = work + 2 * n + 1;
    mod.quotient = result + n;
    mod.montgomery = (m->limbs[0] & 1) && n <= MONTGOMERY_MAX;
    table[0] = 1;
    memcpy(table + n, b.limbs, b.n * sizeof *table);
    if (mod.montgomery) {
        mod.inverse = negated_inverse(m->limbs[0]);
        modulus_enter(&mod, table, work);
        modulus_enter(&mod, table + n, work);
    }
    bool done = modulus_power(vm, &mod, result, table, exp);
    if (done && mod.montgomery) {
        memset(work, 0, (2 * n + 1) * sizeof *work);
        memcpy(work, result, n * sizeof *work);
        limbs_redc(result, work, m->limbs, n, mod.inverse);
    }
    Value r = done ? int_from_limbs(vm, result, n, false) : VALUE_ERROR;
    mem_free(vm, table, total * sizeof *table);
    return r;
}

/* The inverse of a modulo m > 1, by Euclid's algorithm; ValueError if there is none. */
static Value modular_inverse(VM *vm, Value a, Value m) {
    Value r0 = incref(m), r1 = int_binary(vm, OP_MOD, a, m), t0 = from_small_int(0), t1 = from_small_int(1);
    Value result = VALUE_ERROR;
    while (r1 != VALUE_ERROR && t1 != VALUE_ERROR && int_sign(r1) != 0) {
        Value pair = int_binary(vm, OP_DIVMOD, r0, r1);
        Value product = pair == VALUE_ERROR ? VALUE_ERROR : int_binary(vm, OP_MUL, as_tuple(pair)->items[0], t1);
        Value t2 = product == VALUE_ERROR ? VALUE_ERROR : int_binary(vm, OP_SUB, t0, product);
        decref(vm, product);
        decref(vm, r0);
        decref(vm, t0);
        r0 = r1;
        t0 = t1;
        t1 = t2;
        r1 = t2 == VALUE_ERROR ? VALUE_ERROR : incref(as_tuple(pair)->items[1]);
        decref(vm, pair);
    }
    if (r1 != VALUE_ERROR && t1 != VALUE_ERROR) {
        if (r0 == from_small_int(1))
            result = int_binary(vm, OP_MOD, t0, m);
        else
            raise_value(vm, "base is not invertible for the given modulus");
    }
    decref(vm, r0);
    decref(vm, r1);
    decref(vm, t0);
    decref(vm, t1);
    return result;
}

Value int_pow_mod(VM *vm, Value base, Value exp, Value mod) {
    if (mod == 0 || is_none(mod))
        return power_plain(vm, base, exp);
    int sign = int_sign(mod);
    if (sign == 0)
        return raise_value(vm, "pow() 3rd argument cannot be 0");
    Value m = sign < 0 ? int_unary(vm, OP_NEG, mod) : int_copy(vm, mod);
    if (m == VALUE_ERROR)
        return VALUE_ERROR;
    Value result = VALUE_ERROR, b = VALUE_ERROR, e = VALUE_ERROR;
    if (m == from_small_int(1))
        return from_small_int(0);
    b = int_sign(exp) < 0 ? modular_inverse(vm, base, m) : int_binary(vm, OP_MOD, base, m);
    e = b == VALUE_ERROR ? VALUE_ERROR : int_unary(vm, OP_ABS, exp);
    if (e != VALUE_ERROR) {
        IntView ev, mv;
        int_view(e, &ev);
        int_view(m, &mv);
        result = power_reduced(vm, b, &ev, &mv);
        if (result != VALUE_ERROR && sign < 0 && int_sign(result) != 0)
            set_owned(vm, &result, int_binary(vm, OP_ADD, result, mod));
    }
    decref(vm, b);
    decref(vm, e);
    decref(vm, m);
    return result;
}
