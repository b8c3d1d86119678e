/* StringIO: a text file in memory in which every position is direct. As long as all of its text is ASCII it is kept
 * as bytes; the first other character makes it an array of code points, for good. */
#include "base/utf8.h"
#include "object/containers.h"
#include "stdlib/io/io.h"

typedef struct StringIO {
    Object header;
    union {
        char *ascii;
        uint32_t *points; /* if wide */
    } data;
    size_t len, cap, pos; /* in characters; pos may be beyond len */
    Value newline;        /* None, or the str given */
    bool wide, closed;
} StringIO;

static StringIO *of(Value v) { return (StringIO *)as_obj(v); }
static bool usable(VM *vm, Value self) {
    return of(self)->closed ? (bool)raise_value(vm, "I/O operation on closed file") : true;
}
static size_t width(const StringIO *s) { return s->wide ? sizeof(uint32_t) : 1; }

static bool reserve(VM *vm, StringIO *s, size_t n) {
    if (n <= s->cap)
        return true;
    if (n > SIZE_MAX / sizeof(uint32_t) - 16)
        return raise_overflow(vm, "new buffer size too large");
    if (n > ITEMS_MAX)
        return raise_memory(vm);
    size_t cap = s->cap * 2 > n ? s->cap * 2 : n + 16;
    char *data = mem_realloc(vm, s->data.ascii, s->cap * width(s), cap * width(s));
    if (data == NULL)
        return false;
    s->data.ascii = data;
    s->cap = cap;
    return true;
}

static bool widen(VM *vm, StringIO *s) {
    uint32_t *points = s->cap == 0 ? NULL : mem_alloc(vm, s->cap * sizeof(uint32_t));
    if (points == NULL && s->cap != 0)
        return false;
    for (size_t i = 0; i < s->len; i++)
        points[i] = (uint8_t)s->data.ascii[i];
    mem_free(vm, s->data.ascii, s->cap);
    s->data.points = points;
    s->wide = true;
    return true;
}

/* Makes room for n characters at the position, that text may consist of. */
static bool prepare(VM *vm, StringIO *s, const Str *text, size_t n) {
    if (!s->wide && !str_is_ascii(text) && !widen(vm, s))
        return false;
    if (s->pos > SSIZE_MAX - n)
        return raise_overflow(vm, "new position too large");
    if (!reserve(vm, s, s->pos + n))
        return false;
    if (s->pos > s->len) {
        memset(s->data.ascii + s->len * width(s), 0, (s->pos - s->len) * width(s));
        s->len = s->pos;
    }
    return true;
}

static void put_char(StringIO *s, uint32_t c) { /* room was reserved */
    if (s->wide)
        s->data.points[s->pos++] = c;
    else
        s->data.ascii[s->pos++] = (char)c;
}

static bool put_unchanged(VM *vm, StringIO *s, const Str *text) {
    if (!prepare(vm, s, text, text->nchars))
        return false;
    if (!s->wide) {
        memcpy(s->data.ascii + s->pos, text->data, text->nbytes);
        s->pos += text->nbytes;
    } else {
        utf8_to_points(text->data, text->nbytes, s->data.points + s->pos);
        s->pos += text->nchars;
    }
    if (s->pos > s->len)
        s->len = s->pos;
    return true;
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
    if (!prepare(vm, s, text, text->nchars * (strlen(nl) == 2 ? 2 : 1)))
        return false;
    const char *p = text->data, *end = p + text->nbytes;
    while (p < end) {
        uint32_t c = utf8_next(&p);
        if (c == '\r' && universal) {
            if (p < end && *p == '\n')
                p++;
            c = '\n';
        }
        if (c == '\n' && nl[0] == '\r') {
            put_char(s, '\r');
            if (nl[1] == '\n')
                put_char(s, '\n');
            continue;
        }
        put_char(s, c);
    }
    if (s->pos > s->len)
        s->len = s->pos;
    return true;
}

/* The n characters from a place on. */
static Value part(VM *vm, const StringIO *s, size_t start, size_t n) {
    if (!s->wide || n == 0)
        return str_new_ascii(vm, n == 0 ? "" : s->data.ascii + start, n);
    const uint32_t *from = s->data.points + start;
    if (n == 1)
        return str_from_char(vm, from[0]);
    Value r = str_alloc(vm, utf8_points_size(from, n), n);
    if (r != 0)
        utf8_from_points(from, n, as_str(r)->data);
    return r;
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
    s->len = s->pos = 0;
    set_owned(vm, &s->newline, v[1] == 0 ? str_from_c(vm, "\n") : incref(v[1]));
    bool ok = s->newline != 0 && (!is_str(v[0]) || put(vm, s, v[0]));
    s->pos = 0;
    return ok;
}
static void dealloc(VM *vm, Object *self) {
    StringIO *s = (StringIO *)self;
    mem_free(vm, s->data.ascii, s->cap * width(s));
    decref(vm, s->newline);
}

static bool size_argument(VM *vm, Value v, ssize_t *n) {
    *n = -1;
    return v == 0 || v == VALUE_NONE || to_ssize(vm, v, n);
}
static size_t left(const StringIO *s) { return s->pos < s->len ? s->len - s->pos : 0; }
static Value take(VM *vm, StringIO *s, size_t n) {
    Value r = part(vm, s, s->pos, n);
    if (r != 0)
        s->pos += n;
    return r;
}
static Value m_read(NATIVE_ARGS) {
    ssize_t n;
    if (!usable(vm, self) || !size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    size_t rest = left(of(self));
    return take(vm, of(self), n < 0 || (size_t)n > rest ? rest : (size_t)n);
}
/* The first place from `from` on where c (ASCII) is, or `end`. */
static size_t find_char(const StringIO *s, size_t from, size_t end, char c) {
    if (!s->wide) {
        const char *found = memchr(s->data.ascii + from, c, end - from);
        return found != NULL ? (size_t)(found - s->data.ascii) : end;
    }
    while (from < end && s->data.points[from] != (uint32_t)c)
        from++;
    return from;
}

static bool is_char(const StringIO *s, size_t i, char c) {
    return s->wide ? s->data.points[i] == (uint32_t)c : s->data.ascii[i] == c;
}

/* Where the line from `from` ends, if any of the usual line ends will do. */
static size_t any_line_end(const StringIO *s, size_t from, size_t end) {
    for (size_t i = from; i < end; i++) {
        if (is_char(s, i, '\n'))
            return i + 1;
        if (is_char(s, i, '\r'))
            return i + 1 < end && is_char(s, i + 1, '\n') ? i + 2 : i + 1;
    }
    return end;
}

static size_t line_length(const StringIO *s, ssize_t limit) {
    size_t rest = left(s), from = s->pos;
    if (limit >= 0 && (size_t)limit < rest)
        rest = (size_t)limit;
    if (rest == 0)
        return 0;
    size_t end = from + rest;
    const char *nl = is_str(s->newline) ? str_data(s->newline) : "\n";
    if (nl[0] == 0)
        return any_line_end(s, from, end) - from;
    for (size_t i = from; (i = find_char(s, i, end, nl[0])) < end; i++) {
        if (nl[1] == 0)
            return i + 1 - from;
        if (i + 1 < end && is_char(s, i + 1, nl[1]))
            return i + 2 - from;
    }
    return rest;
}
static Value m_readline(NATIVE_ARGS) {
    ssize_t n;
    if (!usable(vm, self) || !size_argument(vm, args[0], &n))
        return VALUE_ERROR;
    return take(vm, of(self), line_length(of(self), n));
}
static Value m_iter(VM *vm, Value self) { return usable(vm, self) ? incref(self) : VALUE_ERROR; }
static Value m_next(VM *vm, Value self) {
    if (!usable(vm, self))
        return VALUE_ERROR;
    size_t n = line_length(of(self), -1);
    return n == 0 ? VALUE_ERROR : take(vm, of(self), n);
}
static Value m_write(NATIVE_ARGS) {
    if (!is_str(args[0]))
        return raise_type(vm, "string argument expected, got '%T'", args[0]);
    if (!usable(vm, self) || !put(vm, of(self), args[0]))
        return VALUE_ERROR;
    return int_from_ssize(vm, (ssize_t)as_str(args[0])->nchars);
}
static Value m_getvalue(NATIVE_ARGS) { return usable(vm, self) ? part(vm, of(self), 0, of(self)->len) : VALUE_ERROR; }
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
    of(self)->pos = whence == 0 ? (size_t)offset : whence == 1 ? of(self)->pos : of(self)->len;
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
    if ((size_t)n < of(self)->len)
        of(self)->len = (size_t)n;
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
    Value state[4] = {part(vm, s, 0, s->len), incref(s->newline), int_from_ssize(vm, (ssize_t)s->pos),
                      io_attributes(vm, self)};
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
    of(self)->len = 0;
    if (is_str(state[0]) && !put_unchanged(vm, of(self), as_str(state[0])))
        return VALUE_ERROR;
    of(self)->pos = 0;
    if (!is_int(state[2]))
        return raise_type(vm, "third item of state must be an integer, got %T", state[2]);
    if (!io_state_position(vm, state[2], &of(self)->pos) || !io_set_attributes(vm, self, state[3], "fourth"))
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
