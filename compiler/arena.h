/* A bump allocator: everything made while one source text is parsed and compiled lives and dies together.
 *
 * Invariant: memory handed out stays valid and in place until arena_free; nothing is freed one by one. The
 * chunks come from the host's allocator, so that the limits of the embedding program hold for the compiler
 * too. */
#ifndef COVE_ARENA_H
#define COVE_ARENA_H

#include <stddef.h>

/* One function does it all: old == NULL allocates, new_size == 0 frees, else resizes. Returns NULL when it
 * fails. */
typedef void *(*ArenaAllocFn)(void *data, void *old, size_t old_size, size_t new_size);

typedef struct ArenaChunk ArenaChunk;

typedef struct Arena {
    ArenaAllocFn alloc;
    void *data;
    ArenaChunk *chunks; /* newest first */
    char *next, *limit; /* free space in the newest chunk */
    size_t total;       /* bytes taken from the allocator */
    int failed;         /* an allocation was refused; stays set */
} Arena;

/* fn may be NULL: libc's realloc and free are used then. Takes no memory yet. */
void arena_init(Arena *arena, ArenaAllocFn fn, void *data);
void arena_free(Arena *arena);

/* 8-byte aligned, not cleared. NULL when memory is refused (arena->failed is set). */
void *arena_alloc_slow(Arena *arena, size_t size);
void *arena_alloc_zero(Arena *arena, size_t size);
char *arena_strndup(Arena *arena, const char *text, size_t length); /* adds a final NUL */

static inline void *arena_alloc(Arena *arena, size_t size) {
    size = (size + 7) & ~(size_t)7;
    if ((size_t)(arena->limit - arena->next) < size || size == 0)
        return arena_alloc_slow(arena, size);
    void *memory = arena->next;
    arena->next += size;
    return memory;
}

/* Vectors that grow outside the arena (token lists, scratch space) use the same allocator through these. */
void *arena_realloc_raw(Arena *arena, void *old, size_t old_size, size_t new_size);

#define ARENA_NEW(arena, Type) ((Type *)arena_alloc((arena), sizeof(Type)))

#endif
