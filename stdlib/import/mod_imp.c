/* The module _imp: the types and functions of the import system from which the package importlib is made. */
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

#include "stdlib/import/frozen.h"

static bool want_str(VM *vm, Value v) { return is_str(v) || raise_type(vm, "name must be str, not %T", v); }

static Value imp_import(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_str(vm, args[0]) ? import_module(vm, args[0]) : VALUE_ERROR;
}

static Value imp_is_builtin(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_str(vm, args[0]) ? from_small_int(native_module_find(str_data(args[0])) != NULL) : VALUE_ERROR;
}

static Value imp_is_frozen(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_str(vm, args[0]) ? from_bool(frozen_find(str_data(args[0])) != NULL) : VALUE_ERROR;
}

static Value imp_frozen_names(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value list = list_new(vm, 0);
    for (size_t i = 0; list && i < frozen_modules_count; i++) {
        Value name = str_from_c(vm, frozen_modules[i].name);
        if (!name || !list_append_steal(vm, list, name)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
    }
    return list;
}

static Value imp_init_module(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return module_init_attributes(vm, args[0], args[1]) ? VALUE_NONE : VALUE_ERROR;
}

static Value imp_source_text(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!want_str(vm, args[0]))
        return VALUE_ERROR;
    Value text = vm->source_texts ? dict_get_str(vm, vm->source_texts, args[0]) : 0;
    return text ? incref(text) : VALUE_NONE;
}

/* The lock for everything at once, which scripts may take, is the one of the module without a name. */
static Value imp_acquire_lock(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return import_lock_take(vm, vm->empty_str) ? VALUE_NONE : VALUE_ERROR;
}

static Value imp_release_lock(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return import_lock_release(vm, vm->empty_str) ? VALUE_NONE : raise_runtime(vm, "not holding the import lock");
}

static Value imp_lock_held(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_bool(import_lock_held(vm, vm->empty_str));
}

static const MethodSpec imp_methods[] = {
    {"import_module", imp_import, "name, /", "Imports the module of an absolute name and returns it.", 0},
    {"is_builtin", imp_is_builtin, "name, /", "1 if there is a built-in module of that name.", 0},
    {"is_frozen", imp_is_frozen, "name, /", "Tells whether there is a frozen module of that name.", 0},
    {"_frozen_module_names", imp_frozen_names, "", "The names of all frozen modules, in order.", 0},
    {"init_module_attrs", imp_init_module, "module, spec, /", "Gives a module the attributes its spec tells.", 0},
    {"source_text", imp_source_text, "filename, /",
     "The source text of a file that is not on disk, such as <string>, or None.", 0},
    {"acquire_lock", imp_acquire_lock, "", "Takes the lock that tells other threads to leave modules alone.", 0},
    {"release_lock", imp_release_lock, "", "Gives the lock back.", 0},
    {"lock_held", imp_lock_held, "", "Tells whether somebody has the lock.", 0},
    {0},
};

static bool add_type(VM *vm, Value module, const char *name, Type *type) {
    return type && module_add(vm, module, name, incref(type_value(type)));
}

bool mod_imp_init(VM *vm, Value module) {
    return module_add_functions(vm, module, imp_methods) && add_type(vm, module, "ModuleSpec", spec_type(vm)) &&
           add_type(vm, module, "BuiltinImporter", builtin_importer_type(vm)) &&
           add_type(vm, module, "FrozenImporter", frozen_importer_type(vm)) &&
           add_type(vm, module, "PathFinder", path_finder_type(vm)) &&
           add_type(vm, module, "SourceFileLoader", source_loader_type(vm)) &&
           add_type(vm, module, "NamespaceLoader", namespace_loader_type(vm));
}
