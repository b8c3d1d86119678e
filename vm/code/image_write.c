/* Writing images. The format is in image.h.
 *
 * Strings get their numbers in the order in which they are first met, so the strings of a module's own body stand
 * together. Quickened instructions go back to their general form. An instruction with an operand that its format does
 * not speak of would lose it: that is an error here. */
#include "runtime/vm.h"

#include "code/image.h"
#include "code/positions.h"
#include "code/varint.h"
#include "object/bytes.h"
#include "object/set.h"

typedef struct Out {
    VM *vm;
    uint8_t *data;
    size_t n, room;
    bool failed;
    enum ImagePositions positions;
    Value numbers; /* dict: string -> its number; shared by the buffers of one image */
    Value strings; /* list of the strings */
} Out;

static uint8_t *out_room(Out *o, size_t n) {
    if (o->failed)
        return NULL;
    if (o->room - o->n < n) {
        size_t room = o->room * 2 + n + 64;
        uint8_t *data = mem_realloc(o->vm, o->data, o->room, room);
        if (data == NULL) {
            o->failed = true;
            return NULL;
        }
        o->data = data;
        o->room = room;
    }
    o->n += n;
    return o->data + o->n - n;
}

static void out_bytes(Out *o, const void *bytes, size_t n) {
    uint8_t *p = out_room(o, n);
    if (p != NULL && n != 0)
        memcpy(p, bytes, n);
}

static void out_byte(Out *o, unsigned v) {
    uint8_t byte = (uint8_t)v;
    out_bytes(o, &byte, 1);
}

static void out_number(Out *o, uint64_t v) {
    uint8_t bytes[VARINT_MAX];
    out_bytes(o, bytes, varint_put(bytes, v));
}

static void out_signed(Out *o, int64_t v) { out_number(o, zigzag(v)); }

static void out_u64(Out *o, uint64_t v) {
    uint8_t bytes[8];
    store_u32(bytes, (uint32_t)v);
    store_u32(bytes + 4, (uint32_t)(v >> 32));
    out_bytes(o, bytes, 8);
}

static bool is_interned(Value s) { return (as_obj(s)->flags & OBJ_USER1) != 0; }

static void out_string(Out *o, Value s) {
    VM *vm = o->vm;
    Value number = o->failed ? 0 : dict_get(vm, o->numbers, s);
    if (number == 0 && !o->failed) {
        number = from_small_int((int64_t)as_list(o->strings)->len);
        o->failed = error_pending(vm) || !list_append(vm, o->strings, s) || !dict_set(vm, o->numbers, s, number);
    }
    if (o->failed)
        return;
    Value *known = &as_list(o->strings)->items[as_small_int(number)];
    if (is_interned(s) && !is_interned(*known)) /* where one of them must be interned, all may be */
        set_owned(vm, known, incref(s));
    out_number(o, (uint64_t)as_small_int(number));
}

static void out_strings(Out *o, Value tuple) {
    for (size_t i = 0; i < as_tuple(tuple)->len; i++)
        out_string(o, as_tuple(tuple)->items[i]);
}

/* --- constants ---------------------------------------------------------------------------------------------------
 */

static void out_code(Out *o, Code *c);

static void out_double(Out *o, double d) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    out_u64(o, bits);
}

static void out_big_int(Out *o, Value v) {
    IntView view;
    int_view(v, &view);
    out_byte(o, IMAGE_BIG_INT);
    out_number(o, view.negative);
    out_number(o, view.n);
    for (size_t i = 0; i < view.n; i++)
        out_u64(o, view.limbs[i]);
}

static void out_constant(Out *o, Value v);

static void out_set(Out *o, Value set) {
    size_t pos = 0;
    Value item;
    out_byte(o, IMAGE_FROZENSET);
    out_number(o, set_len(set));
    while (set_next(set, &pos, &item))
        out_constant(o, item);
}

static void out_object(Out *o, Value v) {
    switch ((Kind)as_obj(v)->kind) {
    case KIND_STR:
        out_byte(o, IMAGE_STR);
        out_string(o, v);
        return;
    case KIND_INT:
        out_big_int(o, v);
        return;
    case KIND_COMPLEX:
        out_byte(o, IMAGE_COMPLEX);
        out_double(o, ((Complex *)as_obj(v))->real);
        out_double(o, ((Complex *)as_obj(v))->imag);
        return;
    case KIND_BYTES:
        out_byte(o, IMAGE_BYTES);
        out_number(o, as_bytes(v)->len);
        out_bytes(o, as_bytes(v)->data, as_bytes(v)->len);
        return;
    case KIND_TUPLE:
        out_byte(o, IMAGE_TUPLE);
        out_number(o, as_tuple(v)->len);
        for (size_t i = 0; i < as_tuple(v)->len; i++)
            out_constant(o, as_tuple(v)->items[i]);
        return;
    case KIND_CODE:
        out_byte(o, IMAGE_CODE);
        out_code(o, as_code(v));
        return;
    default:
        if (obj_type(as_obj(v)) == o->vm->types.frozenset) {
            out_set(o, v);
            return;
        }
        raise_value(o->vm, "a constant of type %T cannot be stored", v);
        o->failed = true;
    }
}

static void out_constant(Out *o, Value v) {
    static const Value singletons[] = {[IMAGE_NONE] = VALUE_NONE,
                                       [IMAGE_FALSE] = VALUE_FALSE,
                                       [IMAGE_TRUE] = VALUE_TRUE,
                                       [IMAGE_ELLIPSIS] = VALUE_ELLIPSIS};
    if (o->failed)
        return;
    for (unsigned i = 0; i < ARRAY_LEN(singletons); i++) {
        if (v == singletons[i]) {
            out_byte(o, i);
            return;
        }
    }
    if (is_small_int(v)) {
        out_byte(o, IMAGE_INT);
        out_signed(o, as_small_int(v));
    } else if (is_double(v)) {
        out_byte(o, IMAGE_FLOAT);
        out_double(o, as_double(v));
    } else if (is_obj(v) && !(as_obj(v)->flags & OBJ_SUBTYPE)) {
        out_object(o, v);
    } else {
        raise_value(o->vm, "a constant of type %T cannot be stored", v);
        o->failed = true;
    }
}

/* --- instructions ------------------------------------------------------------------------------------------------
 */

/* Is everything there that the word says? */
static bool word_is_covered(const char *format, Instr w) {
    if (format[0] == 0)
        return w >> 16 == 0;
    if (format[0] == '-' && instr_a(w) != 0)
        return false;
    if (format[1] == 'X' || format[1] == 'k')
        return true;
    bool third = format[2] == 'r' || format[2] == 'i' || format[2] == 'k';
    return (format[1] != '-' || instr_b(w) == 0) && (third || instr_c(w) == 0);
}

static void out_instruction(Out *o, unsigned op, const Instr *at) {
    const char *format = opcode_formats[op];
    Instr w = at[0];
    if (op >= BC_UNPACK_CODE || !word_is_covered(format, w)) {
        if (!o->failed)
            raise_system(o->vm, "instruction %s has an operand that its format lacks", opcode_names[op]);
        o->failed = true;
        return;
    }
    out_byte(o, op);
    if (format[0] == 'J')
        out_signed(o, (int16_t)instr_a(w));
    else if (format[0] != 0 && format[0] != '-')
        out_number(o, instr_a(w));
    if (format[0] == 0)
        return;
    if (format[1] == 'X') {
        out_signed(o, (int32_t)instr_x(w));
    } else if (format[1] == 'k') {
        out_number(o, instr_x(w));
    } else {
        if (format[1] != '-')
            out_number(o, instr_b(w));
        if (format[2] == 'r' || format[2] == 'i' || format[2] == 'k')
            out_number(o, instr_c(w));
    }
    if (opcode_caches[op] != 0 && image_cache_is_operand(op))
        out_signed(o, (int32_t)(uint32_t)at[1]);
}

static void out_instructions(Out *o, const Code *c) {
    for (uint32_t pc = 0; pc < c->ninstrs && !o->failed;) {
        unsigned op = opcode_general(instr_op(c->instrs[pc]));
        out_instruction(o, op, c->instrs + pc);
        pc += 1u + opcode_caches[op];
    }
}

/* --- code --------------------------------------------------------------------------------------------------------
 */

static void out_positions(Out *o, const Code *c, size_t size) {
    uint32_t n;
    uint8_t *room = out_room(o, size);
    if (room == NULL || size == 0)
        return;
    if (o->positions == IMAGE_LINES)
        positions_pack_lines(c, room, &n);
    else
        memcpy(room, c->positions, size);
}

static void out_body(Out *o, const Code *c) {
    uint32_t npositions = c->npositions;
    size_t positions_size =
        o->positions == IMAGE_LINES ? positions_pack_lines(c, NULL, &npositions) : c->positions_size;
    out_number(o, c->ninstrs);
    out_number(o, c->nconsts);
    out_number(o, c->nnames);
    out_number(o, c->nhandlers);
    out_number(o, npositions);
    out_number(o, positions_size);
    for (uint32_t i = 0; i < c->nnames; i++)
        out_string(o, c->names[i]);
    out_strings(o, c->local_names);
    unsigned any = 0;
    for (unsigned i = 0; i < c->nlocals; i++)
        any |= c->local_kinds[i];
    out_byte(o, any != 0);
    if (any != 0)
        out_bytes(o, c->local_kinds, c->nlocals);
    for (uint32_t i = 0; i < c->nhandlers; i++) {
        const HandlerEntry *h = &c->handlers[i];
        out_number(o, h->start);
        out_number(o, h->end - h->start);
        out_number(o, h->handler);
        out_number(o, h->reg);
    }
    out_positions(o, c, positions_size);
    out_instructions(o, c);
    for (uint32_t i = 0; i < c->nconsts; i++)
        out_constant(o, c->consts[i]);
}

static void out_code(Out *o, Code *c) {
    if (o->failed || !code_ready(o->vm, c)) {
        o->failed = true;
        return;
    }
    out_string(o, c->name);
    out_string(o, c->qualname);
    out_number(o, c->flags);
    out_signed(o, c->firstlineno);
    out_number(o, c->argcount);
    out_number(o, c->posonlyargcount);
    out_number(o, c->kwonlyargcount);
    out_number(o, c->nlocals);
    out_number(o, c->nregs);
    out_number(o, as_tuple(c->freevars)->len);
    out_strings(o, c->freevars);
    Out body = {.vm = o->vm, .positions = o->positions, .numbers = o->numbers, .strings = o->strings};
    out_body(&body, c);
    o->failed = o->failed || body.failed;
    out_number(o, body.n);
    out_bytes(o, body.data, body.n);
    mem_free(o->vm, body.data, body.room);
}

static void out_string_table(Out *o) {
    uint32_t start = (uint32_t)o->n;
    out_number(o, as_list(o->strings)->len);
    for (size_t i = 0; i < as_list(o->strings)->len; i++) {
        Value s = as_list(o->strings)->items[i];
        out_number(o, as_str(s)->nbytes * 2 + is_interned(s));
        out_bytes(o, str_data(s), as_str(s)->nbytes);
    }
    if (!o->failed)
        store_u32(o->data + 12, start);
}

Value image_write(VM *vm, Code *code, enum ImagePositions positions) {
    Out o = {.vm = vm, .positions = positions, .numbers = dict_new(vm)};
    o.strings = o.numbers != 0 ? list_new(vm, 0) : 0;
    o.failed = o.strings == 0;
    uint8_t *header = out_room(&o, IMAGE_HEADER);
    if (header != NULL) {
        memcpy(header, IMAGE_MAGIC, 8);
        store_u32(header + 8, image_fingerprint());
        out_string(&o, code->filename);
        o.n = IMAGE_HEADER; /* the file name needs its number, and nothing else */
        out_code(&o, code);
        out_string_table(&o);
        if (!o.failed && o.n > UINT32_MAX) {
            raise_value(vm, "code too large for an image");
            o.failed = true;
        }
    }
    Value image = o.failed ? VALUE_ERROR : bytes_new(vm, (const char *)o.data, o.n);
    mem_free(vm, o.data, o.room);
    decref(vm, o.numbers);
    decref(vm, o.strings);
    return image;
}
