/* SyntaxWarnings for expressions that parse but can hardly be meant. */
#ifndef COVE_CHECK_H
#define COVE_CHECK_H

#include "compiler/gen.h"

void check_subscript(Compiler *c, const Expr *value, const Expr *index);
void check_call(Compiler *c, const Expr *callee);
void check_compare(Compiler *c, const Expr *e);
void check_assert(Compiler *c, const Stmt *s);

#endif
