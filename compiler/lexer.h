/* The lexer: UTF-8 text -> tokens, one at a time, on demand.
 *
 * Invariant: the text holds '\n' line ends only, ends with one (unless empty) and with a NUL behind it, and
 * holds no other NUL; so a NUL read is the end of input. Tokens point into the text. Which of the two
 * languages is being read (Python, or the literal part of an f-string) is decided by the bracket stack
 * alone: a replacement field is a bracket like the others, marked as such. */
#ifndef COVE_LEXER_H
#define COVE_LEXER_H

#include "ast.h"
#include "parser.h"

typedef enum TokenKind {
    TOK_ENDMARKER,
    TOK_NAME,
    TOK_NUMBER,
    TOK_STRING,
    TOK_FSTRING_START,
    TOK_FSTRING_MIDDLE,
    TOK_FSTRING_END,
    TOK_NEWLINE,
    TOK_INDENT,
    TOK_DEDENT,
    TOK_ERROR,
    TOK_LPAREN,
    TOK_RPAREN,
    TOK_LBRACKET,
    TOK_RBRACKET,
    TOK_LBRACE,
    TOK_RBRACE,
    TOK_COLON,
    TOK_COMMA,
    TOK_SEMI,
    TOK_DOT,
    TOK_ELLIPSIS,
    TOK_AT,
    TOK_ARROW,
    TOK_COLONEQUAL,
    TOK_EXCLAMATION,
    TOK_PLUS,
    TOK_MINUS,
    TOK_STAR,
    TOK_DOUBLESTAR,
    TOK_SLASH,
    TOK_DOUBLESLASH,
    TOK_PERCENT,
    TOK_VBAR,
    TOK_AMPER,
    TOK_CIRCUMFLEX,
    TOK_TILDE,
    TOK_LEFTSHIFT,
    TOK_RIGHTSHIFT,
    TOK_LESS,
    TOK_GREATER,
    TOK_LESSEQUAL,
    TOK_GREATEREQUAL,
    TOK_EQEQUAL,
    TOK_NOTEQUAL,
    TOK_EQUAL,
    TOK_PLUSEQUAL,
    TOK_MINEQUAL,
    TOK_STAREQUAL,
    TOK_SLASHEQUAL,
    TOK_PERCENTEQUAL,
    TOK_AMPEREQUAL,
    TOK_VBAREQUAL,
    TOK_CIRCUMFLEXEQUAL,
    TOK_LEFTSHIFTEQUAL,
    TOK_RIGHTSHIFTEQUAL,
    TOK_DOUBLESTAREQUAL,
    TOK_DOUBLESLASHEQUAL,
    TOK_ATEQUAL,
    TOK_STRAY, /* a character of no meaning, such as $ or ? */
    TOK_FALSE,
    TOK_NONE,
    TOK_TRUE,
    TOK_AND,
    TOK_AS,
    TOK_ASSERT,
    TOK_ASYNC,
    TOK_AWAIT,
    TOK_BREAK,
    TOK_CLASS,
    TOK_CONTINUE,
    TOK_DEF,
    TOK_DEL,
    TOK_ELIF,
    TOK_ELSE,
    TOK_EXCEPT,
    TOK_FINALLY,
    TOK_FOR,
    TOK_FROM,
    TOK_GLOBAL,
    TOK_IF,
    TOK_IMPORT,
    TOK_IN,
    TOK_IS,
    TOK_LAMBDA,
    TOK_NONLOCAL,
    TOK_NOT,
    TOK_OR,
    TOK_PASS,
    TOK_RAISE,
    TOK_RETURN,
    TOK_TRY,
    TOK_WHILE,
    TOK_WITH,
    TOK_YIELD,
    TOK_KIND_COUNT
} TokenKind;

typedef struct Token {
    uint8_t kind;
    uint8_t raw;                      /* f-string tokens: it has an r prefix */
    uint8_t warned;                   /* its escapes have been warned about */
    uint16_t level;                   /* open brackets once this token is read */
    int line, col, end_line, end_col; /* 0-based byte columns; -1 for tokens without text (INDENT...) */
    const char *start;
    uint32_t length;
    const Name *name; /* NAME and keywords */
} Token;

/* Why no token could be read. */
typedef enum LexDone {
    LEX_OK,
    LEX_EOF,
    LEX_DEDENT,
    LEX_TABSPACE,
    LEX_TOODEEP,
    LEX_LINECONT,
    LEX_REPORTED /* the lexer filled in the ParseError itself */
} LexDone;

enum { LEX_MAX_LEVEL = 200, LEX_MAX_INDENT = 100, LEX_MAX_FSTRING = 150, LEX_MAX_FIELD_NESTING = 3 };

typedef struct Bracket {
    char open;     /* '(', '[', '{' */
    uint8_t field; /* 0: a bracket; 1: a replacement field; 2: its format specification */
    int line, col;
} Bracket;

typedef struct FString {
    char quote;
    uint8_t quote_size, raw;
    uint8_t in_spec;    /* a specification was begun and no field has ended since */
    uint8_t field_next; /* the '{' at cur opens a field, even when doubled (in a specification) */
    int level;          /* open brackets at its start */
    int fields;         /* replacement fields open inside it, nested ones counted */
    int line;
    const char *start, *line_start;
} FString;

typedef struct NameSlot {
    Name *name;
    uint8_t kind; /* TOK_NAME or a keyword */
} NameSlot;

typedef struct Lexer {
    Arena *arena;
    const char *text, *end;   /* the whole input */
    const char *cur;          /* next unread byte */
    const char *line_start;   /* of the line cur is on; stays on the last line at the end of input */
    const char *buffer_start; /* where CPython's line buffer would begin: lines joined to the present one */
    const char *token_start;  /* NULL between tokens */
    int line;
    int at_line_begin;   /* a line end was read: the next byte starts a new line */
    int at_indent;       /* indentation is to be measured before the next token */
    int done;            /* LexDone */
    int pending;         /* INDENT (> 0) or DEDENT (< 0) tokens to hand out */
    int ended_in_string; /* the end of input cut a string literal off */
    int level, indent, fstrings;
    unsigned flags;
    ParseError *error;
    ParseWarnings *warnings;
    NameSlot *names;
    uint32_t name_count, name_capacity;
    const Name *soft_match, *soft_case, *soft_type, *soft_underscore;
    int indents[LEX_MAX_INDENT], alt_indents[LEX_MAX_INDENT];
    Bracket brackets[LEX_MAX_LEVEL];
    FString fstring[LEX_MAX_FSTRING];
} Lexer;

/* lexer.c */
int lexer_init(Lexer *lexer, Arena *arena, const char *text, size_t length, unsigned flags, ParseError *error,
               ParseWarnings *warnings); /* 0: out of memory (reported) */
void lexer_free(Lexer *lexer);
void lexer_next(Lexer *lexer, Token *token); /* TOK_ERROR: see lexer->done */
void lexer_begin_line(Lexer *lexer);
/* An error at the byte before cur (or at code-point columns col, end_col when col is not -1). Gives
 * TOK_ERROR. */
int lexer_error(Lexer *lexer, int col, int end_col, const char *format, ...) __attribute__((format(printf, 4, 5)));
int lexer_nomem(Lexer *lexer);
/* adds a warning; 0: out of memory */
int lexer_warn(Lexer *lexer, int line, int col, int end_line, int end_col, const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* lex_name.c */
const Name *lexer_intern(Lexer *lexer, const char *text, size_t length, uint32_t hash, uint8_t *kind);
const Name *lexer_intern_text(Lexer *lexer, const char *text, size_t length);
int lexer_intern_keywords(Lexer *lexer);
int lex_name_unicode(Lexer *lexer, Token *token); /* a name with bytes over 127; token->start is set */

/* lex_number.c */
int lex_number(Lexer *lexer); /* cur is behind the first character, the byte at token_start */

/* lex_string.c */
int lex_string(Lexer *lexer, Token *token); /* cur is on the opening quote */
int lex_fstring_start(Lexer *lexer, Token *token, int raw);
int lex_fstring_middle(Lexer *lexer, Token *token);

/* lex_source.c: bytes -> the text described above. NULL: *error is filled. */
char *lex_source_decode(Arena *arena, const char *bytes, size_t n, const char *filename, unsigned flags,
                        size_t *length, ParseError *error);

/* The name in the coding line (its length; 0: none), and whether there is a byte order mark. */
size_t lex_source_cookie(const char *bytes, size_t n, const char **cookie, int *mark);
int lex_cookie_is_utf8(const char *cookie, size_t length);

/* UTF-8 helpers: decode one code point (text is valid UTF-8, or generalised UTF-8), encode one. */
int lex_utf8_decode(const char *text, int *size);
int lex_utf8_encode(int code, char *out);
int lex_utf8_count(const char *text, size_t bytes); /* code points begun in the first bytes */

#endif
