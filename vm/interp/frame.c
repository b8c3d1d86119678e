/* Frames: the chunked stack of a thread, and frame objects as scripts see them.
 *
 * The stack. Frames of plain calls are cut from chunks, newest last, and given back in the opposite order. A chunk
 * that becomes empty is kept as a spare, so that a call that crosses the border back and forth does not allocate; the
 * first chunk stays. Chunks double in size: recursion a million deep costs a handful of allocations.
 *
 * Frame objects. Most frames are never seen by a script. When one is (sys._getframe, a traceback, gi_frame), a
 * FrameObject is made that points to it; when the frame ends while somebody still holds that object, its registers
 * move there. */
#include "interp/frame.h"

#include "interp/generator.h"
#include "object/descr.h"

typedef struct FrameChunk {
    struct FrameChunk *previous, *spare;
    size_t size;
    char *saved_top, *saved_end; /* of the chunk below */
} FrameChunk;

/* --- the stack
 * ------------------------------------------------------------------------------------------------------------- */

AT_START static bool chunk_enter(VM *vm, size_t need) {
    Thread *t = vm->thread;
    FrameChunk *current = t->chunk;
    FrameChunk *c = current == NULL ? NULL : current->spare;
    if (c != NULL && c->size - sizeof(FrameChunk) - FRAME_SLACK < need) {
        mem_free(vm, c, c->size);
        current->spare = c = NULL;
    }
    if (c == NULL) {
        size_t size = current == NULL ? FRAME_CHUNK_FIRST : current->size * 2;
        while (size - sizeof(FrameChunk) - FRAME_SLACK < need)
            size *= 2;
        c = mem_alloc(vm, size);
        if (c == NULL)
            return false;
        c->size = size;
        c->spare = NULL;
    } else {
        current->spare = NULL;
    }
    c->previous = current;
    c->saved_top = t->frame_top;
    c->saved_end = t->frame_end;
    t->chunk = c;
    t->frame_top = (char *)(c + 1);
    t->frame_end = (char *)c + c->size - FRAME_SLACK;
    return true;
}

AT_START Frame *frame_push_slow(VM *vm, Code *code) {
    Thread *t = vm->thread;
    if (t->depth >= vm->recursion_limit) {
        raise_recursion(vm, "");
        return NULL;
    }
    bool first = false;
    if (t->frame_top + code->frame_size > t->frame_end) {
        if (!chunk_enter(vm, code->frame_size))
            return NULL;
        first = t->chunk->previous != NULL;
    }
    Frame *f = (Frame *)t->frame_top;
    t->frame_top += code->frame_size;
    t->depth++;
    f->flags = first ? FRAME_FIRST_IN_CHUNK : 0;
    f->code = code;
    f->object = NULL;
    f->pc = code->instrs;
    return f;
}

AT_START void frame_pop_chunk(VM *vm) {
    Thread *t = vm->thread;
    FrameChunk *c = t->chunk;
    t->frame_top = c->saved_top;
    t->frame_end = c->saved_end;
    t->chunk = c->previous;
    if (c->spare != NULL) {
        mem_free(vm, c->spare, c->spare->size);
        c->spare = NULL;
    }
    c->previous->spare = c;
}

void frame_stack_free(VM *vm, Thread *t) {
    FrameChunk *c = t->chunk;
    t->chunk = NULL;
    t->frame_top = t->frame_end = NULL;
    if (c == NULL)
        return;
    if (c->spare != NULL)
        mem_free(vm, c->spare, c->spare->size);
    mem_free(vm, c, c->size);
}

void frame_unpush(VM *vm, Frame *f) {
    Thread *t = vm->thread;
    t->depth--;
    t->frame_top = (char *)f;
    if (f->flags & FRAME_FIRST_IN_CHUNK)
        frame_pop_chunk(vm);
}

/* --- frame objects
 * ----------------------------------------------------------------------------------------------------------- */

uint32_t frame_lasti(const Frame *f) {
    uint32_t at = (uint32_t)(f->pc - f->code->instrs);
    if ((f->flags & FRAME_OF_GENERATOR) && f->state == FRAME_SUSPENDED && instr_op(*f->pc) == BC_SEND &&
        (f->flags & GEN_DELEGATING || (at > 0 && instr_op(f->pc[-1]) != BC_YIELD)))
        return at;
    return at == 0 ? 0 : at - 1;
}

Value frame_object(VM *vm, Frame *f) {
    if (f->object != NULL)
        return incref(from_obj(f->object));
    if (!code_ready(vm, f->code))
        return VALUE_ERROR;
    if (f->pc == code_stub)
        f->pc = f->code->instrs;
    FrameObject *o = object_alloc_uncleared(vm, vm->types.frame, sizeof(FrameObject));
    if (o == NULL)
        return VALUE_ERROR;
    *o = (FrameObject){.header = o->header, .frame = f, .code = f->code, .func = f->func, .trace_lines = true};
    obj_incref(&f->code->header);
    obj_incref(&f->func->header);
    f->object = o;
    return incref(from_obj(o));
}

Frame *frame_back(VM *vm, Frame *f) {
    (void)vm;
    if (f->flags & FRAME_OF_GENERATOR) {
        Generator *parent = generator_parent(frame_generator(f));
        if (parent != NULL)
            return &parent->frame;
        if (f->state == FRAME_RUNNING)
            return f->previous;
        /* a member in the middle of a running chain: its root was resumed by whoever resumed the leaf */
        if ((f->flags & GEN_DELEGATING) && f->state == FRAME_SUSPENDED) {
            Generator *leaf = generator_leaf(frame_generator(f));
            return leaf->frame.state == FRAME_RUNNING ? leaf->frame.previous : NULL;
        }
        return NULL;
    }
    return f->previous;
}

/* An instruction of the frame may have borrowed what a register holds: it is kept until the frame is between two of
 * them.
 */
static bool keep_replaced(VM *vm, FrameObject *o, Value old) {
    if (o->replaced == 0) {
        if ((o->replaced = gc_hide(list_new(vm, 0))) == 0)
            return false;
        vm->replaced_frames++;
    }
    __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_REPLACED, __ATOMIC_RELAXED);
    return list_append(vm, o->replaced, old);
}

static void drop_replaced(VM *vm, FrameObject *o) {
    Value list = o->replaced;
    if (list == 0)
        return;
    o->replaced = 0;
    if (--vm->replaced_frames == 0)
        __atomic_fetch_and(&vm->interrupts, ~(uint32_t)INTERRUPT_REPLACED, __ATOMIC_RELAXED);
    decref(vm, list);
}

void frame_drop_replaced(VM *vm, Frame *f) {
    if (f->object != NULL)
        drop_replaced(vm, f->object);
}

static size_t saved_count(const Code *c) { return (size_t)c->nlocals + 1; }

void frame_detach(VM *vm, Frame *f, Frame *back) {
    FrameObject *o = f->object;
    f->object = NULL;
    if (o->header.refcount == 1) {
        o->frame = NULL;
        obj_decref(vm, &o->header);
        return;
    }
    const Code *c = f->code;
    o->lasti = frame_lasti(f);
    Value pending = error_take(vm); /* a frame often ends because of an exception, which must not get lost here */
    if (back != NULL) {
        o->back = frame_object(vm, back);
        if (o->back == 0)
            error_clear(vm);
    }
    o->saved = mem_alloc(vm, saved_count(c) * sizeof(Value));
    if (o->saved == NULL)
        error_clear(vm); /* the frame's variables are lost to whoever looks at it later: nothing worse */
    vm->thread->exception = pending;
    if (o->saved != NULL) {
        memcpy(o->saved, f->regs, c->nlocals * sizeof(Value));
        memset(f->regs, 0, c->nlocals * sizeof(Value));
        o->saved[c->nlocals] = 0;
        if (!(c->flags & CO_OPTIMIZED)) {
            o->saved[c->nlocals] = *frame_namespace(f);
            *frame_namespace(f) = 0;
        }
    }
    o->frame = NULL;
    drop_replaced(vm, o);
    obj_decref(vm, &o->header);
}

/* The object's registers: of the living frame or those saved. */
static Value *object_regs(FrameObject *o) { return o->frame != NULL ? o->frame->regs : o->saved; }

static Value object_namespace(FrameObject *o) {
    if (o->code->flags & CO_OPTIMIZED)
        return 0;
    if (o->frame != NULL)
        return *frame_namespace(o->frame);
    return o->saved == NULL ? 0 : o->saved[o->code->nlocals];
}

static void frame_dealloc(VM *vm, Object *self) {
    FrameObject *o = (FrameObject *)self;
    if (o->frame != NULL)
        o->frame->object = NULL;
    if (o->saved != NULL) {
        for (size_t i = 0; i < saved_count(o->code); i++)
            decref(vm, o->saved[i]);
        mem_free(vm, o->saved, saved_count(o->code) * sizeof(Value));
    }
    decref(vm, o->back);
    decref(vm, o->trace);
    decref(vm, o->called);
    decref(vm, o->extra_locals);
    drop_replaced(vm, o);
    obj_decref(vm, &o->func->header);
    obj_decref(vm, &o->code->header);
}

void frame_visit(const Frame *f, VisitFn visit, void *arg) {
    visit(&f->func->header, arg);
    unsigned n = f->code->nregs + (f->code->flags & CO_OPTIMIZED ? 0 : 1);
    for (unsigned i = 0; i < n; i++)
        visit_value(f->regs[i], visit, arg);
}

static void frame_traverse(Object *self, VisitFn visit, void *arg) {
    FrameObject *o = (FrameObject *)self;
    if (o->saved != NULL)
        for (size_t i = 0; i < saved_count(o->code); i++)
            visit_value(o->saved[i], visit, arg);
    visit_value(o->back, visit, arg);
    visit_value(o->trace, visit, arg);
    visit_value(o->called, visit, arg);
    visit_value(o->extra_locals, visit, arg);
    visit(&o->func->header, arg);
}

static void frame_clear_saved(VM *vm, Object *self) {
    FrameObject *o = (FrameObject *)self;
    if (o->saved != NULL)
        for (size_t i = 0; i < saved_count(o->code); i++)
            set_owned(vm, &o->saved[i], 0);
    set_owned(vm, &o->back, 0);
    set_owned(vm, &o->trace, 0);
    set_owned(vm, &o->called, 0);
    set_owned(vm, &o->extra_locals, 0);
}

/* --- namespaces
 * ------------------------------------------------------------------------------------------------------------------
 */

Value frame_globals(VM *vm) { return vm->thread->frame == NULL ? 0 : vm->thread->frame->func->globals; }

Value frame_builtins(VM *vm) { return vm->thread->frame == NULL ? vm->builtins : vm->thread->frame->func->builtins; }

/* Value of local number i (through its cell), borrowed, 0 if unbound. */
static Value local_value(const Code *c, Value *regs, unsigned i) {
    Value v = regs == NULL ? 0 : regs[i];
    if (v != 0 && (c->local_kinds[i] & LOCAL_CELL) && has_kind(v, KIND_CELL))
        v = ((Cell *)as_obj(v))->value;
    return v;
}

static Value free_value(Function *fn, size_t i) {
    return fn->closure == 0 ? 0 : ((Cell *)as_obj(as_tuple(fn->closure)->items[i]))->value;
}

static bool add_free_names(VM *vm, Value dict, const Code *c, Function *fn) {
    for (size_t i = 0; i < as_tuple(c->freevars)->len; i++) {
        Value v = free_value(fn, i);
        if (v != 0 && !dict_set(vm, dict, as_tuple(c->freevars)->items[i], v))
            return false;
    }
    return true;
}

/* Variables of an inlined comprehension come after the function's own and hide those of the same name. */
static Value snapshot(VM *vm, const Code *c, Function *fn, Value *regs) {
    Value dict = dict_new(vm);
    bool ok = dict != 0;
    for (unsigned i = 0; ok && i < c->nlocals; i++) {
        Value v = local_value(c, regs, i);
        if (v != 0)
            ok = dict_set(vm, dict, as_tuple(c->local_names)->items[i], v);
    }
    if (ok && add_free_names(vm, dict, c, fn))
        return dict;
    decref(vm, dict);
    return VALUE_ERROR;
}

/* Variables of an inlined comprehension show in locals() while it runs, in modules and classes too. */
static bool has_hidden_values(const Code *c, const Value *regs) {
    for (unsigned i = 0; regs != NULL && i < c->nlocals; i++)
        if ((c->local_kinds[i] & LOCAL_HIDDEN) && regs[i] != 0)
            return true;
    return false;
}

static Value namespace_with_hidden(VM *vm, Frame *f) {
    const Code *c = f->code;
    Value ns = *frame_namespace(f);
    Value dict = dict_new(vm);
    if (dict == 0 || !dict_update(vm, dict, ns)) {
        decref(vm, dict);
        return VALUE_ERROR;
    }
    for (unsigned i = 0; i < c->nlocals; i++) {
        Value v = local_value(c, f->regs, i);
        if (v != 0 && !dict_set(vm, dict, as_tuple(c->local_names)->items[i], v)) {
            decref(vm, dict);
            return VALUE_ERROR;
        }
    }
    return dict;
}

Value frame_locals(VM *vm) {
    Frame *f = vm->thread->frame;
    if (f == NULL)
        return raise_system(vm, "frame does not exist");
    if (f->code->flags & CO_OPTIMIZED) {
        Value dict = snapshot(vm, f->code, f->func, f->regs);
        if (dict != 0 && f->object != NULL && f->object->extra_locals != 0 &&
            !dict_update(vm, dict, f->object->extra_locals)) {
            decref(vm, dict);
            return VALUE_ERROR;
        }
        return dict;
    }
    return has_hidden_values(f->code, f->regs) ? namespace_with_hidden(vm, f) : incref(*frame_namespace(f));
}

bool frame_super_arguments(VM *vm, Value out[2]) {
    Frame *f = vm->thread->frame;
    if (f == NULL)
        return raise_runtime(vm, "super(): no current frame");
    const Code *c = f->code;
    if (c->argcount == 0)
        return raise_runtime(vm, "super(): no arguments");
    out[1] = local_value(c, f->regs, 0);
    if (out[1] == 0)
        return raise_runtime(vm, "super(): arg[0] deleted");
    for (size_t i = 0; i < as_tuple(c->freevars)->len; i++) {
        if (as_tuple(c->freevars)->items[i] != NAME(__class__))
            continue;
        out[0] = free_value(f->func, i);
        return out[0] != 0 ? true : (bool)raise_runtime(vm, "super(): empty __class__ cell");
    }
    return raise_runtime(vm, "super(): __class__ cell not found");
}

/* --- FrameLocalsProxy (PEP 667)
 * ----------------------------------------------------------------------------------------------------- */

typedef struct LocalsProxy {
    Object header;
    Value frame; /* FrameObject */
} LocalsProxy;

Value frame_locals_mapping(VM *vm, FrameObject *fo) {
    if (!(fo->code->flags & CO_OPTIMIZED) && !has_hidden_values(fo->code, object_regs(fo))) {
        Value ns = object_namespace(fo);
        return ns == 0 ? dict_new(vm) : incref(ns);
    }
    LocalsProxy *p = object_alloc(vm, vm->types.frame_locals_proxy, 0);
    if (p == NULL)
        return VALUE_ERROR;
    p->frame = incref(from_obj(fo));
    return from_obj(p);
}

static FrameObject *proxy_frame(Value self) { return (FrameObject *)as_obj(((LocalsProxy *)as_obj(self))->frame); }

static void proxy_dealloc(VM *vm, Object *self) { decref(vm, ((LocalsProxy *)self)->frame); }
static void proxy_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((LocalsProxy *)self)->frame, visit, arg);
}

static Value proxy_snapshot(VM *vm, Value self) {
    FrameObject *o = proxy_frame(self);
    Value dict = snapshot(vm, o->code, o->func, object_regs(o));
    if (dict != 0 && o->extra_locals != 0 && !dict_update(vm, dict, o->extra_locals)) {
        decref(vm, dict);
        return VALUE_ERROR;
    }
    return dict;
}

/* The register of the variable `key`: that of a running comprehension before the function's own; NULL: none. */
static Value *proxy_register(const Code *c, Value *regs, Value key) {
    for (unsigned i = regs == NULL ? 0 : c->nlocals; i-- > 0;) {
        if (!str_equal(as_str(as_tuple(c->local_names)->items[i]), as_str(key)) ||
            ((c->local_kinds[i] & LOCAL_HIDDEN) && regs[i] == 0))
            continue;
        if ((c->local_kinds[i] & LOCAL_CELL) && has_kind(regs[i], KIND_CELL))
            return &((Cell *)as_obj(regs[i]))->value;
        return &regs[i];
    }
    return NULL;
}

/* Where the variable `key` lives: *cell or a register; NULL when it is no variable of the code. */
static Value *proxy_place(FrameObject *o, Value key) {
    const Code *c = o->code;
    if (!is_str(key))
        return NULL;
    Value *local = proxy_register(c, object_regs(o), key);
    if (local != NULL)
        return local;
    for (size_t i = 0; o->func->closure != 0 && i < as_tuple(c->freevars)->len; i++)
        if (str_equal(as_str(as_tuple(c->freevars)->items[i]), as_str(key)))
            return &((Cell *)as_obj(as_tuple(o->func->closure)->items[i]))->value;
    return NULL;
}

/* May C code that serves an instruction of the frame be under way? Not while it waits for a frame that it has entered
 * in the interpreter loop, for its delegate, or for being resumed. */
static bool is_busy(VM *vm, const Frame *f) {
    if ((f->flags & FRAME_OF_GENERATOR) && f->state != FRAME_RUNNING)
        return false;
    const Frame *above = vm->thread->frame;
    while (above != NULL && above->previous != f)
        above = above->previous;
    return above == NULL || above->ret == RET_EXIT;
}

static bool proxy_replace(VM *vm, FrameObject *o, Value *place, Value value) {
    Value *regs = object_regs(o), old = *place;
    bool in_register = o->frame != NULL && place >= regs && place < regs + o->code->nlocals;
    if (in_register && is_obj(old) && is_busy(vm, o->frame) && !keep_replaced(vm, o, old))
        return false;
    set_owned(vm, place, incref(value));
    return true;
}

static Value proxy_getitem(VM *vm, Value self, Value key) {
    FrameObject *o = proxy_frame(self);
    Value *place = proxy_place(o, key);
    if (place != NULL && *place != 0)
        return incref(*place);
    Value v = place == NULL && o->extra_locals != 0 ? dict_get(vm, o->extra_locals, key) : 0;
    if (v != 0)
        return incref(v);
    return error_pending(vm) ? VALUE_ERROR : raise_key(vm, key);
}

static bool proxy_setitem(VM *vm, Value self, Value key, Value value) {
    FrameObject *o = proxy_frame(self);
    Value *place = proxy_place(o, key);
    if (value == 0)
        return place != NULL ? raise_value(vm, "cannot remove local variables from FrameLocalsProxy")
               : o->extra_locals != 0 && dict_delete(vm, o->extra_locals, key) > 0 ? true
               : error_pending(vm)                                                 ? false
                                                                                   : raise_key(vm, key);
    if (place != NULL)
        return proxy_replace(vm, o, place, value);
    if (o->extra_locals == 0 && (o->extra_locals = dict_new(vm)) == 0)
        return false;
    return dict_set(vm, o->extra_locals, key, value);
}

static int proxy_contains(VM *vm, Value self, Value key) {
    FrameObject *o = proxy_frame(self);
    Value *place = proxy_place(o, key);
    if (place != NULL)
        return *place != 0;
    return o->extra_locals == 0 ? 0 : dict_contains(vm, o->extra_locals, key);
}

static ssize_t proxy_len(VM *vm, Value self) {
    Value d = proxy_snapshot(vm, self);
    ssize_t n = d == 0 ? -1 : (ssize_t)dict_len(d);
    decref(vm, d);
    return n;
}

/* Methods that are a dict's work on a snapshot. */
static Value proxy_delegate(VM *vm, Value self, Value name, Value *args, size_t nargs) {
    Value d = proxy_snapshot(vm, self);
    Value r = d == 0 ? 0 : call_method(vm, d, name, args, nargs);
    decref(vm, d);
    return r;
}

static Value proxy_iter(VM *vm, Value self) {
    Value d = proxy_snapshot(vm, self);
    Value r = d == 0 ? 0 : iter_get(vm, d);
    decref(vm, d);
    return r;
}

static Value proxy_repr(VM *vm, Value self) {
    Value d = proxy_snapshot(vm, self);
    Value r = d == 0 ? 0 : to_repr(vm, d);
    decref(vm, d);
    return r;
}

static Value proxy_compare(VM *vm, Value a, Value b, CompareOp op) {
    if (op != CMP_EQ && op != CMP_NE)
        return VALUE_NOTIMPL;
    Value x = proxy_snapshot(vm, a);
    Value y = type_of(vm, b) == vm->types.frame_locals_proxy ? proxy_snapshot(vm, b) : incref(b);
    Value r = x == 0 || y == 0 ? 0 : compare_rich(vm, x, y, op);
    decref(vm, x);
    decref(vm, y);
    return r;
}

static Value proxy_get(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    int has = proxy_contains(vm, self, args[0]);
    if (has < 0)
        return VALUE_ERROR;
    return has ? proxy_getitem(vm, self, args[0]) : incref(args[1] == 0 ? VALUE_NONE : args[1]);
}

static Value proxy_keys(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    return proxy_delegate(vm, self, NAME(keys), NULL, 0);
}
static Value proxy_values(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    return proxy_delegate(vm, self, NAME(values), NULL, 0);
}
static Value proxy_items(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    return proxy_delegate(vm, self, NAME(items), NULL, 0);
}
static Value proxy_copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    return proxy_snapshot(vm, self);
}

static Value proxy_update(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    Value d = dict_new(vm), key, value;
    bool ok = d != 0 && dict_update(vm, d, args[0]);
    for (size_t pos = 0; ok && dict_next(d, &pos, &key, &value);)
        ok = proxy_setitem(vm, self, key, value);
    decref(vm, d);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

static const MethodSpec proxy_methods[] = {
    {"get", proxy_get, "key, default=None, /", "The variable's value, or the default if it is unbound.", 0},
    {"keys", proxy_keys, "", "Names of the bound variables.", 0},
    {"values", proxy_values, "", "Values of the bound variables.", 0},
    {"items", proxy_items, "", "Pairs of name and value.", 0},
    {"copy", proxy_copy, "", "A dict with the variables as they are now.", 0},
    {"update", proxy_update, "other, /", "Sets variables from a mapping or pairs.", 0},
    {0},
};

const TypeSpec frame_locals_proxy_spec = {
    .name = "FrameLocalsProxy",
    .doc = "The local variables of a frame; writing changes the frame.",
    .size = sizeof(LocalsProxy),
    .flags = TYPE_GC | TYPE_NO_NEW | TYPE_MAPPING,
    .kind = KIND_OTHER,
    .slots = {.dealloc = proxy_dealloc,
              .traverse = proxy_traverse,
              .getitem = proxy_getitem,
              .setitem = proxy_setitem,
              .contains = proxy_contains,
              .len = proxy_len,
              .iter = proxy_iter,
              .repr = proxy_repr,
              .compare = proxy_compare},
    .methods = proxy_methods,
};

/* --- the frame type
 * --------------------------------------------------------------------------------------------------------------------
 */

static FrameObject *self_frame(Value self) { return (FrameObject *)as_obj(self); }

static uint32_t object_lasti(FrameObject *o) { return o->frame != NULL ? frame_lasti(o->frame) : o->lasti; }

static Value get_f_code(VM *vm, Value self) { return (void)vm, incref(from_obj(self_frame(self)->code)); }
static Value get_f_globals(VM *vm, Value self) { return (void)vm, incref(self_frame(self)->func->globals); }
static Value get_f_builtins(VM *vm, Value self) { return (void)vm, incref(self_frame(self)->func->builtins); }
static Value get_f_locals(VM *vm, Value self) { return frame_locals_mapping(vm, self_frame(self)); }
static Value get_f_lasti(VM *vm, Value self) {
    return (void)vm, from_small_int((int64_t)object_lasti(self_frame(self)) * 8);
}
static Value get_f_lineno(VM *vm, Value self) {
    (void)vm;
    FrameObject *o = self_frame(self);
    if (o->frame != NULL && o->frame->pc == o->code->instrs)
        return from_small_int(o->code->firstlineno); /* nothing has run: it stands at the `def` */
    int line = code_line(o->code, object_lasti(o));
    return line < 0 ? VALUE_NONE : from_small_int(line);
}
static Value get_f_back(VM *vm, Value self) {
    FrameObject *o = self_frame(self);
    if (o->frame == NULL)
        return incref(o->back == 0 ? VALUE_NONE : o->back);
    Frame *back = frame_back(vm, o->frame);
    return back == NULL ? VALUE_NONE : frame_object(vm, back);
}
static Value get_f_trace(VM *vm, Value self) {
    return (void)vm, incref(self_frame(self)->trace == 0 ? VALUE_NONE : self_frame(self)->trace);
}
static bool set_f_trace(VM *vm, Value self, Value v) {
    FrameObject *o = self_frame(self);
    set_owned(vm, &o->trace, v == VALUE_NONE || v == 0 ? 0 : incref(v));
    o->traced_line = code_line(o->code, object_lasti(o)); /* the line that it is in has begun */
    o->traced_word = object_lasti(o);
    return true;
}
static Value get_f_trace_lines(VM *vm, Value self) { return (void)vm, from_bool(self_frame(self)->trace_lines); }
static bool set_f_trace_lines(VM *vm, Value self, Value v) {
    int yes = v == 0 ? 0 : truth(vm, v);
    self_frame(self)->trace_lines = yes > 0;
    return yes >= 0;
}
static Value get_f_trace_opcodes(VM *vm, Value self) { return (void)vm, from_bool(self_frame(self)->trace_opcodes); }
static bool set_f_trace_opcodes(VM *vm, Value self, Value v) {
    int yes = v == 0 ? 0 : truth(vm, v);
    self_frame(self)->trace_opcodes = yes > 0;
    return yes >= 0;
}

static const GetSetSpec frame_getset[] = {
    {"f_code", get_f_code, NULL, "Code that the frame runs."},
    {"f_globals", get_f_globals, NULL, "Global variables."},
    {"f_builtins", get_f_builtins, NULL, "Built-in names."},
    {"f_locals", get_f_locals, NULL, "Local variables."},
    {"f_lasti", get_f_lasti, NULL, "Offset of the current instruction."},
    {"f_lineno", get_f_lineno, NULL, "Current line."},
    {"f_back", get_f_back, NULL, "Frame of the caller."},
    {"f_trace", get_f_trace, set_f_trace, "Trace function of the frame."},
    {"f_trace_lines", get_f_trace_lines, set_f_trace_lines, "Whether lines are traced."},
    {"f_trace_opcodes", get_f_trace_opcodes, set_f_trace_opcodes, "Whether instructions are traced."},
    {0},
};

static Value frame_method_clear(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    FrameObject *o = self_frame(self);
    if (o->frame != NULL) {
        Frame *f = o->frame;
        if (!(f->flags & FRAME_OF_GENERATOR) || f->state == FRAME_RUNNING)
            return raise_runtime(vm, "cannot clear an executing frame");
        if (f->state == FRAME_SUSPENDED)
            return raise_runtime(vm, "cannot clear a suspended frame");
        generator_finalize(vm, from_obj(frame_generator(f))); /* which tells of a coroutine that was never awaited */
        generator_close(vm, frame_generator(f));
        return error_pending(vm) ? VALUE_ERROR : VALUE_NONE;
    }
    frame_clear_saved(vm, as_obj(self));
    return VALUE_NONE;
}

static const MethodSpec frame_methods[] = {
    {"clear", frame_method_clear, "", "Drops the references that an ended frame holds.", 0},
    {0},
};

static Value frame_repr(VM *vm, Value self) {
    FrameObject *o = self_frame(self);
    Value at = address_text(vm, self);
    Value r = at == 0 ? 0
                      : str_printf(vm, "<frame at %V, file %R, line %d, code %V>", at, o->code->filename,
                                   code_line(o->code, object_lasti(o)), o->code->name);
    decref(vm, at);
    return r;
}

const TypeSpec frame_spec = {
    .name = "frame",
    .doc = "An activation of a function, class body or module.",
    .size = sizeof(FrameObject),
    .flags = TYPE_GC | TYPE_NO_NEW | TYPE_NO_WEAKREF,
    .kind = KIND_FRAME,
    .slots = {.dealloc = frame_dealloc, .traverse = frame_traverse, .clear = frame_clear_saved, .repr = frame_repr},
    .methods = frame_methods,
    .getset = frame_getset,
};
