/* First pass over the tree: makes the scopes and notes how each name is used in each of them.
 *
 * Invariant: names are entered in the order of the text, and every rule about one scope alone (duplicate arguments,
 * global after use, := in comprehensions, await and yield in wrong places) is checked here, so that its error comes
 * before any that code generation finds. What a name refers to is decided afterwards, in symscope.c, when all
 * bindings are known. */
#include "runtime/vm.h"

#include "compiler/symtable_walk.h"

void symtable_visit_exprs(SymtableWalk *b, ExprSeq seq) {
    for (int i = 0; i < seq.n; i++) {
        if (seq.at[i])
            symtable_visit_expr(b, seq.at[i]);
    }
}

void symtable_visit_body(SymtableWalk *b, StmtSeq body) {
    for (int i = 0; i < body.n && !b->c->failed; i++)
        symtable_visit_stmt(b, body.at[i]);
}

/* Scopes ------------------------------------------------------------------------------------------------------------
 */

static uint64_t scope_key(const void *node, int which) { return (uint64_t)(uintptr_t)node * 4 + (unsigned)which; }

Scope *symtable_scope(Compiler *c, const void *node, int which) {
    uint64_t *slot = map_find(&c->scopes, scope_key(node, which));
    return slot ? (Scope *)(uintptr_t)*slot : NULL;
}

Scope *symtable_enter(SymtableWalk *b, ScopeKind kind, NameId name, const void *node, int which, Span span) {
    Compiler *c = b->c;
    Scope *scope = arena_alloc_zero(&c->arena, sizeof *scope);
    uint64_t *slot = scope ? map_slot(&c->arena, &c->scopes, scope_key(node, which)) : NULL;
    if (!slot) {
        context_nomem(c);
        return NULL;
    }
    *slot = (uintptr_t)scope;
    Scope *parent = b->scope;
    scope->kind = (uint8_t)kind;
    scope->name = name;
    scope->span = span;
    scope->parent = parent;
    scope->frame = scope;
    scope->private = b->private;
    scope->mangled_only = b->mangled_only;
    if (parent) {
        scope->nested = parent->nested || scope_is_function(parent);
        scope->comp_iters = parent->comp_iters;
        if (parent->last_child)
            parent->last_child->next_sibling = scope;
        else
            parent->first_child = scope;
        parent->last_child = scope;
    }
    b->scope = scope;
    return scope;
}

void symtable_leave(SymtableWalk *b) { b->scope = b->scope->parent; }

/* A scope of annotations that are only checked is no part of the program. */
void symtable_forget(SymtableWalk *b) {
    Scope *parent = b->scope->parent, *last = NULL;
    for (Scope *child = parent->first_child; child != b->scope; child = child->next_sibling)
        last = child;
    if (last)
        last->next_sibling = NULL;
    else
        parent->first_child = NULL;
    parent->last_child = last;
    b->scope = parent;
}

/* Names -------------------------------------------------------------------------------------------------------------
 */

static Symbol *get_symbol(SymtableWalk *b, Scope *scope, NameId id) {
    uint64_t *slot = id ? map_slot(&b->c->arena, &scope->map, id) : NULL;
    if (!slot) {
        context_nomem(b->c);
        return NULL;
    }
    if (*slot)
        return (Symbol *)(uintptr_t)*slot;
    Symbol *symbol = arena_alloc_zero(&b->c->arena, sizeof *symbol);
    if (!symbol) {
        context_nomem(b->c);
        return NULL;
    }
    symbol->id = id;
    symbol->reg = -1;
    *slot = (uintptr_t)symbol;
    if (scope->last)
        scope->last->next = symbol;
    else
        scope->first = symbol;
    scope->last = symbol;
    return symbol;
}

/* `shown` is how the text spells the name: messages do not mangle it. */
static void add_shown(SymtableWalk *b, Scope *scope, NameId id, unsigned flag, const Span *at, const char *shown) {
    Compiler *c = b->c;
    Symbol *symbol = get_symbol(b, scope, id);
    if (!symbol)
        return;
    if (flag & SYM_PARAM && symbol->flags & SYM_PARAM) {
        context_error(c, at, "duplicate argument '%s' in function definition", shown);
        return;
    }
    if (flag & SYM_TYPE_PARAM && symbol->flags & SYM_TYPE_PARAM) {
        context_error(c, at, "duplicate type parameter '%s'", shown);
        return;
    }
    symbol->flags |= (uint16_t)flag;
    if (scope->comp_iter_target) {
        if (symbol->flags & (SYM_GLOBAL | SYM_NONLOCAL)) {
            context_error(c, at, "comprehension inner loop cannot rebind assignment expression target '%s'", shown);
            return;
        }
        symbol->flags |= SYM_COMP_ITER;
    }
    if (flag & SYM_GLOBAL && c->top_scope != scope) {
        Symbol *outer = get_symbol(b, c->top_scope, id);
        if (outer)
            outer->flags |= SYM_GLOBAL;
    }
}

void symtable_add_id(SymtableWalk *b, Scope *scope, NameId id, unsigned flag, const Span *at) {
    if (!b->c->failed)
        add_shown(b, scope, id, flag, at, context_text(b->c, id));
}

NameId symtable_name_id(SymtableWalk *b, const Name *name) {
    return context_mangled(b->c, b->private, b->mangled_only, name);
}

void symtable_add_name(SymtableWalk *b, const Name *name, unsigned flag, const Span *at) {
    NameId id = symtable_name_id(b, name);
    if (!b->c->failed)
        add_shown(b, b->scope, id, flag, at, name->text);
}

bool symtable_build(Compiler *c) {
    SymtableWalk b = {.c = c};
    const AstModule *module = c->module;
    c->top_scope = symtable_enter(&b, SCOPE_MODULE, context_id_c(c, "top"), module, SCOPE_OF_NODE, (Span){0});
    if (!c->top_scope)
        return false;
    if (module->kind == MODULE_EXPRESSION)
        symtable_visit_expr(&b, module->expression);
    else
        symtable_visit_body(&b, module->body);
    return !c->failed && symscope_resolve(c);
}
