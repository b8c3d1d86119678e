/* The module binascii: bytes as text in hexadecimal, base64, quoted-printable and uuencode, and two checksums. */
#include "object/buffer.h"
#include "object/containers.h"
#include "stdlib/init.h"

#define ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

typedef struct BinasciiState {
    Type *error, *incomplete;
    uint32_t crc_table[256];   /* of crc32 */
    int8_t base64_values[256]; /* of digits; -1: of other bytes */
} BinasciiState;

static Value raise_error(VM *vm, const char *text) {
    const BinasciiState *s = vm->module_state[MODULE_SLOT_mod_binascii_init];
    return raisef(vm, s->error, "%s", text);
}

/* Bytes, or a str that is ASCII. */
static bool ascii_buffer(VM *vm, Value v, Buffer *out) {
    if (is_str(v)) {
        if (!str_is_ascii(as_str(v)))
            return raise_value(vm, "string argument should contain only ASCII characters");
        *out = (Buffer){.owner = incref(v), .data = as_str(v)->data, .len = as_str(v)->nbytes, .readonly = true};
        return true;
    }
    if (!is_obj(v) || obj_type(as_obj(v))->slots.get_buffer == NULL)
        return raise_type(vm, "argument should be bytes, buffer or ASCII string, not '%.100T'", v);
    return buffer_get(vm, v, out, false);
}

static int flag(VM *vm, Value v, int otherwise) { return v == 0 ? otherwise : truth(vm, v); }

/* What the builder holds, as bytes. */
static Value finish(VM *vm, StrBuilder *b, bool ok) {
    Value r = ok && !b->failed ? bytes_new(vm, b->len != 0 ? b->data : "", b->len) : VALUE_ERROR;
    strbuilder_drop(b);
    return r;
}

static bool add(StrBuilder *b, int c) {
    char byte = (char)c;
    return strbuilder_add(b, &byte, 1);
}

/* --- hexadecimal ------------------------------------------------------------------------------------------------ */

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static Value hexlify(ARGS) { /* bytes.hex() knows about separators */
    Buffer b;
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    Value data = bytes_new(vm, b.data, b.len), name = data != 0 ? str_intern_c(vm, "hex") : VALUE_ERROR;
    buffer_release(vm, &b);
    Value text = name != 0 ? call_method(vm, data, name, args + 1,
                                         args[2] != 0   ? 2
                                         : args[1] != 0 ? 1
                                                        : 0)
                           : VALUE_ERROR;
    Value r = text != 0 ? bytes_new(vm, str_data(text), as_str(text)->nbytes) : VALUE_ERROR;
    decref(vm, data);
    decref(vm, name);
    decref(vm, text);
    return r;
}

static Value unhexlify(ARGS) {
    Buffer b;
    if (!ascii_buffer(vm, args[0], &b))
        return VALUE_ERROR;
    Value r = b.len % 2 != 0 ? raise_error(vm, "Odd-length string") : bytes_new(vm, NULL, b.len / 2);
    for (size_t i = 0; r != 0 && i < b.len; i += 2) {
        int high = hex_value(b.data[i]), low = hex_value(b.data[i + 1]);
        if (high < 0 || low < 0) {
            decref(vm, r);
            r = raise_error(vm, "Non-hexadecimal digit found");
        } else {
            as_bytes(r)->data[i / 2] = (char)(high * 16 + low);
        }
    }
    buffer_release(vm, &b);
    return r;
}

/* --- base64 ------------------------------------------------------------------------------------------------------
 */

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static Value b2a_base64(ARGS) {
    Buffer b;
    int newline = flag(vm, args[1], 1);
    if (newline < 0 || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    Value r = b.len > PTRDIFF_MAX / 2 ? raise_error(vm, "Too much data for base64 line")
                                      : bytes_new(vm, NULL, (b.len + 2) / 3 * 4 + (newline != 0));
    char *to = r != 0 ? as_bytes(r)->data : NULL;
    const uint8_t *p = (const uint8_t *)b.data;
    for (size_t i = 0; r != 0 && i < b.len; i += 3) {
        size_t left = b.len - i;
        uint32_t group = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);
        *to++ = base64_digits[group >> 18];
        *to++ = base64_digits[group >> 12 & 63];
        *to++ = left > 1 ? base64_digits[group >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_digits[group & 63] : '=';
    }
    if (r != 0 && newline)
        *to = '\n';
    buffer_release(vm, &b);
    return r;
}

typedef struct Base64Reader {
    VM *vm;
    bool strict, failed, done, padded;
    unsigned place, pads; /* digits of the group so far, '=' met since the last digit */
    uint32_t left;        /* bits not written yet */
    StrBuilder out;
} Base64Reader;

static void base64_fail(Base64Reader *r, const char *text) {
    raise_error(r->vm, text);
    r->failed = true;
}

static void base64_pad(Base64Reader *r, size_t i, size_t n) {
    r->padded = true;
    if (r->strict && r->place == 0) {
        base64_fail(r, i == 0 ? "Leading padding not allowed" : "Excess padding not allowed");
    } else if (r->place >= 2 && r->place + ++r->pads >= 4) {
        if (r->strict && i + 1 < n)
            base64_fail(r, "Excess data after padding");
        r->done = true;
    }
}

static void base64_digit(Base64Reader *r, uint32_t value) {
    if (r->strict && r->padded) {
        base64_fail(r, "Discontinuous padding not allowed");
        return;
    }
    r->pads = 0;
    static const uint8_t shift[4] = {0, 4, 2, 0};
    if (r->place > 0)
        add(&r->out, (int)(r->left << (r->place == 1 ? 2 : r->place == 2 ? 4 : 6) | value >> shift[r->place]));
    r->left = r->place == 0 ? value : r->place == 1 ? value & 15 : r->place == 2 ? value & 3 : 0;
    r->place = (r->place + 1) % 4;
    r->failed = r->out.failed;
}

/* Reads groups of four digits; returns the bytes that they take. */
static size_t base64_groups(Base64Reader *r, const int8_t *values, const uint8_t *p, size_t n) {
    char *start = strbuilder_room(&r->out, n / 4 * 3), *to = start;
    size_t i = 0;
    r->failed = start == NULL;
    for (; !r->failed && i + 4 <= n; i += 4) {
        int32_t group =
            values[p[i]] * (1 << 18) | values[p[i + 1]] * (1 << 12) | values[p[i + 2]] * 64 | values[p[i + 3]];
        if (group < 0)
            break;
        *to++ = (char)(group >> 16);
        *to++ = (char)(group >> 8);
        *to++ = (char)group;
    }
    if (!r->failed)
        r->out.len -= n / 4 * 3 - (size_t)(to - start);
    return i;
}

static Value a2b_base64(ARGS) {
    Buffer b;
    int strict = flag(vm, args[1], 0);
    if (strict < 0 || !ascii_buffer(vm, args[0], &b))
        return VALUE_ERROR;
    Base64Reader r = {.vm = vm, .strict = strict};
    strbuilder_init(&r.out, vm);
    const BinasciiState *state = vm->module_state[MODULE_SLOT_mod_binascii_init];
    size_t digits = 0;
    for (size_t i = 0; i < b.len && !r.failed && !r.done; i++) {
        if (r.place == 0 && b.len - i >= 4) {
            size_t read = base64_groups(&r, state->base64_values, (const uint8_t *)b.data + i, b.len - i);
            digits += read;
            i += read;
            if (r.failed || i == b.len)
                break;
        }
        int value = state->base64_values[(uint8_t)b.data[i]];
        if (b.data[i] == '=') {
            base64_pad(&r, i, b.len);
        } else if (value < 0) {
            if (r.strict)
                base64_fail(&r, "Only base64 data is allowed");
        } else {
            base64_digit(&r, (uint32_t)value);
            digits++;
        }
    }
    if (!r.failed && !r.done && r.place != 0) {
        if (r.place == 1)
            raisef(
                vm, state->error,
                "Invalid base64-encoded string: number of data characters (%u) cannot be 1 more than a multiple of 4",
                digits);
        else
            raise_error(vm, "Incorrect padding");
        r.failed = true;
    }
    buffer_release(vm, &b);
    return finish(vm, &r.out, !r.failed);
}

/* --- uuencode ------------------------------------------------------------------------------------------------------
 */

static Value b2a_uu(ARGS) {
    Buffer b;
    int backtick = flag(vm, args[1], 0);
    if (backtick < 0 || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    StrBuilder out;
    strbuilder_init(&out, vm);
    bool ok = b.len <= 45;
    if (!ok)
        raise_error(vm, "At most 45 bytes at once");
    const uint8_t *p = (const uint8_t *)b.data;
    if (ok)
        add(&out, b.len == 0 && backtick ? '`' : ' ' + (int)b.len);
    for (size_t i = 0; ok && i < b.len; i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++)
            group = group << 8 | (i + k < b.len ? p[i + k] : 0);
        for (int shift = 18; shift >= 0; shift -= 6)
            add(&out, (group >> shift & 63) == 0 && backtick ? '`' : ' ' + (int)(group >> shift & 63));
    }
    if (ok)
        add(&out, '\n');
    buffer_release(vm, &b);
    return finish(vm, &out, ok);
}

static Value a2b_uu(ARGS) {
    Buffer b;
    if (!ascii_buffer(vm, args[0], &b))
        return VALUE_ERROR;
    size_t length = ((b.len > 0 ? (uint8_t)b.data[0] : 0) - ' ') & 63, i = 1;
    uint32_t bits = 0, left = 0;
    const char *problem = NULL;
    StrBuilder out;
    strbuilder_init(&out, vm);
    while (problem == NULL && length > 0 && !out.failed) {
        uint8_t c = i < b.len ? (uint8_t)b.data[i] : '\n';
        uint32_t value = 0;
        if (c != '\n' && c != '\r') { /* a line whose trailing blanks were lost is filled up */
            if (c < ' ' || c > '`')
                problem = "Illegal char";
            value = (c - ' ') & 63u;
        }
        i++;
        left = left << 6 | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            add(&out, (int)(left >> bits));
            left &= (1u << bits) - 1;
            length--;
        }
    }
    for (; problem == NULL && i < b.len; i++)
        if (b.data[i] != ' ' && b.data[i] != '`' && b.data[i] != '\n' && b.data[i] != '\r')
            problem = "Trailing garbage";
    if (problem != NULL)
        raise_error(vm, problem);
    buffer_release(vm, &b);
    return finish(vm, &out, problem == NULL);
}

/* --- quoted-printable
 * ------------------------------------------------------------------------------------------------ */

static Value a2b_qp(ARGS) {
    Buffer b;
    int header = flag(vm, args[1], 0);
    if (header < 0 || !ascii_buffer(vm, args[0], &b))
        return VALUE_ERROR;
    StrBuilder out;
    strbuilder_init(&out, vm);
    for (size_t i = 0; i < b.len && !out.failed;) {
        char c = b.data[i];
        if (c != '=') {
            add(&out, c == '_' && header ? ' ' : c);
            i++;
            continue;
        }
        if (++i >= b.len)
            break;
        int high = hex_value(b.data[i]), low = i + 1 < b.len ? hex_value(b.data[i + 1]) : -1;
        if (b.data[i] == '\n' || b.data[i] == '\r') { /* a soft line break */
            while (i < b.len && b.data[i] != '\n')
                i++;
            i += i < b.len;
        } else if (b.data[i] == '=') {
            add(&out, '=');
            i++;
        } else if (high >= 0 && low >= 0) {
            add(&out, high * 16 + low);
            i += 2;
        } else {
            add(&out, '=');
        }
    }
    buffer_release(vm, &b);
    return finish(vm, &out, true);
}

typedef struct QpWriter {
    StrBuilder out;
    size_t width; /* of the line under way */
    bool crlf;
} QpWriter;

static void qp_break(QpWriter *w) {
    strbuilder_add_c(&w->out, w->crlf ? "\r\n" : "\n");
    w->width = 0;
}

static bool qp_line_ends(const Buffer *b, size_t i) {
    return i < b->len && (b->data[i] == '\n' || (b->data[i] == '\r' && i + 1 < b->len && b->data[i + 1] == '\n'));
}

/* Must the byte be written as =XX? */
static bool qp_quotes(const Buffer *b, size_t i, size_t width, bool quote_tabs, bool is_text, bool header) {
    uint8_t c = (uint8_t)b->data[i];
    bool last = i + 1 == b->len;
    if (c > 126 || c == '=' || (header && c == '_'))
        return true;
    if (c == '.' && width == 0)
        return last || b->data[i + 1] == '\n' || b->data[i + 1] == '\r' || b->data[i + 1] == 0;
    if (!is_text && (c == '\r' || c == '\n'))
        return true;
    if ((c == '\t' || c == ' ') && last)
        return true;
    return c < 33 && c != '\r' && c != '\n' && (quote_tabs || (c != '\t' && c != ' '));
}

static void qp_write(QpWriter *w, const Buffer *b, bool quote_tabs, bool is_text, bool header) {
    for (size_t i = 0; i < b->len && !w->out.failed;) {
        uint8_t c = (uint8_t)b->data[i];
        if (qp_quotes(b, i, w->width, quote_tabs, is_text, header)) {
            if (w->width + 3 >= 76) {
                add(&w->out, '=');
                qp_break(w);
            }
            strbuilder_printf(&w->out, "=%c%c", "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]);
            w->width += 3;
            i++;
        } else if (is_text && qp_line_ends(b, i)) {
            size_t n = w->out.len;
            char before = n > 0 && w->width > 0 ? w->out.data[n - 1] : 0;
            if (before == ' ' || before == '\t') { /* a blank at the end of a line would be lost */
                w->out.len--;
                strbuilder_add_c(&w->out, before == ' ' ? "=20" : "=09");
            }
            qp_break(w);
            i += c == '\r' ? 2 : 1;
        } else {
            if (i + 1 < b->len && b->data[i + 1] != '\n' && w->width + 1 >= 76) {
                add(&w->out, '=');
                qp_break(w);
            }
            add(&w->out, header && c == ' ' ? '_' : c);
            w->width++;
            i++;
        }
    }
}

static Value b2a_qp(ARGS) {
    Buffer b;
    int tabs = flag(vm, args[1], 0), text = flag(vm, args[2], 1), header = flag(vm, args[3], 0);
    if (tabs < 0 || text < 0 || header < 0 || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    QpWriter w = {.width = 0};
    const char *line = b.len > 0 ? memchr(b.data, '\n', b.len) : NULL;
    w.crlf = line != NULL && line > b.data && line[-1] == '\r';
    strbuilder_init(&w.out, vm);
    qp_write(&w, &b, tabs, text, header);
    buffer_release(vm, &b);
    return finish(vm, &w.out, true);
}

/* --- checksums ----------------------------------------------------------------------------------------------------
 */

static bool start_value(VM *vm, Value v, uint32_t *out) {
    *out = 0;
    if (v == 0)
        return true;
    Value i = to_index(vm, v), mask = i != 0 ? int_from_int64(vm, 0xFFFFFFFF) : VALUE_ERROR;
    Value low = mask != 0 ? arith_binary(vm, OP_AND, i, mask) : VALUE_ERROR;
    int64_t n = 0;
    bool ok = low != 0 && to_int64(vm, low, &n);
    *out = (uint32_t)n;
    decref(vm, i);
    decref(vm, mask);
    decref(vm, low);
    return ok;
}

/* Made when it is first used. */
static const uint32_t *crc_table(BinasciiState *s) {
    for (uint32_t i = 0; s->crc_table[255] == 0 && i < 256; i++) {
        uint32_t row = i;
        for (int k = 0; k < 8; k++)
            row = row >> 1 ^ (row & 1 ? 0xEDB88320u : 0);
        s->crc_table[i] = row;
    }
    return s->crc_table;
}

static Value crc32(ARGS) {
    uint32_t crc;
    Buffer b;
    if (!start_value(vm, args[1], &crc) || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    const uint32_t *table = crc_table(vm->module_state[MODULE_SLOT_mod_binascii_init]);
    crc = ~crc;
    for (size_t i = 0; i < b.len; i++)
        crc = crc >> 8 ^ table[(crc ^ (uint8_t)b.data[i]) & 255];
    buffer_release(vm, &b);
    return int_from_int64(vm, (int64_t)(uint32_t)~crc);
}

static Value crc_hqx(ARGS) {
    uint32_t crc;
    Buffer b;
    if (!start_value(vm, args[1], &crc) || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    crc &= 0xFFFF;
    for (size_t i = 0; i < b.len; i++) {
        crc ^= (uint32_t)(uint8_t)b.data[i] << 8;
        for (int k = 0; k < 8; k++)
            crc = (crc << 1 ^ (crc & 0x8000 ? 0x1021 : 0)) & 0xFFFF;
    }
    buffer_release(vm, &b);
    return int_from_int64(vm, crc);
}

static const MethodSpec functions[] = {
    {"hexlify", hexlify, "data, sep=<unrepresentable>, bytes_per_sep=1", "Hexadecimal digits of the bytes.", 0},
    {"b2a_hex", hexlify, "data, sep=<unrepresentable>, bytes_per_sep=1", "Hexadecimal digits of the bytes.", 0},
    {"unhexlify", unhexlify, "hexstr, /", "The bytes that hexadecimal digits stand for.", 0},
    {"a2b_hex", unhexlify, "hexstr, /", "The bytes that hexadecimal digits stand for.", 0},
    {"b2a_base64", b2a_base64, "data, /, *, newline=True", "A line of base64.", 0},
    {"a2b_base64", a2b_base64, "data, /, *, strict_mode=False", "The bytes of base64 text.", 0},
    {"b2a_uu", b2a_uu, "data, /, *, backtick=False", "A line of uuencode.", 0},
    {"a2b_uu", a2b_uu, "data, /", "The bytes of a line of uuencode.", 0},
    {"b2a_qp", b2a_qp, "data, quotetabs=False, istext=True, header=False", "The bytes as quoted-printable.", 0},
    {"a2b_qp", a2b_qp, "data, header=False", "The bytes of quoted-printable text.", 0},
    {"crc32", crc32, "data, crc=0, /", "CRC-32 of the bytes.", 0},
    {"crc_hqx", crc_hqx, "data, crc, /", "CRC-CCITT of the bytes.", 0},
    {0},
};

bool mod_binascii_init(VM *vm, Value module) {
    BinasciiState *s = mem_zalloc(vm, sizeof *s);
    if (s == NULL)
        return false;
    vm->module_state[MODULE_SLOT_mod_binascii_init] = s;
    memset(s->base64_values, -1, sizeof s->base64_values);
    for (int i = 0; i < 64; i++)
        s->base64_values[(uint8_t)base64_digits[i]] = (int8_t)i;
    return (s->error = module_exception(vm, "binascii", "Error", vm->exc.ValueError,
                                        "The text is not what the encoding makes.")) != NULL &&
           (s->incomplete = module_exception(vm, "binascii", "Incomplete", vm->exc.Exception,
                                             "The data end too early.")) != NULL &&
           module_add(vm, module, "Error", incref(type_value(s->error))) &&
           module_add(vm, module, "Incomplete", incref(type_value(s->incomplete))) &&
           module_add_functions(vm, module, functions);
}
