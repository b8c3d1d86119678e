/* The essay is in guard.h. */
#include "stdlib/guard.h"

#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/limits.h"
#include "stdlib/wait.h"

extern char **environ;

#define MILLISECOND ((int64_t)1000000)
#define PAUSE_MAX (8 * MILLISECOND)
#define MASTER_PIECE 128 /* room for characters comes in units of 256 */

bool guard_watches(VM *vm) { return wait_host(vm) >= 0 || limits_deadline(vm) != WAIT_FOREVER; }

bool guard_wait(VM *vm, int fd, short events) {
    struct pollfd p = {.fd = fd, .events = events};
    if (poll(&p, 1, 0) != 0)
        return true;
    int flags = fcntl(fd, F_GETFL), unfit = events == POLLIN ? O_WRONLY : O_RDONLY;
    if (flags < 0 || flags & O_NONBLOCK || (flags & O_ACCMODE) == unfit)
        return true;
    return wait_descriptor(vm, fd, events, WAIT_FOREVER) >= 0;
}

bool guard_pause(VM *vm, int64_t *pause) {
    *pause = *pause == 0 ? MILLISECOND : *pause < PAUSE_MAX ? 2 * *pause : PAUSE_MAX;
    return wait_descriptor(vm, -1, 0, wait_deadline(*pause)) >= 0;
}

int64_t guard_slice(VM *vm, int64_t deadline) {
    if (!guard_needed(vm))
        return deadline;
    int64_t slice = wait_deadline(PAUSE_MAX), limit = limits_deadline(vm);
    slice = slice < limit ? slice : limit;
    return slice < deadline ? slice : deadline;
}

/* --- the signal of a closed pipe -----------------------------------------------------------------------------------
 */

static void pipe_signal_set(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

void pipe_signal_hold(VM *vm, PipeSignal *s) {
    sigset_t pipe, waiting;
    s->held = vm->hosted;
    if (!s->held)
        return;
    pipe_signal_set(&pipe);
    pthread_sigmask(SIG_BLOCK, &pipe, &s->mask);
    /* only where the host held it back already can one have come before */
    s->waiting = sigismember(&s->mask, SIGPIPE) && sigpending(&waiting) == 0 && sigismember(&waiting, SIGPIPE);
}

void pipe_signal_release(const PipeSignal *s, bool failed) {
    if (!s->held)
        return;
    int saved = errno;
    sigset_t pipe;
    pipe_signal_set(&pipe);
    if (failed && saved == EPIPE && !s->waiting)
        sigtimedwait(&pipe, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &s->mask, NULL);
    errno = saved;
}

/* --- writing -------------------------------------------------------------------------------------------------------
 */

static void advance(struct iovec **parts, int *n, size_t done) {
    while (*n > 0 && done >= (*parts)->iov_len) {
        done -= (*parts)->iov_len;
        ++*parts, --*n;
    }
    if (done > 0)
        *(*parts) = (struct iovec){(char *)(*parts)->iov_base + done, (*parts)->iov_len - done};
}

/* How a descriptor is written to without waiting. */
typedef struct Sink {
    int fd;
    bool socket;
    size_t piece; /* what it takes when poll() calls it ready */
    int terminal; /* the same terminal, opened so that it does not wait; or -1 */
} Sink;

/* What poll() says of a terminal is true of one character. The side of a pseudo-terminal that makes one, whose file
 * would make another, takes a little more. */
static void open_terminal(Sink *s) {
    char path[32];
    unsigned number;
    s->piece = MASTER_PIECE;
    if (ioctl(s->fd, TIOCGPTN, &number) == 0)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", s->fd);
    s->terminal = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    s->piece = s->terminal >= 0 ? SSIZE_MAX : 1;
}

static bool sink_open(Sink *s, int fd) {
    struct stat st;
    if (fstat(fd, &st) < 0)
        return false;
    *s = (Sink){fd, S_ISSOCK(st.st_mode), S_ISFIFO(st.st_mode) ? PIPE_BUF : SSIZE_MAX, -1};
    if (S_ISCHR(st.st_mode) && isatty(fd))
        open_terminal(s);
    return true;
}

static void sink_close(Sink *s) {
    int saved = errno;
    if (s->terminal >= 0)
        close(s->terminal);
    errno = saved;
}

static ssize_t write_piece(const Sink *s, struct iovec *parts, int n, size_t left) {
    int fd = s->terminal >= 0 ? s->terminal : s->fd;
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)n};
    if (s->socket)
        return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    return left <= s->piece ? writev(fd, parts, n)
                            : write(fd, parts->iov_base, parts->iov_len < s->piece ? parts->iov_len : s->piece);
}

/* After a piece was refused: because of nothing but that this call does not wait? */
static bool would_wait(const Sink *s) {
    return errno == EAGAIN && (s->socket || s->terminal >= 0) && !(fcntl(s->fd, F_GETFL) & O_NONBLOCK);
}

/* Piece by piece, until all is written, as a blocking call does. */
static ssize_t write_pieces(VM *vm, Sink *s, struct iovec *parts, int n, size_t total) {
    size_t done = 0;
    advance(&parts, &n, 0); /* a call for an empty part alone would write nothing */
    for (;;) {
        if (!guard_wait(vm, s->fd, POLLOUT))
            return -1;
        ssize_t r;
        BLOCKING(r, write_piece(s, parts, n, total - done));
        if (r < 0 && error_pending(vm))
            return -1;
        if (r < 0 && would_wait(s))
            continue;
        if (r < 0)
            return done > 0 ? (ssize_t)done : -1;
        done += (size_t)r;
        if (done >= total || r == 0)
            return (ssize_t)done;
        advance(&parts, &n, (size_t)r);
    }
}

static ssize_t write_all(VM *vm, int fd, struct iovec *parts, int n) {
    size_t total = 0;
    ssize_t done;
    Sink s;
    for (int i = 0; i < n; i++)
        total += parts[i].iov_len;
    if (total == 0 || !guard_needed(vm)) {
        BLOCKING(done, writev(fd, parts, n));
        return done;
    }
    if (!sink_open(&s, fd))
        return -1;
    done = write_pieces(vm, &s, parts, n, total);
    sink_close(&s);
    return done;
}

ssize_t guard_writev(VM *vm, int fd, struct iovec *parts, int n) {
    PipeSignal signal;
    pipe_signal_hold(vm, &signal);
    ssize_t done = write_all(vm, fd, parts, n);
    pipe_signal_release(&signal, done < 0);
    return done;
}

ssize_t guard_write(VM *vm, int fd, const void *data, size_t n) {
    struct iovec part = {(void *)data, n};
    return guard_writev(vm, fd, &part, 1);
}

/* --- opening -------------------------------------------------------------------------------------------------------
 */

/* Has anybody opened a FIFO for writing since it was opened for reading? tee() tells apart what read() would only do
 * by taking a byte: nobody there (0), and nothing there (EAGAIN). */
static bool writer_came(int fd, int scratch) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) != 0 || tee(fd, scratch, 1, SPLICE_F_NONBLOCK) != 0;
}

static bool wait_for_writer(VM *vm, int fd) {
    int scratch[2];
    int64_t pause = 0;
    bool ok = true;
    if (pipe2(scratch, O_CLOEXEC) < 0)
        return false;
    while (ok && !writer_came(fd, scratch[1]))
        ok = guard_pause(vm, &pause);
    int saved = errno;
    close(scratch[0]);
    close(scratch[1]);
    errno = saved;
    return ok;
}

/* Opens a FIFO without waiting; to write, when there is a reader. */
static int open_fifo(VM *vm, int dir_fd, const char *name, int flags, mode_t mode) {
    int fd;
    GUARD_RETRY(fd, openat(dir_fd, name, flags | O_NONBLOCK, mode), errno == ENXIO);
    if (fd < 0)
        return -1;
    if (((flags & O_ACCMODE) == O_WRONLY || wait_for_writer(vm, fd)) && fcntl(fd, F_SETFL, flags) >= 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

int guard_open(VM *vm, int dir_fd, const char *name, int flags, mode_t mode) {
    struct stat st;
    int fd;
    if (guard_needed(vm) && !(flags & (O_NONBLOCK | O_PATH)) && (flags & O_ACCMODE) != O_RDWR &&
        fstatat(dir_fd, name, &st, 0) == 0 && S_ISFIFO(st.st_mode))
        return open_fifo(vm, dir_fd, name, flags, mode);
    BLOCKING(fd, openat(dir_fd, name, flags, mode));
    return fd;
}

/* --- children ------------------------------------------------------------------------------------------------------
 */

/* How to wait for one process that ends: by a descriptor, or, with -1, by pausing. */
typedef struct ChildWait {
    int fd;
    int64_t pause;
} ChildWait;

static int process_descriptor(pid_t pid) {
#if defined(SYS_pidfd_open)
    return (int)syscall(SYS_pidfd_open, pid, 0);
#else
    return -1;
#endif
}

static void child_close(ChildWait *w) {
    int saved = errno;
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    errno = saved;
}

/* Until it is worth asking again. */
static bool child_wait(VM *vm, ChildWait *w) {
    if (w->fd < 0)
        return guard_pause(vm, &w->pause);
    int ready = wait_descriptor(vm, w->fd, POLLIN, WAIT_FOREVER);
    child_close(w); /* it has told all it can */
    return ready >= 0;
}

pid_t guard_waitpid(VM *vm, pid_t pid, int *status, int options) {
    pid_t r;
    if (options & WNOHANG || !guard_needed(vm)) {
        BLOCKING(r, waitpid(pid, status, options));
        return r;
    }
    ChildWait w = {pid > 0 && options == 0 ? process_descriptor(pid) : -1, 0};
    while ((r = waitpid(pid, status, options | WNOHANG)) == 0)
        if (!child_wait(vm, &w)) {
            r = -1;
            break;
        }
    child_close(&w);
    return r;
}

int guard_waitid(VM *vm, int kind, int id, siginfo_t *info, int options) {
    int r;
    if (options & WNOHANG || !guard_needed(vm)) {
        BLOCKING(r, waitid((idtype_t)kind, (id_t)id, info, options));
        return r;
    }
    bool by_end = kind == P_PID && !(options & (WSTOPPED | WCONTINUED));
    ChildWait w = {by_end ? process_descriptor(id) : -1, 0};
    while ((r = waitid((idtype_t)kind, (id_t)id, info, options | WNOHANG)) == 0 && info->si_pid == 0)
        if (!child_wait(vm, &w)) {
            r = -1;
            break;
        }
    child_close(&w);
    return r;
}

/* --- commands of the shell -----------------------------------------------------------------------------------------
 */

/* As system() has it, the signals that a terminal sends to all are the command's while it runs, and its end is not
 * told to anybody else. */
typedef struct Quiet {
    struct sigaction interrupt, quit; /* what they were */
    sigset_t mask;
} Quiet;

static void quiet_begin(Quiet *q) {
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigset_t child;
    sigemptyset(&ignore.sa_mask);
    sigaction(SIGINT, &ignore, &q->interrupt);
    sigaction(SIGQUIT, &ignore, &q->quit);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    pthread_sigmask(SIG_BLOCK, &child, &q->mask);
}

static void quiet_end(const Quiet *q) {
    int saved = errno;
    sigaction(SIGINT, &q->interrupt, NULL);
    sigaction(SIGQUIT, &q->quit, NULL);
    pthread_sigmask(SIG_SETMASK, &q->mask, NULL);
    errno = saved;
}

/* 0, or the number of the error. */
static int start_shell(const Quiet *q, const char *command, pid_t *pid) {
    char *argv[] = {"sh", "-c", (char *)command, NULL};
    posix_spawnattr_t how;
    sigset_t defaults;
    int error = posix_spawnattr_init(&how);
    if (error != 0)
        return error;
    sigemptyset(&defaults);
    if (q->interrupt.sa_handler != SIG_IGN)
        sigaddset(&defaults, SIGINT);
    if (q->quit.sa_handler != SIG_IGN)
        sigaddset(&defaults, SIGQUIT);
    posix_spawnattr_setsigdefault(&how, &defaults);
    posix_spawnattr_setsigmask(&how, &q->mask);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    error = posix_spawn(pid, "/bin/sh", NULL, &how, argv, environ);
    posix_spawnattr_destroy(&how);
    return error;
}

int guard_system(VM *vm, const char *command) {
    int status;
    if (!guard_needed(vm)) {
        WITHOUT_LOCK(vm, status = system(command));
        return status;
    }
    Quiet q;
    pid_t pid;
    quiet_begin(&q);
    int error = start_shell(&q, command, &pid);
    if (error == EAGAIN || error == ENOMEM) {
        errno = error;
        status = -1;
    } else if (error != 0) {
        status = 127 << 8; /* what a shell says of what it cannot start */
    } else if (guard_waitpid(vm, pid, &status, 0) < 0) {
        status = -1;
    }
    quiet_end(&q);
    return status;
}
