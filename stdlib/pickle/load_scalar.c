/* The opcodes that make a value from the bytes of the pickle alone. */
#include "stdlib/pickle/pickle.h"

/* A line with its newline, which messages show; 0 if it is empty. */
static Value line_text(VM *vm, Unpickler *u) {
    const char *line;
    size_t n;
    if (!unpickler_load_line(vm, u, &line, &n))
        return 0;
    if (n == 0)
        return load_truncated(vm);
    return str_decode(vm, line, n + 1, "latin-1", "strict");
}

/* Any base that a prefix tells, else decimal, with leading zeros too. */
static Value parse_any(VM *vm, Value text) {
    Value v = int_parse(vm, text, 0);
    if (v == 0 && error_matches(vm, vm->exc.ValueError)) {
        error_clear(vm);
        v = int_parse(vm, text, 10);
    }
    return v;
}

static Value read_int_line(VM *vm, Unpickler *u) {
    Value text = line_text(vm, u), v;
    if (text == 0)
        return 0;
    if (str_equals_c(text, "00\n") || str_equals_c(text, "01\n")) {
        v = from_bool(str_data(text)[1] == '1');
    } else if ((v = parse_any(vm, text)) == 0 && error_matches(vm, vm->exc.ValueError)) {
        error_clear(vm);
        raise_value(vm, "could not convert string to int");
    }
    decref(vm, text);
    return v;
}

static Value read_long_line(VM *vm, Unpickler *u) {
    Value text = line_text(vm, u);
    if (text == 0)
        return 0;
    size_t n = as_str(text)->nbytes;
    if (n >= 2 && str_data(text)[n - 2] == 'L')
        set_owned(vm, &text, str_new(vm, str_data(text), n - 2));
    Value v = text != 0 ? parse_any(vm, text) : 0;
    decref(vm, text);
    return v;
}

static Value read_float_line(VM *vm, Unpickler *u) {
    Value text = line_text(vm, u), v;
    double d;
    if (text == 0)
        return 0;
    if (float_from_text(str_data(text), as_str(text)->nbytes - 1, &d))
        v = double_from_bits(d);
    else
        v = raise_value(vm, "could not convert string to float: '%V'", text);
    decref(vm, text);
    return v;
}

static Value read_float(VM *vm, Unpickler *u) {
    const char *data;
    if (!unpickler_take(vm, u, 8, &data))
        return 0;
    uint64_t bits = __builtin_bswap64(load_le(data, 8));
    double d;
    memcpy(&d, &bits, 8);
    return double_from_bits(d);
}

static Value read_binint(VM *vm, Unpickler *u, int width) {
    const char *data;
    if (!unpickler_take(vm, u, (size_t)width, &data))
        return 0;
    size_t v = load_le(data, width);
    return from_small_int(width == 4 ? (int64_t)(int32_t)(uint32_t)v : (int64_t)v);
}

static Value read_long(VM *vm, Unpickler *u, int width) {
    const char *data;
    if (!unpickler_take(vm, u, (size_t)width, &data))
        return 0;
    size_t n = load_le(data, width);
    if (width == 4 && n > INT32_MAX)
        return raisef(vm, pickle_state(vm)->unpickling_error, "LONG pickle has negative byte count");
    if (!unpickler_take(vm, u, n, &data))
        return 0;
    return n == 0 ? from_small_int(0) : int_from_bytes(vm, (const uint8_t *)data, n, true, true);
}

/* Reads a length and then so many bytes. */
static bool read_sized(VM *vm, Unpickler *u, int width, const char *what, const char **data, size_t *n) {
    if (!unpickler_take(vm, u, (size_t)width, data))
        return false;
    *n = load_le(*data, width);
    if (*n > PTRDIFF_MAX)
        return raise_overflow(vm, "%s exceeds system's maximum size of %z bytes", what, (ssize_t)PTRDIFF_MAX);
    return unpickler_take(vm, u, *n, data);
}

static Value read_bytes(VM *vm, Unpickler *u, int width) {
    const char *data;
    size_t n;
    return read_sized(vm, u, width, "BINBYTES", &data, &n) ? bytes_new(vm, data, n) : 0;
}

static Value read_bytearray(VM *vm, Unpickler *u) {
    const char *data;
    size_t n;
    return read_sized(vm, u, 8, "BYTEARRAY8", &data, &n) ? bytearray_new(vm, data, n) : 0;
}

static Value read_unicode(VM *vm, Unpickler *u, int width) {
    const char *data;
    size_t n;
    return read_sized(vm, u, width, "BINUNICODE", &data, &n) ? str_decode(vm, data, n, "utf-8", "surrogatepass") : 0;
}

static Value read_unicode_line(VM *vm, Unpickler *u) {
    const char *line;
    size_t n;
    return unpickler_load_line(vm, u, &line, &n) ? str_decode(vm, line, n, "raw-unicode-escape", "strict") : 0;
}

/* A string of version 2, decoded as the unpickler was told. */
static Value old_string(VM *vm, Unpickler *u, const char *data, size_t n) {
    if (str_equals_c(u->encoding, "bytes"))
        return bytes_new(vm, data, n);
    return str_decode(vm, data, n, str_data(u->encoding), str_data(u->errors));
}

static Value read_old_string(VM *vm, Unpickler *u, int width) {
    const char *data;
    if (!unpickler_take(vm, u, (size_t)width, &data))
        return 0;
    size_t n = load_le(data, width);
    return unpickler_take(vm, u, n, &data) ? old_string(vm, u, data, n) : 0;
}

static int digit_value(char c) {
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : 99;
}

/* What follows a backslash at s; the number of bytes read of it, 0 if malformed, and the result (-1: nothing). */
static size_t unescape_one(const char *s, size_t n, int *out) {
    static const char letters[] = "\\'\"btnrfva", meanings[] = "\\'\"\b\t\n\r\f\v\a";
    const char *found = *s != 0 ? strchr(letters, *s) : NULL;
    if (found != NULL) {
        *out = (unsigned char)meanings[found - letters];
        return 1;
    }
    if (*s == '\n') {
        *out = -1;
        return 1;
    }
    if (*s == 'x') {
        if (n < 3 || digit_value(s[1]) > 15 || digit_value(s[2]) > 15)
            return 0;
        *out = digit_value(s[1]) * 16 + digit_value(s[2]);
        return 3;
    }
    size_t i = 0;
    for (*out = 0; i < 3 && i < n && digit_value(s[i]) < 8; i++)
        *out = *out * 8 + digit_value(s[i]);
    *out &= 255;
    if (i == 0)
        *out = '\\'; /* an unknown escape stays as it is */
    return i == 0 ? (size_t)-1 : i;
}

static Value read_string_line(VM *vm, Unpickler *u) {
    const char *line;
    size_t n;
    if (!unpickler_load_line(vm, u, &line, &n))
        return 0;
    while (n > 0 && (line[n - 1] == ' ' || (line[n - 1] >= '\t' && line[n - 1] <= '\r')))
        n--;
    if (n < 2 || line[0] != line[n - 1] || (line[0] != '"' && line[0] != '\''))
        return raisef(vm, pickle_state(vm)->unpickling_error, "the STRING opcode argument must be quoted");
    const char *s = line + 1, *end = line + n - 1;
    char *out = mem_alloc(vm, n);
    size_t len = 0;
    if (out == NULL)
        return 0;
    Value v = VALUE_NONE;
    while (s < end && v != 0) {
        int c = (unsigned char)*s++;
        if (c == '\\') {
            size_t used = s < end ? unescape_one(s, (size_t)(end - s), &c) : 0;
            if (s == end)
                v = raise_value(vm, "Trailing \\ in string");
            else if (used == 0)
                v = raise_value(vm, "invalid \\x escape at position %z", (ssize_t)(s - 1 - (line + 1)));
            s += used == (size_t)-1 ? 0 : used;
        }
        if (c >= 0)
            out[len++] = (char)c;
    }
    if (v != 0)
        v = old_string(vm, u, out, len);
    mem_free(vm, out, n);
    return v;
}

static Value load_ints(VM *vm, Unpickler *u, int op) {
    switch (op) {
    case OPC_INT:
        return read_int_line(vm, u);
    case OPC_BININT:
        return read_binint(vm, u, 4);
    case OPC_BININT1:
        return read_binint(vm, u, 1);
    case OPC_BININT2:
        return read_binint(vm, u, 2);
    case OPC_LONG:
        return read_long_line(vm, u);
    case OPC_LONG1:
        return read_long(vm, u, 1);
    case OPC_LONG4:
        return read_long(vm, u, 4);
    case OPC_FLOAT:
        return read_float_line(vm, u);
    default:
        return read_float(vm, u);
    }
}

static Value load_texts(VM *vm, Unpickler *u, int op) {
    switch (op) {
    case OPC_STRING:
        return read_string_line(vm, u);
    case OPC_BINSTRING:
        return read_old_string(vm, u, 4);
    case OPC_SHORT_BINSTRING:
        return read_old_string(vm, u, 1);
    case OPC_UNICODE:
        return read_unicode_line(vm, u);
    case OPC_SHORT_BINUNICODE:
        return read_unicode(vm, u, 1);
    case OPC_BINUNICODE:
        return read_unicode(vm, u, 4);
    case OPC_BINUNICODE8:
        return read_unicode(vm, u, 8);
    case OPC_SHORT_BINBYTES:
        return read_bytes(vm, u, 1);
    case OPC_BINBYTES:
        return read_bytes(vm, u, 4);
    case OPC_BINBYTES8:
        return read_bytes(vm, u, 8);
    default:
        return read_bytearray(vm, u);
    }
}

bool load_scalar(VM *vm, Unpickler *u, int op, bool *known) {
    switch (op) {
    case OPC_NONE:
        return load_push(vm, u, VALUE_NONE);
    case OPC_NEWTRUE:
        return load_push(vm, u, VALUE_TRUE);
    case OPC_NEWFALSE:
        return load_push(vm, u, VALUE_FALSE);
    case OPC_INT:
    case OPC_BININT:
    case OPC_BININT1:
    case OPC_BININT2:
    case OPC_LONG:
    case OPC_LONG1:
    case OPC_LONG4:
    case OPC_FLOAT:
    case OPC_BINFLOAT:
        return load_push(vm, u, load_ints(vm, u, op));
    case OPC_STRING:
    case OPC_BINSTRING:
    case OPC_SHORT_BINSTRING:
    case OPC_UNICODE:
    case OPC_SHORT_BINUNICODE:
    case OPC_BINUNICODE:
    case OPC_BINUNICODE8:
    case OPC_SHORT_BINBYTES:
    case OPC_BINBYTES:
    case OPC_BINBYTES8:
    case OPC_BYTEARRAY8:
        return load_push(vm, u, load_texts(vm, u, op));
    default:
        *known = false;
        return false;
    }
}
