/* The life of a VM: its creation with all built-in types, safe points, and its end. */
#include "base/config.h"
#include "runtime/vm.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "interp/frame.h"
#include "object/bytes.h"
#include "object/type.h"
#include "runtime/limits.h"
#include "runtime/signals.h"
#include "runtime/thread.h"

#define TYPE(field, base, spec) extern const TypeSpec spec;
#include "object/types.def"
#undef TYPE

static bool setup_types(VM *vm) {
#define TYPE(field, base, spec)                                                                                      \
    if (!type_setup_native(vm, &vm->types.field, &spec, vm->types.base))                                             \
        return false;
#include "object/types.def"
#undef TYPE
    return exception_types_setup(vm);
}

/* The fields of Names are one Value after the other, in the order of this text. */
static bool setup_names(VM *vm) {
    static const char text[] =
#define NAME_ROW(id) #id "\0"
#include "object/names.def"
#undef NAME_ROW
        ;
    const char *at = text;
    for (Value *name = (Value *)&vm->names; name < (Value *)(&vm->names + 1); name++, at += strlen(at) + 1)
        if ((*name = str_intern_c(vm, at)) == 0)
            return false;
    return true;
}

static bool setup_constants(VM *vm) {
    Tuple *empty = object_alloc(vm, vm->types.tuple, 0);
    if (empty == NULL)
        return false;
    vm->empty_tuple = from_obj(empty);
    vm->empty_str = str_alloc(vm, 0, 0);
    vm->empty_bytes = bytes_new(vm, "", 0);
    if (vm->empty_str == 0 || vm->empty_bytes == 0)
        return false;
    vm->memory_error = exception_new_simple(vm, vm->exc.MemoryError, 0);
    return vm->memory_error != 0 && exception_group_setup(vm);
}

/* String hashes are keyed, so that nobody can make a script's dictionaries slow from outside. A seed fixes the key,
 * for repeatable runs. */
static void setup_hash_secret(VM *vm, uint64_t seed) {
    vm->hash_randomized = seed != VM_HASH_SEED_ZERO;
    vm->hash_fixed = seed != 0;
    if (seed != 0) {
        vm->hash_secret[0] = seed;
        vm->hash_secret[1] = vm->hash_secret[0] * 0x9E3779B97F4A7C15u;
        return;
    }
    if (getrandom(vm->hash_secret, sizeof vm->hash_secret, GRND_NONBLOCK) != sizeof vm->hash_secret) {
        vm->hash_secret[0] = (uintptr_t)vm ^ (uint64_t)getpid() << 32;
        vm->hash_secret[1] = (uint64_t)clock();
    }
}

static void struct_free(VM *vm) {
    void *(*allocator)(void *, void *, size_t, size_t) = vm->allocator;
    void *user = vm->allocator_user;
#ifndef NDEBUG
    memset(vm, (uint8_t)MEM_GONE, sizeof *vm);
#endif
    allocator(user, vm, sizeof *vm, 0);
}

VM *vm_create(const VmSetup *setup) {
    static const VmSetup plain = {0};
    if (setup == NULL)
        setup = &plain;
    void *(*allocator)(void *, void *, size_t, size_t) =
        setup->allocator != NULL ? setup->allocator : mem_default_allocator;
    VM *vm = allocator(setup->allocator_user, NULL, 0, sizeof(VM));
    if (vm == NULL)
        return NULL;
    memset(vm, 0, sizeof *vm);
    vm->allocator = allocator;
    vm->allocator_user = setup->allocator_user;
    vm->mem_limit = setup->mem_limit;
    vm->mem_used = vm->mem_peak = sizeof *vm;
    vm->grants = UINT32_MAX;
    vm->recursion_limit = RECURSION_LIMIT_DEFAULT;
    vm->int_max_str_digits = 4300;
    vm->next_dict_version = vm->next_type_version = vm->next_shape_id = 1;
    vm->thread = vm->main = &vm->main_thread;
    vm->switch_interval_us = SWITCH_INTERVAL_US;
    thread_link(vm, vm->main);
    vm->main->os_ident = (uint64_t)pthread_self();
    vm->owner_ident = vm->main->os_ident;
    vm->main->native_id = (uint64_t)syscall(SYS_gettid);
    thread_set_stack_limit(vm->main);
    gc_setup(vm);
    setup_hash_secret(vm, setup->hash_seed);
    vm->gc.running = true; /* no collection before everything stands */
    if (!mem_setup(vm) || !lock_setup(vm) || !setup_types(vm) || !setup_names(vm) || !type_setup_names(vm) ||
        !setup_constants(vm) || (vm->modules = dict_new(vm)) == 0) {
        mem_release_all(vm);
        struct_free(vm);
        return NULL;
    }
    vm->gc.running = false;
    return vm;
}

/* --- safe points
 * ------------------------------------------------------------------------------------------------------------------
 */

static ALWAYS_INLINE bool run_interrupts(VM *vm, bool leavable) {
    uint32_t why = __atomic_load_n(&vm->interrupts, __ATOMIC_RELAXED);
    if (why & INTERRUPT_GC) {
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_GC, __ATOMIC_RELAXED);
        gc_step(vm);
    }
    if (why & INTERRUPT_FREE)
        limits_free(vm);
    if ((why & INTERRUPT_TRACE) && !vm->thread->tracing)
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_TRACE, __ATOMIC_RELAXED);
    if (why & INTERRUPT_SWITCH)
        lock_yield(vm);
    if (why & INTERRUPT_LIMIT && !limits_step(vm, leavable))
        return false;
    if (why & INTERRUPT_PENDING) {
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_PENDING, __ATOMIC_SEQ_CST);
        if (vm->on_pending != NULL)
            vm->on_pending(vm);
    }
    if (why & INTERRUPT_SIGNAL) { /* for the main thread, whose own bit stays until it gets here */
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_SIGNAL, __ATOMIC_RELAXED);
        if (vm->thread == vm->main) {
            __atomic_store_n(&vm->thread->interrupts, 0, __ATOMIC_SEQ_CST);
            if (!signals_run(vm))
                return false;
        }
    }
    return !error_pending(vm);
}

bool vm_safepoint(VM *vm) { return run_interrupts(vm, false); }

bool vm_safepoint_of_frames(VM *vm) { return run_interrupts(vm, true); }

/* --- roots and module types
 * ---------------------------------------------------------------------------------------------------------- */

Value vm_keep(VM *vm, Value v) {
    if (v == 0)
        return 0;
    if (vm->roots == 0 && (vm->roots = gc_hide(list_new(vm, 0))) == 0) {
        decref(vm, v);
        return VALUE_ERROR;
    }
    return list_append_steal(vm, vm->roots, v) ? v : VALUE_ERROR;
}

/* --- the end
 * ---------------------------------------------------------------------------------------------------------------------------
 */

/* Finalizers run while everything they may use still exists: first the modules' own variables go, as at the end of a
 * script, then cycles are collected, and last all memory is returned whatever still refers to what. */
typedef struct EndCall {
    void (*fn)(VM *vm, void *arg);
    void *arg;
    struct EndCall *next;
} EndCall;

bool vm_at_end(VM *vm, void (*fn)(VM *vm, void *arg), void *arg) {
    EndCall *c = mem_alloc(vm, sizeof *c);
    if (c == NULL)
        return false;
    *c = (EndCall){fn, arg, vm->end_calls};
    vm->end_calls = c;
    return true;
}

void vm_destroy(VM *vm) {
    bool finished = vm->finalizing; /* by stdlib_finish, and nothing has run since */
    vm->gc.enabled = false;
    vm->finalizing = true;
    signals_finish(vm);
    if (!finished)
        gc_collect(vm, GC_GENERATIONS - 1);
    for (EndCall *c = vm->end_calls; c != NULL; c = c->next)
        c->fn(vm, c->arg);
    lock_destroy(vm);
    mem_release_all(vm);
    struct_free(vm);
}
