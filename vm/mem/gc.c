/* The cycle collector.
 *
 * Reference counts free almost everything; what they cannot free are cycles. The collector finds groups of containers
 * that are referred to by nothing but each other: for a set of containers it subtracts, from each one's count, the
 * references that come from inside the set. A container left with a positive number is referred to from outside (a
 * running frame, native code, an older generation) and is alive, with everything it reaches; the rest is garbage.
 *
 * First, for each member of the set, gc_refs = refcount, and every reference between members subtracts one. Members
 * with gc_refs > 0 are alive, and so is what they refer to, wherever it stands in the list. Then the weak references
 * to the dead are cleared, the dead are finalized (PEP 442: each __del__ once, in list order, and the set is examined
 * again since a finalizer may have brought members back), and their links cut by each type's clear.
 *
 * In which order finalizers run can be seen by scripts, and is CPython's: that of making, but for members that a
 * collection found alive only after its walk had come by; these stand behind what refers to them from then on. So a
 * task that dies with its coroutine when the program ends is finalized before the coroutine is closed. Only
 * collections that a script asks for and those at its end move members so, and no large sets: the order of making is
 * that of memory, and to walk a large heap in any other takes twice the time.
 *
 * No memory is needed: gc_refs stands in the GcLink's prev until a member is known to live or die. In a large set
 * prev then links the stack of members still to be scanned, until the links are made anew.
 *
 * Generations. New containers are young. A young collection looks only at them, so that its cost does not depend on
 * the heap; survivors move up. The old generation is collected only when the containers that have reached it since
 * its last collection exceed a fraction of those that survived that one: work per allocated object stays constant on
 * average however large the heap grows. The fraction is a quarter where cycles are common; a collection that finds
 * next to none lets the heap double before the next, for a program that only builds should not pay for looking.
 *
 * While a run has to keep to a time, the young are collected more often and so fewer at once; when the heap has grown
 * by half, the old are collected gradually (gc_gradual.c); and what is dead is condemned, and ends little by little
 * at the next safe points. Memory that is short brings collections of all at once back.
 *
 * Collections happen only at the interpreter's safe points (vm->interrupts), never inside an allocation, so that
 * native code may build objects without protecting them. */
#include "base/config.h"
#include "mem/gc_internal.h"
#include "runtime/limits.h"
#include "runtime/lock.h"

#include "object/instance.h"

enum { LARGE_SET = 20000 };                  /* members */
enum { CLEAR_NS = 5000, CLEARS_A_LOOK = 8 }; /* for the end of garbage at once, and between two looks at the clock */
enum {
    SHORT_PART = 16
}; /* of the memory limit that is used up between two collections of all when memory is short */
/* Why there is a collection: the collector's own counts say so; the program asks for it, or ends; or a gradual one
 * has come to its end, and what it has not reached is examined. */
enum Reason { DUE, ASKED, GRADUAL };
#define REACHED ((GcLink *)1) /* as gc_refs: referred to from outside or by a living member */

static bool keeps_to_time(const VM *vm) {
    return vm->frees_counted && (vm->mem_limit == 0 || vm->mem_used <= vm->mem_limit / 4 * 3);
}

void gc_setup(VM *vm) {
    GcState *gc = &vm->gc;
    for (int i = 0; i < GC_LISTS; i++)
        list_reset(&gc->lists[i]);
    gc->threshold[0] = GC_YOUNG_THRESHOLD;
    gc->threshold[1] = GC_MIDDLE_THRESHOLD;
    gc->threshold[2] = 0;
    gc_update(vm);
    gc->enabled = true;
}

Object *gc_request_young(VM *vm, Object *newest) {
    GcState *gc = &vm->gc;
    if (gc->enabled && !gc->running && gc->threshold[0] != 0)
        __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_GC, __ATOMIC_RELAXED);
    return newest;
}

bool gc_is_tracked(Object *o) { return (o->flags & OBJ_GC) && (o->gc_state & GC_STATE_TRACKED); }

/* --- traversal
 * ------------------------------------------------------------------------------------------------------------ */

static ALWAYS_INLINE void traverse_rest(Object *o, Type *type, VisitFn visit, void *arg) {
    if (type->attrs_offset != 0 || type->nmembers != 0)
        instance_traverse_attrs(o, visit, arg);
    if (type->flags & TYPE_HEAP)
        visit(&type->header, arg);
}

void gc_traverse(Object *o, VisitFn visit, void *arg) {
    Type *type = obj_type(o);
    if (type->slots.traverse != NULL)
        type->slots.traverse(o, visit, arg);
    traverse_rest(o, type, visit, arg);
}

void gc_traverse_rest(Object *o, VisitFn visit, void *arg) { traverse_rest(o, obj_type(o), visit, arg); }

static bool is_member(const Object *o) { return (o->flags & OBJ_GC) && (o->gc_state & STATE_MEMBER); }

static bool subtract_reference(Object *child, void *arg) {
    (void)arg;
    if (is_member(child)) {
        GcLink *l = gc_link(child);
        l->prev = (GcLink *)((uintptr_t)l->prev - 1);
    }
    return true;
}

/* --- the living and the dead
 * ------------------------------------------------------------------------------------------------------ */

static size_t count_references(GcLink *set) {
    size_t n = 0;
    for (GcLink *l = set->next; l != set; l = l->next) {
        Object *o = gc_object(l);
        o->gc_state |= STATE_MEMBER;
        l->prev = (GcLink *)(uintptr_t)o->refcount;
        n++;
    }
    for (GcLink *l = set->next; l != set; l = l->next)
        gc_traverse(gc_object(l), subtract_reference, NULL);
    return n;
}

/* A living member of the set refers to the child. One that is still to come is known to live; one that was put aside
 * is to come again, at the set's end. */
static bool reach(Object *child, void *arg) {
    GcLink *set = arg, *l;
    if (!is_member(child))
        return true;
    l = gc_link(child);
    if (child->gc_state & STATE_ASIDE) {
        child->gc_state &= (uint8_t)~STATE_ASIDE;
        list_remove(l);
        list_push(set, l);
        l->prev = REACHED;
    } else if (l->prev == NULL) {
        l->prev = REACHED;
    }
    return true;
}

/* One walk, which moves what is found alive late behind the rest. Members that have been decided to live are no
 * members any more. */
static size_t part_in_reach_order(GcLink *set, GcLink *dead) {
    size_t living = 0;
    GcLink *last = set;
    for (GcLink *l = set->next; l != set; l = last->next) {
        Object *o = gc_object(l);
        if (l->prev != NULL) {
            o->gc_state &= (uint8_t) ~(STATE_MEMBER | STATE_UNREACHED);
            l->prev = last;
            last = l;
            living++;
            gc_traverse(o, reach, set);
        } else {
            last->next = l->next;
            if (l->next == set)
                set->prev = last;
            o->gc_state |= STATE_ASIDE;
            list_push(dead, l);
        }
    }
    for (GcLink *l = dead->next; l != dead; l = l->next)
        gc_object(l)->gc_state &= (uint8_t) ~(STATE_MEMBER | STATE_ASIDE | STATE_UNREACHED);
    return living;
}

static bool mark_alive(Object *child, void *arg) {
    GcLink **stack = arg;
    if (is_member(child) && !(child->gc_state & STATE_ALIVE)) {
        child->gc_state |= STATE_ALIVE;
        gc_link(child)->prev = *stack;
        *stack = gc_link(child);
    }
    return true;
}

static void mark_from_outside(GcLink *set) {
    GcLink *stack = NULL;
    for (GcLink *l = set->next; l != set; l = l->next) {
        if (gc_object(l)->gc_state & STATE_ALIVE || l->prev == NULL)
            continue;
        mark_alive(gc_object(l), &stack);
        while (stack != NULL) {
            GcLink *top = stack;
            stack = top->prev;
            gc_traverse(gc_object(top), mark_alive, &stack);
        }
    }
}

/* Two walks, which leave the order as it is. */
static size_t part_in_place(GcLink *set, GcLink *dead) {
    size_t living = 0;
    mark_from_outside(set);
    GcLink *l = set->next;
    list_reset(set);
    while (l != set) {
        GcLink *next = l->next;
        Object *o = gc_object(l);
        bool alive = o->gc_state & STATE_ALIVE;
        o->gc_state &= (uint8_t) ~(STATE_MEMBER | STATE_ALIVE | STATE_UNREACHED);
        list_push(alive ? set : dead, l);
        living += alive;
        l = next;
    }
    return living;
}

/* Of a set whose references are counted: the living stay, the dead come to a list of their own; returns the number of
 * the living. */
static size_t find_living(GcLink *set, bool moves, GcLink *dead) {
    list_reset(dead);
    return moves ? part_in_reach_order(set, dead) : part_in_place(set, dead);
}

/* --- the end of the dead
 * ----------------------------------------------------------------------------------------------------- */

/* What has to be done before the links of the dead are cut. */
typedef struct Dead {
    size_t n;
    bool referenced, finalizable; /* some: by weak references, by a __del__ that has not run */
} Dead;

static Dead look_at_dead(const GcLink *dead) {
    Dead found = {0, false, false};
    for (GcLink *l = dead->next; l != dead; l = l->next) {
        Object *o = gc_object(l);
        found.n++;
        found.referenced = found.referenced || o->flags & OBJ_WEAKREFS;
        found.finalizable = found.finalizable || (obj_type(o)->slots.finalize != NULL && !(o->flags & OBJ_FINALIZED));
    }
    return found;
}

/* The dead are kept from being freed one by one under our feet: each is walked from a private list, holding a
 * reference. */
static void finalize_dead(VM *vm, GcLink *dead) {
    GcLink done;
    list_reset(&done);
    while (!list_is_empty(dead)) {
        GcLink *l = dead->next;
        Object *o = gc_object(l);
        list_remove(l);
        list_push(&done, l);
        Type *type = obj_type(o);
        if (type->slots.finalize == NULL || (o->flags & OBJ_FINALIZED))
            continue;
        o->flags |= OBJ_FINALIZED;
        obj_incref(o);
        type->slots.finalize(vm, from_obj(o));
        if (error_pending(vm))
            error_unraisable(vm, NULL, from_obj(o));
        obj_decref(vm, o);
    }
    list_append_all(dead, &done);
}

static void set_marks(GcLink *dead, bool on) {
    for (GcLink *l = dead->next; l != dead; l = l->next) {
        Object *o = gc_object(l);
        o->flags = (uint8_t)(on ? o->flags | OBJ_MARK : o->flags & ~OBJ_MARK);
    }
}

/* Kills all weak references to the dead before any script runs: neither callbacks nor finalizers can reach the dead
 * through them. References that are dead themselves do not call back. */
static void clear_weakrefs(VM *vm, GcLink *dead) {
    WeakPending pending = {NULL, &pending.first};
    set_marks(dead, true);
    for (GcLink *l = dead->next; l != dead; l = l->next)
        weakref_kill(vm, gc_object(l), &pending);
    set_marks(dead, false);
    weakref_run_pending(vm, &pending);
}

static void clear_one(VM *vm, GcLink *dead, GcLink *survivors) {
    GcLink *l = dead->next;
    Object *o = gc_object(l);
    obj_incref(o);
    Type *type = obj_type(o);
    if (type->slots.clear != NULL)
        type->slots.clear(vm, o);
    if (type->attrs_offset != 0 || type->nmembers != 0)
        instance_clear_attrs(vm, o);
    if (o->refcount > 1 && dead->next == l) { /* kept alive by something outside after all */
        list_remove(l);
        list_push(survivors, l);
    }
    obj_decref(vm, o);
}

/* Ends the condemned, all of them or as many as there is time for. */
static bool clear_condemned(VM *vm, int64_t until) {
    GcState *gc = &vm->gc;
    GcLink *condemned = &gc->lists[GC_CONDEMNED];
    for (unsigned n = 1; !list_is_empty(condemned); n++) {
        vm->frees_left = FREES_A_STEP;
        clear_one(vm, condemned, &gc->lists[GC_OLD]);
        if (until != INT64_MAX && n % CLEARS_A_LOOK == 0 && lock_clock() >= until)
            break;
    }
    if (!list_is_empty(condemned))
        return true;
    gc->mem_after = vm->mem_used < gc->mem_after ? vm->mem_used : gc->mem_after;
    return false;
}

bool gc_clear_condemned(VM *vm, int64_t until) {
    GcState *gc = &vm->gc;
    if (list_is_empty(&gc->lists[GC_CONDEMNED]) || gc->running) /* not within another one's end */
        return !list_is_empty(&gc->lists[GC_CONDEMNED]);
    gc->running = true;
    Value pending = error_take(vm);
    bool more = clear_condemned(vm, until);
    vm->thread->exception = pending;
    gc->running = false;
    return more;
}

/* While a run has to keep to a time, what is too much for one step is left to the next safe points. */
static void end_dead(VM *vm, enum Reason why) {
    bool now = why == ASKED || !keeps_to_time(vm);
    if (clear_condemned(vm, now ? INT64_MAX : lock_clock() + CLEAR_NS))
        __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_FREE, __ATOMIC_RELAXED);
}

/* --- collections
 * -------------------------------------------------------------------------------------------------------------- */

static void note_survivors(VM *vm, int generation, enum Reason why, size_t living, size_t dead) {
    GcState *gc = &vm->gc;
    if (generation == GC_OLD) {
        gc->old_living = why == GRADUAL ? gc->listed - dead : living;
        gc->old_pending = why == GRADUAL ? gc->old_pending : 0;
        gc->old_allowance = dead < gc->old_living / 16 ? gc->old_living : gc->old_living / 4;
    } else if (generation == GC_MIDDLE || keeps_to_time(vm)) {
        gc->old_pending += living;
    }
}

/* The lists that a collection examines. One of the old ends a gradual collection. */
static void take_set(GcState *gc, int generation, enum Reason why, GcLink *set) {
    list_reset(set);
    if (generation == GC_OLD) {
        gc->phase = GC_AT_REST;
        list_append_all(set, &gc->lists[GC_UNREACHED]);
        list_append_all(why == GRADUAL ? &gc->lists[GC_OLD] : set, &gc->lists[GC_REACHED]);
        if (why == GRADUAL)
            return;
    }
    list_append_all(set, &gc->lists[generation]);
    for (int g = 0; g < generation; g++)
        list_append_all(set, &gc->lists[g]);
    memset(gc->count, 0, (size_t)(generation + 1) * sizeof *gc->count);
    if (generation < GC_OLD)
        gc->count[generation + 1]++;
}

static GcLink *list_above(GcState *gc, int generation) {
    if (generation < GC_OLD)
        generation = gc->phase == GC_AT_REST ? generation + 1 : GC_REACHED;
    return &gc->lists[generation];
}

/* Finalizers may have brought dead containers back: examines them again; returns how many are dead still. */
static size_t look_again(GcLink *dead, bool moves, GcLink *back) {
    GcLink set;
    list_reset(&set);
    list_append_all(&set, dead);
    size_t n = count_references(&set);
    n -= find_living(&set, moves, dead);
    list_append_all(back, &set);
    return n;
}

static size_t collect(VM *vm, int generation, enum Reason why) {
    GcState *gc = &vm->gc;
    Value pending = error_take(vm);
    if (why == ASKED) {
        object_free_waiting(vm, INT64_MAX);
        clear_condemned(vm, INT64_MAX);
    }
    GcLink set, dead;
    take_set(gc, generation, why, &set);
    size_t members = count_references(&set);
    bool moves = why == ASKED && members < LARGE_SET;
    size_t living = find_living(&set, moves, &dead);
    GcLink *up = list_above(gc, generation);
    list_append_all(up, &set);
    note_survivors(vm, generation, why, living, members - living);

    Dead found = look_at_dead(&dead);
    if (found.referenced)
        clear_weakrefs(vm, &dead);
    if (found.finalizable) {
        finalize_dead(vm, &dead);
        found.n = look_again(&dead, moves, up);
    }
    if (found.n > 0) {
        list_append_all(&gc->lists[GC_CONDEMNED], &dead);
        end_dead(vm, why);
    }
    if (generation == GC_OLD)
        gc->mem_after = vm->mem_used;
    gc->collections[generation]++;
    gc->collected[generation] += found.n;
    vm->thread->exception = pending;
    return found.n;
}

size_t gc_collect(VM *vm, int generation) {
    if (vm->gc.running)
        return 0;
    vm->gc.running = true;
    size_t found = collect(vm, generation, ASKED);
    vm->gc.running = false;
    return found;
}

/* --- collections that scripts are told of ------------------------------------------------------------------------
 */

static Value make_info(VM *vm, int generation, size_t collected) {
    Value info = dict_new(vm), count = int_from_uint64(vm, collected);
    bool ok = info && count && dict_set_c(vm, info, "generation", from_small_int(generation)) &&
              dict_set_c(vm, info, "collected", count) && dict_set_c(vm, info, "uncollectable", from_small_int(0));
    decref(vm, count);
    if (!ok) {
        decref(vm, info);
        return VALUE_ERROR;
    }
    return info;
}

/* Tells gc.callbacks of a collection. What they raise cannot be raised here. */
static bool notify(VM *vm, const char *phase, int generation, size_t collected) {
    Value callbacks = vm->gc.callbacks;
    if (callbacks == 0 || as_list(callbacks)->len == 0)
        return true;
    Value info = make_info(vm, generation, collected), name = info ? str_intern_c(vm, phase) : VALUE_ERROR;
    Value copy = name ? list_from_iterable(vm, callbacks) : VALUE_ERROR;
    bool ok = copy != 0;
    for (size_t i = 0; ok && i < as_list(copy)->len; i++) {
        Value result = call2(vm, as_list(copy)->items[i], name, info);
        if (!result)
            error_unraisable(vm, NULL, as_list(copy)->items[i]);
        decref(vm, result);
    }
    decref(vm, copy);
    decref(vm, name);
    decref(vm, info);
    return ok;
}

static bool collect_notifying(VM *vm, int generation, enum Reason why, size_t *found) {
    *found = 0;
    if (vm->gc.running)
        return true;
    vm->gc.running = true; /* no collection in the midst of the callbacks either */
    bool ok = notify(vm, "start", generation, 0);
    if (ok) {
        *found = collect(vm, generation, why);
        ok = notify(vm, "stop", generation, *found);
    }
    vm->gc.running = false;
    return ok;
}

bool gc_collect_notifying(VM *vm, int generation, size_t *found) {
    return collect_notifying(vm, generation, ASKED, found);
}

/* Nobody can be told of what goes wrong in one that nobody has asked for. */
static void collect_unasked(VM *vm, int generation, enum Reason why) {
    size_t found;
    int64_t start = generation == GC_OLD ? lock_clock() : 0;
    Value pending = error_take(vm);
    if (!collect_notifying(vm, generation, why, &found))
        error_unraisable(vm, NULL, 0);
    vm->thread->exception = pending;
    if (generation == GC_OLD)
        limits_forget(vm, lock_clock() - start);
}

static int choose_generation(const GcState *gc) {
    if (gc->count[1] < gc->threshold[1])
        return GC_YOUNG;
    return gc->old_pending > gc->old_allowance && gc->old_pending > gc->threshold[0] ? GC_OLD : GC_MIDDLE;
}

static bool has_grown(const VM *vm, size_t growth) { return vm->mem_used >= vm->gc.mem_after + growth; }

/* Is it time for a gradual collection? The memory alone does not tell, as what garbage leaves free in it stays. */
static bool gradual_is_due(const VM *vm) {
    const GcState *gc = &vm->gc;
    size_t part = gc->mem_after / GC_GROWTH_PART, bytes = part > GC_GROWTH_LEAST ? part : GC_GROWTH_LEAST;
    return has_grown(vm, bytes) ||
           (gc->old_pending > GC_PENDING_LEAST && gc->old_pending > gc->old_living / GC_GROWTH_PART);
}

/* A gradual collection does not end while dead objects wait: what only they refer to would be examined in vain. */
static void collect_in_time(VM *vm) {
    GcState *gc = &vm->gc;
    if (gc->count[0] > gc->young_most)
        collect_unasked(vm, GC_YOUNG, DUE);
    if (gc->phase == GC_ALL_REACHED) {
        if (!object_is_waiting(vm) || gc->old_pending > gc->old_living)
            collect_unasked(vm, GC_OLD, GRADUAL);
        return;
    }
    if (gc->phase == GC_AT_REST && gradual_is_due(vm) && list_is_empty(&gc->lists[GC_CONDEMNED]))
        gradual_begin(vm);
    if (gc_is_advancing(gc))
        gc_advance(vm, lock_clock() + GC_GRADUAL_NS);
}

void gc_update(VM *vm) {
    GcState *gc = &vm->gc;
    bool fewer = vm->frees_counted && gc->threshold[0] > GC_YOUNG_IN_TIME && gc->threshold[0] != UINT32_MAX;
    gc->young_most = fewer ? GC_YOUNG_IN_TIME : gc->threshold[0];
}

void gc_step(VM *vm) {
    GcState *gc = &vm->gc;
    bool due = gc->count[0] > gc->young_most || (gc->phase == GC_ALL_REACHED && keeps_to_time(vm));
    if (!gc->enabled || gc->running || !due)
        return;
    if (keeps_to_time(vm))
        collect_in_time(vm);
    else if (vm->frees_counted && has_grown(vm, vm->mem_limit / SHORT_PART))
        collect_unasked(vm, GC_OLD, DUE);
    else
        collect_unasked(vm, choose_generation(gc), DUE);
}

void gc_settle(VM *vm) {
    GcState *gc = &vm->gc;
    for (int g = 0; g < GC_GENERATIONS; g++) {
        list_append_all(&gc->lists[GC_SETTLED], &gc->lists[g]);
        gc->count[g] = 0;
    }
}

void gc_freeze(VM *vm) {
    GcState *gc = &vm->gc;
    for (int i = 0; i < GC_FROZEN; i++) {
        GcLink *head = &gc->lists[i];
        for (GcLink *l = head->next; l != head; l = l->next) {
            gc_object(l)->gc_state &= (uint8_t)~STATE_UNREACHED;
            gc->permanent++;
        }
        list_append_all(&gc->lists[GC_FROZEN], head);
    }
    gc->phase = GC_AT_REST;
    memset(gc->count, 0, sizeof gc->count);
}

void gc_unfreeze(VM *vm) {
    list_append_all(&vm->gc.lists[GC_OLD], &vm->gc.lists[GC_FROZEN]);
    vm->gc.permanent = 0;
}
