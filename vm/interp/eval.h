/* Private to the interpreter: shared between eval.c and the slow halves. */
#ifndef COVE_INTERP_EVAL_H
#define COVE_INTERP_EVAL_H

#include "interp/frame.h"

/* A generator's yield leaves eval_run with this status instead of SEND_YIELD when the generator is an async one and
 * the value is its own (not one that an awaited object passes up). */
#define SEND_ASYNC_YIELD 2
/* The frames stay as they are, for a run that goes on later: runtime/limits.h. */
#define SEND_PAUSED 4

#endif
