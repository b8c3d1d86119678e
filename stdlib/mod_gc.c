/* The module gc: the collector's switches and what it knows of the heap.
 *
 * The lists that get_objects and its relatives return hold references of their own; while one is being filled no
 * collection can run, since nothing here calls scripts.
 */
#include "stdlib/init.h"

static Value gc_method_collect(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int generation = GC_GENERATIONS - 1;
    if (args[0] && !to_c_int(vm, args[0], &generation))
        return VALUE_ERROR;
    if (generation < 0 || generation >= GC_GENERATIONS)
        return raise_value(vm, "invalid generation");
    size_t found;
    return gc_collect_notifying(vm, generation, &found) ? int_from_uint64(vm, found) : VALUE_ERROR;
}

static Value gc_method_enable(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    vm->gc.enabled = true;
    return VALUE_NONE;
}

static Value gc_method_disable(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    vm->gc.enabled = false;
    return VALUE_NONE;
}

static Value gc_method_isenabled(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_bool(vm->gc.enabled);
}

static Value three_numbers(VM *vm, const uint32_t *n) {
    return tuple_pack(vm, 3, from_small_int(n[0]), from_small_int(n[1]), from_small_int(n[2]));
}

static Value gc_method_get_threshold(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return three_numbers(vm, vm->gc.threshold);
}

static Value gc_method_set_threshold(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "gc.set_threshold() takes no keyword arguments");
    if (nargs < 1 || nargs > 3)
        return raise_type(vm, "gc.set_threshold requires 1 to 3 arguments");
    int n[3];
    for (size_t i = 0; i < nargs; i++) {
        if (!to_c_int(vm, args[i], &n[i]))
            return VALUE_ERROR;
    }
    for (size_t i = 0; i < nargs; i++)
        vm->gc.threshold[i] = n[i] > 0 ? (uint32_t)n[i] : i == 0 ? UINT32_MAX : 0; /* 0: never by itself */
    gc_update(vm);
    return VALUE_NONE;
}

static Value gc_method_get_count(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return three_numbers(vm, vm->gc.count);
}

static Value gc_method_get_stats(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value list = list_new(vm, 0);
    for (int g = 0; list && g < GC_GENERATIONS; g++) {
        Value numbers[3] = {int_from_uint64(vm, vm->gc.collections[g]), int_from_uint64(vm, vm->gc.collected[g]),
                            int_from_uint64(vm, vm->gc.uncollectable[g])};
        Value dict = dict_new(vm);
        bool ok = dict && numbers[0] && numbers[1] && numbers[2] && dict_set_c(vm, dict, "collections", numbers[0]) &&
                  dict_set_c(vm, dict, "collected", numbers[1]) &&
                  dict_set_c(vm, dict, "uncollectable", numbers[2]) && list_append(vm, list, dict);
        for (int i = 0; i < 3; i++)
            decref(vm, numbers[i]);
        decref(vm, dict);
        if (!ok)
            set_owned(vm, &list, 0);
    }
    return list;
}

static Value gc_method_is_tracked(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_bool(is_obj(args[0]) && gc_is_tracked(as_obj(args[0])));
}

static Value gc_method_is_finalized(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_bool(is_obj(args[0]) && (as_obj(args[0])->flags & OBJ_FINALIZED));
}

/* ---- walking the heap ---- */

/* Some containers are shown to nobody: what scripts did to the dict of a class would be lost on its caches. */
static bool is_hidden(Value v) { return dict_is_of_class(v); }

static bool add_generation(VM *vm, GcLink *head, Value list) {
    for (GcLink *l = head->next; l != head; l = l->next) {
        Value v = from_obj(gc_object(l));
        if (v != list && !is_hidden(v) && !list_append(vm, list, v))
            return false;
    }
    return true;
}

static Value gc_method_get_objects(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int only = -1;
    if (args[0] && !is_none(args[0])) {
        if (!is_int(args[0]) && !type_of(vm, args[0])->slots.index)
            return raise_type(vm, "argument should be integer or None, not '%T'", args[0]);
        if (!to_c_int(vm, args[0], &only))
            return VALUE_ERROR;
        if (only >= GC_GENERATIONS)
            return raise_value(vm, "generation parameter must be less than the number of available generations (3)");
        if (only < 0)
            return raise_value(vm, "generation parameter cannot be negative");
    }
    Value list = list_new(vm, 0);
    for (int i = 0; list && i < GC_LISTS; i++) {
        int generation = gc_generation_of(i);
        if (generation >= 0 && (only < 0 || only == generation) && !add_generation(vm, &vm->gc.lists[i], list))
            set_owned(vm, &list, 0);
    }
    return list;
}

typedef struct ReferrerSearch {
    Value *wanted;
    size_t n;
    bool found;
} ReferrerSearch;

static bool look_for(Object *child, void *arg) {
    ReferrerSearch *s = arg;
    for (size_t i = 0; i < s->n; i++)
        s->found = s->found || s->wanted[i] == from_obj(child);
    return true;
}

static Value gc_method_get_referrers(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value list = list_new(vm, 0);
    for (int i = 0; i < GC_LISTS; i++) {
        GcLink *head = &vm->gc.lists[i];
        if (gc_generation_of(i) < 0)
            continue;
        for (GcLink *l = head->next; list && l != head; l = l->next) {
            ReferrerSearch search = {args, nargs, false};
            Value v = from_obj(gc_object(l));
            if (v == list || is_hidden(v))
                continue;
            gc_traverse(as_obj(v), look_for, &search);
            if (search.found && !list_append(vm, list, v))
                set_owned(vm, &list, 0);
        }
    }
    return list;
}

typedef struct ReferentList {
    VM *vm;
    Value list;
    bool failed;
} ReferentList;

static bool add_referent(Object *child, void *arg) {
    ReferentList *r = arg;
    r->failed = r->failed || (!is_hidden(from_obj(child)) && !list_append(r->vm, r->list, from_obj(child)));
    return true;
}

static Value gc_method_get_referents(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ReferentList r = {vm, list_new(vm, 0), false};
    for (size_t i = 0; r.list && i < nargs; i++) {
        if (is_obj(args[i]) && (as_obj(args[i])->flags & OBJ_GC))
            gc_traverse(as_obj(args[i]), add_referent, &r);
    }
    if (r.failed)
        set_owned(vm, &r.list, 0);
    return r.list;
}

static Value gc_method_freeze(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    gc_freeze(vm);
    return VALUE_NONE;
}

static Value gc_method_unfreeze(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    gc_unfreeze(vm);
    return VALUE_NONE;
}

static Value gc_method_get_freeze_count(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_uint64(vm, vm->gc.permanent);
}

static Value gc_method_get_debug(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_small_int(vm->gc.debug);
}

static Value gc_method_set_debug(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int flags;
    if (!to_c_int(vm, args[0], &flags))
        return VALUE_ERROR;
    vm->gc.debug = (uint32_t)flags;
    return VALUE_NONE;
}

static const MethodSpec gc_methods[] = {
    {"collect", gc_method_collect, "generation=2",
     "Collects a generation and the younger ones; returns how many unreachable objects it found.", 0},
    {"disable", gc_method_disable, "", "Stops automatic collections.", 0},
    {"enable", gc_method_enable, "", "Allows automatic collections.", 0},
    {"freeze", gc_method_freeze, "", "Sets aside all objects there are: no collection looks at them any more.", 0},
    {"get_count", gc_method_get_count, "", "The counters that are compared with the thresholds.", 0},
    {"get_debug", gc_method_get_debug, "", "The flags that set_debug has set.", 0},
    {"get_freeze_count", gc_method_get_freeze_count, "", "How many objects are set aside.", 0},
    {"get_objects", gc_method_get_objects, "generation=None", "The containers that the collector watches.", 0},
    {"get_referents", gc_method_get_referents, "*objs", "The objects that the arguments refer to.", 0},
    {"get_referrers", gc_method_get_referrers, "*objs", "The containers that refer to one of the arguments.", 0},
    {"get_stats", gc_method_get_stats, "", "What the collections of each generation have done so far.", 0},
    {"get_threshold", gc_method_get_threshold, "", "The thresholds of the three generations.", 0},
    {"is_finalized", gc_method_is_finalized, "obj, /", "Tells whether an object's finalizer has run.", 0},
    {"is_tracked", gc_method_is_tracked, "obj, /", "Tells whether the collector watches an object.", 0},
    {"isenabled", gc_method_isenabled, "", "Tells whether there are automatic collections.", 0},
    {"set_debug", gc_method_set_debug, "flags, /", "Sets the debugging flags.", 0},
    {"set_threshold", gc_method_set_threshold, "*args",
     "Sets the thresholds of the generations; 0 for the first one: no automatic collections.", 0},
    {"unfreeze", gc_method_unfreeze, "", "Gives the objects set aside back to the oldest generation.", 0},
    {0},
};

static Value own_list(VM *vm, Value *field) {
    if (!*field)
        *field = vm_keep(vm, list_new(vm, 0));
    return incref(*field);
}

bool mod_gc_init(VM *vm, Value module) {
    return module_add_functions(vm, module, gc_methods) &&
           module_add(vm, module, "callbacks", own_list(vm, &vm->gc.callbacks)) &&
           module_add(vm, module, "garbage", own_list(vm, &vm->gc.garbage)) &&
           module_add(vm, module, "DEBUG_STATS", from_small_int(1)) &&
           module_add(vm, module, "DEBUG_COLLECTABLE", from_small_int(2)) &&
           module_add(vm, module, "DEBUG_UNCOLLECTABLE", from_small_int(4)) &&
           module_add(vm, module, "DEBUG_SAVEALL", from_small_int(32)) &&
           module_add(vm, module, "DEBUG_LEAK", from_small_int(38));
}
