/* Calls of the system that wait until something happens outside, made so that a host can end them.
 *
 * A signal ends such a call by itself. What a thread of the host does, or the clock of a run with a hard limit, would
 * not be noticed in it. Where one of the two may come, these functions first wait for the descriptor together with
 * the host's own (wait.h) and make a call then that has nothing to wait for; where there is no descriptor, they ask
 * again and again, at most some milliseconds apart. (Who shares a pipe with other readers or writers, and is
 * overtaken by them in between, waits in the call after all.) Elsewhere, as in the command `cove`, the call is made
 * as it is.
 *
 * Nor may a closed pipe or connection end a host, as the signal of it does that such a call makes: in the process of
 * a host it is an error of the call alone.
 */
#ifndef COVE_STDLIB_GUARD_H
#define COVE_STDLIB_GUARD_H

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "stdlib/mod_posix.h"

struct iovec;

bool guard_watches(VM *vm);
/* Is there anything but signals that may end what the running thread waits for? */
static ALWAYS_INLINE bool guard_needed(VM *vm) { return unlikely(vm->host != NULL) && guard_watches(vm); }

/* Where a guard is needed: waits until a blocking descriptor is ready for `events` (POLLIN or POLLOUT), or a call on
 * it would fail at once. False with an exception. */
bool guard_wait(VM *vm, int fd, short events);
/* Before a call that reads n bytes. */
static ALWAYS_INLINE bool guard_read(VM *vm, int fd, size_t n) {
    return !guard_needed(vm) || n == 0 || guard_wait(vm, fd, POLLIN);
}
/* In the place of write() and writev(): as much as they write, or negative with errno or an exception. What the parts
 * say is changed. */
ssize_t guard_write(VM *vm, int fd, const void *data, size_t n);
ssize_t guard_writev(VM *vm, int fd, struct iovec *parts, int n);

/* Around other calls that may write to a pipe: holds SIGPIPE back from a host's thread; and lets it go again, less
 * the one that the call made if it has left EPIPE in errno. */
typedef struct PipeSignal {
    bool held, waiting; /* waiting: there was one before */
    sigset_t mask;
} PipeSignal;
void pipe_signal_hold(VM *vm, PipeSignal *s);
void pipe_signal_release(const PipeSignal *s, bool failed);
/* What send() and its like are told for the same purpose. */
static inline int pipe_send_flags(const VM *vm) { return vm->hosted ? MSG_NOSIGNAL : 0; }

/* A pause between two attempts: 1 ms, and twice as long each time, up to 8. False with an exception. */
bool guard_pause(VM *vm, int64_t *pause);
/* Repeats a call that does not wait until it does not fail with a number that is `busy`. As with BLOCKING, a negative
 * result may stand for an exception. */
#define GUARD_RETRY(result, call, busy)                                                                              \
    do {                                                                                                             \
        int64_t pause_ = 0;                                                                                          \
        do                                                                                                           \
            BLOCKING(result, call);                                                                                  \
        while ((result) < 0 && !error_pending(vm) && (busy) && guard_pause(vm, &pause_));                            \
    } while (0)
/* When a call with a time limit shall return so that the host is heard before the next one; not after the deadline
 * (wait.h). */
int64_t guard_slice(VM *vm, int64_t deadline);

/* openat(), which waits at a FIFO for the other side. */
int guard_open(VM *vm, int dir_fd, const char *name, int flags, mode_t mode);
/* system(), waitpid() and waitid(). */
int guard_system(VM *vm, const char *command);
pid_t guard_waitpid(VM *vm, pid_t pid, int *status, int options);
int guard_waitid(VM *vm, int kind, int id, siginfo_t *info, int options);

#endif
