/* Names and addresses of hosts, services and protocols. The resolver may take seconds: it always works without the
 * lock. */
#include "stdlib/socket/socket.h"

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static Value raise_herror(VM *vm, int code) {
    Value text = str_from_c(vm, hstrerror(code)), exc = VALUE_ERROR;
    Value values[2] = {from_small_int(code), text};
    if (text)
        exc = exception_new(vm, socket_state(vm)->herror, values, 2);
    decref(vm, text);
    return raise_new(vm, exc);
}

/* --- getaddrinfo, getnameinfo --------------------------------------------------------------------------------------
 */

/* Is a name what it is in the encoding `idna`: ASCII, in labels of 1 to 63 characters, of which the last may be
 * empty? */
static bool is_plain_name(const Str *s) {
    const char *label = s->data, *end = s->data + s->nbytes, *dot;
    if (!str_is_ascii(s))
        return false;
    for (; (dot = memchr(label, '.', (size_t)(end - label))) != NULL; label = dot + 1)
        if (dot == label || dot - label > 63)
            return false;
    return end - label <= 63;
}

/* The host of getaddrinfo: owned bytes, or None. */
static Value host_argument(VM *vm, Value v) {
    if (is_none(v))
        return VALUE_NONE;
    if (is_str(v))
        return str_encode(vm, v, is_plain_name(as_str(v)) ? "ascii" : "idna", "strict");
    if (is_bytes(v))
        return incref(v);
    return raise_type(vm, "getaddrinfo() argument 1 must be string or None");
}

static Value port_argument(VM *vm, Value v) {
    if (is_none(v))
        return VALUE_NONE;
    if (is_int(v)) {
        int64_t n;
        char text[24];
        if (!int_fits_int64(v, &n))
            return raise_overflow(vm, "Python int too large to convert to C long");
        return bytes_new(vm, text, (size_t)snprintf(text, sizeof text, "%lld", (long long)n));
    }
    if (is_str(v))
        return str_encode(vm, v, "utf-8", "strict");
    if (is_bytes(v))
        return incref(v);
    return raisef(vm, vm->exc.OSError, "Int or String expected");
}

static Value info_tuple(VM *vm, const struct addrinfo *a) {
    SocketAddress address = {.len = a->ai_addrlen};
    if (a->ai_addrlen > sizeof address.storage)
        return raisef(vm, vm->exc.OSError, "address family mismatched");
    memcpy(&address.storage, a->ai_addr, a->ai_addrlen);
    const char *canonical = a->ai_canonname ? a->ai_canonname : "";
    Value where = address_value(vm, &address), name = VALUE_ERROR, r = VALUE_ERROR;
    if (where)
        name = posix_decode(vm, canonical, strlen(canonical));
    if (name)
        r = tuple_pack(vm, 5, from_small_int(a->ai_family), from_small_int(a->ai_socktype),
                       from_small_int(a->ai_protocol), name, where);
    decref(vm, where);
    decref(vm, name);
    return r;
}

static const char *text_or_null(Value v) { return is_none(v) ? NULL : as_bytes(v)->data; }

static Value resolve_getaddrinfo(NATIVE_ARGS) {
    struct addrinfo hints = {0}, *found = NULL;
    if (!posix_int(vm, args[2], AF_UNSPEC, &hints.ai_family) || !posix_int(vm, args[3], 0, &hints.ai_socktype) ||
        !posix_int(vm, args[4], 0, &hints.ai_protocol) || !posix_int(vm, args[5], 0, &hints.ai_flags))
        return VALUE_ERROR;
    Value host = host_argument(vm, args[0]), port = host ? port_argument(vm, args[1]) : VALUE_ERROR, r = VALUE_ERROR;
    if (port) {
        const char *name = text_or_null(host), *service = text_or_null(port);
        int error;
        WITHOUT_LOCK(vm, error = getaddrinfo(name, service, &hints, &found));
        r = error ? raise_gaierror(vm, error) : list_new(vm, 0);
        for (struct addrinfo *a = error ? NULL : found; a && r; a = a->ai_next) {
            Value item = info_tuple(vm, a);
            if (!item || !list_append_steal(vm, r, item))
                set_owned(vm, &r, 0);
        }
        if (!error)
            freeaddrinfo(found);
    }
    decref(vm, host);
    decref(vm, port);
    return r;
}

/* A numeric (host, port[, flowinfo[, scope]]) for getnameinfo. */
static bool name_address(VM *vm, Value v, SocketAddress *out) {
    int numbers[3] = {0};
    if (!is_tuple(v))
        return raise_type(vm, "getnameinfo() argument 1 must be a tuple");
    size_t n = as_tuple(v)->len;
    if (n < 2 || n > 4 || !is_str(as_tuple(v)->items[0]))
        return raise_type(vm, "getnameinfo(): illegal sockaddr argument");
    for (size_t i = 1; i < n; i++) {
        if (!posix_signed(vm, as_tuple(v)->items[i], &numbers[i - 1]))
            return false;
    }
    if (numbers[1] < 0 || numbers[1] > 0xfffff)
        return raise_overflow(vm, "getnameinfo(): flowinfo must be 0-1048575.");
    char port[16];
    snprintf(port, sizeof port, "%d", numbers[0]);
    const char *host = to_c_string(vm, as_tuple(v)->items[0], "embedded null character");
    if (!host)
        return false;
    struct addrinfo hints = {.ai_socktype = SOCK_DGRAM, .ai_flags = AI_NUMERICHOST}, *found;
    int error;
    WITHOUT_LOCK(vm, error = getaddrinfo(host, port, &hints, &found));
    if (error)
        return raise_gaierror(vm, error);
    bool ok = !found->ai_next || raisef(vm, vm->exc.OSError, "sockaddr resolved to multiple addresses");
    if (ok && found->ai_family == AF_INET && n != 2)
        ok = raisef(vm, vm->exc.OSError, "IPv4 sockaddr must be 2 tuple");
    if (ok) {
        memcpy(&out->storage, found->ai_addr, found->ai_addrlen);
        out->len = found->ai_addrlen;
        if (found->ai_family == AF_INET6) {
            out->in6.sin6_flowinfo = htonl((uint32_t)numbers[1]);
            out->in6.sin6_scope_id = (uint32_t)numbers[2];
        }
    }
    freeaddrinfo(found);
    return ok;
}

static Value resolve_getnameinfo(NATIVE_ARGS) {
    SocketAddress a;
    int flags, error;
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (!to_c_int(vm, args[1], &flags) || !name_address(vm, args[0], &a))
        return VALUE_ERROR;
    WITHOUT_LOCK(vm, error = getnameinfo(&a.any, a.len, host, sizeof host, port, sizeof port, flags));
    if (error)
        return raise_gaierror(vm, error);
    Value name = posix_decode(vm, host, strlen(host)), service = name ? str_from_c(vm, port) : VALUE_ERROR;
    Value r = service ? tuple_pack(vm, 2, name, service) : VALUE_ERROR;
    decref(vm, name);
    decref(vm, service);
    return r;
}

/* A host's name as owned bytes, refused in the function's own words. */
static Value name_argument(VM *vm, Value v, const char *function) {
    if (!is_str(v) && !is_bytes(v) && !is_bytearray(v))
        return raise_type(vm, "%s() argument 1 must be str, bytes or bytearray, not %T", function, v);
    return is_str(v) && !is_plain_name(as_str(v)) ? str_encode(vm, v, "idna", "strict") : address_name(vm, v);
}

/* --- the older functions -------------------------------------------------------------------------------------------
 */

static Value resolve_gethostbyname(NATIVE_ARGS) {
    SocketAddress a;
    Value name = name_argument(vm, args[0], "gethostbyname");
    Value r = name && address_resolve(vm, as_bytes(name)->data, AF_INET, &a) ? address_host(vm, &a) : VALUE_ERROR;
    decref(vm, name);
    return r;
}

static Value text_list(VM *vm, char **items) {
    Value list = list_new(vm, 0);
    for (; list && items && *items; items++) {
        Value text = posix_decode(vm, *items, strlen(*items));
        if (!text || !list_append_steal(vm, list, text))
            set_owned(vm, &list, 0);
    }
    return list;
}

static Value host_value(VM *vm, const struct hostent *h) {
    Value name = posix_decode(vm, h->h_name, strlen(h->h_name)), r = VALUE_ERROR;
    Value aliases = name ? text_list(vm, h->h_aliases) : VALUE_ERROR, list = aliases ? list_new(vm, 0) : VALUE_ERROR;
    for (char **p = h->h_addr_list; list && *p; p++) {
        SocketAddress a = {0};
        a.any.sa_family = (sa_family_t)h->h_addrtype;
        if (h->h_addrtype == AF_INET)
            memcpy(&a.in.sin_addr, *p, sizeof a.in.sin_addr);
        else
            memcpy(&a.in6.sin6_addr, *p, sizeof a.in6.sin6_addr);
        Value text = address_host(vm, &a);
        if (!text || !list_append_steal(vm, list, text))
            set_owned(vm, &list, 0);
    }
    if (list)
        r = tuple_pack(vm, 3, name, aliases, list);
    decref(vm, name);
    decref(vm, aliases);
    decref(vm, list);
    return r;
}

/* Asks for a host by name (a NULL) or by address. */
static Value ask_host(VM *vm, const char *name, const SocketAddress *a) {
    struct hostent host, *found = NULL;
    char data[16384];
    int error = 0;
    if (!a) {
        WITHOUT_LOCK(vm, gethostbyname_r(name, &host, data, sizeof data, &found, &error));
    } else {
        bool six = a->any.sa_family == AF_INET6;
        const void *from = six ? (const void *)&a->in6.sin6_addr : &a->in.sin_addr;
        socklen_t n = six ? sizeof a->in6.sin6_addr : sizeof a->in.sin_addr;
        WITHOUT_LOCK(vm, gethostbyaddr_r(from, n, a->any.sa_family, &host, data, sizeof data, &found, &error));
    }
    return found ? host_value(vm, found) : raise_herror(vm, error);
}

static Value resolve_gethostbyname_ex(NATIVE_ARGS) {
    SocketAddress a;
    Value name = name_argument(vm, args[0], "gethostbyname_ex");
    bool ok = name && address_resolve(vm, as_bytes(name)->data, AF_INET, &a);
    Value r = ok ? ask_host(vm, as_bytes(name)->data, NULL) : VALUE_ERROR;
    decref(vm, name);
    return r;
}

static Value resolve_gethostbyaddr(NATIVE_ARGS) {
    SocketAddress a;
    Value name = name_argument(vm, args[0], "gethostbyaddr");
    bool ok = name && address_resolve(vm, as_bytes(name)->data, AF_UNSPEC, &a);
    Value r = ok ? ask_host(vm, NULL, &a) : VALUE_ERROR;
    decref(vm, name);
    return r;
}

static Value resolve_gethostname(NATIVE_ARGS) {
    char name[1024];
    if (gethostname(name, sizeof name - 1) < 0)
        return socket_fail(vm);
    name[sizeof name - 1] = 0;
    return posix_decode(vm, name, strlen(name));
}

static Value resolve_sethostname(NATIVE_ARGS) {
    Value name = is_bytes(args[0]) || is_str(args[0])
                     ? posix_fs_bytes(vm, args[0])
                     : raise_type(vm, "sethostname() argument 1 must be str, not %T", args[0]);
    Value r = name ? posix_done(vm, sethostname(as_bytes(name)->data, as_bytes(name)->len)) : VALUE_ERROR;
    decref(vm, name);
    return r;
}

/* --- services and protocols ----------------------------------------------------------------------------------------
 */

static Value not_found(VM *vm, const char *what) { return raisef(vm, vm->exc.OSError, "%s not found", what); }

static bool optional_text(VM *vm, Value v, const char *what, const char **out) {
    *out = v ? to_c_string(vm, v, what) : NULL;
    return !v || *out;
}

static Value resolve_getservbyname(NATIVE_ARGS) {
    const char *name = to_c_string(vm, args[0], "getservbyname() argument 1"), *protocol;
    struct servent service, *found = NULL;
    char data[4096];
    if (!name || !optional_text(vm, args[1], "getservbyname() argument 2", &protocol))
        return VALUE_ERROR;
    WITHOUT_LOCK(vm, getservbyname_r(name, protocol, &service, data, sizeof data, &found));
    return found ? from_small_int(ntohs((uint16_t)found->s_port)) : not_found(vm, "service/proto");
}

static Value resolve_getservbyport(NATIVE_ARGS) {
    const char *protocol;
    struct servent service, *found = NULL;
    char data[4096];
    int port;
    if (!posix_signed(vm, args[0], &port) || !optional_text(vm, args[1], "getservbyport() argument 2", &protocol))
        return VALUE_ERROR;
    if (port < 0 || port > 65535)
        return raise_overflow(vm, "getservbyport: port must be 0-65535.");
    WITHOUT_LOCK(vm, getservbyport_r(htons((uint16_t)port), protocol, &service, data, sizeof data, &found));
    return found ? str_from_c(vm, found->s_name) : not_found(vm, "port/proto");
}

static Value resolve_getprotobyname(NATIVE_ARGS) {
    const char *name = to_c_string(vm, args[0], "getprotobyname() argument 1");
    struct protoent protocol, *found = NULL;
    char data[4096];
    if (!name)
        return VALUE_ERROR;
    WITHOUT_LOCK(vm, getprotobyname_r(name, &protocol, data, sizeof data, &found));
    return found ? from_small_int(found->p_proto) : raisef(vm, vm->exc.OSError, "protocol not found");
}

const MethodSpec socket_resolver_functions[] = {
    {"getaddrinfo", resolve_getaddrinfo, "host, port, family=0, type=0, proto=0, flags=0",
     "The addresses of a host: list of (family, type, protocol, canonical name, address).", 0},
    {"getnameinfo", resolve_getnameinfo, "sockaddr, flags, /", "The host and the service of an address.", 0},
    {"gethostbyname", resolve_gethostbyname, "name, /", "An IPv4 address of a host.", 0},
    {"gethostbyname_ex", resolve_gethostbyname_ex, "name, /", "(name, aliases, IPv4 addresses) of a host.", 0},
    {"gethostbyaddr", resolve_gethostbyaddr, "address, /", "(name, aliases, addresses) of the host at an address.",
     0},
    {"gethostname", resolve_gethostname, "", "The name of this host.", 0},
    {"sethostname", resolve_sethostname, "name, /", "Sets the name of this host.", 0},
    {"getservbyname", resolve_getservbyname, "servicename, protocolname=None, /", "The port of a service.", 0},
    {"getservbyport", resolve_getservbyport, "port, protocolname=None, /", "The service at a port.", 0},
    {"getprotobyname", resolve_getprotobyname, "name, /", "The number of a protocol.", 0},
    {0},
};
