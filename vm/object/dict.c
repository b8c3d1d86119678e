/* dict: a compact table that keeps insertion order.
 *
 * Entries (hash, key, value) stand in a vector in the order of insertion; deleting one leaves a hole (key 0). A hole
 * at the very front says in its hash how many holes are known to follow each other there, so that a dict used as a
 * queue finds its first entry at once. Up to SMALL_MAX entries are searched from the first to the last, which beats
 * hashing at that size. Above it an open- addressing table of entry positions (1, 2, 4 or 8 bytes wide) finds the
 * entry for a hash; a position that was deleted stays marked there until the table is rebuilt. When the vector is
 * full, it is rebuilt without holes, larger if need be.
 *
 * Comparing keys can run scripts, and they can change this very dict. So a search takes a version before it calls out
 * and starts again when the version is another one afterwards: every change of the set of keys, or of their
 * positions, sets it to 0. Inline caches hold versions as well, in order to use entry positions without a search.
 *
 * Releasing an old value can run scripts too: it is always the last thing a function does.
 */
#include "object/containers.h"
#include "object/dict_table.h"
#include "runtime/limits.h"

#define FAILED (-2) /* of find(), where FREE means absent */

/* ---- search ---------------------------------------------------------------------------------------------------- */

/* Are the words or texts of a candidate and the key the same? 1, 0, or -1: ask value_equal. */
static ALWAYS_INLINE int same_key(const DictEntry *e, Value key, int64_t hash) {
    if (e->key == key)
        return 1;
    if (e->hash != hash || !e->key)
        return 0;
    if (both_small_int(e->key, key))
        return 0;
    if (has_exact_kind(e->key, KIND_STR) && has_exact_kind(key, KIND_STR))
        return str_equal(as_str(e->key), as_str(key));
    return -1;
}

/* Calls __eq__ for the entry at p. *restart: the dict has changed meanwhile. */
static NOINLINE int ask_equal(VM *vm, Dict *d, size_t p, Value key, bool *restart) {
    Value candidate = incref(d->entries[p].key);
    uint32_t version = dict_version(vm, from_obj(d));
    int equal = value_equal(vm, candidate, key);
    *restart = d->version != version || p >= d->nentries || d->entries[p].key != candidate;
    decref(vm, candidate);
    return equal;
}

/* The general search: position of the entry, FREE or FAILED. */
static ssize_t find(VM *vm, Dict *d, Value key, int64_t hash) {
again:
    if (!d->index_log2) {
        for (size_t p = 0; p < d->nentries; p++) {
            int same = same_key(&d->entries[p], key, hash);
            if (same < 0) {
                bool restart;
                same = ask_equal(vm, d, p, key, &restart);
                if (same < 0)
                    return FAILED;
                if (restart)
                    goto again;
            }
            if (same)
                return (ssize_t)p;
        }
        return FREE;
    }
    size_t mask = ((size_t)1 << d->index_log2) - 1;
    PROBE_START(mask, hash, i, perturb);
    for (;;) {
        ssize_t p = index_get(d, i);
        if (p == FREE)
            return FREE;
        if (p >= 0) {
            int same = same_key(&d->entries[p], key, hash);
            if (same < 0) {
                bool restart;
                same = ask_equal(vm, d, (size_t)p, key, &restart);
                if (same < 0)
                    return FAILED;
                if (restart)
                    goto again;
            }
            if (same)
                return p;
        }
        PROBE_NEXT(mask, i, perturb);
    }
}

/* For exact str keys: never runs a script. Keys that are not str are not equal to one, instances of subclasses of str
 * are compared by their text. */
static ALWAYS_INLINE ssize_t find_str(const Dict *d, Value key, int64_t hash) {
    if (!d->index_log2) {
        const DictEntry *e = d->entries;
        size_t n = d->nentries;
        for (size_t p = 0; p < n; p++) {
            if (e[p].key == key)
                return (ssize_t)p;
        }
        for (size_t p = 0; p < n; p++) {
            if (e[p].hash == hash && is_str(e[p].key) && str_equal(as_str(e[p].key), as_str(key)))
                return (ssize_t)p;
        }
        return FREE;
    }
    size_t mask = ((size_t)1 << d->index_log2) - 1;
    PROBE_START(mask, hash, i, perturb);
    for (;;) {
        ssize_t p = index_get(d, i);
        if (p >= 0) {
            const DictEntry *e = &d->entries[p];
            if (e->key == key || (e->hash == hash && is_str(e->key) && str_equal(as_str(e->key), as_str(key))))
                return p;
        } else if (p == FREE) {
            return FREE;
        }
        PROBE_NEXT(mask, i, perturb);
    }
}

static ALWAYS_INLINE int64_t exact_str_hash(VM *vm, Value s) {
    return likely(as_str(s)->hash) ? as_str(s)->hash : str_hash(vm, as_str(s));
}

/* Hash of a key with the usual types in line. */
static ALWAYS_INLINE bool key_hash(VM *vm, Value key, int64_t *hash) {
    if (is_small_int(key)) {
        int64_t i = as_small_int(key);
        *hash = i == -1 ? -2 : i;
        return true;
    }
    if (has_exact_kind(key, KIND_STR)) {
        *hash = exact_str_hash(vm, key);
        return true;
    }
    return hash_value(vm, key, hash);
}

/* For small ints: other small ints are equal only if they are the same word; anything else with the same hash is left
 * to the general search. */
static ALWAYS_INLINE ssize_t find_int(VM *vm, Dict *d, Value key, int64_t hash) {
    if (!d->index_log2)
        return find(vm, d, key, hash);
    size_t mask = ((size_t)1 << d->index_log2) - 1;
    PROBE_START(mask, hash, i, perturb);
    for (;;) {
        ssize_t p = index_get(d, i);
        if (p >= 0) {
            const DictEntry *e = &d->entries[p];
            if (e->key == key)
                return p;
            if (unlikely(e->hash == hash && !is_small_int(e->key)))
                return find(vm, d, key, hash);
        } else if (p == FREE) {
            return FREE;
        }
        PROBE_NEXT(mask, i, perturb);
    }
}

static ALWAYS_INLINE ssize_t search(VM *vm, Dict *d, Value key, int64_t hash) {
    if (is_small_int(key))
        return find_int(vm, d, key, hash);
    if (d->str_keys_only && has_exact_kind(key, KIND_STR))
        return find_str(d, key, hash);
    return find(vm, d, key, hash);
}

static void index_forget(Dict *d, int64_t hash, ssize_t p) {
    size_t mask = ((size_t)1 << d->index_log2) - 1;
    PROBE_START(mask, hash, i, perturb);
    while (index_get(d, i) != p)
        PROBE_NEXT(mask, i, perturb);
    index_set(d, i, DELETED);
}

/* Takes the entry at p out; its key and value go to the caller. */
static void take_out(Dict *d, ssize_t p, Value *key, Value *value) {
    DictEntry *e = &d->entries[p];
    if (d->index_log2)
        index_forget(d, e->hash, p);
    *key = e->key;
    *value = e->value;
    *e = (DictEntry){0, 0, 0};
    d->used--;
    DictEntry *front = d->entries;
    if (p == 0)
        front->hash = 1;
    else if (!front->key && front->hash == p)
        front->hash = p + 1;
    if ((size_t)p + 1 == d->nentries) { /* a stack of keys never sees its holes */
        while (d->nentries && !d->entries[d->nentries - 1].key) {
            d->nentries--;
            d->cap -= d->index_log2 != 0;
        }
    }
    d->version = 0;
}

/* Where to begin a walk over the entries. */
static ALWAYS_INLINE size_t first_position(const Dict *d) {
    return d->nentries && !d->entries[0].key ? (size_t)d->entries[0].hash : 0;
}

/* ---- the interface --------------------------------------------------------------------------------------------- */

static Value new_of(VM *vm, Type *type) {
    Dict *d = object_alloc(vm, type, 0);
    if (!d)
        return VALUE_ERROR;
    d->str_keys_only = true;
    return from_obj(d);
}

Value dict_new(VM *vm) { return new_of(vm, vm->types.dict); }

Value dict_new_sized(VM *vm, size_t n) {
    Value dict = dict_new(vm);
    if (dict && n && !dict_rebuild(vm, as_dict(dict), n)) {
        decref(vm, dict);
        return VALUE_ERROR;
    }
    return dict;
}

static Value dict_clone(VM *vm, const Dict *from) {
    Value copy = dict_new(vm);
    if (copy && !dict_clone_tables(vm, as_dict(copy), from)) {
        decref(vm, copy);
        return VALUE_ERROR;
    }
    return copy;
}

Value dict_copy(VM *vm, Value dict) {
    if (dict_can_clone(as_dict(dict)))
        return dict_clone(vm, as_dict(dict));
    Value copy = dict_new_sized(vm, dict_len(dict));
    if (!copy)
        return VALUE_ERROR;
    Dict *from = as_dict(dict), *to = as_dict(copy);
    for (size_t i = 0; i < from->nentries; i++) {
        DictEntry *e = &from->entries[i];
        if (!e->key)
            continue;
        if (to->index_log2)
            index_insert(to, e->hash, (ssize_t)to->nentries);
        to->entries[to->nentries++] = (DictEntry){e->hash, incref(e->key), incref(e->value)};
    }
    to->used = to->nentries;
    to->str_keys_only = from->str_keys_only || to->used == 0;
    return copy;
}

Value dict_get_hash(VM *vm, Value dict, Value key, int64_t hash) {
    Dict *d = as_dict(dict);
    ssize_t p = search(vm, d, key, hash);
    return p >= 0 ? d->entries[p].value : VALUE_ERROR;
}

Value dict_get(VM *vm, Value dict, Value key) {
    int64_t hash;
    if (!key_hash(vm, key, &hash))
        return VALUE_ERROR;
    return dict_get_hash(vm, dict, key, hash);
}

Value dict_get_str(VM *vm, Value dict, Value name) {
    Dict *d = as_dict(dict);
    ssize_t p = find_str(d, name, exact_str_hash(vm, name));
    return p >= 0 ? d->entries[p].value : VALUE_ERROR;
}

Value dict_get_c(VM *vm, Value dict, const char *name) {
    Value s = str_intern_c(vm, name);
    if (!s)
        return VALUE_ERROR;
    Value value = dict_get_str(vm, dict, s);
    decref(vm, s);
    return value;
}

static ALWAYS_INLINE bool set_hashed(VM *vm, Dict *d, Value key, int64_t hash, Value value) {
    ssize_t p = search(vm, d, key, hash);
    if (p >= 0) {
        set_owned(vm, &d->entries[p].value, incref(value));
        return true;
    }
    return p == FREE && dict_insert_absent(vm, d, key, hash, value);
}

bool dict_set_hash(VM *vm, Value dict, Value key, int64_t hash, Value value) {
    return set_hashed(vm, as_dict(dict), key, hash, value);
}

bool dict_set(VM *vm, Value dict, Value key, Value value) {
    int64_t hash;
    return key_hash(vm, key, &hash) && set_hashed(vm, as_dict(dict), key, hash, value);
}

bool dict_set_str(VM *vm, Value dict, Value name, Value value) {
    Dict *d = as_dict(dict);
    int64_t hash = exact_str_hash(vm, name);
    ssize_t p = find_str(d, name, hash);
    if (p < 0)
        return dict_insert_absent(vm, d, name, hash, value);
    set_owned(vm, &d->entries[p].value, incref(value));
    return true;
}

bool dict_set_c(VM *vm, Value dict, const char *name, Value value) {
    Value s = str_intern_c(vm, name);
    bool ok = s && dict_set_str(vm, dict, s, value);
    decref(vm, s);
    return ok;
}

int dict_delete(VM *vm, Value dict, Value key) {
    Value value = dict_pop(vm, dict, key);
    if (!value)
        return error_pending(vm) ? -1 : 0;
    decref(vm, value);
    return 1;
}

Value dict_pop(VM *vm, Value dict, Value key) {
    int64_t hash;
    if (!key_hash(vm, key, &hash))
        return VALUE_ERROR;
    Dict *d = as_dict(dict);
    ssize_t p = search(vm, d, key, hash);
    if (p < 0)
        return VALUE_ERROR;
    Value old, value;
    take_out(d, p, &old, &value);
    decref(vm, old);
    return value;
}

int dict_contains(VM *vm, Value dict, Value key) {
    int64_t hash;
    if (!key_hash(vm, key, &hash))
        return -1;
    ssize_t p = search(vm, as_dict(dict), key, hash);
    return p >= 0 ? 1 : p == FREE ? 0 : -1;
}

Value dict_setdefault(VM *vm, Value dict, Value key, Value value) {
    int64_t hash;
    if (!key_hash(vm, key, &hash))
        return VALUE_ERROR;
    Dict *d = as_dict(dict);
    ssize_t p = search(vm, d, key, hash);
    if (p >= 0)
        return d->entries[p].value;
    return p == FREE && dict_insert_absent(vm, d, key, hash, value) ? value : VALUE_ERROR;
}

bool dict_pop_last(VM *vm, Value dict, Value *key, Value *value) {
    Dict *d = as_dict(dict);
    if (d->used == 0)
        return false;
    size_t p = d->nentries - 1;
    while (!d->entries[p].key)
        p--;
    take_out(d, (ssize_t)p, key, value);
    return true;
}

bool dict_pop_first(VM *vm, Value dict, Value *key, Value *value) {
    Dict *d = as_dict(dict);
    if (d->used == 0)
        return false;
    size_t p = first_position(d);
    while (!d->entries[p].key)
        p++;
    if (p > 0)
        d->entries[0].hash = (int64_t)p;
    take_out(d, (ssize_t)p, key, value);
    return true;
}

/* Moves the entry at p behind all others; false: no memory. */
static bool move_last(VM *vm, Dict *d, ssize_t p) {
    if ((size_t)p + 1 == d->nentries)
        return true;
    DictEntry moved = d->entries[p];
    if (d->nentries == d->cap) {
        if (!dict_grow(vm, d))
            return false;
        p = find_str(d, moved.key, moved.hash); /* finds it by identity, whatever its type */
    }
    if (d->index_log2)
        index_forget(d, moved.hash, p);
    d->entries[p] = (DictEntry){p == 0, 0, 0};
    if (d->entries[0].key == 0 && d->entries[0].hash == p)
        d->entries[0].hash = p + 1;
    if (d->index_log2)
        index_insert(d, moved.hash, (ssize_t)d->nentries);
    d->entries[d->nentries++] = moved;
    d->version = 0;
    return true;
}

Value dict_get_move(VM *vm, Value dict, Value key, int64_t hash) {
    Dict *d = as_dict(dict);
    ssize_t p = search(vm, d, key, hash);
    if (p < 0)
        return VALUE_ERROR;
    Value value = d->entries[p].value;
    return move_last(vm, d, p) ? value : VALUE_ERROR;
}

/* 1 moved, 0 absent, -1 error. */
int dict_move_to_end(VM *vm, Value dict, Value key, bool last) {
    int64_t hash;
    if (!key_hash(vm, key, &hash))
        return -1;
    Dict *d = as_dict(dict);
    ssize_t p = search(vm, d, key, hash);
    if (p < 0)
        return p == FREE ? 0 : -1;
    if (last)
        return move_last(vm, d, p) ? 1 : -1;
    DictEntry moved = d->entries[p];
    ssize_t first = (ssize_t)first_position(d);
    while (!d->entries[first].key)
        first++;
    if (first == p)
        return 1;
    d->version = 0;
    if (first == 0) {
        memmove(d->entries + 1, d->entries, (size_t)p * sizeof(DictEntry));
        d->entries[0] = moved;
        dict_reindex(d);
        return 1;
    }
    if (d->index_log2) {
        index_forget(d, moved.hash, p);
        index_insert(d, moved.hash, first - 1);
    }
    d->entries[p] = (DictEntry){0, 0, 0};
    d->entries[first - 1] = moved;
    if (first > 1)
        d->entries[0].hash = first - 1;
    return 1;
}

static void take_contents(Dict *to, const Dict *from) {
    Object header = to->header;
    *to = *from;
    to->header = header;
    to->version = 0;
}

void dict_drop_contents(VM *vm, Object *self) {
    Dict *d = (Dict *)self;
    Value remains = limits_remains(vm, d->nentries, dict_new);
    if (unlikely(remains != 0))
        take_contents(as_dict(remains), d);
    DictEntry *entries = d->entries;
    size_t n = d->nentries, cap = allocated_cap(d), size = index_size(d);
    void *index = d->index;
    d->entries = NULL;
    d->index = NULL;
    d->used = d->nentries = d->cap = 0;
    d->index_log2 = d->index_width = 0;
    d->str_keys_only = true;
    d->version = 0;
    if (unlikely(remains != 0)) {
        decref(vm, remains);
        return;
    }
    limits_handled(vm, n);
    for (size_t i = 0; i < n; i++) {
        decref(vm, entries[i].key);
        decref(vm, entries[i].value);
    }
    dict_release_tables(vm, entries, cap, index, size);
}

static size_t drop_some(VM *vm, Object *self, size_t n) {
    Dict *d = (Dict *)self;
    while (n > 0 && d->nentries > 0) {
        DictEntry last = d->entries[--d->nentries];
        n = drop_counted(vm, last.key, n);
        n = drop_counted(vm, last.value, n);
    }
    return d->nentries;
}

void dict_clear(VM *vm, Value dict) { dict_drop_contents(vm, as_obj(dict)); }

bool dict_next(Value dict, size_t *pos, Value *key, Value *value) {
    Dict *d = as_dict(dict);
    for (size_t p = *pos ? *pos : first_position(d); p < d->nentries; p++) {
        if (d->entries[p].key) {
            *key = d->entries[p].key;
            *value = d->entries[p].value;
            *pos = p + 1;
            return true;
        }
    }
    *pos = d->nentries;
    return false;
}

ssize_t dict_position(VM *vm, Value dict, Value name) {
    return find_str(as_dict(dict), name, exact_str_hash(vm, name));
}

uint32_t dict_version(VM *vm, Value dict) {
    Dict *d = as_dict(dict);
    if (d->version == 0 && vm->next_dict_version != UINT32_MAX)
        d->version = ++vm->next_dict_version;
    return d->version;
}

/* ---- slots ----------------------------------------------------------------------------------------------------- */

static void traverse(Object *self, VisitFn visit, void *arg) {
    Dict *d = (Dict *)self;
    for (size_t i = 0; i < d->nentries; i++) {
        visit_value(d->entries[i].key, visit, arg);
        visit_value(d->entries[i].value, visit, arg);
    }
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) { return new_of(vm, type); }

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return dict_update_args(vm, "dict", self, args, nargs, kwnames);
}

static Value repr(VM *vm, Value self) {
    if (dict_len(self) == 0)
        return str_from_c(vm, "{}");
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_from_c(vm, "{...}");
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = native_enter(vm, GUARD_REPR), first = true;
    if (ok) {
        strbuilder_add(&b, "{", 1);
        size_t pos = 0;
        Value key, value;
        while (ok && dict_next(self, &pos, &key, &value)) {
            incref(key);
            incref(value);
            ok = (first || strbuilder_add(&b, ", ", 2)) && strbuilder_add_repr(&b, key) &&
                 strbuilder_add(&b, ": ", 2) && strbuilder_add_repr(&b, value);
            first = false;
            decref(vm, key);
            decref(vm, value);
        }
        native_leave(vm);
    }
    repr_leave(vm, self);
    if (!ok) {
        strbuilder_drop(&b);
        return VALUE_ERROR;
    }
    strbuilder_add(&b, "}", 1);
    return strbuilder_finish(&b);
}

/* Same length known; is every entry of a in b with an equal value? */
static int equal_entries(VM *vm, Value a, Value b) {
    Dict *d = as_dict(a);
    for (size_t i = 0; i < d->nentries; i++) {
        DictEntry e = d->entries[i];
        if (!e.key)
            continue;
        incref(e.key);
        incref(e.value);
        Value other = incref(dict_get_hash(vm, b, e.key, e.hash));
        int equal = other ? equal_fast(vm, e.value, other) : error_pending(vm) ? -1 : 0;
        decref(vm, e.key);
        decref(vm, e.value);
        decref(vm, other);
        if (equal != 1)
            return equal;
    }
    return 1;
}

int dict_equal(VM *vm, Value a, Value b) {
    if (dict_len(a) != dict_len(b))
        return 0;
    if (!native_enter(vm, GUARD_COMPARE))
        return -1;
    int equal = equal_entries(vm, a, b);
    native_leave(vm);
    return equal;
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!is_dict(other) || (op != CMP_EQ && op != CMP_NE))
        return VALUE_NOTIMPL;
    int equal = dict_equal(vm, self, other);
    return equal < 0 ? VALUE_ERROR : from_bool(op == CMP_EQ ? equal : !equal);
}

static ssize_t len(VM *vm, Value self) { return (ssize_t)dict_len(self); }

static NOINLINE Value missing(VM *vm, Value self, Value key) {
    if (!is_exact(self, vm->types.dict)) {
        Value value = call_special(vm, self, NAME(__missing__), &key, 1);
        if (value || error_pending(vm))
            return value;
    }
    return raise_key(vm, key);
}

static Value getitem(VM *vm, Value self, Value key) {
    Value value = dict_get(vm, self, key);
    if (likely(value))
        return incref(value);
    return error_pending(vm) ? VALUE_ERROR : missing(vm, self, key);
}

static bool setitem(VM *vm, Value self, Value key, Value value) {
    if (value)
        return dict_set(vm, self, key, value);
    int deleted = dict_delete(vm, self, key);
    if (deleted == 0)
        raise_key(vm, key);
    return deleted > 0;
}

static int has_key(VM *vm, Value self, Value key) { return dict_contains(vm, self, key); }

static Value binary_or(VM *vm, Value a, Value b) {
    if (!is_dict(a) || !is_dict(b))
        return VALUE_NOTIMPL;
    Value result = dict_copy_mapping(vm, a);
    if (result && !dict_update(vm, result, b)) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    return result;
}

static Value inplace_or(VM *vm, Value self, Value other) {
    return dict_update(vm, self, other) ? incref(self) : VALUE_ERROR;
}

static Value iter(VM *vm, Value self) { return dict_iter_new(vm, vm->types.dict_keyiterator, self); }

const TypeSpec dict_spec = {
    .name = "dict",
    .doc = "dict() -> an empty dictionary\ndict(mapping) -> the pairs of a mapping\ndict(iterable) -> its items are "
           "pairs of key and value\ndict(**kwargs) -> names and values of the keywords",
    .size = sizeof(Dict),
    .flags = TYPE_GC | TYPE_BASE | TYPE_MAPPING | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_DICT,
    .slots = {.dealloc = dict_drop_contents,
              .drop_some = drop_some,
              .traverse = traverse,
              .clear = dict_drop_contents,
              .create = create,
              .init = init,
              .repr = repr,
              .compare = compare,
              .iter = iter,
              .len = len,
              .getitem = getitem,
              .setitem = setitem,
              .contains = has_key},
    .numbers = &(const NumberSlots){.binary = {[OP_OR] = binary_or}, .inplace = {[OP_OR] = inplace_or}},
    .methods = dict_methods,
};
