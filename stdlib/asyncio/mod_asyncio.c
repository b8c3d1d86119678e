/* _asyncio: the module. What it gives to the package asyncio, and what it wants from it.
 *
 * Exports
 *   Future, Task, Handle, TimerHandle, CancelledError, InvalidStateError (made here, named as asyncio.exceptions')
 *   get_running_loop and all of running.c
 *   create_task(coro, *, name, context)   asyncio.create_task
 *   sleep_future(delay, result)           for asyncio.sleep(): a future that the running loop completes after `delay`
 *                                         seconds without a Handle; None when that loop is not ours (or has its own
 *                                         time, call_at ...), and sleep() must go the general way. The timer is gone
 *                                         with the future: nothing has to be cancelled.
 *   BaseLoop(selector=None)               the native part of event loops, to be derived from. Its methods are in
 *                                         loop_methods.def. With a selector (any selectors object), readiness comes
 *                                         from selector.select(), through self._process_events().
 *
 *   SocketTransport(loop, sock, protocol, waiter=None, extra=None, server=None)   the stream transport, complete;
 *                                         to be derived from together with transports.Transport (no __slots__ there)
 *
 *   gather(aws, return_exceptions, loop)   asyncio.gather() of at least one awaitable, and _GatheringFuture
 *   QueueBase                              the native part of Queue; NOTHING, which its _take() and _offer() return
 * when get() and put() have to wait
 *
 * BaseLoop calls on self, where a class derived from it defines them
 *   call_exception_handler(context)       always needed
 *   _process_self_data(data)              bytes with numbers of signals came through _wakeup_fd; called as a callback
 *   _asyncgen_firstiter_hook, _asyncgen_finalizer_hook   set as hooks while it runs
 *   call_soon, call_at, create_task, time, _run_once     only when overridden
 * close() frees what is native; executors and the rest are the derived class's business. run_until_complete(), the
 * exception handler and everything built on these are the package's.
 *
 * Called in the package: base_futures._future_repr, base_tasks._task_repr _task_get_stack _task_print_stack,
 * format_helpers._format_callback_source extract_stack, coroutines.iscoroutine iscoroutinefunction,
 * base_events._format_handle, events.get_event_loop_policy, log.logger, trsock.TransportSocket,
 * protocols.BufferedProtocol, futures._set_result_unless_cancelled. All of them lazily. */
#include "stdlib/asyncio/asyncio.h"

#include <math.h>

AsyncState *async_state(VM *vm) { return vm->module_state[MODULE_SLOT_mod_asyncio_init]; }

char *async_scratch(VM *vm) {
    AsyncState *s = async_state(vm);
    if (!s->scratch)
        s->scratch = mem_alloc(vm, ASYNC_SCRATCH);
    return s->scratch;
}

static Value create_task(NATIVE_ARGS) {
    Value loop = running_loop(vm);
    if (!loop)
        return raise_runtime(vm, "no running event loop");
    if (likely(is_loop(loop) && (loop_natives(vm, as_loop(loop)) & LOOP_CREATE_TASK)))
        return loop_method_create_task(vm, loop, args, nargs, kwnames);
    Value fn = attr_get_c(vm, loop, "create_task"), given[3] = {args[0], args[1] ? args[1] : VALUE_NONE, args[2]};
    bool context = args[2] && !is_none(args[2]);
    Value names = !fn       ? VALUE_ERROR
                  : context ? tuple_pack(vm, 2, NAME(name), NAME(context))
                            : tuple_pack(vm, 1, NAME(name));
    Value task = names ? call(vm, fn, given, 1, names) : VALUE_ERROR;
    decref(vm, names);
    decref(vm, fn);
    return task;
}

static Value sleep_future(NATIVE_ARGS) {
    Value loop = running_loop(vm);
    double delay;
    if (!loop)
        return raise_runtime(vm, "no running event loop");
    if (!is_loop(loop) || as_loop(loop)->debug ||
        (loop_natives(vm, as_loop(loop)) & (LOOP_CALL_AT | LOOP_TIME)) != (LOOP_CALL_AT | LOOP_TIME))
        return VALUE_NONE;
    if (!to_double(vm, args[0], &delay))
        return VALUE_ERROR;
    if (isnan(delay))
        return raise_value(vm, "Invalid delay: NaN (not a number)");
    return loop_sleep(vm, loop, delay, args[1] ? args[1] : VALUE_NONE);
}

/* Stops the loop, unless the exception is one that leaves run_forever() by itself. For our futures and loops it needs
 * no memory: a loop that could not be stopped would run for ever. */
static Value stop_when_done(NATIVE_ARGS) {
    Value loop = is_future(args[0]) ? as_future(args[0])->loop : 0;
    if (loop && is_loop(loop) && (loop_natives(vm, as_loop(loop)) & LOOP_STOP)) {
        Future *f = as_future(args[0]);
        Value exc = f->flags & FUTURE_FAILED ? future_exception_of(f) : 0;
        f->flags &= (uint8_t)~FUTURE_LOG;
        if (!exception_is(vm, exc, vm->exc.SystemExit) && !exception_is(vm, exc, vm->exc.KeyboardInterrupt))
            as_loop(loop)->stopping = true;
        return VALUE_NONE;
    }
    Value helper = async_helper(vm, "base_events", "_stop_loop_of");
    Value r = helper ? call1(vm, helper, args[0]) : VALUE_ERROR;
    decref(vm, helper);
    return r;
}

static const MethodSpec functions[] = {
    {"gather", gather_new, "aws, return_exceptions, loop, /", "asyncio.gather() of a tuple with at least one item.",
     0},
    {"_run_until_complete_cb", stop_when_done, "fut", "Stops the loop of a future that is done.", 0},
    {"create_task", create_task, "coro, *, name=None, context=None", "Has the running loop run the coroutine.", 0},
    {"sleep_future", sleep_future, "delay, result=None, /", "A future that is done after so many seconds.", 0},
    {0},
};

/* An exception class with that base, as a class statement in asyncio.exceptions would make it; kept by the VM. */
static Type *make_exception(VM *vm, const char *name, Type *base, const char *doc) {
    Value text = str_intern_c(vm, name), bases = text ? tuple_pack(vm, 1, type_value(base)) : VALUE_ERROR;
    Value dict = bases ? dict_new(vm) : VALUE_ERROR,
          module = dict ? str_from_c(vm, "asyncio.exceptions") : VALUE_ERROR;
    Value about = module ? str_from_c(vm, doc) : VALUE_ERROR;
    Value type =
        about && dict_set_str(vm, dict, NAME(__module__), module) && dict_set_str(vm, dict, NAME(__doc__), about)
            ? type_create(vm, vm->types.type, text, bases, dict, NULL, 0)
            : VALUE_ERROR;
    decref(vm, about);
    decref(vm, module);
    decref(vm, dict);
    decref(vm, bases);
    decref(vm, text);
    type = vm_keep(vm, type);
    return type ? as_type(type) : NULL;
}

/* What loops hold that is not the VM's memory. */
static void end_of_vm(VM *vm, void *state) {
    for (Loop *loop = ((AsyncState *)state)->loops; loop; loop = loop->next)
        loop_close_descriptors(vm, loop);
}

static AsyncState *make_state(VM *vm) {
    AsyncState *s = mem_zalloc(vm, sizeof *s);
    if (!s)
        return NULL;
    s->future = vm_type(vm, &future_spec, NULL);
    s->task = s->future ? vm_type(vm, &task_spec, s->future) : NULL;
    s->future_iter = s->task ? vm_type(vm, &future_iter_spec, NULL) : NULL;
    s->task_step = s->future_iter ? vm_type(vm, &task_step_spec, NULL) : NULL;
    s->handle = s->task_step ? vm_type(vm, &handle_spec, NULL) : NULL;
    s->timer_handle = s->handle ? vm_type(vm, &timer_handle_spec, s->handle) : NULL;
    s->loop = s->timer_handle ? vm_type(vm, &loop_spec, NULL) : NULL;
    s->transport = s->loop ? vm_type(vm, &socket_transport_spec, NULL) : NULL;
    s->queue = s->transport ? vm_type(vm, &queue_spec, NULL) : NULL;
    s->nothing = s->queue ? vm_keep(vm, from_obj(object_alloc(vm, vm->types.object, 0))) : 0;
    s->gathering = s->nothing ? vm_type(vm, &gathering_spec, s->future) : NULL;
    s->cancelled_error = s->gathering ? make_exception(vm, "CancelledError", vm->exc.BaseException,
                                                       "What awaits was cancelled, or what it awaits.")
                                      : NULL;
    s->invalid_state = s->cancelled_error ? make_exception(vm, "InvalidStateError", vm->exc.Exception,
                                                           "The future is not in the state that this needs.")
                                          : NULL;
    if (s->invalid_state && vm_at_end(vm, end_of_vm, s))
        return s;
    mem_free(vm, s, sizeof *s);
    return NULL;
}

bool mod_asyncio_init(VM *vm, Value module) {
    AsyncState *s = async_state(vm);
    if (!s) {
        s = vm->module_state[MODULE_SLOT_mod_asyncio_init] = make_state(vm);
        if (!s)
            return false;
    }
    const struct {
        const char *name;
        Type *type;
    } types[] = {
        {"Future", s->future},
        {"Task", s->task},
        {"Handle", s->handle},
        {"TimerHandle", s->timer_handle},
        {"BaseLoop", s->loop},
        {"CancelledError", s->cancelled_error},
        {"InvalidStateError", s->invalid_state},
        {"SocketTransport", s->transport},
        {"QueueBase", s->queue},
        {"_GatheringFuture", s->gathering},
    };
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (!module_add(vm, module, types[i].name, incref(type_value(types[i].type))))
            return false;
    return module_add(vm, module, "NOTHING", incref(s->nothing)) &&
           module_add_functions(vm, module, running_functions) && module_add_functions(vm, module, functions);
}
