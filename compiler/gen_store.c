/* Assignment: targets, deletions, augmented assignment. */
#include "runtime/vm.h"

#include "compiler/check.h"
#include "compiler/gen.h"

static void consume(Compiler *c, int reg) {
    if (regs_is_temp(c, reg) && reg == c->unit->top - 1)
        c->unit->top--;
}

/* Targets -----------------------------------------------------------------------------------------------------------
 */

static void store_unpacked(Compiler *c, const Expr *target, int reg) {
    Unit *u = c->unit;
    ExprSeq elts = target->seq.elts;
    int star = -1;
    for (int i = 0; i < elts.n; i++) {
        if (elts.at[i]->kind != EXPR_STARRED)
            continue;
        if (star >= 0) {
            context_error(c, &target->span, "multiple starred expressions in assignment");
            return;
        }
        star = i;
    }
    if (star > 255 || (star >= 0 && elts.n - star - 1 > UINT16_MAX)) {
        context_error(c, &target->span, "too many expressions in star-unpacking assignment");
        return;
    }
    consume(c, reg);
    int first = regs_push_many(c, elts.n);
    if (star >= 0)
        emit_cache(c, BC_UNPACK_EX, first, reg, 0, (uint32_t)star | (uint32_t)(elts.n - star - 1) << 16,
                   &target->span);
    else
        emit(c, BC_UNPACK, first, reg, elts.n, &target->span);
    for (int i = 0; i < elts.n && !c->failed; i++)
        gen_store(c, i == star ? elts.at[i]->value.value : elts.at[i], first + i);
    u->top = first;
}

static void store_attribute(Compiler *c, const Expr *target, int reg) {
    Unit *u = c->unit;
    int base = u->top;
    NameId id = gen_id(c, target->attribute.attr);
    gen_static_attribute(c, target);
    int object = gen_any(c, target->attribute.value);
    if (gen_forbidden_name(c, id, CTX_STORE, &target->span))
        return;
    Span at = gen_attribute_span(target, target);
    u->top = base;
    emit_cache(c, BC_SETATTR, object, reg, 0, emit_name(c, id), &at);
    consume(c, reg);
}

static void store_subscript(Compiler *c, const Expr *target, int reg) {
    Unit *u = c->unit;
    int base = u->top;
    check_subscript(c, target->subscript.value, target->subscript.slice);
    int object = gen_operand(c, target->subscript.value, target->subscript.slice);
    int index = gen_any(c, target->subscript.slice);
    u->top = base;
    emit(c, BC_SETITEM, object, index, reg, &target->span);
    consume(c, reg);
}

void gen_store(Compiler *c, const Expr *target, int reg) {
    if (!context_enter(c))
        return;
    switch ((ExprKind)target->kind) {
    case EXPR_NAME: {
        NameId id = gen_id(c, target->name.id);
        if (!gen_forbidden_name(c, id, CTX_STORE, &target->span))
            gen_store_id(c, id, reg, &target->span);
        break;
    }
    case EXPR_ATTRIBUTE:
        store_attribute(c, target, reg);
        break;
    case EXPR_SUBSCRIPT:
        store_subscript(c, target, reg);
        break;
    case EXPR_TUPLE:
    case EXPR_LIST:
        store_unpacked(c, target, reg);
        break;
    case EXPR_STARRED:
        context_error(c, &target->span, "starred assignment target must be in a list or tuple");
        break;
    default:
        raise_system(c->vm, "cannot store into expression kind %d", target->kind);
        context_fail(c);
    }
    context_leave(c);
}

void gen_delete(Compiler *c, const Expr *target) {
    Unit *u = c->unit;
    int base = u->top;
    if (!context_enter(c))
        return;
    switch ((ExprKind)target->kind) {
    case EXPR_NAME: {
        NameId id = gen_id(c, target->name.id);
        if (!gen_forbidden_name(c, id, CTX_DEL, &target->span))
            gen_delete_id(c, id, &target->span);
        break;
    }
    case EXPR_ATTRIBUTE: {
        int object = gen_any(c, target->attribute.value);
        Span at = gen_attribute_span(target, target);
        emit_cache(c, BC_DELATTR, object, 0, 0, emit_name(c, gen_id(c, target->attribute.attr)), &at);
        break;
    }
    case EXPR_SUBSCRIPT: {
        check_subscript(c, target->subscript.value, target->subscript.slice);
        int object = gen_operand(c, target->subscript.value, target->subscript.slice);
        int index = gen_any(c, target->subscript.slice);
        emit(c, BC_DELITEM, object, index, 0, &target->span);
        break;
    }
    default:
        for (int i = 0; i < target->seq.elts.n && !c->failed; i++)
            gen_delete(c, target->seq.elts.at[i]);
    }
    u->top = base;
    context_leave(c);
}

/* Assignment --------------------------------------------------------------------------------------------------------
 */

/* The register of a target that is a plain local; -1 for others. */
static int local_target(Compiler *c, const Expr *target) {
    if (target->kind != EXPR_NAME)
        return -1;
    NameId id = gen_id(c, target->name.id);
    return id == c->id_debug ? -1 : gen_local_of(c, id);
}

static bool is_plain_display(const Expr *e) {
    if ((e->kind != EXPR_TUPLE && e->kind != EXPR_LIST) || e->seq.elts.n > 16)
        return false;
    for (int i = 0; i < e->seq.elts.n; i++) {
        if (e->seq.elts.at[i]->kind == EXPR_STARRED)
            return false;
    }
    return true;
}

/* Can the i-th value go straight into its target? Yes if what follows neither raises nor reads that local. */
static bool can_store_early(Compiler *c, const Expr *value, int i, int local) {
    for (int k = i + 1; k < value->seq.elts.n; k++) {
        const Expr *later = value->seq.elts.at[k];
        if (later->kind == EXPR_CONSTANT)
            continue;
        if (later->kind != EXPR_NAME)
            return false;
        int reg = gen_local_of(c, gen_id(c, later->name.id));
        if (reg < 0 || reg == local || !regs_known(c, reg))
            return false;
    }
    return true;
}

/* a, b = b, a + b: no tuple is made. */
static bool assign_pairwise(Compiler *c, const Expr *target, const Expr *value) {
    Unit *u = c->unit;
    if (!is_plain_display(target) || !is_plain_display(value) || target->seq.elts.n != value->seq.elts.n ||
        value->kind != EXPR_TUPLE || u->scope->walrus)
        return false;
    int n = value->seq.elts.n, base = u->top, from[16], locals[16];
    bool all_local = true;
    for (int i = 0; i < n; i++) {
        locals[i] = local_target(c, target->seq.elts.at[i]);
        all_local &= locals[i] >= 0;
        for (int k = 0; k < i; k++)
            all_local &= locals[k] != locals[i];
    }
    for (int i = 0; i < n && !c->failed; i++) {
        const Expr *item = value->seq.elts.at[i];
        /* the locals themselves are compared as they are before any of these assignments */
        bool early = all_local && can_store_early(c, value, i, locals[i]);
        from[i] = early ? gen_expr(c, item, locals[i]) : gen_temp(c, item);
        if (early)
            regs_set_known(c, locals[i], true);
    }
    for (int i = 0; i < n && !c->failed; i++) {
        if (regs_is_temp(c, from[i]))
            gen_store(c, target->seq.elts.at[i], from[i]);
    }
    u->top = base;
    return true;
}

static void assign_one(Compiler *c, const Expr *target, const Expr *value) {
    Unit *u = c->unit;
    int base = u->top, local = local_target(c, target);
    if (local >= 0) {
        gen_expr(c, value, local);
        regs_set_known(c, local, true);
    } else if (!assign_pairwise(c, target, value)) {
        int reg = gen_operand(c, value, target);
        gen_store(c, target, reg);
    }
    u->top = base;
}

void gen_assign(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    int n = s->assign.targets.n, base = u->top;
    if (n == 1) {
        assign_one(c, s->assign.targets.at[0], s->assign.value);
        return;
    }
    int reg = gen_temp(c, s->assign.value);
    for (int i = 0; i < n && !c->failed; i++) {
        const Expr *target = s->assign.targets.at[i];
        int local = local_target(c, target);
        if (i == n - 1) {
            gen_store(c, target, reg);
        } else if (local >= 0) {
            emit(c, BC_COPY, local, reg, 0, &target->span);
            regs_set_known(c, local, true);
        } else {
            int copy = regs_push(c);
            emit(c, BC_COPY, copy, reg, 0, &s->span);
            gen_store(c, target, copy);
        }
        u->top = base + 1;
    }
    u->top = base;
}

/* Augmented assignment ----------------------------------------------------------------------------------------------
 */

/* Result of `left op= value`, into dst. */
static int augment(Compiler *c, const Stmt *s, int left, int base, int dst) {
    int op = gen_binary_op(s->aug_assign.op) + 2; /* the I form of the row */
    int right = gen_k_operand(c, s->aug_assign.value);
    if (right >= 0)
        op++;
    else
        right = gen_any(c, s->aug_assign.value);
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, op, out, left, right, &s->span);
    return out;
}

static void augment_name(Compiler *c, const Stmt *s) {
    const Expr *target = s->aug_assign.target;
    NameId id = gen_id(c, target->name.id);
    int base = c->unit->top, local = gen_local_of(c, id);
    int left = gen_load_id(c, id, DST_ANY, &target->span);
    if (!c->failed && !regs_is_temp(c, left) && c->unit->scope->walrus)
        left = gen_move(c, left, DST_TEMP, &target->span);
    int out = augment(c, s, left, base, local >= 0 ? local : DST_TEMP);
    if (gen_forbidden_name(c, id, CTX_STORE, &target->span))
        return;
    if (local >= 0)
        regs_set_known(c, local, true);
    else
        gen_store_id(c, id, out, &target->span);
}

static int copy_temp(Compiler *c, int reg, const Span *at) {
    if (c->failed || !regs_is_temp(c, reg))
        return reg;
    int copy = regs_push(c);
    emit(c, BC_COPY, copy, reg, 0, at);
    return copy;
}

static void augment_attribute(Compiler *c, const Stmt *s) {
    const Expr *target = s->aug_assign.target;
    Unit *u = c->unit;
    Span at = gen_attribute_span(target, target);
    NameId id = gen_id(c, target->attribute.attr);
    int object = gen_operand(c, target->attribute.value, s->aug_assign.value), base = u->top;
    int copy = copy_temp(c, object, &target->span);
    u->top = base;
    int value = regs_push(c);
    emit_cache(c, BC_GETATTR, value, copy, 0, emit_name(c, id), &at);
    value = augment(c, s, value, base, DST_TEMP);
    emit_cache(c, BC_SETATTR, object, value, 0, emit_name(c, id), &at);
}

static void augment_subscript(Compiler *c, const Stmt *s) {
    const Expr *target = s->aug_assign.target, *slice = target->subscript.slice;
    Unit *u = c->unit;
    check_subscript(c, target->subscript.value, slice);
    int object = gen_operand(c, target->subscript.value, c->unit->scope->walrus ? s->aug_assign.value : slice);
    int index = gen_operand(c, slice, s->aug_assign.value), base = u->top;
    int object_copy = copy_temp(c, object, &target->span);
    int index_copy = copy_temp(c, index, &target->span);
    u->top = base;
    int value = regs_push(c);
    emit(c, BC_GETITEM, value, object_copy, index_copy, &target->span);
    value = augment(c, s, value, base, DST_TEMP);
    emit(c, BC_SETITEM, object, index, value, &target->span);
}

void gen_aug_assign(Compiler *c, const Stmt *s) {
    int base = c->unit->top;
    switch ((ExprKind)s->aug_assign.target->kind) {
    case EXPR_NAME:
        augment_name(c, s);
        break;
    case EXPR_ATTRIBUTE:
        augment_attribute(c, s);
        break;
    default:
        augment_subscript(c, s);
        break;
    }
    c->unit->top = base;
}
