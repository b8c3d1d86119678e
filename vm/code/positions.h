/* The position table of a code object, packed: which source range each instruction comes from.
 *
 * Entries are differences to the one before, three to four bytes each instead of sixteen; every 64th has a checkpoint
 * in front of the entries, so that looking up one word decodes at most 64 of them. Tables are position-independent
 * bytes: a built-in image keeps its own where the linker put them. */
#ifndef COVE_CODE_POSITIONS_H
#define COVE_CODE_POSITIONS_H

#include "code/code.h"

/* Writes the packed form of n entries sorted by pc; returns its size. out NULL: only the size. */
size_t positions_pack(const CodePosition *entries, uint32_t n, uint8_t *out);
/* The table of c with the lines only: no columns, and one entry where neighbours are of one line. Returns its size,
 * and the number of its entries in *n. out, if not NULL, has room for c->positions_size bytes. */
size_t positions_pack_lines(const Code *c, uint8_t *out, uint32_t *n);
/* Are these bytes a table of n entries? For tables that come from outside. */
bool positions_check(const uint8_t *table, size_t size, uint32_t n);

typedef struct PositionReader {
    const uint8_t *at, *end;
    uint32_t left;    /* entries not read yet */
    CodePosition now; /* the one read last */
} PositionReader;
void positions_start(PositionReader *r, const Code *c);
bool positions_next(PositionReader *r); /* false: there are no more */
/* The last entry that starts at or before word pc; false if there is none. */
bool positions_find(const Code *c, uint32_t pc, CodePosition *out);

#endif
