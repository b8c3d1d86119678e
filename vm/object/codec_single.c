/* Single-byte encodings: a table of characters. For encoding it is turned round into a small hash table when the
 * first character comes that is not in ASCII. */
#include "object/codec.h"

#include "base/utf8.h"
#include "runtime/vm.h"

#define UNDEFINED "character maps to <undefined>"
#define SLOTS 512 /* twice the characters of an encoding */

typedef struct Reverse {
    bool made;
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

bool single_byte_decode(Decoder *d) {
    for (size_t i = 0; i < d->n;) {
        uint32_t c = single_byte_character(d->codec, (uint8_t)d->data[i]);
        if (c != CODE_POINT_NONE) {
            if (!strbuilder_add_char(&d->out, c))
                return false;
            i++;
        } else if (!decoder_error(d, i, i + 1, UNDEFINED, &i)) {
            return false;
        }
    }
    d->consumed = d->n;
    return true;
}

static void make_reverse(const Codec *codec, Reverse *r) {
    memset(r, 0, sizeof *r);
    r->made = true;
    for (unsigned byte = 1; byte < 256; byte++) {
        uint32_t c = single_byte_character(codec, (uint8_t)byte);
        if (c == CODE_POINT_NONE)
            continue;
        unsigned i = slot_of(r, c);
        r->c[i] = (uint16_t)c;
        r->byte[i] = (uint8_t)byte;
    }
}

static bool put_single(Encoder *e, uint32_t c) {
    const SingleByte *t = e->codec->data;
    char byte = (char)c;
    if (c >= 0x10000)
        return false;
    if (c != 0 && (c >= 0x80 || !t->ascii)) {
        Reverse *r = (Reverse *)e->table;
        if (!r->made)
            make_reverse(e->codec, r);
        unsigned i = slot_of(r, c);
        if (r->c[i] == 0)
            return false;
        byte = (char)r->byte[i];
    }
    return strbuilder_add(&e->out, &byte, 1);
}

bool single_byte_encode(Encoder *e) {
    Reverse reverse;
    reverse.made = false;
    e->table = &reverse;
    e->put = put_single;
    return encoder_run(e, UNDEFINED, true);
}
