/* Conditions: comparisons, and/or, not, if-expressions, as values and as jumps.
 *
 * Invariant: a condition that only decides where to go never makes a bool: comparisons become compare-and-jump
 * instructions, and/or/not become the jumps themselves. As values, and/or and chained comparisons give the operand
 * that decided, as the language wants. */
#include "runtime/vm.h"

#include "compiler/check.h"
#include "compiler/gen.h"

/* Comparisons -------------------------------------------------------------------------------------------------------
 */

static const uint16_t compare_codes[] = {
    [CMPOP_EQ] = BC_EQ,       [CMPOP_NOTEQ] = BC_NE,
    [CMPOP_LT] = BC_LT,       [CMPOP_LTE] = BC_LE,
    [CMPOP_GT] = BC_GT,       [CMPOP_GTE] = BC_GE,
    [CMPOP_IS] = BC_IS,       [CMPOP_ISNOT] = BC_IS_NOT,
    [CMPOP_IN] = BC_CONTAINS, [CMPOP_NOTIN] = BC_NOT_CONTAINS,
};
/* Distances within the rows of a rich comparison. */
enum { ROW_K = 1, ROW_J = 2, ROW_JN = 4 };

static bool is_rich(int op) { return op < CMPOP_IS; }

/* The right operand: a constant (*k) or a register. Displays that are only searched become constants. */
static int right_operand(Compiler *c, int op, const Expr *e, bool *k) {
    *k = false;
    if (is_rich(op)) {
        int constant = gen_k_operand(c, e);
        *k = constant >= 0;
        return *k ? constant : gen_any(c, e);
    }
    if (op >= CMPOP_IN)
        return gen_iterable(c, e, DST_ANY);
    return gen_any(c, e);
}

static int gen_chain(Compiler *c, const Expr *e, int dst) {
    Unit *u = c->unit;
    int base = regs_push(c), n = e->compare.n, end = emit_label(c), cleanup = emit_label(c);
    bool k = false;
    int left = gen_operand(c, e->compare.left, e);
    for (int i = 0; i < n - 1 && !c->failed; i++) {
        int middle = gen_operand(c, e->compare.comparators[i], e);
        int copy = middle;
        if (regs_is_temp(c, middle)) {
            copy = regs_push(c);
            emit(c, BC_COPY, copy, middle, 0, &e->span);
        }
        emit(c, compare_codes[e->compare.ops[i]], base, left, copy, &e->span);
        u->top = base + 1;
        if (regs_is_temp(c, middle)) {
            left = regs_push(c);
            if (middle != left)
                emit(c, BC_MOVE, left, middle, 0, &e->span);
            emit_jump(c, BC_JUMP_IF_FALSE_KEEP, base, 0, 0, cleanup, &e->span);
        } else {
            left = middle;
            emit_jump(c, BC_JUMP_IF_FALSE_KEEP, base, 0, 0, end, &e->span);
        }
    }
    int op = e->compare.ops[n - 1], right = right_operand(c, op, e->compare.comparators[n - 1], &k);
    emit(c, compare_codes[op] + (k ? ROW_K : 0), base, left, right, &e->span);
    emit_goto(c, end, NULL);
    emit_place(c, cleanup);
    emit(c, BC_CLEAR, base + 1, 0, 0, NULL);
    emit_place(c, end);
    u->top = base + 1;
    return gen_move(c, base, dst, &e->span);
}

int gen_compare(Compiler *c, const Expr *e, int dst) {
    check_compare(c, e);
    if (e->compare.n > 1)
        return gen_chain(c, e, dst);
    bool k;
    int base = c->unit->top, op = e->compare.ops[0];
    int left = gen_operand(c, e->compare.left, e->compare.comparators[0]);
    int right = right_operand(c, op, e->compare.comparators[0], &k);
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, compare_codes[op] + (k ? ROW_K : 0), out, left, right, &e->span);
    return out;
}

/* Compares and jumps if the result is `when`; the operands are temporaries from base on, or locals. */
static void compare_and_jump(Compiler *c, int op, int left, int right, bool k, int base, int label, bool when,
                             const Span *at) {
    c->unit->top = base;
    if (is_rich(op)) {
        emit_jump(c, compare_codes[op] + (when ? ROW_J : ROW_JN) + (k ? ROW_K : 0), 0, left, right, label, at);
        return;
    }
    int out = regs_push(c);
    emit(c, compare_codes[op], out, left, right, at);
    c->unit->top = base;
    emit_jump(c, when ? BC_JUMP_IF_TRUE : BC_JUMP_IF_FALSE, out, 0, 0, label, at);
}

static void jump_if_chain(Compiler *c, const Expr *e, int label, bool when) {
    Unit *u = c->unit;
    int base = u->top, n = e->compare.n, skip = emit_label(c), cleanup = emit_label(c);
    int if_false = when ? skip : label;
    int left = gen_operand(c, e->compare.left, e);
    for (int i = 0; i < n - 1 && !c->failed; i++) {
        int middle = gen_operand(c, e->compare.comparators[i], e), op = e->compare.ops[i];
        if (!regs_is_temp(c, middle)) {
            compare_and_jump(c, op, left, middle, false, u->top, if_false, false, &e->span);
            u->top = base;
            left = middle;
            continue;
        }
        int copy = regs_push(c);
        emit(c, BC_COPY, copy, middle, 0, &e->span);
        if (middle != base) { /* the jump must find it where the clean-up expects it */
            int moved = regs_push(c);
            emit(c, BC_MOVE, moved, left, 0, &e->span);
            emit(c, BC_MOVE, base, middle, 0, &e->span);
            left = moved;
        }
        compare_and_jump(c, op, left, copy, false, u->top, cleanup, false, &e->span);
        u->top = base + 1;
        left = base;
    }
    bool k = false;
    int op = e->compare.ops[n - 1], right = right_operand(c, op, e->compare.comparators[n - 1], &k);
    compare_and_jump(c, op, left, right, k, base, label, when, &e->span);
    if (!c->failed && u->labels[cleanup].refs) {
        emit_goto(c, skip, NULL);
        emit_place(c, cleanup);
        emit(c, BC_CLEAR, base, 0, 0, NULL);
        if (!when)
            emit_goto(c, label, NULL);
    }
    emit_place(c, skip);
}

static bool is_none_constant(const Expr *e) { return e->kind == EXPR_CONSTANT && e->constant.kind == CONST_NONE; }

static void jump_if_compare(Compiler *c, const Expr *e, int label, bool when) {
    int base = c->unit->top, op = e->compare.ops[0];
    const Expr *other = e->compare.comparators[0];
    check_compare(c, e);
    if (e->compare.n > 1) {
        jump_if_chain(c, e, label, when);
        return;
    }
    if ((op == CMPOP_IS || op == CMPOP_ISNOT) && is_none_constant(other)) {
        int reg = gen_any(c, e->compare.left);
        c->unit->top = base;
        emit_jump(c, (op == CMPOP_IS) == when ? BC_JUMP_IF_NONE : BC_JUMP_IF_NOT_NONE, reg, 0, 0, label, &e->span);
        return;
    }
    bool k;
    int left = gen_operand(c, e->compare.left, other);
    int right = right_operand(c, op, other, &k);
    compare_and_jump(c, op, left, right, k, base, label, when, &e->span);
}

/* Jumps -------------------------------------------------------------------------------------------------------------
 */

static void jump_if_bool_op(Compiler *c, const Expr *e, int label, bool when) {
    bool decisive = e->bool_op.op == BOOL_OR; /* the truth value that ends the evaluation */
    int n = e->bool_op.values.n, next = decisive == when ? label : emit_label(c);
    for (int i = 0; i < n - 1 && !c->failed; i++)
        gen_jump_if(c, e->bool_op.values.at[i], next, decisive);
    gen_jump_if(c, e->bool_op.values.at[n - 1], label, when);
    if (next != label)
        emit_place(c, next);
}

static void jump_if_exp(Compiler *c, const Expr *e, int label, bool when) {
    int orelse = emit_label(c), end = emit_label(c);
    gen_jump_if(c, e->ifexp.test, orelse, false);
    gen_jump_if(c, e->ifexp.body, label, when);
    emit_goto(c, end, NULL);
    emit_place(c, orelse);
    gen_jump_if(c, e->ifexp.orelse, label, when);
    emit_place(c, end);
}

static void jump_if_kind(Compiler *c, const Expr *e, int label, bool when) {
    if (e->kind == EXPR_UNARYOP && e->unary.op == UNARY_NOT) {
        gen_jump_if(c, e->unary.operand, label, !when);
    } else if (e->kind == EXPR_BOOLOP) {
        jump_if_bool_op(c, e, label, when);
    } else if (e->kind == EXPR_IFEXP) {
        jump_if_exp(c, e, label, when);
    } else if (e->kind == EXPR_COMPARE) {
        jump_if_compare(c, e, label, when);
    } else {
        int base = c->unit->top, reg = gen_any(c, e);
        c->unit->top = base;
        emit_jump(c, when ? BC_JUMP_IF_TRUE : BC_JUMP_IF_FALSE, reg, 0, 0, label, &e->span);
    }
}

void gen_jump_if(Compiler *c, const Expr *e, int label, bool when) {
    int constant = fold_truth(c, e);
    if (constant >= 0) {
        if (constant == when)
            emit_goto(c, label, &e->span);
        return;
    }
    if (!context_enter(c))
        return;
    jump_if_kind(c, e, label, when);
    context_leave(c);
}

/* Values ------------------------------------------------------------------------------------------------------------
 */

int gen_bool_op(Compiler *c, const Expr *e, int dst) {
    Unit *u = c->unit;
    bool is_or = e->bool_op.op == BOOL_OR;
    int base = u->top, n = e->bool_op.values.n, end = emit_label(c), keep = dst >= 0 ? emit_label(c) : end;
    int result = dst >= 0 ? dst : base;
    for (int i = 0; i < n - 1 && !c->failed; i++) {
        const Expr *value = e->bool_op.values.at[i];
        int constant = fold_truth(c, value);
        if (constant >= 0) {
            if (constant == is_or) {
                gen_expr(c, value, dst >= 0 ? dst : DST_TEMP);
                emit_goto(c, end, NULL);
                u->top = base;
            }
            continue;
        }
        int reg = gen_any(c, value);
        u->top = base;
        if (regs_is_temp(c, reg)) {
            emit_jump(c, is_or ? BC_JUMP_IF_TRUE_KEEP : BC_JUMP_IF_FALSE_KEEP, reg, 0, 0, keep, &e->span);
        } else if (reg == dst) {
            emit_jump(c, is_or ? BC_JUMP_IF_TRUE : BC_JUMP_IF_FALSE, reg, 0, 0, end, &e->span);
        } else {
            int skip = emit_label(c);
            emit_jump(c, is_or ? BC_JUMP_IF_FALSE : BC_JUMP_IF_TRUE, reg, 0, 0, skip, &e->span);
            if (dst < 0)
                regs_push(c);
            emit(c, BC_MOVE, result, reg, 0, &e->span);
            u->top = base;
            emit_goto(c, end, NULL);
            emit_place(c, skip);
        }
    }
    gen_expr(c, e->bool_op.values.at[n - 1], dst >= 0 ? dst : DST_TEMP);
    if (keep != end && !c->failed && u->labels[keep].refs) {
        emit_goto(c, end, NULL);
        emit_place(c, keep);
        emit(c, BC_MOVE, dst, base, 0, &e->span);
    }
    emit_place(c, end);
    u->top = dst >= 0 ? base : base + 1;
    return result;
}

int gen_if_exp(Compiler *c, const Expr *e, int dst) {
    Unit *u = c->unit;
    int base = u->top, orelse = emit_label(c), end = emit_label(c), wanted = dst >= 0 ? dst : DST_TEMP;
    gen_jump_if(c, e->ifexp.test, orelse, false);
    int out = gen_expr(c, e->ifexp.body, wanted);
    emit_goto(c, end, NULL);
    u->top = base;
    emit_place(c, orelse);
    gen_expr(c, e->ifexp.orelse, wanted);
    emit_place(c, end);
    u->top = dst >= 0 ? base : base + 1;
    return out;
}
