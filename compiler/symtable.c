/* First pass over the tree: makes the scopes and notes how each name is used in each of them.
 *
 * Invariant: names are entered in the order of the text, and every rule about one scope alone (duplicate arguments,
 * global after use, := in comprehensions, await and yield in wrong places) is checked here, so that its error comes
 * before any that code generation finds. What a name refers to is decided afterwards, in symscope.c, when all
 * bindings are known. */
#include "runtime/vm.h"

#include "compiler/symtable.h"

typedef struct Builder {
    Compiler *c;
    Scope *scope; /* innermost */
    const Name *private;
    const Map *mangled_only; /* see Scope */
} Builder;

static void visit_expr(Builder *b, const Expr *e);
static void visit_stmt(Builder *b, const Stmt *s);

static void visit_exprs(Builder *b, ExprSeq seq) {
    for (int i = 0; i < seq.n; i++) {
        if (seq.at[i])
            visit_expr(b, seq.at[i]);
    }
}

static void visit_body(Builder *b, StmtSeq body) {
    for (int i = 0; i < body.n && !b->c->failed; i++)
        visit_stmt(b, body.at[i]);
}

/* Scopes ------------------------------------------------------------------------------------------------------------
 */

static uint64_t scope_key(const void *node, int which) { return (uint64_t)(uintptr_t)node * 4 + (unsigned)which; }

Scope *symtable_scope(Compiler *c, const void *node, int which) {
    uint64_t *slot = map_find(&c->scopes, scope_key(node, which));
    return slot ? (Scope *)(uintptr_t)*slot : NULL;
}

static Scope *enter_scope(Builder *b, ScopeKind kind, NameId name, const void *node, int which, Span span) {
    Compiler *c = b->c;
    Scope *scope = arena_alloc_zero(&c->arena, sizeof *scope);
    uint64_t *slot = scope ? map_slot(&c->arena, &c->scopes, scope_key(node, which)) : NULL;
    if (!slot) {
        context_nomem(c);
        return NULL;
    }
    *slot = (uintptr_t)scope;
    Scope *parent = b->scope;
    scope->kind = (uint8_t)kind;
    scope->name = name;
    scope->span = span;
    scope->parent = parent;
    scope->frame = scope;
    scope->private = b->private;
    scope->mangled_only = b->mangled_only;
    if (parent) {
        scope->nested = parent->nested || scope_is_function(parent);
        scope->comp_iters = parent->comp_iters;
        if (parent->last_child)
            parent->last_child->next_sibling = scope;
        else
            parent->first_child = scope;
        parent->last_child = scope;
    }
    b->scope = scope;
    return scope;
}

static void leave_scope(Builder *b) { b->scope = b->scope->parent; }

/* A scope of annotations that are only checked is no part of the program. */
static void forget_scope(Builder *b) {
    Scope *parent = b->scope->parent, *last = NULL;
    for (Scope *child = parent->first_child; child != b->scope; child = child->next_sibling)
        last = child;
    if (last)
        last->next_sibling = NULL;
    else
        parent->first_child = NULL;
    parent->last_child = last;
    b->scope = parent;
}

/* Names -------------------------------------------------------------------------------------------------------------
 */

static Symbol *get_symbol(Builder *b, Scope *scope, NameId id) {
    uint64_t *slot = id ? map_slot(&b->c->arena, &scope->map, id) : NULL;
    if (!slot) {
        context_nomem(b->c);
        return NULL;
    }
    if (*slot)
        return (Symbol *)(uintptr_t)*slot;
    Symbol *symbol = arena_alloc_zero(&b->c->arena, sizeof *symbol);
    if (!symbol) {
        context_nomem(b->c);
        return NULL;
    }
    symbol->id = id;
    symbol->reg = -1;
    *slot = (uintptr_t)symbol;
    if (scope->last)
        scope->last->next = symbol;
    else
        scope->first = symbol;
    scope->last = symbol;
    return symbol;
}

/* `shown` is how the text spells the name: messages do not mangle it. */
static void add_shown(Builder *b, Scope *scope, NameId id, unsigned flag, const Span *at, const char *shown) {
    Compiler *c = b->c;
    Symbol *symbol = get_symbol(b, scope, id);
    if (!symbol)
        return;
    if (flag & SYM_PARAM && symbol->flags & SYM_PARAM) {
        context_error(c, at, "duplicate argument '%s' in function definition", shown);
        return;
    }
    if (flag & SYM_TYPE_PARAM && symbol->flags & SYM_TYPE_PARAM) {
        context_error(c, at, "duplicate type parameter '%s'", shown);
        return;
    }
    symbol->flags |= (uint16_t)flag;
    if (scope->comp_iter_target) {
        if (symbol->flags & (SYM_GLOBAL | SYM_NONLOCAL)) {
            context_error(c, at, "comprehension inner loop cannot rebind assignment expression target '%s'", shown);
            return;
        }
        symbol->flags |= SYM_COMP_ITER;
    }
    if (flag & SYM_GLOBAL && c->top_scope != scope) {
        Symbol *outer = get_symbol(b, c->top_scope, id);
        if (outer)
            outer->flags |= SYM_GLOBAL;
    }
}

static void add_id(Builder *b, Scope *scope, NameId id, unsigned flag, const Span *at) {
    if (!b->c->failed)
        add_shown(b, scope, id, flag, at, context_text(b->c, id));
}

static NameId name_id(Builder *b, const Name *name) {
    return context_mangled(b->c, b->private, b->mangled_only, name);
}

static void add_name(Builder *b, const Name *name, unsigned flag, const Span *at) {
    NameId id = name_id(b, name);
    if (!b->c->failed)
        add_shown(b, b->scope, id, flag, at, name->text);
}

/* Expressions -------------------------------------------------------------------------------------------------------
 */

static const char *const comprehension_words[] = {
    [COMP_LIST] = "'yield' inside list comprehension",
    [COMP_DICT] = "'yield' inside dict comprehension",
    [COMP_SET] = "'yield' inside set comprehension",
    [COMP_GENERATOR] = "'yield' inside generator expression",
};

static bool forbidden_in_annotation(Builder *b, const char *what, const Expr *e) {
    if (b->scope->kind < SCOPE_ANNOTATION)
        return false;
    context_error(b->c, &e->span, "%s expression cannot be used within %s", what, b->scope->what);
    return true;
}

static void visit_await(Builder *b, const Expr *e) {
    if (forbidden_in_annotation(b, "await", e))
        return;
    visit_expr(b, e->value.value);
    b->scope->coroutine = true;
}

static void visit_yield(Builder *b, const Expr *e) {
    if (forbidden_in_annotation(b, "yield", e))
        return;
    if (e->value.value)
        visit_expr(b, e->value.value);
    b->scope->generator = true;
    if (b->scope->comprehension != COMP_NONE)
        context_error(b->c, &e->span, "%s", comprehension_words[b->scope->comprehension]);
}

/* := inside a comprehension binds in the function or module around it. */
static void bind_walrus_outside(Builder *b, const Expr *target) {
    Compiler *c = b->c;
    NameId id = name_id(b, target->name.id);
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
            add_id(b, b->scope, id, global ? SYM_GLOBAL : SYM_NONLOCAL, &target->span);
            add_id(b, scope, id, SYM_LOCAL, &target->span);
            return;
        }
        if (scope->kind == SCOPE_MODULE) {
            add_id(b, b->scope, id, SYM_GLOBAL, &target->span);
            add_id(b, scope, id, SYM_GLOBAL, &target->span);
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

static void visit_walrus(Builder *b, const Expr *e) {
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
    visit_expr(b, e->named.value);
    visit_expr(b, e->named.target);
}

static void visit_comprehension(Builder *b, const Comprehension *part) {
    b->scope->comp_iter_target = true;
    visit_expr(b, part->target);
    b->scope->comp_iter_target = false;
    b->scope->comp_iters++;
    visit_expr(b, part->iter);
    b->scope->comp_iters--;
    visit_exprs(b, part->ifs);
    if (part->is_async)
        b->scope->coroutine = true;
}

static void visit_comp(Builder *b, const Expr *e, ComprehensionKind kind, const char *name, ComprehensionSeq parts,
                       const Expr *first, const Expr *second) {
    Compiler *c = b->c;
    Scope *outer = b->scope;
    outer->comp_iters++;
    visit_expr(b, parts.at[0].iter);
    outer->comp_iters--;
    Scope *scope = enter_scope(b, SCOPE_FUNCTION, context_id_c(c, name), e, SCOPE_OF_NODE, e->span);
    if (!scope)
        return;
    scope->comp_iters = outer->comp_iters;
    scope->comprehension = (uint8_t)kind;
    if (scope_is_inlined(scope))
        scope->frame = outer->frame;
    else
        add_id(b, scope, c->id_dot0, SYM_PARAM, &e->span);
    if (parts.at[0].is_async)
        scope->coroutine = true;
    scope->comp_iter_target = true;
    visit_expr(b, parts.at[0].target);
    scope->comp_iter_target = false;
    visit_exprs(b, parts.at[0].ifs);
    for (int i = 1; i < parts.n && !c->failed; i++)
        visit_comprehension(b, &parts.at[i]);
    if (second)
        visit_expr(b, second);
    visit_expr(b, first);
    scope->generator = kind == COMP_GENERATOR;
    bool is_async = scope->coroutine && kind != COMP_GENERATOR;
    leave_scope(b);
    if (is_async)
        outer->coroutine = true;
}

static void add_params(Builder *b, ArgSeq args) {
    for (int i = 0; i < args.n && !b->c->failed; i++)
        add_name(b, args.at[i].arg, SYM_PARAM, &args.at[i].span);
}

static void visit_params(Builder *b, const Arguments *args) {
    add_params(b, args->posonlyargs);
    add_params(b, args->args);
    add_params(b, args->kwonlyargs);
    if (args->vararg) {
        add_name(b, args->vararg->arg, SYM_PARAM, &args->vararg->span);
        b->scope->varargs = true;
    }
    if (args->kwarg) {
        add_name(b, args->kwarg->arg, SYM_PARAM, &args->kwarg->span);
        b->scope->varkeywords = true;
    }
}

static void visit_lambda(Builder *b, const Expr *e) {
    visit_exprs(b, e->lambda.args->defaults);
    visit_exprs(b, e->lambda.args->kw_defaults);
    if (!enter_scope(b, SCOPE_FUNCTION, context_id_c(b->c, "<lambda>"), e, SCOPE_OF_NODE, e->span))
        return;
    visit_params(b, e->lambda.args);
    visit_expr(b, e->lambda.body);
    leave_scope(b);
}

static void visit_name(Builder *b, const Expr *e) {
    add_name(b, e->name.id,
             e->ctx == CTX_LOAD  ? SYM_USE
             : e->ctx == CTX_DEL ? SYM_LOCAL | SYM_DELETED
                                 : SYM_LOCAL,
             &e->span);
    /* super() without arguments finds the class in __class__ */
    if (e->ctx == CTX_LOAD && scope_is_function(b->scope) && context_id(b->c, e->name.id) == b->c->id_super)
        add_id(b, b->scope, b->c->id_class, SYM_USE, &e->span);
}

static void visit_expr_kind(Builder *b, const Expr *e) {
    switch ((ExprKind)e->kind) {
    case EXPR_BOOLOP:
        visit_exprs(b, e->bool_op.values);
        break;
    case EXPR_NAMEDEXPR:
        visit_walrus(b, e);
        break;
    case EXPR_BINOP:
        visit_expr(b, e->binop.left);
        visit_expr(b, e->binop.right);
        break;
    case EXPR_UNARYOP:
        visit_expr(b, e->unary.operand);
        break;
    case EXPR_LAMBDA:
        visit_lambda(b, e);
        break;
    case EXPR_IFEXP:
        visit_expr(b, e->ifexp.test);
        visit_expr(b, e->ifexp.body);
        visit_expr(b, e->ifexp.orelse);
        break;
    case EXPR_DICT:
        for (int i = 0; i < e->dict.n; i++) {
            if (e->dict.keys[i])
                visit_expr(b, e->dict.keys[i]);
        }
        for (int i = 0; i < e->dict.n; i++)
            visit_expr(b, e->dict.values[i]);
        break;
    case EXPR_SET:
    case EXPR_LIST:
    case EXPR_TUPLE:
        visit_exprs(b, e->seq.elts);
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
        visit_expr(b, e->compare.left);
        for (int i = 0; i < e->compare.n; i++)
            visit_expr(b, e->compare.comparators[i]);
        break;
    case EXPR_CALL:
        visit_expr(b, e->call.func);
        visit_exprs(b, e->call.args);
        for (int i = 0; i < e->call.keywords.n; i++)
            visit_expr(b, e->call.keywords.at[i].value);
        break;
    case EXPR_FORMATTEDVALUE:
        visit_expr(b, e->formatted.value);
        if (e->formatted.format_spec)
            visit_expr(b, e->formatted.format_spec);
        break;
    case EXPR_JOINEDSTR:
        visit_exprs(b, e->joined.values);
        break;
    case EXPR_CONSTANT:
        break;
    case EXPR_ATTRIBUTE:
        visit_expr(b, e->attribute.value);
        break;
    case EXPR_SUBSCRIPT:
        visit_expr(b, e->subscript.value);
        visit_expr(b, e->subscript.slice);
        break;
    case EXPR_STARRED:
        visit_expr(b, e->value.value);
        break;
    case EXPR_NAME:
        visit_name(b, e);
        break;
    case EXPR_SLICE:
        if (e->slice.lower)
            visit_expr(b, e->slice.lower);
        if (e->slice.upper)
            visit_expr(b, e->slice.upper);
        if (e->slice.step)
            visit_expr(b, e->slice.step);
        break;
    }
}

static void visit_expr(Builder *b, const Expr *e) {
    if (e->kind == EXPR_NAME) {
        visit_name(b, e);
        return;
    }
    if (e->kind == EXPR_CONSTANT || !context_enter(b->c))
        return;
    visit_expr_kind(b, e);
    context_leave(b->c);
}

/* Definitions -------------------------------------------------------------------------------------------------------
 */

static void visit_annotation(Builder *b, const Expr *annotation) {
    if (!b->c->future_annotations) {
        visit_expr(b, annotation);
        return;
    }
    Scope *scope = enter_scope(b, SCOPE_ANNOTATION, 0, annotation, SCOPE_OF_NODE, annotation->span);
    if (!scope)
        return;
    scope->what = "an annotation";
    visit_expr(b, annotation);
    forget_scope(b);
}

static void visit_arg_annotations(Builder *b, ArgSeq args) {
    for (int i = 0; i < args.n; i++) {
        if (args.at[i].annotation)
            visit_annotation(b, args.at[i].annotation);
    }
}

static void visit_annotations(Builder *b, const Arguments *args, const Expr *returns) {
    visit_arg_annotations(b, args->posonlyargs);
    visit_arg_annotations(b, args->args);
    if (args->vararg && args->vararg->annotation)
        visit_annotation(b, args->vararg->annotation);
    if (args->kwarg && args->kwarg->annotation)
        visit_annotation(b, args->kwarg->annotation);
    visit_arg_annotations(b, args->kwonlyargs);
    if (returns)
        visit_annotation(b, returns);
}

/* Opens the hidden function that holds the type parameters of a function, class or alias. */
static bool enter_type_params(Builder *b, NameId name, const Stmt *s, TypeParamSeq params, bool defaults,
                              bool kwdefaults) {
    Compiler *c = b->c;
    bool in_class = b->scope->kind == SCOPE_CLASS;
    Scope *scope = enter_scope(b, SCOPE_TYPE_PARAMS, name, s, SCOPE_OF_TYPE_PARAMS, s->span);
    if (!scope)
        return false;
    scope->what = "the definition of a generic";
    if (defaults)
        add_id(b, scope, c->id_defaults, SYM_PARAM, &s->span);
    if (kwdefaults)
        add_id(b, scope, c->id_kwdefaults, SYM_PARAM, &s->span);
    if (in_class) {
        scope->sees_class = true;
        add_id(b, scope, c->id_classdict, SYM_USE, &s->span);
    }
    if (s->kind == STMT_CLASSDEF) {
        add_id(b, scope, c->id_type_params, SYM_LOCAL | SYM_USE, &s->span);
        add_id(b, scope, c->id_generic_base, SYM_LOCAL | SYM_USE, &s->span);
    }
    return !c->failed;
}

static void visit_bound(Builder *b, const TypeParam *param, const Expr *e, int which, const char *what) {
    bool sees_class = b->scope->sees_class;
    Scope *scope = enter_scope(b, SCOPE_TYPE_BOUND, context_id(b->c, param->name), param, which, e->span);
    if (!scope)
        return;
    scope->what = what;
    if (sees_class) {
        scope->sees_class = true;
        add_id(b, scope, b->c->id_classdict, SYM_USE, &e->span);
    }
    visit_expr(b, e);
    leave_scope(b);
}

static void visit_type_params(Builder *b, TypeParamSeq params) {
    static const char *const defaults[] = {"a TypeVar default", "a ParamSpec default", "a TypeVarTuple default"};
    for (int i = 0; i < params.n && !b->c->failed; i++) {
        const TypeParam *param = &params.at[i];
        add_name(b, param->name, SYM_TYPE_PARAM | SYM_LOCAL, &param->span);
        if (param->bound) {
            visit_bound(b, param, param->bound, SCOPE_OF_NODE,
                        param->bound->kind == EXPR_TUPLE ? "a TypeVar constraint" : "a TypeVar bound");
        }
        if (param->default_value)
            visit_bound(b, param, param->default_value, SCOPE_OF_DEFAULT, defaults[param->kind]);
    }
}

static void visit_function(Builder *b, const Stmt *s) {
    Compiler *c = b->c;
    const Arguments *args = s->func.args;
    bool generic = s->func.type_params.n > 0, kwdefaults = false;
    add_name(b, s->func.name, SYM_LOCAL, &s->span);
    visit_exprs(b, args->defaults);
    visit_exprs(b, args->kw_defaults);
    for (int i = 0; i < args->kw_defaults.n; i++)
        kwdefaults |= args->kw_defaults.at[i] != NULL;
    visit_exprs(b, s->func.decorators);
    NameId name = context_id(c, s->func.name);
    if (generic) {
        if (!enter_type_params(b, name, s, s->func.type_params, args->defaults.n > 0, kwdefaults))
            return;
        visit_type_params(b, s->func.type_params);
    }
    visit_annotations(b, args, s->func.returns);
    Scope *scope = c->failed ? NULL : enter_scope(b, SCOPE_FUNCTION, name, s, SCOPE_OF_NODE, s->span);
    if (!scope)
        return;
    scope->coroutine = scope->async_def = s->kind == STMT_ASYNCFUNCTIONDEF;
    visit_params(b, args);
    visit_body(b, s->func.body);
    leave_scope(b);
    if (generic)
        leave_scope(b);
}

static void visit_class(Builder *b, const Stmt *s) {
    Compiler *c = b->c;
    const Name *outer_private = b->private;
    const Map *outer_only = b->mangled_only;
    bool generic = s->class_def.type_params.n > 0;
    add_name(b, s->class_def.name, SYM_LOCAL, &s->span);
    visit_exprs(b, s->class_def.decorators);
    NameId name = context_id(c, s->class_def.name);
    if (generic) {
        if (!enter_type_params(b, name, s, s->class_def.type_params, false, false))
            return;
        b->private = b->scope->private = s->class_def.name;
        b->mangled_only = b->scope->mangled_only = &b->scope->type_params;
        for (int i = 0; i < s->class_def.type_params.n; i++) {
            if (!map_slot(&c->arena, &b->scope->type_params, context_id(c, s->class_def.type_params.at[i].name)))
                context_nomem(c);
        }
        visit_type_params(b, s->class_def.type_params);
    }
    visit_exprs(b, s->class_def.bases);
    for (int i = 0; i < s->class_def.keywords.n; i++)
        visit_expr(b, s->class_def.keywords.at[i].value);
    Scope *scope = c->failed ? NULL : enter_scope(b, SCOPE_CLASS, name, s, SCOPE_OF_NODE, s->span);
    if (!scope)
        return;
    b->private = scope->private = s->class_def.name;
    b->mangled_only = scope->mangled_only = NULL;
    if (generic)
        add_id(b, scope, c->id_type_params, SYM_USE, &s->span);
    visit_body(b, s->class_def.body);
    leave_scope(b);
    if (generic)
        leave_scope(b);
    b->private = outer_private;
    b->mangled_only = outer_only;
}

static void visit_type_alias(Builder *b, const Stmt *s) {
    Compiler *c = b->c;
    visit_expr(b, s->type_alias.name);
    NameId name = context_id(c, s->type_alias.name->name.id);
    bool in_class = b->scope->kind == SCOPE_CLASS, generic = s->type_alias.type_params.n > 0;
    if (generic) {
        if (!enter_type_params(b, name, s, s->type_alias.type_params, false, false))
            return;
        visit_type_params(b, s->type_alias.type_params);
    }
    Scope *scope = c->failed ? NULL : enter_scope(b, SCOPE_TYPE_ALIAS, name, s, SCOPE_OF_NODE, s->span);
    if (!scope)
        return;
    scope->what = "a type alias";
    if (in_class) {
        scope->sees_class = true;
        add_id(b, scope, c->id_classdict, SYM_USE, &s->type_alias.value->span);
    }
    visit_expr(b, s->type_alias.value);
    leave_scope(b);
    if (generic)
        leave_scope(b);
}

/* Statements --------------------------------------------------------------------------------------------------------
 */

static void add_directive(Builder *b, NameId id, const Stmt *s) {
    Directive *directive = arena_alloc_zero(&b->c->arena, sizeof *directive);
    if (!directive) {
        context_nomem(b->c);
        return;
    }
    directive->id = id;
    directive->span = s->span;
    directive->next = b->scope->directives;
    b->scope->directives = directive;
}

static void visit_declaration(Builder *b, const Stmt *s) {
    Compiler *c = b->c;
    bool global = s->kind == STMT_GLOBAL;
    const char *kind = global ? "global" : "nonlocal";
    for (int i = 0; i < s->global.names.n && !c->failed; i++) {
        NameId id = name_id(b, s->global.names.at[i]);
        Symbol *symbol = symtable_lookup(b->scope, id);
        unsigned flags = symbol ? symbol->flags : 0;
        const char *format = flags & SYM_PARAM       ? "name '%V' is parameter and %s"
                             : flags & SYM_USE       ? "name '%V' is used prior to %s declaration"
                             : flags & SYM_ANNOTATED ? "annotated name '%V' can't be %s"
                             : flags & SYM_LOCAL     ? "name '%V' is assigned to before %s declaration"
                                                     : NULL;
        if (format) {
            context_error(c, &s->span, format, context_name(c, id), kind);
            return;
        }
        add_id(b, b->scope, id, global ? SYM_GLOBAL : SYM_NONLOCAL, &s->span);
        add_directive(b, id, s);
    }
}

static void visit_ann_assign(Builder *b, const Stmt *s) {
    Compiler *c = b->c;
    const Expr *target = s->ann_assign.target;
    if (!scope_is_function(b->scope))
        b->scope->annotations = true;
    if (target->kind == EXPR_NAME) {
        NameId id = name_id(b, target->name.id);
        Symbol *symbol = symtable_lookup(b->scope, id);
        if (s->ann_assign.simple && symbol && symbol->flags & (SYM_GLOBAL | SYM_NONLOCAL) &&
            (c->top_scope != b->scope || symbol->flags & SYM_NONLOCAL)) {
            context_error(c, &s->span,
                          symbol->flags & SYM_GLOBAL ? "annotated name '%V' can't be global"
                                                     : "annotated name '%V' can't be nonlocal",
                          context_name(c, id));
            return;
        }
        if (s->ann_assign.simple)
            add_id(b, b->scope, id, SYM_ANNOTATED | SYM_LOCAL, &s->span);
        else if (s->ann_assign.value)
            add_id(b, b->scope, id, SYM_LOCAL, &s->span);
    } else {
        visit_expr(b, target);
    }
    visit_annotation(b, s->ann_assign.annotation);
    if (s->ann_assign.value)
        visit_expr(b, s->ann_assign.value);
}

static void visit_import(Builder *b, AliasSeq names) {
    for (int i = 0; i < names.n && !b->c->failed; i++) {
        const Alias *alias = &names.at[i];
        if (alias->name->length == 1 && alias->name->text[0] == '*') {
            if (b->scope->kind != SCOPE_MODULE)
                context_error(b->c, &alias->span, "import * only allowed at module level");
            continue;
        }
        const char *dot = memchr(alias->name->text, '.', alias->name->length);
        if (alias->asname || !dot) {
            add_name(b, alias->asname ? alias->asname : alias->name, SYM_IMPORT, &alias->span);
            continue;
        }
        size_t length = (size_t)(dot - alias->name->text);
        Name *first = arena_alloc(&b->c->arena, sizeof(Name) + length + 1);
        if (!first) {
            context_nomem(b->c);
            return;
        }
        first->length = (uint32_t)length;
        memcpy(first->text, alias->name->text, length);
        first->text[length] = 0;
        add_name(b, first, SYM_IMPORT, &alias->span);
    }
}

static void visit_pattern(Builder *b, const Pattern *p) {
    if (!context_enter(b->c))
        return;
    switch ((PatternKind)p->kind) {
    case PATTERN_MATCHVALUE:
        visit_expr(b, p->value.value);
        break;
    case PATTERN_MATCHSINGLETON:
        break;
    case PATTERN_MATCHSEQUENCE:
    case PATTERN_MATCHOR:
        for (int i = 0; i < p->seq.patterns.n; i++)
            visit_pattern(b, p->seq.patterns.at[i]);
        break;
    case PATTERN_MATCHMAPPING:
        visit_exprs(b, p->mapping.keys);
        for (int i = 0; i < p->mapping.patterns.n; i++)
            visit_pattern(b, p->mapping.patterns.at[i]);
        if (p->mapping.rest)
            add_name(b, p->mapping.rest, SYM_LOCAL, &p->span);
        break;
    case PATTERN_MATCHCLASS:
        visit_expr(b, p->cls.cls);
        for (int i = 0; i < p->cls.patterns.n; i++)
            visit_pattern(b, p->cls.patterns.at[i]);
        for (int i = 0; i < p->cls.kwd_patterns.n; i++)
            visit_pattern(b, p->cls.kwd_patterns.at[i]);
        break;
    case PATTERN_MATCHSTAR:
        if (p->star.name)
            add_name(b, p->star.name, SYM_LOCAL, &p->span);
        break;
    case PATTERN_MATCHAS:
        if (p->as.pattern)
            visit_pattern(b, p->as.pattern);
        if (p->as.name)
            add_name(b, p->as.name, SYM_LOCAL, &p->span);
        break;
    }
    context_leave(b->c);
}

static void visit_try(Builder *b, const Stmt *s) {
    visit_body(b, s->try_stmt.body);
    for (int i = 0; i < s->try_stmt.handlers.n && !b->c->failed; i++) {
        const ExceptHandler *handler = &s->try_stmt.handlers.at[i];
        if (handler->type)
            visit_expr(b, handler->type);
        if (handler->name)
            add_name(b, handler->name, SYM_LOCAL | SYM_DELETED, &handler->span);
        visit_body(b, handler->body);
    }
    visit_body(b, s->try_stmt.orelse);
    visit_body(b, s->try_stmt.finalbody);
}

static void visit_if(Builder *b, const Stmt *s) {
    for (;;) { /* a chain of elif is walked, not nested */
        visit_expr(b, s->if_stmt.test);
        visit_body(b, s->if_stmt.body);
        if (s->if_stmt.orelse.n != 1 || s->if_stmt.orelse.at[0]->kind != STMT_IF || b->c->failed)
            break;
        s = s->if_stmt.orelse.at[0];
    }
    visit_body(b, s->if_stmt.orelse);
}

static void visit_compound(Builder *b, const Stmt *s) {
    if ((s->kind == STMT_ASYNCFOR || s->kind == STMT_ASYNCWITH) && b->scope->kind == SCOPE_MODULE)
        b->scope->coroutine = b->c->top_level_await;
    switch ((StmtKind)s->kind) {
    case STMT_FOR:
    case STMT_ASYNCFOR:
        visit_expr(b, s->for_stmt.target);
        visit_expr(b, s->for_stmt.iter);
        visit_body(b, s->for_stmt.body);
        visit_body(b, s->for_stmt.orelse);
        break;
    case STMT_WHILE:
        visit_expr(b, s->while_stmt.test);
        visit_body(b, s->while_stmt.body);
        visit_body(b, s->while_stmt.orelse);
        break;
    case STMT_IF:
        visit_if(b, s);
        break;
    case STMT_WITH:
    case STMT_ASYNCWITH:
        for (int i = 0; i < s->with.items.n; i++) {
            visit_expr(b, s->with.items.at[i].context_expr);
            if (s->with.items.at[i].optional_vars)
                visit_expr(b, s->with.items.at[i].optional_vars);
        }
        visit_body(b, s->with.body);
        break;
    case STMT_MATCH:
        visit_expr(b, s->match.subject);
        for (int i = 0; i < s->match.cases.n && !b->c->failed; i++) {
            visit_pattern(b, s->match.cases.at[i].pattern);
            if (s->match.cases.at[i].guard)
                visit_expr(b, s->match.cases.at[i].guard);
            visit_body(b, s->match.cases.at[i].body);
        }
        break;
    case STMT_TRY:
    case STMT_TRYSTAR:
        visit_try(b, s);
        break;
    default:
        break;
    }
}

static void visit_stmt(Builder *b, const Stmt *s) {
    if (!context_enter(b->c))
        return;
    switch ((StmtKind)s->kind) {
    case STMT_FUNCTIONDEF:
    case STMT_ASYNCFUNCTIONDEF:
        visit_function(b, s);
        break;
    case STMT_CLASSDEF:
        visit_class(b, s);
        break;
    case STMT_TYPEALIAS:
        visit_type_alias(b, s);
        break;
    case STMT_RETURN:
    case STMT_EXPR:
        if (s->expr.value)
            visit_expr(b, s->expr.value);
        break;
    case STMT_DELETE:
        visit_exprs(b, s->del.targets);
        break;
    case STMT_ASSIGN:
        visit_exprs(b, s->assign.targets);
        visit_expr(b, s->assign.value);
        break;
    case STMT_AUGASSIGN:
        visit_expr(b, s->aug_assign.target);
        visit_expr(b, s->aug_assign.value);
        break;
    case STMT_ANNASSIGN:
        visit_ann_assign(b, s);
        break;
    case STMT_RAISE:
        if (s->raise.exc)
            visit_expr(b, s->raise.exc);
        if (s->raise.cause)
            visit_expr(b, s->raise.cause);
        break;
    case STMT_ASSERT:
        visit_expr(b, s->assert_stmt.test);
        if (s->assert_stmt.msg)
            visit_expr(b, s->assert_stmt.msg);
        break;
    case STMT_IMPORT:
        visit_import(b, s->import.names);
        break;
    case STMT_IMPORTFROM:
        visit_import(b, s->import_from.names);
        break;
    case STMT_GLOBAL:
    case STMT_NONLOCAL:
        visit_declaration(b, s);
        break;
    case STMT_PASS:
    case STMT_BREAK:
    case STMT_CONTINUE:
        break;
    default:
        visit_compound(b, s);
        break;
    }
    context_leave(b->c);
}

bool symtable_build(Compiler *c) {
    Builder b = {.c = c};
    const AstModule *module = c->module;
    c->top_scope = enter_scope(&b, SCOPE_MODULE, context_id_c(c, "top"), module, SCOPE_OF_NODE, (Span){0});
    if (!c->top_scope)
        return false;
    if (module->kind == MODULE_EXPRESSION)
        visit_expr(&b, module->expression);
    else
        visit_body(&b, module->body);
    return !c->failed && symscope_resolve(c);
}
