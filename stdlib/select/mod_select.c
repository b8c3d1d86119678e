/* select: the function of that name, and what its polling objects have in common. */
#include "stdlib/select/select.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <sys/select.h>
#include <time.h>
#if defined(__linux__)
#include <sys/epoll.h>
#endif

#include "object/float.h"
#include "runtime/limits.h"
#include "runtime/lock.h"
#include "stdlib/mod_posix.h"

static bool timeout_number(VM *vm, Value timeout, int64_t unit, int64_t *out) {
    if (unit == WAIT_SECOND)
        return wait_duration(vm, timeout, out);
    double scale = (double)unit / (double)WAIT_SECOND;
    if (is_float(timeout))
        return wait_duration(vm, from_double(float_value(timeout) * scale), out);
    Value i = to_index(vm, timeout);
    if (!i)
        return false;
    int64_t number = 0;
    bool fits = int_fits_int64(i, &number) && !__builtin_mul_overflow(number, unit, out);
    decref(vm, i);
    return fits || raise_overflow(vm, "timestamp too large to convert to C PyTime_t");
}

bool select_deadline(VM *vm, Value timeout, int64_t unit, bool negative, const char *type_error, int64_t *deadline) {
    int64_t duration = -1, limit = limits_deadline(vm);
    *deadline = limit;
    if (!timeout || is_none(timeout))
        return true;
    if (!timeout_number(vm, timeout, unit, &duration)) {
        if (error_matches(vm, vm->exc.TypeError)) {
            error_clear(vm);
            raise_type(vm, "%s", type_error);
        }
        return false;
    }
    if (duration < 0 && !negative)
        return raise_value(vm, "timeout must be non-negative");
    if (negative && duration / 1000000 > INT_MAX)
        return raise_overflow(vm, "timeout is too large");
    *deadline = wait_deadline(duration);
    if (limit < *deadline) /* with nothing ready then, but the script ends at its next step */
        *deadline = limit;
    return true;
}

bool select_append(VM *vm, Value list, int fd, uint32_t events) {
    Value pair = tuple_pack(vm, 2, from_small_int(fd), from_small_int(events));
    return pair && list_append_steal(vm, list, pair);
}

/* --- select() ------------------------------------------------------------------------------------------------------
 */

/* One of the three arguments: its objects, and their descriptors in the same order. */
typedef struct Watched {
    Value objects; /* list, owned */
    int fds[FD_SETSIZE];
    size_t n;
    fd_set set;
} Watched;

static bool watch(VM *vm, Value iterable, Watched *w, int *max) {
    FD_ZERO(&w->set);
    w->n = 0;
    w->objects = list_from_iterable(vm, iterable);
    if (!w->objects) {
        if (error_matches(vm, vm->exc.TypeError)) {
            error_clear(vm);
            raise_type(vm, "arguments 1-3 must be sequences");
        }
        return false;
    }
    for (size_t i = 0; i < as_list(w->objects)->len; i++) {
        Value object = incref(as_list(w->objects)->items[i]);
        int fd;
        bool ok = posix_descriptor(vm, object, &fd);
        decref(vm, object);
        if (!ok)
            return false;
        if (fd >= FD_SETSIZE)
            return raise_value(vm, "filedescriptor out of range in select()");
        if (w->n == FD_SETSIZE)
            return raise_value(vm, "too many file descriptors in select()");
        FD_SET(fd, &w->set);
        w->fds[w->n++] = fd;
        if (fd > *max)
            *max = fd;
    }
    return true;
}

static Value ready_objects(VM *vm, Watched *w, const fd_set *ready) {
    Value list = list_new(vm, 0);
    for (size_t i = 0; list && i < w->n && i < as_list(w->objects)->len; i++) {
        if (FD_ISSET(w->fds[i], ready) && !list_append(vm, list, as_list(w->objects)->items[i]))
            set_owned(vm, &list, 0);
    }
    return list;
}

/* The number of ready descriptors in sets, the host's not counted; -1 with an exception. */
static int wait_select(VM *vm, int max, Watched *watched, fd_set sets[3], int64_t deadline) {
    for (;;) {
        struct timespec left;
        bool limited = wait_timespec(deadline, &left);
        for (int i = 0; i < 3; i++)
            sets[i] = watched[i].set;
        int n, host = wait_host(vm);
        bool with_host = host >= 0 && host < FD_SETSIZE;
        if (with_host)
            FD_SET(host, &sets[0]);
        WITHOUT_LOCK(vm, n = pselect((with_host && host > max ? host : max) + 1, &sets[0], &sets[1], &sets[2],
                                     limited ? &left : NULL, NULL));
        if (n > 0 && with_host && FD_ISSET(host, &sets[0])) {
            FD_CLR(host, &sets[0]);
            if (!wait_heard(vm))
                return -1;
            if (--n == 0)
                continue;
        }
        if (n >= 0)
            return n;
        if (errno != EINTR) {
            raise_os_error(vm, errno, 0);
            return -1;
        }
        if (!posix_go_on(vm))
            return -1;
    }
}

static Value select_select(NATIVE_ARGS) {
    int64_t deadline;
    int max = -1;
    Value result = VALUE_ERROR;
    if (!select_deadline(vm, args[3], WAIT_SECOND, false, "timeout must be a float or None", &deadline))
        return VALUE_ERROR;
    Watched *watched = mem_zalloc(vm, 3 * sizeof *watched);
    if (!watched)
        return VALUE_ERROR;
    bool ok = true;
    for (int i = 0; ok && i < 3; i++)
        ok = watch(vm, args[i], &watched[i], &max);
    fd_set sets[3];
    if (ok && wait_select(vm, max, watched, sets, deadline) >= 0) {
        Value lists[3] = {0};
        for (int i = 0; ok && i < 3; i++)
            ok = (lists[i] = ready_objects(vm, &watched[i], &sets[i])) != 0;
        result = ok ? tuple_pack(vm, 3, lists[0], lists[1], lists[2]) : VALUE_ERROR;
        for (int i = 0; i < 3; i++)
            decref(vm, lists[i]);
    }
    for (int i = 0; i < 3; i++)
        decref(vm, watched[i].objects);
    mem_free(vm, watched, 3 * sizeof *watched);
    return result;
}

static Value select_poll(NATIVE_ARGS) {
    Type *type = vm_type(vm, &select_poll_spec, NULL);
    void *poll_object = type ? object_alloc(vm, type, 0) : NULL;
    return poll_object ? from_obj(poll_object) : VALUE_ERROR;
}

static const MethodSpec functions[] = {
    {"select", select_select, "rlist, wlist, xlist, timeout=None, /",
     "Waits until some of the files are ready for reading, for writing, or have an exceptional condition.", 0},
    {"poll", select_poll, "", "An object that waits for any number of registered files.", 0},
    {0},
};

/* clang-format off */
static const ModuleConstant constants[] = {
    CONSTANT(PIPE_BUF), CONSTANT(POLLIN), CONSTANT(POLLPRI), CONSTANT(POLLOUT), CONSTANT(POLLERR), CONSTANT(POLLHUP),
    CONSTANT(POLLNVAL), CONSTANT(POLLRDNORM), CONSTANT(POLLRDBAND), CONSTANT(POLLWRNORM), CONSTANT(POLLWRBAND),
    CONSTANT(POLLMSG), CONSTANT(POLLRDHUP),
#if defined(__linux__)
    CONSTANT(EPOLLIN), CONSTANT(EPOLLOUT), CONSTANT(EPOLLPRI), CONSTANT(EPOLLERR), CONSTANT(EPOLLHUP),
    CONSTANT(EPOLLRDHUP), CONSTANT(EPOLLET), CONSTANT(EPOLLONESHOT), CONSTANT(EPOLLEXCLUSIVE), CONSTANT(EPOLLRDNORM),
    CONSTANT(EPOLLRDBAND), CONSTANT(EPOLLWRNORM), CONSTANT(EPOLLWRBAND), CONSTANT(EPOLLMSG), CONSTANT(EPOLL_CLOEXEC),
#endif
};
/* clang-format on */

bool mod_select_init(VM *vm, Value module) {
    if (!module_add_functions(vm, module, functions) ||
        !module_add_constants(vm, module, constants, ARRAY_LEN(constants)) ||
        !module_add(vm, module, "error", incref(type_value(vm->exc.OSError))))
        return false;
#if defined(__linux__)
    Type *epoll = vm_type(vm, &select_epoll_spec, NULL);
    if (!epoll || !module_add(vm, module, "epoll", incref(type_value(epoll))))
        return false;
#endif
    return true;
}
