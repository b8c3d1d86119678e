/* StringIO: a text file in memory. Its text is kept as UTF-8 as long as it is written at the end only and read from
 * one place on, or is ASCII; then it becomes an array of code points, for good, in which every position is direct. */
#include "base/utf8.h"
#include "object/containers.h"
#include "stdlib/io/io.h"

typedef struct StringIO {
    Object header;
    union {
        char *bytes;
        uint32_t *points; /* if wide */
    } data;
    size_t len, pos;   /* in characters; pos may be beyond len */
    size_t nbytes, at; /* unless wide: both in bytes, but `at` is never beyond the end */
    size_t cap;        /* in bytes or code points */
    Value newline;     /* None, or the str given */
    bool wide, closed;
} StringIO;

typedef struct Span { /* the length of a part of the text */
    size_t chars, bytes;
} Span;

static StringIO *of(Value v) { return (StringIO *)as_obj(v); }
static bool usable(VM *vm, Value self) {
    return of(self)->closed ? (bool)raise_value(vm, "I/O operation on closed file") : true;
}
static size_t width(const StringIO *s) { return s->wide ? sizeof(uint32_t) : 1; }

static bool is_ascii(const StringIO *s) { return !s->wide && s->nbytes == s->len; }

static bool reserve(VM *vm, StringIO *s, size_t n) {
    if (n <= s->cap)
        return true;
    if (n > SIZE_MAX / sizeof(uint32_t) - 16)
        return raise_overflow(vm, "new buffer size too large");
    if (n > ITEMS_MAX)
        return raise_memory(vm);
    size_t cap = s->cap * 2 > n ? s->cap * 2 : n + 16;
    char *data = mem_realloc(vm, s->data.bytes, s->cap * width(s), cap * width(s));
    if (data == NULL)
        return false;
    s->data.bytes = data;
    s->cap = cap;
    return true;
}

static bool widen(VM *vm, StringIO *s) {
    uint32_t *points = s->len == 0 ? NULL : mem_alloc(vm, s->len * sizeof(uint32_t));
    if (points == NULL && s->len != 0)
        return false;
    utf8_to_points(s->data.bytes, s->nbytes, points);
    mem_free(vm, s->data.bytes, s->cap);
    s->data.points = points;
    s->cap = s->len;
    s->wide = true;
    return true;
}

/* Sets the position. In UTF-8 only the start and the end are direct. */
static bool go_to(VM *vm, StringIO *s, size_t pos) {
    if (!s->wide && !is_ascii(s) && pos != 0 && pos < s->len && pos != s->pos && !widen(vm, s))
        return false;
    if (is_ascii(s))
        s->at = pos < s->len ? pos : s->len;
    else if (!s->wide && pos != s->pos)
        s->at = pos == 0 ? 0 : s->nbytes;
    s->pos = pos;
    return true;
}

/* Fills up to the position, if it is beyond the end and there is room. */
static void fill_gap(StringIO *s) {
    if (s->pos <= s->len)
        return;
    memset(s->data.bytes + (s->wide ? s->len * sizeof(uint32_t) : s->nbytes), 0, (s->pos - s->len) * width(s));
    s->nbytes += s->pos - s->len;
    s->at = s->nbytes;
    s->len = s->pos;
}

static bool put_text(VM *vm, StringIO *s, const char *text, Span n) {
    if (n.chars == 0)
        return true;
    if (s->pos > SSIZE_MAX - n.chars)
        return raise_overflow(vm, "new position too large");
    if (!s->wide && s->pos < s->len && (!is_ascii(s) || n.bytes != n.chars) && !widen(vm, s))
        return false;
    if (s->wide) {
        if (!reserve(vm, s, s->pos + n.chars))
            return false;
        fill_gap(s);
        utf8_to_points(text, n.bytes, s->data.points + s->pos);
    } else {
        size_t gap = s->pos > s->len ? s->pos - s->len : 0;
        if (n.bytes > SSIZE_MAX - s->at - gap)
            return raise_overflow(vm, "new position too large");
        if (!reserve(vm, s, s->at + gap + n.bytes))
            return false;
        fill_gap(s);
        memcpy(s->data.bytes + s->at, text, n.bytes);
        s->at += n.bytes;
        if (s->at > s->nbytes)
            s->nbytes = s->at;
    }
    s->pos += n.chars;
    if (s->pos > s->len)
        s->len = s->pos;
    return true;
}

static bool put_unchanged(VM *vm, StringIO *s, const Str *text) {
    return put_text(vm, s, text->data, (Span){text->nchars, text->nbytes});
}

/* Line ends are translated on writing: newline None makes them '\n', '\r' and "\r\n" replace '\n'. */
static bool put(VM *vm, StringIO *s, Value v) {
    const Str *text = as_str(v);
    bool universal = s->newline == VALUE_NONE;
    const char *nl = is_str(s->newline) ? str_data(s->newline) : "";
    bool translated =
        (universal || nl[0] == '\r') && memchr(text->data, universal ? '\r' : '\n', text->nbytes) != NULL;
    if (text->nchars == 0)
        return true;
    if (!translated)
        return put_unchanged(vm, s, text);
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = text->data, *end = p + text->nbytes;
    while (p < end) {
        const char *stop = memchr(p, universal ? '\r' : '\n', (size_t)(end - p));
        strbuilder_add(&b, p, (size_t)((stop != NULL ? stop : end) - p));
        if (stop == NULL)
            break;
        strbuilder_add_c(&b, universal ? "\n" : nl);
        p = stop + (universal && stop + 1 < end && stop[1] == '\n' ? 2 : 1);
    }
    bool ok = !b.failed && put_text(vm, s, b.data, (Span){utf8_count(b.data, b.len), b.len});
    strbuilder_drop(&b);
    return ok;
}

/* So many characters from the position on, which are there. */
static Span span_of(const StringIO *s, size_t chars) {
    if (s->wide || is_ascii(s) || chars == 0)
        return (Span){chars, chars};
    if (s->pos + chars == s->len)
        return (Span){chars, s->nbytes - s->at};
    return (Span){chars, (size_t)(utf8_advance(s->data.bytes + s->at, chars) - (s->data.bytes + s->at))};
}

static Value wide_part(VM *vm, const uint32_t *from, size_t n) {
    if (n == 1)
        return str_from_char(vm, from[0]);
    Value r = str_alloc(vm, utf8_points_size(from, n), n);
    if (r != 0 && n != 0)
        utf8_from_points(from, n, as_str(r)->data);
    return r;
}
static Value all(VM *vm, const StringIO *s) {
    return s->wide ? wide_part(vm, s->data.points, s->len)
                   : str_new_counted(vm, s->nbytes == 0 ? "" : s->data.bytes, s->nbytes, s->len);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    StringIO *s = object_alloc(vm, type, 0);
    return s == NULL ? VALUE_ERROR : from_obj(s);
}
static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[2];
    if (!native_bind_optional(vm, "StringIO", "initial_value='', newline='\\n'", args, nargs, kwnames, v, 2))
        return false;
    if (v[0] != 0 && v[0] != VALUE_NONE && !is_str(v[0]))
        return raise_type(vm, "initial_value must be str or None, not %T", v[0]);
    if (v[1] != 0 && v[1] != VALUE_NONE && !is_str(v[1]))
        return raise_type(vm, "newline must be str or None, not %T", v[1]);
    if (is_str(v[1]) && !str_equals_c(v[1], "") && !str_equals_c(v[1], "\n") && !str_equals_c(v[1], "\r") &&
        !str_equals_c(v[1], "\r\n"))
        return raise_value(vm, "illegal newline value: %R", v[1]);
    StringIO *s = of(self);
    s->len = s->pos = s->nbytes = s->at = 0;
    set_owned(vm, &s->newline, v[1] == 0 ? str_from_c(vm, "\n") : incref(v[1]));
    bool ok = s->newline != 0 && (!is_str(v[0]) || put(vm, s, v[0]));
    s->pos = s->at = 0;
    return ok;
}
static void dealloc(VM *vm, Object *self) {
    StringIO *s = (StringIO *)self;
    mem_free(vm, s->data.bytes, s->cap * width(s));
    decref(vm, s->newline);
}

static bool size_argument(VM *vm, Value v, ssize_t *n) {
    *n = -1;
    return v == 0 || v == VALUE_NONE || to_ssize(vm, v, n);
}
static size_t left(const StringIO *s) { return s->pos < s->len ? s->len - s->pos : 0; }
static Value take(VM *vm, StringIO *s, Span n) {
    Value r = n.chars == 0 ? str_alloc(vm, 0, 0)
              : s->wide    ? wide_part(vm, s->data.points + s->pos, n.chars)
                           : str_new_counted(vm, s->data.bytes + s->at, n.bytes, n.chars);
    if (r != 0) {
        s->pos += n.chars;
        s->at += s->wide ? 0 : n.bytes;
    }
    return r;
}
static Value m_read(NATIVE_ARGS) {
    ssize_t n;
    if (!usable(vm, self) || !size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    size_t rest = left(of(self));
    return take(vm, of(self), span_of(of(self), n < 0 || (size_t)n > rest ? rest : (size_t)n));
}

/* Places in the text are counted in code points if it is wide, else in bytes. */
static char char_at(const StringIO *s, size_t i) {
    if (!s->wide)
        return s->data.bytes[i];
    return s->data.points[i] < 128 ? (char)s->data.points[i] : 0;
}

/* The first place from `from` on where c (ASCII) is, or `end`. */
static size_t find_char(const StringIO *s, size_t from, size_t end, char c) {
    if (!s->wide) {
        const char *found = memchr(s->data.bytes + from, c, end - from);
        return found != NULL ? (size_t)(found - s->data.bytes) : end;
    }
    while (from < end && s->data.points[from] != (uint32_t)c)
        from++;
    return from;
}

/* Where the line from `from` ends, if any of the usual line ends will do. */
static size_t any_line_end(const StringIO *s, size_t from, size_t end) {
    for (size_t i = from; i < end; i++) {
        if (char_at(s, i) == '\n')
            return i + 1;
        if (char_at(s, i) == '\r')
            return i + 1 < end && char_at(s, i + 1) == '\n' ? i + 2 : i + 1;
    }
    return end;
}

static size_t line_end(const StringIO *s, size_t from, size_t end) {
    const char *nl = is_str(s->newline) ? str_data(s->newline) : "\n";
    if (nl[0] == 0)
        return any_line_end(s, from, end);
    for (size_t i = from; (i = find_char(s, i, end, nl[0])) < end; i++) {
        if (nl[1] == 0)
            return i + 1;
        if (i + 1 < end && char_at(s, i + 1) == nl[1])
            return i + 2;
    }
    return end;
}

static Span line_span(const StringIO *s, ssize_t limit) {
    size_t rest = left(s), from = s->wide ? s->pos : s->at;
    if (limit >= 0 && (size_t)limit < rest)
        rest = (size_t)limit;
    if (rest == 0)
        return (Span){0, 0};
    size_t end = from + (s->wide ? rest : span_of(s, rest).bytes), n = line_end(s, from, end) - from;
    return (Span){s->wide || is_ascii(s) ? n : utf8_count(s->data.bytes + from, n), n};
}
static Value m_readline(NATIVE_ARGS) {
    ssize_t n;
    if (!usable(vm, self) || !size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    return take(vm, of(self), line_span(of(self), n));
}
static Value m_iter(VM *vm, Value self) { return usable(vm, self) ? incref(self) : VALUE_ERROR; }
static Value m_next(VM *vm, Value self) {
    if (!usable(vm, self))
        return VALUE_ERROR;
    Span n = line_span(of(self), -1);
    return n.chars == 0 ? VALUE_ERROR : take(vm, of(self), n);
}
static Value m_write(NATIVE_ARGS) {
    if (!is_str(args[0]))
        return raise_type(vm, "string argument expected, got '%T'", args[0]);
    if (!usable(vm, self) || !put(vm, of(self), args[0]))
        return VALUE_ERROR;
    return int_from_ssize(vm, (ssize_t)as_str(args[0])->nchars);
}
static Value m_getvalue(NATIVE_ARGS) { return usable(vm, self) ? all(vm, of(self)) : VALUE_ERROR; }
static Value m_seek(NATIVE_ARGS) {
    int64_t offset;
    int whence = 0;
    if (!usable(vm, self) || !to_int64(vm, args[0], &offset) || (args[1] != 0 && !to_c_int(vm, args[1], &whence)))
        return VALUE_ERROR;
    if (whence < 0 || whence > 2)
        return raise_value(vm, "Invalid whence (%d, should be 0, 1 or 2)", whence);
    if (whence == 0 && offset < 0)
        return raise_value(vm, "Negative seek position %i", offset);
    if (whence != 0 && offset != 0)
        return raisef(vm, vm->exc.OSError, "Can't do nonzero cur-relative seeks");
    if (!go_to(vm, of(self), whence == 0 ? (size_t)offset : whence == 1 ? of(self)->pos : of(self)->len))
        return VALUE_ERROR;
    return int_from_ssize(vm, (ssize_t)of(self)->pos);
}
static Value m_tell(NATIVE_ARGS) {
    return usable(vm, self) ? int_from_ssize(vm, (ssize_t)of(self)->pos) : VALUE_ERROR;
}
static Value m_truncate(NATIVE_ARGS) {
    ssize_t n;
    if (!usable(vm, self) || !size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    if (args[0] == 0 || args[0] == VALUE_NONE)
        n = (ssize_t)of(self)->pos;
    if (n < 0)
        return raise_value(vm, "Negative size value %z", n);
    StringIO *s = of(self);
    if ((size_t)n < s->len) {
        if (!s->wide)
            s->nbytes = is_ascii(s) ? (size_t)n : (size_t)(utf8_advance(s->data.bytes, (size_t)n) - s->data.bytes);
        s->len = (size_t)n;
        s->at = s->at < s->nbytes ? s->at : s->nbytes;
    }
    return int_from_ssize(vm, n);
}
static Value m_close(NATIVE_ARGS) {
    of(self)->closed = true;
    return VALUE_NONE;
}
static Value m_getstate(NATIVE_ARGS) {
    if (!usable(vm, self))
        return VALUE_ERROR;
    StringIO *s = of(self);
    Value state[4] = {all(vm, s), incref(s->newline), int_from_ssize(vm, (ssize_t)s->pos), io_attributes(vm, self)};
    if (state[0] != 0 && state[2] != 0 && state[3] != 0)
        return tuple_from_array_steal(vm, state, 4);
    for (size_t i = 0; i < 4; i++)
        decref(vm, state[i]);
    return VALUE_ERROR;
}

static Value m_setstate(NATIVE_ARGS) {
    if (!is_tuple(args[0]) || as_tuple(args[0])->len < 4)
        return raise_type(vm, "%N.__setstate__ argument should be 4-tuple, got %T", obj_type(as_obj(self)), args[0]);
    Value *state = as_tuple(args[0])->items;
    if (!usable(vm, self) || !init(vm, self, state, 2, 0))
        return VALUE_ERROR;
    /* The contents come as they were: line ends were translated when they were written. */
    StringIO *s = of(self);
    s->len = s->pos = s->nbytes = s->at = 0;
    if (is_str(state[0]) && !put_unchanged(vm, s, as_str(state[0])))
        return VALUE_ERROR;
    s->pos = s->at = 0;
    size_t pos = 0;
    if (!is_int(state[2]))
        return raise_type(vm, "third item of state must be an integer, got %T", state[2]);
    if (!io_state_position(vm, state[2], &pos) || !go_to(vm, s, pos) ||
        !io_set_attributes(vm, self, state[3], "fourth"))
        return VALUE_ERROR;
    return VALUE_NONE;
}
static Value m_true(NATIVE_ARGS) { return usable(vm, self) ? VALUE_TRUE : VALUE_ERROR; }
static Value get_closed(VM *vm, Value self) { return (void)vm, from_bool(of(self)->closed); }
static Value get_none(VM *vm, Value self) { return usable(vm, self) ? VALUE_NONE : VALUE_ERROR; }
static Value get_false(VM *vm, Value self) { return usable(vm, self) ? VALUE_FALSE : VALUE_ERROR; }

static const MethodSpec methods[] = {
    {"read", m_read, "size=-1, /", "Reads up to size characters.", 0},
    {"readline", m_readline, "size=-1, /", "Reads one line.", 0},
    {"write", m_write, "s, /", "Writes a string.", 0},
    {"getvalue", m_getvalue, "", "Everything that is in the file.", 0},
    {"seek", m_seek, "pos, whence=0, /", "Changes the position.", 0},
    {"tell", m_tell, "", "The position.", 0},
    {"truncate", m_truncate, "pos=None, /", "Cuts the contents at a size.", 0},
    {"close", m_close, "", "Closes the file.", 0},
    {"readable", m_true, "", "True.", 0},
    {"writable", m_true, "", "True.", 0},
    {"seekable", m_true, "", "True.", 0},
    {"__getstate__", m_getstate, "", "Contents, line end, position and attributes.", 0},
    {"__setstate__", m_setstate, "state, /", "Takes over a state.", 0},
    {0},
};
static const GetSetSpec getset[] = {
    {"closed", get_closed, NULL, "Whether the file is closed."},
    {"newlines", get_none, NULL, "None: line ends are not counted."},
    {"line_buffering", get_false, NULL, "False."},
    {0},
};
const TypeSpec stringio_spec = {
    .name = "_io.StringIO",
    .doc = "A text file in memory.",
    .signature = "initial_value='', newline='\\n'",
    .size = sizeof(StringIO),
    .flags = TYPE_BASE | TYPE_GC | TYPE_HAS_DICT,
    .kind = KIND_OTHER,
    .slots = {.create = create, .init = init, .dealloc = dealloc, .iter = m_iter, .next = m_next},
    .methods = methods,
    .getset = getset,
};
