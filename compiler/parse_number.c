/* Numbers: from the lexer's token to the digits or the double in the syntax tree.
 *
 * Integers keep their digits (the compiler makes the value, of any size); floats are rounded here,
 * correctly, whatever the locale says about decimal points. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strtod_l */
#endif

#include "parse_internal.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INT_DIGITS = 4300 };

/* The literal without underscores, in the arena. */
static char *plain_text(Parser *p, const Token *token, size_t *length) {
    char *text = arena_alloc(p->arena, token->length + 1);
    if (!text) {
        raise_nomem(p);
        return NULL;
    }
    size_t n = 0;
    for (uint32_t i = 0; i < token->length; i++) {
        if (token->start[i] != '_')
            text[n++] = token->start[i];
    }
    text[n] = 0;
    *length = n;
    return text;
}

/* Exact when the digits fit a double's mantissa and the power of ten is itself exact. */
static int simple_double(const char *text, double *value) {
    static const double powers[] = {
        1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    };
    uint64_t mantissa = 0;
    int digits = 0, scale = 0, point = 0, exponent = 0, negative = 0;
    for (; (*text >= '0' && *text <= '9') || *text == '.'; text++) {
        if (*text == '.') {
            point = 1;
            continue;
        }
        mantissa = mantissa * 10 + (uint64_t)(*text - '0');
        if (mantissa && ++digits > 15)
            return 0;
        scale += point;
    }
    if (*text == 'e' || *text == 'E') {
        text++;
        if (*text == '-' || *text == '+')
            negative = *text++ == '-';
        for (; *text >= '0' && *text <= '9'; text++) {
            exponent = exponent * 10 + (*text - '0');
            if (exponent > 400)
                return 0;
        }
    }
    exponent = (negative ? -exponent : exponent) - scale;
    if (exponent < -22 || exponent > 22)
        return 0;
    *value = exponent < 0 ? (double)mantissa / powers[-exponent] : (double)mantissa * powers[exponent];
    return 1;
}

static int read_double(Parser *p, const char *text, double *value) {
    if (simple_double(text, value))
        return 1;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (c_locale == (locale_t)0) {
        raise_nomem(p);
        return 0;
    }
    *value = strtod_l(text, NULL, c_locale);
    freelocale(c_locale);
    return 1;
}

static int integer(Parser *p, const Token *token, Expr *e, const char *text, size_t length) {
    e->constant.kind = CONST_INT;
    e->constant.base = 10;
    if (length > 2 && text[0] == '0') {
        char c = text[1] | 0x20;
        e->constant.base = c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 10;
        if (e->constant.base != 10) {
            text += 2;
            length -= 2;
        }
    }
    if (e->constant.base == 10 && length > MAX_INT_DIGITS && !(p->flags & PARSE_FLAG_NO_INT_LIMIT)) {
        raise_span(p, PARSE_SYNTAX, (Span){token->line, -1, token->end_line, -1},
                   "Exceeds the limit (%d digits) for integer string conversion: value has %zu digits; "

                   "use sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer "
                   "literals to avoid decimal conversion limits.",
                   MAX_INT_DIGITS, length);
        return 0;
    }
    while (length > 1 && text[0] == '0') {
        text++;
        length--;
    }
    e->constant.str = text;
    e->constant.length = length;
    return 1;
}

Expr *p_number(Parser *p) {
    Start start = start_here(p);
    Token token = *peek(p);
    size_t length;
    p->mark++;
    Expr *e = new_expr(p, EXPR_CONSTANT, start);
    char *text = e ? plain_text(p, &token, &length) : NULL;
    if (!text)
        return NULL;
    int prefixed =
        length > 1 && text[0] == '0' && (text[1] | 0x20) >= 'a' && (text[1] | 0x20) != 'e' && (text[1] | 0x20) != 'j';
    char last = text[length - 1] | 0x20;
    if (!prefixed && last == 'j')
        e->constant.kind = CONST_COMPLEX;
    else if (!prefixed && strpbrk(text, ".eE"))
        e->constant.kind = CONST_FLOAT;
    else
        return integer(p, &token, e, text, length) ? e : NULL;
    if (last == 'j')
        text[length - 1] = 0;
    return read_double(p, text, &e->constant.number) ? e : NULL;
}
