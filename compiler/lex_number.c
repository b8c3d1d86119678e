/* Number literals: where they end, and the exact error when one is malformed.
 *
 * Invariant: on success cur is behind the literal; the value is made later, from the token's text. */
#include "lexer.h"

#include <string.h>

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static int is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

static int bad(Lexer *lexer, const char *at, const char *kind) {
    lexer->cur = at;
    return lexer_error(lexer, -1, -1, "invalid %s literal", kind);
}

static int is_name_byte(char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (unsigned char)c >= 0x80;
}

static int word_at(const char *at, const char *word) {
    size_t length = strlen(word);
    return strncmp(at, word, length) == 0 && !is_name_byte(at[length]);
}

/* A keyword that can follow a number in valid code is still let through when it touches the number, with a
 * warning. */
static int touches_keyword(const char *at) {
    switch (*at) {
    case 'a':
        return word_at(at, "and");
    case 'e':
        return word_at(at, "else");
    case 'f':
        return word_at(at, "for");
    case 'i':
        return at[1] == 'f' || at[1] == 'n' || at[1] == 's';
    case 'o':
        return word_at(at, "or");
    case 'n':
        return word_at(at, "not");
    default:
        return 0;
    }
}

static int end_number(Lexer *lexer, const char *at, const char *kind) {
    lexer->cur = at;
    if (touches_keyword(at)) {
        int col = lex_utf8_count(lexer->line_start, (size_t)(at - lexer->line_start));
        if (!lexer_warn(lexer, lexer->line, col, lexer->line, col, "invalid %s literal", kind))
            return lexer_nomem(lexer);
        return TOK_NUMBER;
    }
    if (is_name_byte(*at) && (unsigned char)*at < 0x80)
        return bad(lexer, at, kind);
    return TOK_NUMBER;
}

/* Digits with single underscores between them. NULL: error reported. */
static const char *decimal_tail(Lexer *lexer, const char *at) {
    for (;;) {
        while (is_digit(*at))
            at++;
        if (*at != '_')
            return at;
        at++;
        if (!is_digit(*at)) {
            bad(lexer, at, "decimal");
            return NULL;
        }
    }
}

static int radix_number(Lexer *lexer, const char *at, int base) {
    const char *kind = base == 16 ? "hexadecimal" : base == 8 ? "octal" : "binary";
    do {
        if (*at == '_')
            at++;
        if (base == 16 ? !is_hex(*at) : *at < '0' || *at >= '0' + base) {
            if (base != 16 && is_digit(*at)) {
                lexer->cur = at + 1;
                return lexer_error(lexer, -1, -1, "invalid digit '%c' in %s literal", *at, kind);
            }
            return bad(lexer, at, kind);
        }
        while (base == 16 ? is_hex(*at) : *at >= '0' && *at < '0' + base)
            at++;
    } while (*at == '_');
    if (base != 16 && is_digit(*at)) {
        lexer->cur = at + 1;
        return lexer_error(lexer, -1, -1, "invalid digit '%c' in %s literal", *at, kind);
    }
    return end_number(lexer, at, kind);
}

static int imaginary(Lexer *lexer, const char *at) { return end_number(lexer, at + 1, "imaginary"); }

/* at: an 'e', or whatever stands behind the digits */
static int exponent(Lexer *lexer, const char *at) {
    if (*at == 'e' || *at == 'E') {
        const char *mark = at++;
        if (*at == '+' || *at == '-') {
            at++;
            if (!is_digit(*at))
                return bad(lexer, at, "decimal");
        } else if (!is_digit(*at)) {
            return end_number(lexer, mark, "decimal");
        }
        at = decimal_tail(lexer, at);
        if (!at)
            return TOK_ERROR;
    }
    if (*at == 'j' || *at == 'J')
        return imaginary(lexer, at);
    return end_number(lexer, at, "decimal");
}

static int fraction(Lexer *lexer, const char *at) {
    if (is_digit(*at)) {
        at = decimal_tail(lexer, at);
        if (!at)
            return TOK_ERROR;
    }
    return exponent(lexer, at);
}

static int zero_first(Lexer *lexer, const char *at) {
    const char *start = at++;
    switch (*at) {
    case 'x':
    case 'X':
        return radix_number(lexer, at + 1, 16);
    case 'o':
    case 'O':
        return radix_number(lexer, at + 1, 8);
    case 'b':
    case 'B':
        return radix_number(lexer, at + 1, 2);
    default:
        break;
    }
    for (;;) {
        if (*at == '_') {
            at++;
            if (!is_digit(*at))
                return bad(lexer, at, "decimal");
        }
        if (*at != '0')
            break;
        at++;
    }
    const char *zeros_end = at + 1;
    int nonzero = is_digit(*at);
    if (nonzero) {
        at = decimal_tail(lexer, at);
        if (!at)
            return TOK_ERROR;
    }
    if (*at == '.')
        return fraction(lexer, at + 1);
    if (*at == 'e' || *at == 'E')
        return exponent(lexer, at);
    if (*at == 'j' || *at == 'J')
        return imaginary(lexer, at);
    if (nonzero) {
        lexer->cur = at;
        return lexer_error(lexer, (int)(start + 1 - lexer->line_start), (int)(zeros_end - lexer->line_start),
                           "leading zeros in decimal integer literals are not permitted; "
                           "use an 0o prefix for octal integers");
    }
    return end_number(lexer, at, "decimal");
}

int lex_number(Lexer *lexer) {
    const char *at = lexer->cur;
    if (*at == '.')
        return fraction(lexer, at + 1);
    if (*at == '0')
        return zero_first(lexer, at);
    at = decimal_tail(lexer, at);
    if (!at)
        return TOK_ERROR;
    if (*at == '.')
        return fraction(lexer, at + 1);
    return exponent(lexer, at);
}
