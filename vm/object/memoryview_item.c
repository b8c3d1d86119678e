/* The items of memory views: from bytes to values and back, one by one, and the iterator over a view of one
 * dimension. */
#include "object/memoryview.h"

#include "object/bytes_internal.h"
#include "object/containers.h"

size_t item_format_size(char code) {
    switch (code) {
    case 'b':
    case 'B':
    case 'c':
    case '?':
        return 1;
    case 'h':
    case 'H':
    case 'e':
        return 2;
    case 'i':
    case 'I':
    case 'f':
        return 4;
    case 'l':
    case 'L':
        return sizeof(long);
    case 'q':
    case 'Q':
    case 'd':
        return 8;
    case 'n':
    case 'N':
        return sizeof(size_t);
    case 'P':
        return sizeof(void *);
    }
    return 0;
}

static bool is_signed_code(char code) { return strchr("bhilqn", code) != NULL; }

/* Half precision: sign, 5 bits of exponent, 10 of fraction. */
static double half_to_double(uint16_t h) {
    int exponent = h >> 10 & 31;
    double fraction = h & 1023, d;
    if (exponent == 31)
        d = fraction != 0 ? __builtin_nan("") : __builtin_inf();
    else if (exponent == 0)
        d = __builtin_ldexp(fraction, -24);
    else
        d = __builtin_ldexp(fraction + 1024, exponent - 25);
    return h >> 15 ? -d : d;
}

/* Rounds half to even; false when it is too large. */
static bool double_to_half(double d, uint16_t *out) {
    uint16_t sign = __builtin_signbit(d) ? 0x8000 : 0;
    double a = __builtin_fabs(d);
    *out = sign;
    if (a != a) {
        *out = sign | 0x7E00;
        return true;
    }
    if (a == __builtin_inf()) {
        *out = sign | 0x7C00;
        return true;
    }
    int exponent = -14;
    if (a >= __builtin_ldexp(1, -14)) {
        __builtin_frexp(a, &exponent);
        exponent--; /* a = 1.x * 2**exponent */
    }
    if (exponent > 15)
        return false;
    /* in units of the last place; a carry out of the fraction rightly raises the exponent */
    uint32_t units = (uint32_t)__builtin_rint(__builtin_ldexp(a, 10 - exponent));
    uint32_t bits = ((uint32_t)(exponent + 14) << 10) + units;
    if (bits >= 0x7C00)
        return false;
    *out = (uint16_t)(sign | bits);
    return true;
}

Value item_read(VM *vm, const MemoryView *m, const char *p) {
    if (likely(m->code == 'B'))
        return from_small_int((uint8_t)*p);
    Item x = {.u8 = 0};
    memcpy(&x, p, m->itemsize);
    switch (m->code) {
    case 'b':
        return from_small_int(x.i1);
    case 'c':
        return bytes_new(vm, p, 1);
    case '?':
        return from_bool(x.u1 != 0);
    case 'h':
        return from_small_int(x.i2);
    case 'H':
        return from_small_int(x.u2);
    case 'e':
        return from_double(half_to_double(x.u2));
    case 'f':
        return double_from_bits((double)x.f4);
    case 'd':
        return double_from_bits(x.f8);
    case 'P':
        return int_from_uint64(vm, (uint64_t)(uintptr_t)x.pointer);
    }
    if (is_signed_code(m->code))
        return int_from_int64(vm, m->itemsize == 4 ? x.i4 : x.i8);
    return int_from_uint64(vm, m->itemsize == 4 ? x.u4 : x.u8);
}

static bool wrong_type(VM *vm, const MemoryView *m) {
    return raise_type(vm, "memoryview: invalid type for format '%s'", m->format);
}
static bool wrong_value(VM *vm, const MemoryView *m) {
    return raise_value(vm, "memoryview: invalid value for format '%s'", m->format);
}

static bool int_item(VM *vm, const MemoryView *m, Value v, Item *x) {
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return wrong_type(vm, m);
    Value i = to_index(vm, v);
    if (i == 0)
        return false;
    unsigned bits = (unsigned)m->itemsize * 8;
    bool ok;
    if (is_signed_code(m->code)) {
        ok = int_fits_int64(i, &x->i8) && (bits == 64 || (x->i8 >> (bits - 1)) == 0 || (x->i8 >> (bits - 1)) == -1);
    } else if (m->code == 'P' && int_sign(i) < 0) { /* addresses may be given as signed numbers */
        ok = int_fits_int64(i, &x->i8);
    } else {
        ok = int_fits_uint64(i, &x->u8) && (bits == 64 || x->u8 >> bits == 0);
    }
    decref(vm, i);
    if (!ok)
        return wrong_value(vm, m);
    switch (m->itemsize) { /* into the narrow member, wherever it lies */
    case 1:
        x->u1 = (uint8_t)x->u8;
        break;
    case 2:
        x->u2 = (uint16_t)x->u8;
        break;
    case 4:
        x->u4 = (uint32_t)x->u8;
        break;
    }
    return true;
}

static bool float_item(VM *vm, const MemoryView *m, Value v, Item *x) {
    double d;
    if (!to_double(vm, v, &d)) {
        if (!error_matches(vm, vm->exc.TypeError))
            return false;
        error_clear(vm);
        return wrong_type(vm, m);
    }
    if (m->code == 'd')
        x->f8 = d;
    else if (m->code == 'f')
        x->f4 = (float)d;
    else if (!double_to_half(d, &x->u2))
        return wrong_value(vm, m);
    return true;
}

bool item_pack(VM *vm, const MemoryView *m, Value v, Item *x) {
    *x = (Item){.u8 = 0};
    switch (m->code) {
    case 'c':
        if (!is_bytes(v))
            return wrong_type(vm, m);
        if (as_bytes(v)->len != 1)
            return wrong_value(vm, m);
        x->u1 = (uint8_t)as_bytes(v)->data[0];
        return true;
    case '?': {
        int t = truth(vm, v);
        x->u1 = t > 0;
        return t >= 0;
    }
    case 'e':
    case 'f':
    case 'd':
        return float_item(vm, m, v, x);
    default:
        return int_item(vm, m, v, x);
    }
}

/* --- one after the other --------------------------------------------------------------------------------------- */

static Value view_next(VM *vm, Value self) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (it->seq == 0)
        return VALUE_ERROR;
    MemoryView *m = as_view(it->seq);
    if (!view_check_open(vm, m))
        return VALUE_ERROR;
    if (likely(it->index < (size_t)m->shape[0]))
        return item_read(vm, m, m->data + (ssize_t)it->index++ * m->strides[0]);
    set_owned(vm, &it->seq, 0);
    return VALUE_ERROR;
}

const TypeSpec memory_iterator_spec = {
    .name = "memory_iterator",
    .doc = "Gives the items of a memoryview.",
    .size = sizeof(SeqIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = view_next},
};
