/* math: sums, products and norms that lose nothing to rounding on the way.
 *
 * The tools are the error-free transformations: the sum of two doubles is exactly a double plus an error that is a
 * double too, and so is their product. fsum keeps the exact sum as a list of non-overlapping doubles; sumprod and the
 * norms carry two or three of them. */
#include "stdlib/mod_math.h"

#include "object/containers.h"

#include <math.h>

typedef struct Exact {
    double value, error;
} Exact;

static inline Exact exact_sum(double a, double b) {
    double s = a + b, t = s - a;
    return (Exact){s, (a - (s - t)) + (b - t)};
}

static inline Exact exact_product(double a, double b) {
    double p = a * b;
    return (Exact){p, fma(a, b, -p)};
}

/* fsum ------------------------------------------------------------------------------------------------------------
 */

typedef struct Partials {
    double *p, stack[32];
    size_t n, cap;
    double special, infinities; /* sums of the non-finite items: all, and the infinities alone */
} Partials;

static bool partials_push(VM *vm, Partials *s, double x) {
    if (s->n == s->cap) {
        size_t size = s->cap * sizeof(double);
        double *p = s->p == s->stack ? mem_alloc(vm, 2 * size) : mem_realloc(vm, s->p, size, 2 * size);
        if (!p)
            return false;
        if (s->p == s->stack)
            memcpy(p, s->stack, size);
        s->p = p;
        s->cap *= 2;
    }
    s->p[s->n++] = x;
    return true;
}

static bool partials_add(VM *vm, Partials *s, double x) {
    double given = x;
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        double y = s->p[i];
        if (fabs(x) < fabs(y)) {
            double t = x;
            x = y;
            y = t;
        }
        double high = x + y, low = y - (high - x);
        if (low != 0.0)
            s->p[kept++] = low;
        x = high;
    }
    s->n = kept;
    if (x == 0.0)
        return true;
    if (isfinite(x))
        return partials_push(vm, s, x);
    if (isfinite(given))
        return raise_overflow(vm, "intermediate overflow in fsum");
    if (isinf(given))
        s->infinities += given;
    s->special += given;
    s->n = 0;
    return true;
}

/* The sum of the partials, rounded once, half to even. */
static double partials_round(const Partials *s) {
    size_t n = s->n;
    if (n == 0)
        return 0.0;
    double high = s->p[--n], low = 0.0;
    while (n > 0) {
        double x = high, y = s->p[--n];
        high = x + y;
        low = y - (high - x);
        if (low != 0.0)
            break;
    }
    /* `low` may be exactly half a unit: then the next partial says on which side of the tie the sum lies */
    if (n > 0 && ((low < 0.0 && s->p[n - 1] < 0.0) || (low > 0.0 && s->p[n - 1] > 0.0))) {
        double y = low * 2.0, x = high + y;
        if (y == x - high)
            high = x;
    }
    return high;
}

static Value math_fsum(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value it = iter_get(vm, args[0]);
    if (it == VALUE_ERROR)
        return VALUE_ERROR;
    Partials s = {.cap = ARRAY_LEN(s.stack)};
    s.p = s.stack;
    bool ok = true;
    while (ok) {
        Value item = next_of(vm, it);
        if (item == VALUE_ERROR) {
            ok = iter_ended(vm);
            break;
        }
        double x = is_double(item) ? as_double(item) : 0.0;
        ok = (is_double(item) || to_double(vm, item, &x)) && partials_add(vm, &s, x);
        decref(vm, item);
    }
    decref(vm, it);
    Value result = VALUE_ERROR;
    if (ok && s.special != 0.0) { /* NaN too */
        if (isnan(s.infinities))
            raise_value(vm, "-inf + inf in fsum");
        else
            result = double_from_bits(s.special);
    } else if (ok) {
        result = from_double(partials_round(&s));
    }
    if (s.p != s.stack)
        mem_free(vm, s.p, s.cap * sizeof(double));
    return result;
}

/* sumprod ---------------------------------------------------------------------------------------------------------
 */

typedef struct Triple {
    double high, low, tiny;
} Triple;

static Triple triple_add_product(double x, double y, Triple t) {
    Exact p = exact_product(x, y), high = exact_sum(t.high, p.value), low = exact_sum(t.low, p.error);
    Exact middle = exact_sum(low.value, high.error);
    return (Triple){high.value, middle.value, t.tiny + low.error + middle.error};
}

static double triple_round(Triple t) {
    Exact last = exact_sum(t.low, t.tiny), total = exact_sum(t.high, last.value);
    return total.value + (total.error + last.error);
}

/* A float, or an int beside a float: what the exact float path takes. */
static bool float_pair(VM *vm, Value a, Value b, double *x, double *y) {
    bool af = is_double(a), bf = is_double(b);
    if (!af && !bf)
        return false;
    if (!(af || is_exact_int(a) || is_bool(a)) || !(bf || is_exact_int(b) || is_bool(b)))
        return false;
    IntView v;
    if (af) {
        *x = as_double(a);
    } else {
        int_view(a, &v);
        if (!int_limbs_to_double(v.limbs, v.n, 0, false, x))
            return false;
        *x = v.negative ? -*x : *x;
    }
    if (bf) {
        *y = as_double(b);
    } else {
        int_view(b, &v);
        if (!int_limbs_to_double(v.limbs, v.n, 0, false, y))
            return false;
        *y = v.negative ? -*y : *y;
    }
    return true;
}

static bool add_to_total(VM *vm, Value *total, Value addend) {
    if (addend == VALUE_ERROR)
        return false;
    Value sum = arith_binary(vm, OP_ADD, *total, addend);
    decref(vm, addend);
    set_owned(vm, total, sum);
    return sum != VALUE_ERROR;
}

/* The running sum: machine integers first, then floats exactly, then whatever the operators give. A phase once left
 * is not entered again. */
typedef struct Running {
    Value total;
    bool ints, floats; /* phases still open */
    int64_t int_sum;
    bool float_used;
    Triple float_sum;
} Running;

static bool leave_ints(VM *vm, Running *r) {
    r->ints = false;
    int64_t sum = r->int_sum;
    r->int_sum = 0;
    return sum == 0 || add_to_total(vm, &r->total, int_from_int64(vm, sum));
}

static bool leave_floats(VM *vm, Running *r) {
    r->floats = false;
    if (!r->float_used)
        return true;
    r->float_used = false;
    return add_to_total(vm, &r->total, double_from_bits(triple_round(r->float_sum)));
}

static bool sumprod_step(VM *vm, Value p, Value q, Running *r) {
    if (r->ints) {
        int64_t a, b, product, sum;
        if (is_exact_int(p) && is_exact_int(q) && int_fits_int64(p, &a) && int_fits_int64(q, &b) &&
            !__builtin_mul_overflow(a, b, &product) && !__builtin_add_overflow(r->int_sum, product, &sum)) {
            r->int_sum = sum;
            return true;
        }
        if (!leave_ints(vm, r))
            return false;
    }
    double x, y;
    if (r->floats && float_pair(vm, p, q, &x, &y)) {
        Triple next = triple_add_product(x, y, r->float_sum);
        if (isfinite(next.high)) {
            r->float_sum = next;
            r->float_used = true;
            return true;
        }
    }
    return leave_floats(vm, r) && add_to_total(vm, &r->total, arith_binary(vm, OP_MUL, p, q));
}

static Value math_sumprod(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value its[2];
    Running r = {.total = from_small_int(0), .ints = true, .floats = true};
    its[0] = iter_get(vm, args[0]);
    if (its[0] == VALUE_ERROR)
        return VALUE_ERROR;
    its[1] = iter_get(vm, args[1]);
    bool ok = its[1] != VALUE_ERROR;
    while (ok) {
        Value p = iter_next(vm, its[0]);
        if (p == VALUE_ERROR && error_pending(vm)) {
            ok = false;
            break;
        }
        Value q = iter_next(vm, its[1]);
        if (q == VALUE_ERROR && error_pending(vm)) {
            decref(vm, p);
            ok = false;
            break;
        }
        bool ended = p == VALUE_ERROR && q == VALUE_ERROR;
        if (!ended && (p == VALUE_ERROR || q == VALUE_ERROR))
            ok = raise_value(vm, "Inputs are not the same length");
        else if (!ended)
            ok = sumprod_step(vm, p, q, &r);
        decref(vm, p);
        decref(vm, q);
        if (ended) {
            ok = leave_ints(vm, &r) && leave_floats(vm, &r);
            break;
        }
    }
    decref(vm, its[0]);
    decref(vm, its[1]);
    if (ok)
        return r.total;
    decref(vm, r.total);
    return VALUE_ERROR;
}

static Value math_prod(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value it = iter_get(vm, args[0]);
    if (it == VALUE_ERROR)
        return VALUE_ERROR;
    Value r = args[1] ? incref(args[1]) : from_small_int(1);
    for (;;) {
        Value item = iter_next(vm, it);
        if (item == VALUE_ERROR) {
            if (error_pending(vm))
                set_owned(vm, &r, VALUE_ERROR);
            break;
        }
        set_owned(vm, &r, arith_binary(vm, OP_MUL, r, item));
        decref(vm, item);
        if (r == VALUE_ERROR)
            break;
    }
    decref(vm, it);
    return r;
}

/* Norms -----------------------------------------------------------------------------------------------------------
 */

/* The Euclidean norm of n non-negative coordinates: scaled by a power of two so that no square overflows, squared and
 * summed in double-double, and the root corrected by one Newton step with an exact residue. */
static double norm(double *x, size_t n, double max, bool found_nan) {
    if (isinf(max))
        return max;
    if (found_nan)
        return (double)NAN;
    if (max == 0.0 || n <= 1)
        return max;
    int e;
    frexp(max, &e);
    double sum = 0.0, errors = 0.0;
    for (size_t i = 0; i < n; i++) {
        double scaled = ldexp(x[i], -e);
        Exact square = exact_product(scaled, scaled), s = exact_sum(sum, square.value);
        sum = s.value;
        errors += s.error + square.error;
    }
    double root = sqrt(sum + errors);
    Exact square = exact_product(root, root), rest = exact_sum(sum, -square.value);
    root += (rest.value + (rest.error + (errors - square.error))) / (2.0 * root);
    return ldexp(root, e);
}

static Value norm_of(VM *vm, const Value *p, const Value *q, size_t n) {
    double stack[16], *x = stack, max = 0.0;
    bool found_nan = false;
    if (n > ARRAY_LEN(stack) && !(x = mem_alloc(vm, n * sizeof *x)))
        return VALUE_ERROR;
    bool ok = true;
    for (size_t i = 0; i < n && ok; i++) {
        double a = 0.0, b = 0.0;
        ok = to_double(vm, p[i], &a) && (!q || to_double(vm, q[i], &b));
        x[i] = fabs(a - b);
        found_nan = found_nan || isnan(x[i]);
        if (x[i] > max)
            max = x[i];
    }
    Value r = ok ? double_from_bits(norm(x, n, max, found_nan)) : VALUE_ERROR;
    if (x != stack)
        mem_free(vm, x, n * sizeof *x);
    return r;
}

static Value math_hypot(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len != 0)
        return raise_type(vm, "math.hypot() takes no keyword arguments");
    return norm_of(vm, args, NULL, nargs);
}

static Value math_dist(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value p = tuple_from_iterable(vm, args[0]);
    if (p == VALUE_ERROR)
        return VALUE_ERROR;
    Value q = tuple_from_iterable(vm, args[1]), r = VALUE_ERROR;
    if (q != VALUE_ERROR) {
        if (as_tuple(p)->len != as_tuple(q)->len)
            raise_value(vm, "both points must have the same number of dimensions");
        else
            r = norm_of(vm, as_tuple(p)->items, as_tuple(q)->items, as_tuple(p)->len);
        decref(vm, q);
    }
    decref(vm, p);
    return r;
}

const MethodSpec math_sum_functions[] = {
    {"dist", math_dist, "p, q, /", "The Euclidean distance of two points given by their coordinates.", 0},
    {"fsum", math_fsum, "seq, /", "The exact sum of the floats in an iterable, rounded once.", 0},
    {"hypot", math_hypot, "*coordinates", "The Euclidean distance of a point from the origin.", 0},
    {"prod", math_prod, "iterable, /, *, start=1", "Multiply all items of an iterable, and the start value.", 0},
    {"sumprod", math_sumprod, "p, q, /", "The sum of the products of the items of two iterables.", 0},
    {0},
};
