/* Filling dicts from others, from mappings, and from pairs.
 *
 * Asking a mapping, and comparing keys, can run scripts that change the dict or its source. */
#include "object/containers.h"
#include "object/dict_table.h"

static bool set_unique(VM *vm, Value dict, Value key, Value value, Value callee, bool unique) {
    if (unique) {
        int there = dict_contains(vm, dict, key);
        if (there < 0)
            return false;
        if (there) {
            Value text = callee_text(vm, callee);
            if (text)
                raise_type(vm, "%V got multiple values for keyword argument '%S'", text, key);
            decref(vm, text);
            return false;
        }
    }
    return dict_set(vm, dict, key, value);
}

/* From a dict whose entries may be read directly. */
static bool merge_dict(VM *vm, Value dict, Value other, Value callee, bool unique) {
    if (dict == other)
        return true;
    Dict *d = as_dict(dict), *from = as_dict(other);
    if (d->used == 0 && dict_can_clone(from))
        return dict_clone_tables(vm, d, from);
    if (from->used > SMALL_MAX && d->cap - d->nentries < from->used && !dict_rebuild(vm, d, d->used + from->used))
        return false;
    size_t n = from->used;
    for (size_t p = 0; p < from->nentries; p++) {
        DictEntry e = from->entries[p];
        if (!e.key)
            continue;
        if (!unique && d->used == 0) {
            if (!dict_insert_absent(vm, d, e.key, e.hash, e.value))
                return false;
            continue;
        }
        incref(e.key);
        incref(e.value);
        bool ok = unique ? set_unique(vm, dict, e.key, e.value, callee, true)
                         : dict_set_hash(vm, dict, e.key, e.hash, e.value);
        decref(vm, e.key);
        decref(vm, e.value);
        if (!ok)
            return false;
        if (from->used != n)
            return raise_runtime(vm, "dict mutated during update");
    }
    return true;
}

/* From any object with keys() and []. */
static bool merge_mapping(VM *vm, Value dict, Value mapping, Value callee, bool unique) {
    Value keys = call_method0(vm, mapping, NAME(keys));
    Value it = keys ? iter_get(vm, keys) : VALUE_ERROR;
    decref(vm, keys);
    if (!it)
        return false;
    Value key;
    while ((key = iter_next(vm, it))) {
        Value value = item_get(vm, mapping, key);
        bool ok = value && set_unique(vm, dict, key, value, callee, unique);
        decref(vm, value);
        decref(vm, key);
        if (!ok)
            break;
    }
    decref(vm, it);
    return !error_pending(vm);
}

static bool merge_pair(VM *vm, Value dict, Value item, ssize_t number) {
    Value owner, *pair;
    size_t n;
    if (!sequence_view(vm, item, NULL, &owner, &pair, &n)) {
        if (!error_matches(vm, vm->exc.TypeError))
            return false;
        error_clear(vm);
        return raise_type(vm, "cannot convert dictionary update sequence element #%z to a sequence", number);
    }
    bool ok;
    if (n != 2) {
        ok = raise_value(vm, "dictionary update sequence element #%z has length %u; 2 is required", number, n);
    } else {
        Value key = incref(pair[0]), value = incref(pair[1]);
        ok = dict_set(vm, dict, key, value);
        decref(vm, key);
        decref(vm, value);
    }
    decref(vm, owner);
    return ok;
}

static bool merge_pairs(VM *vm, Value dict, Value iterable) {
    Value it = iter_get(vm, iterable);
    if (!it)
        return false;
    Value item;
    for (ssize_t i = 0; (item = iter_next(vm, it)); i++) {
        bool ok = merge_pair(vm, dict, item, i);
        decref(vm, item);
        if (!ok)
            break;
    }
    decref(vm, it);
    return !error_pending(vm);
}

/* May the entries be read directly? Not if a subclass of dict has its own way to iterate. */
static bool is_plain_mapping(VM *vm, Value v) {
    return is_dict(v) && (is_exact(v, vm->types.dict) || fast_type(vm, v)->slots.iter == vm->types.dict->slots.iter);
}

bool dict_update(VM *vm, Value dict, Value other) {
    if (is_plain_mapping(vm, other))
        return merge_dict(vm, dict, other, 0, false);
    int has_keys = is_list(other) || is_tuple(other) ? 0 : attr_has(vm, other, NAME(keys));
    if (has_keys < 0)
        return false;
    return has_keys ? merge_mapping(vm, dict, other, 0, false) : merge_pairs(vm, dict, other);
}

Value dict_copy_mapping(VM *vm, Value dict) {
    if (is_plain_mapping(vm, dict))
        return dict_copy(vm, dict);
    Value copy = dict_new(vm);
    if (copy && !merge_mapping(vm, copy, dict, 0, false)) {
        decref(vm, copy);
        return VALUE_ERROR;
    }
    return copy;
}

bool dict_merge(VM *vm, Value dict, Value mapping) {
    if (is_plain_mapping(vm, mapping))
        return merge_dict(vm, dict, mapping, 0, false);
    return merge_mapping(vm, dict, mapping, 0, false);
}

bool dict_merge_unique(VM *vm, Value dict, Value mapping, Value callee) {
    if (is_plain_mapping(vm, mapping))
        return merge_dict(vm, dict, mapping, callee, true);
    int has_keys = attr_has(vm, mapping, NAME(keys));
    if (has_keys < 0)
        return false;
    if (!has_keys) {
        Value text = callee_text(vm, callee);
        if (text)
            raise_type(vm, "%V argument after ** must be a mapping, not %.200T", text, mapping);
        decref(vm, text);
        return false;
    }
    return merge_mapping(vm, dict, mapping, callee, true);
}

/* How CPython names a callable in messages about its arguments: "module.qualname()", without the module for
 * built-ins. */
Value callee_text(VM *vm, Value callee) {
    Value qualname, module, text = VALUE_ERROR;
    int found = attr_lookup(vm, callee, NAME(__qualname__), &qualname);
    if (found < 0)
        return VALUE_ERROR;
    if (!found)
        return to_str(vm, callee);
    found = attr_lookup(vm, callee, NAME(__module__), &module);
    if (found >= 0) {
        if (found && !is_none(module) && !(is_str(module) && str_equals_c(module, "builtins")))
            text = str_printf(vm, "%S.%S()", module, qualname);
        else
            text = str_printf(vm, "%S()", qualname);
        if (found)
            decref(vm, module);
    }
    decref(vm, qualname);
    return text;
}

bool dict_update_args(VM *vm, const char *name, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs > 1)
        return raise_type(vm, "%s expected at most 1 argument, got %u", name, nargs);
    if (nargs && !dict_update(vm, self, args[0]))
        return false;
    if (kwnames) {
        Tuple *names = as_tuple(kwnames);
        for (size_t i = 0; i < names->len; i++) {
            if (!dict_set(vm, self, names->items[i], args[nargs + i]))
                return false;
        }
    }
    return true;
}
