/* Readiness of descriptors behind one small interface: epoll where there is one, poll() elsewhere. The loop owns a
 * Poller and calls nothing but these functions; a host with an event system of its own supplies another PollerOps. */
#ifndef COVE_STDLIB_ASYNCIO_POLLER_H
#define COVE_STDLIB_ASYNCIO_POLLER_H

#include "runtime/vm.h"

enum { POLL_IN = 1, POLL_OUT = 2 };

typedef struct PollEvent {
    int fd;
    unsigned events; /* POLL_IN, POLL_OUT; errors and hang-ups count as both */
} PollEvent;

typedef struct PollerOps PollerOps;
typedef struct Poller {
    const PollerOps *ops; /* NULL: not open */
    void *state;
    int fd;
} Poller;

/* Functions that fail leave errno and return -1. `wait` is called without the VM's lock and so must not touch the VM;
 * the others may allocate through it. */
struct PollerOps {
    int (*open)(VM *vm, Poller *p);
    void (*close)(VM *vm, Poller *p);
    /* Watches fd for `events` where it was watched for `before`; 0 stands for not at all. */
    int (*change)(VM *vm, Poller *p, int fd, unsigned before, unsigned events);
    /* Waits at most timeout_ms (-1: for ever); returns how many of the n events it filled in. */
    int (*wait)(Poller *p, int timeout_ms, PollEvent *events, int n);
};

extern const PollerOps poller_default;

/* The head of what vm->host points to, if there is a host: what it has put in the place of the library's own. */
typedef struct HostHooks {
    const PollerOps *poller;    /* NULL: the default */
    int (*descriptor)(VM *vm);  /* that is readable when a host has sent something; -1: there is none */
    void (*deliver)(VM *vm);    /* takes in what was sent; it is not readable then */
    void (*after_fork)(VM *vm); /* in the child: what is sent is for the parent alone from now on */
} HostHooks;

#endif
