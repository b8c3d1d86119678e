/* Reading values: what they are, and their contents as C has them. */
#include "api/api.h"
#include "object/type.h"

enum cove_kind cove_kind_of(cove_vm *host, cove_value handle) {
    static const uint8_t kinds[] = {
        [KIND_INT] = COVE_KIND_INT,
        [KIND_FLOAT] = COVE_KIND_FLOAT,
        [KIND_COMPLEX] = COVE_KIND_COMPLEX,
        [KIND_STR] = COVE_KIND_STR,
        [KIND_BYTES] = COVE_KIND_BYTES,
        [KIND_BYTEARRAY] = COVE_KIND_BYTEARRAY,
        [KIND_LIST] = COVE_KIND_LIST,
        [KIND_TUPLE] = COVE_KIND_TUPLE,
        [KIND_DICT] = COVE_KIND_DICT,
        [KIND_RANGE] = COVE_KIND_RANGE,
        [KIND_SLICE] = COVE_KIND_SLICE,
        [KIND_MEMORYVIEW] = COVE_KIND_MEMORY,
        [KIND_FUNCTION] = COVE_KIND_FUNCTION,
        [KIND_NATIVE] = COVE_KIND_FUNCTION,
        [KIND_METHOD] = COVE_KIND_FUNCTION,
        [KIND_TYPE] = COVE_KIND_CLASS,
        [KIND_MODULE] = COVE_KIND_MODULE,
        [KIND_EXCEPTION] = COVE_KIND_EXCEPTION,
        [KIND_OTHER] = 0,
    };
    Value v = handle.bits;
    CHECK_USE(host, handle);
    if (v == 0)
        return COVE_KIND_ABSENT;
    if (is_small_int(v))
        return COVE_KIND_INT;
    if (is_double(v))
        return COVE_KIND_FLOAT;
    if (!is_obj(v))
        return is_none(v) ? COVE_KIND_NONE : is_bool(v) ? COVE_KIND_BOOL : COVE_KIND_OBJECT;
    VM *vm = vm_of(host);
    const Object *o = as_obj(v);
    if (o->kind == KIND_SET)
        return type_is_subtype(obj_type(o), vm->types.frozenset) ? COVE_KIND_FROZENSET : COVE_KIND_SET;
    if (o->kind == KIND_GENERATOR)
        return obj_type(o) == vm->types.coroutine ? COVE_KIND_COROUTINE : COVE_KIND_GENERATOR;
    return kinds[o->kind] != 0 ? (enum cove_kind)kinds[o->kind] : COVE_KIND_OBJECT;
}

const char *cove_type_name(cove_vm *host, cove_value v) {
    ENTER(host);
    return v.bits == 0 ? "absent" : str_data(type_of(vm, v.bits)->name);
}

cove_value cove_type_of(cove_vm *host, cove_value v) {
    ENTER(host);
    NEED(v);
    return give_borrowed(vm, type_value(type_of(vm, v.bits)));
}

bool cove_same(cove_vm *vm, cove_value v, cove_value w) { return (void)vm, value_identical(v.bits, w.bits); }

int cove_truth(cove_vm *host, cove_value v) {
    ENTER(host);
    NEED_OR(v, -1);
    return given_int(vm, truth(vm, v.bits));
}

/* --- numbers -----------------------------------------------------------------------------------------------------
 */

bool cove_to_int(cove_vm *host, cove_value v, int64_t *out) {
    CHECK_POINTER(out);
    if (likely(is_small_int(v.bits))) {
        *out = as_small_int(v.bits);
        return true;
    }
    ENTER(host);
    NEED_OR(v, false);
    return given_ok(vm, to_int64(vm, v.bits, out));
}

bool cove_to_uint(cove_vm *host, cove_value v, uint64_t *out) {
    ENTER(host);
    CHECK_POINTER(out);
    NEED_OR(v, false);
    Value i = to_index(vm, v.bits);
    bool ok = i != 0;
    if (ok && !int_fits_uint64(i, out))
        ok = raise_overflow(vm, int_sign(i) < 0 ? "can't convert negative int to unsigned"
                                                : "int too large to convert to a 64-bit number");
    decref(vm, i);
    return given_ok(vm, ok);
}

bool cove_to_double(cove_vm *host, cove_value v, double *out) {
    CHECK_POINTER(out);
    if (likely(is_double(v.bits))) {
        *out = as_double(v.bits);
        return true;
    }
    ENTER(host);
    NEED_OR(v, false);
    return given_ok(vm, to_double(vm, v.bits, out));
}

bool cove_to_complex(cove_vm *host, cove_value v, double *real, double *imag) {
    ENTER(host);
    CHECK_POINTER(real);
    CHECK_POINTER(imag);
    NEED_OR(v, false);
    if (is_complex(v.bits)) {
        const Complex *c = (const Complex *)as_obj(v.bits);
        *real = c->real;
        *imag = c->imag;
        return true;
    }
    *imag = 0;
    return given_ok(vm, to_double(vm, v.bits, real));
}

/* Two's complement: for a negative number the magnitude is inverted and incremented on the way out. */
static void write_bytes(const IntView *view, uint8_t *out, size_t size, bool little_endian) {
    unsigned carry = 1;
    for (size_t i = 0; i < size; i++) {
        size_t limb = i / sizeof(uint64_t);
        unsigned byte = limb < view->n ? (uint8_t)(view->limbs[limb] >> 8 * (i % sizeof(uint64_t))) : 0;
        if (view->negative) {
            byte = (uint8_t)~byte + carry;
            carry = byte >> 8;
        }
        out[little_endian ? i : size - 1 - i] = (uint8_t)byte;
    }
}

size_t cove_int_bytes(cove_vm *host, cove_value v, void *out, size_t size, bool little_endian) {
    ENTER(host);
    NEED_OR(v, 0);
    Value i = to_index(vm, v.bits);
    if (i == 0) {
        api_fail(vm);
        return 0;
    }
    IntView view;
    int_view(i, &view);
    /* one bit for the sign; the negative power of two needs none beyond its own */
    size_t bits = int_bit_length(i), need = bits / 8 + 1;
    if (view.negative && bits % 8 == 0) {
        bool power = true;
        for (size_t k = 0; k + 1 < view.n; k++)
            power = power && view.limbs[k] == 0;
        uint64_t top = view.limbs[view.n - 1];
        if (power && (top & (top - 1)) == 0)
            need--;
    }
    if (need <= size)
        write_bytes(&view, out, size, little_endian);
    decref(vm, i);
    return need;
}

/* --- text and bytes ----------------------------------------------------------------------------------------------
 */

const char *cove_text(cove_vm *host, cove_value v, size_t *size) {
    CHECK_USE(host, v);
    if (unlikely(!is_str(v.bits))) {
        ENTER(host);
        NEED_OR(v, NULL);
        raise_type(vm, "a str is required, not %T", v.bits);
        api_fail(vm);
        return NULL;
    }
    if (size != NULL)
        *size = as_str(v.bits)->nbytes;
    return str_data(v.bits);
}

ptrdiff_t cove_text_length(cove_vm *host, cove_value v) {
    return cove_text(host, v, NULL) != NULL ? (ptrdiff_t)as_str(v.bits)->nchars : -1;
}

const void *cove_data(cove_vm *host, cove_value v, size_t *size) {
    CHECK_USE(host, v);
    if (unlikely(!is_bytes(v.bits))) {
        ENTER(host);
        NEED_OR(v, NULL);
        raise_type(vm, "a bytes object is required, not %T", v.bits);
        api_fail(vm);
        return NULL;
    }
    if (size != NULL)
        *size = as_bytes(v.bits)->len;
    return as_bytes(v.bits)->data;
}

bool cove_buffer_get(cove_vm *host, cove_value v, cove_buffer *out, bool writable) {
    ENTER(host);
    CHECK_POINTER(out);
    NEED_OR(v, false);
    memset(out, 0, sizeof *out);
    Buffer *b = mem_alloc(vm, sizeof *b);
    if (b == NULL || !buffer_get(vm, v.bits, b, writable)) {
        mem_free(vm, b, sizeof *b);
        api_fail(vm);
        return false;
    }
    out->data = b->data;
    out->size = b->len;
    out->readonly = b->readonly;
    out->format = b->format != NULL ? b->format : "B";
    out->item_size = b->itemsize != 0 ? b->itemsize : 1;
    out->private_ = b;
    return true;
}

void cove_buffer_release(cove_vm *host, cove_buffer *buffer) {
    ENTER(host);
    Buffer *b = buffer->private_;
    if (b == NULL)
        return;
    buffer->private_ = NULL;
    buffer_release(vm, b);
    mem_free(vm, b, sizeof *b);
}

cove_value cove_to_str(cove_vm *host, cove_value v) {
    ENTER(host);
    NEED(v);
    return give(vm, to_str(vm, v.bits));
}

cove_value cove_to_repr(cove_vm *host, cove_value v) {
    ENTER(host);
    NEED(v);
    return give(vm, to_repr(vm, v.bits));
}
