#include "runtime/lock.h"

#include "runtime/signals.h"

Thread *lock_release(VM *vm) {
    Thread *t = vm->thread;
    vm->thread = NULL;
    return t;
}

void lock_acquire(VM *vm, Thread *t) {
    vm->thread = t;
    if (t == &vm->main_thread && signals_waiting(vm)) /* another thread may have passed over them */
        __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_SIGNAL, __ATOMIC_RELAXED);
}
