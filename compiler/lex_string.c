/* String literals and the literal parts of f-strings: where they end. Their escapes are decoded by the
 * parser.
 *
 * Invariant: an f-string's fields are brackets on the lexer's one bracket stack, so that closing, nesting
 * and mismatches need no second book-keeping; FString.fields counts those of the innermost string. */
#include "lexer.h"

#include <string.h>

static int quote_run(const char *at, char quote) {
    return at[0] == quote && at[1] == quote && at[2] == quote ? 3 : 1;
}

static void enter_line(Lexer *lexer) {
    lexer->at_line_begin = 1;
    lexer_begin_line(lexer);
}

/* Reports at the first byte of the token that began at start. */
static int unterminated(Lexer *lexer, const char *start, int line, const char *line_start, int quote_size,
                        const char *what, int escaped_quote) {
    int detected = lexer->line;
    lexer->cur = start + 1;
    lexer->line = line;
    lexer->line_start = line_start;
    if (what[0] == 'f' && quote_size == 0)
        return lexer_error(lexer, -1, -1, "f-string: expecting '}'");
    return lexer_error(lexer, -1, -1, "unterminated %s%s literal (detected at line %d)%s",
                       quote_size == 3 ? "triple-quoted " : "", what, detected,
                       escaped_quote ? "; perhaps you escaped the end quote?" : "");
}

int lex_string(Lexer *lexer, Token *token) {
    char quote = *lexer->cur;
    int quote_size = quote_run(lexer->cur, quote);
    int first_line = lexer->line;
    const char *first_line_start = lexer->line_start;
    int escaped_quote = 0;
    if (quote_size == 1 && lexer->cur[1] == quote) {
        lexer->cur += 2;
        if (lexer->cur >= lexer->end)
            lexer->done = LEX_EOF;
        return TOK_STRING;
    }
    lexer->cur += quote_size;
    for (;;) {
        const char *at = lexer->cur;
        while (*at != quote && *at != '\\' && *at != '\n' && *at)
            at++;
        lexer->cur = at;
        if (*at == quote) {
            if (quote_size == 1 || quote_run(at, quote) == 3) {
                lexer->cur += quote_size;
                return TOK_STRING;
            }
            lexer->cur++;
        } else if (at >= lexer->end || (*at == '\n' && quote_size == 1)) {
            break;
        } else if (*at == '\n') {
            lexer->cur++;
            enter_line(lexer);
        } else {
            lexer->cur++;
            if (*lexer->cur == '\n') {
                lexer->cur++;
                enter_line(lexer);
            } else if (lexer->cur < lexer->end) {
                escaped_quote |= *lexer->cur == quote;
                lexer->cur++;
            }
        }
    }
    int cut_off = lexer->cur >= lexer->end;
    /* Inside a field of an f-string with the same quotes, it is the field that is not closed. */
    const FString *outer = lexer->fstrings ? &lexer->fstring[lexer->fstrings - 1] : NULL;
    if (outer && outer->quote == quote && outer->quote_size == quote_size)
        return unterminated(lexer, token->start, first_line, first_line_start, 0, "f-string", 0);
    lexer->ended_in_string = cut_off;
    return unterminated(lexer, token->start, first_line, first_line_start, quote_size, "string",
                        quote_size == 1 && escaped_quote);
}

int lex_fstring_start(Lexer *lexer, Token *token, int raw) {
    char quote = *lexer->cur;
    int quote_size = quote_run(lexer->cur, quote);
    lexer->cur += quote_size;
    if (lexer->fstrings + 1 >= LEX_MAX_FSTRING)
        return lexer_error(lexer, -1, -1, "too many nested f-strings");
    lexer->fstring[lexer->fstrings++] = (FString){
        .quote = quote,
        .quote_size = (uint8_t)quote_size,
        .raw = (uint8_t)raw,
        .level = lexer->level,
        .line = lexer->line,
        .start = token->start,
        .line_start = lexer->line_start,
    };
    token->raw = (uint8_t)raw;
    return TOK_FSTRING_START;
}

static int open_field(Lexer *lexer, FString *string) {
    string->field_next = 0;
    if (string->fields >= LEX_MAX_FIELD_NESTING)
        return lexer_error(lexer, -1, -1, "f-string: expressions nested too deeply");
    lexer->cur++;
    if (lexer->level >= LEX_MAX_LEVEL)
        return lexer_error(lexer, -1, -1, "too many nested parentheses");
    lexer->brackets[lexer->level++] = (Bracket){
        .open = '{',
        .field = 1,
        .line = lexer->line,
        .col = (int)(lexer->cur - 1 - lexer->line_start),
    };
    string->fields++;
    return TOK_LBRACE;
}

static int end_fstring(Lexer *lexer, FString *string) {
    lexer->cur += string->quote_size;
    /* A specification still open belongs to no string any more: its brace is one like others. */
    for (int i = string->level; i < lexer->level; i++)
        lexer->brackets[i].field = 0;
    lexer->fstrings--;
    return TOK_FSTRING_END;
}

static int at_closing_quote(const char *at, const FString *string) {
    return string->quote_size == 1 ? *at == string->quote : quote_run(at, string->quote) == 3 && *at == string->quote;
}

/* cur is behind a backslash. 0: out of memory. */
static int skip_escape(Lexer *lexer, const FString *string, int *named) {
    char c = *lexer->cur;
    if (c == '{' || c == '}') {
        /* The brace keeps its meaning; the backslash is an escape of nothing. */
        int col = lex_utf8_count(lexer->line_start, (size_t)(lexer->cur - lexer->line_start));
        if (!string->raw &&
            !lexer_warn(lexer, lexer->line, col, lexer->line, col + 1, "invalid escape sequence '\\%c'", c))
            return 0;
        return 1;
    }
    if (c == '\n') {
        lexer->cur++;
        enter_line(lexer);
    } else if (lexer->cur < lexer->end) {
        lexer->cur++;
        if (c == 'N' && !string->raw && *lexer->cur == '{') {
            lexer->cur++;
            *named = 1;
        }
    }
    return 1;
}

/* Literal text has ended before a brace that belongs to a field. In a specification a closing brace is left
 * to the Python side of the lexer, behind a token that may be empty. */
static int before_brace(Lexer *lexer, FString *string, char brace) {
    if (brace == '{')
        string->field_next = 1;
    else if (string->fields)
        lexer->brackets[lexer->level - 1].field = 1;
    return TOK_FSTRING_MIDDLE;
}

/* Reads literal text up to a field, the closing quote, or behind a doubled pair of braces. token->length
 * tells how many of the last bytes read do not belong to the text: the pair's second brace. */
int lex_fstring_middle(Lexer *lexer, Token *token) {
    FString *string = &lexer->fstring[lexer->fstrings - 1];
    int in_spec = string->fields && string->in_spec;
    int named = 0;
    token->length = 0;
    token->raw = string->raw;
    if (string->field_next || (lexer->cur[0] == '{' && lexer->cur[1] != '{'))
        return open_field(lexer, string);
    if (at_closing_quote(lexer->cur, string))
        return end_fstring(lexer, string);
    if (!string->fields && lexer->cur[0] == '}' && lexer->cur[1] != '}') {
        lexer->cur++;
        return lexer_error(lexer, -1, -1, "f-string: single '}' is not allowed");
    }
    for (;;) {
        char c = *lexer->cur;
        if (lexer->cur >= lexer->end || (c == '\n' && string->quote_size == 1)) {
            if (c == '\n' && in_spec) {
                lexer->brackets[lexer->level - 1].field = 1;
                return TOK_FSTRING_MIDDLE;
            }
            lexer->ended_in_string = string->quote_size == 3;
            return unterminated(lexer, string->start, string->line, string->line_start, string->quote_size,
                                "f-string", 0);
        }
        if (at_closing_quote(lexer->cur, string))
            return TOK_FSTRING_MIDDLE;
        if ((c == '{' || c == '}') && !(c == '}' && named)) {
            if (lexer->cur[1] != c || in_spec || (c == '}' && string->fields))
                return before_brace(lexer, string, c);
            lexer->cur += 2;
            token->length = 1;
            return TOK_FSTRING_MIDDLE;
        }
        lexer->cur++;
        if (c == '}')
            return TOK_FSTRING_MIDDLE;
        if (c == '\n')
            enter_line(lexer);
        else if (c == '\\' && !skip_escape(lexer, string, &named))
            return lexer_nomem(lexer);
    }
}
