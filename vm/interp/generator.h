/* Generators, coroutines and async generators: one suspended frame each, and the links of a delegation chain.
 *
 * A chain G0 -> G1 -> ... -> Gk arises when each G(i) delegates (yield from, await) to G(i+1). G0 is the root, which
 * somebody resumes; Gk is the leaf, whose frame really runs. Two links make every step O(1):
 *
 *     root.link  = leaf      so that a resume goes straight to the frame that runs
 *     leaf.link  = root      so that delegating further, or finishing, can update root.link
 *
 * and each member finds its parent through handled.previous, which while it is delegated points to the parent's
 * `handled` (that is also what makes exceptions handled by the parents visible to sys.exception() in the leaf). The
 * links of the members in between are stale and unused. When the leaf delegates, the new leaf inherits `link`; when
 * it finishes, its parent does. A yield leaves through the leaf's frame.previous, which is the resumer's frame.
 *
 * Resuming a member that is not the root (somebody holds it and calls next() on it directly) is rare and slower: the
 * leaf is found by walking down (generator_leaf_walk) and the root's link is repaired the same way. */
#ifndef COVE_INTERP_GENERATOR_H
#define COVE_INTERP_GENERATOR_H

#include "interp/frame.h"

typedef struct Generator {
    Object header;
    HandledItem handled;
    struct Generator *link;
    Frame frame;
} Generator;

static ALWAYS_INLINE Generator *as_generator(Value v) { return (Generator *)as_obj(v); }
static ALWAYS_INLINE Generator *frame_generator(Frame *f) { return container_of(f, Generator, frame); }
static ALWAYS_INLINE Generator *generator_parent(Generator *g) {
    return (g->frame.flags & GEN_DELEGATED) ? container_of(g->handled.previous, Generator, handled) : NULL;
}

/* A new suspended activation of fn, registers zero: generator, coroutine or async generator by the code's flags. */
Generator *generator_new(VM *vm, Function *fn);
/* Resumes with a value (borrowed). The general door: generators, coroutines. */
SendStatus generator_send(VM *vm, Generator *g, Value sent, Value *out);
/* Raises an exception, or one of a class (consumed), at the point of suspension. */
SendStatus generator_throw(VM *vm, Generator *g, Value thrown, Value *out);
/* Raises the exception (consumed) where g's chain is suspended, and makes the chain run: the frame to enter with
 * EVAL_THROW, as generator_resume() returns it. NULL: this is for generator_throw(), and *thrown is left; it is 0 if
 * another exception is pending. */
Frame *generator_resume_throwing(VM *vm, Thread *t, Generator *g, Value *thrown);
bool generator_close(VM *vm, Generator *g);
bool generator_close_value(VM *vm, Generator *g, Value *value); /* also what it returned, owned, or 0 */
/* For the loop: makes g's chain run and returns the frame to enter (its previous, ret and dst are the caller's to
 * set); NULL with an exception. */
Frame *generator_resume(VM *vm, Thread *t, Generator *g, Value sent);
/* Where a chain counts its links: in a field of the root's frame that means nothing while the root delegates (whom
 * the result goes to is then noted in the leaf). */
static ALWAYS_INLINE uint16_t *generator_chain_links(Generator *root) { return &root->frame.dst; }

/* generator_link for the common case, an await of a coroutine that has just been made; NULL: not that case, or the
 * chain is too long, which generator_link will say. */
static ALWAYS_INLINE Frame *generator_link_new(VM *vm, Thread *t, Generator *parent, Generator *child) {
    Frame *f = &child->frame, *up = &parent->frame;
    if (f->state != FRAME_CREATED || f->flags != FRAME_OF_GENERATOR || (f->code->flags & CO_ASYNC_GENERATOR))
        return NULL;
    Generator *root = parent;
    unsigned links = 1;
    if (up->flags & GEN_DELEGATED) {
        root = parent->link;
        links += *generator_chain_links(root);
    }
    if (unlikely(t->depth + links > vm->recursion_limit || links > UINT16_MAX))
        return NULL;
    f->flags = FRAME_OF_GENERATOR | GEN_DELEGATED;
    up->flags |= GEN_DELEGATING;
    child->handled.previous = &parent->handled;
    child->link = root;
    root->link = child;
    f->previous = up->previous;
    f->ret = up->ret;
    f->dst = up->dst;
    *generator_chain_links(root) = (uint16_t)links;
    f->state = FRAME_RUNNING;
    up->state = FRAME_SUSPENDED;
    t->handled = &child->handled;
    return f;
}

/* generator_resume with None for the common case, a generator that is no part of a chain, suspended or new; NULL: not
 * that case. */
static ALWAYS_INLINE Frame *generator_resume_plain(VM *vm, Thread *t, Generator *g) {
    Frame *f = &g->frame;
    if (f->state == FRAME_SUSPENDED) {
        Value *waiting = &f->regs[f->aux];
        if (unlikely((f->flags & (GEN_DELEGATED | GEN_DELEGATING)) || t->depth >= vm->recursion_limit ||
                     is_obj(*waiting)))
            return NULL;
        *waiting = VALUE_NONE;
    } else if (f->state != FRAME_CREATED || t->depth >= vm->recursion_limit) {
        return NULL;
    }
    t->depth++;
    f->state = FRAME_RUNNING;
    g->handled.previous = t->handled;
    t->handled = &g->handled;
    return f;
}

/* The running parent delegates to child: returns the frame to enter, NULL without exception if child has finished. */
Frame *generator_link(VM *vm, Thread *t, Generator *parent, Generator *child, Value sent);
bool generator_can_link(VM *vm, Generator *child);
Generator *generator_finish(VM *vm, Thread *t, Generator *g);
/* Gives up a reference to a generator that has finished; a short cut, since most die at that moment. */
void generator_drop_finished(VM *vm, Generator *g);
void generator_dealloc(VM *vm, Object *self);
void generator_traverse(Object *self, VisitFn visit, void *arg);
void generator_clear(VM *vm, Object *self);
bool generator_set_name(VM *vm, Value self, Value v); /* __name__ and __qualname__ of all kinds of them */
bool generator_set_qualname(VM *vm, Value self, Value v);
/* Where a coroutine was made (sys.set_coroutine_origin_tracking_depth), in a table beside the coroutines. */
void coroutine_note_origin(VM *vm, Generator *g);
void coroutine_forget_origin(VM *vm, Generator *g);
/* The member whose frame runs or will run when g is resumed. */
Generator *generator_leaf(Generator *g);
bool generator_is_running(Generator *g);
bool generator_is_awaitable(Value v);     /* generator whose code is marked as coroutine (types.coroutine) */
Value generator_yield_from(Generator *g); /* what it delegates to; borrowed, 0 if nothing */
/* Throws into any iterator, which may have throw(). */
SendStatus delegate_throw(VM *vm, Value delegate, Value thrown, Value *out);
Value generator_method_send(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);

/* What throw(type, value, traceback) throws (args: 3, 0 where absent): an exception, or a class of them if that is
 * all that was given, of which one is made where it is raised. Owned; 0 with an exception. */
Value generator_throw_exception(VM *vm, Value *args);
Value raise_thrown(VM *vm, Value thrown); /* raises that (consumed) */
void generator_finalize(VM *vm, Value self);
/* asyncgen.c: awaitable of anext(it, default) around the awaitable of __anext__() */
Value anext_awaitable_new(VM *vm, Value wrapped, Value fallback);

#endif
