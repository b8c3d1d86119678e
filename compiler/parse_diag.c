/* Known mistakes in expressions, arguments and parameters: the second pass asks these functions at the
 * places where Python's grammar knows a mistake, and they report it or do nothing.
 *
 * Invariant: they may leave the mark anywhere (callers restore it). Their order of trials decides which of
 * several errors is reported, and that order is CPython's. */
#include "parse_internal.h"

#include <string.h>

static int at_any(Parser *p, const uint8_t *kinds, int n) {
    int kind = peek_kind(p);
    for (int i = 0; i < n; i++) {
        if (kind == kinds[i])
            return 1;
    }
    return 0;
}

static int is_legacy_name(const Name *name) {
    return strcmp(name->text, "print") == 0 || strcmp(name->text, "exec") == 0;
}

/* CPython compares as many bytes as the name has: "c" counts as a soft keyword too. */
static int at_soft_keyword(Parser *p) {
    static const char *const words[] = {"_", "case", "match", "type"};
    const Token *token = peek(p);
    if (token->kind != TOK_NAME)
        return 0;
    for (int i = 0; i < 4; i++) {
        if (strncmp(words[i], token->start, token->length) == 0)
            return 1;
    }
    return 0;
}

/* two expressions side by side inside brackets */
static void diag_missing_comma(Parser *p) {
    if (at_soft_keyword(p) || (peek_kind(p) == TOK_NAME && peek_second(p) == TOK_STRING))
        return;
    Expr *a = p_disjunction(p);
    Expr *b = a ? p_expression_quiet(p) : NULL;
    if (!b || (a->kind == EXPR_NAME && is_legacy_name(a->name.id)) || p->tokens[p->mark - 1].level == 0)
        return;
    raise_range(p, a->span, b->span, "invalid syntax. Perhaps you forgot a comma?");
}

static void diag_missing_else(Parser *p) {
    Expr *a = p_disjunction(p);
    Expr *b = a && accept(p, TOK_IF) ? p_disjunction(p) : NULL;
    int kind = b ? peek_kind(p) : TOK_ELSE;
    if (kind != TOK_ELSE && kind != TOK_COLON)
        raise_range(p, a->span, b->span, "expected 'else' after 'if' expression");
}

/* the colon of a lambda taken for the beginning of a format specification */
static void diag_lambda_in_field(Parser *p) {
    Span start = span_of_token(peek(p));
    if (!accept(p, TOK_LAMBDA) || !p_parameters(p, 1) || peek_kind(p) != TOK_COLON)
        return;
    Span colon = span_of_token(peek(p));
    if (peek_second(p) == TOK_FSTRING_MIDDLE)
        raise_range(p, start, colon, "f-string: lambda expressions are not allowed without parentheses");
}

/* print and exec as statements */
static void diag_legacy(Parser *p) {
    if (peek_kind(p) != TOK_NAME || peek_second(p) == TOK_LPAREN)
        return;
    Span span = span_of_token(peek(p));
    const Name *name = peek(p)->name;
    p->mark++;
    Expr *b = p_star_expressions(p);
    if (b && is_legacy_name(name))
        raise_range(p, span, b->span, "Missing parentheses in call to '%s'. Did you mean %s(...)?", name->text,
                    name->text);
}

void diag_expression(Parser *p) {
    static void (*const trials[])(Parser *) = {diag_missing_comma, diag_missing_else, diag_lambda_in_field,
                                               diag_legacy};
    int mark = p->mark;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0] && !p->failed; i++) {
        trials[i](p);
        p->mark = mark;
    }
}

static const char not_message[] = "'not' after an operator must be parenthesized";

/* a sum is to be read: is there an operator behind it with "not" behind that? */
void diag_arithmetic(Parser *p) {
    static const uint8_t operators[] = {
        TOK_PLUS, TOK_MINUS, TOK_STAR, TOK_SLASH, TOK_PERCENT, TOK_DOUBLESLASH, TOK_AT,
    };
    if (!p_sum(p) || !at_any(p, operators, (int)sizeof operators) || peek_second(p) != TOK_NOT)
        return;
    p->mark++;
    Start start = start_here(p);
    if (p_inversion(p))
        raise_span(p, PARSE_SYNTAX, span_since(p, start), not_message);
}

/* "not" behind a sign */
void diag_factor(Parser *p) {
    static const uint8_t signs[] = {TOK_PLUS, TOK_MINUS, TOK_TILDE};
    if (!at_any(p, signs, (int)sizeof signs) || peek_second(p) != TOK_NOT)
        return;
    p->mark++;
    Start start = start_here(p);
    p->mark++;
    if (p_factor(p))
        raise_span(p, PARSE_SYNTAX, span_since(p, start), not_message);
}

static int at_assign(Parser *p) {
    int kind = peek_kind(p);
    return kind == TOK_EQUAL || kind == TOK_COLONEQUAL;
}

static void diag_walrus_target(Parser *p) {
    Expr *a = p_expression(p);
    if (a && accept(p, TOK_COLONEQUAL) && p_expression(p))
        raise_span(p, PARSE_SYNTAX, a->span, "cannot use assignment expressions with %s", ast_expr_phrase(a));
}

static void diag_name_assigned(Parser *p) {
    if (peek_kind(p) != TOK_NAME || peek_second(p) != TOK_EQUAL)
        return;
    Span span = span_of_token(peek(p));
    p->mark += 2;
    Expr *b = p_bitwise_or(p);
    if (b && !at_assign(p))
        raise_range(p, span, b->span, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
}

static void diag_assigned(Parser *p) {
    int mark = p->mark, kind = peek_kind(p);
    if (kind == TOK_TRUE || kind == TOK_FALSE || kind == TOK_NONE)
        return;
    if (kind == TOK_LPAREN || kind == TOK_LBRACKET) {
        Expr *e = p_atom(p);
        p->mark = mark;
        if (e && (e->kind == EXPR_LIST || (e->kind == EXPR_TUPLE && e->col == p->tokens[mark].col) ||
                  (e->kind == EXPR_GENERATOREXP && e->col == p->tokens[mark].col)))
            return;
    }
    Expr *a = p_bitwise_or(p);
    if (a && accept(p, TOK_EQUAL) && p_bitwise_or(p) && !at_assign(p))
        raise_span(p, PARSE_SYNTAX, a->span, "cannot assign to %s here. Maybe you meant '==' instead of '='?",
                   ast_expr_phrase(a));
}

void diag_named_expression(Parser *p) {
    void *known;
    int mark = p->mark;
    if (memo_get(p, RULE_NAMED_DIAG, 0, &known)) {
        p->mark = mark;
        return;
    }
    static void (*const trials[])(Parser *) = {diag_walrus_target, diag_name_assigned, diag_assigned};
    for (size_t i = 0; i < sizeof trials / sizeof trials[0] && !p->failed; i++) {
        trials[i](p);
        p->mark = mark;
    }
    memo_put(p, RULE_NAMED_DIAG, 0, mark, NULL);
}

/* ---- targets ---- */

/* The part of e that cannot be a target; NULL: none, or not to be reported here. */
static Expr *invalid_target(Expr *e, int type) {
    switch (e->kind) {
    case EXPR_LIST:
    case EXPR_TUPLE:
        for (int i = 0; i < e->seq.elts.n; i++) {
            Expr *bad = invalid_target(e->seq.elts.at[i], type);
            if (bad)
                return bad;
        }
        return NULL;
    case EXPR_STARRED:
        return type == TARGET_DEL ? e : invalid_target(e->value.value, type);
    case EXPR_COMPARE:
        /* "for x in y" was read as a comparison: its left side is the target */
        if (type != TARGET_FOR)
            return e;
        return e->compare.ops[0] == CMPOP_IN ? invalid_target(e->compare.left, type) : NULL;
    case EXPR_NAME:
    case EXPR_SUBSCRIPT:
    case EXPR_ATTRIBUTE:
        return NULL;
    default:
        return e;
    }
}

void raise_invalid_target(Parser *p, int type, Expr *e) {
    Expr *bad = invalid_target(e, type);
    if (bad)
        raise_span(p, PARSE_SYNTAX, bad->span, type == TARGET_DEL ? "cannot delete %s" : "cannot assign to %s",
                   ast_expr_phrase(bad));
}

static void skip_targets(Parser *p) {
    for (;;) {
        int mark = p->mark;
        if (!p_star_targets(p) || !accept(p, TOK_EQUAL)) {
            p->mark = mark;
            return;
        }
    }
}

static int is_augmented(int kind) { return kind >= TOK_PLUSEQUAL && kind <= TOK_ATEQUAL; }

static void diag_annotated_sequence(Parser *p) {
    int kind = peek_kind(p);
    Expr *a = kind == TOK_LPAREN || kind == TOK_LBRACKET ? p_atom(p) : NULL;
    if (a && (a->kind == EXPR_LIST || a->kind == EXPR_TUPLE) && accept(p, TOK_COLON) && p_expression(p))
        raise_span(p, PARSE_SYNTAX, a->span, "only single target (not %s) can be annotated",
                   a->kind == EXPR_LIST ? "list" : "tuple");
}

static void diag_annotated_tuple(Parser *p) {
    Expr *a = p_star_named_expression(p);
    ExprSeq more;
    if (!a || !accept(p, TOK_COMMA))
        return;
    while (p_star_named_expressions(p, &more))
        continue;
    if (accept(p, TOK_COLON) && p_expression(p))
        raise_span(p, PARSE_SYNTAX, a->span, "only single target (not tuple) can be annotated");
}

static void diag_annotated_other(Parser *p) {
    Expr *a = p_expression(p);
    if (a && accept(p, TOK_COLON) && p_expression(p))
        raise_span(p, PARSE_SYNTAX, a->span, "illegal target for annotation");
}

static void diag_assigned_other(Parser *p) {
    skip_targets(p);
    Expr *a = p_star_expressions(p);
    if (a && accept(p, TOK_EQUAL))
        raise_invalid_target(p, TARGET_STAR, a);
}

static void diag_assigned_yield(Parser *p) {
    skip_targets(p);
    Expr *a = p_yield(p);
    if (a && accept(p, TOK_EQUAL))
        raise_span(p, PARSE_SYNTAX, a->span, "assignment to yield expression not possible");
}

static void diag_augmented_other(Parser *p) {
    Expr *a = p_star_expressions(p);
    if (!a || !is_augmented(peek_kind(p)))
        return;
    p->mark++;
    if (p_annotated_rhs(p))
        raise_span(p, PARSE_SYNTAX, a->span, "'%s' is an illegal expression for augmented assignment",
                   ast_expr_phrase(a));
}

void diag_assignment(Parser *p) {
    static void (*const trials[])(Parser *) = {
        diag_annotated_sequence, diag_annotated_tuple, diag_annotated_other,
        diag_assigned_other,     diag_assigned_yield,  diag_augmented_other,
    };
    int mark = p->mark;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0] && !p->failed; i++) {
        trials[i](p);
        p->mark = mark;
    }
}

/* ---- displays and comprehensions ---- */

void diag_comprehension(Parser *p) {
    static const char parentheses[] = "did you forget parentheses around the comprehension target?";
    int mark = p->mark, round = peek_kind(p) == TOK_LPAREN;
    ComprehensionSeq generators;
    ExprSeq rest;
    p->mark++;
    Expr *a = p_starred_expression(p);
    if (a && p_for_if_clauses(p, &generators))
        raise_span(p, PARSE_SYNTAX, a->span, "iterable unpacking cannot be used in comprehension");
    if (round || p->failed)
        return;
    p->mark = mark + 1;
    a = p_star_named_expression(p);
    if (!a || peek_kind(p) != TOK_COMMA)
        return;
    Span comma = span_of_token(peek(p));
    int after = ++p->mark;
    if (p_star_named_expressions(p, &rest) && p_for_if_clauses(p, &generators))
        raise_range(p, a->span, rest.at[rest.n - 1]->span, parentheses);
    p->mark = after;
    if (!p->failed && p_for_if_clauses(p, &generators))
        raise_range(p, a->span, comma, parentheses);
}

void diag_dict_comprehension(Parser *p) {
    ComprehensionSeq generators;
    p->mark++;
    if (peek_kind(p) != TOK_DOUBLESTAR)
        return;
    Span stars = span_of_token(peek(p));
    p->mark++;
    if (p_bitwise_or(p) && p_for_if_clauses(p, &generators) && accept(p, TOK_RBRACE))
        raise_span(p, PARSE_SYNTAX, stars, "dict unpacking cannot be used in dict comprehension");
}

void diag_group(Parser *p) {
    int mark = p->mark++;
    Expr *a = p_starred_expression(p);
    if (a && accept(p, TOK_RPAREN))
        raise_span(p, PARSE_SYNTAX, a->span, "cannot use starred expression here");
    p->mark = mark + 1;
    if (peek_kind(p) != TOK_DOUBLESTAR)
        return;
    Span stars = span_of_token(peek(p));
    p->mark++;
    if (p_expression(p) && accept(p, TOK_RPAREN))
        raise_span(p, PARSE_SYNTAX, stars, "cannot use double starred expression here");
}

static int dict_item(Parser *p) {
    int mark = p->mark;
    if (accept(p, TOK_DOUBLESTAR) ? p_bitwise_or(p) != NULL
                                  : p_expression(p) && accept(p, TOK_COLON) && p_expression(p))
        return 1;
    p->mark = mark;
    return 0;
}

/* a key, ':' and no expression where the value should be */
static void diag_dict_value(Parser *p) {
    if (!p_expression(p) || peek_kind(p) != TOK_COLON)
        return;
    Span colon = span_of_token(peek(p));
    p->mark++;
    Start start = start_here(p);
    int kind = peek_kind(p);
    if (kind == TOK_STAR) {
        p->mark++;
        if (p_bitwise_or(p))
            raise_from(p, start, "cannot use a starred expression in a dictionary value");
    } else if (kind == TOK_RBRACE || kind == TOK_COMMA) {
        raise_span(p, PARSE_SYNTAX, colon, "expression expected after dictionary key and ':'");
    }
}

/* Reported in the first pass already. */
void diag_dict(Parser *p) {
    int mark = ++p->mark, n = 0;
    for (;;) {
        int before = p->mark;
        if ((n && !accept(p, TOK_COMMA)) || !dict_item(p)) {
            p->mark = before;
            break;
        }
        n++;
    }
    if (n && accept(p, TOK_COMMA)) {
        int key = p->mark;
        Expr *a = p_expression(p);
        if (a && peek_kind(p) != TOK_COLON)
            raise_span(p, PARSE_SYNTAX, (Span){a->line, a->end_col - 1, a->end_line, -1},
                       "':' expected after dictionary key");
        p->mark = key;
        diag_dict_value(p);
    }
    p->mark = mark;
    if (!p->failed)
        diag_dict_value(p);
}

/* Reported in the first pass already. */
void diag_for_clause(Parser *p) {
    accept(p, TOK_ASYNC);
    if (!accept(p, TOK_FOR) || !p_bitwise_or(p))
        return;
    while (peek_kind(p) == TOK_COMMA) {
        p->mark++;
        if (!p_bitwise_or(p))
            break;
    }
    if (peek_kind(p) != TOK_IN)
        raise_last(p, PARSE_SYNTAX, "'in' expected after for-loop variables");
}

void diag_for_target(Parser *p) {
    accept(p, TOK_ASYNC);
    Expr *a = accept(p, TOK_FOR) ? p_star_expressions(p) : NULL;
    if (a)
        raise_invalid_target(p, TARGET_FOR, a);
}

/* ---- replacement fields of f-strings ---- */

/* behind '!' */
static void diag_conversion(Parser *p) {
    int kind = peek_kind(p);
    if (kind == TOK_COLON || kind == TOK_RBRACE)
        raise_next(p, "f-string: missing conversion character");
    else if (kind != TOK_NAME)
        raise_next(p, "f-string: invalid conversion character");
}

static void skip_specification(Parser *p) {
    for (;;) {
        int kind = peek_kind(p), mark = p->mark;
        if (kind == TOK_FSTRING_MIDDLE) {
            p->mark++;
        } else if (kind != TOK_LBRACE) {
            return;
        } else {
            p->mark++;
            Expr *e = p_annotated_rhs(p);
            accept(p, TOK_EQUAL);
            if (e && accept(p, TOK_EXCLAMATION))
                accept(p, TOK_NAME);
            if (e && accept(p, TOK_COLON))
                skip_specification(p);
            if (!e || !accept(p, TOK_RBRACE)) {
                p->mark = mark;
                diag_field(p);
                p->mark = mark;
                return;
            }
        }
    }
}

void diag_field(Parser *p) {
    static const uint8_t after_value[] = {TOK_EQUAL, TOK_EXCLAMATION, TOK_COLON, TOK_RBRACE};
    p->mark++;
    int kind = peek_kind(p);
    if (at_any(p, after_value, 4)) {
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "f-string: valid expression required before '%s'",
                   kind == TOK_EQUAL         ? "="
                   : kind == TOK_EXCLAMATION ? "!"
                   : kind == TOK_COLON       ? ":"
                                             : "}");
        return;
    }
    Expr *value = p_annotated_rhs(p);
    if (p->failed)
        return;
    if (!value) {
        raise_next(p, "f-string: expecting a valid expression after '{'");
        return;
    }
    if (!at_any(p, after_value, 4)) {
        raise_next(p, "f-string: expecting '=', or '!', or ':', or '}'");
        return;
    }
    if (accept(p, TOK_EQUAL) && !at_any(p, after_value + 1, 3)) {
        raise_next(p, "f-string: expecting '!', or ':', or '}'");
        return;
    }
    if (accept(p, TOK_EXCLAMATION)) {
        diag_conversion(p);
        if (p->failed || !accept(p, TOK_NAME))
            return;
    }
    if (!at_any(p, after_value + 2, 2)) {
        raise_next(p, "f-string: expecting ':' or '}'");
        return;
    }
    if (accept(p, TOK_COLON)) {
        skip_specification(p);
        if (peek_kind(p) != TOK_RBRACE)
            raise_next(p, "f-string: expecting '}', or format specs");
    } else if (peek_kind(p) != TOK_RBRACE) {
        raise_next(p, "f-string: expecting '}'");
    }
}
