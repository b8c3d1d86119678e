/* _SSLContext: what the connections of a program have in common: certificates, trust, versions, callbacks. */
#if defined(COVE_WITH_OPENSSL)
#include "stdlib/ssl/ssl.h"
#include "stdlib/grants.h"

#include <dlfcn.h>

static bool set_verify_mode(VM *vm, Context *c, int mode) {
    static const int modes[] = {SSL_VERIFY_NONE, SSL_VERIFY_PEER, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT};
    if (mode < CERT_NONE || mode > CERT_REQUIRED)
        return raise_value(vm, "invalid value for verify_mode");
    if (mode == CERT_NONE && c->check_hostname)
        return raise_value(vm, "Cannot set verify_mode to CERT_NONE when check_hostname is enabled.");
    F->SSL_CTX_set_verify(c->ctx, modes[mode], NULL);
    return true;
}

static int verify_mode(VM *vm, Context *c) {
    int mode = F->SSL_CTX_get_verify_mode(c->ctx) & (SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT);
    return mode == SSL_VERIFY_NONE ? CERT_NONE : mode == SSL_VERIFY_PEER ? CERT_OPTIONAL : CERT_REQUIRED;
}

static bool set_defaults(VM *vm, Context *c) {
    uint64_t options = (SSL_OP_ALL & ~SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS) | SSL_OP_NO_SSLv3 | SSL_OP_NO_COMPRESSION |
                       SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_SINGLE_DH_USE | SSL_OP_SINGLE_ECDH_USE |
                       SSL_OP_IGNORE_UNEXPECTED_EOF;
    c->host_flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS;
    F->SSL_CTX_set_options(c->ctx, options & ~(uint64_t)SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (!F->SSL_CTX_set_cipher_list(c->ctx, SSL_DEFAULT_CIPHERS))
        return ssl_raise(vm, ssl_state(vm)->error, 0, "No cipher can be selected.", 3246);
    F->SSL_CTX_ctrl(c->ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, NULL);
    F->SSL_CTX_ctrl(c->ctx, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, NULL);
    F->SSL_CTX_set_session_id_context(c->ctx, (const unsigned char *)"Python", 6);
    F->X509_VERIFY_PARAM_set_flags(F->SSL_CTX_get0_param(c->ctx), X509_V_FLAG_TRUSTED_FIRST);
    F->X509_VERIFY_PARAM_set_hostflags(F->SSL_CTX_get0_param(c->ctx), c->host_flags);
    if (c->protocol != PROTOCOL_TLS_CLIENT)
        return set_verify_mode(vm, c, CERT_NONE);
    c->check_hostname = true;
    return set_verify_mode(vm, c, CERT_REQUIRED);
}

static Value context_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    static const char *const deprecated[] = {[PROTOCOL_TLS] = "ssl.PROTOCOL_TLS is deprecated",
                                             [PROTOCOL_TLSv1] = "ssl.PROTOCOL_TLSv1 is deprecated",
                                             [PROTOCOL_TLSv1_1] = "ssl.PROTOCOL_TLSv1_1 is deprecated",
                                             [PROTOCOL_TLSv1_2] = "ssl.PROTOCOL_TLSv1_2 is deprecated",
                                             [PROTOCOL_TLS_SERVER] = NULL};
    static const int versions[] = {
        [PROTOCOL_TLSv1] = TLS1_VERSION, [PROTOCOL_TLSv1_1] = TLS1_1_VERSION, [PROTOCOL_TLSv1_2] = TLS1_2_VERSION};
    Value v;
    int protocol;
    if (!native_bind(vm, "_SSLContext", "protocol, /", args, nargs, kwnames, &v, 1) || !to_c_int(vm, v, &protocol))
        return VALUE_ERROR;
    if (protocol < PROTOCOL_TLS || protocol > PROTOCOL_TLS_SERVER)
        return raise_value(vm, "invalid or unsupported protocol version %d", protocol);
    if (deprecated[protocol] && !warn(vm, vm->exc.DeprecationWarning, 2, "%s", deprecated[protocol]))
        return VALUE_ERROR;
    Context *c = object_alloc(vm, type, 0);
    if (!c)
        return VALUE_ERROR;
    c->vm = vm;
    c->protocol = protocol;
    const SSL_METHOD *method = protocol == PROTOCOL_TLS_CLIENT   ? F->TLS_client_method()
                               : protocol == PROTOCOL_TLS_SERVER ? F->TLS_server_method()
                                                                 : F->TLS_method();
    bool ok = (c->ctx = F->SSL_CTX_new(method)) || ssl_fail(vm, NULL, 3140);
    ok = ok && set_defaults(vm, c);
    if (ok && (size_t)protocol < ARRAY_LEN(versions) && versions[protocol]) {
        F->SSL_CTX_ctrl(c->ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, versions[protocol], NULL);
        F->SSL_CTX_ctrl(c->ctx, SSL_CTRL_SET_MAX_PROTO_VERSION, versions[protocol], NULL);
    }
    F->ERR_clear_error();
    if (ok)
        return from_obj(c);
    obj_decref(vm, &c->header);
    return VALUE_ERROR;
}

static void context_dealloc(VM *vm, Object *self) {
    Context *c = (Context *)self;
    if (c->ctx)
        F->SSL_CTX_free(c->ctx);
    if (c->keylog)
        F->BIO_free(c->keylog);
    c->ctx = NULL;
    c->keylog = NULL;
    mem_free(vm, c->alpn, c->alpn_len);
    c->alpn = NULL;
    c->alpn_len = 0;
    set_owned(vm, &c->sni_callback, 0);
    set_owned(vm, &c->keylog_name, 0);
}
static void context_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((Context *)self)->sni_callback, visit, arg);
}
static void context_clear(VM *vm, Object *self) { set_owned(vm, &((Context *)self)->sni_callback, 0); }

/* --- certificates --------------------------------------------------------------------------------------------------
 */

typedef struct Password {
    VM *vm;
    Value source; /* str, bytes, bytearray or callable; 0: none */
} Password;

/* OpenSSL asks for the password of a key; -1 with an exception pending. */
static int give_password(char *buffer, int size, int writing, void *data) {
    Password *p = data;
    VM *vm = p->vm;
    Value v = is_callable(p->source) ? call0(vm, p->source) : incref(p->source);
    int n = -1;
    Buffer bytes;
    if (!v)
        return -1;
    if (is_str(v)) {
        n = as_str(v)->nbytes < (size_t)size ? (int)as_str(v)->nbytes : -2;
        if (n >= 0)
            memcpy(buffer, str_data(v), (size_t)n);
    } else if (is_bytes(v) || is_bytearray(v)) {
        if (buffer_get(vm, v, &bytes, false)) {
            n = bytes.len < (size_t)size ? (int)bytes.len : -2;
            if (n >= 0)
                memcpy(buffer, bytes.data, (size_t)n);
            buffer_release(vm, &bytes);
        }
    } else {
        raise_type(vm, is_callable(p->source) ? "password callback must return a string"
                                              : "password should be a string or callable");
    }
    if (n == -2)
        raise_value(vm, "password cannot be longer than %d bytes", size);
    decref(vm, v);
    return n < 0 ? -1 : n;
}

static Value load_failed(VM *vm, int line) {
    if (error_pending(vm)) {
        F->ERR_clear_error();
        return VALUE_ERROR;
    }
    if (errno != 0) {
        F->ERR_clear_error();
        return socket_fail(vm);
    }
    unsigned long code = F->ERR_peek_last_error();
    const char *text = F->ERR_reason_error_string(code);
    return ssl_fail(vm, text, line);
}

static Value context_load_cert_chain(NATIVE_ARGS) {
    if (!grant_check(vm, GRANT_FILES))
        return VALUE_ERROR;
    Context *c = as_context(self);
    Password password = {vm, args[2] && !is_none(args[2]) ? args[2] : 0};
    if (password.source && !is_callable(password.source) && !is_str(password.source) && !is_bytes(password.source) &&
        !is_bytearray(password.source))
        return raise_type(vm, "password should be a string or callable");
    Value certificate = posix_fs_bytes(vm, args[0]);
    Value key = !certificate                   ? VALUE_ERROR
                : args[1] && !is_none(args[1]) ? posix_fs_bytes(vm, args[1])
                                               : incref(certificate);
    Value r = VALUE_ERROR;
    if (key) {
        if (password.source) {
            F->SSL_CTX_set_default_passwd_cb(c->ctx, give_password);
            F->SSL_CTX_set_default_passwd_cb_userdata(c->ctx, &password);
        }
        errno = 0;
        if (F->SSL_CTX_use_certificate_chain_file(c->ctx, as_bytes(certificate)->data) != 1 || error_pending(vm))
            load_failed(vm, 3895);
        else if (F->SSL_CTX_use_PrivateKey_file(c->ctx, as_bytes(key)->data, SSL_FILETYPE_PEM) != 1 ||
                 error_pending(vm))
            load_failed(vm, 3937);
        else if (!F->SSL_CTX_check_private_key(c->ctx))
            ssl_fail(vm, NULL, 3926);
        else
            r = VALUE_NONE;
        F->SSL_CTX_set_default_passwd_cb(c->ctx, NULL);
        F->SSL_CTX_set_default_passwd_cb_userdata(c->ctx, NULL);
    }
    decref(vm, certificate);
    decref(vm, key);
    return r;
}

/* Adds certificates given as text (PEM) or bytes (DER). */
static bool add_certificates(VM *vm, Context *c, const char *data, size_t n, bool pem) {
    if (n == 0)
        return raise_value(vm, "Empty certificate data");
    BIO *bio = F->BIO_new_mem_buf(data, (int)n);
    if (!bio)
        return raise_memory(vm);
    X509_STORE *store = F->SSL_CTX_get_cert_store(c->ctx);
    int loaded = 0;
    for (;; loaded++) {
        X509 *certificate = pem ? F->PEM_read_bio_X509(bio, NULL, NULL, NULL) : F->d2i_X509_bio(bio, NULL);
        if (!certificate)
            break;
        F->X509_STORE_add_cert(store, certificate);
        F->X509_free(certificate);
    }
    F->BIO_free(bio);
    unsigned long code = F->ERR_peek_last_error();
    bool end = pem ? ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
                   : ERR_GET_LIB(code) == ERR_LIB_ASN1;
    if (loaded == 0)
        return ssl_raise(vm, ssl_state(vm)->error, 0,
                         pem ? "no start line: cadata does not contain a certificate"
                             : "not enough data: cadata does not contain a certificate",
                         4035);
    if (!end && code)
        return ssl_fail(vm, NULL, 4163);
    F->ERR_clear_error();
    return true;
}

static Value context_load_verify_locations(NATIVE_ARGS) {
    if (!grant_check(vm, GRANT_FILES))
        return VALUE_ERROR;
    Context *c = as_context(self);
    Value file = args[0] && !is_none(args[0]) ? args[0] : 0, folder = args[1] && !is_none(args[1]) ? args[1] : 0,
          data = args[2] && !is_none(args[2]) ? args[2] : 0;
    if (!file && !folder && !data)
        return raise_type(vm, "cafile, capath and cadata cannot be all omitted");
    if (data && is_str(data)) {
        if (!str_is_ascii(as_str(data)))
            return raise_type(vm, "cadata should be an ASCII string or a bytes-like object");
        if (!add_certificates(vm, c, str_data(data), as_str(data)->nbytes, true))
            return VALUE_ERROR;
    } else if (data) {
        Buffer b;
        if (!buffer_get(vm, data, &b, false))
            return VALUE_ERROR;
        bool ok = add_certificates(vm, c, b.data, b.len, false);
        buffer_release(vm, &b);
        if (!ok)
            return VALUE_ERROR;
    }
    Value file_bytes = file ? posix_fs_bytes(vm, file) : 0, folder_bytes = 0, r = VALUE_NONE;
    if (file && !file_bytes)
        return VALUE_ERROR;
    if (folder && !(folder_bytes = posix_fs_bytes(vm, folder))) {
        decref(vm, file_bytes);
        return VALUE_ERROR;
    }
    errno = 0;
    if ((file || folder) && F->SSL_CTX_load_verify_locations(c->ctx, file ? as_bytes(file_bytes)->data : NULL,
                                                             folder ? as_bytes(folder_bytes)->data : NULL) != 1)
        r = load_failed(vm, 4297);
    decref(vm, file_bytes);
    decref(vm, folder_bytes);
    return r;
}

static Value context_set_default_verify_paths(NATIVE_ARGS) {
    if (!grant_check(vm, GRANT_FILES))
        return VALUE_ERROR;
    return F->SSL_CTX_set_default_verify_paths(as_context(self)->ctx) ? VALUE_NONE : ssl_fail(vm, NULL, 4600);
}

static OPENSSL_STACK *store_objects(VM *vm, Context *c) {
    return (OPENSSL_STACK *)F->X509_STORE_get0_objects(F->SSL_CTX_get_cert_store(c->ctx));
}

static Value context_get_ca_certs(NATIVE_ARGS) {
    OPENSSL_STACK *objects = store_objects(vm, as_context(self));
    int binary = args[0] ? truth(vm, args[0]) : 0;
    Value list = binary < 0 ? VALUE_ERROR : list_new(vm, 0);
    for (int i = 0; list && i < F->OPENSSL_sk_num(objects); i++) {
        X509_OBJECT *object = F->OPENSSL_sk_value(objects, i);
        X509 *certificate = F->X509_OBJECT_get_type(object) == X509_LU_X509 ? F->X509_OBJECT_get0_X509(object) : NULL;
        if (!certificate || !F->X509_check_ca(certificate))
            continue;
        Value item = binary ? ssl_certificate_der(vm, certificate) : ssl_certificate_dict(vm, certificate);
        if (!item || !list_append_steal(vm, list, item))
            set_owned(vm, &list, 0);
    }
    return list;
}

static Value context_cert_store_stats(NATIVE_ARGS) {
    OPENSSL_STACK *objects = store_objects(vm, as_context(self));
    int certificates = 0, lists = 0, authorities = 0;
    for (int i = 0; i < F->OPENSSL_sk_num(objects); i++) {
        X509_OBJECT *object = F->OPENSSL_sk_value(objects, i);
        lists += F->X509_OBJECT_get_type(object) == X509_LU_CRL;
        if (F->X509_OBJECT_get_type(object) != X509_LU_X509)
            continue;
        certificates++;
        authorities += F->X509_check_ca(F->X509_OBJECT_get0_X509(object)) > 0;
    }
    Value dict = dict_new(vm);
    if (dict && dict_set_c(vm, dict, "x509", from_small_int(certificates)) &&
        dict_set_c(vm, dict, "crl", from_small_int(lists)) &&
        dict_set_c(vm, dict, "x509_ca", from_small_int(authorities)))
        return dict;
    decref(vm, dict);
    return VALUE_ERROR;
}

static Value context_session_stats(NATIVE_ARGS) {
    static const struct {
        const char *name;
        int what;
    } rows[] = {{"number", SSL_CTRL_SESS_NUMBER},
                {"connect", SSL_CTRL_SESS_CONNECT},
                {"connect_good", SSL_CTRL_SESS_CONNECT_GOOD},
                {"connect_renegotiate", SSL_CTRL_SESS_CONNECT_RENEGOTIATE},
                {"accept", SSL_CTRL_SESS_ACCEPT},
                {"accept_good", SSL_CTRL_SESS_ACCEPT_GOOD},
                {"accept_renegotiate", SSL_CTRL_SESS_ACCEPT_RENEGOTIATE},
                {"hits", SSL_CTRL_SESS_HIT},
                {"misses", SSL_CTRL_SESS_MISSES},
                {"timeouts", SSL_CTRL_SESS_TIMEOUTS},
                {"cache_full", SSL_CTRL_SESS_CACHE_FULL}};
    Value dict = dict_new(vm);
    for (size_t i = 0; dict && i < ARRAY_LEN(rows); i++) {
        long n = F->SSL_CTX_ctrl(as_context(self)->ctx, rows[i].what, 0, NULL);
        if (!dict_set_c(vm, dict, rows[i].name, from_small_int(n)))
            set_owned(vm, &dict, 0);
    }
    return dict;
}

/* --- ciphers, protocols --------------------------------------------------------------------------------------------
 */

static Value context_set_ciphers(NATIVE_ARGS) {
    const char *list = to_c_string(vm, args[0], "set_ciphers() argument");
    if (!list)
        return VALUE_ERROR;
    if (F->SSL_CTX_set_cipher_list(as_context(self)->ctx, list))
        return VALUE_NONE;
    F->ERR_clear_error();
    return raisef(vm, ssl_state(vm)->error, "No cipher can be selected.");
}

static bool add_text(VM *vm, Value dict, const char *key, const char *text) {
    Value v = text ? str_from_c(vm, text) : VALUE_NONE;
    bool ok = v && dict_set_c(vm, dict, key, v);
    decref(vm, v);
    return ok;
}

static const char *nid_name(VM *vm, int nid) { return nid == NID_undef ? NULL : F->OBJ_nid2ln(nid); }

static Value cipher_dict(VM *vm, const SSL_CIPHER *cipher) {
    char description[512];
    int all = 0, strength = F->SSL_CIPHER_get_bits(cipher, &all);
    if (!F->SSL_CIPHER_description(cipher, description, sizeof description))
        description[0] = 0;
    description[strcspn(description, "\n")] = 0;
    Value dict = dict_new(vm);
    if (dict && dict_set_c(vm, dict, "id", from_small_int(F->SSL_CIPHER_get_id(cipher))) &&
        add_text(vm, dict, "name", F->SSL_CIPHER_get_name(cipher)) &&
        add_text(vm, dict, "protocol", F->SSL_CIPHER_get_version(cipher)) &&
        add_text(vm, dict, "description", description) &&
        dict_set_c(vm, dict, "strength_bits", from_small_int(strength)) &&
        dict_set_c(vm, dict, "alg_bits", from_small_int(all)) &&
        dict_set_c(vm, dict, "aead", from_bool(F->SSL_CIPHER_is_aead(cipher))) &&
        add_text(vm, dict, "symmetric", nid_name(vm, F->SSL_CIPHER_get_cipher_nid(cipher))) &&
        add_text(vm, dict, "digest", nid_name(vm, F->SSL_CIPHER_get_digest_nid(cipher))) &&
        add_text(vm, dict, "kea", nid_name(vm, F->SSL_CIPHER_get_kx_nid(cipher))) &&
        add_text(vm, dict, "auth", nid_name(vm, F->SSL_CIPHER_get_auth_nid(cipher))))
        return dict;
    decref(vm, dict);
    return VALUE_ERROR;
}

static Value context_get_ciphers(NATIVE_ARGS) {
    const OPENSSL_STACK *ciphers = (const OPENSSL_STACK *)F->SSL_CTX_get_ciphers(as_context(self)->ctx);
    Value list = list_new(vm, 0);
    for (int i = 0; list && ciphers && i < F->OPENSSL_sk_num(ciphers); i++) {
        Value item = cipher_dict(vm, F->OPENSSL_sk_value(ciphers, i));
        if (!item || !list_append_steal(vm, list, item))
            set_owned(vm, &list, 0);
    }
    return list;
}

static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *theirs,
                       unsigned theirs_len, void *data) {
    Context *c = data;
    unsigned char *chosen = NULL;
    for (size_t i = 0; i < c->alpn_len; i += c->alpn[i] + 1u) { /* our order of preference decides */
        for (unsigned j = 0; j < theirs_len && j + theirs[j] < theirs_len; j += theirs[j] + 1u) {
            if (theirs[j] == c->alpn[i] && memcmp(theirs + j + 1, c->alpn + i + 1, theirs[j]) == 0) {
                chosen = c->alpn + i;
                break;
            }
        }
        if (chosen)
            break;
    }
    if (!chosen)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen + 1;
    *n = *chosen;
    return SSL_TLSEXT_ERR_OK;
}

static Value context_set_alpn(NATIVE_ARGS) {
    Context *c = as_context(self);
    Buffer b;
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    unsigned char *copy = mem_alloc(vm, b.len);
    if (copy)
        memcpy(copy, b.data, b.len);
    size_t n = b.len;
    buffer_release(vm, &b);
    if (!copy)
        return VALUE_ERROR;
    if (F->SSL_CTX_set_alpn_protos(c->ctx, copy, (unsigned)n)) { /* it looks whether the lengths are right */
        F->ERR_clear_error();
        mem_free(vm, copy, n);
        return raise_value(vm, "the protocols are not well-formed");
    }
    mem_free(vm, c->alpn, c->alpn_len);
    c->alpn = copy;
    c->alpn_len = n;
    F->SSL_CTX_set_alpn_select_cb(c->ctx, select_alpn, c);
    return VALUE_NONE;
}

/* --- the callback for server names ---------------------------------------------------------------------------------
 */

/* The alert that a callback's result stands for; SSL_AD_INTERNAL_ERROR after an exception, which is reported. */
static int name_alert(VM *vm, Value result, Value callback) {
    int alert = 0;
    if (!result) {
        error_unraisable(vm, NULL, callback);
        return SSL_AD_HANDSHAKE_FAILURE;
    }
    if (is_none(result))
        return -1;
    if (to_c_int(vm, result, &alert))
        return alert;
    error_unraisable(vm, NULL, result);
    return SSL_AD_INTERNAL_ERROR;
}

static int on_server_name(SSL *ssl, int *alert, void *data) {
    Context *c = data;
    VM *vm = c->vm;
    if (!c->sni_callback)
        return SSL_TLSEXT_ERR_OK;
    Connection *connection = F->SSL_get_ex_data(ssl, 0);
    const char *name = F->SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    Value owner = connection->owner ? weakref_get(vm, connection->owner) : VALUE_NONE;
    Value text = name ? str_decode(vm, name, strlen(name), "ascii", "strict") : VALUE_NONE;
    Value callback = incref(c->sni_callback);
    Value result = owner && text ? call3(vm, callback, owner, text, from_obj(c)) : VALUE_ERROR;
    int code = name_alert(vm, result, callback);
    decref(vm, result);
    decref(vm, callback);
    decref(vm, text);
    decref(vm, owner);
    if (code < 0)
        return SSL_TLSEXT_ERR_OK;
    *alert = code;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static Value get_sni_callback(VM *vm, Value self) {
    Value callback = as_context(self)->sni_callback;
    return callback ? incref(callback) : VALUE_NONE;
}
static bool set_sni_callback(VM *vm, Value self, Value v) {
    Context *c = as_context(self);
    if (c->protocol == PROTOCOL_TLS_CLIENT)
        return raise_value(vm, "sni_callback cannot be set on TLS_CLIENT context");
    if (v && !is_none(v) && !is_callable(v))
        return raise_type(vm, "not a callable object");
    bool some = v && !is_none(v);
    set_owned(vm, &c->sni_callback, some ? incref(v) : 0);
    F->SSL_CTX_callback_ctrl(c->ctx, SSL_CTRL_SET_TLSEXT_SERVERNAME_CB, some ? (void (*)(void))on_server_name : NULL);
    F->SSL_CTX_ctrl(c->ctx, SSL_CTRL_SET_TLSEXT_SERVERNAME_ARG, 0, c);
    return true;
}

/* --- the log of keys -----------------------------------------------------------------------------------------------
 */

/* OpenSSL passes nothing of ours here: the way to the connection is a function of the library, which is looked up as
 * nothing of it may be kept outside of a VM. */
static void on_key(const SSL *ssl, const char *line) {
    void *library = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    __typeof__(&SSL_get_ex_data) get_ex_data = NULL;
    void *address = library ? dlsym(library, "SSL_get_ex_data") : NULL;
    memcpy(&get_ex_data, &address, sizeof address);
    Connection *connection = get_ex_data ? get_ex_data(ssl, 0) : NULL;
    if (library)
        dlclose(library);
    if (!connection)
        return;
    VM *vm = connection->vm;
    BIO *log = as_context(connection->context)->keylog;
    if (log) {
        F->BIO_write(log, line, (int)strlen(line));
        F->BIO_write(log, "\n", 1);
        F->BIO_ctrl(log, BIO_CTRL_FLUSH, 0, NULL);
    }
}

static Value get_keylog(VM *vm, Value self) {
    Value name = as_context(self)->keylog_name;
    return name ? incref(name) : VALUE_NONE;
}

static bool set_keylog(VM *vm, Value self, Value v) {
    if (!grant_check(vm, GRANT_FILES))
        return false;
    Context *c = as_context(self);
    F->SSL_CTX_set_keylog_callback(c->ctx, NULL);
    if (c->keylog)
        F->BIO_free(c->keylog);
    c->keylog = NULL;
    set_owned(vm, &c->keylog_name, 0);
    if (!v || is_none(v))
        return true;
    Value path = posix_fs_bytes(vm, v);
    if (!path)
        return false;
    errno = 0;
    c->keylog = F->BIO_new_file(as_bytes(path)->data, "a");
    decref(vm, path);
    if (!c->keylog)
        return load_failed(vm, 4800);
    if (F->BIO_ctrl(c->keylog, BIO_CTRL_PENDING, 0, NULL) == 0 &&
        F->BIO_ctrl(c->keylog, BIO_C_FILE_TELL, 0, NULL) == 0) {
        static const char head[] = "# TLS secrets log file, generated by OpenSSL / Python\n";
        F->BIO_write(c->keylog, head, sizeof head - 1);
        F->BIO_ctrl(c->keylog, BIO_CTRL_FLUSH, 0, NULL);
    }
    set_owned(vm, &c->keylog_name, incref(v));
    F->SSL_CTX_set_keylog_callback(c->ctx, on_key);
    return true;
}

/* --- settings ------------------------------------------------------------------------------------------------------
 */

static Value get_verify_mode(VM *vm, Value self) { return from_small_int(verify_mode(vm, as_context(self))); }
static bool set_verify(VM *vm, Value self, Value v) {
    int mode;
    return to_c_int(vm, v, &mode) && set_verify_mode(vm, as_context(self), mode);
}

static Value get_check_hostname(VM *vm, Value self) { return from_bool(as_context(self)->check_hostname); }
static bool set_check_hostname(VM *vm, Value self, Value v) {
    Context *c = as_context(self);
    int check = truth(vm, v);
    if (check < 0)
        return false;
    if (check && verify_mode(vm, c) == CERT_NONE && !set_verify_mode(vm, c, CERT_REQUIRED))
        return false;
    c->check_hostname = check;
    return true;
}

static Value get_options(VM *vm, Value self) {
    return int_from_uint64(vm, F->SSL_CTX_get_options(as_context(self)->ctx));
}
static bool set_options(VM *vm, Value self, Value v) {
    Context *c = as_context(self);
    uint64_t wanted = 0, now = F->SSL_CTX_get_options(c->ctx);
    Value i = to_index(vm, v);
    if (!i)
        return false;
    bool fits = int_fits_uint64(i, &wanted);
    decref(vm, i);
    if (!fits)
        return raise_overflow(vm, "can't convert negative int to unsigned");
    if (wanted & ~now &
            (SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2 | SSL_OP_NO_TLSv1_3) &&
        !warn(vm, vm->exc.DeprecationWarning, 2, "ssl.OP_NO_SSL*/ssl.OP_NO_TLS* options are deprecated"))
        return false;
    F->SSL_CTX_clear_options(c->ctx, now & ~wanted);
    F->SSL_CTX_set_options(c->ctx, wanted & ~now);
    return true;
}

static Value get_verify_flags(VM *vm, Value self) {
    return int_from_uint64(vm, F->X509_VERIFY_PARAM_get_flags(F->SSL_CTX_get0_param(as_context(self)->ctx)));
}
static bool set_verify_flags(VM *vm, Value self, Value v) {
    X509_VERIFY_PARAM *param = F->SSL_CTX_get0_param(as_context(self)->ctx);
    int64_t wanted;
    unsigned long now = F->X509_VERIFY_PARAM_get_flags(param);
    if (!to_int64(vm, v, &wanted))
        return false;
    F->X509_VERIFY_PARAM_clear_flags(param, now & ~(unsigned long)wanted);
    F->X509_VERIFY_PARAM_set_flags(param, (unsigned long)wanted & ~now);
    return true;
}

static Value get_host_flags(VM *vm, Value self) { return from_small_int(as_context(self)->host_flags); }
static bool set_host_flags(VM *vm, Value self, Value v) {
    Context *c = as_context(self);
    int flags;
    if (!to_c_int(vm, v, &flags))
        return false;
    c->host_flags = (unsigned)flags;
    F->X509_VERIFY_PARAM_set_hostflags(F->SSL_CTX_get0_param(c->ctx), c->host_flags);
    return true;
}

/* Versions are the protocol's numbers; -2 and -1 stand for the lowest and the highest there is. */
static Value get_version(VM *vm, Value self, int what, int unset) {
    long version = F->SSL_CTX_ctrl(as_context(self)->ctx, what, 0, NULL);
    return from_small_int(version == 0 ? unset : version);
}
static bool set_version(VM *vm, Value self, Value v, int what) {
    int version;
    if (!to_c_int(vm, v, &version))
        return false;
    bool lowest = what == SSL_CTRL_SET_MIN_PROTO_VERSION;
    if (version != -1 && version != -2 && (version < SSL3_VERSION || version > TLS1_3_VERSION))
        return raise_value(vm, "Unsupported TLS/SSL version 0x%x", (unsigned)version);
    if (version >= SSL3_VERSION && version < TLS1_2_VERSION &&
        !warn(vm, vm->exc.DeprecationWarning, 2, "ssl.TLSVersion.%s is deprecated",
              version == SSL3_VERSION   ? "SSLv3"
              : version == TLS1_VERSION ? "TLSv1"
                                        : "TLSv1_1"))
        return false;
    if (version == -2)
        version = lowest ? 0 : TLS1_2_VERSION;
    else if (version == -1)
        version = lowest ? TLS1_3_VERSION : 0;
    if (F->SSL_CTX_ctrl(as_context(self)->ctx, what, version, NULL))
        return true;
    F->ERR_clear_error();
    return raise_value(vm, "Unsupported protocol version 0x%x", (unsigned)version);
}
static Value get_minimum(VM *vm, Value self) { return get_version(vm, self, SSL_CTRL_GET_MIN_PROTO_VERSION, -2); }
static Value get_maximum(VM *vm, Value self) { return get_version(vm, self, SSL_CTRL_GET_MAX_PROTO_VERSION, -1); }
static bool set_minimum(VM *vm, Value self, Value v) {
    return set_version(vm, self, v, SSL_CTRL_SET_MIN_PROTO_VERSION);
}
static bool set_maximum(VM *vm, Value self, Value v) {
    return set_version(vm, self, v, SSL_CTRL_SET_MAX_PROTO_VERSION);
}

static Value get_protocol(VM *vm, Value self) { return from_small_int(as_context(self)->protocol); }
static Value get_security_level(VM *vm, Value self) {
    return from_small_int(F->SSL_CTX_get_security_level(as_context(self)->ctx));
}
static Value get_num_tickets(VM *vm, Value self) {
    return from_small_int((int64_t)F->SSL_CTX_get_num_tickets(as_context(self)->ctx));
}
static bool set_num_tickets(VM *vm, Value self, Value v) {
    int64_t n;
    if (!to_int64(vm, v, &n))
        return false;
    if (n < 0)
        return raise_value(vm, "value must be non-negative");
    if (as_context(self)->protocol != PROTOCOL_TLS_SERVER)
        return raise_value(vm, "SSLContext is not a server context.");
    return F->SSL_CTX_set_num_tickets(as_context(self)->ctx, (size_t)n) ||
           raise_value(vm, "failed to set num tickets.");
}
static Value get_post_handshake(VM *vm, Value self) { return from_bool(as_context(self)->post_handshake_auth); }
static bool set_post_handshake(VM *vm, Value self, Value v) {
    int yes = v ? truth(vm, v) : (raise_type(vm, "cannot delete attribute"), -1);
    if (yes < 0)
        return false;
    as_context(self)->post_handshake_auth = yes;
    F->SSL_CTX_set_post_handshake_auth(as_context(self)->ctx, yes);
    return true;
}

/* --- connections ---------------------------------------------------------------------------------------------------
 */

static Value context_wrap_socket(NATIVE_ARGS) {
    int server = truth(vm, args[1]);
    if (server < 0)
        return VALUE_ERROR;
    if (!type_is_subtype(type_of(vm, args[0]), socket_state(vm)->type))
        return raise_type(vm, "_wrap_socket() argument 'sock' must be _socket.socket, not %T", args[0]);
    return ssl_connection_new(vm, self, args[0], 0, 0, server, args[2] ? args[2] : VALUE_NONE,
                              args[3] ? args[3] : VALUE_NONE);
}

static Value context_wrap_bio(NATIVE_ARGS) {
    int server = truth(vm, args[2]);
    Type *type = ssl_state(vm)->memory_bio;
    if (server < 0)
        return VALUE_ERROR;
    for (int i = 0; i < 2; i++) {
        if (type_of(vm, args[i]) != type)
            return raise_type(vm, "_wrap_bio() argument '%s' must be _ssl.MemoryBIO, not %T",
                              i ? "outgoing" : "incoming", args[i]);
    }
    return ssl_connection_new(vm, self, 0, args[0], args[1], server, args[3] ? args[3] : VALUE_NONE,
                              args[4] ? args[4] : VALUE_NONE);
}

static const MethodSpec context_methods[] = {
    {"_wrap_socket", context_wrap_socket, "sock, server_side, server_hostname=None, owner=None, session=None",
     "A connection over a socket.", 0},
    {"_wrap_bio", context_wrap_bio, "incoming, outgoing, server_side, server_hostname=None, owner=None, session=None",
     "A connection over two MemoryBIO objects.", 0},
    {"load_cert_chain", context_load_cert_chain, "certfile, keyfile=None, password=None",
     "Loads the own certificate and its key.", 0},
    {"load_verify_locations", context_load_verify_locations, "cafile=None, capath=None, cadata=None",
     "Loads certificates that are trusted.", 0},
    {"set_default_verify_paths", context_set_default_verify_paths, "", "Trusts what the system trusts.", 0},
    {"get_ca_certs", context_get_ca_certs, "binary_form=False", "The authorities that are trusted.", 0},
    {"cert_store_stats", context_cert_store_stats, "", "How many certificates are loaded.", 0},
    {"session_stats", context_session_stats, "", "Counters of sessions.", 0},
    {"set_ciphers", context_set_ciphers, "cipherlist, /", "Sets the ciphers, in OpenSSL's notation.", 0},
    {"get_ciphers", context_get_ciphers, "", "The ciphers that are enabled.", 0},
    {"_set_alpn_protocols", context_set_alpn, "protos, /", "Sets the protocols to offer or accept.", 0},
    {0},
};
static const GetSetSpec context_getset[] = {
    {"check_hostname", get_check_hostname, set_check_hostname, "Whether the name of the server is checked."},
    {"verify_mode", get_verify_mode, set_verify, "Whether certificates are asked for and verified."},
    {"verify_flags", get_verify_flags, set_verify_flags, "How certificates are verified."},
    {"options", get_options, set_options, "OpenSSL's options."},
    {"_host_flags", get_host_flags, set_host_flags, "How names are compared."},
    {"minimum_version", get_minimum, set_minimum, "The lowest version."},
    {"maximum_version", get_maximum, set_maximum, "The highest version."},
    {"protocol", get_protocol, NULL, "The protocol that the context was made for."},
    {"security_level", get_security_level, NULL, "OpenSSL's security level."},
    {"num_tickets", get_num_tickets, set_num_tickets, "How many tickets a server sends."},
    {"post_handshake_auth", get_post_handshake, set_post_handshake, "Whether certificates may be asked for later."},
    {"sni_callback", get_sni_callback, set_sni_callback, "Called with the name that a client asks for."},
    {"keylog_filename", get_keylog, set_keylog, "The file for the log of keys."},
    {0},
};
const TypeSpec ssl_context_spec = {
    .name = "_ssl._SSLContext",
    .doc = "What connections have in common.",
    .signature = "protocol, /",
    .size = sizeof(Context),
    .flags = TYPE_BASE | TYPE_GC,
    .kind = KIND_OTHER,
    .slots = {.create = context_create,
              .dealloc = context_dealloc,
              .traverse = context_traverse,
              .clear = context_clear},
    .methods = context_methods,
    .getset = context_getset,
};
#endif
