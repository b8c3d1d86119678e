/* Format strings: byte order, codes, repeat counts and alignment. */
#include "stdlib/struct/struct.h"

#include <stddef.h>

typedef struct CodeInfo {
    char code;
    uint8_t kind; /* FieldKind */
    uint8_t native_size, native_align;
    uint8_t standard_size; /* 0: the code exists in native formats only */
} CodeInfo;

#define NATIVE(type) sizeof(type), _Alignof(type)

static const CodeInfo codes[] = {
    {'x', FIELD_PAD, 1, 1, 1},
    {'c', FIELD_CHAR, 1, 1, 1},
    {'s', FIELD_STRING, 1, 1, 1},
    {'p', FIELD_PASCAL, 1, 1, 1},
    {'b', FIELD_SIGNED, NATIVE(signed char), 1},
    {'B', FIELD_UNSIGNED, NATIVE(unsigned char), 1},
    {'h', FIELD_SIGNED, NATIVE(short), 2},
    {'H', FIELD_UNSIGNED, NATIVE(unsigned short), 2},
    {'i', FIELD_SIGNED, NATIVE(int), 4},
    {'I', FIELD_UNSIGNED, NATIVE(unsigned), 4},
    {'l', FIELD_SIGNED, NATIVE(long), 4},
    {'L', FIELD_UNSIGNED, NATIVE(unsigned long), 4},
    {'q', FIELD_SIGNED, NATIVE(long long), 8},
    {'Q', FIELD_UNSIGNED, NATIVE(unsigned long long), 8},
    {'n', FIELD_SIGNED, NATIVE(ssize_t), 0},
    {'N', FIELD_UNSIGNED, NATIVE(size_t), 0},
    {'P', FIELD_ADDRESS, NATIVE(void *), 0},
    {'?', FIELD_BOOL, NATIVE(bool), 1},
    {'e', FIELD_FLOAT, 2, _Alignof(short), 2},
    {'f', FIELD_FLOAT, NATIVE(float), 4},
    {'d', FIELD_FLOAT, NATIVE(double), 8},
};

#define SIZE_LIMIT ((size_t)SSIZE_MAX)

static const CodeInfo *find_code(char c, bool native) {
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        if (codes[i].code == c && (native || codes[i].standard_size))
            return &codes[i];
    return NULL;
}

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static Value raise_too_long(VM *vm) { return raise_struct(vm, "total struct size too long"); }

/* Reads the next code and its count; 1, 0 at the end, -1 with an exception. */
static int next_code(VM *vm, const char **p, bool native, const CodeInfo **info, size_t *count) {
    const char *s = *p;
    while (is_blank(*s))
        s++;
    if (!*s)
        return 0;
    *count = 1;
    if (*s >= '0' && *s <= '9') {
        *count = 0;
        while (*s >= '0' && *s <= '9') {
            if (__builtin_mul_overflow(*count, (size_t)10, count) ||
                __builtin_add_overflow(*count, (size_t)(*s++ - '0'), count) || *count > SIZE_LIMIT) {
                raise_too_long(vm);
                return -1;
            }
        }
        if (!*s) {
            raise_struct(vm, "repeat count given without format specifier");
            return -1;
        }
    }
    *info = find_code(*s, native);
    if (!*info) {
        raise_struct(vm, "bad char in struct format");
        return -1;
    }
    *p = s + 1;
    return 1;
}

/* Gives one code its place; pads and repeat counts of zero only align and add to the size. */
static bool place_item(Layout *l, const CodeInfo *info, size_t count, bool native, Item *out) {
    size_t size = native ? info->native_size : info->standard_size, all;
    size_t align = native ? info->native_align : 1, gap = (align - l->size % align) % align;
    bool text = info->kind == FIELD_STRING || info->kind == FIELD_PASCAL;
    if (l->size > SIZE_LIMIT - gap || __builtin_mul_overflow(count, size, &all))
        return false;
    size_t offset = l->size + gap;
    if (all > SIZE_LIMIT - offset)
        return false;
    l->size = offset + all;
    if (info->kind == FIELD_PAD || (count == 0 && !text))
        return true;
    if (out)
        *out = (Item){.offset = offset,
                      .size = text ? count : size,
                      .repeat = text ? 1 : count,
                      .kind = info->kind,
                      .code = info->code};
    l->nitems++;
    l->nvalues += text ? 1 : count;
    return true;
}

/* Walks the format; items may be NULL to count only. */
static bool compile(VM *vm, const char *format, Layout *l, Item *items) {
    bool native = true;
    const char *p = format;
    l->size = l->nvalues = l->nitems = 0;
    l->big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    if (*p && strchr("@=<>!", *p)) {
        native = *p == '@';
        if (*p == '<')
            l->big = false;
        else if (*p == '>' || *p == '!')
            l->big = true;
        p++;
    }
    l->native = native;
    const CodeInfo *info;
    size_t count;
    int more;
    while ((more = next_code(vm, &p, native, &info, &count)) > 0)
        if (!place_item(l, info, count, native, items ? &items[l->nitems] : NULL))
            return raise_too_long(vm);
    return more == 0;
}

Value layout_new(VM *vm, const char *format, size_t n) {
    if (strlen(format) != n)
        return raise_struct(vm, "embedded null character");
    Layout counted;
    if (!compile(vm, format, &counted, NULL))
        return VALUE_ERROR;
    Value bytes = bytes_new(vm, NULL, sizeof(Layout) + counted.nitems * sizeof(Item));
    if (bytes) {
        Layout *l = (Layout *)as_bytes(bytes)->data;
        compile(vm, format, l, l->items);
    }
    return bytes;
}
