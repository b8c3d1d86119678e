/* ModuleSpec, and the finders and loaders as scripts see them.
 *
 * The finders are classes that nobody instantiates: their methods are class methods, as they stand in sys.meta_path
 * and as the loaders of the modules they find. All of them are thin: the work is in loaders.c, which the import
 * system calls without going through these objects.
 */
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

#include "object/bytes.h"
#include "stdlib/import/frozen.h"

/* ---- ModuleSpec ---- */

static void spec_dealloc(VM *vm, Object *self) {
    ModuleSpec *s = (ModuleSpec *)self;
    decref(vm, s->name);
    decref(vm, s->loader);
    decref(vm, s->origin);
    decref(vm, s->locations);
    decref(vm, s->loader_state);
    decref(vm, s->cached);
}

static void spec_clear(VM *vm, Object *self) {
    ModuleSpec *s = (ModuleSpec *)self;
    set_owned(vm, &s->loader, VALUE_NONE);
    set_owned(vm, &s->locations, VALUE_NONE);
    set_owned(vm, &s->loader_state, VALUE_NONE);
}

static void spec_traverse(Object *self, VisitFn visit, void *arg) {
    ModuleSpec *s = (ModuleSpec *)self;
    visit_value(s->name, visit, arg);
    visit_value(s->loader, visit, arg);
    visit_value(s->origin, visit, arg);
    visit_value(s->locations, visit, arg);
    visit_value(s->loader_state, visit, arg);
    visit_value(s->cached, visit, arg);
}

static Value spec_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    ModuleSpec *s = object_alloc(vm, type, 0);
    if (!s)
        return VALUE_ERROR;
    s->name = s->loader = s->origin = s->locations = s->loader_state = s->cached = VALUE_NONE;
    return from_obj(s);
}

#define SPEC_SIGNATURE "name, loader, *, origin=None, loader_state=None, is_package=None"

static bool spec_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ModuleSpec *s = (ModuleSpec *)as_obj(self);
    Value bound[5];
    if (!native_bind(vm, "ModuleSpec", SPEC_SIGNATURE, args, nargs, kwnames, bound, 5))
        return false;
    int package = bound[4] ? truth(vm, bound[4]) : 0;
    if (package < 0)
        return false;
    set_owned(vm, &s->name, incref(bound[0]));
    set_owned(vm, &s->loader, incref(bound[1]));
    set_owned(vm, &s->origin, bound[2] ? incref(bound[2]) : VALUE_NONE);
    set_owned(vm, &s->loader_state, bound[3] ? incref(bound[3]) : VALUE_NONE);
    Value locations = package ? list_new(vm, 0) : VALUE_NONE;
    if (!locations)
        return false;
    set_owned(vm, &s->locations, locations);
    return true;
}

static Value spec_repr(VM *vm, Value self) {
    ModuleSpec *s = (ModuleSpec *)as_obj(self);
    StrBuilder out;
    strbuilder_init(&out, vm);
    strbuilder_printf(&out, "%V(name=%R, loader=%R", obj_type(&s->header)->name, s->name, s->loader);
    if (!is_none(s->origin))
        strbuilder_printf(&out, ", origin=%R", s->origin);
    if (!is_none(s->locations))
        strbuilder_printf(&out, ", submodule_search_locations=%R", s->locations);
    strbuilder_add_c(&out, ")");
    if (error_pending(vm)) {
        strbuilder_drop(&out);
        return VALUE_ERROR;
    }
    return strbuilder_finish(&out);
}

static Value spec_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_module_spec(vm, a) || !is_module_spec(vm, b))
        return VALUE_NOTIMPL;
    ModuleSpec *x = (ModuleSpec *)as_obj(a), *y = (ModuleSpec *)as_obj(b);
    Value pairs[][2] = {
        {x->name, y->name}, {x->loader, y->loader}, {x->origin, y->origin}, {x->locations, y->locations}};
    int same = x->has_location == y->has_location;
    for (size_t i = 0; same == 1 && i < ARRAY_LEN(pairs); i++)
        same = value_equal(vm, pairs[i][0], pairs[i][1]);
    return same < 0 ? VALUE_ERROR : from_bool(same == (op == CMP_EQ));
}

#define SPEC_FIELD(attribute, field)                                                                                 \
    static Value spec_get_##attribute(VM *vm, Value self) { return incref(((ModuleSpec *)as_obj(self))->field); }    \
    static bool spec_set_##attribute(VM *vm, Value self, Value value) {                                              \
        set_owned(vm, &((ModuleSpec *)as_obj(self))->field, value ? incref(value) : VALUE_NONE);                     \
        return true;                                                                                                 \
    }
SPEC_FIELD(name, name)
SPEC_FIELD(loader, loader)
SPEC_FIELD(origin, origin)
SPEC_FIELD(submodule_search_locations, locations)
SPEC_FIELD(loader_state, loader_state)
SPEC_FIELD(cached, cached)

Value spec_parent(VM *vm, Value self) {
    ModuleSpec *s = (ModuleSpec *)as_obj(self);
    if (!is_none(s->locations) || !is_str(s->name))
        return incref(s->name);
    const char *dot = strrchr(str_data(s->name), '.');
    return dot ? str_new(vm, str_data(s->name), (size_t)(dot - str_data(s->name))) : incref(vm->empty_str);
}

#define SPEC_FLAG(attribute, field)                                                                                  \
    static Value spec_get_##attribute(VM *vm, Value self) { return from_bool(((ModuleSpec *)as_obj(self))->field); } \
    static bool spec_set_##attribute(VM *vm, Value self, Value value) {                                              \
        int on = value ? truth(vm, value) : 0;                                                                       \
        if (on >= 0)                                                                                                 \
            ((ModuleSpec *)as_obj(self))->field = on;                                                                \
        return on >= 0;                                                                                              \
    }
SPEC_FLAG(has_location, has_location)
SPEC_FLAG(_initializing, initializing)
SPEC_FLAG(_set_fileattr, has_location)

#define SPEC_ROW(attribute, doc)                                                                                     \
    { #attribute, spec_get_##attribute, spec_set_##attribute, doc }
static const GetSetSpec spec_getset[] = {
    SPEC_ROW(name, "The module's full name."),
    SPEC_ROW(loader, "What loads the module, or None."),
    SPEC_ROW(origin, "Where the module comes from: its file, 'built-in', 'frozen', or None."),
    SPEC_ROW(submodule_search_locations, "The directories of a package, or None."),
    SPEC_ROW(loader_state, "Whatever the loader wants to remember."),
    SPEC_ROW(cached, "The file of the compiled form, or None."),
    {"parent", spec_parent, NULL, "The name of the package the module is in."},
    SPEC_ROW(has_location, "Whether origin is a file."),
    SPEC_ROW(_initializing, "Whether the module is being executed."),
    SPEC_ROW(_set_fileattr, "The same as has_location."),
    {0},
};

static const TypeSpec module_spec_spec = {
    .name = "_frozen_importlib.ModuleSpec",
    .doc = "What is known of a module before it is loaded.",
    .signature = SPEC_SIGNATURE,
    .size = sizeof(ModuleSpec),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.dealloc = spec_dealloc,
              .clear = spec_clear,
              .traverse = spec_traverse,
              .create = spec_create,
              .init = spec_init,
              .repr = spec_repr,
              .compare = spec_compare},
    .getset = spec_getset,
};

Type *spec_type(VM *vm) { return vm_type(vm, &module_spec_spec, vm->types.object); }

bool is_module_spec(VM *vm, Value v) {
    return has_kind(v, KIND_OTHER) && obj_type(as_obj(v))->spec == &module_spec_spec;
}

Value spec_new(VM *vm, Value name, Value loader, Value origin, Value locations) {
    Type *type = spec_type(vm);
    Value spec = type ? spec_create(vm, type, NULL, 0, 0) : VALUE_ERROR;
    if (!spec)
        return VALUE_ERROR;
    ModuleSpec *s = (ModuleSpec *)as_obj(spec);
    s->name = incref(name);
    s->loader = loader ? incref(loader) : VALUE_NONE;
    s->origin = origin ? incref(origin) : VALUE_NONE;
    s->locations = locations ? incref(locations) : VALUE_NONE;
    return spec;
}

Value spec_attribute(VM *vm, Value spec, const char *name) {
    Value text = str_intern_c(vm, name), found = VALUE_ERROR;
    int status = text ? attr_lookup(vm, spec, text, &found) : -1;
    decref(vm, text);
    return status < 0 ? VALUE_ERROR : status ? found : VALUE_NONE;
}

/* ---- common to the finders ---- */

static bool want_module_name(VM *vm, Value name) {
    return is_str(name) || raise_type(vm, "module name must be str, not %T", name);
}

static Value module_own_name(VM *vm, Value module) {
    Value name = attr_get(vm, module, NAME(__name__));
    if (name && !is_str(name)) {
        raise_type(vm, "module __name__ must be a string, not %T", name);
        decref(vm, name);
        return VALUE_ERROR;
    }
    return name;
}

static Value no_module_of_spec(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return VALUE_NONE; /* the default kind of module will do */
}

static Value load_by_name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_module_name(vm, args[0]) ? import_module(vm, args[0]) : VALUE_ERROR;
}

static Value invalidate_nothing(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return VALUE_NONE; /* directories are looked up afresh each time */
}

#define LOAD_ROW(flags)                                                                                              \
    { "load_module", load_by_name, "fullname, /", "Imports the module (of the old protocol).", flags }
#define CREATE_ROW(flags)                                                                                            \
    { "create_module", no_module_of_spec, "spec, /", "None: a plain module is made.", flags }

/* ---- built-in modules ---- */

static Value builtin_find_spec(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_module_name(vm, args[0]) ? find_builtin(vm, args[0]) : VALUE_ERROR;
}

static Value builtin_exec_module(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value name = module_own_name(vm, args[0]);
    bool ok = name && module_execute_builtin(vm, args[0], name);
    decref(vm, name);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

static bool want_builtin(VM *vm, Value name) {
    return want_module_name(vm, name) &&
           (native_module_find(str_data(name)) ||
            raise_import(vm, vm->exc.ImportError, name, 0, "%R is not a built-in module", name));
}

static Value builtin_nothing(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_builtin(vm, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value builtin_is_package(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_builtin(vm, args[0]) ? VALUE_FALSE : VALUE_ERROR;
}

static const MethodSpec builtin_methods[] = {
    {"find_spec", builtin_find_spec, "fullname, path=None, target=None", "The spec of a built-in module, or None.",
     METHOD_CLASS},
    CREATE_ROW(METHOD_STATIC),
    {"exec_module", builtin_exec_module, "module, /", "Fills a built-in module.", METHOD_STATIC},
    {"get_code", builtin_nothing, "fullname, /", "None: there is no code object.", METHOD_CLASS},
    {"get_source", builtin_nothing, "fullname, /", "None: there is no source text.", METHOD_CLASS},
    {"is_package", builtin_is_package, "fullname, /", "False: no built-in module is a package.", METHOD_CLASS},
    LOAD_ROW(METHOD_CLASS),
    {0},
};

static const TypeSpec builtin_importer_spec = {
    .name = "_frozen_importlib.BuiltinImporter",
    .doc = "Finds and loads the modules written in C.",
    .size = sizeof(Object),
    .flags = TYPE_BASE,
    .kind = KIND_OBJECT,
    .methods = builtin_methods,
};

Type *builtin_importer_type(VM *vm) { return vm_type(vm, &builtin_importer_spec, vm->types.object); }

/* ---- frozen modules ---- */

static Value frozen_find_spec(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_module_name(vm, args[0]) ? find_frozen_core(vm, args[0]) : VALUE_ERROR;
}

static Value frozen_exec_module(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value name = module_own_name(vm, args[0]);
    bool ok = name && module_execute_frozen(vm, args[0], name);
    decref(vm, name);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

static Value frozen_get_code(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_module_name(vm, args[0]) ? code_from_frozen(vm, args[0]) : VALUE_ERROR;
}

static const FrozenModule *want_frozen(VM *vm, Value name) {
    if (!want_module_name(vm, name))
        return NULL;
    const FrozenModule *m = frozen_find(str_data(name));
    if (!m)
        raise_import(vm, vm->exc.ImportError, name, 0, "%R is not a frozen module", name);
    return m;
}

static Value frozen_get_source(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_frozen(vm, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value frozen_is_package(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const FrozenModule *m = want_frozen(vm, args[0]);
    return m ? from_bool(m->is_package) : VALUE_ERROR;
}

static const MethodSpec frozen_methods[] = {
    {"find_spec", frozen_find_spec, "fullname, path=None, target=None", "The spec of a frozen module, or None.",
     METHOD_CLASS},
    CREATE_ROW(METHOD_STATIC),
    {"exec_module", frozen_exec_module, "module, /", "Runs the code of a frozen module.", METHOD_STATIC},
    {"get_code", frozen_get_code, "fullname, /", "The code object of a frozen module.", METHOD_CLASS},
    {"get_source", frozen_get_source, "fullname, /", "None: frozen modules come without source text.", METHOD_CLASS},
    {"is_package", frozen_is_package, "fullname, /", "Tells whether a frozen module is a package.", METHOD_CLASS},
    LOAD_ROW(METHOD_CLASS),
    {0},
};

static const TypeSpec frozen_importer_spec = {
    .name = "_frozen_importlib.FrozenImporter",
    .doc = "Finds and loads the modules that are part of the library.",
    .size = sizeof(Object),
    .flags = TYPE_BASE,
    .kind = KIND_OBJECT,
    .methods = frozen_methods,
};

Type *frozen_importer_type(VM *vm) { return vm_type(vm, &frozen_importer_spec, vm->types.object); }

/* ---- files ---- */

static Value path_find_spec(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_module_name(vm, args[0]) ? find_in_path(vm, args[0], args[1] ? args[1] : VALUE_NONE) : VALUE_ERROR;
}

static const MethodSpec path_methods[] = {
    {"find_spec", path_find_spec, "fullname, path=None, target=None",
     "The spec of a module in one of the directories of path or sys.path, or None.", METHOD_CLASS},
    {"invalidate_caches", invalidate_nothing, "", "Does nothing: nothing is cached.", METHOD_STATIC},
    {0},
};

static const TypeSpec path_finder_spec = {
    .name = "_frozen_importlib_external.PathFinder",
    .doc = "Finds modules in the directories of sys.path and of packages.",
    .size = sizeof(Object),
    .flags = TYPE_BASE,
    .kind = KIND_OBJECT,
    .methods = path_methods,
};

Type *path_finder_type(VM *vm) { return vm_type(vm, &path_finder_spec, vm->types.object); }

typedef struct SourceLoader {
    Object header;
    Value name, path;
} SourceLoader;

static void loader_dealloc(VM *vm, Object *self) {
    decref(vm, ((SourceLoader *)self)->name);
    decref(vm, ((SourceLoader *)self)->path);
}

static Value loader_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value bound[2];
    if (!native_bind(vm, "SourceFileLoader", "fullname, path", args, nargs, kwnames, bound, 2))
        return VALUE_ERROR;
    if (!is_str(bound[0]) || !is_str(bound[1]))
        return raise_type(vm, "SourceFileLoader() arguments must be strings");
    SourceLoader *l = object_alloc(vm, type, 0);
    if (!l)
        return VALUE_ERROR;
    l->name = incref(bound[0]);
    l->path = incref(bound[1]);
    return from_obj(l);
}

Value source_loader_new(VM *vm, Value name, Value path) {
    Type *type = source_loader_type(vm);
    Value args[2] = {name, path};
    return type ? loader_create(vm, type, args, 2, 0) : VALUE_ERROR;
}

Value source_loader_path(Value loader) { return ((SourceLoader *)as_obj(loader))->path; }

static Value loader_get_name(VM *vm, Value self) { return incref(((SourceLoader *)as_obj(self))->name); }

static Value loader_get_path(VM *vm, Value self) { return incref(((SourceLoader *)as_obj(self))->path); }

static const GetSetSpec loader_getset[] = {
    {"name", loader_get_name, NULL, "The module's full name."},
    {"path", loader_get_path, NULL, "The module's file."},
    {0},
};

static Value loader_exec_module(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return module_execute_source(vm, args[0], source_loader_path(self)) ? VALUE_NONE : VALUE_ERROR;
}

static Value loader_get_filename(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return incref(source_loader_path(self));
}

static Value loader_get_code(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return code_from_file(vm, source_loader_path(self));
}

static Value loader_get_data(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return is_str(args[0]) ? file_read_bytes(vm, args[0]) : raise_type(vm, "path must be str, not %T", args[0]);
}

static Value loader_get_source(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value data = file_read_bytes(vm, source_loader_path(self));
    Value text =
        data ? str_decode(vm, as_bytes(data)->data, as_bytes(data)->len, "utf-8-sig", "strict") : VALUE_ERROR;
    decref(vm, data);
    return text;
}

static Value loader_source_to_code(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return vm->compile(vm, args[0], args[1], "exec", 0, -1);
}

static Value loader_is_package(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const char *path = str_data(source_loader_path(self)), *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    return from_bool(strncmp(base, "__init__.", 9) == 0);
}

static const MethodSpec loader_methods[] = {
    CREATE_ROW(0),
    {"exec_module", loader_exec_module, "module, /", "Runs the file in the module's namespace.", 0},
    {"get_filename", loader_get_filename, "fullname=None, /", "The module's file.", 0},
    {"get_code", loader_get_code, "fullname=None, /", "The compiled file.", 0},
    {"get_data", loader_get_data, "path, /", "The content of a file, as bytes.", 0},
    {"get_source", loader_get_source, "fullname=None, /", "The text of the file.", 0},
    {"source_to_code", loader_source_to_code, "data, path, *, _optimize=-1", "Compiles source text.", 0},
    {"is_package", loader_is_package, "fullname=None, /", "Tells whether the file is the __init__ of a package.", 0},
    LOAD_ROW(0),
    {0},
};

static const TypeSpec source_loader_spec = {
    .name = "_frozen_importlib_external.SourceFileLoader",
    .doc = "Loads a module from a source file.",
    .signature = "fullname, path",
    .size = sizeof(SourceLoader),
    .flags = TYPE_BASE | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.dealloc = loader_dealloc, .create = loader_create},
    .methods = loader_methods,
    .getset = loader_getset,
};

Type *source_loader_type(VM *vm) { return vm_type(vm, &source_loader_spec, vm->types.object); }

static Value namespace_exec(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return VALUE_NONE; }

static Value namespace_is_package(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return VALUE_TRUE; }

static const MethodSpec namespace_loader_methods[] = {
    CREATE_ROW(0),
    {"exec_module", namespace_exec, "module, /", "Does nothing: there is no code.", 0},
    {"is_package", namespace_is_package, "fullname=None, /", "True.", 0},
    {0},
};

static const TypeSpec namespace_loader_spec = {
    .name = "_frozen_importlib_external.NamespaceLoader",
    .doc = "The loader of packages that are mere directories.",
    .size = sizeof(Object),
    .flags = TYPE_BASE,
    .kind = KIND_OBJECT,
    .methods = namespace_loader_methods,
};

Type *namespace_loader_type(VM *vm) { return vm_type(vm, &namespace_loader_spec, vm->types.object); }
