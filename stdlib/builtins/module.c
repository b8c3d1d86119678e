/* The module builtins: puts together the functions, types, exceptions and constants that every script sees.
 *
 * It is made for every VM before anything else can run, so it only fills one dict; what takes longer (open's module,
 * the help texts) waits for its first use.
 */
#include "stdlib/builtins/builtins.h"

#include "runtime/suggestions.h"

Value keyword_argument(Value *args, size_t nargs, Value kwnames, const char *name) {
    size_t n = kwnames ? as_tuple(kwnames)->len : 0;
    for (size_t i = 0; i < n; i++) {
        if (str_equals_c(as_tuple(kwnames)->items[i], name))
            return args[nargs + i];
    }
    return 0;
}

bool keywords_known(VM *vm, const char *function, Value kwnames, const char *const *names) {
    size_t n = kwnames ? as_tuple(kwnames)->len : 0;
    for (size_t i = 0; i < n; i++) {
        Value name = as_tuple(kwnames)->items[i];
        size_t k = 0;
        while (names[k] && !str_equals_c(name, names[k]))
            k++;
        if (!names[k])
            return suggestion_unknown_keyword(vm, function, name, names);
    }
    return true;
}

static const struct {
    const char *name;
    size_t field; /* in Types */
} builtin_types[] = {
#define ROW(name, field)                                                                                             \
    { name, offsetof(Types, field) }
    ROW("bool", bool_),
    ROW("bytearray", bytearray),
    ROW("bytes", bytes),
    ROW("classmethod", classmethod),
    ROW("complex", complex_),
    ROW("dict", dict),
    ROW("enumerate", enumerate),
    ROW("filter", filter),
    ROW("float", float_),
    ROW("frozenset", frozenset),
    ROW("int", int_),
    ROW("list", list),
    ROW("map", map),
    ROW("memoryview", memoryview),
    ROW("object", object),
    ROW("property", property),
    ROW("range", range),
    ROW("reversed", reversed),
    ROW("set", set),
    ROW("slice", slice),
    ROW("staticmethod", staticmethod),
    ROW("str", str),
    ROW("super", super),
    ROW("tuple", tuple),
    ROW("type", type),
    ROW("zip", zip),
#undef ROW
};

static bool install_types(VM *vm, Value dict) {
    for (size_t i = 0; i < ARRAY_LEN(builtin_types); i++) {
        Type *t = *(Type **)((char *)&vm->types + builtin_types[i].field);
        if (!dict_set_c(vm, dict, builtin_types[i].name, type_value(t)))
            return false;
    }
#define EXCEPTION(class, ...)                                                                                        \
    if (!dict_set_str(vm, dict, vm->exc.class->name, type_value(vm->exc.class)))                                     \
        return false;
#include "object/exceptions.def"
#undef EXCEPTION
    return dict_set_c(vm, dict, "EnvironmentError", type_value(vm->exc.OSError)) &&
           dict_set_c(vm, dict, "IOError", type_value(vm->exc.OSError));
}

static bool install_constants(VM *vm, Value dict) {
    return dict_set_c(vm, dict, "None", VALUE_NONE) && dict_set_c(vm, dict, "True", VALUE_TRUE) &&
           dict_set_c(vm, dict, "False", VALUE_FALSE) && dict_set_c(vm, dict, "Ellipsis", VALUE_ELLIPSIS) &&
           dict_set_c(vm, dict, "NotImplemented", VALUE_NOTIMPL) &&
           dict_set_str(vm, dict, NAME(__debug__), from_bool(vm->flags.optimize == 0));
}

bool builtins_install(VM *vm) {
    Value module = module_new(vm, "builtins");
    if (!module)
        return false;
    vm->builtins_module = module;
    vm->builtins = incref(module_dict(module));
    Value doc = str_from_c(vm, "Functions, types and exceptions that every script sees without importing them.");
    bool ok = doc && dict_set_str(vm, vm->builtins, NAME(__doc__), doc);
    decref(vm, doc);
    return ok && module_add_functions(vm, module, builtins_object_methods) &&
           module_add_functions(vm, module, builtins_number_methods) &&
           module_add_functions(vm, module, builtins_iterate_methods) &&
           module_add_functions(vm, module, builtins_print_methods) &&
           module_add_functions(vm, module, builtins_run_methods) &&
           module_add_functions(vm, module, builtins_class_methods) && install_types(vm, vm->builtins) &&
           install_constants(vm, vm->builtins);
}
