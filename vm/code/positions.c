/* Packing and reading position tables.
 *
 * An entry begins with a byte: how many words further it starts in bits 0 to 2 (7: the rest follows as a number), its
 * line relative to the entry before in bits 3 and 4 (0, 1 or 2 lines down; 3: a signed number follows), whether it
 * ends on another line in bit 5 (the number of lines follows, signed), and the form of its columns in bits 6 and 7:
 * none, two bytes (start and width, the usual case), the columns of the entry before, or two signed numbers. Numbers
 * follow in that order.
 *
 * A checkpoint is the offset of its entry and the pc and line that this entry's differences are taken from. */
#include "code/positions.h"

#include "code/varint.h"

#define STEP 64 /* entries from one checkpoint to the next */
#define CHECKPOINT 12

enum { COLUMNS_NONE, COLUMNS_SHORT, COLUMNS_SAME, COLUMNS_LONG };

static uint32_t checkpoints(uint32_t n) { return n == 0 ? 0 : (n - 1) / STEP; } /* the first entry needs none */

static unsigned column_form(const CodePosition *p, const CodePosition *before) {
    if (p->col < 0 && p->end_col < 0)
        return p->col == -1 && p->end_col == -1 ? COLUMNS_NONE : COLUMNS_LONG;
    if (p->col == before->col && p->end_col == before->end_col)
        return COLUMNS_SAME;
    int width = p->end_col - p->col;
    return p->col >= 0 && p->col < 256 && width >= 0 && width < 256 ? COLUMNS_SHORT : COLUMNS_LONG;
}

static size_t put_entry(uint8_t *out, const CodePosition *p, const CodePosition *before) {
    uint8_t bytes[1 + 5 * VARINT_MAX];
    uint32_t step = p->pc - before->pc;
    int64_t down = (int64_t)p->line - before->line, height = (int64_t)p->end_line - p->line;
    unsigned columns = column_form(p, before), line_form = down >= 0 && down < 3 ? (unsigned)down : 3;
    size_t n = 1;
    bytes[0] = (uint8_t)((step < 7 ? step : 7) | line_form << 3 | (unsigned)(height != 0) << 5 | columns << 6);
    if (step >= 7)
        n += varint_put(bytes + n, step - 7);
    if (line_form == 3)
        n += varint_put(bytes + n, zigzag(down));
    if (height != 0)
        n += varint_put(bytes + n, zigzag(height));
    if (columns == COLUMNS_SHORT) {
        bytes[n++] = (uint8_t)p->col;
        bytes[n++] = (uint8_t)(p->end_col - p->col);
    } else if (columns == COLUMNS_LONG) {
        n += varint_put(bytes + n, zigzag(p->col));
        n += varint_put(bytes + n, zigzag(p->end_col));
    }
    if (out != NULL)
        memcpy(out, bytes, n);
    return n;
}

/* A table in the making. out NULL: only its size is wanted. */
typedef struct Packer {
    uint8_t *out;
    size_t size, start; /* so far; where the entries begin */
    uint32_t n;
    CodePosition before;
} Packer;

static void packer_start(Packer *k, uint8_t *out, uint32_t n) {
    size_t start = (size_t)checkpoints(n) * CHECKPOINT;
    *k = (Packer){out, start, start, 0, {0, 0, 0, -1, -1}};
}

static void packer_add(Packer *k, const CodePosition *p) {
    if (k->n % STEP == 0 && k->n > 0) {
        /* nothing is the same as before a checkpoint: a reader may begin here */
        k->before.col = k->before.end_col = -1;
        if (k->out != NULL) {
            uint8_t *checkpoint = k->out + (size_t)(k->n / STEP - 1) * CHECKPOINT;
            store_u32(checkpoint, (uint32_t)(k->size - k->start));
            store_u32(checkpoint + 4, k->before.pc);
            store_u32(checkpoint + 8, (uint32_t)k->before.line);
        }
    }
    k->size += put_entry(k->out != NULL ? k->out + k->size : NULL, p, &k->before);
    k->before = *p;
    k->n++;
}

size_t positions_pack(const CodePosition *entries, uint32_t n, uint8_t *out) {
    Packer k;
    packer_start(&k, out, n);
    for (uint32_t i = 0; i < n; i++)
        packer_add(&k, &entries[i]);
    return k.size;
}

static bool start_at(PositionReader *r, const Code *c, uint32_t checkpoint) {
    size_t index = (size_t)checkpoints(c->npositions) * CHECKPOINT;
    r->left = 0;
    if (index > c->positions_size)
        return false;
    r->at = c->positions + index;
    r->end = c->positions + c->positions_size;
    r->left = c->npositions - checkpoint * STEP;
    r->now = (CodePosition){0, 0, 0, -1, -1};
    if (checkpoint > 0) {
        const uint8_t *at = c->positions + (size_t)(checkpoint - 1) * CHECKPOINT;
        r->at += load_32(at);
        r->now.pc = load_32(at + 4);
        r->now.line = (int32_t)load_32(at + 8);
    }
    return true;
}

void positions_start(PositionReader *r, const Code *c) { start_at(r, c, 0); }

bool positions_next(PositionReader *r) {
    if (r->left == 0)
        return false;
    ByteReader in = {r->at, r->end, false};
    CodePosition *p = &r->now;
    unsigned head = read_byte(&in), line_form = head >> 3 & 3;
    p->pc += head & 7;
    if ((head & 7) == 7)
        p->pc += (uint32_t)read_varint(&in);
    p->line += line_form < 3 ? (int32_t)line_form : (int32_t)read_signed(&in);
    p->end_line = p->line + (head & 0x20 ? (int32_t)read_signed(&in) : 0);
    switch (head >> 6) {
    case COLUMNS_NONE:
        p->col = p->end_col = -1;
        break;
    case COLUMNS_SHORT:
        p->col = (int16_t)read_byte(&in);
        p->end_col = (int16_t)(p->col + (int)read_byte(&in));
        break;
    case COLUMNS_LONG:
        p->col = (int16_t)read_signed(&in);
        p->end_col = (int16_t)read_signed(&in);
        break;
    }
    r->at = in.at;
    r->left = in.bad ? 0 : r->left - 1;
    return !in.bad;
}

static uint32_t count_lines(const Code *c) {
    PositionReader r;
    uint32_t n = 0;
    int32_t line = 0;
    positions_start(&r, c);
    for (; positions_next(&r); line = r.now.line)
        n += n == 0 || r.now.line != line;
    return n;
}

size_t positions_pack_lines(const Code *c, uint8_t *out, uint32_t *n) {
    PositionReader r;
    Packer k;
    *n = count_lines(c);
    packer_start(&k, out, *n);
    positions_start(&r, c);
    while (positions_next(&r)) {
        const CodePosition p = {r.now.pc, r.now.line, r.now.line, -1, -1};
        if (k.n == 0 || p.line != k.before.line)
            packer_add(&k, &p);
    }
    return k.size;
}

/* How many checkpoints have all entries before them at words before pc. */
static uint32_t checkpoint_before(const Code *c, uint32_t pc) {
    uint32_t low = 0, high = checkpoints(c->npositions);
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (load_32(c->positions + (size_t)middle * CHECKPOINT + 4) < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool positions_find(const Code *c, uint32_t pc, CodePosition *out) {
    bool found = false;
    for (uint32_t checkpoint = checkpoint_before(c, pc);; checkpoint--) {
        PositionReader r;
        start_at(&r, c, checkpoint);
        for (; positions_next(&r) && r.now.pc <= pc; found = true)
            *out = r.now;
        /* the first entry behind the checkpoint may start after pc: then the one before the checkpoint counts */
        if (found || checkpoint == 0)
            return found;
    }
}

bool positions_check(const uint8_t *table, size_t size, uint32_t n) {
    Code c = {.positions = table, .positions_size = (uint32_t)size, .npositions = n};
    size_t index = (size_t)checkpoints(n) * CHECKPOINT;
    if (index > size)
        return false;
    PositionReader r;
    positions_start(&r, &c);
    for (uint32_t i = 0; i < n; i++) {
        if (i % STEP == 0 && i > 0) {
            const uint8_t *at = table + (size_t)(i / STEP - 1) * CHECKPOINT;
            if (load_32(at) != (size_t)(r.at - table) - index || load_32(at + 4) != r.now.pc ||
                load_32(at + 8) != (uint32_t)r.now.line)
                return false;
        }
        uint32_t pc = r.now.pc;
        if (!positions_next(&r) || (i > 0 && r.now.pc <= pc))
            return false;
    }
    return r.at == table + size;
}
