/* Tree -> source text, for annotations that are kept as strings.
 *
 * Invariant: an expression is put in parentheses exactly when it binds less tightly than the place where it stands
 * demands; blanks and quotes are normalised, as annotations made by the reference implementation are. */
#include "runtime/vm.h"

#include "compiler/gen.h"

enum {
    LEVEL_TUPLE,
    LEVEL_TEST,
    LEVEL_OR,
    LEVEL_AND,
    LEVEL_NOT,
    LEVEL_CMP,
    LEVEL_EXPR,
    LEVEL_BIT_XOR,
    LEVEL_BIT_AND,
    LEVEL_SHIFT,
    LEVEL_ARITH,
    LEVEL_TERM,
    LEVEL_FACTOR,
    LEVEL_POWER,
    LEVEL_AWAIT,
    LEVEL_ATOM
};

typedef struct Unparser {
    Compiler *c;
    StrBuilder out;
} Unparser;

static void put_expr(Unparser *u, const Expr *e, int level);

static void put(Unparser *u, const char *text) { strbuilder_add_c(&u->out, text); }

static void put_if(Unparser *u, bool condition, const char *text) {
    if (condition)
        put(u, text);
}

static void put_list(Unparser *u, ExprSeq seq) {
    for (int i = 0; i < seq.n; i++) {
        put_if(u, i > 0, ", ");
        put_expr(u, seq.at[i], LEVEL_TEST);
    }
}

static void put_bool_op(Unparser *u, const Expr *e, int level) {
    int own = e->bool_op.op == BOOL_AND ? LEVEL_AND : LEVEL_OR;
    put_if(u, level > own, "(");
    for (int i = 0; i < e->bool_op.values.n; i++) {
        if (i > 0)
            put(u, own == LEVEL_AND ? " and " : " or ");
        put_expr(u, e->bool_op.values.at[i], own + 1);
    }
    put_if(u, level > own, ")");
}

static void put_binop(Unparser *u, const Expr *e, int level) {
    static const struct {
        const char *text;
        int level;
    } ops[] = {
        [BINOP_ADD] = {" + ", LEVEL_ARITH},      [BINOP_SUB] = {" - ", LEVEL_ARITH},
        [BINOP_MULT] = {" * ", LEVEL_TERM},      [BINOP_MATMULT] = {" @ ", LEVEL_TERM},
        [BINOP_DIV] = {" / ", LEVEL_TERM},       [BINOP_MOD] = {" % ", LEVEL_TERM},
        [BINOP_LSHIFT] = {" << ", LEVEL_SHIFT},  [BINOP_RSHIFT] = {" >> ", LEVEL_SHIFT},
        [BINOP_BITOR] = {" | ", LEVEL_EXPR},     [BINOP_BITXOR] = {" ^ ", LEVEL_BIT_XOR},
        [BINOP_BITAND] = {" & ", LEVEL_BIT_AND}, [BINOP_FLOORDIV] = {" // ", LEVEL_TERM},
        [BINOP_POW] = {" ** ", LEVEL_POWER},
    };
    int own = ops[e->binop.op].level;
    bool right_associative = e->binop.op == BINOP_POW;
    put_if(u, level > own, "(");
    put_expr(u, e->binop.left, own + right_associative);
    put(u, ops[e->binop.op].text);
    put_expr(u, e->binop.right, own + !right_associative);
    put_if(u, level > own, ")");
}

static void put_unary(Unparser *u, const Expr *e, int level) {
    static const char *const ops[] = {
        [UNARY_INVERT] = "~", [UNARY_NOT] = "not ", [UNARY_UADD] = "+", [UNARY_USUB] = "-"};
    int own = e->unary.op == UNARY_NOT ? LEVEL_NOT : LEVEL_FACTOR;
    put_if(u, level > own, "(");
    put(u, ops[e->unary.op]);
    put_expr(u, e->unary.operand, own);
    put_if(u, level > own, ")");
}

static void put_arg(Unparser *u, const Arg *arg) {
    put(u, arg->arg->text);
    if (arg->annotation) {
        put(u, ": ");
        put_expr(u, arg->annotation, LEVEL_TEST);
    }
}

static void put_arguments(Unparser *u, const Arguments *args) {
    bool first = true;
    int positional = args->posonlyargs.n + args->args.n, without = positional - args->defaults.n;
    for (int i = 0; i < positional; i++) {
        put_if(u, !first, ", ");
        first = false;
        put_arg(u, i < args->posonlyargs.n ? &args->posonlyargs.at[i] : &args->args.at[i - args->posonlyargs.n]);
        if (i >= without) {
            put(u, "=");
            put_expr(u, args->defaults.at[i - without], LEVEL_TEST);
        }
        put_if(u, args->posonlyargs.n && i + 1 == args->posonlyargs.n, ", /");
    }
    if (args->vararg || args->kwonlyargs.n) {
        put(u, first ? "*" : ", *");
        first = false;
        if (args->vararg)
            put_arg(u, args->vararg);
    }
    for (int i = 0; i < args->kwonlyargs.n; i++) {
        put_if(u, !first, ", ");
        first = false;
        put_arg(u, &args->kwonlyargs.at[i]);
        if (args->kw_defaults.at[i]) {
            put(u, "=");
            put_expr(u, args->kw_defaults.at[i], LEVEL_TEST);
        }
    }
    if (args->kwarg) {
        put(u, first ? "**" : ", **");
        put_arg(u, args->kwarg);
    }
}

static void put_lambda(Unparser *u, const Expr *e, int level) {
    const Arguments *args = e->lambda.args;
    put_if(u, level > LEVEL_TEST, "(");
    put(u, args->posonlyargs.n || args->args.n || args->kwonlyargs.n || args->vararg || args->kwarg ? "lambda "
                                                                                                    : "lambda");
    put_arguments(u, args);
    put(u, ": ");
    put_expr(u, e->lambda.body, LEVEL_TEST);
    put_if(u, level > LEVEL_TEST, ")");
}

static void put_if_exp(Unparser *u, const Expr *e, int level) {
    put_if(u, level > LEVEL_TEST, "(");
    put_expr(u, e->ifexp.body, LEVEL_TEST + 1);
    put(u, " if ");
    put_expr(u, e->ifexp.test, LEVEL_TEST + 1);
    put(u, " else ");
    put_expr(u, e->ifexp.orelse, LEVEL_TEST);
    put_if(u, level > LEVEL_TEST, ")");
}

static void put_dict(Unparser *u, const Expr *e) {
    put(u, "{");
    for (int i = 0; i < e->dict.n; i++) {
        put_if(u, i > 0, ", ");
        if (e->dict.keys[i]) {
            put_expr(u, e->dict.keys[i], LEVEL_TEST);
            put(u, ": ");
            put_expr(u, e->dict.values[i], LEVEL_TEST);
        } else {
            put(u, "**");
            put_expr(u, e->dict.values[i], LEVEL_EXPR);
        }
    }
    put(u, "}");
}

static void put_generators(Unparser *u, ComprehensionSeq parts) {
    for (int i = 0; i < parts.n; i++) {
        put(u, parts.at[i].is_async ? " async for " : " for ");
        put_expr(u, parts.at[i].target, LEVEL_TUPLE);
        put(u, " in ");
        put_expr(u, parts.at[i].iter, LEVEL_TEST + 1);
        for (int k = 0; k < parts.at[i].ifs.n; k++) {
            put(u, " if ");
            put_expr(u, parts.at[i].ifs.at[k], LEVEL_TEST + 1);
        }
    }
}

static void put_comp(Unparser *u, const Expr *e, const char *open, const char *close) {
    put(u, open);
    put_expr(u, e->comp.elt, LEVEL_TEST);
    put_generators(u, e->comp.generators);
    put(u, close);
}

static void put_compare(Unparser *u, const Expr *e, int level) {
    static const char *const ops[] = {
        [CMPOP_EQ] = " == ", [CMPOP_NOTEQ] = " != ",     [CMPOP_LT] = " < ",  [CMPOP_LTE] = " <= ",
        [CMPOP_GT] = " > ",  [CMPOP_GTE] = " >= ",       [CMPOP_IS] = " is ", [CMPOP_ISNOT] = " is not ",
        [CMPOP_IN] = " in ", [CMPOP_NOTIN] = " not in ",
    };
    put_if(u, level > LEVEL_CMP, "(");
    put_expr(u, e->compare.left, LEVEL_CMP + 1);
    for (int i = 0; i < e->compare.n; i++) {
        put(u, ops[e->compare.ops[i]]);
        put_expr(u, e->compare.comparators[i], LEVEL_CMP + 1);
    }
    put_if(u, level > LEVEL_CMP, ")");
}

static void put_call(Unparser *u, const Expr *e) {
    ExprSeq args = e->call.args;
    put_expr(u, e->call.func, LEVEL_ATOM);
    if (args.n == 1 && e->call.keywords.n == 0 && args.at[0]->kind == EXPR_GENERATOREXP) {
        put_expr(u, args.at[0], LEVEL_ATOM);
        return;
    }
    put(u, "(");
    put_list(u, args);
    for (int i = 0; i < e->call.keywords.n; i++) {
        const Keyword *keyword = &e->call.keywords.at[i];
        put_if(u, args.n + i > 0, ", ");
        put(u, keyword->arg ? keyword->arg->text : "**");
        put_if(u, keyword->arg != NULL, "=");
        put_expr(u, keyword->value, LEVEL_TEST);
    }
    put(u, ")");
}

static void put_constant(Unparser *u, const Expr *e) {
    if (e->constant.kind == CONST_ELLIPSIS) {
        put(u, "...");
        return;
    }
    if ((e->constant.kind == CONST_FLOAT || e->constant.kind == CONST_COMPLEX) && e->constant.number > 1.7e308 &&
        e->constant.number * 0.5 == e->constant.number) { /* infinity has no literal of its own */
        put(u, e->constant.kind == CONST_FLOAT ? "1e309" : "1e309j");
        return;
    }
    put_if(u, e->constant.kind == CONST_STR && e->constant.u_prefix, "u");
    Value value = fold_constant(u->c, e);
    if (value) {
        strbuilder_add_repr(&u->out, value);
        decref(u->c->vm, value);
    }
}

/* f-strings: the text between the quotes is made first, then quoted as a whole. */
static void put_field(Unparser *u, const Expr *e);

static void put_fstring_part(Unparser *u, const Expr *e) {
    if (e->kind == EXPR_JOINEDSTR) {
        for (int i = 0; i < e->joined.values.n; i++)
            put_fstring_part(u, e->joined.values.at[i]);
    } else if (e->kind == EXPR_FORMATTEDVALUE) {
        put_field(u, e);
    } else if (e->kind == EXPR_CONSTANT) {
        for (size_t i = 0; i < e->constant.length; i++) {
            char ch = e->constant.str[i];
            strbuilder_add(&u->out, &ch, 1);
            if (ch == '{' || ch == '}')
                strbuilder_add(&u->out, &ch, 1);
        }
    }
}

static void put_field(Unparser *u, const Expr *e) {
    Unparser inner = {.c = u->c};
    char conversion[3] = {'!', (char)e->formatted.conversion, 0};
    strbuilder_init(&inner.out, u->c->vm);
    put_expr(&inner, e->formatted.value, LEVEL_TEST + 1);
    Value text = strbuilder_finish(&inner.out);
    if (!text) {
        context_fail(u->c);
        return;
    }
    put(u, str_data(text)[0] == '{' ? "{ " : "{");
    strbuilder_add_value(&u->out, text);
    decref(u->c->vm, text);
    put_if(u, e->formatted.conversion > 0, conversion);
    if (e->formatted.format_spec) {
        put(u, ":");
        put_fstring_part(u, e->formatted.format_spec);
    }
    put(u, "}");
}

static void put_fstring(Unparser *u, const Expr *e) {
    Unparser inner = {.c = u->c};
    strbuilder_init(&inner.out, u->c->vm);
    put_fstring_part(&inner, e);
    Value text = strbuilder_finish(&inner.out);
    if (!text) {
        context_fail(u->c);
        return;
    }
    put(u, "f");
    strbuilder_add_repr(&u->out, text);
    decref(u->c->vm, text);
}

static void put_slice(Unparser *u, const Expr *e) {
    if (e->slice.lower)
        put_expr(u, e->slice.lower, LEVEL_TEST);
    put(u, ":");
    if (e->slice.upper)
        put_expr(u, e->slice.upper, LEVEL_TEST);
    if (e->slice.step) {
        put(u, ":");
        put_expr(u, e->slice.step, LEVEL_TEST);
    }
}

static void put_tuple(Unparser *u, const Expr *e, int level) {
    if (e->seq.elts.n == 0) {
        put(u, "()");
        return;
    }
    put_if(u, level > LEVEL_TUPLE, "(");
    put_list(u, e->seq.elts);
    put_if(u, e->seq.elts.n == 1, ",");
    put_if(u, level > LEVEL_TUPLE, ")");
}

static void put_suspension(Unparser *u, const Expr *e, int level) {
    if (e->kind == EXPR_AWAIT) {
        put_if(u, level > LEVEL_AWAIT, "(");
        put(u, "await ");
        put_expr(u, e->value.value, LEVEL_ATOM);
        put_if(u, level > LEVEL_AWAIT, ")");
        return;
    }
    put(u, e->kind == EXPR_YIELDFROM ? "(yield from " : e->value.value ? "(yield " : "(yield");
    if (e->value.value)
        put_expr(u, e->value.value, LEVEL_TEST);
    put(u, ")");
}

static void put_attribute(Unparser *u, const Expr *e) {
    const Expr *value = e->attribute.value;
    put_expr(u, value, LEVEL_ATOM);
    put(u, value->kind == EXPR_CONSTANT && value->constant.kind == CONST_INT ? " ." : ".");
    put(u, e->attribute.attr->text);
}

static void put_walrus(Unparser *u, const Expr *e, int level) {
    put_if(u, level > LEVEL_TUPLE, "(");
    put_expr(u, e->named.target, LEVEL_ATOM);
    put(u, " := ");
    put_expr(u, e->named.value, LEVEL_ATOM);
    put_if(u, level > LEVEL_TUPLE, ")");
}

static void put_bracketed(Unparser *u, const Expr *e) {
    bool list = e->kind == EXPR_LIST;
    put(u, list ? "[" : "{");
    put_list(u, e->seq.elts);
    put(u, list ? "]" : "}");
}

static void put_kind(Unparser *u, const Expr *e, int level) {
    switch ((ExprKind)e->kind) {
    case EXPR_BOOLOP:
        put_bool_op(u, e, level);
        break;
    case EXPR_NAMEDEXPR:
        put_walrus(u, e, level);
        break;
    case EXPR_BINOP:
        put_binop(u, e, level);
        break;
    case EXPR_UNARYOP:
        put_unary(u, e, level);
        break;
    case EXPR_LAMBDA:
        put_lambda(u, e, level);
        break;
    case EXPR_IFEXP:
        put_if_exp(u, e, level);
        break;
    case EXPR_DICT:
        put_dict(u, e);
        break;
    case EXPR_SET:
    case EXPR_LIST:
        put_bracketed(u, e);
        break;
    case EXPR_LISTCOMP:
        put_comp(u, e, "[", "]");
        break;
    case EXPR_SETCOMP:
        put_comp(u, e, "{", "}");
        break;
    case EXPR_GENERATOREXP:
        put_comp(u, e, "(", ")");
        break;
    case EXPR_DICTCOMP:
        put(u, "{");
        put_expr(u, e->dictcomp.key, LEVEL_TEST);
        put(u, ": ");
        put_expr(u, e->dictcomp.value, LEVEL_TEST);
        put_generators(u, e->dictcomp.generators);
        put(u, "}");
        break;
    case EXPR_AWAIT:
    case EXPR_YIELD:
    case EXPR_YIELDFROM:
        put_suspension(u, e, level);
        break;
    case EXPR_COMPARE:
        put_compare(u, e, level);
        break;
    case EXPR_CALL:
        put_call(u, e);
        break;
    case EXPR_FORMATTEDVALUE:
    case EXPR_JOINEDSTR:
        put_fstring(u, e);
        break;
    case EXPR_CONSTANT:
        put_constant(u, e);
        break;
    case EXPR_ATTRIBUTE:
        put_attribute(u, e);
        break;
    case EXPR_SUBSCRIPT:
        put_expr(u, e->subscript.value, LEVEL_ATOM);
        put(u, "[");
        put_expr(u, e->subscript.slice, LEVEL_TUPLE);
        put(u, "]");
        break;
    case EXPR_STARRED:
        put(u, "*");
        put_expr(u, e->value.value, LEVEL_EXPR);
        break;
    case EXPR_NAME:
        put(u, e->name.id->text);
        break;
    case EXPR_TUPLE:
        put_tuple(u, e, level);
        break;
    case EXPR_SLICE:
        put_slice(u, e);
        break;
    }
}

static void put_expr(Unparser *u, const Expr *e, int level) {
    if (u->out.failed || !context_enter(u->c))
        return;
    put_kind(u, e, level);
    context_leave(u->c);
}

Value unparse_expr(Compiler *c, const Expr *e) {
    Unparser u = {.c = c};
    strbuilder_init(&u.out, c->vm);
    put_expr(&u, e, LEVEL_TEST);
    if (c->failed) {
        strbuilder_drop(&u.out);
        return 0;
    }
    Value text = strbuilder_finish(&u.out);
    if (!text)
        context_fail(c);
    return text;
}
