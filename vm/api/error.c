/* Failure: the last exception of a thread as the host sees it, and raising from the host's functions. */
#include <errno.h>
#include <stdio.h>

#include "api/api.h"
#include "interp/traceback_print.h"
#include "object/type.h"
#include "stdlib/init.h"

cove_value api_fail(VM *vm) {
    Value old = vm->thread->failure;
    vm->thread->failure = error_take(vm);
    decref(vm, old);
    return cove_absent();
}

cove_value api_absent(VM *vm) {
    if (vm->thread->failure == 0) {
        raise_type(vm, "an absent value was given to a function of the embedding API");
        return api_fail(vm);
    }
    return cove_absent();
}

bool api_need_all(VM *vm, const cove_value *values, size_t n) {
    for (size_t i = 0; i < n; i++)
        NEED_OR(values[i], false);
    return true;
}

Value callout_failed(VM *vm, Value failure, const char *what) {
    if (failure == 0)
        return raise_system(vm, "native function %s() failed without an exception", what);
    return raise_steal(vm, failure);
}

/* --- looking at the failure --------------------------------------------------------------------------------------
 */

/* A built-in exception class by name, borrowed; 0 if there is none. */
static Value exception_class(VM *vm, const char *name) {
    Value cls = dict_get_c(vm, vm->builtins, name);
    error_clear(vm);
    return is_type(cls) && type_is_subtype(as_type(cls), vm->exc.BaseException) ? cls : 0;
}

cove_value cove_error(cove_vm *host) {
    ENTER(host);
    return vm->thread->failure == 0 ? cove_absent() : give_borrowed(vm, vm->thread->failure);
}

bool cove_error_is(cove_vm *host, const char *class_name) {
    ENTER(host);
    CHECK_POINTER(class_name);
    Value cls = exception_class(vm, class_name);
    return vm->thread->failure != 0 && cls != 0 && exception_is(vm, vm->thread->failure, as_type(cls));
}

/* The text of an owned str, kept by the scope. What goes wrong here must not replace the failure that is looked at.
 */
static const char *shown(VM *vm, Value text) {
    Value failure = incref(vm->thread->failure);
    cove_value given = give(vm, text);
    set_owned(vm, &vm->thread->failure, failure);
    return given.bits != 0 ? str_data(given.bits) : "";
}

const char *cove_error_type(cove_vm *host) {
    ENTER(host);
    Value failure = vm->thread->failure;
    return failure == 0 ? "" : shown(vm, incref(obj_type(as_obj(failure))->name));
}

const char *cove_error_message(cove_vm *host) {
    ENTER(host);
    Value failure = vm->thread->failure;
    return failure == 0 ? "" : shown(vm, to_str(vm, failure));
}

const char *cove_error_report(cove_vm *host) {
    ENTER(host);
    Value failure = vm->thread->failure;
    return failure == 0 ? "" : shown(vm, traceback_format(vm, failure));
}

void cove_error_print(cove_vm *host) {
    ENTER(host);
    if (vm->thread->failure == 0)
        return;
    raise_steal(vm, incref(vm->thread->failure));
    sys_report_exception(vm);
    error_clear(vm);
    if (!stdlib_flush(vm))
        error_clear(vm);
}

void cove_clear_error(cove_vm *host) {
    ENTER(host);
    set_owned(vm, &vm->thread->failure, 0);
}

/* --- raising -----------------------------------------------------------------------------------------------------
 */

cove_value cove_raise(cove_vm *host, const char *class_name, const char *format, ...) {
    ENTER(host);
    CHECK_POINTER(class_name);
    CHECK_POINTER(format);
    va_list args;
    va_start(args, format);
    char text[512], *all = text;
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(text, sizeof text, format, args);
    if (n >= (int)sizeof text) {
        all = mem_alloc(vm, (size_t)n + 1);
        if (all != NULL)
            vsnprintf(all, (size_t)n + 1, format, again);
    }
    va_end(again);
    va_end(args);
    Value cls = all != NULL ? exception_class(vm, class_name) : 0;
    if (cls != 0)
        raisef(vm, as_type(cls), "%s", n < 0 ? "" : all);
    else if (all != NULL)
        raise_system(vm, "there is no exception class %s (%s)", class_name, n < 0 ? "" : all);
    if (all != text && all != NULL)
        mem_free(vm, all, (size_t)n + 1);
    return api_fail(vm);
}

cove_value cove_raise_value(cove_vm *host, cove_value exception) {
    ENTER(host);
    NEED(exception);
    raise_object(vm, exception.bits);
    return api_fail(vm);
}

cove_value cove_raise_errno(cove_vm *host, int number, const char *filename) {
    ENTER(host);
    Value name = filename == NULL ? 0 : str_decode(vm, filename, strlen(filename), "utf-8", "surrogateescape");
    if (filename == NULL || name != 0)
        raise_os_error(vm, number, name);
    decref(vm, name);
    return api_fail(vm);
}

cove_value cove_new_exception(cove_vm *host, const char *name, cove_value base) {
    ENTER(host);
    CHECK_POINTER(name);
    Value of = base.bits == 0 ? type_value(vm->exc.Exception) : base.bits;
    if (!is_type(of) || !type_is_subtype(as_type(of), vm->exc.BaseException)) {
        raise_type(vm, "the base of an exception class must be an exception class, not %R", of);
        return api_fail(vm);
    }
    const char *dot = strrchr(name, '.');
    Value text = api_text(vm, dot != NULL ? dot + 1 : name, strlen(dot != NULL ? dot + 1 : name));
    Value module =
        text == 0 ? 0 : api_text(vm, dot != NULL ? name : "__main__", dot != NULL ? (size_t)(dot - name) : 8);
    Value bases = module == 0 ? 0 : tuple_pack(vm, 1, of), space = bases == 0 ? 0 : dict_new(vm), cls = 0;
    if (space != 0 && dict_set_c(vm, space, "__module__", module))
        cls = type_create(vm, vm->types.type, text, bases, space, NULL, 0);
    decref(vm, space);
    decref(vm, bases);
    decref(vm, module);
    decref(vm, text);
    return give(vm, cls);
}
