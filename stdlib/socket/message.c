/* recvmsg() and sendmsg(): several buffers and ancillary data (descriptors, credentials), and the socket's options.
 */
#include "stdlib/socket/socket.h"
#include "stdlib/guard.h"

#include <limits.h>
#include <poll.h>
#include <sys/uio.h>

/* The buffers of a call: views, and the vector that the system wants. */
typedef struct Buffers {
    Buffer *views;
    struct iovec *parts;
    size_t n, cap;
} Buffers;

static void buffers_drop(VM *vm, Buffers *b) {
    for (size_t i = 0; i < b->n; i++)
        buffer_release(vm, &b->views[i]);
    mem_free(vm, b->views, b->cap * sizeof *b->views);
    mem_free(vm, b->parts, b->cap * sizeof *b->parts);
}

static bool buffers_get(VM *vm, Value iterable, bool writable, const char *not_iterable, const char *too_many,
                        Buffers *b) {
    *b = (Buffers){0};
    Value items = list_from_iterable(vm, iterable);
    if (!items) {
        if (error_matches(vm, vm->exc.TypeError)) {
            error_clear(vm);
            raise_type(vm, "%s", not_iterable);
        }
        return false;
    }
    size_t n = as_list(items)->len;
    bool ok = n <= IOV_MAX || raisef(vm, vm->exc.OSError, "%s", too_many);
    b->cap = n;
    ok = ok && (b->views = mem_alloc(vm, n * sizeof *b->views)) && (b->parts = mem_alloc(vm, n * sizeof *b->parts));
    for (size_t i = 0; ok && i < n; i++) {
        ok = buffer_get(vm, as_list(items)->items[i], &b->views[i], writable);
        if (ok)
            b->parts[b->n++] = (struct iovec){b->views[i].data, b->views[i].len};
    }
    decref(vm, items);
    if (!ok)
        buffers_drop(vm, b);
    return ok;
}

typedef struct MessageCall {
    struct msghdr header;
    int flags;
} MessageCall;

static ssize_t attempt_recvmsg(int fd, void *data) {
    MessageCall *m = data;
    return recvmsg(fd, &m->header, m->flags | MSG_DONTWAIT);
}
static ssize_t attempt_sendmsg(int fd, void *data) {
    MessageCall *m = data;
    return sendmsg(fd, &m->header, m->flags | MSG_DONTWAIT);
}

/* --- receiving -----------------------------------------------------------------------------------------------------
 */

/* The control messages as (level, type, data). A message that was cut off in its header is left out, with a warning;
 * one that was cut in its data is given as far as it goes. */
static Value control_list(VM *vm, struct msghdr *header) {
    Value list = list_new(vm, 0);
    char *end = (char *)header->msg_control + header->msg_controllen;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); list && c; c = CMSG_NXTHDR(header, c)) {
        char *data = (char *)CMSG_DATA(c);
        if (c->cmsg_len < CMSG_LEN(0) || data > end) {
            if (!warn(vm, vm->exc.RuntimeWarning, 1, "received malformed or improperly-truncated ancillary data"))
                set_owned(vm, &list, 0);
            break;
        }
        size_t n = c->cmsg_len - CMSG_LEN(0);
        if (n > (size_t)(end - data))
            n = (size_t)(end - data);
        Value bytes = bytes_new(vm, data, n), item = VALUE_ERROR;
        if (bytes)
            item = tuple_pack(vm, 3, from_small_int(c->cmsg_level), from_small_int(c->cmsg_type), bytes);
        decref(vm, bytes);
        if (!item || !list_append_steal(vm, list, item))
            set_owned(vm, &list, 0);
    }
    return list;
}

/* Receives into the parts; (number or data, control messages, flags, address). data: 0, or the bytes received into.
 */
static Value receive_message(VM *vm, Socket *s, struct iovec *parts, size_t n, size_t control_size, int flags,
                             bool as_bytes) {
    SocketAddress from;
    Value r = VALUE_ERROR, first = VALUE_ERROR, control_items = VALUE_ERROR, address = VALUE_ERROR;
    char *control = control_size ? mem_zalloc(vm, control_size) : NULL;
    if (control_size && !control)
        return VALUE_ERROR;
    MessageCall m = {.flags = flags,
                     .header = {.msg_name = &from.any,
                                .msg_namelen = sizeof from.storage,
                                .msg_iov = parts,
                                .msg_iovlen = n,
                                .msg_control = control,
                                .msg_controllen = control_size}};
    int64_t deadline = 0;
    ssize_t got = socket_try(vm, s, POLLIN, attempt_recvmsg, &m, false, &deadline);
    if (got >= 0) {
        from.len = m.header.msg_namelen;
        first = as_bytes ? bytes_new(vm, parts->iov_base, (size_t)got) : from_small_int(got);
        control_items = first ? control_list(vm, &m.header) : VALUE_ERROR;
        address = control_items ? address_value(vm, &from) : VALUE_ERROR;
    }
    if (address)
        r = tuple_pack(vm, 4, first, control_items, from_small_int(m.header.msg_flags), address);
    decref(vm, first);
    decref(vm, control_items);
    decref(vm, address);
    mem_free(vm, control, control_size);
    return r;
}

static bool control_arguments(VM *vm, Value *args, const char *function, ssize_t *size, int *flags) {
    *size = 0;
    if ((args[1] && !to_ssize(vm, args[1], size)) || !posix_int(vm, args[2], 0, flags))
        return false;
    return (*size >= 0 && *size <= INT_MAX) || raise_value(vm, "invalid ancillary data buffer length");
}

Value socket_recvmsg(NATIVE_ARGS) {
    ssize_t n, control;
    int flags;
    if (!to_ssize(vm, args[0], &n))
        return VALUE_ERROR;
    if (n < 0)
        return raise_value(vm, "negative buffer size in recvmsg()");
    if (!control_arguments(vm, args, "recvmsg", &control, &flags))
        return VALUE_ERROR;
    char *data = mem_alloc(vm, (size_t)n);
    if (!data)
        return VALUE_ERROR;
    struct iovec part = {data, (size_t)n};
    Value r = receive_message(vm, as_socket(self), &part, 1, (size_t)control, flags, true);
    mem_free(vm, data, (size_t)n);
    return r;
}

Value socket_recvmsg_into(NATIVE_ARGS) {
    ssize_t control;
    int flags;
    Buffers b;
    if (!control_arguments(vm, args, "recvmsg_into", &control, &flags) ||
        !buffers_get(vm, args[0], true, "recvmsg_into() argument 1 must be an iterable",
                     "recvmsg_into() argument 1 is too long", &b))
        return VALUE_ERROR;
    Value r = receive_message(vm, as_socket(self), b.parts, b.n, (size_t)control, flags, false);
    buffers_drop(vm, &b);
    return r;
}

/* --- sending -------------------------------------------------------------------------------------------------------
 */

/* The control messages in the system's form: *out is to be freed (size *n; NULL when there are none). */
static bool control_build(VM *vm, Value items, char **out, size_t *n) {
    size_t total = 0, count = as_list(items)->len;
    *out = NULL;
    *n = 0;
    for (int pass = 0; pass < 2; pass++) {
        struct msghdr header = {.msg_control = *out, .msg_controllen = total};
        struct cmsghdr *c = pass ? CMSG_FIRSTHDR(&header) : NULL;
        for (size_t i = 0; i < count && i < as_list(items)->len; i++) {
            Value item = as_list(items)->items[i];
            int level, type;
            Buffer data;
            if (!is_tuple(item))
                return raise_type(
                    vm, "[sendmsg() ancillary data items]() argument must be 3-item sequence, not %.50T", item);
            if (as_tuple(item)->len != 3)
                return raise_type(vm,
                                  "[sendmsg() ancillary data items]() argument must be sequence of length 3, not %u",
                                  as_tuple(item)->len);
            if (!posix_signed(vm, as_tuple(item)->items[0], &level) ||
                !posix_signed(vm, as_tuple(item)->items[1], &type) ||
                !buffer_get(vm, as_tuple(item)->items[2], &data, false))
                return false;
            if (!pass) {
                total += CMSG_SPACE(data.len);
            } else if (c && (char *)CMSG_DATA(c) + data.len <= *out + total) { /* it may have grown meanwhile */
                c->cmsg_level = level;
                c->cmsg_type = type;
                c->cmsg_len = CMSG_LEN(data.len);
                memcpy(CMSG_DATA(c), data.data, data.len);
                c = CMSG_NXTHDR(&header, c);
            }
            buffer_release(vm, &data);
        }
        if (!pass && total && !(*out = mem_zalloc(vm, total)))
            return false;
        *n = total;
        if (total > INT_MAX)
            return raisef(vm, vm->exc.OSError, "too much ancillary data");
    }
    return true;
}

static Value control_items(VM *vm, Value v) {
    Value list = v ? list_from_iterable(vm, v) : list_new(vm, 0);
    if (!list && error_matches(vm, vm->exc.TypeError)) {
        error_clear(vm);
        raise_type(vm, "sendmsg() argument 2 must be an iterable");
    }
    return list;
}

Value socket_sendmsg(NATIVE_ARGS) {
    Buffers b;
    SocketAddress to;
    MessageCall m = {0};
    char *control = NULL;
    size_t control_size = 0;
    ssize_t sent = -1;
    int64_t deadline = 0;
    if (!posix_int(vm, args[2], 0, &m.flags) ||
        !buffers_get(vm, args[0], false, "sendmsg() argument 1 must be an iterable",
                     "sendmsg() argument 1 is too long", &b))
        return VALUE_ERROR;
    m.flags |= pipe_send_flags(vm);
    Value items = control_items(vm, args[1]);
    bool ok = items && control_build(vm, items, &control, &control_size);
    if (ok && args[3] && !is_none(args[3])) {
        ok = address_parse(vm, as_socket(self), args[3], "sendmsg", &to);
        m.header.msg_name = &to.any;
        m.header.msg_namelen = to.len;
    }
    m.header.msg_iov = b.parts;
    m.header.msg_iovlen = b.n;
    m.header.msg_control = control;
    m.header.msg_controllen = control_size;
    if (ok)
        sent = socket_try(vm, as_socket(self), POLLOUT, attempt_sendmsg, &m, false, &deadline);
    mem_free(vm, control, control_size);
    decref(vm, items);
    buffers_drop(vm, &b);
    return sent < 0 ? VALUE_ERROR : from_small_int(sent);
}

/* --- options -------------------------------------------------------------------------------------------------------
 */

Value socket_getsockopt(NATIVE_ARGS) {
    int level, option, size, number = 0;
    char data[1024];
    if (!posix_signed(vm, args[0], &level) || !posix_signed(vm, args[1], &option) ||
        !posix_int(vm, args[2], 0, &size))
        return VALUE_ERROR;
    if (size < 0 || size > (int)sizeof data)
        return raisef(vm, vm->exc.OSError, "getsockopt buflen out of range");
    socklen_t n = size ? (socklen_t)size : sizeof number;
    if (getsockopt(as_socket(self)->fd, level, option, size ? (void *)data : &number, &n) < 0)
        return socket_fail(vm);
    return size ? bytes_new(vm, data, n) : from_small_int(number);
}

Value socket_setsockopt(NATIVE_ARGS) {
    int level, option, number, r, fd = as_socket(self)->fd;
    Buffer b;
    if (!posix_signed(vm, args[0], &level) || !posix_signed(vm, args[1], &option))
        return VALUE_ERROR;
    if (args[3]) { /* only a size, without data */
        int64_t size = 0;
        if (!is_none(args[2]))
            return raise_type(vm, "setsockopt() takes exactly 3 arguments (4 given)");
        if (!to_int64(vm, args[3], &size))
            return VALUE_ERROR;
        return posix_done(vm, setsockopt(fd, level, option, NULL, (socklen_t)size));
    }
    if (is_int(args[2])) {
        if (!posix_signed(vm, args[2], &number))
            return VALUE_ERROR;
        return posix_done(vm, setsockopt(fd, level, option, &number, sizeof number));
    }
    if (!buffer_get(vm, args[2], &b, false))
        return VALUE_ERROR;
    r = setsockopt(fd, level, option, b.data, (socklen_t)b.len);
    buffer_release(vm, &b);
    return posix_done(vm, r);
}
