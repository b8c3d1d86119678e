/* re.Pattern: compiled patterns and what they can be asked to do. */
#include "stdlib/re/re.h"

#include "base/utf8.h"
#include "object/type.h"

#define GROUP_NAME_KEY(i) from_small_int((int64_t)(i))

bool is_pattern(VM *vm, Value v) { return is_obj(v) && obj_type(as_obj(v))->spec == &pattern_spec; }

/* ---- making ---------------------------------------------------------------------------------------------------- */

/* The names of the groups by number. */
static Value names_by_group(VM *vm, const Parser *p) {
    Value tuple = tuple_new(vm, p->ngroups), name, number;
    if (!tuple)
        return VALUE_ERROR;
    for (size_t i = 0; i < p->ngroups; i++)
        as_tuple(tuple)->items[i] = VALUE_NONE;
    for (size_t pos = 0; dict_next(p->names, &pos, &name, &number);)
        as_tuple(tuple)->items[as_small_int(number)] = incref(name);
    return tuple;
}

static bool take_groups(VM *vm, Pattern *pattern, const Parser *p) {
    pattern->ngroups = p->ngroups - 1;
    pattern->captures_in_look = p->captures_in_look;
    pattern->groupindex = incref(p->names);
    pattern->group_names = names_by_group(vm, p);
    pattern->closed_as = mem_alloc(vm, p->ngroups * sizeof *pattern->closed_as);
    for (size_t i = 0; pattern->closed_as && i < p->ngroups; i++)
        pattern->closed_as[i] = p->groups[i].closed_as;
    return pattern->group_names && pattern->closed_as;
}

Value pattern_compile(VM *vm, Value source, int flags) {
    Parser parser;
    Type *type = vm_type(vm, &pattern_spec, NULL);
    Value plain = is_bytes(source) ? incref(source) : str_unchanged(vm, source);
    if (!type || !plain)
        return VALUE_ERROR;
    Pattern *pattern = NULL;
    bool ok = parser_run(&parser, vm, plain, flags, false, false) && (pattern = object_alloc(vm, type, 0));
    if (ok) {
        pattern->source = incref(source);
        pattern->flags = parser.flags;
        pattern->is_bytes = parser.is_bytes;
        ok = take_groups(vm, pattern, &parser) && program_make(vm, pattern, &parser, MODE_SEARCH, false);
    }
    parser_drop(&parser);
    decref(vm, plain);
    if (ok)
        return from_obj(pattern);
    if (pattern)
        obj_decref(vm, &pattern->header);
    return VALUE_ERROR;
}

static void pattern_clear(VM *vm, Object *self) {
    Pattern *p = (Pattern *)self;
    set_owned(vm, &p->groupindex, 0);
    set_owned(vm, &p->group_names, 0);
    set_owned(vm, &p->template_source, 0);
    set_owned(vm, &p->template, 0);
}

static void pattern_dealloc(VM *vm, Object *self) {
    Pattern *p = (Pattern *)self;
    programs_drop(vm, p);
    mem_free(vm, p->closed_as, (p->ngroups + 1) * sizeof *p->closed_as);
    p->closed_as = NULL;
    pattern_clear(vm, self);
    set_owned(vm, &p->source, 0);
}

static void pattern_traverse(Object *self, VisitFn visit, void *arg) {
    Pattern *p = (Pattern *)self;
    visit_value(p->source, visit, arg);
    visit_value(p->groupindex, visit, arg);
    visit_value(p->group_names, visit, arg);
    visit_value(p->template_source, visit, arg);
    visit_value(p->template, visit, arg);
}

/* ---- subjects -------------------------------------------------------------------------------------------------- */

static bool wrong_kind(VM *vm, const Pattern *p) {
    return raise_type(vm, p->is_bytes ? "cannot use a bytes pattern on a string-like object"
                                      : "cannot use a string pattern on a bytes-like object");
}

static bool open_buffer(VM *vm, const Pattern *p, Value string, Subject *out) {
    Type *type = type_of(vm, string);
    if (!type || !type->slots.get_buffer)
        return raise_type(vm, "expected string or bytes-like object, got '%T'", string);
    if (!p->is_bytes)
        return wrong_kind(vm, p);
    return buffer_get(vm, string, &out->buffer, false);
}

/* pos or endpos, cut down to what there is; absent: the fallback. */
static bool position(VM *vm, Value v, size_t length, size_t fallback, size_t *out) {
    ssize_t i;
    *out = fallback;
    if (!v)
        return true;
    if (!to_ssize(vm, v, &i))
        return false;
    *out = i < 0 ? 0 : (size_t)i > length ? length : (size_t)i;
    return true;
}

/* False with an exception. The subject is valid while the string lives, and to be closed. */
bool subject_open(VM *vm, Pattern *p, Value string, Value pos, Value endpos, Subject *out) {
    *out = (Subject){.string = string, .is_bytes = true};
    size_t length, start, end;
    if (is_str(string)) {
        if (p->is_bytes)
            return wrong_kind(vm, p);
        out->is_bytes = false;
        out->data = str_data(string);
        out->wide = !str_is_ascii(as_str(string));
        length = as_str(string)->nchars;
    } else if (is_bytes(string) && p->is_bytes) {
        out->data = as_bytes(string)->data;
        length = as_bytes(string)->len;
    } else {
        if (!open_buffer(vm, p, string, out))
            return false;
        out->data = out->buffer.data ? out->buffer.data : "";
        length = out->buffer.len;
    }
    if (!position(vm, pos, length, 0, &start) || !position(vm, endpos, length, length, &end)) {
        subject_close(vm, out);
        return false;
    }
    out->start = out->wide ? str_byte_offset(vm, string, start) : start;
    out->end = out->wide ? str_byte_offset(vm, string, end) : end;
    return true;
}

void subject_close(VM *vm, Subject *s) {
    if (s->buffer.owner)
        buffer_release(vm, &s->buffer);
}

size_t subject_chars(VM *vm, Value string, bool is_bytes, size_t offset) {
    return is_bytes ? offset : str_char_offset(vm, string, offset);
}

Value subject_slice(VM *vm, const Subject *s, size_t from, size_t to) {
    if (s->is_bytes) {
        if (has_exact_kind(s->string, KIND_BYTES) && from == 0 && to == as_bytes(s->string)->len)
            return incref(s->string);
        return bytes_new(vm, s->data + from, to - from);
    }
    if (from == 0 && to == as_str(s->string)->nbytes)
        return str_unchanged(vm, s->string);
    return s->wide ? str_new(vm, s->data + from, to - from) : str_new_ascii(vm, s->data + from, to - from);
}

Value pattern_match(VM *vm, Value pattern, MatchMode mode, const Subject *s, size_t from, bool not_empty) {
    Pattern *p = as_pattern(pattern);
    size_t few[2 * 8], *spans = few, size = 2 * (p->ngroups + 1) * sizeof *spans;
    if (size > sizeof few && !(spans = mem_alloc(vm, size)))
        return VALUE_ERROR;
    int found = pattern_run(vm, p, mode, s, from, not_empty, spans);
    Value result = found > 0 ? match_new(vm, pattern, s, spans) : found == 0 ? VALUE_NONE : VALUE_ERROR;
    if (spans != few)
        mem_free(vm, spans, size);
    return result;
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static Value match_in_mode(VM *vm, Value self, Value *args, MatchMode mode) {
    Subject s;
    if (!subject_open(vm, as_pattern(self), args[0], args[1], args[2], &s))
        return VALUE_ERROR;
    Value result = pattern_match(vm, self, mode, &s, s.start, false);
    subject_close(vm, &s);
    return result;
}

static Value method_match(NATIVE_ARGS) { return match_in_mode(vm, self, args, MODE_MATCH); }
static Value method_fullmatch(NATIVE_ARGS) { return match_in_mode(vm, self, args, MODE_FULLMATCH); }
static Value method_search(NATIVE_ARGS) { return match_in_mode(vm, self, args, MODE_SEARCH); }
static Value method_findall(NATIVE_ARGS) { return pattern_findall(vm, self, args[0], args[1], args[2]); }
static Value method_finditer(NATIVE_ARGS) { return pattern_finditer(vm, self, args[0], args[1], args[2]); }
static Value method_scanner(NATIVE_ARGS) { return pattern_scanner(vm, self, args[0], args[1], args[2]); }
static Value method_split(NATIVE_ARGS) { return pattern_split(vm, self, args[0], args[1]); }
static Value method_sub(NATIVE_ARGS) { return pattern_sub(vm, self, args[0], args[1], args[2], false); }
static Value method_subn(NATIVE_ARGS) { return pattern_sub(vm, self, args[0], args[1], args[2], true); }
static Value method_copy(NATIVE_ARGS) { return incref(self); }

/* (re._compile, (pattern, flags)) */
static Value method_reduce(NATIVE_ARGS) {
    Value name = str_intern_c(vm, "re"), result = VALUE_ERROR;
    Value module = name ? vm->import_name(vm, name, 0, VALUE_NONE, 0) : VALUE_ERROR;
    Value function = module ? attr_get_c(vm, module, "_compile") : VALUE_ERROR;
    Value arguments = VALUE_ERROR;
    if (function)
        arguments = tuple_pack(vm, 2, as_pattern(self)->source, from_small_int(as_pattern(self)->flags));
    if (arguments)
        result = tuple_pack(vm, 2, function, arguments);
    decref(vm, arguments);
    decref(vm, function);
    decref(vm, module);
    decref(vm, name);
    return result;
}

static Value get_pattern(VM *vm, Value self) { return incref(as_pattern(self)->source); }
static Value get_flags(VM *vm, Value self) { return from_small_int(as_pattern(self)->flags); }
static Value get_groups(VM *vm, Value self) { return from_small_int((int64_t)as_pattern(self)->ngroups); }
static Value get_groupindex(VM *vm, Value self) { return mappingproxy_new(vm, as_pattern(self)->groupindex); }

static Value pattern_repr(VM *vm, Value self) {
    static const struct {
        const char *name;
        int flag;
    } names[] = {{"re.IGNORECASE", RE_IGNORECASE},
                 {"re.LOCALE", RE_LOCALE},
                 {"re.MULTILINE", RE_MULTILINE},
                 {"re.DOTALL", RE_DOTALL},
                 {"re.VERBOSE", RE_VERBOSE},
                 {"re.DEBUG", RE_DEBUG},
                 {"re.ASCII", RE_ASCII}};
    Pattern *p = as_pattern(self);
    int flags = p->flags & ~(p->is_bytes ? 0 : RE_UNICODE);
    const char *before = ", ";
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_printf(&b, "re.compile(%.200R", p->source);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (flags & names[i].flag) {
            strbuilder_printf(&b, "%s%s", before, names[i].name);
            flags &= ~names[i].flag;
            before = "|";
        }
    }
    if (flags)
        strbuilder_printf(&b, "%s0x%x", before, (unsigned)flags);
    strbuilder_add(&b, ")", 1);
    return strbuilder_finish(&b);
}

static bool pattern_hash(VM *vm, Value self, int64_t *out) {
    Pattern *p = as_pattern(self);
    if (!hash_value(vm, p->source, out))
        return false;
    *out ^= (int64_t)p->flags << 8;
    return true;
}

static Value pattern_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_pattern(vm, a) || !is_pattern(vm, b))
        return VALUE_NOTIMPL;
    Pattern *p = as_pattern(a), *q = as_pattern(b);
    int equal = p == q;
    if (!equal && p->flags == q->flags && p->is_bytes == q->is_bytes)
        equal = value_equal(vm, p->source, q->source);
    return equal < 0 ? VALUE_ERROR : from_bool(equal == (op == CMP_EQ));
}

#define RANGE_SIGNATURE "string, pos=0, endpos=" NO_INDEX_LIMIT
static const MethodSpec methods[] = {
    {"match", method_match, RANGE_SIGNATURE, "A Match if the pattern matches at pos, or None.", 0},
    {"fullmatch", method_fullmatch, RANGE_SIGNATURE,
     "A Match if the pattern matches all from pos to endpos, or None.", 0},
    {"search", method_search, RANGE_SIGNATURE, "A Match for the first place where the pattern matches, or None.", 0},
    {"sub", method_sub, "repl, string, count=0", "The string with matches replaced.", 0},
    {"subn", method_subn, "repl, string, count=0", "The string with matches replaced, and how many there were.", 0},
    {"findall", method_findall, RANGE_SIGNATURE, "A list of all matches: their texts, or those of their groups.", 0},
    {"split", method_split, "string, maxsplit=0", "The parts of the string between the matches.", 0},
    {"finditer", method_finditer, RANGE_SIGNATURE, "An iterator over the Matches.", 0},
    {"scanner", method_scanner, RANGE_SIGNATURE, NULL, 0},
    {"__copy__", method_copy, "", NULL, 0},
    {"__deepcopy__", method_copy, "memo, /", NULL, 0},
    {"__reduce__", method_reduce, "", "State for pickling.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

static const GetSetSpec getset[] = {
    {"pattern", get_pattern, NULL, "The text that the pattern was made from."},
    {"flags", get_flags, NULL, "The flags in force for the whole pattern."},
    {"groups", get_groups, NULL, "How many groups it has."},
    {"groupindex", get_groupindex, NULL, "The numbers of the named groups."},
    {0},
};

const TypeSpec pattern_spec = {
    .name = "re.Pattern",
    .doc = "A compiled regular expression.",
    .size = sizeof(Pattern),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {.dealloc = pattern_dealloc,
              .clear = pattern_clear,
              .traverse = pattern_traverse,
              .repr = pattern_repr,
              .hash = pattern_hash,
              .compare = pattern_compare},
    .methods = methods,
    .getset = getset,
};
