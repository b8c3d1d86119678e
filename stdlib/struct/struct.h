/* The module _struct: bytes as C structs. A format is compiled once into a list of items (format.c), which packing
 * and unpacking (items.c) walk; mod_struct.c has the Struct type and the module's functions with their cache. */
#ifndef COVE_STDLIB_STRUCT_H
#define COVE_STDLIB_STRUCT_H

#include "object/buffer.h"
#include "object/containers.h"
#include "stdlib/init.h"

typedef enum FieldKind {
    FIELD_PAD,
    FIELD_CHAR,
    FIELD_STRING,
    FIELD_PASCAL,
    FIELD_SIGNED,
    FIELD_UNSIGNED,
    FIELD_ADDRESS,
    FIELD_BOOL,
    FIELD_FLOAT, /* of 2, 4 or 8 bytes */
} FieldKind;

/* One code of a format with its repeat count. Strings are one item of `size` bytes; what repeats has the size of one
 * and stands `repeat` times from `offset` on. */
typedef struct Item {
    size_t offset, size, repeat;
    uint8_t kind; /* FieldKind */
    char code;
} Item;

typedef struct Layout {
    size_t size;    /* bytes in all */
    size_t nvalues; /* that are packed or unpacked */
    size_t nitems;
    bool big;    /* byte order */
    bool native; /* sizes: '@' or no prefix */
    Item items[];
} Layout;

typedef struct StructState {
    Type *error;
    Value cache; /* dict: format -> Struct */
} StructState;

/* Layouts live in bytes objects: packing runs scripts, which may set up the same Struct anew meanwhile. */
Value layout_new(VM *vm, const char *format, size_t n);
static inline const Layout *layout_of(Value bytes) { return (const Layout *)as_bytes(bytes)->data; }

/* Writes l->size bytes at `out`, which is zero-filled or arbitrary. */
bool layout_pack(VM *vm, const Layout *l, uint8_t *out, Value *values);
Value layout_unpack(VM *vm, const Layout *l, const uint8_t *data);
Value raise_struct(VM *vm, const char *fmt, ...);

#endif
