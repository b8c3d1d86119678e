/* Reading JSON: the scanner that a JSONDecoder makes for its settings. */
#include "stdlib/json/json.h"

#include "base/utf8.h"

#define KEY_CACHE 64      /* a power of two */
#define KEY_CACHED_MAX 32 /* bytes of a key */

typedef struct Scanner {
    Object header;
    Value object_hook, object_pairs_hook, parse_float, parse_int, parse_constant; /* 0: none, the usual one */
    bool strict;
} Scanner;

/* Keys repeat from object to object: they are made once. */
typedef struct Scan {
    VM *vm;
    const Scanner *options;
    Value whole;
    const char *p, *end;
    Value keys[KEY_CACHE];
} Scan;

static Value scan_value(Scan *s);

static void skip(Scan *s) {
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\t' || *s->p == '\r'))
        s->p++;
}

static Value error_at(Scan *s, const char *message, const char *at) {
    return json_error(s->vm, message, s->whole, at);
}

/* There is no value here: StopIteration with the place, which JSONDecoder words. */
static Value no_value(Scan *s, const char *at) {
    size_t offset = str_char_offset(s->vm, s->whole, (size_t)(at - str_data(s->whole)));
    return raise_stop_iteration(s->vm, int_from_ssize(s->vm, (ssize_t)offset));
}

static bool take(Scan *s, char c) {
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

/* Behind an item: 1: there is another one, 0: the end, -1 with an exception. */
static int another(Scan *s, char close, const char *trailing) {
    skip(s);
    if (take(s, close))
        return 0;
    const char *comma = s->p;
    if (!take(s, ',')) {
        error_at(s, "Expecting ',' delimiter", s->p);
        return -1;
    }
    skip(s);
    if (s->p < s->end && *s->p == close) {
        error_at(s, trailing, comma);
        return -1;
    }
    return 1;
}

/* ---- objects and arrays ---------------------------------------------------------------------------------------- */

static Value scan_key(Scan *s) {
    if (!take(s, '"'))
        return error_at(s, "Expecting property name enclosed in double quotes", s->p);
    const char *start = s->p;
    uint32_t hash = 2166136261u;
    size_t n = 0;
    for (; n <= KEY_CACHED_MAX && start + n < s->end && start[n] != '"'; n++)
        hash = (hash ^ (uint8_t)start[n]) * 16777619u;
    bool cached = n <= KEY_CACHED_MAX;
    Value *place = &s->keys[(hash ^ hash >> 16) & (KEY_CACHE - 1)];
    if (cached && *place && as_str(*place)->nbytes == n && memcmp(str_data(*place), start, n) == 0 &&
        start + n < s->end) {
        s->p = start + n + 1;
        return incref(*place);
    }
    Value key = json_read_string(s->vm, s->whole, &s->p, s->options->strict);
    if (key && cached && s->p == start + n + 1 && as_str(key)->nbytes == n) /* without escapes */
        set_owned(s->vm, place, incref(key));
    return key;
}

/* A key and its value; both owned. */
static bool scan_pair(Scan *s, Value *key, Value *value) {
    *key = scan_key(s);
    if (!*key)
        return false;
    skip(s);
    if (take(s, ':')) {
        skip(s);
        *value = scan_value(s);
    } else {
        *value = error_at(s, "Expecting ':' delimiter", s->p);
    }
    if (!*value)
        decref(s->vm, *key);
    return *value != 0;
}

static bool store(VM *vm, Value result, bool pairs, Value key, Value value) {
    bool ok;
    if (pairs) {
        Value pair = tuple_pack(vm, 2, key, value);
        ok = pair && list_append_steal(vm, result, pair);
    } else {
        ok = dict_set_str(vm, result, key, value);
    }
    decref(vm, key);
    decref(vm, value);
    return ok;
}

/* Behind the opening brace. */
static Value scan_object(Scan *s) {
    VM *vm = s->vm;
    bool pairs = s->options->object_pairs_hook != 0;
    Value result = pairs ? list_new(vm, 0) : dict_new(vm), key, value;
    int more = result ? 1 : -1;
    skip(s);
    if (more > 0 && take(s, '}'))
        more = 0;
    while (more > 0) {
        more = scan_pair(s, &key, &value) && store(vm, result, pairs, key, value)
                   ? another(s, '}', "Illegal trailing comma before end of object")
                   : -1;
    }
    Value hook = pairs ? s->options->object_pairs_hook : s->options->object_hook;
    if (more < 0 || !hook) {
        if (more == 0)
            return result;
        decref(vm, result);
        return VALUE_ERROR;
    }
    Value hooked = call1(vm, hook, result);
    decref(vm, result);
    return hooked;
}

/* Behind the opening bracket. */
static Value scan_array(Scan *s) {
    VM *vm = s->vm;
    Value result = list_new(vm, 0);
    int more = result ? 1 : -1;
    skip(s);
    if (more > 0 && take(s, ']'))
        more = 0;
    while (more > 0) {
        Value item = scan_value(s);
        more = item && list_append_steal(vm, result, item)
                   ? another(s, ']', "Illegal trailing comma before end of array")
                   : -1;
    }
    if (more == 0)
        return result;
    decref(vm, result);
    return VALUE_ERROR;
}

/* ---- numbers and words ----------------------------------------------------------------------------------------- */

static bool is_digit(const char *p, const char *end) { return p < end && *p >= '0' && *p <= '9'; }

static Value call_with_text(Scan *s, Value function, const char *from, const char *to) {
    Value text = str_new_ascii(s->vm, from, (size_t)(to - from));
    Value result = text ? call1(s->vm, function, text) : VALUE_ERROR;
    decref(s->vm, text);
    return result;
}

static Value integer(Scan *s, const char *from, const char *to) {
    if (s->options->parse_int)
        return call_with_text(s, s->options->parse_int, from, to);
    bool negative = *from == '-';
    if (to - from <= 18) {
        int64_t value = 0;
        for (const char *p = from + negative; p < to; p++)
            value = value * 10 + (*p - '0');
        return int_from_int64(s->vm, negative ? -value : value);
    }
    Value text = str_new_ascii(s->vm, from, (size_t)(to - from));
    Value result = text ? int_parse(s->vm, text, 10) : VALUE_ERROR;
    decref(s->vm, text);
    return result;
}

static Value scan_number(Scan *s) {
    const char *start = s->p, *p = start, *end = s->end;
    bool fraction = false;
    if (*p == '-')
        p++;
    if (!is_digit(p, end))
        return no_value(s, start);
    if (*p++ != '0') {
        while (is_digit(p, end))
            p++;
    }
    if (p < end && *p == '.' && is_digit(p + 1, end)) {
        fraction = true;
        for (p++; is_digit(p, end);)
            p++;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        const char *e = p + 1;
        if (e < end && (*e == '+' || *e == '-'))
            e++;
        if (is_digit(e, end)) {
            fraction = true;
            for (p = e; is_digit(p, end);)
                p++;
        }
    }
    s->p = p;
    if (!fraction)
        return integer(s, start, p);
    if (s->options->parse_float)
        return call_with_text(s, s->options->parse_float, start, p);
    double d;
    float_from_text(start, (size_t)(p - start), &d);
    return from_double(d);
}

static bool take_word(Scan *s, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
        return false;
    s->p += n;
    return true;
}

static Value constant(Scan *s, const char *word) {
    Value text = str_from_c(s->vm, word);
    Value result = text ? call1(s->vm, s->options->parse_constant, text) : VALUE_ERROR;
    decref(s->vm, text);
    return result;
}

static Value scan_nested(Scan *s, Value (*scan)(Scan *), const char *where) {
    if (!native_enter(s->vm, where))
        return VALUE_ERROR;
    s->p++;
    Value result = scan(s);
    native_leave(s->vm);
    return result;
}

static Value scan_value(Scan *s) {
    switch (s->p < s->end ? *s->p : 0) {
    case '"':
        s->p++;
        return json_read_string(s->vm, s->whole, &s->p, s->options->strict);
    case '{':
        return scan_nested(s, scan_object, " while decoding a JSON object from a unicode string");
    case '[':
        return scan_nested(s, scan_array, " while decoding a JSON array from a unicode string");
    case 'n':
        return take_word(s, "null") ? VALUE_NONE : no_value(s, s->p);
    case 't':
        return take_word(s, "true") ? VALUE_TRUE : no_value(s, s->p);
    case 'f':
        return take_word(s, "false") ? VALUE_FALSE : no_value(s, s->p);
    case 'N':
        return take_word(s, "NaN") ? constant(s, "NaN") : no_value(s, s->p);
    case 'I':
        return take_word(s, "Infinity") ? constant(s, "Infinity") : no_value(s, s->p);
    case '-':
        return take_word(s, "-Infinity") ? constant(s, "-Infinity") : scan_number(s);
    default:
        return is_digit(s->p, s->end) ? scan_number(s) : no_value(s, s->p);
    }
}

/* ---- the type -------------------------------------------------------------------------------------------------- */

/* scan_once(text, index): the value that begins there and the index behind it. */
static Value scanner_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    ssize_t index;
    if (!native_bind(vm, "scan_once", "string, idx", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    if (!is_str(v[0]))
        return raise_type(vm, "first argument must be a string, not %.80T", v[0]);
    if (!to_ssize(vm, v[1], &index))
        return VALUE_ERROR;
    if (index < 0)
        return raise_value(vm, "idx cannot be negative");
    if ((size_t)index > as_str(v[0])->nchars)
        return raise_stop_iteration(vm, v[1]);
    Value whole = incref(v[0]), result = VALUE_ERROR;
    Scan s = {.vm = vm, .options = (const Scanner *)as_obj(self), .whole = whole};
    s.p = str_data(whole) + str_byte_offset(vm, whole, (size_t)index);
    s.end = str_data(whole) + as_str(whole)->nbytes;
    incref(self);
    Value value = scan_value(&s);
    if (value) {
        size_t end = str_char_offset(vm, whole, (size_t)(s.p - str_data(whole)));
        result = tuple_pack(vm, 2, value, int_from_ssize(vm, (ssize_t)end));
    }
    decref(vm, value);
    for (size_t i = 0; i < KEY_CACHE; i++)
        decref(vm, s.keys[i]);
    decref(vm, whole);
    decref(vm, self);
    return result;
}

/* A setting of the decoder; None and the usual function count as none. */
static bool setting(VM *vm, Value decoder, const char *name, Value usual, Value *out) {
    Value v = attr_get_c(vm, decoder, name);
    if (!v)
        return false;
    if (is_none(v) || v == usual) {
        decref(vm, v);
        v = 0;
    }
    *out = v;
    return true;
}

static Value scanner_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value decoder = 0;
    if (!native_bind(vm, "make_scanner", "context", args, nargs, kwnames, &decoder, 1))
        return VALUE_ERROR;
    Scanner *s = object_alloc(vm, type, 0);
    Value strict = s ? attr_get_c(vm, decoder, "strict") : VALUE_ERROR;
    int is_strict = strict ? truth(vm, strict) : -1;
    decref(vm, strict);
    if (is_strict >= 0 && setting(vm, decoder, "object_hook", 0, &s->object_hook) &&
        setting(vm, decoder, "object_pairs_hook", 0, &s->object_pairs_hook) &&
        setting(vm, decoder, "parse_float", type_value(vm->types.float_), &s->parse_float) &&
        setting(vm, decoder, "parse_int", type_value(vm->types.int_), &s->parse_int) &&
        setting(vm, decoder, "parse_constant", 0, &s->parse_constant)) {
        s->strict = is_strict;
        return from_obj(s);
    }
    if (s)
        obj_decref(vm, &s->header);
    return VALUE_ERROR;
}

static Value get_strict(VM *vm, Value self) { return from_bool(((Scanner *)as_obj(self))->strict); }

static const GetSetSpec getset[] = {
    {"strict", get_strict, NULL, "Are control characters in strings refused?"},
    {0},
};

const TypeSpec json_scanner_spec = {
    .name = "_json.Scanner",
    .doc = "Reads JSON values with the settings of a decoder.",
    .signature = "context",
    .size = sizeof(Scanner),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(5), .create = scanner_create, .call = scanner_call},
    .getset = getset,
};
