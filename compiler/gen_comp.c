/* Comprehensions and generator expressions.
 *
 * Invariant: a list, set or dict comprehension runs in the frame around it; its variables are hidden locals, which
 * hold nothing before and after, also when an exception ends it. A generator expression is a function of its own,
 * called with the first iterator as argument. */
#include "runtime/vm.h"

#include "compiler/gen.h"

typedef struct Loop {
    const Expr *e;
    const Expr *element, *value; /* value: of a dict comprehension */
    ComprehensionSeq parts;
    int result; /* temporary with the collection; unused by generators */
} Loop;

static void gen_part(Compiler *c, const Loop *loop, int i, int iterator);

static void gen_element(Compiler *c, const Loop *loop) {
    Unit *u = c->unit;
    int base = u->top;
    if (loop->value) {
        Span at = loop->element->span;
        at.end_line = loop->value->end_line;
        at.end_col = loop->value->end_col;
        int key = gen_operand(c, loop->element, loop->value), value = gen_any(c, loop->value);
        emit(c, BC_MAP_ADD, loop->result, key, value, &at);
        u->top = base;
        return;
    }
    int reg = gen_any(c, loop->element);
    u->top = base;
    if (loop->e->kind == EXPR_GENERATOREXP) {
        int sent = regs_push(c);
        emit(c, BC_YIELD, sent, reg, 0, &loop->element->span);
        emit(c, BC_CLEAR, sent, 0, 0, &loop->element->span);
    } else {
        emit(c, loop->e->kind == EXPR_SETCOMP ? BC_SET_ADD : BC_LIST_APPEND, loop->result, reg, 0,
             &loop->element->span);
    }
    u->top = base;
}

/* What stands behind the binding of a part's target: its conditions, then the next part or the element. */
static void gen_inside(Compiler *c, const Loop *loop, int i, int next) {
    const Comprehension *part = &loop->parts.at[i];
    for (int k = 0; k < part->ifs.n && !c->failed; k++)
        gen_jump_if(c, part->ifs.at[k], next, false);
    if (i + 1 < loop->parts.n)
        gen_part(c, loop, i + 1, -1);
    else
        gen_element(c, loop);
}

static void gen_async_part(Compiler *c, const Loop *loop, int i, int iterator) {
    Unit *u = c->unit;
    const Comprehension *part = &loop->parts.at[i];
    const Span *at = &part->iter->span;
    int head = emit_label(c), next = emit_label(c), handler = emit_label(c);
    emit_place_loop(c, head);
    Known entry = u->known;
    bool alive = !u->dead;
    uint32_t outer = emit_region(c, handler, iterator + 1);
    int awaited = regs_push(c);
    emit(c, BC_GET_ANEXT, awaited, iterator, 0, at);
    int sent = gen_const(c, VALUE_NONE, DST_TEMP, at);
    emit(c, BC_SEND, awaited, awaited, sent, at);
    u->top = awaited + 1;
    u->region = outer;
    gen_store(c, part->target, awaited);
    u->top = iterator + 1;
    gen_inside(c, loop, i, next);
    emit_place(c, next);
    emit_goto(c, head, NULL);
    emit_place_handler(c, handler, &entry, alive);
    regs_push_many(c, 2);
    emit(c, BC_ENTER_HANDLER, iterator + 1, 0, 0, at);
    emit(c, BC_END_ASYNC_FOR, iterator + 1, 0, 0, at);
    emit(c, BC_CLEAR, iterator, 0, 0, at);
}

/* for target in [value]: no loop */
static bool is_single(const Comprehension *part) {
    const Expr *iter = part->iter;
    return !part->is_async && (iter->kind == EXPR_LIST || iter->kind == EXPR_TUPLE) && iter->seq.elts.n == 1 &&
           iter->seq.elts.at[0]->kind != EXPR_STARRED;
}

static int store_target_register(Compiler *c, const Expr *target) {
    if (target->kind != EXPR_NAME)
        return -1;
    NameId id = gen_id(c, target->name.id);
    return id == c->id_debug ? -1 : gen_local_of(c, id);
}

/* One `for` part; iterator: the register of the first part's iterator, -1 for the others. */
static void gen_part(Compiler *c, const Loop *loop, int i, int iterator) {
    Unit *u = c->unit;
    const Comprehension *part = &loop->parts.at[i];
    int base = u->top;
    if (!context_enter(c))
        return;
    if (iterator < 0 && is_single(part)) {
        int skip = emit_label(c), reg = gen_any(c, part->iter->seq.elts.at[0]);
        gen_store(c, part->target, reg);
        u->top = base;
        gen_inside(c, loop, i, skip);
        emit_place(c, skip);
        u->top = base;
        context_leave(c);
        return;
    }
    if (iterator < 0) {
        int reg = gen_iterable(c, part->iter, DST_ANY);
        u->top = base;
        iterator = regs_push(c);
        emit(c, part->is_async ? BC_GET_AITER : BC_GET_ITER, iterator, reg, 0, &part->iter->span);
    }
    if (part->is_async) {
        gen_async_part(c, loop, i, iterator);
    } else {
        int body = emit_label(c), next = emit_label(c);
        Known entry = u->known;
        bool alive = !u->dead;
        int local = store_target_register(c, part->target);
        emit_goto(c, next, &part->iter->span);
        emit_place_body(c, body, &entry, alive);
        int item = local >= 0 ? local : regs_push(c);
        if (local >= 0)
            regs_set_known(c, local, true);
        else
            gen_store(c, part->target, item);
        u->top = iterator + 1;
        gen_inside(c, loop, i, next);
        emit_place(c, next);
        emit_jump(c, BC_FOR_ITER, item, iterator, 0, body, &part->iter->span);
    }
    u->top = base;
    context_leave(c);
}

static int gen_first_iterator(Compiler *c, const Comprehension *part) {
    int base = c->unit->top, reg = gen_iterable(c, part->iter, DST_ANY);
    c->unit->top = base;
    int iterator = regs_push(c);
    emit(c, part->is_async ? BC_GET_AITER : BC_GET_ITER, iterator, reg, 0, &part->iter->span);
    return iterator;
}

static int gen_generator(Compiler *c, const Loop *loop, Scope *scope, int dst) {
    const Expr *e = loop->e;
    Value code = 0;
    if (gen_enter(c, scope, scope->name, e->line)) {
        int iterator = regs_push(c);
        emit(c, BC_MOVE, iterator, 0, 0, &loop->parts.at[0].iter->span);
        gen_part(c, loop, 0, iterator);
        emit_x(c, BC_RETURN_K, 0, emit_const(c, VALUE_NONE), &e->span);
        code = gen_leave(c, gen_function_flags(scope), NULL);
    }
    int base = gen_make_function(c, code, scope, c->unit->top, 0, DST_TEMP, &e->span);
    gen_first_iterator(c, &loop->parts.at[0]);
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, BC_CALL, out, base, 1, &e->span);
    return out;
}

static void clear_hidden(Compiler *c, const Scope *scope) {
    for (const Symbol *s = scope->first; s; s = s->next) {
        if (s->where == WHERE_LOCAL || s->where == WHERE_CELL)
            emit(c, BC_CLEAR, s->reg, 0, 0, NULL);
    }
}

static int gen_inlined(Compiler *c, Loop *loop, Scope *scope, int dst) {
    static const uint16_t build[] = {
        [COMP_LIST] = BC_BUILD_LIST, [COMP_SET] = BC_BUILD_SET, [COMP_DICT] = BC_BUILD_MAP};
    Unit *u = c->unit;
    const Expr *e = loop->e;
    Scope *outer_scope = u->inner;
    int base = regs_push(c), handler = emit_label(c), end = emit_label(c);
    loop->result = base;
    emit(c, build[scope->comprehension], base, base, 0, &e->span);
    int iterator = gen_first_iterator(c, &loop->parts.at[0]);
    u->inner = scope;
    for (const Symbol *s = scope->first; s; s = s->next) {
        if (s->where == WHERE_CELL)
            emit(c, BC_MAKE_CELL, s->reg, 0, 0, NULL);
    }
    Known entry = u->known;
    bool alive = !u->dead;
    uint32_t outer = emit_region(c, handler, base);
    gen_part(c, loop, 0, iterator);
    u->region = outer;
    u->inner = outer_scope;
    clear_hidden(c, scope);
    u->top = base + 1;
    emit_goto(c, end, NULL);
    emit_place_handler(c, handler, &entry, alive);
    clear_hidden(c, scope);
    emit(c, BC_RERAISE_BARE, base, 0, 0, NULL);
    emit_place(c, end);
    u->top = base + 1;
    return gen_move(c, base, dst, &e->span);
}

int gen_comprehension(Compiler *c, const Expr *e, int dst) {
    Scope *scope = symtable_scope(c, e, SCOPE_OF_NODE);
    Loop loop = {.e = e};
    if (e->kind == EXPR_DICTCOMP) {
        loop.element = e->dictcomp.key;
        loop.value = e->dictcomp.value;
        loop.parts = e->dictcomp.generators;
    } else {
        loop.element = e->comp.elt;
        loop.parts = e->comp.generators;
    }
    if (!scope) {
        raise_system(c->vm, "comprehension without a scope");
        context_fail(c);
        return 0;
    }
    if (scope->coroutine && e->kind != EXPR_GENERATOREXP && !gen_may_await(c)) {
        context_error(c, &e->span, "asynchronous comprehension outside of an asynchronous function");
        return 0;
    }
    return e->kind == EXPR_GENERATOREXP ? gen_generator(c, &loop, scope, dst) : gen_inlined(c, &loop, scope, dst);
}
