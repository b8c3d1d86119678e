/* SyntaxWarnings: a missing comma that turns two items into a call or subscript, `is` with a literal, an assertion
 * about a tuple. */
#include "runtime/vm.h"

#include "compiler/check.h"
#include "runtime/protocol.h"

static const char *constant_type(const Expr *e) {
    switch ((ConstKind)e->constant.kind) {
    case CONST_NONE:
        return "NoneType";
    case CONST_TRUE:
    case CONST_FALSE:
        return "bool";
    case CONST_ELLIPSIS:
        return "ellipsis";
    case CONST_INT:
        return "int";
    case CONST_FLOAT:
        return "float";
    case CONST_COMPLEX:
        return "complex";
    case CONST_STR:
        return "str";
    case CONST_BYTES:
        return "bytes";
    }
    return NULL;
}

/* The type that the value of e is sure to have; NULL: not known. */
static const char *sure_type(Compiler *c, const Expr *e) {
    switch ((ExprKind)e->kind) {
    case EXPR_TUPLE:
        return "tuple";
    case EXPR_LIST:
    case EXPR_LISTCOMP:
        return "list";
    case EXPR_DICT:
    case EXPR_DICTCOMP:
        return "dict";
    case EXPR_SET:
    case EXPR_SETCOMP:
        return "set";
    case EXPR_GENERATOREXP:
        return "generator";
    case EXPR_LAMBDA:
        return "function";
    case EXPR_JOINEDSTR:
    case EXPR_FORMATTEDVALUE:
        return "str";
    case EXPR_CONSTANT:
        return constant_type(e);
    case EXPR_UNARYOP:
    case EXPR_BINOP: {
        Value value = fold_expr(c, e);
        if (!value)
            return NULL;
        const char *name = type_name(value);
        decref(c->vm, value);
        return name;
    }
    default:
        return NULL;
    }
}

static bool is_one_of(const char *name, const char *const *names) {
    for (; *names; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

void check_subscript(Compiler *c, const Expr *value, const Expr *index) {
    static const char *const plain[] = {"NoneType", "bool", "ellipsis",  "int",      "float",
                                        "complex",  "set",  "generator", "function", NULL};
    static const char *const sequences[] = {"str", "bytes", "tuple", "list", NULL};
    static const char *const indices[] = {"int", "bool", NULL};
    if (value->kind == EXPR_NAME || value->kind == EXPR_ATTRIBUTE)
        return;
    const char *type = sure_type(c, value);
    if (!type || c->failed)
        return;
    if (is_one_of(type, plain)) {
        context_warn(c, &value->span, "'%s' object is not subscriptable; perhaps you missed a comma?", type);
        return;
    }
    const char *index_type = is_one_of(type, sequences) ? sure_type(c, index) : NULL;
    if (index_type && !is_one_of(index_type, indices)) {
        context_warn(c, &value->span, "%s indices must be integers or slices, not %s; perhaps you missed a comma?",
                     type, index_type);
    }
}

void check_call(Compiler *c, const Expr *callee) {
    if (callee->kind == EXPR_NAME || callee->kind == EXPR_ATTRIBUTE || callee->kind == EXPR_LAMBDA)
        return;
    const char *type = sure_type(c, callee);
    if (type)
        context_warn(c, &callee->span, "'%s' object is not callable; perhaps you missed a comma?", type);
}

/* The type of a literal for which `is` makes no sense; NULL for others. */
static const char *literal_type(Compiler *c, const Expr *e) {
    if (e->kind == EXPR_CONSTANT)
        return e->constant.kind <= CONST_ELLIPSIS ? NULL : constant_type(e);
    Value value = fold_expr(c, e);
    if (!value)
        return NULL;
    const char *name = is_obj(value) || is_small_int(value) || is_double(value) ? type_name(value) : NULL;
    decref(c->vm, value);
    return name;
}

void check_compare(Compiler *c, const Expr *e) {
    const Expr *left = e->compare.left;
    for (int i = 0; i < e->compare.n && !c->failed; i++) {
        const Expr *right = e->compare.comparators[i];
        int op = e->compare.ops[i];
        if (op == CMPOP_IS || op == CMPOP_ISNOT) {
            const char *type = literal_type(c, left);
            if (!type)
                type = literal_type(c, right);
            if (type) {
                context_warn(c, &e->span,
                             op == CMPOP_IS ? "\"is\" with '%s' literal. Did you mean \"==\"?"
                                            : "\"is not\" with '%s' literal. Did you mean \"!=\"?",
                             type);
                return;
            }
        }
        left = right;
    }
}

void check_assert(Compiler *c, const Stmt *s) {
    const Expr *test = s->assert_stmt.test;
    if (test->kind == EXPR_TUPLE && test->seq.elts.n > 0)
        context_warn(c, &s->span, "assertion is always true, perhaps remove parentheses?");
}
