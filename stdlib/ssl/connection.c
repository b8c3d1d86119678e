/* _SSLSocket: one side of a TLS connection, over a socket or two MemoryBIO objects.
 *
 * Over a socket OpenSSL has two memory BIOs of our own. An operation is tried; what it wrote is sent; if it needs
 * more, one piece is received and it is tried again. Records are received one by one, head and body, and nothing
 * behind them: after unwrap() the socket's next bytes are what the peer sent next. */
#if defined(COVE_WITH_OPENSSL)
#include "stdlib/ssl/ssl.h"

#include <poll.h>

/* --- life ----------------------------------------------------------------------------------------------------------
 */

static bool set_server_name(VM *vm, Connection *c, Value name) {
    c->server_name = incref(name);
    const char *text = to_c_string(vm, name, "server_hostname");
    if (!text)
        return false;
    X509_VERIFY_PARAM *param = F->SSL_get0_param(c->ssl);
    ASN1_OCTET_STRING *ip = F->a2i_IPADDRESS(text);
    F->ERR_clear_error();
    bool check = as_context(c->context)->check_hostname, ok = true;
    if (!ip) /* names of hosts alone go over the wire */
        ok = F->SSL_ctrl(c->ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, (void *)text) > 0;
    if (ok && check && ip)
        ok = F->X509_VERIFY_PARAM_set1_ip(param, F->ASN1_STRING_get0_data(ip), (size_t)F->ASN1_STRING_length(ip)) > 0;
    else if (ok && check)
        ok = F->X509_VERIFY_PARAM_set1_host(param, text, strlen(text)) > 0;
    F->ASN1_OCTET_STRING_free(ip);
    return ok || ssl_fail(vm, NULL, 889);
}

static bool own_bios(VM *vm, Connection *c) {
    c->in = F->BIO_new(F->BIO_s_mem());
    c->out = F->BIO_new(F->BIO_s_mem());
    if (!c->in || !c->out) {
        F->BIO_free(c->in);
        F->BIO_free(c->out);
        return raise_memory(vm);
    }
    F->BIO_ctrl(c->in, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, NULL);
    F->BIO_ctrl(c->out, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, NULL);
    return true;
}

Value ssl_connection_new(VM *vm, Value context, Value socket, Value in, Value out, bool server_side,
                         Value server_name, Value owner) {
    Context *ctx = as_context(context);
    if (ctx->protocol == PROTOCOL_TLS_CLIENT && server_side)
        return ssl_raise(vm, ssl_state(vm)->error, 0,
                         "Cannot create a server socket with a PROTOCOL_TLS_CLIENT context", 812);
    if (ctx->protocol == PROTOCOL_TLS_SERVER && !server_side)
        return ssl_raise(vm, ssl_state(vm)->error, 0,
                         "Cannot create a client socket with a PROTOCOL_TLS_SERVER context", 819);
    Connection *c = object_alloc(vm, ssl_state(vm)->connection, 0);
    if (!c)
        return VALUE_ERROR;
    Value r = from_obj(c);
    c->vm = vm;
    c->context = incref(context);
    c->server_side = server_side;
    bool ok = (c->ssl = F->SSL_new(ctx->ctx)) || ssl_fail(vm, NULL, 840);
    if (ok && in) {
        c->in = as_memory_bio(in)->bio;
        c->out = as_memory_bio(out)->bio;
        F->BIO_up_ref(c->in);
        F->BIO_up_ref(c->out);
    } else if (ok) {
        ok = own_bios(vm, c) && (c->socket = weakref_new(vm, socket, 0));
    }
    if (ok) {
        F->SSL_set_bio(c->ssl, c->in, c->out);
        F->SSL_set_ex_data(c->ssl, 0, c);
        F->SSL_ctrl(c->ssl, SSL_CTRL_MODE, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY, NULL);
        if (ctx->post_handshake_auth && !server_side)
            F->SSL_set_post_handshake_auth(c->ssl, 1);
        if (server_side)
            F->SSL_set_accept_state(c->ssl);
        else
            F->SSL_set_connect_state(c->ssl);
        ok = (is_none(server_name) || set_server_name(vm, c, server_name)) &&
             (is_none(owner) || (c->owner = weakref_new(vm, owner, 0)));
    }
    if (ok)
        return r;
    decref(vm, r);
    return VALUE_ERROR;
}

static void connection_dealloc(VM *vm, Object *self) {
    Connection *c = (Connection *)self;
    if (c->ssl)
        F->SSL_free(c->ssl);
    c->ssl = NULL;
    set_owned(vm, &c->context, 0);
    set_owned(vm, &c->socket, 0);
    set_owned(vm, &c->owner, 0);
    set_owned(vm, &c->server_name, 0);
}

static void connection_traverse(Object *self, VisitFn visit, void *arg) {
    Connection *c = (Connection *)self;
    visit_value(c->context, visit, arg);
    visit_value(c->socket, visit, arg);
    visit_value(c->owner, visit, arg);
}

static void connection_clear(VM *vm, Object *self) {
    set_owned(vm, &((Connection *)self)->socket, 0);
    set_owned(vm, &((Connection *)self)->owner, 0);
}

/* --- moving bytes between the socket and OpenSSL -------------------------------------------------------------------
 */

/* The socket as an owned reference; 0 with an exception if it is gone. */
static Value socket_of(VM *vm, Connection *c, int line) {
    Value socket = weakref_get(vm, c->socket);
    if (socket && !is_none(socket) && as_socket(socket)->fd >= 0)
        return socket;
    decref(vm, socket);
    return ssl_raise(vm, ssl_state(vm)->error, 0, "Underlying socket connection gone", line);
}

/* An operation that needs the network, and what has to be known of it. */
typedef struct Operation {
    Connection *c;
    Socket *s; /* NULL: over MemoryBIO objects */
    int64_t deadline;
    const char *timed_out;
    int line;
    char data[16384 + 2048]; /* for a record */
} Operation;

/* What a socket call failed with, in the words of this module; the pending exception is replaced. */
static void translate(VM *vm, Operation *op, int wanted) {
    if (error_matches(vm, vm->exc.BlockingIOError)) {
        error_clear(vm);
        ssl_fail_operation(vm, op->c, wanted, op->line);
    } else if (error_matches(vm, vm->exc.TimeoutError)) {
        error_clear(vm);
        raisef(vm, vm->exc.TimeoutError, "%s", op->timed_out);
    }
}

/* The attempts look at the connection anew each time: another thread may have been at work while this one waited. */
static ssize_t attempt_send(int fd, void *data) {
    Operation *op = data;
    VM *vm = op->c->vm;
    char *from = NULL, sink[4096];
    long there = F->BIO_ctrl(op->c->out, BIO_CTRL_INFO, 0, &from);
    if (there <= 0)
        return 0;
    ssize_t sent = send(fd, from, there > SOCKET_SHORT ? SOCKET_SHORT : (size_t)there, MSG_DONTWAIT | MSG_NOSIGNAL);
    for (ssize_t left = sent; left > 0;) { /* takes it out */
        int n = F->BIO_read(op->c->out, sink, left < (ssize_t)sizeof sink ? (int)left : (int)sizeof sink);
        if (n <= 0)
            break;
        left -= n;
    }
    return sent;
}

static ssize_t attempt_recv(int fd, void *data) {
    Operation *op = data;
    Connection *c = op->c;
    size_t wanted = c->body == 0 ? sizeof c->head - c->head_len : c->body;
    return recv(fd, op->data, wanted < sizeof op->data ? wanted : sizeof op->data, MSG_DONTWAIT);
}

/* Sends what OpenSSL has written. What was not sent stays where it is. */
static bool flush(VM *vm, Operation *op) {
    while (F->BIO_ctrl(op->c->out, BIO_CTRL_PENDING, 0, NULL) > 0) {
        if (socket_try(vm, op->s, POLLOUT, attempt_send, op, false, &op->deadline) < 0) {
            translate(vm, op, SSL_ERROR_WANT_WRITE);
            return false;
        }
    }
    return true;
}

/* Receives one piece: the rest of a record's head, or of its body. */
static bool fetch(VM *vm, Operation *op) {
    Connection *c = op->c;
    ssize_t got = socket_try(vm, op->s, POLLIN, attempt_recv, op, false, &op->deadline);
    if (got < 0) {
        translate(vm, op, SSL_ERROR_WANT_READ);
        return false;
    }
    if (got == 0) {
        c->at_eof = true;
        F->BIO_ctrl(c->in, BIO_C_SET_BUF_MEM_EOF_RETURN, 0, NULL);
        return true;
    }
    if (F->BIO_write(c->in, op->data, (int)got) != got)
        return ssl_fail(vm, NULL, op->line);
    if (c->body > 0) {
        c->body -= (size_t)got;
        return true;
    }
    memcpy(c->head + c->head_len, op->data, (size_t)got);
    c->head_len += (size_t)got;
    if (c->head_len == sizeof c->head) {
        c->body = (size_t)c->head[3] << 8 | c->head[4];
        c->head_len = 0;
    }
    return true;
}

/* Does a step of the operation that returned r: 1: it is done, 0: try again, -1: failed. */
static int advance(VM *vm, Operation *op, bool done, int code) {
    if (error_pending(vm)) /* a callback raised */
        return -1;
    if (op->s && !flush(vm, op)) {
        if (!done)
            return -1;
        /* the operation itself is done: its bytes go out with the next one, which also finds that the peer is gone */
        if (!error_matches(vm, ssl_state(vm)->want_write) && !error_matches(vm, vm->exc.ConnectionError))
            return -1;
        error_clear(vm);
        return 1;
    }
    if (done)
        return 1;
    if (op->s && code == SSL_ERROR_WANT_READ && !op->c->at_eof)
        return fetch(vm, op) ? 0 : -1;
    if (code == SSL_ERROR_WANT_READ && op->c->at_eof)
        code = SSL_ERROR_SYSCALL;
    ssl_fail_operation(vm, op->c, code, op->line);
    return -1;
}

static bool begin(VM *vm, Value self, Operation *op, const char *timed_out, int line, Value *socket) {
    Connection *c = as_connection(self);
    op->c = c;
    op->s = NULL;
    op->deadline = 0;
    op->timed_out = timed_out;
    op->line = line;
    *socket = 0;
    F->ERR_clear_error();
    if (!c->socket)
        return true;
    *socket = socket_of(vm, c, line);
    op->s = *socket ? as_socket(*socket) : NULL;
    return *socket != 0;
}

/* --- operations ----------------------------------------------------------------------------------------------------
 */

static Value connection_do_handshake(NATIVE_ARGS) {
    Operation op;
    Value socket;
    int state = 0;
    if (!begin(vm, self, &op, "_ssl.c:1003: The handshake operation timed out", 1020, &socket))
        return VALUE_ERROR;
    incref(self);
    while (state == 0) {
        int r = F->SSL_do_handshake(op.c->ssl);
        state = advance(vm, &op, r == 1, r == 1 ? 0 : F->SSL_get_error(op.c->ssl, r));
    }
    decref(vm, socket);
    decref(vm, self);
    return state > 0 ? VALUE_NONE : VALUE_ERROR;
}

static Value connection_write(NATIVE_ARGS) {
    Operation op;
    Value socket;
    Buffer b;
    size_t n = 0;
    int state = 0;
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    if (!begin(vm, self, &op, "The write operation timed out", 2493, &socket)) {
        buffer_release(vm, &b);
        return VALUE_ERROR;
    }
    incref(self);
    /* what an earlier call has left goes first: a socket that takes nothing takes nothing new either */
    if (op.s && !flush(vm, &op))
        state = -1;
    while (state == 0) {
        int r = b.len ? F->SSL_write_ex(op.c->ssl, b.data, b.len, &n) : 1;
        state = advance(vm, &op, r == 1, r == 1 ? 0 : F->SSL_get_error(op.c->ssl, r));
    }
    buffer_release(vm, &b);
    decref(vm, socket);
    decref(vm, self);
    return state > 0 ? from_small_int((int64_t)n) : VALUE_ERROR;
}

/* The number of bytes; 0 at the orderly end; -1 with an exception. */
static ssize_t read_some(VM *vm, Value self, char *to, size_t room) {
    Operation op;
    Value socket;
    size_t n = 0;
    int state = 0;
    if (room == 0)
        return 0;
    if (!begin(vm, self, &op, "The read operation timed out", 2580, &socket))
        return -1;
    incref(self);
    while (state == 0) {
        int r = F->SSL_read_ex(op.c->ssl, to, room, &n), code = r == 1 ? 0 : F->SSL_get_error(op.c->ssl, r);
        bool end = code == SSL_ERROR_ZERO_RETURN && F->SSL_get_shutdown(op.c->ssl) == SSL_RECEIVED_SHUTDOWN;
        if (end)
            n = 0;
        state = advance(vm, &op, r == 1 || end, code);
    }
    decref(vm, socket);
    decref(vm, self);
    return state > 0 ? (ssize_t)n : -1;
}

static Value connection_read(NATIVE_ARGS) {
    int64_t n = 0;
    if (!to_int64(vm, args[0], &n))
        return VALUE_ERROR;
    if (!args[1] || is_none(args[1])) {
        if (n < 0)
            return raise_value(vm, "size should not be negative");
        char small[16384], *data = (size_t)n <= sizeof small ? small : mem_alloc(vm, (size_t)n);
        if (!data)
            return VALUE_ERROR;
        ssize_t got = read_some(vm, self, data, (size_t)n);
        Value r = got < 0 ? VALUE_ERROR : bytes_new(vm, data, (size_t)got);
        if (data != small)
            mem_free(vm, data, (size_t)n);
        return r;
    }
    Buffer b;
    if (!buffer_get(vm, args[1], &b, true))
        return VALUE_ERROR;
    size_t room = n <= 0 || (size_t)n > b.len ? b.len : (size_t)n;
    ssize_t got = read_some(vm, self, b.data, room);
    buffer_release(vm, &b);
    return got < 0 ? VALUE_ERROR : from_small_int(got);
}

/* Sends our farewell and waits for the peer's; the socket, None over MemoryBIO objects. */
static Value connection_shutdown(NATIVE_ARGS) {
    Operation op;
    Value socket;
    int state = 0, said = 0;
    if (!begin(vm, self, &op, "The read operation timed out", 2706, &socket))
        return VALUE_ERROR;
    incref(self);
    while (state == 0) {
        int r = F->SSL_shutdown(op.c->ssl);
        if (r == 0 && ++said < 2) { /* ours is on its way: once more for the peer's */
            if (op.s && !flush(vm, &op))
                state = -1;
            continue;
        }
        bool done = r == 1;
        state = advance(vm, &op, done, done ? 0 : r == 0 ? SSL_ERROR_WANT_READ : F->SSL_get_error(op.c->ssl, r));
    }
    decref(vm, self);
    if (state > 0)
        return socket ? socket : VALUE_NONE;
    decref(vm, socket);
    return VALUE_ERROR;
}

static Value connection_verify_later(NATIVE_ARGS) {
    return F->SSL_verify_client_post_handshake(as_connection(self)->ssl) ? VALUE_NONE : ssl_fail(vm, NULL, 2871);
}

/* --- what is known of the connection -------------------------------------------------------------------------------
 */

static Value connection_getpeercert(NATIVE_ARGS) {
    Connection *c = as_connection(self);
    int binary = args[0] ? truth(vm, args[0]) : 0;
    if (binary < 0)
        return VALUE_ERROR;
    if (!F->SSL_is_init_finished(c->ssl))
        return raise_value(vm, "handshake not done yet");
    X509 *certificate = F->SSL_get1_peer_certificate(c->ssl);
    if (!certificate)
        return VALUE_NONE;
    Value r = binary                                                    ? ssl_certificate_der(vm, certificate)
              : F->SSL_CTX_get_verify_mode(as_context(c->context)->ctx) ? ssl_certificate_dict(vm, certificate)
                                                                        : dict_new(vm);
    F->X509_free(certificate);
    return r;
}

static Value chain_list(VM *vm, const void *chain, X509 *first) {
    Value list = list_new(vm, 0);
    int n = chain ? F->OPENSSL_sk_num(chain) : 0;
    if (list && first) {
        Value der = ssl_certificate_der(vm, first);
        if (!der || !list_append_steal(vm, list, der))
            set_owned(vm, &list, 0);
    }
    for (int i = 0; list && i < n; i++) {
        Value der = ssl_certificate_der(vm, F->OPENSSL_sk_value(chain, i));
        if (!der || !list_append_steal(vm, list, der))
            set_owned(vm, &list, 0);
    }
    return list;
}

static Value connection_verified_chain(NATIVE_ARGS) {
    return chain_list(vm, F->SSL_get0_verified_chain(as_connection(self)->ssl), NULL);
}

/* A server does not find the peer's own certificate in the chain. */
static Value connection_unverified_chain(NATIVE_ARGS) {
    Connection *c = as_connection(self);
    X509 *own = c->server_side ? F->SSL_get1_peer_certificate(c->ssl) : NULL;
    Value list = chain_list(vm, F->SSL_get_peer_cert_chain(c->ssl), own);
    if (own)
        F->X509_free(own);
    return list;
}

Value ssl_cipher_tuple(VM *vm, const SSL_CIPHER *cipher) {
    const char *name = F->SSL_CIPHER_get_name(cipher), *version = F->SSL_CIPHER_get_version(cipher);
    Value a = str_from_c(vm, name ? name : ""), b = a ? str_from_c(vm, version ? version : "") : VALUE_ERROR;
    Value r = b ? tuple_pack(vm, 3, a, b, from_small_int(F->SSL_CIPHER_get_bits(cipher, NULL))) : VALUE_ERROR;
    decref(vm, a);
    decref(vm, b);
    return r;
}

static Value connection_cipher(NATIVE_ARGS) {
    const SSL_CIPHER *cipher = F->SSL_get_current_cipher(as_connection(self)->ssl);
    return cipher ? ssl_cipher_tuple(vm, cipher) : VALUE_NONE;
}

static Value connection_shared_ciphers(NATIVE_ARGS) {
    Connection *c = as_connection(self);
    const OPENSSL_STACK *theirs = (const OPENSSL_STACK *)F->SSL_get_client_ciphers(c->ssl);
    OPENSSL_STACK *ours = (OPENSSL_STACK *)F->SSL_get_ciphers(c->ssl);
    if (!c->server_side || !theirs)
        return VALUE_NONE;
    Value list = list_new(vm, 0);
    for (int i = 0; list && i < F->OPENSSL_sk_num(theirs); i++) {
        const SSL_CIPHER *cipher = F->OPENSSL_sk_value(theirs, i);
        if (F->OPENSSL_sk_find(ours, cipher) < 0)
            continue;
        Value item = ssl_cipher_tuple(vm, cipher);
        if (!item || !list_append_steal(vm, list, item))
            set_owned(vm, &list, 0);
    }
    return list;
}

static Value connection_version(NATIVE_ARGS) {
    Connection *c = as_connection(self);
    const char *version = F->SSL_is_init_finished(c->ssl) ? F->SSL_get_version(c->ssl) : NULL;
    return version && strcmp(version, "unknown") != 0 ? str_from_c(vm, version) : VALUE_NONE;
}

static Value connection_alpn(NATIVE_ARGS) {
    const unsigned char *name = NULL;
    unsigned n = 0;
    F->SSL_get0_alpn_selected(as_connection(self)->ssl, &name, &n);
    return name ? str_decode(vm, (const char *)name, n, "utf-8", "strict") : VALUE_NONE;
}

static Value connection_compression(NATIVE_ARGS) { return VALUE_NONE; }
static Value connection_pending(NATIVE_ARGS) { return from_small_int(F->SSL_pending(as_connection(self)->ssl)); }

static Value connection_channel_binding(NATIVE_ARGS) {
    Connection *c = as_connection(self);
    char data[128];
    if (args[0] && !(is_str(args[0]) && str_equals_c(args[0], "tls-unique")))
        return raise_value(vm, "'%S' channel binding type not implemented", args[0]);
    bool own = (F->SSL_session_reused(c->ssl) != 0) != !c->server_side;
    size_t n =
        own ? F->SSL_get_finished(c->ssl, data, sizeof data) : F->SSL_get_peer_finished(c->ssl, data, sizeof data);
    return n ? bytes_new(vm, data, n) : VALUE_NONE;
}

/* --- attributes ----------------------------------------------------------------------------------------------------
 */

static Value get_context(VM *vm, Value self) { return incref(as_connection(self)->context); }
static bool set_context(VM *vm, Value self, Value v) {
    Connection *c = as_connection(self);
    if (!v || !type_is_subtype(type_of(vm, v), ssl_state(vm)->context))
        return raise_type(vm, "The value must be a SSLContext");
    F->SSL_set_SSL_CTX(c->ssl, as_context(v)->ctx);
    set_owned(vm, &c->context, incref(v));
    return true;
}
static Value get_server_side(VM *vm, Value self) { return from_bool(as_connection(self)->server_side); }
static Value get_server_hostname(VM *vm, Value self) {
    Value name = as_connection(self)->server_name;
    return name ? incref(name) : VALUE_NONE;
}
static Value get_owner(VM *vm, Value self) {
    Value owner = as_connection(self)->owner;
    return owner ? weakref_get(vm, owner) : VALUE_NONE;
}
static bool set_owner(VM *vm, Value self, Value v) {
    Value ref = v && !is_none(v) ? weakref_new(vm, v, 0) : 0;
    if (v && !is_none(v) && !ref)
        return false;
    set_owned(vm, &as_connection(self)->owner, ref);
    return true;
}
static Value get_session_reused(VM *vm, Value self) {
    return from_bool(F->SSL_session_reused(as_connection(self)->ssl) != 0);
}

static const GetSetSpec connection_getset[] = {
    {"context", get_context, set_context, "The context of the connection."},
    {"server_side", get_server_side, NULL, "Whether this is the server's side."},
    {"server_hostname", get_server_hostname, NULL, "The name of the server, for a client."},
    {"owner", get_owner, set_owner, "The object that scripts know."},
    {"session_reused", get_session_reused, NULL, "Whether an earlier session was taken up."},
    {0},
};
static const MethodSpec connection_methods[] = {
    {"do_handshake", connection_do_handshake, "", "Does the handshake.", 0},
    {"write", connection_write, "b, /", "Writes; how many bytes were taken.", 0},
    {"read", connection_read, "size, buffer=None, /", "Reads up to size bytes, or into a buffer.", 0},
    {"shutdown", connection_shutdown, "", "Ends the TLS connection in good order.", 0},
    {"verify_client_post_handshake", connection_verify_later, "", "Asks the client for its certificate.", 0},
    {"getpeercert", connection_getpeercert, "binary_mode=False, /", "The peer's certificate.", 0},
    {"get_verified_chain", connection_verified_chain, "", "The verified chain of certificates.", 0},
    {"get_unverified_chain", connection_unverified_chain, "", "The certificates as the peer sent them.", 0},
    {"cipher", connection_cipher, "", "(name, version, bits) of the cipher in use.", 0},
    {"shared_ciphers", connection_shared_ciphers, "", "The ciphers that both sides have.", 0},
    {"version", connection_version, "", "The version of the protocol.", 0},
    {"selected_alpn_protocol", connection_alpn, "", "The protocol that was agreed on.", 0},
    {"compression", connection_compression, "", "None: there is no compression.", 0},
    {"pending", connection_pending, "", "How many bytes can be read at once.", 0},
    {"get_channel_binding", connection_channel_binding, "cb_type='tls-unique'",
     "Data that identifies the connection.", 0},
    {0},
};
const TypeSpec ssl_connection_spec = {
    .name = "_ssl._SSLSocket",
    .doc = "One side of a TLS connection.",
    .size = sizeof(Connection),
    .flags = TYPE_GC | TYPE_NO_NEW | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = connection_dealloc, .traverse = connection_traverse, .clear = connection_clear},
    .methods = connection_methods,
    .getset = connection_getset,
};
#endif
