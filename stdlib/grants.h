/* What a VM's host lets scripts reach of the world outside: bits of vm->grants, the same as enum cove_grant of
 * cove.h. */
#ifndef COVE_STDLIB_GRANTS_H
#define COVE_STDLIB_GRANTS_H

#include "runtime/vm.h"

enum {
    GRANT_FILES = 1,
    GRANT_NETWORK = 2,
    GRANT_PROCESSES = 4,
    GRANT_ENVIRONMENT = 8,
    GRANT_CLOCK = 16,
    GRANT_THREADS = 32,
};

/* False with PermissionError if what is asked for has not been granted. One bit at a time. */
bool grant_check(VM *vm, uint32_t grant) MUST_CHECK;
/* A native module has been filled: its functions that need what is not granted are replaced by ones that say so. */
bool grants_apply(VM *vm, Value module, const char *name);

#endif
