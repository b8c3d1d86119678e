/* Exception classes that native modules define. */
#include "stdlib/init.h"

Type *module_exception(VM *vm, const char *module, const char *name, Type *base, const char *doc) {
    Value text = str_intern_c(vm, name), bases = text ? tuple_pack(vm, 1, type_value(base)) : 0;
    Value namespace = bases ? dict_new(vm) : 0, home = namespace ? str_intern_c(vm, module) : 0;
    Value about = !home ? 0 : doc ? str_from_c(vm, doc) : VALUE_NONE, cls = 0;
    if (about && dict_set_c(vm, namespace, "__module__", home) &&
        (!doc || dict_set_c(vm, namespace, "__doc__", about)))
        cls = type_create(vm, vm->types.type, text, bases, namespace, NULL, 0);
    decref(vm, text);
    decref(vm, bases);
    decref(vm, namespace);
    decref(vm, home);
    decref(vm, about);
    return cls && vm_keep(vm, cls) ? as_type(cls) : NULL;
}
