/* The out-of-line halves of handlers: names, operators, containers, patterns. See slow.h. */
#include "interp/slow.h"

#include "interp/generator.h"
#include "interp/operation.h"
#include "object/set.h"

/* --- unbound variables
 * -------------------------------------------------------------------------------------------------- */

void slow_unbound_local(VM *vm, Frame *f, unsigned reg) {
    const Code *c = f->code;
    if (reg >= c->nlocals) {
        raise_system(vm, "register %d used before it was set", (int)reg);
        return;
    }
    Value name = as_tuple(c->local_names)->items[reg];
    raisef(vm, vm->exc.UnboundLocalError, "cannot access local variable '%V' where it is not associated with a value",
           name);
    Value exc = vm->thread->exception;
    if (exc != 0 && exception_is(vm, exc, vm->exc.NameError))
        exception_set_field(vm, exc, NAMEERROR_NAME, name);
}

void slow_unbound_free(VM *vm, Frame *f, unsigned index) {
    Value name = as_tuple(f->code->freevars)->items[index];
    raise_name(vm, name,
               "cannot access free variable '%V' where it is not associated with a value in enclosing scope", name);
}

void slow_unbound_operand(VM *vm, Frame *f, Instr ins) {
    if (error_pending(vm))
        return;
    const char *format = opcode_formats[instr_op(ins)];
    unsigned operands[3] = {instr_a(ins), instr_b(ins), instr_c(ins)};
    for (int i = 0; i < 3 && format[i] != 0; i++) {
        if (format[i] == 'r' && f->regs[operands[i]] == 0) {
            slow_unbound_local(vm, f, operands[i]);
            return;
        }
    }
    raise_system(vm, "operand of %s is missing", opcode_names[instr_op(ins)]);
}

void slow_drop_temporaries(VM *vm, Frame *f, unsigned from) {
    Value *values = frame_registers(f);
    for (unsigned i = f->code->nregs; i-- > from;) {
        Value v = values[i];
        values[i] = 0;
        decref(vm, v);
    }
}

/* --- names
 * ------------------------------------------------------------------------------------------------------------------
 */

static Value name_at(Frame *f, Instr *at) { return f->code->names[(uint32_t)at[1]]; }

static Value name_not_defined(VM *vm, Value name) { return raise_name(vm, name, "name '%V' is not defined", name); }

/* Looks a name up in any mapping: owned, 0 without exception when absent. */
static Value mapping_find(VM *vm, Value mapping, Value name) {
    if (has_exact_kind(mapping, KIND_DICT))
        return incref(dict_get_str(vm, mapping, name));
    Value v = item_get(vm, mapping, name);
    if (v == 0 && error_matches(vm, vm->exc.KeyError))
        error_clear(vm);
    return v;
}

static Value load_global(VM *vm, Frame *f, Value name) {
    Value v = mapping_find(vm, f->func->globals, name);
    if (v == 0 && !error_pending(vm))
        v = mapping_find(vm, f->func->builtins, name);
    if (v == 0 && !error_pending(vm))
        name_not_defined(vm, name);
    return v;
}

/* Notes where the name is, if both dictionaries can be cached. */
static void quicken_global(VM *vm, Frame *f, Instr *at, Value name) {
    Value globals = f->func->globals, builtins = f->func->builtins;
    if (!has_exact_kind(globals, KIND_DICT) || !has_exact_kind(builtins, KIND_DICT))
        return;
    uint32_t version = dict_version(vm, globals);
    ssize_t position = dict_position(vm, globals, name);
    if (version == 0 || position > INT32_MAX)
        return;
    if (position >= 0) {
        at[1] = (uint32_t)at[1] | (uint64_t)position << 32;
        at[2] = version;
        at[0] = (at[0] & ~(Instr)0xFFFF) | BC_LOAD_GLOBAL_MODULE;
        return;
    }
    uint32_t builtins_version = dict_version(vm, builtins);
    position = dict_position(vm, builtins, name);
    if (builtins_version == 0 || position < 0 || position > INT32_MAX)
        return;
    at[1] = (uint32_t)at[1] | (uint64_t)position << 32;
    at[2] = version | (uint64_t)builtins_version << 32;
    at[0] = (at[0] & ~(Instr)0xFFFF) | BC_LOAD_GLOBAL_BUILTIN;
}

Value slow_load_global(VM *vm, Frame *f, Instr *at) {
    Value name = name_at(f, at);
    Value v = load_global(vm, f, name);
    if (v != 0)
        quicken_global(vm, f, at, name);
    return v;
}

Value slow_load_name(VM *vm, Frame *f, Instr *at) {
    Value ns = *frame_namespace(f);
    if (ns == f->func->globals)
        return slow_load_global(vm, f, at);
    Value name = name_at(f, at);
    Value v = mapping_find(vm, ns, name);
    return v != 0 || error_pending(vm) ? v : load_global(vm, f, name);
}

bool slow_store_global(VM *vm, Frame *f, Instr *at, Value v) {
    if (v == 0)
        return false;
    Value globals = f->func->globals, name = name_at(f, at);
    if (!has_exact_kind(globals, KIND_DICT))
        return item_set(vm, globals, name, v);
    if (!dict_set_str(vm, globals, name, v))
        return false;
    uint32_t version = dict_version(vm, globals);
    ssize_t position = dict_position(vm, globals, name);
    if (version != 0 && position >= 0 && position <= INT32_MAX) {
        at[1] = (uint32_t)at[1] | (uint64_t)position << 32;
        at[2] = version;
        at[0] = (at[0] & ~(Instr)0xFFFF) | BC_STORE_GLOBAL_MODULE;
    }
    return true;
}

bool slow_store_name(VM *vm, Frame *f, Instr *at, Value v) {
    Value ns = *frame_namespace(f);
    if (v == 0)
        return false;
    if (has_exact_kind(ns, KIND_DICT))
        return dict_set_str(vm, ns, name_at(f, at), v);
    return item_set(vm, ns, name_at(f, at), v);
}

bool slow_delete_name(VM *vm, Frame *f, Value mapping, Value name) {
    (void)f;
    if (has_exact_kind(mapping, KIND_DICT)) {
        int found = dict_delete(vm, mapping, name);
        if (found == 0)
            name_not_defined(vm, name);
        return found > 0;
    }
    if (item_set(vm, mapping, name, 0))
        return true;
    if (error_matches(vm, vm->exc.KeyError)) {
        error_clear(vm);
        name_not_defined(vm, name);
    }
    return false;
}

Value slow_class_free(VM *vm, Frame *f, Value mapping, Value name, unsigned index) {
    Value v = mapping_find(vm, mapping, name);
    if (v != 0 || error_pending(vm))
        return v;
    v = ((Cell *)as_obj(as_tuple(f->func->closure)->items[index]))->value;
    if (v == 0)
        slow_unbound_free(vm, f, index);
    return incref(v);
}

Value slow_mapping_or_global(VM *vm, Frame *f, Value mapping, Value name) {
    Value v = mapping_find(vm, mapping, name);
    return v != 0 || error_pending(vm) ? v : load_global(vm, f, name);
}

Value slow_load_build_class(VM *vm, Frame *f) {
    Value v = mapping_find(vm, f->func->builtins, NAME(__build_class__));
    if (v == 0 && !error_pending(vm))
        raise_name(vm, NAME(__build_class__), "__build_class__ not found");
    return v;
}

bool slow_setup_annotations(VM *vm, Frame *f) {
    Value ns = *frame_namespace(f);
    Value old = mapping_find(vm, ns, NAME(__annotations__));
    if (old != 0 || error_pending(vm)) {
        decref(vm, old);
        return !error_pending(vm);
    }
    Value d = dict_new(vm);
    bool ok = d != 0 && item_set(vm, ns, NAME(__annotations__), d);
    decref(vm, d);
    return ok;
}

/* --- operators
 * ---------------------------------------------------------------------------------------------------------------- */

/* `s += t` on strings grows s in place when its variable holds the only reference. */
Value slow_inplace(VM *vm, BinaryOp op, Value x, Value y, Value *home, bool same) {
    if (op == OP_ADD && same && has_exact_kind(x, KIND_STR) && has_exact_kind(y, KIND_STR) &&
        as_obj(x)->refcount == 1) {
        if (!str_append(vm, home, y))
            return VALUE_ERROR;
        Value r = *home; /* moves to the destination, which is this very register */
        *home = 0;
        return r;
    }
    return arith_inplace(vm, op, x, y);
}

static Value script_method(VM *vm, Value obj, Value name) {
    if (!is_obj(obj) || !(obj_type(as_obj(obj))->flags & TYPE_HEAP))
        return 0;
    return type_script_method(vm, obj_type(as_obj(obj)), name);
}

Frame *slow_next_push(VM *vm, Frame *f, Value it) {
    Value fn = script_method(vm, it, NAME(__next__));
    return fn == 0 ? NULL : operation_push(vm, f, fn, &it, 1, RET_NEXT_METHOD);
}

/* --- containers
 * ---------------------------------------------------------------------------------------------------------------- */

Value slow_build_set(VM *vm, Value *items, size_t n) {
    Value set = set_new(vm, 0);
    for (size_t i = 0; set != 0 && i < n; i++) {
        if (!set_add(vm, set, items[i])) {
            decref(vm, set);
            return VALUE_ERROR;
        }
    }
    return set;
}

Value slow_build_map(VM *vm, Value *items, size_t n) {
    Value dict = n > 8 ? dict_new_sized(vm, n) : dict_new(vm);
    for (size_t i = 0; dict != 0 && i < n; i++) {
        if (!dict_set(vm, dict, items[2 * i], items[2 * i + 1])) {
            decref(vm, dict);
            return VALUE_ERROR;
        }
    }
    return dict;
}

bool slow_list_extend(VM *vm, Value list, Value iterable) {
    if (list_extend(vm, list, iterable))
        return true;
    if (error_matches(vm, vm->exc.TypeError) && type_of(vm, iterable)->slots.iter == NULL &&
        type_of(vm, iterable)->slots.getitem == NULL) {
        error_clear(vm);
        raise_type(vm, "Value after * must be an iterable, not %T", iterable);
    }
    return false;
}

bool slow_dict_update(VM *vm, Value dict, Value mapping) {
    if (!is_dict(mapping)) {
        int has = attr_has(vm, mapping, NAME(keys));
        if (has < 0)
            return false;
        if (has == 0)
            return raise_type(vm, "'%T' object is not a mapping", mapping);
    }
    return dict_update(vm, dict, mapping);
}

static bool unpack_error_count(VM *vm, size_t before, size_t after, bool starred, size_t got, bool more) {
    if (starred)
        return raise_value(vm, "not enough values to unpack (expected at least %u, got %u)", before + after, got);
    if (!more)
        return raise_value(vm, "not enough values to unpack (expected %u, got %u)", before, got);
    return raise_value(vm, "too many values to unpack (expected %u)", before);
}

static bool unpack_sequence(VM *vm, Value *items, size_t n, size_t before, size_t after, bool starred, Value *out) {
    if (starred ? n < before + after : n != before) {
        return unpack_error_count(vm, before, after, starred, n, n > before);
    }
    Value rest = 0;
    if (starred && (rest = list_from_array(vm, items + before, n - before - after)) == 0)
        return false;
    for (size_t i = 0; i < before; i++)
        out[i] = incref(items[i]);
    if (starred) {
        out[before] = rest;
        for (size_t i = 0; i < after; i++)
            out[before + 1 + i] = incref(items[n - after + i]);
    }
    return true;
}

static bool unpack_iterator(VM *vm, Value v, size_t before, size_t after, bool starred, Value *out) {
    Value it = iter_get(vm, v);
    if (it == 0) {
        if (error_matches(vm, vm->exc.TypeError) && type_of(vm, v)->slots.iter == NULL &&
            type_of(vm, v)->slots.getitem == NULL) {
            error_clear(vm);
            raise_type(vm, "cannot unpack non-iterable %T object", v);
        }
        return false;
    }
    Value list = list_new(vm, 0);
    bool ok = list != 0;
    size_t limit = before + 1;
    while (ok && (starred || as_list(list)->len < limit)) {
        Value item = iter_next(vm, it);
        if (item == 0) {
            ok = !error_pending(vm);
            break;
        }
        ok = list_append_steal(vm, list, item);
    }
    if (ok && !starred && as_list(list)->len == limit)
        ok = unpack_error_count(vm, before, after, starred, limit, true);
    else if (ok)
        ok = unpack_sequence(vm, as_list(list)->items, as_list(list)->len, before, after, starred, out);
    decref(vm, list);
    decref(vm, it);
    return ok;
}

/* consumed: the register of v when it is a temporary; emptied on success, before the (possibly same) outputs are set.
 */
bool slow_unpack(VM *vm, Value v, size_t before, size_t after, bool starred, Value *out, Value *consumed) {
    incref(v);
    if (consumed != NULL) {
        *consumed = 0;
        decref(vm, v); /* not the last one */
    }
    bool ok;
    if (has_exact_kind(v, KIND_TUPLE))
        ok = unpack_sequence(vm, as_tuple(v)->items, as_tuple(v)->len, before, after, starred, out);
    else if (has_exact_kind(v, KIND_LIST))
        ok = unpack_sequence(vm, as_list(v)->items, as_list(v)->len, before, after, starred, out);
    else
        ok = unpack_iterator(vm, v, before, after, starred, out);
    decref(vm, v);
    return ok;
}

/* --- text
 * ------------------------------------------------------------------------------------------------------------------------
 */

Value slow_convert(VM *vm, Value v, unsigned conversion) {
    return conversion == 1 ? to_str(vm, v) : conversion == 2 ? to_repr(vm, v) : to_ascii(vm, v);
}

Value slow_format_simple(VM *vm, Value v, unsigned conversion) {
    if (conversion != 0)
        return slow_convert(vm, v, conversion);
    if (has_exact_kind(v, KIND_STR))
        return incref(v);
    if (is_small_int(v) || is_double(v))
        return to_str(vm, v);
    return to_format(vm, v, 0);
}

/* --- exceptions and with
 * ------------------------------------------------------------------------------------------------------------ */

void slow_raise_from(VM *vm, Value exc, Value cause) {
    Value fixed = VALUE_NONE;
    if (is_type(cause) && type_is_subtype(as_type(cause), vm->exc.BaseException)) {
        fixed = call0(vm, cause);
        if (fixed == 0)
            return;
        if (!is_exception(fixed)) {
            raise_type(vm, "calling %R should have returned an instance of BaseException, not %R", cause,
                       type_value(type_of(vm, fixed)));
            decref(vm, fixed);
            return;
        }
    } else if (is_exception(cause)) {
        fixed = incref(cause);
    } else if (cause != VALUE_NONE) {
        raise_type(vm, "exception causes must derive from BaseException");
        return;
    }
    raise_object(vm, exc);
    Value raised = vm->thread->exception;
    if (raised == 0 || (!is_exception(exc) && !is_type(exc))) {
        decref(vm, fixed);
        return;
    }
    Exception *e = as_exception(raised);
    e->suppress_context = true;
    set_owned(vm, &e->cause, fixed == VALUE_NONE ? 0 : fixed);
}

static bool load_special(VM *vm, Value manager, Value name, Value *out) {
    Value self = 0;
    out[0] = attr_special(vm, manager, name, &self);
    out[1] = incref(self);
    return out[0] != 0;
}

static bool not_a_manager(VM *vm, Value manager, bool is_async, bool missing_exit) {
    if (error_pending(vm))
        return false;
    const char *protocol = is_async ? "asynchronous context manager protocol" : "context manager protocol";
    const char *hint = missing_exit ? (is_async ? " (missed __aexit__ method)" : " (missed __exit__ method)") : "";
    return raise_type(vm, "'%T' object does not support the %s%s", manager, protocol, hint);
}

bool slow_with_enter(VM *vm, Value manager, Value *out, bool is_async) {
    if (!load_special(vm, manager, is_async ? NAME(__aenter__) : NAME(__enter__), &out[2]))
        return not_a_manager(vm, manager, is_async, false);
    if (load_special(vm, manager, is_async ? NAME(__aexit__) : NAME(__exit__), &out[0]))
        return true;
    return not_a_manager(vm, manager, is_async, true);
}

/* --- patterns
 * ----------------------------------------------------------------------------------------------------------------------
 */

/* value = subject.get(key, marker): owned; the marker itself when absent */
static Value pattern_get(VM *vm, Value subject, Value key, Value marker) {
    if (has_exact_kind(subject, KIND_DICT)) {
        Value v = dict_get(vm, subject, key);
        return v == 0 && error_pending(vm) ? 0 : incref(v == 0 ? marker : v);
    }
    Value args[2] = {key, marker};
    return call_method(vm, subject, NAME(get), args, 2);
}

Value slow_match_keys(VM *vm, Value subject, Value keys) {
    size_t n = as_tuple(keys)->len;
    Value seen = set_new(vm, 0), values = tuple_new(vm, n), marker = list_new(vm, 0), result = values;
    if (seen == 0 || values == 0 || marker == 0)
        result = VALUE_ERROR;
    for (size_t i = 0; result == values && result != 0 && i < n; i++) {
        Value key = as_tuple(keys)->items[i];
        int twice = set_contains(vm, seen, key);
        if (twice != 0 || !set_add(vm, seen, key)) {
            if (twice > 0)
                raise_value(vm, "mapping pattern checks duplicate key (%R)", key);
            result = VALUE_ERROR;
            break;
        }
        Value v = pattern_get(vm, subject, key, marker);
        if (v == 0 || v == marker) {
            result = v == 0 ? VALUE_ERROR : VALUE_NONE;
            decref(vm, v);
            break;
        }
        as_tuple(values)->items[i] = v;
    }
    if (result != values)
        decref(vm, values);
    decref(vm, seen);
    decref(vm, marker);
    return result;
}

/* One attribute of a class pattern into out: 1, 0 missing, -1 error; `seen` catches attributes named twice. */
static int match_attribute(VM *vm, Value subject, Value cls, Value name, Value seen, Value *out) {
    int twice = set_contains(vm, seen, name);
    if (twice != 0) {
        if (twice > 0)
            raise_type(vm, "%N() got multiple sub-patterns for attribute %R", as_type(cls), name);
        return -1;
    }
    if (!set_add(vm, seen, name))
        return -1;
    return attr_lookup(vm, subject, name, out);
}

static int match_positional(VM *vm, Value subject, Value cls, uint32_t positional, Value seen, Value out) {
    Value names;
    int has = attr_lookup(vm, cls, NAME(__match_args__), &names);
    if (has < 0)
        return -1;
    if (has == 0) {
        uint32_t allowed = as_type(cls)->flags & TYPE_MATCH_SELF ? 1 : 0;
        if (positional > allowed) {
            raise_type(vm, "%N() accepts %d positional sub-pattern%s (%d given)", as_type(cls), (int)allowed,
                       allowed == 1 ? "" : "s", (int)positional);
            return -1;
        }
        return list_append(vm, out, subject) ? 1 : -1;
    }
    int result = 1;
    if (!has_exact_kind(names, KIND_TUPLE)) {
        raise_type(vm, "%N.__match_args__ must be a tuple (got %T)", as_type(cls), names);
        result = -1;
    } else if (positional > as_tuple(names)->len) {
        size_t allowed = as_tuple(names)->len;
        raise_type(vm, "%N() accepts %u positional sub-pattern%s (%d given)", as_type(cls), allowed,
                   allowed == 1 ? "" : "s", (int)positional);
        result = -1;
    }
    for (uint32_t i = 0; result == 1 && i < positional; i++) {
        Value name = as_tuple(names)->items[i], v;
        if (!is_str(name)) {
            raise_type(vm, "__match_args__ elements must be strings (got %T)", name);
            result = -1;
            break;
        }
        result = match_attribute(vm, subject, cls, name, seen, &v);
        if (result == 1 && !list_append_steal(vm, out, v))
            result = -1;
    }
    decref(vm, names);
    return result;
}

Value slow_match_class(VM *vm, Value subject, Value cls, uint32_t positional, Value keywords) {
    if (!is_type(cls))
        return raise_type(vm, "called match pattern must be a class");
    int ok = is_instance(vm, subject, cls);
    if (ok <= 0)
        return ok < 0 ? VALUE_ERROR : VALUE_NONE;
    Value seen = set_new(vm, 0), out = list_new(vm, 0);
    if (seen == 0 || out == 0)
        ok = -1;
    if (ok == 1 && positional > 0)
        ok = match_positional(vm, subject, cls, positional, seen, out);
    for (size_t i = 0; ok == 1 && i < as_tuple(keywords)->len; i++) {
        Value v;
        ok = match_attribute(vm, subject, cls, as_tuple(keywords)->items[i], seen, &v);
        if (ok == 1 && !list_append_steal(vm, out, v))
            ok = -1;
    }
    Value result = ok < 0 ? VALUE_ERROR : ok == 0 ? VALUE_NONE : tuple_from_list(vm, out);
    decref(vm, seen);
    decref(vm, out);
    return result;
}

/* --- modules and the rest
 * -------------------------------------------------------------------------------------------------------------- */

Value slow_import_name(VM *vm, Frame *f, Value name, Value fromlist, Value level) {
    Value import = mapping_find(vm, f->func->builtins, NAME(__import__));
    if (import == 0) {
        if (!error_pending(vm))
            raise_import(vm, vm->exc.ImportError, 0, 0, "__import__ not found");
        return VALUE_ERROR;
    }
    Value result;
    if (has_kind(import, KIND_NATIVE) && ((Native *)as_obj(import))->fn == vm->import_function) {
        result = vm->import_name(vm, name, f->func->globals, fromlist, (int)as_small_int(level));
    } else {
        Value ns = f->code->flags & CO_OPTIMIZED ? VALUE_NONE : *frame_namespace(f);
        Value args[5] = {name, f->func->globals, ns, fromlist, level};
        result = call(vm, import, args, 5, 0);
    }
    decref(vm, import);
    return result;
}

bool slow_print_expr(VM *vm, Value v) {
    Value hook = dict_get_str(vm, vm->sys_dict, NAME(displayhook));
    if (hook == 0)
        return raise_runtime(vm, "lost sys.displayhook");
    incref(hook);
    Value r = call1(vm, hook, v);
    decref(vm, hook);
    decref(vm, r);
    return r != 0;
}

static Value typing_call(VM *vm, const char *name, Value *args, size_t nargs) {
    Value module_name = str_intern_c(vm, "_typing");
    Value module = module_name == 0 ? 0 : vm->import_name(vm, module_name, VALUE_NONE, VALUE_NONE, 0);
    decref(vm, module_name);
    if (module == 0)
        return VALUE_ERROR;
    Value fn = attr_get_c(vm, module, name);
    decref(vm, module);
    Value r = fn == 0 ? 0 : call(vm, fn, args, nargs, 0);
    decref(vm, fn);
    return r;
}

Value slow_intrinsic(VM *vm, Frame *f, uint32_t which, Value *args, size_t n) {
    (void)f;
    switch (which) {
    case INTRINSIC_TYPEVAR:
        return typing_call(vm, "_make_typevar", args, n);
    case INTRINSIC_PARAMSPEC:
        return typing_call(vm, "_make_paramspec", args, n);
    case INTRINSIC_TYPEVARTUPLE:
        return typing_call(vm, "_make_typevartuple", args, n);
    case INTRINSIC_GENERIC_BASE:
        return typing_call(vm, "_generic_base", args, n);
    case INTRINSIC_TYPE_ALIAS:
        return typing_call(vm, "_make_typealias", args, n);
    case INTRINSIC_SET_TYPE_PARAMS: {
        Function *fn = as_function(args[0]);
        set_owned(vm, &fn->type_params, incref(args[1]));
        return incref(args[0]);
    }
    default:
        return raise_system(vm, "unknown intrinsic");
    }
}
