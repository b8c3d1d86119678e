/* Coded character sets of East Asia: the character of one byte sequence, and the sequence of one character. The
 * tables are the system's (iconv); what this adds is their correction where the usual mapping of scripts differs, and
 * a memory of answers. Finding the sequences in a text is the codecs' business. */
#ifndef COVE_OBJECT_CODEC_CHARSET_H
#define COVE_OBJECT_CODEC_CHARSET_H

#include "object/object.h"

typedef enum CharsetId {
    CHARSET_GB2312, /* as EUC-CN */
    CHARSET_GBK,
    CHARSET_GB18030,
    CHARSET_BIG5,
    CHARSET_CP950,
    CHARSET_BIG5HKSCS,
    CHARSET_CP949,
    CHARSET_EUC_KR,
    CHARSET_JOHAB,
    CHARSET_EUC_JP,
    CHARSET_SHIFT_JIS,
    CHARSET_CP932,
    CHARSET_EUC_JIS_2004,
    CHARSET_EUC_JISX0213,
    CHARSET_SHIFT_JIS_2004,
    CHARSET_SHIFT_JISX0213,
    CHARSETS
} CharsetId;

/* To be called before the others. LookupError if the system cannot convert the set. */
bool charset_open(VM *vm, CharsetId id, const char *encoding);
/* The character of a sequence, read as a big-endian number, or CODE_POINT_NONE. A few sequences stand for two
 * characters: *second is the other one, else 0. */
uint32_t charset_decode(VM *vm, CharsetId id, uint32_t code, uint32_t *second);
/* The sequence of a character, or 0. */
uint32_t charset_encode(VM *vm, CharsetId id, uint32_t c);
/* The one sequence that stands for both characters, or 0. */
uint32_t charset_encode_pair(VM *vm, CharsetId id, uint32_t c, uint32_t second);

/* codec_charset_tables.c */
typedef struct CharsetRun { /* count sequences from `from` on have the characters from `to` on, or none if `to` is 0;
                             * when encoding, the other way round */
    uint32_t from, to;
    uint16_t count;
} CharsetRun;

typedef struct CharsetSpec {
    const char *name; /* as iconv has it */
    const CharsetRun *decode, *encode;
    uint8_t ndecode, nencode;
    int8_t fallback;  /* the set that knows what this one does not, or -1 */
    bool prefers_nec; /* of characters that are there twice, those of rows ED and EE are written */
} CharsetSpec;
extern const CharsetSpec charset_specs[CHARSETS];

#endif
