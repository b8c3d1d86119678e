/* TextIOWrapper: text over a buffered binary file, and IncrementalNewlineDecoder.
 *
 * Reading. Bytes are decoded chunk by chunk into `ahead`, a str of which the first ahead_at bytes have been given
 * out; bytes of an incomplete character wait in `tail`. With universal newlines a '\r' at the end of a chunk is held
 * back until it is known whether '\n' follows.
 *
 * Writing. Encoded bytes are collected in `out` and passed to the buffer when there are many, at a flush, and at a
 * line end when the file is line buffered. Over our own BufferedWriter there is only its buffer. */
#include <strings.h>

#include "object/codec.h"
#include "stdlib/init.h"
#include "stdlib/io/io.h"

#define OUT_MAX 8192

typedef struct TextIO {
    Object header;
    Value buffer;           /* 0: detached */
    Value encoding, errors; /* str */
    Value newline;          /* None or str as given */
    Value ahead;            /* str or 0 */
    size_t ahead_at;
    Value tail;                   /* bytes of an incomplete character, or 0 */
    const Codec *reader, *writer; /* those of the encoding, or of what its byte order mark said; NULL: not native */
    uint32_t read_state, write_state; /* of encodings with shift states */
    Value decoder, encoder;           /* incremental ones, for an encoding that is not native; made when needed */
    bool held_return, at_end;
    bool translate_in; /* '\r', "\r\n" become '\n' */
    bool line_buffering, write_through, closed;
    bool utf8;    /* the encoding is UTF-8 and errors strict: no codec call */
    uint8_t seen; /* line ends met: 1 '\r', 2 '\n', 4 "\r\n" */
    char *out;
    size_t nout;
    IoLock lock;      /* of what is ahead */
    int64_t snapshot; /* byte position of the start of `ahead`, for tell(); -1 unknown */
} TextIO;

static TextIO *of(Value v) { return (TextIO *)as_obj(v); }

static bool usable(VM *vm, TextIO *t) {
    if (t->buffer == 0)
        return raise_value(vm, t->encoding == 0 ? "I/O operation on uninitialized object"
                                                : "underlying buffer has been detached");
    if (t->closed)
        return raise_value(vm, "I/O operation on closed file.");
    return io_check_closed(vm, t->buffer);
}

static bool is_native_buffer(VM *vm, Value buffer) {
    IoTypes *t = io_types(vm);
    Type *type = is_obj(buffer) ? obj_type(as_obj(buffer)) : NULL;
    return t != NULL && (type == t->writer || type == t->reader || type == t->random);
}

/* --- writing
 * --------------------------------------------------------------------------------------------------------------------
 */

static bool pass_on(VM *vm, TextIO *t) {
    if (t->nout == 0)
        return true;
    /* the text is taken out first: another thread may write while this one waits */
    char *out = t->out;
    size_t n = t->nout;
    t->out = NULL;
    t->nout = 0;
    bool ok;
    if (is_native_buffer(vm, t->buffer)) {
        ok = buffered_write(vm, (Buffered *)as_obj(t->buffer), out, n);
    } else {
        Value data = bytes_new(vm, out, n);
        Value r = data == 0 ? 0 : call_method1(vm, t->buffer, NAME(write), data);
        decref(vm, data);
        decref(vm, r);
        ok = r != 0;
    }
    if (t->out == NULL)
        t->out = out;
    else
        mem_free(vm, out, OUT_MAX);
    return ok;
}

static bool flush_all(VM *vm, TextIO *t) {
    if (!pass_on(vm, t))
        return false;
    if (is_native_buffer(vm, t->buffer)) {
        Buffered *b = (Buffered *)as_obj(t->buffer);
        if (b->can_write && !b->closed && b->raw != 0 && io_is_native_file(vm, b->raw))
            return buffered_flush(vm, b);
    }
    Value r = call_method0(vm, t->buffer, NAME(flush));
    decref(vm, r);
    return r != 0;
}

static bool put(VM *vm, TextIO *t, const char *data, size_t n) {
    while (t->nout > 0 && n > OUT_MAX - t->nout) {
        if (!pass_on(vm, t))
            return false;
    }
    if (n > OUT_MAX) {
        if (is_native_buffer(vm, t->buffer))
            return buffered_write(vm, (Buffered *)as_obj(t->buffer), data, n);
        Value bytes = bytes_new(vm, data, n);
        Value r = bytes == 0 ? 0 : call_method1(vm, t->buffer, NAME(write), bytes);
        decref(vm, bytes);
        decref(vm, r);
        return r != 0;
    }
    if (t->out == NULL && (t->out = mem_alloc(vm, OUT_MAX)) == NULL)
        return false;
    memcpy(t->out + t->nout, data, n);
    t->nout += n;
    return true;
}

static const char *line_end(const TextIO *t) {
    return is_str(t->newline) && as_str(t->newline)->nbytes > 0 && !str_equals_c(t->newline, "\n")
               ? str_data(t->newline)
               : NULL;
}

/* '\n' replaced by the file's line end. */
static Value translated(VM *vm, TextIO *t, Value text) {
    const char *end = line_end(t);
    if (end == NULL || memchr(str_data(text), '\n', as_str(text)->nbytes) == NULL)
        return incref(text);
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = str_data(text), *stop = p + as_str(text)->nbytes;
    while (p < stop) {
        const char *nl = memchr(p, '\n', (size_t)(stop - p));
        strbuilder_add(&b, p, (size_t)((nl == NULL ? stop : nl) - p));
        if (nl == NULL)
            break;
        strbuilder_add_c(&b, end);
        p = nl + 1;
    }
    return strbuilder_finish(&b);
}

static bool has_surrogate(const char *p, size_t n) {
    const char *end = p + n;
    while ((p = memchr(p, 0xED, (size_t)(end - p))) != NULL) {
        if (end - p >= 2 && ((uint8_t)p[1] & 0xE0) == 0xA0)
            return true;
        p++;
    }
    return false;
}

/* The incremental encoder or decoder of an encoding that scripts define; borrowed. */
static Value converter(VM *vm, TextIO *t, Value *slot, const char *attribute) {
    if (*slot != 0)
        return *slot;
    Value info = codec_lookup(vm, str_data(t->encoding));
    Value class = info != 0 ? attr_get_c(vm, info, attribute) : VALUE_ERROR;
    decref(vm, info);
    if (class != 0)
        *slot = call1(vm, class, t->errors);
    decref(vm, class);
    return *slot;
}

/* The codec without a byte order mark, in the order that the bytes at the start of a text say. */
static const Codec *behind_mark(const Codec *codec, const char *data, size_t n) {
    static const char *const names[2][2] = {{"utf_16_le", "utf_16_be"}, {"utf_32_le", "utf_32_be"}};
    if (strcmp(codec->name, "utf-8-sig") == 0)
        return codec_find_module("utf_8");
    bool wide = strcmp(codec->name, "utf-32") == 0;
    if (!wide && strcmp(codec->name, "utf-16") != 0)
        return codec;
    const uint16_t one = 1;
    bool big = *(const uint8_t *)&one == 0;
    if (!wide && n >= 2 && ((uint8_t)data[0] ^ (uint8_t)data[1]) == 1)
        big = (uint8_t)data[0] == 0xFE;
    else if (wide && n >= 4 && (memcmp(data, "\xFF\xFE\0\0", 4) == 0 || memcmp(data, "\0\0\xFE\xFF", 4) == 0))
        big = data[0] == 0;
    return codec_find_module(names[wide][big]);
}

static Value encode(VM *vm, TextIO *t, Value s) {
    if (t->writer == NULL) {
        Value encoder = converter(vm, t, &t->encoder, "incrementalencoder");
        Value name = encoder != 0 ? str_intern_c(vm, "encode") : VALUE_ERROR;
        Value bytes = name != 0 ? call_method1(vm, encoder, name, s) : VALUE_ERROR;
        decref(vm, name);
        if (bytes != 0 && !is_bytes(bytes)) {
            raise_type(vm, "encoder should return a bytes object, not '%T'", bytes);
            set_owned(vm, &bytes, 0);
        }
        return bytes;
    }
    Value bytes = codec_encode(vm, t->writer, s, str_data(t->errors), false, &t->write_state);
    if (bytes != 0 && as_bytes(bytes)->len > 0)
        t->writer = behind_mark(t->writer, as_bytes(bytes)->data, as_bytes(bytes)->len);
    return bytes;
}

static bool write_text(VM *vm, TextIO *t, Value text) {
    Value s = translated(vm, t, text);
    if (s == 0)
        return false;
    bool ok;
    if (t->utf8 && (str_is_ascii(as_str(s)) || !has_surrogate(str_data(s), as_str(s)->nbytes))) {
        ok = put(vm, t, str_data(s), as_str(s)->nbytes);
    } else {
        Value bytes = encode(vm, t, s);
        ok = bytes != 0 && put(vm, t, as_bytes(bytes)->data, as_bytes(bytes)->len);
        decref(vm, bytes);
    }
    decref(vm, s);
    if (!ok)
        return false;
    if (t->line_buffering && (memchr(str_data(text), '\n', as_str(text)->nbytes) != NULL ||
                              memchr(str_data(text), '\r', as_str(text)->nbytes) != NULL))
        return flush_all(vm, t);
    return !t->write_through || pass_on(vm, t);
}

static void forget_ahead(VM *vm, TextIO *t) {
    set_owned(vm, &t->ahead, 0);
    t->ahead_at = 0;
    set_owned(vm, &t->tail, 0);
    set_owned(vm, &t->decoder, 0);
    t->read_state = 0;
    t->held_return = t->at_end = false;
    t->snapshot = -1;
}

static Value m_write(NATIVE_ARGS) {
    TextIO *t = of(self);
    if (!is_str(args[0]))
        return raise_type(vm, "write() argument must be str, not %T", args[0]);
    if (!usable(vm, t))
        return VALUE_ERROR;
    if (!write_text(vm, t, args[0]))
        return VALUE_ERROR;
    if (t->ahead != 0)
        forget_ahead(vm, t);
    return int_from_ssize(vm, (ssize_t)as_str(args[0])->nchars);
}

/* --- reading
 * ----------------------------------------------------------------------------------------------------------------------
 */

/* Text of the bytes; what may be the beginning of a character is kept for the next time. */
static Value decode(VM *vm, TextIO *t, const char *data, size_t n, bool final) {
    size_t used = n;
    if (t->reader == NULL) {
        Value decoder = converter(vm, t, &t->decoder, "incrementaldecoder");
        Value args[2] = {decoder != 0 ? bytes_new(vm, data, n) : VALUE_ERROR, from_bool(final)};
        Value s = args[0] != 0 ? call_method(vm, decoder, NAME(decode), args, 2) : VALUE_ERROR;
        decref(vm, args[0]);
        if (s != 0 && !is_str(s)) {
            raise_type(vm, "decoder should return a string result, not '%T'", s);
            set_owned(vm, &s, 0);
        }
        return s;
    }
    Value s = codec_decode(vm, t->reader, data, n, str_data(t->errors), final, &used, &t->read_state);
    if (s == 0)
        return VALUE_ERROR;
    if (used > 0)
        t->reader = behind_mark(t->reader, data, n);
    Value tail = used < n ? bytes_new(vm, data + used, n - used) : 0;
    if (used < n && tail == 0) {
        decref(vm, s);
        return VALUE_ERROR;
    }
    set_owned(vm, &t->tail, tail);
    return s;
}

/* Translates '\r' and "\r\n"; holds back a '\r' at the end unless `final`. Consumes s. */
static Value universal(VM *vm, TextIO *t, Value s, bool final) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    if (!t->held_return && memchr(p, '\r', (size_t)(end - p)) == NULL) {
        if (memchr(p, '\n', (size_t)(end - p)) != NULL)
            t->seen |= 2;
        return s;
    }
    StrBuilder b;
    strbuilder_init(&b, vm);
    if (t->held_return) {
        t->held_return = false;
        bool pair = p < end && *p == '\n';
        t->seen |= pair ? 4 : 1;
        strbuilder_add_c(&b, t->translate_in ? "\n" : pair ? "\r\n" : "\r");
        p += pair;
    }
    for (; p < end; p++) {
        if (*p == '\n')
            t->seen |= 2;
        if (*p != '\r') {
            strbuilder_add(&b, p, 1);
            continue;
        }
        if (p + 1 == end && !final) {
            t->held_return = true;
            break;
        }
        bool pair = p + 1 < end && p[1] == '\n';
        t->seen |= pair ? 4 : 1;
        strbuilder_add_c(&b, t->translate_in ? "\n" : pair ? "\r\n" : "\r");
        p += pair;
    }
    decref(vm, s);
    return strbuilder_finish(&b);
}

static Value read_bytes(VM *vm, TextIO *t) {
    if (is_native_buffer(vm, t->buffer))
        return buffered_read1(vm, (Buffered *)as_obj(t->buffer), IO_BUFFER_SIZE);
    Value method;
    int has = attr_lookup(vm, t->buffer, NAME(read1), &method);
    if (has < 0)
        return VALUE_ERROR;
    if (has == 0)
        return call_method1(vm, t->buffer, NAME(read), from_small_int(IO_BUFFER_SIZE));
    Value r = call1(vm, method, from_small_int(IO_BUFFER_SIZE));
    decref(vm, method);
    return r;
}

/* Appends the text of one more chunk, or of all that is left, to what is ahead: 1, 0 at the end, -1. */
static int more(VM *vm, TextIO *t, bool all) {
    if (t->at_end)
        return 0;
    Value chunk = all ? call_method0(vm, t->buffer, NAME(read)) : read_bytes(vm, t);
    if (chunk == 0)
        return -1;
    if (!is_bytes(chunk)) {
        raise_type(vm, "underlying read1() should have returned a bytes-like object, not '%T'", chunk);
        decref(vm, chunk);
        return -1;
    }
    size_t n = as_bytes(chunk)->len, ntail = t->tail != 0 ? as_bytes(t->tail)->len : 0, total = ntail + n;
    bool final = all || n == 0;
    Value s;
    if (ntail == 0) {
        s = decode(vm, t, as_bytes(chunk)->data, n, final);
    } else {
        char *joined = mem_alloc(vm, total);
        if (joined == NULL) {
            decref(vm, chunk);
            return -1;
        }
        memcpy(joined, as_bytes(t->tail)->data, ntail);
        memcpy(joined + ntail, as_bytes(chunk)->data, n);
        set_owned(vm, &t->tail, 0);
        s = decode(vm, t, joined, total, final);
        mem_free(vm, joined, total);
    }
    decref(vm, chunk);
    bool any_end = t->newline == VALUE_NONE || str_equals_c(t->newline, "");
    if (s != 0 && any_end)
        s = universal(vm, t, s, final);
    if (s == 0)
        return -1;
    if (t->ahead == 0 || t->ahead_at == as_str(t->ahead)->nbytes) {
        set_owned(vm, &t->ahead, s);
        t->ahead_at = 0;
    } else {
        StrBuilder b;
        strbuilder_init(&b, vm);
        strbuilder_add(&b, str_data(t->ahead) + t->ahead_at, as_str(t->ahead)->nbytes - t->ahead_at);
        strbuilder_add_value(&b, s);
        decref(vm, s);
        Value joined = strbuilder_finish(&b);
        if (joined == 0)
            return -1;
        set_owned(vm, &t->ahead, joined);
        t->ahead_at = 0;
    }
    if (final)
        t->at_end = true;
    return !final || as_str(t->ahead)->nbytes > 0 ? (final ? 0 : 1) : 0;
}

static size_t rest(const TextIO *t) { return t->ahead == 0 ? 0 : as_str(t->ahead)->nbytes - t->ahead_at; }

static Value take(VM *vm, TextIO *t, size_t nbytes) {
    if (nbytes == 0)
        return incref(vm->empty_str);
    Value r = t->ahead_at == 0 && nbytes == as_str(t->ahead)->nbytes
                  ? incref(t->ahead)
                  : str_new(vm, str_data(t->ahead) + t->ahead_at, nbytes);
    if (r != 0)
        t->ahead_at += nbytes;
    return r;
}

static bool start_reading(VM *vm, TextIO *t) {
    if (!usable(vm, t))
        return false;
    if (t->nout > 0 && !flush_all(vm, t))
        return false;
    Value r = call_method0(vm, t->buffer, NAME(readable));
    int yes = r == 0 ? -1 : truth(vm, r);
    decref(vm, r);
    if (yes == 0)
        io_unsupported(vm, "not readable");
    return yes > 0;
}

/* Bytes of the first n characters of what is ahead (or all of it), *got how many characters that is. */
static size_t prefix(const TextIO *t, size_t n, size_t *got) {
    const char *start = t->ahead == 0 ? "" : str_data(t->ahead) + t->ahead_at, *p = start, *end = start + rest(t);
    size_t count = 0;
    while (p < end && count < n) {
        p++;
        while (p < end && ((uint8_t)*p & 0xC0) == 0x80)
            p++;
        count++;
    }
    *got = count;
    return (size_t)(p - start);
}

static Value m_read_unlocked(NATIVE_ARGS) {
    TextIO *t = of(self);
    ssize_t n = -1;
    if (args[0] != 0 && args[0] != VALUE_NONE && !to_ssize(vm, args[0], &n))
        return VALUE_ERROR;
    if (!start_reading(vm, t))
        return VALUE_ERROR;
    int status = 1;
    size_t got = 0, size = n < 0 ? 0 : prefix(t, (size_t)n, &got);
    while (status > 0 && (n < 0 || got < (size_t)n)) {
        status = more(vm, t, n < 0);
        if (n >= 0)
            size = prefix(t, (size_t)n, &got);
    }
    if (status < 0)
        return VALUE_ERROR;
    t->at_end = t->at_end && rest(t) > 0;
    return take(vm, t, n < 0 ? rest(t) : size);
}

/* Length in bytes of the first line of what is ahead, 0 if it is not complete. */
static size_t line_bytes(const TextIO *t) {
    const char *start = t->ahead == 0 ? "" : str_data(t->ahead) + t->ahead_at;
    size_t n = rest(t);
    if (is_str(t->newline) && as_str(t->newline)->nbytes == 0) {
        for (size_t i = 0; i < n; i++) {
            if (start[i] == '\n')
                return i + 1;
            if (start[i] == '\r')
                return i + (i + 1 < n && start[i + 1] == '\n' ? 2 : 1);
        }
        return 0;
    }
    const char *end = line_end(t);
    const char *found = end == NULL      ? memchr(start, '\n', n)
                        : end[1] == '\n' ? memmem(start, n, "\r\n", 2)
                                         : memchr(start, '\r', n);
    return found == NULL ? 0 : (size_t)(found - start) + (end == NULL ? 1 : strlen(end));
}

static Value read_line(VM *vm, TextIO *t, ssize_t limit) {
    if (!start_reading(vm, t))
        return VALUE_ERROR;
    for (;;) {
        size_t n = line_bytes(t), got;
        if (limit >= 0) {
            size_t most = prefix(t, (size_t)limit, &got);
            if (n != 0 ? most <= n : got == (size_t)limit)
                return take(vm, t, most);
        }
        if (n != 0)
            return take(vm, t, n);
        int status = more(vm, t, false);
        if (status < 0)
            return VALUE_ERROR;
        if (status == 0 && (n = line_bytes(t)) == 0) {
            Value r = take(vm, t, rest(t));
            t->at_end = false;
            return r;
        }
    }
}
static Value m_readline_unlocked(NATIVE_ARGS) {
    ssize_t n = -1;
    if (args[0] != 0 && args[0] != VALUE_NONE && !to_ssize(vm, args[0], &n))
        return VALUE_ERROR;
    return read_line(vm, of(self), n);
}
/* Reading is for one thread at a time, as it waits in the middle. */
#define LOCKED_METHOD(name)                                                                                          \
    static Value name(NATIVE_ARGS) {                                                                                 \
        if (!io_lock(vm, &of(self)->lock, self))                                                                     \
            return VALUE_ERROR;                                                                                      \
        Value r = name##_unlocked(vm, self, args, nargs, kwnames);                                                   \
        io_unlock(vm, &of(self)->lock);                                                                              \
        return r;                                                                                                    \
    }
LOCKED_METHOD(m_read)
LOCKED_METHOD(m_readline)

static Value m_next(VM *vm, Value self) {
    if (!io_lock(vm, &of(self)->lock, self))
        return VALUE_ERROR;
    Value line = read_line(vm, of(self), -1);
    io_unlock(vm, &of(self)->lock);
    if (line == 0 || as_str(line)->nbytes > 0)
        return line;
    decref(vm, line);
    return VALUE_ERROR;
}
static Value m_iter(VM *vm, Value self) { return usable(vm, of(self)) ? incref(self) : VALUE_ERROR; }

/* --- position
 * ------------------------------------------------------------------------------------------------------------------------
 */

/* The position is the byte offset of the next character: what is ahead is encoded again to know its length. */
static Value m_tell(NATIVE_ARGS) {
    TextIO *t = of(self);
    if (!usable(vm, t) || !flush_all(vm, t))
        return VALUE_ERROR;
    Value at = call_method0(vm, t->buffer, NAME(tell));
    int64_t n;
    if (at == 0 || !to_int64(vm, at, &n)) {
        decref(vm, at);
        return VALUE_ERROR;
    }
    decref(vm, at);
    size_t left = rest(t);
    if (left > 0) {
        Value s = str_new(vm, str_data(t->ahead) + t->ahead_at, left);
        Value bytes = s == 0              ? 0
                      : t->reader != NULL ? codec_encode(vm, t->reader, s, str_data(t->errors), false, NULL)
                                          : str_encode(vm, s, str_data(t->encoding), str_data(t->errors));
        decref(vm, s);
        if (bytes == 0)
            return VALUE_ERROR;
        n -= (int64_t)as_bytes(bytes)->len;
        decref(vm, bytes);
    }
    n -= t->tail != 0 ? (int64_t)as_bytes(t->tail)->len : 0;
    return int_from_int64(vm, n - t->held_return);
}

/* Back to the state at the start of a text: a byte order mark is read and written. */
static void start_coding(VM *vm, TextIO *t) {
    t->reader = t->writer = codec_find(str_data(t->encoding));
    t->read_state = t->write_state = 0;
    set_owned(vm, &t->decoder, 0);
    set_owned(vm, &t->encoder, 0);
}

/* No mark is written behind what is there already. */
static bool skip_mark(VM *vm, TextIO *t) {
    if (t->writer == NULL || behind_mark(t->writer, "", 0) == t->writer)
        return true;
    Value can = call_method0(vm, t->buffer, NAME(seekable));
    int seekable = can != 0 ? truth(vm, can) : -1;
    decref(vm, can);
    if (seekable <= 0)
        return seekable == 0;
    Value at = call_method0(vm, t->buffer, NAME(tell));
    if (at != 0 && at != from_small_int(0))
        t->writer = behind_mark(t->writer, "", 0);
    decref(vm, at);
    return at != 0;
}

static Value m_seek(NATIVE_ARGS) {
    TextIO *t = of(self);
    int whence = 0;
    int64_t offset;
    if (!usable(vm, t) || (args[1] != 0 && !to_c_int(vm, args[1], &whence)) || !to_int64(vm, args[0], &offset))
        return VALUE_ERROR;
    if (whence == 1 && offset != 0)
        return io_unsupported(vm, "can't do nonzero cur-relative seeks");
    if (whence == 2 && offset != 0)
        return io_unsupported(vm, "can't do nonzero end-relative seeks");
    if (whence == 0 && offset < 0)
        return raise_value(vm, "negative seek position %i", offset);
    if (whence < 0 || whence > 2)
        return raise_value(vm, "invalid whence (%d, should be 0, 1 or 2)", whence);
    if (!flush_all(vm, t))
        return VALUE_ERROR;
    Value target = whence == 1 ? m_tell(vm, self, NULL, 0, 0) : incref(args[0]);
    if (target == 0)
        return VALUE_ERROR;
    forget_ahead(vm, t);
    Value a[2] = {target, from_small_int(whence == 2 ? 2 : 0)};
    Value r = call_method(vm, t->buffer, NAME(seek), a, 2);
    decref(vm, target);
    if (r == from_small_int(0))
        start_coding(vm, t);
    else if (r != 0 && t->writer != NULL)
        t->writer = behind_mark(t->writer, "", 0);
    return r;
}

static Value m_truncate(NATIVE_ARGS) {
    if (!usable(vm, of(self)) || !flush_all(vm, of(self)))
        return VALUE_ERROR;
    Value size = args[0] == 0 || args[0] == VALUE_NONE ? m_tell(vm, self, NULL, 0, 0) : incref(args[0]);
    Value r = size == 0 ? 0 : call_method1(vm, of(self)->buffer, NAME(truncate), size);
    decref(vm, size);
    return r;
}

/* --- the rest
 * --------------------------------------------------------------------------------------------------------------------------
 */

static Value m_flush(NATIVE_ARGS) {
    TextIO *t = of(self);
    return usable(vm, t) && flush_all(vm, t) ? VALUE_NONE : VALUE_ERROR;
}

static Value m_close(NATIVE_ARGS) {
    TextIO *t = of(self);
    if (t->buffer == 0)
        return raise_value(vm, "underlying buffer has been detached");
    int closed = t->closed ? 1 : io_is_closed(vm, t->buffer);
    if (closed != 0)
        return closed < 0 ? VALUE_ERROR : VALUE_NONE;
    Value flushed = call_method0(vm, self, NAME(flush));
    Value first = error_take(vm);
    decref(vm, flushed);
    t->closed = true;
    Value r = call_method0(vm, t->buffer, NAME(close));
    if (first == 0)
        return r;
    error_clear(vm);
    decref(vm, r);
    raise_steal(vm, first);
    return VALUE_ERROR;
}

static Value m_detach(NATIVE_ARGS) {
    TextIO *t = of(self);
    if (!usable(vm, t) || !flush_all(vm, t))
        return VALUE_ERROR;
    Value buffer = t->buffer;
    t->buffer = 0;
    return buffer;
}

#define FORWARD(function, name)                                                                                      \
    static Value function(NATIVE_ARGS) {                                                                             \
        return usable(vm, of(self)) ? call_method0(vm, of(self)->buffer, NAME(name)) : VALUE_ERROR;                  \
    }
FORWARD(m_fileno, fileno)
FORWARD(m_isatty, isatty)
FORWARD(m_readable, readable)
FORWARD(m_writable, writable)
FORWARD(m_seekable, seekable)

static bool newline_ok(VM *vm, Value v) {
    if (v == 0 || v == VALUE_NONE)
        return true;
    if (!is_str(v))
        return raise_type(vm, "newline must be str or None, not %T", v);
    if (str_equals_c(v, "") || str_equals_c(v, "\n") || str_equals_c(v, "\r") || str_equals_c(v, "\r\n"))
        return true;
    return raise_value(vm, "illegal newline value: %V", v);
}

/* Without an encoding, and for "locale", text is UTF-8 everywhere. */
static Value normal_encoding(VM *vm, Value v) {
    return v == 0 || v == VALUE_NONE || str_equals_c(v, "locale") ? str_from_c(vm, "UTF-8") : incref(v);
}
static bool is_utf8_name(Value v) {
    const char *s = str_data(v);
    return strcasecmp(s, "utf-8") == 0 || strcasecmp(s, "utf8") == 0 || strcasecmp(s, "utf_8") == 0;
}

static bool configure(VM *vm, TextIO *t, Value encoding, Value errors, Value newline) {
    if (!newline_ok(vm, newline))
        return false;
    Value enc = normal_encoding(vm, encoding);
    Value err = errors == 0 || errors == VALUE_NONE ? str_from_c(vm, "strict") : incref(errors);
    if (enc == 0 || err == 0)
        return false;
    Value probe = str_encode(vm, vm->empty_str, str_data(enc), str_data(err));
    if (probe == 0) {
        decref(vm, enc);
        decref(vm, err);
        return false;
    }
    decref(vm, probe);
    set_owned(vm, &t->encoding, enc);
    set_owned(vm, &t->errors, err);
    set_owned(vm, &t->newline, newline == 0 ? VALUE_NONE : incref(newline));
    t->translate_in = t->newline == VALUE_NONE;
    t->utf8 = is_utf8_name(enc);
    start_coding(vm, t);
    return true;
}

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[6];
    if (!native_bind(vm, "TextIOWrapper",
                     "buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False",
                     args, nargs, kwnames, v, 6))
        return false;
    for (int i = 1; i < 3; i++)
        if (v[i] != 0 && v[i] != VALUE_NONE && !is_str(v[i]))
            return raise_type(vm, "TextIOWrapper() argument '%s' must be str or None, not %T",
                              i == 1 ? "encoding" : "errors", v[i]);
    int lines = v[4] == 0 ? 0 : truth(vm, v[4]), through = v[5] == 0 ? 0 : truth(vm, v[5]);
    TextIO *t = of(self);
    if (lines < 0 || through < 0 || !configure(vm, t, v[1], v[2], v[3]))
        return false;
    t->line_buffering = lines;
    t->write_through = through;
    forget_ahead(vm, t);
    set_owned(vm, &t->buffer, incref(v[0]));
    return skip_mark(vm, t);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    TextIO *t = object_alloc(vm, type, 0);
    return t == NULL ? VALUE_ERROR : from_obj(t);
}

AT_START Value text_new(VM *vm, Value buffer, const char *encoding, const char *errors, Value newline,
                        bool line_buffering, bool write_through) {
    IoTypes *types = io_types(vm);
    TextIO *t = types == NULL ? NULL : object_alloc(vm, types->text, 0);
    if (t == NULL)
        return VALUE_ERROR;
    Value enc = encoding == NULL ? 0 : str_from_c(vm, encoding), err = errors == NULL ? 0 : str_from_c(vm, errors);
    bool ok = configure(vm, t, enc, err, newline);
    decref(vm, enc);
    decref(vm, err);
    if (!ok) {
        obj_decref(vm, &t->header);
        return VALUE_ERROR;
    }
    t->line_buffering = line_buffering;
    t->write_through = write_through;
    t->snapshot = -1;
    t->buffer = incref(buffer);
    if (skip_mark(vm, t))
        return from_obj(t);
    obj_decref(vm, &t->header);
    return VALUE_ERROR;
}

static void dealloc(VM *vm, Object *self) {
    TextIO *t = (TextIO *)self;
    decref(vm, t->buffer);
    decref(vm, t->encoding);
    decref(vm, t->errors);
    decref(vm, t->newline);
    decref(vm, t->ahead);
    decref(vm, t->tail);
    decref(vm, t->decoder);
    decref(vm, t->encoder);
    mem_free(vm, t->out, OUT_MAX);
}
static void traverse(Object *self, VisitFn visit, void *arg) { visit_value(((TextIO *)self)->buffer, visit, arg); }
static void finalize(VM *vm, Value self) {
    if (of(self)->buffer == 0 || of(self)->closed)
        return;
    io_warn_unclosed(vm, self, of(self)->buffer);
    io_finalize(vm, self);
}

static Value m_reconfigure(NATIVE_ARGS) {
    static const char *const names[] = {"encoding", "errors", "newline"};
    TextIO *t = of(self);
    for (int i = 0; i < 3; i++)
        if (args[i] != 0 && args[i] != VALUE_NONE && !is_str(args[i]))
            return raise_type(vm, "reconfigure() argument '%s' must be str or None, not %T", names[i], args[i]);
    if (t->ahead != 0 && (args[0] != 0 || args[2] != 0))
        return io_unsupported(vm, "It is not possible to set the encoding or newline of stream after the first read");
    if (t->buffer != 0 && !flush_all(vm, t))
        return VALUE_ERROR;
    Value errors = args[1] != 0 && args[1] != VALUE_NONE   ? args[1]
                   : args[0] != 0 && args[0] != VALUE_NONE ? 0
                                                           : t->errors;
    Value encoding = args[0] != 0 && args[0] != VALUE_NONE ? args[0] : t->encoding;
    if (!configure(vm, t, encoding, errors, args[2] != 0 ? args[2] : t->newline))
        return VALUE_ERROR;
    int lines = args[3] == 0 || args[3] == VALUE_NONE ? t->line_buffering : truth(vm, args[3]);
    int through = args[4] == 0 || args[4] == VALUE_NONE ? t->write_through : truth(vm, args[4]);
    if (lines < 0 || through < 0 || !skip_mark(vm, t))
        return VALUE_ERROR;
    t->line_buffering = lines;
    t->write_through = through;
    return VALUE_NONE;
}

static Value get_buffer(VM *vm, Value self) {
    return (void)vm, incref(of(self)->buffer == 0 ? VALUE_NONE : of(self)->buffer);
}
static Value get_encoding(VM *vm, Value self) { return (void)vm, incref(of(self)->encoding); }
static Value get_errors(VM *vm, Value self) { return (void)vm, incref(of(self)->errors); }
static Value get_line_buffering(VM *vm, Value self) { return (void)vm, from_bool(of(self)->line_buffering); }
static Value get_write_through(VM *vm, Value self) { return (void)vm, from_bool(of(self)->write_through); }
static Value get_closed(VM *vm, Value self) {
    TextIO *t = of(self);
    if (t->buffer == 0)
        return raise_value(vm, "underlying buffer has been detached");
    return t->closed ? VALUE_TRUE : attr_get(vm, t->buffer, NAME(closed));
}
static Value get_name(VM *vm, Value self) { return attr_get(vm, of(self)->buffer, NAME(name)); }
static Value seen_newlines(VM *vm, uint8_t seen) {
    static const char *const ends[3] = {"\r", "\n", "\r\n"};
    Value list = list_new(vm, 0);
    for (int i = 0; list != 0 && i < 3; i++)
        if ((seen & (1 << i)) && !list_append_steal(vm, list, str_from_c(vm, ends[i])))
            set_owned(vm, &list, 0);
    if (list == 0)
        return VALUE_ERROR;
    Value r = as_list(list)->len == 0   ? VALUE_NONE
              : as_list(list)->len == 1 ? incref(as_list(list)->items[0])
                                        : tuple_from_list(vm, list);
    decref(vm, list);
    return r;
}
static Value get_newlines(VM *vm, Value self) { return seen_newlines(vm, of(self)->seen); }

static Value repr(VM *vm, Value self) {
    TextIO *t = of(self);
    Value name = 0, mode = 0;
    if (t->buffer != 0 && (attr_lookup(vm, t->buffer, NAME(name), &name) < 0))
        error_clear(vm);
    if (attr_lookup(vm, self, NAME(mode), &mode) < 0)
        error_clear(vm);
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_add_c(&b, "<_io.TextIOWrapper");
    if (name != 0)
        strbuilder_printf(&b, " name=%R", name);
    if (mode != 0)
        strbuilder_printf(&b, " mode=%R", mode);
    strbuilder_printf(&b, " encoding=%R>", t->encoding);
    decref(vm, name);
    decref(vm, mode);
    return strbuilder_finish(&b);
}

static const MethodSpec methods[] = {
    {"write", m_write, "text, /", "Writes a string; the number of its characters.", 0},
    {"read", m_read, "size=-1, /", "Reads size characters, or to the end.", 0},
    {"readline", m_readline, "size=-1, /", "Reads one line.", 0},
    {"flush", m_flush, "", "Passes on what is buffered.", 0},
    {"close", m_close, "", "Flushes and closes.", 0},
    {"detach", m_detach, "", "Separates the binary file and returns it.", 0},
    {"seek", m_seek, "cookie, whence=0, /", "Changes the position.", 0},
    {"tell", m_tell, "", "The position.", 0},
    {"truncate", m_truncate, "pos=None, /", "Cuts the file at a size.", 0},
    {"fileno", m_fileno, "", "The descriptor.", 0},
    {"isatty", m_isatty, "", "Whether it is a terminal.", 0},
    {"readable", m_readable, "", "Whether it can be read.", 0},
    {"writable", m_writable, "", "Whether it can be written.", 0},
    {"seekable", m_seekable, "", "Whether seek() works.", 0},
    {"reconfigure", m_reconfigure,
     "*, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None",
     "Changes how the file is coded and buffered.", 0},
    REFUSE_PICKLE_ROWS,
    {0},
};
static const GetSetSpec getset[] = {
    {"buffer", get_buffer, NULL, "The binary file."},
    {"encoding", get_encoding, NULL, "Encoding of the text."},
    {"errors", get_errors, NULL, "How coding errors are handled."},
    {"line_buffering", get_line_buffering, NULL, "Whether each line is flushed."},
    {"write_through", get_write_through, NULL, "Whether nothing is kept back."},
    {"closed", get_closed, NULL, "Whether the file is closed."},
    {"name", get_name, NULL, "Path or descriptor."},
    {"newlines", get_newlines, NULL, "Line ends met so far."},
    {0},
};
const TypeSpec textiowrapper_spec = {
    .name = "_io.TextIOWrapper",
    .doc = "A text file over a buffered binary one.",
    .signature = "buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False",
    .size = sizeof(TextIO),
    .flags = TYPE_BASE | TYPE_GC | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.create = create,
              .init = init,
              .dealloc = dealloc,
              .traverse = traverse,
              .finalize = finalize,
              .iter = m_iter,
              .next = m_next,
              .repr = repr},
    .methods = methods,
    .getset = getset,
};

/* --- print's short way
 * ---------------------------------------------------------------------------------------------------------------------
 */

AT_START bool io_is_direct(VM *vm, Value file) {
    IoTypes *types = io_types(vm);
    if (types == NULL || !is_obj(file) || obj_type(as_obj(file)) != types->text)
        return false;
    TextIO *t = of(file);
    return t->buffer != 0 && !t->closed && t->utf8 && line_end(t) == NULL && !t->write_through && t->ahead == 0 &&
           is_native_buffer(vm, t->buffer) && ((Buffered *)as_obj(t->buffer))->raw != 0 &&
           ((Buffered *)as_obj(t->buffer))->can_write && !((Buffered *)as_obj(t->buffer))->closed;
}

bool io_write_fast(VM *vm, Value file, const char *utf8, size_t n) {
    TextIO *t = of(file);
    if (has_surrogate(utf8, n)) {
        Value s = str_new(vm, utf8, n);
        bool ok = s != 0 && write_text(vm, t, s);
        decref(vm, s);
        return ok;
    }
    if (!put(vm, t, utf8, n))
        return false;
    return !t->line_buffering || memchr(utf8, '\n', n) == NULL || flush_all(vm, t);
}

AT_START bool io_flush_fast(VM *vm, Value file) { return flush_all(vm, of(file)); }

/* --- IncrementalNewlineDecoder
 * -------------------------------------------------------------------------------------------------------------- */

typedef struct NewlineDecoder {
    Object header;
    Value decoder;
    bool translate, held;
    uint8_t seen;
} NewlineDecoder;
static NewlineDecoder *decoder_of(Value v) { return (NewlineDecoder *)as_obj(v); }

static Value decoder_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    NewlineDecoder *d = object_alloc(vm, type, 0);
    return d == NULL ? VALUE_ERROR : from_obj(d);
}
static bool decoder_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[3];
    if (!native_bind(vm, "IncrementalNewlineDecoder", "decoder, translate, errors='strict'", args, nargs, kwnames, v,
                     3))
        return false;
    int translate = truth(vm, v[1]);
    set_owned(vm, &decoder_of(self)->decoder, incref(v[0]));
    decoder_of(self)->translate = translate > 0;
    return translate >= 0;
}
static void decoder_dealloc(VM *vm, Object *self) { decref(vm, ((NewlineDecoder *)self)->decoder); }
static Value decoder_decode(NATIVE_ARGS) {
    NewlineDecoder *d = decoder_of(self);
    int final = args[1] == 0 ? 0 : truth(vm, args[1]);
    if (final < 0)
        return VALUE_ERROR;
    Value s;
    if (d->decoder == VALUE_NONE) {
        s = incref(args[0]);
    } else {
        Value a[2] = {args[0], from_bool(final)};
        s = call_method(vm, d->decoder, NAME(decode), a, 2);
    }
    if (s == 0 || !is_str(s)) {
        if (s != 0)
            raise_type(vm, "decoder should return a string result, not '%T'", s);
        decref(vm, s);
        return VALUE_ERROR;
    }
    TextIO like = {.held_return = d->held, .translate_in = d->translate, .seen = d->seen};
    s = universal(vm, &like, s, final);
    d->held = like.held_return;
    d->seen = like.seen;
    return s;
}
static Value decoder_reset(NATIVE_ARGS) {
    NewlineDecoder *d = decoder_of(self);
    d->held = false;
    d->seen = 0;
    return d->decoder == VALUE_NONE ? VALUE_NONE : call_method0(vm, d->decoder, NAME(reset));
}
static Value decoder_newlines(VM *vm, Value self) { return seen_newlines(vm, decoder_of(self)->seen); }
static const MethodSpec decoder_methods[] = {
    {"decode", decoder_decode, "input, final=False", "Decodes and translates line ends.", 0},
    {"reset", decoder_reset, "", "Forgets what was met.", 0},
    {0},
};
static const GetSetSpec decoder_getset[] = {{"newlines", decoder_newlines, NULL, "Line ends met so far."}, {0}};
const TypeSpec newline_decoder_spec = {
    .name = "_io.IncrementalNewlineDecoder",
    .doc = "Translates line ends of text that comes in pieces.",
    .signature = "decoder, translate, errors='strict'",
    .size = sizeof(NewlineDecoder),
    .flags = TYPE_BASE,
    .kind = KIND_OTHER,
    .slots = {.create = decoder_create, .init = decoder_init, .dealloc = decoder_dealloc},
    .methods = decoder_methods,
    .getset = decoder_getset,
};
