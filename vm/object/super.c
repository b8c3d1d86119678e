/* super: attribute lookup along the MRO of an object's class, starting behind a given class.
 *
 * Compiled code for `super().method(...)` makes no super object: it calls super_lookup. */
#include "interp/frame.h"
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/type.h"

typedef struct Super {
    Object header;
    Type *type;     /* owned; NULL before __init__ */
    Value obj;      /* 0: unbound */
    Type *obj_type; /* owned; whose MRO is walked */
} Super;

static Super *as_super(Value v) { return (Super *)as_obj(v); }

/* The class whose MRO to walk: obj itself if it is a subclass of cls, else its class. Owned; TypeError if neither
 * fits. */
static Type *start_type(VM *vm, Type *cls, Value obj) {
    Type *t = type_of(vm, obj);
    if (is_type(obj) && type_is_subtype(as_type(obj), cls))
        t = as_type(obj);
    else if (!type_is_subtype(t, cls)) {
        Value claimed; /* a proxy may say that it is something else */
        int found = attr_lookup(vm, obj, NAME(__class__), &claimed);
        if (found < 0)
            return NULL;
        if (found > 0 && is_type(claimed) && as_type(claimed) != t && type_is_subtype(as_type(claimed), cls))
            return as_type(claimed);
        if (found > 0)
            decref(vm, claimed);
        return (Type *)raise_type(vm, "super(type, obj): obj (%s %N) is not an instance or subtype of type (%N).",
                                  is_type(obj) ? "type" : "instance of", is_type(obj) ? as_type(obj) : t, cls);
    }
    incref(type_value(t));
    return t;
}

/* Borrowed; 0 if no class behind cls in the MRO has the attribute. */
static Value find_behind(VM *vm, Type *cls, Type *start, Value name) {
    Value mro = type_mro(vm, start);
    if (mro == 0) {
        error_clear(vm);
        return 0;
    }
    Tuple *t = as_tuple(mro);
    size_t i = 0;
    while (i < t->len && t->items[i] != type_value(cls))
        i++;
    for (i++; i < t->len; i++) {
        Dict *d = is_type(t->items[i]) ? type_dict(vm, as_type(t->items[i])) : NULL;
        Value found = d != NULL ? dict_get_str(vm, from_obj(d), name) : 0;
        if (found != 0)
            return found;
    }
    return 0;
}

static Value bind_found(VM *vm, Value found, Value obj, Type *start) {
    if (!is_obj(found) || obj_type(as_obj(found))->slots.descr_get == NULL)
        return incref(found);
    return descr_bind(vm, found, obj == type_value(start) ? 0 : obj, start);
}

Value super_new(VM *vm, Value cls, Value obj) {
    if (!is_type(cls))
        return raise_type(vm, "super() argument 1 must be a type, not %T", cls);
    Type *start = start_type(vm, as_type(cls), obj);
    if (start == NULL)
        return 0;
    Super *s = object_alloc(vm, vm->types.super, 0);
    if (s == NULL) {
        decref(vm, type_value(start));
        return 0;
    }
    s->type = as_type(incref(cls));
    s->obj = incref(obj);
    s->obj_type = start;
    return from_obj(s);
}

Value super_lookup(VM *vm, Value cls, Value obj, Value name, Value *self) {
    *self = 0;
    if (!is_type(cls))
        return raise_type(vm, "super() argument 1 must be a type, not %T", cls);
    Type *start = start_type(vm, as_type(cls), obj);
    if (start == NULL)
        return 0;
    Value found = name != NAME(__class__) ? find_behind(vm, as_type(cls), start, name) : 0, result;
    if (found == 0) { /* an attribute of the super object itself, or none */
        Value s = super_new(vm, cls, obj);
        result = s != 0 ? attr_generic_get(vm, s, name) : 0;
        decref(vm, s);
    } else if (obj != type_value(start) &&
               (has_kind(found, KIND_FUNCTION) || is_descriptor_of(found, vm->types.method_descriptor) ||
                is_descriptor_of(found, vm->types.wrapper_descriptor))) {
        *self = obj;
        result = incref(found);
    } else {
        result = bind_found(vm, found, obj, start);
    }
    decref(vm, type_value(start));
    return result;
}

static Value super_getattr(VM *vm, Value self, Value name) {
    Super *s = as_super(self);
    if (s->obj_type != NULL && !(name == NAME(__class__) || str_equals_c(name, "__class__"))) {
        Value found = find_behind(vm, s->type, s->obj_type, name);
        if (found != 0)
            return bind_found(vm, found, s->obj, s->obj_type);
    }
    return attr_generic_get(vm, self, name);
}

static Value super_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return from_obj(object_alloc(vm, type, 0));
}

static bool super_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (kwnames != 0 && as_tuple(kwnames)->len != 0)
        return raise_type(vm, "super() takes no keyword arguments");
    Value from_frame[2];
    if (nargs == 0) {
        if (!frame_super_arguments(vm, from_frame))
            return false;
        args = from_frame;
        nargs = 2;
    }
    if (nargs > 2)
        return raise_type(vm, "super() expected at most 2 arguments, got %u", nargs);
    if (!is_type(args[0]))
        return raise_type(vm, "super() argument 1 must be a type, not %T", args[0]);
    Value obj = nargs == 2 && args[1] != VALUE_NONE ? args[1] : 0;
    Type *start = NULL;
    if (obj != 0 && (start = start_type(vm, as_type(args[0]), obj)) == NULL)
        return false;
    Super *s = as_super(self);
    Value old[] = {from_obj(s->type), s->obj, from_obj(s->obj_type)};
    s->type = as_type(incref(args[0]));
    s->obj = incref(obj);
    s->obj_type = start;
    for (size_t i = 0; i < ARRAY_LEN(old); i++)
        decref(vm, old[i]);
    return true;
}

static Value super_get(VM *vm, Value self, Value obj, Value type) {
    Super *s = as_super(self);
    if (obj == 0 || obj == VALUE_NONE || s->obj != 0 || s->type == NULL)
        return incref(self);
    if (obj_type(as_obj(self)) != vm->types.super) {
        Value args[2] = {type_value(s->type), obj};
        return call(vm, type_value(obj_type(as_obj(self))), args, 2, 0);
    }
    return super_new(vm, type_value(s->type), obj);
}

static Value super_repr(VM *vm, Value self) {
    Super *s = as_super(self);
    const char *cls = s->type != NULL ? type_short_name(s->type) : "NULL";
    if (s->obj_type != NULL)
        return str_printf(vm, "<super: <class '%s'>, <%N object>>", cls, s->obj_type);
    return str_printf(vm, "<super: <class '%s'>, NULL>", cls);
}

static Value value_or_none(const void *o) { return o != NULL ? incref(from_obj(o)) : VALUE_NONE; }
static Value get_thisclass(VM *vm, Value self) { return value_or_none(as_super(self)->type); }
static Value get_self(VM *vm, Value self) {
    return as_super(self)->obj != 0 ? incref(as_super(self)->obj) : VALUE_NONE;
}
static Value get_self_class(VM *vm, Value self) { return value_or_none(as_super(self)->obj_type); }

static void super_traverse(Object *self, VisitFn visit, void *arg) {
    Super *s = (Super *)self;
    visit_value(from_obj(s->type), visit, arg);
    visit_value(s->obj, visit, arg);
    visit_value(from_obj(s->obj_type), visit, arg);
}

static void super_dealloc(VM *vm, Object *self) {
    Super *s = (Super *)self;
    decref(vm, from_obj(s->type));
    decref(vm, s->obj);
    decref(vm, from_obj(s->obj_type));
}

static const GetSetSpec super_getset[] = {
    {"__thisclass__", get_thisclass, NULL, "the class behind which lookup starts"},
    {"__self__", get_self, NULL, "the object that attributes are bound to, or None"},
    {"__self_class__", get_self_class, NULL, "the class whose MRO is walked, or None"},
    {0},
};

const TypeSpec super_spec = {
    .name = "super",
    .doc = "super() in a method, or super(cls, obj): reads attributes as obj does, but from the classes behind cls "
           "in the method resolution order.",
    .size = sizeof(Super),
    .flags = TYPE_GC | TYPE_BASE,
    .kind = KIND_SUPER,
    .slots = {.dealloc = super_dealloc,
              .traverse = super_traverse,
              .create = super_create,
              .init = super_init,
              .repr = super_repr,
              .getattr = super_getattr,
              .descr_get = super_get},
    .getset = super_getset,
};
