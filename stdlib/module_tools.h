/* What native modules are filled with beside functions: numbers by name. */
#ifndef COVE_STDLIB_MODULE_TOOLS_H
#define COVE_STDLIB_MODULE_TOOLS_H

#include "runtime/vm.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

/* A row of a table of constants: CONSTANT(SIGINT). */
typedef struct ModuleConstant {
    const char *name;
    int64_t value;
} ModuleConstant;
#define CONSTANT(name)                                                                                               \
    { #name, name }

bool module_add_constants(VM *vm, Value module, const ModuleConstant *rows, size_t n);

#endif
