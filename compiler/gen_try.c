/* try and with.
 *
 * Invariant: temporaries from a try's base on belong to its handlers: base holds the exception and base + 1 the
 * exception handled before; base + 2 is where an exception raised by the handler itself arrives, in the clean-up that
 * restores the handled exception and passes the new one on. The body of a finally is compiled once for each way that
 * leads into it. */
#include "runtime/vm.h"

#include "compiler/gen.h"

/* Code that runs when a handler raises: `except` and `finally` share it. */
static void gen_cleanup(Compiler *c, int label, int base, const Known *entry, bool alive) {
    emit_place_handler(c, label, entry, alive);
    emit(c, BC_LEAVE_HANDLER, base, 0, 0, NULL);
    emit(c, BC_RERAISE_BARE, base + 2, 0, 0, NULL);
}

void gen_forget_handler_name(Compiler *c, NameId id, const Span *at) {
    if (c->failed)
        return;
    int local = gen_local_of(c, id);
    if (local >= 0) {
        emit(c, BC_CLEAR, local, 0, 0, at);
        regs_set_known(c, local, false);
        return;
    }
    int reg = gen_const(c, VALUE_NONE, DST_TEMP, at);
    gen_store_id(c, id, reg, at);
    gen_delete_id(c, id, at);
}

/* try/except --------------------------------------------------------------------------------------------------------
 */

typedef struct TryState {
    const Stmt *s;
    int base, end, cleanup;
    uint32_t outer, inner; /* regions around the statement and around its handlers */
    Known entry;
    bool alive;
} TryState;

/* except ... as name: the name is deleted whichever way the body ends */
static void gen_named_handler(Compiler *c, const TryState *t, const ExceptHandler *handler, NameId id) {
    Unit *u = c->unit;
    int leave = emit_label(c), local = gen_local_of(c, id);
    if (gen_forbidden_name(c, id, CTX_STORE, &handler->span))
        return;
    int copy = local >= 0 ? local : regs_push(c);
    emit(c, BC_COPY, copy, t->base, 0, &handler->span);
    gen_store_id(c, id, copy, &handler->span);
    Block *block = gen_push_block(c, BLOCK_HANDLER, t->base, &handler->span);
    block->name = id;
    block->outer_region = t->outer;
    bool alive = !u->dead;
    emit_region(c, leave, t->base + 2);
    gen_body(c, handler->body);
    gen_pop_block(c);
    u->region = t->outer;
    emit(c, BC_LEAVE_HANDLER, t->base, 0, 0, NULL);
    gen_forget_handler_name(c, id, NULL);
    emit_goto(c, t->end, NULL);
    emit_place_handler(c, leave, &t->entry, alive);
    u->top = t->base + 3;
    u->region = t->inner;
    gen_forget_handler_name(c, id, NULL);
    emit(c, BC_RERAISE_BARE, t->base + 2, 0, 0, NULL);
}

static void gen_handler(Compiler *c, const TryState *t, const ExceptHandler *handler) {
    Unit *u = c->unit;
    int next = emit_label(c);
    u->region = t->inner;
    u->top = t->base + 2;
    if (handler->type) {
        int spec = gen_any(c, handler->type);
        u->top = t->base + 2;
        int match = regs_push(c);
        emit(c, BC_EXC_MATCH, match, t->base, spec, &handler->span);
        u->top = t->base + 2;
        emit_jump(c, BC_JUMP_IF_FALSE, match, 0, 0, next, &handler->span);
    }
    if (handler->name) {
        gen_named_handler(c, t, handler, gen_id(c, handler->name));
    } else {
        Block *block = gen_push_block(c, BLOCK_HANDLER, t->base, &handler->span);
        block->outer_region = t->outer;
        gen_body(c, handler->body);
        gen_pop_block(c);
        u->region = t->outer;
        emit(c, BC_LEAVE_HANDLER, t->base, 0, 0, NULL);
        emit_goto(c, t->end, NULL);
    }
    u->region = t->inner;
    u->top = t->base + 2;
    emit_place(c, next);
}

/* What is tried, the else part, and the place where handlers begin, which use so many registers. */
static TryState gen_tried(Compiler *c, const Stmt *s, int registers) {
    Unit *u = c->unit;
    TryState t = {.s = s, .base = u->top, .entry = u->known, .alive = !u->dead};
    int handler = emit_label(c);
    t.end = emit_label(c);
    t.cleanup = emit_label(c);
    gen_push_block(c, BLOCK_TRY, -1, &s->span);
    t.outer = emit_region(c, handler, t.base);
    gen_body(c, s->try_stmt.body);
    gen_pop_block(c);
    u->region = t.outer;
    gen_body(c, s->try_stmt.orelse);
    emit_goto(c, t.end, NULL);
    emit_place_handler(c, handler, &t.entry, t.alive);
    u->top = t.base;
    regs_push_many(c, registers);
    return t;
}

static void gen_try_except(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    TryState t = gen_tried(c, s, 3);
    u->top = t.base + 2;
    emit(c, BC_ENTER_HANDLER, t.base, 0, 0, NULL);
    emit_region(c, t.cleanup, t.base + 2);
    t.inner = u->region;
    for (int i = 0; i < s->try_stmt.handlers.n && !c->failed; i++) {
        const ExceptHandler *h = &s->try_stmt.handlers.at[i];
        if (!h->type && i < s->try_stmt.handlers.n - 1) {
            context_error(c, &h->span, "default 'except:' must be last");
            return;
        }
        gen_handler(c, &t, h);
    }
    u->region = t.outer;
    emit(c, BC_RERAISE, t.base, 0, 0, NULL);
    gen_cleanup(c, t.cleanup, t.base, &t.entry, t.alive);
    u->top = t.base;
    emit_place(c, t.end);
}

/* try/except* -------------------------------------------------------------------------------------------------------
 */

/* base: the group; base + 2: list of exceptions to raise in the end; base + 3: what no handler has matched yet. */
static void gen_group_handler(Compiler *c, const TryState *t, const ExceptHandler *handler) {
    Unit *u = c->unit;
    int no_match = emit_label(c), next = emit_label(c), raised = emit_label(c), base = t->base;
    NameId id = handler->name ? gen_id(c, handler->name) : 0;
    const Span *at = &handler->span;
    u->region = t->inner;
    u->top = base + 4;
    int spec = gen_temp(c, handler->type), match = base + 4;
    emit(c, BC_EXC_GROUP_MATCH, match, base + 3, spec, at);
    int copy = regs_push(c);
    emit(c, BC_COPY, copy, match, 0, at);
    u->top = base + 5;
    emit_jump(c, BC_JUMP_IF_NONE, copy, 0, 0, no_match, at);
    if (id && gen_forbidden_name(c, id, CTX_STORE, &handler->span))
        return;
    if (id)
        gen_store_id(c, id, match, &handler->span);
    else
        emit(c, BC_CLEAR, match, 0, 0, at);
    u->top = base + 4;
    gen_push_block(c, BLOCK_GROUP_HANDLER, -1, &handler->span);
    bool alive = !u->dead;
    emit_region(c, raised, base + 4);
    gen_body(c, handler->body);
    gen_pop_block(c);
    u->region = t->inner;
    if (id)
        gen_forget_handler_name(c, id, NULL);
    emit_goto(c, next, NULL);
    emit_place_handler(c, raised, &t->entry, alive);
    u->top = base + 5;
    if (id)
        gen_forget_handler_name(c, id, NULL);
    emit(c, BC_LIST_APPEND, base + 2, base + 4, 0, NULL);
    emit_goto(c, next, NULL);
    emit_place(c, no_match);
    emit(c, BC_CLEAR, base + 4, 0, 0, NULL);
    emit_place(c, next);
    u->top = base + 4;
}

static void gen_group_end(Compiler *c, const TryState *t) {
    Unit *u = c->unit;
    int base = t->base, reraise = emit_label(c);
    u->region = t->inner;
    emit(c, BC_LIST_APPEND, base + 2, base + 3, 0, NULL);
    emit(c, BC_PREP_RERAISE_STAR, base + 2, base, base + 2, NULL);
    emit(c, BC_COPY, base + 3, base + 2, 0, NULL);
    u->top = base + 3;
    emit_jump(c, BC_JUMP_IF_NOT_NONE, base + 3, 0, 0, reraise, NULL);
    u->region = t->outer;
    emit(c, BC_CLEAR, base + 2, 0, 0, NULL);
    emit(c, BC_LEAVE_HANDLER, base, 0, 0, NULL);
    emit_goto(c, t->end, NULL);
    emit_place(c, reraise);
    emit(c, BC_LEAVE_HANDLER, base, 0, 0, NULL);
    emit(c, BC_RERAISE_BARE, base + 2, 0, 0, NULL);
    gen_cleanup(c, t->cleanup, base, &t->entry, t->alive);
}

static void gen_try_star(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    TryState t = gen_tried(c, s, 6);
    emit(c, BC_ENTER_HANDLER, t.base, 0, 0, NULL);
    emit_region(c, t.cleanup, t.base + 2);
    t.inner = u->region;
    emit(c, BC_BUILD_LIST, t.base + 2, t.base + 2, 0, NULL);
    emit(c, BC_COPY, t.base + 3, t.base, 0, NULL);
    u->top = t.base + 4;
    for (int i = 0; i < s->try_stmt.handlers.n && !c->failed; i++)
        gen_group_handler(c, &t, &s->try_stmt.handlers.at[i]);
    gen_group_end(c, &t);
    u->top = t.base;
    emit_place(c, t.end);
}

/* try/finally -------------------------------------------------------------------------------------------------------
 */

static void gen_protected(Compiler *c, const Stmt *s) {
    if (s->try_stmt.handlers.n == 0)
        gen_body(c, s->try_stmt.body);
    else if (s->kind == STMT_TRYSTAR)
        gen_try_star(c, s);
    else
        gen_try_except(c, s);
}

void gen_try(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    if (s->try_stmt.finalbody.n == 0) {
        gen_protected(c, s);
        return;
    }
    int base = u->top, handler = emit_label(c), cleanup = emit_label(c), end = emit_label(c);
    Known entry = u->known;
    bool alive = !u->dead;
    Block *block = gen_push_block(c, BLOCK_FINALLY_TRY, -1, &s->span);
    block->stmt = s;
    uint32_t outer = emit_region(c, handler, base);
    gen_protected(c, s);
    gen_pop_block(c);
    u->region = outer;
    gen_body(c, s->try_stmt.finalbody);
    emit_goto(c, end, NULL);
    emit_place_handler(c, handler, &entry, alive);
    u->top = base;
    regs_push_many(c, 3);
    u->top = base + 2;
    emit(c, BC_ENTER_HANDLER, base, 0, 0, NULL);
    gen_push_block(c, BLOCK_FINALLY_END, base, &s->span);
    emit_region(c, cleanup, base + 2);
    gen_body(c, s->try_stmt.finalbody);
    gen_pop_block(c);
    u->region = outer;
    emit(c, BC_RERAISE, base, 0, 0, NULL);
    gen_cleanup(c, cleanup, base, &entry, alive);
    u->top = base;
    emit_place(c, end);
}

/* with --------------------------------------------------------------------------------------------------------------
 */

/* base, base + 1: the exit method; base + 2 to base + 4: its arguments; in the handler, base + 5 and base + 6: the
 * exception and the one handled before. */
static void call_exit(Compiler *c, int base, bool is_async, const Span *at) {
    Unit *u = c->unit;
    int top = u->top;
    emit(c, BC_CALL_METHOD, base, base, 3, at);
    if (is_async) {
        gen_await(c, base, 2, DST_TEMP, at);
        u->top = top;
    }
}

void gen_with_exit(Compiler *c, const Block *block) {
    for (int i = 2; i < 5; i++)
        gen_const(c, VALUE_NONE, block->reg + i, &block->span);
    call_exit(c, block->reg, block->kind == BLOCK_ASYNC_WITH, &block->span);
    emit(c, BC_CLEAR, block->reg, 0, 0, &block->span);
}

static void gen_with_handler(Compiler *c, const Block *block, int handler, const Known *entry, bool alive) {
    Unit *u = c->unit;
    int base = block->reg, cleanup = emit_label(c), suppress = emit_label(c);
    const Span *at = &block->span;
    uint32_t outer = u->region;
    emit_place_handler(c, handler, entry, alive);
    u->top = base;
    regs_push_many(c, 8);
    u->top = base + 7;
    emit(c, BC_MOVE, base + 5, base + 2, 0, at);
    emit(c, BC_ENTER_HANDLER, base + 5, 0, 0, at);
    emit_region(c, cleanup, base + 7);
    emit(c, BC_WITH_EXCEPT_ARGS, base + 2, base + 5, 0, at);
    call_exit(c, base, block->kind == BLOCK_ASYNC_WITH, at);
    emit_jump(c, BC_JUMP_IF_TRUE, base, 0, 0, suppress, at);
    u->region = outer;
    emit(c, BC_RERAISE, base + 5, 0, 0, at);
    emit_place_handler(c, cleanup, entry, alive);
    for (int i = 0; i < 5; i++)
        emit(c, BC_CLEAR, base + i, 0, 0, at);
    emit(c, BC_LEAVE_HANDLER, base + 5, 0, 0, at);
    emit(c, BC_RERAISE_BARE, base + 7, 0, 0, at);
    emit_place(c, suppress);
    emit(c, BC_LEAVE_HANDLER, base + 5, 0, 0, at);
}

static void gen_with_item(Compiler *c, const Stmt *s, int i) {
    Unit *u = c->unit;
    const WithItem *item = &s->with.items.at[i];
    const Span *at = &item->context_expr->span;
    bool is_async = s->kind == STMT_ASYNCWITH;
    int base = u->top, handler = emit_label(c), end = emit_label(c);
    int manager = gen_any(c, item->context_expr);
    u->top = base;
    regs_push_many(c, 5);
    emit(c, BC_WITH_ENTER, base, manager, is_async, at);
    emit(c, BC_CALL_METHOD, base + 2, base + 2, 0, at);
    if (is_async)
        gen_await(c, base + 2, 1, DST_TEMP, at);
    u->top = base + 5;
    Known entry = u->known;
    bool alive = !u->dead;
    Block block = *gen_push_block(c, is_async ? BLOCK_ASYNC_WITH : BLOCK_WITH, base, at);
    uint32_t outer = emit_region(c, handler, base + 2);
    if (item->optional_vars)
        gen_store(c, item->optional_vars, base + 2);
    else
        emit(c, BC_CLEAR, base + 2, 0, 0, at);
    if (i + 1 < s->with.items.n && context_enter(c)) {
        gen_with_item(c, s, i + 1);
        context_leave(c);
    } else {
        gen_body(c, s->with.body);
    }
    gen_pop_block(c);
    u->region = outer;
    gen_with_exit(c, &block);
    emit_goto(c, end, NULL);
    gen_with_handler(c, &block, handler, &entry, alive);
    u->top = base;
    emit_place(c, end);
}

void gen_with(Compiler *c, const Stmt *s) {
    if (s->kind == STMT_ASYNCWITH && !gen_may_await(c)) {
        context_error(c, &s->span, "'async with' outside async function");
        return;
    }
    gen_with_item(c, s, 0);
}
