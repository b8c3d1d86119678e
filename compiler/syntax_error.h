/* Making ParseError records: where they point and how their text is found. The declarations the parser's
 * files use are in parse_internal.h; this header holds what the driver alone needs. */
#ifndef COVE_SYNTAX_ERROR_H
#define COVE_SYNTAX_ERROR_H

#include "parse_internal.h"

/* Reports with 1-based byte columns (0 and negative ones are kept as they are). */
void syntax_error_report(Parser *p, int kind, int line, int col, int end_line, int end_col, const char *msg);

#endif
