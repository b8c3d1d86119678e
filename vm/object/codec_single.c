/* Single-byte encodings: a table of characters. For encoding it is turned round into a small hash table when the
 * encoding is first used, which stays with the VM. */
#include "object/codec.h"

#include "base/utf8.h"
#include "runtime/vm.h"

#define UNDEFINED "character maps to <undefined>"
#define SLOTS 512 /* twice the characters of an encoding */

typedef struct Reverse {
    uint16_t c[SLOTS]; /* 0: empty; no table has NUL but at byte 0 */
    uint8_t byte[SLOTS];
} Reverse;

static unsigned slot_of(const Reverse *r, uint32_t c) {
    unsigned i = c * 2654435769u >> 23;
    while (r->c[i] != 0 && r->c[i] != c)
        i = (i + 1) % SLOTS;
    return i;
}

uint32_t single_byte_character(const Codec *codec, uint8_t byte) {
    const SingleByte *t = codec->data;
    if (t->ascii && byte < 0x80)
        return byte;
    uint32_t c = t->table[t->ascii ? byte - 0x80 : byte];
    return c == SINGLE_BYTE_NONE ? CODE_POINT_NONE : c;
}

/* Decodes the bytes from i up to one that has no character, which is returned. */
static size_t decode_run(Decoder *d, size_t i) {
    const SingleByte *t = d->codec->data;
    size_t ascii = t->ascii ? utf8_ascii_prefix(d->data + i, d->n - i) : 0;
    strbuilder_add(&d->out, d->data + i, ascii);
    i += ascii;
    char *to = strbuilder_room(&d->out, 3 * (d->n - i));
    if (to == NULL)
        return d->n;
    for (; i < d->n; i++) {
        uint32_t c = single_byte_character(d->codec, (uint8_t)d->data[i]);
        if (c == CODE_POINT_NONE)
            break;
        to += utf8_encode(c, to);
    }
    d->out.len = (size_t)(to - d->out.data);
    return i;
}

bool single_byte_decode(Decoder *d) {
    for (size_t i = 0; i < d->n && !d->out.failed;) {
        i = decode_run(d, i);
        if (i < d->n && !decoder_error(d, i, i + 1, UNDEFINED, &i))
            return false;
    }
    d->consumed = d->n;
    return !d->out.failed;
}

static Reverse *reverse_of(VM *vm, const Codec *codec) {
    void **memory = codec_table_memory(vm, codec);
    if (memory == NULL || *memory != NULL)
        return memory == NULL ? NULL : *memory;
    Reverse *r = *memory = mem_zalloc(vm, sizeof *r);
    for (unsigned byte = 1; r != NULL && byte < 256; byte++) {
        uint32_t c = single_byte_character(codec, (uint8_t)byte);
        if (c == CODE_POINT_NONE)
            continue;
        unsigned i = slot_of(r, c);
        r->c[i] = (uint16_t)c;
        r->byte[i] = (uint8_t)byte;
    }
    return r;
}

/* The byte of a character, or -1. */
static ALWAYS_INLINE int byte_of(const Reverse *r, bool ascii, uint32_t c) {
    if (c == 0 || (ascii && c < 0x80))
        return (int)c;
    unsigned i = c < 0x10000 ? slot_of(r, c) : 0;
    return c < 0x10000 && r->c[i] != 0 ? r->byte[i] : -1;
}

static bool put_single(Encoder *e, uint32_t c) {
    int byte = byte_of(e->table, ((const SingleByte *)e->codec->data)->ascii, c);
    char out = (char)byte;
    return byte >= 0 && strbuilder_add(&e->out, &out, 1);
}

static size_t single_run(Encoder *e, const char **p, const char *end) {
    bool ascii = ((const SingleByte *)e->codec->data)->ascii;
    size_t n = ascii ? utf8_ascii_prefix(*p, (size_t)(end - *p)) : 0, most = (size_t)(end - *p);
    char *to = strbuilder_room(&e->out, most), *start = to;
    if (to == NULL)
        return 0;
    memcpy(to, *p, n);
    to += n;
    const Reverse *r = e->table;
    const char *q = *p + n;
    while (q < end) {
        unsigned length;
        int byte = byte_of(r, ascii, utf8_decode(q, &length));
        if (byte < 0)
            break;
        *to++ = (char)byte;
        q += length;
    }
    *p = q;
    n = (size_t)(to - start);
    e->out.len -= most - n;
    return n;
}

bool single_byte_encode(Encoder *e) {
    e->table = reverse_of(e->vm, e->codec);
    if (e->table == NULL)
        return false;
    e->put = put_single;
    e->run = single_run;
    return encoder_run(e, UNDEFINED, true);
}
