/* The module unicodedata: properties of characters from utf8proc, names and decompositions from libunistring, which
 * is loaded when the first of those is asked for and stays with the VM. */
#include <utf8proc.h>

#include "base/utf8.h"
#include "compiler/unicode_names.h"
#include "object/bytes.h"
#include "object/containers.h"
#include "object/unicode.h"
#include "stdlib/init.h"
#include "stdlib/unicode_width.h"

#define ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames
#define NAME_SIZE 256 /* no name is longer */

typedef struct UnicodeState {
    void *library;
} UnicodeState;

static UnicodeState *state_of(VM *vm) { return vm->module_state[MODULE_SLOT_mod_unicodedata_init]; }

/* `what` is the argument as errors name it. */
static bool character(VM *vm, const char *what, Value v, uint32_t *out) {
    *out = 0;
    if (!is_str(v) || as_str(v)->nchars != 1)
        return raise_type(vm, "%s must be a unicode character, not %T", what, v);
    *out = str_char_at(vm, v, 0);
    return true;
}

/* The second argument, where a character has no value. */
static Value otherwise(VM *vm, Value v, const char *message) {
    return v != 0 ? incref(v) : raise_value(vm, "%s", message);
}

/* --- numbers ------------------------------------------------------------------------------------------------------
 */

static Value m_decimal(ARGS) {
    uint32_t c;
    if (!character(vm, "decimal() argument 1", args[0], &c))
        return VALUE_ERROR;
    int n = unicode_decimal(c);
    return n >= 0 ? from_small_int(n) : otherwise(vm, args[1], "not a decimal");
}

static Value m_digit(ARGS) {
    uint32_t c;
    if (!character(vm, "digit() argument 1", args[0], &c))
        return VALUE_ERROR;
    int n = unicode_digit(c);
    return n >= 0 ? from_small_int(n) : otherwise(vm, args[1], "not a digit");
}

static Value m_numeric(ARGS) {
    uint32_t c;
    double n;
    if (!character(vm, "numeric() argument 1", args[0], &c))
        return VALUE_ERROR;
    return unicode_numeric(c, &n) ? from_double(n) : otherwise(vm, args[1], "not a numeric character");
}

/* --- properties ----------------------------------------------------------------------------------------------------
 */

static Value m_category(ARGS) {
    uint32_t c;
    return character(vm, "category() argument", args[0], &c)
               ? str_from_c(vm, utf8proc_category_string((utf8proc_int32_t)c))
               : VALUE_ERROR;
}

static Value m_bidirectional(ARGS) {
    static const char *const classes[] = {"",    "L",  "LRE", "LRO", "R",   "AL",  "RLE", "RLO",
                                          "PDF", "EN", "ES",  "ET",  "AN",  "CS",  "NSM", "BN",
                                          "B",   "S",  "WS",  "ON",  "LRI", "RLI", "FSI", "PDI"};
    uint32_t c;
    if (!character(vm, "bidirectional() argument", args[0], &c))
        return VALUE_ERROR;
    const utf8proc_property_t *p = utf8proc_get_property((utf8proc_int32_t)c);
    bool known = p->category != UTF8PROC_CATEGORY_CN && (size_t)p->bidi_class < ARRAY_LEN(classes);
    return str_from_c(vm, known ? classes[p->bidi_class] : "");
}

static Value m_combining(ARGS) {
    uint32_t c;
    return character(vm, "combining() argument", args[0], &c)
               ? from_small_int(utf8proc_get_property((utf8proc_int32_t)c)->combining_class)
               : VALUE_ERROR;
}

static Value m_mirrored(ARGS) {
    uint32_t c;
    return character(vm, "mirrored() argument", args[0], &c)
               ? from_small_int(utf8proc_get_property((utf8proc_int32_t)c)->bidi_mirrored)
               : VALUE_ERROR;
}

static Value m_east_asian_width(ARGS) {
    uint32_t c;
    return character(vm, "east_asian_width() argument", args[0], &c) ? str_from_c(vm, unicode_width(c)) : VALUE_ERROR;
}

/* --- decomposition and normal forms -------------------------------------------------------------------------------
 */

static Value raise_no_library(VM *vm) {
    return raisef(vm, vm->exc.RuntimeError,
                  "character names and decompositions need libunistring (install the package libunistring5)");
}

static Value m_decomposition(ARGS) {
    static const char *const tags[] = {"",         "font",   "noBreak", "initial",  "medial",   "final",
                                       "isolated", "circle", "super",   "sub",      "vertical", "wide",
                                       "narrow",   "small",  "square",  "fraction", "compat"};
    uint32_t c, parts[32];
    int tag = 0;
    if (!character(vm, "decomposition() argument", args[0], &c))
        return VALUE_ERROR;
    if (c - 0xAC00 < 11172) /* syllables are taken apart by rule */
        return str_from_c(vm, "");
    int n = unicode_decomposition(&state_of(vm)->library, c, &tag, parts);
    if (n == UNICODE_NAME_NO_LIBRARY)
        return raise_no_library(vm);
    StrBuilder b;
    strbuilder_init(&b, vm);
    if (n > 0 && tag > 0 && (size_t)tag < ARRAY_LEN(tags))
        strbuilder_printf(&b, "<%s>", tags[tag]);
    for (int i = 0; i < n; i++) {
        static const char digits[] = "0123456789ABCDEF";
        if (b.len > 0)
            strbuilder_add_c(&b, " ");
        for (int shift = parts[i] > 0xFFFFF ? 20 : parts[i] > 0xFFFF ? 16 : 12; shift >= 0; shift -= 4)
            strbuilder_add(&b, &digits[parts[i] >> shift & 15], 1);
    }
    return strbuilder_finish(&b);
}

/* normalize(form, text) for either function; VALUE_ERROR with an exception. */
static Value normal_form(VM *vm, const char *function, Value *args) {
    static const char *const names[] = {"NFC", "NFD", "NFKC", "NFKD"};
    for (int i = 0; i < 2; i++)
        if (!is_str(args[i]))
            return raise_type(vm, "%s() argument %d must be str, not %T", function, i + 1, args[i]);
    for (int i = 0; i < 4; i++)
        if (str_equals_c(args[0], names[i]))
            return unicode_normalize(vm, args[1], (UnicodeForm)i);
    return raise_value(vm, "invalid normalization form");
}

static Value m_normalize(ARGS) { return normal_form(vm, "normalize", args); }

static Value m_is_normalized(ARGS) {
    Value s = normal_form(vm, "is_normalized", args);
    bool same = s != 0 && str_equal(as_str(s), as_str(args[1]));
    bool ok = s != 0;
    decref(vm, s);
    return ok ? from_bool(same) : VALUE_ERROR;
}

/* --- names -------------------------------------------------------------------------------------------------------
 */

static Value m_name(ARGS) {
    uint32_t c;
    char text[NAME_SIZE];
    if (!character(vm, "name() argument 1", args[0], &c))
        return VALUE_ERROR;
    int n = unicode_name_of(&state_of(vm)->library, c, text, sizeof text);
    if (n == UNICODE_NAME_NO_LIBRARY)
        return raise_no_library(vm);
    return n > 0 ? str_new_ascii(vm, text, (size_t)n) : otherwise(vm, args[1], "no such name");
}

static Value m_lookup(ARGS) {
    Value name = args[0];
    if (!is_str(name) && !is_bytes(name))
        return raise_type(vm, "lookup() argument must be str, not %T", name);
    const char *text = is_str(name) ? str_data(name) : as_bytes(name)->data;
    size_t n = is_str(name) ? as_str(name)->nbytes : as_bytes(name)->len;
    if (n > NAME_SIZE)
        return raisef(vm, vm->exc.KeyError, "name too long");
    int c = unicode_name_lookup(&state_of(vm)->library, text, n);
    if (c == UNICODE_NAME_NO_LIBRARY)
        return raise_no_library(vm);
    if (c >= 0)
        return str_from_char(vm, (uint32_t)c);
    Value shown = is_str(name) ? incref(name) : str_decode(vm, text, n, "utf-8", "replace");
    if (shown != 0)
        raisef(vm, vm->exc.KeyError, "undefined character name '%V'", shown);
    decref(vm, shown);
    return VALUE_ERROR;
}

static const MethodSpec functions[] = {
    {"decimal", m_decimal, "chr, default=<unrepresentable>, /", "The value of a decimal digit.", 0},
    {"digit", m_digit, "chr, default=<unrepresentable>, /", "The value of a digit of any kind.", 0},
    {"numeric", m_numeric, "chr, default=<unrepresentable>, /", "The numeric value, as a float.", 0},
    {"category", m_category, "chr, /", "The general category.", 0},
    {"bidirectional", m_bidirectional, "chr, /", "The bidirectional class.", 0},
    {"combining", m_combining, "chr, /", "The canonical combining class.", 0},
    {"mirrored", m_mirrored, "chr, /", "1 if it is mirrored in text from right to left.", 0},
    {"east_asian_width", m_east_asian_width, "chr, /", "The East Asian width.", 0},
    {"decomposition", m_decomposition, "chr, /", "What it is made of, as code points.", 0},
    {"is_normalized", m_is_normalized, "form, unistr, /", "Is the text in that normal form?", 0},
    {"normalize", m_normalize, "form, unistr, /", "The text in a normal form.", 0},
    {"name", m_name, "chr, default=<unrepresentable>, /", "The name of a character.", 0},
    {"lookup", m_lookup, "name, /", "The character of a name.", 0},
    {0},
};

static void close_library(VM *vm, void *state) {
    (void)vm;
    unicode_names_close(((UnicodeState *)state)->library);
}

bool mod_unicodedata_init(VM *vm, Value module) {
    UnicodeState *s = mem_zalloc(vm, sizeof *s);
    if (s == NULL || !vm_at_end(vm, close_library, s)) {
        mem_free(vm, s, sizeof *s);
        return false;
    }
    vm->module_state[MODULE_SLOT_mod_unicodedata_init] = s;
    return module_add_functions(vm, module, functions) &&
           module_add(vm, module, "unidata_version", str_from_c(vm, utf8proc_unicode_version()));
}
