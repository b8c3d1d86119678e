/* set and frozenset: open addressing.
 *
 * Sizes, probe order and growth are CPython's, and so is the order in which operations insert: a set of small
 * integers (whose hashes are themselves) comes out in the order that every note and book about Python shows.
 *
 * An entry is free (key 0), live, or deleted (key DUMMY, hash -1). fill counts live and deleted entries and stays
 * below three fifths of the table, so a search always ends. As in a dict, comparing keys can run scripts that change
 * the set: a search starts again when the table has moved or its entry is no longer the one that was compared.
 */
#include "object/set_internal.h"

#include "runtime/limits.h"

#define LINEAR_PROBES 9
#define PERTURB_SHIFT 5
#define DUMMY VALUE_NOTIMPL
#define DROPPING SIZE_MAX /* the finger of a dead set that goes in parts */

static bool is_dummy(const SetEntry *e) { return e->hash == -1 && e->key == DUMMY; }

bool set_key_hash(VM *vm, Value key, int64_t *hash) {
    if (is_small_int(key)) {
        int64_t i = as_small_int(key);
        *hash = i == -1 ? -2 : i;
        return true;
    }
    return hash_value(vm, key, hash);
}

/* Of a key that is not the entry's itself: 1, 0, -1 error, or -2: the table has changed, search again. */
static int same_key(VM *vm, Set *s, SetEntry *e, Value key) {
    Value candidate = e->key;
    if (both_small_int(candidate, key) || is_dummy(e))
        return 0;
    if (has_exact_kind(candidate, KIND_STR) && has_exact_kind(key, KIND_STR))
        return str_equal(as_str(candidate), as_str(key));
    SetEntry *table = s->table;
    size_t mask = s->mask;
    incref(candidate);
    int equal = value_equal(vm, candidate, key);
    bool changed = s->table != table || s->mask != mask || e->key != candidate;
    decref(vm, candidate);
    return equal < 0 ? -1 : changed || s->table != table || s->mask != mask ? -2 : equal;
}

/* The entry of the key, or the free one where the search ended; NULL on error. *deleted: the last deleted entry that
 * the search passed by, or NULL. */
static ALWAYS_INLINE SetEntry *search(VM *vm, Set *s, Value key, int64_t hash, SetEntry **deleted) {
again:
    *deleted = NULL;
    size_t mask = s->mask, perturb = (size_t)hash, i = perturb & mask;
    for (;;) {
        SetEntry *e = &s->table[i];
        size_t probes = i + LINEAR_PROBES <= mask ? LINEAR_PROBES : 0;
        do {
            if (e->key == 0)
                return e;
            if (e->hash == hash) {
                if (e->key == key)
                    return e;
                int same = same_key(vm, s, e, key);
                if (same == 1)
                    return e;
                if (same == -1)
                    return NULL;
                if (same == -2)
                    goto again;
            } else if (e->hash == -1) {
                *deleted = e;
            }
            e++;
        } while (probes--);
        perturb >>= PERTURB_SHIFT;
        i = (i * 5 + 1 + perturb) & mask;
    }
}

static SetEntry *look(VM *vm, Set *s, Value key, int64_t hash) {
    SetEntry *deleted;
    return search(vm, s, key, hash, &deleted);
}

/* For a key known to be absent from a table without deleted entries. */
static ALWAYS_INLINE void insert_clean(SetEntry *table, size_t mask, Value key, int64_t hash) {
    size_t perturb = (size_t)hash, i = perturb & mask;
    for (;;) {
        SetEntry *e = &table[i];
        size_t probes = i + LINEAR_PROBES <= mask ? LINEAR_PROBES : 0;
        do {
            if (e->key == 0) {
                *e = (SetEntry){key, hash};
                return;
            }
            e++;
        } while (probes--);
        perturb >>= PERTURB_SHIFT;
        i = (i * 5 + 1 + perturb) & mask;
    }
}

static bool resize(VM *vm, Set *s, size_t least) {
    size_t size = 8;
    while (size <= least)
        size <<= 1;
    SetEntry *old = s->table, copy[8], *from = old, *table;
    size_t old_mask = s->mask;
    bool was_small = old == s->small;
    if (size == 8) {
        if (was_small) {
            if (s->fill == s->used)
                return true;
            memcpy(copy, old, sizeof copy);
            from = copy;
        }
        table = s->small;
    } else {
        table = size > ITEMS_MAX ? NULL : mem_alloc(vm, size * sizeof(SetEntry));
        if (!table)
            return error_pending(vm) ? false : raise_memory(vm);
    }
    limits_handled(vm, old_mask);
    memset(table, 0, size * sizeof(SetEntry));
    for (size_t i = 0; i <= old_mask; i++) {
        if (from[i].key && !is_dummy(&from[i]))
            insert_clean(table, size - 1, from[i].key, from[i].hash);
    }
    s->table = table;
    s->mask = size - 1;
    s->fill = s->used;
    if (!was_small)
        mem_free(vm, old, (old_mask + 1) * sizeof(SetEntry));
    return true;
}

static size_t grown(const Set *s) { return s->used > 50000 ? s->used * 2 : s->used * 4; }

bool set_add_hash(VM *vm, Set *s, Value key, int64_t hash) {
    incref(key); /* it may live only in the set that is being changed */
    SetEntry *deleted, *e = search(vm, s, key, hash, &deleted);
    if (!e || e->key) {
        decref(vm, key);
        return e != NULL;
    }
    if (deleted) {
        *deleted = (SetEntry){key, hash};
        s->used++;
        return true;
    }
    *e = (SetEntry){key, hash};
    s->fill++;
    s->used++;
    return s->fill * 5 < s->mask * 3 || resize(vm, s, grown(s));
}

bool set_add(VM *vm, Value set, Value item) {
    int64_t hash;
    return set_key_hash(vm, item, &hash) && set_add_hash(vm, as_set(set), item, hash);
}

int set_contains_hash(VM *vm, Set *s, Value key, int64_t hash) {
    SetEntry *e = look(vm, s, key, hash);
    return e ? e->key != 0 : -1;
}

int set_discard_hash(VM *vm, Set *s, Value key, int64_t hash) {
    SetEntry *e = look(vm, s, key, hash);
    if (!e || !e->key)
        return e ? 0 : -1;
    Value old = e->key;
    *e = (SetEntry){DUMMY, -1};
    s->used--;
    decref(vm, old);
    return 1;
}

/* Hashes a key for a search: a set, which has no hash, counts as the frozenset of its items. *temporary is owned. */
static bool search_hash(VM *vm, Value key, int64_t *hash, Value *temporary) {
    *temporary = 0;
    if (set_key_hash(vm, key, hash))
        return true;
    if (!is_set(key) || !type_is_subtype(fast_type(vm, key), vm->types.set) || !error_matches(vm, vm->exc.TypeError))
        return false;
    error_clear(vm);
    *temporary = frozenset_new(vm, key);
    return *temporary && hash_value(vm, *temporary, hash);
}

/* A small int equals the key that is the same word; only a key of another kind with the same hash (1.0, True, an
 * instance of a subclass) needs the general comparison: then -1. */
static int contains_small_int(const Set *s, Value item) {
    int64_t i64 = as_small_int(item), hash = i64 == -1 ? -2 : i64;
    size_t mask = s->mask, perturb = (size_t)hash, i = perturb & mask;
    for (;;) {
        const SetEntry *e = &s->table[i];
        size_t probes = i + LINEAR_PROBES <= mask ? LINEAR_PROBES : 0;
        do {
            if (e->key == item)
                return 1;
            if (e->key == 0)
                return 0;
            if (e->hash == hash)
                return -1;
            e++;
        } while (probes--);
        perturb >>= PERTURB_SHIFT;
        i = (i * 5 + 1 + perturb) & mask;
    }
}

int set_contains(VM *vm, Value set, Value item) {
    int64_t hash;
    Value temporary;
    int found = -1;
    if (is_small_int(item) && (found = contains_small_int(as_set(set), item)) >= 0)
        return found;
    if (search_hash(vm, item, &hash, &temporary))
        found = set_contains_hash(vm, as_set(set), temporary ? temporary : item, hash);
    decref(vm, temporary);
    return found;
}

int set_discard(VM *vm, Value set, Value item) {
    int64_t hash;
    Value temporary;
    int found = -1;
    if (search_hash(vm, item, &hash, &temporary))
        found = set_discard_hash(vm, as_set(set), temporary ? temporary : item, hash);
    decref(vm, temporary);
    return found;
}

bool set_next(Value set, size_t *pos, Value *key) {
    int64_t hash;
    return set_next_hash(as_set(set), pos, key, &hash);
}

bool set_next_hash(Set *s, size_t *pos, Value *key, int64_t *hash) {
    for (size_t i = *pos; i <= s->mask; i++) {
        SetEntry *e = &s->table[i];
        if (e->key && !is_dummy(e)) {
            *key = e->key;
            *hash = e->hash;
            *pos = i + 1;
            return true;
        }
    }
    *pos = s->mask + 1;
    return false;
}

/* ---- making and filling ---------------------------------------------------------------------------------------- */

Value set_new_of(VM *vm, Type *type, Value iterable) {
    Set *s = object_alloc(vm, type, 0);
    if (!s)
        return VALUE_ERROR;
    s->table = s->small;
    s->mask = 7;
    if (iterable && !set_update(vm, from_obj(s), iterable)) {
        obj_decref(vm, &s->header);
        return VALUE_ERROR;
    }
    return from_obj(s);
}

Value set_new(VM *vm, Value iterable) { return set_new_of(vm, vm->types.set, iterable); }

Value frozenset_new(VM *vm, Value iterable) {
    if (iterable && is_exact(iterable, vm->types.frozenset))
        return incref(iterable);
    return set_new_of(vm, vm->types.frozenset, iterable);
}

/* Into an empty table with room for them; nothing here can run a script. */
static void copy_entries(Set *s, const Set *other) {
    const SetEntry *e = other->table, *end = e + other->mask + 1;
    SetEntry *table = s->table;
    size_t mask = s->mask;
    for (; e < end; e++) {
        if (e->key && !is_dummy(e))
            insert_clean(table, mask, incref(e->key), e->hash);
    }
    s->fill = s->used = other->used;
}

static bool merge_set(VM *vm, Set *s, Set *other) {
    if (s == other || other->used == 0)
        return true;
    if ((s->fill + other->used) * 5 >= s->mask * 3 && !resize(vm, s, (s->used + other->used) * 2))
        return false;
    if (s->fill == 0 && s->mask == other->mask && other->fill == other->used) {
        for (size_t i = 0; i <= other->mask; i++) {
            s->table[i] = other->table[i];
            incref(s->table[i].key);
        }
        s->fill = s->used = other->used;
        return true;
    }
    if (s->fill == 0) {
        limits_handled(vm, other->mask);
        copy_entries(s, other);
        return true;
    }
    size_t pos = 0;
    Value key;
    int64_t hash;
    while (set_next_hash(other, &pos, &key, &hash)) {
        if (!set_add_hash(vm, s, key, hash))
            return false;
    }
    return true;
}

static bool merge_keys(VM *vm, Set *s, Value dict) {
    Dict *d = as_dict(dict);
    if ((s->fill + d->used) * 5 >= s->mask * 3 && !resize(vm, s, (s->used + d->used) * 2))
        return false;
    for (size_t i = 0; i < d->nentries; i++) {
        DictEntry e = d->entries[i];
        if (e.key && !set_add_hash(vm, s, e.key, e.hash))
            return false;
    }
    return true;
}

bool set_update(VM *vm, Value set, Value iterable) {
    if (is_set(iterable))
        return merge_set(vm, as_set(set), as_set(iterable));
    if (is_exact(iterable, vm->types.dict))
        return merge_keys(vm, as_set(set), iterable);
    Value it = iter_get(vm, iterable), item;
    if (!it)
        return false;
    UnaryFn next = fast_type(vm, it)->slots.next;
    bool ok = true;
    while (ok && (item = next(vm, it))) {
        /* an endless iterator of few values, which takes no memory, can be interrupted too */
        ok = set_add(vm, set, item) && (likely(!vm_interrupted(vm)) || vm_safepoint(vm));
        decref(vm, item);
    }
    decref(vm, it);
    return ok && iter_ended(vm);
}

static Value empty(VM *vm) { return set_new(vm, 0); }

void set_drop_contents(VM *vm, Object *self) {
    Set *s = (Set *)self;
    SetEntry copy[8], *table = s->table;
    size_t mask = s->mask;
    bool small = table == s->small;
    if (!table)
        return;
    Value remains = s->finger == DROPPING ? 0 : limits_remains(vm, s->used, empty);
    if (unlikely(remains != 0)) {
        Set *r = as_set(remains);
        r->table = table;
        r->mask = mask;
        r->fill = s->fill;
        r->used = s->used;
    }
    if (small) {
        memcpy(copy, table, sizeof copy);
        table = copy;
    }
    memset(s->small, 0, sizeof s->small);
    s->table = s->small;
    s->mask = 7;
    s->fill = s->used = 0;
    if (unlikely(remains != 0)) {
        decref(vm, remains);
        return;
    }
    limits_handled(vm, mask);
    for (size_t i = 0; i <= mask; i++)
        decref(vm, table[i].key);
    if (!small)
        mem_free(vm, table, (mask + 1) * sizeof(SetEntry));
}

/* Places of the table, which `fill` counts when the set is dead: more than there are items. */
size_t set_drop_some(VM *vm, Object *self, size_t n) {
    Set *s = (Set *)self;
    if (n == 0)
        return s->used;
    if (s->finger != DROPPING) {
        s->finger = DROPPING;
        s->fill = s->mask + 1;
    }
    while (n > 0 && s->fill > 0) {
        Value key = s->table[--s->fill].key;
        s->table[s->fill].key = 0;
        n = drop_counted(vm, key, n);
    }
    return s->fill;
}

/* ---- set algebra ----------------------------------------------------------------------------------------------- */

Type *set_base_type(VM *vm, Value set) {
    return type_is_subtype(fast_type(vm, set), vm->types.frozenset) ? vm->types.frozenset : vm->types.set;
}

Value set_copy_as(VM *vm, Type *type, Value set) {
    if (type == vm->types.frozenset && is_exact(set, type))
        return incref(set);
    return set_new_of(vm, type, set);
}

static bool purge_dummies(VM *vm, Set *s) { return s->fill - s->used <= s->mask / 4 || resize(vm, s, grown(s)); }

static bool discard_each(VM *vm, Value set, Value other) {
    Set *s = as_set(set);
    if (is_set(other)) {
        Set *o = as_set(other);
        Value replaced = 0, key;
        int64_t hash;
        if (o->used >> 3 > s->used) { /* far more to look up than there is to remove */
            replaced = set_intersection(vm, set, other);
            if (!replaced)
                return false;
            o = as_set(replaced);
        }
        bool ok = true;
        incref(other);
        for (size_t pos = 0; ok && set_next_hash(o, &pos, &key, &hash);) {
            incref(key);
            ok = set_discard_hash(vm, s, key, hash) >= 0;
            decref(vm, key);
        }
        decref(vm, other);
        decref(vm, replaced);
        return ok;
    }
    Value it = iter_get(vm, other), item;
    if (!it)
        return false;
    while ((item = iter_next(vm, it))) {
        int64_t hash;
        bool ok = set_key_hash(vm, item, &hash) && set_discard_hash(vm, s, item, hash) >= 0;
        decref(vm, item);
        if (!ok)
            break;
    }
    decref(vm, it);
    return !error_pending(vm);
}

bool set_difference_update(VM *vm, Value set, Value iterable) {
    if (set == iterable) {
        set_drop_contents(vm, as_obj(set));
        return true;
    }
    return discard_each(vm, set, iterable) && purge_dummies(vm, as_set(set));
}

Value set_difference(VM *vm, Value set, Value other) {
    Set *s = as_set(set);
    Type *type = set_base_type(vm, set);
    bool in_dict = is_exact(other, vm->types.dict);
    size_t other_len = is_set(other) ? as_set(other)->used : in_dict ? dict_len(other) : 0;
    if ((!is_set(other) && !in_dict) || s->used >> 2 > other_len) {
        Value result = set_new_of(vm, type, set);
        if (result && !set_difference_update(vm, result, other)) {
            decref(vm, result);
            return VALUE_ERROR;
        }
        return result;
    }
    Value result = set_new_of(vm, type, 0), key;
    int64_t hash;
    for (size_t pos = 0; result && set_next_hash(s, &pos, &key, &hash);) {
        incref(key);
        int there = in_dict ? (dict_get_hash(vm, other, key, hash) ? 1
                               : error_pending(vm)                 ? -1
                                                                   : 0)
                            : set_contains_hash(vm, as_set(other), key, hash);
        if (there < 0 || (there == 0 && !set_add_hash(vm, as_set(result), key, hash))) {
            decref(vm, result);
            result = VALUE_ERROR;
        }
        decref(vm, key);
    }
    return result;
}

static bool keep_common(VM *vm, Value result, Set *s, Value other) {
    Value key;
    int64_t hash;
    if (is_set(other)) {
        Set *walk = as_set(other);
        if (walk->used > s->used) {
            Set *swap = s;
            s = walk;
            walk = swap;
        }
        bool ok = true;
        for (size_t pos = 0; ok && set_next_hash(walk, &pos, &key, &hash);) {
            incref(key);
            int there = set_contains_hash(vm, s, key, hash);
            ok = there == 0 || (there > 0 && set_add_hash(vm, as_set(result), key, hash));
            decref(vm, key);
        }
        return ok;
    }
    Value it = iter_get(vm, other);
    if (!it)
        return false;
    while ((key = iter_next(vm, it))) {
        int there = set_key_hash(vm, key, &hash) ? set_contains_hash(vm, s, key, hash) : -1;
        bool ok = there == 0 || (there > 0 && set_add_hash(vm, as_set(result), key, hash));
        decref(vm, key);
        if (!ok)
            break;
    }
    decref(vm, it);
    return !error_pending(vm);
}

Value set_intersection(VM *vm, Value set, Value iterable) {
    Type *type = set_base_type(vm, set);
    if (set == iterable)
        return set_copy_as(vm, type, set);
    Value result = set_new_of(vm, type, 0);
    if (result && !keep_common(vm, result, as_set(set), iterable)) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    return result;
}

/* In the set: out; not in it: added. */
static bool toggle(VM *vm, Set *s, Value key, int64_t hash) {
    incref(key);
    int was = set_discard_hash(vm, s, key, hash);
    bool ok = was > 0 || (was == 0 && set_add_hash(vm, s, key, hash));
    decref(vm, key);
    return ok;
}

bool set_symmetric_difference_update(VM *vm, Value set, Value iterable) {
    Set *s = as_set(set);
    if (set == iterable) {
        set_drop_contents(vm, as_obj(set));
        return true;
    }
    bool ok = true;
    if (is_exact(iterable, vm->types.dict)) {
        Dict *d = as_dict(iterable);
        for (size_t i = 0; ok && i < d->nentries; i++) {
            DictEntry e = d->entries[i];
            ok = !e.key || toggle(vm, s, e.key, e.hash);
        }
        return ok;
    }
    Value other = is_set(iterable) ? incref(iterable) : set_new(vm, iterable), key;
    int64_t hash;
    if (!other)
        return false;
    for (size_t pos = 0; ok && set_next_hash(as_set(other), &pos, &key, &hash);)
        ok = toggle(vm, s, key, hash);
    decref(vm, other);
    return ok;
}

/* Is every item of a in b? */
int set_is_subset(VM *vm, Value a, Value b) {
    Value key;
    int64_t hash;
    if (as_set(a)->used > as_set(b)->used)
        return 0;
    for (size_t pos = 0; set_next_hash(as_set(a), &pos, &key, &hash);) {
        incref(key);
        int there = set_contains_hash(vm, as_set(b), key, hash);
        decref(vm, key);
        if (there != 1)
            return there;
    }
    return 1;
}
