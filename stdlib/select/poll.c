/* select.poll: registered descriptors in a dict, and the array for poll(2) that is made of it when it has changed. */
#include "stdlib/select/select.h"

#include <errno.h>
#include <poll.h>

#include "runtime/lock.h"
#include "stdlib/mod_posix.h"

typedef struct Poll {
    Object header;
    Value events; /* dict: descriptor -> events; 0 until something is registered */
    struct pollfd *fds;
    size_t n;
    bool stale;   /* the array is older than the dict */
    bool polling; /* poll(2) is using the array now */
} Poll;

static Poll *as_poll(Value v) { return (Poll *)as_obj(v); }

/* Behind the registered ones is the host's. */
static size_t room_for(size_t n) { return n == 0 ? 0 : (n + 1) * sizeof(struct pollfd); }

static void poll_dealloc(VM *vm, Object *self) {
    Poll *p = (Poll *)self;
    set_owned(vm, &p->events, 0);
    mem_free(vm, p->fds, room_for(p->n));
    p->fds = NULL;
    p->n = 0;
}

static bool event_mask(VM *vm, Value v, int64_t *out) {
    if (!is_int(v) && !(is_obj(v) && obj_type(as_obj(v))->slots.index))
        return raise_type(vm, "an integer is required");
    Value i = to_index(vm, v);
    if (!i)
        return false;
    bool fits = int_fits_int64(i, out);
    int sign = int_sign(i);
    decref(vm, i);
    if (sign < 0)
        return raise_value(vm, "value must be positive");
    if (!fits)
        return raise_overflow(vm, "Python int too large to convert to C unsigned long");
    return *out <= UINT16_MAX || raise_overflow(vm, "Python int too large for C unsigned short");
}

static bool set_events(VM *vm, Poll *p, int fd, int64_t mask) {
    if (!p->events && !(p->events = dict_new(vm)))
        return false;
    p->stale = true;
    return dict_set(vm, p->events, from_small_int(fd), from_small_int(mask));
}

static Value poll_register(NATIVE_ARGS) {
    int fd;
    int64_t mask = POLLIN | POLLPRI | POLLOUT;
    if ((args[1] && !event_mask(vm, args[1], &mask)) || !posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    return set_events(vm, as_poll(self), fd, mask) ? VALUE_NONE : VALUE_ERROR;
}

static Value poll_modify(NATIVE_ARGS) {
    Poll *p = as_poll(self);
    int fd;
    int64_t mask = 0;
    if (!event_mask(vm, args[1], &mask) || !posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    if (!p->events || !dict_get(vm, p->events, from_small_int(fd)))
        return raise_os_error(vm, ENOENT, 0);
    return set_events(vm, p, fd, mask) ? VALUE_NONE : VALUE_ERROR;
}

static Value poll_unregister(NATIVE_ARGS) {
    Poll *p = as_poll(self);
    int fd;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    if (!p->events || dict_delete(vm, p->events, from_small_int(fd)) <= 0)
        return error_pending(vm) ? VALUE_ERROR : raise_key(vm, from_small_int(fd));
    p->stale = true;
    return VALUE_NONE;
}

static bool refresh(VM *vm, Poll *p) {
    if (!p->stale)
        return true;
    size_t n = dict_len(p->events), pos = 0, i = 0;
    struct pollfd *fds = mem_realloc(vm, p->fds, room_for(p->n), room_for(n));
    if (!fds)
        return false;
    p->fds = fds;
    p->n = n;
    Value key, mask;
    while (dict_next(p->events, &pos, &key, &mask))
        fds[i++] = (struct pollfd){.fd = (int)as_small_int(key), .events = (short)as_small_int(mask)};
    p->stale = false;
    return true;
}

static Value poll_results(VM *vm, Poll *p) {
    Value list = list_new(vm, 0);
    for (size_t i = 0; list && i < p->n; i++) {
        if (p->fds[i].revents && !select_append(vm, list, p->fds[i].fd, (uint16_t)p->fds[i].revents))
            set_owned(vm, &list, 0);
    }
    return list;
}

static Value poll_poll(NATIVE_ARGS) {
    Poll *p = as_poll(self);
    int64_t deadline;
    if (!select_deadline(vm, args[0], 1000000, true, "timeout must be an integer or None", &deadline))
        return VALUE_ERROR;
    if (p->polling)
        return raise_runtime(vm, "concurrent poll() invocation");
    if (!refresh(vm, p))
        return VALUE_ERROR;
    int n;
    struct pollfd host_alone, *fds = p->n > 0 ? p->fds : &host_alone;
    incref(self);
    p->polling = true;
    bool again;
    do {
        int left = wait_milliseconds(deadline);
        fds[p->n] = (struct pollfd){.fd = wait_host(vm), .events = POLLIN};
        WITHOUT_LOCK(vm, n = poll(fds, (nfds_t)p->n + 1, left));
        again = n < 0 && errno == EINTR && posix_go_on(vm);
        if (n > 0 && fds[p->n].revents != 0) {
            again = wait_heard(vm) && n == 1;
            n = error_pending(vm) ? -1 : n;
        }
    } while (again);
    p->polling = false;
    Value r = n < 0 ? posix_fail(vm) : poll_results(vm, p);
    decref(vm, self);
    return r;
}

static const MethodSpec poll_methods[] = {
    {"register", poll_register, "fd, eventmask=select.POLLIN | select.POLLPRI | select.POLLOUT, /",
     "Adds a file, or changes its events.", 0},
    {"modify", poll_modify, "fd, eventmask, /", "Changes the events of a registered file.", 0},
    {"unregister", poll_unregister, "fd, /", "Removes a file.", 0},
    {"poll", poll_poll, "timeout=None, /",
     "Waits until a file is ready or so many milliseconds are over; the list of (descriptor, events).", 0},
    {0},
};

const TypeSpec select_poll_spec = {
    .name = "select.poll",
    .doc = "Waits for any number of registered files.",
    .size = sizeof(Poll),
    .flags = TYPE_NO_NEW | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = poll_dealloc},
    .methods = poll_methods,
};
