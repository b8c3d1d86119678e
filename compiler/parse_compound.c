/* Compound statements: those with blocks, and what stands in their headers.
 *
 * Invariant: as everywhere in the parser, a part that does not match is left unread; a colon that Python
 * insists on at once (behind "try", "else", "finally", a function's header) is demanded with force(), whose
 * absence the second pass reports without looking for other readings. */
#include "parse_internal.h"

#include <string.h>

static int force(Parser *p, int kind, const char *text) {
    if (accept(p, kind))
        return 1;
    if (is_examining(p))
        raise_span(p, PARSE_SYNTAX, span_of_token(peek(p)), "expected '%s'", text);
    return 0;
}

/* ---- type parameters ---- */

static int type_param(Parser *p, TypeParam *out) {
    int mark = p->mark;
    Start start = start_here(p);
    memset(out, 0, sizeof *out);
    int kind = peek_kind(p);
    out->kind = kind == TOK_STAR         ? TYPEPARAM_TYPEVARTUPLE
                : kind == TOK_DOUBLESTAR ? TYPEPARAM_PARAMSPEC
                                         : TYPEPARAM_TYPEVAR;
    if (out->kind != TYPEPARAM_TYPEVAR) {
        diag_type_param(p);
        p->mark = mark;
    }
    if (out->kind != TYPEPARAM_TYPEVAR)
        p->mark++;
    if (peek_kind(p) != TOK_NAME) {
        p->mark = mark;
        return 0;
    }
    out->name = peek(p)->name;
    p->mark++;
    if (kind == TOK_NAME && peek_kind(p) == TOK_COLON) {
        int colon = p->mark++;
        out->bound = p_expression(p);
        if (!out->bound)
            p->mark = colon;
    }
    if (peek_kind(p) == TOK_EQUAL) {
        int equal = p->mark++;
        out->default_value = kind == TOK_STAR ? p_star_expression(p) : p_expression(p);
        if (!out->default_value)
            p->mark = equal;
    }
    out->span = span_since(p, start);
    return !p->failed;
}

int p_type_params(Parser *p, TypeParamSeq *seq) {
    int mark = p->mark;
    size_t base = p->scratch_size;
    TypeParam param;
    seq->n = 0;
    seq->at = NULL;
    if (peek_kind(p) != TOK_LBRACKET)
        return 1;
    if (is_examining(p)) {
        diag_type_params(p);
        p->mark = mark;
    }
    p->mark++;
    while (!p->failed && type_param(p, &param)) {
        if (!scratch_push(p, &param, sizeof param))
            return 0;
        if (!accept(p, TOK_COMMA))
            break;
    }
    if (!p->failed && p->scratch_size > base && accept(p, TOK_RBRACKET)) {
        seq->at = scratch_take(p, base, sizeof(TypeParam), &seq->n);
        return !p->failed;
    }
    p->scratch_size = base;
    p->mark = mark;
    return !p->failed;
}

/* ---- functions and classes ---- */

static Stmt *function_def(Parser *p, ExprSeq decorators) {
    Start start = start_here(p);
    int mark = p->mark;
    if (is_examining(p)) {
        diag_def(p);
        p->mark = mark;
    }
    int is_async = accept(p, TOK_ASYNC);
    TypeParamSeq type_params;
    StmtSeq body;
    Expr *returns = NULL;
    if (!accept(p, TOK_DEF) || peek_kind(p) != TOK_NAME)
        return NULL;
    const Name *name = peek(p)->name;
    p->mark++;
    if (!p_type_params(p, &type_params) || !force(p, TOK_LPAREN, "("))
        return NULL;
    Arguments *args = p_parameters(p, 0);
    if (!args || !accept(p, TOK_RPAREN))
        return NULL;
    if (peek_kind(p) == TOK_ARROW) {
        int arrow = p->mark++;
        returns = p_expression(p);
        if (!returns)
            p->mark = arrow;
    }
    if (p->failed || !force(p, TOK_COLON, ":") || !p_block(p, &body))
        return NULL;
    Stmt *s = new_stmt(p, is_async ? STMT_ASYNCFUNCTIONDEF : STMT_FUNCTIONDEF, start);
    if (s) {
        s->func.name = name;
        s->func.args = args;
        s->func.body = body;
        s->func.decorators = decorators;
        s->func.returns = returns;
        s->func.type_params = type_params;
    }
    return s;
}

static Stmt *class_def(Parser *p, ExprSeq decorators) {
    Start start = start_here(p);
    int mark = p->mark;
    if (is_examining(p)) {
        diag_class(p);
        p->mark = mark;
    }
    TypeParamSeq type_params;
    StmtSeq body;
    CallArgs *args = NULL;
    p->mark++;
    if (peek_kind(p) != TOK_NAME)
        return NULL;
    const Name *name = peek(p)->name;
    p->mark++;
    if (!p_type_params(p, &type_params))
        return NULL;
    if (accept(p, TOK_LPAREN)) {
        if (peek_kind(p) != TOK_RPAREN)
            args = p_arguments(p);
        if (p->failed || !accept(p, TOK_RPAREN))
            return NULL;
    }
    if (!accept(p, TOK_COLON) || !p_block(p, &body))
        return NULL;
    Stmt *s = new_stmt(p, STMT_CLASSDEF, start);
    if (s) {
        s->class_def.name = name;
        if (args) {
            s->class_def.bases = args->args;
            s->class_def.keywords = args->keywords;
        }
        s->class_def.body = body;
        s->class_def.decorators = decorators;
        s->class_def.type_params = type_params;
    }
    return s;
}

static Stmt *decorated(Parser *p) {
    size_t base = p->scratch_size;
    ExprSeq decorators;
    while (peek_kind(p) == TOK_AT) {
        p->mark++;
        Expr *e = p_named_expression(p);
        if (!e || !accept(p, TOK_NEWLINE)) {
            p->scratch_size = base;
            return NULL;
        }
        if (!scratch_push(p, &e, sizeof e))
            return NULL;
    }
    decorators.at = scratch_take(p, base, sizeof(Expr *), &decorators.n);
    int kind = peek_kind(p);
    if (p->failed)
        return NULL;
    if (kind == TOK_CLASS)
        return class_def(p, decorators);
    return kind == TOK_DEF || kind == TOK_ASYNC ? function_def(p, decorators) : NULL;
}

/* ---- if, while, for ---- */

/* ['else' ':' block]. 0: an error is reported */
static int else_block(Parser *p, StmtSeq *body) {
    int mark = p->mark;
    body->n = 0;
    body->at = NULL;
    if (peek_kind(p) != TOK_ELSE)
        return !p->failed;
    if (is_examining(p)) {
        diag_keyword_block(p, TOK_ELSE, "else");
        p->mark = mark;
    }
    p->mark++;
    if (!p->failed && force(p, TOK_COLON, ":") && p_block(p, body))
        return 1;
    p->mark = mark;
    return !p->failed;
}

typedef struct Branch {
    Start start;
    Expr *test;
    StmtSeq body;
} Branch;

/* 'if' or 'elif', a condition and its block */
static int branch(Parser *p, const char *keyword, Branch *out) {
    int mark = p->mark;
    if (is_examining(p)) {
        diag_condition(p, keyword);
        p->mark = mark;
    }
    out->start = start_here(p);
    p->mark++;
    out->test = p_named_expression(p);
    if (out->test && accept(p, TOK_COLON) && p_block(p, &out->body))
        return 1;
    p->mark = mark;
    return 0;
}

/* A chain of elif's is collected flat and nested from its end on, so that its length costs no depth. */
static Stmt *if_stmt(Parser *p) {
    size_t base = p->scratch_size;
    Branch b;
    StmtSeq orelse;
    if (!branch(p, "if", &b) || !scratch_push(p, &b, sizeof b))
        return NULL;
    Series series;
    series_begin(p, &series);
    do
        series_next(p, &series);
    while (peek_kind(p) == TOK_ELIF && branch(p, "elif", &b) && scratch_push(p, &b, sizeof b));
    series_end(p, &series);
    if (p->failed || !else_block(p, &orelse)) {
        p->scratch_size = base;
        return NULL;
    }
    Stmt *s = NULL;
    while (p->scratch_size > base) {
        p->scratch_size -= sizeof b;
        memcpy(&b, p->scratch + p->scratch_size, sizeof b);
        if (s) {
            orelse.at = parser_alloc(p, sizeof(Stmt *));
            if (!orelse.at)
                return NULL;
            orelse.at[0] = s;
            orelse.n = 1;
        }
        s = new_stmt(p, STMT_IF, b.start);
        if (!s)
            return NULL;
        s->if_stmt.test = b.test;
        s->if_stmt.body = b.body;
        s->if_stmt.orelse = orelse;
    }
    return s;
}

static Stmt *while_stmt(Parser *p) {
    Branch b;
    StmtSeq orelse;
    if (!branch(p, "while", &b) || !else_block(p, &orelse))
        return NULL;
    Stmt *s = new_stmt(p, STMT_WHILE, b.start);
    if (s) {
        s->while_stmt.test = b.test;
        s->while_stmt.body = b.body;
        s->while_stmt.orelse = orelse;
    }
    return s;
}

static Stmt *for_stmt(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark;
    if (is_examining(p)) {
        diag_for(p);
        p->mark = mark;
    }
    int is_async = accept(p, TOK_ASYNC);
    StmtSeq body, orelse;
    p->mark++;
    Expr *target = p_star_targets(p);
    if (!target || !accept(p, TOK_IN)) {
        p->mark = mark;
        if (is_examining(p)) {
            diag_for_target(p);
            p->mark = mark;
        }
        return NULL;
    }
    Expr *iter = p_star_expressions(p);
    if (!iter || !accept(p, TOK_COLON) || !p_block(p, &body) || !else_block(p, &orelse))
        return NULL;
    Stmt *s = new_stmt(p, is_async ? STMT_ASYNCFOR : STMT_FOR, start);
    if (s) {
        s->for_stmt.target = target;
        s->for_stmt.iter = iter;
        s->for_stmt.body = body;
        s->for_stmt.orelse = orelse;
    }
    return s;
}

/* ---- with ---- */

static int with_item(Parser *p, WithItem *item) {
    int mark = p->mark;
    item->optional_vars = NULL;
    item->context_expr = p_expression(p);
    if (!item->context_expr) {
        p->mark = mark;
        return 0;
    }
    int after = p->mark;
    if (!accept(p, TOK_AS))
        return 1;
    item->optional_vars = p_star_target(p);
    if (item->optional_vars) {
        int kind = peek_kind(p);
        if (kind == TOK_COMMA || kind == TOK_RPAREN || kind == TOK_COLON)
            return 1;
        item->optional_vars = NULL;
    }
    p->mark = mark;
    if (is_examining(p))
        diag_with_item(p);
    p->mark = after;
    return !p->failed;
}

static int with_items(Parser *p, WithItemSeq *seq) {
    size_t base = p->scratch_size;
    int n = 0;
    for (;;) {
        int mark = p->mark;
        WithItem item;
        if ((n && !accept(p, TOK_COMMA)) || !with_item(p, &item)) {
            p->mark = mark;
            break;
        }
        if (!scratch_push(p, &item, sizeof item))
            return 0;
        n++;
    }
    seq->at = scratch_take(p, base, sizeof(WithItem), &seq->n);
    return n > 0 && !p->failed;
}

/* Whether a parenthesis encloses the items or begins an expression shows only behind it. */
static int with_header(Parser *p, WithItemSeq *items) {
    int mark = p->mark;
    if (accept(p, TOK_LPAREN)) {
        if (with_items(p, items)) {
            accept(p, TOK_COMMA);
            if (accept(p, TOK_RPAREN) && accept(p, TOK_COLON))
                return 1;
        }
        p->mark = mark;
    }
    return !p->failed && with_items(p, items) && accept(p, TOK_COLON);
}

static Stmt *with_stmt(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark;
    if (is_examining(p)) {
        diag_with_indent(p);
        p->mark = mark;
    }
    int is_async = accept(p, TOK_ASYNC);
    WithItemSeq items = {0, NULL};
    StmtSeq body;
    p->mark++;
    if (p->failed || !with_header(p, &items) || !p_block(p, &body)) {
        p->mark = mark;
        if (is_examining(p)) {
            diag_with(p);
            p->mark = mark;
        }
        return NULL;
    }
    Stmt *s = new_stmt(p, is_async ? STMT_ASYNCWITH : STMT_WITH, start);
    if (s) {
        s->with.items = items;
        s->with.body = body;
    }
    return s;
}

/* ---- try ---- */

int p_except_block(Parser *p, int star, ExceptHandler *out) {
    int mark = p->mark;
    Start start = start_here(p);
    memset(out, 0, sizeof *out);
    if (is_examining(p)) {
        diag_except_indent(p, star);
        p->mark = mark;
    }
    p->mark++;
    if (!p->failed && (!star || accept(p, TOK_STAR))) {
        if (!star && peek_kind(p) == TOK_COLON)
            out->type = NULL;
        else
            out->type = p_expression(p);
        int typed = out->type != NULL;
        if (typed && peek_kind(p) == TOK_AS) {
            p->mark++;
            if (peek_kind(p) == TOK_NAME) {
                out->name = peek(p)->name;
                p->mark++;
            } else {
                p->mark--;
            }
        }
        if ((typed || !star) && accept(p, TOK_COLON) && p_block(p, &out->body)) {
            out->span = span_since(p, start);
            return 1;
        }
    }
    p->mark = mark;
    if (is_examining(p)) {
        diag_except(p);
        p->mark = mark;
    }
    return 0;
}

static int finally_block(Parser *p, StmtSeq *body) {
    int mark = p->mark;
    body->n = 0;
    body->at = NULL;
    if (peek_kind(p) != TOK_FINALLY)
        return 0;
    if (is_examining(p)) {
        diag_keyword_block(p, TOK_FINALLY, "finally");
        p->mark = mark;
    }
    p->mark++;
    if (!p->failed && force(p, TOK_COLON, ":") && p_block(p, body))
        return 1;
    p->mark = mark;
    return 0;
}

/* the handlers, of one sort; how many */
static int handlers(Parser *p, int star, ExceptHandlerSeq *seq) {
    size_t base = p->scratch_size;
    ExceptHandler handler;
    while (peek_kind(p) == TOK_EXCEPT && p_except_block(p, star, &handler)) {
        if (!scratch_push(p, &handler, sizeof handler))
            return 0;
    }
    seq->at = scratch_take(p, base, sizeof(ExceptHandler), &seq->n);
    return seq->n;
}

static Stmt *try_stmt(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark, star = 0;
    if (is_examining(p)) {
        diag_try(p);
        p->mark = mark;
    }
    StmtSeq body, orelse = {0, NULL}, finalbody;
    ExceptHandlerSeq list = {0, NULL};
    p->mark++;
    if (p->failed || !force(p, TOK_COLON, ":") || !p_block(p, &body))
        return NULL;
    if (!finally_block(p, &finalbody)) {
        if (p->failed)
            return NULL;
        if (!handlers(p, 0, &list)) {
            star = 1;
            if (p->failed || !handlers(p, 1, &list))
                return NULL;
        }
        if (p->failed || !else_block(p, &orelse))
            return NULL;
        finally_block(p, &finalbody);
    }
    Stmt *s = p->failed ? NULL : new_stmt(p, star ? STMT_TRYSTAR : STMT_TRY, start);
    if (s) {
        s->try_stmt.body = body;
        s->try_stmt.handlers = list;
        s->try_stmt.orelse = orelse;
        s->try_stmt.finalbody = finalbody;
    }
    return s;
}

static Stmt *compound_at(Parser *p) {
    const ExprSeq none = {0, NULL};
    int kind = peek_kind(p);
    if (kind == TOK_ASYNC)
        kind = peek_second(p);
    switch (kind) {
    case TOK_DEF:
        return function_def(p, none);
    case TOK_WITH:
        return with_stmt(p);
    case TOK_FOR:
        return for_stmt(p);
    default:
        break;
    }
    switch (peek_kind(p)) {
    case TOK_AT:
        return decorated(p);
    case TOK_IF:
        return if_stmt(p);
    case TOK_CLASS:
        return class_def(p, none);
    case TOK_TRY:
        return try_stmt(p);
    case TOK_WHILE:
        return while_stmt(p);
    case TOK_NAME:
        return p_match(p);
    default:
        return NULL;
    }
}

Stmt *p_compound(Parser *p) {
    int mark = p->mark;
    size_t base = p->scratch_size;
    Stmt *s = compound_at(p);
    if (!s || p->failed) {
        p->mark = mark;
        p->scratch_size = base;
        return NULL;
    }
    return s;
}
