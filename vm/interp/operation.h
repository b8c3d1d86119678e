/* Operations of script classes, run as frames of the loop. See operation.c. */
#ifndef COVE_INTERP_OPERATION_H
#define COVE_INTERP_OPERATION_H

#include "interp/frame.h"

/* Begins the operation of instruction `ins` of the running frame, whose pc stands behind it and its caches. Its
 * result, owned; or 0, with a frame to enter in *callee (NULL before the call) or with an exception. Operands are
 * left alone. */
Value operation_start(VM *vm, Frame *f, Instr ins, Frame **callee);
/* Goes on with the result (consumed) of a frame that was pushed so and has ended, with its dst and aux; *ins becomes
 * the instruction. */
Value operation_resume(VM *vm, Frame *f, unsigned dst, unsigned aux, Value result, Instr *ins, Frame **callee);
/* Ends the instruction with its result (consumed): drops operands, writes the destination. The pc to go on at; NULL
 * with an exception. */
const Instr *operation_finish(VM *vm, Frame *f, Instr ins, Value result);
/* Pushes a frame for a script function that takes exactly these arguments (borrowed), to be run in front of f. NULL
 * without an exception when the function is not that simple, with one when there is no room. */
Frame *operation_push(VM *vm, Frame *f, Value function, Value *args, size_t nargs, ReturnKind ret);

#endif
