/* The standard library's way into a VM.
 *
 * The VM itself names neither the compiler nor the import system: it reaches them through function pointers that are set
 * here, so that vm/ can be built and tested alone. Only builtins and sys are made at once; every other module waits until
 * it is imported.
 */
#include "stdlib/init.h"

#include "compiler/compile.h"
#include "stdlib/builtins/builtins.h"
#include "stdlib/import/importer.h"

const NativeModule native_modules[NATIVE_MODULES] = {
#define MODULE(name, init) {#name, init},
#include "stdlib/modules.def"
#undef MODULE
};

const NativeModule *native_module_find(const char *name) {
    for (size_t i = 0; i < NATIVE_MODULES; i++) {
        if (strcmp(native_modules[i].name, name) == 0)
            return &native_modules[i];
    }
    return NULL;
}

/* The C function behind a built-in, by which the interpreter recognises those it treats specially. */
static NativeFn builtin_function(VM *vm, const char *name) {
    Value f = dict_get_c(vm, vm->builtins, name);
    return has_kind(f, KIND_NATIVE) ? ((Native *)as_obj(f))->fn : NULL;
}

bool stdlib_install(VM *vm) {
    vm->compile = compile_source;
    vm->import_name = import_name;
    vm->import_from = import_from;
    vm->import_star = import_star;
    if (!builtins_install(vm) || !sys_install(vm))
        return false;
    if (!dict_set_c(vm, vm->modules, "builtins", vm->builtins_module) ||
        !dict_set_c(vm, vm->modules, "sys", vm->sys_module))
        return false;
    vm->next_function = builtin_function(vm, "next");
    vm->import_function = builtin_function(vm, "__import__");
    return importer_install(vm) && (vm->no_site || site_install(vm));
}

/* Flushes one of the standard files; true also when there is none, or it has been closed. */
static bool flush_standard(VM *vm, Value name) {
    Value file = vm->sys_dict ? dict_get_str(vm, vm->sys_dict, name) : 0;
    if (!file || is_none(file))
        return true;
    incref(file);
    Value closed;
    int found = attr_lookup(vm, file, NAME(closed), &closed);
    bool skip = found > 0 && truth(vm, closed) == 1;
    if (found > 0)
        decref(vm, closed);
    error_clear(vm);
    Value result = skip ? VALUE_NONE : call_method0(vm, file, NAME(flush));
    bool ok = result != 0;
    decref(vm, result);
    if (!ok && name == NAME(stdout))
        error_unraisable(vm, "Exception ignored on flushing sys.stdout", 0);
    else if (!ok)
        error_clear(vm); /* there is nowhere left to report it */
    decref(vm, file);
    return ok;
}

bool stdlib_finish(VM *vm) {
    atexit_run(vm);
    bool ok = flush_standard(vm, NAME(stdout));
    return flush_standard(vm, NAME(stderr)) && ok;
}
