/* The opcodes that put objects together: containers, classes found by name, instances made and filled.
 *
 * Whatever can run scripts works on references of its own; the stack itself is only reached through the unpickler,
 * which refuses to be used again while it is at work. */
#include "stdlib/pickle/pickle.h"

static bool bad(VM *vm, const char *text) { return raisef(vm, pickle_state(vm)->unpickling_error, "%s", text); }

/* The n topmost items as a tuple; they leave the stack. */
static Value take_tuple(VM *vm, Unpickler *u, size_t n) {
    if (u->depth < u->fence + n)
        return load_underflow(vm, u);
    Value t = tuple_from_array(vm, u->stack + u->depth - n, n);
    if (t != 0)
        load_cut(vm, u, u->depth - n);
    return t;
}

static Value take_list(VM *vm, Unpickler *u, size_t at) {
    Value list = list_from_array(vm, u->stack + at, u->depth - at);
    if (list != 0)
        load_cut(vm, u, at);
    return list;
}

/* ---- containers ------------------------------------------------------------------------------------------------ */

static Value make_dict(VM *vm, Unpickler *u, size_t at) {
    if ((u->depth - at) % 2 != 0)
        return bad(vm, "odd number of items for DICT");
    Value dict = dict_new(vm);
    for (size_t i = at; dict != 0 && i + 1 < u->depth; i += 2)
        if (!dict_set(vm, dict, u->stack[i], u->stack[i + 1])) {
            decref(vm, dict);
            return 0;
        }
    if (dict != 0)
        load_cut(vm, u, at);
    return dict;
}

static bool load_marked(VM *vm, Unpickler *u, int op) {
    size_t at;
    if (!load_mark_pop(vm, u, &at))
        return false;
    Value v = 0;
    if (op == OPC_TUPLE) {
        v = take_tuple(vm, u, u->depth - at);
    } else if (op == OPC_DICT) {
        v = make_dict(vm, u, at);
    } else {
        v = take_list(vm, u, at);
        if (v != 0 && op == OPC_FROZENSET)
            set_owned(vm, &v, frozenset_new(vm, v));
    }
    return load_push(vm, u, v);
}

/* Each item handed to a method of the container. */
static bool call_each(VM *vm, Value container, const char *method, Value items) {
    Value fn = attr_get_c(vm, container, method);
    bool ok = fn != 0;
    for (size_t i = 0; ok && i < as_list(items)->len; i++) {
        Value r = call1(vm, fn, as_list(items)->items[i]);
        decref(vm, r);
        ok = r != 0;
    }
    decref(vm, fn);
    return ok;
}

/* Checks that a container stands below the items that begin at `at`. */
static bool below(VM *vm, Unpickler *u, size_t at) {
    return (at <= u->depth && at > u->fence) || load_underflow(vm, u);
}

static bool append_items(VM *vm, Unpickler *u, size_t at) {
    if (!below(vm, u, at) || u->depth == at)
        return u->depth == at && !error_pending(vm);
    Value list = u->stack[at - 1];
    if (is_exact(list, vm->types.list)) {
        for (size_t i = at; i < u->depth; i++)
            if (!list_append(vm, list, u->stack[i]))
                return false;
        load_cut(vm, u, at);
        return true;
    }
    Value items = take_list(vm, u, at), extend = 0;
    int found = items != 0 ? attr_lookup(vm, list, NAME(extend), &extend) : -1;
    bool ok = false;
    if (found > 0) {
        Value r = call1(vm, extend, items);
        ok = r != 0;
        decref(vm, r);
    } else if (found == 0) { /* what has no extend() may have append() */
        ok = call_each(vm, list, "append", items);
    }
    decref(vm, extend);
    decref(vm, items);
    return ok;
}

static bool set_items(VM *vm, Unpickler *u, size_t at) {
    if (!below(vm, u, at) || u->depth == at)
        return u->depth == at && !error_pending(vm);
    if ((u->depth - at) % 2 != 0)
        return bad(vm, "odd number of items for SETITEMS");
    Value dict = u->stack[at - 1];
    bool exact = is_exact(dict, vm->types.dict), ok = true;
    for (size_t i = at; ok && i + 1 < u->depth; i += 2)
        ok = exact ? dict_set(vm, dict, u->stack[i], u->stack[i + 1])
                   : item_set(vm, dict, u->stack[i], u->stack[i + 1]);
    if (ok)
        load_cut(vm, u, at);
    return ok;
}

static bool add_items(VM *vm, Unpickler *u) {
    size_t at;
    if (!load_mark_pop(vm, u, &at) || !below(vm, u, at))
        return false;
    if (u->depth == at)
        return true;
    Value set = u->stack[at - 1], items = take_list(vm, u, at);
    bool ok = items != 0;
    if (ok && is_set(set) && type_is_subtype(obj_type(as_obj(set)), vm->types.set))
        ok = set_update(vm, set, items);
    else if (ok)
        ok = call_each(vm, set, "add", items);
    decref(vm, items);
    return ok;
}

static bool load_items(VM *vm, Unpickler *u, int op) {
    size_t at;
    switch (op) {
    case OPC_APPEND:
        return u->depth > u->fence ? append_items(vm, u, u->depth - 1) : load_underflow(vm, u);
    case OPC_SETITEM:
        return u->depth >= u->fence + 2 ? set_items(vm, u, u->depth - 2) : load_underflow(vm, u);
    case OPC_APPENDS:
        return load_mark_pop(vm, u, &at) && append_items(vm, u, at);
    case OPC_SETITEMS:
        return load_mark_pop(vm, u, &at) && set_items(vm, u, at);
    default:
        return add_items(vm, u);
    }
}

/* ---- classes by name ------------------------------------------------------------------------------------------- */

static Value class_named(VM *vm, Unpickler *u, Value module, Value name) {
    return u->find_class != 0 ? call2(vm, u->find_class, module, name) : find_class(vm, u, module, name);
}

static Value name_line(VM *vm, Unpickler *u) {
    const char *line;
    size_t n;
    if (!unpickler_load_line(vm, u, &line, &n))
        return 0;
    Value text = str_decode(vm, line, n, "utf-8", "strict");
    return text != 0 ? str_intern(vm, text) : 0;
}

/* The class that two lines name. */
static Value class_of_lines(VM *vm, Unpickler *u) {
    Value module = name_line(vm, u), name = module != 0 ? name_line(vm, u) : 0;
    Value cls = name != 0 ? class_named(vm, u, module, name) : 0;
    decref(vm, module);
    decref(vm, name);
    return cls;
}

static bool load_stack_global(VM *vm, Unpickler *u) {
    Value name = load_pop(vm, u), module = name != 0 ? load_pop(vm, u) : 0, cls = 0;
    if (module != 0 && !(has_exact_kind(name, KIND_STR) && has_exact_kind(module, KIND_STR)))
        bad(vm, "STACK_GLOBAL requires str");
    else if (module != 0)
        cls = class_named(vm, u, module, name);
    decref(vm, name);
    decref(vm, module);
    return load_push(vm, u, cls);
}

/* The class of an extension code: owned. */
static Value extension_class(VM *vm, Unpickler *u, Value code) {
    Value cache = find_copyreg(vm, "_extension_cache"), known = cache != 0 ? dict_get(vm, cache, code) : 0;
    if (known != 0 || error_pending(vm)) {
        incref(known);
        decref(vm, cache);
        return known;
    }
    Value registry = find_copyreg(vm, "_inverted_registry"), pair = registry != 0 ? dict_get(vm, registry, code) : 0;
    Value cls = 0;
    incref(pair);
    if (pair == 0 && !error_pending(vm))
        raise_value(vm, "unregistered extension code %S", code);
    else if (pair != 0 && !(is_tuple(pair) && as_tuple(pair)->len == 2 && is_str(as_tuple(pair)->items[0]) &&
                            is_str(as_tuple(pair)->items[1])))
        raise_value(vm, "_inverted_registry[%S] isn't a 2-tuple of strings", code);
    else if (pair != 0)
        cls = class_named(vm, u, as_tuple(pair)->items[0], as_tuple(pair)->items[1]);
    if (cls != 0 && !dict_set(vm, cache, code, cls))
        set_owned(vm, &cls, 0);
    decref(vm, pair);
    decref(vm, registry);
    decref(vm, cache);
    return cls;
}

static bool load_extension(VM *vm, Unpickler *u, int width) {
    const char *data;
    if (!unpickler_take(vm, u, (size_t)width, &data))
        return false;
    size_t n = load_le(data, width);
    int64_t code = width == 4 ? (int64_t)(int32_t)(uint32_t)n : (int64_t)n;
    if (code <= 0)
        return bad(vm, "EXT specifies code <= 0");
    return load_push(vm, u, extension_class(vm, u, from_small_int(code)));
}

/* ---- making instances ------------------------------------------------------------------------------------------ */

/* What old pickles of old classes meant: no __init__ when there are no arguments. Consumes both. */
static Value instantiate(VM *vm, Value cls, Value args) {
    Value result = 0, ignored = 0;
    if (cls != 0 && args != 0) {
        int has_args = 1;
        if (as_tuple(args)->len == 0 && is_type(cls))
            has_args = attr_lookup(vm, cls, NAME(__getinitargs__), &ignored);
        decref(vm, ignored);
        if (has_args == 0)
            result = call_method1(vm, cls, NAME(__new__), cls);
        else if (has_args > 0)
            result = call_ex(vm, cls, args, 0);
    }
    decref(vm, cls);
    decref(vm, args);
    return result;
}

static bool load_inst(VM *vm, Unpickler *u) {
    size_t at;
    if (!load_mark_pop(vm, u, &at))
        return false;
    Value args = take_tuple(vm, u, u->depth - at);
    Value cls = args != 0 ? class_of_lines(vm, u) : 0;
    return load_push(vm, u, instantiate(vm, cls, args));
}

static bool load_obj(VM *vm, Unpickler *u) {
    size_t at;
    if (!load_mark_pop(vm, u, &at))
        return false;
    if (u->depth - at < 1)
        return load_underflow(vm, u);
    Value args = take_tuple(vm, u, u->depth - at - 1);
    Value cls = args != 0 ? load_pop(vm, u) : 0;
    return load_push(vm, u, instantiate(vm, cls, args));
}

/* cls.__new__(cls, *args, **kwargs) by the class's own slot */
static Value make_new(VM *vm, const char *op, Value cls, Value args, Value kwargs) {
    Type *error = pickle_state(vm)->unpickling_error;
    if (!is_type(cls))
        return raisef(vm, error, "%s class argument must be a type, not %T", op, cls);
    if (as_type(cls)->slots.create == NULL)
        return raisef(vm, error, "%s class argument '%N' doesn't have __new__", op, as_type(cls));
    if (!is_tuple(args))
        return raisef(vm, error, "%s args argument must be a tuple, not %T", op, args);
    if (kwargs != 0 && !is_dict(kwargs))
        return raisef(vm, error, "%s kwargs argument must be a dict, not %T", op, kwargs);
    size_t n = as_tuple(args)->len;
    Value make = attr_get(vm, cls, NAME(__new__)), all = make != 0 ? tuple_new(vm, n + 1) : 0;
    if (all != 0) {
        as_tuple(all)->items[0] = incref(cls);
        for (size_t i = 0; i < n; i++)
            as_tuple(all)->items[i + 1] = incref(as_tuple(args)->items[i]);
    }
    Value v = all != 0 ? call_ex(vm, make, all, kwargs) : 0;
    decref(vm, make);
    decref(vm, all);
    return v;
}

static bool load_newobj(VM *vm, Unpickler *u, bool keywords) {
    Value kwargs = keywords ? load_pop(vm, u) : 0;
    Value args = keywords && kwargs == 0 ? 0 : load_pop(vm, u), cls = args != 0 ? load_pop(vm, u) : 0;
    Value v = cls != 0 ? make_new(vm, keywords ? "NEWOBJ_EX" : "NEWOBJ", cls, args, kwargs) : 0;
    decref(vm, kwargs);
    decref(vm, args);
    decref(vm, cls);
    return load_push(vm, u, v);
}

static bool load_reduce(VM *vm, Unpickler *u) {
    Value args = load_pop(vm, u), fn = args != 0 ? load_pop(vm, u) : 0, v = 0;
    if (fn != 0 && !is_tuple(args))
        raise_type(vm, "argument list must be a tuple");
    else if (fn != 0)
        v = call_ex(vm, fn, args, 0);
    decref(vm, args);
    decref(vm, fn);
    return load_push(vm, u, v);
}

/* ---- filling instances ----------------------------------------------------------------------------------------- */

static bool fill_dict(VM *vm, Value obj, Value state) {
    if (!is_dict(state))
        return bad(vm, "state is not a dictionary");
    Value dict = attr_get_c(vm, obj, "__dict__"), copy = dict != 0 ? dict_copy(vm, state) : 0, key, value;
    bool ok = copy != 0;
    size_t at = 0;
    while (ok && dict_next(copy, &at, &key, &value)) {
        Value name = has_exact_kind(key, KIND_STR) ? str_intern(vm, incref(key)) : incref(key);
        ok = name != 0 && (is_dict(dict) ? dict_set(vm, dict, name, value) : item_set(vm, dict, name, value));
        decref(vm, name);
    }
    decref(vm, copy);
    decref(vm, dict);
    return ok;
}

static bool fill_slots(VM *vm, Value obj, Value state) {
    if (!is_dict(state))
        return bad(vm, "slot state is not a dictionary");
    Value copy = dict_copy(vm, state), key, value;
    bool ok = copy != 0;
    size_t at = 0;
    while (ok && dict_next(copy, &at, &key, &value)) {
        if (is_str(key)) {
            Value name = has_exact_kind(key, KIND_STR) ? str_intern(vm, incref(key)) : str_unchanged(vm, key);
            ok = name != 0 && attr_set(vm, obj, name, value);
            decref(vm, name);
        } else {
            ok = raise_type(vm, "attribute name must be string, not '%T'", key);
        }
    }
    decref(vm, copy);
    return ok;
}

static bool build(VM *vm, Value obj, Value state) {
    Value setstate = 0;
    int found = attr_lookup(vm, obj, NAME(__setstate__), &setstate);
    if (found < 0)
        return false;
    if (found > 0) {
        Value r = call1(vm, setstate, state);
        decref(vm, setstate);
        decref(vm, r);
        return r != 0;
    }
    Value slots = VALUE_NONE;
    if (is_exact(state, vm->types.tuple) && as_tuple(state)->len == 2) {
        slots = as_tuple(state)->items[1];
        state = as_tuple(state)->items[0];
    }
    return (state == VALUE_NONE || fill_dict(vm, obj, state)) && (slots == VALUE_NONE || fill_slots(vm, obj, slots));
}

static bool load_state(VM *vm, Unpickler *u) {
    if (u->depth < u->fence + 2)
        return load_underflow(vm, u);
    Value state = load_pop(vm, u), obj = incref(u->stack[u->depth - 1]);
    bool ok = build(vm, obj, state);
    decref(vm, obj);
    decref(vm, state);
    return ok;
}

/* ---- persistent ids and buffers -------------------------------------------------------------------------------- */

static bool load_persistent(VM *vm, Unpickler *u, bool line) {
    if (!line && u->depth <= u->fence)
        return load_underflow(vm, u);
    if (u->persistent_load == 0)
        return bad(
            vm, "A load persistent id instruction was encountered, but no persistent_load function was specified.");
    Value id = 0;
    const char *data;
    size_t n;
    if (!line)
        id = load_pop(vm, u);
    else if (unpickler_load_line(vm, u, &data, &n)) {
        id = str_decode(vm, data, n, "ascii", "strict");
        if (id == 0 && error_matches(vm, vm->exc.UnicodeDecodeError)) {
            error_clear(vm);
            bad(vm, "persistent IDs in protocol 0 must be ASCII strings");
        }
    }
    Value v = id != 0 ? call1(vm, u->persistent_load, id) : 0;
    decref(vm, id);
    return load_push(vm, u, v);
}

static bool load_next_buffer(VM *vm, Unpickler *u) {
    if (u->buffers == 0)
        return bad(vm, "pickle stream refers to out-of-band data but no *buffers* argument was given");
    Value v = iter_next(vm, u->buffers);
    if (v == 0 && !error_pending(vm))
        return bad(vm, "not enough out-of-band buffers");
    return load_push(vm, u, v);
}

static bool load_readonly_buffer(VM *vm, Unpickler *u) {
    if (u->depth <= u->fence)
        return load_underflow(vm, u);
    Value view = memoryview_new(vm, u->stack[u->depth - 1]),
          readonly = view != 0 ? attr_get_c(vm, view, "readonly") : 0;
    bool ok = readonly != 0;
    if (ok && readonly != VALUE_TRUE) {
        Value made = 0, key = str_intern_c(vm, "toreadonly");
        made = key != 0 ? call_method0(vm, view, key) : 0;
        decref(vm, key);
        ok = made != 0;
        if (ok)
            set_owned(vm, &u->stack[u->depth - 1], made);
    }
    decref(vm, readonly);
    decref(vm, view);
    return ok;
}

static bool load_class_op(VM *vm, Unpickler *u, int op) {
    switch (op) {
    case OPC_GLOBAL:
        return load_push(vm, u, class_of_lines(vm, u));
    case OPC_STACK_GLOBAL:
        return load_stack_global(vm, u);
    case OPC_EXT1:
        return load_extension(vm, u, 1);
    case OPC_EXT2:
        return load_extension(vm, u, 2);
    case OPC_EXT4:
        return load_extension(vm, u, 4);
    case OPC_INST:
        return load_inst(vm, u);
    case OPC_OBJ:
        return load_obj(vm, u);
    case OPC_NEWOBJ:
        return load_newobj(vm, u, false);
    case OPC_NEWOBJ_EX:
        return load_newobj(vm, u, true);
    case OPC_REDUCE:
        return load_reduce(vm, u);
    default:
        return load_state(vm, u);
    }
}

bool load_build(VM *vm, Unpickler *u, int op, bool *known) {
    switch (op) {
    case OPC_EMPTY_TUPLE:
        return load_push(vm, u, tuple_new(vm, 0));
    case OPC_EMPTY_LIST:
        return load_push(vm, u, list_new(vm, 0));
    case OPC_EMPTY_DICT:
        return load_push(vm, u, dict_new(vm));
    case OPC_EMPTY_SET:
        return load_push(vm, u, set_new(vm, 0));
    case OPC_TUPLE:
    case OPC_LIST:
    case OPC_DICT:
    case OPC_FROZENSET:
        return load_marked(vm, u, op);
    case OPC_TUPLE1:
    case OPC_TUPLE2:
    case OPC_TUPLE3:
        return load_push(vm, u, take_tuple(vm, u, (size_t)(op - OPC_TUPLE1 + 1)));
    case OPC_APPEND:
    case OPC_APPENDS:
    case OPC_SETITEM:
    case OPC_SETITEMS:
    case OPC_ADDITEMS:
        return load_items(vm, u, op);
    case OPC_GLOBAL:
    case OPC_STACK_GLOBAL:
    case OPC_EXT1:
    case OPC_EXT2:
    case OPC_EXT4:
    case OPC_INST:
    case OPC_OBJ:
    case OPC_NEWOBJ:
    case OPC_NEWOBJ_EX:
    case OPC_REDUCE:
    case OPC_BUILD:
        return load_class_op(vm, u, op);
    case OPC_PERSID:
    case OPC_BINPERSID:
        return load_persistent(vm, u, op == OPC_PERSID);
    case OPC_NEXT_BUFFER:
        return load_next_buffer(vm, u);
    case OPC_READONLY_BUFFER:
        return load_readonly_buffer(vm, u);
    default:
        *known = false;
        return false;
    }
}
