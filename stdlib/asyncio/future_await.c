/* A future being awaited: SEND drives the future itself, and whoever asks for an iterator gets a FutureIter. */
#include "stdlib/asyncio/asyncio.h"

#include "interp/generator.h"

SendStatus future_send(VM *vm, Value self, Value sent, Value *out) {
    Future *f = as_future(self);
    *out = 0;
    if (f->state == FUTURE_PENDING) {
        if (f->flags & FUTURE_BLOCKING) {
            raise_runtime(vm, "await wasn't used with future");
            return SEND_ERROR;
        }
        if (!future_check(vm, f))
            return SEND_ERROR;
        f->flags |= FUTURE_BLOCKING;
        *out = incref(self);
        return SEND_YIELD;
    }
    *out = future_result(vm, self);
    return *out ? SEND_RETURN : SEND_ERROR;
}

typedef struct FutureIter {
    Object header;
    Value future; /* 0 when it has given its result or was closed */
} FutureIter;

Value future_iter_new(VM *vm, Value self) {
    if (!future_check(vm, as_future(self)))
        return VALUE_ERROR;
    FutureIter *it = object_alloc(vm, async_state(vm)->future_iter, 0);
    if (!it)
        return VALUE_ERROR;
    it->future = incref(self);
    return from_obj(it);
}

static SendStatus iter_slot_send(VM *vm, Value self, Value sent, Value *out) {
    FutureIter *it = (FutureIter *)as_obj(self);
    *out = VALUE_NONE;
    if (!it->future)
        return SEND_RETURN;
    Value future = it->future;
    if (as_future(future)->state == FUTURE_PENDING)
        return future_send(vm, future, sent, out);
    it->future = 0;
    SendStatus status = future_send(vm, future, sent, out);
    decref(vm, future);
    return status;
}

static Value iter_step(VM *vm, Value self) {
    Value out;
    SendStatus status = iter_slot_send(vm, self, VALUE_NONE, &out);
    if (status == SEND_YIELD)
        return out;
    if (status == SEND_RETURN) {
        raise_stop_iteration(vm, is_none(out) ? 0 : out);
        decref(vm, out);
    }
    return VALUE_ERROR;
}

static Value iter_method_send(NATIVE_ARGS) { return iter_step(vm, self); }

static Value iter_method_throw(NATIVE_ARGS) {
    Value thrown = generator_throw_exception(vm, args);
    if (!thrown)
        return VALUE_ERROR;
    set_owned(vm, &((FutureIter *)as_obj(self))->future, 0);
    return raise_thrown(vm, thrown);
}

static Value iter_method_close(NATIVE_ARGS) {
    set_owned(vm, &((FutureIter *)as_obj(self))->future, 0);
    return VALUE_NONE;
}

static const MethodSpec iter_methods[] = {
    {"send", iter_method_send, "value, /", "Goes on waiting.", 0},
    {"throw", iter_method_throw, "typ, val=None, tb=None, /", "Raises the exception.", 0},
    {"close", iter_method_close, "", "Ends the iterator.", 0},
    {0},
};

const TypeSpec future_iter_spec = {
    .name = "_asyncio.FutureIter",
    .doc = "Waits for a future: what awaiting one runs.",
    .size = sizeof(FutureIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = iter_step, .send = iter_slot_send},
    .methods = iter_methods,
};
