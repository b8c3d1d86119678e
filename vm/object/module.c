/* Modules: a dict with a name. Attributes live in the dict; what it lacks, a function __getattr__ in it may supply.
 */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/type.h"

static Module *as_module(Value v) { return (Module *)as_obj(v); }

static bool set_initial(VM *vm, Value dict, Value name, Value doc) {
    return dict_set_str(vm, dict, NAME(__name__), name) && dict_set_str(vm, dict, NAME(__doc__), doc) &&
           dict_set_str(vm, dict, NAME(__package__), VALUE_NONE) &&
           dict_set_str(vm, dict, NAME(__loader__), VALUE_NONE) && dict_set_str(vm, dict, NAME(__spec__), VALUE_NONE);
}

static Value module_alloc(VM *vm, Type *type) {
    Module *m = object_alloc(vm, type, 0);
    if (m == NULL)
        return 0;
    m->dict = dict_new(vm);
    if (m->dict == 0) {
        decref(vm, from_obj(m));
        return 0;
    }
    return from_obj(m);
}

Value module_new_named(VM *vm, Value name) {
    Value m = module_alloc(vm, vm->types.module);
    if (m == 0)
        return 0;
    as_module(m)->name = incref(name);
    if (set_initial(vm, module_dict(m), name, VALUE_NONE))
        return m;
    decref(vm, m);
    return 0;
}

Value module_new(VM *vm, const char *name) {
    Value s = str_intern_c(vm, name);
    Value m = s != 0 ? module_new_named(vm, s) : 0;
    decref(vm, s);
    return m;
}

bool module_add(VM *vm, Value module, const char *name, Value value) {
    bool ok = value != 0 && dict_set_c(vm, module_dict(module), name, value);
    decref(vm, value);
    return ok;
}

bool module_add_functions(VM *vm, Value module, const MethodSpec *methods) {
    for (; methods->name != NULL; methods++) {
        if (!module_add(vm, module, methods->name, native_new(vm, methods, 0, NULL, as_module(module)->name)))
            return false;
    }
    return true;
}

bool module_complete(VM *vm, Value module) {
    Module *m = as_module(module);
    bool (*complete)(VM *, Value) = m->complete;
    m->complete = NULL;
    if (likely(complete == NULL) || complete(vm, module))
        return true;
    m->complete = complete;
    return false;
}

/* --- attributes
 * ------------------------------------------------------------------------------------------------------- */

/* Is the module's spec marked as being imported right now? 1, 0, -1. */
static int is_initializing(VM *vm, Value spec) {
    Value v;
    if (spec == 0 || spec == VALUE_NONE)
        return 0;
    int found = attr_lookup(vm, spec, NAME(_initializing), &v);
    if (found <= 0)
        return found;
    found = truth(vm, v);
    decref(vm, v);
    return found;
}

/* The file that the module comes from, if its spec says so: owned str, or 0 without exception. */
static Value spec_origin(VM *vm, Value spec) {
    Value v;
    if (spec == 0 || spec == VALUE_NONE)
        return 0;
    int found = attr_lookup(vm, spec, NAME(has_location), &v);
    if (found <= 0)
        return 0;
    int yes = truth(vm, v);
    decref(vm, v);
    if (yes <= 0 || attr_lookup(vm, spec, NAME(origin), &v) <= 0)
        return 0;
    if (is_str(v))
        return v;
    decref(vm, v);
    return 0;
}

/* Does the file lie in the directory that imports search first? Then it may hide the module that was meant. */
static bool may_shadow(VM *vm, Value origin) {
    Value path = vm->sys_dict != 0 ? dict_get_str(vm, vm->sys_dict, NAME(path)) : 0;
    if (origin == 0 || vm->flags.safe_path || path == 0 || !is_list(path) || as_list(path)->len == 0)
        return false;
    Value first = as_list(path)->items[0];
    const char *text = str_data(origin), *slash = strrchr(text, '/');
    size_t n = slash != NULL ? (size_t)(slash - text) : 0;
    /* a package's __init__ file stands for its directory's parent */
    if (slash != NULL && strncmp(slash, "/__init__.", 10) == 0) {
        while (n > 0 && text[n - 1] != '/')
            n--;
        n = n > 0 ? n - 1 : 0;
    }
    return is_str(first) && as_str(first)->nbytes == n && memcmp(str_data(first), text, n) == 0;
}

static bool is_stdlib_name(VM *vm, Value name) {
    Value names = module_complete(vm, vm->sys_module) ? dict_get_c(vm, vm->sys_dict, "stdlib_module_names") : 0;
    int yes = names != 0 ? contains(vm, names, name) : -1;
    if (yes < 0)
        error_clear(vm);
    return yes > 0;
}

static COLD Value raise_missing(VM *vm, Value module, Value name) {
    Value dict = module_dict(module), mod_name = dict_get_str(vm, dict, NAME(__name__));
    if (mod_name == 0 || !is_str(mod_name))
        return raise_attribute(vm, module, name, "module has no attribute '%V'", name);
    incref(mod_name);
    Value spec = incref(dict_get_str(vm, dict, NAME(__spec__))), origin = spec_origin(vm, spec);
    int starting = error_pending(vm) ? -1 : is_initializing(vm, spec);
    bool shadows = starting >= 0 && may_shadow(vm, origin);
    if (starting < 0)
        ;
    else if (shadows && is_stdlib_name(vm, mod_name))
        raise_attribute(vm, module, name,
                        "module '%V' has no attribute '%V' (consider renaming '%V' since it has the same name as the "
                        "standard library module named '%V' and the import system gives it precedence)",
                        mod_name, name, origin, mod_name);
    else if (starting && shadows)
        raise_attribute(vm, module, name,
                        "module '%V' has no attribute '%V' (consider renaming '%V' if it has the same name as a "
                        "third-party module you intended to import)",
                        mod_name, name, origin);
    else if (starting && origin != 0)
        raise_attribute(vm, module, name,
                        "partially initialized module '%V' from '%V' has no attribute '%V' (most likely due to a "
                        "circular import)",
                        mod_name, origin, name);
    else if (starting)
        raise_attribute(vm, module, name,
                        "partially initialized module '%V' has no attribute '%V' (most likely due to a circular "
                        "import)",
                        mod_name, name);
    else
        raise_attribute(vm, module, name, "module '%V' has no attribute '%V'", mod_name, name);
    decref(vm, mod_name);
    decref(vm, spec);
    decref(vm, origin);
    return 0;
}

/* 1 found (owned), 0 absent, -1: as attr_lookup, without the module's own __getattr__. */
static int lookup_plain(VM *vm, Value module, Value name, Value *out) {
    Type *t = type_of(vm, module);
    Value descr = type_lookup(vm, t, name);
    Type *dt = descr != 0 && is_obj(descr) ? obj_type(as_obj(descr)) : NULL;
    bool binds = dt != NULL && dt->slots.descr_get != NULL;
    if (binds && dt->slots.descr_set != NULL) {
        *out = descr_bind(vm, descr, module, t);
        return *out != 0 ? 1 : -1;
    }
    Value v = dict_get_str(vm, module_dict(module), name);
    if (v == 0 && unlikely(as_module(module)->complete != NULL)) {
        if (!module_complete(vm, module))
            return -1;
        v = dict_get_str(vm, module_dict(module), name);
    }
    if (v != 0) {
        *out = incref(v);
        return 1;
    }
    if (descr == 0)
        return 0;
    *out = binds ? descr_bind(vm, descr, module, t) : incref(descr);
    return *out != 0 ? 1 : -1;
}

Value module_getattr(VM *vm, Value module, Value name) {
    Value v;
    int found = lookup_plain(vm, module, name, &v);
    if (found > 0)
        return v;
    if (found < 0) {
        if (!error_matches(vm, vm->exc.AttributeError))
            return 0;
        error_clear(vm);
    }
    Value hook = dict_get_str(vm, module_dict(module), NAME(__getattr__));
    if (hook != 0)
        return call1(vm, hook, name);
    return raise_missing(vm, module, name);
}

static bool module_setattr(VM *vm, Value module, Value name, Value value) {
    Value descr = type_lookup(vm, type_of(vm, module), name);
    if (descr != 0 && is_obj(descr) && obj_type(as_obj(descr))->slots.descr_set != NULL) {
        incref(descr);
        bool ok = obj_type(as_obj(descr))->slots.descr_set(vm, descr, module, value);
        decref(vm, descr);
        return ok;
    }
    if (!module_complete(vm, module))
        return false;
    if (value != 0)
        return dict_set_str(vm, module_dict(module), name, value);
    int deleted = dict_delete(vm, module_dict(module), name);
    if (deleted == 0)
        raise_attribute(vm, module, name, "'%T' object has no attribute '%V'", module, name);
    return deleted > 0;
}

/* --- the type
 * ------------------------------------------------------------------------------------------------------------ */

static Value module_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return module_alloc(vm, type);
}

static bool module_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value a[2];
    if (!native_bind(vm, "module", "name, doc=None", args, nargs, kwnames, a, 2))
        return false;
    if (!is_str(a[0]))
        return raise_type(vm, "module() argument 'name' must be str, not %T", a[0]);
    set_owned(vm, &as_module(self)->name, incref(a[0]));
    return set_initial(vm, module_dict(self), a[0], a[1] != 0 ? a[1] : VALUE_NONE);
}

/* "<module 'x' from 'file'>" and its other forms, by the spec if there is one. */
static bool is_namespace_loader(VM *vm, Value loader) {
    return strcmp(type_of(vm, loader)->spec->name, "_frozen_importlib_external.NamespaceLoader") == 0;
}

static Value repr_namespace(VM *vm, Value name, Value spec) {
    Value key = str_intern_c(vm, "submodule_search_locations");
    Value locations = key != 0 ? attr_get(vm, spec, key) : 0;
    Value text = locations != 0 ? str_printf(vm, "<module %R (namespace) from %R>", name, locations) : 0;
    decref(vm, locations);
    decref(vm, key);
    return text;
}

static Value repr_by_spec(VM *vm, Value spec, Value loader) {
    Value name = attr_get(vm, spec, NAME(name)), origin = 0, text = 0, has;
    if (name == 0)
        return 0;
    if (name == VALUE_NONE)
        set_owned(vm, &name, str_from_c(vm, "?"));
    int found = attr_lookup(vm, spec, NAME(origin), &origin);
    if (found == 0)
        origin = VALUE_NONE;
    if (found >= 0 && origin == VALUE_NONE) {
        if (loader == 0 || loader == VALUE_NONE)
            text = str_printf(vm, "<module %R>", name);
        else if (is_namespace_loader(vm, loader))
            text = repr_namespace(vm, name, spec);
        else
            text = str_printf(vm, "<module %R (%R)>", name, loader);
    } else if (found >= 0) {
        found = attr_lookup(vm, spec, NAME(has_location), &has);
        int located = found > 0 ? truth(vm, has) : found;
        if (found > 0)
            decref(vm, has);
        if (located >= 0)
            text = located ? str_printf(vm, "<module %R from %R>", name, origin)
                           : str_printf(vm, "<module %R (%S)>", name, origin);
    }
    decref(vm, name);
    decref(vm, origin);
    return text;
}

static Value module_repr(VM *vm, Value self) {
    Value dict = module_dict(self), loader = incref(dict_get_str(vm, dict, NAME(__loader__)));
    Value spec = incref(dict_get_str(vm, dict, NAME(__spec__))), text;
    if (spec != 0 && spec != VALUE_NONE) {
        text = repr_by_spec(vm, spec, loader);
    } else {
        Value name = incref(dict_get_str(vm, dict, NAME(__name__))), file = dict_get_str(vm, dict, NAME(__file__));
        if (name == 0)
            name = str_from_c(vm, "?");
        if (name == 0)
            text = 0;
        else if (file != 0)
            text = str_printf(vm, "<module %R from %R>", name, file);
        else if (loader != 0 && loader != VALUE_NONE)
            text = str_printf(vm, "<module %R (%R)>", name, loader);
        else
            text = str_printf(vm, "<module %R>", name);
        decref(vm, name);
    }
    decref(vm, spec);
    decref(vm, loader);
    return text;
}

static Value get_dict(VM *vm, Value self) {
    return module_complete(vm, self) ? incref(module_dict(self)) : VALUE_ERROR;
}

static Value get_annotations(VM *vm, Value self) {
    Value dict = module_dict(self), v = dict_get_str(vm, dict, NAME(__annotations__));
    if (v != 0)
        return incref(v);
    v = dict_new(vm);
    if (v != 0 && !dict_set_str(vm, dict, NAME(__annotations__), v)) {
        decref(vm, v);
        return 0;
    }
    return v;
}

static bool set_annotations(VM *vm, Value self, Value value) {
    Value dict = module_dict(self);
    if (value != 0)
        return dict_set_str(vm, dict, NAME(__annotations__), value);
    int deleted = dict_delete(vm, dict, NAME(__annotations__));
    if (deleted == 0)
        raise_attribute(vm, self, NAME(__annotations__), "__annotations__");
    return deleted > 0;
}

static bool set_dict(VM *vm, Value self, Value value) {
    return raise_attribute(vm, self, NAME(__dict__), "readonly attribute");
}

static Value module_dir(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value dict = attr_get(vm, self, NAME(__dict__));
    if (dict == 0)
        return 0;
    Value result;
    if (!is_dict(dict)) {
        result = raise_type(vm, "%T.__dict__ is not a dictionary", self);
    } else {
        Value hook = dict_get_c(vm, dict, "__dir__");
        result = hook != 0 ? call0(vm, hook) : error_pending(vm) ? 0 : list_from_iterable(vm, dict);
    }
    decref(vm, dict);
    return result;
}

static void module_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((Module *)self)->dict, visit, arg);
}

static void module_clear(VM *vm, Object *self) {
    Value dict = ((Module *)self)->dict;
    if (dict != 0)
        dict_clear(vm, dict);
}

static void module_dealloc(VM *vm, Object *self) {
    decref(vm, ((Module *)self)->dict);
    decref(vm, ((Module *)self)->name);
}

static const MethodSpec module_methods[] = {
    {"__dir__", module_dir, "", "Names in the module, or what its own __dir__() says.", 0},
    {0},
};

static const GetSetSpec module_getset[] = {
    {"__dict__", get_dict, set_dict, NULL},
    {"__annotations__", get_annotations, set_annotations, NULL},
    {0},
};

const TypeSpec module_spec = {
    .name = "module",
    .doc = "module(name, doc=None) makes an empty module.",
    .signature = "name, doc=None",
    .size = sizeof(Module),
    .flags = TYPE_GC | TYPE_BASE,
    .kind = KIND_MODULE,
    .slots = {.dealloc = module_dealloc,
              .traverse = module_traverse,
              .clear = module_clear,
              .create = module_create,
              .init = module_init,
              .repr = module_repr,
              .getattr = module_getattr,
              .setattr = module_setattr},
    .methods = module_methods,
    .getset = module_getset,
};
