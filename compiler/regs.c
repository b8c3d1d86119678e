/* The layout of a frame's registers: parameters | plain locals | cells | variables of comprehensions | temporaries.
 *
 * Invariant: the number of locals is fixed before the first instruction, from the symbol table alone. Plain locals
 * get their numbers in the order in which code meets them, since locals() shows that order; two comprehensions that
 * do not run inside each other share the registers of variables with the same name. */
#include "runtime/vm.h"

#include "compiler/regs.h"

#include <stdlib.h>

typedef struct HiddenSlot {
    int reg;
    bool busy;
    struct HiddenSlot *next;
} HiddenSlot;

typedef struct Layout {
    Compiler *c;
    Map hidden; /* name and kind -> HiddenSlot chain */
    NameId *ids;
    uint8_t *kinds;
    uint32_t n, capacity;
} Layout;

static int layout_add(Layout *l, NameId id, int kind) {
    if (l->n >= l->capacity) {
        uint32_t capacity = l->capacity ? l->capacity * 2 : 16;
        NameId *ids = arena_alloc(&l->c->arena, capacity * sizeof(NameId));
        uint8_t *kinds = arena_alloc(&l->c->arena, capacity);
        if (!ids || !kinds) {
            context_nomem(l->c);
            return 0;
        }
        if (l->n) {
            memcpy(ids, l->ids, l->n * sizeof(NameId));
            memcpy(kinds, l->kinds, l->n);
        }
        l->ids = ids;
        l->kinds = kinds;
        l->capacity = capacity;
    }
    l->ids[l->n] = id;
    l->kinds[l->n] = (uint8_t)kind;
    return (int)l->n++;
}

static HiddenSlot *take_hidden(Layout *l, const Symbol *symbol) {
    Compiler *c = l->c;
    bool cell = symbol->where == WHERE_CELL;
    uint64_t *chain = map_slot(&c->arena, &l->hidden, (uint64_t)symbol->id * 2 + cell);
    if (!chain) {
        context_nomem(c);
        return NULL;
    }
    for (HiddenSlot *slot = (HiddenSlot *)(uintptr_t)*chain; slot; slot = slot->next) {
        if (!slot->busy)
            return slot;
    }
    HiddenSlot *slot = arena_alloc_zero(&c->arena, sizeof *slot);
    if (!slot) {
        context_nomem(c);
        return NULL;
    }
    /* in a function they show among the locals, unless the function has one of the same name */
    Scope *frame = c->unit->scope;
    bool hidden = !scope_is_function(frame) || symtable_lookup(frame, symbol->id);
    slot->reg = layout_add(l, symbol->id, (hidden ? LOCAL_HIDDEN : LOCAL_PLAIN) | (cell ? LOCAL_CELL : 0));
    slot->next = (HiddenSlot *)(uintptr_t)*chain;
    *chain = (uintptr_t)slot;
    return slot;
}

static void layout_comprehensions(Layout *l, Scope *scope) {
    if (!context_enter(l->c))
        return;
    for (Scope *child = scope->first_child; child && !l->c->failed; child = child->next_sibling) {
        if (!scope_is_inlined(child))
            continue;
        HiddenSlot **taken = arena_alloc(&l->c->arena, (child->map.used + 1) * sizeof *taken);
        uint32_t n = 0;
        if (!taken)
            context_nomem(l->c);
        for (Symbol *s = child->first; s && !l->c->failed; s = s->next) {
            if (s->where != WHERE_LOCAL && s->where != WHERE_CELL)
                continue;
            HiddenSlot *slot = take_hidden(l, s);
            if (!slot)
                break;
            slot->busy = true;
            s->reg = slot->reg;
            taken[n++] = slot;
        }
        layout_comprehensions(l, child);
        while (n > 0)
            taken[--n]->busy = false;
    }
    context_leave(l->c);
}

static int compare_symbols(const void *a, const void *b) {
    const Symbol *const *x = a, *const *y = b;
    return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id;
}

typedef struct Sorted {
    const char *text;
    Symbol *symbol;
} Sorted;

static int compare_texts(const void *a, const void *b) {
    return strcmp(((const Sorted *)a)->text, ((const Sorted *)b)->text);
}

/* Numbers symbols in the order of their names, as closures are shown. */
static void number_by_name(Compiler *c, Symbol **symbols, uint32_t n, int first) {
    Sorted *sorted = arena_alloc(&c->arena, (n + 1) * sizeof *sorted);
    if (!sorted) {
        context_nomem(c);
        return;
    }
    qsort(symbols, n, sizeof *symbols, compare_symbols);
    for (uint32_t i = 0; i < n; i++)
        sorted[i] = (Sorted){context_text(c, symbols[i]->id), symbols[i]};
    qsort(sorted, n, sizeof *sorted, compare_texts);
    for (uint32_t i = 0; i < n; i++) {
        sorted[i].symbol->reg = first + (int)i;
        symbols[i] = sorted[i].symbol;
    }
}

static void layout_frees(Compiler *c, Scope *scope) {
    uint32_t n = 0;
    Symbol **symbols = arena_alloc(&c->arena, (scope->free_map.used + 1) * sizeof *symbols);
    if (!symbols) {
        context_nomem(c);
        return;
    }
    for (Symbol *s = scope->first_free; s; s = s->next)
        symbols[n++] = s;
    number_by_name(c, symbols, n, 0);
}

static void layout_cells(Layout *l, Scope *scope) {
    Compiler *c = l->c;
    uint32_t n = 0;
    Symbol **symbols = arena_alloc(&c->arena, (scope->map.used + 3) * sizeof *symbols);
    if (!symbols) {
        context_nomem(c);
        return;
    }
    if (scope_is_function(scope)) {
        for (Symbol *s = scope->first; s; s = s->next) {
            if (s->where == WHERE_CELL && !(s->flags & SYM_PARAM))
                symbols[n++] = s;
        }
    }
    if (scope->class_cell)
        symbols[n++] = scope->class_cell;
    if (scope->classdict_cell)
        symbols[n++] = scope->classdict_cell;
    number_by_name(c, symbols, n, (int)l->n);
    for (uint32_t i = 0; i < n; i++)
        layout_add(l, symbols[i]->id, LOCAL_CELL);
}

bool regs_layout(Compiler *c) {
    Unit *u = c->unit;
    Scope *scope = u->scope;
    Layout l = {.c = c};
    if (c->failed)
        return false;
    if (scope_is_function(scope)) {
        for (Symbol *s = scope->first; s; s = s->next) {
            if (s->flags & SYM_PARAM) {
                s->reg = layout_add(&l, s->id, s->where == WHERE_CELL ? LOCAL_CELL : LOCAL_PLAIN);
                regs_set_known(c, s->reg, true);
                if (s->flags & SYM_DELETED && s->reg < KNOWN_LOCALS)
                    u->deletable.bits[s->reg / 64] |= (uint64_t)1 << (s->reg % 64);
            }
        }
        u->nparams = u->next_plain = (int)l.n;
        for (Symbol *s = scope->first; s; s = s->next) {
            if (s->where == WHERE_LOCAL && !(s->flags & SYM_PARAM))
                layout_add(&l, 0, LOCAL_PLAIN);
        }
    }
    u->end_plain = (int)l.n;
    layout_cells(&l, scope);
    u->first_hidden = (int)l.n;
    layout_comprehensions(&l, scope);
    layout_frees(c, scope);
    u->local_ids = l.ids;
    u->local_kinds = l.kinds;
    u->nlocals = u->top = u->max = (int)l.n;
    return !c->failed;
}

int regs_of(Compiler *c, Symbol *symbol) {
    Unit *u = c->unit;
    if (symbol->reg < 0) {
        symbol->reg = u->next_plain++;
        if (symbol->reg >= u->end_plain) {
            raise_system(c->vm, "register layout of '%V' is wrong", u->qualname);
            context_fail(c);
            return 0;
        }
        u->local_ids[symbol->reg] = symbol->id;
        if (symbol->flags & SYM_DELETED && symbol->reg < KNOWN_LOCALS)
            u->deletable.bits[symbol->reg / 64] |= (uint64_t)1 << (symbol->reg % 64);
    }
    return symbol->reg;
}

int regs_push_many(Compiler *c, int n) {
    Unit *u = c->unit;
    int first = u->top;
    u->top += n;
    if (u->top > u->max)
        u->max = u->top;
    if (u->max > 65000 && !c->failed) {
        raisef(c->vm, c->vm->exc.SyntaxError, "too many variables or nested values in '%V'", u->qualname);
        context_fail(c);
    }
    return first;
}

int regs_push(Compiler *c) { return regs_push_many(c, 1); }

int regs_out(Compiler *c, int dst) { return dst >= 0 ? dst : regs_push(c); }

bool regs_known(const Compiler *c, int reg) {
    const Unit *u = c->unit;
    if (reg >= u->end_plain)
        return true; /* a variable of a comprehension, bound by its loop */
    return reg < KNOWN_LOCALS && u->known.bits[reg / 64] >> (reg % 64) & 1;
}

void regs_set_known(Compiler *c, int reg, bool known) {
    Unit *u = c->unit;
    if (reg >= KNOWN_LOCALS)
        return;
    uint64_t bit = (uint64_t)1 << (reg % 64);
    if (known)
        u->known.bits[reg / 64] |= bit;
    else
        u->known.bits[reg / 64] &= ~bit;
}
