/* The socket transport: its making, its states and its end. */
#include "stdlib/asyncio/transport.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "stdlib/grants.h"

#define HIGH_WATER (64 * 1024)

/* ---- helpers --------------------------------------------------------------------------------------------------- */

bool transport_call_soon(VM *vm, Value self, const char *method, Value *arg) {
    Transport *t = as_transport(self);
    Value fn = attr_get_c(vm, self, method), context = 0;
    if (!fn || !context_snapshot(vm, &context)) {
        decref(vm, fn);
        return false;
    }
    Value handle = loop_call_soon(vm, t->loop, fn, arg, arg != NULL, context);
    decref(vm, fn);
    decref(vm, handle);
    return handle != 0;
}

Value transport_tell(VM *vm, Value self, Value name, Value arg) {
    Value protocol = as_transport(self)->protocol;
    if (!protocol)
        return raisef(vm, vm->exc.AttributeError, "'NoneType' object has no attribute '%V'", name);
    incref(protocol);
    Value r = arg ? call_method1(vm, protocol, name, arg) : call_method0(vm, protocol, name);
    decref(vm, protocol);
    return r;
}

/* The loop's exception handler hears of the exception (borrowed). */
static bool report(VM *vm, Value self, Value exc, const char *message) {
    Transport *t = as_transport(self);
    Value context = dict_new(vm), text = context ? str_from_c(vm, message) : VALUE_ERROR;
    bool ok = text && dict_set_c(vm, context, "message", text) && dict_set_c(vm, context, "exception", exc) &&
              dict_set_c(vm, context, "transport", self) &&
              dict_set_c(vm, context, "protocol", t->protocol ? t->protocol : VALUE_NONE);
    decref(vm, text);
    if (!ok || !t->loop) {
        decref(vm, context);
        return ok;
    }
    Value loop = incref(t->loop);
    ok = async_report(vm, loop, &context);
    decref(vm, loop);
    return ok;
}

static bool is_fatal(VM *vm, Value exc) {
    return exception_is(vm, exc, vm->exc.SystemExit) || exception_is(vm, exc, vm->exc.KeyboardInterrupt);
}

/* ---- flow control ---------------------------------------------------------------------------------------------- */

/* Tells the protocol; what it raises is reported. */
static bool tell_flow(VM *vm, Value self, Value name, const char *message) {
    Value r = transport_tell(vm, self, name, 0);
    decref(vm, r);
    if (r)
        return true;
    Value exc = error_take(vm);
    if (is_fatal(vm, exc)) {
        raise_steal(vm, exc);
        return false;
    }
    bool ok = report(vm, self, exc, message);
    decref(vm, exc);
    return ok;
}

bool transport_maybe_pause(VM *vm, Value self) {
    Transport *t = as_transport(self);
    if (t->out_len <= t->high || t->protocol_paused)
        return true;
    t->protocol_paused = true;
    return tell_flow(vm, self, NAME(pause_writing), "protocol.pause_writing() failed");
}

bool transport_maybe_resume(VM *vm, Value self) {
    Transport *t = as_transport(self);
    if (!t->protocol_paused || t->out_len > t->low)
        return true;
    t->protocol_paused = false;
    return tell_flow(vm, self, NAME(resume_writing), "protocol.resume_writing() failed");
}

Value transport_set_limits(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    ssize_t high = HIGH_WATER, low;
    bool has_low = args[1] && !is_none(args[1]), has_high = args[0] && !is_none(args[0]);
    if ((has_low && !to_ssize(vm, args[1], &low)) || (has_high && !to_ssize(vm, args[0], &high)))
        return VALUE_ERROR;
    if (!has_high && has_low)
        high = low > SSIZE_MAX / 4 ? SSIZE_MAX : 4 * low;
    if (!has_low)
        low = high >= 0 ? high / 4 : -(-high + 3) / 4;
    if (high < low || low < 0)
        return raise_value(vm, "high (%z) must be >= low (%z) must be >= 0", high, low);
    t->high = (size_t)high;
    t->low = (size_t)low;
    return transport_maybe_pause(vm, self) ? VALUE_NONE : VALUE_ERROR;
}

Value transport_get_limits(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    return tuple_pack(vm, 2, from_small_int((int64_t)t->low), from_small_int((int64_t)t->high));
}

Value transport_get_buffer_size(NATIVE_ARGS) { return from_small_int((int64_t)as_transport(self)->out_len); }

/* ---- reading or not -------------------------------------------------------------------------------------------- */

bool transport_start_reading(VM *vm, Value self) {
    Transport *t = as_transport(self);
    if (t->closing || t->paused || !t->loop)
        return true;
    Value method = attr_get_c(vm, self, "_read_ready"), context;
    if (!method || !context_snapshot(vm, &context)) {
        decref(vm, method);
        return false;
    }
    Value handle = handle_new(vm, async_state(vm)->handle, t->loop, method, NULL, 0, context);
    decref(vm, method);
    return handle && loop_watch(vm, t->loop, t->fd, false, handle);
}

Value transport_add_reader(NATIVE_ARGS) {
    bool ok = transport_start_reading(vm, self) ||
              (error_matches(vm, vm->exc.MemoryError) && transport_fatal(vm, self, "Fatal error on transport"));
    return ok ? VALUE_NONE : VALUE_ERROR;
}

Value transport_is_reading(NATIVE_ARGS) {
    return from_bool(!as_transport(self)->closing && !as_transport(self)->paused);
}

Value transport_pause_reading(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    if (t->closing || t->paused)
        return VALUE_NONE;
    t->paused = true;
    return !t->loop || loop_unwatch(vm, t->loop, t->fd, false) >= 0 ? VALUE_NONE : VALUE_ERROR;
}

Value transport_resume_reading(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    if (t->closing || !t->paused)
        return VALUE_NONE;
    t->paused = false;
    return transport_start_reading(vm, self) ? VALUE_NONE : VALUE_ERROR;
}

/* ---- closing --------------------------------------------------------------------------------------------------- */

/* The protocol is told in the next turn; without memory for that at once, as somebody may wait for it. */
static bool schedule_lost(VM *vm, Value self, Value exc) {
    if (transport_call_soon(vm, self, "_call_connection_lost", &exc))
        return true;
    if (!error_matches(vm, vm->exc.MemoryError))
        return false;
    error_clear(vm);
    return transport_lost(vm, self, exc);
}

bool transport_close(VM *vm, Value self) {
    Transport *t = as_transport(self);
    if (t->closing || !t->loop)
        return true;
    t->closing = true;
    if (loop_unwatch(vm, t->loop, t->fd, false) < 0)
        return false;
    if (t->out_len)
        return true;
    t->conn_lost++;
    return loop_unwatch(vm, t->loop, t->fd, true) >= 0 && schedule_lost(vm, self, VALUE_NONE);
}

bool transport_force_close(VM *vm, Value self, Value exc) {
    Transport *t = as_transport(self);
    if (t->conn_lost || !t->loop)
        return true;
    if (t->out_len) {
        transport_drop_output(vm, t);
        if (loop_unwatch(vm, t->loop, t->fd, true) < 0)
            return false;
    }
    if (!t->closing) {
        t->closing = true;
        if (loop_unwatch(vm, t->loop, t->fd, false) < 0)
            return false;
    }
    t->conn_lost++;
    return schedule_lost(vm, self, exc);
}

/* In debug mode errors of the network are logged too. */
static bool log_error(VM *vm, Value self, const char *message) {
    Value logger = async_helper(vm, "log", "logger"), fn = logger ? attr_get_c(vm, logger, "debug") : VALUE_ERROR;
    Value name = fn ? str_intern_c(vm, "exc_info") : VALUE_ERROR,
          names = name ? tuple_pack(vm, 1, name) : VALUE_ERROR;
    Value format = names ? str_from_c(vm, "%r: %s") : VALUE_ERROR, text = format ? str_from_c(vm, message) : 0;
    Value args[4] = {format, self, text, VALUE_TRUE}, r = text ? call(vm, fn, args, 3, names) : VALUE_ERROR;
    decref(vm, r);
    decref(vm, text);
    decref(vm, format);
    decref(vm, names);
    decref(vm, name);
    decref(vm, fn);
    decref(vm, logger);
    return r != 0;
}

/* Closes the connection also when there is no memory for the report. */
static bool fatal(VM *vm, Value self, Value exc, const char *message) {
    Transport *t = as_transport(self);
    bool ok = true;
    if (!exception_is(vm, exc, vm->exc.OSError))
        ok = report(vm, self, exc, message);
    else if (t->loop && as_loop(t->loop)->debug)
        ok = log_error(vm, self, message);
    Value failure = error_take(vm);
    if (!transport_force_close(vm, self, exc)) {
        decref(vm, failure);
        return false;
    }
    return ok || (failure != 0 && raise_steal(vm, failure));
}

bool transport_fatal(VM *vm, Value self, const char *message) {
    Value exc = error_take(vm);
    if (is_fatal(vm, exc)) {
        raise_steal(vm, exc);
        return false;
    }
    bool ok = fatal(vm, self, exc, message);
    decref(vm, exc);
    return ok;
}

/* sock.close(); false with an exception. */
static bool close_socket(VM *vm, Transport *t) {
    Value sock = t->sock;
    t->sock = 0;
    if (t->loop && t->fd >= 0 && (size_t)t->fd < as_loop(t->loop)->nwatches &&
        as_loop(t->loop)->watches[t->fd].transport == from_obj(t))
        as_loop(t->loop)->watches[t->fd].transport = 0;
    if (!sock)
        return true;
    Value r = call_method0(vm, sock, NAME(close));
    decref(vm, r);
    decref(vm, sock);
    return r != 0;
}

/* A server waits for the last of its connections; so what fails for want of memory is tried once more. */
static bool detach_server(VM *vm, Value self) {
    Transport *t = as_transport(self);
    Value server = t->server, r = VALUE_ERROR;
    t->server = 0;
    if (!server)
        return true;
    for (int attempt = 0; attempt < 2 && r == 0; attempt++) {
        if (attempt > 0 && !error_matches(vm, vm->exc.MemoryError))
            break;
        error_clear(vm);
        Value name = str_intern_c(vm, "_detach");
        r = name ? call_method1(vm, server, name, self) : VALUE_ERROR;
        decref(vm, name);
    }
    decref(vm, server);
    decref(vm, r);
    return r != 0;
}

bool transport_lost(VM *vm, Value self, Value exc) {
    Transport *t = as_transport(self);
    incref(self);
    Value r = t->connected && t->protocol ? transport_tell(vm, self, NAME(connection_lost), exc) : VALUE_NONE;
    Value pending = error_take(vm);
    decref(vm, r);
    bool ok = close_socket(vm, t);
    Value failure = error_take(vm);
    set_owned(vm, &t->protocol, 0);
    ok = detach_server(vm, self) && ok;
    if (failure)
        raise_steal(vm, failure);
    Value waiter = t->empty_waiter;
    t->empty_waiter = 0;
    if (ok && waiter && as_future(waiter)->state == FUTURE_PENDING) {
        raisef(vm, vm->exc.ConnectionError, "Connection is closed by peer");
        Value error = error_take(vm);
        ok = error && future_set_exception(vm, waiter, error);
        decref(vm, error);
    }
    decref(vm, waiter);
    set_owned(vm, &t->loop, 0);
    decref(vm, self);
    if (!pending)
        return ok;
    raise_steal(vm, pending);
    return false;
}

Value transport_method_close(NATIVE_ARGS) { return transport_close(vm, self) ? VALUE_NONE : VALUE_ERROR; }
Value transport_abort(NATIVE_ARGS) { return transport_force_close(vm, self, VALUE_NONE) ? VALUE_NONE : VALUE_ERROR; }
Value transport_method_force_close(NATIVE_ARGS) {
    return transport_force_close(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}
Value transport_fatal_error(NATIVE_ARGS) {
    const char *message = args[1] ? to_c_string(vm, args[1], "message") : "Fatal error on transport";
    return message && fatal(vm, self, args[0], message) ? VALUE_NONE : VALUE_ERROR;
}
Value transport_call_connection_lost(NATIVE_ARGS) {
    return transport_lost(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}
Value transport_is_closing(NATIVE_ARGS) { return from_bool(as_transport(self)->closing); }

Value transport_make_empty_waiter(NATIVE_ARGS) {
    Transport *t = as_transport(self);
    if (t->empty_waiter)
        return raise_runtime(vm, "Empty waiter is already set");
    if (!t->loop)
        return raise_runtime(vm, "the transport is closed");
    Value waiter = future_new(vm, t->loop);
    if (!waiter || (t->out_len == 0 && !future_set_result(vm, waiter, VALUE_NONE))) {
        decref(vm, waiter);
        return VALUE_ERROR;
    }
    t->empty_waiter = incref(waiter);
    return waiter;
}
Value transport_reset_empty_waiter(NATIVE_ARGS) {
    set_owned(vm, &as_transport(self)->empty_waiter, 0);
    return VALUE_NONE;
}

/* ---- protocol and information ---------------------------------------------------------------------------------- */

static bool set_protocol(VM *vm, Transport *t, Value protocol) {
    Value type = async_helper(vm, "protocols", "BufferedProtocol");
    int buffered = type ? is_instance(vm, protocol, type) : -1;
    decref(vm, type);
    if (buffered < 0)
        return false;
    t->buffered = buffered;
    t->connected = true;
    set_owned(vm, &t->protocol, incref(protocol));
    return true;
}

Value transport_set_protocol(NATIVE_ARGS) {
    return set_protocol(vm, as_transport(self), args[0]) ? VALUE_NONE : VALUE_ERROR;
}
Value transport_get_protocol(NATIVE_ARGS) {
    Value protocol = as_transport(self)->protocol;
    return protocol ? incref(protocol) : VALUE_NONE;
}
Value transport_get_extra_info(NATIVE_ARGS) {
    Value extra = as_transport(self)->extra, v = extra ? dict_get(vm, extra, args[0]) : 0;
    if (error_pending(vm))
        return VALUE_ERROR;
    return v ? incref(v) : args[1] ? incref(args[1]) : VALUE_NONE;
}

/* ---- making ---------------------------------------------------------------------------------------------------- */

/* extra[key] = sock.method(), or None where the socket has no such address. */
static bool note_address(VM *vm, Transport *t, const char *key, const char *method) {
    Value fn = attr_get_c(vm, t->sock, method), address = fn ? call0(vm, fn) : VALUE_ERROR;
    decref(vm, fn);
    if (!address) {
        if (!error_matches(vm, vm->exc.OSError))
            return false;
        error_clear(vm);
        address = VALUE_NONE;
    }
    bool ok = dict_set_c(vm, t->extra, key, address);
    decref(vm, address);
    return ok;
}

static bool fill_extra(VM *vm, Transport *t, Value given) {
    t->extra = dict_new(vm);
    if (!t->extra || (given && !is_none(given) && !dict_update(vm, t->extra, given)))
        return false;
    Value type = async_helper(vm, "trsock", "TransportSocket"), shown = type ? call1(vm, type, t->sock) : VALUE_ERROR;
    bool ok = shown && dict_set_c(vm, t->extra, "socket", shown);
    decref(vm, shown);
    decref(vm, type);
    return ok && note_address(vm, t, "sockname", "getsockname") &&
           (dict_get_c(vm, t->extra, "peername") || note_address(vm, t, "peername", "getpeername"));
}

static bool schedule_reading(VM *vm, Value self, Value waiter) {
    Transport *t = as_transport(self);
    Value context = 0;
    if (!transport_call_soon(vm, self, "_add_reader", NULL))
        return false;
    if (!waiter || is_none(waiter))
        return true;
    if (is_exact(waiter, async_state(vm)->future) && loop_is_plain(vm, t->loop)) {
        loop_queue(vm, as_loop(t->loop), incref(waiter), READY_SLEPT);
        return true;
    }
    Value helper = async_helper(vm, "futures", "_set_result_unless_cancelled"), args[2] = {waiter, VALUE_NONE};
    if (!helper || !context_snapshot(vm, &context)) {
        decref(vm, helper);
        return false;
    }
    Value handle = loop_call_soon(vm, t->loop, helper, args, 2, context);
    decref(vm, helper);
    decref(vm, handle);
    return handle != 0;
}

/* connection_made, then reading, then the waiter: in the next turn, in this order, or none of them. */
static bool schedule_start(VM *vm, Value self, Value waiter) {
    Transport *t = as_transport(self);
    Value fn = attr_get(vm, t->protocol, NAME(connection_made)), context = 0;
    if (!fn || !context_snapshot(vm, &context)) {
        decref(vm, fn);
        return false;
    }
    Value made = loop_call_soon(vm, t->loop, fn, &self, 1, context);
    bool ok = made && schedule_reading(vm, self, waiter);
    if (made && !ok) {
        Value failure = error_take(vm);
        if (!handle_cancel(vm, made))
            error_clear(vm);
        raise_steal(vm, failure);
    }
    decref(vm, fn);
    decref(vm, made);
    return ok;
}

/* What the maker of a transport that could not be set up is left with is the socket alone. */
static void give_up(VM *vm, Value self) {
    Transport *t = as_transport(self);
    Value failure = error_take(vm);
    t->closing = true;
    t->conn_lost++;
    if ((size_t)t->fd < as_loop(t->loop)->nwatches && as_loop(t->loop)->watches[t->fd].transport == self)
        as_loop(t->loop)->watches[t->fd].transport = 0;
    set_owned(vm, &t->sock, 0);
    if (!detach_server(vm, self))
        error_clear(vm);
    raise_steal(vm, failure);
}

static bool take_socket(VM *vm, Value self, Value *v) {
    Transport *t = as_transport(self);
    if (!is_loop(v[0]))
        return raise_type(vm, "an event loop of asyncio is needed, not '%T'", v[0]);
    if (t->loop)
        return raise_runtime(vm, "the transport is initialized already");
    Value fd = call_method0(vm, v[1], NAME(fileno));
    if (!fd || !to_c_int(vm, fd, &t->fd)) {
        decref(vm, fd);
        return false;
    }
    decref(vm, fd);
    if (t->fd < 0)
        return raise_value(vm, "Invalid file descriptor: %d", t->fd);
    t->loop = incref(v[0]);
    t->sock = incref(v[1]);
    t->high = HIGH_WATER;
    t->low = HIGH_WATER / 4;
    return true;
}

static bool setup(VM *vm, Value self, Value *v) {
    Transport *t = as_transport(self);
    Watch *w = loop_watch_of(vm, as_loop(t->loop), t->fd);
    if (!w || !fill_extra(vm, t, v[4]) || !set_protocol(vm, t, v[2]))
        return false;
    as_loop(t->loop)->watches[t->fd].transport = self;
    int on = 1;
    setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* not for sockets of other kinds: never mind */
    if (v[5] && !is_none(v[5])) {
        t->server = incref(v[5]);
        Value name = str_intern_c(vm, "_attach"), r = name ? call_method1(vm, t->server, name, self) : VALUE_ERROR;
        decref(vm, name);
        decref(vm, r);
        if (!r)
            return false;
    }
    return schedule_start(vm, self, v[3]);
}

static Value transport_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Transport *t = object_alloc(vm, type, 0);
    if (t)
        t->fd = -1;
    return from_obj(t);
}

static bool transport_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_NETWORK))
        return false;
    Value v[6] = {0};
    if (!native_bind(vm, "SocketTransport", "loop, sock, protocol, waiter=None, extra=None, server=None", args, nargs,
                     kwnames, v, 6) ||
        !take_socket(vm, self, v))
        return false;
    if (setup(vm, self, v))
        return true;
    give_up(vm, self);
    return false;
}

/* ---- attributes ------------------------------------------------------------------------------------------------ */

#define VALUE_GETTER(field)                                                                                          \
    static Value get_##field(VM *vm, Value self) {                                                                   \
        Value v = as_transport(self)->field;                                                                         \
        return v ? incref(v) : VALUE_NONE;                                                                           \
    }
#define FLAG_GETTER(field)                                                                                           \
    static Value get_##field(VM *vm, Value self) { return from_bool(as_transport(self)->field); }
#define NUMBER_GETTER(field)                                                                                         \
    static Value get_##field(VM *vm, Value self) { return from_small_int((int64_t)as_transport(self)->field); }
VALUE_GETTER(loop)
VALUE_GETTER(sock)
VALUE_GETTER(protocol)
VALUE_GETTER(server)
VALUE_GETTER(extra)
VALUE_GETTER(empty_waiter)
FLAG_GETTER(closing)
FLAG_GETTER(paused)
FLAG_GETTER(eof)
FLAG_GETTER(protocol_paused)
NUMBER_GETTER(fd)
NUMBER_GETTER(conn_lost)
NUMBER_GETTER(high)
NUMBER_GETTER(low)

static bool set_extra(VM *vm, Value self, Value v) {
    if (!v || !is_dict(v))
        return raise_type(vm, "_extra must be a dict");
    set_owned(vm, &as_transport(self)->extra, incref(v));
    return true;
}

static const GetSetSpec transport_getset[] = {
    {"_loop", get_loop, NULL, NULL},
    {"_sock", get_sock, NULL, NULL},
    {"_sock_fd", get_fd, NULL, NULL},
    {"_protocol", get_protocol, NULL, NULL},
    {"_server", get_server, NULL, NULL},
    {"_extra", get_extra, set_extra, NULL},
    {"_empty_waiter", get_empty_waiter, NULL, NULL},
    {"_closing", get_closing, NULL, NULL},
    {"_paused", get_paused, NULL, NULL},
    {"_eof", get_eof, NULL, NULL},
    {"_conn_lost", get_conn_lost, NULL, NULL},
    {"_protocol_paused", get_protocol_paused, NULL, NULL},
    {"_high_water", get_high, NULL, NULL},
    {"_low_water", get_low, NULL, NULL},
    {0},
};

static Value transport_repr(VM *vm, Value self) {
    Transport *t = as_transport(self);
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_printf(&b, "<%s", type_short_name(obj_type(&t->header)));
    if (!t->sock)
        strbuilder_add_c(&b, " closed");
    else if (t->closing)
        strbuilder_add_c(&b, " closing");
    strbuilder_printf(&b, " fd=%d", t->fd);
    if (t->loop && !as_loop(t->loop)->closed && (size_t)t->fd < as_loop(t->loop)->nwatches) {
        const Watch *w = &as_loop(t->loop)->watches[t->fd];
        strbuilder_printf(&b, " read=%s write=<%s, bufsize=%u>", w->reader ? "polling" : "idle",
                          w->writer ? "polling" : "idle", t->out_len);
    }
    strbuilder_add_c(&b, ">");
    return strbuilder_finish(&b);
}

/* ---- the end --------------------------------------------------------------------------------------------------- */

static void transport_finalize(VM *vm, Value self) {
    Transport *t = as_transport(self);
    if (!t->sock)
        return;
    Value pending = error_take(vm), shown = transport_repr(vm, self);
    if (!shown || !warn(vm, vm->exc.ResourceWarning, 1, "unclosed transport %V", shown))
        error_unraisable(vm, NULL, self);
    decref(vm, shown);
    if (!close_socket(vm, t))
        error_unraisable(vm, NULL, self);
    if (!detach_server(vm, self))
        error_unraisable(vm, NULL, self);
    if (pending)
        raise_steal(vm, pending);
}

static void transport_clear(VM *vm, Object *self) {
    Transport *t = (Transport *)self;
    set_owned(vm, &t->protocol, 0);
    set_owned(vm, &t->server, 0);
    set_owned(vm, &t->extra, 0);
    set_owned(vm, &t->empty_waiter, 0);
}

static void transport_dealloc(VM *vm, Object *self) {
    Transport *t = (Transport *)self;
    transport_clear(vm, self);
    if (t->loop && t->fd >= 0 && (size_t)t->fd < as_loop(t->loop)->nwatches &&
        as_loop(t->loop)->watches[t->fd].transport == from_obj(t))
        as_loop(t->loop)->watches[t->fd].transport = 0;
    decref(vm, t->loop);
    decref(vm, t->sock);
    transport_drop_output(vm, t);
}

static void transport_traverse(Object *self, VisitFn visit, void *arg) {
    Transport *t = (Transport *)self;
    visit_value(t->loop, visit, arg);
    visit_value(t->sock, visit, arg);
    visit_value(t->protocol, visit, arg);
    visit_value(t->server, visit, arg);
    visit_value(t->extra, visit, arg);
    visit_value(t->empty_waiter, visit, arg);
}

static const MethodSpec methods[] = {
#define TRANSPORT_METHOD(name, function, signature, doc) {#name, function, signature, doc, 0},
#include "stdlib/asyncio/transport_methods.def"
#undef TRANSPORT_METHOD
    {0},
};

const TypeSpec socket_transport_spec = {
    .name = "_asyncio.SocketTransport",
    .doc = "A stream of bytes over a connected socket.",
    .signature = "loop, sock, protocol, waiter=None, extra=None, server=None",
    .size = sizeof(Transport),
    .flags = TYPE_GC | TYPE_BASE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = transport_dealloc,
              .clear = transport_clear,
              .traverse = transport_traverse,
              .finalize = transport_finalize,
              .create = transport_create,
              .init = transport_init,
              .repr = transport_repr},
    .methods = methods,
    .getset = transport_getset,
};
