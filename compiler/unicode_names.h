/* Names of Unicode characters, for \N{...}: the only part of the compiler that knows where they come from. */
#ifndef COVE_UNICODE_NAMES_H
#define COVE_UNICODE_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum { UNICODE_NAME_UNKNOWN = -1, UNICODE_NAME_NO_LIBRARY = -2 };

/* The code point, or one of the values above. *library is opened when first needed (begin with NULL). */
int unicode_name_lookup(void **library, const char *name, size_t length);
/* The name of a character: its length, 0 if it has none, UNICODE_NAME_NO_LIBRARY. The size must be 256 at least. */
int unicode_name_of(void **library, uint32_t c, char *out, size_t size);
/* The characters that one is made of, in one step (at most 32): their number, 0, or UNICODE_NAME_NO_LIBRARY. The tag
 * is 0 for a canonical decomposition, else the kind of a compatibility one, in the order of the library's list. */
int unicode_decomposition(void **library, uint32_t c, int *tag, uint32_t *out);
void unicode_names_close(void *library);

#endif
