/* What the files of the module select share. */
#ifndef COVE_STDLIB_SELECT_H
#define COVE_STDLIB_SELECT_H

#include "stdlib/init.h"
#include "stdlib/module_tools.h"
#include "stdlib/wait.h"

extern const TypeSpec select_poll_spec, select_epoll_spec;

/* A timeout in units of `unit` nanoseconds (None or absent: forever, as are negative ones if `negative` is set; else
 * ValueError), as a deadline. type_error is the message for what is no number. */
bool select_deadline(VM *vm, Value timeout, int64_t unit, bool negative, const char *type_error, int64_t *deadline);
/* (fd, events) appended to a list. */
bool select_append(VM *vm, Value list, int fd, uint32_t events);

#endif
