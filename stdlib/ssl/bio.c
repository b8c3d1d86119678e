/* MemoryBIO: bytes on their way between OpenSSL and whoever moves them. */
#if defined(COVE_WITH_OPENSSL)
#include "stdlib/ssl/ssl.h"

static Value bio_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!native_bind(vm, "MemoryBIO", "", args, nargs, kwnames, NULL, 0))
        return VALUE_ERROR;
    MemoryBio *m = object_alloc(vm, type, 0);
    if (!m)
        return VALUE_ERROR;
    if (!(m->bio = F->BIO_new(F->BIO_s_mem()))) {
        obj_decref(vm, &m->header);
        return raise_memory(vm);
    }
    /* an empty one means that more may come */
    F->BIO_set_flags(m->bio, BIO_FLAGS_READ | BIO_FLAGS_SHOULD_RETRY);
    F->BIO_ctrl(m->bio, BIO_C_SET_BUF_MEM_EOF_RETURN, -1, NULL);
    return from_obj(m);
}

static void bio_dealloc(VM *vm, Object *self) {
    MemoryBio *m = (MemoryBio *)self;
    if (m->bio)
        F->BIO_free(m->bio);
    m->bio = NULL;
}

static long pending(VM *vm, MemoryBio *m) { return F->BIO_ctrl(m->bio, BIO_CTRL_PENDING, 0, NULL); }

static Value bio_read(NATIVE_ARGS) {
    MemoryBio *m = as_memory_bio(self);
    int64_t n = -1;
    long there = pending(vm, m);
    if (args[0] && !to_int64(vm, args[0], &n))
        return VALUE_ERROR;
    if (n < 0 || n > there)
        n = there;
    Value bytes = bytes_new(vm, NULL, (size_t)n);
    if (bytes && n > 0)
        F->BIO_read(m->bio, as_bytes(bytes)->data, (int)n);
    return bytes;
}

static Value bio_write(NATIVE_ARGS) {
    MemoryBio *m = as_memory_bio(self);
    Buffer b;
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    Value r;
    if (b.len > INT32_MAX)
        r = raise_overflow(vm, "string longer than %d bytes", INT32_MAX);
    else if (m->eof_written)
        r = raisef(vm, ssl_state(vm)->error, "cannot write() after write_eof()");
    else {
        int n = b.len ? F->BIO_write(m->bio, b.data, (int)b.len) : 0;
        r = n < 0 ? ssl_fail(vm, NULL, 5240) : from_small_int(n);
    }
    buffer_release(vm, &b);
    return r;
}

static Value bio_write_eof(NATIVE_ARGS) {
    MemoryBio *m = as_memory_bio(self);
    m->eof_written = true;
    F->BIO_clear_flags(m->bio, BIO_FLAGS_SHOULD_RETRY);
    F->BIO_ctrl(m->bio, BIO_C_SET_BUF_MEM_EOF_RETURN, 0, NULL);
    return VALUE_NONE;
}

static Value get_pending(VM *vm, Value self) { return from_small_int(pending(vm, as_memory_bio(self))); }
static Value get_eof(VM *vm, Value self) {
    return from_bool(as_memory_bio(self)->eof_written && pending(vm, as_memory_bio(self)) == 0);
}

static const MethodSpec bio_methods[] = {
    {"read", bio_read, "size=-1, /", "Takes up to size bytes out.", 0},
    {"write", bio_write, "b, /", "Puts bytes in.", 0},
    {"write_eof", bio_write_eof, "", "Says that no more bytes will come.", 0},
    {0},
};
static const GetSetSpec bio_getset[] = {
    {"pending", get_pending, NULL, "How many bytes are in it."},
    {"eof", get_eof, NULL, "Whether it is empty and no more bytes will come."},
    {0},
};
const TypeSpec ssl_memory_bio_spec = {
    .name = "_ssl.MemoryBIO",
    .doc = "Bytes on their way to or from an SSL object.",
    .signature = "",
    .size = sizeof(MemoryBio),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = bio_create, .dealloc = bio_dealloc},
    .methods = bio_methods,
    .getset = bio_getset,
};
#endif
