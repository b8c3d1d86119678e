/* Reading and writing of socket transports. */
#include "stdlib/asyncio/transport.h"

#include <errno.h>
#include <sys/socket.h>

#include "object/bytes.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

#define LOST_WRITES_LOGGED 5 /* so many writes to a lost connection are let pass in silence */

static bool would_block(void) { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

/* ---- reading --------------------------------------------------------------------------------------------------- */

static bool read_failed(VM *vm, Value self) {
    if (would_block())
        return true;
    raise_os_error(vm, errno, 0);
    return transport_fatal(vm, self, "Fatal read error on socket transport");
}

/* logger.LEVEL(format, shown), or without `shown` if it is 0. */
static bool log_message(VM *vm, const char *level, const char *format, Value shown) {
    Value logger = async_helper(vm, "log", "logger"), fn = logger ? attr_get_c(vm, logger, level) : VALUE_ERROR;
    Value args[2] = {fn ? str_from_c(vm, format) : VALUE_ERROR, shown};
    Value r = args[0] ? call(vm, fn, args, shown ? 2 : 1, 0) : VALUE_ERROR;
    decref(vm, r);
    decref(vm, args[0]);
    decref(vm, fn);
    decref(vm, logger);
    return r != 0;
}

static bool at_eof(VM *vm, Value self) {
    Transport *t = as_transport(self);
    if (t->loop && as_loop(t->loop)->debug && !log_message(vm, "debug", "%r received EOF", self))
        return false;
    Value keep = transport_tell(vm, self, NAME(eof_received), 0);
    int open = keep ? truth(vm, keep) : -1;
    decref(vm, keep);
    if (open < 0)
        return transport_fatal(vm, self, "Fatal error: protocol.eof_received() call failed.");
    if (open)
        return !t->loop || loop_unwatch(vm, t->loop, t->fd, false) >= 0;
    return transport_close(vm, self);
}

static bool read_data(VM *vm, Value self) {
    Transport *t = as_transport(self);
    char *scratch = async_scratch(vm);
    if (!scratch)
        return false;
    ssize_t n = recv(t->fd, scratch, ASYNC_SCRATCH, 0);
    if (n <= 0)
        return n < 0 ? read_failed(vm, self) : at_eof(vm, self);
    Value data = bytes_new(vm, scratch, (size_t)n);
    Value r = data ? transport_tell(vm, self, NAME(data_received), data) : VALUE_ERROR;
    decref(vm, data);
    decref(vm, r);
    return r || transport_fatal(vm, self, "Fatal error: protocol.data_received() call failed.");
}

/* The protocol's own buffer for the next bytes. */
static bool ask_buffer(VM *vm, Value self, Buffer *out) {
    Value object = transport_tell(vm, self, NAME(get_buffer), from_small_int(-1));
    bool ok = object && buffer_get(vm, object, out, true);
    decref(vm, object);
    if (ok && out->len == 0) {
        buffer_release(vm, out);
        ok = raise_runtime(vm, "get_buffer() returned an empty buffer");
    }
    return ok;
}

static bool read_buffered(VM *vm, Value self) {
    Transport *t = as_transport(self);
    Buffer buffer;
    if (!ask_buffer(vm, self, &buffer))
        return transport_fatal(vm, self, "Fatal error: protocol.get_buffer() call failed.");
    if (t->conn_lost) {
        buffer_release(vm, &buffer);
        return true;
    }
    ssize_t n = recv(t->fd, buffer.data, buffer.len, 0);
    int error = errno;
    buffer_release(vm, &buffer);
    errno = error;
    if (n <= 0)
        return n < 0 ? read_failed(vm, self) : at_eof(vm, self);
    Value r = transport_tell(vm, self, NAME(buffer_updated), from_small_int(n));
    decref(vm, r);
    return r || transport_fatal(vm, self, "Fatal error: protocol.buffer_updated() call failed.");
}

Value transport_read_ready(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    if (t->conn_lost)
        return VALUE_NONE;
    return (t->buffered ? read_buffered(vm, self) : read_data(vm, self)) ? VALUE_NONE : VALUE_ERROR;
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

void transport_drop_output(VM *vm, Transport *t) {
    mem_free(vm, t->out, t->out_cap);
    t->out = NULL;
    t->out_start = t->out_len = t->out_cap = 0;
}

static bool keep_output(VM *vm, Transport *t, const char *data, size_t n) {
    if (t->out_start + t->out_len + n > t->out_cap) {
        size_t cap = t->out_cap ? t->out_cap : 4096;
        while (cap / 2 < t->out_len + n) /* as much room again, so that each byte is moved a few times at most */
            cap *= 2;
        char *out = mem_alloc(vm, cap);
        if (!out)
            return false;
        if (t->out_len)
            memcpy(out, t->out + t->out_start, t->out_len);
        mem_free(vm, t->out, t->out_cap);
        t->out = out;
        t->out_cap = cap;
        t->out_start = 0;
    }
    memcpy(t->out + t->out_start + t->out_len, data, n);
    t->out_len += n;
    return true;
}

static bool watch_writing(VM *vm, Value self) {
    Transport *t = as_transport(self);
    Value method = attr_get_c(vm, self, "_write_ready"), context;
    if (!method || !context_snapshot(vm, &context)) {
        decref(vm, method);
        return false;
    }
    Value handle = handle_new(vm, async_state(vm)->handle, t->loop, method, NULL, 0, context);
    decref(vm, method);
    return handle && loop_watch(vm, t->loop, t->fd, true, handle);
}

/* May it be written now? 1; 0: quietly ignored, -1: error. */
static int check_write(VM *vm, Transport *t, const char *method) {
    if (t->eof)
        return raise_runtime(vm, "Cannot call %s() after write_eof()", method), -1;
    if (t->empty_waiter)
        return raise_runtime(vm, "unable to %s; sendfile is in progress", method), -1;
    return 1;
}

static int check_lost(VM *vm, Transport *t) {
    if (!t->conn_lost)
        return 1;
    if (t->conn_lost++ < LOST_WRITES_LOGGED)
        return 0;
    return log_message(vm, "warning", "socket.send() raised exception.", 0) ? 0 : -1;
}

/* Without memory a part of the data would be missing, or never be sent: the connection is of no more use. */
static bool write_failed(VM *vm, Value self) {
    return error_matches(vm, vm->exc.MemoryError) &&
           transport_fatal(vm, self, "Fatal write error on socket transport");
}

static bool write_bytes(VM *vm, Value self, const char *data, size_t n) {
    Transport *t = as_transport(self);
    if (t->out_len == 0) {
        ssize_t sent = send(t->fd, data, n, MSG_NOSIGNAL);
        if (sent < 0 && !would_block()) {
            raise_os_error(vm, errno, 0);
            return transport_fatal(vm, self, "Fatal write error on socket transport");
        }
        if (sent > 0) {
            data += sent;
            n -= (size_t)sent;
        }
        if (n == 0)
            return true;
        if (!keep_output(vm, t, data, n) || !watch_writing(vm, self))
            return write_failed(vm, self);
    } else if (!keep_output(vm, t, data, n)) {
        return write_failed(vm, self);
    }
    return transport_maybe_pause(vm, self);
}

static bool is_data(Value v) { return is_bytes(v) || is_bytearray(v) || has_kind(v, KIND_MEMORYVIEW); }

Value transport_write(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    if (!is_data(args[0]))
        return raise_type(vm, "data argument must be a bytes-like object, not '%T'", args[0]);
    Buffer buffer;
    if (check_write(vm, t, "write") < 0 || !buffer_get(vm, args[0], &buffer, false))
        return VALUE_ERROR;
    bool ok = true;
    if (buffer.len) {
        int may = check_lost(vm, t);
        ok = may < 0 ? false : may == 0 || write_bytes(vm, self, buffer.data, buffer.len);
    }
    buffer_release(vm, &buffer);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

Value transport_writelines(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    if (check_write(vm, t, "writelines") < 0)
        return VALUE_ERROR;
    int any = truth(vm, args[0]);
    if (any <= 0)
        return any < 0 ? VALUE_ERROR : VALUE_NONE;
    Value list = list_from_iterable(vm, args[0]);
    size_t before = t->out_len;
    bool ok = list != 0;
    for (size_t i = 0; ok && i < as_list(list)->len; i++) {
        Buffer buffer;
        Value item = as_list(list)->items[i];
        ok = buffer_get(vm, item, &buffer, false);
        if (!ok) {
            if (error_matches(vm, vm->exc.TypeError))
                raise_type(vm, "memoryview: a bytes-like object is required, not '%T'", item);
            break;
        }
        ok = keep_output(vm, t, buffer.data, buffer.len);
        buffer_release(vm, &buffer);
    }
    decref(vm, list);
    if (!ok) {
        t->out_len = before; /* all of it or nothing */
        return VALUE_ERROR;
    }
    if (before || t->out_len == 0 || t->conn_lost) {
        if (t->conn_lost)
            transport_drop_output(vm, t);
        return VALUE_NONE;
    }
    Value r = transport_write_ready(vm, self, NULL, 0, 0);
    decref(vm, r);
    if (!r || !t->out_len || t->conn_lost)
        return r ? VALUE_NONE : VALUE_ERROR;
    ok = watch_writing(vm, self) ? transport_maybe_pause(vm, self) : write_failed(vm, self);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

/* Everything is written. */
static bool output_empty(VM *vm, Value self) {
    Transport *t = as_transport(self);
    transport_drop_output(vm, t);
    if (loop_unwatch(vm, t->loop, t->fd, true) < 0)
        return false;
    if (t->empty_waiter && as_future(t->empty_waiter)->state == FUTURE_PENDING &&
        !future_set_result(vm, t->empty_waiter, VALUE_NONE))
        return false;
    if (t->closing)
        return transport_lost(vm, self, VALUE_NONE);
    if (t->eof && shutdown(t->fd, SHUT_WR) < 0)
        return raise_os_error(vm, errno, 0);
    return true;
}

Value transport_write_ready(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    if (t->conn_lost || t->out_len == 0)
        return VALUE_NONE;
    ssize_t n = send(t->fd, t->out + t->out_start, t->out_len, MSG_NOSIGNAL);
    if (n < 0) {
        if (would_block())
            return VALUE_NONE;
        raise_os_error(vm, errno, 0);
        Value exc = error_take(vm), waiter = incref(t->empty_waiter);
        loop_unwatch(vm, t->loop, t->fd, true);
        transport_drop_output(vm, t);
        raise_steal(vm, incref(exc));
        bool ok = transport_fatal(vm, self, "Fatal write error on socket transport");
        if (ok && waiter && as_future(waiter)->state == FUTURE_PENDING)
            ok = future_set_exception(vm, waiter, exc);
        decref(vm, waiter);
        decref(vm, exc);
        return ok ? VALUE_NONE : VALUE_ERROR;
    }
    t->out_start += (size_t)n;
    t->out_len -= (size_t)n;
    incref(self);
    bool ok = transport_maybe_resume(vm, self) && (t->out_len || t->conn_lost || output_empty(vm, self));
    decref(vm, self);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

Value transport_write_eof(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    if (t->closing || t->eof)
        return VALUE_NONE;
    t->eof = true;
    if (t->out_len == 0 && shutdown(t->fd, SHUT_WR) < 0)
        return raise_os_error(vm, errno, 0);
    return VALUE_NONE;
}

Value transport_can_write_eof(NATIVE_ARGS) { return VALUE_TRUE; }
