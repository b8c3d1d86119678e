/* Expressions, and the targets that values are stored into.
 *
 * Invariant: temporaries are used as a stack. A function that emits an instruction first sets top back over the
 * operands it reads and then takes the place of the result, so a result usually lands where its first operand was. */
#include "runtime/vm.h"

#include "compiler/gen.h"

#include "compiler/check.h"

/* Operands ----------------------------------------------------------------------------------------------------------
 */

/* Could evaluating e give a local another value? Only := can; without one in the frame nothing does. */
static bool may_bind(const Compiler *c, const Expr *e) {
    return c->unit->scope->walrus && e->kind != EXPR_NAME && e->kind != EXPR_CONSTANT;
}

int gen_move(Compiler *c, int reg, int dst, const Span *at) {
    if (dst == DST_ANY || dst == reg || (dst == DST_TEMP && regs_is_temp(c, reg)))
        return reg;
    if (regs_is_temp(c, reg))
        c->unit->top = reg;
    int out = regs_out(c, dst);
    emit(c, BC_MOVE, out, reg, 0, at);
    return out;
}

int gen_operand(Compiler *c, const Expr *e, const Expr *later) {
    int reg = gen_any(c, e);
    if (!c->failed && !regs_is_temp(c, reg) && later && may_bind(c, later))
        return gen_move(c, reg, DST_TEMP, &e->span);
    return reg;
}

int gen_k_operand(Compiler *c, const Expr *e) {
    Value value = fold_expr(c, e);
    if (!value)
        return -1;
    uint32_t k = emit_const(c, value);
    return k <= UINT16_MAX ? (int)k : -1;
}

/* Arithmetic --------------------------------------------------------------------------------------------------------
 */

static const uint16_t binary_codes[] = {
    [BINOP_ADD] = BC_ADD,           [BINOP_SUB] = BC_SUB,  [BINOP_MULT] = BC_MUL,   [BINOP_MATMULT] = BC_MATMUL,
    [BINOP_DIV] = BC_TRUEDIV,       [BINOP_MOD] = BC_MOD,  [BINOP_POW] = BC_POW,    [BINOP_LSHIFT] = BC_LSHIFT,
    [BINOP_RSHIFT] = BC_RSHIFT,     [BINOP_BITOR] = BC_OR, [BINOP_BITXOR] = BC_XOR, [BINOP_BITAND] = BC_AND,
    [BINOP_FLOORDIV] = BC_FLOORDIV,
};

int gen_binary_op(int ast_op) { return binary_codes[ast_op]; }

/* One operation of a chain: left is in a register, base is where the operands' temporaries start. */
static int gen_binary_step(Compiler *c, const Expr *e, int left, int base, int dst) {
    int op = binary_codes[e->binop.op];
    int right = gen_k_operand(c, e->binop.right);
    if (right >= 0)
        op++;
    else
        right = gen_any(c, e->binop.right);
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, op, out, left, right, &e->span);
    return out;
}

/* a + b + c + ... nests to the left: walked from the bottom up without recursion, folding while all is constant. */
static int gen_binop(Compiler *c, const Expr *e, int dst) {
    int n = 0, base = c->unit->top, left = -1;
    const Expr *leaf = e;
    for (; leaf->kind == EXPR_BINOP; leaf = leaf->binop.left)
        n++;
    const Expr **spine = arena_alloc(&c->arena, (size_t)n * sizeof *spine);
    if (!spine) {
        context_nomem(c);
        return 0;
    }
    leaf = e;
    for (int i = n; i > 0; leaf = leaf->binop.left)
        spine[--i] = leaf;
    Value constant = fold_expr(c, leaf);
    const Span *constant_at = &leaf->span;
    for (int i = 0; i < n && !c->failed; i++) {
        if (constant) {
            Value right = fold_expr(c, spine[i]->binop.right);
            Value value = right ? fold_binary(c, spine[i]->binop.op, constant, right) : 0;
            decref(c->vm, right);
            if (value) {
                decref(c->vm, constant);
                constant = value;
                constant_at = &spine[i]->span;
                continue;
            }
            left = gen_const(c, constant, DST_TEMP, constant_at);
            constant = 0;
        } else if (left < 0) {
            left = gen_operand(c, leaf, spine[i]->binop.right);
        }
        left = gen_binary_step(c, spine[i], left, base, i == n - 1 ? dst : DST_TEMP);
    }
    if (constant)
        return gen_const(c, constant, dst, constant_at);
    return left;
}

static int gen_unary(Compiler *c, const Expr *e, int dst) {
    static const uint16_t codes[] = {
        [UNARY_INVERT] = BC_INVERT, [UNARY_NOT] = BC_NOT, [UNARY_UADD] = BC_POS, [UNARY_USUB] = BC_NEG};
    const Expr *operand = e->unary.operand;
    Value constant = fold_expr(c, e);
    if (constant)
        return gen_const(c, constant, dst, &e->span);
    if (e->unary.op == UNARY_NOT && operand->kind == EXPR_COMPARE && operand->compare.n == 1 &&
        operand->compare.ops[0] >= CMPOP_IS) { /* not (a is b), not (a in b): one instruction */
        Expr inverted = *operand;
        uint8_t op = operand->compare.ops[0];
        op = op == CMPOP_IS ? CMPOP_ISNOT : op == CMPOP_ISNOT ? CMPOP_IS : op == CMPOP_IN ? CMPOP_NOTIN : CMPOP_IN;
        inverted.compare.ops = &op;
        return gen_compare(c, &inverted, dst);
    }
    int base = c->unit->top, reg = gen_any(c, operand);
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, codes[e->unary.op], out, reg, 0, &e->span);
    return out;
}

/* Attributes and items ----------------------------------------------------------------------------------------------
 */

/* When an attribute stands on a later line than its object's start, its marks are those of the name alone. */
Span gen_attribute_span(const Expr *e, const Expr *attribute) {
    Span at = e->span;
    if (at.line != attribute->end_line) {
        int length = 0; /* in code points, as the columns of a name are counted here */
        for (const char *p = attribute->attribute.attr->text; *p; p++)
            length += ((unsigned char)*p & 0xC0) != 0x80;
        at.line = attribute->end_line;
        if (length <= attribute->end_col)
            at.col = attribute->end_col - length;
        else
            at.col = at.end_col = -1;
    }
    return at;
}

static int gen_attribute(Compiler *c, const Expr *e, int dst) {
    int out = gen_super_attribute(c, e, dst);
    if (out >= 0)
        return out;
    int base = c->unit->top, object = gen_any(c, e->attribute.value);
    Span at = gen_attribute_span(e, e);
    c->unit->top = base;
    out = regs_out(c, dst);
    emit_cache(c, BC_GETATTR, out, object, 0, emit_name(c, gen_id(c, e->attribute.attr)), &at);
    return out;
}

static int gen_slice(Compiler *c, const Expr *e, int dst) {
    const Expr *parts[3] = {e->slice.lower, e->slice.upper, e->slice.step};
    int n = e->slice.step ? 3 : 2, base = c->unit->top;
    for (int i = 0; i < n; i++) {
        if (parts[i])
            gen_temp(c, parts[i]);
        else
            gen_const(c, VALUE_NONE, DST_TEMP, &e->span);
    }
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, BC_BUILD_SLICE, out, base, n, &e->span);
    return out;
}

static int gen_subscript(Compiler *c, const Expr *e, int dst) {
    Value constant = fold_expr(c, e);
    if (constant)
        return gen_const(c, constant, dst, &e->span);
    check_subscript(c, e->subscript.value, e->subscript.slice);
    int base = c->unit->top, object = gen_operand(c, e->subscript.value, e->subscript.slice);
    int op = BC_GETITEM_K, index = gen_k_operand(c, e->subscript.slice);
    if (index < 0) {
        op = BC_GETITEM;
        index = gen_any(c, e->subscript.slice);
    }
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, op, out, object, index, &e->span);
    return out;
}

/* Suspension --------------------------------------------------------------------------------------------------------
 */

/* Drives the awaitable or iterator in temporary reg until it returns. */
static int gen_send(Compiler *c, int reg, int dst, const Span *at) {
    int sent = gen_const(c, VALUE_NONE, DST_TEMP, at);
    c->unit->top = reg;
    int out = regs_out(c, dst);
    emit(c, BC_SEND, out, reg, sent, at);
    return out;
}

int gen_await(Compiler *c, int reg, int how, int dst, const Span *at) {
    if (regs_is_temp(c, reg))
        c->unit->top = reg;
    int awaited = regs_push(c);
    emit(c, BC_GET_AWAITABLE, awaited, reg, how, at);
    return gen_send(c, awaited, dst, at);
}

bool gen_may_await(const Compiler *c) {
    const Scope *scope = c->unit->scope;
    return scope->async_def || scope->comprehension != COMP_NONE ||
           (c->top_level_await && scope->kind == SCOPE_MODULE);
}

static int gen_await_expr(Compiler *c, const Expr *e, int dst) {
    if (!gen_may_await(c)) {
        context_error(c, &e->span,
                      scope_is_function(c->unit->scope) ? "'await' outside async function"
                                                        : "'await' outside function");
        return 0;
    }
    return gen_await(c, gen_any(c, e->value.value), 0, dst, &e->span);
}

static int gen_yield(Compiler *c, const Expr *e, int dst) {
    if (!scope_is_function(c->unit->scope)) {
        context_error(c, &e->span,
                      e->kind == EXPR_YIELD ? "'yield' outside function" : "'yield from' outside function");
        return 0;
    }
    int base = c->unit->top, reg;
    if (e->kind == EXPR_YIELDFROM) {
        if (c->unit->scope->async_def) {
            context_error(c, &e->span, "'yield from' inside async function");
            return 0;
        }
        reg = gen_any(c, e->value.value);
        c->unit->top = base;
        int iterator = regs_push(c);
        emit(c, BC_GET_YIELD_FROM_ITER, iterator, reg, 0, &e->span);
        return gen_send(c, iterator, dst, &e->span);
    }
    reg = e->value.value ? gen_any(c, e->value.value) : gen_const(c, VALUE_NONE, DST_TEMP, &e->span);
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit(c, BC_YIELD, out, reg, 0, &e->span);
    return out;
}

static int gen_walrus(Compiler *c, const Expr *e, int dst) {
    const Expr *target = e->named.target;
    NameId id = gen_id(c, target->name.id);
    int local = gen_local_of(c, id);
    if (local >= 0) {
        gen_expr(c, e->named.value, local);
        if (gen_forbidden_name(c, id, CTX_STORE, &target->span))
            return 0;
        regs_set_known(c, local, true);
        return gen_move(c, local, dst, &e->span);
    }
    int reg = gen_temp(c, e->named.value);
    if (gen_forbidden_name(c, id, CTX_STORE, &target->span))
        return 0;
    int copy = regs_push(c);
    emit(c, BC_COPY, copy, reg, 0, &e->span);
    gen_store_id(c, id, copy, &target->span);
    return gen_move(c, reg, dst, &e->span);
}

/* The dispatcher ----------------------------------------------------------------------------------------------------
 */

static int gen_name(Compiler *c, const Expr *e, int dst) {
    NameId id = gen_id(c, e->name.id);
    if (id == c->id_debug)
        return gen_const(c, from_bool(c->optimize == 0), dst, &e->span);
    return gen_load_id(c, id, dst, &e->span);
}

static int gen_expr_kind(Compiler *c, const Expr *e, int dst) {
    switch ((ExprKind)e->kind) {
    case EXPR_BOOLOP:
        return gen_bool_op(c, e, dst);
    case EXPR_NAMEDEXPR:
        return gen_walrus(c, e, dst);
    case EXPR_BINOP:
        return gen_binop(c, e, dst);
    case EXPR_UNARYOP:
        return gen_unary(c, e, dst);
    case EXPR_LAMBDA:
        return gen_lambda(c, e, dst);
    case EXPR_IFEXP:
        return gen_if_exp(c, e, dst);
    case EXPR_DICT:
        return gen_dict(c, e, dst);
    case EXPR_SET:
    case EXPR_LIST:
    case EXPR_TUPLE:
        return gen_sequence(c, e, dst);
    case EXPR_LISTCOMP:
    case EXPR_SETCOMP:
    case EXPR_DICTCOMP:
    case EXPR_GENERATOREXP:
        return gen_comprehension(c, e, dst);
    case EXPR_AWAIT:
        return gen_await_expr(c, e, dst);
    case EXPR_YIELD:
    case EXPR_YIELDFROM:
        return gen_yield(c, e, dst);
    case EXPR_COMPARE:
        return gen_compare(c, e, dst);
    case EXPR_CALL:
        return gen_call(c, e, dst);
    case EXPR_FORMATTEDVALUE:
        return gen_formatted(c, e, dst);
    case EXPR_JOINEDSTR:
        return gen_joined(c, e, dst);
    case EXPR_CONSTANT:
        return gen_const(c, fold_constant(c, e), dst, &e->span);
    case EXPR_ATTRIBUTE:
        return gen_attribute(c, e, dst);
    case EXPR_SUBSCRIPT:
        return gen_subscript(c, e, dst);
    case EXPR_STARRED:
        context_error(c, &e->span,
                      e->ctx == CTX_STORE ? "starred assignment target must be in a list or tuple"
                                          : "can't use starred expression here");
        return 0;
    case EXPR_NAME:
        return gen_name(c, e, dst);
    case EXPR_SLICE:
        return gen_slice(c, e, dst);
    }
    return 0;
}

int gen_expr(Compiler *c, const Expr *e, int dst) {
    if (!context_enter(c))
        return c->unit->nlocals;
    int reg = gen_expr_kind(c, e, dst);
    context_leave(c);
    return reg;
}

void gen_effect(Compiler *c, const Expr *e) {
    int base = c->unit->top, reg = gen_any(c, e);
    if (c->failed)
        return;
    if (regs_is_temp(c, reg))
        emit(c, BC_CLEAR, reg, 0, 0, NULL);
    c->unit->top = base;
}
