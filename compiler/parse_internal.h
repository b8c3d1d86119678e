/* What the files of the parser share: its state, the token stream, node making, and one function for each
 * construct.
 *
 * How errors come about. A text is first parsed fast. When that fails without the lexer having reported
 * anything, the statement is parsed a second time with p->diagnosing set: at the places where Python knows
 * a common mistake, the functions of parse_diag*.c then look for it and may report it. A construct that
 * does not match returns NULL with the mark where its caller can go on ("soft failure"); a reported error
 * sets p->failed as well and ends everything, since no token matches any more what a caller wants.
 *
 * Invariant: p->fill tells how far the text has been looked at; a failure that nobody explains is reported
 * at the last token looked at in the first pass. So no function may look further ahead than the grammar
 * demands. */
#ifndef COVE_PARSE_INTERNAL_H
#define COVE_PARSE_INTERNAL_H

#include "lexer.h"

typedef struct MemoSlot {
    void *node;
    int mark, end;
    int rule; /* 0: free */
    int extra;
} MemoSlot;

/* A series that is being read: statements of a block, items of a display. What is read next starts at `last`, and the
 * text would go on to mean the same if everything from `first` up to there were left out. */
typedef struct Series {
    struct Series *outer;
    const char *first, *last;
} Series;

typedef struct Parser {
    Arena *arena;
    Token *tokens;
    int mark, fill, capacity;
    int failed;     /* an error is reported */
    int diagnosing; /* second pass */
    int quiet;      /* diagnosing is suspended: an expression is only looked for, not examined */
    int depth;
    int mode;    /* ParseMode */
    int started; /* a token was read since the start, or since the end was turned into NEWLINE */
    unsigned flags;
    const char *stack_limit;
    const char *filename;
    ParseError *error;
    char *scratch;
    size_t scratch_size, scratch_capacity;
    MemoSlot *memo;
    uint32_t memo_count, memo_capacity;
    void *names_library;  /* unicode_names.c */
    Series *series;       /* the innermost */
    Shortened *shortened; /* wanted once the end is reached; or NULL */
    Token error_token;
    Lexer lexer;
} Parser;

enum { PARSE_MAX_DEPTH = 1000 };

/* ---- tokens ---- */
const Token *parser_fill(Parser *p);

static inline const Token *peek(Parser *p) { return p->mark < p->fill ? &p->tokens[p->mark] : parser_fill(p); }

static inline int peek_kind(Parser *p) { return peek(p)->kind; }

/* the kind of the token after next; only when the next one is no error */
static inline int peek_second(Parser *p) {
    p->mark++;
    int kind = peek(p)->kind;
    p->mark--;
    return kind;
}

static inline int accept(Parser *p, int kind) {
    if (peek(p)->kind != kind)
        return 0;
    p->mark++;
    return 1;
}

typedef struct Start {
    int line, col;
} Start;

static inline Start start_here(Parser *p) {
    const Token *token = peek(p);
    return (Start){token->line, token->col};
}

static inline Span span_of_token(const Token *token) {
    return (Span){token->line, token->col, token->end_line, token->end_col};
}

/* from start to the last token read, line ends and indentation not counted */
static inline Span span_since(Parser *p, Start start) {
    int i = p->mark - 1;
    while (i > 0 && (p->tokens[i].kind == TOK_NEWLINE || p->tokens[i].kind == TOK_INDENT ||
                     p->tokens[i].kind == TOK_DEDENT || p->tokens[i].kind == TOK_ENDMARKER))
        i--;
    return (Span){start.line, start.col, p->tokens[i].end_line, p->tokens[i].end_col};
}

/* may the token begin an expression? */
int starts_expression(int kind);

/* ---- series (completeness.c) ---- */
static inline void series_begin(Parser *p, Series *s) {
    *s = (Series){.outer = p->series};
    p->series = s;
}

static inline void series_next(Parser *p, Series *s) {
    const char *at = peek(p)->start;
    s->first = s->first ? s->first : at;
    s->last = at;
}

static inline void series_end(Parser *p, Series *s) { p->series = s->outer; }

void parser_shorten(Parser *p); /* at the end of the text */

/* ---- nodes ---- */
void *parser_alloc(Parser *p, size_t size);       /* cleared; NULL: reported */
Expr *new_expr(Parser *p, int kind, Start start); /* ends at the last token read */
Stmt *new_stmt(Parser *p, int kind, Start start);
int scratch_push(Parser *p, const void *item, size_t size);
/* copies what lies above base to the arena and drops it; NULL with *n == 0 when nothing does */
void *scratch_take(Parser *p, size_t base, size_t item_size, int *n);
int parser_enter(Parser *p); /* 0: too deep (reported) */
static inline void parser_leave(Parser *p) { p->depth--; }

/* ---- the second pass's memory of what it has parsed where ---- */
enum {
    RULE_NONE,
    RULE_EXPRESSION,
    RULE_DISJUNCTION,
    RULE_BINARY,
    RULE_FACTOR,
    RULE_PRIMARY,
    RULE_ATOM,
    RULE_ARGUMENTS,
    RULE_STRINGS,
    RULE_STAR_EXPRESSION,
    RULE_SIMPLE_STMT,
    RULE_BLOCK,
    RULE_NAMED_DIAG
};
int memo_get(Parser *p, int rule, int extra, void **node); /* 1: known; the mark is moved behind it */
void memo_put(Parser *p, int rule, int extra, int mark, void *node);

/* ---- errors (syntax_error.c); each does nothing when one is already reported ---- */
#define PRINTF(a, b) __attribute__((format(printf, a, b)))
/* columns 0-based bytes; end_col -2: none */
void raise_span(Parser *p, int kind, Span span, const char *format, ...) PRINTF(4, 5);
void raise_range(Parser *p, Span first, Span last, const char *format, ...) PRINTF(4, 5);
void raise_last(Parser *p, int kind, const char *format, ...) PRINTF(3, 4);    /* at the last token looked at */
void raise_next(Parser *p, const char *format, ...) PRINTF(2, 3);              /* at the token at the mark */
void raise_from(Parser *p, Start start, const char *format, ...) PRINTF(3, 4); /* up to where the lexer is */
void raise_unclosed(Parser *p);
void raise_lexer(Parser *p); /* for a TOK_ERROR */
void raise_nomem(Parser *p);
void raise_final(Parser *p, int last_token); /* nothing explained the failure */
void check_rest(Parser *p);                  /* an error of the lexer further on takes precedence */

static inline int is_examining(const Parser *p) { return p->diagnosing && !p->quiet && !p->failed; }

/* ---- expressions (parse_expr.c, parse_atom.c) ---- */
Expr *p_expression(Parser *p);
Expr *p_expression_quiet(Parser *p); /* "expression without invalid" */
Expr *p_disjunction(Parser *p);
Expr *p_inversion(Parser *p);
Expr *p_bitwise_or(Parser *p);
Expr *p_sum(Parser *p);
Expr *p_factor(Parser *p);
Expr *p_primary(Parser *p);
Expr *p_star_expression(Parser *p);
Expr *p_star_expressions(Parser *p);
Expr *p_star_named_expression(Parser *p);
int p_star_named_expressions(Parser *p, ExprSeq *seq); /* a,b,c[,]; 0: not even one */
Expr *p_named_expression(Parser *p);
Expr *p_assignment_expression(Parser *p); /* NAME ':=' expression */
Expr *p_assign_or_expression(Parser *p);  /* the above, or an expression not followed by ':=' */
Expr *p_yield(Parser *p);
Expr *p_annotated_rhs(Parser *p); /* yield_expr | star_expressions */
Expr *p_atom(Parser *p);
Expr *p_slices(Parser *p);
int p_for_if_clauses(Parser *p, ComprehensionSeq *seq);
Expr *p_star_targets(Parser *p);
Expr *p_star_target(Parser *p);
Expr *p_expressions(Parser *p); /* a[, b]... as one expression */
int is_star_target(const Expr *e);
int is_single_target(const Expr *e);
int is_del_target(const Expr *e);
void set_context(Expr *e, int ctx);

/* ---- calls and parameters (parse_args.c) ---- */
typedef struct CallArgs {
    ExprSeq args;
    KeywordSeq keywords;
    Span span;
} CallArgs;

int p_args(Parser *p, CallArgs *out); /* the longest list that is well-formed; 0: none */
CallArgs *p_arguments(Parser *p);     /* args [','] &')' */
Expr *p_starred_expression(Parser *p);
Arguments *p_parameters(Parser *p, int lambda); /* an empty list where there are none; NULL: failure */
Expr *p_lambda(Parser *p);
typedef struct Param {
    Arg arg;
    Expr *def;
} Param;
int p_param(Parser *p, int lambda, Arg *out);
int p_full_param(Parser *p, int lambda, Param *out); /* with its default and the comma behind it */
int p_plain_param(Parser *p, int lambda, Arg *out);  /* one that has no default, with the comma */

/* ---- strings (parse_string.c), numbers (parse_number.c) ---- */
Expr *p_strings(Parser *p);
Expr *p_number(Parser *p);

/* ---- statements (parse_stmt.c, parse_compound.c, parse_pattern.c) ---- */
int p_statement(Parser *p); /* pushes to the scratch stack; 0: none */
int p_simple_stmts(Parser *p);
int p_simple_stmt_push(Parser *p);
int p_block(Parser *p, StmtSeq *body);
Stmt *p_compound(Parser *p);
int is_compound_start(Parser *p);
Stmt *p_match(Parser *p);
int p_except_block(Parser *p, int star, ExceptHandler *out);
int p_type_params(Parser *p, TypeParamSeq *seq); /* optional; 0: failure */
const Name *p_dotted_name(Parser *p);
int p_import_from_names(Parser *p, AliasSeq *seq);
Pattern *p_patterns(Parser *p);
int p_at_soft(Parser *p, const Name *word);

/* ---- looking for known mistakes (parse_diag.c, parse_diag_stmt.c) ---- */
void diag_expression(Parser *p);
void diag_arithmetic(Parser *p);
void diag_factor(Parser *p);
void diag_named_expression(Parser *p);
void diag_assignment(Parser *p);
void diag_comprehension(Parser *p);
void diag_dict_comprehension(Parser *p);
void diag_group(Parser *p);
void diag_dict(Parser *p);
void diag_for_clause(Parser *p);
void diag_for_target(Parser *p);
void diag_arguments(Parser *p);
void diag_kwarg(Parser *p);
void diag_starred(Parser *p);
void diag_parameters(Parser *p, int lambda);
void diag_star_etc(Parser *p, int lambda);
void diag_kwds(Parser *p, int lambda);
void diag_default(Parser *p);
void diag_field(Parser *p);
enum { TARGET_STAR, TARGET_DEL, TARGET_FOR };
void raise_invalid_target(Parser *p, int type, Expr *e);
void diag_del(Parser *p);
void diag_import(Parser *p);
void diag_import_targets(Parser *p);
void diag_block(Parser *p);
void diag_with_item(Parser *p);
void diag_with(Parser *p);
void diag_with_indent(Parser *p);
void diag_try(Parser *p);
void diag_except(Parser *p);
void diag_except_indent(Parser *p, int star);
void diag_for(Parser *p);
void diag_def(Parser *p);
void diag_class(Parser *p);
void diag_match(Parser *p);
void diag_case(Parser *p);
void diag_type_params(Parser *p);
void diag_type_param(Parser *p);
/* "expected ':'" before a line end, or a missing block, after KEYWORD [named expression] */
void diag_condition(Parser *p, const char *keyword);
void diag_keyword_block(Parser *p, int token, const char *keyword);

#endif
