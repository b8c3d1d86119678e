/* Code objects: what the compiler makes and the interpreter runs. */
#ifndef COVE_CODE_CODE_H
#define COVE_CODE_CODE_H

#include "object/object.h"

typedef enum Opcode {
#define OPCODE(name, format, caches, flags, meaning) BC_##name,
#include "code/opcodes.def"
#include "code/quickened.def"
#undef OPCODE
    OPCODE_COUNT
} Opcode;

typedef uint64_t Instr;
#define INSTR(op, a, b, c)                                                                                           \
    ((Instr)(uint16_t)(op) | (Instr)(uint16_t)(a) << 16 | (Instr)(uint16_t)(b) << 32 | (Instr)(uint16_t)(c) << 48)
#define INSTR_X(op, a, x) ((Instr)(uint16_t)(op) | (Instr)(uint16_t)(a) << 16 | (Instr)(uint32_t)(x) << 32)
static ALWAYS_INLINE unsigned instr_op(Instr i) { return (uint16_t)i; }
static ALWAYS_INLINE unsigned instr_a(Instr i) { return (uint16_t)(i >> 16); }
static ALWAYS_INLINE unsigned instr_b(Instr i) { return (uint16_t)(i >> 32); }
static ALWAYS_INLINE unsigned instr_c(Instr i) { return (uint16_t)(i >> 48); }
static ALWAYS_INLINE uint32_t instr_x(Instr i) { return (uint32_t)(i >> 32); }
/* Field 0..3 (op, a, b, c) of an instruction in memory: where halfwords lie in this order, one load and no shifts. */
static ALWAYS_INLINE unsigned instr_field(const Instr *i, unsigned field) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return ((const uint16_t *)i)[field];
#else
    return (uint16_t)(*i >> 16 * field);
#endif
}
static ALWAYS_INLINE Instr instr_with_op(Instr i, unsigned op) { return (i & ~(Instr)0xFFFF) | op; }

extern const uint8_t opcode_caches[OPCODE_COUNT]; /* cache words after the instruction */
extern const char *const opcode_names[OPCODE_COUNT];
/* The instruction as the compiler wrote it: that of the longest general name which a quickened one begins with. Loops
 * are named by what they run over. */
unsigned opcode_general(unsigned op);
extern const char *const opcode_formats[OPCODE_COUNT];

typedef enum Intrinsic {                            /* INTRINSIC's functions */
                         INTRINSIC_TYPEVAR,         /* name, bound-function or None, constraints-function or None,
                                                       default-function or None */
                         INTRINSIC_PARAMSPEC,       /* name, default-function or None */
                         INTRINSIC_TYPEVARTUPLE,    /* name, default-function or None */
                         INTRINSIC_GENERIC_BASE,    /* type parameters tuple -> Generic[...] as base class */
                         INTRINSIC_TYPE_ALIAS,      /* name, type parameters tuple or None, function that computes the
                                                       value */
                         INTRINSIC_SET_TYPE_PARAMS, /* function, type parameters tuple -> function */
} Intrinsic;

enum CodeFlags { /* as inspect.CO_* */
                 CO_OPTIMIZED = 0x1,
                 CO_NEWLOCALS = 0x2,
                 CO_VARARGS = 0x4,
                 CO_VARKEYWORDS = 0x8,
                 CO_NESTED = 0x10,
                 CO_GENERATOR = 0x20,
                 CO_COROUTINE = 0x80,
                 CO_ITERABLE_COROUTINE = 0x100,
                 CO_ASYNC_GENERATOR = 0x200,
                 CO_FUTURE_ANNOTATIONS = 0x1000000,
                 CO_HAS_DOCSTRING = 0x4000000,
                 CO_METHOD = 0x8000000,
                 CO_SUSPENDS = CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR,
};

/* Instructions in [start, end) that raise continue at `handler`. Entries are sorted and do not overlap: of nested
 * ones each has its part cut out of those around it. */
typedef struct HandlerEntry {
    uint32_t start, end, handler;
    uint32_t reg; /* temporaries from here on are dropped; then it receives the exception */
} HandlerEntry;

/* Source position of the instruction at word `pc` and the following ones up to the next entry. Byte columns from 0,
 * -1: unknown. line -1: artificial code without a line. */
typedef struct CodePosition {
    uint32_t pc;
    int32_t line, end_line;
    int16_t col, end_col;
} CodePosition;

/* What a local register is, for frame.f_locals and messages. */
enum { LOCAL_PLAIN = 0, LOCAL_CELL = 1, LOCAL_HIDDEN = 2 /* of an inlined comprehension */ };

/* The body, from instrs to cellvars, may still be packed in an image (code/image.h): then `packed` is set, instrs is
 * a stub that unpacks it, and the rest of the body is empty. Whoever looks at a body other than by running it, calls
 * code_ready first. */
typedef struct Code {
    Object header;
    Instr *
        instrs; /* ninstrs words, caches included; quickened in place; the start of the block that holds the tables */
    Value *consts; /* owned */
    Value *names;  /* interned strings, owned */
    HandlerEntry *handlers;
    uint8_t *local_kinds;     /* nlocals of LOCAL_* */
    const uint8_t *positions; /* code/positions.h; in the block or in the image */
    Value local_names;        /* tuple of nlocals strings (hidden ones included) */
    Value cellvars;           /* tuple of names, for co_cellvars */
    uint32_t ninstrs, nconsts, nnames, nhandlers, npositions, positions_size;
    size_t block_size;
    const uint8_t *packed;   /* the packed body, or NULL */
    struct CodeImage *image; /* where it comes from, counted, or NULL */
    uint16_t argcount;       /* positional parameters, positional-only included; without *args */
    uint16_t posonlyargcount, kwonlyargcount;
    uint16_t nlocals; /* argcount + kwonlyargcount [+ *args] [+ **kwargs], in this order, then the other locals */
    uint16_t nregs;
    uint32_t frame_size; /* bytes of a Frame with its registers */
    bool simple_args;    /* positional parameters only */
    bool simple;         /* ... and no generator: the interpreter's fast call */
    uint32_t flags;
    int32_t firstlineno;
    Value name, qualname, filename; /* strings */
    Value freevars;                 /* tuple of names: closure cell number i is freevars[i] */
} Code;

static ALWAYS_INLINE Code *as_code(Value v) { return (Code *)as_obj(v); }

/* What code_new takes: everything is copied; Values are borrowed. */
typedef struct CodeInit {
    const Instr *instrs;
    uint32_t ninstrs;
    Value *consts;
    uint32_t nconsts;
    Value *names;
    uint32_t nnames;
    const HandlerEntry *handlers;
    uint32_t nhandlers;
    const CodePosition *positions; /* sorted by pc; or in packed form: */
    const uint8_t *packed_positions;
    uint32_t npositions, positions_size;
    const uint8_t *local_kinds;
    uint16_t argcount, posonlyargcount, kwonlyargcount, nlocals, nregs;
    uint32_t flags;
    int32_t firstlineno;
    Value name, qualname, filename, local_names, freevars, cellvars;
} CodeInit;

Value code_new(VM *vm, const CodeInit *init);
/* For those who fill a Code themselves. The shell: everything but the body. */
Code *code_new_shell(VM *vm, const CodeInit *init);
/* Makes the block for the tables, whose sizes are set, with positions_room bytes for positions. */
bool code_take_block(VM *vm, Code *c, size_t positions_room);
/* The stub of a body that is still packed: one instruction. */
extern const Instr code_stub[1];
/* Position of the instruction at word pc; columns -1 where unknown. False: no position. */
bool code_position(const Code *c, uint32_t pc, int *line, int *end_line, int *col, int *end_col);
int code_line(const Code *c, uint32_t pc);
/* Human-readable listing of the instructions (disasm.c): a str. */
Value code_disassemble(VM *vm, Code *c);

/* Sees to it that the body is there. False: no memory. */
bool code_unpack(VM *vm, Code *c); /* image.c */
static ALWAYS_INLINE bool code_ready(VM *vm, Code *c) { return likely(c->packed == NULL) || code_unpack(vm, c); }

/* The table entry for the instruction at word `at`, or NULL. */
static inline const HandlerEntry *code_handler(const Code *code, uint32_t at) {
    uint32_t low = 0, high = code->nhandlers;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (code->handlers[middle].end <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low < code->nhandlers && code->handlers[low].start <= at ? &code->handlers[low] : NULL;
}

#endif
