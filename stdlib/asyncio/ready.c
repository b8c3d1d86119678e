/* The queue of what runs next: tagged words in a list of chunks, so that a queue that was once long gives its memory
 * back while it is worked off. One empty chunk is kept. */
#include "stdlib/asyncio/asyncio.h"

#define CHUNK_ITEMS 510

struct ReadyChunk {
    ReadyChunk *next;
    Value items[CHUNK_ITEMS];
};

static bool add_chunk(VM *vm, ReadyQueue *q) {
    ReadyChunk *c = q->spare ? q->spare : mem_alloc(vm, sizeof *c);
    if (!c)
        return false;
    q->spare = NULL;
    c->next = NULL;
    if (q->last) {
        q->last->next = c;
    } else {
        q->first = c;
        q->head = 0;
    }
    q->last = c;
    q->tail = 0;
    return true;
}

bool ready_reserve(VM *vm, ReadyQueue *q) { return likely(q->last && q->tail < CHUNK_ITEMS) || add_chunk(vm, q); }

void ready_put(ReadyQueue *q, Value object, enum ReadyTag tag) {
    q->last->items[q->tail++] = object | (Value)tag;
    q->len++;
}

bool ready_push(VM *vm, ReadyQueue *q, Value object, enum ReadyTag tag) {
    if (!ready_reserve(vm, q)) {
        decref(vm, object);
        return false;
    }
    ready_put(q, object, tag);
    return true;
}

static void drop_first(VM *vm, ReadyQueue *q) {
    ReadyChunk *c = q->first;
    q->first = c->next;
    q->head = 0;
    if (!q->first)
        q->last = NULL;
    mem_free(vm, q->spare, sizeof *c);
    q->spare = c;
}

Value ready_pop(VM *vm, ReadyQueue *q, enum ReadyTag *tag) {
    Value word = q->first->items[q->head++];
    q->len--;
    if (q->head == CHUNK_ITEMS)
        drop_first(vm, q);
    else if (q->len == 0)
        q->head = q->tail = 0; /* the only chunk: start at its beginning again */
    *tag = (enum ReadyTag)(word & READY_TAGS);
    return word & ~(Value)READY_TAGS;
}

void ready_clear(VM *vm, ReadyQueue *q) {
    enum ReadyTag tag;
    while (q->len)
        decref(vm, ready_pop(vm, q, &tag));
    if (q->first)
        drop_first(vm, q);
    mem_free(vm, q->spare, sizeof *q->spare);
    q->spare = NULL;
}

Value ready_item(ReadyQueue *q, size_t i, enum ReadyTag *tag) {
    ReadyChunk *c = q->first;
    for (i += q->head; i >= CHUNK_ITEMS; i -= CHUNK_ITEMS)
        c = c->next;
    *tag = (enum ReadyTag)(c->items[i] & READY_TAGS);
    return c->items[i] & ~(Value)READY_TAGS;
}

void ready_traverse(ReadyQueue *q, VisitFn visit, void *arg) {
    uint32_t i = q->head;
    for (ReadyChunk *c = q->first; c; c = c->next, i = 0) {
        uint32_t end = c == q->last ? q->tail : CHUNK_ITEMS;
        for (; i < end; i++)
            visit_value(c->items[i] & ~(Value)READY_TAGS, visit, arg);
    }
}
