/* Statements, and leaving blocks by break, continue and return.
 *
 * Invariant: between statements the live temporaries are those of the enclosing blocks alone (iterators, exit
 * functions, handled exceptions, waiting return values). A statement that jumps out of blocks undoes each of them,
 * from the inside out, in the exception region around that block. */
#include "runtime/vm.h"

#include "compiler/check.h"
#include "compiler/gen.h"

/* Blocks ------------------------------------------------------------------------------------------------------------
 */

Block *gen_push_block(Compiler *c, BlockKind kind, int reg, const Span *at) {
    Unit *u = c->unit;
    if (u->nblocks >= BLOCKS_MAX) {
        context_error(c, at, "too many statically nested blocks");
        return &u->blocks[BLOCKS_MAX - 1];
    }
    Block *block = &u->blocks[u->nblocks++];
    *block = (Block){.kind = (uint8_t)kind,
                     .reg = reg,
                     .break_label = -1,
                     .continue_label = -1,
                     .outer_region = u->region,
                     .span = *at};
    return block;
}

void gen_pop_block(Compiler *c) {
    if (!c->failed)
        c->unit->nblocks--;
}

/* Undoes one block that has been taken off the stack. value: a temporary with a result that must survive, or -1. */
static void undo_block(Compiler *c, const Block *block, int value) {
    Unit *u = c->unit;
    u->region = block->outer_region;
    switch ((BlockKind)block->kind) {
    case BLOCK_LOOP:
        if (block->reg >= 0)
            emit(c, BC_CLEAR, block->reg, 0, 0, NULL);
        break;
    case BLOCK_TRY:
    case BLOCK_GROUP_HANDLER:
        break;
    case BLOCK_FINALLY_TRY:
        if (value >= 0)
            gen_push_block(c, BLOCK_VALUE, value, &block->span);
        gen_body(c, block->stmt->try_stmt.finalbody);
        if (value >= 0)
            gen_pop_block(c);
        break;
    case BLOCK_FINALLY_END:
        emit(c, BC_LEAVE_HANDLER, block->reg, 0, 0, NULL);
        break;
    case BLOCK_WITH:
    case BLOCK_ASYNC_WITH:
        gen_with_exit(c, block);
        break;
    case BLOCK_HANDLER:
        emit(c, BC_LEAVE_HANDLER, block->reg, 0, 0, NULL);
        if (block->name)
            gen_forget_handler_name(c, block->name, NULL);
        break;
    case BLOCK_VALUE:
        emit(c, BC_CLEAR, block->reg, 0, 0, NULL);
        break;
    }
}

static void unwind(Compiler *c, int keep, int value) {
    Unit *u = c->unit;
    if (c->failed || u->nblocks <= keep)
        return;
    Block block = u->blocks[--u->nblocks]; /* a copy: a finally body may push blocks in its place */
    undo_block(c, &block, value);
    unwind(c, keep, value);
    if (!c->failed)
        u->blocks[u->nblocks++] = block;
}

static bool forbidden_in_group_handler(Compiler *c, const Stmt *s, int lowest) {
    for (int i = c->unit->nblocks - 1; i >= lowest; i--) {
        if (c->unit->blocks[i].kind == BLOCK_GROUP_HANDLER) {
            context_error(c, &s->span, "'break', 'continue' and 'return' cannot appear in an except* block");
            return true;
        }
    }
    return false;
}

static void gen_break_continue(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    bool is_break = s->kind == STMT_BREAK;
    int loop = u->nblocks - 1;
    while (loop >= 0 && u->blocks[loop].kind != BLOCK_LOOP && u->blocks[loop].kind != BLOCK_GROUP_HANDLER)
        loop--;
    if (forbidden_in_group_handler(c, s, loop < 0 ? 0 : loop))
        return;
    if (loop < 0) {
        context_error(c, &s->span, is_break ? "'break' outside loop" : "'continue' not properly in loop");
        return;
    }
    uint32_t region = u->region;
    Block block = u->blocks[loop];
    unwind(c, loop + !is_break, -1);
    emit_goto(c, is_break ? block.break_label : block.continue_label, &s->span);
    u->region = region;
}

/* Does leaving all blocks run code that could change a local? */
static bool blocks_run_code(const Unit *u) {
    for (int i = 0; i < u->nblocks; i++) {
        int kind = u->blocks[i].kind;
        if (kind != BLOCK_LOOP && kind != BLOCK_TRY && kind != BLOCK_VALUE && kind != BLOCK_FINALLY_END)
            return true;
    }
    return false;
}

static void gen_return(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    uint32_t region = u->region;
    int base = u->top, reg = -1;
    if (!scope_is_function(u->scope)) {
        context_error(c, &s->span, "'return' outside function");
        return;
    }
    if (s->expr.value && u->scope->coroutine && u->scope->generator) {
        context_error(c, &s->span, "'return' with value in async generator");
        return;
    }
    if (forbidden_in_group_handler(c, s, 0))
        return;
    Value constant = s->expr.value ? fold_expr(c, s->expr.value) : VALUE_NONE;
    if (!constant)
        reg = blocks_run_code(u) ? gen_temp(c, s->expr.value) : gen_any(c, s->expr.value);
    unwind(c, 0, !c->failed && reg >= 0 && regs_is_temp(c, reg) ? reg : -1);
    if (constant)
        emit_x(c, BC_RETURN_K, 0, emit_const(c, constant), &s->span);
    else
        emit(c, BC_RETURN, reg, 0, 0, &s->span);
    u->region = region;
    u->top = base;
}

/* Loops and conditions ----------------------------------------------------------------------------------------------
 */

static void gen_while(Compiler *c, const Stmt *s) {
    int body = emit_label(c), next = emit_label(c), orelse = emit_label(c), end = emit_label(c);
    gen_jump_if(c, s->while_stmt.test, orelse, false);
    Known entry = c->unit->known;
    bool alive = !c->unit->dead;
    emit_place_body(c, body, &entry, alive);
    Block *block = gen_push_block(c, BLOCK_LOOP, -1, &s->span);
    block->break_label = end;
    block->continue_label = next;
    gen_body(c, s->while_stmt.body);
    gen_pop_block(c);
    emit_place(c, next);
    gen_jump_if(c, s->while_stmt.test, body, true);
    emit_place(c, orelse);
    gen_body(c, s->while_stmt.orelse);
    emit_place(c, end);
}

static int loop_target(Compiler *c, const Expr *target) {
    if (target->kind != EXPR_NAME)
        return -1;
    NameId id = gen_id(c, target->name.id);
    return id == c->id_debug ? -1 : gen_local_of(c, id);
}

static void gen_for(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    const Span *at = &s->for_stmt.iter->span;
    int body = emit_label(c), next = emit_label(c), end = emit_label(c), base = u->top;
    int reg = gen_iterable(c, s->for_stmt.iter, DST_ANY);
    u->top = base;
    int iterator = regs_push(c), local = loop_target(c, s->for_stmt.target);
    emit(c, BC_GET_ITER, iterator, reg, 0, at);
    Block *block = gen_push_block(c, BLOCK_LOOP, iterator, &s->span);
    block->break_label = end;
    block->continue_label = next;
    Known entry = u->known;
    bool alive = !u->dead;
    emit_goto(c, next, at);
    emit_place_body(c, body, &entry, alive);
    int item = local >= 0 ? local : regs_push(c);
    if (local >= 0)
        regs_set_known(c, local, true);
    else
        gen_store(c, s->for_stmt.target, item);
    u->top = iterator + 1;
    gen_body(c, s->for_stmt.body);
    gen_pop_block(c);
    emit_place(c, next);
    emit_jump(c, BC_FOR_ITER, item, iterator, 0, body, at);
    u->top = base;
    gen_body(c, s->for_stmt.orelse);
    emit_place(c, end);
}

static void gen_async_for(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    const Span *at = &s->for_stmt.iter->span;
    int head = emit_label(c), handler = emit_label(c), end = emit_label(c), base = u->top;
    if (!gen_may_await(c)) {
        context_error(c, &s->span, "'async for' outside async function");
        return;
    }
    int reg = gen_any(c, s->for_stmt.iter);
    u->top = base;
    int iterator = regs_push(c);
    emit(c, BC_GET_AITER, iterator, reg, 0, at);
    Block *block = gen_push_block(c, BLOCK_LOOP, iterator, &s->span);
    block->break_label = end;
    block->continue_label = head;
    emit_place_loop(c, head);
    Known entry = u->known;
    bool alive = !u->dead;
    uint32_t outer = emit_region(c, handler, iterator + 1);
    int awaited = regs_push(c);
    emit(c, BC_GET_ANEXT, awaited, iterator, 0, at);
    int sent = gen_const(c, VALUE_NONE, DST_TEMP, at);
    emit(c, BC_SEND, awaited, awaited, sent, at);
    u->region = outer;
    u->top = awaited + 1;
    gen_store(c, s->for_stmt.target, awaited);
    u->top = iterator + 1;
    gen_body(c, s->for_stmt.body);
    emit_goto(c, head, NULL);
    gen_pop_block(c);
    emit_place_handler(c, handler, &entry, alive);
    regs_push_many(c, 2);
    emit(c, BC_ENTER_HANDLER, iterator + 1, 0, 0, at);
    emit(c, BC_END_ASYNC_FOR, iterator + 1, 0, 0, at);
    emit(c, BC_CLEAR, iterator, 0, 0, at);
    u->top = base;
    gen_body(c, s->for_stmt.orelse);
    emit_place(c, end);
}

static void gen_if(Compiler *c, const Stmt *s) {
    int end = emit_label(c);
    for (;;) { /* a chain of elif is walked, not nested */
        StmtSeq orelse = s->if_stmt.orelse;
        int next = orelse.n ? emit_label(c) : end;
        gen_jump_if(c, s->if_stmt.test, next, false);
        gen_body(c, s->if_stmt.body);
        if (orelse.n == 0 || c->failed)
            break;
        emit_goto(c, end, NULL);
        emit_place(c, next);
        if (orelse.n != 1 || orelse.at[0]->kind != STMT_IF) {
            gen_body(c, orelse);
            break;
        }
        s = orelse.at[0];
    }
    emit_place(c, end);
}

/* Simple statements -------------------------------------------------------------------------------------------------
 */

static void gen_raise(Compiler *c, const Stmt *s) {
    int base = c->unit->top;
    if (!s->raise.exc) {
        emit(c, BC_RAISE_CURRENT, 0, 0, 0, &s->span);
        return;
    }
    if (s->raise.cause) {
        int exc = gen_operand(c, s->raise.exc, s->raise.cause), cause = gen_any(c, s->raise.cause);
        emit(c, BC_RAISE_FROM, exc, cause, 0, &s->span);
    } else {
        int exc = gen_any(c, s->raise.exc);
        emit(c, BC_RAISE, exc, 0, 0, &s->span);
    }
    c->unit->top = base;
}

static void gen_assert(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    const Span *at = &s->assert_stmt.test->span;
    check_assert(c, s);
    if (c->optimize)
        return;
    int end = emit_label(c), base = u->top;
    gen_jump_if(c, s->assert_stmt.test, end, true);
    int error = regs_push(c);
    emit(c, BC_LOAD_ASSERTION_ERROR, error, 0, 0, &s->span);
    if (s->assert_stmt.msg) {
        gen_temp(c, s->assert_stmt.msg);
        emit(c, BC_CALL, error, error, 1, at);
    }
    emit(c, BC_RAISE, error, 0, 0, at);
    u->top = base;
    emit_place(c, end);
}

static void gen_import_name(Compiler *c, NameId module, Value fromlist, int level, const Span *at) {
    Unit *u = c->unit;
    int base = u->top, list = gen_const(c, fromlist, DST_TEMP, at);
    int level_reg = gen_const(c, from_small_int(level), DST_TEMP, at);
    emit_cache(c, BC_IMPORT_NAME, base, list, level_reg, emit_name(c, module), at);
    u->top = base + 1;
}

static NameId part_id(Compiler *c, const char *text, size_t length) {
    Name *name = arena_alloc(&c->arena, sizeof(Name) + length + 1);
    if (!name) {
        context_nomem(c);
        return 0;
    }
    name->length = (uint32_t)length;
    memcpy(name->text, text, length);
    name->text[length] = 0;
    return gen_id(c, name);
}

/* import a.b.c as d: the module itself is reached through its parents */
static void gen_import_as(Compiler *c, const Alias *alias, int reg, const Span *at) {
    const char *dot = strchr(alias->name->text, '.');
    while (dot && !c->failed) {
        const char *start = dot + 1;
        dot = strchr(start, '.');
        NameId part = part_id(c, start, dot ? (size_t)(dot - start) : strlen(start));
        int next = reg + 1;
        regs_push(c);
        emit_cache(c, BC_IMPORT_FROM, next, reg, 0, emit_name(c, part), at);
        emit(c, BC_CLEAR, reg, 0, 0, at);
        emit(c, BC_MOVE, reg, next, 0, at);
        c->unit->top = next;
    }
}

static void gen_import(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    for (int i = 0; i < s->import.names.n && !c->failed; i++) {
        const Alias *alias = &s->import.names.at[i];
        int base = u->top;
        gen_import_name(c, context_id(c, alias->name), VALUE_NONE, 0, &s->span);
        NameId target;
        if (alias->asname) {
            gen_import_as(c, alias, base, &s->span);
            target = gen_id(c, alias->asname);
        } else {
            target = part_id(c, alias->name->text, strcspn(alias->name->text, "."));
        }
        if (!gen_forbidden_name(c, target, CTX_STORE, &s->span))
            gen_store_id(c, target, base, &s->span);
        u->top = base;
    }
}

static Value import_names(Compiler *c, AliasSeq names) {
    Value list = c->failed ? 0 : tuple_new(c->vm, (size_t)names.n);
    if (!list) {
        context_fail(c);
        return 0;
    }
    for (int i = 0; i < names.n; i++)
        as_tuple(list)->items[i] = incref(context_name(c, context_id(c, names.at[i].name)));
    return list;
}

static void gen_import_from(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    AliasSeq names = s->import_from.names;
    const Name *module = s->import_from.module;
    int base = u->top;
    if (module && s->import_from.level == 0 && strcmp(module->text, "__future__") == 0 &&
        (s->line > c->future_line || (s->line == c->future_line && s->col > c->future_col))) {
        context_error(c, &s->span, "from __future__ imports must occur at the beginning of the file");
        return;
    }
    NameId id = module ? context_id(c, module) : context_id_c(c, "");
    gen_import_name(c, id, import_names(c, names), s->import_from.level, &s->span);
    if (names.n == 1 && names.at[0].name->text[0] == '*') {
        emit(c, BC_IMPORT_STAR, base, 0, 0, &s->span);
        u->top = base;
        return;
    }
    for (int i = 0; i < names.n && !c->failed; i++) {
        const Alias *alias = &names.at[i];
        NameId target = gen_id(c, alias->asname ? alias->asname : alias->name);
        int local = gen_local_of(c, target), item = local >= 0 ? local : regs_push(c);
        emit_cache(c, BC_IMPORT_FROM, item, base, 0, emit_name(c, context_id(c, alias->name)), &s->span);
        if (!gen_forbidden_name(c, target, CTX_STORE, &s->span))
            gen_store_id(c, target, item, &s->span);
        u->top = base + 1;
    }
    emit(c, BC_CLEAR, base, 0, 0, &s->span);
    u->top = base;
}

/* Annotations of targets that are not plain names are evaluated only where annotations are kept. */
static void gen_ann_assign(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    const Expr *target = s->ann_assign.target, *annotation = s->ann_assign.annotation;
    int base = u->top;
    bool keeps = !scope_is_function(u->scope);
    if (s->ann_assign.value) {
        Stmt assign = *s;
        Expr *targets[1] = {s->ann_assign.target};
        assign.assign.targets = (ExprSeq){1, targets};
        assign.assign.value = s->ann_assign.value;
        gen_assign(c, &assign);
    }
    if (target->kind == EXPR_NAME) {
        NameId id = gen_id(c, target->name.id);
        if (gen_forbidden_name(c, id, CTX_STORE, &target->span))
            return;
        if (s->ann_assign.simple && keeps) {
            int value = gen_annotation(c, annotation, DST_ANY), container = regs_push(c);
            emit_cache(c, BC_LOAD_NAME, container, 0, 0, emit_name(c, context_id_c(c, "__annotations__")), &s->span);
            int key = gen_const(c, incref(context_name(c, id)), DST_TEMP, &s->span);
            emit(c, BC_SETITEM, container, key, value, &s->span);
            u->top = base;
        }
    } else if (target->kind == EXPR_ATTRIBUTE) {
        if (gen_forbidden_name(c, gen_id(c, target->attribute.attr), CTX_STORE, &target->span))
            return;
        if (!s->ann_assign.value)
            gen_effect(c, target->attribute.value);
    } else if (!s->ann_assign.value) {
        gen_effect(c, target->subscript.value);
        gen_effect(c, target->subscript.slice);
    }
    if (!s->ann_assign.simple && keeps && !c->future_annotations)
        gen_effect(c, annotation);
}

static void gen_expr_stmt(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    const Expr *value = s->expr.value;
    if (u->interactive) {
        int base = u->top, reg = gen_any(c, value);
        emit(c, BC_PRINT_EXPR, reg, 0, 0, &s->span);
        u->top = base;
    } else if (value->kind != EXPR_CONSTANT) {
        gen_effect(c, value);
    }
}

static void gen_compound(Compiler *c, const Stmt *s) {
    switch ((StmtKind)s->kind) {
    case STMT_FUNCTIONDEF:
    case STMT_ASYNCFUNCTIONDEF:
        gen_function(c, s);
        break;
    case STMT_CLASSDEF:
        gen_class(c, s);
        break;
    case STMT_TYPEALIAS:
        gen_type_alias(c, s);
        break;
    case STMT_FOR:
        gen_for(c, s);
        break;
    case STMT_ASYNCFOR:
        gen_async_for(c, s);
        break;
    case STMT_WHILE:
        gen_while(c, s);
        break;
    case STMT_IF:
        gen_if(c, s);
        break;
    case STMT_WITH:
    case STMT_ASYNCWITH:
        gen_with(c, s);
        break;
    case STMT_MATCH:
        gen_match(c, s);
        break;
    case STMT_TRY:
    case STMT_TRYSTAR:
        gen_try(c, s);
        break;
    default:
        break;
    }
}

void gen_stmt(Compiler *c, const Stmt *s) {
    if (!context_enter(c))
        return;
    switch ((StmtKind)s->kind) {
    case STMT_RETURN:
        gen_return(c, s);
        break;
    case STMT_DELETE:
        for (int i = 0; i < s->del.targets.n && !c->failed; i++)
            gen_delete(c, s->del.targets.at[i]);
        break;
    case STMT_ASSIGN:
        gen_assign(c, s);
        break;
    case STMT_AUGASSIGN:
        gen_aug_assign(c, s);
        break;
    case STMT_ANNASSIGN:
        gen_ann_assign(c, s);
        break;
    case STMT_RAISE:
        gen_raise(c, s);
        break;
    case STMT_ASSERT:
        gen_assert(c, s);
        break;
    case STMT_IMPORT:
        gen_import(c, s);
        break;
    case STMT_IMPORTFROM:
        gen_import_from(c, s);
        break;
    case STMT_EXPR:
        gen_expr_stmt(c, s);
        break;
    case STMT_BREAK:
    case STMT_CONTINUE:
        gen_break_continue(c, s);
        break;
    case STMT_GLOBAL:
    case STMT_NONLOCAL:
    case STMT_PASS:
        break;
    default:
        gen_compound(c, s);
    }
    context_leave(c);
}
