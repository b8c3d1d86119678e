/* The iteration protocols: iter, next, send, their asynchronous twins, and length hints.
 *
 * A `next` slot that returns 0 has either raised or come to the end; raising StopIteration is one more way to come to
 * the end, which iter_next and iter_send take in, so that their callers see just two cases.
 */
#include "interp/generator.h"
#include "object/containers.h"
#include "runtime/vm.h"

/* Can it be iterated over by __getitem__ with 0, 1, 2, ...? */
static bool is_sequence(const Type *t) {
    return t->slots.getitem && t->kind != KIND_DICT &&
           ((t->flags & (TYPE_HEAP | TYPE_SEQUENCE)) || !t->spec->slots.getitem); /* or a class of a host */
}

Value iter_get(VM *vm, Value v) {
    Type *t = fast_type(vm, v);
    if (likely(t->slots.iter)) {
        Value it = t->slots.iter(vm, v);
        if (unlikely(it && !fast_type(vm, it)->slots.next)) {
            raise_type(vm, "iter() returned non-iterator of type '%.100T'", it);
            decref(vm, it);
            return VALUE_ERROR;
        }
        return it;
    }
    if (is_sequence(t))
        return sequence_iter_new(vm, v);
    return raise_type(vm, "'%.200T' object is not iterable", v);
}

Value iter_next(VM *vm, Value it) {
    UnaryFn next = fast_type(vm, it)->slots.next;
    if (unlikely(!next))
        return raise_type(vm, "'%.200T' object is not an iterator", it);
    /* iterators over iterators nest in C without passing through a call */
    if (unlikely((char *)__builtin_frame_address(0) < vm->thread->stack_limit))
        return raise_recursion(vm, "");
    /* native code that takes item after item of an endless native iterator can be interrupted too */
    if (unlikely(vm_interrupted(vm)) && !vm_safepoint(vm))
        return VALUE_ERROR;
    Value item = next(vm, it);
    if (unlikely(!item))
        iter_ended(vm);
    return item;
}

/* After a failed step: the value of StopIteration, if that is what was raised. */
static SendStatus stop_value(VM *vm, Value *out) {
    *out = VALUE_NONE;
    if (!error_pending(vm))
        return SEND_RETURN;
    if (!error_matches(vm, vm->exc.StopIteration))
        return SEND_ERROR;
    Value exc = error_take(vm);
    Value value = exception_field(exc, STOPITERATION_VALUE);
    if (value)
        *out = incref(value);
    decref(vm, exc);
    return SEND_RETURN;
}

SendStatus iter_send(VM *vm, Value it, Value sent, Value *out) {
    Type *t = fast_type(vm, it);
    if (t->slots.send)
        return t->slots.send(vm, it, sent, out);
    Value item;
    if (is_none(sent) && t->slots.next)
        item = t->slots.next(vm, it);
    else
        item = call_method1(vm, it, NAME(send), sent);
    if (!item)
        return stop_value(vm, out);
    *out = item;
    return SEND_YIELD;
}

ssize_t length_hint(VM *vm, Value v, ssize_t fallback) {
    Type *t = fast_type(vm, v);
    if (t->slots.len) {
        ssize_t n = length(vm, v);
        if (n >= 0)
            return n;
        if (!error_matches(vm, vm->exc.TypeError))
            return -1;
        error_clear(vm);
    }
    if (!type_lookup(vm, t, NAME(__length_hint__)))
        return fallback;
    Value hint = call_special(vm, v, NAME(__length_hint__), NULL, 0);
    if (!hint) {
        if (!error_pending(vm))
            return fallback;
        if (!error_matches(vm, vm->exc.TypeError))
            return -1;
        error_clear(vm);
        return fallback;
    }
    if (hint == VALUE_NOTIMPL)
        return fallback;
    ssize_t n = -1;
    if (!is_int(hint))
        raise_type(vm, "__length_hint__ must be an integer, not %.100T", hint);
    else if (to_ssize(vm, hint, &n) && n < 0)
        raise_value(vm, "__length_hint__() should return >= 0");
    decref(vm, hint);
    return error_pending(vm) ? -1 : n;
}

/* ---- asynchronous ---------------------------------------------------------------------------------------------- */

Value async_iter_get(VM *vm, Value v) {
    Type *t = fast_type(vm, v);
    if (!t->slots.aiter)
        return raise_type(vm, "'async for' requires an object with __aiter__ method, got %.100T", v);
    Value it = t->slots.aiter(vm, v);
    if (it && !fast_type(vm, it)->slots.anext) {
        raise_type(vm, "'async for' received an object from __aiter__ that does not implement __anext__: %.100T", it);
        decref(vm, it);
        return VALUE_ERROR;
    }
    return it;
}

/* Replaces the pending error by a TypeError that has it as cause and context. */
static Value raise_type_from(VM *vm, const char *fmt, Value shown) {
    Value cause = error_take(vm);
    raise_type(vm, fmt, shown);
    Value exc = error_take(vm);
    if (exc && cause && is_exception(exc)) {
        set_owned(vm, &as_exception(exc)->cause, incref(cause));
        set_owned(vm, &as_exception(exc)->context, incref(cause));
        as_exception(exc)->suppress_context = true;
    }
    decref(vm, cause);
    return exc ? raise_steal(vm, exc) : VALUE_ERROR;
}

Value async_iter_next(VM *vm, Value v) {
    Type *t = fast_type(vm, v);
    if (!t->slots.anext)
        return raise_type(vm, "'async for' requires an iterator with __anext__ method, got %.100T", v);
    Value awaitable = t->slots.anext(vm, v);
    if (!awaitable || t == vm->types.async_generator)
        return awaitable;
    Value it = awaitable_iter(vm, awaitable);
    if (!it)
        raise_type_from(vm, "'async for' received an invalid object from __anext__: %.100T", awaitable);
    decref(vm, awaitable);
    return it;
}

static bool is_coroutine(VM *vm, Value v) {
    return is_exact(v, vm->types.coroutine) || (has_kind(v, KIND_GENERATOR) && generator_is_awaitable(v));
}

Value awaitable_iter(VM *vm, Value v) {
    if (is_coroutine(vm, v))
        return incref(v);
    Type *t = fast_type(vm, v);
    if (!t->slots.await)
        return raise_type(vm, "object %.100T can't be used in 'await' expression", v);
    Value it = t->slots.await(vm, v);
    if (!it)
        return VALUE_ERROR;
    if (is_coroutine(vm, it))
        raise_type(vm, "__await__() returned a coroutine");
    else if (!fast_type(vm, it)->slots.next)
        raise_type(vm, "__await__() returned non-iterator of type '%.100T'", it);
    else
        return it;
    decref(vm, it);
    return VALUE_ERROR;
}
