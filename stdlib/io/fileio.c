/* FileIO: an unbuffered file over a descriptor of the operating system. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stdlib/io/io.h"
#include "stdlib/grants.h"
#include "stdlib/guard.h"

bool io_is_native_file(VM *vm, Value raw) {
    IoTypes *t = io_types(vm);
    return t != NULL && is_obj(raw) && obj_type(as_obj(raw)) == t->fileio;
}

static FileIO *file_of(Value v) { return (FileIO *)as_obj(v); }

static bool check_open(VM *vm, FileIO *f) {
    return f->fd >= 0 ? true : (bool)raise_value(vm, "I/O operation on closed file");
}

/* A system call was interrupted: let signal handlers run; false if one raised. */
static bool retry_after_signal(VM *vm) { return !vm_interrupted(vm) || vm_safepoint(vm); }

static ssize_t write_from(int fd, void *from, size_t n) { return write(fd, from, n); }

/* One read or write: the bytes, -1 with an exception, -2 if the file would have to wait but must not. */
static ssize_t transfer(VM *vm, FileIO *f, ssize_t (*attempt)(int, void *, size_t), void *data, size_t n) {
    if (n > SSIZE_MAX)
        n = SSIZE_MAX;
    for (;;) {
        ssize_t done;
        int fd = f->fd;
        if (f->may_wait)
            WITHOUT_LOCK(vm, done = attempt(fd, data, n));
        else
            done = attempt(fd, data, n);
        if (done >= 0)
            return done;
        if (errno == EAGAIN)
            return -2;
        if (errno != EINTR) {
            raise_os_error(vm, errno, 0);
            return -1;
        }
        if (!retry_after_signal(vm))
            return -1;
    }
}

ssize_t fileio_read_some(VM *vm, FileIO *f, char *to, size_t n) {
    return f->may_wait && !guard_read(vm, f->fd, n) ? -1 : transfer(vm, f, read, to, n);
}

ssize_t fileio_write_some(VM *vm, FileIO *f, const char *from, size_t n) {
    if (!f->may_wait || !vm->hosted)
        return transfer(vm, f, write_from, (void *)from, n);
    ssize_t done = guard_write(vm, f->fd, from, n > SSIZE_MAX ? SSIZE_MAX : n);
    if (done >= 0 || error_pending(vm))
        return done;
    if (errno == EAGAIN)
        return -2;
    raise_os_error(vm, errno, 0);
    return -1;
}

/* --- opening
 * ---------------------------------------------------------------------------------------------------------------- */

typedef struct FileMode {
    bool readable, writable, appending, created;
    int flags;
} FileMode;

static bool parse_mode(VM *vm, const char *mode, FileMode *m) {
    memset(m, 0, sizeof *m);
    int kinds = 0, plus = 0;
    for (const char *c = mode; *c != 0; c++) {
        switch (*c) {
        case 'x':
            kinds++, m->created = m->writable = true, m->flags |= O_EXCL | O_CREAT;
            break;
        case 'r':
            kinds++, m->readable = true;
            break;
        case 'w':
            kinds++, m->writable = true, m->flags |= O_CREAT | O_TRUNC;
            break;
        case 'a':
            kinds++, m->writable = m->appending = true, m->flags |= O_APPEND | O_CREAT;
            break;
        case 'b':
            break;
        case '+':
            plus++;
            break;
        default:
            return raise_value(vm, "invalid mode: %.200s", mode);
        }
    }
    if (kinds != 1 || plus > 1)
        return raise_value(vm, "Must have exactly one of create/read/write/append mode and at most one plus");
    if (plus)
        m->readable = m->writable = true;
    m->flags |= m->readable && m->writable ? O_RDWR : m->writable ? O_WRONLY : O_RDONLY;
    m->flags |= O_CLOEXEC;
    return true;
}

/* The path as bytes: str, bytes or os.PathLike; owned bytes. */
static Value path_bytes(VM *vm, Value file) {
    Value path = incref(file);
    if (!is_str(path) && !is_bytes(path)) {
        Value r = call_special(vm, file, NAME(__fspath__), NULL, 0);
        decref(vm, path);
        if (r == 0 && !error_pending(vm))
            raise_type(vm, "expected str, bytes or os.PathLike object, not %T", file);
        if (r == 0)
            return VALUE_ERROR;
        path = r;
    }
    Value bytes = is_str(path) ? str_encode(vm, path, "utf-8", "surrogateescape") : incref(path);
    decref(vm, path);
    if (bytes != 0 && memchr(as_bytes(bytes)->data, 0, as_bytes(bytes)->len) != NULL) {
        decref(vm, bytes);
        return raise_value(vm, "embedded null byte");
    }
    return bytes;
}

static int open_path(VM *vm, Value file, const FileMode *m) {
    Value path = path_bytes(vm, file);
    if (path == 0)
        return -1;
    const char *name = as_bytes(path)->data;
    int fd = guard_open(vm, AT_FDCWD, name, m->flags, 0666);
    decref(vm, path);
    if (fd < 0 && !error_pending(vm))
        raise_os_error(vm, errno, file);
    return fd;
}

static int open_with(VM *vm, Value opener, Value file, const FileMode *m) {
    Value r = call2(vm, opener, file, from_small_int(m->flags));
    int fd = -1;
    if (r != 0 && !is_int(r))
        raise_type(vm, "expected integer from opener");
    else if (r != 0 && to_c_int(vm, r, &fd) && fd < 0)
        raise_value(vm, "opener returned %d", fd);
    decref(vm, r);
    return error_pending(vm) ? -1 : fd;
}

static bool file_init(VM *vm, FileIO *f, Value file, const char *mode, bool closefd, Value opener) {
    FileMode m;
    if (!parse_mode(vm, mode, &m))
        return false;
    int fd = -1;
    bool own = true;
    if (is_int(file)) {
        if (is_bool(file) && !warn(vm, vm->exc.RuntimeWarning, 1, "bool is used as a file descriptor"))
            return false;
        if (!to_c_int(vm, file, &fd))
            return false;
        if (fd < 0)
            return raise_value(vm, "negative file descriptor");
        own = false;
    } else if (!closefd) {
        return raise_value(vm, "Cannot use closefd=False with file name");
    } else {
        fd = opener != 0 && opener != VALUE_NONE ? open_with(vm, opener, file, &m) : open_path(vm, file, &m);
        if (fd < 0)
            return false;
    }
    struct stat st;
    int failed = fstat(fd, &st) < 0 ? errno : S_ISDIR(st.st_mode) ? EISDIR : 0;
    if (failed != 0 && (failed == EISDIR || failed == EBADF)) {
        if (own)
            close(fd);
        return raise_os_error(vm, failed, file);
    }
    f->fd = fd;
    f->readable = m.readable;
    f->writable = m.writable;
    f->appending = m.appending;
    f->created = m.created;
    f->closefd = closefd;
    f->may_wait = failed != 0 || !S_ISREG(st.st_mode);
    f->seekable = -1;
    set_owned(vm, &f->name, incref(file));
    if (m.appending)
        lseek(fd, 0, SEEK_END);
    return true;
}

Value fileio_open(VM *vm, Value file, const char *mode, bool closefd, Value opener) {
    IoTypes *t = io_types(vm);
    FileIO *f = t == NULL ? NULL : object_alloc(vm, t->fileio, 0);
    if (f == NULL)
        return VALUE_ERROR;
    f->fd = -1;
    if (file_init(vm, f, file, mode, closefd, opener))
        return from_obj(f);
    obj_decref(vm, &f->header);
    return VALUE_ERROR;
}

static Value file_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    FileIO *f = object_alloc(vm, type, 0);
    if (f == NULL)
        return VALUE_ERROR;
    f->fd = -1;
    return from_obj(f);
}

static bool file_slot_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_FILES))
        return false;
    Value v[4];
    if (!native_bind(vm, "FileIO", "file, mode='r', closefd=True, opener=None", args, nargs, kwnames, v, 4))
        return false;
    const char *mode = v[1] == 0 ? "r" : to_c_string(vm, v[1], "mode");
    int closefd = v[2] == 0 ? 1 : truth(vm, v[2]);
    return mode != NULL && closefd >= 0 && file_init(vm, file_of(self), v[0], mode, closefd, v[3]);
}

static void file_dealloc(VM *vm, Object *self) { decref(vm, ((FileIO *)self)->name); }
static void file_traverse(Object *self, VisitFn visit, void *arg) { visit_value(((FileIO *)self)->name, visit, arg); }

static void file_finalize(VM *vm, Value self) {
    io_warn_unclosed(vm, self, self);
    io_finalize(vm, self);
}

/* --- methods
 * ------------------------------------------------------------------------------------------------------------------
 */

static Value file_close(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    int fd = f->fd;
    f->fd = -1;
    if (fd >= 0 && f->closefd && close(fd) < 0 && errno != EINTR)
        return raise_os_error(vm, errno, 0);
    return VALUE_NONE;
}

static bool check_mode(VM *vm, bool allowed, const char *action) {
    if (!allowed)
        io_unsupported(vm, action);
    return allowed;
}

static Value file_readall(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    if (!check_open(vm, f) || !check_mode(vm, f->readable, "File not open for reading"))
        return VALUE_ERROR;
    size_t cap = IO_BUFFER_SIZE, len = 0;
    struct stat st;
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    if (fstat(f->fd, &st) == 0 && at >= 0 && st.st_size > at)
        cap = (size_t)(st.st_size - at) + 1;
    char *data = mem_alloc(vm, cap);
    if (data == NULL)
        return VALUE_ERROR;
    Value r = 0;
    for (;;) {
        if (len == cap) {
            char *more = mem_realloc(vm, data, cap, cap * 2);
            if (more == NULL)
                break;
            data = more;
            cap *= 2;
        }
        ssize_t got = fileio_read_some(vm, f, data + len, cap - len);
        if (got > 0) {
            len += (size_t)got;
            continue;
        }
        if (got == -2 && len == 0)
            r = VALUE_NONE;
        else if (got != -1)
            r = bytes_new(vm, data, len);
        break;
    }
    mem_free(vm, data, cap);
    return r;
}

static Value file_read(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    ssize_t n = -1;
    if (!check_open(vm, f) || !check_mode(vm, f->readable, "File not open for reading"))
        return VALUE_ERROR;
    if (args[0] != 0 && args[0] != VALUE_NONE && !to_ssize(vm, args[0], &n))
        return VALUE_ERROR;
    if (n < 0)
        return file_readall(vm, self, args, nargs, kwnames);
    char *data = mem_alloc(vm, (size_t)n);
    if (data == NULL)
        return VALUE_ERROR;
    ssize_t got = fileio_read_some(vm, f, data, (size_t)n);
    Value r = got == -2 ? VALUE_NONE : got < 0 ? VALUE_ERROR : bytes_new(vm, data, (size_t)got);
    mem_free(vm, data, (size_t)n);
    return r;
}

static Value file_readinto(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    Buffer b;
    if (!check_open(vm, f) || !check_mode(vm, f->readable, "File not open for reading") ||
        !io_target_buffer(vm, args[0], &b))
        return VALUE_ERROR;
    ssize_t got = fileio_read_some(vm, f, b.data, b.len);
    buffer_release(vm, &b);
    return got == -2 ? VALUE_NONE : got < 0 ? VALUE_ERROR : from_small_int(got);
}

static Value file_write(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    Buffer b;
    if (!check_open(vm, f) || !check_mode(vm, f->writable, "File not open for writing") ||
        !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    ssize_t done = fileio_write_some(vm, f, b.data, b.len);
    buffer_release(vm, &b);
    return done == -2 ? VALUE_NONE : done < 0 ? VALUE_ERROR : from_small_int(done);
}

static Value file_seek(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    int64_t offset;
    int whence = 0;
    if (!check_open(vm, f) || !to_int64(vm, args[0], &offset) || (args[1] != 0 && !to_c_int(vm, args[1], &whence)))
        return VALUE_ERROR;
    off_t at = lseek(f->fd, offset, whence);
    return at < 0 ? raise_os_error(vm, errno, 0) : int_from_int64(vm, at);
}

static Value file_tell(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    if (!check_open(vm, f))
        return VALUE_ERROR;
    off_t at = lseek(f->fd, 0, SEEK_CUR);
    return at < 0 ? raise_os_error(vm, errno, 0) : int_from_int64(vm, at);
}

static Value file_truncate(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    int64_t size;
    if (!check_open(vm, f) || !check_mode(vm, f->writable, "File not open for writing"))
        return VALUE_ERROR;
    if (args[0] == 0 || args[0] == VALUE_NONE)
        size = lseek(f->fd, 0, SEEK_CUR);
    else if (!to_int64(vm, args[0], &size))
        return VALUE_ERROR;
    return ftruncate(f->fd, size) < 0 ? raise_os_error(vm, errno, 0) : int_from_int64(vm, size);
}

static Value file_fileno(NATIVE_ARGS) {
    return check_open(vm, file_of(self)) ? from_small_int(file_of(self)->fd) : VALUE_ERROR;
}
static Value file_isatty(NATIVE_ARGS) {
    return check_open(vm, file_of(self)) ? from_bool(isatty(file_of(self)->fd)) : VALUE_ERROR;
}
static Value file_readable(NATIVE_ARGS) {
    return check_open(vm, file_of(self)) ? from_bool(file_of(self)->readable) : VALUE_ERROR;
}
static Value file_writable(NATIVE_ARGS) {
    return check_open(vm, file_of(self)) ? from_bool(file_of(self)->writable) : VALUE_ERROR;
}
static Value file_seekable(NATIVE_ARGS) {
    FileIO *f = file_of(self);
    if (!check_open(vm, f))
        return VALUE_ERROR;
    if (f->seekable < 0)
        f->seekable = lseek(f->fd, 0, SEEK_CUR) >= 0;
    return from_bool(f->seekable);
}

static const char *mode_name(const FileIO *f) {
    if (f->created)
        return f->readable ? "xb+" : "xb";
    if (f->appending)
        return f->readable ? "ab+" : "ab";
    return f->readable ? (f->writable ? "rb+" : "rb") : "wb";
}
static Value get_closed(VM *vm, Value self) { return (void)vm, from_bool(file_of(self)->fd < 0); }
static Value get_closefd(VM *vm, Value self) { return (void)vm, from_bool(file_of(self)->closefd); }
static Value get_mode(VM *vm, Value self) { return str_from_c(vm, mode_name(file_of(self))); }
static Value get_name(VM *vm, Value self) {
    FileIO *f = file_of(self);
    return f->name == 0 ? raise_no_attribute(vm, self, NAME(name)) : incref(f->name);
}
static bool set_name(VM *vm, Value self, Value v) {
    set_owned(vm, &file_of(self)->name, incref(v));
    return true;
}

static Value file_repr(VM *vm, Value self) {
    FileIO *f = file_of(self);
    if (f->fd < 0)
        return str_from_c(vm, "<_io.FileIO [closed]>");
    return str_printf(vm, "<_io.FileIO name=%R mode='%s' closefd=%s>", f->name, mode_name(f),
                      f->closefd ? "True" : "False");
}

static const MethodSpec file_methods[] = {
    {"read", file_read, "size=-1, /", "Reads up to size bytes with one system call.", 0},
    {"readall", file_readall, "", "Reads everything to the end.", 0},
    {"readinto", file_readinto, "buffer, /", "Reads into a buffer.", 0},
    {"write", file_write, "b, /", "Writes bytes with one system call; the number written.", 0},
    {"seek", file_seek, "pos, whence=0, /", "Changes the position.", 0},
    {"tell", file_tell, "", "The position.", 0},
    {"truncate", file_truncate, "size=None, /", "Cuts the file at a size.", 0},
    {"close", file_close, "", "Closes the descriptor.", 0},
    {"fileno", file_fileno, "", "The descriptor.", 0},
    {"isatty", file_isatty, "", "Whether the file is a terminal.", 0},
    {"readable", file_readable, "", "Whether the file can be read.", 0},
    {"writable", file_writable, "", "Whether the file can be written.", 0},
    {"seekable", file_seekable, "", "Whether seek() works.", 0},
    REFUSE_PICKLE_ROWS,
    {0},
};
static const GetSetSpec file_getset[] = {
    {"closed", get_closed, NULL, "Whether the file is closed."},
    {"closefd", get_closefd, NULL, "Whether closing closes the descriptor."},
    {"mode", get_mode, NULL, "Mode it was opened with."},
    {"name", get_name, set_name, "Path or descriptor."},
    {0},
};
const TypeSpec fileio_spec = {
    .name = "_io.FileIO",
    .doc = "An unbuffered file of the operating system.",
    .signature = "file, mode='r', closefd=True, opener=None",
    .size = sizeof(FileIO),
    .flags = TYPE_BASE | TYPE_GC,
    .kind = KIND_OTHER,
    .slots = {.create = file_create,
              .init = file_slot_init,
              .dealloc = file_dealloc,
              .traverse = file_traverse,
              .finalize = file_finalize,
              .repr = file_repr},
    .methods = file_methods,
    .getset = file_getset,
};
