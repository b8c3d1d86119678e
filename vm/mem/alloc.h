/* The one door for memory: every byte of a VM comes through here, from the host's allocator, and is accounted. */
#ifndef COVE_MEM_ALLOC_H
#define COVE_MEM_ALLOC_H

#include "mem/refcount.h"
#include "object/object.h"

/* What the memory of objects and VMs is filled with in builds for debugging when it is given back. */
#define MEM_GONE 0xdddddddddddddddd

/* Buffers. Callers remember the size and give it back on free: there is no header. Failure raises MemoryError and
 * returns NULL. mem_alloc(vm, 0) returns a unique non-NULL pointer. */
void *mem_alloc(VM *vm, size_t size) MUST_CHECK;
void *mem_zalloc(VM *vm, size_t size) MUST_CHECK;
void *mem_realloc(VM *vm, void *p, size_t old_size, size_t new_size) MUST_CHECK; /* on failure p stays valid */
void mem_free(VM *vm, void *p, size_t size);                                     /* p may be NULL */

/* Gets what every VM needs from the host, before anything else here is called. False, without an exception: no
 * memory. */
bool mem_setup(VM *vm);
/* Zero-filled memory that lives as long as the VM. NULL with MemoryError on failure. */
void *mem_permanent(VM *vm, size_t size) MUST_CHECK;

/* A new zero-filled object of `type` with `extra` bytes behind type->size (variable-size types), refcount 1.
 * Containers are tracked by the collector from the start: traverse must cope with zero fields. NULL with MemoryError
 * on failure. */
void *object_alloc(VM *vm, Type *type, size_t extra) MUST_CHECK;
/* For native containers that are made all the time: an object of `size` bytes whose header alone is filled in; the
 * caller sets everything else before it can fail, run scripts or reach a safe point. And the end of one whose fields
 * own nothing any more, and that nobody refers to, weakly either. */
void *object_alloc_uncleared(VM *vm, Type *type, size_t size) MUST_CHECK;
void object_release_plain(VM *vm, Object *o);
/* Frees an object under construction whose fields own nothing (no finalizer, no dealloc). */
void object_discard(VM *vm, Object *o);

/* Objects that are not containers and have no attributes in front (plain strings): bytes there are for the struct and
 * what is behind it, and moving the object, which nobody else may refer to, to a block of another size. */
size_t object_room(const Object *o);
void *object_resize(VM *vm, Object *o, size_t size) MUST_CHECK; /* on failure o stays valid */

/* Blocks whose owner keeps the class: frames and the like. Not cleared. */
void *slab_alloc(VM *vm, size_t size, uint8_t *size_class) MUST_CHECK;
void slab_free(VM *vm, void *p, uint8_t size_class);

/* Frees dead objects that wait for it, until lock_clock() says so, or all of them (INT64_MAX). Are there more? */
bool object_free_waiting(VM *vm, int64_t until);
bool object_is_waiting(const VM *vm);
enum {
    FREES_A_STEP = 512,    /* objects that end at once while a run has to keep to a time */
    FREE_LARGE = 512,      /* a container of more objects does not end at once */
    FREE_PART = 32 * 1024, /* how much of it does: drop_some()'s n, of which ... */
    FREE_OBJECT = 512,     /* ... an object takes so much, and other items one */
};
/* drop_some() of a vector of so many items. With n = 0, those at the end go that are no objects. */
size_t items_drop_some(VM *vm, const Value *items, size_t *len, size_t n);
/* For drop_some(): drops an item; what is left of n. */
static ALWAYS_INLINE size_t drop_counted(VM *vm, Value v, size_t n) {
    size_t counts = is_obj(v) ? FREE_OBJECT : 1;
    decref(vm, v);
    return n > counts ? n - counts : 0;
}

/* Returns everything to the allocator: the end of a VM. */
void mem_release_all(VM *vm);
/* realloc and free */
void *mem_default_allocator(void *user, void *p, size_t old_size, size_t new_size);

#endif
