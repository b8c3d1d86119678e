/* The module sys: its functions. The constants are in mod_sys_info.c, the hooks in mod_sys_hooks.c.
 *
 * sys exists before any script runs; vm->sys_dict is its namespace, which native code reads directly, so that a
 * script that replaces sys.stdout or sys.excepthook is heeded everywhere.
 */
#include "stdlib/mod_sys.h"

#include "interp/frame.h"
#include "interp/trace.h"
#include "object/instance.h"

AT_START Value sys_get(VM *vm, const char *name) {
    Value found = vm->sys_dict ? dict_get_c(vm, vm->sys_dict, name) : 0;
    if (!found)
        error_clear(vm); /* memory for the name was short */
    return found;
}

AT_START bool sys_set(VM *vm, const char *name, Value value) {
    bool ok = value && dict_set_c(vm, vm->sys_dict, name, value);
    decref(vm, value);
    return ok;
}

/* ---- exceptions and leaving ---- */

static Value sys_exc_info(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value exc = error_handled(vm);
    if (!exc)
        return tuple_pack(vm, 3, VALUE_NONE, VALUE_NONE, VALUE_NONE);
    Value tb = as_exception(exc)->traceback;
    return tuple_pack(vm, 3, type_value(obj_type(as_obj(exc))), exc, tb ? tb : VALUE_NONE);
}

static Value sys_exception(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value exc = error_handled(vm);
    return exc ? incref(exc) : VALUE_NONE;
}

static Value sys_exit(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value status = args[0] ? args[0] : VALUE_NONE, exc;
    if (is_none(status))
        exc = exception_new(vm, vm->exc.SystemExit, NULL, 0);
    else if (is_tuple(status))
        exc = exception_new(vm, vm->exc.SystemExit, as_tuple(status)->items, as_tuple(status)->len);
    else
        exc = exception_new(vm, vm->exc.SystemExit, &status, 1);
    if (exc)
        raise_object(vm, exc);
    decref(vm, exc);
    return VALUE_ERROR;
}

static Value sys_is_finalizing(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_bool(vm->finalizing);
}

/* ---- objects ---- */

static Value sys_getrefcount(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    /* Numbers and constants are not counted; they answer as immortal objects do. */
    return is_obj(args[0]) ? from_small_int(as_obj(args[0])->refcount) : from_small_int(UINT32_MAX);
}

static Value sys_getsizeof(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value size = call_special(vm, args[0], NAME(__sizeof__), NULL, 0);
    int64_t n = -1;
    if (size && is_int(size)) {
        if (!int_fits_int64(size, &n) || n < 0)
            raise_value(vm, "__sizeof__() should return >= 0");
    } else if (size) {
        raise_type(vm, "'%T' object cannot be interpreted as an integer", size);
    } else if (!error_pending(vm)) {
        raise_type(vm, "Type %T doesn't define __sizeof__", args[0]);
    }
    decref(vm, size);
    if (error_pending(vm)) {
        if (!args[1] || !error_matches(vm, vm->exc.TypeError))
            return VALUE_ERROR;
        error_clear(vm);
        return incref(args[1]);
    }
    if (is_obj(args[0]) && (as_obj(args[0])->flags & OBJ_GC))
        n += (int64_t)sizeof(GcLink);
    return int_from_int64(vm, n);
}

static Value sys_intern(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "intern() argument must be str, not %T", args[0]);
    if (!has_exact_kind(args[0], KIND_STR))
        return raise_type(vm, "can't intern %T", args[0]);
    return str_intern(vm, incref(args[0]));
}

static Value sys_is_interned(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "_is_interned() argument must be str, not %T", args[0]);
    return from_bool(as_obj(args[0])->flags & OBJ_USER1);
}

/* ---- limits ---- */

static Value sys_getrecursionlimit(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_small_int(vm->recursion_limit);
}

static Value sys_setrecursionlimit(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int limit;
    if (!to_c_int(vm, args[0], &limit))
        return VALUE_ERROR;
    if (limit < 1)
        return raise_value(vm, "recursion limit must be greater or equal than 1");
    if (vm->recursion_most != 0 && (uint32_t)limit > vm->recursion_most)
        return raise_value(vm, "recursion limit must not be above %u here", vm->recursion_most);
    if (vm->thread->depth >= (uint32_t)limit)
        return raisef(vm, vm->exc.RecursionError,
                      "cannot set the recursion limit to %d at the recursion depth %d: the limit is too low", limit,
                      (int)vm->thread->depth);
    vm->recursion_limit = (uint32_t)limit;
    return VALUE_NONE;
}

static Value sys_getswitchinterval(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_double(vm->switch_interval_us / 1e6);
}

static Value sys_setswitchinterval(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    double seconds;
    if (!to_double(vm, args[0], &seconds))
        return VALUE_ERROR;
    if (!(seconds > 0))
        return raise_value(vm, "switch interval must be strictly positive");
    double us = seconds * 1e6;
    vm->switch_interval_us = us < 1 ? 1 : us > 4e9 ? 4000000000u : (uint32_t)us;
    return VALUE_NONE;
}

static Value sys_get_int_max_str_digits(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_small_int(vm->int_max_str_digits);
}

static Value sys_set_int_max_str_digits(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int digits;
    if (!to_c_int(vm, args[0], &digits))
        return VALUE_ERROR;
    if (digits != 0 && digits < 640)
        return raise_value(vm, "maxdigits must be 0 or larger than 640");
    if (!module_complete(vm, vm->sys_module)) /* sys.flags tells what it was at the start */
        return VALUE_ERROR;
    vm->int_max_str_digits = (uint32_t)digits;
    return VALUE_NONE;
}

/* ---- frames ---- */

static Value sys_getframe(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int depth = 0;
    if (args[0] && !to_c_int(vm, args[0], &depth))
        return VALUE_ERROR;
    Frame *f = vm->thread->frame;
    for (; depth > 0 && f; depth--)
        f = frame_back(vm, f);
    return f ? frame_object(vm, f) : raise_value(vm, "call stack is not deep enough");
}

static Value sys_getframemodulename(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int depth = 0;
    if (args[0] && !to_c_int(vm, args[0], &depth))
        return VALUE_ERROR;
    Frame *f = vm->thread->frame;
    for (; depth > 0 && f; depth--)
        f = frame_back(vm, f);
    Value module = f ? f->func->module : 0;
    if (f && (!module || is_none(module)))
        module = dict_get_str(vm, f->func->globals, NAME(__name__));
    return module ? incref(module) : VALUE_NONE;
}

static Value sys_current_frames(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value dict = dict_new(vm);
    for (Thread *t = vm->threads; dict && t; t = t->next) {
        Value id = t->frame ? int_from_uint64(vm, t->id) : 0, frame = id ? frame_object(vm, t->frame) : 0;
        if (t->frame && (!frame || !dict_set(vm, dict, id, frame)))
            set_owned(vm, &dict, 0);
        decref(vm, id);
        decref(vm, frame);
    }
    return dict;
}

static Value sys_current_exceptions(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value dict = dict_new(vm), exc = error_handled(vm);
    Value id = dict ? int_from_uint64(vm, vm->thread->id) : 0;
    if (!id || !dict_set(vm, dict, id, exc ? exc : VALUE_NONE))
        set_owned(vm, &dict, 0);
    decref(vm, id);
    return dict;
}

/* ---- tracing ---- */

static Value store_hook(VM *vm, Value *field, Value hook) {
    trace_set(vm, vm->thread, field, is_none(hook) ? 0 : incref(hook));
    return VALUE_NONE;
}

static Value sys_settrace(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return store_hook(vm, &vm->thread->trace, args[0]);
}

/* In all threads. A hook that goes may run a finalizer, which may end a thread: the list is looked at anew then. */
static Value store_everywhere(VM *vm, size_t field, Value hook) {
    Value wanted = is_none(hook) ? 0 : hook;
    for (Thread *t = vm->threads; t != NULL;) {
        Value *place = (Value *)((char *)t + field);
        if (*place == wanted) {
            t = t->next;
            continue;
        }
        trace_set(vm, t, place, wanted == 0 ? 0 : incref(wanted));
        t = vm->threads;
    }
    return VALUE_NONE;
}

static Value sys_settrace_all(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return store_everywhere(vm, offsetof(Thread, trace), args[0]);
}

static Value sys_setprofile_all(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return store_everywhere(vm, offsetof(Thread, profile), args[0]);
}

static Value sys_gettrace(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return vm->thread->trace ? incref(vm->thread->trace) : VALUE_NONE;
}

static Value sys_setprofile(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return store_hook(vm, &vm->thread->profile, args[0]);
}

static Value sys_getprofile(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return vm->thread->profile ? incref(vm->thread->profile) : VALUE_NONE;
}

static Value sys_call_tracing(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_tuple(args[1]))
        return raise_type(vm, "call_tracing() argument 2 must be tuple, not %T", args[1]);
    return trace_call_traced(vm, args[0], args[1]);
}

/* ---- coroutines ---- */

static Value sys_set_coroutine_origin(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int depth;
    if (!to_c_int(vm, args[0], &depth))
        return VALUE_ERROR;
    if (depth < 0)
        return raise_value(vm, "depth must be >= 0");
    vm->thread->coroutine_origin_depth = depth;
    return VALUE_NONE;
}

static Value sys_get_coroutine_origin(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_small_int(vm->thread->coroutine_origin_depth);
}

static bool want_hook(VM *vm, Value hook, const char *name) {
    return !hook || is_none(hook) || is_callable(hook) || raise_type(vm, "callable %s expected, got %T", name, hook);
}

static Value sys_set_asyncgen_hooks(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!want_hook(vm, args[1], "finalizer") || !want_hook(vm, args[0], "firstiter"))
        return VALUE_ERROR;
    if (args[1])
        store_hook(vm, &vm->thread->async_finalizer, args[1]);
    if (args[0])
        store_hook(vm, &vm->thread->async_firstiter, args[0]);
    return VALUE_NONE;
}

static Value sys_get_asyncgen_hooks(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    static const char *const fields[] = {"firstiter", "finalizer"};
    Type *type = structseq_type(vm, "asyncgen_hooks", "The hooks of asynchronous generators.", fields, 2, 2);
    Thread *t = vm->thread;
    Value items[2] = {t->async_firstiter ? incref(t->async_firstiter) : VALUE_NONE,
                      t->async_finalizer ? incref(t->async_finalizer) : VALUE_NONE};
    return type ? structseq_new(vm, type, items) : VALUE_ERROR;
}

/* ---- auditing ---- */

static Value sys_addaudithook(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value hooks = (Value)(uintptr_t)vm->module_state[MODULE_SLOT_mod_sys_init];
    if (!hooks) {
        hooks = list_new(vm, 0);
        if (!hooks)
            return VALUE_ERROR;
        hooks = vm_keep(vm, hooks);
        if (!hooks)
            return VALUE_ERROR;
        vm->module_state[MODULE_SLOT_mod_sys_init] = (void *)(uintptr_t)hooks;
    }
    return list_append(vm, hooks, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value sys_audit(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "sys.audit() takes no keyword arguments");
    if (nargs == 0)
        return raise_type(vm, "audit expected at least 1 argument, got 0");
    if (!is_str(args[0]))
        return raise_type(vm, "expected str for argument 'event', not %T", args[0]);
    Value hooks = (Value)(uintptr_t)vm->module_state[MODULE_SLOT_mod_sys_init];
    if (!hooks)
        return VALUE_NONE;
    Value rest = tuple_from_array(vm, args + 1, nargs - 1);
    bool ok = rest != 0;
    for (size_t i = 0; ok && i < as_list(hooks)->len; i++) {
        Value hook = incref(as_list(hooks)->items[i]), result = call2(vm, hook, args[0], rest);
        decref(vm, hook);
        decref(vm, result);
        ok = result != 0;
    }
    decref(vm, rest);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

/* ---- what there is only one answer to ---- */

static Value sys_utf8(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return str_intern_c(vm, "utf-8");
}

static Value sys_encode_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return str_intern_c(vm, "surrogateescape");
}

static Value sys_true(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return VALUE_TRUE; }

static Value sys_nothing(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return VALUE_NONE; }

static Value sys_getallocatedblocks(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_uint64(vm, vm->mem_used / 64); /* the VM counts bytes; a block of small objects has about 64 */
}

const MethodSpec sys_methods[] = {
    {"_clear_internal_caches", sys_nothing, "", "Does nothing: no cache needs it.", 0},
    {"_clear_type_cache", sys_nothing, "", "Does nothing: the cache of methods checks itself.", 0},
    {"_current_exceptions", sys_current_exceptions, "", "The exception that each thread handles, by thread number.",
     0},
    {"_current_frames", sys_current_frames, "", "The running frame of each thread, by thread number.", 0},
    {"_getframe", sys_getframe, "depth=0, /", "The running frame, or one further out.", 0},
    {"_getframemodulename", sys_getframemodulename, "depth=0", "The module of the function running at that depth.",
     0},
    {"_is_gil_enabled", sys_true, "", "True: one thread at a time runs scripts.", 0},
    {"_is_interned", sys_is_interned, "string, /", "Tells whether a string is interned.", 0},
    {"addaudithook", sys_addaudithook, "hook", "Adds a function to be called with every audit event.", 0},
    {"audit", sys_audit, "event, /, *args", "Reports an event to the audit hooks.", 0},
    {"call_tracing", sys_call_tracing, "func, args, /", "Calls func(*args) with tracing enabled.", 0},
    {"exc_info", sys_exc_info, "",
     "Type, value and traceback of the exception being handled; three times None "
     "outside of handlers.",
     0},
    {"exception", sys_exception, "", "The exception being handled, or None.", 0},
    {"exit", sys_exit, "status=None, /",
     "Raises SystemExit: None or 0 for success, another number as exit status, or a message, for 1.", 0},
    {"get_asyncgen_hooks", sys_get_asyncgen_hooks, "", "The hooks that set_asyncgen_hooks has set.", 0},
    {"get_coroutine_origin_tracking_depth", sys_get_coroutine_origin, "",
     "How many frames are noted where a coroutine is made.", 0},
    {"get_int_max_str_digits", sys_get_int_max_str_digits, "",
     "The largest number of digits that conversions between int and str accept.", 0},
    {"getallocatedblocks", sys_getallocatedblocks, "", "Roughly how many blocks of memory are in use.", 0},
    {"getdefaultencoding", sys_utf8, "", "'utf-8'.", 0},
    {"getfilesystemencodeerrors", sys_encode_errors, "", "'surrogateescape'.", 0},
    {"getfilesystemencoding", sys_utf8, "", "'utf-8'.", 0},
    {"getprofile", sys_getprofile, "", "The function that setprofile has set.", 0},
    {"getrecursionlimit", sys_getrecursionlimit, "", "How deep calls may be nested.", 0},
    {"getrefcount", sys_getrefcount, "object, /", "How many references an object has, that of the call included.", 0},
    {"getsizeof", sys_getsizeof, "object, default=<unset>", "The size of an object in bytes.", 0},
    {"getswitchinterval", sys_getswitchinterval, "", "How long a thread runs while others wait, in seconds.", 0},
    {"gettrace", sys_gettrace, "", "The function that settrace has set.", 0},
    {"intern", sys_intern, "string, /", "The one string of that text which is used for names.", 0},
    {"is_finalizing", sys_is_finalizing, "", "Tells whether the interpreter is shutting down.", 0},
    {"set_asyncgen_hooks", sys_set_asyncgen_hooks, "firstiter=<unset>, finalizer=<unset>",
     "Sets what is called when an asynchronous generator is first iterated, and when it is dropped unfinished.", 0},
    {"set_coroutine_origin_tracking_depth", sys_set_coroutine_origin, "depth",
     "How many frames to note where a coroutine is made.", 0},
    {"set_int_max_str_digits", sys_set_int_max_str_digits, "maxdigits",
     "Sets the largest number of digits that conversions between int and str accept; 0: any.", 0},
    {"setprofile", sys_setprofile, "function, /", "Sets the profile function.", 0},
    {"setrecursionlimit", sys_setrecursionlimit, "limit, /", "Sets how deep calls may be nested.", 0},
    {"setswitchinterval", sys_setswitchinterval, "interval, /",
     "Sets how long a thread runs while others wait, in seconds.", 0},
    {"_settraceallthreads", sys_settrace_all, "function, /", "Sets the trace function of all threads.", 0},
    {"_setprofileallthreads", sys_setprofile_all, "function, /", "Sets the profile function of all threads.", 0},
    {"settrace", sys_settrace, "function, /", "Sets the trace function.", 0},
    {0},
};
