/* Shapes (object.h says what they are) and what the interpreter's inline caches ask about attributes. */
#ifndef COVE_OBJECT_SHAPE_H
#define COVE_OBJECT_SHAPE_H

#include "object/object.h"

Shape *shape_new_root(VM *vm, Type *t);
ssize_t shape_find(VM *vm, Shape *s, Value name); /* slot, -1 if absent; name interned */
/* The shape with one more attribute. NULL without exception: no more shapes for this class, use a dict. */
Shape *shape_add(VM *vm, Shape *s, Value name);
Shape *shape_dict(VM *vm, Type *t);  /* of dict-mode instances; NULL with MemoryError */
uint32_t shape_id(VM *vm, Shape *s); /* assigned on demand; 0: cannot be cached */
void shape_forget_ids(Type *t);      /* the class has changed: no cache may match any more */
void shape_free_all(VM *vm, Type *t);
Value shape_name(Shape *s, size_t slot); /* borrowed */

/* What an instruction may cache. The guard is, for instances, `obj->shape->id == id`; for TYPE results, that the
 * receiver is `object` and its Type.version == id; for MODULE results, that the receiver's dict has version id. */
typedef enum AttrCacheKind {
    ATTR_NONE,
    ATTR_INLINE,      /* Value at byte `offset` of the object, never 0 */
    ATTR_EXTRA,       /* Value at extra[index] of the AttrArea at byte `offset` */
    ATTR_MEMBER,      /* __slots__: Value at byte `offset`, 0 when unset (then take the slow path) */
    ATTR_METHOD,      /* `value`: function of the class; bound to the object unless it is being called */
    ATTR_VALUE,       /* `value`: non-descriptor on the class */
    ATTR_PROPERTY,    /* `value`: script function to call with the object */
    ATTR_GETSET,      /* `getter`: C function that computes it */
    ATTR_MODULE,      /* entry `index` of the module's dict */
    ATTR_TYPE,        /* `value`: what reading the attribute of that type object gives */
    ATTR_CLASSMETHOD, /* `value`: function to be bound to the class (the receiver, or the receiver's class) */
    ATTR_TRANSITION,  /* store only: write at byte `offset` (inline), then set the shape to `new_shape` */
} AttrCacheKind;
typedef struct AttrCacheResult {
    AttrCacheKind kind;
    uint32_t id;
    int32_t offset;
    uint32_t index;
    union {
        Value value; /* borrowed: the guard keeps it alive */
        Value (*getter)(VM *vm, Value self);
    };
    Shape *new_shape;
} AttrCacheResult;
/* Places that see many shapes share one table per VM from (shape id, name) to what attr_cache_lookup found. Ids are
 * unique and renewed with every change of a class, so an entry can only be right or unused; it holds a reference to
 * its name so that no other string takes its address. */
#define SHARED_ATTRS 1024
typedef struct SharedAttr {
    Value name; /* owned, 0: free */
    AttrCacheResult found;
} SharedAttr;

static ALWAYS_INLINE size_t shared_attr_place(uint32_t id, Value name) {
    return (size_t)((id ^ (name >> 4)) * 0x9E3779B97F4A7C15u >> 54);
}

/* What is noted in the table for an object's shape and a name, or NULL. */
static ALWAYS_INLINE const AttrCacheResult *shared_attr_find(const SharedAttr *table, const Object *o, Value name) {
    uint32_t id = o->shape->id;
    const SharedAttr *e = &table[shared_attr_place(id, name)];
    return e->name == name && e->found.id == id && id != 0 ? &e->found : NULL;
}

/* False (kind ATTR_NONE): the access cannot be cached. Never raises, never runs scripts. */
bool attr_cache_lookup(VM *vm, Value obj, Value name, AttrCacheResult *r);
bool attr_cache_store(VM *vm, Value obj, Value name, AttrCacheResult *r);

#endif
