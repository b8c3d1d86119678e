/* str.format and format(str, spec).
 *
 * A format string is literal text with fields {name!conversion:spec}. The name is a number, an identifier or nothing
 * (numbered in turn), followed by .attributes and [items]; the spec may contain fields itself, one level deep. The
 * walk reads the format string in place: it is kept alive by the caller, and cannot change.
 */
#include "object/str_internal.h"

#include "object/number_format.h"

#define NESTING_MAX 2 /* the text itself and the specs in it */

typedef enum Numbering { NUMBERING_OPEN, NUMBERING_AUTO, NUMBERING_MANUAL } Numbering;

typedef struct Formatter {
    VM *vm;
    Value *args; /* NULL: format_map */
    size_t nargs;
    Value kwnames; /* names of the values behind the positional ones, or 0 */
    Value mapping; /* of format_map, else 0 */
    Numbering numbering;
    size_t next_number;
} Formatter;

typedef struct Part { /* of the format string */
    const char *start, *end;
} Part;

static size_t part_length(Part p) { return (size_t)(p.end - p.start); }

typedef struct Field {
    Part name, spec;
    uint32_t conversion; /* 0: none */
    bool spec_has_fields;
} Field;

/* --- reading a field ------------------------------------------------------------------------------------------- */

/* Finds the end of the spec, which starts at *p: the brace that closes the field. */
static bool read_spec(VM *vm, const char **p, const char *end, Field *f) {
    int depth = 1;
    f->spec.start = *p;
    for (const char *q = *p; q < end; q++) {
        if (*q == '{') {
            f->spec_has_fields = true;
            depth++;
        } else if (*q == '}' && --depth == 0) {
            f->spec.end = q;
            *p = q + 1;
            return true;
        }
    }
    return raise_value(vm, "unmatched '{' in format spec");
}

/* Reads the field behind an opening brace. */
static bool read_field(VM *vm, const char **p, const char *end, Field *f) {
    *f = (Field){.name.start = *p};
    const char *q = *p;
    while (q < end && *q != '}' && *q != ':' && *q != '!') {
        if (*q == '{')
            return raise_value(vm, "unexpected '{' in field name");
        if (*q == '[')
            while (q < end && *q != ']')
                q++;
        else
            q++;
    }
    f->name.end = q;
    if (q >= end)
        return raise_value(vm, "expected '}' before end of string");
    char c = *q++;
    f->spec.start = f->spec.end = q;
    if (c == '!') {
        if (q >= end)
            return raise_value(vm, "end of string while looking for conversion specifier");
        f->conversion = utf8_next(&q);
        if (q < end) {
            c = *q++;
            if (c != ':' && c != '}')
                return raise_value(vm, "expected ':' after conversion specifier");
        }
    }
    *p = q;
    return c == '}' || read_spec(vm, p, end, f);
}

/* Copies literal text up to the next field. 1: a field follows (behind *p), 0: the end, -1: error. */
static int read_literal(StrBuilder *b, const char **p, const char *end) {
    while (*p < end) {
        const char *start = *p, *q = start;
        while (q < end && *q != '{' && *q != '}')
            q++;
        if (q > start && !strbuilder_add(b, start, (size_t)(q - start)))
            return -1;
        *p = q;
        if (q >= end)
            break;
        char c = *q;
        if (q + 1 < end && q[1] == c) {
            strbuilder_add(b, &c, 1);
            *p = q + 2;
            continue;
        }
        *p = q + 1;
        if (c == '}' || q + 1 >= end) {
            raise_value(b->vm, "Single '%c' encountered in format string", c);
            return -1;
        }
        return 1;
    }
    return b->failed ? -1 : 0;
}

/* --- looking a field up ---------------------------------------------------------------------------------------- */

/* 1: the part is a number, 0: it is not, -1: error. */
static int part_number(VM *vm, Part part, size_t *out) {
    size_t n = 0;
    if (part.start == part.end)
        return 0;
    for (const char *p = part.start; p < part.end;) {
        int digit = unicode_decimal(utf8_next(&p));
        if (digit < 0)
            return 0;
        if (n > ((size_t)SSIZE_MAX - (size_t)digit) / 10) {
            raise_value(vm, "Too many decimal digits in format string");
            return -1;
        }
        n = n * 10 + (size_t)digit;
    }
    *out = n;
    return 1;
}

static Value find_keyword(Formatter *f, Part name) {
    VM *vm = f->vm;
    Value key = str_new(vm, name.start, part_length(name));
    if (key == 0)
        return VALUE_ERROR;
    Value r = 0;
    if (f->mapping != 0) {
        r = item_get(vm, f->mapping, key);
    } else {
        const Tuple *names = f->kwnames != 0 ? as_tuple(f->kwnames) : NULL;
        for (size_t i = 0; names != NULL && i < names->len && r == 0; i++)
            if (str_equal(as_str(names->items[i]), as_str(key)))
                r = incref(f->args[f->nargs + i]);
        if (r == 0)
            raise_key(vm, key);
    }
    decref(vm, key);
    return r;
}

/* The argument that a field's name starts with; `first` is that start. */
static Value find_argument(Formatter *f, Part first) {
    VM *vm = f->vm;
    size_t n = 0;
    bool empty = first.start == first.end;
    int is_number = part_number(vm, first, &n);
    if (is_number < 0)
        return VALUE_ERROR;
    if (!empty && !is_number)
        return find_keyword(f, first);
    Numbering numbering = empty ? NUMBERING_AUTO : NUMBERING_MANUAL;
    if (f->numbering == NUMBERING_OPEN)
        f->numbering = numbering;
    if (f->numbering != numbering)
        return raise_value(vm, empty ? "cannot switch from manual field specification to automatic field numbering"
                                     : "cannot switch from automatic field numbering to manual field specification");
    if (empty)
        n = f->next_number++;
    if (f->args == NULL)
        return raise_value(vm, "Format string contains positional fields");
    if (n >= f->nargs)
        return raise_index(vm, "Replacement index %u out of range for positional args tuple", n);
    return incref(f->args[n]);
}

/* obj[text], where a number is an int. Consumes obj. */
static Value item_step(VM *vm, Value obj, Part name) {
    size_t n = 0;
    int is_number = part_number(vm, name, &n);
    Value key = is_number < 0 ? 0
                : is_number   ? int_from_ssize(vm, (ssize_t)n)
                              : str_new(vm, name.start, part_length(name));
    Value r = key ? item_get(vm, obj, key) : VALUE_ERROR;
    decref(vm, key);
    decref(vm, obj);
    return r;
}

static Value attribute_step(VM *vm, Value obj, Part name) {
    Value key = str_intern(vm, str_new(vm, name.start, part_length(name)));
    Value r = key ? attr_get(vm, obj, key) : VALUE_ERROR;
    decref(vm, key);
    decref(vm, obj);
    return r;
}

static Value find_value(Formatter *f, Part name) {
    VM *vm = f->vm;
    const char *p = name.start;
    while (p < name.end && *p != '.' && *p != '[')
        p++;
    Value v = find_argument(f, (Part){name.start, p});
    while (v != 0 && p < name.end) {
        bool is_item = *p == '[';
        if (!is_item && *p != '.') {
            decref(vm, v);
            return raise_value(vm, "Only '.' or '[' may follow ']' in format field specifier");
        }
        Part step = {p + 1, p + 1};
        while (step.end < name.end && (is_item ? *step.end != ']' : *step.end != '.' && *step.end != '['))
            step.end++;
        const char *problem = is_item && step.end >= name.end ? "Missing ']' in format string"
                              : step.start == step.end        ? "Empty attribute in format string"
                                                              : NULL;
        if (problem != NULL) {
            decref(vm, v);
            return raise_value(vm, "%s", problem);
        }
        v = is_item ? item_step(vm, v, step) : attribute_step(vm, v, step);
        p = is_item ? step.end + 1 : step.end;
    }
    return v;
}

/* --- writing a field ------------------------------------------------------------------------------------------- */

/* Consumes v. */
static Value convert(VM *vm, Value v, uint32_t conversion) {
    Value r;
    switch (conversion) {
    case 's':
        r = to_str(vm, v);
        break;
    case 'r':
        r = to_repr(vm, v);
        break;
    case 'a':
        r = to_ascii(vm, v);
        break;
    default:
        if (conversion > 32 && conversion < 127)
            r = raise_value(vm, "Unknown conversion specifier %c", (int)conversion);
        else
            r = raise_value(vm, "Unknown conversion specifier \\x%x", (unsigned)conversion);
    }
    decref(vm, v);
    return r;
}

static bool format_text(Formatter *f, StrBuilder *b, Part text, int nesting);

static Value expand_spec(Formatter *f, const Field *field, int nesting) {
    StrBuilder b;
    strbuilder_init(&b, f->vm);
    if (format_text(f, &b, field->spec, nesting - 1))
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return VALUE_ERROR;
}

static bool write_field(Formatter *f, StrBuilder *b, const Field *field, int nesting) {
    VM *vm = f->vm;
    Value v = find_value(f, field->name);
    if (v != 0 && field->conversion != 0)
        v = convert(vm, v, field->conversion);
    if (v == 0)
        return false;
    Value spec = 0;
    if (field->spec_has_fields)
        spec = expand_spec(f, field, nesting);
    else if (part_length(field->spec) != 0)
        spec = str_new(vm, field->spec.start, part_length(field->spec));
    Value r = spec == 0 && error_pending(vm) ? VALUE_ERROR : to_format(vm, v, spec);
    decref(vm, spec);
    decref(vm, v);
    if (r == 0)
        return false;
    strbuilder_add_value(b, r);
    decref(vm, r);
    return !b->failed;
}

static bool format_text(Formatter *f, StrBuilder *b, Part text, int nesting) {
    if (nesting <= 0)
        return raise_value(f->vm, "Max string recursion exceeded");
    const char *p = text.start;
    for (;;) {
        int more = read_literal(b, &p, text.end);
        if (more <= 0)
            return more == 0;
        Field field;
        if (!read_field(f->vm, &p, text.end, &field) || !write_field(f, b, &field, nesting))
            return false;
    }
}

static Value run(Formatter *f, Value format) {
    StrBuilder b;
    strbuilder_init(&b, f->vm);
    const char *data = str_data(format);
    if (format_text(f, &b, (Part){data, data + as_str(format)->nbytes}, NESTING_MAX))
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return VALUE_ERROR;
}

Value str_format(VM *vm, Value format, Value *args, size_t nargs, Value kwnames) {
    Value none = 0;
    Formatter f = {.vm = vm, .args = args != NULL ? args : &none, .nargs = nargs, .kwnames = kwnames};
    return run(&f, format);
}

Value str_format_map(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Formatter f = {.vm = vm, .mapping = args[0]};
    return run(&f, self);
}

/* --- format(str, spec) ----------------------------------------------------------------------------------------- */

static bool check_spec(VM *vm, Value s, const FormatSpec *f) {
    if (f->type != 's') {
        number_format_unknown(vm, f, type_name(s));
        return false;
    }
    if (f->sign != 0)
        return raise_value(vm, f->sign == ' ' ? "Space not allowed in string format specifier"
                                              : "Sign not allowed in string format specifier");
    if (f->no_neg_zero)
        return raise_value(vm, "Negative zero coercion (z) not allowed in string format specifier");
    if (f->alternate)
        return raise_value(vm, "Alternate form (#) not allowed in string format specifier");
    if (f->align == '=')
        return raise_value(vm, "'=' alignment not allowed in string format specifier");
    return true;
}

Value str_format_spec(VM *vm, Value s, Value spec) {
    FormatSpec f;
    if (as_str(spec)->nbytes == 0)
        return str_unchanged(vm, s);
    if (!number_format_parse(vm, spec, type_name(s), 's', '<', &f) || !check_spec(vm, s, &f))
        return VALUE_ERROR;
    size_t n = as_str(s)->nchars;
    if (f.precision >= 0 && (size_t)f.precision < n)
        n = (size_t)f.precision;
    Value cut = str_slice(vm, s, 0, (ssize_t)n);
    if (cut == 0 || f.width < 0 || (size_t)f.width <= n)
        return cut;
    size_t pad = (size_t)f.width - n, left = f.align == '>' ? pad : f.align == '^' ? pad / 2 : 0;
    Text t = text_of_str(cut);
    Value r = text_pad(vm, &t, left, pad - left, f.fill);
    decref(vm, cut);
    return r;
}
