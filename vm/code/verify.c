/* The verifier: walks all paths through a code object and follows which temporaries hold a value.
 *
 * Invariant: for each basic block two sets are kept: temporaries that hold a value on every way there (`must`), and
 * on some way (`may`). What an instruction reads must be in `must`; nothing but the result may be in `may` at a
 * return, so a temporary that one branch forgets is found. Sets only shrink (must) and grow (may), so the walk ends.
 */
#include "runtime/vm.h"

#include "code/verify.h"

typedef struct Block {
    bool is_leader, queued, seen;
    uint64_t *must, *may;
} Block;

typedef struct Verifier {
    VM *vm;
    const Code *code;
    uint32_t
        *block_at; /* by word: number of the block that starts there, 0: none, UINT32_MAX: inside an instruction */
    Block *blocks;
    uint64_t *sets;
    uint32_t *queue;
    uint32_t nblocks, queued;
    size_t words;         /* of a set */
    uint64_t *must, *may; /* at the present point */
    uint32_t pc;
    bool failed;
} Verifier;

/* --- operands
 * ------------------------------------------------------------------------------------------------------------ */

typedef struct Effect { /* registers that an instruction uses, as ranges */
    struct {
        uint32_t first, n;
    } read[4], peek[3], write[3];
    int nread, npeek, nwrite;
} Effect;

static void add_read(Effect *e, uint32_t first, uint32_t n) {
    e->read[e->nread].first = first;
    e->read[e->nread++].n = n;
}

static void add_peek(Effect *e, uint32_t reg) {
    e->peek[e->npeek].first = reg;
    e->peek[e->npeek++].n = 1;
}

static void add_write(Effect *e, uint32_t first, uint32_t n) {
    e->write[e->nwrite].first = first;
    e->write[e->nwrite++].n = n;
}

/* Instructions whose operands are not just what the letters of the format say. */
static bool special_effect(Instr i, uint64_t cache, Effect *e) {
    uint32_t a = instr_a(i), b = instr_b(i), c = instr_c(i);
    switch (instr_op(i)) {
    case BC_COPY:
    case BC_IMPORT_FROM:
    case BC_GET_LEN:
    case BC_MATCH_SEQUENCE:
    case BC_MATCH_MAPPING:
    case BC_GET_ANEXT:
    case BC_LOAD_CELL:
        add_peek(e, b), add_write(e, a, 1);
        return true;
    case BC_STORE_CELL:
        add_peek(e, a), add_read(e, b, 1);
        return true;
    case BC_DELETE_CELL:
        add_peek(e, a);
        return true;
    case BC_CLEAR:
    case BC_DELETE_LOCAL:
        return true;
    case BC_UNPACK:
        add_read(e, b, 1), add_write(e, a, c);
        return true;
    case BC_UNPACK_EX:
        add_read(e, b, 1), add_write(e, a, (uint32_t)(cache & 0xFFFF) + (uint32_t)(cache >> 16) + 1);
        return true;
    case BC_LOAD_METHOD:
        add_read(e, b, 1), add_write(e, a, 2);
        return true;
    case BC_LOAD_SUPER_ATTR:
        add_read(e, b, 3), add_write(e, a, 1);
        return true;
    case BC_LOAD_SUPER_METHOD:
        add_read(e, b, 3), add_write(e, a, 2);
        return true;
    case BC_BUILD_SLICE:
    case BC_BUILD_TUPLE:
    case BC_BUILD_LIST:
    case BC_BUILD_SET:
    case BC_BUILD_STRING:
    case BC_INTRINSIC:
        add_read(e, b, c), add_write(e, a, 1);
        return true;
    case BC_BUILD_MAP:
        add_read(e, b, 2 * c), add_write(e, a, 1);
        return true;
    case BC_MAKE_FUNCTION:
        add_read(e, b, (uint32_t)__builtin_popcount(c)), add_write(e, a, 1);
        return true;
    case BC_CALL:
    case BC_CALL_KW:
        add_read(e, b, c + 1), add_write(e, a, 1);
        return true;
    case BC_CALL_METHOD:
    case BC_CALL_METHOD_KW:
        add_read(e, b, c + 2), add_write(e, a, 1);
        return true;
    case BC_CALL_EX:
        add_read(e, b, c + 2), add_write(e, a, 1);
        return true;
    case BC_LIST_APPEND:
    case BC_LIST_EXTEND:
    case BC_SET_ADD:
    case BC_SET_UPDATE:
    case BC_DICT_UPDATE:
        add_peek(e, a), add_read(e, b, 1);
        return true;
    case BC_MAP_ADD:
        add_peek(e, a), add_read(e, b, 1), add_read(e, c, 1);
        return true;
    case BC_DICT_MERGE:
        add_peek(e, a), add_peek(e, c), add_read(e, b, 1);
        return true;
    case BC_ENTER_HANDLER:
        add_peek(e, a), add_write(e, a + 1, 1);
        return true;
    case BC_LEAVE_HANDLER:
    case BC_RERAISE:
    case BC_END_ASYNC_FOR:
        add_read(e, a, 2);
        return true;
    case BC_EXC_MATCH:
        add_peek(e, b), add_read(e, c, 1), add_write(e, a, 1);
        return true;
    case BC_EXC_GROUP_MATCH:
        add_peek(e, b), add_read(e, c, 1), add_write(e, a, 1);
        return true;
    case BC_PREP_RERAISE_STAR:
        add_peek(e, b), add_read(e, c, 1), add_write(e, a, 1);
        return true;
    case BC_WITH_ENTER:
        add_read(e, b, 1), add_write(e, a, 4);
        return true;
    case BC_WITH_EXCEPT_ARGS:
        add_peek(e, b), add_write(e, a, 3);
        return true;
    case BC_MATCH_KEYS:
        add_peek(e, b), add_peek(e, c), add_write(e, a, 1);
        return true;
    case BC_MATCH_CLASS:
        add_peek(e, b), add_read(e, c, 2), add_write(e, a, 1);
        return true;
    case BC_FOR_ITER:
        add_peek(e, b);
        return true;
    case BC_JUMP_IF_TRUE_KEEP:
    case BC_JUMP_IF_FALSE_KEEP:
        add_peek(e, a);
        return true;
    default:
        return false;
    }
}

static Effect effect_of(Instr i, uint64_t cache) {
    Effect e = {.nread = 0};
    const char *format = opcode_formats[instr_op(i)];
    uint32_t operands[3] = {instr_a(i), instr_b(i), instr_c(i)};
    if (special_effect(i, cache, &e))
        return e;
    for (int k = 0; k < 3 && format[k]; k++) {
        if (format[k] == 'r')
            add_read(&e, operands[k], 1);
        else if (format[k] == 'w')
            add_write(&e, operands[k], 1);
    }
    return e;
}

/* --- the state
 * ------------------------------------------------------------------------------------------------------------- */

static bool fail(Verifier *v, const char *what, uint32_t reg) {
    if (!v->failed) {
        v->failed = true;
        raise_system(v->vm, "bad code in %V at %d (%s): %s %d", v->code->qualname, (int)v->pc,
                     opcode_names[instr_op(v->code->instrs[v->pc])], what, (int)reg);
    }
    return false;
}

static bool has(const Verifier *v, const uint64_t *set, uint32_t reg) {
    uint32_t bit = reg - v->code->nlocals;
    return set[bit / 64] >> (bit % 64) & 1;
}

static void put(Verifier *v, uint64_t *set, uint32_t reg, bool on) {
    uint32_t bit = reg - v->code->nlocals;
    if (on)
        set[bit / 64] |= (uint64_t)1 << (bit % 64);
    else
        set[bit / 64] &= ~((uint64_t)1 << (bit % 64));
}

static void use(Verifier *v, uint32_t first, uint32_t n, bool consume) {
    for (uint32_t reg = first; reg < first + n && !v->failed; reg++) {
        if (reg >= v->code->nregs)
            fail(v, "no such register", reg);
        else if (reg < v->code->nlocals)
            continue;
        else if (!has(v, v->must, reg))
            fail(v, "reads an empty temporary", reg);
        else if (consume)
            put(v, v->must, reg, false), put(v, v->may, reg, false);
    }
}

static void define(Verifier *v, uint32_t first, uint32_t n) {
    for (uint32_t reg = first; reg < first + n && !v->failed; reg++) {
        if (reg >= v->code->nregs)
            fail(v, "no such register", reg);
        else if (reg >= v->code->nlocals)
            put(v, v->must, reg, true), put(v, v->may, reg, true);
    }
}

/* Control may pass from the present point to `target`. */
static void flow(Verifier *v, int64_t target) {
    if (v->failed)
        return;
    if (target < 0 || target >= v->code->ninstrs || v->block_at[target] == UINT32_MAX) {
        fail(v, "goes to no instruction:", (uint32_t)target);
        return;
    }
    Block *b = &v->blocks[v->block_at[target]];
    bool changed = !b->seen;
    for (size_t i = 0; i < v->words; i++) {
        uint64_t must = b->seen ? b->must[i] & v->must[i] : v->must[i], may = b->may[i] | v->may[i];
        changed |= must != b->must[i] || may != b->may[i];
        b->must[i] = must;
        b->may[i] = may;
    }
    b->seen = true;
    if (changed && !b->queued) {
        b->queued = true;
        v->queue[v->queued++] = v->block_at[target];
    }
}

static bool can_raise(unsigned op) {
    static const char *const flags[OPCODE_COUNT] = {
#define OPCODE(name, format, caches, flags, meaning) flags,
#include "code/opcodes.def"
#include "code/quickened.def"
#undef OPCODE
    };
    return strchr(flags[op], 'R') != NULL;
}

/* The instruction at pc raises: what it reads may be gone by then, or not. */
static void flow_to_handler(Verifier *v, const HandlerEntry *h, const Effect *e) {
    uint64_t *scratch = v->sets, *must = v->must, *may = v->may;
    memcpy(scratch, must, v->words * sizeof(uint64_t));
    memcpy(scratch + v->words, may, v->words * sizeof(uint64_t));
    v->must = scratch;
    v->may = scratch + v->words;
    for (int k = 0; k < e->nread; k++) {
        for (uint32_t reg = e->read[k].first; reg < e->read[k].first + e->read[k].n && reg < v->code->nregs; reg++) {
            if (reg >= v->code->nlocals)
                put(v, v->must, reg, false);
        }
    }
    for (uint32_t reg = h->reg; reg < v->code->nregs; reg++)
        put(v, v->must, reg, false), put(v, v->may, reg, false);
    define(v, h->reg, 1);
    flow(v, h->handler);
    v->must = must;
    v->may = may;
}

static void check_indices(Verifier *v, Instr i, uint64_t cache) {
    const Code *c = v->code;
    const char *format = opcode_formats[instr_op(i)];
    unsigned op = instr_op(i);
    if (strchr(format, 'n') && (uint32_t)cache >= c->nnames)
        fail(v, "no such name", (uint32_t)cache);
    if (format[0] && format[1] == 'k' && instr_x(i) >= c->nconsts)
        fail(v, "no such constant", instr_x(i));
    if (format[0] && format[1] != 'k' && format[2] == 'k' && instr_c(i) >= c->nconsts)
        fail(v, "no such constant", instr_c(i));
    if ((op == BC_MAKE_FUNCTION || op == BC_CALL_KW || op == BC_CALL_METHOD_KW) && (uint32_t)cache >= c->nconsts)
        fail(v, "no such constant", (uint32_t)cache);
    if ((op == BC_LOAD_FREE || op == BC_STORE_FREE || op == BC_DELETE_FREE || op == BC_LOAD_FREE_CELL ||
         op == BC_LOAD_CLASS_FREE) &&
        instr_b(i) >= as_tuple(c->freevars)->len)
        fail(v, "no such free variable", instr_b(i));
}

static void check_return(Verifier *v) {
    for (uint32_t reg = v->code->nlocals; reg < v->code->nregs; reg++) {
        if (has(v, v->may, reg))
            fail(v, "returns with a value left in", reg);
    }
}

/* Follows the outcomes of the instruction at pc; false: nothing follows it. */
static bool step(Verifier *v, Instr i, uint64_t cache, uint32_t next) {
    const char *format = opcode_formats[instr_op(i)];
    switch (instr_op(i)) {
    case BC_FOR_ITER:
        define(v, instr_a(i), 1);
        flow(v, (int64_t)next + (int32_t)cache);
        if (instr_a(i) >= v->code->nlocals)
            put(v, v->must, instr_a(i), false), put(v, v->may, instr_a(i), false);
        use(v, instr_b(i), 1, true);
        return true;
    case BC_JUMP_IF_TRUE_KEEP:
    case BC_JUMP_IF_FALSE_KEEP:
        flow(v, (int64_t)next + (int32_t)instr_x(i));
        use(v, instr_a(i), 1, true);
        return true;
    case BC_CLEAR:
    case BC_DELETE_LOCAL:
        if (instr_a(i) >= v->code->nregs)
            return fail(v, "no such register", instr_a(i));
        if (instr_a(i) >= v->code->nlocals)
            put(v, v->must, instr_a(i), false), put(v, v->may, instr_a(i), false);
        return true;
    case BC_RETURN:
    case BC_RETURN_K:
        check_return(v);
        return false;
    case BC_RERAISE:
    case BC_RERAISE_BARE:
    case BC_RAISE:
    case BC_RAISE_FROM:
    case BC_RAISE_CURRENT:
        return false;
    case BC_JUMP:
        flow(v, (int64_t)next + (int32_t)instr_x(i));
        return false;
    default:
        break;
    }
    if (format[0] == 'J')
        flow(v, (int64_t)next + (int16_t)instr_a(i));
    else if (format[0] && format[1] == 'X')
        flow(v, (int64_t)next + (int32_t)instr_x(i));
    return true;
}

static void run_block(Verifier *v, uint32_t start) {
    const Code *c = v->code;
    uint32_t pc = start;
    for (;;) {
        v->pc = pc;
        Instr i = c->instrs[pc];
        uint32_t next = pc + 1 + opcode_caches[instr_op(i)];
        uint64_t cache = opcode_caches[instr_op(i)] ? c->instrs[pc + 1] : 0;
        Effect e = effect_of(i, cache);
        const HandlerEntry *h = can_raise(instr_op(i)) ? code_handler(c, pc) : NULL;
        check_indices(v, i, cache);
        if (h)
            flow_to_handler(v, h, &e);
        for (int k = 0; k < e.npeek; k++)
            use(v, e.peek[k].first, e.peek[k].n, false);
        for (int k = 0; k < e.nread; k++)
            use(v, e.read[k].first, e.read[k].n, true);
        for (int k = 0; k < e.nwrite; k++)
            define(v, e.write[k].first, e.write[k].n);
        if (v->failed || !step(v, i, cache, next) || v->failed)
            return;
        if (next >= c->ninstrs) {
            fail(v, "runs off the end at", next);
            return;
        }
        if (v->block_at[next]) {
            flow(v, next);
            return;
        }
        pc = next;
    }
}

/* --- blocks
 * ------------------------------------------------------------------------------------------------------------------
 */

static void mark_leader(Verifier *v, int64_t target) {
    if (target >= 0 && target < v->code->ninstrs && v->block_at[target] == 0)
        v->block_at[target] = ++v->nblocks;
}

static bool find_blocks(Verifier *v) {
    const Code *c = v->code;
    for (uint32_t pc = 0; pc < c->ninstrs;) {
        unsigned op = instr_op(c->instrs[pc]);
        if (op >= OPCODE_COUNT || pc + opcode_caches[op] >= c->ninstrs) {
            raise_system(v->vm, "bad code in %V at %d: no such instruction", c->qualname, (int)pc);
            return false;
        }
        for (unsigned k = 1; k <= opcode_caches[op]; k++)
            v->block_at[pc + k] = UINT32_MAX;
        pc += 1 + opcode_caches[op];
    }
    mark_leader(v, 0);
    for (uint32_t pc = 0; pc < c->ninstrs;) {
        Instr i = c->instrs[pc];
        unsigned op = instr_op(i);
        const char *format = opcode_formats[op];
        uint32_t next = pc + 1 + opcode_caches[op];
        if (format[0] == 'J')
            mark_leader(v, (int64_t)next + (int16_t)instr_a(i));
        else if (format[0] && format[1] == 'X')
            mark_leader(v, (int64_t)next + (int32_t)instr_x(i));
        else if (strchr(format, 'F'))
            mark_leader(v, (int64_t)next + (int32_t)c->instrs[pc + 1]);
        pc = next;
    }
    uint32_t end = 0;
    for (uint32_t i = 0; i < c->nhandlers; i++) {
        const HandlerEntry *h = &c->handlers[i];
        if (h->start < end || h->end <= h->start)
            return fail(v, "handler out of order:", i);
        end = h->end;
        mark_leader(v, h->handler);
    }
    return true;
}

static void walk(Verifier *v) {
    size_t per_block = 2 * v->words;
    for (uint32_t b = 1; b <= v->nblocks; b++) {
        v->blocks[b].must = v->sets + (b + 1) * per_block;
        v->blocks[b].may = v->blocks[b].must + v->words;
    }
    uint64_t *present = v->sets + per_block, *starts = v->sets + (v->nblocks + 2) * per_block;
    uint32_t *start = (uint32_t *)starts;
    for (uint32_t pc = 0; pc < v->code->ninstrs; pc++) {
        if (v->block_at[pc] && v->block_at[pc] != UINT32_MAX)
            start[v->block_at[pc]] = pc;
    }
    v->must = present;
    v->may = present + v->words;
    flow(v, 0);
    while (v->queued > 0 && !v->failed) {
        uint32_t b = v->queue[--v->queued];
        v->blocks[b].queued = false;
        memcpy(v->must, v->blocks[b].must, v->words * sizeof(uint64_t));
        memcpy(v->may, v->blocks[b].may, v->words * sizeof(uint64_t));
        run_block(v, start[b]);
    }
}

bool code_verify(VM *vm, const Code *code) {
    Verifier v = {.vm = vm, .code = code, .words = ((size_t)(code->nregs - code->nlocals) + 64) / 64};
    size_t at_size = code->ninstrs * sizeof(uint32_t);
    if (code->ninstrs == 0 || code->nregs < code->nlocals)
        return raise_system(vm, "bad code in %V: no instructions", code->qualname);
    v.block_at = mem_zalloc(vm, at_size);
    if (!v.block_at)
        return false;
    bool ok = find_blocks(&v);
    size_t blocks_size = (v.nblocks + 1) * sizeof(Block), queue_size = (v.nblocks + 1) * sizeof(uint32_t);
    size_t sets_size = ((v.nblocks + 2) * 2 * v.words + v.nblocks + 2) * sizeof(uint64_t);
    if (ok) {
        v.blocks = mem_zalloc(vm, blocks_size);
        v.queue = v.blocks ? mem_zalloc(vm, queue_size) : NULL;
        v.sets = v.queue ? mem_zalloc(vm, sets_size) : NULL;
        ok = v.sets != NULL;
        if (ok)
            walk(&v);
    }
    mem_free(vm, v.sets, sets_size);
    mem_free(vm, v.queue, queue_size);
    mem_free(vm, v.blocks, blocks_size);
    mem_free(vm, v.block_at, at_size);
    return ok && !v.failed;
}
