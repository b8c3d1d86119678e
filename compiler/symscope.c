/* Second pass: decides for every name of every scope whether it is a local, a cell, a free variable or a global.
 *
 * Invariant: scopes are resolved from the outside in, so when an inner scope asks what a name means further out, the
 * answer there is final; what only gets added to outer scopes afterwards is that a local is captured (it becomes a
 * cell) or that a variable passes through (the scope gets an entry in its closure). Each pass-through is noted in the
 * scope it goes through, so no chain of scopes is walked twice for a name. */
#include "runtime/vm.h"

#include "compiler/symtable.h"

static Symbol *new_symbol(Compiler *c, NameId id, Where where) {
    Symbol *symbol = arena_alloc_zero(&c->arena, sizeof *symbol);
    if (!symbol) {
        context_nomem(c);
        return NULL;
    }
    symbol->id = id;
    symbol->where = (uint8_t)where;
    symbol->reg = -1;
    return symbol;
}

/* The entry of a frame's closure for a variable that an outer frame owns. */
static Symbol *get_free(Compiler *c, Scope *frame, NameId id, Symbol *outer) {
    uint64_t *slot = map_slot(&c->arena, &frame->free_map, id);
    if (!slot) {
        context_nomem(c);
        return NULL;
    }
    if (*slot)
        return (Symbol *)(uintptr_t)*slot;
    Symbol *symbol = new_symbol(c, id, WHERE_FREE);
    if (!symbol)
        return NULL;
    symbol->flags = outer->flags;
    symbol->alias = outer; /* what the frame around puts into the closure */
    if (outer->where == WHERE_LOCAL)
        outer->where = WHERE_CELL;
    *slot = (uintptr_t)symbol;
    if (frame->last_free)
        frame->last_free->next = symbol;
    else
        frame->first_free = symbol;
    frame->last_free = symbol;
    return symbol;
}

static Symbol *implicit_cell(Compiler *c, Scope *class_scope, NameId id) {
    Symbol **cell = id == c->id_class ? &class_scope->class_cell : &class_scope->classdict_cell;
    if (!*cell)
        *cell = new_symbol(c, id, WHERE_CELL);
    if (id == c->id_class)
        class_scope->needs_class = true;
    else
        class_scope->needs_classdict = true;
    return *cell;
}

/* What `id` means to code inside `scope` that does not bind it: a symbol of scope's frame, or NULL for a global. */
static Symbol *visible(Compiler *c, Scope *scope, NameId id) {
    if (!scope || scope->kind == SCOPE_MODULE || !context_enter(c))
        return NULL;
    Symbol *result = NULL, *symbol = symtable_lookup(scope, id);
    uint64_t *passed = map_find(&scope->free_map, id);
    if (passed) {
        /* a free variable passes through here; but a name bound here again hides it, unless this is a class */
        result = (Symbol *)(uintptr_t)*passed;
    } else if (scope->kind == SCOPE_CLASS) {
        if (id == c->id_class || id == c->id_classdict) {
            result = implicit_cell(c, scope, id);
        } else {
            Symbol *outer = visible(c, scope->parent, id);
            result = outer ? get_free(c, scope, id, outer) : NULL;
        }
    } else if (symbol && symbol->flags & SYM_GLOBAL) {
        result = NULL;
    } else if (symbol && symbol->flags & SYM_BOUND && !(symbol->flags & SYM_NONLOCAL)) {
        result = symbol;
    } else {
        Symbol *outer = visible(c, scope->parent, id);
        if (outer)
            result = scope->frame == scope ? get_free(c, scope, id, outer) : outer;
    }
    context_leave(c);
    return result;
}

static void nonlocal_error(Compiler *c, const Scope *scope, NameId id, const char *format) {
    Span at = scope->span;
    for (const Directive *d = scope->directives; d; d = d->next) {
        if (d->id == id)
            at = d->span;
    }
    context_error(c, &at, format, context_name(c, id));
}

static void resolve_nonlocal(Compiler *c, Scope *scope, Symbol *symbol) {
    if (scope->kind == SCOPE_MODULE) {
        nonlocal_error(c, scope, symbol->id, "nonlocal declaration not allowed at module level");
        return;
    }
    Symbol *outer = visible(c, scope->parent, symbol->id);
    if (c->failed)
        return;
    if (!outer) {
        nonlocal_error(c, scope, symbol->id, "no binding for nonlocal '%V' found");
        return;
    }
    if (outer->flags & SYM_TYPE_PARAM) {
        nonlocal_error(c, scope, symbol->id, "nonlocal binding not allowed for type parameter '%V'");
        return;
    }
    symbol->where = WHERE_FREE;
    symbol->alias = scope->frame == scope ? get_free(c, scope, symbol->id, outer) : outer;
}

/* In an annotation scope of a class, names bound by the class are looked up there first, then as globals. */
static bool class_binds(const Scope *scope, NameId id, Where *where) {
    const Scope *owner = scope->parent;
    while (owner && owner->kind != SCOPE_CLASS)
        owner = owner->sees_class ? owner->parent : NULL;
    const Symbol *symbol = owner ? symtable_lookup(owner, id) : NULL;
    if (!symbol)
        return false;
    if (symbol->flags & SYM_GLOBAL) {
        *where = WHERE_GLOBAL;
        return true;
    }
    *where = WHERE_GLOBAL_IMPLICIT;
    return symbol->flags & SYM_BOUND && !(symbol->flags & SYM_NONLOCAL);
}

static void resolve_symbol(Compiler *c, Scope *scope, Symbol *symbol) {
    Where where;
    if (symbol->flags & SYM_GLOBAL) {
        if (symbol->flags & SYM_NONLOCAL)
            nonlocal_error(c, scope, symbol->id, "name '%V' is nonlocal and global");
        symbol->where = WHERE_GLOBAL;
    } else if (symbol->flags & SYM_NONLOCAL) {
        resolve_nonlocal(c, scope, symbol);
    } else if (symbol->flags & SYM_BOUND) {
        symbol->where = WHERE_LOCAL;
    } else if (scope->sees_class && class_binds(scope, symbol->id, &where)) {
        symbol->where = (uint8_t)where;
    } else if (symbol->id == c->id_class && scope->frame->kind == SCOPE_CLASS && scope != scope->frame) {
        symbol->where = WHERE_GLOBAL_IMPLICIT; /* a comprehension that runs in the class body has no class yet */
    } else {
        Symbol *outer = visible(c, scope->parent, symbol->id);
        symbol->where = outer ? WHERE_FREE : WHERE_GLOBAL_IMPLICIT;
        if (outer)
            symbol->alias = scope->frame == scope ? get_free(c, scope, symbol->id, outer) : outer;
    }
}

static void resolve_scope(Compiler *c, Scope *scope) {
    if (!context_enter(c))
        return;
    for (Symbol *symbol = scope->first; symbol && !c->failed; symbol = symbol->next)
        resolve_symbol(c, scope, symbol);
    for (Scope *child = scope->first_child; child && !c->failed; child = child->next_sibling)
        resolve_scope(c, child);
    context_leave(c);
}

bool symscope_resolve(Compiler *c) {
    resolve_scope(c, c->top_scope);
    return !c->failed;
}
