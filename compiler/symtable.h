/* Symbol tables: which scope every name belongs to.
 *
 * A Scope is a region of the program with names of its own: module, class, function, comprehension, and the hidden
 * functions around type parameters. A comprehension that is not a generator expression runs in the frame of the scope
 * around it: its `frame` is that scope's, and its variables are hidden locals there. */
#ifndef COVE_SYMTABLE_H
#define COVE_SYMTABLE_H

#include "compiler/context.h"

typedef enum ScopeKind {
    SCOPE_MODULE,
    SCOPE_CLASS,
    SCOPE_FUNCTION,
    SCOPE_ANNOTATION /* only checked, under the future import */,
    SCOPE_TYPE_BOUND /* bound or default of a type parameter */,
    SCOPE_TYPE_ALIAS,
    SCOPE_TYPE_PARAMS
} ScopeKind;

typedef enum ComprehensionKind { COMP_NONE, COMP_LIST, COMP_DICT, COMP_SET, COMP_GENERATOR } ComprehensionKind;

enum SymbolFlags {
    SYM_GLOBAL = 1,
    SYM_LOCAL = 2,
    SYM_PARAM = 4,
    SYM_NONLOCAL = 8,
    SYM_USE = 16,
    SYM_ANNOTATED = 32,
    SYM_IMPORT = 64,
    SYM_COMP_ITER = 128,
    SYM_TYPE_PARAM = 256,
    SYM_DELETED = 512 /* somewhere in the scope */,
    SYM_BOUND = SYM_LOCAL | SYM_PARAM | SYM_IMPORT | SYM_TYPE_PARAM
};

typedef enum Where { WHERE_UNKNOWN, WHERE_LOCAL, WHERE_CELL, WHERE_FREE, WHERE_GLOBAL, WHERE_GLOBAL_IMPLICIT } Where;

typedef struct Symbol {
    NameId id;
    uint16_t flags;
    uint8_t where;
    int reg;              /* register of a local or cell, number of a free variable; -1: not given yet */
    struct Symbol *alias; /* the symbol of the same frame that this one stands for; of a closure's entry: the symbol
                             of the frame around */
    struct Symbol *next;
} Symbol;

typedef struct Directive { /* a global or nonlocal statement, for errors found later */
    NameId id;
    Span span;
    struct Directive *next;
} Directive;

typedef struct Scope {
    uint8_t kind, comprehension;
    bool generator, coroutine, varargs, varkeywords;
    bool async_def;                    /* written `async def` */
    bool nested;                       /* inside a function */
    bool comp_iter_target;             /* symtable building: visiting the target of a comprehension */
    uint8_t comp_iters;                /* symtable building: depth of comprehension iterables being visited */
    bool sees_class;                   /* annotation scope directly inside a class */
    bool needs_class, needs_classdict; /* a class whose __class__ or namespace inner scopes refer to */
    bool annotations;                  /* a module or class with annotated names */
    bool walrus;                       /* := binds names somewhere in the frame */
    NameId name;
    Span span;
    struct Scope *parent, *frame;
    struct Scope *first_child, *last_child, *next_sibling;
    Map map, free_map;
    Symbol *first, *last;           /* in order of appearance */
    Symbol *first_free, *last_free; /* variables of enclosing frames: what the closure holds */
    Symbol *class_cell, *classdict_cell;
    Directive *directives;
    const char *what;        /* annotation scopes: the words for messages */
    const Name *private;     /* class whose name mangles private names */
    const Map *mangled_only; /* around the bases of a generic class: the type parameters alone are mangled */
    Map type_params;         /* of a generic class: ids of its type parameters as they are written */
} Scope;

/* Builds and resolves the tables of c->module; c->top_scope is the result. */
bool symtable_build(Compiler *c);
/* The scope that an AST node opens; NULL if it has none. `which` distinguishes several scopes of one node. */
enum { SCOPE_OF_NODE, SCOPE_OF_TYPE_PARAMS, SCOPE_OF_DEFAULT };
Scope *symtable_scope(Compiler *c, const void *node, int which);
static inline Symbol *symtable_lookup(const Scope *scope, NameId id) {
    uint64_t *slot = map_find(&scope->map, id);
    return slot ? (Symbol *)(uintptr_t)*slot : NULL;
}
static inline bool scope_is_function(const Scope *scope) { return scope->kind >= SCOPE_FUNCTION; }
/* Comprehensions that run in the frame around them. */
static inline bool scope_is_inlined(const Scope *scope) {
    return scope->comprehension != COMP_NONE && scope->comprehension != COMP_GENERATOR;
}
/* symscope.c: decides where every name lives. */
bool symscope_resolve(Compiler *c);

#endif
