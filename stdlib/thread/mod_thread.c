/* The module _thread: what threading is made of. */
#include "stdlib/thread/thread.h"

#include <signal.h>

#include "interp/traceback_print.h"
#include "runtime/signals.h"
#include "runtime/unraisable.h"

static Value allocate_lock(NATIVE_ARGS) {
    Type *type = vm_type(vm, &lock_spec, vm->types.object);
    return type == NULL ? VALUE_ERROR : lock_spec.slots.create(vm, type, NULL, 0, 0);
}

static Value get_ident(NATIVE_ARGS) { return int_from_uint64(vm, vm->thread->os_ident); }
static Value get_native_id(NATIVE_ARGS) { return int_from_uint64(vm, vm->thread->native_id); }
static Value main_ident(NATIVE_ARGS) { return int_from_uint64(vm, vm->main->os_ident); }
static Value is_main_interpreter(NATIVE_ARGS) { return VALUE_TRUE; }
static Value daemons_allowed(NATIVE_ARGS) { return VALUE_TRUE; }

static Value exit_thread(NATIVE_ARGS) { return raise_object(vm, type_value(vm->exc.SystemExit)); }

static Value interrupt_main(NATIVE_ARGS) {
    int number = SIGINT;
    if (args[0] != 0 && !to_c_int(vm, args[0], &number))
        return VALUE_ERROR;
    if (number < 1 || number >= NSIG)
        return raise_value(vm, "signal number out of range");
    signals_simulate(vm, number);
    return VALUE_NONE;
}

/* --- exceptions nobody caught -------------------------------------------------------------------------------------
 */

static Type *hook_args_type(VM *vm) {
    static const char *const fields[] = {"exc_type", "exc_value", "exc_traceback", "thread"};
    return structseq_type(vm, "_thread._ExceptHookArgs", "What threading.excepthook is called with.", fields, 4, 4);
}

/* Writes to sys.stderr, or to the file *user if that is None. */
static bool report_write(VM *vm, void *user, const char *text, size_t n) {
    Value file = *(Value *)user, current = dict_get_str(vm, vm->sys_dict, NAME(stderr));
    if (current == 0 || !is_none(current))
        return stderr_write(vm, NULL, text, n);
    Value piece = str_new(vm, text, n),
          result = piece == 0 ? VALUE_ERROR : call_method1(vm, file, NAME(write), piece);
    decref(vm, piece);
    decref(vm, result);
    return result != 0;
}

/* Where reports about a thread go when there is no sys.stderr: what that was when the thread was made. */
static Value stderr_of(VM *vm, Value thread) {
    Value file = is_none(thread) ? VALUE_NONE : attr_get_c(vm, thread, "_stderr");
    if (file != 0)
        return file;
    error_clear(vm);
    return VALUE_NONE;
}

static bool begin_report(VM *vm, Value thread, Value *file) {
    Value name = is_none(thread) ? 0 : attr_get_c(vm, thread, "name");
    if (name == 0) {
        error_clear(vm);
        name = int_from_uint64(vm, vm->thread->os_ident);
    }
    Value text = name == 0 ? VALUE_ERROR : str_printf(vm, "Exception in thread %S:\n", name);
    decref(vm, name);
    bool ok = text != 0 && report_write(vm, file, str_data(text), as_str(text)->nbytes);
    decref(vm, text);
    return ok;
}

static Value excepthook(NATIVE_ARGS) {
    Type *type = hook_args_type(vm);
    if (type == NULL)
        return VALUE_ERROR;
    if (type_of(vm, args[0]) != type)
        return raise_type(vm, "_thread._excepthook argument type must be ExceptHookArgs");
    Value *items = as_tuple(args[0])->items;
    if (items[0] == type_value(vm->exc.SystemExit))
        return VALUE_NONE; /* how a thread ends itself */
    Value exc = items[1], current = dict_get_str(vm, vm->sys_dict, NAME(stderr)), file = stderr_of(vm, items[3]);
    bool heard = (current != 0 && !is_none(current)) || !is_none(file);
    if (heard && is_exception(exc) && begin_report(vm, items[3], &file))
        traceback_print(vm, exc, report_write, &file);
    error_clear(vm);
    decref(vm, file);
    return VALUE_NONE;
}

static const MethodSpec methods[] = {
    {"allocate_lock", allocate_lock, "", "A new lock, free.", 0},
    {"allocate", allocate_lock, "", "An old name of allocate_lock().", 0},
    {"get_ident", get_ident, "", "The number of the calling thread; it may be used again once that has ended.", 0},
    {"get_native_id", get_native_id, "", "The number by which the system knows the calling thread.", 0},
    {"_get_main_thread_ident", main_ident, "", "The number of the main thread.", 0},
    {"_is_main_interpreter", is_main_interpreter, "", "True.", 0},
    {"daemon_threads_allowed", daemons_allowed, "", "Tells whether threads may be daemons here.", 0},
    {"exit", exit_thread, "", "Raises SystemExit, which ends the calling thread.", 0},
    {"exit_thread", exit_thread, "", "An old name of exit().", 0},
    {"interrupt_main", interrupt_main, "signum=2, /",
     "Acts as if the signal had come: its handler runs in the main thread.", 0},
    {"_excepthook", excepthook, "args, /", "Reports an exception that a thread's function did not catch.", 0},
    {0},
};

static bool add_type(VM *vm, Value module, const char *name, const TypeSpec *spec) {
    Type *type = vm_type(vm, spec, vm->types.object);
    return type != NULL && module_add(vm, module, name, incref(type_value(type)));
}

bool mod_thread_init(VM *vm, Value module) {
    Type *hook_args = hook_args_type(vm);
    return hook_args != NULL && module_add_functions(vm, module, methods) &&
           module_add_functions(vm, module, thread_start_methods) && add_type(vm, module, "lock", &lock_spec) &&
           add_type(vm, module, "LockType", &lock_spec) && add_type(vm, module, "RLock", &rlock_spec) &&
           add_type(vm, module, "_ThreadHandle", &thread_handle_spec) &&
           add_type(vm, module, "_local", &thread_local_spec) &&
           module_add(vm, module, "_ExceptHookArgs", incref(type_value(hook_args))) &&
           module_add(vm, module, "error", incref(type_value(vm->exc.RuntimeError))) &&
           module_add(vm, module, "TIMEOUT_MAX", from_double(9223372036.0));
}
