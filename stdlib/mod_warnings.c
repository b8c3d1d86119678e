/* The module _warnings: the interpreter's side of the module warnings. */
#include "stdlib/init.h"

#include "runtime/warnings.h"

/* The category to use: borrowed; 0 with TypeError. */
static Value category_of(VM *vm, Value message, Value category) {
    if (exception_is(vm, message, vm->exc.Warning))
        return type_value(type_of(vm, message));
    if (!category || is_none(category))
        return type_value(vm->exc.UserWarning);
    if (!is_type(category) || !type_is_subtype(as_type(category), vm->exc.Warning))
        return raise_type(vm, "category must be a Warning subclass, not '%T'", category);
    return category;
}

static bool prefixes_valid(VM *vm, Value prefixes) {
    if (!is_tuple(prefixes))
        return raise_type(vm, "warn() argument 'skip_file_prefixes' must be tuple, not %T", prefixes);
    bool ok = true;
    for (size_t i = 0; ok && i < as_tuple(prefixes)->len; i++)
        ok = is_str(as_tuple(prefixes)->items[i]);
    return ok || raise_type(vm, "Found non-str in 'skip_file_prefixes'.");
}

static Value warnings_warn(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int level = 1;
    Value category = category_of(vm, args[0], args[1]);
    if (!category || (args[2] && !to_c_int(vm, args[2], &level)) || (args[4] && !prefixes_valid(vm, args[4])))
        return VALUE_ERROR;
    Value source = args[3] && !is_none(args[3]) ? args[3] : 0;
    return warnings_issue_at(vm, category, args[0], level, source, args[4]) ? VALUE_NONE : VALUE_ERROR;
}

static Value warnings_warn_explicit(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int line;
    Value category = category_of(vm, args[0], args[1]);
    if (!category || !to_c_int(vm, args[3], &line))
        return VALUE_ERROR;
    if (!is_str(args[2]))
        return raise_type(vm, "warn_explicit() argument 'filename' must be str, not %T", args[2]);
    Value module = args[4] && !is_none(args[4]) ? args[4] : 0, source = args[7] && !is_none(args[7]) ? args[7] : 0;
    return warnings_explicit(vm, category, args[0], args[2], line, module, args[5], source) ? VALUE_NONE
                                                                                            : VALUE_ERROR;
}

static Value warnings_mutated(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    vm->filters_version++;
    return VALUE_NONE;
}

static const MethodSpec warnings_methods[] = {
    {"warn", warnings_warn, "message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=()",
     "Issues a warning, or ignores it, or raises it, as the filters say.", 0},
    {"warn_explicit", warnings_warn_explicit,
     "message, category, filename, lineno, module=None, registry=None, module_globals=None, source=None",
     "Issues a warning for a place that is named.", 0},
    {"_filters_mutated", warnings_mutated, "", "Makes the record of shown warnings void.", 0},
    {0},
};

bool mod_warnings_init(VM *vm, Value module) {
    return module_add_functions(vm, module, warnings_methods) &&
           module_add(vm, module, "filters", incref(warnings_filters(vm))) &&
           module_add(vm, module, "_defaultaction", incref(warnings_default_action(vm))) &&
           module_add(vm, module, "_onceregistry", incref(warnings_once_registry(vm)));
}
