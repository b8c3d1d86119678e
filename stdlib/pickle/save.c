/* Writing values: save() and everything that needs no look into containers or classes.
 *
 * save() leaves exactly one object more on the stack of whoever will read the pickle. Its depth is that of the data;
 * the guard of native recursion turns data that is too deep into RecursionError. */
#include "stdlib/pickle/pickle.h"

#include <stdio.h>

/* Two's complement, little-endian, as short as it can be. */
static bool save_long_binary(VM *vm, Pickler *p, Value v) {
    IntView view;
    int_view(v, &view);
    size_t n = int_bit_length(v) / 8 + 1;
    char *bytes = mem_alloc(vm, n);
    if (bytes == NULL)
        return false;
    unsigned carry = 1;
    for (size_t i = 0; i < n; i++) {
        unsigned byte = i / 8 < view.n ? (unsigned)(view.limbs[i / 8] >> (8 * (i % 8))) & 255 : 0;
        if (view.negative) {
            carry += byte ^ 255;
            byte = carry & 255;
            carry >>= 8;
        }
        bytes[i] = (char)byte;
    }
    size_t used = n;
    if (view.negative && n > 1 && (unsigned char)bytes[n - 1] == 255 && ((unsigned char)bytes[n - 2] & 128))
        used--;
    bool ok;
    if (used < 256)
        ok = put_sized(vm, p, OPC_LONG1, used, 1, bytes, 0);
    else if (used <= INT32_MAX)
        ok = put_sized(vm, p, OPC_LONG4, used, 4, bytes, 0);
    else
        ok = raise_overflow(vm, "int too large to pickle");
    ok = ok && put(vm, p, bytes, used);
    mem_free(vm, bytes, n);
    return ok;
}

static bool save_int(VM *vm, Pickler *p, Value v) {
    int64_t i;
    char line[32];
    if (int_fits_int64(v, &i) && i >= INT32_MIN && i <= INT32_MAX) {
        if (!p->bin)
            return put(vm, p, line, (size_t)snprintf(line, sizeof line, "I%lld\n", (long long)i));
        int width = i < 0 || i > 0xffff ? 4 : i > 0xff ? 2 : 1;
        return put_sized(vm, p,
                         width == 4   ? OPC_BININT
                         : width == 2 ? OPC_BININT2
                                      : OPC_BININT1,
                         (size_t)i, width, NULL, 0);
    }
    if (p->protocol >= 2)
        return save_long_binary(vm, p, v);
    Value text = int_to_str(vm, v, 10);
    bool ok = text != 0 && put_op(vm, p, OPC_LONG) && put(vm, p, str_data(text), as_str(text)->nbytes) &&
              put(vm, p, "L\n", 2);
    decref(vm, text);
    return ok;
}

static bool save_float(VM *vm, Pickler *p, double d) {
    char out[40];
    if (p->bin) {
        uint64_t bits;
        memcpy(&bits, &d, 8);
        out[0] = OPC_BINFLOAT;
        for (int i = 0; i < 8; i++)
            out[i + 1] = (char)(bits >> (56 - 8 * i));
        return put(vm, p, out, 9);
    }
    out[0] = OPC_FLOAT;
    size_t n = float_repr(d, out + 1);
    out[n + 1] = '\n';
    return put(vm, p, out, n + 2);
}

static bool save_bool(VM *vm, Pickler *p, bool b) {
    if (p->protocol >= 2)
        return put_op(vm, p, b ? OPC_NEWTRUE : OPC_NEWFALSE);
    return put(vm, p, b ? "I01\n" : "I00\n", 4);
}

bool save_pair_call(VM *vm, Pickler *p, Value callable, Value args_consumed, Value obj) {
    Value reduced = args_consumed != 0 ? tuple_pack(vm, 2, callable, args_consumed) : 0;
    decref(vm, args_consumed);
    bool ok = reduced != 0 && save_reduced(vm, p, reduced, obj);
    decref(vm, reduced);
    return ok;
}

/* Before protocol 3 there is no opcode: codecs.encode(text, 'latin1') makes them again. */
static bool save_bytes_by_call(VM *vm, Pickler *p, Value v, const char *data, size_t n) {
    if (n == 0)
        return save_pair_call(vm, p, type_value(vm->types.bytes), tuple_new(vm, 0), v);
    Value text = str_decode(vm, data, n, "latin-1", "strict"), latin = text != 0 ? str_intern_c(vm, "latin1") : 0;
    Value args = latin != 0 ? tuple_pack(vm, 2, text, latin) : 0;
    decref(vm, text);
    decref(vm, latin);
    return save_pair_call(vm, p, pickle_state(vm)->encode, args, v);
}

bool save_bytes_data(VM *vm, Pickler *p, Value v, const char *data, size_t n) {
    if (p->protocol < 3)
        return save_bytes_by_call(vm, p, v, data, n);
    bool ok;
    if (n < 256)
        ok = put_sized(vm, p, OPC_SHORT_BINBYTES, n, 1, data, n);
    else if (n <= UINT32_MAX)
        ok = put_sized(vm, p, OPC_BINBYTES, n, 4, data, n);
    else if (p->protocol >= 4)
        ok = put_sized(vm, p, OPC_BINBYTES8, n, 8, data, n);
    else
        ok = raise_overflow(vm, "serializing a bytes object larger than 4 GiB requires pickle protocol 4 or higher");
    return ok && put_memo(vm, p, v);
}

static bool save_bytes(VM *vm, Pickler *p, Value v) {
    return save_bytes_data(vm, p, v, as_bytes(v)->data, as_bytes(v)->len);
}

bool save_bytearray_data(VM *vm, Pickler *p, Value v, const char *data, size_t n) {
    return put_sized(vm, p, OPC_BYTEARRAY8, n, 8, data, n) && put_memo(vm, p, v);
}

static bool save_bytearray(VM *vm, Pickler *p, Value v) {
    ByteArray *a = as_bytearray(v);
    if (p->protocol >= 5) {
        Buffer view; /* keeps the bytes where they are while the file's write method runs */
        if (!buffer_get(vm, v, &view, false))
            return false;
        bool ok = save_bytearray_data(vm, p, v, view.data, view.len);
        buffer_release(vm, &view);
        return ok;
    }
    Value type = type_value(vm->types.bytearray), content;
    if (a->len == 0)
        return save_pair_call(vm, p, type, tuple_new(vm, 0), v);
    if ((content = bytes_new(vm, a->data, a->len)) == 0)
        return false;
    Value args = tuple_pack(vm, 1, content);
    decref(vm, content);
    return save_pair_call(vm, p, type, args, v);
}

static bool save_pickle_buffer(VM *vm, Pickler *p, Value v) {
    if (p->protocol < 5)
        return raisef(vm, pickle_state(vm)->pickling_error, "PickleBuffer can only be pickled with protocol >= 5");
    Buffer *view;
    if (!pickle_buffer_view(vm, v, &view))
        return false;
    bool readonly = view->readonly, in_band = true;
    if (p->buffer_callback != 0) {
        Value r = call1(vm, p->buffer_callback, v);
        int keep = r != 0 ? truth(vm, r) : -1;
        decref(vm, r);
        if (keep < 0)
            return false;
        in_band = keep;
    }
    if (!in_band)
        return put_op(vm, p, OPC_NEXT_BUFFER) && (!readonly || put_op(vm, p, OPC_READONLY_BUFFER));
    Buffer now; /* the callback may have released it */
    if (!buffer_get(vm, v, &now, false))
        return false;
    bool ok =
        readonly ? save_bytes_data(vm, p, v, now.data, now.len) : save_bytearray_data(vm, p, v, now.data, now.len);
    buffer_release(vm, &now);
    return ok;
}

/* One line of Latin-1 with \u escapes: protocol 0's way to write text. */
static bool save_str_line(VM *vm, Pickler *p, Value v) {
    static const char hex[] = "0123456789abcdef";
    const unsigned char *s = (const unsigned char *)str_data(v), *end = s + as_str(v)->nbytes;
    if (!put_op(vm, p, OPC_UNICODE))
        return false;
    while (s < end) {
        uint32_t c = *s++;
        int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
        if (more > 0)
            for (c &= 0x3fu >> more; more > 0; more--)
                c = c << 6 | (*s++ & 0x3f);
        char out[10];
        size_t n = 0;
        if (c < 256 && c != '\\' && c != 0 && c != '\n' && c != '\r' && c != 0x1a) {
            out[n++] = (char)c;
        } else {
            out[n++] = '\\';
            out[n++] = c > 0xffff ? 'U' : 'u';
            for (int shift = c > 0xffff ? 28 : 12; shift >= 0; shift -= 4)
                out[n++] = hex[c >> shift & 15];
        }
        if (!put(vm, p, out, n))
            return false;
    }
    return put_op(vm, p, '\n') && put_memo(vm, p, v);
}

static bool save_str(VM *vm, Pickler *p, Value v) {
    if (!p->bin)
        return save_str_line(vm, p, v);
    const char *data = str_data(v); /* lone surrogates included, it is what the format wants */
    size_t n = as_str(v)->nbytes;
    bool ok;
    if (n < 256 && p->protocol >= 4)
        ok = put_sized(vm, p, OPC_SHORT_BINUNICODE, n, 1, data, n);
    else if (n <= UINT32_MAX)
        ok = put_sized(vm, p, OPC_BINUNICODE, n, 4, data, n);
    else if (p->protocol >= 4)
        ok = put_sized(vm, p, OPC_BINUNICODE8, n, 8, data, n);
    else
        ok = raise_overflow(vm, "serializing a string larger than 4 GiB requires pickle protocol 4 or higher");
    return ok && put_memo(vm, p, v);
}

/* 1: v has a persistent id and is written, 0: it has none, -1 */
static int save_persistent(VM *vm, Pickler *p, Value v) {
    Value id = call1(vm, p->persistent_id, v);
    if (id == 0)
        return -1;
    if (id == VALUE_NONE)
        return 0;
    bool ok;
    if (p->bin) {
        Value hook = p->persistent_id; /* ids have no ids */
        p->persistent_id = 0;
        ok = save(vm, p, id);
        p->persistent_id = hook;
        ok = ok && put_op(vm, p, OPC_BINPERSID);
    } else {
        Value text = to_str(vm, id);
        if (text != 0 && !str_is_ascii(as_str(text))) {
            raisef(vm, pickle_state(vm)->pickling_error, "persistent IDs in protocol 0 must be ASCII strings");
            decref(vm, text);
            text = 0;
        }
        ok = text != 0 && put_op(vm, p, OPC_PERSID) && put(vm, p, str_data(text), as_str(text)->nbytes) &&
             put_op(vm, p, '\n');
        decref(vm, text);
    }
    decref(vm, id);
    return ok ? 1 : -1;
}

static bool save_nested(VM *vm, Pickler *p, Value v) {
    Type *t = fast_type(vm, v);
    if (t == vm->types.dict)
        return save_dict(vm, p, v);
    if (t == vm->types.list)
        return save_list(vm, p, v);
    if (t == vm->types.tuple)
        return save_tuple(vm, p, v);
    if (t == vm->types.set)
        return save_set(vm, p, v);
    if (t == vm->types.frozenset)
        return save_frozenset(vm, p, v);
    if (t == vm->types.bytearray)
        return save_bytearray(vm, p, v);
    if (is_obj(v) && t->spec == &pickle_buffer_spec && !(t->flags & TYPE_HEAP))
        return save_pickle_buffer(vm, p, v);
    return save_object(vm, p, v);
}

/* Not through here: the end of a frame. */
static bool save_value(VM *vm, Pickler *p, Value v) {
    if (p->persistent_id != 0) {
        int written = save_persistent(vm, p, v);
        if (written != 0)
            return written > 0;
    }
    if (v == VALUE_NONE)
        return put_op(vm, p, OPC_NONE);
    if (is_bool(v))
        return save_bool(vm, p, v == VALUE_TRUE);
    if (is_exact_int(v))
        return save_int(vm, p, v);
    if (is_double(v))
        return save_float(vm, p, as_double(v));
    const MemoEntry *known = memo_find(&p->memo, v);
    if (known != NULL)
        return put_get(vm, p, known);
    if (has_exact_kind(v, KIND_STR))
        return save_str(vm, p, v);
    if (has_exact_kind(v, KIND_BYTES))
        return save_bytes(vm, p, v);
    if (!native_enter(vm, " while pickling an object"))
        return false;
    bool ok = save_nested(vm, p, v);
    native_leave(vm);
    return ok;
}

bool save(VM *vm, Pickler *p, Value v) {
    if (!put_boundary(vm, p))
        return false;
    return save_value(vm, p, v);
}
