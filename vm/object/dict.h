/* dict: insertion-ordered compact hash table (essay in dict.c). */
#ifndef COVE_OBJECT_DICT_H
#define COVE_OBJECT_DICT_H

#include "object/object.h"

typedef struct DictEntry {
    int64_t hash;
    Value key; /* 0: deleted */
    Value value;
} DictEntry;

typedef struct Dict {
    Object header;
    uint32_t version;    /* of the set of keys and their positions: unique in the VM, 0 until somebody caches */
    uint8_t index_log2;  /* log2 of the index table's size; 0: no table, entries are searched linearly */
    uint8_t index_width; /* bytes of an index: 1, 2, 4, 8 */
    bool str_keys_only;  /* every key is an exact str: lookups need no calls */
    size_t used;         /* live entries */
    size_t nentries;     /* entries used up, deleted ones included */
    size_t cap;          /* entries there is room for */
    DictEntry *entries;
    void *index;
} Dict;

static ALWAYS_INLINE Dict *as_dict(Value v) { return (Dict *)as_obj(v); }

Value dict_new(VM *vm);
Value dict_new_sized(VM *vm, size_t n);
Value dict_copy(VM *vm, Value dict);
/* Lookups return a borrowed value, or 0. dict_get: 0 and no exception when absent, 0 with exception on error. */
Value dict_get(VM *vm, Value dict, Value key);
Value dict_get_hash(VM *vm, Value dict, Value key, int64_t hash);
Value dict_get_str(VM *vm, Value dict, Value name); /* exact str key: never fails, never runs scripts */
Value dict_get_c(VM *vm, Value dict, const char *name);
bool dict_set(VM *vm, Value dict, Value key, Value value); /* takes references of its own */
bool dict_set_hash(VM *vm, Value dict, Value key, int64_t hash, Value value);
bool dict_set_str(VM *vm, Value dict, Value name, Value value);
bool dict_set_c(VM *vm, Value dict, const char *name, Value value); /* interns the name */
/* 1 deleted, 0 absent, -1 error */
int dict_delete(VM *vm, Value dict, Value key);
Value dict_pop(VM *vm, Value dict, Value key); /* owned; 0 without exception when absent */
int dict_contains(VM *vm, Value dict, Value key);
Value dict_setdefault(VM *vm, Value dict, Value key, Value value); /* borrowed */
void dict_clear(VM *vm, Value dict);
bool dict_update(VM *vm, Value dict, Value other); /* mapping or iterable of pairs, as dict.update's argument */
bool dict_merge_unique(VM *vm, Value dict, Value mapping, Value callee); /* **kwargs: TypeError on a repeated key */
/* Walks live entries: *pos starts at 0; key and value are borrowed and valid until the dict changes. */
bool dict_next(Value dict, size_t *pos, Value *key, Value *value);
static ALWAYS_INLINE size_t dict_len(Value dict) { return as_dict(dict)->used; }
/* The attributes of a class, which nothing but the class may change, as caches rely on them: scripts see a copy, or a
 * mappingproxy. */
static ALWAYS_INLINE bool dict_is_of_class(Value v) {
    return is_obj(v) && as_obj(v)->kind == KIND_DICT && as_obj(v)->flags & OBJ_USER1;
}
static ALWAYS_INLINE Dict *dict_of_class(Value dict) {
    as_obj(dict)->flags |= OBJ_USER1;
    return as_dict(dict);
}
/* Inline caches: the entry position of an exact str key, -1 if absent; the version that guards it (0: cannot). */
ssize_t dict_position(VM *vm, Value dict, Value name);
uint32_t dict_version(VM *vm, Value dict);

/* For the interpreter's and modules' own needs */
Value dict_copy_mapping(VM *vm, Value dict); /* as dict.copy(): a subclass with its own way to iterate has its say */
bool dict_merge(VM *vm, Value dict, Value mapping); /* {**mapping}: must have keys(), pairs will not do */
int dict_equal(VM *vm, Value a, Value b);
bool dict_pop_last(VM *vm, Value dict, Value *key, Value *value);  /* owned results; false (no exception): empty */
bool dict_pop_first(VM *vm, Value dict, Value *key, Value *value); /* the same from the other end */
int dict_move_to_end(VM *vm, Value dict, Value key, bool last);    /* 1 moved, 0 absent, -1 error */
Value dict_get_move(VM *vm, Value dict, Value key, int64_t hash); /* borrowed as dict_get_hash; moves it to the end */
/* Arguments as of dict(): at most one mapping or iterable, and keywords; `name` is for the message. */
bool dict_update_args(VM *vm, const char *name, Value dict, Value *args, size_t nargs, Value kwnames);
Value dict_iter_new(VM *vm, Type *type, Value dict); /* type: one of the six dict iterator types */
Value dict_view_new(VM *vm, Type *type, Value dict); /* type: dict_keys, dict_values, dict_items */
/* "module.qualname()" of a callable, for messages about its arguments */
Value callee_text(VM *vm, Value callee);

#endif
