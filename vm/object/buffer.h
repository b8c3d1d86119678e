/* The buffer protocol: contiguous bytes that an object lets others see. buffer_get and buffer_release are in bytes.h.
 */
#ifndef COVE_OBJECT_BUFFER_H
#define COVE_OBJECT_BUFFER_H

#include "object/bytes.h"

/* What is asked for, with the numbers that scripts know (inspect.BufferFlags). Who does not ask for strides gets
 * bytes in a row. */
enum BufferFlags {
    BUFFER_SIMPLE = 0,
    BUFFER_WRITABLE = 1,
    BUFFER_STRIDES = 24, /* with the shape that strides belong to */
    BUFFER_FULL_RO = 284,
};

/* For get_buffer slots: a view of memory that `owner` keeps alive. BufferError if it is read-only and shall be
 * written. */
bool buffer_fill(VM *vm, Buffer *out, Value owner, char *data, size_t len, bool readonly, int flags);

/* A memoryview of any object with a buffer. */
Value memoryview_new(VM *vm, Value object);
/* A memoryview of a buffer, which becomes its own also in case of failure. */
Value memoryview_of_buffer(VM *vm, Buffer *buffer);
/* The bytes of a memoryview in order, contiguous or not. */
Value memoryview_to_bytes(VM *vm, Value view);
/* A memoryview that is good for the time of one call: nobody can take a view of it, and memoryview_end() closes it.
 */
Value memoryview_lend(VM *vm, const Buffer *buffer);
void memoryview_end(Value view);
/* The object whose memory a memoryview shows; borrowed, 0 if it is released. */
Value memoryview_owner(Value view);
/* Releases the view as its method does, but only a view of that object. */
bool memoryview_release_for(VM *vm, Value view, Value object);

extern const TypeSpec buffer_hold_spec;
/* buffer_script.c: buffers of objects whose class says in the language what they are */
bool buffer_get_script(VM *vm, Value self, Buffer *out, int flags);             /* calls __buffer__ */
void buffer_release_script(VM *vm, Value self, Buffer *buffer);                 /* calls __release_buffer__ */
bool buffer_get_held(VM *vm, Value self, Buffer *out, int flags, BufferFn get); /* by a native get_buffer */
Value buffer_hold_view(Value hold);   /* the memoryview that __buffer__ gave; 0 if `hold` is something else */
Value buffer_hold_object(Value hold); /* whose buffer it is; `hold` itself if it is something else */

#endif
