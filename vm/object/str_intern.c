/* Interned strings: one object for each text, so that names compare by address. The table does not own its strings: a
 * string that dies takes itself out (dealloc sees OBJ_USER1). Open addressing, linear probing; removal moves the
 * following entries back, so no tombstones pile up while a program makes and drops many names. */
#include "object/str_internal.h"

#define TABLE_FIRST 1024 /* a power of two */

struct InternTable {
    Str **slots;
    size_t mask, used;
};

static size_t home(VM *vm, Str *s, size_t mask) { return (size_t)str_hash(vm, s) & mask; }

static bool table_resize(VM *vm, struct InternTable *t, size_t size) {
    Str **slots = mem_zalloc(vm, size * sizeof *slots);
    if (slots == NULL)
        return false;
    for (size_t i = 0; t->slots != NULL && i <= t->mask; i++) {
        Str *s = t->slots[i];
        if (s == NULL)
            continue;
        size_t k = home(vm, s, size - 1);
        while (slots[k] != NULL)
            k = (k + 1) & (size - 1);
        slots[k] = s;
    }
    if (t->slots != NULL)
        mem_free(vm, t->slots, (t->mask + 1) * sizeof *slots);
    t->slots = slots;
    t->mask = size - 1;
    return true;
}

static struct InternTable *table_of(VM *vm) {
    if (likely(vm->interned != NULL))
        return vm->interned;
    struct InternTable *t = mem_zalloc(vm, sizeof *t);
    if (t == NULL)
        return NULL;
    if (!table_resize(vm, t, TABLE_FIRST)) {
        mem_free(vm, t, sizeof *t);
        return NULL;
    }
    vm->interned = t;
    return t;
}

/* The slot of the text: occupied by the interned string, or free. */
static size_t find_slot(VM *vm, struct InternTable *t, Str *s) {
    size_t i = home(vm, s, t->mask);
    while (t->slots[i] != NULL && !str_equal(t->slots[i], s))
        i = (i + 1) & t->mask;
    return i;
}

/* The slot of a text that may not be a string yet. */
static size_t find_text(struct InternTable *t, const char *utf8, size_t n, int64_t hash) {
    size_t i = (size_t)hash & t->mask;
    for (; t->slots[i] != NULL; i = (i + 1) & t->mask) {
        const Str *s = t->slots[i];
        if (s->hash == hash && s->nbytes == n && memcmp(s->data, utf8, n) == 0)
            break;
    }
    return i;
}

Value str_intern_text(VM *vm, const char *utf8, size_t n) {
    if (n <= 1) /* of these the VM has one object each anyhow */
        return str_intern(vm, str_new(vm, utf8, n));
    struct InternTable *t = table_of(vm);
    if (t == NULL)
        return VALUE_ERROR;
    int64_t hash = str_hash_text(vm, utf8, n);
    size_t i = find_text(t, utf8, n, hash);
    if (t->slots[i] != NULL)
        return incref(from_obj(t->slots[i]));
    Value v = str_new(vm, utf8, n);
    if (v != 0)
        as_str(v)->hash = hash;
    if (v == 0 || (t->used + 1) * 3 > t->mask * 2)
        return str_intern(vm, v);
    t->slots[i] = as_str(v);
    t->used++;
    as_obj(v)->flags |= OBJ_USER1;
    return v;
}

Value str_intern(VM *vm, Value v) {
    if (v == 0 || (as_obj(v)->flags & OBJ_USER1))
        return v;
    if (unlikely(as_obj(v)->flags & OBJ_SUBTYPE)) {
        Value plain = str_unchanged(vm, v);
        decref(vm, v);
        if (plain == 0 || (as_obj(plain)->flags & OBJ_USER1))
            return plain;
        v = plain;
    }
    struct InternTable *t = table_of(vm);
    if (t == NULL) {
        decref(vm, v);
        return VALUE_ERROR;
    }
    size_t i = find_slot(vm, t, as_str(v));
    if (t->slots[i] != NULL) {
        Value found = incref(from_obj(t->slots[i]));
        decref(vm, v);
        return found;
    }
    if ((t->used + 1) * 3 > t->mask * 2) {
        if (!table_resize(vm, t, (t->mask + 1) * 2)) {
            decref(vm, v);
            return VALUE_ERROR;
        }
        i = find_slot(vm, t, as_str(v));
    }
    t->slots[i] = as_str(v);
    t->used++;
    as_obj(v)->flags |= OBJ_USER1;
    return v;
}

Value str_intern_c(VM *vm, const char *text) { return str_intern_text(vm, text, strlen(text)); }

void str_intern_forget(VM *vm, Str *s) {
    struct InternTable *t = vm->interned;
    s->header.flags &= (uint8_t)~OBJ_USER1;
    if (t == NULL) /* the VM is being taken down */
        return;
    size_t i = home(vm, s, t->mask);
    while (t->slots[i] != s)
        i = (i + 1) & t->mask;
    /* Entries behind the gap that probing reaches only across it move into it. */
    for (size_t k = (i + 1) & t->mask; t->slots[k] != NULL; k = (k + 1) & t->mask) {
        size_t h = home(vm, t->slots[k], t->mask);
        if (((k - h) & t->mask) >= ((k - i) & t->mask)) {
            t->slots[i] = t->slots[k];
            i = k;
        }
    }
    t->slots[i] = NULL;
    t->used--;
}

size_t str_interned_count(VM *vm) { return vm->interned != NULL ? vm->interned->used : 0; }
