/* The mailbox: how other threads get something done inside a VM without entering it.
 *
 * A posted call is put into a list under a mutex of its own, and the VM is told in three ways: by INTERRUPT_PENDING,
 * which the interpreter sees at its next step; by a descriptor, which event loops watch while they wait; and by the
 * next cove_poll() or cove_enter(). Whoever comes first empties the list. The nodes come from malloc, as the VM's
 * allocator may only be called inside. */
#include "api/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "runtime/limits.h"

typedef struct Letter {
    PostedFn fn;
    void *user;
    struct Letter *next;
} Letter;

struct Mailbox {
    pthread_mutex_t mutex;
    Letter *first, **last;
    int fd;
};

static void forget_letters(struct Mailbox *box) {
    while (box->first != NULL) {
        Letter *letter = box->first;
        box->first = letter->next;
        free(letter);
    }
    box->last = &box->first;
}

/* The descriptor is one object with the parent's: the child, too, would be told of what is sent to that, and read it
 * away from it. So another one takes its number. */
static void after_fork(VM *vm) {
    struct Mailbox *box = vm->host->mailbox;
    if (box == NULL)
        return;
    pthread_mutex_init(&box->mutex, NULL); /* a thread that is not here may have held it */
    forget_letters(box);
    int fd = box->fd < 0 ? -1 : eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd >= 0) {
        dup3(fd, box->fd, O_CLOEXEC);
        close(fd);
    }
}

bool mailbox_open(VM *vm) {
    struct Mailbox *box = mem_zalloc(vm, sizeof *box);
    if (box == NULL)
        return false;
    pthread_mutex_init(&box->mutex, NULL);
    box->last = &box->first;
    box->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    vm->host->mailbox = box;
    vm->host->hooks.descriptor = mailbox_descriptor;
    vm->host->hooks.deliver = mailbox_deliver;
    vm->host->hooks.after_fork = after_fork;
    vm->on_pending = mailbox_deliver;
    return true;
}

void mailbox_close(VM *vm) {
    struct Mailbox *box = vm->host->mailbox;
    if (box == NULL)
        return;
    vm->on_pending = NULL;
    vm->host->mailbox = NULL;
    forget_letters(box);
    if (box->fd >= 0)
        close(box->fd);
    pthread_mutex_destroy(&box->mutex);
    mem_free(vm, box, sizeof *box);
}

int mailbox_descriptor(VM *vm) {
    struct Mailbox *box = vm->host == NULL ? NULL : vm->host->mailbox;
    if (box == NULL)
        return -1;
    if (unlikely(box->fd < 0)) { /* there were too many files when the VM was made */
        pthread_mutex_lock(&box->mutex);
        __atomic_store_n(&box->fd, eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC), __ATOMIC_SEQ_CST); /* 1: look into it */
        pthread_mutex_unlock(&box->mutex);
    }
    return box->fd;
}

bool mailbox_post(VM *vm, PostedFn fn, void *user) {
    struct Mailbox *box = vm->host->mailbox;
    Letter *letter = malloc(sizeof *letter);
    if (letter == NULL)
        return false;
    *letter = (Letter){fn, user, NULL};
    uint64_t one = 1;
    pthread_mutex_lock(&box->mutex);
    *box->last = letter;
    box->last = &letter->next;
    while (box->fd >= 0 && write(box->fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
    __atomic_fetch_or(&vm->interrupts, (uint32_t)INTERRUPT_PENDING, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(&box->mutex); /* from here on the VM may end */
    return true;
}

void mailbox_deliver(VM *vm) {
    struct Mailbox *box = vm->host->mailbox;
    uint64_t count;
    pthread_mutex_lock(&box->mutex);
    Letter *letters = box->first;
    box->first = NULL;
    box->last = &box->first;
    while (box->fd >= 0 && read(box->fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
    pthread_mutex_unlock(&box->mutex);
    if (limits_asked(vm)) /* the main thread may be about to wait without having heard of it */
        mailbox_wake(vm);
    Value pending = letters == NULL ? 0 : error_take(vm);
    while (letters != NULL) {
        Letter *letter = letters;
        letters = letter->next;
        Callout callout = callout_begin(vm);
        vm->thread->native_depth++; /* its thread's state is not idle, should it leave the VM */
        letter->fn(host_vm(vm), letter->user);
        vm->thread->native_depth--;
        decref(vm, callout_end(vm, callout, handle(VALUE_NONE), "posted call"));
        free(letter);
    }
    if (pending != 0)
        raise_steal(vm, pending);
}

void mailbox_wake(VM *vm) {
    int fd = __atomic_load_n(&vm->host->mailbox->fd, __ATOMIC_SEQ_CST);
    uint64_t one = 1;
    while (fd >= 0 && write(fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

bool cove_post(cove_vm *host, void (*fn)(cove_vm *vm, void *user), void *user) {
    CHECK_POINTER(host);
    CHECK_POINTER(fn);
    return mailbox_post(vm_of(host), fn, user);
}
