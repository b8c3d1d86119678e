/* The parts of the _io module: what its files know of each other. */
#ifndef COVE_STDLIB_IO_H
#define COVE_STDLIB_IO_H

#include "object/bytes.h"
#include "runtime/park.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames
#define IO_BUFFER_SIZE 8192

typedef struct IoTypes { /* per VM, in vm->module_state */
    Type *iobase, *rawbase, *bufferedbase, *textbase;
    Type *fileio, *bytesio, *bytesio_contents, *stringio, *reader, *writer, *random, *rwpair, *text, *decoder;
    Type *unsupported; /* NULL: not made yet */
} IoTypes;
IoTypes *io_types(VM *vm);         /* made on first use; NULL with an exception */
Type *io_unsupported_type(VM *vm); /* class UnsupportedOperation(OSError, ValueError); borrowed; NULL on failure */

/* One thread at a time works with a file's buffer: while it waits for the system, without the VM's lock, the others
 * that want the same file wait for it. All of this is looked at under the VM's lock. */
typedef struct IoLock {
    Thread *owner; /* NULL: free */
    ParkQueue queue;
} IoLock;
/* Takes the lock of `file`. RuntimeError if the thread has it already, as when the handler of a signal writes to the
 * file that was being written. */
bool io_lock(VM *vm, IoLock *lock, Value file);
void io_unlock(VM *vm, IoLock *lock);

typedef struct FileIO {
    Object header;
    int fd; /* -1: closed */
    bool readable, writable, appending, created, closefd;
    bool may_wait;   /* it is no regular file */
    int8_t seekable; /* -1: not asked yet */
    Value name;
} FileIO;

typedef struct Buffered { /* BufferedReader, BufferedWriter, BufferedRandom */
    Object header;
    Value raw; /* 0: detached */
    char *buf;
    size_t cap;
    size_t pos, end; /* bytes read ahead and not yet given out: buf[pos..end) */
    size_t pending;  /* bytes written and not yet passed on: buf[0..pending) */
    bool can_read, can_write, closed;
    IoLock lock;
} Buffered;

/* lock.c, iobase.c */
Value io_unsupported(VM *vm, const char *what);
bool io_check_closed(VM *vm, Value self); /* ValueError "I/O operation on closed file." */
int io_is_closed(VM *vm, Value self);     /* 1, 0, -1 */
extern const TypeSpec iobase_spec, rawiobase_spec, bufferediobase_spec, textiobase_spec;
void io_finalize(VM *vm, Value self); /* closes an unclosed file that is being dropped */
/* Warns that `file` is being dropped unclosed, if what it is over, `inner`, comes down to an open FileIO. */
void io_warn_unclosed(VM *vm, Value file, Value inner);

/* fileio.c */
extern const TypeSpec fileio_spec;
Value fileio_open(VM *vm, Value file, const char *mode, bool closefd, Value opener);
/* Reads up to n bytes: the count, 0 at the end, -1 error, -2 would block. Retries after signals. */
ssize_t fileio_read_some(VM *vm, FileIO *f, char *to, size_t n);
ssize_t fileio_write_some(VM *vm, FileIO *f, const char *from, size_t n);
bool io_is_native_file(VM *vm, Value raw);

/* buffered.c */
extern const TypeSpec bufferedreader_spec, bufferedwriter_spec, bufferedrandom_spec, bufferedrwpair_spec;
Value buffered_new(VM *vm, Type *type, Value raw, size_t size);
bool buffered_flush(VM *vm, Buffered *b);
bool buffered_write(VM *vm, Buffered *b, const char *data, size_t n);
/* More bytes for a text file: whatever can be had with one read; empty at the end. Owned bytes. */
Value buffered_read1(VM *vm, Buffered *b, size_t n);
Value buffered_readline(VM *vm, Buffered *b, ssize_t limit);

/* state.c */
Value io_refuse_pickle(NATIVE_ARGS);
#define REFUSE_PICKLE_ROWS                                                                                           \
    {"__reduce__", io_refuse_pickle, "", "Open files cannot be pickled.", 0}, {                                      \
        "__reduce_ex__", io_refuse_pickle, "protocol, /", "Open files cannot be pickled.", 0                         \
    }
Value io_attributes(VM *vm, Value self); /* copy of the instance's own attributes, or None */
/* Puts them back; `which` item of the state they are is for the message. */
bool io_set_attributes(VM *vm, Value self, Value attributes, const char *which);
bool io_state_position(VM *vm, Value v, size_t *position);

bool io_target_buffer(VM *vm, Value target, Buffer *out); /* for readinto(); TypeError */

/* bytesio.c, stringio.c */
extern const TypeSpec bytesio_spec, bytesio_contents_spec, stringio_spec;

/* text.c, newline.c */
extern const TypeSpec textiowrapper_spec, newline_decoder_spec;
Value text_new(VM *vm, Value buffer, const char *encoding, const char *errors, Value newline, bool line_buffering,
               bool write_through);

#endif
