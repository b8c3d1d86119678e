/* Source bytes -> the text the lexer reads: byte order mark, coding line (PEP 263), decoding, line ends.
 *
 * Invariant: what leaves here is valid UTF-8 with '\n' line ends and no NUL but the final one, so that no
 * other part of the compiler meets malformed text. */
#include "lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ENC_UTF8, ENC_LATIN1, ENC_ASCII, ENC_CP1252, ENC_LATIN9 };

static const struct {
    const char *name; /* lower case, without '-', '_' and ' ' */
    int encoding;
} encodings[] = {
    {"utf8", ENC_UTF8},           {"u8", ENC_UTF8},          {"utf", ENC_UTF8},
    {"utf8sig", ENC_UTF8},        {"utf8ucs2", ENC_UTF8},    {"utf8ucs4", ENC_UTF8},
    {"cp65001", ENC_UTF8},        {"latin1", ENC_LATIN1},    {"latin", ENC_LATIN1},
    {"iso88591", ENC_LATIN1},     {"isolatin1", ENC_LATIN1}, {"l1", ENC_LATIN1},
    {"8859", ENC_LATIN1},         {"cp819", ENC_LATIN1},     {"ibm819", ENC_LATIN1},
    {"iso885911987", ENC_LATIN1}, {"isoir100", ENC_LATIN1},  {"csisolatin1", ENC_LATIN1},
    {"ascii", ENC_ASCII},         {"usascii", ENC_ASCII},    {"us", ENC_ASCII},
    {"646", ENC_ASCII},           {"iso646us", ENC_ASCII},   {"ansix3.41968", ENC_ASCII},
    {"ansix3.41986", ENC_ASCII},  {"cp367", ENC_ASCII},      {"ibm367", ENC_ASCII},
    {"isoir6", ENC_ASCII},        {"csascii", ENC_ASCII},    {"cp1252", ENC_CP1252},
    {"windows1252", ENC_CP1252},  {"1252", ENC_CP1252},      {"iso885915", ENC_LATIN9},
    {"latin9", ENC_LATIN9},       {"l9", ENC_LATIN9},
};

/* Windows code page 1252 from 0x80 to 0x9F; 0: undefined */
static const uint16_t cp1252_high[32] = {
    0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021, 0x02C6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017D, 0,      0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, 0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178,
};

static char *fail(Arena *arena, ParseError *error, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static char *fail(Arena *arena, ParseError *error, int line, const char *format, ...) {
    char buffer[512];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(buffer, sizeof buffer, format, args);
    va_end(args);
    memset(error, 0, sizeof *error);
    error->kind = PARSE_SYNTAX;
    error->line = error->end_line = line;
    error->col = -1;
    if (length < 0)
        length = 0;
    if ((size_t)length >= sizeof buffer)
        length = sizeof buffer - 1;
    error->msg = arena_strndup(arena, buffer, (size_t)length);
    if (!error->msg) {
        error->kind = PARSE_NOMEMORY;
        error->msg = "out of memory";
    }
    return NULL;
}

static char *without_position(char *nothing, ParseError *error) {
    error->col = 0;
    return nothing;
}

static char *no_memory(ParseError *error) {
    memset(error, 0, sizeof *error);
    error->kind = PARSE_NOMEMORY;
    error->msg = "out of memory";
    return NULL;
}

/* The length of the valid UTF-8 sequence at text, 0 if there is none. */
static size_t sequence_length(const unsigned char *text, size_t left) {
    unsigned char c = text[0];
    if (c < 0x80)
        return 1;
    size_t length = c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
    if (length == 0 || left < length)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((c == 0xE0 && text[1] < 0xA0) || (c == 0xED && text[1] > 0x9F) || (c == 0xF0 && text[1] < 0x90) ||
        (c == 0xF4 && text[1] > 0x8F))
        return 0;
    return length;
}

/* Offset of the first byte that is not UTF-8, or n. */
static size_t find_invalid(const char *bytes, size_t n) {
    size_t i = 0;
    while (i < n) {
        uint64_t word;
        if (n - i >= 8 && (memcpy(&word, bytes + i, 8), (word & 0x8080808080808080u) == 0)) {
            i += 8;
            continue;
        }
        size_t length = sequence_length((const unsigned char *)bytes + i, n - i);
        if (length == 0)
            return i;
        i += length;
    }
    return n;
}

static int is_space(char c) { return c == ' ' || c == '\t' || c == '\f'; }

/* The name in a coding comment on the line, or 0. */
static size_t cookie_on_line(const char *line, const char *end, const char **name) {
    while (line < end && is_space(*line))
        line++;
    if (line >= end || *line != '#')
        return 0;
    for (; end - line >= 7; line++) {
        if (memcmp(line, "coding", 6) != 0 || (line[6] != ':' && line[6] != '='))
            continue;
        const char *at = line + 7;
        while (at < end && (*at == ' ' || *at == '\t'))
            at++;
        const char *first = at;
        while (at < end && ((*at >= '0' && *at <= '9') || (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                            *at == '-' || *at == '_' || *at == '.'))
            at++;
        if (at > first) {
            *name = first;
            return (size_t)(at - first);
        }
    }
    return 0;
}

static int line_is_blank(const char *line, const char *end) {
    while (line < end && is_space(*line))
        line++;
    return line == end || *line == '#';
}

static size_t find_cookie(const char *bytes, size_t n, const char **name) {
    const char *line = bytes, *end = bytes + n;
    for (int i = 0; i < 2 && line < end; i++) {
        const char *stop = line;
        while (stop < end && *stop != '\n' && *stop != '\r')
            stop++;
        size_t length = cookie_on_line(line, stop, name);
        if (length)
            return length;
        if (!line_is_blank(line, stop))
            return 0;
        line = stop + 1;
        if (stop + 1 < end && stop[0] == '\r' && stop[1] == '\n')
            line++;
    }
    return 0;
}

/* The canonical spelling goes to name (as it is shown in messages). -1: unknown. */
static int lookup_encoding(const char *cookie, size_t length, char *name, size_t size) {
    char key[32];
    size_t n = 0, m = 0;
    for (size_t i = 0; i < length; i++) {
        char c = cookie[i] >= 'A' && cookie[i] <= 'Z' ? (char)(cookie[i] + 32) : cookie[i];
        if (m + 1 < size)
            name[m++] = c == '_' ? '-' : c;
        if (c != '-' && c != '_' && n + 1 < sizeof key)
            key[n++] = c;
    }
    key[n] = name[m] = 0;
    if (strcmp(name, "utf-8") == 0 || strncmp(name, "utf-8-", 6) == 0)
        return ENC_UTF8;
    static const char *const latin[] = {"latin-1", "iso-8859-1", "iso-latin-1"};
    for (size_t i = 0; i < sizeof latin / sizeof latin[0]; i++) {
        size_t k = strlen(latin[i]);
        if (strncmp(name, latin[i], k) == 0 && (name[k] == 0 || name[k] == '-')) {
            snprintf(name, size, "iso-8859-1");
            return ENC_LATIN1;
        }
    }
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        if (strcmp(encodings[i].name, key) == 0)
            return encodings[i].encoding;
    }
    return -1;
}

static int code_of_byte(unsigned char c, int encoding) {
    if (c < 0x80 || encoding == ENC_LATIN1)
        return c;
    if (encoding == ENC_CP1252)
        return c < 0xA0 ? (cp1252_high[c - 0x80] ? cp1252_high[c - 0x80] : -1) : c;
    if (encoding == ENC_LATIN9) {
        switch (c) {
        case 0xA4:
            return 0x20AC;
        case 0xA6:
            return 0x160;
        case 0xA8:
            return 0x161;
        case 0xB4:
            return 0x17D;
        case 0xB8:
            return 0x17E;
        case 0xBC:
            return 0x152;
        case 0xBD:
            return 0x153;
        case 0xBE:
            return 0x178;
        default:
            return c;
        }
    }
    return -1;
}

/* A one-byte encoding to UTF-8, in the arena. */
static char *recode(Arena *arena, const char *bytes, size_t n, int encoding, const char *name, unsigned flags,
                    size_t *length, ParseError *error) {
    char *out = arena_alloc(arena, n * 3 + 1);
    if (!out)
        return no_memory(error);
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        int code = code_of_byte((unsigned char)bytes[i], encoding);
        if (code < 0) {
            if (flags & PARSE_FLAG_FILE_INPUT)
                return fail(arena, error, 0, "encoding problem: %s", name);
            if (encoding == ENC_ASCII)
                return fail(arena, error, 0,
                            "'ascii' codec can't decode byte 0x%02x in position %zu: ordinal not in "
                            "range(128)",
                            (unsigned char)bytes[i], i);
            return fail(arena, error, 0,
                        "'charmap' codec can't decode byte 0x%02x in position %zu: character maps to "
                        "<undefined>",
                        (unsigned char)bytes[i], i);
        }
        m += (size_t)lex_utf8_encode(code, out + m);
    }
    *length = m;
    return out;
}

static int line_number(const char *bytes, size_t at) {
    int line = 1;
    for (size_t i = 0; i < at; i++)
        line += bytes[i] == '\n' || (bytes[i] == '\r' && bytes[i + 1] != '\n');
    return line;
}

static const char *invalid_reason(const unsigned char *at, size_t left) {
    if (at[0] < 0xC2 || at[0] > 0xF4)
        return "invalid start byte";
    size_t length = at[0] < 0xE0 ? 2 : at[0] < 0xF0 ? 3 : 4;
    for (size_t i = 1; i < length && i < left; i++) {
        if ((at[i] & 0xC0) != 0x80)
            return i == 1 && (at[i] == '\'' || at[i] == '"') ? "unexpected end of data" : "invalid continuation byte";
    }
    return left < length ? "unexpected end of data" : "invalid continuation byte";
}

static char *report_invalid(Arena *arena, const char *bytes, size_t n, size_t at, const char *filename,
                            unsigned flags, int declared, ParseError *error) {
    const unsigned char *bad = (const unsigned char *)bytes + at;
    if (flags & PARSE_FLAG_UTF8) {
        int size;
        int code = bad[0] == 0xED && n - at >= 3 ? lex_utf8_decode(bytes + at, &size) : bad[0];
        fail(arena, error, 0, "'utf-8' codec can't encode character '\\u%04x' in position %d: surrogates not allowed",
             (unsigned)code, lex_utf8_count(bytes, at));
        if (error->kind == PARSE_SYNTAX)
            error->kind = PARSE_UNICODE;
        return without_position(NULL, error);
    }
    int line = line_number(bytes, at);
    if ((flags & PARSE_FLAG_FILE_INPUT) && !declared)
        return fail(arena, error, 0,
                    "Non-UTF-8 code starting with '\\x%02x' in file %s on line %d, but no encoding "
                    "declared; see https://peps.python.org/pep-0263/ for details",
                    bad[0], filename, line);
    size_t start = at;
    while (start > 0 && bytes[start - 1] != '\n' && bytes[start - 1] != '\r')
        start--;
    fail(arena, error, line, "(unicode error) 'utf-8' codec can't decode byte 0x%02x in position 0: %s", bad[0],
         invalid_reason(bad, n - at));
    error->col = lex_utf8_count(bytes + start, at - start) + 1;
    error->end_col = error->col + 1;
    return NULL;
}

/* Copies with "\r\n" and "\r" as "\n". */
static size_t copy_lines(char *out, const char *text, size_t n) {
    const char *end = text + n;
    char *to = out;
    while (text < end) {
        const char *stop = memchr(text, '\r', (size_t)(end - text));
        size_t run = (size_t)((stop ? stop : end) - text);
        memcpy(to, text, run);
        to += run;
        text += run;
        if (stop) {
            *to++ = '\n';
            text += text + 1 < end && text[1] == '\n' ? 2 : 1;
        }
    }
    return (size_t)(to - out);
}

char *lex_source_decode(Arena *arena, const char *bytes, size_t n, const char *filename, unsigned flags,
                        size_t *length, ParseError *error) {
    int declared = 0;
    if (n && memchr(bytes, 0, n)) {
        if (!(flags & PARSE_FLAG_FILE_INPUT))
            return without_position(fail(arena, error, 0, "source code string cannot contain null bytes"), error);
        const char *zero = memchr(bytes, 0, n);
        return fail(arena, error, line_number(bytes, (size_t)(zero - bytes)),
                    "source code cannot contain null bytes");
    }
    if (n > (size_t)INT32_MAX - 16)
        return fail(arena, error, 0, "source code is too long");
    if (!(flags & PARSE_FLAG_UTF8)) {
        int mark = n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
        if (mark) {
            bytes += 3;
            n -= 3;
        }
        const char *cookie = NULL;
        size_t cookie_length = find_cookie(bytes, n, &cookie);
        if (cookie_length) {
            char name[64];
            int encoding = lookup_encoding(cookie, cookie_length, name, sizeof name);
            if (encoding < 0)
                return fail(arena, error, 0, "%s: %.*s",
                            flags & PARSE_FLAG_FILE_INPUT ? "encoding problem" : "unknown encoding",
                            cookie_length > 100 ? 100 : (int)cookie_length, cookie);
            if (mark && strncmp(name, "utf-8", 5) != 0)
                return fail(arena, error, 0, "encoding problem: %s with BOM", name);
            declared = 1;
            if (encoding != ENC_UTF8) {
                bytes = recode(arena, bytes, n, encoding, name, flags, &n, error);
                if (!bytes)
                    return NULL;
            }
        }
    }
    size_t invalid = find_invalid(bytes, n);
    if (invalid < n)
        return report_invalid(arena, bytes, n, invalid, filename, flags, declared, error);
    char *text = arena_alloc(arena, n + 2);
    if (!text)
        return no_memory(error);
    size_t m = copy_lines(text, bytes, n);
    text[m] = text[m + 1] = 0;
    *length = m;
    return text;
}
