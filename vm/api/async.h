/* What the files of the asynchronous part of the API share. */
#ifndef COVE_API_ASYNC_H
#define COVE_API_ASYNC_H

#include "api/api.h"

/* A callable that scripts' machinery holds and that calls C with its first argument (borrowed, and anything that a
 * script likes); owned. fn says whether it has been called for good: it is not called again. release(user) is called
 * when nobody can call it any more. */
typedef bool (*CallbackFn)(VM *vm, void *user, void *second, Value arg);
Value callback_new(VM *vm, CallbackFn fn, void *user, void *second, void (*release)(void *user));

Value host_loop(VM *vm); /* made on first use; borrowed */
/* Has the loop wake up for what other threads post. */
bool loop_watches_mailbox(VM *vm, Value loop);
bool future_on_done(VM *vm, Value future, Value callback);

#endif
