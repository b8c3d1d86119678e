/* The types of _collections, by the file that defines them. */
#ifndef COVE_STDLIB_COLLECTIONS_H
#define COVE_STDLIB_COLLECTIONS_H

#include "object/containers.h"
#include "stdlib/init.h"

extern const TypeSpec deque_spec, deque_iterator_spec, deque_reverse_iterator_spec; /* deque.c */
extern const TypeSpec ordered_dict_spec;                                            /* ordered_dict.c */
extern const TypeSpec default_dict_spec;                                            /* default_dict.c */

/* For native code that keeps things in deques. */
bool is_deque(VM *vm, Value v);
size_t deque_len(Value deque);
Value deque_take_left(Value deque);                               /* owned; it is not empty */
bool deque_add_right(VM *vm, Value deque, Value item) MUST_CHECK; /* consumes item, on failure too */

#endif
