/* Checks of what hosts do, in builds for debugging: misuse ends the process and names the function. Memory that has
 * been given back is filled with a pattern in these builds (mem/alloc.c), by which what is used too long is known. */
#ifndef NDEBUG

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api.h"

static _Noreturn void refuse(const char *function, const char *what) {
    fprintf(stderr, "%s: %s\n", function, what);
    abort();
}

void api_check_inside(VM *vm, const char *function) {
    if (vm == NULL)
        refuse(function, "the VM is NULL");
    if ((uint64_t)vm->types.object == MEM_GONE) /* not at the start, where the C library keeps its lists */
        refuse(function, "the VM has been destroyed");
    if (__atomic_load_n(&vm->owner_ident, __ATOMIC_RELAXED) != (uint64_t)pthread_self())
        refuse(function, "the calling thread is not inside the VM");
}

void api_check_value(VM *vm, cove_value v, const char *function) {
    if (!is_obj(v.bits))
        return;
    const Object *o = as_obj(v.bits);
    if ((uint64_t)o->shape == MEM_GONE)
        refuse(function, "a value is used whose scope has been closed");
    const Type *t = obj_type(o);
    while (t->base != NULL)
        t = t->base;
    if (t != vm->types.object)
        refuse(function, "a value of another VM is used");
}

void api_check_pointer(const void *p, const char *name, const char *function) {
    if (p != NULL)
        return;
    fprintf(stderr, "%s: %s is NULL\n", function, name);
    abort();
}

void api_check_use(VM *vm, cove_value v, const char *function) {
    api_check_inside(vm, function);
    api_check_value(vm, v, function);
}

void api_check_scope(VM *vm, cove_scope scope, const char *function) {
    if (scope.mark > vm->thread->handle_count)
        refuse(function, "the scope has been closed already, with one around it");
}

void api_check_outside(VM *vm, const char *function) {
    if (vm->thread->frame != NULL || vm->thread->native_depth != 0)
        refuse(function, "called by a native function");
}

/* --- kept values -------------------------------------------------------------------------------------------------
 */

typedef struct Keep {
    uint64_t bits;
    size_t count;
    struct Keep *next;
} Keep;

struct Kept {
    Keep *rows[1024]; /* by the value's address */
};

static Keep **keep_of(struct Kept *kept, uint64_t bits) {
    Keep **place = &kept->rows[bits / 16 % ARRAY_LEN(kept->rows)];
    while (*place != NULL && (*place)->bits != bits)
        place = &(*place)->next;
    return place;
}

void api_check_kept(VM *vm, cove_value v, bool keeps, const char *function) {
    HostState *state = vm->host;
    if (!is_obj(v.bits) || (state->kept == NULL && (state->kept = calloc(1, sizeof *state->kept)) == NULL))
        return;
    Keep **place = keep_of(state->kept, v.bits), *keep = *place;
    if (keep == NULL && !keeps)
        refuse(function, "a value is released that has not been kept, or has been released before");
    if (keep == NULL && (keep = *place = calloc(1, sizeof *keep)) == NULL)
        abort();
    keep->bits = v.bits;
    keep->count += keeps ? 1 : (size_t)-1;
    if (keep->count == 0) {
        *place = keep->next;
        free(keep);
    }
}

void api_forget_kept(VM *vm) {
    struct Kept *kept = vm->host->kept;
    for (size_t i = 0; kept != NULL && i < ARRAY_LEN(kept->rows); i++) {
        while (kept->rows[i] != NULL) {
            Keep *keep = kept->rows[i];
            kept->rows[i] = keep->next;
            free(keep);
        }
    }
    free(kept);
    vm->host->kept = NULL;
}

#endif
