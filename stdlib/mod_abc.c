/* The module _abc: what abstract base classes remember, and the questions they are asked.
 *
 * Each ABC has a record (its attribute _abc_impl) of three tables of classes: those that registered, those found to
 * be subclasses, and those found not to be. A table is a dict from the address of a class to a weak reference to it,
 * so a table keeps no class alive, and asking costs one lookup of a small integer. No callback takes dead classes
 * out: an entry whose class is gone does not count, whoever has its address now, and dead entries go when a table has
 * doubled in size.
 *
 * A negative answer is only trusted while no class has registered anywhere since it was recorded. */
#include "stdlib/init.h"

#include "object/instance.h"
#include "object/set.h"
#include "object/type.h"

#define TABLE_SMALL 32 /* entries that are not worth looking through */

typedef struct ClassTable {
    Value entries; /* dict, or 0: empty */
    size_t limit;  /* entries at which the dead ones are looked for */
} ClassTable;

typedef struct AbcData {
    Object header;
    ClassTable registry, yes, no;
    uint64_t no_stamp; /* registrations when `no` was valid */
} AbcData;

typedef struct AbcState { /* per VM, in vm->module_state */
    uint64_t registrations;
} AbcState;

static AbcState *state_of(VM *vm) { return vm->module_state[MODULE_SLOT_mod_abc_init]; }

/* ---- tables ---- */

static Value key_of(Value cls) { return from_small_int((int64_t)(cls >> 3)); }

/* Is the class in the table? Never fails: keys are small ints. */
static bool table_has(VM *vm, const ClassTable *t, Value cls) {
    Value ref = t->entries != 0 ? dict_get(vm, t->entries, key_of(cls)) : 0;
    if (ref == 0)
        return false;
    Value target = weakref_get(vm, ref);
    decref(vm, target);
    return target == cls;
}

static bool drop_dead(VM *vm, ClassTable *t) {
    Value kept = dict_new(vm), key, ref;
    bool ok = kept != 0;
    for (size_t pos = 0; ok && dict_next(t->entries, &pos, &key, &ref);) {
        Value target = weakref_get(vm, ref);
        if (!is_none(target))
            ok = dict_set(vm, kept, key, ref);
        decref(vm, target);
    }
    if (!ok) {
        decref(vm, kept);
        return false;
    }
    set_owned(vm, &t->entries, kept);
    t->limit = dict_len(kept) * 2 > TABLE_SMALL ? dict_len(kept) * 2 : TABLE_SMALL;
    return true;
}

static bool table_add(VM *vm, ClassTable *t, Value cls) {
    if (t->entries == 0) {
        if ((t->entries = dict_new(vm)) == 0)
            return false;
        t->limit = TABLE_SMALL;
    }
    if (dict_len(t->entries) >= t->limit && !drop_dead(vm, t))
        return false;
    Value ref = weakref_new(vm, cls, 0);
    bool ok = ref != 0 && dict_set(vm, t->entries, key_of(cls), ref);
    decref(vm, ref);
    return ok;
}

static void table_clear(VM *vm, ClassTable *t) { set_owned(vm, &t->entries, 0); }

/* The living classes: owned list. */
static Value table_classes(VM *vm, const ClassTable *t) {
    Value list = list_new(vm, 0), key, ref;
    for (size_t pos = 0; list != 0 && t->entries != 0 && dict_next(t->entries, &pos, &key, &ref);) {
        Value target = weakref_get(vm, ref);
        if (is_none(target))
            continue;
        if (!list_append_steal(vm, list, target))
            set_owned(vm, &list, 0);
    }
    return list;
}

/* A set of weak references, for _get_dump(). */
static Value table_references(VM *vm, const ClassTable *t) {
    Value set = set_new(vm, 0), key, ref;
    for (size_t pos = 0; set != 0 && t->entries != 0 && dict_next(t->entries, &pos, &key, &ref);) {
        Value target = weakref_get(vm, ref);
        if (!is_none(target) && !set_add(vm, set, ref))
            set_owned(vm, &set, 0);
        decref(vm, target);
    }
    return set;
}

/* ---- the record ---- */

static void data_dealloc(VM *vm, Object *self) {
    AbcData *d = (AbcData *)self;
    table_clear(vm, &d->registry);
    table_clear(vm, &d->yes);
    table_clear(vm, &d->no);
}

static Value data_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (nargs != 0 || (kwnames != 0 && as_tuple(kwnames)->len != 0))
        return raise_type(vm, "_abc_data() takes no arguments");
    AbcData *d = object_alloc(vm, type, 0);
    if (d != NULL)
        d->no_stamp = state_of(vm)->registrations;
    return from_obj(d);
}

static const TypeSpec data_spec = {
    .name = "_abc._abc_data",
    .doc = "What one abstract base class remembers.",
    .size = sizeof(AbcData),
    .kind = KIND_OTHER,
    .slots = {.dealloc = data_dealloc, .create = data_create},
};

static Type *data_type(VM *vm) { return vm_type(vm, &data_spec, vm->types.object); }

/* Owned, since an answer may run scripts that give the class another record. NULL with an exception. */
static AbcData *data_of(VM *vm, Value cls) {
    Value data = attr_get(vm, cls, NAME(_abc_impl));
    if (data == 0)
        return NULL;
    if (has_kind(data, KIND_OTHER) && obj_type(as_obj(data))->spec == &data_spec)
        return (AbcData *)as_obj(data);
    decref(vm, data);
    raise_type(vm, "_abc_impl is set to a wrong type");
    return NULL;
}

/* ---- abstract methods ---- */

/* 1, 0, -1. Functions without attributes, which most values of a class are, are not asked. */
static int is_abstract(VM *vm, Value value) {
    Value flag;
    if (has_exact_kind(value, KIND_FUNCTION) &&
        instance_get(vm, as_obj(value), vm->types.function, NAME(__isabstractmethod__)) == 0)
        return 0;
    int found = attr_lookup(vm, value, NAME(__isabstractmethod__), &flag);
    if (found <= 0)
        return found;
    int yes = truth(vm, flag);
    decref(vm, flag);
    return yes;
}

static bool add_own(VM *vm, Value names, Value namespace) {
    Value items = dict_copy(vm, namespace), key, value; /* asking may run scripts */
    bool ok = items != 0;
    for (size_t pos = 0; ok && dict_next(items, &pos, &key, &value);) {
        int yes = is_abstract(vm, value);
        ok = yes >= 0 && (yes == 0 || set_add(vm, names, key));
    }
    decref(vm, items);
    return ok;
}

/* A base's abstract method stays one unless the class has something else under that name. */
static bool add_inherited(VM *vm, Value names, Value cls, Value base) {
    Value inherited;
    int found = attr_lookup(vm, base, NAME(__abstractmethods__), &inherited);
    if (found <= 0)
        return found == 0;
    Value list = list_from_iterable(vm, inherited);
    decref(vm, inherited);
    bool ok = list != 0;
    for (size_t i = 0; ok && i < as_list(list)->len; i++) {
        Value name = as_list(list)->items[i], value;
        if (!is_str(name)) {
            ok = raise_type(vm, "attribute name must be string, not '%T'", name);
            break;
        }
        found = attr_lookup(vm, cls, name, &value);
        if (found == 0)
            continue;
        int yes = found > 0 ? is_abstract(vm, value) : -1;
        if (found > 0)
            decref(vm, value);
        ok = yes >= 0 && (yes == 0 || set_add(vm, names, name));
    }
    decref(vm, list);
    return ok;
}

static bool find_abstract(VM *vm, Value cls) {
    Type *t = as_type(cls);
    Value names = set_new(vm, 0), bases = names != 0 ? incref(type_bases(vm, t)) : 0;
    Dict *dict = bases != 0 ? type_dict(vm, t) : NULL;
    bool ok = dict != NULL && add_own(vm, names, from_obj(dict));
    for (size_t i = 0; ok && i < as_tuple(bases)->len; i++)
        ok = add_inherited(vm, names, cls, as_tuple(bases)->items[i]);
    Value frozen = ok ? frozenset_new(vm, names) : 0;
    ok = frozen != 0 && attr_set(vm, cls, NAME(__abstractmethods__), frozen);
    decref(vm, frozen);
    decref(vm, bases);
    decref(vm, names);
    return ok;
}

/* ---- the functions ---- */

static bool want_class(VM *vm, Value v, const char *message) { return is_type(v) || raise_type(vm, "%s", message); }

static Value abc_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_type(args[0]))
        return raise_attribute(vm, args[0], NAME(__dict__), "'%T' object has no attribute '__dict__'", args[0]);
    if (!find_abstract(vm, args[0]))
        return VALUE_ERROR;
    Type *type = data_type(vm);
    Value data = type != NULL ? data_create(vm, type, NULL, 0, 0) : VALUE_ERROR;
    bool ok = data != 0 && attr_set(vm, args[0], NAME(_abc_impl), data);
    decref(vm, data);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

/* What instances of the ABC match in a match statement, those of the new member match too. */
static bool pass_on_patterns(VM *vm, Type *abc, Value subclass) {
    int64_t bits = (abc->flags & TYPE_SEQUENCE ? 1 << 5 : 0) | (abc->flags & TYPE_MAPPING ? 1 << 6 : 0);
    if (bits == 0 || (as_type(subclass)->flags & TYPE_IMMUTABLE))
        return true;
    Value name = str_intern_c(vm, TYPE_PATTERNS_NAME);
    bool ok = name != 0 && attr_set(vm, subclass, name, from_small_int(bits));
    decref(vm, name);
    return ok;
}

static Value abc_register(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value cls = args[0], subclass = args[1];
    if (!want_class(vm, subclass, "Can only register classes"))
        return VALUE_ERROR;
    int already = is_subclass(vm, subclass, cls);
    if (already != 0)
        return already < 0 ? VALUE_ERROR : incref(subclass);
    int cycle = is_subclass(vm, cls, subclass);
    if (cycle != 0)
        return cycle < 0 ? VALUE_ERROR : raisef(vm, vm->exc.RuntimeError, "Refusing to create an inheritance cycle");
    AbcData *data = data_of(vm, cls);
    bool ok = data != NULL && table_add(vm, &data->registry, subclass);
    if (data != NULL)
        obj_decref(vm, &data->header);
    if (!ok)
        return VALUE_ERROR;
    state_of(vm)->registrations++;
    return !is_type(cls) || pass_on_patterns(vm, as_type(cls), subclass) ? incref(subclass) : VALUE_ERROR;
}

static int ask(VM *vm, Value cls, Value subclass) {
    Value answer = call_method1(vm, cls, NAME(__subclasscheck__), subclass);
    int yes = answer != 0 ? truth(vm, answer) : -1;
    decref(vm, answer);
    return yes;
}

static Value abc_instancecheck(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value cls = args[0], instance = args[1];
    AbcData *data = data_of(vm, cls);
    Value claimed = data != NULL ? attr_get(vm, instance, NAME(__class__)) : 0;
    if (claimed == 0) {
        if (data != NULL)
            obj_decref(vm, &data->header);
        return VALUE_ERROR;
    }
    Value actual = type_value(type_of(vm, instance));
    int yes;
    if (table_has(vm, &data->yes, claimed))
        yes = 1;
    else if (claimed == actual && data->no_stamp == state_of(vm)->registrations && table_has(vm, &data->no, claimed))
        yes = 0;
    else if ((yes = ask(vm, cls, claimed)) == 0 && claimed != actual)
        yes = ask(vm, cls, actual);
    decref(vm, claimed);
    obj_decref(vm, &data->header);
    return yes < 0 ? VALUE_ERROR : from_bool(yes);
}

static int ask_each(VM *vm, Value subclass, Value classes) {
    int yes = classes != 0 ? 0 : -1;
    for (size_t i = 0; yes == 0 && i < as_list(classes)->len; i++)
        yes = is_subclass(vm, subclass, as_list(classes)->items[i]);
    decref(vm, classes);
    return yes;
}

static int in_mro(VM *vm, Value cls, Value subclass) {
    Value mro = type_mro(vm, as_type(subclass));
    for (size_t i = 0; mro != 0 && i < as_tuple(mro)->len; i++)
        if (as_tuple(mro)->items[i] == cls)
            return 1;
    return mro != 0 ? 0 : -1;
}

/* The living direct subclasses, as cls.__subclasses__() tells. */
static Value children(VM *vm, Value cls) {
    Value given = call_method0(vm, cls, NAME(__subclasses__));
    Value list = given != 0 ? list_from_iterable(vm, given) : 0;
    decref(vm, given);
    return list;
}

/* 1, 0, -1: the answer, which nothing remembers yet. */
static int find_out(VM *vm, AbcData *data, Value cls, Value subclass) {
    Value hooked = call_method1(vm, cls, NAME(__subclasshook__), subclass);
    decref(vm, hooked);
    if (hooked == 0 || is_bool(hooked))
        return hooked == 0 ? -1 : hooked == VALUE_TRUE;
    if (hooked != VALUE_NOTIMPL) {
        raisef(vm, vm->exc.AssertionError, "__subclasshook__ must return either False, True, or NotImplemented");
        return -1;
    }
    int yes = in_mro(vm, cls, subclass);
    if (yes == 0)
        yes = ask_each(vm, subclass, table_classes(vm, &data->registry));
    return yes != 0 ? yes : ask_each(vm, subclass, children(vm, cls));
}

static Value abc_subclasscheck(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value cls = args[0], subclass = args[1];
    if (!want_class(vm, subclass, "issubclass() arg 1 must be a class"))
        return VALUE_ERROR;
    AbcData *data = data_of(vm, cls);
    if (data == NULL)
        return VALUE_ERROR;
    int yes = table_has(vm, &data->yes, subclass);
    bool known = yes != 0;
    if (!known && data->no_stamp != state_of(vm)->registrations) {
        table_clear(vm, &data->no);
        data->no_stamp = state_of(vm)->registrations;
    } else if (!known) {
        known = table_has(vm, &data->no, subclass);
    }
    if (!known) {
        yes = find_out(vm, data, cls, subclass);
        if (yes >= 0 && !table_add(vm, yes ? &data->yes : &data->no, subclass))
            yes = -1;
    }
    obj_decref(vm, &data->header);
    return yes < 0 ? VALUE_ERROR : from_bool(yes);
}

static Value abc_get_cache_token(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_uint64(vm, state_of(vm)->registrations);
}

static Value abc_get_dump(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    AbcData *data = data_of(vm, args[0]);
    if (data == NULL)
        return VALUE_ERROR;
    Value registry = table_references(vm, &data->registry), yes = table_references(vm, &data->yes);
    Value no = table_references(vm, &data->no), stamp = int_from_uint64(vm, data->no_stamp), result = VALUE_ERROR;
    if (registry != 0 && yes != 0 && no != 0 && stamp != 0)
        result = tuple_pack(vm, 4, registry, yes, no, stamp);
    Value owned[] = {registry, yes, no, stamp, from_obj(data)};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        decref(vm, owned[i]);
    return result;
}

static Value abc_reset_registry(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    AbcData *data = data_of(vm, args[0]);
    if (data == NULL)
        return VALUE_ERROR;
    table_clear(vm, &data->registry);
    obj_decref(vm, &data->header);
    return VALUE_NONE;
}

static Value abc_reset_caches(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    AbcData *data = data_of(vm, args[0]);
    if (data == NULL)
        return VALUE_ERROR;
    table_clear(vm, &data->yes);
    table_clear(vm, &data->no);
    obj_decref(vm, &data->header);
    return VALUE_NONE;
}

static const MethodSpec abc_functions[] = {
    {"get_cache_token", abc_get_cache_token, "", "A number that changes with every registration with any ABC.", 0},
    {"_abc_init", abc_init, "self, /", "Finds the abstract methods of a new class and gives it its record.", 0},
    {"_abc_register", abc_register, "self, subclass, /", "Makes a class a virtual subclass.", 0},
    {"_abc_instancecheck", abc_instancecheck, "self, instance, /", "isinstance() for ABCs.", 0},
    {"_abc_subclasscheck", abc_subclasscheck, "self, subclass, /", "issubclass() for ABCs.", 0},
    {"_get_dump", abc_get_dump, "self, /", "What the class remembers: registry, caches, stamp of the negative one.",
     0},
    {"_reset_registry", abc_reset_registry, "self, /", "Forgets who registered.", 0},
    {"_reset_caches", abc_reset_caches, "self, /", "Forgets the answers.", 0},
    {0},
};

bool mod_abc_init(VM *vm, Value module) {
    if (state_of(vm) == NULL) {
        AbcState *state = mem_zalloc(vm, sizeof *state);
        if (state == NULL)
            return false;
        vm->module_state[MODULE_SLOT_mod_abc_init] = state;
    }
    Type *type = data_type(vm);
    return type != NULL && module_add_functions(vm, module, abc_functions) &&
           module_add(vm, module, "_abc_data", incref(type_value(type)));
}
