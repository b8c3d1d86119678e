/* The module _json. */
#include "stdlib/json/json.h"

bool mod_json_init(VM *vm, Value module) {
    Type *scanner = vm_type(vm, &json_scanner_spec, NULL), *encoder = vm_type(vm, &json_encoder_spec, NULL);
    return scanner && encoder && module_add(vm, module, "make_scanner", incref(type_value(scanner))) &&
           module_add(vm, module, "make_encoder", incref(type_value(encoder))) &&
           module_add_functions(vm, module, json_text_functions);
}
