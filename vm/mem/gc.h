/* The cycle collector's interface; the essay is in gc.c. */
#ifndef COVE_MEM_GC_H
#define COVE_MEM_GC_H

#include "object/object.h"

#define GC_GENERATIONS 3

enum { GC_STATE_TRACKED = 4 }; /* of Object.gc_state; further states are the collector's own */

typedef struct GcState {
    GcLink young, middle, old; /* circular list heads */
    uint32_t count[GC_GENERATIONS];
    uint32_t threshold[GC_GENERATIONS];
    uint32_t young_most;  /* threshold[0], or less: gc_update() */
    size_t old_allowance; /* how many may join them before the next */
    size_t old_pending;   /* those that have come into the old generation since */
    size_t mem_after;     /* vm->mem_used at the end of the last collection of the old generation */
    bool enabled, running;
    uint64_t collections[GC_GENERATIONS], collected[GC_GENERATIONS], uncollectable[GC_GENERATIONS];
    Value callbacks, garbage; /* lists of the gc module, made on demand */
    uint32_t debug;
    size_t permanent; /* containers that gc.freeze() has set aside */
    GcLink frozen;
    GcLink settled; /* what the VM itself consists of; no collection looks at it */
} GcState;

void gc_setup(VM *vm);
/* To be called when threshold[0] or vm->frees_counted has changed. */
void gc_update(VM *vm);
/* Collects the given generation and the younger ones; returns how many unreachable objects it found. */
size_t gc_collect(VM *vm, int generation);
/* The same, telling gc.callbacks before and after; false with an exception if they could not be told. asked: by a
 * script, not of the collector's own accord. */
bool gc_collect_notifying(VM *vm, int generation, bool asked, size_t *found);
/* Called at safe points when the young count passed its threshold: picks the generation. */
void gc_step(VM *vm);
bool gc_is_tracked(Object *o);
/* Asks for a collection of the young generation at the next safe point, if collections are on; returns `newest`, the
 * object that was one too many, so that an allocation can end with this call. */
Object *gc_request_young(VM *vm, Object *newest);
/* Visits everything the object owns: its struct, attributes, class. */
void gc_traverse(Object *o, VisitFn visit, void *arg);
/* All tracked objects are the VM's own, made before any script has run, and live as long as it: collections leave
 * them out, which makes the collections of small scripts, and the end of every script, cheap. */
void gc_settle(VM *vm);
/* Moves all tracked objects out of the collector's sight, and back. */
void gc_freeze(VM *vm);
void gc_unfreeze(VM *vm);
static inline GcLink *gc_link(Object *o) { return (GcLink *)o - 1; }
static inline Object *gc_object(GcLink *l) { return (Object *)(l + 1); }

/* A new container joins the young generation. True when that has outgrown its threshold: time for gc_request_young.
 */
static ALWAYS_INLINE bool gc_track(GcState *gc, Object *o) {
    GcLink *l = gc_link(o), *last = gc->young.prev;
    o->gc_state = GC_STATE_TRACKED;
    l->prev = last;
    l->next = &gc->young;
    last->next = l;
    gc->young.prev = l;
    return ++gc->count[0] > gc->young_most;
}

static ALWAYS_INLINE void gc_untrack(Object *o) {
    if (o->gc_state & GC_STATE_TRACKED) {
        GcLink *l = gc_link(o);
        l->prev->next = l->next;
        l->next->prev = l->prev;
        o->gc_state = 0;
    }
}
/* A new container of the VM's own, which no script finds by `gc`: trusted to hold what it holds. 0 passes. */
static inline Value gc_hide(Value container) {
    if (container != 0)
        gc_untrack(as_obj(container));
    return container;
}

#endif
