/* bytes: the type, its constructor and operators, its iterator. Methods are in bytes_methods.c, shared with
 * bytearray. */
#include "object/bytes_internal.h"

#include "base/hash.h"
#include "object/buffer.h"

/* --- making ---------------------------------------------------------------------------------------------------- */

Value bytes_new(VM *vm, const char *data, size_t n) {
    if (n == 0 && vm->empty_bytes != 0)
        return incref(vm->empty_bytes);
    if (unlikely(n > STR_BYTES_MAX))
        return raise_memory(vm);
    uint8_t class;
    Bytes *b = slab_alloc(vm, sizeof(Bytes) + n + 1, &class);
    if (unlikely(b == NULL))
        return VALUE_ERROR;
    b->header =
        (Object){.refcount = 1, .kind = KIND_BYTES, .size_class = class, .shape = vm->types.bytes->root_shape};
    b->hash = 0;
    b->len = n;
    if (data != NULL && n != 0)
        memcpy(b->data, data, n);
    b->data[n] = 0;
    if (n == 0)
        vm->empty_bytes = incref(from_obj(b));
    return from_obj(b);
}

static Value new_subtype(VM *vm, Type *type, const char *data, size_t n) {
    Bytes *b = object_alloc(vm, type, n + 1);
    if (b == NULL)
        return VALUE_ERROR;
    b->len = n;
    memcpy(b->data, data, n);
    return from_obj(b);
}

/* What __bytes__ gives, 0 without exception if there is no such method. */
static Value special_bytes(VM *vm, Value v) {
    Value r = call_special(vm, v, NAME(__bytes__), NULL, 0);
    if (r != 0 && !is_bytes(r)) {
        raise_type(vm, "__bytes__ returned non-bytes (type %.200T)", r);
        decref(vm, r);
        return VALUE_ERROR;
    }
    return r;
}

bool byte_value(VM *vm, Value v, const char *range_error, uint8_t *out) {
    if (is_small_int(v)) {
        int64_t i = as_small_int(v);
        *out = (uint8_t)i;
        return (i >= 0 && i < 256) || raise_value(vm, "%s", range_error);
    }
    int64_t i;
    Value index = to_index(vm, v);
    if (index == 0)
        return false;
    bool ok = int_fits_int64(index, &i) && i >= 0 && i < 256;
    decref(vm, index);
    *out = ok ? (uint8_t)i : 0;
    return ok || raise_value(vm, "%s", range_error);
}

static bool encoding_names(VM *vm, Value *bound, const char *type, const char *names[2]) {
    static const char *const labels[] = {"encoding", "errors"};
    for (int i = 0; i < 2; i++) {
        Value v = bound[1 + i];
        names[i] = NULL;
        if (v == 0)
            continue;
        if (!is_str(v))
            return raise_type(vm, "%s() argument '%s' must be str, not %.50T", type, labels[i], v);
        if ((names[i] = to_c_string(vm, v, type)) == NULL)
            return false;
    }
    return true;
}

static bool fill_encoded(VM *vm, ByteArray *out, Value *bound, const char *const names[2]) {
    Value b = str_encode(vm, bound[0], names[0], names[1]);
    bool ok = b != 0 && bytearray_append_bytes(vm, out, as_bytes(b)->data, as_bytes(b)->len);
    decref(vm, b);
    return ok;
}

static bool fill_zeros(VM *vm, ByteArray *out, Value count) {
    ssize_t n;
    if (!to_ssize(vm, count, &n))
        return false;
    if (n < 0)
        return raise_value(vm, "negative count");
    if (!bytearray_resize(vm, out, (size_t)n))
        return false;
    if (n > 0)
        memset(out->data, 0, (size_t)n);
    return true;
}

static bool fill_from_buffer(VM *vm, ByteArray *out, Value v) {
    bool by_script = obj_type(as_obj(v))->slots.get_buffer == buffer_get_script;
    if (by_script || has_kind(v, KIND_MEMORYVIEW)) { /* which need not be contiguous */
        Value view = by_script ? memoryview_new(vm, v) : incref(v);
        Value b = view != 0 ? memoryview_to_bytes(vm, view) : VALUE_ERROR;
        decref(vm, view);
        bool ok = b != 0 && bytearray_append_bytes(vm, out, as_bytes(b)->data, as_bytes(b)->len);
        decref(vm, b);
        return ok;
    }
    Buffer b;
    if (!buffer_get(vm, v, &b, false))
        return false;
    bool ok = bytearray_append_bytes(vm, out, b.data, b.len);
    buffer_release(vm, &b);
    return ok;
}

bool bytes_fill(VM *vm, ByteArray *out, Value *bound, const char *type) {
    Value source = bound[0];
    const char *names[2];
    if (!encoding_names(vm, bound, type, names))
        return false;
    if (source != 0 && is_str(source)) {
        if (names[0] == NULL)
            return raise_type(vm, "string argument without an encoding");
        return fill_encoded(vm, out, bound, names);
    }
    if (names[0] != NULL || names[1] != NULL)
        return raise_type(vm, "%s without a string argument", names[0] != NULL ? "encoding" : "errors");
    if (source == 0)
        return true;
    if (is_int(source) || fast_type(vm, source)->slots.index != NULL) {
        if (fill_zeros(vm, out, source))
            return true;
        if (!error_matches(vm, vm->exc.TypeError))
            return false;
        error_clear(vm); /* an __index__ that refuses: it may still be a buffer or iterable */
    }
    if (has_buffer(source))
        return fill_from_buffer(vm, out, source);
    Type *t = fast_type(vm, source);
    if (t->slots.iter == NULL && t->slots.getitem == NULL)
        return raise_type(vm, "cannot convert '%.200N' object to %s", t, type);
    bool is_array = strcmp(type, "bytearray") == 0;
    return bytearray_extend_iterable(vm, out, source,
                                     is_array ? "byte must be in range(0, 256)" : "bytes must be in range(0, 256)");
}

/* Builds in a bytearray that only lives here, since the number of bytes may not be known before. */
static Value create_from(VM *vm, Type *type, Value *bound) {
    Value scratch = bytearray_new(vm, NULL, 0);
    if (scratch == 0)
        return VALUE_ERROR;
    ByteArray *a = as_bytearray(scratch);
    Value r = VALUE_ERROR;
    if (bytes_fill(vm, a, bound, "bytes"))
        r = type == vm->types.bytes ? bytes_new(vm, a->data, a->len)
                                    : new_subtype(vm, type, raw_data(scratch), a->len);
    decref(vm, scratch);
    return r;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value bound[3] = {0, 0, 0};
    if (!native_bind_optional(vm, "bytes", "source=b'', encoding='utf-8', errors='strict'", args, nargs, kwnames,
                              bound, 3))
        return VALUE_ERROR;
    if (bound[0] != 0 && !bound[1] && !bound[2]) {
        if (type == vm->types.bytes && has_exact_kind(bound[0], KIND_BYTES))
            return incref(bound[0]);
        Value b = special_bytes(vm, bound[0]);
        if (b == 0 && error_pending(vm))
            return VALUE_ERROR;
        if (b != 0) {
            if (type == vm->types.bytes)
                return b;
            Value r = new_subtype(vm, type, as_bytes(b)->data, as_bytes(b)->len);
            decref(vm, b);
            return r;
        }
    }
    return create_from(vm, type, bound);
}

/* --- operators ------------------------------------------------------------------------------------------------- */

bool bytes_warn_str(VM *vm, const char *type) {
    return likely(vm->flags.bytes_warning == 0) || warn(vm, vm->exc.BytesWarning, 1, "str() on a %s instance", type);
}

bool bytes_warn_compare(VM *vm, Value a, Value b, CompareOp op, const char *type) {
    if (likely(vm->flags.bytes_warning == 0) || (op != CMP_EQ && op != CMP_NE))
        return true;
    if (is_str(a) || is_str(b))
        return warn(vm, vm->exc.BytesWarning, 1, "Comparison between %s and string", type);
    if (strcmp(type, "bytes") == 0 && (is_int(a) || is_int(b)))
        return warn(vm, vm->exc.BytesWarning, 1, "Comparison between bytes and int");
    return true;
}

static Value repr(VM *vm, Value self) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    bytes_add_repr(&b, as_bytes(self)->data, as_bytes(self)->len);
    return strbuilder_finish(&b);
}

static Value str(VM *vm, Value self) { return bytes_warn_str(vm, "bytes") ? repr(vm, self) : VALUE_ERROR; }

static bool hash(VM *vm, Value self, int64_t *out) {
    Bytes *b = as_bytes(self);
    if (b->hash == 0 && b->len != 0) {
        b->hash = (int64_t)hash_bytes(b->data, b->len, vm->hash_secret);
        if (b->hash == 0 || b->hash == -1)
            b->hash = -2;
    }
    *out = b->hash;
    return true;
}

Value bytes_compare_raw(const char *a, size_t n, const char *b, size_t m, CompareOp op) {
    if (op == CMP_EQ || op == CMP_NE)
        return from_bool((n == m && memcmp(a, b, n) == 0) == (op == CMP_EQ));
    int c = memcmp(a, b, n < m ? n : m);
    if (c == 0)
        c = (n > m) - (n < m);
    return from_bool(order_holds(c, op));
}

static Value compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!is_bytes(a) || !is_bytes(b))
        return bytes_warn_compare(vm, a, b, op, "bytes") ? VALUE_NOTIMPL : VALUE_ERROR;
    return bytes_compare_raw(as_bytes(a)->data, as_bytes(a)->len, as_bytes(b)->data, as_bytes(b)->len, op);
}

static ssize_t len(VM *vm, Value self) { return (ssize_t)as_bytes(self)->len; }

static Value get_slice(VM *vm, Value self, Value key) {
    ssize_t start, stop, step;
    size_t count;
    const Bytes *b = as_bytes(self);
    if (!slice_resolve(vm, key, b->len, &start, &stop, &step, &count))
        return VALUE_ERROR;
    if (step == 1 && count == b->len && !(b->header.flags & OBJ_SUBTYPE))
        return incref(self);
    if (step == 1)
        return bytes_new(vm, b->data + (count != 0 ? start : 0), count);
    Value r = bytes_new(vm, NULL, count);
    for (size_t i = 0; r != 0 && i < count; i++, start += step)
        as_bytes(r)->data[i] = b->data[start];
    return r;
}

static Value getitem(VM *vm, Value self, Value key) {
    const Bytes *b = as_bytes(self);
    size_t i;
    if (has_kind(key, KIND_SLICE))
        return get_slice(vm, self, key);
    if (!is_int(key) && !fast_type(vm, key)->slots.index)
        return raise_type(vm, "byte indices must be integers or slices, not %.200T", key);
    if (!index_resolve(vm, key, b->len, "byte", "index out of range", &i))
        return VALUE_ERROR;
    return from_small_int((uint8_t)b->data[i]);
}

int bytes_contains(VM *vm, Value self, Value item) {
    if (is_int(item) || (is_obj(item) && obj_type(as_obj(item))->slots.index != NULL)) {
        uint8_t byte;
        if (!byte_value(vm, item, "byte must be in range(0, 256)", &byte))
            return -1;
        return memchr(raw_data(self), byte, raw_len(self)) != NULL;
    }
    Buffer b;
    if (!buffer_get(vm, item, &b, false))
        return -1;
    int found = text_find(raw_data(self), raw_len(self), b.data, b.len) >= 0;
    buffer_release(vm, &b);
    return found;
}

static Value concat(VM *vm, Value a, Value b) {
    if (!has_buffer(b))
        return raise_type(vm, "can't concat %.100T to bytes", b);
    const Bytes *x = as_bytes(a);
    if (x->len == 0 && has_exact_kind(b, KIND_BYTES))
        return incref(b);
    Buffer y;
    if (!buffer_get(vm, b, &y, false))
        return VALUE_ERROR;
    Value r = VALUE_ERROR;
    if (y.len == 0 && !(x->header.flags & OBJ_SUBTYPE)) {
        r = incref(a);
    } else if (y.len > STR_BYTES_MAX - x->len) {
        raise_memory(vm);
    } else if ((r = bytes_new(vm, NULL, x->len + y.len)) != 0) {
        memcpy(as_bytes(r)->data, x->data, x->len);
        memcpy(as_bytes(r)->data + x->len, y.data, y.len);
    }
    buffer_release(vm, &y);
    return r;
}

static Value repeat(VM *vm, Value self, Value count) {
    ssize_t times;
    if (!is_int(count) && !fast_type(vm, count)->slots.index)
        return raise_type(vm, "can't multiply sequence by non-int of type '%.200T'", count);
    if (!to_ssize(vm, count, &times))
        return VALUE_ERROR;
    size_t n = as_bytes(self)->len;
    if (times > 0 && n > (size_t)SSIZE_MAX / (size_t)times)
        return raise_overflow(vm, "repeated bytes are too long");
    if (times == 1 && has_exact_kind(self, KIND_BYTES))
        return incref(self);
    Text t = raw_text(self);
    return text_repeat(vm, &t, times < 0 ? 0 : (size_t)times);
}

static Value modulo(VM *vm, Value a, Value b) {
    return is_bytes(a) ? bytes_percent(vm, as_bytes(a)->data, as_bytes(a)->len, b, false) : VALUE_NOTIMPL;
}

static bool get_buffer(VM *vm, Value self, Buffer *out, int flags) {
    return buffer_fill(vm, out, self, as_bytes(self)->data, as_bytes(self)->len, true, flags);
}

/* --- iterators, of bytes and bytearray ------------------------------------------------------------------------- */

Value bytes_iter_new(VM *vm, Type *type, Value self) {
    SeqIter *it = object_alloc(vm, type, 0);
    if (it != NULL)
        it->seq = incref(self);
    return from_obj(it);
}

Value bytes_iter_next(VM *vm, Value self) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (it->seq == 0)
        return 0;
    if (it->index < raw_len(it->seq))
        return from_small_int((uint8_t)raw_data(it->seq)[it->index++]);
    set_owned(vm, &it->seq, 0);
    return 0;
}

static Value iter_length_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    size_t n = it->seq ? raw_len(it->seq) : 0;
    return from_small_int(n > it->index ? (int64_t)(n - it->index) : 0);
}

static Value iter_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    Value seq = it->seq ? incref(it->seq) : tuple_new(vm, 0);
    Value pair = seq ? reduce_iter(vm, "iter", seq) : VALUE_ERROR;
    if (pair == 0 || it->seq == 0)
        return pair;
    Value r =
        tuple_pack(vm, 3, as_tuple(pair)->items[0], as_tuple(pair)->items[1], from_small_int((int64_t)it->index));
    decref(vm, pair);
    return r;
}

static Value iter_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    ssize_t i;
    if (!to_ssize(vm, args[0], &i))
        return VALUE_ERROR;
    if (it->seq) {
        size_t n = raw_len(it->seq);
        it->index = i < 0 ? 0 : (size_t)i > n ? n : (size_t)i;
    }
    return VALUE_NONE;
}

const MethodSpec bytes_iter_methods[] = {
    {"__length_hint__", iter_length_hint, "", "How many bytes are left.", 0},
    {"__reduce__", iter_reduce, "", "What pickle needs to make this iterator again.", 0},
    {"__setstate__", iter_setstate, "object, /", "Goes to the given position.", 0},
    {0},
};

static Value iter(VM *vm, Value self) { return bytes_iter_new(vm, vm->types.bytes_iterator, self); }

const TypeSpec bytes_iterator_spec = {
    .name = "bytes_iterator",
    .doc = "Gives the bytes of a bytes object as ints.",
    .size = sizeof(SeqIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = bytes_iter_next},
    .methods = bytes_iter_methods,
};

const TypeSpec bytes_spec = {
    .name = "bytes",
    .doc = "An immutable row of bytes.\n\nbytes(n) has n zeros; bytes(text, encoding, errors) is a text encoded; "
           "bytes(x) copies a "
           "buffer, or takes numbers from an iterable.",
    .size = sizeof(Bytes),
    .flags = TYPE_BASE | TYPE_VARSIZE | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_BYTES,
    .slots = {.create = create,
              .repr = repr,
              .str = str,
              .hash = hash,
              .compare = compare,
              .iter = iter,
              .len = len,
              .getitem = getitem,
              .contains = bytes_contains,
              .concat = concat,
              .repeat = repeat,
              .get_buffer = get_buffer},
    .numbers = &(const NumberSlots){.binary = {[OP_MOD] = modulo}},
    .methods = bytes_methods,
};
