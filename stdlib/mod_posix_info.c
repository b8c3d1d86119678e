/* posix: what the system says of itself, random bytes, terminals' sizes, and device numbers. */
#include "stdlib/mod_posix.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/sysmacros.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char *const uname_fields[] = {"sysname", "nodename", "release", "version", "machine"};
static const char *const times_fields[] = {"user", "system", "children_user", "children_system", "elapsed"};
static const char *const size_fields[] = {"columns", "lines"};

static Type *uname_type(VM *vm) {
    return structseq_type(vm, "posix.uname_result", "The names of the system.", uname_fields, 5, 5);
}
static Type *times_type(VM *vm) {
    return structseq_type(vm, "posix.times_result", "The times a process has used.", times_fields, 5, 5);
}
static Type *size_type(VM *vm) {
    return structseq_type(vm, "os.terminal_size", "The size of a terminal's window.", size_fields, 2, 2);
}

static Value posix_uname(NATIVE_ARGS) {
    struct utsname u;
    if (uname(&u) < 0)
        return posix_fail(vm);
    Type *type = uname_type(vm);
    if (!type)
        return VALUE_ERROR;
    Value items[] = {posix_decode(vm, u.sysname, strlen(u.sysname)), posix_decode(vm, u.nodename, strlen(u.nodename)),
                     posix_decode(vm, u.release, strlen(u.release)), posix_decode(vm, u.version, strlen(u.version)),
                     posix_decode(vm, u.machine, strlen(u.machine))};
    return structseq_new(vm, type, items);
}

static Value posix_times(NATIVE_ARGS) {
    struct tms t;
    clock_t elapsed = times(&t);
    double ticks = (double)sysconf(_SC_CLK_TCK);
    if (elapsed == (clock_t)-1)
        return posix_fail(vm);
    Type *type = times_type(vm);
    Value items[] = {from_double((double)t.tms_utime / ticks), from_double((double)t.tms_stime / ticks),
                     from_double((double)t.tms_cutime / ticks), from_double((double)t.tms_cstime / ticks),
                     from_double((double)elapsed / ticks)};
    return type ? structseq_new(vm, type, items) : VALUE_ERROR;
}

static Value posix_get_terminal_size(NATIVE_ARGS) {
    int fd;
    struct winsize w;
    if (!posix_int(vm, args[0], STDOUT_FILENO, &fd))
        return VALUE_ERROR;
    if (ioctl(fd, TIOCGWINSZ, &w) < 0)
        return posix_fail(vm);
    Type *type = size_type(vm);
    Value items[] = {from_small_int(w.ws_col), from_small_int(w.ws_row)};
    return type ? structseq_new(vm, type, items) : VALUE_ERROR;
}

static Value posix_cpu_count(NATIVE_ARGS) {
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? VALUE_NONE : from_small_int(n);
}

static Value posix_getloadavg(NATIVE_ARGS) {
    double load[3];
    if (getloadavg(load, 3) != 3)
        return raisef(vm, vm->exc.OSError, "Load averages are unobtainable");
    return tuple_pack(vm, 3, from_double(load[0]), from_double(load[1]), from_double(load[2]));
}

static Value posix_getlogin(NATIVE_ARGS) {
    char name[LOGIN_NAME_MAX + 1];
    int error = getlogin_r(name, sizeof name);
    return error != 0 ? raise_os_error(vm, error, 0) : posix_decode(vm, name, strlen(name));
}

static Value posix_ctermid(NATIVE_ARGS) {
    char name[L_ctermid];
    ctermid(name);
    return posix_decode(vm, name, strlen(name));
}

/* Random bytes ------------------------------------------------------------------------------------------------------
 */

static Value posix_urandom(NATIVE_ARGS) {
    ssize_t n;
    if (!to_ssize(vm, args[0], &n))
        return VALUE_ERROR;
    if (n < 0)
        return raise_value(vm, "negative argument not allowed");
    Value r = bytes_new(vm, NULL, (size_t)n);
    for (size_t done = 0; r && done < (size_t)n;) {
        size_t left = (size_t)n - done;
        int failed; /* 256 bytes at a time are never given in part */
        BLOCKING(failed, getentropy(as_bytes(r)->data + done, left < 256 ? left : 256));
        if (failed < 0) {
            posix_fail(vm);
            set_owned(vm, &r, 0);
        }
        done += left < 256 ? left : 256;
    }
    return r;
}

#if defined(__linux__)
static Value posix_getrandom(NATIVE_ARGS) {
    ssize_t n, got;
    int flags;
    if (!to_ssize(vm, args[0], &n) || !posix_int(vm, args[1], 0, &flags))
        return VALUE_ERROR;
    if (n < 0) {
        errno = EINVAL;
        return posix_fail(vm);
    }
    char *buffer = mem_alloc(vm, (size_t)n);
    if (!buffer)
        return VALUE_ERROR;
    BLOCKING(got, getrandom(buffer, (size_t)n, (unsigned)flags));
    Value r = got < 0 ? posix_fail(vm) : bytes_new(vm, buffer, (size_t)got);
    mem_free(vm, buffer, (size_t)n);
    return r;
}
#endif

/* Device numbers ----------------------------------------------------------------------------------------------------
 */

static Value posix_major(NATIVE_ARGS) {
    int64_t device;
    return to_int64(vm, args[0], &device) ? int_from_int64(vm, (int64_t)major((dev_t)device)) : VALUE_ERROR;
}
static Value posix_minor(NATIVE_ARGS) {
    int64_t device;
    return to_int64(vm, args[0], &device) ? int_from_int64(vm, (int64_t)minor((dev_t)device)) : VALUE_ERROR;
}
static Value posix_makedev(NATIVE_ARGS) {
    int64_t high, low;
    if (!to_int64(vm, args[0], &high) || !to_int64(vm, args[1], &low))
        return VALUE_ERROR;
    return int_from_uint64(vm, makedev((unsigned)high, (unsigned)low));
}
static Value posix_sync(NATIVE_ARGS) {
    sync();
    return VALUE_NONE;
}

const MethodSpec posix_info_methods[] = {
    {"uname", posix_uname, "", "The names of the system.", 0},
    {"times", posix_times, "", "The times this process and its children have used.", 0},
    {"get_terminal_size", posix_get_terminal_size, "fd=1, /", "The size of a terminal's window.", 0},
    {"cpu_count", posix_cpu_count, "", "The number of processors, or None.", 0},
    {"getloadavg", posix_getloadavg, "", "The load over 1, 5 and 15 minutes.", 0},
    {"getlogin", posix_getlogin, "", "The name of the user that logged in.", 0},
    {"ctermid", posix_ctermid, "", "The name of the controlling terminal.", 0},
    {"urandom", posix_urandom, "size, /", "Random bytes fit for cryptography.", 0},
#if defined(__linux__)
    {"getrandom", posix_getrandom, "size, flags=0", "Random bytes from the system's own call.", 0},
#endif
    {"major", posix_major, "device, /", "The major part of a device number.", 0},
    {"minor", posix_minor, "device, /", "The minor part of a device number.", 0},
    {"makedev", posix_makedev, "major, minor, /", "A device number of its two parts.", 0},
    {"sync", posix_sync, "", "Writes everything to the devices.", 0},
    {0},
};

bool posix_add_info_types(VM *vm, Value module) {
    return posix_add_type(vm, module, "uname_result", uname_type(vm)) &&
           posix_add_type(vm, module, "times_result", times_type(vm)) &&
           posix_add_type(vm, module, "terminal_size", size_type(vm));
}
