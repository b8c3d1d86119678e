/* The core of warnings: what native code uses to issue one, and what the module `_warnings` exposes. */
#ifndef COVE_RUNTIME_WARNINGS_H
#define COVE_RUNTIME_WARNINGS_H

#include "object/object.h"

/* Issues a warning of `category` (a class) with the given message, as warnings.warn does: through the `warnings`
 * module when it has been imported, so that its filters and hooks hold, else by the filters kept here. False: an
 * exception is pending (the warning was turned into one, or reporting failed). source may be 0. */
bool warnings_issue(VM *vm, Value category, Value message, int stack_level, Value source) MUST_CHECK;
/* The same, leaving out frames of files whose names start with one of the strings in the tuple (0: none). */
bool warnings_issue_at(VM *vm, Value category, Value message, int stack_level, Value source,
                       Value skip_prefixes) MUST_CHECK;
/* A ResourceWarning about an object that ends without having been closed: "unclosed", what it is, its repr. Nothing
 * is pending afterwards: a warning turned into an exception is reported, other failures are not, since at the end of
 * the program what repr() needs may be gone. */
void warnings_unclosed(VM *vm, Value object, const char *what);
/* As warnings.warn_explicit; message is a str or a Warning instance; registry a dict, 0 or None; module 0: made from
 * the filename. */
bool warnings_explicit(VM *vm, Value category, Value message, Value filename, int line, Value module, Value registry,
                       Value source) MUST_CHECK;
/* The state of this VM, made on first use: list of filters, default action, registry of "once". Borrowed; 0 on
 * failure. */
Value warnings_filters(VM *vm);
Value warnings_default_action(VM *vm);
Value warnings_once_registry(VM *vm);

#endif
