/* _fnmatch: shell patterns on file names: '*', '?', '[set]', '[!set]'.
 *
 * Matching walks name and pattern once and keeps only the place behind the last star to come back to: what an earlier
 * star has swallowed need never change, so that it takes name times pattern steps at most. Text is compared by code
 * point, bytes by byte. */
#include "object/bytes.h"
#include "object/containers.h"
#include "object/unicode.h"
#include "base/utf8.h"
#include "stdlib/init.h"
#include "stdlib/module_tools.h"

typedef struct Text {
    const char *p, *end;
} Text;

typedef struct Matching {
    bool bytes, ignore_case;
} Matching;

static ALWAYS_INLINE uint32_t next_char(const Matching *m, const char **p) {
    return m->bytes ? (uint8_t) * (*p)++ : utf8_next(p);
}

static uint32_t lower_of(const Matching *m, uint32_t c) {
    uint32_t out[3];
    if (m->bytes || c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    return unicode_lower(c, out) == 1 ? out[0] : c;
}

static uint32_t upper_of(const Matching *m, uint32_t c) {
    uint32_t out[3];
    if (m->bytes || c < 0x80)
        return c >= 'a' && c <= 'z' ? c - 32 : c;
    return unicode_upper(c, out) == 1 ? out[0] : c;
}

/* The bracket that closes the set whose first character is at p; NULL if there is none. */
static const char *set_end(const char *p, const char *end) {
    if (p < end && *p == '!')
        p++;
    if (p < end && *p == ']')
        p++;
    return p < end ? memchr(p, ']', (size_t)(end - p)) : NULL;
}

/* Ranges that run backwards are empty. */
static bool set_has(const Matching *m, const char *p, const char *end, uint32_t c) {
    uint32_t lower = m->ignore_case ? lower_of(m, c) : c, upper = m->ignore_case ? upper_of(m, c) : c;
    while (p < end) {
        uint32_t low = next_char(m, &p), high = low;
        if (end - p >= 2 && *p == '-') {
            p++;
            high = next_char(m, &p);
        }
        if ((c >= low && c <= high) || (lower >= low && lower <= high) || (upper >= low && upper <= high))
            return true;
    }
    return false;
}

/* Does the pattern's next item, which is not a star, match the character? Moves behind the item. */
static bool match_item(const Matching *m, const char **pattern, const char *end, uint32_t c) {
    const char *close;
    uint32_t item = next_char(m, pattern);
    if (item == '?')
        return true;
    if (item == '[' && (close = set_end(*pattern, end))) {
        bool negated = **pattern == '!';
        bool has = set_has(m, *pattern + negated, close, c);
        *pattern = close + 1;
        return has != negated;
    }
    return item == c || (m->ignore_case && lower_of(m, item) == lower_of(m, c));
}

static bool match(const Matching *m, Text name, Text pattern) {
    const char *retry_name = NULL, *retry_pattern = NULL;
    for (;;) {
        if (pattern.p < pattern.end && *pattern.p == '*') {
            retry_pattern = ++pattern.p;
            if (pattern.p == pattern.end)
                return true;
            retry_name = name.p;
            continue;
        }
        if (name.p == name.end && pattern.p == pattern.end)
            return true;
        if (name.p < name.end && pattern.p < pattern.end &&
            match_item(m, &pattern.p, pattern.end, next_char(m, &name.p)))
            continue;
        if (!retry_name || retry_name == name.end)
            return false;
        next_char(m, &retry_name);
        name.p = retry_name;
        pattern.p = retry_pattern;
    }
}

static bool text_of(VM *vm, Value v, Text *out, bool *bytes) {
    *bytes = is_bytes(v);
    if (!*bytes && !is_str(v))
        return raise_type(vm, "expected string or bytes-like object, got '%T'", v);
    out->p = *bytes ? as_bytes(v)->data : str_data(v);
    out->end = out->p + (*bytes ? as_bytes(v)->len : as_str(v)->nbytes);
    return true;
}

/* 1, 0, -1 */
static int match_values(VM *vm, Value name, Value pattern, bool ignore_case) {
    Text n = {0}, p = {0};
    bool name_bytes;
    Matching m = {.ignore_case = ignore_case};
    if (!text_of(vm, pattern, &p, &m.bytes) || !text_of(vm, name, &n, &name_bytes))
        return -1;
    if (name_bytes != m.bytes) {
        raise_type(vm, "cannot use a %s pattern on a %s-like object", m.bytes ? "bytes" : "string",
                   name_bytes ? "bytes" : "string");
        return -1;
    }
    return match(&m, n, p);
}

static Value fnmatch_match(NATIVE_ARGS) {
    int ignore_case = args[2] ? truth(vm, args[2]) : 0;
    int result = ignore_case < 0 ? -1 : match_values(vm, args[0], args[1], ignore_case);
    return result < 0 ? VALUE_ERROR : from_bool(result);
}

static Value fnmatch_filter(NATIVE_ARGS) {
    Value it = iter_get(vm, args[0]), list = it ? list_new(vm, 0) : VALUE_ERROR, name;
    bool ok = list != 0;
    while (ok && (name = next_of(vm, it))) {
        int result = match_values(vm, name, args[1], false);
        ok = result >= 0 && (!result || list_append(vm, list, name));
        decref(vm, name);
    }
    ok = ok && iter_ended(vm);
    decref(vm, it);
    if (!ok) {
        decref(vm, list);
        return VALUE_ERROR;
    }
    return list;
}

static const MethodSpec functions[] = {
    {"match", fnmatch_match, "name, pattern, ignore_case=False, /", "Whether a name matches a pattern.", 0},
    {"filter", fnmatch_filter, "names, pattern, /", "The names that match a pattern, as a list.", 0},
    {0},
};

bool mod_fnmatch_init(VM *vm, Value module) { return module_add_functions(vm, module, functions); }
