/* Built-in functions that ask or do one thing with one object. Nearly all the work is in the generic operations; what
 * is here is the argument checking and the wording of errors that belong to the functions themselves. */
#include "stdlib/builtins/builtins.h"
#include "stdlib/init.h"

#include "interp/frame.h"

static bool want_name(VM *vm, Value name) {
    return is_str(name) || raise_type(vm, "attribute name must be string, not '%T'", name);
}

static Value object_getattr(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!want_name(vm, args[1]))
        return VALUE_ERROR;
    if (!args[2])
        return attr_get(vm, args[0], args[1]);
    Value found;
    int status = attr_lookup(vm, args[0], args[1], &found);
    return status < 0 ? VALUE_ERROR : status ? found : incref(args[2]);
}

static Value object_hasattr(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!want_name(vm, args[1]))
        return VALUE_ERROR;
    int found = attr_has(vm, args[0], args[1]);
    return found < 0 ? VALUE_ERROR : from_bool(found);
}

static Value object_setattr(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_name(vm, args[1]) && attr_set(vm, args[0], args[1], args[2]) ? VALUE_NONE : VALUE_ERROR;
}

static Value object_delattr(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return want_name(vm, args[1]) && attr_set(vm, args[0], args[1], 0) ? VALUE_NONE : VALUE_ERROR;
}

static Value object_callable(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_bool(is_callable(args[0]));
}

static Value object_hash(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int64_t hash;
    return hash_value(vm, args[0], &hash) ? int_from_int64(vm, hash) : VALUE_ERROR;
}

/* Numbers and constants are no objects in memory; their own word, which no address can equal, identifies them. */
static Value object_id(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_uint64(vm, args[0]);
}

static Value object_isinstance(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int answer = is_instance(vm, args[0], args[1]);
    return answer < 0 ? VALUE_ERROR : from_bool(answer);
}

static Value object_issubclass(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int answer = is_subclass(vm, args[0], args[1]);
    return answer < 0 ? VALUE_ERROR : from_bool(answer);
}

static Value object_len(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t n = length(vm, args[0]);
    return n < 0 ? VALUE_ERROR : int_from_ssize(vm, n);
}

static Value object_repr(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return to_repr(vm, args[0]);
}

static Value object_ascii(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return to_ascii(vm, args[0]);
}

static Value object_format(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (args[1] && !is_str(args[1]))
        return raise_type(vm, "format() argument 2 must be str, not %T", args[1]);
    return to_format(vm, args[0], args[1]);
}

static Value object_globals(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value globals = frame_globals(vm);
    return globals ? incref(globals) : raise_system(vm, "globals() called without a running frame");
}

static Value object_locals(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return frame_locals(vm); }

static Value object_vars(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!args[0])
        return frame_locals(vm);
    Value dict;
    int found = attr_lookup(vm, args[0], NAME(__dict__), &dict);
    if (found == 0)
        return raise_type(vm, "vars() argument must have __dict__ attribute");
    return found < 0 ? VALUE_ERROR : dict;
}

static Value dir_locals(VM *vm) {
    Value locals = frame_locals(vm);
    if (!locals)
        return VALUE_ERROR;
    Value keys = call_method0(vm, locals, NAME(keys));
    decref(vm, locals);
    return keys;
}

static Value object_dir(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value names;
    if (args[0]) {
        names = call_special(vm, args[0], NAME(__dir__), NULL, 0);
        if (!names && !error_pending(vm))
            return raise_type(vm, "object does not provide __dir__");
    } else {
        names = dir_locals(vm);
    }
    if (!names)
        return VALUE_ERROR;
    Value list = list_from_iterable(vm, names);
    decref(vm, names);
    if (list && !list_sort(vm, list, 0, false)) {
        decref(vm, list);
        return VALUE_ERROR;
    }
    return list;
}

const MethodSpec builtins_object_methods[] = {
    {"ascii", object_ascii, "obj, /", "The repr of an object with every character outside ASCII escaped.", 0},
    {"callable", object_callable, "obj, /", "Tells whether an object can be called.", 0},
    {"delattr", object_delattr, "obj, name, /", "Deletes an attribute: delattr(x, 'y') is del x.y.", 0},
    {"dir", object_dir, "object=<unset>, /", "The sorted names of an object's attributes, or of the local names.", 0},
    {"format", object_format, "value, format_spec='', /", "value.__format__(format_spec).", 0},
    {"getattr", object_getattr, "object, name, default=<unset>, /",
     "Gets an attribute by its name: getattr(x, 'y') is x.y; the default, if given, stands in for a missing one.", 0},
    {"globals", object_globals, "", "The dict of the current module's names.", 0},
    {"hasattr", object_hasattr, "obj, name, /", "Tells whether an object has an attribute of that name.", 0},
    {"hash", object_hash, "obj, /", "The hash of an object: equal objects have equal hashes.", 0},
    {"id", object_id, "obj, /", "A number that identifies an object as long as it lives.", 0},
    {"isinstance", object_isinstance, "obj, class_or_tuple, /",
     "Tells whether an object is an instance of a class, or of one of several.", 0},
    {"issubclass", object_issubclass, "cls, class_or_tuple, /",
     "Tells whether a class is derived from another, or from one of several.", 0},
    {"len", object_len, "obj, /", "How many items the object has.", 0},
    {"locals", object_locals, "", "The names and values of the current scope.", 0},
    {"repr", object_repr, "obj, /", "The text that shows an object to programmers.", 0},
    {"setattr", object_setattr, "obj, name, value, /", "Sets an attribute: setattr(x, 'y', v) is x.y = v.", 0},
    {"vars", object_vars, "object=<unset>, /", "The __dict__ of an object, or the local names without one.", 0},
    {0},
};
