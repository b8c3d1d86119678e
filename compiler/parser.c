/* The parser's driver: token stream, node memory, the two passes, and the entry point parse_source().
 *
 * Invariant: tokens are kept from the start of the previous top-level statement on, so that a failing
 * statement can be parsed again for its diagnosis while memory stays small for long texts. */
#include "parse_internal.h"

#include <string.h>

#include "syntax_error.h"
#include "unicode_names.h"

static const Token *out_of_memory(Parser *p) {
    raise_nomem(p);
    p->error_token.kind = TOK_ERROR;
    return &p->error_token;
}

static int grow_tokens(Parser *p) {
    int capacity = p->capacity ? p->capacity * 2 : 256;
    if (capacity < p->capacity || (size_t)capacity > (size_t)-1 / sizeof(Token))
        return 0;
    Token *tokens =
        arena_realloc_raw(p->arena, p->tokens, (size_t)p->capacity * sizeof(Token), (size_t)capacity * sizeof(Token));
    if (!tokens)
        return 0;
    p->tokens = tokens;
    p->capacity = capacity;
    return 1;
}

/* At the end of a prompt's input the end marker counts as the line end that is missing, and closes the open
 * blocks. */
static void end_of_single(Parser *p, Token *token) {
    Lexer *lexer = &p->lexer;
    if (token->kind != TOK_ENDMARKER || !p->started) {
        p->started = 1;
        return;
    }
    token->kind = TOK_NEWLINE;
    p->started = 0;
    if (lexer->indent && !(p->flags & PARSE_FLAG_DONT_IMPLY_DEDENT)) {
        lexer->pending = -lexer->indent;
        lexer->indent = 0;
    }
}

const Token *parser_fill(Parser *p) {
    if (p->fill && p->tokens[p->fill - 1].kind == TOK_ERROR) {
        p->error_token = p->tokens[p->fill - 1];
        return &p->error_token;
    }
    if (p->fill == p->capacity && !grow_tokens(p))
        return out_of_memory(p);
    Token *token = &p->tokens[p->fill];
    if (p->shortened && p->lexer.cur >= p->lexer.end)
        parser_shorten(p);
    lexer_next(&p->lexer, token);
    p->fill++;
    if (p->shortened && token->kind == TOK_ERROR)
        parser_shorten(p);
    if (p->mode == PARSE_SINGLE)
        end_of_single(p, token);
    if (token->kind == TOK_ERROR)
        raise_lexer(p);
    return token;
}

static const uint8_t expression_starts[TOK_KIND_COUNT] = {
    [TOK_NAME] = 1,     [TOK_NUMBER] = 1, [TOK_STRING] = 1,   [TOK_FSTRING_START] = 1, [TOK_LPAREN] = 1,
    [TOK_LBRACKET] = 1, [TOK_LBRACE] = 1, [TOK_ELLIPSIS] = 1, [TOK_PLUS] = 1,          [TOK_MINUS] = 1,
    [TOK_TILDE] = 1,    [TOK_FALSE] = 1,  [TOK_NONE] = 1,     [TOK_TRUE] = 1,          [TOK_AWAIT] = 1,
    [TOK_LAMBDA] = 1,   [TOK_NOT] = 1,
};

int starts_expression(int kind) { return expression_starts[kind]; }

void *parser_alloc(Parser *p, size_t size) {
    void *memory = arena_alloc(p->arena, size);
    if (!memory) {
        raise_nomem(p);
        return NULL;
    }
    memset(memory, 0, size);
    return memory;
}

Expr *new_expr(Parser *p, int kind, Start start) {
    Expr *e = arena_alloc(p->arena, sizeof(Expr));
    if (!e) {
        raise_nomem(p);
        return NULL;
    }
    memset(e, 0, sizeof *e);
    e->kind = (uint8_t)kind;
    e->line = start.line;
    e->col = start.col;
    if (p->mark > 0) {
        const Token *last = &p->tokens[p->mark - 1];
        e->end_line = last->end_line;
        e->end_col = last->end_col;
    }
    return e;
}

Stmt *new_stmt(Parser *p, int kind, Start start) {
    Stmt *s = parser_alloc(p, sizeof(Stmt));
    if (!s)
        return NULL;
    s->kind = (uint8_t)kind;
    s->span = span_since(p, start);
    return s;
}

int scratch_push(Parser *p, const void *item, size_t size) {
    if (p->scratch_capacity - p->scratch_size < size) {
        size_t capacity = p->scratch_capacity ? p->scratch_capacity * 2 : 4096;
        char *grown = arena_realloc_raw(p->arena, p->scratch, p->scratch_capacity, capacity);
        if (!grown) {
            raise_nomem(p);
            return 0;
        }
        p->scratch = grown;
        p->scratch_capacity = capacity;
    }
    memcpy(p->scratch + p->scratch_size, item, size);
    p->scratch_size += size;
    return 1;
}

void *scratch_take(Parser *p, size_t base, size_t item_size, int *n) {
    size_t size = p->scratch_size - base;
    *n = 0;
    if (size == 0)
        return NULL;
    void *items = arena_alloc(p->arena, size);
    if (items) {
        memcpy(items, p->scratch + base, size);
        *n = (int)(size / item_size);
    } else {
        raise_nomem(p);
    }
    p->scratch_size = base;
    return items;
}

int parser_enter(Parser *p) {
    char here;
    int is_deep = ++p->depth > PARSE_MAX_DEPTH;
    if (!is_deep && &here > p->stack_limit)
        return 1;
    if (!p->failed) {
        p->failed = 1;
        memset(p->error, 0, sizeof *p->error);
        p->error->kind = is_deep ? PARSE_TOODEEP : PARSE_NOSTACK;
        p->error->msg = is_deep ? "Parser stack overflowed - Python source too complex to parse"
                                : "maximum recursion depth exceeded during compilation";
    }
    return 0;
}

static uint32_t memo_hash(int rule, int mark, int extra) {
    return ((uint32_t)mark * 0x9E3779B1u ^ (uint32_t)(rule * 64 + extra) * 0x85EBCA6Bu);
}

int memo_get(Parser *p, int rule, int extra, void **node) {
    if (!p->memo_count)
        return 0;
    uint32_t at = memo_hash(rule, p->mark, extra) & (p->memo_capacity - 1);
    for (; p->memo[at].rule; at = (at + 1) & (p->memo_capacity - 1)) {
        MemoSlot *slot = &p->memo[at];
        if (slot->mark == p->mark && slot->rule == rule && slot->extra == extra) {
            *node = slot->node;
            p->mark = slot->end;
            return 1;
        }
    }
    return 0;
}

static int memo_grow(Parser *p) {
    uint32_t capacity = p->memo_capacity ? p->memo_capacity * 2 : 512;
    MemoSlot *slots = arena_realloc_raw(p->arena, NULL, 0, capacity * sizeof(MemoSlot));
    if (!slots)
        return 0;
    memset(slots, 0, capacity * sizeof(MemoSlot));
    for (uint32_t i = 0; i < p->memo_capacity; i++) {
        MemoSlot *slot = &p->memo[i];
        if (!slot->rule)
            continue;
        uint32_t at = memo_hash(slot->rule, slot->mark, slot->extra) & (capacity - 1);
        while (slots[at].rule)
            at = (at + 1) & (capacity - 1);
        slots[at] = *slot;
    }
    if (p->memo)
        arena_realloc_raw(p->arena, p->memo, p->memo_capacity * sizeof(MemoSlot), 0);
    p->memo = slots;
    p->memo_capacity = capacity;
    return 1;
}

static void memo_clear(Parser *p) {
    if (p->memo_count)
        memset(p->memo, 0, p->memo_capacity * sizeof(MemoSlot));
    p->memo_count = 0;
}

/* The result for what began at mark; the present mark is where it ended. */
void memo_put(Parser *p, int rule, int extra, int mark, void *node) {
    if (p->failed)
        return;
    if (p->memo_count * 2 >= p->memo_capacity && !memo_grow(p)) {
        raise_nomem(p);
        return;
    }
    uint32_t at = memo_hash(rule, mark, extra) & (p->memo_capacity - 1);
    while (p->memo[at].rule)
        at = (at + 1) & (p->memo_capacity - 1);
    p->memo[at] = (MemoSlot){.node = node, .mark = mark, .end = p->mark, .rule = rule, .extra = extra};
    p->memo_count++;
}

/* Forgets the tokens before the statement that was just read. That one stays, since what follows may have
 * been meant to be a part of it ("elif", "except"), which its second parse then explains. Returns where the
 * next one begins. */
static int drop_tokens(Parser *p, int before) {
    int kept = p->fill - before;
    memmove(p->tokens, p->tokens + before, (size_t)kept * sizeof(Token));
    memo_clear(p);
    p->fill = kept;
    p->mark -= before;
    return p->mark;
}

static int parse_file(Parser *p, AstModule *module) {
    size_t base = p->scratch_size;
    int start = 0;
    while (!p->failed && peek_kind(p) != TOK_ENDMARKER) {
        if (!p_statement(p)) {
            p->scratch_size = base;
            return 0;
        }
        if (start && !p->diagnosing)
            start = drop_tokens(p, start);
        else
            start = p->mark;
    }
    if (p->failed)
        return 0;
    p->mark++;
    module->body.at = scratch_take(p, base, sizeof(Stmt *), &module->body.n);
    return !p->failed;
}

static int parse_single(Parser *p, AstModule *module) {
    size_t base = p->scratch_size;
    int kind = peek_kind(p);
    if (kind == TOK_NEWLINE) {
        Start start = start_here(p);
        p->mark++;
        Stmt *pass = new_stmt(p, STMT_PASS, start);
        if (!pass || !scratch_push(p, &pass, sizeof pass))
            return 0;
    } else if (kind == TOK_ENDMARKER) {
        return 0;
    } else if (is_compound_start(p) || p_at_soft(p, p->lexer.soft_match)) {
        int mark = p->mark;
        Stmt *s = p_compound(p);
        if (s && accept(p, TOK_NEWLINE)) {
            if (!scratch_push(p, &s, sizeof s))
                return 0;
        } else {
            p->mark = mark;
            if (p->failed || !p_simple_stmts(p))
                return 0;
        }
    } else if (!p_simple_stmts(p)) {
        return 0;
    }
    module->body.at = scratch_take(p, base, sizeof(Stmt *), &module->body.n);
    return !p->failed;
}

static int parse_eval(Parser *p, AstModule *module) {
    module->expression = p_expressions(p);
    if (!module->expression)
        return 0;
    while (accept(p, TOK_NEWLINE))
        continue;
    return accept(p, TOK_ENDMARKER) && !p->failed;
}

static int parse_mode(Parser *p, AstModule *module) {
    if (p->mode == PARSE_FILE)
        return parse_file(p, module);
    return p->mode == PARSE_EVAL ? parse_eval(p, module) : parse_single(p, module);
}

/* Is anything but blanks and comments left? */
static int more_statements(const Parser *p) {
    const char *at = p->lexer.cur;
    for (;;) {
        while (*at == ' ' || *at == '\t' || *at == '\n' || *at == '\f')
            at++;
        if (*at != '#')
            return *at != 0;
        while (*at && *at != '\n')
            at++;
    }
}

static void diagnose(Parser *p, AstModule *module) {
    if ((p->flags & PARSE_FLAG_ALLOW_INCOMPLETE) && (p->lexer.done == LEX_EOF || p->lexer.ended_in_string)) {
        p->failed = 0;
        raise_last(p, PARSE_INCOMPLETE, "incomplete input");
        return;
    }
    int last_token = p->fill - 1;
    if (!p->failed) {
        p->diagnosing = 1;
        memo_clear(p);
        p->mark = 0;
        p->scratch_size = 0;
        p->depth = 0;
        parse_mode(p, module);
    }
    raise_final(p, last_token);
}

static void parser_close(Parser *p) {
    if (p->tokens)
        arena_realloc_raw(p->arena, p->tokens, (size_t)p->capacity * sizeof(Token), 0);
    if (p->scratch)
        arena_realloc_raw(p->arena, p->scratch, p->scratch_capacity, 0);
    if (p->memo)
        arena_realloc_raw(p->arena, p->memo, p->memo_capacity * sizeof(MemoSlot), 0);
    unicode_names_close(p->names_library);
    lexer_free(&p->lexer);
    arena_realloc_raw(p->arena, p, sizeof *p, 0);
}

static AstModule *nomem_result(ParseError *error) {
    memset(error, 0, sizeof *error);
    error->kind = PARSE_NOMEMORY;
    error->msg = "out of memory";
    return NULL;
}

AstModule *parse_source(Arena *arena, const ParseInput *input, ParseError *error, ParseWarnings *warnings) {
    memset(error, 0, sizeof *error);
    if (warnings)
        memset(warnings, 0, sizeof *warnings);
    size_t length;
    char *source = lex_source_decode(arena, input->text, input->n, input->filename, input->flags, &length, error);
    if (!source)
        return NULL;
    if (input->mode == PARSE_FILE && length && source[length - 1] != '\n') {
        source[length++] = '\n';
        source[length] = 0;
    }
    AstModule *module = arena_alloc_zero(arena, sizeof(AstModule));
    Parser *p = module ? arena_realloc_raw(arena, NULL, 0, sizeof(Parser)) : NULL;
    if (!p)
        return nomem_result(error);
    memset(p, 0, offsetof(Parser, lexer));
    p->arena = arena;
    p->mode = input->mode;
    p->flags = input->flags;
    p->filename = input->filename;
    p->stack_limit = input->stack_limit;
    p->error = error;
    p->shortened = input->shortened;
    module->kind = (uint8_t)input->mode;
    module->text = source;
    module->text_length = length;
    if (!lexer_init(&p->lexer, arena, source, length, input->flags, error, warnings)) {
        p->failed = 1;
    } else if (!parse_mode(p, module) || p->failed) {
        diagnose(p, module);
    } else if (input->mode == PARSE_SINGLE && more_statements(p)) {
        raise_last(p, PARSE_SYNTAX, "multiple statements found while compiling a single statement");
    }
    if (p->failed || arena->failed)
        module = NULL;
    if (!module && error->kind == PARSE_OK)
        nomem_result(error);
    parser_close(p);
    return module;
}
