/* _socket: the module's own functions and its state in a VM. */
#include "stdlib/socket/socket.h"

#include <fcntl.h>
#include <unistd.h>

#include "object/float.h"

SocketState *socket_state(VM *vm) { return vm->module_state[MODULE_SLOT_mod_socket_init]; }

static Value socket_module_close(NATIVE_ARGS) {
    int fd;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    return close(fd) < 0 && errno != EINTR && errno != ECONNRESET ? socket_fail(vm) : VALUE_NONE;
}

static Value socket_module_dup(NATIVE_ARGS) {
    int fd;
    if (!to_c_int(vm, args[0], &fd))
        return VALUE_ERROR;
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    return copy < 0 ? socket_fail(vm) : from_small_int(copy);
}

static Value socket_module_socketpair(NATIVE_ARGS) {
    int family, type, proto, fds[2];
    if (!posix_int(vm, args[0], AF_UNIX, &family) || !posix_int(vm, args[1], SOCK_STREAM, &type) ||
        !posix_int(vm, args[2], 0, &proto))
        return VALUE_ERROR;
    if (socketpair(family, type | SOCK_CLOEXEC, proto, fds) < 0)
        return socket_fail(vm);
    Value a = socket_new(vm, fds[0], family, type, proto), b = VALUE_ERROR, r = VALUE_ERROR;
    if (a)
        b = socket_new(vm, fds[1], family, type, proto);
    else
        close(fds[1]);
    if (b)
        r = tuple_pack(vm, 2, a, b);
    decref(vm, a);
    decref(vm, b);
    return r;
}

static Value socket_module_getdefaulttimeout(NATIVE_ARGS) {
    int64_t t = socket_state(vm)->default_timeout;
    return t < 0 ? VALUE_NONE : from_double((double)t / (double)WAIT_SECOND);
}

static Value socket_module_setdefaulttimeout(NATIVE_ARGS) {
    int64_t timeout = -1;
    if (!is_none(args[0]) && !wait_duration(vm, args[0], &timeout))
        return VALUE_ERROR;
    if (!is_none(args[0]) && timeout < 0)
        return raise_value(vm, "Timeout value out of range");
    socket_state(vm)->default_timeout = timeout;
    return VALUE_NONE;
}

static const MethodSpec functions[] = {
    {"close", socket_module_close, "fd, /", "Closes a socket by its descriptor.", 0},
    {"dup", socket_module_dup, "fd, /", "Another descriptor of the same socket.", 0},
    {"socketpair", socket_module_socketpair, "family=AF_UNIX, type=SOCK_STREAM, proto=0, /",
     "Two sockets that are connected to each other.", 0},
    {"getdefaulttimeout", socket_module_getdefaulttimeout, "", "The timeout of new sockets.", 0},
    {"setdefaulttimeout", socket_module_setdefaulttimeout, "timeout, /", "Sets the timeout of new sockets.", 0},
    {0},
};

static bool make_state(VM *vm) {
    SocketState *s = mem_zalloc(vm, sizeof *s);
    if (!s)
        return false;
    vm->module_state[MODULE_SLOT_mod_socket_init] = s;
    s->default_timeout = -1;
    return (s->type = vm_type(vm, &socket_spec, NULL)) &&
           (s->gaierror = module_exception(vm, "socket", "gaierror", vm->exc.OSError,
                                           "A name or address could not be resolved.")) &&
           (s->herror = module_exception(vm, "socket", "herror", vm->exc.OSError, "A host could not be looked up."));
}

bool mod_socket_init(VM *vm, Value module) {
    SocketState *s = socket_state(vm);
    if (!s && !make_state(vm))
        return false;
    s = socket_state(vm);
    return module_add_functions(vm, module, functions) &&
           module_add_functions(vm, module, socket_resolver_functions) &&
           module_add_functions(vm, module, socket_inet_functions) && socket_add_constants(vm, module) &&
           module_add(vm, module, "socket", incref(type_value(s->type))) &&
           module_add(vm, module, "SocketType", incref(type_value(s->type))) &&
           module_add(vm, module, "error", incref(type_value(vm->exc.OSError))) &&
           module_add(vm, module, "timeout", incref(type_value(vm->exc.TimeoutError))) &&
           module_add(vm, module, "gaierror", incref(type_value(s->gaierror))) &&
           module_add(vm, module, "herror", incref(type_value(s->herror))) &&
           module_add(vm, module, "has_ipv6", VALUE_TRUE);
}
