/* The module _pickle: what its files share. save*.c write pickles, load*.c read them, mod_pickle.c is the module. */
#ifndef COVE_STDLIB_PICKLE_H
#define COVE_STDLIB_PICKLE_H

#include "object/bytes.h"
#include "object/buffer.h"
#include "object/containers.h"
#include "object/set.h"
#include "runtime/vm.h"
#include "stdlib/init.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

enum {
    PROTOCOL_HIGHEST = 5,
    PROTOCOL_DEFAULT = 4,
    BATCH_SIZE = 1000,
    FRAME_HEADER = 9,
    FRAME_MIN = 4,
    FRAME_TARGET = 64 * 1024
};

/* The opcodes, named as in the format's description. */
enum Opcode {
    OPC_MARK = '(',
    OPC_STOP = '.',
    OPC_POP = '0',
    OPC_POP_MARK = '1',
    OPC_DUP = '2',
    OPC_FLOAT = 'F',
    OPC_INT = 'I',
    OPC_BININT = 'J',
    OPC_BININT1 = 'K',
    OPC_LONG = 'L',
    OPC_BININT2 = 'M',
    OPC_NONE = 'N',
    OPC_PERSID = 'P',
    OPC_BINPERSID = 'Q',
    OPC_REDUCE = 'R',
    OPC_STRING = 'S',
    OPC_BINSTRING = 'T',
    OPC_SHORT_BINSTRING = 'U',
    OPC_UNICODE = 'V',
    OPC_BINUNICODE = 'X',
    OPC_APPEND = 'a',
    OPC_BUILD = 'b',
    OPC_GLOBAL = 'c',
    OPC_DICT = 'd',
    OPC_EMPTY_DICT = '}',
    OPC_APPENDS = 'e',
    OPC_GET = 'g',
    OPC_BINGET = 'h',
    OPC_INST = 'i',
    OPC_LONG_BINGET = 'j',
    OPC_LIST = 'l',
    OPC_EMPTY_LIST = ']',
    OPC_OBJ = 'o',
    OPC_PUT = 'p',
    OPC_BINPUT = 'q',
    OPC_LONG_BINPUT = 'r',
    OPC_SETITEM = 's',
    OPC_TUPLE = 't',
    OPC_EMPTY_TUPLE = ')',
    OPC_SETITEMS = 'u',
    OPC_BINFLOAT = 'G',
    OPC_PROTO = 0x80,
    OPC_NEWOBJ,
    OPC_EXT1,
    OPC_EXT2,
    OPC_EXT4,
    OPC_TUPLE1,
    OPC_TUPLE2,
    OPC_TUPLE3,
    OPC_NEWTRUE,
    OPC_NEWFALSE,
    OPC_LONG1,
    OPC_LONG4,
    OPC_BINBYTES = 'B',
    OPC_SHORT_BINBYTES = 'C',
    OPC_SHORT_BINUNICODE = 0x8c,
    OPC_BINUNICODE8,
    OPC_BINBYTES8,
    OPC_EMPTY_SET,
    OPC_ADDITEMS,
    OPC_FROZENSET,
    OPC_NEWOBJ_EX,
    OPC_STACK_GLOBAL,
    OPC_MEMOIZE,
    OPC_FRAME,
    OPC_BYTEARRAY8,
    OPC_NEXT_BUFFER,
    OPC_READONLY_BUFFER,
};

/* Per VM; every Value is kept alive by the VM. */
typedef struct PickleState {
    Type *pickle_error, *pickling_error, *unpickling_error;
    Value encode; /* stands for codecs.encode, by which old protocols write bytes */
} PickleState;
PickleState *pickle_state(VM *vm); /* the module must have been made */

/* The objects written so far and their numbers, by identity. */
typedef struct MemoEntry {
    Value key; /* owned; 0: free */
    size_t index;
} MemoEntry;
typedef struct Memo {
    MemoEntry *table;
    size_t used, mask; /* table has mask + 1 entries, or is NULL */
} Memo;
MemoEntry *memo_find(const Memo *m, Value key); /* NULL if absent */
bool memo_add(VM *vm, Memo *m, Value key, size_t index);
void memo_clear(VM *vm, Memo *m);

/* A container being written in fast mode, on the C stack. */
typedef struct FastLink {
    Value object;
    struct FastLink *previous;
} FastLink;

typedef struct Pickler {
    Object header;
    Value write;           /* method of the file, or 0 */
    Value buffer_callback; /* or 0 */
    Value own_persistent;  /* set as an attribute of this instance, or 0 */
    Value own_dispatch;    /* the attribute dispatch_table, or 0 */
    /* hooks of the dump that is running, or 0 */
    Value persistent_id, dispatch_table, reducer_override, copyreg_table;
    Memo memo;
    char *out;
    size_t len, cap;
    ssize_t frame_start; /* offset of the header of the open frame; -1: none */
    int protocol;
    bool bin, fast, fix_imports, framing, ready, busy;
    FastLink *fast_chain;
} Pickler;

typedef struct Unpickler {
    Object header;
    Value read, readline; /* methods of the file, or 0 */
    Value input;          /* bytes of a frame, or whatever has been handed in; 0: none */
    Buffer source;        /* of input */
    size_t pos;           /* in source */
    Value buffers;        /* iterator, or 0 */
    Value own_persistent; /* or 0 */
    Value encoding, errors;
    Value find_class, persistent_load; /* hooks of the load that is running, or 0: the built-in ways */
    Value *stack;
    size_t depth, cap, fence;
    size_t *marks;
    size_t nmarks, marks_cap;
    bool mark_seen; /* the fence is a mark */
    Value *memo;    /* by number, 0 where unset */
    size_t memo_cap;
    Value sparse; /* dict of the numbers too large for the array, or 0 */
    size_t memo_count;
    int protocol;
    bool fix_imports, ready, busy;
} Unpickler;

extern const TypeSpec pickler_spec, unpickler_spec, pickle_buffer_spec, pickler_memo_spec, unpickler_memo_spec;

/* save.c */
bool save(VM *vm, Pickler *p, Value v);
bool save_bytes_data(VM *vm, Pickler *p, Value v, const char *data, size_t n);
bool save_bytearray_data(VM *vm, Pickler *p, Value v, const char *data, size_t n);
bool save_pair_call(VM *vm, Pickler *p, Value callable, Value args_consumed,
                    Value obj); /* callable(*args) makes obj */
/* save_out.c */
bool put(VM *vm, Pickler *p, const void *data, size_t n);
bool put_op(VM *vm, Pickler *p, int op);
bool put_sized(VM *vm, Pickler *p, int op, size_t size, int width, const char *data,
               size_t n);              /* may leave the frame */
bool put_boundary(VM *vm, Pickler *p); /* a frame that is large enough ends here */
bool put_commit(VM *vm, Pickler *p);
bool put_flush(VM *vm, Pickler *p);
bool put_memo(VM *vm, Pickler *p, Value v); /* remembers v, which is on top of the reader's stack */
bool put_get(VM *vm, Pickler *p, const MemoEntry *e);
/* save_container.c */
bool save_tuple(VM *vm, Pickler *p, Value v);
bool save_list(VM *vm, Pickler *p, Value v);
bool save_dict(VM *vm, Pickler *p, Value v);
bool save_set(VM *vm, Pickler *p, Value v);
bool save_frozenset(VM *vm, Pickler *p, Value v);
bool save_batch(VM *vm, Pickler *p, Value iterator, bool pairs);
/* save_object.c */
bool save_object(VM *vm, Pickler *p, Value v);
bool save_reduced(VM *vm, Pickler *p, Value reduced, Value obj); /* a tuple; obj may be 0 */
bool save_global(VM *vm, Pickler *p, Value v, Value name);       /* name 0: its own */
/* find.c */
Value find_module(VM *vm, Value name); /* imports; owned */
Value find_module_c(VM *vm, const char *name);
Value find_copyreg(VM *vm, const char *name);      /* owned */
Value find_dotted(VM *vm, Value root, Value path); /* root.a.b.c; AttributeError, also for <locals> */
Value find_class(VM *vm, Unpickler *u, Value module, Value name);
Value find_compat(VM *vm, const char *table); /* a dict of _compat_pickle; owned */
/* load_*.c */
bool unpickler_load_line(VM *vm, Unpickler *u, const char **line, size_t *n); /* without the newline */
bool unpickler_take(VM *vm, Unpickler *u, size_t n, const char **data);       /* valid until the next call */
bool unpickler_frame(VM *vm, Unpickler *u, size_t n);
Value unpickler_run(VM *vm, Unpickler *u);
bool unpickler_input(VM *vm, Unpickler *u, Value data_consumed); /* what is read from next */
bool load_truncated(VM *vm);
bool load_push(VM *vm, Unpickler *u, Value v_consumed);
Value load_pop(VM *vm, Unpickler *u);
bool load_underflow(VM *vm, Unpickler *u);
bool load_mark_pop(VM *vm, Unpickler *u, size_t *at);
bool load_memo_set(VM *vm, Unpickler *u, size_t index, Value v);
Value load_memo_get(VM *vm, Unpickler *u, size_t index); /* borrowed; 0 without an exception */
void load_memo_clear(VM *vm, Unpickler *u);
void load_reset(VM *vm, Unpickler *u);
void load_cut(VM *vm, Unpickler *u, size_t depth);
/* load_scalar.c: the opcodes that read a value from the data alone; load_build.c: those that put objects together */
bool load_scalar(VM *vm, Unpickler *u, int op, bool *known);
bool load_build(VM *vm, Unpickler *u, int op, bool *known);
size_t load_le(const char *data, int width);
/* pickler.c, unpickler.c, memo_proxy.c */
bool pickler_setup(VM *vm, Pickler *p, Value protocol, Value fix_imports, Value buffer_callback); /* 0: defaults */
bool pickler_file(VM *vm, Pickler *p, Value file);
bool pickler_run(VM *vm, Pickler *p, Value v); /* leaves the pickle, or its last part, in the buffer */
bool unpickler_setup(VM *vm, Unpickler *u, const char *who, Value fix_imports, Value encoding, Value errors,
                     Value buffers);
bool unpickler_file(VM *vm, Unpickler *u, Value file);
Value unpickler_load(VM *vm, Unpickler *u);
Value pickler_memo(VM *vm, Value self);
bool pickler_set_memo(VM *vm, Value self, Value value);
Value unpickler_memo(VM *vm, Value self);
bool unpickler_set_memo(VM *vm, Value self, Value value);
/* A method that a subclass or an instance may replace: owned, 0 with *ok when it is the one of `base`. */
Value pickle_hook(VM *vm, Value self, Type *base, Value own, const char *name, bool *ok);
/* buffer.c */
bool pickle_buffer_view(VM *vm, Value v, Buffer **view); /* ValueError when it has been released */

#endif
