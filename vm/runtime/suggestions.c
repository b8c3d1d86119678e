/* "Did you mean ...?": the nearest of some names to one that was not found.
 *
 * Nearness is an edit distance in which changing, adding or removing a character costs 2 and changing its case 1. A
 * name is suggested when no more than about a third of the characters involved have to change. Long lists are left
 * alone: the report of an error must not take noticeable time.
 */
#include "runtime/suggestions.h"

#include "interp/frame.h"
#include "interp/traceback.h"
#include "runtime/vm.h"

enum { CHANGE_COST = 2, CASE_COST = 1, LONGEST = 40, MOST_CANDIDATES = 750 };

static unsigned char lower(unsigned char c) { return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c; }

static size_t change_cost(unsigned char a, unsigned char b) {
    if (a == b)
        return 0;
    return lower(a) == lower(b) ? CASE_COST : CHANGE_COST;
}

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/* The edit distance of two texts; anything above `limit` when it is more than that. */
static size_t edit_distance(const char *a, size_t na, const char *b, size_t nb, size_t limit) {
    while (na && nb && *a == *b)
        a++, b++, na--, nb--;
    while (na && nb && a[na - 1] == b[nb - 1])
        na--, nb--;
    if (na == 0 || nb == 0)
        return (na + nb) * CHANGE_COST;
    if (na > LONGEST || nb > LONGEST)
        return limit + 1;
    size_t row[LONGEST + 1]; /* costs of turning the first i characters of a into the part of b seen so far */
    for (size_t i = 0; i <= na; i++)
        row[i] = i * CHANGE_COST;
    for (size_t j = 0; j < nb; j++) {
        size_t diagonal = row[0], best;
        row[0] = best = (j + 1) * CHANGE_COST;
        for (size_t i = 0; i < na; i++) {
            size_t replace = diagonal + change_cost((unsigned char)a[i], (unsigned char)b[j]);
            diagonal = row[i + 1];
            row[i + 1] = smaller(replace, smaller(row[i], diagonal) + CHANGE_COST);
            best = smaller(best, row[i + 1]);
        }
        if (best > limit)
            return limit + 1;
    }
    return row[na];
}

Value suggestion_find(Value list, Value name) {
    size_t n = as_list(list)->len, best_distance = SIZE_MAX;
    Value best = 0;
    if (n >= MOST_CANDIDATES)
        return 0;
    Str *wanted = as_str(name);
    for (size_t i = 0; i < n; i++) {
        Value item = as_list(list)->items[i];
        if (!is_str(item) || str_equal(as_str(item), wanted))
            continue;
        Str *candidate = as_str(item);
        size_t limit = (wanted->nbytes + candidate->nbytes + 3) * CHANGE_COST / 6;
        limit = smaller(limit, best_distance - 1);
        size_t distance = edit_distance(wanted->data, wanted->nbytes, candidate->data, candidate->nbytes, limit);
        if (distance <= limit && (!best || distance < best_distance)) {
            best = item;
            best_distance = distance;
        }
    }
    return best;
}

bool suggestion_unknown_keyword(VM *vm, const char *function, Value name, const char *const *known) {
    Value list = list_new(vm, 0);
    for (size_t i = 0; list && known[i]; i++) {
        Value item = str_intern_c(vm, known[i]);
        if (!item || !list_append_steal(vm, list, item))
            set_owned(vm, &list, 0);
    }
    Value near = list ? suggestion_find(list, name) : 0;
    if (near)
        raise_type(vm, "%s() got an unexpected keyword argument '%V'. Did you mean '%V'?", function, name, near);
    else if (list)
        raise_type(vm, "%s() got an unexpected keyword argument '%V'", function, name);
    decref(vm, list);
    return false;
}

/* ---- where the candidates come from ---- */

static Value innermost_frame(Value exc) {
    Value tb = as_exception(exc)->traceback;
    if (!tb)
        return 0;
    while (((Traceback *)as_obj(tb))->next)
        tb = ((Traceback *)as_obj(tb))->next;
    return ((Traceback *)as_obj(tb))->frame;
}

/* The value of a local variable of the innermost frame: owned, 0 without an exception when there is none. */
static Value innermost_local(VM *vm, Value exc, Value name) {
    Value frame = innermost_frame(exc);
    Value locals = frame ? frame_locals_mapping(vm, (FrameObject *)as_obj(frame)) : 0;
    Value found = 0;
    if (locals && contains(vm, locals, name) == 1)
        found = item_get(vm, locals, name);
    decref(vm, locals);
    error_clear(vm);
    return found;
}

/* Drops what is no string and, if asked, what starts with an underscore; consumes the list. */
static Value list_filter(VM *vm, Value list, bool hide_private) {
    Value kept = list_new(vm, 0);
    for (size_t i = 0; kept && i < as_list(list)->len; i++) {
        Value item = as_list(list)->items[i];
        if (is_str(item) && !(hide_private && str_data(item)[0] == '_') && !list_append(vm, kept, item))
            set_owned(vm, &kept, 0);
    }
    decref(vm, list);
    return kept;
}

/* dir(obj), sorted. */
static Value dir_list(VM *vm, Value obj) {
    Value names = call_special(vm, obj, NAME(__dir__), NULL, 0);
    Value list = names ? list_from_iterable(vm, names) : 0;
    decref(vm, names);
    if (list && !list_sort(vm, list, 0, false)) {
        decref(vm, list);
        return 0;
    }
    return list;
}

static Value attribute_candidates(VM *vm, Value exc, Value name) {
    Value obj = exception_field(exc, ATTRIBUTEERROR_OBJ);
    if (!obj)
        obj = VALUE_NONE;
    Value list = dir_list(vm, obj);
    if (!list)
        return 0;
    bool hide = str_data(name)[0] != '_';
    if (hide) { /* a method may well mean a private attribute of its own object */
        Value self = innermost_local(vm, exc, NAME(self));
        if (self && value_identical(self, obj))
            hide = false;
        decref(vm, self);
    }
    return list_filter(vm, list, hide);
}

/* The names of the top-level package count, since that is what importing a dotted name gives. */
static Value import_candidates(VM *vm, Value exc, Value name) {
    Value module_name = exception_field(exc, IMPORTERROR_NAME);
    if (!module_name || !is_str(module_name))
        return 0;
    Value top = str_new(vm, str_data(module_name), strcspn(str_data(module_name), "."));
    Value module = top ? dict_get(vm, vm->modules, top) : 0;
    decref(vm, top);
    Value list = module ? dir_list(vm, module) : 0;
    return list ? list_filter(vm, list, str_data(name)[0] != '_') : 0;
}

static Value name_candidates(VM *vm, Value exc) {
    Value frame = innermost_frame(exc);
    if (!frame)
        return 0;
    FrameObject *f = (FrameObject *)as_obj(frame);
    Value locals = frame_locals_mapping(vm, f), list = locals ? list_from_iterable(vm, locals) : 0;
    decref(vm, locals);
    if (list && (!list_extend(vm, list, f->func->globals) || !list_extend(vm, list, f->func->builtins))) {
        decref(vm, list);
        return 0;
    }
    return list ? list_filter(vm, list, false) : 0;
}

/* "self.x" when the method's object has the name as attribute; owned, else 0. */
static Value self_attribute(VM *vm, Value exc, Value name) {
    Value self = innermost_local(vm, exc, NAME(self));
    int has = self ? attr_has(vm, self, name) : 0;
    decref(vm, self);
    error_clear(vm);
    return has == 1 ? str_printf(vm, "self.%V", name) : 0;
}

/* The suggestion for exc: owned str, 0 if there is none; no exception is left pending. */
static Value suggestion_for(VM *vm, Value exc, Value name) {
    Value list = 0, result = 0;
    if (exception_is(vm, exc, vm->exc.AttributeError)) {
        list = attribute_candidates(vm, exc, name);
    } else if (exception_is(vm, exc, vm->exc.ImportError)) {
        list = import_candidates(vm, exc, name);
    } else {
        list = name_candidates(vm, exc);
        error_clear(vm);
        result = list ? self_attribute(vm, exc, name) : 0;
    }
    error_clear(vm);
    if (list && !result)
        result = incref(suggestion_find(list, name));
    decref(vm, list);
    return result;
}

bool suggestion_is_library_module(const char *name) {
    for (const char *const *known = library_module_names; *known; known++) {
        if (strcmp(*known, name) == 0)
            return true;
    }
    return false;
}

static Value missing_name(VM *vm, Value exc) {
    if (exception_is(vm, exc, vm->exc.ImportError))
        return exception_field(exc, IMPORTERROR_NAME_FROM);
    if (exception_is(vm, exc, vm->exc.NameError))
        return exception_field(exc, NAMEERROR_NAME);
    if (exception_is(vm, exc, vm->exc.AttributeError))
        return exception_field(exc, ATTRIBUTEERROR_NAME);
    return 0;
}

Value suggestion_text(VM *vm, Value exc) {
    Value name = missing_name(vm, exc);
    if (!name || !is_str(name))
        return incref(vm->empty_str);
    incref(name);
    Value found = suggestion_for(vm, exc, name), text;
    bool module = exception_is(vm, exc, vm->exc.NameError) && suggestion_is_library_module(str_data(name));
    if (found && module)
        text = str_printf(vm, ". Did you mean: '%V'? Or did you forget to import '%V'?", found, name);
    else if (found)
        text = str_printf(vm, ". Did you mean: '%V'?", found);
    else if (module)
        text = str_printf(vm, ". Did you forget to import '%V'?", name);
    else
        text = incref(vm->empty_str);
    decref(vm, found);
    decref(vm, name);
    return text;
}

/* The top-level modules of the language's standard library, as sys.stdlib_module_names lists them; an import is worth
 * suggesting even where this library lacks the module. */
const char *const library_module_names[] = {
    "__future__",
    "_abc",
    "_aix_support",
    "_android_support",
    "_ast",
    "_asyncio",
    "_bisect",
    "_blake2",
    "_bz2",
    "_codecs",
    "_codecs_cn",
    "_codecs_hk",
    "_codecs_iso2022",
    "_codecs_jp",
    "_codecs_kr",
    "_codecs_tw",
    "_collections",
    "_collections_abc",
    "_colorize",
    "_compat_pickle",
    "_compression",
    "_contextvars",
    "_csv",
    "_ctypes",
    "_curses",
    "_curses_panel",
    "_datetime",
    "_dbm",
    "_decimal",
    "_elementtree",
    "_frozen_importlib",
    "_frozen_importlib_external",
    "_functools",
    "_gdbm",
    "_hashlib",
    "_heapq",
    "_imp",
    "_interpchannels",
    "_interpqueues",
    "_interpreters",
    "_io",
    "_ios_support",
    "_json",
    "_locale",
    "_lsprof",
    "_lzma",
    "_markupbase",
    "_md5",
    "_multibytecodec",
    "_multiprocessing",
    "_opcode",
    "_opcode_metadata",
    "_operator",
    "_osx_support",
    "_overlapped",
    "_pickle",
    "_posixshmem",
    "_posixsubprocess",
    "_py_abc",
    "_pydatetime",
    "_pydecimal",
    "_pyio",
    "_pylong",
    "_pyrepl",
    "_queue",
    "_random",
    "_scproxy",
    "_sha1",
    "_sha2",
    "_sha3",
    "_signal",
    "_sitebuiltins",
    "_socket",
    "_sqlite3",
    "_sre",
    "_ssl",
    "_stat",
    "_statistics",
    "_string",
    "_strptime",
    "_struct",
    "_suggestions",
    "_symtable",
    "_sysconfig",
    "_thread",
    "_threading_local",
    "_tkinter",
    "_tokenize",
    "_tracemalloc",
    "_typing",
    "_uuid",
    "_warnings",
    "_weakref",
    "_weakrefset",
    "_winapi",
    "_wmi",
    "_zoneinfo",
    "abc",
    "antigravity",
    "argparse",
    "array",
    "ast",
    "asyncio",
    "atexit",
    "base64",
    "bdb",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "cProfile",
    "calendar",
    "cmath",
    "cmd",
    "code",
    "codecs",
    "codeop",
    "collections",
    "colorsys",
    "compileall",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "csv",
    "ctypes",
    "curses",
    "dataclasses",
    "datetime",
    "dbm",
    "decimal",
    "difflib",
    "dis",
    "doctest",
    "email",
    "encodings",
    "ensurepip",
    "enum",
    "errno",
    "faulthandler",
    "fcntl",
    "filecmp",
    "fileinput",
    "fnmatch",
    "fractions",
    "ftplib",
    "functools",
    "gc",
    "genericpath",
    "getopt",
    "getpass",
    "gettext",
    "glob",
    "graphlib",
    "grp",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "idlelib",
    "imaplib",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "mailbox",
    "marshal",
    "math",
    "mimetypes",
    "mmap",
    "modulefinder",
    "msvcrt",
    "multiprocessing",
    "netrc",
    "nt",
    "ntpath",
    "nturl2path",
    "numbers",
    "opcode",
    "operator",
    "optparse",
    "os",
    "pathlib",
    "pdb",
    "pickle",
    "pickletools",
    "pkgutil",
    "platform",
    "plistlib",
    "poplib",
    "posix",
    "posixpath",
    "pprint",
    "profile",
    "pstats",
    "pty",
    "pwd",
    "py_compile",
    "pyclbr",
    "pydoc",
    "pydoc_data",
    "pyexpat",
    "queue",
    "quopri",
    "random",
    "re",
    "readline",
    "reprlib",
    "resource",
    "rlcompleter",
    "runpy",
    "sched",
    "secrets",
    "select",
    "selectors",
    "shelve",
    "shlex",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "sre_compile",
    "sre_constants",
    "sre_parse",
    "ssl",
    "stat",
    "statistics",
    "string",
    "stringprep",
    "struct",
    "subprocess",
    "symtable",
    "sys",
    "sysconfig",
    "syslog",
    "tabnanny",
    "tarfile",
    "tempfile",
    "termios",
    "textwrap",
    "this",
    "threading",
    "time",
    "timeit",
    "tkinter",
    "token",
    "tokenize",
    "tomllib",
    "trace",
    "traceback",
    "tracemalloc",
    "tty",
    "turtle",
    "turtledemo",
    "types",
    "typing",
    "unicodedata",
    "unittest",
    "urllib",
    "uuid",
    "venv",
    "warnings",
    "wave",
    "weakref",
    "webbrowser",
    "winreg",
    "winsound",
    "wsgiref",
    "xml",
    "xmlrpc",
    "zipapp",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo",
    NULL,
};
