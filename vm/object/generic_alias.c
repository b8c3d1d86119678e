/* types.GenericAlias: list[int] and its like.
 *
 * An alias stands in for its origin (calls, attributes) and remembers the arguments. Type variables among the
 * arguments are found through __typing_subst__ and __parameters__, so that the classes of `typing` take part without
 * being known here. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/type.h"

typedef struct GenericAlias {
    Object header;
    Value origin;
    Value args;       /* tuple */
    Value parameters; /* tuple, made on demand, or 0 */
    bool starred;     /* *tuple[int] */
} GenericAlias;

static GenericAlias *as_alias(Value v) { return (GenericAlias *)as_obj(v); }

/* Classes derived from it (that of Callable[...]) count too: they share the layout. */
bool is_generic_alias(VM *vm, Value v) {
    return is_obj(v) && type_is_subtype(obj_type(as_obj(v)), vm->types.generic_alias);
}

static Value alias_new_of(VM *vm, Type *type, Value origin, Value args, bool starred) {
    Value tuple = is_tuple(args) ? incref(args) : tuple_pack(vm, 1, args);
    if (tuple == 0)
        return 0;
    GenericAlias *a = object_alloc(vm, type, 0);
    if (a == NULL) {
        decref(vm, tuple);
        return 0;
    }
    a->origin = incref(origin);
    a->args = tuple;
    a->starred = starred;
    return from_obj(a);
}

static Value alias_new(VM *vm, Value origin, Value args, bool starred) {
    return alias_new_of(vm, vm->types.generic_alias, origin, args, starred);
}

Value generic_alias_new(VM *vm, Value origin, Value args) { return alias_new(vm, origin, args, false); }

static Value alias_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value a[2];
    if (!native_bind(vm, "GenericAlias", "origin, args, /", args, nargs, kwnames, a, 2))
        return 0;
    return alias_new_of(vm, type, a[0], a[1], false);
}

/* --- repr
 * ------------------------------------------------------------------------------------------------------------ */

static bool add_items(VM *vm, StrBuilder *b, Value *items, size_t n);

static bool has_both(VM *vm, Value v, Value first, Value second, Value *a, Value *b, int *error) {
    *a = *b = 0;
    int found = attr_lookup(vm, v, first, a);
    if (found > 0)
        found = attr_lookup(vm, v, second, b);
    *error = found < 0 ? -1 : 0;
    return found > 0;
}

static bool add_item(VM *vm, StrBuilder *b, Value item) {
    Value x, y;
    int error;
    if (item == VALUE_ELLIPSIS)
        return strbuilder_add_c(b, "...");
    if (has_exact_kind(item, KIND_LIST)) {
        return strbuilder_add_c(b, "[") && add_items(vm, b, as_list(item)->items, as_list(item)->len) &&
               strbuilder_add_c(b, "]");
    }
    bool generic = has_both(vm, item, NAME(__origin__), NAME(__args__), &x, &y, &error);
    decref(vm, x);
    decref(vm, y);
    if (error < 0)
        return false;
    if (generic)
        return strbuilder_add_repr(b, item);
    bool ok;
    if (has_both(vm, item, NAME(__qualname__), NAME(__module__), &x, &y, &error) && y != VALUE_NONE && is_str(x)) {
        ok = is_str(y) && str_equals_c(y, "builtins") ? strbuilder_add_value(b, x)
                                                      : strbuilder_printf(b, "%S.%V", y, x);
    } else {
        ok = error == 0 && strbuilder_add_repr(b, item);
    }
    decref(vm, x);
    decref(vm, y);
    return ok;
}

static bool add_items(VM *vm, StrBuilder *b, Value *items, size_t n) {
    if (!native_enter(vm, " while getting the repr of an object"))
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < n; i++) {
        Value item = incref(items[i]);
        ok = (i == 0 || strbuilder_add_c(b, ", ")) && add_item(vm, b, item);
        decref(vm, item);
    }
    native_leave(vm);
    return ok;
}

Value alias_repr_item(VM *vm, Value item) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    if (add_item(vm, &b, item))
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return 0;
}

static Value alias_repr(VM *vm, Value self) {
    GenericAlias *a = as_alias(self);
    Tuple *args = as_tuple(a->args);
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = (!a->starred || strbuilder_add_c(&b, "*")) && add_item(vm, &b, a->origin) &&
              strbuilder_add_c(&b, args->len != 0 ? "[" : "[()") && add_items(vm, &b, args->items, args->len) &&
              strbuilder_add_c(&b, "]");
    if (ok)
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return 0;
}

/* --- type variables
 * ---------------------------------------------------------------------------------------------------- */

static ssize_t list_index_is(Value *items, size_t n, Value v) {
    for (size_t i = 0; i < n; i++) {
        if (items[i] == v)
            return (ssize_t)i;
    }
    return -1;
}

static bool add_parameter(VM *vm, Value list, Value p) {
    return list_index_is(as_list(list)->items, as_list(list)->len, p) >= 0 || list_append(vm, list, p);
}

Value alias_collect_parameters(VM *vm, Value args) {
    if (!native_enter(vm, "")) /* the __parameters__ of an argument may be made so too */
        return 0;
    Value list = list_new(vm, 0), v;
    bool ok = list != 0;
    for (size_t i = 0; ok && i < as_tuple(args)->len; i++) {
        Value arg = as_tuple(args)->items[i];
        if (is_type(arg)) /* __parameters__ of a class says something else */
            continue;
        int found = attr_lookup(vm, arg, NAME(__typing_subst__), &v);
        if (found > 0) {
            decref(vm, v);
            ok = add_parameter(vm, list, arg);
            continue;
        }
        ok = found == 0;
        found = ok ? attr_lookup(vm, arg, NAME(__parameters__), &v) : -1;
        ok = found >= 0;
        if (found <= 0)
            continue;
        for (size_t j = 0; ok && is_tuple(v) && j < as_tuple(v)->len; j++)
            ok = add_parameter(vm, list, as_tuple(v)->items[j]);
        decref(vm, v);
    }
    Value tuple = ok ? tuple_from_list(vm, list) : 0;
    decref(vm, list);
    native_leave(vm);
    return tuple;
}

/* The items subscripted with, *tuple[...] among them spread out: a list. */
static Value spread_items(VM *vm, Value item) {
    Value list = list_new(vm, 0), v;
    Value *items = is_tuple(item) ? as_tuple(item)->items : &item;
    size_t n = is_tuple(item) ? as_tuple(item)->len : 1;
    bool ok = list != 0;
    for (size_t i = 0; ok && i < n; i++) {
        int found = is_type(items[i]) ? 0 : attr_lookup(vm, items[i], NAME(__typing_unpacked_tuple_args__), &v);
        bool spread = found > 0 && is_tuple(v) &&
                      !(as_tuple(v)->len != 0 && as_tuple(v)->items[as_tuple(v)->len - 1] == VALUE_ELLIPSIS);
        ok = found >= 0 && (spread ? list_extend(vm, list, v) : list_append(vm, list, items[i]));
        if (found > 0)
            decref(vm, v);
    }
    if (ok)
        return list;
    decref(vm, list);
    return 0;
}

/* Lets the parameters (defaults, ParamSpec, TypeVarTuple) rearrange the items: owned tuple. */
static Value prepare_items(VM *vm, Value self, Value parameters, Value item) {
    Value list = spread_items(vm, item), fn;
    Value items = list != 0 ? tuple_from_list(vm, list) : 0;
    decref(vm, list);
    for (size_t i = 0; items != 0 && i < as_tuple(parameters)->len; i++) {
        int found = attr_lookup(vm, as_tuple(parameters)->items[i], NAME(__typing_prepare_subst__), &fn);
        if (found == 0 || (found > 0 && fn == VALUE_NONE))
            continue;
        Value next = found > 0 ? call2(vm, fn, self, items) : 0;
        if (found > 0)
            decref(vm, fn);
        decref(vm, items);
        items = next != 0 && !is_tuple(next) ? tuple_from_iterable(vm, next) : incref(next);
        decref(vm, next);
    }
    return items;
}

/* An argument that has type variables inside: arg[the items for them]. Owned. */
static Value substitute_inside(VM *vm, Value arg, Value parameters, Value items) {
    Value inner;
    int found = attr_lookup(vm, arg, NAME(__parameters__), &inner);
    if (found < 0)
        return 0;
    if (found == 0 || !is_tuple(inner) || as_tuple(inner)->len == 0) {
        if (found > 0)
            decref(vm, inner);
        return incref(arg);
    }
    Value list = list_new(vm, 0), result = 0;
    bool ok = list != 0;
    for (size_t i = 0; ok && i < as_tuple(inner)->len; i++) {
        Value p = as_tuple(inner)->items[i];
        ssize_t at = list_index_is(as_tuple(parameters)->items, as_tuple(parameters)->len, p);
        Value replacement = at >= 0 ? as_tuple(items)->items[at] : p;
        /* a TypeVarTuple (which can be iterated) stands for several items */
        bool many = at >= 0 && is_tuple(replacement) && type_of(vm, p)->slots.iter != NULL;
        ok = many ? list_extend(vm, list, replacement) : list_append(vm, list, replacement);
    }
    Value tuple = ok ? tuple_from_list(vm, list) : 0;
    if (tuple != 0)
        result = item_get(vm, arg, tuple);
    decref(vm, tuple);
    decref(vm, list);
    decref(vm, inner);
    return result;
}

static bool substitute_one(VM *vm, Value list, Value arg, Value parameters, Value items) {
    Value fn, v = 0, unpacked = 0;
    if (is_type(arg))
        return list_append(vm, list, arg);
    int found = attr_lookup(vm, arg, NAME(__typing_is_unpacked_typevartuple__), &unpacked);
    if (found < 0)
        return false;
    int unpack = found > 0 ? truth(vm, unpacked) : 0;
    if (found > 0)
        decref(vm, unpacked);
    if (unpack < 0)
        return false;
    found = attr_lookup(vm, arg, NAME(__typing_subst__), &fn);
    if (found > 0) {
        ssize_t at = list_index_is(as_tuple(parameters)->items, as_tuple(parameters)->len, arg);
        v = at >= 0 ? call1(vm, fn, as_tuple(items)->items[at]) : incref(arg);
        decref(vm, fn);
    } else if (found == 0 && has_exact_kind(arg, KIND_LIST)) {
        Value tuple = tuple_from_list(vm, arg);
        Value inner = list_new(vm, 0);
        bool ok = tuple != 0 && inner != 0 && native_enter(vm, " in type substitution");
        if (ok) {
            for (size_t i = 0; ok && i < as_tuple(tuple)->len; i++)
                ok = substitute_one(vm, inner, as_tuple(tuple)->items[i], parameters, items);
            native_leave(vm);
        }
        decref(vm, tuple);
        v = ok ? incref(inner) : 0;
        decref(vm, inner);
    } else if (found == 0) {
        v = substitute_inside(vm, arg, parameters, items);
    }
    if (v == 0)
        return false;
    bool ok = unpack && is_tuple(v) ? list_extend(vm, list, v) : list_append(vm, list, v);
    decref(vm, v);
    return ok;
}

Value alias_substitute(VM *vm, Value self, Value args, Value parameters, Value item) {
    size_t n = as_tuple(parameters)->len;
    if (n == 0)
        return raise_type(vm, "%R is not a generic class", self);
    Value items = prepare_items(vm, self, parameters, item);
    if (items == 0)
        return 0;
    size_t given = as_tuple(items)->len;
    if (given != n) {
        decref(vm, items);
        return raise_type(vm, "Too %s arguments for %R; actual %u, expected %u", given > n ? "many" : "few", self,
                          given, n);
    }
    Value list = list_new(vm, 0), result = 0;
    bool ok = list != 0;
    for (size_t i = 0; ok && i < as_tuple(args)->len; i++)
        ok = substitute_one(vm, list, as_tuple(args)->items[i], parameters, items);
    if (ok)
        result = tuple_from_list(vm, list);
    decref(vm, list);
    decref(vm, items);
    return result;
}

/* Borrowed tuple. */
static Value alias_parameters(VM *vm, GenericAlias *a) {
    if (a->parameters == 0)
        a->parameters = alias_collect_parameters(vm, a->args);
    return a->parameters;
}

static Value alias_getitem(VM *vm, Value self, Value item) {
    GenericAlias *a = as_alias(self);
    Value parameters = alias_parameters(vm, a);
    Value args = parameters != 0 ? alias_substitute(vm, self, a->args, parameters, item) : 0;
    Value result = args != 0 ? alias_new(vm, a->origin, args, a->starred) : 0;
    decref(vm, args);
    return result;
}

/* --- standing in for the origin
 * --------------------------------------------------------------------------------------------- */

static bool is_own_attribute(Value name) {
    static const char *const own[] = {"__class__",       "__origin__",     "__args__",
                                      "__unpacked__",    "__parameters__", "__typing_unpacked_tuple_args__",
                                      "__mro_entries__", "__reduce_ex__",  "__reduce__",
                                      "__bases__",       "__copy__",       "__deepcopy__"};
    const char *text = str_data(name);
    if (text[0] != '_' || text[1] != '_')
        return false;
    for (size_t i = 0; i < ARRAY_LEN(own); i++) {
        if (strcmp(own[i], text) == 0)
            return true;
    }
    return false;
}

static Value alias_getattr(VM *vm, Value self, Value name) {
    if (is_own_attribute(name))
        return attr_generic_get(vm, self, name);
    if (!native_enter(vm, ""))
        return 0;
    Value v = attr_get(vm, as_alias(self)->origin, name);
    native_leave(vm);
    return v;
}

static Value alias_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value obj = call(vm, as_alias(self)->origin, args, nargs, kwnames);
    if (obj == 0 || attr_set(vm, obj, NAME(__orig_class__), self))
        return obj;
    if (error_matches(vm, vm->exc.AttributeError) || error_matches(vm, vm->exc.TypeError)) {
        error_clear(vm); /* many objects have no room for the note */
        return obj;
    }
    decref(vm, obj);
    return 0;
}

static Value alias_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_generic_alias(vm, a) || !is_generic_alias(vm, b))
        return VALUE_NOTIMPL;
    int equal =
        as_alias(a)->starred == as_alias(b)->starred ? value_equal(vm, as_alias(a)->origin, as_alias(b)->origin) : 0;
    if (equal > 0)
        equal = value_equal(vm, as_alias(a)->args, as_alias(b)->args);
    return equal < 0 ? 0 : from_bool((equal != 0) == (op == CMP_EQ));
}

static bool alias_hash(VM *vm, Value self, int64_t *out) {
    int64_t h;
    if (!native_enter(vm, "")) /* aliases of aliases */
        return false;
    bool ok = hash_value(vm, as_alias(self)->origin, &h) && hash_value(vm, as_alias(self)->args, out);
    native_leave(vm);
    if (!ok)
        return false;
    *out ^= h;
    if (*out == -1)
        *out = -2;
    return true;
}

/* *list[int] iterates over one item, the starred alias. */
static Value alias_iter(VM *vm, Value self) {
    Value starred = alias_new(vm, as_alias(self)->origin, as_alias(self)->args, true);
    Value tuple = starred != 0 ? tuple_pack(vm, 1, starred) : 0;
    Value it = tuple != 0 ? iter_get(vm, tuple) : 0;
    decref(vm, tuple);
    decref(vm, starred);
    return it;
}

static Value alias_or(VM *vm, Value a, Value b) { return union_make(vm, a, b); }

static Value method_mro_entries(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return tuple_pack(vm, 1, as_alias(self)->origin);
}

static Value method_instancecheck(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return raise_type(vm, "isinstance() argument 2 cannot be a parameterized generic");
}

static Value method_subclasscheck(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return raise_type(vm, "issubclass() argument 2 cannot be a parameterized generic");
}

static Value method_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    GenericAlias *a = as_alias(self);
    Value inside, result = 0;
    if (a->starred) {
        Value plain = alias_new(vm, a->origin, a->args, false);
        Value it = plain != 0 ? iter_get(vm, plain) : 0;
        Value next = it != 0 ? dict_get_str(vm, vm->builtins, NAME(next)) : 0;
        inside = next != 0 ? tuple_pack(vm, 1, it) : 0;
        if (inside != 0)
            result = tuple_pack(vm, 2, next, inside);
        else if (it != 0 && next == 0)
            raise_runtime(vm, "lost builtins.next");
        decref(vm, it);
        decref(vm, plain);
    } else {
        inside = tuple_pack(vm, 2, a->origin, a->args);
        if (inside != 0)
            result = tuple_pack(vm, 2, type_value(vm->types.generic_alias), inside);
    }
    decref(vm, inside);
    return result;
}

static Value method_dir(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    static const char *const own[] = {
        "__origin__",      "__args__",      "__unpacked__", "__parameters__", "__typing_unpacked_tuple_args__",
        "__mro_entries__", "__reduce_ex__", "__reduce__",   "__bases__",      "__copy__",
        "__deepcopy__",    "__class__"};
    Value dict = dict_new(vm), fn = dict_get_c(vm, vm->builtins, "dir"), names = 0, result = 0;
    bool ok = dict != 0 && fn != 0 && (names = call1(vm, fn, as_alias(self)->origin)) != 0 && is_list(names);
    for (size_t i = 0; ok && i < as_list(names)->len; i++)
        ok = dict_set(vm, dict, as_list(names)->items[i], VALUE_NONE);
    for (size_t i = 0; ok && i < ARRAY_LEN(own); i++)
        ok = dict_set_c(vm, dict, own[i], VALUE_NONE);
    if (ok)
        result = list_from_iterable(vm, dict);
    decref(vm, names);
    decref(vm, dict);
    return result;
}

static Value get_origin(VM *vm, Value self) { return incref(as_alias(self)->origin); }
static Value get_args(VM *vm, Value self) { return incref(as_alias(self)->args); }
static Value get_unpacked(VM *vm, Value self) { return from_bool(as_alias(self)->starred); }
static Value get_parameters(VM *vm, Value self) { return incref(alias_parameters(vm, as_alias(self))); }
static Value get_unpacked_args(VM *vm, Value self) {
    GenericAlias *a = as_alias(self);
    return a->starred && a->origin == type_value(vm->types.tuple) ? incref(a->args) : VALUE_NONE;
}

static void alias_traverse(Object *self, VisitFn visit, void *arg) {
    GenericAlias *a = (GenericAlias *)self;
    visit_value(a->origin, visit, arg);
    visit_value(a->args, visit, arg);
    visit_value(a->parameters, visit, arg);
}

static void alias_dealloc(VM *vm, Object *self) {
    GenericAlias *a = (GenericAlias *)self;
    decref(vm, a->origin);
    decref(vm, a->args);
    decref(vm, a->parameters);
}

static const MethodSpec alias_methods[] = {
    {"__mro_entries__", method_mro_entries, "bases, /", "The origin, when the alias is a base class.", 0},
    {"__instancecheck__", method_instancecheck, "instance, /", "Always an error.", 0},
    {"__subclasscheck__", method_subclasscheck, "subclass, /", "Always an error.", 0},
    {"__reduce__", method_reduce, "", "Helps pickle.", 0},
    {"__dir__", method_dir, "", "Names of the origin's attributes and the alias's own.", 0},
    {0},
};

static const GetSetSpec alias_getset[] = {
    {"__origin__", get_origin, NULL, NULL},
    {"__args__", get_args, NULL, NULL},
    {"__unpacked__", get_unpacked, NULL, NULL},
    {"__parameters__", get_parameters, NULL, "type variables among the arguments"},
    {"__typing_unpacked_tuple_args__", get_unpacked_args, NULL, NULL},
    {0},
};

const TypeSpec generic_alias_spec = {
    .name = "types.GenericAlias",
    .doc = "GenericAlias(origin, args) is what origin[args] gives for the built-in generic classes.",
    .signature = "origin, args, /",
    .size = sizeof(GenericAlias),
    .flags = TYPE_GC | TYPE_BASE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = alias_dealloc,
              .traverse = alias_traverse,
              .create = alias_create,
              .call = alias_call,
              .repr = alias_repr,
              .hash = alias_hash,
              .compare = alias_compare,
              .getattr = alias_getattr,
              .iter = alias_iter,
              .getitem = alias_getitem},
    .numbers = &(const NumberSlots){.binary[OP_OR] = alias_or},
    .methods = alias_methods,
    .getset = alias_getset,
};
