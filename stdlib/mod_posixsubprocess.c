/* _posixsubprocess: starts a program in a child process, for the module subprocess.
 *
 * Between fork and exec only functions may be called that are safe in the handler of a signal: other threads may have
 * held any lock at that moment. All that the child needs is therefore put together before. Where nothing of a
 * script's runs in the child, it is made with vfork, which copies no page tables: the time does not depend on the
 * size of the program. The child then runs in this process' memory until it execs, with all signals blocked, and
 * changes none of it but its own stack.
 *
 * A failure in the child is written to a pipe: one letter for what failed (see Stage) and the number of the error. */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/thread.h"
#include "stdlib/mod_posix.h"
#include "stdlib/module_tools.h"

typedef enum Stage { STAGE_EXEC = 'x', STAGE_CWD = 'c', STAGE_OTHER = 'o', STAGE_PREEXEC = 'p' } Stage;

/* The ends of the three pipes and of the pipe for errors; -1: none. */
enum { P2C_READ, P2C_WRITE, C2P_READ, C2P_WRITE, ERR_READ, ERR_WRITE, REPORT_READ, REPORT_WRITE, ENDS };

typedef struct Child {
    char **argv, **envp; /* envp NULL: the parent's */
    char **programs;     /* tried in turn */
    const char *cwd;     /* NULL: as it is */
    int *keep;           /* descriptors that stay open, ascending */
    size_t nkeep;
    int ends[ENDS];
    int umask, group; /* -1: as they are; group: process group */
    bool close_fds, restore_signals, new_session;
    bool set_gid, set_uid, set_groups;
    gid_t gid, *groups;
    uid_t uid;
    size_t ngroups;
    VM *vm;
    Value preexec; /* 0: none */
    sigset_t mask; /* of the parent, before vfork blocked everything */
    bool shares_memory;
} Child;

/* --- in the child --------------------------------------------------------------------------------------------------
 */

static _Noreturn void child_failed(const Child *c, Stage stage, int error) {
    char text[16], *p = text + sizeof text;
    unsigned n = (unsigned)error;
    do
        *--p = (char)('0' + n % 10);
    while ((n /= 10) != 0);
    *--p = (char)stage;
    ssize_t ignored = write(c->ends[REPORT_WRITE], p, (size_t)(text + sizeof text - p));
    _exit(ignored < 0 ? 254 : 255);
}

static void close_range_of(unsigned first, unsigned last) {
    if (first > last)
        return;
#if defined(SYS_close_range)
    if (syscall(SYS_close_range, first, last, 0) == 0)
        return;
#endif
    long open_max = sysconf(_SC_OPEN_MAX);
    if (open_max > 0 && last >= (unsigned long)open_max)
        last = (unsigned)open_max - 1;
    for (unsigned fd = first; fd <= last; fd++)
        close((int)fd);
}

/* Everything from 3 on but what is kept. */
static void close_others(const Child *c) {
    int next = 3;
    for (;;) {
        int stop = -1; /* the smallest kept descriptor from `next` on */
        for (size_t i = 0; i <= c->nkeep; i++) {
            int fd = i < c->nkeep ? c->keep[i] : c->ends[REPORT_WRITE];
            if (fd >= next && (stop < 0 || fd < stop))
                stop = fd;
        }
        if (stop < 0)
            break;
        if (stop > next)
            close_range_of((unsigned)next, (unsigned)stop - 1);
        next = stop + 1;
    }
    close_range_of((unsigned)next, ~0u);
}

static void set_inheritable(const Child *c, int fd) {
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0 || fcntl(fd, F_SETFD, flags & ~FD_CLOEXEC) < 0)
        child_failed(c, STAGE_OTHER, errno);
}

static void place(const Child *c, int from, int to) {
    if (from == to)
        set_inheritable(c, from);
    else if (from != -1 && dup2(from, to) < 0)
        child_failed(c, STAGE_OTHER, errno);
}

/* The child's ends become descriptors 0, 1 and 2; none of them may be overwritten before it is in place. */
static void place_ends(const Child *c) {
    static const int of_parent[] = {P2C_WRITE, C2P_READ, ERR_READ, REPORT_READ};
    int out = c->ends[C2P_WRITE], err = c->ends[ERR_WRITE];
    for (size_t i = 0; i < ARRAY_LEN(of_parent); i++) {
        if (c->ends[of_parent[i]] != -1)
            close(c->ends[of_parent[i]]);
    }
    if (out == 0 && (out = dup(out)) < 0)
        child_failed(c, STAGE_OTHER, errno);
    while (err == 0 || err == 1) {
        if ((err = dup(err)) < 0)
            child_failed(c, STAGE_OTHER, errno);
    }
    place(c, c->ends[P2C_READ], 0);
    place(c, out, 1);
    place(c, err, 2);
}

static void child_signals(const Child *c) {
    struct sigaction action;
    if (c->shares_memory) { /* a handler of the parent must not run here */
        for (int n = 1; n < NSIG; n++) {
            if (sigaction(n, NULL, &action) == 0 && action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL)
                signal(n, SIG_DFL);
        }
    }
    if (c->restore_signals) {
        signal(SIGPIPE, SIG_DFL);
        signal(SIGXFSZ, SIG_DFL);
    }
    if (c->shares_memory)
        sigprocmask(SIG_SETMASK, &c->mask, NULL);
}

static void child_identity(const Child *c) {
    bool ok = (!c->new_session || setsid() >= 0) && (c->group < 0 || setpgid(0, c->group) == 0) &&
              (!c->set_groups || setgroups(c->ngroups, c->groups) == 0) &&
              (!c->set_gid || setregid(c->gid, c->gid) == 0) && (!c->set_uid || setreuid(c->uid, c->uid) == 0);
    if (!ok)
        child_failed(c, STAGE_OTHER, errno);
}

static void child_preexec(const Child *c) {
    VM *vm = c->vm;
    posix_after_fork(vm);
    Value r = call0(vm, c->preexec);
    if (!r)
        child_failed(c, STAGE_PREEXEC, 0);
}

static _Noreturn void child_run(const Child *c) {
    extern char **environ;
    place_ends(c);
    for (size_t i = 0; i < c->nkeep; i++) {
        if (c->keep[i] != c->ends[REPORT_WRITE])
            set_inheritable(c, c->keep[i]);
    }
    if (c->cwd && chdir(c->cwd) < 0)
        child_failed(c, STAGE_CWD, errno);
    if (c->umask >= 0)
        umask((mode_t)c->umask);
    child_signals(c);
    child_identity(c);
    if (c->preexec)
        child_preexec(c);
    if (c->close_fds)
        close_others(c);
    int error = ENOENT;
    for (char **program = c->programs; *program; program++) {
        execve(*program, c->argv, c->envp ? c->envp : environ);
        if (errno != ENOENT && errno != ENOTDIR)
            error = errno; /* that there is one which cannot be run says more than that others do not exist */
    }
    child_failed(c, STAGE_EXEC, error == ENOENT ? errno : error);
}

/* --- in the parent -------------------------------------------------------------------------------------------------
 */

/* A function of its own: the child of vfork must not return from the one that called it. */
static NOINLINE pid_t start_sharing(Child *c) {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &c->mask);
    c->shares_memory = true;
    pid_t pid = vfork();
    if (pid == 0)
        child_run(c);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &c->mask, NULL);
    errno = error;
    return pid;
}

static pid_t start(VM *vm, Child *c, bool may_share) {
    pid_t pid;
    if (may_share && !c->preexec && !c->set_uid && !c->set_gid && !c->set_groups) {
        WITHOUT_LOCK(vm, pid = start_sharing(c));
        return pid;
    }
    if (c->preexec)
        posix_fork_hooks(vm, POSIX_FORK_BEFORE);
    pid = fork();
    if (pid == 0)
        child_run(c);
    int error = errno;
    if (c->preexec)
        posix_fork_hooks(vm, POSIX_FORK_PARENT);
    errno = error;
    return pid;
}

static bool string_array(VM *vm, Value sequence, PosixStrings *out) {
    Value items = list_from_iterable(vm, sequence);
    bool ok = items && posix_strings_init(vm, out, as_list(items)->len), made = ok;
    for (size_t i = 0; ok && i < as_list(items)->len; i++) {
        Value item = incref(as_list(items)->items[i]);
        ok = posix_strings_add_steal(vm, out, posix_fs_bytes(vm, item));
        decref(vm, item);
    }
    if (made && !ok)
        posix_strings_drop(vm, out);
    decref(vm, items);
    return ok;
}

static bool descriptors(VM *vm, Value tuple, Child *c) {
    int previous = -1;
    c->nkeep = as_tuple(tuple)->len;
    if (!(c->keep = mem_alloc(vm, c->nkeep * sizeof *c->keep)))
        return false;
    for (size_t i = 0; i < c->nkeep; i++) {
        if (!is_int(as_tuple(tuple)->items[i]) || !to_c_int(vm, as_tuple(tuple)->items[i], &c->keep[i]) ||
            c->keep[i] <= previous) {
            error_clear(vm);
            return raise_value(vm, "bad value(s) in fds_to_keep");
        }
        previous = c->keep[i];
    }
    return true;
}

static bool identity(VM *vm, Value gid, Value groups, Value uid, Child *c) {
    if ((c->set_gid = !is_none(gid)) && !posix_owner(vm, "gid", gid, &c->gid))
        return false;
    if ((c->set_uid = !is_none(uid)) && !posix_owner(vm, "uid", uid, &c->uid))
        return false;
    if (is_none(groups))
        return true;
    if (!is_list(groups))
        return raise_type(vm, "setgroups argument must be a sequence");
    c->set_groups = true;
    c->ngroups = as_list(groups)->len;
    if (!(c->groups = mem_alloc(vm, c->ngroups * sizeof *c->groups)))
        return false;
    for (size_t i = 0; i < c->ngroups && i < as_list(groups)->len; i++) {
        if (!posix_owner(vm, "gid", as_list(groups)->items[i], &c->groups[i]))
            return false;
    }
    return true;
}

/* What fork_exec gets, by place. */
enum {
    ARG_ARGV,
    ARG_PROGRAMS,
    ARG_CLOSE,
    ARG_KEEP,
    ARG_CWD,
    ARG_ENV,
    ARG_ENDS,
    ARG_RESTORE = ARG_ENDS + ENDS,
    ARG_SETSID,
    ARG_PGID,
    ARG_GID,
    ARG_GROUPS,
    ARG_UID,
    ARG_UMASK,
    ARG_PREEXEC,
    ARG_VFORK
};

static bool plain_arguments(VM *vm, Value *args, Child *c) {
    bool ok = posix_flag(vm, args[ARG_CLOSE], true, &c->close_fds) &&
              posix_flag(vm, args[ARG_RESTORE], true, &c->restore_signals) &&
              posix_flag(vm, args[ARG_SETSID], false, &c->new_session) &&
              posix_signed(vm, args[ARG_PGID], &c->group) && posix_signed(vm, args[ARG_UMASK], &c->umask);
    for (int i = 0; ok && i < ENDS; i++)
        ok = posix_signed(vm, args[ARG_ENDS + i], &c->ends[i]);
    c->preexec = is_none(args[ARG_PREEXEC]) ? 0 : args[ARG_PREEXEC];
    if (ok && c->close_fds && c->ends[REPORT_WRITE] < 3)
        ok = raise_value(vm, "errpipe_write must be >= 3");
    return ok && descriptors(vm, args[ARG_KEEP], c) &&
           identity(vm, args[ARG_GID], args[ARG_GROUPS], args[ARG_UID], c);
}

static Value fork_exec(NATIVE_ARGS) {
    Child c = {.vm = vm};
    PosixStrings argv = {0}, programs = {0}, env = {0};
    Value cwd = 0, r = VALUE_ERROR;
    bool has_env = !is_none(args[ARG_ENV]), share;
    if (!is_tuple(args[ARG_KEEP]))
        return raise_type(vm, "fork_exec() argument 4 must be tuple, not %T", args[ARG_KEEP]);
    bool ok = posix_flag(vm, args[ARG_VFORK], true, &share) && plain_arguments(vm, args, &c) &&
              string_array(vm, args[ARG_ARGV], &argv) && string_array(vm, args[ARG_PROGRAMS], &programs) &&
              (!has_env || string_array(vm, args[ARG_ENV], &env)) &&
              (is_none(args[ARG_CWD]) || (cwd = posix_fs_bytes(vm, args[ARG_CWD])));
    if (ok) {
        c.argv = argv.items;
        c.programs = programs.items;
        c.envp = has_env ? env.items : NULL;
        c.cwd = cwd ? as_bytes(cwd)->data : NULL;
        pid_t pid = start(vm, &c, share);
        r = pid < 0 ? posix_fail(vm) : from_small_int(pid);
    }
    decref(vm, cwd);
    posix_strings_drop(vm, &argv);
    posix_strings_drop(vm, &programs);
    posix_strings_drop(vm, &env);
    mem_free(vm, c.keep, c.keep ? c.nkeep * sizeof *c.keep : 0);
    mem_free(vm, c.groups, c.groups ? c.ngroups * sizeof *c.groups : 0);
    return r;
}

static const MethodSpec functions[] = {
    {"fork_exec", fork_exec,
     "args, executable_list, close_fds, pass_fds, cwd, env, p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, "
     "errpipe_read, errpipe_write, restore_signals, call_setsid, pgid_to_set, gid, extra_groups, uid, child_umask, "
     "preexec_fn, allow_vfork, /",
     "Starts a program in a child process; the child's number.", 0},
    {0},
};

bool mod_posixsubprocess_init(VM *vm, Value module) { return module_add_functions(vm, module, functions); }
