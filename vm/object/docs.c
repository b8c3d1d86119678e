/* Docstrings that are seldom read and so not kept beside what they describe: the module _docs has them, and is loaded
 * when the first of them is asked for. */
#include "object/descr.h"
#include "runtime/vm.h"

Value doc_find(VM *vm, Value key) {
    Value name = key && vm->import_name ? str_intern_c(vm, "_docs") : VALUE_ERROR;
    Value module = name ? vm->import_name(vm, name, VALUE_NONE, VALUE_NONE, 0) : VALUE_ERROR;
    Value table = module ? attr_get_c(vm, module, "DOCS") : VALUE_ERROR;
    Value text = table && is_dict(table) ? incref(dict_get_str(vm, table, key)) : 0;
    decref(vm, table);
    decref(vm, module);
    decref(vm, name);
    decref(vm, key);
    if (error_pending(vm) && !error_matches(vm, vm->exc.ImportError))
        return VALUE_ERROR;
    error_clear(vm);
    return text ? text : VALUE_NONE;
}
