/* Whether the lines typed at the prompt make a whole statement: the parser's own rule. */
#include "repl/host.h"

#include "compiler/parser.h"

#include <stdlib.h>

static void *parser_alloc(void *data, void *p, size_t old_size, size_t new_size) {
    (void)data, (void)old_size;
    if (new_size == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, new_size);
}

static bool typed_begins(const Typed *t, const char *text, size_t n) {
    return t->n > 0 && t->n <= n && memcmp(t->all, text, t->n) == 0;
}

/* What stands for the text: as much of it as the answers so far have left, and the rest. Room for one byte more. */
static char *typed_short(const Typed *t, const char *text, size_t n, size_t *length) {
    size_t known = 0, kept = 0;
    if (typed_begins(t, text, n))
        known = t->n, kept = t->nkept;
    *length = kept + n - known;
    char *result = malloc(*length + 1);
    if (!result)
        return NULL;
    if (kept != 0)
        memcpy(result, t->kept, kept);
    memcpy(result + kept, text + known, n - known);
    return result;
}

void typed_forget(Typed *t) {
    free(t->all);
    free(t->kept);
    *t = (Typed){.angular = t->angular, .is_wrong = t->is_wrong};
}

bool statement_needs_more(Typed *t, const char *text, size_t n) {
    size_t nkept;
    unsigned flags = t->angular ? PARSE_FLAG_BARRY_AS_BDFL : 0;
    char *kept = typed_short(t, text, n, &nkept);
    int answer = kept ? parse_completeness(parser_alloc, NULL, kept, &nkept, PARSE_SINGLE, flags) : INPUT_WRONG;
    bool needs_more = answer == INPUT_NEEDS_MORE;
    t->is_wrong = answer == INPUT_WRONG;
    char *all = needs_more ? malloc(n + 1) : NULL;
    if (all) {
        memcpy(all, text, n);
        typed_forget(t);
        t->all = all;
        t->kept = kept;
        t->n = n;
        t->nkept = nkept;
    } else {
        free(kept);
    }
    return needs_more;
}
