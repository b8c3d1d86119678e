/* A syntax tree as text, in the form of CPython's ast.dump: for tests, and for looking at what was parsed.
 *
 * Invariant: one writer that remembers failure; after it every call does nothing; the caller sees NULL. */
#include "ast_dump.h"

#include <string.h>

static void dump_expr(Dump *d, const Expr *e);
static void dump_stmt(Dump *d, const Stmt *s);
static void dump_pattern(Dump *d, const Pattern *pattern);

/* ---- fields of the common kinds; empty and missing ones are left out ---- */

static void name_field(Dump *d, const char *label, const Name *name) {
    if (!name)
        return;
    dump_field(d, label);
    dump_string(d, name->text, name->length, 0);
}

static void expr_field(Dump *d, const char *label, const Expr *e) {
    if (!e)
        return;
    dump_field(d, label);
    dump_expr(d, e);
}

static void pattern_field(Dump *d, const char *label, const Pattern *pattern) {
    if (!pattern)
        return;
    dump_field(d, label);
    dump_pattern(d, pattern);
}

static void ctx_field(Dump *d, const Expr *e) {
    dump_field(d, "ctx");
    dump_puts(d, e->ctx == CTX_STORE ? "Store()" : e->ctx == CTX_DEL ? "Del()" : "Load()");
}

static void separate(Dump *d, int i) {
    if (i)
        dump_puts(d, ", ");
}

static void exprs_field(Dump *d, const char *label, int n, Expr **at) {
    if (n == 0)
        return;
    dump_field(d, label);
    dump_puts(d, "[");
    for (int i = 0; i < n; i++) {
        separate(d, i);
        if (at[i])
            dump_expr(d, at[i]);
        else
            dump_puts(d, "None");
    }
    dump_puts(d, "]");
}

static void stmts_field(Dump *d, const char *label, const StmtSeq *seq) {
    if (seq->n == 0)
        return;
    dump_field(d, label);
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_stmt(d, seq->at[i]);
    }
    dump_puts(d, "]");
}

static void patterns_field(Dump *d, const char *label, const PatternSeq *seq) {
    if (seq->n == 0)
        return;
    dump_field(d, label);
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_pattern(d, seq->at[i]);
    }
    dump_puts(d, "]");
}

static void names_field(Dump *d, const char *label, const NameSeq *seq) {
    if (seq->n == 0)
        return;
    dump_field(d, label);
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_string(d, seq->at[i]->text, seq->at[i]->length, 0);
    }
    dump_puts(d, "]");
}

static void generators_field(Dump *d, const ComprehensionSeq *seq) {
    dump_field(d, "generators");
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        const Comprehension *c = &seq->at[i];
        separate(d, i);
        dump_open(d, "comprehension");
        expr_field(d, "target", c->target);
        expr_field(d, "iter", c->iter);
        exprs_field(d, "ifs", c->ifs.n, c->ifs.at);
        dump_int_field(d, "is_async", c->is_async);
        dump_close_plain(d);
    }
    dump_puts(d, "]");
}

static void keywords_field(Dump *d, const KeywordSeq *seq) {
    if (seq->n == 0)
        return;
    dump_field(d, "keywords");
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_open(d, "keyword");
        name_field(d, "arg", seq->at[i].arg);
        expr_field(d, "value", seq->at[i].value);
        dump_close(d, seq->at[i].span);
    }
    dump_puts(d, "]");
}

static void dump_arg(Dump *d, const Arg *arg) {
    dump_open(d, "arg");
    name_field(d, "arg", arg->arg);
    expr_field(d, "annotation", arg->annotation);
    dump_close(d, arg->span);
}

static void args_field(Dump *d, const char *label, const ArgSeq *seq) {
    if (seq->n == 0)
        return;
    dump_field(d, label);
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_arg(d, &seq->at[i]);
    }
    dump_puts(d, "]");
}

static void arguments_field(Dump *d, const Arguments *args) {
    dump_field(d, "args");
    dump_open(d, "arguments");
    args_field(d, "posonlyargs", &args->posonlyargs);
    args_field(d, "args", &args->args);
    if (args->vararg) {
        dump_field(d, "vararg");
        dump_arg(d, args->vararg);
    }
    args_field(d, "kwonlyargs", &args->kwonlyargs);
    exprs_field(d, "kw_defaults", args->kw_defaults.n, args->kw_defaults.at);
    if (args->kwarg) {
        dump_field(d, "kwarg");
        dump_arg(d, args->kwarg);
    }
    exprs_field(d, "defaults", args->defaults.n, args->defaults.at);
    dump_close_plain(d);
}

static void type_params_field(Dump *d, const TypeParamSeq *seq) {
    static const char *const names[] = {"TypeVar", "ParamSpec", "TypeVarTuple"};
    if (seq->n == 0)
        return;
    dump_field(d, "type_params");
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_open(d, names[seq->at[i].kind]);
        name_field(d, "name", seq->at[i].name);
        expr_field(d, "bound", seq->at[i].bound);
        expr_field(d, "default_value", seq->at[i].default_value);
        dump_close(d, seq->at[i].span);
    }
    dump_puts(d, "]");
}

/* ---- expressions ---- */

static void op_field(Dump *d, const char *name) {
    dump_field(d, "op");
    dump_puts(d, name);
    dump_puts(d, "()");
}

static void dump_compare(Dump *d, const Expr *e) {
    expr_field(d, "left", e->compare.left);
    dump_field(d, "ops");
    dump_puts(d, "[");
    for (int i = 0; i < e->compare.n; i++) {
        separate(d, i);
        dump_puts(d, ast_cmpop_name(e->compare.ops[i]));
        dump_puts(d, "()");
    }
    dump_puts(d, "]");
    exprs_field(d, "comparators", e->compare.n, e->compare.comparators);
}

static void dump_leaf(Dump *d, const Expr *e) {
    switch (e->kind) {
    case EXPR_CONSTANT:
        dump_field(d, "value");
        dump_constant(d, e);
        if (e->constant.u_prefix) {
            dump_field(d, "kind");
            dump_puts(d, "'u'");
        }
        break;
    case EXPR_NAME:
        name_field(d, "id", e->name.id);
        ctx_field(d, e);
        break;
    case EXPR_ATTRIBUTE:
        expr_field(d, "value", e->attribute.value);
        name_field(d, "attr", e->attribute.attr);
        ctx_field(d, e);
        break;
    case EXPR_SUBSCRIPT:
        expr_field(d, "value", e->subscript.value);
        expr_field(d, "slice", e->subscript.slice);
        ctx_field(d, e);
        break;
    case EXPR_STARRED:
        expr_field(d, "value", e->value.value);
        ctx_field(d, e);
        break;
    case EXPR_LIST:
    case EXPR_TUPLE:
        exprs_field(d, "elts", e->seq.elts.n, e->seq.elts.at);
        ctx_field(d, e);
        break;
    case EXPR_SET:
        exprs_field(d, "elts", e->seq.elts.n, e->seq.elts.at);
        break;
    case EXPR_SLICE:
        expr_field(d, "lower", e->slice.lower);
        expr_field(d, "upper", e->slice.upper);
        expr_field(d, "step", e->slice.step);
        break;
    default:
        expr_field(d, "value", e->value.value);
        break;
    }
}

static void dump_operation(Dump *d, const Expr *e) {
    switch (e->kind) {
    case EXPR_BOOLOP:
        op_field(d, e->bool_op.op == BOOL_AND ? "And" : "Or");
        exprs_field(d, "values", e->bool_op.values.n, e->bool_op.values.at);
        break;
    case EXPR_NAMEDEXPR:
        expr_field(d, "target", e->named.target);
        expr_field(d, "value", e->named.value);
        break;
    case EXPR_BINOP:
        expr_field(d, "left", e->binop.left);
        op_field(d, ast_binop_name(e->binop.op));
        expr_field(d, "right", e->binop.right);
        break;
    default:
        op_field(d, ast_unaryop_name(e->unary.op));
        expr_field(d, "operand", e->unary.operand);
        break;
    }
}

static void dump_expr_fields(Dump *d, const Expr *e) {
    switch (e->kind) {
    case EXPR_BOOLOP:
    case EXPR_NAMEDEXPR:
    case EXPR_BINOP:
    case EXPR_UNARYOP:
        dump_operation(d, e);
        break;
    case EXPR_LAMBDA:
        arguments_field(d, e->lambda.args);
        expr_field(d, "body", e->lambda.body);
        break;
    case EXPR_IFEXP:
        expr_field(d, "test", e->ifexp.test);
        expr_field(d, "body", e->ifexp.body);
        expr_field(d, "orelse", e->ifexp.orelse);
        break;
    case EXPR_DICT:
        exprs_field(d, "keys", e->dict.n, e->dict.keys);
        exprs_field(d, "values", e->dict.n, e->dict.values);
        break;
    case EXPR_LISTCOMP:
    case EXPR_SETCOMP:
    case EXPR_GENERATOREXP:
        expr_field(d, "elt", e->comp.elt);
        generators_field(d, &e->comp.generators);
        break;
    case EXPR_DICTCOMP:
        expr_field(d, "key", e->dictcomp.key);
        expr_field(d, "value", e->dictcomp.value);
        generators_field(d, &e->dictcomp.generators);
        break;
    case EXPR_COMPARE:
        dump_compare(d, e);
        break;
    case EXPR_CALL:
        expr_field(d, "func", e->call.func);
        exprs_field(d, "args", e->call.args.n, e->call.args.at);
        keywords_field(d, &e->call.keywords);
        break;
    case EXPR_FORMATTEDVALUE:
        expr_field(d, "value", e->formatted.value);
        dump_int_field(d, "conversion", e->formatted.conversion);
        expr_field(d, "format_spec", e->formatted.format_spec);
        break;
    case EXPR_JOINEDSTR:
        exprs_field(d, "values", e->joined.values.n, e->joined.values.at);
        break;
    default:
        dump_leaf(d, e);
        break;
    }
}

static void dump_expr(Dump *d, const Expr *e) {
    dump_open(d, ast_expr_name(e->kind));
    if (!d->failed)
        dump_expr_fields(d, e);
    dump_close(d, e->span);
}

/* ---- patterns and statements ---- */

static void dump_pattern(Dump *d, const Pattern *pattern) {
    dump_open(d, ast_pattern_name(pattern->kind));
    if (d->failed)
        return;
    switch (pattern->kind) {
    case PATTERN_MATCHVALUE:
        expr_field(d, "value", pattern->value.value);
        break;
    case PATTERN_MATCHSINGLETON:
        dump_field(d, "value");
        dump_puts(d, pattern->singleton.value == CONST_NONE   ? "None"
                     : pattern->singleton.value == CONST_TRUE ? "True"
                                                              : "False");
        break;
    case PATTERN_MATCHSEQUENCE:
    case PATTERN_MATCHOR:
        patterns_field(d, "patterns", &pattern->seq.patterns);
        break;
    case PATTERN_MATCHMAPPING:
        exprs_field(d, "keys", pattern->mapping.keys.n, pattern->mapping.keys.at);
        patterns_field(d, "patterns", &pattern->mapping.patterns);
        name_field(d, "rest", pattern->mapping.rest);
        break;
    case PATTERN_MATCHCLASS:
        expr_field(d, "cls", pattern->cls.cls);
        patterns_field(d, "patterns", &pattern->cls.patterns);
        names_field(d, "kwd_attrs", &pattern->cls.kwd_attrs);
        patterns_field(d, "kwd_patterns", &pattern->cls.kwd_patterns);
        break;
    case PATTERN_MATCHSTAR:
        name_field(d, "name", pattern->star.name);
        break;
    default:
        pattern_field(d, "pattern", pattern->as.pattern);
        name_field(d, "name", pattern->as.name);
        break;
    }
    dump_close(d, pattern->span);
}

static void aliases_field(Dump *d, const AliasSeq *seq) {
    dump_field(d, "names");
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_open(d, "alias");
        name_field(d, "name", seq->at[i].name);
        name_field(d, "asname", seq->at[i].asname);
        dump_close(d, seq->at[i].span);
    }
    dump_puts(d, "]");
}

static void handlers_field(Dump *d, const ExceptHandlerSeq *seq) {
    if (seq->n == 0)
        return;
    dump_field(d, "handlers");
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_open(d, "ExceptHandler");
        expr_field(d, "type", seq->at[i].type);
        name_field(d, "name", seq->at[i].name);
        stmts_field(d, "body", &seq->at[i].body);
        dump_close(d, seq->at[i].span);
    }
    dump_puts(d, "]");
}

static void with_items_field(Dump *d, const WithItemSeq *seq) {
    dump_field(d, "items");
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_open(d, "withitem");
        expr_field(d, "context_expr", seq->at[i].context_expr);
        expr_field(d, "optional_vars", seq->at[i].optional_vars);
        dump_close_plain(d);
    }
    dump_puts(d, "]");
}

static void cases_field(Dump *d, const MatchCaseSeq *seq) {
    dump_field(d, "cases");
    dump_puts(d, "[");
    for (int i = 0; i < seq->n; i++) {
        separate(d, i);
        dump_open(d, "match_case");
        pattern_field(d, "pattern", seq->at[i].pattern);
        expr_field(d, "guard", seq->at[i].guard);
        stmts_field(d, "body", &seq->at[i].body);
        dump_close_plain(d);
    }
    dump_puts(d, "]");
}

static void dump_definition(Dump *d, const Stmt *s) {
    if (s->kind == STMT_CLASSDEF) {
        name_field(d, "name", s->class_def.name);
        exprs_field(d, "bases", s->class_def.bases.n, s->class_def.bases.at);
        keywords_field(d, &s->class_def.keywords);
        stmts_field(d, "body", &s->class_def.body);
        exprs_field(d, "decorator_list", s->class_def.decorators.n, s->class_def.decorators.at);
        type_params_field(d, &s->class_def.type_params);
        return;
    }
    name_field(d, "name", s->func.name);
    arguments_field(d, s->func.args);
    stmts_field(d, "body", &s->func.body);
    exprs_field(d, "decorator_list", s->func.decorators.n, s->func.decorators.at);
    expr_field(d, "returns", s->func.returns);
    type_params_field(d, &s->func.type_params);
}

static void dump_compound(Dump *d, const Stmt *s) {
    switch (s->kind) {
    case STMT_FUNCTIONDEF:
    case STMT_ASYNCFUNCTIONDEF:
    case STMT_CLASSDEF:
        dump_definition(d, s);
        break;
    case STMT_FOR:
    case STMT_ASYNCFOR:
        expr_field(d, "target", s->for_stmt.target);
        expr_field(d, "iter", s->for_stmt.iter);
        stmts_field(d, "body", &s->for_stmt.body);
        stmts_field(d, "orelse", &s->for_stmt.orelse);
        break;
    case STMT_WHILE:
        expr_field(d, "test", s->while_stmt.test);
        stmts_field(d, "body", &s->while_stmt.body);
        stmts_field(d, "orelse", &s->while_stmt.orelse);
        break;
    case STMT_IF:
        expr_field(d, "test", s->if_stmt.test);
        stmts_field(d, "body", &s->if_stmt.body);
        stmts_field(d, "orelse", &s->if_stmt.orelse);
        break;
    case STMT_WITH:
    case STMT_ASYNCWITH:
        with_items_field(d, &s->with.items);
        stmts_field(d, "body", &s->with.body);
        break;
    case STMT_MATCH:
        expr_field(d, "subject", s->match.subject);
        cases_field(d, &s->match.cases);
        break;
    default:
        stmts_field(d, "body", &s->try_stmt.body);
        handlers_field(d, &s->try_stmt.handlers);
        stmts_field(d, "orelse", &s->try_stmt.orelse);
        stmts_field(d, "finalbody", &s->try_stmt.finalbody);
        break;
    }
}

static void dump_simple(Dump *d, const Stmt *s) {
    switch (s->kind) {
    case STMT_RETURN:
    case STMT_EXPR:
        expr_field(d, "value", s->expr.value);
        break;
    case STMT_DELETE:
        exprs_field(d, "targets", s->del.targets.n, s->del.targets.at);
        break;
    case STMT_ASSIGN:
        exprs_field(d, "targets", s->assign.targets.n, s->assign.targets.at);
        expr_field(d, "value", s->assign.value);
        break;
    case STMT_TYPEALIAS:
        expr_field(d, "name", s->type_alias.name);
        type_params_field(d, &s->type_alias.type_params);
        expr_field(d, "value", s->type_alias.value);
        break;
    case STMT_AUGASSIGN:
        expr_field(d, "target", s->aug_assign.target);
        op_field(d, ast_binop_name(s->aug_assign.op));
        expr_field(d, "value", s->aug_assign.value);
        break;
    case STMT_ANNASSIGN:
        expr_field(d, "target", s->ann_assign.target);
        expr_field(d, "annotation", s->ann_assign.annotation);
        expr_field(d, "value", s->ann_assign.value);
        dump_int_field(d, "simple", s->ann_assign.simple);
        break;
    case STMT_RAISE:
        expr_field(d, "exc", s->raise.exc);
        expr_field(d, "cause", s->raise.cause);
        break;
    case STMT_ASSERT:
        expr_field(d, "test", s->assert_stmt.test);
        expr_field(d, "msg", s->assert_stmt.msg);
        break;
    case STMT_IMPORT:
        aliases_field(d, &s->import.names);
        break;
    case STMT_IMPORTFROM:
        name_field(d, "module", s->import_from.module);
        aliases_field(d, &s->import_from.names);
        dump_int_field(d, "level", s->import_from.level);
        break;
    case STMT_GLOBAL:
    case STMT_NONLOCAL:
        names_field(d, "names", &s->global.names);
        break;
    default:
        break;
    }
}

static void dump_stmt(Dump *d, const Stmt *s) {
    dump_open(d, ast_stmt_name(s->kind));
    if (d->failed)
        return;
    switch (s->kind) {
    case STMT_FUNCTIONDEF:
    case STMT_ASYNCFUNCTIONDEF:
    case STMT_CLASSDEF:
    case STMT_FOR:
    case STMT_ASYNCFOR:
    case STMT_WHILE:
    case STMT_IF:
    case STMT_WITH:
    case STMT_ASYNCWITH:
    case STMT_MATCH:
    case STMT_TRY:
    case STMT_TRYSTAR:
        dump_compound(d, s);
        break;
    default:
        dump_simple(d, s);
        break;
    }
    dump_close(d, s->span);
}

char *ast_dump(Arena *arena, const AstModule *module, int attributes, size_t *length, size_t *size) {
    static const char *const names[] = {"Module", "Expression", "Interactive"};
    Dump d = {.arena = arena, .attributes = attributes};
    dump_open(&d, names[module->kind]);
    if (module->kind == MODULE_EXPRESSION)
        expr_field(&d, "body", module->expression);
    else
        stmts_field(&d, "body", &module->body);
    dump_close_plain(&d);
    if (d.failed) {
        if (d.text)
            arena_realloc_raw(arena, d.text, d.capacity, 0);
        return NULL;
    }
    *length = d.length;
    *size = d.capacity;
    return d.text;
}
