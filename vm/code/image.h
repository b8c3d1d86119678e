/* Images: a module's compiled code as bytes that can be kept, and loaded much faster than compiled.
 *
 * An image is position-independent and holds the whole tree of code objects of a module with all that scripts can see
 * of them. It fits the interpreter of the very same version only. It is NOT for untrusted input: loading checks that
 * bytes are in range and that the code keeps the contract of the instruction set (code/verify.h), but what the code
 * then does is the code's own business.
 *
 * Loading gives shells: code objects that know their names, parameters and flags, while their bodies stay packed
 * until they are run or looked into (Code.packed, code_ready). Most functions of a module never are. A shell keeps
 * the image, which holds the strings: each is made once, when the first body that needs it is unpacked. */
#ifndef COVE_CODE_IMAGE_H
#define COVE_CODE_IMAGE_H

#include "code/code.h"

typedef struct CodeImage CodeImage;

enum ImagePositions { IMAGE_COLUMNS, IMAGE_LINES };

/* The image of a module's (or any) code, with the positions as they are, or without the columns, for code whose
 * source is not there to be shown: owned bytes. ValueError when a constant is of a kind that has no packed form, as
 * only code.replace() can bring in. */
Value image_write(VM *vm, Code *code, enum ImagePositions positions);
/* The code of an image that is part of the library: the bytes stay where they are, and are trusted. Owned. */
Value image_load_builtin(VM *vm, const uint8_t *data, size_t size);
/* The same for an image in memory of mem_alloc(), which is taken over, on failure too. */
Value image_load_unpacked(VM *vm, uint8_t *data, size_t size);
/* The code of any other image: copied, checked, and unpacked as a whole. ValueError when it is none, or of another
 * version. Owned. */
Value image_load(VM *vm, const uint8_t *data, size_t size);

void image_release(VM *vm, CodeImage *image); /* may be NULL */

/* What image.c and image_write.c share. All numbers are varints (code/varint.h) unless said otherwise.
 *
 *     image:  magic, fingerprint (4 bytes), where the strings begin (4 bytes), code record; strings: their number,
 * then each as length * 2 + is it interned, and its bytes. String 0 is the file name. code:   name, qualname, flags,
 * first line, argcount, posonlyargcount, kwonlyargcount, nlocals, nregs, free variables; size of the body, body body:
 * number of instruction words, constants, names, handlers, positions, bytes of positions; the names; names of the
 * locals; 1 and the kinds of the locals, or 0 if all are plain; handlers; positions; instructions; constants
 *
 * An instruction is its opcode (a byte) and the operands that its format has, with the operand in its first cache
 * word where it has one there. Inline caches are not stored: loaded code is as fresh as compiled code. */
#define IMAGE_MAGIC "Cove\x01\xc0\xde\n"
#define IMAGE_HEADER 16
uint32_t image_fingerprint(void); /* differs when the instruction set does */
/* Is the first cache word of this instruction an operand? */
bool image_cache_is_operand(unsigned op);

enum ImageConstant {
    IMAGE_NONE,
    IMAGE_FALSE,
    IMAGE_TRUE,
    IMAGE_ELLIPSIS,
    IMAGE_INT,     /* signed number */
    IMAGE_BIG_INT, /* is it negative, number of limbs, limbs of 8 bytes */
    IMAGE_FLOAT,   /* 8 bytes */
    IMAGE_COMPLEX, /* 16 bytes */
    IMAGE_STR,     /* number of the string */
    IMAGE_BYTES,   /* length, bytes */
    IMAGE_TUPLE,   /* length, items */
    IMAGE_FROZENSET,
    IMAGE_CODE, /* code record */
};

#endif
