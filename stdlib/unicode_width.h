/* East Asian widths of characters (Unicode Standard Annex 11). */
#ifndef COVE_STDLIB_UNICODE_WIDTH_H
#define COVE_STDLIB_UNICODE_WIDTH_H

#include <stdint.h>

const char *unicode_width(uint32_t c); /* "Na", "W", "F", "H", "A" or "N" */

#endif
