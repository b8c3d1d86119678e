/* Atoms, what follows them (attributes, calls, subscripts), displays and comprehensions.
 *
 * Invariant: a bracketed atom is read once, deciding by what is found between its items what it is; only
 * when that fails it is gone over again, in the order in which CPython tries the alternatives, to find the
 * mistake. */
#include "parse_internal.h"

#include <string.h>

static Expr *name_or_constant(Parser *p, int kind) {
    Start start = start_here(p);
    const Name *id = peek(p)->name;
    p->mark++;
    Expr *e = new_expr(p, kind == TOK_NAME ? EXPR_NAME : EXPR_CONSTANT, start);
    if (!e)
        return NULL;
    if (kind == TOK_NAME)
        e->name.id = id;
    else
        e->constant.kind = kind == TOK_TRUE    ? CONST_TRUE
                           : kind == TOK_FALSE ? CONST_FALSE
                           : kind == TOK_NONE  ? CONST_NONE
                                               : CONST_ELLIPSIS;
    return e;
}

static Expr *comprehension(Parser *p, int kind, Start start, Expr *elt, ComprehensionSeq generators) {
    Expr *e = new_expr(p, kind, start);
    if (e) {
        e->comp.elt = elt;
        e->comp.generators = generators;
    }
    return e;
}

static int at_for(Parser *p) {
    int kind = peek_kind(p);
    return kind == TOK_FOR || kind == TOK_ASYNC;
}

/* ['async'] 'for' star_targets 'in' disjunction ('if' disjunction)* */
static int for_if_clause(Parser *p, Comprehension *clause) {
    int mark = p->mark;
    memset(clause, 0, sizeof *clause);
    clause->is_async = accept(p, TOK_ASYNC);
    if (accept(p, TOK_FOR)) {
        clause->target = p_star_targets(p);
        if (clause->target && accept(p, TOK_IN)) {
            size_t base = p->scratch_size;
            clause->iter = p_disjunction(p);
            while (clause->iter && peek_kind(p) == TOK_IF) {
                int at_if = p->mark++;
                Expr *test = p_disjunction(p);
                if (!test) {
                    p->mark = at_if;
                    break;
                }
                if (!scratch_push(p, &test, sizeof test))
                    return 0;
            }
            clause->ifs.at = scratch_take(p, base, sizeof(Expr *), &clause->ifs.n);
            if (clause->iter && !p->failed)
                return 1;
            p->mark = mark;
            return 0; /* past 'in' nothing else was meant */
        }
    }
    p->mark = mark;
    diag_for_clause(p);
    p->mark = mark;
    if (is_examining(p)) {
        diag_for_target(p);
        p->mark = mark;
    }
    return 0;
}

int p_for_if_clauses(Parser *p, ComprehensionSeq *seq) {
    size_t base = p->scratch_size;
    Comprehension clause;
    seq->n = 0;
    seq->at = NULL;
    while (at_for(p) && for_if_clause(p, &clause)) {
        if (!scratch_push(p, &clause, sizeof clause))
            return 0;
    }
    seq->at = scratch_take(p, base, sizeof(Comprehension), &seq->n);
    return seq->n > 0 && !p->failed;
}

/* behind '(' and a first item: the rest of a tuple */
static Expr *tuple_rest(Parser *p, Start start, Expr *first) {
    size_t base = p->scratch_size;
    if (!scratch_push(p, &first, sizeof first))
        return NULL;
    Series series;
    series_begin(p, &series);
    while (accept(p, TOK_COMMA)) {
        series_next(p, &series);
        Expr *next = p_star_named_expression(p);
        if (!next || !scratch_push(p, &next, sizeof next))
            break;
    }
    series_end(p, &series);
    if (p->failed || !accept(p, TOK_RPAREN)) {
        p->scratch_size = base;
        return NULL;
    }
    Expr *e = new_expr(p, EXPR_TUPLE, start);
    if (e) {
        e->seq.elts.at = scratch_take(p, base, sizeof(Expr *), &e->seq.elts.n);
        e->parenthesized = 1;
    }
    return e;
}

static Expr *group_at(Parser *p, Start start) {
    Expr *e;
    p->mark++;
    if (accept(p, TOK_RPAREN)) {
        e = new_expr(p, EXPR_TUPLE, start);
        if (e)
            e->parenthesized = 1;
        return e;
    }
    if (peek_kind(p) == TOK_YIELD) {
        e = p_yield(p);
        if (!e || !accept(p, TOK_RPAREN))
            return NULL;
        e->parenthesized = 1;
        return e;
    }
    e = p_star_named_expression(p);
    if (!e)
        return NULL;
    if (peek_kind(p) == TOK_COMMA)
        return tuple_rest(p, start, e);
    if (e->kind == EXPR_STARRED)
        return NULL;
    if (accept(p, TOK_RPAREN)) {
        e->parenthesized = 1;
        return e;
    }
    ComprehensionSeq generators;
    if (!at_for(p) || !p_for_if_clauses(p, &generators) || !accept(p, TOK_RPAREN))
        return NULL;
    return comprehension(p, EXPR_GENERATOREXP, start, e, generators);
}

static Expr *group(Parser *p) {
    int mark = p->mark;
    Expr *e = group_at(p, start_here(p));
    if (e || p->failed)
        return p->failed ? NULL : e;
    p->mark = mark;
    if (is_examining(p)) {
        diag_group(p);
        p->mark = mark;
        diag_comprehension(p);
        p->mark = mark;
    }
    return NULL;
}

/* Behind the opening bracket: items up to close, or one item and a comprehension. first: an item already
 * read. */
static Expr *display(Parser *p, Start start, Expr *first, int close, int kind, int comp_kind) {
    size_t base = p->scratch_size;
    ExprSeq elts = {0, NULL};
    int comma = 0;
    Series series;
    series_begin(p, &series);
    for (Expr *item = first; item || peek_kind(p) != close; item = NULL) {
        if (!item)
            item = p_star_named_expression(p);
        if (!item || !scratch_push(p, &item, sizeof item))
            break;
        comma = accept(p, TOK_COMMA);
        if (!comma)
            break;
        series_next(p, &series); /* not the first item: it may have a comprehension */
    }
    series_end(p, &series);
    elts.at = scratch_take(p, base, sizeof(Expr *), &elts.n);
    if (p->failed)
        return NULL;
    if (accept(p, close)) {
        if (kind == EXPR_SET && elts.n == 0)
            return NULL;
        Expr *e = new_expr(p, kind, start);
        if (e)
            e->seq.elts = elts;
        return e;
    }
    ComprehensionSeq generators;
    if (elts.n != 1 || comma || elts.at[0]->kind == EXPR_STARRED || !at_for(p) || !p_for_if_clauses(p, &generators) ||
        !accept(p, close))
        return NULL;
    return comprehension(p, comp_kind, start, elts.at[0], generators);
}

static Expr *list(Parser *p) {
    int mark = p->mark;
    Start start = start_here(p);
    p->mark++;
    Expr *e = display(p, start, NULL, TOK_RBRACKET, EXPR_LIST, EXPR_LISTCOMP);
    if (e || p->failed)
        return p->failed ? NULL : e;
    p->mark = mark;
    if (is_examining(p)) {
        diag_comprehension(p);
        p->mark = mark;
    }
    return NULL;
}

typedef struct Pair {
    Expr *key, *value;
} Pair;

/* '**' bitwise_or | expression ':' expression; key: already read, or NULL */
static int dict_pair(Parser *p, Expr *key, Pair *pair) {
    int mark = p->mark;
    pair->key = NULL;
    if (!key && accept(p, TOK_DOUBLESTAR)) {
        pair->value = p_bitwise_or(p);
    } else {
        pair->key = key ? key : p_expression(p);
        pair->value = pair->key && accept(p, TOK_COLON) ? p_expression(p) : NULL;
    }
    if (pair->value)
        return 1;
    p->mark = mark;
    return 0;
}

static Expr *dict_node(Parser *p, Start start, size_t base) {
    int n = (int)((p->scratch_size - base) / sizeof(Pair));
    p->scratch_size = base;
    Expr *e = new_expr(p, EXPR_DICT, start);
    if (!e || n == 0)
        return e;
    e->dict.keys = parser_alloc(p, (size_t)n * sizeof(Expr *));
    e->dict.values = parser_alloc(p, (size_t)n * sizeof(Expr *));
    if (!e->dict.keys || !e->dict.values)
        return NULL;
    e->dict.n = n;
    for (int i = 0; i < n; i++) {
        Pair pair;
        memcpy(&pair, p->scratch + base + (size_t)i * sizeof pair, sizeof pair);
        e->dict.keys[i] = pair.key;
        e->dict.values[i] = pair.value;
    }
    return e;
}

/* behind '{': pairs up to '}', or one pair and a comprehension; key: the first one when already read */
static Expr *dict_rest(Parser *p, Start start, Expr *key) {
    size_t base = p->scratch_size;
    Pair pair = {NULL, NULL};
    int n = 0, comma = 0;
    Series series;
    series_begin(p, &series);
    while (peek_kind(p) != TOK_RBRACE && dict_pair(p, key, &pair)) {
        key = NULL;
        if (!scratch_push(p, &pair, sizeof pair))
            break;
        n++;
        comma = accept(p, TOK_COMMA);
        if (!comma)
            break;
        series_next(p, &series);
    }
    series_end(p, &series);
    if (p->failed) {
        p->scratch_size = base;
        return NULL;
    }
    if (accept(p, TOK_RBRACE))
        return dict_node(p, start, base);
    p->scratch_size = base;
    ComprehensionSeq generators;
    if (n != 1 || comma || !pair.key || !at_for(p) || !p_for_if_clauses(p, &generators) || !accept(p, TOK_RBRACE))
        return NULL;
    Expr *e = new_expr(p, EXPR_DICTCOMP, start);
    if (e) {
        e->dictcomp.key = pair.key;
        e->dictcomp.value = pair.value;
        e->dictcomp.generators = generators;
    }
    return e;
}

/* The fast pass decides between dict and set by what follows the first item. */
static Expr *brace_at(Parser *p, Start start) {
    int kind = peek_kind(p);
    if (kind == TOK_RBRACE || kind == TOK_DOUBLESTAR)
        return dict_rest(p, start, NULL);
    if (kind == TOK_STAR)
        return display(p, start, NULL, TOK_RBRACE, EXPR_SET, EXPR_SETCOMP);
    Expr *first = p_named_expression(p);
    if (!first)
        return NULL;
    if (peek_kind(p) != TOK_COLON)
        return display(p, start, first, TOK_RBRACE, EXPR_SET, EXPR_SETCOMP);
    if (first->kind == EXPR_NAMEDEXPR && !first->parenthesized)
        return NULL;
    return dict_rest(p, start, first);
}

/* The second pass: every alternative, each with its own mistakes. */
static Expr *brace_examined(Parser *p, Start start) {
    int mark = p->mark;
    p->mark++;
    Expr *e = dict_rest(p, start, NULL);
    if (e)
        return e;
    p->mark = mark;
    diag_dict(p);
    if (p->failed)
        return NULL;
    p->mark = mark + 1;
    e = display(p, start, NULL, TOK_RBRACE, EXPR_SET, EXPR_SETCOMP);
    if (e)
        return e;
    p->mark = mark;
    if (is_examining(p)) {
        diag_dict_comprehension(p);
        p->mark = mark;
        diag_comprehension(p);
        p->mark = mark;
    }
    return NULL;
}

static Expr *brace(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark;
    Expr *e;
    if (p->diagnosing) {
        e = brace_examined(p, start);
    } else {
        p->mark++;
        e = brace_at(p, start);
        if (!e && !p->failed) {
            p->mark = mark;
            diag_dict(p);
        }
    }
    if (p->failed)
        return NULL;
    if (!e)
        p->mark = mark;
    return e;
}

static Expr *bracketed(Parser *p, int kind) {
    if (!parser_enter(p))
        return NULL;
    Expr *e = kind == TOK_LPAREN ? group(p) : kind == TOK_LBRACKET ? list(p) : brace(p);
    parser_leave(p);
    return e;
}

Expr *p_atom(Parser *p) {
    int kind = peek_kind(p);
    switch (kind) {
    case TOK_NAME:
    case TOK_TRUE:
    case TOK_FALSE:
    case TOK_NONE:
    case TOK_ELLIPSIS:
        return name_or_constant(p, kind);
    case TOK_NUMBER:
        return p_number(p);
    case TOK_STRING:
    case TOK_FSTRING_START:
    case TOK_LPAREN:
    case TOK_LBRACKET:
    case TOK_LBRACE:
        break;
    default:
        return NULL;
    }
    /* A brace that failed is remembered in the first pass too: each level of nesting would try it twice. */
    int rule = kind == TOK_STRING || kind == TOK_FSTRING_START ? RULE_STRINGS : RULE_ATOM;
    void *known;
    int mark = p->mark;
    if (p->memo_count && (rule == RULE_STRINGS || kind == TOK_LBRACE) && memo_get(p, rule, 0, &known))
        return known;
    Expr *e = rule == RULE_STRINGS ? p_strings(p) : bracketed(p, kind);
    if (rule == RULE_STRINGS ? p->diagnosing : !e && kind == TOK_LBRACE && !p->diagnosing)
        memo_put(p, rule, 0, mark, e);
    return e;
}

static Expr *attribute(Parser *p, Start start, Expr *value) {
    p->mark++;
    if (peek_kind(p) != TOK_NAME)
        return NULL;
    Span span = span_of_token(peek(p));
    const Name *attr = peek(p)->name;
    p->mark++;
    Expr *e = new_expr(p, EXPR_ATTRIBUTE, start);
    if (e) {
        e->attribute.value = value;
        e->attribute.attr = attr;
        e->attribute.attr_span = span;
    }
    return e;
}

/* '(' expression for_if_clauses ')' as the only argument */
static Expr *generator_argument(Parser *p) {
    int mark = p->mark;
    Start start = start_here(p);
    p->mark++;
    ComprehensionSeq generators;
    Expr *elt = p_assign_or_expression(p);
    if (elt && at_for(p) && p_for_if_clauses(p, &generators) && accept(p, TOK_RPAREN))
        return comprehension(p, EXPR_GENERATOREXP, start, elt, generators);
    p->mark = mark;
    if (is_examining(p)) {
        diag_comprehension(p);
        p->mark = mark;
    }
    return NULL;
}

static Expr *call_node(Parser *p, Start start, Expr *func, ExprSeq args, KeywordSeq keywords) {
    Expr *e = new_expr(p, EXPR_CALL, start);
    if (e) {
        e->call.func = func;
        e->call.args = args;
        e->call.keywords = keywords;
    }
    return e;
}

static Expr *call_with_generator(Parser *p, Start start, Expr *func, Expr *generator) {
    Expr **at = generator ? parser_alloc(p, sizeof(Expr *)) : NULL;
    if (!at)
        return NULL;
    at[0] = generator;
    return call_node(p, start, func, (ExprSeq){1, at}, (KeywordSeq){0, NULL});
}

static Expr *call(Parser *p, Start start, Expr *func) {
    Start open = start_here(p);
    if (p->diagnosing) {
        Expr *generator = generator_argument(p);
        if (generator)
            return call_with_generator(p, start, func, generator);
        if (p->failed)
            return NULL;
    }
    p->mark++;
    if (accept(p, TOK_RPAREN))
        return call_node(p, start, func, (ExprSeq){0, NULL}, (KeywordSeq){0, NULL});
    CallArgs *args = p_arguments(p);
    if (args) {
        if (accept(p, TOK_RPAREN))
            return call_node(p, start, func, args->args, args->keywords);
        if (p->diagnosing || args->args.n != 1 || args->keywords.n || args->args.at[0]->kind == EXPR_STARRED ||
            p->tokens[p->mark - 1].kind == TOK_COMMA || !at_for(p))
            return NULL;
        ComprehensionSeq generators;
        if (!p_for_if_clauses(p, &generators) || !accept(p, TOK_RPAREN))
            return NULL;
        return call_with_generator(p, start, func,
                                   comprehension(p, EXPR_GENERATOREXP, open, args->args.at[0], generators));
    }
    return NULL;
}

static Expr *subscript(Parser *p, Start start, Expr *value) {
    p->mark++;
    Expr *slice = p_slices(p);
    if (!slice || !accept(p, TOK_RBRACKET))
        return NULL;
    Expr *e = new_expr(p, EXPR_SUBSCRIPT, start);
    if (e) {
        e->subscript.value = value;
        e->subscript.slice = slice;
    }
    return e;
}

static Expr *primary(Parser *p) {
    Start start = start_here(p);
    Expr *e = p_atom(p);
    while (e) {
        int mark = p->mark;
        int kind = peek_kind(p);
        Expr *next;
        if ((kind == TOK_LBRACKET || kind == TOK_LBRACE) && is_examining(p)) {
            /* CPython looks for a misplaced comprehension behind a primary, whatever the bracket */
            diag_comprehension(p);
            p->mark = mark;
            if (p->failed)
                return NULL;
        }
        switch (kind) {
        case TOK_DOT:
            next = attribute(p, start, e);
            break;
        case TOK_LPAREN:
        case TOK_LBRACKET:
            if (!parser_enter(p))
                return NULL;
            next = kind == TOK_LPAREN ? call(p, start, e) : subscript(p, start, e);
            parser_leave(p);
            break;
        default:
            return e;
        }
        if (!next) {
            p->mark = mark;
            return p->failed ? NULL : e;
        }
        e = next;
    }
    return NULL;
}

Expr *p_primary(Parser *p) {
    if (!p->diagnosing)
        return primary(p);
    void *known;
    int mark = p->mark;
    if (memo_get(p, RULE_PRIMARY, 0, &known))
        return known;
    Expr *e = primary(p);
    memo_put(p, RULE_PRIMARY, 0, mark, e);
    return e;
}
