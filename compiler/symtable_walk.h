/* What the files of the first pass share: symtable.c (scopes and names), symtable_expr.c, symtable_stmt.c. */
#ifndef COVE_SYMTABLE_WALK_H
#define COVE_SYMTABLE_WALK_H

#include "compiler/symtable.h"

typedef struct SymtableWalk {
    Compiler *c;
    Scope *scope; /* innermost */
    const Name *private;
    const Map *mangled_only; /* see Scope */
} SymtableWalk;

/* Scopes. Which of its scopes a node's is: SCOPE_OF_*. NULL: failed. */
Scope *symtable_enter(SymtableWalk *b, ScopeKind kind, NameId name, const void *node, int which, Span span);
void symtable_leave(SymtableWalk *b);
void symtable_forget(SymtableWalk *b); /* leaves a scope that is only checked: nothing remains of it */

/* Notes a use or binding (SYM_*) of a name: a fixed one, or one of the text, which may be private. */
void symtable_add_id(SymtableWalk *b, Scope *scope, NameId id, unsigned flag, const Span *at);
void symtable_add_name(SymtableWalk *b, const Name *name, unsigned flag, const Span *at);
NameId symtable_name_id(SymtableWalk *b, const Name *name);

void symtable_visit_expr(SymtableWalk *b, const Expr *e);
void symtable_visit_exprs(SymtableWalk *b, ExprSeq seq);
void symtable_visit_params(SymtableWalk *b, const Arguments *args);
void symtable_visit_stmt(SymtableWalk *b, const Stmt *s);
void symtable_visit_body(SymtableWalk *b, StmtSeq body);

#endif
