/* The methods of str. Positions that scripts see are code points; searching works on bytes, so arguments are turned
 * into byte offsets and results back (both the same number for ASCII). */
#include "object/str_internal.h"

/* --- arguments ------------------------------------------------------------------------------------------------- */

static bool range_argument(VM *vm, Value v, ssize_t *out) {
    if (v == 0 || is_none(v))
        return true;
    if (is_small_int(v)) {
        *out = (ssize_t)as_small_int(v);
        return true;
    }
    if (!is_int(v) && !fast_type(vm, v)->slots.index)
        return raise_type(vm, "slice indices must be integers or None or have an __index__ method");
    return to_ssize_clamped(vm, v, out);
}

bool range_arguments(VM *vm, Value start, Value stop, size_t length_now, ssize_t *first, ssize_t *last) {
    ssize_t n = (ssize_t)length_now;
    *first = 0;
    *last = n;
    if (!range_argument(vm, start, first) || !range_argument(vm, stop, last))
        return false;
    if (*last > n)
        *last = n;
    else if (*last < 0)
        *last = *last + n < 0 ? 0 : *last + n;
    if (*first < 0)
        *first = *first + n < 0 ? 0 : *first + n;
    return true;
}

static bool need_str(VM *vm, Value v, const char *where) {
    return is_str(v) || raise_type(vm, "%s must be str, not %.50T", where, v);
}

static bool flag_argument(VM *vm, Value v, bool *out) {
    int t = v == 0 ? 0 : truth(vm, v);
    *out = t > 0;
    return t >= 0;
}

static bool count_argument(VM *vm, Value v, ssize_t absent, ssize_t *out) {
    *out = absent;
    return v == 0 || to_ssize(vm, v, out);
}

/* --- searching ------------------------------------------------------------------------------------------------- */

typedef struct Span { /* the part of self that start and stop name */
    const char *data;
    size_t n;     /* bytes */
    size_t first; /* byte offset of data */
    bool empty;   /* start beyond stop: even the empty string is not in it */
} Span;

static bool span_arguments(VM *vm, Value self, Value start, Value stop, Span *out) {
    ssize_t first, last;
    const Str *s = as_str(self);
    if (start == 0 && stop == 0) {
        *out = (Span){s->data, s->nbytes, 0, false};
        return true;
    }
    if (!range_arguments(vm, start, stop, s->nchars, &first, &last))
        return false;
    if (first > last) {
        *out = (Span){.data = s->data, .empty = true};
        return true;
    }
    size_t from = str_byte_offset(vm, self, (size_t)first), to = str_byte_offset(vm, self, (size_t)last);
    *out = (Span){s->data + from, to - from, from, false};
    return true;
}

/* The index of args[0] in self, -1 if it is not there, -2 on error. */
static ssize_t find_text(VM *vm, Value self, Value *args, bool last, const char *where) {
    Span span;
    if (!need_str(vm, args[0], where) || !span_arguments(vm, self, args[1], args[2], &span))
        return -2;
    if (span.empty)
        return -1;
    const Str *sub = as_str(args[0]);
    ssize_t i = (last ? text_rfind : text_find)(span.data, span.n, sub->data, sub->nbytes);
    return i < 0 ? -1 : (ssize_t)str_char_offset(vm, self, span.first + (size_t)i);
}

static Value find(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t i = find_text(vm, self, args, false, "find() argument 1");
    return i == -2 ? VALUE_ERROR : from_small_int(i);
}

static Value rfind(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t i = find_text(vm, self, args, true, "rfind() argument 1");
    return i == -2 ? VALUE_ERROR : from_small_int(i);
}

static Value index_of_text(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t i = find_text(vm, self, args, false, "index() argument 1");
    return i >= 0 ? from_small_int(i) : i == -2 ? VALUE_ERROR : raise_value(vm, "substring not found");
}

static Value rindex_of_text(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t i = find_text(vm, self, args, true, "rindex() argument 1");
    return i >= 0 ? from_small_int(i) : i == -2 ? VALUE_ERROR : raise_value(vm, "substring not found");
}

static Value count(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Span span;
    if (!need_str(vm, args[0], "count() argument 1") || !span_arguments(vm, self, args[1], args[2], &span))
        return VALUE_ERROR;
    if (span.empty)
        return from_small_int(0);
    const Str *sub = as_str(args[0]);
    if (sub->nbytes == 0)
        return from_small_int((int64_t)utf8_count(span.data, span.n) + 1);
    return from_small_int((int64_t)text_count(span.data, span.n, sub->data, sub->nbytes, SIZE_MAX));
}

static bool matches_end(const Span *span, Value sub, bool at_end) {
    size_t m = as_str(sub)->nbytes;
    if (span->empty || m > span->n)
        return false;
    return memcmp(at_end ? span->data + span->n - m : span->data, str_data(sub), m) == 0;
}

static Value match_ends(VM *vm, Value self, Value *args, bool at_end, const char *name) {
    Span span;
    if (!span_arguments(vm, self, args[1], args[2], &span))
        return VALUE_ERROR;
    if (is_str(args[0]))
        return from_bool(matches_end(&span, args[0], at_end));
    if (!is_tuple(args[0]))
        return raise_type(vm, "%s first arg must be str or a tuple of str, not %.100T", name, args[0]);
    const Tuple *t = as_tuple(args[0]);
    for (size_t i = 0; i < t->len; i++) {
        if (!is_str(t->items[i]))
            return raise_type(vm, "tuple for %s must only contain str, not %.100T", name, t->items[i]);
        if (matches_end(&span, t->items[i], at_end))
            return VALUE_TRUE;
    }
    return VALUE_FALSE;
}

static Value startswith(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return match_ends(vm, self, args, false, "startswith");
}

static Value endswith(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return match_ends(vm, self, args, true, "endswith");
}

/* --- splitting and joining ------------------------------------------------------------------------------------- */

static Value split_text(VM *vm, Value self, Value *args, bool right) {
    ssize_t max;
    if (!count_argument(vm, args[1], -1, &max))
        return VALUE_ERROR;
    Text t = text_of_str(self);
    if (args[0] == 0 || is_none(args[0]))
        return (right ? text_rsplit : text_split)(vm, &t, NULL, 0, max);
    if (!is_str(args[0]))
        return raise_type(vm, "must be str or None, not %.100T", args[0]);
    const Str *sep = as_str(args[0]);
    if (sep->nbytes == 0)
        return raise_value(vm, "empty separator");
    return (right ? text_rsplit : text_split)(vm, &t, sep->data, sep->nbytes, max);
}

static Value split(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return split_text(vm, self, args, false);
}

static Value rsplit(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return split_text(vm, self, args, true);
}

static Value splitlines(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    bool keep;
    if (!flag_argument(vm, args[0], &keep))
        return VALUE_ERROR;
    Text t = text_of_str(self);
    return text_splitlines(vm, &t, keep);
}

static Value partition_text(VM *vm, Value self, Value sep, bool last) {
    if (!is_str(sep))
        return raise_type(vm, "must be str, not %.100T", sep);
    Text t = text_of_str(self);
    return text_partition(vm, &t, str_data(sep), as_str(sep)->nbytes, sep, last);
}

static Value partition(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return partition_text(vm, self, args[0], false);
}

static Value rpartition(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return partition_text(vm, self, args[0], true);
}

static Value join(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value owner, *items;
    size_t n;
    if (!sequence_view(vm, args[0], "can only join an iterable", &owner, &items, &n))
        return VALUE_ERROR;
    Value r = str_join(vm, self, items, n);
    decref(vm, owner);
    return r;
}

/* --- changing -------------------------------------------------------------------------------------------------- */

static Value replace(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t max;
    if (!need_str(vm, args[0], "replace() argument 1") || !need_str(vm, args[1], "replace() argument 2") ||
        !count_argument(vm, args[2], -1, &max))
        return VALUE_ERROR;
    Text t = text_of_str(self);
    const Str *old = as_str(args[0]), *new = as_str(args[1]);
    return text_replace(vm, &t, old->data, old->nbytes, new->data, new->nbytes, max);
}

static Value strip_text(VM *vm, Value self, Value chars, int sides, const char *name) {
    Text t = text_of_str(self);
    if (chars == 0 || is_none(chars))
        return text_strip(vm, &t, NULL, 0, sides);
    if (!is_str(chars))
        return raise_type(vm, "%s arg must be None or str", name);
    return text_strip(vm, &t, str_data(chars), as_str(chars)->nbytes, sides);
}

static Value strip(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return strip_text(vm, self, args[0], STRIP_LEFT | STRIP_RIGHT, "strip");
}

static Value lstrip(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return strip_text(vm, self, args[0], STRIP_LEFT, "lstrip");
}

static Value rstrip(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return strip_text(vm, self, args[0], STRIP_RIGHT, "rstrip");
}

static Value removeprefix(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!need_str(vm, args[0], "removeprefix() argument"))
        return VALUE_ERROR;
    Text t = text_of_str(self);
    size_t n = as_str(args[0])->nbytes;
    if (n == 0 || n > t.len || memcmp(t.data, str_data(args[0]), n) != 0)
        return str_unchanged(vm, self);
    return text_make(vm, &t, t.data + n, t.len - n);
}

static Value removesuffix(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!need_str(vm, args[0], "removesuffix() argument"))
        return VALUE_ERROR;
    Text t = text_of_str(self);
    size_t n = as_str(args[0])->nbytes;
    if (n == 0 || n > t.len || memcmp(t.data + t.len - n, str_data(args[0]), n) != 0)
        return str_unchanged(vm, self);
    return text_make(vm, &t, t.data, t.len - n);
}

static Value expandtabs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int size = 8;
    if (args[0] && !to_c_int(vm, args[0], &size))
        return VALUE_ERROR;
    Text t = text_of_str(self);
    return text_expandtabs(vm, &t, size);
}

enum { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTER };

static Value justify(VM *vm, Value self, Value *args, int how) {
    ssize_t width;
    uint32_t fill = ' ';
    if (!to_ssize(vm, args[0], &width))
        return VALUE_ERROR;
    if (args[1]) {
        if (!is_str(args[1]))
            return raise_type(vm, "The fill character must be a unicode character, not %.100T", args[1]);
        if (as_str(args[1])->nchars != 1)
            return raise_type(vm, "The fill character must be exactly one character long");
        fill = str_char_at(vm, args[1], 0);
    }
    size_t n = as_str(self)->nchars;
    if (width < 0 || (size_t)width <= n)
        return str_unchanged(vm, self);
    size_t pad = (size_t)width - n, left = how == ALIGN_LEFT ? 0 : how == ALIGN_RIGHT ? pad : pad / 2;
    if (how == ALIGN_CENTER)
        left += pad & (size_t)width & 1; /* which side gets the odd one, as CPython has it */
    Text t = text_of_str(self);
    return text_pad(vm, &t, left, pad - left, fill);
}

static Value ljust(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return justify(vm, self, args, ALIGN_LEFT);
}

static Value rjust(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return justify(vm, self, args, ALIGN_RIGHT);
}

static Value center(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return justify(vm, self, args, ALIGN_CENTER);
}

static Value zfill(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t width;
    if (!to_ssize(vm, args[0], &width))
        return VALUE_ERROR;
    Text t = text_of_str(self);
    return text_zfill(vm, &t, as_str(self)->nchars, width);
}

#define CASE_METHOD(name)                                                                                            \
    static Value name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return str_##name(vm, self); }
CASE_METHOD(upper)
CASE_METHOD(lower)
CASE_METHOD(casefold)
CASE_METHOD(title)
CASE_METHOD(capitalize)
CASE_METHOD(swapcase)

/* --- translating ----------------------------------------------------------------------------------------------- */

/* What the table says for a code point: owned; VALUE_NOTIMPL when it says nothing. */
static Value table_lookup(VM *vm, Value table, uint32_t c) {
    Value r = item_get(vm, table, from_small_int(c));
    if (r != 0)
        return r;
    if (!error_matches(vm, vm->exc.LookupError))
        return VALUE_ERROR;
    error_clear(vm);
    return VALUE_NOTIMPL;
}

static bool add_translation(VM *vm, StrBuilder *b, uint32_t c, Value v) {
    if (v == VALUE_NOTIMPL)
        return strbuilder_add_char(b, c);
    if (is_none(v))
        return true;
    if (is_str(v))
        return strbuilder_add_value(b, v);
    if (!is_int(v))
        return raise_type(vm, "character mapping must return integer, None or str");
    int64_t code;
    if (!int_fits_int64(v, &code) || code < 0 || code > CODE_POINT_MAX)
        return raise_value(vm, "character mapping must be in range(0x110000)");
    return strbuilder_add_char(b, (uint32_t)code);
}

enum { NOT_ASKED = 0xFF, LEFT_OUT = 0xFE };

/* The table's answer for an ASCII character, if that is one too or nothing. False: it is something else, or an
 * exception is pending. */
static bool ascii_answer(VM *vm, Value table, uint8_t c, uint8_t *out) {
    Value v = table_lookup(vm, table, c);
    if (v == VALUE_ERROR)
        return false;
    bool fits = true;
    if (v == VALUE_NOTIMPL)
        *out = c;
    else if (is_none(v))
        *out = LEFT_OUT;
    else if (is_small_int(v) && (uint64_t)as_small_int(v) < 128)
        *out = (uint8_t)as_small_int(v);
    else if (is_str(v) && as_str(v)->nbytes == 1)
        *out = (uint8_t)str_data(v)[0];
    else
        fits = false;
    decref(vm, v);
    return fits;
}

/* ASCII text as long as it stays so: the table is asked once for each character. Returns where that ends. */
static const char *translate_ascii(VM *vm, StrBuilder *b, Value table, const char *p, const char *end) {
    uint8_t answers[128];
    memset(answers, NOT_ASKED, sizeof answers);
    char *to = p == end ? NULL : strbuilder_room(b, (size_t)(end - p));
    if (to == NULL)
        return p;
    for (; p < end; p++) {
        uint8_t *answer = &answers[(uint8_t)*p];
        if (*answer == NOT_ASKED && !ascii_answer(vm, table, (uint8_t)*p, answer))
            break;
        *to = (char)*answer;
        to += *answer != LEFT_OUT;
    }
    b->len = (size_t)(to - b->data);
    return p;
}

static Value translate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    /* A dict gives the same answer each time, so the answers for ASCII are kept. */
    bool keep = has_exact_kind(args[0], KIND_DICT), ok = true;
    Value kept[128] = {0};
    const char *p = str_data(self), *end = p + as_str(self)->nbytes;
    if (str_is_ascii(as_str(self))) {
        p = translate_ascii(vm, &b, args[0], p, end);
        ok = !error_pending(vm);
    }
    while (ok && p < end) {
        uint32_t c = utf8_next(&p);
        bool cached = keep && c < 128;
        Value v = cached && kept[c] ? kept[c] : table_lookup(vm, args[0], c);
        ok = v != 0 && add_translation(vm, &b, c, v);
        if (cached)
            kept[c] = v;
        else
            decref(vm, v);
    }
    for (size_t i = 0; i < ARRAY_LEN(kept); i++)
        decref(vm, kept[i]);
    if (ok)
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return VALUE_ERROR;
}

static bool maketrans_dict(VM *vm, Value result, Value source) {
    size_t pos = 0;
    Value key, value;
    while (dict_next(source, &pos, &key, &value)) {
        if (is_str(key)) {
            if (as_str(key)->nchars != 1)
                return raise_value(vm, "string keys in translate table must be of length 1");
            key = from_small_int(str_char_at(vm, key, 0));
        } else if (!is_int(key)) {
            return raise_type(vm, "keys in translate table must be strings or integers");
        }
        incref(key);
        incref(value);
        bool ok = dict_set(vm, result, key, value);
        decref(vm, key);
        decref(vm, value);
        if (!ok)
            return false;
    }
    return true;
}

static bool maketrans_pairs(VM *vm, Value result, Value *args) {
    if (!is_str(args[0]))
        return raise_type(vm, "first maketrans argument must be a string if there is a second argument");
    if (!need_str(vm, args[1], "maketrans() argument 2") ||
        (args[2] && !need_str(vm, args[2], "maketrans() argument 3")))
        return false;
    if (as_str(args[0])->nchars != as_str(args[1])->nchars)
        return raise_value(vm, "the first two maketrans arguments must have equal length");
    const char *p = str_data(args[0]), *end = p + as_str(args[0])->nbytes, *q = str_data(args[1]);
    while (p < end) {
        Value from = from_small_int(utf8_next(&p)), to = from_small_int(utf8_next(&q));
        if (!dict_set(vm, result, from, to))
            return false;
    }
    if (args[2]) {
        for (p = str_data(args[2]), end = p + as_str(args[2])->nbytes; p < end;)
            if (!dict_set(vm, result, from_small_int(utf8_next(&p)), VALUE_NONE))
                return false;
    }
    return true;
}

static Value maketrans(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (args[1] && !is_str(args[1]))
        return raise_type(vm, "maketrans() argument 2 must be str, not %.50T", args[1]);
    if (!args[1] && !has_exact_kind(args[0], KIND_DICT))
        return raise_type(vm, "if you give only one argument to maketrans it must be a dict");
    Value result = dict_new(vm);
    if (result == 0)
        return VALUE_ERROR;
    if (args[1] ? maketrans_pairs(vm, result, args) : maketrans_dict(vm, result, args[0]))
        return result;
    decref(vm, result);
    return VALUE_ERROR;
}

/* --- questions ------------------------------------------------------------------------------------------------- */

#define PROPERTY_METHOD(name, property)                                                                              \
    static Value name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                                \
        return from_bool(str_all(self, property));                                                                   \
    }
PROPERTY_METHOD(is_alnum, unicode_is_alnum)
PROPERTY_METHOD(is_alpha, unicode_is_alpha)
PROPERTY_METHOD(is_decimal, unicode_is_decimal)
PROPERTY_METHOD(is_digit, unicode_is_digit)
PROPERTY_METHOD(is_numeric, unicode_is_numeric)
PROPERTY_METHOD(is_space, unicode_is_space)

#define QUESTION_METHOD(name, answer)                                                                                \
    static Value name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return from_bool(answer); }
QUESTION_METHOD(is_ascii, str_is_ascii(as_str(self)))
QUESTION_METHOD(is_identifier, str_is_identifier(self))
QUESTION_METHOD(is_lower, str_is_lower(self))
QUESTION_METHOD(is_upper, str_is_upper(self))
QUESTION_METHOD(is_title, str_is_title(self))
QUESTION_METHOD(is_printable, as_str(self)->nbytes == 0 || str_all(self, unicode_is_printable))

/* --- others ---------------------------------------------------------------------------------------------------- */

static Value encode(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const char *encoding = NULL, *errors = NULL;
    if (args[0] && (encoding = to_c_string(vm, args[0], "encode() argument 'encoding'")) == NULL)
        return VALUE_ERROR;
    if (args[1] && (errors = to_c_string(vm, args[1], "encode() argument 'errors'")) == NULL)
        return VALUE_ERROR;
    return str_encode(vm, self, encoding, errors);
}

static Value format(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return str_format(vm, self, args, nargs, kwnames);
}

static Value format_with_spec(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "__format__() argument must be str, not %.50T", args[0]);
    if (as_str(args[0])->nbytes == 0)
        return to_str(vm, self);
    return str_format_spec(vm, self, args[0]);
}

static Value getnewargs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value s = str_unchanged(vm, self);
    Value r = s ? tuple_pack(vm, 1, s) : VALUE_ERROR;
    decref(vm, s);
    return r;
}

static Value size_of(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_ssize(vm, (ssize_t)(sizeof(Str) + as_str(self)->nbytes + 1));
}

const MethodSpec str_methods[] = {
    {"__format__", format_with_spec, "format_spec, /", "The text laid out as the format says.", 0},
    {"__getnewargs__", getnewargs, "", "The arguments that make an equal object.", 0},
    {"__sizeof__", size_of, "", "Bytes of memory that the object takes.", 0},
    {"capitalize", capitalize, "", "The first character in title case, the others in lower case.", 0},
    {"casefold", casefold, "", "A form for comparisons that ignore case.", 0},
    {"center", center, "width, fillchar=' ', /", "The text in the middle of the width.", 0},
    {"count", count, "sub, start=None, end=None, /", "How often sub occurs, without overlaps.", 0},
    {"encode", encode, "encoding='utf-8', errors='strict'", "The bytes of the text in an encoding.", 0},
    {"endswith", endswith, "suffix, start=None, end=None, /", "Does the text end with the suffix, or one of a tuple?",
     0},
    {"expandtabs", expandtabs, "tabsize=8", "Tabs replaced by blanks up to the next column that they reach.", 0},
    {"find", find, "sub, start=None, end=None, /", "The lowest index of sub, or -1.", 0},
    {"format", format, "*args, **kwargs", "The text with its replacement fields {...} filled in.", 0},
    {"format_map", str_format_map, "mapping, /", "As format(), with the names looked up in a mapping.", 0},
    {"index", index_of_text, "sub, start=None, end=None, /", "The lowest index of sub; ValueError if there is none.",
     0},
    {"isalnum", is_alnum, "", "Are there only letters and numbers, at least one?", 0},
    {"isalpha", is_alpha, "", "Are there only letters, at least one?", 0},
    {"isascii", is_ascii, "", "Are all characters ASCII?", 0},
    {"isdecimal", is_decimal, "", "Are there only decimal digits, at least one?", 0},
    {"isdigit", is_digit, "", "Are there only digits, at least one?", 0},
    {"isidentifier", is_identifier, "", "Could the text be a name in a script?", 0},
    {"islower", is_lower, "", "Are all cased characters lower case, and is there one?", 0},
    {"isnumeric", is_numeric, "", "Are there only numeric characters, at least one?", 0},
    {"isprintable", is_printable, "", "Would repr() show every character as it is?", 0},
    {"isspace", is_space, "", "Are there only blanks, at least one?", 0},
    {"istitle", is_title, "", "Does every word, and only that, start with a capital?", 0},
    {"isupper", is_upper, "", "Are all cased characters upper case, and is there one?", 0},
    {"join", join, "iterable, /", "The strings of the iterable with this text between them.", 0},
    {"ljust", ljust, "width, fillchar=' ', /", "The text at the left of the width.", 0},
    {"lower", lower, "", "The text in lower case.", 0},
    {"lstrip", lstrip, "chars=None, /", "The text without blanks, or the given characters, at its start.", 0},
    {"maketrans", maketrans, "x, y=<unrepresentable>, z=<unrepresentable>, /", "Makes a table for translate().",
     METHOD_STATIC},
    {"partition", partition, "sep, /", "What comes before the first separator, the separator, and the rest.", 0},
    {"removeprefix", removeprefix, "prefix, /", "The text without the prefix, if it has it.", 0},
    {"removesuffix", removesuffix, "suffix, /", "The text without the suffix, if it has it.", 0},
    {"replace", replace, "old, new, /, count=-1", "The text with old replaced by new, everywhere or count times.", 0},
    {"rfind", rfind, "sub, start=None, end=None, /", "The highest index of sub, or -1.", 0},
    {"rindex", rindex_of_text, "sub, start=None, end=None, /",
     "The highest index of sub; ValueError if there is none.", 0},
    {"rjust", rjust, "width, fillchar=' ', /", "The text at the right of the width.", 0},
    {"rpartition", rpartition, "sep, /", "What comes before the last separator, the separator, and the rest.", 0},
    {"rsplit", rsplit, "sep=None, maxsplit=-1", "The parts between separators or blanks, cut from the end.", 0},
    {"rstrip", rstrip, "chars=None, /", "The text without blanks, or the given characters, at its end.", 0},
    {"split", split, "sep=None, maxsplit=-1", "The parts between separators, or between blanks.", 0},
    {"splitlines", splitlines, "keepends=False", "The lines, with their ends if wanted.", 0},
    {"startswith", startswith, "prefix, start=None, end=None, /",
     "Does the text start with the prefix, or one of a tuple?", 0},
    {"strip", strip, "chars=None, /", "The text without blanks, or the given characters, at both ends.", 0},
    {"swapcase", swapcase, "", "Upper case made lower case and the other way round.", 0},
    {"title", title, "", "Every word with a capital at its start.", 0},
    {"translate", translate, "table, /", "Each character replaced by what the table has for its number.", 0},
    {"upper", upper, "", "The text in upper case.", 0},
    {"zfill", zfill, "width, /", "The text with zeros between its sign and its digits up to the width.", 0},
    {0},
};
