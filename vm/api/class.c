/* Classes of the host: native types made of a cove_class_def.
 *
 *     Object | HostObject: Resource | slots ... | (16 bytes aligned) data ... | slots and data of a derived class ...
 *
 * Methods stand in the type's dict as descriptors; those with special names fill the type's slots through the same
 * way that script-made methods take. Classes that a host or a script derives have instances that start with the same
 * struct, so that a class finds its part of any instance at one place. */
#include "api/native.h"
#include "api/resource.h"

#include "object/descr.h"
#include "object/type.h"

typedef struct HostClass {
    TypeSpec spec; /* first: found from any instance's type */
    const cove_class_def *def;
    const struct HostClass *base;        /* NULL: object */
    const struct HostClass *constructor; /* the class whose constructor it has: itself, or one below */
    size_t slots_offset, data_offset;    /* of its own */
    size_t slots_below;                  /* of its bases: its own are numbered from there on */
    bool raw, collects;                  /* how the arguments of the constructor are bound */
} HostClass;

typedef struct HostObject {
    Object header;
    Resource resource;
} HostObject;

#define SIZE_LARGEST ((size_t)1 << 30)
#define SLOTS_MOST ((size_t)1 << 16)

static const HostClass *class_of(const Type *t) { return (const HostClass *)t->spec; }
static HostObject *as_host(Value v) { return (HostObject *)as_obj(v); }
static void *data_of(HostObject *o, const HostClass *c) { return (char *)o + c->data_offset; }
static Value *slots_of(Object *o, const HostClass *c) { return (Value *)((char *)o + c->slots_offset); }
static const HostClass *class_of_object(const Object *o) { return class_of(obj_type(o)); }

static void finalize(VM *vm, HostObject *o, const HostClass *c) {
    Callout callout = callout_begin(vm);
    c->def->finalize(host_vm(vm), data_of(o, c));
    callout_end(vm, callout, handle(VALUE_NONE), "finalize");
}

static void object_end(VM *vm, Resource *r) {
    HostObject *o = container_of(r, HostObject, resource);
    for (const HostClass *c = class_of_object(&o->header); c != NULL; c = c->base)
        if (c->def->finalize != NULL)
            finalize(vm, o, c);
}

static void class_dealloc(VM *vm, Object *self) {
    resource_end(vm, &((HostObject *)self)->resource);
    for (const HostClass *c = class_of_object(self); c != NULL; c = c->base)
        for (unsigned i = 0; i < c->def->slots; i++)
            decref(vm, slots_of(self, c)[i]);
}

static void class_traverse(Object *self, VisitFn visit, void *arg) {
    for (const HostClass *c = class_of_object(self); c != NULL; c = c->base)
        for (unsigned i = 0; i < c->def->slots; i++)
            visit_value(slots_of(self, c)[i], visit, arg);
}

static void class_clear(VM *vm, Object *self) {
    for (const HostClass *c = class_of_object(self); c != NULL; c = c->base)
        for (unsigned i = 0; i < c->def->slots; i++)
            set_owned(vm, &slots_of(self, c)[i], 0);
}

static Value instance_of(VM *vm, Type *type) {
    HostObject *o = object_alloc(vm, type, 0);
    if (o == NULL)
        return VALUE_ERROR;
    resource_add(vm, &o->resource, object_end);
    return from_obj(o);
}

static Value class_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (class_of(type)->def->flags & COVE_CLASS_ABSTRACT && !(type->flags & TYPE_HEAP))
        return raise_type(vm, "cannot create '%N' instances", type);
    return instance_of(vm, type);
}

static bool call_init(VM *vm, const cove_class_def *def, Value self, Value *args, size_t nargs, Value kwnames) {
    if (def->init == NULL)
        return true;
    cove_call_info call = {handle(self), (const cove_value *)args, nargs, handle(kwnames), def->user};
    Callout callout = callout_begin(vm);
    Value r = callout_end(vm, callout, def->init(host_vm(vm), &call), "__init__");
    decref(vm, r);
    return r != 0;
}

static bool class_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const HostClass *c = class_of_object(as_obj(self))->constructor;
    const char *name = type_short_name(obj_type(as_obj(self))), *signature = c->spec.signature;
    if (c->raw)
        return call_init(vm, c->def, self, args, nargs, kwnames);
    if (c->collects) {
        Collected all;
        if (!collect(vm, name, signature, args, nargs, kwnames, &all))
            return false;
        bool ok = call_init(vm, c->def, self, all.values, all.n, 0);
        collected_drop(vm, &all);
        return ok;
    }
    Value bound[PARAMETERS_MAX];
    SigCounts counts;
    signature_count(signature, &counts);
    return signature_bind(vm, name, 0, signature, args, nargs, kwnames, bound) &&
           call_init(vm, c->def, self, bound, counts.nparams, 0);
}

/* --- making the class --------------------------------------------------------------------------------------------
 */

/* Sets an attribute, as type_setattr() does for classes of scripts. */
static bool put(VM *vm, Type *t, Value name, Value v) {
    Dict *dict = type_dict(vm, t);
    if (dict == NULL)
        return false;
    Value old = incref(dict_get_str(vm, from_obj(dict), name));
    bool ok = dict_set_str(vm, from_obj(dict), name, v);
    if (ok) {
        type_modified(vm, t);
        if (slot_is_special(vm, name))
            slots_update_name(vm, t, name);
    }
    decref(vm, old); /* last: it may run scripts */
    return ok;
}

static bool put_new(VM *vm, Type *t, const char *name, Value v) {
    Value key = v == 0 ? 0 : str_intern_c(vm, name);
    bool ok = key != 0 && put(vm, t, key, v);
    decref(vm, key);
    decref(vm, v);
    return ok;
}

static Value method_new_of(VM *vm, Type *t, const cove_function_def *def) {
    HostFunction *f = host_function_new(vm, def);
    if (f == NULL)
        return VALUE_ERROR;
    if (!(def->flags & COVE_STATIC))
        return native_new(vm, &f->spec, 0, t, 0);
    Value fn = native_new(vm, &f->spec, type_value(t), t, 0), v = fn == 0 ? 0 : staticmethod_new(vm, fn);
    decref(vm, fn);
    return v;
}

static Value accessor(VM *vm, Type *t, const cove_property_def *def, cove_native_fn fn, const char *signature,
                      bool deleter) {
    if (fn == NULL)
        return VALUE_NONE;
    cove_function_def row = {def->name, fn, signature, def->doc, 0, def->user};
    HostFunction *f = host_function_new(vm, &row);
    if (f == NULL)
        return VALUE_ERROR;
    if (deleter)
        f->spec.fn = host_deleter_call;
    return native_new(vm, &f->spec, 0, t, 0);
}

static Value property_of(VM *vm, Type *t, const cove_property_def *def) {
    Value get = accessor(vm, t, def, def->get, "", false), set = 0, del = 0, doc = 0, property = 0;
    if (get != 0 && (set = accessor(vm, t, def, def->set, "value, /", false)) != 0 &&
        (del = accessor(vm, t, def, def->set, "", true)) != 0 &&
        (doc = def->doc == NULL ? VALUE_NONE : api_text(vm, def->doc, strlen(def->doc))) != 0) {
        Value args[4] = {get, set, del, doc};
        property = call(vm, type_value(vm->types.property), args, 4, 0);
    }
    decref(vm, doc);
    decref(vm, del);
    decref(vm, set);
    decref(vm, get);
    return property;
}

static cove_value init_nothing(cove_vm *host, const cove_call_info *call) { return cove_none(host); }

/* For `super().__init__()` in classes derived from this one, whose slot makes what they are constructed with. */
static bool put_init(VM *vm, Type *t, const cove_class_def *def) {
    const cove_function_def row = {.name = "__init__",
                                   .fn = def->init != NULL ? def->init : init_nothing,
                                   .signature = def->signature,
                                   .user = def->user};
    return put_new(vm, t, row.name, method_new_of(vm, t, &row));
}

static bool fill(VM *vm, Type *t, const cove_class_def *def) {
    const HostClass *c = class_of(t);
    if (c->constructor == c && !put_init(vm, t, def))
        return false;
    for (const cove_function_def *m = def->methods; m != NULL && m->name != NULL; m++)
        if (!put_new(vm, t, m->name, method_new_of(vm, t, m)))
            return false;
    for (const cove_property_def *p = def->properties; p != NULL && p->name != NULL; p++)
        if (!put_new(vm, t, p->name, property_of(vm, t, p)))
            return false;
    Value dict = from_obj(type_dict(vm, t)); /* made by now */
    return dict_get_str(vm, dict, NAME(__eq__)) == 0 || dict_get_str(vm, dict, NAME(__hash__)) != 0 ||
           put(vm, t, NAME(__hash__), VALUE_NONE); /* as in scripts */
}

/* Where its parts of an instance are; false with an exception if that becomes too large. */
static bool lay_out(VM *vm, HostClass *c) {
    const cove_class_def *def = c->def;
    c->slots_offset = c->base == NULL ? sizeof(HostObject) : c->base->spec.size;
    c->slots_below = c->base == NULL ? 0 : c->base->slots_below + c->base->def->slots;
    if (def->data_size > SIZE_LARGEST || c->slots_below + def->slots > SLOTS_MOST)
        return raise_value(vm, "instances of %s would be too large", def->name);
    c->data_offset = (c->slots_offset + def->slots * sizeof(Value) + 15) / 16 * 16;
    size_t size = c->data_offset + (def->data_size + 15) / 16 * 16;
    c->spec.size = (uint32_t)size;
    return size <= SIZE_LARGEST || raise_value(vm, "instances of %s would be too large", def->name);
}

static void set_spec(HostClass *c, const char *signature) {
    const cove_class_def *def = c->def;
    bool collected = c->slots_below + def->slots > 0;
    c->spec.name = def->name;
    c->spec.doc = def->doc;
    c->spec.signature = signature;
    c->spec.flags = (def->flags & COVE_CLASS_FINAL ? 0 : TYPE_BASE) | (collected ? TYPE_GC : 0);
    c->spec.kind = KIND_OTHER;
    c->spec.slots = (Slots){.create = class_create,
                            .init = class_init,
                            .dealloc = class_dealloc,
                            .traverse = collected ? class_traverse : NULL,
                            .clear = collected ? class_clear : NULL};
}

/* The type is known to its base like a script's class, since either may get other attributes later. */
static Type *type_make(VM *vm, HostClass *c, Type *base) {
    Type *t = type_from_spec(vm, &c->spec, base);
    if (t == NULL || type_mro(vm, t) == 0 || !type_add_subclass(vm, base, t))
        return NULL; /* like all native types, it lives until the VM ends */
    t->numbers = base->numbers;
    return fill(vm, t, c->def) ? t : NULL;
}

static Type *class_make(VM *vm, const cove_class_def *def, Type *base) {
    bool derived = def->base != NULL, constructs = !derived || def->init != NULL || def->signature != NULL;
    if (derived && def->base->flags & COVE_CLASS_FINAL)
        return (void *)raise_type(vm, "type '%N' is not an acceptable base type", base);
    const char *signature = constructs && def->signature != NULL ? def->signature : "";
    bool raw = strcmp(signature, "*") == 0;
    HostClass *c = raw || host_signature_check(vm, def->name, signature) ? mem_zalloc(vm, sizeof *c) : NULL;
    if (c == NULL)
        return NULL;
    c->def = def;
    c->base = derived ? class_of(base) : NULL;
    c->constructor = constructs ? c : c->base->constructor;
    c->raw = raw;
    c->collects = !raw && collect_is_needed(signature);
    if (!lay_out(vm, c))
        return NULL;
    set_spec(c, c->constructor == c ? signature : c->constructor->spec.signature);
    return type_make(vm, c, base);
}

static Value key_of(const void *p) { return from_small_int((int64_t)((uintptr_t)p >> 3)); }

static Type *class_get(VM *vm, const cove_class_def *def) {
    HostState *state = vm->host;
    if (state->classes == 0 && (state->classes = gc_hide(dict_new(vm))) == 0)
        return NULL;
    Value found = dict_get(vm, state->classes, key_of(def));
    if (found != 0)
        return as_type(found);
    Type *base = def->base == NULL ? vm->types.object : class_get(vm, def->base);
    Type *t = base == NULL ? NULL : class_make(vm, def, base);
    return t != NULL && dict_set(vm, state->classes, key_of(def), type_value(t)) ? t : NULL;
}

bool host_class_set(VM *vm, Value cls, Value name, Value v, bool *done) {
    Type *t = is_type(cls) ? as_type(cls) : NULL;
    if (t == NULL || t->flags & TYPE_HEAP || t->spec->slots.dealloc != class_dealloc)
        return true;
    *done = true;
    return put(vm, t, name, v);
}

cove_value cove_class(cove_vm *host, const cove_class_def *def) {
    ENTER(host);
    CHECK_POINTER(def);
    Type *t = class_get(vm, def);
    return give(vm, t == NULL ? 0 : incref(type_value(t)));
}

/* --- instances ---------------------------------------------------------------------------------------------------
 */

static bool is_host_object(Value v) {
    return has_kind(v, KIND_OTHER) && obj_type(as_obj(v))->spec->slots.dealloc == class_dealloc;
}

cove_value cove_instance(cove_vm *host, const cove_class_def *def, void **data) {
    ENTER(host);
    CHECK_POINTER(def);
    Type *t = class_get(vm, def);
    Value v = t == NULL ? 0 : instance_of(vm, t);
    if (data != NULL)
        *data = v == 0 ? NULL : data_of(as_host(v), class_of(t));
    return give(vm, v);
}

void *cove_instance_data(cove_vm *host, cove_value v, const cove_class_def *def) {
    CHECK_POINTER(def);
    CHECK_USE(host, v);
    if (likely(is_host_object(v.bits))) {
        for (const HostClass *c = class_of_object(as_obj(v.bits)); c != NULL; c = c->base)
            if (likely(c->def == def))
                return data_of(as_host(v.bits), c);
    }
    ENTER(host);
    NEED_OR(v, NULL);
    raise_type(vm, "a %s is required, not %T", def->name, v.bits);
    api_fail(vm);
    return NULL;
}

/* The place of a slot; NULL with an exception. */
static Value *slot_of(VM *vm, Value v, unsigned slot) {
    if (!is_host_object(v))
        return (void *)raise_type(vm, "an instance of a class of the host is required, not %T", v);
    const HostClass *c = class_of_object(as_obj(v));
    if (slot >= c->slots_below + c->def->slots)
        return (void *)raise_index(vm, "'%T' objects have no slot %d", v, (int)slot);
    while (slot < c->slots_below)
        c = c->base;
    return &slots_of(as_obj(v), c)[slot - c->slots_below];
}

cove_value cove_slot(cove_vm *host, cove_value instance, unsigned slot) {
    ENTER(host);
    NEED(instance);
    const Value *place = slot_of(vm, instance.bits, slot);
    if (place == NULL)
        return api_fail(vm);
    return *place == 0 ? cove_absent() : give_borrowed(vm, *place);
}

bool cove_set_slot(cove_vm *host, cove_value instance, unsigned slot, cove_value v) {
    ENTER(host);
    NEED_OR(instance, false);
    Value *place = slot_of(vm, instance.bits, slot);
    if (place == NULL)
        return given_ok(vm, false);
    CHECK_VALUE(v);
    set_owned(vm, place, incref(v.bits));
    return true;
}
