/* What the files of the module _ssl share: OpenSSL's functions, the module's state, its objects.
 *
 * OpenSSL never touches a socket here. It reads from and writes to memory, under the VM's lock; what goes over a
 * socket is moved by connection.c, which gives the lock up only to wait. So timeouts are those of sockets, one thread
 * may write while another waits for data, and callbacks find themselves in the thread and under the lock that they
 * need. */
#ifndef COVE_STDLIB_SSL_H
#define COVE_STDLIB_SSL_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "stdlib/library.h"
#include "stdlib/socket/socket.h"

#define SSL_FUNCTIONS(X)                                                                                             \
    X(SSL_CTX_callback_ctrl)                                                                                         \
    X(SSL_CTX_check_private_key)                                                                                     \
    X(SSL_CTX_clear_options)                                                                                         \
    X(SSL_CTX_ctrl)                                                                                                  \
    X(SSL_CTX_free)                                                                                                  \
    X(SSL_CTX_get0_param)                                                                                            \
    X(SSL_CTX_get_cert_store)                                                                                        \
    X(SSL_CTX_get_ciphers)                                                                                           \
    X(SSL_CTX_get_num_tickets)                                                                                       \
    X(SSL_CTX_get_options)                                                                                           \
    X(SSL_CTX_get_security_level)                                                                                    \
    X(SSL_CTX_get_verify_mode)                                                                                       \
    X(SSL_CTX_load_verify_locations)                                                                                 \
    X(SSL_CTX_new)                                                                                                   \
    X(SSL_CTX_set_alpn_protos)                                                                                       \
    X(SSL_CTX_set_alpn_select_cb)                                                                                    \
    X(SSL_CTX_set_cipher_list)                                                                                       \
    X(SSL_CTX_set_default_passwd_cb)                                                                                 \
    X(SSL_CTX_set_default_passwd_cb_userdata)                                                                        \
    X(SSL_CTX_set_default_verify_paths)                                                                              \
    X(SSL_CTX_set_keylog_callback)                                                                                   \
    X(SSL_CTX_set_num_tickets)                                                                                       \
    X(SSL_CTX_set_options)                                                                                           \
    X(SSL_CTX_set_post_handshake_auth)                                                                               \
    X(SSL_CTX_set_session_id_context)                                                                                \
    X(SSL_CTX_set_verify)                                                                                            \
    X(SSL_CTX_use_PrivateKey_file)                                                                                   \
    X(SSL_CTX_use_certificate_chain_file)                                                                            \
    X(SSL_CIPHER_description)                                                                                        \
    X(SSL_CIPHER_get_auth_nid)                                                                                       \
    X(SSL_CIPHER_get_bits)                                                                                           \
    X(SSL_CIPHER_get_cipher_nid)                                                                                     \
    X(SSL_CIPHER_get_digest_nid)                                                                                     \
    X(SSL_CIPHER_get_id)                                                                                             \
    X(SSL_CIPHER_get_kx_nid)                                                                                         \
    X(SSL_CIPHER_get_name)                                                                                           \
    X(SSL_CIPHER_get_version)                                                                                        \
    X(SSL_CIPHER_is_aead)                                                                                            \
    X(SSL_ctrl)                                                                                                      \
    X(SSL_do_handshake)                                                                                              \
    X(SSL_free)                                                                                                      \
    X(SSL_get0_alpn_selected)                                                                                        \
    X(SSL_get0_param)                                                                                                \
    X(SSL_get0_verified_chain)                                                                                       \
    X(SSL_get1_peer_certificate)                                                                                     \
    X(SSL_get_client_ciphers)                                                                                        \
    X(SSL_get_ciphers)                                                                                               \
    X(SSL_get_current_cipher)                                                                                        \
    X(SSL_get_error)                                                                                                 \
    X(SSL_get_ex_data)                                                                                               \
    X(SSL_get_finished)                                                                                              \
    X(SSL_get_peer_cert_chain)                                                                                       \
    X(SSL_get_peer_finished)                                                                                         \
    X(SSL_get_servername)                                                                                            \
    X(SSL_get_shutdown)                                                                                              \
    X(SSL_get_verify_result)                                                                                         \
    X(SSL_get_version)                                                                                               \
    X(SSL_is_init_finished)                                                                                          \
    X(SSL_new)                                                                                                       \
    X(SSL_pending)                                                                                                   \
    X(SSL_read_ex)                                                                                                   \
    X(SSL_select_next_proto)                                                                                         \
    X(SSL_session_reused)                                                                                            \
    X(SSL_set_SSL_CTX)                                                                                               \
    X(SSL_set_accept_state)                                                                                          \
    X(SSL_set_bio)                                                                                                   \
    X(SSL_set_connect_state)                                                                                         \
    X(SSL_set_ex_data)                                                                                               \
    X(SSL_set_post_handshake_auth)                                                                                   \
    X(SSL_shutdown)                                                                                                  \
    X(SSL_verify_client_post_handshake)                                                                              \
    X(SSL_write_ex)                                                                                                  \
    X(TLS_client_method)                                                                                             \
    X(TLS_method)                                                                                                    \
    X(TLS_server_method)

#define CRYPTO_FUNCTIONS(X)                                                                                          \
    X(EVP_DecodeBlock)                                                                                               \
    X(EVP_EncodeBlock)                                                                                               \
    X(ACCESS_DESCRIPTION_free)                                                                                       \
    X(DIST_POINT_free)                                                                                               \
    X(ASN1_STRING_get0_data)                                                                                         \
    X(ASN1_STRING_length)                                                                                            \
    X(ASN1_STRING_to_UTF8)                                                                                           \
    X(ASN1_TIME_print)                                                                                               \
    X(ASN1_OBJECT_free)                                                                                              \
    X(BIO_ctrl)                                                                                                      \
    X(BIO_free)                                                                                                      \
    X(BIO_new)                                                                                                       \
    X(BIO_new_file)                                                                                                  \
    X(BIO_new_mem_buf)                                                                                               \
    X(BIO_read)                                                                                                      \
    X(BIO_s_mem)                                                                                                     \
    X(BIO_set_flags)                                                                                                 \
    X(BIO_clear_flags)                                                                                               \
    X(BIO_up_ref)                                                                                                    \
    X(BIO_write)                                                                                                     \
    X(CRYPTO_free)                                                                                                   \
    X(ERR_clear_error)                                                                                               \
    X(ERR_peek_last_error)                                                                                           \
    X(ERR_reason_error_string)                                                                                       \
    X(GENERAL_NAME_free)                                                                                             \
    X(GENERAL_NAME_print)                                                                                            \
    X(OBJ_nid2ln)                                                                                                    \
    X(OBJ_nid2obj)                                                                                                   \
    X(OBJ_nid2sn)                                                                                                    \
    X(OBJ_obj2nid)                                                                                                   \
    X(OBJ_obj2txt)                                                                                                   \
    X(OBJ_txt2obj)                                                                                                   \
    X(OPENSSL_sk_find)                                                                                               \
    X(OPENSSL_sk_num)                                                                                                \
    X(OPENSSL_sk_pop_free)                                                                                           \
    X(OPENSSL_sk_value)                                                                                              \
    X(OpenSSL_version)                                                                                               \
    X(OpenSSL_version_num)                                                                                           \
    X(PEM_read_bio_X509)                                                                                             \
    X(PEM_read_bio_X509_AUX)                                                                                         \
    X(PEM_write_bio_X509)                                                                                            \
    X(RAND_add)                                                                                                      \
    X(RAND_bytes)                                                                                                    \
    X(RAND_status)                                                                                                   \
    X(X509_NAME_ENTRY_get_data)                                                                                      \
    X(X509_NAME_ENTRY_get_object)                                                                                    \
    X(X509_NAME_ENTRY_set)                                                                                           \
    X(X509_NAME_entry_count)                                                                                         \
    X(X509_NAME_get_entry)                                                                                           \
    X(X509_OBJECT_get0_X509)                                                                                         \
    X(X509_OBJECT_get_type)                                                                                          \
    X(X509_STORE_add_cert)                                                                                           \
    X(X509_STORE_get0_objects)                                                                                       \
    X(X509_VERIFY_PARAM_clear_flags)                                                                                 \
    X(X509_VERIFY_PARAM_get_flags)                                                                                   \
    X(X509_VERIFY_PARAM_set1_host)                                                                                   \
    X(X509_VERIFY_PARAM_set1_ip)                                                                                     \
    X(X509_VERIFY_PARAM_set_flags)                                                                                   \
    X(X509_VERIFY_PARAM_set_hostflags)                                                                               \
    X(X509_check_ca)                                                                                                 \
    X(X509_free)                                                                                                     \
    X(X509_get0_notAfter)                                                                                            \
    X(X509_get0_notBefore)                                                                                           \
    X(X509_get_default_cert_dir)                                                                                     \
    X(X509_get_default_cert_dir_env)                                                                                 \
    X(X509_get_default_cert_file)                                                                                    \
    X(X509_get_default_cert_file_env)                                                                                \
    X(X509_get_ext_d2i)                                                                                              \
    X(X509_get_issuer_name)                                                                                          \
    X(X509_get_serialNumber)                                                                                         \
    X(X509_get_subject_name)                                                                                         \
    X(X509_get_version)                                                                                              \
    X(X509_verify_cert_error_string)                                                                                 \
    X(a2i_IPADDRESS)                                                                                                 \
    X(ASN1_OCTET_STRING_free)                                                                                        \
    X(d2i_X509_bio)                                                                                                  \
    X(i2a_ASN1_INTEGER)                                                                                              \
    X(i2d_X509)

typedef struct OpenSsl {
#define X(name) LIBRARY_FUNCTION(name);
    SSL_FUNCTIONS(X)
    CRYPTO_FUNCTIONS(X)
#undef X
} OpenSsl;

typedef struct SslState { /* of the module in one VM */
    OpenSsl f;
    Type *error, *zero_return, *want_read, *want_write, *syscall_error, *eof, *verification;
    Type *context, *connection, *memory_bio;
} SslState;

#define SSL_DEFAULT_CIPHERS "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
enum { CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED };
enum {
    PROTOCOL_TLS = 2,
    PROTOCOL_TLSv1,
    PROTOCOL_TLSv1_1,
    PROTOCOL_TLSv1_2,
    PROTOCOL_TLS_CLIENT = 16,
    PROTOCOL_TLS_SERVER
};

SslState *ssl_state(VM *vm);
/* OpenSSL's functions, where a variable `vm` is in scope. */
#define F (&ssl_state(vm)->f)

/* --- objects */
typedef struct Context {
    Object header;
    VM *vm;
    SSL_CTX *ctx;
    int protocol;
    bool check_hostname, post_handshake_auth;
    unsigned host_flags;
    Value sni_callback, keylog_name; /* owned, 0: none */
    BIO *keylog;
    unsigned char *alpn; /* as in the protocol: each name with its length in front */
    size_t alpn_len;
} Context;

typedef struct MemoryBio {
    Object header;
    BIO *bio;
    bool eof_written;
} MemoryBio;

typedef struct Connection {
    Object header;
    VM *vm;
    SSL *ssl;
    Value context;         /* a Context */
    Value socket;          /* weak reference to the socket, or 0: in and out belong to MemoryBIO objects */
    Value owner;           /* weak reference to the object that scripts know, or 0 */
    Value server_name;     /* str or 0 */
    BIO *in, *out;         /* owned by ssl */
    unsigned char head[5]; /* of the record that is being received */
    size_t head_len, body; /* how much of the head there is, and how much of the body is still to come */
    bool server_side, at_eof;
} Connection;

static inline Context *as_context(Value v) { return (Context *)as_obj(v); }
static inline Connection *as_connection(Value v) { return (Connection *)as_obj(v); }
static inline MemoryBio *as_memory_bio(Value v) { return (MemoryBio *)as_obj(v); }
extern const TypeSpec ssl_context_spec, ssl_connection_spec, ssl_memory_bio_spec;

/* errors.c. `line` is what the message names as the place, as programs have come to expect it there. */
bool ssl_errors_setup(VM *vm, Value module, SslState *s);
/* What OpenSSL last complained about, as SSLError (or the system's error). text: instead of OpenSSL's; may be NULL.
 */
Value ssl_fail(VM *vm, const char *text, int line);
Value ssl_raise(VM *vm, Type *type, int number, const char *text, int line);
/* The failure of an operation on a connection; code is SSL_get_error's. */
Value ssl_fail_operation(VM *vm, Connection *c, int code, int line);

/* connection.c */
Value ssl_connection_new(VM *vm, Value context, Value socket, Value in, Value out, bool server_side,
                         Value server_name, Value owner);
/* cert.c */
Value ssl_certificate_dict(VM *vm, X509 *certificate);
Value ssl_certificate_der(VM *vm, X509 *certificate);
Value ssl_test_decode(VM *vm, Value path);
Value ssl_bio_text(VM *vm, BIO *bio); /* all that is in a memory BIO */

Value ssl_cipher_tuple(VM *vm, const SSL_CIPHER *cipher);

#endif
