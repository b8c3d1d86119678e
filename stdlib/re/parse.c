/* Reading a pattern: tokens, branches and repeats. What has been read is written at once in PCRE2's syntax; there is
 * no tree. Of the parts already written only the widths are remembered, for lookbehind.
 *
 * The reader is always one token ahead, as the positions and the order of CPython's errors presuppose.
 */
#include "stdlib/re/re.h"

#include "base/utf8.h"
#include "object/bytes.h"

#define REPEAT_MAX 4294967295u /* beyond this number CPython refuses, and "without limit" in its terms */
#define REPEAT_LIMIT 65535     /* PCRE2's */

uint32_t parser_char(const Parser *p, const char *at) {
    unsigned n;
    return p->is_bytes ? (uint8_t)*at : utf8_decode(at, &n);
}

static unsigned char_length(const Parser *p, const char *at) { return p->is_bytes ? 1 : utf8_length(*at); }

static size_t chars_between(const Parser *p, const char *from, const char *to) {
    return p->is_bytes ? (size_t)(to - from) : utf8_count(from, (size_t)(to - from));
}

bool parser_error(Parser *p, const char *at, const char *fmt, ...) {
    VM *vm = p->vm;
    va_list list;
    va_start(list, fmt);
    Value message = str_vprintf(vm, fmt, list);
    va_end(list);
    if (message && p->is_bytes && !str_is_ascii(as_str(message))) { /* quotes bytes */
        Value escaped = str_encode(vm, message, "ascii", "backslashreplace");
        decref(vm, message);
        message = escaped ? str_new_ascii(vm, as_bytes(escaped)->data, as_bytes(escaped)->len) : VALUE_ERROR;
        decref(vm, escaped);
    }
    if (!message)
        return false;
    Value error = VALUE_ERROR;
    if (!re_state(vm)->error) /* _re without re */
        raise_value(vm, "%V", message);
    else if (at)
        error = call3(vm, re_state(vm)->error, message, p->source,
                      int_from_ssize(vm, (ssize_t)chars_between(p, p->text, at)));
    else
        error = call1(vm, re_state(vm)->error, message);
    decref(vm, message);
    return raise_new(vm, error);
}

bool parser_advance(Parser *p) {
    const char *at = p->unread;
    p->next.at = at;
    p->next.length = 0;
    if (at == p->end)
        return true;
    unsigned n = char_length(p, at);
    if (*at == '\\') {
        if (at + 1 == p->end)
            return parser_error(p, at, "bad escape (end of pattern)");
        n += char_length(p, at + 1);
    }
    p->next.length = n;
    p->unread = at + n;
    return true;
}

bool parser_take(Parser *p, Token *t) {
    *t = p->next;
    return parser_advance(p);
}

bool parser_accept(Parser *p, char c, bool *yes) {
    *yes = token_is(p->next, c);
    return !*yes || parser_advance(p);
}

/* The text up to the character `end`, which is taken too. */
bool parser_until(Parser *p, char end, const char *what, const char **name, size_t *length) {
    const char *start = p->next.at;
    while (!token_is(p->next, end)) {
        if (p->next.length == 0)
            return p->next.at == start ? parser_error(p, start, "missing %s", what)
                                       : parser_error(p, start, "missing %c, unterminated name", end);
        if (!parser_advance(p))
            return false;
    }
    if (p->next.at == start)
        return parser_advance(p) && parser_error(p, start, "missing %s", what);
    *name = start;
    *length = (size_t)(p->next.at - start);
    return parser_advance(p);
}

/* ---- widths ---------------------------------------------------------------------------------------------------- */

static uint64_t width_add(uint64_t a, uint64_t b) { return a + b > WIDTH_MAX ? WIDTH_MAX : a + b; }

static uint64_t width_times(uint64_t a, uint64_t n) {
    uint64_t product;
    return __builtin_mul_overflow(a, n, &product) || product > WIDTH_MAX ? WIDTH_MAX : product;
}

/* ---- repeats --------------------------------------------------------------------------------------------------- */

typedef struct Repeat {
    uint64_t min, max; /* max REPEAT_MAX: no limit */
} Repeat;

/* A number of any length; REPEAT_MAX for what is too large. */
static bool take_number(Parser *p, bool *given, uint64_t *out) {
    *given = false;
    while (p->next.length == 1 && *p->next.at >= '0' && *p->next.at <= '9') {
        *given = true;
        *out = *out >= REPEAT_MAX ? REPEAT_MAX : *out * 10 + (uint64_t)(*p->next.at - '0');
        if (!parser_advance(p))
            return false;
    }
    return true;
}

/* Behind a brace: {m}, {m,}, {,n} or {m,n}. *is_repeat false: it stands for itself, and nothing has been taken. */
static bool take_braces(Parser *p, const char *brace, Repeat *r, bool *is_repeat) {
    Token restart = p->next;
    const char *unread = p->unread;
    bool low, high, comma = false, closed = false;
    uint64_t min = 0, max = 0;
    *is_repeat = false;
    if (token_is(p->next, '}'))
        return true;
    if (!take_number(p, &low, &min) || !parser_accept(p, ',', &comma))
        return false;
    if (comma) {
        if (!take_number(p, &high, &max))
            return false;
    } else {
        high = low;
        max = min;
    }
    if (!parser_accept(p, '}', &closed))
        return false;
    if (!closed) {
        p->next = restart;
        p->unread = unread;
        return true;
    }
    *is_repeat = true;
    *r = (Repeat){low ? min : 0, high ? max : REPEAT_MAX};
    if ((low && min >= REPEAT_MAX) || (high && max >= REPEAT_MAX))
        return raise_overflow(p->vm, "the repetition number is too large");
    if (r->max < r->min)
        return parser_error(p, brace + 1, "min repeat greater than max repeat");
    if (r->min > REPEAT_LIMIT || (r->max != REPEAT_MAX && r->max > REPEAT_LIMIT))
        return raise_overflow(p->vm, "the repetition number is too large");
    return true;
}

static bool emit_repeat(Parser *p, char sign, const Repeat *r) {
    if (sign != '{')
        return strbuilder_add(&p->out, &sign, 1);
    if (r->max == REPEAT_MAX)
        return strbuilder_printf(&p->out, "{%u,}", (size_t)r->min);
    if (r->max == r->min)
        return strbuilder_printf(&p->out, "{%u}", (size_t)r->min);
    return strbuilder_printf(&p->out, "{%u,%u}", (size_t)r->min, (size_t)r->max);
}

/* ---- branches -------------------------------------------------------------------------------------------------- */

typedef enum LastItem { LAST_NONE, LAST_ITEM, LAST_POSITION, LAST_REPEAT } LastItem;

typedef struct Branch {
    LastItem last;
    Width total, item; /* of everything before the last item, and of that */
} Branch;

static void add_item(Branch *b, LastItem kind, Width width) {
    b->total.low = width_add(b->total.low, b->item.low);
    b->total.high = width_add(b->total.high, b->item.high);
    b->item = width;
    b->last = kind;
}

static bool parse_repeat(Parser *p, Branch *b, Token sign, int flags) {
    Repeat r = {*sign.at == '+', *sign.at == '?' ? 1 : REPEAT_MAX};
    if (*sign.at == '{') {
        bool is_repeat;
        if (!take_braces(p, sign.at, &r, &is_repeat))
            return false;
        if (!is_repeat) {
            add_item(b, LAST_ITEM, (Width){1, 1});
            return emit_literal(p, '{', flags);
        }
    }
    if (b->last == LAST_NONE || b->last == LAST_POSITION)
        return parser_error(p, sign.at, "nothing to repeat");
    if (b->last == LAST_REPEAT)
        return parser_error(p, sign.at, "multiple repeat");
    bool nothing = p->look_behind_groups && b->item.high == 0;
    b->item.low = width_times(b->item.low, r.min);
    b->item.high = r.max == REPEAT_MAX && b->item.high ? WIDTH_MAX : width_times(b->item.high, r.max);
    b->last = LAST_REPEAT;
    if (nothing) /* PCRE2 takes any such repeat in lookbehind for one of variable width */
        r.min = r.max = r.min > 0;
    if (!emit_repeat(p, nothing ? '{' : *sign.at, &r))
        return false;
    bool lazy, possessive = false;
    if (!parser_accept(p, '?', &lazy) || (!lazy && !parser_accept(p, '+', &possessive)))
        return false;
    return !(lazy || possessive) || emit_text(p, lazy ? "?" : "+");
}

static bool parse_backslash(Parser *p, Branch *b, Token t, int flags) {
    Escape e;
    if (!parse_escape(p, t, false, &e))
        return false;
    switch (e.kind) {
    case ESCAPE_CATEGORY:
        add_item(b, LAST_ITEM, (Width){1, 1});
        return emit_category(p, (char)e.value, flags);
    case ESCAPE_POSITION:
        add_item(b, LAST_POSITION, (Width){0, 0});
        return emit_position(p, (char)e.value, flags);
    case ESCAPE_GROUP:
        add_item(b, LAST_ITEM, p->groups[e.value].width);
        return strbuilder_printf(&p->out, "\\g{%u}", (size_t)e.value);
    default:
        add_item(b, LAST_ITEM, (Width){1, 1});
        return emit_literal(p, e.value, flags);
    }
}

/* In verbose patterns: blanks and comments are nothing. */
static bool skip_comment(Parser *p, Token t) {
    if (!token_is(t, '#'))
        return true;
    while (t.length && !token_is(t, '\n')) {
        if (!parser_take(p, &t))
            return false;
    }
    return true;
}

static bool parse_special(Parser *p, Branch *b, Token t, int flags) {
    switch (*t.at) {
    case '[':
        add_item(b, LAST_ITEM, (Width){1, 1});
        return parse_class(p, flags);
    case '*':
    case '+':
    case '?':
    case '{':
        return parse_repeat(p, b, t, flags);
    case '.':
        add_item(b, LAST_ITEM, (Width){1, 1});
        return emit_text(p, ".");
    case '^':
    case '$':
        add_item(b, LAST_POSITION, (Width){0, 0});
        return strbuilder_add(&p->out, t.at, 1);
    default:
        add_item(b, LAST_ITEM, (Width){1, 1});
        return emit_literal(p, parser_char(p, t.at), flags);
    }
}

bool parse_branch(Parser *p, int flags, int depth, bool first, Width *width) {
    Branch b = {LAST_NONE, {0, 0}, {0, 0}};
    while (p->next.length && !token_in(p->next, "|)")) {
        Token t;
        if (!parser_take(p, &t))
            return false;
        bool ok;
        if ((flags & RE_VERBOSE) && token_in(t, " \t\n\r\v\f#")) {
            ok = skip_comment(p, t);
        } else if (*t.at == '\\') {
            ok = parse_backslash(p, &b, t, flags);
        } else if (token_is(t, '(')) {
            GroupKind kind;
            Width inside;
            ok = parse_group(p, flags, depth, first && b.last == LAST_NONE, &inside, &kind);
            if (ok && kind == GROUP_ITEM)
                add_item(&b, LAST_ITEM, inside);
            if (kind == GROUP_FLAGS)
                flags = p->flags;
        } else {
            ok = parse_special(p, &b, t, flags);
        }
        if (!ok)
            return false;
    }
    add_item(&b, LAST_NONE, (Width){0, 0});
    *width = b.total;
    return true;
}

bool parse_alternatives(Parser *p, int flags, int depth, Width *width) {
    bool more = true;
    if (!native_enter(p->vm, ""))
        return false;
    for (bool first = true; more; first = false) {
        Width branch;
        if (!parse_branch(p, depth ? flags : p->flags, depth, first && depth == 0, &branch) ||
            !parser_accept(p, '|', &more) || (more && !emit_text(p, "|"))) {
            native_leave(p->vm);
            return false;
        }
        if (first || branch.low < width->low)
            width->low = branch.low;
        if (first || branch.high > width->high)
            width->high = branch.high;
    }
    native_leave(p->vm);
    return true;
}

/* ---- the whole pattern ----------------------------------------------------------------------------------------- */

/* The kind of rules in force has to fit the kind of pattern. */
static bool check_flags(Parser *p) {
    int flags = p->flags;
    if (!p->is_bytes) {
        if (flags & RE_LOCALE)
            return raise_value(p->vm, "cannot use LOCALE flag with a str pattern");
        if ((flags & RE_ASCII) && (flags & RE_UNICODE))
            return raise_value(p->vm, "ASCII and UNICODE flags are incompatible");
        if (!(flags & RE_ASCII))
            p->flags |= RE_UNICODE;
        return true;
    }
    if (flags & RE_UNICODE)
        return raise_value(p->vm, "cannot use UNICODE flag with a bytes pattern");
    if ((flags & RE_LOCALE) && (flags & RE_ASCII))
        return raise_value(p->vm, "ASCII and LOCALE flags are incompatible");
    return true;
}

bool parser_run(Parser *p, VM *vm, Value source, int flags, bool wide, bool quiet) {
    *p = (Parser){.vm = vm, .source = source, .flags = flags, .wide = wide, .quiet = quiet};
    strbuilder_init(&p->out, vm);
    p->is_bytes = is_bytes(source);
    p->native_words = re_state(vm)->native_words;
    p->text = p->is_bytes ? as_bytes(source)->data : str_data(source);
    p->end = p->text + (p->is_bytes ? as_bytes(source)->len : as_str(source)->nbytes);
    p->unread = p->text;
    p->groups_cap = 4;
    p->names = dict_new(vm);
    p->groups = p->names ? mem_zalloc(vm, p->groups_cap * sizeof *p->groups) : NULL;
    if (!p->groups)
        return false;
    p->ngroups = 1;
    Width width;
    if (!parser_advance(p) || !parse_alternatives(p, flags, 0, &width))
        return false;
    if (p->next.length)
        return parser_error(p, p->next.at, "unbalanced parenthesis");
    if (p->condition_group >= p->ngroups)
        return parser_error(p, p->condition_at, "invalid group reference %u", p->condition_group);
    if (!check_flags(p))
        return false;
    if (p->behind_is_variable)
        return parser_error(p, NULL, "look-behind requires fixed-width pattern");
    return !p->out.failed;
}

void parser_drop(Parser *p) {
    strbuilder_drop(&p->out);
    mem_free(p->vm, p->groups, p->groups_cap * sizeof *p->groups);
    decref(p->vm, p->names);
    p->groups = NULL;
    p->names = 0;
}
