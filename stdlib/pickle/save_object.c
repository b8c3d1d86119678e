/* Writing everything else: classes and functions by their names, other objects by what their reduction says. */
#include "stdlib/pickle/pickle.h"

/* ---- by name --------------------------------------------------------------------------------------------------- */

/* Is the object what the path leads to in that module? 1, 0, -1 */
static int module_holds(VM *vm, Value module, Value v, Value path) {
    Value found = find_dotted(vm, module, path);
    decref(vm, found);
    if (found != 0)
        return found == v;
    if (!error_matches(vm, vm->exc.AttributeError))
        return -1;
    error_clear(vm);
    return 0;
}

/* __module__, or the loaded module that has the object under its name; owned. */
static Value module_name_of(VM *vm, Value v, Value path) {
    Value name = 0;
    if (attr_lookup(vm, v, NAME(__module__), &name) < 0)
        return 0;
    if (name != 0 && name != VALUE_NONE)
        return name;
    decref(vm, name);
    Value modules = dict_copy(vm, vm->modules), key, module; /* looking may import */
    if (modules == 0)
        return 0;
    Value result = 0;
    size_t at = 0;
    while (result == 0 && dict_next(modules, &at, &key, &module)) {
        if (module == VALUE_NONE ||
            (is_str(key) && (str_equals_c(key, "__main__") || str_equals_c(key, "__mp_main__"))))
            continue;
        int holds = module_holds(vm, module, v, path);
        if (holds < 0)
            break;
        if (holds)
            result = incref(key);
    }
    decref(vm, modules);
    return result != 0 || error_pending(vm) ? result : incref(NAME(__main__));
}

/* An extension code of copyreg for the name: 1 written, 0 none, -1 */
static int save_extension(VM *vm, Pickler *p, Value module_name, Value path) {
    Value registry = find_copyreg(vm, "_extension_registry"),
          key = registry != 0 ? tuple_pack(vm, 2, module_name, path) : 0;
    Value code = key != 0 ? dict_get(vm, registry, key) : 0;
    incref(code);
    decref(vm, key);
    decref(vm, registry);
    if (code == 0)
        return error_pending(vm) ? -1 : 0;
    int64_t n = 0;
    bool fits = is_int(code) && int_fits_int64(code, &n) && n > 0 && n <= INT32_MAX;
    if (!fits)
        raisef(vm, vm->exc.RuntimeError, "extension code %i is out of range", n);
    decref(vm, code);
    if (!fits)
        return -1;
    bool ok = n <= 255     ? put_sized(vm, p, OPC_EXT1, (size_t)n, 1, NULL, 0)
              : n <= 65535 ? put_sized(vm, p, OPC_EXT2, (size_t)n, 2, NULL, 0)
                           : put_sized(vm, p, OPC_EXT4, (size_t)n, 4, NULL, 0);
    return ok ? 1 : -1;
}

/* The names of the days of version 2; *module and *name are owned and replaced. */
static bool make_old(VM *vm, Value *module, Value *name) {
    Value names = find_compat(vm, "REVERSE_NAME_MAPPING"), key = names != 0 ? tuple_pack(vm, 2, *module, *name) : 0;
    Value pair = key != 0 ? dict_get(vm, names, key) : 0;
    bool ok = key != 0 && !error_pending(vm);
    if (pair != 0 && is_tuple(pair) && as_tuple(pair)->len == 2 && is_str(as_tuple(pair)->items[0]) &&
        is_str(as_tuple(pair)->items[1])) {
        set_owned(vm, module, incref(as_tuple(pair)->items[0]));
        set_owned(vm, name, incref(as_tuple(pair)->items[1]));
    } else if (pair != 0) {
        ok = raisef(vm, vm->exc.RuntimeError,
                    "_compat_pickle.REVERSE_NAME_MAPPING values should be pairs of str, not %T", pair);
    } else if (ok) {
        Value modules = find_compat(vm, "REVERSE_IMPORT_MAPPING");
        Value other = modules != 0 ? dict_get(vm, modules, *module) : 0;
        ok = modules != 0 && !error_pending(vm);
        if (other != 0 && is_str(other))
            set_owned(vm, module, incref(other));
        decref(vm, modules);
    }
    decref(vm, key);
    decref(vm, names);
    return ok;
}

static bool put_name_line(VM *vm, Pickler *p, Value name, const char *what) {
    if (p->protocol < 3 && !str_is_ascii(as_str(name)))
        return raisef(vm, pickle_state(vm)->pickling_error,
                      "can't pickle %s identifier '%V' using pickle protocol %d", what, name, p->protocol);
    return put(vm, p, str_data(name), as_str(name)->nbytes) && put_op(vm, p, '\n');
}

static bool save_global_line(VM *vm, Pickler *p, Value module_name, Value path) {
    Value module = incref(module_name), name = incref(path);
    bool ok = (p->protocol >= 3 || !p->fix_imports || make_old(vm, &module, &name)) && put_op(vm, p, OPC_GLOBAL) &&
              put_name_line(vm, p, module, "module") && put_name_line(vm, p, name, "global");
    decref(vm, module);
    decref(vm, name);
    return ok;
}

/* Old protocols know no dotted names: getattr(getattr(a, 'b'), 'c') stands for a.b.c. */
static bool save_by_getattr(VM *vm, Pickler *p, Value module_name, Value path) {
    const char *s = str_data(path), *end = s + as_str(path)->nbytes, *dot = memchr(s, '.', as_str(path)->nbytes);
    Value getter = builtin_get(vm, "getattr");
    for (const char *at = dot; at != NULL; at = memchr(at + 1, '.', (size_t)(end - at - 1)))
        if (!save(vm, p, getter) || (p->protocol < 2 && !put_op(vm, p, OPC_MARK)))
            return false;
    Value first = str_new(vm, s, (size_t)(dot - s));
    bool ok = first != 0 && save_global_line(vm, p, module_name, first);
    decref(vm, first);
    while (ok && dot != NULL) {
        s = dot + 1;
        dot = memchr(s, '.', (size_t)(end - s));
        Value name = str_new(vm, s, (size_t)((dot != NULL ? dot : end) - s));
        name = name != 0 ? str_intern(vm, name) : 0;
        ok = name != 0 && save(vm, p, name) && put_op(vm, p, p->protocol < 2 ? OPC_TUPLE : OPC_TUPLE2) &&
             put_op(vm, p, OPC_REDUCE);
        decref(vm, name);
    }
    return ok;
}

static bool save_found(VM *vm, Pickler *p, Value v, Value module_name, Value path) {
    if (p->protocol >= 2) {
        int written = save_extension(vm, p, module_name, path);
        if (written != 0)
            return written > 0; /* short enough without the memo */
    }
    if (p->protocol >= 4) {
        if (!save(vm, p, module_name) || !save(vm, p, path) || !put_op(vm, p, OPC_STACK_GLOBAL))
            return false;
    } else if (strchr(str_data(path), '.') != NULL) {
        if (!save_by_getattr(vm, p, module_name, path))
            return false;
    } else if (!save_global_line(vm, p, module_name, path)) {
        return false;
    }
    return put_memo(vm, p, v);
}

/* Replaces the pending error by a PicklingError. */
static bool blame(VM *vm, Value v, const char *fmt, Value a, Value b) {
    error_clear(vm);
    return raisef(vm, pickle_state(vm)->pickling_error, fmt, v, a, b);
}

/* v under that name in its module, checked that reading will find it there. */
static bool save_checked(VM *vm, Pickler *p, Value v, Value module_name, Value path) {
    Value module = find_module(vm, module_name);
    if (module == 0) {
        if (!error_matches(vm, vm->exc.ImportError))
            return false;
        return blame(vm, v, "Can't pickle %R: import of module %R failed", module_name, 0);
    }
    Value found = find_dotted(vm, module, path);
    bool ok;
    if (found == 0 && error_matches(vm, vm->exc.AttributeError) && strstr(str_data(path), "<locals>") == NULL)
        ok = blame(vm, v, "Can't pickle %R: attribute lookup %S on %S failed", path, module_name);
    else if (found != 0 && found != v)
        ok = raisef(vm, pickle_state(vm)->pickling_error, "Can't pickle %R: it's not the same object as %S.%S", v,
                    module_name, path);
    else
        ok = found != 0 && save_found(vm, p, v, module_name, path);
    decref(vm, module);
    decref(vm, found);
    return ok;
}

bool save_global(VM *vm, Pickler *p, Value v, Value name) {
    if (v == pickle_state(vm)->encode) {
        Value module = str_intern_c(vm, "_codecs"), path = str_intern_c(vm, "encode");
        bool ok = module != 0 && path != 0 && save_found(vm, p, v, module, path);
        decref(vm, module);
        decref(vm, path);
        return ok;
    }
    Value path = 0, module_name = 0;
    if (name != 0)
        path = incref(name);
    else if (attr_lookup(vm, v, NAME(__qualname__), &path) == 0)
        path = attr_get(vm, v, NAME(__name__));
    bool ok = false;
    if (path != 0 && !is_str(path)) {
        raise_type(vm, "attribute name must be string, not '%T'", path);
    } else if (path != 0 && strstr(str_data(path), "<locals>") != NULL) {
        raisef(vm, vm->exc.AttributeError, "Can't get local object %R", path);
    } else if (path != 0) {
        module_name = module_name_of(vm, v, path);
        if (module_name != 0 && !is_str(module_name))
            raise_type(vm, "module name must be a string, not '%T'", module_name);
        else
            ok = module_name != 0 && save_checked(vm, p, v, module_name, path);
    }
    decref(vm, path);
    decref(vm, module_name);
    return ok;
}

/* ---- by reduction ---------------------------------------------------------------------------------------------- */

static bool complain(VM *vm, const char *text) { return raisef(vm, pickle_state(vm)->pickling_error, "%s", text); }

/* cls.__new__(cls, *args, **kwargs), for which protocol 2 and 3 have no opcode: a partial that is called */
static bool save_newobj_partial(VM *vm, Pickler *p, Value cls, Value args, Value kwargs) {
    Value functools = find_module_c(vm, "functools"),
          partial = functools != 0 ? attr_get_c(vm, functools, "partial") : 0;
    Value make = partial != 0 ? attr_get(vm, cls, NAME(__new__)) : 0;
    size_t n = as_tuple(args)->len;
    Value all = make != 0 ? tuple_new(vm, n + 2) : 0, bound = 0;
    if (all != 0) {
        as_tuple(all)->items[0] = incref(make);
        as_tuple(all)->items[1] = incref(cls);
        for (size_t i = 0; i < n; i++)
            as_tuple(all)->items[i + 2] = incref(as_tuple(args)->items[i]);
        bound = call_ex(vm, partial, all, kwargs);
    }
    bool ok = bound != 0 && save(vm, p, bound) && save(vm, p, vm->empty_tuple) && put_op(vm, p, OPC_REDUCE);
    decref(vm, functools);
    decref(vm, partial);
    decref(vm, make);
    decref(vm, all);
    decref(vm, bound);
    return ok;
}

static bool save_newobj_ex(VM *vm, Pickler *p, Value all) {
    Value *part = as_tuple(all)->items;
    Type *error = pickle_state(vm)->pickling_error;
    if (as_tuple(all)->len != 3)
        return raisef(vm, error, "length of the NEWOBJ_EX argument tuple must be exactly 3, not %u",
                      as_tuple(all)->len);
    if (!is_type(part[0]))
        return raisef(vm, error, "first item from NEWOBJ_EX argument tuple must be a class, not %T", part[0]);
    if (!is_tuple(part[1]))
        return raisef(vm, error, "second item from NEWOBJ_EX argument tuple must be a tuple, not %T", part[1]);
    if (!is_dict(part[2]))
        return raisef(vm, error, "third item from NEWOBJ_EX argument tuple must be a dict, not %T", part[2]);
    if (p->protocol < 4)
        return save_newobj_partial(vm, p, part[0], part[1], part[2]);
    return save(vm, p, part[0]) && save(vm, p, part[1]) && save(vm, p, part[2]) && put_op(vm, p, OPC_NEWOBJ_EX);
}

static bool save_newobj(VM *vm, Pickler *p, Value all, Value obj) {
    if (as_tuple(all)->len < 1)
        return complain(vm, "__newobj__ arglist is empty");
    Value cls = as_tuple(all)->items[0], own = 0;
    if (!is_type(cls))
        return complain(vm, "args[0] from __newobj__ args is not a type");
    if (obj != 0) {
        if ((own = attr_get(vm, obj, NAME(__class__))) == 0)
            return false;
        decref(vm, own);
        if (own != cls)
            return complain(vm, "args[0] from __newobj__ args has the wrong class");
    }
    Value rest = save(vm, p, cls) ? tuple_slice(vm, all, 1, as_tuple(all)->len) : 0;
    bool ok = rest != 0 && save(vm, p, rest) && put_op(vm, p, OPC_NEWOBJ);
    decref(vm, rest);
    return ok;
}

enum { BY_CALL, BY_NEWOBJ, BY_NEWOBJ_EX };
static bool find_way(VM *vm, Pickler *p, Value callable, int *way) {
    *way = BY_CALL;
    if (p->protocol < 2)
        return true;
    Value name = 0;
    if (attr_lookup(vm, callable, NAME(__name__), &name) < 0)
        return false;
    if (name != 0 && is_str(name))
        *way = str_equals_c(name, "__newobj_ex__") ? BY_NEWOBJ_EX
               : str_equals_c(name, "__newobj__")  ? BY_NEWOBJ
                                                   : BY_CALL;
    decref(vm, name);
    return true;
}

static bool check_reduced(VM *vm, Value reduced, Value part[6]) {
    size_t n = as_tuple(reduced)->len;
    if (n < 2 || n > 6)
        return complain(vm, "tuple returned by __reduce__ must contain 2 through 6 elements");
    for (size_t i = 0; i < 6; i++) {
        part[i] = i < n ? as_tuple(reduced)->items[i] : 0;
        if (i >= 2 && part[i] == VALUE_NONE)
            part[i] = 0;
    }
    Type *error = pickle_state(vm)->pickling_error;
    if (!is_callable(part[0]))
        return complain(vm, "first item of the tuple returned by __reduce__ must be callable");
    if (!is_tuple(part[1]))
        return complain(vm, "second item of the tuple returned by __reduce__ must be a tuple");
    for (int i = 3; i < 5; i++)
        if (part[i] != 0 && type_of(vm, part[i])->slots.next == NULL)
            return raisef(vm, error, "%s element of the tuple returned by __reduce__ must be an iterator, not %T",
                          i == 3 ? "fourth" : "fifth", part[i]);
    if (part[5] != 0 && !is_callable(part[5]))
        return raisef(vm, error, "sixth element of the tuple returned by __reduce__ must be a function, not %T",
                      part[5]);
    return true;
}

static bool save_state(VM *vm, Pickler *p, Value obj, Value state, Value setter) {
    if (setter == 0)
        return save(vm, p, state) && put_op(vm, p, OPC_BUILD);
    /* setter(obj, state), whose result is dropped */
    return save(vm, p, setter) && save(vm, p, obj) && save(vm, p, state) && put_op(vm, p, OPC_TUPLE2) &&
           put_op(vm, p, OPC_REDUCE) && put_op(vm, p, OPC_POP);
}

bool save_reduced(VM *vm, Pickler *p, Value reduced, Value obj) {
    Value part[6];
    int way;
    if (!check_reduced(vm, reduced, part) || !find_way(vm, p, part[0], &way))
        return false;
    bool ok;
    if (way == BY_NEWOBJ_EX)
        ok = save_newobj_ex(vm, p, part[1]);
    else if (way == BY_NEWOBJ)
        ok = save_newobj(vm, p, part[1], obj);
    else
        ok = save(vm, p, part[0]) && save(vm, p, part[1]) && put_op(vm, p, OPC_REDUCE);
    if (!ok)
        return false;
    if (obj != 0) {
        const MemoEntry *known = memo_find(&p->memo, obj);
        if (known != NULL) /* written among its own arguments */
            return put_op(vm, p, OPC_POP) && put_get(vm, p, known);
        if (!put_memo(vm, p, obj))
            return false;
    }
    return (part[3] == 0 || save_batch(vm, p, part[3], false)) &&
           (part[4] == 0 || save_batch(vm, p, part[4], true)) &&
           (part[2] == 0 || save_state(vm, p, obj, part[2], part[5]));
}

/* ---- finding the reduction ------------------------------------------------------------------------------------- */

/* What the table of the pickler or of copyreg has for the type: owned; 0 without an exception when nothing. */
static Value table_function(VM *vm, Pickler *p, Type *t) {
    Value key = type_value(t);
    if (p->dispatch_table == 0)
        return incref(dict_get(vm, p->copyreg_table, key));
    Value found = item_get(vm, p->dispatch_table, key);
    if (found == 0 && error_matches(vm, vm->exc.KeyError))
        error_clear(vm);
    return found;
}

static Value reduce_by_method(VM *vm, Pickler *p, Value v) {
    Value method = 0, result;
    int found = attr_lookup(vm, v, NAME(__reduce_ex__), &method);
    if (found < 0)
        return 0;
    if (found > 0) {
        result = call1(vm, method, from_small_int(p->protocol));
    } else {
        if ((found = attr_lookup(vm, v, NAME(__reduce__), &method)) < 0)
            return 0;
        if (found == 0)
            return raisef(vm, pickle_state(vm)->pickling_error, "can't pickle '%T' object: %R", v, v);
        result = call0(vm, method);
    }
    decref(vm, method);
    return result;
}

static bool save_result(VM *vm, Pickler *p, Value v, Value result_consumed) {
    bool ok = false;
    if (result_consumed != 0 && is_str(result_consumed))
        ok = save_global(vm, p, v, result_consumed);
    else if (result_consumed != 0 && !is_tuple(result_consumed))
        complain(vm, "__reduce__ must return a string or tuple");
    else if (result_consumed != 0)
        ok = save_reduced(vm, p, result_consumed, v);
    decref(vm, result_consumed);
    return ok;
}

/* type(None) and its like have names that lead nowhere. */
static bool save_class(VM *vm, Pickler *p, Value v) {
    Value single = v == type_value(vm->types.NoneType)             ? VALUE_NONE
                   : v == type_value(vm->types.ellipsis)           ? VALUE_ELLIPSIS
                   : v == type_value(vm->types.NotImplementedType) ? VALUE_NOTIMPL
                                                                   : 0;
    if (single == 0)
        return save_global(vm, p, v, 0);
    return save_pair_call(vm, p, type_value(vm->types.type), tuple_pack(vm, 1, single), v);
}

bool save_object(VM *vm, Pickler *p, Value v) {
    if (p->reducer_override != 0) {
        Value r = call1(vm, p->reducer_override, v);
        if (r != VALUE_NOTIMPL)
            return save_result(vm, p, v, r);
    }
    if (v == pickle_state(vm)->encode)
        return save_global(vm, p, v, 0);
    Type *t = type_of(vm, v);
    if (t == vm->types.type)
        return save_class(vm, p, v);
    if (t == vm->types.function)
        return save_global(vm, p, v, 0);
    Value function = table_function(vm, p, t);
    if (function == 0 && error_pending(vm))
        return false;
    if (function != 0) {
        Value r = call1(vm, function, v);
        decref(vm, function);
        return save_result(vm, p, v, r);
    }
    if (type_is_subtype(t, vm->types.type))
        return save_global(vm, p, v, 0);
    return save_result(vm, p, v, reduce_by_method(vm, p, v));
}
