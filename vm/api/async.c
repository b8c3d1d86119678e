/* Asynchronous hosts: the host's event loop, which is an asyncio loop that the host pumps, and tasks in it.
 *
 * A turn is the loop's run_forever() with `stopping` set, so that a script finds everything as asyncio promises: a
 * running loop, the order of callbacks, hooks of async generators. The loop watches the descriptor of the VM's
 * mailbox, so that what other threads post ends a wait. */
#include "api/async.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "api/mailbox.h"
#include "api/resource.h"
#include "object/type.h"
#include "stdlib/asyncio/asyncio.h"
#include "stdlib/import/importer.h"

/* --- callbacks that scripts can call -----------------------------------------------------------------------------
 *
 * They stand in the lists of futures, where any script finds them: it may call them at any time, with anything. */

typedef struct Callback {
    Object header;
    Resource resource;
    CallbackFn fn; /* NULL: it is being called, has been called for good, or is given up */
    void (*release)(void *user);
    void *user, *second;
    Value of; /* the future it is for, as an address; or 0: any argument will do */
} Callback;

static void callback_end(VM *vm, Resource *r) {
    Callback *c = container_of(r, Callback, resource);
    (void)vm;
    c->fn = NULL;
    if (c->release != NULL)
        c->release(c->user);
}

static void callback_dealloc(VM *vm, Object *self) { resource_end(vm, &((Callback *)self)->resource); }

static Value callback_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Callback *c = (Callback *)as_obj(self);
    Value arg = nargs > 0 ? args[0] : VALUE_NONE;
    (void)kwnames;
    if (c->fn == NULL || (c->of != 0 && arg != c->of))
        return VALUE_NONE;
    Callout callout = callout_begin(vm);
    incref(self);
    CallbackFn fn = c->fn;
    c->fn = NULL;
    if (!fn(vm, c->user, c->second, arg))
        c->fn = fn;
    decref(vm, callout_end(vm, callout, handle(VALUE_NONE), "callback"));
    decref(vm, self);
    return VALUE_NONE;
}

static const TypeSpec callback_spec = {
    .name = "cove.callback",
    .doc = "A function of the program that Cove is part of.",
    .size = sizeof(Callback),
    .flags = TYPE_NO_NEW,
    .kind = KIND_OTHER,
    .slots = {.dealloc = callback_dealloc, .call = callback_call},
};

Value callback_new(VM *vm, CallbackFn fn, void *user, void *second, void (*release)(void *user)) {
    Type *type = vm_type(vm, &callback_spec, NULL);
    Callback *c = type == NULL ? NULL : object_alloc(vm, type, 0);
    if (c == NULL)
        return VALUE_ERROR;
    c->fn = fn;
    c->user = user;
    c->second = second;
    c->release = release;
    resource_add(vm, &c->resource, callback_end);
    return from_obj(c);
}

/* --- the loop ----------------------------------------------------------------------------------------------------
 */

static bool drain(VM *vm, void *user, void *second, Value arg) {
    (void)user, (void)second, (void)arg;
    mailbox_deliver(vm);
    return false;
}

bool loop_watches_mailbox(VM *vm, Value loop) {
    int fd = mailbox_descriptor(vm);
    if (vm->host->mailbox == NULL || !is_loop(loop))
        return true;
    if (fd < 0) /* it would never be woken */
        return raise_os_error(vm, errno, 0);
    as_loop(loop)->host_expected = true;
    if (as_loop(loop)->host_fd == fd)
        return true;
    if ((size_t)fd < as_loop(loop)->nwatches && as_loop(loop)->watches[fd].reader != 0)
        return true;
    Value fn = callback_new(vm, drain, NULL, NULL, NULL);
    AsyncState *state = fn == 0 ? NULL : async_state(vm);
    Value h = state == NULL ? 0 : handle_new(vm, state->handle, loop, fn, NULL, 0, 0);
    decref(vm, fn);
    return h != 0 && loop_watch(vm, loop, fd, false, h);
}

Value host_loop(VM *vm) {
    HostState *state = vm->host;
    if (state->loop != 0 && !as_loop(state->loop)->closed)
        return state->loop;
    Value module = import_c(vm, "asyncio"), make = module == 0 ? 0 : attr_get_c(vm, module, "new_event_loop");
    Value loop = make == 0 ? 0 : call0(vm, make);
    decref(vm, make);
    decref(vm, module);
    if (loop == 0)
        return VALUE_ERROR;
    if (!is_loop(loop)) {
        decref(vm, loop);
        return raise_runtime(vm, "the event loop policy does not make native loops");
    }
    if (!loop_watches_mailbox(vm, loop)) {
        decref(vm, loop);
        return VALUE_ERROR;
    }
    set_owned(vm, &state->loop, loop);
    return loop;
}

/* Whether there is anything that the loop will do; the mailbox alone is nothing. */
static bool has_work(const Loop *loop) {
    return loop->ready.len != 0 || loop->ndeferred != 0 || loop->timers.len != 0 || loop->ntasks != 0 ||
           loop->nwatched > (loop->host_fd < 0); /* else the mailbox is among those watched */
}

/* The loop is not gone on with from within, nor by two threads: its turn would end with the inner one's. */
static bool check_idle(VM *vm, Value loop) {
    return !as_loop(loop)->running || raise_runtime(vm, "the event loop of the host is already running");
}

/* One turn, waiting for at most so many microseconds (negative: no limit). False with an exception. */
static bool turn(VM *vm, Value loop, int64_t microseconds) {
    Loop *l = as_loop(loop);
    l->pump_limit = microseconds < 0 ? INFINITY : (double)microseconds * 1e-6;
    l->stopping = l->pumped = true;
    Value r = loop_method_run_forever(vm, loop, NULL, 0, 0);
    l->pumped = l->stopping = false;
    return r != 0;
}

int cove_poll(cove_vm *host, int64_t microseconds) {
    ENTER(host);
    mailbox_deliver(vm);
    Value loop = vm->host->loop;
    if (loop == 0 || as_loop(loop)->closed)
        return 0;
    incref(loop);
    if (!has_work(as_loop(loop)) && microseconds < 0)
        microseconds = 0;
    bool ok = check_idle(vm, loop) && turn(vm, loop, microseconds);
    int left = ok ? has_work(as_loop(loop)) : -1;
    decref(vm, loop);
    given_ok(vm, ok);
    cove_flush(host);
    return left;
}

bool cove_run_loop(cove_vm *host) {
    int left;
    do
        left = cove_poll(host, -1);
    while (left > 0);
    return left == 0;
}

int cove_poll_descriptor(cove_vm *host) {
    ENTER(host);
    Value loop = host_loop(vm);
    if (!given_ok(vm, loop != 0))
        return -1;
    return as_loop(loop)->poller.ops == NULL ? -1 : as_loop(loop)->poller.fd;
}

int64_t cove_poll_deadline(cove_vm *host) {
    ENTER(host);
    Value loop = vm->host->loop;
    if (loop == 0 || as_loop(loop)->closed)
        return -1;
    const Loop *l = as_loop(loop);
    if (l->ready.len != 0 || l->ndeferred != 0)
        return 0;
    if (l->timers.len == 0)
        return -1;
    double wait = l->timers.items[0].when - loop_clock();
    return wait <= 0 ? 0 : (int64_t)ceil(wait * 1e6);
}

/* --- tasks -------------------------------------------------------------------------------------------------------
 */

/* A task or future for an awaitable; owned. */
static Value ensure_future(VM *vm, Value loop, Value awaitable) {
    if (has_kind(awaitable, KIND_GENERATOR)) {
        Value name = str_intern_c(vm, "create_task"), task = name == 0 ? 0 : call_method1(vm, loop, name, awaitable);
        decref(vm, name);
        return task;
    }
    Value fn = async_helper(vm, "tasks", "ensure_future"), names = fn == 0 ? 0 : tuple_new(vm, 1), task = 0;
    if (names != 0 && (as_tuple(names)->items[0] = str_intern_c(vm, "loop")) != 0) {
        Value args[2] = {awaitable, loop};
        task = call(vm, fn, args, 1, names);
    }
    decref(vm, names);
    decref(vm, fn);
    return task;
}

static bool on_done(VM *vm, Value future, Value callback) {
    Value name = str_intern_c(vm, "add_done_callback");
    Value r = name == 0 ? 0 : call_method1(vm, future, name, callback);
    decref(vm, name);
    decref(vm, r);
    return r != 0;
}

bool future_on_done(VM *vm, Value future, Value callback) { return on_done(vm, future, callback); }

/* The result of a future of any make. */
static Value result_of(VM *vm, Value future) {
    if (is_future(future))
        return future_result(vm, future);
    Value name = str_intern_c(vm, "result"), r = name == 0 ? 0 : call_method0(vm, future, name);
    decref(vm, name);
    return r;
}

static bool tell(VM *vm, void *user, void *second, Value future) {
    if (is_future(future) && as_future(future)->state == FUTURE_PENDING)
        return false;
    cove_done_fn done;
    memcpy(&done, &second, sizeof done);
    done(host_vm(vm), user, give(vm, result_of(vm, future)));
    return true;
}

cove_value cove_start(cove_vm *host, cove_value awaitable, cove_done_fn done, void *user) {
    ENTER(host);
    NEED(awaitable);
    Value loop = host_loop(vm), task = loop == 0 ? 0 : ensure_future(vm, loop, awaitable.bits);
    if (task != 0 && done != NULL) {
        void *second;
        memcpy(&second, &done, sizeof second);
        Value callback = callback_new(vm, tell, user, second, NULL);
        if (callback != 0)
            ((Callback *)as_obj(callback))->of = task;
        if (callback == 0 || !on_done(vm, task, callback))
            set_owned(vm, &task, 0);
        decref(vm, callback);
    }
    return give(vm, task);
}

cove_value cove_await(cove_vm *host, cove_value awaitable) {
    ENTER(host);
    NEED(awaitable);
    Value loop = host_loop(vm), task = 0, result = 0;
    if (loop != 0 && check_idle(vm, loop))
        task = ensure_future(vm, loop, awaitable.bits);
    bool ok = task != 0;
    if (ok && !is_future(task))
        ok = raise_type(vm, "an asyncio future is required, not %T", task);
    while (ok && as_future(task)->state == FUTURE_PENDING)
        ok = check_idle(vm, loop) && turn(vm, loop, -1);
    if (ok)
        result = future_result(vm, task);
    decref(vm, task);
    return give(vm, result);
}
