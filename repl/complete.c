/* Whether the lines typed at the prompt make a whole statement: the parser's own rule. */
#include "compiler/parser.h"

#include <stdbool.h>
#include <stdlib.h>

bool statement_needs_more(const char *text, size_t n);

static void *parser_alloc(void *data, void *p, size_t old_size, size_t new_size) {
    (void)data, (void)old_size;
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, new_size);
}

bool statement_needs_more(const char *text, size_t n) {
    return parse_completeness(parser_alloc, NULL, text, n, PARSE_SINGLE) == INPUT_NEEDS_MORE;
}
