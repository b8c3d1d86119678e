/* Deflate's codes are canonical: a code is known by the lengths alone. Codes of up to FAST_BITS bits are found in a
 * table by the bits that come next; the few longer ones by counting through the lengths. */
#include "stdlib/import/inflate.h"

#include "base/load.h"

#include <string.h>

enum { CODE_BITS = 15, FAST_BITS = 10, LITERALS = 288, DISTANCES = 32, LENGTHS = 19, END_OF_BLOCK = 256 };

typedef struct Reader {
    const uint8_t *at, *end;
    uint64_t bits; /* the next ones, lowest first */
    unsigned count;
    bool bad;
} Reader;

typedef struct CodeTable {
    uint16_t fast[1 << FAST_BITS]; /* symbol << 4 | length; 0: longer or none */
    uint16_t counts[CODE_BITS + 1];
    uint16_t symbols[LITERALS]; /* in the order of their codes */
} CodeTable;

/* At least 48 bits, behind the end zeros: enough for a length, a distance and their extra bits. */
static ALWAYS_INLINE void reader_fill(Reader *r) {
    if (r->count >= 48)
        return;
    if (likely(r->end - r->at >= 8)) { /* the bits above the count are those of the next bytes already */
        r->bits |= load_64(r->at) << r->count;
        unsigned bytes = (63 - r->count) >> 3;
        r->at += bytes;
        r->count += bytes * 8;
        return;
    }
    r->bits &= ((uint64_t)1 << r->count) - 1;
    while (r->count <= 56) {
        r->bits |= (uint64_t)(r->at < r->end ? *r->at : 0) << r->count;
        r->at++;
        r->count += 8;
    }
}

static ALWAYS_INLINE unsigned reader_take(Reader *r, unsigned n) {
    unsigned value = (unsigned)(r->bits & ((1u << n) - 1));
    r->bits >>= n;
    r->count -= n;
    return value;
}

/* More was taken than there is. */
static bool reader_overran(const Reader *r) { return r->at > r->end && (size_t)(r->at - r->end) * 8 > r->count; }

static unsigned reversed(unsigned code, unsigned length) {
    unsigned result = 0;
    for (; length > 0; length--, code >>= 1)
        result = result << 1 | (code & 1);
    return result;
}

/* False if there are more codes than their lengths have room for. */
static bool table_build(CodeTable *t, const uint8_t *lengths, unsigned n) {
    uint16_t offsets[CODE_BITS + 2] = {0};
    unsigned code = 0, next[CODE_BITS + 1];
    int left = 1;
    memset(t, 0, sizeof *t);
    for (unsigned i = 0; i < n; i++)
        t->counts[lengths[i]]++;
    t->counts[0] = 0;
    for (unsigned length = 1; length <= CODE_BITS; length++) {
        left = left * 2 - t->counts[length];
        if (left < 0)
            return false;
        code = (code + t->counts[length - 1]) << 1;
        next[length] = code;
        offsets[length + 1] = (uint16_t)(offsets[length] + t->counts[length]);
    }
    for (unsigned i = 0; i < n; i++) {
        unsigned length = lengths[i];
        if (length == 0)
            continue;
        t->symbols[offsets[length]++] = (uint16_t)i;
        unsigned bits = reversed(next[length]++, length);
        for (; length <= FAST_BITS && bits < 1 << FAST_BITS; bits += 1u << length)
            t->fast[bits] = (uint16_t)(i << 4 | length);
    }
    return true;
}

static unsigned symbol_slow(Reader *r, const CodeTable *t) {
    unsigned code = 0, first = 0, index = 0;
    for (unsigned length = 1; length <= CODE_BITS; length++) {
        code |= (unsigned)(r->bits >> (length - 1)) & 1;
        unsigned count = t->counts[length];
        if (code < first + count) {
            reader_take(r, length);
            return t->symbols[index + code - first];
        }
        index += count;
        first = (first + count) << 1;
        code <<= 1;
    }
    r->bad = true;
    return END_OF_BLOCK;
}

static ALWAYS_INLINE unsigned symbol_next(Reader *r, const CodeTable *t) {
    unsigned entry = t->fast[r->bits & ((1 << FAST_BITS) - 1)];
    if (unlikely(entry == 0))
        return symbol_slow(r, t);
    reader_take(r, entry & 15);
    return entry >> 4;
}

static void fixed_tables(CodeTable *literals, CodeTable *distances) {
    uint8_t lengths[LITERALS];
    for (unsigned i = 0; i < LITERALS; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    table_build(literals, lengths, LITERALS);
    memset(lengths, 5, 30);
    table_build(distances, lengths, 30);
}

/* The tables of a block, whose code lengths are themselves coded. */
static bool read_tables(Reader *r, CodeTable *literals, CodeTable *distances) {
    static const uint8_t order[LENGTHS] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    uint8_t lengths[LITERALS + DISTANCES] = {0}, small[LENGTHS] = {0};
    reader_fill(r);
    unsigned nliterals = reader_take(r, 5) + 257, ndistances = reader_take(r, 5) + 1, nsmall = reader_take(r, 4) + 4;
    if (nliterals > 286 || ndistances > 30)
        return false;
    for (unsigned i = 0; i < nsmall; i++) {
        reader_fill(r);
        small[order[i]] = (uint8_t)reader_take(r, 3);
    }
    if (!table_build(literals, small, LENGTHS))
        return false;
    for (unsigned i = 0; i < nliterals + ndistances;) {
        reader_fill(r);
        unsigned symbol = symbol_next(r, literals), times = 1;
        uint8_t length = (uint8_t)symbol;
        if (symbol >= 16) {
            if (r->bad || (symbol == 16 && i == 0))
                return false;
            length = symbol == 16 ? lengths[i - 1] : 0;
            times = symbol == 16   ? 3 + reader_take(r, 2)
                    : symbol == 17 ? 3 + reader_take(r, 3)
                                   : 11 + reader_take(r, 7);
        }
        if (i + times > nliterals + ndistances)
            return false;
        memset(lengths + i, length, times);
        i += times;
    }
    return table_build(literals, lengths, nliterals) && table_build(distances, lengths + nliterals, ndistances);
}

typedef struct Output {
    uint8_t *start, *at, *end;
    const uint8_t *dictionary_end;
    size_t dictionary_size;
} Output;

static ALWAYS_INLINE void copy_words(uint8_t *to, const uint8_t *from, size_t length) {
    for (size_t i = 0; i < length; i += 8)
        memcpy(to + i, from + i, 8);
}

/* Most copies are of a few bytes: they are made in words, which may write beyond the copy where there is room. */
static ALWAYS_INLINE bool copy_back(Output *o, size_t distance, size_t length) {
    size_t made = (size_t)(o->at - o->start), room = (size_t)(o->end - o->at);
    if (length > room || distance > made + o->dictionary_size)
        return false;
    if (distance > made) {
        size_t before = distance - made, n = length < before ? length : before;
        memcpy(o->at, o->dictionary_end - before, n);
        o->at += n;
        room -= n;
        length -= n;
    }
    if (likely(distance >= 8 && room >= length + 8)) {
        copy_words(o->at, o->at - distance, length);
        o->at += length;
        return true;
    }
    for (; length > 0; length--, o->at++)
        *o->at = o->at[-(ptrdiff_t)distance];
    return true;
}

static bool inflate_block(Reader *r, Output *o, const CodeTable *literals, const CodeTable *distances) {
    static const uint16_t length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                           31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2,
                                          2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    for (;;) {
        reader_fill(r);
        unsigned symbol = symbol_next(r, literals);
        while (symbol < END_OF_BLOCK) {
            if (o->at == o->end)
                return false;
            *o->at++ = (uint8_t)symbol;
            if (r->count < CODE_BITS + 5)
                reader_fill(r);
            symbol = symbol_next(r, literals);
        }
        if (symbol == END_OF_BLOCK)
            return !r->bad;
        symbol -= END_OF_BLOCK + 1;
        if (symbol >= ARRAY_LEN(length_base))
            return false;
        size_t length = length_base[symbol] + reader_take(r, length_bits[symbol]);
        reader_fill(r);
        unsigned code = symbol_next(r, distances), extra = code < 4 ? 0 : code / 2 - 1;
        if (r->bad || code > 29)
            return false;
        size_t distance = (code < 4 ? code : (size_t)(2 + (code & 1)) << extra) + 1 + reader_take(r, extra);
        if (reader_overran(r) || !copy_back(o, distance, length))
            return false;
    }
}

/* Bytes as they are, from a byte's start on. */
static bool inflate_stored(Reader *r, Output *o) {
    reader_take(r, r->count & 7);
    reader_fill(r);
    unsigned length = reader_take(r, 16), check = reader_take(r, 16);
    if (length != (check ^ 0xffff) || length > (size_t)(o->end - o->at))
        return false;
    for (; length > 0; length--) {
        reader_fill(r);
        *o->at++ = (uint8_t)reader_take(r, 8);
    }
    return !reader_overran(r);
}

bool inflate_into(uint8_t *out, size_t size, const uint8_t *data, size_t n, const uint8_t *dictionary,
                  size_t dictionary_size) {
    Reader r = {.at = data, .end = data + n};
    Output o = {out, out, out + size, dictionary + dictionary_size, dictionary_size};
    CodeTable literals, distances;
    for (bool last = false; !last;) {
        bool ok = false;
        reader_fill(&r);
        last = reader_take(&r, 1);
        unsigned kind = reader_take(&r, 2);
        if (kind == 0) {
            ok = inflate_stored(&r, &o);
        } else if (kind == 1) {
            fixed_tables(&literals, &distances);
            ok = inflate_block(&r, &o, &literals, &distances);
        } else if (kind == 2) {
            ok = read_tables(&r, &literals, &distances) && inflate_block(&r, &o, &literals, &distances);
        }
        if (!ok || reader_overran(&r))
            return false;
    }
    return o.at == o.end;
}
