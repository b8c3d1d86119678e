/* Steps of a task: the coroutine is resumed until it yields what it waits for, or ends. */
#include "stdlib/asyncio/asyncio.h"

#include "interp/generator.h"

/* Resumes the coroutine, with exc (consumed) or None. */
static ALWAYS_INLINE SendStatus resume(VM *vm, Value coro, Value exc, Value *out) {
    bool ours = has_kind(coro, KIND_GENERATOR);
    if (exc)
        return ours ? generator_throw(vm, as_generator(coro), exc, out) : delegate_throw(vm, coro, exc, out);
    return ours ? generator_send(vm, as_generator(coro), VALUE_NONE, out) : iter_send(vm, coro, VALUE_NONE, out);
}

/* The coroutine has returned (result, consumed) or raised (0, exception pending). False: the loop has to stop with
 * the exception pending. */
static bool finish(VM *vm, Value self, Value result) {
    Task *t = as_task(self);
    Future *f = &t->future;
    task_list(t, false);
    if (result) {
        bool ok;
        if (f->flags & TASK_MUST_CANCEL) { /* cancelled just before it returned */
            f->flags &= (uint8_t)~TASK_MUST_CANCEL;
            Value message = incref(f->result);
            future_cancel(vm, self, message);
            decref(vm, message);
            ok = !error_pending(vm);
        } else {
            ok = future_set_result(vm, self, result);
        }
        decref(vm, result);
        return ok;
    }
    Value exc = error_take(vm);
    if (exception_is(vm, exc, async_state(vm)->cancelled_error)) {
        future_cancel(vm, self, exc);
        decref(vm, exc);
        return !error_pending(vm);
    }
    bool fatal = exception_is(vm, exc, vm->exc.SystemExit) || exception_is(vm, exc, vm->exc.KeyboardInterrupt);
    bool ok = future_fail(vm, self, exc);
    if (ok && fatal) {
        raise_steal(vm, exc);
        return false;
    }
    decref(vm, exc);
    return ok;
}

/* The coroutine will see this RuntimeError (pending now) in the next turn. */
static bool fail_soon(VM *vm, Value self) {
    Value exc = error_take(vm);
    bool ok = exc && task_step_soon(vm, self, exc);
    decref(vm, exc);
    return ok;
}

static bool different_loop(VM *vm, Value self, Value awaited) {
    raise_runtime(vm, "Task %R got Future %R attached to a different loop", self, awaited);
    return fail_soon(vm, self);
}

static bool bare_yield(VM *vm, Value self, Value awaited) {
    raise_runtime(vm, "yield was used instead of yield from in task %R with %R", self, awaited);
    return fail_soon(vm, self);
}

/* Cancelled while it was running: what it waits for now is cancelled at once. */
static bool cancel_at_once(VM *vm, Task *t) {
    int cancelled = task_cancel_waiting(vm, t);
    if (cancelled > 0)
        t->future.flags &= (uint8_t)~TASK_MUST_CANCEL;
    return cancelled >= 0;
}

Value future_loop_of(VM *vm, Value awaited) {
    Value fn, name = str_intern_c(vm, "get_loop");
    int has = name ? attr_lookup(vm, awaited, name, &fn) : -1;
    decref(vm, name);
    if (has < 0)
        return VALUE_ERROR;
    if (has == 0)
        return attr_get_c(vm, awaited, "_loop");
    Value loop = call0(vm, fn);
    decref(vm, fn);
    return loop;
}

/* awaited.add_done_callback(wakeup, context=...) of a future of another make. */
static bool add_foreign_callback(VM *vm, Value self, Value awaited) {
    Value fn = attr_get_c(vm, awaited, "add_done_callback"), wakeup = fn ? future_wakeup_method(vm, self) : 0;
    Value context = wakeup ? task_context(vm, self) : 0;
    Value names = context ? tuple_pack(vm, 1, NAME(context)) : 0, args[2] = {wakeup, context};
    Value r = names ? call(vm, fn, args, 1, names) : VALUE_ERROR;
    decref(vm, names);
    decref(vm, wakeup);
    decref(vm, fn);
    decref(vm, r);
    return r != 0;
}

/* The coroutine has yielded something that is no Future or Task of ours: like a future, or wrong. */
static bool wait_foreign(VM *vm, Value self, Value awaited) {
    Task *t = as_task(self);
    Value blocking, name = str_intern_c(vm, "_asyncio_future_blocking");
    int has = name ? attr_lookup(vm, awaited, name, &blocking) : -1;
    if (has < 0) {
        decref(vm, name);
        return false;
    }
    if (has == 0 || is_none(blocking)) {
        decref(vm, name);
        if (has_kind(awaited, KIND_GENERATOR) && obj_type(as_obj(awaited)) == vm->types.generator)
            raise_runtime(vm, "yield was used instead of yield from for generator in task %R with %R", self, awaited);
        else
            raise_runtime(vm, "Task got bad yield: %R", awaited);
        return fail_soon(vm, self);
    }
    int blocks = truth(vm, blocking);
    decref(vm, blocking);
    Value loop = blocks < 0 ? VALUE_ERROR : future_loop_of(vm, awaited);
    bool ok = loop != 0, done = false;
    if (ok && loop != t->future.loop) {
        ok = different_loop(vm, self, awaited);
        done = true;
    } else if (ok && !blocks) {
        ok = bare_yield(vm, self, awaited);
        done = true;
    }
    ok = ok && (done || (attr_set(vm, awaited, name, VALUE_FALSE) && add_foreign_callback(vm, self, awaited)));
    if (ok && !done) {
        set_owned(vm, &t->waiting, incref(awaited));
        if (t->future.flags & TASK_MUST_CANCEL)
            ok = cancel_at_once(vm, t);
    }
    decref(vm, loop);
    decref(vm, name);
    return ok;
}

/* What the coroutine yielded (borrowed) tells when to go on. */
static bool wait_for(VM *vm, Value self, Value awaited) {
    Task *t = as_task(self);
    AsyncState *s = async_state(vm);
    if (is_none(awaited))
        return task_step_soon(vm, self, 0);
    if (awaited == self) {
        raise_runtime(vm, "Task cannot await on itself: %R", self);
        return fail_soon(vm, self);
    }
    if (unlikely(!future_is_native(s, awaited)))
        return wait_foreign(vm, self, awaited);
    Future *f = as_future(awaited);
    if (unlikely(f->loop != t->future.loop))
        return different_loop(vm, self, awaited);
    if (unlikely(!(f->flags & FUTURE_BLOCKING)))
        return bare_yield(vm, self, awaited);
    f->flags &= (uint8_t)~FUTURE_BLOCKING;
    if (!future_add_callback(vm, awaited, self, VALUE_NONE))
        return false;
    set_owned(vm, &t->waiting, incref(awaited));
    return likely(!(t->future.flags & TASK_MUST_CANCEL)) || cancel_at_once(vm, t);
}

/* A step without the bookkeeping of which task runs. */
static bool step(VM *vm, Value self, Value exc) {
    Task *t = as_task(self);
    if (unlikely(t->future.state != FUTURE_PENDING)) {
        raisef(vm, async_state(vm)->invalid_state, "__step(): already done: %R %R", self, exc ? exc : VALUE_NONE);
        decref(vm, exc);
        return false;
    }
    if (unlikely(t->future.flags & TASK_MUST_CANCEL)) {
        if (!exc || !exception_is(vm, exc, async_state(vm)->cancelled_error)) {
            decref(vm, exc);
            exc = future_cancelled_error(vm, &t->future);
            if (!exc)
                exc = error_take(vm);
        }
        t->future.flags &= (uint8_t)~TASK_MUST_CANCEL;
    }
    set_owned(vm, &t->waiting, 0);
    if (unlikely(!t->coro)) {
        decref(vm, exc);
        return raise_runtime(vm, "uninitialized Task object");
    }
    for (;;) {
        Value out, coro = incref(t->coro);
        SendStatus status = resume(vm, coro, exc, &out);
        decref(vm, coro);
        if (status != SEND_YIELD)
            return finish(vm, self, status == SEND_RETURN ? out : 0);
        bool ok = wait_for(vm, self, out);
        decref(vm, out);
        if (likely(ok) || t->waiting || !t->coro || !error_matches(vm, vm->exc.MemoryError))
            return ok;
        exc = error_take(vm); /* nobody would wake the task: it learns at once that it cannot wait */
    }
}

/* After a step the loop has no running task, whatever the step raised. */
static bool leave(VM *vm, Value loop, Value self, bool ok) {
    if (likely(is_loop(loop) && as_loop(loop)->current == self)) {
        as_loop(loop)->current = 0;
        decref(vm, self);
        return ok;
    }
    Value pending = error_take(vm);
    bool left = running_leave(vm, loop, self);
    if (!left)
        decref(vm, pending);
    else if (pending)
        raise_steal(vm, pending);
    return left && ok;
}

bool task_step(VM *vm, Value self, Value exc) {
    Value loop = as_future(self)->loop;
    if (likely(is_loop(loop) && as_loop(loop)->current == 0)) {
        as_loop(loop)->current = incref(self);
    } else if (!running_enter(vm, loop, self)) {
        decref(vm, exc);
        return false;
    }
    incref(loop); /* the loop's reference keeps the task */
    bool ok = leave(vm, loop, self, step(vm, self, exc));
    decref(vm, loop);
    return ok;
}

bool task_wakeup(VM *vm, Value self, Value awaited) {
    AsyncState *s = async_state(vm);
    Value result;
    if (likely(future_is_native(s, awaited))) {
        Future *f = as_future(awaited);
        if (likely(f->state == FUTURE_FINISHED && !(f->flags & FUTURE_FAILED)))
            return task_step(vm, self, 0);
        result = future_result(vm, awaited);
    } else {
        result = call_method0(vm, awaited, NAME(result));
    }
    decref(vm, result);
    return task_step(vm, self, result ? 0 : error_take(vm));
}

bool task_eager_start(VM *vm, Value self) {
    Task *t = as_task(self);
    Value loop = t->future.loop, previous = running_swap(vm, loop, self), saved;
    if (!previous)
        return false;
    bool ok = running_set_eager(vm, self, true) && contextvars_enter(vm, t->context, &saved);
    if (ok) {
        ok = step(vm, self, 0);
        contextvars_leave(vm, &t->context, saved);
    }
    Value pending = error_take(vm);
    Value mine = running_swap(vm, loop, previous);
    ok = mine && running_set_eager(vm, self, false) && ok;
    decref(vm, mine);
    decref(vm, previous);
    if (pending)
        raise_steal(vm, pending);
    if (t->future.state == FUTURE_PENDING)
        task_list(t, true);
    else
        set_owned(vm, &t->coro, 0);
    return ok;
}
