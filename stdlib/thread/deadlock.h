/* Telling that every thread of the program waits for another one. */
#ifndef COVE_STDLIB_THREAD_DEADLOCK_H
#define COVE_STDLIB_THREAD_DEADLOCK_H

#include "runtime/vm.h"

/* Writes to sys.stderr who waits for what, where, and who holds it. False, with nothing written, if a signal's
 * handler of the script may still wake somebody. For vm->on_deadlock; leaves no exception. */
bool deadlock_report(VM *vm);

#endif
