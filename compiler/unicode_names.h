/* Names of Unicode characters, for \N{...}: the only part of the compiler that knows where they come from. */
#ifndef COVE_UNICODE_NAMES_H
#define COVE_UNICODE_NAMES_H

#include <stddef.h>

enum { UNICODE_NAME_UNKNOWN = -1, UNICODE_NAME_NO_LIBRARY = -2 };

/* The code point, or one of the values above. *library is opened when first needed (begin with NULL). */
int unicode_name_lookup(void **library, const char *name, size_t length);
void unicode_names_close(void *library);

#endif
