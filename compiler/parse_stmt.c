/* Simple statements, and the sequences and blocks statements stand in.
 *
 * Invariant: a statement function returns NULL with the mark where it began when its construct is not
 * there; statement lists push their members to the scratch stack and leave the collecting to the owner of
 * the list. */
#include "parse_internal.h"

#include <string.h>

int p_at_soft(Parser *p, const Name *word) {
    const Token *token = peek(p);
    return token->kind == TOK_NAME && token->name == word;
}

/* NAME ('.' NAME)* as one name with its dots */
const Name *p_dotted_name(Parser *p) {
    if (peek_kind(p) != TOK_NAME)
        return NULL;
    const Name *name = peek(p)->name;
    size_t length = name->length;
    int first = p->mark++;
    while (peek_kind(p) == TOK_DOT && peek_second(p) == TOK_NAME) {
        length += 1 + p->tokens[p->mark + 1].name->length;
        p->mark += 2;
    }
    if (p->mark == first + 1)
        return name;
    char *text = arena_alloc(p->arena, length);
    if (!text) {
        raise_nomem(p);
        return NULL;
    }
    size_t n = 0;
    for (int i = first; i < p->mark; i++) {
        if (p->tokens[i].kind == TOK_DOT) {
            text[n++] = '.';
        } else {
            memcpy(text + n, p->tokens[i].name->text, p->tokens[i].name->length);
            n += p->tokens[i].name->length;
        }
    }
    const Name *dotted = lexer_intern_text(&p->lexer, text, n);
    if (!dotted)
        raise_nomem(p);
    return dotted;
}

/* ['as' NAME]. 0: 'as' without a name; the mark is back before it */
static int as_name(Parser *p, const Name **name) {
    *name = NULL;
    if (peek_kind(p) != TOK_AS)
        return 1;
    int mark = p->mark++;
    if (peek_kind(p) != TOK_NAME) {
        p->mark = mark;
        return 0;
    }
    *name = peek(p)->name;
    p->mark++;
    return 1;
}

static int push_alias(Parser *p, Start start, const Name *name, const Name *asname) {
    Alias alias;
    memset(&alias, 0, sizeof alias);
    alias.name = name;
    alias.asname = asname;
    alias.span = span_since(p, start);
    return scratch_push(p, &alias, sizeof alias);
}

static Stmt *import_name(Parser *p) {
    Start start = start_here(p);
    size_t base = p->scratch_size;
    int n = 0;
    p->mark++;
    for (;;) {
        int mark = p->mark;
        Start item = {0, 0};
        const Name *name = NULL, *asname = NULL;
        if (n == 0 || accept(p, TOK_COMMA)) {
            item = start_here(p);
            name = p_dotted_name(p);
        }
        if (!name) {
            p->mark = mark;
            break;
        }
        as_name(p, &asname);
        if (!push_alias(p, item, name, asname))
            return NULL;
        n++;
    }
    if (n == 0 || p->failed)
        return NULL;
    Stmt *s = new_stmt(p, STMT_IMPORT, start);
    if (s)
        s->import.names.at = scratch_take(p, base, sizeof(Alias), &s->import.names.n);
    return s;
}

/* NAME ['as' NAME] (',' ...)*; a comma at the end is left */
int p_import_from_names(Parser *p, AliasSeq *seq) {
    size_t base = p->scratch_size;
    int n = 0;
    for (;;) {
        int mark = p->mark;
        const Name *asname;
        if ((n && !accept(p, TOK_COMMA)) || peek_kind(p) != TOK_NAME) {
            p->mark = mark;
            break;
        }
        Start start = start_here(p);
        const Name *name = peek(p)->name;
        p->mark++;
        as_name(p, &asname);
        if (!push_alias(p, start, name, asname))
            return 0;
        n++;
    }
    seq->at = scratch_take(p, base, sizeof(Alias), &seq->n);
    return n > 0 && !p->failed;
}

static int import_targets(Parser *p, AliasSeq *seq) {
    int mark = p->mark;
    Start start = start_here(p);
    if (peek_kind(p) == TOK_STAR) {
        size_t base = p->scratch_size;
        const Name *star = lexer_intern_text(&p->lexer, "*", 1);
        p->mark++;
        if (!star) {
            raise_nomem(p);
            return 0;
        }
        if (!push_alias(p, start, star, NULL))
            return 0;
        seq->at = scratch_take(p, base, sizeof(Alias), &seq->n);
        return !p->failed;
    }
    if (accept(p, TOK_LPAREN)) {
        if (p_import_from_names(p, seq)) {
            accept(p, TOK_COMMA);
            if (accept(p, TOK_RPAREN))
                return 1;
        }
    } else if (p_import_from_names(p, seq) && peek_kind(p) != TOK_COMMA) {
        return 1;
    }
    p->mark = mark;
    if (is_examining(p)) {
        diag_import_targets(p);
        p->mark = mark;
    }
    return 0;
}

static Stmt *import_from(Parser *p) {
    Start start = start_here(p);
    int level = 0;
    p->mark++;
    for (int kind = peek_kind(p); kind == TOK_DOT || kind == TOK_ELLIPSIS; kind = peek_kind(p)) {
        level += kind == TOK_DOT ? 1 : 3;
        p->mark++;
    }
    const Name *module = p_dotted_name(p);
    AliasSeq names;
    if ((!module && !level) || !accept(p, TOK_IMPORT) || !import_targets(p, &names))
        return NULL;
    Stmt *s = new_stmt(p, STMT_IMPORTFROM, start);
    if (s) {
        s->import_from.module = module;
        s->import_from.names = names;
        s->import_from.level = level;
    }
    return s;
}

static Stmt *import(Parser *p, int kind) {
    int mark = p->mark;
    if (is_examining(p)) {
        diag_import(p);
        p->mark = mark;
    }
    return kind == TOK_IMPORT ? import_name(p) : import_from(p);
}

static Stmt *keyword_only(Parser *p, int kind) {
    Start start = start_here(p);
    p->mark++;
    return new_stmt(p, kind, start);
}

static Stmt *return_stmt(Parser *p) {
    Start start = start_here(p);
    p->mark++;
    Expr *value = p_star_expressions(p);
    Stmt *s = p->failed ? NULL : new_stmt(p, STMT_RETURN, start);
    if (s)
        s->expr.value = value;
    return s;
}

static Stmt *raise_stmt(Parser *p) {
    Start start = start_here(p);
    p->mark++;
    Expr *exc = p_expression(p), *cause = NULL;
    if (exc && peek_kind(p) == TOK_FROM) {
        int mark = p->mark++;
        cause = p_expression(p);
        if (!cause)
            p->mark = mark;
    }
    Stmt *s = p->failed ? NULL : new_stmt(p, STMT_RAISE, start);
    if (s) {
        s->raise.exc = exc;
        s->raise.cause = cause;
    }
    return s;
}

static Stmt *names_stmt(Parser *p, int kind) {
    Start start = start_here(p);
    size_t base = p->scratch_size;
    do {
        p->mark++;
        if (peek_kind(p) != TOK_NAME) {
            p->mark--;
            break;
        }
        const Name *name = peek(p)->name;
        p->mark++;
        if (!scratch_push(p, &name, sizeof name))
            return NULL;
    } while (peek_kind(p) == TOK_COMMA);
    if (p->scratch_size == base)
        return NULL;
    Stmt *s = new_stmt(p, kind, start);
    if (s)
        s->global.names.at = scratch_take(p, base, sizeof(Name *), &s->global.names.n);
    return s;
}

static Stmt *assert_stmt(Parser *p) {
    Start start = start_here(p);
    p->mark++;
    Expr *test = p_expression(p), *msg = NULL;
    if (!test)
        return NULL;
    if (peek_kind(p) == TOK_COMMA) {
        int mark = p->mark++;
        msg = p_expression(p);
        if (!msg)
            p->mark = mark;
    }
    Stmt *s = p->failed ? NULL : new_stmt(p, STMT_ASSERT, start);
    if (s) {
        s->assert_stmt.test = test;
        s->assert_stmt.msg = msg;
    }
    return s;
}

static Stmt *del_stmt(Parser *p) {
    Start start = start_here(p);
    size_t base = p->scratch_size;
    int mark = p->mark++;
    for (;;) {
        int before = p->mark;
        Expr *target = p_primary(p);
        if (!target || !is_del_target(target)) {
            p->mark = before;
            break;
        }
        set_context(target, CTX_DEL);
        if (!scratch_push(p, &target, sizeof target))
            return NULL;
        if (!accept(p, TOK_COMMA))
            break;
    }
    int kind = peek_kind(p);
    if (!p->failed && p->scratch_size > base && (kind == TOK_SEMI || kind == TOK_NEWLINE)) {
        Stmt *s = new_stmt(p, STMT_DELETE, start);
        if (s)
            s->del.targets.at = scratch_take(p, base, sizeof(Expr *), &s->del.targets.n);
        return s;
    }
    p->scratch_size = base;
    p->mark = mark;
    if (is_examining(p)) {
        diag_del(p);
        p->mark = mark;
    }
    return NULL;
}

/* "type" NAME [type_params] '=' expression */
static Stmt *type_alias(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark++;
    Start at = start_here(p);
    const Name *id = peek(p)->name;
    TypeParamSeq params = {0, NULL};
    p->mark++;
    Expr *name = new_expr(p, EXPR_NAME, at);
    Expr *value = name && p_type_params(p, &params) && accept(p, TOK_EQUAL) ? p_expression(p) : NULL;
    Stmt *s = value ? new_stmt(p, STMT_TYPEALIAS, start) : NULL;
    if (!s) {
        p->mark = mark;
        return NULL;
    }
    name->name.id = id;
    name->ctx = CTX_STORE;
    s->type_alias.name = name;
    s->type_alias.type_params = params;
    s->type_alias.value = value;
    return s;
}

/* ---- expression statements and assignments ---- */

static int augmented_operator(int kind) {
    switch (kind) {
    case TOK_PLUSEQUAL:
        return BINOP_ADD;
    case TOK_MINEQUAL:
        return BINOP_SUB;
    case TOK_STAREQUAL:
        return BINOP_MULT;
    case TOK_ATEQUAL:
        return BINOP_MATMULT;
    case TOK_SLASHEQUAL:
        return BINOP_DIV;
    case TOK_PERCENTEQUAL:
        return BINOP_MOD;
    case TOK_AMPEREQUAL:
        return BINOP_BITAND;
    case TOK_VBAREQUAL:
        return BINOP_BITOR;
    case TOK_CIRCUMFLEXEQUAL:
        return BINOP_BITXOR;
    case TOK_LEFTSHIFTEQUAL:
        return BINOP_LSHIFT;
    case TOK_RIGHTSHIFTEQUAL:
        return BINOP_RSHIFT;
    case TOK_DOUBLESTAREQUAL:
        return BINOP_POW;
    case TOK_DOUBLESLASHEQUAL:
        return BINOP_FLOORDIV;
    default:
        return -1;
    }
}

/* ':' is next */
static Stmt *annotated(Parser *p, Start start, Expr *target) {
    p->mark++;
    Expr *annotation = p_expression(p), *value = NULL;
    if (!annotation)
        return NULL;
    if (peek_kind(p) == TOK_EQUAL) {
        int mark = p->mark++;
        value = p_annotated_rhs(p);
        if (!value)
            p->mark = mark;
    }
    Stmt *s = p->failed ? NULL : new_stmt(p, STMT_ANNASSIGN, start);
    if (!s)
        return NULL;
    set_context(target, CTX_STORE);
    s->ann_assign.target = target;
    s->ann_assign.annotation = annotation;
    s->ann_assign.value = value;
    s->ann_assign.simple = target->kind == EXPR_NAME && !target->parenthesized;
    return s;
}

/* The second pass looks for a target before it looks for an expression, as CPython does: a target is not
 * examined for the mistakes of an expression. */
static Expr *target_or_value(Parser *p) {
    if (p->diagnosing) {
        int mark = p->mark;
        Expr *target = p_star_targets(p);
        int kind = target ? peek_kind(p) : TOK_ERROR;
        if (kind == TOK_EQUAL ||
            (target && is_single_target(target) && (kind == TOK_COLON || augmented_operator(kind) >= 0)))
            return target;
        p->mark = mark;
        if (p->failed)
            return NULL;
    }
    return p_annotated_rhs(p);
}

/* target '=' (target '=')* value; the first target is read, '=' is next */
static Stmt *assigned(Parser *p, Start start, Expr *first) {
    size_t base = p->scratch_size;
    Expr *value = first;
    while (accept(p, TOK_EQUAL)) {
        if (!is_star_target(value) || !scratch_push(p, &value, sizeof value)) {
            p->scratch_size = base;
            return NULL;
        }
        set_context(value, CTX_STORE);
        value = target_or_value(p);
        if (!value) {
            p->scratch_size = base;
            return NULL;
        }
    }
    Stmt *s = new_stmt(p, STMT_ASSIGN, start);
    if (!s)
        return NULL;
    s->assign.targets.at = scratch_take(p, base, sizeof(Expr *), &s->assign.targets.n);
    s->assign.value = value;
    return s;
}

static Stmt *augmented(Parser *p, Start start, Expr *target, int op) {
    p->mark++;
    Expr *value = p_annotated_rhs(p);
    Stmt *s = value ? new_stmt(p, STMT_AUGASSIGN, start) : NULL;
    if (!s)
        return NULL;
    set_context(target, CTX_STORE);
    s->aug_assign.target = target;
    s->aug_assign.value = value;
    s->aug_assign.op = (uint8_t)op;
    return s;
}

/* What the first expression turns out to be. *decided: past the point where the statement can be anything
 * else. */
static Stmt *assignment(Parser *p, Start start, Expr *first, int *decided) {
    int kind = peek_kind(p);
    if (kind == TOK_EQUAL)
        return is_star_target(first) ? assigned(p, start, first) : NULL;
    if (kind == TOK_COLON)
        return is_single_target(first) ? annotated(p, start, first) : NULL;
    int op = augmented_operator(kind);
    if (op < 0 || !is_single_target(first))
        return NULL;
    *decided = 1;
    return augmented(p, start, first, op);
}

static Stmt *expression_stmt(Parser *p) {
    Start start = start_here(p);
    int mark = p->mark, decided = 0;
    Expr *first = target_or_value(p);
    int after = p->mark;
    if (p->failed)
        return NULL;
    if (first) {
        Stmt *s = assignment(p, start, first, &decided);
        if (s || p->failed)
            return p->failed ? NULL : s;
    }
    p->mark = mark;
    if (is_examining(p) && !decided) {
        diag_assignment(p);
        p->mark = mark;
    }
    if (p->failed || !first)
        return NULL;
    p->mark = after;
    Stmt *s = new_stmt(p, STMT_EXPR, start);
    if (s)
        s->expr.value = first;
    return s;
}

static Stmt *simple_stmt(Parser *p) {
    int kind = peek_kind(p);
    switch (kind) {
    case TOK_NAME:
        if (peek(p)->name == p->lexer.soft_type && peek_second(p) == TOK_NAME) {
            int mark = p->mark;
            if (is_examining(p)) {
                diag_assignment(p);
                p->mark = mark;
            }
            Stmt *s = p->failed ? NULL : type_alias(p);
            if (s || p->failed)
                return s;
        }
        return expression_stmt(p);
    case TOK_RETURN:
        return return_stmt(p);
    case TOK_IMPORT:
    case TOK_FROM:
        return import(p, kind);
    case TOK_RAISE:
        return raise_stmt(p);
    case TOK_PASS:
        return keyword_only(p, STMT_PASS);
    case TOK_DEL:
        return del_stmt(p);
    case TOK_ASSERT:
        return assert_stmt(p);
    case TOK_BREAK:
        return keyword_only(p, STMT_BREAK);
    case TOK_CONTINUE:
        return keyword_only(p, STMT_CONTINUE);
    case TOK_GLOBAL:
        return names_stmt(p, STMT_GLOBAL);
    case TOK_NONLOCAL:
        return names_stmt(p, STMT_NONLOCAL);
    default:
        return expression_stmt(p);
    }
}

static Stmt *simple_stmt_once(Parser *p) {
    void *known;
    int mark = p->mark;
    if (p->diagnosing && memo_get(p, RULE_SIMPLE_STMT, 0, &known))
        return known;
    size_t base = p->scratch_size;
    Stmt *s = simple_stmt(p);
    if (!s) {
        p->mark = mark;
        p->scratch_size = base;
    }
    if (p->diagnosing)
        memo_put(p, RULE_SIMPLE_STMT, 0, mark, s);
    return s;
}

/* simple_stmt (';' simple_stmt)* [';'] NEWLINE, pushed */
int p_simple_stmts(Parser *p) {
    size_t base = p->scratch_size;
    int mark = p->mark;
    for (;;) {
        Stmt *s = simple_stmt_once(p);
        if (!s || p->failed)
            break;
        if (!scratch_push(p, &s, sizeof s))
            break;
        if (accept(p, TOK_NEWLINE))
            return 1;
        if (!accept(p, TOK_SEMI))
            break;
        if (accept(p, TOK_NEWLINE))
            return 1;
    }
    p->scratch_size = base;
    p->mark = mark;
    return 0;
}

int is_compound_start(Parser *p) {
    switch (peek_kind(p)) {
    case TOK_DEF:
    case TOK_AT:
    case TOK_ASYNC:
    case TOK_IF:
    case TOK_CLASS:
    case TOK_WITH:
    case TOK_FOR:
    case TOK_TRY:
    case TOK_WHILE:
        return 1;
    default:
        return 0;
    }
}

int p_statement(Parser *p) {
    int mark = p->mark;
    if (is_compound_start(p)) {
        Stmt *s = p_compound(p);
        if (s && !p->failed)
            return scratch_push(p, &s, sizeof s);
        p->mark = mark;
        return 0;
    }
    if (p_at_soft(p, p->lexer.soft_match)) {
        Stmt *s = p_match(p);
        if (s && !p->failed)
            return scratch_push(p, &s, sizeof s);
        p->mark = mark;
        if (p->failed)
            return 0;
    }
    return p_simple_stmts(p);
}

static int block_at(Parser *p, StmtSeq *body) {
    size_t base = p->scratch_size;
    int mark = p->mark;
    if (accept(p, TOK_NEWLINE)) {
        if (accept(p, TOK_INDENT)) {
            Series series;
            series_begin(p, &series);
            do
                series_next(p, &series);
            while (p_statement(p));
            series_end(p, &series);
            if (!p->failed && p->scratch_size > base && accept(p, TOK_DEDENT)) {
                body->at = scratch_take(p, base, sizeof(Stmt *), &body->n);
                return !p->failed;
            }
        }
    } else if (p_simple_stmts(p)) {
        body->at = scratch_take(p, base, sizeof(Stmt *), &body->n);
        return !p->failed;
    }
    p->scratch_size = base;
    p->mark = mark;
    if (is_examining(p)) {
        diag_block(p);
        p->mark = mark;
    }
    return 0;
}

int p_block(Parser *p, StmtSeq *body) {
    body->n = 0;
    body->at = NULL;
    if (!p->diagnosing) {
        int ok = parser_enter(p) && block_at(p, body);
        parser_leave(p);
        return ok;
    }
    void *known;
    int mark = p->mark;
    if (memo_get(p, RULE_BLOCK, 0, &known)) {
        if (known)
            *body = *(StmtSeq *)known;
        return known != NULL;
    }
    StmtSeq *copy = parser_enter(p) && block_at(p, body) ? parser_alloc(p, sizeof(StmtSeq)) : NULL;
    parser_leave(p);
    if (copy)
        *copy = *body;
    memo_put(p, RULE_BLOCK, 0, mark, copy);
    return copy != NULL;
}
