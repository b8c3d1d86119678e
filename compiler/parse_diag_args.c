/* Known mistakes in arguments and parameters (see parse_diag.c for the rules of the game). */
#include "parse_internal.h"

#include <string.h>

static Span last_of(const ComprehensionSeq *seq) {
    const Comprehension *last = &seq->at[seq->n - 1];
    return last->ifs.n ? last->ifs.at[last->ifs.n - 1]->span : last->iter->span;
}

static const char generator_message[] = "Generator expression must be parenthesized";

static void diag_unpacking_order(Parser *p) {
    CallArgs args;
    if (!p_args(p, &args) || !args.keywords.n || peek_kind(p) != TOK_COMMA)
        return;
    Start comma = start_here(p);
    p->mark++;
    if (!p_starred_expression(p) || peek_kind(p) == TOK_EQUAL)
        return;
    while (accept(p, TOK_COMMA) && p_starred_expression(p))
        continue;
    raise_from(p, comma, "iterable argument unpacking follows keyword argument unpacking");
}

static void diag_first_generator(Parser *p) {
    ComprehensionSeq generators, more;
    Expr *a = p_expression(p);
    if (!a || !p_for_if_clauses(p, &generators) || !accept(p, TOK_COMMA))
        return;
    CallArgs args;
    int mark = p->mark;
    if (!p_args(p, &args)) {
        p->mark = mark;
        if (!p_expression(p) || !p_for_if_clauses(p, &more))
            p->mark = mark;
    }
    raise_range(p, a->span, last_of(&generators), generator_message);
}

static void diag_assigned_generator(Parser *p) {
    ComprehensionSeq generators;
    if (peek_kind(p) != TOK_NAME || peek_second(p) != TOK_EQUAL)
        return;
    Span name = span_of_token(&p->tokens[p->mark]), equal = span_of_token(&p->tokens[p->mark + 1]);
    p->mark += 2;
    if (p_expression(p) && p_for_if_clauses(p, &generators))
        raise_range(p, name, equal, "invalid syntax. Maybe you meant '==' or ':=' instead of '='?");
}

static void diag_missing_value(Parser *p) {
    CallArgs args;
    int mark = p->mark;
    if (!p_args(p, &args) || !accept(p, TOK_COMMA))
        p->mark = mark;
    if (p->failed || peek_kind(p) != TOK_NAME || peek_second(p) != TOK_EQUAL)
        return;
    Span name = span_of_token(&p->tokens[p->mark]), equal = span_of_token(&p->tokens[p->mark + 1]);
    p->mark += 2;
    int kind = peek_kind(p);
    if (kind == TOK_COMMA || kind == TOK_RPAREN)
        raise_range(p, name, equal, "expected argument value expression");
}

static void diag_last_generator(Parser *p) {
    CallArgs args;
    ComprehensionSeq generators;
    if (p_args(p, &args) && p_for_if_clauses(p, &generators) && args.args.n > 1)
        raise_range(p, args.args.at[args.args.n - 1]->span, last_of(&generators), generator_message);
}

static void diag_late_generator(Parser *p) {
    CallArgs args;
    ComprehensionSeq generators;
    if (!p_args(p, &args) || !accept(p, TOK_COMMA))
        return;
    Expr *a = p_expression(p);
    if (a && p_for_if_clauses(p, &generators))
        raise_range(p, a->span, last_of(&generators), generator_message);
}

static void diag_late_positional(Parser *p) {
    CallArgs args, more;
    if (!p_args(p, &args) || !accept(p, TOK_COMMA) || !p_args(p, &more))
        return;
    int unpacking = 0;
    for (int i = 0; i < args.keywords.n; i++)
        unpacking |= args.keywords.at[i].arg == NULL;
    raise_last(p, PARSE_SYNTAX,
               unpacking ? "positional argument follows keyword argument unpacking"
                         : "positional argument follows keyword argument");
}

void diag_arguments(Parser *p) {
    static void (*const trials[])(Parser *) = {
        diag_unpacking_order, diag_first_generator, diag_assigned_generator, diag_missing_value,
        diag_last_generator,  diag_late_generator,  diag_late_positional,
    };
    int mark = p->mark;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0] && !p->failed; i++) {
        trials[i](p);
        p->mark = mark;
    }
}

void diag_kwarg(Parser *p) {
    int mark = p->mark, kind = peek_kind(p);
    if ((kind == TOK_TRUE || kind == TOK_FALSE || kind == TOK_NONE) && peek_second(p) == TOK_EQUAL) {
        raise_range(p, span_of_token(&p->tokens[mark]), span_of_token(&p->tokens[mark + 1]), "cannot assign to %s",
                    kind == TOK_TRUE    ? "True"
                    : kind == TOK_FALSE ? "False"
                                        : "None");
        return;
    }
    diag_assigned_generator(p);
    p->mark = mark;
    if (p->failed || (kind == TOK_NAME && peek_second(p) == TOK_EQUAL))
        return;
    Expr *a = p_expression(p);
    if (a && peek_kind(p) == TOK_EQUAL) {
        raise_range(p, a->span, span_of_token(peek(p)),
                    "expression cannot contain assignment, perhaps you meant \"==\"?");
        return;
    }
    p->mark = mark;
    if (peek_kind(p) != TOK_DOUBLESTAR)
        return;
    Span stars = span_of_token(peek(p));
    p->mark++;
    Expr *b = p_expression(p) && accept(p, TOK_EQUAL) ? p_expression(p) : NULL;
    if (b)
        raise_range(p, stars, b->span, "cannot assign to keyword argument unpacking");
}

void diag_starred(Parser *p) {
    if (peek_kind(p) != TOK_STAR)
        return;
    Span star = span_of_token(peek(p));
    p->mark++;
    Expr *b = p_expression(p) && accept(p, TOK_EQUAL) ? p_expression(p) : NULL;
    if (b)
        raise_range(p, star, b->span, "cannot assign to iterable argument unpacking");
}

/* ---- parameters ---- */

static int closing(int lambda) { return lambda ? TOK_COLON : TOK_RPAREN; }

/* one parameter with (1) or without (0) a default */
static int one_param(Parser *p, int lambda, int with_default, Param *out) {
    int mark = p->mark;
    out->def = NULL;
    if (with_default ? p_full_param(p, lambda, out) && out->def : p_plain_param(p, lambda, &out->arg))
        return 1;
    p->mark = mark;
    return 0;
}

static int skip_params(Parser *p, int lambda, int with_default) {
    Param param;
    int n = 0;
    while (one_param(p, lambda, with_default, &param))
        n++;
    return n;
}

static void skip_any_params(Parser *p, int lambda) {
    Param param;
    while (p_full_param(p, lambda, &param))
        continue;
}

static int slash_end(Parser *p, int lambda) {
    return accept(p, TOK_SLASH) && (accept(p, TOK_COMMA) || peek_kind(p) == closing(lambda));
}

static int slash_without_default(Parser *p, int lambda) {
    int mark = p->mark;
    if (skip_params(p, lambda, 0) && slash_end(p, lambda))
        return 1;
    p->mark = mark;
    return 0;
}

static int slash_with_default(Parser *p, int lambda) {
    int mark = p->mark;
    skip_params(p, lambda, 0);
    if (skip_params(p, lambda, 1) && slash_end(p, lambda))
        return 1;
    p->mark = mark;
    return 0;
}

static int any_slash(Parser *p, int lambda) {
    return slash_without_default(p, lambda) || slash_with_default(p, lambda);
}

static void diag_leading_slash(Parser *p, int lambda) {
    (void)lambda;
    if (peek_kind(p) == TOK_SLASH && peek_second(p) == TOK_COMMA)
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "at least one argument must precede /");
}

static void diag_second_slash(Parser *p, int lambda) {
    if (!any_slash(p, lambda))
        return;
    skip_any_params(p, lambda);
    if (peek_kind(p) == TOK_SLASH)
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "/ may appear only once");
}

static void diag_default_order(Parser *p, int lambda) {
    Param param;
    slash_without_default(p, lambda);
    skip_params(p, lambda, 0);
    if (!slash_with_default(p, lambda) && !skip_params(p, lambda, 1))
        return;
    if (one_param(p, lambda, 0, &param))
        raise_span(p, PARSE_SYNTAX, param.arg.span, "parameter without a default follows parameter with a default");
}

static void diag_parenthesized(Parser *p, int lambda) {
    Arg arg;
    int n = 0;
    skip_params(p, lambda, 0);
    if (peek_kind(p) != TOK_LPAREN)
        return;
    Span open = span_of_token(peek(p));
    p->mark++;
    while (p_param(p, lambda, &arg)) {
        n++;
        if (!accept(p, TOK_COMMA))
            break;
    }
    if (n && peek_kind(p) == TOK_RPAREN)
        raise_range(p, open, span_of_token(peek(p)), "%s parameters cannot be parenthesized",
                    lambda ? "Lambda expression" : "Function");
}

static void diag_slash_behind_star(Parser *p, int lambda) {
    Param param;
    any_slash(p, lambda);
    skip_any_params(p, lambda);
    if (!accept(p, TOK_STAR) || (!accept(p, TOK_COMMA) && !one_param(p, lambda, 0, &param)))
        return;
    skip_any_params(p, lambda);
    if (peek_kind(p) == TOK_SLASH)
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "/ must be ahead of *");
}

static void diag_slash_star(Parser *p, int lambda) {
    Param param;
    int n = 0;
    while (p_full_param(p, lambda, &param))
        n++;
    if (n && accept(p, TOK_SLASH) && peek_kind(p) == TOK_STAR)
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "expected comma between / and *");
}

void diag_parameters(Parser *p, int lambda) {
    static void (*const trials[])(Parser *, int) = {
        diag_leading_slash, diag_second_slash,      diag_default_order,
        diag_parenthesized, diag_slash_behind_star, diag_slash_star,
    };
    int mark = p->mark;
    for (size_t i = 0; i < sizeof trials / sizeof trials[0] && !p->failed; i++) {
        trials[i](p, lambda);
        p->mark = mark;
    }
}

static void diag_bare_star(Parser *p, int lambda) {
    static const char message[] = "named arguments must follow bare *";
    Span star = span_of_token(peek(p));
    p->mark++;
    int comma = accept(p, TOK_COMMA), kind = peek_kind(p);
    if (kind != closing(lambda) && !(comma && kind == TOK_DOUBLESTAR))
        return;
    if (!lambda) {
        raise_span(p, PARSE_SYNTAX, star, message);
        return;
    }
    p->mark++;
    raise_last(p, PARSE_SYNTAX, message);
}

void diag_star_etc(Parser *p, int lambda) {
    Param param;
    Arg arg;
    int mark = p->mark;
    if (peek_kind(p) != TOK_STAR)
        return;
    diag_bare_star(p, lambda);
    p->mark = mark + 1;
    if (p->failed)
        return;
    if (p_param(p, lambda, &arg) && peek_kind(p) == TOK_EQUAL) {
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "var-positional argument cannot have default value");
        return;
    }
    p->mark = mark + 1;
    if (!one_param(p, lambda, 0, &param) && !accept(p, TOK_COMMA))
        return;
    skip_any_params(p, lambda);
    if (peek_kind(p) != TOK_STAR)
        return;
    Span star = span_of_token(peek(p));
    p->mark++;
    if (one_param(p, lambda, 0, &param) || accept(p, TOK_COMMA))
        raise_span(p, PARSE_SYNTAX, star, "* argument may appear only once");
}

void diag_kwds(Parser *p, int lambda) {
    Arg arg, next;
    p->mark++;
    if (!p_param(p, lambda, &arg))
        return;
    if (peek_kind(p) == TOK_EQUAL) {
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "var-keyword argument cannot have default value");
        return;
    }
    if (!accept(p, TOK_COMMA))
        return;
    int kind = peek_kind(p);
    Span span = span_of_token(peek(p));
    if (p_param(p, lambda, &next))
        span = next.span;
    else if (kind != TOK_STAR && kind != TOK_DOUBLESTAR && kind != TOK_SLASH)
        return;
    raise_span(p, PARSE_SYNTAX, span, "arguments cannot follow var-keyword argument");
}

/* '=' is next. A lambda's colon does not count here, as in CPython. */
void diag_default(Parser *p) {
    Span equal = span_of_token(peek(p));
    p->mark++;
    int kind = peek_kind(p);
    if (kind == TOK_COMMA || kind == TOK_RPAREN)
        raise_span(p, PARSE_SYNTAX, equal, "expected default value expression");
}
