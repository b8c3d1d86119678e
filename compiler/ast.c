/* Names of syntax tree nodes, as the ast module has them, and as error messages call them. */
#include "ast.h"

static const char *const expr_names[] = {
    "BoolOp",    "NamedExpr", "BinOp",   "UnaryOp",        "Lambda",       "IfExp",    "Dict",
    "Set",       "ListComp",  "SetComp", "DictComp",       "GeneratorExp", "Await",    "Yield",
    "YieldFrom", "Compare",   "Call",    "FormattedValue", "JoinedStr",    "Constant", "Attribute",
    "Subscript", "Starred",   "Name",    "List",           "Tuple",        "Slice",
};
static const char *const stmt_names[] = {
    "FunctionDef", "AsyncFunctionDef",
    "ClassDef",    "Return",
    "Delete",      "Assign",
    "TypeAlias",   "AugAssign",
    "AnnAssign",   "For",
    "AsyncFor",    "While",
    "If",          "With",
    "AsyncWith",   "Match",
    "Raise",       "Try",
    "TryStar",     "Assert",
    "Import",      "ImportFrom",
    "Global",      "Nonlocal",
    "Expr",        "Pass",
    "Break",       "Continue",
};
static const char *const pattern_names[] = {
    "MatchValue", "MatchSingleton", "MatchSequence", "MatchMapping", "MatchClass", "MatchStar", "MatchAs", "MatchOr",
};
static const char *const binop_names[] = {
    "Add", "Sub", "Mult", "MatMult", "Div", "Mod", "Pow", "LShift", "RShift", "BitOr", "BitXor", "BitAnd", "FloorDiv",
};
static const char *const unaryop_names[] = {"Invert", "Not", "UAdd", "USub"};
static const char *const cmpop_names[] = {"Eq", "NotEq", "Lt", "LtE", "Gt", "GtE", "Is", "IsNot", "In", "NotIn"};

const char *ast_expr_name(int expr_kind) { return expr_names[expr_kind]; }

const char *ast_stmt_name(int stmt_kind) { return stmt_names[stmt_kind]; }

const char *ast_pattern_name(int pattern_kind) { return pattern_names[pattern_kind]; }

const char *ast_binop_name(int op) { return binop_names[op]; }

const char *ast_unaryop_name(int op) { return unaryop_names[op]; }

const char *ast_cmpop_name(int op) { return cmpop_names[op]; }

static const char *constant_phrase(const Expr *expr) {
    switch (expr->constant.kind) {
    case CONST_NONE:
        return "None";
    case CONST_TRUE:
        return "True";
    case CONST_FALSE:
        return "False";
    case CONST_ELLIPSIS:
        return "ellipsis";
    default:
        return "literal";
    }
}

const char *ast_expr_phrase(const Expr *expr) {
    switch (expr->kind) {
    case EXPR_ATTRIBUTE:
        return "attribute";
    case EXPR_SUBSCRIPT:
        return "subscript";
    case EXPR_STARRED:
        return "starred";
    case EXPR_NAME:
        return "name";
    case EXPR_LIST:
        return "list";
    case EXPR_TUPLE:
        return "tuple";
    case EXPR_LAMBDA:
        return "lambda";
    case EXPR_CALL:
        return "function call";
    case EXPR_BOOLOP:
    case EXPR_BINOP:
    case EXPR_UNARYOP:
        return "expression";
    case EXPR_GENERATOREXP:
        return "generator expression";
    case EXPR_YIELD:
    case EXPR_YIELDFROM:
        return "yield expression";
    case EXPR_AWAIT:
        return "await expression";
    case EXPR_LISTCOMP:
        return "list comprehension";
    case EXPR_SETCOMP:
        return "set comprehension";
    case EXPR_DICTCOMP:
        return "dict comprehension";
    case EXPR_DICT:
        return "dict literal";
    case EXPR_SET:
        return "set display";
    case EXPR_JOINEDSTR:
    case EXPR_FORMATTEDVALUE:
        return "f-string expression";
    case EXPR_CONSTANT:
        return constant_phrase(expr);
    case EXPR_COMPARE:
        return "comparison";
    case EXPR_IFEXP:
        return "conditional expression";
    case EXPR_NAMEDEXPR:
        return "named expression";
    default:
        return "slice";
    }
}
