/* posix: functions that take the descriptor of an open file. */
#include "stdlib/guard.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utmp.h>
#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#endif

static Value posix_close(NATIVE_ARGS) {
    int fd;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    /* interrupted or not, the descriptor is free afterwards: closing it again might hit someone else's */
    return close(fd) < 0 && errno != EINTR ? posix_fail(vm) : VALUE_NONE;
}

static Value posix_closerange(NATIVE_ARGS) {
    int low, high;
    if (!to_c_int(vm, args[0], &low) || !to_c_int(vm, args[1], &high))
        return VALUE_ERROR;
    long limit = sysconf(_SC_OPEN_MAX);
    if (limit > 0 && high > limit)
        high = (int)limit;
    for (int fd = low < 0 ? 0 : low; fd < high; fd++)
        close(fd);
    return VALUE_NONE;
}

/* Reading and writing -----------------------------------------------------------------------------------------------
 */

static Value read_bytes(VM *vm, int fd, ssize_t n, int64_t offset, bool at_offset) {
    if (n < 0) {
        errno = EINVAL;
        return posix_fail(vm);
    }
    char small[4096], *buffer = (size_t)n <= sizeof small ? small : mem_alloc(vm, (size_t)n);
    if (!buffer)
        return VALUE_ERROR;
    ssize_t got = -1;
    if (at_offset || guard_read(vm, fd, (size_t)n))
        BLOCKING(got, at_offset ? pread(fd, buffer, (size_t)n, offset) : read(fd, buffer, (size_t)n));
    Value r = got < 0 ? posix_fail(vm) : bytes_new(vm, buffer, (size_t)got);
    if (buffer != small)
        mem_free(vm, buffer, (size_t)n);
    return r;
}

static Value posix_read(NATIVE_ARGS) {
    int fd;
    ssize_t n;
    return to_c_int(vm, args[0], &fd) && to_ssize(vm, args[1], &n) ? read_bytes(vm, fd, n, 0, false) : VALUE_ERROR;
}

static Value posix_pread(NATIVE_ARGS) {
    int fd;
    ssize_t n;
    int64_t offset;
    if (!to_c_int(vm, args[0], &fd) || !to_ssize(vm, args[1], &n) || !to_int64(vm, args[2], &offset))
        return VALUE_ERROR;
    return read_bytes(vm, fd, n, offset, true);
}

static Value posix_write(NATIVE_ARGS) {
    int fd;
    Buffer b;
    if (!to_c_int(vm, args[0], &fd) || !buffer_get(vm, args[1], &b, false))
        return VALUE_ERROR;
    size_t n = b.len > SSIZE_MAX ? SSIZE_MAX : b.len;
    ssize_t done = guard_write(vm, fd, b.data, n);
    Value r = done < 0 ? posix_fail(vm) : int_from_ssize(vm, done);
    buffer_release(vm, &b);
    return r;
}

static Value posix_pwrite(NATIVE_ARGS) {
    int fd;
    int64_t offset;
    Buffer b;
    if (!to_c_int(vm, args[0], &fd) || !to_int64(vm, args[2], &offset) || !buffer_get(vm, args[1], &b, false))
        return VALUE_ERROR;
    ssize_t done;
    BLOCKING(done, pwrite(fd, b.data, b.len > SSIZE_MAX ? SSIZE_MAX : b.len, offset));
    Value r = done < 0 ? posix_fail(vm) : int_from_ssize(vm, done);
    buffer_release(vm, &b);
    return r;
}

/* The buffers of readv() and writev(): as many as the system takes at once. */
typedef struct Vector {
    size_t n;
    Value owner;
    Buffer buffers[64];
    struct iovec parts[64];
} Vector;

static void vector_drop(VM *vm, Vector *v) {
    for (size_t i = 0; i < v->n; i++)
        buffer_release(vm, &v->buffers[i]);
    decref(vm, v->owner);
}

static bool vector_fill(VM *vm, const char *function, Value buffers, bool writable, Vector *v) {
    v->n = 0;
    v->owner = 0;
    if (!is_list(buffers) && !is_tuple(buffers)) {
        if (!is_obj(buffers) || !obj_type(as_obj(buffers))->slots.getitem || is_dict(buffers))
            return raise_type(vm, "%s() arg 2 must be a sequence", function);
    }
    v->owner = tuple_from_iterable(vm, buffers);
    if (!v->owner)
        return false;
    size_t n = as_tuple(v->owner)->len;
    for (size_t i = 0; i < n && i < ARRAY_LEN(v->buffers); i++) {
        if (!buffer_get(vm, as_tuple(v->owner)->items[i], &v->buffers[i], writable)) {
            vector_drop(vm, v);
            return false;
        }
        v->parts[i] = (struct iovec){.iov_base = v->buffers[i].data, .iov_len = v->buffers[i].len};
        v->n++;
    }
    return true;
}

static Value posix_writev(NATIVE_ARGS) {
    int fd;
    Vector v;
    if (!to_c_int(vm, args[0], &fd) || !vector_fill(vm, "writev", args[1], false, &v))
        return VALUE_ERROR;
    ssize_t done = guard_writev(vm, fd, v.parts, (int)v.n);
    Value r = done < 0 ? posix_fail(vm) : int_from_ssize(vm, done);
    vector_drop(vm, &v);
    return r;
}

static Value posix_readv(NATIVE_ARGS) {
    int fd;
    Vector v;
    if (!to_c_int(vm, args[0], &fd) || !vector_fill(vm, "readv", args[1], true, &v))
        return VALUE_ERROR;
    ssize_t done = -1;
    if (guard_read(vm, fd, v.n))
        BLOCKING(done, readv(fd, v.parts, (int)v.n));
    Value r = done < 0 ? posix_fail(vm) : int_from_ssize(vm, done);
    vector_drop(vm, &v);
    return r;
}

static Value posix_lseek(NATIVE_ARGS) {
    int fd, whence;
    int64_t position;
    if (!to_c_int(vm, args[0], &fd) || !to_int64(vm, args[1], &position) || !to_c_int(vm, args[2], &whence))
        return VALUE_ERROR;
    off_t at = lseek(fd, position, whence);
    return at < 0 ? posix_fail(vm) : int_from_int64(vm, at);
}

static Value posix_ftruncate(NATIVE_ARGS) {
    int fd, r;
    int64_t length;
    if (!to_c_int(vm, args[0], &fd) || !to_int64(vm, args[1], &length))
        return VALUE_ERROR;
    BLOCKING(r, ftruncate(fd, length));
    return posix_done(vm, r);
}

static Value posix_fsync(NATIVE_ARGS) {
    int fd, r;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    BLOCKING(r, fsync(fd));
    return posix_done(vm, r);
}

static Value posix_fdatasync(NATIVE_ARGS) {
    int fd, r;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
#if defined(__APPLE__)
    BLOCKING(r, fsync(fd));
#else
    BLOCKING(r, fdatasync(fd));
#endif
    return posix_done(vm, r);
}

static Value posix_fchdir(NATIVE_ARGS) {
    int fd, r;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    BLOCKING(r, fchdir(fd));
    return posix_done(vm, r);
}

static Value posix_fchmod(NATIVE_ARGS) {
    int fd, mode, r;
    if (!to_c_int(vm, args[0], &fd) || !to_c_int(vm, args[1], &mode))
        return VALUE_ERROR;
    BLOCKING(r, fchmod(fd, (mode_t)mode));
    return posix_done(vm, r);
}

static Value posix_lockf(NATIVE_ARGS) {
    int fd, command, r;
    int64_t n;
    if (!to_c_int(vm, args[0], &fd) || !to_c_int(vm, args[1], &command) || !to_int64(vm, args[2], &n))
        return VALUE_ERROR;
    if (command == F_LOCK && guard_needed(vm))
        GUARD_RETRY(r, lockf(fd, F_TLOCK, n), errno == EACCES || errno == EAGAIN);
    else
        BLOCKING(r, lockf(fd, command, n));
    return posix_done(vm, r);
}

/* Copies, pipes -----------------------------------------------------------------------------------------------------
 */

static Value posix_dup(NATIVE_ARGS) {
    int fd, r;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    BLOCKING(r, fcntl(fd, F_DUPFD_CLOEXEC, 0));
    return r < 0 ? posix_fail(vm) : from_small_int(r);
}

static Value posix_dup2(NATIVE_ARGS) {
    int fd, fd2, r;
    bool inheritable;
    if (!to_c_int(vm, args[0], &fd) || !to_c_int(vm, args[1], &fd2) || !posix_flag(vm, args[2], true, &inheritable))
        return VALUE_ERROR;
    if (fd < 0 || fd2 < 0) {
        errno = EBADF;
        return posix_fail(vm);
    }
    BLOCKING(r, dup2(fd, fd2));
    if (r >= 0 && !inheritable && fcntl(fd2, F_SETFD, FD_CLOEXEC) < 0) {
        int saved = errno;
        close(fd2);
        errno = saved;
        r = -1;
    }
    return r < 0 ? posix_fail(vm) : from_small_int(r);
}

static Value descriptor_pair(VM *vm, int a, int b) { return tuple_pack(vm, 2, from_small_int(a), from_small_int(b)); }

static Value make_pipe(VM *vm, int flags) {
    int fds[2];
#if defined(__APPLE__)
    int r = pipe(fds);
    if (r == 0 && (flags & O_CLOEXEC)) {
        fcntl(fds[0], F_SETFD, FD_CLOEXEC);
        fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    }
#else
    int r = pipe2(fds, flags);
#endif
    if (r < 0)
        return posix_fail(vm);
    Value pair = descriptor_pair(vm, fds[0], fds[1]);
    if (!pair) {
        close(fds[0]);
        close(fds[1]);
    }
    return pair;
}

static Value posix_pipe(NATIVE_ARGS) { return make_pipe(vm, O_CLOEXEC); }
static Value posix_pipe2(NATIVE_ARGS) {
    int flags;
    return to_c_int(vm, args[0], &flags) ? make_pipe(vm, flags) : VALUE_ERROR;
}

/* Properties --------------------------------------------------------------------------------------------------------
 */

static Value posix_isatty(NATIVE_ARGS) {
    int fd;
    return to_c_int(vm, args[0], &fd) ? from_bool(isatty(fd)) : VALUE_ERROR;
}

static Value posix_device_encoding(NATIVE_ARGS) {
    int fd;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    return isatty(fd) ? str_from_c(vm, "UTF-8") : VALUE_NONE;
}

static Value posix_ttyname(NATIVE_ARGS) {
    int fd;
    char name[PATH_MAX];
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    int error = ttyname_r(fd, name, sizeof name);
    return error != 0 ? raise_os_error(vm, error, 0) : posix_decode(vm, name, strlen(name));
}

static Value posix_get_inheritable(NATIVE_ARGS) {
    int fd;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    int flags = fcntl(fd, F_GETFD);
    return flags < 0 ? posix_fail(vm) : from_bool(!(flags & FD_CLOEXEC));
}

static Value posix_set_inheritable(NATIVE_ARGS) {
    int fd, inheritable;
    if (!to_c_int(vm, args[0], &fd) || !to_c_int(vm, args[1], &inheritable))
        return VALUE_ERROR;
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0)
        return posix_fail(vm);
    return posix_done(vm, fcntl(fd, F_SETFD, inheritable ? flags & ~FD_CLOEXEC : flags | FD_CLOEXEC));
}

static Value posix_get_blocking(NATIVE_ARGS) {
    int fd;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    int flags = fcntl(fd, F_GETFL);
    return flags < 0 ? posix_fail(vm) : from_bool(!(flags & O_NONBLOCK));
}

static Value posix_set_blocking(NATIVE_ARGS) {
    int fd;
    bool blocking;
    if (!to_c_int(vm, args[0], &fd) || !posix_flag(vm, args[1], true, &blocking))
        return VALUE_ERROR;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return posix_fail(vm);
    return posix_done(vm, fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

static Value posix_tcgetpgrp(NATIVE_ARGS) {
    int fd;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    pid_t group = tcgetpgrp(fd);
    return group < 0 ? posix_fail(vm) : from_small_int(group);
}

static Value posix_tcsetpgrp(NATIVE_ARGS) {
    int fd, group;
    if (!to_c_int(vm, args[0], &fd) || !posix_signed(vm, args[1], &group))
        return VALUE_ERROR;
    return posix_done(vm, tcsetpgrp(fd, group));
}

static Value posix_openpty(NATIVE_ARGS) {
    int master = posix_openpt(O_RDWR | O_NOCTTY), slave = -1;
    const char *name;
    if (master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 && (name = ptsname(master)))
        slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    Value pair = VALUE_ERROR;
    if (slave >= 0 && fcntl(master, F_SETFD, FD_CLOEXEC) == 0)
        pair = descriptor_pair(vm, master, slave);
    else
        posix_fail(vm);
    if (!pair && master >= 0)
        close(master);
    if (!pair && slave >= 0)
        close(slave);
    return pair;
}

static Value posix_login_tty(NATIVE_ARGS) {
    int fd;
    return posix_descriptor(vm, args[0], &fd) ? posix_done(vm, login_tty(fd)) : VALUE_ERROR;
}

#if defined(__linux__)
static bool optional_offset(VM *vm, Value v, int64_t *out) { return v == 0 || is_none(v) || to_int64(vm, v, out); }

static Value posix_sendfile(NATIVE_ARGS) {
    int out, in;
    int64_t at = 0;
    ssize_t n;
    bool has_offset = !is_none(args[2]);
    if (!to_c_int(vm, args[0], &out) || !to_c_int(vm, args[1], &in) || !optional_offset(vm, args[2], &at) ||
        !to_ssize(vm, args[3], &n))
        return VALUE_ERROR;
    off_t offset = at;
    ssize_t done = -1;
    PipeSignal signal;
    if (guard_needed(vm) && n > PIPE_BUF)
        n = PIPE_BUF; /* a part is as good, and does not wait when the other side reads slowly */
    pipe_signal_hold(vm, &signal);
    if (!guard_needed(vm) || guard_wait(vm, out, POLLOUT))
        BLOCKING(done, sendfile(out, in, has_offset ? &offset : NULL, (size_t)n));
    pipe_signal_release(&signal, done < 0);
    return done < 0 ? posix_fail(vm) : int_from_ssize(vm, done);
}

static Value posix_copy_file_range(NATIVE_ARGS) {
    int src, dst;
    ssize_t n;
    int64_t src_at = 0, dst_at = 0;
    if (!to_c_int(vm, args[0], &src) || !to_c_int(vm, args[1], &dst) || !to_ssize(vm, args[2], &n))
        return VALUE_ERROR;
    if (n < 0)
        return raise_value(vm, "negative value for 'count' not allowed");
    if (!optional_offset(vm, args[3], &src_at) || !optional_offset(vm, args[4], &dst_at))
        return VALUE_ERROR;
    off64_t from = src_at, to = dst_at;
    ssize_t done;
    BLOCKING(done, copy_file_range(src, args[3] && !is_none(args[3]) ? &from : NULL, dst,
                                   args[4] && !is_none(args[4]) ? &to : NULL, (size_t)n, 0));
    return done < 0 ? posix_fail(vm) : int_from_ssize(vm, done);
}

static Value posix_eventfd(NATIVE_ARGS) {
    int64_t initial;
    int flags;
    if (!to_int64(vm, args[0], &initial) || !posix_int(vm, args[1], EFD_CLOEXEC, &flags))
        return VALUE_ERROR;
    if (initial < 0 || initial > UINT32_MAX)
        return raise_value(vm, "value must be positive");
    int fd = eventfd((unsigned)initial, flags);
    return fd < 0 ? posix_fail(vm) : from_small_int(fd);
}

static Value posix_eventfd_read(NATIVE_ARGS) {
    int fd, r = -1;
    eventfd_t n = 0;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    if (guard_read(vm, fd, sizeof n))
        BLOCKING(r, eventfd_read(fd, &n));
    return r < 0 ? posix_fail(vm) : int_from_uint64(vm, n);
}

static Value posix_eventfd_write(NATIVE_ARGS) {
    int fd, r = -1;
    int64_t n;
    if (!posix_descriptor(vm, args[0], &fd) || !to_int64(vm, args[1], &n))
        return VALUE_ERROR;
    if (!guard_needed(vm) || guard_wait(vm, fd, POLLOUT))
        BLOCKING(r, eventfd_write(fd, (eventfd_t)n));
    return posix_done(vm, r);
}

static Value posix_memfd_create(NATIVE_ARGS) {
    int flags;
    Value name = posix_fs_bytes(vm, args[0]);
    if (!name)
        return VALUE_ERROR;
    int fd = -1;
    if (posix_int(vm, args[1], MFD_CLOEXEC, &flags))
        fd = memfd_create(as_bytes(name)->data, (unsigned)flags);
    decref(vm, name);
    return fd < 0 ? posix_fail(vm) : from_small_int(fd);
}
#endif

#if !defined(__APPLE__)
static Value posix_posix_fallocate(NATIVE_ARGS) {
    int fd, error;
    int64_t offset, length;
    if (!to_c_int(vm, args[0], &fd) || !to_int64(vm, args[1], &offset) || !to_int64(vm, args[2], &length))
        return VALUE_ERROR;
    do
        error = posix_fallocate(fd, offset, length);
    while (error == EINTR && posix_go_on(vm));
    if (error_pending(vm))
        return VALUE_ERROR;
    return error != 0 ? raise_os_error(vm, error, 0) : VALUE_NONE;
}

static Value posix_posix_fadvise(NATIVE_ARGS) {
    int fd, advice;
    int64_t offset, length;
    if (!to_c_int(vm, args[0], &fd) || !to_int64(vm, args[1], &offset) || !to_int64(vm, args[2], &length) ||
        !to_c_int(vm, args[3], &advice))
        return VALUE_ERROR;
    int error = posix_fadvise(fd, offset, length, advice);
    return error != 0 ? raise_os_error(vm, error, 0) : VALUE_NONE;
}
#endif

const MethodSpec posix_fd_methods[] = {
    {"close", posix_close, "fd", "Closes a descriptor.", 0},
    {"closerange", posix_closerange, "fd_low, fd_high, /", "Closes all descriptors of a range, whatever happens.", 0},
    {"read", posix_read, "fd, length, /", "Reads up to length bytes.", 0},
    {"pread", posix_pread, "fd, length, offset, /", "Reads up to length bytes at an offset.", 0},
    {"write", posix_write, "fd, data, /", "Writes bytes; the number written.", 0},
    {"pwrite", posix_pwrite, "fd, buffer, offset, /", "Writes bytes at an offset; the number written.", 0},
    {"readv", posix_readv, "fd, buffers, /", "Reads into several buffers; the number of bytes.", 0},
    {"writev", posix_writev, "fd, buffers, /", "Writes several buffers; the number of bytes.", 0},
    {"lseek", posix_lseek, "fd, position, whence, /", "Changes the position; the new one.", 0},
    {"ftruncate", posix_ftruncate, "fd, length, /", "Cuts an open file at a length.", 0},
    {"fsync", posix_fsync, "fd", "Waits until the file is on its device.", 0},
    {"fdatasync", posix_fdatasync, "fd", "Waits until the file's contents are on its device.", 0},
    {"fchdir", posix_fchdir, "fd", "Makes an open directory the working directory.", 0},
    {"fchmod", posix_fchmod, "fd, mode", "Changes the access rights of an open file.", 0},
    {"lockf", posix_lockf, "fd, command, length, /", "Sets, tests or removes a lock on a part of a file.", 0},
    {"dup", posix_dup, "fd, /", "Another descriptor of the same file, which children do not inherit.", 0},
    {"dup2", posix_dup2, "fd, fd2, inheritable=True", "Makes fd2 a descriptor of the same file.", 0},
    {"pipe", posix_pipe, "", "A pipe: the descriptors (read end, write end).", 0},
    {"pipe2", posix_pipe2, "flags, /", "A pipe with flags: the descriptors (read end, write end).", 0},
    {"isatty", posix_isatty, "fd, /", "Whether it is a terminal.", 0},
    {"device_encoding", posix_device_encoding, "fd", "The text encoding of a terminal; None for anything else.", 0},
    {"ttyname", posix_ttyname, "fd, /", "The name of the terminal.", 0},
    {"get_inheritable", posix_get_inheritable, "fd, /", "Whether children inherit the descriptor.", 0},
    {"set_inheritable", posix_set_inheritable, "fd, inheritable, /", "Says whether children inherit it.", 0},
    {"get_blocking", posix_get_blocking, "fd, /", "Whether reading and writing may wait.", 0},
    {"set_blocking", posix_set_blocking, "fd, blocking, /", "Says whether reading and writing may wait.", 0},
    {"tcgetpgrp", posix_tcgetpgrp, "fd, /", "The process group of a terminal.", 0},
    {"tcsetpgrp", posix_tcsetpgrp, "fd, pgid, /", "Sets the process group of a terminal.", 0},
    {"login_tty", posix_login_tty, "fd, /", "Makes a terminal this session's own and its standard files.", 0},
    {"openpty", posix_openpty, "", "A pseudo-terminal: the descriptors (master, slave).", 0},
#if defined(__linux__)
    {"sendfile", posix_sendfile, "out_fd, in_fd, offset, count", "Copies from one file to another.", 0},
    {"copy_file_range", posix_copy_file_range, "src, dst, count, offset_src=None, offset_dst=None",
     "Copies a part of one file into another.", 0},
    {"eventfd", posix_eventfd, "initval, flags=524288", "A descriptor for counting events.", 0},
    {"eventfd_read", posix_eventfd_read, "fd", "Reads the counter of an event descriptor.", 0},
    {"eventfd_write", posix_eventfd_write, "fd, value", "Adds to the counter of an event descriptor.", 0},
    {"memfd_create", posix_memfd_create, "name, flags=1", "A file in memory, without a path.", 0},
#endif
#if !defined(__APPLE__)
    {"posix_fallocate", posix_posix_fallocate, "fd, offset, length, /", "Makes sure there is room for a file.", 0},
    {"posix_fadvise", posix_posix_fadvise, "fd, offset, length, advice, /", "Tells how a file will be used.", 0},
#endif
    {0},
};
