/* Context variables: what mod_contextvars.c shows to the event loop, and the map under a context.
 *
 * A Context holds a persistent map (context_map.c), so that copying one is taking a reference. The event loop needs a
 * copy for every callback and task, nearly always one that nobody will ever write to or look at. So a copy made there
 * is a *snapshot*: a frozen Context that all callbacks and tasks of the same moment share, or 0 when nothing has been
 * set at all. Whoever sets a variable while a snapshot is current first gets a Context of its own in its place
 * (context_own), and whoever lets a script see a snapshot replaces it with context_thaw. */
#ifndef COVE_STDLIB_CONTEXTVARS_H
#define COVE_STDLIB_CONTEXTVARS_H

#include "stdlib/init.h"

typedef struct Context {
    Object header;
    Value map;      /* root node or 0: empty */
    Value snapshot; /* frozen copy made since the map changed last, or 0 */
    Value origin;   /* while `thawed` and current: the snapshot (or 0) that this has taken the place of */
    size_t len;
    bool entered, frozen, thawed;
} Context;

bool is_context(VM *vm, Value v);
/* What is set now, as a snapshot: owned; *out may be 0 (nothing is set). False with MemoryError. */
bool context_snapshot(VM *vm, Value *out);
/* Replaces a snapshot (or 0) in an owned field by a Context that scripts may hold; borrowed result. When the snapshot
 * is current in this thread, so is the Context from now on. */
Value context_thaw(VM *vm, Value *field);
/* As context_thaw for a field that `running` code runs in: if that has written to its snapshot meanwhile, the Context
 * it got is the one. */
Value context_thaw_running(VM *vm, Value *field);
/* Makes ctx (a Context, snapshot or 0) current. *saved is for contextvars_leave. RuntimeError if it is already
 * entered. */
bool contextvars_enter(VM *vm, Value ctx, Value *saved) MUST_CHECK;
/* Puts back what was current, and stores in *field (the owned field that ctx came from) what was current at the end:
 * another Context if the snapshot has been written to. */
void contextvars_leave(VM *vm, Value *field, Value saved);
/* ctx.run(fn, *args) for native callers; ctx as above, *field as in contextvars_leave. */
Value contextvars_run(VM *vm, Value *field, Value fn, Value *args, size_t nargs, Value kwnames);

/* context_map.c: a radix tree over the variables' numbers; nodes never change once others refer to them. */
typedef struct ContextMapPair {
    Value key, value;
} ContextMapPair;
Value context_map_get(Value root, Value key, uint64_t number); /* borrowed, 0 if absent; root may be 0 */
/* The map with key set (value != 0) or removed: a new owned root. False with MemoryError. */
bool context_map_set(VM *vm, Value root, Value key, uint64_t number, Value value, Value *out);
/* Appends the pairs in the order of the variables' numbers to pairs[]; returns how many there are. */
size_t context_map_pairs(Value root, ContextMapPair *pairs);

#endif
