/* re.Match: what a pattern has found. Places are kept as byte offsets, so that the text of a group is a copy away,
 * and turned into characters when asked for. */
#include "stdlib/re/re.h"

#include "base/utf8.h"

Value match_new(VM *vm, Value pattern, const Subject *s, const size_t *spans) {
    size_t n = as_pattern(pattern)->ngroups + 1;
    Type *type = vm_type(vm, &match_spec, NULL);
    Match *m = type ? object_alloc(vm, type, 2 * n * sizeof *spans) : NULL;
    if (!m)
        return VALUE_ERROR;
    m->pattern = incref(pattern);
    m->string = incref(s->string);
    m->is_bytes = s->is_bytes;
    m->pos = subject_chars(vm, s->string, s->is_bytes, s->start);
    m->endpos = subject_chars(vm, s->string, s->is_bytes, s->end);
    m->nspans = n;
    memcpy(m->spans, spans, 2 * n * sizeof *spans);
    return from_obj(m);
}

/* The subject as it is now: an object with a buffer may have become shorter. */
static Value buffer_part(VM *vm, Value string, size_t from, size_t to) {
    Buffer buffer;
    if (!buffer_get(vm, string, &buffer, false))
        return VALUE_ERROR;
    to = to < buffer.len ? to : buffer.len;
    from = from < to ? from : to;
    Value result = bytes_new(vm, buffer.data + from, to - from);
    buffer_release(vm, &buffer);
    return result;
}

Value match_group_text(VM *vm, const Match *m, size_t group, Value fallback) {
    size_t from = m->spans[2 * group], to = m->spans[2 * group + 1];
    if (from == SPAN_UNSET)
        return incref(fallback);
    if (m->is_bytes && !is_bytes(m->string))
        return buffer_part(vm, m->string, from, to);
    Subject s = {.string = m->string, .is_bytes = m->is_bytes};
    s.data = m->is_bytes ? as_bytes(m->string)->data : str_data(m->string);
    s.wide = !m->is_bytes && !str_is_ascii(as_str(m->string));
    return subject_slice(vm, &s, from, to);
}

bool match_group_index(VM *vm, Value match, Value key, size_t *out) {
    Match *m = as_match(match);
    Type *type = type_of(vm, key);
    ssize_t index = -1;
    if (type && type->slots.index) {
        if (!to_ssize(vm, key, &index)) {
            if (!error_matches(vm, vm->exc.OverflowError) && !error_matches(vm, vm->exc.IndexError))
                return false;
            error_clear(vm);
        }
    } else {
        Value number = dict_get(vm, as_pattern(m->pattern)->groupindex, key);
        if (number)
            index = (ssize_t)as_small_int(number);
        error_clear(vm);
    }
    if (index < 0 || (size_t)index >= m->nspans)
        return raise_index(vm, "no such group");
    *out = (size_t)index;
    return true;
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

static Value text_of(VM *vm, Value self, Value key) {
    size_t group;
    return match_group_index(vm, self, key, &group) ? match_group_text(vm, as_match(self), group, VALUE_NONE)
                                                    : VALUE_ERROR;
}

static Value method_group(NATIVE_ARGS) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "group() takes no keyword arguments");
    if (nargs == 0)
        return match_group_text(vm, as_match(self), 0, VALUE_NONE);
    if (nargs == 1)
        return text_of(vm, self, args[0]);
    Value tuple = tuple_new(vm, nargs);
    for (size_t i = 0; tuple && i < nargs; i++) {
        if (!(as_tuple(tuple)->items[i] = text_of(vm, self, args[i]))) {
            decref(vm, tuple);
            return VALUE_ERROR;
        }
    }
    return tuple;
}

static Value method_groups(NATIVE_ARGS) {
    Match *m = as_match(self);
    Value fallback = args[0] ? args[0] : VALUE_NONE, tuple = tuple_new(vm, m->nspans - 1);
    for (size_t i = 1; tuple && i < m->nspans; i++) {
        if (!(as_tuple(tuple)->items[i - 1] = match_group_text(vm, m, i, fallback))) {
            decref(vm, tuple);
            return VALUE_ERROR;
        }
    }
    return tuple;
}

static Value method_groupdict(NATIVE_ARGS) {
    Match *m = as_match(self);
    Value fallback = args[0] ? args[0] : VALUE_NONE, dict = dict_new(vm), name, number;
    Value index = as_pattern(m->pattern)->groupindex;
    for (size_t pos = 0; dict && dict_next(index, &pos, &name, &number);) {
        Value text = match_group_text(vm, m, (size_t)as_small_int(number), fallback);
        bool ok = text && dict_set(vm, dict, name, text);
        decref(vm, text);
        if (!ok) {
            decref(vm, dict);
            return VALUE_ERROR;
        }
    }
    return dict;
}

/* One end of a group in characters; -1 if it did not take part. */
static Value place(VM *vm, const Match *m, size_t span) {
    if (m->spans[span] == SPAN_UNSET)
        return from_small_int(-1);
    return int_from_ssize(vm, (ssize_t)subject_chars(vm, m->string, m->is_bytes, m->spans[span]));
}

static Value span_of(VM *vm, const Match *m, size_t group) {
    Value tuple = tuple_new(vm, 2);
    if (tuple) {
        as_tuple(tuple)->items[0] = place(vm, m, 2 * group);
        as_tuple(tuple)->items[1] = place(vm, m, 2 * group + 1);
    }
    return tuple;
}

static bool group_argument(VM *vm, Value self, Value key, size_t *out) {
    *out = 0;
    return !key || match_group_index(vm, self, key, out);
}

static Value method_start(NATIVE_ARGS) {
    size_t group;
    return group_argument(vm, self, args[0], &group) ? place(vm, as_match(self), 2 * group) : VALUE_ERROR;
}

static Value method_end(NATIVE_ARGS) {
    size_t group;
    return group_argument(vm, self, args[0], &group) ? place(vm, as_match(self), 2 * group + 1) : VALUE_ERROR;
}

static Value method_span(NATIVE_ARGS) {
    size_t group;
    return group_argument(vm, self, args[0], &group) ? span_of(vm, as_match(self), group) : VALUE_ERROR;
}

static Value method_expand(NATIVE_ARGS) {
    Value template = template_for(vm, as_match(self)->pattern, args[0]);
    Value result = template ? template_expand(vm, template, self) : VALUE_ERROR;
    decref(vm, template);
    return result;
}

static Value method_copy(NATIVE_ARGS) { return incref(self); }

static Value getitem(VM *vm, Value self, Value key) { return text_of(vm, self, key); }

/* ---- attributes ------------------------------------------------------------------------------------------------ */

static Value get_string(VM *vm, Value self) { return incref(as_match(self)->string); }
static Value get_re(VM *vm, Value self) { return incref(as_match(self)->pattern); }
static Value get_pos(VM *vm, Value self) { return int_from_ssize(vm, (ssize_t)as_match(self)->pos); }
static Value get_endpos(VM *vm, Value self) { return int_from_ssize(vm, (ssize_t)as_match(self)->endpos); }

static Value get_regs(VM *vm, Value self) {
    Match *m = as_match(self);
    if (m->regs)
        return incref(m->regs);
    Value tuple = tuple_new(vm, m->nspans);
    for (size_t i = 0; tuple && i < m->nspans; i++) {
        if (!(as_tuple(tuple)->items[i] = span_of(vm, m, i))) {
            decref(vm, tuple);
            return VALUE_ERROR;
        }
    }
    m->regs = incref(tuple);
    return tuple;
}

/* The group that was closed last while matching; 0 if none took part. Matching goes from left to right, so the place
 * where a group ends tells; among groups that end together, the order of their closing parentheses. Only lookaround
 * goes back and forth: with groups in it the parentheses alone have to tell. */
static size_t last_group(const Match *m) {
    const Pattern *p = as_pattern(m->pattern);
    size_t last = 0;
    for (size_t i = 1; i < m->nspans; i++) {
        if (m->spans[2 * i] == SPAN_UNSET)
            continue;
        size_t end = m->spans[2 * i + 1], last_end = m->spans[2 * last + 1];
        bool later = p->closed_as[i] > p->closed_as[last];
        if (last == 0 || (p->captures_in_look || end == last_end ? later : end > last_end))
            last = i;
    }
    return last;
}

static Value get_lastindex(VM *vm, Value self) {
    size_t last = last_group(as_match(self));
    return last ? from_small_int((int64_t)last) : VALUE_NONE;
}

static Value get_lastgroup(VM *vm, Value self) {
    Match *m = as_match(self);
    return incref(as_tuple(as_pattern(m->pattern)->group_names)->items[last_group(m)]);
}

static Value match_repr(VM *vm, Value self) {
    Match *m = as_match(self);
    Value text = match_group_text(vm, m, 0, VALUE_NONE), span = text ? span_of(vm, m, 0) : VALUE_ERROR;
    Value result = span ? str_printf(vm, "<re.Match object; span=%R, match=%.50R>", span, text) : VALUE_ERROR;
    decref(vm, span);
    decref(vm, text);
    return result;
}

static const MethodSpec methods[] = {
    {"group", method_group, "*", "The text of the match or of groups of it.", 0},
    {"start", method_start, "group=0, /", "Where the group begins.", 0},
    {"end", method_end, "group=0, /", "Where the group ends.", 0},
    {"span", method_span, "group=0, /", "Where the group begins and ends.", 0},
    {"groups", method_groups, "default=None", "The texts of all groups.", 0},
    {"groupdict", method_groupdict, "default=None", "The texts of the named groups.", 0},
    {"expand", method_expand, "template", "The template with its references replaced.", 0},
    {"__copy__", method_copy, "", NULL, 0},
    {"__deepcopy__", method_copy, "memo, /", NULL, 0},
    CLASS_GETITEM_ROW,
    {0},
};

static const GetSetSpec getset[] = {
    {"string", get_string, NULL, "What was searched."},
    {"re", get_re, NULL, "The pattern that matched."},
    {"pos", get_pos, NULL, "Where the search began."},
    {"endpos", get_endpos, NULL, "Where the search was to end."},
    {"lastindex", get_lastindex, NULL, "The number of the group matched last, or None."},
    {"lastgroup", get_lastgroup, NULL, "The name of the group matched last, or None."},
    {"regs", get_regs, NULL, NULL},
    {0},
};

const TypeSpec match_spec = {
    .name = "re.Match",
    .doc = "What a pattern has found, and where.",
    .size = sizeof(Match),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_NEW | TYPE_VARSIZE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(3), .repr = match_repr, .getitem = getitem},
    .methods = methods,
    .getset = getset,
};
