/* Reading the signature strings of MethodSpec and TypeSpec ("sub, start=None, end=None, /"). */
#ifndef COVE_OBJECT_SIGNATURE_H
#define COVE_OBJECT_SIGNATURE_H

#include "object/object.h"

typedef enum SigMark { SIG_PARAM, SIG_SLASH, SIG_STAR, SIG_ARGS, SIG_KWARGS } SigMark;
typedef struct SigItem {
    SigMark mark;
    const char *name;
    size_t len;
    bool optional;
} SigItem;
/* Reads the next item and moves *p behind it; false at the end. */
bool signature_next(const char **p, SigItem *item);

#define PARAMETERS_MAX 24 /* of a native function that does not bind its arguments itself */

typedef struct SigCounts {
    uint16_t nparams;     /* all of them, without *args and **kwargs */
    uint16_t npositional; /* that may be given by position */
    uint16_t nposonly;
    uint16_t min_positional; /* that may be given by position and have no default */
    uint16_t min_keyword;    /* keyword-only without default */
    bool raw;
} SigCounts;
void signature_count(const char *signature, SigCounts *c);

/* Binds arguments; `fn` (a callable, for messages) may be 0, then `name` is all that messages show. */
bool signature_bind(VM *vm, const char *name, Value fn, const char *signature, Value *args, size_t nargs,
                    Value kwnames, Value *out);

#endif
