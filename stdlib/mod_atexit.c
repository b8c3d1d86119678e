/* The module atexit: functions to be called when the interpreter ends, the last registered first. */
#include "stdlib/init.h"

/* The list of (function, args, kwargs), made on first use. Borrowed; 0 with an exception. */
static Value callbacks(VM *vm) {
    Value list = (Value)(uintptr_t)vm->module_state[MODULE_SLOT_mod_atexit_init];
    if (!list) {
        list = list_new(vm, 0);
        list = list ? vm_keep(vm, list) : VALUE_ERROR;
        vm->module_state[MODULE_SLOT_mod_atexit_init] = (void *)(uintptr_t)list;
    }
    return list;
}

static Value atexit_register(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (nargs == 0)
        return raise_type(vm, "register() takes at least 1 argument (0 given)");
    if (!is_callable(args[0]))
        return raise_type(vm, "the first argument must be callable");
    Value list = callbacks(vm), rest = list ? tuple_from_array(vm, args + 1, nargs - 1) : VALUE_ERROR;
    Value keywords = rest ? dict_new(vm) : VALUE_ERROR;
    bool ok = keywords != 0;
    for (size_t i = 0; ok && kwnames && i < as_tuple(kwnames)->len; i++)
        ok = dict_set(vm, keywords, as_tuple(kwnames)->items[i], args[nargs + i]);
    Value entry = ok ? tuple_pack(vm, 3, args[0], rest, keywords) : VALUE_ERROR;
    decref(vm, keywords);
    decref(vm, rest);
    return entry && list_append_steal(vm, list, entry) ? incref(args[0]) : VALUE_ERROR;
}

static Value atexit_unregister(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value list = callbacks(vm);
    if (!list)
        return VALUE_ERROR;
    for (size_t i = as_list(list)->len; i-- > 0;) {
        if (i >= as_list(list)->len)
            continue; /* the comparison has removed entries */
        Value entry = incref(as_list(list)->items[i]);
        int same = compare_bool(vm, as_tuple(entry)->items[0], args[0], CMP_EQ);
        bool unmoved = i < as_list(list)->len && as_list(list)->items[i] == entry;
        decref(vm, entry);
        if (same < 0)
            return VALUE_ERROR;
        if (same && unmoved)
            decref(vm, list_pop(vm, list, (ssize_t)i));
    }
    return VALUE_NONE;
}

static Value atexit_clear(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value list = callbacks(vm);
    if (!list)
        return VALUE_ERROR;
    list_clear(vm, list);
    return VALUE_NONE;
}

static Value atexit_ncallbacks(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value list = callbacks(vm);
    return list ? int_from_ssize(vm, (ssize_t)as_list(list)->len) : VALUE_ERROR;
}

static void report(VM *vm, Value function) {
    Value failure = error_take(vm), text = str_printf(vm, "Exception ignored in atexit callback %R", function);
    error_clear(vm);
    raise_steal(vm, failure);
    error_unraisable(vm, text ? str_data(text) : "Exception ignored in atexit callback", 0);
    decref(vm, text);
}

void atexit_run(VM *vm) {
    Value list = (Value)(uintptr_t)vm->module_state[MODULE_SLOT_mod_atexit_init];
    while (list && as_list(list)->len > 0) {
        Value entry = list_pop(vm, list, -1);
        if (!entry)
            break;
        Value *items = as_tuple(entry)->items, result = call_ex(vm, items[0], items[1], items[2]);
        if (!result)
            report(vm, items[0]);
        decref(vm, result);
        decref(vm, entry);
    }
}

static Value atexit_run_exitfuncs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    atexit_run(vm);
    return VALUE_NONE;
}

static const MethodSpec atexit_methods[] = {
    {"register", atexit_register, "func, /, *args, **kwargs",
     "Has func(*args, **kwargs) called when the interpreter ends; returns func.", 0},
    {"unregister", atexit_unregister, "func, /", "Forgets a function.", 0},
    {"_clear", atexit_clear, "", "Forgets all functions.", 0},
    {"_run_exitfuncs", atexit_run_exitfuncs, "", "Calls the functions now.", 0},
    {"_ncallbacks", atexit_ncallbacks, "", "How many calls are registered.", 0},
    {0},
};

bool mod_atexit_init(VM *vm, Value module) { return module_add_functions(vm, module, atexit_methods); }
