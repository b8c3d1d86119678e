/* The buffer protocol: contiguous bytes that an object lets others see. buffer_get and buffer_release are in bytes.h.
 */
#ifndef COVE_OBJECT_BUFFER_H
#define COVE_OBJECT_BUFFER_H

#include "object/bytes.h"

/* For get_buffer slots: a view of memory that `owner` keeps alive. BufferError if it is read-only and shall be
 * written. */
bool buffer_fill(VM *vm, Buffer *out, Value owner, char *data, size_t len, bool readonly, bool writable);

/* A memoryview of any object with a buffer. */
Value memoryview_new(VM *vm, Value object);
/* The bytes of a memoryview in order, contiguous or not. */
Value memoryview_to_bytes(VM *vm, Value view);

#endif
