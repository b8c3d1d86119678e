/* Threads of a VM: their states, and OS threads that run in them. */
#ifndef COVE_RUNTIME_THREAD_H
#define COVE_RUNTIME_THREAD_H

#include "runtime/lock.h"

/* Makes the state of a thread part of the VM's list. */
void thread_link(VM *vm, Thread *t);
/* Starts an OS thread that takes the VM's lock in its turn, calls body(vm, argument) and ends; the body leaves no
 * exception pending. stack_size in bytes, 0: the system's default, at least C_STACK_LEAST; *ident: the new thread's
 * os_ident. False with RuntimeError or MemoryError; the body is not called then. */
bool thread_start(VM *vm, void (*body)(VM *vm, void *argument), void *argument, size_t stack_size, uint64_t *ident);
/* Makes the calling OS thread, which the VM does not know, one of its threads, and takes the lock in its turn. NULL:
 * no memory. (The state comes from malloc: without the lock the VM's allocator must not be called.) */
Thread *thread_attach(VM *vm);
/* Ends what thread_attach began, with the lock; returns without. */
void thread_detach(VM *vm);
/* The calling OS thread takes over the state t, which is not in use, and the lock in its turn. */
void thread_adopt(VM *vm, Thread *t);
/* Sets how deep native code of the calling OS thread, whose native_id is set, may go: down to its stack's end, a
 * margin left. */
void thread_set_stack_limit(Thread *t);
/* The same on a stack of the host's own, of so many bytes from its lowest address on. */
void thread_set_foreign_stack(Thread *t, char *lowest, size_t size);
/* In the child of a fork: the calling thread is the only one, and the main one. What the others held is not given
 * back: their stacks are gone in the middle of whatever they did. */
void thread_after_fork(VM *vm);

static inline bool thread_is_main(VM *vm) { return vm->thread == vm->main; }

#endif
