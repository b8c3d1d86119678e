/* Async generators: the object and the awaitables of its methods.
 *
 * The body runs on the same frames as any generator. A value that its own `yield` gives leaves the interpreter with
 * status SEND_ASYNC_YIELD; a value that something it awaits passes up leaves with SEND_YIELD and goes on to the event
 * loop. The awaitables turn the former into their result.
 *
 *     asend(v), __anext__()     AsyncSend: drives the generator to its next value
 *     athrow(e), aclose()       AsyncThrow: the same, beginning with an exception
 *     anext(it, default)        AnextAwaitable: any awaitable, with a default for StopAsyncIteration
 *
 * Only one of them may be under way at a time (GEN_ASYNC_RUNNING). */
#include "interp/eval.h"
#include "interp/generator.h"
#include "object/descr.h"
#include "object/type.h"

enum AwaitState { AWAIT_INIT, AWAIT_ITER, AWAIT_CLOSED };

typedef struct AsyncSend {
    Object header;
    Value generator, value;
    uint8_t state;
} AsyncSend;

typedef struct AsyncThrow {
    Object header;
    Value generator;
    Value args[3]; /* of throw; all 0: aclose */
    bool close;
    uint8_t state;
} AsyncThrow;

typedef struct AnextAwaitable {
    Object header;
    Value wrapped, fallback;
    Value iter; /* what `wrapped` awaits with, made on first use */
} AnextAwaitable;

static Generator *gen_of(Value v) { return as_generator(v); }

/* --- hooks
 * -------------------------------------------------------------------------------------------------------------------------
 */

static bool init_hooks(VM *vm, Generator *g) {
    if (g->frame.flags & GEN_HOOKS_INITED)
        return true;
    g->frame.flags |= GEN_HOOKS_INITED;
    Thread *t = vm->thread;
    if (t->async_finalizer != 0) {
        if (t->asyncgen_finalizers == 0 && (t->asyncgen_finalizers = dict_new(vm)) == 0)
            return false;
        Value key = int_from_uint64(vm, (uintptr_t)g);
        bool ok = key != 0 && dict_set(vm, t->asyncgen_finalizers, key, t->async_finalizer);
        decref(vm, key);
        if (!ok)
            return false;
    }
    if (t->async_firstiter != 0) {
        Value hook = incref(t->async_firstiter);
        Value r = call1(vm, hook, from_obj(g));
        decref(vm, hook);
        decref(vm, r);
        return r != 0;
    }
    return true;
}

/* The finalizer hook that was in force when the generator was first iterated: owned, or 0. */
static Value take_finalizer(VM *vm, Generator *g) {
    Value table = vm->thread->asyncgen_finalizers;
    if (table == 0 || !(g->frame.flags & GEN_HOOKS_INITED))
        return 0;
    Value key = int_from_uint64(vm, (uintptr_t)g);
    Value hook = key == 0 ? 0 : dict_pop(vm, table, key);
    decref(vm, key);
    if (hook == 0 && error_pending(vm))
        error_clear(vm);
    return hook;
}

/* --- driving
 * --------------------------------------------------------------------------------------------------------------------------
 */

static void raise_stop_async(VM *vm) { raise_new(vm, exception_new_simple(vm, vm->exc.StopAsyncIteration, 0)); }

static void note_end(Generator *g, SendStatus status) {
    g->frame.flags &= (uint8_t)~GEN_ASYNC_RUNNING;
    if (status == SEND_ERROR)
        g->frame.flags |= GEN_ASYNC_CLOSED;
}

/* Turns one step of the body into one step of the awaitable: *done when the awaitable has its result (in *out). */
static SendStatus step_result(VM *vm, Generator *g, int status, Value *out) {
    switch (status) {
    case SEND_ASYNC_YIELD:
        note_end(g, SEND_RETURN);
        return SEND_RETURN;
    case SEND_YIELD:
        return SEND_YIELD;
    case SEND_RETURN:
        decref(vm, *out);
        *out = 0;
        g->frame.flags |= GEN_ASYNC_CLOSED;
        g->frame.flags &= (uint8_t)~GEN_ASYNC_RUNNING;
        raise_stop_async(vm);
        return SEND_ERROR;
    default:
        note_end(g, SEND_ERROR);
        return SEND_ERROR;
    }
}

static bool already_running(VM *vm, const char *method) {
    raise_runtime(vm, "%s: asynchronous generator is already running", method);
    return false;
}

static SendStatus asend_send(VM *vm, Value self, Value sent, Value *out) {
    AsyncSend *a = (AsyncSend *)as_obj(self);
    Generator *g = gen_of(a->generator);
    *out = 0;
    if (a->state == AWAIT_CLOSED) {
        raise_runtime(vm, "cannot reuse already awaited __anext__()/asend()");
        return SEND_ERROR;
    }
    if (a->state == AWAIT_INIT) {
        if (g->frame.flags & GEN_ASYNC_RUNNING) {
            a->state = AWAIT_CLOSED;
            already_running(vm, "anext()");
            return SEND_ERROR;
        }
        if (sent == VALUE_NONE)
            sent = a->value;
        a->state = AWAIT_ITER;
    }
    g->frame.flags |= GEN_ASYNC_RUNNING;
    int status;
    if (g->frame.state == FRAME_FINISHED) {
        *out = VALUE_NONE;
        status = SEND_RETURN;
    } else {
        status = (int)generator_send(vm, g, sent, out);
    }
    SendStatus result = step_result(vm, g, status, out);
    if (result != SEND_YIELD)
        a->state = AWAIT_CLOSED;
    return result;
}

/* Makes a method's answer of a step: values yielded up are results, a result becomes StopIteration. */
static Value step_as_method(VM *vm, SendStatus status, Value out) {
    if (status == SEND_RETURN) {
        raise_stop_iteration(vm, out == VALUE_NONE ? 0 : out);
        decref(vm, out);
        return VALUE_ERROR;
    }
    return status == SEND_ERROR ? VALUE_ERROR : out;
}

static Value asend_next(VM *vm, Value self) {
    Value out;
    SendStatus status = asend_send(vm, self, VALUE_NONE, &out);
    return step_as_method(vm, status, out);
}
static Value asend_method_send(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    Value out;
    SendStatus status = asend_send(vm, self, args[0], &out);
    return step_as_method(vm, status, out);
}

static Value asend_throw(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    AsyncSend *a = (AsyncSend *)as_obj(self);
    Generator *g = gen_of(a->generator);
    if (a->state == AWAIT_CLOSED)
        return raise_runtime(vm, "cannot reuse already awaited __anext__()/asend()");
    if (a->state == AWAIT_INIT) {
        if (g->frame.flags & GEN_ASYNC_RUNNING) {
            a->state = AWAIT_CLOSED;
            already_running(vm, "anext()");
            return VALUE_ERROR;
        }
        a->state = AWAIT_ITER;
        g->frame.flags |= GEN_ASYNC_RUNNING;
    }
    Value exc = generator_throw_exception(vm, args), out = 0;
    if (exc == 0)
        return VALUE_ERROR;
    int status = (int)generator_throw(vm, g, exc, &out);
    SendStatus result = step_result(vm, g, status, &out);
    if (result != SEND_YIELD)
        a->state = AWAIT_CLOSED;
    return step_as_method(vm, result, out);
}

/* close() of an awaitable that has not ended, by its throw(). */
static Value close_by(VM *vm, Value self, NativeFn throw) {
    Value exit[3] = {type_value(vm->exc.GeneratorExit), 0, 0};
    Value r = throw(vm, self, exit, 3, 0);
    if (r == 0) {
        if (!error_matches(vm, vm->exc.StopIteration) && !error_matches(vm, vm->exc.StopAsyncIteration) &&
            !error_matches(vm, vm->exc.GeneratorExit))
            return VALUE_ERROR;
        error_clear(vm);
        return VALUE_NONE;
    }
    decref(vm, r);
    return raise_runtime(vm, "coroutine ignored GeneratorExit");
}

static Value asend_close(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    AsyncSend *a = (AsyncSend *)as_obj(self);
    if (a->state == AWAIT_CLOSED)
        return VALUE_NONE;
    return close_by(vm, self, asend_throw);
}

static void asend_dealloc(VM *vm, Object *self) {
    decref(vm, ((AsyncSend *)self)->generator);
    decref(vm, ((AsyncSend *)self)->value);
}
static void asend_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((AsyncSend *)self)->generator, visit, arg);
    visit_value(((AsyncSend *)self)->value, visit, arg);
}
static void warn_unawaited_method(VM *vm, Generator *g, const char *method) {
    if (vm->finalizing)
        return;
    if (!warn(vm, vm->exc.RuntimeWarning, 1, "coroutine method '%s' of '%V' was never awaited", method,
              g->frame.func->qualname))
        error_unraisable(vm, NULL, from_obj(g));
}
static void asend_finalize(VM *vm, Value self) {
    AsyncSend *a = (AsyncSend *)as_obj(self);
    if (a->state == AWAIT_INIT)
        warn_unawaited_method(vm, gen_of(a->generator), "asend");
}

static Value return_self(VM *vm, Value self) { return (void)vm, incref(self); }

static const MethodSpec asend_methods[] = {
    {"send", asend_method_send, "value, /", "Drives the step.", 0},
    {"throw", asend_throw, "typ, val=None, tb=None, /", "Raises an exception in the generator.", 0},
    {"close", asend_close, "", "Gives the step up.", 0},
    {0},
};

const TypeSpec async_generator_asend_spec = {
    .name = "async_generator_asend",
    .doc = "Awaitable of asend() and __anext__().",
    .size = sizeof(AsyncSend),
    .flags = TYPE_GC | TYPE_NO_NEW,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = asend_dealloc,
              .traverse = asend_traverse,
              .finalize = asend_finalize,
              .iter = return_self,
              .await = return_self,
              .next = asend_next,
              .send = asend_send},
    .methods = asend_methods,
};

static Value asend_new(VM *vm, Value generator, Value value) {
    if (!init_hooks(vm, gen_of(generator)))
        return VALUE_ERROR;
    AsyncSend *a = object_alloc(vm, vm->types.async_generator_asend, 0);
    if (a == NULL)
        return VALUE_ERROR;
    a->generator = incref(generator);
    a->value = incref(value);
    return from_obj(a);
}

/* --- athrow, aclose
 * ----------------------------------------------------------------------------------------------------------------------
 */

/* A step of aclose: a value of the generator's own means that it ignored GeneratorExit; its end is success. */
static SendStatus close_result(VM *vm, AsyncThrow *a, Generator *g, int status, Value *out) {
    if (status == SEND_YIELD)
        return SEND_YIELD;
    a->state = AWAIT_CLOSED;
    g->frame.flags &= (uint8_t)~GEN_ASYNC_RUNNING;
    decref(vm, *out);
    *out = 0;
    if (status == SEND_ASYNC_YIELD) {
        raise_runtime(vm, "async generator ignored GeneratorExit");
        return SEND_ERROR;
    }
    g->frame.flags |= GEN_ASYNC_CLOSED;
    if (status == SEND_ERROR) {
        if (!error_matches(vm, vm->exc.StopAsyncIteration) && !error_matches(vm, vm->exc.GeneratorExit))
            return SEND_ERROR;
        error_clear(vm);
    }
    *out = VALUE_NONE;
    return SEND_RETURN;
}

static SendStatus athrow_finish(VM *vm, AsyncThrow *a, Generator *g, int status, Value *out) {
    if (a->close)
        return close_result(vm, a, g, status, out);
    SendStatus result = step_result(vm, g, status, out);
    if (result != SEND_YIELD)
        a->state = AWAIT_CLOSED;
    return result;
}

static SendStatus athrow_start(VM *vm, AsyncThrow *a, Generator *g, Value sent, Value *out) {
    if (g->frame.flags & GEN_ASYNC_RUNNING) {
        a->state = AWAIT_CLOSED;
        already_running(vm, a->close ? "aclose()" : "athrow()");
        return SEND_ERROR;
    }
    if (g->frame.flags & GEN_ASYNC_CLOSED) {
        a->state = AWAIT_CLOSED;
        raise_stop_async(vm);
        return SEND_ERROR;
    }
    if (sent != VALUE_NONE) {
        raise_runtime(vm, "can't send non-None value to a just-started async generator");
        return SEND_ERROR;
    }
    a->state = AWAIT_ITER;
    g->frame.flags |= GEN_ASYNC_RUNNING;
    Value exc =
        a->close ? exception_new_simple(vm, vm->exc.GeneratorExit, 0) : generator_throw_exception(vm, a->args);
    if (exc == 0) {
        g->frame.flags &= (uint8_t)~GEN_ASYNC_RUNNING;
        return SEND_ERROR;
    }
    if (a->close)
        g->frame.flags |= GEN_ASYNC_CLOSED;
    return athrow_finish(vm, a, g, (int)generator_throw(vm, g, exc, out), out);
}

static SendStatus athrow_send(VM *vm, Value self, Value sent, Value *out) {
    AsyncThrow *a = (AsyncThrow *)as_obj(self);
    Generator *g = gen_of(a->generator);
    *out = 0;
    if (a->state == AWAIT_CLOSED) {
        raise_runtime(vm, "cannot reuse already awaited aclose()/athrow()");
        return SEND_ERROR;
    }
    if (g->frame.state == FRAME_FINISHED) {
        a->state = AWAIT_CLOSED;
        *out = VALUE_NONE;
        return SEND_RETURN;
    }
    if (a->state == AWAIT_INIT)
        return athrow_start(vm, a, g, sent, out);
    return athrow_finish(vm, a, g, (int)generator_send(vm, g, sent, out), out);
}

static Value athrow_next(VM *vm, Value self) {
    Value out;
    SendStatus status = athrow_send(vm, self, VALUE_NONE, &out);
    return step_as_method(vm, status, out);
}
static Value athrow_method_send(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    Value out;
    SendStatus status = athrow_send(vm, self, args[0], &out);
    return step_as_method(vm, status, out);
}
static Value athrow_throw(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    AsyncThrow *a = (AsyncThrow *)as_obj(self);
    Generator *g = gen_of(a->generator);
    if (a->state == AWAIT_CLOSED)
        return raise_runtime(vm, "cannot reuse already awaited aclose()/athrow()");
    if (a->state == AWAIT_INIT) {
        if (g->frame.flags & GEN_ASYNC_RUNNING) {
            a->state = AWAIT_CLOSED;
            already_running(vm, a->close ? "aclose()" : "athrow()");
            return VALUE_ERROR;
        }
        a->state = AWAIT_ITER;
        g->frame.flags |= GEN_ASYNC_RUNNING;
    }
    Value exc = generator_throw_exception(vm, args), out = 0;
    if (exc == 0)
        return VALUE_ERROR;
    SendStatus status = athrow_finish(vm, a, g, (int)generator_throw(vm, g, exc, &out), &out);
    return step_as_method(vm, status, out);
}
static Value athrow_close(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    AsyncThrow *a = (AsyncThrow *)as_obj(self);
    if (a->state == AWAIT_CLOSED)
        return VALUE_NONE;
    return close_by(vm, self, athrow_throw);
}

static void athrow_dealloc(VM *vm, Object *self) {
    AsyncThrow *a = (AsyncThrow *)self;
    decref(vm, a->generator);
    for (int i = 0; i < 3; i++)
        decref(vm, a->args[i]);
}
static void athrow_traverse(Object *self, VisitFn visit, void *arg) {
    AsyncThrow *a = (AsyncThrow *)self;
    visit_value(a->generator, visit, arg);
    for (int i = 0; i < 3; i++)
        visit_value(a->args[i], visit, arg);
}
static void athrow_finalize(VM *vm, Value self) {
    AsyncThrow *a = (AsyncThrow *)as_obj(self);
    if (a->state == AWAIT_INIT)
        warn_unawaited_method(vm, gen_of(a->generator), a->close ? "aclose" : "athrow");
}

static const MethodSpec athrow_methods[] = {
    {"send", athrow_method_send, "value, /", "Drives the step.", 0},
    {"throw", athrow_throw, "typ, val=None, tb=None, /", "Raises an exception in the generator.", 0},
    {"close", athrow_close, "", "Gives the step up.", 0},
    {0},
};

const TypeSpec async_generator_athrow_spec = {
    .name = "async_generator_athrow",
    .doc = "Awaitable of athrow() and aclose().",
    .size = sizeof(AsyncThrow),
    .flags = TYPE_GC | TYPE_NO_NEW,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = athrow_dealloc,
              .traverse = athrow_traverse,
              .finalize = athrow_finalize,
              .iter = return_self,
              .await = return_self,
              .next = athrow_next,
              .send = athrow_send},
    .methods = athrow_methods,
};

static Value athrow_new(VM *vm, Value generator, Value *args, bool close) {
    if (!init_hooks(vm, gen_of(generator)))
        return VALUE_ERROR;
    AsyncThrow *a = object_alloc(vm, vm->types.async_generator_athrow, 0);
    if (a == NULL)
        return VALUE_ERROR;
    a->generator = incref(generator);
    a->close = close;
    for (int i = 0; i < 3 && args != NULL; i++)
        a->args[i] = incref(args[i]);
    return from_obj(a);
}

/* --- the async generator
 * ------------------------------------------------------------------------------------------------------------------
 */

static Value agen_anext(VM *vm, Value self) { return asend_new(vm, self, VALUE_NONE); }
static Value agen_asend(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    return asend_new(vm, self, args[0]);
}
static Value agen_athrow(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    if ((args[1] != 0 || args[2] != 0) &&
        !warn(vm, vm->exc.DeprecationWarning, 1,
              "the (type, exc, tb) signature of athrow() is deprecated, use the single-arg signature instead."))
        return VALUE_ERROR;
    return athrow_new(vm, self, args, false);
}
static Value agen_aclose(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    return athrow_new(vm, self, NULL, true);
}
static Value agen_class_getitem(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    return generic_alias_new(vm, self, args[0]);
}

/* A suspended async generator cannot be closed here, since its cleanup may await: the event loop's hook does it. */
static void agen_finalize(VM *vm, Value self) {
    Generator *g = gen_of(self);
    Value hook = take_finalizer(vm, g);
    if (g->frame.state != FRAME_SUSPENDED || generator_is_running(g)) {
        decref(vm, hook);
        return;
    }
    if (hook != 0 && !(g->frame.flags & GEN_ASYNC_CLOSED)) {
        Value r = call1(vm, hook, self);
        if (r == 0)
            error_unraisable(vm, NULL, self);
        decref(vm, r);
    } else {
        Value value = 0;
        if (generator_close_value(vm, g, &value) && value != 0)
            raise_stop_async(vm); /* it has returned, which nobody has awaited */
        error_unraisable(vm, NULL, self);
        decref(vm, value);
    }
    decref(vm, hook);
}

static Value agen_repr(VM *vm, Value self) {
    Value at = address_text(vm, self);
    Value r =
        at == 0 ? 0 : str_printf(vm, "<async_generator object %V at %V>", gen_of(self)->frame.func->qualname, at);
    decref(vm, at);
    return r;
}
static Value get_ag_name(VM *vm, Value self) { return (void)vm, incref(gen_of(self)->frame.func->name); }
static Value get_ag_qualname(VM *vm, Value self) { return (void)vm, incref(gen_of(self)->frame.func->qualname); }
static Value get_ag_frame(VM *vm, Value self) {
    return gen_of(self)->frame.state == FRAME_FINISHED ? VALUE_NONE : frame_object(vm, &gen_of(self)->frame);
}
static Value get_ag_running(VM *vm, Value self) {
    return (void)vm, from_bool(gen_of(self)->frame.flags & GEN_ASYNC_RUNNING ? 1 : 0);
}
static Value get_ag_suspended(VM *vm, Value self) {
    return (void)vm, from_bool(gen_of(self)->frame.state == FRAME_SUSPENDED &&
                               !(gen_of(self)->frame.flags & GEN_ASYNC_RUNNING));
}
static Value get_ag_await(VM *vm, Value self) {
    (void)vm;
    Value v = gen_of(self)->frame.state == FRAME_FINISHED ? 0 : generator_yield_from(gen_of(self));
    return incref(v == 0 ? VALUE_NONE : v);
}
static Value get_ag_code(VM *vm, Value self) { return (void)vm, incref(from_obj(gen_of(self)->frame.code)); }

static const MethodSpec agen_methods[] = {
    {"asend", agen_asend, "value, /", "Awaitable: resumes the generator with a value.", 0},
    {"athrow", agen_athrow, "typ, val=None, tb=None, /", "Awaitable: raises an exception in the generator.", 0},
    {"aclose", agen_aclose, "", "Awaitable: closes the generator.", 0},
    {"__class_getitem__", agen_class_getitem, "object, /", "A generic alias of the type.", METHOD_CLASS},
    {0},
};
static const GetSetSpec agen_getset[] = {
    {"__name__", get_ag_name, generator_set_name, "Name of the generator."},
    {"__qualname__", get_ag_qualname, generator_set_qualname, "Name with the path of the scopes around it."},
    {"ag_await", get_ag_await, NULL, "What the generator awaits, or None."},
    {"ag_running", get_ag_running, NULL, "Whether a step is under way."},
    {"ag_suspended", get_ag_suspended, NULL, "Whether it is at a yield."},
    {"ag_frame", get_ag_frame, NULL, "Its frame, or None once it has ended."},
    {"ag_code", get_ag_code, NULL, "Its code."},
    {0},
};

const TypeSpec async_generator_spec = {
    .name = "async_generator",
    .doc = "What calling an async function with yield gives.",
    .size = sizeof(Generator),
    .flags = TYPE_GC | TYPE_NO_NEW,
    .kind = KIND_GENERATOR,
    .slots = {.dealloc = generator_dealloc,
              .traverse = generator_traverse,
              .clear = generator_clear,
              .finalize = agen_finalize,
              .repr = agen_repr,
              .aiter = return_self,
              .anext = agen_anext},
    .methods = agen_methods,
    .getset = agen_getset,
};

/* --- anext(it, default)
 * ---------------------------------------------------------------------------------------------------------------------
 */

Value anext_awaitable_new(VM *vm, Value wrapped, Value fallback) {
    AnextAwaitable *a = object_alloc(vm, vm->types.anext_awaitable, 0);
    if (a == NULL)
        return VALUE_ERROR;
    a->wrapped = incref(wrapped);
    a->fallback = incref(fallback);
    return from_obj(a);
}

/* StopAsyncIteration from the wrapped awaitable is the default as result. */
static SendStatus anext_end(VM *vm, AnextAwaitable *a, SendStatus status, Value *out) {
    if (status == SEND_ERROR && error_matches(vm, vm->exc.StopAsyncIteration)) {
        error_clear(vm);
        *out = incref(a->fallback);
        return SEND_RETURN;
    }
    return status;
}
static SendStatus anext_send(VM *vm, Value self, Value sent, Value *out) {
    AnextAwaitable *a = (AnextAwaitable *)as_obj(self);
    *out = 0;
    if (a->iter == 0 && (a->iter = awaitable_iter(vm, a->wrapped)) == 0)
        return SEND_ERROR;
    return anext_end(vm, a, iter_send(vm, a->iter, sent, out), out);
}
static Value anext_next(VM *vm, Value self) {
    Value out;
    SendStatus status = anext_send(vm, self, VALUE_NONE, &out);
    return step_as_method(vm, status, out);
}
static Value anext_method_send(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    Value out;
    SendStatus status = anext_send(vm, self, args[0], &out);
    return step_as_method(vm, status, out);
}
static Value anext_throw(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    AnextAwaitable *a = (AnextAwaitable *)as_obj(self);
    if (a->iter == 0 && (a->iter = awaitable_iter(vm, a->wrapped)) == 0)
        return VALUE_ERROR;
    Value exc = generator_throw_exception(vm, args), out = 0;
    if (exc == 0)
        return VALUE_ERROR;
    SendStatus status = anext_end(vm, a, delegate_throw(vm, a->iter, exc, &out), &out);
    return step_as_method(vm, status, out);
}
static Value anext_close(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    AnextAwaitable *a = (AnextAwaitable *)as_obj(self);
    if (a->iter == 0 && (a->iter = awaitable_iter(vm, a->wrapped)) == 0)
        return VALUE_ERROR;
    return call_method0(vm, a->iter, NAME(close));
}
static void anext_dealloc(VM *vm, Object *self) {
    AnextAwaitable *a = (AnextAwaitable *)self;
    decref(vm, a->wrapped);
    decref(vm, a->fallback);
    decref(vm, a->iter);
}
static void anext_traverse(Object *self, VisitFn visit, void *arg) {
    AnextAwaitable *a = (AnextAwaitable *)self;
    visit_value(a->wrapped, visit, arg);
    visit_value(a->fallback, visit, arg);
    visit_value(a->iter, visit, arg);
}
static const MethodSpec anext_methods[] = {
    {"send", anext_method_send, "value, /", "Drives the step.", 0},
    {"throw", anext_throw, "typ, val=None, tb=None, /", "Raises an exception in the awaitable.", 0},
    {"close", anext_close, "", "Gives the step up.", 0},
    {0},
};
const TypeSpec anext_awaitable_spec = {
    .name = "anext_awaitable",
    .doc = "Awaitable of anext() with a default.",
    .size = sizeof(AnextAwaitable),
    .flags = TYPE_GC | TYPE_NO_NEW,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = anext_dealloc,
              .traverse = anext_traverse,
              .iter = return_self,
              .await = return_self,
              .next = anext_next,
              .send = anext_send},
    .methods = anext_methods,
};
