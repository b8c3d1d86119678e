/* Unpacking of deflated data (RFC 1951): the images of library modules that are not needed at start. */
#ifndef COVE_STDLIB_IMPORT_INFLATE_H
#define COVE_STDLIB_IMPORT_INFLATE_H

#include "base/common.h"

/* Fills all of out from the n bytes at data, which may refer back into the dictionary as if it stood before out.
 * False: the data are damaged; nothing outside of out was written. */
bool inflate_into(uint8_t *out, size_t size, const uint8_t *data, size_t n, const uint8_t *dictionary,
                  size_t dictionary_size);

#endif
