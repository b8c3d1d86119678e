/* Gradual collections of the old generation, for runs that have to keep to a time.
 *
 * To examine a large heap takes milliseconds. So what lives is looked for beforehand, a few microseconds at a time:
 * all old containers are taken to be unreached; those that the VM's roots refer to, and then whatever they refer to,
 * are reached. Only the ones left over in the end are examined as gc.c does it, at once.
 *
 * The script goes on between the steps, and nothing is noted of what it does. It may hang something unreached into a
 * container that has been passed already; and not every root is known (runtime/roots.c). Both do no harm but to
 * time: the counts of such containers show that they live, and what has been reached and died since is left to the
 * next collection. New containers that outlive the young are reached, too, or few things of a program that builds
 * would be.
 *
 * Half of the time that the run has goes into it, and some more with each collection of the young, so that it ends
 * before the heap has grown by much. What is made meanwhile counts as living; but it also counts for when the next
 * one is due. */
#include "base/config.h"
#include "mem/gc_internal.h"
#include "runtime/lock.h"
#include "runtime/roots.h"

#include "object/containers.h"
#include "object/instance.h"

enum { PART = 256 /* items of a container */, WORK_A_LOOK = 256 /* references, between two looks at the clock */ };
/* Of a container itself, in references. */
enum { WORK_OF_ONE = 8 };

static bool reach(Object *child, void *arg) {
    GcState *gc = arg;
    if ((child->flags & OBJ_GC) && (child->gc_state & STATE_UNREACHED)) {
        child->gc_state &= (uint8_t)~STATE_UNREACHED;
        list_remove(gc_link(child));
        list_push(&gc->lists[GC_REACHED], gc_link(child));
    }
    return true;
}

/* Hidden containers stand in no list: what they hold is reached with them. */
static bool reach_from_root(Object *o, void *arg) {
    if ((o->flags & OBJ_GC) && !gc_is_tracked(o))
        gc_traverse(o, reach, arg);
    else
        reach(o, arg);
    return true;
}

static void reach_from_roots(VM *vm) {
    roots_visit(vm, reach_from_root, &vm->gc);
    vm->gc.work = WORK_A_LOOK; /* there may have been many */
}

void gradual_begin(VM *vm) {
    GcState *gc = &vm->gc;
    list_append_all(&gc->lists[GC_OLD], &gc->lists[GC_MIDDLE]);
    gc->phase = GC_LISTING;
    gc->listed = 0;
    gc->old_pending = 0;
    gc->in_parts = NULL;
}

/* --- large containers are gone through in parts
 * ----------------------------------------------------------------------------------------------------------
 */

static bool reach_items(GcState *gc, const Value *items, size_t n) {
    for (size_t i = 0; i < PART && gc->position < n; i++)
        visit_value(items[gc->position++], reach, gc);
    return gc->position >= n;
}

static bool reach_entries(GcState *gc, Value dict) {
    Value key, value;
    for (size_t i = 0; i < PART; i++) {
        if (!dict_next(dict, &gc->position, &key, &value))
            return true;
        visit_value(key, reach, gc);
        visit_value(value, reach, gc);
    }
    return false;
}

static bool reach_members(GcState *gc, Value set) {
    Value key;
    for (size_t i = 0; i < PART; i++) {
        if (!set_next(set, &gc->position, &key))
            return true;
        visit_value(key, reach, gc);
    }
    return false;
}

static size_t items_of(Object *o) {
    Value v = from_obj(o);
    switch (o->kind) {
    case KIND_LIST:
        return as_list(v)->len;
    case KIND_TUPLE:
        return as_tuple(v)->len;
    case KIND_DICT:
        return as_dict(v)->nentries;
    case KIND_SET:
        return as_set(v)->used;
    default:
        return 0;
    }
}

/* Reaches what the container refers to, or a part of that; false: there is more. Items that have moved since the last
 * part may be missed. */
static bool reach_from(GcState *gc, Object *o) {
    Value v = from_obj(o);
    size_t n = items_of(o);
    gc->work += n < PART ? n : PART;
    if (n <= PART) {
        gc_traverse(o, reach, gc);
        return true;
    }
    if (gc->in_parts != o) {
        gc->in_parts = o;
        gc->position = 0;
        gc_traverse_rest(o, reach, gc);
    }
    switch (o->kind) {
    case KIND_LIST:
        return reach_items(gc, as_list(v)->items, n);
    case KIND_TUPLE:
        return reach_items(gc, as_tuple(v)->items, n);
    case KIND_DICT:
        return reach_entries(gc, v);
    default:
        return reach_members(gc, v);
    }
}

/* --- phases
 * ----------------------------------------------------------------------------------------------------------
 */

static size_t list_length(const GcLink *head) {
    size_t n = 0;
    for (const GcLink *l = head->next; l != head; l = l->next)
        n++;
    return n;
}

/* Old containers are listed as unreached, but for those that the host keeps; none joins them meanwhile. */
static void list_one(VM *vm) {
    GcState *gc = &vm->gc;
    GcLink *l = gc->lists[GC_OLD].next;
    if (l == &gc->lists[GC_OLD]) {
        gc->phase = GC_FROM_SETTLED;
        gc->settled_left = list_length(&gc->lists[GC_SETTLED]);
        return;
    }
    list_remove(l);
    gc->listed++;
    if (gc_object(l)->gc_state & GC_STATE_KEPT) {
        list_push(&gc->lists[GC_REACHED], l);
        return;
    }
    list_push(&gc->lists[GC_UNREACHED], l);
    gc_object(l)->gc_state |= STATE_UNREACHED;
}

/* What the VM consists of refers to modules and classes. Its list is turned once. */
static void reach_from_settled(VM *vm) {
    GcState *gc = &vm->gc;
    GcLink *settled = &gc->lists[GC_SETTLED], *l = settled->next;
    if (gc->settled_left == 0 || l == settled) {
        gc->phase = GC_REACHING;
        reach_from_roots(vm);
        return;
    }
    gc->settled_left--;
    list_remove(l);
    list_push(settled, l);
    gc_traverse(gc_object(l), reach, gc);
}

/* When nothing is left to go on from, frames may have come to refer to more. */
static void reach_on(VM *vm) {
    GcState *gc = &vm->gc;
    GcLink *reached = &gc->lists[GC_REACHED], *l = reached->next;
    if (l == reached) {
        reach_from_roots(vm);
        if (list_is_empty(reached)) {
            gc->phase = GC_ALL_REACHED;
            __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_GC, __ATOMIC_RELAXED);
        }
    } else if (reach_from(gc, gc_object(l))) {
        list_remove(l);
        list_push(&gc->lists[GC_OLD], l);
        gc->in_parts = NULL;
    }
}

void gc_advance(VM *vm, int64_t until) {
    GcState *gc = &vm->gc;
    for (;;) {
        gc->work += WORK_OF_ONE;
        switch (gc->phase) {
        case GC_AT_REST:
        case GC_ALL_REACHED:
            return;
        case GC_LISTING:
            list_one(vm);
            break;
        case GC_FROM_SETTLED:
            reach_from_settled(vm);
            break;
        case GC_REACHING:
            reach_on(vm);
        }
        if (gc->work >= WORK_A_LOOK) {
            gc->work = 0;
            if (lock_clock() >= until)
                return;
        }
    }
}
