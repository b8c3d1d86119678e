/* Strings made of strings: concatenation, joining, appending in place, the builder, and formatted text for messages.
 *
 * The builder writes into the block of the string that is to be, so finishing only notes the lengths (and gives back
 * room when much of it is unused). Appending to a string that has a single reference grows its block geometrically:
 * a block's room is known from its size class, so that the slack needs no field.
 */
#include "object/str_internal.h"
#include "object/type.h"

/* --- concatenation --------------------------------------------------------------------------------------------- */

Value str_concat(VM *vm, Value a, Value b) {
    const Str *x = as_str(a), *y = as_str(b);
    if (x->nbytes == 0)
        return str_unchanged(vm, b);
    if (y->nbytes == 0)
        return str_unchanged(vm, a);
    Value r = str_alloc(vm, x->nbytes + y->nbytes, x->nchars + y->nchars);
    if (likely(r != 0)) {
        memcpy(as_str(r)->data, x->data, x->nbytes);
        memcpy(as_str(r)->data + x->nbytes, y->data, y->nbytes);
    }
    return r;
}

/* May the string be changed where it is: nobody else can see it? */
static bool is_private(Value s) {
    const Object *o = as_obj(s);
    return o->refcount == 1 && !(o->flags & (OBJ_SUBTYPE | OBJ_USER1));
}

static NOINLINE bool append_by_copy(VM *vm, Value *a, Value b) {
    Value r = str_concat(vm, *a, b);
    decref(vm, *a);
    *a = r;
    return r != 0;
}

bool str_append(VM *vm, Value *a, Value b) {
    Str *s = as_str(*a);
    const Str *tail = as_str(b);
    if (unlikely(!is_private(*a) || s == tail || s->nbytes < 16))
        return append_by_copy(vm, a, b);
    size_t nbytes = s->nbytes + tail->nbytes, nchars = s->nchars + tail->nchars;
    size_t size = str_block_size(nbytes, nbytes == nchars);
    if (unlikely(nbytes > STR_BYTES_MAX)) {
        set_owned(vm, a, 0);
        return raise_memory(vm);
    }
    if (unlikely(s->header.flags & OBJ_USER2))
        str_index_drop(vm, s);
    if (unlikely(size > object_room(&s->header))) {
        Str *moved = object_resize(vm, &s->header, size + size / 4);
        if (moved == NULL) {
            set_owned(vm, a, 0);
            return false;
        }
        s = moved;
        *a = from_obj(s);
    }
    memcpy(s->data + s->nbytes, tail->data, tail->nbytes);
    s->data[nbytes] = 0;
    s->hash = 0;
    s->nbytes = nbytes;
    s->nchars = nchars;
    return true;
}

Value str_concat_many(VM *vm, Value *items, size_t n) {
    size_t nbytes = 0, nchars = 0;
    for (size_t i = 0; i < n; i++) {
        nbytes += as_str(items[i])->nbytes;
        nchars += as_str(items[i])->nchars;
        if (unlikely(nbytes > STR_BYTES_MAX))
            return raise_memory(vm);
    }
    if (n == 1)
        return str_unchanged(vm, items[0]);
    Value r = str_alloc(vm, nbytes, nchars);
    if (unlikely(r == 0) || nbytes == 0)
        return r;
    char *to = as_str(r)->data;
    for (size_t i = 0; i < n; i++) {
        const Str *s = as_str(items[i]);
        memcpy(to, s->data, s->nbytes);
        to += s->nbytes;
    }
    return r;
}

Value str_join(VM *vm, Value sep, Value *items, size_t n) {
    const Str *s = as_str(sep);
    size_t nbytes = 0, nchars = 0;
    for (size_t i = 0; i < n; i++) {
        if (unlikely(!is_str(items[i])))
            return raise_type(vm, "sequence item %u: expected str instance, %.80T found", i, items[i]);
        nbytes += as_str(items[i])->nbytes + s->nbytes;
        nchars += as_str(items[i])->nchars + s->nchars;
        if (unlikely(nbytes > STR_BYTES_MAX))
            return raise_overflow(vm, "join() result is too long for a Python string");
    }
    if (n == 0)
        return str_alloc(vm, 0, 0);
    if (n == 1)
        return str_unchanged(vm, items[0]);
    nbytes -= s->nbytes;
    nchars -= s->nchars;
    Value r = str_alloc(vm, nbytes, nchars);
    if (unlikely(r == 0) || nbytes == 0)
        return r;
    char *to = as_str(r)->data;
    for (size_t i = 0; i < n; i++) {
        const Str *item = as_str(items[i]);
        memcpy(to, item->data, item->nbytes);
        to += item->nbytes;
        if (s->nbytes == 1 && i + 1 < n) {
            *to++ = s->data[0];
        } else if (i + 1 < n) {
            memcpy(to, s->data, s->nbytes);
            to += s->nbytes;
        }
    }
    return r;
}

/* --- the builder ----------------------------------------------------------------------------------------------- */

void strbuilder_init(StrBuilder *b, VM *vm) { *b = (StrBuilder){.vm = vm}; }

void strbuilder_drop(StrBuilder *b) {
    if (b->block != NULL)
        slab_free(b->vm, b->block, b->block->header.size_class);
    strbuilder_init(b, b->vm);
}

/* Makes room for n more bytes. */
static NOINLINE bool builder_grow(StrBuilder *b, size_t n) {
    VM *vm = b->vm;
    if (b->failed)
        return false;
    if (n > STR_BYTES_MAX - b->len) {
        b->failed = true;
        return raise_memory(vm);
    }
    size_t size = b->len + n;
    size += size / 2 < 64 ? 64 : size / 2;
    size = str_block_size(size, false);
    Str *s;
    if (b->block == NULL) {
        uint8_t class;
        s = slab_alloc(vm, size, &class);
        if (s != NULL)
            s->header = (Object){.refcount = 1, .kind = KIND_STR, .size_class = class};
    } else {
        s = object_resize(vm, &b->block->header, size);
    }
    if (s == NULL) {
        b->failed = true;
        return false;
    }
    b->block = s;
    b->data = s->data;
    b->cap = object_room(&s->header) - str_block_size(STR_INDEX_MIN, false) + STR_INDEX_MIN;
    return true;
}

bool strbuilder_add(StrBuilder *b, const char *utf8, size_t n) {
    if (n > b->cap - b->len && !builder_grow(b, n))
        return false;
    if (n != 0)
        memcpy(b->data + b->len, utf8, n);
    b->len += n;
    return !b->failed;
}

char *strbuilder_room(StrBuilder *b, size_t n) {
    if (b->failed || ((b->block == NULL || n > b->cap - b->len) && !builder_grow(b, n)))
        return NULL;
    b->len += n;
    return b->data + b->len - n;
}

bool strbuilder_add_c(StrBuilder *b, const char *text) { return strbuilder_add(b, text, strlen(text)); }

bool strbuilder_add_char(StrBuilder *b, uint32_t c) {
    if (unlikely(b->cap - b->len < 4) && !builder_grow(b, 4))
        return false;
    b->len += utf8_encode(c, b->data + b->len);
    return !b->failed;
}

bool strbuilder_fill(StrBuilder *b, uint32_t c, size_t times) {
    char bytes[4];
    size_t n = utf8_encode(c, bytes);
    if (times > STR_BYTES_MAX / n)
        times = STR_BYTES_MAX; /* too much: growing fails */
    char *to = times != 0 ? strbuilder_room(b, n * times) : NULL;
    if (to == NULL)
        return !b->failed;
    text_fill(to, bytes, n, n * times);
    return true;
}

bool strbuilder_add_value(StrBuilder *b, Value str) { return strbuilder_add(b, str_data(str), as_str(str)->nbytes); }

/* Adds a string that the caller owns; 0: an exception is pending. */
static bool add_owned(StrBuilder *b, Value s) {
    if (s == 0) {
        b->failed = true;
        return false;
    }
    bool ok = strbuilder_add_value(b, s);
    decref(b->vm, s);
    return ok;
}

bool strbuilder_add_repr(StrBuilder *b, Value v) { return !b->failed && add_owned(b, to_repr(b->vm, v)); }

Value strbuilder_finish_counted(StrBuilder *b, size_t nchars) {
    VM *vm = b->vm;
    Str *s = b->block;
    size_t n = b->len;
    Value r = VALUE_ERROR;
    if (b->failed || s == NULL || n <= 4) {
        if (!b->failed)
            r = str_new_counted(vm, s != NULL ? b->data : "", n, nchars);
        strbuilder_drop(b);
        return r;
    }
    size_t size = str_block_size(n, n == nchars);
    if (object_room(&s->header) > size + size / 4 + 64) {
        Str *fitting = object_resize(vm, &s->header, size);
        if (fitting == NULL) {
            strbuilder_drop(b);
            return VALUE_ERROR;
        }
        s = fitting;
    }
    s->header.shape = vm->types.str->root_shape;
    s->hash = 0;
    s->nbytes = n;
    s->nchars = nchars;
    s->data[n] = 0;
    strbuilder_init(b, vm);
    return from_obj(s);
}

Value strbuilder_finish(StrBuilder *b) {
    return strbuilder_finish_counted(b, b->failed ? 0 : utf8_count(b->block != NULL ? b->data : "", b->len));
}

/* --- formatted text -------------------------------------------------------------------------------------------- */

typedef struct Directive {
    size_t width, precision; /* precision SIZE_MAX: none */
    bool zero;
    char type;
} Directive;

static const char *directive_read(const char *p, Directive *d) {
    *d = (Directive){.precision = SIZE_MAX};
    if (*p == '0') {
        d->zero = true;
        p++;
    }
    while (*p >= '0' && *p <= '9')
        d->width = d->width * 10 + (size_t)(*p++ - '0');
    if (*p == '.') {
        d->precision = 0;
        for (p++; *p >= '0' && *p <= '9'; p++)
            d->precision = d->precision * 10 + (size_t)(*p - '0');
    }
    d->type = *p;
    return p + 1;
}

/* Text cut at the precision, but never inside a code point. */
static bool add_cut(StrBuilder *b, const char *text, size_t n, const Directive *d) {
    if (n > d->precision) {
        n = d->precision;
        while (n > 0 && utf8_is_continuation(text[n]))
            n--;
    }
    if (n < d->width)
        strbuilder_fill(b, ' ', d->width - n);
    return strbuilder_add(b, text, n);
}

/* A C string from outside the VM (a file name, say) need not be valid text. */
static bool add_c_string(StrBuilder *b, const char *text, const Directive *d) {
    size_t n = strlen(text), chars;
    if (utf8_validate(text, n, true, &chars))
        return add_cut(b, text, n, d);
    Value s = str_decode(b->vm, text, n, "utf-8", "replace");
    if (s == 0)
        return !(b->failed = true);
    bool ok = add_cut(b, str_data(s), as_str(s)->nbytes, d);
    decref(b->vm, s);
    return ok;
}

static bool add_number(StrBuilder *b, const Directive *d, bool negative, uint64_t n, unsigned base,
                       const char *digits) {
    char text[24], *end = text + sizeof text, *p = end;
    do
        *--p = digits[n % base];
    while ((n /= base) != 0);
    size_t length = (size_t)(end - p) + negative;
    if (length < d->width && !d->zero)
        strbuilder_fill(b, ' ', d->width - length);
    if (negative)
        strbuilder_add(b, "-", 1);
    if (length < d->width && d->zero)
        strbuilder_fill(b, '0', d->width - length);
    return strbuilder_add(b, p, (size_t)(end - p));
}

static bool add_int(StrBuilder *b, const Directive *d, int64_t i) {
    return add_number(b, d, i < 0, i < 0 ? 0 - (uint64_t)i : (uint64_t)i, 10, "0123456789");
}

static bool add_str_cut(StrBuilder *b, const Directive *d, Value s) {
    if (s == 0)
        return !(b->failed = true);
    bool ok = add_cut(b, str_data(s), as_str(s)->nbytes, d);
    decref(b->vm, s);
    return ok;
}

static bool add_object(StrBuilder *b, const Directive *d, Value v) {
    VM *vm = b->vm;
    switch (d->type) {
    case 'S':
        return add_str_cut(b, d, to_str(vm, v));
    case 'R':
        return add_str_cut(b, d, to_repr(vm, v));
    case 'A':
        return add_str_cut(b, d, to_ascii(vm, v));
    case 'T':
        return add_str_cut(b, d, type_full_name(vm, type_of(vm, v)));
    default:
        return add_str_cut(b, d, incref(v));
    }
}

bool strbuilder_vprintf(StrBuilder *b, const char *fmt, va_list args) {
    while (*fmt != 0 && !b->failed) {
        const char *percent = strchr(fmt, '%');
        if (percent == NULL)
            return strbuilder_add_c(b, fmt);
        strbuilder_add(b, fmt, (size_t)(percent - fmt));
        Directive d;
        fmt = directive_read(percent + 1, &d);
        switch (d.type) {
        case 's':
            add_c_string(b, va_arg(args, const char *), &d);
            break;
        case 'd':
            add_int(b, &d, va_arg(args, int));
            break;
        case 'i':
            add_int(b, &d, va_arg(args, int64_t));
            break;
        case 'z':
            add_int(b, &d, va_arg(args, ssize_t));
            break;
        case 'u':
            add_number(b, &d, false, va_arg(args, size_t), 10, "0123456789");
            break;
        case 'x':
            add_number(b, &d, false, va_arg(args, unsigned), 16, "0123456789abcdef");
            break;
        case 'p':
            strbuilder_add_c(b, "0x");
            add_number(b, &d, false, (uintptr_t)va_arg(args, void *), 16, "0123456789abcdef");
            break;
        case 'X':
            add_number(b, &d, false, va_arg(args, unsigned), 16, "0123456789ABCDEF");
            break;
        case 'c':
            strbuilder_add_char(b, (uint32_t)va_arg(args, int));
            break;
        case 'N':
            add_str_cut(b, &d, type_full_name(b->vm, va_arg(args, Type *)));
            break;
        case 'S':
        case 'R':
        case 'A':
        case 'T':
        case 'V':
            add_object(b, &d, va_arg(args, Value));
            break;
        default:
            strbuilder_add(b, "%", 1);
            break;
        }
    }
    return !b->failed;
}

bool strbuilder_printf(StrBuilder *b, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    bool ok = strbuilder_vprintf(b, fmt, args);
    va_end(args);
    return ok;
}

Value str_vprintf(VM *vm, const char *fmt, va_list args) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_vprintf(&b, fmt, args);
    return strbuilder_finish(&b);
}

Value str_printf(VM *vm, const char *fmt, ...) {
    va_list args;
    va_start(args, fmt);
    Value r = str_vprintf(vm, fmt, args);
    va_end(args);
    return r;
}
