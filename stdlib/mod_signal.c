/* _signal: what scripts do with signals. How a signal gets from the system to a script's handler is in
 * runtime/signals.c; the module signal, in the language, gives the numbers names. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <fcntl.h>
#include <math.h>
#include <time.h>
#include <unistd.h>

#include "object/set.h"
#include "runtime/limits.h"
#include "runtime/lock.h"
#include "runtime/signals.h"
#include "stdlib/guard.h"
#include "stdlib/module_tools.h"
#include "stdlib/wait.h"

static Type *itimer_error(VM *vm) { return vm->module_state[MODULE_SLOT_mod_signal_init]; }

static Value fail(VM *vm) { return raise_os_error(vm, errno, 0); }

/* Handlers of signals that came meanwhile run before a function returns. */
static Value after_signals(VM *vm) { return !vm_interrupted(vm) || vm_safepoint(vm) ? VALUE_NONE : VALUE_ERROR; }

static bool signal_number(VM *vm, Value v, int *out) {
    if (!to_c_int(vm, v, out))
        return false;
    return (*out >= 1 && *out < SIGNALS_MAX) || raise_value(vm, "signal number out of range");
}

/* --- handlers ------------------------------------------------------------------------------------------------------
 */

/* Reads the system's disposition of every signal that this VM has not seen yet. */
static bool read_dispositions(VM *vm, Value module) {
    SignalState *s = signals_state(vm);
    Value interrupt = dict_get_c(vm, module_dict(module), "default_int_handler");
    if (!s || !interrupt)
        return false;
    for (int n = 1; n < SIGNALS_MAX; n++) {
        struct sigaction action;
        if (s->handlers[n] == VALUE_ELLIPSIS)
            set_owned(vm, &s->handlers[n], incref(interrupt));
        if (s->handlers[n])
            continue;
        bool known = sigaction(n, NULL, &action) == 0 && !(action.sa_flags & SA_SIGINFO);
        s->handlers[n] = known && action.sa_handler == SIG_DFL   ? from_small_int(0)
                         : known && action.sa_handler == SIG_IGN ? from_small_int(1)
                                                                 : VALUE_NONE;
    }
    return true;
}

static Value signal_default_int_handler(NATIVE_ARGS) {
    return raise_object(vm, type_value(vm->exc.KeyboardInterrupt));
}

static bool main_thread_only(VM *vm, const char *what) {
    return vm->thread == vm->main || raise_value(vm, "%s only works in main thread of the main interpreter", what);
}

/* 0 or 1 if v equals SIG_DFL or SIG_IGN, 2 if it is a callable, -1 with an exception. */
static int handler_kind(VM *vm, Value v) {
    for (int kind = 0; kind < 2; kind++) {
        int same = compare_bool(vm, v, from_small_int(kind), CMP_EQ);
        if (same != 0)
            return same < 0 ? -1 : kind;
    }
    if (is_callable(v))
        return 2;
    raise_type(vm, "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object");
    return -1;
}

static Value signal_signal(NATIVE_ARGS) {
    int number;
    if (!to_c_int(vm, args[0], &number))
        return VALUE_ERROR;
    if (!main_thread_only(vm, "signal"))
        return VALUE_ERROR;
    if (number < 1 || number >= SIGNALS_MAX)
        return raise_value(vm, "signal number out of range");
    int kind = handler_kind(vm, args[1]);
    if (kind < 0 || !after_signals(vm))
        return VALUE_ERROR;
    if ((kind == 2 ? signals_route(vm, number) : signals_unroute(number, kind ? SIG_IGN : SIG_DFL)) < 0)
        return fail(vm);
    Value *place = &vm->signals->handlers[number], before = *place;
    *place = kind == 2 ? incref(args[1]) : from_small_int(kind);
    return before ? before : VALUE_NONE;
}

static Value signal_getsignal(NATIVE_ARGS) {
    int number;
    return signal_number(vm, args[0], &number) ? incref(vm->signals->handlers[number]) : VALUE_ERROR;
}

static Value signal_siginterrupt(NATIVE_ARGS) {
    int number, flag;
    struct sigaction action;
    if (!signal_number(vm, args[0], &number) || !to_c_int(vm, args[1], &flag))
        return VALUE_ERROR;
    if (sigaction(number, NULL, &action) < 0)
        return fail(vm);
    action.sa_flags = flag ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
    return sigaction(number, &action, NULL) < 0 ? fail(vm) : VALUE_NONE;
}

static Value signal_set_wakeup_fd(NATIVE_ARGS) {
    int fd, warn_full = args[1] ? truth(vm, args[1]) : 1, flags;
    struct stat info;
    if (!to_c_int(vm, args[0], &fd) || warn_full < 0 || !main_thread_only(vm, "set_wakeup_fd"))
        return VALUE_ERROR;
    if (fd != -1) {
        if (fstat(fd, &info) < 0 || (flags = fcntl(fd, F_GETFL)) < 0)
            return fail(vm);
        if (!(flags & O_NONBLOCK))
            return raise_value(vm, "the fd %d must be in non-blocking mode", fd);
    }
    SignalState *s = vm->signals;
    __atomic_store_n(&s->warn_full, warn_full > 0, __ATOMIC_SEQ_CST);
    return from_small_int(__atomic_exchange_n(&s->wakeup_fd, fd, __ATOMIC_SEQ_CST));
}

/* --- sending -------------------------------------------------------------------------------------------------------
 */

static Value signal_raise_signal(NATIVE_ARGS) {
    int number;
    if (!to_c_int(vm, args[0], &number))
        return VALUE_ERROR;
    return raise(number) != 0 ? fail(vm) : after_signals(vm);
}

/* The running thread of this VM with that number; NULL if there is none. */
static Thread *find_thread(VM *vm, uint64_t id) {
    Thread *t = vm->threads;
    while (t && t->id != id && t->os_ident != id)
        t = t->next;
    return t;
}

static Value signal_pthread_kill(NATIVE_ARGS) {
    int64_t id;
    int number;
    if (!to_int64(vm, args[0], &id) || !to_c_int(vm, args[1], &number))
        return VALUE_ERROR;
    Thread *thread = find_thread(vm, (uint64_t)id);
    int error = thread ? pthread_kill((pthread_t)thread->os_ident, number) : ESRCH;
    return error ? raise_os_error(vm, error, 0) : after_signals(vm);
}

static Value signal_pidfd_send_signal(NATIVE_ARGS) {
    int fd, number, flags = 0;
    if (!to_c_int(vm, args[0], &fd) || !to_c_int(vm, args[1], &number) || (args[3] && !to_c_int(vm, args[3], &flags)))
        return VALUE_ERROR;
    if (args[2] && !is_none(args[2]))
        return raise_type(vm, "siginfo must be None");
    return syscall(SYS_pidfd_send_signal, fd, number, NULL, flags) < 0 ? fail(vm) : VALUE_NONE;
}

/* --- timers --------------------------------------------------------------------------------------------------------
 */

static Value signal_alarm(NATIVE_ARGS) {
    int seconds;
    return to_c_int(vm, args[0], &seconds) ? from_small_int(alarm((unsigned)seconds)) : VALUE_ERROR;
}

static Value itimer_fail(VM *vm) {
    Value text = str_from_c(vm, strerror(errno));
    Value values[2] = {from_small_int(errno), text};
    Value exc = text ? exception_new(vm, itimer_error(vm), values, 2) : VALUE_ERROR;
    decref(vm, text);
    return raise_new(vm, exc);
}

static bool to_timeval(VM *vm, Value seconds, struct timeval *out) {
    int64_t ns;
    if (!wait_duration(vm, seconds, &ns))
        return false;
    int64_t us = ns > 0 ? (ns - 1) / 1000 + 1 : ns / 1000; /* a short time must not become none */
    out->tv_sec = us / 1000000;
    out->tv_usec = us % 1000000;
    return true;
}

static double from_timeval(const struct timeval *t) { return (double)t->tv_sec + (double)t->tv_usec / 1e6; }

static Value itimer_result(VM *vm, const struct itimerval *t) {
    return tuple_pack(vm, 2, from_double(from_timeval(&t->it_value)), from_double(from_timeval(&t->it_interval)));
}

static Value signal_setitimer(NATIVE_ARGS) {
    int which;
    struct itimerval wanted = {0}, before;
    if (!to_c_int(vm, args[0], &which) || !to_timeval(vm, args[1], &wanted.it_value) ||
        (args[2] && !to_timeval(vm, args[2], &wanted.it_interval)))
        return VALUE_ERROR;
    return setitimer((__itimer_which_t)which, &wanted, &before) < 0 ? itimer_fail(vm) : itimer_result(vm, &before);
}

static Value signal_getitimer(NATIVE_ARGS) {
    int which;
    struct itimerval now;
    if (!to_c_int(vm, args[0], &which))
        return VALUE_ERROR;
    return getitimer((__itimer_which_t)which, &now) < 0 ? itimer_fail(vm) : itimer_result(vm, &now);
}

/* --- masks and waiting ---------------------------------------------------------------------------------------------
 */

static bool to_mask(VM *vm, Value iterable, sigset_t *out) {
    sigemptyset(out);
    Value it = iter_get(vm, iterable), item;
    if (!it)
        return false;
    bool ok = true;
    while (ok && (item = iter_next(vm, it))) {
        int64_t number = 0;
        ok = to_int64(vm, item, &number);
        if (!ok && error_matches(vm, vm->exc.OverflowError)) {
            error_clear(vm);
            ok = true;
            number = -1;
        }
        if (ok && (number < 1 || number >= SIGNALS_MAX))
            ok = raise_value(vm, "signal number %i out of range [1; %d]", number, SIGNALS_MAX - 1);
        if (ok && sigaddset(out, (int)number) < 0 && errno != EINVAL) /* the C library keeps some for itself */
            ok = fail(vm);
        decref(vm, item);
    }
    decref(vm, it);
    return ok && !error_pending(vm);
}

static Value from_mask(VM *vm, const sigset_t *mask) {
    Value set = set_new(vm, 0);
    for (int n = 1; set && n < SIGNALS_MAX; n++) {
        if (sigismember(mask, n) == 1 && !set_add(vm, set, from_small_int(n)))
            set_owned(vm, &set, 0);
    }
    return set;
}

static Value signal_pthread_sigmask(NATIVE_ARGS) {
    int how;
    sigset_t mask, before;
    if (!to_c_int(vm, args[0], &how) || !to_mask(vm, args[1], &mask))
        return VALUE_ERROR;
    int error = pthread_sigmask(how, &mask, &before);
    if (error)
        return raise_os_error(vm, error, 0);
    return after_signals(vm) ? from_mask(vm, &before) : VALUE_ERROR; /* what was unblocked may have come */
}

static Value signal_sigpending(NATIVE_ARGS) {
    sigset_t mask;
    return sigpending(&mask) < 0 ? fail(vm) : from_mask(vm, &mask);
}

static Value signal_valid_signals(NATIVE_ARGS) {
    sigset_t mask;
    sigfillset(&mask);
    return from_mask(vm, &mask);
}

/* Any signal ends the wait, and so do the host and its limits. */
static Value pause_guarded(VM *vm) {
    struct pollfd host = {.fd = wait_host(vm), .events = POLLIN};
    for (;;) {
        int ready, left = wait_milliseconds(limits_deadline(vm));
        WITHOUT_LOCK(vm, ready = poll(&host, 1, left));
        if (ready < 0)
            return after_signals(vm);
        if (ready > 0 ? !wait_heard(vm) : !after_signals(vm))
            return VALUE_ERROR;
    }
}

static Value signal_pause(NATIVE_ARGS) {
    if (guard_needed(vm))
        return pause_guarded(vm);
    WITHOUT_LOCK(vm, pause());
    return after_signals(vm);
}

/* One of the signals; negative with an exception, or with errno: EAGAIN when the time is over. */
static int next_signal(VM *vm, const sigset_t *mask, siginfo_t *info, int64_t deadline) {
    for (;;) {
        struct timespec left;
        int64_t until = guard_slice(vm, deadline);
        int number;
        bool limited = wait_timespec(until, &left);
        WITHOUT_LOCK(vm, number = limited ? sigtimedwait(mask, info, &left) : sigwaitinfo(mask, info));
        if (number >= 0 || (errno != EINTR && errno != EAGAIN))
            return number;
        if ((errno == EAGAIN && until == deadline) || !after_signals(vm))
            return -1;
    }
}

static Value signal_sigwait(NATIVE_ARGS) {
    sigset_t mask;
    siginfo_t info;
    int error, number = 0;
    if (!to_mask(vm, args[0], &mask))
        return VALUE_ERROR;
    if (guard_needed(vm)) {
        number = next_signal(vm, &mask, &info, WAIT_FOREVER);
        return number >= 0 ? from_small_int(number) : error_pending(vm) ? VALUE_ERROR : fail(vm);
    }
    do {
        WITHOUT_LOCK(vm, error = sigwait(&mask, &number));
    } while (error == EINTR && after_signals(vm));
    if (error_pending(vm))
        return VALUE_ERROR;
    return error ? raise_os_error(vm, error, 0) : from_small_int(number);
}

static const char *const siginfo_fields[] = {"si_signo", "si_code",   "si_errno", "si_pid",
                                             "si_uid",   "si_status", "si_band"};
static Type *siginfo_type(VM *vm) {
    return structseq_type(vm, "signal.struct_siginfo", "What the system says of a signal that was waited for.",
                          siginfo_fields, ARRAY_LEN(siginfo_fields), ARRAY_LEN(siginfo_fields));
}

/* Waits for one of the signals; None when the time is over. */
static Value wait_info(VM *vm, const sigset_t *mask, int64_t deadline) {
    siginfo_t info;
    int number = next_signal(vm, mask, &info, deadline);
    if (error_pending(vm))
        return VALUE_ERROR;
    if (number < 0)
        return errno == EAGAIN ? VALUE_NONE : fail(vm);
    Value items[] = {from_small_int(info.si_signo),   from_small_int(info.si_code), from_small_int(info.si_errno),
                     from_small_int(info.si_pid),     from_small_int(info.si_uid),  from_small_int(info.si_status),
                     int_from_int64(vm, info.si_band)};
    Type *type = siginfo_type(vm);
    return type ? structseq_new(vm, type, items) : VALUE_ERROR;
}

static Value signal_sigwaitinfo(NATIVE_ARGS) {
    sigset_t mask;
    return to_mask(vm, args[0], &mask) ? wait_info(vm, &mask, WAIT_FOREVER) : VALUE_ERROR;
}

static Value signal_sigtimedwait(NATIVE_ARGS) {
    sigset_t mask;
    int64_t timeout;
    if (!wait_duration(vm, args[1], &timeout))
        return VALUE_ERROR;
    if (timeout < 0)
        return raise_value(vm, "timeout must be non-negative");
    return to_mask(vm, args[0], &mask) ? wait_info(vm, &mask, wait_deadline(timeout)) : VALUE_ERROR;
}

static Value signal_strsignal(NATIVE_ARGS) {
    int number;
    if (!signal_number(vm, args[0], &number))
        return VALUE_ERROR;
    const char *text = strsignal(number);
    if (!text || strncmp(text, "Unknown signal", 14) == 0)
        return VALUE_NONE;
    return str_decode(vm, text, strlen(text), "utf-8", "surrogateescape");
}

static const MethodSpec functions[] = {
    {"default_int_handler", signal_default_int_handler, "signalnum, frame, /", "Raises KeyboardInterrupt.", 0},
    {"signal", signal_signal, "signalnum, handler, /", "Sets what a signal does; returns what it did before.", 0},
    {"getsignal", signal_getsignal, "signalnum, /", "What a signal does: SIG_DFL, SIG_IGN, a callable, or None.", 0},
    {"siginterrupt", signal_siginterrupt, "signalnum, flag, /", "Says whether a signal interrupts system calls.", 0},
    {"set_wakeup_fd", signal_set_wakeup_fd, "fd, /, *, warn_on_full_buffer=True",
     "Has the number of every signal written to a descriptor; returns the former one.", 0},
    {"raise_signal", signal_raise_signal, "signalnum, /", "Sends a signal to this process.", 0},
    {"pthread_kill", signal_pthread_kill, "thread_id, signalnum, /", "Sends a signal to a thread.", 0},
    {"pidfd_send_signal", signal_pidfd_send_signal, "pidfd, signalnum, siginfo=None, flags=0, /",
     "Sends a signal to the process of a descriptor.", 0},
    {"alarm", signal_alarm, "seconds, /", "Has SIGALRM come after so many seconds; what was left of the last one.",
     0},
    {"setitimer", signal_setitimer, "which, seconds, interval=0.0, /", "Sets a timer; its former values.", 0},
    {"getitimer", signal_getitimer, "which, /", "The values of a timer.", 0},
    {"pthread_sigmask", signal_pthread_sigmask, "how, mask, /", "Changes the blocked signals; the former ones.", 0},
    {"sigpending", signal_sigpending, "", "The blocked signals that came.", 0},
    {"valid_signals", signal_valid_signals, "", "All signals of the system.", 0},
    {"pause", signal_pause, "", "Waits for a signal.", 0},
    {"sigwait", signal_sigwait, "sigset, /", "Waits for one of the blocked signals; its number.", 0},
    {"sigwaitinfo", signal_sigwaitinfo, "sigset, /", "Waits for one of the blocked signals; what is known of it.", 0},
    {"sigtimedwait", signal_sigtimedwait, "sigset, timeout, /", "As sigwaitinfo, but None after the timeout.", 0},
    {"strsignal", signal_strsignal, "signalnum, /", "The system's words for a signal.", 0},
    {0},
};

/* clang-format off */
static const ModuleConstant constants[] = {
    CONSTANT(SIGHUP), CONSTANT(SIGINT), CONSTANT(SIGQUIT), CONSTANT(SIGILL), CONSTANT(SIGTRAP), CONSTANT(SIGIOT),
    CONSTANT(SIGABRT), CONSTANT(SIGFPE), CONSTANT(SIGKILL), CONSTANT(SIGBUS), CONSTANT(SIGSEGV), CONSTANT(SIGSYS),
    CONSTANT(SIGPIPE), CONSTANT(SIGALRM), CONSTANT(SIGTERM), CONSTANT(SIGUSR1), CONSTANT(SIGUSR2), CONSTANT(SIGCHLD),
    CONSTANT(SIGIO), CONSTANT(SIGURG), CONSTANT(SIGWINCH), CONSTANT(SIGSTOP), CONSTANT(SIGTSTP), CONSTANT(SIGCONT),
    CONSTANT(SIGTTIN), CONSTANT(SIGTTOU), CONSTANT(SIGVTALRM), CONSTANT(SIGPROF), CONSTANT(SIGXCPU), CONSTANT(SIGXFSZ),
#if defined(__linux__)
    CONSTANT(SIGCLD), CONSTANT(SIGPWR), CONSTANT(SIGPOLL), CONSTANT(SIGSTKFLT),
#endif
    CONSTANT(SIG_BLOCK), CONSTANT(SIG_UNBLOCK), CONSTANT(SIG_SETMASK),
    CONSTANT(ITIMER_REAL), CONSTANT(ITIMER_VIRTUAL), CONSTANT(ITIMER_PROF),
    {"SIG_DFL", 0}, {"SIG_IGN", 1}, {"NSIG", SIGNALS_MAX},
};
/* clang-format on */

bool mod_signal_init(VM *vm, Value module) {
    Type *error = module_exception(vm, "signal", "itimer_error", vm->exc.OSError,
                                   "An interval timer could not be set or read.");
    Type *siginfo = error ? siginfo_type(vm) : NULL;
    if (!siginfo)
        return false;
    vm->module_state[MODULE_SLOT_mod_signal_init] = error;
    return module_add_functions(vm, module, functions) &&
           module_add_constants(vm, module, constants, ARRAY_LEN(constants)) &&
           module_add(vm, module, "SIGRTMIN", from_small_int(SIGRTMIN)) &&
           module_add(vm, module, "SIGRTMAX", from_small_int(SIGRTMAX)) &&
           module_add(vm, module, "ItimerError", incref(type_value(error))) &&
           module_add(vm, module, "struct_siginfo", incref(type_value(siginfo))) && read_dispositions(vm, module);
}
