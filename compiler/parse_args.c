/* Arguments of calls, parameters of functions and lambdas.
 *
 * Invariant: both lists are read as far as they are well-formed and the mark is left there; the caller's
 * closing token then tells whether that was all. */
#include "parse_internal.h"

#include <string.h>

/* ---- call arguments ---- */

typedef struct Item {
    Expr *value;
    const Name *name;
    Span span;
    int is_keyword; /* "name=value", or "**value" without name */
} Item;

/* '*' expression */
Expr *p_starred_expression(Parser *p) {
    int mark = p->mark;
    if (is_examining(p)) {
        diag_starred(p);
        p->mark = mark;
    }
    if (peek_kind(p) != TOK_STAR)
        return NULL;
    Start start = start_here(p);
    p->mark++;
    Expr *value = p_expression(p);
    if (!value) {
        p->mark = mark;
        raise_last(p, PARSE_SYNTAX, "Invalid star expression");
        return NULL;
    }
    Expr *e = new_expr(p, EXPR_STARRED, start);
    if (e)
        e->value.value = value;
    return e;
}

static int positional(Parser *p, Item *item) {
    int mark = p->mark;
    memset(item, 0, sizeof *item);
    if (peek_kind(p) == TOK_STAR) {
        item->value = p_starred_expression(p);
        return item->value != NULL;
    }
    if (!p->diagnosing && peek_kind(p) == TOK_NAME && peek_second(p) == TOK_EQUAL)
        return 0;
    item->value = p_assign_or_expression(p);
    if (item->value && peek_kind(p) != TOK_EQUAL)
        return 1;
    p->mark = mark;
    return 0;
}

/* NAME '=' expression, or with doubled '**' expression, else '*' expression */
static int keyword_item(Parser *p, int doubled, Item *item) {
    int mark = p->mark;
    memset(item, 0, sizeof *item);
    if (is_examining(p)) {
        diag_kwarg(p);
        p->mark = mark;
    }
    Start start = start_here(p);
    item->is_keyword = 1;
    switch (peek_kind(p)) {
    case TOK_NAME:
        if (peek_second(p) != TOK_EQUAL)
            return 0;
        item->name = peek(p)->name;
        p->mark += 2;
        break;
    case TOK_STAR:
        if (doubled)
            return 0;
        item->is_keyword = 0;
        item->value = p_starred_expression(p);
        return item->value != NULL;
    case TOK_DOUBLESTAR:
        if (!doubled)
            return 0;
        p->mark++;
        break;
    default:
        return 0;
    }
    item->value = p_expression(p);
    if (!item->value) {
        p->mark = mark;
        return 0;
    }
    item->span = span_since(p, start);
    return 1;
}

/* item (',' item)*, items of one sort; how many were found */
static int gather_keywords(Parser *p, int doubled) {
    int n = 0;
    for (;;) {
        int mark = p->mark;
        Item item;
        if ((n && !accept(p, TOK_COMMA)) || !keyword_item(p, doubled, &item)) {
            p->mark = mark;
            return n;
        }
        if (!scratch_push(p, &item, sizeof item))
            return n;
        n++;
    }
}

static int keyword_arguments(Parser *p) {
    int n = gather_keywords(p, 0);
    int mark = p->mark;
    if (n && !accept(p, TOK_COMMA))
        return n;
    int more = gather_keywords(p, 1);
    if (!more)
        p->mark = mark;
    return n + more;
}

static int split_items(Parser *p, size_t base, CallArgs *out) {
    int n = (int)((p->scratch_size - base) / sizeof(Item));
    p->scratch_size = base;
    int keywords = 0;
    const char *items = p->scratch + base;
    for (int i = 0; i < n; i++) {
        Item item;
        memcpy(&item, items + (size_t)i * sizeof item, sizeof item);
        keywords += item.is_keyword;
    }
    if (n > keywords)
        out->args.at = parser_alloc(p, (size_t)(n - keywords) * sizeof(Expr *));
    if (keywords)
        out->keywords.at = parser_alloc(p, (size_t)keywords * sizeof(Keyword));
    if (p->failed)
        return 0;
    for (int i = 0; i < n; i++) {
        Item item;
        memcpy(&item, items + (size_t)i * sizeof item, sizeof item);
        if (!item.is_keyword) {
            out->args.at[out->args.n++] = item.value;
            continue;
        }
        Keyword *keyword = &out->keywords.at[out->keywords.n++];
        keyword->arg = item.name;
        keyword->value = item.value;
        keyword->span = item.span;
    }
    return 1;
}

int p_args(Parser *p, CallArgs *out) {
    size_t base = p->scratch_size;
    Start start = start_here(p);
    int n = 0;
    memset(out, 0, sizeof *out);
    for (;;) {
        int mark = p->mark;
        Item item;
        if ((n && !accept(p, TOK_COMMA)) || !positional(p, &item)) {
            p->mark = mark;
            break;
        }
        if (!scratch_push(p, &item, sizeof item))
            return 0;
        n++;
    }
    int mark = p->mark;
    if (n == 0 || accept(p, TOK_COMMA)) {
        int keywords = p->failed ? 0 : keyword_arguments(p);
        if (!keywords)
            p->mark = mark;
        n += keywords;
    }
    if (p->failed || n == 0) {
        p->scratch_size = base;
        return 0;
    }
    out->span = span_since(p, start);
    return split_items(p, base, out);
}

static CallArgs *arguments(Parser *p) {
    CallArgs *args = parser_alloc(p, sizeof(CallArgs));
    int mark = p->mark;
    if (!args)
        return NULL;
    if (p_args(p, args)) {
        accept(p, TOK_COMMA);
        if (!p->diagnosing || peek_kind(p) == TOK_RPAREN)
            return args;
    }
    p->mark = mark;
    if (is_examining(p)) {
        diag_arguments(p);
        p->mark = mark;
    }
    return NULL;
}

CallArgs *p_arguments(Parser *p) {
    if (!p->diagnosing)
        return arguments(p);
    void *known;
    int mark = p->mark;
    if (memo_get(p, RULE_ARGUMENTS, 0, &known))
        return known;
    CallArgs *args = arguments(p);
    memo_put(p, RULE_ARGUMENTS, 0, mark, args);
    return args;
}

/* ---- parameters ---- */

/* NAME [':' expression]; a lambda's has no annotation */
int p_param(Parser *p, int lambda, Arg *out) {
    memset(out, 0, sizeof *out);
    if (peek_kind(p) != TOK_NAME)
        return 0;
    int mark = p->mark;
    Start start = start_here(p);
    out->arg = peek(p)->name;
    p->mark++;
    if (!lambda && accept(p, TOK_COLON)) {
        out->annotation = p_expression(p);
        if (!out->annotation) {
            p->mark = mark;
            return 0;
        }
    }
    out->span = span_since(p, start);
    return 1;
}

/* ',' or the closing token, which is left */
static int param_ends(Parser *p, int lambda) {
    return accept(p, TOK_COMMA) || peek_kind(p) == (lambda ? TOK_COLON : TOK_RPAREN);
}

int p_plain_param(Parser *p, int lambda, Arg *out) {
    int mark = p->mark;
    if (p_param(p, lambda, out) && param_ends(p, lambda))
        return 1;
    p->mark = mark;
    return 0;
}

/* a parameter, its default if it has one, and what ends it */
int p_full_param(Parser *p, int lambda, Param *out) {
    int mark = p->mark;
    out->def = NULL;
    if (p_param(p, lambda, &out->arg)) {
        if (peek_kind(p) == TOK_EQUAL) {
            p->mark++;
            out->def = p_expression(p);
            if (!out->def && is_examining(p)) {
                p->mark--;
                diag_default(p);
            }
            if (out->def && param_ends(p, lambda))
                return 1;
        } else if (param_ends(p, lambda)) {
            return 1;
        }
    }
    p->mark = mark;
    return 0;
}

/* '*' is next: the name that may follow it, which may have a starred annotation */
static int vararg(Parser *p, int lambda, Arg *out) {
    int mark = p->mark;
    if (p_param(p, lambda, out) && param_ends(p, lambda))
        return 1;
    p->mark = mark;
    if (lambda || peek_kind(p) != TOK_NAME || p->failed)
        return 0;
    Start start = start_here(p);
    out->arg = peek(p)->name;
    p->mark++;
    if (accept(p, TOK_COLON)) {
        out->annotation = p_star_expression(p);
        if (out->annotation) {
            out->span = span_since(p, start);
            if (param_ends(p, lambda))
                return 1;
        }
    }
    p->mark = mark;
    return 0;
}

static int kwarg(Parser *p, int lambda, Arguments *args) {
    int mark = p->mark;
    if (peek_kind(p) != TOK_DOUBLESTAR)
        return 1;
    if (is_examining(p)) {
        diag_kwds(p, lambda);
        p->mark = mark;
    }
    p->mark++;
    Arg arg;
    if (!p->failed && p_param(p, lambda, &arg) && param_ends(p, lambda)) {
        args->kwarg = parser_alloc(p, sizeof(Arg));
        if (args->kwarg)
            *args->kwarg = arg;
        return args->kwarg != NULL;
    }
    p->mark = mark;
    return !p->failed;
}

/* '*' and what follows it. The parameters go to the scratch stack. */
static int star_part(Parser *p, int lambda, Arguments *args) {
    int mark = p->mark;
    if (is_examining(p)) {
        diag_star_etc(p, lambda);
        p->mark = mark;
    }
    if (peek_kind(p) != TOK_STAR)
        return kwarg(p, lambda, args);
    p->mark++;
    int bare = accept(p, TOK_COMMA);
    Arg arg;
    memset(&arg, 0, sizeof arg);
    if (!bare && !vararg(p, lambda, &arg)) {
        p->mark = mark;
        return !p->failed;
    }
    size_t base = p->scratch_size;
    Param param;
    while (!p->failed && p_full_param(p, lambda, &param)) {
        if (!scratch_push(p, &param, sizeof param))
            return 0;
    }
    if (p->failed)
        return 0;
    if (bare && p->scratch_size == base) {
        p->mark = mark;
        return 1;
    }
    if (!bare) {
        args->vararg = parser_alloc(p, sizeof(Arg));
        if (!args->vararg)
            return 0;
        *args->vararg = arg;
    }
    return kwarg(p, lambda, args);
}

/* The parameters from base on, spread over the fields; the first `positional` are before '*', `slash`
 * before '/'. */
static int build_arguments(Parser *p, size_t base, int slash, int positional_count, Arguments *args) {
    int n = (int)((p->scratch_size - base) / sizeof(Param));
    const char *items = p->scratch + base;
    p->scratch_size = base;
    if (n == 0)
        return 1;
    Arg *all = parser_alloc(p, (size_t)n * sizeof(Arg));
    Expr **defaults = parser_alloc(p, (size_t)n * sizeof(Expr *));
    if (!all || !defaults)
        return 0;
    int default_count = 0;
    for (int i = 0; i < n; i++) {
        Param param;
        memcpy(&param, items + (size_t)i * sizeof param, sizeof param);
        all[i] = param.arg;
        if (i < positional_count && param.def)
            defaults[default_count++] = param.def;
        else if (i >= positional_count)
            defaults[i] = param.def;
    }
    args->posonlyargs = (ArgSeq){slash, slash ? all : NULL};
    args->args = (ArgSeq){positional_count - slash, positional_count > slash ? all + slash : NULL};
    args->kwonlyargs = (ArgSeq){n - positional_count, n > positional_count ? all + positional_count : NULL};
    args->defaults = (ExprSeq){default_count, default_count ? defaults : NULL};
    args->kw_defaults = (ExprSeq){n - positional_count, n > positional_count ? defaults + positional_count : NULL};
    return 1;
}

Arguments *p_parameters(Parser *p, int lambda) {
    Arguments *args = parser_alloc(p, sizeof(Arguments));
    size_t base = p->scratch_size;
    int slash = 0, n = 0, with_default = 0, mark = p->mark;
    if (!args)
        return NULL;
    if (is_examining(p)) {
        diag_parameters(p, lambda);
        p->mark = mark;
    }
    for (;;) {
        Param param;
        mark = p->mark;
        if (peek_kind(p) == TOK_SLASH && n && !slash) {
            p->mark++;
            if (!param_ends(p, lambda)) {
                p->mark = mark;
                break;
            }
            slash = n;
            continue;
        }
        if (!p_full_param(p, lambda, &param))
            break;
        if (with_default && !param.def) {
            p->mark = mark;
            break;
        }
        with_default = param.def != NULL;
        if (!scratch_push(p, &param, sizeof param))
            break;
        n++;
    }
    if (p->failed || !star_part(p, lambda, args) || p->failed) {
        p->scratch_size = base;
        return NULL;
    }
    return build_arguments(p, base, slash, n, args) ? args : NULL;
}

Expr *p_lambda(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark++;
    Arguments *args = p_parameters(p, 1);
    Expr *body = args && accept(p, TOK_COLON) ? p_expression(p) : NULL;
    Expr *e = body ? new_expr(p, EXPR_LAMBDA, start) : NULL;
    if (!e) {
        p->mark = mark;
        return NULL;
    }
    e->lambda.args = args;
    e->lambda.body = body;
    return e;
}
