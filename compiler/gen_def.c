/* Definitions: functions, lambdas, classes, type aliases and their type parameters.
 *
 * Invariant: what a definition evaluates in the scope around it (decorators, defaults, annotations, bases) is
 * evaluated in the order of the text into consecutive temporaries; the body becomes a code object of its own. A
 * generic definition is wrapped in a hidden function that makes its type parameters and is called on the spot. */
#include "runtime/vm.h"

#include "compiler/gen.h"

#include <stdlib.h>

enum { MAKE_DEFAULTS = 1, MAKE_KWDEFAULTS = 2, MAKE_ANNOTATIONS = 4 };

/* Parameters --------------------------------------------------------------------------------------------------------
 */

static bool gen_defaults(Compiler *c, const Arguments *args, const Span *at) {
    Unit *u = c->unit;
    int n = args->defaults.n, base = u->top;
    if (n == 0)
        return false;
    Expr tuple = {.kind = EXPR_TUPLE, .ctx = CTX_LOAD};
    tuple.span = *at;
    tuple.seq.elts = args->defaults;
    Value constant = fold_expr(c, &tuple);
    if (constant) {
        gen_const(c, constant, DST_TEMP, at);
        return true;
    }
    for (int i = 0; i < n && !c->failed; i++)
        gen_temp(c, args->defaults.at[i]);
    emit(c, BC_BUILD_TUPLE, base, base, n, at);
    u->top = base + 1;
    return true;
}

static bool gen_kwdefaults(Compiler *c, const Arguments *args, const Span *at) {
    Unit *u = c->unit;
    int n = 0, base = u->top;
    for (int i = 0; i < args->kwonlyargs.n && !c->failed; i++) {
        if (!args->kw_defaults.at[i])
            continue;
        gen_const(c, incref(context_name(c, gen_id(c, args->kwonlyargs.at[i].arg))), DST_TEMP, at);
        gen_temp(c, args->kw_defaults.at[i]);
        n++;
    }
    if (n == 0)
        return false;
    emit(c, BC_BUILD_MAP, base, base, n, at);
    u->top = base + 1;
    return true;
}

int gen_annotation(Compiler *c, const Expr *annotation, int dst) {
    if (c->future_annotations) {
        Value text = c->failed ? 0 : unparse_expr(c, annotation);
        return gen_const(c, text, dst, &annotation->span);
    }
    if (annotation->kind == EXPR_STARRED) { /* *args: *Ts */
        int reg = gen_temp(c, annotation->value.value);
        emit(c, BC_UNPACK, reg, reg, 1, &annotation->span);
        return gen_move(c, reg, dst, &annotation->span);
    }
    return gen_expr(c, annotation, dst);
}

static int gen_arg_annotation(Compiler *c, const Name *name, const Expr *annotation, const Span *at) {
    if (!annotation || c->failed)
        return 0;
    gen_const(c, incref(context_name(c, gen_id(c, name))), DST_TEMP, at);
    gen_annotation(c, annotation, DST_TEMP);
    return 2;
}

static int gen_arg_annotations(Compiler *c, ArgSeq args, const Span *at) {
    int n = 0;
    for (int i = 0; i < args.n; i++)
        n += gen_arg_annotation(c, args.at[i].arg, args.at[i].annotation, at);
    return n;
}

static bool gen_annotations(Compiler *c, const Arguments *args, const Expr *returns, const Span *at) {
    Unit *u = c->unit;
    int base = u->top, n = gen_arg_annotations(c, args->args, at);
    n += gen_arg_annotations(c, args->posonlyargs, at);
    if (args->vararg)
        n += gen_arg_annotation(c, args->vararg->arg, args->vararg->annotation, at);
    n += gen_arg_annotations(c, args->kwonlyargs, at);
    if (args->kwarg)
        n += gen_arg_annotation(c, args->kwarg->arg, args->kwarg->annotation, at);
    if (returns) {
        gen_const(c, str_intern_c(c->vm, "return"), DST_TEMP, at);
        gen_annotation(c, returns, DST_TEMP);
        n += 2;
    }
    if (n == 0)
        return false;
    emit(c, BC_BUILD_TUPLE, base, base, n, at);
    u->top = base + 1;
    return true;
}

static void check_args(Compiler *c, ArgSeq args) {
    for (int i = 0; i < args.n; i++)
        gen_forbidden_name(c, context_id(c, args.at[i].arg), CTX_STORE, &args.at[i].span);
}

static void check_arguments(Compiler *c, const Arguments *args) {
    check_args(c, args->posonlyargs);
    check_args(c, args->args);
    if (args->vararg)
        gen_forbidden_name(c, context_id(c, args->vararg->arg), CTX_STORE, &args->vararg->span);
    check_args(c, args->kwonlyargs);
    if (args->kwarg)
        gen_forbidden_name(c, context_id(c, args->kwarg->arg), CTX_STORE, &args->kwarg->span);
}

/* Functions ---------------------------------------------------------------------------------------------------------
 */

int gen_lambda(Compiler *c, const Expr *e, int dst) {
    const Arguments *args = e->lambda.args;
    Scope *scope = symtable_scope(c, e, SCOPE_OF_NODE);
    int base = c->unit->top, flags = 0;
    check_arguments(c, args);
    flags |= gen_defaults(c, args, &e->span) ? MAKE_DEFAULTS : 0;
    flags |= gen_kwdefaults(c, args, &e->span) ? MAKE_KWDEFAULTS : 0;
    Value code = 0;
    if (gen_enter(c, scope, scope->name, e->line)) {
        int reg = gen_any(c, e->lambda.body);
        emit(c, BC_RETURN, reg, 0, 0, &e->lambda.body->span);
        c->unit->top = c->unit->nlocals;
        code = gen_leave(c, gen_function_flags(scope), args);
    }
    return gen_make_function(c, code, scope, base, flags, dst, &e->span);
}

static int first_line(const Stmt *s, ExprSeq decorators) { return decorators.n ? decorators.at[0]->line : s->line; }

static Value gen_function_code(Compiler *c, const Stmt *s, Scope *scope) {
    StmtSeq body = s->func.body;
    if (!gen_enter(c, scope, context_id(c, s->func.name), first_line(s, s->func.decorators)))
        return 0;
    uint32_t flags = gen_function_flags(scope);
    Value doc = c->optimize < 2 ? gen_docstring(c, body) : 0;
    if (doc) {
        emit_const(c, doc); /* number 0: where inspection looks for it */
        flags |= CO_HAS_DOCSTRING;
        body.at++;
        body.n--;
    }
    if (scope->parent->kind == SCOPE_CLASS)
        flags |= CO_METHOD;
    gen_body(c, body);
    emit_x(c, BC_RETURN_K, 0, emit_const(c, VALUE_NONE), NULL);
    return gen_leave(c, flags, s->func.args);
}

/* Decorators are evaluated in order, and called in the opposite one. */
static void apply_decorators(Compiler *c, ExprSeq decorators, int base) {
    for (int i = decorators.n - 1; i >= 0 && !c->failed; i--)
        emit(c, BC_CALL, base + i, base + i, 1, &decorators.at[i]->span);
    c->unit->top = base + 1;
}

static NameId generic_name(Compiler *c, const Name *name) {
    NameId id = 0;
    Value text = c->failed ? 0 : str_printf(c->vm, "<generic parameters of %s>", name->text);
    if (text)
        text = str_intern(c->vm, text);
    if (text)
        id = context_id_value(c, text);
    else
        context_fail(c);
    decref(c->vm, text);
    return id;
}

/* Code of a hidden function that only computes one expression: a bound, a default, an alias. */
static int gen_thunk(Compiler *c, const Expr *e, const void *node, int which, int line, int dst) {
    Scope *scope = symtable_scope(c, node, which);
    Value code = 0;
    if (scope && gen_enter(c, scope, scope->name, line)) {
        int reg;
        if (e->kind == EXPR_STARRED) { /* class C[*Ts = *default] */
            reg = gen_temp(c, e->value.value);
            emit(c, BC_UNPACK, reg, reg, 1, &e->span);
        } else {
            reg = gen_any(c, e);
        }
        emit(c, BC_RETURN, reg, 0, 0, &e->span);
        c->unit->top = c->unit->nlocals;
        code = gen_leave(c, gen_function_flags(scope), NULL);
    }
    return c->failed ? 0 : gen_make_function(c, code, scope, c->unit->top, 0, dst, &e->span);
}

static void gen_type_param(Compiler *c, const TypeParam *param) {
    static const uint8_t intrinsics[] = {INTRINSIC_TYPEVAR, INTRINSIC_PARAMSPEC, INTRINSIC_TYPEVARTUPLE};
    Unit *u = c->unit;
    const Span *at = &param->span;
    NameId id = gen_id(c, param->name);
    int base = gen_const(c, incref(context_name(c, context_id(c, param->name))), DST_TEMP, at);
    if (gen_forbidden_name(c, id, CTX_STORE, at))
        return;
    if (param->kind == TYPEPARAM_TYPEVAR) {
        bool constraints = param->bound && param->bound->kind == EXPR_TUPLE;
        if (constraints || !param->bound)
            gen_const(c, VALUE_NONE, DST_TEMP, at);
        if (param->bound)
            gen_thunk(c, param->bound, param, SCOPE_OF_NODE, param->bound->line, DST_TEMP);
        if (!constraints)
            gen_const(c, VALUE_NONE, DST_TEMP, at);
    }
    if (param->default_value)
        gen_thunk(c, param->default_value, param, SCOPE_OF_DEFAULT, param->default_value->line, DST_TEMP);
    else
        gen_const(c, VALUE_NONE, DST_TEMP, at);
    emit_cache(c, BC_INTRINSIC, base, base, u->top - base, intrinsics[param->kind], at);
    u->top = base + 1;
    int copy = regs_push(c);
    emit(c, BC_COPY, copy, base, 0, at);
    gen_store_id(c, id, copy, at);
    u->top = base + 1;
}

/* The tuple of type parameters, in a new temporary. */
static int gen_type_params(Compiler *c, TypeParamSeq params, const Span *at) {
    int base = c->unit->top;
    bool seen_default = false;
    for (int i = 0; i < params.n && !c->failed; i++) {
        const TypeParam *param = &params.at[i];
        if (seen_default && !param->default_value)
            context_error(c, &param->span, "non-default type parameter '%s' follows default type parameter",
                          param->name->text);
        seen_default |= param->default_value != NULL;
        gen_type_param(c, param);
    }
    c->unit->top = base;
    int out = regs_push(c);
    emit(c, BC_BUILD_TUPLE, out, base, params.n, at);
    return out;
}

static Value gen_generic_function_code(Compiler *c, const Stmt *s, Scope *outer, Scope *scope, int flags) {
    if (!gen_enter(c, outer, generic_name(c, s->func.name), first_line(s, s->func.decorators)))
        return 0;
    int function = regs_push(c);
    gen_type_params(c, s->func.type_params, &s->span);
    int base = c->unit->top;
    if (flags & MAKE_DEFAULTS)
        gen_load_id(c, c->id_defaults, DST_TEMP, &s->span);
    if (flags & MAKE_KWDEFAULTS)
        gen_load_id(c, c->id_kwdefaults, DST_TEMP, &s->span);
    if (gen_annotations(c, s->func.args, s->func.returns, &s->span))
        flags |= MAKE_ANNOTATIONS;
    gen_make_function(c, gen_function_code(c, s, scope), scope, base, flags, function, &s->span);
    emit_cache(c, BC_INTRINSIC, function, function, 2, INTRINSIC_SET_TYPE_PARAMS, &s->span);
    emit(c, BC_RETURN, function, 0, 0, &s->span);
    c->unit->top = c->unit->nlocals;
    return gen_leave(c, gen_function_flags(outer), NULL);
}

static void gen_generic_function(Compiler *c, const Stmt *s, Scope *scope) {
    Unit *u = c->unit;
    Scope *outer = symtable_scope(c, s, SCOPE_OF_TYPE_PARAMS);
    int base = regs_push(c), flags = 0;
    flags |= gen_defaults(c, s->func.args, &s->span) ? MAKE_DEFAULTS : 0;
    flags |= gen_kwdefaults(c, s->func.args, &s->span) ? MAKE_KWDEFAULTS : 0;
    int n = u->top - base - 1;
    gen_make_function(c, gen_generic_function_code(c, s, outer, scope, flags), outer, u->top, 0, base, &s->span);
    emit(c, BC_CALL, base, base, n, &s->span);
    u->top = base + 1;
}

void gen_function(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    Scope *scope = symtable_scope(c, s, SCOPE_OF_NODE);
    ExprSeq decorators = s->func.decorators;
    NameId id = gen_id(c, s->func.name);
    int base = u->top, flags = 0;
    check_arguments(c, s->func.args);
    for (int i = 0; i < decorators.n && !c->failed; i++)
        gen_temp(c, decorators.at[i]);
    int function = u->top;
    if (s->func.type_params.n) {
        gen_generic_function(c, s, scope);
    } else {
        flags |= gen_defaults(c, s->func.args, &s->span) ? MAKE_DEFAULTS : 0;
        flags |= gen_kwdefaults(c, s->func.args, &s->span) ? MAKE_KWDEFAULTS : 0;
        flags |= gen_annotations(c, s->func.args, s->func.returns, &s->span) ? MAKE_ANNOTATIONS : 0;
        gen_make_function(c, gen_function_code(c, s, scope), scope, function, flags, DST_TEMP, &s->span);
    }
    if (c->failed)
        return;
    apply_decorators(c, decorators, base);
    if (!gen_forbidden_name(c, id, CTX_STORE, &s->span))
        gen_store_id(c, id, base, &s->span);
    u->top = base;
}

/* Classes -----------------------------------------------------------------------------------------------------------
 */

static void store_class_name(Compiler *c, const char *name, int reg, const Span *at) {
    NameId id = context_id_c(c, name);
    emit_cache(c, BC_STORE_NAME, reg, 0, 0, emit_name(c, id), at);
    c->unit->top = reg;
}

static void gen_class_prologue(Compiler *c, const Stmt *s, Scope *scope) {
    Unit *u = c->unit;
    int reg = regs_push(c);
    Span line = {u->firstlineno, 0, u->firstlineno, 0};
    emit_cache(c, BC_LOAD_NAME, reg, 0, 0, emit_name(c, context_id_c(c, "__name__")), &line);
    store_class_name(c, "__module__", reg, &line);
    reg = gen_const(c, incref(u->qualname), DST_TEMP, &line);
    store_class_name(c, "__qualname__", reg, &line);
    reg = gen_const(c, from_small_int(u->firstlineno), DST_TEMP, &line);
    store_class_name(c, "__firstlineno__", reg, &line);
    if (s->class_def.type_params.n) {
        reg = gen_load_id(c, c->id_type_params, DST_TEMP, &line);
        store_class_name(c, "__type_params__", reg, &line);
    }
    if (scope->needs_classdict) {
        reg = regs_push(c);
        emit(c, BC_LOAD_LOCALS, reg, 0, 0, &line);
        emit(c, BC_STORE_CELL, scope->classdict_cell->reg, reg, 0, &line);
        u->top = reg;
    }
    if (scope->annotations)
        emit(c, BC_SETUP_ANNOTATIONS, 0, 0, 0, &line);
}

static int compare_names(const void *a, const void *b) {
    return str_compare(as_str(*(const Value *)a), as_str(*(const Value *)b));
}

static Value static_attributes(Compiler *c) {
    Unit *u = c->unit;
    Value names = c->failed ? 0 : tuple_new(c->vm, u->nstatic);
    if (!names) {
        context_fail(c);
        return 0;
    }
    for (uint32_t i = 0; i < u->nstatic; i++)
        as_tuple(names)->items[i] = incref(context_name(c, u->static_attributes[i]));
    qsort(as_tuple(names)->items, u->nstatic, sizeof(Value), compare_names);
    return names;
}

static void gen_class_epilogue(Compiler *c, Scope *scope) {
    Value names = static_attributes(c);
    int reg = gen_const(c, names, DST_TEMP, NULL);
    store_class_name(c, "__static_attributes__", reg, NULL);
    if (scope->needs_classdict) { /* type.__new__ puts the finished class's dict into it */
        reg = regs_push(c);
        emit(c, BC_MOVE, reg, scope->classdict_cell->reg, 0, NULL);
        store_class_name(c, "__classdictcell__", reg, NULL);
    }
    if (!scope->needs_class) {
        emit_x(c, BC_RETURN_K, 0, emit_const(c, VALUE_NONE), NULL);
        return;
    }
    reg = regs_push(c);
    emit(c, BC_MOVE, reg, scope->class_cell->reg, 0, NULL);
    store_class_name(c, "__classcell__", reg, NULL);
    emit(c, BC_RETURN, scope->class_cell->reg, 0, 0, NULL);
}

static Value gen_class_code(Compiler *c, const Stmt *s, Scope *scope) {
    StmtSeq body = s->class_def.body;
    if (!gen_enter(c, scope, context_id(c, s->class_def.name), first_line(s, s->class_def.decorators)))
        return 0;
    gen_class_prologue(c, s, scope);
    Value doc = c->optimize < 2 ? gen_docstring(c, body) : 0;
    if (doc) {
        int reg = gen_const(c, doc, DST_TEMP, &body.at[0]->span);
        store_class_name(c, "__doc__", reg, NULL);
        body.at++;
        body.n--;
    }
    gen_body(c, body);
    gen_class_epilogue(c, scope);
    return gen_leave(c, 0, NULL);
}

/* __build_class__(body, name, *bases, **keywords), the result into dst */
static int gen_build_class(Compiler *c, const Stmt *s, Scope *scope, NameId generic_base, int dst) {
    int base = regs_push(c);
    emit(c, BC_LOAD_BUILD_CLASS, base, 0, 0, &s->span);
    gen_make_function(c, gen_class_code(c, s, scope), scope, c->unit->top, 0, DST_TEMP, &s->span);
    gen_const(c, incref(context_name(c, context_id(c, s->class_def.name))), DST_TEMP, &s->span);
    return gen_call_rest(c, base, 2, s->class_def.bases, s->class_def.keywords, generic_base, dst, &s->span);
}

static Value gen_generic_class_code(Compiler *c, const Stmt *s, Scope *outer, Scope *scope) {
    if (!gen_enter(c, outer, generic_name(c, s->class_def.name), first_line(s, s->class_def.decorators)))
        return 0;
    const Span *at = &s->span;
    int reg = gen_type_params(c, s->class_def.type_params, at);
    gen_store_id(c, c->id_type_params, reg, at);
    c->unit->top = c->unit->nlocals;
    reg = gen_load_id(c, c->id_type_params, DST_TEMP, at);
    emit_cache(c, BC_INTRINSIC, reg, reg, 1, INTRINSIC_GENERIC_BASE, at);
    gen_store_id(c, c->id_generic_base, reg, at);
    c->unit->top = c->unit->nlocals;
    reg = gen_build_class(c, s, scope, c->id_generic_base, DST_TEMP);
    emit(c, BC_RETURN, reg, 0, 0, at);
    c->unit->top = c->unit->nlocals;
    return gen_leave(c, gen_function_flags(outer), NULL);
}

void gen_class(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    Scope *scope = symtable_scope(c, s, SCOPE_OF_NODE);
    ExprSeq decorators = s->class_def.decorators;
    NameId id = gen_id(c, s->class_def.name);
    int base = u->top;
    for (int i = 0; i < decorators.n && !c->failed; i++)
        gen_temp(c, decorators.at[i]);
    if (s->class_def.type_params.n) {
        Scope *outer = symtable_scope(c, s, SCOPE_OF_TYPE_PARAMS);
        Value code = gen_generic_class_code(c, s, outer, scope);
        int function = gen_make_function(c, code, outer, u->top, 0, DST_TEMP, &s->span);
        emit(c, BC_CALL, function, function, 0, &s->span);
    } else {
        gen_build_class(c, s, scope, 0, DST_TEMP);
    }
    if (c->failed)
        return;
    apply_decorators(c, decorators, base);
    if (!gen_forbidden_name(c, id, CTX_STORE, &s->span))
        gen_store_id(c, id, base, &s->span);
    u->top = base;
}

/* Type aliases ------------------------------------------------------------------------------------------------------
 */

static int gen_alias_value(Compiler *c, const Stmt *s, bool generic) {
    Unit *u = c->unit;
    const Span *at = &s->span;
    int base = gen_const(c, incref(context_name(c, context_id(c, s->type_alias.name->name.id))), DST_TEMP, at);
    if (generic)
        gen_type_params(c, s->type_alias.type_params, at);
    else
        gen_const(c, VALUE_NONE, DST_TEMP, at);
    gen_thunk(c, s->type_alias.value, s, SCOPE_OF_NODE, s->line, DST_TEMP);
    emit_cache(c, BC_INTRINSIC, base, base, 3, INTRINSIC_TYPE_ALIAS, at);
    u->top = base + 1;
    return base;
}

void gen_type_alias(Compiler *c, const Stmt *s) {
    Unit *u = c->unit;
    const Span *at = &s->span;
    NameId id = gen_id(c, s->type_alias.name->name.id);
    bool generic = s->type_alias.type_params.n > 0;
    int base = u->top, reg = base;
    if (gen_forbidden_name(c, id, CTX_STORE, at))
        return;
    if (generic) {
        Scope *outer = symtable_scope(c, s, SCOPE_OF_TYPE_PARAMS);
        Value code = 0;
        if (gen_enter(c, outer, generic_name(c, s->type_alias.name->name.id), s->line)) {
            int alias = gen_alias_value(c, s, true);
            emit(c, BC_RETURN, alias, 0, 0, at);
            c->unit->top = c->unit->nlocals;
            code = gen_leave(c, gen_function_flags(outer), NULL);
        }
        reg = gen_make_function(c, code, outer, u->top, 0, DST_TEMP, at);
        emit(c, BC_CALL, reg, reg, 0, at);
    } else {
        reg = gen_alias_value(c, s, false);
    }
    gen_store_id(c, id, reg, &s->type_alias.name->span);
    u->top = base;
}
