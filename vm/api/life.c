/* The life of a VM as a host sees it: config, creation, end, and the threads that come and go.
 *
 * Threads. A state of the VM (Thread) belongs to one OS thread while that is inside. Those that have left but will
 * come back to where they were are noted as guests, under a mutex of its own, as they ask before they have the VM's
 * lock. A thread that nobody knows takes over the main state if that is idle, so that a VM that wanders through a
 * pool of threads is always in its main thread; else it gets a state of its own, until it leaves. */
#include <pthread.h>
#include <stdlib.h>

#include "api/api.h"
#include "api/limits.h"
#include "api/mailbox.h"
#include "api/poller.h"
#include "api/resource.h"
#include "runtime/signals.h"
#include "runtime/thread.h"
#include "stdlib/grants.h"
#include "stdlib/init.h"
#include "stdlib/mod_sys.h"

_Static_assert((int)GRANT_FILES == COVE_GRANT_FILES && (int)GRANT_NETWORK == COVE_GRANT_NETWORK &&
                   (int)GRANT_PROCESSES == COVE_GRANT_PROCESSES && (int)GRANT_ENVIRONMENT == COVE_GRANT_ENVIRONMENT &&
                   (int)GRANT_CLOCK == COVE_GRANT_CLOCK && (int)GRANT_THREADS == COVE_GRANT_THREADS &&
                   (int)GRANT_INSPECTION == COVE_GRANT_INSPECTION,
               "the grants of the library are those of the header");

#define CONFIG_FIRST_SIZE (offsetof(cove_config, no_site) + sizeof(bool)) /* of version 0.1 */

typedef struct Guest {
    uint64_t ident;
    Thread *thread;
    struct Guest *next;
} Guest;

struct Guests {
    pthread_mutex_t mutex;
    Guest *first;
};

const char *cove_version(void) { return COVE_VERSION; }

/* --- creation and end --------------------------------------------------------------------------------------------
 */

/* The part of the host's config that it knows of; the rest is zero. Without a size it is one of version 0.1, which
 * all hosts know: that somebody has forgotten to set it must not lift the limits. */
static void config_copy(cove_config *to, const cove_config *from) {
    size_t size = from == NULL ? 0 : from->size != 0 ? from->size : CONFIG_FIRST_SIZE;
    memset(to, 0, sizeof *to);
    if (from != NULL)
        memcpy(to, from, size < sizeof *to ? size : sizeof *to);
}

static void prepare(VM *vm, const void *options) {
    const cove_config *c = options;
    vm->grants = c->grants;
    vm->host_streams = host_streams_of(vm, c);
    vm->flags.no_site = c->no_site;
    vm->flags.isolated = vm->flags.safe_path = true;
    if (c->recursion_limit != 0)
        vm->recursion_limit = vm->recursion_most = c->recursion_limit;
}

static bool set_path(VM *vm, const char *const *directories) {
    Value path = list_new(vm, 0);
    bool ok = path != 0;
    for (; ok && directories != NULL && *directories != NULL; directories++) {
        Value item = str_decode(vm, *directories, strlen(*directories), "utf-8", "surrogateescape");
        ok = item != 0 && list_append_steal(vm, path, item);
    }
    if (!ok) {
        decref(vm, path);
        return false;
    }
    Value argv = sys_set(vm, "path", path) ? list_new(vm, 0) : 0;
    return argv != 0 && list_append(vm, argv, vm->empty_str) ? sys_set(vm, "argv", argv) : (decref(vm, argv), false);
}

static void visit_host(VM *vm, VisitFn visit, void *arg) {
    const HostState *state = vm->host;
    visit_value(state->modules, visit, arg);
    visit_value(state->loop, visit, arg);
    visit_value(state->classes, visit, arg);
    runs_visit(vm, visit, arg);
}

static bool host_install(VM *vm, const cove_config *c) {
    HostState *state = mem_zalloc(vm, sizeof *state);
    if (state == NULL)
        return false;
    vm->host = state;
    vm->hosted = true;
    vm->visit_host = visit_host;
    state->config = *c;
    state->guests = mem_zalloc(vm, sizeof *state->guests);
    if (state->guests == NULL)
        return false;
    pthread_mutex_init(&state->guests->mutex, NULL);
    vm->main->entered = 1;
    host_poller_install(vm);
    if (!mailbox_open(vm) || !set_path(vm, c->path) || !host_importer_install(vm) || !host_streams_install(vm))
        return false;
    if (!host_limits_setup(vm))
        return false;
    return !c->catch_signals || signals_catch_interrupt(vm);
}

static void host_close(VM *vm) {
    if (vm->host == NULL)
        return;
    resource_end_all(vm);
    mailbox_close(vm);
#ifndef NDEBUG
    api_forget_kept(vm);
#endif
    struct Guests *guests = vm->host->guests;
    while (guests != NULL && guests->first != NULL) {
        Guest *guest = guests->first;
        guests->first = guest->next;
        free(guest);
    }
    if (guests != NULL)
        pthread_mutex_destroy(&guests->mutex);
}

cove_vm *cove_create(const cove_config *config) {
    cove_config c;
    config_copy(&c, config);
    VmSetup setup = {c.allocate, c.allocate_user, c.memory_limit, c.hash_seed};
    VM *vm = stdlib_vm_create(&setup, prepare, &c);
    if (vm == NULL)
        return NULL;
    if (host_install(vm, &c))
        return host_vm(vm);
    error_clear(vm);
    host_close(vm);
    vm_destroy(vm);
    return NULL;
}

void cove_destroy(cove_vm *host) {
    if (host == NULL)
        return;
    ENTER(host);
    CHECK_OUTSIDE(vm);
    host_limits_lift(vm);
    handles_drop(vm, 0);
    set_owned(vm, &vm->thread->failure, 0);
    mailbox_deliver(vm);
    if (!stdlib_finish(vm))
        error_clear(vm);
    vm->host->closing = true;
    set_owned(vm, &vm->host->loop, 0);
    host_close(vm);
    if (vm->thread_count == 1) /* a daemon may be in a system call that uses its memory */
        vm_destroy(vm);
}

void *cove_user(cove_vm *vm) { return vm_of(vm)->host->config.user; }
void cove_set_user(cove_vm *vm, void *user) { vm_of(vm)->host->config.user = user; }

/* --- threads that come and go ------------------------------------------------------------------------------------
 */

static bool is_idle(const Thread *t) { return t->frame == NULL && t->native_depth == 0; }

/* The state with which the calling thread left, else the main one if that is idle (then it is the caller's now). */
static Guest *guest_take(VM *vm, uint64_t self) {
    struct Guests *guests = vm->host->guests;
    Guest **found = NULL;
    pthread_mutex_lock(&guests->mutex);
    for (Guest **g = &guests->first; *g != NULL; g = &(*g)->next) {
        if ((*g)->ident == self) {
            found = g;
            break;
        }
        if ((*g)->thread == vm->main && is_idle(vm->main))
            found = g;
    }
    Guest *guest = found == NULL ? NULL : *found;
    if (guest != NULL)
        *found = guest->next;
    pthread_mutex_unlock(&guests->mutex);
    return guest;
}

void cove_set_stack(cove_vm *host, void *lowest, size_t size) {
    ENTER(host);
    if (lowest == NULL)
        thread_set_stack_limit(vm->thread);
    else
        thread_set_foreign_stack(vm->thread, lowest, size);
}

bool cove_enter(cove_vm *host) {
    VM *vm = vm_of(host);
    uint64_t self = (uint64_t)pthread_self();
    if (__atomic_load_n(&vm->owner_ident, __ATOMIC_RELAXED) == self) {
        vm->thread->entered++;
        return true;
    }
    if (vm->host->closing)
        return false;
    Guest *guest = guest_take(vm, self);
    if (guest == NULL) {
        Thread *t = thread_attach(vm);
        if (t == NULL)
            return false;
        t->entered = 1;
        return true;
    }
    Thread *t = guest->thread;
    if (guest->ident == self)
        lock_acquire(vm, t);
    else
        thread_adopt(vm, t);
    if (t->entered == 0)
        t->entered = 1;
    free(guest);
    return true;
}

void cove_leave(cove_vm *host) {
    ENTER(host);
    Thread *t = vm->thread;
    if (t->entered > 1) {
        t->entered--;
        return;
    }
    bool idle = is_idle(t);
    if (idle)
        t->entered = 0;
    if (idle && t != vm->main) {
        thread_detach(vm);
        return;
    }
    Guest *guest = malloc(sizeof *guest);
    if (guest == NULL) /* then it stays inside: late, but not wrong */
        return;
    struct Guests *guests = vm->host->guests;
    *guest = (Guest){t->os_ident, t, NULL};
    pthread_mutex_lock(&guests->mutex);
    guest->next = guests->first;
    guests->first = guest;
    lock_release(vm);
    pthread_mutex_unlock(&guests->mutex);
}
