/* Futures that the host resolves, from any thread.
 *
 * The host's handle is plain memory from malloc with an atomic count: the host has one reference, until it resolves
 * or drops the future, and the script's future has one, through the callback that notes its cancellation. Resolving
 * posts a letter to the VM, and the script's future is touched only when that is delivered, inside. */
#include <stdatomic.h>
#include <stdlib.h>

#include "api/async.h"
#include "api/mailbox.h"
#include "object/type.h"
#include "stdlib/asyncio/asyncio.h"

struct cove_future {
    VM *vm;
    Value future; /* owned until delivered */
    atomic_uint references;
    atomic_bool cancelled;
};

/* What a future is resolved with. */
typedef struct Resolution {
    cove_future *future;
    cove_result_fn make; /* NULL: the future is dropped */
    void *user;
    int64_t number;
    size_t size;
    char class_name[32];
    char data[]; /* text, ended by a NUL */
} Resolution;

static void unref(void *p) {
    cove_future *f = p;
    if (atomic_fetch_sub(&f->references, 1) == 1)
        free(f);
}

static bool note_end(VM *vm, void *user, void *second, Value future) {
    cove_future *f = user;
    (void)vm, (void)second;
    if (is_future(future) && as_future(future)->state == FUTURE_CANCELLED)
        atomic_store(&f->cancelled, true);
    return false;
}

cove_future *cove_future_new(cove_vm *host) {
    ENTER(host);
    Value loop = host_loop(vm), running = loop == 0 ? 0 : running_loop(vm);
    if (running != 0 && is_loop(running))
        loop = running;
    if (!given_ok(vm, loop != 0 && loop_watches_mailbox(vm, loop)))
        return NULL;
    cove_future *f = calloc(1, sizeof *f);
    if (f == NULL) {
        raise_memory(vm);
        api_fail(vm);
        return NULL;
    }
    atomic_init(&f->references, 2);
    f->vm = vm;
    f->future = future_new(vm, loop);
    Value callback = f->future == 0 ? 0 : callback_new(vm, note_end, f, NULL, unref);
    bool ok = callback != 0 && future_on_done(vm, f->future, callback);
    if (callback == 0)
        unref(f);
    decref(vm, callback);
    if (given_ok(vm, ok))
        return f;
    decref(vm, f->future);
    unref(f);
    return NULL;
}

cove_value cove_future_value(cove_future *future) {
    CHECK_POINTER(future);
    ENTER(host_vm(future->vm));
    return give_borrowed(vm, future->future);
}

bool cove_future_cancelled(const cove_future *future) { return atomic_load(&((cove_future *)future)->cancelled); }

/* --- resolving ---------------------------------------------------------------------------------------------------
 */

/* The outcome of make as the future's; false with an exception. */
static bool settle(VM *vm, Value future, const Resolution *r) {
    bool pending = as_future(future)->state == FUTURE_PENDING;
    if (r->make == NULL) {
        if (pending)
            future_cancel(vm, future, 0);
        return !error_pending(vm);
    }
    Callout callout = callout_begin(vm);
    Value v = callout_end(vm, callout, r->make(host_vm(vm), r->user), "result function"),
          exc = v == 0 ? error_take(vm) : 0;
    bool ok = true;
    if (as_future(future)->state == FUTURE_PENDING)
        ok = v != 0 ? future_set_result(vm, future, v) : future_set_exception(vm, future, exc);
    decref(vm, exc);
    decref(vm, v);
    return ok;
}

static void deliver(cove_vm *host, void *user) {
    VM *vm = vm_of(host);
    Resolution *r = user;
    Value future = r->future->future, loop = as_future(future)->loop;
    r->future->future = 0;
    if (!settle(vm, future, r))
        error_unraisable(vm, "Exception ignored on resolving a future", 0);
    /* a loop that another thread runs may be waiting */
    if (is_loop(loop) && as_loop(loop)->running && as_loop(loop)->thread_id != vm->thread->id)
        loop_wake(vm, as_loop(loop));
    decref(vm, future);
    unref(r->future);
    free(r);
}

static Resolution *resolution_new(cove_future *f, cove_result_fn make, size_t size) {
    CHECK_POINTER(f);
    Resolution *r = calloc(1, sizeof *r + size + 1);
    if (r != NULL) {
        r->future = f;
        r->make = make;
        r->user = r;
        r->size = size;
    }
    return r;
}

static bool post(Resolution *r) {
    if (r != NULL && mailbox_post(r->future->vm, deliver, r))
        return true;
    free(r);
    return false;
}

bool cove_future_resolve(cove_future *future, cove_result_fn make, void *user) {
    Resolution *r = resolution_new(future, make, 0);
    if (r != NULL)
        r->user = user;
    return post(r);
}

static cove_value make_none(cove_vm *vm, void *user) { return (void)user, cove_none(vm); }
static cove_value make_int(cove_vm *vm, void *user) { return cove_int(vm, ((Resolution *)user)->number); }
static cove_value make_text(cove_vm *vm, void *user) {
    const Resolution *r = user;
    return cove_str_n(vm, r->data, r->size);
}
static cove_value make_bytes(cove_vm *vm, void *user) {
    const Resolution *r = user;
    return cove_bytes(vm, r->data, r->size);
}
static cove_value make_failure(cove_vm *vm, void *user) {
    const Resolution *r = user;
    return cove_raise(vm, r->class_name, "%s", r->data);
}

bool cove_future_resolve_none(cove_future *future) { return post(resolution_new(future, make_none, 0)); }

bool cove_future_resolve_int(cove_future *future, int64_t result) {
    Resolution *r = resolution_new(future, make_int, 0);
    if (r != NULL)
        r->number = result;
    return post(r);
}

static bool resolve_data(cove_future *future, cove_result_fn make, const void *data, size_t size) {
    Resolution *r = resolution_new(future, make, size);
    if (r != NULL && size > 0)
        memcpy(r->data, data, size);
    return post(r);
}

bool cove_future_resolve_text(cove_future *future, const char *text, size_t size) {
    return resolve_data(future, make_text, text, size);
}

bool cove_future_resolve_bytes(cove_future *future, const void *data, size_t size) {
    return resolve_data(future, make_bytes, data, size);
}

bool cove_future_fail(cove_future *future, const char *class_name, const char *message) {
    CHECK_POINTER(class_name);
    CHECK_POINTER(message);
    Resolution *r = resolution_new(future, make_failure, strlen(message));
    if (r != NULL) {
        memcpy(r->data, message, strlen(message));
        size_t n = strlen(class_name);
        memcpy(r->class_name, class_name, n < sizeof r->class_name ? n : sizeof r->class_name - 1);
    }
    return post(r);
}

void cove_future_drop(cove_future *future) {
    if (future != NULL)
        post(resolution_new(future, NULL, 0));
}
