/* Finding and executing modules: the part of the import system that knows where modules come from.
 *
 * A directory is asked for a package first (a directory with an __init__ file), then for a file, then counts as part
 * of a namespace package if it has a directory of that name at all; of two suffixes .co goes before .py. Nothing is
 * cached: a module is looked for once in a program's life, and a file made a moment ago must be found.
 *
 * Most frozen modules stand, as it were, at the end of sys.path: a file of the same name beside the script goes
 * before them, as it does where the library is made of files. Only the few that the interpreter itself relies on come
 * first.
 */
#include "stdlib/grants.h"
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

#include "code/image.h"
#include "interp/frame.h"
#include "object/bytes.h"
#include "stdlib/import/frozen.h"
#include "stdlib/import/inflate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- files ---- */

/* The name as the system wants it: lone surrogates stand for bytes that are no UTF-8. Owned bytes. */
static Value path_bytes(VM *vm, Value path) {
    if (strlen(str_data(path)) != as_str(path)->nbytes)
        return raise_value(vm, "embedded null byte");
    if (str_is_ascii(as_str(path)))
        return bytes_new(vm, str_data(path), as_str(path)->nbytes);
    return str_encode(vm, path, "utf-8", "surrogateescape");
}

/* Reads the descriptor to its end into a growing buffer. */
static Value read_all(VM *vm, int fd, size_t expected, Value path) {
    size_t room = expected + 1, n = 0;
    char *data = mem_alloc(vm, room);
    while (data) {
        ssize_t got = read(fd, data + n, room - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            mem_free(vm, data, room);
            return raise_os_error(vm, errno, path);
        }
        if (got == 0)
            break;
        n += (size_t)got;
        if (n == room) {
            char *larger = mem_realloc(vm, data, room, room * 2);
            if (!larger) {
                mem_free(vm, data, room);
                return VALUE_ERROR;
            }
            data = larger;
            room *= 2;
        }
    }
    if (!data)
        return VALUE_ERROR;
    Value bytes = bytes_new(vm, data, n);
    mem_free(vm, data, room);
    return bytes;
}

Value file_read_bytes(VM *vm, Value path) {
    if (!grant_check(vm, GRANT_FILES))
        return VALUE_ERROR;
    Value name = path_bytes(vm, path);
    if (!name)
        return VALUE_ERROR;
    int fd = open(as_bytes(name)->data, O_RDONLY | O_CLOEXEC);
    decref(vm, name);
    struct stat info;
    if (fd < 0)
        return raise_os_error(vm, errno, path);
    if (fstat(fd, &info) < 0 || S_ISDIR(info.st_mode)) {
        int failure = S_ISDIR(info.st_mode) ? EISDIR : errno;
        close(fd);
        return raise_os_error(vm, failure, path);
    }
    Value bytes = read_all(vm, fd, S_ISREG(info.st_mode) && info.st_size > 0 ? (size_t)info.st_size : 4095, path);
    close(fd);
    return bytes;
}

Value code_from_file(VM *vm, Value path) {
    Value data = file_read_bytes(vm, path);
    Value code = data ? vm->compile(vm, data, path, "exec", 0, -1) : VALUE_ERROR;
    decref(vm, data);
    return code;
}

/* ---- executing ---- */

static bool run_in_module(VM *vm, Value module, Value code) {
    Value dict = attr_dict(vm, module);
    if (!dict)
        return error_pending(vm) ? false : raise_type(vm, "'%T' object has no __dict__", module);
    bool ok = dict_get_str(vm, dict, NAME(__builtins__)) || dict_set_str(vm, dict, NAME(__builtins__), vm->builtins);
    Value result = ok ? code_run(vm, code, dict, dict) : VALUE_ERROR;
    decref(vm, dict);
    decref(vm, result);
    return result != 0;
}

bool module_execute_source(VM *vm, Value module, Value path) {
    Value code = code_from_file(vm, path);
    bool ok = code && run_in_module(vm, module, code);
    decref(vm, code);
    return ok;
}

Value code_from_frozen(VM *vm, Value name) {
    const FrozenModule *m = frozen_find(str_data(name));
    if (!m)
        return raise_import(vm, vm->exc.ImportError, name, 0, "No such frozen object named %V", name);
    const uint8_t *image = (const uint8_t *)m->image;
    if (m->full == 0)
        return image_load_builtin(vm, image, m->size);
    uint8_t *full = mem_alloc(vm, m->full);
    if (!full)
        return VALUE_ERROR;
    if (inflate_into(full, m->full, image, m->size, (const uint8_t *)frozen_dictionary, frozen_dictionary_size))
        return image_load_unpacked(vm, full, m->full);
    mem_free(vm, full, m->full);
    return raise_system(vm, "the image of the library module %V is damaged", name);
}

bool module_execute_frozen(VM *vm, Value module, Value name) {
    Value code = code_from_frozen(vm, name);
    bool ok = code && run_in_module(vm, module, code);
    decref(vm, code);
    return ok;
}

bool module_execute_builtin(VM *vm, Value module, Value name) {
    const NativeModule *m = native_module_find(str_data(name));
    if (!m)
        return raise_import(vm, vm->exc.ImportError, name, 0, "%R is not a built-in module", name);
    if (!has_kind(module, KIND_MODULE))
        return raise_type(vm, "'%T' object is not a module", module);
    if (!m->init(vm, module) || !module_set_doc(vm, module, name))
        return false;
    grants_apply(vm, module, m->name);
    return true;
}

bool mod_sys_init(VM *vm, Value module) {
    return module_complete(vm, vm->sys_module) && dict_update(vm, module_dict(module), vm->sys_dict);
}

bool mod_builtins_init(VM *vm, Value module) { return dict_update(vm, module_dict(module), vm->builtins); }

/* ---- finding ---- */

static Value spec_of_kind(VM *vm, Value name, Type *importer, const char *origin, Value locations) {
    Value text = str_intern_c(vm, origin);
    Value spec = text && importer ? spec_new(vm, name, type_value(importer), text, locations) : VALUE_ERROR;
    decref(vm, text);
    return spec;
}

Value find_builtin(VM *vm, Value name) {
    if (!native_module_find(str_data(name)))
        return VALUE_NONE;
    return spec_of_kind(vm, name, builtin_importer_type(vm), "built-in", 0);
}

static Value find_frozen(VM *vm, Value name) {
    const FrozenModule *m = frozen_find(str_data(name));
    if (!m)
        return VALUE_NONE;
    Value locations = m->is_package ? list_new(vm, 0) : 0;
    if (m->is_package && !locations)
        return VALUE_ERROR;
    Value spec = spec_of_kind(vm, name, frozen_importer_type(vm), "frozen", locations);
    decref(vm, locations);
    return spec;
}

Value find_frozen_core(VM *vm, Value name) {
    static const char *const core[] = {
        "abc", "codecs", "importlib", "importlib.machinery", "importlib.util", "io",
        "os",  "site",   "stat",      "genericpath",         "posixpath",      "_help"};
    for (size_t i = 0; i < ARRAY_LEN(core); i++) {
        if (str_equals_c(name, core[i]))
            return find_frozen(vm, name);
    }
    return VALUE_NONE;
}

static const char *const module_suffixes[] = {".co", ".py"};

/* A path being put together. Longer ones than the system's limit cannot name a file. */
typedef struct PathText {
    char text[4096];
    size_t n;
    bool too_long;
} PathText;

static void path_add(PathText *p, const char *text, size_t n) {
    if (p->too_long || n >= sizeof p->text - p->n) {
        p->too_long = true;
        return;
    }
    memcpy(p->text + p->n, text, n);
    p->n += n;
    p->text[p->n] = '\0';
}

static void path_cut(PathText *p, size_t n) {
    p->n = n;
    p->text[n] = '\0';
    p->too_long = false;
}

/* The absolute form of a sys.path entry; false if there is none (the current directory is gone). */
static bool path_start(PathText *p, const char *entry, size_t n) {
    p->n = 0;
    p->text[0] = '\0';
    p->too_long = false;
    if (n == 0 || entry[0] != '/') {
        if (!getcwd(p->text, sizeof p->text))
            return false;
        p->n = strlen(p->text);
        if (n == 0 || (n == 1 && entry[0] == '.'))
            return true;
        path_add(p, "/", 1);
    }
    path_add(p, entry, n);
    while (p->n > 1 && p->text[p->n - 1] == '/')
        path_cut(p, p->n - 1);
    return !p->too_long;
}

static bool is_regular(const PathText *p) {
    struct stat info;
    return !p->too_long && stat(p->text, &info) == 0 && S_ISREG(info.st_mode);
}

static bool is_directory(const PathText *p) {
    struct stat info;
    return !p->too_long && stat(p->text, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Tries base + suffix for each suffix; on success p names the file. */
static bool find_file(PathText *p) {
    size_t base = p->n;
    for (size_t i = 0; i < ARRAY_LEN(module_suffixes); i++) {
        path_add(p, module_suffixes[i], strlen(module_suffixes[i]));
        if (is_regular(p))
            return true;
        path_cut(p, base);
    }
    return false;
}

static Value path_value(VM *vm, const PathText *p) {
    return str_decode(vm, p->text, p->n, "utf-8", "surrogateescape");
}

static Value source_spec(VM *vm, Value name, const PathText *file, const PathText *package_dir) {
    Value path = path_value(vm, file), locations = 0, spec = VALUE_ERROR;
    bool ok = path != 0;
    if (ok && package_dir) {
        Value dir = path_value(vm, package_dir);
        locations = dir ? list_from_array(vm, &dir, 1) : VALUE_ERROR;
        decref(vm, dir);
        ok = locations != 0;
    }
    Value loader = ok ? source_loader_new(vm, name, path) : VALUE_ERROR;
    if (loader)
        spec = spec_new(vm, name, loader, path, locations);
    if (spec)
        ((ModuleSpec *)as_obj(spec))->has_location = true;
    decref(vm, loader);
    decref(vm, locations);
    decref(vm, path);
    return spec;
}

/* Looks into one directory: a spec, VALUE_NONE, or an error; a bare directory of that name is added to portions. */
static Value find_in_directory(VM *vm, Value name, const char *tail, size_t ntail, const char *entry, size_t nentry,
                               Value portions) {
    PathText path;
    if (!path_start(&path, entry, nentry))
        return VALUE_NONE;
    path_add(&path, "/", path.n > 1);
    path_add(&path, tail, ntail);
    size_t base = path.n;
    bool directory = is_directory(&path);
    if (directory) {
        PathText dir = path;
        path_add(&path, "/__init__", 9);
        if (find_file(&path))
            return source_spec(vm, name, &path, &dir);
        path_cut(&path, base);
    }
    if (find_file(&path))
        return source_spec(vm, name, &path, NULL);
    if (!directory)
        return VALUE_NONE;
    Value portion = path_value(vm, &path);
    return portion && list_append_steal(vm, portions, portion) ? VALUE_NONE : VALUE_ERROR;
}

static Value namespace_spec(VM *vm, Value name, Value portions) {
    Type *type = namespace_loader_type(vm);
    Object *loader = type ? object_alloc(vm, type, 0) : NULL;
    if (!loader)
        return VALUE_ERROR;
    Value spec = spec_new(vm, name, from_obj(loader), 0, portions);
    obj_decref(vm, loader);
    return spec;
}

static Value find_file_spec(VM *vm, Value name, Value path) {
    if (!(vm->grants & GRANT_FILES))
        return VALUE_NONE;
    if (is_none(path)) {
        path = dict_get_str(vm, vm->sys_dict, NAME(path));
        if (!path || is_none(path))
            return VALUE_NONE;
    }
    const char *dot = strrchr(str_data(name), '.'), *tail = dot ? dot + 1 : str_data(name);
    size_t ntail = as_str(name)->nbytes - (size_t)(tail - str_data(name));
    if (ntail == 0 || memchr(tail, '/', ntail) || memchr(tail, 0, ntail))
        return VALUE_NONE;
    Value entries = list_from_iterable(vm, path), portions = entries ? list_new(vm, 0) : VALUE_ERROR;
    Value spec = portions ? VALUE_NONE : VALUE_ERROR;
    for (size_t i = 0; spec == VALUE_NONE && i < as_list(entries)->len; i++) {
        Value entry = as_list(entries)->items[i];
        if (!is_str(entry) || memchr(str_data(entry), 0, as_str(entry)->nbytes))
            continue;
        Value bytes = path_bytes(vm, entry);
        spec = bytes ? find_in_directory(vm, name, tail, ntail, as_bytes(bytes)->data, as_bytes(bytes)->len, portions)
                     : VALUE_ERROR;
        decref(vm, bytes);
    }
    if (spec == VALUE_NONE && as_list(portions)->len > 0)
        spec = namespace_spec(vm, name, portions);
    decref(vm, portions);
    decref(vm, entries);
    return spec;
}

/* The package of a frozen submodule has an empty __path__. */
static bool may_be_frozen(Value path) { return is_none(path) || (is_list(path) && as_list(path)->len == 0); }

Value find_in_path(VM *vm, Value name, Value path) {
    Value spec = find_file_spec(vm, name, path);
    return spec == VALUE_NONE && may_be_frozen(path) ? find_frozen(vm, name) : spec;
}
