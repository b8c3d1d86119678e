/* The errors of _ssl: classes, and their texts from OpenSSL's queue of errors. */
#if defined(COVE_WITH_OPENSSL)
#include "stdlib/ssl/ssl.h"

static Type *error_class(VM *vm, Value module, const char *name, Type *first, Type *second, const char *doc) {
    Value text = str_intern_c(vm, name), home = text ? str_intern_c(vm, "ssl") : VALUE_ERROR, cls = VALUE_ERROR;
    Value about = home ? str_from_c(vm, doc) : VALUE_ERROR;
    Value bases = about ? tuple_pack(vm, second ? 2 : 1, type_value(first), second ? type_value(second) : VALUE_NONE)
                        : VALUE_ERROR;
    Value namespace = bases ? dict_new(vm) : VALUE_ERROR;
    if (namespace && dict_set_c(vm, namespace, "__module__", home) && dict_set_c(vm, namespace, "__doc__", about))
        cls = type_create(vm, vm->types.type, text, bases, namespace, NULL, 0);
    decref(vm, text);
    decref(vm, home);
    decref(vm, about);
    decref(vm, bases);
    decref(vm, namespace);
    if (!cls || !vm_keep(vm, cls) || !module_add(vm, module, name, incref(cls)))
        return NULL;
    return as_type(cls);
}

bool ssl_errors_setup(VM *vm, Value module, SslState *s) {
    s->error = error_class(vm, module, "SSLError", vm->exc.OSError, NULL, "An error in the SSL implementation.");
    if (!s->error)
        return false;
    return (s->verification = error_class(vm, module, "SSLCertVerificationError", s->error, vm->exc.ValueError,
                                          "The certificate of the peer is not to be trusted.")) &&
           (s->zero_return = error_class(vm, module, "SSLZeroReturnError", s->error, NULL,
                                         "The session has been closed in good order.")) &&
           (s->want_read = error_class(vm, module, "SSLWantReadError", s->error, NULL,
                                       "More data has to come before the operation can go on.")) &&
           (s->want_write = error_class(vm, module, "SSLWantWriteError", s->error, NULL,
                                        "Data has to be sent before the operation can go on.")) &&
           (s->syscall_error = error_class(vm, module, "SSLSyscallError", s->error, NULL, "A system call failed.")) &&
           (s->eof = error_class(vm, module, "SSLEOFError", s->error, NULL, "The connection ended abruptly."));
}

static const char *library_name(unsigned long code) {
    static const struct {
        int library;
        const char *name;
    } names[] = {{ERR_LIB_SSL, "SSL"},   {ERR_LIB_PEM, "PEM"},       {ERR_LIB_X509, "X509"},
                 {ERR_LIB_ASN1, "ASN1"}, {ERR_LIB_BIO, "BIO"},       {ERR_LIB_EVP, "EVP"},
                 {ERR_LIB_RSA, "RSA"},   {ERR_LIB_EC, "EC"},         {ERR_LIB_DH, "DH"},
                 {ERR_LIB_CONF, "CONF"}, {ERR_LIB_X509V3, "X509V3"}, {ERR_LIB_CRYPTO, "CRYPTO"}};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (ERR_GET_LIB(code) == names[i].library)
            return names[i].name;
    }
    return NULL;
}

/* "certificate verify failed" is CERTIFICATE_VERIFY_FAILED: OpenSSL's names of reasons are its texts in capitals. */
static void reason_name(const char *text, char *out, size_t size) {
    size_t n = 0;
    for (; text[n] && n + 1 < size; n++)
        out[n] = text[n] >= 'a' && text[n] <= 'z'   ? (char)(text[n] - 32)
                 : text[n] == ' ' || text[n] == '-' ? '_'
                                                    : text[n];
    out[n] = 0;
}

static bool set_text(VM *vm, Value exc, const char *attribute, const char *text) {
    Value name = str_intern_c(vm, attribute), v = !name ? VALUE_ERROR : text ? str_from_c(vm, text) : VALUE_NONE;
    bool ok = v && attr_set(vm, exc, name, v);
    decref(vm, name);
    decref(vm, v);
    return ok;
}

/* Why a certificate was refused. */
static Value verify_text(VM *vm, Connection *c, long code) {
    if (code == X509_V_ERR_HOSTNAME_MISMATCH)
        return str_printf(vm, "Hostname mismatch, certificate is not valid for '%S'.",
                          c->server_name ? c->server_name : VALUE_NONE);
    if (code == X509_V_ERR_IP_ADDRESS_MISMATCH)
        return str_printf(vm, "IP address mismatch, certificate is not valid for '%S'.",
                          c->server_name ? c->server_name : VALUE_NONE);
    const char *text = F->X509_verify_cert_error_string(code);
    return str_from_c(vm, text ? text : "");
}

static Value compose(VM *vm, const char *library, const char *reason, const char *text, Value more, int line) {
    if (library && reason && more)
        return str_printf(vm, "[%s: %s] %s: %V (_ssl.c:%d)", library, reason, text, more, line);
    if (library && reason)
        return str_printf(vm, "[%s: %s] %s (_ssl.c:%d)", library, reason, text, line);
    if (library)
        return str_printf(vm, "[%s] %s (_ssl.c:%d)", library, text, line);
    return str_printf(vm, "%s (_ssl.c:%d)", text, line);
}

static Value raise_error(VM *vm, Type *type, Connection *c, int number, const char *text, unsigned long code,
                         int line) {
    char reason[128] = "";
    const char *library = code ? library_name(code) : NULL,
               *described = code ? F->ERR_reason_error_string(code) : NULL;
    Value more = 0;
    long verdict = 0;
    bool refused =
        c && library && ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_CERTIFICATE_VERIFY_FAILED;
    if (described && !ERR_GET_RFLAGS(code)) /* those are names of parts, such as "PEM lib" */
        reason_name(described, reason, sizeof reason);
    if (refused) {
        verdict = F->SSL_get_verify_result(c->ssl);
        type = ssl_state(vm)->verification;
        if (!(more = verify_text(vm, c, verdict)))
            return VALUE_ERROR;
    }
    text = text ? text : described ? described : "unknown error";
    Value message = compose(vm, library, *reason ? reason : NULL, text, more, line), exc = VALUE_ERROR;
    Value values[2] = {from_small_int(number), message};
    if (message)
        exc = exception_new(vm, type, values, 2);
    decref(vm, message);
    bool ok = exc && set_text(vm, exc, "library", library) && set_text(vm, exc, "reason", *reason ? reason : NULL);
    if (ok && refused) {
        Value name = str_intern_c(vm, "verify_code");
        ok = name && attr_set(vm, exc, name, from_small_int(verdict)) &&
             set_text(vm, exc, "verify_message", str_data(more));
        decref(vm, name);
    }
    decref(vm, more);
    F->ERR_clear_error();
    if (ok)
        return raise_new(vm, exc);
    decref(vm, exc);
    return VALUE_ERROR;
}

Value ssl_raise(VM *vm, Type *type, int number, const char *text, int line) {
    return raise_error(vm, type, NULL, number, text, 0, line);
}

Value ssl_fail(VM *vm, const char *text, int line) {
    unsigned long code = F->ERR_peek_last_error();
    return raise_error(vm, ssl_state(vm)->error, NULL, (int)ERR_GET_REASON(code), text, code, line);
}

Value ssl_fail_operation(VM *vm, Connection *c, int code, int line) {
    SslState *s = ssl_state(vm);
    unsigned long queued = F->ERR_peek_last_error();
    switch (code) {
    case SSL_ERROR_ZERO_RETURN:
        return raise_error(vm, s->zero_return, c, SSL_ERROR_ZERO_RETURN, "TLS/SSL connection has been closed (EOF)",
                           0, line);
    case SSL_ERROR_WANT_READ:
        return raise_error(vm, s->want_read, c, SSL_ERROR_WANT_READ, "The operation did not complete (read)", 0,
                           line);
    case SSL_ERROR_WANT_WRITE:
        return raise_error(vm, s->want_write, c, SSL_ERROR_WANT_WRITE, "The operation did not complete (write)", 0,
                           line);
    case SSL_ERROR_SYSCALL:
        if (!queued)
            return raise_error(vm, s->eof, c, 8, "EOF occurred in violation of protocol", 0, line);
        return raise_error(vm, s->syscall_error, c, SSL_ERROR_SYSCALL, NULL, queued, line);
    default:
        if (ERR_GET_LIB(queued) == ERR_LIB_SSL && ERR_GET_REASON(queued) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            return raise_error(vm, s->eof, c, 8, "EOF occurred in violation of protocol", queued, line);
        return raise_error(vm, s->error, c, SSL_ERROR_SSL, NULL, queued, line);
    }
}
#endif
