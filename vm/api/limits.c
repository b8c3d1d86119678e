/* Interrupts, stops, limits and statistics, as the host asks for them. */
#include "api/limits.h"

#include "api/mailbox.h"
#include "base/config.h"
#include "object/type.h"
#include "runtime/limits.h"

bool host_limits_setup(VM *vm) {
    Limits *l = limits_get(vm);
    if (l == NULL)
        return false;
    if (vm->host->config.step_limit != 0) {
        l->step_limit = vm->host->config.step_limit;
        limits_update(vm);
    }
    return true;
}

void host_limits_lift(VM *vm) {
    vm->limits->step_limit = UINT64_MAX;
    limits_withdraw(vm, ASK_INTERRUPT | ASK_STOP);
}

static void ask(cove_vm *host, uint32_t what) {
    limits_ask(vm_of(host), what);
    mailbox_wake(vm_of(host));
}

void cove_interrupt(cove_vm *host) { ask(host, ASK_INTERRUPT); }
void cove_stop(cove_vm *host) { ask(host, ASK_STOP); }

void cove_allow(cove_vm *host) {
    ENTER(host);
    limits_withdraw(vm, ASK_STOP);
}

bool cove_checkpoint(cove_vm *host) {
    ENTER(host);
    return likely(vm->interrupts == 0) || given_ok(vm, vm_safepoint(vm));
}

void cove_set_limits(cove_vm *host, size_t memory_limit, uint32_t recursion_limit) {
    ENTER(host);
    vm->mem_limit = memory_limit;
    vm->recursion_most = recursion_limit;
    vm->recursion_limit = recursion_limit != 0 ? recursion_limit : RECURSION_LIMIT_DEFAULT;
}

/* --- statistics --------------------------------------------------------------------------------------------------
 */

#define STATS_FIRST_SIZE                                                                                             \
    (offsetof(cove_stats, threads) + sizeof(uint32_t)) /* of version 0.1, if the host sets none */

typedef struct Walk {
    VM *vm;
    void (*visit)(struct Walk *walk, Object *o);
    uint64_t count;
    Value counts; /* dict: class -> int */
    bool failed;
} Walk;

static void walk_list(Walk *walk, GcLink *head) {
    for (GcLink *l = head->next; l != NULL && l != head; l = l->next)
        walk->visit(walk, gc_object(l));
}

static void walk_heap(Walk *walk) {
    for (int list = 0; list < GC_LISTS; list++)
        if (list != GC_SETTLED)
            walk_list(walk, &walk->vm->gc.lists[list]);
}

static void visit_count(Walk *walk, Object *o) { (void)o, walk->count++; }

void cove_get_stats(cove_vm *host, cove_stats *out) {
    ENTER(host);
    CHECK_POINTER(out);
    Walk walk = {.vm = vm, .visit = visit_count};
    walk_heap(&walk);
    cove_stats all = {.size = out->size,
                      .memory = vm->mem_used,
                      .memory_peak = vm->mem_peak,
                      .memory_limit = vm->mem_limit,
                      .steps = vm->limits->steps,
                      .objects = walk.count,
                      .threads = vm->thread_count};
    for (size_t i = 0; i < GC_GENERATIONS; i++)
        all.collections += vm->gc.collections[i];
    size_t size = out->size != 0 ? out->size : STATS_FIRST_SIZE;
    memcpy(out, &all, size < sizeof all ? size : sizeof all);
}

static void visit_class(Walk *walk, Object *o) {
    Value key = type_value(obj_type(o));
    if (walk->failed || from_obj(o) == walk->counts)
        return;
    Value old = dict_get(walk->vm, walk->counts, key);
    int64_t n = old == 0 ? 0 : as_small_int(old);
    walk->failed = !dict_set(walk->vm, walk->counts, key, from_small_int(n + 1));
}

bool cove_count_objects(cove_vm *host, bool (*fn)(void *user, const char *class_name, size_t count), void *user) {
    ENTER(host);
    CHECK_POINTER(fn);
    Walk walk = {.vm = vm, .visit = visit_class, .counts = dict_new(vm)};
    if (walk.counts == 0)
        return given_ok(vm, false);
    walk_heap(&walk);
    size_t pos = 0;
    Value key, value;
    while (!walk.failed && dict_next(walk.counts, &pos, &key, &value))
        if (!fn(user, str_data(as_type(key)->name), (size_t)as_small_int(value)))
            break;
    decref(vm, walk.counts);
    return given_ok(vm, !walk.failed);
}

size_t cove_collect(cove_vm *host) {
    ENTER(host);
    return gc_collect(vm, GC_GENERATIONS - 1);
}
