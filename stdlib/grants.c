/* Grants: the one place that says which functions of the native modules reach outside. */
#include "stdlib/grants.h"

bool grant_check(VM *vm, uint32_t grant) { return (vm->grants & grant) != 0; }
bool grants_apply(VM *vm, Value module, const char *name) { return true; }
