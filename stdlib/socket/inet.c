/* Numbers in network order, addresses as text, network interfaces. */
#include "stdlib/socket/socket.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <unistd.h>

static bool word_argument(VM *vm, Value v, const char *function, uint32_t *out) {
    Value i = to_index(vm, v);
    if (!i)
        return false;
    int64_t n = 0;
    int sign = int_sign(i);
    bool fits = int_fits_int64(i, &n);
    decref(vm, i);
    if (!fits || n != (int)n)
        return raise_overflow(vm, "Python int too large to convert to C int");
    if (sign < 0)
        return raise_overflow(vm, "%s: can't convert negative Python int to C 16-bit unsigned integer", function);
    if (n > UINT16_MAX)
        return raise_overflow(vm, "%s: Python int too large to convert to C 16-bit unsigned integer", function);
    *out = (uint32_t)n;
    return true;
}

static bool long_argument(VM *vm, Value v, uint32_t *out) {
    int64_t n = 0;
    if (!is_int(v))
        return raise_type(vm, "expected int, %T found", v);
    if (int_sign(v) < 0)
        return raise_overflow(vm, "can't convert negative value to unsigned int");
    if (!int_fits_int64(v, &n))
        return raise_overflow(vm, "Python int too large to convert to C unsigned long");
    if (n > UINT32_MAX)
        return raise_overflow(vm, "int larger than 32 bits");
    *out = (uint32_t)n;
    return true;
}

static Value inet_ntohs(NATIVE_ARGS) {
    uint32_t n = 0;
    return word_argument(vm, args[0], "ntohs", &n) ? from_small_int(ntohs((uint16_t)n)) : VALUE_ERROR;
}
static Value inet_htons(NATIVE_ARGS) {
    uint32_t n = 0;
    return word_argument(vm, args[0], "htons", &n) ? from_small_int(htons((uint16_t)n)) : VALUE_ERROR;
}
static Value inet_ntohl(NATIVE_ARGS) {
    uint32_t n = 0;
    return long_argument(vm, args[0], &n) ? from_small_int(ntohl(n)) : VALUE_ERROR;
}
static Value inet_htonl(NATIVE_ARGS) {
    uint32_t n = 0;
    return long_argument(vm, args[0], &n) ? from_small_int(htonl(n)) : VALUE_ERROR;
}

static const char *text_argument(VM *vm, Value v, const char *what) {
    return is_str(v) ? to_c_string(vm, v, what)
                     : (const char *)(uintptr_t)raise_type(vm, "%s must be str, not %T", what, v);
}

static Value inet_inet_aton(NATIVE_ARGS) {
    struct in_addr a;
    const char *text = text_argument(vm, args[0], "inet_aton() argument");
    if (!text)
        return VALUE_ERROR;
    return inet_aton(text, &a) ? bytes_new(vm, (char *)&a, sizeof a)
                               : raisef(vm, vm->exc.OSError, "illegal IP address string passed to inet_aton");
}

static Value inet_inet_ntoa(NATIVE_ARGS) {
    Buffer b;
    char text[INET_ADDRSTRLEN];
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    bool fits = b.len == sizeof(struct in_addr) && inet_ntop(AF_INET, b.data, text, sizeof text);
    buffer_release(vm, &b);
    return fits ? str_from_c(vm, text) : raisef(vm, vm->exc.OSError, "packed IP wrong length for inet_ntoa");
}

static Value inet_inet_pton(NATIVE_ARGS) {
    int family;
    char data[sizeof(struct in6_addr)];
    if (!posix_signed(vm, args[0], &family))
        return VALUE_ERROR;
    const char *text = text_argument(vm, args[1], "inet_pton() argument 2");
    if (!text)
        return VALUE_ERROR;
    int r = inet_pton(family, text, data);
    if (r < 0)
        return socket_fail(vm);
    if (r == 0)
        return raisef(vm, vm->exc.OSError, "illegal IP address string passed to inet_pton");
    return bytes_new(vm, data, family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr));
}

static Value inet_inet_ntop(NATIVE_ARGS) {
    int family;
    Buffer b;
    char text[INET6_ADDRSTRLEN];
    if (!posix_signed(vm, args[0], &family) || !buffer_get(vm, args[1], &b, false))
        return VALUE_ERROR;
    size_t wanted = family == AF_INET ? sizeof(struct in_addr) : family == AF_INET6 ? sizeof(struct in6_addr) : 0;
    bool fits = wanted && b.len == wanted && inet_ntop(family, b.data, text, sizeof text);
    buffer_release(vm, &b);
    if (!wanted)
        return raise_value(vm, "unknown address family %d", family);
    return fits ? str_from_c(vm, text) : raise_value(vm, "invalid length of packed IP address string");
}

static Value inet_if_nameindex(NATIVE_ARGS) {
    struct if_nameindex *all;
    WITHOUT_LOCK(vm, all = if_nameindex());
    if (!all)
        return socket_fail(vm);
    Value list = list_new(vm, 0);
    for (struct if_nameindex *i = all; list && i->if_index && i->if_name; i++) {
        Value name = posix_decode(vm, i->if_name, strlen(i->if_name));
        Value pair = name ? tuple_pack(vm, 2, from_small_int(i->if_index), name) : VALUE_ERROR;
        decref(vm, name);
        if (!pair || !list_append_steal(vm, list, pair))
            set_owned(vm, &list, 0);
    }
    if_freenameindex(all);
    return list;
}

static Value inet_if_nametoindex(NATIVE_ARGS) {
    Value name = posix_fs_bytes(vm, args[0]);
    if (!name)
        return VALUE_ERROR;
    unsigned index = if_nametoindex(as_bytes(name)->data);
    decref(vm, name);
    return index ? from_small_int(index) : raisef(vm, vm->exc.OSError, "no interface with this name");
}

static Value inet_if_indextoname(NATIVE_ARGS) {
    int64_t index;
    char name[IF_NAMESIZE + 1];
    if (!to_int64(vm, args[0], &index))
        return VALUE_ERROR;
    if (index < 0)
        return raise_overflow(vm, "can't convert negative value to unsigned int");
    if (index > UINT32_MAX)
        return raise_overflow(vm, "index is too large");
    if (!if_indextoname((unsigned)index, name))
        return socket_fail(vm);
    return posix_decode(vm, name, strlen(name));
}

/* Sizes of control messages for sendmsg(). */
static bool control_size(VM *vm, Value v, const char *function, size_t *out) {
    ssize_t n;
    if (!to_ssize(vm, v, &n))
        return false;
    if (n < 0 || n > INT32_MAX - 64)
        return raise_overflow(vm, "%s() argument out of range", function);
    *out = (size_t)n;
    return true;
}
static Value inet_CMSG_LEN(NATIVE_ARGS) {
    size_t n;
    return control_size(vm, args[0], "CMSG_LEN", &n) ? from_small_int((int64_t)CMSG_LEN(n)) : VALUE_ERROR;
}
static Value inet_CMSG_SPACE(NATIVE_ARGS) {
    size_t n;
    return control_size(vm, args[0], "CMSG_SPACE", &n) ? from_small_int((int64_t)CMSG_SPACE(n)) : VALUE_ERROR;
}

const MethodSpec socket_inet_functions[] = {
    {"ntohs", inet_ntohs, "integer, /", "A 16-bit number from network to host order.", 0},
    {"htons", inet_htons, "integer, /", "A 16-bit number from host to network order.", 0},
    {"ntohl", inet_ntohl, "integer, /", "A 32-bit number from network to host order.", 0},
    {"htonl", inet_htonl, "integer, /", "A 32-bit number from host to network order.", 0},
    {"inet_aton", inet_inet_aton, "ip_addr, /", "An IPv4 address as four bytes.", 0},
    {"inet_ntoa", inet_inet_ntoa, "packed_ip, /", "The text of an IPv4 address.", 0},
    {"inet_pton", inet_inet_pton, "address_family, ip_string, /", "An address as bytes.", 0},
    {"inet_ntop", inet_inet_ntop, "address_family, packed_ip, /", "The text of an address.", 0},
    {"if_nameindex", inet_if_nameindex, "", "The network interfaces: list of (number, name).", 0},
    {"if_nametoindex", inet_if_nametoindex, "oname, /", "The number of a network interface.", 0},
    {"if_indextoname", inet_if_indextoname, "if_index, /", "The name of a network interface.", 0},
    {"CMSG_LEN", inet_CMSG_LEN, "length, /", "The length of a control message without padding.", 0},
    {"CMSG_SPACE", inet_CMSG_SPACE, "length, /", "The room that a control message takes.", 0},
    {0},
};
