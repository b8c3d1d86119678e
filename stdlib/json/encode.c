/* Writing JSON: the encoder that a JSONEncoder makes for its settings. The whole text is built in one piece.
 *
 * Circular references are found by comparing a container with those around it: the outermost ones are looked at one
 * by one, and there are rarely more; deeper ones are kept in a dict.
 */
#include "stdlib/json/json.h"

#include <math.h>

typedef struct Encoder {
    Object header;
    Value default_, indent, key_separator, item_separator; /* indent 0: everything on one line */
    Value encode_string;                                   /* a function of the script's, or 0 */
    bool ascii, check_circular, sort_keys, skip_keys, allow_nan;
} Encoder;

#define NEAR 16

typedef struct Writer {
    VM *vm;
    const Encoder *options;
    StrBuilder out;
    size_t depth;     /* containers that are being written */
    Value near[NEAR]; /* the outermost of them; borrowed */
    Value deep;       /* dict with the addresses of the others; 0 until there is one */
} Writer;

static bool write_value(Writer *w, Value v, size_t level);

static bool add(Writer *w, const char *text) { return strbuilder_add_c(&w->out, text); }

static bool new_line(Writer *w, size_t level) {
    if (!w->options->indent)
        return true;
    bool ok = strbuilder_add(&w->out, "\n", 1);
    for (size_t i = 0; ok && i < level; i++)
        ok = strbuilder_add_value(&w->out, w->options->indent);
    return ok;
}

static Value address(Value container) { return from_small_int((int64_t)(container >> 3)); }

static bool circular(const Writer *w, Value container) {
    for (size_t i = 0; i < w->depth && i < NEAR; i++) {
        if (w->near[i] == container)
            return true;
    }
    return w->deep && dict_contains(w->vm, w->deep, address(container)) > 0;
}

/* Around the writing of a container. */
static bool enter(Writer *w, Value container) {
    VM *vm = w->vm;
    if (w->options->check_circular) {
        if (circular(w, container))
            return raise_value(vm, "Circular reference detected");
        if (w->depth < NEAR)
            w->near[w->depth] = container;
        else if ((!w->deep && !(w->deep = dict_new(vm))) || !dict_set(vm, w->deep, address(container), VALUE_NONE))
            return false;
    }
    w->depth++;
    if (native_enter(vm, " while encoding a JSON object"))
        return true;
    w->depth--;
    return false;
}

static void leave(Writer *w, Value container) {
    native_leave(w->vm);
    w->depth--;
    if (w->options->check_circular && w->depth >= NEAR && !error_pending(w->vm))
        dict_delete(w->vm, w->deep, address(container));
}

/* ---- scalars --------------------------------------------------------------------------------------------------- */

static bool write_string(Writer *w, Value s) {
    if (!w->options->encode_string)
        return json_write_string(&w->out, s, w->options->ascii);
    Value text = call1(w->vm, w->options->encode_string, s);
    if (text && !is_str(text))
        raise_type(w->vm, "encoder() must return a string, not %.80T", text);
    bool ok = text && is_str(text) && strbuilder_add_value(&w->out, text);
    decref(w->vm, text);
    return ok;
}

static bool write_int(Writer *w, Value v) {
    int64_t i;
    if (int_fits_int64(v, &i))
        return strbuilder_printf(&w->out, "%i", i);
    Value text = int_to_str(w->vm, v, 10);
    bool ok = text && strbuilder_add_value(&w->out, text);
    decref(w->vm, text);
    return ok;
}

static bool write_float(Writer *w, Value v) {
    double d = float_value(v);
    char text[32];
    if (isfinite(d))
        return strbuilder_add(&w->out, text, float_repr(d, text));
    if (!w->options->allow_nan)
        return raise_value(w->vm, "Out of range float values are not JSON compliant: %R", from_double(d));
    return add(w, isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
}

/* Writes None, a bool, a number or a string. *done false: it is something else. */
static bool write_scalar(Writer *w, Value v, bool *done) {
    *done = true;
    if (is_str(v))
        return write_string(w, v);
    if (is_none(v))
        return add(w, "null");
    if (is_bool(v))
        return add(w, v == VALUE_TRUE ? "true" : "false");
    if (is_int(v))
        return write_int(w, v);
    if (is_float(v))
        return write_float(w, v);
    *done = false;
    return true;
}

/* ---- containers ------------------------------------------------------------------------------------------------ */

static bool write_list(Writer *w, Value list, size_t level) {
    Value owner, *items;
    size_t n;
    if (!sequence_view(w->vm, list, "_json.Encoder needs a sequence", &owner, &items, &n))
        return false;
    if (n == 0) {
        decref(w->vm, owner);
        return add(w, "[]");
    }
    bool ok = enter(w, list);
    if (ok) {
        ok = add(w, "[") && new_line(w, level + 1);
        /* a default() may change the list */
        for (size_t i = 0; ok && i < (is_list(owner) ? as_list(owner)->len : n); i++) {
            Value item = incref(is_list(owner) ? as_list(owner)->items[i] : items[i]);
            ok = (i == 0 || (strbuilder_add_value(&w->out, w->options->item_separator) && new_line(w, level + 1))) &&
                 write_value(w, item, level + 1);
            decref(w->vm, item);
        }
        ok = ok && new_line(w, level) && add(w, "]");
        leave(w, list);
    }
    decref(w->vm, owner);
    return ok;
}

/* *skipped: it is no key, and those are left out. */
static bool write_key(Writer *w, Value key, bool first, size_t level, bool *skipped) {
    bool text = is_str(key), plain = text || is_none(key) || is_int(key) || is_float(key), done;
    *skipped = !plain;
    if (!plain) {
        if (w->options->skip_keys)
            return true;
        return raise_type(w->vm, "keys must be str, int, float, bool or None, not %.100T", key);
    }
    if (!first && !(strbuilder_add_value(&w->out, w->options->item_separator) && new_line(w, level)))
        return false;
    if (text)
        return write_string(w, key) && strbuilder_add_value(&w->out, w->options->key_separator);
    if (!w->options->encode_string)
        return add(w, "\"") && write_scalar(w, key, &done) && add(w, "\"") &&
               strbuilder_add_value(&w->out, w->options->key_separator);
    Writer inner = {.vm = w->vm, .options = w->options};
    strbuilder_init(&inner.out, w->vm);
    write_scalar(&inner, key, &done);
    Value name = error_pending(w->vm) ? VALUE_ERROR : strbuilder_finish(&inner.out);
    strbuilder_drop(&inner.out);
    bool ok = name && write_string(w, name) && strbuilder_add_value(&w->out, w->options->key_separator);
    decref(w->vm, name);
    return ok;
}

static bool write_pairs(Writer *w, Value pairs, size_t level) {
    bool first = true, skipped;
    for (size_t i = 0; i < as_list(pairs)->len; i++) {
        Value pair = as_list(pairs)->items[i];
        if (!is_tuple(pair) || as_tuple(pair)->len != 2)
            return raise_value(w->vm, "items must return 2-tuples");
        if (!write_key(w, as_tuple(pair)->items[0], first, level + 1, &skipped))
            return false;
        if (skipped)
            continue;
        if (!write_value(w, as_tuple(pair)->items[1], level + 1))
            return false;
        first = false;
    }
    return true;
}

/* Straight from the table, as long as it stays as it is. */
static bool write_entries(Writer *w, Value dict, size_t level) {
    bool first = true, skipped, ok = true;
    Value key, value;
    size_t used = dict_len(dict);
    for (size_t pos = 0; ok && dict_next(dict, &pos, &key, &value);) {
        incref(key);
        incref(value);
        ok = write_key(w, key, first, level + 1, &skipped) && (skipped || write_value(w, value, level + 1));
        first = first && skipped;
        decref(w->vm, key);
        decref(w->vm, value);
        if (ok && dict_len(dict) != used)
            ok = raise_runtime(w->vm, "dictionary changed size during iteration");
    }
    return ok;
}

static bool write_items(Writer *w, Value dict, size_t level) {
    VM *vm = w->vm;
    if (has_exact_kind(dict, KIND_DICT) && !w->options->sort_keys)
        return write_entries(w, dict, level);
    Value name = str_intern_c(vm, "items");
    Value items = name ? call_method0(vm, dict, name) : VALUE_ERROR;
    Value pairs = items ? list_from_iterable(vm, items) : VALUE_ERROR;
    bool ok = pairs && (!w->options->sort_keys || list_sort(vm, pairs, 0, false)) && write_pairs(w, pairs, level);
    decref(vm, pairs);
    decref(vm, items);
    decref(vm, name);
    return ok;
}

static bool write_dict(Writer *w, Value dict, size_t level) {
    ssize_t n = length(w->vm, dict);
    if (n <= 0)
        return n == 0 && add(w, "{}");
    if (!enter(w, dict))
        return false;
    bool ok =
        add(w, "{") && new_line(w, level + 1) && write_items(w, dict, level) && new_line(w, level) && add(w, "}");
    leave(w, dict);
    return ok;
}

static bool write_value(Writer *w, Value v, size_t level) {
    bool done;
    if (!write_scalar(w, v, &done))
        return false;
    if (done)
        return true;
    if (is_list(v) || is_tuple(v))
        return write_list(w, v, level);
    if (is_dict(v))
        return write_dict(w, v, level);
    if (!enter(w, v))
        return false;
    Value other = call1(w->vm, w->options->default_, v);
    bool ok = other && write_value(w, other, level);
    decref(w->vm, other);
    leave(w, v);
    return ok;
}

/* ---- the type -------------------------------------------------------------------------------------------------- */

static Value encoder_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    ssize_t level = 0;
    if (!native_bind(vm, "_iterencode", "obj, _current_indent_level", args, nargs, kwnames, v, 2) ||
        !to_ssize(vm, v[1], &level))
        return VALUE_ERROR;
    Writer w = {.vm = vm, .options = (const Encoder *)as_obj(self)};
    strbuilder_init(&w.out, vm);
    incref(self);
    bool ok = write_value(&w, v[0], level < 0 ? 0 : (size_t)level);
    decref(vm, w.deep);
    decref(vm, self);
    if (!ok) {
        strbuilder_drop(&w.out);
        return VALUE_ERROR;
    }
    Value text = strbuilder_finish(&w.out), result = text ? tuple_pack(vm, 1, text) : VALUE_ERROR;
    decref(vm, text);
    return result;
}

/* True: the argument is a function of this module (or ascii is set to which it is), to be called directly. */
static bool own_function(Value f, bool *ascii) {
    if (!has_kind(f, KIND_NATIVE))
        return false;
    const MethodSpec *spec = ((Native *)as_obj(f))->spec;
    *ascii = spec == &json_text_functions[0];
    return *ascii || spec == &json_text_functions[1];
}

static bool flag(VM *vm, Value v, bool *out) {
    int t = truth(vm, v);
    *out = t > 0;
    return t >= 0;
}

/* None, text, or a number of blanks. */
static bool set_indent(VM *vm, Encoder *e, Value indent) {
    if (is_none(indent))
        return true;
    if (is_str(indent)) {
        e->indent = incref(indent);
        return true;
    }
    Value blank = str_new_ascii(vm, " ", 1);
    Value text = blank ? arith_binary(vm, OP_MUL, blank, indent) : VALUE_ERROR;
    decref(vm, blank);
    if (text && !is_str(text))
        raise_type(vm, "indent must be None, an int or a string, not %T", indent);
    e->indent = text;
    return text && is_str(text);
}

static bool set_separator(VM *vm, Value *field, Value v) {
    if (!is_str(v))
        return raise_type(vm, "make_encoder() separators must be str, not %T", v);
    *field = incref(v);
    return true;
}

static Value encoder_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    static const char signature[] = "markers, default, encoder, indent, key_separator, item_separator, sort_keys, "
                                    "skipkeys, allow_nan";
    Value v[9] = {0};
    if (!native_bind(vm, "make_encoder", signature, args, nargs, kwnames, v, 9))
        return VALUE_ERROR;
    Encoder *e = object_alloc(vm, type, 0);
    if (!e)
        return VALUE_ERROR;
    e->check_circular = !is_none(v[0]);
    e->default_ = incref(v[1]);
    if (!own_function(v[2], &e->ascii))
        e->encode_string = incref(v[2]);
    if (set_indent(vm, e, v[3]) && set_separator(vm, &e->key_separator, v[4]) &&
        set_separator(vm, &e->item_separator, v[5]) && flag(vm, v[6], &e->sort_keys) &&
        flag(vm, v[7], &e->skip_keys) && flag(vm, v[8], &e->allow_nan))
        return from_obj(e);
    obj_decref(vm, &e->header);
    return VALUE_ERROR;
}

const TypeSpec json_encoder_spec = {
    .name = "_json.Encoder",
    .doc = "Writes values as JSON with the given settings.",
    .signature = "markers, default, encoder, indent, key_separator, item_separator, sort_keys, skipkeys, allow_nan",
    .size = sizeof(Encoder),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(5), .create = encoder_create, .call = encoder_call},
};
