/* bytearray: mutable bytes. The block grows geometrically; bytes deleted at the front only move `data` into the
 * block. As long as somebody holds a view (exports), the block must stay where it is: resizing raises BufferError. */
#include "object/bytes_internal.h"

#include "object/buffer.h"
#include "runtime/limits.h"

#define BYTE_RANGE "byte must be in range(0, 256)"

/* --- memory ---------------------------------------------------------------------------------------------------- */

static size_t block_size(const ByteArray *a) { return a->cap + (size_t)(a->data - a->block); }

static bool check_exports(VM *vm, const ByteArray *a) {
    if (likely(a->exports == 0))
        return true;
    return raisef(vm, vm->exc.BufferError, "Existing exports of data: object cannot be re-sized");
}

static void block_free(VM *vm, ByteArray *a) {
    if (a->block != NULL)
        mem_free(vm, a->block, block_size(a));
    a->block = a->data = NULL;
    a->len = a->cap = 0;
}

/* Moves the bytes to a block of `cap` bytes. */
static bool block_move(VM *vm, ByteArray *a, size_t cap) {
    char *block;
    if (a->data == a->block && a->block != NULL) {
        block = mem_realloc(vm, a->block, a->cap, cap);
        if (block == NULL)
            return false;
    } else {
        block = mem_alloc(vm, cap);
        if (block == NULL)
            return false;
        size_t n = a->len < cap ? a->len : cap;
        if (n != 0)
            memcpy(block, a->data, n);
        if (a->block != NULL)
            mem_free(vm, a->block, block_size(a));
    }
    a->block = a->data = block;
    a->cap = cap;
    return true;
}

bool bytearray_resize(VM *vm, ByteArray *a, size_t n) {
    if (n == a->len)
        return true;
    if (!check_exports(vm, a))
        return false;
    if (n > STR_BYTES_MAX)
        return raise_memory(vm);
    if (n == 0) {
        block_free(vm, a);
        return true;
    }
    if (n > a->cap) {
        size_t offset = (size_t)(a->data - a->block);
        if (offset >= a->len && offset + a->cap >= n && offset >= n / 2) { /* room in front: the move is short */
            memcpy(a->block, a->data, a->len);
            a->cap += offset;
            a->data = a->block;
        } else if (!block_move(vm, a, a->block == NULL ? n : n + n / 8 + (n < 9 ? 3 : 6))) {
            return false;
        }
    } else if (n < a->cap / 4 && n < a->len && !block_move(vm, a, n + n / 8 + 8)) {
        return false;
    }
    a->len = n;
    return true;
}

bool bytearray_append_bytes(VM *vm, ByteArray *a, const char *data, size_t n) {
    size_t old = a->len;
    bool own = a->data != NULL && data >= a->data && data < a->data + old;
    size_t offset = own ? (size_t)(data - a->data) : 0;
    if (n == 0)
        return true;
    if (n > STR_BYTES_MAX - old)
        return raise_memory(vm);
    if (!bytearray_resize(vm, a, old + n))
        return false;
    memcpy(a->data + old, own ? a->data + offset : data, n);
    return true;
}

void bytearray_drop_front(ByteArray *a, size_t n) {
    a->data += n;
    a->cap -= n;
    a->len -= n;
    if (a->len == 0 && a->block != NULL) {
        a->cap = block_size(a);
        a->data = a->block;
    }
}

Value bytearray_new(VM *vm, const char *data, size_t n) {
    ByteArray *a = object_alloc(vm, vm->types.bytearray, 0);
    if (a == NULL)
        return VALUE_ERROR;
    if (!bytearray_resize(vm, a, n)) {
        obj_decref(vm, &a->header);
        return VALUE_ERROR;
    }
    if (data != NULL && n != 0)
        memcpy(a->data, data, n);
    return from_obj(a);
}

static void dealloc(VM *vm, Object *self) { block_free(vm, (ByteArray *)self); }

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return from_obj(object_alloc(vm, type, 0));
}

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value bound[3] = {0, 0, 0};
    if (!native_bind_optional(vm, "bytearray", "source=b'', encoding='utf-8', errors='strict'", args, nargs, kwnames,
                              bound, 3))
        return false;
    ByteArray *a = as_bytearray(self);
    return bytearray_resize(vm, a, 0) && bytes_fill(vm, a, bound, "bytearray");
}

/* --- adding ---------------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE bool add_byte(VM *vm, ByteArray *a, Value v, const char *range_error) {
    uint8_t byte;
    if (!byte_value(vm, v, range_error, &byte))
        return false;
    char c = (char)byte;
    if (unlikely(a->len == a->cap || a->exports != 0))
        return bytearray_append_bytes(vm, a, &c, 1);
    a->data[a->len++] = c;
    return true;
}

/* Room for n more bytes, so that adding them one by one moves nothing. */
static bool make_room(VM *vm, ByteArray *a, size_t n) {
    size_t len = a->len;
    if (n > STR_BYTES_MAX - len)
        return raise_memory(vm);
    if (!bytearray_resize(vm, a, len + n))
        return false;
    a->len = len;
    return true;
}

/* The items of a list or tuple. A list may be changed by the __index__ of an item. */
static bool extend_items(VM *vm, ByteArray *out, Value items, const char *range_error) {
    bool list = is_list(items);
    limits_handled(vm, list ? as_list(items)->len : as_tuple(items)->len);
    if (!make_room(vm, out, list ? as_list(items)->len : as_tuple(items)->len))
        return false;
    for (size_t i = 0; i < (list ? as_list(items)->len : as_tuple(items)->len); i++) {
        Value v = incref(list ? as_list(items)->items[i] : as_tuple(items)->items[i]);
        bool ok = add_byte(vm, out, v, range_error);
        decref(vm, v);
        if (!ok)
            return false;
    }
    return true;
}

bool bytearray_extend_iterable(VM *vm, ByteArray *out, Value iterable, const char *range_error) {
    if (has_exact_kind(iterable, KIND_LIST) || has_exact_kind(iterable, KIND_TUPLE))
        return extend_items(vm, out, iterable, range_error);
    Value it = iter_get(vm, iterable), v;
    if (it == 0)
        return false;
    bool ok = true;
    while (ok && (v = iter_next(vm, it)) != 0) {
        ok = add_byte(vm, out, v, range_error);
        decref(vm, v);
    }
    decref(vm, it);
    return ok && !error_pending(vm);
}

/* The bytes of what is added or assigned: a buffer, or a bytearray made of an iterable (*made, owned). */
static bool bytes_of(VM *vm, Value v, Value *made, Buffer *b, const char *error) {
    *made = 0;
    if (has_kind(v, KIND_MEMORYVIEW)) {
        *made = memoryview_to_bytes(vm, v);
    } else if (!has_buffer(v)) {
        if (is_int(v) || is_str(v) || (!fast_type(vm, v)->slots.iter && !fast_type(vm, v)->slots.getitem))
            return raise_type(vm, error, v);
        *made = bytearray_new(vm, NULL, 0);
        if (*made != 0 && !bytearray_extend_iterable(vm, as_bytearray(*made), v, BYTE_RANGE))
            set_owned(vm, made, 0);
    }
    if (*made == 0 && error_pending(vm))
        return false;
    if (buffer_get(vm, *made != 0 ? *made : v, b, false))
        return true;
    set_owned(vm, made, 0);
    return false;
}

/* Adds b at the end of self; a view of self itself counts as an export, so it is let go before resizing. */
static bool append_buffer(VM *vm, ByteArray *a, Buffer *b) {
    if (b->owner != from_obj(a))
        return bytearray_append_bytes(vm, a, b->data, b->len);
    size_t n = b->len;
    buffer_release(vm, b);
    return bytearray_append_bytes(vm, a, a->data, n);
}

static Value inplace_concat(VM *vm, Value self, Value other) {
    Buffer b;
    if (!has_buffer(other))
        return raise_type(vm, "can't concat %.100T to %.100T", other, self);
    if (!buffer_get(vm, other, &b, false))
        return VALUE_ERROR;
    /* as in CPython, adding a bytearray to itself is refused: its own view holds it */
    bool ok = bytearray_append_bytes(vm, as_bytearray(self), b.data, b.len);
    buffer_release(vm, &b);
    return ok ? incref(self) : VALUE_ERROR;
}

static Value concat(VM *vm, Value a, Value b) {
    Buffer y;
    if (!has_buffer(b))
        return raise_type(vm, "can't concat %.100T to %.100T", b, a);
    if (!buffer_get(vm, b, &y, false))
        return VALUE_ERROR;
    Value r = VALUE_ERROR;
    if (y.len > STR_BYTES_MAX - raw_len(a))
        raise_memory(vm);
    else
        r = bytearray_new(vm, NULL, raw_len(a) + y.len);
    if (r != 0 && as_bytearray(r)->len != 0) {
        memcpy(as_bytearray(r)->data, raw_data(a), raw_len(a));
        memcpy(as_bytearray(r)->data + raw_len(a), y.data, y.len);
    }
    buffer_release(vm, &y);
    return r;
}

static bool repeat_times(VM *vm, Value count, size_t n, size_t *out) {
    ssize_t times;
    if (!is_int(count) && !fast_type(vm, count)->slots.index)
        return raise_type(vm, "can't multiply sequence by non-int of type '%.200T'", count);
    if (!to_ssize(vm, count, &times))
        return false;
    *out = times < 0 ? 0 : (size_t)times;
    return *out == 0 || n <= STR_BYTES_MAX / *out || raise_memory(vm);
}

static Value repeat(VM *vm, Value self, Value count) {
    size_t times;
    if (!repeat_times(vm, count, raw_len(self), &times))
        return VALUE_ERROR;
    Text t = raw_text(self);
    if (times == 1)
        return bytearray_new(vm, t.data, t.len);
    return text_repeat(vm, &t, times);
}

static Value inplace_repeat(VM *vm, Value self, Value count) {
    ByteArray *a = as_bytearray(self);
    size_t times;
    if (!repeat_times(vm, count, a->len, &times))
        return VALUE_ERROR;
    size_t n = a->len;
    if (!bytearray_resize(vm, a, n * times))
        return VALUE_ERROR;
    if (times > 1 && n != 0)
        text_fill(a->data + n, a->data, n, n * (times - 1));
    return incref(self);
}

/* --- items ----------------------------------------------------------------------------------------------------- */

static ssize_t len(VM *vm, Value self) { return (ssize_t)as_bytearray(self)->len; }

static bool resolve(VM *vm, Value self, Value key, size_t *i) {
    if (!is_int(key) && !fast_type(vm, key)->slots.index)
        return raise_type(vm, "bytearray indices must be integers or slices, not %.200T", key);
    if (!index_resolve(vm, key, as_bytearray(self)->len, "bytearray", "bytearray index out of range", i))
        return false;
    return *i < as_bytearray(self)->len || raise_index(vm, "bytearray index out of range");
}

static Value get_slice(VM *vm, Value self, Value key) {
    ssize_t start, stop, step;
    if (!slice_unpack(vm, key, &start, &stop, &step))
        return VALUE_ERROR;
    ByteArray *a = as_bytearray(self);
    size_t n = slice_adjust(a->len, &start, &stop, step);
    if (step == 1)
        return bytearray_new(vm, n != 0 ? a->data + start : NULL, n);
    Value r = bytearray_new(vm, NULL, n);
    for (size_t i = 0; r != 0 && i < n; i++, start += step)
        as_bytearray(r)->data[i] = a->data[start];
    return r;
}

static Value getitem(VM *vm, Value self, Value key) {
    size_t i;
    if (has_kind(key, KIND_SLICE))
        return get_slice(vm, self, key);
    if (!resolve(vm, self, key, &i))
        return VALUE_ERROR;
    return from_small_int((uint8_t)as_bytearray(self)->data[i]);
}

/* Replaces [start, start + n) by other bytes, which are not its own. */
static bool splice(VM *vm, ByteArray *a, size_t start, size_t n, const char *data, size_t count) {
    if (count != n && !check_exports(vm, a))
        return false;
    if (count < n && start == 0) {
        bytearray_drop_front(a, n - count);
    } else if (count < n) {
        memmove(a->data + start + count, a->data + start + n, a->len - start - n);
        if (!bytearray_resize(vm, a, a->len - (n - count)))
            return false;
    } else if (count > n) {
        size_t old = a->len;
        if (count - n > STR_BYTES_MAX - old)
            return raise_memory(vm);
        if (!bytearray_resize(vm, a, old + (count - n)))
            return false;
        memmove(a->data + start + count, a->data + start + n, old - start - n);
    }
    if (count != 0)
        memcpy(a->data + start, data, count);
    return true;
}

static bool delete_steps(VM *vm, ByteArray *a, ssize_t start, ssize_t step, size_t n) {
    if (n == 0)
        return true;
    if (!check_exports(vm, a))
        return false;
    if (step < 0) {
        start += step * (ssize_t)(n - 1);
        step = -step;
    }
    size_t to = (size_t)start, next = (size_t)start, dropped = 0;
    for (size_t i = (size_t)start; i < a->len; i++) {
        if (dropped < n && i == next) {
            dropped++;
            next += (size_t)step;
        } else {
            a->data[to++] = a->data[i];
        }
    }
    return bytearray_resize(vm, a, to);
}

/* Assigning nothing deletes, whatever the step. */
static bool assign(VM *vm, ByteArray *a, Value slice, const char *data, size_t count) {
    ssize_t start, stop, step;
    if (!slice_unpack(vm, slice, &start, &stop, &step))
        return false;
    size_t n = slice_adjust(a->len, &start, &stop, step);
    if (step == 1)
        return splice(vm, a, (size_t)start, n, data, count);
    if (count == 0)
        return delete_steps(vm, a, start, step, n);
    if (count != n)
        return raise_value(vm, "attempt to assign bytes of size %u to extended slice of size %u", count, n);
    for (size_t i = 0; i < n; i++, start += step)
        a->data[start] = data[i];
    return true;
}

static bool set_slice(VM *vm, Value self, Value slice, Value value) {
    ByteArray *a = as_bytearray(self);
    if (value == 0)
        return assign(vm, a, slice, "", 0);
    Value made, copy = 0;
    Buffer b;
    if (has_buffer(value) && !has_kind(value, KIND_MEMORYVIEW) && value != self) {
        if (!buffer_get(vm, value, &b, false))
            return false;
        bool ok = assign(vm, a, slice, b.data, b.len);
        buffer_release(vm, &b);
        return ok;
    }
    if (value == self && (copy = bytes_new(vm, raw_data(self), raw_len(self))) == 0)
        return false;
    if (!bytes_of(vm, copy != 0 ? copy : value, &made, &b,
                  "can assign only bytes, buffers, or iterables of ints in range(0, 256)")) {
        decref(vm, copy);
        return false;
    }
    bool ok = assign(vm, a, slice, b.data, b.len);
    buffer_release(vm, &b);
    decref(vm, made);
    decref(vm, copy);
    return ok;
}

static bool setitem(VM *vm, Value self, Value key, Value value) {
    ByteArray *a = as_bytearray(self);
    size_t i;
    uint8_t byte;
    if (has_kind(key, KIND_SLICE))
        return set_slice(vm, self, key, value);
    if (!resolve(vm, self, key, &i))
        return false;
    if (value == 0)
        return splice(vm, a, i, 1, "", 0);
    if (!byte_value(vm, value, BYTE_RANGE, &byte))
        return false;
    if (unlikely(i >= a->len)) /* __index__ of the value made it shorter */
        return raise_index(vm, "bytearray index out of range");
    a->data[i] = (char)byte;
    return true;
}

/* --- methods --------------------------------------------------------------------------------------------------- */

BYTEARRAY_METHOD(append) { return add_byte(vm, as_bytearray(self), args[0], BYTE_RANGE) ? VALUE_NONE : VALUE_ERROR; }
BYTEARRAY_METHOD(clear) { return bytearray_resize(vm, as_bytearray(self), 0) ? VALUE_NONE : VALUE_ERROR; }
BYTEARRAY_METHOD(copy) { return bytearray_new(vm, raw_data(self), raw_len(self)); }

BYTEARRAY_METHOD(extend) {
    Value made;
    Buffer b;
    if (is_str(args[0]))
        return raise_type(vm, "expected iterable of integers; got: 'str'");
    if (!bytes_of(vm, args[0], &made, &b, "can't extend bytearray with %.100T"))
        return VALUE_ERROR;
    bool ok = append_buffer(vm, as_bytearray(self), &b);
    buffer_release(vm, &b);
    decref(vm, made);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

BYTEARRAY_METHOD(insert) {
    ByteArray *a = as_bytearray(self);
    ssize_t at;
    uint8_t byte;
    if (!to_ssize(vm, args[0], &at) || !byte_value(vm, args[1], BYTE_RANGE, &byte))
        return VALUE_ERROR;
    ssize_t n = (ssize_t)a->len;
    if (at < 0)
        at = at + n < 0 ? 0 : at + n;
    char c = (char)byte;
    return splice(vm, a, (size_t)(at > n ? n : at), 0, &c, 1) ? VALUE_NONE : VALUE_ERROR;
}

BYTEARRAY_METHOD(pop) {
    ByteArray *a = as_bytearray(self);
    ssize_t at = -1;
    if (args[0] && !to_ssize(vm, args[0], &at))
        return VALUE_ERROR;
    ssize_t n = (ssize_t)a->len;
    if (n == 0)
        return raise_index(vm, "pop from empty bytearray");
    if (at < 0)
        at += n;
    if (at < 0 || at >= n)
        return raise_index(vm, "pop index out of range");
    uint8_t byte = (uint8_t)a->data[at];
    return splice(vm, a, (size_t)at, 1, "", 0) ? from_small_int(byte) : VALUE_ERROR;
}

BYTEARRAY_METHOD(remove) {
    uint8_t byte;
    if (!byte_value(vm, args[0], BYTE_RANGE, &byte))
        return VALUE_ERROR;
    const char *p = memchr(raw_data(self), byte, raw_len(self));
    if (p == NULL)
        return raise_value(vm, "value not found in bytearray");
    return splice(vm, as_bytearray(self), (size_t)(p - raw_data(self)), 1, "", 0) ? VALUE_NONE : VALUE_ERROR;
}

BYTEARRAY_METHOD(reverse) {
    ByteArray *a = as_bytearray(self);
    for (size_t i = 0, k = a->len; i + 1 < k; i++) {
        char c = a->data[i];
        a->data[i] = a->data[--k];
        a->data[k] = c;
    }
    return VALUE_NONE;
}

BYTEARRAY_METHOD(alloc) {
    ByteArray *a = as_bytearray(self);
    return int_from_ssize(vm, a->block != NULL ? (ssize_t)block_size(a) : 0);
}

BYTEARRAY_METHOD(sizeof) {
    ByteArray *a = as_bytearray(self);
    return int_from_ssize(vm, (ssize_t)(obj_type(&a->header)->size + (a->block != NULL ? block_size(a) : 0)));
}

/* (class, arguments, attributes or None) */
static Value reduce_with(VM *vm, Value self, Value arguments) {
    Value dict = arguments ? attr_dict(vm, self) : 0;
    if (arguments == 0 || (dict == 0 && error_pending(vm))) {
        decref(vm, arguments);
        return VALUE_ERROR;
    }
    bool empty = dict == 0 || dict_len(dict) == 0;
    Value r = tuple_pack(vm, 3, type_value(type_of(vm, self)), arguments, empty ? VALUE_NONE : dict);
    decref(vm, dict);
    decref(vm, arguments);
    return r;
}

/* The old protocols have no bytes: text in Latin-1 stands for them. */
BYTEARRAY_METHOD(reduce) {
    Value text = str_decode(vm, raw_data(self), raw_len(self), "latin-1", NULL);
    Value name = text ? str_from_c(vm, "latin-1") : 0;
    Value arguments = name ? tuple_pack(vm, 2, text, name) : VALUE_ERROR;
    decref(vm, text);
    decref(vm, name);
    return reduce_with(vm, self, arguments);
}

BYTEARRAY_METHOD(reduce_ex) {
    int protocol = 0;
    if (args[0] && !to_c_int(vm, args[0], &protocol))
        return VALUE_ERROR;
    if (protocol < 3)
        return bytearray_reduce(vm, self, NULL, 0, 0);
    Value plain = bytes_new(vm, raw_data(self), raw_len(self));
    Value arguments = plain ? tuple_pack(vm, 1, plain) : VALUE_ERROR;
    decref(vm, plain);
    return reduce_with(vm, self, arguments);
}

/* --- the type -------------------------------------------------------------------------------------------------- */

static Value repr(VM *vm, Value self) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_printf(&b, "%T(", self);
    bytes_add_repr(&b, raw_data(self), raw_len(self));
    strbuilder_add(&b, ")", 1);
    return strbuilder_finish(&b);
}

static Value str(VM *vm, Value self) { return bytes_warn_str(vm, "bytearray") ? repr(vm, self) : VALUE_ERROR; }

static Value compare(VM *vm, Value x, Value y, CompareOp op) {
    if (!has_buffer(x) || !has_buffer(y))
        return bytes_warn_compare(vm, x, y, op, "bytearray") ? VALUE_NOTIMPL : VALUE_ERROR;
    Buffer a, b;
    if (!buffer_get(vm, x, &a, false))
        return VALUE_ERROR;
    if (!buffer_get(vm, y, &b, false)) {
        buffer_release(vm, &a);
        error_clear(vm);
        return VALUE_NOTIMPL;
    }
    Value r = bytes_compare_raw(a.data, a.len, b.data, b.len, op);
    buffer_release(vm, &b);
    buffer_release(vm, &a);
    return r;
}

/* The format may show objects whose __repr__ changes the bytearray, so it is held like a buffer. */
static Value modulo(VM *vm, Value x, Value y) {
    if (!is_bytearray(x))
        return VALUE_NOTIMPL;
    Buffer b;
    if (!buffer_get(vm, x, &b, false))
        return VALUE_ERROR;
    Value r = bytes_percent(vm, b.data, b.len, y, true);
    buffer_release(vm, &b);
    return r;
}

static bool get_buffer(VM *vm, Value self, Buffer *out, int flags) {
    ByteArray *a = as_bytearray(self);
    if (!buffer_fill(vm, out, self, a->data, a->len, false, flags))
        return false;
    a->exports++;
    return true;
}

static void release_buffer(VM *vm, Value self, Buffer *b) { as_bytearray(self)->exports--; }

static Value iter(VM *vm, Value self) { return bytes_iter_new(vm, vm->types.bytearray_iterator, self); }

const TypeSpec bytearray_iterator_spec = {
    .name = "bytearray_iterator",
    .doc = "Gives the bytes of a bytearray as ints.",
    .size = sizeof(SeqIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = bytes_iter_next},
    .methods = bytes_iter_methods,
};

const TypeSpec bytearray_spec = {
    .name = "bytearray",
    .doc = "A row of bytes that can be changed.\n\nbytearray(n) has n zeros; bytearray(text, encoding, errors) is a "
           "text encoded; "
           "bytearray(x) copies a buffer, or takes numbers from an iterable.",
    .size = sizeof(ByteArray),
    .flags = TYPE_BASE | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_BYTEARRAY,
    .slots = {.dealloc = dealloc,
              .create = create,
              .init = init,
              .repr = repr,
              .str = str,
              .compare = compare,
              .iter = iter,
              .len = len,
              .getitem = getitem,
              .setitem = setitem,
              .contains = bytes_contains,
              .concat = concat,
              .repeat = repeat,
              .inplace_concat = inplace_concat,
              .inplace_repeat = inplace_repeat,
              .get_buffer = get_buffer,
              .release_buffer = release_buffer},
    .numbers = &(const NumberSlots){.binary = {[OP_MOD] = modulo}},
    .methods = bytearray_methods,
};
