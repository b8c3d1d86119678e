/* Strings in JSON. */
#include "stdlib/json/json.h"

#include "base/utf8.h"

#define HEX "0123456789abcdef"

Value json_error(VM *vm, const char *message, Value whole, const char *at) {
    size_t offset = (size_t)(at - str_data(whole));
    Value name = str_intern_c(vm, "json"), error = VALUE_ERROR;
    Value module = name ? vm->import_name(vm, name, 0, VALUE_NONE, 0) : VALUE_ERROR;
    Value class = module ? attr_get_c(vm, module, "JSONDecodeError") : VALUE_ERROR;
    Value text = class ? str_from_c(vm, message) : VALUE_ERROR;
    if (text)
        error = call3(vm, class, text, whole, int_from_ssize(vm, (ssize_t)str_char_offset(vm, whole, offset)));
    decref(vm, text);
    decref(vm, class);
    decref(vm, module);
    decref(vm, name);
    return raise_new(vm, error);
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

/* The first byte at or behind p that needs a look: a quote, a backslash or a control character. *bits collects the
 * bytes passed, eight at a time, for their upper bits. */
static const char *plain_run(const char *p, const char *end, uint64_t *bits) {
    const uint64_t ones = 0x0101010101010101u, high = ones << 7;
    while (end - p >= 8) {
        uint64_t w, quote, backslash;
        memcpy(&w, p, 8);
        quote = w ^ ones * '"';
        backslash = w ^ ones * '\\';
        /* a byte below 32, or one that became 0; bytes from 128 on may be taken for one behind a real one only */
        if ((((w - ones * 32) & ~w) | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash)) & high)
            break;
        *bits |= w;
        p += 8;
    }
    for (; p < end && *p != '"' && *p != '\\' && (uint8_t)*p >= 32; p++)
        *bits |= (uint8_t)*p;
    return p;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits, which do not end the text; -1: there are none. */
static int32_t unit(const char *p, const char *end) {
    int32_t value = 0;
    if (end - p <= 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(p[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* Behind "\u". A pair of surrogates becomes one character. */
static bool unicode_escape(VM *vm, Value whole, const char **at, const char *end, StrBuilder *out) {
    const char *p = *at;
    int32_t c = unit(p, end);
    if (c < 0)
        return json_error(vm, "Invalid \\uXXXX escape", whole, p - 1);
    p += 4;
    if ((c & 0xFC00) == 0xD800 && end - p > 6 && p[0] == '\\' && p[1] == 'u') {
        int32_t low = unit(p + 2, end);
        if (low >= 0 && (low & 0xFC00) == 0xDC00) {
            c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
            p += 6;
        }
    }
    *at = p;
    return strbuilder_add_char(out, (uint32_t)c);
}

static bool escape(VM *vm, Value whole, const char **at, const char *end, StrBuilder *out) {
    static const char pairs[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    const char *p = *at; /* behind the backslash */
    char c = *p;
    if (c == 'u') {
        *at = p + 1;
        return unicode_escape(vm, whole, at, end, out);
    }
    for (const char *row = pairs; *row; row += 2) {
        if (*row == c) {
            *at = p + 1;
            return strbuilder_add(out, row + 1, 1);
        }
    }
    return json_error(vm, "Invalid \\escape", whole, p - 1);
}

/* The rest of a string that is not plain: `start` is its first byte, `p` where plain_run stopped. */
static Value read_escaped(VM *vm, Value whole, const char *start, const char **at, bool strict) {
    const char *end = str_data(whole) + as_str(whole)->nbytes, *p = *at, *run = start;
    uint64_t bits = 0;
    StrBuilder out;
    strbuilder_init(&out, vm);
    while (p < end && *p != '"') {
        if (*p == '\\') {
            strbuilder_add(&out, run, (size_t)(p - run));
            p++;
            if (p == end)
                break;
            if (!escape(vm, whole, &p, end, &out))
                goto fail;
            run = p;
        } else if ((uint8_t)*p < 32 && strict) {
            json_error(vm, "Invalid control character at", whole, p);
            goto fail;
        } else {
            p++;
        }
        p = plain_run(p, end, &bits);
    }
    if (p == end) {
        json_error(vm, "Unterminated string starting at", whole, start - 1);
        goto fail;
    }
    strbuilder_add(&out, run, (size_t)(p - run));
    *at = p + 1;
    return strbuilder_finish(&out);
fail:
    strbuilder_drop(&out);
    return VALUE_ERROR;
}

Value json_read_string(VM *vm, Value whole, const char **at, bool strict) {
    const char *end = str_data(whole) + as_str(whole)->nbytes, *start = *at;
    uint64_t bits = 0;
    const char *p = plain_run(start, end, &bits);
    *at = p;
    if (p == end || *p != '"')
        return read_escaped(vm, whole, start, at, strict);
    *at = p + 1;
    if (bits & 0x8080808080808080u)
        return str_new(vm, start, (size_t)(p - start));
    return str_new_ascii(vm, start, (size_t)(p - start));
}

/* ---- writing --------------------------------------------------------------------------------------------------- */

static bool add_unit(StrBuilder *out, uint32_t u) {
    char text[6] = {'\\', 'u', HEX[u >> 12], HEX[u >> 8 & 15], HEX[u >> 4 & 15], HEX[u & 15]};
    char *to = strbuilder_room(out, sizeof text);
    if (to)
        memcpy(to, text, sizeof text);
    return to != NULL;
}

static bool add_escaped(StrBuilder *out, uint32_t c) {
    static const char pairs[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *row = pairs; *row && c < 128; row += 2) {
        if ((uint8_t)*row == c) {
            char text[2] = {'\\', row[1]};
            return strbuilder_add(out, text, 2);
        }
    }
    if (c < 0x10000)
        return add_unit(out, c);
    c -= 0x10000;
    return add_unit(out, 0xD800 | c >> 10) && add_unit(out, 0xDC00 | (c & 0x3FF));
}

/* What can stand as it is where everything shall be printable ASCII. */
static const char *ascii_run(const char *p, const char *end) {
    while (p < end && (uint8_t)*p - 32u < 95 && *p != '"' && *p != '\\')
        p++;
    return p;
}

bool json_write_string(StrBuilder *out, Value s, bool ascii) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    uint64_t bits = 0;
    if (!strbuilder_add(out, "\"", 1))
        return false;
    while (p < end) {
        const char *run = p;
        p = ascii ? ascii_run(p, end) : plain_run(p, end, &bits);
        if (p > run && !strbuilder_add(out, run, (size_t)(p - run)))
            return false;
        if (p == end)
            break;
        if (!add_escaped(out, utf8_next(&p)))
            return false;
    }
    return strbuilder_add(out, "\"", 1);
}

/* ---- functions of the module ----------------------------------------------------------------------------------- */

static Value write_function(VM *vm, Value s, bool ascii) {
    StrBuilder out;
    if (!is_str(s))
        return raise_type(vm, "first argument must be a string, not %.80T", s);
    strbuilder_init(&out, vm);
    json_write_string(&out, s, ascii);
    return strbuilder_finish(&out);
}

static Value encode_ascii(NATIVE_ARGS) { return write_function(vm, args[0], true); }
static Value encode_any(NATIVE_ARGS) { return write_function(vm, args[0], false); }

static Value scan_string(NATIVE_ARGS) {
    ssize_t index;
    if (!is_str(args[0]))
        return raise_type(vm, "first argument must be a string, not %.80T", args[0]);
    if (!to_ssize(vm, args[1], &index))
        return VALUE_ERROR;
    if (index < 0 || (size_t)index > as_str(args[0])->nchars)
        return raise_value(vm, "end is out of bounds");
    int strict = args[2] ? truth(vm, args[2]) : 1;
    if (strict < 0)
        return VALUE_ERROR;
    const char *at = str_data(args[0]) + str_byte_offset(vm, args[0], (size_t)index);
    Value text = json_read_string(vm, args[0], &at, strict), result = VALUE_ERROR;
    if (text) {
        size_t end = str_char_offset(vm, args[0], (size_t)(at - str_data(args[0])));
        result = tuple_pack(vm, 2, text, int_from_ssize(vm, (ssize_t)end));
    }
    decref(vm, text);
    return result;
}

/* Where blanks that begin at an index end. */
static Value skip_blanks(NATIVE_ARGS) {
    ssize_t index;
    if (!is_str(args[0]))
        return raise_type(vm, "expected string or bytes-like object, got '%T'", args[0]);
    if (!to_ssize(vm, args[1], &index))
        return VALUE_ERROR;
    size_t n = as_str(args[0])->nchars, from = index < 0 ? 0 : (size_t)index > n ? n : (size_t)index;
    const char *p = str_data(args[0]) + str_byte_offset(vm, args[0], from);
    size_t blanks = strspn(p, " \t\n\r");
    return int_from_ssize(vm, (ssize_t)(from + blanks));
}

const MethodSpec json_text_functions[] = {
    {"encode_basestring_ascii", encode_ascii, "string, /", "The string as JSON, in ASCII.", 0},
    {"encode_basestring", encode_any, "string, /", "The string as JSON.", 0},
    {"scanstring", scan_string, "string, end, strict=True, /",
     "The string that begins before index `end`, and the index behind its closing quote.", 0},
    {"skip_blanks", skip_blanks, "string, index, /", "The index of the first character that is not blank.", 0},
    {0},
};
