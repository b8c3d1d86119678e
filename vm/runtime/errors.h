/* Raising and inspecting exceptions from C.
 *
 * Format directives of raisef, str_printf and strbuilder_printf (not printf's!):
 *   %s C string (UTF-8)   %d int   %i int64_t   %z ssize_t   %u size_t   %x unsigned (hex)   %p address   %c code
 * point   %% percent %S str(value)   %R repr(value)   %A ascii(value)   %T name of the value's type   %N Type *'s
 * name %V a Value known to be str, its text    %.200s C string cut at 200 bytes
 */
#ifndef COVE_RUNTIME_ERRORS_H
#define COVE_RUNTIME_ERRORS_H

#include "object/object.h"

/* All return VALUE_ERROR, so that `return raise_type(vm, ...)` also works as false and as NULL. */
Value raisef(VM *vm, Type *exception, const char *fmt, ...);
Value raise_type(VM *vm, const char *fmt, ...);     /* TypeError */
Value raise_value(VM *vm, const char *fmt, ...);    /* ValueError */
Value raise_index(VM *vm, const char *fmt, ...);    /* IndexError */
Value raise_overflow(VM *vm, const char *fmt, ...); /* OverflowError */
Value raise_zero_division(VM *vm, const char *fmt, ...);
Value raise_runtime(VM *vm, const char *fmt, ...);                          /* RuntimeError */
Value raise_system(VM *vm, const char *fmt, ...);                           /* SystemError */
Value raise_key(VM *vm, Value key);                                         /* KeyError(key) */
Value raise_attribute(VM *vm, Value obj, Value name, const char *fmt, ...); /* AttributeError with name= and obj= */
Value raise_no_attribute(VM *vm, Value obj,
                         Value name); /* "'x' object has no attribute 'y'" (type and module forms too) */
Value raise_name(VM *vm, Value name, const char *fmt, ...); /* NameError with name= */
Value raise_memory(VM *vm);                                 /* MemoryError, preallocated: never needs memory */
Value raise_recursion(VM *vm, const char *where);           /* "maximum recursion depth exceeded" + where */
Value raise_stop_iteration(VM *vm, Value value);            /* value 0: no argument */
Value raise_os_error(VM *vm, int errnum, Value filename);   /* subclass by errno; filename may be 0 */
Value raise_import(VM *vm, Type *type, Value name, Value path, const char *fmt, ...);
/* Raises what the statement `raise exc` raises: an instance or a class. Consumes nothing. */
Value raise_object(VM *vm, Value exc);
/* Raises an instance that was made for it, with the exception being handled as its context. Consumes it; 0: making it
 * failed. */
Value raise_new(VM *vm, Value exc);
/* Makes an instance pending as it is: no context is added. Consumes it. */
Value raise_steal(VM *vm, Value exc);

static ALWAYS_INLINE bool error_pending(VM *vm);
Value error_take(VM *vm); /* the pending exception, owned, now no longer pending; 0 if none */
void error_clear(VM *vm);
bool error_matches(VM *vm, Type *type); /* is an exception of that class (or a subclass) pending? */
bool exception_is(VM *vm, Value exc, Type *type);
/* Does `exc` match what stands after `except`: a class or a tuple of classes? 1, 0, -1 (TypeError). */
int exception_matches(VM *vm, Value exc, Value spec);
/* Writes an exception that cannot be raised (from __del__, callbacks) through sys.unraisablehook; takes the pending
 * one. `where` is the object named in the report or 0, `msg` the text, or NULL for "Exception ignored in". */
void error_unraisable(VM *vm, const char *msg, Value where);
/* The handled exception (sys.exception()), borrowed, or 0. */
Value error_handled(VM *vm);
/* Issues a warning; false: it was turned into an exception. stack_level as warnings.warn. */
bool warn(VM *vm, Type *category, int stack_level, const char *fmt, ...) MUST_CHECK;

#endif
