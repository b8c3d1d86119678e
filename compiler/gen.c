/* Names, code objects and modules.
 *
 * Invariant: every access to a name goes through gen_access, which knows the innermost scope (perhaps a comprehension
 * that runs in this frame) and answers where the name lives at run time. */
#include "runtime/vm.h"

#include "compiler/compile.h"
#include "compiler/gen.h"

/* Names -------------------------------------------------------------------------------------------------------------
 */

NameId gen_id(Compiler *c, const Name *name) {
    return context_mangled(c, c->unit->private, c->unit->scope->mangled_only, name);
}

static Access access_of_symbol(const Unit *u, Compiler *c, Symbol *symbol, NameId id) {
    Symbol *real = symbol->alias ? symbol->alias : symbol;
    if (real->where == WHERE_FREE) {
        bool direct = u->inner == u->scope;
        int kind = direct && u->scope->kind == SCOPE_CLASS                   ? ACCESS_CLASS_FREE
                   : direct && u->scope->sees_class && id != c->id_classdict ? ACCESS_DICT_OR_FREE
                                                                             : ACCESS_FREE;
        return (Access){(uint8_t)kind, real->reg, id};
    }
    if (real->where == WHERE_CELL)
        return (Access){ACCESS_CELL, regs_of(c, real), id};
    return (Access){ACCESS_LOCAL, regs_of(c, real), id};
}

Access gen_access(Compiler *c, NameId id) {
    const Unit *u = c->unit;
    bool function = scope_is_function(u->scope), direct = u->inner == u->scope;
    Symbol *symbol = symtable_lookup(u->inner, id);
    Where where = symbol ? (Where)symbol->where : WHERE_GLOBAL_IMPLICIT;
    switch (where) {
    case WHERE_LOCAL:
    case WHERE_CELL:
        if (!function && direct)
            return (Access){ACCESS_NAME, 0, id};
        return access_of_symbol(u, c, symbol, id);
    case WHERE_FREE:
        return access_of_symbol(u, c, symbol, id);
    case WHERE_GLOBAL:
        return (Access){ACCESS_GLOBAL, 0, id};
    case WHERE_GLOBAL_IMPLICIT:
    case WHERE_UNKNOWN:
        break;
    }
    if (function)
        return (Access){direct && u->scope->sees_class && symbol ? ACCESS_DICT_OR_GLOBALS : ACCESS_GLOBAL, 0, id};
    return (Access){u->scope->kind == SCOPE_CLASS && !direct ? ACCESS_GLOBAL : ACCESS_NAME, 0, id};
}

static int load_local(Compiler *c, int reg, int dst, const Span *at) {
    if (regs_known(c, reg)) {
        if (dst == DST_ANY || dst == reg)
            return reg;
        int out = regs_out(c, dst);
        emit(c, BC_MOVE, out, reg, 0, at);
        return out;
    }
    int out = regs_out(c, dst);
    emit(c, BC_MOVE, out, reg, 0, at); /* raises if it is unbound */
    regs_set_known(c, reg, true);
    return out;
}

/* The mapping in which annotation scopes of a class look first. */
static int load_classdict(Compiler *c, const Span *at) {
    int reg = regs_push(c);
    Access a = gen_access(c, c->id_classdict);
    emit(c, BC_LOAD_FREE, reg, a.index, 0, at);
    c->unit->top = reg;
    return reg;
}

int gen_load_id(Compiler *c, NameId id, int dst, const Span *at) {
    if (c->failed)
        return 0;
    Access a = gen_access(c, id);
    if (a.kind == ACCESS_LOCAL)
        return load_local(c, a.index, dst, at);
    int mapping = a.kind == ACCESS_DICT_OR_GLOBALS || a.kind == ACCESS_DICT_OR_FREE ? load_classdict(c, at) : 0;
    int out = regs_out(c, dst);
    switch ((AccessKind)a.kind) {
    case ACCESS_LOCAL:
        break;
    case ACCESS_CELL:
        emit(c, BC_LOAD_CELL, out, a.index, 0, at);
        break;
    case ACCESS_FREE:
        emit(c, BC_LOAD_FREE, out, a.index, 0, at);
        break;
    case ACCESS_GLOBAL:
        emit_cache(c, BC_LOAD_GLOBAL, out, 0, 0, emit_name(c, id), at);
        break;
    case ACCESS_NAME:
        emit_cache(c, BC_LOAD_NAME, out, 0, 0, emit_name(c, id), at);
        break;
    case ACCESS_CLASS_FREE:
        emit_cache(c, BC_LOAD_CLASS_FREE, out, a.index, 0, emit_name(c, id), at);
        break;
    case ACCESS_DICT_OR_GLOBALS:
        emit_cache(c, BC_LOAD_FROM_DICT_OR_GLOBALS, out, mapping, 0, emit_name(c, id), at);
        break;
    case ACCESS_DICT_OR_FREE:
        emit_cache(c, BC_LOAD_FROM_DICT_OR_FREE, out, mapping, a.index, emit_name(c, id), at);
        break;
    }
    return out;
}

static void consume(Compiler *c, int reg) {
    if (regs_is_temp(c, reg) && reg == c->unit->top - 1)
        c->unit->top--;
}

void gen_store_id(Compiler *c, NameId id, int reg, const Span *at) {
    if (c->failed)
        return;
    Access a = gen_access(c, id);
    switch ((AccessKind)a.kind) {
    case ACCESS_LOCAL:
        if (reg != a.index)
            emit(c, BC_MOVE, a.index, reg, 0, at);
        regs_set_known(c, a.index, true);
        break;
    case ACCESS_CELL:
        emit(c, BC_STORE_CELL, a.index, reg, 0, at);
        break;
    case ACCESS_FREE:
    case ACCESS_CLASS_FREE:
    case ACCESS_DICT_OR_FREE:
        emit(c, BC_STORE_FREE, reg, a.index, 0, at);
        break;
    case ACCESS_GLOBAL:
    case ACCESS_DICT_OR_GLOBALS:
        emit_cache(c, BC_STORE_GLOBAL, reg, 0, 0, emit_name(c, id), at);
        break;
    case ACCESS_NAME:
        emit_cache(c, BC_STORE_NAME, reg, 0, 0, emit_name(c, id), at);
        break;
    }
    consume(c, reg);
}

void gen_delete_id(Compiler *c, NameId id, const Span *at) {
    if (c->failed)
        return;
    Access a = gen_access(c, id);
    switch ((AccessKind)a.kind) {
    case ACCESS_LOCAL:
        emit(c, BC_DELETE_LOCAL, a.index, 0, 0, at);
        regs_set_known(c, a.index, false);
        break;
    case ACCESS_CELL:
        emit(c, BC_DELETE_CELL, a.index, 0, 0, at);
        break;
    case ACCESS_FREE:
    case ACCESS_CLASS_FREE:
    case ACCESS_DICT_OR_FREE:
        emit(c, BC_DELETE_FREE, 0, a.index, 0, at);
        break;
    case ACCESS_GLOBAL:
    case ACCESS_DICT_OR_GLOBALS:
        emit_cache(c, BC_DELETE_GLOBAL, 0, 0, 0, emit_name(c, id), at);
        break;
    case ACCESS_NAME:
        emit_cache(c, BC_DELETE_NAME, 0, 0, 0, emit_name(c, id), at);
        break;
    }
}

int gen_local_of(Compiler *c, NameId id) {
    if (c->failed)
        return -1;
    Access a = gen_access(c, id);
    return a.kind == ACCESS_LOCAL ? a.index : -1;
}

bool gen_forbidden_name(Compiler *c, NameId id, ExprContext ctx, const Span *at) {
    if (id != c->id_debug || ctx == CTX_LOAD)
        return false;
    context_error(c, at, ctx == CTX_DEL ? "cannot delete __debug__" : "cannot assign to __debug__");
    return true;
}

int gen_const(Compiler *c, Value value, int dst, const Span *at) {
    uint32_t k = emit_const(c, value);
    int out = regs_out(c, dst);
    emit_x(c, BC_LOADK, out, k, at);
    return out;
}

/* Code objects ------------------------------------------------------------------------------------------------------
 */

static bool declared_global(const Unit *parent, Compiler *c, const Scope *scope) {
    if (scope->kind != SCOPE_FUNCTION && scope->kind != SCOPE_CLASS)
        return false;
    if (scope->comprehension != COMP_NONE || context_text(c, scope->name)[0] == '<')
        return false;
    Symbol *symbol = symtable_lookup(parent->scope, scope->name);
    if (!symbol && parent->private && context_text(c, scope->name)[0] == '_') {
        Value text = context_name(c, scope->name); /* the name as it was written: it is bound mangled */
        Name *name = arena_alloc(&c->arena, sizeof(Name) + as_str(text)->nbytes + 1);
        if (!name)
            return context_nomem(c);
        name->length = (uint32_t)as_str(text)->nbytes;
        memcpy(name->text, str_data(text), as_str(text)->nbytes + 1);
        symbol =
            symtable_lookup(parent->scope, context_mangled(c, parent->private, parent->scope->mangled_only, name));
    }
    return symbol && symbol->where == WHERE_GLOBAL;
}

static Value make_qualname(Compiler *c, const Unit *u) {
    const Unit *parent = u->parent;
    Value name = context_name(c, u->name);
    if (parent && parent->scope->kind == SCOPE_TYPE_PARAMS)
        parent = parent->parent;
    if (!parent || parent->scope->kind == SCOPE_MODULE || declared_global(parent, c, u->scope))
        return incref(name);
    bool locals = scope_is_function(parent->scope) && parent->scope->comprehension == COMP_NONE &&
                  parent->scope->kind != SCOPE_TYPE_PARAMS;
    return str_printf(c->vm, locals ? "%V.<locals>.%V" : "%V.%V", parent->qualname, name);
}

bool gen_enter(Compiler *c, Scope *scope, NameId name, int firstlineno) {
    if (c->failed)
        return false;
    Unit *u = unit_push(c, scope);
    if (!u)
        return false;
    u->name = name;
    u->private = scope->private;
    u->firstlineno = firstlineno;
    u->last = (Span){firstlineno, 0, firstlineno, 0};
    u->qualname = make_qualname(c, u);
    if (!u->qualname)
        context_fail(c);
    if (!regs_layout(c)) {
        unit_pop(c);
        return false;
    }
    u->last.col = u->last.end_col = -1;
    for (int i = 0; i < u->first_hidden; i++) {
        if (u->local_kinds[i] & LOCAL_CELL)
            emit(c, BC_MAKE_CELL, i, 0, 0, NULL);
    }
    return true;
}

uint32_t gen_function_flags(const Scope *scope) {
    uint32_t flags = CO_OPTIMIZED | CO_NEWLOCALS;
    if (scope->nested)
        flags |= CO_NESTED;
    if (scope->generator)
        flags |= scope->coroutine ? CO_ASYNC_GENERATOR : CO_GENERATOR;
    else if (scope->coroutine)
        flags |= CO_COROUTINE;
    if (scope->varargs)
        flags |= CO_VARARGS;
    if (scope->varkeywords)
        flags |= CO_VARKEYWORDS;
    return flags;
}

Value gen_leave(Compiler *c, uint32_t flags, const Arguments *args) {
    Unit *u = c->unit;
    int argcount = u->nparams, posonly = 0, kwonly = 0;
    if (scope_is_function(u->scope)) {
        for (Symbol *s = u->scope->first; s && !c->failed; s = s->next) {
            if (s->where == WHERE_LOCAL)
                regs_of(c, s); /* names that no living code mentions */
        }
    }
    if (args) {
        argcount = args->posonlyargs.n + args->args.n;
        posonly = args->posonlyargs.n;
        kwonly = args->kwonlyargs.n;
    }
    if (c->future_annotations)
        flags |= CO_FUTURE_ANNOTATIONS;
    if (c->barry)
        flags |= COMPILE_FUTURE_BARRY;
    if (argcount + kwonly > 65000)
        context_error(c, &u->scope->span, "too many parameters");
    Value code = emit_finish(c, flags, argcount, posonly, kwonly);
    unit_pop(c);
    return code;
}

static void load_closure_cell(Compiler *c, const Symbol *symbol) {
    Symbol *outer = symbol->alias;
    int reg = regs_push(c);
    if (outer->where == WHERE_FREE)
        emit(c, BC_LOAD_FREE_CELL, reg, outer->reg, 0, NULL);
    else
        emit(c, BC_MOVE, reg, outer->reg, 0, NULL);
}

int gen_make_function(Compiler *c, Value code, Scope *scope, int base, int flags, int dst, const Span *at) {
    Unit *u = c->unit;
    uint32_t n = scope->free_map.used;
    if (c->failed) {
        decref(c->vm, code);
        return 0;
    }
    if (n > 0) {
        Symbol **ordered = arena_alloc(&c->arena, n * sizeof *ordered);
        if (!ordered) {
            decref(c->vm, code);
            context_nomem(c);
            return 0;
        }
        for (Symbol *s = scope->first_free; s; s = s->next)
            ordered[s->reg] = s;
        int first = u->top;
        for (uint32_t i = 0; i < n; i++)
            load_closure_cell(c, ordered[i]);
        emit(c, BC_BUILD_TUPLE, first, first, (int)n, at);
        u->top = first + 1;
        flags |= 8;
    }
    u->top = base;
    uint32_t k = emit_const(c, code);
    int out = regs_out(c, dst);
    emit_cache(c, BC_MAKE_FUNCTION, out, base, flags, k, at);
    return out;
}

/* Modules -----------------------------------------------------------------------------------------------------------
 */

void gen_body(Compiler *c, StmtSeq body) {
    for (int i = 0; i < body.n && !c->failed; i++)
        gen_stmt(c, body.at[i]);
}

void gen_static_attribute(Compiler *c, const Expr *target) {
    const Expr *owner = target->attribute.value;
    if (c->failed || owner->kind != EXPR_NAME || owner->ctx != CTX_LOAD ||
        context_id(c, owner->name.id) != c->id_self)
        return;
    Unit *u = c->unit;
    while (u && u->scope->kind != SCOPE_CLASS)
        u = u->parent;
    if (!u)
        return;
    NameId id = context_id(c, target->attribute.attr);
    uint64_t *slot = map_slot(&c->arena, &u->static_map, id);
    if (!slot) {
        context_nomem(c);
        return;
    }
    if (*slot)
        return;
    *slot = 1;
    if (u->nstatic >= u->static_capacity) {
        uint32_t capacity = u->static_capacity ? u->static_capacity * 2 : 16;
        NameId *ids =
            mem_realloc(c->vm, u->static_attributes, u->static_capacity * sizeof(NameId), capacity * sizeof(NameId));
        if (!ids) {
            context_fail(c);
            return;
        }
        u->static_attributes = ids;
        u->static_capacity = capacity;
    }
    u->static_attributes[u->nstatic++] = id;
}

static void gen_module_body(Compiler *c, const AstModule *module) {
    Unit *u = c->unit;
    StmtSeq body = module->body;
    if (u->scope->annotations)
        emit(c, BC_SETUP_ANNOTATIONS, 0, 0, 0, NULL);
    Value doc = module->kind == MODULE_FILE && !c->show_last && c->optimize < 2 ? gen_docstring(c, body) : 0;
    if (doc) {
        int reg = gen_const(c, doc, DST_TEMP, &body.at[0]->span);
        gen_store_id(c, context_id_c(c, "__doc__"), reg, NULL);
    }
    if (doc || (c->optimize >= 2 && module->kind == MODULE_FILE && !c->show_last && gen_is_docstring(body)))
        body.at++, body.n--;
    if (c->show_last && body.n > 0) {
        StmtSeq last = {1, body.at + body.n - 1};
        body.n--;
        gen_body(c, body);
        u->interactive = true;
        gen_body(c, last);
    } else {
        gen_body(c, body);
    }
    emit_x(c, BC_RETURN_K, 0, emit_const(c, VALUE_NONE), NULL);
}

Value gen_module(Compiler *c) {
    const AstModule *module = c->module;
    if (!gen_enter(c, c->top_scope, context_id_c(c, "<module>"), 1))
        return 0;
    Unit *u = c->unit;
    u->interactive = module->kind == MODULE_INTERACTIVE;
    if (module->kind == MODULE_EXPRESSION) {
        int reg = gen_any(c, module->expression);
        emit(c, BC_RETURN, reg, 0, 0, NULL);
        u->top = u->nlocals;
    } else {
        gen_module_body(c, module);
    }
    return gen_leave(c, c->top_scope->coroutine ? CO_COROUTINE : 0, NULL);
}
