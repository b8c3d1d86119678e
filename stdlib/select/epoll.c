/* select.epoll: the registered descriptors are in the kernel. */
#if defined(__linux__)
#include "stdlib/select/select.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

#include "runtime/lock.h"
#include "stdlib/mod_posix.h"

typedef struct Epoll {
    Object header;
    int fd; /* -1: closed */
} Epoll;

static Epoll *as_epoll(Value v) { return (Epoll *)as_obj(v); }

static bool check_open(VM *vm, Value self) {
    return as_epoll(self)->fd >= 0 || raise_value(vm, "I/O operation on closed epoll object");
}

static Value epoll_new(VM *vm, Type *type, int fd) {
    if (fd < 0 && (fd = epoll_create1(EPOLL_CLOEXEC)) < 0)
        return raise_os_error(vm, errno, 0);
    Epoll *e = object_alloc(vm, type, 0);
    if (!e) {
        close(fd);
        return VALUE_ERROR;
    }
    e->fd = fd;
    return from_obj(e);
}

static Value epoll_create_object(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2];
    int sizehint = -1, flags = 0;
    if (!native_bind(vm, "epoll", "sizehint=-1, flags=0", args, nargs, kwnames, v, 2) ||
        (v[0] && !to_c_int(vm, v[0], &sizehint)) || (v[1] && !to_c_int(vm, v[1], &flags)))
        return VALUE_ERROR;
    if (sizehint != -1 && sizehint <= 0)
        return raise_value(vm, "negative sizehint");
    if (flags && flags != EPOLL_CLOEXEC)
        return raisef(vm, vm->exc.OSError, "invalid flags");
    return epoll_new(vm, type, -1);
}

static void epoll_dealloc(VM *vm, Object *self) {
    Epoll *e = (Epoll *)self;
    if (e->fd >= 0)
        close(e->fd);
    e->fd = -1;
}

static Value epoll_fromfd(NATIVE_ARGS) {
    int fd;
    return to_c_int(vm, args[0], &fd) ? epoll_new(vm, as_type(self), fd) : VALUE_ERROR;
}

static Value epoll_close(NATIVE_ARGS) {
    int fd = as_epoll(self)->fd;
    as_epoll(self)->fd = -1;
    return fd >= 0 && close(fd) < 0 && errno != EINTR ? raise_os_error(vm, errno, 0) : VALUE_NONE;
}

static Value epoll_fileno(NATIVE_ARGS) {
    return check_open(vm, self) ? from_small_int(as_epoll(self)->fd) : VALUE_ERROR;
}

static Value epoll_enter(NATIVE_ARGS) { return check_open(vm, self) ? incref(self) : VALUE_ERROR; }
static Value epoll_exit(NATIVE_ARGS) { return epoll_close(vm, self, NULL, 0, 0); }

/* The lower 32 bits of any integer. */
static bool event_bits(VM *vm, Value v, uint32_t *out) {
    Value i = to_index(vm, v), low = i ? int_binary(vm, OP_AND, i, from_small_int(UINT32_MAX)) : VALUE_ERROR;
    int64_t bits = 0;
    bool ok = low && int_fits_int64(low, &bits);
    *out = (uint32_t)bits;
    decref(vm, i);
    decref(vm, low);
    return ok;
}

static Value control(VM *vm, Value self, int operation, Value file, uint32_t events) {
    int fd;
    if (!posix_descriptor(vm, file, &fd) || !check_open(vm, self))
        return VALUE_ERROR;
    struct epoll_event event = {.events = events, .data.fd = fd};
    return epoll_ctl(as_epoll(self)->fd, operation, fd, &event) < 0 ? raise_os_error(vm, errno, 0) : VALUE_NONE;
}

static Value epoll_register(NATIVE_ARGS) {
    uint32_t events = EPOLLIN | EPOLLPRI | EPOLLOUT;
    if (!check_open(vm, self) || (args[1] && !event_bits(vm, args[1], &events)))
        return VALUE_ERROR;
    return control(vm, self, EPOLL_CTL_ADD, args[0], events);
}

static Value epoll_modify(NATIVE_ARGS) {
    uint32_t events;
    if (!check_open(vm, self) || !event_bits(vm, args[1], &events))
        return VALUE_ERROR;
    return control(vm, self, EPOLL_CTL_MOD, args[0], events);
}

static Value epoll_unregister(NATIVE_ARGS) {
    return check_open(vm, self) ? control(vm, self, EPOLL_CTL_DEL, args[0], 0) : VALUE_ERROR;
}

static Value epoll_poll(NATIVE_ARGS) {
    enum { ON_STACK = 64 };
    struct epoll_event few[ON_STACK], *events = few;
    int64_t deadline;
    int max = -1, n, fd = as_epoll(self)->fd;
    if (!check_open(vm, self) ||
        !select_deadline(vm, args[0], WAIT_SECOND, true, "timeout must be an integer or None", &deadline) ||
        (args[1] && !to_c_int(vm, args[1], &max)))
        return VALUE_ERROR;
    if (max == -1)
        max = FD_SETSIZE - 1;
    else if (max < 1)
        return raise_value(vm, "maxevents must be greater than 0, got %d", max);
    if (max > ON_STACK && !(events = mem_alloc(vm, (size_t)max * sizeof *events)))
        return VALUE_ERROR;
    do {
        if (wait_host(vm) >= 0 && wait_descriptor(vm, fd, POLLIN, deadline) < 0) {
            n = -1;
            break;
        }
        int left = wait_milliseconds(deadline);
        WITHOUT_LOCK(vm, n = epoll_wait(fd, events, max, left));
    } while (n < 0 && errno == EINTR && posix_go_on(vm));
    Value list = n < 0 ? posix_fail(vm) : list_new(vm, 0);
    for (int i = 0; list && i < n; i++) {
        if (!select_append(vm, list, events[i].data.fd, events[i].events))
            set_owned(vm, &list, 0);
    }
    if (events != few)
        mem_free(vm, events, (size_t)max * sizeof *events);
    return list;
}

static Value get_closed(VM *vm, Value self) { return from_bool(as_epoll(self)->fd < 0); }

static const MethodSpec epoll_methods[] = {
    {"fromfd", epoll_fromfd, "fd, /", "An object for a descriptor of epoll_create().", METHOD_CLASS},
    {"close", epoll_close, "", "Closes the descriptor.", 0},
    {"fileno", epoll_fileno, "", "The descriptor.", 0},
    {"register", epoll_register, "fd, eventmask=select.EPOLLIN | select.EPOLLPRI | select.EPOLLOUT", "Adds a file.",
     0},
    {"modify", epoll_modify, "fd, eventmask", "Changes the events of a file.", 0},
    {"unregister", epoll_unregister, "fd", "Removes a file.", 0},
    {"poll", epoll_poll, "timeout=None, maxevents=-1",
     "Waits until a file is ready or so many seconds are over; the list of (descriptor, events).", 0},
    {"__enter__", epoll_enter, "", "The object itself.", 0},
    {"__exit__", epoll_exit, "exc_type=None, exc_value=None, exc_tb=None, /", "Closes it.", 0},
    {0},
};
static const GetSetSpec epoll_getset[] = {{"closed", get_closed, NULL, "Whether it is closed."}, {0}};

const TypeSpec select_epoll_spec = {
    .name = "select.epoll",
    .doc = "Waits for any number of files that the kernel keeps.",
    .signature = "sizehint=-1, flags=0",
    .size = sizeof(Epoll),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = epoll_create_object, .dealloc = epoll_dealloc},
    .methods = epoll_methods,
    .getset = epoll_getset,
};
#endif
