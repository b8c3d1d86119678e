/* Iterators and awaitables whose steps a C function of the host makes. */
#include "api/resource.h"

#include "interp/generator.h"
#include "object/type.h"

typedef struct Stepper {
    Object header;
    Resource resource;
    cove_step_fn step; /* NULL: over */
    void *user;
    void (*release)(void *user);
    bool going; /* a step is being made: nothing else may go on with it, or end it, meanwhile */
} Stepper;

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

static Stepper *as_stepper(Value v) { return (Stepper *)as_obj(v); }

static void stepper_end(VM *vm, Resource *r) {
    Stepper *s = container_of(r, Stepper, resource);
    s->step = NULL;
    if (s->release != NULL)
        s->release(s->user);
}

static void stepper_dealloc(VM *vm, Object *self) { resource_end(vm, &((Stepper *)self)->resource); }

/* Scripts that a step calls, and other threads while it has left the VM, may not come to it again: the host's state
 * is half-way, and its end would free what the step goes on with. */
static bool check_idle(VM *vm, const Stepper *s) {
    return !s->going || raise_value(vm, "%N already executing", obj_type(&s->header));
}

static SendStatus stepper_send(VM *vm, Value self, Value sent, Value *out) {
    Stepper *s = as_stepper(self);
    *out = VALUE_ERROR;
    if (!check_idle(vm, s) || !native_enter(vm, ""))
        return SEND_ERROR;
    *out = VALUE_NONE;
    if (s->step == NULL) {
        native_leave(vm);
        return SEND_RETURN;
    }
    cove_value v = cove_absent();
    Callout callout = callout_begin(vm);
    incref(self);
    s->going = true;
    enum cove_step step = s->step(host_vm(vm), s->user, handle(sent), &v);
    s->going = false;
    bool failed = step != COVE_STEP_YIELDED && step != COVE_STEP_RETURNED;
    *out = callout_end(vm, callout, failed ? cove_absent() : v.bits == 0 ? handle(VALUE_NONE) : v, "step");
    if (step != COVE_STEP_YIELDED)
        resource_end(vm, &s->resource);
    decref(vm, self);
    native_leave(vm);
    return failed ? SEND_ERROR : step == COVE_STEP_YIELDED ? SEND_YIELD : SEND_RETURN;
}

static Value step_value(VM *vm, Value self, Value sent) {
    Value v;
    SendStatus status = stepper_send(vm, self, sent, &v);
    if (status == SEND_YIELD)
        return v;
    if (status == SEND_RETURN) {
        if (v != VALUE_NONE)
            raise_stop_iteration(vm, v);
        decref(vm, v);
    }
    return VALUE_ERROR;
}

static Value stepper_next(VM *vm, Value self) { return step_value(vm, self, VALUE_NONE); }

static Value method_send(NATIVE_ARGS) {
    Value v = step_value(vm, self, args[0]);
    return v == 0 && !error_pending(vm) ? raise_stop_iteration(vm, 0) : v;
}

static Value method_throw(NATIVE_ARGS) {
    Value thrown = check_idle(vm, as_stepper(self)) ? generator_throw_exception(vm, args) : 0;
    if (thrown == 0)
        return VALUE_ERROR;
    resource_end(vm, &as_stepper(self)->resource);
    return raise_thrown(vm, thrown);
}

static Value method_close(NATIVE_ARGS) {
    if (!check_idle(vm, as_stepper(self)))
        return VALUE_ERROR;
    resource_end(vm, &as_stepper(self)->resource);
    return VALUE_NONE;
}

static const MethodSpec awaitable_methods[] = {
    {"send", method_send, "value, /", "Goes on with a value.", 0},
    {"throw", method_throw, "type, value=None, traceback=None, /", "Ends it with an exception.", 0},
    {"close", method_close, "", "Ends it.", 0},
    {0},
};

static const TypeSpec iterator_spec = {
    .name = "cove.iterator",
    .doc = "An iterator of the program that Cove is part of.",
    .size = sizeof(Stepper),
    .flags = TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {.dealloc = stepper_dealloc, .iter = iter_self, .next = stepper_next},
};

static const TypeSpec awaitable_spec = {
    .name = "cove.awaitable",
    .doc = "An awaitable of the program that Cove is part of.",
    .size = sizeof(Stepper),
    .flags = TYPE_NO_NEW | TYPE_SELF_AWAIT,
    .kind = KIND_OTHER,
    .slots = {.dealloc = stepper_dealloc,
              .iter = iter_self,
              .await = iter_self,
              .next = stepper_next,
              .send = stepper_send},
    .methods = awaitable_methods,
};

static cove_value stepper_new(VM *vm, const TypeSpec *spec, cove_step_fn step, void *user, void (*release)(void *)) {
    Type *type = vm_type(vm, spec, NULL);
    Stepper *s = type == NULL ? NULL : object_alloc(vm, type, 0);
    if (s == NULL)
        return api_fail(vm);
    s->step = step;
    s->user = user;
    s->release = release;
    resource_add(vm, &s->resource, stepper_end);
    return give(vm, from_obj(s));
}

cove_value cove_iterator(cove_vm *host, cove_step_fn step, void *user, void (*release)(void *user)) {
    ENTER(host);
    CHECK_POINTER(step);
    return stepper_new(vm, &iterator_spec, step, user, release);
}

cove_value cove_awaitable(cove_vm *host, cove_step_fn step, void *user, void (*release)(void *user)) {
    ENTER(host);
    CHECK_POINTER(step);
    return stepper_new(vm, &awaitable_spec, step, user, release);
}

cove_value cove_end_iteration(cove_vm *host, cove_value value) {
    ENTER(host);
    raise_stop_iteration(vm, value.bits);
    return api_fail(vm);
}
