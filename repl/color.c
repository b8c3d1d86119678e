/* Whether reports of exceptions are coloured: CPython's rules. */
#include "repl/host.h"

#include <stdlib.h>

static const char *variable(const VM *vm, const char *name) {
    return vm->flags.ignore_environment ? NULL : getenv(name);
}

static bool variable_is(const VM *vm, const char *name, const char *text) {
    const char *value = variable(vm, name);
    return value && strcmp(value, text) == 0;
}

/* Is sys.stderr a terminal? */
static bool stderr_is_terminal(VM *vm) {
    if (!vm->sys_dict) /* the VM could not be set up, which is what the report says */
        return false;
    Value file = incref(dict_get_str(vm, vm->sys_dict, NAME(stderr)));
    Value pending = error_take(vm), name = file ? str_intern_c(vm, "isatty") : 0;
    Value answer = name ? call_method0(vm, file, name) : 0;
    bool yes = answer == VALUE_TRUE;
    error_clear(vm);
    decref(vm, answer);
    decref(vm, name);
    decref(vm, file);
    if (pending)
        raise_steal(vm, pending);
    return yes;
}

bool color_wanted(VM *vm) {
    if (variable_is(vm, "PYTHON_COLORS", "0"))
        return false;
    if (variable_is(vm, "PYTHON_COLORS", "1"))
        return true;
    if (variable(vm, "NO_COLOR"))
        return false;
    if (variable(vm, "FORCE_COLOR"))
        return true;
    return !variable_is(vm, "TERM", "dumb") && stderr_is_terminal(vm);
}
