/* posix: the configuration values of the system, and the names they are asked for by. */
#include "stdlib/mod_posix.h"

#include <unistd.h>

typedef struct ConfigName {
    const char *name;
    int number;
} ConfigName;

/* clang-format off */
static const ConfigName sysconf_names[] = {
#define ROW(name) {#name, _##name},
#ifdef _SC_2_CHAR_TERM
    ROW(SC_2_CHAR_TERM)
#endif
#ifdef _SC_2_C_BIND
    ROW(SC_2_C_BIND)
#endif
#ifdef _SC_2_C_DEV
    ROW(SC_2_C_DEV)
#endif
#ifdef _SC_2_C_VERSION
    ROW(SC_2_C_VERSION)
#endif
#ifdef _SC_2_FORT_DEV
    ROW(SC_2_FORT_DEV)
#endif
#ifdef _SC_2_FORT_RUN
    ROW(SC_2_FORT_RUN)
#endif
#ifdef _SC_2_LOCALEDEF
    ROW(SC_2_LOCALEDEF)
#endif
#ifdef _SC_2_SW_DEV
    ROW(SC_2_SW_DEV)
#endif
#ifdef _SC_2_UPE
    ROW(SC_2_UPE)
#endif
#ifdef _SC_2_VERSION
    ROW(SC_2_VERSION)
#endif
#ifdef _SC_AIO_LISTIO_MAX
    ROW(SC_AIO_LISTIO_MAX)
#endif
#ifdef _SC_AIO_MAX
    ROW(SC_AIO_MAX)
#endif
#ifdef _SC_AIO_PRIO_DELTA_MAX
    ROW(SC_AIO_PRIO_DELTA_MAX)
#endif
#ifdef _SC_ARG_MAX
    ROW(SC_ARG_MAX)
#endif
#ifdef _SC_ASYNCHRONOUS_IO
    ROW(SC_ASYNCHRONOUS_IO)
#endif
#ifdef _SC_ATEXIT_MAX
    ROW(SC_ATEXIT_MAX)
#endif
#ifdef _SC_AVPHYS_PAGES
    ROW(SC_AVPHYS_PAGES)
#endif
#ifdef _SC_BC_BASE_MAX
    ROW(SC_BC_BASE_MAX)
#endif
#ifdef _SC_BC_DIM_MAX
    ROW(SC_BC_DIM_MAX)
#endif
#ifdef _SC_BC_SCALE_MAX
    ROW(SC_BC_SCALE_MAX)
#endif
#ifdef _SC_BC_STRING_MAX
    ROW(SC_BC_STRING_MAX)
#endif
#ifdef _SC_CHARCLASS_NAME_MAX
    ROW(SC_CHARCLASS_NAME_MAX)
#endif
#ifdef _SC_CHAR_BIT
    ROW(SC_CHAR_BIT)
#endif
#ifdef _SC_CHAR_MAX
    ROW(SC_CHAR_MAX)
#endif
#ifdef _SC_CHAR_MIN
    ROW(SC_CHAR_MIN)
#endif
#ifdef _SC_CHILD_MAX
    ROW(SC_CHILD_MAX)
#endif
#ifdef _SC_CLK_TCK
    ROW(SC_CLK_TCK)
#endif
#ifdef _SC_COLL_WEIGHTS_MAX
    ROW(SC_COLL_WEIGHTS_MAX)
#endif
#ifdef _SC_DELAYTIMER_MAX
    ROW(SC_DELAYTIMER_MAX)
#endif
#ifdef _SC_EQUIV_CLASS_MAX
    ROW(SC_EQUIV_CLASS_MAX)
#endif
#ifdef _SC_EXPR_NEST_MAX
    ROW(SC_EXPR_NEST_MAX)
#endif
#ifdef _SC_FSYNC
    ROW(SC_FSYNC)
#endif
#ifdef _SC_GETGR_R_SIZE_MAX
    ROW(SC_GETGR_R_SIZE_MAX)
#endif
#ifdef _SC_GETPW_R_SIZE_MAX
    ROW(SC_GETPW_R_SIZE_MAX)
#endif
#ifdef _SC_INT_MAX
    ROW(SC_INT_MAX)
#endif
#ifdef _SC_INT_MIN
    ROW(SC_INT_MIN)
#endif
#ifdef _SC_IOV_MAX
    ROW(SC_IOV_MAX)
#endif
#ifdef _SC_JOB_CONTROL
    ROW(SC_JOB_CONTROL)
#endif
#ifdef _SC_LINE_MAX
    ROW(SC_LINE_MAX)
#endif
#ifdef _SC_LOGIN_NAME_MAX
    ROW(SC_LOGIN_NAME_MAX)
#endif
#ifdef _SC_LONG_BIT
    ROW(SC_LONG_BIT)
#endif
#ifdef _SC_MAPPED_FILES
    ROW(SC_MAPPED_FILES)
#endif
#ifdef _SC_MB_LEN_MAX
    ROW(SC_MB_LEN_MAX)
#endif
#ifdef _SC_MEMLOCK
    ROW(SC_MEMLOCK)
#endif
#ifdef _SC_MEMLOCK_RANGE
    ROW(SC_MEMLOCK_RANGE)
#endif
#ifdef _SC_MEMORY_PROTECTION
    ROW(SC_MEMORY_PROTECTION)
#endif
#ifdef _SC_MESSAGE_PASSING
    ROW(SC_MESSAGE_PASSING)
#endif
#ifdef _SC_MINSIGSTKSZ
    ROW(SC_MINSIGSTKSZ)
#endif
#ifdef _SC_MQ_OPEN_MAX
    ROW(SC_MQ_OPEN_MAX)
#endif
#ifdef _SC_MQ_PRIO_MAX
    ROW(SC_MQ_PRIO_MAX)
#endif
#ifdef _SC_NGROUPS_MAX
    ROW(SC_NGROUPS_MAX)
#endif
#ifdef _SC_NL_ARGMAX
    ROW(SC_NL_ARGMAX)
#endif
#ifdef _SC_NL_LANGMAX
    ROW(SC_NL_LANGMAX)
#endif
#ifdef _SC_NL_MSGMAX
    ROW(SC_NL_MSGMAX)
#endif
#ifdef _SC_NL_NMAX
    ROW(SC_NL_NMAX)
#endif
#ifdef _SC_NL_SETMAX
    ROW(SC_NL_SETMAX)
#endif
#ifdef _SC_NL_TEXTMAX
    ROW(SC_NL_TEXTMAX)
#endif
#ifdef _SC_NPROCESSORS_CONF
    ROW(SC_NPROCESSORS_CONF)
#endif
#ifdef _SC_NPROCESSORS_ONLN
    ROW(SC_NPROCESSORS_ONLN)
#endif
#ifdef _SC_NZERO
    ROW(SC_NZERO)
#endif
#ifdef _SC_OPEN_MAX
    ROW(SC_OPEN_MAX)
#endif
#ifdef _SC_PAGESIZE
    ROW(SC_PAGESIZE)
#endif
#ifdef _SC_PAGE_SIZE
    ROW(SC_PAGE_SIZE)
#endif
#ifdef _SC_PASS_MAX
    ROW(SC_PASS_MAX)
#endif
#ifdef _SC_PHYS_PAGES
    ROW(SC_PHYS_PAGES)
#endif
#ifdef _SC_PII
    ROW(SC_PII)
#endif
#ifdef _SC_PII_INTERNET
    ROW(SC_PII_INTERNET)
#endif
#ifdef _SC_PII_INTERNET_DGRAM
    ROW(SC_PII_INTERNET_DGRAM)
#endif
#ifdef _SC_PII_INTERNET_STREAM
    ROW(SC_PII_INTERNET_STREAM)
#endif
#ifdef _SC_PII_OSI
    ROW(SC_PII_OSI)
#endif
#ifdef _SC_PII_OSI_CLTS
    ROW(SC_PII_OSI_CLTS)
#endif
#ifdef _SC_PII_OSI_COTS
    ROW(SC_PII_OSI_COTS)
#endif
#ifdef _SC_PII_OSI_M
    ROW(SC_PII_OSI_M)
#endif
#ifdef _SC_PII_SOCKET
    ROW(SC_PII_SOCKET)
#endif
#ifdef _SC_PII_XTI
    ROW(SC_PII_XTI)
#endif
#ifdef _SC_POLL
    ROW(SC_POLL)
#endif
#ifdef _SC_PRIORITIZED_IO
    ROW(SC_PRIORITIZED_IO)
#endif
#ifdef _SC_PRIORITY_SCHEDULING
    ROW(SC_PRIORITY_SCHEDULING)
#endif
#ifdef _SC_REALTIME_SIGNALS
    ROW(SC_REALTIME_SIGNALS)
#endif
#ifdef _SC_RE_DUP_MAX
    ROW(SC_RE_DUP_MAX)
#endif
#ifdef _SC_RTSIG_MAX
    ROW(SC_RTSIG_MAX)
#endif
#ifdef _SC_SAVED_IDS
    ROW(SC_SAVED_IDS)
#endif
#ifdef _SC_SCHAR_MAX
    ROW(SC_SCHAR_MAX)
#endif
#ifdef _SC_SCHAR_MIN
    ROW(SC_SCHAR_MIN)
#endif
#ifdef _SC_SELECT
    ROW(SC_SELECT)
#endif
#ifdef _SC_SEMAPHORES
    ROW(SC_SEMAPHORES)
#endif
#ifdef _SC_SEM_NSEMS_MAX
    ROW(SC_SEM_NSEMS_MAX)
#endif
#ifdef _SC_SEM_VALUE_MAX
    ROW(SC_SEM_VALUE_MAX)
#endif
#ifdef _SC_SHARED_MEMORY_OBJECTS
    ROW(SC_SHARED_MEMORY_OBJECTS)
#endif
#ifdef _SC_SHRT_MAX
    ROW(SC_SHRT_MAX)
#endif
#ifdef _SC_SHRT_MIN
    ROW(SC_SHRT_MIN)
#endif
#ifdef _SC_SIGQUEUE_MAX
    ROW(SC_SIGQUEUE_MAX)
#endif
#ifdef _SC_SSIZE_MAX
    ROW(SC_SSIZE_MAX)
#endif
#ifdef _SC_STREAM_MAX
    ROW(SC_STREAM_MAX)
#endif
#ifdef _SC_SYNCHRONIZED_IO
    ROW(SC_SYNCHRONIZED_IO)
#endif
#ifdef _SC_THREADS
    ROW(SC_THREADS)
#endif
#ifdef _SC_THREAD_ATTR_STACKADDR
    ROW(SC_THREAD_ATTR_STACKADDR)
#endif
#ifdef _SC_THREAD_ATTR_STACKSIZE
    ROW(SC_THREAD_ATTR_STACKSIZE)
#endif
#ifdef _SC_THREAD_DESTRUCTOR_ITERATIONS
    ROW(SC_THREAD_DESTRUCTOR_ITERATIONS)
#endif
#ifdef _SC_THREAD_KEYS_MAX
    ROW(SC_THREAD_KEYS_MAX)
#endif
#ifdef _SC_THREAD_PRIORITY_SCHEDULING
    ROW(SC_THREAD_PRIORITY_SCHEDULING)
#endif
#ifdef _SC_THREAD_PRIO_INHERIT
    ROW(SC_THREAD_PRIO_INHERIT)
#endif
#ifdef _SC_THREAD_PRIO_PROTECT
    ROW(SC_THREAD_PRIO_PROTECT)
#endif
#ifdef _SC_THREAD_PROCESS_SHARED
    ROW(SC_THREAD_PROCESS_SHARED)
#endif
#ifdef _SC_THREAD_SAFE_FUNCTIONS
    ROW(SC_THREAD_SAFE_FUNCTIONS)
#endif
#ifdef _SC_THREAD_STACK_MIN
    ROW(SC_THREAD_STACK_MIN)
#endif
#ifdef _SC_THREAD_THREADS_MAX
    ROW(SC_THREAD_THREADS_MAX)
#endif
#ifdef _SC_TIMERS
    ROW(SC_TIMERS)
#endif
#ifdef _SC_TIMER_MAX
    ROW(SC_TIMER_MAX)
#endif
#ifdef _SC_TTY_NAME_MAX
    ROW(SC_TTY_NAME_MAX)
#endif
#ifdef _SC_TZNAME_MAX
    ROW(SC_TZNAME_MAX)
#endif
#ifdef _SC_T_IOV_MAX
    ROW(SC_T_IOV_MAX)
#endif
#ifdef _SC_UCHAR_MAX
    ROW(SC_UCHAR_MAX)
#endif
#ifdef _SC_UINT_MAX
    ROW(SC_UINT_MAX)
#endif
#ifdef _SC_UIO_MAXIOV
    ROW(SC_UIO_MAXIOV)
#endif
#ifdef _SC_ULONG_MAX
    ROW(SC_ULONG_MAX)
#endif
#ifdef _SC_USHRT_MAX
    ROW(SC_USHRT_MAX)
#endif
#ifdef _SC_VERSION
    ROW(SC_VERSION)
#endif
#ifdef _SC_WORD_BIT
    ROW(SC_WORD_BIT)
#endif
#ifdef _SC_XBS5_ILP32_OFF32
    ROW(SC_XBS5_ILP32_OFF32)
#endif
#ifdef _SC_XBS5_ILP32_OFFBIG
    ROW(SC_XBS5_ILP32_OFFBIG)
#endif
#ifdef _SC_XBS5_LP64_OFF64
    ROW(SC_XBS5_LP64_OFF64)
#endif
#ifdef _SC_XBS5_LPBIG_OFFBIG
    ROW(SC_XBS5_LPBIG_OFFBIG)
#endif
#ifdef _SC_XOPEN_CRYPT
    ROW(SC_XOPEN_CRYPT)
#endif
#ifdef _SC_XOPEN_ENH_I18N
    ROW(SC_XOPEN_ENH_I18N)
#endif
#ifdef _SC_XOPEN_LEGACY
    ROW(SC_XOPEN_LEGACY)
#endif
#ifdef _SC_XOPEN_REALTIME
    ROW(SC_XOPEN_REALTIME)
#endif
#ifdef _SC_XOPEN_REALTIME_THREADS
    ROW(SC_XOPEN_REALTIME_THREADS)
#endif
#ifdef _SC_XOPEN_SHM
    ROW(SC_XOPEN_SHM)
#endif
#ifdef _SC_XOPEN_UNIX
    ROW(SC_XOPEN_UNIX)
#endif
#ifdef _SC_XOPEN_VERSION
    ROW(SC_XOPEN_VERSION)
#endif
#ifdef _SC_XOPEN_XCU_VERSION
    ROW(SC_XOPEN_XCU_VERSION)
#endif
#ifdef _SC_XOPEN_XPG2
    ROW(SC_XOPEN_XPG2)
#endif
#ifdef _SC_XOPEN_XPG3
    ROW(SC_XOPEN_XPG3)
#endif
#ifdef _SC_XOPEN_XPG4
    ROW(SC_XOPEN_XPG4)
#endif
#undef ROW
    {NULL, 0},
};

static const ConfigName pathconf_names[] = {
#define ROW(name) {#name, _##name},
#ifdef _PC_ALLOC_SIZE_MIN
    ROW(PC_ALLOC_SIZE_MIN)
#endif
#ifdef _PC_ASYNC_IO
    ROW(PC_ASYNC_IO)
#endif
#ifdef _PC_CHOWN_RESTRICTED
    ROW(PC_CHOWN_RESTRICTED)
#endif
#ifdef _PC_FILESIZEBITS
    ROW(PC_FILESIZEBITS)
#endif
#ifdef _PC_LINK_MAX
    ROW(PC_LINK_MAX)
#endif
#ifdef _PC_MAX_CANON
    ROW(PC_MAX_CANON)
#endif
#ifdef _PC_MAX_INPUT
    ROW(PC_MAX_INPUT)
#endif
#ifdef _PC_NAME_MAX
    ROW(PC_NAME_MAX)
#endif
#ifdef _PC_NO_TRUNC
    ROW(PC_NO_TRUNC)
#endif
#ifdef _PC_PATH_MAX
    ROW(PC_PATH_MAX)
#endif
#ifdef _PC_PIPE_BUF
    ROW(PC_PIPE_BUF)
#endif
#ifdef _PC_PRIO_IO
    ROW(PC_PRIO_IO)
#endif
#ifdef _PC_REC_INCR_XFER_SIZE
    ROW(PC_REC_INCR_XFER_SIZE)
#endif
#ifdef _PC_REC_MAX_XFER_SIZE
    ROW(PC_REC_MAX_XFER_SIZE)
#endif
#ifdef _PC_REC_MIN_XFER_SIZE
    ROW(PC_REC_MIN_XFER_SIZE)
#endif
#ifdef _PC_REC_XFER_ALIGN
    ROW(PC_REC_XFER_ALIGN)
#endif
#ifdef _PC_SOCK_MAXBUF
    ROW(PC_SOCK_MAXBUF)
#endif
#ifdef _PC_SYMLINK_MAX
    ROW(PC_SYMLINK_MAX)
#endif
#ifdef _PC_SYNC_IO
    ROW(PC_SYNC_IO)
#endif
#ifdef _PC_VDISABLE
    ROW(PC_VDISABLE)
#endif
#undef ROW
    {NULL, 0},
};

static const ConfigName confstr_names[] = {
#define ROW(name) {#name, _##name},
#ifdef _CS_GNU_LIBC_VERSION
    ROW(CS_GNU_LIBC_VERSION)
#endif
#ifdef _CS_GNU_LIBPTHREAD_VERSION
    ROW(CS_GNU_LIBPTHREAD_VERSION)
#endif
#ifdef _CS_LFS64_CFLAGS
    ROW(CS_LFS64_CFLAGS)
#endif
#ifdef _CS_LFS64_LDFLAGS
    ROW(CS_LFS64_LDFLAGS)
#endif
#ifdef _CS_LFS64_LIBS
    ROW(CS_LFS64_LIBS)
#endif
#ifdef _CS_LFS64_LINTFLAGS
    ROW(CS_LFS64_LINTFLAGS)
#endif
#ifdef _CS_LFS_CFLAGS
    ROW(CS_LFS_CFLAGS)
#endif
#ifdef _CS_LFS_LDFLAGS
    ROW(CS_LFS_LDFLAGS)
#endif
#ifdef _CS_LFS_LIBS
    ROW(CS_LFS_LIBS)
#endif
#ifdef _CS_LFS_LINTFLAGS
    ROW(CS_LFS_LINTFLAGS)
#endif
#ifdef _CS_PATH
    ROW(CS_PATH)
#endif
#ifdef _CS_XBS5_ILP32_OFF32_CFLAGS
    ROW(CS_XBS5_ILP32_OFF32_CFLAGS)
#endif
#ifdef _CS_XBS5_ILP32_OFF32_LDFLAGS
    ROW(CS_XBS5_ILP32_OFF32_LDFLAGS)
#endif
#ifdef _CS_XBS5_ILP32_OFF32_LIBS
    ROW(CS_XBS5_ILP32_OFF32_LIBS)
#endif
#ifdef _CS_XBS5_ILP32_OFF32_LINTFLAGS
    ROW(CS_XBS5_ILP32_OFF32_LINTFLAGS)
#endif
#ifdef _CS_XBS5_ILP32_OFFBIG_CFLAGS
    ROW(CS_XBS5_ILP32_OFFBIG_CFLAGS)
#endif
#ifdef _CS_XBS5_ILP32_OFFBIG_LDFLAGS
    ROW(CS_XBS5_ILP32_OFFBIG_LDFLAGS)
#endif
#ifdef _CS_XBS5_ILP32_OFFBIG_LIBS
    ROW(CS_XBS5_ILP32_OFFBIG_LIBS)
#endif
#ifdef _CS_XBS5_ILP32_OFFBIG_LINTFLAGS
    ROW(CS_XBS5_ILP32_OFFBIG_LINTFLAGS)
#endif
#ifdef _CS_XBS5_LP64_OFF64_CFLAGS
    ROW(CS_XBS5_LP64_OFF64_CFLAGS)
#endif
#ifdef _CS_XBS5_LP64_OFF64_LDFLAGS
    ROW(CS_XBS5_LP64_OFF64_LDFLAGS)
#endif
#ifdef _CS_XBS5_LP64_OFF64_LIBS
    ROW(CS_XBS5_LP64_OFF64_LIBS)
#endif
#ifdef _CS_XBS5_LP64_OFF64_LINTFLAGS
    ROW(CS_XBS5_LP64_OFF64_LINTFLAGS)
#endif
#ifdef _CS_XBS5_LPBIG_OFFBIG_CFLAGS
    ROW(CS_XBS5_LPBIG_OFFBIG_CFLAGS)
#endif
#ifdef _CS_XBS5_LPBIG_OFFBIG_LDFLAGS
    ROW(CS_XBS5_LPBIG_OFFBIG_LDFLAGS)
#endif
#ifdef _CS_XBS5_LPBIG_OFFBIG_LIBS
    ROW(CS_XBS5_LPBIG_OFFBIG_LIBS)
#endif
#ifdef _CS_XBS5_LPBIG_OFFBIG_LINTFLAGS
    ROW(CS_XBS5_LPBIG_OFFBIG_LINTFLAGS)
#endif
#undef ROW
    {NULL, 0},
};
/* clang-format on */

static bool config_argument(VM *vm, const ConfigName *names, Value v, int *out) {
    if (is_int(v))
        return to_c_int(vm, v, out);
    if (!is_str(v))
        return raise_type(vm, "configuration names must be strings or integers");
    for (; names->name; names++) {
        if (str_equals_c(v, names->name)) {
            *out = names->number;
            return true;
        }
    }
    return raise_value(vm, "unrecognized configuration name");
}

static Value posix_sysconf(NATIVE_ARGS) {
    int name;
    if (!config_argument(vm, sysconf_names, args[0], &name))
        return VALUE_ERROR;
    errno = 0;
    long r = sysconf(name);
    return r == -1 && errno != 0 ? posix_fail(vm) : int_from_int64(vm, r);
}

static Value posix_confstr(NATIVE_ARGS) {
    int name;
    if (!config_argument(vm, confstr_names, args[0], &name))
        return VALUE_ERROR;
    errno = 0;
    size_t n = confstr(name, NULL, 0);
    if (n == 0)
        return errno != 0 ? posix_fail(vm) : VALUE_NONE;
    char *text = mem_alloc(vm, n);
    if (!text)
        return VALUE_ERROR;
    confstr(name, text, n);
    Value r = posix_decode(vm, text, n - 1);
    mem_free(vm, text, n);
    return r;
}

static Value posix_pathconf(NATIVE_ARGS) {
    PathArg p;
    int name;
    if (!posix_path(vm, "pathconf", "path", args[0], PATH_FD, &p))
        return VALUE_ERROR;
    Value r = VALUE_ERROR;
    if (config_argument(vm, pathconf_names, args[1], &name)) {
        errno = 0;
        long limit = p.name ? pathconf(p.name, name) : fpathconf(p.fd, name);
        r = limit == -1 && errno != 0 ? posix_path_error(vm, &p) : int_from_int64(vm, limit);
    }
    posix_path_drop(vm, &p);
    return r;
}

static Value posix_fpathconf(NATIVE_ARGS) {
    int fd, name;
    if (!to_c_int(vm, args[0], &fd) || !config_argument(vm, pathconf_names, args[1], &name))
        return VALUE_ERROR;
    errno = 0;
    long limit = fpathconf(fd, name);
    return limit == -1 && errno != 0 ? posix_fail(vm) : int_from_int64(vm, limit);
}

/* The dicts os.sysconf_names and the like, which hardly anybody asks for: made when they do. */
static Value posix_config_names(NATIVE_ARGS) {
    const ConfigName *names = !is_str(args[0])                          ? NULL
                              : str_equals_c(args[0], "sysconf_names")  ? sysconf_names
                              : str_equals_c(args[0], "pathconf_names") ? pathconf_names
                              : str_equals_c(args[0], "confstr_names")  ? confstr_names
                                                                        : NULL;
    if (!names)
        return raise_value(vm, "unknown table of names");
    Value dict = dict_new(vm);
    for (; dict && names->name; names++) {
        if (!dict_set_c(vm, dict, names->name, from_small_int(names->number)))
            set_owned(vm, &dict, 0);
    }
    return dict;
}

const MethodSpec posix_config_methods[] = {
    {"sysconf", posix_sysconf, "name, /", "A configuration value of the system.", 0},
    {"confstr", posix_confstr, "name, /", "A configuration text of the system.", 0},
    {"pathconf", posix_pathconf, "path, name", "A limit that holds for a file.", 0},
    {"fpathconf", posix_fpathconf, "fd, name, /", "A limit that holds for an open file.", 0},
    {"_config_names", posix_config_names, "table, /", "The names that one of the functions above knows.", 0},
    {0},
};
