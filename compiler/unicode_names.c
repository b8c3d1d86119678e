/* Character names by way of libunistring, loaded when a script first uses \N{...}: few scripts do, and the
 * table is far larger than the rest of the compiler.
 *
 * Invariant: no state outlives the parse that opened the library, so that no global is written. */
#include "unicode_names.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Names that are aliases in the standard, which the library does not know: mostly those of control
 * characters. */
static const struct {
    const char *name;
    int code;
} aliases[] = {
    {"NULL", 0},
    {"NUL", 0},
    {"START OF HEADING", 1},
    {"SOH", 1},
    {"START OF TEXT", 2},
    {"STX", 2},
    {"END OF TEXT", 3},
    {"ETX", 3},
    {"END OF TRANSMISSION", 4},
    {"EOT", 4},
    {"ENQUIRY", 5},
    {"ENQ", 5},
    {"ACKNOWLEDGE", 6},
    {"ACK", 6},
    {"ALERT", 7},
    {"BEL", 7},
    {"BACKSPACE", 8},
    {"BS", 8},
    {"CHARACTER TABULATION", 9},
    {"HORIZONTAL TABULATION", 9},
    {"HT", 9},
    {"TAB", 9},
    {"LINE FEED", 10},
    {"NEW LINE", 10},
    {"END OF LINE", 10},
    {"LF", 10},
    {"NL", 10},
    {"EOL", 10},
    {"LINE TABULATION", 11},
    {"VERTICAL TABULATION", 11},
    {"VT", 11},
    {"FORM FEED", 12},
    {"FF", 12},
    {"CARRIAGE RETURN", 13},
    {"CR", 13},
    {"SHIFT OUT", 14},
    {"LOCKING-SHIFT ONE", 14},
    {"SO", 14},
    {"SHIFT IN", 15},
    {"LOCKING-SHIFT ZERO", 15},
    {"SI", 15},
    {"DATA LINK ESCAPE", 16},
    {"DLE", 16},
    {"DEVICE CONTROL ONE", 17},
    {"DC1", 17},
    {"DEVICE CONTROL TWO", 18},
    {"DC2", 18},
    {"DEVICE CONTROL THREE", 19},
    {"DC3", 19},
    {"DEVICE CONTROL FOUR", 20},
    {"DC4", 20},
    {"NEGATIVE ACKNOWLEDGE", 21},
    {"NAK", 21},
    {"SYNCHRONOUS IDLE", 22},
    {"SYN", 22},
    {"END OF TRANSMISSION BLOCK", 23},
    {"ETB", 23},
    {"CANCEL", 24},
    {"CAN", 24},
    {"END OF MEDIUM", 25},
    {"EOM", 25},
    {"EM", 25},
    {"SUBSTITUTE", 26},
    {"SUB", 26},
    {"ESCAPE", 27},
    {"ESC", 27},
    {"INFORMATION SEPARATOR FOUR", 28},
    {"FILE SEPARATOR", 28},
    {"FS", 28},
    {"INFORMATION SEPARATOR THREE", 29},
    {"GROUP SEPARATOR", 29},
    {"GS", 29},
    {"INFORMATION SEPARATOR TWO", 30},
    {"RECORD SEPARATOR", 30},
    {"RS", 30},
    {"INFORMATION SEPARATOR ONE", 31},
    {"UNIT SEPARATOR", 31},
    {"US", 31},
    {"SP", 32},
    {"DELETE", 127},
    {"DEL", 127},
    {"PADDING CHARACTER", 0x80},
    {"PAD", 0x80},
    {"HIGH OCTET PRESET", 0x81},
    {"HOP", 0x81},
    {"BREAK PERMITTED HERE", 0x82},
    {"BPH", 0x82},
    {"NO BREAK HERE", 0x83},
    {"NBH", 0x83},
    {"INDEX", 0x84},
    {"IND", 0x84},
    {"NEXT LINE", 0x85},
    {"NEL", 0x85},
    {"START OF SELECTED AREA", 0x86},
    {"SSA", 0x86},
    {"END OF SELECTED AREA", 0x87},
    {"ESA", 0x87},
    {"CHARACTER TABULATION SET", 0x88},
    {"HORIZONTAL TABULATION SET", 0x88},
    {"HTS", 0x88},
    {"CHARACTER TABULATION WITH JUSTIFICATION", 0x89},
    {"HORIZONTAL TABULATION WITH JUSTIFICATION", 0x89},
    {"HTJ", 0x89},
    {"LINE TABULATION SET", 0x8A},
    {"VERTICAL TABULATION SET", 0x8A},
    {"VTS", 0x8A},
    {"PARTIAL LINE FORWARD", 0x8B},
    {"PARTIAL LINE DOWN", 0x8B},
    {"PLD", 0x8B},
    {"PARTIAL LINE BACKWARD", 0x8C},
    {"PARTIAL LINE UP", 0x8C},
    {"PLU", 0x8C},
    {"REVERSE LINE FEED", 0x8D},
    {"REVERSE INDEX", 0x8D},
    {"RI", 0x8D},
    {"SINGLE SHIFT TWO", 0x8E},
    {"SINGLE-SHIFT-2", 0x8E},
    {"SS2", 0x8E},
    {"SINGLE SHIFT THREE", 0x8F},
    {"SINGLE-SHIFT-3", 0x8F},
    {"SS3", 0x8F},
    {"DEVICE CONTROL STRING", 0x90},
    {"DCS", 0x90},
    {"PRIVATE USE ONE", 0x91},
    {"PRIVATE USE-1", 0x91},
    {"PU1", 0x91},
    {"PRIVATE USE TWO", 0x92},
    {"PRIVATE USE-2", 0x92},
    {"PU2", 0x92},
    {"SET TRANSMIT STATE", 0x93},
    {"STS", 0x93},
    {"CANCEL CHARACTER", 0x94},
    {"CCH", 0x94},
    {"MESSAGE WAITING", 0x95},
    {"MW", 0x95},
    {"START OF GUARDED AREA", 0x96},
    {"START OF PROTECTED AREA", 0x96},
    {"SPA", 0x96},
    {"END OF GUARDED AREA", 0x97},
    {"END OF PROTECTED AREA", 0x97},
    {"EPA", 0x97},
    {"START OF STRING", 0x98},
    {"SOS", 0x98},
    {"SINGLE GRAPHIC CHARACTER INTRODUCER", 0x99},
    {"SGC", 0x99},
    {"SINGLE CHARACTER INTRODUCER", 0x9A},
    {"SCI", 0x9A},
    {"CONTROL SEQUENCE INTRODUCER", 0x9B},
    {"CSI", 0x9B},
    {"STRING TERMINATOR", 0x9C},
    {"ST", 0x9C},
    {"OPERATING SYSTEM COMMAND", 0x9D},
    {"OSC", 0x9D},
    {"PRIVACY MESSAGE", 0x9E},
    {"PM", 0x9E},
    {"APPLICATION PROGRAM COMMAND", 0x9F},
    {"APC", 0x9F},
    {"NBSP", 0xA0},
    {"SHY", 0xAD},
    {"CGJ", 0x34F},
    {"ALM", 0x61C},
    {"ZWSP", 0x200B},
    {"ZWNJ", 0x200C},
    {"ZWJ", 0x200D},
    {"LRM", 0x200E},
    {"RLM", 0x200F},
    {"LRE", 0x202A},
    {"RLE", 0x202B},
    {"PDF", 0x202C},
    {"LRO", 0x202D},
    {"RLO", 0x202E},
    {"NNBSP", 0x202F},
    {"MMSP", 0x205F},
    {"WJ", 0x2060},
    {"LRI", 0x2066},
    {"RLI", 0x2067},
    {"FSI", 0x2068},
    {"PDI", 0x2069},
    {"WEIERSTRASS ELLIPTIC FUNCTION", 0x2118},
    {"BYTE ORDER MARK", 0xFEFF},
    {"BOM", 0xFEFF},
    {"ZWNBSP", 0xFEFF},
};

static int lookup_alias(const char *name) {
    for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++) {
        if (strcmp(aliases[i].name, name) == 0)
            return aliases[i].code;
    }
    return UNICODE_NAME_UNKNOWN;
}

static const char ideograph_prefix[] = "CJK UNIFIED IDEOGRAPH-", hangul_prefix[] = "HANGUL SYLLABLE ";

static const char leads[19][3] = {
    "G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P", "H",
};
static const char vowels[21][3] = {
    "A",  "AE", "YA", "YAE", "EO", "E",  "YEO", "YE", "O",  "WA", "WAE",
    "OE", "YO", "U",  "WEO", "WE", "WI", "YU",  "EU", "YI", "I",
};
static const char trails[28][3] = {
    "",   "G",  "GG", "GS", "N",  "NJ", "NH", "D",  "L", "LG", "LM", "LB", "LS", "LT",
    "LP", "LH", "M",  "B",  "BS", "S",  "SS", "NG", "J", "C",  "K",  "T",  "P",  "H",
};

static bool is_ideograph(int code) {
    static const struct {
        int first, last;
    } ranges[] = {
        {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B739}, {0x2B740, 0x2B81D},
        {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0}, {0x2EBF0, 0x2EE5D}, {0x30000, 0x3134A}, {0x31350, 0x323AF},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (code >= ranges[i].first && code <= ranges[i].last)
            return true;
    }
    return false;
}

/* The names of unified ideographs are made of their code points; the library leaves them to its callers.
 * Unlike other names they are upper case, as CPython has it. */
static int lookup_ideograph(const char *name, size_t length) {
    size_t skip = sizeof ideograph_prefix - 1;
    int code = 0;
    if (length < skip + 4 || length > skip + 5 || memcmp(name, ideograph_prefix, skip) != 0)
        return UNICODE_NAME_UNKNOWN;
    for (const char *at = name + skip; at < name + length; at++) {
        int digit = *at >= '0' && *at <= '9' ? *at - '0' : *at >= 'A' && *at <= 'F' ? *at - 'A' + 10 : -1;
        if (digit < 0)
            return UNICODE_NAME_UNKNOWN;
        code = code * 16 + digit;
    }
    return is_ideograph(code) ? code : UNICODE_NAME_UNKNOWN;
}

/* The longest of the n parts that at begins with; an empty part matches when no other does. */
static int match_part(const char **at, const char *end, const char (*parts)[3], int n) {
    int best = -1;
    size_t best_length = 0;
    for (int i = 0; i < n; i++) {
        size_t length = strnlen(parts[i], 3);
        if (length <= (size_t)(end - *at) && memcmp(*at, parts[i], length) == 0 &&
            (best < 0 || length > best_length)) {
            best = i;
            best_length = length;
        }
    }
    *at += best_length;
    return best;
}

/* A Hangul syllable's name spells its leading consonant, vowel and trailing consonant. Upper case, too. */
static int lookup_hangul(const char *name, size_t length) {
    const char *at = name + sizeof hangul_prefix - 1, *end = name + length;
    if (length < sizeof hangul_prefix || memcmp(name, hangul_prefix, sizeof hangul_prefix - 1) != 0)
        return UNICODE_NAME_UNKNOWN;
    int lead = match_part(&at, end, leads, 19);
    int vowel = match_part(&at, end, vowels, 21);
    int trail = match_part(&at, end, trails, 28);
    if (lead < 0 || vowel < 0 || trail < 0 || at != end)
        return UNICODE_NAME_UNKNOWN;
    return 0xAC00 + (lead * 21 + vowel) * 28 + trail;
}

static void *find_symbol(void **library, const char *name) {
    static const char *const files[] = {
        "libunistring.so.5", "libunistring.so.2", "libunistring.so", "libunistring.5.dylib", "libunistring.2.dylib",
    };
    for (size_t i = 0; !*library && i < sizeof files / sizeof files[0]; i++)
        *library = dlopen(files[i], RTLD_LAZY | RTLD_LOCAL);
    return *library ? dlsym(*library, name) : NULL;
}

int unicode_name_lookup(void **library, const char *name, size_t length) {
    char upper[256];
    if (length >= sizeof upper)
        return UNICODE_NAME_UNKNOWN;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        /* The library reads '_' as a space, and stops at a NUL. */
        if (c == '_' || c <= 0)
            return UNICODE_NAME_UNKNOWN;
        upper[i] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
    }
    upper[length] = 0;
    int code = lookup_alias(upper);
    if (code < 0)
        code = lookup_ideograph(name, length);
    if (code < 0)
        code = lookup_hangul(name, length);
    if (code >= 0)
        return code;
    if (strncmp(upper, "HANGUL SYLLABLE ", 16) == 0 || strncmp(upper, "CJK UNIFIED IDEOGRAPH-", 22) == 0)
        return UNICODE_NAME_UNKNOWN;
    uint32_t (*by_name)(const char *);
    void *symbol = find_symbol(library, "unicode_name_character");
    if (!symbol)
        return UNICODE_NAME_NO_LIBRARY;
    memcpy(&by_name, &symbol, sizeof by_name);
    uint32_t found = by_name(upper);
    return found == 0xFFFF || found > 0x10FFFF ? UNICODE_NAME_UNKNOWN : (int)found;
}

int unicode_name_of(void **library, uint32_t c, char *out, size_t size) {
    if (is_ideograph((int)c))
        return snprintf(out, size, "%s%X", ideograph_prefix, c);
    if (c - 0xAC00 < 11172) {
        uint32_t index = c - 0xAC00;
        return snprintf(out, size, "%s%.3s%.3s%.3s", hangul_prefix, leads[index / 588], vowels[index / 28 % 21],
                        trails[index % 28]);
    }
    char *(*name_of)(uint32_t, char *);
    void *symbol = find_symbol(library, "unicode_character_name");
    if (!symbol)
        return UNICODE_NAME_NO_LIBRARY;
    memcpy(&name_of, &symbol, sizeof name_of);
    return size >= 256 && name_of(c, out) ? (int)strlen(out) : 0;
}

int unicode_decomposition(void **library, uint32_t c, int *tag, uint32_t *out) {
    int (*decompose)(uint32_t, int *, uint32_t *);
    void *symbol = find_symbol(library, "uc_decomposition");
    if (!symbol)
        return UNICODE_NAME_NO_LIBRARY;
    memcpy(&decompose, &symbol, sizeof decompose);
    int n = decompose(c, tag, out);
    return n > 0 ? n : 0;
}

void unicode_names_close(void *library) {
    if (library)
        dlclose(library);
}
