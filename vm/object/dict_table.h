/* The tables of a dict: the entries in their order, and the index that finds them by hash (the essay is in dict.c).
 * For the files of dict. */
#ifndef COVE_OBJECT_DICT_TABLE_H
#define COVE_OBJECT_DICT_TABLE_H

#include "object/dict.h"
#include "runtime/vm.h"

#define SMALL_MAX 8
#define FREE (-1)
#define DELETED (-2)

static ALWAYS_INLINE ssize_t index_get(const Dict *d, size_t i) {
    switch (d->index_width) {
    case 1:
        return ((int8_t *)d->index)[i];
    case 2:
        return ((int16_t *)d->index)[i];
    case 4:
        return ((int32_t *)d->index)[i];
    default:
        return ((int64_t *)d->index)[i];
    }
}

static ALWAYS_INLINE void index_set(const Dict *d, size_t i, ssize_t position) {
    switch (d->index_width) {
    case 1:
        ((int8_t *)d->index)[i] = (int8_t)position;
        return;
    case 2:
        ((int16_t *)d->index)[i] = (int16_t)position;
        return;
    case 4:
        ((int32_t *)d->index)[i] = (int32_t)position;
        return;
    default:
        ((int64_t *)d->index)[i] = position;
    }
}

/* What the vector was allocated for. With an index table, cap falls when the last entry is deleted: its mark remains
 * in the table, where some places must stay free. */
static inline size_t allocated_cap(const Dict *d) {
    return d->index_log2 ? ((size_t)2 << d->index_log2) / 3 : d->cap;
}

static inline size_t index_size(const Dict *d) { return d->index_log2 ? (size_t)d->index_width << d->index_log2 : 0; }

#define PROBE_START(mask, hash, i, perturb)                                                                          \
    size_t perturb = (size_t)(hash);                                                                                 \
    size_t i = perturb & (mask)
#define PROBE_NEXT(mask, i, perturb) (perturb >>= 5, i = (i * 5 + perturb + 1) & (mask))

/* Enters position `p` for a hash that is not in the table yet. */
static inline void index_insert(Dict *d, int64_t hash, ssize_t p) {
    size_t mask = ((size_t)1 << d->index_log2) - 1;
    PROBE_START(mask, hash, i, perturb);
    while (index_get(d, i) >= 0)
        PROBE_NEXT(mask, i, perturb);
    index_set(d, i, p);
}

/* dict_table.c. Memory is all that can be lacking; nothing here runs scripts. */
/* Makes new tables with room for at least `want` entries and moves the live entries there. */
bool dict_rebuild(VM *vm, Dict *d, size_t want);
void dict_release_tables(VM *vm, DictEntry *entries, size_t cap, void *index, size_t size);
bool dict_grow(VM *vm, Dict *d); /* room for one more entry */
/* Can an empty dict take over the tables of this one? Not if they are full of holes, or far too large. */
bool dict_can_clone(const Dict *d);
/* Gives a dict without entries copies of the tables, with no search and no hashing. */
bool dict_clone_tables(VM *vm, Dict *to, const Dict *from);
void dict_reindex(Dict *d); /* enters all entries anew after positions have moved; needs no memory */

/* Appends an entry for a key that is known to be absent. */
static ALWAYS_INLINE bool dict_insert_absent(VM *vm, Dict *d, Value key, int64_t hash, Value value) {
    if (d->nentries == d->cap && !dict_grow(vm, d))
        return false;
    if (d->used == 0)
        d->str_keys_only = true;
    if (d->str_keys_only && !has_exact_kind(key, KIND_STR))
        d->str_keys_only = false;
    if (d->index_log2)
        index_insert(d, hash, (ssize_t)d->nentries);
    d->entries[d->nentries++] = (DictEntry){hash, incref(key), incref(value)};
    d->used++;
    d->version = 0;
    return true;
}

#endif
