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

#endif
