/* Making, growing and copying the tables of a dict. */
#include "object/dict_table.h"

#include "runtime/limits.h"

#define ENTRIES_MAX ((size_t)1 << 40)

void dict_release_tables(VM *vm, DictEntry *entries, size_t cap, void *index, size_t size) {
    if (entries)
        mem_free(vm, entries, cap * sizeof(DictEntry));
    if (index)
        mem_free(vm, index, size);
}

bool dict_rebuild(VM *vm, Dict *d, size_t want) {
    if (want > ENTRIES_MAX)
        return raise_memory(vm);
    Dict t = {0};
    if (want <= SMALL_MAX) {
        t.cap = want <= 2 ? 2 : want <= 4 ? 4 : SMALL_MAX;
    } else {
        t.index_log2 = 4;
        while (((size_t)2 << t.index_log2) / 3 < want)
            t.index_log2++;
        t.cap = ((size_t)2 << t.index_log2) / 3;
        t.index_width = t.index_log2 <= 7 ? 1 : t.index_log2 <= 15 ? 2 : t.index_log2 <= 31 ? 4 : 8;
    }
    t.entries = mem_alloc(vm, t.cap * sizeof(DictEntry));
    if (!t.entries)
        return false;
    if (t.index_log2) {
        t.index = mem_alloc(vm, index_size(&t));
        if (!t.index) {
            mem_free(vm, t.entries, t.cap * sizeof(DictEntry));
            return false;
        }
        memset(t.index, 0xFF, index_size(&t));
    }
    size_t n = 0;
    for (size_t i = 0; i < d->nentries; i++) {
        if (d->entries[i].key)
            t.entries[n++] = d->entries[i];
    }
    if (t.index) {
        for (size_t i = 0; i < n; i++)
            index_insert(&t, t.entries[i].hash, (ssize_t)i);
    }
    dict_release_tables(vm, d->entries, allocated_cap(d), d->index, index_size(d));
    d->entries = t.entries;
    d->index = t.index;
    d->cap = t.cap;
    d->nentries = n;
    d->index_log2 = t.index_log2;
    d->index_width = t.index_width;
    d->version = 0;
    return true;
}

/* Twice the live ones, so holes decide whether the tables get larger, stay or shrink. */
bool dict_grow(VM *vm, Dict *d) { return dict_rebuild(vm, d, d->used < 2 ? 4 : d->used * 2); }

bool dict_can_clone(const Dict *d) {
    return d->used != 0 && d->used == d->nentries && allocated_cap(d) <= 4 * d->used;
}

bool dict_clone_tables(VM *vm, Dict *to, const Dict *from) {
    size_t cap = allocated_cap(from), size = index_size(from);
    DictEntry *entries = mem_alloc(vm, cap * sizeof *entries);
    void *index = entries && size ? mem_alloc(vm, size) : NULL;
    if (!entries || (size && !index)) {
        dict_release_tables(vm, entries, cap, NULL, 0);
        return false;
    }
    limits_handled(vm, from->nentries);
    for (size_t i = 0; i < from->nentries; i++) {
        entries[i] = from->entries[i];
        incref(entries[i].key);
        incref(entries[i].value);
    }
    if (size)
        memcpy(index, from->index, size);
    dict_release_tables(vm, to->entries, allocated_cap(to), to->index, index_size(to));
    to->entries = entries;
    to->index = index;
    to->cap = from->cap;
    to->nentries = to->used = from->nentries;
    to->index_log2 = from->index_log2;
    to->index_width = from->index_width;
    to->str_keys_only = from->str_keys_only;
    to->version = 0;
    return true;
}

void dict_reindex(Dict *d) {
    if (!d->index_log2)
        return;
    memset(d->index, 0xFF, index_size(d));
    for (size_t i = 0; i < d->nentries; i++) {
        if (d->entries[i].key)
            index_insert(d, d->entries[i].hash, (ssize_t)i);
    }
}
