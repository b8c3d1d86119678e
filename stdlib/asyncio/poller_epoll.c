/* The poller of Linux: epoll. */
#include "stdlib/asyncio/poller.h"

#ifdef __linux__

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_MAX 256

static int epoll_start(VM *vm, Poller *p) { return p->fd = epoll_create1(EPOLL_CLOEXEC); }

static void epoll_end(VM *vm, Poller *p) {
    if (p->fd >= 0)
        close(p->fd);
    p->fd = -1;
}

static int epoll_change(VM *vm, Poller *p, int fd, unsigned before, unsigned events) {
    struct epoll_event e = {.events = (events & POLL_IN ? EPOLLIN : 0u) | (events & POLL_OUT ? EPOLLOUT : 0u),
                            .data.fd = fd};
    if (events != 0)
        return epoll_ctl(p->fd, before ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &e);
    /* a descriptor that was closed before it was forgotten here is not in the set any more */
    return epoll_ctl(p->fd, EPOLL_CTL_DEL, fd, &e) < 0 && errno != EBADF && errno != ENOENT ? -1 : 0;
}

static int epoll_poll(Poller *p, int timeout_ms, PollEvent *events, int n) {
    struct epoll_event found[EVENTS_MAX];
    int count = epoll_wait(p->fd, found, n < EVENTS_MAX ? n : EVENTS_MAX, timeout_ms);
    for (int i = 0; i < count; i++) {
        events[i].fd = found[i].data.fd;
        events[i].events = (found[i].events & ~(uint32_t)EPOLLOUT ? POLL_IN : 0u) |
                           (found[i].events & ~(uint32_t)EPOLLIN ? POLL_OUT : 0u);
    }
    return count;
}

const PollerOps poller_default = {
    .open = epoll_start, .close = epoll_end, .change = epoll_change, .wait = epoll_poll};

#endif
