/* Codecs by mappings that scripts make (charmap), and the escapes of bytes literals. */
#include "object/buffer.h"
#include "object/codec.h"
#include "object/containers.h"
#include "base/utf8.h"
#include "stdlib/codec_maps.h"

#define ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames
#define UNDEFINED "character maps to <undefined>"

static bool errors_argument(VM *vm, Value v, const char **out) {
    *out = "strict";
    if (v == 0 || is_none(v))
        return true;
    return (*out = to_c_string(vm, v, "errors")) != NULL;
}

/* What the mapping has for a number: owned; VALUE_NONE if nothing, 0 with an exception. */
static Value look_up(VM *vm, Value mapping, uint32_t key) {
    Value v = item_get(vm, mapping, from_small_int(key));
    if (v != 0 || !error_matches(vm, vm->exc.LookupError))
        return v;
    error_clear(vm);
    return VALUE_NONE;
}

/* --- decoding: numbers of bytes to text ------------------------------------------------------------------------ */

/* 1: written, 0: there is no character, -1: error */
static int map_byte(Decoder *d, Value mapping, uint8_t byte) {
    VM *vm = d->vm;
    if (is_str(mapping)) {
        uint32_t c = byte < as_str(mapping)->nchars ? str_char_at(vm, mapping, byte) : SINGLE_BYTE_NONE;
        return c == SINGLE_BYTE_NONE ? 0 : strbuilder_add_char(&d->out, c) ? 1 : -1;
    }
    Value v = look_up(vm, mapping, byte);
    int64_t c;
    int r = -1;
    if (v == 0)
        return -1;
    if (is_none(v)) {
        r = 0;
    } else if (is_str(v)) {
        bool none = as_str(v)->nchars == 1 && str_char_at(vm, v, 0) == SINGLE_BYTE_NONE;
        r = none ? 0 : strbuilder_add_value(&d->out, v) ? 1 : -1;
    } else if (!is_int(v)) {
        raise_type(vm, "character mapping must return integer, None or str");
    } else if (!int_fits_int64(v, &c) || c < 0 || c > (int64_t)CODE_POINT_MAX) {
        raise_type(vm, "character mapping must be in range(0x%x)", CODE_POINT_MAX + 1);
    } else {
        r = c == SINGLE_BYTE_NONE ? 0 : strbuilder_add_char(&d->out, (uint32_t)c) ? 1 : -1;
    }
    decref(vm, v);
    return r;
}

static Value charmap_decode(ARGS) {
    Decoder d = {.vm = vm, .encoding = "charmap", .final = true};
    Buffer b;
    if (!errors_argument(vm, args[1], &d.errors) || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    d.data = b.data;
    d.n = b.len;
    strbuilder_init(&d.out, vm);
    bool latin = args[2] == 0 || is_none(args[2]), ok = true;
    for (size_t i = 0; ok && i < d.n;) {
        uint8_t byte = (uint8_t)d.data[i];
        int put = latin ? (strbuilder_add_char(&d.out, byte) ? 1 : -1) : map_byte(&d, args[2], byte);
        ok = put > 0 || (put == 0 && decoder_error(&d, i, i + 1, UNDEFINED, &i));
        i += put > 0;
    }
    size_t n = d.n;
    buffer_release(vm, &b);
    decref(vm, d.object);
    if (!ok) {
        strbuilder_drop(&d.out);
        return VALUE_ERROR;
    }
    Value items[2] = {strbuilder_finish(&d.out), int_from_ssize(vm, (ssize_t)n)};
    return items[0] != 0 ? tuple_from_array_steal(vm, items, 2) : VALUE_ERROR;
}

/* --- encoding: code points to bytes ---------------------------------------------------------------------------- */

static bool put_mapped(Encoder *e, uint32_t c) {
    VM *vm = e->vm;
    Value mapping = *(const Value *)e->table;
    char byte = (char)c;
    if (is_none(mapping))
        return c < 256 && strbuilder_add(&e->out, &byte, 1);
    Value v = look_up(vm, mapping, c);
    int64_t n;
    bool ok = false;
    if (v == 0 || is_none(v))
        return false;
    if (is_bytes(v)) {
        ok = strbuilder_add(&e->out, as_bytes(v)->data, as_bytes(v)->len);
    } else if (!is_int(v)) {
        raise_type(vm, "character mapping must return integer, bytes or None, not %.400T", v);
    } else if (!int_fits_int64(v, &n) || n < 0 || n > 255) {
        raise_type(vm, "character mapping must be in range(256)");
    } else {
        byte = (char)n;
        ok = strbuilder_add(&e->out, &byte, 1);
    }
    decref(vm, v);
    return ok;
}

static Value charmap_encode(ARGS) {
    Value mapping = args[2] == 0 ? VALUE_NONE : args[2];
    Encoder e = {.vm = vm, .text = args[0], .put = put_mapped, .table = &mapping, .final = true, .unit = 1};
    e.encoding = is_none(mapping) ? "latin-1" : "charmap";
    if (!is_str(args[0]))
        return raise_type(vm, "charmap_encode() argument 1 must be str, not %T", args[0]);
    if (!errors_argument(vm, args[1], &e.errors))
        return VALUE_ERROR;
    strbuilder_init(&e.out, vm);
    bool ok = encoder_run(&e, is_none(mapping) ? "ordinal not in range(256)" : UNDEFINED, true);
    Value items[2] = {ok && !e.out.failed ? bytes_new(vm, e.out.len != 0 ? e.out.data : "", e.out.len) : VALUE_ERROR,
                      int_from_ssize(vm, (ssize_t)as_str(args[0])->nchars)};
    strbuilder_drop(&e.out);
    return items[0] != 0 ? tuple_from_array_steal(vm, items, 2) : VALUE_ERROR;
}

/* The mapping for encoding that belongs to a string of the characters of all bytes. */
static Value charmap_build(ARGS) {
    if (!is_str(args[0]))
        return raise_type(vm, "charmap_build() argument must be str, not %T", args[0]);
    Value d = dict_new(vm);
    for (size_t i = 0; d != 0 && i < as_str(args[0])->nchars && i < 256; i++) {
        uint32_t c = str_char_at(vm, args[0], i);
        if (c != SINGLE_BYTE_NONE && !dict_set(vm, d, from_small_int(c), from_small_int((int64_t)i)))
            set_owned(vm, &d, 0);
    }
    return d;
}

/* --- escapes of bytes ------------------------------------------------------------------------------------------ */

static Value escape_encode(ARGS) {
    if (!is_bytes(args[0]))
        return raise_type(vm, "escape_encode() argument 1 must be bytes, not %T", args[0]);
    const Bytes *b = as_bytes(args[0]);
    StrBuilder out;
    strbuilder_init(&out, vm);
    for (size_t i = 0; i < b->len && !out.failed; i++) {
        uint8_t c = (uint8_t)b->data[i];
        if (c == '\t' || c == '\n' || c == '\r' || c == '\\' || c == '\'')
            strbuilder_add_c(&out, c == '\t'   ? "\\t"
                                   : c == '\n' ? "\\n"
                                   : c == '\r' ? "\\r"
                                   : c == '\\' ? "\\\\"
                                               : "\\'");
        else if (c < 32 || c >= 127)
            strbuilder_printf(&out, "\\x%02x", c);
        else
            strbuilder_add_char(&out, c);
    }
    Value items[2] = {out.failed ? VALUE_ERROR : bytes_new(vm, out.len != 0 ? out.data : "", out.len),
                      int_from_ssize(vm, (ssize_t)b->len)};
    strbuilder_drop(&out);
    return items[0] != 0 ? tuple_from_array_steal(vm, items, 2) : VALUE_ERROR;
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

typedef struct EscapeReader {
    VM *vm;
    const char *data, *errors;
    size_t n;
    StrBuilder out;
} EscapeReader;

static bool read_hex(EscapeReader *r, size_t *i) { /* *i is behind "\x" */
    int high = *i < r->n ? hex_value(r->data[*i]) : -1, low = *i + 1 < r->n ? hex_value(r->data[*i + 1]) : -1;
    char byte = (char)(high * 16 + low);
    if (high >= 0 && low >= 0) {
        *i += 2;
        return strbuilder_add(&r->out, &byte, 1);
    }
    if (strcmp(r->errors, "strict") == 0)
        return raise_value(r->vm, "invalid \\x escape at position %u", *i - 2);
    if (strcmp(r->errors, "replace") == 0)
        strbuilder_add_c(&r->out, "?");
    else if (strcmp(r->errors, "ignore") != 0)
        return raise_value(r->vm, "decoding error; unknown error handling code: %.400s", r->errors);
    *i += high >= 0;
    return !r->out.failed;
}

static bool read_byte_escape(EscapeReader *r, size_t *i) { /* *i is at the backslash */
    static const char plain[] = "\\\\''\"\"a\ab\bf\fn\nr\rt\tv\v";
    if (*i + 1 >= r->n)
        return raise_value(r->vm, "Trailing \\ in string");
    char c = r->data[*i + 1];
    *i += 2;
    if (c == '\n')
        return true;
    for (const char *p = plain; *p != 0; p += 2)
        if (*p == c)
            return strbuilder_add(&r->out, p + 1, 1);
    if (c == 'x')
        return read_hex(r, i);
    if (c >= '0' && c <= '7') {
        unsigned value = (unsigned)(c - '0');
        for (int k = 0; k < 2 && *i < r->n && r->data[*i] >= '0' && r->data[*i] <= '7'; k++)
            value = value << 3 | (unsigned)(r->data[(*i)++] - '0');
        if (value > 255 && !warn(r->vm, r->vm->exc.DeprecationWarning, 1, "invalid octal escape sequence '\\%c%c%c'",
                                 '0' + (int)(value >> 6), '0' + (int)(value >> 3 & 7), '0' + (int)(value & 7)))
            return false;
        char byte = (char)value;
        return strbuilder_add(&r->out, &byte, 1);
    }
    if (!warn(r->vm, r->vm->exc.DeprecationWarning, 1, "invalid escape sequence '\\%c'", (uint8_t)c))
        return false;
    strbuilder_add_c(&r->out, "\\");
    return strbuilder_add(&r->out, &c, 1);
}

static Value escape_decode(ARGS) {
    EscapeReader r = {.vm = vm};
    Buffer b;
    Value data = is_str(args[0]) ? str_encode(vm, args[0], "utf-8", "strict") : incref(args[0]);
    if (data == 0 || !errors_argument(vm, args[1], &r.errors) || !buffer_get(vm, data, &b, false)) {
        decref(vm, data);
        return VALUE_ERROR;
    }
    r.data = b.data;
    r.n = b.len;
    strbuilder_init(&r.out, vm);
    bool ok = true;
    for (size_t i = 0; ok && i < r.n;) {
        const char *stop = memchr(r.data + i, '\\', r.n - i);
        size_t run = stop != NULL ? (size_t)(stop - r.data) - i : r.n - i;
        ok = strbuilder_add(&r.out, r.data + i, run);
        i += run;
        if (ok && stop != NULL)
            ok = read_byte_escape(&r, &i);
    }
    buffer_release(vm, &b);
    decref(vm, data);
    Value items[2] = {ok ? bytes_new(vm, r.out.len != 0 ? r.out.data : "", r.out.len) : VALUE_ERROR,
                      int_from_ssize(vm, (ssize_t)r.n)};
    strbuilder_drop(&r.out);
    return items[0] != 0 ? tuple_from_array_steal(vm, items, 2) : VALUE_ERROR;
}

static const MethodSpec functions[] = {
    {"charmap_build", charmap_build, "map, /", "The mapping for encoding that belongs to a table of characters.", 0},
    {"charmap_decode", charmap_decode, "data, errors=None, mapping=None, /", NULL, 0},
    {"charmap_encode", charmap_encode, "str, errors=None, mapping=None, /", NULL, 0},
    {"escape_decode", escape_decode, "data, errors=None, /", NULL, 0},
    {"escape_encode", escape_encode, "data, errors=None, /", NULL, 0},
    {0},
};

bool codecs_add_maps(VM *vm, Value module) { return module_add_functions(vm, module, functions); }
