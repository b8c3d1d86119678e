/* Starting threads, and the handles by which others wait for their end.
 *
 * A handle and its thread both refer to what they share: the handle object is kept alive by the running thread, so
 * its state can be read at any time. A thread is done when its function has returned and what it held has been
 * dropped; then everybody who waits in the handle's queue goes on. Handles of threads that are no daemons are listed,
 * as the end of the program waits for those. */
#include "stdlib/thread/thread.h"

#include <unistd.h>

typedef enum HandleState { HANDLE_NEW, HANDLE_STARTING, HANDLE_RUNNING, HANDLE_DONE } HandleState;

typedef struct ThreadHandle {
    Object header;
    HandleState state;
    bool listed; /* the program's end waits for it: in the module's list, which owns a reference */
    uint64_t ident;
    ParkQueue joining;
    struct ThreadHandle *next;
} ThreadHandle;

typedef struct ThreadModule {
    ThreadHandle *first; /* of the handles that _shutdown() waits for */
    size_t started;      /* threads that this module started and that still run */
    size_t stack_size;   /* of new threads; 0: the system's default */
} ThreadModule;

static ThreadHandle *as_handle(Value v) { return (ThreadHandle *)as_obj(v); }

static ThreadModule *module_state(VM *vm) {
    void **state = &vm->module_state[MODULE_SLOT_mod_thread_init];
    if (*state == NULL && (*state = mem_alloc(vm, sizeof(ThreadModule))) != NULL)
        memset(*state, 0, sizeof(ThreadModule));
    return *state;
}

static void unlist(VM *vm, ThreadHandle *h) {
    ThreadHandle **link = &module_state(vm)->first;
    while (*link != h)
        link = &(*link)->next;
    *link = h->next;
    h->listed = false;
    obj_decref(vm, &h->header);
}

static void finished(VM *vm, ThreadHandle *h) {
    h->state = HANDLE_DONE;
    unpark_all(vm, &h->joining);
    if (h->listed)
        unlist(vm, h);
}

/* --- starting -----------------------------------------------------------------------------------------------------
 */

typedef struct Work {
    Value function, args, kwargs; /* owned; kwargs may be 0 */
    Value handle;                 /* owned */
} Work;

static void work_drop(VM *vm, Work *w) {
    decref(vm, w->function);
    decref(vm, w->args);
    decref(vm, w->kwargs);
    mem_free(vm, w, sizeof *w);
}

static void report(VM *vm, Value function) {
    Value exc = error_take(vm), message = str_printf(vm, "Exception ignored in thread started by %R", function);
    error_clear(vm);
    raise_steal(vm, exc);
    error_unraisable(vm, message == 0 ? "Exception ignored in thread" : str_data(message), 0);
    decref(vm, message);
}

static void run_work(VM *vm, void *argument) {
    Work *w = argument;
    Value handle = w->handle;
    as_handle(handle)->state = HANDLE_RUNNING;
    Value result = call_ex(vm, w->function, w->args, w->kwargs);
    if (result == 0 && error_matches(vm, vm->exc.SystemExit))
        error_clear(vm);
    else if (result == 0)
        report(vm, w->function);
    decref(vm, result);
    work_drop(vm, w);
    error_clear(vm);
    module_state(vm)->started--;
    finished(vm, as_handle(handle));
    decref(vm, handle);
}

static Value handle_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (nargs != 0 || kwnames != 0)
        return raise_type(vm, "_ThreadHandle() takes no arguments (%u given)", nargs);
    ThreadHandle *h = object_alloc(vm, type, 0);
    if (h == NULL)
        return VALUE_ERROR;
    h->joining.object = from_obj(h);
    return from_obj(h);
}

/* Starts function(*args, **kwargs) (borrowed) in a thread; handle is borrowed and new. */
static bool start(VM *vm, Value function, Value args, Value kwargs, Value handle, bool daemon) {
    ThreadHandle *h = as_handle(handle);
    ThreadModule *state = module_state(vm);
    Work *w = state == NULL ? NULL : mem_alloc(vm, sizeof *w);
    if (w == NULL)
        return false;
    if (vm->threads_stopped) {
        mem_free(vm, w, sizeof *w);
        return raisef(vm, vm->exc.PythonFinalizationError, "can't create new thread at interpreter shutdown");
    }
    *w = (Work){incref(function), incref(args), kwargs == 0 ? 0 : incref(kwargs), incref(handle)};
    h->state = HANDLE_STARTING;
    if (!thread_start(vm, run_work, w, state->stack_size, &h->ident)) {
        h->state = HANDLE_NEW;
        decref(vm, handle);
        work_drop(vm, w);
        return false;
    }
    state->started++;
    if (!daemon) {
        h->listed = true;
        h->next = state->first;
        state->first = h;
        incref(handle);
    }
    return true;
}

static Value start_joinable(NATIVE_ARGS) {
    if (!is_callable(args[0]))
        return raise_type(vm, "thread function must be callable");
    Type *type = vm_type(vm, &thread_handle_spec, vm->types.object);
    if (type == NULL)
        return VALUE_ERROR;
    Value handle = args[1];
    if (handle == 0 || is_none(handle))
        handle = handle_create(vm, type, NULL, 0, 0);
    else if (type_of(vm, handle) != type)
        return raise_type(vm, "'handle' must be a _ThreadHandle");
    else
        incref(handle);
    int daemon = args[2] == 0 ? 1 : truth(vm, args[2]);
    if (handle == 0 || daemon < 0) {
        decref(vm, handle);
        return VALUE_ERROR;
    }
    bool ok;
    if (as_handle(handle)->state != HANDLE_NEW)
        ok = raise_runtime(vm, "thread already started");
    else
        ok = start(vm, args[0], vm->empty_tuple, 0, handle, daemon);
    if (ok)
        return handle;
    decref(vm, handle);
    return VALUE_ERROR;
}

static Value start_new_thread(NATIVE_ARGS) {
    if (!is_callable(args[0]))
        return raise_type(vm, "first arg must be callable");
    if (!is_tuple(args[1]))
        return raise_type(vm, "2nd arg must be a tuple");
    if (args[2] != 0 && !is_dict(args[2]))
        return raise_type(vm, "optional 3rd arg must be a dictionary");
    Type *type = vm_type(vm, &thread_handle_spec, vm->types.object);
    Value handle = type == NULL ? VALUE_ERROR : handle_create(vm, type, NULL, 0, 0);
    if (handle == 0)
        return VALUE_ERROR;
    Value ident = VALUE_ERROR;
    if (start(vm, args[0], args[1], args[2], handle, true))
        ident = int_from_uint64(vm, as_handle(handle)->ident);
    decref(vm, handle);
    return ident;
}

/* --- waiting for the end ------------------------------------------------------------------------------------------
 */

/* False with the error, also that of a signal's handler. A time-out is no error. */
static bool join(VM *vm, ThreadHandle *h, int64_t deadline) {
    incref(from_obj(h));
    ParkResult result = PARK_WOKEN;
    while (h->state != HANDLE_DONE && result == PARK_WOKEN)
        result = thread_wait(vm, &h->joining, deadline, false);
    obj_decref(vm, &h->header);
    return result != PARK_ERROR;
}

static Value handle_join(NATIVE_ARGS) {
    ThreadHandle *h = as_handle(self);
    int64_t deadline;
    if (!thread_deadline(vm, args[0], &deadline))
        return VALUE_ERROR;
    if (h->state == HANDLE_NEW)
        return raise_runtime(vm, "thread not started");
    if (h->state != HANDLE_DONE && h->ident == vm->thread->os_ident)
        return raise_runtime(vm, "Cannot join current thread");
    return join(vm, h, deadline) ? VALUE_NONE : VALUE_ERROR;
}

static Value handle_is_done(NATIVE_ARGS) { return from_bool(as_handle(self)->state == HANDLE_DONE); }

static Value handle_set_done(NATIVE_ARGS) {
    if (as_handle(self)->state == HANDLE_NEW)
        return raise_runtime(vm, "thread not started");
    finished(vm, as_handle(self));
    return VALUE_NONE;
}

static Value handle_get_ident(VM *vm, Value self) { return int_from_uint64(vm, as_handle(self)->ident); }

static Value handle_repr(VM *vm, Value self) {
    Value ident = handle_get_ident(vm, self);
    Value text = ident == 0 ? VALUE_ERROR : str_printf(vm, "<_thread._ThreadHandle object: ident=%S>", ident);
    decref(vm, ident);
    return text;
}

static Value make_handle(NATIVE_ARGS) {
    int64_t ident;
    Type *type = vm_type(vm, &thread_handle_spec, vm->types.object);
    if (type == NULL || !to_int64(vm, args[0], &ident))
        return VALUE_ERROR;
    Value handle = handle_create(vm, type, NULL, 0, 0);
    if (handle != 0) {
        as_handle(handle)->ident = (uint64_t)ident;
        as_handle(handle)->state = HANDLE_RUNNING;
    }
    return handle;
}

static Value shutdown(NATIVE_ARGS) {
    ThreadModule *state = module_state(vm);
    while (state != NULL && state->first != NULL) {
        ThreadHandle *h = state->first;
        if (h->ident == vm->thread->os_ident) { /* the end of the program was begun in this very thread */
            unlist(vm, h);
            continue;
        }
        if (!join(vm, h, INT64_MAX))
            return VALUE_ERROR;
    }
    return VALUE_NONE;
}

static Value count(NATIVE_ARGS) { return from_small_int((int64_t)module_state(vm)->started); }

static Value stack_size(NATIVE_ARGS) {
    ThreadModule *state = module_state(vm);
    ssize_t size = 0;
    if (state == NULL || (args[0] != 0 && !to_ssize(vm, args[0], &size)))
        return VALUE_ERROR;
    if (size < 0)
        return raise_value(vm, "size must be 0 or a positive value");
    if (size != 0 && size < 32 * 1024)
        return raise_value(vm, "size not valid: %z bytes", size);
    Value before = from_small_int((int64_t)state->stack_size);
    if (args[0] != 0)
        state->stack_size = (size_t)size;
    return before;
}

#define START_DOC "Starts function(*args, **kwargs) in a thread of its own; returns the thread's number."

const MethodSpec thread_start_methods[] = {
    {"start_new_thread", start_new_thread, "function, args, kwargs={}, /", START_DOC, 0},
    {"start_new", start_new_thread, "function, args, kwargs={}, /", START_DOC, 0},
    {"start_joinable_thread", start_joinable, "function, handle=None, daemon=True",
     "Starts function() in a thread of its own; returns the handle by which others wait for its end.", 0},
    {"_make_thread_handle", make_handle, "ident, /", "A handle for a thread that was started by other means.", 0},
    {"_shutdown", shutdown, "", "Waits for all threads that are no daemons.", 0},
    {"_count", count, "", "How many threads, started here, still run.", 0},
    {"stack_size", stack_size, "size=0, /",
     "Sets the stack size of threads made from now on, in bytes; 0 is the system's default. Returns the one before.",
     0},
    {0},
};

static const MethodSpec handle_methods[] = {
    {"join", handle_join, "timeout=-1, /", "Waits for the thread's end, at most so many seconds.", 0},
    {"is_done", handle_is_done, "", "Tells whether the thread has ended.", 0},
    {"_set_done", handle_set_done, "", "Notes that the thread has ended.", 0},
    {0},
};

static const GetSetSpec handle_getset[] = {
    {"ident", handle_get_ident, NULL, "The thread's number."},
    {0},
};

const TypeSpec thread_handle_spec = {
    .name = "_thread._ThreadHandle",
    .doc = "Stands for a thread that can be waited for.",
    .size = sizeof(ThreadHandle),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = handle_create, .repr = handle_repr},
    .methods = handle_methods,
    .getset = handle_getset,
};
