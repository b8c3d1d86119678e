/* Constants of a compilation: one object for all constants that are the same (code/constant.h). */
#include "runtime/vm.h"

#include "code/constant.h"
#include "compiler/emit.h"

typedef struct ConstTable {
    Value *slots; /* owned; 0: free */
    uint32_t used, capacity;
} ConstTable;

static bool table_grow(Compiler *c, ConstTable *t) {
    uint32_t capacity = t->capacity ? t->capacity * 2 : 64;
    Value *slots = mem_zalloc(c->vm, capacity * sizeof(Value));
    if (!slots)
        return context_fail(c);
    for (uint32_t i = 0; i < t->capacity; i++) {
        if (!t->slots[i])
            continue;
        uint32_t at = (uint32_t)constant_hash(c->vm, t->slots[i]) & (capacity - 1);
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
    uint32_t at = (uint32_t)constant_hash(c->vm, value) & (t->capacity - 1);
    for (; t->slots[at]; at = (at + 1) & (t->capacity - 1)) {
        if (constant_same(t->slots[at], value)) {
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
