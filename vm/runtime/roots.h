/* From where the VM's native code refers to objects. */
#ifndef COVE_RUNTIME_ROOTS_H
#define COVE_RUNTIME_ROOTS_H

#include "runtime/vm.h"

struct Frame;

/* Visits what the VM itself, its threads with their frames, and its host hold. Not all: values in local variables of
 * native code and in states of native modules are not known; those that a host keeps are marked (gc_note_kept). */
void roots_visit(VM *vm, VisitFn visit, void *arg);
/* Visits what the frames own from the innermost one to `last`, which may be NULL. */
void frames_visit(const struct Frame *innermost, const struct Frame *last, VisitFn visit, void *arg);

#endif
