/* The poller of systems without epoll: poll() over an array that is searched by descriptor. */
#include "stdlib/asyncio/poller.h"

#ifndef __linux__

#include <errno.h>
#include <poll.h>

#include "mem/alloc.h"

typedef struct PollSet {
    struct pollfd *fds;
    size_t len, cap;
} PollSet;

static int set_open(VM *vm, Poller *p) {
    p->fd = -1;
    p->state = mem_zalloc(vm, sizeof(PollSet));
    if (p->state == NULL) {
        error_clear(vm);
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

static void set_close(VM *vm, Poller *p) {
    PollSet *s = p->state;
    if (s != NULL) {
        mem_free(vm, s->fds, s->cap * sizeof *s->fds);
        mem_free(vm, s, sizeof *s);
    }
    p->state = NULL;
}

static struct pollfd *set_add(VM *vm, PollSet *s) {
    if (s->len == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        struct pollfd *fds = mem_realloc(vm, s->fds, s->cap * sizeof *fds, cap * sizeof *fds);
        if (fds == NULL) {
            error_clear(vm);
            errno = ENOMEM;
            return NULL;
        }
        s->fds = fds;
        s->cap = cap;
    }
    return &s->fds[s->len++];
}

static int set_change(VM *vm, Poller *p, int fd, unsigned before, unsigned events) {
    PollSet *s = p->state;
    struct pollfd *at = NULL;
    for (size_t i = 0; before != 0 && i < s->len; i++)
        if (s->fds[i].fd == fd)
            at = &s->fds[i];
    if (events == 0) {
        if (at != NULL)
            *at = s->fds[--s->len];
        return 0;
    }
    if (at == NULL && (at = set_add(vm, s)) == NULL)
        return -1;
    at->fd = fd;
    at->events = (short)((events & POLL_IN ? POLLIN : 0) | (events & POLL_OUT ? POLLOUT : 0));
    return 0;
}

static int set_wait(Poller *p, int timeout_ms, PollEvent *events, int n) {
    PollSet *s = p->state;
    int found = poll(s->fds, (nfds_t)s->len, timeout_ms), count = 0;
    for (size_t i = 0; found > 0 && i < s->len && count < n; i++) {
        int got = s->fds[i].revents;
        if (got == 0)
            continue;
        events[count].fd = s->fds[i].fd;
        events[count++].events = (got & ~POLLOUT ? POLL_IN : 0u) | (got & ~POLLIN ? POLL_OUT : 0u);
    }
    return found < 0 ? -1 : count;
}

const PollerOps poller_default = {.open = set_open, .close = set_close, .change = set_change, .wait = set_wait};

#endif
