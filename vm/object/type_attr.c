/* The type `type`: attributes of classes, calling a class, instance and subclass checks.
 *
 * An attribute of a class is looked for in three places, in this order: a data descriptor on the metaclass, anything
 * along the class's own MRO (bound through its __get__ with no instance), anything else on the metaclass. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/instance.h"
#include "object/shape.h"
#include "object/type.h"

/* --- get and set --------------------------------------------------------------------------------------------------
 */

int type_attr_lookup(VM *vm, Value self, Value name, Value *out) {
    Type *t = as_type(self), *meta = obj_type(&t->header);
    Value meta_attr = type_lookup(vm, meta, name);
    Type *mt = meta_attr != 0 && is_obj(meta_attr) ? obj_type(as_obj(meta_attr)) : NULL;
    if (mt != NULL && mt->slots.descr_get != NULL && mt->slots.descr_set != NULL) {
        *out = descr_bind(vm, meta_attr, self, meta);
        return *out != 0 ? 1 : -1;
    }
    Value attr = type_lookup(vm, t, name);
    if (attr != 0) {
        if (!is_obj(attr) || obj_type(as_obj(attr))->slots.descr_get == NULL) {
            *out = incref(attr);
            return 1;
        }
        if (as_obj(attr)->kind == KIND_FUNCTION) { /* unbound: the function itself */
            *out = incref(attr);
            return 1;
        }
        *out = descr_bind(vm, attr, 0, t);
        return *out != 0 ? 1 : -1;
    }
    if (meta_attr == 0)
        return 0;
    *out = mt != NULL && mt->slots.descr_get != NULL ? descr_bind(vm, meta_attr, self, meta) : incref(meta_attr);
    return *out != 0 ? 1 : -1;
}

Value type_getattr(VM *vm, Value self, Value name) {
    Value v = 0;
    int found = type_attr_lookup(vm, self, name, &v);
    if (found > 0)
        return v;
    return found < 0 ? 0 : raise_no_attribute(vm, self, name);
}

bool type_check_mutable(VM *vm, Type *t, Value name, bool deleting) {
    if (likely(!(t->flags & TYPE_IMMUTABLE)))
        return true;
    Value full = type_full_name(vm, t);
    if (full != 0)
        raise_type(vm, "cannot %s '%V' attribute of immutable type '%V'", deleting ? "delete" : "set", name, full);
    decref(vm, full);
    return false;
}

uint32_t type_pattern_flags(Value value) {
    int64_t bits;
    if (value == 0 || !is_int(value) || !int_fits_int64(value, &bits))
        return 0;
    return (bits & (1 << 5) ? TYPE_SEQUENCE : 0) | (bits & (1 << 6) ? TYPE_MAPPING : 0);
}

/* Which patterns of a match statement apply to a class and to those derived from it; one set already stays. */
static bool set_pattern_flags(VM *vm, Type *t, uint32_t flags) {
    if (t->flags & (TYPE_IMMUTABLE | TYPE_SEQUENCE | TYPE_MAPPING))
        return true;
    Value subclasses = type_subclass_list(vm, t);
    if (subclasses == 0)
        return false;
    t->flags |= flags;
    type_modified(vm, t);
    bool ok = native_enter(vm, " while marking subclasses");
    if (ok) {
        for (size_t i = 0; ok && i < as_list(subclasses)->len; i++)
            ok = set_pattern_flags(vm, as_type(as_list(subclasses)->items[i]), flags);
        native_leave(vm);
    }
    decref(vm, subclasses);
    return ok;
}

bool type_setattr(VM *vm, Value self, Value name, Value value) {
    Type *t = as_type(self), *meta = obj_type(&t->header);
    if (!type_check_mutable(vm, t, name, false))
        return false;
    /* how ABCMeta.register() passes on what the ABC matches: not an attribute to be seen */
    uint32_t patterns = str_equals_c(name, TYPE_PATTERNS_NAME) ? type_pattern_flags(value) : 0;
    if (patterns != 0)
        return set_pattern_flags(vm, t, patterns);
    Value meta_attr = type_lookup(vm, meta, name);
    if (meta_attr != 0 && is_obj(meta_attr) && obj_type(as_obj(meta_attr))->slots.descr_set != NULL) {
        incref(meta_attr);
        bool ok = obj_type(as_obj(meta_attr))->slots.descr_set(vm, meta_attr, self, value);
        decref(vm, meta_attr);
        return ok;
    }
    Value key = (as_obj(name)->flags & OBJ_USER1) ? incref(name) : str_intern(vm, incref(name));
    if (key == 0)
        return false;
    Value dict = from_obj(t->dict), old = incref(dict_get_str(vm, dict, key));
    bool ok = true;
    if (value != 0) {
        ok = dict_set_str(vm, dict, key, value);
    } else if (old == 0) {
        raise_no_attribute(vm, self, key);
        ok = false;
    } else {
        ok = dict_delete(vm, dict, key) >= 0;
    }
    if (ok) {
        type_modified(vm, t);
        if (slot_is_special(vm, key))
            slots_update_name(vm, t, key);
    }
    decref(vm, old); /* last: it may run scripts, which must find the class in order */
    decref(vm, key);
    return ok;
}

/* --- names and texts
 * ----------------------------------------------------------------------------------------------------- */

Value type_module_value(VM *vm, Type *t) {
    if (t->flags & TYPE_HEAP) {
        Value v = dict_get_str(vm, from_obj(t->dict), NAME(__module__));
        return v != 0 ? incref(v) : raise_attribute(vm, type_value(t), NAME(__module__), "__module__");
    }
    return incref(t->module);
}

/* A native class whose instances have a computed __doc__ has that in its dictionary; its own text is in the spec. */
Value type_doc_value(VM *vm, Type *t) {
    if (!(t->flags & TYPE_HEAP) && t->spec != NULL && t->spec->doc != NULL)
        return str_from_c(vm, t->spec->doc);
    Dict *d = type_dict(vm, t);
    if (d == NULL)
        return 0;
    Value v = dict_get_str(vm, from_obj(d), NAME(__doc__));
    if (v == 0)
        return VALUE_NONE;
    if (is_obj(v) && obj_type(as_obj(v))->slots.descr_get != NULL)
        return descr_bind(vm, v, 0, t);
    return incref(v);
}

/* How messages and reprs name a native class: "list", but "itertools.count". */
Value type_full_name(VM *vm, Type *t) {
    if ((t->flags & TYPE_HEAP) || t->module == 0 || t->module == NAME(builtins))
        return incref(t->name);
    return str_from_c(vm, t->spec->name);
}

static Value type_repr(VM *vm, Value self) {
    Type *t = as_type(self);
    Value module =
        t->flags & TYPE_HEAP ? incref(dict_get_str(vm, from_obj(t->dict), NAME(__module__))) : incref(t->module);
    Value text;
    if (module == 0 || !is_str(module) || str_equals_c(module, "builtins"))
        text = str_printf(vm, "<class '%V'>", t->flags & TYPE_HEAP && module == 0 ? t->name : t->qualname);
    else
        text = str_printf(vm, "<class '%V.%V'>", module, t->qualname);
    decref(vm, module);
    return text;
}

/* --- computed attributes
 * --------------------------------------------------------------------------------------------------- */

static Value get_name(VM *vm, Value self) { return incref(as_type(self)->name); }
static Value get_qualname(VM *vm, Value self) { return incref(as_type(self)->qualname); }

/* The checks that __name__, __bases__ and the like have in common; value 0 means deletion. */
static bool check_set_special(VM *vm, Type *t, Value value, const char *name) {
    const char *verb = value == 0 ? "delete" : "set";
    if ((t->flags & TYPE_IMMUTABLE) || value == 0) {
        raise_type(vm, "cannot %s '%s' attribute of immutable type '%N'", verb, name, t);
        return false;
    }
    return true;
}

static bool set_name(VM *vm, Value self, Value value) {
    Type *t = as_type(self);
    if (!check_set_special(vm, t, value, "__name__"))
        return false;
    if (!is_str(value))
        return raise_type(vm, "can only assign string to %N.__name__, not '%T'", t, value);
    if (memchr(str_data(value), 0, as_str(value)->nbytes) != NULL)
        return raise_value(vm, "type name must not contain null characters");
    set_owned(vm, &t->name, incref(value));
    return true;
}

static bool set_qualname(VM *vm, Value self, Value value) {
    Type *t = as_type(self);
    if (!check_set_special(vm, t, value, "__qualname__"))
        return false;
    if (!is_str(value))
        return raise_type(vm, "can only assign string to %N.__qualname__, not '%T'", t, value);
    set_owned(vm, &t->qualname, incref(value));
    return true;
}

static Value get_module(VM *vm, Value self) { return type_module_value(vm, as_type(self)); }

static bool set_module(VM *vm, Value self, Value value) {
    Type *t = as_type(self);
    if (!check_set_special(vm, t, value, "__module__"))
        return false;
    type_modified(vm, t);
    return dict_set_str(vm, from_obj(t->dict), NAME(__module__), value);
}

static Value get_doc(VM *vm, Value self) { return type_doc_value(vm, as_type(self)); }

static bool set_doc(VM *vm, Value self, Value value) {
    Type *t = as_type(self);
    if (!check_set_special(vm, t, value, "__doc__"))
        return false;
    type_modified(vm, t);
    return dict_set_str(vm, from_obj(t->dict), NAME(__doc__), value);
}

static Value get_dict(VM *vm, Value self) {
    Dict *d = type_dict(vm, as_type(self));
    return d != NULL ? mappingproxy_new(vm, from_obj(d)) : 0;
}

static Value get_mro(VM *vm, Value self) {
    Type *t = as_type(self);
    if ((t->flags & TYPE_HEAP) && t->mro == 0)
        return VALUE_NONE;
    return incref(type_mro(vm, t));
}

static Value get_bases(VM *vm, Value self) { return incref(type_bases(vm, as_type(self))); }

static Value get_base(VM *vm, Value self) {
    Type *base = as_type(self)->base;
    return base != NULL ? incref(type_value(base)) : VALUE_NONE;
}

static Value get_abstract(VM *vm, Value self) {
    Type *t = as_type(self);
    Dict *d = self != type_value(vm->types.type) ? type_dict(vm, t) : NULL;
    Value v = d != NULL ? dict_get_str(vm, from_obj(d), NAME(__abstractmethods__)) : 0;
    if (v != 0)
        return incref(v);
    return error_pending(vm) ? 0 : raise_attribute(vm, self, NAME(__abstractmethods__), "__abstractmethods__");
}

static bool set_abstract(VM *vm, Value self, Value value) {
    Type *t = as_type(self);
    Value name = NAME(__abstractmethods__);
    if (!type_check_mutable(vm, t, name, value == 0))
        return false;
    int abstract = value != 0 ? truth(vm, value) : 0;
    if (abstract < 0)
        return false;
    type_modified(vm, t); /* first: what the caches hold is borrowed from the dict */
    if (value == 0) {
        int r = dict_delete(vm, from_obj(t->dict), name);
        if (r == 0)
            raise_attribute(vm, self, name, "__abstractmethods__");
        if (r <= 0)
            return false;
    } else if (!dict_set_str(vm, from_obj(t->dict), name, value)) {
        return false;
    }
    t->flags = abstract ? t->flags | TYPE_ABSTRACT : t->flags & ~(uint32_t)TYPE_ABSTRACT;
    return true;
}

static Value get_annotations(VM *vm, Value self) {
    Type *t = as_type(self);
    if (!(t->flags & TYPE_HEAP))
        return raise_no_attribute(vm, self, NAME(__annotations__));
    Value dict = from_obj(t->dict), v = dict_get_str(vm, dict, NAME(__annotations__));
    if (v != 0)
        return is_obj(v) && obj_type(as_obj(v))->slots.descr_get != NULL ? descr_bind(vm, v, 0, t) : incref(v);
    v = dict_new(vm);
    if (v != 0 && !dict_set_str(vm, dict, NAME(__annotations__), v)) {
        decref(vm, v);
        return 0;
    }
    type_modified(vm, t);
    return v;
}

static bool set_annotations(VM *vm, Value self, Value value) {
    Type *t = as_type(self);
    Value name = NAME(__annotations__);
    if (t->flags & TYPE_IMMUTABLE)
        return raise_type(vm, "cannot set '__annotations__' attribute of immutable type '%N'", t);
    type_modified(vm, t);
    if (value != 0)
        return dict_set_str(vm, from_obj(t->dict), name, value);
    int r = dict_delete(vm, from_obj(t->dict), name);
    if (r == 0)
        raise_attribute(vm, self, name, "__annotations__");
    return r > 0;
}

static Value get_type_params(VM *vm, Value self) {
    Type *t = as_type(self);
    Value v = t->flags & TYPE_HEAP ? dict_get_str(vm, from_obj(t->dict), NAME(__type_params__)) : 0;
    return incref(v != 0 ? v : vm->empty_tuple);
}

static bool set_type_params(VM *vm, Value self, Value value) {
    Type *t = as_type(self);
    if (!check_set_special(vm, t, value, "__type_params__"))
        return false;
    type_modified(vm, t);
    return dict_set_str(vm, from_obj(t->dict), NAME(__type_params__), value);
}

static Value get_text_signature(VM *vm, Value self) {
    Type *t = as_type(self);
    if ((t->flags & TYPE_HEAP) || t->spec->signature == NULL)
        return VALUE_NONE;
    return str_printf(vm, "(%s)", t->spec->signature);
}

static Value get_basicsize(VM *vm, Value self) { return from_small_int(as_type(self)->size); }
static Value get_itemsize(VM *vm, Value self) {
    return from_small_int(as_type(self)->flags & TYPE_VARSIZE ? (int)sizeof(Value) : 0);
}
static Value get_dictoffset(VM *vm, Value self) {
    return from_small_int(as_type(self)->flags & TYPE_HAS_DICT ? as_type(self)->attrs_offset : 0);
}
static Value get_weakrefoffset(VM *vm, Value self) {
    return from_small_int(as_type(self)->flags & TYPE_NO_WEAKREF ? 0 : (int)sizeof(Object));
}

/* The bits that scripts know from CPython: inspect.isabstract() and the pickling code test them. */
static Value get_flags(VM *vm, Value self) {
    static const struct {
        uint32_t flag;
        int bit;
    } bits[] = {{TYPE_SEQUENCE, 5}, {TYPE_MAPPING, 6},   {TYPE_IMMUTABLE, 8},   {TYPE_HEAP, 9},      {TYPE_BASE, 10},
                {TYPE_GC, 14},      {TYPE_ABSTRACT, 20}, {TYPE_MATCH_SELF, 22}, {TYPE_METACLASS, 31}};
    int64_t flags = 1 << 12;
    for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
        if (as_type(self)->flags & bits[i].flag)
            flags |= (int64_t)1 << bits[i].bit;
    }
    if (as_type(self)->flags & TYPE_NO_NEW)
        flags |= 1 << 7;
    return from_small_int(flags);
}

/* --- changing the bases
 * ---------------------------------------------------------------------------------------------------- */

/* Recomputes MROs and slots below a class. Old MROs are collected in `undo` (class, mro, ...) for the case of
 * failure. */
static bool update_hierarchy(VM *vm, Type *t, Value undo) {
    Value old = t->mro;
    t->mro = 0;
    if (!mro_set(vm, t)) {
        t->mro = old;
        return false;
    }
    bool ok = list_append(vm, undo, type_value(t)) && list_append(vm, undo, old);
    decref(vm, old);
    if (!ok)
        return false;
    Value subclasses = type_subclass_list(vm, t);
    if (subclasses == 0)
        return false;
    for (size_t i = 0; ok && i < as_list(subclasses)->len; i++)
        ok = update_hierarchy(vm, as_type(as_list(subclasses)->items[i]), undo);
    decref(vm, subclasses);
    return ok;
}

static void replace_bases(VM *vm, Type *t, Value bases, Type *base) {
    Tuple *old = as_tuple(t->bases), *new = as_tuple(bases);
    for (size_t i = 0; i < old->len; i++)
        type_remove_subclass(vm, as_type(old->items[i]), t);
    for (size_t i = 0; i < new->len; i++) {
        if (!type_add_subclass(vm, as_type(new->items[i]), t))
            error_clear(vm);
    }
    set_owned(vm, &t->bases, incref(bases));
    Type *old_base = t->base;
    t->base = base;
    base->header.refcount++;
    decref(vm, type_value(old_base));
}

static void refresh_slots(VM *vm, Type *t) {
    slots_update_all(vm, t);
    Value list = type_subclass_list(vm, t);
    if (list == 0) {
        error_clear(vm);
        return;
    }
    for (size_t i = 0; i < as_list(list)->len; i++)
        refresh_slots(vm, as_type(as_list(list)->items[i]));
    decref(vm, list);
}

static bool check_new_bases(VM *vm, Type *t, Value value) {
    if (!is_tuple(value))
        return raise_type(vm, "can only assign tuple to %N.__bases__, not %T", t, value);
    Tuple *bases = as_tuple(value);
    if (bases->len == 0)
        return raise_type(vm, "can only assign non-empty tuple to %N.__bases__, not ()", t);
    for (size_t i = 0; i < bases->len; i++) {
        if (!is_type(bases->items[i]))
            return raise_type(vm, "%N.__bases__ must be tuple of classes, not '%T'", t, bases->items[i]);
        if (type_is_subtype(as_type(bases->items[i]), t))
            return raise_type(vm, "a __bases__ item causes an inheritance cycle");
    }
    return true;
}

static bool set_bases(VM *vm, Value self, Value value) {
    Type *t = as_type(self);
    if (!check_set_special(vm, t, value, "__bases__") || !check_new_bases(vm, t, value))
        return false;
    Type *base = type_best_base(vm, value);
    if (base == NULL)
        return false;
    /* the layout of instances must stay what it is: own members are counted on top of the base's */
    uint16_t own = t->slot_names != 0 ? (uint16_t)as_tuple(t->slot_names)->len : 0;
    if (base->spec != t->base->spec || base->nmembers + own != t->nmembers ||
        ((base->flags ^ t->base->flags) & TYPE_HAS_DICT && !(t->flags & TYPE_HAS_DICT)))
        return raise_type(vm, "__bases__ assignment: '%N' object layout differs from '%N'", base, t->base);
    if ((base->flags & TYPE_HEAP) != (t->base->flags & TYPE_HEAP))
        return raise_type(vm, "__bases__ assignment: '%N' deallocator differs from '%N'", base, t->base);
    Value undo = list_new(vm, 0), old_bases = incref(t->bases);
    Type *old_base = t->base;
    old_base->header.refcount++;
    bool ok = undo != 0;
    if (ok) {
        type_modified(vm, t);
        replace_bases(vm, t, value, base);
        ok = update_hierarchy(vm, t, undo);
        if (!ok) {
            for (size_t i = 0; i + 1 < as_list(undo)->len; i += 2) {
                Type *changed = as_type(as_list(undo)->items[i]);
                set_owned(vm, &changed->mro, incref(as_list(undo)->items[i + 1]));
            }
            Value pending = error_take(vm);
            replace_bases(vm, t, old_bases, old_base);
            vm->thread->exception = pending;
        }
        t->version = 1; /* whatever was cached while the MROs were in the making must go */
        type_modified(vm, t);
        if (ok)
            refresh_slots(vm, t);
    }
    decref(vm, undo);
    decref(vm, old_bases);
    decref(vm, type_value(old_base));
    return ok;
}

/* --- isinstance, issubclass
 * ---------------------------------------------------------------------------------------------- */

/* cls.__bases__ when that is a tuple: for objects that merely behave like classes. Owned; 0 without exception if not.
 */
static Value abstract_bases(VM *vm, Value cls) {
    Value bases;
    int found = attr_lookup(vm, cls, NAME(__bases__), &bases);
    if (found <= 0)
        return 0;
    if (is_tuple(bases))
        return bases;
    decref(vm, bases);
    return 0;
}

static int abstract_issubclass(VM *vm, Value derived, Value cls) {
    if (derived == cls)
        return 1;
    if (!native_enter(vm, " in __issubclass__"))
        return -1;
    int result = 0;
    Value bases = abstract_bases(vm, derived);
    if (bases == 0)
        result = error_pending(vm) ? -1 : 0;
    for (size_t i = 0; bases != 0 && result == 0 && i < as_tuple(bases)->len; i++)
        result = abstract_issubclass(vm, as_tuple(bases)->items[i], cls);
    decref(vm, bases);
    native_leave(vm);
    return result;
}

static bool check_class_like(VM *vm, Value cls, const char *error) {
    Value bases = abstract_bases(vm, cls);
    decref(vm, bases);
    if (bases == 0 && !error_pending(vm))
        raise_type(vm, "%s", error);
    return bases != 0;
}

static int plain_isinstance(VM *vm, Value obj, Value cls) {
    if (is_type(cls)) {
        Type *t = type_of(vm, obj);
        if (type_is_subtype(t, as_type(cls)))
            return 1;
        if (!is_obj(obj))
            return 0;
        if (t->slots.getattr == attr_generic_get && /* nobody has redefined __class__ */
            type_lookup(vm, t, NAME(__class__)) == type_lookup(vm, vm->types.object, NAME(__class__)))
            return 0;
        Value claimed;
        int found = attr_lookup(vm, obj, NAME(__class__), &claimed);
        if (found <= 0)
            return found;
        int result = claimed != type_value(t) && is_type(claimed) && type_is_subtype(as_type(claimed), as_type(cls));
        decref(vm, claimed);
        return result;
    }
    if (!check_class_like(vm, cls, "isinstance() arg 2 must be a type, a tuple of types, or a union"))
        return -1;
    Value claimed;
    int found = attr_lookup(vm, obj, NAME(__class__), &claimed);
    if (found <= 0)
        return found;
    int result = abstract_issubclass(vm, claimed, cls);
    decref(vm, claimed);
    return result;
}

static int plain_issubclass(VM *vm, Value derived, Value cls) {
    if (is_type(cls) && is_type(derived))
        return type_is_subtype(as_type(derived), as_type(cls));
    if (!check_class_like(vm, derived, "issubclass() arg 1 must be a class"))
        return -1;
    if (!is_union(vm, cls) &&
        !check_class_like(vm, cls, "issubclass() arg 2 must be a class, a tuple of classes, or a union"))
        return -1;
    return abstract_issubclass(vm, derived, cls);
}

/* One check for both: `hook` is the special method's name, `plain` what happens without it. */
static int check_against(VM *vm, Value subject, Value cls, Value hook, int (*plain)(VM *, Value, Value)) {
    if (is_obj(cls) && obj_type(as_obj(cls)) == vm->types.type)
        return plain(vm, subject, cls);
    if (is_union(vm, cls))
        cls = union_type_args(cls);
    if (is_tuple(cls)) {
        if (!native_enter(vm, hook == NAME(__instancecheck__) ? " in __instancecheck__" : " in __subclasscheck__"))
            return -1;
        int result = 0;
        incref(cls);
        for (size_t i = 0; result == 0 && i < as_tuple(cls)->len; i++)
            result = check_against(vm, subject, as_tuple(cls)->items[i], hook, plain);
        decref(vm, cls);
        native_leave(vm);
        return result;
    }
    Value self, method = attr_special(vm, cls, hook, &self);
    if (method == 0)
        return error_pending(vm) ? -1 : plain(vm, subject, cls);
    if (!native_enter(vm, hook == NAME(__instancecheck__) ? " in __instancecheck__" : " in __subclasscheck__")) {
        decref(vm, method);
        return -1;
    }
    Value answer = self != 0 ? call2(vm, method, self, subject) : call1(vm, method, subject);
    native_leave(vm);
    decref(vm, method);
    if (answer == 0)
        return -1;
    int result = truth(vm, answer);
    decref(vm, answer);
    return result;
}

int is_instance(VM *vm, Value obj, Value cls) {
    if (is_type(cls) && type_of(vm, obj) == as_type(cls))
        return 1;
    return check_against(vm, obj, cls, NAME(__instancecheck__), plain_isinstance);
}

int is_subclass(VM *vm, Value cls, Value of) {
    return check_against(vm, cls, of, NAME(__subclasscheck__), plain_issubclass);
}

/* --- methods
 * --------------------------------------------------------------------------------------------------------------- */

static Value bool_result(int r) { return r < 0 ? 0 : from_bool(r != 0); }

static Value method_instancecheck(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return bool_result(plain_isinstance(vm, args[0], self));
}

static Value method_subclasscheck(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return bool_result(plain_issubclass(vm, args[0], self));
}

static Value method_mro(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value bases = type_bases(vm, as_type(self));
    Value mro = bases != 0 ? mro_compute(vm, as_type(self), bases) : 0;
    Value list = mro != 0 ? list_from_array(vm, as_tuple(mro)->items, as_tuple(mro)->len) : 0;
    decref(vm, mro);
    return list;
}

static Value method_subclasses(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return type_subclass_list(vm, as_type(self));
}

static Value method_prepare(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return dict_new(vm); }

static Value method_dir(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value dict = dict_new(vm);
    if (dict == 0)
        return 0;
    Value list = dir_merge_class(vm, dict, as_type(self)) != 0 ? list_from_iterable(vm, dict) : 0;
    decref(vm, dict);
    return list;
}

static Value method_sizeof(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_small_int((int64_t)sizeof(Type));
}

static Value type_or(VM *vm, Value a, Value b) { return union_make(vm, a, b); }

/* --- calling a class
 * ------------------------------------------------------------------------------------------------------ */

Value type_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Type *t = as_type(self);
    if (unlikely(t == vm->types.type)) { /* type(x) asks, the other forms make a class */
        size_t nkw = kwnames != 0 ? as_tuple(kwnames)->len : 0;
        if (nargs == 1 && nkw == 0)
            return incref(type_value(type_of(vm, args[0])));
        if (nargs != 3)
            return raise_type(vm, "type() takes 1 or 3 arguments");
    }
    if (unlikely(t->slots.create == NULL)) {
        Value full = type_full_name(vm, t);
        if (full != 0)
            raise_type(vm, "cannot create '%V' instances", full);
        decref(vm, full);
        return 0;
    }
    Value obj = t->slots.create(vm, t, args, nargs, kwnames);
    if (obj == 0)
        return 0;
    Type *made = type_of(vm, obj);
    if (made != t && !type_is_subtype(made, t))
        return obj;
    /* object's __init__ has nothing to do: object's __new__ has checked the arguments, or another one has used them
     */
    if (made->slots.init != object_init && !made->slots.init(vm, obj, args, nargs, kwnames)) {
        decref(vm, obj);
        return 0;
    }
    return obj;
}

static bool type_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (kwnames != 0 && as_tuple(kwnames)->len != 0 && nargs == 1)
        return raise_type(vm, "type.__init__() takes no keyword arguments");
    if (nargs != 1 && nargs != 3)
        return raise_type(vm, "type.__init__() takes 1 or 3 arguments");
    return true;
}

/* type.__new__: checks the arguments, finds the metaclass that should do the work, and makes the class. */
static Value type_create_slot(VM *vm, Type *meta, Value *args, size_t nargs, Value kwnames) {
    if (nargs != 3)
        return raise_type(vm, "type.__new__() takes exactly 3 arguments (%u given)", nargs);
    static const char *const kinds[] = {"str", "tuple", "dict"};
    bool ok[] = {is_str(args[0]), is_tuple(args[1]), is_dict(args[2])};
    for (int i = 0; i < 3; i++) {
        if (!ok[i])
            return raise_type(vm, "type.__new__() argument %d must be %s, not %T", i + 1, kinds[i], args[i]);
    }
    Type *winner = type_calculate_metaclass(vm, meta, args[1]);
    if (winner == NULL)
        return 0;
    if (winner != meta && winner->slots.create != type_create_slot)
        return winner->slots.create(vm, winner, args, nargs, kwnames);
    return type_create(vm, winner, args[0], args[1], args[2], args + 3, kwnames);
}

/* --- memory
 * -----------------------------------------------------------------------------------------------------------------
 */

static void type_traverse(Object *self, VisitFn visit, void *arg) {
    Type *t = (Type *)self;
    if (t->base != NULL)
        visit(&t->base->header, arg);
    visit_value(t->bases, visit, arg);
    visit_value(t->mro, visit, arg);
    visit_value(t->doc, visit, arg);
    visit_value(t->slot_names, visit, arg);
    if (t->dict != NULL)
        visit((Object *)t->dict, arg);
    if (t->annotations != NULL)
        visit((Object *)t->annotations, arg);
}

static void type_clear(VM *vm, Object *self) {
    Type *t = (Type *)self;
    type_modified(vm, t);
    if (t->dict != NULL)
        dict_clear(vm, from_obj(t->dict));
    set_owned(vm, &t->mro, 0);
}

static void type_dealloc(VM *vm, Object *self) {
    Type *t = (Type *)self;
    type_modified(vm, t);
    if (t->bases != 0) {
        for (size_t i = 0; i < as_tuple(t->bases)->len; i++)
            type_remove_subclass(vm, as_type(as_tuple(t->bases)->items[i]), t);
    }
    shape_free_all(vm, t);
    Value fields[] = {from_obj(t->dict),
                      from_obj(t->annotations),
                      t->mro,
                      t->bases,
                      t->doc,
                      t->slot_names,
                      t->subclasses,
                      t->name,
                      t->qualname,
                      t->module,
                      from_obj(t->base)};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        decref(vm, fields[i]);
}

static const MethodSpec type_methods[] = {
    {"mro", method_mro, "", "Computes the method resolution order as a list.", 0},
    {"__subclasses__", method_subclasses, "", "The direct subclasses that are alive, as a list.", 0},
    {"__prepare__", method_prepare, "name, bases, /, **kwds", "Makes the namespace in which a class body runs.",
     METHOD_CLASS},
    {"__instancecheck__", method_instancecheck, "instance, /", "Is the object an instance of this class?", 0},
    {"__subclasscheck__", method_subclasscheck, "subclass, /", "Is the class a subclass of this one?", 0},
    {"__dir__", method_dir, "", "Names of the attributes of the class and its bases.", 0},
    {"__sizeof__", method_sizeof, "", "Bytes of memory that the class object takes.", 0},
    {0},
};

static const GetSetSpec type_getset[] = {
    {"__name__", get_name, set_name, NULL},
    {"__qualname__", get_qualname, set_qualname, NULL},
    {"__bases__", get_bases, set_bases, NULL},
    {"__base__", get_base, NULL, NULL},
    {"__mro__", get_mro, NULL, NULL},
    {"__module__", get_module, set_module, NULL},
    {"__abstractmethods__", get_abstract, set_abstract, NULL},
    {"__dict__", get_dict, NULL, NULL},
    {"__doc__", get_doc, set_doc, NULL},
    {"__text_signature__", get_text_signature, NULL, NULL},
    {"__annotations__", get_annotations, set_annotations, NULL},
    {"__type_params__", get_type_params, set_type_params, NULL},
    {"__basicsize__", get_basicsize, NULL, NULL},
    {"__itemsize__", get_itemsize, NULL, NULL},
    {"__flags__", get_flags, NULL, NULL},
    {"__weakrefoffset__", get_weakrefoffset, NULL, NULL},
    {"__dictoffset__", get_dictoffset, NULL, NULL},
    {0},
};

const TypeSpec type_spec = {
    .name = "type",
    .doc = "type(object) is the object's class; type(name, bases, namespace, **kwds) makes a new class.",
    .size = sizeof(Type),
    .flags = TYPE_GC | TYPE_BASE | TYPE_METACLASS,
    .kind = KIND_TYPE,
    .slots = {.dealloc = type_dealloc,
              .traverse = type_traverse,
              .clear = type_clear,
              .create = type_create_slot,
              .init = type_init,
              .call = type_call,
              .repr = type_repr,
              .getattr = type_getattr,
              .setattr = type_setattr},
    .numbers = &(const NumberSlots){.binary[OP_OR] = type_or},
    .methods = type_methods,
    .getset = type_getset,
};
