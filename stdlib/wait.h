/* Timeouts and waiting for descriptors, as select, socket, signal and subprocesses need them. */
#ifndef COVE_STDLIB_WAIT_H
#define COVE_STDLIB_WAIT_H

#include "runtime/vm.h"

#define WAIT_SECOND ((int64_t)1000000000)
#define WAIT_FOREVER INT64_MAX

/* A number of seconds (int or float) as nanoseconds, rounded away from zero: TypeError, ValueError (NaN),
 * OverflowError. */
bool wait_duration(VM *vm, Value seconds, int64_t *out);
int64_t wait_now(void); /* the monotonic clock in nanoseconds */
/* The time on that clock that is `duration` from now; a negative duration or WAIT_FOREVER: WAIT_FOREVER. */
int64_t wait_deadline(int64_t duration);
/* What is left until a deadline: as the milliseconds that poll() takes (rounded up, -1: forever), and as a timespec
 * (false: forever). Never negative otherwise. */
int wait_milliseconds(int64_t deadline);
struct timespec;
bool wait_timespec(int64_t deadline, struct timespec *out);
/* The descriptor that waits of the main thread look at too, as by it a host tells that it has stopped the script; -1:
 * none. When it is readable, wait_heard() takes in what there is; false with an exception. */
int wait_host(VM *vm);
bool wait_heard(VM *vm);
void wait_after_fork(VM *vm); /* in the child, which the host does not speak to */
/* Waits without the lock until a descriptor is ready for `events` of poll() (errors count as ready), or the deadline
 * is over. 1: ready, 0: time is over, -1: the handler of a signal raised, or poll failed (OSError). */
int wait_descriptor(VM *vm, int fd, short events, int64_t deadline);

#endif
