/* The numbers of the module posix: flags of open(), of wait() and the like, as far as the system has them. */
#include "stdlib/mod_posix.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#if defined(__linux__)
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/xattr.h>
#endif

/* clang-format off */
static const struct {
    const char *name;
    int64_t number;
} constants[] = {
#define ROW(name) {#name, name},
    ROW(F_OK)
    ROW(R_OK)
    ROW(W_OK)
    ROW(X_OK)
    ROW(O_RDONLY)
    ROW(O_WRONLY)
    ROW(O_RDWR)
    ROW(O_ACCMODE)
    ROW(O_APPEND)
    ROW(O_CREAT)
    ROW(O_EXCL)
    ROW(O_TRUNC)
    ROW(O_NONBLOCK)
    ROW(O_NOCTTY)
    ROW(O_CLOEXEC)
    ROW(O_DIRECTORY)
    ROW(O_NOFOLLOW)
    ROW(O_SYNC)
    ROW(WNOHANG)
    ROW(WUNTRACED)
    ROW(WCONTINUED)
    ROW(WEXITED)
    ROW(WSTOPPED)
    ROW(WNOWAIT)
    ROW(F_LOCK)
    ROW(F_TLOCK)
    ROW(F_ULOCK)
    ROW(F_TEST)
    ROW(PRIO_PROCESS)
    ROW(PRIO_PGRP)
    ROW(PRIO_USER)
    ROW(RTLD_LAZY)
    ROW(RTLD_NOW)
    ROW(RTLD_GLOBAL)
    ROW(RTLD_LOCAL)
    ROW(ST_RDONLY)
    ROW(ST_NOSUID)
    ROW(EX_OK)
    ROW(EX_USAGE)
    ROW(EX_DATAERR)
    ROW(EX_NOINPUT)
    ROW(EX_NOUSER)
    ROW(EX_NOHOST)
    ROW(EX_UNAVAILABLE)
    ROW(EX_SOFTWARE)
    ROW(EX_OSERR)
    ROW(EX_OSFILE)
    ROW(EX_CANTCREAT)
    ROW(EX_IOERR)
    ROW(EX_TEMPFAIL)
    ROW(EX_PROTOCOL)
    ROW(EX_NOPERM)
    ROW(EX_CONFIG)
    ROW(SCHED_OTHER)
    ROW(SCHED_FIFO)
    ROW(SCHED_RR)
    ROW(CLD_EXITED)
    ROW(CLD_KILLED)
    ROW(CLD_DUMPED)
    ROW(CLD_TRAPPED)
    ROW(CLD_STOPPED)
    ROW(CLD_CONTINUED)
    ROW(P_ALL)
    ROW(P_PID)
    ROW(P_PGID)
    ROW(TMP_MAX)
#ifdef O_ASYNC
    ROW(O_ASYNC)
#endif
#ifdef O_DIRECT
    ROW(O_DIRECT)
#endif
#ifdef O_DSYNC
    ROW(O_DSYNC)
#endif
#ifdef O_FSYNC
    ROW(O_FSYNC)
#endif
#ifdef O_LARGEFILE
    ROW(O_LARGEFILE)
#endif
#ifdef O_NDELAY
    ROW(O_NDELAY)
#endif
#ifdef O_NOATIME
    ROW(O_NOATIME)
#endif
#ifdef O_PATH
    ROW(O_PATH)
#endif
#ifdef O_RSYNC
    ROW(O_RSYNC)
#endif
#ifdef O_TMPFILE
    ROW(O_TMPFILE)
#endif
#ifdef O_EXLOCK
    ROW(O_EXLOCK)
#endif
#ifdef O_SHLOCK
    ROW(O_SHLOCK)
#endif
#ifdef O_EVTONLY
    ROW(O_EVTONLY)
#endif
#ifdef NGROUPS_MAX
    ROW(NGROUPS_MAX)
#endif
#ifdef SEEK_DATA
    ROW(SEEK_DATA)
#endif
#ifdef SEEK_HOLE
    ROW(SEEK_HOLE)
#endif
#ifdef RTLD_DEEPBIND
    ROW(RTLD_DEEPBIND)
#endif
#ifdef RTLD_NODELETE
    ROW(RTLD_NODELETE)
#endif
#ifdef RTLD_NOLOAD
    ROW(RTLD_NOLOAD)
#endif
#ifdef ST_APPEND
    ROW(ST_APPEND)
#endif
#ifdef ST_MANDLOCK
    ROW(ST_MANDLOCK)
#endif
#ifdef ST_NOATIME
    ROW(ST_NOATIME)
#endif
#ifdef ST_NODEV
    ROW(ST_NODEV)
#endif
#ifdef ST_NODIRATIME
    ROW(ST_NODIRATIME)
#endif
#ifdef ST_NOEXEC
    ROW(ST_NOEXEC)
#endif
#ifdef ST_RELATIME
    ROW(ST_RELATIME)
#endif
#ifdef ST_SYNCHRONOUS
    ROW(ST_SYNCHRONOUS)
#endif
#ifdef ST_WRITE
    ROW(ST_WRITE)
#endif
#ifdef SCHED_BATCH
    ROW(SCHED_BATCH)
#endif
#ifdef SCHED_IDLE
    ROW(SCHED_IDLE)
#endif
#ifdef SCHED_RESET_ON_FORK
    ROW(SCHED_RESET_ON_FORK)
#endif
#ifdef GRND_NONBLOCK
    ROW(GRND_NONBLOCK)
#endif
#ifdef GRND_RANDOM
    ROW(GRND_RANDOM)
#endif
#ifdef EFD_CLOEXEC
    ROW(EFD_CLOEXEC)
#endif
#ifdef EFD_NONBLOCK
    ROW(EFD_NONBLOCK)
#endif
#ifdef EFD_SEMAPHORE
    ROW(EFD_SEMAPHORE)
#endif
#ifdef MFD_CLOEXEC
    ROW(MFD_CLOEXEC)
#endif
#ifdef MFD_ALLOW_SEALING
    ROW(MFD_ALLOW_SEALING)
#endif
#ifdef MFD_HUGETLB
    ROW(MFD_HUGETLB)
#endif
#ifdef POSIX_FADV_NORMAL
    ROW(POSIX_FADV_NORMAL)
#endif
#ifdef POSIX_FADV_RANDOM
    ROW(POSIX_FADV_RANDOM)
#endif
#ifdef POSIX_FADV_SEQUENTIAL
    ROW(POSIX_FADV_SEQUENTIAL)
#endif
#ifdef POSIX_FADV_WILLNEED
    ROW(POSIX_FADV_WILLNEED)
#endif
#ifdef POSIX_FADV_DONTNEED
    ROW(POSIX_FADV_DONTNEED)
#endif
#ifdef POSIX_FADV_NOREUSE
    ROW(POSIX_FADV_NOREUSE)
#endif
#ifdef XATTR_CREATE
    ROW(XATTR_CREATE)
#endif
#ifdef XATTR_REPLACE
    ROW(XATTR_REPLACE)
#endif
#ifdef XATTR_SIZE_MAX
    ROW(XATTR_SIZE_MAX)
#endif
#if defined(__linux__) /* members of an enumeration */
                                                                                                                                                                                                                        {"P_PIDFD",
                                                                                                                                                                                                                         3},
#endif
#undef ROW
};
/* clang-format on */

bool posix_add_constants(VM *vm, Value module) {
    for (size_t i = 0; i < ARRAY_LEN(constants); i++) {
        if (!module_add(vm, module, constants[i].name, int_from_int64(vm, constants[i].number)))
            return false;
    }
    return true;
}
