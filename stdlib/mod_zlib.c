/* zlib: compression by the library of that name. A stream's own state is zlib's memory; the VM's lock is given up
 * while zlib works on long data, and the objects have locks so that two threads with one of them take turns. */
#include "stdlib/module_tools.h"

#if defined(COVE_WITH_ZLIB)
#include <zlib.h>

#include "object/bytes.h"
#include "object/containers.h"
#include "runtime/lock.h"
#include "stdlib/init.h"
#include "stdlib/io/io.h"
#include "stdlib/library.h"

#define FUNCTIONS(X)                                                                                                 \
    X(adler32)                                                                                                       \
    X(crc32)                                                                                                         \
    X(deflate)                                                                                                       \
    X(deflateCopy)                                                                                                   \
    X(deflateEnd)                                                                                                    \
    X(deflateInit2_)                                                                                                 \
    X(deflateSetDictionary)                                                                                          \
    X(inflate)                                                                                                       \
    X(inflateCopy)                                                                                                   \
    X(inflateEnd)                                                                                                    \
    X(inflateInit2_)                                                                                                 \
    X(inflateSetDictionary)                                                                                          \
    X(zlibVersion)

typedef struct ZlibState { /* of the module in one VM */
#define X(name) LIBRARY_FUNCTION(name);
    FUNCTIONS(X)
#undef X
    Type *compress, *decompress, *error;
} ZlibState;

#define F ((ZlibState *)vm->module_state[MODULE_SLOT_mod_zlib_init])
#define FIRST_ROOM 16384
#define LONG_DATA 4096
#define INTERNAL_MEMORY 8

typedef struct Stream { /* of either type */
    Object header;
    Value unused, tail; /* decompressing: bytes behind the end, and those not looked at yet */
    Value dictionary;   /* decompressing: 0, or what the stream may ask for */
    z_stream z;         /* must not move */
    bool open, eof;
    IoLock lock;
} Stream;

static Stream *as_stream(Value v) { return (Stream *)as_obj(v); }

static Value zlib_fail(VM *vm, const z_stream *z, int code, const char *doing) {
    const char *text = code == Z_VERSION_ERROR ? "library version mismatch" : z->msg;
    if (code == Z_MEM_ERROR)
        return raise_memory(vm);
    if (!text)
        text = code == Z_BUF_ERROR      ? "incomplete or truncated stream"
               : code == Z_STREAM_ERROR ? "inconsistent stream state"
               : code == Z_DATA_ERROR   ? "invalid input data"
                                        : NULL;
    if (!text)
        return raisef(vm, F->error, "Error %d %s", code, doing);
    return raisef(vm, F->error, "Error %d %s: %.200s", code, doing, text);
}

/* What a stream has put out so far. */
typedef struct Output {
    char *data;
    size_t len, cap, limit; /* limit 0: none */
} Output;

static void output_drop(VM *vm, Output *o) {
    mem_free(vm, o->data, o->cap);
    *o = (Output){0};
}

/* How the room grows: by 32 KiB, 64 KiB, 256 KiB ... What is stored without compression is cut where room ends, so
 * these figures show in the result. */
static size_t growth(size_t cap) {
    size_t total = 0;
    for (unsigned shift = 15;; shift += shift == 15 || shift > 21 ? 1 : 2) {
        total += (size_t)1 << shift;
        if (cap < total || shift == 25)
            return (size_t)1 << shift;
    }
}

/* Room for more, or false: no memory. At the limit there is room for nothing. */
static bool output_room(VM *vm, Output *o, z_stream *z, size_t first) {
    if (o->len == o->cap && (o->limit == 0 || o->cap < o->limit)) {
        size_t cap = o->cap + (o->cap || !first ? growth(o->cap) : first);
        if (o->limit && cap > o->limit)
            cap = o->limit;
        char *data = mem_realloc(vm, o->data, o->cap, cap);
        if (!data)
            return false;
        o->data = data;
        o->cap = cap;
    }
    size_t room = o->cap - o->len;
    z->next_out = (Bytef *)o->data + o->len;
    z->avail_out = room > UINT_MAX ? UINT_MAX : (uInt)room;
    return true;
}

/* One call of deflate() or inflate(). */
static int step(VM *vm, z_stream *z, bool inflating, int flush, Output *o) {
    __typeof__(&deflate) work = inflating ? F->inflate : F->deflate;
    int code;
    uInt before = z->avail_out;
    if (z->avail_in > LONG_DATA)
        WITHOUT_LOCK(vm, code = work(z, flush));
    else
        code = work(z, flush);
    o->len += before - z->avail_out;
    return code;
}

/* Compresses all of the data into the output. */
static bool deflate_all(VM *vm, z_stream *z, const char *data, size_t n, int flush, Output *o, const char *doing) {
    z->next_in = (Bytef *)data;
    do {
        z->avail_in = n > UINT_MAX ? UINT_MAX : (uInt)n;
        n -= z->avail_in;
        do {
            if (!output_room(vm, o, z, 0))
                return false;
            int code = step(vm, z, false, n ? Z_NO_FLUSH : flush, o);
            if (code == Z_STREAM_ERROR)
                return zlib_fail(vm, z, code, doing);
        } while (z->avail_out == 0);
    } while (n);
    return true;
}

static int give_dictionary(VM *vm, z_stream *z, Value dictionary) {
    Buffer b;
    if (!dictionary)
        return Z_NEED_DICT;
    if (!buffer_get(vm, dictionary, &b, false))
        return Z_ERRNO;
    int code = b.len > UINT_MAX ? Z_STREAM_ERROR : F->inflateSetDictionary(z, (Bytef *)b.data, (uInt)b.len);
    buffer_release(vm, &b);
    if (code == Z_OK)
        return code;
    zlib_fail(vm, z, code, "while setting zdict");
    return Z_ERRNO;
}

/* Decompresses until the stream ends, the input does, or the output's limit is reached. *left: bytes that were not
 * looked at. Returns zlib's last code, or Z_ERRNO with an exception. */
static int inflate_all(VM *vm, z_stream *z, const char *data, size_t n, Output *o, size_t first, Value dictionary,
                       size_t *left) {
    int code = Z_OK;
    z->next_in = (Bytef *)data;
    do {
        z->avail_in = n > UINT_MAX ? UINT_MAX : (uInt)n;
        n -= z->avail_in;
        do {
            if (!output_room(vm, o, z, first))
                return Z_ERRNO;
            if (z->avail_out == 0)
                break;
            code = step(vm, z, true, Z_SYNC_FLUSH, o);
            if (code == Z_NEED_DICT)
                code = give_dictionary(vm, z, dictionary);
            if (error_pending(vm))
                return Z_ERRNO;
            if (code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END)
                return code;
        } while (code != Z_STREAM_END && (z->avail_out == 0 || (z->avail_in && code == Z_OK)));
    } while (code != Z_STREAM_END && n && !(o->limit && o->len == o->limit));
    *left = n + z->avail_in;
    return code;
}

static Value output_finish(VM *vm, Output *o) {
    Value r = bytes_new(vm, o->data, o->len);
    output_drop(vm, o);
    return r;
}

/* --- whole data */

static Value zlib_compress(NATIVE_ARGS) {
    int level = Z_DEFAULT_COMPRESSION, wbits = MAX_WBITS;
    Buffer b;
    if ((args[1] && !to_c_int(vm, args[1], &level)) || (args[2] && !to_c_int(vm, args[2], &wbits)) ||
        !buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    z_stream z = {0};
    Output o = {0};
    Value r = VALUE_ERROR;
    int code =
        F->deflateInit2_(&z, level, Z_DEFLATED, wbits, INTERNAL_MEMORY, Z_DEFAULT_STRATEGY, ZLIB_VERSION, sizeof z);
    if (code == Z_STREAM_ERROR)
        raisef(vm, F->error, "Bad compression level");
    else if (code != Z_OK)
        zlib_fail(vm, &z, code, "while compressing data");
    else {
        if (deflate_all(vm, &z, b.data, b.len, Z_FINISH, &o, "while finishing compression"))
            r = output_finish(vm, &o);
        F->deflateEnd(&z);
    }
    output_drop(vm, &o);
    buffer_release(vm, &b);
    return r;
}

static Value zlib_decompress(NATIVE_ARGS) {
    int wbits = MAX_WBITS;
    ssize_t first = FIRST_ROOM;
    Buffer b;
    if ((args[1] && !to_c_int(vm, args[1], &wbits)) || (args[2] && !to_ssize(vm, args[2], &first)))
        return VALUE_ERROR;
    if (first < 0)
        return raise_value(vm, "bufsize must be non-negative");
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    z_stream z = {0};
    Output o = {0};
    Value r = VALUE_ERROR;
    int code = F->inflateInit2_(&z, wbits, ZLIB_VERSION, sizeof z);
    if (code != Z_OK) {
        zlib_fail(vm, &z, code, "while preparing to decompress data");
    } else {
        size_t left;
        code = inflate_all(vm, &z, b.data, b.len, &o, first ? (size_t)first : 1, 0, &left);
        if (code == Z_STREAM_END)
            r = output_finish(vm, &o);
        else if (code != Z_ERRNO)
            zlib_fail(vm, &z, code == Z_OK ? Z_BUF_ERROR : code, "while decompressing data");
        F->inflateEnd(&z);
    }
    output_drop(vm, &o);
    buffer_release(vm, &b);
    return r;
}

/* --- streams */

static void stream_dealloc(VM *vm, Object *self) {
    Stream *s = (Stream *)self;
    if (s->open)
        (obj_type(self) == F->compress ? F->deflateEnd : F->inflateEnd)(&s->z);
    s->open = false;
    set_owned(vm, &s->unused, 0);
    set_owned(vm, &s->tail, 0);
    set_owned(vm, &s->dictionary, 0);
}

static Stream *stream_new(VM *vm, Type *type) {
    Stream *s = object_alloc(vm, type, 0);
    if (!s)
        return NULL;
    s->unused = bytes_new(vm, "", 0);
    s->tail = s->unused ? bytes_new(vm, "", 0) : 0;
    if (s->tail)
        return s;
    obj_decref(vm, &s->header);
    return NULL;
}

static Value zlib_compressobj(NATIVE_ARGS) {
    int n[5] = {Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS, INTERNAL_MEMORY, Z_DEFAULT_STRATEGY};
    for (size_t i = 0; i < 5; i++) {
        if (args[i] && !to_c_int(vm, args[i], &n[i]))
            return VALUE_ERROR;
    }
    Stream *s = stream_new(vm, F->compress);
    if (!s)
        return VALUE_ERROR;
    int code = F->deflateInit2_(&s->z, n[0], n[1], n[2], n[3], n[4], ZLIB_VERSION, sizeof s->z);
    s->open = code == Z_OK;
    Buffer b;
    if (code == Z_STREAM_ERROR) {
        raise_value(vm, "Invalid initialization option");
    } else if (code != Z_OK) {
        zlib_fail(vm, &s->z, code, "while creating compression object");
    } else if (!args[5] || is_none(args[5])) {
        return from_obj(s);
    } else if (buffer_get(vm, args[5], &b, false)) {
        code = b.len > UINT_MAX ? Z_STREAM_ERROR : F->deflateSetDictionary(&s->z, (Bytef *)b.data, (uInt)b.len);
        buffer_release(vm, &b);
        if (code == Z_OK)
            return from_obj(s);
        raise_value(vm, "Invalid dictionary");
    }
    obj_decref(vm, &s->header);
    return VALUE_ERROR;
}

static Value zlib_decompressobj(NATIVE_ARGS) {
    int wbits = MAX_WBITS;
    if (args[0] && !to_c_int(vm, args[0], &wbits))
        return VALUE_ERROR;
    if (args[1] && (!is_obj(args[1]) || !obj_type(as_obj(args[1]))->slots.get_buffer))
        return raise_type(vm, "zdict argument must support the buffer protocol");
    Stream *s = stream_new(vm, F->decompress);
    if (!s)
        return VALUE_ERROR;
    int code = F->inflateInit2_(&s->z, wbits, ZLIB_VERSION, sizeof s->z);
    s->open = code == Z_OK;
    s->dictionary = args[1] ? incref(args[1]) : 0;
    /* without a header nothing says which dictionary it is: it is given at once */
    if (code == Z_OK && s->dictionary && wbits < 0)
        code = give_dictionary(vm, &s->z, s->dictionary);
    if (code == Z_OK)
        return from_obj(s);
    if (!error_pending(vm)) {
        if (code == Z_STREAM_ERROR)
            raise_value(vm, "Invalid initialization option");
        else
            zlib_fail(vm, &s->z, code, "while creating decompression object");
    }
    obj_decref(vm, &s->header);
    return VALUE_ERROR;
}

static Value compress_step(VM *vm, Value self, const char *data, size_t n, int flush) {
    Stream *s = as_stream(self);
    Output o = {0};
    Value r = VALUE_ERROR;
    if (!io_lock(vm, &s->lock, self))
        return VALUE_ERROR;
    if (deflate_all(vm, &s->z, data, n, flush, &o,
                    n || flush == Z_NO_FLUSH ? "while compressing data" : "while flushing"))
        r = output_finish(vm, &o);
    if (r && flush == Z_FINISH && s->open) {
        F->deflateEnd(&s->z);
        s->open = false;
    }
    io_unlock(vm, &s->lock);
    output_drop(vm, &o);
    return r;
}

static Value method_compress(NATIVE_ARGS) {
    Buffer b;
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    Value r = compress_step(vm, self, b.data, b.len, Z_NO_FLUSH);
    buffer_release(vm, &b);
    return r;
}

static Value method_compress_flush(NATIVE_ARGS) {
    int mode = Z_FINISH;
    if (args[0] && !to_c_int(vm, args[0], &mode))
        return VALUE_ERROR;
    return mode == Z_NO_FLUSH ? bytes_new(vm, "", 0) : compress_step(vm, self, "", 0, mode);
}

static bool join_bytes(VM *vm, Value *where, size_t keep, const char *more, size_t n) {
    Value bytes = bytes_new(vm, NULL, keep + n);
    if (!bytes)
        return false;
    memcpy(as_bytes(bytes)->data, as_bytes(*where)->data, keep);
    memcpy(as_bytes(bytes)->data + keep, more, n);
    set_owned(vm, where, bytes);
    return true;
}

/* Keeps what was not looked at: behind the end of the stream, or because the output has reached its limit. What was
 * handed in again from the tail and lies behind the end stays there too. */
static bool keep_rest(VM *vm, Stream *s, const char *rest, size_t n) {
    if (s->eof && n && !join_bytes(vm, &s->unused, as_bytes(s->unused)->len, rest, n))
        return false;
    bool had = as_bytes(s->tail)->len != 0;
    return !(had || (n && !s->eof)) || join_bytes(vm, &s->tail, 0, rest, n);
}

static Value decompress_step(VM *vm, Value self, const char *data, size_t n, size_t limit, size_t first,
                             bool finish) {
    Stream *s = as_stream(self);
    Output o = {.limit = limit};
    size_t left = n;
    Value r = VALUE_ERROR;
    if (!io_lock(vm, &s->lock, self))
        return VALUE_ERROR;
    int code = s->eof && s->open ? Z_STREAM_END
                                 : inflate_all(vm, &s->z, data, n, &o, limit && limit < first ? limit : first,
                                               s->dictionary, &left);
    if (code == Z_STREAM_END && finish && s->open) {
        F->inflateEnd(&s->z);
        s->open = false;
    }
    s->eof = s->eof || code == Z_STREAM_END;
    if (code == Z_OK || code == Z_BUF_ERROR || code == Z_STREAM_END) {
        if (keep_rest(vm, s, data + (n - left), left))
            r = output_finish(vm, &o);
    } else if (code != Z_ERRNO) {
        zlib_fail(vm, &s->z, code, finish ? "while flushing" : "while decompressing data");
    }
    io_unlock(vm, &s->lock);
    output_drop(vm, &o);
    return r;
}

static Value method_decompress(NATIVE_ARGS) {
    ssize_t limit = 0;
    Buffer b;
    if (args[1] && !to_ssize(vm, args[1], &limit))
        return VALUE_ERROR;
    if (limit < 0)
        return raise_value(vm, "max_length must be non-negative");
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    Value r = decompress_step(vm, self, b.data, b.len, (size_t)limit, FIRST_ROOM, false);
    buffer_release(vm, &b);
    return r;
}

static Value method_decompress_flush(NATIVE_ARGS) {
    ssize_t first = FIRST_ROOM;
    if (args[0] && !to_ssize(vm, args[0], &first))
        return VALUE_ERROR;
    if (first <= 0)
        return raise_value(vm, "length must be greater than zero");
    Value tail = incref(as_stream(self)->tail);
    Value r = decompress_step(vm, self, as_bytes(tail)->data, as_bytes(tail)->len, 0, (size_t)first, true);
    decref(vm, tail);
    return r;
}

static Value method_copy(NATIVE_ARGS) {
    Stream *s = as_stream(self);
    Type *type = obj_type(as_obj(self));
    if (!s->open)
        return raise_value(vm, "Inconsistent stream state");
    Stream *copy = stream_new(vm, type);
    if (!copy || !io_lock(vm, &s->lock, self)) {
        if (copy)
            obj_decref(vm, &copy->header);
        return VALUE_ERROR;
    }
    int code = (type == F->compress ? F->deflateCopy : F->inflateCopy)(&copy->z, &s->z);
    io_unlock(vm, &s->lock);
    copy->open = code == Z_OK;
    if (!copy->open) {
        obj_decref(vm, &copy->header);
        return code == Z_MEM_ERROR ? raise_memory(vm) : raise_value(vm, "Inconsistent stream state");
    }
    set_owned(vm, &copy->unused, incref(s->unused));
    set_owned(vm, &copy->tail, incref(s->tail));
    copy->dictionary = s->dictionary ? incref(s->dictionary) : 0;
    copy->eof = s->eof;
    return from_obj(copy);
}

static Value get_unused(VM *vm, Value self) { return incref(as_stream(self)->unused); }
static Value get_tail(VM *vm, Value self) { return incref(as_stream(self)->tail); }
static Value get_eof(VM *vm, Value self) { return from_bool(as_stream(self)->eof); }

static const GetSetSpec decompress_getset[] = {
    {"unused_data", get_unused, NULL, "Bytes behind the end of the compressed data."},
    {"unconsumed_tail", get_tail, NULL, "Bytes that were not looked at because max_length was reached."},
    {"eof", get_eof, NULL, "Whether the end of the compressed data was met."},
    {0},
};
#define COPY_ROWS                                                                                                    \
    {"copy", method_copy, "", "An object in the same state.", 0}, {"__copy__", method_copy, "", NULL, 0},            \
        {"__deepcopy__", method_copy, "memo, /", NULL, 0}, {                                                         \
        0                                                                                                            \
    }
static const MethodSpec compress_methods[] = {
    {"compress", method_compress, "data, /", "Compresses data; returns what is ready.", 0},
    {"flush", method_compress_flush, "mode=zlib.Z_FINISH, /", "Returns all that is left.", 0},
    COPY_ROWS,
};
static const MethodSpec decompress_methods[] = {
    {"decompress", method_decompress, "data, /, max_length=0", "Decompresses data, as far as max_length goes.", 0},
    {"flush", method_decompress_flush, "length=zlib.DEF_BUF_SIZE, /", "Returns all that is left.", 0},
    COPY_ROWS,
};
static const TypeSpec compress_spec = {
    .name = "zlib.Compress",
    .doc = "Compresses data that come in pieces.",
    .size = sizeof(Stream),
    .flags = TYPE_NO_NEW | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = stream_dealloc},
    .methods = compress_methods,
};
static const TypeSpec decompress_spec = {
    .name = "zlib.Decompress",
    .doc = "Decompresses data that come in pieces.",
    .size = sizeof(Stream),
    .flags = TYPE_NO_NEW | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = stream_dealloc},
    .methods = decompress_methods,
    .getset = decompress_getset,
};

/* --- checksums */

typedef uLong (*Checksum)(uLong, const Bytef *, uInt);

static Value checksum(VM *vm, Value *args, uLong value, Checksum sum) {
    Buffer b;
    if (args[1]) { /* its lowest 32 bits count */
        Value i = to_index(vm, args[1]),
              low = i ? arith_binary(vm, OP_AND, i, from_small_int(UINT32_MAX)) : VALUE_ERROR;
        decref(vm, i);
        if (!low)
            return VALUE_ERROR;
        value = (uLong)as_small_int(low);
    }
    if (!buffer_get(vm, args[0], &b, false))
        return VALUE_ERROR;
    const char *data = b.data;
    for (size_t n = b.len; n;) {
        uInt part = n > INT_MAX ? INT_MAX : (uInt)n;
        if (part > LONG_DATA)
            WITHOUT_LOCK(vm, value = sum(value, (const Bytef *)data, part));
        else
            value = sum(value, (const Bytef *)data, part);
        data += part;
        n -= part;
    }
    buffer_release(vm, &b);
    return from_small_int((int64_t)(value & UINT32_MAX));
}
static Value zlib_adler32(NATIVE_ARGS) { return checksum(vm, args, 1, F->adler32); }
static Value zlib_crc32(NATIVE_ARGS) { return checksum(vm, args, 0, F->crc32); }

static const MethodSpec functions[] = {
    {"compress", zlib_compress, "data, /, level=-1, wbits=15", "The data in compressed form.", 0},
    {"decompress", zlib_decompress, "data, /, wbits=15, bufsize=16384", "The data that was compressed.", 0},
    {"compressobj", zlib_compressobj, "level=-1, method=8, wbits=15, memLevel=8, strategy=0, zdict=None",
     "An object that compresses data piece by piece.", 0},
    {"decompressobj", zlib_decompressobj, "wbits=15, zdict=b''", "An object that decompresses data piece by piece.",
     0},
    {"adler32", zlib_adler32, "data, value=1, /", "The checksum Adler-32, going on from a value.", 0},
    {"crc32", zlib_crc32, "data, value=0, /", "The checksum CRC-32, going on from a value.", 0},
    {0},
};

static const ModuleConstant constants[] = {
    CONSTANT(MAX_WBITS),
    {"DEFLATED", Z_DEFLATED},
    {"DEF_MEM_LEVEL", INTERNAL_MEMORY},
    {"DEF_BUF_SIZE", FIRST_ROOM},
    CONSTANT(Z_BEST_COMPRESSION),
    CONSTANT(Z_BEST_SPEED),
    CONSTANT(Z_BLOCK),
    CONSTANT(Z_DEFAULT_COMPRESSION),
    CONSTANT(Z_DEFAULT_STRATEGY),
    CONSTANT(Z_FILTERED),
    CONSTANT(Z_FINISH),
    CONSTANT(Z_FIXED),
    CONSTANT(Z_FULL_FLUSH),
    CONSTANT(Z_HUFFMAN_ONLY),
    CONSTANT(Z_NO_COMPRESSION),
    CONSTANT(Z_NO_FLUSH),
    CONSTANT(Z_PARTIAL_FLUSH),
    CONSTANT(Z_RLE),
    CONSTANT(Z_SYNC_FLUSH),
    CONSTANT(Z_TREES),
};

static const LibrarySymbol symbols[] = {
#define X(name) LIBRARY_SYMBOL(ZlibState, name),
    FUNCTIONS(X)
#undef X
        {0},
};

bool mod_zlib_init(VM *vm, Value module) {
    static const LibrarySpec zlib = {"libz.so.1", "zlib1g", symbols};
    if (!F) {
        ZlibState *s = mem_zalloc(vm, sizeof *s);
        if (!s || !library_open(vm, "zlib", &zlib, s)) {
            mem_free(vm, s, sizeof *s);
            return false;
        }
        vm->module_state[MODULE_SLOT_mod_zlib_init] = s;
    }
    ZlibState *s = F;
    s->compress = vm_type(vm, &compress_spec, NULL);
    s->decompress = vm_type(vm, &decompress_spec, NULL);
    s->error = s->decompress ? module_exception(vm, "zlib", "error", vm->exc.Exception,
                                                "The data cannot be compressed or decompressed.")
                             : NULL;
    return s->compress && s->error && module_add_functions(vm, module, functions) &&
           module_add_constants(vm, module, constants, ARRAY_LEN(constants)) &&
           module_add(vm, module, "error", incref(type_value(s->error))) &&
           module_add(vm, module, "ZLIB_VERSION", str_from_c(vm, ZLIB_VERSION)) &&
           module_add(vm, module, "ZLIB_RUNTIME_VERSION", str_from_c(vm, s->zlibVersion()));
}
#else
#include "stdlib/init.h"
#include "stdlib/library.h"

bool mod_zlib_init(VM *vm, Value module) { return library_left_out(vm, "zlib", "zlib1g-dev"); }
#endif
