/* What sys.settrace() and sys.setprofile() have called. The interpreter loop exists twice: eval_plain knows nothing
 * of tracing, eval_traced (eval_traced.c) tells the functions below what happens. A thread that is traced has
 * INTERRUPT_TRACE set as long as it holds the lock, so that eval_plain leaves for the other loop at its next safe
 * point; frames are not on the C stack, so the other loop goes on where the first one was. */
#ifndef COVE_INTERP_TRACE_H
#define COVE_INTERP_TRACE_H

#include "interp/frame.h"

/* How a loop starts to run a frame. */
enum EvalHow {
    EVAL_START, /* it is entered: called, or resumed with a value */
    EVAL_THROW, /* resumed with the pending exception */
    EVAL_GO_ON, /* between two of its instructions */
};
/* The status with which a loop ends when the other one is to go on, with the thread's frame; its result says how. */
#define SEND_SWITCH 3

Value eval_plain(VM *vm, Frame *entry, int how);
Value eval_traced(VM *vm, Frame *entry, int how);
/* Goes on in the other loop, and back, after one has ended with SEND_SWITCH. */
COLD Value eval_switched(VM *vm, Value result);
/* Runs a frame (RET_EXIT) until it returns, yields or raises; status in vm->thread->exit_status. EVAL_THROW: an
 * exception is pending and is raised at the frame's pc. The frame is consumed unless it is a generator's. */
static inline Value eval_run(VM *vm, Frame *entry, int how) {
    Value result = eval_plain(vm, entry, how);
    return unlikely(vm->thread->exit_status == SEND_SWITCH) ? eval_switched(vm, result) : result;
}
/* Leaves a loop for the other one. */
Value trace_switch(VM *vm, Frame *f, const Instr *pc, int how);

/* Sets t->trace or t->profile (0: none); consumes function. */
void trace_set(VM *vm, Thread *t, Value *field, Value function);
/* Calls function(*args) with tracing on, also from a trace function. */
Value trace_call_traced(VM *vm, Value function, Value args);

/* False: a trace function has raised. */
bool trace_entered(VM *vm, Frame *f);
bool trace_instruction(VM *vm, Frame *f, const Instr *pc); /* about to be executed */
bool trace_returned(VM *vm, Frame *f, Value result);
bool trace_yielded(VM *vm, Frame *f, Value result); /* f and all that delegate to it */
void trace_raised(VM *vm, Frame *f);                /* an exception is pending, and one will be afterwards */
void trace_left(VM *vm, Frame *f);                  /* by the pending exception */
bool trace_stopped(VM *vm, Frame *f, Value result); /* a generator that f drives has returned */

#endif
