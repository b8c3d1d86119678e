/* The module sys: the hooks that show results and report exceptions, as they are at the start. */
#include "stdlib/mod_sys.h"

#include "interp/traceback_print.h"
#include "runtime/unraisable.h"
#include "stdlib/import/importer.h"

#include <stdlib.h>

static bool write_text(VM *vm, Value file, Value text) {
    Value result = call_method1(vm, file, NAME(write), text);
    decref(vm, result);
    return result != 0;
}

static Value hook_display(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (is_none(args[0]))
        return VALUE_NONE;
    if (!dict_set_c(vm, vm->builtins, "_", VALUE_NONE))
        return VALUE_ERROR;
    Value file = incref(dict_get_str(vm, vm->sys_dict, NAME(stdout)));
    if (!file || is_none(file))
        return raise_runtime(vm, "lost sys.stdout");
    Value text = to_repr(vm, args[0]);
    bool ok = text && write_text(vm, file, text);
    if (!ok && text && error_matches(vm, vm->exc.UnicodeEncodeError)) { /* the file's encoding lacks a character */
        error_clear(vm);
        set_owned(vm, &text, to_ascii(vm, args[0]));
        ok = text && write_text(vm, file, text);
    }
    Value newline = ok ? str_from_char(vm, '\n') : 0;
    ok = newline && write_text(vm, file, newline);
    decref(vm, newline);
    decref(vm, text);
    decref(vm, file);
    return ok && dict_set_c(vm, vm->builtins, "_", args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value hook_except(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value exc = args[1], tb = args[2];
    if (!is_exception(exc)) {
        Value text = str_printf(vm, "TypeError: print_exception(): Exception expected for value, %T found\n", exc);
        if (!text)
            return VALUE_ERROR;
        stderr_write(vm, NULL, str_data(text), as_str(text)->nbytes);
        decref(vm, text);
        return VALUE_NONE;
    }
    if (tb && has_kind(tb, KIND_TRACEBACK) && !as_exception(exc)->traceback)
        as_exception(exc)->traceback = incref(tb);
    if (!traceback_print(vm, exc, stderr_write, NULL)) { /* there is no memory for the report */
        static const char instead[] = "MemoryError\n";
        error_clear(vm);
        stderr_write(vm, NULL, instead, sizeof instead - 1);
    }
    error_clear(vm);
    return VALUE_NONE;
}

static Value hook_unraisable(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Type *type = unraisable_args_type(vm);
    if (!type)
        return VALUE_ERROR;
    if (type_of(vm, args[0]) != type)
        return raise_type(vm, "sys.unraisablehook argument type must be UnraisableHookArgs");
    Value *items = as_tuple(args[0])->items;
    unraisable_report(vm, items[1], items[2], items[3], items[4]);
    return VALUE_NONE;
}

/* "module.function" to be called: owned; 0 without exception when it cannot be imported. */
static Value breakpoint_target(VM *vm, const char *spec) {
    const char *dot = strrchr(spec, '.');
    Value module_name = dot ? str_new(vm, spec, (size_t)(dot - spec)) : str_from_c(vm, "builtins");
    Value module = module_name ? import_module(vm, module_name) : VALUE_ERROR;
    Value function = module ? attr_get_c(vm, module, dot ? dot + 1 : spec) : VALUE_ERROR;
    decref(vm, module);
    decref(vm, module_name);
    if (!function && (error_matches(vm, vm->exc.ImportError) || error_matches(vm, vm->exc.AttributeError)))
        error_clear(vm);
    return function;
}

static Value hook_breakpoint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const char *spec = vm->flags.isolated ? NULL : getenv("PYTHONBREAKPOINT");
    if (!spec || !*spec)
        spec = "pdb.set_trace";
    if (strcmp(spec, "0") == 0)
        return VALUE_NONE;
    Value function = breakpoint_target(vm, spec);
    if (!function) {
        if (error_pending(vm))
            return VALUE_ERROR;
        return warn(vm, vm->exc.RuntimeWarning, 1, "Ignoring unimportable $PYTHONBREAKPOINT: \"%s\"", spec)
                   ? VALUE_NONE
                   : VALUE_ERROR;
    }
    Value result = call(vm, function, args, nargs, kwnames);
    decref(vm, function);
    return result;
}

const MethodSpec sys_hook_methods[] = {
    {"displayhook", hook_display, "object, /", "Shows a result at the prompt, and keeps it as _ in builtins.", 0},
    {"excepthook", hook_except, "exctype, value, traceback, /", "Reports an exception that nobody handled.", 0},
    {"unraisablehook", hook_unraisable, "unraisable, /", "Reports an exception that nobody could handle.", 0},
    {"breakpointhook", hook_breakpoint, "*args, **kws",
     "What breakpoint() calls: the function that $PYTHONBREAKPOINT names, or else pdb.set_trace.", 0},
    {0},
};

/* ---- uncaught exceptions ---- */

static void report_directly(VM *vm, Value exc) {
    traceback_print(vm, exc, stderr_write, NULL);
    error_clear(vm);
}

static void report_text(VM *vm, const char *text) { stderr_write(vm, NULL, text, strlen(text)); }

void sys_report_exception(VM *vm) {
    Value exc = error_take(vm);
    if (!exc)
        return;
    Value hook = incref(sys_get(vm, "excepthook"));
    if (!hook) {
        report_text(vm, "sys.excepthook is missing\n");
        report_directly(vm, exc);
    } else {
        Value tb = as_exception(exc)->traceback;
        Value result = call3(vm, hook, type_value(obj_type(as_obj(exc))), exc, tb ? tb : VALUE_NONE);
        if (!result && !error_matches(vm, vm->exc.SystemExit)) {
            Value second = error_take(vm);
            report_text(vm, "Error in sys.excepthook:\n");
            report_directly(vm, second);
            report_text(vm, "\nOriginal exception was:\n");
            report_directly(vm, exc);
            decref(vm, second);
        }
        decref(vm, result);
    }
    decref(vm, hook);
    decref(vm, exc);
}
