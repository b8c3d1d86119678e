/* getset_descriptor, member_descriptor, wrapper_descriptor and method-wrapper.
 *
 * One struct serves the three descriptor types. A descriptor keeps its class alive, as scripts may hold it longer. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/instance.h"

static Descriptor *as_descriptor(Value v) { return (Descriptor *)as_obj(v); }

Value address_text(VM *vm, Value v) {
    char digits[16], text[20] = "0x";
    size_t n = 0, at = 2;
    uint64_t bits = v;
    do
        digits[n++] = "0123456789abcdef"[bits & 15];
    while ((bits >>= 4) != 0);
    while (n > 0)
        text[at++] = digits[--n];
    return str_new_ascii(vm, text, at);
}

bool descr_applies(VM *vm, Type *owner, Value name, Value obj) {
    Type *t = type_of(vm, obj);
    if (likely(t == owner || type_is_subtype(t, owner)))
        return true;
    return raise_type(vm, "descriptor '%V' for '%N' objects doesn't apply to a '%T' object", name, owner, obj);
}

static Descriptor *descriptor_new(VM *vm, Type *type, Type *owner, Value name) {
    Descriptor *d = object_alloc(vm, type, 0);
    if (d == NULL)
        return NULL;
    d->owner = owner;
    owner->header.refcount++;
    d->name = incref(name);
    return d;
}

Value getset_new(VM *vm, Type *owner, const GetSetSpec *spec) {
    Value name = str_intern_c(vm, spec->name);
    if (name == 0)
        return 0;
    Descriptor *d = descriptor_new(vm, vm->types.getset_descriptor, owner, name);
    decref(vm, name);
    if (d != NULL)
        d->getset = spec;
    return from_obj(d);
}

Value member_new(VM *vm, Type *owner, Value name, uint32_t offset) {
    Descriptor *d = descriptor_new(vm, vm->types.member_descriptor, owner, name);
    if (d != NULL)
        d->offset = offset;
    return from_obj(d);
}

Value member_item_new(VM *vm, Type *owner, Value name, uint32_t index) {
    Descriptor *d = descriptor_new(vm, vm->types.member_descriptor, owner, name);
    if (d != NULL)
        d->index = index + 1;
    return from_obj(d);
}

Value slot_wrapper_new(VM *vm, Type *owner, const SlotDef *def, SlotFn fn) {
    Value name = *(Value *)((char *)&vm->names + def->name_offset);
    Descriptor *d = descriptor_new(vm, vm->types.wrapper_descriptor, owner, name);
    if (d != NULL) {
        d->slot = def;
        d->fn = fn;
    }
    return from_obj(d);
}

/* --- getset
 * ------------------------------------------------------------------------------------------------------------- */

static Value getset_get(VM *vm, Value self, Value obj, Value type) {
    Descriptor *d = as_descriptor(self);
    if (obj == 0)
        return incref(self);
    if (!descr_applies(vm, d->owner, d->name, obj))
        return 0;
    if (d->getset->get == NULL)
        return raise_attribute(vm, obj, d->name, "attribute '%V' of '%N' objects is not readable", d->name, d->owner);
    return d->getset->get(vm, obj);
}

static bool getset_set(VM *vm, Value self, Value obj, Value value) {
    Descriptor *d = as_descriptor(self);
    if (!descr_applies(vm, d->owner, d->name, obj))
        return false;
    if (d->getset->set == NULL)
        return raise_attribute(vm, obj, d->name, "attribute '%V' of '%N' objects is not writable", d->name, d->owner);
    return d->getset->set(vm, obj, value);
}

/* --- members
 * -------------------------------------------------------------------------------------------------------------- */

/* Where the member stands: its own field, a struct sequence's item, or (0) among the attributes. */
static Value *member_place(Descriptor *d, Value obj) {
    if (d->index != 0)
        return &as_tuple(obj)->items[d->index - 1];
    return d->offset != 0 ? (Value *)((char *)as_obj(obj) + d->offset) : NULL;
}

static Value member_get(VM *vm, Value self, Value obj, Value type) {
    Descriptor *d = as_descriptor(self);
    if (obj == 0)
        return incref(self);
    if (!descr_applies(vm, d->owner, d->name, obj))
        return 0;
    Value *place = member_place(d, obj);
    Value v = place != NULL ? *place : instance_get(vm, as_obj(obj), obj_type(as_obj(obj)), d->name);
    return v != 0 ? incref(v) : raise_no_attribute(vm, obj, d->name);
}

static bool member_set(VM *vm, Value self, Value obj, Value value) {
    Descriptor *d = as_descriptor(self);
    if (!descr_applies(vm, d->owner, d->name, obj))
        return false;
    if (d->index != 0)
        return raise_attribute(vm, obj, d->name, "readonly attribute");
    Value *place = member_place(d, obj);
    Type *t = obj_type(as_obj(obj));
    if (place == NULL && value != 0)
        return instance_set(vm, as_obj(obj), t, d->name, value);
    int had = place != NULL ? *place != 0 : instance_get(vm, as_obj(obj), t, d->name) != 0;
    if (value == 0 && !had)
        return raise_attribute(vm, obj, d->name, "%V", d->name);
    if (place == NULL)
        return instance_delete(vm, as_obj(obj), t, d->name) >= 0;
    set_owned(vm, place, incref(value));
    return true;
}

/* --- slot wrappers
 * ----------------------------------------------------------------------------------------------------------- */

static Value wrapper_get(VM *vm, Value self, Value obj, Value type) {
    Descriptor *d = as_descriptor(self);
    if (obj == 0)
        return incref(self);
    if (!descr_applies(vm, d->owner, d->name, obj))
        return 0;
    MethodWrapper *w = object_alloc(vm, vm->types.method_wrapper, 0);
    if (w == NULL)
        return 0;
    w->descr = (Descriptor *)as_obj(incref(self));
    w->self = incref(obj);
    return from_obj(w);
}

static Value wrapper_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Descriptor *d = as_descriptor(self);
    if (nargs == 0)
        return raise_type(vm, "descriptor '%V' of '%N' object needs an argument", d->name, d->owner);
    Type *t = type_of(vm, args[0]);
    if (t != d->owner && !type_is_subtype(t, d->owner))
        return raise_type(vm, "descriptor '%V' requires a '%N' object but received a '%T'", d->name, d->owner,
                          args[0]);
    return slot_wrapper_call(vm, d->slot, d->fn, args[0], args + 1, nargs - 1, kwnames);
}

static MethodWrapper *as_wrapper(Value v) { return (MethodWrapper *)as_obj(v); }

static Value method_wrapper_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    MethodWrapper *w = as_wrapper(self);
    return slot_wrapper_call(vm, w->descr->slot, w->descr->fn, w->self, args, nargs, kwnames);
}

static Value method_wrapper_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_descriptor_of(b, vm->types.method_wrapper) ||
        !is_descriptor_of(a, vm->types.method_wrapper))
        return VALUE_NOTIMPL;
    bool equal = as_wrapper(a)->descr == as_wrapper(b)->descr && as_wrapper(a)->self == as_wrapper(b)->self;
    return from_bool(equal == (op == CMP_EQ));
}

static bool method_wrapper_hash(VM *vm, Value self, int64_t *out) {
    *out =
        (int64_t)((as_wrapper(self)->self * 0x9E3779B97F4A7C15u ^ (uint64_t)(uintptr_t)as_wrapper(self)->descr) >> 2);
    return true;
}

/* --- what scripts see
 * ---------------------------------------------------------------------------------------------------------- */

static Value getset_repr(VM *vm, Value self) {
    return str_printf(vm, "<attribute '%V' of '%N' objects>", as_descriptor(self)->name, as_descriptor(self)->owner);
}

static Value member_repr(VM *vm, Value self) {
    Value full = type_full_name(vm, as_descriptor(self)->owner);
    if (full == 0)
        return 0;
    Value text = str_printf(vm, "<member '%V' of '%V' objects>", as_descriptor(self)->name, full);
    decref(vm, full);
    return text;
}

static Value wrapper_repr(VM *vm, Value self) {
    return str_printf(vm, "<slot wrapper '%V' of '%N' objects>", as_descriptor(self)->name,
                      as_descriptor(self)->owner);
}

static Value method_wrapper_repr(VM *vm, Value self) {
    Value address = address_text(vm, as_wrapper(self)->self);
    if (address == 0)
        return 0;
    Value text = str_printf(vm, "<method-wrapper '%V' of %T object at %V>", as_wrapper(self)->descr->name,
                            as_wrapper(self)->self, address);
    decref(vm, address);
    return text;
}

static Value get_name(VM *vm, Value self) { return incref(as_descriptor(self)->name); }
static Value get_objclass(VM *vm, Value self) { return incref(type_value(as_descriptor(self)->owner)); }

static Value get_qualname(VM *vm, Value self) {
    return str_printf(vm, "%V.%V", as_descriptor(self)->owner->qualname, as_descriptor(self)->name);
}

static Value doc_of(VM *vm, Descriptor *d) {
    const char *doc = d->getset != NULL ? d->getset->doc : NULL;
    if (d->slot != NULL)
        return slot_doc(vm, d->slot);
    if (d->doc != 0)
        return incref(d->doc);
    if (doc != NULL)
        return str_from_c(vm, doc);
    return d->owner->flags & TYPE_HEAP ? VALUE_NONE
                                       : doc_find(vm, str_printf(vm, "%s.%V", d->owner->spec->name, d->name));
}

static Value get_doc(VM *vm, Value self) { return doc_of(vm, as_descriptor(self)); }
static Value get_text_signature(VM *vm, Value self) {
    return str_from_c(vm, slot_text_signature(as_descriptor(self)->slot));
}

/* A method-wrapper shows its descriptor's attributes. */
static Value bound_name(VM *vm, Value self) { return incref(as_wrapper(self)->descr->name); }
static Value bound_qualname(VM *vm, Value self) { return get_qualname(vm, from_obj(as_wrapper(self)->descr)); }
static Value bound_doc(VM *vm, Value self) { return doc_of(vm, as_wrapper(self)->descr); }
static Value bound_signature(VM *vm, Value self) {
    return str_from_c(vm, slot_text_signature(as_wrapper(self)->descr->slot));
}
static Value bound_self(VM *vm, Value self) { return incref(as_wrapper(self)->self); }
static Value bound_objclass(VM *vm, Value self) { return incref(type_value(as_wrapper(self)->descr->owner)); }

static Value reduce_by_name(VM *vm, Value target, Value name) {
    Value getter = dict_get_c(vm, vm->builtins, "getattr");
    if (getter == 0)
        return error_pending(vm) ? 0 : raise_runtime(vm, "lost builtins.getattr");
    Value pair = tuple_pack(vm, 2, target, name);
    Value result = pair != 0 ? tuple_pack(vm, 2, getter, pair) : 0;
    decref(vm, pair);
    return result;
}

static Value method_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return reduce_by_name(vm, type_value(as_descriptor(self)->owner), as_descriptor(self)->name);
}

static Value method_wrapper_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return reduce_by_name(vm, as_wrapper(self)->self, as_wrapper(self)->descr->name);
}

/* --- memory
 * ----------------------------------------------------------------------------------------------------------------------
 */

static void descriptor_traverse(Object *self, VisitFn visit, void *arg) {
    Descriptor *d = (Descriptor *)self;
    if (d->owner != NULL)
        visit(&d->owner->header, arg);
    visit_value(d->doc, visit, arg);
}

static void descriptor_dealloc(VM *vm, Object *self) {
    Descriptor *d = (Descriptor *)self;
    decref(vm, d->name);
    decref(vm, d->doc);
    decref(vm, from_obj(d->owner));
}

static void method_wrapper_traverse(Object *self, VisitFn visit, void *arg) {
    MethodWrapper *w = (MethodWrapper *)self;
    if (w->descr != NULL)
        visit(&w->descr->header, arg);
    visit_value(w->self, visit, arg);
}

static void method_wrapper_dealloc(VM *vm, Object *self) {
    MethodWrapper *w = (MethodWrapper *)self;
    decref(vm, from_obj(w->descr));
    decref(vm, w->self);
}

static const MethodSpec descriptor_methods[] = {
    {"__reduce__", method_reduce, "", "Helps pickle.", 0},
    {0},
};

static const GetSetSpec descriptor_getset[] = {
    {"__objclass__", get_objclass, NULL, NULL},
    {"__name__", get_name, NULL, NULL},
    {"__doc__", get_doc, NULL, NULL},
    {"__qualname__", get_qualname, NULL, NULL},
    {0},
};

static const GetSetSpec wrapper_getset[] = {
    {"__objclass__", get_objclass, NULL, NULL},
    {"__name__", get_name, NULL, NULL},
    {"__doc__", get_doc, NULL, NULL},
    {"__qualname__", get_qualname, NULL, NULL},
    {"__text_signature__", get_text_signature, NULL, NULL},
    {0},
};

static const MethodSpec method_wrapper_methods[] = {
    {"__reduce__", method_wrapper_reduce, "", "Helps pickle.", 0},
    {0},
};

static const GetSetSpec method_wrapper_getset[] = {
    {"__self__", bound_self, NULL, NULL},
    {"__objclass__", bound_objclass, NULL, NULL},
    {"__name__", bound_name, NULL, NULL},
    {"__qualname__", bound_qualname, NULL, NULL},
    {"__doc__", bound_doc, NULL, NULL},
    {"__text_signature__", bound_signature, NULL, NULL},
    {0},
};

const TypeSpec getset_descriptor_spec = {
    .name = "getset_descriptor",
    .doc = "An attribute of a native class that functions compute.",
    .size = sizeof(Descriptor),
    .flags = TYPE_GC,
    .kind = KIND_DESCRIPTOR,
    .slots = {.dealloc = descriptor_dealloc,
              .traverse = descriptor_traverse,
              .repr = getset_repr,
              .descr_get = getset_get,
              .descr_set = getset_set},
    .getset = descriptor_getset,
};

const TypeSpec member_descriptor_spec = {
    .name = "member_descriptor",
    .doc = "An attribute that has its place in the object, such as those of __slots__.",
    .size = sizeof(Descriptor),
    .flags = TYPE_GC,
    .kind = KIND_DESCRIPTOR,
    .slots = {.dealloc = descriptor_dealloc,
              .traverse = descriptor_traverse,
              .repr = member_repr,
              .descr_get = member_get,
              .descr_set = member_set},
    .methods = descriptor_methods,
    .getset = descriptor_getset,
};

const TypeSpec wrapper_descriptor_spec = {
    .name = "wrapper_descriptor",
    .doc = "A special method of a native class, such as int.__add__.",
    .size = sizeof(Descriptor),
    .flags = TYPE_GC,
    .kind = KIND_DESCRIPTOR,
    .slots = {.dealloc = descriptor_dealloc,
              .traverse = descriptor_traverse,
              .repr = wrapper_repr,
              .call = wrapper_call,
              .descr_get = wrapper_get},
    .methods = descriptor_methods,
    .getset = wrapper_getset,
};

const TypeSpec method_wrapper_spec = {
    .name = "method-wrapper",
    .doc = "A special method of a native class that is bound to its object.",
    .size = sizeof(MethodWrapper),
    .flags = TYPE_GC,
    .kind = KIND_OTHER,
    .slots = {.dealloc = method_wrapper_dealloc,
              .traverse = method_wrapper_traverse,
              .repr = method_wrapper_repr,
              .hash = method_wrapper_hash,
              .compare = method_wrapper_compare,
              .call = method_wrapper_call},
    .methods = method_wrapper_methods,
    .getset = method_wrapper_getset,
};
