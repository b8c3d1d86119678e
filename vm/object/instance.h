/* Attributes that instances carry beside their struct: slots under a shape, or a dict, and members of __slots__. */
#ifndef COVE_OBJECT_INSTANCE_H
#define COVE_OBJECT_INSTANCE_H

#include "object/object.h"

static ALWAYS_INLINE AttrArea *attr_area(Object *o, const Type *t) {
    return (AttrArea *)((char *)o + t->attrs_offset);
}
static ALWAYS_INLINE Value *attr_members(Object *o, const Type *t) { return (Value *)((char *)o + t->member_offset); }
/* Room of the vector of extra slots when it holds n of them: it grows at 0, 4, 8, 16, 32. */
static ALWAYS_INLINE size_t attr_extra_room(size_t n) {
    size_t room = 4;
    while (room < n)
        room *= 2;
    return n == 0 ? 0 : room;
}
static ALWAYS_INLINE Value *attr_slot(AttrArea *area, const Type *t, size_t slot) {
    return slot < t->ninline ? &area->slots[slot] : &area->extra[slot - t->ninline];
}

/* For object_free and the collector, when type->attrs_offset or type->nmembers is not 0. */
void instance_drop_attrs(VM *vm, Object *o);  /* for good: the block is about to be freed */
void instance_clear_attrs(VM *vm, Object *o); /* breaks cycles; the object stays usable */
void instance_traverse_attrs(Object *o, VisitFn visit, void *arg);

/* The instance's own attribute: borrowed, 0 if absent. name must be interned. */
Value instance_get(VM *vm, Object *o, Type *t, Value name);
bool instance_set(VM *vm, Object *o, Type *t, Value name, Value value);
int instance_delete(VM *vm, Object *o, Type *t, Value name); /* 1, 0 absent, -1 */
Value instance_dict(VM *vm, Object *o, Type *t); /* borrowed Dict; the attributes move into it on first demand */
bool instance_set_dict(VM *vm, Object *o, Type *t, Value dict); /* takes its own reference */
Value instance_dict_copy(VM *vm, Object *o, Type *t); /* owned: the attributes now, without switching to a dict */
bool instance_has_attrs(Object *o, Type *t);

#endif
