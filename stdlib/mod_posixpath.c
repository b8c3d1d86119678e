/* _posixpath: the functions of os.path that scripts call most, in C. They work on the bytes of the text: '/' and '.'
 * are never part of another character, so that str and bytes are cut alike. */
#include "stdlib/mod_posix.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A path as str or bytes. */
typedef struct Text {
    Value owner; /* owned */
    const char *data;
    size_t n;
    bool bytes;
} Text;

static bool text_get(VM *vm, Value path, Text *out) {
    Value owner = posix_fspath(vm, path);
    if (!owner)
        return false;
    bool bytes = is_bytes(owner);
    *out = (Text){owner, bytes ? as_bytes(owner)->data : as_str(owner)->data,
                  bytes ? as_bytes(owner)->len : as_str(owner)->nbytes, bytes};
    return true;
}

static Value text_new(VM *vm, const Text *like, const char *data, size_t n) {
    return like->bytes ? bytes_new(vm, data, n) : str_new(vm, data, n);
}

/* The part [from, to); the whole of a plain str or bytes is the object itself. */
static Value text_part(VM *vm, const Text *t, size_t from, size_t to) {
    if (from == 0 && to == t->n && !(as_obj(t->owner)->flags & OBJ_SUBTYPE))
        return incref(t->owner);
    return text_new(vm, t, t->data + from, to - from);
}

static Value pair(VM *vm, Value a, Value b) {
    Value r = a && b ? tuple_pack(vm, 2, a, b) : VALUE_ERROR;
    decref(vm, a);
    decref(vm, b);
    return r;
}

/* Where the last component begins. */
static size_t tail_start(const Text *t) {
    size_t i = t->n;
    while (i > 0 && t->data[i - 1] != '/')
        i--;
    return i;
}

/* The length of the part before it, without trailing slashes unless there is nothing else. */
static size_t head_end(const Text *t, size_t tail) {
    size_t n = tail;
    while (n > 0 && t->data[n - 1] == '/')
        n--;
    return n > 0 ? n : tail;
}

static Value path_split(NATIVE_ARGS) {
    Text t;
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    size_t tail = tail_start(&t);
    Value r = pair(vm, text_part(vm, &t, 0, head_end(&t, tail)), text_part(vm, &t, tail, t.n));
    decref(vm, t.owner);
    return r;
}

static Value path_basename(NATIVE_ARGS) {
    Text t;
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    Value r = text_part(vm, &t, tail_start(&t), t.n);
    decref(vm, t.owner);
    return r;
}

static Value path_dirname(NATIVE_ARGS) {
    Text t;
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    Value r = text_part(vm, &t, 0, head_end(&t, tail_start(&t)));
    decref(vm, t.owner);
    return r;
}

static Value path_splitext(NATIVE_ARGS) {
    Text t;
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    size_t start = tail_start(&t), dot = t.n;
    while (start < t.n && t.data[start] == '.') /* leading dots do not begin an extension */
        start++;
    for (size_t i = t.n; i > start; i--) {
        if (t.data[i - 1] == '.') {
            dot = i - 1;
            break;
        }
    }
    Value r = pair(vm, text_part(vm, &t, 0, dot), text_part(vm, &t, dot, t.n));
    decref(vm, t.owner);
    return r;
}

static Value path_splitdrive(NATIVE_ARGS) {
    Text t;
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    Value r = pair(vm, text_new(vm, &t, "", 0), incref(t.owner));
    decref(vm, t.owner);
    return r;
}

/* Two slashes at the start are a root of their own, three are as good as one. */
static size_t root_length(const char *data, size_t n) {
    if (n == 0 || data[0] != '/')
        return 0;
    return n >= 2 && data[1] == '/' && (n == 2 || data[2] != '/') ? 2 : 1;
}

static Value path_splitroot(NATIVE_ARGS) {
    Text t;
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    size_t root = root_length(t.data, t.n);
    Value items[3] = {text_new(vm, &t, "", 0), text_part(vm, &t, 0, root), text_part(vm, &t, root, t.n)};
    Value r = items[0] && items[1] && items[2] ? tuple_pack(vm, 3, items[0], items[1], items[2]) : VALUE_ERROR;
    for (size_t i = 0; i < 3; i++)
        decref(vm, items[i]);
    decref(vm, t.owner);
    return r;
}

static Value path_isabs(NATIVE_ARGS) {
    Text t;
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    Value r = from_bool(t.n > 0 && t.data[0] == '/');
    decref(vm, t.owner);
    return r;
}

static Value path_normcase(NATIVE_ARGS) { return posix_fspath(vm, args[0]); }

/* join --------------------------------------------------------------------------------------------------------------
 */

/* Says which of the arguments made joining impossible; the exception that told so first is dropped. */
static Value join_error(VM *vm, Value *args, size_t nargs) {
    error_clear(vm);
    for (size_t i = 0; i < nargs; i++) {
        if (!is_str(args[i]) && !is_bytes(args[i]))
            return raise_type(vm, "join() argument must be str, bytes, or os.PathLike object, not '%T'", args[i]);
    }
    return raise_type(vm, "Can't mix strings and bytes in path components");
}

typedef struct Joined {
    char small[512];
    char *data;
    size_t n, cap;
} Joined;

static bool joined_add(VM *vm, Joined *j, const char *data, size_t n) {
    if (n > j->cap - j->n) {
        size_t cap = (j->n + n) * 2;
        char *more = mem_alloc(vm, cap);
        if (!more)
            return false;
        memcpy(more, j->data, j->n);
        if (j->data != j->small)
            mem_free(vm, j->data, j->cap);
        j->data = more;
        j->cap = cap;
    }
    memcpy(j->data + j->n, data, n);
    j->n += n;
    return true;
}

static Value path_join(NATIVE_ARGS) {
    Value first;
    size_t bind = nargs < 1 ? nargs : 1;
    if (nargs == 0 || (kwnames && as_tuple(kwnames)->len != 0)) {
        if (!native_bind(vm, "join", "a", args, bind, kwnames, &first, 1))
            return VALUE_ERROR;
        args = &first; /* the first one by name */
        nargs = 1;
    }
    Text t, part;
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    Joined j;
    j.data = j.small;
    j.n = 0;
    j.cap = sizeof j.small;
    bool ok = joined_add(vm, &j, t.data, t.n), mixed = false;
    for (size_t i = 1; ok && i < nargs; i++) {
        if (!text_get(vm, args[i], &part)) {
            mixed = error_matches(vm, vm->exc.TypeError) || error_matches(vm, vm->exc.AttributeError);
            ok = false;
            break;
        }
        mixed = part.bytes != t.bytes;
        ok = !mixed;
        if (ok && part.n > 0 && part.data[0] == '/')
            j.n = 0;
        if (ok && j.n > 0 && j.data[j.n - 1] != '/')
            ok = joined_add(vm, &j, "/", 1);
        ok = ok && joined_add(vm, &j, part.data, part.n);
        decref(vm, part.owner);
    }
    Value r = VALUE_ERROR;
    if (ok)
        r = nargs == 1 ? incref(t.owner) : text_new(vm, &t, j.data, j.n);
    else if (mixed)
        join_error(vm, args, nargs);
    if (j.data != j.small)
        mem_free(vm, j.data, j.cap);
    decref(vm, t.owner);
    return r;
}

/* normpath ----------------------------------------------------------------------------------------------------------
 */

/* Writes the path without '.', empty components and those that '..' takes back; returns the length. The result is
 * never longer than the path, or one character for an empty one. */
static size_t normalize(const char *path, size_t n, char *out) {
    size_t root = root_length(path, n), length = root, floor = root;
    memcpy(out, path, root);
    for (size_t i = root; i < n;) {
        size_t end = i;
        while (end < n && path[end] != '/')
            end++;
        size_t m = end - i;
        bool up = m == 2 && path[i] == '.' && path[i + 1] == '.';
        if (up && length > floor) {
            while (length > floor && out[length - 1] != '/')
                length--;
            if (length > floor)
                length--; /* the slash before the component */
        } else if (m > 0 && !(m == 1 && path[i] == '.') && !(up && root > 0)) {
            if (length > root)
                out[length++] = '/';
            memmove(out + length, path + i, m);
            length += m;
            if (up)
                floor = length; /* what goes up from a relative start stays */
        }
        i = end + 1;
    }
    if (length == 0)
        out[length++] = '.';
    return length;
}

static Value path_normpath(NATIVE_ARGS) {
    Text t;
    if (!is_str(args[0]) && !is_bytes(args[0])) {
        PathArg p; /* for the words of its error */
        if (!posix_path(vm, "_path_normpath", "path", args[0], 0, &p)) {
            if (!error_matches(vm, vm->exc.ValueError))
                return VALUE_ERROR;
            error_clear(vm); /* a NUL inside is no matter here */
        } else {
            posix_path_drop(vm, &p);
        }
    }
    if (!text_get(vm, args[0], &t))
        return VALUE_ERROR;
    char small[512], *out = t.n < sizeof small ? small : mem_alloc(vm, t.n + 1);
    Value r = VALUE_ERROR;
    if (out)
        r = text_new(vm, &t, out, normalize(t.data, t.n, out));
    if (out != small)
        mem_free(vm, out, t.n + 1);
    decref(vm, t.owner);
    return r;
}

/* Tests -------------------------------------------------------------------------------------------------------------
 */

/* The kind of the file: 0 if there is none, or no file can have that name; -1 with an exception. */
static int64_t file_kind(VM *vm, Value path, bool follow) {
    PathArg p;
    struct stat st;
    if (!posix_path(vm, follow ? "stat" : "lstat", "path", path, follow ? PATH_FD : 0, &p)) {
        if (!error_matches(vm, vm->exc.ValueError) && !error_matches(vm, vm->exc.OSError))
            return -1;
        error_clear(vm);
        return 0;
    }
    int r = p.name ? fstatat(AT_FDCWD, p.name, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) : fstat(p.fd, &st);
    posix_path_drop(vm, &p);
    return r < 0 ? 0 : (int64_t)(st.st_mode & S_IFMT);
}

static Value kind_test(VM *vm, Value path, bool follow, int64_t wanted) {
    int64_t kind = file_kind(vm, path, follow);
    if (kind < 0)
        return VALUE_ERROR;
    return from_bool(wanted ? kind == wanted : kind != 0);
}

static Value path_exists(NATIVE_ARGS) { return kind_test(vm, args[0], true, 0); }
static Value path_lexists(NATIVE_ARGS) { return kind_test(vm, args[0], false, 0); }
static Value path_isfile(NATIVE_ARGS) { return kind_test(vm, args[0], true, S_IFREG); }
static Value path_isdir(NATIVE_ARGS) { return kind_test(vm, args[0], true, S_IFDIR); }
static Value path_islink(NATIVE_ARGS) { return kind_test(vm, args[0], false, S_IFLNK); }

static Value path_lazy_attribute(NATIVE_ARGS) { return posix_lazy_attribute(vm, "posixpath", args[0]); }

static const MethodSpec path_methods[] = {
    {"_lazy_attribute", path_lazy_attribute, "name, /", "An attribute of posixpath that is made on demand.", 0},
    {"normcase", path_normcase, "s", "The path in its normal case, which here is the path as it is.", 0},
    {"isabs", path_isabs, "s", "Whether the path is absolute.", 0},
    {"join", path_join, "a, *p", "Joins paths; an absolute one makes those before it void.", 0},
    {"split", path_split, "p", "The path as (head, tail); tail is all behind the last slash.", 0},
    {"splitext", path_splitext, "p", "The path as (root, extension); the extension is empty or begins with a dot.",
     0},
    {"splitdrive", path_splitdrive, "p", "The path as (drive, rest); the drive is always empty here.", 0},
    {"splitroot", path_splitroot, "p", "The path as (drive, root, rest).", 0},
    {"basename", path_basename, "p", "The last component of a path.", 0},
    {"dirname", path_dirname, "p", "The path without its last component.", 0},
    {"normpath", path_normpath, "path", "The path without needless slashes, '.' and '..'.", 0},
    {"exists", path_exists, "path", "Whether the file exists; False for a broken link.", 0},
    {"lexists", path_lexists, "path", "Whether there is a file or link of that name.", 0},
    {"isfile", path_isfile, "path", "Whether it is a regular file.", 0},
    {"isdir", path_isdir, "s", "Whether it is a directory.", 0},
    {"islink", path_islink, "path", "Whether it is a symbolic link.", 0},
    {0},
};

bool mod_posixpath_init(VM *vm, Value module) { return module_add_functions(vm, module, path_methods); }
