/* _urllib: percent-encoding, which is bytes in and bytes out, and the normalization that urllib.parse checks hosts
 * with. */
#include "object/bytes.h"
#include "object/containers.h"
#include "object/unicode.h"
#include "stdlib/init.h"

static bool always_safe(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_.-~", c));
}

/* quote(data, safe): %XX for every byte that is not safe. */
static Value quote(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    static const char digits[] = "0123456789ABCDEF";
    Buffer data, extra;
    bool safe[256];
    if (!buffer_get(vm, args[0], &data, false))
        return VALUE_ERROR;
    if (!buffer_get(vm, args[1], &extra, false)) {
        buffer_release(vm, &data);
        return VALUE_ERROR;
    }
    for (int c = 0; c < 256; c++)
        safe[c] = always_safe((char)c);
    for (size_t i = 0; i < extra.len; i++)
        safe[(uint8_t)extra.data[i]] |= (uint8_t)extra.data[i] < 128;
    StrBuilder b;
    strbuilder_init(&b, vm);
    for (size_t i = 0; i < data.len;) {
        size_t run = i;
        while (i < data.len && safe[(uint8_t)data.data[i]])
            i++;
        strbuilder_add(&b, data.data + run, i - run);
        if (i < data.len) {
            uint8_t c = (uint8_t)data.data[i++];
            char text[3] = {'%', digits[c >> 4], digits[c & 15]};
            strbuilder_add(&b, text, sizeof text);
        }
    }
    buffer_release(vm, &extra);
    buffer_release(vm, &data);
    return strbuilder_finish(&b);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* unquote(data): bytes for %xx; what is no such escape stays. */
static Value unquote(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Buffer data;
    if (!buffer_get(vm, args[0], &data, false))
        return VALUE_ERROR;
    char *text = mem_alloc(vm, data.len);
    size_t n = 0;
    for (size_t i = 0; text && i < data.len; i++) {
        int high = -1, low = -1;
        if (data.data[i] == '%' && data.len - i > 2) {
            high = hex_digit(data.data[i + 1]);
            low = hex_digit(data.data[i + 2]);
        }
        bool escaped = high >= 0 && low >= 0;
        text[n++] = escaped ? (char)(high << 4 | low) : data.data[i];
        i += escaped ? 2 : 0;
    }
    Value result = text ? bytes_new(vm, text, n) : VALUE_ERROR;
    mem_free(vm, text, data.len);
    buffer_release(vm, &data);
    return result;
}

static Value nfkc(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "a str is required, not '%T'", args[0]);
    return unicode_normalize(vm, args[0], UNICODE_NFKC);
}

static const MethodSpec functions[] = {
    {"quote", quote, "data, safe, /", "Bytes as text with %XX for those that are not safe.", 0},
    {"unquote", unquote, "data, /", "The bytes with %XX escapes replaced.", 0},
    {"nfkc", nfkc, "text, /", "The text in normalization form KC.", 0},
    {0},
};

bool mod_urllib_init(VM *vm, Value module) { return module_add_functions(vm, module, functions); }
