/* __build_class__: what a class statement calls.
 *
 * The body is the code of a function that runs in the namespace which the metaclass prepares. A body whose methods
 * use super() or __class__ leaves its cell in the namespace as __classcell__ for type.__new__ to fill; a metaclass
 * that loses it on the way is found out here.
 */
#include "stdlib/builtins/builtins.h"

#include "interp/frame.h"
#include "object/type.h"

/* Asks the bases that are no classes for their replacement. The result is owned; the same tuple when there was
 * nothing to replace. */
static Value resolve_bases(VM *vm, Value bases) {
    Tuple *t = as_tuple(bases);
    Value list = 0;
    for (size_t i = 0; i < t->len; i++) {
        Value base = t->items[i], method = 0;
        int found = is_type(base) ? 0 : attr_lookup(vm, base, NAME(__mro_entries__), &method);
        if (found < 0)
            goto error;
        if (!found) {
            if (list && !list_append(vm, list, base))
                goto error;
            continue;
        }
        Value entries = call1(vm, method, bases);
        decref(vm, method);
        if (entries && !is_tuple(entries)) {
            decref(vm, entries);
            raise_type(vm, "__mro_entries__ must return a tuple");
            goto error;
        }
        if (entries && !list)
            list = list_from_array(vm, t->items, i);
        bool ok = entries && list && list_extend(vm, list, entries);
        decref(vm, entries);
        if (!ok)
            goto error;
    }
    if (!list)
        return incref(bases);
    Value result = tuple_from_list(vm, list);
    decref(vm, list);
    return result;
error:
    decref(vm, list);
    return VALUE_ERROR;
}

/* The class statement's keywords but `metaclass`: arrays ready for a call. */
typedef struct ClassKeywords {
    Value names;   /* tuple, owned; 0: none */
    Value *values; /* borrowed values behind `lead` free entries */
    size_t n, room;
    Value metaclass; /* borrowed; 0: not given */
} ClassKeywords;

#define CALL_LEAD 3 /* name, bases, namespace */

static bool keywords_split(VM *vm, Value *args, size_t nargs, Value kwnames, ClassKeywords *k) {
    *k = (ClassKeywords){0};
    size_t n = kwnames ? as_tuple(kwnames)->len : 0;
    k->metaclass = keyword_argument(args, nargs, kwnames, "metaclass");
    k->n = n - (k->metaclass != 0);
    k->room = (CALL_LEAD + k->n) * sizeof(Value);
    k->values = mem_alloc(vm, k->room);
    if (!k->values)
        return false;
    if (k->n == 0)
        return true;
    k->names = tuple_new(vm, k->n);
    if (!k->names) {
        mem_free(vm, k->values, k->room);
        return false;
    }
    for (size_t i = 0, at = 0; i < n; i++) {
        Value name = as_tuple(kwnames)->items[i];
        if (str_equals_c(name, "metaclass"))
            continue;
        as_tuple(k->names)->items[at] = incref(name);
        k->values[CALL_LEAD + at++] = args[nargs + i];
    }
    return true;
}

static void keywords_drop(VM *vm, ClassKeywords *k) {
    decref(vm, k->names);
    mem_free(vm, k->values, k->room);
}

/* Calls fn(lead..., **keywords). */
static Value call_with_keywords(VM *vm, Value fn, ClassKeywords *k, Value *lead, size_t nlead) {
    Value *start = k->values + CALL_LEAD - nlead;
    memcpy(start, lead, nlead * sizeof(Value));
    return call(vm, fn, start, nlead, k->names);
}

/* The metaclass (borrowed): the given one, else the first base's type; of classes, the most derived of all. */
static Value metaclass_find(VM *vm, const ClassKeywords *k, Value bases) {
    Value meta = k->metaclass;
    if (!meta)
        meta = type_value(as_tuple(bases)->len ? type_of(vm, as_tuple(bases)->items[0]) : vm->types.type);
    if (!is_type(meta) || !type_is_subtype(as_type(meta), vm->types.type))
        return meta;
    Type *winner = type_calculate_metaclass(vm, as_type(meta), bases);
    return winner ? type_value(winner) : VALUE_ERROR;
}

static Value namespace_prepare(VM *vm, Value meta, ClassKeywords *k, Value name, Value bases) {
    if (meta == type_value(vm->types.type))
        return dict_new(vm);
    Value prepare;
    int found = attr_lookup(vm, meta, NAME(__prepare__), &prepare);
    if (found <= 0)
        return found < 0 ? VALUE_ERROR : dict_new(vm);
    Value lead[2] = {name, bases};
    Value ns = call_with_keywords(vm, prepare, k, lead, 2);
    decref(vm, prepare);
    if (ns && !type_of(vm, ns)->slots.getitem) {
        raise_type(vm, "%s.__prepare__() must return a mapping, not %T",
                   is_type(meta) ? type_short_name(as_type(meta)) : "<metaclass>", ns);
        decref(vm, ns);
        return VALUE_ERROR;
    }
    return ns;
}

/* The cell that the body made for __class__ must hold the new class by now. */
static bool class_cell_check(VM *vm, Value cell, Value cls, Value name) {
    if (!cell || !has_kind(cell, KIND_CELL) || !is_type(cls))
        return true;
    Value held = ((Cell *)as_obj(cell))->value;
    if (!held)
        return raise_runtime(vm, "__class__ not set defining %R as %R. Was __classcell__ propagated to type.__new__?",
                             name, cls);
    return held == cls || raise_type(vm, "__class__ set to %R defining %R as %R", held, name, cls);
}

/* The cell is noted before the metaclass is called, since type.__new__ removes it from the namespace. Owned or 0. */
static Value class_cell_take(VM *vm, Value ns, Value result) {
    if (has_kind(result, KIND_CELL))
        return incref(result);
    Value cell = is_dict(ns) ? dict_get_str(vm, ns, NAME(__classcell__)) : 0;
    return incref(cell);
}

static Value class_make(VM *vm, Function *body, Value name, Value meta, Value bases, Value orig_bases,
                        ClassKeywords *k) {
    Value ns = namespace_prepare(vm, meta, k, name, bases);
    if (!ns)
        return VALUE_ERROR;
    Value cls = VALUE_ERROR, cell = 0;
    Value result = code_run_closure(vm, from_obj(body->code), body->globals, ns, body->closure);
    if (result)
        cell = class_cell_take(vm, ns, result);
    if (result && (bases == orig_bases || item_set(vm, ns, NAME(__orig_bases__), orig_bases))) {
        Value lead[3] = {name, bases, ns};
        cls = call_with_keywords(vm, meta, k, lead, 3);
    }
    if (cls && !class_cell_check(vm, cell, cls, name)) {
        decref(vm, cls);
        cls = VALUE_ERROR;
    }
    decref(vm, result);
    decref(vm, cell);
    decref(vm, ns);
    return cls;
}

static Value build_class(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs < 2)
        return raise_type(vm, "__build_class__: not enough arguments");
    if (!has_kind(args[0], KIND_FUNCTION))
        return raise_type(vm, "__build_class__: func must be a function");
    if (!is_str(args[1]))
        return raise_type(vm, "__build_class__: name is not a string");
    ClassKeywords k;
    if (!keywords_split(vm, args, nargs, kwnames, &k))
        return VALUE_ERROR;
    Value orig_bases = nargs > 2 ? tuple_from_array(vm, args + 2, nargs - 2) : incref(vm->empty_tuple);
    Value bases = orig_bases ? resolve_bases(vm, orig_bases) : VALUE_ERROR;
    Value meta = bases ? incref(metaclass_find(vm, &k, bases)) : VALUE_ERROR;
    Value cls = meta ? class_make(vm, as_function(args[0]), args[1], meta, bases, orig_bases, &k) : VALUE_ERROR;
    decref(vm, meta);
    decref(vm, bases);
    decref(vm, orig_bases);
    keywords_drop(vm, &k);
    return cls;
}

const MethodSpec builtins_class_methods[] = {
    {"__build_class__", build_class, "*args, **kwargs", "What the class statement calls to make a class.", 0},
    {0},
};
