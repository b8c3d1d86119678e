/* "Did you mean ...?": the nearest of some names to one that was not found. */
#ifndef COVE_RUNTIME_SUGGESTIONS_H
#define COVE_RUNTIME_SUGGESTIONS_H

#include "object/object.h"

/* The string of the list nearest to name, if one is near enough; borrowed, 0 if none (never an exception). */
Value suggestion_find(Value list, Value name);
/* Raises TypeError "f() got an unexpected keyword argument 'x'", with a suggestion from the known names (NULL ends).
 */
bool suggestion_unknown_keyword(VM *vm, const char *function, Value name, const char *const *known);
/* What to append to the text of an exception: "" or ". Did you mean: 'x'?" and the like. Owned str; looks at
 * NameError, AttributeError and ImportError. 0 with an exception only when memory is short. */
Value suggestion_text(VM *vm, Value exc);
/* Is there a module of the language's standard library of that name? */
bool suggestion_is_library_module(const char *name);
extern const char *const library_module_names[]; /* sorted; ends with NULL */

#endif
