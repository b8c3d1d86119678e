/* Source text -> syntax tree: the one entry point of the lexer and parser, and the report it gives on
 * failure.
 *
 * The parser knows no VM: errors are a plain record which the caller turns into an exception, warnings a
 * plain list. */
#ifndef COVE_PARSER_H
#define COVE_PARSER_H

#include "ast.h"

typedef enum ParseErrorKind {
    PARSE_OK,
    PARSE_SYNTAX,      /* SyntaxError */
    PARSE_INDENTATION, /* IndentationError */
    PARSE_TAB,         /* TabError */
    PARSE_INCOMPLETE,  /* _IncompleteInputError: only with PARSE_FLAG_ALLOW_INCOMPLETE */
    PARSE_UNICODE,     /* UnicodeEncodeError: a lone surrogate in a text that comes from a str */
    PARSE_TOODEEP,     /* MemoryError with msg: nesting beyond the parser's limit */
    PARSE_NOSTACK,     /* RecursionError with msg: no room on the C stack for the nesting */
    PARSE_NOMEMORY     /* MemoryError without text: the allocator refused */
} ParseErrorKind;

/* line 0 means "no position". Columns are code points counted from 1, as SyntaxError.offset; end_col 0 or
 * -1 are kept as CPython gives them. source_line points into the decoded text (not NUL-terminated, without
 * its line end); it is what SyntaxError.text shows once a newline is appended when source_line_newline is
 * set. */
typedef struct ParseError {
    int kind;        /* ParseErrorKind */
    const char *msg; /* in the arena, or static */
    int line, col, end_line, end_col;
    const char *source_line; /* NULL: SyntaxError.text is None */
    size_t source_line_length;
    int source_line_newline;
} ParseError;

typedef struct ParseWarning {
    const char *msg; /* SyntaxWarning text, in the arena */
    int line;
    int col, end_line, end_col; /* from 1: where the SyntaxError points when warnings are errors */
} ParseWarning;

typedef struct ParseWarnings {
    int n, capacity;
    ParseWarning *at; /* in the arena */
} ParseWarnings;

typedef enum ParseMode { PARSE_FILE, PARSE_EVAL, PARSE_SINGLE } ParseMode;

enum {
    PARSE_FLAG_UTF8 = 1,              /* the text comes from a str: no BOM, no coding line is honoured */
    PARSE_FLAG_ALLOW_INCOMPLETE = 2,  /* input that ends too early gives PARSE_INCOMPLETE */
    PARSE_FLAG_DONT_IMPLY_DEDENT = 4, /* only a newline closes a block at the end of the text (codeop) */
    PARSE_FLAG_NO_INT_LIMIT = 8,      /* decimal literals of more than 4300 digits are accepted */
    PARSE_FLAG_BARRY_AS_BDFL = 16,    /* from __future__ import barry_as_FLUFL was in force */
    PARSE_FLAG_TYPED = 64,            /* read line by line: errors of what follows an error are not looked for */
    PARSE_FLAG_FILE_INPUT = 32        /* the bytes are a file's: decoding errors are worded as for files */
};

/* A text that lacks nothing but complete members of the series that were being read at its end: statements of a
 * block, items of a display. */
typedef struct Shortened {
    char *text; /* in the arena; NULL: the end was not reached */
    size_t n;
} Shortened;

typedef struct ParseInput {
    const char *text;
    size_t n; /* its bytes */
    const char *filename;
    int mode; /* ParseMode */
    unsigned flags;
    const char *stack_limit; /* a C address: nesting that would take the C stack below it is PARSE_NOSTACK */
    Shortened *shortened;    /* wanted of a text that ends too early; or NULL */
} ParseInput;

/* Parses a text. Everything that is returned lives in the arena. On failure the result is NULL and *error is filled;
 * on success error->kind is PARSE_OK. warnings may be NULL. */
AstModule *parse_source(Arena *arena, const ParseInput *input, ParseError *error, ParseWarnings *warnings);

/* What a prompt needs to know of the lines typed so far. */
typedef enum ParseCompleteness { INPUT_COMPLETE, INPUT_NEEDS_MORE, INPUT_WRONG } ParseCompleteness;

/* codeop's rule: NEEDS_MORE for an open bracket or triple quote, a trailing backslash, or a block not yet
 * closed by an empty line. The text is then made shorter where that changes no answer about texts that begin with it.
 * Takes and frees its own memory. */
int parse_completeness(ArenaAllocFn alloc, void *data, char *text, size_t *n, int mode, unsigned flags);

#endif
