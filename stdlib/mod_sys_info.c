/* The module sys: constants, records of version, limits and switches, and the setting up of the module itself. */
#include "stdlib/mod_sys.h"

#include "include/cove.h"
#include "object/set.h"
#include "runtime/suggestions.h"

#include <float.h>

#define LANGUAGE_HEX 0x030d00f0

AT_START static bool set_text(VM *vm, const char *name, const char *text) {
    return sys_set(vm, name, str_from_c(vm, text));
}

/* A record of plain numbers and texts; items are consumed, 0 among them is a failure. */
static Value record(VM *vm, const char *name, const char *doc, const char *const *fields, size_t n, Value *items) {
    bool ok = true;
    for (size_t i = 0; i < n; i++)
        ok = ok && items[i];
    Type *type = ok ? structseq_type(vm, name, doc, fields, n, n) : NULL;
    if (type)
        return structseq_new(vm, type, items);
    for (size_t i = 0; i < n; i++)
        decref(vm, items[i]);
    return VALUE_ERROR;
}

static Value version_info(VM *vm) {
    static const char *const fields[] = {"major", "minor", "micro", "releaselevel", "serial"};
    Value items[] = {from_small_int(3), from_small_int(13), from_small_int(0), str_intern_c(vm, "final"),
                     from_small_int(0)};
    return record(vm, "sys.version_info", "The version of the language.", fields, ARRAY_LEN(fields), items);
}

static Value flags(VM *vm) {
    static const char *const fields[] = {"debug",
                                         "inspect",
                                         "interactive",
                                         "optimize",
                                         "dont_write_bytecode",
                                         "no_user_site",
                                         "no_site",
                                         "ignore_environment",
                                         "verbose",
                                         "bytes_warning",
                                         "quiet",
                                         "hash_randomization",
                                         "isolated",
                                         "dev_mode",
                                         "utf8_mode",
                                         "warn_default_encoding",
                                         "safe_path",
                                         "int_max_str_digits"};
    Value items[] = {from_small_int(vm->flags.debug),
                     from_small_int(vm->flags.inspect),
                     from_small_int(vm->flags.interactive),
                     from_small_int(vm->flags.optimize),
                     from_small_int(vm->flags.dont_write_bytecode),
                     from_small_int(vm->flags.no_user_site),
                     from_small_int(vm->flags.no_site),
                     from_small_int(vm->flags.ignore_environment),
                     from_small_int(vm->flags.verbose),
                     from_small_int(vm->flags.bytes_warning),
                     from_small_int(vm->flags.quiet),
                     from_small_int(vm->hash_randomized),
                     from_small_int(vm->flags.isolated),
                     from_bool(vm->flags.dev_mode),
                     from_small_int(0),
                     from_small_int(0),
                     from_bool(vm->flags.safe_path),
                     from_small_int(vm->int_max_str_digits)};
    return record(vm, "sys.flags", "The switches of the command line.", fields, ARRAY_LEN(fields), items);
}

static Value float_info(VM *vm) {
    static const char *const fields[] = {"max", "max_exp",  "max_10_exp", "min",   "min_exp", "min_10_exp",
                                         "dig", "mant_dig", "epsilon",    "radix", "rounds"};
    Value items[] = {from_double(DBL_MAX),
                     from_small_int(DBL_MAX_EXP),
                     from_small_int(DBL_MAX_10_EXP),
                     from_double(DBL_MIN),
                     from_small_int(DBL_MIN_EXP),
                     from_small_int(DBL_MIN_10_EXP),
                     from_small_int(DBL_DIG),
                     from_small_int(DBL_MANT_DIG),
                     from_double(DBL_EPSILON),
                     from_small_int(FLT_RADIX),
                     from_small_int(1)};
    return record(vm, "sys.float_info", "The limits of floats.", fields, ARRAY_LEN(fields), items);
}

static Value int_info(VM *vm) {
    static const char *const fields[] = {"bits_per_digit", "sizeof_digit", "default_max_str_digits",
                                         "str_digits_check_threshold"};
    Value items[] = {from_small_int(64), from_small_int(8), from_small_int(4300), from_small_int(640)};
    return record(vm, "sys.int_info", "How integers are kept.", fields, ARRAY_LEN(fields), items);
}

static Value hash_info(VM *vm) {
    static const char *const fields[] = {"width",     "modulus",   "inf",       "nan",   "imag",
                                         "algorithm", "hash_bits", "seed_bits", "cutoff"};
    Value items[] = {from_small_int(64),      int_from_int64(vm, ((int64_t)1 << 61) - 1),
                     from_small_int(314159),  from_small_int(0),
                     from_small_int(1000003), str_intern_c(vm, "siphash13"),
                     from_small_int(64),      from_small_int(128),
                     from_small_int(0)};
    return record(vm, "sys.hash_info", "How hashes are computed.", fields, ARRAY_LEN(fields), items);
}

static Value thread_info(VM *vm) {
    static const char *const fields[] = {"name", "lock", "version"};
    Value items[] = {str_intern_c(vm, "pthread"), str_intern_c(vm, "semaphore"), VALUE_NONE};
    return record(vm, "sys.thread_info", "How threads are made.", fields, ARRAY_LEN(fields), items);
}

/* types.SimpleNamespace(name='cove', ...) */
static Value implementation(VM *vm) {
    Value dict = dict_new(vm), name = str_intern_c(vm, "cove"), tag = str_intern_c(vm, "cove-313"),
          result = VALUE_ERROR;
    Value version = sys_get(vm, "version_info");
    if (dict && name && tag && version && dict_set_c(vm, dict, "name", name) &&
        dict_set_c(vm, dict, "cache_tag", tag) && dict_set_c(vm, dict, "version", version) &&
        dict_set_c(vm, dict, "hexversion", from_small_int(LANGUAGE_HEX)))
        result = namespace_new(vm, dict);
    decref(vm, dict);
    decref(vm, name);
    decref(vm, tag);
    return result;
}

static Value builtin_names(VM *vm) {
    Value list = list_new(vm, 0);
    for (size_t i = 0; list && i < NATIVE_MODULES; i++) {
        if (native_modules[i].name == NULL)
            continue;
        Value name = str_intern_c(vm, native_modules[i].name);
        if (!name || !list_append_steal(vm, list, name))
            set_owned(vm, &list, 0);
    }
    Value tuple = list && list_sort(vm, list, 0, false) ? tuple_from_list(vm, list) : VALUE_ERROR;
    decref(vm, list);
    return tuple;
}

static Value library_names(VM *vm) {
    Value names = frozenset_new(vm, 0);
    for (const char *const *known = library_module_names; names && *known; known++) {
        Value name = str_intern_c(vm, *known);
        if (!name || !set_add(vm, names, name))
            set_owned(vm, &names, 0);
        decref(vm, name);
    }
    return names;
}

static const char *compiler_text(void) {
#if defined(__clang__)
    return "Clang " __clang_version__;
#elif defined(__GNUC__)
    return "GCC " __VERSION__;
#else
    return "C";
#endif
}

static const char *platform_text(void) {
#if defined(__linux__)
    return "linux";
#elif defined(__APPLE__)
    return "darwin";
#elif defined(__FreeBSD__)
    return "freebsd";
#else
    return "unix";
#endif
}

static bool install_texts(VM *vm) {
    uint16_t probe = 1;
    return sys_set(vm, "version", str_printf(vm, "3.13.0 (Cove %s) [%s]", COVE_VERSION, compiler_text())) &&
           set_text(vm, "platform", platform_text()) &&
           set_text(vm, "byteorder", *(char *)&probe ? "little" : "big") &&
           set_text(vm, "copyright", "Copyright (c) the Cove authors.") && set_text(vm, "prefix", "") &&
           set_text(vm, "exec_prefix", "") && set_text(vm, "base_prefix", "") &&
           set_text(vm, "base_exec_prefix", "") && set_text(vm, "platlibdir", "lib") &&
           set_text(vm, "float_repr_style", "short") && set_text(vm, "abiflags", "") &&
           set_text(vm, "_framework", "");
}

static bool install_numbers(VM *vm) {
    return sys_set(vm, "maxsize", int_from_int64(vm, INT64_MAX)) &&
           sys_set(vm, "maxunicode", from_small_int(0x10ffff)) &&
           sys_set(vm, "hexversion", from_small_int(LANGUAGE_HEX)) &&
           sys_set(vm, "api_version", from_small_int(1013)) &&
           sys_set(vm, "dont_write_bytecode", from_bool(vm->flags.dont_write_bytecode)) &&
           sys_set(vm, "pycache_prefix", VALUE_NONE);
}

static bool install_lists(VM *vm) {
    return sys_set(vm, "argv", list_new(vm, 0)) && sys_set(vm, "orig_argv", list_new(vm, 0)) &&
           sys_set(vm, "path", list_new(vm, 0)) && sys_set(vm, "warnoptions", list_new(vm, 0)) &&
           sys_set(vm, "_xoptions", dict_new(vm)) && sys_set(vm, "modules", incref(vm->modules)) &&
           set_text(vm, "executable", "") && set_text(vm, "_base_executable", "");
}

/* What no script needs to run, and few ask for. */
static bool complete_info(VM *vm, Value module) {
    (void)module;
    return install_texts(vm) && install_numbers(vm) && sys_set(vm, "builtin_module_names", builtin_names(vm)) &&
           sys_set(vm, "stdlib_module_names", library_names(vm)) && sys_set(vm, "version_info", version_info(vm)) &&
           sys_set(vm, "flags", flags(vm)) && sys_set(vm, "float_info", float_info(vm)) &&
           sys_set(vm, "int_info", int_info(vm)) && sys_set(vm, "hash_info", hash_info(vm)) &&
           sys_set(vm, "thread_info", thread_info(vm)) && sys_set(vm, "implementation", implementation(vm));
}

/* A hook is there twice: as __name__ it stays what it was at the start. */
static bool keep_originals(VM *vm) {
    static const char *const hooks[] = {"displayhook", "excepthook", "unraisablehook", "breakpointhook"};
    for (size_t i = 0; i < ARRAY_LEN(hooks); i++) {
        Value name = str_printf(vm, "__%s__", hooks[i]);
        bool ok = name && dict_set(vm, vm->sys_dict, name, sys_get(vm, hooks[i]));
        decref(vm, name);
        if (!ok)
            return false;
    }
    return true;
}

AT_START bool sys_install(VM *vm) {
    vm->sys_module = module_new(vm, "sys");
    if (!vm->sys_module)
        return false;
    vm->sys_dict = incref(module_dict(vm->sys_module));
    ((Module *)as_obj(vm->sys_module))->complete = complete_info;
    if (!vm->switch_interval_us)
        vm->switch_interval_us = 5000;
    Value doc = str_from_c(vm, "What belongs to the running interpreter: its switches, its streams, its limits.");
    bool ok = doc && dict_set_str(vm, vm->sys_dict, NAME(__doc__), doc);
    decref(vm, doc);
    return ok && module_add_functions(vm, vm->sys_module, sys_methods) &&
           module_add_functions(vm, vm->sys_module, sys_hook_methods) && keep_originals(vm) && install_lists(vm);
}
