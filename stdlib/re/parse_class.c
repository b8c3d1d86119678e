/* Character classes: [...]. */
#include "stdlib/re/re.h"

#define WARN_LEVEL 2 /* the caller of the function in re.co */

static bool warn_about(Parser *p, const char *what, const char *at) {
    size_t position = subject_chars(p->vm, p->source, p->is_bytes, (size_t)(at - p->text));
    return p->quiet ||
           warn(p->vm, p->vm->exc.FutureWarning, WARN_LEVEL, "Possible %s at position %u", what, position);
}

static const char *set_operation(char c) {
    return c == '-'   ? "set difference"
           : c == '&' ? "set intersection"
           : c == '~' ? "set symmetric difference"
                      : "set union";
}

/* One end of a range, or a member of its own. */
static bool take_member(Parser *p, Token t, Escape *out) {
    if (*t.at == '\\')
        return parse_escape(p, t, true, out);
    *out = (Escape){ESCAPE_CHAR, parser_char(p, t.at)};
    return true;
}

static bool emit_member(Parser *p, ClassState *state, Escape e, int flags) {
    if (e.kind == ESCAPE_CATEGORY)
        return emit_class_category(p, (char)e.value, flags);
    return emit_class_range(p, state, e.value, e.value, flags);
}

static bool unterminated(Parser *p, const char *start) {
    return parser_error(p, start, "unterminated character set");
}

/* Behind "X-": the end of a range, or of the class. */
static bool parse_range(Parser *p, ClassState *state, const char *start, Token first, Escape low, int flags,
                        bool *end) {
    Token t;
    if (!parser_take(p, &t))
        return false;
    if (t.length == 0)
        return unterminated(p, start);
    if (token_is(t, ']')) {
        *end = true;
        return emit_member(p, state, low, flags) && emit_class_range(p, state, '-', '-', flags);
    }
    if (token_is(t, '-') && !warn_about(p, "set difference", t.at - 1))
        return false;
    Escape high;
    if (!take_member(p, t, &high))
        return false;
    if (low.kind == ESCAPE_CHAR && high.kind == ESCAPE_CHAR && low.value <= high.value)
        return emit_class_range(p, state, low.value, high.value, flags);
    VM *vm = p->vm;
    size_t length = (size_t)(p->next.at - first.at);
    Value text = p->is_bytes ? str_decode(vm, first.at, length, "latin-1", "strict") : str_new(vm, first.at, length);
    if (text) {
        parser_error(p, first.at, "bad character range %V", text);
        decref(vm, text);
    }
    return false;
}

bool parse_class(Parser *p, int flags) {
    const char *start = p->next.at - 1;
    ClassState state = {0};
    bool negated, range, end = false;
    if (token_is(p->next, '[') && !warn_about(p, "nested set", p->next.at))
        return false;
    if (!parser_accept(p, '^', &negated) || !emit_text(p, negated ? "[^" : "["))
        return false;
    for (bool empty = true; !end; empty = false) {
        Token t;
        Escape e;
        if (!parser_take(p, &t))
            return false;
        if (t.length == 0)
            return unterminated(p, start);
        if (token_is(t, ']') && !empty)
            break;
        if (!empty && token_in(t, "-&~|") && token_is(p->next, *t.at) && !warn_about(p, set_operation(*t.at), t.at))
            return false;
        if (!take_member(p, t, &e) || !parser_accept(p, '-', &range))
            return false;
        if (!(range ? parse_range(p, &state, start, t, e, flags, &end) : emit_member(p, &state, e, flags)))
            return false;
    }
    return emit_class_end(p, &state, flags);
}
