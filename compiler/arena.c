/* The bump allocator behind the syntax tree (see arena.h).
 *
 * Invariant: chunks form a list, newest first, and only the newest has free space; chunk sizes double up to
 * a cap, so that a small script costs one small allocation and a large one few. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

struct ArenaChunk {
    ArenaChunk *older;
    size_t size; /* whole allocation, header included */
};

enum { CHUNK_FIRST = 4096, CHUNK_LARGEST = 1 << 20 };

static void *libc_alloc(void *data, void *old, size_t old_size, size_t new_size) {
    (void)data;
    (void)old_size;
    if (new_size == 0) {
        free(old);
        return NULL;
    }
    return realloc(old, new_size);
}

void arena_init(Arena *arena, ArenaAllocFn fn, void *data) {
    memset(arena, 0, sizeof *arena);
    arena->alloc = fn ? fn : libc_alloc;
    arena->data = data;
}

void arena_free(Arena *arena) {
    ArenaChunk *chunk = arena->chunks;
    while (chunk) {
        ArenaChunk *older = chunk->older;
        arena->alloc(arena->data, chunk, chunk->size, 0);
        chunk = older;
    }
    arena->chunks = NULL;
    arena->next = arena->limit = NULL;
    arena->total = 0;
}

void *arena_alloc_slow(Arena *arena, size_t size) {
    if (size == 0)
        size = 8;
    if ((size_t)(arena->limit - arena->next) >= size) {
        void *memory = arena->next;
        arena->next += size;
        return memory;
    }
    size_t header = (sizeof(ArenaChunk) + 15) & ~(size_t)15;
    size_t want = arena->chunks ? arena->total : CHUNK_FIRST;
    if (want > CHUNK_LARGEST)
        want = CHUNK_LARGEST;
    if (size > (size_t)-1 / 2 || size + header < size) {
        arena->failed = 1;
        return NULL;
    }
    /* A big request gets a chunk of its own behind the current one, which keeps its free space. */
    int own_chunk = size > want / 4 && arena->chunks != NULL;
    size_t chunk_size = own_chunk || want < size + header ? size + header : want;
    ArenaChunk *chunk = arena->alloc(arena->data, NULL, 0, chunk_size);
    if (!chunk) {
        arena->failed = 1;
        return NULL;
    }
    chunk->size = chunk_size;
    arena->total += chunk_size;
    char *memory = (char *)chunk + header;
    if (own_chunk) {
        chunk->older = arena->chunks->older;
        arena->chunks->older = chunk;
    } else {
        chunk->older = arena->chunks;
        arena->chunks = chunk;
        arena->next = memory + size;
        arena->limit = (char *)chunk + chunk_size;
    }
    return memory;
}

void *arena_alloc_zero(Arena *arena, size_t size) {
    void *memory = arena_alloc(arena, size);
    if (memory)
        memset(memory, 0, size);
    return memory;
}

char *arena_strndup(Arena *arena, const char *text, size_t length) {
    char *copy = arena_alloc(arena, length + 1);
    if (copy) {
        if (length)
            memcpy(copy, text, length);
        copy[length] = 0;
    }
    return copy;
}

void *arena_realloc_raw(Arena *arena, void *old, size_t old_size, size_t new_size) {
    if (new_size == 0) {
        if (old)
            arena->alloc(arena->data, old, old_size, 0);
        return NULL;
    }
    void *memory = arena->alloc(arena->data, old, old_size, new_size);
    if (!memory)
        arena->failed = 1;
    return memory;
}
