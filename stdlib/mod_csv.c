/* _csv_rows: the rows that csv meets most, whose fields are plain or stand in quotes that are doubled within. For
 * anything else the functions give None, and csv.co goes through the row character by character. */
#include "base/utf8.h"
#include "object/containers.h"
#include "runtime/limits.h"
#include "stdlib/init.h"
#include "stdlib/module_tools.h"

static bool all_str(VM *vm, Value *args, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (!is_str(args[i]))
            return raise_type(vm, "argument %u must be str, not %.50T", i + 1, args[i]);
    return true;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

typedef struct Line {
    VM *vm;
    const char *p, *end;
    const Str *delimiter, *quote; /* quote: empty if there is none */
    bool ascii;
} Line;

static bool starts_with(const Line *l, const char *p, const Str *s) {
    return (size_t)(l->end - p) >= s->nbytes && memcmp(p, s->data, s->nbytes) == 0;
}

/* The first place of s from p on, or the end. */
static const char *find(const Line *l, const char *p, const Str *s) {
    const char *found = s->nbytes == 1 ? memchr(p, s->data[0], (size_t)(l->end - p))
                                       : memmem(p, (size_t)(l->end - p), s->data, s->nbytes);
    return found != NULL ? found : l->end;
}

static Value make(const Line *l, const char *p, const char *end) {
    size_t n = (size_t)(end - p);
    return l->ascii ? str_new_ascii(l->vm, p, n) : str_new(l->vm, p, n);
}

static Value plain_field(Line *l) {
    const char *start = l->p;
    l->p = find(l, start, l->delimiter);
    return make(l, start, l->p);
}

/* The field whose quote is at l->p. VALUE_NONE: the closing one is not there, or something follows it. */
static Value quoted_field(Line *l) {
    size_t n = l->quote->nbytes;
    const char *start = l->p + n, *close = find(l, start, l->quote);
    StrBuilder b;
    strbuilder_init(&b, l->vm);
    while (close < l->end && starts_with(l, close + n, l->quote)) {
        strbuilder_add(&b, start, (size_t)(close + n - start));
        start = close + 2 * n;
        close = find(l, start, l->quote);
    }
    bool regular = close < l->end && (close + n == l->end || starts_with(l, close + n, l->delimiter));
    l->p = close + n;
    if (!regular || b.len == 0) {
        strbuilder_drop(&b);
        return regular ? make(l, start, close) : b.failed ? VALUE_ERROR : VALUE_NONE;
    }
    strbuilder_add(&b, start, (size_t)(close - start));
    return strbuilder_finish(&b);
}

/* VALUE_NONE: not such a row. Nothing in the line ends it before its end. */
static Value split_fields(Line *l, Value row, size_t limit) {
    VM *vm = l->vm;
    for (;;) {
        Value field = l->quote->nbytes != 0 && starts_with(l, l->p, l->quote) ? quoted_field(l) : plain_field(l);
        if (field == 0 || is_none(field))
            return field;
        bool fits = as_str(field)->nchars <= limit;
        if (!list_append_steal(vm, row, field) || !limits_allow(vm))
            return VALUE_ERROR;
        if (!fits)
            return VALUE_NONE;
        if (l->p == l->end)
            return VALUE_TRUE;
        l->p += l->delimiter->nbytes;
    }
}

static Value split(NATIVE_ARGS) {
    ssize_t limit;
    if (!all_str(vm, args, 4) || !to_ssize(vm, args[4], &limit))
        return VALUE_ERROR;
    const Str *text = as_str(args[0]), *escape = as_str(args[3]);
    Line l = {vm, text->data, text->data + text->nbytes, as_str(args[1]), as_str(args[2]), str_is_ascii(text)};
    if (l.end > l.p && l.end[-1] == '\n')
        l.end--;
    if (l.end > l.p && l.end[-1] == '\r')
        l.end--;
    size_t n = (size_t)(l.end - l.p);
    if (l.delimiter->nbytes == 0 || memchr(l.p, '\n', n) != NULL || memchr(l.p, '\r', n) != NULL ||
        (escape->nbytes != 0 && find(&l, l.p, escape) != l.end))
        return VALUE_NONE;
    Value row = list_new(vm, 0);
    if (row == 0 || n == 0)
        return row;
    Value done = split_fields(&l, row, limit < 0 ? 0 : (size_t)limit);
    if (done == VALUE_TRUE)
        return row;
    decref(vm, row);
    return done;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

typedef struct Special { /* a bit for each ASCII character that has to be in quotes */
    uint64_t bits[2];
} Special;

static bool add_special(Special *special, const Str *s) {
    for (size_t i = 0; i < s->nbytes; i++)
        special->bits[(uint8_t)s->data[i] >> 6 & 1] |= 1ull << (s->data[i] & 63);
    return str_is_ascii(s);
}

static bool has_special(const Special *special, const Str *s) {
    for (size_t i = 0; i < s->nbytes; i++) {
        uint8_t c = (uint8_t)s->data[i];
        if (c < 128 && special->bits[c >> 6] >> (c & 63) & 1)
            return true;
    }
    return false;
}

static void add_quoted(StrBuilder *b, const Str *s, char quote) {
    strbuilder_add(b, &quote, 1);
    for (const char *p = s->data, *end = p + s->nbytes; p < end;) {
        const char *stop = memchr(p, quote, (size_t)(end - p));
        strbuilder_add(b, p, (size_t)((stop != NULL ? stop + 1 : end) - p));
        if (stop != NULL)
            strbuilder_add(b, &quote, 1);
        p = stop != NULL ? stop + 1 : end;
    }
    strbuilder_add(b, &quote, 1);
}

/* The text of a field, owned. VALUE_NONE: of a type whose text a script may make. */
static Value field_text(VM *vm, Value v) {
    if (is_str(v))
        return incref(v);
    if (is_none(v))
        return str_alloc(vm, 0, 0);
    Type *t = fast_type(vm, v);
    return t == vm->types.int_ || t == vm->types.float_ ? to_str(vm, v) : VALUE_NONE;
}

static Value join(NATIVE_ARGS) {
    if (!all_str(vm, args + 1, 3))
        return VALUE_ERROR;
    const Str *delimiter = as_str(args[1]), *quote = as_str(args[2]), *ending = as_str(args[3]);
    Special special = {{1ull << '\n' | 1ull << '\r', 0}};
    bool list = has_kind(args[0], KIND_LIST), always = args[4] == VALUE_TRUE;
    if ((!list && !is_tuple(args[0])) || quote->nbytes != 1 || !add_special(&special, delimiter) ||
        !add_special(&special, quote) || !add_special(&special, ending))
        return VALUE_NONE;
    Value *items = list ? as_list(args[0])->items : as_tuple(args[0])->items;
    size_t n = list ? as_list(args[0])->len : as_tuple(args[0])->len;
    StrBuilder b;
    strbuilder_init(&b, vm);
    for (size_t i = 0; i < n && !b.failed; i++) {
        Value text = field_text(vm, items[i]);
        if (text == 0 || is_none(text) || !limits_allow(vm)) {
            strbuilder_drop(&b);
            bool failed = text == 0 || !is_none(text);
            decref(vm, text);
            return failed ? VALUE_ERROR : VALUE_NONE;
        }
        if (i > 0)
            strbuilder_add_value(&b, args[1]);
        if (always || has_special(&special, as_str(text)))
            add_quoted(&b, as_str(text), quote->data[0]);
        else
            strbuilder_add_value(&b, text);
        decref(vm, text);
    }
    if (n == 1 && b.len == 0 && !b.failed) {
        strbuilder_drop(&b);
        return VALUE_NONE;
    }
    strbuilder_add_value(&b, args[3]);
    return strbuilder_finish(&b);
}

static const MethodSpec functions[] = {
    {"split", split, "line, delimiter, quotechar, escapechar, limit, /", "The fields of a line, or None.", 0},
    {"join", join, "row, delimiter, quotechar, lineterminator, always_quoted, /", "The line of a row, or None.", 0},
    {0},
};

bool mod_csv_init(VM *vm, Value module) { return module_add_functions(vm, module, functions); }
