/* The module _re: compiling patterns by way of a cache. */
#include "stdlib/re/re.h"

#include "compiler/unicode_names.h"

#define CACHE_MAX 512

ReState *re_state(VM *vm) { return vm->module_state[MODULE_SLOT_mod_re_init]; }

/* Forgets the oldest entry of a full cache. */
static bool make_room(VM *vm, Value cache) {
    Value key, value;
    size_t pos = 0;
    if (dict_len(cache) < CACHE_MAX || !dict_next(cache, &pos, &key, &value))
        return true;
    incref(key);
    int deleted = dict_delete(vm, cache, key);
    decref(vm, key);
    return deleted >= 0;
}

static Value remember(VM *vm, Value cache, Value key, Value pattern) {
    if (pattern && make_room(vm, cache) && dict_set(vm, cache, key, pattern))
        return pattern;
    decref(vm, pattern);
    return VALUE_ERROR;
}

static Value compile_with_flags(VM *vm, Value source, int flags) {
    ReState *state = re_state(vm);
    Value key = tuple_pack(vm, 3, type_value(type_of(vm, source)), source, from_small_int(flags));
    if (!key)
        return VALUE_ERROR;
    Value result = incref(dict_get(vm, state->cache2, key));
    if (!result && !error_pending(vm))
        result = remember(vm, state->cache2, key, pattern_compile(vm, source, flags));
    decref(vm, key);
    return result;
}

static Value compile(NATIVE_ARGS) {
    ReState *state = re_state(vm);
    Value source = args[0], found;
    int flags = 0;
    if (args[1] && args[1] != from_small_int(0) && !to_c_int(vm, args[1], &flags))
        return VALUE_ERROR;
    if (has_exact_kind(source, KIND_STR) && flags == 0) {
        found = dict_get_str(vm, state->cache, source);
        return found ? incref(found) : remember(vm, state->cache, source, pattern_compile(vm, source, 0));
    }
    if (is_pattern(vm, source)) {
        if (flags)
            return raise_value(vm, "cannot process flags argument with a compiled pattern");
        return incref(source);
    }
    int64_t hash;
    if (!is_str(source) && !is_bytes(source))
        return !hash_value(vm, source, &hash) ? VALUE_ERROR
                                              : raise_type(vm, "first argument must be string or compiled pattern");
    return compile_with_flags(vm, source, flags);
}

static Value purge(NATIVE_ARGS) {
    dict_clear(vm, re_state(vm)->cache);
    dict_clear(vm, re_state(vm)->cache2);
    return VALUE_NONE;
}

static bool is_special(char c) { return c && strchr("()[]{}?*+-|^$\\.&~# \t\n\r\v\f", c); }

/* The text with a backslash before each character that has a meaning in patterns. */
static Value escape(NATIVE_ARGS) {
    Value text = args[0];
    Buffer buffer = {0};
    StrBuilder b;
    if (is_str(text)) {
        buffer.data = as_str(text)->data;
        buffer.len = as_str(text)->nbytes;
    } else if (!type_of(vm, text)->slots.get_buffer) {
        return raise_type(vm, "decoding to str: need a bytes-like object, %T found", text);
    } else if (!buffer_get(vm, text, &buffer, false)) {
        return VALUE_ERROR;
    }
    strbuilder_init(&b, vm);
    size_t copied = 0;
    for (size_t i = 0; i < buffer.len; i++) {
        if (is_special(buffer.data[i])) {
            strbuilder_add(&b, buffer.data + copied, i - copied);
            strbuilder_add(&b, "\\", 1);
            copied = i;
        }
    }
    strbuilder_add(&b, buffer.data + copied, buffer.len - copied);
    Value result;
    if (is_str(text)) {
        result = strbuilder_finish(&b);
    } else {
        result = b.failed ? VALUE_ERROR : bytes_new(vm, b.data ? b.data : "", b.len);
        strbuilder_drop(&b);
        buffer_release(vm, &buffer);
    }
    return result;
}

static Value set_error(NATIVE_ARGS) {
    re_state(vm)->error = vm_keep(vm, incref(args[0]));
    return re_state(vm)->error ? VALUE_NONE : VALUE_ERROR;
}

static const MethodSpec functions[] = {
    {"compile", compile, "pattern, flags=0, /", "The compiled pattern, from the cache if it is there.", 0},
    {"purge", purge, "", "Empty the cache.", 0},
    {"escape", escape, "pattern, /", "The text with backslashes before special characters.", 0},
    {"set_error", set_error, "error, /", "Name the class of the errors that patterns raise.", 0},
    {0},
};

static void end(VM *vm, void *arg) {
    ReState *state = arg;
    program_library_close(vm, state);
    unicode_names_close(state->names_library);
}

static Value new_cache(VM *vm) {
    Value dict = dict_new(vm);
    return dict ? vm_keep(vm, dict) : VALUE_ERROR;
}

bool mod_re_init(VM *vm, Value module) {
    ReState *state = mem_zalloc(vm, sizeof *state);
    if (!state)
        return false;
    vm->module_state[MODULE_SLOT_mod_re_init] = state;
    state->cache = new_cache(vm);
    state->cache2 = state->cache ? new_cache(vm) : 0;
    Type *pattern = vm_type(vm, &pattern_spec, NULL), *match = vm_type(vm, &match_spec, NULL);
    if (!state->cache2 || !pattern || !match || !program_library_open(vm, state) || !vm_at_end(vm, end, state)) {
        program_library_close(vm, state);
        vm->module_state[MODULE_SLOT_mod_re_init] = NULL;
        mem_free(vm, state, sizeof *state);
        return false;
    }
    return module_add(vm, module, "Pattern", incref(type_value(pattern))) &&
           module_add(vm, module, "Match", incref(type_value(match))) && module_add_functions(vm, module, functions);
}
