/* The methods that bytes and bytearray have in common. Arguments are read first, since that may run scripts which
 * change a bytearray; from the moment the Text of self is taken, nothing runs. An argument's buffer keeps its owner
 * from being resized meanwhile, self included. */
#include "object/bytes_internal.h"

#define BYTE_RANGE "byte must be in range(0, 256)"

/* --- arguments ------------------------------------------------------------------------------------------------- */

/* What find() and the like look for: bytes, or one byte given as a number. */
typedef struct Needle {
    Buffer buffer;
    char byte;
    const char *data;
    size_t n;
} Needle;

static bool needle_get(VM *vm, Value v, Needle *out) {
    *out = (Needle){0};
    if (has_buffer(v)) {
        if (!buffer_get(vm, v, &out->buffer, false))
            return false;
        out->data = out->buffer.data;
        out->n = out->buffer.len;
        return true;
    }
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return raise_type(vm, "argument should be integer or bytes-like object, not '%.200T'", v);
    uint8_t byte;
    if (!byte_value(vm, v, BYTE_RANGE, &byte))
        return false;
    out->byte = (char)byte;
    out->n = 1;
    return true;
}

static const char *needle_data(const Needle *n) { return n->data != NULL ? n->data : &n->byte; }
static void needle_release(VM *vm, Needle *n) { buffer_release(vm, &n->buffer); }

static bool int_argument(VM *vm, Value v, ssize_t absent, ssize_t *out) {
    *out = absent;
    return v == 0 || to_ssize(vm, v, out);
}

/* Start and stop of the part of self that is meant; fitted to the length when all arguments have been read. */
static bool span_arguments(VM *vm, Value self, Value *args, Text *t, size_t *first) {
    ssize_t from, to;
    if (!range_arguments(vm, args[1], args[2], raw_len(self), &from, &to))
        return false;
    *t = raw_text(self);
    if (to > (ssize_t)t->len)
        to = (ssize_t)t->len;
    *first = (size_t)from;
    t->owner = from > to ? 0 : self; /* 0: an empty part that contains nothing, not even b'' */
    t->data += from > to ? 0 : from;
    t->len = from > to ? 0 : (size_t)(to - from);
    return true;
}

/* --- searching ------------------------------------------------------------------------------------------------- */

/* -1: not there, -2: error */
static ssize_t find_bytes(VM *vm, Value self, Value *args, bool last) {
    Needle n;
    Text t;
    size_t first;
    if (!needle_get(vm, args[0], &n))
        return -2;
    if (!span_arguments(vm, self, args, &t, &first)) {
        needle_release(vm, &n);
        return -2;
    }
    ssize_t i = t.owner == 0 ? -1 : (last ? text_rfind : text_find)(t.data, t.len, needle_data(&n), n.n);
    needle_release(vm, &n);
    return i < 0 ? -1 : i + (ssize_t)first;
}

#define FIND_METHOD(name, last)                                                                                      \
    static Value name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                                \
        ssize_t i = find_bytes(vm, self, args, last);                                                                \
        return i == -2 ? VALUE_ERROR : from_small_int(i);                                                            \
    }
FIND_METHOD(find, false)
FIND_METHOD(rfind, true)

#define INDEX_METHOD(name, last)                                                                                     \
    static Value name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                                \
        ssize_t i = find_bytes(vm, self, args, last);                                                                \
        return i >= 0 ? from_small_int(i) : i == -2 ? VALUE_ERROR : raise_value(vm, "subsection not found");         \
    }
INDEX_METHOD(index_of_bytes, false)
INDEX_METHOD(rindex_of_bytes, true)

static Value count(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Needle n;
    Text t;
    size_t first;
    if (!needle_get(vm, args[0], &n))
        return VALUE_ERROR;
    bool ok = span_arguments(vm, self, args, &t, &first);
    size_t found = 0;
    if (ok && t.owner != 0)
        found = n.n == 0 ? t.len + 1 : text_count(t.data, t.len, needle_data(&n), n.n, SIZE_MAX);
    needle_release(vm, &n);
    return ok ? from_small_int((int64_t)found) : VALUE_ERROR;
}

/* 1, 0, -1 */
static int matches_end(VM *vm, Value self, Value *args, Value affix, bool at_end) {
    Buffer b;
    Text t;
    size_t first;
    if (!buffer_get(vm, affix, &b, false))
        return -1;
    int r = -1;
    if (span_arguments(vm, self, args, &t, &first))
        r = t.owner != 0 && b.len <= t.len && memcmp(at_end ? t.data + t.len - b.len : t.data, b.data, b.len) == 0;
    buffer_release(vm, &b);
    return r;
}

static Value match_ends(VM *vm, Value self, Value *args, bool at_end, const char *name) {
    int r = 0;
    if (is_tuple(args[0])) {
        const Tuple *all = as_tuple(args[0]);
        for (size_t i = 0; i < all->len && r == 0; i++)
            r = matches_end(vm, self, args, all->items[i], at_end);
    } else if (has_buffer(args[0])) {
        r = matches_end(vm, self, args, args[0], at_end);
    } else {
        return raise_type(vm, "%s first arg must be bytes or a tuple of bytes, not %.200T", name, args[0]);
    }
    return r < 0 ? VALUE_ERROR : from_bool(r);
}

static Value startswith(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return match_ends(vm, self, args, false, "startswith");
}

static Value endswith(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return match_ends(vm, self, args, true, "endswith");
}

/* --- splitting and joining ------------------------------------------------------------------------------------- */

static Value split_bytes(VM *vm, Value self, Value *args, bool right) {
    ssize_t max;
    if (!int_argument(vm, args[1], -1, &max))
        return VALUE_ERROR;
    if (args[0] == 0 || is_none(args[0])) {
        Text t = raw_text(self);
        return (right ? text_rsplit : text_split)(vm, &t, NULL, 0, max);
    }
    Buffer sep;
    if (!buffer_get(vm, args[0], &sep, false))
        return VALUE_ERROR;
    Text t = raw_text(self);
    Value r;
    if (sep.len == 0)
        r = raise_value(vm, "empty separator");
    else
        r = (right ? text_rsplit : text_split)(vm, &t, sep.data, sep.len, max);
    buffer_release(vm, &sep);
    return r;
}

static Value split(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return split_bytes(vm, self, args, false);
}

static Value rsplit(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return split_bytes(vm, self, args, true);
}

static Value splitlines(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int keep = args[0] ? truth(vm, args[0]) : 0;
    if (keep < 0)
        return VALUE_ERROR;
    Text t = raw_text(self);
    return text_splitlines(vm, &t, keep);
}

static Value partition_bytes(VM *vm, Value self, Value separator, bool last) {
    Buffer sep;
    if (!buffer_get(vm, separator, &sep, false))
        return VALUE_ERROR;
    Text t = raw_text(self);
    Value r = text_partition(vm, &t, sep.data, sep.len, t.kind == KIND_BYTES ? separator : 0, last);
    buffer_release(vm, &sep);
    return r;
}

static Value partition(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return partition_bytes(vm, self, args[0], false);
}

static Value rpartition(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return partition_bytes(vm, self, args[0], true);
}

/* Adds up the lengths; all the buffers stay open until the copy is made. */
static Value join_buffers(VM *vm, const Text *sep, Buffer *buffers, size_t n) {
    size_t total = 0;
    for (size_t i = 0; i < n; i++) {
        total += buffers[i].len + (i + 1 < n ? sep->len : 0);
        if (total > STR_BYTES_MAX)
            return raise_overflow(vm, "join() result is too long");
    }
    char *to;
    Value r = text_alloc(vm, sep, total, 0, &to);
    for (size_t i = 0; r != 0 && i < n; i++) {
        memcpy(to, buffers[i].data, buffers[i].len);
        to += buffers[i].len;
        if (i + 1 < n && sep->len != 0) {
            memcpy(to, sep->data, sep->len);
            to += sep->len;
        }
    }
    return r;
}

static Value join_items(VM *vm, Value self, Value *items, size_t n) {
    Buffer *buffers = mem_alloc(vm, n * sizeof *buffers);
    if (buffers == NULL)
        return VALUE_ERROR;
    size_t open = 0;
    while (open < n) {
        /* of anything but a contiguous buffer CPython says only that it is not what it expected */
        if (!has_buffer(items[open]) || !buffer_get(vm, items[open], &buffers[open], false)) {
            if (error_pending(vm))
                error_clear(vm);
            raise_type(vm, "sequence item %u: expected a bytes-like object, %.80T found", open, items[open]);
            break;
        }
        open++;
    }
    Text sep = raw_text(self);
    Value r = open == n ? join_buffers(vm, &sep, buffers, n) : VALUE_ERROR;
    for (size_t i = 0; i < open; i++)
        buffer_release(vm, &buffers[i]);
    mem_free(vm, buffers, n * sizeof *buffers);
    return r;
}

static Value join(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value owner, *items;
    size_t n;
    if (!sequence_view(vm, args[0], "can only join an iterable", &owner, &items, &n))
        return VALUE_ERROR;
    Value r;
    if (n == 1 && has_exact_kind(items[0], KIND_BYTES) && is_bytes(self))
        r = incref(items[0]);
    else
        r = join_items(vm, self, items, n);
    decref(vm, owner);
    return r;
}

/* --- changing -------------------------------------------------------------------------------------------------- */

static Value replace(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t max;
    Buffer old, new;
    if (!int_argument(vm, args[2], -1, &max) || !buffer_get(vm, args[0], &old, false))
        return VALUE_ERROR;
    Value r = VALUE_ERROR;
    if (buffer_get(vm, args[1], &new, false)) {
        Text t = raw_text(self);
        r = text_replace(vm, &t, old.data, old.len, new.data, new.len, max);
        buffer_release(vm, &new);
    }
    buffer_release(vm, &old);
    return r;
}

static Value strip_bytes(VM *vm, Value self, Value chars, int sides) {
    if (chars == 0 || is_none(chars)) {
        Text t = raw_text(self);
        return text_strip(vm, &t, NULL, 0, sides);
    }
    Buffer b;
    if (!buffer_get(vm, chars, &b, false))
        return VALUE_ERROR;
    Text t = raw_text(self);
    Value r = text_strip(vm, &t, b.data, b.len, sides);
    buffer_release(vm, &b);
    return r;
}

static Value strip(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return strip_bytes(vm, self, args[0], STRIP_LEFT | STRIP_RIGHT);
}

static Value lstrip(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return strip_bytes(vm, self, args[0], STRIP_LEFT);
}

static Value rstrip(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return strip_bytes(vm, self, args[0], STRIP_RIGHT);
}

static Value remove_affix(VM *vm, Value self, Value affix, bool at_end) {
    Buffer b;
    if (!buffer_get(vm, affix, &b, false))
        return VALUE_ERROR;
    Text t = raw_text(self);
    const char *at = at_end ? t.data + t.len - b.len : t.data;
    size_t cut = b.len <= t.len && memcmp(at, b.data, b.len) == 0 ? b.len : 0;
    Value r = text_make(vm, &t, at_end ? t.data : t.data + cut, t.len - cut);
    buffer_release(vm, &b);
    return r;
}

static Value removeprefix(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return remove_affix(vm, self, args[0], false);
}

static Value removesuffix(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return remove_affix(vm, self, args[0], true);
}

static Value expandtabs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int size = 8;
    if (args[0] && !to_c_int(vm, args[0], &size))
        return VALUE_ERROR;
    Text t = raw_text(self);
    return text_expandtabs(vm, &t, size);
}

enum { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTER };

static Value justify(VM *vm, Value self, Value *args, int how, const char *name) {
    ssize_t width;
    uint8_t fill = ' ';
    if (!to_ssize(vm, args[0], &width))
        return VALUE_ERROR;
    if (args[1]) {
        if (!(is_bytes(args[1]) || is_bytearray(args[1])) || raw_len(args[1]) != 1)
            return raise_type(vm, "%s() argument 2 must be a byte string of length 1, not %.50T", name, args[1]);
        fill = (uint8_t)raw_data(args[1])[0];
    }
    Text t = raw_text(self);
    size_t pad = width > 0 && (size_t)width > t.len ? (size_t)width - t.len : 0;
    size_t left = how == ALIGN_LEFT ? 0 : how == ALIGN_RIGHT ? pad : pad / 2 + (pad & (size_t)width & 1);
    return text_pad(vm, &t, left, pad - left, fill);
}

static Value ljust(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return justify(vm, self, args, ALIGN_LEFT, "ljust");
}

static Value rjust(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return justify(vm, self, args, ALIGN_RIGHT, "rjust");
}

static Value center(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return justify(vm, self, args, ALIGN_CENTER, "center");
}

static Value zfill(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t width;
    if (!to_ssize(vm, args[0], &width))
        return VALUE_ERROR;
    Text t = raw_text(self);
    return text_zfill(vm, &t, t.len, width);
}

static Value translate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Buffer table = {0}, delete = {0};
    bool dropped[256] = {false};
    if (!is_none(args[0]) && !buffer_get(vm, args[0], &table, false))
        return VALUE_ERROR;
    if (table.owner != 0 && table.len != 256) {
        buffer_release(vm, &table);
        return raise_value(vm, "translation table must be 256 characters long");
    }
    if (args[1] != 0 && !buffer_get(vm, args[1], &delete, false)) {
        buffer_release(vm, &table);
        return VALUE_ERROR;
    }
    for (size_t i = 0; i < delete.len; i++)
        dropped[(uint8_t) delete.data[i]] = true;
    Text t = raw_text(self);
    size_t n = 0;
    for (size_t i = 0; i < t.len; i++)
        n += !dropped[(uint8_t)t.data[i]];
    char *to;
    Value r = text_alloc(vm, &t, n, n, &to);
    for (size_t i = 0; r != 0 && i < t.len; i++) {
        uint8_t c = (uint8_t)t.data[i];
        if (!dropped[c])
            *to++ = table.owner != 0 ? table.data[c] : (char)c;
    }
    buffer_release(vm, &delete);
    buffer_release(vm, &table);
    return r;
}

static Value maketrans(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Buffer from, to;
    if (!buffer_get(vm, args[0], &from, false))
        return VALUE_ERROR;
    if (!buffer_get(vm, args[1], &to, false)) {
        buffer_release(vm, &from);
        return VALUE_ERROR;
    }
    Value r;
    if (from.len != to.len) {
        r = raise_value(vm, "maketrans arguments must have same length");
    } else if ((r = bytes_new(vm, NULL, 256)) != 0) {
        for (int i = 0; i < 256; i++)
            as_bytes(r)->data[i] = (char)i;
        for (size_t i = 0; i < from.len; i++)
            as_bytes(r)->data[(uint8_t)from.data[i]] = to.data[i];
    }
    buffer_release(vm, &to);
    buffer_release(vm, &from);
    return r;
}

/* --- case and questions ---------------------------------------------------------------------------------------- */

static ALWAYS_INLINE bool byte_lower(uint8_t c) { return (unsigned)(c - 'a') < 26; }
static ALWAYS_INLINE bool byte_upper(uint8_t c) { return (unsigned)(c - 'A') < 26; }
static ALWAYS_INLINE bool byte_alpha(uint8_t c) { return byte_lower(c | 32); }
static ALWAYS_INLINE bool byte_digit(uint8_t c) { return (unsigned)(c - '0') < 10; }
static ALWAYS_INLINE bool byte_alnum(uint8_t c) { return byte_alpha(c) || byte_digit(c); }
static ALWAYS_INLINE bool byte_space(uint8_t c) { return c == ' ' || (c >= 9 && c <= 13); }

static ALWAYS_INLINE uint8_t make_upper(uint8_t c) { return c ^ (uint8_t)(byte_lower(c) << 5); }
static ALWAYS_INLINE uint8_t make_lower(uint8_t c) { return c ^ (uint8_t)(byte_upper(c) << 5); }

static Value map_case(VM *vm, Value self, bool to_upper) {
    Text t = raw_text(self);
    char *to;
    Value r = text_alloc(vm, &t, t.len, t.len, &to);
    if (r != 0)
        text_map_case(to, t.data, t.len, to_upper);
    return r;
}

static Value upper(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return map_case(vm, self, true); }
static Value lower(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return map_case(vm, self, false); }

static Value capitalize(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value r = map_case(vm, self, false);
    if (r != 0 && raw_len(r) != 0) {
        char *data = is_bytes(r) ? as_bytes(r)->data : as_bytearray(r)->data;
        data[0] = (char)make_upper((uint8_t)data[0]);
    }
    return r;
}

static Value swapcase(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Text t = raw_text(self);
    char *to;
    Value r = text_alloc(vm, &t, t.len, t.len, &to);
    for (size_t i = 0; r != 0 && i < t.len; i++)
        to[i] = (char)((uint8_t)t.data[i] ^ byte_alpha((uint8_t)t.data[i]) << 5);
    return r;
}

static Value title(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Text t = raw_text(self);
    char *to;
    Value r = text_alloc(vm, &t, t.len, t.len, &to);
    bool in_word = false;
    for (size_t i = 0; r != 0 && i < t.len; i++) {
        uint8_t c = (uint8_t)t.data[i];
        to[i] = (char)(in_word ? make_lower(c) : make_upper(c));
        in_word = byte_alpha(c);
    }
    return r;
}

#define ALL_METHOD(name, property)                                                                                   \
    static Value name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                                \
        Text t = raw_text(self);                                                                                     \
        size_t i = 0;                                                                                                \
        while (i < t.len && property((uint8_t)t.data[i]))                                                            \
            i++;                                                                                                     \
        return from_bool(t.len != 0 && i == t.len);                                                                  \
    }
ALL_METHOD(is_alnum, byte_alnum)
ALL_METHOD(is_alpha, byte_alpha)
ALL_METHOD(is_digit, byte_digit)
ALL_METHOD(is_space, byte_space)

static Value is_ascii(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return from_bool(utf8_is_ascii(raw_data(self), raw_len(self)));
}

#define CASE_METHOD(name, right, wrong)                                                                              \
    static Value name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                                \
        Text t = raw_text(self);                                                                                     \
        bool found = false;                                                                                          \
        for (size_t i = 0; i < t.len; i++) {                                                                         \
            if (wrong((uint8_t)t.data[i]))                                                                           \
                return VALUE_FALSE;                                                                                  \
            found = found || right((uint8_t)t.data[i]);                                                              \
        }                                                                                                            \
        return from_bool(found);                                                                                     \
    }
CASE_METHOD(is_lower, byte_lower, byte_upper)
CASE_METHOD(is_upper, byte_upper, byte_lower)

static Value is_title(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Text t = raw_text(self);
    bool found = false, in_word = false;
    for (size_t i = 0; i < t.len; i++) {
        uint8_t c = (uint8_t)t.data[i];
        if (byte_alpha(c) && byte_upper(c) == in_word)
            return VALUE_FALSE;
        in_word = byte_alpha(c);
        found = found || in_word;
    }
    return from_bool(found);
}

/* --- others ---------------------------------------------------------------------------------------------------- */

static Value decode(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const char *encoding = NULL, *errors = NULL;
    if (args[0] && (encoding = to_c_string(vm, args[0], "decode() argument 'encoding'")) == NULL)
        return VALUE_ERROR;
    if (args[1] && (errors = to_c_string(vm, args[1], "decode() argument 'errors'")) == NULL)
        return VALUE_ERROR;
    Buffer b; /* an error handler may be a script */
    if (!buffer_get(vm, self, &b, false))
        return VALUE_ERROR;
    Value r = str_decode(vm, b.data, b.len, encoding, errors);
    buffer_release(vm, &b);
    return r;
}

/* The separator of hex(), or -1 with an exception; -2: none. */
static int hex_separator(VM *vm, Value sep) {
    if (sep == 0)
        return -2;
    ssize_t n = length(vm, sep);
    if (n < 0)
        return -1;
    if (n != 1) {
        raise_value(vm, "sep must be length 1.");
        return -1;
    }
    if (!is_str(sep) && !is_bytes(sep)) {
        raise_type(vm, "sep must be str or bytes.");
        return -1;
    }
    int c = (uint8_t)(is_str(sep) ? str_data(sep) : as_bytes(sep)->data)[0];
    if (c < 128)
        return c;
    raise_value(vm, "sep must be ASCII.");
    return -1;
}

Value bytes_hex(VM *vm, const char *data, size_t n, Value sep, Value bytes_per_sep) {
    static const char digits[] = "0123456789abcdef";
    int group = 1, separator = hex_separator(vm, sep);
    if (separator == -1 || (bytes_per_sep && !to_c_int(vm, bytes_per_sep, &group)))
        return VALUE_ERROR;
    size_t every = separator < 0 || group == 0 ? 0 : group < 0 ? (size_t)0 - (size_t)(ssize_t)group : (size_t)group;
    size_t separators = every == 0 || n == 0 ? 0 : (n - 1) / every;
    Value r = str_alloc(vm, 2 * n + separators, 2 * n + separators);
    if (r == 0 || n == 0)
        return r;
    char *to = as_str(r)->data;
    /* Positive groups are counted from the end, so that the first one may be shorter. */
    size_t left = separators == 0 ? n : group > 0 ? n - separators * every : every;
    for (size_t i = 0; i < n; i++, left--) {
        if (left == 0) {
            *to++ = (char)separator;
            left = every;
        }
        *to++ = digits[(uint8_t)data[i] >> 4];
        *to++ = digits[(uint8_t)data[i] & 15];
    }
    return r;
}

static Value hex(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Buffer b;
    if (!buffer_get(vm, self, &b, false))
        return VALUE_ERROR;
    Value r = bytes_hex(vm, b.data, b.len, args[0], args[1]);
    buffer_release(vm, &b);
    return r;
}

static int hex_value(uint8_t c) {
    if (byte_digit(c))
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads the digits into out (half as many bytes as the text is enough); the number of bytes, or -1. */
static ssize_t read_hex(VM *vm, Value text, char *out) {
    const char *data = str_data(text);
    size_t n = as_str(text)->nbytes, i = 0, count_out = 0;
    for (;;) {
        while (i < n && byte_space((uint8_t)data[i]))
            i++;
        if (i >= n)
            return (ssize_t)count_out;
        int high = hex_value((uint8_t)data[i]);
        int low = high < 0 || i + 1 >= n ? -1 : hex_value((uint8_t)data[i + 1]);
        if (low < 0) {
            size_t at = utf8_count(data, high < 0 ? i : i + 1);
            raise_value(vm, "non-hexadecimal number found in fromhex() arg at position %u", at);
            return -1;
        }
        out[count_out++] = (char)(high << 4 | low);
        i += 2;
    }
}

/* Class method; self is the class. */
static Value fromhex(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "fromhex() argument must be str, not %.50T", args[0]);
    size_t cap = as_str(args[0])->nbytes / 2 + 1;
    char *data = mem_alloc(vm, cap);
    if (data == NULL)
        return VALUE_ERROR;
    ssize_t n = read_hex(vm, args[0], data);
    bool is_array = type_is_subtype(as_type(self), vm->types.bytearray);
    Value r = n < 0 ? VALUE_ERROR : (is_array ? bytearray_new : bytes_new)(vm, data, (size_t)n);
    mem_free(vm, data, cap);
    if (r == 0 || as_type(self) == (is_array ? vm->types.bytearray : vm->types.bytes))
        return r;
    Value instance = call1(vm, self, r);
    decref(vm, r);
    return instance;
}

static Value to_bytes(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return has_exact_kind(self, KIND_BYTES) ? incref(self) : bytes_new(vm, raw_data(self), raw_len(self));
}

static Value getnewargs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value plain = to_bytes(vm, self, NULL, 0, 0);
    Value r = plain ? tuple_pack(vm, 1, plain) : VALUE_ERROR;
    decref(vm, plain);
    return r;
}

static Value size_of(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_ssize(vm, (ssize_t)(sizeof(Bytes) + raw_len(self) + 1));
}

#define SHARED_ROWS                                                                                                  \
    {"capitalize", capitalize, "", "The first letter upper case, the others lower case (ASCII).", 0},                \
        {"center", center, "width, fillchar=b' ', /", "The bytes in the middle of the width.", 0},                   \
        {"count", count, "sub, start=None, end=None, /", "How often sub occurs, without overlaps.", 0},              \
        {"decode", decode, "encoding='utf-8', errors='strict'", "The text that the bytes spell in an encoding.", 0}, \
        {"endswith", endswith, "suffix, start=None, end=None, /",                                                    \
         "Do the bytes end with the suffix, or one of a tuple?", 0},                                                 \
        {"expandtabs", expandtabs, "tabsize=8", "Tabs replaced by blanks up to the next column that they reach.",    \
         0},                                                                                                         \
        {"find", find, "sub, start=None, end=None, /", "The lowest index of sub, or -1.", 0},                        \
        {"fromhex", fromhex, "string, /", "Makes an object of pairs of hexadecimal digits.", METHOD_CLASS},          \
        {"hex", hex, "sep=<unrepresentable>, bytes_per_sep=1",                                                       \
         "The bytes as hexadecimal digits, in groups if wanted.", 0},                                                \
        {"index", index_of_bytes, "sub, start=None, end=None, /", "The lowest index of sub; ValueError if none.",    \
         0},                                                                                                         \
        {"isalnum", is_alnum, "", "Are there only ASCII letters and digits, at least one?", 0},                      \
        {"isalpha", is_alpha, "", "Are there only ASCII letters, at least one?", 0},                                 \
        {"isascii", is_ascii, "", "Are all bytes ASCII?", 0},                                                        \
        {"isdigit", is_digit, "", "Are there only ASCII digits, at least one?", 0},                                  \
        {"islower", is_lower, "", "Are all ASCII letters lower case, and is there one?", 0},                         \
        {"isspace", is_space, "", "Are there only ASCII blanks, at least one?", 0},                                  \
        {"istitle", is_title, "", "Does every word, and only that, start with a capital?", 0},                       \
        {"isupper", is_upper, "", "Are all ASCII letters upper case, and is there one?", 0},                         \
        {"join", join, "iterable_of_bytes, /", "The items of the iterable with these bytes between them.", 0},       \
        {"ljust", ljust, "width, fillchar=b' ', /", "The bytes at the left of the width.", 0},                       \
        {"lower", lower, "", "ASCII letters made lower case.", 0},                                                   \
        {"lstrip", lstrip, "bytes=None, /", "The bytes without blanks, or the given ones, at the start.", 0},        \
        {"maketrans", maketrans, "frm, to, /", "Makes a table for translate().", METHOD_STATIC},                     \
        {"partition", partition, "sep, /", "What comes before the first separator, the separator, and the rest.",    \
         0},                                                                                                         \
        {"removeprefix", removeprefix, "prefix, /", "The bytes without the prefix, if they have it.", 0},            \
        {"removesuffix", removesuffix, "suffix, /", "The bytes without the suffix, if they have it.", 0},            \
        {"replace", replace, "old, new, count=-1, /", "old replaced by new, everywhere or count times.", 0},         \
        {"rfind", rfind, "sub, start=None, end=None, /", "The highest index of sub, or -1.", 0},                     \
        {"rindex", rindex_of_bytes, "sub, start=None, end=None, /", "The highest index of sub; ValueError if none.", \
         0},                                                                                                         \
        {"rjust", rjust, "width, fillchar=b' ', /", "The bytes at the right of the width.", 0},                      \
        {"rpartition", rpartition, "sep, /", "What comes before the last separator, the separator, and the rest.",   \
         0},                                                                                                         \
        {"rsplit", rsplit, "sep=None, maxsplit=-1", "The parts between separators or blanks, cut from the end.", 0}, \
        {"rstrip", rstrip, "bytes=None, /", "The bytes without blanks, or the given ones, at the end.", 0},          \
        {"split", split, "sep=None, maxsplit=-1", "The parts between separators, or between blanks.", 0},            \
        {"splitlines", splitlines, "keepends=False", "The lines, with their ends if wanted.", 0},                    \
        {"startswith", startswith, "prefix, start=None, end=None, /",                                                \
         "Do the bytes start with the prefix, or one of a tuple?", 0},                                               \
        {"strip", strip, "bytes=None, /", "The bytes without blanks, or the given ones, at both ends.", 0},          \
        {"swapcase", swapcase, "", "Upper case made lower case and the other way round (ASCII).", 0},                \
        {"title", title, "", "Every word with a capital at its start (ASCII).", 0},                                  \
        {"translate", translate, "table, /, delete=b''", "Each byte replaced by the table's; some left out.", 0},    \
        {"upper", upper, "", "ASCII letters made upper case.", 0}, {                                                 \
        "zfill", zfill, "width, /", "The bytes with zeros between sign and digits up to the width.", 0               \
    }

const MethodSpec bytes_methods[] = {
    {"__bytes__", to_bytes, "", "The same as a plain bytes object.", 0},
    {"__getnewargs__", getnewargs, "", "The arguments that make an equal object.", 0},
    {"__sizeof__", size_of, "", "Bytes of memory that the object takes.", 0},
    SHARED_ROWS,
    {0},
};

const MethodSpec bytearray_methods[] = {
    {"__alloc__", bytearray_alloc, "", "Bytes that are allocated.", 0},
    {"__reduce__", bytearray_reduce, "", "What pickle needs to make this object again.", 0},
    {"__reduce_ex__", bytearray_reduce_ex, "proto=0, /", "What pickle needs to make this object again.", 0},
    {"__sizeof__", bytearray_sizeof, "", "Bytes of memory that the object takes.", 0},
    {"append", bytearray_append, "item, /", "Adds a byte at the end.", 0},
    {"clear", bytearray_clear, "", "Removes all bytes.", 0},
    {"copy", bytearray_copy, "", "Another bytearray with the same bytes.", 0},
    {"extend", bytearray_extend, "iterable_of_ints, /", "Adds all bytes of an iterable or a buffer at the end.", 0},
    {"insert", bytearray_insert, "index, item, /", "Puts a byte before the index.", 0},
    {"pop", bytearray_pop, "index=-1, /", "Removes the byte at the index, or the last one, and returns it.", 0},
    {"remove", bytearray_remove, "value, /", "Removes the first byte of that value.", 0},
    {"reverse", bytearray_reverse, "", "Turns the order of the bytes round.", 0},
    SHARED_ROWS,
    {0},
};
