/* Generators and coroutines: resuming, throwing, closing, and the links of delegation chains (generator.h has the
 * picture).
 *
 * States: CREATED (nothing has run), SUSPENDED (at a yield, or on the SEND that delegates), RUNNING (only the leaf of
 * a running chain has this state; its parents stay SUSPENDED), FINISHED (registers dropped). */
#include "interp/generator.h"
#include "interp/trace.h"

#include "interp/eval.h"

Generator *generator_new(VM *vm, Function *fn) {
    Code *code = fn->code;
    if (!code_ready(vm, code)) /* frames of generators never stand on the stub */
        return NULL;
    Type *type = code->flags & CO_COROUTINE         ? vm->types.coroutine
                 : code->flags & CO_ASYNC_GENERATOR ? vm->types.async_generator
                                                    : vm->types.generator;
    Generator *g = object_alloc_uncleared(vm, type, offsetof(Generator, frame) + code->frame_size);
    if (unlikely(g == NULL))
        return NULL;
    g->handled = (HandledItem){0};
    g->link = NULL;
    obj_incref(&fn->header);
    Frame *f = &g->frame;
    *f = (Frame){.code = code, .pc = code->instrs, .func = fn, .flags = FRAME_OF_GENERATOR, .state = FRAME_CREATED};
    size_t words = (code->frame_size - sizeof(Frame)) / sizeof(Value);
    for (size_t i = 0; i < words; i++)
        f->regs[i] = 0;
    if (unlikely(vm->thread->coroutine_origin_depth > 0) && (code->flags & CO_COROUTINE))
        coroutine_note_origin(vm, g);
    return g;
}

/* --- the chain
 * ------------------------------------------------------------------------------------------------------------------
 */

/* The linked generator that g's SEND drives. */
static Generator *delegate_of(Generator *g) { return as_generator(g->frame.regs[instr_b(*g->frame.pc)]); }

Generator *generator_leaf(Generator *g) {
    if (!(g->frame.flags & GEN_DELEGATING))
        return g;
    if (!(g->frame.flags & GEN_DELEGATED))
        return g->link;
    while (g->frame.flags & GEN_DELEGATING)
        g = delegate_of(g);
    return g;
}

static Generator *root_of(Generator *g) {
    while (g->frame.flags & GEN_DELEGATED)
        g = generator_parent(g);
    return g;
}

bool generator_is_running(Generator *g) { return generator_leaf(g)->frame.state == FRAME_RUNNING; }

/* Without C recursion or frames on the thread's stack, endless delegation would only end with the memory. */
static bool may_link(VM *vm, Thread *t, Generator *root, Generator *parent, Generator *child, uint16_t *links) {
    size_t n = 1;
    if (root != parent)
        n += *generator_chain_links(root);
    if (child->frame.flags & GEN_DELEGATING)
        n += *generator_chain_links(child);
    if (unlikely(t->depth + n > vm->recursion_limit || n > UINT16_MAX)) {
        raise_recursion(vm, "");
        return false;
    }
    *links = (uint16_t)n;
    return true;
}

/* Takes g out of the chain in which a parent drives it: the parent becomes the leaf of the upper part and will link
 * again when it executes its SEND anew. */
static void generator_unlink(Generator *g) {
    Generator *parent = generator_parent(g), *leaf = generator_leaf(g), *root = root_of(parent);
    g->frame.flags &= (uint8_t)~GEN_DELEGATED;
    parent->frame.flags &= (uint8_t)~GEN_DELEGATING;
    uint16_t below = 0;
    for (Generator *m = g; m != leaf; m = delegate_of(m))
        below++;
    if (g != leaf)
        *generator_chain_links(g) = below;
    if (root != parent)
        *generator_chain_links(root) -= (uint16_t)(below + 1);
    root->link = parent;
    parent->link = root;
    g->link = leaf;
    leaf->link = g;
    g->handled.previous = NULL;
}

bool generator_can_link(VM *vm, Generator *child) {
    Frame *f = &child->frame;
    if (f->flags & GEN_DELEGATED)
        return false;
    if (obj_type(&child->header) == vm->types.async_generator)
        return false;
    if (f->state == FRAME_FINISHED)
        return obj_type(&child->header) == vm->types.generator;
    return !generator_is_running(child);
}

/* Whatever receives the value sent when g's frame goes on. */
static bool deliver(VM *vm, Generator *leaf, Value sent) {
    Frame *f = &leaf->frame;
    if (f->state == FRAME_CREATED) {
        if (unlikely(sent != VALUE_NONE)) {
            const char *kind = f->code->flags & CO_COROUTINE         ? "coroutine"
                               : f->code->flags & CO_ASYNC_GENERATOR ? "async generator"
                                                                     : "generator";
            return raise_type(vm, "can't send non-None value to a just-started %s", kind);
        }
        return true;
    }
    set_owned(vm, &f->regs[f->aux], incref(sent));
    return true;
}

Frame *generator_link(VM *vm, Thread *t, Generator *parent, Generator *child, Value sent) {
    if (child->frame.state == FRAME_FINISHED)
        return NULL;
    Generator *root = parent->frame.flags & GEN_DELEGATED ? parent->link : parent;
    Generator *leaf = child->frame.flags & GEN_DELEGATING ? child->link : child;
    uint16_t links;
    if (!may_link(vm, t, root, parent, child, &links) || !deliver(vm, leaf, sent))
        return NULL;
    child->frame.flags |= GEN_DELEGATED;
    parent->frame.flags |= GEN_DELEGATING;
    child->handled.previous = &parent->handled;
    root->link = leaf;
    leaf->link = root;
    Frame *f = &leaf->frame;
    f->previous = parent->frame.previous;
    f->ret = parent->frame.ret;
    f->dst = parent->frame.dst;
    *generator_chain_links(root) = links;
    f->state = FRAME_RUNNING;
    parent->frame.state = FRAME_SUSPENDED;
    t->handled = &leaf->handled;
    return f;
}

Frame *generator_resume(VM *vm, Thread *t, Generator *g, Value sent) {
    if (unlikely(g->frame.flags & GEN_DELEGATED)) {
        if (generator_is_running(g)) {
            raise_value(vm, "generator already executing");
            return NULL;
        }
        generator_unlink(g);
    }
    Generator *leaf = g->frame.flags & GEN_DELEGATING ? g->link : g;
    Frame *f = &leaf->frame;
    if (unlikely(f->state == FRAME_RUNNING)) {
        raise_value(vm, "%s already executing", g->frame.code->flags & CO_COROUTINE ? "coroutine" : "generator");
        return NULL;
    }
    if (unlikely(t->depth >= vm->recursion_limit)) {
        raise_recursion(vm, "");
        return NULL;
    }
    if (!deliver(vm, leaf, sent))
        return NULL;
    t->depth++;
    f->state = FRAME_RUNNING;
    g->handled.previous = t->handled;
    t->handled = &leaf->handled;
    return f;
}

/* Drops the registers of a frame that has ended, the last thing that can happen in it: no finalizer is needed. */
static ALWAYS_INLINE void drop_registers_inline(VM *vm, Generator *g) {
    Frame *f = &g->frame;
    g->header.flags |= OBJ_FINALIZED;
    if (unlikely(f->object != NULL))
        frame_detach(vm, f);
    unsigned n = f->code->nregs + (f->code->flags & CO_OPTIMIZED ? 0 : 1);
    for (unsigned i = 0; i < n; i++) {
        Value v = f->regs[i];
        if (is_obj(v)) {
            f->regs[i] = 0;
            obj_decref(vm, as_obj(v));
        }
    }
    Value handled = g->handled.exception;
    g->handled.exception = 0;
    decref(vm, handled);
}

static void drop_registers(VM *vm, Generator *g) { drop_registers_inline(vm, g); }

/* The running leaf g has ended (state, registers). Unlinks it: returns its parent, now running, or NULL if g was the
 * root. */
Generator *generator_finish(VM *vm, Thread *t, Generator *g) {
    Generator *parent = generator_parent(g);
    Frame *f = &g->frame;
    f->state = FRAME_FINISHED;
    if (parent == NULL) {
        t->handled = g->handled.previous;
        t->frame = f->previous;
    } else {
        parent->frame.previous = f->previous;
        parent->frame.ret = f->ret;
        parent->frame.dst = f->dst;
        t->frame = &parent->frame;
        Generator *root = g->link;
        g->frame.flags &= (uint8_t)~GEN_DELEGATED;
        g->handled.previous = NULL;
        parent->frame.flags &= (uint8_t)~GEN_DELEGATING;
        parent->link = root;
        root->link = parent;
        if (root != parent)
            --*generator_chain_links(root);
        parent->frame.state = FRAME_RUNNING;
        t->handled = &parent->handled;
    }
    drop_registers_inline(vm, g);
    return parent;
}

void generator_drop_finished(VM *vm, Generator *g) {
    if (g->header.refcount != 1 || (g->header.flags & OBJ_WEAKREFS) || (g->frame.flags & GEN_HAS_ORIGIN)) {
        obj_decref(vm, &g->header);
        return;
    }
    Function *fn = g->frame.func;
    object_release_plain(vm, &g->header);
    obj_decref(vm, &fn->header);
}

/* --- the C side: send, throw, close
 * ------------------------------------------------------------------------------------------------ */

static SendStatus run_leaf(VM *vm, Frame *f, bool throwing, Value *out) {
    f->previous = vm->thread->frame;
    f->ret = RET_EXIT;
    if (!native_enter(vm, "")) {
        throwing = true; /* the RecursionError is raised where the generator is */
        *out = eval_run(vm, f, throwing);
        return vm->thread->exit_status == SEND_ERROR ? SEND_ERROR : (SendStatus)vm->thread->exit_status;
    }
    *out = eval_run(vm, f, throwing);
    native_leave(vm);
    return (SendStatus)vm->thread->exit_status;
}

static bool is_coroutine(const Generator *g) { return (g->frame.code->flags & CO_COROUTINE) != 0; }

SendStatus generator_send(VM *vm, Generator *g, Value sent, Value *out) {
    *out = 0;
    if (g->frame.state == FRAME_FINISHED) {
        if (is_coroutine(g)) {
            raise_runtime(vm, "cannot reuse already awaited coroutine");
            return SEND_ERROR;
        }
        *out = VALUE_NONE;
        return SEND_RETURN;
    }
    Frame *f = generator_resume(vm, vm->thread, g, sent);
    if (f == NULL)
        return SEND_ERROR;
    obj_incref(&g->header);
    SendStatus status = run_leaf(vm, f, false, out);
    obj_decref(vm, &g->header);
    return status;
}

/* Suspended on a SEND whose delegate is not a linked generator: that object, borrowed, else 0. */
static Value foreign_delegate(Generator *leaf) {
    Frame *f = &leaf->frame;
    if (f->state != FRAME_SUSPENDED || instr_op(*f->pc) != BC_SEND || (f->flags & GEN_DELEGATING))
        return 0;
    /* a frame suspended at YIELD has its pc behind it, and SEND may be what comes next: then SEND's value register
     * would not be the one that waits for what is sent */
    if (f->aux != instr_c(*f->pc))
        return 0;
    if (f->pc > f->code->instrs && instr_op(f->pc[-1]) == BC_YIELD && instr_a(f->pc[-1]) == f->aux)
        return 0;
    return f->regs[instr_b(*f->pc)];
}

Value generator_yield_from(Generator *g) {
    if (g->frame.flags & GEN_DELEGATING)
        return from_obj(delegate_of(g));
    return foreign_delegate(g);
}

/* Goes on in leaf with the pending exception. */
static SendStatus throw_in_leaf(VM *vm, Generator *root, Generator *leaf, Value *out) {
    Thread *t = vm->thread;
    t->depth++;
    leaf->frame.state = FRAME_RUNNING;
    HandledItem *callers = t->handled;
    t->handled = &leaf->handled;
    root->handled.previous = NULL;
    Value exc = error_take(vm); /* its context is what the chain handles, not what its caller does */
    raise_object(vm, exc);
    decref(vm, exc);
    root->handled.previous = callers;
    return run_leaf(vm, &leaf->frame, true, out);
}

/* The delegate of leaf's SEND has ended with a value (consumed): complete the SEND and go on. */
static SendStatus complete_send(VM *vm, Generator *root, Generator *leaf, Value value, Value *out) {
    Thread *t = vm->thread;
    Frame *f = &leaf->frame;
    Instr ins = *f->pc++;
    Value delegate = f->regs[instr_b(ins)];
    f->regs[instr_b(ins)] = 0;
    set_owned(vm, &f->regs[instr_c(ins)], 0);
    set_owned(vm, &f->regs[instr_a(ins)], value);
    decref(vm, delegate);
    t->depth++;
    f->state = FRAME_RUNNING;
    root->handled.previous = t->handled;
    t->handled = &leaf->handled;
    return run_leaf(vm, f, false, out);
}

/* GeneratorExit goes through a chain from the inside out, each member being closed, as nested close() calls would. If
 * a member raises something else, that goes on through the rest instead. Leaves the exception to throw pending and
 * returns the leaf to throw it in. */
static Generator *close_delegates(VM *vm, Generator *root, Value exit) {
    while (root->frame.flags & GEN_DELEGATING) {
        Generator *leaf = generator_leaf(root), *parent = generator_parent(leaf);
        obj_incref(&leaf->header);
        generator_unlink(leaf);
        bool ok = generator_close(vm, leaf);
        obj_decref(vm, &leaf->header);
        parent->frame.pc++; /* behind its SEND, where the exception appears */
        if (!ok) {
            decref(vm, exit);
            return parent;
        }
        if (parent == root)
            break;
        /* the parent is itself closed as the leaf in the next turn: its SEND is over */
        Instr ins = parent->frame.pc[-1];
        set_owned(vm, &parent->frame.regs[instr_b(ins)], 0);
    }
    raise_steal(vm, exit);
    return generator_leaf(root);
}

SendStatus generator_throw(VM *vm, Generator *g, Value exc, Value *out) {
    *out = 0;
    if (g->frame.state == FRAME_FINISHED) {
        if (is_coroutine(g)) {
            decref(vm, exc);
            raise_runtime(vm, "cannot reuse already awaited coroutine");
        } else {
            raise_steal(vm, exc);
        }
        return SEND_ERROR;
    }
    if (generator_is_running(g)) {
        decref(vm, exc);
        raise_value(vm, "%s already executing", is_coroutine(g) ? "coroutine" : "generator");
        return SEND_ERROR;
    }
    if (g->frame.flags & GEN_DELEGATED)
        generator_unlink(g);
    obj_incref(&g->header);
    SendStatus status;
    Generator *leaf = generator_leaf(g);
    if ((g->frame.flags & GEN_DELEGATING) && exception_is(vm, exc, vm->exc.GeneratorExit)) {
        leaf = close_delegates(vm, g, exc);
        status = throw_in_leaf(vm, g, leaf, out);
        obj_decref(vm, &g->header);
        return status;
    }
    Value delegate = foreign_delegate(leaf);
    if (delegate == 0) {
        raise_steal(vm, exc);
        status = throw_in_leaf(vm, g, leaf, out);
    } else {
        incref(delegate);
        leaf->frame.state = FRAME_RUNNING; /* re-entry while the delegate works is an error */
        status = delegate_throw(vm, delegate, exc, out);
        leaf->frame.state = FRAME_SUSPENDED;
        decref(vm, delegate);
        if (status == SEND_RETURN) {
            status = complete_send(vm, g, leaf, *out, out);
        } else if (status == SEND_ERROR) {
            leaf->frame.pc++;
            status = throw_in_leaf(vm, g, leaf, out);
        }
    }
    obj_decref(vm, &g->header);
    return status;
}

static SendStatus foreign_close(VM *vm, Value delegate, Value exc) {
    Value close;
    int has = attr_lookup(vm, delegate, NAME(close), &close);
    if (has > 0) {
        Value r = call0(vm, close);
        decref(vm, close);
        decref(vm, r);
        has = r == 0 ? -1 : 1;
    } else if (has < 0) {
        error_unraisable(vm, NULL, delegate);
        has = 0;
    }
    if (has < 0)
        decref(vm, exc);
    else
        raise_steal(vm, exc);
    return SEND_ERROR;
}

SendStatus delegate_throw(VM *vm, Value delegate, Value exc, Value *out) {
    *out = 0;
    if (exception_is(vm, exc, vm->exc.GeneratorExit)) {
        if (has_kind(delegate, KIND_GENERATOR) && obj_type(as_obj(delegate)) != vm->types.async_generator) {
            if (generator_close(vm, as_generator(delegate)))
                raise_steal(vm, exc);
            else
                decref(vm, exc);
            return SEND_ERROR;
        }
        return foreign_close(vm, delegate, exc);
    }
    if (has_kind(delegate, KIND_GENERATOR) && obj_type(as_obj(delegate)) != vm->types.async_generator)
        return generator_throw(vm, as_generator(delegate), exc, out);
    Value method;
    int has = attr_lookup(vm, delegate, NAME(throw), &method);
    if (has <= 0) {
        if (has < 0)
            decref(vm, exc);
        else
            raise_steal(vm, exc);
        return SEND_ERROR;
    }
    Value r = call1(vm, method, exc);
    decref(vm, method);
    decref(vm, exc);
    if (r != 0) {
        *out = r;
        return SEND_YIELD;
    }
    if (!error_matches(vm, vm->exc.StopIteration))
        return SEND_ERROR;
    Value stop = error_take(vm);
    Value value = exception_field(stop, STOPITERATION_VALUE);
    *out = incref(value == 0 ? VALUE_NONE : value);
    decref(vm, stop);
    return SEND_RETURN;
}

/* Nothing is waiting for an exception at the leaf's yield: closing is just dropping the registers. */
static bool has_handler(const Frame *f) {
    uint32_t at = frame_lasti(f);
    for (uint32_t i = 0; i < f->code->nhandlers; i++)
        if (at >= f->code->handlers[i].start && at < f->code->handlers[i].end)
            return true;
    return false;
}

bool generator_close(VM *vm, Generator *g) {
    Value value = 0;
    bool ok = generator_close_value(vm, g, &value);
    decref(vm, value);
    return ok;
}

bool generator_close_value(VM *vm, Generator *g, Value *value) {
    Frame *f = &g->frame;
    *value = 0;
    if (f->state == FRAME_FINISHED)
        return true;
    if (generator_is_running(g))
        return raise_value(vm, "%s already executing", is_coroutine(g) ? "coroutine" : "generator");
    if (f->flags & GEN_DELEGATED)
        generator_unlink(g);
    if (f->state == FRAME_CREATED || (!(f->flags & GEN_DELEGATING) && foreign_delegate(g) == 0 && !has_handler(f))) {
        f->state = FRAME_FINISHED;
        obj_incref(&g->header);
        drop_registers(vm, g);
        obj_decref(vm, &g->header);
        return true;
    }
    Value exit = exception_new_simple(vm, vm->exc.GeneratorExit, 0);
    if (exit == 0)
        return false;
    Value out;
    SendStatus status = generator_throw(vm, g, exit, &out);
    if (status == SEND_ERROR) {
        if (!error_matches(vm, vm->exc.GeneratorExit) && !error_matches(vm, vm->exc.StopIteration))
            return false;
        error_clear(vm);
        return true;
    }
    if (status == SEND_RETURN) {
        *value = out;
        return true;
    }
    decref(vm, out);
    return raise_runtime(vm, "%s ignored GeneratorExit",
                         is_coroutine(g)                             ? "coroutine"
                         : g->frame.code->flags & CO_ASYNC_GENERATOR ? "async generator"
                                                                     : "generator");
}

bool generator_is_awaitable(Value v) {
    return has_kind(v, KIND_GENERATOR) && (as_generator(v)->frame.code->flags & CO_ITERABLE_COROUTINE);
}

/* --- memory
 * ----------------------------------------------------------------------------------------------------------------------------
 */

void generator_dealloc(VM *vm, Object *self) {
    Generator *g = (Generator *)self;
    if (g->frame.flags & GEN_DELEGATED)
        generator_unlink(g);
    if (g->frame.state != FRAME_FINISHED) {
        g->frame.state = FRAME_FINISHED;
        drop_registers(vm, g);
    }
    if (g->frame.flags & GEN_HAS_ORIGIN)
        coroutine_forget_origin(vm, g);
    if (g->frame.func != NULL)
        obj_decref(vm, &g->frame.func->header);
}

void generator_traverse(Object *self, VisitFn visit, void *arg) {
    Generator *g = (Generator *)self;
    Frame *f = &g->frame;
    if (f->func == NULL)
        return;
    visit(&f->func->header, arg);
    visit_value(g->handled.exception, visit, arg);
    unsigned n = f->code->nregs + (f->code->flags & CO_OPTIMIZED ? 0 : 1);
    for (unsigned i = 0; i < n; i++)
        visit_value(f->regs[i], visit, arg);
}

void generator_clear(VM *vm, Object *self) {
    Generator *g = (Generator *)self;
    if (g->frame.state == FRAME_RUNNING || generator_is_running(g))
        return;
    if (g->frame.flags & GEN_DELEGATED)
        generator_unlink(g);
    if (g->frame.flags & GEN_DELEGATING)
        generator_unlink(delegate_of(g));
    g->frame.state = FRAME_FINISHED;
    drop_registers(vm, g);
}
