/* The abstract classes of io: what every file has, built on read, write, seek and close of the concrete ones. */
#include "stdlib/io/io.h"

#include "object/type.h"
#include "runtime/warnings.h"

Value io_unsupported(VM *vm, const char *what) {
    Type *type = io_unsupported_type(vm);
    return type == NULL ? VALUE_ERROR : raisef(vm, type, "%s", what);
}

int io_is_closed(VM *vm, Value self) {
    Value closed;
    int has = attr_lookup(vm, self, NAME(closed), &closed);
    if (has <= 0)
        return has;
    int yes = truth(vm, closed);
    decref(vm, closed);
    return yes;
}

bool io_check_closed(VM *vm, Value self) {
    int closed = io_is_closed(vm, self);
    if (closed > 0)
        raise_value(vm, "I/O operation on closed file.");
    return closed == 0;
}

static Value base_false(NATIVE_ARGS) { return io_check_closed(vm, self) ? VALUE_FALSE : VALUE_ERROR; }
static Value base_seek(NATIVE_ARGS) { return io_unsupported(vm, "seek"); }
static Value base_truncate(NATIVE_ARGS) { return io_unsupported(vm, "truncate"); }
static Value base_fileno(NATIVE_ARGS) { return io_unsupported(vm, "fileno"); }
static Value base_detach(NATIVE_ARGS) { return io_unsupported(vm, "detach"); }
static Value base_read(NATIVE_ARGS) { return io_unsupported(vm, "read"); }
static Value base_write(NATIVE_ARGS) { return io_unsupported(vm, "write"); }
static Value text_base_readline(NATIVE_ARGS) { return io_unsupported(vm, "readline"); }

static Value base_tell(NATIVE_ARGS) {
    Value where[2] = {from_small_int(0), from_small_int(1)};
    return call_method(vm, self, NAME(seek), where, 2);
}

static Value base_flush(NATIVE_ARGS) { return io_check_closed(vm, self) ? VALUE_NONE : VALUE_ERROR; }

/* close() of a script-made class: flushes once, then remembers in __closed that it is done. */
static Value base_close(NATIVE_ARGS) {
    int closed = io_is_closed(vm, self);
    if (closed != 0)
        return closed < 0 ? VALUE_ERROR : VALUE_NONE;
    Value r = call_method0(vm, self, NAME(flush));
    Value pending = error_take(vm);
    bool ok = attr_set(vm, self, NAME(__IOBase_closed), VALUE_TRUE);
    decref(vm, r);
    if (pending != 0) {
        error_clear(vm);
        raise_steal(vm, pending);
        return VALUE_ERROR;
    }
    return ok ? VALUE_NONE : VALUE_ERROR;
}

static Value get_closed(VM *vm, Value self) {
    Value v;
    int has = attr_lookup(vm, self, NAME(__IOBase_closed), &v);
    decref(vm, has > 0 ? v : 0);
    return has < 0 ? VALUE_ERROR : from_bool(has);
}

/* What script classes derived from these, such as socket.SocketIO, call before they work. */
static Value base_check_closed(NATIVE_ARGS) { return io_check_closed(vm, self) ? VALUE_NONE : VALUE_ERROR; }

static Value check_ability(VM *vm, Value self, const char *method, const char *message) {
    Value name = str_intern_c(vm, method), able = name ? call_method0(vm, self, name) : VALUE_ERROR;
    bool ok = able && (able == VALUE_TRUE || io_unsupported(vm, message));
    decref(vm, name);
    decref(vm, able);
    return ok ? VALUE_NONE : VALUE_ERROR;
}
static Value base_check_readable(NATIVE_ARGS) {
    return check_ability(vm, self, "readable", "File or stream is not readable.");
}
static Value base_check_writable(NATIVE_ARGS) {
    return check_ability(vm, self, "writable", "File or stream is not writable.");
}
static Value base_check_seekable(NATIVE_ARGS) {
    return check_ability(vm, self, "seekable", "File or stream is not seekable.");
}

static Value base_enter(NATIVE_ARGS) { return io_check_closed(vm, self) ? incref(self) : VALUE_ERROR; }
static Value base_exit(NATIVE_ARGS) { return call_method0(vm, self, NAME(close)); }

static Value base_iter(VM *vm, Value self) { return io_check_closed(vm, self) ? incref(self) : VALUE_ERROR; }

static Value base_next(VM *vm, Value self) {
    Value line = call_method0(vm, self, NAME(readline));
    if (line == 0)
        return VALUE_ERROR;
    ssize_t n = length(vm, line);
    if (n > 0)
        return line;
    decref(vm, line);
    return VALUE_ERROR;
}

/* readline of a class that only has read (and perhaps peek). */
static Value base_readline(NATIVE_ARGS) {
    ssize_t limit = -1;
    if (args[0] != 0 && args[0] != VALUE_NONE && !to_ssize(vm, args[0], &limit))
        return VALUE_ERROR;
    Value out = bytearray_new(vm, "", 0);
    Value one = from_small_int(1);
    while (out != 0 && (limit < 0 || length(vm, out) < limit)) {
        Value piece = call_method1(vm, self, NAME(read), one);
        if (piece == 0 || !is_bytes(piece)) {
            if (piece != 0)
                raisef(vm, vm->exc.OSError, "read() should have returned a bytes object, not '%T'", piece);
            decref(vm, piece);
            decref(vm, out);
            return VALUE_ERROR;
        }
        size_t n = as_bytes(piece)->len;
        bool end = n == 0 || as_bytes(piece)->data[n - 1] == '\n';
        Value more = arith_inplace(vm, OP_ADD, out, piece);
        decref(vm, piece);
        decref(vm, out);
        out = more;
        if (end)
            break;
    }
    if (out == 0)
        return VALUE_ERROR;
    ByteArray *b = (ByteArray *)as_obj(out);
    Value line = bytes_new(vm, b->data, b->len);
    decref(vm, out);
    return line;
}

static Value base_readlines(NATIVE_ARGS) {
    ssize_t hint = -1, total = 0;
    if (args[0] != 0 && args[0] != VALUE_NONE && !to_ssize(vm, args[0], &hint))
        return VALUE_ERROR;
    Value list = list_new(vm, 0), it = iter_get(vm, self);
    while (list != 0 && it != 0) {
        Value line = iter_next(vm, it);
        if (line == 0)
            break;
        ssize_t n = length(vm, line);
        if (!list_append_steal(vm, list, line) || n < 0)
            break;
        total += n;
        if (hint > 0 && total > hint)
            break;
    }
    decref(vm, it);
    if (error_pending(vm)) {
        decref(vm, list);
        return VALUE_ERROR;
    }
    return list;
}

static Value base_writelines(NATIVE_ARGS) {
    if (!io_check_closed(vm, self))
        return VALUE_ERROR;
    Value it = iter_get(vm, args[0]), line;
    while (it != 0 && (line = iter_next(vm, it)) != 0) {
        Value r = call_method1(vm, self, NAME(write), line);
        decref(vm, line);
        decref(vm, r);
        if (r == 0)
            break;
    }
    decref(vm, it);
    return error_pending(vm) ? VALUE_ERROR : VALUE_NONE;
}

void io_finalize(VM *vm, Value self) {
    int closed = io_is_closed(vm, self);
    if (closed == 0) {
        Value r = call_method0(vm, self, NAME(close));
        decref(vm, r);
    }
    if (error_pending(vm))
        error_clear(vm); /* as CPython: errors of closing in a finalizer are silent */
}

void io_warn_unclosed(VM *vm, Value file, Value inner) {
    IoTypes *types = io_types(vm);
    if (types == NULL) {
        error_clear(vm);
        return;
    }
    Type *type = type_of(vm, inner);
    if (type == types->reader || type == types->writer || type == types->random) {
        inner = ((Buffered *)as_obj(inner))->raw;
        type = inner == 0 ? NULL : type_of(vm, inner);
    }
    if (type != types->fileio)
        return;
    FileIO *f = (FileIO *)as_obj(inner);
    if (f->fd >= 0 && f->closefd)
        warnings_unclosed(vm, file, "file");
}

static const MethodSpec base_methods[] = {
    {"seek", base_seek, "offset, whence=0, /", "Changes the position.", 0},
    {"tell", base_tell, "", "The position.", 0},
    {"truncate", base_truncate, "size=None, /", "Cuts the file at a size.", 0},
    {"flush", base_flush, "", "Passes on what is buffered.", 0},
    {"close", base_close, "", "Flushes and closes the file.", 0},
    {"seekable", base_false, "", "Whether seek() works.", 0},
    {"readable", base_false, "", "Whether the file can be read.", 0},
    {"writable", base_false, "", "Whether the file can be written.", 0},
    {"fileno", base_fileno, "", "The file descriptor.", 0},
    {"isatty", base_false, "", "Whether the file is a terminal.", 0},
    {"_checkClosed", base_check_closed, "", "Refuses a closed file.", 0},
    {"_checkReadable", base_check_readable, "", "Refuses a file that cannot be read.", 0},
    {"_checkWritable", base_check_writable, "", "Refuses a file that cannot be written.", 0},
    {"_checkSeekable", base_check_seekable, "", "Refuses a file without positions.", 0},
    {"__enter__", base_enter, "", "The file itself.", 0},
    {"__exit__", base_exit, "*args", "Closes the file.", 0},
    {"readline", base_readline, "size=-1, /", "Reads one line.", 0},
    {"readlines", base_readlines, "hint=-1, /", "List of the remaining lines.", 0},
    {"writelines", base_writelines, "lines, /", "Writes each item.", 0},
    {0},
};
static const GetSetSpec base_getset[] = {
    {"closed", get_closed, NULL, "Whether the file is closed."},
    {0},
};
const TypeSpec iobase_spec = {
    .name = "_io._IOBase",
    .doc = "Base of all files.",
    .size = sizeof(Object),
    .flags = TYPE_BASE | TYPE_HAS_DICT | TYPE_GC,
    .kind = KIND_OBJECT,
    .slots = {.create = object_create, .iter = base_iter, .next = base_next, .finalize = io_finalize},
    .methods = base_methods,
    .getset = base_getset,
};

/* --- raw
 * ---------------------------------------------------------------------------------------------------------------- */

static Value raw_readall(NATIVE_ARGS) {
    Value out = bytearray_new(vm, "", 0);
    while (out != 0) {
        Value piece = call_method1(vm, self, NAME(read), from_small_int(IO_BUFFER_SIZE));
        if (piece == VALUE_NONE && length(vm, out) == 0) {
            decref(vm, out);
            return VALUE_NONE;
        }
        if (piece == 0 || !is_bytes(piece) || as_bytes(piece)->len == 0) {
            bool failed = piece == 0;
            decref(vm, piece);
            if (failed) {
                decref(vm, out);
                return VALUE_ERROR;
            }
            break;
        }
        Value more = arith_inplace(vm, OP_ADD, out, piece);
        decref(vm, piece);
        decref(vm, out);
        out = more;
    }
    if (out == 0)
        return VALUE_ERROR;
    Value r = bytes_new(vm, ((ByteArray *)as_obj(out))->data, ((ByteArray *)as_obj(out))->len);
    decref(vm, out);
    return r;
}

static Value raw_read(NATIVE_ARGS) {
    ssize_t n = -1;
    if (args[0] != 0 && args[0] != VALUE_NONE && !to_ssize(vm, args[0], &n))
        return VALUE_ERROR;
    if (n < 0)
        return call_method0(vm, self, NAME(readall));
    Value room = bytearray_new(vm, NULL, (size_t)n);
    Value got = room == 0 ? 0 : call_method1(vm, self, NAME(readinto), room);
    Value r = got;
    ssize_t count;
    if (got != 0 && got != VALUE_NONE)
        r = to_ssize(vm, got, &count) ? bytes_new(vm, ((ByteArray *)as_obj(room))->data,
                                                  (size_t)(count < 0   ? 0
                                                           : count > n ? n
                                                                       : count))
                                      : 0;
    decref(vm, room);
    return r;
}

static const MethodSpec raw_methods[] = {
    {"read", raw_read, "size=-1, /", "Reads up to size bytes with one system call.", 0},
    {"readall", raw_readall, "", "Reads everything to the end.", 0},
    {0},
};
const TypeSpec rawiobase_spec = {
    .name = "_io._RawIOBase",
    .doc = "Base of unbuffered binary files.",
    .size = sizeof(Object),
    .flags = TYPE_BASE | TYPE_HAS_DICT | TYPE_GC,
    .kind = KIND_OBJECT,
    .methods = raw_methods,
};

/* --- buffered, text
 * ---------------------------------------------------------------------------------------------------------- */

bool io_target_buffer(VM *vm, Value target, Buffer *out) {
    if (buffer_get(vm, target, out, true))
        return true;
    if (!error_matches(vm, vm->exc.TypeError) && !error_matches(vm, vm->exc.BufferError))
        return false;
    error_clear(vm);
    return raise_type(vm, "readinto() argument must be read-write bytes-like object, not %T", target);
}

static Value readinto_by(VM *vm, Value self, Value target, Value method) {
    Buffer b;
    if (!io_target_buffer(vm, target, &b))
        return VALUE_ERROR;
    Value data = call_method1(vm, self, method, int_from_ssize(vm, (ssize_t)b.len));
    Value r = 0;
    if (data != 0 && !is_bytes(data)) {
        raise_type(vm, "read() should return bytes");
    } else if (data != 0 && as_bytes(data)->len > b.len) {
        raise_value(vm, "read() returned too much data: %u bytes requested, %u returned", b.len, as_bytes(data)->len);
    } else if (data != 0) {
        memcpy(b.data, as_bytes(data)->data, as_bytes(data)->len);
        r = int_from_ssize(vm, (ssize_t)as_bytes(data)->len);
    }
    decref(vm, data);
    buffer_release(vm, &b);
    return r;
}
static Value buffered_base_readinto(NATIVE_ARGS) { return readinto_by(vm, self, args[0], NAME(read)); }
static Value buffered_base_readinto1(NATIVE_ARGS) { return readinto_by(vm, self, args[0], NAME(read1)); }

static const MethodSpec buffered_methods[] = {
    {"read", base_read, "size=-1, /", "Reads up to size bytes.", 0},
    {"read1", base_read, "size=-1, /", "Reads with at most one read of the file below.", 0},
    {"readinto", buffered_base_readinto, "buffer, /", "Reads into a buffer.", 0},
    {"readinto1", buffered_base_readinto1, "buffer, /", "Reads into a buffer with at most one read below.", 0},
    {"write", base_write, "data, /", "Writes bytes.", 0},
    {"detach", base_detach, "", "Separates the file below and returns it.", 0},
    {0},
};
const TypeSpec bufferediobase_spec = {
    .name = "_io._BufferedIOBase",
    .doc = "Base of buffered binary files.",
    .size = sizeof(Object),
    .flags = TYPE_BASE | TYPE_HAS_DICT | TYPE_GC,
    .kind = KIND_OBJECT,
    .methods = buffered_methods,
};

static Value get_none(VM *vm, Value self) { return (void)vm, (void)self, VALUE_NONE; }
static const MethodSpec text_methods[] = {
    {"read", base_read, "size=-1, /", "Reads up to size characters.", 0},
    {"readline", text_base_readline, "size=-1, /", "Reads one line.", 0},
    {"write", base_write, "s, /", "Writes a string.", 0},
    {"detach", base_detach, "", "Separates the binary file and returns it.", 0},
    {0},
};
static const GetSetSpec text_getset[] = {
    {"encoding", get_none, NULL, "Encoding of the text."},
    {"newlines", get_none, NULL, "Line ends met so far."},
    {"errors", get_none, NULL, "How coding errors are handled."},
    {0},
};
const TypeSpec textiobase_spec = {
    .name = "_io._TextIOBase",
    .doc = "Base of text files.",
    .size = sizeof(Object),
    .flags = TYPE_BASE | TYPE_HAS_DICT | TYPE_GC,
    .kind = KIND_OBJECT,
    .methods = text_methods,
    .getset = text_getset,
};
