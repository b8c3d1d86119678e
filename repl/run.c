/* Running a program: a file, a directory, a module, a text, or the standard input, as the module __main__. */
#include "repl/host.h"

#include "object/bytes.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- failures ---- */

static int exit_status(VM *vm, Value exc) {
    Value code;
    if (attr_lookup(vm, exc, NAME(code), &code) <= 0) {
        error_clear(vm);
        return 1;
    }
    int64_t number;
    int status;
    if (is_none(code)) {
        status = 0;
    } else if (is_int(code)) {
        status = int_fits_int64(code, &number) ? (int)(number & 0xff) : 0xff;
    } else {
        Value text = to_str(vm, code);
        error_clear(vm);
        Value file = text ? dict_get_str(vm, vm->sys_dict, NAME(stderr)) : 0;
        if (file && !is_none(file)) {
            Value newline = str_printf(vm, "%V\n", text);
            Value result = newline ? call_method1(vm, file, NAME(write), newline) : 0;
            decref(vm, newline);
            decref(vm, result);
            result = result ? call_method0(vm, file, NAME(flush)) : 0;
            decref(vm, result);
            error_clear(vm);
        } else if (text) {
            fprintf(stderr, "%s\n", str_data(text));
        }
        decref(vm, text);
        status = 1;
    }
    decref(vm, code);
    return status;
}

/* What the script printed comes before the report of how it ended, also where both go to one place. */
static void flush_output(VM *vm) {
    Value pending = error_take(vm), out = dict_get_str(vm, vm->sys_dict, NAME(stdout));
    if (out != 0 && !is_none(out)) {
        incref(out);
        Value flushed = call_method0(vm, out, NAME(flush));
        decref(vm, flushed);
        decref(vm, out);
        error_clear(vm);
    }
    raise_steal(vm, pending);
}

/* sys.last_exc and the older three: what traceback.print_last() and debuggers look at afterwards. */
static void last_exception_keep(VM *vm) {
    Value exc = error_take(vm), tb = as_exception(exc)->traceback;
    if (!sys_set(vm, "last_exc", incref(exc)) || !sys_set(vm, "last_value", incref(exc)) ||
        !sys_set(vm, "last_type", incref(type_value(obj_type(as_obj(exc))))) ||
        !sys_set(vm, "last_traceback", tb ? incref(tb) : VALUE_NONE))
        error_clear(vm);
    raise_steal(vm, exc);
}

int run_exit(VM *vm) {
    Value exc = error_take(vm);
    int status = exit_status(vm, exc);
    decref(vm, exc);
    return status;
}

int run_failure(VM *vm, bool *killed) {
    if (error_matches(vm, vm->exc.SystemExit) && !vm->flags.inspect)
        return run_exit(vm);
    *killed = error_matches(vm, vm->exc.KeyboardInterrupt);
    flush_output(vm);
    last_exception_keep(vm);
    sys_report_exception(vm);
    return error_pending(vm) ? run_exit(vm) : 1; /* sys.excepthook called sys.exit() */
}

static int complain(const Options *o, const char *format, const char *name) {
    fprintf(stderr, "%s: ", o->program);
    fprintf(stderr, format, name);
    fputc('\n', stderr);
    return 1;
}

/* ---- sys.path and sys.argv ---- */

static Value text_from_system(VM *vm, const char *text) {
    return str_decode(vm, text, strlen(text), "utf-8", "surrogateescape");
}

static bool append_text(VM *vm, Value list, const char *text, size_t n) {
    Value item = str_decode(vm, text, n, "utf-8", "surrogateescape");
    return item && list_append_steal(vm, list, item);
}

static bool set_argv(VM *vm, const Options *o, const char *name) {
    Value list = list_new(vm, 0);
    bool ok = list && append_text(vm, list, name, strlen(name));
    for (int i = 1; ok && i < o->argc; i++)
        ok = append_text(vm, list, o->argv[i], strlen(o->argv[i]));
    if (!ok) {
        decref(vm, list);
        return false;
    }
    return sys_set(vm, "argv", list);
}

/* The entries of COVEPATH or, failing that, PYTHONPATH. */
static bool add_environment_path(VM *vm, const Options *o, Value path) {
    const char *text = o->flags.ignore_environment ? NULL : getenv("COVEPATH");
    if (!text && !o->flags.ignore_environment)
        text = getenv("PYTHONPATH");
    while (text && *text) {
        const char *colon = strchr(text, ':');
        size_t n = colon ? (size_t)(colon - text) : strlen(text);
        if (n && !append_text(vm, path, text, n))
            return false;
        text = colon ? colon + 1 : text + n;
    }
    return true;
}

static bool set_lists(VM *vm, const Options *o) {
    Value original = list_new(vm, 0);
    bool ok = original != 0;
    for (int i = 0; ok && i < o->all_argc; i++)
        ok = append_text(vm, original, o->all_argv[i], strlen(o->all_argv[i]));
    Value warnings = ok ? list_new(vm, 0) : 0;
    for (int i = 0; warnings && i < o->nwarnings; i++) {
        if (!append_text(vm, warnings, o->warnings[i], strlen(o->warnings[i])))
            set_owned(vm, &warnings, 0);
    }
    Value dict = sys_get(vm, "_xoptions");
    for (int i = 0; ok && dict && i < o->nxoptions; i++) {
        const char *equals = strchr(o->xoptions[i], '=');
        size_t n = equals ? (size_t)(equals - o->xoptions[i]) : strlen(o->xoptions[i]);
        Value key = str_decode(vm, o->xoptions[i], n, "utf-8", "surrogateescape");
        Value value = equals ? text_from_system(vm, equals + 1) : VALUE_TRUE;
        ok = key && value && dict_set(vm, dict, key, value);
        decref(vm, key);
        decref(vm, value);
    }
    if (!ok || !warnings) {
        decref(vm, original);
        decref(vm, warnings);
        return false;
    }
    return sys_set(vm, "orig_argv", original) && sys_set(vm, "warnoptions", warnings);
}

/* The file of the running command, as sys.executable. */
static bool set_executable(VM *vm) {
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    if (n <= 0)
        return true;
    Value text = str_decode(vm, path, (size_t)n, "utf-8", "surrogateescape");
    return text && sys_set(vm, "_base_executable", incref(text)) && sys_set(vm, "executable", text);
}

static bool path_insert(VM *vm, const char *text) {
    Value path = sys_get(vm, "path"), item = text_from_system(vm, text);
    bool ok = path && is_list(path) && item && list_insert(vm, path, 0, item);
    decref(vm, item);
    return ok;
}

/* Warnings given on the command line or in the environment need the module. */
static bool setup_warnings(VM *vm, const Options *o) {
    const char *text = o->flags.ignore_environment ? NULL : getenv("PYTHONWARNINGS");
    Value list = sys_get(vm, "warnoptions");
    size_t at = 0;
    while (text && *text && list) {
        size_t n = strcspn(text, ",");
        Value item = str_decode(vm, text, n, "utf-8", "surrogateescape");
        bool ok = item && list_insert(vm, list, (ssize_t)at++, item);
        decref(vm, item);
        if (!ok)
            return false;
        text += n + (text[n] == ',');
    }
    if (vm->flags.dev_mode) {
        Value item = str_from_c(vm, "default");
        bool ok = item && list && list_insert(vm, list, 0, item);
        decref(vm, item);
        if (!ok)
            return false;
    }
    if (vm->flags.bytes_warning > 0) {
        Value item = str_from_c(vm, vm->flags.bytes_warning > 1 ? "error::BytesWarning" : "default::BytesWarning");
        bool ok = item && list && list_append(vm, list, item);
        decref(vm, item);
        if (!ok)
            return false;
    }
    if (!list || as_list(list)->len == 0)
        return true;
    Value module = import_c(vm, "warnings");
    decref(vm, module);
    return module != 0;
}

/* ---- the module __main__ ---- */

static bool set_main(VM *vm, Value dict, const char *name, Value value) {
    bool ok = value && dict_set_c(vm, dict, name, value);
    decref(vm, value);
    return ok;
}

static bool run_code(VM *vm, Value code, Value dict) {
    Value result = code ? code_run(vm, code, dict, dict) : VALUE_ERROR;
    decref(vm, code);
    decref(vm, result);
    return result != 0;
}

static Value file_code(VM *vm, Value path, const Options *o) {
    Value data = file_read_bytes(vm, path), code = VALUE_ERROR;
    if (data && !o->skip_first_line) {
        code = vm->compile(vm, data, path, "exec", COMPILE_FILE_INPUT, -1);
    } else if (data) { /* the line stays as an empty one, so that numbers are right */
        const char *newline = memchr(as_bytes(data)->data, '\n', as_bytes(data)->len);
        size_t skip = newline ? (size_t)(newline - as_bytes(data)->data) : as_bytes(data)->len;
        Value rest = bytes_new(vm, as_bytes(data)->data + skip, as_bytes(data)->len - skip);
        code = rest ? vm->compile(vm, rest, path, "exec", COMPILE_FILE_INPUT, -1) : VALUE_ERROR;
        decref(vm, rest);
    }
    decref(vm, data);
    return code;
}

static bool run_path(VM *vm, Value path, Value dict, const Options *o) {
    Value name = str_intern_c(vm, "__main__"), loader = name ? source_loader_new(vm, name, path) : VALUE_ERROR;
    decref(vm, name);
    return set_main(vm, dict, "__loader__", loader) && set_main(vm, dict, "__file__", incref(path)) &&
           set_main(vm, dict, "__cached__", VALUE_NONE) && run_code(vm, file_code(vm, path, o), dict);
}

/* ---- what to run ---- */

static int finish(VM *vm, bool ok, bool *killed) { return ok ? 0 : run_failure(vm, killed); }

/* "directory/name" if that is a regular file. */
static bool file_in(char *out, size_t size, const char *directory, const char *name) {
    struct stat info;
    int n = snprintf(out, size, "%s/%s", directory, name);
    return n > 0 && (size_t)n < size && stat(out, &info) == 0 && S_ISREG(info.st_mode);
}

/* A directory's main file is a module that can be found, which children of multiprocessing are told. */
static bool set_directory_spec(VM *vm, Value path, Value dict) {
    Value name = str_intern_c(vm, "__main__"), loader = name ? source_loader_new(vm, name, path) : VALUE_ERROR;
    Value spec = loader ? spec_new(vm, name, loader, path, 0) : VALUE_ERROR;
    decref(vm, name);
    decref(vm, loader);
    return set_main(vm, dict, "__spec__", spec) && set_main(vm, dict, "__package__", incref(vm->empty_str));
}

static int run_directory(VM *vm, const Options *o, const char *directory, Value dict, bool *killed) {
    char path[PATH_MAX];
    if (!file_in(path, sizeof path, directory, "__main__.co") &&
        !file_in(path, sizeof path, directory, "__main__.py"))
        return complain(o, "can't find '__main__' module in '%s'", directory);
    if (!path_insert(vm, directory))
        return finish(vm, false, killed);
    Value text = text_from_system(vm, path);
    bool ok = text && set_directory_spec(vm, text, dict) && run_path(vm, text, dict, o);
    decref(vm, text);
    return finish(vm, ok, killed);
}

static bool insert_script_directory(VM *vm, const char *path) {
    char real[PATH_MAX];
    if (!realpath(path, real))
        return true;
    char *slash = strrchr(real, '/');
    if (!slash)
        return true;
    slash[slash == real] = '\0';
    return path_insert(vm, real);
}

static int run_file(VM *vm, const Options *o, Value dict, bool *killed) {
    char path[PATH_MAX], cwd[PATH_MAX];
    struct stat info;
    int n = 0;
    if (o->file[0] == '/' || !getcwd(cwd, sizeof cwd))
        n = snprintf(path, sizeof path, "%s", o->file);
    else
        n = snprintf(path, sizeof path, "%s%s%s", cwd, cwd[1] ? "/" : "", o->file);
    if (n < 0 || (size_t)n >= sizeof path)
        errno = ENAMETOOLONG;
    else if (access(path, R_OK) == 0 && stat(path, &info) == 0)
        errno = 0;
    if (errno) {
        fprintf(stderr, "%s: can't open file '%s': [Errno %d] %s\n", o->program, path, errno, strerror(errno));
        return 2;
    }
    if (!set_argv(vm, o, o->file))
        return finish(vm, false, killed);
    if (S_ISDIR(info.st_mode))
        return run_directory(vm, o, path, dict, killed);
    if (!vm->flags.safe_path && !insert_script_directory(vm, path))
        return finish(vm, false, killed);
    Value text = text_from_system(vm, path);
    bool ok = text && run_path(vm, text, dict, o);
    decref(vm, text);
    return finish(vm, ok, killed);
}

static int run_text(VM *vm, const Options *o, Value dict, bool *killed) {
    bool ok = set_argv(vm, o, "-c") && (vm->flags.safe_path || path_insert(vm, ""));
    Value text = ok ? str_decode(vm, o->command, strlen(o->command), "utf-8", "surrogateescape") : VALUE_ERROR;
    Value with_newline = text ? str_printf(vm, "%V\n", text) : VALUE_ERROR;
    Value filename = with_newline ? str_intern_c(vm, "<string>") : VALUE_ERROR;
    /* warnings of the compiler show no source here: it is registered behind them */
    Value code = filename ? vm->compile(vm, with_newline, filename, "exec", 0, -1) : VALUE_ERROR;
    ok = code && traceback_register_source(vm, filename, with_newline);
    if (ok)
        ok = run_code(vm, code, dict);
    else
        decref(vm, code);
    decref(vm, filename);
    decref(vm, with_newline);
    decref(vm, text);
    return finish(vm, ok, killed);
}

static Value read_stdin(VM *vm) {
    StrBuilder all; /* used as a buffer of bytes */
    strbuilder_init(&all, vm);
    char block[4096];
    ssize_t n;
    while ((n = read(0, block, sizeof block)) > 0 || (n < 0 && errno == EINTR)) {
        if (n > 0)
            strbuilder_add(&all, block, (size_t)n);
    }
    Value bytes = all.failed ? VALUE_ERROR : bytes_new(vm, all.data, all.len);
    strbuilder_drop(&all);
    return bytes;
}

static bool forget_main(VM *vm, Value dict, const char *name) {
    Value key = str_intern_c(vm, name);
    bool ok = key && dict_delete(vm, dict, key) >= 0;
    decref(vm, key);
    return ok;
}

bool run_startup(VM *vm, const Options *o, Value dict) {
    const char *name = o->flags.ignore_environment ? NULL : getenv("COVE_STARTUP");
    if (!name && !o->flags.ignore_environment)
        name = getenv("PYTHONSTARTUP");
    if (!name || !*name)
        return true;
    Value path = text_from_system(vm, name), data = path ? file_read_bytes(vm, path) : VALUE_ERROR;
    if (!data) {
        fputs("Could not open PYTHONSTARTUP\n", stderr);
        decref(vm, path);
        return false;
    }
    bool ok = set_main(vm, dict, "__file__", incref(path)) &&
              run_code(vm, vm->compile(vm, data, path, "exec", COMPILE_FILE_INPUT, -1), dict);
    decref(vm, data);
    decref(vm, path);
    Value pending = error_take(vm);
    if (!forget_main(vm, dict, "__file__"))
        error_clear(vm);
    if (pending)
        raise_steal(vm, pending);
    return ok;
}

static int run_stdin(VM *vm, const Options *o, Value dict, bool *killed) {
    bool ok = set_argv(vm, o, o->file ? "-" : "") && (vm->flags.safe_path || path_insert(vm, ""));
    if (ok && (isatty(0) || vm->flags.interactive))
        return prompt_run(vm, o, dict, true, killed);
    Value source = ok ? read_stdin(vm) : VALUE_ERROR, filename = source ? str_intern_c(vm, "<stdin>") : VALUE_ERROR;
    ok = filename && set_main(vm, dict, "__file__", incref(filename)) &&
         set_main(vm, dict, "__cached__", VALUE_NONE) &&
         run_code(vm, vm->compile(vm, source, filename, "exec", COMPILE_FILE_INPUT, -1), dict);
    decref(vm, filename);
    decref(vm, source);
    return finish(vm, ok, killed);
}

/* ---- -m ---- */

/* The code of the module of that spec; *code 0 without exception when it has none. */
static bool spec_code(VM *vm, Value spec, Value name, Value *code) {
    *code = 0;
    Value loader = spec_attribute(vm, spec, "loader");
    if (!loader)
        return false;
    if (attr_has(vm, loader, NAME(get_code)) == 1) {
        *code = call_method1(vm, loader, NAME(get_code), name);
        if (*code && is_none(*code))
            *code = 0;
    }
    decref(vm, loader);
    return !error_pending(vm);
}

/* Finds a module without importing it, its packages apart: importlib.util.find_spec. Owned; None if there is none. */
static Value module_find(VM *vm, Value name) {
    Value util = import_c(vm, "importlib.util"), find = util ? attr_get(vm, util, NAME(find_spec)) : VALUE_ERROR;
    Value spec = find ? call1(vm, find, name) : VALUE_ERROR;
    decref(vm, find);
    decref(vm, util);
    return spec;
}

static int module_error(VM *vm, const Options *o, const char *format, Value name, Value other) {
    Value text = other ? str_printf(vm, format, name, other) : str_printf(vm, format, name);
    if (text)
        fprintf(stderr, "%s: %s\n", o->program, str_data(text));
    decref(vm, text);
    error_clear(vm);
    return 1;
}

static bool has_locations(VM *vm, Value spec) {
    Value locations = spec_attribute(vm, spec, "submodule_search_locations");
    bool is_package = locations && !is_none(locations);
    decref(vm, locations);
    error_clear(vm);
    return is_package;
}

static int run_spec(VM *vm, const Options *o, Value name, Value spec, Value dict, bool *killed) {
    Value code;
    if (!spec_code(vm, spec, name, &code))
        return run_failure(vm, killed);
    if (!code)
        return module_error(vm, o, "No code object available for %V", name, 0);
    Value origin = spec_attribute(vm, spec, "origin"), parent = spec_attribute(vm, spec, "parent");
    Value loader = spec_attribute(vm, spec, "loader"), location = spec_attribute(vm, spec, "has_location");
    bool has_file = location == VALUE_TRUE && origin && is_str(origin);
    bool ok = origin && parent && loader && set_argv(vm, o, has_file ? str_data(origin) : "-m") &&
              set_main(vm, dict, "__spec__", incref(spec)) && set_main(vm, dict, "__package__", incref(parent)) &&
              set_main(vm, dict, "__loader__", incref(loader)) && set_main(vm, dict, "__cached__", VALUE_NONE) &&
              set_main(vm, dict, "__file__", has_file ? incref(origin) : VALUE_NONE);
    ok = ok ? run_code(vm, code, dict) : (decref(vm, code), false);
    decref(vm, origin);
    decref(vm, parent);
    decref(vm, loader);
    decref(vm, location);
    return finish(vm, ok, killed);
}

static int run_package(VM *vm, const Options *o, Value name, Value dict, bool *killed) {
    Value full = str_printf(vm, "%V.__main__", name), spec = full ? module_find(vm, full) : VALUE_ERROR;
    int status;
    if (!spec)
        status = run_failure(vm, killed);
    else if (is_none(spec))
        status =
            module_error(vm, o, "No module named %V; %R is a package and cannot be directly executed", full, name);
    else
        status = run_spec(vm, o, full, spec, dict, killed);
    decref(vm, spec);
    decref(vm, full);
    return status;
}

static int run_module(VM *vm, const Options *o, Value dict, bool *killed) {
    char cwd[PATH_MAX];
    bool ok = set_argv(vm, o, "-m") && (vm->flags.safe_path || !getcwd(cwd, sizeof cwd) || path_insert(vm, cwd));
    Value name = ok ? text_from_system(vm, o->module) : VALUE_ERROR;
    if (!name)
        return finish(vm, false, killed);
    Value spec = module_find(vm, name);
    int status;
    if (!spec && error_matches(vm, vm->exc.ImportError)) {
        Value exc = error_take(vm), text = str_printf(vm, "%T: %S", exc, exc);
        status = module_error(vm, o, "Error while finding module specification for %R (%V)", name,
                              text ? text : vm->empty_str);
        decref(vm, text);
        decref(vm, exc);
    } else if (!spec) {
        status = run_failure(vm, killed);
    } else if (is_none(spec)) {
        status = module_error(vm, o, "No module named %V", name, 0);
    } else if (has_locations(vm, spec)) {
        status = run_package(vm, o, name, dict, killed);
    } else {
        status = run_spec(vm, o, name, spec, dict, killed);
    }
    decref(vm, spec);
    decref(vm, name);
    return status;
}

/* ---- all of it ---- */

static int run_chosen(VM *vm, const Options *o, Value dict, bool *killed) {
    if (o->command)
        return run_text(vm, o, dict, killed);
    if (o->module)
        return run_module(vm, o, dict, killed);
    if (o->file && strcmp(o->file, "-") != 0)
        return run_file(vm, o, dict, killed);
    return run_stdin(vm, o, dict, killed);
}

int run_main(VM *vm, const Options *o, bool *killed) {
    Value path = sys_get(vm, "path");
    if (!set_lists(vm, o) || !set_executable(vm) || !path || !add_environment_path(vm, o, path) ||
        !setup_warnings(vm, o))
        return run_failure(vm, killed);
    Value dict = stdlib_main_module(vm);
    if (!dict)
        return run_failure(vm, killed);
    int status = run_chosen(vm, o, dict, killed);
    const char *wish = o->flags.ignore_environment ? NULL : getenv("PYTHONINSPECT"); /* the program may have set it */
    bool inspect = vm->flags.inspect || (wish && *wish);
    bool had_prompt =
        !o->command && !o->module && (!o->file || strcmp(o->file, "-") == 0) && (isatty(0) || vm->flags.interactive);
    if (inspect && !had_prompt) {
        *killed = false;
        if (o->file && (!forget_main(vm, dict, "__file__") || !forget_main(vm, dict, "__cached__")))
            error_clear(vm); /* classes that are typed from now on are not in that file */
        status = prompt_run(vm, o, dict, false, killed);
    }
    return status;
}
