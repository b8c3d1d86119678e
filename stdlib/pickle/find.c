/* Finding classes and functions by their module and qualified name, for both directions. */
#include "stdlib/pickle/pickle.h"

Value find_module(VM *vm, Value name) {
    Value globals = dict_new(vm), top = globals != 0 ? vm->import_name(vm, name, globals, 0, 0) : 0;
    decref(vm, globals);
    if (top == 0)
        return 0;
    Value module = dict_get(vm, vm->modules, name); /* of a.b, not a */
    if (module != 0) {
        incref(module);
        decref(vm, top);
        return module;
    }
    if (error_pending(vm)) {
        decref(vm, top);
        return 0;
    }
    return top;
}

Value find_module_c(VM *vm, const char *name) {
    Value text = str_intern_c(vm, name), module = text != 0 ? find_module(vm, text) : 0;
    decref(vm, text);
    return module;
}

static Value find_in(VM *vm, const char *module_name, const char *name) {
    Value module = find_module_c(vm, module_name), v = module != 0 ? attr_get_c(vm, module, name) : 0;
    decref(vm, module);
    return v;
}

Value find_copyreg(VM *vm, const char *name) {
    Value v = find_in(vm, "copyreg", name);
    if (v != 0 && !is_dict(v)) {
        raisef(vm, vm->exc.RuntimeError, "copyreg.%s should be a dict, not %T", name, v);
        decref(vm, v);
        return 0;
    }
    return v;
}

Value find_compat(VM *vm, const char *table) {
    Value v = find_in(vm, "_compat_pickle", table);
    if (v != 0 && !is_dict(v)) {
        raisef(vm, vm->exc.RuntimeError, "_compat_pickle.%s should be a dict, not %T", table, v);
        decref(vm, v);
        return 0;
    }
    return v;
}

Value find_dotted(VM *vm, Value root, Value path) {
    Value at = incref(root), holder = 0;
    const char *s = str_data(path), *end = s + as_str(path)->nbytes;
    while (at != 0) {
        const char *dot = memchr(s, '.', (size_t)(end - s));
        Value name = str_new(vm, s, (size_t)((dot != NULL ? dot : end) - s)), next = 0;
        name = name != 0 ? str_intern(vm, name) : 0;
        if (name != 0 && str_equals_c(name, "<locals>")) {
            if (holder == 0 && at == root && dot == NULL)
                raisef(vm, vm->exc.AttributeError, "Can't get local object %R", path);
            else
                raisef(vm, vm->exc.AttributeError, "Can't get local attribute %R on %R", path, root);
        } else if (name != 0 && attr_lookup(vm, at, name, &next) == 0) {
            raisef(vm, vm->exc.AttributeError, "Can't get attribute %R on %R", path, root);
        }
        decref(vm, name);
        set_owned(vm, &holder, at);
        at = next;
        if (dot == NULL || at == 0)
            break;
        s = dot + 1;
    }
    decref(vm, holder);
    return at;
}

/* The names of the days of version 2: *module and *name, owned, are replaced. */
static bool modernize(VM *vm, Value *module, Value *name) {
    Value names = find_compat(vm, "NAME_MAPPING"), key = names != 0 ? tuple_pack(vm, 2, *module, *name) : 0;
    Value pair = key != 0 ? dict_get(vm, names, key) : 0;
    bool ok = key != 0 && !error_pending(vm);
    if (pair != 0 && is_tuple(pair) && as_tuple(pair)->len == 2 && is_str(as_tuple(pair)->items[0]) &&
        is_str(as_tuple(pair)->items[1])) {
        set_owned(vm, module, incref(as_tuple(pair)->items[0]));
        set_owned(vm, name, incref(as_tuple(pair)->items[1]));
    } else if (pair != 0) {
        ok = raisef(vm, vm->exc.RuntimeError, "_compat_pickle.NAME_MAPPING values should be pairs of str, not %T",
                    pair);
    } else if (ok) {
        Value modules = find_compat(vm, "IMPORT_MAPPING");
        Value other = modules != 0 ? dict_get(vm, modules, *module) : 0;
        ok = modules != 0 && !error_pending(vm);
        if (other != 0 && is_str(other))
            set_owned(vm, module, incref(other));
        else if (other != 0)
            ok = raisef(vm, vm->exc.RuntimeError, "_compat_pickle.IMPORT_MAPPING values should be strings, not %T",
                        other);
        decref(vm, modules);
    }
    decref(vm, key);
    decref(vm, names);
    return ok;
}

static Value find_named(VM *vm, Unpickler *u, Value module_name, Value name) {
    Value module = find_module(vm, module_name), v = 0;
    if (module == 0) {
        /* what old protocols write for bytes, where there is no module of codecs */
        if (str_equals_c(module_name, "_codecs") && str_equals_c(name, "encode") &&
            error_matches(vm, vm->exc.ImportError)) {
            error_clear(vm);
            return incref(pickle_state(vm)->encode);
        }
        return 0;
    }
    if (u->protocol >= 4)
        v = find_dotted(vm, module, name);
    else if (attr_lookup(vm, module, name, &v) == 0)
        raisef(vm, vm->exc.AttributeError, "Can't get attribute %R on %R", name, module);
    decref(vm, module);
    return v;
}

Value find_class(VM *vm, Unpickler *u, Value module, Value name) {
    if (!is_str(module) || !is_str(name))
        return raise_type(vm, "attribute name must be string, not '%T'", is_str(module) ? name : module);
    incref(module);
    incref(name);
    bool ok = !(u->protocol < 3 && u->fix_imports) || modernize(vm, &module, &name);
    Value v = ok ? find_named(vm, u, module, name) : 0;
    decref(vm, module);
    decref(vm, name);
    return v;
}
