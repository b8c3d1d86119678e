/* Traceback objects: one entry per frame an exception passed through, innermost last. */
#ifndef COVE_INTERP_TRACEBACK_H
#define COVE_INTERP_TRACEBACK_H

#include "interp/frame.h"

typedef struct Traceback {
    Object header;
    Value next;    /* Traceback towards the place of the error, or 0 */
    Value frame;   /* FrameObject */
    Code *code;    /* borrowed from the frame object */
    int32_t lasti; /* word index */
    int32_t line;  /* -1: computed from lasti */
} Traceback;

/* Puts an entry for `f` (at f->pc) in front of the pending exception's traceback. Keeps the exception if memory is
 * short. */
void traceback_add(VM *vm, Frame *f);
/* Writes the standard report of an uncaught exception. */
bool traceback_print(VM *vm, Value exc, bool (*write)(VM *, void *user, const char *text, size_t n), void *user);

#endif
