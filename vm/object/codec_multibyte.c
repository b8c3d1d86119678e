/* Encodings of East Asia that mix sequences of one to four bytes (eight in one case): finding the sequences. What a
 * sequence means is asked of its character set. An error covers one byte, or all the bytes at the end of the data
 * that could be the beginning of a sequence. */
#include "object/codec_multibyte.h"

#include "base/utf8.h"
#include "runtime/vm.h"

#define ILLEGAL "illegal multibyte sequence"

enum { SEQUENCE_INCOMPLETE = 0, SEQUENCE_ILLEGAL = -1 };

static const MultiByte *multibyte_of(const Codec *codec) { return codec->data; }

/* --- Hangul as jamo -------------------------------------------------------------------------------------------
 * KS X 1001 spells a syllable it lacks as four two-byte sequences: the filler A4D4, then initial, vowel and final. */

static const uint8_t jamo_initial[19] = {0xA1, 0xA2, 0xA4, 0xA7, 0xA8, 0xA9, 0xB1, 0xB2, 0xB3, 0xB5,
                                         0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE};
static const uint8_t jamo_final[28] = {0xD4, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA9, 0xAA,
                                       0xAB, 0xAC, 0xAD, 0xAE, 0xAF, 0xB0, 0xB1, 0xB2, 0xB4, 0xB5,
                                       0xB6, 0xB7, 0xB8, 0xBA, 0xBB, 0xBC, 0xBD, 0xBE};
#define JAMO_VOWEL 0xBF
#define JAMO_VOWELS 21

static int index_of(const uint8_t *table, int n, uint8_t byte) {
    for (int i = 0; i < n; i++)
        if (table[i] == byte)
            return i;
    return -1;
}

static uint32_t decode_jamo(const uint8_t *p) {
    if (p[2] != 0xA4 || p[4] != 0xA4 || p[6] != 0xA4)
        return CODE_POINT_NONE;
    int initial = index_of(jamo_initial, 19, p[3]), final = index_of(jamo_final, 28, p[7]), vowel = p[5] - JAMO_VOWEL;
    if (initial < 0 || final < 0 || vowel < 0 || vowel >= JAMO_VOWELS)
        return CODE_POINT_NONE;
    return 0xAC00 + (uint32_t)((initial * JAMO_VOWELS + vowel) * 28 + final);
}

static bool put_jamo(Encoder *e, uint32_t c) {
    uint32_t index = c - 0xAC00;
    uint8_t bytes[8] = {0xA4, 0xD4,
                        0xA4, jamo_initial[index / 28 / JAMO_VOWELS],
                        0xA4, (uint8_t)(JAMO_VOWEL + index / 28 % JAMO_VOWELS),
                        0xA4, jamo_final[index % 28]};
    return strbuilder_add(&e->out, (const char *)bytes, 8);
}

/* --- sequences ------------------------------------------------------------------------------------------------ */

static int shift_jis_sequence(const MultiByte *m, uint8_t lead, size_t n) {
    bool single = lead >= 0xA1 && lead <= 0xDF;
    if (m->set == CHARSET_CP932)
        single = single || lead == 0x80 || lead == 0xA0 || lead >= 0xFD;
    if (single)
        return 1;
    if (lead == 0x80 || lead == 0xA0 || lead > (m->set == CHARSET_SHIFT_JIS ? 0xEA : 0xFC))
        return SEQUENCE_ILLEGAL;
    return n < 2 ? SEQUENCE_INCOMPLETE : 2;
}

/* Bytes of the sequence at p, whose first byte is not ASCII. */
static int sequence_at(const MultiByte *m, const uint8_t *p, size_t n) {
    size_t length = 2;
    if (m->form == FORM_SHIFT_JIS)
        return shift_jis_sequence(m, p[0], n);
    if (m->form == FORM_EUC_JP && p[0] == 0x8F)
        length = 3;
    else if (m->form == FORM_GB18030 && n >= 2 && p[1] >= '0' && p[1] <= '9')
        length = 4;
    else if (m->form == FORM_JAMO && n >= 2 && p[0] == 0xA4 && p[1] == 0xD4)
        length = 8;
    return n < length ? SEQUENCE_INCOMPLETE : (int)length;
}

static uint32_t decode_sequence(Decoder *d, const MultiByte *m, const uint8_t *p, int length, uint32_t *second) {
    uint32_t code = 0;
    *second = 0;
    if (length == 8)
        return decode_jamo(p);
    for (int i = 0; i < length; i++)
        code = code << 8 | p[i];
    return charset_decode(d->vm, m->set, code, second);
}

/* Bytes are decoded in pieces, so that room for each is at hand: three bytes for one are the most that they become.
 */
#define PIECE 512

/* Decodes whole sequences, and moves *i to the first one that is none. False: no memory. */
static bool decode_run(Decoder *d, const MultiByte *m, size_t *i) {
    while (*i < d->n) {
        size_t ascii = m->roman ? 0 : utf8_ascii_prefix(d->data + *i, d->n - *i);
        strbuilder_add(&d->out, d->data + *i, ascii);
        *i += ascii;
        size_t stop = d->n - *i < PIECE ? d->n : *i + PIECE;
        char *to = strbuilder_room(&d->out, 3 * (PIECE + 8));
        if (to == NULL)
            return false;
        while (*i < stop) {
            const uint8_t *p = (const uint8_t *)d->data + *i;
            uint32_t c = p[0], second = 0;
            int length = 1;
            if (c >= 0x80) {
                length = sequence_at(m, p, d->n - *i);
                c = length > 0 ? decode_sequence(d, m, p, length, &second) : CODE_POINT_NONE;
            } else if (m->roman && (c == '\\' || c == '~')) {
                c = c == '~' ? 0x203E : 0xA5;
            }
            if (c == CODE_POINT_NONE)
                break;
            to += utf8_encode(c, to);
            if (second != 0)
                to += utf8_encode(second, to);
            *i += (size_t)length;
        }
        d->out.len = (size_t)(to - d->out.data);
        if (*i < stop)
            break;
    }
    return true;
}

bool multibyte_decode(Decoder *d) {
    const MultiByte *m = multibyte_of(d->codec);
    size_t i = 0;
    if (!charset_open(d->vm, m->set, d->encoding))
        return false;
    for (;;) {
        if (!decode_run(d, m, &i))
            return false;
        if (i >= d->n)
            break;
        bool whole = sequence_at(m, (const uint8_t *)d->data + i, d->n - i) != SEQUENCE_INCOMPLETE;
        if (!whole && !d->final)
            break;
        if (!decoder_error(d, i, whole ? i + 1 : d->n, whole ? ILLEGAL : "incomplete multibyte sequence", &i))
            return false;
    }
    d->consumed = i;
    return true;
}

/* --- encoding ------------------------------------------------------------------------------------------------- */

static ALWAYS_INLINE unsigned write_code(uint32_t code, char *to) {
    unsigned n = 0;
    if (unlikely(code >= 0x10000)) {
        if (code >= 0x1000000)
            to[n++] = (char)(code >> 24);
        to[n++] = (char)(code >> 16);
    }
    if (likely(code >= 0x100))
        to[n++] = (char)(code >> 8);
    to[n++] = (char)code;
    return n;
}

static bool put_code(Encoder *e, uint32_t code) {
    char bytes[4];
    return strbuilder_add(&e->out, bytes, write_code(code, bytes));
}

static bool put_multibyte(Encoder *e, uint32_t c) {
    const MultiByte *m = multibyte_of(e->codec);
    char byte = (char)c;
    if (c < 0x80 && m->roman && (c == '\\' || c == '~'))
        return put_code(e, c == '~' ? 0x81B0 : 0x815F);
    if (c < 0x80)
        return strbuilder_add(&e->out, &byte, 1);
    if (is_surrogate(c))
        return false;
    uint32_t code = charset_encode(e->vm, m->set, c);
    if (code == 0 && m->form == FORM_JAMO && c - 0xAC00 < 11172)
        return put_jamo(e, c);
    return code != 0 && put_code(e, code);
}

static size_t multibyte_run(Encoder *e, const char **p, const char *end) {
    const MultiByte *m = multibyte_of(e->codec);
    size_t done = 0;
    const char *q = *p;
    while (q < end) {
        size_t ascii = utf8_ascii_prefix(q, (size_t)(end - q));
        strbuilder_add(&e->out, q, ascii);
        q += ascii;
        done += ascii;
        const char *stop = end - q < PIECE ? end : q + PIECE;
        char *to = strbuilder_room(&e->out, 2 * (PIECE + 4)); /* four bytes for a character of two are the most */
        if (to == NULL)
            break;
        while (q < stop) {
            unsigned length;
            uint32_t c = utf8_decode(q, &length), code = c;
            if (c >= 0x80)
                code = is_surrogate(c) ? 0 : charset_encode(e->vm, m->set, c);
            if (code == 0 && c != 0)
                break;
            to += write_code(code, to);
            q += length;
            done++;
        }
        e->out.len = (size_t)(to - e->out.data);
        if (q < stop)
            break;
    }
    *p = q;
    return done;
}

bool charset_second_of_pair(uint32_t c) {
    return c == 0x309A || c == 0x300 || c == 0x301 || c == 0x304 || c == 0x30C || c == 0x2E5 || c == 0x2E9;
}

static bool put_pair(Encoder *e, uint32_t c) {
    if (e->next != 0 && charset_second_of_pair(e->next)) {
        uint32_t code = charset_encode_pair(e->vm, multibyte_of(e->codec)->set, c, e->next);
        if (code != 0) {
            e->took_next = true;
            return put_code(e, code);
        }
    }
    return put_multibyte(e, c);
}

bool multibyte_encode(Encoder *e) {
    const MultiByte *m = multibyte_of(e->codec);
    if (!charset_open(e->vm, m->set, e->encoding))
        return false;
    e->pairs = m->pairs;
    e->put = m->pairs ? put_pair : put_multibyte;
    e->run = m->pairs || m->roman ? NULL : multibyte_run;
    return encoder_run(e, ILLEGAL, false);
}

/* --- the encodings -------------------------------------------------------------------------------------------- */

#define MULTIBYTE(name, set, form, pairs, roman)                                                                     \
    { name, name, multibyte_decode, multibyte_encode, &(const MultiByte){set, form, pairs, roman}, false }

const Codec codec_multibytes[] = {
    MULTIBYTE("big5", CHARSET_BIG5, FORM_EUC, false, false),
    MULTIBYTE("big5hkscs", CHARSET_BIG5HKSCS, FORM_EUC, true, false),
    MULTIBYTE("cp932", CHARSET_CP932, FORM_SHIFT_JIS, false, false),
    MULTIBYTE("cp949", CHARSET_CP949, FORM_EUC, false, false),
    MULTIBYTE("cp950", CHARSET_CP950, FORM_EUC, false, false),
    MULTIBYTE("euc_jis_2004", CHARSET_EUC_JIS_2004, FORM_EUC_JP, true, false),
    MULTIBYTE("euc_jisx0213", CHARSET_EUC_JISX0213, FORM_EUC_JP, true, false),
    MULTIBYTE("euc_jp", CHARSET_EUC_JP, FORM_EUC_JP, false, false),
    MULTIBYTE("euc_kr", CHARSET_EUC_KR, FORM_JAMO, false, false),
    MULTIBYTE("gb18030", CHARSET_GB18030, FORM_GB18030, false, false),
    MULTIBYTE("gb2312", CHARSET_GB2312, FORM_EUC, false, false),
    MULTIBYTE("gbk", CHARSET_GBK, FORM_EUC, false, false),
    MULTIBYTE("johab", CHARSET_JOHAB, FORM_EUC, false, false),
    MULTIBYTE("shift_jis", CHARSET_SHIFT_JIS, FORM_SHIFT_JIS, false, false),
    MULTIBYTE("shift_jis_2004", CHARSET_SHIFT_JIS_2004, FORM_SHIFT_JIS, true, true),
    MULTIBYTE("shift_jisx0213", CHARSET_SHIFT_JISX0213, FORM_SHIFT_JIS, true, true),
};
const size_t codec_multibytes_count = ARRAY_LEN(codec_multibytes);
