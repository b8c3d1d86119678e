/* What the files of memoryview share. */
#ifndef COVE_OBJECT_MEMORYVIEW_H
#define COVE_OBJECT_MEMORYVIEW_H

#include "object/buffer.h"
#include "runtime/errors.h"

typedef struct MemoryView {
    Object header;
    Buffer buffer;  /* owner 0: released */
    char *data;     /* of the first item */
    char format[3]; /* struct code of an item, with '@' if it was given so */
    char code;
    size_t itemsize;
    bool readonly;
    bool lent; /* for a call only: see memoryview_lend() */
    unsigned ndim;
    uint32_t exports;
    int64_t hash;             /* 0: not computed */
    ssize_t *shape, *strides; /* `own`, or allocated together for more than one dimension */
    ssize_t own[2];
} MemoryView;

static ALWAYS_INLINE MemoryView *as_view(Value v) { return (MemoryView *)as_obj(v); }

static ALWAYS_INLINE bool view_check_open(VM *vm, const MemoryView *m) {
    return likely(m->buffer.owner != 0) || raise_value(vm, "operation forbidden on released memoryview object");
}

/* memoryview_item.c. Items are read and written through a copy in a union, never through pointers of their type:
 * addresses of sliced views need not be aligned. */
typedef union Item {
    int8_t i1;
    uint8_t u1;
    int16_t i2;
    uint16_t u2;
    int32_t i4;
    uint32_t u4;
    int64_t i8;
    uint64_t u8;
    float f4;
    double f8;
    void *pointer;
} Item;

size_t item_format_size(char code); /* bytes of an item of that format, 0 if it is none that views can read */
Value item_read(VM *vm, const MemoryView *m, const char *p);
/* Turns v into the bytes of an item. May run scripts. */
bool item_pack(VM *vm, const MemoryView *m, Value v, Item *x);

#endif
