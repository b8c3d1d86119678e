/* Escapes in patterns, in and outside of character classes. */
#include "stdlib/re/re.h"

#include "base/utf8.h"
#include "compiler/unicode_names.h"

#define OCTAL_DIGITS "01234567"
#define DECIMAL_DIGITS OCTAL_DIGITS "89"
#define HEX_DIGITS DECIMAL_DIGITS "abcdefABCDEF"

/* Takes up to `most` tokens that are one of these characters; *end is where they end. */
static bool take_digits(Parser *p, const char *digits, unsigned most, const char **end) {
    for (unsigned n = 0; n < most && token_in(p->next, digits); n++) {
        if (!parser_advance(p))
            return false;
    }
    *end = p->next.at;
    return true;
}

static uint32_t number(const char *from, const char *to, unsigned base) {
    uint64_t value = 0;
    for (; from < to && value <= UINT32_MAX; from++) {
        unsigned digit = *from <= '9' ? (unsigned)(*from - '0') : (unsigned)((*from | 32) - 'a' + 10);
        value = value * base + digit;
    }
    return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

/* An error that quotes the escape, of which [at, end) has been read. */
static bool bad_escape(Parser *p, const char *at, const char *end, const char *format) {
    Value text = p->is_bytes ? str_decode(p->vm, at, (size_t)(end - at), "latin-1", "strict")
                             : str_new(p->vm, at, (size_t)(end - at));
    if (text) {
        parser_error(p, at, format, text);
        decref(p->vm, text);
    }
    return false;
}

static bool hexadecimal(Parser *p, Token t, unsigned digits, Escape *out) {
    const char *end;
    if (!take_digits(p, HEX_DIGITS, digits, &end))
        return false;
    if ((size_t)(end - t.at) != digits + 2)
        return bad_escape(p, t.at, end, "incomplete escape %V");
    *out = (Escape){ESCAPE_CHAR, number(t.at + 2, end, 16)};
    return out->value <= CODE_POINT_MAX || bad_escape(p, t.at, end, "bad escape %V");
}

static bool named(Parser *p, Token t, Escape *out) {
    VM *vm = p->vm;
    bool open;
    const char *name;
    size_t length;
    if (!parser_accept(p, '{', &open))
        return false;
    if (!open)
        return parser_error(p, p->next.at, "missing {");
    if (!parser_until(p, '}', "character name", &name, &length))
        return false;
    int code = unicode_name_lookup(&re_state(vm)->names_library, name, length);
    if (code >= 0) {
        *out = (Escape){ESCAPE_CHAR, (uint32_t)code};
        return true;
    }
    if (code == UNICODE_NAME_NO_LIBRARY)
        return raisef(vm, vm->exc.ImportError, "\\N escapes need libunistring, which is not installed");
    Value text = str_new(vm, name, length);
    if (text) {
        parser_error(p, t.at, "undefined character name %R", text);
        decref(vm, text);
    }
    return false;
}

static bool octal(Parser *p, const char *at, const char *end, Escape *out) {
    *out = (Escape){ESCAPE_CHAR, number(at + 1, end, 8)};
    return out->value <= 0377 || bad_escape(p, at, end, "octal escape value %V outside of range 0-0o377");
}

/* Behind a backslash and a digit that is not 0: three octal digits are a character, else it is a group. */
static bool digits_outside(Parser *p, Token t, Escape *out) {
    const char *end = p->next.at;
    if (token_in(p->next, DECIMAL_DIGITS)) {
        char second = *p->next.at;
        if (!parser_advance(p))
            return false;
        if (strchr(OCTAL_DIGITS, t.at[1]) && strchr(OCTAL_DIGITS, second) && token_in(p->next, OCTAL_DIGITS))
            return take_digits(p, OCTAL_DIGITS, 1, &end) && octal(p, t.at, end, out);
        end = p->next.at;
    }
    size_t group = number(t.at + 1, end, 10);
    *out = (Escape){ESCAPE_GROUP, (uint32_t)group};
    if (group >= p->ngroups)
        return parser_error(p, t.at + 1, "invalid group reference %u", group);
    if (!group_is_closed(p, group))
        return parser_error(p, t.at, "cannot refer to an open group");
    return group_check_look_behind(p, group);
}

static bool octal_digits(Parser *p, Token t, Escape *out) {
    const char *end;
    return take_digits(p, OCTAL_DIGITS, 2, &end) && octal(p, t.at, end, out);
}

bool parse_escape(Parser *p, Token t, bool in_class, Escape *out) {
    static const char controls[] = "a\ab\bf\fn\nr\rt\tv\v";
    char c = t.at[1];
    bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c && strchr("dDsSwW", c)) {
        *out = (Escape){ESCAPE_CATEGORY, (uint8_t)c};
        return true;
    }
    if (!in_class && c && strchr("AbBZ", c)) {
        *out = (Escape){ESCAPE_POSITION, (uint8_t)c};
        return true;
    }
    for (const char *row = controls; letter && *row; row += 2) {
        if (*row == c) {
            *out = (Escape){ESCAPE_CHAR, (uint8_t)row[1]};
            return true;
        }
    }
    if (c == 'x')
        return hexadecimal(p, t, 2, out);
    if (!p->is_bytes && (c == 'u' || c == 'U'))
        return hexadecimal(p, t, c == 'u' ? 4 : 8, out);
    if (!p->is_bytes && c == 'N')
        return named(p, t, out);
    if (c == '0' || (in_class && c >= '1' && c <= '7'))
        return octal_digits(p, t, out);
    if (!in_class && c >= '1' && c <= '9')
        return digits_outside(p, t, out);
    if (letter || (in_class && (c == '8' || c == '9')))
        return bad_escape(p, t.at, t.at + t.length, "bad escape %V");
    *out = (Escape){ESCAPE_CHAR, parser_char(p, t.at + 1)};
    return true;
}
