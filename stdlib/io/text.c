/* TextIOWrapper: text over a buffered binary file.
 *
 * Reading. Bytes are decoded chunk by chunk into `ahead`, a str of which the first ahead_at bytes have been given
 * out; bytes of an incomplete character wait in `tail`. With universal newlines a '\r' at the end of a chunk is held
 * back until it is known whether '\n' follows.
 *
 * Writing. Encoded bytes are collected in `out` and passed to the buffer when there are many, at a flush, and at a
 * line end when the file is line buffered. Over our own BufferedWriter there is only its buffer. */
#include "stdlib/io/text.h"

#include <strings.h>

bool textio_usable(VM *vm, TextIO *t) {
    if (t->buffer == 0)
        return raise_value(vm, t->encoding == 0 ? "I/O operation on uninitialized object"
                                                : "underlying buffer has been detached");
    if (t->closed)
        return raise_value(vm, "I/O operation on closed file.");
    return io_check_closed(vm, t->buffer);
}

bool textio_over_native(VM *vm, Value buffer) {
    IoTypes *t = io_types(vm);
    Type *type = is_obj(buffer) ? obj_type(as_obj(buffer)) : NULL;
    return t != NULL && (type == t->writer || type == t->reader || type == t->random);
}

/* --- position
 * ------------------------------------------------------------------------------------------------------------------------
 */

/* The position is the byte offset of the next character: what is ahead is encoded again to know its length. */
static Value m_tell(NATIVE_ARGS) {
    TextIO *t = as_text(self);
    if (!textio_usable(vm, t) || !textio_flush(vm, t))
        return VALUE_ERROR;
    Value at = call_method0(vm, t->buffer, NAME(tell));
    int64_t n;
    if (at == 0 || !to_int64(vm, at, &n)) {
        decref(vm, at);
        return VALUE_ERROR;
    }
    decref(vm, at);
    size_t left = textio_rest(t);
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
    return int_from_int64(vm, n - t->line_ends.held);
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
    if (t->writer == NULL || textio_behind_mark(t->writer, "", 0) == t->writer)
        return true;
    Value can = call_method0(vm, t->buffer, NAME(seekable));
    int seekable = can != 0 ? truth(vm, can) : -1;
    decref(vm, can);
    if (seekable <= 0)
        return seekable == 0;
    Value at = call_method0(vm, t->buffer, NAME(tell));
    if (at != 0 && at != from_small_int(0))
        t->writer = textio_behind_mark(t->writer, "", 0);
    decref(vm, at);
    return at != 0;
}

static Value m_seek(NATIVE_ARGS) {
    TextIO *t = as_text(self);
    int whence = 0;
    int64_t offset;
    if (!textio_usable(vm, t) || (args[1] != 0 && !to_c_int(vm, args[1], &whence)) || !to_int64(vm, args[0], &offset))
        return VALUE_ERROR;
    if (whence == 1 && offset != 0)
        return io_unsupported(vm, "can't do nonzero cur-relative seeks");
    if (whence == 2 && offset != 0)
        return io_unsupported(vm, "can't do nonzero end-relative seeks");
    if (whence == 0 && offset < 0)
        return raise_value(vm, "negative seek position %i", offset);
    if (whence < 0 || whence > 2)
        return raise_value(vm, "invalid whence (%d, should be 0, 1 or 2)", whence);
    if (!textio_flush(vm, t))
        return VALUE_ERROR;
    Value target = whence == 1 ? m_tell(vm, self, NULL, 0, 0) : incref(args[0]);
    if (target == 0)
        return VALUE_ERROR;
    textio_forget_ahead(vm, t);
    Value a[2] = {target, from_small_int(whence == 2 ? 2 : 0)};
    Value r = call_method(vm, t->buffer, NAME(seek), a, 2);
    decref(vm, target);
    if (r == from_small_int(0))
        start_coding(vm, t);
    else if (r != 0 && t->writer != NULL)
        t->writer = textio_behind_mark(t->writer, "", 0);
    return r;
}

static Value m_truncate(NATIVE_ARGS) {
    if (!textio_usable(vm, as_text(self)) || !textio_flush(vm, as_text(self)))
        return VALUE_ERROR;
    Value size = args[0] == 0 || args[0] == VALUE_NONE ? m_tell(vm, self, NULL, 0, 0) : incref(args[0]);
    Value r = size == 0 ? 0 : call_method1(vm, as_text(self)->buffer, NAME(truncate), size);
    decref(vm, size);
    return r;
}

/* --- the rest
 * --------------------------------------------------------------------------------------------------------------------------
 */

static Value m_flush(NATIVE_ARGS) {
    TextIO *t = as_text(self);
    return textio_usable(vm, t) && textio_flush(vm, t) ? VALUE_NONE : VALUE_ERROR;
}

static Value m_close(NATIVE_ARGS) {
    TextIO *t = as_text(self);
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
    TextIO *t = as_text(self);
    if (!textio_usable(vm, t) || !textio_flush(vm, t))
        return VALUE_ERROR;
    Value buffer = t->buffer;
    t->buffer = 0;
    return buffer;
}

#define FORWARD(function, name)                                                                                      \
    static Value function(NATIVE_ARGS) {                                                                             \
        return textio_usable(vm, as_text(self)) ? call_method0(vm, as_text(self)->buffer, NAME(name)) : VALUE_ERROR; \
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
    t->line_ends.translate = t->newline == VALUE_NONE;
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
    TextIO *t = as_text(self);
    if (lines < 0 || through < 0 || !configure(vm, t, v[1], v[2], v[3]))
        return false;
    t->line_buffering = lines;
    t->write_through = through;
    textio_forget_ahead(vm, t);
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
    if (as_text(self)->buffer == 0 || as_text(self)->closed)
        return;
    io_warn_unclosed(vm, self, as_text(self)->buffer);
    io_finalize(vm, self);
}

static Value m_reconfigure(NATIVE_ARGS) {
    static const char *const names[] = {"encoding", "errors", "newline"};
    TextIO *t = as_text(self);
    for (int i = 0; i < 3; i++)
        if (args[i] != 0 && args[i] != VALUE_NONE && !is_str(args[i]))
            return raise_type(vm, "reconfigure() argument '%s' must be str or None, not %T", names[i], args[i]);
    if (t->ahead != 0 && (args[0] != 0 || args[2] != 0))
        return io_unsupported(vm, "It is not possible to set the encoding or newline of stream after the first read");
    if (t->buffer != 0 && !textio_flush(vm, t))
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
    return (void)vm, incref(as_text(self)->buffer == 0 ? VALUE_NONE : as_text(self)->buffer);
}
static Value get_encoding(VM *vm, Value self) { return (void)vm, incref(as_text(self)->encoding); }
static Value get_errors(VM *vm, Value self) { return (void)vm, incref(as_text(self)->errors); }
static Value get_line_buffering(VM *vm, Value self) { return (void)vm, from_bool(as_text(self)->line_buffering); }
static Value get_write_through(VM *vm, Value self) { return (void)vm, from_bool(as_text(self)->write_through); }
static Value get_closed(VM *vm, Value self) {
    TextIO *t = as_text(self);
    if (t->buffer == 0)
        return raise_value(vm, "underlying buffer has been detached");
    return t->closed ? VALUE_TRUE : attr_get(vm, t->buffer, NAME(closed));
}
static Value get_name(VM *vm, Value self) { return attr_get(vm, as_text(self)->buffer, NAME(name)); }
static Value get_newlines(VM *vm, Value self) { return line_ends_seen(vm, &as_text(self)->line_ends); }

static Value m_iter(VM *vm, Value self) { return textio_usable(vm, as_text(self)) ? incref(self) : VALUE_ERROR; }

static Value repr(VM *vm, Value self) {
    TextIO *t = as_text(self);
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
    {"write", textio_write, "text, /", "Writes a string; the number of its characters.", 0},
    {"read", textio_read, "size=-1, /", "Reads size characters, or to the end.", 0},
    {"readline", textio_readline, "size=-1, /", "Reads one line.", 0},
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
              .next = textio_next,
              .repr = repr},
    .methods = methods,
    .getset = getset,
};
