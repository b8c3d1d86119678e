/* Exceptions that nobody can catch, and writing reports to sys.stderr. */
#ifndef COVE_RUNTIME_UNRAISABLE_H
#define COVE_RUNTIME_UNRAISABLE_H

#include "object/object.h"

/* What sys.unraisablehook does at first: writes the report. obj and msg may be 0 or None. Never fails. */
void unraisable_report(VM *vm, Value exc, Value traceback, Value msg, Value obj);
Type *unraisable_args_type(VM *vm);
/* Writes to sys.stderr through its write method, then flushes it; nothing happens when there is no such file. Never
 * leaves an exception. The signature suits traceback_print. */
bool stderr_write(VM *vm, void *user, const char *text, size_t n);

#endif
