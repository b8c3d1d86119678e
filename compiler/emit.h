/* The instruction buffer of one code object: instructions with symbolic jumps, labels, exception regions, constants
 * and names; and the assembler that turns them into words. */
#ifndef COVE_EMIT_H
#define COVE_EMIT_H

#include "code/code.h"
#include "compiler/context.h"

typedef struct Ins {
    uint16_t op, a, b, c;
    uint32_t x;      /* the 32-bit operand, or cache word 0 */
    int32_t label;   /* jumps: the target, else -1 */
    uint32_t region; /* innermost exception region, 0: none */
    int32_t line, end_line;
    int16_t col, end_col;
} Ins;

/* Plain locals that surely have a value, at the present point: the first KNOWN_LOCALS of them are followed. */
#define KNOWN_WORDS 2
#define KNOWN_LOCALS (KNOWN_WORDS * 64)
typedef struct Known {
    uint64_t bits[KNOWN_WORDS];
} Known;

typedef struct Label {
    int32_t at;    /* index of the instruction it stands before, -1: not placed yet */
    uint32_t refs; /* jumps from reachable code */
    Known known;   /* what all those jumps agree on */
} Label;

/* Instructions of a region that raise continue at its label, with the exception in `reg`. */
typedef struct Region {
    int32_t label;
    uint32_t reg;
} Region;

/* What must be undone when control leaves a block by break, continue or return. */
typedef enum BlockKind {
    BLOCK_LOOP, /* while; with reg >= 0: for, the iterator in reg */
    BLOCK_TRY,  /* body of try/except: nothing to do but to leave the region */
    BLOCK_FINALLY_TRY,
    BLOCK_FINALLY_END,
    BLOCK_WITH,
    BLOCK_ASYNC_WITH,
    BLOCK_HANDLER,
    BLOCK_GROUP_HANDLER,
    BLOCK_VALUE /* a value waits in reg (returned through a finally body) */
} BlockKind;

typedef struct Block {
    uint8_t kind;
    int reg;
    int break_label, continue_label;
    uint32_t outer_region;
    const Stmt *stmt; /* FINALLY_TRY: the try statement */
    NameId name;      /* HANDLER: `except ... as name` */
    Span span;        /* WITH: of the context expression */
} Block;

#define BLOCKS_MAX 21 /* nested statements, as CPython counts; our own entries beyond are not counted */
#define BLOCKS_ROOM (BLOCKS_MAX * 4 + 8)

typedef struct Unit {
    struct Unit *parent;
    struct Scope *scope; /* of the frame */
    struct Scope *inner; /* innermost: an inlined comprehension, or the same */
    Ins *ins;
    Label *labels;
    Region *regions;
    Value *consts; /* borrowed from the compilation's table, or from `owned` */
    NameId *names;
    uint32_t nins, ins_capacity, nlabels, labels_capacity, nregions, regions_capacity;
    uint32_t nconsts, consts_capacity, nnames, names_capacity;
    Map const_map, name_map;
    int nparams, nlocals, next_plain; /* locals are numbered as they are met */
    int first_hidden;                 /* local that belongs to a comprehension; the others follow */
    int end_plain;
    NameId *local_ids; /* nlocals names, in the arena */
    uint8_t *local_kinds;
    int top, max; /* temporaries in use, and ever in use */
    bool dead;    /* the present point cannot be reached: nothing is emitted */
    Known known, deletable;
    uint32_t region;
    Block blocks[BLOCKS_ROOM];
    int nblocks;
    Value qualname; /* owned */
    NameId name;
    int firstlineno;
    const Name *private;
    bool interactive;
    NameId *static_attributes; /* of a class: names that its methods assign to self */
    Map static_map;
    uint32_t nstatic, static_capacity;
    Span last; /* position given to instructions without one */
} Unit;

Unit *unit_push(Compiler *c, struct Scope *scope);
void unit_pop(Compiler *c);
void unit_free_spares(Compiler *c);

int emit_label(Compiler *c);
/* Places a label at the present point; dead code comes alive if something jumps there. */
void emit_place(Compiler *c, int label);
/* The same for the head of a loop that is entered here: later jumps come from below. */
void emit_place_loop(Compiler *c, int label);
/* For the body of a loop whose head is below: control comes from `entry`, the state saved at the jump to the head. */
void emit_place_body(Compiler *c, int label, const Known *entry, bool alive);
/* For an exception handler entered from anywhere in a region that was begun in state `entry`. */
void emit_place_handler(Compiler *c, int label, const Known *entry, bool alive);

/* `at` may be NULL: the position of the instruction before. */
void emit(Compiler *c, int op, int a, int b, int d, const Span *at);
void emit_x(Compiler *c, int op, int a, uint32_t x, const Span *at);                   /* 32-bit operand */
void emit_cache(Compiler *c, int op, int a, int b, int d, uint32_t x, const Span *at); /* operand in cache 0 */
void emit_jump(Compiler *c, int op, int a, int b, int d, int label, const Span *at);
void emit_goto(Compiler *c, int label, const Span *at);
/* Code after an instruction that never falls through. */
void emit_dead(Compiler *c);

/* Begins a region: instructions up to emit_region_end raise to `label`, exception in reg. Returns the outer region.
 */
uint32_t emit_region(Compiler *c, int label, int reg);

uint32_t emit_const(Compiler *c, Value value); /* index; value is consumed */
uint32_t emit_name(Compiler *c, NameId id);
/* The one copy of a constant in this compilation; consumes value, the result is borrowed. 0 on failure. */
Value const_unique(Compiler *c, Value value);
void const_table_free(Compiler *c);
/* The finished code object of the present unit; owned, 0 on failure. */
Value emit_finish(Compiler *c, uint32_t flags, int argcount, int posonly, int kwonly);

#endif
