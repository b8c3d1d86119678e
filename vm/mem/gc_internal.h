/* What the two files of the cycle collector share. */
#ifndef COVE_MEM_GC_INTERNAL_H
#define COVE_MEM_GC_INTERNAL_H

#include "mem/gc.h"

/* Further states of a container; it is UNREACHED exactly while it stands in that list. */
enum { STATE_MEMBER = 8, STATE_ASIDE = 16, STATE_ALIVE = 32, STATE_UNREACHED = 64 };

static inline void list_reset(GcLink *head) { head->next = head->prev = head; }
static inline bool list_is_empty(const GcLink *head) { return head->next == head; }

static inline void list_push(GcLink *head, GcLink *l) {
    l->prev = head->prev;
    l->next = head;
    head->prev->next = l;
    head->prev = l;
}

static inline void list_remove(GcLink *l) {
    l->prev->next = l->next;
    l->next->prev = l->prev;
    l->next = l->prev = NULL;
}

static inline void list_append_all(GcLink *head, GcLink *other) {
    if (list_is_empty(other))
        return;
    other->next->prev = head->prev;
    other->prev->next = head;
    head->prev->next = other->next;
    head->prev = other->prev;
    list_reset(other);
}

void gradual_begin(VM *vm);

#endif
