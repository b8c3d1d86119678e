/* Text encodings and error handlers: what str.encode and bytes.decode use, and what the module of codecs exposes. */
#ifndef COVE_OBJECT_CODEC_H
#define COVE_OBJECT_CODEC_H

#include <uchar.h>

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
    uint32_t state;  /* of encodings with shift states, before and after; 0: initial */
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
    /* NULL, or the fast way: encodes characters up to one that is better put, moves *p there, returns their number */
    size_t (*run)(struct Encoder *e, const char **p, const char *end);
    uint32_t refused;  /* 0, or `put` refuses all characters from this one on */
    const void *table; /* what `put` looks characters up in */
    bool big_endian, final;
    bool pairs, took_next; /* `put` wants e->next, and has written it too */
    size_t unit;           /* bytes of a code unit */
    uint32_t state;        /* as in a Decoder */
    uint32_t next;         /* the character behind the one that is put, or 0 */
    StrBuilder out;
} Encoder;

struct Codec {
    const char *name;  /* the canonical one, as codecs.lookup(...).name has it */
    const char *label; /* as errors name it */
    bool (*decode)(Decoder *d);
    bool (*encode)(Encoder *e);
    const void *data; /* for these two */
    bool stateful;    /* has shift states */
};

typedef struct SingleByte {
    const char16_t *table; /* characters of all bytes, or of those from 0x80 on if the others are ASCII */
    bool ascii;
} SingleByte;
#define SINGLE_BYTE_NONE 0xFFFE

/* By any of its names; NULL if there is none. These are the encodings that need no script; others may be registered.
 */
const Codec *codec_find(const char *name);
const Codec *codec_find_module(const char *name); /* by the name of its module in the package `encodings` */
/* The state is that of encodings with shift states, 0 at the start; NULL for a text that is complete. */
Value codec_decode(VM *vm, const Codec *codec, const char *data, size_t n, const char *errors, bool final,
                   size_t *consumed, uint32_t *state);
Value codec_encode(VM *vm, const Codec *codec, Value s, const char *errors, bool final, uint32_t *state);

/* Called by codecs for bytes or characters [start, end) that they cannot turn over: adds the replacement to the
 * output and says where to go on (a byte offset, a character index). False: an exception is pending. */
bool decoder_error(Decoder *d, size_t start, size_t end, const char *reason, size_t *resume);
bool encoder_error(Encoder *e, size_t start, size_t end, const char *reason, size_t *resume);
/* Encodes everything with e->run and e->put; what it refuses is an error for this reason, one for a run of them if
 * `runs`. */
bool encoder_run(Encoder *e, const char *reason, bool runs);
bool decoder_answer(Decoder *d, Value answer, size_t *resume); /* writes what a handler returned */

/* codec_errors.c: handlers are callables that take the exception and return (replacement, position). */
bool codec_register_error(VM *vm, Value name, Value handler);
Value codec_lookup_error(VM *vm, const char *name);                    /* owned; LookupError */
Value codec_handle_error(VM *vm, const char *errors, Value exception); /* what the handler returns */

/* codec_registry.c: encodings that scripts define */
Value codec_search_list(VM *vm);              /* the search functions, borrowed list; 0 with an exception */
Value codec_lookup(VM *vm, const char *name); /* the CodecInfo, owned; LookupError */
/* Its function that encodes (item 0) or decodes (1), owned; with `text` only if it makes bytes of text. */
Value codec_function(VM *vm, const char *encoding, int item, bool text);
/* What such a function makes of an object: the first of the pair it returns. Consumes fn; errors may be 0. */
Value codec_call(VM *vm, Value fn, int item, Value object, Value errors, const char *encoding);
Value codec_script_decode(VM *vm, const char *data, size_t n, const char *encoding, const char *errors);
Value codec_script_encode(VM *vm, Value s, const char *encoding, const char *errors);
void codec_add_note(VM *vm, const char *what, const char *name); /* "encoding with 'x' codec failed" */
/* Lower case, with runs of anything but letters, digits and dots as one underscore. False: longer than any name that
 * is known here. */
bool codec_normalize(const char *name, char *out, size_t size);

/* str_codec_wide.c, str_codec_escape.c, codec_single.c, codec_multibyte.c, codec_shift.c, codec_utf7.c */
bool utf16_decode(Decoder *d);
bool utf16_encode(Encoder *e);
bool utf32_decode(Decoder *d);
bool utf32_encode(Encoder *e);
bool utf7_decode(Decoder *d);
bool utf7_encode(Encoder *e);
bool unicode_escape_decode(Decoder *d);
bool unicode_escape_encode(Encoder *e);
bool raw_unicode_escape_decode(Decoder *d);
bool raw_unicode_escape_encode(Encoder *e);
bool single_byte_decode(Decoder *d);
bool single_byte_encode(Encoder *e);
/* The word of the VM's memory for one of codec_tables, NULL at first. NULL with MemoryError. (codec_charset.c) */
void **codec_table_memory(VM *vm, const Codec *codec);
uint32_t single_byte_character(const Codec *codec, uint8_t byte); /* or CODE_POINT_NONE */

/* Tables: codec_tables.c, codec_multibyte.c, codec_shift.c, codec_aliases.c */
typedef struct CodecAlias {
    const char *name, *codec; /* in the form of codec_normalize */
} CodecAlias;
extern const Codec codec_tables[], codec_multibytes[], codec_shifted[];
extern const size_t codec_tables_count, codec_multibytes_count, codec_shifted_count;
extern const CodecAlias codec_aliases[];
extern const size_t codec_aliases_count;

#endif
