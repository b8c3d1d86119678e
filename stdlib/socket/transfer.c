/* Sending and receiving. What can be done at once is done with the lock held, so that a short transfer never waits
 * for another thread: each call is first tried with MSG_DONTWAIT, and only when the system would have to wait is the
 * lock given up. */
#include "stdlib/socket/socket.h"
#include "stdlib/guard.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>

bool socket_set_blocking(VM *vm, int fd, bool blocking) {
    int flags = fcntl(fd, F_GETFL);
    int wanted = blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK;
    return (flags >= 0 && (flags == wanted || fcntl(fd, F_SETFL, wanted) >= 0)) || raise_os_error(vm, errno, 0);
}

ssize_t socket_try(VM *vm, Socket *s, short events, SocketAttempt attempt, void *data, bool release,
                   int64_t *deadline) {
    for (;;) {
        ssize_t r;
        int fd = s->fd;
        if (release && s->timeout < 0 && guard_needed(vm) && wait_descriptor(vm, fd, events, WAIT_FOREVER) < 0)
            return -1;
        if (release)
            WITHOUT_LOCK(vm, r = attempt(fd, data));
        else
            r = attempt(fd, data);
        if (r >= 0)
            return r;
        if (errno == EINTR) {
            if (!posix_go_on(vm))
                return -1;
            continue;
        }
        if ((errno != EAGAIN && errno != EWOULDBLOCK) || s->timeout == 0) {
            raise_os_error(vm, errno, 0);
            return -1;
        }
        if (*deadline == 0)
            *deadline = wait_deadline(s->timeout);
        int ready = wait_descriptor(vm, fd, events, *deadline);
        if (ready == 0)
            raisef(vm, vm->exc.TimeoutError, "timed out");
        if (ready <= 0)
            return -1;
    }
}

/* For a script that says itself that the call is not to wait. */
static ssize_t attempt_once(VM *vm, Socket *s, SocketAttempt attempt, void *data) {
    ssize_t r;
    while ((r = attempt(s->fd, data)) < 0) {
        if (errno != EINTR)
            raise_os_error(vm, errno, 0);
        if (error_pending(vm) || !posix_go_on(vm))
            return -1;
    }
    return r;
}

/* --- receiving -----------------------------------------------------------------------------------------------------
 */

typedef struct Transfer {
    void *data;
    size_t n;
    int flags;
    SocketAddress *address; /* NULL: none */
} Transfer;

static ssize_t attempt_recv(int fd, void *data) {
    Transfer *t = data;
    if (!t->address)
        return recv(fd, t->data, t->n, t->flags);
    t->address->len = sizeof t->address->storage;
    return recvfrom(fd, t->data, t->n, t->flags, &t->address->any, &t->address->len);
}

/* MSG_WAITALL in parts, between which the host is heard. */
static ssize_t receive_all(VM *vm, Socket *s, Transfer *t) {
    int64_t deadline = 0;
    size_t got = 0;
    while (got < t->n) {
        Transfer part = {(char *)t->data + got, t->n - got, t->flags & ~MSG_WAITALL, t->address};
        ssize_t more = socket_try(vm, s, POLLIN, attempt_recv, &part, true, &deadline);
        if (more < 0)
            return -1;
        if (more == 0)
            break;
        got += (size_t)more;
    }
    return (ssize_t)got;
}

/* Of a blocking descriptor: what is there already, or else what the call itself waits for. */
static ssize_t receive_blocking(VM *vm, Socket *s, Transfer *t) {
    int64_t deadline = 0;
    if (t->flags & MSG_DONTWAIT)
        return attempt_once(vm, s, attempt_recv, t);
    if (t->n <= SOCKET_SHORT && !(t->flags & MSG_WAITALL)) { /* WAITALL has the system collect the whole */
        int flags = t->flags;
        t->flags |= MSG_DONTWAIT;
        ssize_t got = attempt_recv(s->fd, t);
        if (got < 0 && errno != EINTR && errno != EAGAIN && errno != EWOULDBLOCK)
            raise_os_error(vm, errno, 0);
        if (got >= 0 || error_pending(vm))
            return got;
        t->flags = flags;
    }
    if (t->flags & MSG_WAITALL && !(t->flags & MSG_PEEK) && s->type == SOCK_STREAM && guard_needed(vm))
        return receive_all(vm, s, t);
    return socket_try(vm, s, POLLIN, attempt_recv, t, true, &deadline);
}

static ssize_t receive(VM *vm, Socket *s, void *data, size_t n, int flags, SocketAddress *address) {
    Transfer t = {data, n, flags, address};
    if (s->timeout < 0)
        return receive_blocking(vm, s, &t);
    t.flags |= MSG_DONTWAIT;
    int64_t deadline = 0;
    return socket_try(vm, s, POLLIN, attempt_recv, &t, n > SOCKET_SHORT, &deadline);
}

static bool flags_argument(VM *vm, Value v, int *out) { return posix_int(vm, v, 0, out); }

static bool size_argument(VM *vm, Value v, const char *function, ssize_t *out) {
    if (!to_ssize(vm, v, out))
        return false;
    return *out >= 0 || raise_value(vm, "negative buffersize in %s", function);
}

/* Received data as bytes. */
static NOINLINE Value receive_bytes(VM *vm, Socket *s, size_t n, int flags, SocketAddress *address) {
    char small[SOCKET_SHORT];
    if (n <= sizeof small) {
        ssize_t got = receive(vm, s, small, n, flags, address);
        return got < 0 ? VALUE_ERROR : bytes_new(vm, small, (size_t)got);
    }
    char *data = mem_alloc(vm, n);
    if (!data)
        return VALUE_ERROR;
    ssize_t got = receive(vm, s, data, n, flags, address);
    Value r = got < 0 ? VALUE_ERROR : bytes_new(vm, data, (size_t)got);
    mem_free(vm, data, n);
    return r;
}

Value socket_recv(NATIVE_ARGS) {
    ssize_t n;
    int flags;
    if (!to_ssize(vm, args[0], &n) || !flags_argument(vm, args[1], &flags))
        return VALUE_ERROR;
    if (n < 0)
        return raise_value(vm, "negative buffersize in recv");
    return receive_bytes(vm, as_socket(self), (size_t)n, flags, NULL);
}

Value socket_recvfrom(NATIVE_ARGS) {
    ssize_t n;
    int flags;
    SocketAddress address;
    if (!size_argument(vm, args[0], "recvfrom", &n) || !flags_argument(vm, args[1], &flags))
        return VALUE_ERROR;
    Value data = receive_bytes(vm, as_socket(self), (size_t)n, flags, &address), from = VALUE_ERROR, r = VALUE_ERROR;
    if (data)
        from = address_value(vm, &address);
    if (from)
        r = tuple_pack(vm, 2, data, from);
    decref(vm, data);
    decref(vm, from);
    return r;
}

static bool writable_buffer(VM *vm, Value v, const char *function, Buffer *out) {
    if (buffer_get(vm, v, out, true))
        return true;
    if (!error_matches(vm, vm->exc.TypeError) && !error_matches(vm, vm->exc.BufferError))
        return false;
    error_clear(vm);
    return raise_type(vm, "%s() argument 1 must be read-write bytes-like object, not %T", function, v);
}

/* The part of a buffer that a recv_into() may fill; on failure there is nothing to release. */
static bool target(VM *vm, Value *args, const char *function, Buffer *out, size_t *n, int *flags) {
    ssize_t wanted = 0;
    if ((args[1] && !to_ssize(vm, args[1], &wanted)) || !flags_argument(vm, args[2], flags) ||
        !writable_buffer(vm, args[0], function, out))
        return false;
    bool ok = wanted >= 0 || raise_value(vm, "negative buffersize in %s", function);
    if (ok && (size_t)wanted > out->len)
        ok = strcmp(function, "recv_into") == 0 ? raise_value(vm, "buffer too small for requested bytes")
                                                : raise_value(vm, "nbytes is greater than the length of the buffer");
    *n = wanted ? (size_t)wanted : out->len;
    if (!ok)
        buffer_release(vm, out);
    return ok;
}

Value socket_recv_into(NATIVE_ARGS) {
    Buffer b;
    size_t n;
    int flags;
    if (!target(vm, args, "recv_into", &b, &n, &flags))
        return VALUE_ERROR;
    ssize_t got = receive(vm, as_socket(self), b.data, n, flags, NULL);
    buffer_release(vm, &b);
    return got < 0 ? VALUE_ERROR : from_small_int(got);
}

Value socket_recvfrom_into(NATIVE_ARGS) {
    Buffer b;
    size_t n;
    int flags;
    SocketAddress address;
    if (!target(vm, args, "recvfrom_into", &b, &n, &flags))
        return VALUE_ERROR;
    ssize_t got = receive(vm, as_socket(self), b.data, n, flags, &address);
    buffer_release(vm, &b);
    Value from = got < 0 ? VALUE_ERROR : address_value(vm, &address);
    Value r = from ? tuple_pack(vm, 2, from_small_int(got), from) : VALUE_ERROR;
    decref(vm, from);
    return r;
}

/* --- sending -------------------------------------------------------------------------------------------------------
 */

static ssize_t attempt_send(int fd, void *data) {
    Transfer *t = data;
    if (!t->address)
        return send(fd, t->data, t->n, t->flags);
    return sendto(fd, t->data, t->n, t->flags, &t->address->any, t->address->len);
}

static ssize_t send_some(VM *vm, Socket *s, const char *data, size_t n, int flags, SocketAddress *to,
                         int64_t *deadline) {
    Transfer t = {(void *)data, n, flags | MSG_DONTWAIT | pipe_send_flags(vm), to};
    if (s->timeout < 0 && (flags & MSG_DONTWAIT))
        return attempt_once(vm, s, attempt_send, &t);
    return socket_try(vm, s, POLLOUT, attempt_send, &t, n > SOCKET_SHORT || lock_watched(vm), deadline);
}

/* The same in parts, between which the host is heard. */
static ssize_t send_guarded(VM *vm, int fd, const char *data, size_t n, int flags) {
    size_t sent = 0;
    while (sent < n) {
        if (!guard_wait(vm, fd, POLLOUT))
            return -1;
        ssize_t more = send(fd, data + sent, n - sent, flags | MSG_DONTWAIT | MSG_NOSIGNAL);
        if (more < 0 && errno != EAGAIN && errno != EINTR)
            break;
        sent += more > 0 ? (size_t)more : 0;
    }
    return (ssize_t)sent;
}

/* A blocking socket takes the whole, as long as nothing goes wrong; then the part that was taken counts. */
static ssize_t send_data(VM *vm, Socket *s, const char *data, size_t n, int flags) {
    int64_t deadline = 0;
    ssize_t sent = send_some(vm, s, data, n, flags, NULL, &deadline);
    if (sent < 0 || (size_t)sent == n || s->timeout >= 0 || (flags & MSG_DONTWAIT))
        return sent;
    int fd = s->fd;
    ssize_t more;
    if (guard_needed(vm))
        more = send_guarded(vm, fd, data + sent, n - (size_t)sent, flags);
    else
        WITHOUT_LOCK(vm, more = send(fd, data + sent, n - (size_t)sent, flags | pipe_send_flags(vm)));
    if (error_pending(vm) || !posix_go_on(vm))
        return -1;
    return more > 0 ? sent + more : sent;
}

Value socket_send(NATIVE_ARGS) {
    Buffer b;
    int flags;
    if (!flags_argument(vm, args[1], &flags) || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    ssize_t sent = send_data(vm, as_socket(self), b.data, b.len, flags);
    buffer_release(vm, &b);
    return sent < 0 ? VALUE_ERROR : from_small_int(sent);
}

/* The timeout is for the whole. */
Value socket_sendall(NATIVE_ARGS) {
    Socket *s = as_socket(self);
    Buffer b;
    int flags;
    if (!flags_argument(vm, args[1], &flags) || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    int64_t deadline = 0;
    size_t done = 0;
    bool ok = true;
    while (ok && done < b.len) {
        ssize_t sent = send_some(vm, s, b.data + done, b.len - done, flags, NULL, &deadline);
        ok = sent >= 0 && posix_go_on(vm);
        done += ok ? (size_t)sent : 0;
    }
    buffer_release(vm, &b);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

Value socket_sendto(NATIVE_ARGS) {
    Socket *s = as_socket(self);
    SocketAddress to;
    Buffer b;
    int flags = 0;
    int64_t deadline = 0;
    if (kwnames)
        return raise_type(vm, "socket.sendto() takes no keyword arguments");
    if (nargs < 2 || nargs > 3)
        return raise_type(vm, "sendto() takes 2 or 3 arguments (%u given)", nargs);
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    bool ok = (nargs == 2 || to_c_int(vm, args[1], &flags)) && address_parse(vm, s, args[nargs - 1], "sendto", &to);
    ssize_t sent = ok ? send_some(vm, s, b.data, b.len, flags, &to, &deadline) : -1;
    buffer_release(vm, &b);
    return sent < 0 ? VALUE_ERROR : from_small_int(sent);
}
