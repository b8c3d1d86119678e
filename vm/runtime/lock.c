#include "runtime/lock.h"

Thread *lock_release(VM *vm) {
    Thread *t = vm->thread;
    vm->thread = NULL;
    return t;
}

void lock_acquire(VM *vm, Thread *t) { vm->thread = t; }
