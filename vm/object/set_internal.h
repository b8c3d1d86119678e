/* What the files of set and frozenset share. Functions with a hash leave out hashing the key. */
#ifndef COVE_OBJECT_SET_INTERNAL_H
#define COVE_OBJECT_SET_INTERNAL_H

#include "object/containers.h"

bool set_key_hash(VM *vm, Value key, int64_t *hash);
bool set_add_hash(VM *vm, Set *s, Value key, int64_t hash);
int set_contains_hash(VM *vm, Set *s, Value key, int64_t hash);
int set_discard_hash(VM *vm, Set *s, Value key, int64_t hash);
bool set_next_hash(Set *s, size_t *pos, Value *key, int64_t *hash);
Value set_new_of(VM *vm, Type *type, Value iterable);
Value set_copy_as(VM *vm, Type *type, Value set); /* an exact frozenset is its own copy */
Type *set_base_type(VM *vm, Value set);           /* set or frozenset */
Value set_difference(VM *vm, Value set, Value other);
int set_is_subset(VM *vm, Value a, Value b); /* both sets */
void set_drop_contents(VM *vm, Object *self);
size_t set_drop_some(VM *vm, Object *self, size_t n);

#endif
