/* BufferedReader, BufferedWriter, BufferedRandom, BufferedRWPair over a raw file.
 *
 * One buffer serves either direction: while pos < end it holds bytes read ahead, while pending > 0 bytes not yet
 * written; never both. Changing direction first gives up the one (seeking back over what was read ahead) or flushes
 * the other. */
#include <errno.h>
#include <unistd.h>

#include "stdlib/io/io.h"

static Buffered *of(Value v) { return (Buffered *)as_obj(v); }

static bool usable(VM *vm, Buffered *b) {
    if (b->raw == 0)
        return raise_value(vm, "raw stream has been detached");
    if (b->closed)
        return raise_value(vm, "I/O operation on closed file.");
    return true;
}

/* --- the raw file
 * ------------------------------------------------------------------------------------------------------------ */

/* As fileio_read_some, for any raw file. */
static ssize_t raw_read(VM *vm, Buffered *b, char *to, size_t n) {
    if (io_is_native_file(vm, b->raw)) {
        FileIO *f = (FileIO *)as_obj(b->raw);
        if (f->fd < 0) {
            raise_value(vm, "read of closed file");
            return -1;
        }
        return fileio_read_some(vm, f, to, n);
    }
    Value room = bytearray_new(vm, NULL, n);
    Value got = room == 0 ? 0 : call_method1(vm, b->raw, NAME(readinto), room);
    ssize_t count = -1;
    if (got == VALUE_NONE) {
        count = -2;
    } else if (got != 0 && to_ssize(vm, got, &count)) {
        if (count < 0 || (size_t)count > n) {
            raisef(vm, vm->exc.OSError,
                   "raw readinto() returned invalid length %z (should have been between 0 and %u)", count, n);
            count = -1;
        } else {
            memcpy(to, ((ByteArray *)as_obj(room))->data, (size_t)count);
        }
    }
    decref(vm, got);
    decref(vm, room);
    return error_pending(vm) ? -1 : count;
}

static ssize_t raw_write(VM *vm, Buffered *b, const char *from, size_t n) {
    if (io_is_native_file(vm, b->raw)) {
        FileIO *f = (FileIO *)as_obj(b->raw);
        if (f->fd < 0) {
            raise_value(vm, "write to closed file");
            return -1;
        }
        return fileio_write_some(vm, f, from, n);
    }
    Value data = bytes_new(vm, from, n);
    Value done = data == 0 ? 0 : call_method1(vm, b->raw, NAME(write), data);
    ssize_t count = -1;
    if (done == VALUE_NONE)
        count = -2;
    else if (done != 0 && to_ssize(vm, done, &count) && (count < 0 || (size_t)count > n))
        raisef(vm, vm->exc.OSError, "raw write() returned invalid length %z (should have been between 0 and %u)",
               count, n);
    decref(vm, done);
    decref(vm, data);
    return error_pending(vm) ? -1 : count;
}

static Value raw_seek(VM *vm, Buffered *b, Value offset, int whence) {
    Value a[2] = {offset, from_small_int(whence)};
    return call_method(vm, b->raw, NAME(seek), a, 2);
}

/* --- both directions
 * ------------------------------------------------------------------------------------------------------------ */

static bool flush_pending(VM *vm, Buffered *b) {
    size_t done = 0;
    while (done < b->pending) {
        ssize_t n = raw_write(vm, b, b->buf + done, b->pending - done);
        if (n < 0) {
            memmove(b->buf, b->buf + done, b->pending - done);
            b->pending -= done;
            if (n == -2)
                raisef(vm, vm->exc.BlockingIOError, "write could not complete without blocking");
            return false;
        }
        done += (size_t)n;
    }
    b->pending = 0;
    return true;
}

/* Gives up what was read ahead, so that the raw position is the logical one. */
static bool forget_ahead(VM *vm, Buffered *b) {
    size_t ahead = b->end - b->pos;
    b->pos = b->end = 0;
    if (ahead == 0)
        return true;
    Value r = raw_seek(vm, b, int_from_int64(vm, -(int64_t)ahead), 1);
    decref(vm, r);
    return r != 0;
}

static bool start_reading(VM *vm, Buffered *b) {
    if (!usable(vm, b))
        return false;
    if (!b->can_read)
        return io_unsupported(vm, "read");
    return b->pending == 0 || flush_pending(vm, b);
}

static bool start_writing(VM *vm, Buffered *b) {
    if (!usable(vm, b))
        return false;
    if (!b->can_write)
        return io_unsupported(vm, "write");
    return b->pos == b->end || forget_ahead(vm, b);
}

static bool write_data(VM *vm, Buffered *b, const char *data, size_t n) {
    if (!start_writing(vm, b))
        return false;
    if (b->pending + n > b->cap && !flush_pending(vm, b))
        return false;
    while (n > b->cap) {
        ssize_t done = raw_write(vm, b, data, n);
        if (done < 0) {
            if (done == -2)
                raisef(vm, vm->exc.BlockingIOError, "write could not complete without blocking");
            return false;
        }
        data += done;
        n -= (size_t)done;
    }
    memcpy(b->buf + b->pending, data, n);
    b->pending += n;
    return true;
}

/* Refills the empty buffer: as raw_read. */
static ssize_t fill(VM *vm, Buffered *b) {
    ssize_t n = raw_read(vm, b, b->buf, b->cap);
    b->pos = 0;
    b->end = n > 0 ? (size_t)n : 0;
    return n;
}

static bool append(VM *vm, char **data, size_t *len, size_t *cap, const char *from, size_t n) {
    if (*len + n > *cap) {
        size_t want = *cap * 2 > *len + n ? *cap * 2 : *len + n;
        char *more = mem_realloc(vm, *data, *cap, want);
        if (more == NULL)
            return false;
        *data = more;
        *cap = want;
    }
    memcpy(*data + *len, from, n);
    *len += n;
    return true;
}

/* n < 0: to the end; otherwise n bytes unless the end comes first. */
static Value read_bytes(VM *vm, Buffered *b, ssize_t n) {
    size_t ahead = b->end - b->pos;
    if (n >= 0 && (size_t)n <= ahead) {
        Value r = bytes_new(vm, b->buf + b->pos, (size_t)n);
        b->pos += r != 0 ? (size_t)n : 0;
        return r;
    }
    size_t cap = ahead + IO_BUFFER_SIZE, len = 0;
    char *data = mem_alloc(vm, cap);
    if (data == NULL)
        return VALUE_ERROR;
    bool ok = append(vm, &data, &len, &cap, b->buf + b->pos, ahead), blocked = false;
    b->pos = b->end = 0;
    while (ok && (n < 0 || len < (size_t)n)) {
        ssize_t got = fill(vm, b);
        if (got <= 0) {
            ok = got != -1;
            blocked = got == -2;
            break;
        }
        size_t take = n < 0 || (size_t)got < (size_t)n - len ? (size_t)got : (size_t)n - len;
        ok = append(vm, &data, &len, &cap, b->buf, take);
        b->pos = take;
    }
    Value r = !ok ? VALUE_ERROR : blocked && len == 0 ? VALUE_NONE : bytes_new(vm, data, len);
    mem_free(vm, data, cap);
    return r;
}

static Value read_once(VM *vm, Buffered *b, size_t n) {
    if (!start_reading(vm, b))
        return VALUE_ERROR;
    if (b->pos == b->end) {
        ssize_t got = fill(vm, b);
        if (got == -1)
            return VALUE_ERROR;
    }
    size_t ahead = b->end - b->pos;
    if (n > ahead)
        n = ahead;
    Value r = bytes_new(vm, b->buf + b->pos, n);
    b->pos += r != 0 ? n : 0;
    return r;
}

static Value read_line(VM *vm, Buffered *b, ssize_t limit) {
    if (!start_reading(vm, b))
        return VALUE_ERROR;
    size_t cap = 128, len = 0;
    char *data = mem_alloc(vm, cap);
    bool ok = data != NULL;
    while (ok && (limit < 0 || len < (size_t)limit)) {
        if (b->pos == b->end) {
            ssize_t got = fill(vm, b);
            if (got <= 0) {
                ok = got != -1;
                break;
            }
        }
        size_t ahead = b->end - b->pos;
        if (limit >= 0 && ahead > (size_t)limit - len)
            ahead = (size_t)limit - len;
        char *end = memchr(b->buf + b->pos, '\n', ahead);
        size_t take = end == NULL ? ahead : (size_t)(end - (b->buf + b->pos)) + 1;
        ok = append(vm, &data, &len, &cap, b->buf + b->pos, take);
        b->pos += take;
        if (end != NULL)
            break;
    }
    Value r = ok ? bytes_new(vm, data, len) : VALUE_ERROR;
    mem_free(vm, data, cap);
    return r;
}

/* --- from outside: one thread at a time
 * ----------------------------------------------------------------------------------------------------------------------
 */

#define LOCKED(type, failed, b, work)                                                                                \
    do {                                                                                                             \
        if (!io_lock(vm, &(b)->lock, from_obj(b)))                                                                   \
            return failed;                                                                                           \
        type result = work;                                                                                          \
        io_unlock(vm, &(b)->lock);                                                                                   \
        return result;                                                                                               \
    } while (0)

bool buffered_flush(VM *vm, Buffered *b) { LOCKED(bool, false, b, flush_pending(vm, b)); }
bool buffered_write(VM *vm, Buffered *b, const char *data, size_t n) {
    LOCKED(bool, false, b, write_data(vm, b, data, n));
}
Value buffered_read1(VM *vm, Buffered *b, size_t n) { LOCKED(Value, VALUE_ERROR, b, read_once(vm, b, n)); }
Value buffered_readline(VM *vm, Buffered *b, ssize_t limit) {
    LOCKED(Value, VALUE_ERROR, b, read_line(vm, b, limit));
}

/* --- objects
 * ----------------------------------------------------------------------------------------------------------------------
 */

static bool setup(VM *vm, Buffered *b, Value raw, size_t size, bool can_read, bool can_write) {
    char *buf = mem_alloc(vm, size);
    if (buf == NULL)
        return false;
    mem_free(vm, b->buf, b->cap);
    b->buf = buf;
    b->cap = size;
    b->can_read = can_read;
    b->can_write = can_write;
    set_owned(vm, &b->raw, incref(raw));
    return true;
}

Value buffered_new(VM *vm, Type *type, Value raw, size_t size) {
    IoTypes *t = io_types(vm);
    Buffered *b = object_alloc(vm, type, 0);
    if (b == NULL)
        return VALUE_ERROR;
    if (setup(vm, b, raw, size, type != t->writer, type != t->reader))
        return from_obj(b);
    obj_decref(vm, &b->header);
    return VALUE_ERROR;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Buffered *b = object_alloc(vm, type, 0);
    return b == NULL ? VALUE_ERROR : from_obj(b);
}

static bool ask(VM *vm, Value raw, Value method, const char *complaint) {
    Value r = call_method0(vm, raw, method);
    int yes = r == 0 ? -1 : truth(vm, r);
    decref(vm, r);
    if (yes == 0)
        io_unsupported(vm, complaint);
    return yes > 0;
}

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    IoTypes *t = io_types(vm);
    Value v[2];
    ssize_t size = IO_BUFFER_SIZE;
    if (t == NULL || !native_bind(vm, "Buffered", "raw, buffer_size=8192", args, nargs, kwnames, v, 2))
        return false;
    if (v[1] != 0 && !to_ssize(vm, v[1], &size))
        return false;
    if (size <= 0)
        return raise_value(vm, "buffer size must be strictly positive");
    Type *type = obj_type(as_obj(self));
    bool reads = !type_is_subtype(type, t->writer), writes = !type_is_subtype(type, t->reader);
    if (reads && !ask(vm, v[0], NAME(readable), "File or stream is not readable."))
        return false;
    if (writes && !ask(vm, v[0], NAME(writable), "File or stream is not writable."))
        return false;
    return setup(vm, of(self), v[0], (size_t)size, reads, writes);
}

static void dealloc(VM *vm, Object *self) {
    Buffered *b = (Buffered *)self;
    decref(vm, b->raw);
    mem_free(vm, b->buf, b->cap);
}
static void traverse(Object *self, VisitFn visit, void *arg) { visit_value(((Buffered *)self)->raw, visit, arg); }

static void finalize(VM *vm, Value self) {
    if (of(self)->raw == 0)
        return;
    io_warn_unclosed(vm, self, of(self)->raw);
    io_finalize(vm, self);
}

/* --- methods
 * ------------------------------------------------------------------------------------------------------------------------
 */

static bool size_argument(VM *vm, Value v, ssize_t *n) {
    *n = -1;
    return v == 0 || v == VALUE_NONE || to_ssize(vm, v, n);
}

static Value m_read_unlocked(NATIVE_ARGS) {
    ssize_t n;
    if (!size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    if (n < -1)
        return raise_value(vm, "read length must be non-negative or -1");
    return start_reading(vm, of(self)) ? read_bytes(vm, of(self), n) : VALUE_ERROR;
}
static Value m_read1_unlocked(NATIVE_ARGS) {
    ssize_t n;
    if (!size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    return read_once(vm, of(self), n < 0 ? of(self)->cap : (size_t)n);
}
static Value m_peek_unlocked(NATIVE_ARGS) {
    Buffered *b = of(self);
    if (!start_reading(vm, b) || (b->pos == b->end && fill(vm, b) == -1))
        return VALUE_ERROR;
    return bytes_new(vm, b->buf + b->pos, b->end - b->pos);
}
static Value m_readline_unlocked(NATIVE_ARGS) {
    ssize_t n;
    return size_argument(vm, args[0], &n) ? read_line(vm, of(self), n) : VALUE_ERROR;
}
static Value m_readinto_unlocked(NATIVE_ARGS) {
    Buffer target;
    if (!start_reading(vm, of(self)) || !io_target_buffer(vm, args[0], &target))
        return VALUE_ERROR;
    Value data = read_bytes(vm, of(self), (ssize_t)target.len);
    Value r = data;
    if (is_bytes(data)) {
        memcpy(target.data, as_bytes(data)->data, as_bytes(data)->len);
        r = from_small_int((int64_t)as_bytes(data)->len);
        decref(vm, data);
    }
    buffer_release(vm, &target);
    return r;
}
static Value m_next(VM *vm, Value self) {
    Value line = buffered_readline(vm, of(self), -1);
    if (line == 0 || as_bytes(line)->len > 0)
        return line;
    decref(vm, line);
    return VALUE_ERROR;
}
static Value m_write_unlocked(NATIVE_ARGS) {
    Buffer data;
    if (is_str(args[0]))
        return raise_type(vm, "a bytes-like object is required, not 'str'");
    if (!buffer_get(vm, args[0], &data, false))
        return VALUE_ERROR;
    bool ok = write_data(vm, of(self), data.data, data.len);
    size_t n = data.len;
    buffer_release(vm, &data);
    return ok ? int_from_ssize(vm, (ssize_t)n) : VALUE_ERROR;
}
static Value m_flush_unlocked(NATIVE_ARGS) {
    Buffered *b = of(self);
    if (b->closed)
        return raise_value(vm, "flush of closed file");
    if (!usable(vm, b) || (b->can_write && !flush_pending(vm, b)))
        return VALUE_ERROR;
    return b->can_write && !io_is_native_file(vm, b->raw) ? call_method0(vm, b->raw, NAME(flush)) : VALUE_NONE;
}
static Value m_close(NATIVE_ARGS) {
    Buffered *b = of(self);
    if (b->raw == 0)
        return raise_value(vm, "raw stream has been detached");
    if (b->closed)
        return VALUE_NONE;
    Value flushed = call_method0(vm, self, NAME(flush));
    Value first = error_take(vm);
    decref(vm, flushed);
    b->closed = true;
    Value closed = call_method0(vm, b->raw, NAME(close));
    if (first != 0) {
        error_clear(vm);
        decref(vm, closed);
        raise_steal(vm, first);
        return VALUE_ERROR;
    }
    return closed;
}
static Value m_detach(NATIVE_ARGS) {
    Value r = usable(vm, of(self)) ? call_method0(vm, self, NAME(flush)) : 0;
    if (r == 0)
        return VALUE_ERROR;
    decref(vm, r);
    Value raw = of(self)->raw;
    of(self)->raw = 0;
    return raw;
}
static Value m_tell_unlocked(NATIVE_ARGS) {
    Buffered *b = of(self);
    Value at = usable(vm, b) ? raw_seek(vm, b, from_small_int(0), 1) : 0;
    int64_t n;
    if (at == 0 || !to_int64(vm, at, &n))
        return VALUE_ERROR;
    decref(vm, at);
    return int_from_int64(vm, n - (int64_t)(b->end - b->pos) + (int64_t)b->pending);
}
static Value m_seek_unlocked(NATIVE_ARGS) {
    Buffered *b = of(self);
    int whence = 0;
    if (!usable(vm, b) || (args[1] != 0 && !to_c_int(vm, args[1], &whence)))
        return VALUE_ERROR;
    if (whence < 0 || whence > 2)
        return raise_value(vm, "whence value %d unsupported", whence);
    if ((b->pending > 0 && !flush_pending(vm, b)) || !forget_ahead(vm, b))
        return VALUE_ERROR;
    return raw_seek(vm, b, args[0], whence);
}
static Value m_truncate_unlocked(NATIVE_ARGS) {
    Buffered *b = of(self);
    if (!start_writing(vm, b) || !flush_pending(vm, b))
        return VALUE_ERROR;
    return call_method1(vm, b->raw, NAME(truncate), args[0] == 0 ? VALUE_NONE : args[0]);
}

/* The methods as scripts call them. */
#define LOCKED_METHOD(name)                                                                                          \
    static Value name(NATIVE_ARGS) {                                                                                 \
        LOCKED(Value, VALUE_ERROR, of(self), name##_unlocked(vm, self, args, nargs, kwnames));                       \
    }
LOCKED_METHOD(m_read)
LOCKED_METHOD(m_read1)
LOCKED_METHOD(m_peek)
LOCKED_METHOD(m_readline)
LOCKED_METHOD(m_readinto)
LOCKED_METHOD(m_write)
LOCKED_METHOD(m_flush)
LOCKED_METHOD(m_tell)
LOCKED_METHOD(m_seek)
LOCKED_METHOD(m_truncate)

#define FORWARD(function, name)                                                                                      \
    static Value function(NATIVE_ARGS) {                                                                             \
        return usable(vm, of(self)) ? call_method0(vm, of(self)->raw, NAME(name)) : VALUE_ERROR;                     \
    }
FORWARD(m_fileno, fileno)
FORWARD(m_isatty, isatty)
FORWARD(m_seekable, seekable)
static Value m_readable(NATIVE_ARGS) { return usable(vm, of(self)) ? from_bool(of(self)->can_read) : VALUE_ERROR; }
static Value m_writable(NATIVE_ARGS) { return usable(vm, of(self)) ? from_bool(of(self)->can_write) : VALUE_ERROR; }

static Value get_raw(VM *vm, Value self) { return (void)vm, incref(of(self)->raw == 0 ? VALUE_NONE : of(self)->raw); }
static Value get_closed(VM *vm, Value self) {
    if (of(self)->raw == 0)
        return raise_value(vm, "raw stream has been detached");
    return of(self)->closed ? VALUE_TRUE : attr_get(vm, of(self)->raw, NAME(closed));
}
static Value get_name(VM *vm, Value self) { return attr_get(vm, of(self)->raw, NAME(name)); }
static Value get_mode(VM *vm, Value self) { return attr_get(vm, of(self)->raw, NAME(mode)); }

static Value repr(VM *vm, Value self) {
    Value name = of(self)->raw == 0 ? 0 : get_name(vm, self);
    if (name == 0)
        error_clear(vm);
    Type *type = obj_type(as_obj(self));
    Value r = name == 0 ? str_printf(vm, "<%N>", type) : str_printf(vm, "<%N name=%R>", type, name);
    decref(vm, name);
    return r;
}

#define READ_ROWS                                                                                                    \
    {"read", m_read, "size=-1, /", "Reads size bytes, or to the end.", 0},                                           \
        {"read1", m_read1, "size=-1, /", "Reads with at most one read of the raw file.", 0},                         \
        {"peek", m_peek, "size=0, /", "What is buffered, without moving on.", 0},                                    \
        {"readinto", m_readinto, "buffer, /", "Reads into a buffer.", 0},                                            \
        {"readinto1", m_readinto, "buffer, /", "Reads into a buffer.", 0},                                           \
        {"readline", m_readline, "size=-1, /", "Reads one line.", 0},
#define WRITE_ROWS                                                                                                   \
    {"write", m_write, "buffer, /", "Writes bytes.", 0}, {                                                           \
        "truncate", m_truncate, "pos=None, /", "Cuts the file at a size.", 0                                         \
    }
#define COMMON_ROWS                                                                                                  \
    {"flush", m_flush, "", "Passes on what is buffered.", 0}, {"close", m_close, "", "Flushes and closes.", 0},      \
        {"detach", m_detach, "", "Separates the raw file and returns it.", 0},                                       \
        {"tell", m_tell, "", "The position.", 0},                                                                    \
        {"seek", m_seek, "target, whence=0, /", "Changes the position.", 0},                                         \
        {"fileno", m_fileno, "", "The descriptor.", 0}, {"isatty", m_isatty, "", "Whether it is a terminal.", 0},    \
        {"seekable", m_seekable, "", "Whether seek() works.", 0},                                                    \
        {"readable", m_readable, "", "Whether it can be read.", 0},                                                  \
        {"writable", m_writable, "", "Whether it can be written.", 0}, REFUSE_PICKLE_ROWS, {                         \
        0                                                                                                            \
    }
static const MethodSpec reader_methods[] = {READ_ROWS COMMON_ROWS};
static const MethodSpec writer_methods[] = {WRITE_ROWS, COMMON_ROWS};
static const MethodSpec random_methods[] = {READ_ROWS WRITE_ROWS, COMMON_ROWS};
static const GetSetSpec getset[] = {
    {"raw", get_raw, NULL, "The raw file."},
    {"closed", get_closed, NULL, "Whether the file is closed."},
    {"name", get_name, NULL, "Path or descriptor."},
    {"mode", get_mode, NULL, "Mode of the raw file."},
    {0},
};

#define BUFFERED_SPEC(variable, type_name, text, rows, next_slot)                                                    \
    const TypeSpec variable = {                                                                                      \
        .name = "_io." type_name,                                                                                    \
        .doc = text,                                                                                                 \
        .signature = "raw, buffer_size=8192",                                                                        \
        .size = sizeof(Buffered),                                                                                    \
        .flags = TYPE_BASE | TYPE_GC | TYPE_HAS_DICT,                                                                \
        .kind = KIND_OTHER,                                                                                          \
        .slots = {.create = create,                                                                                  \
                  .init = init,                                                                                      \
                  .dealloc = dealloc,                                                                                \
                  .traverse = traverse,                                                                              \
                  .finalize = finalize,                                                                              \
                  .next = next_slot,                                                                                 \
                  .repr = repr},                                                                                     \
        .methods = rows,                                                                                             \
        .getset = getset,                                                                                            \
    }
BUFFERED_SPEC(bufferedreader_spec, "BufferedReader", "A binary file read through a buffer.", reader_methods, m_next);
BUFFERED_SPEC(bufferedwriter_spec, "BufferedWriter", "A binary file written through a buffer.", writer_methods, NULL);
BUFFERED_SPEC(bufferedrandom_spec, "BufferedRandom", "A binary file read and written through a buffer.",
              random_methods, m_next);

/* --- BufferedRWPair
 * --------------------------------------------------------------------------------------------------------------------
 */

typedef struct Pair {
    Object header;
    Value reader, writer;
} Pair;
static Pair *pair_of(Value v) { return (Pair *)as_obj(v); }

static bool pair_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[3];
    IoTypes *t = io_types(vm);
    if (t == NULL ||
        !native_bind(vm, "BufferedRWPair", "reader, writer, buffer_size=8192, /", args, nargs, kwnames, v, 3))
        return false;
    Value size = v[2] == 0 ? from_small_int(IO_BUFFER_SIZE) : v[2];
    Value reader = call2(vm, type_value(t->reader), v[0], size);
    Value writer = reader == 0 ? 0 : call2(vm, type_value(t->writer), v[1], size);
    set_owned(vm, &pair_of(self)->reader, reader);
    set_owned(vm, &pair_of(self)->writer, writer);
    return writer != 0;
}
static void pair_dealloc(VM *vm, Object *self) {
    decref(vm, ((Pair *)self)->reader);
    decref(vm, ((Pair *)self)->writer);
}
static void pair_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((Pair *)self)->reader, visit, arg);
    visit_value(((Pair *)self)->writer, visit, arg);
}
#define PAIR(function, side, name, count)                                                                            \
    static Value function(NATIVE_ARGS) {                                                                             \
        if (pair_of(self)->side == 0)                                                                                \
            return raise_value(vm, "I/O operation on uninitialized object");                                         \
        return call_method(vm, pair_of(self)->side, NAME(name), args, count);                                        \
    }
PAIR(pair_read, reader, read, args[0] != 0)
PAIR(pair_read1, reader, read1, args[0] != 0)
PAIR(pair_readinto, reader, readinto, 1)
PAIR(pair_readable, reader, readable, 0)
PAIR(pair_write, writer, write, 1)
PAIR(pair_flush, writer, flush, 0)
PAIR(pair_writable, writer, writable, 0)
static Value pair_close(NATIVE_ARGS) {
    Value a = call_method0(vm, pair_of(self)->writer, NAME(close));
    Value first = error_take(vm);
    decref(vm, a);
    Value b = call_method0(vm, pair_of(self)->reader, NAME(close));
    if (first == 0)
        return b;
    error_clear(vm);
    decref(vm, b);
    raise_steal(vm, first);
    return VALUE_ERROR;
}
static Value pair_closed(VM *vm, Value self) { return attr_get(vm, pair_of(self)->writer, NAME(closed)); }
static const MethodSpec pair_methods[] = {
    {"read", pair_read, "size=-1, /", "Reads from the reader.", 0},
    {"read1", pair_read1, "size=-1, /", "Reads from the reader with at most one read.", 0},
    {"readinto", pair_readinto, "buffer, /", "Reads into a buffer.", 0},
    {"write", pair_write, "buffer, /", "Writes to the writer.", 0},
    {"flush", pair_flush, "", "Flushes the writer.", 0},
    {"close", pair_close, "", "Closes both.", 0},
    {"readable", pair_readable, "", "Whether the reader can be read.", 0},
    {"writable", pair_writable, "", "Whether the writer can be written.", 0},
    {0},
};
static const GetSetSpec pair_getset[] = {{"closed", pair_closed, NULL, "Whether the pair is closed."}, {0}};
static Value pair_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Pair *p = object_alloc(vm, type, 0);
    return p == NULL ? VALUE_ERROR : from_obj(p);
}
const TypeSpec bufferedrwpair_spec = {
    .name = "_io.BufferedRWPair",
    .doc = "A reader and a writer as one file.",
    .signature = "reader, writer, buffer_size=8192, /",
    .size = sizeof(Pair),
    .flags = TYPE_BASE | TYPE_GC | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.create = pair_create, .init = pair_init, .dealloc = pair_dealloc, .traverse = pair_traverse},
    .methods = pair_methods,
    .getset = pair_getset,
};
