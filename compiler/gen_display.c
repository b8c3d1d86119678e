/* Displays (lists, tuples, sets, dicts) and f-strings.
 *
 * Invariant: a display uses a bounded number of registers: short ones are built from a window of temporaries, the
 * rest of long ones is appended item by item, and constant items come as one constant. */
#include "runtime/vm.h"

#include "compiler/gen.h"
#include "object/set.h"

#define WINDOW_ITEMS_MAX 64

static Expr as_tuple_display(const Expr *e) {
    Expr tuple = *e;
    tuple.kind = EXPR_TUPLE;
    tuple.ctx = CTX_LOAD;
    return tuple;
}

static bool has_starred(ExprSeq elts) {
    for (int i = 0; i < elts.n; i++) {
        if (elts.at[i]->kind == EXPR_STARRED)
            return true;
    }
    return false;
}

static const struct {
    uint16_t build, add, extend;
} display_codes[] = {
    {BC_BUILD_LIST, BC_LIST_APPEND, BC_LIST_EXTEND},
    {BC_BUILD_SET, BC_SET_ADD, BC_SET_UPDATE},
};

/* Lists, tuples (through a list) and sets that are long or have starred items. */
static int gen_long_display(Compiler *c, const Expr *e, int dst) {
    Unit *u = c->unit;
    ExprSeq elts = e->seq.elts;
    int which = e->kind == EXPR_SET, base = u->top, i = 0;
    while (i < elts.n && i < WINDOW_ITEMS_MAX && elts.at[i]->kind != EXPR_STARRED)
        gen_temp(c, elts.at[i++]);
    u->top = base;
    int out = regs_push(c);
    emit(c, display_codes[which].build, out, base, i, &e->span);
    for (; i < elts.n && !c->failed; i++) {
        bool starred = elts.at[i]->kind == EXPR_STARRED;
        int reg = gen_any(c, starred ? elts.at[i]->value.value : elts.at[i]);
        emit(c, starred ? display_codes[which].extend : display_codes[which].add, out, reg, 0, &e->span);
        u->top = base + 1;
    }
    if (e->kind != EXPR_TUPLE)
        return gen_move(c, out, dst, &e->span);
    u->top = base;
    int tuple = regs_out(c, dst);
    emit(c, BC_LIST_TO_TUPLE, tuple, out, 0, &e->span);
    return tuple;
}

/* The constant set of the items (consumed). Filled a second time from itself: that is how the reference gets at its
 * set constants, and the order in which small ones are printed shows it. */
static Value constant_set(Compiler *c, Value items) {
    Value first = items ? frozenset_new(c->vm, items) : VALUE_ERROR;
    Value again = first ? tuple_from_iterable(c->vm, first) : VALUE_ERROR;
    Value set = again ? frozenset_new(c->vm, again) : VALUE_ERROR;
    decref(c->vm, again);
    decref(c->vm, first);
    decref(c->vm, items);
    if (!set)
        context_fail(c);
    return set;
}

/* A list or set of constants: an empty one, extended by a constant tuple or frozenset. */
static int gen_constant_display(Compiler *c, const Expr *e, int dst) {
    if (e->seq.elts.n < 3 || e->kind == EXPR_TUPLE)
        return -1;
    Expr as_tuple_expr = as_tuple_display(e);
    Value items = fold_expr(c, &as_tuple_expr);
    if (!items)
        return -1;
    int which = e->kind == EXPR_SET;
    if (which) {
        items = constant_set(c, items);
        if (!items)
            return -1;
    }
    int base = c->unit->top, out = regs_push(c);
    emit(c, display_codes[which].build, out, out, 0, &e->span);
    int reg = gen_const(c, items, DST_TEMP, &e->span);
    emit(c, display_codes[which].extend, out, reg, 0, &e->span);
    c->unit->top = base + 1;
    return gen_move(c, out, dst, &e->span);
}

int gen_sequence(Compiler *c, const Expr *e, int dst) {
    ExprSeq elts = e->seq.elts;
    if (e->kind == EXPR_TUPLE) {
        Value constant = fold_expr(c, e);
        if (constant)
            return gen_const(c, constant, dst, &e->span);
    } else {
        int out = gen_constant_display(c, e, dst);
        if (out >= 0)
            return out;
    }
    if (elts.n > WINDOW_ITEMS_MAX || has_starred(elts))
        return gen_long_display(c, e, dst);
    int base = c->unit->top;
    for (int i = 0; i < elts.n && !c->failed; i++)
        gen_temp(c, elts.at[i]);
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, e->kind == EXPR_TUPLE ? BC_BUILD_TUPLE : display_codes[e->kind == EXPR_SET].build, out, base, elts.n,
         &e->span);
    return out;
}

int gen_iterable(Compiler *c, const Expr *e, int dst) {
    if (e->kind == EXPR_LIST && !has_starred(e->seq.elts)) {
        Expr tuple = as_tuple_display(e);
        return gen_sequence(c, &tuple, dst);
    }
    if (e->kind == EXPR_SET) {
        Expr tuple = as_tuple_display(e);
        Value items = fold_expr(c, &tuple);
        if (items)
            return gen_const(c, constant_set(c, items), dst, &e->span);
    }
    return gen_expr(c, e, dst);
}

int gen_dict(Compiler *c, const Expr *e, int dst) {
    Unit *u = c->unit;
    int base = u->top, i = 0, n = e->dict.n;
    for (; i < n && i < WINDOW_ITEMS_MAX && e->dict.keys[i]; i++) {
        gen_temp(c, e->dict.keys[i]);
        gen_temp(c, e->dict.values[i]);
    }
    u->top = base;
    int out = i == n ? regs_out(c, dst) : regs_push(c);
    emit(c, BC_BUILD_MAP, out, base, i, &e->span);
    if (i == n)
        return out;
    for (; i < n && !c->failed; i++) {
        if (e->dict.keys[i]) {
            int key = gen_operand(c, e->dict.keys[i], e->dict.values[i]);
            int value = gen_any(c, e->dict.values[i]);
            emit(c, BC_MAP_ADD, out, key, value, &e->span);
        } else {
            int other = gen_any(c, e->dict.values[i]);
            emit(c, BC_DICT_UPDATE, out, other, 0, &e->span);
        }
        u->top = base + 1;
    }
    return gen_move(c, out, dst, &e->span);
}

/* f-strings ---------------------------------------------------------------------------------------------------------
 */

static int conversion_code(int conversion) {
    return conversion == 's' ? 1 : conversion == 'r' ? 2 : conversion == 'a' ? 3 : 0;
}

int gen_formatted(Compiler *c, const Expr *e, int dst) {
    Unit *u = c->unit;
    int base = u->top, conversion = conversion_code(e->formatted.conversion);
    const Expr *spec = e->formatted.format_spec;
    int value = gen_operand(c, e->formatted.value, spec);
    if (!spec) {
        u->top = base;
        int out = regs_out(c, dst);
        emit(c, BC_FORMAT_SIMPLE, out, value, conversion, &e->span);
        return out;
    }
    if (conversion) {
        u->top = base;
        int converted = regs_push(c);
        emit(c, BC_CONVERT, converted, value, conversion, &e->span);
        value = converted;
    }
    int spec_reg = gen_any(c, spec);
    u->top = base;
    int out = regs_out(c, dst);
    emit(c, BC_FORMAT_SPEC, out, value, spec_reg, &e->span);
    return out;
}

int gen_joined(Compiler *c, const Expr *e, int dst) {
    Unit *u = c->unit;
    ExprSeq values = e->joined.values;
    int base = u->top;
    if (values.n == 0)
        return gen_const(c, incref(c->vm->empty_str), dst, &e->span);
    if (values.n == 1)
        return gen_expr(c, values.at[0], dst);
    for (int i = 0; i < values.n && !c->failed; i++) {
        gen_temp(c, values.at[i]);
        if (u->top - base >= 4 * WINDOW_ITEMS_MAX && i + 1 < values.n) { /* join what is there so far */
            emit(c, BC_BUILD_STRING, base, base, u->top - base, &e->span);
            u->top = base + 1;
        }
    }
    int n = u->top - base;
    u->top = base;
    int out = regs_out(c, dst);
    emit(c, BC_BUILD_STRING, out, base, n, &e->span);
    return out;
}
