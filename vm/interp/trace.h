/* What sys.settrace() and sys.setprofile() have called. A thread that is traced has INTERRUPT_TRACE set as long as it
 * holds the lock, so that the interpreter loop notices it at its next safe point; from there on the loop comes here
 * before each instruction. */
#ifndef COVE_INTERP_TRACE_H
#define COVE_INTERP_TRACE_H

#include "interp/frame.h"

/* How a loop starts to run a frame. */
enum EvalHow {
    EVAL_START, /* it is entered: called, or resumed with a value */
    EVAL_THROW, /* resumed with the pending exception */
    EVAL_GO_ON, /* between two of its instructions */
};
/* The interpreter loop: runs a frame (RET_EXIT) until it returns, yields or raises; status in
 * vm->thread->exit_status. EVAL_THROW: an exception is pending and is raised at the frame's pc. The frame is consumed
 * unless it is a generator's. */
Value eval_run(VM *vm, Frame *entry, int how);

/* Sets t->trace or t->profile (0: none); consumes function. */
void trace_set(VM *vm, Thread *t, Value *field, Value function);
/* Calls function(*args) with tracing on, also from a trace function. */
Value trace_call_traced(VM *vm, Value function, Value args);

/* A frame is traced from here on, which was entered before: the line that it is in has begun. */
void trace_begun(Frame *f);
/* False: a trace function has raised. */
bool trace_entered(VM *vm, Frame *f);
bool trace_instruction(VM *vm, Frame *f, const Instr *pc); /* about to be executed */
bool trace_returned(VM *vm, Frame *f, Value result);
bool trace_yielded(VM *vm, Frame *f, Value result); /* f and all that delegate to it */
void trace_raised(VM *vm, Frame *f);                /* an exception is pending, and one will be afterwards */
void trace_left(VM *vm, Frame *f);                  /* by the pending exception */
bool trace_stopped(VM *vm, Frame *f, Value result); /* a generator that f drives has returned */

#endif
