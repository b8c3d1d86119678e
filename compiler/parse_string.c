/* String literals: escapes, concatenation of neighbours, f-strings (PEP 701).
 *
 * Invariant: neighbouring literal pieces become one constant, empty ones vanish beside a field, and a
 * JoinedStr is made only where the source has an f-string. Errors in escapes count positions as CPython
 * does: in a text where each non-ASCII character stands as its ten-character escape. */
#include "parse_internal.h"

#include <string.h>

#include "unicode_names.h"

/* ---- escapes ---- */

typedef struct Decoder {
    Parser *p;
    const char *text, *end; /* the literal's content */
    char *out;
    int token;                 /* index of the token to blame */
    const char *first_invalid; /* the character behind the first backslash that escapes nothing */
} Decoder;

/* Where CPython's decoder would be, having read up to at. */
static int escape_position(const char *text, const char *at) {
    int position = 0;
    while (text < at) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x80) {
            position++;
            text++;
            if (c == '\\' && text < at) {
                if ((unsigned char)*text >= 0x80)
                    position += 5;
                else {
                    position++;
                    text++;
                }
            }
        } else {
            position += 10;
            do
                text++;
            while (((unsigned char)*text & 0xC0) == 0x80);
        }
    }
    return position;
}

static int unicode_error(Decoder *d, const char *start, const char *stop, const char *what) {
    Span span = span_of_token(&d->p->tokens[d->token]);
    int first = escape_position(d->text, start), last = escape_position(d->text, stop) - 1;
    if (first == last)
        raise_span(d->p, PARSE_SYNTAX, span,
                   "(unicode error) 'unicodeescape' codec can't decode byte 0x5c in position %d: %s", first, what);
    else
        raise_span(d->p, PARSE_SYNTAX, span,
                   "(unicode error) 'unicodeescape' codec can't decode bytes in position "
                   "%d-%d: %s",
                   first, last, what);
    return 0;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* at is behind the letter. NULL: error. */
static const char *hex_escape(Decoder *d, const char *start, const char *at, int digits, const char *what) {
    uint32_t code = 0;
    for (int i = 0; i < digits; i++, at++) {
        int value = at < d->end ? hex_value(*at) : -1;
        if (value < 0) {
            unicode_error(d, start, at, what);
            return NULL;
        }
        code = code << 4 | (uint32_t)value;
    }
    if (code > 0x10FFFF) {
        unicode_error(d, start, at, "illegal Unicode character");
        return NULL;
    }
    d->out += lex_utf8_encode((int)code, d->out);
    return at;
}

static const char *named_escape(Decoder *d, const char *start, const char *at) {
    static const char malformed[] = "malformed \\N character escape";
    if (at >= d->end || *at != '{') {
        unicode_error(d, start, at, malformed);
        return NULL;
    }
    const char *name = ++at;
    while (at < d->end && *at != '}')
        at++;
    if (at >= d->end || at == name) {
        unicode_error(d, start, at, malformed);
        return NULL;
    }
    int code = unicode_name_lookup(&d->p->names_library, name, (size_t)(at - name));
    at++;
    if (code == UNICODE_NAME_NO_LIBRARY) {
        raise_span(d->p, PARSE_SYNTAX, span_of_token(&d->p->tokens[d->token]),
                   "(unicode error) \\N escapes not supported (can't load libunistring, which has the "
                   "character names)");
        return NULL;
    }
    if (code < 0) {
        unicode_error(d, start, at, "unknown Unicode character name");
        return NULL;
    }
    d->out += lex_utf8_encode(code, d->out);
    return at;
}

/* Up to three octal digits from at on. */
static const char *octal_escape(Decoder *d, const char *at, int *code) {
    const char *start = at;
    *code = 0;
    for (int i = 0; i < 3 && at < d->end && *at >= '0' && *at <= '7'; i++)
        *code = *code * 8 + (*at++ - '0');
    if (*code > 0377 && !d->first_invalid)
        d->first_invalid = start;
    return at;
}

/* The one-character escapes both kinds of strings know; -1: none, -2: a joined line. */
static int simple_escape(char c) {
    switch (c) {
    case '\n':
        return -2;
    case '\\':
    case '\'':
    case '"':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 't':
        return '\t';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 'v':
        return '\v';
    case 'a':
        return '\a';
    default:
        return -1;
    }
}

/* at is behind the backslash. NULL: error. */
static const char *text_escape(Decoder *d, const char *at) {
    const char *start = at - 1;
    if (at >= d->end || (unsigned char)*at >= 0x80) {
        *d->out++ = '\\';
        return at;
    }
    char c = *at++;
    int code = simple_escape(c);
    if (code == -2)
        return at;
    if (code >= 0) {
        *d->out++ = (char)code;
        return at;
    }
    switch (c) {
    case 'x':
        return hex_escape(d, start, at, 2, "truncated \\xXX escape");
    case 'u':
        return hex_escape(d, start, at, 4, "truncated \\uXXXX escape");
    case 'U':
        return hex_escape(d, start, at, 8, "truncated \\UXXXXXXXX escape");
    case 'N':
        return named_escape(d, start, at);
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
        at = octal_escape(d, at - 1, &code);
        d->out += lex_utf8_encode(code, d->out);
        return at;
    default:
        if (!d->first_invalid)
            d->first_invalid = at - 1;
        *d->out++ = '\\';
        *d->out++ = c;
        return at;
    }
}

static const char *bytes_escape(Decoder *d, const char *at) {
    char c = *at++;
    int code = simple_escape(c);
    if (code == -2)
        return at;
    if (code >= 0) {
        *d->out++ = (char)code;
    } else if (c >= '0' && c <= '7') {
        at = octal_escape(d, at - 1, &code);
        *d->out++ = (char)code;
    } else if (c == 'x') {
        int high = at < d->end ? hex_value(at[0]) : -1;
        int low = high >= 0 && at + 1 < d->end ? hex_value(at[1]) : -1;
        if (low < 0) {
            raise_span(d->p, PARSE_SYNTAX, span_of_token(&d->p->tokens[d->token]),
                       "(value error) invalid \\x escape at position %d", (int)(at - 2 - d->text));
            return NULL;
        }
        *d->out++ = (char)(high << 4 | low);
        at += 2;
    } else {
        if (!d->first_invalid)
            d->first_invalid = at - 1;
        *d->out++ = '\\';
        *d->out++ = c;
    }
    return at;
}

static int warn_escape(Decoder *d) {
    Parser *p = d->p;
    Token *token = &p->tokens[d->token];
    char c = *d->first_invalid;
    if (p->diagnosing || token->warned)
        return 1;
    if ((token->kind == TOK_FSTRING_MIDDLE || token->kind == TOK_FSTRING_END) && (c == '{' || c == '}'))
        return 1; /* the lexer has warned of it */
    const char *line_start = token->start - token->col;
    int col = token->line == token->end_line || token->kind == TOK_STRING
                  ? lex_utf8_count(line_start, (size_t)token->col) + 1
                  : token->col + 1;
    int end_col = col + (int)token->length;
    int ok = c >= '4' && c <= '7' ? lexer_warn(&p->lexer, token->line, col, token->end_line, end_col,
                                               "invalid octal escape sequence '\\%.3s'", d->first_invalid)
                                  : lexer_warn(&p->lexer, token->line, col, token->end_line, end_col,
                                               "invalid escape sequence '\\%c'", c);
    if (!ok)
        raise_nomem(p);
    return ok;
}

/* The value of a literal's content, in the arena, ending with a NUL. NULL: error. */
static char *decode(Parser *p, const char *text, size_t n, int raw, int bytes, int token, size_t *length) {
    char *out = arena_alloc(p->arena, n + 1);
    if (!out) {
        raise_nomem(p);
        return NULL;
    }
    if (raw || !memchr(text, '\\', n)) {
        memcpy(out, text, n);
        out[n] = 0;
        *length = n;
        return out;
    }
    Decoder d = {.p = p, .text = text, .end = text + n, .out = out, .token = token};
    const char *at = text;
    while (at && at < d.end) {
        const char *stop = memchr(at, '\\', (size_t)(d.end - at));
        size_t run = (size_t)((stop ? stop : d.end) - at);
        memcpy(d.out, at, run);
        d.out += run;
        at += run;
        if (stop)
            at = bytes ? bytes_escape(&d, stop + 1) : text_escape(&d, stop + 1);
    }
    if (!at || (d.first_invalid && !warn_escape(&d)))
        return NULL;
    *d.out = 0;
    *length = (size_t)(d.out - out);
    return out;
}

/* ---- constants ---- */

static Expr *string_node(Parser *p, Span span, int kind, const char *text, size_t length) {
    Expr *e = new_expr(p, EXPR_CONSTANT, (Start){span.line, span.col});
    if (e) {
        e->span = span;
        e->constant.kind = (uint8_t)kind;
        e->constant.str = text;
        e->constant.length = length;
    }
    return e;
}

static Expr *plain_string(Parser *p) {
    int index = p->mark;
    Token token = *peek(p);
    int raw = 0, bytes = 0, u_prefix = 0;
    const char *at = token.start;
    p->mark++;
    for (; *at != '\'' && *at != '"'; at++) {
        switch (*at | 0x20) {
        case 'r':
            raw = 1;
            break;
        case 'b':
            bytes = 1;
            break;
        default:
            u_prefix = *at == 'u';
            break;
        }
    }
    size_t n = (size_t)(token.start + token.length - at);
    size_t quotes = n >= 6 && at[1] == at[0] && at[2] == at[0] ? 3 : 1;
    at += quotes;
    n -= 2 * quotes;
    for (size_t i = 0; bytes && i < n; i++) {
        if ((unsigned char)at[i] >= 0x80) {
            raise_span(p, PARSE_SYNTAX, span_of_token(&token), "bytes can only contain ASCII literal characters");
            return NULL;
        }
    }
    size_t length;
    char *text = decode(p, at, n, raw, bytes, index, &length);
    Expr *e = text ? string_node(p, span_of_token(&token), bytes ? CONST_BYTES : CONST_STR, text, length) : NULL;
    if (e)
        e->constant.u_prefix = (uint8_t)u_prefix;
    return e;
}

/* ---- f-strings: elements are pushed to the scratch stack as Expr pointers ---- */

static int replacement_field(Parser *p);

static int push(Parser *p, Expr *e) { return e && scratch_push(p, &e, sizeof e); }

/* A piece of literal text; blamed: the token that errors and warnings point at. */
static int push_literal(Parser *p, int index, int blamed, int raw) {
    Token token = p->tokens[index];
    size_t length;
    char *text = decode(p, token.start, token.length, raw, 0, blamed, &length);
    return text && push(p, string_node(p, span_of_token(&token), CONST_STR, text, length));
}

/* The text shown by "{expr=}": the source up to the delimiter, without comments. */
static Expr *debug_text(Parser *p, int open, int delimiter) {
    const Token *brace = &p->tokens[open], *stop = &p->tokens[delimiter];
    const char *at = brace->start + 1, *end = stop->start;
    char *out = arena_alloc(p->arena, (size_t)(end - at) + 1);
    if (!out) {
        raise_nomem(p);
        return NULL;
    }
    size_t n = 0;
    char quote = 0;
    for (; at < end; at++) {
        if (quote ? *at == quote : *at == '\'' || *at == '"')
            quote = quote ? 0 : *at;
        if (*at == '#' && !quote) {
            while (at < end && *at != '\n')
                at++;
            if (at == end)
                break;
        }
        out[n++] = *at;
    }
    out[n] = 0;
    return string_node(p, (Span){brace->line, brace->col + 1, stop->line, stop->col}, CONST_STR, out, n);
}

/* Merges neighbouring constants from base on, drops empty ones, and takes the rest. */
static int take_merged(Parser *p, size_t base, ExprSeq *seq) {
    int n;
    Expr **all = scratch_take(p, base, sizeof(Expr *), &n);
    int kept = 0;
    if (p->failed)
        return 0;
    for (int i = 0; i < n;) {
        Expr *e = all[i++];
        if (e->kind != EXPR_CONSTANT) {
            all[kept++] = e;
            continue;
        }
        size_t total = e->constant.length;
        int stop = i;
        while (stop < n && all[stop]->kind == EXPR_CONSTANT)
            total += all[stop++]->constant.length;
        if (stop > i) {
            char *text = arena_alloc(p->arena, total + 1);
            if (!text) {
                raise_nomem(p);
                return 0;
            }
            size_t at = 0;
            for (int k = i - 1; k < stop; k++) {
                memcpy(text + at, all[k]->constant.str, all[k]->constant.length);
                at += all[k]->constant.length;
            }
            text[at] = 0;
            Span span = {e->line, e->col, all[stop - 1]->end_line, all[stop - 1]->end_col};
            int u_prefix = e->constant.u_prefix;
            e = string_node(p, span, CONST_STR, text, total);
            if (!e)
                return 0;
            e->constant.u_prefix = (uint8_t)u_prefix;
            i = stop;
        }
        if (total)
            all[kept++] = e;
    }
    seq->n = kept;
    seq->at = kept ? all : NULL;
    return 1;
}

/* ':' is read: the specification up to the field's closing brace */
static Expr *format_spec(Parser *p, Start start) {
    size_t base = p->scratch_size;
    for (;;) {
        int kind = peek_kind(p);
        int index = p->mark;
        if (kind == TOK_FSTRING_MIDDLE) {
            p->mark++;
            if (!push_literal(p, index, index, 0))
                return NULL;
        } else if (kind != TOK_LBRACE || !replacement_field(p)) {
            break;
        }
    }
    if (p->failed)
        return NULL;
    Expr *e = new_expr(p, EXPR_JOINEDSTR, start);
    return e && take_merged(p, base, &e->joined.values) ? e : NULL;
}

/* '!' NAME; *name is the index of the name's token. 0: not there, or an error */
static int conversion(Parser *p, int *name) {
    int mark = p->mark;
    Span bang = span_of_token(peek(p));
    p->mark++;
    const Token *token = peek(p);
    if (token->kind != TOK_NAME) {
        p->mark = mark;
        return 0;
    }
    if (token->line != bang.line || token->col != bang.end_col) {
        raise_range(p, bang, span_of_token(token),
                    "f-string: conversion type must come right after the exclamanation mark");
        return 0;
    }
    *name = p->mark++;
    return 1;
}

/* 's', 'r' or 'a'; 0: reported. Checked only when the field is complete, so that what is missing is
 * reported first. */
static int conversion_character(Parser *p, int token) {
    const Name *name = p->tokens[token].name;
    char c = name->text[0];
    if (name->length == 1 && (c == 's' || c == 'r' || c == 'a'))
        return c;
    raise_span(p, PARSE_SYNTAX, span_of_token(&p->tokens[token]),
               "f-string: invalid conversion character '%s': expected 's', 'r', or 'a'", name->text);
    return 0;
}

static int field_at(Parser *p, Start start, int open) {
    p->mark++;
    Expr *value = p_annotated_rhs(p);
    if (!value)
        return 0;
    int debug = accept(p, TOK_EQUAL);
    int delimiter = p->mark;
    int conv = -1, conv_token = -1;
    Expr *spec = NULL;
    if (peek_kind(p) == TOK_EXCLAMATION && !conversion(p, &conv_token) && p->failed)
        return 0;
    if (peek_kind(p) == TOK_COLON) {
        Start at = start_here(p);
        p->mark++;
        spec = format_spec(p, at);
        if (!spec)
            return 0;
    }
    if (!accept(p, TOK_RBRACE))
        return 0;
    if (conv_token >= 0 && !(conv = conversion_character(p, conv_token)))
        return 0;
    Expr *e = new_expr(p, EXPR_FORMATTEDVALUE, start);
    if (!e)
        return 0;
    e->formatted.value = value;
    e->formatted.format_spec = spec;
    e->formatted.conversion = debug && conv < 0 && !spec ? 'r' : conv;
    if (debug && !push(p, debug_text(p, open, delimiter)))
        return 0;
    return push(p, e);
}

static int replacement_field(Parser *p) {
    int mark = p->mark;
    size_t base = p->scratch_size;
    if (!parser_enter(p))
        return 0;
    int ok = field_at(p, start_here(p), mark);
    parser_leave(p);
    if (ok || p->failed)
        return ok && !p->failed;
    p->scratch_size = base;
    p->mark = mark;
    if (is_examining(p)) {
        diag_field(p);
        p->mark = mark;
    }
    return 0;
}

/* Decodes the literal pieces from base on, and drops those that come out empty. */
static int decode_pieces(Parser *p, size_t base, int raw) {
    int n = (int)((p->scratch_size - base) / sizeof(Expr *));
    p->scratch_size = base;
    for (int i = 0; i < n; i++) {
        Expr *e;
        memcpy(&e, p->scratch + base + (size_t)i * sizeof e, sizeof e);
        if (e->mark) {
            size_t length;
            const char *text = decode(p, e->constant.str, e->constant.length, raw, 0, p->mark - 1, &length);
            if (!text)
                return 0;
            e->mark = 0;
            e->constant.str = text;
            e->constant.length = length;
            if (length == 0)
                continue;
        }
        memcpy(p->scratch + p->scratch_size, &e, sizeof e);
        p->scratch_size += sizeof e;
    }
    return 1;
}

/* The literal pieces are decoded last, when the closing token is known, since errors point there. */
static int fstring(Parser *p) {
    int raw = peek(p)->raw;
    size_t base = p->scratch_size;
    p->mark++;
    for (;;) {
        int kind = peek_kind(p);
        if (kind == TOK_FSTRING_MIDDLE) {
            Token token = *peek(p);
            Expr *e = string_node(p, span_of_token(&token), CONST_STR, token.start, token.length);
            p->mark++;
            if (!push(p, e))
                return 0;
            e->mark = 1;
        } else if (kind != TOK_LBRACE || !replacement_field(p)) {
            break;
        }
    }
    if (p->failed || !accept(p, TOK_FSTRING_END)) {
        p->scratch_size = base;
        return 0;
    }
    if (!decode_pieces(p, base, raw))
        return 0;
    p->tokens[p->mark - 1].warned = 1;
    return 1;
}

/* Plain literals only: one constant out of all. */
static Expr *joined_constant(Parser *p, Start start, ExprSeq parts) {
    Expr *e = new_expr(p, EXPR_CONSTANT, start);
    size_t total = 0, at = 0;
    for (int i = 0; i < parts.n; i++)
        total += parts.at[i]->constant.length;
    char *text = e ? arena_alloc(p->arena, total + 1) : NULL;
    if (!text) {
        raise_nomem(p);
        return NULL;
    }
    for (int i = 0; i < parts.n; i++) {
        memcpy(text + at, parts.at[i]->constant.str, parts.at[i]->constant.length);
        at += parts.at[i]->constant.length;
    }
    text[at] = 0;
    e->constant.kind = parts.at[0]->constant.kind;
    e->constant.u_prefix = parts.at[0]->constant.kind == CONST_STR && parts.at[0]->constant.u_prefix;
    e->constant.str = text;
    e->constant.length = total;
    return e;
}

Expr *p_strings(Parser *p) {
    Start start = start_here(p);
    size_t base = p->scratch_size;
    int any_bytes = 0, any_text = 0, any_format = 0, mark = p->mark;
    for (int kind = peek_kind(p); kind == TOK_STRING || kind == TOK_FSTRING_START; kind = peek_kind(p)) {
        int before = p->mark;
        if (kind == TOK_STRING) {
            Expr *e = plain_string(p);
            if (!push(p, e))
                break;
            p->tokens[before].warned = 1;
            any_bytes |= e->constant.kind == CONST_BYTES;
            any_text |= e->constant.kind == CONST_STR;
        } else {
            if (!fstring(p)) {
                p->mark = before;
                break;
            }
            any_format = any_text = 1;
        }
    }
    if (p->failed || p->mark == mark) {
        p->scratch_size = base;
        return NULL;
    }
    if (any_bytes && any_text) {
        raise_last(p, PARSE_SYNTAX, "cannot mix bytes and nonbytes literals");
        return NULL;
    }
    if (any_format) {
        Expr *e = new_expr(p, EXPR_JOINEDSTR, start);
        return e && take_merged(p, base, &e->joined.values) ? e : NULL;
    }
    ExprSeq parts;
    parts.at = scratch_take(p, base, sizeof(Expr *), &parts.n);
    if (p->failed)
        return NULL;
    return parts.n == 1 ? parts.at[0] : joined_constant(p, start, parts);
}
