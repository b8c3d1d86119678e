/* BytesIO: a binary file in memory. */
#include "stdlib/io/io.h"

#include "object/buffer.h"
#include "object/containers.h"

typedef struct BytesIO {
    Object header;
    char *data;
    size_t len, cap, pos;
    uint32_t exports; /* getbuffer() views */
    bool closed;
} BytesIO;

static BytesIO *of(Value v) { return (BytesIO *)as_obj(v); }

static bool usable(VM *vm, Value self) {
    return of(self)->closed ? (bool)raise_value(vm, "I/O operation on closed file.") : true;
}
static bool resizable(VM *vm, Value self) {
    return of(self)->exports == 0
               ? true
               : (bool)raisef(vm, vm->exc.BufferError, "Existing exports of data: object cannot be re-sized");
}

static bool reserve(VM *vm, BytesIO *b, size_t n) {
    if (n <= b->cap)
        return true;
    size_t cap = b->cap * 2 > n ? b->cap * 2 : n + 16;
    char *data = mem_realloc(vm, b->data, b->cap, cap);
    if (data == NULL)
        return false;
    b->data = data;
    b->cap = cap;
    return true;
}

static bool put(VM *vm, BytesIO *b, const char *from, size_t n) {
    if (n == 0)
        return true;
    if (n > PTRDIFF_MAX - b->pos)
        return raise_overflow(vm, "new position too large");
    if (!reserve(vm, b, b->pos + n))
        return false;
    if (b->pos > b->len)
        memset(b->data + b->len, 0, b->pos - b->len);
    memcpy(b->data + b->pos, from, n);
    b->pos += n;
    if (b->pos > b->len)
        b->len = b->pos;
    return true;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    BytesIO *b = object_alloc(vm, type, 0);
    return b == NULL ? VALUE_ERROR : from_obj(b);
}
static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[1];
    if (!native_bind_optional(vm, "BytesIO", "initial_bytes=b''", args, nargs, kwnames, v, 1) || !resizable(vm, self))
        return false;
    BytesIO *b = of(self);
    b->len = b->pos = 0;
    if (v[0] == 0 || v[0] == VALUE_NONE)
        return true;
    Buffer data;
    if (!buffer_get(vm, v[0], &data, false))
        return false;
    bool ok = put(vm, b, data.data, data.len);
    b->pos = 0;
    buffer_release(vm, &data);
    return ok;
}
static void dealloc(VM *vm, Object *self) { mem_free(vm, ((BytesIO *)self)->data, ((BytesIO *)self)->cap); }

static bool size_argument(VM *vm, Value v, ssize_t *n) {
    *n = -1;
    return v == 0 || v == VALUE_NONE || to_ssize(vm, v, n);
}
static size_t left(const BytesIO *b) { return b->pos < b->len ? b->len - b->pos : 0; }

static Value take(VM *vm, BytesIO *b, size_t n) {
    Value r = bytes_new(vm, b->data == NULL ? "" : b->data + (n == 0 ? 0 : b->pos), n);
    if (r != 0)
        b->pos += n;
    return r;
}
static Value m_read(NATIVE_ARGS) {
    ssize_t n;
    if (!usable(vm, self) || !size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    size_t rest = left(of(self));
    return take(vm, of(self), n < 0 || (size_t)n > rest ? rest : (size_t)n);
}
static size_t line_length(const BytesIO *b, ssize_t limit) {
    size_t rest = left(b);
    if (limit >= 0 && (size_t)limit < rest)
        rest = (size_t)limit;
    const char *end = rest == 0 ? NULL : memchr(b->data + b->pos, '\n', rest);
    return end == NULL ? rest : (size_t)(end - (b->data + b->pos)) + 1;
}
static Value m_readline(NATIVE_ARGS) {
    ssize_t n;
    if (!usable(vm, self) || !size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    return take(vm, of(self), line_length(of(self), n));
}
/* The size is one to stop at; that of other files is one to go beyond. */
static Value m_readlines(NATIVE_ARGS) {
    ssize_t size, total = 0;
    if (!usable(vm, self) || !size_argument(vm, args[0], &size))
        return VALUE_ERROR;
    Value list = list_new(vm, 0);
    for (size_t n; list != 0 && (n = line_length(of(self), -1)) != 0;) {
        Value line = take(vm, of(self), n);
        if (line == 0 || !list_append_steal(vm, list, line)) {
            decref(vm, list);
            return VALUE_ERROR;
        }
        total += (ssize_t)n;
        if (size > 0 && total >= size)
            break;
    }
    return list;
}
static Value m_next(VM *vm, Value self) {
    if (!usable(vm, self))
        return VALUE_ERROR;
    size_t n = line_length(of(self), -1);
    return n == 0 ? VALUE_ERROR : take(vm, of(self), n);
}
static Value m_iter(VM *vm, Value self) { return usable(vm, self) ? incref(self) : VALUE_ERROR; }
static Value m_readinto(NATIVE_ARGS) {
    Buffer target;
    if (!usable(vm, self) || !io_target_buffer(vm, args[0], &target))
        return VALUE_ERROR;
    size_t n = left(of(self));
    if (n > target.len)
        n = target.len;
    if (n > 0)
        memcpy(target.data, of(self)->data + of(self)->pos, n);
    of(self)->pos += n;
    buffer_release(vm, &target);
    return from_small_int((int64_t)n);
}
static Value m_write(NATIVE_ARGS) {
    Buffer data;
    if (!usable(vm, self) || !resizable(vm, self) || !buffer_get(vm, args[0], &data, false))
        return VALUE_ERROR;
    bool ok = put(vm, of(self), data.data, data.len);
    size_t n = data.len;
    buffer_release(vm, &data);
    return ok ? int_from_ssize(vm, (ssize_t)n) : VALUE_ERROR;
}
static Value m_getvalue(NATIVE_ARGS) {
    return usable(vm, self) ? bytes_new(vm, of(self)->len == 0 ? "" : of(self)->data, of(self)->len) : VALUE_ERROR;
}

/* What a view from getbuffer() is of: the file itself has no buffer that other functions would take. */
typedef struct Contents {
    Object header;
    Value file;
} Contents;

/* 0 when the collector has taken the cycle apart that both are part of. */
static Value file_of(Value contents) { return ((Contents *)as_obj(contents))->file; }

static bool contents_get(VM *vm, Value self, Buffer *out, int flags) {
    if (file_of(self) == 0)
        return raise_value(vm, "I/O operation on closed file.");
    BytesIO *b = of(file_of(self));
    if (b->data == NULL && !reserve(vm, b, 1))
        return false;
    *out = (Buffer){.owner = incref(self), .data = b->data, .len = b->len};
    b->exports++;
    return true;
}
static void contents_release(VM *vm, Value self, Buffer *buffer) {
    if (file_of(self) != 0)
        of(file_of(self))->exports--;
}

const TypeSpec bytesio_contents_spec = {
    .name = "_io._BytesIOBuffer",
    .doc = "The memory of a BytesIO while getbuffer() has lent it.",
    .size = sizeof(Contents),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(1), .get_buffer = contents_get, .release_buffer = contents_release},
};

static Value m_getbuffer(NATIVE_ARGS) {
    Contents *contents = usable(vm, self) ? object_alloc(vm, io_types(vm)->bytesio_contents, 0) : NULL;
    if (contents == NULL)
        return VALUE_ERROR;
    contents->file = incref(self);
    Value view = memoryview_new(vm, from_obj(contents));
    decref(vm, from_obj(contents));
    return view;
}
static Value m_seek(NATIVE_ARGS) {
    int64_t offset;
    int whence = 0;
    if (!usable(vm, self) || !to_int64(vm, args[0], &offset) || (args[1] != 0 && !to_c_int(vm, args[1], &whence)))
        return VALUE_ERROR;
    if (whence == 0 && offset < 0)
        return raise_value(vm, "negative seek value %i", offset);
    if (whence < 0 || whence > 2)
        return raise_value(vm, "invalid whence (%d, should be 0, 1 or 2)", whence);
    int64_t base = whence == 0 ? 0 : (int64_t)(whence == 1 ? of(self)->pos : of(self)->len);
    if (offset > INT64_MAX - base)
        return raise_overflow(vm, "new position too large");
    of(self)->pos = base + offset < 0 ? 0 : (size_t)(base + offset);
    return int_from_ssize(vm, (ssize_t)of(self)->pos);
}
static Value m_tell(NATIVE_ARGS) {
    return usable(vm, self) ? int_from_ssize(vm, (ssize_t)of(self)->pos) : VALUE_ERROR;
}
static Value m_truncate(NATIVE_ARGS) {
    ssize_t n;
    if (!usable(vm, self) || !resizable(vm, self) || !size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    if (args[0] == 0 || args[0] == VALUE_NONE)
        n = (ssize_t)of(self)->pos;
    if (n < 0)
        return raise_value(vm, "negative size value %z", n);
    if ((size_t)n < of(self)->len)
        of(self)->len = (size_t)n;
    return int_from_ssize(vm, n);
}
static Value m_close(NATIVE_ARGS) {
    if (!resizable(vm, self))
        return VALUE_ERROR;
    of(self)->closed = true;
    return VALUE_NONE;
}
static Value m_getstate(NATIVE_ARGS) {
    if (!usable(vm, self))
        return VALUE_ERROR;
    Value state[3] = {bytes_new(vm, of(self)->data == NULL ? "" : of(self)->data, of(self)->len),
                      int_from_ssize(vm, (ssize_t)of(self)->pos), io_attributes(vm, self)};
    if (state[0] != 0 && state[1] != 0 && state[2] != 0)
        return tuple_from_array_steal(vm, state, 3);
    for (size_t i = 0; i < 3; i++)
        decref(vm, state[i]);
    return VALUE_ERROR;
}
static Value m_setstate(NATIVE_ARGS) {
    if (!is_tuple(args[0]) || as_tuple(args[0])->len < 3)
        return raise_type(vm, "%N.__setstate__ argument should be 3-tuple, got %T", obj_type(as_obj(self)), args[0]);
    Value *state = as_tuple(args[0])->items;
    Buffer data;
    if (!resizable(vm, self) || !usable(vm, self) || !buffer_get(vm, state[0], &data, false))
        return VALUE_ERROR;
    BytesIO *b = of(self);
    b->len = b->pos = 0;
    bool ok = put(vm, b, data.data, data.len);
    buffer_release(vm, &data);
    if (!ok)
        return VALUE_ERROR;
    if (!is_int(state[1]))
        return raise_type(vm, "second item of state must be an integer, not %T", state[1]);
    if (!io_state_position(vm, state[1], &b->pos) || !io_set_attributes(vm, self, state[2], "third"))
        return VALUE_ERROR;
    return VALUE_NONE;
}
static Value m_true(NATIVE_ARGS) { return usable(vm, self) ? VALUE_TRUE : VALUE_ERROR; }
static Value get_closed(VM *vm, Value self) { return (void)vm, from_bool(of(self)->closed); }

static const MethodSpec methods[] = {
    {"read", m_read, "size=-1, /", "Reads up to size bytes.", 0},
    {"read1", m_read, "size=-1, /", "Reads up to size bytes.", 0},
    {"readline", m_readline, "size=-1, /", "Reads one line.", 0},
    {"readlines", m_readlines, "size=None, /", "List of the remaining lines.", 0},
    {"readinto", m_readinto, "buffer, /", "Reads into a buffer.", 0},
    {"write", m_write, "b, /", "Writes bytes.", 0},
    {"getvalue", m_getvalue, "", "Everything that is in the file.", 0},
    {"getbuffer", m_getbuffer, "", "A view of the contents without a copy.", 0},
    {"seek", m_seek, "pos, whence=0, /", "Changes the position.", 0},
    {"tell", m_tell, "", "The position.", 0},
    {"truncate", m_truncate, "size=None, /", "Cuts the contents at a size.", 0},
    {"close", m_close, "", "Closes the file.", 0},
    {"readable", m_true, "", "True.", 0},
    {"writable", m_true, "", "True.", 0},
    {"seekable", m_true, "", "True.", 0},
    {"__getstate__", m_getstate, "", "Contents, position and attributes.", 0},
    {"__setstate__", m_setstate, "state, /", "Takes over a state.", 0},
    {0},
};
static const GetSetSpec getset[] = {{"closed", get_closed, NULL, "Whether the file is closed."}, {0}};
const TypeSpec bytesio_spec = {
    .name = "_io.BytesIO",
    .doc = "A binary file in memory.",
    .signature = "initial_bytes=b''",
    .size = sizeof(BytesIO),
    .flags = TYPE_BASE | TYPE_GC | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.create = create, .init = init, .dealloc = dealloc, .iter = m_iter, .next = m_next},
    .methods = methods,
    .getset = getset,
};
