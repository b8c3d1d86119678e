/* fcntl: the system calls fcntl(), ioctl() and flock(), and locks of parts of files. */
#include "stdlib/guard.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "object/str.h"
#include "stdlib/module_tools.h"

#define ARGUMENT_MAX 1024 /* bytes of an argument that is copied */

/* The integer that goes to the system as it is: 32 bits, or 64 where the argument is a pointer's size. */
static bool word(VM *vm, Value v, unsigned long *out) {
    Value i = to_index(vm, v);
    int64_t n = 0;
    uint64_t u = 0;
    if (!i)
        return false;
    bool ok = int_fits_int64(i, &n) || int_fits_uint64(i, &u);
    decref(vm, i);
    *out = u ? (unsigned long)u : (unsigned long)n;
    return ok || raise_overflow(vm, "Python int too large to convert to C long");
}

/* Text and buffers are copied to room of a fixed size, which the call may write to and whose bytes are the result. */
static bool copy_in(VM *vm, const char *function, Value v, char *room, size_t *n) {
    Buffer b = {0};
    const char *data = is_str(v) ? str_data(v) : NULL;
    *n = data ? as_str(v)->nbytes : 0;
    if (!data) {
        if (!buffer_get(vm, v, &b, false))
            return false;
        data = b.data;
        *n = b.len;
    }
    bool fits = *n <= ARGUMENT_MAX;
    if (fits) {
        memcpy(room, data, *n);
        room[*n] = 0;
    }
    if (b.owner)
        buffer_release(vm, &b);
    return fits || raise_value(vm, "%s string arg too long", function);
}

/* What is neither text nor has a buffer counts as a number, so that the error says so. */
static bool is_number(Value v) {
    return !is_obj(v) || is_int(v) || !(is_str(v) || obj_type(as_obj(v))->slots.get_buffer);
}

/* fcntl() with a pointer. Of a command that waits for a lock the system reports deadlocks; where the host may end the
 * wait it does not, as the command without waiting is repeated. */
static int lock_part(VM *vm, int fd, int command, void *data) {
    int result, attempt = command == F_SETLKW ? F_SETLK : command == F_OFD_SETLKW ? F_OFD_SETLK : command;
    if (attempt != command && guard_needed(vm))
        GUARD_RETRY(result, fcntl(fd, attempt, data), errno == EACCES || errno == EAGAIN);
    else
        BLOCKING(result, fcntl(fd, command, data));
    return result;
}

static Value fcntl_fcntl(NATIVE_ARGS) {
    int fd, command, result;
    unsigned long number = 0;
    if (!posix_descriptor(vm, args[0], &fd) || !to_c_int(vm, args[1], &command))
        return VALUE_ERROR;
    if (args[2] && !is_number(args[2])) {
        char room[ARGUMENT_MAX + 8];
        size_t n;
        if (!copy_in(vm, "fcntl", args[2], room, &n))
            return VALUE_ERROR;
        result = lock_part(vm, fd, command, room);
        return result < 0 ? posix_fail(vm) : bytes_new(vm, room, n);
    }
    if (args[2] && !word(vm, args[2], &number))
        return VALUE_ERROR;
    BLOCKING(result, fcntl(fd, command, (int)number));
    return result < 0 ? posix_fail(vm) : from_small_int(result);
}

/* ioctl() with a writable buffer, which gets what the call writes. The system may write more than a short buffer
 * holds: such ones are worked on in a copy. */
static Value ioctl_in_place(VM *vm, int fd, unsigned long request, Buffer *b) {
    int result;
    char room[ARGUMENT_MAX + 8];
    bool copied = b->len <= ARGUMENT_MAX;
    char *data = copied ? room : b->data;
    if (copied) {
        memcpy(room, b->data, b->len);
        room[b->len] = 0;
    }
    BLOCKING(result, ioctl(fd, request, data));
    if (copied)
        memcpy(b->data, room, b->len);
    Value r = result < 0 ? posix_fail(vm) : from_small_int(result);
    buffer_release(vm, b);
    return r;
}

static Value fcntl_ioctl(NATIVE_ARGS) {
    int fd, result;
    unsigned long request, number = 0;
    bool in_place;
    if (!posix_descriptor(vm, args[0], &fd) || !word(vm, args[1], &request) ||
        !posix_flag(vm, args[3], true, &in_place))
        return VALUE_ERROR;
    if (args[2] && !is_number(args[2])) {
        char room[ARGUMENT_MAX + 8];
        size_t n;
        Buffer b;
        if (in_place && !is_str(args[2]) && !is_bytes(args[2])) {
            if (buffer_get(vm, args[2], &b, true))
                return ioctl_in_place(vm, fd, request, &b);
            if (!error_matches(vm, vm->exc.BufferError) && !error_matches(vm, vm->exc.TypeError))
                return VALUE_ERROR;
            error_clear(vm);
        }
        if (!copy_in(vm, "ioctl", args[2], room, &n))
            return VALUE_ERROR;
        BLOCKING(result, ioctl(fd, request, room));
        return result < 0 ? posix_fail(vm) : bytes_new(vm, room, n);
    }
    if (args[2] && !word(vm, args[2], &number))
        return VALUE_ERROR;
    BLOCKING(result, ioctl(fd, request, number));
    return result < 0 ? posix_fail(vm) : from_small_int(result);
}

static Value fcntl_flock(NATIVE_ARGS) {
    int fd, operation, result;
    if (!posix_descriptor(vm, args[0], &fd) || !to_c_int(vm, args[1], &operation))
        return VALUE_ERROR;
    if (!(operation & LOCK_NB) && guard_needed(vm))
        GUARD_RETRY(result, flock(fd, operation | LOCK_NB), errno == EWOULDBLOCK);
    else
        BLOCKING(result, flock(fd, operation));
    return posix_done(vm, result);
}

static Value fcntl_lockf(NATIVE_ARGS) {
    int fd, operation, whence, result;
    int64_t length = 0, start = 0;
    if (!posix_descriptor(vm, args[0], &fd) || !to_c_int(vm, args[1], &operation) ||
        (args[2] && !to_int64(vm, args[2], &length)) || (args[3] && !to_int64(vm, args[3], &start)) ||
        !posix_int(vm, args[4], 0, &whence))
        return VALUE_ERROR;
    struct flock part = {.l_whence = (short)whence, .l_start = start, .l_len = length};
    if (operation & LOCK_UN)
        part.l_type = F_UNLCK;
    else if (operation & LOCK_SH)
        part.l_type = F_RDLCK;
    else if (operation & LOCK_EX)
        part.l_type = F_WRLCK;
    else
        return raise_value(vm, "unrecognized lockf argument");
    result = lock_part(vm, fd, operation & LOCK_NB ? F_SETLK : F_SETLKW, &part);
    return posix_done(vm, result);
}

static const MethodSpec functions[] = {
    {"fcntl", fcntl_fcntl, "fd, cmd, arg=0, /", "Does cmd with a descriptor; a buffer's copy is returned.", 0},
    {"ioctl", fcntl_ioctl, "fd, request, arg=0, mutate_flag=True, /",
     "Asks the device behind a descriptor; a writable buffer is filled in place.", 0},
    {"flock", fcntl_flock, "fd, operation, /", "Locks or unlocks a file.", 0},
    {"lockf", fcntl_lockf, "fd, cmd, len=0, start=0, whence=0, /", "Locks or unlocks a part of a file.", 0},
    {0},
};

static const ModuleConstant constants[] = {
    CONSTANT(FD_CLOEXEC),
    CONSTANT(F_DUPFD),
    CONSTANT(F_DUPFD_CLOEXEC),
    CONSTANT(F_GETFD),
    CONSTANT(F_SETFD),
    CONSTANT(F_GETFL),
    CONSTANT(F_SETFL),
    CONSTANT(F_GETLK),
    CONSTANT(F_SETLK),
    CONSTANT(F_SETLKW),
    CONSTANT(F_GETOWN),
    CONSTANT(F_SETOWN),
    CONSTANT(F_RDLCK),
    CONSTANT(F_WRLCK),
    CONSTANT(F_UNLCK),
    CONSTANT(LOCK_SH),
    CONSTANT(LOCK_EX),
    CONSTANT(LOCK_NB),
    CONSTANT(LOCK_UN),
    CONSTANT(FASYNC),
#if defined(__linux__)
    CONSTANT(F_GETSIG),
    CONSTANT(F_SETSIG),
    CONSTANT(F_EXLCK),
    CONSTANT(F_SHLCK),
    CONSTANT(F_GETLK64),
    CONSTANT(F_SETLK64),
    CONSTANT(F_SETLKW64),
    CONSTANT(F_OFD_GETLK),
    CONSTANT(F_OFD_SETLK),
    CONSTANT(F_OFD_SETLKW),
    CONSTANT(F_SETLEASE),
    CONSTANT(F_GETLEASE),
    CONSTANT(F_NOTIFY),
    CONSTANT(F_SETPIPE_SZ),
    CONSTANT(F_GETPIPE_SZ),
    CONSTANT(F_ADD_SEALS),
    CONSTANT(F_GET_SEALS),
    CONSTANT(F_SEAL_SEAL),
    CONSTANT(F_SEAL_SHRINK),
    CONSTANT(F_SEAL_GROW),
    CONSTANT(F_SEAL_WRITE),
    CONSTANT(LOCK_MAND),
    CONSTANT(LOCK_READ),
    CONSTANT(LOCK_WRITE),
    CONSTANT(LOCK_RW),
    CONSTANT(F_GETOWN_EX),
    CONSTANT(F_SETOWN_EX),
    CONSTANT(F_OWNER_TID),
    CONSTANT(F_OWNER_PID),
    CONSTANT(F_OWNER_PGRP),
    CONSTANT(F_GET_RW_HINT),
    CONSTANT(F_SET_RW_HINT),
    CONSTANT(F_GET_FILE_RW_HINT),
    CONSTANT(F_SET_FILE_RW_HINT),
    CONSTANT(RWH_WRITE_LIFE_NONE),
    CONSTANT(RWH_WRITE_LIFE_SHORT),
    CONSTANT(RWH_WRITE_LIFE_MEDIUM),
    CONSTANT(RWH_WRITE_LIFE_LONG),
    CONSTANT(RWH_WRITE_LIFE_EXTREME),
    {"RWH_WRITE_LIFE_NOT_SET", 0},
    CONSTANT(F_SEAL_FUTURE_WRITE),
    {"FICLONE", 0x40049409},
    {"FICLONERANGE", 0x4020940D},
    CONSTANT(DN_ACCESS),
    CONSTANT(DN_MODIFY),
    CONSTANT(DN_CREATE),
    CONSTANT(DN_DELETE),
    CONSTANT(DN_RENAME),
    CONSTANT(DN_ATTRIB),
#endif
};

bool mod_fcntl_init(VM *vm, Value module) {
    return module_add_functions(vm, module, functions) &&
           module_add_constants(vm, module, constants, ARRAY_LEN(constants)) &&
           module_add(vm, module, "DN_MULTISHOT", int_from_int64(vm, 0x80000000));
}
