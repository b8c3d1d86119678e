/* list and tuple. */
#ifndef COVE_OBJECT_LIST_H
#define COVE_OBJECT_LIST_H

#include "object/object.h"

typedef struct List {
    Object header;
    Value *items; /* owned; NULL when cap == 0 */
    size_t len, cap;
} List;

typedef struct Tuple {
    Object header;
    size_t len;
    Value items[]; /* owned */
} Tuple;

static ALWAYS_INLINE List *as_list(Value v) { return (List *)as_obj(v); }
static ALWAYS_INLINE Tuple *as_tuple(Value v) { return (Tuple *)as_obj(v); }

Value list_new(VM *vm, size_t n);                      /* n items, all 0: fill before scripts see it */
Value list_from_array(VM *vm, Value *items, size_t n); /* takes references of its own */
Value list_from_iterable(VM *vm, Value iterable);
bool list_append(VM *vm, Value list, Value item);       /* takes its own reference */
bool list_append_steal(VM *vm, Value list, Value item); /* consumes item, on failure too */
bool list_reserve(VM *vm, List *l, size_t cap);
bool list_extend(VM *vm, Value list, Value iterable);
bool list_insert(VM *vm, Value list, ssize_t index, Value item);
Value list_pop(VM *vm, Value list, ssize_t index);
bool list_set_slice(VM *vm, Value list, ssize_t start, ssize_t stop, Value *items, size_t n);
void list_clear(VM *vm, Value list);
bool list_sort(VM *vm, Value list, Value key, bool reverse); /* key may be 0 */
Value list_getitem_index(VM *vm, Value list, ssize_t i);     /* IndexError; negative from the end */

Value tuple_new(VM *vm, size_t n);                            /* n items, all 0: fill before scripts see it */
Value tuple_from_array(VM *vm, Value *items, size_t n);       /* takes references of its own */
Value tuple_from_array_steal(VM *vm, Value *items, size_t n); /* consumes the items, on failure too */
Value tuple_from_iterable(VM *vm, Value iterable);            /* a tuple is returned as it is */
Value tuple_pack(VM *vm, size_t n, ...);                      /* borrowed Values */
Value tuple_from_list(VM *vm, Value list);
Value tuple_slice(VM *vm, Value tuple, size_t start, size_t stop);

/* Items of a list or tuple (or a new list made of any iterable) for reading: *owner must be decref'd. */
bool sequence_view(VM *vm, Value iterable, const char *error, Value *owner, Value **items, size_t *n);

#endif
