/* Raising and inspecting exceptions from C.
 *
 * The pending exception stands in vm->thread->exception and owns one reference. Whatever is raised here gets the
 * exception being handled as its __context__, which is what a `raise` statement does, so that native code needs no
 * care of its own. The chain of contexts is kept free of cycles: an exception raised again while one of its
 * successors is handled is cut out of the successor's chain first.
 */
#include "runtime/vm.h"
#include "runtime/warnings.h"

#include <errno.h>

Value error_handled(VM *vm) {
    for (HandledItem *item = vm->thread->handled; item; item = item->previous) {
        if (item->exception && !is_none(item->exception))
            return item->exception;
    }
    return 0;
}

/* Removes `exc` from the chain of contexts that starts at `handled`. A chain that is already cyclic (scripts can set
 * __context__) is walked once round at most: `slow` advances at half the speed and meets the walker. */
static void context_unlink(VM *vm, Value handled, Value exc) {
    Value at = handled, slow = handled;
    bool step = false;
    for (;;) {
        Value next = as_exception(at)->context;
        if (!next)
            return;
        if (next == exc) {
            as_exception(at)->context = 0;
            decref(vm, next);
            return;
        }
        at = next;
        if (at == slow)
            return;
        if (step)
            slow = as_exception(slow)->context;
        step = !step;
    }
}

static void context_set(VM *vm, Value exc) {
    Value handled = error_handled(vm);
    if (!handled || handled == exc || !is_exception(handled))
        return;
    incref(handled);
    context_unlink(vm, handled, exc);
    set_owned(vm, &as_exception(exc)->context, handled);
}

Value raise_steal(VM *vm, Value exc) {
    set_owned(vm, &vm->thread->exception, exc);
    return VALUE_ERROR;
}

Value raise_new(VM *vm, Value exc) {
    if (!exc)
        return VALUE_ERROR;
    context_set(vm, exc);
    return raise_steal(vm, exc);
}

Value raise_object(VM *vm, Value exc) {
    if (is_exception(exc))
        return raise_new(vm, incref(exc));
    if (!is_type(exc) || !type_is_subtype(as_type(exc), vm->exc.BaseException))
        return raise_type(vm, "exceptions must derive from BaseException");
    Value made = call0(vm, exc);
    if (made && !is_exception(made)) {
        raise_type(vm, "calling %R should have returned an instance of BaseException, not %R", exc,
                   type_value(type_of(vm, made)));
        decref(vm, made);
        return VALUE_ERROR;
    }
    return raise_new(vm, made);
}

static Value raise_text(VM *vm, Type *type, Value text) {
    if (!text)
        return VALUE_ERROR;
    Value exc = exception_new_simple(vm, type, text);
    decref(vm, text);
    return raise_new(vm, exc);
}

Value raisef(VM *vm, Type *exception, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    Value text = str_vprintf(vm, fmt, args);
    va_end(args);
    return raise_text(vm, exception, text);
}

#define DEFINE_RAISE(function, class)                                                                                \
    Value function(VM *vm, const char *fmt, ...) {                                                                   \
        va_list args;                                                                                                \
        va_start(args, fmt);                                                                                         \
        Value text = str_vprintf(vm, fmt, args);                                                                     \
        va_end(args);                                                                                                \
        return raise_text(vm, vm->exc.class, text);                                                                  \
    }
DEFINE_RAISE(raise_type, TypeError)
DEFINE_RAISE(raise_value, ValueError)
DEFINE_RAISE(raise_index, IndexError)
DEFINE_RAISE(raise_overflow, OverflowError)
DEFINE_RAISE(raise_zero_division, ZeroDivisionError)
DEFINE_RAISE(raise_runtime, RuntimeError)
DEFINE_RAISE(raise_system, SystemError)

Value raise_key(VM *vm, Value key) { return raise_new(vm, exception_new_simple(vm, vm->exc.KeyError, key)); }

static Value raise_with_fields(VM *vm, Type *type, Value text, Value first, Value second) {
    if (!text)
        return VALUE_ERROR;
    Value exc = exception_new_simple(vm, type, text);
    decref(vm, text);
    if (exc && ((first && !exception_set_field(vm, exc, 0, first)) ||
                (second && !exception_set_field(vm, exc, 1, second)))) {
        decref(vm, exc);
        return VALUE_ERROR;
    }
    return raise_new(vm, exc);
}

Value raise_attribute(VM *vm, Value obj, Value name, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    Value text = str_vprintf(vm, fmt, args);
    va_end(args);
    return raise_with_fields(vm, vm->exc.AttributeError, text, name, obj);
}

/* A lookup that had no memory to fill a class has found nothing either. */
Value raise_no_attribute(VM *vm, Value obj, Value name) {
    if (unlikely(vm->lookup_failed)) {
        vm->lookup_failed = false;
        return raise_memory(vm);
    }
    if (is_type(obj))
        return raise_attribute(vm, obj, name, "type object '%N' has no attribute '%S'", as_type(obj), name);
    if (has_kind(obj, KIND_MODULE)) {
        Value module_name = dict_get_str(vm, module_dict(obj), NAME(__name__));
        if (module_name && is_str(module_name))
            return raise_attribute(vm, obj, name, "module '%V' has no attribute '%S'", module_name, name);
        return raise_attribute(vm, obj, name, "module has no attribute '%S'", name);
    }
    return raise_attribute(vm, obj, name, "'%T' object has no attribute '%S'", obj, name);
}

Value raise_name(VM *vm, Value name, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    Value text = str_vprintf(vm, fmt, args);
    va_end(args);
    return raise_with_fields(vm, vm->exc.NameError, text, name, 0);
}

/* An instance of its own if there is memory for that: its traceback, and all that the frames in it hold, goes with
 * it. Else the VM's: while nobody else holds it, it is wiped and used afresh; a script that keeps it sees the same
 * object again with a new traceback, which is better than failing to report the failure. */
Value raise_memory(VM *vm) {
    Value exc = vm->memory_error;
    if (!exc || !vm->thread)
        return VALUE_ERROR;
    if (!vm->raising_memory) {
        vm->raising_memory = true;
        Value fresh = exception_new_simple(vm, vm->exc.MemoryError, 0);
        vm->raising_memory = false;
        return fresh ? raise_new(vm, fresh) : VALUE_ERROR; /* without memory, the inner call has raised */
    }
    Exception *e = as_exception(exc);
    obj_incref(as_obj(exc));
    set_owned(vm, &e->traceback, 0);
    if (e->header.refcount == 2) {
        set_owned(vm, &e->context, 0);
        set_owned(vm, &e->cause, 0);
        e->suppress_context = false;
    }
    return raise_new(vm, exc);
}

Value raise_recursion(VM *vm, const char *where) {
    return raisef(vm, vm->exc.RecursionError, "maximum recursion depth exceeded%s", where ? where : "");
}

Value raise_stop_iteration(VM *vm, Value value) {
    return raise_new(vm, exception_new_simple(vm, vm->exc.StopIteration, value));
}

Value raise_os_error(VM *vm, int errnum, Value filename) {
    Value text = str_from_c(vm, strerror(errnum));
    if (!text)
        return VALUE_ERROR;
    Value args[3] = {from_small_int(errnum), text, filename};
    Value exc = exception_new(vm, vm->exc.OSError, args, filename ? 3 : 2);
    decref(vm, text);
    return raise_new(vm, exc);
}

Value raise_import(VM *vm, Type *type, Value name, Value path, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    Value text = str_vprintf(vm, fmt, args);
    va_end(args);
    if (!text)
        return VALUE_ERROR;
    Value exc = exception_new_simple(vm, type, text);
    decref(vm, text);
    if (exc && ((name && !exception_set_field(vm, exc, IMPORTERROR_NAME, name)) ||
                (path && !exception_set_field(vm, exc, IMPORTERROR_PATH, path)))) {
        decref(vm, exc);
        return VALUE_ERROR;
    }
    return raise_new(vm, exc);
}

Value error_take(VM *vm) {
    Value exc = vm->thread->exception;
    vm->thread->exception = 0;
    return exc;
}

void error_clear(VM *vm) { set_owned(vm, &vm->thread->exception, 0); }

bool exception_is(VM *vm, Value exc, Type *type) { return exc && type_is_subtype(type_of(vm, exc), type); }

bool error_matches(VM *vm, Type *type) {
    Value exc = vm->thread->exception;
    return exc && type_is_subtype(obj_type(as_obj(exc)), type);
}

static bool is_exception_class(VM *vm, Value v) {
    return is_type(v) && type_is_subtype(as_type(v), vm->exc.BaseException);
}

int exception_matches(VM *vm, Value exc, Value spec) {
    Type *type = type_of(vm, exc);
    if (is_exception_class(vm, spec))
        return type_is_subtype(type, as_type(spec));
    if (is_tuple(spec)) {
        Tuple *classes = as_tuple(spec);
        bool found = false;
        for (size_t i = 0; i < classes->len; i++) {
            if (!is_exception_class(vm, classes->items[i]))
                goto wrong;
            found = found || type_is_subtype(type, as_type(classes->items[i]));
        }
        return found;
    }
wrong:
    raise_type(vm, "catching classes that do not inherit from BaseException is not allowed");
    return -1;
}

bool warn(VM *vm, Type *category, int stack_level, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    Value text = str_vprintf(vm, fmt, args);
    va_end(args);
    if (!text)
        return false;
    bool ok = warnings_issue(vm, type_value(category), text, stack_level, 0);
    decref(vm, text);
    return ok;
}
