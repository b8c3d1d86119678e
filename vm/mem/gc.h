/* The cycle collector's interface; the essay is in gc.c. */
#ifndef COVE_MEM_GC_H
#define COVE_MEM_GC_H

#include "object/object.h"

#define GC_GENERATIONS 3

/* Of Object.gc_state; further states are the collector's own. KEPT: the host's native code keeps it, going by the
 * last that it has said of it, so that a gradual collection can begin there, too. */
enum { GC_STATE_TRACKED = 4, GC_STATE_KEPT = 128 };

/* Where a container stands. The first three are the generations. */
enum GcList {
    GC_YOUNG,
    GC_MIDDLE,
    GC_OLD,
    GC_UNREACHED, /* old ones that a gradual collection has not come to, ... */
    GC_REACHED,   /* ... and those that it will go on from */
    GC_FROZEN,    /* set aside by gc.freeze() */
    GC_SETTLED,   /* what the VM itself consists of; no collection looks at it */
    GC_CONDEMNED, /* garbage whose links are still to be cut; nothing but garbage refers to it */
    GC_LISTS
};

typedef struct GcState {
    GcLink lists[GC_LISTS]; /* heads of circular lists */
    uint32_t count[GC_GENERATIONS];
    uint32_t threshold[GC_GENERATIONS];
    uint32_t young_most;  /* threshold[0], or less: gc_update() */
    size_t old_allowance; /* how many may join them before the next */
    size_t old_pending;   /* those that have come into the old generation since ... */
    size_t old_living;    /* ... so many were found alive in it */
    size_t mem_after;     /* vm->mem_used at the end of the last collection of the old generation */
    bool enabled, running;
    /* a gradual collection: gc_gradual.c */
    enum { GC_AT_REST, GC_LISTING, GC_FROM_SETTLED, GC_REACHING, GC_ALL_REACHED } phase;
    size_t listed;          /* so many containers there were when it began */
    size_t settled_left;    /* to be gone through */
    const Object *in_parts; /* the large container that is gone through, or NULL ... */
    size_t position;        /* ... and where */
    size_t work;            /* since the last look at the clock */
    uint64_t collections[GC_GENERATIONS], collected[GC_GENERATIONS], uncollectable[GC_GENERATIONS];
    Value callbacks, garbage; /* lists of the gc module, made on demand */
    uint32_t debug;
    size_t permanent; /* containers that gc.freeze() has set aside */
} GcState;

void gc_setup(VM *vm);
/* To be called when threshold[0] or vm->frees_counted has changed. */
void gc_update(VM *vm);
/* Collects the given generation and the younger ones; returns how many unreachable objects it found. */
size_t gc_collect(VM *vm, int generation);
/* The same, telling gc.callbacks before and after; false with an exception if they could not be told. */
bool gc_collect_notifying(VM *vm, int generation, size_t *found);
/* Called at safe points when the young count passed its threshold, or a gradual collection is to end: picks the
 * generation. */
void gc_step(VM *vm);
/* Goes on with a gradual collection, if gc_is_advancing(), until lock_clock() says so. */
void gc_advance(VM *vm, int64_t until);
static inline bool gc_is_advancing(const GcState *gc) {
    return gc->phase != GC_AT_REST && gc->phase != GC_ALL_REACHED && !gc->running;
}
bool gc_is_tracked(Object *o);
/* Asks for a collection of the young generation at the next safe point, if collections are on; returns `newest`, the
 * object that was one too many, so that an allocation can end with this call. */
Object *gc_request_young(VM *vm, Object *newest);
/* Visits everything the object owns: its struct, attributes, class. The second one leaves out its struct. */
void gc_traverse(Object *o, VisitFn visit, void *arg);
void gc_traverse_rest(Object *o, VisitFn visit, void *arg);
/* Cuts the links of garbage that an earlier collection has found, until lock_clock() says so. Is there more? */
bool gc_clear_condemned(VM *vm, int64_t until);
/* All tracked objects are the VM's own, made before any script has run, and live as long as it: collections leave
 * them out, which makes the collections of small scripts, and the end of every script, cheap. */
void gc_settle(VM *vm);
/* Moves all tracked objects out of the collector's sight, and back. */
void gc_freeze(VM *vm);
void gc_unfreeze(VM *vm);
/* The generation in which scripts see what is in the list; -1: they do not see it. */
static inline int gc_generation_of(int list) {
    if (list == GC_FROZEN || list == GC_CONDEMNED)
        return -1;
    return list < GC_OLD ? list : GC_OLD;
}
static inline GcLink *gc_link(Object *o) { return (GcLink *)o - 1; }
static inline Object *gc_object(GcLink *l) { return (Object *)(l + 1); }

/* A new container joins the young generation. True when that has outgrown its threshold: time for gc_request_young.
 */
static ALWAYS_INLINE bool gc_track(GcState *gc, Object *o) {
    GcLink *l = gc_link(o), *young = &gc->lists[GC_YOUNG], *last = young->prev;
    o->gc_state = GC_STATE_TRACKED;
    l->prev = last;
    l->next = young;
    last->next = l;
    young->prev = l;
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
/* By cove_keep() and cove_release(); values that are no containers pass. */
static inline void gc_note_kept(Value v, bool kept) {
    if (is_obj(v) && (as_obj(v)->flags & OBJ_GC))
        as_obj(v)->gc_state =
            (uint8_t)(kept ? as_obj(v)->gc_state | GC_STATE_KEPT : as_obj(v)->gc_state & ~GC_STATE_KEPT);
}
/* A new container of the VM's own, which no script finds by `gc`: trusted to hold what it holds. 0 passes. */
static inline Value gc_hide(Value container) {
    if (container != 0)
        gc_untrack(as_obj(container));
    return container;
}

#endif
