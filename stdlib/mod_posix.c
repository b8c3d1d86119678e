/* The module posix: the system's services, from which the module os is made. This file has what the others share: a
 * path may be text, bytes, a path object or a descriptor, and every error names the file as the script gave it. */
#include "stdlib/grants.h"
#include "stdlib/mod_posix.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

extern char **environ;

/* Errors ------------------------------------------------------------------------------------------------------------
 */

bool posix_go_on(VM *vm) { return !vm_interrupted(vm) || vm_safepoint(vm); }

Value posix_fail(VM *vm) { return error_pending(vm) ? VALUE_ERROR : raise_os_error(vm, errno, 0); }

Value posix_done(VM *vm, int result) { return result < 0 ? posix_fail(vm) : VALUE_NONE; }

Value posix_path_error(VM *vm, PathArg *p) {
    if (error_pending(vm))
        return VALUE_ERROR;
    return raise_os_error(vm, errno, is_none(p->object) ? 0 : p->object);
}

Value posix_path_done(VM *vm, PathArg *p, int result) {
    Value r = result < 0 ? posix_path_error(vm, p) : VALUE_NONE;
    posix_path_drop(vm, p);
    return r;
}

Value posix_fail_paths(VM *vm, Value from, Value to) {
    if (error_pending(vm))
        return VALUE_ERROR;
    int number = errno;
    Value text = str_from_c(vm, strerror(number));
    if (!text)
        return VALUE_ERROR;
    Value args[5] = {from_small_int(number), text, from, VALUE_NONE, to};
    Value exc = exception_new(vm, vm->exc.OSError, args, 5);
    decref(vm, text);
    if (exc)
        raise_object(vm, exc);
    decref(vm, exc);
    return VALUE_ERROR;
}

/* Paths -------------------------------------------------------------------------------------------------------------
 */

Value posix_decode(VM *vm, const char *text, size_t n) { return str_decode(vm, text, n, "utf-8", "surrogateescape"); }

Value posix_text_like(VM *vm, const PathArg *p, const char *text, size_t n) {
    return is_bytes(p->object) ? bytes_new(vm, text, n) : posix_decode(vm, text, n);
}

/* What __fspath__() gives, checked; 0 without an exception if there is no such method. */
static Value call_fspath(VM *vm, Value v) {
    Value r = call_special(vm, v, NAME(__fspath__), NULL, 0);
    if (r && !is_str(r) && !is_bytes(r)) {
        raise_type(vm, "expected %.200T.__fspath__() to return str or bytes, not %.200T", v, r);
        set_owned(vm, &r, 0);
    }
    return r;
}

Value posix_fspath(VM *vm, Value path) {
    if (is_str(path) || is_bytes(path))
        return incref(path);
    Value r = call_fspath(vm, path);
    if (!r && !error_pending(vm))
        raise_type(vm, "expected str, bytes or os.PathLike object, not %.200T", path);
    return r;
}

static Value encode(VM *vm, Value path) {
    return is_str(path) ? str_encode(vm, path, "utf-8", "surrogateescape") : incref(path);
}

Value posix_fs_bytes(VM *vm, Value path) {
    Value text = posix_fspath(vm, path), bytes = text ? encode(vm, text) : VALUE_ERROR;
    decref(vm, text);
    if (bytes && memchr(as_bytes(bytes)->data, 0, as_bytes(bytes)->len)) {
        decref(vm, bytes);
        return raise_value(vm, "embedded null byte");
    }
    return bytes;
}

static bool path_descriptor(VM *vm, Value v, int *out) {
    if (is_bool(v) && !warn(vm, vm->exc.RuntimeWarning, 1, "bool is used as a file descriptor"))
        return false;
    Value i = to_index(vm, v);
    if (!i)
        return false;
    int64_t n = 0;
    bool fits = int_fits_int64(i, &n) && n == (int)n;
    int sign = int_sign(i);
    decref(vm, i);
    if (!fits)
        return raise_overflow(vm, sign > 0 ? "fd is greater than maximum" : "fd is less than minimum");
    *out = (int)n;
    return true;
}

static bool wrong_path(VM *vm, const char *function, const char *argument, Value v, int flags) {
    static const char *const allowed[] = {"string, bytes or os.PathLike", "string, bytes, os.PathLike or integer",
                                          "string, bytes, os.PathLike or None",
                                          "string, bytes, os.PathLike, integer or None"};
    return raise_type(vm, "%s: %s should be %s, not %.200T", function, argument, allowed[flags & 3], v);
}

bool posix_path(VM *vm, const char *function, const char *argument, Value v, int flags, PathArg *out) {
    *out = (PathArg){.fd = -1, .object = VALUE_NONE};
    if ((v == 0 || is_none(v)) && (flags & PATH_NONE)) {
        out->is_none = true;
        out->name = ".";
        return true;
    }
    bool text = is_str(v) || is_bytes(v);
    if (!text && (flags & PATH_FD) && (is_int(v) || (is_obj(v) && obj_type(as_obj(v))->slots.index))) {
        if (!path_descriptor(vm, v, &out->fd))
            return false;
        out->object = incref(v);
        return true;
    }
    Value object = text ? incref(v) : call_fspath(vm, v);
    if (!object)
        return error_pending(vm) ? false : wrong_path(vm, function, argument, v, flags);
    /* ASCII text needs no other form: it ends with NUL already */
    out->bytes = is_str(object) && str_is_ascii(as_str(object)) ? incref(object) : encode(vm, object);
    if (!out->bytes) {
        decref(vm, object);
        return false;
    }
    bool plain = is_str(out->bytes);
    out->name = plain ? as_str(out->bytes)->data : as_bytes(out->bytes)->data;
    size_t n = plain ? as_str(out->bytes)->nbytes : as_bytes(out->bytes)->len;
    out->object = object;
    if (!memchr(out->name, 0, n))
        return true;
    posix_path_drop(vm, out);
    return raise_value(vm, "%s: embedded null character in %s", function, argument);
}

void posix_path_drop(VM *vm, PathArg *p) {
    decref(vm, p->object);
    decref(vm, p->bytes);
    p->object = p->bytes = 0;
}

bool posix_check_fd(VM *vm, const char *function, const PathArg *p, int dir_fd, bool follow) {
    if (p->name)
        return true;
    if (dir_fd != AT_FDCWD)
        return raise_value(vm, "%s: can't specify dir_fd without matching path", function);
    return follow || raise_value(vm, "%s: cannot use fd and follow_symlinks together", function);
}

/* Other arguments ---------------------------------------------------------------------------------------------------
 */

bool posix_dir_fd(VM *vm, Value v, int *out) {
    *out = AT_FDCWD;
    if (v == 0 || is_none(v))
        return true;
    if (!is_int(v) && !(is_obj(v) && obj_type(as_obj(v))->slots.index))
        return raise_type(vm, "argument should be integer or None, not %.200T", v);
    return path_descriptor(vm, v, out);
}

bool posix_flag(VM *vm, Value v, bool absent, bool *out) {
    int t = v ? truth(vm, v) : absent;
    *out = t > 0;
    return t >= 0;
}

bool posix_int(VM *vm, Value v, int absent, int *out) {
    *out = absent;
    return v == 0 || to_c_int(vm, v, out);
}

bool posix_signed(VM *vm, Value v, int *out) {
    Value i = to_index(vm, v);
    if (!i)
        return false;
    int64_t n = 0;
    bool fits = int_fits_int64(i, &n);
    decref(vm, i);
    if (!fits)
        return raise_overflow(vm, "Python int too large to convert to C long");
    if (n != (int)n)
        return raise_overflow(vm, n > 0 ? "signed integer is greater than maximum"
                                        : "signed integer is less than minimum");
    *out = (int)n;
    return true;
}

bool posix_descriptor(VM *vm, Value v, int *out) {
    Value number = 0;
    if (is_int(v)) {
        number = incref(v);
    } else {
        Value method;
        int found = attr_lookup(vm, v, NAME(fileno), &method);
        if (found == 0)
            raise_type(vm, "argument must be an int, or have a fileno() method.");
        number = found > 0 ? call0(vm, method) : VALUE_ERROR;
        if (found > 0)
            decref(vm, method);
        if (number && !is_int(number)) {
            raise_type(vm, "fileno() returned a non-integer");
            set_owned(vm, &number, 0);
        }
    }
    int64_t n = 0;
    bool ok = number && ((int_fits_int64(number, &n) && n == (int)n) ||
                         raise_overflow(vm, "Python int too large to convert to C int"));
    *out = (int)n;
    decref(vm, number);
    if (ok && *out < 0)
        return raise_value(vm, "file descriptor cannot be a negative integer (%d)", *out);
    return ok;
}

bool posix_owner(VM *vm, const char *what, Value v, uint32_t *out) {
    if (!is_int(v) && !(is_obj(v) && obj_type(as_obj(v))->slots.index))
        return raise_type(vm, "%s should be integer, not %.200T", what, v);
    Value i = to_index(vm, v);
    if (!i)
        return false;
    int64_t n = 0;
    int sign = int_sign(i);
    bool fits = int_fits_int64(i, &n) && n >= -1 && n <= UINT32_MAX;
    decref(vm, i);
    if (!fits)
        return raise_overflow(vm, "%s is %s", what, sign < 0 ? "less than minimum" : "greater than maximum");
    *out = (uint32_t)n;
    return true;
}

/* The environment ---------------------------------------------------------------------------------------------------
 */

static Value environment(VM *vm) {
    Value dict = dict_new(vm);
    for (char **e = vm->grants & GRANT_ENVIRONMENT ? environ : NULL; dict && e && *e; e++) {
        const char *equals = strchr(*e, '=');
        if (!equals)
            continue;
        Value name = bytes_new(vm, *e, (size_t)(equals - *e));
        Value value = name ? bytes_new(vm, equals + 1, strlen(equals + 1)) : VALUE_ERROR;
        if (!value || !dict_setdefault(vm, dict, name, value)) /* of two equal names the first counts */
            set_owned(vm, &dict, 0);
        decref(vm, name);
        decref(vm, value);
    }
    return dict;
}

static Value posix_putenv(NATIVE_ARGS) {
    Value name = posix_fs_bytes(vm, args[0]), value = name ? posix_fs_bytes(vm, args[1]) : VALUE_ERROR,
          r = VALUE_ERROR;
    if (value) {
        if (strchr(as_bytes(name)->data, '='))
            raise_value(vm, "illegal environment variable name");
        else
            r = posix_done(vm, setenv(as_bytes(name)->data, as_bytes(value)->data, 1));
    }
    decref(vm, name);
    decref(vm, value);
    return r;
}

static Value posix_unsetenv(NATIVE_ARGS) {
    Value name = posix_fs_bytes(vm, args[0]);
    Value r = name ? posix_done(vm, unsetenv(as_bytes(name)->data)) : VALUE_ERROR;
    decref(vm, name);
    return r;
}

static Value posix_fspath_function(NATIVE_ARGS) { return posix_fspath(vm, args[0]); }

static Value posix_fsencode(NATIVE_ARGS) {
    Value text = posix_fspath(vm, args[0]), r = text ? encode(vm, text) : VALUE_ERROR;
    decref(vm, text);
    return r;
}

static Value posix_fsdecode(NATIVE_ARGS) {
    Value text = posix_fspath(vm, args[0]);
    if (!text || is_str(text))
        return text;
    Value r = posix_decode(vm, as_bytes(text)->data, as_bytes(text)->len);
    decref(vm, text);
    return r;
}

static Value posix_strerror(NATIVE_ARGS) {
    int code;
    return to_c_int(vm, args[0], &code) ? str_from_c(vm, strerror(code)) : VALUE_ERROR;
}

/* Some attributes of a module that is imported at start-up are made when they are asked for: its dict _LAZY says
 * which names these are, its function _load makes one. This is the module's __getattr__, in C so that the traceback
 * of a misspelt name ends in the script. */
Value posix_lazy_attribute(VM *vm, const char *module_name, Value name) {
    Value module = dict_get_c(vm, vm->modules, module_name);
    if (!module || !has_kind(module, KIND_MODULE) || !is_str(name))
        return error_pending(vm) ? VALUE_ERROR : raise_type(vm, "attribute name must be string, not '%T'", name);
    Value lazy = dict_get_c(vm, module_dict(module), "_LAZY"), load = dict_get_c(vm, module_dict(module), "_load");
    if (lazy && load && is_dict(lazy) && dict_contains(vm, lazy, name) > 0)
        return call1(vm, load, name);
    if (error_pending(vm))
        return VALUE_ERROR;
    return raise_attribute(vm, module, name, "module '%s' has no attribute '%V'", module_name, name);
}

static Value posix_os_attribute(NATIVE_ARGS) { return posix_lazy_attribute(vm, "os", args[0]); }

static const MethodSpec shared_methods[] = {
    {"fspath", posix_fspath_function, "path",
     "The path as str or bytes: the object itself, or what its __fspath__() gives.", 0},
    {"fsencode", posix_fsencode, "filename", "The name of a file as bytes.", 0},
    {"fsdecode", posix_fsdecode, "filename", "The name of a file as str.", 0},
    {"_os_attribute", posix_os_attribute, "name, /", "An attribute of the module os that is made on demand.", 0},
    {"putenv", posix_putenv, "name, value, /", "Sets a variable of the process' environment.", 0},
    {"unsetenv", posix_unsetenv, "name, /", "Removes a variable from the process' environment.", 0},
    {"strerror", posix_strerror, "code, /", "The text for an error number.", 0},
    {0},
};

bool posix_add_type(VM *vm, Value module, const char *name, Type *type) {
    return type && module_add(vm, module, name, incref(type_value(type)));
}

bool mod_posix_init(VM *vm, Value module) {
    return module_add_functions(vm, module, shared_methods) && module_add_functions(vm, module, posix_file_methods) &&
           module_add_functions(vm, module, posix_fd_methods) &&
           module_add_functions(vm, module, posix_stat_methods) &&
           module_add_functions(vm, module, posix_process_methods) &&
           module_add_functions(vm, module, posix_info_methods) &&
           module_add_functions(vm, module, posix_config_methods) &&
           module_add(vm, module, "environ", environment(vm)) &&
           module_add(vm, module, "error", incref(type_value(vm->exc.OSError))) && posix_add_constants(vm, module) &&
           posix_add_stat_types(vm, module) && posix_add_process_types(vm, module) &&
           posix_add_info_types(vm, module);
}
