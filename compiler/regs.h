/* Registers: locals, temporaries, and which locals are known to hold a value. */
#ifndef COVE_REGS_H
#define COVE_REGS_H

#include "compiler/emit.h"
#include "compiler/symtable.h"

/* Wishes for the destination of an expression; a register number is a wish too (a local). */
enum { DST_ANY = -1, DST_TEMP = -2 };

/* Lays out the locals of the unit's frame: parameters, plain locals, cells, then those of comprehensions. */
bool regs_layout(Compiler *c);
int regs_push(Compiler *c);             /* a new temporary */
int regs_push_many(Compiler *c, int n); /* the first of n */
/* Where a result goes: the wanted local, or a new temporary. */
int regs_out(Compiler *c, int dst);
static inline bool regs_is_temp(const Compiler *c, int reg) { return reg >= c->unit->nlocals; }
/* The register of a plain local or cell, given on first use. */
int regs_of(Compiler *c, Symbol *symbol);
bool regs_known(const Compiler *c, int reg);
void regs_set_known(Compiler *c, int reg, bool known);

#endif
