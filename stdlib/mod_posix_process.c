/* posix: processes: making them, replacing them, waiting for them, and who they belong to. */
#include "runtime/thread.h"
#include "stdlib/guard.h"

#include "object/set.h"
#include "runtime/signals.h"
#include "stdlib/import/importer.h"
#include "stdlib/wait.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* fork --------------------------------------------------------------------------------------------------------------
 */

/* The list of one kind of hooks, made on first use; borrowed. */
static Value fork_hooks(VM *vm, int which, bool make) {
    void **state = &vm->module_state[MODULE_SLOT_mod_posix_init];
    if (!*state && make) {
        Value all = list_new(vm, 0);
        for (int i = 0; all && i < POSIX_FORK_HOOKS; i++) {
            Value list = list_new(vm, 0);
            if (!list || !list_append_steal(vm, all, list))
                set_owned(vm, &all, 0);
        }
        all = all ? vm_keep(vm, all) : VALUE_ERROR;
        *state = all ? as_obj(all) : NULL;
    }
    return *state ? as_list(from_obj(*state))->items[which] : 0;
}

static Value posix_register_at_fork(NATIVE_ARGS) {
    static const char *const names[POSIX_FORK_HOOKS] = {"before", "after_in_child", "after_in_parent"};
    if (!args[0] && !args[1] && !args[2])
        return raise_type(vm, "At least one argument is required.");
    for (int i = 0; i < POSIX_FORK_HOOKS; i++) {
        if (args[i] && !is_callable(args[i]))
            return raise_type(vm, "'%s' must be callable, not %.200T", names[i], args[i]);
    }
    for (int i = 0; i < POSIX_FORK_HOOKS; i++) {
        Value list = args[i] ? fork_hooks(vm, i, true) : 0;
        if (args[i] && (!list || !list_append(vm, list, args[i])))
            return VALUE_ERROR;
    }
    return VALUE_NONE;
}

/* Hooks that run before are called in reverse order; what a hook raises is reported and changes nothing. */
void posix_fork_hooks(VM *vm, int which) {
    Value list = fork_hooks(vm, which, false), copy = list ? tuple_from_list(vm, list) : 0;
    size_t n = copy ? as_tuple(copy)->len : 0;
    for (size_t i = 0; i < n; i++) {
        Value hook = as_tuple(copy)->items[which == POSIX_FORK_BEFORE ? n - 1 - i : i], r = call0(vm, hook);
        if (!r)
            error_unraisable(vm, NULL, hook);
        decref(vm, r);
    }
    error_clear(vm);
    decref(vm, copy);
}

void posix_after_fork(VM *vm) {
    wait_after_fork(vm);
    thread_after_fork(vm);
    import_locks_after_fork(vm);
    posix_fork_hooks(vm, POSIX_FORK_CHILD);
}

/* The child's number, 0 in the child; -1 with an exception. With `master`, the child gets a new terminal whose other
 * side is that descriptor in the parent. */
static pid_t fork_child(VM *vm, const char *function, int *master) {
    posix_fork_hooks(vm, POSIX_FORK_BEFORE);
    pid_t pid = master ? forkpty(master, NULL, NULL, NULL) : fork();
    int error = errno;
    if (pid == 0)
        posix_after_fork(vm);
    else
        posix_fork_hooks(vm, POSIX_FORK_PARENT);
    if (pid > 0 && vm->thread_count > 1 &&
        !warn(vm, vm->exc.DeprecationWarning, 1,
              "This process (pid=%d) is multi-threaded, use of %s() may lead to deadlocks in the child.",
              (int)getpid(), function))
        return -1;
    errno = error;
    if (pid < 0)
        posix_fail(vm);
    return pid;
}

static Value posix_fork(NATIVE_ARGS) {
    pid_t pid = fork_child(vm, "fork", NULL);
    return pid < 0 ? VALUE_ERROR : from_small_int(pid);
}

static Value posix_forkpty(NATIVE_ARGS) {
    int master = -1;
    pid_t pid = fork_child(vm, "forkpty", &master);
    return pid < 0 ? VALUE_ERROR : tuple_pack(vm, 2, from_small_int(pid), from_small_int(master));
}

static Value posix__exit(NATIVE_ARGS) {
    int status;
    if (!to_c_int(vm, args[0], &status))
        return VALUE_ERROR;
    _exit(status);
}

static Value posix_abort(NATIVE_ARGS) { abort(); }

/* exec --------------------------------------------------------------------------------------------------------------
 */

bool posix_strings_init(VM *vm, PosixStrings *s, size_t cap) {
    s->n = 0;
    s->cap = cap + 1;
    s->items = NULL;
    s->owner = list_new(vm, 0);
    if (s->owner)
        s->items = mem_zalloc(vm, s->cap * sizeof(char *));
    if (!s->items)
        set_owned(vm, &s->owner, 0);
    return s->items != NULL;
}

void posix_strings_drop(VM *vm, PosixStrings *s) {
    mem_free(vm, s->items, s->items ? s->cap * sizeof(char *) : 0);
    s->items = NULL;
    set_owned(vm, &s->owner, 0);
}

bool posix_strings_add_steal(VM *vm, PosixStrings *s, Value bytes) {
    if (!bytes)
        return false;
    if (s->n + 1 == s->cap) { /* the sequence grew while it was read */
        char **more = mem_realloc(vm, s->items, s->cap * sizeof(char *), 2 * s->cap * sizeof(char *));
        if (!more) {
            decref(vm, bytes);
            return false;
        }
        s->items = more;
        s->cap *= 2;
    }
    s->items[s->n++] = as_bytes(bytes)->data;
    s->items[s->n] = NULL;
    return list_append_steal(vm, s->owner, bytes);
}

static bool exec_arguments(VM *vm, const char *function, Value argv, PosixStrings *out) {
    bool plain = strcmp(function, "execv") == 0;
    if (!is_list(argv) && !is_tuple(argv))
        return raise_type(vm,
                          plain ? "execv() arg 2 must be a tuple or list" : "execve: argv must be a tuple or list");
    Value items = tuple_from_iterable(vm, argv);
    if (!items)
        return false;
    size_t n = as_tuple(items)->len;
    bool ok = n > 0 || raise_value(vm, plain ? "execv() arg 2 must not be empty" : "execve: argv must not be empty");
    ok = ok && posix_strings_init(vm, out, n);
    bool made = ok;
    for (size_t i = 0; ok && i < n; i++)
        ok = posix_strings_add_steal(vm, out, posix_fs_bytes(vm, as_tuple(items)->items[i]));
    if (ok && out->items[0][0] == 0)
        ok = raise_value(vm, plain ? "execv() arg 2 first element cannot be empty"
                                   : "execve: argv first element cannot be empty");
    if (made && !ok)
        posix_strings_drop(vm, out);
    decref(vm, items);
    return ok;
}

static bool add_variable(VM *vm, PosixStrings *out, Value name, Value value) {
    Value key = posix_fs_bytes(vm, name), text = key ? posix_fs_bytes(vm, value) : VALUE_ERROR, both = VALUE_ERROR;
    if (text) {
        size_t n = as_bytes(key)->len, m = as_bytes(text)->len;
        if (n == 0 || strchr(as_bytes(key)->data + 1, '='))
            raise_value(vm, "illegal environment variable name");
        else
            both = bytes_new(vm, NULL, n + 1 + m);
        if (both) {
            char *to = as_bytes(both)->data;
            memcpy(to, as_bytes(key)->data, n);
            to[n] = '=';
            memcpy(to + n + 1, as_bytes(text)->data, m);
        }
    }
    decref(vm, key);
    decref(vm, text);
    return posix_strings_add_steal(vm, out, both);
}

static bool exec_environment(VM *vm, Value env, PosixStrings *out) {
    Value keys = call_method0(vm, env, NAME(keys)), list = keys ? list_from_iterable(vm, keys) : VALUE_ERROR;
    decref(vm, keys);
    if (!list || !posix_strings_init(vm, out, as_list(list)->len)) {
        decref(vm, list);
        return false;
    }
    bool ok = true;
    for (size_t i = 0; ok && i < as_list(list)->len; i++) {
        Value name = incref(as_list(list)->items[i]), value = item_get(vm, env, name);
        ok = value && add_variable(vm, out, name, value);
        decref(vm, name);
        decref(vm, value);
    }
    decref(vm, list);
    if (!ok)
        posix_strings_drop(vm, out);
    return ok;
}

static Value posix_execv(NATIVE_ARGS) {
    PathArg p;
    PosixStrings argv;
    if (!posix_path(vm, "execv", "path", args[0], 0, &p))
        return VALUE_ERROR;
    if (exec_arguments(vm, "execv", args[1], &argv)) {
        execv(p.name, argv.items);
        posix_fail(vm);
        posix_strings_drop(vm, &argv);
    }
    posix_path_drop(vm, &p);
    return VALUE_ERROR;
}

static bool is_mapping(Value v) {
    return is_dict(v) || (is_obj(v) && obj_type(as_obj(v))->slots.getitem && !is_list(v) && !is_tuple(v) &&
                          !is_str(v) && !is_bytes(v));
}

static Value posix_execve(NATIVE_ARGS) {
    PathArg p;
    PosixStrings argv, env;
    if (!posix_path(vm, "execve", "path", args[0], PATH_FD, &p))
        return VALUE_ERROR;
    if (!is_list(args[1]) && !is_tuple(args[1])) {
        raise_type(vm, "execve: argv must be a tuple or list");
    } else if (!is_mapping(args[2])) {
        raise_type(vm, "execve: environment must be a mapping object");
    } else if (exec_arguments(vm, "execve", args[1], &argv)) {
        if (exec_environment(vm, args[2], &env)) {
            if (p.name)
                execve(p.name, argv.items, env.items);
            else
                fexecve(p.fd, argv.items, env.items);
            posix_path_error(vm, &p);
            posix_strings_drop(vm, &env);
        }
        posix_strings_drop(vm, &argv);
    }
    posix_path_drop(vm, &p);
    return VALUE_ERROR;
}

static Value posix_system(NATIVE_ARGS) {
    Value command = posix_fs_bytes(vm, args[0]);
    if (!command)
        return VALUE_ERROR;
    int status = guard_system(vm, as_bytes(command)->data);
    decref(vm, command);
    return status == -1 ? posix_fail(vm) : from_small_int(status);
}

/* Waiting -----------------------------------------------------------------------------------------------------------
 */

static const char *const waitid_fields[] = {"si_pid", "si_uid", "si_signo", "si_status", "si_code"};
static Type *waitid_type(VM *vm) {
    return structseq_type(vm, "posix.waitid_result", "What waitid() says of a child.", waitid_fields, 5, 5);
}

/* Unlike other struct sequences this one is made of its field, not of a sequence. */
static Value sched_param_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value priority;
    if (!native_bind(vm, "sched_param", "sched_priority", args, nargs, kwnames, &priority, 1))
        return VALUE_ERROR;
    incref(priority);
    return structseq_new(vm, type, &priority);
}

static const char *const sched_fields[] = {"sched_priority"};
static Type *sched_param_type(VM *vm) {
    Type *type =
        structseq_type(vm, "posix.sched_param", "The parameters of a scheduling policy.", sched_fields, 1, 1);
    if (type)
        type->slots.create = sched_param_create;
    return type;
}

static Value wait_for(VM *vm, pid_t pid, int options) {
    int status = 0;
    pid_t r = guard_waitpid(vm, pid, &status, options);
    return r < 0 ? posix_fail(vm) : tuple_pack(vm, 2, from_small_int(r), from_small_int(status));
}

static Value posix_waitpid(NATIVE_ARGS) {
    int pid, options;
    if (!posix_signed(vm, args[0], &pid) || !to_c_int(vm, args[1], &options))
        return VALUE_ERROR;
    return wait_for(vm, pid, options);
}
static Value posix_wait(NATIVE_ARGS) { return wait_for(vm, -1, 0); }

static Value posix_waitid(NATIVE_ARGS) {
    int kind, id, options, r;
    siginfo_t info;
    if (!to_c_int(vm, args[0], &kind) || !posix_signed(vm, args[1], &id) || !to_c_int(vm, args[2], &options))
        return VALUE_ERROR;
    memset(&info, 0, sizeof info);
    r = guard_waitid(vm, kind, id, &info, options);
    if (r < 0)
        return posix_fail(vm);
    if (info.si_pid == 0)
        return VALUE_NONE;
    Value items[] = {from_small_int(info.si_pid), from_small_int(info.si_uid), from_small_int(info.si_signo),
                     from_small_int(info.si_status), from_small_int(info.si_code)};
    Type *type = waitid_type(vm);
    return type ? structseq_new(vm, type, items) : VALUE_ERROR;
}

#define STATUS_TEST(name, result)                                                                                    \
    static Value posix_##name(NATIVE_ARGS) {                                                                         \
        int status;                                                                                                  \
        return to_c_int(vm, args[0], &status) ? result(name(status)) : VALUE_ERROR;                                  \
    }
STATUS_TEST(WIFEXITED, from_bool)
STATUS_TEST(WIFSIGNALED, from_bool)
STATUS_TEST(WIFSTOPPED, from_bool)
STATUS_TEST(WIFCONTINUED, from_bool)
STATUS_TEST(WCOREDUMP, from_bool)
STATUS_TEST(WEXITSTATUS, from_small_int)
STATUS_TEST(WTERMSIG, from_small_int)
STATUS_TEST(WSTOPSIG, from_small_int)

static Value posix_waitstatus_to_exitcode(NATIVE_ARGS) {
    int status;
    if (!to_c_int(vm, args[0], &status))
        return VALUE_ERROR;
    if (WIFEXITED(status))
        return from_small_int(WEXITSTATUS(status));
    if (WIFSIGNALED(status))
        return from_small_int(-WTERMSIG(status));
    if (WIFSTOPPED(status))
        return raise_value(vm, "process stopped by delivery of signal %d", WSTOPSIG(status));
    return raise_value(vm, "invalid wait status: %d", status);
}

/* A signal that a process sends itself is handled before the call returns. */
static Value sent(VM *vm, int result) {
    if (result < 0)
        return posix_fail(vm);
    return posix_go_on(vm) ? VALUE_NONE : VALUE_ERROR;
}

static Value posix_kill(NATIVE_ARGS) {
    int pid, number;
    if (!posix_signed(vm, args[0], &pid) || !posix_signed(vm, args[1], &number))
        return VALUE_ERROR;
    return sent(vm, kill(pid, number));
}

static Value posix_killpg(NATIVE_ARGS) {
    int group, number;
    if (!posix_signed(vm, args[0], &group) || !posix_signed(vm, args[1], &number))
        return VALUE_ERROR;
    return sent(vm, killpg(group, number));
}

/* Who it is ---------------------------------------------------------------------------------------------------------
 */

#define GETTER(name)                                                                                                 \
    static Value posix_##name(NATIVE_ARGS) { return int_from_int64(vm, (int64_t)name()); }
GETTER(getpid)
GETTER(getppid)
GETTER(getuid)
GETTER(geteuid)
GETTER(getgid)
GETTER(getegid)
GETTER(getpgrp)

#define ID_SETTER(name, what)                                                                                        \
    static Value posix_##name(NATIVE_ARGS) {                                                                         \
        uint32_t id;                                                                                                 \
        return posix_owner(vm, what, args[0], &id) ? posix_done(vm, name(id)) : VALUE_ERROR;                         \
    }
ID_SETTER(setuid, "uid")
ID_SETTER(seteuid, "uid")
ID_SETTER(setgid, "gid")
ID_SETTER(setegid, "gid")

#define PAIR_SETTER(name, what)                                                                                      \
    static Value posix_##name(NATIVE_ARGS) {                                                                         \
        uint32_t a, b;                                                                                               \
        if (!posix_owner(vm, what, args[0], &a) || !posix_owner(vm, what, args[1], &b))                              \
            return VALUE_ERROR;                                                                                      \
        return posix_done(vm, name(a, b));                                                                           \
    }
PAIR_SETTER(setreuid, "uid")
PAIR_SETTER(setregid, "gid")

static Value posix_getgroups(NATIVE_ARGS) {
    int n = getgroups(0, NULL);
    if (n < 0)
        return posix_fail(vm);
    size_t size = (size_t)(n + 1) * sizeof(gid_t);
    gid_t *groups = mem_alloc(vm, size);
    if (!groups)
        return VALUE_ERROR;
    n = getgroups(n, groups);
    Value list = n < 0 ? posix_fail(vm) : list_new(vm, 0);
    for (int i = 0; list && i < n; i++) {
        if (!list_append(vm, list, from_small_int(groups[i])))
            set_owned(vm, &list, 0);
    }
    mem_free(vm, groups, size);
    return list;
}

static Value posix_setgroups(NATIVE_ARGS) {
    gid_t groups[1024];
    Value items = tuple_from_iterable(vm, args[0]), r = VALUE_ERROR;
    size_t n = items ? as_tuple(items)->len : 0;
    bool ok = items && (n <= ARRAY_LEN(groups) || raise_value(vm, "too many groups"));
    for (size_t i = 0; ok && i < n; i++)
        ok = posix_owner(vm, "gid", as_tuple(items)->items[i], &groups[i]);
    if (ok)
        r = posix_done(vm, setgroups(n, groups));
    decref(vm, items);
    return r;
}

#if defined(__linux__)
static Value posix_getresuid(NATIVE_ARGS) {
    uid_t a, b, c;
    if (getresuid(&a, &b, &c) < 0)
        return posix_fail(vm);
    return tuple_pack(vm, 3, from_small_int(a), from_small_int(b), from_small_int(c));
}
static Value posix_getresgid(NATIVE_ARGS) {
    gid_t a, b, c;
    if (getresgid(&a, &b, &c) < 0)
        return posix_fail(vm);
    return tuple_pack(vm, 3, from_small_int(a), from_small_int(b), from_small_int(c));
}
#endif

static Value posix_getpgid(NATIVE_ARGS) {
    int pid;
    if (!posix_signed(vm, args[0], &pid))
        return VALUE_ERROR;
    pid_t group = getpgid(pid);
    return group < 0 ? posix_fail(vm) : from_small_int(group);
}
static Value posix_setpgid(NATIVE_ARGS) {
    int pid, group;
    if (!posix_signed(vm, args[0], &pid) || !posix_signed(vm, args[1], &group))
        return VALUE_ERROR;
    return posix_done(vm, setpgid(pid, group));
}
static Value posix_setpgrp(NATIVE_ARGS) { return posix_done(vm, setpgid(0, 0)); }
static Value posix_getsid(NATIVE_ARGS) {
    int pid;
    if (!posix_signed(vm, args[0], &pid))
        return VALUE_ERROR;
    pid_t session = getsid(pid);
    return session < 0 ? posix_fail(vm) : from_small_int(session);
}
static Value posix_setsid(NATIVE_ARGS) { return posix_done(vm, setsid()); }

static Value posix_umask(NATIVE_ARGS) {
    int mask;
    return to_c_int(vm, args[0], &mask) ? from_small_int(umask((mode_t)mask)) : VALUE_ERROR;
}

static Value posix_nice(NATIVE_ARGS) {
    int increment;
    if (!to_c_int(vm, args[0], &increment))
        return VALUE_ERROR;
    errno = 0;
    int r = nice(increment);
    return r == -1 && errno != 0 ? posix_fail(vm) : from_small_int(r);
}

static Value posix_getpriority(NATIVE_ARGS) {
    int which, who;
    if (!to_c_int(vm, args[0], &which) || !to_c_int(vm, args[1], &who))
        return VALUE_ERROR;
    errno = 0;
    int r = getpriority(which, (id_t)who);
    return errno != 0 ? posix_fail(vm) : from_small_int(r);
}

static Value posix_setpriority(NATIVE_ARGS) {
    int which, who, priority;
    if (!to_c_int(vm, args[0], &which) || !to_c_int(vm, args[1], &who) || !to_c_int(vm, args[2], &priority))
        return VALUE_ERROR;
    return posix_done(vm, setpriority(which, (id_t)who, priority));
}

/* Scheduling --------------------------------------------------------------------------------------------------------
 */

static Value posix_sched_yield(NATIVE_ARGS) { return posix_done(vm, sched_yield()); }
static Value posix_sched_get_priority_max(NATIVE_ARGS) {
    int policy, r;
    if (!to_c_int(vm, args[0], &policy))
        return VALUE_ERROR;
    r = sched_get_priority_max(policy);
    return r < 0 ? posix_fail(vm) : from_small_int(r);
}
static Value posix_sched_get_priority_min(NATIVE_ARGS) {
    int policy, r;
    if (!to_c_int(vm, args[0], &policy))
        return VALUE_ERROR;
    r = sched_get_priority_min(policy);
    return r < 0 ? posix_fail(vm) : from_small_int(r);
}

#if defined(__linux__)
static Value posix_sched_getscheduler(NATIVE_ARGS) {
    int pid;
    if (!posix_signed(vm, args[0], &pid))
        return VALUE_ERROR;
    int r = sched_getscheduler(pid);
    return r < 0 ? posix_fail(vm) : from_small_int(r);
}

static Value posix_sched_getparam(NATIVE_ARGS) {
    int pid;
    struct sched_param param;
    if (!posix_signed(vm, args[0], &pid))
        return VALUE_ERROR;
    if (sched_getparam(pid, &param) < 0)
        return posix_fail(vm);
    Type *type = sched_param_type(vm);
    Value item = from_small_int(param.sched_priority);
    return type ? structseq_new(vm, type, &item) : VALUE_ERROR;
}

static bool sched_argument(VM *vm, Value v, struct sched_param *out) {
    if (type_of(vm, v) != sched_param_type(vm))
        return error_pending(vm) ? false : raise_type(vm, "must have a sched_param object");
    return to_c_int(vm, as_tuple(v)->items[0], &out->sched_priority);
}

static Value posix_sched_setparam(NATIVE_ARGS) {
    int pid;
    struct sched_param param;
    if (!posix_signed(vm, args[0], &pid) || !sched_argument(vm, args[1], &param))
        return VALUE_ERROR;
    return posix_done(vm, sched_setparam(pid, &param));
}

static Value posix_sched_setscheduler(NATIVE_ARGS) {
    int pid, policy;
    struct sched_param param;
    if (!posix_signed(vm, args[0], &pid) || !to_c_int(vm, args[1], &policy) || !sched_argument(vm, args[2], &param))
        return VALUE_ERROR;
    return posix_done(vm, sched_setscheduler(pid, policy, &param));
}

static Value posix_sched_getaffinity(NATIVE_ARGS) {
    int pid;
    cpu_set_t set;
    if (!posix_signed(vm, args[0], &pid))
        return VALUE_ERROR;
    if (sched_getaffinity(pid, sizeof set, &set) < 0)
        return posix_fail(vm);
    Value result = set_new(vm, 0);
    for (int i = 0; result && i < CPU_SETSIZE; i++) {
        if (CPU_ISSET(i, &set) && !set_add(vm, result, from_small_int(i)))
            set_owned(vm, &result, 0);
    }
    return result;
}

static Value posix_sched_setaffinity(NATIVE_ARGS) {
    int pid;
    cpu_set_t set;
    CPU_ZERO(&set);
    Value items = posix_signed(vm, args[0], &pid) ? tuple_from_iterable(vm, args[1]) : VALUE_ERROR, r = VALUE_ERROR;
    bool ok = items != 0;
    for (size_t i = 0; ok && i < as_tuple(items)->len; i++) {
        int cpu;
        ok = posix_signed(vm, as_tuple(items)->items[i], &cpu);
        if (ok && cpu < 0)
            ok = raise_value(vm, "negative CPU number");
        if (ok && cpu < CPU_SETSIZE)
            CPU_SET(cpu, &set);
    }
    if (ok)
        r = posix_done(vm, sched_setaffinity(pid, sizeof set, &set));
    decref(vm, items);
    return r;
}
#endif

#ifdef SYS_pidfd_open
/* A descriptor that becomes readable when the process has ended; closed at exec. */
static Value posix_pidfd_open(NATIVE_ARGS) {
    int pid, flags = 0;
    if (!posix_signed(vm, args[0], &pid) || (args[1] && !posix_signed(vm, args[1], &flags)))
        return VALUE_ERROR;
    if (flags < 0)
        return raise_value(vm, "value must be positive");
    int fd = (int)syscall(SYS_pidfd_open, pid, (unsigned)flags);
    return fd < 0 ? posix_fail(vm) : from_small_int(fd);
}
#endif

const MethodSpec posix_process_methods[] = {
    {"register_at_fork", posix_register_at_fork, "*, before=None, after_in_child=None, after_in_parent=None",
     "Has functions called around every fork().", 0},
    {"fork", posix_fork, "", "Makes a child process: 0 in the child, the child's number in the parent.", 0},
    {"forkpty", posix_forkpty, "", "fork() with a new terminal for the child: (number, descriptor).", 0},
    {"_exit", posix__exit, "status", "Ends the process at once, without any cleaning up.", 0},
    {"abort", posix_abort, "", "Ends the process with the signal SIGABRT.", 0},
    {"execv", posix_execv, "path, argv, /", "Runs a program in place of this process.", 0},
    {"execve", posix_execve, "path, argv, env", "Runs a program, with that environment, in place of this process.",
     0},
    {"system", posix_system, "command", "Runs a command in a shell; the wait status.", 0},
    {"waitpid", posix_waitpid, "pid, options, /", "Waits for a child: (number, wait status).", 0},
    {"wait", posix_wait, "", "Waits for any child: (number, wait status).", 0},
    {"waitid", posix_waitid, "idtype, id, options, /", "Waits for a change of a child.", 0},
#ifdef SYS_pidfd_open
    {"pidfd_open", posix_pidfd_open, "pid, flags=0", "A descriptor of the process, to be polled for its end.", 0},
#endif
    {"WIFEXITED", posix_WIFEXITED, "status", "Whether the child ended by itself.", 0},
    {"WIFSIGNALED", posix_WIFSIGNALED, "status", "Whether a signal ended the child.", 0},
    {"WIFSTOPPED", posix_WIFSTOPPED, "status", "Whether the child is stopped.", 0},
    {"WIFCONTINUED", posix_WIFCONTINUED, "status", "Whether the child goes on after a stop.", 0},
    {"WCOREDUMP", posix_WCOREDUMP, "status, /", "Whether the child left a core dump.", 0},
    {"WEXITSTATUS", posix_WEXITSTATUS, "status", "The exit status in a wait status.", 0},
    {"WTERMSIG", posix_WTERMSIG, "status", "The signal that ended the child.", 0},
    {"WSTOPSIG", posix_WSTOPSIG, "status", "The signal that stopped the child.", 0},
    {"waitstatus_to_exitcode", posix_waitstatus_to_exitcode, "status",
     "The exit code in a wait status: negative for a signal.", 0},
    {"kill", posix_kill, "pid, signal, /", "Sends a signal to a process.", 0},
    {"killpg", posix_killpg, "pgid, signal, /", "Sends a signal to a process group.", 0},
    {"getpid", posix_getpid, "", "The number of this process.", 0},
    {"getppid", posix_getppid, "", "The number of the parent process.", 0},
    {"getuid", posix_getuid, "", "The real user.", 0},
    {"geteuid", posix_geteuid, "", "The effective user.", 0},
    {"getgid", posix_getgid, "", "The real group.", 0},
    {"getegid", posix_getegid, "", "The effective group.", 0},
    {"getpgrp", posix_getpgrp, "", "The process group of this process.", 0},
    {"setuid", posix_setuid, "uid, /", "Sets the user.", 0},
    {"seteuid", posix_seteuid, "euid, /", "Sets the effective user.", 0},
    {"setgid", posix_setgid, "gid, /", "Sets the group.", 0},
    {"setegid", posix_setegid, "egid, /", "Sets the effective group.", 0},
    {"setreuid", posix_setreuid, "ruid, euid, /", "Sets the real and the effective user.", 0},
    {"setregid", posix_setregid, "rgid, egid, /", "Sets the real and the effective group.", 0},
    {"getgroups", posix_getgroups, "", "The supplementary groups.", 0},
    {"setgroups", posix_setgroups, "groups, /", "Sets the supplementary groups.", 0},
    {"getpgid", posix_getpgid, "pid", "The process group of a process.", 0},
    {"setpgid", posix_setpgid, "pid, pgrp, /", "Sets the process group of a process.", 0},
    {"setpgrp", posix_setpgrp, "", "Makes this process the leader of a new group.", 0},
    {"getsid", posix_getsid, "pid, /", "The session of a process.", 0},
    {"setsid", posix_setsid, "", "Starts a new session.", 0},
    {"umask", posix_umask, "mask, /", "Sets the rights that new files do not get; the former ones.", 0},
    {"nice", posix_nice, "increment, /", "Makes the process nicer to others; the new value.", 0},
    {"getpriority", posix_getpriority, "which, who", "The scheduling priority.", 0},
    {"setpriority", posix_setpriority, "which, who, priority", "Sets the scheduling priority.", 0},
    {"sched_yield", posix_sched_yield, "", "Lets other processes run.", 0},
    {"sched_get_priority_max", posix_sched_get_priority_max, "policy", "The highest priority of a policy.", 0},
    {"sched_get_priority_min", posix_sched_get_priority_min, "policy", "The lowest priority of a policy.", 0},
#if defined(__linux__)
    {"getresuid", posix_getresuid, "", "The real, effective and saved user.", 0},
    {"getresgid", posix_getresgid, "", "The real, effective and saved group.", 0},
    {"sched_getscheduler", posix_sched_getscheduler, "pid, /", "The scheduling policy of a process.", 0},
    {"sched_setscheduler", posix_sched_setscheduler, "pid, policy, param, /", "Sets the scheduling policy.", 0},
    {"sched_getparam", posix_sched_getparam, "pid, /", "The scheduling parameters of a process.", 0},
    {"sched_setparam", posix_sched_setparam, "pid, param, /", "Sets the scheduling parameters.", 0},
    {"sched_getaffinity", posix_sched_getaffinity, "pid, /", "The set of processors a process may use.", 0},
    {"sched_setaffinity", posix_sched_setaffinity, "pid, mask, /", "Says which processors a process may use.", 0},
#endif
    {0},
};

bool posix_add_process_types(VM *vm, Value module) {
    return posix_add_type(vm, module, "waitid_result", waitid_type(vm)) &&
           posix_add_type(vm, module, "sched_param", sched_param_type(vm));
}
