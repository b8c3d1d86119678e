/* property. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/instance.h"
#include "object/type.h"

static Property *as_property(Value v) { return (Property *)as_obj(v); }

/* The name shown in messages: given by __set_name__ or assignment, else the getter's. Owned; 0 without exception:
 * none. */
static int property_name(VM *vm, Property *p, Value *out) {
    if (p->name != 0) {
        *out = incref(p->name);
        return 1;
    }
    if (p->get == 0)
        return 0;
    if (!native_enter(vm, "")) /* the getter may be a property, and this one */
        return -1;
    int found = attr_lookup(vm, p->get, NAME(__name__), out);
    native_leave(vm);
    return found;
}

static COLD bool fail_access(VM *vm, Value self, Value obj, const char *what) {
    Value name;
    int found = property_name(vm, as_property(self), &name);
    if (found < 0)
        return false;
    Value qualname = type_of(vm, obj)->qualname;
    if (found > 0) {
        raisef(vm, vm->exc.AttributeError, "property %R of %R object has no %s", name, qualname, what);
        decref(vm, name);
    } else {
        raisef(vm, vm->exc.AttributeError, "property of %R object has no %s", qualname, what);
    }
    return false;
}

static Value property_get(VM *vm, Value self, Value obj, Value type) {
    if (obj == 0 || obj == VALUE_NONE)
        return incref(self);
    Value getter = as_property(self)->get;
    if (getter == 0) {
        fail_access(vm, self, obj, "getter");
        return 0;
    }
    return call1(vm, getter, obj);
}

static bool property_set(VM *vm, Value self, Value obj, Value value) {
    Property *p = as_property(self);
    Value fn = value != 0 ? p->set : p->del;
    if (fn == 0)
        return fail_access(vm, self, obj, value != 0 ? "setter" : "deleter");
    Value result = value != 0 ? call2(vm, fn, obj, value) : call1(vm, fn, obj);
    decref(vm, result);
    return result != 0;
}

static Value property_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return from_obj(object_alloc(vm, type, 0));
}

static void set_function(VM *vm, Value *field, Value v) { set_owned(vm, field, v != VALUE_NONE ? incref(v) : 0); }

/* Instances of subclasses show their __doc__ as an ordinary attribute: the subclass's own would hide ours. */
static bool store_doc(VM *vm, Value self, Value doc, bool required) {
    Type *t = type_of(vm, self);
    if (t == vm->types.property) {
        set_owned(vm, &as_property(self)->doc, incref(doc));
        return true;
    }
    if (attr_set(vm, self, NAME(__doc__), doc != 0 ? doc : VALUE_NONE))
        return true;
    if (required || !error_matches(vm, vm->exc.AttributeError))
        return false;
    error_clear(vm);
    return true;
}

static bool property_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value a[4];
    if (!native_bind_optional(vm, "property", "fget=None, fset=None, fdel=None, doc=None", args, nargs, kwnames, a,
                              4))
        return false;
    Property *p = as_property(self);
    set_function(vm, &p->get, a[0] != 0 ? a[0] : VALUE_NONE);
    set_function(vm, &p->set, a[1] != 0 ? a[1] : VALUE_NONE);
    set_function(vm, &p->del, a[2] != 0 ? a[2] : VALUE_NONE);
    set_owned(vm, &p->doc, 0);
    set_owned(vm, &p->name, 0);
    p->getter_doc = false;
    if (a[3] != 0 && a[3] != VALUE_NONE)
        return store_doc(vm, self, a[3], true);
    Value doc = 0;
    if (p->get != 0) {
        int found = attr_lookup(vm, p->get, NAME(__doc__), &doc);
        if (found < 0)
            return false;
        if (found == 0 || doc == VALUE_NONE)
            doc = 0;
        p->getter_doc = doc != 0;
    }
    bool ok = store_doc(vm, self, doc, false);
    decref(vm, doc);
    return ok;
}

/* --- copies
 * ------------------------------------------------------------------------------------------------------------- */

static Value copy_with(VM *vm, Value self, Value get, Value set, Value del) {
    Property *p = as_property(self);
    Value doc = VALUE_NONE;
    if (p->getter_doc && get != VALUE_NONE) {
        doc = VALUE_NONE; /* to be taken from the new getter */
    } else if (p->doc != 0) {
        doc = p->doc;
    }
    Value args[4] = {get, set, del, doc};
    Value copy = call(vm, type_value(type_of(vm, self)), args, 4, 0);
    if (copy != 0 && has_kind(copy, KIND_PROPERTY) && p->name != 0)
        set_owned(vm, &as_property(copy)->name, incref(p->name));
    return copy;
}

static Value or_none(Value v) { return v != 0 ? v : VALUE_NONE; }

static Value method_getter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Property *p = as_property(self);
    return copy_with(vm, self, args[0] != VALUE_NONE ? args[0] : or_none(p->get), or_none(p->set), or_none(p->del));
}

static Value method_setter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Property *p = as_property(self);
    return copy_with(vm, self, or_none(p->get), args[0] != VALUE_NONE ? args[0] : or_none(p->set), or_none(p->del));
}

static Value method_deleter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Property *p = as_property(self);
    return copy_with(vm, self, or_none(p->get), or_none(p->set), args[0] != VALUE_NONE ? args[0] : or_none(p->del));
}

static Value method_set_name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs != 2)
        return raise_type(vm, "__set_name__() takes 2 positional arguments but %u were given", nargs);
    set_owned(vm, &as_property(self)->name, incref(args[1]));
    return VALUE_NONE;
}

/* --- attributes
 * ------------------------------------------------------------------------------------------------------------ */

static Value get_fget(VM *vm, Value self) { return incref(or_none(as_property(self)->get)); }
static Value get_fset(VM *vm, Value self) { return incref(or_none(as_property(self)->set)); }
static Value get_fdel(VM *vm, Value self) { return incref(or_none(as_property(self)->del)); }
static Value get_doc(VM *vm, Value self) { return incref(or_none(as_property(self)->doc)); }

static bool set_doc(VM *vm, Value self, Value value) {
    set_owned(vm, &as_property(self)->doc, incref(value));
    return true;
}

static Value get_name(VM *vm, Value self) {
    Value name;
    int found = property_name(vm, as_property(self), &name);
    if (found > 0)
        return name;
    return found < 0 ? 0 : raise_no_attribute(vm, self, NAME(__name__));
}

static bool set_name(VM *vm, Value self, Value value) {
    set_owned(vm, &as_property(self)->name, incref(value));
    return true;
}

int descr_is_abstract(VM *vm, Value fn) {
    Value v;
    if (fn == 0 || !is_obj(fn))
        return 0;
    if (!native_enter(vm, "")) /* it may be about itself, or end there */
        return -1;
    int found = attr_lookup(vm, fn, NAME(__isabstractmethod__), &v);
    native_leave(vm);
    if (found <= 0)
        return found;
    found = truth(vm, v);
    decref(vm, v);
    return found;
}

static Value get_isabstract(VM *vm, Value self) {
    Property *p = as_property(self);
    int yes = descr_is_abstract(vm, p->get);
    if (yes == 0)
        yes = descr_is_abstract(vm, p->set);
    if (yes == 0)
        yes = descr_is_abstract(vm, p->del);
    return yes < 0 ? 0 : from_bool(yes != 0);
}

static void property_traverse(Object *self, VisitFn visit, void *arg) {
    Property *p = (Property *)self;
    visit_value(p->get, visit, arg);
    visit_value(p->set, visit, arg);
    visit_value(p->del, visit, arg);
    visit_value(p->doc, visit, arg);
    visit_value(p->name, visit, arg);
}

static void property_clear(VM *vm, Object *self) {
    Property *p = (Property *)self;
    set_owned(vm, &p->get, 0);
    set_owned(vm, &p->set, 0);
    set_owned(vm, &p->del, 0);
    set_owned(vm, &p->doc, 0);
    set_owned(vm, &p->name, 0);
}

static const MethodSpec property_methods[] = {
    {"getter", method_getter, "object, /", "A copy of the property with another getter.", 0},
    {"setter", method_setter, "object, /", "A copy of the property with another setter.", 0},
    {"deleter", method_deleter, "object, /", "A copy of the property with another deleter.", 0},
    {"__set_name__", method_set_name, "owner, name, /", "Tells the property its name.", METHOD_RAW},
    {0},
};

static const GetSetSpec property_getset[] = {
    {"fget", get_fget, NULL, NULL},
    {"fset", get_fset, NULL, NULL},
    {"fdel", get_fdel, NULL, NULL},
    {"__doc__", get_doc, set_doc, NULL},
    {"__name__", get_name, set_name, NULL},
    {"__isabstractmethod__", get_isabstract, NULL, NULL},
    {0},
};

const TypeSpec property_spec = {
    .name = "property",
    .doc = "An attribute computed by functions: fget to read it, fset to assign, fdel to delete; doc is its text.\n\n"
           "As a decorator it makes a method the getter; x.setter and x.deleter add the others.",
    .signature = "fget=None, fset=None, fdel=None, doc=None",
    .size = sizeof(Property),
    .flags = TYPE_GC | TYPE_BASE,
    .kind = KIND_PROPERTY,
    .slots = {.dealloc = property_clear,
              .traverse = property_traverse,
              .clear = property_clear,
              .create = property_create,
              .init = property_init,
              .descr_get = property_get,
              .descr_set = property_set},
    .methods = property_methods,
    .getset = property_getset,
};
