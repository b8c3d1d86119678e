/* Code generation: tree -> instructions. The stages share the conventions written here.
 *
 * gen_expr(c, e, dst) computes e. dst is a local register, DST_TEMP (the next temporary), or DST_ANY (wherever it is
 * already, or the next temporary); the result says which register it was. A local destination is written by the last
 * instruction only. Reading a temporary consumes it: c->unit->top is set back by whoever emits the reading
 * instruction. Every function returns at once when c->failed is set; register numbers are then meaningless. */
#ifndef COVE_GEN_H
#define COVE_GEN_H

#include "compiler/regs.h"

/* gen.c: names, units, modules */
typedef enum AccessKind {
    ACCESS_LOCAL,
    ACCESS_CELL,
    ACCESS_FREE,
    ACCESS_GLOBAL,
    ACCESS_NAME,
    ACCESS_CLASS_FREE,
    ACCESS_DICT_OR_GLOBALS,
    ACCESS_DICT_OR_FREE
} AccessKind;
typedef struct Access {
    uint8_t kind;
    int index; /* register of a local or cell, number of a free variable */
    NameId id;
} Access;
Access gen_access(Compiler *c, NameId id);
NameId gen_id(Compiler *c, const Name *name); /* mangled for the present class */
int gen_load_id(Compiler *c, NameId id, int dst, const Span *at);
void gen_store_id(Compiler *c, NameId id, int reg, const Span *at);
void gen_delete_id(Compiler *c, NameId id, const Span *at);
/* The local register that an assignment to the name may write directly, or -1. */
int gen_local_of(Compiler *c, NameId id);
bool gen_forbidden_name(Compiler *c, NameId id, ExprContext ctx, const Span *at); /* __debug__ */
int gen_const(Compiler *c, Value value, int dst, const Span *at);                 /* LOADK; consumes value */
/* Makes the function of a finished code object: temporaries from `base` on hold what `flags` says, without the
 * closure. */
int gen_make_function(Compiler *c, Value code, Scope *scope, int base, int flags, int dst, const Span *at);
bool gen_enter(Compiler *c, Scope *scope, NameId name, int firstlineno);
Value gen_leave(Compiler *c, uint32_t flags, const Arguments *args);
uint32_t gen_function_flags(const Scope *scope);
Value gen_module(Compiler *c);
void gen_body(Compiler *c, StmtSeq body);
/* docstring.c: owned str, or 0 when the body has no docstring */
Value gen_docstring(Compiler *c, StmtSeq body);
bool gen_is_docstring(StmtSeq body);
void gen_static_attribute(Compiler *c, const Expr *target);

/* gen_expr.c */
int gen_expr(Compiler *c, const Expr *e, int dst);
static inline int gen_any(Compiler *c, const Expr *e) { return gen_expr(c, e, DST_ANY); }
static inline int gen_temp(Compiler *c, const Expr *e) { return gen_expr(c, e, DST_TEMP); }
/* A plain local is copied if the expression evaluated after it may bind it again. */
int gen_operand(Compiler *c, const Expr *e, const Expr *later);
void gen_effect(Compiler *c, const Expr *e);              /* value not wanted */
void gen_store(Compiler *c, const Expr *target, int reg); /* reg is consumed if temporary */
void gen_delete(Compiler *c, const Expr *target);
void gen_assign(Compiler *c, const Stmt *s);
void gen_aug_assign(Compiler *c, const Stmt *s);
int gen_move(Compiler *c, int reg, int dst, const Span *at); /* a value that is in reg, to where it is wanted */
int gen_await(Compiler *c, int reg, int how, int dst, const Span *at);
/* May the present code await: is it an async function, a generator expression, or a module for which that is allowed?
 */
bool gen_may_await(const Compiler *c);
/* index of the constant if e is one that fits a K operand, else -1 */
int gen_k_operand(Compiler *c, const Expr *e);
int gen_binary_op(int ast_op);
/* Position of an attribute access or of the call e of an attribute. */
Span gen_attribute_span(const Expr *e, const Expr *attribute);

/* gen_cond.c: conditions, comparisons, and/or, if-expressions */
void gen_jump_if(Compiler *c, const Expr *e, int label, bool when);
int gen_compare(Compiler *c, const Expr *e, int dst);
int gen_bool_op(Compiler *c, const Expr *e, int dst);
int gen_if_exp(Compiler *c, const Expr *e, int dst);

/* gen_call.c, gen_display.c */
int gen_call(Compiler *c, const Expr *e, int dst);
/* Finishes a call whose callee is in temporary `base`, with `first` arguments already behind it. */
int gen_call_rest(Compiler *c, int base, int first, ExprSeq args, KeywordSeq keywords, NameId extra, int dst,
                  const Span *at);
int gen_super_attribute(Compiler *c, const Expr *e, int dst); /* -1: not of that form */
int gen_sequence(Compiler *c, const Expr *e, int dst);
int gen_dict(Compiler *c, const Expr *e, int dst);
int gen_joined(Compiler *c, const Expr *e, int dst);
int gen_formatted(Compiler *c, const Expr *e, int dst);

/* gen_comp.c */
int gen_comprehension(Compiler *c, const Expr *e, int dst);
int gen_iterable(Compiler *c, const Expr *e, int dst); /* a list display becomes a tuple */

/* gen_def.c */
int gen_lambda(Compiler *c, const Expr *e, int dst);
void gen_function(Compiler *c, const Stmt *s);
void gen_class(Compiler *c, const Stmt *s);
void gen_type_alias(Compiler *c, const Stmt *s);
Value gen_annotation_text(Compiler *c, const Expr *annotation); /* constant for the future import */
int gen_annotation(Compiler *c, const Expr *annotation, int dst);

/* gen_stmt.c, gen_try.c, gen_match.c */
void gen_stmt(Compiler *c, const Stmt *s);
Block *gen_push_block(Compiler *c, BlockKind kind, int reg, const Span *at);
void gen_pop_block(Compiler *c);
void gen_unwind(Compiler *c, int keep); /* leaves the blocks above the first `keep` */
void gen_try(Compiler *c, const Stmt *s);
void gen_with(Compiler *c, const Stmt *s);
void gen_forget_handler_name(Compiler *c, NameId id, const Span *at);
void gen_with_exit(Compiler *c, const Block *block);
void gen_match(Compiler *c, const Stmt *s);

/* fold.c: constant of an expression; owned, 0 without exception if it is not constant. */
Value fold_expr(Compiler *c, const Expr *e);
Value fold_binary(Compiler *c, int op, Value left, Value right);
Value fold_constant(Compiler *c, const Expr *e);
int fold_truth(Compiler *c, const Expr *e); /* 1, 0, or -1: not known */

/* unparse.c: the source text of an expression; owned */
Value unparse_expr(Compiler *c, const Expr *e);

#endif
