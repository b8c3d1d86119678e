/* Signals: the table that leads from a signal to its VM, the C handler, and the calls of scripts' handlers.
 *
 * The handler may run in any thread at any time, also while its VM is destroyed by another one: `running` counts the
 * handlers at work, and signals_finish waits until those that may still have seen the VM are done. */
#include "runtime/signals.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "interp/frame.h"
#include "runtime/lock.h"

static VM *routes[SIGNALS_MAX];
static int running;

static void set_interrupt(VM *vm) { lock_interrupt(vm, vm->main, INTERRUPT_SIGNAL); }

/* --- the C handler: nothing here may lock, allocate or touch a value ---------------------------------------------
 */

static void wake(SignalState *s, int number) {
    int fd = __atomic_load_n(&s->wakeup_fd, __ATOMIC_SEQ_CST);
    if (fd < 0)
        return;
    unsigned char byte = (unsigned char)number;
    ssize_t n;
    do
        n = write(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno != EAGAIN || __atomic_load_n(&s->warn_full, __ATOMIC_SEQ_CST)))
        __atomic_store_n(&s->wakeup_error, errno, __ATOMIC_SEQ_CST);
}

static void on_signal(int number) {
    int error = errno;
    __atomic_fetch_add(&running, 1, __ATOMIC_SEQ_CST);
    VM *vm = __atomic_load_n(&routes[number], __ATOMIC_SEQ_CST);
    if (vm) {
        SignalState *s = vm->signals;
        __atomic_fetch_or(&s->pending, (uint64_t)1 << (number - 1), __ATOMIC_SEQ_CST);
        set_interrupt(vm);
        wake(s, number);
    }
    __atomic_fetch_sub(&running, 1, __ATOMIC_SEQ_CST);
    errno = error;
}

static bool has_handler(const SignalState *s, int number) {
    return is_obj(s->handlers[number]) || s->handlers[number] == VALUE_ELLIPSIS;
}

void signals_simulate(VM *vm, int number) {
    SignalState *s = vm->signals;
    if (s == NULL || !has_handler(s, number))
        return;
    __atomic_fetch_or(&s->pending, (uint64_t)1 << (number - 1), __ATOMIC_SEQ_CST);
    set_interrupt(vm);
    wake(s, number);
}

/* --- who gets a signal ---------------------------------------------------------------------------------------------
 */

SignalState *signals_state(VM *vm) {
    if (!vm->signals) {
        SignalState *s = mem_zalloc(vm, sizeof *s);
        if (s)
            s->wakeup_fd = -1;
        vm->signals = s;
    }
    return vm->signals;
}

int signals_route(VM *vm, int number) {
    VM *before = __atomic_exchange_n(&routes[number], vm, __ATOMIC_SEQ_CST);
    struct sigaction action = {0};
    sigemptyset(&action.sa_mask);
    action.sa_flags = SA_ONSTACK; /* no SA_RESTART: what waits is interrupted, so that the handler can run */
    action.sa_handler = on_signal;
    if (sigaction(number, &action, NULL) == 0)
        return 0;
    __atomic_store_n(&routes[number], before, __ATOMIC_SEQ_CST);
    return -1;
}

int signals_unroute(int number, void (*action)(int)) {
    struct sigaction new_action = {0};
    sigemptyset(&new_action.sa_mask);
    new_action.sa_handler = action;
    if (sigaction(number, &new_action, NULL) < 0)
        return -1;
    __atomic_store_n(&routes[number], NULL, __ATOMIC_SEQ_CST);
    return 0;
}

bool signals_catch_interrupt(VM *vm) {
    SignalState *s = signals_state(vm);
    struct sigaction before;
    if (!s)
        return false;
    if (sigaction(SIGINT, NULL, &before) < 0 || before.sa_handler == SIG_IGN)
        return true;
    s->handlers[SIGINT] = VALUE_ELLIPSIS;
    signals_route(vm, SIGINT);
    return true;
}

void signals_forget_pending(VM *vm) {
    if (vm->signals)
        __atomic_store_n(&vm->signals->pending, 0, __ATOMIC_SEQ_CST);
}

void signals_finish(VM *vm) {
    SignalState *s = vm->signals;
    if (!s)
        return;
    for (int n = 1; n < SIGNALS_MAX; n++) {
        if (__atomic_load_n(&routes[n], __ATOMIC_SEQ_CST) == vm)
            signals_unroute(n, SIG_DFL);
    }
    while (__atomic_load_n(&running, __ATOMIC_SEQ_CST) != 0)
        ;
    __atomic_store_n(&s->pending, 0, __ATOMIC_SEQ_CST);
    for (int n = 1; n < SIGNALS_MAX; n++)
        set_owned(vm, &s->handlers[n], 0);
}

/* --- handlers of scripts -------------------------------------------------------------------------------------------
 */

static void report_wakeup(VM *vm, SignalState *s) {
    int error = __atomic_exchange_n(&s->wakeup_error, 0, __ATOMIC_SEQ_CST);
    if (!error)
        return;
    raise_os_error(vm, error, 0);
    error_unraisable(vm, "Exception ignored when trying to write to the signal wakeup fd", 0);
}

static bool run_handler(VM *vm, Value handler, int number) {
    if (!handler || is_small_int(handler) || is_none(handler)) /* it was changed since the signal came */
        return true;
    if (handler == VALUE_ELLIPSIS)
        return raise_object(vm, type_value(vm->exc.KeyboardInterrupt));
    Frame *running_frame = vm->thread->frame;
    Value frame = running_frame ? frame_object(vm, running_frame) : VALUE_NONE;
    incref(handler);
    Value r = frame ? call2(vm, handler, from_small_int(number), frame) : VALUE_ERROR;
    decref(vm, handler);
    decref(vm, frame);
    decref(vm, r);
    return r != 0;
}

bool signals_run(VM *vm) {
    SignalState *s = vm->signals;
    if (!s || vm->thread != vm->main)
        return true;
    report_wakeup(vm, s);
    uint64_t came = __atomic_exchange_n(&s->pending, 0, __ATOMIC_SEQ_CST);
    while (came) {
        int number = __builtin_ctzll(came) + 1;
        came &= came - 1;
        if (!run_handler(vm, s->handlers[number], number)) {
            __atomic_fetch_or(&s->pending, came, __ATOMIC_SEQ_CST);
            if (came)
                set_interrupt(vm);
            return false;
        }
    }
    return true;
}
