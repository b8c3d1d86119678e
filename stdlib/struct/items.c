/* Packing and unpacking: values to bytes and back, item by item. */
#include "stdlib/struct/struct.h"

#include <math.h>

/* ---- bytes ----------------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE uint64_t load(const uint8_t *p, size_t size, bool big) {
    uint16_t h;
    uint32_t w;
    uint64_t q;
    bool swap = big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    switch (size) {
    case 1:
        return *p;
    case 2:
        memcpy(&h, p, 2);
        return swap ? __builtin_bswap16(h) : h;
    case 4:
        memcpy(&w, p, 4);
        return swap ? __builtin_bswap32(w) : w;
    default:
        memcpy(&q, p, 8);
        return swap ? __builtin_bswap64(q) : q;
    }
}

static ALWAYS_INLINE void store(uint8_t *p, uint64_t v, size_t size, bool big) {
    bool swap = big != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    uint16_t h = (uint16_t)v;
    uint32_t w = (uint32_t)v;
    switch (size) {
    case 1:
        *p = (uint8_t)v;
        break;
    case 2:
        h = swap ? __builtin_bswap16(h) : h;
        memcpy(p, &h, 2);
        break;
    case 4:
        w = swap ? __builtin_bswap32(w) : w;
        memcpy(p, &w, 4);
        break;
    default:
        v = swap ? __builtin_bswap64(v) : v;
        memcpy(p, &v, 8);
    }
}

/* ---- half precision -------------------------------------------------------------------------------------------- */

/* 1 sign, 5 exponent, 10 fraction bits; rounds half to even. False: too large. */
static bool half_from_double(double d, uint16_t *out) {
    uint16_t sign = signbit(d) ? 0x8000 : 0;
    if (isnan(d) || isinf(d)) {
        *out = (uint16_t)(sign | (isnan(d) ? 0x7e00 : 0x7c00));
        return true;
    }
    int e = 0;
    double m = frexp(fabs(d), &e); /* |d| = m * 2^e, 0.5 <= m < 1 */
    if (m == 0) {
        *out = sign;
        return true;
    }
    if (e > 16)
        return false;
    /* Normal numbers have 11 bits; below 2^-14 the last bit is worth 2^-24. */
    int shift = e >= -13 ? 11 - e : 24;
    double scaled = ldexp(fabs(d), shift), whole = floor(scaled), rest = scaled - whole;
    uint32_t n = (uint32_t)whole;
    if (rest > 0.5 || (rest == 0.5 && n & 1))
        n++;
    uint32_t bits = e >= -13 ? (uint32_t)(e + 13) * 1024 + n : n; /* a carry out of the fraction is right as it is */
    if (bits >= 0x7c00)
        return false;
    *out = (uint16_t)(sign | bits);
    return true;
}

static double half_to_double(uint16_t h) {
    int e = h >> 10 & 31, f = h & 1023;
    double d = e == 31 ? (f ? NAN : INFINITY) : e ? ldexp(1024 + f, e - 25) : ldexp(f, -24);
    return copysign(d, h & 0x8000 ? -1.0 : 1.0);
}

/* ---- packing --------------------------------------------------------------------------------------------------- */

static Value raise_range(VM *vm, const Item *item) {
    unsigned bits = (unsigned)item->size * 8;
    uint64_t top = item->kind == FIELD_SIGNED ? ((uint64_t)1 << (bits - 1)) - 1 : ~(uint64_t)0 >> (64 - bits);
    Value low = item->kind == FIELD_SIGNED ? int_from_int64(vm, -(int64_t)top - 1) : from_small_int(0);
    Value high = low ? int_from_uint64(vm, top) : VALUE_ERROR;
    if (high)
        raise_struct(vm, "'%c' format requires %S <= number <= %S", item->code, low, high);
    decref(vm, low);
    decref(vm, high);
    return VALUE_ERROR;
}

/* The value as an int: owned. */
static Value integer_of(VM *vm, Value v) {
    if (is_int(v))
        return incref(v);
    if (!fast_type(vm, v)->slots.index)
        return raise_struct(vm, "required argument is not an integer");
    return to_index(vm, v);
}

static bool integer_bits(VM *vm, const Item *item, Value v, uint64_t *out) {
    int64_t i;
    unsigned spare = 64 - (unsigned)item->size * 8;
    if (int_fits_int64(v, &i)) {
        *out = (uint64_t)i;
        bool fits = item->kind == FIELD_SIGNED ? (int64_t)((uint64_t)i << spare) >> spare == i
                                               : i >= 0 && (uint64_t)i << spare >> spare == (uint64_t)i;
        if (fits || item->kind == FIELD_ADDRESS)
            return true;
    } else if (item->kind != FIELD_SIGNED && int_fits_uint64(v, out) && spare == 0) {
        return true;
    }
    return item->kind == FIELD_ADDRESS ? raise_overflow(vm, "int too large to convert") : raise_range(vm, item);
}

static bool pack_integer(VM *vm, const Item *item, Value v, uint8_t *out, bool big) {
    Value n = integer_of(vm, v);
    uint64_t bits = 0;
    bool ok = n && integer_bits(vm, item, n, &bits);
    decref(vm, n);
    if (ok)
        store(out, bits, item->size, big);
    return ok;
}

static bool float_of(VM *vm, Value v, double *out) {
    if (is_float(v)) {
        *out = float_value(v);
        return true;
    }
    if (to_double(vm, v, out))
        return true;
    error_clear(vm);
    return raise_struct(vm, "required argument is not a float");
}

static bool pack_float(VM *vm, const Layout *l, const Item *item, Value v, uint8_t *out) {
    double d = 0;
    if (!float_of(vm, v, &d))
        return false;
    uint64_t bits = 0;
    if (item->size == 8) {
        memcpy(&bits, &d, 8);
    } else if (item->size == 4) {
        float f = (float)d;
        if (isinf(f) && !isinf(d) && !l->native)
            return raise_overflow(vm, "float too large to pack with f format");
        uint32_t word;
        memcpy(&word, &f, 4);
        bits = word;
    } else {
        uint16_t half;
        if (!half_from_double(d, &half))
            return raise_overflow(vm, "float too large to pack with e format");
        bits = half;
    }
    store(out, bits, item->size, l->big);
    return true;
}

static bool pack_text(VM *vm, const Item *item, Value v, uint8_t *out) {
    const char *data;
    size_t n;
    if (is_bytes(v)) {
        data = as_bytes(v)->data;
        n = as_bytes(v)->len;
    } else if (is_bytearray(v)) {
        data = as_bytearray(v)->data;
        n = as_bytearray(v)->len;
    } else {
        return raise_struct(vm, "argument for '%c' must be a bytes object", item->code);
    }
    size_t room = item->size;
    if (item->kind == FIELD_PASCAL) {
        if (room == 0)
            return true;
        room--;
        n = n > room ? room : n;
        *out++ = (uint8_t)(n > 255 ? 255 : n);
    }
    n = n > room ? room : n;
    if (n)
        memcpy(out, data, n);
    return true;
}

static bool pack_one(VM *vm, const Layout *l, const Item *item, Value v, uint8_t *out) {
    int t;
    switch ((FieldKind)item->kind) {
    case FIELD_CHAR:
        if (!is_bytes(v) || as_bytes(v)->len != 1)
            return raise_struct(vm, "char format requires a bytes object of length 1");
        *out = (uint8_t)as_bytes(v)->data[0];
        return true;
    case FIELD_STRING:
    case FIELD_PASCAL:
        return pack_text(vm, item, v, out);
    case FIELD_BOOL:
        if ((t = truth(vm, v)) < 0)
            return false;
        *out = (uint8_t)t;
        return true;
    case FIELD_FLOAT:
        return pack_float(vm, l, item, v, out);
    default:
        return pack_integer(vm, item, v, out, l->big);
    }
}

/* An int that is out of a code's range in another way than the range check's: struct.error, as for those. */
static bool fail_item(VM *vm, Value v) {
    if (!is_int(v) || !error_matches(vm, vm->exc.OverflowError))
        return false;
    error_clear(vm);
    return raise_struct(vm, "int too large to convert");
}

bool layout_pack(VM *vm, const Layout *l, uint8_t *out, Value *values) {
    memset(out, 0, l->size);
    for (size_t i = 0; i < l->nitems; i++) {
        const Item *item = &l->items[i];
        uint8_t *p = out + item->offset;
        for (size_t k = 0; k < item->repeat; k++, p += item->size, values++)
            if (unlikely(!pack_one(vm, l, item, *values, p)))
                return fail_item(vm, *values);
    }
    return true;
}

/* ---- unpacking ------------------------------------------------------------------------------------------------- */

static Value unpack_float(const Item *item, const uint8_t *p, bool big) {
    uint64_t bits = load(p, item->size, big);
    if (item->size == 8) {
        double d;
        memcpy(&d, &bits, 8);
        return double_from_bits(d);
    }
    if (item->size == 2)
        return double_from_bits(half_to_double((uint16_t)bits));
    uint32_t word = (uint32_t)bits;
    float f;
    memcpy(&f, &word, 4);
    return double_from_bits((double)f);
}

static ALWAYS_INLINE Value unpack_one(VM *vm, const Item *item, const uint8_t *p, bool big) {
    unsigned spare;
    size_t n;
    switch ((FieldKind)item->kind) {
    case FIELD_SIGNED:
        spare = 64 - (unsigned)item->size * 8;
        return int_from_int64(vm, (int64_t)(load(p, item->size, big) << spare) >> spare);
    case FIELD_UNSIGNED:
    case FIELD_ADDRESS:
        return int_from_uint64(vm, load(p, item->size, big));
    case FIELD_BOOL:
        return from_bool(*p != 0);
    case FIELD_FLOAT:
        return unpack_float(item, p, big);
    case FIELD_PASCAL:
        n = item->size ? *p : 0;
        return bytes_new(vm, item->size ? (const char *)p + 1 : "",
                         n < item->size ? n
                         : item->size   ? item->size - 1
                                        : 0);
    default:
        return bytes_new(vm, (const char *)p, item->size);
    }
}

Value layout_unpack(VM *vm, const Layout *l, const uint8_t *data) {
    Value result = tuple_new(vm, l->nvalues);
    if (!result)
        return VALUE_ERROR;
    Value *out = as_tuple(result)->items;
    for (size_t i = 0; i < l->nitems; i++) {
        const Item *item = &l->items[i];
        const uint8_t *p = data + item->offset;
        for (size_t k = 0; k < item->repeat; k++, p += item->size) {
            if (!(*out++ = unpack_one(vm, item, p, l->big))) {
                decref(vm, result);
                return VALUE_ERROR;
            }
        }
    }
    return result;
}
