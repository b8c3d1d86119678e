/* Timeouts and waiting for one descriptor. A wait that a signal interrupts goes on with what is left of its time. */
#include "stdlib/wait.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <time.h>

#include "object/float.h"
#include "runtime/limits.h"
#include "runtime/lock.h"
#include "stdlib/asyncio/poller.h"

bool wait_duration(VM *vm, Value seconds, int64_t *out) {
    if (is_float(seconds)) {
        double d = float_value(seconds);
        if (isnan(d))
            return raise_value(vm, "Invalid value NaN (not a number)");
        d *= 1e9;
        d = d >= 0 ? ceil(d) : floor(d);
        if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0))
            return raise_overflow(vm, "timestamp out of range for platform time_t");
        *out = (int64_t)d;
        return true;
    }
    Value i = to_index(vm, seconds);
    if (!i)
        return false;
    int64_t whole = 0;
    bool fits = int_fits_int64(i, &whole) && !__builtin_mul_overflow(whole, WAIT_SECOND, out);
    decref(vm, i);
    return fits || raise_overflow(vm, "timestamp too large to convert to C PyTime_t");
}

int64_t wait_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * WAIT_SECOND + now.tv_nsec;
}

int64_t wait_deadline(int64_t duration) {
    int64_t deadline;
    if (duration < 0 || __builtin_add_overflow(wait_now(), duration, &deadline))
        return WAIT_FOREVER;
    return deadline;
}

int wait_milliseconds(int64_t deadline) {
    if (deadline == WAIT_FOREVER)
        return -1;
    int64_t left = deadline - wait_now();
    if (left <= 0)
        return 0;
    left = (left - 1) / 1000000 + 1;
    return left > INT32_MAX ? INT32_MAX : (int)left;
}

bool wait_timespec(int64_t deadline, struct timespec *out) {
    if (deadline == WAIT_FOREVER)
        return false;
    int64_t left = deadline - wait_now();
    if (left < 0)
        left = 0;
    out->tv_sec = left / WAIT_SECOND;
    out->tv_nsec = left % WAIT_SECOND;
    return true;
}

int wait_host(VM *vm) {
    const HostHooks *hooks = (const HostHooks *)vm->host;
    return hooks != NULL && hooks->descriptor != NULL && vm->thread == vm->main ? hooks->descriptor(vm) : -1;
}

bool wait_heard(VM *vm) {
    ((const HostHooks *)vm->host)->deliver(vm);
    return !vm_interrupted(vm) || vm_safepoint(vm);
}

void wait_after_fork(VM *vm) {
    const HostHooks *hooks = (const HostHooks *)vm->host;
    if (hooks != NULL && hooks->after_fork != NULL)
        hooks->after_fork(vm);
}

int wait_descriptor(VM *vm, int fd, short events, int64_t deadline) {
    struct pollfd p[2] = {{.fd = fd, .events = events},
                          {.fd = wait_host(vm), .events = POLLIN}}; /* -1 is passed over */
    for (;;) {
        int64_t limit = limits_deadline(vm);
        int ready, left = wait_milliseconds(limit < deadline ? limit : deadline);
        WITHOUT_LOCK(vm, ready = poll(p, 2, left));
        if (ready > 0 && p[0].revents != 0)
            return 1;
        if (ready == 0 && left < INT32_MAX && deadline <= limit)
            return 0;
        if (ready < 0 && errno != EINTR) {
            raise_os_error(vm, errno, 0);
            return -1;
        }
        if (ready > 0 ? !wait_heard(vm) : vm_interrupted(vm) && !vm_safepoint(vm))
            return -1;
    }
}
