/* Which constants of code are the same. */
#include "code/constant.h"

#include "object/bytes.h"
#include "object/set.h"

#define SEARCHED_SET_MAX 64

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

uint64_t constant_hash(VM *vm, Value v) {
    if (!is_obj(v))
        return mix(1, v);
    switch ((Kind)as_obj(v)->kind) {
    case KIND_STR:
        return mix(2, (uint64_t)str_hash(vm, as_str(v)));
    case KIND_BYTES: {
        uint64_t h = 3;
        for (size_t i = 0; i < as_bytes(v)->len; i++)
            h = mix(h, (unsigned char)as_bytes(v)->data[i]);
        return h;
    }
    case KIND_INT:
        return mix(4, (uint64_t)int_hash(v));
    case KIND_COMPLEX: {
        uint64_t bits[2];
        memcpy(bits, &((Complex *)as_obj(v))->real, sizeof bits);
        return mix(mix(5, bits[0]), bits[1]);
    }
    case KIND_TUPLE: {
        uint64_t h = 6;
        for (size_t i = 0; i < as_tuple(v)->len; i++)
            h = mix(h, constant_hash(vm, as_tuple(v)->items[i]));
        return h;
    }
    case KIND_SET:
        return mix(7, set_len(v));
    default:
        return mix(8, v);
    }
}

static bool has_constant(Value set, Value v) {
    size_t pos = 0;
    Value item;
    while (set_next(set, &pos, &item)) {
        if (constant_same(item, v))
            return true;
    }
    return false;
}

static bool same_order(Value a, Value b) {
    size_t i = 0, j = 0;
    Value x, y;
    while (set_next(a, &i, &x) && set_next(b, &j, &y)) {
        if (!constant_same(x, y))
            return false;
    }
    return true;
}

/* Small sets are the same in whatever order their items stand: that decides in which order the second one is printed.
 * Large ones are worth no search. */
static bool same_sets(Value a, Value b) {
    if (set_len(a) != set_len(b) || obj_type(as_obj(a)) != obj_type(as_obj(b)))
        return false;
    if (same_order(a, b))
        return true;
    if (set_len(a) > SEARCHED_SET_MAX)
        return false;
    size_t pos = 0;
    Value x;
    while (set_next(a, &pos, &x)) {
        if (!has_constant(b, x))
            return false;
    }
    return true;
}

bool constant_same(Value a, Value b) {
    if (a == b)
        return true;
    if (!is_obj(a) || !is_obj(b) || as_obj(a)->kind != as_obj(b)->kind)
        return false;
    switch ((Kind)as_obj(a)->kind) {
    case KIND_STR:
        return str_equal(as_str(a), as_str(b));
    case KIND_BYTES:
        return as_bytes(a)->len == as_bytes(b)->len &&
               memcmp(as_bytes(a)->data, as_bytes(b)->data, as_bytes(a)->len) == 0;
    case KIND_INT:
        return int_equal(a, b);
    case KIND_COMPLEX:
        return memcmp(&((Complex *)as_obj(a))->real, &((Complex *)as_obj(b))->real, 2 * sizeof(double)) == 0;
    case KIND_TUPLE:
        if (as_tuple(a)->len != as_tuple(b)->len)
            return false;
        for (size_t i = 0; i < as_tuple(a)->len; i++) {
            if (!constant_same(as_tuple(a)->items[i], as_tuple(b)->items[i]))
                return false;
        }
        return true;
    case KIND_SET:
        return same_sets(a, b);
    default:
        return false;
    }
}
