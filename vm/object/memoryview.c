/* memoryview: a typed view of another object's bytes, with a shape and a step in bytes for each dimension.
 *
 * Every view holds its own buffer of the object that really owns the memory: a slice or cast of a view asks that
 * object again, so that views can be released in any order. Others who take a buffer of a view (exports) keep it from
 * being released, as the view keeps its owner from being resized.
 */
#include "object/memoryview.h"

#include "object/bytes_internal.h"
#include "object/containers.h"

#define DIMENSIONS_MAX 64

/* --- making ---------------------------------------------------------------------------------------------------- */

static size_t count_items(const MemoryView *m) {
    size_t n = 1;
    for (unsigned i = 0; i < m->ndim; i++)
        n *= (size_t)m->shape[i];
    return n;
}
static size_t count_bytes(const MemoryView *m) { return count_items(m) * m->itemsize; }

static void set_contiguous_strides(MemoryView *m) {
    ssize_t step = (ssize_t)m->itemsize;
    for (unsigned i = m->ndim; i-- > 0;) {
        m->strides[i] = step;
        step *= m->shape[i];
    }
}

/* Is every item where it is in a row of them, last (C) or first (Fortran) dimension fastest? */
static bool is_contiguous(const MemoryView *m, bool fortran) {
    ssize_t step = (ssize_t)m->itemsize;
    if (count_items(m) == 0)
        return true;
    for (unsigned k = 0; k < m->ndim; k++) {
        unsigned i = fortran ? k : m->ndim - 1 - k;
        if (m->shape[i] != 1 && m->strides[i] != step)
            return false;
        step *= m->shape[i];
    }
    return true;
}

/* Makes room for the extents of n dimensions; their values are lost. */
static bool set_dimensions(VM *vm, MemoryView *m, unsigned n) {
    ssize_t *room = m->own;
    if (n > 1 && (room = mem_alloc(vm, 2 * n * sizeof *room)) == NULL)
        return false;
    if (m->ndim > 1)
        mem_free(vm, m->shape, 2 * m->ndim * sizeof *room);
    m->ndim = n;
    m->shape = room;
    m->strides = room + (n > 1 ? n : 1);
    return true;
}

static MemoryView *view_alloc(VM *vm, Buffer *buffer) {
    MemoryView *m = object_alloc(vm, vm->types.memoryview, 0);
    if (m == NULL) {
        if (buffer->owner != 0)
            buffer_release(vm, buffer);
        return NULL;
    }
    set_dimensions(vm, m, 1);
    m->buffer = *buffer;
    return m;
}

/* A view of the buffer with the items of another view. */
static MemoryView *view_like(VM *vm, Buffer *buffer, const MemoryView *from) {
    MemoryView *m = view_alloc(vm, buffer);
    if (m == NULL)
        return NULL;
    m->data = from->data;
    memcpy(m->format, from->format, sizeof m->format);
    m->code = from->code;
    m->itemsize = from->itemsize;
    m->readonly = from->readonly;
    if (!set_dimensions(vm, m, from->ndim)) {
        obj_decref(vm, &m->header);
        return NULL;
    }
    memcpy(m->shape, from->shape, m->ndim * sizeof *m->shape);
    memcpy(m->strides, from->strides, m->ndim * sizeof *m->strides);
    return m;
}

static bool check_lent(VM *vm, const MemoryView *m) {
    return !m->lent || raise_value(vm, "cannot create new view on restricted memoryview");
}

/* Another view of the same part of the same memory. */
static MemoryView *view_copy(VM *vm, const MemoryView *from) {
    Buffer buffer;
    if (!check_lent(vm, from) || !buffer_get_flags(vm, from->buffer.owner, &buffer, BUFFER_FULL_RO))
        return NULL;
    return view_like(vm, &buffer, from);
}

/* Items of the buffer's own format, one after the other. */
static void view_row(MemoryView *m) {
    const char *format = m->buffer.format != NULL ? m->buffer.format : "B";
    m->data = m->buffer.data;
    strncpy(m->format, format, sizeof m->format - 1);
    m->code = format[0] == '@' ? format[1] : format[0];
    m->itemsize = m->buffer.itemsize != 0 ? m->buffer.itemsize : 1;
    m->readonly = m->buffer.readonly;
    m->shape[0] = (ssize_t)(m->buffer.len / m->itemsize);
    m->strides[0] = (ssize_t)m->itemsize;
}

Value memoryview_new(VM *vm, Value object) {
    if (has_kind(object, KIND_MEMORYVIEW))
        return view_check_open(vm, as_view(object)) ? from_obj(view_copy(vm, as_view(object))) : VALUE_ERROR;
    if (!has_buffer(object))
        return raise_type(vm, "memoryview: a bytes-like object is required, not '%.200T'", object);
    Buffer buffer;
    return buffer_get_flags(vm, object, &buffer, BUFFER_FULL_RO) ? memoryview_of_buffer(vm, &buffer) : VALUE_ERROR;
}

Value memoryview_of_buffer(VM *vm, Buffer *buffer) {
    Value like = has_kind(buffer->owner, KIND_MEMORYVIEW) ? buffer->owner : buffer_hold_view(buffer->owner);
    if (like != 0)
        return from_obj(view_like(vm, buffer, as_view(like)));
    MemoryView *m = view_alloc(vm, buffer);
    if (m != NULL)
        view_row(m);
    return from_obj(m);
}

Value memoryview_lend(VM *vm, const Buffer *buffer) {
    Buffer none = {0};
    MemoryView *m = view_alloc(vm, &none);
    if (m == NULL)
        return VALUE_ERROR;
    m->lent = true;
    m->buffer = *buffer;
    m->buffer.owner = VALUE_NONE;
    view_row(m);
    return from_obj(m);
}

void memoryview_end(Value view) { as_view(view)->buffer = (Buffer){0}; }

Value memoryview_owner(Value view) { return as_view(view)->buffer.owner; }

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value object = 0;
    if (!native_bind(vm, "memoryview", "object", args, nargs, kwnames, &object, 1))
        return VALUE_ERROR;
    return memoryview_new(vm, object);
}

static void drop_buffer(VM *vm, MemoryView *m) {
    if (m->lent)
        m->buffer = (Buffer){0};
    else if (m->buffer.owner != 0)
        buffer_release(vm, &m->buffer);
}

static void dealloc(VM *vm, Object *self) {
    drop_buffer(vm, (MemoryView *)self);
    set_dimensions(vm, (MemoryView *)self, 0);
}
static void clear(VM *vm, Object *self) { drop_buffer(vm, (MemoryView *)self); }
static void traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((MemoryView *)self)->buffer.owner, visit, arg);
}

/* --- the bytes in order ---------------------------------------------------------------------------------------- */

static char *copy_out(const MemoryView *m, unsigned dim, const char *p, char *to) {
    if (dim == m->ndim) {
        memcpy(to, p, m->itemsize);
        return to + m->itemsize;
    }
    for (ssize_t i = 0; i < m->shape[dim]; i++)
        to = copy_out(m, dim + 1, p + i * m->strides[dim], to);
    return to;
}

/* The first dimension fastest: copies into the places that the strides of such an order give. */
static void copy_out_fortran(const MemoryView *m, unsigned dim, const char *p, char *to, size_t step) {
    if (dim == m->ndim) {
        memcpy(to, p, m->itemsize);
        return;
    }
    for (ssize_t i = 0; i < m->shape[dim]; i++)
        copy_out_fortran(m, dim + 1, p + i * m->strides[dim], to + (size_t)i * step, step * (size_t)m->shape[dim]);
}

Value memoryview_to_bytes(VM *vm, Value view) {
    const MemoryView *m = as_view(view);
    if (!view_check_open(vm, m))
        return VALUE_ERROR;
    if (is_contiguous(m, false))
        return bytes_new(vm, m->data, count_bytes(m));
    Value r = bytes_new(vm, NULL, count_bytes(m));
    if (r != 0)
        copy_out(m, 0, m->data, as_bytes(r)->data);
    return r;
}

/* --- indexing -------------------------------------------------------------------------------------------------- */

static bool is_index(VM *vm, Value v) { return is_int(v) || fast_type(vm, v)->slots.index != NULL; }

/* Moves *p along a dimension. */
static bool step_index(VM *vm, const MemoryView *m, unsigned dim, Value key, char **p) {
    ssize_t i;
    if (!to_ssize(vm, key, &i))
        return false;
    if (!view_check_open(vm, m))
        return false;
    if (i < 0)
        i += m->shape[dim];
    if (i < 0 || i >= m->shape[dim])
        return raise_index(vm, "index out of bounds on dimension %d", (int)dim + 1);
    *p += i * m->strides[dim];
    return true;
}

/* The item that a key names, as a place in memory; NULL with an exception. */
static char *locate(VM *vm, const MemoryView *m, Value key) {
    char *p = m->data;
    if (!is_tuple(key)) {
        if (m->ndim == 0)
            return (char *)raise_type(vm, "invalid indexing of 0-dim memory");
        if (m->ndim > 1)
            return (char *)raisef(vm, vm->exc.NotImplementedError, "multi-dimensional sub-views are not implemented");
        return step_index(vm, m, 0, key, &p) ? p : NULL;
    }
    const Tuple *t = as_tuple(key);
    if (t->len < m->ndim)
        return (char *)raisef(vm, vm->exc.NotImplementedError, "sub-views are not implemented");
    if (t->len > m->ndim)
        return (char *)raise_type(vm, "cannot index %d-dimension view with %u-element tuple", (int)m->ndim, t->len);
    for (unsigned i = 0; i < m->ndim; i++)
        if (!step_index(vm, m, i, t->items[i], &p))
            return NULL;
    return p;
}

/* 1: the key names an item, 0: a slice, -1: neither */
static int key_kind(VM *vm, Value key) {
    if (has_kind(key, KIND_SLICE))
        return 0;
    if (!is_tuple(key))
        return is_index(vm, key) ? 1 : -1;
    const Tuple *t = as_tuple(key);
    size_t indexes = 0, slices = 0;
    for (size_t i = 0; i < t->len; i++) {
        slices += has_kind(t->items[i], KIND_SLICE);
        indexes += is_index(vm, t->items[i]);
    }
    return indexes == t->len ? 1 : slices == t->len ? 0 : -1;
}

static MemoryView *slice_view(VM *vm, const MemoryView *m, Value key) {
    ssize_t start, stop, step;
    if (is_tuple(key))
        return (MemoryView *)raisef(vm, vm->exc.NotImplementedError, "multi-dimensional slicing is not implemented");
    if (m->ndim == 0)
        return (MemoryView *)raise_type(vm, "invalid indexing of 0-dim memory");
    if (!slice_unpack(vm, key, &start, &stop, &step) || !view_check_open(vm, m))
        return NULL;
    size_t n = slice_adjust((size_t)m->shape[0], &start, &stop, step);
    MemoryView *r = view_copy(vm, m);
    if (r == NULL)
        return NULL;
    if (n != 0)
        r->data += start * m->strides[0];
    r->shape[0] = (ssize_t)n;
    r->strides[0] = n > 1 ? m->strides[0] * step : m->strides[0];
    return r;
}

static Value getitem(VM *vm, Value self, Value key) {
    const MemoryView *m = as_view(self);
    if (!view_check_open(vm, m))
        return VALUE_ERROR;
    int kind = key_kind(vm, key);
    if (kind == 0)
        return from_obj(slice_view(vm, m, key));
    if (kind < 0)
        return raise_type(vm, "memoryview: invalid slice key");
    const char *p = locate(vm, m, key);
    return p != NULL ? item_read(vm, m, p) : VALUE_ERROR;
}

static bool set_slice(VM *vm, MemoryView *m, Value key, Value value) {
    MemoryView *to = slice_view(vm, m, key);
    Value from = to != NULL ? memoryview_new(vm, value) : VALUE_ERROR, bytes = 0;
    bool ok = false;
    if (from != 0) {
        const MemoryView *v = as_view(from);
        if (m->ndim != 1 || v->ndim != 1 || v->shape[0] != to->shape[0] || v->code != m->code ||
            v->itemsize != m->itemsize)
            raise_value(vm, "memoryview assignment: lvalue and rvalue have different structures");
        else
            ok = (bytes = memoryview_to_bytes(vm, from)) != 0; /* a copy: both may be parts of the same memory */
    }
    for (ssize_t i = 0; ok && i < to->shape[0]; i++)
        memcpy(to->data + i * to->strides[0], as_bytes(bytes)->data + (size_t)i * m->itemsize, m->itemsize);
    decref(vm, bytes);
    decref(vm, from);
    if (to != NULL)
        obj_decref(vm, &to->header);
    return ok;
}

static bool setitem(VM *vm, Value self, Value key, Value value) {
    MemoryView *m = as_view(self);
    if (!view_check_open(vm, m))
        return false;
    if (m->readonly)
        return raise_type(vm, "cannot modify read-only memory");
    if (value == 0)
        return raise_type(vm, "cannot delete memory");
    int kind = key_kind(vm, key);
    if (kind == 0)
        return set_slice(vm, m, key, value);
    if (kind < 0)
        return raise_type(vm, "memoryview: invalid slice key");
    Item x;
    if (locate(vm, m, key) == NULL || !item_pack(vm, m, value, &x) || !view_check_open(vm, m))
        return false;
    char *p = locate(vm, m, key); /* again: the value's conversion may have released the view */
    if (p == NULL)
        return false;
    memcpy(p, &x, m->itemsize);
    return true;
}

static ssize_t len(VM *vm, Value self) {
    const MemoryView *m = as_view(self);
    if (!view_check_open(vm, m))
        return -1;
    if (m->ndim == 0) {
        raise_type(vm, "0-dim memory has no length");
        return -1;
    }
    return m->shape[0];
}

/* --- comparing ------------------------------------------------------------------------------------------------- */

/* 1, 0, -1; items are compared as values, so that 1 == 1.0 */
static int equal_items(VM *vm, const MemoryView *a, const MemoryView *b, unsigned dim, const char *p, const char *q) {
    if (dim == a->ndim) {
        if (a->code == b->code && strchr("efd", a->code) == NULL && a->code != '?')
            return memcmp(p, q, a->itemsize) == 0;
        Value x = item_read(vm, a, p), y = x ? item_read(vm, b, q) : VALUE_ERROR;
        int r = y ? compare_bool(vm, x, y, CMP_EQ) : -1;
        decref(vm, x);
        decref(vm, y);
        return r;
    }
    if (dim + 1 == a->ndim && a->itemsize == 1 && a->strides[dim] == 1 && b->strides[dim] == 1 &&
        a->code == b->code && a->code != '?')
        return memcmp(p, q, (size_t)a->shape[dim]) == 0;
    int r = 1;
    for (ssize_t i = 0; r == 1 && i < a->shape[dim]; i++)
        r = equal_items(vm, a, b, dim + 1, p + i * a->strides[dim], q + i * b->strides[dim]);
    return r;
}

static int equal_views(VM *vm, const MemoryView *a, const MemoryView *b) {
    if (a->ndim != b->ndim)
        return 0;
    for (unsigned i = 0; i < a->ndim; i++)
        if (a->shape[i] != b->shape[i])
            return 0;
    if (item_format_size(a->code) == 0 || item_format_size(b->code) == 0)
        return 0;
    return equal_items(vm, a, b, 0, a->data, b->data);
}

static Value compare(VM *vm, Value x, Value y, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !has_kind(x, KIND_MEMORYVIEW))
        return VALUE_NOTIMPL;
    int r;
    if (as_view(x)->buffer.owner == 0 || (has_kind(y, KIND_MEMORYVIEW) && as_view(y)->buffer.owner == 0)) {
        r = x == y;
    } else {
        if (!has_buffer(y))
            return VALUE_NOTIMPL;
        Value other = memoryview_new(vm, y);
        if (other == 0) {
            error_clear(vm);
            return VALUE_NOTIMPL;
        }
        r = equal_views(vm, as_view(x), as_view(other));
        decref(vm, other);
    }
    return r < 0 ? VALUE_ERROR : from_bool(r == (op == CMP_EQ));
}

static bool hash(VM *vm, Value self, int64_t *out) {
    MemoryView *m = as_view(self);
    if (m->hash == 0) {
        if (!view_check_open(vm, m))
            return false;
        if (!m->readonly)
            return raise_value(vm, "cannot hash writable memoryview object");
        if (strchr("Bbc", m->code) == NULL)
            return raise_value(vm, "memoryview: hashing is restricted to formats 'B', 'b' or 'c'");
        int64_t ignored;
        Value owner = m->buffer.owner;
        if (is_obj(owner) && !is_bytes(owner) && !hash_value(vm, owner, &ignored)) /* unhashable owners stay so */
            return false;
        Value bytes = memoryview_to_bytes(vm, self);
        bool ok = bytes != 0 && hash_value(vm, bytes, &m->hash);
        decref(vm, bytes);
        if (!ok)
            return false;
    }
    *out = m->hash;
    return true;
}

/* --- methods --------------------------------------------------------------------------------------------------- */

static Value list_items(VM *vm, const MemoryView *m, unsigned dim, const char *p) {
    if (dim == m->ndim)
        return item_read(vm, m, p);
    Value list = list_new(vm, 0);
    for (ssize_t i = 0; list != 0 && i < m->shape[dim]; i++) {
        Value item = list_items(vm, m, dim + 1, p + i * m->strides[dim]);
        if (item == 0 || !list_append_steal(vm, list, item))
            set_owned(vm, &list, 0);
    }
    return list;
}

static Value tolist(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const MemoryView *m = as_view(self);
    return view_check_open(vm, m) ? list_items(vm, m, 0, m->data) : VALUE_ERROR;
}

static Value tobytes(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const MemoryView *m = as_view(self);
    if (!view_check_open(vm, m))
        return VALUE_ERROR;
    if (args[0] == 0 || is_none(args[0]))
        return memoryview_to_bytes(vm, self);
    const char *order = to_c_string(vm, args[0], "tobytes() argument 'order'");
    if (order == NULL)
        return VALUE_ERROR;
    if (strcmp(order, "C") != 0 && strcmp(order, "F") != 0 && strcmp(order, "A") != 0)
        return raise_value(vm, "order must be 'C', 'F' or 'A'");
    if (order[0] == 'C' || (order[0] == 'A' && !is_contiguous(m, true)))
        return memoryview_to_bytes(vm, self);
    Value r = bytes_new(vm, NULL, count_bytes(m));
    if (r != 0 && count_bytes(m) != 0)
        copy_out_fortran(m, 0, m->data, as_bytes(r)->data, m->itemsize);
    return r;
}

static Value hex(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value bytes = memoryview_to_bytes(vm, self);
    Value r = bytes ? bytes_hex(vm, as_bytes(bytes)->data, as_bytes(bytes)->len, args[0], args[1]) : VALUE_ERROR;
    decref(vm, bytes);
    return r;
}

static Value toreadonly(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const MemoryView *m = as_view(self);
    MemoryView *r = view_check_open(vm, m) ? view_copy(vm, m) : NULL;
    if (r != NULL)
        r->readonly = true;
    return from_obj(r);
}

static bool release_view(VM *vm, MemoryView *m) {
    if (m->exports != 0 && m->buffer.owner != 0)
        return raisef(vm, vm->exc.BufferError, "memoryview has %d exported buffer%s", (int)m->exports,
                      m->exports == 1 ? "" : "s");
    drop_buffer(vm, m);
    return true;
}

bool memoryview_release_for(VM *vm, Value view, Value object) {
    MemoryView *m = as_view(view);
    if (m->buffer.owner == 0 || m->lent)
        return true;
    if (buffer_hold_object(m->buffer.owner) != object)
        return raise_value(vm, "memoryview's buffer is not this object");
    return release_view(vm, m);
}

static Value release(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return release_view(vm, as_view(self)) ? VALUE_NONE : VALUE_ERROR;
}

static Value enter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return view_check_open(vm, as_view(self)) ? incref(self) : VALUE_ERROR;
}

static bool cast_format(VM *vm, MemoryView *m, Value format) {
    const char *text = str_data(format);
    char code = text[0] == '@' ? text[1] : text[0];
    size_t n = as_str(format)->nbytes, size = n == (text[0] == '@' ? 2u : 1u) ? item_format_size(code) : 0;
    if (size == 0)
        return raise_value(vm,
                           "memoryview: destination format must be a native single character format prefixed with an "
                           "optional '@'");
    if (strchr("Bbc", m->code) == NULL && strchr("Bbc", code) == NULL)
        return raise_type(vm, "memoryview: cannot cast between two non-byte formats");
    size_t bytes = count_bytes(m);
    if (bytes % size != 0)
        return raise_type(vm, "memoryview: length is not a multiple of itemsize");
    set_dimensions(vm, m, 1); /* cannot fail: they are its own */
    memcpy(m->format, text, n + 1);
    m->code = code;
    m->itemsize = size;
    m->shape[0] = (ssize_t)(bytes / size);
    m->strides[0] = (ssize_t)size;
    return true;
}

static bool cast_shape(VM *vm, MemoryView *m, Value *items, size_t n) {
    size_t bytes = count_bytes(m), product = m->itemsize;
    if (!set_dimensions(vm, m, (unsigned)n))
        return false;
    for (size_t i = 0; i < n; i++) {
        int64_t extent;
        if (!is_int(items[i]))
            return raise_type(vm, "memoryview.cast(): elements of shape must be integers");
        if (!int_fits_int64(items[i], &extent) || extent <= 0)
            return raise_value(vm, "memoryview.cast(): elements of shape must be integers > 0");
        if (__builtin_mul_overflow(product, (size_t)extent, &product) || product > (size_t)SSIZE_MAX)
            return raise_value(vm, "memoryview.cast(): product(shape) > SSIZE_MAX");
        m->shape[i] = (ssize_t)extent;
    }
    if (product != bytes)
        return raise_type(vm, "memoryview: product(shape) * itemsize != buffer size");
    set_contiguous_strides(m);
    return true;
}

static Value cast(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const MemoryView *m = as_view(self);
    Value shape = args[1];
    if (!is_str(args[0]))
        return raise_type(vm, "cast() argument 'format' must be str, not %.50T", args[0]);
    if (!view_check_open(vm, m))
        return VALUE_ERROR;
    if (!is_contiguous(m, false))
        return raise_type(vm, "memoryview: casts are restricted to C-contiguous views");
    if (shape && !is_list(shape) && !is_tuple(shape))
        return raise_type(vm, "shape must be a list or a tuple");
    Value *items = !shape ? NULL : is_list(shape) ? as_list(shape)->items : as_tuple(shape)->items;
    size_t n = !shape ? 1 : is_list(shape) ? as_list(shape)->len : as_tuple(shape)->len;
    if (n > DIMENSIONS_MAX)
        return raise_value(vm, "memoryview: number of dimensions must not exceed %d", DIMENSIONS_MAX);
    if (shape && m->ndim != 1 && n != 1)
        return raise_type(vm, "memoryview: cast must be 1D -> ND or ND -> 1D");
    MemoryView *r = view_copy(vm, m);
    if (r == NULL || (cast_format(vm, r, args[0]) && (!shape || cast_shape(vm, r, items, n))))
        return from_obj(r);
    obj_decref(vm, &r->header);
    return VALUE_ERROR;
}

static Value from_contiguous_flags(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return memoryview_new(vm, args[0]); /* any flags: what can be written still can */
}

static const MethodSpec methods[] = {
    {"__enter__", enter, "", "Returns the view, which is released at the end of the with statement.", 0},
    {"__exit__", release, "type=None, value=None, traceback=None, /", "Releases the view.", 0},
    {"_from_flags", from_contiguous_flags, "object, flags", "Makes a view.", METHOD_CLASS},
    {"cast", cast, "format, shape=<unrepresentable>", "The same memory seen in another format or shape.", 0},
    {"hex", hex, "sep=<unrepresentable>, bytes_per_sep=1", "The bytes as hexadecimal digits, in groups if wanted.",
     0},
    {"release", release, "", "Lets go of the memory.", 0},
    {"tobytes", tobytes, "order='C'", "A copy of the bytes in the given order.", 0},
    {"tolist", tolist, "", "The items as a list, of lists if there are more dimensions.", 0},
    {"toreadonly", toreadonly, "", "A view of the same memory that cannot be written.", 0},
    {0},
};

/* --- attributes ------------------------------------------------------------------------------------------------ */

static Value ssize_tuple(VM *vm, const ssize_t *items, size_t n) {
    Value t = tuple_new(vm, n);
    for (size_t i = 0; t != 0 && i < n; i++)
        as_tuple(t)->items[i] = from_small_int(items[i]);
    return t;
}

#define VIEW_GETTER(name, result)                                                                                    \
    static Value get_##name(VM *vm, Value self) {                                                                    \
        const MemoryView *m = as_view(self);                                                                         \
        return view_check_open(vm, m) ? (result) : VALUE_ERROR;                                                      \
    }
VIEW_GETTER(obj, incref(buffer_hold_object(m->buffer.owner)))
VIEW_GETTER(nbytes, int_from_ssize(vm, (ssize_t)count_bytes(m)))
VIEW_GETTER(itemsize, from_small_int((int64_t)m->itemsize))
VIEW_GETTER(format, str_from_c(vm, m->format))
VIEW_GETTER(ndim, from_small_int(m->ndim))
VIEW_GETTER(shape, ssize_tuple(vm, m->shape, m->ndim))
VIEW_GETTER(strides, ssize_tuple(vm, m->strides, m->ndim))
VIEW_GETTER(suboffsets, tuple_new(vm, 0))
VIEW_GETTER(readonly, from_bool(m->readonly))
VIEW_GETTER(c_contiguous, from_bool(is_contiguous(m, false)))
VIEW_GETTER(f_contiguous, from_bool(is_contiguous(m, true)))
VIEW_GETTER(contiguous, from_bool(is_contiguous(m, false) || is_contiguous(m, true)))

static const GetSetSpec getset[] = {
    {"obj", get_obj, NULL, "The object whose memory this is."},
    {"nbytes", get_nbytes, NULL, "Bytes that all items take together."},
    {"readonly", get_readonly, NULL, "Can the memory not be written?"},
    {"itemsize", get_itemsize, NULL, "Bytes of an item."},
    {"format", get_format, NULL, "Format of an item, as the module struct has it."},
    {"ndim", get_ndim, NULL, "Number of dimensions."},
    {"shape", get_shape, NULL, "Number of items in each dimension."},
    {"strides", get_strides, NULL, "Bytes from an item to the next, in each dimension."},
    {"suboffsets", get_suboffsets, NULL, "Always empty: items are never behind pointers."},
    {"c_contiguous", get_c_contiguous, NULL, "Do the items lie in a row, last dimension fastest?"},
    {"f_contiguous", get_f_contiguous, NULL, "Do the items lie in a row, first dimension fastest?"},
    {"contiguous", get_contiguous, NULL, "Do the items lie in a row?"},
    {0},
};

/* --- the type -------------------------------------------------------------------------------------------------- */

static Value repr(VM *vm, Value self) {
    const char *kind = as_view(self)->buffer.owner == 0 ? "released memory" : "memory";
    char address[24], digits[] = "0123456789abcdef", *p = address + sizeof address;
    uintptr_t a = (uintptr_t)as_obj(self);
    *--p = 0;
    do
        *--p = digits[a & 15];
    while ((a >>= 4) != 0);
    return str_printf(vm, "<%s at 0x%s>", kind, p);
}

static bool get_buffer(VM *vm, Value self, Buffer *out, int flags) {
    MemoryView *m = as_view(self);
    if (!view_check_open(vm, m) || !check_lent(vm, m))
        return false;
    if ((flags & BUFFER_STRIDES) != BUFFER_STRIDES && !is_contiguous(m, false))
        return raisef(vm, vm->exc.BufferError, "memoryview: underlying buffer is not C-contiguous");
    if (m->readonly && (flags & BUFFER_WRITABLE))
        return raisef(vm, vm->exc.BufferError, "memoryview: underlying buffer is not writable");
    *out = (Buffer){.owner = incref(self),
                    .data = m->data,
                    .len = count_bytes(m),
                    .readonly = m->readonly,
                    .format = m->format,
                    .itemsize = m->itemsize};
    m->exports++;
    return true;
}

static void release_buffer(VM *vm, Value self, Buffer *b) { as_view(self)->exports--; }

static Value iter(VM *vm, Value self) {
    MemoryView *m = as_view(self);
    if (!view_check_open(vm, m))
        return VALUE_ERROR;
    if (m->ndim != 1)
        return m->ndim == 0
                   ? raise_type(vm, "invalid indexing of 0-dim memory")
                   : raisef(vm, vm->exc.NotImplementedError, "multi-dimensional sub-views are not implemented");
    return seq_iter_new(vm, vm->types.memory_iterator, self, 0);
}

const TypeSpec memoryview_spec = {
    .name = "memoryview",
    .doc = "A view of the memory of an object that exports a buffer.",
    .signature = "object",
    .size = sizeof(MemoryView),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_SEQUENCE,
    .kind = KIND_MEMORYVIEW,
    .slots = {.dealloc = dealloc,
              .traverse = traverse,
              .clear = clear,
              .create = create,
              .repr = repr,
              .hash = hash,
              .compare = compare,
              .iter = iter,
              .len = len,
              .getitem = getitem,
              .setitem = setitem,
              .get_buffer = get_buffer,
              .release_buffer = release_buffer},
    .methods = methods,
    .getset = getset,
};
