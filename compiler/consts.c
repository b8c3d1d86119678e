/* Constants of a compilation: one object for all equal constants of the same type.
 *
 * Invariant: two constants are the same here only if no script can tell them apart: 1, 1.0 and True differ, so do 0.0
 * and -0.0, and so do tuples that differ in such an item. */
#include "runtime/vm.h"

#include "compiler/emit.h"
#include "object/bytes.h"
#include "object/set.h"

typedef struct ConstTable {
    Value *slots; /* owned; 0: free */
    uint32_t used, capacity;
} ConstTable;

static uint64_t mix(uint64_t h, uint64_t v) {
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 29;
}

static uint64_t const_hash(VM *vm, Value v) {
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
            h = mix(h, const_hash(vm, as_tuple(v)->items[i]));
        return h;
    }
    case KIND_SET:
        return mix(7, set_len(v));
    default:
        return mix(8, v);
    }
}

static bool const_same(Value a, Value b);

static bool same_sets(Value a, Value b) {
    size_t i = 0, j = 0;
    Value x, y;
    if (set_len(a) != set_len(b) || obj_type(as_obj(a)) != obj_type(as_obj(b)))
        return false;
    while (set_next(a, &i, &x) && set_next(b, &j, &y)) {
        if (!const_same(x, y))
            return false;
    }
    return true;
}

static bool const_same(Value a, Value b) {
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
            if (!const_same(as_tuple(a)->items[i], as_tuple(b)->items[i]))
                return false;
        }
        return true;
    case KIND_SET:
        return same_sets(a, b);
    default:
        return false;
    }
}

static bool table_grow(Compiler *c, ConstTable *t) {
    uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
    Value *slots = mem_zalloc(c->vm, capacity * sizeof(Value));
    if (!slots)
        return context_fail(c);
    for (uint32_t i = 0; i < t->capacity; i++) {
        if (!t->slots[i])
            continue;
        uint32_t at = (uint32_t)const_hash(c->vm, t->slots[i]) & (capacity - 1);
        while (slots[at])
            at = (at + 1) & (capacity - 1);
        slots[at] = t->slots[i];
    }
    mem_free(c->vm, t->slots, t->capacity * sizeof(Value));
    t->slots = slots;
    t->capacity = capacity;
    return true;
}

/* Strings that could be identifiers are interned: that makes lookups with them quick, and `is` sees it. */
static bool looks_like_name(Value v) {
    const Str *s = as_str(v);
    for (size_t i = 0; i < s->nbytes; i++) {
        char ch = s->data[i];
        if (!((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_'))
            return false;
    }
    return true;
}

Value const_unique(Compiler *c, Value value) {
    if (!value || c->failed) {
        decref(c->vm, value);
        context_fail(c);
        return 0;
    }
    if (!is_obj(value) || as_obj(value)->kind == KIND_CODE) {
        if (!is_obj(value))
            return value;
    } else if (is_str(value) && looks_like_name(value)) {
        value = str_intern(c->vm, value);
        if (!value) {
            context_fail(c);
            return 0;
        }
    }
    if (!c->constants) {
        c->constants = mem_zalloc(c->vm, sizeof(ConstTable));
        if (!c->constants) {
            decref(c->vm, value);
            context_fail(c);
            return 0;
        }
    }
    ConstTable *t = c->constants;
    if (t->used * 2 >= t->capacity && !table_grow(c, t)) {
        decref(c->vm, value);
        return 0;
    }
    uint32_t at = (uint32_t)const_hash(c->vm, value) & (t->capacity - 1);
    for (; t->slots[at]; at = (at + 1) & (t->capacity - 1)) {
        if (const_same(t->slots[at], value)) {
            decref(c->vm, value);
            return t->slots[at];
        }
    }
    t->slots[at] = value;
    t->used++;
    return value;
}

void const_table_free(Compiler *c) {
    ConstTable *t = c->constants;
    if (!t)
        return;
    for (uint32_t i = 0; i < t->capacity; i++)
        decref(c->vm, t->slots[i]);
    mem_free(c->vm, t->slots, t->capacity * sizeof(Value));
    mem_free(c->vm, t, sizeof *t);
    c->constants = NULL;
}
