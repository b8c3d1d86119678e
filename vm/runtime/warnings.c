/* Warnings: finding the place to blame, the filters, and the record of what has been shown.
 *
 * The state (filters, default action, registry of "once") belongs to the VM and is what the module `_warnings`
 * exposes, so that the module `warnings`, when it is imported, works on the same list. From then on its attributes
 * are what counts, since scripts replace them (catch_warnings does), and its _showwarnmsg shows the warnings. A
 * program that never imports it gets by with what is here.
 *
 * Every module's dict has a __warningregistry__ of the warnings already shown there; it is void when the filters have
 * changed since, which a version number tells.
 */
#include "runtime/warnings.h"

#include "interp/traceback_print.h"
#include "runtime/unraisable.h"
#include "runtime/vm.h"

enum { STATE_FILTERS, STATE_ONCE, STATE_ACTION, STATE_SIZE };

static bool add_filter(VM *vm, Value list, const char *action, Type *category, const char *module) {
    Value name = str_intern_c(vm, action), where = module ? str_intern_c(vm, module) : VALUE_NONE;
    Value filter = name && where ? tuple_pack(vm, 5, name, VALUE_NONE, type_value(category), where, from_small_int(0))
                                 : VALUE_ERROR;
    decref(vm, name);
    decref(vm, where);
    return filter && list_append_steal(vm, list, filter);
}

static bool state_fill(VM *vm, Value state) {
    Value filters = list_new(vm, 0), once = filters ? dict_new(vm) : 0,
          action = once ? str_intern_c(vm, "default") : 0;
    bool ok = action && add_filter(vm, filters, "default", vm->exc.DeprecationWarning, "__main__") &&
              add_filter(vm, filters, "ignore", vm->exc.DeprecationWarning, NULL) &&
              add_filter(vm, filters, "ignore", vm->exc.PendingDeprecationWarning, NULL) &&
              add_filter(vm, filters, "ignore", vm->exc.ImportWarning, NULL) &&
              add_filter(vm, filters, "ignore", vm->exc.ResourceWarning, NULL) && list_append(vm, state, filters) &&
              list_append(vm, state, once) && list_append(vm, state, action);
    decref(vm, filters);
    decref(vm, once);
    decref(vm, action);
    return ok;
}

static Value state_get(VM *vm, int index) {
    if (!vm->warn_state) {
        Value state = list_new(vm, 0);
        if (!state || !state_fill(vm, state)) {
            decref(vm, state);
            return VALUE_ERROR;
        }
        vm->warn_state = vm_keep(vm, state);
        if (!vm->warn_state)
            return VALUE_ERROR;
    }
    return as_list(vm->warn_state)->items[index];
}

Value warnings_filters(VM *vm) { return state_get(vm, STATE_FILTERS); }

Value warnings_once_registry(VM *vm) { return state_get(vm, STATE_ONCE); }

Value warnings_default_action(VM *vm) { return state_get(vm, STATE_ACTION); }

/* An attribute of the module `warnings` if it is imported (owned), else 0 without an exception. */
static Value module_attribute(VM *vm, const char *name) {
    Value module = dict_get_str(vm, vm->modules, NAME(warnings));
    if (!module || !has_kind(module, KIND_MODULE) || vm->finalizing) /* at the end the module may be empty */
        return 0;
    Value found = incref(dict_get_c(vm, module_dict(module), name));
    if (!found)
        error_clear(vm); /* without memory for the name: what is here will do */
    return found;
}

/* ---- filters ---- */

/* Does a filter's pattern (None, a str, or an object with a match method) fit the text? 1, 0, -1 */
static int pattern_fits(VM *vm, Value pattern, Value text) {
    if (is_none(pattern))
        return 1;
    if (has_exact_kind(pattern, KIND_STR))
        return str_equal(as_str(pattern), as_str(text));
    Value name = str_intern_c(vm, "match"), result = name ? call_method1(vm, pattern, name, text) : VALUE_ERROR;
    decref(vm, name);
    int fits = result ? truth(vm, result) : -1;
    decref(vm, result);
    return fits;
}

typedef struct Warning {
    Value category, text, message, module, filename;
    int line;
} Warning;

static int filter_fits(VM *vm, Value filter, const Warning *w) {
    if (!is_tuple(filter) || as_tuple(filter)->len != 5) {
        raise_value(vm, "warnings.filters item isn't a 5-tuple");
        return -1;
    }
    Value *f = as_tuple(filter)->items;
    int64_t line = 0;
    int fits = pattern_fits(vm, f[1], w->text);
    if (fits == 1)
        fits = is_subclass(vm, w->category, f[2]);
    if (fits == 1)
        fits = pattern_fits(vm, f[3], w->module);
    if (fits == 1 && is_int(f[4]) && int_fits_int64(f[4], &line))
        fits = line == 0 || line == w->line;
    return fits;
}

/* What to do with a warning: owned str, and the filter that says so (owned, None for the default). */
static Value action_find(VM *vm, const Warning *w, Value *item) {
    Value filters = module_attribute(vm, "filters");
    if (!filters)
        filters = incref(warnings_filters(vm));
    *item = VALUE_NONE;
    if (!filters)
        return VALUE_ERROR;
    if (!is_list(filters)) {
        decref(vm, filters);
        return raise_value(vm, "warnings.filters must be a list");
    }
    for (size_t i = 0; i < as_list(filters)->len; i++) {
        Value filter = incref(as_list(filters)->items[i]);
        int fits = filter_fits(vm, filter, w);
        if (fits) {
            Value action = fits > 0 ? incref(as_tuple(filter)->items[0]) : VALUE_ERROR;
            decref(vm, filters);
            *item = filter;
            return action;
        }
        decref(vm, filter);
    }
    decref(vm, filters);
    Value action = module_attribute(vm, "defaultaction");
    return action ? action : incref(warnings_default_action(vm));
}

/* ---- the record ---- */

/* Is the key in the registry? If so the warning has been shown. `add` puts it in otherwise. 1, 0, -1 */
static int registry_seen(VM *vm, Value registry, Value key, bool add) {
    if (!registry || is_none(registry))
        return 0;
    if (!is_dict(registry)) {
        raise_type(vm, "'registry' must be a dict or None");
        return -1;
    }
    Value version = dict_get_c(vm, registry, "version"), now = from_small_int(vm->filters_version);
    if (version != now) {
        dict_clear(vm, registry);
        if (!dict_set_c(vm, registry, "version", now))
            return -1;
    } else {
        Value entry = dict_get(vm, registry, key);
        int seen = entry ? truth(vm, entry) : error_pending(vm) ? -1 : 0;
        if (seen)
            return seen;
    }
    return add && !dict_set(vm, registry, key, VALUE_TRUE) ? -1 : 0;
}

static int registry_seen_anywhere(VM *vm, Value registry, const Warning *w) {
    Value key = tuple_pack(vm, 3, w->text, w->category, from_small_int(0));
    int seen = key ? registry_seen(vm, registry, key, true) : -1;
    decref(vm, key);
    return seen;
}

/* ---- showing ---- */

static bool show_plainly(VM *vm, const Warning *w, Value source) {
    StrBuilder out;
    strbuilder_init(&out, vm);
    strbuilder_printf(&out, "%V:%d: %N: %V\n", w->filename, w->line, as_type(w->category), w->text);
    Value line = traceback_source_line(vm, w->filename, w->line);
    error_clear(vm);
    if (line)
        strbuilder_printf(&out, "  %V\n", line);
    decref(vm, line);
    if (source && !is_none(source) && !vm->finalizing && !vm->threads_stopped)
        strbuilder_printf(&out, "%N: Enable tracemalloc to get the object allocation traceback\n",
                          as_type(w->category));
    bool ok = !out.failed;
    if (ok)
        stderr_write(vm, NULL, out.data, out.len);
    strbuilder_drop(&out);
    return ok;
}

static bool show(VM *vm, const Warning *w, Value source) {
    Value show_function = module_attribute(vm, "_showwarnmsg");
    if (!show_function)
        return show_plainly(vm, w, source);
    Value class = module_attribute(vm, "WarningMessage"), record = VALUE_ERROR, result = VALUE_ERROR;
    if (!class) {
        raise_runtime(vm, "unable to get warnings.WarningMessage");
    } else {
        Value args[7] = {w->message,
                         w->category,
                         w->filename,
                         int_from_int64(vm, w->line),
                         VALUE_NONE,
                         VALUE_NONE,
                         source ? source : VALUE_NONE};
        record = call(vm, class, args, 7, 0);
    }
    if (record)
        result = call1(vm, show_function, record);
    decref(vm, record);
    decref(vm, class);
    decref(vm, show_function);
    decref(vm, result);
    return result != 0;
}

/* ---- issuing ---- */

static bool raise_warning(VM *vm, const Warning *w) {
    if (is_exception(w->message))
        raise_object(vm, w->message);
    return false;
}

/* Applies the action; the record is `registry`. */
static bool warning_act(VM *vm, const Warning *w, Value key, Value action, Value item, Value registry, Value source) {
    if (!is_str(action))
        return raise_type(vm, "action must be a string, not '%T'", action);
    if (str_equals_c(action, "error"))
        return raise_warning(vm, w);
    if (str_equals_c(action, "ignore"))
        return true;
    int seen = 0;
    if (!str_equals_c(action, "always") && !str_equals_c(action, "all")) {
        if (registry && is_dict(registry) && !dict_set(vm, registry, key, VALUE_TRUE))
            return false;
        if (str_equals_c(action, "once")) {
            Value once = module_attribute(vm, "onceregistry");
            if (!once)
                once = incref(warnings_once_registry(vm));
            seen = once ? registry_seen_anywhere(vm, once, w) : -1;
            decref(vm, once);
        } else if (str_equals_c(action, "module")) {
            seen = registry_seen_anywhere(vm, registry, w);
        } else if (!str_equals_c(action, "default")) {
            return raise_runtime(vm, "Unrecognized action (%R) in warnings.filters:\n %R", action, item);
        }
    }
    return seen ? seen > 0 : show(vm, w, source);
}

static bool warning_process(VM *vm, const Warning *w, Value registry, Value source) {
    Value key = tuple_pack(vm, 3, w->text, w->category, from_small_int(w->line));
    int seen = key ? registry_seen(vm, registry, key, false) : -1;
    bool ok = seen > 0;
    if (seen == 0) {
        Value item, action = action_find(vm, w, &item);
        ok = action && warning_act(vm, w, key, action, item, registry, source);
        decref(vm, action);
        decref(vm, item);
    }
    decref(vm, key);
    return ok;
}

/* Fills text and message from what the caller gave: a Warning instance decides its own category. Owned fields. */
static bool message_resolve(VM *vm, Value category, Value message, Warning *w) {
    w->text = w->message = w->category = 0;
    if (exception_is(vm, message, vm->exc.Warning)) {
        w->message = incref(message);
        w->category = incref(type_value(type_of(vm, message)));
        w->text = to_str(vm, message);
    } else {
        w->category = incref(category);
        w->text = is_str(message) ? incref(message) : to_str(vm, message);
        w->message = w->text ? call1(vm, category, message) : VALUE_ERROR;
    }
    if (w->text && w->message)
        return true;
    decref(vm, w->text);
    decref(vm, w->message);
    decref(vm, w->category);
    return false;
}

/* The module's name as guessed from its file. */
static Value module_from_filename(VM *vm, Value filename) {
    size_t n = as_str(filename)->nbytes;
    const char *text = str_data(filename);
    if (n == 0)
        return str_from_c(vm, "<unknown>");
    if (n > 3 && (memcmp(text + n - 3, ".py", 3) == 0 || memcmp(text + n - 3, ".co", 3) == 0))
        return str_new(vm, text, n - 3);
    return incref(filename);
}

bool warnings_explicit(VM *vm, Value category, Value message, Value filename, int line, Value module, Value registry,
                       Value source) {
    if (registry && !is_none(registry) && !is_dict(registry))
        return raise_type(vm, "'registry' must be a dict or None");
    Warning w;
    if (!message_resolve(vm, category, message, &w))
        return false;
    w.filename = filename;
    w.line = line;
    w.module = module && is_str(module) ? incref(module) : module_from_filename(vm, filename);
    bool ok = w.module && warning_process(vm, &w, registry, source);
    decref(vm, w.module);
    decref(vm, w.text);
    decref(vm, w.message);
    decref(vm, w.category);
    return ok;
}

static bool starts_with_any(Value filename, Value prefixes) {
    for (size_t i = 0; prefixes && i < as_tuple(prefixes)->len; i++) {
        Str *prefix = as_str(as_tuple(prefixes)->items[i]);
        if (as_str(filename)->nbytes >= prefix->nbytes &&
            memcmp(str_data(filename), prefix->data, prefix->nbytes) == 0)
            return true;
    }
    return false;
}

bool warnings_issue_at(VM *vm, Value category, Value message, int stack_level, Value source, Value skip_prefixes) {
    Frame *f = vm->thread->frame;
    if (skip_prefixes && as_tuple(skip_prefixes)->len && stack_level < 2)
        stack_level = 2;
    for (; f && stack_level > 1; stack_level--) {
        do
            f = frame_back(vm, f);
        while (f && starts_with_any(f->code->filename, skip_prefixes));
    }
    Value globals = f ? f->func->globals : vm->sys_dict;
    Value filename = f ? incref(f->code->filename) : str_intern_c(vm, "<sys>");
    int line = f ? code_line(f->code, frame_lasti(f)) : 0;
    if (!filename)
        return false;
    if (!globals) { /* there are no modules yet */
        decref(vm, filename);
        return true;
    }
    incref(globals);
    Value registry = dict_get_c(vm, globals, "__warningregistry__");
    bool ok = true;
    if (registry) {
        incref(registry);
    } else {
        registry = error_pending(vm) ? VALUE_ERROR : dict_new(vm);
        ok = registry && dict_set_c(vm, globals, "__warningregistry__", registry);
    }
    Value module = dict_get_str(vm, globals, NAME(__name__));
    module = module && is_str(module) ? incref(module) : str_intern_c(vm, "<string>");
    ok = ok && module && warnings_explicit(vm, category, message, filename, line, module, registry, source);
    decref(vm, module);
    decref(vm, registry);
    decref(vm, globals);
    decref(vm, filename);
    return ok;
}

bool warnings_issue(VM *vm, Value category, Value message, int stack_level, Value source) {
    return warnings_issue_at(vm, category, message, stack_level, source, 0);
}

void warnings_unclosed(VM *vm, Value object, const char *what) {
    Value text = str_printf(vm, "unclosed%s%s %R", *what ? " " : "", what, object);
    if ((!text || !warnings_issue(vm, type_value(vm->exc.ResourceWarning), text, 1, object)) &&
        error_matches(vm, vm->exc.Warning))
        error_unraisable(vm, NULL, object);
    error_clear(vm);
    decref(vm, text);
}
