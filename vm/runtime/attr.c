/* Attribute access on any object, and what inline caches may remember of it.
 *
 * The generic order: a data descriptor of the class, the instance's own attribute, anything else of the class. Each
 * step works without making an exception, so that hasattr(), getattr() with a default and __getattr__ cost no more
 * than a successful access. Names are interned before anything is looked up: shapes compare words. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/instance.h"
#include "object/shape.h"
#include "object/type.h"

static ALWAYS_INLINE bool name_is_ready(Value name) {
    return (as_obj(name)->flags & (OBJ_USER1 | OBJ_SUBTYPE)) == OBJ_USER1;
}

/* The unique plain string for a name: owned. */
static NOINLINE Value name_prepare(VM *vm, Value name) {
    if (as_obj(name)->flags & OBJ_SUBTYPE) {
        Value plain = str_new(vm, str_data(name), as_str(name)->nbytes);
        return plain != 0 ? str_intern(vm, plain) : 0;
    }
    return str_intern(vm, incref(name));
}

/* --- get
 * ------------------------------------------------------------------------------------------------------------- */

Value descr_bind(VM *vm, Value d, Value obj, Type *type) {
    incref(d);
    Value result = obj_type(as_obj(d))->slots.descr_get(vm, d, obj, type_value(type));
    decref(vm, d);
    return result;
}

int attr_generic_lookup(VM *vm, Value obj, Value name, Value *out) {
    Type *t = type_of(vm, obj);
    Value descr = type_lookup(vm, t, name);
    Type *dt = NULL;
    if (descr != 0 && is_obj(descr)) {
        dt = obj_type(as_obj(descr));
        if (dt->slots.descr_get == NULL) {
            dt = NULL;
        } else if (dt->slots.descr_set != NULL) {
            *out = descr_bind(vm, descr, obj, t);
            return *out != 0 ? 1 : -1;
        }
    }
    if (t->attrs_offset != 0) {
        Value v = instance_get(vm, as_obj(obj), t, name);
        if (v != 0) {
            *out = incref(v);
            return 1;
        }
    }
    if (descr == 0)
        return 0;
    if (dt == NULL)
        *out = incref(descr);
    else if (as_obj(descr)->kind == KIND_FUNCTION)
        *out = method_new(vm, descr, obj);
    else
        *out = descr_bind(vm, descr, obj, t);
    return *out != 0 ? 1 : -1;
}

Value attr_generic_get(VM *vm, Value obj, Value name) {
    Value v;
    if (unlikely(!name_is_ready(name))) {
        Value ready = name_prepare(vm, name);
        if (ready == 0)
            return 0;
        v = attr_generic_get(vm, obj, ready);
        decref(vm, ready);
        return v;
    }
    int found = attr_generic_lookup(vm, obj, name, &v);
    if (likely(found > 0))
        return v;
    return found < 0 ? 0 : raise_no_attribute(vm, obj, name);
}

Value attr_get(VM *vm, Value obj, Value name) {
    if (unlikely(!name_is_ready(name))) {
        Value ready = name_prepare(vm, name);
        Value v = ready != 0 ? type_of(vm, obj)->slots.getattr(vm, obj, ready) : 0;
        decref(vm, ready);
        return v;
    }
    return type_of(vm, obj)->slots.getattr(vm, obj, name);
}

Value attr_get_c(VM *vm, Value obj, const char *name) {
    Value s = str_intern_c(vm, name);
    if (s == 0)
        return 0;
    Value v = attr_get(vm, obj, s);
    decref(vm, s);
    return v;
}

int attr_lookup(VM *vm, Value obj, Value name, Value *out) {
    Value (*get)(VM *, Value, Value) = type_of(vm, obj)->slots.getattr;
    int found;
    *out = 0;
    if (unlikely(!name_is_ready(name))) {
        Value ready = name_prepare(vm, name);
        if (ready == 0)
            return -1;
        found = attr_lookup(vm, obj, ready, out);
        decref(vm, ready);
        return found;
    }
    if (get == attr_generic_get) {
        found = attr_generic_lookup(vm, obj, name, out);
    } else if (get == type_getattr) {
        found = type_attr_lookup(vm, obj, name, out);
    } else {
        *out = get(vm, obj, name);
        found = *out != 0 ? 1 : -1;
    }
    if (found < 0 && error_matches(vm, vm->exc.AttributeError)) {
        error_clear(vm);
        return 0;
    }
    if (unlikely(found == 0 && vm->lookup_failed)) { /* for want of memory, see type.c */
        vm->lookup_failed = false;
        raise_memory(vm);
        return -1;
    }
    return found;
}

int attr_has(VM *vm, Value obj, Value name) {
    Value v;
    int found = attr_lookup(vm, obj, name, &v);
    if (found > 0)
        decref(vm, v);
    return found;
}

Value attr_special(VM *vm, Value obj, Value name, Value *self) {
    Type *t = type_of(vm, obj);
    Value found = type_lookup(vm, t, name);
    *self = 0;
    if (found == 0 || !is_obj(found))
        return found;
    Type *ft = obj_type(as_obj(found));
    if (as_obj(found)->kind == KIND_FUNCTION || ft == vm->types.method_descriptor ||
        ft == vm->types.wrapper_descriptor) {
        *self = obj;
        return incref(found);
    }
    return ft->slots.descr_get != NULL ? descr_bind(vm, found, obj, t) : incref(found);
}

static bool is_method_function(VM *vm, Value v) {
    return is_obj(v) && (as_obj(v)->kind == KIND_FUNCTION || obj_type(as_obj(v)) == vm->types.method_descriptor);
}

Value attr_load_method(VM *vm, Value obj, Value name, Value *self) {
    Type *t = type_of(vm, obj);
    *self = 0;
    if (likely(name_is_ready(name)) && t->slots.getattr == attr_generic_get) {
        Value found = type_lookup(vm, t, name);
        bool method = found != 0 && is_method_function(vm, found);
        if ((method || is_descriptor_of(found, vm->types.classmethod)) &&
            (t->attrs_offset == 0 || instance_get(vm, as_obj(obj), t, name) == 0)) {
            *self = method ? obj : type_value(t);
            return incref(method ? found : ((ClassMethod *)as_obj(found))->func);
        }
    } else if (likely(name_is_ready(name)) && t->slots.getattr == type_getattr) {
        /* a metaclass hides an attribute of the class by a data descriptor only */
        Value meta = type_lookup(vm, t, name), found = type_lookup(vm, as_type(obj), name);
        bool hidden = meta != 0 && is_obj(meta) && obj_type(as_obj(meta))->slots.descr_set != NULL;
        if (!hidden && is_descriptor_of(found, vm->types.classmethod)) {
            *self = obj;
            return incref(((ClassMethod *)as_obj(found))->func);
        }
        if (!hidden && found == 0 && meta != 0 && is_method_function(vm, meta)) {
            *self = obj;
            return incref(meta);
        }
    }
    return attr_get(vm, obj, name);
}

/* --- set
 * -------------------------------------------------------------------------------------------------------------- */

static bool raise_cannot_set(VM *vm, Value obj, Value name, Value descr) {
    Value full = type_full_name(vm, type_of(vm, obj));
    if (full == 0)
        return false;
    if (descr != 0)
        raise_attribute(vm, obj, name, "'%V' object attribute '%V' is read-only", full, name);
    else
        raise_attribute(vm, obj, name, "'%V' object has no attribute '%V' and no __dict__ for setting new attributes",
                        full, name);
    decref(vm, full);
    return false;
}

static bool generic_set_ready(VM *vm, Value obj, Value name, Value value) {
    Type *t = type_of(vm, obj);
    Value descr = type_lookup(vm, t, name);
    if (descr != 0 && is_obj(descr)) {
        bool (*set)(VM *, Value, Value, Value) = obj_type(as_obj(descr))->slots.descr_set;
        if (set != NULL) {
            incref(descr);
            bool ok = set(vm, descr, obj, value);
            decref(vm, descr);
            return ok;
        }
    }
    if (!(t->flags & TYPE_HAS_DICT) || t->attrs_offset == 0)
        return raise_cannot_set(vm, obj, name, descr);
    if (value != 0)
        return instance_set(vm, as_obj(obj), t, name, value);
    int deleted = instance_delete(vm, as_obj(obj), t, name);
    if (deleted == 0)
        raise_no_attribute(vm, obj, name);
    return deleted > 0;
}

bool attr_generic_set(VM *vm, Value obj, Value name, Value value) {
    if (likely(name_is_ready(name)))
        return generic_set_ready(vm, obj, name, value);
    Value ready = name_prepare(vm, name);
    bool ok = ready != 0 && generic_set_ready(vm, obj, ready, value);
    decref(vm, ready);
    return ok;
}

bool attr_set(VM *vm, Value obj, Value name, Value value) {
    bool (*set)(VM *, Value, Value, Value) = type_of(vm, obj)->slots.setattr;
    if (likely(name_is_ready(name)))
        return set(vm, obj, name, value);
    Value ready = name_prepare(vm, name);
    bool ok = ready != 0 && set(vm, obj, ready, value);
    decref(vm, ready);
    return ok;
}

Value attr_dict(VM *vm, Value obj) {
    if (!is_obj(obj))
        return 0;
    Object *o = as_obj(obj);
    Type *t = obj_type(o);
    if (o->kind == KIND_MODULE)
        return module_complete(vm, obj) ? incref(module_dict(obj)) : VALUE_ERROR;
    if (t->flags & TYPE_HAS_DICT && t->attrs_offset != 0)
        return incref(instance_dict(vm, o, t));
    Value descr = type_lookup(vm, t, NAME(__dict__));
    if (descr == 0 || !is_obj(descr) || obj_type(as_obj(descr))->slots.descr_get == NULL)
        return 0;
    if (is_descriptor_of(descr, vm->types.getset_descriptor) &&
        ((Descriptor *)as_obj(descr))->getset == &type_dict_getset)
        return 0;
    return descr_bind(vm, descr, obj, t);
}

/* --- inline caches
 * ------------------------------------------------------------------------------------------------------- */

static bool cache_fail(AttrCacheResult *r) {
    r->kind = ATTR_NONE;
    return false;
}

/* What reading a class attribute gives, if that is always the same object: borrowed, else 0. obj_access: through an
 * instance rather than the class. */
static Value stable_value(VM *vm, Value attr, bool obj_access) {
    if (!is_obj(attr))
        return attr;
    Type *at = obj_type(as_obj(attr));
    if (at->slots.descr_get == NULL)
        return attr;
    if (at == vm->types.staticmethod)
        return ((ClassMethod *)as_obj(attr))->func;
    if (!obj_access && (as_obj(attr)->kind == KIND_FUNCTION || at == vm->types.method_descriptor ||
                        at == vm->types.wrapper_descriptor))
        return attr;
    return 0;
}

/* The function of a classmethod object: borrowed, or 0. */
static Value class_method(VM *vm, Value attr) {
    return is_descriptor_of(attr, vm->types.classmethod) ? ((ClassMethod *)as_obj(attr))->func : 0;
}

static bool cache_type(VM *vm, Type *t, Value name, AttrCacheResult *r) {
    Type *meta = obj_type(&t->header);
    if (meta->slots.getattr != type_getattr)
        return cache_fail(r);
    Value meta_attr = type_lookup(vm, meta, name);
    if (meta_attr != 0 && is_obj(meta_attr) && obj_type(as_obj(meta_attr))->slots.descr_set != NULL)
        return cache_fail(r);
    Value attr = type_lookup(vm, t, name);
    Value value = attr != 0 ? stable_value(vm, attr, false) : 0;
    r->kind = ATTR_TYPE;
    if (value == 0 && (value = class_method(vm, attr)) != 0)
        r->kind = ATTR_CLASSMETHOD;
    /* the metaclass needs a version too: that is how its changes reach the classes */
    if (value == 0 || type_version(vm, meta) == 0 || (r->id = type_version(vm, t)) == 0)
        return cache_fail(r);
    r->value = value;
    return true;
}

static bool cache_module(VM *vm, Value obj, Value name, AttrCacheResult *r) {
    Value descr = type_lookup(vm, vm->types.module, name);
    if (descr != 0 && is_obj(descr) && obj_type(as_obj(descr))->slots.descr_set != NULL)
        return cache_fail(r);
    Value dict = module_dict(obj);
    ssize_t position = dict_position(vm, dict, name);
    r->id = position >= 0 ? dict_version(vm, dict) : 0;
    if (r->id == 0)
        return cache_fail(r);
    r->kind = ATTR_MODULE;
    r->index = (uint32_t)position;
    return true;
}

static void cache_slot(Type *t, size_t slot, AttrCacheResult *r) {
    if (slot < t->ninline) {
        r->kind = ATTR_INLINE;
        r->offset = t->attrs_offset + (int32_t)(offsetof(AttrArea, slots) + slot * sizeof(Value));
    } else {
        r->kind = ATTR_EXTRA;
        r->offset = t->attrs_offset;
        r->index = (uint32_t)(slot - t->ninline);
    }
}

/* Is reading attributes of t what object does, __getattr__ for missing ones apart? */
static bool reads_plainly(VM *vm, Type *t, bool *hooked) {
    *hooked = false;
    if (t->slots.getattr == attr_generic_get)
        return true;
    if (t->slots.getattr != slot_getattr_hook)
        return false;
    *hooked = true;
    Value found = type_lookup(vm, t, NAME(__getattribute__));
    return is_descriptor_of(found, vm->types.wrapper_descriptor) &&
           ((Descriptor *)as_obj(found))->fn == (SlotFn)attr_generic_get;
}

static bool cache_data_descriptor(VM *vm, Type *t, Value descr, bool hooked, AttrCacheResult *r) {
    Type *dt = obj_type(as_obj(descr));
    if (dt == vm->types.member_descriptor) {
        Descriptor *d = (Descriptor *)as_obj(descr);
        if (d->offset == 0 || !type_is_subtype(t, d->owner))
            return cache_fail(r);
        r->kind = ATTR_MEMBER;
        r->offset = (int32_t)d->offset;
        return true;
    }
    if (dt == vm->types.getset_descriptor && !hooked) {
        Descriptor *d = (Descriptor *)as_obj(descr);
        if (d->getset->get == NULL || !type_is_subtype(t, d->owner))
            return cache_fail(r);
        r->kind = ATTR_GETSET;
        r->getter = d->getset->get;
        return true;
    }
    if (dt == vm->types.property && !hooked) {
        Value getter = ((Property *)as_obj(descr))->get;
        if (getter != 0 && has_kind(getter, KIND_FUNCTION)) {
            r->kind = ATTR_PROPERTY;
            r->value = getter;
            return true;
        }
    }
    return cache_fail(r);
}

static bool cache_instance(VM *vm, Object *o, Value name, AttrCacheResult *r) {
    Type *t = obj_type(o);
    bool hooked;
    if (o->shape->is_dict || !reads_plainly(vm, t, &hooked))
        return cache_fail(r);
    Value descr = type_lookup(vm, t, name);
    Type *dt = descr != 0 && is_obj(descr) ? obj_type(as_obj(descr)) : NULL;
    r->id = shape_id(vm, o->shape);
    if (r->id == 0)
        return cache_fail(r);
    if (dt != NULL && dt->slots.descr_get != NULL && dt->slots.descr_set != NULL)
        return cache_data_descriptor(vm, t, descr, hooked, r);
    ssize_t slot = t->attrs_offset != 0 ? shape_find(vm, o->shape, name) : -1;
    if (slot >= 0) {
        cache_slot(t, (size_t)slot, r);
        return true;
    }
    if (descr == 0)
        return cache_fail(r);
    if (dt != NULL && (as_obj(descr)->kind == KIND_FUNCTION || dt == vm->types.method_descriptor)) {
        r->kind = ATTR_METHOD;
        r->value = descr;
        return true;
    }
    r->value = stable_value(vm, descr, true);
    r->kind = ATTR_VALUE;
    if (r->value == 0) {
        r->value = class_method(vm, descr);
        r->kind = ATTR_CLASSMETHOD;
    }
    return r->value != 0 || cache_fail(r);
}

bool attr_cache_lookup(VM *vm, Value obj, Value name, AttrCacheResult *r) {
    memset(r, 0, sizeof *r);
    if (!is_obj(obj) || !name_is_ready(name))
        return false;
    Object *o = as_obj(obj);
    if (o->kind == KIND_TYPE)
        return cache_type(vm, (Type *)o, name, r);
    if (obj_type(o) == vm->types.module)
        return cache_module(vm, obj, name, r);
    return cache_instance(vm, o, name, r);
}

bool attr_cache_store(VM *vm, Value obj, Value name, AttrCacheResult *r) {
    memset(r, 0, sizeof *r);
    if (!is_obj(obj) || !name_is_ready(name))
        return false;
    Object *o = as_obj(obj);
    Type *t = obj_type(o);
    if (t->slots.setattr != attr_generic_set || o->shape->is_dict || (r->id = shape_id(vm, o->shape)) == 0)
        return false;
    Value descr = type_lookup(vm, t, name);
    if (descr != 0 && is_obj(descr) && obj_type(as_obj(descr))->slots.descr_set != NULL)
        return is_descriptor_of(descr, vm->types.member_descriptor) && cache_data_descriptor(vm, t, descr, false, r);
    if (!(t->flags & TYPE_HAS_DICT) || t->attrs_offset == 0)
        return false;
    ssize_t slot = shape_find(vm, o->shape, name);
    if (slot >= 0) {
        cache_slot(t, (size_t)slot, r);
        return true;
    }
    if (o->shape->nslots >= t->ninline)
        return false;
    r->new_shape = shape_add(vm, o->shape, name);
    if (r->new_shape == NULL) {
        error_clear(vm);
        return false;
    }
    cache_slot(t, o->shape->nslots, r);
    r->kind = ATTR_TRANSITION;
    return true;
}
