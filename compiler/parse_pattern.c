/* The match statement and its patterns (PEP 634).
 *
 * "match" and "case" are ordinary names elsewhere: the statement is tried first and given up without harm
 * when its header does not come out. */
#include "parse_internal.h"

#include <string.h>

static Pattern *maybe_star_pattern(Parser *p);
static Pattern *as_pattern(Parser *p);

static Pattern *new_pattern(Parser *p, int kind, Start start) {
    Pattern *pattern = parser_alloc(p, sizeof(Pattern));
    if (pattern) {
        pattern->kind = (uint8_t)kind;
        pattern->span = span_since(p, start);
    }
    return pattern;
}

static Pattern *value_pattern(Parser *p, Start start, Expr *value) {
    Pattern *pattern = value ? new_pattern(p, PATTERN_MATCHVALUE, start) : NULL;
    if (pattern)
        pattern->value.value = value;
    return pattern;
}

/* NAME ('.' NAME)*; the first name is next */
static Expr *name_or_attr(Parser *p) {
    Start start = start_here(p);
    const Name *id = peek(p)->name;
    p->mark++;
    Expr *e = new_expr(p, EXPR_NAME, start);
    if (!e)
        return NULL;
    e->name.id = id;
    while (peek_kind(p) == TOK_DOT && peek_second(p) == TOK_NAME) {
        Span span = span_of_token(&p->tokens[p->mark + 1]);
        const Name *attr = p->tokens[p->mark + 1].name;
        p->mark += 2;
        Expr *outer = new_expr(p, EXPR_ATTRIBUTE, start);
        if (!outer)
            return NULL;
        outer->attribute.value = e;
        outer->attribute.attr = attr;
        outer->attribute.attr_span = span;
        e = outer;
    }
    return e;
}

/* ['-'] NUMBER [('+' | '-') NUMBER], the second one imaginary */
static Expr *signed_number(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark, minus = accept(p, TOK_MINUS);
    Expr *e = peek_kind(p) == TOK_NUMBER ? p_number(p) : NULL;
    if (!e) {
        p->mark = mark;
        return NULL;
    }
    if (!minus)
        return e;
    Expr *negative = new_expr(p, EXPR_UNARYOP, start);
    if (negative) {
        negative->unary.op = UNARY_USUB;
        negative->unary.operand = e;
    }
    return negative;
}

static Expr *number_value(Parser *p) {
    Start start = start_here(p);
    Expr *real = signed_number(p);
    if (!real)
        return NULL;
    int kind = peek_kind(p);
    if (kind != TOK_PLUS && kind != TOK_MINUS)
        return real;
    const Expr *number = real->kind == EXPR_UNARYOP ? real->unary.operand : real;
    if (number->constant.kind == CONST_COMPLEX) {
        raise_span(p, PARSE_SYNTAX, number->span, "real number required in complex literal");
        return NULL;
    }
    int mark = p->mark++;
    Expr *imag = peek_kind(p) == TOK_NUMBER ? p_number(p) : NULL;
    if (!imag) {
        p->mark = mark;
        return real;
    }
    if (imag->constant.kind != CONST_COMPLEX) {
        raise_span(p, PARSE_SYNTAX, imag->span, "imaginary number required in complex literal");
        return NULL;
    }
    Expr *e = new_expr(p, EXPR_BINOP, start);
    if (e) {
        e->binop.left = real;
        e->binop.right = imag;
        e->binop.op = kind == TOK_PLUS ? BINOP_ADD : BINOP_SUB;
    }
    return e;
}

static Expr *constant_value(Parser *p, int kind) {
    switch (kind) {
    case TOK_NUMBER:
    case TOK_MINUS:
        return number_value(p);
    case TOK_STRING:
    case TOK_FSTRING_START:
        return p_strings(p);
    case TOK_NONE:
    case TOK_TRUE:
    case TOK_FALSE:
        return p_atom(p);
    default:
        return NULL;
    }
}

static Pattern *literal_pattern(Parser *p, int kind) {
    Start start = start_here(p);
    Expr *e = constant_value(p, kind);
    if (!e)
        return NULL;
    if (kind != TOK_NONE && kind != TOK_TRUE && kind != TOK_FALSE)
        return value_pattern(p, start, e);
    Pattern *pattern = new_pattern(p, PATTERN_MATCHSINGLETON, start);
    if (pattern)
        pattern->singleton.value = e->constant.kind;
    return pattern;
}

/* Patterns separated by commas up to (not with) close; *comma: the last one was followed by one. -1: error */
static int pattern_list(Parser *p, Pattern *(*item)(Parser *), int *comma) {
    int n = 0;
    *comma = 0;
    for (;;) {
        int mark = p->mark;
        Pattern *pattern = item(p);
        if (!pattern) {
            p->mark = mark;
            return p->failed ? -1 : n;
        }
        if (!scratch_push(p, &pattern, sizeof pattern))
            return -1;
        n++;
        *comma = accept(p, TOK_COMMA);
        if (!*comma)
            return n;
    }
}

static Pattern *sequence_node(Parser *p, Start start, size_t base) {
    Pattern *pattern = new_pattern(p, PATTERN_MATCHSEQUENCE, start);
    if (pattern)
        pattern->seq.patterns.at = scratch_take(p, base, sizeof(Pattern *), &pattern->seq.patterns.n);
    return pattern;
}

/* '[' ... ']', '(' ... ')' or a parenthesised pattern */
static Pattern *bracketed_pattern(Parser *p, int kind) {
    Start start = start_here(p);
    size_t base = p->scratch_size;
    int close = kind == TOK_LBRACKET ? TOK_RBRACKET : TOK_RPAREN, comma;
    p->mark++;
    int n = pattern_list(p, maybe_star_pattern, &comma);
    if (n < 0 || !accept(p, close)) {
        p->scratch_size = base;
        return NULL;
    }
    if (kind == TOK_LPAREN && n == 1 && !comma) {
        Pattern *only;
        p->scratch_size = base;
        memcpy(&only, p->scratch + base, sizeof only);
        return only->kind == PATTERN_MATCHSTAR ? NULL : only;
    }
    return sequence_node(p, start, base);
}

typedef struct KeyPattern {
    Expr *key;
    Pattern *pattern;
} KeyPattern;

static int key_pattern(Parser *p, KeyPattern *out) {
    int mark = p->mark;
    int kind = peek_kind(p);
    if (kind == TOK_NAME) {
        out->key = name_or_attr(p);
        if (out->key && out->key->kind != EXPR_ATTRIBUTE)
            out->key = NULL;
    } else {
        out->key = constant_value(p, kind);
    }
    out->pattern = out->key && accept(p, TOK_COLON) ? as_pattern(p) : NULL;
    if (out->pattern)
        return 1;
    p->mark = mark;
    return 0;
}

static Pattern *mapping_pattern(Parser *p) {
    Start start = start_here(p);
    size_t base = p->scratch_size;
    const Name *rest = NULL;
    KeyPattern item;
    p->mark++;
    for (;;) {
        if (peek_kind(p) == TOK_DOUBLESTAR) {
            if (peek_second(p) != TOK_NAME || p->tokens[p->mark + 1].name == p->lexer.soft_underscore)
                break;
            rest = p->tokens[p->mark + 1].name;
            p->mark += 2;
            accept(p, TOK_COMMA);
            break;
        }
        if (!key_pattern(p, &item) || !scratch_push(p, &item, sizeof item) || !accept(p, TOK_COMMA))
            break;
    }
    int n = (int)((p->scratch_size - base) / sizeof item);
    p->scratch_size = base;
    if (p->failed || !accept(p, TOK_RBRACE))
        return NULL;
    Pattern *pattern = new_pattern(p, PATTERN_MATCHMAPPING, start);
    if (!pattern)
        return NULL;
    pattern->mapping.rest = rest;
    if (n) {
        pattern->mapping.keys = (ExprSeq){n, parser_alloc(p, (size_t)n * sizeof(Expr *))};
        pattern->mapping.patterns = (PatternSeq){n, parser_alloc(p, (size_t)n * sizeof(Pattern *))};
        if (p->failed)
            return NULL;
    }
    for (int i = 0; i < n; i++) {
        memcpy(&item, p->scratch + base + (size_t)i * sizeof item, sizeof item);
        pattern->mapping.keys.at[i] = item.key;
        pattern->mapping.patterns.at[i] = item.pattern;
    }
    return pattern;
}

typedef struct NamedPattern {
    const Name *name; /* NULL: positional */
    Pattern *pattern;
    Span span;
} NamedPattern;

static int class_argument(Parser *p, NamedPattern *out) {
    int mark = p->mark;
    Start start = start_here(p);
    out->name = NULL;
    if (peek_kind(p) == TOK_NAME && peek_second(p) == TOK_EQUAL) {
        out->name = peek(p)->name;
        p->mark += 2;
    }
    out->pattern = as_pattern(p);
    if (out->pattern) {
        out->span = span_since(p, start);
        return 1;
    }
    p->mark = mark;
    return 0;
}

static Pattern *class_node(Parser *p, Start start, Expr *cls, size_t base) {
    int n = (int)((p->scratch_size - base) / sizeof(NamedPattern)), positional = 0;
    const char *items = p->scratch + base;
    NamedPattern item;
    p->scratch_size = base;
    Pattern *pattern = new_pattern(p, PATTERN_MATCHCLASS, start);
    Pattern **all = n ? parser_alloc(p, (size_t)n * sizeof(Pattern *)) : NULL;
    const Name **names = n ? parser_alloc(p, (size_t)n * sizeof(Name *)) : NULL;
    if (p->failed)
        return NULL;
    for (int i = 0; i < n; i++) {
        memcpy(&item, items + (size_t)i * sizeof item, sizeof item);
        all[i] = item.pattern;
        if (!item.name)
            positional++;
        else
            names[i - positional] = item.name;
    }
    pattern->cls.cls = cls;
    pattern->cls.patterns = (PatternSeq){positional, positional ? all : NULL};
    if (n > positional) {
        pattern->cls.kwd_attrs = (NameSeq){n - positional, names};
        pattern->cls.kwd_patterns = (PatternSeq){n - positional, all + positional};
    }
    return pattern;
}

/* cls is read, '(' is next */
static Pattern *class_pattern(Parser *p, Start start, Expr *cls) {
    size_t base = p->scratch_size;
    NamedPattern item, first_late = {NULL, NULL, {0, 0, 0, 0}}, last_late = first_late;
    int keywords = 0, late = 0;
    p->mark++;
    while (!keywords || is_examining(p) || (peek_kind(p) == TOK_NAME && peek_second(p) == TOK_EQUAL)) {
        if (!class_argument(p, &item))
            break;
        if (item.name) {
            if (late)
                break;
            keywords = 1;
        } else if (keywords) {
            /* only looked at to report it */
            last_late = item;
            if (!late++)
                first_late = item;
        }
        if (!late && !scratch_push(p, &item, sizeof item))
            return NULL;
        if (!accept(p, TOK_COMMA))
            break;
    }
    if (!p->failed && !late && accept(p, TOK_RPAREN))
        return class_node(p, start, cls, base);
    p->scratch_size = base;
    if (late && is_examining(p))
        raise_range(p, first_late.span, last_late.span, "positional patterns follow keyword patterns");
    return NULL;
}

/* the wildcard, whatever follows it */
static Pattern *wildcard_pattern(Parser *p) {
    Start start = start_here(p);
    p->mark++;
    return new_pattern(p, PATTERN_MATCHAS, start);
}

/* a capture, a dotted value, or a class */
static Pattern *name_pattern(Parser *p) {
    Start start = start_here(p);
    const Name *name = peek(p)->name;
    if (name == p->lexer.soft_underscore)
        return wildcard_pattern(p);
    Expr *e = name_or_attr(p);
    if (!e)
        return NULL;
    int kind = peek_kind(p);
    if (kind == TOK_LPAREN)
        return class_pattern(p, start, e);
    if (kind == TOK_DOT || kind == TOK_EQUAL)
        return NULL;
    if (e->kind == EXPR_ATTRIBUTE)
        return value_pattern(p, start, e);
    Pattern *pattern = new_pattern(p, PATTERN_MATCHAS, start);
    if (pattern)
        pattern->as.name = name;
    return pattern;
}

static Pattern *closed_pattern(Parser *p) {
    int kind = peek_kind(p);
    Pattern *pattern;
    if (!parser_enter(p))
        return NULL;
    switch (kind) {
    case TOK_NAME:
        pattern = name_pattern(p);
        break;
    case TOK_LPAREN:
    case TOK_LBRACKET:
        pattern = bracketed_pattern(p, kind);
        break;
    case TOK_LBRACE:
        pattern = mapping_pattern(p);
        break;
    default:
        pattern = literal_pattern(p, kind);
        break;
    }
    parser_leave(p);
    return p->failed ? NULL : pattern;
}

static Pattern *or_pattern(Parser *p) {
    Start start = start_here(p);
    Pattern *first = closed_pattern(p);
    if (!first || peek_kind(p) != TOK_VBAR)
        return first;
    size_t base = p->scratch_size;
    if (!scratch_push(p, &first, sizeof first))
        return NULL;
    while (peek_kind(p) == TOK_VBAR) {
        int mark = p->mark++;
        Pattern *next = closed_pattern(p);
        if (!next) {
            p->mark = mark;
            break;
        }
        if (!scratch_push(p, &next, sizeof next))
            return NULL;
    }
    if (p->scratch_size - base == sizeof first || p->failed) {
        p->scratch_size = base;
        return p->failed ? NULL : first;
    }
    Pattern *pattern = new_pattern(p, PATTERN_MATCHOR, start);
    if (pattern)
        pattern->seq.patterns.at = scratch_take(p, base, sizeof(Pattern *), &pattern->seq.patterns.n);
    return pattern;
}

/* behind 'as': why it is no capture target */
static void diag_as_target(Parser *p) {
    if (p_at_soft(p, p->lexer.soft_underscore)) {
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "cannot use '_' as a target");
    } else if (peek_kind(p) != TOK_NAME) {
        Expr *e = p_expression(p);
        if (e)
            raise_span(p, PARSE_SYNTAX, e->span, "invalid pattern target");
    }
}

static Pattern *as_pattern(Parser *p) {
    Start start = start_here(p);
    Pattern *inner = or_pattern(p);
    if (!inner || peek_kind(p) != TOK_AS)
        return inner;
    int mark = p->mark++;
    const Name *name = peek_kind(p) == TOK_NAME ? peek(p)->name : NULL;
    int next = name && name != p->lexer.soft_underscore ? peek_second(p) : TOK_DOT;
    if (next == TOK_DOT || next == TOK_LPAREN || next == TOK_EQUAL) {
        if (is_examining(p))
            diag_as_target(p);
        p->mark = mark;
        return p->failed ? NULL : inner;
    }
    p->mark++;
    Pattern *pattern = new_pattern(p, PATTERN_MATCHAS, start);
    if (pattern) {
        pattern->as.pattern = inner;
        pattern->as.name = name;
    }
    return pattern;
}

static Pattern *maybe_star_pattern(Parser *p) {
    if (peek_kind(p) != TOK_STAR)
        return as_pattern(p);
    Start start = start_here(p);
    int mark = p->mark++;
    if (peek_kind(p) != TOK_NAME) {
        p->mark = mark;
        return NULL;
    }
    const Name *name = peek(p)->name;
    p->mark++;
    Pattern *pattern = new_pattern(p, PATTERN_MATCHSTAR, start);
    if (pattern && name != p->lexer.soft_underscore)
        pattern->star.name = name;
    return pattern;
}

/* what stands behind "case": a pattern, or a sequence without brackets */
Pattern *p_patterns(Parser *p) {
    Start start = start_here(p);
    size_t base = p->scratch_size;
    int comma;
    int n = pattern_list(p, maybe_star_pattern, &comma);
    if (n <= 0) {
        p->scratch_size = base;
        return NULL;
    }
    if (n > 1 || comma)
        return sequence_node(p, start, base);
    Pattern *only;
    p->scratch_size = base;
    memcpy(&only, p->scratch + base, sizeof only);
    return only->kind == PATTERN_MATCHSTAR ? NULL : only;
}

static int case_block(Parser *p, MatchCase *out) {
    int mark = p->mark;
    out->guard = NULL;
    if (!p_at_soft(p, p->lexer.soft_case))
        return 0;
    if (is_examining(p)) {
        diag_case(p);
        p->mark = mark;
    }
    p->mark++;
    out->pattern = p->failed ? NULL : p_patterns(p);
    if (out->pattern) {
        if (peek_kind(p) == TOK_IF) {
            int at_if = p->mark++;
            out->guard = p_named_expression(p);
            if (!out->guard)
                p->mark = at_if;
        }
        if (accept(p, TOK_COLON) && p_block(p, &out->body))
            return 1;
    }
    p->mark = mark;
    return 0;
}

/* star_named_expression ',' [star_named_expressions] | named_expression */
static Expr *subject(Parser *p) {
    Start start = start_here(p);
    Expr *first = p_star_named_expression(p);
    if (!first || peek_kind(p) != TOK_COMMA)
        return first && first->kind == EXPR_STARRED ? NULL : first;
    size_t base = p->scratch_size;
    if (!scratch_push(p, &first, sizeof first))
        return NULL;
    while (accept(p, TOK_COMMA)) {
        Expr *next = p_star_named_expression(p);
        if (!next)
            break;
        if (!scratch_push(p, &next, sizeof next))
            return NULL;
    }
    Expr *e = p->failed ? NULL : new_expr(p, EXPR_TUPLE, start);
    if (e)
        e->seq.elts.at = scratch_take(p, base, sizeof(Expr *), &e->seq.elts.n);
    return e;
}

static Stmt *match_at(Parser *p) {
    Start start = start_here(p);
    size_t base = p->scratch_size;
    MatchCase item;
    p->mark++;
    Expr *value = subject(p);
    if (!value || !accept(p, TOK_COLON) || !accept(p, TOK_NEWLINE) || !accept(p, TOK_INDENT))
        return NULL;
    Series series;
    series_begin(p, &series);
    do
        series_next(p, &series);
    while (case_block(p, &item) && scratch_push(p, &item, sizeof item));
    series_end(p, &series);
    if (p->failed || p->scratch_size == base || !accept(p, TOK_DEDENT))
        return NULL;
    Stmt *s = new_stmt(p, STMT_MATCH, start);
    if (s) {
        s->match.subject = value;
        s->match.cases.at = scratch_take(p, base, sizeof(MatchCase), &s->match.cases.n);
    }
    return s;
}

Stmt *p_match(Parser *p) {
    int mark = p->mark;
    size_t base = p->scratch_size;
    if (!p_at_soft(p, p->lexer.soft_match))
        return NULL;
    int next = peek_second(p);
    if (!starts_expression(next) && next != TOK_STAR)
        return NULL;
    Stmt *s = match_at(p);
    if (s || p->failed)
        return p->failed ? NULL : s;
    p->scratch_size = base;
    p->mark = mark;
    if (is_examining(p)) {
        diag_match(p);
        p->mark = mark;
    }
    return NULL;
}
