/* Making classes: what type(name, bases, namespace, **kwds) does.
 *
 * Layout. An instance of a script-made class is the struct of its nearest native base, then the members of all
 * __slots__ along the chain of best bases, then (unless every class of the chain has __slots__ without __dict__) the
 * AttrArea. Members come first so that their offsets are the same in all subclasses; the AttrArea is always found
 * through the instance's own class, which therefore may choose its number of inline slots freely. Subclasses of
 * variable-size types have nothing behind the struct: their AttrArea stands before the object (attrs_offset < 0) and
 * has no inline slots.
 *
 * The number of inline slots comes from the class body: the compiler lists the attributes that methods assign to
 * their first parameter (__static_attributes__), and annotations tell the fields of dataclasses. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/instance.h"
#include "object/shape.h"
#include "object/type.h"

#define INLINE_SLOTS_MAX 30
#define INLINE_SLOTS_UNKNOWN 2 /* for a class whose body says nothing */
#define ATTRS_BEFORE_OBJECT (-(int32_t)(sizeof(GcLink) + 2 * sizeof(Value)))

Value frame_globals(VM *vm); /* interp/frame.h: globals of the running frame, borrowed, or 0 */

void type_set_layout(Type *t, uint16_t nmembers, uint16_t ninline) {
    uint32_t size = (t->spec->size + 7u) & ~7u;
    t->member_offset = size;
    t->nmembers = nmembers;
    size += nmembers * (uint32_t)sizeof(Value);
    t->attrs_offset = 0;
    t->ninline = 0;
    if (t->flags & TYPE_HAS_DICT) {
        if (t->flags & TYPE_VARSIZE) {
            t->attrs_offset = ATTRS_BEFORE_OBJECT;
        } else {
            t->attrs_offset = (int32_t)size;
            t->ninline = ninline;
            size += (uint32_t)(sizeof(AttrArea) + ninline * sizeof(Value));
        }
    }
    /* items of a variable-size struct start where the struct ends, padding or not */
    t->size = t->flags & TYPE_VARSIZE ? t->spec->size : size;
}

/* --- bases
 * ------------------------------------------------------------------------------------------------------------ */

/* The class along the chain of best bases that last added something to the layout. */
static Type *solid_base(Type *t) {
    while (t->base != NULL) {
        bool adds = t->flags & TYPE_HEAP ? t->nmembers != t->base->nmembers
                                         : t->spec->size != t->base->spec->size || t->kind != t->base->kind;
        if (adds)
            return t;
        t = t->base;
    }
    return t;
}

Type *type_best_base(VM *vm, Value bases) {
    Tuple *tuple = as_tuple(bases);
    Type *winner = NULL, *best = NULL;
    for (size_t i = 0; i < tuple->len; i++) {
        if (!is_type(tuple->items[i]))
            return (Type *)raise_type(vm, "bases must be types");
        Type *t = as_type(tuple->items[i]);
        if (!(t->flags & TYPE_BASE)) {
            Value full = type_full_name(vm, t);
            if (full != 0)
                raise_type(vm, "type '%V' is not an acceptable base type", full);
            decref(vm, full);
            return NULL;
        }
        Type *solid = solid_base(t);
        if (winner == NULL || (solid != winner && type_is_subtype(solid, winner))) {
            winner = solid;
            best = t;
        } else if (!type_is_subtype(winner, solid)) {
            return (Type *)raise_type(vm, "multiple bases have instance lay-out conflict");
        }
    }
    return best;
}

Type *type_calculate_metaclass(VM *vm, Type *meta, Value bases) {
    Type *winner = meta;
    for (size_t i = 0; i < as_tuple(bases)->len; i++) {
        Type *t = type_of(vm, as_tuple(bases)->items[i]);
        if (type_is_subtype(winner, t))
            continue;
        if (!type_is_subtype(t, winner))
            return (Type *)raise_type(vm,
                                      "metaclass conflict: the metaclass of a derived class must be a (non-strict) "
                                      "subclass of the metaclasses of all its bases");
        winner = t;
    }
    return winner;
}

static bool same_names(Value a, Value b) {
    size_t n = a != 0 ? as_tuple(a)->len : 0, m = b != 0 ? as_tuple(b)->len : 0;
    if (n != m)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!str_equal(as_str(as_tuple(a)->items[i]), as_str(as_tuple(b)->items[i])))
            return false;
    }
    return true;
}

bool type_same_layout(const Type *a, const Type *b) {
    if (a->spec != b->spec || a->nmembers != b->nmembers || (a->attrs_offset != 0) != (b->attrs_offset != 0))
        return false;
    /* members must have been declared alike all the way down, unless it is the same base that declared them */
    while (a != b && (a->nmembers != 0 || b->nmembers != 0)) {
        while (a->slot_names == 0 && a->base != NULL)
            a = a->base;
        while (b->slot_names == 0 && b->base != NULL)
            b = b->base;
        if (a == b)
            break;
        if (!same_names(a->slot_names, b->slot_names) || a->base == NULL || b->base == NULL)
            return false;
        a = a->base;
        b = b->base;
    }
    return true;
}

/* --- __slots__
 * ---------------------------------------------------------------------------------------------------------- */

typedef struct SlotsPlan {
    bool given; /* the class has __slots__ */
    bool dict, weakref;
    Value names; /* list of mangled names, sorted; 0 unless given */
} SlotsPlan;

/* Private names get the class's name, as the compiler does it. Owned, interned. */
static Value mangle(VM *vm, Value class_name, Value name) {
    const char *text = str_data(name), *cls = str_data(class_name);
    size_t n = as_str(name)->nbytes;
    while (*cls == '_')
        cls++;
    if (n < 2 || text[0] != '_' || text[1] != '_' || (text[n - 1] == '_' && text[n - 2] == '_') || *cls == 0)
        return str_intern(vm, str_new(vm, text, n));
    Value mangled = str_printf(vm, "_%s%V", cls, name);
    return mangled != 0 ? str_intern(vm, mangled) : 0;
}

static bool is_identifier(VM *vm, Value name) {
    Value yes = call_method(vm, name, NAME(isidentifier), NULL, 0);
    bool result = yes == VALUE_TRUE;
    decref(vm, yes);
    return result;
}

/* One entry of __slots__: __dict__ and __weakref__ set flags, the others are added in sorted order. */
static bool plan_slot(VM *vm, SlotsPlan *plan, Value class_name, Value namespace_dict, Type *base, Value name) {
    if (!is_str(name))
        return raise_type(vm, "__slots__ items must be strings, not '%T'", name);
    if (!is_identifier(vm, name))
        return error_pending(vm) ? false : raise_type(vm, "__slots__ must be identifiers");
    if (str_equals_c(name, "__dict__")) {
        if (plan->dict || (base->flags & TYPE_HAS_DICT))
            return raise_type(vm, "__dict__ slot disallowed: we already got one");
        return plan->dict = true;
    }
    if (str_equals_c(name, "__weakref__")) {
        if (plan->weakref || !(base->flags & TYPE_NO_WEAKREF))
            return raise_type(vm, "__weakref__ slot disallowed: we already got one");
        return plan->weakref = true;
    }
    if (dict_get_str(vm, namespace_dict, name) != 0 && !str_equals_c(name, "__qualname__") &&
        !str_equals_c(name, "__classcell__") && !str_equals_c(name, "__classdictcell__"))
        return raise_value(vm, "%R in __slots__ conflicts with class variable", name);
    Value mangled = mangle(vm, class_name, name);
    if (mangled == 0)
        return false;
    List *list = as_list(plan->names);
    size_t at = list->len;
    while (at > 0 && str_compare(as_str(list->items[at - 1]), as_str(mangled)) > 0)
        at--;
    bool ok = list_insert(vm, plan->names, (ssize_t)at, mangled);
    decref(vm, mangled);
    return ok;
}

static bool plan_slots(VM *vm, SlotsPlan *plan, Value class_name, Value namespace_dict, Type *base) {
    Value slots = dict_get_str(vm, namespace_dict, NAME(__slots__));
    if (slots == 0)
        return true;
    plan->given = true;
    plan->names = list_new(vm, 0);
    if (plan->names == 0)
        return false;
    Value items = is_str(slots) ? tuple_pack(vm, 1, slots) : tuple_from_iterable(vm, slots);
    if (items == 0)
        return false;
    bool ok = true;
    bool rigid = (base->flags & TYPE_VARSIZE) && base->kind != KIND_STR; /* items follow the struct at once */
    for (size_t i = 0; ok && i < as_tuple(items)->len; i++) {
        Value name = as_tuple(items)->items[i];
        if (rigid && !(is_str(name) && str_equals_c(name, "__dict__")))
            ok = raise_type(vm, "nonempty __slots__ not supported for subtype of '%N'", base);
        else
            ok = plan_slot(vm, plan, class_name, namespace_dict, base, name);
    }
    decref(vm, items);
    return ok;
}

/* --- the new type
 * --------------------------------------------------------------------------------------------------------- */

static size_t sequence_count(VM *vm, Value dict, Value name) {
    Value v = dict_get_str(vm, dict, name);
    return v == 0 ? 0 : is_tuple(v) ? as_tuple(v)->len : is_dict(v) ? dict_len(v) : 0;
}

/* How many attributes instances will probably have. */
static uint16_t guess_inline(VM *vm, Type *base, Value dict, Value bases) {
    size_t assigned = sequence_count(vm, dict, NAME(__static_attributes__));
    size_t annotated = sequence_count(vm, dict, NAME(__annotations__));
    size_t n = assigned > annotated ? assigned : annotated;
    for (size_t i = 0; i < as_tuple(bases)->len; i++) {
        Type *b = as_type(as_tuple(bases)->items[i]);
        if (b->flags & TYPE_HEAP && b->ninline != INLINE_SLOTS_UNKNOWN)
            n += b->ninline;
    }
    if (n == 0)
        return base->kind == KIND_OBJECT ? INLINE_SLOTS_UNKNOWN : 0;
    return n > INLINE_SLOTS_MAX ? INLINE_SLOTS_MAX : (uint16_t)n;
}

#define HEAP_INHERITED_FLAGS                                                                                         \
    (TYPE_HAS_DICT | TYPE_SEQUENCE | TYPE_MAPPING | TYPE_METACLASS | TYPE_VARSIZE | TYPE_MATCH_SELF | TYPE_NO_WEAKREF)

/* Structs that bring their own dict get no AttrArea. */
static bool has_own_dict(const Type *t) { return t->kind == KIND_TYPE || t->kind == KIND_MODULE; }

static void new_type_layout(VM *vm, Type *t, Type *base, const SlotsPlan *plan, Value bases) {
    t->flags |= TYPE_HEAP | TYPE_BASE | TYPE_GC | (base->flags & HEAP_INHERITED_FLAGS);
    bool rigid = (base->flags & TYPE_VARSIZE) && base->kind != KIND_STR;
    for (size_t i = 0; i < as_tuple(bases)->len; i++) { /* secondary bases lend their dict and pattern flags */
        Type *b = as_type(as_tuple(bases)->items[i]);
        if (!has_own_dict(t))
            t->flags |= b->flags & TYPE_HAS_DICT;
        if (!(t->flags & (TYPE_SEQUENCE | TYPE_MAPPING)))
            t->flags |= b->flags & (TYPE_SEQUENCE | TYPE_MAPPING);
        if (!(b->flags & TYPE_NO_WEAKREF))
            t->flags &= ~(uint32_t)TYPE_NO_WEAKREF;
    }
    if ((!plan->given || plan->dict) && !has_own_dict(t))
        t->flags |= TYPE_HAS_DICT;
    if ((!plan->given && !rigid) || plan->weakref)
        t->flags &= ~(uint32_t)TYPE_NO_WEAKREF;
    uint16_t nmembers = base->nmembers;
    if (plan->given && !(t->flags & TYPE_VARSIZE))
        nmembers = (uint16_t)(nmembers + as_list(plan->names)->len);
    type_set_layout(t, nmembers, guess_inline(vm, base, from_obj(t->dict), bases));
    /* members of a str subclass have no place behind the struct: they live among the attributes */
    if (plan->given && (t->flags & TYPE_VARSIZE) && as_list(plan->names)->len != 0)
        t->attrs_offset = ATTRS_BEFORE_OBJECT;
    else if ((t->flags & TYPE_VARSIZE) && base->attrs_offset != 0)
        t->attrs_offset = ATTRS_BEFORE_OBJECT;
}

static bool add_members(VM *vm, Type *t, Type *base, const SlotsPlan *plan) {
    if (!plan->given)
        return true;
    List *names = as_list(plan->names);
    t->slot_names = tuple_from_array(vm, names->items, names->len);
    if (t->slot_names == 0)
        return false;
    for (size_t i = 0; i < names->len; i++) {
        uint32_t offset = t->member_offset + (uint32_t)((base->nmembers + i) * sizeof(Value));
        Value member = member_new(vm, t, names->items[i], t->flags & TYPE_VARSIZE ? 0 : offset);
        bool ok = member != 0 && dict_set_str(vm, from_obj(t->dict), names->items[i], member);
        decref(vm, member);
        if (!ok)
            return false;
    }
    return true;
}

/* __dict__ and __weakref__ as seen in the class dict of the class that brings them in. */
static Value instance_get_dict(VM *vm, Value self) {
    if (is_type(self)) /* which a class among its metaclass's bases does not change */
        return descr_bind(vm, type_lookup(vm, vm->types.type, NAME(__dict__)), self, type_of(vm, self));
    Value dict = attr_dict(vm, self);
    if (dict == 0 && !error_pending(vm))
        raise_attribute(vm, self, NAME(__dict__), "This object has no __dict__");
    return dict;
}

/* Instances whose native base brought the dict keep one for good. */
static bool has_native_dict(const Type *t) {
    while (t->flags & TYPE_HEAP)
        t = t->base;
    return (t->flags & TYPE_HAS_DICT) != 0;
}

static bool instance_assign_dict(VM *vm, Value self, Value value) {
    if (is_type(self))
        return raise_attribute(vm, self, NAME(__dict__), "attribute '__dict__' of 'type' objects is not writable");
    if (has_kind(self, KIND_MODULE))
        return raise_attribute(vm, self, NAME(__dict__), "readonly attribute");
    if (value == 0) { /* as CPython: forgets the attributes */
        if (has_native_dict(obj_type(as_obj(self))))
            return raise_type(vm, "cannot delete __dict__");
        Value empty = dict_new(vm);
        bool ok = empty != 0 && instance_set_dict(vm, as_obj(self), obj_type(as_obj(self)), empty);
        decref(vm, empty);
        return ok;
    }
    if (!is_dict(value))
        return raise_type(vm, "__dict__ must be set to a dictionary, not a '%T'", value);
    return instance_set_dict(vm, as_obj(self), obj_type(as_obj(self)), value);
}

static Value instance_get_weakref(VM *vm, Value self) {
    Value first = weakref_first(vm, as_obj(self));
    return first != 0 ? incref(first) : VALUE_NONE;
}

const GetSetSpec type_dict_getset = {"__dict__", instance_get_dict, instance_assign_dict,
                                     "dictionary of the instance's attributes"};
static const GetSetSpec weakref_getset = {"__weakref__", instance_get_weakref, NULL,
                                          "the object's weak references, the first of them"};

static bool add_getset(VM *vm, Type *t, Value name, const GetSetSpec *spec) {
    if (dict_get_str(vm, from_obj(t->dict), name) != 0)
        return true;
    Value d = getset_new(vm, t, spec);
    bool ok = d != 0 && dict_set_str(vm, from_obj(t->dict), name, d);
    decref(vm, d);
    return ok;
}

static bool add_dict_entries(VM *vm, Type *t, Type *base) {
    bool dict = (t->flags & TYPE_HAS_DICT) != 0, weak = !(t->flags & TYPE_NO_WEAKREF);
    for (size_t i = 0; i < as_tuple(t->bases)->len; i++) {
        Type *b = as_type(as_tuple(t->bases)->items[i]);
        dict = dict && !(b->flags & TYPE_HAS_DICT);
        weak = weak && (b->flags & TYPE_NO_WEAKREF);
    }
    if (dict && !add_getset(vm, t, NAME(__dict__), &type_dict_getset))
        return false;
    return !weak || add_getset(vm, t, NAME(__weakref__), &weakref_getset);
}

/* --- the namespace
 * ---------------------------------------------------------------------------------------------------------- */

static bool set_module_name(VM *vm, Value dict) {
    if (dict_get_str(vm, dict, NAME(__module__)) != 0)
        return true;
    Value globals = frame_globals(vm);
    Value module = globals != 0 ? dict_get_str(vm, globals, NAME(__name__)) : 0;
    return module == 0 || dict_set_str(vm, dict, NAME(__module__), module);
}

static bool take_qualname(VM *vm, Type *t, Value dict) {
    Value q = dict_get_str(vm, dict, NAME(__qualname__));
    if (q == 0) {
        t->qualname = incref(t->name);
        return true;
    }
    if (!is_str(q))
        return raise_type(vm, "type __qualname__ must be a str, not %T", q);
    t->qualname = incref(q);
    return dict_delete(vm, dict, NAME(__qualname__)) >= 0;
}

/* Functions of these names are wrapped without being asked. */
static bool wrap_implicit(VM *vm, Value dict, Value name, Value (*wrap)(VM *, Value)) {
    Value v = dict_get_str(vm, dict, name);
    if (v == 0 || !has_kind(v, KIND_FUNCTION))
        return true;
    Value wrapped = wrap(vm, v);
    bool ok = wrapped != 0 && dict_set_str(vm, dict, name, wrapped);
    decref(vm, wrapped);
    return ok;
}

static bool fill_cell(VM *vm, Value dict, Value name, Value content) {
    Value cell = dict_get_str(vm, dict, name);
    if (cell == 0)
        return true;
    if (!has_kind(cell, KIND_CELL))
        return raise_type(vm, "%V must be a nonlocal cell, not %R", name, type_value(type_of(vm, cell)));
    set_owned(vm, &((Cell *)as_obj(cell))->value, incref(content));
    return dict_delete(vm, dict, name) >= 0;
}

static bool prepare_namespace(VM *vm, Type *t, Value dict) {
    if (!set_module_name(vm, dict) || !take_qualname(vm, t, dict) ||
        !wrap_implicit(vm, dict, NAME(__new__), staticmethod_new) ||
        !wrap_implicit(vm, dict, NAME(__init_subclass__), classmethod_new) ||
        !wrap_implicit(vm, dict, NAME(__class_getitem__), classmethod_new))
        return false;
    /* equality without a hash of its own makes instances unhashable */
    if (dict_get_str(vm, dict, NAME(__eq__)) != 0 && dict_get_str(vm, dict, NAME(__hash__)) == 0 &&
        !dict_set_str(vm, dict, NAME(__hash__), VALUE_NONE))
        return false;
    /* the collection ABCs say so what their instances match */
    Value flags = dict_get_c(vm, dict, TYPE_PATTERNS_NAME);
    uint32_t patterns = type_pattern_flags(flags);
    if (patterns != 0) { /* from here on the class knows it, and the attribute is not seen */
        t->flags |= patterns;
        Value name = str_from_c(vm, TYPE_PATTERNS_NAME);
        if (name != 0)
            dict_delete(vm, dict, name);
        decref(vm, name);
    }
    return !error_pending(vm);
}

/* --- after the class exists
 * -------------------------------------------------------------------------------------------------- */

static bool note_set_name(VM *vm, Type *t, Value name, Value value) {
    Value exc = error_take(vm);
    Value note = str_printf(vm, "Error calling __set_name__ on '%T' instance %R in '%N'", value, name, t);
    Value done = note != 0 ? call_method1(vm, exc, NAME(add_note), note) : 0;
    decref(vm, note);
    decref(vm, done);
    error_clear(vm);
    raise_steal(vm, exc);
    return false;
}

static bool call_set_names(VM *vm, Type *t) {
    Value copy = 0, key, value; /* made when the first __set_name__ is met: it may change the class */
    size_t pos = 0;
    bool ok = true;
    Value dict = from_obj(t->dict);
    while (ok && dict_next(copy != 0 ? copy : dict, &pos, &key, &value)) {
        if (!is_obj(value) || as_obj(value)->kind == KIND_FUNCTION)
            continue;
        Value self, method = attr_special(vm, value, NAME(__set_name__), &self);
        if (method == 0) {
            ok = !error_pending(vm);
            continue;
        }
        if (copy == 0) {
            size_t at = 0;
            Value k, v;
            copy = dict_copy(vm, dict);
            pos = 0;
            while (copy != 0 && dict_next(copy, &at, &k, &v)) {
                pos = at;
                if (k == key)
                    break;
            }
            if (copy == 0) {
                decref(vm, method);
                return false;
            }
        }
        Value args[3] = {self, type_value(t), key};
        Value result = self != 0 ? call(vm, method, args, 3, 0) : call(vm, method, args + 1, 2, 0);
        decref(vm, method);
        decref(vm, result);
        if (result == 0)
            ok = note_set_name(vm, t, key, value);
    }
    decref(vm, copy);
    return ok;
}

static bool call_init_subclass(VM *vm, Type *t, Value *kwargs, Value kwnames) {
    Value self, fn = super_lookup(vm, type_value(t), type_value(t), NAME(__init_subclass__), &self);
    if (fn == 0)
        return error_pending(vm) ? false
                                 : raise_attribute(vm, type_value(t), NAME(__init_subclass__), "__init_subclass__");
    Value result = call(vm, fn, kwargs, 0, kwnames);
    decref(vm, fn);
    decref(vm, result);
    return result != 0;
}

static bool has_single_line(Type *t) {
    return as_tuple(t->bases)->len == 1 && t->mro != 0 && t->base->mro != 0 &&
           as_tuple(t->mro)->len == as_tuple(t->base->mro)->len + 1;
}

static bool finish_type(VM *vm, Type *t) {
    for (size_t i = 0; i < as_tuple(t->bases)->len; i++) {
        if (type_mro(vm, as_type(as_tuple(t->bases)->items[i])) == 0)
            return false;
    }
    if (!mro_set(vm, t))
        return false;
    if (has_single_line(t))
        slots_update_names(vm, t);
    else
        slots_update_all(vm, t);
    for (size_t i = 0; i < as_tuple(t->bases)->len; i++) {
        if (!type_add_subclass(vm, as_type(as_tuple(t->bases)->items[i]), t))
            return false;
    }
    return true;
}

static Type *new_type(VM *vm, Type *meta, Value name, Value bases, Value dict, Type *base) {
    Type *t = object_alloc(vm, meta, 0);
    if (t == NULL)
        return NULL;
    t->spec = base->spec;
    t->kind = base->kind;
    t->base = base;
    base->header.refcount++;
    t->bases = incref(bases);
    t->dict = dict_of_class(incref(dict));
    t->name = incref(name);
    t->slots = base->slots;
    t->numbers = base->numbers;
    t->root_shape = shape_new_root(vm, t);
    if (t->root_shape == NULL) {
        decref(vm, type_value(t));
        return NULL;
    }
    return t;
}

static bool build_type(VM *vm, Type *t, Type *base, Value dict, Value bases, SlotsPlan *plan) {
    if (!prepare_namespace(vm, t, dict))
        return false;
    new_type_layout(vm, t, base, plan, bases);
    if (!add_members(vm, t, base, plan) || !add_dict_entries(vm, t, base))
        return false;
    if (dict_get_str(vm, dict, NAME(__doc__)) == 0 && !dict_set_str(vm, dict, NAME(__doc__), VALUE_NONE))
        return false;
    return finish_type(vm, t) && fill_cell(vm, dict, NAME(__classcell__), type_value(t)) &&
           fill_cell(vm, dict, NAME(__classdictcell__), dict);
}

static bool check_bases(VM *vm, Value bases) {
    for (size_t i = 0; i < as_tuple(bases)->len; i++) {
        Value b = as_tuple(bases)->items[i];
        if (is_type(b))
            continue;
        int has = attr_has(vm, b, NAME(__mro_entries__));
        if (has > 0)
            raise_type(vm, "type() doesn't support MRO entry resolution; use types.new_class()");
        if (has != 0)
            return false;
    }
    return true;
}

static Value create_class(VM *vm, Type *meta, Value name, Value bases, Value dict, Value *kwargs, Value kwnames) {
    Type *base = check_bases(vm, bases) ? type_best_base(vm, bases) : NULL;
    if (base == NULL)
        return 0;
    if (memchr(str_data(name), 0, as_str(name)->nbytes) != NULL)
        return raise_value(vm, "type name must not contain null characters");
    SlotsPlan plan = {0};
    Type *t = NULL;
    bool ok = plan_slots(vm, &plan, name, dict, base) && (t = new_type(vm, meta, name, bases, dict, base)) != NULL &&
              build_type(vm, t, base, dict, bases, &plan) && call_set_names(vm, t) &&
              call_init_subclass(vm, t, kwargs, kwnames);
    decref(vm, plan.names);
    if (ok)
        return type_value(t);
    if (t != NULL) {
        Value pending = error_take(vm);
        decref(vm, type_value(t));
        vm->thread->exception = pending;
    }
    return 0;
}

Value type_create(VM *vm, Type *meta, Value name, Value bases, Value namespace_dict, Value *kwargs, Value kwnames) {
    Value dict = dict_copy(vm, namespace_dict);
    if (dict == 0)
        return 0;
    Value actual = as_tuple(bases)->len != 0 ? incref(bases) : tuple_pack(vm, 1, type_value(vm->types.object));
    Value result = actual != 0 ? create_class(vm, meta, name, actual, dict, kwargs, kwnames) : 0;
    decref(vm, actual);
    decref(vm, dict);
    return result;
}

/* --- __new__ of native types
 * --------------------------------------------------------------------------------------------------- */

/* T.__new__(cls, ...) as scripts call it: self is T. Refuses to make a struct that is not what cls needs. */
static Value call_native_new(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Type *t = as_type(self);
    if (nargs == 0)
        return raise_type(vm, "%N.__new__(): not enough arguments", t);
    if (!is_type(args[0]))
        return raise_type(vm, "%N.__new__(X): X is not a type object (%T)", t, args[0]);
    Type *cls = as_type(args[0]);
    if (!type_is_subtype(cls, t))
        return raise_type(vm, "%N.__new__(%N): %N is not a subtype of %N", t, cls, cls, t);
    Type *solid = cls;
    while (solid != NULL && (solid->flags & TYPE_HEAP))
        solid = solid->base;
    if (solid != NULL && solid->slots.create != t->slots.create)
        return raise_type(vm, "%N.__new__(%N) is not safe, use %N.__new__()", t, cls, solid);
    return t->slots.create(vm, cls, args + 1, nargs - 1, kwnames);
}

const MethodSpec type_new_spec = {"__new__", call_native_new, "*args, **kwargs",
                                  "Makes and returns a new object; its arguments are those of the class.", 0};
