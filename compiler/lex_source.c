/* Source bytes -> the text the lexer reads: byte order mark, line ends, and what is not UTF-8. Which encoding the
 * coding line names (PEP 263) is found out here; text in another than UTF-8 is decoded before it comes here
 * (source_encoding.c).
 *
 * Invariant: what leaves here is valid UTF-8 with '\n' line ends and no NUL but the final one, so that no
 * other part of the compiler meets malformed text. */
#include "lexer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

size_t lex_source_cookie(const char *bytes, size_t n, const char **cookie, int *mark) {
    *mark = n >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0;
    return find_cookie(bytes + *mark * 3, n - (size_t)*mark * 3, cookie);
}

int lex_cookie_is_utf8(const char *cookie, size_t length) {
    char name[13];
    size_t n = length < 12 ? length : 12;
    for (size_t i = 0; i < n; i++) {
        char c = cookie[i];
        name[i] = c == '_' ? '-' : c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
    }
    name[n] = 0;
    return strcmp(name, "utf-8") == 0 || strncmp(name, "utf-8-", 6) == 0;
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

/* The string literal in which the bad bytes are: its line, where it begins, its first character, its end. */
typedef struct BadString {
    int line;
    size_t open, content, end;
} BadString;

static int is_prefix_letter(char c) { return c && strchr("rRbBuUfF", c) != NULL; }

static void find_string(const char *bytes, size_t n, size_t at, BadString *out) {
    int line = 1;
    for (size_t i = 0; i < at; i++) {
        char c = bytes[i];
        if (c == '#') {
            while (i + 1 < at && bytes[i + 1] != '\n' && bytes[i + 1] != '\r')
                i++;
        } else if (c == '\n' || (c == '\r' && bytes[i + 1] != '\n')) {
            line++;
        } else if (c == '"' || c == '\'') {
            size_t open = i, quotes = n - i >= 3 && bytes[i + 1] == c && bytes[i + 2] == c ? 3 : 1;
            int first_line = line;
            while (open > 0 && i - open < 2 && is_prefix_letter(bytes[open - 1]))
                open--;
            size_t content = i + quotes;
            for (i = content; i < n; i++) {
                if (bytes[i] == '\\')
                    i++;
                else if (bytes[i] == c && (quotes == 1 || (n - i >= 3 && bytes[i + 1] == c && bytes[i + 2] == c)))
                    break;
                else if (bytes[i] == '\n' || (bytes[i] == '\r' && i + 1 < n && bytes[i + 1] != '\n'))
                    line++;
            }
            i += quotes - 1;
            if (i >= at) {
                *out = (BadString){first_line, open, content, i + 1 < n ? i + 1 : n};
                return;
            }
        }
    }
}

/* Puts position and line of the string into the error; the line has a replacement character for each bad byte. The
 * end is counted as if the literal were as many bytes long in that line as it is in the source. */
static void mark_string(Arena *arena, const char *bytes, size_t n, const BadString *where, ParseError *error) {
    size_t start = where->open, end = where->open;
    while (start > 0 && bytes[start - 1] != '\n' && bytes[start - 1] != '\r')
        start--;
    while (end < n && bytes[end] != '\n' && bytes[end] != '\r')
        end++;
    char *line = arena_alloc(arena, (end - start) * 3 + 1);
    if (!line) {
        no_memory(error);
        return;
    }
    size_t m = 0, width = where->end - start;
    int columns = 0;
    error->col = lex_utf8_count(bytes + start, where->open - start) + 1;
    for (size_t i = start; i < end;) {
        size_t length = sequence_length((const unsigned char *)bytes + i, end - i);
        memcpy(line + m, length ? bytes + i : "\xEF\xBF\xBD", length ? length : 3);
        m += length ? length : 3;
        columns += m <= width;
        i += length ? length : 1;
    }
    error->end_line = line_number(bytes, where->end);
    if (error->end_line == error->line) {
        error->end_col = columns + 1;
    } else { /* in the other line the bytes count */
        error->end_col = 1;
        for (size_t i = where->end; i > 0 && bytes[i - 1] != '\n' && bytes[i - 1] != '\r'; i--)
            error->end_col++;
    }
    error->source_line = line;
    error->source_line_length = m;
    error->source_line_newline = error->end_line == error->line;
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
    BadString where = {.line = line, .open = at, .content = at, .end = at + 1};
    find_string(bytes, n, at, &where);
    fail(arena, error, where.line, "(unicode error) 'utf-8' codec can't decode byte 0x%02x in position %zu: %s",
         bad[0], at - where.content, invalid_reason(bad, n - at));
    mark_string(arena, bytes, n, &where, error);
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
        int mark;
        const char *cookie = NULL;
        declared = lex_source_cookie(bytes, n, &cookie, &mark) != 0;
        bytes += mark * 3;
        n -= (size_t)mark * 3;
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
