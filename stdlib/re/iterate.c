/* All matches of a pattern, one after the other: findall, split, finditer and scanners.
 *
 * The next search begins where the last match ended, and must not find an empty match there again if that one was
 * empty: so every search gets further, and an empty match right behind another match counts.
 */
#include "stdlib/re/re.h"

#define FEW_SPANS (2 * 8)

typedef struct Walk {
    VM *vm;
    Pattern *pattern;
    Subject subject;
    size_t from;
    bool not_empty;
    size_t few[FEW_SPANS], *spans;
} Walk;

static size_t spans_size(const Pattern *p) { return 2 * (p->ngroups + 1) * sizeof(size_t); }

static bool walk_open(Walk *w, VM *vm, Value pattern, Value string, Value pos, Value endpos) {
    Pattern *p = as_pattern(pattern);
    w->vm = vm;
    w->pattern = p;
    w->not_empty = false;
    if (!subject_open(vm, p, string, pos, endpos, &w->subject))
        return false;
    w->from = w->subject.start;
    w->spans = spans_size(p) <= sizeof w->few ? w->few : mem_alloc(vm, spans_size(p));
    if (!w->spans)
        subject_close(vm, &w->subject);
    return w->spans != NULL;
}

static void walk_close(Walk *w) {
    if (w->spans != w->few)
        mem_free(w->vm, w->spans, spans_size(w->pattern));
    subject_close(w->vm, &w->subject);
}

static int walk_next(Walk *w) {
    int found = pattern_run(w->vm, w->pattern, MODE_SEARCH, &w->subject, w->from, w->not_empty, w->spans);
    if (found > 0) {
        w->from = w->spans[1];
        w->not_empty = w->spans[0] == w->spans[1];
    }
    return found;
}

/* The text of a group of the present match; unset: the fallback, which is consumed only by being the result. */
static Value walk_group(Walk *w, size_t group, Value fallback) {
    size_t from = w->spans[2 * group], to = w->spans[2 * group + 1];
    return from == SPAN_UNSET ? incref(fallback) : subject_slice(w->vm, &w->subject, from, to);
}

static Value walk_item(Walk *w) {
    VM *vm = w->vm;
    Value empty = w->pattern->is_bytes ? vm->empty_bytes : vm->empty_str;
    size_t n = w->pattern->ngroups;
    if (n < 2)
        return walk_group(w, n, empty);
    Value tuple = tuple_new(vm, n);
    for (size_t i = 0; tuple && i < n; i++) {
        if (!(as_tuple(tuple)->items[i] = walk_group(w, i + 1, empty))) {
            decref(vm, tuple);
            return VALUE_ERROR;
        }
    }
    return tuple;
}

Value pattern_findall(VM *vm, Value pattern, Value string, Value pos, Value endpos) {
    Walk w;
    if (!walk_open(&w, vm, pattern, string, pos, endpos))
        return VALUE_ERROR;
    Value list = list_new(vm, 0);
    int found = list ? 1 : -1;
    while (found > 0 && (found = walk_next(&w)) > 0) {
        Value item = walk_item(&w);
        if (!item || !list_append_steal(vm, list, item))
            found = -1;
    }
    walk_close(&w);
    if (found == 0)
        return list;
    decref(vm, list);
    return VALUE_ERROR;
}

/* The text since the last match, and the groups. */
static bool split_add(Walk *w, Value list, size_t last, size_t until) {
    Value part = subject_slice(w->vm, &w->subject, last, until);
    return part && list_append_steal(w->vm, list, part);
}

Value pattern_split(VM *vm, Value pattern, Value string, Value maxsplit) {
    ssize_t most = 0;
    Walk w;
    if ((maxsplit && !to_ssize(vm, maxsplit, &most)) || !walk_open(&w, vm, pattern, string, 0, 0))
        return VALUE_ERROR;
    Value list = list_new(vm, 0);
    bool ok = list != 0;
    size_t last = 0;
    for (ssize_t n = 0; ok && (most == 0 || n < most); n++) {
        int found = walk_next(&w);
        ok = found >= 0;
        if (found <= 0)
            break;
        ok = split_add(&w, list, last, w.spans[0]);
        last = w.spans[1];
        for (size_t i = 1; ok && i <= w.pattern->ngroups; i++) {
            Value text = walk_group(&w, i, VALUE_NONE);
            ok = text && list_append_steal(vm, list, text);
        }
    }
    ok = ok && split_add(&w, list, last, w.subject.end);
    walk_close(&w);
    if (ok)
        return list;
    decref(vm, list);
    return VALUE_ERROR;
}

/* ---- scanners and the iterator of finditer --------------------------------------------------------------------- */

typedef struct Scanner {
    Object header;
    Value pattern, string;
    Subject subject;
    size_t from;
    bool not_empty;
    bool open; /* the subject is; closed when a search finds nothing more */
} Scanner;

static Value scanner_new(VM *vm, const TypeSpec *spec, Value pattern, Value string, Value pos, Value endpos) {
    Type *type = vm_type(vm, spec, NULL);
    Scanner *s = type ? object_alloc(vm, type, 0) : NULL;
    if (!s)
        return VALUE_ERROR;
    if (!subject_open(vm, as_pattern(pattern), string, pos, endpos, &s->subject)) {
        obj_decref(vm, &s->header);
        return VALUE_ERROR;
    }
    s->open = true;
    s->pattern = incref(pattern);
    s->string = incref(string);
    s->from = s->subject.start;
    return from_obj(s);
}

Value pattern_scanner(VM *vm, Value pattern, Value string, Value pos, Value endpos) {
    return scanner_new(vm, &scanner_spec, pattern, string, pos, endpos);
}

Value pattern_finditer(VM *vm, Value pattern, Value string, Value pos, Value endpos) {
    return scanner_new(vm, &match_iterator_spec, pattern, string, pos, endpos);
}

static void scanner_close(VM *vm, Scanner *s) {
    if (s->open) {
        s->open = false;
        subject_close(vm, &s->subject);
    }
}

static void scanner_clear(VM *vm, Object *self) {
    Scanner *s = (Scanner *)self;
    scanner_close(vm, s);
    set_owned(vm, &s->pattern, 0);
    set_owned(vm, &s->string, 0);
}

static void scanner_traverse(Object *self, VisitFn visit, void *arg) {
    Scanner *s = (Scanner *)self;
    visit_value(s->pattern, visit, arg);
    visit_value(s->string, visit, arg);
    if (s->open)
        visit_value(s->subject.buffer.owner, visit, arg);
}

/* The next Match; None when there is no more. */
static Value scanner_step(VM *vm, Scanner *s, MatchMode mode) {
    if (!s->open)
        return VALUE_NONE;
    Value pattern = incref(s->pattern);
    Value match = pattern_match(vm, pattern, mode, &s->subject, s->from, s->not_empty);
    decref(vm, pattern);
    if (match && !is_none(match)) {
        const size_t *spans = as_match(match)->spans;
        s->from = spans[1];
        s->not_empty = spans[0] == spans[1];
    } else if (match) {
        scanner_close(vm, s);
    }
    return match;
}

static Value scanner_match(NATIVE_ARGS) { return scanner_step(vm, (Scanner *)as_obj(self), MODE_MATCH); }
static Value scanner_search(NATIVE_ARGS) { return scanner_step(vm, (Scanner *)as_obj(self), MODE_SEARCH); }
static Value scanner_pattern(VM *vm, Value self) { return incref(((Scanner *)as_obj(self))->pattern); }

static Value iterator_next(VM *vm, Value self) {
    Value match = scanner_step(vm, (Scanner *)as_obj(self), MODE_SEARCH);
    return match == VALUE_NONE ? VALUE_ERROR : match;
}

static const MethodSpec scanner_methods[] = {
    {"match", scanner_match, "", NULL, 0},
    {"search", scanner_search, "", NULL, 0},
    {0},
};

static const GetSetSpec scanner_getset[] = {
    {"pattern", scanner_pattern, NULL, NULL},
    {0},
};

const TypeSpec scanner_spec = {
    .name = "_sre.SRE_Scanner",
    .size = sizeof(Scanner),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_NEW | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.dealloc = scanner_clear, .clear = scanner_clear, .traverse = scanner_traverse},
    .methods = scanner_methods,
    .getset = scanner_getset,
};

const TypeSpec match_iterator_spec = {
    .name = "callable_iterator",
    .doc = "Gives the matches that finditer() finds.",
    .size = sizeof(Scanner),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = scanner_clear,
              .clear = scanner_clear,
              .traverse = scanner_traverse,
              .iter = iter_self,
              .next = iterator_next},
};
