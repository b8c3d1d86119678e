/* posix: functions that take the path of a file, apart from those about its status (mod_posix_stat.c). */
#include "stdlib/guard.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The working directory ---------------------------------------------------------------------------------------------
 */

static Value working_directory(VM *vm, bool text) {
    char small[1024];
    size_t size = sizeof small;
    char *buffer = small;
    Value r = VALUE_ERROR;
    for (;;) {
        if (getcwd(buffer, size)) {
            r = text ? posix_decode(vm, buffer, strlen(buffer)) : bytes_new(vm, buffer, strlen(buffer));
            break;
        }
        if (errno != ERANGE) {
            posix_fail(vm);
            break;
        }
        if (buffer != small)
            mem_free(vm, buffer, size);
        size *= 2;
        buffer = mem_alloc(vm, size);
        if (!buffer)
            return VALUE_ERROR;
    }
    if (buffer != small)
        mem_free(vm, buffer, size);
    return r;
}

static Value posix_getcwd(NATIVE_ARGS) { return working_directory(vm, true); }
static Value posix_getcwdb(NATIVE_ARGS) { return working_directory(vm, false); }

static Value posix_chdir(NATIVE_ARGS) {
    PathArg p;
    if (!posix_path(vm, "chdir", "path", args[0], PATH_FD, &p))
        return VALUE_ERROR;
    int r;
    BLOCKING(r, p.name ? chdir(p.name) : fchdir(p.fd));
    return posix_path_done(vm, &p, r);
}

static Value posix_chroot(NATIVE_ARGS) {
    PathArg p;
    return posix_path(vm, "chroot", "path", args[0], 0, &p) ? posix_path_done(vm, &p, chroot(p.name)) : VALUE_ERROR;
}

/* Making and removing -----------------------------------------------------------------------------------------------
 */

static Value posix_open(NATIVE_ARGS) {
    PathArg p;
    int flags, mode, dir_fd, fd;
    if (!posix_path(vm, "open", "path", args[0], 0, &p))
        return VALUE_ERROR;
    if (!to_c_int(vm, args[1], &flags) || !posix_int(vm, args[2], 0777, &mode) ||
        !posix_dir_fd(vm, args[3], &dir_fd)) {
        posix_path_drop(vm, &p);
        return VALUE_ERROR;
    }
    fd = guard_open(vm, dir_fd, p.name, flags | O_CLOEXEC, (mode_t)mode);
    Value r = posix_path_done(vm, &p, fd);
    return r ? from_small_int(fd) : r;
}

static Value posix_mkdir(NATIVE_ARGS) {
    PathArg p;
    int mode, dir_fd = AT_FDCWD, r = -1;
    if (!posix_path(vm, "mkdir", "path", args[0], 0, &p))
        return VALUE_ERROR;
    if (posix_int(vm, args[1], 0777, &mode) && posix_dir_fd(vm, args[2], &dir_fd))
        r = mkdirat(dir_fd, p.name, (mode_t)mode);
    return posix_path_done(vm, &p, r);
}

static Value posix_mkfifo(NATIVE_ARGS) {
    PathArg p;
    int mode, dir_fd = AT_FDCWD, r = -1;
    if (!posix_path(vm, "mkfifo", "path", args[0], 0, &p))
        return VALUE_ERROR;
    if (posix_int(vm, args[1], 0666, &mode) && posix_dir_fd(vm, args[2], &dir_fd))
        BLOCKING(r, mkfifoat(dir_fd, p.name, (mode_t)mode));
    posix_path_drop(vm, &p);
    return posix_done(vm, r);
}

static Value posix_mknod(NATIVE_ARGS) {
    PathArg p;
    int mode, dir_fd = AT_FDCWD, r = -1;
    int64_t device = 0;
    if (!posix_path(vm, "mknod", "path", args[0], 0, &p))
        return VALUE_ERROR;
    if (posix_int(vm, args[1], 0600, &mode) && (!args[2] || to_int64(vm, args[2], &device)) &&
        posix_dir_fd(vm, args[3], &dir_fd))
        BLOCKING(r, mknodat(dir_fd, p.name, (mode_t)mode, (dev_t)device));
    posix_path_drop(vm, &p);
    return posix_done(vm, r);
}

static Value remove_at(VM *vm, const char *function, Value *args, int flags) {
    PathArg p;
    int dir_fd = AT_FDCWD, r = -1;
    if (!posix_path(vm, function, "path", args[0], 0, &p))
        return VALUE_ERROR;
    if (posix_dir_fd(vm, args[1], &dir_fd))
        r = unlinkat(dir_fd, p.name, flags);
    return posix_path_done(vm, &p, r);
}
static Value posix_unlink(NATIVE_ARGS) { return remove_at(vm, "unlink", args, 0); }
static Value posix_remove(NATIVE_ARGS) { return remove_at(vm, "remove", args, 0); }
static Value posix_rmdir(NATIVE_ARGS) { return remove_at(vm, "rmdir", args, AT_REMOVEDIR); }

/* Two paths ---------------------------------------------------------------------------------------------------------
 */

/* Both paths and their directories: args are src, dst, src_dir_fd, dst_dir_fd. */
static bool two_paths(VM *vm, const char *function, Value *args, Value src_dir, Value dst_dir, PathArg *src,
                      PathArg *dst, int *src_fd, int *dst_fd) {
    if (!posix_path(vm, function, "src", args[0], 0, src))
        return false;
    if (!posix_path(vm, function, "dst", args[1], 0, dst)) {
        posix_path_drop(vm, src);
        return false;
    }
    if (posix_dir_fd(vm, src_dir, src_fd) && posix_dir_fd(vm, dst_dir, dst_fd))
        return true;
    posix_path_drop(vm, src);
    posix_path_drop(vm, dst);
    return false;
}

static Value two_paths_done(VM *vm, PathArg *src, PathArg *dst, int result) {
    Value r = result < 0 ? posix_fail_paths(vm, src->object, dst->object) : VALUE_NONE;
    posix_path_drop(vm, src);
    posix_path_drop(vm, dst);
    return r;
}

static Value rename_at(VM *vm, const char *function, Value *args) {
    PathArg src, dst;
    int src_fd, dst_fd;
    if (!two_paths(vm, function, args, args[2], args[3], &src, &dst, &src_fd, &dst_fd))
        return VALUE_ERROR;
    return two_paths_done(vm, &src, &dst, renameat(src_fd, src.name, dst_fd, dst.name));
}
static Value posix_rename(NATIVE_ARGS) { return rename_at(vm, "rename", args); }
static Value posix_replace(NATIVE_ARGS) { return rename_at(vm, "replace", args); }

static Value posix_link(NATIVE_ARGS) {
    PathArg src, dst;
    int src_fd, dst_fd;
    bool follow;
    if (!posix_flag(vm, args[4], true, &follow) ||
        !two_paths(vm, "link", args, args[2], args[3], &src, &dst, &src_fd, &dst_fd))
        return VALUE_ERROR;
    /* Left to itself the call does what link() does, which on Linux means that links are not followed. */
    int flags = args[4] && follow ? AT_SYMLINK_FOLLOW : 0;
    return two_paths_done(vm, &src, &dst, linkat(src_fd, src.name, dst_fd, dst.name, flags));
}

static Value posix_symlink(NATIVE_ARGS) {
    PathArg src, dst;
    int dst_fd, unused;
    bool directory;
    if (!posix_flag(vm, args[2], false, &directory) ||
        !two_paths(vm, "symlink", args, 0, args[3], &src, &dst, &unused, &dst_fd))
        return VALUE_ERROR;
    return two_paths_done(vm, &src, &dst, symlinkat(src.name, dst_fd, dst.name));
}

static Value posix_readlink(NATIVE_ARGS) {
    PathArg p;
    int dir_fd = AT_FDCWD;
    char target[PATH_MAX + 1];
    ssize_t n = -1;
    if (!posix_path(vm, "readlink", "path", args[0], 0, &p))
        return VALUE_ERROR;
    if (posix_dir_fd(vm, args[1], &dir_fd))
        n = readlinkat(dir_fd, p.name, target, PATH_MAX);
    Value r = n < 0 ? posix_path_error(vm, &p) : posix_text_like(vm, &p, target, (size_t)n);
    posix_path_drop(vm, &p);
    return r;
}

/* Rights and owners -------------------------------------------------------------------------------------------------
 */

static Value posix_access(NATIVE_ARGS) {
    PathArg p;
    int mode, dir_fd;
    bool effective, follow;
    if (!posix_path(vm, "access", "path", args[0], 0, &p))
        return VALUE_ERROR;
    bool ok = to_c_int(vm, args[1], &mode) && posix_dir_fd(vm, args[2], &dir_fd) &&
              posix_flag(vm, args[3], false, &effective) && posix_flag(vm, args[4], true, &follow);
    Value r = VALUE_ERROR;
    if (ok) {
        int flags = (effective ? AT_EACCESS : 0) | (follow ? 0 : AT_SYMLINK_NOFOLLOW);
        r = from_bool(faccessat(dir_fd, p.name, mode, flags) == 0);
    }
    posix_path_drop(vm, &p);
    return r;
}

static Value posix_chmod(NATIVE_ARGS) {
    PathArg p;
    int mode, dir_fd, r = -1;
    bool follow;
    if (!posix_path(vm, "chmod", "path", args[0], PATH_FD, &p))
        return VALUE_ERROR;
    if (to_c_int(vm, args[1], &mode) && posix_dir_fd(vm, args[2], &dir_fd) &&
        posix_flag(vm, args[3], true, &follow) && posix_check_fd(vm, "chmod", &p, dir_fd, follow)) {
        if (p.name)
            r = fchmodat(dir_fd, p.name, (mode_t)mode, follow ? 0 : AT_SYMLINK_NOFOLLOW);
        else
            BLOCKING(r, fchmod(p.fd, (mode_t)mode));
    }
    if (r < 0 && !error_pending(vm) && !follow && (errno == ENOTSUP || errno == EOPNOTSUPP)) {
        posix_path_drop(vm, &p);
        return raisef(vm, vm->exc.NotImplementedError, "chmod: follow_symlinks unavailable on this platform");
    }
    return posix_path_done(vm, &p, r);
}

static Value change_owner(VM *vm, const char *function, Value *args, int path_flags, Value dir, Value links) {
    PathArg p;
    uint32_t uid, gid;
    int dir_fd, r = -1;
    bool follow;
    if (!posix_path(vm, function, "path", args[0], path_flags, &p))
        return VALUE_ERROR;
    if (posix_owner(vm, "uid", args[1], &uid) && posix_owner(vm, "gid", args[2], &gid) &&
        posix_dir_fd(vm, dir, &dir_fd) && posix_flag(vm, links, true, &follow) &&
        posix_check_fd(vm, function, &p, dir_fd, follow))
        r = p.name ? fchownat(dir_fd, p.name, uid, gid, follow ? 0 : AT_SYMLINK_NOFOLLOW) : fchown(p.fd, uid, gid);
    return posix_path_done(vm, &p, r);
}
static Value posix_chown(NATIVE_ARGS) { return change_owner(vm, "chown", args, PATH_FD, args[3], args[4]); }
static Value posix_lchown(NATIVE_ARGS) { return change_owner(vm, "lchown", args, 0, 0, VALUE_FALSE); }

static Value posix_fchown(NATIVE_ARGS) {
    int fd, r;
    uint32_t uid, gid;
    if (!to_c_int(vm, args[0], &fd) || !posix_owner(vm, "uid", args[1], &uid) ||
        !posix_owner(vm, "gid", args[2], &gid))
        return VALUE_ERROR;
    BLOCKING(r, fchown(fd, uid, gid));
    return posix_done(vm, r);
}

static Value posix_truncate(NATIVE_ARGS) {
    PathArg p;
    int64_t length;
    int r = -1;
    if (!posix_path(vm, "truncate", "path", args[0], PATH_FD, &p))
        return VALUE_ERROR;
    if (to_int64(vm, args[1], &length))
        BLOCKING(r, p.name ? truncate(p.name, length) : ftruncate(p.fd, length));
    if (p.name)
        return posix_path_done(vm, &p, r);
    posix_path_drop(vm, &p);
    return posix_done(vm, r);
}

const MethodSpec posix_file_methods[] = {
    {"getcwd", posix_getcwd, "", "The working directory.", 0},
    {"getcwdb", posix_getcwdb, "", "The working directory as bytes.", 0},
    {"chdir", posix_chdir, "path", "Changes the working directory.", 0},
    {"chroot", posix_chroot, "path", "Changes the root directory.", 0},
    {"open", posix_open, "path, flags, mode=511, *, dir_fd=None", "Opens a file and returns its descriptor.", 0},
    {"mkdir", posix_mkdir, "path, mode=511, *, dir_fd=None", "Makes a directory.", 0},
    {"mkfifo", posix_mkfifo, "path, mode=438, *, dir_fd=None", "Makes a named pipe.", 0},
    {"mknod", posix_mknod, "path, mode=384, device=0, *, dir_fd=None", "Makes a node in the file system.", 0},
    {"unlink", posix_unlink, "path, *, dir_fd=None", "Removes a file.", 0},
    {"remove", posix_remove, "path, *, dir_fd=None", "Removes a file.", 0},
    {"rmdir", posix_rmdir, "path, *, dir_fd=None", "Removes an empty directory.", 0},
    {"rename", posix_rename, "src, dst, *, src_dir_fd=None, dst_dir_fd=None", "Renames a file or directory.", 0},
    {"replace", posix_replace, "src, dst, *, src_dir_fd=None, dst_dir_fd=None",
     "Renames a file or directory, in place of what has the new name.", 0},
    {"link", posix_link, "src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True",
     "Gives a file another name.", 0},
    {"symlink", posix_symlink, "src, dst, target_is_directory=False, *, dir_fd=None", "Makes a symbolic link.", 0},
    {"readlink", posix_readlink, "path, *, dir_fd=None", "What a symbolic link points to.", 0},
    {"access", posix_access, "path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True",
     "Whether the real user may do that to the file.", 0},
    {"chmod", posix_chmod, "path, mode, *, dir_fd=None, follow_symlinks=True", "Changes the access rights.", 0},
    {"chown", posix_chown, "path, uid, gid, *, dir_fd=None, follow_symlinks=True", "Changes the owner and group.", 0},
    {"lchown", posix_lchown, "path, uid, gid", "Changes the owner and group of a link itself.", 0},
    {"fchown", posix_fchown, "fd, uid, gid", "Changes the owner and group of an open file.", 0},
    {"truncate", posix_truncate, "path, length", "Cuts a file at a length.", 0},
    {0},
};
