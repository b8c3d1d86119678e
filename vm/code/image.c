/* Loading images. The format is in image.h, writing in image_write.c.
 *
 * One reader serves built-in images and others: it stays within the bytes by itself, and notes when it could not
 * (`bad`). What only a foreign image can get wrong beyond that is checked in check_code. */
#include "runtime/vm.h"

#include "base/utf8.h"
#include "code/image.h"
#include "code/positions.h"
#include "code/varint.h"
#include "code/verify.h"
#include "object/bytes.h"
#include "object/set.h"

struct CodeImage {
    uint32_t refcount; /* code objects made from it */
    uint32_t nstrings;
    const uint8_t *data;
    size_t size;
    size_t own_size; /* of data, when it was copied; else 0 */
    Value filename;  /* owned */
    Value strings[]; /* owned str; or, not made yet, a small int: the offset in data */
};

typedef struct Loader {
    VM *vm;
    CodeImage *image;
    ByteReader in;
} Loader;

uint32_t image_fingerprint(void) {
    uint32_t h = 2166136261u;
    for (unsigned op = 0; op < OPCODE_COUNT; op++) {
        for (const char *p = opcode_names[op]; *p != 0; p++)
            h = (h ^ (uint8_t)*p) * 16777619u;
        for (const char *p = opcode_formats[op]; *p != 0; p++)
            h = (h ^ (uint8_t)*p) * 16777619u;
        h = (h ^ opcode_caches[op]) * 16777619u;
    }
    return h;
}

bool image_cache_is_operand(unsigned op) {
    switch (op) {
    case BC_MAKE_FUNCTION:
    case BC_CALL_KW:
    case BC_CALL_METHOD_KW:
    case BC_UNPACK_EX:
    case BC_MATCH_CLASS:
    case BC_INTRINSIC:
        return true;
    default:
        return strpbrk(opcode_formats[op], "nF") != NULL;
    }
}

void image_release(VM *vm, CodeImage *image) {
    if (image == NULL || --image->refcount != 0)
        return;
    for (uint32_t i = 0; i < image->nstrings; i++)
        decref(vm, image->strings[i]);
    decref(vm, image->filename);
    if (image->own_size != 0)
        mem_free(vm, (uint8_t *)image->data, image->own_size);
    mem_free(vm, image, sizeof *image + image->nstrings * sizeof(Value));
}

/* --- parts -------------------------------------------------------------------------------------------------------
 */

static Value bad_image(VM *vm) { return error_pending(vm) ? VALUE_ERROR : raise_value(vm, "bad code image"); }

/* Borrowed. */
static Value string_at(Loader *l, uint64_t index) {
    CodeImage *image = l->image;
    if (unlikely(index >= image->nstrings)) {
        l->in.bad = true;
        return VALUE_ERROR;
    }
    Value v = image->strings[index];
    if (likely(!is_small_int(v)))
        return v;
    ByteReader in = {image->data + as_small_int(v), image->data + image->size, false};
    uint64_t head = read_varint(&in);
    const char *text = (const char *)read_bytes(&in, head / 2);
    if (text == NULL) {
        l->in.bad = true;
        return VALUE_ERROR;
    }
    v = head & 1 ? str_intern_text(l->vm, text, head / 2) : str_new(l->vm, text, head / 2);
    if (v != 0)
        image->strings[index] = v;
    return v;
}

static Value read_string(Loader *l) { return string_at(l, read_varint(&l->in)); }

/* A number of things that take at least a byte each. */
static size_t read_count(Loader *l) {
    uint64_t n = read_varint(&l->in);
    if (likely(n <= (size_t)(l->in.end - l->in.at)))
        return n;
    l->in.bad = true;
    return 0;
}

static Value read_names(Loader *l, size_t n) {
    Value tuple = n == 0 ? incref(l->vm->empty_tuple) : tuple_new(l->vm, n);
    for (size_t i = 0; tuple != 0 && i < n; i++) {
        Value name = read_string(l);
        if (name == 0) {
            decref(l->vm, tuple);
            return VALUE_ERROR;
        }
        as_tuple(tuple)->items[i] = incref(name);
    }
    return tuple;
}

/* --- code --------------------------------------------------------------------------------------------------------
 */

static Value read_code(Loader *l) {
    CodeInit init = {.filename = l->image->filename};
    init.name = read_string(l);
    init.qualname = init.name != 0 ? read_string(l) : 0;
    if (init.qualname == 0)
        return VALUE_ERROR;
    init.flags = (uint32_t)read_varint(&l->in);
    init.firstlineno = (int32_t)read_signed(&l->in);
    init.argcount = (uint16_t)read_varint(&l->in);
    init.posonlyargcount = (uint16_t)read_varint(&l->in);
    init.kwonlyargcount = (uint16_t)read_varint(&l->in);
    init.nlocals = (uint16_t)read_varint(&l->in);
    init.nregs = (uint16_t)read_varint(&l->in);
    init.freevars = read_names(l, read_count(l));
    size_t size = init.freevars != 0 ? read_count(l) : 0;
    const uint8_t *body = read_bytes(&l->in, size);
    Code *c = init.freevars == 0 || l->in.bad ? NULL : code_new_shell(l->vm, &init);
    decref(l->vm, init.freevars);
    if (c == NULL)
        return VALUE_ERROR;
    c->packed = body;
    c->image = l->image;
    l->image->refcount++;
    return from_obj(c);
}

static Value read_constant(Loader *l);

static Value read_items(Loader *l, bool is_set) {
    VM *vm = l->vm;
    size_t n = read_count(l);
    Value result = is_set ? frozenset_new(vm, 0) : n == 0 ? incref(vm->empty_tuple) : tuple_new(vm, n);
    for (size_t i = 0; result != 0 && i < n; i++) {
        Value item = read_constant(l);
        if (item != 0 && !is_set) {
            as_tuple(result)->items[i] = item;
            continue;
        }
        bool ok = item != 0 && set_add(vm, result, item);
        decref(vm, item);
        if (!ok) {
            decref(vm, result);
            return VALUE_ERROR;
        }
    }
    return result;
}

static Value read_double(Loader *l, double *out) {
    const uint8_t *bytes = read_bytes(&l->in, 8);
    if (bytes == NULL)
        return VALUE_ERROR;
    uint64_t bits = load_64(bytes);
    memcpy(out, &bits, sizeof bits);
    return double_from_bits(*out);
}

static Value read_big_int(Loader *l) {
    bool negative = read_varint(&l->in) != 0;
    size_t n = read_count(l);
    const uint8_t *bytes = n > 0 ? read_bytes(&l->in, n * 8) : NULL;
    Int *r = bytes != NULL ? int_alloc(l->vm, n) : NULL;
    if (r == NULL) {
        l->in.bad = true;
        return VALUE_ERROR;
    }
    for (size_t i = 0; i < n; i++)
        r->limbs[i] = load_64(bytes + 8 * i);
    return int_finish(l->vm, r, n, negative);
}

/* Owned; 0 with an exception, or with in.bad. */
static Value read_constant(Loader *l) {
    double real, imag;
    size_t n;
    const uint8_t *bytes;
    switch (read_byte(&l->in)) {
    case IMAGE_NONE:
        return VALUE_NONE;
    case IMAGE_FALSE:
        return VALUE_FALSE;
    case IMAGE_TRUE:
        return VALUE_TRUE;
    case IMAGE_ELLIPSIS:
        return VALUE_ELLIPSIS;
    case IMAGE_INT:
        return int_from_int64(l->vm, read_signed(&l->in));
    case IMAGE_BIG_INT:
        return read_big_int(l);
    case IMAGE_FLOAT:
        return read_double(l, &real);
    case IMAGE_COMPLEX:
        return read_double(l, &real) != 0 && read_double(l, &imag) != 0 ? complex_new(l->vm, real, imag)
                                                                        : VALUE_ERROR;
    case IMAGE_STR:
        return incref(read_string(l));
    case IMAGE_BYTES:
        n = read_count(l);
        bytes = read_bytes(&l->in, n);
        return bytes != NULL ? bytes_new(l->vm, (const char *)bytes, n) : VALUE_ERROR;
    case IMAGE_TUPLE:
        return read_items(l, false);
    case IMAGE_FROZENSET:
        return read_items(l, true);
    case IMAGE_CODE:
        return read_code(l);
    default:
        l->in.bad = true;
        return VALUE_ERROR;
    }
}

static void read_instructions(ByteReader *in, Instr *out, uint32_t n) {
    for (uint32_t pc = 0; pc < n;) {
        unsigned op = read_byte(in);
        if (unlikely(op >= BC_UNPACK_CODE || in->bad || pc + opcode_caches[op] >= n)) {
            in->bad = true;
            return;
        }
        const char *format = opcode_formats[op];
        Instr word = op;
        if (format[0] == 'J')
            word |= (Instr)(uint16_t)read_signed(in) << 16;
        else if (format[0] != 0 && format[0] != '-')
            word |= (Instr)(uint16_t)read_varint(in) << 16;
        if (format[0] == 0) {
            /* no operands */
        } else if (format[1] == 'X') {
            word |= (Instr)(uint32_t)read_signed(in) << 32;
        } else if (format[1] == 'k') {
            word |= (Instr)(uint32_t)read_varint(in) << 32;
        } else {
            if (format[1] != '-')
                word |= (Instr)(uint16_t)read_varint(in) << 32;
            if (format[2] == 'r' || format[2] == 'i' || format[2] == 'k')
                word |= (Instr)(uint16_t)read_varint(in) << 48;
        }
        out[pc++] = word;
        for (unsigned k = 0; k < opcode_caches[op]; k++)
            out[pc + k] = 0;
        if (opcode_caches[op] != 0 && image_cache_is_operand(op))
            out[pc] = (uint32_t)read_signed(in);
        pc += opcode_caches[op];
    }
}

static void read_handlers(ByteReader *in, HandlerEntry *out, uint32_t n) {
    for (uint32_t i = 0; i < n; i++) {
        out[i].start = (uint32_t)read_varint(in);
        out[i].end = out[i].start + (uint32_t)read_varint(in);
        out[i].handler = (uint32_t)read_varint(in);
        out[i].reg = (uint32_t)read_varint(in);
    }
}

static Value cell_names(VM *vm, const Code *c) {
    size_t n = 0;
    for (unsigned i = 0; i < c->nlocals; i++)
        n += c->local_kinds[i] & LOCAL_CELL;
    Value tuple = n == 0 ? incref(vm->empty_tuple) : tuple_new(vm, n);
    for (unsigned i = c->nlocals; tuple != 0 && i-- > 0;)
        if (c->local_kinds[i] & LOCAL_CELL)
            as_tuple(tuple)->items[--n] = incref(as_tuple(c->local_names)->items[i]);
    return tuple;
}

static bool read_tables(Loader *l, Code *c) {
    c->ninstrs = (uint32_t)read_varint(&l->in);
    c->nconsts = (uint32_t)read_count(l);
    c->nnames = (uint32_t)read_count(l);
    c->nhandlers = (uint32_t)read_count(l);
    c->npositions = (uint32_t)read_count(l);
    c->positions_size = (uint32_t)read_count(l);
    if (c->ninstrs / 4 > (size_t)(l->in.end - l->in.at) || l->in.bad || !code_take_block(l->vm, c, 0))
        return false;
    for (uint32_t i = 0; i < c->nnames; i++) {
        if ((c->names[i] = incref(read_string(l))) == 0)
            return false;
    }
    if ((c->local_names = read_names(l, c->nlocals)) == 0)
        return false;
    memset(c->local_kinds, LOCAL_PLAIN, c->nlocals);
    if (read_byte(&l->in) != 0) {
        for (unsigned i = 0; i < c->nlocals; i++)
            c->local_kinds[i] = (uint8_t)(read_byte(&l->in) & (LOCAL_CELL | LOCAL_HIDDEN));
    }
    if ((c->cellvars = cell_names(l->vm, c)) == 0)
        return false;
    read_handlers(&l->in, c->handlers, c->nhandlers);
    c->positions = read_bytes(&l->in, c->positions_size);
    read_instructions(&l->in, c->instrs, c->ninstrs);
    for (uint32_t i = 0; i < c->nconsts && !l->in.bad; i++) {
        if ((c->consts[i] = read_constant(l)) == 0)
            return false;
    }
    return !l->in.bad;
}

/* Back to a shell. */
static void drop_tables(VM *vm, Code *c) {
    if (c->block_size != 0) {
        for (size_t i = 0; i < (size_t)c->nconsts + c->nnames; i++)
            decref(vm, c->consts[i]);
        mem_free(vm, c->instrs, c->block_size);
    }
    set_owned(vm, &c->local_names, 0);
    set_owned(vm, &c->cellvars, 0);
    c->instrs = (Instr *)code_stub;
    c->positions = NULL;
    c->block_size = 0;
    c->ninstrs = c->nconsts = c->nnames = c->nhandlers = c->npositions = c->positions_size = 0;
}

bool code_unpack(VM *vm, Code *c) {
    Loader l = {vm, c->image, {c->packed, c->image->data + c->image->size, false}};
    if (read_tables(&l, c)) {
        c->packed = NULL;
        return true;
    }
    drop_tables(vm, c);
    bad_image(vm);
    return false;
}

/* --- images ------------------------------------------------------------------------------------------------------
 */

static CodeImage *image_open(VM *vm, const uint8_t *data, size_t size, bool trusted) {
    ByteReader in = {data, data + size, size < IMAGE_HEADER || load_32(data + 12) > size};
    if (!in.bad)
        in.at += load_32(data + 12);
    uint64_t n = read_varint(&in);
    CodeImage *image = in.bad || n == 0 || n > size ? NULL : mem_zalloc(vm, sizeof *image + n * sizeof(Value));
    if (image == NULL) {
        bad_image(vm);
        return NULL;
    }
    image->refcount = 1;
    image->nstrings = (uint32_t)n;
    image->data = data;
    image->size = size;
    for (uint64_t i = 0; i < n && !in.bad; i++) {
        image->strings[i] = from_small_int(in.at - data);
        size_t length = read_varint(&in) / 2, chars;
        const char *text = (const char *)read_bytes(&in, length);
        if (!trusted && text != NULL && !utf8_validate(text, length, true, &chars))
            in.bad = true;
    }
    Loader l = {vm, image, in};
    image->filename = in.bad ? 0 : incref(string_at(&l, 0));
    if (image->filename != 0)
        return image;
    bad_image(vm);
    image_release(vm, image);
    return NULL;
}

static Value load_first(VM *vm, CodeImage *image) {
    Loader l = {vm, image, {image->data + IMAGE_HEADER, image->data + image->size, false}};
    Value code = read_code(&l);
    return code != 0 ? code : bad_image(vm);
}

/* NULL with an exception. */
static CodeImage *open_trusted(VM *vm, const uint8_t *data, size_t size) {
    if (size >= IMAGE_HEADER && memcmp(data, IMAGE_MAGIC, 8) == 0)
        return image_open(vm, data, size, true);
    raise_system(vm, "a module of the library was built for another version");
    return NULL;
}

Value image_load_builtin(VM *vm, const uint8_t *data, size_t size) {
    CodeImage *image = open_trusted(vm, data, size);
    Value code = image != NULL ? load_first(vm, image) : VALUE_ERROR;
    image_release(vm, image);
    return code;
}

Value image_load_unpacked(VM *vm, uint8_t *data, size_t size) {
    CodeImage *image = open_trusted(vm, data, size);
    if (image == NULL) {
        mem_free(vm, data, size);
        return VALUE_ERROR;
    }
    image->own_size = size;
    Value code = load_first(vm, image);
    image_release(vm, image);
    return code;
}

/* Constants that instructions take for granted. */
static bool constants_fit(const Code *c) {
    for (uint32_t pc = 0; pc < c->ninstrs; pc += 1 + opcode_caches[instr_op(c->instrs[pc])]) {
        unsigned op = instr_op(c->instrs[pc]);
        if (op != BC_MAKE_FUNCTION && op != BC_CALL_KW && op != BC_CALL_METHOD_KW)
            continue;
        uint32_t k = (uint32_t)c->instrs[pc + 1];
        if (k >= c->nconsts || !has_kind(c->consts[k], op == BC_MAKE_FUNCTION ? KIND_CODE : KIND_TUPLE))
            return false;
    }
    return !(c->flags & CO_HAS_DOCSTRING) || (c->nconsts > 0 && is_str(c->consts[0]));
}

/* Unpacks a code object from elsewhere with all that is in it. */
static bool check_code(VM *vm, Code *c) {
    unsigned parameters =
        c->argcount + (unsigned)c->kwonlyargcount + !!(c->flags & CO_VARARGS) + !!(c->flags & CO_VARKEYWORDS);
    if (c->posonlyargcount > c->argcount || parameters > c->nlocals || c->nlocals > c->nregs)
        return bad_image(vm);
    if (!code_ready(vm, c))
        return false;
    bool ok = positions_check(c->positions, c->positions_size, c->npositions);
    for (uint32_t i = 0; ok && i < c->nhandlers; i++) {
        const HandlerEntry *h = &c->handlers[i];
        ok = h->start <= h->end && h->end <= c->ninstrs && h->handler < c->ninstrs && h->reg >= c->nlocals &&
             h->reg < c->nregs;
    }
    if (!ok || !constants_fit(c))
        return bad_image(vm);
    if (!code_verify(vm, c))
        return false;
    for (uint32_t i = 0; i < c->nconsts; i++) {
        if (has_kind(c->consts[i], KIND_CODE) && !check_code(vm, as_code(c->consts[i])))
            return false;
    }
    return true;
}

Value image_load(VM *vm, const uint8_t *data, size_t size) {
    if (size < IMAGE_HEADER || memcmp(data, IMAGE_MAGIC, 8) != 0 || load_32(data + 8) != image_fingerprint())
        return raise_value(vm, "not a code image of this version");
    uint8_t *copy = mem_alloc(vm, size);
    if (copy == NULL)
        return VALUE_ERROR;
    memcpy(copy, data, size);
    CodeImage *image = image_open(vm, copy, size, false);
    if (image == NULL) {
        mem_free(vm, copy, size);
        return VALUE_ERROR;
    }
    image->own_size = size;
    Value code = load_first(vm, image);
    if (code != 0 && !check_code(vm, as_code(code))) {
        decref(vm, code);
        code = VALUE_ERROR;
    }
    image_release(vm, image);
    return code;
}
