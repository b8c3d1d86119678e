/* The native side of the module codecs: the registry, the functions of single encodings, and the two functions by
 * which the package `encodings` reaches every native codec. Buffers are decoded as they are; results come as pairs of
 * what was made and how much was used, as codecs have it. */
#include "object/buffer.h"
#include "object/codec.h"
#include "object/containers.h"
#include "stdlib/codec_maps.h"
#include "stdlib/init.h"

#define ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

static Value pair(VM *vm, Value made, size_t used) { /* consumes made */
    if (made == 0)
        return VALUE_ERROR;
    Value items[2] = {made, int_from_ssize(vm, (ssize_t)used)};
    return tuple_from_array_steal(vm, items, 2);
}

/* The text of an argument that may be absent or None. */
static bool optional_text(VM *vm, Value v, const char *what, const char **out) {
    *out = NULL;
    if (v == 0 || is_none(v))
        return true;
    return (*out = to_c_string(vm, v, what)) != NULL;
}

static int flag(VM *vm, Value v) { return v == 0 ? 0 : truth(vm, v); }

/* --- the registry ---------------------------------------------------------------------------------------------- */

static Value m_register(ARGS) {
    if (!is_callable(args[0]))
        return raise_type(vm, "argument must be callable");
    Value list = codec_search_list(vm);
    return list != 0 && list_append(vm, list, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value m_unregister(ARGS) {
    Value list = codec_search_list(vm);
    if (list == 0)
        return VALUE_ERROR;
    for (size_t i = 0; i < as_list(list)->len; i++) {
        if (as_list(list)->items[i] != args[0])
            continue;
        Value index = from_small_int((int64_t)i);
        dict_clear(vm, vm->codec_cache);
        return item_set(vm, list, index, 0) ? VALUE_NONE : VALUE_ERROR;
    }
    return VALUE_NONE;
}

static Value m_lookup(ARGS) {
    const char *name = to_c_string(vm, args[0], "lookup() argument");
    return name != NULL ? codec_lookup(vm, name) : VALUE_ERROR;
}

static Value m_forget(ARGS) {
    if (!is_str(args[0]))
        return raise_type(vm, "_forget_codec() argument must be str, not %T", args[0]);
    if (codec_search_list(vm) == 0)
        return VALUE_ERROR;
    return item_set(vm, vm->codec_cache, args[0], 0) ? VALUE_NONE : VALUE_ERROR;
}

static Value convert(VM *vm, Value *args, int item) {
    const char *encoding, *errors;
    if (!optional_text(vm, args[1], "encoding", &encoding) || !optional_text(vm, args[2], "errors", &errors))
        return VALUE_ERROR;
    if (encoding == NULL)
        encoding = "utf-8";
    Value fn = codec_function(vm, encoding, item, false);
    return fn != 0 ? codec_call(vm, fn, item, args[0], errors != NULL ? args[2] : 0, encoding) : VALUE_ERROR;
}
static Value m_encode(ARGS) { return convert(vm, args, 0); }
static Value m_decode(ARGS) { return convert(vm, args, 1); }

static Value m_register_error(ARGS) {
    if (to_c_string(vm, args[0], "register_error() argument 1") == NULL)
        return VALUE_ERROR;
    return codec_register_error(vm, args[0], args[1]) ? VALUE_NONE : VALUE_ERROR;
}

static Value m_lookup_error(ARGS) {
    const char *name = to_c_string(vm, args[0], "lookup_error() argument");
    return name != NULL ? codec_lookup_error(vm, name) : VALUE_ERROR;
}

/* --- native encodings --------------------------------------------------------------------------------------------
 */

static Value decode_with(VM *vm, const Codec *codec, Value data, Value errors_value, bool final, uint32_t *state) {
    const char *errors;
    Buffer b;
    size_t used;
    if (!optional_text(vm, errors_value, "errors", &errors) || !buffer_get(vm, data, &b, false))
        return VALUE_ERROR;
    Value text = codec_decode(vm, codec, b.data, b.len, errors, final, &used, state);
    buffer_release(vm, &b);
    return pair(vm, text, used);
}

static Value encode_with(VM *vm, const char *function, const Codec *codec, Value text, Value errors_value, bool final,
                         uint32_t *state) {
    const char *errors;
    if (!is_str(text))
        return raise_type(vm, "%s() argument 1 must be str, not %T", function, text);
    if (!optional_text(vm, errors_value, "errors", &errors))
        return VALUE_ERROR;
    return pair(vm, codec_encode(vm, codec, text, errors, final, state), as_str(text)->nchars);
}

/* Functions of one encoding: those that wait for the rest of a sequence take `final`. */
#define ENCODER(function, name)                                                                                      \
    static Value m_##function##_encode(ARGS) {                                                                       \
        return encode_with(vm, #function "_encode", codec_find_module(name), args[0], args[1], true, NULL);          \
    }
#define DECODER(function, name)                                                                                      \
    static Value m_##function##_decode(ARGS) {                                                                       \
        return decode_with(vm, codec_find_module(name), args[0], args[1], true, NULL);                               \
    }
#define PARTIAL_DECODER(function, name, otherwise)                                                                   \
    static Value m_##function##_decode(ARGS) {                                                                       \
        int final = args[2] == 0 ? otherwise : truth(vm, args[2]);                                                   \
        return final < 0 ? VALUE_ERROR : decode_with(vm, codec_find_module(name), args[0], args[1], final, NULL);    \
    }
ENCODER(ascii, "ascii")
DECODER(ascii, "ascii")
ENCODER(latin_1, "latin_1")
DECODER(latin_1, "latin_1")
ENCODER(utf_7, "utf_7")
PARTIAL_DECODER(utf_7, "utf_7", 0)
ENCODER(utf_8, "utf_8")
PARTIAL_DECODER(utf_8, "utf_8", 0)
PARTIAL_DECODER(utf_16, "utf_16", 0)
ENCODER(utf_16_le, "utf_16_le")
PARTIAL_DECODER(utf_16_le, "utf_16_le", 0)
ENCODER(utf_16_be, "utf_16_be")
PARTIAL_DECODER(utf_16_be, "utf_16_be", 0)
PARTIAL_DECODER(utf_32, "utf_32", 0)
ENCODER(utf_32_le, "utf_32_le")
PARTIAL_DECODER(utf_32_le, "utf_32_le", 0)
ENCODER(utf_32_be, "utf_32_be")
PARTIAL_DECODER(utf_32_be, "utf_32_be", 0)
ENCODER(unicode_escape, "unicode_escape")
ENCODER(raw_unicode_escape, "raw_unicode_escape")

/* Escapes are also read from str. */
static Value decode_escapes(VM *vm, const char *name, Value *args) {
    int final = args[2] == 0 ? 1 : truth(vm, args[2]);
    if (final < 0)
        return VALUE_ERROR;
    Value data = is_str(args[0]) ? str_encode(vm, args[0], "utf-8", "strict") : incref(args[0]);
    Value r = data != 0 ? decode_with(vm, codec_find_module(name), data, args[1], final, NULL) : VALUE_ERROR;
    decref(vm, data);
    return r;
}
static Value decode_unicode_escape(ARGS) { return decode_escapes(vm, "unicode_escape", args); }
static Value decode_raw_unicode_escape(ARGS) { return decode_escapes(vm, "raw_unicode_escape", args); }

/* byteorder 0: native with a mark, -1: little endian, 1: big endian */
static const Codec *wide_codec(VM *vm, Value order, const char *const names[3]) {
    int n = 0;
    if (order != 0 && !to_c_int(vm, order, &n))
        return NULL;
    return codec_find_module(names[n == 0 ? 0 : n < 0 ? 1 : 2]);
}
static const char *const utf16_names[3] = {"utf_16", "utf_16_le", "utf_16_be"};
static const char *const utf32_names[3] = {"utf_32", "utf_32_le", "utf_32_be"};

static Value m_utf_16_encode(ARGS) {
    const Codec *c = wide_codec(vm, args[2], utf16_names);
    return c != NULL ? encode_with(vm, "utf_16_encode", c, args[0], args[1], true, NULL) : VALUE_ERROR;
}
static Value m_utf_32_encode(ARGS) {
    const Codec *c = wide_codec(vm, args[2], utf32_names);
    return c != NULL ? encode_with(vm, "utf_32_encode", c, args[0], args[1], true, NULL) : VALUE_ERROR;
}

/* (text, used, byte order): the order is found out from a mark, unless it is given. */
static Value decode_ex(VM *vm, Value *args, const char *const names[3], size_t unit) {
    int final = flag(vm, args[3]), order = 0;
    Buffer b;
    if (final < 0 || (args[2] != 0 && !to_c_int(vm, args[2], &order)) || !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    if (order == 0 && b.len >= unit) {
        uint32_t first = 0;
        memcpy(&first, b.data, unit);
        uint32_t swapped = unit == 2 ? __builtin_bswap16((uint16_t)first) : __builtin_bswap32(first);
        order = first == 0xFEFF ? -1 : swapped == 0xFEFF ? 1 : 0;
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        order = -order;
#endif
    }
    buffer_release(vm, &b);
    bool given = args[2] != 0 && args[2] != from_small_int(0);
    const Codec *codec = codec_find_module(names[given ? (order < 0 ? 1 : 2) : 0]);
    Value two = decode_with(vm, codec, args[0], args[1], final, NULL);
    if (two == 0)
        return VALUE_ERROR;
    Value items[3] = {incref(as_tuple(two)->items[0]), incref(as_tuple(two)->items[1]), from_small_int(order)};
    decref(vm, two);
    return tuple_from_array_steal(vm, items, 3);
}
static Value m_utf_16_ex_decode(ARGS) { return decode_ex(vm, args, utf16_names, 2); }
static Value m_utf_32_ex_decode(ARGS) { return decode_ex(vm, args, utf32_names, 4); }

/* Any native codec, by the name of its module. */
static const Codec *codec_argument(VM *vm, Value name) {
    const char *text = to_c_string(vm, name, "name");
    const Codec *c = text != NULL ? codec_find_module(text) : NULL;
    if (text != NULL && c == NULL)
        raisef(vm, vm->exc.LookupError, "no such codec: %s", text);
    return c;
}

/* state 0 is that of the start; it is returned as the third item */
static Value native_decode(ARGS) {
    const Codec *c = codec_argument(vm, args[0]);
    int final = args[3] == 0 ? 1 : truth(vm, args[3]);
    int64_t state = 0;
    if (c == NULL || final < 0 || (args[4] != 0 && !to_int64(vm, args[4], &state)))
        return VALUE_ERROR;
    uint32_t word = (uint32_t)state;
    Value two = decode_with(vm, c, args[1], args[2], final, &word);
    if (two == 0)
        return VALUE_ERROR;
    Value items[3] = {incref(as_tuple(two)->items[0]), incref(as_tuple(two)->items[1]), int_from_int64(vm, word)};
    decref(vm, two);
    return tuple_from_array_steal(vm, items, 3);
}

static Value native_encode(ARGS) {
    const Codec *c = codec_argument(vm, args[0]);
    int final = args[3] == 0 ? 1 : truth(vm, args[3]);
    int64_t state = 0;
    if (c == NULL || final < 0 || (args[4] != 0 && !to_int64(vm, args[4], &state)))
        return VALUE_ERROR;
    uint32_t word = (uint32_t)state;
    Value two = encode_with(vm, "encode", c, args[1], args[2], final, &word);
    if (two == 0)
        return VALUE_ERROR;
    Value items[3] = {incref(as_tuple(two)->items[0]), incref(as_tuple(two)->items[1]), int_from_int64(vm, word)};
    decref(vm, two);
    return tuple_from_array_steal(vm, items, 3);
}

/* The codec's own name, or None if there is no such module. */
static Value native_name(ARGS) {
    const char *text = to_c_string(vm, args[0], "name");
    const Codec *c = text != NULL ? codec_find_module(text) : NULL;
    return text == NULL ? VALUE_ERROR : c == NULL ? VALUE_NONE : str_from_c(vm, c->name);
}

static Value native_aliases(ARGS) {
    Value d = dict_new(vm);
    for (size_t i = 0; d != 0 && i < codec_aliases_count; i++) {
        Value name = str_from_c(vm, codec_aliases[i].codec);
        if (name == 0 || !dict_set_c(vm, d, codec_aliases[i].name, name))
            set_owned(vm, &d, 0);
        decref(vm, name);
    }
    return d;
}

static Value readbuffer_encode(ARGS) {
    if (is_str(args[0])) {
        Value bytes = str_encode(vm, args[0], "utf-8", "strict");
        return bytes != 0 ? pair(vm, bytes, as_bytes(bytes)->len) : VALUE_ERROR;
    }
    Buffer b;
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    Value r = pair(vm, bytes_new(vm, b.data, b.len), b.len);
    buffer_release(vm, &b);
    return r;
}

static const MethodSpec functions[] = {
    {"register", m_register, "search_function, /", "Adds a function that finds codecs.", 0},
    {"unregister", m_unregister, "search_function, /", "Takes a search function away, and forgets what was found.",
     0},
    {"lookup", m_lookup, "encoding, /", "The CodecInfo of an encoding.", 0},
    {"_forget_codec", m_forget, "encoding, /", "Forgets a codec that was found.", 0},
    {"encode", m_encode, "obj, encoding='utf-8', errors='strict'", "Encodes any object with any codec.", 0},
    {"decode", m_decode, "obj, encoding='utf-8', errors='strict'", "Decodes any object with any codec.", 0},
    {"register_error", m_register_error, "errors, handler, /", "Adds an error handler under a name.", 0},
    {"lookup_error", m_lookup_error, "name, /", "The error handler of a name.", 0},
    {"ascii_encode", m_ascii_encode, "str, errors=None, /", NULL, 0},
    {"ascii_decode", m_ascii_decode, "data, errors=None, /", NULL, 0},
    {"latin_1_encode", m_latin_1_encode, "str, errors=None, /", NULL, 0},
    {"latin_1_decode", m_latin_1_decode, "data, errors=None, /", NULL, 0},
    {"utf_7_encode", m_utf_7_encode, "str, errors=None, /", NULL, 0},
    {"utf_7_decode", m_utf_7_decode, "data, errors=None, final=False, /", NULL, 0},
    {"utf_8_encode", m_utf_8_encode, "str, errors=None, /", NULL, 0},
    {"utf_8_decode", m_utf_8_decode, "data, errors=None, final=False, /", NULL, 0},
    {"utf_16_encode", m_utf_16_encode, "str, errors=None, byteorder=0, /", NULL, 0},
    {"utf_16_decode", m_utf_16_decode, "data, errors=None, final=False, /", NULL, 0},
    {"utf_16_le_encode", m_utf_16_le_encode, "str, errors=None, /", NULL, 0},
    {"utf_16_le_decode", m_utf_16_le_decode, "data, errors=None, final=False, /", NULL, 0},
    {"utf_16_be_encode", m_utf_16_be_encode, "str, errors=None, /", NULL, 0},
    {"utf_16_be_decode", m_utf_16_be_decode, "data, errors=None, final=False, /", NULL, 0},
    {"utf_16_ex_decode", m_utf_16_ex_decode, "data, errors=None, byteorder=0, final=False, /", NULL, 0},
    {"utf_32_encode", m_utf_32_encode, "str, errors=None, byteorder=0, /", NULL, 0},
    {"utf_32_decode", m_utf_32_decode, "data, errors=None, final=False, /", NULL, 0},
    {"utf_32_le_encode", m_utf_32_le_encode, "str, errors=None, /", NULL, 0},
    {"utf_32_le_decode", m_utf_32_le_decode, "data, errors=None, final=False, /", NULL, 0},
    {"utf_32_be_encode", m_utf_32_be_encode, "str, errors=None, /", NULL, 0},
    {"utf_32_be_decode", m_utf_32_be_decode, "data, errors=None, final=False, /", NULL, 0},
    {"utf_32_ex_decode", m_utf_32_ex_decode, "data, errors=None, byteorder=0, final=False, /", NULL, 0},
    {"unicode_escape_encode", m_unicode_escape_encode, "str, errors=None, /", NULL, 0},
    {"unicode_escape_decode", decode_unicode_escape, "data, errors=None, final=True, /", NULL, 0},
    {"raw_unicode_escape_encode", m_raw_unicode_escape_encode, "str, errors=None, /", NULL, 0},
    {"raw_unicode_escape_decode", decode_raw_unicode_escape, "data, errors=None, final=True, /", NULL, 0},
    {"readbuffer_encode", readbuffer_encode, "data, errors=None, /", NULL, 0},
    {"_native_decode", native_decode, "name, data, errors=None, final=True, state=0, /", NULL, 0},
    {"_native_encode", native_encode, "name, text, errors=None, final=True, state=0, /", NULL, 0},
    {"_native_name", native_name, "name, /", NULL, 0},
    {"_native_aliases", native_aliases, "", NULL, 0},
    {0},
};

bool mod_codecs_init(VM *vm, Value module) {
    return module_add_functions(vm, module, functions) && codecs_add_maps(vm, module);
}
