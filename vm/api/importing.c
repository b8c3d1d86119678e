/* Modules of the host: a finder in sys.meta_path, behind the built-in modules and before files, which knows those
 * that cove_add_module() has registered and asks the host's search function for others. */
#include <stdio.h>

#include "api/api.h"
#include "interp/traceback_print.h"
#include "object/type.h"
#include "stdlib/import/frozen.h"
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

/* Finder and loader in one: as a loader it holds what it has found. */
typedef struct HostLoader {
    Object header;
    Value text, filename; /* of a source */
    const cove_module_def *def;
} HostLoader;

static const TypeSpec loader_spec;
static HostLoader *as_loader(Value v) { return (HostLoader *)as_obj(v); }

static HostLoader *loader_new(VM *vm) {
    Type *type = vm_type(vm, &loader_spec, NULL);
    return type == NULL ? NULL : object_alloc(vm, type, 0);
}

/* Asks the host: the loader of the module in *out (0: it is not there) and whether it is a package. */
static bool ask_host(VM *vm, Value name, Value *out, bool *package) {
    const cove_config *config = &vm->host->config;
    *out = 0;
    if (config->find_module == NULL)
        return true;
    cove_source source = {0};
    Callout callout = callout_begin(vm);
    int found = config->find_module(host_vm(vm), config->find_module_user, str_data(name), &source);
    Value ok = callout_end(vm, callout, handle(found < 0 ? 0 : VALUE_TRUE), "find_module");
    if (ok == 0 || found == 0)
        return ok != 0;
    HostLoader *loader = loader_new(vm);
    if (loader != NULL) {
        loader->text = api_source_text(vm, source.text, source.size);
        loader->filename = source.filename != NULL ? api_text(vm, source.filename, strlen(source.filename))
                                                   : str_printf(vm, "<%V>", name);
        *package = source.package;
        *out = from_obj(loader);
    }
    if (source.release != NULL)
        source.release(&source);
    if (loader == NULL || loader->text == 0 || loader->filename == 0) {
        decref(vm, *out);
        *out = 0;
        return false;
    }
    return true;
}

static bool known_module(VM *vm, Value name, Value *out) {
    *out = 0;
    Value address = vm->host->modules == 0 ? 0 : dict_get(vm, vm->host->modules, name);
    if (address == 0)
        return !error_pending(vm);
    HostLoader *loader = loader_new(vm);
    if (loader == NULL)
        return false;
    loader->def = (const cove_module_def *)((uintptr_t)as_small_int(address) << 3);
    *out = from_obj(loader);
    return true;
}

/* Is there a registered module below that one? Then it is a package. */
static bool has_children(VM *vm, Value name) {
    size_t pos = 0, n = as_str(name)->nbytes;
    Value key, value;
    while (vm->host->modules != 0 && dict_next(vm->host->modules, &pos, &key, &value))
        if (as_str(key)->nbytes > n && str_data(key)[n] == '.' && memcmp(str_data(key), str_data(name), n) == 0)
            return true;
    return false;
}

static Value find_spec(NATIVE_ARGS) {
    Value name = args[0], loader;
    if (!is_str(name))
        return raise_type(vm, "the name of a module must be a str, not %T", name);
    if (native_module_find(str_data(name)) != NULL || frozen_find(str_data(name)) != NULL)
        return VALUE_NONE;
    bool package = has_children(vm, name);
    if (!known_module(vm, name, &loader) || (loader == 0 && !ask_host(vm, name, &loader, &package)))
        return VALUE_ERROR;
    if (loader == 0 && !package)
        return VALUE_NONE;
    Value locations = package ? list_new(vm, 0) : 0;
    Value spec = package && locations == 0
                     ? VALUE_ERROR
                     : spec_new(vm, name, loader, loader == 0 ? 0 : as_loader(loader)->filename, locations);
    if (spec != 0 && loader != 0 && as_loader(loader)->filename != 0)
        ((ModuleSpec *)as_obj(spec))->has_location = true;
    decref(vm, locations);
    decref(vm, loader);
    return spec;
}

static Value create_module(NATIVE_ARGS) { return VALUE_NONE; }

static Value exec_module(NATIVE_ARGS) {
    HostLoader *loader = as_loader(self);
    Value module = args[0];
    if (!has_kind(module, KIND_MODULE))
        return raise_type(vm, "'%T' object is not a module", module);
    if (loader->def != NULL)
        return host_module_init(vm, module, loader->def) ? VALUE_NONE : VALUE_ERROR;
    if (loader->text == 0)
        return raisef(vm, vm->exc.ImportError, "this loader has nothing to load");
    Value dict = module_dict(module);
    Value code = vm->compile(vm, loader->text, loader->filename, "exec", 0, -1);
    bool ok = code != 0 && traceback_register_source(vm, loader->filename, loader->text) &&
              dict_set_str(vm, dict, NAME(__builtins__), vm->builtins);
    Value result = ok ? code_run(vm, code, dict, dict) : VALUE_ERROR;
    decref(vm, code);
    decref(vm, result);
    return result == 0 ? VALUE_ERROR : VALUE_NONE;
}

static void loader_dealloc(VM *vm, Object *self) {
    decref(vm, ((HostLoader *)self)->text);
    decref(vm, ((HostLoader *)self)->filename);
}

static const MethodSpec loader_methods[] = {
    {"find_spec", find_spec, "fullname, path=None, target=None", "Finds a module of the program.", 0},
    {"create_module", create_module, "spec", "Leaves the making of the module to the import system.", 0},
    {"exec_module", exec_module, "module", "Fills the module.", 0},
    {0},
};

static const TypeSpec loader_spec = {
    .name = "cove.loader",
    .doc = "Modules of the program that Cove is part of.",
    .size = sizeof(HostLoader),
    .flags = TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {.dealloc = loader_dealloc},
    .methods = loader_methods,
};

bool host_importer_install(VM *vm) {
    Value finders = dict_get_str(vm, vm->sys_dict, NAME(meta_path));
    HostLoader *finder = loader_new(vm);
    bool ok = finder != NULL && is_list(finders) && list_insert(vm, finders, 2, from_obj(finder));
    if (finder != NULL)
        obj_decref(vm, &finder->header);
    return ok;
}
