/* The standard report of an exception. traceback_print itself is declared in interp/traceback.h. */
#ifndef COVE_INTERP_TRACEBACK_PRINT_H
#define COVE_INTERP_TRACEBACK_PRINT_H

#include "interp/traceback.h"
#include "object/str.h"

/* Appends "Traceback (most recent call last):" and the entries of tb (0: nothing at all) in the short form without
 * marks. */
bool traceback_format_entries(VM *vm, StrBuilder *out, Value tb);
/* The whole report as a str. */
Value traceback_format(VM *vm, Value exc);
/* Makes the text known as the source of `filename`, for files that are not on disk. */
bool traceback_register_source(VM *vm, Value filename, Value text);
/* The source line, owned str without its line end and surrounding blanks; 0 without an exception if not to be had. */
Value traceback_source_line(VM *vm, Value filename, int line);

#endif
