/* What stands in parentheses: groups with and without number, lookaround, conditions, references by name, flags. */
#include "stdlib/re/re.h"

#include "base/utf8.h"
#include "object/unicode.h"

#define GROUPS_MAX 1073741823 /* more than CPython can count */
#define FLAG_LETTERS "iLmsxau"

bool group_is_closed(const Parser *p, size_t group) { return group < p->ngroups && p->groups[group].closed; }

bool group_check_look_behind(Parser *p, size_t group) {
    if (!p->look_behind_groups)
        return true;
    if (!group_is_closed(p, group))
        return parser_error(p, p->next.at, "cannot refer to an open group");
    if (group >= p->look_behind_groups)
        return parser_error(p, p->next.at, "cannot refer to group defined in the same lookbehind subpattern");
    return true;
}

/* ---- names ----------------------------------------------------------------------------------------------------- */

static bool bad_name(Parser *p, const char *at, const char *format, Value name) {
    parser_error(p, at, format, name);
    decref(p->vm, name);
    return false;
}

/* The name as a str, checked; 0 with an exception. */
static Value group_name(Parser *p, const char *at, size_t length) {
    VM *vm = p->vm;
    bool plain = utf8_is_ascii(at, length);
    Value name = p->is_bytes ? str_decode(vm, at, length, "latin-1", "strict") : str_new(vm, at, length);
    if (!name)
        return VALUE_ERROR;
    if (p->is_bytes && !plain)
        return bad_name(p, at, "bad character in group name %A", name);
    if (!str_is_identifier(name))
        return bad_name(p, at, "bad character in group name %R", name);
    return name;
}

/* The number of a group that has this name. */
static bool named_group(Parser *p, const char *at, size_t length, size_t *out) {
    Value name = group_name(p, at, length);
    if (!name)
        return false;
    Value number = dict_get_str(p->vm, p->names, name);
    if (!number)
        return bad_name(p, at, "unknown group name %R", name);
    decref(p->vm, name);
    *out = (size_t)as_small_int(number);
    return true;
}

/* ---- capturing ------------------------------------------------------------------------------------------------- */

static bool group_open(Parser *p, const char *name_at, Value name, size_t *out) {
    VM *vm = p->vm;
    size_t number = p->ngroups;
    if (number == p->groups_cap) {
        size_t old = p->groups_cap * sizeof *p->groups;
        ReGroup *groups = mem_realloc(vm, p->groups, old, 2 * old);
        if (!groups)
            return false;
        p->groups = groups;
        p->groups_cap *= 2;
    }
    p->groups[number] = (ReGroup){{0, 0}, false, 0};
    p->ngroups++;
    *out = number;
    if (p->look_depth)
        p->captures_in_look = true;
    if (!name)
        return true;
    Value other = dict_get_str(vm, p->names, name);
    if (other)
        return parser_error(p, name_at, "redefinition of group name %R as group %u; was group %u", name, number,
                            (size_t)as_small_int(other));
    return dict_set(vm, p->names, name, from_small_int((int64_t)number));
}

/* The contents and the closing parenthesis. */
static bool group_rest(Parser *p, const char *start, int flags, int depth, Width *width) {
    bool closed;
    if (!parse_alternatives(p, flags, depth + 1, width) || !parser_accept(p, ')', &closed))
        return false;
    if (!closed)
        return parser_error(p, start, "missing ), unterminated subpattern");
    return emit_text(p, ")");
}

static bool capture(Parser *p, const char *start, const char *name_at, Value name, int flags, int depth,
                    Width *width) {
    size_t number;
    if (!group_open(p, name_at, name, &number) || !emit_text(p, "(") || !group_rest(p, start, flags, depth, width))
        return false;
    ReGroup *g = &p->groups[number];
    g->width = *width;
    g->closed = true;
    g->closed_as = p->nclosed++;
    return true;
}

static bool named_capture(Parser *p, const char *start, int flags, int depth, Width *width) {
    const char *at;
    size_t length;
    if (!parser_until(p, '>', "group name", &at, &length))
        return false;
    Value name = group_name(p, at, length);
    bool ok = name && capture(p, start, at, name, flags, depth, width);
    decref(p->vm, name);
    return ok;
}

/* (?P=name) */
static bool named_reference(Parser *p, Width *width) {
    const char *at;
    size_t length, number;
    if (!parser_until(p, ')', "group name", &at, &length) || !named_group(p, at, length, &number))
        return false;
    if (!group_is_closed(p, number))
        return parser_error(p, at, "cannot refer to an open group");
    if (!group_check_look_behind(p, number))
        return false;
    *width = p->groups[number].width;
    return strbuilder_printf(&p->out, "\\g{%u}", number);
}

/* ---- (?...) ---------------------------------------------------------------------------------------------------- */

static bool unexpected_end(Parser *p) { return parser_error(p, p->next.at, "unexpected end of pattern"); }

/* The text from `at` up to what is read next, behind "unknown extension ". */
static bool unknown_extension(Parser *p, const char *at) {
    VM *vm = p->vm;
    size_t length = (size_t)(p->next.at - at);
    Value text = p->is_bytes ? str_decode(vm, at, length, "latin-1", "strict") : str_new(vm, at, length);
    if (text) {
        parser_error(p, at, "unknown extension %V", text);
        decref(vm, text);
    }
    return false;
}

static bool extension_p(Parser *p, const char *start, int flags, int depth, Width *width) {
    Token t;
    if (!parser_take(p, &t))
        return false;
    if (token_is(t, '<'))
        return named_capture(p, start, flags, depth, width);
    if (token_is(t, '='))
        return named_reference(p, width);
    return t.length == 0 ? unexpected_end(p) : unknown_extension(p, start + 1);
}

static bool comment(Parser *p, const char *start) {
    Token t;
    do {
        if (p->next.length == 0)
            return parser_error(p, start, "missing ), unterminated comment");
        if (!parser_take(p, &t))
            return false;
    } while (!token_is(t, ')'));
    return true;
}

static bool look_around(Parser *p, const char *start, Token t, int flags, int depth) {
    bool behind = token_is(t, '<');
    size_t outer = p->look_behind_groups;
    Width width;
    if (behind) {
        if (!parser_take(p, &t))
            return false;
        if (t.length == 0)
            return unexpected_end(p);
        if (!token_in(t, "=!"))
            return unknown_extension(p, start + 1);
        if (!outer)
            p->look_behind_groups = p->ngroups;
    }
    char open[] = {'(', '?', behind ? '<' : *t.at, behind ? *t.at : 0, 0};
    p->look_depth++;
    bool ok = emit_text(p, open) && group_rest(p, start, flags, depth, &width);
    p->look_depth--;
    p->look_behind_groups = outer;
    if (ok && behind && width.low != width.high)
        p->behind_is_variable = true;
    return ok;
}

static bool is_number(const char *at, size_t length, size_t *out) {
    uint64_t value = 0;
    for (size_t i = 0; i < length; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        if (value <= GROUPS_MAX)
            value = value * 10 + (uint64_t)(at[i] - '0');
    }
    *out = value > GROUPS_MAX ? GROUPS_MAX : value;
    return true;
}

static bool condition_number(Parser *p, size_t *out) {
    const char *at;
    size_t length;
    if (!parser_until(p, ')', "group name", &at, &length))
        return false;
    if (!is_number(at, length, out))
        return named_group(p, at, length, out) && group_check_look_behind(p, *out);
    if (*out == 0)
        return parser_error(p, at, "bad group number");
    if (*out >= GROUPS_MAX) {
        Value text = str_new(p->vm, at, length);
        return text && bad_name(p, at, "invalid group reference %V", text);
    }
    if (*out >= p->ngroups && *out > p->condition_group) {
        p->condition_group = *out;
        p->condition_at = at;
    }
    return group_check_look_behind(p, *out);
}

/* (?(group)yes|no) */
static bool condition(Parser *p, const char *start, int flags, int depth, Width *width) {
    size_t number;
    Width no = {0, 0};
    bool other, closed;
    if (!condition_number(p, &number) || !strbuilder_printf(&p->out, "(?(%u)", number) ||
        !parse_branch(p, flags, depth + 1, false, width) || !parser_accept(p, '|', &other))
        return false;
    if (other) {
        if (!emit_text(p, "|") || !parse_branch(p, flags, depth + 1, false, &no))
            return false;
        if (token_is(p->next, '|'))
            return parser_error(p, p->next.at, "conditional backref with more than two branches");
    }
    if (!parser_accept(p, ')', &closed))
        return false;
    if (!closed)
        return parser_error(p, start, "missing ), unterminated subpattern");
    if (no.low < width->low)
        width->low = no.low;
    if (no.high > width->high)
        width->high = no.high;
    return emit_text(p, ")");
}

/* ---- flags ----------------------------------------------------------------------------------------------------- */

static int flag_of(char letter) {
    switch (letter) {
    case 'i':
        return RE_IGNORECASE;
    case 'L':
        return RE_LOCALE;
    case 'm':
        return RE_MULTILINE;
    case 's':
        return RE_DOTALL;
    case 'x':
        return RE_VERBOSE;
    case 'a':
        return RE_ASCII;
    default:
        return RE_UNICODE;
    }
}

/* What is wrong with a token where a letter or one of the characters named in `missing` should stand. */
static bool not_a_flag(Parser *p, Token t, const char *missing) {
    if (t.length == 0)
        return parser_error(p, t.at, "missing %s", missing);
    bool letter = *t.at != '\\' && unicode_is_alpha(parser_char(p, t.at));
    return letter ? parser_error(p, t.at, "unknown flag") : parser_error(p, t.at, "missing %s", missing);
}

static bool flags_on(Parser *p, Token *t, int *on) {
    while (true) {
        int flag = flag_of(*t->at);
        const char *after = p->next.at;
        if (!p->is_bytes && flag == RE_LOCALE)
            return parser_error(p, after, "bad inline flags: cannot use 'L' flag with a str pattern");
        if (p->is_bytes && flag == RE_UNICODE)
            return parser_error(p, after, "bad inline flags: cannot use 'u' flag with a bytes pattern");
        *on |= flag;
        if ((flag & RE_TYPE_FLAGS) && (*on & RE_TYPE_FLAGS) != flag)
            return parser_error(p, after, "bad inline flags: flags 'a', 'u' and 'L' are incompatible");
        if (!parser_take(p, t))
            return false;
        if (token_in(*t, ")-:"))
            return true;
        if (!token_in(*t, FLAG_LETTERS))
            return not_a_flag(p, *t, "-, : or )");
    }
}

static bool flags_off(Parser *p, Token *t, int *off) {
    if (!parser_take(p, t))
        return false;
    if (!token_in(*t, FLAG_LETTERS))
        return not_a_flag(p, *t, "flag");
    while (!token_is(*t, ':')) {
        if (!token_in(*t, FLAG_LETTERS))
            return not_a_flag(p, *t, ":");
        int flag = flag_of(*t->at);
        if (flag & RE_TYPE_FLAGS)
            return parser_error(p, p->next.at, "bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
        *off |= flag;
        if (!parser_take(p, t))
            return false;
    }
    return true;
}

/* (?flags) for the whole pattern, (?flags-flags:...) for a group. */
static bool flag_group(Parser *p, const char *start, Token t, int flags, int depth, bool at_start, Width *width,
                       GroupKind *kind) {
    int on = 0, off = 0;
    if (!token_is(t, '-') && !flags_on(p, &t, &on))
        return false;
    if (token_is(t, ')')) {
        *kind = GROUP_FLAGS;
        if (!at_start)
            return parser_error(p, start, "global flags not at the start of the expression");
        p->flags |= on;
        return true;
    }
    if (token_is(t, '-') && !flags_off(p, &t, &off))
        return false;
    if (on & off)
        return parser_error(p, p->next.at - 1, "bad inline flags: flag turned on and off");
    int inner = on & RE_TYPE_FLAGS ? flags & ~RE_TYPE_FLAGS : flags;
    inner = (inner | on) & ~off;
    return emit_group_flags(p, flags, inner) && group_rest(p, start, inner, depth, width);
}

/* Behind the opening parenthesis. */
bool parse_group(Parser *p, int flags, int depth, bool at_start, Width *width, GroupKind *kind) {
    const char *start = p->next.at - 1;
    bool question;
    Token t;
    *kind = GROUP_ITEM;
    *width = (Width){0, 0};
    if (!parser_accept(p, '?', &question))
        return false;
    if (!question)
        return capture(p, start, NULL, 0, flags, depth, width);
    if (!parser_take(p, &t))
        return false;
    if (t.length == 0)
        return unexpected_end(p);
    switch (t.length == 1 ? *t.at : 0) {
    case 'P':
        return extension_p(p, start, flags, depth, width);
    case ':':
        return emit_text(p, "(?:") && group_rest(p, start, flags, depth, width);
    case '>':
        return emit_text(p, "(?>") && group_rest(p, start, flags, depth, width);
    case '#':
        *kind = GROUP_NOTHING;
        return comment(p, start);
    case '=':
    case '!':
    case '<':
        return look_around(p, start, t, flags, depth);
    case '(':
        return condition(p, start, flags, depth, width);
    default:
        if (token_in(t, FLAG_LETTERS "-"))
            return flag_group(p, start, t, flags, depth, at_start, width, kind);
        return unknown_extension(p, start + 1);
    }
}
