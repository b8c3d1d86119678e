/* Text encodings and error handlers: what str.encode and bytes.decode use, and what the module of codecs exposes. */
#ifndef COVE_OBJECT_CODEC_H
#define COVE_OBJECT_CODEC_H

#include "object/object.h"
#include "object/str.h"

typedef struct Codec Codec;

/* One decoding under way. */
typedef struct Decoder {
    VM *vm;
    const Codec *codec;
    const char *encoding; /* as errors name it */
    const char *errors;   /* never NULL */
    const char *data;
    size_t n;
    bool final;      /* no more data will come: an incomplete sequence at the end is an error */
    size_t consumed; /* set by the codec: less than n only if not final */
    Value object;    /* the bytes, made for the first error */
    StrBuilder out;
} Decoder;

/* One encoding under way; out collects bytes. */
typedef struct Encoder {
    VM *vm;
    const Codec *codec;
    const char *encoding, *errors;
    Value text;
    bool (*put)(struct Encoder *e, uint32_t c); /* false: the encoding has no such character */
    bool big_endian;
    size_t unit; /* bytes of a code unit */
    StrBuilder out;
} Encoder;

struct Codec {
    const char *name;  /* the canonical one, as codecs.lookup(...).name has it */
    const char *label; /* as errors name it */
    bool (*decode)(Decoder *d);
    bool (*encode)(Encoder *e);
    const uint16_t *table; /* single-byte encodings: characters of 0x80..0xFF, 0xFFFF for none */
};

const Codec *codec_find(const char *name); /* by any of its names; NULL if there is none */
/* LookupError for a name that codec_find does not know; `function` is "encode" or "decode". */
Value codec_unknown(VM *vm, const char *name, const char *function);
Value codec_decode(VM *vm, const Codec *codec, const char *data, size_t n, const char *errors, bool final,
                   size_t *consumed);
Value codec_encode(VM *vm, const Codec *codec, Value s, const char *errors);

/* Called by codecs for bytes or characters [start, end) that they cannot turn over: adds the replacement to the
 * output and says where to go on (a byte offset, a character index). False: an exception is pending. */
bool decoder_error(Decoder *d, size_t start, size_t end, const char *reason, size_t *resume);
bool encoder_error(Encoder *e, size_t start, size_t end, const char *reason, size_t *resume);
/* Encodes everything with e->put; what it refuses is an error for this reason, one for a run of them if `runs`. */
bool encoder_run(Encoder *e, const char *reason, bool runs);

/* codec_errors.c: handlers are callables that take the exception and return (replacement, position). */
bool codec_register_error(VM *vm, Value name, Value handler);
Value codec_lookup_error(VM *vm, const char *name);                    /* owned; LookupError */
Value codec_handle_error(VM *vm, const char *errors, Value exception); /* what the handler returns */

/* str_codec_wide.c, str_codec_escape.c */
bool utf16_decode(Decoder *d);
bool utf16_encode(Encoder *e);
bool utf32_decode(Decoder *d);
bool utf32_encode(Encoder *e);
bool unicode_escape_decode(Decoder *d);
bool unicode_escape_encode(Encoder *e);
bool raw_unicode_escape_decode(Decoder *d);
bool raw_unicode_escape_encode(Encoder *e);
/* codec_tables.c */
extern const Codec codec_tables[];
extern const size_t codec_tables_count;

#endif
