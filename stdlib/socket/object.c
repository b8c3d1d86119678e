/* The socket object: its life, timeouts, connecting, listening and accepting. */
#include "stdlib/socket/socket.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "object/float.h"
#include "runtime/warnings.h"
#include "stdlib/grants.h"
#include "stdlib/guard.h"

static bool start(VM *vm, Socket *s, int fd, int family, int type, int proto) {
    s->fd = fd;
    s->family = family;
    s->type = type;
    s->proto = proto;
    s->timeout = -1;
#if defined(SOCK_NONBLOCK)
    s->type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (type != -1 && (type & SOCK_NONBLOCK)) {
        s->timeout = 0;
        return true;
    }
#endif
    s->timeout = socket_state(vm)->default_timeout;
    return s->timeout < 0 || socket_set_blocking(vm, fd, false);
}

Value socket_new(VM *vm, int fd, int family, int type, int proto) {
    Socket *s = object_alloc(vm, socket_state(vm)->type, 0);
    if (!s) {
        close(fd);
        return VALUE_ERROR;
    }
    s->fd = -1;
    if (start(vm, s, fd, family, type, proto))
        return from_obj(s);
    obj_decref(vm, &s->header);
    return VALUE_ERROR;
}

static Value socket_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Socket *s = object_alloc(vm, type, 0);
    if (!s)
        return VALUE_ERROR;
    s->fd = -1;
    s->timeout = -1;
    return from_obj(s);
}

/* What the system knows of a descriptor, where the caller has not said it. */
static bool inspect(VM *vm, int fd, int *family, int *type, int *proto) {
    SocketAddress a = {.len = sizeof a.storage};
    socklen_t n = sizeof *type;
    if (getsockname(fd, &a.any, &a.len) < 0) {
        if (*family == -1 || errno == EBADF || errno == ENOTSOCK)
            return socket_fail(vm);
    } else if (*family == -1) {
        *family = a.any.sa_family;
    }
    if (*type == -1 && getsockopt(fd, SOL_SOCKET, SO_TYPE, type, &n) < 0)
        return socket_fail(vm);
#if defined(SO_PROTOCOL)
    if (*proto == -1 && getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, proto, &n) < 0)
        return socket_fail(vm);
#endif
    if (*proto == -1)
        *proto = 0;
    return true;
}

static bool socket_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_NETWORK))
        return false;
    Socket *s = as_socket(self);
    Value v[4];
    int family = -1, type = -1, proto = -1, fd = -1;
    if (!native_bind(vm, "socket", "family=-1, type=-1, proto=-1, fileno=None", args, nargs, kwnames, v, 4) ||
        (v[0] && !posix_signed(vm, v[0], &family)) || (v[1] && !posix_signed(vm, v[1], &type)) ||
        (v[2] && !posix_signed(vm, v[2], &proto)))
        return false;
    if (v[3] && !is_none(v[3])) {
        if (!to_c_int(vm, v[3], &fd))
            return false;
        if (fd < 0)
            return raise_value(vm, "negative file descriptor");
        if (!inspect(vm, fd, &family, &type, &proto))
            return false;
    } else {
        family = family == -1 ? AF_INET : family;
        type = type == -1 ? SOCK_STREAM : type;
        proto = proto == -1 ? 0 : proto;
        if ((fd = socket(family, type | SOCK_CLOEXEC, proto)) < 0)
            return socket_fail(vm);
    }
    return start(vm, s, fd, family, type, proto);
}

static void socket_finalize(VM *vm, Value self) {
    Socket *s = as_socket(self);
    if (s->fd < 0)
        return;
    warnings_unclosed(vm, self, "");
    if (s->fd >= 0)
        close(s->fd);
    s->fd = -1;
}

static Value socket_repr(VM *vm, Value self) {
    Socket *s = as_socket(self);
    return str_printf(vm, "<socket object, fd=%d, family=%d, type=%d, proto=%d>", s->fd, s->family, s->type,
                      s->proto);
}

static Value socket_close(NATIVE_ARGS) {
    int fd = as_socket(self)->fd;
    as_socket(self)->fd = -1;
    /* the peer's reset is no failure of closing */
    return fd >= 0 && close(fd) < 0 && errno != EINTR && errno != ECONNRESET ? socket_fail(vm) : VALUE_NONE;
}

static Value socket_detach(NATIVE_ARGS) {
    int fd = as_socket(self)->fd;
    as_socket(self)->fd = -1;
    return from_small_int(fd);
}

static Value socket_fileno(NATIVE_ARGS) { return from_small_int(as_socket(self)->fd); }

/* --- timeouts ------------------------------------------------------------------------------------------------------
 */

static bool timeout_argument(VM *vm, Value v, int64_t *out) {
    *out = -1;
    if (is_none(v))
        return true;
    if (!wait_duration(vm, v, out))
        return false;
    return *out >= 0 || raise_value(vm, "Timeout value out of range");
}

static Value timeout_value(int64_t timeout) {
    return timeout < 0 ? VALUE_NONE : from_double((double)timeout / (double)WAIT_SECOND);
}

static Value set_timeout(VM *vm, Value self, int64_t timeout) {
    as_socket(self)->timeout = timeout;
    return socket_set_blocking(vm, as_socket(self)->fd, timeout < 0) ? VALUE_NONE : VALUE_ERROR;
}

static Value socket_settimeout(NATIVE_ARGS) {
    int64_t timeout;
    return timeout_argument(vm, args[0], &timeout) ? set_timeout(vm, self, timeout) : VALUE_ERROR;
}

static Value socket_setblocking(NATIVE_ARGS) {
    int blocking = truth(vm, args[0]);
    return blocking < 0 ? VALUE_ERROR : set_timeout(vm, self, blocking ? -1 : 0);
}

static Value socket_gettimeout(NATIVE_ARGS) { return timeout_value(as_socket(self)->timeout); }
static Value socket_getblocking(NATIVE_ARGS) { return from_bool(as_socket(self)->timeout != 0); }

/* --- connecting ----------------------------------------------------------------------------------------------------
 */

/* connect() of a blocking socket, so that the host can end it: it begins as if the socket did not block. When that is
 * done, calling it again has the system tell the result, and tidy up if it has failed. */
static int connect_guarded(VM *vm, int fd, const SocketAddress *a) {
    int r, flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    GUARD_RETRY(r, connect(fd, &a->any, a->len), errno == EAGAIN);
    int error = r < 0 ? errno : 0;
    fcntl(fd, F_SETFL, flags);
    if (r < 0 && error_pending(vm))
        return -1;
    if (error != EINPROGRESS)
        return error;
    if (wait_descriptor(vm, fd, POLLOUT, WAIT_FOREVER) < 0)
        return -1;
    return connect(fd, &a->any, a->len) < 0 && errno != EISCONN ? errno : 0;
}

/* Connects, waiting as the timeout says. 0, or the number of the error; -1 with an exception. */
static int connect_to(VM *vm, Socket *s, const SocketAddress *a) {
    int r, error, fd = s->fd;
    if (s->timeout < 0 && guard_needed(vm))
        return connect_guarded(vm, fd, a);
    if (s->timeout < 0)
        WITHOUT_LOCK(vm, r = connect(fd, &a->any, a->len));
    else
        r = connect(fd, &a->any, a->len);
    if (r == 0)
        return 0;
    error = errno;
    if (error == EINTR && !posix_go_on(vm))
        return -1;
    /* an interrupted call goes on in the background, as one of a descriptor that does not block */
    if (error != EINTR && (error != EINPROGRESS || s->timeout == 0))
        return error;
    int ready = wait_descriptor(vm, fd, POLLOUT, wait_deadline(s->timeout));
    if (ready == 0)
        return EWOULDBLOCK;
    if (ready < 0)
        return -1;
    socklen_t n = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0 ? errno : error == EISCONN ? 0 : error;
}

static Value socket_connect(NATIVE_ARGS) {
    Socket *s = as_socket(self);
    SocketAddress a;
    if (!address_parse(vm, s, args[0], "connect", &a))
        return VALUE_ERROR;
    int error = connect_to(vm, s, &a);
    if (error == EWOULDBLOCK && s->timeout > 0)
        return raisef(vm, vm->exc.TimeoutError, "timed out");
    return error == 0 ? VALUE_NONE : error < 0 ? VALUE_ERROR : raise_os_error(vm, error, 0);
}

static Value socket_connect_ex(NATIVE_ARGS) {
    SocketAddress a;
    if (!address_parse(vm, as_socket(self), args[0], "connect_ex", &a))
        return VALUE_ERROR;
    int error = connect_to(vm, as_socket(self), &a);
    return error < 0 ? VALUE_ERROR : from_small_int(error);
}

static Value socket_bind(NATIVE_ARGS) {
    SocketAddress a;
    if (!address_parse(vm, as_socket(self), args[0], "bind", &a))
        return VALUE_ERROR;
    int r, fd = as_socket(self)->fd;
    WITHOUT_LOCK(vm, r = bind(fd, &a.any, a.len));
    return posix_done(vm, r);
}

static Value socket_listen(NATIVE_ARGS) {
    int backlog = SOMAXCONN < 128 ? SOMAXCONN : 128;
    if (args[0] && !to_c_int(vm, args[0], &backlog))
        return VALUE_ERROR;
    return posix_done(vm, listen(as_socket(self)->fd, backlog < 0 ? 0 : backlog));
}

static ssize_t attempt_accept(int fd, void *data) {
    SocketAddress *a = data;
    a->len = sizeof a->storage;
    return accept4(fd, &a->any, &a->len, SOCK_CLOEXEC);
}

/* For a descriptor that blocks: someone else may take the connection between a look and accept(). */
static ssize_t attempt_accept_ready(int fd, void *data) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (fd >= 0 && poll(&p, 1, 0) == 0) { /* a closed one is accept()'s to refuse */
        errno = EAGAIN;
        return -1;
    }
    return attempt_accept(fd, data);
}

static Value socket_accept(NATIVE_ARGS) {
    Socket *s = as_socket(self);
    SocketAddress a;
    int64_t deadline = 0;
    bool blocking = s->timeout < 0;
    ssize_t fd = socket_try(vm, s, POLLIN, blocking ? attempt_accept_ready : attempt_accept, &a, blocking, &deadline);
    if (fd < 0)
        return VALUE_ERROR;
    Value from = address_value(vm, &a), r = from ? tuple_pack(vm, 2, from_small_int(fd), from) : VALUE_ERROR;
    decref(vm, from);
    if (!r)
        close((int)fd);
    return r;
}

static Value socket_shutdown(NATIVE_ARGS) {
    int how;
    return to_c_int(vm, args[0], &how) ? posix_done(vm, shutdown(as_socket(self)->fd, how)) : VALUE_ERROR;
}

static Value name_of(VM *vm, Value self, int (*ask)(int, struct sockaddr *, socklen_t *)) {
    SocketAddress a = {.len = sizeof a.storage};
    return ask(as_socket(self)->fd, &a.any, &a.len) < 0 ? socket_fail(vm) : address_value(vm, &a);
}

static int ask_peer(int fd, struct sockaddr *a, socklen_t *n) { return getpeername(fd, a, n); }
static int ask_own(int fd, struct sockaddr *a, socklen_t *n) { return getsockname(fd, a, n); }
static Value socket_getpeername(NATIVE_ARGS) { return name_of(vm, self, ask_peer); }
static Value socket_getsockname(NATIVE_ARGS) { return name_of(vm, self, ask_own); }

/* --- the type ------------------------------------------------------------------------------------------------------
 */

static Value get_family(VM *vm, Value self) { return from_small_int(as_socket(self)->family); }
static Value get_type(VM *vm, Value self) { return from_small_int(as_socket(self)->type); }
static Value get_proto(VM *vm, Value self) { return from_small_int(as_socket(self)->proto); }
static Value get_timeout(VM *vm, Value self) { return timeout_value(as_socket(self)->timeout); }

static const GetSetSpec socket_getset[] = {
    {"family", get_family, NULL, "The family of addresses."},
    {"type", get_type, NULL, "The kind of socket."},
    {"proto", get_proto, NULL, "The protocol."},
    {"timeout", get_timeout, NULL, "The timeout in seconds; None: none."},
    {0},
};

static const MethodSpec socket_methods[] = {
    {"close", socket_close, "", "Closes the socket.", 0},
    {"detach", socket_detach, "", "Gives the descriptor away, open; the object is closed then.", 0},
    {"fileno", socket_fileno, "", "The descriptor, -1 if closed.", 0},
    {"settimeout", socket_settimeout, "timeout, /", "Sets the timeout in seconds; None: wait for ever.", 0},
    {"gettimeout", socket_gettimeout, "", "The timeout in seconds, or None.", 0},
    {"setblocking", socket_setblocking, "flag, /", "True: wait for ever, False: never.", 0},
    {"getblocking", socket_getblocking, "", "Whether calls may wait.", 0},
    {"connect", socket_connect, "address, /", "Connects to an address.", 0},
    {"connect_ex", socket_connect_ex, "address, /", "As connect(), but returns the error's number.", 0},
    {"bind", socket_bind, "address, /", "Gives the socket an address of its own.", 0},
    {"listen", socket_listen, "backlog=128, /", "Lets others connect.", 0},
    {"_accept", socket_accept, "", "Takes a connection: (descriptor, address of the peer).", 0},
    {"shutdown", socket_shutdown, "how, /", "Ends receiving, sending, or both.", 0},
    {"getpeername", socket_getpeername, "", "The address of the peer.", 0},
    {"getsockname", socket_getsockname, "", "The own address.", 0},
    {"recv", socket_recv, "buffersize, flags=0, /", "Receives up to so many bytes; none at the end of the stream.",
     0},
    {"recvfrom", socket_recvfrom, "buffersize, flags=0, /", "Receives: (bytes, address of the sender).", 0},
    {"recv_into", socket_recv_into, "buffer, nbytes=0, flags=0", "Receives into a buffer; the number of bytes.", 0},
    {"recvfrom_into", socket_recvfrom_into, "buffer, nbytes=0, flags=0",
     "Receives into a buffer: (number of bytes, address of the sender).", 0},
    {"send", socket_send, "data, flags=0, /", "Sends; how many bytes were taken.", 0},
    {"sendall", socket_sendall, "data, flags=0, /", "Sends all of the data.", 0},
    {"sendto", socket_sendto, "*args", "Sends to an address: sendto(data[, flags], address).", 0},
    {"recvmsg", socket_recvmsg, "bufsize, ancbufsize=0, flags=0, /",
     "Receives with ancillary data: (bytes, list of (level, type, bytes), flags, address).", 0},
    {"recvmsg_into", socket_recvmsg_into, "buffers, ancbufsize=0, flags=0, /",
     "As recvmsg(), into buffers: the first item is the number of bytes.", 0},
    {"sendmsg", socket_sendmsg, "buffers, ancdata=(), flags=0, address=None, /",
     "Sends the buffers, with ancillary data; how many bytes were taken.", 0},
    {"getsockopt", socket_getsockopt, "level, optname, buflen=0, /",
     "An option: an int, or bytes if a size is given.", 0},
    {"setsockopt", socket_setsockopt, "level, optname, value, optlen=0, /", "Sets an option to an int or bytes.", 0},
    {0},
};

const TypeSpec socket_spec = {
    .name = "_socket.socket",
    .doc = "An end of a connection, or a place where connections arrive.",
    .signature = "family=-1, type=-1, proto=-1, fileno=None",
    .size = sizeof(Socket),
    .flags = TYPE_BASE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.create = socket_create, .init = socket_init, .finalize = socket_finalize, .repr = socket_repr},
    .methods = socket_methods,
    .getset = socket_getset,
};
