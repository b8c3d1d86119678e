/* The abstract syntax tree: the node kinds and fields are those of Python 3.13's ast module.
 *
 * Every node lives in the arena given to parse_source and is read-only afterwards. Lines count from 1;
 * columns are byte offsets into the UTF-8 line, from 0, as in the ast module. A missing optional child is
 * NULL; an empty sequence has n == 0 (at may then be NULL). Nodes hold raw literals (digits, UTF-8), never
 * VM values, so that the parser needs no VM. */
#ifndef COVE_AST_H
#define COVE_AST_H

#include <stddef.h>
#include <stdint.h>

#include "arena.h"

/* An identifier, NFKC-normalised. Inside one parse equal identifiers are the same pointer; text ends with a
 * NUL. */
typedef struct Name {
    uint32_t length; /* bytes */
    uint32_t hash;
    char text[];
} Name;

typedef struct Expr Expr;
typedef struct Stmt Stmt;
typedef struct Pattern Pattern;
typedef struct Arguments Arguments;
typedef struct Comprehension Comprehension;
typedef struct Keyword Keyword;
typedef struct Alias Alias;
typedef struct WithItem WithItem;
typedef struct Arg Arg;
typedef struct ExceptHandler ExceptHandler;
typedef struct MatchCase MatchCase;
typedef struct TypeParam TypeParam;

/* Expressions, statements, patterns and names: arrays of pointers (an Expr in a sequence may be NULL only
 * where Dict.keys and Arguments.kw_defaults say so). The small node kinds: arrays of structs. */
typedef struct {
    int n;
    Expr **at;
} ExprSeq;
typedef struct {
    int n;
    Stmt **at;
} StmtSeq;
typedef struct {
    int n;
    Pattern **at;
} PatternSeq;
typedef struct {
    int n;
    const Name **at;
} NameSeq;
typedef struct {
    int n;
    uint8_t *at;
} CmpOpSeq;
typedef struct {
    int n;
    Comprehension *at;
} ComprehensionSeq;
typedef struct {
    int n;
    Keyword *at;
} KeywordSeq;
typedef struct {
    int n;
    Alias *at;
} AliasSeq;
typedef struct {
    int n;
    WithItem *at;
} WithItemSeq;
typedef struct {
    int n;
    Arg *at;
} ArgSeq;
typedef struct {
    int n;
    ExceptHandler *at;
} ExceptHandlerSeq;
typedef struct {
    int n;
    MatchCase *at;
} MatchCaseSeq;
typedef struct {
    int n;
    TypeParam *at;
} TypeParamSeq;

typedef struct Span {
    int line, col, end_line, end_col;
} Span;

/* node->line and node->span.line are the same int */
#define AST_SPAN                                                                                                     \
    union {                                                                                                          \
        Span span;                                                                                                   \
        struct {                                                                                                     \
            int line, col, end_line, end_col;                                                                        \
        };                                                                                                           \
    }

typedef enum ExprContext { CTX_LOAD, CTX_STORE, CTX_DEL } ExprContext;

typedef enum BoolOp { BOOL_AND, BOOL_OR } BoolOp;

/* Enumerators are prefixed so that they can stand beside the VM's: BINOP_ADD, CMPOP_LT (types AstBinOp,
 * AstUnaryOp, AstCmpOp). */
typedef enum AstBinOp {
    BINOP_ADD,
    BINOP_SUB,
    BINOP_MULT,
    BINOP_MATMULT,
    BINOP_DIV,
    BINOP_MOD,
    BINOP_POW,
    BINOP_LSHIFT,
    BINOP_RSHIFT,
    BINOP_BITOR,
    BINOP_BITXOR,
    BINOP_BITAND,
    BINOP_FLOORDIV
} AstBinOp;

typedef enum AstUnaryOp { UNARY_INVERT, UNARY_NOT, UNARY_UADD, UNARY_USUB } AstUnaryOp;

typedef enum AstCmpOp {
    CMPOP_EQ,
    CMPOP_NOTEQ,
    CMPOP_LT,
    CMPOP_LTE,
    CMPOP_GT,
    CMPOP_GTE,
    CMPOP_IS,
    CMPOP_ISNOT,
    CMPOP_IN,
    CMPOP_NOTIN
} AstCmpOp;

typedef enum ConstKind {
    CONST_NONE,
    CONST_TRUE,
    CONST_FALSE,
    CONST_ELLIPSIS,
    CONST_INT,     /* str: digits without prefix and underscores; base: 2, 8, 10 or 16 */
    CONST_FLOAT,   /* number */
    CONST_COMPLEX, /* number: the imaginary part */
    CONST_STR,     /* str: UTF-8; a lone surrogate is its 3-byte generalised form */
    CONST_BYTES    /* str: the bytes */
} ConstKind;

typedef enum ExprKind {
    EXPR_BOOLOP,
    EXPR_NAMEDEXPR,
    EXPR_BINOP,
    EXPR_UNARYOP,
    EXPR_LAMBDA,
    EXPR_IFEXP,
    EXPR_DICT,
    EXPR_SET,
    EXPR_LISTCOMP,
    EXPR_SETCOMP,
    EXPR_DICTCOMP,
    EXPR_GENERATOREXP,
    EXPR_AWAIT,
    EXPR_YIELD,
    EXPR_YIELDFROM,
    EXPR_COMPARE,
    EXPR_CALL,
    EXPR_FORMATTEDVALUE,
    EXPR_JOINEDSTR,
    EXPR_CONSTANT,
    EXPR_ATTRIBUTE,
    EXPR_SUBSCRIPT,
    EXPR_STARRED,
    EXPR_NAME,
    EXPR_LIST,
    EXPR_TUPLE,
    EXPR_SLICE
} ExprKind;

struct Expr {
    uint8_t kind;          /* ExprKind */
    uint8_t ctx;           /* ExprContext: Attribute, Subscript, Starred, Name, List, Tuple */
    uint8_t parenthesized; /* written inside its own parentheses (a bare tuple has 0, "(1, 2)" has 1) */
    uint8_t mark;          /* strings: parse_string.c; operations: fold.c has found no constant in them */
    AST_SPAN;
    union {
        struct {
            uint8_t op;
            ExprSeq values;
        } bool_op;
        struct {
            Expr *target, *value;
        } named; /* target is a Name */
        struct {
            Expr *left, *right;
            uint8_t op;
        } binop;
        struct {
            Expr *operand;
            uint8_t op;
        } unary;
        struct {
            Arguments *args;
            Expr *body;
        } lambda;
        struct {
            Expr *test, *body, *orelse;
        } ifexp;
        struct {
            int n;
            Expr **keys, **values;
        } dict; /* keys[i] == NULL: **values[i] */
        struct {
            ExprSeq elts;
        } seq; /* Set, List, Tuple */
        struct {
            Expr *elt;
            ComprehensionSeq generators;
        } comp; /* ListComp, SetComp, GeneratorExp */
        struct {
            Expr *key, *value;
            ComprehensionSeq generators;
        } dictcomp;
        struct {
            Expr *value;
        } value; /* Await, Yield (may be NULL), YieldFrom, Starred */
        struct {
            Expr *left;
            int n;
            uint8_t *ops;
            Expr **comparators;
        } compare; /* ops: AstCmpOp */
        struct {
            Expr *func;
            ExprSeq args;
            KeywordSeq keywords;
        } call; /* Starred ones in args */
        /* conversion: -1, 's', 'r' or 'a'; format_spec: a JoinedStr or NULL */
        struct {
            Expr *value, *format_spec;
            int conversion;
        } formatted;
        struct {
            ExprSeq values;
        } joined; /* Constants (str) and FormattedValues */
        struct {
            uint8_t kind;     /* ConstKind */
            uint8_t base;     /* of an int */
            uint8_t u_prefix; /* a string written u"..." (first piece) */
            size_t length;    /* bytes in str, without the final NUL */
            union {
                const char *str;
                double number;
            };
        } constant;
        struct {
            Expr *value;
            const Name *attr;
            Span attr_span;
        } attribute;
        struct {
            Expr *value, *slice;
        } subscript;
        struct {
            const Name *id;
        } name;
        struct {
            Expr *lower, *upper, *step;
        } slice; /* each may be NULL */
    };
};

typedef enum StmtKind {
    STMT_FUNCTIONDEF,
    STMT_ASYNCFUNCTIONDEF,
    STMT_CLASSDEF,
    STMT_RETURN,
    STMT_DELETE,
    STMT_ASSIGN,
    STMT_TYPEALIAS,
    STMT_AUGASSIGN,
    STMT_ANNASSIGN,
    STMT_FOR,
    STMT_ASYNCFOR,
    STMT_WHILE,
    STMT_IF,
    STMT_WITH,
    STMT_ASYNCWITH,
    STMT_MATCH,
    STMT_RAISE,
    STMT_TRY,
    STMT_TRYSTAR,
    STMT_ASSERT,
    STMT_IMPORT,
    STMT_IMPORTFROM,
    STMT_GLOBAL,
    STMT_NONLOCAL,
    STMT_EXPR,
    STMT_PASS,
    STMT_BREAK,
    STMT_CONTINUE
} StmtKind;

struct Stmt {
    uint8_t kind; /* StmtKind */
    AST_SPAN;
    union {
        struct { /* FunctionDef, AsyncFunctionDef */
            const Name *name;
            Arguments *args;
            StmtSeq body;
            ExprSeq decorators;
            Expr *returns;
            TypeParamSeq type_params;
        } func;
        struct {
            const Name *name;
            ExprSeq bases;
            KeywordSeq keywords;
            StmtSeq body;
            ExprSeq decorators;
            TypeParamSeq type_params;
        } class_def;
        struct {
            Expr *value;
        } expr; /* Return (may be NULL), Expr */
        struct {
            ExprSeq targets;
        } del;
        struct {
            ExprSeq targets;
            Expr *value;
        } assign;
        struct {
            Expr *name;
            TypeParamSeq type_params;
            Expr *value;
        } type_alias; /* name is a Name */
        struct {
            Expr *target, *value;
            uint8_t op;
        } aug_assign; /* op: AstBinOp */
        struct {
            Expr *target, *annotation, *value;
            int simple;
        } ann_assign; /* value may be NULL */
        struct {
            Expr *target, *iter;
            StmtSeq body, orelse;
        } for_stmt; /* For, AsyncFor */
        struct {
            Expr *test;
            StmtSeq body, orelse;
        } while_stmt;
        struct {
            Expr *test;
            StmtSeq body, orelse;
        } if_stmt;
        struct {
            WithItemSeq items;
            StmtSeq body;
        } with; /* With, AsyncWith */
        struct {
            Expr *subject;
            MatchCaseSeq cases;
        } match;
        struct {
            Expr *exc, *cause;
        } raise;
        struct {
            StmtSeq body;
            ExceptHandlerSeq handlers;
            StmtSeq orelse, finalbody;
        } try_stmt; /* + TryStar */
        struct {
            Expr *test, *msg;
        } assert_stmt;
        struct {
            AliasSeq names;
        } import;
        /* module NULL: "from . import x"; dotted names hold their dots */
        struct {
            const Name *module;
            AliasSeq names;
            int level;
        } import_from;
        struct {
            NameSeq names;
        } global; /* Global, Nonlocal */
    };
};

typedef enum PatternKind {
    PATTERN_MATCHVALUE,
    PATTERN_MATCHSINGLETON,
    PATTERN_MATCHSEQUENCE,
    PATTERN_MATCHMAPPING,
    PATTERN_MATCHCLASS,
    PATTERN_MATCHSTAR,
    PATTERN_MATCHAS,
    PATTERN_MATCHOR
} PatternKind;

struct Pattern {
    uint8_t kind; /* PatternKind */
    AST_SPAN;
    union {
        struct {
            Expr *value;
        } value;
        struct {
            uint8_t value;
        } singleton; /* CONST_NONE, CONST_TRUE or CONST_FALSE */
        struct {
            PatternSeq patterns;
        } seq; /* MatchSequence, MatchOr */
        struct {
            ExprSeq keys;
            PatternSeq patterns;
            const Name *rest;
        } mapping; /* rest may be NULL */
        struct {
            Expr *cls;
            PatternSeq patterns;
            NameSeq kwd_attrs;
            PatternSeq kwd_patterns;
        } cls;
        struct {
            const Name *name;
        } star; /* NULL: "*_" */
        struct {
            Pattern *pattern;
            const Name *name;
        } as; /* both NULL: "_"; pattern NULL: capture */
    };
};

struct Comprehension {
    Expr *target, *iter;
    ExprSeq ifs;
    int is_async;
};

struct Keyword {
    const Name *arg;
    Expr *value;
    AST_SPAN;
}; /* arg NULL: **value */

struct Alias {
    const Name *name, *asname;
    AST_SPAN;
}; /* name may be dotted or "*" */

struct WithItem {
    Expr *context_expr, *optional_vars;
};

struct Arg {
    const Name *arg;
    Expr *annotation;
    AST_SPAN;
};

struct Arguments {
    ArgSeq posonlyargs, args, kwonlyargs;
    Arg *vararg, *kwarg;
    ExprSeq kw_defaults; /* as many as kwonlyargs; NULL where there is no default */
    ExprSeq defaults;    /* for the last positional parameters */
};

struct ExceptHandler {
    Expr *type;
    const Name *name;
    StmtSeq body;
    AST_SPAN;
};

struct MatchCase {
    Pattern *pattern;
    Expr *guard;
    StmtSeq body;
};

typedef enum TypeParamKind { TYPEPARAM_TYPEVAR, TYPEPARAM_PARAMSPEC, TYPEPARAM_TYPEVARTUPLE } TypeParamKind;

struct TypeParam {
    uint8_t kind; /* TypeParamKind */
    AST_SPAN;
    const Name *name;
    Expr *bound;         /* TypeVar only, may be NULL */
    Expr *default_value; /* may be NULL */
};

typedef enum ModuleKind { MODULE_FILE, MODULE_EXPRESSION, MODULE_INTERACTIVE } ModuleKind;

typedef struct AstModule {
    uint8_t kind;     /* ModuleKind */
    StmtSeq body;     /* FILE, INTERACTIVE */
    Expr *expression; /* EXPRESSION */
    const char *text; /* the decoded source the positions refer to: UTF-8, in the arena, NUL at the end */
    size_t text_length;
} AstModule;

/* The names used by the ast module: "BinOp", "FunctionDef", "MatchStar", "Add", ... (ast.c) */
const char *ast_expr_name(int expr_kind);
const char *ast_stmt_name(int stmt_kind);
const char *ast_pattern_name(int pattern_kind);
const char *ast_binop_name(int op);
const char *ast_unaryop_name(int op);
const char *ast_cmpop_name(int op);

/* The phrase used in messages such as "cannot assign to %s": "function call", "literal", "True", "f-string
 * expression"... (never NULL) */
const char *ast_expr_phrase(const Expr *expr);

/* ast_dump.c: the text of CPython's ast.dump(tree, include_attributes=...), made with the arena's
 * allocator; NULL when memory is refused or the tree is too deep. The caller frees it with
 * arena_realloc_raw(arena, p, size, 0), *size being the allocated size and *length the text's. */
char *ast_dump(Arena *arena, const AstModule *module, int attributes, size_t *length, size_t *size);

#endif
