/* Making values from what C has. */
#include <stdio.h>

#include "api/resource.h"
#include "base/utf8.h"
#include "object/buffer.h"
#include "object/type.h"

cove_value cove_none(cove_vm *vm) { return (void)vm, handle(VALUE_NONE); }
cove_value cove_not_implemented(cove_vm *vm) { return (void)vm, handle(VALUE_NOTIMPL); }
cove_value cove_bool(cove_vm *vm, bool b) { return (void)vm, handle(from_bool(b)); }

static NOINLINE cove_value large_int(cove_vm *host, int64_t i) {
    ENTER(host);
    return give(vm, int_new_heap(vm, i));
}

cove_value cove_int(cove_vm *host, int64_t i) {
    return likely(fits_small_int(i)) ? handle(from_small_int(i)) : large_int(host, i);
}

cove_value cove_uint(cove_vm *host, uint64_t u) {
    ENTER(host);
    return give(vm, int_from_uint64(vm, u));
}

cove_value cove_float(cove_vm *vm, double d) { return (void)vm, handle(double_from_bits(d)); }

cove_value cove_complex(cove_vm *host, double real, double imag) {
    ENTER(host);
    return give(vm, complex_new(vm, real, imag));
}

cove_value cove_int_from_text(cove_vm *host, const char *text, int base) {
    ENTER(host);
    if (base != 0 && (base < 2 || base > 36)) {
        raise_value(vm, "int() base must be >= 2 and <= 36, or 0");
        return api_fail(vm);
    }
    CHECK_POINTER(text);
    Value s = api_text(vm, text, strlen(text)), v = s == 0 ? 0 : int_parse(vm, s, base);
    decref(vm, s);
    return give(vm, v);
}

cove_value cove_int_from_bytes(cove_vm *host, const void *bytes, size_t size, bool little_endian, bool is_signed) {
    ENTER(host);
    return give(vm, int_from_bytes(vm, bytes, size, little_endian, is_signed));
}

/* Valid text is taken as it is; for any other the decoder says what is wrong with it. */
Value api_text(VM *vm, const char *text, size_t size) {
    size_t chars;
    if (likely(utf8_validate(text, size, false, &chars)))
        return str_new_counted(vm, text, size, chars);
    return str_decode(vm, text, size, "utf-8", "strict");
}

cove_value cove_str_n(cove_vm *host, const char *text, size_t size) {
    ENTER(host);
    return give(vm, api_text(vm, text, size));
}

cove_value cove_str(cove_vm *host, const char *text) {
    CHECK_POINTER(text);
    return cove_str_n(host, text, strlen(text));
}

cove_value cove_str_format(cove_vm *host, const char *format, ...) {
    ENTER(host);
    CHECK_POINTER(format);
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    char text[256], *all = text;
    int n = vsnprintf(text, sizeof text, format, args);
    Value v = 0;
    if (n < 0)
        raise_value(vm, "the format could not be filled in");
    else if (n >= (int)sizeof text && (all = mem_alloc(vm, (size_t)n + 1)) != NULL)
        vsnprintf(all, (size_t)n + 1, format, again);
    if (n >= 0 && all != NULL)
        v = api_text(vm, all, (size_t)n);
    if (all != text && all != NULL)
        mem_free(vm, all, (size_t)n + 1);
    va_end(again);
    va_end(args);
    return give(vm, v);
}

cove_value cove_name(cove_vm *host, const char *text) {
    ENTER(host);
    CHECK_POINTER(text);
    Value s = api_text(vm, text, strlen(text));
    return give(vm, s == 0 ? 0 : str_intern(vm, s));
}

cove_value cove_bytes(cove_vm *host, const void *data, size_t size) {
    ENTER(host);
    Value v = bytes_new(vm, data, size);
    if (v != 0 && data == NULL)
        memset(as_bytes(v)->data, 0, size);
    return give(vm, v);
}

cove_value cove_bytearray(cove_vm *host, const void *data, size_t size) {
    ENTER(host);
    Value v = bytearray_new(vm, data, size);
    if (v != 0 && data == NULL && size > 0)
        memset(as_bytearray(v)->data, 0, size);
    return give(vm, v);
}

/* --- containers --------------------------------------------------------------------------------------------------
 */

cove_value cove_list(cove_vm *host, const cove_value *items, size_t n) {
    ENTER(host);
    if (!api_need_all(vm, items, n))
        return cove_absent();
    return give(vm, list_from_array(vm, (Value *)items, n));
}

cove_value cove_tuple(cove_vm *host, const cove_value *items, size_t n) {
    ENTER(host);
    if (!api_need_all(vm, items, n))
        return cove_absent();
    return give(vm, n == 0 ? incref(vm->empty_tuple) : tuple_from_array(vm, (Value *)items, n));
}

static cove_value filled(VM *vm, Value set, const cove_value *items, size_t n) {
    if (!api_need_all(vm, items, n)) {
        decref(vm, set);
        return cove_absent();
    }
    for (size_t i = 0; set != 0 && i < n; i++)
        if (!set_add(vm, set, items[i].bits))
            set_owned(vm, &set, 0);
    return give(vm, set);
}

cove_value cove_set(cove_vm *host, const cove_value *items, size_t n) {
    ENTER(host);
    return filled(vm, set_new(vm, 0), items, n);
}

cove_value cove_frozenset(cove_vm *host, const cove_value *items, size_t n) {
    ENTER(host);
    if (n == 0)
        return give(vm, frozenset_new(vm, 0));
    cove_value set = cove_set(host, items, n);
    return set.bits == 0 ? set : give(vm, frozenset_new(vm, set.bits));
}

cove_value cove_dict(cove_vm *host) {
    ENTER(host);
    return give(vm, dict_new(vm));
}

cove_value cove_slice(cove_vm *host, cove_value start, cove_value stop, cove_value step) {
    ENTER(host);
    CHECK_VALUE(start);
    CHECK_VALUE(stop);
    CHECK_VALUE(step);
    return give(vm, slice_new(vm, start.bits == 0 ? VALUE_NONE : start.bits, stop.bits == 0 ? VALUE_NONE : stop.bits,
                              step.bits == 0 ? VALUE_NONE : step.bits));
}

/* --- memory of the host ------------------------------------------------------------------------------------------
 */

typedef struct HostMemory {
    Object header;
    Resource resource;
    char *data;
    size_t size;
    bool writable;
    void (*release)(void *data, void *user);
    void *user;
} HostMemory;

static bool memory_get_buffer(VM *vm, Value self, Buffer *out, int flags) {
    HostMemory *m = (HostMemory *)as_obj(self);
    return buffer_fill(vm, out, self, m->data, m->size, !m->writable, flags);
}

static void memory_end(VM *vm, Resource *r) {
    HostMemory *m = container_of(r, HostMemory, resource);
    if (m->release != NULL)
        m->release(m->data, m->user);
}

static void memory_dealloc(VM *vm, Object *self) { resource_end(vm, &((HostMemory *)self)->resource); }

static const TypeSpec memory_spec = {
    .name = "cove.memory",
    .doc = "Memory of the program that Cove is part of.",
    .size = sizeof(HostMemory),
    .kind = KIND_OTHER,
    .slots = {.get_buffer = memory_get_buffer, .dealloc = memory_dealloc},
};

cove_value cove_memory(cove_vm *host, void *data, size_t size, bool writable, void (*release)(void *data, void *user),
                       void *user) {
    ENTER(host);
    Type *type = vm_type(vm, &memory_spec, NULL);
    HostMemory *m = type == NULL ? NULL : object_alloc(vm, type, 0);
    if (m == NULL)
        return api_fail(vm);
    m->data = data;
    m->size = size;
    m->writable = writable;
    resource_add(vm, &m->resource, memory_end);
    Value view = memoryview_new(vm, from_obj(m));
    if (view != 0) { /* on failure the memory stays the host's */
        m->release = release;
        m->user = user;
    }
    obj_decref(vm, &m->header);
    return give(vm, view);
}
