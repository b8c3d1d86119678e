/* The instruction buffer and its assembler.
 *
 * Invariant: dead code is never stored, so every stored instruction can be reached, every label that is jumped to
 * gets placed, and what is known about locals at a label is what all jumps to it agree on. Near jumps are assumed
 * until the layout shows that one does not fit; then its compare and its jump are written apart. */
#include "runtime/vm.h"

#include "code/verify.h"
#include "compiler/emit.h"
#include "compiler/symtable.h"

/* Makes room for one more item of a vector; vectors are kept for the next unit when a unit ends. */
static bool grow(Compiler *c, void *vector, uint32_t used, uint32_t *capacity, size_t size) {
    if (likely(used < *capacity))
        return true;
    if (c->failed)
        return false;
    uint32_t wanted = *capacity ? *capacity * 2 : 64;
    void *old;
    memcpy(&old, vector, sizeof old);
    void *memory = mem_realloc(c->vm, old, *capacity * size, wanted * size);
    if (!memory)
        return context_fail(c);
    memcpy(vector, &memory, sizeof memory);
    *capacity = wanted;
    return true;
}

Unit *unit_push(Compiler *c, Scope *scope) {
    Unit *u = c->spare_units;
    if (u) {
        c->spare_units = u->parent;
        Unit kept = *u;
        memset(u, 0, sizeof *u);
        u->ins = kept.ins, u->ins_capacity = kept.ins_capacity;
        u->labels = kept.labels, u->labels_capacity = kept.labels_capacity;
        u->regions = kept.regions, u->regions_capacity = kept.regions_capacity;
        u->consts = kept.consts, u->consts_capacity = kept.consts_capacity;
        u->names = kept.names, u->names_capacity = kept.names_capacity;
        u->static_attributes = kept.static_attributes, u->static_capacity = kept.static_capacity;
    } else {
        u = mem_zalloc(c->vm, sizeof *u);
        if (!u) {
            context_fail(c);
            return NULL;
        }
    }
    u->parent = c->unit;
    u->scope = u->inner = scope;
    u->nregions = 1; /* number 0 means no region */
    c->unit = u;
    if (!grow(c, &u->regions, 0, &u->regions_capacity, sizeof(Region)))
        return NULL;
    return u;
}

void unit_pop(Compiler *c) {
    Unit *u = c->unit;
    decref(c->vm, u->qualname);
    u->qualname = 0;
    c->unit = u->parent;
    u->parent = c->spare_units;
    c->spare_units = u;
}

void unit_free_spares(Compiler *c) {
    while (c->unit)
        unit_pop(c);
    for (Unit *u = c->spare_units, *next; u; u = next) {
        next = u->parent;
        mem_free(c->vm, u->ins, u->ins_capacity * sizeof(Ins));
        mem_free(c->vm, u->labels, u->labels_capacity * sizeof(Label));
        mem_free(c->vm, u->regions, u->regions_capacity * sizeof(Region));
        mem_free(c->vm, u->consts, u->consts_capacity * sizeof(Value));
        mem_free(c->vm, u->names, u->names_capacity * sizeof(NameId));
        mem_free(c->vm, u->static_attributes, u->static_capacity * sizeof(NameId));
        mem_free(c->vm, u, sizeof *u);
    }
    c->spare_units = NULL;
}

/* Labels ------------------------------------------------------------------------------------------------------------
 */

int emit_label(Compiler *c) {
    Unit *u = c->unit;
    if (!grow(c, &u->labels, u->nlabels, &u->labels_capacity, sizeof(Label)))
        return 0;
    u->labels[u->nlabels] = (Label){.at = -1};
    return (int)u->nlabels++;
}

static void known_merge(Known *known, const Known *other) {
    for (int i = 0; i < KNOWN_WORDS; i++)
        known->bits[i] &= other->bits[i];
}

static Known without_deletable(const Unit *u, const Known *known) {
    Known result = *known;
    for (int i = 0; i < KNOWN_WORDS; i++)
        result.bits[i] &= ~u->deletable.bits[i];
    return result;
}

void emit_place(Compiler *c, int label) {
    Unit *u = c->unit;
    if (c->failed)
        return;
    Label *l = &u->labels[label];
    l->at = (int32_t)u->nins;
    if (l->refs == 0)
        return;
    if (u->dead) {
        u->dead = false;
        u->known = l->known;
    } else {
        known_merge(&u->known, &l->known);
    }
}

void emit_place_loop(Compiler *c, int label) {
    emit_place(c, label);
    c->unit->known = without_deletable(c->unit, &c->unit->known);
}

void emit_place_body(Compiler *c, int label, const Known *entry, bool alive) {
    Unit *u = c->unit;
    if (c->failed)
        return;
    u->labels[label].at = (int32_t)u->nins;
    u->dead = !alive;
    u->known = without_deletable(u, entry);
}

void emit_place_handler(Compiler *c, int label, const Known *entry, bool alive) {
    emit_place_body(c, label, entry, alive);
}

/* Instructions ------------------------------------------------------------------------------------------------------
 */

static bool never_falls_through(int op) {
    switch (op) {
    case BC_JUMP:
    case BC_RETURN:
    case BC_RETURN_K:
    case BC_RERAISE:
    case BC_RERAISE_BARE:
    case BC_RAISE:
    case BC_RAISE_FROM:
    case BC_RAISE_CURRENT:
        return true;
    default:
        return false;
    }
}

static int16_t short_column(int column) { return column > INT16_MAX ? -1 : (int16_t)column; }

static Ins *append(Compiler *c, int op, int a, int b, int d, const Span *at) {
    Unit *u = c->unit;
    if (c->failed || u->dead || !grow(c, &u->ins, u->nins, &u->ins_capacity, sizeof(Ins)))
        return NULL;
    if (at)
        u->last = *at;
    Ins *ins = &u->ins[u->nins++];
    ins->op = (uint16_t)op;
    ins->a = (uint16_t)a;
    ins->b = (uint16_t)b;
    ins->c = (uint16_t)d;
    ins->x = 0;
    ins->label = -1;
    ins->region = u->region;
    ins->line = u->last.line;
    ins->end_line = u->last.end_line;
    ins->col = short_column(u->last.col);
    ins->end_col = short_column(u->last.end_col);
    if (never_falls_through(op))
        u->dead = true;
    return ins;
}

void emit(Compiler *c, int op, int a, int b, int d, const Span *at) { append(c, op, a, b, d, at); }

void emit_x(Compiler *c, int op, int a, uint32_t x, const Span *at) {
    Ins *ins = append(c, op, a, 0, 0, at);
    if (ins)
        ins->x = x;
}

void emit_cache(Compiler *c, int op, int a, int b, int d, uint32_t x, const Span *at) {
    Ins *ins = append(c, op, a, b, d, at);
    if (ins)
        ins->x = x;
}

void emit_jump(Compiler *c, int op, int a, int b, int d, int label, const Span *at) {
    Unit *u = c->unit;
    Ins *ins = append(c, op, a, b, d, at);
    if (!ins)
        return;
    ins->label = label;
    Label *l = &u->labels[label];
    if (l->at < 0 && l->refs)
        known_merge(&l->known, &u->known);
    else
        l->known = u->known;
    l->refs++;
    if (opcode_formats[op][0] == 'J') { /* in case it must become a compare and a far jump */
        ins->a = (uint16_t)u->top;
        if (u->top + 1 > u->max)
            u->max = u->top + 1;
    }
}

void emit_goto(Compiler *c, int label, const Span *at) { emit_jump(c, BC_JUMP, 0, 0, 0, label, at); }

void emit_dead(Compiler *c) { c->unit->dead = true; }

uint32_t emit_region(Compiler *c, int label, int reg) {
    Unit *u = c->unit;
    uint32_t outer = u->region;
    if (!grow(c, &u->regions, u->nregions, &u->regions_capacity, sizeof(Region)))
        return outer;
    u->regions[u->nregions] = (Region){label, (uint32_t)reg};
    u->region = u->nregions++;
    if (reg + 1 > u->max)
        u->max = reg + 1;
    return outer;
}

uint32_t emit_const(Compiler *c, Value value) {
    Unit *u = c->unit;
    if (u->dead && !c->failed) {
        decref(c->vm, value);
        return 0;
    }
    value = const_unique(c, value);
    uint64_t *slot = value ? map_slot(&c->arena, &u->const_map, value) : NULL;
    if (!slot) {
        context_nomem(c);
        return 0;
    }
    if (*slot == 0) {
        if (!grow(c, &u->consts, u->nconsts, &u->consts_capacity, sizeof(Value)))
            return 0;
        u->consts[u->nconsts++] = value;
        *slot = u->nconsts;
    }
    return (uint32_t)*slot - 1;
}

uint32_t emit_name(Compiler *c, NameId id) {
    Unit *u = c->unit;
    if (c->failed || u->dead)
        return 0;
    uint64_t *slot = map_slot(&c->arena, &u->name_map, id);
    if (!slot) {
        context_nomem(c);
        return 0;
    }
    if (*slot == 0) {
        if (!grow(c, &u->names, u->nnames, &u->names_capacity, sizeof(NameId)))
            return 0;
        u->names[u->nnames++] = id;
        *slot = u->nnames;
    }
    return (uint32_t)*slot - 1;
}

/* Assembly ----------------------------------------------------------------------------------------------------------
 */

typedef struct Assembler {
    Compiler *c;
    Unit *u;
    uint32_t *at;   /* word offset of each instruction, and of the end */
    uint8_t *shape; /* SHAPE_* of each instruction */
    Instr *words;
    HandlerEntry *handlers;
    CodePosition *positions;
    uint32_t nwords, nhandlers, npositions;
} Assembler;

enum { SHAPE_NORMAL, SHAPE_SPLIT /* compare + far jump */, SHAPE_GONE };

/* The instruction a jump ends up at: unconditional jumps to jumps are followed. */
static uint32_t jump_target(const Unit *u, int32_t label) {
    uint32_t target = (uint32_t)u->labels[label].at;
    for (int i = 0; i < 8 && target < u->nins && u->ins[target].op == BC_JUMP; i++)
        target = (uint32_t)u->labels[u->ins[target].label].at;
    return target;
}

static uint32_t size_of(const Assembler *s, uint32_t i) {
    if (s->shape[i] == SHAPE_GONE)
        return 0;
    return 1u + opcode_caches[s->u->ins[i].op] + (s->shape[i] == SHAPE_SPLIT);
}

static bool layout_once(Assembler *s) {
    Unit *u = s->u;
    uint32_t at = 0;
    for (uint32_t i = 0; i < u->nins; i++) {
        s->at[i] = at;
        at += size_of(s, i);
    }
    s->at[u->nins] = at;
    bool changed = false;
    for (uint32_t i = 0; i < u->nins; i++) {
        if (u->ins[i].label < 0 || s->shape[i] != SHAPE_NORMAL || opcode_formats[u->ins[i].op][0] != 'J')
            continue;
        int64_t offset = (int64_t)s->at[jump_target(u, u->ins[i].label)] - s->at[i + 1];
        if (offset > INT16_MAX || offset < INT16_MIN) {
            s->shape[i] = SHAPE_SPLIT;
            changed = true;
        }
    }
    return changed;
}

/* The conditional jump that is taken when op is not; 0: none. */
static int opposite(int op) {
    switch (op) {
    case BC_JUMP_IF_TRUE:
        return BC_JUMP_IF_FALSE;
    case BC_JUMP_IF_FALSE:
        return BC_JUMP_IF_TRUE;
    case BC_JUMP_IF_NONE:
        return BC_JUMP_IF_NOT_NONE;
    case BC_JUMP_IF_NOT_NONE:
        return BC_JUMP_IF_NONE;
    default:
        break;
    }
    if (opcode_formats[op][0] != 'J')
        return 0;
    int row = (op - BC_LT) % 6; /* value, value_K, J, J_K, JN, JN_K */
    return row < 4 ? op + 2 : op - 2;
}

/* A conditional jump over an unconditional one (`if x: continue`) becomes the opposite jump to where that one goes.
 */
static void merge_jumps(Assembler *s) {
    Unit *u = s->u;
    for (uint32_t i = 0; i + 1 < u->nins; i++) {
        Ins *ins = &u->ins[i];
        if (ins->label < 0 || u->ins[i + 1].op != BC_JUMP || (uint32_t)u->labels[ins->label].at != i + 2)
            continue;
        int op = opposite(ins->op);
        if (op == 0)
            continue;
        ins->op = (uint16_t)op;
        ins->label = u->ins[i + 1].label;
        s->shape[i + 1] = SHAPE_GONE;
    }
}

static void layout(Assembler *s) {
    Unit *u = s->u;
    merge_jumps(s);
    for (uint32_t i = 0; i < u->nins; i++) {
        if (u->ins[i].op == BC_JUMP && jump_target(u, u->ins[i].label) == i + 1)
            s->shape[i] = SHAPE_GONE;
    }
    while (layout_once(s))
        continue;
    s->nwords = s->at[u->nins];
}

static void write_split(Instr *out, const Ins *ins, uint32_t offset) {
    int row = (ins->op - BC_LT) % 6; /* value, value_K, J, J_K, JN, JN_K */
    int compare = ins->op - row + (row & 1);
    out[0] = INSTR(compare, ins->a, ins->b, ins->c);
    out[1] = INSTR_X(row < 4 ? BC_JUMP_IF_TRUE : BC_JUMP_IF_FALSE, ins->a, offset);
}

static void write_word(const Assembler *s, uint32_t i) {
    const Ins *ins = &s->u->ins[i];
    const char *format = opcode_formats[ins->op];
    Instr *out = &s->words[s->at[i]];
    uint32_t x = ins->x;
    if (s->shape[i] == SHAPE_GONE)
        return;
    if (ins->label >= 0)
        x = s->at[jump_target(s->u, ins->label)] - s->at[i + 1];
    for (unsigned k = 1; k <= opcode_caches[ins->op]; k++)
        out[k] = 0;
    if (s->shape[i] == SHAPE_SPLIT) {
        write_split(out, ins, x);
    } else if (format[0] == 'J') {
        *out = INSTR(ins->op, x, ins->b, ins->c);
    } else if (format[1] == 'X' || (format[1] == 'k' && format[2] == 'k')) {
        *out = INSTR_X(ins->op, ins->a, x);
    } else {
        *out = INSTR(ins->op, ins->a, ins->b, ins->c);
        if (opcode_caches[ins->op])
            out[1] = x;
    }
}

static void write_tables(Assembler *s) {
    Unit *u = s->u;
    for (uint32_t i = 0; i < u->nins; i++) {
        const Ins *ins = &u->ins[i];
        write_word(s, i);
        if (s->shape[i] == SHAPE_GONE)
            continue;
        const CodePosition *p = s->npositions ? &s->positions[s->npositions - 1] : NULL;
        if (!p || p->line != ins->line || p->end_line != ins->end_line || p->col != ins->col ||
            p->end_col != ins->end_col)
            s->positions[s->npositions++] =
                (CodePosition){s->at[i], ins->line, ins->end_line, ins->col, ins->end_col};
        if (!ins->region)
            continue;
        const Region *region = &u->regions[ins->region];
        uint32_t handler = s->at[u->labels[region->label].at];
        HandlerEntry *h = s->nhandlers ? &s->handlers[s->nhandlers - 1] : NULL;
        if (h && h->end == s->at[i] && h->handler == handler && h->reg == region->reg)
            h->end = s->at[i + 1];
        else
            s->handlers[s->nhandlers++] = (HandlerEntry){s->at[i], s->at[i + 1], handler, region->reg};
    }
}

static Value name_tuple(Compiler *c, const NameId *ids, uint32_t n) {
    Value tuple = tuple_new(c->vm, n);
    for (uint32_t i = 0; tuple && i < n; i++)
        as_tuple(tuple)->items[i] = incref(context_name(c, ids[i]));
    return tuple;
}

/* Names of the closure in the order of their numbers. */
static Value free_names(Compiler *c, const Scope *scope) {
    uint32_t n = scope->free_map.used;
    Value tuple = tuple_new(c->vm, n);
    for (const Symbol *s = scope->first_free; tuple && s; s = s->next)
        as_tuple(tuple)->items[s->reg] = incref(context_name(c, s->id));
    return tuple;
}

static Value cell_names(Compiler *c, const Unit *u) {
    uint32_t n = 0;
    NameId *ids = arena_alloc(&c->arena, sizeof(NameId) * ((size_t)u->nlocals + 1));
    if (!ids) {
        context_nomem(c);
        return 0;
    }
    for (int i = 0; i < u->nlocals; i++) {
        if (u->local_kinds[i] & LOCAL_CELL)
            ids[n++] = u->local_ids[i];
    }
    return name_tuple(c, ids, n);
}

static Value make_code(Assembler *s, uint32_t flags, int argcount, int posonly, int kwonly) {
    Compiler *c = s->c;
    Unit *u = s->u;
    Value *names = mem_alloc(c->vm, u->nnames * sizeof(Value));
    if (!names)
        return 0;
    for (uint32_t i = 0; i < u->nnames; i++)
        names[i] = context_name(c, u->names[i]);
    CodeInit init = {
        .instrs = s->words,
        .ninstrs = s->nwords,
        .consts = u->consts,
        .nconsts = u->nconsts,
        .names = names,
        .nnames = u->nnames,
        .handlers = s->handlers,
        .nhandlers = s->nhandlers,
        .positions = s->positions,
        .npositions = s->npositions,
        .local_kinds = u->local_kinds,
        .argcount = (uint16_t)argcount,
        .posonlyargcount = (uint16_t)posonly,
        .kwonlyargcount = (uint16_t)kwonly,
        .nlocals = (uint16_t)u->nlocals,
        .nregs = (uint16_t)u->max,
        .flags = flags,
        .firstlineno = u->firstlineno,
        .name = context_name(c, u->name),
        .qualname = u->qualname,
        .filename = c->filename,
    };
    Value code = 0;
    init.local_names = name_tuple(c, u->local_ids, (uint32_t)u->nlocals);
    init.freevars = init.local_names ? free_names(c, u->scope) : 0;
    init.cellvars = init.freevars ? cell_names(c, u) : 0;
    if (init.cellvars)
        code = code_new(c->vm, &init);
#if !defined(NDEBUG)
    if (code && !code_verify(c->vm, as_code(code))) {
        decref(c->vm, code);
        code = 0;
    }
#endif
    decref(c->vm, init.local_names);
    decref(c->vm, init.freevars);
    decref(c->vm, init.cellvars);
    mem_free(c->vm, names, u->nnames * sizeof(Value));
    return code;
}

Value emit_finish(Compiler *c, uint32_t flags, int argcount, int posonly, int kwonly) {
    Unit *u = c->unit;
    if (c->failed)
        return 0;
    if (u->max > 65000 || u->nlocals > 65000) {
        raisef(c->vm, c->vm->exc.SyntaxError, "too many variables or nested values in '%V'", u->qualname);
        context_fail(c);
        return 0;
    }
    if (u->max < u->nlocals)
        u->max = u->nlocals;
    Assembler s = {.c = c, .u = u};
    size_t n = u->nins, at_size = (n + 1) * sizeof(uint32_t), handlers_size = n * sizeof(HandlerEntry),
           positions_size = n * sizeof(CodePosition), words_size = 0;
    Value code = 0;
    s.at = mem_alloc(c->vm, at_size);
    s.shape = s.at ? mem_zalloc(c->vm, n) : NULL;
    s.handlers = s.shape ? mem_alloc(c->vm, handlers_size) : NULL;
    s.positions = s.handlers ? mem_alloc(c->vm, positions_size) : NULL;
    if (s.positions) {
        layout(&s);
        words_size = s.nwords * sizeof(Instr);
        s.words = mem_alloc(c->vm, words_size);
        if (s.words) {
            write_tables(&s);
            code = make_code(&s, flags, argcount, posonly, kwonly);
        }
    }
    mem_free(c->vm, s.words, words_size);
    mem_free(c->vm, s.positions, positions_size);
    mem_free(c->vm, s.handlers, handlers_size);
    mem_free(c->vm, s.shape, n);
    mem_free(c->vm, s.at, at_size);
    if (!code)
        context_fail(c);
    return code;
}
