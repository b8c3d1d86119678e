/* _hashlib: message digests by OpenSSL's libcrypto, keys from passwords, and comparing in constant time. */
#include "stdlib/module_tools.h"

#if defined(COVE_WITH_OPENSSL)
#include <openssl/err.h>
#include <openssl/evp.h>

#include "object/bytes.h"
#include "runtime/limits.h"
#include "runtime/lock.h"
#include "stdlib/init.h"
#include "stdlib/io/io.h"
#include "stdlib/library.h"

#define FUNCTIONS(X)                                                                                                 \
    X(ERR_clear_error)                                                                                               \
    X(EVP_DigestFinalXOF)                                                                                            \
    X(EVP_DigestFinal_ex)                                                                                            \
    X(EVP_DigestInit_ex)                                                                                             \
    X(EVP_DigestUpdate)                                                                                              \
    X(EVP_MD_CTX_copy_ex)                                                                                            \
    X(EVP_MD_CTX_free)                                                                                               \
    X(EVP_MD_CTX_new)                                                                                                \
    X(EVP_MD_fetch)                                                                                                  \
    X(EVP_MD_free)                                                                                                   \
    X(EVP_MD_get_block_size)                                                                                         \
    X(EVP_MD_get_flags)                                                                                              \
    X(EVP_MD_get_size)                                                                                               \
    X(EVP_PBE_scrypt)                                                                                                \
    X(PKCS5_PBKDF2_HMAC)

typedef struct HashState { /* of the module in one VM */
#define X(name) LIBRARY_FUNCTION(name);
    FUNCTIONS(X)
#undef X
    Type *hash, *xof, *unsupported;
} HashState;

#define F ((HashState *)vm->module_state[MODULE_SLOT_mod_hashlib_init])

typedef struct Hash {
    Object header;
    EVP_MD_CTX *ctx;
    EVP_MD *md;
    Value name;  /* str */
    IoLock lock; /* long data is digested without the VM's lock */
} Hash;

static Hash *as_hash(Value v) { return (Hash *)as_obj(v); }

/* Data longer than this is digested without the VM's lock. */
#define LONG_DATA 65536

/* The names that scripts use for digests that OpenSSL calls otherwise. */
static const struct {
    const char *name, *openssl;
} other_names[] = {{"sha3_224", "SHA3-224"},  {"sha3_256", "SHA3-256"},  {"sha3_384", "SHA3-384"},
                   {"sha3_512", "SHA3-512"},  {"shake_128", "SHAKE128"}, {"shake_256", "SHAKE256"},
                   {"blake2b", "BLAKE2B512"}, {"blake2s", "BLAKE2S256"}};

static EVP_MD *find(VM *vm, const char *name) {
    const char *wanted = name;
    for (size_t i = 0; i < ARRAY_LEN(other_names); i++) {
        if (strcasecmp(name, other_names[i].name) == 0)
            wanted = other_names[i].openssl;
    }
    EVP_MD *md = F->EVP_MD_fetch(NULL, wanted, NULL);
    /* Only then: a thread that asks for its errors is known to the library, which cleans up after the thread's end
     * under a lock that a child forked at that moment would find held for ever. */
    if (!md)
        F->ERR_clear_error();
    return md;
}

static EVP_MD *fetch(VM *vm, const char *name) {
    EVP_MD *md = find(vm, name);
    if (!md)
        raisef(vm, F->unsupported, "[digital envelope routines] unsupported");
    return md;
}

/* --- objects -------------------------------------------------------------------------------------------------------
 */

static bool update(VM *vm, Hash *h, Value data) {
    Buffer b;
    if (is_str(data))
        return raise_type(vm, "Strings must be encoded before hashing");
    if (!is_obj(data) || !obj_type(as_obj(data))->slots.get_buffer)
        return raise_type(vm, "object supporting the buffer API required");
    if (!buffer_get(vm, data, &b, false))
        return false;
    int ok = 1;
    bool mine = io_lock(vm, &h->lock, from_obj(h));
    if (mine && b.len > LONG_DATA) {
        EVP_MD_CTX *ctx = h->ctx;
        __typeof__(&EVP_DigestUpdate) work = F->EVP_DigestUpdate;
        WITHOUT_LOCK(vm, ok = work(ctx, b.data, b.len));
    } else if (mine) {
        ok = F->EVP_DigestUpdate(h->ctx, b.data, b.len);
    }
    if (mine)
        io_unlock(vm, &h->lock);
    buffer_release(vm, &b);
    return mine && (ok || raise_memory(vm));
}

static Hash *hash_alloc(VM *vm, EVP_MD *md, Value name) {
    bool xof = (F->EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF) != 0;
    Hash *h = object_alloc(vm, xof ? F->xof : F->hash, 0);
    if (!h) {
        F->EVP_MD_free(md);
        return NULL;
    }
    h->md = md;
    h->name = incref(name);
    h->ctx = F->EVP_MD_CTX_new();
    if (h->ctx)
        return h;
    obj_decref(vm, &h->header);
    raise_memory(vm);
    return NULL;
}

/* The name as objects show it; names of algorithms are ASCII. */
static Value lower_case(VM *vm, Value name) {
    Value lower = str_new_ascii(vm, str_data(name), as_str(name)->nbytes);
    for (char *p = lower ? as_str(lower)->data : NULL; p && *p; p++)
        *p |= *p >= 'A' && *p <= 'Z' ? 32 : 0;
    return lower;
}

/* A new object; data may be 0. */
static Value hash_new(VM *vm, Value name, Value data) {
    if (!is_str(name))
        return raise_type(vm, "name must be a string");
    EVP_MD *md = fetch(vm, str_data(name));
    Value lower = md ? lower_case(vm, name) : VALUE_ERROR;
    Hash *h = lower ? hash_alloc(vm, md, lower) : NULL;
    if (md && !lower)
        F->EVP_MD_free(md);
    decref(vm, lower);
    if (!h)
        return VALUE_ERROR;
    bool ok = F->EVP_DigestInit_ex(h->ctx, md, NULL) || raise_memory(vm);
    if (ok && (!data || update(vm, h, data)))
        return from_obj(h);
    obj_decref(vm, &h->header);
    return VALUE_ERROR;
}

static void hash_dealloc(VM *vm, Object *self) {
    Hash *h = (Hash *)self;
    if (h->ctx)
        F->EVP_MD_CTX_free(h->ctx);
    if (h->md)
        F->EVP_MD_free(h->md);
    h->ctx = NULL;
    h->md = NULL;
    set_owned(vm, &h->name, 0);
}

/* A copy of the state as it is between two updates. */
static bool copy_state(VM *vm, Hash *from, EVP_MD_CTX *to) {
    if (!io_lock(vm, &from->lock, from_obj(from)))
        return false;
    int ok = F->EVP_MD_CTX_copy_ex(to, from->ctx);
    io_unlock(vm, &from->lock);
    return ok || raise_memory(vm);
}

static Value method_update(NATIVE_ARGS) { return update(vm, as_hash(self), args[0]) ? VALUE_NONE : VALUE_ERROR; }

static Value method_copy(NATIVE_ARGS) {
    Hash *h = as_hash(self);
    EVP_MD *md = find(vm, str_data(h->name));
    Hash *copy = md ? hash_alloc(vm, md, h->name) : NULL;
    if (!copy)
        return md ? VALUE_ERROR : raise_memory(vm);
    if (copy_state(vm, h, copy->ctx))
        return from_obj(copy);
    obj_decref(vm, &copy->header);
    return VALUE_ERROR;
}

/* The digest of what came so far; n bytes of it where the length is free. */
static Value digest(VM *vm, Hash *h, bool xof, size_t n) {
    Value bytes = bytes_new(vm, NULL, n);
    EVP_MD_CTX *copy = bytes ? F->EVP_MD_CTX_new() : NULL;
    unsigned char *to = bytes ? (unsigned char *)as_bytes(bytes)->data : NULL;
    bool ok = copy ? copy_state(vm, h, copy) : bytes && raise_memory(vm);
    if (ok && n > 0)
        ok = (xof ? F->EVP_DigestFinalXOF(copy, to, n) : F->EVP_DigestFinal_ex(copy, to, NULL)) || raise_memory(vm);
    F->EVP_MD_CTX_free(copy);
    if (!ok)
        set_owned(vm, &bytes, 0);
    return bytes;
}

static Value as_hex(VM *vm, Value bytes) {
    if (!bytes)
        return VALUE_ERROR;
    size_t n = as_bytes(bytes)->len;
    Value text = str_alloc(vm, 2 * n, 2 * n);
    for (size_t i = 0; text && i < n; i++) {
        unsigned char c = (unsigned char)as_bytes(bytes)->data[i];
        as_str(text)->data[2 * i] = "0123456789abcdef"[c >> 4];
        as_str(text)->data[2 * i + 1] = "0123456789abcdef"[c & 15];
    }
    decref(vm, bytes);
    return text;
}

static Value fixed_digest(VM *vm, Value self) {
    return digest(vm, as_hash(self), false, (size_t)F->EVP_MD_get_size(as_hash(self)->md));
}
static Value method_digest(NATIVE_ARGS) { return fixed_digest(vm, self); }
static Value method_hexdigest(NATIVE_ARGS) { return as_hex(vm, fixed_digest(vm, self)); }

static Value free_digest(VM *vm, Value self, Value length) {
    ssize_t n;
    if (!to_ssize(vm, length, &n))
        return VALUE_ERROR;
    if (n < 0)
        return raise_value(vm, "length must be non-negative");
    return digest(vm, as_hash(self), true, (size_t)n);
}
static Value xof_digest(NATIVE_ARGS) { return free_digest(vm, self, args[0]); }
static Value xof_hexdigest(NATIVE_ARGS) { return as_hex(vm, free_digest(vm, self, args[0])); }

static Value get_digest_size(VM *vm, Value self) {
    bool xof = obj_type(as_obj(self)) == F->xof;
    return from_small_int(xof ? 0 : F->EVP_MD_get_size(as_hash(self)->md));
}
static Value get_block_size(VM *vm, Value self) {
    return from_small_int(F->EVP_MD_get_block_size(as_hash(self)->md));
}
static Value get_name(VM *vm, Value self) { return incref(as_hash(self)->name); }

static Value hash_repr(VM *vm, Value self) {
    char address[32];
    snprintf(address, sizeof address, "%p", (void *)as_obj(self));
    return str_printf(vm, "<%V %T object @ %s>", as_hash(self)->name, self, address);
}

static const GetSetSpec hash_getset[] = {
    {"digest_size", get_digest_size, NULL, "Bytes of the digest; 0 if that is free."},
    {"block_size", get_block_size, NULL, "Bytes that are digested at once."},
    {"name", get_name, NULL, "The name of the algorithm."},
    {0},
};
static const MethodSpec hash_methods[] = {
    {"update", method_update, "obj, /", "Adds bytes.", 0},
    {"copy", method_copy, "", "An object in the same state.", 0},
    {"digest", method_digest, "", "The digest as bytes.", 0},
    {"hexdigest", method_hexdigest, "", "The digest as text.", 0},
    {0},
};
static const MethodSpec xof_methods[] = {
    {"update", method_update, "obj, /", "Adds bytes.", 0},
    {"copy", method_copy, "", "An object in the same state.", 0},
    {"digest", xof_digest, "length", "So many bytes of the digest.", 0},
    {"hexdigest", xof_hexdigest, "length", "So many bytes of the digest as text.", 0},
    {0},
};
static const TypeSpec hash_spec = {
    .name = "_hashlib.HASH",
    .doc = "A digest of the bytes that were added.",
    .size = sizeof(Hash),
    .flags = TYPE_NO_NEW | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = hash_dealloc, .repr = hash_repr},
    .methods = hash_methods,
    .getset = hash_getset,
};
static const TypeSpec xof_spec = {
    .name = "_hashlib.HASHXOF",
    .doc = "A digest of any length.",
    .size = sizeof(Hash),
    .flags = TYPE_NO_NEW | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = hash_dealloc, .repr = hash_repr},
    .methods = xof_methods,
    .getset = hash_getset,
};

/* --- functions
 * ------------------------------------------------------------------------------------------------------- */

static Value hashlib_new(NATIVE_ARGS) { return hash_new(vm, args[0], args[1]); }

static bool supports(VM *vm, const char *name) {
    EVP_MD *md = find(vm, name);
    F->EVP_MD_free(md);
    return md != NULL;
}

static Value module_supports(NATIVE_ARGS) {
    const char *name = to_c_string(vm, args[0], "name");
    return name ? from_bool(supports(vm, name)) : VALUE_ERROR;
}

#define PBKDF2_ROUND_NS 100 /* with the fastest algorithms, which is the least that a call will take */

static Value module_pbkdf2(NATIVE_ARGS) {
    int64_t rounds, length;
    const char *name = to_c_string(vm, args[0], "hash_name");
    Buffer password, salt;
    if (!name || !to_int64(vm, args[3], &rounds))
        return VALUE_ERROR;
    EVP_MD *md = fetch(vm, name);
    if (!md)
        return VALUE_ERROR;
    length = F->EVP_MD_get_size(md);
    Value r = VALUE_ERROR;
    if ((args[4] && !is_none(args[4]) && !to_int64(vm, args[4], &length)) ||
        !buffer_get(vm, args[1], &password, false))
        goto free_md;
    if (!buffer_get(vm, args[2], &salt, false))
        goto free_password;
    if (rounds < 1)
        raise_value(vm, "iteration value must be greater than 0.");
    else if (length < 1)
        raise_value(vm, "key length must be greater than 0.");
    else if (rounds > INT32_MAX || length > INT32_MAX || password.len > INT32_MAX || salt.len > INT32_MAX)
        raise_overflow(vm, "a number is too large");
    else if (limits_allow(vm) && limits_afford(vm, (double)rounds * PBKDF2_ROUND_NS) &&
             (r = bytes_new(vm, NULL, (size_t)length))) {
        unsigned char *to = (unsigned char *)as_bytes(r)->data;
        __typeof__(&PKCS5_PBKDF2_HMAC) derive = F->PKCS5_PBKDF2_HMAC;
        int ok;
        WITHOUT_LOCK(vm, ok = derive(password.data, (int)password.len, (unsigned char *)salt.data, (int)salt.len,
                                     (int)rounds, md, (int)length, to));
        if (!ok) {
            set_owned(vm, &r, 0);
            raise_memory(vm);
        }
    }
    buffer_release(vm, &salt);
free_password:
    buffer_release(vm, &password);
free_md:
    F->EVP_MD_free(md);
    return r;
}

static bool scrypt_numbers(VM *vm, Value *args, int64_t n[5]) {
    static const int64_t absent[5] = {0, 0, 0, 0, 64};
    for (int i = 0; i < 5; i++) {
        n[i] = absent[i];
        if (args[2 + i] && !is_none(args[2 + i]) && !to_int64(vm, args[2 + i], &n[i]))
            return false;
    }
    if (n[0] < 2 || (n[0] & (n[0] - 1)))
        return raise_value(vm, "n must be a power of 2.");
    if (n[3] < 0 || n[3] > INT32_MAX)
        return raise_value(vm, "maxmem must be positive and smaller than %d", INT32_MAX);
    return (n[4] >= 1 && n[4] <= INT32_MAX) ||
           raise_value(vm, "dklen must be greater than 0 and smaller than %d", INT32_MAX);
}

/* The arguments: password, salt, n, r, p, maxmem, dklen. */
static Value module_scrypt(NATIVE_ARGS) {
    int64_t n[5];
    Buffer password, salt;
    if (!args[1] || is_none(args[1]))
        return raise_type(vm, "salt is required");
    if (!scrypt_numbers(vm, args, n) || !buffer_get(vm, args[0], &password, false))
        return VALUE_ERROR;
    Value r = VALUE_ERROR;
    if (buffer_get(vm, args[1], &salt, false)) {
        __typeof__(&EVP_PBE_scrypt) derive = F->EVP_PBE_scrypt;
        int ok = derive(NULL, 0, NULL, 0, (uint64_t)n[0], (uint64_t)n[1], (uint64_t)n[2], (uint64_t)n[3], NULL, 0);
        if (!ok) {
            F->ERR_clear_error();
            raise_value(vm, "Invalid parameter combination for n, r, p, maxmem.");
        } else if ((r = bytes_new(vm, NULL, (size_t)n[4]))) {
            unsigned char *to = (unsigned char *)as_bytes(r)->data;
            WITHOUT_LOCK(vm, ok = derive(password.data, password.len, (unsigned char *)salt.data, salt.len,
                                         (uint64_t)n[0], (uint64_t)n[1], (uint64_t)n[2], (uint64_t)n[3], to,
                                         (size_t)n[4]));
            if (!ok) {
                set_owned(vm, &r, 0);
                raise_memory(vm);
            }
        }
        buffer_release(vm, &salt);
    }
    buffer_release(vm, &password);
    return r;
}

/* The time depends on the lengths alone. */
static bool same_bytes(const char *a, size_t n, const char *b, size_t m) {
    volatile unsigned char different = n != m;
    for (size_t i = 0; i < m; i++)
        different |= (unsigned char)(a[n == m ? i : 0] ^ b[i]) * (n == m);
    return different == 0;
}

static Value module_compare_digest(NATIVE_ARGS) {
    if (is_str(args[0]) && is_str(args[1])) {
        if (!str_is_ascii(as_str(args[0])) || !str_is_ascii(as_str(args[1])))
            return raise_type(vm, "comparing strings with non-ASCII characters is not supported");
        return from_bool(
            same_bytes(str_data(args[0]), as_str(args[0])->nbytes, str_data(args[1]), as_str(args[1])->nbytes));
    }
    Buffer a, b;
    if (!buffer_get(vm, args[0], &a, false))
        return VALUE_ERROR;
    Value r = VALUE_ERROR;
    if (buffer_get(vm, args[1], &b, false)) {
        r = from_bool(same_bytes(a.data, a.len, b.data, b.len));
        buffer_release(vm, &b);
    }
    buffer_release(vm, &a);
    return r;
}

#define OPENSSL_FUNCTION(name)                                                                                       \
    static Value openssl_##name(NATIVE_ARGS) {                                                                       \
        Value text = str_intern_c(vm, #name), r = text ? hash_new(vm, text, args[0]) : VALUE_ERROR;                  \
        decref(vm, text);                                                                                            \
        return r;                                                                                                    \
    }
#define ALGORITHMS(X)                                                                                                \
    X(md5)                                                                                                           \
    X(sha1)                                                                                                          \
    X(sha224)                                                                                                        \
    X(sha256)                                                                                                        \
    X(sha384)                                                                                                        \
    X(sha512)                                                                                                        \
    X(sha3_224)                                                                                                      \
    X(sha3_256)                                                                                                      \
    X(sha3_384)                                                                                                      \
    X(sha3_512)                                                                                                      \
    X(shake_128)                                                                                                     \
    X(shake_256)
ALGORITHMS(OPENSSL_FUNCTION)

static const MethodSpec functions[] = {
#define X(name) {"openssl_" #name, openssl_##name, "string=b'', *, usedforsecurity=True", "A " #name " digest.", 0},
    ALGORITHMS(X)
#undef X
        {"new", hashlib_new, "name, string=b'', *, usedforsecurity=True", "A digest by the algorithm's name.", 0},
    {"_supports", module_supports, "name, /", "Whether there is such an algorithm.", 0},
    {"pbkdf2_hmac", module_pbkdf2, "hash_name, password, salt, iterations, dklen=None",
     "A key made of a password, by PBKDF2 with HMAC.", 0},
    {"scrypt", module_scrypt, "password, *, salt=None, n=None, r=None, p=None, maxmem=0, dklen=64",
     "A key made of a password, by scrypt.", 0},
    {"compare_digest", module_compare_digest, "a, b, /", "a == b, in a time that does not tell where they differ.",
     0},
    {0},
};

static const LibrarySymbol symbols[] = {
#define X(name) LIBRARY_SYMBOL(HashState, name),
    FUNCTIONS(X)
#undef X
        {0},
};

bool mod_hashlib_init(VM *vm, Value module) {
    static const LibrarySpec crypto = {"libcrypto.so.3", "libssl3", symbols};
    if (!F) {
        HashState *s = mem_zalloc(vm, sizeof *s);
        if (!s || !library_open(vm, "hashlib", &crypto, s)) {
            mem_free(vm, s, sizeof *s);
            return false;
        }
        vm->module_state[MODULE_SLOT_mod_hashlib_init] = s;
    }
    HashState *s = F;
    s->hash = vm_type(vm, &hash_spec, NULL);
    s->xof = vm_type(vm, &xof_spec, NULL);
    s->unsupported = module_exception(vm, "_hashlib", "UnsupportedDigestmodError", vm->exc.ValueError,
                                      "OpenSSL knows no such digest.");
    return s->hash && s->xof && s->unsupported &&
           module_add(vm, module, "UnsupportedDigestmodError", incref(type_value(s->unsupported))) &&
           module_add_functions(vm, module, functions) &&
           module_add(vm, module, "HASH", incref(type_value(s->hash))) &&
           module_add(vm, module, "HASHXOF", incref(type_value(s->xof)));
}
#else
#include "stdlib/init.h"
#include "stdlib/library.h"

bool mod_hashlib_init(VM *vm, Value module) { return library_left_out(vm, "hashlib", "libssl-dev"); }
#endif
