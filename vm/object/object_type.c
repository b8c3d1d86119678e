/* The type `object`: what every object can do unless its class says otherwise. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/instance.h"
#include "object/shape.h"
#include "object/type.h"

/* --- creation
 * ---------------------------------------------------------------------------------------------------------- */

static bool sort_names(Value list) {
    List *l = as_list(list);
    for (size_t i = 1; i < l->len; i++) {
        for (size_t j = i; j > 0; j--) {
            if (!is_str(l->items[j]) || !is_str(l->items[j - 1]))
                return false;
            if (str_compare(as_str(l->items[j - 1]), as_str(l->items[j])) <= 0)
                break;
            Value swap = l->items[j];
            l->items[j] = l->items[j - 1];
            l->items[j - 1] = swap;
        }
    }
    return l->len > 0 && is_str(l->items[0]);
}

static COLD Value fail_abstract(VM *vm, Type *t) {
    Value names = attr_get(vm, type_value(t), NAME(__abstractmethods__)), text = 0, sep = 0;
    Value list = names != 0 ? list_from_iterable(vm, names) : 0;
    if (list == 0)
        goto done;
    if (!sort_names(list)) {
        raise_type(vm, "Can't instantiate abstract class %N", t);
        goto done;
    }
    sep = str_from_c(vm, "', '");
    if (sep != 0)
        text = str_join(vm, sep, as_list(list)->items, as_list(list)->len);
    if (text != 0)
        raise_type(vm, "Can't instantiate abstract class %N without an implementation for abstract method%s '%V'", t,
                   as_list(list)->len == 1 ? "" : "s", text);
done:
    decref(vm, names);
    decref(vm, list);
    decref(vm, sep);
    decref(vm, text);
    return 0;
}

/* Arguments are an error unless the class has overridden the other one of __new__ and __init__. */
static COLD bool check_excess_new(VM *vm, Type *t) {
    if (t->slots.create != object_create)
        return raise_type(vm, "object.__new__() takes exactly one argument (the type to instantiate)");
    if (t->slots.init == object_init)
        return raise_type(vm, "%N() takes no arguments", t);
    return true;
}

Value object_create(VM *vm, Type *t, Value *args, size_t nargs, Value kwnames) {
    if (unlikely(nargs != 0 || kwnames != 0) && (nargs != 0 || as_tuple(kwnames)->len != 0) &&
        !check_excess_new(vm, t))
        return 0;
    if (unlikely(t->flags & TYPE_ABSTRACT))
        return fail_abstract(vm, t);
    return from_obj(object_alloc(vm, t, 0));
}

bool object_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs == 0 && (kwnames == 0 || as_tuple(kwnames)->len == 0))
        return true;
    Type *t = type_of(vm, self);
    if (t->slots.init != object_init)
        return raise_type(vm, "object.__init__() takes exactly one argument (the instance to initialize)");
    if (t->slots.create == object_create)
        return raise_type(vm, "%N.__init__() takes exactly one argument (the instance to initialize)", t);
    return true;
}

Value instance_new(VM *vm, Type *type) { return from_obj(object_alloc(vm, type, 0)); }

/* --- basic slots
 * --------------------------------------------------------------------------------------------------------- */

static Value object_repr(VM *vm, Value self) {
    Type *t = type_of(vm, self);
    Value address = address_text(vm, self), module = 0, text = 0;
    if (address == 0)
        return 0;
    module = type_module_value(vm, t);
    if (module == 0)
        error_clear(vm);
    if (module != 0 && is_str(module) && !str_equals_c(module, "builtins"))
        text = str_printf(vm, "<%V.%V object at %V>", module, t->qualname, address);
    else
        text = str_printf(vm, "<%V object at %V>", t->name, address);
    decref(vm, module);
    decref(vm, address);
    return text;
}

static Value object_str(VM *vm, Value self) { return to_repr(vm, self); }

static bool object_hash(VM *vm, Value self, int64_t *out) {
    uint64_t h = self >> 4 | self << 60;
    *out = (int64_t)h == -1 ? -2 : (int64_t)h;
    return true;
}

static Value object_compare(VM *vm, Value a, Value b, CompareOp op) {
    if (op == CMP_EQ)
        return value_identical(a, b) ? VALUE_TRUE : VALUE_NOTIMPL;
    if (op != CMP_NE)
        return VALUE_NOTIMPL;
    Value (*compare)(VM *, Value, Value, CompareOp) = type_of(vm, a)->slots.compare;
    Value equal = compare != NULL ? compare(vm, a, b, CMP_EQ) : VALUE_NOTIMPL;
    if (equal == 0 || equal == VALUE_NOTIMPL)
        return equal;
    int yes = truth(vm, equal);
    decref(vm, equal);
    return yes < 0 ? 0 : from_bool(!yes);
}

/* --- __class__
 * ------------------------------------------------------------------------------------------------------------- */

static Value get_class(VM *vm, Value self) { return incref(type_value(type_of(vm, self))); }

/* The attributes move to a dict first: slots mean nothing under another class. */
static bool change_class(VM *vm, Object *o, Type *from, Type *to) {
    if (from->attrs_offset != 0) {
        if (instance_dict(vm, o, from) == 0)
            return false;
        Shape *s = shape_dict(vm, to);
        if (s == NULL)
            return false;
        o->shape = s;
    } else {
        o->shape = to->root_shape;
    }
    if (to->flags & TYPE_HEAP) {
        to->header.refcount++;
        o->flags |= OBJ_SUBTYPE;
    } else {
        o->flags &= (uint8_t)~OBJ_SUBTYPE;
    }
    if (from->flags & TYPE_HEAP)
        decref(vm, type_value(from));
    return true;
}

bool object_set_class(VM *vm, Value self, Value value) {
    if (value == 0)
        return raise_type(vm, "can't delete __class__ attribute");
    if (!is_type(value))
        return raise_type(vm, "__class__ must be set to a class, not '%T' object", value);
    Type *from = type_of(vm, self), *to = as_type(value);
    bool modules = type_is_subtype(from, vm->types.module) && type_is_subtype(to, vm->types.module);
    if (!modules && ((from->flags | to->flags) & TYPE_IMMUTABLE))
        return raise_type(vm, "__class__ assignment only supported for mutable types or ModuleType subclasses");
    if (from == to)
        return true;
    if (!type_same_layout(from, to))
        return raise_type(vm, "__class__ assignment: '%N' object layout differs from '%N'", to, from);
    return change_class(vm, as_obj(self), from, to);
}

/* --- dir()
 * --------------------------------------------------------------------------------------------------------------------
 */

Value dir_merge_class(VM *vm, Value dict, Type *t) {
    Value mro = type_mro(vm, t);
    if (mro == 0)
        return 0;
    incref(mro);
    bool ok = true;
    for (size_t i = 0; ok && i < as_tuple(mro)->len; i++) {
        if (!is_type(as_tuple(mro)->items[i]))
            continue;
        Dict *d = type_dict(vm, as_type(as_tuple(mro)->items[i]));
        size_t pos = 0;
        Value key, value;
        ok = d != NULL;
        while (ok && dict_next(from_obj(d), &pos, &key, &value))
            ok = dict_set(vm, dict, key, VALUE_NONE);
    }
    decref(vm, mro);
    return ok ? VALUE_NONE : 0;
}

static Value object_dir(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value own, cls, result = 0;
    int found = attr_lookup(vm, self, NAME(__dict__), &own);
    if (found < 0)
        return 0;
    Value dict = found > 0 && is_dict(own) ? dict_copy(vm, own) : dict_new(vm);
    if (found > 0)
        decref(vm, own);
    if (dict == 0)
        return 0;
    found = attr_lookup(vm, self, NAME(__class__), &cls);
    if (found >= 0 && (found == 0 || !is_type(cls) || dir_merge_class(vm, dict, as_type(cls)) != 0))
        result = list_from_iterable(vm, dict);
    if (found > 0)
        decref(vm, cls);
    decref(vm, dict);
    return result;
}

/* --- pickling
 * -------------------------------------------------------------------------------------------------------------------
 */

static Value import_copyreg(VM *vm) {
    Value name = str_intern_c(vm, "copyreg");
    if (name == 0)
        return 0;
    Value module = vm->modules != 0 ? incref(dict_get(vm, vm->modules, name)) : 0;
    if (module == 0 && !error_pending(vm)) {
        Value import = dict_get_str(vm, vm->builtins, NAME(__import__));
        module = import != 0 ? call1(vm, import, name)
                             : raise_import(vm, vm->exc.ImportError, name, 0, "__import__ not found");
    }
    decref(vm, name);
    return module;
}

static Value copyreg_attr(VM *vm, const char *name) {
    Value module = import_copyreg(vm);
    Value v = module != 0 ? attr_get_c(vm, module, name) : 0;
    decref(vm, module);
    return v;
}

/* Values of the members of __slots__ that are set, as a dict; VALUE_NONE when there are none. */
static Value slots_state(VM *vm, Value self, Value names) {
    Value dict = dict_new(vm);
    if (dict == 0)
        return 0;
    for (size_t i = 0; i < as_list(names)->len; i++) {
        Value name = as_list(names)->items[i], v;
        if (!is_str(name))
            continue;
        int found = attr_lookup(vm, self, name, &v);
        bool ok = found == 0 || (found > 0 && dict_set(vm, dict, name, v));
        if (found > 0)
            decref(vm, v);
        if (!ok) {
            decref(vm, dict);
            return 0;
        }
    }
    if (dict_len(dict) == 0) {
        decref(vm, dict);
        return VALUE_NONE;
    }
    return dict;
}

static Value state_names(VM *vm, Type *t) {
    Value fn = copyreg_attr(vm, "_slotnames");
    Value names = fn != 0 ? call1(vm, fn, type_value(t)) : 0;
    decref(vm, fn);
    if (names != 0 && names != VALUE_NONE && !is_list(names)) {
        raise_type(vm, "copyreg._slotnames didn't return a list or None");
        decref(vm, names);
        return 0;
    }
    return names;
}

static Value default_state(VM *vm, Value self, bool required) {
    Type *t = type_of(vm, self);
    /* a native struct holds more than attributes can tell */
    if (required && (t->spec->size != vm->types.object->spec->size || t->kind != KIND_OBJECT))
        return raise_type(vm, "cannot pickle '%T' object", self);
    Value state = VALUE_NONE;
    if (is_obj(self) && (t->flags & TYPE_HAS_DICT) && t->attrs_offset != 0) {
        if (instance_has_attrs(as_obj(self), t))
            state = instance_dict_copy(vm, as_obj(self), t);
    } else {
        Value dict;
        int found = attr_lookup(vm, self, NAME(__dict__), &dict);
        state = found < 0 ? 0 : found == 0 ? VALUE_NONE : dict;
    }
    if (state == 0 || !(t->flags & TYPE_HEAP) || (t->nmembers == 0 && t->kind != KIND_STR))
        return state;
    Value names = state_names(vm, t);
    Value slots = names == 0 ? 0 : names == VALUE_NONE ? VALUE_NONE : slots_state(vm, self, names);
    decref(vm, names);
    Value result = slots == 0 ? 0 : slots == VALUE_NONE ? incref(state) : tuple_pack(vm, 2, state, slots);
    decref(vm, slots);
    decref(vm, state);
    return result;
}

static Value object_getstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return default_state(vm, self, false);
}

static Value get_state(VM *vm, Value self, bool required) {
    Type *t = type_of(vm, self);
    Value found = type_lookup(vm, t, NAME(__getstate__));
    if (found == type_lookup(vm, vm->types.object, NAME(__getstate__)))
        return default_state(vm, self, required);
    return call_method0(vm, self, NAME(__getstate__));
}

/* Arguments for __new__ from __getnewargs_ex__ or __getnewargs__: 1 found, 0 none, -1. */
static int new_arguments(VM *vm, Value self, Value *args, Value *kwargs) {
    Value fn, result;
    *args = *kwargs = 0;
    int found = attr_lookup(vm, self, NAME(__getnewargs_ex__), &fn);
    if (found < 0)
        return -1;
    if (found > 0) {
        result = call0(vm, fn);
        decref(vm, fn);
        if (result == 0)
            return -1;
        if (!is_tuple(result)) {
            raise_type(vm, "__getnewargs_ex__ should return a tuple, not '%T'", result);
        } else if (as_tuple(result)->len != 2) {
            raise_value(vm, "__getnewargs_ex__ should return a tuple of length 2, not %u", as_tuple(result)->len);
        } else if (!is_tuple(as_tuple(result)->items[0])) {
            raise_type(vm, "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '%T'",
                       as_tuple(result)->items[0]);
        } else if (!is_dict(as_tuple(result)->items[1])) {
            raise_type(vm, "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '%T'",
                       as_tuple(result)->items[1]);
        } else {
            *args = incref(as_tuple(result)->items[0]);
            *kwargs = incref(as_tuple(result)->items[1]);
        }
        decref(vm, result);
        return *args != 0 ? 1 : -1;
    }
    found = attr_lookup(vm, self, NAME(__getnewargs__), &fn);
    if (found <= 0)
        return found;
    result = call0(vm, fn);
    decref(vm, fn);
    if (result != 0 && !is_tuple(result)) {
        raise_type(vm, "__getnewargs__ should return a tuple, not '%T'", result);
        decref(vm, result);
        result = 0;
    }
    *args = result;
    return result != 0 ? 1 : -1;
}

/* (cls, *args) */
static Value prepend_class(VM *vm, Value cls, Value args) {
    size_t n = args != 0 ? as_tuple(args)->len : 0;
    Value t = tuple_new(vm, n + 1);
    if (t == 0)
        return 0;
    as_tuple(t)->items[0] = incref(cls);
    for (size_t i = 0; i < n; i++)
        as_tuple(t)->items[i + 1] = incref(as_tuple(args)->items[i]);
    return t;
}

static Value items_iterator(VM *vm, Value self) {
    Value items = call_method0(vm, self, NAME(items));
    Value it = items != 0 ? iter_get(vm, items) : 0;
    decref(vm, items);
    return it;
}

static Value reduce_new_object(VM *vm, Value self) {
    Type *t = type_of(vm, self);
    if (t->slots.create == NULL)
        return raise_type(vm, "cannot pickle '%T' object", self);
    Value args, kwargs;
    int given = new_arguments(vm, self, &args, &kwargs);
    if (given < 0)
        return 0;
    bool with_keywords = kwargs != 0 && dict_len(kwargs) != 0;
    Value cls = type_value(t), parts[5] = {0}, result = 0;
    parts[0] = copyreg_attr(vm, with_keywords ? "__newobj_ex__" : "__newobj__");
    if (parts[0] != 0)
        parts[1] = with_keywords ? tuple_pack(vm, 3, cls, args, kwargs) : prepend_class(vm, cls, args);
    if (parts[1] != 0)
        parts[2] = get_state(vm, self, given == 0 && !is_list(self) && !is_dict(self));
    if (parts[2] != 0)
        parts[3] = is_list(self) ? iter_get(vm, self) : VALUE_NONE;
    if (parts[3] != 0)
        parts[4] = is_dict(self) ? items_iterator(vm, self) : VALUE_NONE;
    if (parts[4] != 0)
        result = tuple_from_array(vm, parts, 5);
    for (size_t i = 0; i < 5; i++)
        decref(vm, parts[i]);
    decref(vm, args);
    decref(vm, kwargs);
    return result;
}

static Value common_reduce(VM *vm, Value self, int protocol) {
    if (protocol >= 2)
        return reduce_new_object(vm, self);
    Value fn = copyreg_attr(vm, "_reduce_ex");
    Value result = fn != 0 ? call2(vm, fn, self, from_small_int(protocol)) : 0;
    decref(vm, fn);
    return result;
}

static Value object_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return common_reduce(vm, self, 0);
}

static Value object_reduce_ex(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int protocol;
    if (!to_c_int(vm, args[0], &protocol))
        return 0;
    Value found = type_lookup(vm, type_of(vm, self), NAME(__reduce__));
    if (found != type_lookup(vm, vm->types.object, NAME(__reduce__)))
        return call_method0(vm, self, NAME(__reduce__));
    return common_reduce(vm, self, protocol);
}

/* --- other methods
 * ------------------------------------------------------------------------------------------------------------------
 */

static Value object_format(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "__format__() argument must be str, not %T", args[0]);
    if (as_str(args[0])->nbytes != 0)
        return raise_type(vm, "unsupported format string passed to %T.__format__", self);
    return to_str(vm, self);
}

static Value object_sizeof(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_small_int(type_of(vm, self)->size);
}

static Value object_init_subclass(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return VALUE_NONE; }

static Value object_subclasshook(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return VALUE_NOTIMPL;
}

static const MethodSpec object_methods[] = {
    {"__reduce_ex__", object_reduce_ex, "protocol, /", "Helps pickle, for a protocol version.", 0},
    {"__reduce__", object_reduce, "", "Helps pickle.", 0},
    {"__getstate__", object_getstate, "", "Helps pickle: what has to be restored beside the class.", 0},
    {"__subclasshook__", object_subclasshook, "object, /", "Abstract classes override it for issubclass().",
     METHOD_CLASS},
    {"__init_subclass__", object_init_subclass, "", "Called when the class has got a new subclass.", METHOD_CLASS},
    {"__format__", object_format, "format_spec, /", "str(self) for an empty format_spec; others are an error.", 0},
    {"__sizeof__", object_sizeof, "", "Bytes of memory that the object takes.", 0},
    {"__dir__", object_dir, "", "Names of the attributes of the object and its class.", 0},
    {0},
};

static const GetSetSpec object_getset[] = {
    {"__class__", get_class, object_set_class, "The class of the object."},
    {0},
};

const TypeSpec object_spec = {
    .name = "object",
    .doc = "The base class of all classes. object() takes no arguments and makes an object without attributes.",
    .signature = "",
    .size = sizeof(Object),
    .flags = TYPE_BASE | TYPE_NO_WEAKREF,
    .kind = KIND_OBJECT,
    .slots = {.create = object_create,
              .init = object_init,
              .repr = object_repr,
              .str = object_str,
              .hash = object_hash,
              .compare = object_compare,
              .getattr = attr_generic_get,
              .setattr = attr_generic_set},
    .methods = object_methods,
    .getset = object_getset,
};
