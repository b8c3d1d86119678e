/* The interpreter loop with tracing: eval_traced. See trace.h. */
#define EVAL_TRACED
#include "interp/eval.c"
