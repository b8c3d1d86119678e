/* set and frozenset: open addressing with CPython's probe order, so that small integers come out in its order. */
#ifndef COVE_OBJECT_SET_H
#define COVE_OBJECT_SET_H

#include "object/object.h"

typedef struct SetEntry {
    Value key; /* 0: free; VALUE_NOTIMPL with hash -1: deleted */
    int64_t hash;
} SetEntry;

typedef struct Set {
    Object header;
    size_t fill, used, mask;
    SetEntry *table; /* `small` or allocated */
    int64_t hash;    /* frozenset's, 0: not computed */
    size_t finger;   /* where pop() looks next */
    SetEntry small[8];
} Set;

static ALWAYS_INLINE Set *as_set(Value v) { return (Set *)as_obj(v); }
Value set_new(VM *vm, Value iterable);       /* iterable may be 0 */
Value frozenset_new(VM *vm, Value iterable); /* iterable may be 0 */
bool set_add(VM *vm, Value set, Value item); /* also fills a frozenset that nobody has seen */
int set_contains(VM *vm, Value set, Value item);
int set_discard(VM *vm, Value set, Value item); /* 1 removed, 0 absent, -1 error */
bool set_update(VM *vm, Value set, Value iterable);
bool set_next(Value set, size_t *pos, Value *key); /* borrowed key */
static ALWAYS_INLINE size_t set_len(Value v) { return as_set(v)->used; }

/* The operations behind the operators; the second operand may be any iterable. */
bool set_difference_update(VM *vm, Value set, Value iterable);
bool set_symmetric_difference_update(VM *vm, Value set, Value iterable);
Value set_intersection(VM *vm, Value set, Value iterable); /* of set's base type: set or frozenset */

#endif
