/* Calls. The callee and its arguments stand in consecutive temporaries: the window that becomes the callee's frame.
 *
 * Invariant: methods are called without making a bound method wherever the call is written obj.name(...) with plain
 * arguments; with * or ** arguments, or very many, the arguments are collected in a list and a dict first. */
#include "runtime/vm.h"

#include "compiler/check.h"
#include "compiler/gen.h"

#define WINDOW_ARGS_MAX 4000 /* beyond that, arguments go through a list */

static bool has_star(ExprSeq args, KeywordSeq keywords) {
    for (int i = 0; i < args.n; i++) {
        if (args.at[i]->kind == EXPR_STARRED)
            return true;
    }
    for (int i = 0; i < keywords.n; i++) {
        if (!keywords.at[i].arg)
            return true;
    }
    return args.n + keywords.n > WINDOW_ARGS_MAX;
}

static void check_keywords(Compiler *c, KeywordSeq keywords) {
    Map seen = {0};
    for (int i = 0; i < keywords.n && !c->failed; i++) {
        const Keyword *keyword = &keywords.at[i];
        NameId id = keyword->arg ? context_id(c, keyword->arg) : 0;
        if (id == 0 || gen_forbidden_name(c, id, CTX_STORE, &keyword->span) || keywords.n == 1)
            continue;
        uint64_t *slot = map_slot(&c->arena, &seen, id);
        if (!slot)
            context_nomem(c);
        else if ((*slot)++)
            context_error(c, &keyword->span, "keyword argument repeated: %s", keyword->arg->text);
    }
}

static Value keyword_names(Compiler *c, KeywordSeq keywords) {
    Value names = c->failed ? 0 : tuple_new(c->vm, (size_t)keywords.n);
    if (!names) {
        context_fail(c);
        return 0;
    }
    for (int i = 0; i < keywords.n; i++)
        as_tuple(names)->items[i] = incref(context_name(c, context_id(c, keywords.at[i].arg)));
    return names;
}

/* The positional arguments in temporary base + 1, as CALL_EX takes them: the list of them (`first` are there
 * already), or the iterable itself where f(*iterable) is all there is. */
static void gen_argument_list(Compiler *c, int base, int first, ExprSeq args, NameId extra, const Span *at) {
    Unit *u = c->unit;
    int i = 0, n = first;
    if (first == 0 && args.n == 1 && !extra && args.at[0]->kind == EXPR_STARRED) {
        gen_temp(c, args.at[0]->value.value);
        return;
    }
    for (; i < args.n && i < WINDOW_ARGS_MAX && args.at[i]->kind != EXPR_STARRED; i++, n++)
        gen_temp(c, args.at[i]);
    u->top = base + 1;
    int list = regs_push(c);
    emit(c, BC_BUILD_LIST, list, list, n, at);
    for (; i < args.n && !c->failed; i++) {
        const Expr *arg = args.at[i];
        bool starred = arg->kind == EXPR_STARRED;
        int reg = gen_any(c, starred ? arg->value.value : arg);
        emit(c, starred ? BC_LIST_EXTEND : BC_LIST_APPEND, list, reg, 0, starred ? at : &arg->span);
        u->top = list + 1;
    }
    if (extra) {
        int reg = gen_load_id(c, extra, DST_TEMP, at);
        emit(c, BC_LIST_APPEND, list, reg, 0, at);
        u->top = list + 1;
    }
}

static bool gen_keyword_dict(Compiler *c, int callee, KeywordSeq keywords, const Span *at) {
    Unit *u = c->unit;
    if (keywords.n == 0)
        return false;
    int dict = regs_push(c), i = 0;
    for (; i < keywords.n && keywords.at[i].arg && i < 256; i++) {
        if (i == 0)
            u->top = dict;
        gen_const(c, incref(context_name(c, context_id(c, keywords.at[i].arg))), DST_TEMP, at);
        gen_temp(c, keywords.at[i].value);
    }
    emit(c, BC_BUILD_MAP, dict, dict, i, at);
    u->top = dict + 1;
    for (; i < keywords.n && !c->failed; i++) {
        const Keyword *keyword = &keywords.at[i];
        int reg;
        if (keyword->arg) {
            reg = gen_const(c, incref(context_name(c, context_id(c, keyword->arg))), DST_TEMP, at);
            gen_temp(c, keyword->value);
            emit(c, BC_BUILD_MAP, reg, reg, 1, at);
        } else {
            reg = gen_any(c, keyword->value);
        }
        emit(c, BC_DICT_MERGE, dict, reg, callee, at);
        u->top = dict + 1;
    }
    return true;
}

int gen_call_rest(Compiler *c, int base, int first, ExprSeq args, KeywordSeq keywords, NameId extra, int dst,
                  const Span *at) {
    check_keywords(c, keywords);
    if (has_star(args, keywords)) {
        gen_argument_list(c, base, first, args, extra, at);
        bool dict = gen_keyword_dict(c, base, keywords, at);
        c->unit->top = base;
        int out = regs_out(c, dst);
        emit(c, BC_CALL_EX, out, base, dict, at);
        return out;
    }
    int n = first + args.n + keywords.n + (extra != 0);
    for (int i = 0; i < args.n && !c->failed; i++)
        gen_temp(c, args.at[i]);
    if (extra)
        gen_load_id(c, extra, DST_TEMP, at);
    for (int i = 0; i < keywords.n && !c->failed; i++)
        gen_temp(c, keywords.at[i].value);
    uint32_t names = keywords.n ? emit_const(c, keyword_names(c, keywords)) : 0;
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit_cache(c, keywords.n ? BC_CALL_KW : BC_CALL, out, base, n, names, at);
    return out;
}

/* super -------------------------------------------------------------------------------------------------------------
 */

static bool is_plain_super(Compiler *c, const Expr *attribute) {
    const Expr *call = attribute->attribute.value;
    const Unit *u = c->unit;
    if (call->kind != EXPR_CALL || call->call.func->kind != EXPR_NAME || call->call.keywords.n > 0)
        return false;
    NameId id = context_id(c, call->call.func->name.id);
    if (id != c->id_super || !scope_is_function(u->scope) || gen_id(c, attribute->attribute.attr) == c->id_class)
        return false;
    const Symbol *here = symtable_lookup(u->inner, id), *top = symtable_lookup(c->top_scope, id);
    if (!here || here->where != WHERE_GLOBAL_IMPLICIT || (top && top->flags & (SYM_BOUND | SYM_GLOBAL)))
        return false;
    if (gen_access(c, id).kind != ACCESS_GLOBAL)
        return false;
    ExprSeq args = call->call.args;
    if (args.n == 2)
        return args.at[0]->kind != EXPR_STARRED && args.at[1]->kind != EXPR_STARRED;
    const Symbol *class_symbol = symtable_lookup(u->inner, c->id_class);
    int positional = u->nparams - u->scope->varargs - u->scope->varkeywords;
    return args.n == 0 && positional > 0 && class_symbol && class_symbol->where == WHERE_FREE &&
           gen_access(c, c->id_class).kind == ACCESS_FREE;
}

/* Loads super, the class and the instance into three temporaries; the first is returned. */
static int gen_super_operands(Compiler *c, const Expr *attribute) {
    const Expr *call = attribute->attribute.value;
    int base = gen_load_id(c, c->id_super, DST_TEMP, &call->call.func->span);
    if (call->call.args.n == 2) {
        gen_temp(c, call->call.args.at[0]);
        gen_temp(c, call->call.args.at[1]);
        return base;
    }
    gen_load_id(c, c->id_class, DST_TEMP, &call->span);
    int self = regs_push(c);
    emit(c, c->unit->local_kinds[0] & LOCAL_CELL ? BC_LOAD_CELL : BC_MOVE, self, 0, 0, &call->span);
    return base;
}

int gen_super_attribute(Compiler *c, const Expr *e, int dst) {
    if (c->failed || !is_plain_super(c, e))
        return -1;
    int base = gen_super_operands(c, e);
    Span at = gen_attribute_span(e, e);
    c->unit->top = base;
    int out = regs_out(c, dst);
    emit_cache(c, BC_LOAD_SUPER_ATTR, out, base, 0, emit_name(c, gen_id(c, e->attribute.attr)), &at);
    return out;
}

/* Calls -------------------------------------------------------------------------------------------------------------
 */

static int gen_method_call(Compiler *c, const Expr *e, int dst) {
    Unit *u = c->unit;
    const Expr *method = e->call.func;
    ExprSeq args = e->call.args;
    KeywordSeq keywords = e->call.keywords;
    int base = u->top;
    Span at = gen_attribute_span(method, method);
    check_keywords(c, keywords);
    bool is_super = is_plain_super(c, method);
    int object = is_super ? gen_super_operands(c, method) : gen_any(c, method->attribute.value);
    u->top = base;
    regs_push_many(c, 2);
    emit_cache(c, is_super ? BC_LOAD_SUPER_METHOD : BC_LOAD_METHOD, base, object, 0,
               emit_name(c, gen_id(c, method->attribute.attr)), &at);
    for (int i = 0; i < args.n && !c->failed; i++)
        gen_temp(c, args.at[i]);
    for (int i = 0; i < keywords.n && !c->failed; i++)
        gen_temp(c, keywords.at[i].value);
    uint32_t names = keywords.n ? emit_const(c, keyword_names(c, keywords)) : 0;
    at = gen_attribute_span(e, method);
    u->top = base;
    int out = regs_out(c, dst);
    emit_cache(c, keywords.n ? BC_CALL_METHOD_KW : BC_CALL_METHOD, out, base, args.n + keywords.n, names, &at);
    return out;
}

int gen_call(Compiler *c, const Expr *e, int dst) {
    const Expr *callee = e->call.func;
    if (callee->kind == EXPR_ATTRIBUTE && !has_star(e->call.args, e->call.keywords))
        return gen_method_call(c, e, dst);
    check_call(c, callee);
    int base = gen_temp(c, callee);
    return gen_call_rest(c, base, 0, e->call.args, e->call.keywords, 0, dst, &e->span);
}
