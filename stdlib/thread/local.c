/* threading.local: an object with attributes of its own in every thread.
 *
 * The attributes of a thread are a dict in a slot, which belongs to both sides. The thread holds the slot, in a dict
 * keyed by the object's address, so that the attributes go with the thread. The object has the list of its slots: it
 * is the object that shows the attributes to the collector, and whose end empties them all. */
#include "stdlib/thread/thread.h"

#include "object/instance.h"
#include "object/type.h"

typedef struct LocalSlot {
    Object header;
    struct Local *owner; /* borrowed; NULL: its end has come */
    struct LocalSlot *next;
    Value attributes; /* dict, or 0 */
} LocalSlot;

typedef struct Local {
    Object header;
    Value args, names; /* of the constructor, for __init__ in other threads */
    size_t nargs;
    LocalSlot *slots; /* of all threads; the threads own them */
} Local;

static Local *as_local(Value v) { return (Local *)as_obj(v); }

static void slot_dealloc(VM *vm, Object *self) {
    LocalSlot *slot = (LocalSlot *)self;
    if (slot->owner != NULL) {
        LocalSlot **link = &slot->owner->slots;
        while (*link != slot)
            link = &(*link)->next;
        *link = slot->next;
    }
    decref(vm, slot->attributes);
}

static const TypeSpec slot_spec = {
    .name = "_thread._localslot",
    .size = sizeof(LocalSlot),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = slot_dealloc},
};

static Value key_of(VM *vm, Local *l) { return int_from_uint64(vm, (uint64_t)(uintptr_t)l); }

static bool has_own_init(VM *vm, Type *type) { return type->slots.init != vm->types.object->slots.init; }

/* The slot of a thread, borrowed; NULL if there is none, or with an error. */
static LocalSlot *slot_find(VM *vm, Local *l, Thread *t) {
    Value key = t->locals == 0 ? 0 : key_of(vm, l), found = key == 0 ? 0 : dict_get(vm, t->locals, key);
    decref(vm, key);
    return found == 0 ? NULL : (LocalSlot *)as_obj(found);
}

static LocalSlot *slot_add(VM *vm, Local *l) {
    Thread *t = vm->thread;
    if (t->locals == 0 && (t->locals = dict_new(vm)) == 0)
        return NULL;
    Type *type = vm_type(vm, &slot_spec, vm->types.object);
    Value key = type == NULL ? VALUE_ERROR : key_of(vm, l);
    LocalSlot *slot = key == 0 ? NULL : object_alloc(vm, type, 0);
    bool ok = slot != NULL && dict_set(vm, t->locals, key, from_obj(slot));
    decref(vm, key);
    if (slot != NULL)
        obj_decref(vm, &slot->header); /* the thread's dict owns it */
    if (!ok)
        return NULL;
    slot->owner = l;
    slot->next = l->slots;
    l->slots = slot;
    return slot;
}

/* Adds an empty dict for the running thread; borrowed. */
static Value attributes_add(VM *vm, Local *l) {
    LocalSlot *slot = slot_find(vm, l, vm->thread);
    if (slot == NULL && (error_pending(vm) || (slot = slot_add(vm, l)) == NULL))
        return VALUE_ERROR;
    return slot->attributes = dict_new(vm);
}

/* The running thread's attributes, borrowed. In a thread that sees the object for the first time, __init__ runs as it
 * did where the object was made. */
static Value attributes(VM *vm, Local *l) {
    LocalSlot *slot = slot_find(vm, l, vm->thread);
    if (error_pending(vm))
        return VALUE_ERROR;
    if (slot != NULL && slot->attributes != 0)
        return slot->attributes;
    Value dict = attributes_add(vm, l);
    Type *type = obj_type(&l->header);
    if (dict != 0 && has_own_init(vm, type) &&
        !type->slots.init(vm, from_obj(l), as_tuple(l->args)->items, l->nargs, l->names)) {
        Value pending = error_take(vm);
        if ((slot = slot_find(vm, l, vm->thread)) != NULL)
            set_owned(vm, &slot->attributes, 0);
        error_clear(vm);
        return raise_steal(vm, pending);
    }
    return dict;
}

static Value local_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    size_t all = nargs + (kwnames == 0 ? 0 : as_tuple(kwnames)->len);
    if (all != 0 && !has_own_init(vm, type))
        return raise_type(vm, "Initialization arguments are not supported");
    Value kept = tuple_from_array(vm, args, all);
    Local *l = kept == 0 ? NULL : object_alloc(vm, type, 0);
    if (l == NULL) {
        decref(vm, kept);
        return VALUE_ERROR;
    }
    l->args = kept;
    l->nargs = nargs;
    l->names = kwnames == 0 ? 0 : incref(kwnames);
    if (attributes_add(vm, l) == 0) {
        obj_decref(vm, &l->header);
        return VALUE_ERROR;
    }
    return from_obj(l);
}

static void local_clear(VM *vm, Object *self) {
    Local *l = (Local *)self;
    set_owned(vm, &l->args, 0);
    set_owned(vm, &l->names, 0);
    for (LocalSlot *slot = l->slots; slot != NULL;) {
        if (slot->attributes != 0) { /* whose finalizers may do anything to the list */
            set_owned(vm, &slot->attributes, 0);
            slot = l->slots;
        } else {
            slot = slot->next;
        }
    }
}

static void local_dealloc(VM *vm, Object *self) {
    Local *l = (Local *)self;
    Value pending = error_take(vm), key = key_of(vm, l);
    local_clear(vm, self);
    for (LocalSlot *slot = l->slots; slot != NULL; slot = slot->next)
        slot->owner = NULL;
    for (Thread *t = vm->threads; key != 0 && t != NULL; t = t->next)
        if (t->locals != 0 && dict_get(vm, t->locals, key) != 0)
            dict_delete(vm, t->locals, key);
    decref(vm, key);
    error_clear(vm);
    vm->thread->exception = pending;
}

static void local_traverse(Object *self, VisitFn visit, void *arg) {
    Local *l = (Local *)self;
    if (is_obj(l->args))
        visit(as_obj(l->args), arg);
    if (is_obj(l->names))
        visit(as_obj(l->names), arg);
    for (LocalSlot *slot = l->slots; slot != NULL; slot = slot->next)
        if (is_obj(slot->attributes))
            visit(as_obj(slot->attributes), arg);
}

static bool on_the_class(VM *vm, Value self, Value name) {
    Value found = type_lookup(vm, obj_type(as_obj(self)), name);
    return found != 0 && is_obj(found) && obj_type(as_obj(found))->slots.descr_set != NULL;
}

static Value local_getattr(VM *vm, Value self, Value name) {
    Value dict = attributes(vm, as_local(self));
    if (dict == 0)
        return VALUE_ERROR;
    if (str_equals_c(name, "__dict__"))
        return incref(dict);
    Value found = on_the_class(vm, self, name) ? 0 : dict_get(vm, dict, name);
    if (found != 0)
        return incref(found);
    return error_pending(vm) ? VALUE_ERROR : attr_generic_get(vm, self, name);
}

static bool local_setattr(VM *vm, Value self, Value name, Value value) {
    Value dict = attributes(vm, as_local(self));
    if (dict == 0)
        return false;
    if (str_equals_c(name, "__dict__"))
        return raise_attribute(vm, self, name, "'%T' object attribute '__dict__' is read-only", self);
    if (on_the_class(vm, self, name))
        return attr_generic_set(vm, self, name, value);
    if (value != 0)
        return dict_set(vm, dict, name, value);
    int deleted = dict_delete(vm, dict, name);
    return deleted == 0 ? raise_no_attribute(vm, self, name) : deleted > 0;
}

const TypeSpec thread_local_spec = {
    .name = "_thread._local",
    .doc = "An object whose attributes are different ones in every thread.",
    .signature = "",
    .size = sizeof(Local),
    .flags = TYPE_GC | TYPE_BASE | TYPE_CUSTOM_GETATTR | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = local_create,
              .dealloc = local_dealloc,
              .traverse = local_traverse,
              .clear = local_clear,
              .getattr = local_getattr,
              .setattr = local_setattr},
};
