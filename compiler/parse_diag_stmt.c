/* Known mistakes in statements (see parse_diag.c for the rules of the game): missing colons and blocks
 * above all. */
#include "parse_internal.h"

static void expected_colon(Parser *p) { raise_last(p, PARSE_SYNTAX, "expected ':'"); }

/* Behind a statement's header: a line end in the colon's place, or nothing indented behind the colon. */
static void diag_header_end(Parser *p, const char *what, int line, int colon_known) {
    if (peek_kind(p) == TOK_NEWLINE && !colon_known) {
        p->mark++;
        expected_colon(p);
    } else if (accept(p, TOK_COLON) && accept(p, TOK_NEWLINE) && peek_kind(p) != TOK_INDENT) {
        raise_last(p, PARSE_INDENTATION, "expected an indented block after %s on line %d", what, line);
    }
}

void diag_condition(Parser *p, const char *keyword) {
    const char *what = keyword[0] == 'i'   ? "'if' statement"
                       : keyword[0] == 'e' ? "'elif' statement"
                                           : "'while' statement";
    int line = peek(p)->line;
    p->mark++;
    if (p_named_expression(p))
        diag_header_end(p, what, line, 0);
}

void diag_keyword_block(Parser *p, int token, const char *keyword) {
    int line = peek(p)->line;
    if (accept(p, token))
        diag_header_end(p, keyword[0] == 'e' ? "'else' statement" : "'finally' statement", line, 1);
}

void diag_block(Parser *p) {
    if (accept(p, TOK_NEWLINE) && peek_kind(p) != TOK_INDENT)
        raise_last(p, PARSE_INDENTATION, "expected an indented block");
}

void diag_import(Parser *p) {
    Start start = start_here(p);
    if (!accept(p, TOK_IMPORT))
        return;
    if (peek_kind(p) == TOK_NEWLINE) {
        start = start_here(p);
        raise_from(p, start, "Expected one or more names after 'import'");
        return;
    }
    do {
        if (!p_dotted_name(p))
            return;
    } while (accept(p, TOK_COMMA));
    if (accept(p, TOK_FROM) && p_dotted_name(p))
        raise_from(p, start, "Did you mean to use 'from ... import ...' instead?");
}

void diag_import_targets(Parser *p) {
    AliasSeq names;
    if (peek_kind(p) == TOK_NEWLINE) {
        raise_from(p, start_here(p), "Expected one or more names after 'import'");
        return;
    }
    if (p_import_from_names(p, &names) && accept(p, TOK_COMMA) && accept(p, TOK_NEWLINE))
        raise_last(p, PARSE_SYNTAX, "trailing comma not allowed without surrounding parentheses");
}

void diag_del(Parser *p) {
    p->mark++;
    Expr *a = p_star_expressions(p);
    if (a)
        raise_invalid_target(p, TARGET_DEL, a);
}

void diag_for(Parser *p) {
    accept(p, TOK_ASYNC);
    int line = peek(p)->line;
    if (accept(p, TOK_FOR) && p_star_targets(p) && accept(p, TOK_IN) && p_star_expressions(p))
        diag_header_end(p, "'for' statement", line, 0);
}

void diag_def(Parser *p) {
    TypeParamSeq params;
    accept(p, TOK_ASYNC);
    int line = peek(p)->line;
    if (!accept(p, TOK_DEF) || !accept(p, TOK_NAME) || !p_type_params(p, &params) || !accept(p, TOK_LPAREN) ||
        !p_parameters(p, 0) || !accept(p, TOK_RPAREN))
        return;
    int mark = p->mark;
    if (accept(p, TOK_ARROW) && !p_expression(p))
        p->mark = mark;
    diag_header_end(p, "function definition", line, 1);
}

void diag_class(Parser *p) {
    TypeParamSeq params;
    int line = peek(p)->line;
    p->mark++;
    if (!accept(p, TOK_NAME) || !p_type_params(p, &params))
        return;
    int mark = p->mark;
    if (accept(p, TOK_LPAREN)) {
        if (peek_kind(p) != TOK_RPAREN)
            p_arguments(p);
        if (!accept(p, TOK_RPAREN))
            p->mark = mark;
    }
    diag_header_end(p, "class definition", line, 0);
}

/* ---- with ---- */

/* expression ['as' star_target], repeated; in parentheses each may be a list of expressions */
static int skip_with_items(Parser *p, int many) {
    int n = 0;
    for (;;) {
        int mark = p->mark;
        if ((n && !accept(p, TOK_COMMA)) || !(many ? p_expressions(p) : p_expression(p))) {
            p->mark = mark;
            return n;
        }
        int after = p->mark;
        if (accept(p, TOK_AS) && !p_star_target(p))
            p->mark = after;
        n++;
    }
}

void diag_with_item(Parser *p) {
    Expr *a = p_expression(p) && accept(p, TOK_AS) ? p_expression(p) : NULL;
    int kind = a ? peek_kind(p) : TOK_ERROR;
    if (kind == TOK_COMMA || kind == TOK_RPAREN || kind == TOK_COLON)
        raise_invalid_target(p, TARGET_STAR, a);
}

void diag_with(Parser *p) {
    accept(p, TOK_ASYNC);
    int mark = ++p->mark;
    if (skip_with_items(p, 0) && accept(p, TOK_NEWLINE)) {
        expected_colon(p);
        return;
    }
    p->mark = mark;
    if (!accept(p, TOK_LPAREN) || !skip_with_items(p, 1))
        return;
    accept(p, TOK_COMMA);
    if (accept(p, TOK_RPAREN) && accept(p, TOK_NEWLINE))
        expected_colon(p);
}

void diag_with_indent(Parser *p) {
    static const char what[] = "'with' statement";
    accept(p, TOK_ASYNC);
    int line = peek(p)->line;
    int mark = ++p->mark;
    if (skip_with_items(p, 0))
        diag_header_end(p, what, line, 1);
    p->mark = mark;
    if (p->failed || !accept(p, TOK_LPAREN) || !skip_with_items(p, 1))
        return;
    accept(p, TOK_COMMA);
    if (accept(p, TOK_RPAREN))
        diag_header_end(p, what, line, 1);
}

/* ---- try ---- */

/* ['as' NAME] */
static void skip_as_name(Parser *p) {
    int mark = p->mark;
    if (accept(p, TOK_AS) && !accept(p, TOK_NAME))
        p->mark = mark;
}

static void diag_mixed_handlers(Parser *p) {
    static const char message[] = "cannot have both 'except' and 'except*' on the same 'try'";
    ExceptHandler handler;
    StmtSeq body;
    int n = 0;
    while (p_block(p, &body))
        continue;
    int mark = p->mark;
    while (peek_kind(p) == TOK_EXCEPT && p_except_block(p, 0, &handler))
        n++;
    if (n && peek_kind(p) == TOK_EXCEPT) {
        Span except = span_of_token(peek(p));
        p->mark++;
        Span star = span_of_token(peek(p));
        if (accept(p, TOK_STAR) && p_expression(p)) {
            skip_as_name(p);
            if (accept(p, TOK_COLON))
                raise_range(p, except, star, message);
        }
    }
    p->mark = mark;
    n = 0;
    while (!p->failed && peek_kind(p) == TOK_EXCEPT && p_except_block(p, 1, &handler))
        n++;
    if (n && peek_kind(p) == TOK_EXCEPT) {
        Span except = span_of_token(peek(p));
        p->mark++;
        if (p_expression(p))
            skip_as_name(p);
        if (accept(p, TOK_COLON))
            raise_span(p, PARSE_SYNTAX, except, message);
    }
}

void diag_try(Parser *p) {
    StmtSeq body;
    int mark = p->mark, line = peek(p)->line;
    p->mark++;
    diag_header_end(p, "'try' statement", line, 1);
    p->mark = mark + 1;
    if (p->failed || !accept(p, TOK_COLON))
        return;
    if (p_block(p, &body)) {
        int kind = peek_kind(p);
        if (kind != TOK_EXCEPT && kind != TOK_FINALLY)
            raise_last(p, PARSE_SYNTAX, "expected 'except' or 'finally' block");
    }
    p->mark = mark + 2;
    if (!p->failed)
        diag_mixed_handlers(p);
}

void diag_except(Parser *p) {
    int mark = p->mark++;
    int star = accept(p, TOK_STAR);
    Start start = start_here(p);
    if (p_expression(p)) {
        int after = p->mark;
        if (accept(p, TOK_COMMA) && p_expressions(p)) {
            skip_as_name(p);
            if (accept(p, TOK_COLON)) {
                raise_from(p, start, "multiple exception types must be parenthesized");
                return;
            }
        }
        p->mark = after;
        skip_as_name(p);
        if (accept(p, TOK_NEWLINE)) {
            expected_colon(p);
            return;
        }
    }
    p->mark = mark + 1;
    if (accept(p, TOK_NEWLINE)) {
        expected_colon(p);
    } else if (star && !p->failed) {
        p->mark++;
        int kind = peek_kind(p);
        if (kind == TOK_NEWLINE || kind == TOK_COLON) {
            p->mark++;
            raise_last(p, PARSE_SYNTAX, "expected one or more exception types");
        }
    }
}

void diag_except_indent(Parser *p, int star) {
    int line = peek(p)->line;
    p->mark++;
    if (star && !accept(p, TOK_STAR))
        return;
    if (p_expression(p))
        skip_as_name(p);
    else if (star)
        return;
    diag_header_end(p, star ? "'except*' statement" : "'except' statement", line, 1);
}

/* ---- match ---- */

void diag_match(Parser *p) {
    int line = peek(p)->line;
    p->mark++;
    Expr *subject = p_star_named_expression(p);
    ExprSeq more;
    if (!subject)
        return;
    if (accept(p, TOK_COMMA))
        p_star_named_expressions(p, &more);
    else if (subject->kind == EXPR_STARRED)
        return;
    diag_header_end(p, "'match' statement", line, 0);
}

void diag_case(Parser *p) {
    int line = peek(p)->line;
    p->mark++;
    if (!p_patterns(p))
        return;
    int mark = p->mark;
    if (accept(p, TOK_IF) && !p_named_expression(p))
        p->mark = mark;
    diag_header_end(p, "'case' statement", line, 0);
}

/* ---- type parameters ---- */

void diag_type_params(Parser *p) {
    p->mark++;
    if (peek_kind(p) == TOK_RBRACKET)
        raise_from(p, start_here(p), "Type parameter list cannot be empty");
}

/* Reported in the first pass already. */
void diag_type_param(Parser *p) {
    int kind = peek_kind(p);
    if (!accept(p, TOK_STAR) && !accept(p, TOK_DOUBLESTAR))
        return;
    if (!accept(p, TOK_NAME))
        return;
    Start start = start_here(p);
    Expr *e = accept(p, TOK_COLON) ? p_expression(p) : NULL;
    if (e)
        raise_from(p, start, "cannot use %s with %s", e->kind == EXPR_TUPLE ? "constraints" : "bound",
                   kind == TOK_STAR ? "TypeVarTuple" : "ParamSpec");
}
