/* _ssl: TLS by OpenSSL, which is opened when the module is imported. */
#include "stdlib/module_tools.h"

#if defined(COVE_WITH_OPENSSL)
#include "stdlib/ssl/ssl.h"

#include "stdlib/import/importer.h"

static const LibrarySymbol ssl_symbols[] = {
#define X(name) LIBRARY_SYMBOL(OpenSsl, name),
    SSL_FUNCTIONS(X)
#undef X
        {0},
};
static const LibrarySymbol crypto_symbols[] = {
#define X(name) LIBRARY_SYMBOL(OpenSsl, name),
    CRYPTO_FUNCTIONS(X)
#undef X
        {0},
};

SslState *ssl_state(VM *vm) { return vm->module_state[MODULE_SLOT_mod_ssl_init]; }

/* --- functions
 * ------------------------------------------------------------------------------------------------------- */

static Value module_RAND_bytes(NATIVE_ARGS) {
    int n;
    if (!to_c_int(vm, args[0], &n))
        return VALUE_ERROR;
    if (n < 0)
        return raise_value(vm, "num must be positive");
    Value bytes = bytes_new(vm, NULL, (size_t)n);
    if (bytes && F->RAND_bytes((unsigned char *)as_bytes(bytes)->data, n) != 1) {
        decref(vm, bytes);
        return ssl_fail(vm, NULL, 5700);
    }
    return bytes;
}

static Value module_RAND_status(NATIVE_ARGS) { return from_bool(F->RAND_status() == 1); }

static Value module_RAND_add(NATIVE_ARGS) {
    double entropy;
    Value text = is_str(args[0]) ? str_encode(vm, args[0], "utf-8", "strict") : incref(args[0]);
    Buffer b;
    if (!text || !to_double(vm, args[1], &entropy) || !buffer_get(vm, text, &b, false)) {
        decref(vm, text);
        return VALUE_ERROR;
    }
    F->RAND_add(b.data, (int)b.len, entropy);
    buffer_release(vm, &b);
    decref(vm, text);
    return VALUE_NONE;
}

static Value module_verify_paths(NATIVE_ARGS) {
    const char *texts[] = {F->X509_get_default_cert_file_env(), F->X509_get_default_cert_file(),
                           F->X509_get_default_cert_dir_env(), F->X509_get_default_cert_dir()};
    Value items[4] = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < 4; i++)
        ok = (items[i] = posix_decode(vm, texts[i], strlen(texts[i]))) != 0;
    Value r = ok ? tuple_pack(vm, 4, items[0], items[1], items[2], items[3]) : VALUE_ERROR;
    for (size_t i = 0; i < 4; i++)
        decref(vm, items[i]);
    return r;
}

static Value object_tuple(VM *vm, ASN1_OBJECT *object) {
    char oid[128];
    int nid = F->OBJ_obj2nid(object);
    if (nid == NID_undef)
        return raise_value(vm, "Unknown object");
    F->OBJ_obj2txt(oid, sizeof oid, object, 1);
    Value a = str_from_c(vm, F->OBJ_nid2sn(nid)), b = a ? str_from_c(vm, F->OBJ_nid2ln(nid)) : VALUE_ERROR;
    Value c = b ? str_from_c(vm, oid) : VALUE_ERROR;
    Value r = c ? tuple_pack(vm, 4, from_small_int(nid), a, b, c) : VALUE_ERROR;
    decref(vm, a);
    decref(vm, b);
    decref(vm, c);
    return r;
}

static Value module_txt2obj(NATIVE_ARGS) {
    const char *text = to_c_string(vm, args[0], "txt2obj() argument 'txt'");
    int named = args[1] ? truth(vm, args[1]) : 0;
    if (!text || named < 0)
        return VALUE_ERROR;
    ASN1_OBJECT *object = F->OBJ_txt2obj(text, !named);
    F->ERR_clear_error();
    if (!object)
        return raise_value(vm, "unknown object '%.100s'", text);
    Value r = object_tuple(vm, object);
    F->ASN1_OBJECT_free(object);
    return r;
}

static Value module_nid2obj(NATIVE_ARGS) {
    int nid;
    if (!to_c_int(vm, args[0], &nid))
        return VALUE_ERROR;
    if (nid < NID_undef)
        return raise_value(vm, "NID must be positive");
    ASN1_OBJECT *object = F->OBJ_nid2obj(nid);
    F->ERR_clear_error();
    if (!object)
        return raise_value(vm, "unknown NID %d", nid);
    return object_tuple(vm, object);
}

static Value module_b64encode(NATIVE_ARGS) {
    Buffer b;
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    size_t room = (b.len + 2) / 3 * 4;
    char *text = b.len < INT32_MAX / 2 ? mem_alloc(vm, room + 1) : (raise_overflow(vm, "too much data"), NULL);
    Value r = VALUE_ERROR;
    if (text) {
        F->EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)b.data, (int)b.len);
        r = str_new_ascii(vm, text, room);
        mem_free(vm, text, room + 1);
    }
    buffer_release(vm, &b);
    return r;
}

static Value module_b64decode(NATIVE_ARGS) {
    if (!is_str(args[0]) || as_str(args[0])->nbytes > INT32_MAX / 2)
        return raise_type(vm, "the text must be a str");
    size_t n = as_str(args[0])->nbytes, room = n / 4 * 3 + 4, padding = 0;
    unsigned char *data = mem_alloc(vm, room);
    if (!data)
        return VALUE_ERROR;
    while (padding < 2 && padding < n && str_data(args[0])[n - 1 - padding] == '=')
        padding++;
    int got = F->EVP_DecodeBlock(data, (const unsigned char *)str_data(args[0]), (int)n);
    F->ERR_clear_error();
    Value r = got < (int)padding ? raise_value(vm, "Invalid base64-encoded string")
                                 : bytes_new(vm, (char *)data, (size_t)got - padding);
    mem_free(vm, data, room);
    return r;
}

static Value module_test_decode(NATIVE_ARGS) { return ssl_test_decode(vm, args[0]); }

static const MethodSpec functions[] = {
    {"RAND_bytes", module_RAND_bytes, "n, /", "Random bytes for cryptography.", 0},
    {"RAND_status", module_RAND_status, "", "Whether the generator of random numbers is ready.", 0},
    {"RAND_add", module_RAND_add, "string, entropy, /", "Adds to what the generator is fed with.", 0},
    {"get_default_verify_paths", module_verify_paths, "", "Where the system's trusted certificates are.", 0},
    {"txt2obj", module_txt2obj, "txt, name=False", "An object of ASN.1 by its number or name.", 0},
    {"nid2obj", module_nid2obj, "nid, /", "An object of ASN.1 by OpenSSL's number.", 0},
    {"_b64encode", module_b64encode, "data, /", "Bytes as text in base 64, in one line.", 0},
    {"_b64decode", module_b64decode, "text, /", "The bytes of a text in base 64 without line ends.", 0},
    {"_test_decode_cert", module_test_decode, "path, /", "The dict of a certificate in a file.", 0},
    {0},
};

/* --- the module
 * ------------------------------------------------------------------------------------------------------ */

/* The alerts are the protocol's numbers, the others OpenSSL's or this module's own. */
/* clang-format off */
static const ModuleConstant constants[] = {
    {"ALERT_DESCRIPTION_ACCESS_DENIED", 49}, {"ALERT_DESCRIPTION_BAD_CERTIFICATE", 42},
    {"ALERT_DESCRIPTION_BAD_CERTIFICATE_HASH_VALUE", 114},
    {"ALERT_DESCRIPTION_BAD_CERTIFICATE_STATUS_RESPONSE", 113}, {"ALERT_DESCRIPTION_BAD_RECORD_MAC", 20},
    {"ALERT_DESCRIPTION_CERTIFICATE_EXPIRED", 45}, {"ALERT_DESCRIPTION_CERTIFICATE_REVOKED", 44},
    {"ALERT_DESCRIPTION_CERTIFICATE_UNKNOWN", 46}, {"ALERT_DESCRIPTION_CERTIFICATE_UNOBTAINABLE", 111},
    {"ALERT_DESCRIPTION_CLOSE_NOTIFY", 0}, {"ALERT_DESCRIPTION_DECODE_ERROR", 50},
    {"ALERT_DESCRIPTION_DECOMPRESSION_FAILURE", 30}, {"ALERT_DESCRIPTION_DECRYPT_ERROR", 51},
    {"ALERT_DESCRIPTION_HANDSHAKE_FAILURE", 40}, {"ALERT_DESCRIPTION_ILLEGAL_PARAMETER", 47},
    {"ALERT_DESCRIPTION_INSUFFICIENT_SECURITY", 71}, {"ALERT_DESCRIPTION_INTERNAL_ERROR", 80},
    {"ALERT_DESCRIPTION_NO_RENEGOTIATION", 100}, {"ALERT_DESCRIPTION_PROTOCOL_VERSION", 70},
    {"ALERT_DESCRIPTION_RECORD_OVERFLOW", 22}, {"ALERT_DESCRIPTION_UNEXPECTED_MESSAGE", 10},
    {"ALERT_DESCRIPTION_UNKNOWN_CA", 48}, {"ALERT_DESCRIPTION_UNKNOWN_PSK_IDENTITY", 115},
    {"ALERT_DESCRIPTION_UNRECOGNIZED_NAME", 112}, {"ALERT_DESCRIPTION_UNSUPPORTED_CERTIFICATE", 43},
    {"ALERT_DESCRIPTION_UNSUPPORTED_EXTENSION", 110}, {"ALERT_DESCRIPTION_USER_CANCELLED", 90}, {"CERT_NONE", 0},
    {"CERT_OPTIONAL", 1}, {"CERT_REQUIRED", 2}, {"ENCODING_DER", 2}, {"ENCODING_PEM", 1},
    {"HOSTFLAG_ALWAYS_CHECK_SUBJECT", 1}, {"HOSTFLAG_MULTI_LABEL_WILDCARDS", 8},
    {"HOSTFLAG_NEVER_CHECK_SUBJECT", 32}, {"HOSTFLAG_NO_PARTIAL_WILDCARDS", 4}, {"HOSTFLAG_NO_WILDCARDS", 2},
    {"HOSTFLAG_SINGLE_LABEL_SUBDOMAINS", 16}, {"OP_ALL", 0x80000050LL}, {"OP_CIPHER_SERVER_PREFERENCE", 4194304},
    {"OP_ENABLE_KTLS", 8}, {"OP_ENABLE_MIDDLEBOX_COMPAT", 1048576}, {"OP_IGNORE_UNEXPECTED_EOF", 128},
    {"OP_LEGACY_SERVER_CONNECT", 4}, {"OP_NO_COMPRESSION", 131072}, {"OP_NO_RENEGOTIATION", 1073741824},
    {"OP_NO_SSLv2", 0}, {"OP_NO_SSLv3", 33554432}, {"OP_NO_TICKET", 16384}, {"OP_NO_TLSv1", 67108864},
    {"OP_NO_TLSv1_1", 268435456}, {"OP_NO_TLSv1_2", 134217728}, {"OP_NO_TLSv1_3", 536870912},
    {"OP_SINGLE_DH_USE", 0}, {"OP_SINGLE_ECDH_USE", 0}, {"PROTOCOL_SSLv23", 2}, {"PROTOCOL_TLS", 2},
    {"PROTOCOL_TLS_CLIENT", 16}, {"PROTOCOL_TLS_SERVER", 17}, {"PROTOCOL_TLSv1", 3}, {"PROTOCOL_TLSv1_1", 4},
    {"PROTOCOL_TLSv1_2", 5}, {"PROTO_MAXIMUM_SUPPORTED", -1}, {"PROTO_MINIMUM_SUPPORTED", -2},
    {"PROTO_SSLv3", 768}, {"PROTO_TLSv1", 769}, {"PROTO_TLSv1_1", 770}, {"PROTO_TLSv1_2", 771},
    {"PROTO_TLSv1_3", 772}, {"SSL_ERROR_EOF", 8}, {"SSL_ERROR_INVALID_ERROR_CODE", 10}, {"SSL_ERROR_SSL", 1},
    {"SSL_ERROR_SYSCALL", 5}, {"SSL_ERROR_WANT_CONNECT", 7}, {"SSL_ERROR_WANT_READ", 2},
    {"SSL_ERROR_WANT_WRITE", 3}, {"SSL_ERROR_WANT_X509_LOOKUP", 4}, {"SSL_ERROR_ZERO_RETURN", 6},
    {"VERIFY_ALLOW_PROXY_CERTS", 64}, {"VERIFY_CRL_CHECK_CHAIN", 12}, {"VERIFY_CRL_CHECK_LEAF", 4},
    {"VERIFY_DEFAULT", 0}, {"VERIFY_X509_PARTIAL_CHAIN", 524288}, {"VERIFY_X509_STRICT", 32},
    {"VERIFY_X509_TRUSTED_FIRST", 32768},
};
/* clang-format on */

static bool add_flags(VM *vm, Value module) {
    static const struct {
        const char *name;
        bool value;
    } flags[] = {{"HAS_ALPN", true},  {"HAS_ECDH", true},    {"HAS_NPN", false},    {"HAS_PSK", false},
                 {"HAS_SNI", true},   {"HAS_SSLv2", false},  {"HAS_SSLv3", false},  {"HAS_TLS_UNIQUE", true},
                 {"HAS_TLSv1", true}, {"HAS_TLSv1_1", true}, {"HAS_TLSv1_2", true}, {"HAS_TLSv1_3", true}};
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if (!module_add(vm, module, flags[i].name, from_bool(flags[i].value)))
            return false;
    }
    return true;
}

static bool add_version(VM *vm, Value module) {
    unsigned long n = F->OpenSSL_version_num();
    Value info = tuple_pack(vm, 5, from_small_int(n >> 28 & 0xf), from_small_int(n >> 20 & 0xff),
                            from_small_int(n >> 12 & 0xff), from_small_int(n >> 4 & 0xff), from_small_int(n & 0xf));
    return info && module_add(vm, module, "_OPENSSL_API_VERSION", incref(info)) &&
           module_add(vm, module, "OPENSSL_VERSION_INFO", info) &&
           module_add(vm, module, "OPENSSL_VERSION_NUMBER", from_small_int((int64_t)n)) &&
           module_add(vm, module, "OPENSSL_VERSION", str_from_c(vm, F->OpenSSL_version(OPENSSL_VERSION))) &&
           module_add(vm, module, "_DEFAULT_CIPHERS", str_from_c(vm, SSL_DEFAULT_CIPHERS));
}

static SslState *open_state(VM *vm) {
    static const LibrarySpec ssl = {"libssl.so.3", "libssl3", ssl_symbols};
    static const LibrarySpec crypto = {"libcrypto.so.3", "libssl3", crypto_symbols};
    Value sockets = import_c(vm, "_socket"); /* its objects are what connections go over */
    decref(vm, sockets);
    SslState *s = sockets ? mem_zalloc(vm, sizeof *s) : NULL;
    if (!s)
        return NULL;
    if (!library_open(vm, "ssl", &crypto, &s->f) || !library_open(vm, "ssl", &ssl, &s->f)) {
        mem_free(vm, s, sizeof *s);
        return NULL;
    }
    vm->module_state[MODULE_SLOT_mod_ssl_init] = s;
    return s;
}

bool mod_ssl_init(VM *vm, Value module) {
    SslState *s = ssl_state(vm);
    if (!s && !(s = open_state(vm)))
        return false;
    s->context = vm_type(vm, &ssl_context_spec, NULL);
    s->connection = vm_type(vm, &ssl_connection_spec, NULL);
    s->memory_bio = vm_type(vm, &ssl_memory_bio_spec, NULL);
    return s->context && s->connection && s->memory_bio && ssl_errors_setup(vm, module, s) &&
           module_add_functions(vm, module, functions) &&
           module_add_constants(vm, module, constants, ARRAY_LEN(constants)) && add_flags(vm, module) &&
           add_version(vm, module) && module_add(vm, module, "_SSLContext", incref(type_value(s->context))) &&
           module_add(vm, module, "_SSLSocket", incref(type_value(s->connection))) &&
           module_add(vm, module, "MemoryBIO", incref(type_value(s->memory_bio)));
}
#else
#include "stdlib/init.h"
#include "stdlib/library.h"

bool mod_ssl_init(VM *vm, Value module) { return library_left_out(vm, "ssl", "libssl-dev"); }
#endif
