/* What runs later: a binary heap by time.
 *
 * Entries with equal times come out in an order that the steps of the algorithm decide, and scripts print it. So the
 * steps are those of Python's heapq: taking the first lets the hole sink to a leaf, always to the smaller child (the
 * right one when equal), and then the last entry rises from there. */
#include "stdlib/asyncio/asyncio.h"

/* More cancelled entries than this, and than half of all: the heap is made anew without them. */
#define PRUNE_MIN 100

static void rise(Timer *items, size_t start, size_t at) {
    Timer t = items[at];
    while (at > start) {
        size_t parent = (at - 1) / 2;
        if (!(t.when < items[parent].when))
            break;
        items[at] = items[parent];
        at = parent;
    }
    items[at] = t;
}

static void sink(Timer *items, size_t len, size_t start) {
    Timer t = items[start];
    size_t at = start, child;
    while ((child = 2 * at + 1) < len) {
        if (child + 1 < len && !(items[child].when < items[child + 1].when))
            child++;
        items[at] = items[child];
        at = child;
    }
    items[at] = t;
    rise(items, start, at);
}

bool timers_push(VM *vm, TimerHeap *h, double when, Value what) {
    if (h->len == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 32;
        Timer *items =
            cap > ITEMS_MAX ? NULL : mem_realloc(vm, h->items, h->cap * sizeof *items, cap * sizeof *items);
        if (!items) {
            decref(vm, what);
            return false;
        }
        h->items = items;
        h->cap = cap;
    }
    h->items[h->len] = (Timer){when, what};
    rise(h->items, 0, h->len++);
    return true;
}

/* Gives back memory of a heap that is much smaller than it was. */
static void shrink(VM *vm, TimerHeap *h) {
    if (h->cap <= 1024 || h->len > h->cap / 4)
        return;
    Timer *items = mem_realloc(vm, h->items, h->cap * sizeof *items, h->cap / 2 * sizeof *items);
    if (items) {
        h->items = items;
        h->cap /= 2;
    } else {
        error_clear(vm);
    }
}

/* The time of an entry that leaves the heap. */
static void forget(TimerHeap *h, Value what) {
    if (timer_is_cancelled(what) && h->cancelled)
        h->cancelled--;
    if (is_future(what))
        as_future(what)->flags &= (uint8_t)~FUTURE_TIMED;
    else
        as_handle(what)->scheduled = false;
}

Value timers_pop(VM *vm, TimerHeap *h) {
    Value what = h->items[0].what;
    h->items[0] = h->items[--h->len];
    if (h->len)
        sink(h->items, h->len, 0);
    forget(h, what);
    shrink(vm, h);
    return what;
}

bool timer_is_cancelled(Value what) {
    return is_future(what) ? as_future(what)->state != FUTURE_PENDING : as_handle(what)->cancelled;
}

/* Makes the heap anew without the cancelled entries. False (no exception): there was no memory to do it. */
static bool rebuild(VM *vm, TimerHeap *h) {
    Timer *old = h->items;
    size_t n = h->len, old_cap = h->cap, cap = 32, kept = 0;
    for (size_t i = 0; i < n; i++)
        kept += !timer_is_cancelled(old[i].what);
    while (cap < kept)
        cap *= 2;
    kept = 0;
    Timer *items = mem_alloc(vm, cap * sizeof *items);
    if (!items) {
        error_clear(vm);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        if (!timer_is_cancelled(old[i].what))
            items[kept++] = old[i];
    for (size_t i = kept / 2; i-- > 0;)
        sink(items, kept, i);
    h->items = items;
    h->len = kept;
    h->cap = cap;
    for (size_t i = 0; i < n; i++) {
        if (timer_is_cancelled(old[i].what))
            forget(h, old[i].what);
        else
            old[i].what = 0;
    }
    for (size_t i = 0; i < n; i++) /* may run scripts: the heap is whole again */
        decref(vm, old[i].what);
    mem_free(vm, old, old_cap * sizeof *old);
    return true;
}

void timers_prune(VM *vm, TimerHeap *h) {
    if (h->len > PRUNE_MIN && h->cancelled * 2 > h->len && rebuild(vm, h))
        return;
    while (h->len && timer_is_cancelled(h->items[0].what))
        decref(vm, timers_pop(vm, h));
}

void timers_clear(VM *vm, TimerHeap *h) {
    Timer *items = h->items;
    size_t len = h->len, cap = h->cap;
    memset(h, 0, sizeof *h);
    for (size_t i = 0; i < len; i++) {
        if (is_future(items[i].what))
            as_future(items[i].what)->flags &= (uint8_t)~FUTURE_TIMED;
        else
            as_handle(items[i].what)->scheduled = false;
        decref(vm, items[i].what);
    }
    mem_free(vm, items, cap * sizeof *items);
}

void timers_traverse(TimerHeap *h, VisitFn visit, void *arg) {
    for (size_t i = 0; i < h->len; i++)
        visit_value(h->items[i].what, visit, arg);
}
