/* Functions and classes of the host, as the files behind them see them. */
#ifndef COVE_API_NATIVE_H
#define COVE_API_NATIVE_H

#include "api/api.h"

/* A function of the host behind a Native, whose spec is the first member. Lives as long as the VM. */
typedef struct HostFunction {
    MethodSpec spec;
    cove_native_fn fn;
    void *user;
} HostFunction;

/* NULL with an exception: no memory, or a signature that makes no sense. */
HostFunction *host_function_new(VM *vm, const cove_function_def *def);

#endif
