/* _struct: the Struct type, the iterator of iter_unpack, and functions that take a format and keep the Structs of the
 * last ones. */
#include "stdlib/struct/struct.h"

#include "object/type.h"
#include "stdlib/module_tools.h"

#include <stdarg.h>

#define CACHE_SIZE 100

typedef struct Struct {
    Object header;
    Value format; /* str */
    Value layout; /* bytes that hold a Layout; 0 until __init__ has run */
} Struct;

typedef struct UnpackIter {
    Object header;
    Value layout; /* 0: exhausted */
    Buffer buffer;
    size_t at;
} UnpackIter;

static const TypeSpec struct_spec, iter_spec;
static StructState *state_of(VM *vm) { return vm->module_state[MODULE_SLOT_mod_struct_init]; }
static Struct *as_struct(Value v) { return (Struct *)as_obj(v); }

Value raise_struct(VM *vm, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    Value text = str_vprintf(vm, fmt, args);
    va_end(args);
    Value error = text ? call1(vm, type_value(state_of(vm)->error), text) : VALUE_ERROR;
    decref(vm, text);
    return raise_new(vm, error);
}

/* ---- making ---------------------------------------------------------------------------------------------------- */

static Value struct_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Struct *s = object_alloc(vm, type, 0);
    if (!s)
        return VALUE_ERROR;
    s->format = incref(vm->empty_str);
    return from_obj(s);
}

/* The format as str (owned), checked to be ASCII. */
static Value format_text(VM *vm, Value format) {
    if (is_str(format)) {
        Value bytes = str_is_ascii(as_str(format)) ? VALUE_NONE : str_encode(vm, format, "ascii", "strict");
        decref(vm, bytes);
        return bytes ? str_unchanged(vm, format) : VALUE_ERROR;
    }
    if (!is_bytes(format))
        return raise_type(vm, "Struct() argument 1 must be a str or bytes object, not %T", format);
    return str_decode(vm, as_bytes(format)->data, as_bytes(format)->len, "latin-1", "strict");
}

static bool set_format(VM *vm, Value self, Value format) {
    Value text = format_text(vm, format);
    Value layout = text ? layout_new(vm, str_data(text), as_str(text)->nbytes) : VALUE_ERROR;
    if (!layout) {
        decref(vm, text);
        return false;
    }
    set_owned(vm, &as_struct(self)->format, text);
    set_owned(vm, &as_struct(self)->layout, layout);
    return true;
}

static bool struct_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value format;
    return native_bind(vm, "Struct", "format", args, nargs, kwnames, &format, 1) && set_format(vm, self, format);
}

/* The Struct for the format of a function's first argument: owned. */
static Value cached_struct(VM *vm, Value format) {
    StructState *state = state_of(vm);
    bool usable = has_exact_kind(format, KIND_STR) || has_exact_kind(format, KIND_BYTES);
    Value found = usable ? dict_get(vm, state->cache, format) : VALUE_ERROR;
    if (found)
        return incref(found);
    if (error_pending(vm))
        return VALUE_ERROR;
    Value made = struct_create(vm, vm_type(vm, &struct_spec, NULL), NULL, 0, 0);
    if (!made || !set_format(vm, made, format)) {
        decref(vm, made);
        return VALUE_ERROR;
    }
    if (!usable)
        return made;
    if (dict_len(state->cache) >= CACHE_SIZE)
        dict_clear(vm, state->cache);
    if (!dict_set(vm, state->cache, format, made)) {
        decref(vm, made);
        return VALUE_ERROR;
    }
    return made;
}

/* ---- packing --------------------------------------------------------------------------------------------------- */

static bool check_count(VM *vm, const char *function, Value layout, size_t given) {
    if (layout && layout_of(layout)->nvalues == given)
        return true;
    return raise_struct(vm, "%s expected %z items for packing (got %u)", function,
                        layout ? (ssize_t)layout_of(layout)->nvalues : -1, given);
}

static Value do_pack(VM *vm, Value self, Value *values, size_t n) {
    if (!check_count(vm, "pack", as_struct(self)->layout, n))
        return VALUE_ERROR;
    Value layout = incref(as_struct(self)->layout), result = bytes_new(vm, NULL, layout_of(layout)->size);
    if (result && !layout_pack(vm, layout_of(layout), (uint8_t *)as_bytes(result)->data, values)) {
        decref(vm, result);
        result = VALUE_ERROR;
    }
    decref(vm, layout);
    return result;
}

static bool offset_argument(VM *vm, Value v, Type *error, const char *message, ssize_t *out) {
    Value index = to_index(vm, v);
    int64_t n = 0;
    bool ok = index && int_fits_int64(index, &n);
    decref(vm, index);
    if (index && !ok)
        raisef(vm, error, "%s", message);
    *out = n;
    return ok;
}

/* Resolves an offset that may count from the end of `len` bytes; *room is what lies behind it. */
static bool resolve_offset(VM *vm, bool packing, size_t size, size_t len, ssize_t *offset) {
    if (*offset < 0) {
        if (*offset + (ssize_t)size > 0)
            return packing ? raise_struct(vm, "no space to pack %u bytes at offset %z", size, *offset)
                           : raise_struct(vm, "not enough data to unpack %u bytes at offset %z", size, *offset);
        if (*offset + (ssize_t)len < 0)
            return raise_struct(vm, "offset %z out of range for %u-byte buffer", *offset, len);
        *offset += (ssize_t)len;
    }
    if ((size_t)*offset <= len && len - (size_t)*offset >= size)
        return true;
    return raise_struct(vm,
                        "%s requires a buffer of at least %u bytes for %s %u bytes at offset %z (actual buffer size "
                        "is %u)",
                        packing ? "pack_into" : "unpack_from", size + (size_t)*offset,
                        packing ? "packing" : "unpacking", size, *offset, len);
}

static bool writable_buffer(VM *vm, Value v, Buffer *out) {
    if (buffer_get(vm, v, out, true))
        return true;
    if (error_matches(vm, vm->exc.TypeError) || error_matches(vm, vm->exc.BufferError)) {
        error_clear(vm);
        raise_type(vm, "argument must be read-write bytes-like object, not %T", v);
    }
    return false;
}

/* args: buffer, offset, values */
static Value do_pack_into(VM *vm, Value self, Value *args, size_t nargs) {
    if (nargs < 2)
        return raise_struct(vm, "pack_into expected %s argument", nargs ? "offset" : "buffer");
    if (!check_count(vm, "pack_into", as_struct(self)->layout, nargs - 2))
        return VALUE_ERROR;
    Value layout = incref(as_struct(self)->layout);
    const Layout *l = layout_of(layout);
    Buffer buffer;
    ssize_t offset = 0;
    bool ok = writable_buffer(vm, args[0], &buffer);
    if (ok) {
        ok = offset_argument(vm, args[1], vm->exc.IndexError, "cannot fit 'int' into an index-sized integer",
                             &offset) &&
             resolve_offset(vm, true, l->size, buffer.len, &offset) &&
             layout_pack(vm, l, (uint8_t *)buffer.data + offset, args + 2);
        buffer_release(vm, &buffer);
    }
    decref(vm, layout);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

/* ---- unpacking ------------------------------------------------------------------------------------------------- */

static bool check_ready(VM *vm, Value self) {
    return as_struct(self)->layout || raise_runtime(vm, "Struct object is not initialized");
}

static Value do_unpack(VM *vm, Value self, Value data) {
    if (!check_ready(vm, self))
        return VALUE_ERROR;
    const Layout *l = layout_of(as_struct(self)->layout);
    Buffer buffer;
    if (!buffer_get(vm, data, &buffer, false))
        return VALUE_ERROR;
    Value result = buffer.len == l->size ? layout_unpack(vm, l, (const uint8_t *)buffer.data)
                                         : raise_struct(vm, "unpack requires a buffer of %u bytes", l->size);
    buffer_release(vm, &buffer);
    return result;
}

static Value do_unpack_from(VM *vm, Value self, Value data, Value at) {
    if (!check_ready(vm, self))
        return VALUE_ERROR;
    ssize_t offset = 0;
    if (at &&
        !offset_argument(vm, at, vm->exc.OverflowError, "Python int too large to convert to C ssize_t", &offset))
        return VALUE_ERROR;
    const Layout *l = layout_of(as_struct(self)->layout);
    Buffer buffer;
    if (!buffer_get(vm, data, &buffer, false))
        return VALUE_ERROR;
    Value result = resolve_offset(vm, false, l->size, buffer.len, &offset)
                       ? layout_unpack(vm, l, (const uint8_t *)buffer.data + offset)
                       : VALUE_ERROR;
    buffer_release(vm, &buffer);
    return result;
}

static Value do_iter_unpack(VM *vm, Value self, Value data) {
    if (!check_ready(vm, self))
        return VALUE_ERROR;
    size_t size = layout_of(as_struct(self)->layout)->size;
    if (size == 0)
        return raise_struct(vm, "cannot iteratively unpack with a struct of length 0");
    Type *type = vm_type(vm, &iter_spec, NULL);
    UnpackIter *it = type ? object_alloc(vm, type, 0) : NULL;
    if (!it)
        return VALUE_ERROR;
    if (!buffer_get(vm, data, &it->buffer, false)) {
        it->buffer.owner = 0;
        decref(vm, from_obj(it));
        return VALUE_ERROR;
    }
    it->layout = incref(as_struct(self)->layout);
    if (it->buffer.len % size) {
        decref(vm, from_obj(it));
        return raise_struct(vm, "iterative unpacking requires a buffer of a multiple of %u bytes", size);
    }
    return from_obj(it);
}

static void iter_finish(VM *vm, Object *self) {
    UnpackIter *it = (UnpackIter *)self;
    Buffer buffer = it->buffer;
    it->buffer.owner = 0;
    if (buffer.owner)
        buffer_release(vm, &buffer);
    set_owned(vm, &it->layout, 0);
}

static void iter_traverse(Object *self, VisitFn visit, void *arg) {
    UnpackIter *it = (UnpackIter *)self;
    visit_value(it->layout, visit, arg);
    visit_value(it->buffer.owner, visit, arg);
}

static Value iter_step(VM *vm, Value self) {
    UnpackIter *it = (UnpackIter *)as_obj(self);
    if (!it->layout)
        return VALUE_ERROR;
    if (it->at >= it->buffer.len) {
        iter_finish(vm, &it->header);
        return VALUE_ERROR;
    }
    const Layout *l = layout_of(it->layout);
    Value result = layout_unpack(vm, l, (const uint8_t *)it->buffer.data + it->at);
    it->at += l->size;
    return result;
}

static Value iter_hint(NATIVE_ARGS) {
    UnpackIter *it = (UnpackIter *)as_obj(self);
    return from_small_int(it->layout ? (int64_t)((it->buffer.len - it->at) / layout_of(it->layout)->size) : 0);
}

static const MethodSpec iter_methods[] = {
    {"__length_hint__", iter_hint, "", "How many items are left.", 0},
    {0},
};

static const TypeSpec iter_spec = {
    .name = "_struct.unpack_iterator",
    .size = sizeof(UnpackIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_OTHER,
    .slots = {.dealloc = iter_finish,
              .clear = iter_finish,
              .traverse = iter_traverse,
              .iter = iter_self,
              .next = iter_step},
    .methods = iter_methods,
};

/* ---- Struct ---------------------------------------------------------------------------------------------------- */

static bool no_keywords(VM *vm, const char *name, Value kwnames) {
    return !kwnames || !as_tuple(kwnames)->len || raise_type(vm, "%s() takes no keyword arguments", name);
}

static Value struct_pack(NATIVE_ARGS) {
    return no_keywords(vm, "Struct.pack", kwnames) ? do_pack(vm, self, args, nargs) : VALUE_ERROR;
}
static Value struct_pack_into(NATIVE_ARGS) {
    return no_keywords(vm, "Struct.pack_into", kwnames) ? do_pack_into(vm, self, args, nargs) : VALUE_ERROR;
}
static Value struct_unpack(NATIVE_ARGS) { return do_unpack(vm, self, args[0]); }
static Value struct_unpack_from(NATIVE_ARGS) { return do_unpack_from(vm, self, args[0], args[1]); }
static Value struct_iter_unpack(NATIVE_ARGS) { return do_iter_unpack(vm, self, args[0]); }

static Value struct_repr(VM *vm, Value self) {
    return str_printf(vm, "%s(%R)", type_short_name(fast_type(vm, self)), as_struct(self)->format);
}

static Value get_format(VM *vm, Value self) { return incref(as_struct(self)->format); }
static Value get_size(VM *vm, Value self) {
    Value layout = as_struct(self)->layout;
    return int_from_ssize(vm, layout ? (ssize_t)layout_of(layout)->size : -1);
}

static const MethodSpec struct_methods[] = {
    {"pack", struct_pack, "*values", "The values as bytes.", 0},
    {"pack_into", struct_pack_into, "*values",
     "pack_into(buffer, offset, v1, v2, ...)\n\nWrites the values into a buffer.", 0},
    {"unpack", struct_unpack, "buffer, /", "The values in a buffer of exactly the struct's size, as a tuple.", 0},
    {"unpack_from", struct_unpack_from, "buffer, offset=0", "The values at an offset of a buffer, as a tuple.", 0},
    {"iter_unpack", struct_iter_unpack, "buffer, /", "Iterates over the structs that follow each other in a buffer.",
     0},
    {0},
};

static const GetSetSpec struct_getset[] = {
    {"format", get_format, NULL, "The format as it was given."},
    {"size", get_size, NULL, "How many bytes a packed struct has."},
    {0},
};

static const TypeSpec struct_spec = {
    .name = "_struct.Struct",
    .doc = "Struct(format)\n\nA compiled format: packs values into bytes and gets them out again.",
    .signature = "format",
    .size = sizeof(Struct),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(2), .create = struct_create, .init = struct_init, .repr = struct_repr},
    .methods = struct_methods,
    .getset = struct_getset,
};

/* ---- functions ------------------------------------------------------------------------------------------------- */

/* Drops the Struct that the function worked with. */
static Value with_struct(VM *vm, Value s, Value result) {
    decref(vm, s);
    return result;
}

static Value format_argument(VM *vm, const char *name, size_t nargs, Value *args, Value kwnames) {
    if (!no_keywords(vm, name, kwnames))
        return VALUE_ERROR;
    return nargs ? cached_struct(vm, args[0]) : raise_type(vm, "missing format argument");
}

static Value struct_fn_pack(NATIVE_ARGS) {
    Value s = format_argument(vm, "_struct.pack", nargs, args, kwnames);
    return s ? with_struct(vm, s, do_pack(vm, s, args + 1, nargs - 1)) : VALUE_ERROR;
}

static Value struct_fn_pack_into(NATIVE_ARGS) {
    Value s = format_argument(vm, "_struct.pack_into", nargs, args, kwnames);
    return s ? with_struct(vm, s, do_pack_into(vm, s, args + 1, nargs - 1)) : VALUE_ERROR;
}

static Value struct_fn_unpack(NATIVE_ARGS) {
    Value s = cached_struct(vm, args[0]);
    return s ? with_struct(vm, s, do_unpack(vm, s, args[1])) : VALUE_ERROR;
}

static Value struct_fn_unpack_from(NATIVE_ARGS) {
    Value s = cached_struct(vm, args[0]);
    return s ? with_struct(vm, s, do_unpack_from(vm, s, args[1], args[2])) : VALUE_ERROR;
}

static Value struct_fn_iter_unpack(NATIVE_ARGS) {
    Value s = cached_struct(vm, args[0]);
    return s ? with_struct(vm, s, do_iter_unpack(vm, s, args[1])) : VALUE_ERROR;
}

static Value struct_fn_calcsize(NATIVE_ARGS) {
    Value s = cached_struct(vm, args[0]);
    return s ? with_struct(vm, s, get_size(vm, s)) : VALUE_ERROR;
}

static Value struct_fn_clearcache(NATIVE_ARGS) {
    dict_clear(vm, state_of(vm)->cache);
    return VALUE_NONE;
}

static const MethodSpec functions[] = {
    {"pack", struct_fn_pack, "*values", "pack(format, v1, v2, ...)\n\nThe values as bytes laid out by the format.",
     0},
    {"pack_into", struct_fn_pack_into, "*values",
     "pack_into(format, buffer, offset, v1, v2, ...)\n\nWrites the values into a buffer.", 0},
    {"unpack", struct_fn_unpack, "format, buffer, /",
     "The values in a buffer of exactly the format's size, as a tuple.", 0},
    {"unpack_from", struct_fn_unpack_from, "format, /, buffer, offset=0",
     "The values at an offset of a buffer, as a tuple.", 0},
    {"iter_unpack", struct_fn_iter_unpack, "format, buffer, /",
     "Iterates over the structs that follow each other in a buffer.", 0},
    {"calcsize", struct_fn_calcsize, "format, /", "How many bytes the format takes.", 0},
    {"_clearcache", struct_fn_clearcache, "", "Forgets the compiled formats.", 0},
    {0},
};

bool mod_struct_init(VM *vm, Value module) {
    StructState *state = state_of(vm);
    if (!state) {
        Type *error =
            module_exception(vm, "struct", "error", vm->exc.Exception, "The format or the values make no sense.");
        Value cache = error ? vm_keep(vm, dict_new(vm)) : VALUE_ERROR;
        if (!cache || !(state = mem_alloc(vm, sizeof *state)))
            return false;
        *state = (StructState){.error = error, .cache = cache};
        vm->module_state[MODULE_SLOT_mod_struct_init] = state;
    }
    Type *type = vm_type(vm, &struct_spec, NULL);
    return type && module_add(vm, module, "Struct", incref(type_value(type))) &&
           module_add(vm, module, "error", incref(type_value(state->error))) &&
           module_add_functions(vm, module, functions);
}
