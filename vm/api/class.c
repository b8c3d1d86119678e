/* Classes of the host: native types made of a cove_class_def.
 *
 *     Object | HostObject: Resource | slots ... | (16 bytes aligned) data ...
 *
 * Methods stand in the type's dict as descriptors; those with special names fill the type's slots through the same
 * way that script-made methods take. Scripts may derive classes, whose instances start with the same struct. */
#include "api/native.h"
#include "api/resource.h"

#include "object/descr.h"
#include "object/type.h"

typedef struct HostClass {
    TypeSpec spec; /* first: found from any instance's type */
    const cove_class_def *def;
    size_t data_offset;
    bool raw, collects; /* how the arguments of the constructor are bound */
} HostClass;

typedef struct HostObject {
    Object header;
    Resource resource;
    Value slots[];
} HostObject;

static const HostClass *class_of(const Type *t) { return (const HostClass *)t->spec; }
static HostObject *as_host(Value v) { return (HostObject *)as_obj(v); }
static void *data_of(HostObject *o) { return (char *)o + class_of(obj_type(&o->header))->data_offset; }

static void object_end(VM *vm, Resource *r) {
    HostObject *o = container_of(r, HostObject, resource);
    const cove_class_def *def = class_of(obj_type(&o->header))->def;
    if (def->finalize == NULL)
        return;
    Callout callout = callout_begin(vm);
    def->finalize(host_vm(vm), data_of(o));
    callout_end(vm, callout, handle(VALUE_NONE), "finalize");
}

static void class_dealloc(VM *vm, Object *self) {
    HostObject *o = (HostObject *)self;
    resource_end(vm, &o->resource);
    for (unsigned i = 0; i < class_of(obj_type(self))->def->slots; i++)
        decref(vm, o->slots[i]);
}

static void class_traverse(Object *self, VisitFn visit, void *arg) {
    for (unsigned i = 0; i < class_of(obj_type(self))->def->slots; i++)
        visit_value(((HostObject *)self)->slots[i], visit, arg);
}

static void class_clear(VM *vm, Object *self) {
    for (unsigned i = 0; i < class_of(obj_type(self))->def->slots; i++)
        set_owned(vm, &((HostObject *)self)->slots[i], 0);
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

static bool call_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const cove_class_def *def = class_of(obj_type(as_obj(self)))->def;
    if (def->init == NULL)
        return true;
    cove_call_info call = {handle(self), (const cove_value *)args, nargs, handle(kwnames), def->user};
    Callout callout = callout_begin(vm);
    Value r = callout_end(vm, callout, def->init(host_vm(vm), &call), "__init__");
    decref(vm, r);
    return r != 0;
}

static bool class_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const HostClass *c = class_of(obj_type(as_obj(self)));
    const char *name = type_short_name(obj_type(as_obj(self))), *signature = c->spec.signature;
    if (c->raw)
        return call_init(vm, self, args, nargs, kwnames);
    if (c->collects) {
        Collected all;
        if (!collect(vm, name, signature, args, nargs, kwnames, &all))
            return false;
        bool ok = call_init(vm, self, all.values, all.n, 0);
        collected_drop(vm, &all);
        return ok;
    }
    Value bound[PARAMETERS_MAX];
    SigCounts counts;
    signature_count(signature, &counts);
    return signature_bind(vm, name, 0, signature, args, nargs, kwnames, bound) &&
           call_init(vm, self, bound, counts.nparams, 0);
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

static bool fill(VM *vm, Type *t, const cove_class_def *def) {
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

static Type *class_make(VM *vm, const cove_class_def *def) {
    const char *signature = def->signature == NULL ? "" : def->signature;
    bool raw = strcmp(signature, "*") == 0;
    if (def->data_size > (size_t)1 << 30 || def->slots > 1 << 16)
        return (void *)raise_value(vm, "instances of %s would be too large", def->name);
    HostClass *c = raw || host_signature_check(vm, def->name, signature) ? mem_zalloc(vm, sizeof *c) : NULL;
    if (c == NULL)
        return NULL;
    c->def = def;
    c->data_offset = (sizeof(HostObject) + def->slots * sizeof(Value) + 15) / 16 * 16;
    c->raw = raw;
    c->collects = !raw && collect_is_needed(signature);
    c->spec = (TypeSpec){
        .name = def->name,
        .doc = def->doc,
        .signature = signature,
        .size = (uint32_t)(c->data_offset + (def->data_size + 15) / 16 * 16),
        .flags = (def->flags & COVE_CLASS_FINAL ? 0 : TYPE_BASE) | (def->slots > 0 ? TYPE_GC : 0),
        .kind = KIND_OTHER,
        .slots = {.create = class_create,
                  .init = class_init,
                  .dealloc = class_dealloc,
                  .traverse = def->slots > 0 ? class_traverse : NULL,
                  .clear = def->slots > 0 ? class_clear : NULL},
    };
    Type *t = type_from_spec(vm, &c->spec, NULL);
    if (t == NULL || type_mro(vm, t) == 0 || !fill(vm, t, def))
        return NULL; /* like all native types, it lives until the VM ends */
    return t;
}

static Value key_of(const void *p) { return from_small_int((int64_t)((uintptr_t)p >> 3)); }

static Type *class_get(VM *vm, const cove_class_def *def) {
    HostState *state = vm->host;
    if (state->classes == 0 && (state->classes = gc_hide(dict_new(vm))) == 0)
        return NULL;
    Value found = dict_get(vm, state->classes, key_of(def));
    if (found != 0)
        return as_type(found);
    Type *t = class_make(vm, def);
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
        *data = v == 0 ? NULL : data_of(as_host(v));
    return give(vm, v);
}

void *cove_instance_data(cove_vm *host, cove_value v, const cove_class_def *def) {
    CHECK_POINTER(def);
    CHECK_USE(host, v);
    if (likely(is_host_object(v.bits) && class_of(obj_type(as_obj(v.bits)))->def == def))
        return data_of(as_host(v.bits));
    ENTER(host);
    NEED_OR(v, NULL);
    const char *dot = strrchr(def->name, '.');
    raise_type(vm, "a %s is required, not %T", dot != NULL ? dot + 1 : def->name, v.bits);
    api_fail(vm);
    return NULL;
}

/* The place of a slot; NULL with an exception. */
static Value *slot_of(VM *vm, Value v, unsigned slot) {
    if (!is_host_object(v))
        return (void *)raise_type(vm, "an instance of a class of the host is required, not %T", v);
    if (slot >= class_of(obj_type(as_obj(v)))->def->slots)
        return (void *)raise_index(vm, "'%T' objects have no slot %d", v, (int)slot);
    return &as_host(v)->slots[slot];
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
