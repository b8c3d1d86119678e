/* Socket addresses: what scripts write ("host", port) and what the system takes. */
#include "stdlib/socket/socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>

Value raise_gaierror(VM *vm, int code) {
    if (code == EAI_SYSTEM)
        return socket_fail(vm);
    Value text = str_from_c(vm, gai_strerror(code)), exc = VALUE_ERROR;
    Value values[2] = {from_small_int(code), text};
    if (text)
        exc = exception_new(vm, socket_state(vm)->gaierror, values, 2);
    decref(vm, text);
    return raise_new(vm, exc);
}

Value address_name(VM *vm, Value v) {
    Value r = VALUE_ERROR;
    if (is_str(v) && !str_is_ascii(as_str(v)))
        r = str_encode(vm, v, "idna", "strict");
    else if (is_str(v))
        r = bytes_new(vm, as_str(v)->data, as_str(v)->nbytes);
    else if (is_bytes(v))
        r = bytes_new(vm, as_bytes(v)->data, as_bytes(v)->len);
    else if (is_bytearray(v))
        r = bytes_new(vm, as_bytearray(v)->data, as_bytearray(v)->len);
    else
        return raise_type(vm, "str, bytes or bytearray expected, not %T", v);
    if (r && memchr(as_bytes(r)->data, 0, as_bytes(r)->len)) {
        decref(vm, r);
        return raise_type(vm, "host name must not contain null character");
    }
    return r;
}

static bool take_result(VM *vm, const struct addrinfo *found, SocketAddress *out) {
    if (found->ai_addrlen > sizeof out->storage)
        return raisef(vm, vm->exc.OSError, "address family mismatched");
    memcpy(&out->storage, found->ai_addr, found->ai_addrlen);
    out->len = found->ai_addrlen;
    return true;
}

static bool ask_resolver(VM *vm, const char *name, const char *service, const struct addrinfo *hints,
                         SocketAddress *out) {
    struct addrinfo *list;
    int error;
    WITHOUT_LOCK(vm, error = getaddrinfo(name, service, hints, &list));
    if (error)
        return raise_gaierror(vm, error);
    bool ok = service && list->ai_next ? (bool)raisef(vm, vm->exc.OSError, "wildcard resolved to multiple address")
                                       : take_result(vm, list, out);
    freeaddrinfo(list);
    return ok;
}

bool address_resolve(VM *vm, const char *name, int family, SocketAddress *out) {
    memset(out, 0, sizeof *out);
    if (*name == 0)
        return ask_resolver(
            vm, NULL, "0", &(struct addrinfo){.ai_family = family, .ai_socktype = SOCK_DGRAM, .ai_flags = AI_PASSIVE},
            out);
    if (strcmp(name, "<broadcast>") == 0 || strcmp(name, "255.255.255.255") == 0) {
        if (family != AF_INET && family != AF_UNSPEC)
            return raisef(vm, vm->exc.OSError, "address family mismatched");
        out->in = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_BROADCAST)};
        out->len = sizeof out->in;
        return true;
    }
    if (family != AF_INET6 && inet_pton(AF_INET, name, &out->in.sin_addr) > 0) {
        out->in.sin_family = AF_INET;
        out->len = sizeof out->in;
        return true;
    }
    if (family != AF_INET && !strchr(name, '%') && inet_pton(AF_INET6, name, &out->in6.sin6_addr) > 0) {
        out->in6.sin6_family = AF_INET6;
        out->len = sizeof out->in6;
        return true;
    }
    memset(out, 0, sizeof *out);
    return ask_resolver(vm, name, NULL, &(struct addrinfo){.ai_family = family}, out);
}

/* --- to the system's form ------------------------------------------------------------------------------------------
 */

static bool check_port(VM *vm, const char *function, int64_t port) {
    return (port >= 0 && port <= 65535) || raise_overflow(vm, "%s(): port must be 0-65535.", function);
}

/* The tuple's items from `first` on as ints. */
static bool parse_numbers(VM *vm, Value tuple, size_t first, int *out) {
    for (size_t i = first; i < as_tuple(tuple)->len; i++) {
        if (!posix_signed(vm, as_tuple(tuple)->items[i], &out[i - first]))
            return false;
    }
    return true;
}

/* A number that is too large for an int is one that is too large for a port. */
static bool parse_port_and_more(VM *vm, const char *function, Value tuple, int *out) {
    if (parse_numbers(vm, tuple, 1, out))
        return check_port(vm, function, out[0]);
    if (error_matches(vm, vm->exc.OverflowError)) {
        error_clear(vm);
        check_port(vm, function, -1);
    }
    return false;
}

static bool parse_inet(VM *vm, int family, Value v, const char *function, SocketAddress *out) {
    bool six = family == AF_INET6;
    if (!is_tuple(v))
        return raise_type(vm, "%s(): AF_INET%s address must be tuple, not %.500T", function, six ? "6" : "", v);
    size_t n = as_tuple(v)->len;
    if (six ? n < 2 || n > 4 : n != 2)
        return raise_type(vm, six ? "AF_INET6 address must be a tuple (host, port[, flowinfo[, scopeid]])"
                                  : "AF_INET address must be a pair (host, port)");
    int numbers[3] = {0};
    Value name = address_name(vm, as_tuple(v)->items[0]);
    bool ok = name && parse_port_and_more(vm, function, v, numbers);
    if (ok && six && (numbers[1] < 0 || numbers[1] > 0xfffff))
        ok = raise_overflow(vm, "%s(): flowinfo must be 0-1048575.", function);
    ok = ok && address_resolve(vm, as_bytes(name)->data, family, out);
    decref(vm, name);
    if (!ok)
        return false;
    if (six) {
        out->in6.sin6_port = htons((uint16_t)numbers[0]);
        if (n > 2)
            out->in6.sin6_flowinfo = htonl((uint32_t)numbers[1]);
        if (n > 3)
            out->in6.sin6_scope_id = (uint32_t)numbers[2];
    } else {
        out->in.sin_port = htons((uint16_t)numbers[0]);
    }
    return true;
}

static bool parse_unix(VM *vm, Value v, SocketAddress *out) {
    Value text = is_str(v) ? str_encode(vm, v, "utf-8", "surrogateescape") : incref(v);
    Buffer path;
    if (!text)
        return false;
    bool ok = buffer_get(vm, text, &path, false);
    decref(vm, text);
    if (!ok)
        return false;
    /* a name that starts with NUL is not a file's: it needs no end, and may have NUL inside; for none at all the
     * system makes one up */
    bool abstract = path.len == 0 || path.data[0] == 0;
    if (path.len + !abstract > sizeof out->un.sun_path) {
        ok = raisef(vm, vm->exc.OSError, "AF_UNIX path too long");
    } else {
        memset(&out->un, 0, sizeof out->un);
        out->un.sun_family = AF_UNIX;
        memcpy(out->un.sun_path, path.data, path.len);
        out->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path.len + !abstract);
    }
    buffer_release(vm, &path);
    return ok;
}

#if defined(__linux__)
static bool parse_netlink(VM *vm, Value v, const char *function, SocketAddress *out) {
    int numbers[2];
    if (!is_tuple(v))
        return raise_type(vm, "%s(): AF_NETLINK address must be tuple, not %.500T", function, v);
    if (as_tuple(v)->len != 2)
        return raise_type(vm, "AF_NETLINK address must be a pair (pid, groups)");
    if (!parse_numbers(vm, v, 0, numbers))
        return false;
    out->nl = (struct sockaddr_nl){
        .nl_family = AF_NETLINK, .nl_pid = (uint32_t)numbers[0], .nl_groups = (uint32_t)numbers[1]};
    out->len = sizeof out->nl;
    return true;
}
#endif

bool address_parse(VM *vm, const Socket *s, Value v, const char *function, SocketAddress *out) {
    switch (s->family) {
    case AF_INET:
    case AF_INET6:
        return parse_inet(vm, s->family, v, function, out);
    case AF_UNIX:
        return parse_unix(vm, v, out);
#if defined(__linux__)
    case AF_NETLINK:
        return parse_netlink(vm, v, function, out);
#endif
    default:
        return raisef(vm, vm->exc.OSError, "%s(): bad family", function);
    }
}

/* --- to a script's form --------------------------------------------------------------------------------------------
 */

Value address_host(VM *vm, const SocketAddress *a) {
    char text[INET6_ADDRSTRLEN];
    const void *from = a->any.sa_family == AF_INET ? (const void *)&a->in.sin_addr : (const void *)&a->in6.sin6_addr;
    return inet_ntop(a->any.sa_family, from, text, sizeof text) ? str_from_c(vm, text) : socket_fail(vm);
}

static Value unix_value(VM *vm, const SocketAddress *a) {
    size_t n = a->len > offsetof(struct sockaddr_un, sun_path) ? a->len - offsetof(struct sockaddr_un, sun_path) : 0;
    if (n > 0 && a->un.sun_path[0] == 0)
        return bytes_new(vm, a->un.sun_path, n);
    return posix_decode(vm, a->un.sun_path, strnlen(a->un.sun_path, n));
}

Value address_value(VM *vm, const SocketAddress *a) {
    if (a->len == 0)
        return VALUE_NONE;
    Value part, r;
    switch (a->any.sa_family) {
    case AF_INET:
        part = address_host(vm, a);
        r = part ? tuple_pack(vm, 2, part, from_small_int(ntohs(a->in.sin_port))) : VALUE_ERROR;
        break;
    case AF_INET6:
        part = address_host(vm, a);
        r = part ? tuple_pack(vm, 4, part, from_small_int(ntohs(a->in6.sin6_port)),
                              from_small_int(ntohl(a->in6.sin6_flowinfo)), from_small_int(a->in6.sin6_scope_id))
                 : VALUE_ERROR;
        break;
    case AF_UNIX:
        return unix_value(vm, a);
#if defined(__linux__)
    case AF_NETLINK:
        return tuple_pack(vm, 2, from_small_int(a->nl.nl_pid), from_small_int(a->nl.nl_groups));
#endif
    default:
        part = bytes_new(vm, a->any.sa_data, a->len - offsetof(struct sockaddr, sa_data));
        r = part ? tuple_pack(vm, 2, from_small_int(a->any.sa_family), part) : VALUE_ERROR;
    }
    decref(vm, part);
    return r;
}
