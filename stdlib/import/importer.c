/* The import system: from a name in an import statement to a module in sys.modules.
 *
 * The order of search is that of sys.meta_path, which at first holds three finders written in C (built-in modules,
 * frozen ones, files along a path). They are met as what they are and called without detours; a finder or loader of
 * any other kind goes through the documented protocol (find_spec, create_module, exec_module), so scripts can add
 * their own and replace ours.
 *
 * A module stands in sys.modules while it is executed, marked by its spec as initializing: a circular import finds
 * the unfinished module, and the error messages can say so. A module that fails to initialize is removed again.
 */
#include <stdio.h>

#include "stdlib/import/importer.h"
#include "stdlib/init.h"

#include "interp/frame.h"

/* ---- module attributes ---- */

typedef struct SpecFacts { /* owned, None where the spec has nothing */
    Value name, loader, parent, locations, origin;
    bool has_location;
} SpecFacts;

static void facts_drop(VM *vm, SpecFacts *f) {
    Value owned[] = {f->name, f->loader, f->parent, f->locations, f->origin};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        decref(vm, owned[i]);
}

/* From our own kind of spec directly, from any other object by its attributes. */
static bool facts_read(VM *vm, Value spec, SpecFacts *f) {
    *f = (SpecFacts){0};
    if (is_module_spec(vm, spec) && !(as_obj(spec)->flags & OBJ_SUBTYPE)) {
        ModuleSpec *s = (ModuleSpec *)as_obj(spec);
        f->name = incref(s->name);
        f->loader = incref(s->loader);
        f->parent = spec_parent(vm, spec);
        f->locations = incref(s->locations);
        f->origin = incref(s->origin);
        f->has_location = s->has_location;
        return f->parent != 0;
    }
    Value flag = 0;
    bool ok = (f->name = spec_attribute(vm, spec, "name")) != 0 &&
              (f->loader = spec_attribute(vm, spec, "loader")) != 0 &&
              (f->parent = spec_attribute(vm, spec, "parent")) != 0 &&
              (f->locations = spec_attribute(vm, spec, "submodule_search_locations")) != 0 &&
              (flag = spec_attribute(vm, spec, "has_location")) != 0 &&
              (f->origin = spec_attribute(vm, spec, "origin")) != 0;
    int located = ok ? truth(vm, flag) : -1;
    decref(vm, flag);
    f->has_location = located > 0;
    return located >= 0;
}

static bool set_in_module(VM *vm, Value module, Value name, Value value) {
    return has_exact_kind(module, KIND_MODULE) ? dict_set_str(vm, module_dict(module), name, value)
                                               : attr_set(vm, module, name, value);
}

bool module_init_attributes(VM *vm, Value module, Value spec) {
    SpecFacts f;
    bool ok = facts_read(vm, spec, &f) && set_in_module(vm, module, NAME(__name__), f.name) &&
              set_in_module(vm, module, NAME(__loader__), f.loader) &&
              set_in_module(vm, module, NAME(__package__), f.parent) &&
              set_in_module(vm, module, NAME(__spec__), spec);
    if (ok && !is_none(f.locations))
        ok = set_in_module(vm, module, NAME(__path__), f.locations);
    if (ok && f.has_location && !is_none(f.origin))
        ok = set_in_module(vm, module, NAME(__file__), f.origin);
    facts_drop(vm, &f);
    return ok;
}

/* ---- finding ---- */

static Value ask_finder(VM *vm, Value finder, Value name, Value path) {
    if (finder == type_value(builtin_importer_type(vm)))
        return find_builtin(vm, name);
    if (finder == type_value(frozen_importer_type(vm)))
        return find_frozen_core(vm, name);
    if (finder == type_value(path_finder_type(vm)))
        return find_in_path(vm, name, path);
    Value find_spec = 0;
    int found = attr_lookup(vm, finder, NAME(find_spec), &find_spec);
    if (found <= 0)
        return found < 0 ? VALUE_ERROR : VALUE_NONE;
    Value spec = call3(vm, find_spec, name, path, VALUE_NONE);
    decref(vm, find_spec);
    return spec;
}

/* The spec of a module, VALUE_NONE if no finder knows it; owned. */
static Value find_spec(VM *vm, Value name, Value path) {
    Value finders = dict_get_str(vm, vm->sys_dict, NAME(meta_path));
    if (!finders || !is_list(finders))
        return raisef(vm, vm->exc.ImportError, "sys.meta_path is None, Python is likely shutting down");
    incref(finders);
    Value spec = VALUE_NONE;
    for (size_t i = 0; spec == VALUE_NONE && i < as_list(finders)->len; i++) {
        Value finder = incref(as_list(finders)->items[i]);
        spec = ask_finder(vm, finder, name, path);
        decref(vm, finder);
    }
    decref(vm, finders);
    return spec;
}

/* ---- loading ---- */

/* Which of our own loaders it is; SPEC_NONE for any other object. */
static SpecOrigin loader_kind(VM *vm, Value loader) {
    if (loader == type_value(builtin_importer_type(vm)))
        return SPEC_BUILTIN;
    if (loader == type_value(frozen_importer_type(vm)))
        return SPEC_FROZEN;
    if (!is_obj(loader))
        return SPEC_NONE;
    if (obj_type(as_obj(loader)) == source_loader_type(vm))
        return SPEC_SOURCE;
    return obj_type(as_obj(loader)) == namespace_loader_type(vm) ? SPEC_NAMESPACE : SPEC_NONE;
}

/* The new, still empty module. */
static Value module_create(VM *vm, Value name, Value spec, Value loader, SpecOrigin kind) {
    if (kind != SPEC_NONE || is_none(loader))
        return module_new_named(vm, name);
    Value create;
    int found = attr_lookup(vm, loader, NAME(create_module), &create);
    if (found < 0)
        return VALUE_ERROR;
    Value module = VALUE_NONE;
    if (found) {
        module = call1(vm, create, spec);
        decref(vm, create);
    } else {
        int executes = attr_has(vm, loader, NAME(exec_module));
        if (executes < 0)
            return VALUE_ERROR;
        if (executes)
            return raisef(vm, vm->exc.ImportError,
                          "loaders that define exec_module() must also define create_module()");
    }
    return is_none(module) ? module_new_named(vm, name) : module;
}

static bool module_execute(VM *vm, Value module, Value name, Value loader, SpecOrigin kind) {
    switch (kind) {
    case SPEC_BUILTIN:
        return module_execute_builtin(vm, module, name);
    case SPEC_FROZEN:
        return module_execute_frozen(vm, module, name);
    case SPEC_SOURCE:
        return module_execute_source(vm, module, source_loader_path(loader));
    case SPEC_NAMESPACE:
        return true;
    case SPEC_NONE:
        break;
    }
    if (is_none(loader)) { /* a namespace package by another finder has none */
        Value path;
        int found = attr_lookup(vm, module, NAME(__path__), &path);
        if (found > 0)
            decref(vm, path);
        return found > 0 || (found == 0 && raise_import(vm, vm->exc.ImportError, name, 0, "missing loader"));
    }
    Value result = call_method1(vm, loader, NAME(exec_module), module);
    decref(vm, result);
    return result != 0;
}

static bool set_initializing(VM *vm, Value spec, bool on) {
    if (is_module_spec(vm, spec)) {
        ((ModuleSpec *)as_obj(spec))->initializing = on;
        return true;
    }
    return attr_set(vm, spec, NAME(_initializing), from_bool(on));
}

/* Takes a failed module out of sys.modules, keeping the exception. */
static void forget_module(VM *vm, Value name) {
    Value failure = error_take(vm);
    dict_delete(vm, vm->modules, name);
    error_clear(vm);
    raise_steal(vm, failure);
}

/* Loaders of the old protocol put the module into sys.modules themselves. */
static Value load_legacy(VM *vm, Value name, Value loader) {
    Value result = call_method1(vm, loader, NAME(load_module), name);
    if (!result)
        return VALUE_ERROR;
    Value module = dict_get(vm, vm->modules, name);
    if (!module)
        return error_pending(vm) ? (decref(vm, result), VALUE_ERROR) : result;
    incref(module);
    decref(vm, result);
    return module;
}

static bool is_legacy_loader(VM *vm, Value loader) {
    return !is_none(loader) && attr_has(vm, loader, NAME(exec_module)) == 0 &&
           attr_has(vm, loader, NAME(load_module)) == 1;
}

/* The line of the option -v. It goes to the descriptor, as sys.stderr may not be there yet. */
static bool tell_import(VM *vm, Value name, Value loader) {
    Value line = str_printf(vm, "import %R # %R\n", name, loader);
    if (line != 0)
        fwrite(str_data(line), 1, as_str(line)->nbytes, stderr);
    decref(vm, line);
    return line != 0;
}

static Value load_spec(VM *vm, Value name, Value spec) {
    Value loader = spec_attribute(vm, spec, "loader");
    if (!loader)
        return VALUE_ERROR;
    SpecOrigin kind = loader_kind(vm, loader);
    if (kind == SPEC_NONE && is_legacy_loader(vm, loader)) {
        Value module = load_legacy(vm, name, loader);
        decref(vm, loader);
        return module;
    }
    Value module = module_create(vm, name, spec, loader, kind);
    bool ok = module && module_init_attributes(vm, module, spec) && set_initializing(vm, spec, true) &&
              dict_set(vm, vm->modules, name, module);
    if (ok) {
        ok = module_execute(vm, module, name, loader, kind);
        if (!ok)
            forget_module(vm, name);
        Value failure = error_take(vm);
        bool marked = set_initializing(vm, spec, false);
        if (failure)
            raise_steal(vm, failure);
        ok = ok && marked && (likely(vm->flags.verbose == 0) || tell_import(vm, name, loader));
    }
    decref(vm, loader);
    Value result = VALUE_ERROR;
    if (ok) { /* a module may have put something else in its place */
        result = dict_get(vm, vm->modules, name);
        if (!result && !error_pending(vm))
            raisef(vm, vm->exc.KeyError, "%V", name);
        incref(result);
    }
    decref(vm, module);
    return result;
}

/* ---- names ---- */

static Value not_found(VM *vm, Value name) {
    return raise_import(vm, vm->exc.ModuleNotFoundError, name, 0, "No module named %R", name);
}

/* The entry of sys.modules: owned, 0 without exception when there is none; None is an error. */
static Value loaded_module(VM *vm, Value name) {
    Value module = dict_get(vm, vm->modules, name);
    if (module && is_none(module))
        return raise_import(vm, vm->exc.ModuleNotFoundError, name, 0, "import of %V halted; None in sys.modules",
                            name);
    return incref(module);
}

static Value bind_in_parent(VM *vm, Value parent, Value child_name, Value module) {
    if (attr_set(vm, parent, child_name, module))
        return module;
    if (error_matches(vm, vm->exc.AttributeError)) {
        error_clear(vm);
        if (warn(vm, vm->exc.ImportWarning, 1, "Cannot set an attribute on %R for child module %R", parent,
                 child_name))
            return module;
    }
    decref(vm, module);
    return VALUE_ERROR;
}

static Value find_and_load_locked(VM *vm, Value name, Value parent, Value child_name) {
    Value path = VALUE_NONE;
    if (parent) {
        int found = attr_lookup(vm, parent, NAME(__path__), &path);
        if (found < 0)
            return VALUE_ERROR;
        if (!found) {
            size_t cut = as_str(name)->nbytes - as_str(child_name)->nbytes - 1;
            Value package = str_new(vm, str_data(name), cut);
            if (package)
                raise_import(vm, vm->exc.ModuleNotFoundError, name, 0, "No module named %R; %R is not a package",
                             name, package);
            decref(vm, package);
            return VALUE_ERROR;
        }
    }
    Value spec = find_spec(vm, name, path);
    decref(vm, path);
    if (!spec)
        return VALUE_ERROR;
    Value module = is_none(spec) ? not_found(vm, name) : load_spec(vm, name, spec);
    decref(vm, spec);
    return module && parent ? bind_in_parent(vm, parent, child_name, module) : module;
}

/* Imports name, whose parent (0: none) is imported already. */
static Value find_and_load(VM *vm, Value name, Value parent, Value child_name) {
    if (!import_lock_take(vm, name))
        return VALUE_ERROR;
    Value module = loaded_module(vm, name); /* another thread may have brought it in */
    if (!module && !error_pending(vm))
        module = find_and_load_locked(vm, name, parent, child_name);
    import_lock_release(vm, name);
    return module;
}

/* The entry of sys.modules as above; not until another thread that imports the module is done with it. */
static Value finished_module(VM *vm, Value name) {
    for (;;) {
        Value module = loaded_module(vm, name);
        if (!module || !vm->import_locks)
            return module;
        int waited = import_lock_wait(vm, name);
        if (waited == 0)
            return module;
        decref(vm, module);
        if (waited < 0)
            return VALUE_ERROR;
    }
}

static Value import_dotted(VM *vm, Value name, size_t dot) {
    Value parent_name = str_new(vm, str_data(name), dot);
    Value parent = parent_name ? import_module(vm, parent_name) : VALUE_ERROR;
    decref(vm, parent_name);
    if (!parent)
        return VALUE_ERROR;
    Value module = finished_module(vm, name); /* importing the parent may have brought it in */
    if (!module && !error_pending(vm)) {
        Value child = str_new(vm, str_data(name) + dot + 1, as_str(name)->nbytes - dot - 1);
        child = child ? str_intern(vm, child) : VALUE_ERROR;
        module = child ? find_and_load(vm, name, parent, child) : VALUE_ERROR;
        decref(vm, child);
    }
    decref(vm, parent);
    return module;
}

Value import_module(VM *vm, Value name) {
    Value module = finished_module(vm, name);
    if (module || error_pending(vm))
        return module;
    if (!native_enter(vm, " while importing a module"))
        return VALUE_ERROR;
    const char *text = str_data(name), *dot = strrchr(text, '.');
    module = dot ? import_dotted(vm, name, (size_t)(dot - text)) : find_and_load(vm, name, 0, 0);
    native_leave(vm);
    return module;
}

Value import_c(VM *vm, const char *name) {
    Value text = str_intern_c(vm, name);
    Value module = text ? import_module(vm, text) : VALUE_ERROR;
    decref(vm, text);
    return module;
}

/* ---- relative names ---- */

/* The package's name from the module's __name__, for modules that say nothing better; owned. */
static Value package_from_name(VM *vm, Value globals) {
    if (!warn(vm, vm->exc.ImportWarning, 1,
              "can't resolve package from __spec__ or __package__, falling back on __name__ and __path__"))
        return VALUE_ERROR;
    Value name = dict_get_str(vm, globals, NAME(__name__));
    if (!name)
        return raisef(vm, vm->exc.KeyError, "'__name__' not in globals");
    if (!is_str(name))
        return raise_type(vm, "__name__ must be a string");
    if (dict_get_str(vm, globals, NAME(__path__)))
        return incref(name);
    const char *dot = strrchr(str_data(name), '.');
    return dot ? str_new(vm, str_data(name), (size_t)(dot - str_data(name))) : incref(vm->empty_str);
}

static Value package_of(VM *vm, Value globals) {
    Value package = dict_get_str(vm, globals, NAME(__package__)), spec = dict_get_str(vm, globals, NAME(__spec__));
    bool has_package = package && !is_none(package), has_spec = spec && !is_none(spec);
    if (has_package && !is_str(package))
        return raise_type(vm, "package must be a string");
    if (!has_package && !has_spec)
        return package_from_name(vm, globals);
    if (!has_spec)
        return incref(package);
    incref(package);
    Value parent = attr_get_c(vm, spec, "parent");
    if (parent && has_package) {
        int same = value_equal(vm, parent, package);
        if (same == 0 && !warn(vm, vm->exc.DeprecationWarning, 1, "__package__ != __spec__.parent"))
            same = -1;
        decref(vm, parent);
        if (same < 0) {
            decref(vm, package);
            return VALUE_ERROR;
        }
        return package;
    }
    decref(vm, package);
    if (parent && !is_str(parent)) {
        decref(vm, parent);
        return raise_type(vm, "__spec__.parent must be a string");
    }
    return parent;
}

static Value resolve_relative(VM *vm, Value name, Value globals, int level) {
    if (!globals || !is_dict(globals))
        return !globals || is_none(globals) ? raisef(vm, vm->exc.KeyError, "'__name__' not in globals")
                                            : raise_type(vm, "globals must be a dict");
    Value package = package_of(vm, globals);
    if (!package)
        return VALUE_ERROR;
    size_t n = as_str(package)->nbytes;
    const char *text = str_data(package);
    Value result = VALUE_ERROR;
    if (n == 0) {
        raisef(vm, vm->exc.ImportError, "attempted relative import with no known parent package");
    } else {
        for (; level > 1 && n > 0; level--) {
            do
                n--;
            while (n > 0 && text[n] != '.');
        }
        if (n == 0)
            raisef(vm, vm->exc.ImportError, "attempted relative import beyond top-level package");
        else if (as_str(name)->nbytes == 0)
            result = str_new(vm, text, n);
        else {
            Value base = str_new(vm, text, n);
            result = base ? str_printf(vm, "%V.%V", base, name) : VALUE_ERROR;
            decref(vm, base);
        }
    }
    decref(vm, package);
    return result;
}

/* ---- fromlist ---- */

static bool fromlist_type_error(VM *vm, Value module, Value item, bool from_all) {
    if (!from_all)
        return raise_type(vm, "Item in ``from list'' must be str, not %T", item);
    Value name = attr_get(vm, module, NAME(__name__));
    if (name)
        raise_type(vm, "Item in %S.__all__ must be str, not %T", name, item);
    decref(vm, name);
    return false;
}

/* Imports module.item as a submodule if there is one; that there is none is no error. */
static bool import_submodule(VM *vm, Value module, Value item) {
    Value package = attr_get(vm, module, NAME(__name__));
    Value full = package ? str_printf(vm, "%S.%V", package, item) : VALUE_ERROR;
    decref(vm, package);
    if (!full)
        return false;
    Value submodule = import_module(vm, full);
    bool ok = submodule != 0;
    if (!ok && error_matches(vm, vm->exc.ModuleNotFoundError)) {
        Value missing = exception_field(vm->thread->exception, IMPORTERROR_NAME);
        Value entry = dict_get_str(vm, vm->modules, full);
        if (missing && is_str(missing) && str_equal(as_str(missing), as_str(full)) && !(entry && is_none(entry))) {
            error_clear(vm);
            ok = true;
        }
    }
    decref(vm, submodule);
    decref(vm, full);
    return ok;
}

static bool import_fromlist(VM *vm, Value module, Value fromlist, bool from_all) {
    Value *items, owner;
    size_t n;
    if (!sequence_view(vm, fromlist, "fromlist must be iterable", &owner, &items, &n))
        return false;
    Value copy = tuple_from_array(vm, items, n);
    decref(vm, owner);
    bool ok = copy != 0;
    for (size_t i = 0; ok && i < n; i++) {
        Value item = as_tuple(copy)->items[i];
        if (!is_str(item)) {
            ok = fromlist_type_error(vm, module, item, from_all);
        } else if (str_equals_c(item, "*")) {
            Value all = 0;
            int found = from_all ? 0 : attr_lookup(vm, module, NAME(__all__), &all);
            ok = found == 0 || (found > 0 && import_fromlist(vm, module, all, true));
            decref(vm, all);
        } else {
            int has = attr_has(vm, module, item);
            ok = has > 0 || (has == 0 && import_submodule(vm, module, item));
        }
    }
    decref(vm, copy);
    return ok;
}

static int is_package(VM *vm, Value module) {
    if (has_exact_kind(module, KIND_MODULE) && dict_get_str(vm, module_dict(module), NAME(__path__)))
        return 1;
    if (has_exact_kind(module, KIND_MODULE) && !dict_get_str(vm, module_dict(module), NAME(__getattr__)))
        return 0;
    return attr_has(vm, module, NAME(__path__));
}

/* What `import a.b.c` without a from-list gives: the module that the first part of the name stands for. Consumes
 * module. */
static Value first_part(VM *vm, Value module, Value name, Value full, int level) {
    const char *text = str_data(name), *dot = strchr(text, '.');
    if (as_str(name)->nbytes == 0 || !dot)
        return module;
    decref(vm, module);
    size_t cut = as_str(name)->nbytes - (size_t)(dot - text);
    Value front = str_new(vm, str_data(full), as_str(full)->nbytes - cut), result;
    if (!front)
        return VALUE_ERROR;
    if (level == 0) {
        result = import_module(vm, front);
    } else {
        result = incref(dict_get(vm, vm->modules, front));
        if (!result && !error_pending(vm))
            raisef(vm, vm->exc.KeyError, "%R not in sys.modules as expected", front);
    }
    decref(vm, front);
    return result;
}

Value import_module_level(VM *vm, Value name, Value globals, Value fromlist, int level) {
    if (!is_str(name))
        return raise_type(vm, "module name must be a string");
    if (level < 0)
        return raise_value(vm, "level must be >= 0");
    if (level == 0 && as_str(name)->nbytes == 0)
        return raise_value(vm, "Empty module name");
    Value full = level > 0 ? resolve_relative(vm, name, globals, level) : incref(name);
    if (!full)
        return VALUE_ERROR;
    Value module = import_module(vm, full);
    int listed = module && fromlist && !is_none(fromlist) ? truth(vm, fromlist) : 0;
    if (module && listed == 0) {
        module = first_part(vm, module, name, full, level);
    } else if (module) {
        int package = listed < 0 ? -1 : is_package(vm, module);
        if (package < 0 || (package && !import_fromlist(vm, module, fromlist, false))) {
            decref(vm, module);
            module = VALUE_ERROR;
        }
    }
    decref(vm, full);
    return module;
}

/* ---- entry points of the instructions ---- */

Value import_name(VM *vm, Value name, Value globals, Value fromlist, int level) {
    Value builtins = frame_builtins(vm);
    Value function = dict_get_str(vm, builtins ? builtins : vm->builtins, NAME(__import__));
    if (!function)
        return raisef(vm, vm->exc.ImportError, "__import__ not found");
    if (has_kind(function, KIND_NATIVE) && strcmp(((Native *)as_obj(function))->spec->name, "__import__") == 0)
        return import_module_level(vm, name, globals, fromlist, level);
    incref(function);
    Value locals = frame_locals(vm), result = VALUE_ERROR;
    if (locals) {
        Value args[5] = {name, globals, locals, fromlist ? fromlist : VALUE_NONE, from_small_int(level)};
        result = call(vm, function, args, 5, 0);
    }
    decref(vm, locals);
    decref(vm, function);
    return result;
}

/* A module whose attribute is missing may have a submodule of that name which is being imported right now and is
 * therefore not yet bound in it. */
static Value submodule_in_progress(VM *vm, Value module_name, Value name) {
    Value full = str_printf(vm, "%V.%V", module_name, name);
    Value found = full ? incref(dict_get(vm, vm->modules, full)) : VALUE_ERROR;
    decref(vm, full);
    return found;
}

static bool spec_is_initializing(VM *vm, Value spec) {
    Value flag;
    int found = attr_lookup(vm, spec, NAME(_initializing), &flag);
    bool on = found > 0 && truth(vm, flag) == 1;
    if (found > 0)
        decref(vm, flag);
    error_clear(vm);
    return on;
}

static Value cannot_import(VM *vm, Value module, Value module_name, Value name) {
    Value spec = 0, origin = 0, text;
    if (attr_lookup(vm, module, NAME(__spec__), &spec) < 0)
        return VALUE_ERROR;
    bool located = false;
    if (spec && !is_none(spec)) {
        Value flag = spec_attribute(vm, spec, "has_location");
        located = flag && truth(vm, flag) == 1;
        decref(vm, flag);
        error_clear(vm);
    }
    int found = located || !spec ? attr_lookup(vm, module, NAME(__file__), &origin) : 0;
    if (found < 0)
        error_clear(vm);
    if (origin && !is_str(origin))
        set_owned(vm, &origin, 0);
    Value shown = module_name ? incref(module_name) : str_from_c(vm, "<unknown module name>");
    if (!shown)
        text = VALUE_ERROR;
    else if (!origin)
        text = str_printf(vm, "cannot import name %R from %R (unknown location)", name, shown);
    else if (spec && spec_is_initializing(vm, spec))
        text = str_printf(vm,
                          "cannot import name %R from partially initialized module %R (most likely due to a circular "
                          "import) (%V)",
                          name, shown, origin);
    else
        text = str_printf(vm, "cannot import name %R from %R (%V)", name, shown, origin);
    decref(vm, shown);
    Value exc = text ? exception_new(vm, vm->exc.ImportError, &text, 1) : VALUE_ERROR;
    if (exc && (!module_name || exception_set_field(vm, exc, IMPORTERROR_NAME, module_name)) &&
        (!origin || exception_set_field(vm, exc, IMPORTERROR_PATH, origin)) &&
        exception_set_field(vm, exc, IMPORTERROR_NAME_FROM, name))
        raise_object(vm, exc);
    decref(vm, exc);
    decref(vm, text);
    decref(vm, origin);
    decref(vm, spec);
    return VALUE_ERROR;
}

Value import_from(VM *vm, Value module, Value name) {
    Value found, module_name = 0;
    int status = attr_lookup(vm, module, name, &found);
    if (status != 0)
        return status < 0 ? VALUE_ERROR : found;
    if (attr_lookup(vm, module, NAME(__name__), &module_name) < 0)
        return VALUE_ERROR;
    if (module_name && !is_str(module_name))
        set_owned(vm, &module_name, 0);
    found = module_name ? submodule_in_progress(vm, module_name, name) : VALUE_ERROR;
    if (!found && !error_pending(vm))
        cannot_import(vm, module, module_name, name);
    decref(vm, module_name);
    return found;
}

static bool star_item_error(VM *vm, Value module, Value item, bool from_all) {
    Value name = attr_get(vm, module, NAME(__name__));
    if (!name)
        return false;
    if (!is_str(name))
        raise_type(vm, "module __name__ must be a string, not %T", name);
    else
        raise_type(vm, "%s in %V.%s must be str, not %T", from_all ? "Item" : "Key", name,
                   from_all ? "__all__" : "__dict__", item);
    decref(vm, name);
    return false;
}

/* The names that `from module import *` brings: owned sequence; *from_all tells where they come from. */
static Value star_names(VM *vm, Value module, bool *from_all) {
    Value names;
    int found = attr_lookup(vm, module, NAME(__all__), &names);
    *from_all = found > 0;
    if (found != 0)
        return found < 0 ? VALUE_ERROR : names;
    Value dict;
    found = attr_lookup(vm, module, NAME(__dict__), &dict);
    if (found < 0)
        return VALUE_ERROR;
    if (!found)
        return raisef(vm, vm->exc.ImportError, "from-import-* object has no __dict__ and no __all__");
    names = call_method0(vm, dict, NAME(keys));
    decref(vm, dict);
    return names;
}

bool import_star(VM *vm, Value module, Value namespace) {
    bool from_all, ok = true;
    Value names = star_names(vm, module, &from_all);
    Value list = names ? list_from_iterable(vm, names) : VALUE_ERROR;
    decref(vm, names);
    if (!list)
        return false;
    for (size_t i = 0; ok && i < as_list(list)->len; i++) {
        Value name = as_list(list)->items[i];
        if (!is_str(name)) {
            ok = star_item_error(vm, module, name, from_all);
        } else if (from_all || str_data(name)[0] != '_') {
            Value value = attr_get(vm, module, name);
            ok = value && (has_exact_kind(namespace, KIND_DICT) ? dict_set(vm, namespace, name, value)
                                                                : item_set(vm, namespace, name, value));
            decref(vm, value);
        }
    }
    decref(vm, list);
    return ok;
}

/* ---- set-up ---- */

static bool give_spec(VM *vm, Value module, const char *name) {
    Value text = str_intern_c(vm, name);
    Value spec = text ? find_builtin(vm, text) : VALUE_ERROR;
    bool ok = spec && module_init_attributes(vm, module, spec);
    decref(vm, spec);
    decref(vm, text);
    return ok;
}

bool importer_install(VM *vm) {
    Type *builtin = builtin_importer_type(vm), *frozen = builtin ? frozen_importer_type(vm) : NULL;
    Type *path = frozen ? path_finder_type(vm) : NULL;
    if (!path)
        return false;
    Value finders[3] = {type_value(builtin), type_value(frozen), type_value(path)};
    return sys_set(vm, "meta_path", list_from_array(vm, finders, 3)) && sys_set(vm, "path_hooks", list_new(vm, 0)) &&
           sys_set(vm, "path_importer_cache", dict_new(vm)) && give_spec(vm, vm->builtins_module, "builtins") &&
           give_spec(vm, vm->sys_module, "sys");
}
