/* Source text -> code object: the compiler's one entry point. */
#ifndef COVE_COMPILE_H
#define COVE_COMPILE_H

#include "object/object.h"

/* The flags of compile(). */
enum {
    COMPILE_DONT_IMPLY_DEDENT = 0x200,
    COMPILE_TOP_LEVEL_AWAIT = 0x2000,
    COMPILE_ALLOW_INCOMPLETE_INPUT = 0x4000,
    COMPILE_FILE_INPUT = 0x10000, /* not of compile(): decoding errors are worded as for the program's own file */
    COMPILE_SHOW_LAST = 0x20000,  /* neither: in mode "exec", the value of the last statement is shown */
    COMPILE_TYPED = 0x40000,      /* nor this: what follows an error has not been read yet */
    COMPILE_FUTURE_BARRY = 0x400000,
    COMPILE_FUTURE_ANNOTATIONS = 0x1000000
};

/* Compiles `source`, a str or bytes, in `mode` "exec", "eval" or "single". optimize is 0, 1, 2 or -1 for the VM's
 * level. Owned code object; 0 with an exception: SyntaxError with all its fields, ValueError, MemoryError,
 * RecursionError. */
Value compile_source(VM *vm, Value source, Value filename, const char *mode, int flags, int optimize);

/* source_encoding.c: the text of bytes whose coding line names another encoding than UTF-8, owned; 0 if it names
 * none. False: SyntaxError. */
bool source_decode(VM *vm, Value source, Value filename, bool file_input, Value *text);

#endif
