/* What a VM's host lets scripts reach of the world outside: bits of vm->grants, the same as enum cove_grant of
 * cove.h. */
#ifndef COVE_STDLIB_GRANTS_H
#define COVE_STDLIB_GRANTS_H

#include "runtime/grants.h"
#include "runtime/vm.h"

/* False with PermissionError if what is asked for has not been granted. One bit at a time. */
bool grant_check(VM *vm, uint32_t grant) MUST_CHECK;
/* A native module has been filled: those of its functions that need what is not granted are replaced. */
void grants_apply(VM *vm, Value module, const char *name);

#endif
