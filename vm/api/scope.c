/* Scopes: the stack of handles of a thread, and values kept beyond it. */
#include "api/api.h"

#define HANDLES_FIRST 64

bool handles_grow(VM *vm, Thread *t) {
    size_t room = t->handle_room == 0 ? HANDLES_FIRST : t->handle_room * 2;
    Value *larger = mem_realloc(vm, t->handles, t->handle_room * sizeof(Value), room * sizeof(Value));
    if (larger == NULL)
        return false;
    t->handles = larger;
    t->handle_room = room;
    return true;
}

static NOINLINE void drop_down_to(VM *vm, size_t mark) {
    Thread *t = vm->thread;
    while (t->handle_count > mark) /* finalizers may use the stack above, and leave it as it was */
        decref(vm, t->handles[--t->handle_count]);
}

void handles_drop(VM *vm, size_t mark) {
    if (vm->thread->handle_count > mark)
        drop_down_to(vm, mark);
}

cove_scope cove_scope_open(cove_vm *host) {
    ENTER(host);
    return (cove_scope){vm->thread->handle_count};
}

void cove_scope_close(cove_vm *host, cove_scope scope) {
    ENTER(host);
    CHECK_SCOPE(scope);
    handles_drop(vm, scope.mark);
}

cove_value cove_scope_close_with(cove_vm *host, cove_scope scope, cove_value v) {
    ENTER(host);
    CHECK_SCOPE(scope);
    CHECK_VALUE(v);
    incref(v.bits);
    handles_drop(vm, scope.mark);
    return v.bits == 0 ? v : give(vm, v.bits);
}

cove_value cove_keep(cove_vm *host, cove_value v) {
    ENTER(host);
    NEED(v);
    CHECK_KEPT(vm, v, true);
    incref(v.bits);
    gc_note_kept(v.bits, true);
    return v;
}

void cove_release(cove_vm *host, cove_value v) {
    ENTER(host);
    CHECK_VALUE(v);
    CHECK_KEPT(vm, v, false);
    gc_note_kept(v.bits, false);
    if (!vm->host->closing) /* else all goes together, and no finalizer of a script finds data that has ended */
        decref(vm, v.bits);
}
