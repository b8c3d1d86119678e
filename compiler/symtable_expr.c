/* The first pass over expressions: comprehensions and lambdas have scopes of their own, and := binds outside of them.
 */
#include "runtime/vm.h"

#include "compiler/symtable_walk.h"

static const char *const comprehension_words[] = {
    [COMP_LIST] = "'yield' inside list comprehension",
    [COMP_DICT] = "'yield' inside dict comprehension",
    [COMP_SET] = "'yield' inside set comprehension",
    [COMP_GENERATOR] = "'yield' inside generator expression",
};

static bool forbidden_in_annotation(SymtableWalk *b, const char *what, const Expr *e) {
    if (b->scope->kind < SCOPE_ANNOTATION)
        return false;
    context_error(b->c, &e->span, "%s expression cannot be used within %s", what, b->scope->what);
    return true;
}

static void visit_await(SymtableWalk *b, const Expr *e) {
    if (forbidden_in_annotation(b, "await", e))
        return;
    symtable_visit_expr(b, e->value.value);
    b->scope->coroutine = true;
}

static void visit_yield(SymtableWalk *b, const Expr *e) {
    if (forbidden_in_annotation(b, "yield", e))
        return;
    if (e->value.value)
        symtable_visit_expr(b, e->value.value);
    b->scope->generator = true;
    if (b->scope->comprehension != COMP_NONE)
        context_error(b->c, &e->span, "%s", comprehension_words[b->scope->comprehension]);
}

/* := inside a comprehension binds in the function or module around it. */
static void bind_walrus_outside(SymtableWalk *b, const Expr *target) {
    Compiler *c = b->c;
    NameId id = symtable_name_id(b, target->name.id);
    const char *where = NULL;
    for (Scope *scope = b->scope; scope; scope = scope->parent) {
        if (scope->comprehension != COMP_NONE) {
            Symbol *symbol = symtable_lookup(scope, id);
            if (symbol && symbol->flags & SYM_COMP_ITER && symbol->flags & SYM_LOCAL) {
                context_error(c, &target->span,
                              "assignment expression cannot rebind comprehension iteration variable '%s'",
                              target->name.id->text);
                return;
            }
            continue;
        }
        if (scope->kind == SCOPE_FUNCTION) {
            Symbol *symbol = symtable_lookup(scope, id);
            bool global = symbol && symbol->flags & SYM_GLOBAL;
            symtable_add_id(b, b->scope, id, global ? SYM_GLOBAL : SYM_NONLOCAL, &target->span);
            symtable_add_id(b, scope, id, SYM_LOCAL, &target->span);
            return;
        }
        if (scope->kind == SCOPE_MODULE) {
            symtable_add_id(b, b->scope, id, SYM_GLOBAL, &target->span);
            symtable_add_id(b, scope, id, SYM_GLOBAL, &target->span);
            return;
        }
        where = scope->kind == SCOPE_CLASS        ? "a class body"
                : scope->kind == SCOPE_TYPE_BOUND ? "a TypeVar bound"
                : scope->kind == SCOPE_TYPE_ALIAS ? "a type alias"
                                                  : scope->what;
        break;
    }
    if (where)
        context_error(c, &target->span, "assignment expression within a comprehension cannot be used in %s", where);
}

static void visit_walrus(SymtableWalk *b, const Expr *e) {
    if (forbidden_in_annotation(b, "named", e))
        return;
    if (b->scope->comp_iters > 0) {
        context_error(b->c, &e->span, "assignment expression cannot be used in a comprehension iterable expression");
        return;
    }
    for (Scope *scope = b->scope; scope; scope = scope->parent) {
        scope->walrus = true;
        if (scope->comprehension == COMP_NONE)
            break;
    }
    if (b->scope->comprehension != COMP_NONE)
        bind_walrus_outside(b, e->named.target);
    symtable_visit_expr(b, e->named.value);
    symtable_visit_expr(b, e->named.target);
}

static void visit_comprehension(SymtableWalk *b, const Comprehension *part) {
    b->scope->comp_iter_target = true;
    symtable_visit_expr(b, part->target);
    b->scope->comp_iter_target = false;
    b->scope->comp_iters++;
    symtable_visit_expr(b, part->iter);
    b->scope->comp_iters--;
    symtable_visit_exprs(b, part->ifs);
    if (part->is_async)
        b->scope->coroutine = true;
}

static void visit_comp(SymtableWalk *b, const Expr *e, ComprehensionKind kind, const char *name,
                       ComprehensionSeq parts, const Expr *first, const Expr *second) {
    Compiler *c = b->c;
    Scope *outer = b->scope;
    outer->comp_iters++;
    symtable_visit_expr(b, parts.at[0].iter);
    outer->comp_iters--;
    Scope *scope = symtable_enter(b, SCOPE_FUNCTION, context_id_c(c, name), e, SCOPE_OF_NODE, e->span);
    if (!scope)
        return;
    scope->comp_iters = outer->comp_iters;
    scope->comprehension = (uint8_t)kind;
    if (scope_is_inlined(scope))
        scope->frame = outer->frame;
    else
        symtable_add_id(b, scope, c->id_dot0, SYM_PARAM, &e->span);
    if (parts.at[0].is_async)
        scope->coroutine = true;
    scope->comp_iter_target = true;
    symtable_visit_expr(b, parts.at[0].target);
    scope->comp_iter_target = false;
    symtable_visit_exprs(b, parts.at[0].ifs);
    for (int i = 1; i < parts.n && !c->failed; i++)
        visit_comprehension(b, &parts.at[i]);
    if (second)
        symtable_visit_expr(b, second);
    symtable_visit_expr(b, first);
    scope->generator = kind == COMP_GENERATOR;
    bool is_async = scope->coroutine && kind != COMP_GENERATOR;
    symtable_leave(b);
    if (is_async)
        outer->coroutine = true;
}

static void add_params(SymtableWalk *b, ArgSeq args) {
    for (int i = 0; i < args.n && !b->c->failed; i++)
        symtable_add_name(b, args.at[i].arg, SYM_PARAM, &args.at[i].span);
}

void symtable_visit_params(SymtableWalk *b, const Arguments *args) {
    add_params(b, args->posonlyargs);
    add_params(b, args->args);
    add_params(b, args->kwonlyargs);
    if (args->vararg) {
        symtable_add_name(b, args->vararg->arg, SYM_PARAM, &args->vararg->span);
        b->scope->varargs = true;
    }
    if (args->kwarg) {
        symtable_add_name(b, args->kwarg->arg, SYM_PARAM, &args->kwarg->span);
        b->scope->varkeywords = true;
    }
}

static void visit_lambda(SymtableWalk *b, const Expr *e) {
    symtable_visit_exprs(b, e->lambda.args->defaults);
    symtable_visit_exprs(b, e->lambda.args->kw_defaults);
    if (!symtable_enter(b, SCOPE_FUNCTION, context_id_c(b->c, "<lambda>"), e, SCOPE_OF_NODE, e->span))
        return;
    symtable_visit_params(b, e->lambda.args);
    symtable_visit_expr(b, e->lambda.body);
    symtable_leave(b);
}

static void visit_name(SymtableWalk *b, const Expr *e) {
    symtable_add_name(b, e->name.id,
                      e->ctx == CTX_LOAD  ? SYM_USE
                      : e->ctx == CTX_DEL ? SYM_LOCAL | SYM_DELETED
                                          : SYM_LOCAL,
                      &e->span);
    /* super() without arguments finds the class in __class__ */
    if (e->ctx == CTX_LOAD && scope_is_function(b->scope) && context_id(b->c, e->name.id) == b->c->id_super)
        symtable_add_id(b, b->scope, b->c->id_class, SYM_USE, &e->span);
}

static void visit_expr_kind(SymtableWalk *b, const Expr *e) {
    switch ((ExprKind)e->kind) {
    case EXPR_BOOLOP:
        symtable_visit_exprs(b, e->bool_op.values);
        break;
    case EXPR_NAMEDEXPR:
        visit_walrus(b, e);
        break;
    case EXPR_BINOP:
        symtable_visit_expr(b, e->binop.left);
        symtable_visit_expr(b, e->binop.right);
        break;
    case EXPR_UNARYOP:
        symtable_visit_expr(b, e->unary.operand);
        break;
    case EXPR_LAMBDA:
        visit_lambda(b, e);
        break;
    case EXPR_IFEXP:
        symtable_visit_expr(b, e->ifexp.test);
        symtable_visit_expr(b, e->ifexp.body);
        symtable_visit_expr(b, e->ifexp.orelse);
        break;
    case EXPR_DICT:
        for (int i = 0; i < e->dict.n; i++) {
            if (e->dict.keys[i])
                symtable_visit_expr(b, e->dict.keys[i]);
        }
        for (int i = 0; i < e->dict.n; i++)
            symtable_visit_expr(b, e->dict.values[i]);
        break;
    case EXPR_SET:
    case EXPR_LIST:
    case EXPR_TUPLE:
        symtable_visit_exprs(b, e->seq.elts);
        break;
    case EXPR_LISTCOMP:
        visit_comp(b, e, COMP_LIST, "<listcomp>", e->comp.generators, e->comp.elt, NULL);
        break;
    case EXPR_SETCOMP:
        visit_comp(b, e, COMP_SET, "<setcomp>", e->comp.generators, e->comp.elt, NULL);
        break;
    case EXPR_DICTCOMP:
        visit_comp(b, e, COMP_DICT, "<dictcomp>", e->dictcomp.generators, e->dictcomp.key, e->dictcomp.value);
        break;
    case EXPR_GENERATOREXP:
        visit_comp(b, e, COMP_GENERATOR, "<genexpr>", e->comp.generators, e->comp.elt, NULL);
        break;
    case EXPR_AWAIT:
        visit_await(b, e);
        break;
    case EXPR_YIELD:
    case EXPR_YIELDFROM:
        visit_yield(b, e);
        break;
    case EXPR_COMPARE:
        symtable_visit_expr(b, e->compare.left);
        for (int i = 0; i < e->compare.n; i++)
            symtable_visit_expr(b, e->compare.comparators[i]);
        break;
    case EXPR_CALL:
        symtable_visit_expr(b, e->call.func);
        symtable_visit_exprs(b, e->call.args);
        for (int i = 0; i < e->call.keywords.n; i++)
            symtable_visit_expr(b, e->call.keywords.at[i].value);
        break;
    case EXPR_FORMATTEDVALUE:
        symtable_visit_expr(b, e->formatted.value);
        if (e->formatted.format_spec)
            symtable_visit_expr(b, e->formatted.format_spec);
        break;
    case EXPR_JOINEDSTR:
        symtable_visit_exprs(b, e->joined.values);
        break;
    case EXPR_CONSTANT:
        break;
    case EXPR_ATTRIBUTE:
        symtable_visit_expr(b, e->attribute.value);
        break;
    case EXPR_SUBSCRIPT:
        symtable_visit_expr(b, e->subscript.value);
        symtable_visit_expr(b, e->subscript.slice);
        break;
    case EXPR_STARRED:
        symtable_visit_expr(b, e->value.value);
        break;
    case EXPR_NAME:
        visit_name(b, e);
        break;
    case EXPR_SLICE:
        if (e->slice.lower)
            symtable_visit_expr(b, e->slice.lower);
        if (e->slice.upper)
            symtable_visit_expr(b, e->slice.upper);
        if (e->slice.step)
            symtable_visit_expr(b, e->slice.step);
        break;
    }
}

void symtable_visit_expr(SymtableWalk *b, const Expr *e) {
    if (e->kind == EXPR_NAME) {
        visit_name(b, e);
        return;
    }
    if (e->kind == EXPR_CONSTANT || !context_enter(b->c))
        return;
    visit_expr_kind(b, e);
    context_leave(b->c);
}
