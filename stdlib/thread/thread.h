/* What the files of the module _thread know of each other. */
#ifndef COVE_STDLIB_THREAD_THREAD_H
#define COVE_STDLIB_THREAD_THREAD_H

#include "runtime/park.h"
#include "runtime/thread.h"
#include "stdlib/init.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

extern const TypeSpec lock_spec, rlock_spec, thread_handle_spec, thread_local_spec;
extern const MethodSpec thread_start_methods[];

/* The deadline for a wait of a script's `timeout` argument: absent, None and -1 mean no limit. False with the error
 * for other negative and for too large ones. */
bool thread_deadline(VM *vm, Value timeout, int64_t *deadline);
/* Parks until woken; handlers of signals run meanwhile. The result is WOKEN, TIMEOUT or ERROR. */
ParkResult thread_wait(VM *vm, ParkQueue *queue, int64_t deadline, bool front);
/* The thread that holds a lock, or NULL; with *kind "lock" or "rlock" if the object is one at all, else NULL. */
Thread *thread_lock_owner(Value object, const char **kind);

#endif
