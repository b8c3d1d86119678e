/* Iterators, generators and coroutines driven from C. */
#include "api/api.h"
#include "interp/generator.h"

cove_value cove_iter(cove_vm *host, cove_value v) {
    ENTER(host);
    NEED(v);
    return give(vm, iter_get(vm, v.bits));
}

/* What a step gave (owned; anything on failure), handed to the host. */
static enum cove_step given_step(VM *vm, SendStatus status, Value v, cove_value *out) {
    if (status == SEND_ERROR) {
        api_fail(vm);
        *out = cove_absent();
        return COVE_STEP_FAILED;
    }
    *out = give(vm, v);
    if (out->bits == 0)
        return COVE_STEP_FAILED;
    return status == SEND_YIELD ? COVE_STEP_YIELDED : COVE_STEP_RETURNED;
}

/* Generators and coroutines, not async generators, which are driven through their awaitables. */
static bool is_plain_generator(VM *vm, Value v) {
    return has_kind(v, KIND_GENERATOR) && obj_type(as_obj(v)) != vm->types.async_generator;
}

static enum cove_step send(VM *vm, Value it, Value sent, cove_value *out) {
    Value v = 0;
    SendStatus status;
    if (likely(is_plain_generator(vm, it)))
        status = generator_send(vm, as_generator(it), sent, &v);
    else
        status = iter_send(vm, it, sent, &v);
    return given_step(vm, status, v, out);
}

enum cove_step cove_next(cove_vm *host, cove_value iterator, cove_value *out) {
    ENTER(host);
    CHECK_POINTER(out);
    *out = cove_absent();
    NEED_OR(iterator, COVE_STEP_FAILED);
    if (!is_obj(iterator.bits) || obj_type(as_obj(iterator.bits))->slots.next == NULL) {
        raise_type(vm, "'%T' object is not an iterator", iterator.bits);
        api_fail(vm);
        return COVE_STEP_FAILED;
    }
    return send(vm, iterator.bits, VALUE_NONE, out);
}

enum cove_step cove_send(cove_vm *host, cove_value generator, cove_value sent, cove_value *out) {
    ENTER(host);
    CHECK_POINTER(out);
    *out = cove_absent();
    NEED_OR(generator, COVE_STEP_FAILED);
    return send(vm, generator.bits, sent.bits == 0 ? VALUE_NONE : sent.bits, out);
}

enum cove_step cove_throw(cove_vm *host, cove_value generator, cove_value exception, cove_value *out) {
    ENTER(host);
    CHECK_POINTER(out);
    *out = cove_absent();
    NEED_OR(generator, COVE_STEP_FAILED);
    NEED_OR(exception, COVE_STEP_FAILED);
    Value v = 0, args[3] = {exception.bits, 0, 0}, exc = generator_throw_exception(vm, args);
    if (exc == 0) {
        api_fail(vm);
        return COVE_STEP_FAILED;
    }
    SendStatus status = delegate_throw(vm, generator.bits, exc, &v);
    return given_step(vm, status, v, out);
}

bool cove_close(cove_vm *host, cove_value generator) {
    ENTER(host);
    NEED_OR(generator, false);
    if (is_plain_generator(vm, generator.bits))
        return given_ok(vm, generator_close(vm, as_generator(generator.bits)));
    Value r = call_method0(vm, generator.bits, NAME(close));
    decref(vm, r);
    return given_ok(vm, r != 0);
}
