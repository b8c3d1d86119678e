/* str: making strings, comparing them, taking them apart by position, and the type.
 *
 * Text is immutable UTF-8 with both lengths beside it. The empty string and the one-character strings of Latin-1
 * exist once (vm->empty_str, vm->latin1), which makes most results of s[i] and of iteration free. Plain strings are
 * not containers and have no attributes, so their blocks are taken directly, without clearing what is about to be
 * filled; instances of subclasses go through object_alloc.
 */
#include "object/str_internal.h"

#include "base/hash.h"
#include "base/load.h"

/* --- making ---------------------------------------------------------------------------------------------------- */

static Str *block_new(VM *vm, size_t nbytes, size_t nchars) {
    if (unlikely(nbytes > STR_BYTES_MAX))
        return (Str *)raise_memory(vm);
    uint8_t class;
    Str *s = slab_alloc(vm, str_block_size(nbytes, nbytes == nchars), &class);
    if (unlikely(s == NULL))
        return NULL;
    s->header = (Object){.refcount = 1, .kind = KIND_STR, .size_class = class, .shape = vm->types.str->root_shape};
    s->hash = 0;
    s->nbytes = nbytes;
    s->nchars = nchars;
    s->data[nbytes] = 0;
    return s;
}

static Value empty_str(VM *vm) {
    if (unlikely(vm->empty_str == 0))
        vm->empty_str = from_obj(block_new(vm, 0, 0));
    return incref(vm->empty_str);
}

Value str_alloc(VM *vm, size_t nbytes, size_t nchars) {
    return nbytes == 0 ? empty_str(vm) : from_obj(block_new(vm, nbytes, nchars));
}

static NOINLINE Value latin1_new(VM *vm, uint32_t c) {
    Str *s = block_new(vm, utf8_size(c), 1);
    if (s == NULL)
        return VALUE_ERROR;
    utf8_encode(c, s->data);
    vm->latin1[c] = from_obj(s);
    return incref(vm->latin1[c]);
}

static ALWAYS_INLINE Value latin1_char(VM *vm, uint8_t c) {
    return likely(vm->latin1[c] != 0) ? incref(vm->latin1[c]) : latin1_new(vm, c);
}

Value str_from_char(VM *vm, uint32_t c) {
    if (likely(c < 256))
        return latin1_char(vm, (uint8_t)c);
    Str *s = block_new(vm, utf8_size(c), 1);
    if (s != NULL)
        utf8_encode(c, s->data);
    return from_obj(s);
}

Value str_new_counted(VM *vm, const char *utf8, size_t nbytes, size_t nchars) {
    if (nchars <= 1) {
        if (nbytes == 0)
            return empty_str(vm);
        unsigned length;
        return str_from_char(vm, utf8_decode(utf8, &length));
    }
    Str *s = block_new(vm, nbytes, nchars);
    if (likely(s != NULL))
        memcpy(s->data, utf8, nbytes);
    return from_obj(s);
}

Value str_new(VM *vm, const char *utf8, size_t nbytes) {
    return str_new_counted(vm, utf8, nbytes, utf8_count(utf8, nbytes));
}
Value str_new_ascii(VM *vm, const char *text, size_t n) { return str_new_counted(vm, text, n, n); }
Value str_from_c(VM *vm, const char *utf8) { return str_new(vm, utf8, strlen(utf8)); }

Value str_unchanged(VM *vm, Value s) {
    if (likely(!(as_obj(s)->flags & OBJ_SUBTYPE)))
        return incref(s);
    return str_new_counted(vm, str_data(s), as_str(s)->nbytes, as_str(s)->nchars);
}

Value str_new_subtype(VM *vm, Type *type, Value v) {
    const Str *from = as_str(v);
    Str *s = object_alloc(vm, type, from->nbytes + 1);
    if (s == NULL)
        return VALUE_ERROR;
    s->hash = from->hash;
    s->nbytes = from->nbytes;
    s->nchars = from->nchars;
    memcpy(s->data, from->data, from->nbytes + 1);
    return from_obj(s);
}

static void dealloc(VM *vm, Object *self) {
    if (self->flags & OBJ_USER1)
        str_intern_forget(vm, (Str *)self);
    if (unlikely(self->flags & OBJ_USER2))
        str_index_drop(vm, (Str *)self);
}

/* --- comparing ------------------------------------------------------------------------------------------------- */

int64_t str_hash_text(VM *vm, const char *utf8, size_t n) {
    int64_t h = n == 0 ? 0 : (int64_t)hash_bytes(utf8, n, vm->hash_secret);
    /* -1 is no hash for scripts, 0 means "not computed" here */
    return n != 0 && (h == 0 || h == -1) ? -2 : h;
}

int64_t str_hash(VM *vm, Str *s) {
    if (s->hash == 0 && s->nbytes != 0)
        s->hash = str_hash_text(vm, s->data, s->nbytes);
    return s->hash;
}

bool str_equal(const Str *a, const Str *b) {
    if (a == b)
        return true;
    if (a->nbytes != b->nbytes || (a->hash != b->hash && a->hash != 0 && b->hash != 0))
        return false;
    return memcmp(a->data, b->data, a->nbytes) == 0;
}

/* The order of UTF-8 bytes is that of code points. */
int str_compare(const Str *a, const Str *b) {
    size_t n = a->nbytes < b->nbytes ? a->nbytes : b->nbytes;
    int c = memcmp(a->data, b->data, n);
    return c != 0 ? c : (a->nbytes > b->nbytes) - (a->nbytes < b->nbytes);
}

bool str_equals_c(Value s, const char *text) {
    size_t n = strlen(text);
    return as_str(s)->nbytes == n && memcmp(str_data(s), text, n) == 0;
}

static Value compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!is_str(a) || !is_str(b))
        return VALUE_NOTIMPL;
    Str *x = as_str(a), *y = as_str(b);
    if (op == CMP_EQ || op == CMP_NE)
        return from_bool(str_equal(x, y) == (op == CMP_EQ));
    return from_bool(order_holds(str_compare(x, y), op));
}

static bool hash(VM *vm, Value self, int64_t *out) {
    *out = str_hash(vm, as_str(self));
    return true;
}

/* --- parts ----------------------------------------------------------------------------------------------------- */

Value str_slice(VM *vm, Value v, ssize_t start, ssize_t stop) {
    Str *s = as_str(v);
    if (start >= stop)
        return empty_str(vm);
    if (start == 0 && (size_t)stop == s->nchars)
        return str_unchanged(vm, v);
    size_t n = (size_t)(stop - start);
    if (str_is_ascii(s))
        return str_new_ascii(vm, s->data + start, n);
    size_t from = str_byte_offset(vm, v, (size_t)start);
    size_t to = n <= 8 ? (size_t)(utf8_advance(s->data + from, n) - s->data) : str_byte_offset(vm, v, (size_t)stop);
    return str_new_counted(vm, s->data + from, to - from, n);
}

static Value slice_ascii(VM *vm, Value v, ssize_t start, ssize_t step, size_t n) {
    Value r = str_alloc(vm, n, n);
    if (r == 0)
        return VALUE_ERROR;
    const char *from = str_data(v);
    char *to = as_str(r)->data;
    for (size_t i = 0; i < n; i++, start += step)
        to[i] = from[start];
    return r;
}

static ALWAYS_INLINE bool starts_three(const char *p) { return ((uint8_t)*p & 0xF0) == 0xE0; }

/* Every step-th character of [p, end), from the first one on; `to` may be p. Returns the end of what was written. */
static char *copy_every(const char *p, const char *end, size_t step, char *to) {
    size_t phase = step - 1;
    while (p < end) {
        /* characters of three bytes mostly come in a row; a word has the first bytes of two */
        while (phase == step - 1 && (size_t)(end - p) > 3 * step + 8) {
            uint64_t word = load_64(p);
            size_t k = 0;
            while (k < step && (load_64(p + 3 * k) & 0xF00000F0) == 0xE00000E0)
                k += 2;
            if (k < step)
                break;
            memcpy(to, (const uint32_t[]){LITTLE_32((uint32_t)word)}, 4);
            to += 3;
            p += 3 * step;
        }
        /* Without branches, as lengths that vary are hard to foresee: each byte is written, and stays if its
         * character is wanted. It ends where a character does that is followed by a wanted one. */
        const char *stop = end - p < 64 ? end : p + 64;
        for (; p < stop || (p < end && (phase != step - 1 || utf8_is_continuation(*p))); p++) {
            phase += !utf8_is_continuation(*p);
            phase = phase == step ? 0 : phase;
            *to = *p;
            to += phase == 0;
        }
    }
    return to;
}

/* The text from p to end in the opposite order. */
static char *copy_backwards(const char *p, const char *end, char *to) {
    while (end > p) {
        if (end - p >= 3 && starts_three(end - 3)) {
            end -= 3;
            memcpy(to, end, 3);
            to += 3;
            continue;
        }
        const char *start = utf8_previous(end);
        for (const char *at = start; at < end; at++)
            *to++ = *at;
        end = start;
    }
    return to;
}

/* Characters that are far apart, one by one. */
static char *copy_each(VM *vm, Value v, ssize_t start, ssize_t step, size_t n, char *to) {
    for (; n > 0; n--, start += step) {
        const char *p = str_data(v) + str_byte_offset(vm, v, (size_t)start);
        unsigned length = utf8_length(*p);
        memcpy(to, p, length);
        to += length;
    }
    return to;
}

static Value slice_steps(VM *vm, Value v, ssize_t start, ssize_t step, size_t n) {
    if (n == 0)
        return empty_str(vm);
    if (str_is_ascii(as_str(v)))
        return slice_ascii(vm, v, start, step, n);
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool near = step >= -16 && step <= 16; /* else the index is faster */
    size_t last = (size_t)start + (n - 1) * (size_t)step, low = step < 0 ? last : (size_t)start;
    size_t from = str_byte_offset(vm, v, low);
    size_t to = str_byte_offset(vm, v, (step < 0 ? (size_t)start : last) + 1), nbytes = to - from;
    char *room = strbuilder_room(&b, near || nbytes < 4 * n ? nbytes : 4 * n), *stop;
    if (room == NULL)
        return VALUE_ERROR;
    const char *text = str_data(v) + from;
    if (!near) {
        stop = copy_each(vm, v, start, step, n, room);
    } else if (step > 0) {
        stop = copy_every(text, text + nbytes, (size_t)step, room);
    } else {
        stop = copy_backwards(text, text + nbytes, room);
        if (step < -1)
            stop = copy_every(room, stop, (size_t)-step, room);
    }
    b.len = (size_t)(stop - room);
    return strbuilder_finish_counted(&b, n);
}

static Value getitem(VM *vm, Value self, Value key) {
    size_t n = as_str(self)->nchars, i;
    if (has_kind(key, KIND_SLICE)) {
        ssize_t start, stop, step;
        size_t count;
        if (!slice_resolve(vm, key, n, &start, &stop, &step, &count))
            return VALUE_ERROR;
        return step == 1 ? str_slice(vm, self, start, start + (ssize_t)count)
                         : slice_steps(vm, self, start, step, count);
    }
    if (likely(is_small_int(key))) {
        int64_t k = as_small_int(key);
        i = (size_t)(k < 0 ? k + (int64_t)n : k);
    } else {
        if (!is_int(key) && !fast_type(vm, key)->slots.index)
            return raise_type(vm, "string indices must be integers, not '%.200T'", key);
        if (!index_resolve(vm, key, n, "string", "string index out of range", &i))
            return VALUE_ERROR;
    }
    if (unlikely(i >= n))
        return raise_index(vm, "string index out of range");
    return str_from_char(vm, str_char_at(vm, self, i));
}

static ssize_t len(VM *vm, Value self) { return (ssize_t)as_str(self)->nchars; }

static int contains_text(VM *vm, Value self, Value item) {
    if (!is_str(item)) {
        raise_type(vm, "'in <string>' requires string as left operand, not %.100T", item);
        return -1;
    }
    return text_find(str_data(self), as_str(self)->nbytes, str_data(item), as_str(item)->nbytes) >= 0;
}

/* --- operators ------------------------------------------------------------------------------------------------- */

static Value concat(VM *vm, Value a, Value b) {
    if (!is_str(b))
        return raise_type(vm, "can only concatenate str (not \"%.200T\") to str", b);
    return str_concat(vm, a, b);
}

Value str_repeat(VM *vm, Value s, size_t times) {
    if (times == 1)
        return str_unchanged(vm, s);
    Text t = text_of_str(s);
    return text_repeat(vm, &t, times);
}

static Value repeat(VM *vm, Value self, Value count) {
    ssize_t times;
    if (!is_int(count) && !fast_type(vm, count)->slots.index)
        return raise_type(vm, "can't multiply sequence by non-int of type '%.200T'", count);
    if (!to_ssize(vm, count, &times))
        return VALUE_ERROR;
    size_t n = as_str(self)->nchars;
    if (times > 0 && n > 0 && n > (size_t)SSIZE_MAX / (size_t)times)
        return raise_overflow(vm, "repeated string is too long");
    return str_repeat(vm, self, times < 0 ? 0 : (size_t)times);
}

static Value modulo(VM *vm, Value a, Value b) { return is_str(a) ? str_percent(vm, a, b) : VALUE_NOTIMPL; }

/* --- the constructor ------------------------------------------------------------------------------------------- */

static Value decode_argument(VM *vm, Value object, Value encoding, Value errors) {
    const char *encoding_name = NULL, *errors_name = NULL;
    if (encoding != 0 && (encoding_name = to_c_string(vm, encoding, "str() argument 'encoding'")) == NULL)
        return VALUE_ERROR;
    if (errors != 0 && (errors_name = to_c_string(vm, errors, "str() argument 'errors'")) == NULL)
        return VALUE_ERROR;
    if (is_str(object))
        return raise_type(vm, "decoding str is not supported");
    if (!is_obj(object) || !obj_type(as_obj(object))->slots.get_buffer)
        return raise_type(vm, "decoding to str: need a bytes-like object, %.80T found", object);
    Buffer b;
    if (!buffer_get(vm, object, &b, false))
        return VALUE_ERROR;
    Value r = str_decode(vm, b.data, b.len, encoding_name, errors_name);
    buffer_release(vm, &b);
    return r;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value bound[3] = {0, 0, 0};
    if (nargs > 3)
        return raise_type(vm, "str expected at most 3 arguments, got %u", nargs);
    else if (!native_bind_optional(vm, "str", "object='', encoding='utf-8', errors='strict'", args, nargs, kwnames,
                                   bound, 3))
        return VALUE_ERROR;
    Value r;
    if (bound[0] == 0)
        r = empty_str(vm);
    else if (bound[1] == 0 && bound[2] == 0)
        r = to_str(vm, bound[0]);
    else
        r = decode_argument(vm, bound[0], bound[1], bound[2]);
    if (r == 0 || type == vm->types.str)
        return r;
    Value instance = str_new_subtype(vm, type, r);
    decref(vm, r);
    return instance;
}

bool str_chars(VM *vm, Value v, Value *out) {
    const Str *s = as_str(v);
    const char *p = s->data;
    bool ascii = str_is_ascii(s);
    for (size_t i = 0; i < s->nchars; i++) {
        out[i] = ascii ? latin1_char(vm, (uint8_t)p[i]) : str_from_char(vm, utf8_next(&p));
        if (unlikely(out[i] == 0)) {
            while (i-- > 0)
                decref(vm, out[i]);
            return false;
        }
    }
    return true;
}

/* --- iterator -------------------------------------------------------------------------------------------------- */

typedef struct StrIter {
    Object header;
    Value str;            /* 0 when exhausted */
    size_t index, offset; /* of the next character: in code points, in bytes (not kept for ASCII) */
} StrIter;

static Value iter(VM *vm, Value self) {
    StrIter *it = object_alloc(
        vm, as_str(self)->nbytes == as_str(self)->nchars ? vm->types.str_ascii_iterator : vm->types.str_iterator, 0);
    if (it != NULL)
        it->str = incref(self);
    return from_obj(it);
}

static Value iter_next_char(VM *vm, Value self) {
    StrIter *it = (StrIter *)as_obj(self);
    if (it->str == 0)
        return 0;
    Str *s = as_str(it->str);
    if (it->offset >= s->nbytes) {
        set_owned(vm, &it->str, 0);
        return 0;
    }
    unsigned n;
    uint32_t c = utf8_decode(s->data + it->offset, &n);
    Value r = str_from_char(vm, c);
    if (likely(r != 0)) {
        it->offset += n;
        it->index++;
    }
    return r;
}

static Value iter_next_ascii(VM *vm, Value self) {
    StrIter *it = (StrIter *)as_obj(self);
    if (it->str == 0)
        return 0;
    const Str *s = as_str(it->str);
    if (unlikely(it->index >= s->nchars)) {
        set_owned(vm, &it->str, 0);
        return 0;
    }
    Value r = latin1_char(vm, (uint8_t)s->data[it->index]);
    it->index += r != 0;
    return r;
}

static Value iter_length_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    StrIter *it = (StrIter *)as_obj(self);
    return from_small_int(it->str ? (int64_t)(as_str(it->str)->nchars - it->index) : 0);
}

static Value iter_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    StrIter *it = (StrIter *)as_obj(self);
    Value s = it->str ? incref(it->str) : str_alloc(vm, 0, 0);
    Value pair = s ? reduce_iter(vm, "iter", s) : VALUE_ERROR;
    if (pair == 0 || it->str == 0)
        return pair;
    Value r =
        tuple_pack(vm, 3, as_tuple(pair)->items[0], as_tuple(pair)->items[1], from_small_int((int64_t)it->index));
    decref(vm, pair);
    return r;
}

static Value iter_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    StrIter *it = (StrIter *)as_obj(self);
    ssize_t i;
    if (!to_ssize(vm, args[0], &i))
        return VALUE_ERROR;
    if (it->str) {
        size_t n = as_str(it->str)->nchars;
        it->index = i < 0 ? 0 : (size_t)i > n ? n : (size_t)i;
        it->offset = str_byte_offset(vm, it->str, it->index);
    }
    return VALUE_NONE;
}

static const MethodSpec iter_methods[] = {
    {"__length_hint__", iter_length_hint, "", "How many characters are left.", 0},
    {"__reduce__", iter_reduce, "", "What pickle needs to make this iterator again.", 0},
    {"__setstate__", iter_setstate, "object, /", "Goes to the given position.", 0},
    {0},
};

/* Two types, as scripts see: the second one has no sequences to decode. */
#define STR_ITERATOR_SPEC(type_name, next_char)                                                                      \
    {                                                                                                                \
        .name = type_name, .doc = "Gives the characters of a string.", .size = sizeof(StrIter),                      \
        .flags = ITERATOR_FLAGS, .kind = KIND_ITERATOR,                                                              \
        .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = next_char}, .methods = iter_methods,                    \
    }
const TypeSpec str_iterator_spec = STR_ITERATOR_SPEC("str_iterator", iter_next_char);
const TypeSpec str_ascii_iterator_spec = STR_ITERATOR_SPEC("str_ascii_iterator", iter_next_ascii);

const TypeSpec str_spec = {
    .name = "str",
    .doc =
        "str(object='') -> str\nstr(bytes_or_buffer[, encoding[, errors]]) -> str\n\n"
        "The text that stands for an object, as its __str__ gives it; or, when an encoding or an error handler is\n"
        "named, the text that the bytes of a buffer spell.",
    .size = sizeof(Str),
    .flags = TYPE_BASE | TYPE_VARSIZE | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_STR,
    .slots = {.dealloc = dealloc,
              .create = create,
              .repr = str_repr,
              .str = str_unchanged,
              .hash = hash,
              .compare = compare,
              .iter = iter,
              .len = len,
              .getitem = getitem,
              .contains = contains_text,
              .concat = concat,
              .repeat = repeat},
    .numbers = &(const NumberSlots){.binary = {[OP_MOD] = modulo}},
    .methods = str_methods,
};
