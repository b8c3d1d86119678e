/* bytes (immutable, NUL-terminated) and bytearray. */
#ifndef COVE_OBJECT_BYTES_H
#define COVE_OBJECT_BYTES_H

#include "object/object.h"

typedef struct Bytes {
    Object header;
    int64_t hash; /* 0: not computed yet */
    size_t len;
    char data[];
} Bytes;

/* The bytes need not start at the start of their block: deleting at the front, as buffers of streams do all the time,
 * moves nothing. */
typedef struct ByteArray {
    Object header;
    char *data; /* NULL while block is */
    size_t len;
    size_t cap;       /* bytes from data to the end of the block */
    uint32_t exports; /* views that forbid resizing */
    char *block;      /* allocated: cap + (data - block) bytes, or NULL */
} ByteArray;

static ALWAYS_INLINE Bytes *as_bytes(Value v) { return (Bytes *)as_obj(v); }
Value bytes_new(VM *vm, const char *data, size_t n); /* data may be NULL: uninitialised */
Value bytearray_new(VM *vm, const char *data, size_t n);
static ALWAYS_INLINE ByteArray *as_bytearray(Value v) { return (ByteArray *)as_obj(v); }
#define is_bytearray(v) has_kind(v, KIND_BYTEARRAY)
bool bytearray_resize(VM *vm, ByteArray *a, size_t n); /* new bytes are not initialised; BufferError while exported */
bool bytearray_append_bytes(VM *vm, ByteArray *a, const char *data, size_t n); /* data may be its own */
void bytearray_drop_front(ByteArray *a, size_t n);                             /* not exported, n <= len */

/* The % operator with a format of bytes (str_percent.c). */
Value bytes_percent(VM *vm, const char *format, size_t n, Value args, bool make_bytearray);

/* buffer protocol (buffer.c): any object with get_buffer */
bool buffer_get(VM *vm, Value v, Buffer *out,
                bool writable); /* TypeError "a bytes-like object is required, not 'x'" */
bool buffer_get_flags(VM *vm, Value v, Buffer *out, int flags); /* flags: buffer.h */
void buffer_release(VM *vm, Buffer *b);

#endif
