/* What bytes and bytearray share: both are seen as a Text, and take any bytes-like object as argument. */
#ifndef COVE_OBJECT_BYTES_INTERNAL_H
#define COVE_OBJECT_BYTES_INTERNAL_H

#include "object/bytes.h"
#include "object/str_internal.h"

/* The bytes of a bytes or bytearray object, valid until it changes. */
static ALWAYS_INLINE const char *raw_data(Value v) {
    const char *data = is_bytes(v) ? as_bytes(v)->data : as_bytearray(v)->data;
    return data != NULL ? data : "";
}
static ALWAYS_INLINE size_t raw_len(Value v) { return is_bytes(v) ? as_bytes(v)->len : as_bytearray(v)->len; }
static ALWAYS_INLINE Text raw_text(Value v) {
    return (Text){raw_data(v), raw_len(v), is_bytes(v) ? KIND_BYTES : KIND_BYTEARRAY, false, v};
}
static ALWAYS_INLINE bool has_buffer(Value v) { return is_obj(v) && obj_type(as_obj(v))->slots.get_buffer != NULL; }

/* What the option -b warns of; false if that raises. */
bool bytes_warn_str(VM *vm, const char *type);
bool bytes_warn_compare(VM *vm, Value a, Value b, CompareOp op, const char *type);
bool bytes_add_repr(StrBuilder *b, const char *data, size_t n); /* b'...' */
/* A byte value: any int of 0 to 255. */
bool byte_value(VM *vm, Value v, const char *range_error, uint8_t *out);
/* What the constructors and extend() take an iterable for: its bytes are appended to `out`, which nobody else knows.
 */
bool bytearray_extend_iterable(VM *vm, ByteArray *out, Value iterable, const char *range_error);
/* The argument of the constructors bytes(...) and bytearray(...): everything but __bytes__. Appends to `out`. */
bool bytes_fill(VM *vm, ByteArray *out, Value *bound, const char *type);
Value bytes_join_values(VM *vm, const Text *sep, Value iterable);
Value bytes_hex(VM *vm, const char *data, size_t n, Value sep, Value bytes_per_sep);
Value bytes_compare_raw(const char *a, size_t n, const char *b, size_t m, CompareOp op);
int bytes_contains(VM *vm, Value self, Value item);
Value bytes_iter_new(VM *vm, Type *type, Value self);
Value bytes_iter_next(VM *vm, Value self);
extern const MethodSpec bytes_iter_methods[];
extern const MethodSpec bytes_methods[], bytearray_methods[];
/* bytearray's own methods, in bytearray.c; the shared ones are in bytes_methods.c */
#define BYTEARRAY_METHOD(name) Value bytearray_##name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames)
BYTEARRAY_METHOD(append);
BYTEARRAY_METHOD(clear);
BYTEARRAY_METHOD(copy);
BYTEARRAY_METHOD(extend);
BYTEARRAY_METHOD(insert);
BYTEARRAY_METHOD(pop);
BYTEARRAY_METHOD(remove);
BYTEARRAY_METHOD(reverse);
BYTEARRAY_METHOD(alloc);
BYTEARRAY_METHOD(sizeof);
BYTEARRAY_METHOD(reduce);
BYTEARRAY_METHOD(reduce_ex);

#endif
