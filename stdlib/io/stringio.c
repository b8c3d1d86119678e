/* StringIO: a text file in memory, as an array of code points so that every position is direct. */
#include "base/utf8.h"
#include "stdlib/io/io.h"

typedef struct StringIO {
    Object header;
    uint32_t *data;
    size_t len, cap, pos;
    Value newline; /* None, or the str given */
    bool closed;
} StringIO;

static StringIO *of(Value v) { return (StringIO *)as_obj(v); }
static bool usable(VM *vm, Value self) {
    return of(self)->closed ? (bool)raise_value(vm, "I/O operation on closed file") : true;
}

static bool reserve(VM *vm, StringIO *s, size_t n) {
    if (n <= s->cap)
        return true;
    size_t cap = s->cap * 2 > n ? s->cap * 2 : n + 16;
    uint32_t *data = mem_realloc(vm, s->data, s->cap * sizeof(uint32_t), cap * sizeof(uint32_t));
    if (data == NULL)
        return false;
    s->data = data;
    s->cap = cap;
    return true;
}

static void put_char(StringIO *s, uint32_t c) { /* room was reserved */
    s->data[s->pos++] = c;
    if (s->pos > s->len)
        s->len = s->pos;
}

/* Line ends are translated on writing: newline None makes them '\n', '\r' and "\r\n" replace '\n'. */
static bool put(VM *vm, StringIO *s, Value text) {
    size_t n = as_str(text)->nchars;
    if (n == 0)
        return true;
    bool universal = s->newline == VALUE_NONE;
    const char *nl = is_str(s->newline) ? str_data(s->newline) : "";
    if (!reserve(vm, s, s->pos + n * (strlen(nl) == 2 ? 2 : 1)))
        return false;
    for (; s->len < s->pos; s->len++)
        s->data[s->len] = 0;
    const char *p = str_data(text), *end = p + as_str(text)->nbytes;
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
    return true;
}

static Value make(VM *vm, const uint32_t *from, size_t n) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    for (size_t i = 0; i < n; i++)
        strbuilder_add_char(&b, from[i]);
    return strbuilder_finish(&b);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    StringIO *s = object_alloc(vm, type, 0);
    return s == NULL ? VALUE_ERROR : from_obj(s);
}
static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[2];
    if (!native_bind(vm, "StringIO", "initial_value='', newline='\\n'", args, nargs, kwnames, v, 2))
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
    mem_free(vm, s->data, s->cap * sizeof(uint32_t));
    decref(vm, s->newline);
}

static bool size_argument(VM *vm, Value v, ssize_t *n) {
    *n = -1;
    return v == 0 || v == VALUE_NONE || to_ssize(vm, v, n);
}
static size_t left(const StringIO *s) { return s->pos < s->len ? s->len - s->pos : 0; }
static Value take(VM *vm, StringIO *s, size_t n) {
    Value r = make(vm, s->data + (n == 0 ? 0 : s->pos), n);
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
static size_t line_length(const StringIO *s, ssize_t limit) {
    size_t rest = left(s);
    if (limit >= 0 && (size_t)limit < rest)
        rest = (size_t)limit;
    const char *nl = is_str(s->newline) ? str_data(s->newline) : "\n";
    bool any = is_str(s->newline) && nl[0] == 0;
    for (size_t i = 0; i < rest; i++) {
        uint32_t c = s->data[s->pos + i];
        bool more = i + 1 < rest && s->data[s->pos + i + 1] == '\n';
        if (any && (c == '\n' || c == '\r'))
            return i + (c == '\r' && more ? 2 : 1);
        if (!any && c == (unsigned char)nl[0] && (nl[1] == 0 || more))
            return i + (nl[1] == 0 ? 1 : 2);
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
static Value m_getvalue(NATIVE_ARGS) {
    return usable(vm, self) ? make(vm, of(self)->data, of(self)->len) : VALUE_ERROR;
}
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
    Value state[4] = {make(vm, s->data, s->len), incref(s->newline), int_from_ssize(vm, (ssize_t)s->pos),
                      io_attributes(vm, self)};
    if (state[0] != 0 && state[2] != 0 && state[3] != 0)
        return tuple_from_array_steal(vm, state, 4);
    for (size_t i = 0; i < 4; i++)
        decref(vm, state[i]);
    return VALUE_ERROR;
}

/* The contents come as they were: line ends were translated when they were written. */
static bool set_contents(VM *vm, StringIO *s, Value text) {
    const char *p = str_data(text), *end = p + as_str(text)->nbytes;
    if (!reserve(vm, s, as_str(text)->nchars))
        return false;
    s->len = s->pos = 0;
    while (p < end)
        put_char(s, utf8_next(&p));
    return true;
}

static Value m_setstate(NATIVE_ARGS) {
    if (!is_tuple(args[0]) || as_tuple(args[0])->len < 4)
        return raise_type(vm, "%N.__setstate__ argument should be 4-tuple, got %T", obj_type(as_obj(self)), args[0]);
    Value *state = as_tuple(args[0])->items;
    if (!usable(vm, self) || !init(vm, self, state, 2, 0))
        return VALUE_ERROR;
    if (is_str(state[0]) && !set_contents(vm, of(self), state[0]))
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
