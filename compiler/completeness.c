/* Does the text typed so far make a statement, or is there more to come? Asked for each line of a block, so that what
 * the lines before it have settled is left out the next time: else the time would grow with the square of the lines.
 */
#include "parse_internal.h"

#include <string.h>

static void shorten(Parser *p, const Series *series, char **at, const char **from) {
    if (!series)
        return;
    shorten(p, series->outer, at, from);
    if (!series->first || series->first == series->last)
        return;
    size_t n = (size_t)(series->first - *from);
    memcpy(*at, *from, n);
    *at += n;
    *from = series->last;
}

void parser_shorten(Parser *p) {
    const Lexer *lexer = &p->lexer;
    const char *from = lexer->text;
    char *text = arena_alloc(p->arena, (size_t)(lexer->end - from) + 1), *at = text;
    if (text) {
        shorten(p, p->series, &at, &from);
        memcpy(at, from, (size_t)(lexer->end - from));
        at += lexer->end - from;
        *p->shortened = (Shortened){text, (size_t)(at - text)};
    }
    p->shortened = NULL;
}

static int only_comments(const char *text, size_t n) {
    int comment = 0;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        if (c == '\n')
            comment = 0;
        else if (c == '#')
            comment = 1;
        else if (!comment && c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v')
            return 0;
    }
    return 1;
}

/* codeop's way: input that does not parse needs more when a further line end makes it parse, or makes it
 * end too early; where that changes nothing, it is wrong. */
static int completeness(Arena *arena, ParseInput *input) {
    ParseError error;
    if (input->mode != PARSE_EVAL && only_comments(input->text, input->n))
        return INPUT_COMPLETE;
    if (parse_source(arena, input, &error, NULL))
        return INPUT_COMPLETE;
    char *longer = arena_alloc(arena, input->n + 1);
    if (!longer)
        return INPUT_WRONG;
    memcpy(longer, input->text, input->n);
    longer[input->n++] = '\n';
    input->text = longer;
    input->shortened = NULL;
    if (parse_source(arena, input, &error, NULL) || error.kind == PARSE_INCOMPLETE)
        return INPUT_NEEDS_MORE;
    return INPUT_WRONG;
}

int parse_completeness(ArenaAllocFn alloc, void *data, char *text, size_t *n, int mode, unsigned flags) {
    Arena arena;
    Shortened shortened = {0};
    ParseInput input = {.text = text, .n = *n, .filename = "<stdin>", .mode = mode, .shortened = &shortened};
    input.flags = flags | PARSE_FLAG_UTF8 | PARSE_FLAG_ALLOW_INCOMPLETE | PARSE_FLAG_DONT_IMPLY_DEDENT;
    arena_init(&arena, alloc, data);
    int result = completeness(&arena, &input);
    int is_plain = !memchr(text, '\r', *n); /* else the lexer has changed it */
    if (result == INPUT_NEEDS_MORE && shortened.text && is_plain && shortened.n < *n) {
        memcpy(text, shortened.text, shortened.n);
        *n = shortened.n;
    }
    arena_free(&arena);
    return result;
}
