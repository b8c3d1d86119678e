/* Syntax errors: from a place in the token stream to the line and code-point columns that a SyntaxError
 * carries.
 *
 * Invariant: the first report wins. The columns follow CPython's arithmetic in its odd corners too (ends of
 * ranges over several lines, tokens without text), since they are visible in tracebacks. */
#include "syntax_error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void raise_nomem(Parser *p) {
    if (p->failed && p->error->kind != PARSE_OK)
        return;
    p->failed = 1;
    memset(p->error, 0, sizeof *p->error);
    p->error->kind = PARSE_NOMEMORY;
    p->error->msg = "out of memory";
}

/* The text shown with an error on the given line. */
static void find_source_line(Parser *p, int line) {
    Lexer *lexer = &p->lexer;
    const char *start = lexer->text;
    ParseError *error = p->error;
    if (lexer->line <= line) {
        /* the line being read, with those a backslash joined to it */
        start = lexer->buffer_start;
        const char *from = lexer->line_start > lexer->cur ? lexer->cur : lexer->line_start;
        const char *stop = memchr(from, '\n', (size_t)(lexer->end - from));
        error->source_line = start;
        error->source_line_length = (size_t)((stop ? stop : lexer->end) - start);
        error->source_line_newline = stop != NULL;
        return;
    }
    for (int i = 1; i < line; i++) {
        const char *stop = memchr(start, '\n', (size_t)(lexer->end - start));
        if (!stop)
            break;
        start = stop + 1;
    }
    const char *stop = memchr(start, '\n', (size_t)(lexer->end - start));
    error->source_line = start;
    error->source_line_length = (size_t)((stop ? stop : lexer->end) - start);
    error->source_line_newline = 0;
}

/* A byte column of the shown line as a code-point column; all columns past its end are one further. */
static int to_code_points(const ParseError *error, int col) {
    size_t length = error->source_line_length + (size_t)error->source_line_newline;
    if (col <= 0)
        return col;
    if ((size_t)col > length)
        return lex_utf8_count(error->source_line, length) + 1;
    return lex_utf8_count(error->source_line, (size_t)col);
}

void syntax_error_report(Parser *p, int kind, int line, int col, int end_line, int end_col, const char *msg) {
    ParseError *error = p->error;
    p->failed = 1;
    memset(error, 0, sizeof *error);
    error->kind = kind;
    error->msg = msg;
    error->line = line;
    error->end_line = end_line;
    find_source_line(p, line);
    error->col = to_code_points(error, col);
    error->end_col = to_code_points(error, end_col);
}

static void report(Parser *p, int kind, int line, int col, int end_line, int end_col, const char *format,
                   va_list args) {
    char buffer[512];
    int length = vsnprintf(buffer, sizeof buffer, format, args);
    if (length < 0)
        length = 0;
    if ((size_t)length >= sizeof buffer) {
        /* cut at a whole code point */
        length = sizeof buffer - 5;
        while (length > 0 && ((unsigned char)buffer[length] & 0xC0) == 0x80)
            length--;
    }
    char *msg = arena_strndup(p->arena, buffer, (size_t)length);
    if (msg)
        syntax_error_report(p, kind, line, col, end_line, end_col, msg);
    else
        raise_nomem(p);
}

#define REPORT(kind, line, col, end_line, end_col)                                                                   \
    do {                                                                                                             \
        if (!p->failed) {                                                                                            \
            va_list args;                                                                                            \
            va_start(args, format);                                                                                  \
            report(p, (kind), (line), (col), (end_line), (end_col), format, args);                                   \
            va_end(args);                                                                                            \
        }                                                                                                            \
    } while (0)

void raise_span(Parser *p, int kind, Span span, const char *format, ...) {
    REPORT(kind, span.line, span.col + 1, span.end_line, span.end_col + 1);
}

void raise_range(Parser *p, Span first, Span last, const char *format, ...) {
    REPORT(PARSE_SYNTAX, first.line, first.col + 1, last.end_line, last.end_col + 1);
}

/* Tokens without text stand where the lexer is. */
static Span one_based(Parser *p, const Token *token) {
    Span span = {token->line, 0, token->end_line, -1};
    span.col = token->col == -1 ? (int)(p->lexer.cur - p->lexer.line_start) : token->col + 1;
    if (token->end_col != -1)
        span.end_col = token->end_col + 1;
    return span;
}

void raise_last(Parser *p, int kind, const char *format, ...) {
    if (p->fill == 0) {
        REPORT(kind, 0, 0, 0, -1);
        return;
    }
    Span at = one_based(p, &p->tokens[p->fill - 1]);
    REPORT(kind, at.line, at.col, at.end_line, at.end_col);
}

void raise_next(Parser *p, const char *format, ...) {
    Span at = one_based(p, peek(p));
    REPORT(PARSE_SYNTAX, at.line, at.col, at.end_line, at.end_col);
}

void raise_from(Parser *p, Start start, const char *format, ...) {
    int end_col = (int)(p->lexer.cur - p->lexer.line_start);
    REPORT(PARSE_SYNTAX, start.line, start.col + 1, p->lexer.line, end_col);
}

void raise_unclosed(Parser *p) {
    const Bracket *bracket = &p->lexer.brackets[p->lexer.level - 1];
    raise_span(p, PARSE_SYNTAX, (Span){bracket->line, bracket->col, bracket->line, -1}, "'%c' was never closed",
               bracket->open);
}

/* The lexer could not make a token: report why, unless it has done so itself. */
void raise_lexer(Parser *p) {
    Lexer *lexer = &p->lexer;
    Span start_of_line = {lexer->line, 0, lexer->line, -1};
    switch (lexer->done) {
    case LEX_REPORTED:
        p->failed = 1;
        break;
    case LEX_EOF:
        if (lexer->level)
            raise_unclosed(p);
        else
            raise_last(p, PARSE_SYNTAX, "unexpected EOF while parsing");
        break;
    case LEX_DEDENT:
        raise_last(p, PARSE_INDENTATION, "unindent does not match any outer indentation level");
        break;
    case LEX_TABSPACE:
        raise_span(p, PARSE_TAB, start_of_line, "inconsistent use of tabs and spaces in indentation");
        break;
    case LEX_TOODEEP:
        raise_span(p, PARSE_INDENTATION, start_of_line, "too many levels of indentation");
        break;
    default:
        start_of_line.col = (int)(lexer->cur - lexer->buffer_start) - 1;
        if (start_of_line.col < 0)
            start_of_line.col = 0;
        raise_span(p, PARSE_SYNTAX, start_of_line, "unexpected character after line continuation character");
        break;
    }
}

/* Reads the rest of the text for errors of the lexer: those explain more than one of the parser's. */
void check_rest(Parser *p) {
    Lexer *lexer = &p->lexer;
    int line = p->fill ? p->tokens[p->fill - 1].line : 0;
    Token token;
    ParseError kept = *p->error;
    if (p->flags & PARSE_FLAG_TYPED)
        return;
    for (;;) {
        lexer_next(lexer, &token);
        if (token.kind == TOK_ENDMARKER)
            return;
        if (token.kind != TOK_ERROR)
            continue;
        if (lexer->fstrings) {
            /* inside an f-string, what looks wrong may be a consequence of the first error */
            *p->error = kept;
            return;
        }
        if (lexer->done == LEX_REPORTED)
            return;
        if (lexer->level && line > lexer->brackets[lexer->level - 1].line) {
            p->failed = 0;
            raise_unclosed(p);
        } else {
            *p->error = kept;
        }
        return;
    }
}

void raise_final(Parser *p, int last_token) {
    if (p->failed) {
        if (p->error->kind <= PARSE_TAB && p->lexer.done == LEX_OK)
            check_rest(p);
        return;
    }
    if (last_token < 0) {
        raise_last(p, PARSE_SYNTAX, "error at start before reading any input");
        return;
    }
    const Token *last = &p->tokens[last_token];
    if (last->kind == TOK_INDENT || last->kind == TOK_DEDENT) {
        raise_last(p, PARSE_INDENTATION, "unexpected %s", last->kind == TOK_INDENT ? "indent" : "unindent");
        return;
    }
    raise_span(p, PARSE_SYNTAX, span_of_token(last), "invalid syntax");
    check_rest(p);
}
