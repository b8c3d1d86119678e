/* Functions and classes of the host, as the files behind them see them. */
#ifndef COVE_API_NATIVE_H
#define COVE_API_NATIVE_H

#include "api/api.h"
#include "object/signature.h"

/* A function of the host behind a Native, whose spec is the first member. Lives as long as the VM. */
typedef struct HostFunction {
    MethodSpec spec;
    cove_native_fn fn;
    void *user;
} HostFunction;

/* NULL with an exception: no memory, or a signature that makes no sense. */
HostFunction *host_function_new(VM *vm, const cove_function_def *def);
bool host_signature_check(VM *vm, const char *name, const char *signature);

/* collect.c */
typedef struct Collected {
    Value values[PARAMETERS_MAX]; /* one for each parameter, borrowed */
    size_t n;
    SigCounts counts;
    Value rest, options; /* of *args and **kwargs, owned; or 0 */
} Collected;
bool collect_is_needed(const char *signature);
/* Binds arguments; false with an exception, else to be given back with collected_drop(). */
bool collect(VM *vm, const char *name, const char *signature, Value *args, size_t nargs, Value kwnames, Collected *c);
void collected_drop(VM *vm, Collected *c);

/* class.c: sets an attribute of a class, if it is one of the host; else *done stays false. */
bool host_class_set(VM *vm, Value cls, Value name, Value v, bool *done);

#endif
