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

/* How many links the chain of root has once its leaf, parent, delegates to child. */
static ALWAYS_INLINE size_t links_joined(Generator *root, Generator *parent, Generator *child) {
    size_t n = 1;
    if (root != parent)
        n += *generator_chain_links(root);
    if (child->frame.flags & GEN_DELEGATING)
        n += *generator_chain_links(child);
    return n;
}

/* Without C recursion or frames on the thread's stack, endless delegation would only end with the memory. */
static ALWAYS_INLINE bool links_allowed(VM *vm, Thread *t, size_t n) {
    return t->depth + n <= vm->recursion_limit && n <= UINT16_MAX;
}

/* Makes parent, the leaf of root's chain, delegate to child, whose own leaf it has then. */
static ALWAYS_INLINE void join(Generator *root, Generator *parent, Generator *child, Generator *leaf, size_t links) {
    child->frame.flags |= GEN_DELEGATED;
    parent->frame.flags |= GEN_DELEGATING;
    child->handled.previous = &parent->handled;
    root->link = leaf;
    leaf->link = root;
    *generator_chain_links(root) = (uint16_t)links;
}

/* Takes the leaf of a chain from its parent, which is the leaf then. */
static ALWAYS_INLINE void part(Generator *parent, Generator *leaf) {
    Generator *root = leaf->link;
    leaf->frame.flags &= (uint8_t)~GEN_DELEGATED;
    leaf->handled.previous = NULL;
    parent->frame.flags &= (uint8_t)~GEN_DELEGATING;
    parent->link = root;
    root->link = parent;
    if (root != parent)
        --*generator_chain_links(root);
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
    size_t links = links_joined(root, parent, child);
    if (unlikely(!links_allowed(vm, t, links))) {
        raise_recursion(vm, "");
        return NULL;
    }
    if (!deliver(vm, leaf, sent))
        return NULL;
    Frame *f = &leaf->frame;
    f->previous = parent->frame.previous;
    f->ret = parent->frame.ret;
    f->dst = parent->frame.dst; /* before the root counts its links there */
    join(root, parent, child, leaf, links);
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

/* The same of one that nobody resumes. */
static void drop_registers(VM *vm, Generator *g) {
    if (g->frame.object != NULL)
        frame_detach(vm, &g->frame, NULL);
    drop_registers_inline(vm, g);
}

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
        part(parent, g);
        parent->frame.state = FRAME_RUNNING;
        t->handled = &parent->handled;
    }
    if (unlikely(f->object != NULL))
        frame_detach(vm, f, parent == NULL ? f->previous : &parent->frame);
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

/* --- throwing and closing
 * ------------------------------------------------------------------------------------------------
 *
 * An exception goes through a chain from the leaf outwards. Each member that it reaches runs by itself, taken from
 * its parent: what the exception gets as its context, and what the member sees as being handled, is what the member
 * itself handles and what its resumer does, but nothing of its parents. A member that yields is put back. */

/* Goes on in g, which is no part of a chain; throwing: with the pending exception. */
static SendStatus run_alone(VM *vm, Generator *g, bool throwing, Value *out) {
    Thread *t = vm->thread;
    HandledItem *callers = t->handled;
    t->handled = &g->handled;
    if (throwing && g->handled.exception != 0) /* what the caller handles is no context */
        raise_new(vm, error_take(vm));
    g->handled.previous = callers;
    t->depth++;
    g->frame.state = FRAME_RUNNING;
    return run_leaf(vm, &g->frame, throwing, out);
}

/* While its delegate is thrown into or closed, g counts as running, behind its SEND. Returns the frame that resumes
 * g, in case that the delegate's frames shall stand on others. */
static Frame *delegate_enter(Thread *t, Generator *g) {
    g->frame.previous = t->frame;
    g->frame.state = FRAME_RUNNING;
    g->frame.pc++;
    return t->frame;
}

static void delegate_leave(Thread *t, Generator *g, Frame *caller, SendStatus status) {
    t->frame = caller;
    g->frame.state = FRAME_SUSPENDED;
    if (status == SEND_YIELD)
        g->frame.pc--;
}

/* What g's SEND waited for is there (value, consumed): completes it. */
static void complete_send(VM *vm, Generator *g, Value value) {
    Frame *f = &g->frame;
    Instr ins = f->pc[-1];
    f->state = FRAME_RUNNING; /* whatever runs when the delegate goes */
    set_owned(vm, &f->regs[instr_b(ins)], 0);
    set_owned(vm, &f->regs[instr_c(ins)], 0);
    set_owned(vm, &f->regs[instr_a(ins)], value);
}

Value raise_thrown(VM *vm, Value thrown) {
    if (!is_type(thrown))
        return raise_steal(vm, thrown);
    Value exc = call0(vm, thrown);
    if (exc != 0 && is_exception(exc))
        raise_steal(vm, exc);
    else if (exc != 0) {
        raise_type(vm, "calling %R should have returned an instance of BaseException, not %T", thrown, exc);
        decref(vm, exc);
    }
    decref(vm, thrown);
    return VALUE_ERROR;
}

static bool is_exit(VM *vm, Value thrown) {
    return is_type(thrown) ? type_is_subtype(as_type(thrown), vm->exc.GeneratorExit)
                           : exception_is(vm, thrown, vm->exc.GeneratorExit);
}

static bool is_member(VM *vm, Value delegate) {
    return has_kind(delegate, KIND_GENERATOR) && obj_type(as_obj(delegate)) != vm->types.async_generator;
}

SendStatus delegate_throw(VM *vm, Value delegate, Value thrown, Value *out) {
    *out = 0;
    if (is_member(vm, delegate))
        return generator_throw(vm, as_generator(delegate), thrown, out);
    Value method;
    int has = attr_lookup(vm, delegate, NAME(throw), &method);
    if (has <= 0) {
        if (has < 0)
            decref(vm, thrown);
        else
            raise_thrown(vm, thrown);
        return SEND_ERROR;
    }
    Value r = call1(vm, method, thrown);
    decref(vm, method);
    decref(vm, thrown);
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

/* Throws into what g's SEND waits for, an object that is not linked. */
static SendStatus throw_foreign(VM *vm, Generator *g, Value delegate, Value thrown, Value *out) {
    Thread *t = vm->thread;
    SendStatus status = SEND_ERROR;
    Generator *below = is_member(vm, delegate) ? g : generator_parent(g);
    Frame *caller = delegate_enter(t, g);
    if (below != NULL)
        t->frame = &below->frame;
    incref(delegate);
    if (native_enter(vm, "")) {
        status = delegate_throw(vm, delegate, thrown, out);
        native_leave(vm);
    } else {
        decref(vm, thrown);
    }
    decref(vm, delegate);
    delegate_leave(t, g, caller, status);
    return status;
}

/* Throws into the leaf of g's chain, and what comes of that into its parents. */
static SendStatus throw_inside(VM *vm, Generator *g, Value thrown, Value *out) {
    Thread *t = vm->thread;
    Generator *member = generator_leaf(g);
    Value delegate = foreign_delegate(member);
    SendStatus status = SEND_ERROR;
    if (delegate == 0)
        raise_thrown(vm, thrown);
    else
        status = throw_foreign(vm, member, delegate, thrown, out);
    while (status != SEND_YIELD) { /* what came of the member's delegate */
        Generator *parent = generator_parent(member);
        if (status == SEND_RETURN)
            complete_send(vm, member, *out);
        if (parent == NULL)
            return run_alone(vm, member, status == SEND_ERROR, out);
        part(parent, member);
        Frame *caller = delegate_enter(t, parent);
        t->frame = &parent->frame;
        status = run_alone(vm, member, status == SEND_ERROR, out);
        delegate_leave(t, parent, caller, status);
        if (status == SEND_YIELD) { /* if it is not linked again, that is tried when the parent is resumed */
            size_t links = links_joined(g, parent, member);
            if (links_allowed(vm, t, links))
                join(g, parent, member, generator_leaf(member), links);
        }
        member = parent;
    }
    return status;
}

/* As one piece, a chain can be thrown into when nothing tells that from going through its members: none handles an
 * exception, which would become the context, and nothing else is to be thrown into or closed before. */
static bool is_one_piece(VM *vm, Generator *g, Value thrown) {
    Generator *leaf = generator_leaf(g);
    if (g->frame.flags & GEN_DELEGATED || leaf->frame.state != FRAME_SUSPENDED || foreign_delegate(leaf) != 0 ||
        is_exit(vm, thrown))
        return false;
    for (Generator *member = leaf; member != NULL; member = generator_parent(member))
        if (member->handled.exception != 0)
            return false;
    return true;
}

Frame *generator_resume_throwing(VM *vm, Thread *t, Generator *g, Value *thrown) {
    if (!is_one_piece(vm, g, *thrown))
        return NULL;
    raise_thrown(vm, *thrown);
    *thrown = error_take(vm);
    if (!is_one_piece(vm, g, *thrown)) /* any more: the exception's constructor may have gone on with it */
        return NULL;
    Frame *f = generator_resume(vm, t, g, VALUE_NONE);
    if (f != NULL)
        raise_steal(vm, *thrown);
    else
        decref(vm, *thrown);
    *thrown = 0;
    return f;
}

/* Nothing is waiting for an exception at the leaf's yield: closing is just dropping the registers. */
static bool has_handler(const Frame *f) {
    uint32_t at = frame_lasti(f);
    for (uint32_t i = 0; i < f->code->nhandlers; i++)
        if (at >= f->code->handlers[i].start && at < f->code->handlers[i].end)
            return true;
    return false;
}

static void close_suspended(VM *vm, Generator *g) {
    g->frame.state = FRAME_FINISHED;
    obj_incref(&g->header);
    drop_registers(vm, g);
    obj_decref(vm, &g->header);
}

/* Closes g, whose delegate, if any, has been closed: with the pending exception of that if it failed. */
static bool close_alone(VM *vm, Generator *g, bool failed, Value *value) {
    if (!failed) {
        if (!has_handler(&g->frame)) {
            close_suspended(vm, g);
            return true;
        }
        raise_new(vm, exception_new_simple(vm, vm->exc.GeneratorExit, 0));
    }
    Value out;
    SendStatus status = run_alone(vm, g, true, &out);
    if (status == SEND_ERROR) {
        if (!error_matches(vm, vm->exc.GeneratorExit))
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

static bool close_foreign(VM *vm, Value delegate) {
    if (is_member(vm, delegate)) {
        if (!native_enter(vm, ""))
            return false;
        bool ok = generator_close(vm, as_generator(delegate));
        native_leave(vm);
        return ok;
    }
    Value close;
    int has = attr_lookup(vm, delegate, NAME(close), &close);
    if (has < 0)
        error_unraisable(vm, NULL, delegate);
    if (has <= 0)
        return true;
    Value r = call0(vm, close);
    decref(vm, close);
    decref(vm, r);
    return r != 0;
}

/* Closes what g delegates to, from the inside out; g's SEND is over then. */
static bool close_delegates(VM *vm, Generator *g) {
    Thread *t = vm->thread;
    Generator *member = generator_leaf(g);
    Value delegate = foreign_delegate(member);
    bool ok = true;
    if (delegate != 0) {
        Frame *caller = delegate_enter(t, member);
        incref(delegate);
        ok = close_foreign(vm, delegate);
        decref(vm, delegate);
        delegate_leave(t, member, caller, SEND_RETURN);
    }
    while (member != g) {
        Generator *parent = generator_parent(member);
        part(parent, member);
        Frame *caller = delegate_enter(t, parent);
        Value value = 0;
        ok = close_alone(vm, member, !ok, &value);
        decref(vm, value);
        delegate_leave(t, parent, caller, SEND_RETURN);
        member = parent;
    }
    return ok;
}

SendStatus generator_throw(VM *vm, Generator *g, Value thrown, Value *out) {
    *out = 0;
    if (g->frame.state == FRAME_FINISHED) {
        if (is_coroutine(g)) {
            decref(vm, thrown);
            raise_runtime(vm, "cannot reuse already awaited coroutine");
        } else {
            raise_thrown(vm, thrown);
        }
        return SEND_ERROR;
    }
    if (generator_is_running(g)) {
        decref(vm, thrown);
        raise_value(vm, "%s already executing", is_coroutine(g) ? "coroutine" : "generator");
        return SEND_ERROR;
    }
    if (g->frame.flags & GEN_DELEGATED)
        generator_unlink(g);
    obj_incref(&g->header);
    SendStatus status;
    if (is_exit(vm, thrown) && generator_yield_from(g) != 0) {
        if (close_delegates(vm, g))
            raise_thrown(vm, thrown);
        else
            decref(vm, thrown);
        status = run_alone(vm, g, true, out);
    } else {
        status = throw_inside(vm, g, thrown, out);
    }
    obj_decref(vm, &g->header);
    return status;
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
    if (f->state == FRAME_CREATED) {
        close_suspended(vm, g);
        return true;
    }
    obj_incref(&g->header);
    bool ok = close_delegates(vm, g);
    ok = close_alone(vm, g, !ok, value);
    obj_decref(vm, &g->header);
    return ok;
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
    if (g->frame.func == NULL)
        return;
    frame_visit(&g->frame, visit, arg);
    visit_value(g->handled.exception, visit, arg);
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
