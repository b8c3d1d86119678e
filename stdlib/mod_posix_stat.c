/* posix: the status of files and the contents of directories.
 *
 * A DirEntry keeps what the directory itself told (the kind of most files), and asks for the status at most twice:
 * once for the entry, once for what it links to. */
#include "stdlib/mod_posix.h"

#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "object/containers.h"
#include "runtime/warnings.h"

#define BILLION ((int64_t)1000000000)

/* stat_result -------------------------------------------------------------------------------------------------------
 */

/* Each time is there three times: whole seconds by position, then as float and in nanoseconds by name. The repr shows
 * the first ones under the name that the second ones have as attribute. */
static const char *const stat_fields[] = {"st_mode",     "st_ino",     "st_dev",    "st_nlink",    "st_uid",
                                          "st_gid",      "st_size",    "st_atime",  "st_mtime",    "st_ctime",
                                          "st_atime",    "st_mtime",   "st_ctime",  "st_atime_ns", "st_mtime_ns",
                                          "st_ctime_ns", "st_blksize", "st_blocks", "st_rdev"};
enum { STAT_VISIBLE = 10, STAT_TIMES = 7, STAT_FLOATS = 10, STAT_NANOS = 13 };

static const char *const statvfs_fields[] = {"f_bsize", "f_frsize", "f_blocks", "f_bfree",   "f_bavail", "f_files",
                                             "f_ffree", "f_favail", "f_flag",   "f_namemax", "f_fsid"};

/* stat_result(sequence): float times that were not given are the whole seconds. */
static Value stat_result_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value r = type->spec->slots.create(vm, type, args, nargs, kwnames);
    for (size_t i = 0; r && i < 3; i++) {
        Value *items = as_tuple(r)->items;
        if (is_none(items[STAT_FLOATS + i]))
            set_owned(vm, &items[STAT_FLOATS + i], incref(items[STAT_TIMES + i]));
    }
    return r;
}

static Type *stat_type(VM *vm) {
    return structseq_type(vm, "os.stat_result", "The status of a file.", stat_fields, STAT_VISIBLE,
                          ARRAY_LEN(stat_fields));
}

static Type *statvfs_type(VM *vm) {
    return structseq_type(vm, "os.statvfs_result", "The status of a file system.", statvfs_fields, 10,
                          ARRAY_LEN(statvfs_fields));
}

static Value nanoseconds(VM *vm, const struct timespec *t) {
    int64_t n;
    if (!__builtin_mul_overflow((int64_t)t->tv_sec, BILLION, &n) && !__builtin_add_overflow(n, t->tv_nsec, &n))
        return int_from_int64(vm, n);
    Value seconds = int_from_int64(vm, t->tv_sec);
    Value product = seconds ? int_binary(vm, OP_MUL, seconds, from_small_int(BILLION)) : VALUE_ERROR;
    Value sum = product ? int_binary(vm, OP_ADD, product, from_small_int(t->tv_nsec)) : VALUE_ERROR;
    decref(vm, seconds);
    decref(vm, product);
    return sum;
}

static Value stat_result_new(VM *vm, const struct stat *st) {
    Type *type = stat_type(vm);
    if (!type)
        return VALUE_ERROR;
    Value items[ARRAY_LEN(stat_fields)] = {from_small_int(st->st_mode),     int_from_uint64(vm, st->st_ino),
                                           int_from_uint64(vm, st->st_dev), int_from_int64(vm, (int64_t)st->st_nlink),
                                           from_small_int(st->st_uid),      from_small_int(st->st_gid),
                                           int_from_int64(vm, st->st_size)};
#if defined(__APPLE__)
    const struct timespec times[3] = {st->st_atimespec, st->st_mtimespec, st->st_ctimespec};
#else
    const struct timespec times[3] = {st->st_atim, st->st_mtim, st->st_ctim};
#endif
    for (size_t i = 0; i < 3; i++) {
        items[STAT_TIMES + i] = int_from_int64(vm, times[i].tv_sec);
        items[STAT_FLOATS + i] = from_double((double)times[i].tv_sec + 1e-9 * (double)times[i].tv_nsec);
        items[STAT_NANOS + i] = nanoseconds(vm, &times[i]);
    }
    items[16] = int_from_int64(vm, st->st_blksize);
    items[17] = int_from_int64(vm, st->st_blocks);
    items[18] = int_from_uint64(vm, st->st_rdev);
    return structseq_new(vm, type, items);
}

static int stat_now(const PathArg *p, int dir_fd, bool follow, struct stat *st) {
    if (p->name)
        return fstatat(dir_fd, p->name, st, follow ? 0 : AT_SYMLINK_NOFOLLOW);
    if (p->fd != -1)
        return fstat(p->fd, st);
    errno = EFAULT; /* -1 is no descriptor, and no name either */
    return -1;
}

Value posix_stat_path(VM *vm, const char *function, Value path, int flags, bool follow, int dir_fd) {
    PathArg p;
    struct stat st;
    if (!posix_path(vm, function, "path", path, flags, &p))
        return VALUE_ERROR;
    Value r = VALUE_ERROR;
    if (posix_check_fd(vm, function, &p, dir_fd, follow))
        r = stat_now(&p, dir_fd, follow, &st) < 0 ? posix_path_error(vm, &p) : stat_result_new(vm, &st);
    posix_path_drop(vm, &p);
    return r;
}

static Value posix_stat(NATIVE_ARGS) {
    int dir_fd;
    bool follow;
    if (!posix_dir_fd(vm, args[1], &dir_fd) || !posix_flag(vm, args[2], true, &follow))
        return VALUE_ERROR;
    return posix_stat_path(vm, "stat", args[0], PATH_FD, follow, dir_fd);
}

static Value posix_lstat(NATIVE_ARGS) {
    int dir_fd;
    return posix_dir_fd(vm, args[1], &dir_fd) ? posix_stat_path(vm, "lstat", args[0], 0, false, dir_fd) : VALUE_ERROR;
}

static Value posix_fstat(NATIVE_ARGS) {
    int fd, r;
    struct stat st;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    BLOCKING(r, fstat(fd, &st));
    return r < 0 ? posix_fail(vm) : stat_result_new(vm, &st);
}

/* File systems ------------------------------------------------------------------------------------------------------
 */

static Value statvfs_result_new(VM *vm, const struct statvfs *s) {
    Type *type = statvfs_type(vm);
    if (!type)
        return VALUE_ERROR;
    Value items[] = {
        int_from_uint64(vm, s->f_bsize),   int_from_uint64(vm, s->f_frsize), int_from_uint64(vm, s->f_blocks),
        int_from_uint64(vm, s->f_bfree),   int_from_uint64(vm, s->f_bavail), int_from_uint64(vm, s->f_files),
        int_from_uint64(vm, s->f_ffree),   int_from_uint64(vm, s->f_favail), int_from_uint64(vm, s->f_flag),
        int_from_uint64(vm, s->f_namemax), int_from_uint64(vm, s->f_fsid)};
    return structseq_new(vm, type, items);
}

static Value posix_statvfs(NATIVE_ARGS) {
    PathArg p;
    struct statvfs s;
    int result;
    if (!posix_path(vm, "statvfs", "path", args[0], PATH_FD, &p))
        return VALUE_ERROR;
    BLOCKING(result, p.name ? statvfs(p.name, &s) : fstatvfs(p.fd, &s));
    Value r = result < 0 ? posix_path_error(vm, &p) : statvfs_result_new(vm, &s);
    posix_path_drop(vm, &p);
    return r;
}

static Value posix_fstatvfs(NATIVE_ARGS) {
    int fd, r;
    struct statvfs s;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    BLOCKING(r, fstatvfs(fd, &s));
    return r < 0 ? posix_fail(vm) : statvfs_result_new(vm, &s);
}

/* utime -------------------------------------------------------------------------------------------------------------
 */

static bool seconds_argument(VM *vm, Value v, struct timespec *out) {
    int64_t seconds = 0;
    if (is_float(v)) {
        double whole, part = modf(float_value(v), &whole);
        if (isnan(whole) || isnan(part))
            return raise_value(vm, "Invalid value NaN (not a number)");
        part = floor(part * 1e9);
        if (part < 0) {
            part += 1e9;
            whole -= 1;
        }
        if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0))
            return raise_overflow(vm, "timestamp out of range for platform time_t");
        *out = (struct timespec){.tv_sec = (time_t)whole, .tv_nsec = (long)part};
        return true;
    }
    Value i = to_index(vm, v);
    bool fits = i && int_fits_int64(i, &seconds);
    decref(vm, i);
    *out = (struct timespec){.tv_sec = (time_t)seconds};
    return fits || (i ? (bool)raise_overflow(vm, "timestamp out of range for platform time_t") : false);
}

static bool nanoseconds_argument(VM *vm, Value v, struct timespec *out) {
    Value i = to_index(vm, v);
    if (!i)
        return false;
    Value quotient = int_binary(vm, OP_FLOORDIV, i, from_small_int(BILLION));
    Value rest = quotient ? int_binary(vm, OP_MOD, i, from_small_int(BILLION)) : VALUE_ERROR;
    int64_t seconds = 0;
    bool fits = rest && int_fits_int64(quotient, &seconds);
    if (fits)
        *out = (struct timespec){.tv_sec = (time_t)seconds, .tv_nsec = (long)as_small_int(rest)};
    else if (rest)
        raise_overflow(vm, "timestamp out of range for platform time_t");
    decref(vm, i);
    decref(vm, quotient);
    decref(vm, rest);
    return fits;
}

/* The two times from `times` (seconds) or `ns`; *now: neither was given. */
static bool utime_arguments(VM *vm, Value times, Value ns, struct timespec *out, bool *now) {
    bool has_times = times && !is_none(times);
    *now = !has_times && !ns;
    if (has_times && ns)
        return raise_value(vm, "utime: you may specify either 'times' or 'ns' but not both");
    if (*now)
        return true;
    Value pair = has_times ? times : ns;
    if (!is_tuple(pair) || as_tuple(pair)->len != 2)
        return raise_type(vm, has_times ? "utime: 'times' must be either a tuple of two ints or None"
                                        : "utime: 'ns' must be a tuple of two ints");
    for (size_t i = 0; i < 2; i++) {
        Value item = as_tuple(pair)->items[i];
        if (!(has_times ? seconds_argument(vm, item, &out[i]) : nanoseconds_argument(vm, item, &out[i])))
            return false;
    }
    return true;
}

static Value posix_utime(NATIVE_ARGS) {
    PathArg p;
    struct timespec times[2];
    int dir_fd, r = -1;
    bool follow, now;
    if (!posix_path(vm, "utime", "path", args[0], PATH_FD, &p))
        return VALUE_ERROR;
    if (utime_arguments(vm, args[1], args[2], times, &now) && posix_dir_fd(vm, args[3], &dir_fd) &&
        posix_flag(vm, args[4], true, &follow) && posix_check_fd(vm, "utime", &p, dir_fd, follow)) {
        const struct timespec *t = now ? NULL : times;
        r = p.name ? utimensat(dir_fd, p.name, t, follow ? 0 : AT_SYMLINK_NOFOLLOW) : futimens(p.fd, t);
    }
    return posix_path_done(vm, &p, r);
}

/* Directories -------------------------------------------------------------------------------------------------------
 */

static bool is_dots(const char *name) { return name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0)); }

/* Opens the directory; a descriptor is read through a copy, from the start, and stays open. */
static DIR *open_directory(VM *vm, const PathArg *p) {
    if (p->name)
        return opendir(p->name);
    int copy = fcntl(p->fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        posix_fail(vm);
        return NULL;
    }
    DIR *dir = fdopendir(copy);
    if (dir) {
        rewinddir(dir);
    } else {
        int saved = errno;
        close(copy);
        errno = saved;
    }
    return dir;
}

/* The descriptor's place belongs to everyone who has it: back to where reading started. */
static void close_directory(DIR *dir, const PathArg *p) {
    if (!p->name)
        rewinddir(dir);
    closedir(dir);
}

static Value posix_listdir(NATIVE_ARGS) {
    PathArg p;
    if (!posix_path(vm, "listdir", "path", args[0], PATH_FD | PATH_NONE, &p))
        return VALUE_ERROR;
    DIR *dir = open_directory(vm, &p);
    if (!dir) {
        posix_path_done(vm, &p, -1);
        return VALUE_ERROR;
    }
    Value list = list_new(vm, 0);
    while (list) {
        errno = 0;
        struct dirent *e = readdir(dir);
        if (!e && errno != 0)
            posix_path_error(vm, &p);
        if (!e)
            break;
        Value name = is_dots(e->d_name) ? VALUE_NONE : posix_text_like(vm, &p, e->d_name, strlen(e->d_name));
        if (is_none(name))
            continue;
        if (!name || !list_append_steal(vm, list, name))
            break;
    }
    if (error_pending(vm))
        set_owned(vm, &list, 0);
    close_directory(dir, &p);
    posix_path_drop(vm, &p);
    return list;
}

typedef struct DirEntry {
    Object header;
    Value name, path;
    Value stat, lstat;  /* or 0: not asked for yet */
    int dir_fd;         /* -1: path is good as it is */
    unsigned char kind; /* DT_... */
    uint64_t inode;
} DirEntry;

static DirEntry *as_entry(Value v) { return (DirEntry *)as_obj(v); }

static void entry_dealloc(VM *vm, Object *self) {
    DirEntry *e = (DirEntry *)self;
    decref(vm, e->name);
    decref(vm, e->path);
    decref(vm, e->stat);
    decref(vm, e->lstat);
}

static Value entry_ask(VM *vm, DirEntry *e, bool follow) {
    int dir_fd = e->dir_fd != -1 ? e->dir_fd : AT_FDCWD;
    return posix_stat_path(vm, "stat", e->path, 0, follow, dir_fd);
}

/* Borrowed from the entry. */
static Value entry_lstat(VM *vm, DirEntry *e) {
    if (!e->lstat)
        e->lstat = entry_ask(vm, e, false);
    return e->lstat;
}

static bool stat_is(Value result, mode_t kind) {
    return ((mode_t)as_small_int(as_tuple(result)->items[0]) & S_IFMT) == kind;
}

static int entry_is_link(VM *vm, DirEntry *e) { /* -1: error */
    if (e->kind != DT_UNKNOWN)
        return e->kind == DT_LNK;
    Value st = entry_lstat(vm, e);
    return st ? stat_is(st, S_IFLNK) : -1;
}

static Value entry_stat(VM *vm, DirEntry *e, bool follow) { /* borrowed */
    if (!follow)
        return entry_lstat(vm, e);
    if (!e->stat) {
        int link = entry_is_link(vm, e);
        if (link < 0)
            return VALUE_ERROR;
        e->stat = link ? entry_ask(vm, e, true) : incref(entry_lstat(vm, e));
    }
    return e->stat;
}

/* Whether the entry is of that kind: 1, 0 (also when it has gone), -1. */
static int entry_test(VM *vm, DirEntry *e, bool follow, mode_t kind) {
    int link = e->kind == DT_LNK;
    bool need_stat = e->kind == DT_UNKNOWN || (follow && link);
    if (!need_stat)
        return e->kind == (kind == S_IFDIR ? DT_DIR : DT_REG);
    Value st = entry_stat(vm, e, follow);
    if (st)
        return stat_is(st, kind);
    if (!error_matches(vm, vm->exc.FileNotFoundError))
        return -1;
    error_clear(vm);
    return 0;
}

static Value entry_test_method(VM *vm, Value self, Value arg, mode_t kind) {
    bool follow;
    if (!posix_flag(vm, arg, true, &follow))
        return VALUE_ERROR;
    int r = entry_test(vm, as_entry(self), follow, kind);
    return r < 0 ? VALUE_ERROR : from_bool(r);
}

static Value entry_is_dir(NATIVE_ARGS) { return entry_test_method(vm, self, args[0], S_IFDIR); }
static Value entry_is_file(NATIVE_ARGS) { return entry_test_method(vm, self, args[0], S_IFREG); }
static Value entry_is_junction(NATIVE_ARGS) { return VALUE_FALSE; }
static Value entry_is_symlink(NATIVE_ARGS) {
    int r = entry_is_link(vm, as_entry(self));
    if (r < 0 && error_matches(vm, vm->exc.FileNotFoundError)) {
        error_clear(vm);
        r = 0;
    }
    return r < 0 ? VALUE_ERROR : from_bool(r);
}
static Value entry_stat_method(NATIVE_ARGS) {
    bool follow;
    return posix_flag(vm, args[0], true, &follow) ? incref(entry_stat(vm, as_entry(self), follow)) : VALUE_ERROR;
}
static Value entry_inode(NATIVE_ARGS) { return int_from_uint64(vm, as_entry(self)->inode); }
static Value entry_fspath(NATIVE_ARGS) { return incref(as_entry(self)->path); }
static Value entry_name(VM *vm, Value self) { return (void)vm, incref(as_entry(self)->name); }
static Value entry_path(VM *vm, Value self) { return (void)vm, incref(as_entry(self)->path); }
static Value entry_repr(VM *vm, Value self) { return str_printf(vm, "<DirEntry %R>", as_entry(self)->name); }

static const MethodSpec entry_methods[] = {
    {"is_dir", entry_is_dir, "*, follow_symlinks=True", "Whether the entry is a directory.", 0},
    {"is_file", entry_is_file, "*, follow_symlinks=True", "Whether the entry is a regular file.", 0},
    {"is_symlink", entry_is_symlink, "", "Whether the entry is a symbolic link.", 0},
    {"is_junction", entry_is_junction, "", "False: there are no junctions here.", 0},
    {"stat", entry_stat_method, "*, follow_symlinks=True", "The status of the entry; kept once asked for.", 0},
    {"inode", entry_inode, "", "The number of the file in its file system.", 0},
    {"__fspath__", entry_fspath, "", "The path of the entry.", 0},
    CLASS_GETITEM_ROW,
    {0},
};
static const GetSetSpec entry_getset[] = {
    {"name", entry_name, NULL, "Name of the entry in its directory."},
    {"path", entry_path, NULL, "Path of the entry, made from the one given to scandir()."},
    {0},
};
static const TypeSpec entry_spec = {
    .name = "posix.DirEntry",
    .doc = "An entry of a directory, as scandir() gives it.",
    .size = sizeof(DirEntry),
    .flags = TYPE_NO_NEW | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = entry_dealloc, .repr = entry_repr},
    .methods = entry_methods,
    .getset = entry_getset,
};

typedef struct ScanDir {
    Object header;
    PathArg path;
    DIR *dir; /* NULL: closed */
} ScanDir;

static ScanDir *as_scan(Value v) { return (ScanDir *)as_obj(v); }

static void scan_close(ScanDir *s) {
    DIR *dir = s->dir;
    s->dir = NULL;
    if (dir)
        close_directory(dir, &s->path);
}

static void scan_dealloc(VM *vm, Object *self) {
    scan_close((ScanDir *)self);
    posix_path_drop(vm, &((ScanDir *)self)->path);
}

static void scan_finalize(VM *vm, Value self) {
    if (as_scan(self)->dir)
        warnings_unclosed(vm, self, "scandir iterator");
}

/* The path of an entry: what was given to scandir(), a slash, the name. A descriptor gives the name alone. */
static Value entry_join(VM *vm, const PathArg *p, Value name) {
    if (!p->name)
        return incref(name);
    size_t n = strlen(p->name), m = is_bytes(name) ? as_bytes(name)->len : as_str(name)->nbytes;
    const char *text = is_bytes(name) ? as_bytes(name)->data : as_str(name)->data;
    char small[512], *buffer = n + m + 2 <= sizeof small ? small : mem_alloc(vm, n + m + 2);
    if (!buffer)
        return VALUE_ERROR;
    memcpy(buffer, p->name, n);
    if (n > 0 && buffer[n - 1] != '/')
        buffer[n++] = '/';
    Value r;
    if (is_bytes(name)) {
        memcpy(buffer + n, text, m);
        r = bytes_new(vm, buffer, n + m);
    } else {
        Value head = posix_decode(vm, buffer, n);
        r = head ? str_concat(vm, head, name) : VALUE_ERROR;
        decref(vm, head);
    }
    if (buffer != small)
        mem_free(vm, buffer, strlen(p->name) + m + 2);
    return r;
}

static Value entry_new(VM *vm, ScanDir *s, const struct dirent *d) {
    Type *type = vm_type(vm, &entry_spec, NULL);
    DirEntry *e = type ? object_alloc(vm, type, 0) : NULL;
    if (!e)
        return VALUE_ERROR;
    e->dir_fd = s->path.name ? -1 : s->path.fd;
    e->kind = d->d_type;
    e->inode = d->d_ino;
    e->name = posix_text_like(vm, &s->path, d->d_name, strlen(d->d_name));
    e->path = e->name ? entry_join(vm, &s->path, e->name) : VALUE_ERROR;
    if (e->path)
        return from_obj(e);
    obj_decref(vm, &e->header);
    return VALUE_ERROR;
}

static Value scan_next(VM *vm, Value self) {
    ScanDir *s = as_scan(self);
    while (s->dir) {
        errno = 0;
        struct dirent *d = readdir(s->dir);
        if (!d) {
            int error = errno;
            scan_close(s);
            errno = error;
            return error != 0 ? posix_path_error(vm, &s->path) : 0;
        }
        if (!is_dots(d->d_name))
            return entry_new(vm, s, d);
    }
    return 0;
}

static Value scan_close_method(NATIVE_ARGS) {
    scan_close(as_scan(self));
    return VALUE_NONE;
}
static Value scan_enter(NATIVE_ARGS) { return incref(self); }

static const MethodSpec scan_methods[] = {
    {"close", scan_close_method, "", "Closes the directory.", 0},
    {"__enter__", scan_enter, "", "The iterator itself.", 0},
    {"__exit__", scan_close_method, "type=None, value=None, traceback=None, /", "Closes the directory.", 0},
    {0},
};
static const TypeSpec scan_spec = {
    .name = "posix.ScandirIterator",
    .doc = "Iterator over the entries of a directory.",
    .size = sizeof(ScanDir),
    .flags = TYPE_NO_NEW | TYPE_IMMUTABLE,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = scan_dealloc, .finalize = scan_finalize, .iter = iter_self, .next = scan_next},
    .methods = scan_methods,
};

static Value posix_scandir(NATIVE_ARGS) {
    Type *type = vm_type(vm, &scan_spec, NULL);
    ScanDir *s = type ? object_alloc(vm, type, 0) : NULL;
    if (!s)
        return VALUE_ERROR;
    if (posix_path(vm, "scandir", "path", args[0], PATH_FD | PATH_NONE, &s->path)) {
        s->dir = open_directory(vm, &s->path);
        if (s->dir)
            return from_obj(s);
        posix_path_error(vm, &s->path);
    }
    obj_decref(vm, &s->header);
    return VALUE_ERROR;
}

const MethodSpec posix_stat_methods[] = {
    {"stat", posix_stat, "path, *, dir_fd=None, follow_symlinks=True", "The status of a file.", 0},
    {"lstat", posix_lstat, "path, *, dir_fd=None", "The status of a file or of the link itself.", 0},
    {"fstat", posix_fstat, "fd", "The status of an open file.", 0},
    {"statvfs", posix_statvfs, "path", "The status of the file system that has the file.", 0},
    {"fstatvfs", posix_fstatvfs, "fd, /", "The status of the file system that has the open file.", 0},
    {"utime", posix_utime, "path, times=None, *, ns=None, dir_fd=None, follow_symlinks=True",
     "Sets the times of last access and modification.", 0},
    {"listdir", posix_listdir, "path=None", "The names in a directory.", 0},
    {"scandir", posix_scandir, "path=None", "An iterator over the entries of a directory.", 0},
    {0},
};

/* stat_result has three items without a name of their own, which its record of names cannot say. */
static bool adjust_stat_type(VM *vm, Type *type) {
    Dict *dict = type_dict(vm, type);
    Value match = dict ? tuple_new(vm, STAT_TIMES) : VALUE_ERROR;
    bool ok = match != 0;
    for (size_t i = 0; match && i < STAT_TIMES; i++) {
        Value name = str_intern_c(vm, stat_fields[i]);
        ok = ok && name;
        as_tuple(match)->items[i] = name ? name : VALUE_NONE;
    }
    ok = ok && dict_set_c(vm, from_obj(dict), "__match_args__", match) &&
         dict_set_c(vm, from_obj(dict), "n_unnamed_fields", from_small_int(3));
    decref(vm, match);
    type->slots.create = stat_result_create;
    return ok;
}

bool posix_add_stat_types(VM *vm, Value module) {
    Type *type = stat_type(vm);
    return type && adjust_stat_type(vm, type) && posix_add_type(vm, module, "stat_result", type) &&
           posix_add_type(vm, module, "statvfs_result", statvfs_type(vm)) &&
           posix_add_type(vm, module, "DirEntry", vm_type(vm, &entry_spec, NULL));
}
