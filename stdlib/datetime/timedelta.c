/* timedelta: a duration as days, seconds and microseconds, where only the days can be negative.
 *
 * Arithmetic goes through the number of microseconds: as __int128 where that suffices, as ints of any size where
 * floats or large factors come in. Results of divisions are rounded half to even. */
#include "stdlib/datetime/datetime.h"

#include <math.h>

/* ---- making ---------------------------------------------------------------------------------------------------- */

static Value raise_too_large(VM *vm) { return raise_overflow(vm, "Python int too large to convert to C int"); }

static Value new_of(VM *vm, Type *type, Wide us) {
    Wide days = us / DAY_US, rest = us % DAY_US;
    if (rest < 0) {
        days--;
        rest += DAY_US;
    }
    if (days != (Wide)(int32_t)days)
        return raise_too_large(vm);
    if (days > DELTA_DAYS_MAX || days < -DELTA_DAYS_MAX)
        return raise_overflow(vm, "days=%d; must have magnitude <= %d", (int)days, DELTA_DAYS_MAX);
    Delta *d = object_alloc(vm, type, 0);
    if (!d)
        return VALUE_ERROR;
    d->days = (int32_t)days;
    d->seconds = (int32_t)((int64_t)rest / SECOND_US);
    d->micros = (int32_t)((int64_t)rest % SECOND_US);
    return from_obj(d);
}

Value delta_new(VM *vm, Wide us) { return new_of(vm, dt_state(vm)->delta, us); }

static Value wide_value(VM *vm, Wide w) {
    if (w == (Wide)(int64_t)w)
        return int_from_int64(vm, (int64_t)w);
    unsigned __int128 u = w < 0 ? -(unsigned __int128)w : (unsigned __int128)w;
    uint64_t limbs[2] = {(uint64_t)u, (uint64_t)(u >> 64)};
    return int_from_limbs(vm, limbs, 2, w < 0);
}

static bool wide_from_int(Value v, Wide *out) {
    IntView view;
    int_view(v, &view);
    if (view.n > 2 || (view.n == 2 && view.limbs[1] >> 63))
        return false;
    Wide w = view.n > 0 ? (Wide)view.limbs[0] : 0;
    if (view.n == 2)
        w |= (Wide)view.limbs[1] << 64;
    *out = view.negative ? -w : w;
    return true;
}

/* The duration of an owned number of microseconds, which is consumed. */
static Value from_int_steal(VM *vm, Value us) {
    Wide w = 0;
    if (!us)
        return VALUE_ERROR;
    bool fits = wide_from_int(us, &w);
    decref(vm, us);
    return fits ? delta_new(vm, w) : raise_too_large(vm);
}

static bool add_product(VM *vm, Wide n, int64_t factor, Wide *sum) {
    Wide product;
    if (__builtin_mul_overflow(n, (Wide)factor, &product) || __builtin_add_overflow(*sum, product, sum))
        return raise_too_large(vm);
    return true;
}

/* Adds v units of `factor` microseconds; what a float leaves below a microsecond goes to *fraction. */
static bool add_component(VM *vm, const char *name, Value v, int64_t factor, Wide *sum, double *fraction) {
    Wide n;
    if (is_int(v))
        return wide_from_int(v, &n) ? add_product(vm, n, factor, sum) : raise_too_large(vm);
    if (!is_float(v))
        return raise_type(vm, "unsupported type for timedelta %s component: %T", name, v);
    double whole, d = float_value(v), part = modf(d, &whole);
    if (isnan(d))
        return raise_value(vm, "cannot convert float NaN to integer");
    if (isinf(d))
        return raise_overflow(vm, "cannot convert float infinity to integer");
    if (fabs(whole) >= 1e38)
        return raise_too_large(vm);
    if (!add_product(vm, (Wide)whole, factor, sum))
        return false;
    *fraction += modf(part * (double)factor, &whole);
    return add_product(vm, (Wide)whole, 1, sum);
}

static Wide round_fraction(Wide sum, double fraction) {
    double nearest = round(fraction);
    if (fabs(nearest - fraction) == 0.5) { /* the sum shall be even */
        double odd = (double)(sum & 1);
        nearest = 2.0 * round((fraction + odd) * 0.5) - odd;
    }
    return sum + (Wide)nearest;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    static const struct {
        const char *name;
        uint8_t argument;
        int64_t us;
    } units[] = {
        {"microseconds", 2, 1},         {"milliseconds", 3, 1000},      {"seconds", 1, SECOND_US},
        {"minutes", 4, 60 * SECOND_US}, {"hours", 5, 3600 * SECOND_US}, {"days", 0, DAY_US},
        {"weeks", 6, 7 * DAY_US},
    };
    Value v[7] = {0};
    if (!native_bind(vm, "__new__", "days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0",
                     args, nargs, kwnames, v, 7))
        return VALUE_ERROR;
    Wide sum = 0;
    double fraction = 0;
    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        Value component = v[units[i].argument];
        if (component && !add_component(vm, units[i].name, component, units[i].us, &sum, &fraction))
            return VALUE_ERROR;
    }
    return new_of(vm, type, fraction != 0 ? round_fraction(sum, fraction) : sum);
}

/* ---- division -------------------------------------------------------------------------------------------------- */

static Value raise_division(VM *vm) { return raise_zero_division(vm, "integer division or modulo by zero"); }

static Wide floor_div(Wide a, Wide b) {
    Wide q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

static Wide nearest_div(Wide a, Wide b) {
    Wide q = floor_div(a, b), r = a - q * b, other = b - r; /* r and other have the sign of b */
    if (b < 0) {
        r = -r;
        other = -other;
    }
    return q + (r > other || (r == other && q & 1));
}

/* a / b for ints of any size, rounded half to even; consumes both. */
static Value nearest_int_div(VM *vm, Value a, Value b) {
    Value q = VALUE_ERROR, r = VALUE_ERROR, other = VALUE_ERROR;
    Wide x, y;
    if (a && b && wide_from_int(a, &x) && wide_from_int(b, &y) && y != 0) {
        q = wide_value(vm, nearest_div(x, y));
    } else if (a && b && (q = int_binary(vm, OP_FLOORDIV, a, b)) && (r = int_binary(vm, OP_MOD, a, b)) &&
               (other = int_binary(vm, OP_SUB, b, r))) {
        int order = int_sign(b) < 0 ? int_compare(other, r) : int_compare(r, other);
        IntView view;
        int_view(q, &view);
        bool odd = view.n && view.limbs[0] & 1;
        if (order > 0 || (order == 0 && odd)) {
            Value more = int_binary(vm, OP_ADD, q, from_small_int(1));
            decref(vm, q);
            q = more;
        }
    } else {
        decref(vm, q);
        q = VALUE_ERROR;
    }
    decref(vm, r);
    decref(vm, other);
    decref(vm, a);
    decref(vm, b);
    return q;
}

/* A float as the quotient of two ints. */
static bool float_ratio(VM *vm, double d, Value *numerator, Value *denominator) {
    if (isnan(d))
        return raise_value(vm, "cannot convert NaN to integer ratio");
    if (isinf(d))
        return raise_overflow(vm, "cannot convert Infinity to integer ratio");
    int e = 0;
    double m = frexp(d, &e);
    for (int i = 0; i < 53 && m != floor(m); i++) {
        m *= 2;
        e--;
    }
    *numerator = int_from_int64(vm, (int64_t)m);
    *denominator = *numerator ? from_small_int(1) : VALUE_ERROR;
    if (!*numerator)
        return false;
    Value *scaled = e > 0 ? numerator : denominator;
    set_owned(vm, scaled, int_binary(vm, OP_LSHIFT, *scaled, from_small_int(e > 0 ? e : -e)));
    if (*scaled)
        return true;
    decref(vm, e > 0 ? *denominator : *numerator);
    return false;
}

/* us * d, or us / d */
static Value scale_float(VM *vm, Wide us, double d, bool divide) {
    Value numerator = 0, denominator = 0;
    if (!float_ratio(vm, d, &numerator, &denominator))
        return VALUE_ERROR;
    Value factor = divide ? denominator : numerator, divisor = divide ? numerator : denominator;
    if (int_sign(divisor) == 0) {
        decref(vm, factor);
        return raise_division(vm);
    }
    Value n = wide_value(vm, us), product = n ? int_binary(vm, OP_MUL, n, factor) : VALUE_ERROR;
    decref(vm, n);
    decref(vm, factor);
    return from_int_steal(vm, nearest_int_div(vm, product, divisor));
}

static Value divide_by_delta(VM *vm, BinaryOp op, Wide a, Wide b) {
    if (op == OP_TRUEDIV) {
        Value x = wide_value(vm, a), y = x ? wide_value(vm, b) : VALUE_ERROR;
        Value result = y ? int_truediv(vm, x, y) : VALUE_ERROR;
        decref(vm, x);
        decref(vm, y);
        return result;
    }
    if (b == 0)
        return op == OP_MOD ? raise_zero_division(vm, "integer modulo by zero") : raise_division(vm);
    Wide q = floor_div(a, b);
    if (op == OP_FLOORDIV)
        return wide_value(vm, q);
    Value rest = delta_new(vm, a - q * b);
    if (op == OP_MOD || !rest)
        return rest;
    Value quotient = wide_value(vm, q), pair = quotient ? tuple_pack(vm, 2, quotient, rest) : VALUE_ERROR;
    decref(vm, quotient);
    decref(vm, rest);
    return pair;
}

static Value divide(VM *vm, BinaryOp op, Value a, Value b) {
    if (!is_delta(a))
        return VALUE_NOTIMPL;
    Wide us = delta_wide(as_delta(a)), n;
    if (is_delta(b))
        return divide_by_delta(vm, op, us, delta_wide(as_delta(b)));
    if (op == OP_TRUEDIV && is_float(b))
        return scale_float(vm, us, float_value(b), true);
    if ((op != OP_TRUEDIV && op != OP_FLOORDIV) || !is_int(b))
        return VALUE_NOTIMPL;
    if (int_sign(b) == 0)
        return raise_division(vm);
    if (wide_from_int(b, &n))
        return delta_new(vm, op == OP_FLOORDIV ? floor_div(us, n) : nearest_div(us, n));
    /* by more than there are microseconds: 0, or -1 where the floor of a negative quotient is meant */
    return delta_new(vm, op == OP_FLOORDIV && us != 0 && (us < 0) != (int_sign(b) < 0) ? -1 : 0);
}

/* ---- other operators ------------------------------------------------------------------------------------------- */

static Value op_add(VM *vm, Value a, Value b) {
    return is_delta(a) && is_delta(b) ? delta_new(vm, delta_wide(as_delta(a)) + delta_wide(as_delta(b)))
                                      : VALUE_NOTIMPL;
}
static Value op_sub(VM *vm, Value a, Value b) {
    return is_delta(a) && is_delta(b) ? delta_new(vm, delta_wide(as_delta(a)) - delta_wide(as_delta(b)))
                                      : VALUE_NOTIMPL;
}
static Value op_mul(VM *vm, Value a, Value b) {
    Value delta = is_delta(a) ? a : b, factor = is_delta(a) ? b : a;
    Wide us = delta_wide(as_delta(delta)), n;
    if (is_float(factor))
        return scale_float(vm, us, float_value(factor), false);
    if (!is_int(factor))
        return VALUE_NOTIMPL;
    if (us == 0)
        return delta_new(vm, 0);
    if (!wide_from_int(factor, &n) || __builtin_mul_overflow(us, n, &us))
        return raise_too_large(vm);
    return delta_new(vm, us);
}
static Value op_truediv(VM *vm, Value a, Value b) { return divide(vm, OP_TRUEDIV, a, b); }
static Value op_floordiv(VM *vm, Value a, Value b) { return divide(vm, OP_FLOORDIV, a, b); }
static Value op_mod(VM *vm, Value a, Value b) { return divide(vm, OP_MOD, a, b); }
static Value op_divmod(VM *vm, Value a, Value b) { return divide(vm, OP_DIVMOD, a, b); }

static Value op_neg(VM *vm, Value self) { return delta_new(vm, -delta_wide(as_delta(self))); }
static Value op_pos(VM *vm, Value self) { return delta_new(vm, delta_wide(as_delta(self))); }
static Value op_abs(VM *vm, Value self) {
    Wide us = delta_wide(as_delta(self));
    return delta_new(vm, us < 0 ? -us : us);
}
static int op_truth(VM *vm, Value self) { return delta_wide(as_delta(self)) != 0; }

static Value compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!is_delta(a) || !is_delta(b))
        return VALUE_NOTIMPL;
    Wide x = delta_wide(as_delta(a)), y = delta_wide(as_delta(b));
    return order_result(op, (x > y) - (x < y));
}

bool delta_hash(VM *vm, Wide us, int64_t *out) {
    Wide days = floor_div(us, DAY_US);
    int64_t rest = (int64_t)(us - days * DAY_US), parts[3] = {(int64_t)days, rest / SECOND_US, rest % SECOND_US};
    uint64_t acc = TUPLE_HASH_SEED;
    for (int i = 0; i < 3; i++)
        acc = tuple_hash_step(acc, parts[i] == -1 ? -2 : parts[i]);
    *out = tuple_hash_finish(acc, 3);
    return true;
}

static bool hash(VM *vm, Value self, int64_t *out) {
    Delta *d = as_delta(self);
    if (!d->hash)
        delta_hash(vm, delta_wide(d), &d->hash);
    *out = d->hash;
    return true;
}

/* ---- text and attributes --------------------------------------------------------------------------------------- */

static Value repr(VM *vm, Value self) {
    const Delta *d = as_delta(self);
    const struct {
        const char *name;
        int n;
    } parts[] = {{"days", d->days}, {"seconds", d->seconds}, {"microseconds", d->micros}};
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_printf(&b, "%N(", fast_type(vm, self));
    const char *sep = "";
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        if (!parts[i].n)
            continue;
        strbuilder_printf(&b, "%s%s=%d", sep, parts[i].name, parts[i].n);
        sep = ", ";
    }
    strbuilder_add_c(&b, *sep ? ")" : "0)");
    return strbuilder_finish(&b);
}

static Value str(VM *vm, Value self) {
    const Delta *d = as_delta(self);
    char text[64];
    int n = 0;
    if (d->days)
        n = snprintf(text, sizeof text, "%d day%s, ", d->days, d->days == 1 || d->days == -1 ? "" : "s");
    n += snprintf(text + n, sizeof text - (size_t)n, "%d:%02d:%02d", d->seconds / 3600, d->seconds / 60 % 60,
                  d->seconds % 60);
    if (d->micros)
        n += snprintf(text + n, sizeof text - (size_t)n, ".%06d", d->micros);
    return str_new_ascii(vm, text, (size_t)n);
}

void delta_add_offset(StrBuilder *b, const Delta *d, const char *sep) {
    int64_t us = (int64_t)delta_wide(d), positive = us < 0 ? -us : us, seconds = positive / SECOND_US;
    char text[40];
    int n = snprintf(text, sizeof text, "%c%02d%s%02d", us < 0 ? '-' : '+', (int)(seconds / 3600 % 100), sep,
                     (int)(seconds / 60 % 60));
    if (positive % (60 * SECOND_US))
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%02d", sep, (int)(seconds % 60));
    if (positive % SECOND_US)
        n += snprintf(text + n, sizeof text - (size_t)n, ".%06d", (int)(positive % SECOND_US));
    strbuilder_add(b, text, (size_t)n);
}

Value delta_total_seconds(VM *vm, Wide us) {
    Value n = wide_value(vm, us), result = n ? int_truediv(vm, n, from_small_int(SECOND_US)) : VALUE_ERROR;
    decref(vm, n);
    return result;
}

METHOD(total_seconds) { return delta_total_seconds(vm, delta_wide(as_delta(self))); }

METHOD(reduce) {
    const Delta *d = as_delta(self);
    Value parts = tuple_pack(vm, 3, from_small_int(d->days), from_small_int(d->seconds), from_small_int(d->micros));
    Value result = parts ? tuple_pack(vm, 2, type_value(fast_type(vm, self)), parts) : VALUE_ERROR;
    decref(vm, parts);
    return result;
}

static Value get_days(VM *vm, Value self) { return from_small_int(as_delta(self)->days); }
static Value get_seconds(VM *vm, Value self) { return from_small_int(as_delta(self)->seconds); }
static Value get_micros(VM *vm, Value self) { return from_small_int(as_delta(self)->micros); }

static const MethodSpec methods[] = {
    {"total_seconds", method_total_seconds, "", "The whole duration in seconds, as a float.", 0},
    {"__reduce__", method_reduce, "", "State for copying and pickling.", 0},
    {0},
};

static bool set_nothing(VM *vm, Value self, Value value) {
    return raisef(vm, vm->exc.AttributeError, "readonly attribute");
}

static const GetSetSpec getset[] = {
    {"days", get_days, set_nothing, "Whole days; negative in a negative duration."},
    {"seconds", get_seconds, set_nothing, "Seconds beside the days: 0 to 86399."},
    {"microseconds", get_micros, set_nothing, "Microseconds beside the seconds: 0 to 999999."},
    {0},
};

const TypeSpec delta_spec = {
    .name = "datetime.timedelta",
    .doc = "A duration: the difference of two dates or times.",
    .signature = "days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0",
    .size = sizeof(Delta),
    .flags = TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = create, .repr = repr, .str = str, .hash = hash, .compare = compare, .truth = op_truth},
    .numbers = &(const NumberSlots){.binary = {[OP_ADD] = op_add,
                                               [OP_SUB] = op_sub,
                                               [OP_MUL] = op_mul,
                                               [OP_TRUEDIV] = op_truediv,
                                               [OP_FLOORDIV] = op_floordiv,
                                               [OP_MOD] = op_mod,
                                               [OP_DIVMOD] = op_divmod},
                                    .unary = {[OP_NEG] = op_neg, [OP_POS] = op_pos, [OP_ABS] = op_abs}},
    .methods = methods,
    .getset = getset,
};
