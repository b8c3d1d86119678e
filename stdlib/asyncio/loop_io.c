/* Descriptors of the loop: who waits for which, and the pipe that wakes it.
 *
 * The table of watches is indexed by descriptor. What the poller knows follows from it: reader and writer. */
#include "stdlib/asyncio/asyncio.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "object/bytes.h"
#include "stdlib/wait.h"

/* ---- opening and closing --------------------------------------------------------------------------------------- */

static int poll_change(VM *vm, Value self, int fd, unsigned before, unsigned events);

static bool watch_pipe(VM *vm, Loop *loop) {
    if (poll_change(vm, from_obj(loop), loop->wake_read, 0, POLL_IN) == 0)
        return true;
    return error_pending(vm) ? false : raise_os_error(vm, errno, 0);
}

/* A host may resolve futures, or stop the script, while the loop waits: the main thread's loops look out for it. */
static bool watch_host(VM *vm, Loop *loop) {
    int fd = loop->selector ? -1 : wait_host(vm);
    if (fd < 0)
        return true;
    if (loop->poller.ops->change(vm, &loop->poller, fd, 0, POLL_IN) < 0)
        return error_pending(vm) ? false : raise_os_error(vm, errno, 0);
    loop->host_fd = fd;
    return true;
}

bool loop_io_open(VM *vm, Loop *loop) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return raise_os_error(vm, errno, 0);
    loop->wake_read = fds[0];
    loop->wake_write = fds[1];
    const HostHooks *hooks = (const HostHooks *)vm->host;
    loop->poller.ops = hooks && hooks->poller ? hooks->poller : &poller_default;
    if (!loop->selector && loop->poller.ops->open(vm, &loop->poller) < 0) {
        loop->poller.ops = NULL;
        return raise_os_error(vm, errno, 0);
    }
    return watch_pipe(vm, loop) && watch_host(vm, loop);
}

/* Also at the end of a VM, for loops that nobody has closed. */
void loop_close_descriptors(VM *vm, Loop *loop) {
    if (!loop->selector && loop->poller.ops)
        loop->poller.ops->close(vm, &loop->poller);
    loop->poller.ops = NULL;
    if (loop->wake_read >= 0)
        close(loop->wake_read);
    if (loop->wake_write >= 0)
        close(loop->wake_write);
    loop->wake_read = loop->wake_write = loop->host_fd = -1;
}

void loop_io_close(VM *vm, Loop *loop) {
    if (loop->selector) {
        Value selector = loop->selector, pending = error_take(vm);
        loop->selector = 0;
        Value name = str_intern_c(vm, "close"), r = name ? call_method0(vm, selector, name) : VALUE_ERROR;
        if (!r)
            error_unraisable(vm, NULL, selector);
        decref(vm, r);
        decref(vm, name);
        decref(vm, selector);
        if (pending)
            raise_steal(vm, pending);
        loop->poller.ops = NULL;
    }
    loop_close_descriptors(vm, loop);
    for (size_t i = 0; i < loop->nwatches; i++) {
        set_owned(vm, &loop->watches[i].reader, 0);
        set_owned(vm, &loop->watches[i].writer, 0);
        loop->watches[i].transport = 0;
    }
    loop->nwatched = 0;
}

/* ---- watching -------------------------------------------------------------------------------------------------- */

static unsigned events_of(const Watch *w) { return (w->reader ? POLL_IN : 0u) | (w->writer ? POLL_OUT : 0u); }

static Value pair_of(VM *vm, Loop *loop, int fd) {
    Watch *w = (size_t)fd < loop->nwatches ? &loop->watches[fd] : NULL;
    return tuple_pack(vm, 2, w && w->reader ? w->reader : VALUE_NONE, w && w->writer ? w->writer : VALUE_NONE);
}

/* The same through a selector of a script, whose data are the pair (reader, writer). */
static int selector_change(VM *vm, Loop *loop, int fd, unsigned before, unsigned events) {
    const char *method = !before ? "register" : events ? "modify" : "unregister";
    Value fn = attr_get_c(vm, loop->selector, method), pair = fn ? pair_of(vm, loop, fd) : VALUE_ERROR;
    Value args[3] = {from_small_int(fd), from_small_int(events), pair};
    Value r = pair ? call(vm, fn, args, events ? 3 : 1, 0) : VALUE_ERROR;
    decref(vm, r);
    decref(vm, pair);
    decref(vm, fn);
    return r ? 0 : -1;
}

/* -1: with an exception, or with errno. */
static int poll_change(VM *vm, Value self, int fd, unsigned before, unsigned events) {
    Loop *loop = as_loop(self);
    if (loop->selector)
        return selector_change(vm, loop, fd, before, events);
    if (!loop->poller.ops)
        return raise_runtime(vm, loop->closed ? "Event loop is closed" : "the event loop is not initialized"), -1;
    if (before == events)
        return 0;
    return loop->poller.ops->change(vm, &loop->poller, fd, before, events);
}

static bool grow_table(VM *vm, Loop *loop, int fd) {
    size_t n = loop->nwatches ? loop->nwatches : 16;
    while (n <= (size_t)fd)
        n *= 2;
    Watch *w = mem_realloc(vm, loop->watches, loop->nwatches * sizeof *w, n * sizeof *w);
    if (!w)
        return false;
    memset(w + loop->nwatches, 0, (n - loop->nwatches) * sizeof *w);
    loop->watches = w;
    loop->nwatches = n;
    return true;
}

Watch *loop_watch_of(VM *vm, Loop *loop, int fd) {
    if ((size_t)fd >= loop->nwatches && !grow_table(vm, loop, fd))
        return NULL;
    return &loop->watches[fd];
}

bool loop_watch(VM *vm, Value self, int fd, bool write, Value handle) {
    Loop *loop = as_loop(self);
    Watch *w = loop_watch_of(vm, loop, fd);
    if (!w) {
        decref(vm, handle);
        return false;
    }
    unsigned before = events_of(w);
    Value *field = write ? &w->writer : &w->reader, old = *field;
    *field = handle;
    if (poll_change(vm, self, fd, before, events_of(w)) < 0) {
        loop->watches[fd] = *w;
        *(write ? &loop->watches[fd].writer : &loop->watches[fd].reader) = old;
        decref(vm, handle);
        return error_pending(vm) ? false : raise_os_error(vm, errno, 0);
    }
    if (!before)
        loop->nwatched++;
    bool ok = !old || handle_cancel(vm, old);
    decref(vm, old);
    return ok;
}

int loop_unwatch(VM *vm, Value self, int fd, bool write) {
    Loop *loop = as_loop(self);
    if (loop->closed || (size_t)fd >= loop->nwatches)
        return 0;
    Watch *w = &loop->watches[fd];
    Value *field = write ? &w->writer : &w->reader, old = *field;
    if (!old)
        return 0;
    unsigned before = events_of(w);
    *field = 0;
    unsigned after = events_of(w);
    if (!after)
        loop->nwatched--;
    bool ok = poll_change(vm, self, fd, before, after) == 0;
    if (!ok && !error_pending(vm))
        raise_os_error(vm, errno, 0);
    ok = ok && handle_cancel(vm, old);
    decref(vm, old);
    return ok ? 1 : -1;
}

/* ---- events ---------------------------------------------------------------------------------------------------- */

/* Empties the pipe. Bytes other than 0 are numbers of signals: the loop is told in its next callbacks. */
static bool drain_pipe(VM *vm, Value self) {
    Loop *loop = as_loop(self);
    char data[4096];
    ssize_t n;
    while ((n = read(loop->wake_read, data, sizeof data)) > 0) {
        bool signals = false;
        for (ssize_t i = 0; i < n; i++)
            signals |= data[i] != 0;
        if (!signals)
            continue;
        Value bytes = bytes_new(vm, data, (size_t)n), fn = bytes ? attr_get_c(vm, self, "_process_self_data") : 0;
        Value handle = fn ? handle_new(vm, async_state(vm)->handle, self, fn, &bytes, 1, 0) : VALUE_ERROR;
        decref(vm, fn);
        decref(vm, bytes);
        if (!handle || !ready_push(vm, &loop->ready, handle, READY_HANDLE))
            return false;
    }
    return true;
}

static bool queue_handle(VM *vm, Value self, int fd, bool write) {
    Loop *loop = as_loop(self);
    Value handle = write ? loop->watches[fd].writer : loop->watches[fd].reader;
    if (!handle)
        return true;
    if (as_handle(handle)->cancelled)
        return loop_unwatch(vm, self, fd, write) >= 0;
    return ready_push(vm, &loop->ready, incref(handle), READY_HANDLE);
}

bool loop_process(VM *vm, Value self, int fd, unsigned events) {
    Loop *loop = as_loop(self);
    if (fd < 0)
        return true;
    if (fd == loop->wake_read)
        return drain_pipe(vm, self);
    if (fd == loop->host_fd)
        return wait_heard(vm);
    if ((size_t)fd >= loop->nwatches)
        return true;
    return (!(events & POLL_IN) || queue_handle(vm, self, fd, false)) &&
           (!(events & POLL_OUT) || queue_handle(vm, self, fd, true));
}

/* ---- methods --------------------------------------------------------------------------------------------------- */

/* A descriptor, or an object with fileno(). */
static bool descriptor(VM *vm, Value v, int *out) {
    if (is_int(v)) {
        if (!to_c_int(vm, v, out))
            return false;
    } else {
        Value n = attr_get(vm, v, NAME(fileno)), r = n ? call0(vm, n) : VALUE_ERROR;
        decref(vm, n);
        if (!r || !is_int(r) || !to_c_int(vm, r, out)) {
            decref(vm, r);
            if (error_pending(vm))
                error_clear(vm);
            return raise_value(vm, "Invalid file object: %R", v);
        }
        decref(vm, r);
    }
    return *out >= 0 || raise_value(vm, "Invalid file descriptor: %d", *out);
}

static bool check_transport(VM *vm, Loop *loop, Value given, int fd) {
    Value transport = (size_t)fd < loop->nwatches ? loop->watches[fd].transport : 0;
    if (!transport)
        return true;
    return raise_runtime(vm, "File descriptor %R is used by transport %R", given, transport);
}

static Value add_watch(VM *vm, Value self, Value *args, size_t nargs, bool write, bool checked, const char *name) {
    int fd;
    Value context;
    if (nargs < 2)
        return raise_type(vm, "%s() missing required positional arguments: 'fd' and 'callback'", name);
    if (!descriptor(vm, args[0], &fd) || (checked && !check_transport(vm, as_loop(self), args[0], fd)) ||
        !loop_check_closed(vm, as_loop(self)) || !context_snapshot(vm, &context))
        return VALUE_ERROR;
    Value handle = handle_new(vm, async_state(vm)->handle, self, args[1], args + 2, nargs - 2, context);
    if (!handle || !loop_watch(vm, self, fd, write, incref(handle))) {
        decref(vm, handle);
        return VALUE_ERROR;
    }
    return handle;
}

static Value remove_watch(VM *vm, Value self, Value arg, bool write, bool checked) {
    int fd;
    if (as_loop(self)->closed && !checked)
        return VALUE_FALSE;
    if (!descriptor(vm, arg, &fd) || (checked && !check_transport(vm, as_loop(self), arg, fd)))
        return VALUE_ERROR;
    int removed = loop_unwatch(vm, self, fd, write);
    return removed < 0 ? VALUE_ERROR : from_bool(removed);
}

static Value none_of(VM *vm, Value v) {
    decref(vm, v);
    return v ? VALUE_NONE : VALUE_ERROR;
}

Value loop_method_add_reader(NATIVE_ARGS) {
    return none_of(vm, add_watch(vm, self, args, nargs, false, true, "add_reader"));
}
Value loop_method_add_writer(NATIVE_ARGS) {
    return none_of(vm, add_watch(vm, self, args, nargs, true, true, "add_writer"));
}
Value loop_method_remove_reader(NATIVE_ARGS) { return remove_watch(vm, self, args[0], false, true); }
Value loop_method_remove_writer(NATIVE_ARGS) { return remove_watch(vm, self, args[0], true, true); }
Value loop_method_add_reader_unchecked(NATIVE_ARGS) {
    return add_watch(vm, self, args, nargs, false, false, "_add_reader");
}
Value loop_method_add_writer_unchecked(NATIVE_ARGS) {
    return add_watch(vm, self, args, nargs, true, false, "_add_writer");
}
Value loop_method_remove_reader_unchecked(NATIVE_ARGS) { return remove_watch(vm, self, args[0], false, false); }
Value loop_method_remove_writer_unchecked(NATIVE_ARGS) { return remove_watch(vm, self, args[0], true, false); }

Value loop_method_ensure_no_transport(NATIVE_ARGS) {
    int fd;
    return descriptor(vm, args[0], &fd) && check_transport(vm, as_loop(self), args[0], fd) ? VALUE_NONE : VALUE_ERROR;
}
