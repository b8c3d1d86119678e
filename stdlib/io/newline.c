/* Line ends of text that comes in pieces, and IncrementalNewlineDecoder, which shows that to scripts. */
#include "stdlib/io/text.h"

enum { SEEN_RETURN = 1, SEEN_NEWLINE = 2, SEEN_PAIR = 4 };

static void add_end(StrBuilder *b, LineEnds *l, bool pair) {
    l->seen |= pair ? SEEN_PAIR : SEEN_RETURN;
    strbuilder_add_c(b, l->translate ? "\n" : pair ? "\r\n" : "\r");
}

static void add_run(StrBuilder *b, LineEnds *l, const char *p, size_t n) {
    if (memchr(p, '\n', n) != NULL)
        l->seen |= SEEN_NEWLINE;
    strbuilder_add(b, p, n);
}

Value line_ends_translate(VM *vm, LineEnds *l, Value s, bool final) {
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    if (p == end && !final) /* a '\r' that is held is not followed by anything yet */
        return s;
    if (!l->held && memchr(p, '\r', (size_t)(end - p)) == NULL) {
        if (memchr(p, '\n', (size_t)(end - p)) != NULL)
            l->seen |= SEEN_NEWLINE;
        return s;
    }
    StrBuilder b;
    strbuilder_init(&b, vm);
    if (l->held) {
        l->held = false;
        bool pair = p < end && *p == '\n';
        add_end(&b, l, pair);
        p += pair;
    }
    while (p < end) {
        const char *found = memchr(p, '\r', (size_t)(end - p));
        add_run(&b, l, p, (size_t)((found != NULL ? found : end) - p));
        if (found == NULL)
            break;
        p = found + 1;
        if (p == end && !final) {
            l->held = true;
            break;
        }
        bool pair = p < end && *p == '\n';
        add_end(&b, l, pair);
        p += pair;
    }
    decref(vm, s);
    return strbuilder_finish(&b);
}

Value line_ends_seen(VM *vm, const LineEnds *l) {
    static const char *const ends[3] = {"\r", "\n", "\r\n"};
    Value list = list_new(vm, 0);
    for (int i = 0; list != 0 && i < 3; i++) {
        if (!(l->seen & (1 << i)))
            continue;
        Value end = str_from_c(vm, ends[i]);
        if (end == 0 || !list_append_steal(vm, list, end))
            set_owned(vm, &list, 0);
    }
    if (list == 0)
        return VALUE_ERROR;
    Value r = as_list(list)->len == 0   ? VALUE_NONE
              : as_list(list)->len == 1 ? incref(as_list(list)->items[0])
                                        : tuple_from_list(vm, list);
    decref(vm, list);
    return r;
}

typedef struct NewlineDecoder {
    Object header;
    Value decoder;
    LineEnds ends;
} NewlineDecoder;
static NewlineDecoder *decoder_of(Value v) { return (NewlineDecoder *)as_obj(v); }

static Value decoder_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    NewlineDecoder *d = object_alloc(vm, type, 0);
    return d == NULL ? VALUE_ERROR : from_obj(d);
}
static bool decoder_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[3];
    if (!native_bind(vm, "IncrementalNewlineDecoder", "decoder, translate, errors='strict'", args, nargs, kwnames, v,
                     3))
        return false;
    int translate = truth(vm, v[1]);
    set_owned(vm, &decoder_of(self)->decoder, incref(v[0]));
    decoder_of(self)->ends.translate = translate > 0;
    return translate >= 0;
}
static void decoder_dealloc(VM *vm, Object *self) { decref(vm, ((NewlineDecoder *)self)->decoder); }
static Value decoder_decode(NATIVE_ARGS) {
    NewlineDecoder *d = decoder_of(self);
    int final = args[1] == 0 ? 0 : truth(vm, args[1]);
    if (final < 0)
        return VALUE_ERROR;
    Value s;
    if (d->decoder == VALUE_NONE) {
        s = incref(args[0]);
    } else {
        Value a[2] = {args[0], from_bool(final)};
        s = call_method(vm, d->decoder, NAME(decode), a, 2);
    }
    if (s == 0 || !is_str(s)) {
        if (s != 0)
            raise_type(vm, "decoder should return a string result, not '%T'", s);
        decref(vm, s);
        return VALUE_ERROR;
    }
    return line_ends_translate(vm, &d->ends, s, final);
}
static Value decoder_reset(NATIVE_ARGS) {
    NewlineDecoder *d = decoder_of(self);
    d->ends.held = false;
    d->ends.seen = 0;
    return d->decoder == VALUE_NONE ? VALUE_NONE : call_method0(vm, d->decoder, NAME(reset));
}
static Value decoder_newlines(VM *vm, Value self) { return line_ends_seen(vm, &decoder_of(self)->ends); }
static const MethodSpec decoder_methods[] = {
    {"decode", decoder_decode, "input, final=False", "Decodes and translates line ends.", 0},
    {"reset", decoder_reset, "", "Forgets what was met.", 0},
    {0},
};
static const GetSetSpec decoder_getset[] = {{"newlines", decoder_newlines, NULL, "Line ends met so far."}, {0}};
const TypeSpec newline_decoder_spec = {
    .name = "_io.IncrementalNewlineDecoder",
    .doc = "Translates line ends of text that comes in pieces.",
    .signature = "decoder, translate, errors='strict'",
    .size = sizeof(NewlineDecoder),
    .flags = TYPE_BASE,
    .kind = KIND_OTHER,
    .slots = {.create = decoder_create, .init = decoder_init, .dealloc = decoder_dealloc},
    .methods = decoder_methods,
    .getset = decoder_getset,
};
