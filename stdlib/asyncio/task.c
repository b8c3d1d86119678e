/* asyncio.Task: a future whose result is what a coroutine returns. The steps are in task_step.c. */
#include "stdlib/asyncio/asyncio.h"

#include "interp/generator.h"

/* ---- making ---------------------------------------------------------------------------------------------------- */

/* Coroutines, and generators that were declared to be coroutines. Others are asked in the language. 1, 0, -1. */
static int is_coroutine(VM *vm, Value v) {
    if (likely(has_kind(v, KIND_GENERATOR)) &&
        (as_generator(v)->frame.code->flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE)))
        return 1;
    Value helper = async_helper(vm, "coroutines", "iscoroutine");
    Value answer = helper ? call1(vm, helper, v) : VALUE_ERROR;
    int yes = answer ? truth(vm, answer) : -1;
    decref(vm, answer);
    decref(vm, helper);
    return yes;
}

Value task_context(VM *vm, Value self) {
    Task *t = as_task(self);
    bool running = running_task(vm, t->future.loop) == self;
    if (error_pending(vm))
        return VALUE_ERROR;
    return running ? context_thaw_running(vm, &t->context) : context_thaw(vm, &t->context);
}

bool task_step_soon(VM *vm, Value task, Value exc) {
    Task *t = as_task(task);
    Value loop = t->future.loop;
    if (likely(exc == 0 && loop_is_plain(vm, loop))) {
        loop_queue(vm, as_loop(loop), incref(task), READY_STEP);
        return true;
    }
    Value step = task_step_new(vm, task, exc), context = step ? task_context(vm, task) : VALUE_ERROR;
    Value handle = context ? loop_call_soon(vm, loop, step, NULL, 0, incref(context)) : VALUE_ERROR;
    decref(vm, step);
    decref(vm, handle);
    return handle != 0;
}

/* Everything after the future's part: coroutine, context, name. */
static bool setup(VM *vm, Value self, Value coro, Value name, Value context) {
    Task *t = as_task(self);
    int ok = is_coroutine(vm, coro);
    if (ok <= 0) {
        t->future.flags |= TASK_HUSH; /* it is not pending in the sense that anything is lost */
        return ok == 0 && raise_type(vm, "a coroutine was expected, got %R", coro);
    }
    if (!context_argument(vm, &context))
        return false;
    set_owned(vm, &t->context, context);
    if (name == 0 || is_none(name))
        name = from_small_int((int64_t)++async_state(vm)->task_names);
    else if (is_str(name))
        incref(name);
    else if (!(name = to_str(vm, name)))
        return false;
    set_owned(vm, &t->name, name);
    set_owned(vm, &t->waiting, 0);
    set_owned(vm, &t->coro, incref(coro));
    t->future.flags &= (uint8_t) ~(TASK_MUST_CANCEL | TASK_HUSH);
    return true;
}

void task_list(Task *t, bool on) {
    Future *f = &t->future;
    if (((f->flags & TASK_LISTED) != 0) == on)
        return;
    f->flags ^= TASK_LISTED;
    if (is_loop(f->loop))
        as_loop(f->loop)->ntasks += on ? 1 : (size_t)-1;
}

static bool start(VM *vm, Value self) {
    if (!task_step_soon(vm, self, 0))
        return false;
    task_list(as_task(self), true);
    return true;
}

Value task_new(VM *vm, Value loop, Value coro, Value name, Value context) {
    Task *t = object_alloc(vm, async_state(vm)->task, 0);
    if (!t)
        return VALUE_ERROR;
    Value self = from_obj(t);
    t->future.flags = TASK_HUSH;
    if (future_setup(vm, &t->future, loop) && setup(vm, self, coro, name, context) && start(vm, self))
        return self;
    t->future.flags |= TASK_HUSH;
    decref(vm, self);
    return VALUE_ERROR;
}

static Value task_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Task *t = object_alloc(vm, type, 0);
    if (!t)
        return VALUE_ERROR;
    t->future.flags = TASK_HUSH;
    return from_obj(t);
}

/* Is the loop running, so that a task may take its first step at once? 1, 0, -1. */
static int loop_is_running(VM *vm, Value loop) {
    if (is_loop(loop))
        return as_loop(loop)->running;
    Value name = str_intern_c(vm, "is_running"), v = name ? call_method0(vm, loop, name) : VALUE_ERROR;
    int running = v ? truth(vm, v) : -1;
    decref(vm, v);
    decref(vm, name);
    return running;
}

static bool task_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[5] = {0};
    if (!native_bind(vm, "Task", "coro, *, loop=None, name=None, context=None, eager_start=False", args, nargs,
                     kwnames, v, 5))
        return false;
    Task *t = as_task(self);
    int eager = v[4] ? truth(vm, v[4]) : 0;
    task_list(t, false);
    if (eager < 0 || !future_setup(vm, &t->future, v[1]))
        return false;
    t->future.flags |= TASK_HUSH;
    if (!setup(vm, self, v[0], v[2], v[3]))
        return false;
    if (eager && (eager = loop_is_running(vm, t->future.loop)) != 0)
        return eager > 0 && task_eager_start(vm, self);
    return start(vm, self);
}

/* ---- cancelling ------------------------------------------------------------------------------------------------ */

int future_cancel_any(VM *vm, Value waiting, Value message) {
    AsyncState *s = async_state(vm);
    Value answer;
    if (is_exact(waiting, s->future)) {
        bool done = future_cancel(vm, waiting, message);
        return error_pending(vm) ? -1 : done;
    }
    if (is_exact(waiting, s->gathering))
        return gather_cancel(vm, waiting, message);
    if (is_exact(waiting, s->task)) {
        answer = task_cancel(vm, waiting, message);
    } else {
        Value fn = attr_get_c(vm, waiting, "cancel"), msg = fn ? str_intern_c(vm, "msg") : VALUE_ERROR;
        Value names = msg ? tuple_pack(vm, 1, msg) : VALUE_ERROR, given = message ? message : VALUE_NONE;
        answer = names ? call(vm, fn, &given, 0, names) : VALUE_ERROR;
        decref(vm, names);
        decref(vm, msg);
        decref(vm, fn);
    }
    int yes = answer ? truth(vm, answer) : -1;
    decref(vm, answer);
    return yes;
}

int task_cancel_waiting(VM *vm, Task *t) {
    Value waiting = incref(t->waiting), message = incref(t->future.result);
    int cancelled = future_cancel_any(vm, waiting, message);
    decref(vm, waiting);
    decref(vm, message);
    return cancelled;
}

Value task_cancel(VM *vm, Value self, Value message) {
    Task *t = as_task(self);
    t->future.flags &= (uint8_t)~FUTURE_LOG;
    if (t->future.state != FUTURE_PENDING)
        return VALUE_FALSE;
    t->future.cancels++;
    if (t->waiting) {
        Value waiting = incref(t->waiting);
        int cancelled;
        if (!native_enter(vm, "")) {
            decref(vm, waiting);
            return VALUE_ERROR;
        }
        cancelled = future_cancel_any(vm, waiting, message);
        native_leave(vm);
        decref(vm, waiting);
        if (cancelled)
            return cancelled < 0 ? VALUE_ERROR : VALUE_TRUE;
    }
    t->future.flags |= TASK_MUST_CANCEL;
    if (t->future.state == FUTURE_PENDING)
        set_owned(vm, &t->future.result, incref(message));
    return VALUE_TRUE;
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

Value task_name(VM *vm, Task *t) {
    if (is_small_int(t->name)) {
        Value name = str_printf(vm, "Task-%i", as_small_int(t->name));
        if (!name)
            return VALUE_ERROR;
        t->name = name;
    }
    return t->name ? t->name : VALUE_NONE;
}

static Value method_cancel(NATIVE_ARGS) {
    if (!future_check(vm, as_future(self)))
        return VALUE_ERROR;
    return task_cancel(vm, self, args[0] && !is_none(args[0]) ? args[0] : 0);
}

static Value method_cancelling(NATIVE_ARGS) { return from_small_int(as_future(self)->cancels); }

static Value method_uncancel(NATIVE_ARGS) {
    Future *f = as_future(self);
    if (f->cancels && --f->cancels == 0)
        f->flags &= (uint8_t)~TASK_MUST_CANCEL;
    return from_small_int(f->cancels);
}

static Value method_get_coro(NATIVE_ARGS) {
    Value coro = as_task(self)->coro;
    return coro ? incref(coro) : VALUE_NONE;
}

static Value method_get_context(NATIVE_ARGS) { return incref(task_context(vm, self)); }

static Value method_get_name(NATIVE_ARGS) { return incref(task_name(vm, as_task(self))); }

static Value method_set_name(NATIVE_ARGS) {
    Value name = has_exact_kind(args[0], KIND_STR) ? incref(args[0]) : to_str(vm, args[0]);
    if (!name)
        return VALUE_ERROR;
    set_owned(vm, &as_task(self)->name, name);
    return VALUE_NONE;
}

static Value method_set_result(NATIVE_ARGS) {
    return raise_runtime(vm, "Task does not support set_result operation");
}
static Value method_set_exception(NATIVE_ARGS) {
    return raise_runtime(vm, "Task does not support set_exception operation");
}

static Value call_helper(VM *vm, const char *name, Value *args, size_t n) {
    Value helper = async_helper(vm, "base_tasks", name);
    Value result = helper ? call(vm, helper, args, n, 0) : VALUE_ERROR;
    decref(vm, helper);
    return result;
}

static Value method_get_stack(NATIVE_ARGS) {
    Value given[2] = {self, args[0] ? args[0] : VALUE_NONE};
    return call_helper(vm, "_task_get_stack", given, 2);
}

static Value method_print_stack(NATIVE_ARGS) {
    Value given[3] = {self, args[0] ? args[0] : VALUE_NONE, args[1] ? args[1] : VALUE_NONE};
    return call_helper(vm, "_task_print_stack", given, 3);
}

/* Class methods until CPython 3.8; the package warns. */
static Value call_former(VM *vm, const char *name, Value *args) {
    Value helper = async_helper(vm, "tasks", name);
    Value result = helper ? call(vm, helper, args, args[0] ? 1 : 0, 0) : VALUE_ERROR;
    decref(vm, helper);
    return result;
}
static Value method_all_tasks(NATIVE_ARGS) { return call_former(vm, "_former_all_tasks", args); }
static Value method_current_task(NATIVE_ARGS) { return call_former(vm, "_former_current_task", args); }

static Value task_repr(VM *vm, Value self) { return call_helper(vm, "_task_repr", &self, 1); }

static const MethodSpec task_methods[] = {
    {"cancel", method_cancel, "msg=None", "Asks for CancelledError to be raised in the coroutine.", 0},
    {"cancelling", method_cancelling, "", "How many cancel() calls have not been undone by uncancel().", 0},
    {"uncancel", method_uncancel, "", "Undoes one cancel() call; returns how many are left.", 0},
    {"get_coro", method_get_coro, "", "The coroutine.", 0},
    {"get_context", method_get_context, "", "The context the coroutine runs in.", 0},
    {"get_name", method_get_name, "", "The name of the task.", 0},
    {"set_name", method_set_name, "value, /", "Names the task.", 0},
    {"set_result", method_set_result, "result, /", "Not for tasks.", 0},
    {"set_exception", method_set_exception, "exception, /", "Not for tasks.", 0},
    {"get_stack", method_get_stack, "*, limit=None", "The frames of the coroutine.", 0},
    {"print_stack", method_print_stack, "*, limit=None, file=None", "Prints the frames of the coroutine.", 0},
    {"all_tasks", method_all_tasks, "loop=None", "The set of a loop's tasks, also of those that are done.",
     METHOD_CLASS},
    {"current_task", method_current_task, "loop=None", "The task that runs in a loop, or None.", METHOD_CLASS},
    {0},
};

static Value get_must_cancel(VM *vm, Value self) {
    return from_bool((as_future(self)->flags & TASK_MUST_CANCEL) != 0);
}
static Value get_coro(VM *vm, Value self) { return incref(as_task(self)->coro ? as_task(self)->coro : VALUE_NONE); }
static Value get_waiting(VM *vm, Value self) {
    return incref(as_task(self)->waiting ? as_task(self)->waiting : VALUE_NONE);
}
static Value get_log_destroy(VM *vm, Value self) { return from_bool(!(as_future(self)->flags & TASK_HUSH)); }
static bool set_log_destroy(VM *vm, Value self, Value value) {
    if (!value)
        return raisef(vm, vm->exc.AttributeError, "cannot delete attribute");
    int on = truth(vm, value);
    Future *f = as_future(self);
    if (on >= 0)
        f->flags = (uint8_t)(on ? f->flags & ~TASK_HUSH : f->flags | TASK_HUSH);
    return on >= 0;
}
static Value get_cancels(VM *vm, Value self) { return from_small_int(as_future(self)->cancels); }

static const GetSetSpec task_getset[] = {
    {"_must_cancel", get_must_cancel, NULL, NULL},
    {"_coro", get_coro, NULL, NULL},
    {"_fut_waiter", get_waiting, NULL, NULL},
    {"_log_destroy_pending", get_log_destroy, set_log_destroy, NULL},
    {"_num_cancels_requested", get_cancels, NULL, NULL},
    {0},
};

/* ---- what scripts see of the callbacks ------------------------------------------------------------------------- */

static Value wakeup_call(NATIVE_ARGS) {
    if (!task_wakeup(vm, self, args[0]))
        return VALUE_ERROR;
    return VALUE_NONE;
}

Value future_wakeup_method(VM *vm, Value task) {
    static const MethodSpec spec = {"task_wakeup", wakeup_call, "object, /", NULL, 0};
    return native_new(vm, &spec, task, obj_type(as_obj(task)), 0);
}

typedef struct TaskStep { /* a step to be made as a callback, perhaps with an exception */
    Object header;
    Value task, exception;
} TaskStep;

Value task_step_new(VM *vm, Value task, Value exc) {
    TaskStep *step = object_alloc(vm, async_state(vm)->task_step, 0);
    if (!step)
        return VALUE_ERROR;
    step->task = incref(task);
    step->exception = incref(exc);
    return from_obj(step);
}

static Value step_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    TaskStep *step = (TaskStep *)as_obj(self);
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "function takes no keyword arguments");
    if (nargs)
        return raise_type(vm, "function takes no positional arguments");
    return task_step(vm, step->task, incref(step->exception)) ? VALUE_NONE : VALUE_ERROR;
}

static Value step_self(VM *vm, Value self) { return incref(((TaskStep *)as_obj(self))->task); }
static Value step_name(VM *vm, Value self) { return str_from_c(vm, "TaskStepMethWrapper"); }
static const GetSetSpec step_getset[] = {
    {"__self__", step_self, NULL, NULL},
    {"__qualname__", step_name, NULL, NULL},
    {0},
};

const TypeSpec task_step_spec = {
    .name = "TaskStepMethWrapper",
    .doc = "A step of a task, for the loop to call.",
    .size = sizeof(TaskStep),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF | TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(2), .call = step_call},
    .getset = step_getset,
};

/* ---- the end --------------------------------------------------------------------------------------------------- */

static bool report_destroyed(VM *vm, Value self) {
    Value context = dict_new(vm), text = context ? str_from_c(vm, "Task was destroyed but it is pending!") : 0;
    Value source = text ? attr_get_c(vm, self, "_source_traceback") : VALUE_ERROR;
    bool ok = source && dict_set_c(vm, context, "task", self) && dict_set_c(vm, context, "message", text) &&
              (is_none(source) || dict_set_c(vm, context, "source_traceback", source));
    decref(vm, text);
    decref(vm, source);
    if (!ok) {
        decref(vm, context);
        return false;
    }
    return async_report(vm, as_future(self)->loop, &context);
}

static void task_finalize(VM *vm, Value self) {
    Future *f = as_future(self);
    task_list(as_task(self), false); /* also where the report of its end keeps it */
    if (f->state == FUTURE_PENDING && !(f->flags & TASK_HUSH) && f->loop && !vm->finalizing) {
        f->flags |= TASK_HUSH;
        Value pending = error_take(vm);
        if (!report_destroyed(vm, self))
            error_unraisable(vm, NULL, self);
        if (pending)
            raise_steal(vm, pending);
    }
    future_finalize(vm, self);
}

static void task_clear(VM *vm, Object *self) {
    Task *t = (Task *)self;
    task_list(t, false);
    future_clear(vm, self);
    set_owned(vm, &t->coro, 0);
    set_owned(vm, &t->context, 0);
    set_owned(vm, &t->waiting, 0);
}

static void task_dealloc(VM *vm, Object *self) {
    Task *t = (Task *)self;
    task_clear(vm, self);
    decref(vm, t->name);
}

static void task_traverse(Object *self, VisitFn visit, void *arg) {
    Task *t = (Task *)self;
    future_traverse(self, visit, arg);
    visit_value(t->coro, visit, arg);
    visit_value(t->context, visit, arg);
    visit_value(t->waiting, visit, arg);
    visit_value(t->name, visit, arg);
}

const TypeSpec task_spec = {
    .name = "_asyncio.Task",
    .doc = "A coroutine that the loop runs; a future of its result.",
    .signature = "coro, *, loop=None, name=None, context=None, eager_start=False",
    .size = sizeof(Task),
    .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT | TYPE_IMMUTABLE | TYPE_SELF_AWAIT,
    .kind = KIND_OTHER,
    .slots = {.dealloc = task_dealloc,
              .clear = task_clear,
              .traverse = task_traverse,
              .finalize = task_finalize,
              .create = task_create,
              .init = task_init,
              .repr = task_repr,
              FUTURE_AWAIT_SLOTS},
    .methods = task_methods,
    .getset = task_getset,
};
