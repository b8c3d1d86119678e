/* The host's poller in the place of epoll: from the struct of cove.h to the interface that loops use. */
#include "api/poller.h"

#include <errno.h>
#include <stdlib.h>

#include "api/api.h"
#include "stdlib/asyncio/poller.h"

typedef struct HostPoller { /* Poller.state; from malloc, as a wait happens outside of the VM */
    const cove_poller *host;
    void *state;
} HostPoller;

static int poller_open(VM *vm, Poller *p) {
    HostPoller *h = malloc(sizeof *h);
    if (h == NULL) {
        errno = ENOMEM;
        return -1;
    }
    h->host = vm->host->config.poller;
    h->state = NULL;
    if (h->host->open(h->host->user, &h->state) < 0) {
        free(h);
        return -1;
    }
    p->state = h;
    p->fd = -1;
    return 0;
}

static void poller_close(VM *vm, Poller *p) {
    HostPoller *h = p->state;
    (void)vm;
    h->host->close(h->host->user, h->state);
    free(h);
    p->state = NULL;
}

static int poller_change(VM *vm, Poller *p, int fd, unsigned before, unsigned events) {
    const HostPoller *h = p->state;
    (void)vm, (void)before;
    return h->host->watch(h->host->user, h->state, fd, events);
}

static int poller_wait(Poller *p, int timeout_ms, PollEvent *events, int n) {
    enum { AT_ONCE = 64 };
    const HostPoller *h = p->state;
    cove_ready ready[AT_ONCE];
    int got = h->host->wait(h->host->user, h->state, timeout_ms, ready, n < AT_ONCE ? n : AT_ONCE);
    for (int i = 0; i < got; i++)
        events[i] = (PollEvent){ready[i].fd, ready[i].events};
    return got;
}

_Static_assert((int)POLL_IN == COVE_READABLE && (int)POLL_OUT == COVE_WRITABLE, "the events are those of the header");

static const PollerOps host_poller = {poller_open, poller_close, poller_change, poller_wait};

void host_poller_install(VM *vm) {
    if (vm->host->config.poller != NULL)
        vm->host->hooks.poller = &host_poller;
}
