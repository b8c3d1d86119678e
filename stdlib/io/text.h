/* What the files of TextIOWrapper share. */
#ifndef COVE_STDLIB_IO_TEXT_H
#define COVE_STDLIB_IO_TEXT_H

#include "object/codec.h"
#include "stdlib/init.h"
#include "stdlib/io/io.h"

#define OUT_MAX 8192

/* newline.c: line ends of text that comes in pieces. */
typedef struct LineEnds {
    bool translate; /* '\r', "\r\n" become '\n' */
    bool held;      /* a '\r' at the end of the last piece, as '\n' may follow */
    uint8_t seen;   /* 1 '\r', 2 '\n', 4 "\r\n" */
} LineEnds;
/* Consumes s. A '\r' at its end is held back unless `final`. */
Value line_ends_translate(VM *vm, LineEnds *ends, Value s, bool final);
Value line_ends_seen(VM *vm, const LineEnds *ends); /* None, a str, or a tuple of them: what `newlines` says */

typedef struct TextIO {
    Object header;
    Value buffer;           /* 0: detached */
    Value encoding, errors; /* str */
    Value newline;          /* None or str as given */
    Value ahead;            /* str or 0 */
    size_t ahead_at;
    Value tail;                   /* bytes of an incomplete character, or 0 */
    const Codec *reader, *writer; /* those of the encoding, or of what its byte order mark said; NULL: not native */
    uint32_t read_state, write_state; /* of encodings with shift states */
    Value decoder, encoder;           /* incremental ones, for an encoding that is not native; made when needed */
    bool at_end;
    bool line_buffering, write_through, closed;
    bool utf8;          /* the encoding is UTF-8 and errors strict: no codec call */
    LineEnds line_ends; /* of what is read */
    char *out;
    size_t nout;
    IoLock lock;      /* of what is ahead */
    int64_t snapshot; /* byte position of the start of `ahead`, for tell(); -1 unknown */
} TextIO;

static inline TextIO *as_text(Value v) { return (TextIO *)as_obj(v); }

/* text.c */
bool textio_usable(VM *vm, TextIO *t); /* ValueError: closed, or without a file below */
bool textio_over_native(VM *vm, Value buffer);

/* text_write.c */
bool textio_flush(VM *vm, TextIO *t);
const char *textio_line_end(const TextIO *t); /* what '\n' is written as, and lines end with; NULL: as it is */
/* The incremental encoder or decoder of an encoding that scripts define; borrowed. */
Value textio_converter(VM *vm, TextIO *t, Value *slot, const char *attribute);
/* The codec to go on with, once the data has begun with a byte order mark or not. */
const Codec *textio_behind_mark(const Codec *codec, const char *data, size_t n);
void textio_forget_ahead(VM *vm, TextIO *t);
Value textio_write(NATIVE_ARGS);

/* text_read.c */
size_t textio_rest(const TextIO *t); /* bytes that are ahead */
Value textio_read(NATIVE_ARGS);
Value textio_readline(NATIVE_ARGS);
Value textio_next(VM *vm, Value self);

#endif
