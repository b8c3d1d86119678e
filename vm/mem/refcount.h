/* Reference counts. The macros of choice: incref/decref for Values (constants and numbers cost a compare),
 * obj_incref/obj_decref where a heap object is certain. */
#ifndef COVE_MEM_REFCOUNT_H
#define COVE_MEM_REFCOUNT_H

#include "object/object.h"

/* Runs the finalizer, clears weak references, and frees an object whose count has reached zero. Never recurses deeper
 * than DEALLOC_DEPTH_MAX. May run scripts (__del__, weak reference callbacks); keeps a pending exception as it is. */
void object_free(VM *vm, Object *o);

static ALWAYS_INLINE void obj_incref(Object *o) { o->refcount++; }
static ALWAYS_INLINE void obj_decref(VM *vm, Object *o) {
    if (--o->refcount == 0)
        object_free(vm, o);
}
static ALWAYS_INLINE Value incref(Value v) {
    if (is_obj(v))
        as_obj(v)->refcount++;
    return v;
}
void value_drop(VM *vm, Value v); /* what decref() does; a call is half its size, and there are thousands of them */
static ALWAYS_INLINE void decref(VM *vm, Value v) {
#ifdef __OPTIMIZE_SIZE__
    value_drop(vm, v);
#else
    if (is_obj(v) && --as_obj(v)->refcount == 0)
        object_free(vm, as_obj(v));
#endif
}
/* Replaces an owned field; the new value is consumed. The old one is dropped last, since that may run scripts. */
static ALWAYS_INLINE void set_owned(VM *vm, Value *field, Value v) {
    Value old = *field;
    *field = v;
    decref(vm, old);
}
static ALWAYS_INLINE void visit_value(Value v, VisitFn visit, void *arg) {
    if (is_obj(v))
        visit(as_obj(v), arg);
}

#endif
