/* threading.local: an object with attributes of its own in every thread.
 *
 * The attributes of a thread are a dict that the thread holds, keyed by the object's address: it goes with the
 * thread, and the object's end takes it out of all threads. */
#include "stdlib/thread/thread.h"

#include "object/instance.h"
#include "object/type.h"

typedef struct Local {
    Object header;
    Value args, names; /* of the constructor, for __init__ in other threads */
    size_t nargs;
} Local;

static Local *as_local(Value v) { return (Local *)as_obj(v); }

static Value key_of(VM *vm, Local *l) { return int_from_uint64(vm, (uint64_t)(uintptr_t)l); }

static bool has_own_init(VM *vm, Type *type) { return type->slots.init != vm->types.object->slots.init; }

/* Adds an empty dict for the running thread; borrowed. */
static Value attributes_add(VM *vm, Local *l) {
    Thread *t = vm->thread;
    if (t->locals == 0 && (t->locals = dict_new(vm)) == 0)
        return VALUE_ERROR;
    Value key = key_of(vm, l), dict = key == 0 ? VALUE_ERROR : dict_new(vm);
    bool ok = dict != 0 && dict_set(vm, t->locals, key, dict);
    decref(vm, key);
    decref(vm, dict);
    return ok ? dict : VALUE_ERROR;
}

/* The running thread's attributes, borrowed. In a thread that sees the object for the first time, __init__ runs as it
 * did where the object was made. */
static Value attributes(VM *vm, Local *l) {
    Value key = key_of(vm, l);
    if (key == 0)
        return VALUE_ERROR;
    Value dict = vm->thread->locals == 0 ? 0 : dict_get(vm, vm->thread->locals, key);
    decref(vm, key);
    if (dict != 0 || error_pending(vm))
        return dict;
    dict = attributes_add(vm, l);
    Type *type = obj_type(&l->header);
    if (dict != 0 && has_own_init(vm, type) &&
        !type->slots.init(vm, from_obj(l), as_tuple(l->args)->items, l->nargs, l->names)) {
        Value pending = error_take(vm);
        key = key_of(vm, l);
        if (key == 0 || dict_delete(vm, vm->thread->locals, key) < 0)
            error_clear(vm);
        decref(vm, key);
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
    Value args = l->args, names = l->names;
    l->args = l->names = 0;
    decref(vm, args);
    decref(vm, names);
}

/* The attributes of all threads go at once; what their finalizers do to the threads' list cannot matter, as each dict
 * is taken out before it is dropped. */
static void local_dealloc(VM *vm, Object *self) {
    Value pending = error_take(vm), key = key_of(vm, (Local *)self);
    for (Thread *t = vm->threads; key != 0 && t != NULL; t = t->next)
        if (t->locals != 0 && dict_get(vm, t->locals, key) != 0)
            dict_delete(vm, t->locals, key);
    decref(vm, key);
    error_clear(vm);
    vm->thread->exception = pending;
    local_clear(vm, self);
}

static void local_traverse(Object *self, VisitFn visit, void *arg) {
    Local *l = (Local *)self;
    if (is_obj(l->args))
        visit(as_obj(l->args), arg);
    if (is_obj(l->names))
        visit(as_obj(l->names), arg);
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
