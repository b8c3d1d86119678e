/* Which loop runs in this thread, which task runs in a loop, and which tasks there are. */
#include "stdlib/asyncio/asyncio.h"

/* ---- helpers in the language ----------------------------------------------------------------------------------- */

Value async_helper(VM *vm, const char *module, const char *name) {
    Value path = str_printf(vm, "asyncio.%s", module), from = path ? tuple_pack(vm, 1, NAME(_)) : VALUE_ERROR;
    Value m = from ? vm->import_name(vm, path, VALUE_NONE, from, 0) : VALUE_ERROR;
    Value v = m ? attr_get_c(vm, m, name) : VALUE_ERROR;
    decref(vm, m);
    decref(vm, from);
    decref(vm, path);
    return v;
}

bool async_report(VM *vm, Value loop, Value *context) {
    Value fn = attr_get_c(vm, loop, "call_exception_handler"), r = fn ? call1(vm, fn, *context) : VALUE_ERROR;
    decref(vm, fn);
    decref(vm, r);
    set_owned(vm, context, 0);
    return r != 0;
}

Value async_stack(VM *vm) {
    Value helper = async_helper(vm, "format_helpers", "extract_stack");
    Value stack = helper ? call0(vm, helper) : VALUE_ERROR;
    decref(vm, helper);
    return stack;
}

bool context_argument(VM *vm, Value *context) {
    if (*context == 0 || is_none(*context))
        return context_snapshot(vm, context);
    if (!is_context(vm, *context))
        return raise_type(vm, "a context was expected, got %T", *context);
    incref(*context);
    return true;
}

/* ---- the running loop ------------------------------------------------------------------------------------------ */

Value running_loop(VM *vm) { return vm->thread->running_loop; }

bool running_set_loop(VM *vm, Value loop) {
    set_owned(vm, &vm->thread->running_loop, is_none(loop) ? 0 : incref(loop));
    return true;
}

Value running_loop_or_default(VM *vm) {
    Value loop = running_loop(vm);
    if (loop)
        return incref(loop);
    Value helper = async_helper(vm, "events", "get_event_loop_policy"), policy = helper ? call0(vm, helper) : 0;
    Value name = policy ? str_intern_c(vm, "get_event_loop") : VALUE_ERROR;
    loop = name ? call_method0(vm, policy, name) : VALUE_ERROR;
    decref(vm, name);
    decref(vm, policy);
    decref(vm, helper);
    return loop;
}

static Value get_running_loop(NATIVE_ARGS) {
    Value loop = running_loop(vm);
    return loop ? incref(loop) : raise_runtime(vm, "no running event loop");
}
static Value get_running_loop_or_none(NATIVE_ARGS) {
    Value loop = running_loop(vm);
    return loop ? incref(loop) : VALUE_NONE;
}
static Value set_running_loop(NATIVE_ARGS) { return running_set_loop(vm, args[0]) ? VALUE_NONE : VALUE_ERROR; }
static Value get_event_loop(NATIVE_ARGS) { return running_loop_or_default(vm); }

/* ---- the running task ------------------------------------------------------------------------------------------ */

/* The task that runs in the loop: borrowed, 0 if none; an exception may be pending. */
Value running_task(VM *vm, Value loop) {
    if (is_loop(loop))
        return as_loop(loop)->current;
    Value dict = async_state(vm)->foreign_current;
    return dict ? dict_get(vm, dict, loop) : 0;
}

static bool set_current(VM *vm, Value loop, Value task) {
    if (is_loop(loop)) {
        set_owned(vm, &as_loop(loop)->current, incref(task));
        return true;
    }
    AsyncState *s = async_state(vm);
    if (!s->foreign_current && !(s->foreign_current = vm_keep(vm, dict_new(vm))))
        return false;
    return task ? dict_set(vm, s->foreign_current, loop, task) : dict_delete(vm, s->foreign_current, loop) >= 0;
}

bool running_enter(VM *vm, Value loop, Value task) {
    Value current = running_task(vm, loop);
    if (error_pending(vm))
        return false;
    if (current)
        return raise_runtime(vm, "Cannot enter into task %R while another task %R is being executed.", task, current);
    return set_current(vm, loop, task);
}

bool running_leave(VM *vm, Value loop, Value task) {
    Value current = running_task(vm, loop);
    if (error_pending(vm))
        return false;
    if (current != task)
        return raise_runtime(vm, "Leaving task %R does not match the current task %R.", task,
                             current ? current : VALUE_NONE);
    return set_current(vm, loop, 0);
}

Value running_swap(VM *vm, Value loop, Value task) {
    Value current = running_task(vm, loop);
    if (error_pending(vm))
        return VALUE_ERROR;
    current = current ? incref(current) : VALUE_NONE;
    if (set_current(vm, loop, is_none(task) ? 0 : task))
        return current;
    decref(vm, current);
    return VALUE_ERROR;
}

static Value enter_task(NATIVE_ARGS) { return running_enter(vm, args[0], args[1]) ? VALUE_NONE : VALUE_ERROR; }
static Value leave_task(NATIVE_ARGS) { return running_leave(vm, args[0], args[1]) ? VALUE_NONE : VALUE_ERROR; }
static Value swap_current_task(NATIVE_ARGS) { return running_swap(vm, args[0], args[1]); }

static Value current_task(NATIVE_ARGS) {
    Value loop = args[0] && !is_none(args[0]) ? args[0] : running_loop(vm);
    if (!loop)
        return raise_runtime(vm, "no running event loop");
    Value task = running_task(vm, loop);
    return error_pending(vm) ? VALUE_ERROR : task ? incref(task) : VALUE_NONE;
}

/* ---- all tasks ------------------------------------------------------------------------------------------------- */

/* The weak set of tasks of other makes; borrowed. */
static Value foreign_tasks(VM *vm) {
    AsyncState *s = async_state(vm);
    if (s->foreign_tasks)
        return s->foreign_tasks;
    Value name = str_intern_c(vm, "weakref"), from = name ? tuple_pack(vm, 1, NAME(_)) : VALUE_ERROR;
    Value m = from ? vm->import_name(vm, name, VALUE_NONE, from, 0) : VALUE_ERROR;
    Value type = m ? attr_get_c(vm, m, "WeakSet") : VALUE_ERROR, set = type ? call0(vm, type) : VALUE_ERROR;
    decref(vm, type);
    decref(vm, m);
    decref(vm, from);
    decref(vm, name);
    return s->foreign_tasks = vm_keep(vm, set);
}

static Value set_call(VM *vm, Value set, const char *method, Value item) {
    Value name = set ? str_intern_c(vm, method) : VALUE_ERROR;
    Value r = name ? call_method1(vm, set, name, item) : VALUE_ERROR;
    decref(vm, name);
    decref(vm, r);
    return r ? VALUE_NONE : VALUE_ERROR;
}

static Value register_task(NATIVE_ARGS) {
    if (is_task(args[0])) {
        task_list(as_task(args[0]), true);
        return VALUE_NONE;
    }
    return set_call(vm, foreign_tasks(vm), "add", args[0]);
}

static Value unregister_task(NATIVE_ARGS) {
    if (is_task(args[0])) {
        task_list(as_task(args[0]), false);
        return VALUE_NONE;
    }
    return async_state(vm)->foreign_tasks ? set_call(vm, foreign_tasks(vm), "discard", args[0]) : VALUE_NONE;
}

bool running_set_eager(VM *vm, Value task, bool on) {
    AsyncState *s = async_state(vm);
    if (!s->eager_tasks && !(s->eager_tasks = vm_keep(vm, set_new(vm, 0))))
        return false;
    return on ? set_add(vm, s->eager_tasks, task) : set_discard(vm, s->eager_tasks, task) >= 0;
}
static Value register_eager_task(NATIVE_ARGS) {
    return running_set_eager(vm, args[0], true) ? VALUE_NONE : VALUE_ERROR;
}
static Value unregister_eager_task(NATIVE_ARGS) {
    return running_set_eager(vm, args[0], false) ? VALUE_NONE : VALUE_ERROR;
}

/* Adds the tasks of an iterable that belong to the loop and are not done. */
static bool add_pending(VM *vm, Value out, Value tasks, Value loop) {
    Value list = tasks ? list_from_iterable(vm, tasks) : VALUE_ERROR;
    bool ok = list != 0;
    for (size_t i = 0; ok && i < as_list(list)->len; i++) {
        Value task = as_list(list)->items[i], its = future_loop_of(vm, task);
        Value name = its ? str_intern_c(vm, "done") : VALUE_ERROR;
        Value done = name ? call_method0(vm, task, name) : VALUE_ERROR;
        decref(vm, name);
        int skip = done ? truth(vm, done) : -1;
        ok = skip >= 0 && (skip || its != loop || set_add(vm, out, task));
        decref(vm, its);
        decref(vm, done);
    }
    decref(vm, list);
    return ok;
}

/* Appends the loop's tasks among the containers of a generation, until there are `want` in the list. Tasks have no
 * list of their own, which would cost each of them two words, while all_tasks() is rare. */
static bool list_tasks(VM *vm, GcLink *head, Value loop, Value list, size_t want) {
    for (GcLink *l = head->next; l != head && as_list(list)->len < want; l = l->next) {
        Value task = from_obj(gc_object(l));
        if (is_task(task) && as_future(task)->loop == loop && (as_future(task)->flags & TASK_LISTED) &&
            !list_append(vm, list, task))
            return false;
    }
    return true;
}

static Value all_tasks(NATIVE_ARGS) {
    AsyncState *s = async_state(vm);
    Value loop = args[0] && !is_none(args[0]) ? args[0] : running_loop(vm);
    if (!loop)
        return raise_runtime(vm, "no running event loop");
    incref(loop);
    Value out = set_new(vm, 0), list = out ? list_new(vm, 0) : VALUE_ERROR; /* hashing may run scripts */
    bool ok = list != 0;
    for (int i = 0; ok && i < GC_SETTLED; i++)
        ok = list_tasks(vm, &vm->gc.lists[i], loop, list, is_loop(loop) ? as_loop(loop)->ntasks : SIZE_MAX);
    for (size_t i = 0; ok && i < as_list(list)->len; i++)
        ok = set_add(vm, out, as_list(list)->items[i]);
    ok = ok && (!s->eager_tasks || add_pending(vm, out, s->eager_tasks, loop));
    ok = ok && (!s->foreign_tasks || add_pending(vm, out, s->foreign_tasks, loop));
    decref(vm, list);
    decref(vm, loop);
    if (ok)
        return out;
    decref(vm, out);
    return VALUE_ERROR;
}

/* For reports of deadlocks: number of a thread -> the loop that it runs. */
static Value running_loops(NATIVE_ARGS) {
    Value dict = dict_new(vm);
    for (Loop *loop = async_state(vm)->loops; dict && loop; loop = loop->next) {
        Value ident = loop->stuck ? int_from_uint64(vm, loop->stuck->os_ident) : 0;
        if (ident && !dict_set(vm, dict, ident, from_obj(loop)))
            error_clear(vm);
        decref(vm, ident);
    }
    return dict;
}

const MethodSpec running_functions[] = {
    {"get_running_loop", get_running_loop, "", "The loop that runs in this thread; RuntimeError if none does.", 0},
    {"_get_running_loop", get_running_loop_or_none, "", "The loop that runs in this thread, or None.", 0},
    {"_set_running_loop", set_running_loop, "loop, /", "Makes a loop (or none) the one that runs in this thread.", 0},
    {"get_event_loop", get_event_loop, "", "The running loop, else that of the policy.", 0},
    {"current_task", current_task, "loop=None", "The task that runs in the loop, or None.", 0},
    {"_running_loops", running_loops, "", "The loops that wait, by the numbers of their threads.", 0},
    {"all_tasks", all_tasks, "loop=None", "The set of the loop's tasks that are not done.", 0},
    {"_enter_task", enter_task, "loop, task", "A task begins to run.", 0},
    {"_leave_task", leave_task, "loop, task", "The running task pauses.", 0},
    {"_swap_current_task", swap_current_task, "loop, task", "Replaces the running task; returns the one before.", 0},
    {"_register_task", register_task, "task", "Counts the task among all_tasks().", 0},
    {"_unregister_task", unregister_task, "task", "Does not count it any more.", 0},
    {"_register_eager_task", register_eager_task, "task", "Counts a task that takes its first step at once.", 0},
    {"_unregister_eager_task", unregister_eager_task, "task", "Does not count it any more.", 0},
    {0},
};
