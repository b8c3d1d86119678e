/* Wake-ups for which there was no memory.
 *
 * A task that is not queued when what it awaits is done would wait for ever, and nobody could tell it. So queueing a
 * task or a future does not fail: without memory the object itself notes the tag, the loop counts such notes and
 * keeps the reference, and the next turn looks for them among all containers, as all_tasks() does. If there is still
 * no memory then, the entry found is run without the queue: every turn gets on. */
#include "stdlib/asyncio/asyncio.h"

void loop_queue(VM *vm, Loop *loop, Value object, enum ReadyTag tag) {
    if (likely(ready_reserve(vm, &loop->ready))) {
        ready_put(&loop->ready, object, tag);
        return;
    }
    error_clear(vm);
    Future *f = as_future(object);
    uint16_t bit = (uint16_t)(1u << tag);
    if (f->deferred & bit) { /* only of a gathering future */
        gather_merge(object);
        decref(vm, object);
        return;
    }
    f->deferred |= bit;
    loop->ndeferred++;
}

/* Takes a note back: the reference is the caller's. */
static Value take(Loop *loop, Future *f, enum ReadyTag *tag) {
    *tag = (enum ReadyTag)__builtin_ctz(f->deferred);
    f->deferred &= (uint16_t)(f->deferred - 1);
    loop->ndeferred--;
    return from_obj(f);
}

/* The next future with a note from that link on, or NULL. */
static Future *find(GcLink **link, const GcLink *head, Loop *loop) {
    for (; *link != head; *link = (*link)->next) {
        Value object = from_obj(gc_object(*link));
        if (is_future(object) && as_future(object)->deferred && as_future(object)->loop == from_obj(loop))
            return as_future(object);
    }
    return NULL;
}

/* Takes notes back until there are none, or there is no memory to queue what they say: then that is returned. */
static Value requeue(VM *vm, Loop *loop, enum ReadyTag *tag) {
    for (int i = 0; i < GC_SETTLED; i++) {
        GcLink *head = &vm->gc.lists[i], *link = head->next;
        Future *f;
        while (loop->ndeferred && (f = find(&link, head, loop)) != NULL) {
            Value object = take(loop, f, tag);
            if (!ready_reserve(vm, &loop->ready)) {
                error_clear(vm);
                return object;
            }
            ready_put(&loop->ready, object, *tag);
        }
    }
    loop->ndeferred = 0;
    return 0;
}

bool loop_run_deferred(VM *vm, Value self) {
    enum ReadyTag tag;
    Value object = requeue(vm, as_loop(self), &tag);
    if (!object)
        return true;
    bool ok = loop_run_entry(vm, self, object, tag);
    decref(vm, object);
    return ok;
}

void loop_drop_deferred(VM *vm, Loop *loop) {
    enum ReadyTag tag;
    while (loop->ndeferred) {
        Value object = requeue(vm, loop, &tag);
        ready_clear(vm, &loop->ready);
        decref(vm, object);
    }
}
