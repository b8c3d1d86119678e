/* Threads: the making and ending of thread states. A state belongs to one OS thread for its whole life; it is made by
 * the thread that starts it and freed by the OS thread itself, both under the VM's lock. */
#include "runtime/thread.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/config.h"
#include "interp/frame.h"
#include "runtime/park.h"
#include "runtime/signals.h"

#define ROOM_MOST ((size_t)256 * 1024 * 1024)

/* The room that the calling OS thread, of `t`, has below a frame of its own. */
static size_t room_below(const Thread *t, char *frame) {
    pthread_attr_t attributes;
    struct rlimit limit;
    void *lowest = NULL;
    size_t size = 0;
    /* asking the C library costs much for the first thread of the process, and little for others, which a host may
     * have given any stack and may make VMs in */
    if (getpid() != (pid_t)t->native_id && pthread_getattr_np(pthread_self(), &attributes) == 0) {
        if (pthread_attr_getstack(&attributes, &lowest, &size) != 0)
            size = 0;
        pthread_attr_destroy(&attributes);
        size_t room = (size_t)(frame - (char *)lowest);
        return room < size ? room : C_STACK_LEAST; /* that of a fiber, of which nobody has told */
    }
    if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
        return limit.rlim_cur;
    return 8 * 1024 * 1024;
}

static char *limit_for(char *frame, size_t room) {
    if (room > ROOM_MOST)
        room = ROOM_MOST;
    size_t reserve = C_STACK_MARGIN + room / 16;
    if (room <= 2 * reserve)
        reserve = room / 2 > C_STACK_RESERVE ? room / 2 : C_STACK_RESERVE;
    return frame - (room > reserve ? room - reserve : 0);
}

void thread_set_stack_limit(Thread *t) {
    char *frame = __builtin_frame_address(0);
    t->stack_limit = limit_for(frame, room_below(t, frame));
}

void thread_set_foreign_stack(Thread *t, char *lowest, size_t size) {
    t->stack_limit = limit_for(lowest + size, size);
}

void thread_link(VM *vm, Thread *t) {
    t->vm = vm;
    t->handled = &t->base_handled;
    t->id = ++vm->next_thread_id;
    t->next = vm->threads;
    vm->threads = t;
    vm->thread_count++;
}

static void thread_unlink(VM *vm, Thread *t) {
    Thread **link = &vm->threads;
    while (*link != t)
        link = &(*link)->next;
    *link = t->next;
    vm->thread_count--;
}

/* What the state refers to goes while the thread still can run finalizers; these may set some of it again. */
static void thread_clear(VM *vm, Thread *t) {
    Value *owned[] = {&t->locals,
                      &t->context,
                      &t->trace,
                      &t->profile,
                      &t->async_firstiter,
                      &t->async_finalizer,
                      &t->repr_active,
                      &t->asyncgen_finalizers,
                      &t->coroutine_origins,
                      &t->base_handled.exception};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++) {
        Value v = *owned[i];
        *owned[i] = 0;
        decref(vm, v);
    }
    while (t->handle_count > 0)
        decref(vm, t->handles[--t->handle_count]);
    mem_free(vm, t->handles, t->handle_room * sizeof(Value));
    t->handles = NULL;
    t->handle_room = 0;
    set_owned(vm, &t->failure, 0);
    error_clear(vm);
    frame_stack_free(vm, t);
}

/* The last act of a thread, with the lock; it returns without. */
static void thread_end(VM *vm, Thread *t) {
    thread_clear(vm, t);
    thread_unlink(vm, t);
    if (vm->thread_count != 0 && vm->thread_count == vm->stuck_count && vm->on_deadlock != NULL &&
        !vm->telling_deadlock) {
        vm->telling_deadlock = true;
        vm->on_deadlock(vm);
        vm->telling_deadlock = false;
        error_clear(vm);
        frame_stack_free(vm, t); /* of the report */
    }
    lock_thread_free(vm, t->sync);
    mem_free(vm, t, sizeof *t);
    lock_leave(vm);
}

/* --- threads of the host -----------------------------------------------------------------------------------------
 */

static void note_os_thread(Thread *t) {
    t->os_ident = (uint64_t)pthread_self();
    t->native_id = (uint64_t)syscall(SYS_gettid);
    thread_set_stack_limit(t);
}

Thread *thread_attach(VM *vm) {
    Thread *t = calloc(1, sizeof *t);
    struct ThreadSync *sync = t == NULL ? NULL : lock_sync_new();
    if (sync == NULL) {
        free(t);
        return NULL;
    }
    t->vm = vm;
    t->sync = sync;
    note_os_thread(t);
    lock_acquire_in_turn(vm, t);
    thread_link(vm, t);
    return t;
}

void thread_detach(VM *vm) {
    Thread *t = vm->thread;
    thread_clear(vm, t);
    thread_unlink(vm, t);
    lock_sync_forget(vm, t->sync);
    lock_leave(vm);
    lock_sync_free(t->sync);
    free(t);
}

void thread_adopt(VM *vm, Thread *t) {
    note_os_thread(t);
    lock_acquire_in_turn(vm, t);
}

/* --- threads of scripts ------------------------------------------------------------------------------------------
 */

typedef struct Start {
    Thread *thread;
    void (*body)(VM *vm, void *argument);
    void *argument;
} Start;

static void *run_thread(void *p) {
    Start start = *(Start *)p;
    Thread *t = start.thread;
    VM *vm = t->vm;
    t->os_ident = (uint64_t)pthread_self();
    t->native_id = (uint64_t)syscall(SYS_gettid);
    thread_set_stack_limit(t);
    lock_acquire_in_turn(vm, t);
    mem_free(vm, p, sizeof(Start));
    start.body(vm, start.argument);
    thread_end(vm, t);
    return NULL;
}

static bool os_thread_start(Start *start, size_t stack_size, uint64_t *ident) {
    pthread_attr_t attributes;
    pthread_t thread;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (stack_size == 0)
        pthread_attr_getstacksize(&attributes, &stack_size);
    if (stack_size < C_STACK_LEAST)
        stack_size = C_STACK_LEAST;
    bool ok = pthread_attr_setstacksize(&attributes, stack_size) == 0 &&
              pthread_create(&thread, &attributes, run_thread, start) == 0;
    if (ok)
        *ident = (uint64_t)thread;
    pthread_attr_destroy(&attributes);
    return ok;
}

bool thread_start(VM *vm, void (*body)(VM *vm, void *argument), void *argument, size_t stack_size, uint64_t *ident) {
    Start *start = mem_alloc(vm, sizeof *start);
    Thread *t = start == NULL ? NULL : mem_alloc(vm, sizeof *t);
    if (t != NULL) {
        memset(t, 0, sizeof *t);
        t->sync = lock_thread_new(vm);
    }
    if (t == NULL || t->sync == NULL) {
        mem_free(vm, t, sizeof *t);
        mem_free(vm, start, sizeof *start);
        return false;
    }
    *start = (Start){t, body, argument};
    thread_link(vm, t);
    if (os_thread_start(start, stack_size, ident))
        return true;
    thread_unlink(vm, t);
    lock_thread_free(vm, t->sync);
    mem_free(vm, t, sizeof *t);
    mem_free(vm, start, sizeof *start);
    return raise_runtime(vm, "can't start new thread");
}

void thread_after_fork(VM *vm) {
    Thread *t = vm->thread;
    vm->threads = vm->main = t;
    t->next = NULL;
    t->native_id = (uint64_t)syscall(SYS_gettid);
    set_owned(vm, &t->running_loop, 0); /* the child is not inside the loop of its parent */
    vm->thread_count = 1;
    vm->stuck_count = 0;
    signals_forget_pending(vm);
    lock_after_fork(vm);
}
