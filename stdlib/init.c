/* The standard library's way into a VM.
 *
 * The VM itself names neither the compiler nor the import system: it reaches them through function pointers that are
 * set here, so that vm/ can be built and tested alone. Only builtins and sys are made at once; every other module
 * waits until it is imported.
 */
#include "stdlib/init.h"

#include "compiler/compile.h"
#include "runtime/signals.h"
#include "stdlib/builtins/builtins.h"
#include "stdlib/import/importer.h"

const NativeModule *native_module_find(const char *name) {
    for (size_t i = 0; i < NATIVE_MODULES; i++) {
        if (native_modules[i].name != NULL && strcmp(native_modules[i].name, name) == 0)
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
    vm->import_function = builtin_function(vm, "__import__");
    if (!importer_install(vm) || (!vm->flags.no_site && !site_install(vm)))
        return false;
    gc_settle(vm);
    return true;
}

VM *stdlib_vm_create(const VmSetup *setup, void (*prepare)(VM *vm, const void *options), const void *options) {
    VM *vm = vm_create(setup);
    if (vm == NULL)
        return NULL;
    if (prepare != NULL)
        prepare(vm, options);
    if (stdlib_install(vm) && io_setup_std(vm))
        return vm;
    vm_destroy(vm);
    return NULL;
}

static bool set_main(VM *vm, Value dict, const char *name, Value value) {
    bool ok = value && dict_set_c(vm, dict, name, value);
    decref(vm, value);
    return ok;
}

Value stdlib_main_module(VM *vm) {
    Value module = module_new(vm, "__main__");
    if (!module)
        return VALUE_ERROR;
    Value dict = module_dict(module);
    bool ok = dict_set_str(vm, vm->modules, NAME(__main__), module) &&
              set_main(vm, dict, "__builtins__", incref(vm->builtins_module)) &&
              set_main(vm, dict, "__annotations__", dict_new(vm)) && set_main(vm, dict, "__doc__", VALUE_NONE) &&
              set_main(vm, dict, "__package__", VALUE_NONE) && set_main(vm, dict, "__spec__", VALUE_NONE) &&
              set_main(vm, dict, "__loader__", incref(type_value(builtin_importer_type(vm))));
    decref(vm, module); /* sys.modules keeps it */
    return ok ? dict : VALUE_ERROR;
}

/* Flushes one of the standard files; true also when there is none, or it has been closed. */
static bool flush_standard(VM *vm, Value name) {
    Value file = vm->sys_dict ? dict_get_str(vm, vm->sys_dict, name) : 0;
    if (!file || is_none(file))
        return true;
    incref(file);
    bool ok;
    if (io_is_direct(vm, file)) {
        ok = io_flush_fast(vm, file);
    } else {
        Value closed;
        int found = attr_lookup(vm, file, NAME(closed), &closed);
        bool skip = found > 0 && truth(vm, closed) == 1;
        if (found > 0)
            decref(vm, closed);
        error_clear(vm);
        Value result = skip ? VALUE_NONE : call_method0(vm, file, NAME(flush));
        ok = result != 0;
        decref(vm, result);
    }
    if (!ok && name == NAME(stdout))
        error_unraisable(vm, "Exception ignored on flushing sys.stdout", 0);
    else if (!ok)
        error_clear(vm); /* there is nowhere left to report it */
    decref(vm, file);
    return ok;
}

bool stdlib_flush(VM *vm) {
    bool ok = flush_standard(vm, NAME(stdout));
    return flush_standard(vm, NAME(stderr)) && ok;
}

/* Gives up the variables of a module: those with a leading underscore first, then the others, in order of definition;
 * each becomes None, so that a finalizer that still runs finds a name and not a NameError. */
static void module_give_up(VM *vm, Value dict) {
    for (int underscored = 1; underscored >= 0; underscored--) {
        Value names = list_new(vm, 0), key, value;
        for (size_t pos = 0; names != 0 && dict_next(dict, &pos, &key, &value);)
            if (is_str(key) && value != VALUE_NONE && (str_data(key)[0] == '_') == underscored &&
                key != NAME(__builtins__))
                list_append(vm, names, key);
        for (size_t i = 0; names != 0 && i < as_list(names)->len; i++)
            dict_set_str(vm, dict, as_list(names)->items[i], VALUE_NONE);
        decref(vm, names);
        error_clear(vm);
    }
}

/* What the prompt and reports keep for a later look, which may be all of a script's frames. */
static void last_values_give_up(VM *vm) {
    static const char *const names[] = {"last_exc", "last_type", "last_value", "last_traceback"};
    if (vm->builtins && dict_get_c(vm, vm->builtins, "_"))
        dict_set_c(vm, vm->builtins, "_", VALUE_NONE);
    for (size_t i = 0; i < ARRAY_LEN(names) && sys_get(vm, names[i]); i++)
        sys_set(vm, names[i], VALUE_NONE);
    error_clear(vm);
}

/* Files that a script put in the place of the standard ones go like its other things. */
static void streams_restore(VM *vm) {
    static const char *const names[][2] = {
        {"stdin", "__stdin__"}, {"stdout", "__stdout__"}, {"stderr", "__stderr__"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Value original = sys_get(vm, names[i][1]);
        sys_set(vm, names[i][0], original != 0 ? incref(original) : VALUE_NONE);
    }
    error_clear(vm);
}

/* What scripts left behind is finalized while everything it may use still works: first what is garbage and
 * was made lately, which also puts what is alive in the order in which it is finalized (vm/mem/gc.c). Then the
 * script's module goes as a whole, by its count or, since its functions refer to it, as a cycle whose finalizers run
 * before anything is cut. Then the other modules give up their variables, but for sys and builtins. */
static void modules_finish(VM *vm) {
    if (vm->gc.enabled)
        gc_collect(vm, GC_GENERATIONS - 2);
    last_values_give_up(vm);
    streams_restore(vm);
    Value main = incref(dict_get_str(vm, vm->modules, NAME(__main__))), key, value;
    if (has_kind(main, KIND_MODULE) && dict_delete(vm, vm->modules, NAME(__main__)) > 0 && as_obj(main)->refcount > 1)
        module_give_up(vm, module_dict(main));
    error_clear(vm);
    decref(vm, main);
    gc_collect(vm, GC_GENERATIONS - 1);
    Value all = list_new(vm, 0);
    for (size_t pos = 0; all != 0 && dict_next(vm->modules, &pos, &key, &value);)
        if (has_kind(value, KIND_MODULE) && value != vm->sys_module && value != vm->builtins_module &&
            !(is_str(key) && native_module_find(str_data(key)) != NULL))
            list_append(vm, all, value);
    vm->finalizing = true;
    for (size_t i = all == 0 ? 0 : as_list(all)->len; i > 0; i--)
        module_give_up(vm, module_dict(as_list(all)->items[i - 1]));
    bool any = all != 0 && as_list(all)->len > 0;
    decref(vm, all);
    error_clear(vm);
    if (any)
        gc_collect(vm, GC_GENERATIONS - 1);
}

/* The program goes on until all its threads have ended, but for daemons. */
static void threads_finish(VM *vm) {
    Value threading = incref(dict_get_c(vm, vm->modules, "threading"));
    Value name = threading == 0 ? 0 : str_from_c(vm, "_shutdown");
    Value result = name == 0 ? VALUE_NONE : call_method0(vm, threading, name);
    if (result == 0)
        error_unraisable(vm, "Exception ignored on threading shutdown", threading);
    decref(vm, result);
    decref(vm, name);
    decref(vm, threading);
    error_clear(vm);
}

bool stdlib_finish(VM *vm) {
    threads_finish(vm);
    atexit_run(vm);
    vm->threads_stopped = true;
    bool ok = flush_standard(vm, NAME(stdout));
    signals_finish(vm);
    modules_finish(vm);
    flush_standard(vm, NAME(__stdout__)); /* with what finalizers have written; quietly */
    flush_standard(vm, NAME(__stderr__));
    return ok;
}
