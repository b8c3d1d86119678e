/* Expressions above the level of atoms: operators by precedence, conditionals, lists of expressions,
 * targets.
 *
 * Invariant: a function that finds its construct only in part gives back the longest complete expression
 * and sets the mark behind it; so every repetition restores the mark when its next item fails. */
#include "parse_internal.h"

#include <string.h>

/* The binary operators from "|" (1) to "*" (6). */
static const struct {
    uint8_t level, op;
} binary_operators[TOK_KIND_COUNT] = {
    [TOK_VBAR] = {1, BINOP_BITOR},
    [TOK_CIRCUMFLEX] = {2, BINOP_BITXOR},
    [TOK_AMPER] = {3, BINOP_BITAND},
    [TOK_LEFTSHIFT] = {4, BINOP_LSHIFT},
    [TOK_RIGHTSHIFT] = {4, BINOP_RSHIFT},
    [TOK_PLUS] = {5, BINOP_ADD},
    [TOK_MINUS] = {5, BINOP_SUB},
    [TOK_STAR] = {6, BINOP_MULT},
    [TOK_SLASH] = {6, BINOP_DIV},
    [TOK_PERCENT] = {6, BINOP_MOD},
    [TOK_DOUBLESLASH] = {6, BINOP_FLOORDIV},
    [TOK_AT] = {6, BINOP_MATMULT},
};

static Expr *binary_expr(Parser *p, Start start, Expr *left, int op, Expr *right) {
    Expr *e = new_expr(p, EXPR_BINOP, start);
    if (e) {
        e->binop.left = left;
        e->binop.right = right;
        e->binop.op = (uint8_t)op;
    }
    return e;
}

/* await_primary ['**' factor] */
static Expr *power(Parser *p) {
    Start start = start_here(p);
    Expr *left;
    if (peek_kind(p) == TOK_AWAIT) {
        int mark = p->mark++;
        Expr *value = p_primary(p);
        left = value ? new_expr(p, EXPR_AWAIT, start) : NULL;
        if (!left) {
            p->mark = mark;
            return NULL;
        }
        left->value.value = value;
    } else {
        left = p_primary(p);
    }
    if (!left || peek_kind(p) != TOK_DOUBLESTAR || !parser_enter(p))
        return left;
    int mark = p->mark++;
    Expr *right = p_factor(p);
    parser_leave(p);
    if (right)
        return binary_expr(p, start, left, BINOP_POW, right);
    p->mark = mark;
    return left;
}

static Expr *factor_here(Parser *p) {
    int op;
    switch (peek_kind(p)) {
    case TOK_PLUS:
        op = UNARY_UADD;
        break;
    case TOK_MINUS:
        op = UNARY_USUB;
        break;
    case TOK_TILDE:
        op = UNARY_INVERT;
        break;
    default:
        return power(p);
    }
    if (!parser_enter(p))
        return NULL;
    Start start = start_here(p);
    int mark = p->mark++;
    Expr *operand = p_factor(p);
    parser_leave(p);
    Expr *e = operand ? new_expr(p, EXPR_UNARYOP, start) : NULL;
    if (!e) {
        p->mark = mark;
        return NULL;
    }
    e->unary.op = (uint8_t)op;
    e->unary.operand = operand;
    return e;
}

Expr *p_factor(Parser *p) {
    if (!p->diagnosing)
        return factor_here(p);
    void *known;
    int mark = p->mark;
    if (memo_get(p, RULE_FACTOR, 0, &known))
        return known;
    Expr *e = factor_here(p);
    memo_put(p, RULE_FACTOR, 0, mark, e);
    return e;
}

enum { LEVEL_SHIFT = 4, LEVEL_SUM = 5, LEVEL_TERM = 6 };

static Expr *binary(Parser *p, int lowest) {
    Start start = start_here(p);
    if (is_examining(p)) {
        int before = p->mark;
        diag_factor(p);
        p->mark = before;
        if (lowest <= LEVEL_SHIFT)
            diag_arithmetic(p);
        p->mark = before;
    }
    Expr *left = p_factor(p);
    while (left) {
        int kind = peek_kind(p);
        int level = binary_operators[kind].level;
        if (level < lowest || level == 0)
            break;
        int mark = p->mark++;
        Expr *right = level == LEVEL_TERM ? p_factor(p) : binary(p, level + 1);
        if (!right) {
            p->mark = mark;
            break;
        }
        left = binary_expr(p, start, left, binary_operators[kind].op, right);
    }
    return left;
}

Expr *p_sum(Parser *p) { return binary(p, LEVEL_SUM); }

Expr *p_bitwise_or(Parser *p) {
    if (!p->diagnosing)
        return binary(p, 1);
    void *known;
    int mark = p->mark;
    if (memo_get(p, RULE_BINARY, 0, &known))
        return known;
    Expr *e = binary(p, 1);
    memo_put(p, RULE_BINARY, 0, mark, e);
    return e;
}

/* Consumes a comparison operator; -1: there is none. */
static int comparison_operator(Parser *p) {
    int kind = peek_kind(p);
    switch (kind) {
    case TOK_EQEQUAL:
        p->mark++;
        return CMPOP_EQ;
    case TOK_LESS:
        p->mark++;
        return CMPOP_LT;
    case TOK_LESSEQUAL:
        p->mark++;
        return CMPOP_LTE;
    case TOK_GREATER:
        p->mark++;
        return CMPOP_GT;
    case TOK_GREATEREQUAL:
        p->mark++;
        return CMPOP_GTE;
    case TOK_IN:
        p->mark++;
        return CMPOP_IN;
    case TOK_NOTEQUAL: {
        int barry = (p->flags & PARSE_FLAG_BARRY_AS_BDFL) != 0;
        int angular = peek(p)->start[0] == '<';
        if (barry && !angular)
            raise_last(p, PARSE_SYNTAX, "with Barry as BDFL, use '<>' instead of '!='");
        if (barry != angular)
            return -1;
        p->mark++;
        return CMPOP_NOTEQ;
    }
    case TOK_NOT:
        if (peek_second(p) != TOK_IN)
            return -1;
        p->mark += 2;
        return CMPOP_NOTIN;
    case TOK_IS:
        p->mark++;
        return accept(p, TOK_NOT) ? CMPOP_ISNOT : CMPOP_IS;
    default:
        return -1;
    }
}

static Expr *comparison(Parser *p) {
    static const uint8_t begins[TOK_KIND_COUNT] = {
        [TOK_EQEQUAL] = 1, [TOK_LESS] = 1,     [TOK_LESSEQUAL] = 1, [TOK_GREATER] = 1, [TOK_GREATEREQUAL] = 1,
        [TOK_IN] = 1,      [TOK_NOTEQUAL] = 1, [TOK_NOT] = 1,       [TOK_IS] = 1,
    };
    Start start = start_here(p);
    Expr *left = p_bitwise_or(p);
    if (!left || !begins[peek_kind(p)])
        return left;
    typedef struct Link {
        Expr *right;
        int op;
    } Link;
    size_t base = p->scratch_size;
    for (;;) {
        int mark = p->mark;
        Link link = {NULL, comparison_operator(p)};
        if (link.op >= 0)
            link.right = p_bitwise_or(p);
        if (!link.right) {
            p->mark = mark;
            break;
        }
        if (!scratch_push(p, &link, sizeof link))
            return NULL;
    }
    int n = (int)((p->scratch_size - base) / sizeof(Link));
    if (n == 0)
        return left;
    Expr *e = new_expr(p, EXPR_COMPARE, start);
    uint8_t *ops = parser_alloc(p, (size_t)n);
    Expr **rights = parser_alloc(p, (size_t)n * sizeof(Expr *));
    p->scratch_size = base;
    if (!e || !ops || !rights)
        return NULL;
    for (int i = 0; i < n; i++) {
        Link link;
        memcpy(&link, p->scratch + base + (size_t)i * sizeof link, sizeof link);
        ops[i] = (uint8_t)link.op;
        rights[i] = link.right;
    }
    e->compare.left = left;
    e->compare.n = n;
    e->compare.ops = ops;
    e->compare.comparators = rights;
    return e;
}

Expr *p_inversion(Parser *p) {
    if (peek_kind(p) != TOK_NOT)
        return comparison(p);
    if (!parser_enter(p))
        return NULL;
    Start start = start_here(p);
    int mark = p->mark++;
    Expr *operand = p_inversion(p);
    parser_leave(p);
    Expr *e = operand ? new_expr(p, EXPR_UNARYOP, start) : NULL;
    if (!e) {
        p->mark = mark;
        return NULL;
    }
    e->unary.op = UNARY_NOT;
    e->unary.operand = operand;
    return e;
}

/* item (token item)* as one BoolOp */
static Expr *boolean(Parser *p, int token, int op, Expr *(*item)(Parser *)) {
    Start start = start_here(p);
    Expr *first = item(p);
    if (!first || peek_kind(p) != token)
        return first;
    size_t base = p->scratch_size;
    if (!scratch_push(p, &first, sizeof first))
        return NULL;
    while (peek_kind(p) == token) {
        int mark = p->mark++;
        Expr *next = item(p);
        if (!next) {
            p->mark = mark;
            break;
        }
        if (!scratch_push(p, &next, sizeof next))
            return NULL;
    }
    if (p->scratch_size - base == sizeof first) {
        p->scratch_size = base;
        return first;
    }
    Expr *e = new_expr(p, EXPR_BOOLOP, start);
    if (!e)
        return NULL;
    e->bool_op.op = (uint8_t)op;
    e->bool_op.values.at = scratch_take(p, base, sizeof(Expr *), &e->bool_op.values.n);
    return e;
}

static Expr *conjunction(Parser *p) { return boolean(p, TOK_AND, BOOL_AND, p_inversion); }

Expr *p_disjunction(Parser *p) {
    if (!p->diagnosing)
        return boolean(p, TOK_OR, BOOL_OR, conjunction);
    void *known;
    int mark = p->mark;
    if (memo_get(p, RULE_DISJUNCTION, 0, &known))
        return known;
    Expr *e = boolean(p, TOK_OR, BOOL_OR, conjunction);
    memo_put(p, RULE_DISJUNCTION, 0, mark, e);
    return e;
}

/* disjunction ['if' disjunction 'else' expression] | lambda */
static Expr *conditional(Parser *p) {
    if (peek_kind(p) == TOK_LAMBDA)
        return p_lambda(p);
    Start start = start_here(p);
    Expr *body = p_disjunction(p);
    if (!body || peek_kind(p) != TOK_IF)
        return body;
    int mark = p->mark++;
    Expr *test = p_disjunction(p);
    Expr *orelse = test && accept(p, TOK_ELSE) ? p_expression(p) : NULL;
    if (!orelse) {
        p->mark = mark;
        return body;
    }
    Expr *e = new_expr(p, EXPR_IFEXP, start);
    if (e) {
        e->ifexp.test = test;
        e->ifexp.body = body;
        e->ifexp.orelse = orelse;
    }
    return e;
}

Expr *p_expression_quiet(Parser *p) {
    int quiet = p->quiet;
    p->quiet = 1;
    Expr *e = parser_enter(p) ? conditional(p) : NULL;
    parser_leave(p);
    p->quiet = quiet;
    return e;
}

Expr *p_expression(Parser *p) {
    void *known;
    int mark = p->mark;
    if (p->diagnosing && memo_get(p, RULE_EXPRESSION, 0, &known))
        return known;
    if (!parser_enter(p)) {
        parser_leave(p);
        return NULL;
    }
    Expr *e = NULL;
    if (is_examining(p))
        diag_expression(p);
    if (!p->failed)
        e = conditional(p);
    parser_leave(p);
    if (p->diagnosing)
        memo_put(p, RULE_EXPRESSION, 0, mark, e);
    return e;
}

Expr *p_assignment_expression(Parser *p) {
    if (peek_kind(p) != TOK_NAME || peek_second(p) != TOK_COLONEQUAL)
        return NULL;
    Start start = start_here(p);
    int mark = p->mark;
    const Name *id = peek(p)->name;
    p->mark++;
    Expr *target = new_expr(p, EXPR_NAME, start);
    p->mark++;
    Expr *value = p_expression(p);
    Expr *e = value && target ? new_expr(p, EXPR_NAMEDEXPR, start) : NULL;
    if (!e) {
        p->mark = mark;
        return NULL;
    }
    target->name.id = id;
    target->ctx = CTX_STORE;
    e->named.target = target;
    e->named.value = value;
    return e;
}

Expr *p_named_expression(Parser *p) {
    Expr *e = p_assignment_expression(p);
    if (e || p->failed)
        return e;
    if (is_examining(p))
        diag_named_expression(p);
    int mark = p->mark;
    e = p_expression(p);
    if (e && peek_kind(p) == TOK_COLONEQUAL) {
        p->mark = mark;
        return NULL;
    }
    return e;
}

Expr *p_assign_or_expression(Parser *p) {
    Expr *e = p_assignment_expression(p);
    if (e || p->failed)
        return e;
    int mark = p->mark;
    e = p_expression(p);
    if (e && peek_kind(p) == TOK_COLONEQUAL) {
        p->mark = mark;
        return NULL;
    }
    return e;
}

/* '*' bitwise_or, the star being next */
static Expr *starred(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark++;
    Expr *value = p_bitwise_or(p);
    Expr *e = value ? new_expr(p, EXPR_STARRED, start) : NULL;
    if (e)
        e->value.value = value;
    else
        p->mark = mark;
    return e;
}

Expr *p_star_expression(Parser *p) { return peek_kind(p) == TOK_STAR ? starred(p) : p_expression(p); }

Expr *p_star_named_expression(Parser *p) { return peek_kind(p) == TOK_STAR ? starred(p) : p_named_expression(p); }

/* item (',' item)* [',']: the items go to the scratch stack. Returns how many, -1 on failure; *comma: one
 * was read. */
static int collect(Parser *p, Expr *(*item)(Parser *), int *comma) {
    int n = 0;
    *comma = 0;
    for (;;) {
        Expr *e = item(p);
        if (!e)
            return p->failed ? -1 : n;
        if (!scratch_push(p, &e, sizeof e))
            return -1;
        n++;
        if (peek_kind(p) != TOK_COMMA)
            return n;
        *comma = 1;
        p->mark++;
    }
}

/* One expression, or a tuple when there is a comma. */
static Expr *expression_list(Parser *p, Expr *(*item)(Parser *)) {
    Start start = start_here(p);
    Expr *first = item(p);
    if (!first || peek_kind(p) != TOK_COMMA)
        return first;
    size_t base = p->scratch_size;
    if (!scratch_push(p, &first, sizeof first))
        return NULL;
    p->mark++;
    int comma;
    if (collect(p, item, &comma) < 0) {
        p->scratch_size = base;
        return NULL;
    }
    Expr *e = new_expr(p, EXPR_TUPLE, start);
    if (e)
        e->seq.elts.at = scratch_take(p, base, sizeof(Expr *), &e->seq.elts.n);
    return e;
}

Expr *p_star_expressions(Parser *p) { return expression_list(p, p_star_expression); }

Expr *p_expressions(Parser *p) { return expression_list(p, p_expression); }

int p_star_named_expressions(Parser *p, ExprSeq *seq) {
    size_t base = p->scratch_size;
    int comma;
    int n = collect(p, p_star_named_expression, &comma);
    seq->n = 0;
    seq->at = NULL;
    if (n <= 0) {
        p->scratch_size = base;
        return 0;
    }
    seq->at = scratch_take(p, base, sizeof(Expr *), &seq->n);
    return seq->at != NULL;
}

Expr *p_yield(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark;
    Expr *value;
    if (!accept(p, TOK_YIELD))
        return NULL;
    int from = accept(p, TOK_FROM);
    value = from ? p_expression(p) : p_star_expressions(p);
    Expr *e = value || !from ? new_expr(p, from ? EXPR_YIELDFROM : EXPR_YIELD, start) : NULL;
    if (!e || p->failed) {
        p->mark = mark;
        return NULL;
    }
    e->value.value = value;
    return e;
}

Expr *p_annotated_rhs(Parser *p) { return peek_kind(p) == TOK_YIELD ? p_yield(p) : p_star_expressions(p); }

/* '*' expression | [expression] ':' [expression] [':' [expression]] | named_expression */
static Expr *slice_item(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark;
    if (peek_kind(p) == TOK_STAR)
        return p_starred_expression(p);
    Expr *lower = NULL, *upper = NULL, *step = NULL;
    if (peek_kind(p) != TOK_COLON) {
        lower = p->diagnosing ? p_expression(p) : p_named_expression(p);
        int bare_walrus = lower && lower->kind == EXPR_NAMEDEXPR && !lower->parenthesized;
        if (!lower || bare_walrus || peek_kind(p) != TOK_COLON) {
            if (!p->diagnosing || p->failed)
                return lower;
            p->mark = mark;
            return p_named_expression(p);
        }
    }
    p->mark++;
    if (peek_kind(p) != TOK_COLON)
        upper = p_expression(p);
    if (accept(p, TOK_COLON))
        step = p_expression(p);
    Expr *e = p->failed ? NULL : new_expr(p, EXPR_SLICE, start);
    if (e) {
        e->slice.lower = lower;
        e->slice.upper = upper;
        e->slice.step = step;
    }
    return e;
}

/* A lone starred item makes a tuple, as a comma does. */
Expr *p_slices(Parser *p) {
    Start start = start_here(p);
    Expr *e = expression_list(p, slice_item);
    if (!e || e->kind != EXPR_STARRED)
        return e;
    Expr *tuple = new_expr(p, EXPR_TUPLE, start);
    Expr **at = parser_alloc(p, sizeof(Expr *));
    if (!tuple || !at)
        return NULL;
    at[0] = e;
    tuple->seq.elts = (ExprSeq){1, at};
    return tuple;
}

/* ---- targets ---- */

int is_single_target(const Expr *e) {
    return e->kind == EXPR_NAME || e->kind == EXPR_ATTRIBUTE || e->kind == EXPR_SUBSCRIPT;
}

static int all_targets(const ExprSeq *elts, int (*test)(const Expr *)) {
    for (int i = 0; i < elts->n; i++) {
        if (!test(elts->at[i]))
            return 0;
    }
    return 1;
}

int is_star_target(const Expr *e) {
    if (e->kind == EXPR_STARRED)
        return e->value.value->kind != EXPR_STARRED && is_star_target(e->value.value);
    if (e->kind == EXPR_TUPLE || e->kind == EXPR_LIST)
        return all_targets(&e->seq.elts, is_star_target);
    return is_single_target(e);
}

int is_del_target(const Expr *e) {
    if (e->kind == EXPR_TUPLE || e->kind == EXPR_LIST)
        return all_targets(&e->seq.elts, is_del_target);
    return is_single_target(e);
}

void set_context(Expr *e, int ctx) {
    e->ctx = (uint8_t)ctx;
    if (e->kind == EXPR_STARRED) {
        set_context(e->value.value, ctx);
    } else if (e->kind == EXPR_TUPLE || e->kind == EXPR_LIST) {
        for (int i = 0; i < e->seq.elts.n; i++)
            set_context(e->seq.elts.at[i], ctx);
    }
}

Expr *p_star_target(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark;
    int star = accept(p, TOK_STAR);
    Expr *e = p_primary(p);
    if (!e || !is_star_target(e)) {
        p->mark = mark;
        return NULL;
    }
    set_context(e, CTX_STORE);
    if (!star)
        return e;
    Expr *s = new_expr(p, EXPR_STARRED, start);
    if (s) {
        s->value.value = e;
        s->ctx = CTX_STORE;
    }
    return s;
}

Expr *p_star_targets(Parser *p) {
    Expr *e = expression_list(p, p_star_target);
    if (e && e->kind == EXPR_TUPLE)
        e->ctx = CTX_STORE;
    return e;
}
