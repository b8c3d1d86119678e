/* Filling native modules. */
#include "stdlib/module_tools.h"

bool module_add_constants(VM *vm, Value module, const ModuleConstant *rows, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!module_add(vm, module, rows[i].name, int_from_int64(vm, rows[i].value)))
            return false;
    }
    return true;
}
