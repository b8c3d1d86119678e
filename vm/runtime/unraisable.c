/* Exceptions that nobody can catch: raised in __del__, in callbacks, while the interpreter shuts down.
 *
 * They are handed to sys.unraisablehook, as scripts may want to know of them; whatever goes wrong there is reported
 * in the standard way, and whatever goes wrong in that is dropped, because there is nobody left to tell.
 */
#include "runtime/unraisable.h"

#include "interp/traceback.h"
#include "interp/traceback_print.h"
#include "runtime/vm.h"

#include <unistd.h>

bool stderr_write(VM *vm, void *user, const char *text, size_t n) {
    Value file = vm->sys_dict ? dict_get_str(vm, vm->sys_dict, NAME(stderr)) : 0;
    if (!file) { /* too early or too late for files */
        while (n > 0) {
            ssize_t written = write(2, text, n);
            if (written <= 0)
                return false;
            text += written;
            n -= (size_t)written;
        }
        return true;
    }
    if (is_none(file))
        return true;
    incref(file);
    Value piece = str_new(vm, text, n), result = piece ? call_method1(vm, file, NAME(write), piece) : 0;
    bool ok = result != 0;
    decref(vm, result);
    decref(vm, piece);
    error_clear(vm);
    result = call_method0(vm, file, NAME(flush));
    decref(vm, result);
    error_clear(vm);
    decref(vm, file);
    return ok;
}

static void put_safely(VM *vm, StrBuilder *out, Value text, const char *fallback) {
    if (text && is_str(text))
        strbuilder_add_value(out, text);
    else
        strbuilder_add_c(out, fallback);
    decref(vm, text);
    error_clear(vm);
}

static void put_exception_line(VM *vm, StrBuilder *out, Value exc) {
    Type *type = type_of(vm, exc);
    Value module;
    if (attr_lookup(vm, type_value(type), NAME(__module__), &module) > 0) {
        if (!is_str(module))
            strbuilder_add_c(out, "<unknown>.");
        else if (!str_equals_c(module, "builtins") && !str_equals_c(module, "__main__"))
            strbuilder_printf(out, "%V.", module);
        decref(vm, module);
    }
    error_clear(vm);
    strbuilder_add_value(out, type->qualname);
    strbuilder_add_c(out, ": ");
    put_safely(vm, out, to_str(vm, exc), "<exception str() failed>");
    strbuilder_add_c(out, "\n");
}

void unraisable_report(VM *vm, Value exc, Value traceback, Value msg, Value obj) {
    StrBuilder out;
    strbuilder_init(&out, vm);
    bool has_msg = msg && is_str(msg), has_obj = obj && !is_none(obj);
    if (has_obj) {
        if (has_msg)
            strbuilder_printf(&out, "%V: ", msg);
        else
            strbuilder_add_c(&out, "Exception ignored in: ");
        put_safely(vm, &out, to_repr(vm, obj), "<object repr() failed>");
        strbuilder_add_c(&out, "\n");
    } else if (has_msg) {
        strbuilder_printf(&out, "%V:\n", msg);
    }
    if (traceback && has_kind(traceback, KIND_TRACEBACK))
        traceback_format_entries(vm, &out, traceback);
    if (exc && is_exception(exc))
        put_exception_line(vm, &out, exc);
    if (!out.failed)
        stderr_write(vm, NULL, out.data, out.len);
    strbuilder_drop(&out);
    error_clear(vm);
}

Type *unraisable_args_type(VM *vm) {
    static const char *const fields[] = {"exc_type", "exc_value", "exc_traceback", "err_msg", "object"};
    return structseq_type(vm, "UnraisableHookArgs", "What sys.unraisablehook is called with.", fields, 5, 5);
}

static Value hook_args(VM *vm, Value exc, Value tb, Value msg, Value obj) {
    Type *type = unraisable_args_type(vm);
    if (!type)
        return VALUE_ERROR;
    Value items[5] = {incref(type_value(obj_type(as_obj(exc)))), incref(exc), incref(tb), incref(msg), incref(obj)};
    return structseq_new(vm, type, items);
}

/* Calls the hook if a script has set one. 1: done; 0: none; -1: it failed, its exception is pending. */
static int call_hook(VM *vm, Value exc, Value tb, Value msg, Value obj) {
    Value hook = vm->sys_dict ? dict_get_str(vm, vm->sys_dict, NAME(unraisablehook)) : 0;
    if (!hook || is_none(hook) || has_kind(hook, KIND_NATIVE))
        return 0;
    incref(hook);
    Value args = hook_args(vm, exc, tb, msg, obj), result = args ? call1(vm, hook, args) : VALUE_ERROR;
    decref(vm, args);
    decref(vm, hook);
    decref(vm, result);
    return result ? 1 : -1;
}

void error_unraisable(VM *vm, const char *msg, Value where) {
    Value exc = vm->thread->exception;
    if (!exc)
        return;
    if (!as_exception(exc)->traceback && vm->thread->frame)
        traceback_add(vm, vm->thread->frame);
    exc = error_take(vm);
    Value tb = as_exception(exc)->traceback ? incref(as_exception(exc)->traceback) : VALUE_NONE;
    Value text = msg ? str_from_c(vm, msg) : VALUE_NONE, obj = where ? incref(where) : VALUE_NONE;
    if (!text) {
        error_clear(vm);
        text = VALUE_NONE;
    }
    int done = call_hook(vm, exc, tb, text, obj);
    if (done == 0) {
        unraisable_report(vm, exc, tb, text, obj);
    } else if (done < 0) {
        Value second = error_take(vm), hook_msg = str_from_c(vm, "Exception ignored in sys.unraisablehook");
        error_clear(vm);
        Value hook = incref(dict_get_str(vm, vm->sys_dict, NAME(unraisablehook)));
        unraisable_report(vm, second, as_exception(second)->traceback, hook_msg, hook);
        decref(vm, hook);
        decref(vm, hook_msg);
        decref(vm, second);
    }
    decref(vm, obj);
    decref(vm, text);
    decref(vm, tb);
    decref(vm, exc);
    error_clear(vm);
}
