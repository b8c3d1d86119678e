/* Grants: the one place that says which functions of the native modules reach outside.
 *
 * When one of these modules is filled in a VM that lacks a grant, functions that need it are replaced by one that
 * raises PermissionError, so that what is granted costs nothing. In a module that reaches outside as a whole, a
 * function that no row names needs the grant of the row "*": a new function is refused until somebody has thought
 * about it. Classes whose instances reach outside (files, sockets) ask grant_check() when one is made. */
#include "stdlib/grants.h"

typedef struct GrantRow {
    const char *module;
    uint32_t grant;    /* 0: none needed */
    const char *names; /* separated by blanks, "*": all others */
} GrantRow;

static const GrantRow rows[] = {
    {"posix", 0,
     "WCOREDUMP WEXITSTATUS WIFCONTINUED WIFEXITED WIFSIGNALED WIFSTOPPED WSTOPSIG WTERMSIG _os_attribute cpu_count "
     "device_encoding fsdecode fsencode fspath getpid getrandom isatty major makedev minor register_at_fork "
     "sched_get_priority_max sched_get_priority_min sched_yield strerror urandom waitstatus_to_exitcode"},
    {"posix", GRANT_PROCESSES,
     "_exit abort chroot execv execve fork getpgid getpgrp getppid getpriority getsid kill killpg nice pidfd_open "
     "sched_getaffinity sched_getparam sched_getscheduler sched_setaffinity sched_setparam sched_setscheduler "
     "setegid "
     "seteuid setgid setgroups setpgid setpgrp setpriority setregid setreuid setsid setuid system tcgetpgrp "
     "tcsetpgrp "
     "times wait waitid waitpid"},
    {"posix", GRANT_ENVIRONMENT,
     "confstr ctermid get_terminal_size getegid geteuid getgid getgroups getloadavg getlogin getresgid getresuid "
     "getuid "
     "putenv sysconf uname unsetenv"},
    {"posix", GRANT_FILES, "*"},
    {"_posixpath", GRANT_FILES, "exists isdir isfile islink lexists"},
    {"_io", GRANT_FILES, "open open_code"},
    {"_socket", 0,
     "CMSG_LEN CMSG_SPACE getdefaulttimeout htonl htons inet_aton inet_ntoa inet_ntop inet_pton ntohl ntohs "
     "setdefaulttimeout"},
    {"_socket", GRANT_NETWORK, "*"},
    {"_posixsubprocess", GRANT_PROCESSES, "*"},
    {"_multiprocessing", GRANT_PROCESSES, "*"},
    {"_posixshmem", GRANT_PROCESSES, "*"},
    {"_signal", 0, "default_int_handler getsignal strsignal valid_signals"},
    {"_signal", GRANT_PROCESSES, "*"},
    {"_thread", GRANT_THREADS, "start_joinable_thread start_new start_new_thread"},
    {"gc", GRANT_INSPECTION, "get_objects get_referents get_referrers set_debug"},
    {"time", 0, "get_clock_info mktime strptime tzset"},
    {"time", GRANT_CLOCK, "*"},
};

/* --- refusing ----------------------------------------------------------------------------------------------------
 */

static const struct {
    uint32_t grant;
    const char *what;
} kinds[] = {{GRANT_FILES, "files"},           {GRANT_NETWORK, "the network"},
             {GRANT_PROCESSES, "processes"},   {GRANT_ENVIRONMENT, "the environment"},
             {GRANT_CLOCK, "clocks"},          {GRANT_THREADS, "threads"},
             {GRANT_INSPECTION, "all objects"}};

static Value refuse(VM *vm, uint32_t grant) {
    const char *what = "";
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (kinds[i].grant == grant)
            what = kinds[i].what;
    return raisef(vm, vm->exc.PermissionError, "the host has not granted access to %s", what);
}

AT_START bool grant_check(VM *vm, uint32_t grant) { return likely(vm->grants & grant) || refuse(vm, grant); }

#define REFUSAL(name, grant)                                                                                         \
    static Value name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return refuse(vm, grant); }
REFUSAL(refuse_files, GRANT_FILES)
REFUSAL(refuse_network, GRANT_NETWORK)
REFUSAL(refuse_processes, GRANT_PROCESSES)
REFUSAL(refuse_environment, GRANT_ENVIRONMENT)
REFUSAL(refuse_clock, GRANT_CLOCK)
REFUSAL(refuse_threads, GRANT_THREADS)
REFUSAL(refuse_inspection, GRANT_INSPECTION)

static NativeFn refusal_of(uint32_t grant) {
    switch (grant) {
    case GRANT_FILES:
        return refuse_files;
    case GRANT_NETWORK:
        return refuse_network;
    case GRANT_PROCESSES:
        return refuse_processes;
    case GRANT_ENVIRONMENT:
        return refuse_environment;
    case GRANT_CLOCK:
        return refuse_clock;
    case GRANT_THREADS:
        return refuse_threads;
    default:
        return refuse_inspection;
    }
}

/* --- the table ---------------------------------------------------------------------------------------------------
 */

static bool names_have(const char *names, const char *name) {
    size_t n = strlen(name);
    for (const char *p = names; (p = strstr(p, name)) != NULL; p += n)
        if ((p == names || p[-1] == ' ') && (p[n] == ' ' || p[n] == 0))
            return true;
    return strcmp(names, "*") == 0;
}

/* The function to put in the place of one of that name; NULL: it may stay. */
static NativeFn refusal_for(VM *vm, const char *module, const char *name) {
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].module, module) == 0 && names_have(rows[i].names, name))
            return rows[i].grant == 0 || (vm->grants & rows[i].grant) ? NULL : refusal_of(rows[i].grant);
    return NULL;
}

void grants_apply(VM *vm, Value module, const char *name) {
    size_t pos = 0;
    Value key, value;
    if (likely((vm->grants & GRANTS_ALL) == GRANTS_ALL))
        return;
    while (dict_next(module_dict(module), &pos, &key, &value)) {
        if (!has_kind(value, KIND_NATIVE))
            continue;
        Native *f = (Native *)as_obj(value);
        NativeFn refusal = refusal_for(vm, name, f->spec->name);
        if (refusal != NULL) {
            f->fn = refusal;
            f->raw = true; /* whatever it is called with */
        }
    }
}
