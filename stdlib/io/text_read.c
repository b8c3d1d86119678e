/* Text files: decoding, and reading by characters and lines. */
#include "stdlib/io/text.h"

/* Text of the bytes; what may be the beginning of a character is kept for the next time. */
static Value decode(VM *vm, TextIO *t, const char *data, size_t n, bool final) {
    size_t used = n;
    if (t->reader == NULL) {
        Value decoder = textio_converter(vm, t, &t->decoder, "incrementaldecoder");
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
        t->reader = textio_behind_mark(t->reader, data, n);
    Value tail = used < n ? bytes_new(vm, data + used, n - used) : 0;
    if (used < n && tail == 0) {
        decref(vm, s);
        return VALUE_ERROR;
    }
    set_owned(vm, &t->tail, tail);
    return s;
}

static Value read_bytes(VM *vm, TextIO *t) {
    if (textio_over_native(vm, t->buffer))
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
        s = line_ends_translate(vm, &t->line_ends, s, final);
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

size_t textio_rest(const TextIO *t) { return t->ahead == 0 ? 0 : as_str(t->ahead)->nbytes - t->ahead_at; }

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
    if (!textio_usable(vm, t))
        return false;
    if (t->nout > 0 && !textio_flush(vm, t))
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
    const char *start = t->ahead == 0 ? "" : str_data(t->ahead) + t->ahead_at, *p = start,
               *end = start + textio_rest(t);
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

static Value textio_read_unlocked(NATIVE_ARGS) {
    TextIO *t = as_text(self);
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
    Value r = take(vm, t, n < 0 ? textio_rest(t) : size);
    t->at_end = t->at_end && textio_rest(t) > 0;
    return r;
}

/* Length in bytes of the first line of what is ahead, 0 if it is not complete. */
static size_t line_bytes(const TextIO *t) {
    const char *start = t->ahead == 0 ? "" : str_data(t->ahead) + t->ahead_at;
    size_t n = textio_rest(t);
    if (is_str(t->newline) && as_str(t->newline)->nbytes == 0) {
        for (size_t i = 0; i < n; i++) {
            if (start[i] == '\n')
                return i + 1;
            if (start[i] == '\r')
                return i + (i + 1 < n && start[i + 1] == '\n' ? 2 : 1);
        }
        return 0;
    }
    const char *end = textio_line_end(t);
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
            Value r = take(vm, t, textio_rest(t));
            t->at_end = false;
            return r;
        }
    }
}
static Value textio_readline_unlocked(NATIVE_ARGS) {
    ssize_t n = -1;
    if (args[0] != 0 && args[0] != VALUE_NONE && !to_ssize(vm, args[0], &n))
        return VALUE_ERROR;
    return read_line(vm, as_text(self), n);
}
/* Reading is for one thread at a time, as it waits in the middle. */
#define LOCKED_METHOD(name)                                                                                          \
    Value name(NATIVE_ARGS) {                                                                                        \
        if (!io_lock(vm, &as_text(self)->lock, self))                                                                \
            return VALUE_ERROR;                                                                                      \
        Value r = name##_unlocked(vm, self, args, nargs, kwnames);                                                   \
        io_unlock(vm, &as_text(self)->lock);                                                                         \
        return r;                                                                                                    \
    }
LOCKED_METHOD(textio_read)
LOCKED_METHOD(textio_readline)

Value textio_next(VM *vm, Value self) {
    if (!io_lock(vm, &as_text(self)->lock, self))
        return VALUE_ERROR;
    Value line = read_line(vm, as_text(self), -1);
    io_unlock(vm, &as_text(self)->lock);
    if (line == 0 || as_str(line)->nbytes > 0)
        return line;
    decref(vm, line);
    return VALUE_ERROR;
}
