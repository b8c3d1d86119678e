/* Replacement: templates, Pattern.sub and subn.
 *
 * A template is a tuple: literal, group number, literal, group number, ... literal.
 */
#include "stdlib/re/re.h"

#include "object/unicode.h"

#define GROUPS_MAX 1073741823

/* ---- reading templates ----------------------------------------------------------------------------------------- */

typedef struct TemplateReader {
    Parser scan; /* its tokens and errors are those of patterns */
    Pattern *pattern;
    Value parts; /* list */
    StrBuilder literal;
} TemplateReader;

static bool is_digit(Token t, char last) { return t.length == 1 && *t.at >= '0' && *t.at <= last; }

static Value finish_literal(TemplateReader *r) {
    VM *vm = r->scan.vm;
    if (!r->scan.is_bytes)
        return strbuilder_finish(&r->literal);
    Value result = r->literal.failed ? VALUE_ERROR : bytes_new(vm, r->literal.data, r->literal.len);
    strbuilder_drop(&r->literal);
    return result;
}

static bool add_char(TemplateReader *r, uint32_t c) {
    char byte = (char)c;
    return r->scan.is_bytes ? strbuilder_add(&r->literal, &byte, 1) : strbuilder_add_char(&r->literal, c);
}

static bool add_group(TemplateReader *r, size_t group, const char *at) {
    if (group > r->pattern->ngroups)
        return parser_error(&r->scan, at, "invalid group reference %u", group);
    Value literal = finish_literal(r);
    return literal && list_append_steal(r->scan.vm, r->parts, literal) &&
           list_append(r->scan.vm, r->parts, from_small_int((int64_t)group));
}

/* The number that the name in \g<name> stands for. */
static bool group_by_name(TemplateReader *r, const char *at, size_t length, size_t *out) {
    VM *vm = r->scan.vm;
    uint64_t number = 0;
    size_t digits = 0;
    for (; digits < length && at[digits] >= '0' && at[digits] <= '9'; digits++)
        number = number > GROUPS_MAX ? number : number * 10 + (uint64_t)(at[digits] - '0');
    Value name = r->scan.is_bytes ? str_decode(vm, at, length, "latin-1", "strict") : str_new(vm, at, length);
    if (!name)
        return false;
    bool ok = false;
    *out = number;
    if (digits == length && number < GROUPS_MAX) {
        ok = true;
    } else if (digits == length) {
        parser_error(&r->scan, at, "invalid group reference %V", name);
    } else if (r->scan.is_bytes && !str_is_ascii(as_str(name))) {
        parser_error(&r->scan, at, "bad character in group name %A", name);
    } else {
        Value index = dict_get_str(vm, r->pattern->groupindex, name);
        ok = index != 0;
        if (ok)
            *out = (size_t)as_small_int(index);
        else if (str_is_identifier(name))
            raise_index(vm, "unknown group name %R", name);
        else
            parser_error(&r->scan, at, "bad character in group name %R", name);
    }
    decref(vm, name);
    return ok;
}

static bool named_part(TemplateReader *r) {
    const char *at;
    size_t length, group;
    bool open;
    if (!parser_accept(&r->scan, '<', &open))
        return false;
    if (!open)
        return parser_error(&r->scan, r->scan.next.at, "missing <");
    return parser_until(&r->scan, '>', "group name", &at, &length) && group_by_name(r, at, length, &group) &&
           add_group(r, group, at);
}

/* \0 and up to two octal digits, \ and three of them: a character. Else \ and one or two digits: a group. */
static bool number_part(TemplateReader *r, Token t) {
    Parser *p = &r->scan;
    unsigned value = (unsigned)(t.at[1] - '0');
    bool zero = value == 0, octal = t.at[1] <= '7', again = true;
    for (int n = 0; n < 2 && again; n++) {
        again = is_digit(p->next, zero || n == 1 ? '7' : '9');
        if (n == 1 && !zero) /* a third digit only counts if all three are octal */
            again = again && octal;
        if (!again)
            break;
        octal = octal && *p->next.at <= '7';
        if (n == 1 && !zero)
            value = (unsigned)(t.at[1] - '0') * 64 + (unsigned)(t.at[2] - '0') * 8 + (unsigned)(*p->next.at - '0');
        else
            value = value * (zero ? 8 : 10) + (unsigned)(*p->next.at - '0');
        if (!parser_advance(p))
            return false;
        if (n == 1 && !zero) {
            char text[] = {'\\', t.at[1], t.at[2], t.at[3], 0};
            if (value > 0377)
                return parser_error(p, t.at, "octal escape value %s outside of range 0-0o377", text);
            return add_char(r, value);
        }
    }
    return zero ? add_char(r, value & 0xFF) : add_group(r, value, t.at + 1);
}

static bool escape_part(TemplateReader *r, Token t) {
    static const char controls[] = "a\ab\bf\fn\nr\rt\tv\v\\\\";
    char c = t.at[1];
    if (c == 'g')
        return named_part(r);
    if (c >= '0' && c <= '9')
        return number_part(r, t);
    for (const char *row = controls; *row; row += 2) {
        if (*row == c)
            return add_char(r, (uint8_t)row[1]);
    }
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return parser_error(&r->scan, t.at, "bad escape \\%c", (uint32_t)c);
    return strbuilder_add(&r->literal, t.at, t.length);
}

static bool read_parts(TemplateReader *r) {
    Parser *p = &r->scan;
    if (!parser_advance(p))
        return false;
    while (p->next.length) {
        Token t;
        if (!parser_take(p, &t))
            return false;
        if (!(*t.at == '\\' ? escape_part(r, t) : strbuilder_add(&r->literal, t.at, t.length)))
            return false;
    }
    Value literal = finish_literal(r);
    return literal && list_append_steal(p->vm, r->parts, literal);
}

/* text is a str or bytes. */
static Value template_read(VM *vm, Pattern *pattern, Value text) {
    TemplateReader r = {.scan = {.vm = vm, .source = text, .is_bytes = is_bytes(text)}, .pattern = pattern};
    strbuilder_init(&r.literal, vm);
    r.scan.text = r.scan.is_bytes ? as_bytes(text)->data : str_data(text);
    r.scan.end = r.scan.text + (r.scan.is_bytes ? as_bytes(text)->len : as_str(text)->nbytes);
    r.scan.unread = r.scan.text;
    r.parts = list_new(vm, 0);
    Value result = r.parts && read_parts(&r) ? tuple_from_list(vm, r.parts) : VALUE_ERROR;
    strbuilder_drop(&r.literal);
    decref(vm, r.parts);
    return result;
}

Value template_for(VM *vm, Value pattern, Value text) {
    Pattern *p = as_pattern(pattern);
    if (p->template && p->template_source == text)
        return incref(p->template);
    Value source = incref(text), result;
    if (!is_str(text) && !is_bytes(text)) {
        Buffer buffer;
        decref(vm, source);
        if (!type_of(vm, text)->slots.get_buffer)
            return raise_type(vm, "decoding to str: need a bytes-like object, %T found", text);
        if (!buffer_get(vm, text, &buffer, false))
            return VALUE_ERROR;
        source = bytes_new(vm, buffer.data, buffer.len);
        buffer_release(vm, &buffer);
    }
    result = source ? template_read(vm, p, source) : VALUE_ERROR;
    if (result && (has_exact_kind(text, KIND_STR) || has_exact_kind(text, KIND_BYTES))) {
        set_owned(vm, &p->template_source, incref(text));
        set_owned(vm, &p->template, incref(result));
    }
    decref(vm, source);
    return result;
}

/* ---- results under construction -------------------------------------------------------------------------------- */

typedef struct Output {
    VM *vm;
    StrBuilder text;
    bool is_bytes;
    size_t pieces; /* how many strings have been put together */
} Output;

static bool output_raw(Output *o, const char *data, size_t n) {
    o->pieces++;
    return strbuilder_add(&o->text, data, n);
}

/* A piece that may be anything: what cannot be joined raises what joining raises. */
static bool output_add(Output *o, Value piece) {
    VM *vm = o->vm;
    if (!o->is_bytes) {
        if (!is_str(piece))
            return raise_type(vm, "sequence item %u: expected str instance, %T found", o->pieces, piece);
        return output_raw(o, str_data(piece), as_str(piece)->nbytes);
    }
    if (is_bytes(piece))
        return output_raw(o, as_bytes(piece)->data, as_bytes(piece)->len);
    Buffer buffer;
    if (!type_of(vm, piece)->slots.get_buffer)
        return raise_type(vm, "sequence item %u: expected a bytes-like object, %T found", o->pieces, piece);
    if (!buffer_get(vm, piece, &buffer, false))
        return false;
    bool ok = output_raw(o, buffer.data, buffer.len);
    buffer_release(vm, &buffer);
    return ok;
}

static Value output_finish(Output *o) {
    if (!o->is_bytes)
        return strbuilder_finish(&o->text);
    Value result = o->text.failed ? VALUE_ERROR : bytes_new(o->vm, o->text.data ? o->text.data : "", o->text.len);
    strbuilder_drop(&o->text);
    return result;
}

static bool output_template(Output *o, Value template, const char *data, const size_t *spans) {
    for (size_t i = 0; i < as_tuple(template)->len; i++) {
        Value part = as_tuple(template)->items[i];
        if (!is_small_int(part)) {
            if (!output_add(o, part))
                return false;
            continue;
        }
        const size_t *span = &spans[2 * as_small_int(part)];
        if (span[0] != SPAN_UNSET && !output_raw(o, data + span[0], span[1] - span[0]))
            return false;
    }
    return true;
}

Value template_expand(VM *vm, Value template, Value match) {
    Match *m = as_match(match);
    Pattern *p = as_pattern(m->pattern);
    Subject s;
    if (!subject_open(vm, p, m->string, 0, 0, &s))
        return VALUE_ERROR;
    Output o = {.vm = vm, .is_bytes = m->is_bytes};
    strbuilder_init(&o.text, vm);
    bool ok = true;
    for (size_t i = 0; i < 2 * m->nspans; i++)
        ok = ok && (m->spans[i] == SPAN_UNSET || m->spans[i] <= s.end);
    if (!ok)
        raise_index(vm, "the buffer that was searched has become shorter");
    ok = ok && output_template(&o, template, s.data, m->spans);
    subject_close(vm, &s);
    if (ok)
        return output_finish(&o);
    strbuilder_drop(&o.text);
    return VALUE_ERROR;
}

/* ---- sub ------------------------------------------------------------------------------------------------------- */

typedef struct Substitution {
    Value pattern, function; /* function 0: there is a template */
    Value template;
    Subject subject;
    Output out;
    size_t *spans;
} Substitution;

static bool replace_one(Substitution *sub) {
    VM *vm = sub->out.vm;
    if (!sub->function)
        return output_template(&sub->out, sub->template, sub->subject.data, sub->spans);
    Value match = match_new(vm, sub->pattern, &sub->subject, sub->spans);
    Value item = match ? call1(vm, sub->function, match) : VALUE_ERROR;
    bool ok = item && (is_none(item) || output_add(&sub->out, item));
    decref(vm, item);
    decref(vm, match);
    return ok;
}

/* The number of replacements, -1 with an exception. */
static ssize_t replace_all(Substitution *sub, ssize_t count) {
    Pattern *p = as_pattern(sub->pattern);
    const Subject *s = &sub->subject;
    size_t from = 0, copied = 0;
    bool not_empty = false;
    ssize_t n = 0;
    while (count == 0 || n < count) {
        int found = pattern_run(sub->out.vm, p, MODE_SEARCH, s, from, not_empty, sub->spans);
        if (found < 0)
            return -1;
        if (found == 0)
            break;
        size_t start = sub->spans[0], end = sub->spans[1];
        if (copied < start && !output_raw(&sub->out, s->data + copied, start - copied))
            return -1;
        if (!replace_one(sub))
            return -1;
        copied = from = end;
        not_empty = start == end;
        n++;
    }
    if (n > 0 && copied < s->end && !output_raw(&sub->out, s->data + copied, s->end - copied))
        return -1;
    return n;
}

/* A callable is called; text is a template where it has a backslash. */
static bool prepare(VM *vm, Substitution *sub, Value repl) {
    if (is_callable(repl)) {
        sub->function = repl;
        return true;
    }
    bool plain = false;
    if (is_str(repl))
        plain = !memchr(str_data(repl), '\\', as_str(repl)->nbytes);
    else if (is_bytes(repl))
        plain = !memchr(as_bytes(repl)->data, '\\', as_bytes(repl)->len);
    sub->template = plain ? tuple_pack(vm, 1, repl) : template_for(vm, sub->pattern, repl);
    return sub->template != 0;
}

Value pattern_sub(VM *vm, Value pattern, Value repl, Value string, Value count_value, bool with_number) {
    ssize_t count = 0;
    Pattern *p = as_pattern(pattern);
    Substitution sub = {.pattern = pattern, .out = {.vm = vm, .is_bytes = p->is_bytes}};
    size_t size = 2 * (p->ngroups + 1) * sizeof *sub.spans;
    if (count_value && !to_ssize(vm, count_value, &count))
        return VALUE_ERROR;
    if (!prepare(vm, &sub, repl))
        return VALUE_ERROR;
    strbuilder_init(&sub.out.text, vm);
    Value result = VALUE_ERROR;
    if (subject_open(vm, p, string, 0, 0, &sub.subject)) {
        sub.spans = mem_alloc(vm, size);
        ssize_t n = sub.spans ? replace_all(&sub, count) : -1;
        if (n == 0)
            result = subject_slice(vm, &sub.subject, 0, sub.subject.end);
        else if (n > 0)
            result = output_finish(&sub.out);
        mem_free(vm, sub.spans, size);
        subject_close(vm, &sub.subject);
        if (result && with_number) {
            Value pair = tuple_pack(vm, 2, result, int_from_ssize(vm, n));
            decref(vm, result);
            result = pair;
        }
    }
    strbuilder_drop(&sub.out.text);
    decref(vm, sub.template);
    return result;
}
