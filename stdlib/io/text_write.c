/* Text files: encoding and writing, and the short way that print() takes. */
#include "stdlib/io/text.h"

static bool pass_on(VM *vm, TextIO *t) {
    if (t->nout == 0)
        return true;
    /* the text is taken out first: another thread may write while this one waits */
    char *out = t->out;
    size_t n = t->nout;
    t->out = NULL;
    t->nout = 0;
    bool ok;
    if (textio_over_native(vm, t->buffer)) {
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

bool textio_flush(VM *vm, TextIO *t) {
    if (!pass_on(vm, t))
        return false;
    if (textio_over_native(vm, t->buffer)) {
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
        if (textio_over_native(vm, t->buffer))
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

const char *textio_line_end(const TextIO *t) {
    return is_str(t->newline) && as_str(t->newline)->nbytes > 0 && !str_equals_c(t->newline, "\n")
               ? str_data(t->newline)
               : NULL;
}

/* '\n' replaced by the file's line end. */
static Value translated(VM *vm, TextIO *t, Value text) {
    const char *end = textio_line_end(t);
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
Value textio_converter(VM *vm, TextIO *t, Value *slot, const char *attribute) {
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
const Codec *textio_behind_mark(const Codec *codec, const char *data, size_t n) {
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
        Value encoder = textio_converter(vm, t, &t->encoder, "incrementalencoder");
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
        t->writer = textio_behind_mark(t->writer, as_bytes(bytes)->data, as_bytes(bytes)->len);
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
        return textio_flush(vm, t);
    return !t->write_through || pass_on(vm, t);
}

void textio_forget_ahead(VM *vm, TextIO *t) {
    set_owned(vm, &t->ahead, 0);
    t->ahead_at = 0;
    set_owned(vm, &t->tail, 0);
    set_owned(vm, &t->decoder, 0);
    t->read_state = 0;
    t->line_ends.held = t->at_end = false;
    t->snapshot = -1;
}

Value textio_write(NATIVE_ARGS) {
    TextIO *t = as_text(self);
    if (!is_str(args[0]))
        return raise_type(vm, "write() argument must be str, not %T", args[0]);
    if (!textio_usable(vm, t))
        return VALUE_ERROR;
    if (!write_text(vm, t, args[0]))
        return VALUE_ERROR;
    if (t->ahead != 0)
        textio_forget_ahead(vm, t);
    return int_from_ssize(vm, (ssize_t)as_str(args[0])->nchars);
}

/* --- print's short way ---------------------------------------------------------------------------------------- */

AT_START bool io_is_direct(VM *vm, Value file) {
    IoTypes *types = io_types(vm);
    if (types == NULL || !is_obj(file) || obj_type(as_obj(file)) != types->text)
        return false;
    TextIO *t = as_text(file);
    return t->buffer != 0 && !t->closed && t->utf8 && textio_line_end(t) == NULL && !t->write_through &&
           t->ahead == 0 && textio_over_native(vm, t->buffer) && ((Buffered *)as_obj(t->buffer))->raw != 0 &&
           ((Buffered *)as_obj(t->buffer))->can_write && !((Buffered *)as_obj(t->buffer))->closed;
}

bool io_write_fast(VM *vm, Value file, const char *utf8, size_t n) {
    TextIO *t = as_text(file);
    if (has_surrogate(utf8, n)) {
        Value s = str_new(vm, utf8, n);
        bool ok = s != 0 && write_text(vm, t, s);
        decref(vm, s);
        return ok;
    }
    if (!put(vm, t, utf8, n))
        return false;
    return !t->line_buffering || memchr(utf8, '\n', n) == NULL || textio_flush(vm, t);
}

AT_START bool io_flush_fast(VM *vm, Value file) { return textio_flush(vm, as_text(file)); }
