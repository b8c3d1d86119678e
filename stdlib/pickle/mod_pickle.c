/* The module _pickle: dump, dumps, load, loads, and the classes. */
#include "stdlib/pickle/pickle.h"

PickleState *pickle_state(VM *vm) { return vm->module_state[MODULE_SLOT_mod_pickle_init]; }

static Pickler *new_pickler(VM *vm, Value protocol, Value fix_imports, Value buffer_callback) {
    Type *type = vm_type(vm, &pickler_spec, NULL);
    Pickler *p = type != NULL ? object_alloc(vm, type, 0) : NULL;
    if (p != NULL && !pickler_setup(vm, p, protocol, fix_imports, buffer_callback)) {
        decref(vm, from_obj(p));
        return NULL;
    }
    return p;
}

static Value pickle_dump(NATIVE_ARGS) {
    Pickler *p = new_pickler(vm, args[2], args[3], args[4]);
    if (p == NULL)
        return 0;
    bool ok = pickler_file(vm, p, args[1]) && pickler_run(vm, p, args[0]) && put_flush(vm, p);
    decref(vm, from_obj(p));
    return ok ? VALUE_NONE : 0;
}

static Value pickle_dumps(NATIVE_ARGS) {
    Pickler *p = new_pickler(vm, args[1], args[2], args[3]);
    if (p == NULL)
        return 0;
    Value result = pickler_run(vm, p, args[0]) ? bytes_new(vm, p->out, p->len) : 0;
    decref(vm, from_obj(p));
    return result;
}

static Unpickler *new_unpickler(VM *vm, const char *who, Value *args) {
    Type *type = vm_type(vm, &unpickler_spec, NULL);
    Unpickler *u = type != NULL ? object_alloc(vm, type, 0) : NULL;
    if (u != NULL && !unpickler_setup(vm, u, who, args[1], args[2], args[3], args[4])) {
        decref(vm, from_obj(u));
        return NULL;
    }
    return u;
}

static Value pickle_load(NATIVE_ARGS) {
    Unpickler *u = new_unpickler(vm, "load", args);
    if (u == NULL)
        return 0;
    Value result = unpickler_file(vm, u, args[0]) ? unpickler_load(vm, u) : 0;
    decref(vm, from_obj(u));
    return result;
}

static Value pickle_loads(NATIVE_ARGS) {
    Unpickler *u = new_unpickler(vm, "loads", args);
    if (u == NULL)
        return 0;
    Value result = unpickler_input(vm, u, incref(args[0])) ? unpickler_load(vm, u) : 0;
    decref(vm, from_obj(u));
    return result;
}

static Value encode(NATIVE_ARGS) {
    if (!is_str(args[0]))
        return raise_type(vm, "encode() argument 'obj' must be str, not %T", args[0]);
    const char *encoding = args[1] != 0 ? to_c_string(vm, args[1], "encode() argument 'encoding'") : "utf-8";
    const char *errors =
        encoding != NULL && args[2] != 0 ? to_c_string(vm, args[2], "encode() argument 'errors'") : "strict";
    return encoding != NULL && errors != NULL ? str_encode(vm, args[0], encoding, errors) : 0;
}
static const MethodSpec encode_method = {"encode", encode, "obj, encoding='utf-8', errors='strict'",
                                         "The bytes of a text in an encoding.", 0};

static const MethodSpec functions[] = {
    {"dump", pickle_dump, "obj, file, protocol=None, *, fix_imports=True, buffer_callback=None",
     "Writes the pickle of an object to an open file.", 0},
    {"dumps", pickle_dumps, "obj, protocol=None, *, fix_imports=True, buffer_callback=None",
     "The pickle of an object as bytes.", 0},
    {"load", pickle_load, "file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=()",
     "Reads one pickle from an open file and returns its object.", 0},
    {"loads", pickle_loads, "data, /, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=()",
     "The object of a pickle that is given as bytes.", 0},
    {0},
};

static bool make_state(VM *vm) {
    PickleState s = {0};
    Value home = str_intern_c(vm, "_codecs");
    s.encode = home != 0 ? native_new(vm, &encode_method, 0, NULL, home) : 0;
    decref(vm, home);
    if (s.encode == 0 || vm_keep(vm, s.encode) == 0)
        return false;
    s.pickle_error =
        module_exception(vm, "_pickle", "PickleError", vm->exc.Exception, "What goes wrong with pickles.");
    if (s.pickle_error == NULL)
        return false;
    s.pickling_error =
        module_exception(vm, "_pickle", "PicklingError", s.pickle_error, "An object cannot be pickled.");
    s.unpickling_error =
        module_exception(vm, "_pickle", "UnpicklingError", s.pickle_error, "A pickle cannot be read.");
    PickleState *kept = s.pickling_error != NULL && s.unpickling_error != NULL ? mem_alloc(vm, sizeof s) : NULL;
    if (kept == NULL)
        return false;
    *kept = s;
    vm->module_state[MODULE_SLOT_mod_pickle_init] = kept;
    return true;
}

static bool add_state(VM *vm, Value module, const PickleState *s) {
    return module_add(vm, module, "PickleError", incref(type_value(s->pickle_error))) &&
           module_add(vm, module, "PicklingError", incref(type_value(s->pickling_error))) &&
           module_add(vm, module, "UnpicklingError", incref(type_value(s->unpickling_error)));
}

bool mod_pickle_init(VM *vm, Value module) {
    static const struct {
        const char *name;
        const TypeSpec *spec;
    } types[] = {{"Pickler", &pickler_spec}, {"Unpickler", &unpickler_spec}, {"PickleBuffer", &pickle_buffer_spec}};
    PickleState *s = pickle_state(vm);
    if ((s == NULL && !make_state(vm)) || !add_state(vm, module, pickle_state(vm)))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        Type *t = vm_type(vm, types[i].spec, NULL);
        if (t == NULL || !module_add(vm, module, types[i].name, incref(type_value(t))))
            return false;
    }
    return module_add_functions(vm, module, functions);
}
