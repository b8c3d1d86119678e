/* The first pass over statements: definitions with their type parameters and annotations, declarations, patterns. */
#include "runtime/vm.h"

#include "compiler/symtable_walk.h"

/* Definitions -------------------------------------------------------------------------------------------------------
 */

static void visit_annotation(SymtableWalk *b, const Expr *annotation) {
    if (!b->c->future_annotations) {
        symtable_visit_expr(b, annotation);
        return;
    }
    Scope *scope = symtable_enter(b, SCOPE_ANNOTATION, 0, annotation, SCOPE_OF_NODE, annotation->span);
    if (!scope)
        return;
    scope->what = "an annotation";
    symtable_visit_expr(b, annotation);
    symtable_forget(b);
}

static void visit_arg_annotations(SymtableWalk *b, ArgSeq args) {
    for (int i = 0; i < args.n; i++) {
        if (args.at[i].annotation)
            visit_annotation(b, args.at[i].annotation);
    }
}

static void visit_annotations(SymtableWalk *b, const Arguments *args, const Expr *returns) {
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
static bool enter_type_params(SymtableWalk *b, NameId name, const Stmt *s, TypeParamSeq params, bool defaults,
                              bool kwdefaults) {
    Compiler *c = b->c;
    bool in_class = b->scope->kind == SCOPE_CLASS;
    Scope *scope = symtable_enter(b, SCOPE_TYPE_PARAMS, name, s, SCOPE_OF_TYPE_PARAMS, s->span);
    if (!scope)
        return false;
    scope->what = "the definition of a generic";
    if (defaults)
        symtable_add_id(b, scope, c->id_defaults, SYM_PARAM, &s->span);
    if (kwdefaults)
        symtable_add_id(b, scope, c->id_kwdefaults, SYM_PARAM, &s->span);
    if (in_class) {
        scope->sees_class = true;
        symtable_add_id(b, scope, c->id_classdict, SYM_USE, &s->span);
    }
    if (s->kind == STMT_CLASSDEF) {
        symtable_add_id(b, scope, c->id_type_params, SYM_LOCAL | SYM_USE, &s->span);
        symtable_add_id(b, scope, c->id_generic_base, SYM_LOCAL | SYM_USE, &s->span);
    }
    return !c->failed;
}

static void visit_bound(SymtableWalk *b, const TypeParam *param, const Expr *e, int which, const char *what) {
    bool sees_class = b->scope->sees_class;
    Scope *scope = symtable_enter(b, SCOPE_TYPE_BOUND, context_id(b->c, param->name), param, which, e->span);
    if (!scope)
        return;
    scope->what = what;
    if (sees_class) {
        scope->sees_class = true;
        symtable_add_id(b, scope, b->c->id_classdict, SYM_USE, &e->span);
    }
    symtable_visit_expr(b, e);
    symtable_leave(b);
}

static void visit_type_params(SymtableWalk *b, TypeParamSeq params) {
    static const char *const defaults[] = {"a TypeVar default", "a ParamSpec default", "a TypeVarTuple default"};
    for (int i = 0; i < params.n && !b->c->failed; i++) {
        const TypeParam *param = &params.at[i];
        symtable_add_name(b, param->name, SYM_TYPE_PARAM | SYM_LOCAL, &param->span);
        if (param->bound) {
            visit_bound(b, param, param->bound, SCOPE_OF_NODE,
                        param->bound->kind == EXPR_TUPLE ? "a TypeVar constraint" : "a TypeVar bound");
        }
        if (param->default_value)
            visit_bound(b, param, param->default_value, SCOPE_OF_DEFAULT, defaults[param->kind]);
    }
}

static void visit_function(SymtableWalk *b, const Stmt *s) {
    Compiler *c = b->c;
    const Arguments *args = s->func.args;
    bool generic = s->func.type_params.n > 0, kwdefaults = false;
    symtable_add_name(b, s->func.name, SYM_LOCAL, &s->span);
    symtable_visit_exprs(b, args->defaults);
    symtable_visit_exprs(b, args->kw_defaults);
    for (int i = 0; i < args->kw_defaults.n; i++)
        kwdefaults |= args->kw_defaults.at[i] != NULL;
    symtable_visit_exprs(b, s->func.decorators);
    NameId name = context_id(c, s->func.name);
    if (generic) {
        if (!enter_type_params(b, name, s, s->func.type_params, args->defaults.n > 0, kwdefaults))
            return;
        visit_type_params(b, s->func.type_params);
    }
    visit_annotations(b, args, s->func.returns);
    Scope *scope = c->failed ? NULL : symtable_enter(b, SCOPE_FUNCTION, name, s, SCOPE_OF_NODE, s->span);
    if (!scope)
        return;
    scope->coroutine = scope->async_def = s->kind == STMT_ASYNCFUNCTIONDEF;
    symtable_visit_params(b, args);
    symtable_visit_body(b, s->func.body);
    symtable_leave(b);
    if (generic)
        symtable_leave(b);
}

static void visit_class(SymtableWalk *b, const Stmt *s) {
    Compiler *c = b->c;
    const Name *outer_private = b->private;
    const Map *outer_only = b->mangled_only;
    bool generic = s->class_def.type_params.n > 0;
    symtable_add_name(b, s->class_def.name, SYM_LOCAL, &s->span);
    symtable_visit_exprs(b, s->class_def.decorators);
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
    symtable_visit_exprs(b, s->class_def.bases);
    for (int i = 0; i < s->class_def.keywords.n; i++)
        symtable_visit_expr(b, s->class_def.keywords.at[i].value);
    Scope *scope = c->failed ? NULL : symtable_enter(b, SCOPE_CLASS, name, s, SCOPE_OF_NODE, s->span);
    if (!scope)
        return;
    b->private = scope->private = s->class_def.name;
    b->mangled_only = scope->mangled_only = NULL;
    if (generic)
        symtable_add_id(b, scope, c->id_type_params, SYM_USE, &s->span);
    symtable_visit_body(b, s->class_def.body);
    symtable_leave(b);
    if (generic)
        symtable_leave(b);
    b->private = outer_private;
    b->mangled_only = outer_only;
}

static void visit_type_alias(SymtableWalk *b, const Stmt *s) {
    Compiler *c = b->c;
    symtable_visit_expr(b, s->type_alias.name);
    NameId name = context_id(c, s->type_alias.name->name.id);
    bool in_class = b->scope->kind == SCOPE_CLASS, generic = s->type_alias.type_params.n > 0;
    if (generic) {
        if (!enter_type_params(b, name, s, s->type_alias.type_params, false, false))
            return;
        visit_type_params(b, s->type_alias.type_params);
    }
    Scope *scope = c->failed ? NULL : symtable_enter(b, SCOPE_TYPE_ALIAS, name, s, SCOPE_OF_NODE, s->span);
    if (!scope)
        return;
    scope->what = "a type alias";
    if (in_class) {
        scope->sees_class = true;
        symtable_add_id(b, scope, c->id_classdict, SYM_USE, &s->type_alias.value->span);
    }
    symtable_visit_expr(b, s->type_alias.value);
    symtable_leave(b);
    if (generic)
        symtable_leave(b);
}

/* Statements --------------------------------------------------------------------------------------------------------
 */

static void add_directive(SymtableWalk *b, NameId id, const Stmt *s) {
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

static void visit_declaration(SymtableWalk *b, const Stmt *s) {
    Compiler *c = b->c;
    bool global = s->kind == STMT_GLOBAL;
    const char *kind = global ? "global" : "nonlocal";
    for (int i = 0; i < s->global.names.n && !c->failed; i++) {
        NameId id = symtable_name_id(b, s->global.names.at[i]);
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
        symtable_add_id(b, b->scope, id, global ? SYM_GLOBAL : SYM_NONLOCAL, &s->span);
        add_directive(b, id, s);
    }
}

static void visit_ann_assign(SymtableWalk *b, const Stmt *s) {
    Compiler *c = b->c;
    const Expr *target = s->ann_assign.target;
    if (!scope_is_function(b->scope))
        b->scope->annotations = true;
    if (target->kind == EXPR_NAME) {
        NameId id = symtable_name_id(b, target->name.id);
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
            symtable_add_id(b, b->scope, id, SYM_ANNOTATED | SYM_LOCAL, &s->span);
        else if (s->ann_assign.value)
            symtable_add_id(b, b->scope, id, SYM_LOCAL, &s->span);
    } else {
        symtable_visit_expr(b, target);
    }
    visit_annotation(b, s->ann_assign.annotation);
    if (s->ann_assign.value)
        symtable_visit_expr(b, s->ann_assign.value);
}

static void visit_import(SymtableWalk *b, AliasSeq names) {
    for (int i = 0; i < names.n && !b->c->failed; i++) {
        const Alias *alias = &names.at[i];
        if (alias->name->length == 1 && alias->name->text[0] == '*') {
            if (b->scope->kind != SCOPE_MODULE)
                context_error(b->c, &alias->span, "import * only allowed at module level");
            continue;
        }
        const char *dot = memchr(alias->name->text, '.', alias->name->length);
        if (alias->asname || !dot) {
            symtable_add_name(b, alias->asname ? alias->asname : alias->name, SYM_IMPORT, &alias->span);
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
        symtable_add_name(b, first, SYM_IMPORT, &alias->span);
    }
}

static void visit_pattern(SymtableWalk *b, const Pattern *p) {
    if (!context_enter(b->c))
        return;
    switch ((PatternKind)p->kind) {
    case PATTERN_MATCHVALUE:
        symtable_visit_expr(b, p->value.value);
        break;
    case PATTERN_MATCHSINGLETON:
        break;
    case PATTERN_MATCHSEQUENCE:
    case PATTERN_MATCHOR:
        for (int i = 0; i < p->seq.patterns.n; i++)
            visit_pattern(b, p->seq.patterns.at[i]);
        break;
    case PATTERN_MATCHMAPPING:
        symtable_visit_exprs(b, p->mapping.keys);
        for (int i = 0; i < p->mapping.patterns.n; i++)
            visit_pattern(b, p->mapping.patterns.at[i]);
        if (p->mapping.rest)
            symtable_add_name(b, p->mapping.rest, SYM_LOCAL, &p->span);
        break;
    case PATTERN_MATCHCLASS:
        symtable_visit_expr(b, p->cls.cls);
        for (int i = 0; i < p->cls.patterns.n; i++)
            visit_pattern(b, p->cls.patterns.at[i]);
        for (int i = 0; i < p->cls.kwd_patterns.n; i++)
            visit_pattern(b, p->cls.kwd_patterns.at[i]);
        break;
    case PATTERN_MATCHSTAR:
        if (p->star.name)
            symtable_add_name(b, p->star.name, SYM_LOCAL, &p->span);
        break;
    case PATTERN_MATCHAS:
        if (p->as.pattern)
            visit_pattern(b, p->as.pattern);
        if (p->as.name)
            symtable_add_name(b, p->as.name, SYM_LOCAL, &p->span);
        break;
    }
    context_leave(b->c);
}

static void visit_try(SymtableWalk *b, const Stmt *s) {
    symtable_visit_body(b, s->try_stmt.body);
    for (int i = 0; i < s->try_stmt.handlers.n && !b->c->failed; i++) {
        const ExceptHandler *handler = &s->try_stmt.handlers.at[i];
        if (handler->type)
            symtable_visit_expr(b, handler->type);
        if (handler->name)
            symtable_add_name(b, handler->name, SYM_LOCAL | SYM_DELETED, &handler->span);
        symtable_visit_body(b, handler->body);
    }
    symtable_visit_body(b, s->try_stmt.orelse);
    symtable_visit_body(b, s->try_stmt.finalbody);
}

static void visit_if(SymtableWalk *b, const Stmt *s) {
    for (;;) { /* a chain of elif is walked, not nested */
        symtable_visit_expr(b, s->if_stmt.test);
        symtable_visit_body(b, s->if_stmt.body);
        if (s->if_stmt.orelse.n != 1 || s->if_stmt.orelse.at[0]->kind != STMT_IF || b->c->failed)
            break;
        s = s->if_stmt.orelse.at[0];
    }
    symtable_visit_body(b, s->if_stmt.orelse);
}

static void visit_compound(SymtableWalk *b, const Stmt *s) {
    if ((s->kind == STMT_ASYNCFOR || s->kind == STMT_ASYNCWITH) && b->scope->kind == SCOPE_MODULE)
        b->scope->coroutine = b->c->top_level_await;
    switch ((StmtKind)s->kind) {
    case STMT_FOR:
    case STMT_ASYNCFOR:
        symtable_visit_expr(b, s->for_stmt.target);
        symtable_visit_expr(b, s->for_stmt.iter);
        symtable_visit_body(b, s->for_stmt.body);
        symtable_visit_body(b, s->for_stmt.orelse);
        break;
    case STMT_WHILE:
        symtable_visit_expr(b, s->while_stmt.test);
        symtable_visit_body(b, s->while_stmt.body);
        symtable_visit_body(b, s->while_stmt.orelse);
        break;
    case STMT_IF:
        visit_if(b, s);
        break;
    case STMT_WITH:
    case STMT_ASYNCWITH:
        for (int i = 0; i < s->with.items.n; i++) {
            symtable_visit_expr(b, s->with.items.at[i].context_expr);
            if (s->with.items.at[i].optional_vars)
                symtable_visit_expr(b, s->with.items.at[i].optional_vars);
        }
        symtable_visit_body(b, s->with.body);
        break;
    case STMT_MATCH:
        symtable_visit_expr(b, s->match.subject);
        for (int i = 0; i < s->match.cases.n && !b->c->failed; i++) {
            visit_pattern(b, s->match.cases.at[i].pattern);
            if (s->match.cases.at[i].guard)
                symtable_visit_expr(b, s->match.cases.at[i].guard);
            symtable_visit_body(b, s->match.cases.at[i].body);
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

void symtable_visit_stmt(SymtableWalk *b, const Stmt *s) {
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
            symtable_visit_expr(b, s->expr.value);
        break;
    case STMT_DELETE:
        symtable_visit_exprs(b, s->del.targets);
        break;
    case STMT_ASSIGN:
        symtable_visit_exprs(b, s->assign.targets);
        symtable_visit_expr(b, s->assign.value);
        break;
    case STMT_AUGASSIGN:
        symtable_visit_expr(b, s->aug_assign.target);
        symtable_visit_expr(b, s->aug_assign.value);
        break;
    case STMT_ANNASSIGN:
        visit_ann_assign(b, s);
        break;
    case STMT_RAISE:
        if (s->raise.exc)
            symtable_visit_expr(b, s->raise.exc);
        if (s->raise.cause)
            symtable_visit_expr(b, s->raise.cause);
        break;
    case STMT_ASSERT:
        symtable_visit_expr(b, s->assert_stmt.test);
        if (s->assert_stmt.msg)
            symtable_visit_expr(b, s->assert_stmt.msg);
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
