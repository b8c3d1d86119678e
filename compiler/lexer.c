/* The lexer's main loop: indentation, line joining, names, operators and brackets (see lexer.h for the
 * invariant).
 *
 * Tokens are made on demand and never twice, because CPython's choice between several errors in one text
 * depends on how far its parser had looked when it gave up: the lexer must not look further. */
#include "lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { C_NAME_START = 1, C_NAME = 2, C_DIGIT = 4, C_HIGH = 8 };

static const uint8_t char_class[256] = {
    ['0' ... '9'] = C_NAME | C_DIGIT,
    ['a' ... 'z'] = C_NAME | C_NAME_START,
    ['A' ... 'Z'] = C_NAME | C_NAME_START,
    ['_'] = C_NAME | C_NAME_START,
    [0x80 ... 0xFF] = C_NAME | C_NAME_START | C_HIGH,
};

int lexer_init(Lexer *lexer, Arena *arena, const char *text, size_t length, unsigned flags, ParseError *error,
               ParseWarnings *warnings) {
    memset(lexer, 0, offsetof(Lexer, indents));
    lexer->indents[0] = lexer->alt_indents[0] = 0;
    lexer->arena = arena;
    lexer->text = lexer->cur = lexer->line_start = lexer->buffer_start = text;
    lexer->end = text + length;
    lexer->at_line_begin = lexer->at_indent = 1;
    lexer->flags = flags;
    lexer->error = error;
    lexer->warnings = warnings;
    if (!lexer_intern_keywords(lexer)) {
        lexer_nomem(lexer);
        return 0;
    }
    return 1;
}

void lexer_free(Lexer *lexer) {
    if (lexer->names)
        arena_realloc_raw(lexer->arena, lexer->names, lexer->name_capacity * sizeof(NameSlot), 0);
    lexer->names = NULL;
}

int lexer_nomem(Lexer *lexer) {
    lexer->done = LEX_REPORTED;
    memset(lexer->error, 0, sizeof *lexer->error);
    lexer->error->kind = PARSE_NOMEMORY;
    lexer->error->msg = "out of memory";
    return TOK_ERROR;
}

static const char *format_text(Arena *arena, const char *format, va_list args) {
    char buffer[512];
    int length = vsnprintf(buffer, sizeof buffer, format, args);
    if (length < 0)
        return NULL;
    if ((size_t)length >= sizeof buffer)
        length = sizeof buffer - 1;
    return arena_strndup(arena, buffer, (size_t)length);
}

int lexer_error(Lexer *lexer, int col, int end_col, const char *format, ...) {
    va_list args;
    va_start(args, format);
    const char *msg = format_text(lexer->arena, format, args);
    va_end(args);
    if (!msg)
        return lexer_nomem(lexer);
    ParseError *error = lexer->error;
    error->kind = PARSE_SYNTAX;
    error->msg = msg;
    error->line = error->end_line = lexer->line;
    error->col = col >= 0 ? col : lex_utf8_count(lexer->line_start, (size_t)(lexer->cur - lexer->line_start));
    error->end_col = end_col >= 0 ? end_col : error->col;
    const char *stop = memchr(lexer->line_start, '\n', (size_t)(lexer->end - lexer->line_start));
    error->source_line = lexer->line_start;
    error->source_line_length = (size_t)((stop ? stop : lexer->end) - lexer->line_start);
    error->source_line_newline = 0;
    lexer->done = LEX_REPORTED;
    return TOK_ERROR;
}

int lexer_warn(Lexer *lexer, int line, int col, int end_line, int end_col, const char *format, ...) {
    ParseWarnings *list = lexer->warnings;
    if (!list)
        return 1;
    if (list->n == list->capacity) {
        int capacity = list->capacity ? list->capacity * 2 : 8;
        ParseWarning *grown = arena_alloc(lexer->arena, (size_t)capacity * sizeof(ParseWarning));
        if (!grown)
            return 0;
        if (list->n)
            memcpy(grown, list->at, (size_t)list->n * sizeof(ParseWarning));
        list->at = grown;
        list->capacity = capacity;
    }
    va_list args;
    va_start(args, format);
    const char *msg = format_text(lexer->arena, format, args);
    va_end(args);
    if (!msg)
        return 0;
    list->at[list->n++] =
        (ParseWarning){.msg = msg, .line = line, .col = col, .end_line = end_line, .end_col = end_col};
    return 1;
}

void lexer_begin_line(Lexer *lexer) {
    if (lexer->at_line_begin && lexer->cur < lexer->end) {
        lexer->at_line_begin = 0;
        lexer->line++;
        lexer->line_start = lexer->cur;
        if (!lexer->token_start)
            lexer->buffer_start = lexer->cur;
    }
}

/* The line end at or behind cur, or the end of input. */
static const char *line_end(Lexer *lexer) {
    const char *stop = memchr(lexer->cur, '\n', (size_t)(lexer->end - lexer->cur));
    return stop ? stop : lexer->end;
}

static int layout_error(Lexer *lexer, int done) {
    lexer->cur = line_end(lexer);
    if (lexer->cur < lexer->end)
        lexer->cur++;
    lexer->done = done;
    return 0;
}

/* cur is behind a backslash. 1: the next line goes on. */
static int join_line(Lexer *lexer) {
    if (*lexer->cur != '\n') {
        if (lexer->cur < lexer->end)
            lexer->cur++;
        lexer->done = LEX_LINECONT;
        return 0;
    }
    lexer->cur++;
    if (lexer->cur >= lexer->end) {
        lexer->done = LEX_EOF;
        return 0;
    }
    lexer->at_line_begin = 1;
    lexer_begin_line(lexer);
    return 1;
}

/* Compares a line's indentation with the stack. Two columns are kept, with tabs to multiples of 8 and of 1:
 * where they disagree about the order, the layout depends on the tab size, and that is an error. */
static int apply_indent(Lexer *lexer, int col, int alt) {
    int top = lexer->indent;
    if (col == lexer->indents[top])
        return alt == lexer->alt_indents[top] ? 1 : layout_error(lexer, LEX_TABSPACE);
    if (col > lexer->indents[top]) {
        if (top + 1 >= LEX_MAX_INDENT)
            return layout_error(lexer, LEX_TOODEEP);
        if (alt <= lexer->alt_indents[top])
            return layout_error(lexer, LEX_TABSPACE);
        lexer->pending++;
        lexer->indent = ++top;
        lexer->indents[top] = col;
        lexer->alt_indents[top] = alt;
        return 1;
    }
    while (top > 0 && col < lexer->indents[top]) {
        lexer->pending--;
        top--;
    }
    lexer->indent = top;
    if (col != lexer->indents[top])
        return layout_error(lexer, LEX_DEDENT);
    return alt == lexer->alt_indents[top] ? 1 : layout_error(lexer, LEX_TABSPACE);
}

/* Reads the blanks that begin a line. 0: error; *blank: the line has no token. */
static int measure_indent(Lexer *lexer, int *blank) {
    int col = 0, alt = 0, joined_col = 0;
    lexer->at_indent = 0;
    *blank = 0;
    for (;; lexer->cur++) {
        char c = *lexer->cur;
        if (c == ' ') {
            col++;
            alt++;
        } else if (c == '\t') {
            col = (col / 8 + 1) * 8;
            alt++;
        } else if (c == '\f') {
            col = alt = 0;
        } else if (c == '\\') {
            joined_col = joined_col ? joined_col : col;
            lexer->cur++;
            if (!join_line(lexer))
                return 0;
            lexer->cur--;
        } else {
            break;
        }
    }
    if (*lexer->cur == '#' || *lexer->cur == '\n') {
        *blank = 1;
        return 1;
    }
    if (lexer->cur >= lexer->end)
        lexer->done = LEX_EOF;
    if (lexer->level > 0)
        return 1;
    return apply_indent(lexer, joined_col ? joined_col : col, joined_col ? joined_col : alt);
}

/* The mode is a function of the bracket stack: literal text outside every field, and in a field's
 * specification. */
static inline int in_fstring_literal(const Lexer *lexer) {
    if (lexer->fstrings == 0)
        return 0;
    const FString *string = &lexer->fstring[lexer->fstrings - 1];
    if (lexer->level == string->level)
        return 1;
    return string->fields > 0 && lexer->brackets[lexer->level - 1].field == 2;
}

static int open_bracket(Lexer *lexer, char c) {
    if (lexer->level >= LEX_MAX_LEVEL)
        return lexer_error(lexer, -1, -1, "too many nested parentheses");
    Bracket *bracket = &lexer->brackets[lexer->level++];
    bracket->open = c;
    bracket->field = 0;
    bracket->line = lexer->line;
    bracket->col = (int)(lexer->cur - 1 - lexer->line_start);
    return c == '(' ? TOK_LPAREN : c == '[' ? TOK_LBRACKET : TOK_LBRACE;
}

static int close_bracket(Lexer *lexer, char c) {
    if (lexer->level == 0)
        return lexer_error(lexer, -1, -1, "unmatched '%c'", c);
    Bracket *bracket = &lexer->brackets[lexer->level - 1];
    char wanted = bracket->open == '(' ? ')' : bracket->open == '[' ? ']' : '}';
    if (c != wanted) {
        if (bracket->field)
            return lexer_error(lexer, -1, -1, "f-string: unmatched '%c'", c);
        if (bracket->line != lexer->line)
            return lexer_error(lexer, -1, -1,
                               "closing parenthesis '%c' does not match opening parenthesis '%c' on line %d", c,
                               bracket->open, bracket->line);
        return lexer_error(lexer, -1, -1, "closing parenthesis '%c' does not match opening parenthesis '%c'", c,
                           bracket->open);
    }
    lexer->level--;
    if (bracket->field) {
        lexer->fstring[lexer->fstrings - 1].fields--;
        lexer->fstring[lexer->fstrings - 1].in_spec = 0;
    }
    return c == ')' ? TOK_RPAREN : c == ']' ? TOK_RBRACKET : TOK_RBRACE;
}

/* second: the token when '=' follows */
static int maybe_equal(Lexer *lexer, int first, int second) {
    if (*lexer->cur != '=')
        return first;
    lexer->cur++;
    return second;
}

static int doubled(Lexer *lexer, char c, int one, int one_equal, int two, int two_equal) {
    if (*lexer->cur == c) {
        lexer->cur++;
        return maybe_equal(lexer, two, two_equal);
    }
    return maybe_equal(lexer, one, one_equal);
}

static int read_colon(Lexer *lexer) {
    /* At the outer level of a replacement field a colon begins the format specification, even before '='. */
    if (lexer->level > 0 && lexer->brackets[lexer->level - 1].field == 1) {
        lexer->brackets[lexer->level - 1].field = 2;
        lexer->fstring[lexer->fstrings - 1].in_spec = 1;
        return TOK_COLON;
    }
    return maybe_equal(lexer, TOK_COLON, TOK_COLONEQUAL);
}

static int read_operator(Lexer *lexer, char c) {
    switch (c) {
    case '(':
    case '[':
    case '{':
        return open_bracket(lexer, c);
    case ')':
    case ']':
    case '}':
        return close_bracket(lexer, c);
    case ':':
        return read_colon(lexer);
    case ',':
        return TOK_COMMA;
    case ';':
        return TOK_SEMI;
    case '.':
        if (lexer->cur[0] == '.' && lexer->cur[1] == '.') {
            lexer->cur += 2;
            return TOK_ELLIPSIS;
        }
        if (lexer->cur[0] == '.' && lexer->cur + 1 >= lexer->end)
            lexer->done = LEX_EOF;
        return TOK_DOT;
    case '=':
        return maybe_equal(lexer, TOK_EQUAL, TOK_EQEQUAL);
    case '!':
        return maybe_equal(lexer, TOK_EXCLAMATION, TOK_NOTEQUAL);
    case '+':
        return maybe_equal(lexer, TOK_PLUS, TOK_PLUSEQUAL);
    case '-':
        if (*lexer->cur == '>') {
            lexer->cur++;
            return TOK_ARROW;
        }
        return maybe_equal(lexer, TOK_MINUS, TOK_MINEQUAL);
    case '*':
        return doubled(lexer, c, TOK_STAR, TOK_STAREQUAL, TOK_DOUBLESTAR, TOK_DOUBLESTAREQUAL);
    case '/':
        return doubled(lexer, c, TOK_SLASH, TOK_SLASHEQUAL, TOK_DOUBLESLASH, TOK_DOUBLESLASHEQUAL);
    case '<':
        if (*lexer->cur == '>') {
            lexer->cur++;
            return TOK_NOTEQUAL;
        }
        return doubled(lexer, c, TOK_LESS, TOK_LESSEQUAL, TOK_LEFTSHIFT, TOK_LEFTSHIFTEQUAL);
    case '>':
        return doubled(lexer, c, TOK_GREATER, TOK_GREATEREQUAL, TOK_RIGHTSHIFT, TOK_RIGHTSHIFTEQUAL);
    case '%':
        return maybe_equal(lexer, TOK_PERCENT, TOK_PERCENTEQUAL);
    case '@':
        return maybe_equal(lexer, TOK_AT, TOK_ATEQUAL);
    case '&':
        return maybe_equal(lexer, TOK_AMPER, TOK_AMPEREQUAL);
    case '|':
        return maybe_equal(lexer, TOK_VBAR, TOK_VBAREQUAL);
    case '^':
        return maybe_equal(lexer, TOK_CIRCUMFLEX, TOK_CIRCUMFLEXEQUAL);
    case '~':
        return TOK_TILDE;
    case '$':
    case '?':
    case '`':
        return TOK_STRAY;
    default:
        return lexer_error(lexer, -1, -1, "invalid non-printable character U+%04X", (unsigned)(unsigned char)c);
    }
}

/* Letters that may stand before a quote: at most one of b and u, f alone or with r, r with b or f. */
static int string_prefix(const char *text, size_t length, int *is_format, int *is_raw) {
    int bytes = 0, unicode = 0, format = 0, raw = 0;
    for (size_t i = 0; i < length; i++) {
        switch (text[i] | 0x20) {
        case 'b':
            bytes++;
            break;
        case 'u':
            unicode++;
            break;
        case 'f':
            format++;
            break;
        case 'r':
            raw++;
            break;
        default:
            return 0;
        }
    }
    if (bytes > 1 || unicode > 1 || format > 1 || raw > 1 || bytes + unicode + format > 1 || (unicode && raw))
        return 0;
    *is_format = format;
    *is_raw = raw;
    return 1;
}

static int read_name(Lexer *lexer, Token *token) {
    const unsigned char *at = (const unsigned char *)lexer->cur;
    uint32_t hash = 0;
    unsigned high = 0;
    while (char_class[*at] & C_NAME) {
        high |= *at;
        hash = hash * 31 + *at++;
    }
    size_t length = (size_t)((const char *)at - lexer->cur);
    int is_format, is_raw;
    if ((*at == '"' || *at == '\'') && length <= 2 && string_prefix(lexer->cur, length, &is_format, &is_raw)) {
        lexer->cur += length;
        return is_format ? lex_fstring_start(lexer, token, is_raw) : lex_string(lexer, token);
    }
    lexer->cur = (const char *)at;
    if (high & 0x80)
        return lex_name_unicode(lexer, token);
    uint8_t kind = TOK_NAME;
    token->name = lexer_intern(lexer, token->start, length, hash, &kind);
    return token->name ? kind : lexer_nomem(lexer);
}

static int at_end_of_input(Lexer *lexer) {
    lexer->done = LEX_EOF;
    return lexer->level ? TOK_ERROR : TOK_ENDMARKER;
}

/* A token with text: from token->start, on the line where it began, to cur. */
static int finish(Lexer *lexer, Token *token, int kind, const char *first_line_start) {
    token->kind = (uint8_t)kind;
    token->level = (uint16_t)lexer->level;
    token->col = (int)(token->start - first_line_start);
    token->end_line = lexer->line;
    token->end_col = (int)(lexer->cur - lexer->line_start);
    token->length = (uint32_t)(lexer->cur - token->start);
    lexer->token_start = NULL;
    return kind;
}

static void finish_empty(Lexer *lexer, Token *token, int kind) {
    token->kind = (uint8_t)kind;
    token->level = (uint16_t)lexer->level;
    token->line = token->end_line = lexer->line;
    token->col = token->end_col = -1;
    token->start = lexer->cur;
    token->length = 0;
    lexer->token_start = NULL;
}

/* Skips to the next token. A kind when that is decided by layout alone, -1 when cur is on a token's first
 * byte. */
static int skip_layout(Lexer *lexer, Token *token) {
    int blank = 0;
next_line:
    lexer->token_start = NULL;
    lexer_begin_line(lexer);
    if (lexer->at_indent && !measure_indent(lexer, &blank))
        return TOK_ERROR;
    if (lexer->pending) {
        int kind = lexer->pending < 0 ? TOK_DEDENT : TOK_INDENT;
        lexer->pending += lexer->pending < 0 ? 1 : -1;
        return kind;
    }
    for (;;) {
        while (*lexer->cur == ' ' || *lexer->cur == '\t' || *lexer->cur == '\f')
            lexer->cur++;
        token->start = lexer->token_start = lexer->cur;
        if (*lexer->cur == '#')
            lexer->cur = line_end(lexer);
        if (*lexer->cur == '\n') {
            lexer->cur++;
            lexer->at_line_begin = lexer->at_indent = 1;
            if (blank || lexer->level > 0) {
                blank = 0;
                goto next_line;
            }
            return TOK_NEWLINE;
        }
        if (lexer->cur >= lexer->end)
            return at_end_of_input(lexer);
        if (*lexer->cur != '\\')
            return -1;
        lexer->cur++;
        if (!join_line(lexer))
            return TOK_ERROR;
    }
}

static void lex_python(Lexer *lexer, Token *token) {
    int kind = skip_layout(lexer, token);
    if (kind == TOK_NEWLINE) {
        token->line = lexer->line;
        finish(lexer, token, kind, lexer->line_start);
        return;
    }
    if (kind >= 0) {
        finish_empty(lexer, token, kind);
        return;
    }
    const char *first_line_start = lexer->line_start;
    token->line = lexer->line;
    unsigned char c = (unsigned char)*lexer->cur;
    if (char_class[c] & C_NAME_START) {
        kind = read_name(lexer, token);
    } else if ((char_class[c] & C_DIGIT) || (c == '.' && (char_class[(unsigned char)lexer->cur[1]] & C_DIGIT))) {
        kind = lex_number(lexer);
    } else if (c == '"' || c == '\'') {
        kind = lex_string(lexer, token);
    } else {
        lexer->cur++;
        kind = read_operator(lexer, (char)c);
    }
    if (kind == TOK_ERROR)
        finish_empty(lexer, token, kind);
    else
        finish(lexer, token, kind, first_line_start);
    /* Only strings that are not empty end without a look at the byte behind them. */
    if (lexer->cur >= lexer->end && lexer->done == LEX_OK && kind != TOK_STRING && kind != TOK_FSTRING_START)
        lexer->done = LEX_EOF;
}

void lexer_next(Lexer *lexer, Token *token) {
    token->name = NULL;
    token->raw = token->warned = 0;
    if (!in_fstring_literal(lexer)) {
        lex_python(lexer, token);
        return;
    }
    lexer_begin_line(lexer);
    token->start = lexer->token_start = lexer->cur;
    token->line = lexer->line;
    const char *first_line_start = lexer->line_start;
    int kind = lex_fstring_middle(lexer, token);
    if (kind == TOK_ERROR) {
        finish_empty(lexer, token, kind);
        return;
    }
    /* of a doubled brace the token's text keeps one, while it reaches behind both */
    uint32_t dropped = token->length;
    finish(lexer, token, kind, first_line_start);
    token->length -= dropped;
}
