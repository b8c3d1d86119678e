/* Error handlers of the text codecs: those that always exist, as functions that scripts can get and call too, and the
 * registry of those that scripts add. A handler gets the exception and returns (replacement, position to go on from).
 */
#include "object/codec.h"

#include "object/str_internal.h"

typedef struct Fault { /* what the exception says */
    bool encode, decode, translate;
    Value object;      /* str, or bytes when decoding */
    size_t start, end; /* within the object */
} Fault;

static bool fault_field(Value exc, int field, size_t n, size_t *out) {
    Value v = exception_field(exc, field);
    int64_t i;
    if (v == 0 || !is_int(v) || !int_fits_int64(v, &i))
        return false;
    *out = i < 0 ? 0 : (uint64_t)i > n ? n : (size_t)i;
    return true;
}

static bool fault_of(VM *vm, Value exc, Fault *f) {
    *f = (Fault){0};
    if (is_exception(exc)) {
        f->encode = exception_is(vm, exc, vm->exc.UnicodeEncodeError);
        f->decode = exception_is(vm, exc, vm->exc.UnicodeDecodeError);
        f->translate = exception_is(vm, exc, vm->exc.UnicodeTranslateError);
    }
    if (!f->encode && !f->decode && !f->translate)
        return raise_type(vm, "don't know how to handle %.200T in error callback", exc);
    f->object = exception_field(exc, UNICODEERROR_OBJECT);
    if (f->object == 0 || !(f->decode ? is_bytes(f->object) : is_str(f->object)))
        return raise_type(vm, "object attribute must be %s", f->decode ? "bytes" : "str");
    size_t n = f->decode ? as_bytes(f->object)->len : as_str(f->object)->nchars;
    if (!fault_field(exc, UNICODEERROR_START, n, &f->start) || !fault_field(exc, UNICODEERROR_END, n, &f->end))
        return raise_type(vm, "start and end attributes must be int");
    if (f->end < f->start)
        f->end = f->start;
    return true;
}

/* (replacement, position); consumes the replacement. */
static Value answer(VM *vm, Value replacement, size_t position) {
    if (replacement == 0)
        return VALUE_ERROR;
    Value items[2] = {replacement, int_from_ssize(vm, (ssize_t)position)};
    return tuple_from_array_steal(vm, items, 2);
}

static Value reraise(VM *vm, Value exc) { return raise_object(vm, exc); }

static Value wrong_fault(VM *vm, Value exc) {
    return raise_type(vm, "don't know how to handle %.200T in error callback", exc);
}

/* --- the handlers ---------------------------------------------------------------------------------------------- */

static Value strict_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (is_exception(args[0]))
        return reraise(vm, args[0]);
    return raise_type(vm, "codec must pass exception instance");
}

static Value ignore_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Fault f;
    return fault_of(vm, args[0], &f) ? answer(vm, str_alloc(vm, 0, 0), f.end) : VALUE_ERROR;
}

static Value replace_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Fault f;
    if (!fault_of(vm, args[0], &f))
        return VALUE_ERROR;
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_fill(&b, f.encode ? '?' : 0xFFFD, f.decode ? 1 : f.end - f.start);
    return answer(vm, strbuilder_finish(&b), f.end);
}

/* The numbers of what could not be turned over: bytes or code points. */
static uint32_t fault_item(VM *vm, const Fault *f, size_t i) {
    return f->decode ? (uint8_t)as_bytes(f->object)->data[i] : str_char_at(vm, f->object, i);
}

/* The same one after the other: *p is where fault_begin has put it, or behind the last one. */
static const char *fault_begin(VM *vm, const Fault *f) {
    return f->decode ? as_bytes(f->object)->data + f->start
                     : str_data(f->object) + str_byte_offset(vm, f->object, f->start);
}
static uint32_t fault_next(const Fault *f, const char **p) { return f->decode ? (uint8_t) * (*p)++ : utf8_next(p); }

static void add_backslash(StrBuilder *b, uint32_t c) {
    char text[10];
    strbuilder_add(b, text, str_escape_char(c, text));
}

static Value backslashreplace_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Fault f;
    if (!fault_of(vm, args[0], &f))
        return VALUE_ERROR;
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = fault_begin(vm, &f);
    for (size_t i = f.start; i < f.end && !b.failed; i++)
        add_backslash(&b, fault_next(&f, &p));
    return answer(vm, strbuilder_finish(&b), f.end);
}

static void add_reference(StrBuilder *b, uint32_t c) {
    char text[10], *p = text + sizeof text;
    *--p = ';';
    do
        *--p = (char)('0' + c % 10);
    while ((c /= 10) != 0);
    *--p = '#';
    *--p = '&';
    strbuilder_add(b, p, (size_t)(text + sizeof text - p));
}

static Value xmlcharrefreplace_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Fault f;
    if (!fault_of(vm, args[0], &f))
        return VALUE_ERROR;
    if (!f.encode)
        return wrong_fault(vm, args[0]);
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = fault_begin(vm, &f);
    for (size_t i = f.start; i < f.end && !b.failed; i++)
        add_reference(&b, fault_next(&f, &p));
    return answer(vm, strbuilder_finish(&b), f.end);
}

/* The function unicodedata.name, owned; VALUE_NONE if there is no such module. */
static Value name_function(VM *vm) {
    Value import = builtin_get(vm, "__import__");
    Value module_name = import ? str_from_c(vm, "unicodedata") : 0;
    Value module = module_name ? call1(vm, import, module_name) : VALUE_ERROR;
    Value fn = module ? attr_get_c(vm, module, "name") : VALUE_ERROR;
    decref(vm, module_name);
    decref(vm, module);
    if (fn != 0 || !error_matches(vm, vm->exc.ImportError))
        return fn;
    error_clear(vm);
    return VALUE_NONE;
}

static bool add_name(VM *vm, StrBuilder *b, Value fn, uint32_t c) {
    Value s = is_none(fn) ? VALUE_NONE : str_from_char(vm, c);
    Value name = is_none(s) ? VALUE_NONE : s ? call2(vm, fn, s, VALUE_NONE) : VALUE_ERROR;
    decref(vm, s);
    if (name == 0)
        return false;
    if (is_str(name))
        strbuilder_printf(b, "\\N{%V}", name);
    else
        add_backslash(b, c);
    decref(vm, name);
    return !b->failed;
}

static Value namereplace_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Fault f;
    if (!fault_of(vm, args[0], &f))
        return VALUE_ERROR;
    if (!f.encode)
        return wrong_fault(vm, args[0]);
    Value fn = name_function(vm);
    if (fn == 0)
        return VALUE_ERROR;
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = true;
    for (size_t i = f.start; i < f.end && ok; i++)
        ok = add_name(vm, &b, fn, fault_item(vm, &f, i));
    decref(vm, fn);
    if (ok)
        return answer(vm, strbuilder_finish(&b), f.end);
    strbuilder_drop(&b);
    return VALUE_ERROR;
}

/* Bytes that are no text become the surrogates U+DC80..U+DCFF, and those become the bytes again. */
static Value surrogateescape_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Fault f;
    if (!fault_of(vm, args[0], &f))
        return VALUE_ERROR;
    if (f.translate)
        return wrong_fault(vm, args[0]);
    StrBuilder b;
    strbuilder_init(&b, vm);
    size_t i = f.start;
    for (; i < f.end && !b.failed; i++) {
        uint32_t c = fault_item(vm, &f, i);
        char byte = (char)(c - 0xDC00);
        if (f.decode ? c < 0x80 || i - f.start >= 4 : c < 0xDC80 || c > 0xDCFF)
            break;
        if (f.decode)
            strbuilder_add_char(&b, 0xDC00 + c);
        else
            strbuilder_add(&b, &byte, 1);
    }
    if (f.decode ? i == f.start : i < f.end) {
        strbuilder_drop(&b);
        /* The error is the first character that is no escaped byte, but for tables, which report the whole run. */
        Value encoding = exception_field(args[0], UNICODEERROR_ENCODING);
        bool table = encoding != 0 && is_str(encoding) && str_equals_c(encoding, "charmap");
        if (!f.decode && i > f.start && !table) {
            Value at = int_from_ssize(vm, (ssize_t)i);
            bool ok = at != 0 && exception_set_field(vm, args[0], UNICODEERROR_START, at);
            decref(vm, at);
            if (!ok)
                return VALUE_ERROR;
        }
        return reraise(vm, args[0]);
    }
    if (f.decode)
        return answer(vm, strbuilder_finish(&b), i);
    Value r = b.failed ? VALUE_ERROR : bytes_new(vm, b.len != 0 ? b.data : "", b.len);
    strbuilder_drop(&b);
    return answer(vm, r, i);
}

typedef struct Unit { /* how an encoding would write a surrogate */
    unsigned size;    /* 1: UTF-8; 0: unknown */
    bool big;
} Unit;

static Unit unit_of(Value encoding) {
    const Codec *c = encoding != 0 && is_str(encoding) ? codec_find(str_data(encoding)) : NULL;
    if (c == NULL)
        return (Unit){0, false};
    bool big = strstr(c->name, "-be") != NULL;
    if (strncmp(c->name, "utf-16", 6) == 0)
        return (Unit){2, big};
    if (strncmp(c->name, "utf-32", 6) == 0)
        return (Unit){4, big};
    return (Unit){strcmp(c->name, "utf-8") == 0, false};
}

static void add_unit(StrBuilder *b, Unit u, uint32_t c) {
    if (u.size == 1) {
        strbuilder_add_char(b, c);
        return;
    }
    for (unsigned i = 0; i < u.size; i++) {
        char byte = (char)(c >> 8 * (u.big ? u.size - 1 - i : i));
        strbuilder_add(b, &byte, 1);
    }
}

/* The surrogate at p, or CODE_POINT_NONE. */
static uint32_t read_surrogate(const char *data, size_t n, Unit u) {
    const uint8_t *p = (const uint8_t *)data;
    uint32_t c = 0;
    if (u.size == 1) {
        if (n < 3 || (p[0] & 0xF0) != 0xE0 || (p[1] & 0xC0) != 0x80 || (p[2] & 0xC0) != 0x80)
            return CODE_POINT_NONE;
        c = (uint32_t)(p[0] & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
    } else {
        if (u.size == 0 || n < u.size)
            return CODE_POINT_NONE;
        for (unsigned i = 0; i < u.size; i++)
            c |= (uint32_t)p[i] << 8 * (u.big ? u.size - 1 - i : i);
    }
    return is_surrogate(c) ? c : CODE_POINT_NONE;
}

static Value surrogatepass_decode(VM *vm, Value exc, const Fault *f, Unit u) {
    const Bytes *data = as_bytes(f->object);
    uint32_t c = read_surrogate(data->data + f->start, data->len - f->start, u);
    if (c == CODE_POINT_NONE)
        return reraise(vm, exc);
    return answer(vm, str_from_char(vm, c), f->start + (u.size == 1 ? 3 : u.size));
}

static Value surrogatepass_errors(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Fault f;
    if (!fault_of(vm, args[0], &f))
        return VALUE_ERROR;
    if (f.translate)
        return wrong_fault(vm, args[0]);
    Unit u = unit_of(exception_field(args[0], UNICODEERROR_ENCODING));
    if (f.decode)
        return surrogatepass_decode(vm, args[0], &f, u);
    StrBuilder b;
    strbuilder_init(&b, vm);
    for (size_t i = f.start; i < f.end && !b.failed; i++) {
        uint32_t c = fault_item(vm, &f, i);
        if (!is_surrogate(c) || u.size == 0) {
            strbuilder_drop(&b);
            return reraise(vm, args[0]);
        }
        add_unit(&b, u, c);
    }
    Value r = b.failed ? VALUE_ERROR : bytes_new(vm, b.len != 0 ? b.data : "", b.len);
    strbuilder_drop(&b);
    return answer(vm, r, f.end);
}

/* --- the registry ---------------------------------------------------------------------------------------------- */

static const struct Handler {
    const char *name;
    MethodSpec spec;
} handlers[] = {
    {"strict", {"strict_errors", strict_errors, "exception, /", "Raises the exception.", 0}},
    {"ignore", {"ignore_errors", ignore_errors, "exception, /", "Leaves the faulty part out.", 0}},
    {"replace", {"replace_errors", replace_errors, "exception, /", "Puts a replacement character there.", 0}},
    {"backslashreplace",
     {"backslashreplace_errors", backslashreplace_errors, "exception, /", "Puts backslash escapes there.", 0}},
    {"xmlcharrefreplace",
     {"xmlcharrefreplace_errors", xmlcharrefreplace_errors, "exception, /", "Puts XML character references there.",
      0}},
    {"namereplace", {"namereplace_errors", namereplace_errors, "exception, /", "Puts \\N{...} escapes there.", 0}},
    {"surrogateescape",
     {"surrogateescape", surrogateescape_errors, "exception, /", "Keeps bytes as lone surrogates.", 0}},
    {"surrogatepass", {"surrogatepass", surrogatepass_errors, "exception, /", "Lets lone surrogates through.", 0}},
};

static Value registered(VM *vm, const char *name) { /* borrowed, 0 if there is none */
    return vm->codec_errors != 0 ? dict_get_c(vm, vm->codec_errors, name) : 0;
}

bool codec_register_error(VM *vm, Value name, Value handler) {
    if (!is_callable(handler))
        return raise_type(vm, "handler must be callable");
    if (vm->codec_errors == 0) {
        Value d = dict_new(vm);
        if (d == 0 || (d = vm_keep(vm, d)) == 0)
            return false;
        vm->codec_errors = d;
    }
    return dict_set(vm, vm->codec_errors, name, handler);
}

Value codec_lookup_error(VM *vm, const char *name) {
    Value fn = registered(vm, name);
    if (fn != 0)
        return incref(fn);
    for (size_t i = 0; i < ARRAY_LEN(handlers); i++)
        if (strcmp(name, handlers[i].name) == 0)
            return native_new(vm, &handlers[i].spec, 0, NULL, 0);
    return raisef(vm, vm->exc.LookupError, "unknown error handler name '%.400s'", name);
}

Value codec_handle_error(VM *vm, const char *errors, Value exception) {
    Value fn = registered(vm, errors);
    for (size_t i = 0; fn == 0 && i < ARRAY_LEN(handlers); i++)
        if (strcmp(errors, handlers[i].name) == 0)
            return handlers[i].spec.fn(vm, 0, &exception, 1, 0);
    if (fn == 0)
        return raisef(vm, vm->exc.LookupError, "unknown error handler name '%.400s'", errors);
    incref(fn);
    Value r = call1(vm, fn, exception);
    decref(vm, fn);
    return r;
}
