/* _posixshmem: shared memory that has a name, so that processes that do not descend from each other find it. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "stdlib/mod_posix.h"
#include "stdlib/module_tools.h"

static Value shmem_open(NATIVE_ARGS) {
    PathArg path;
    int flags, mode = 0777, fd;
    if (!posix_signed(vm, args[1], &flags) || (args[2] != 0 && !posix_signed(vm, args[2], &mode)) ||
        !posix_path(vm, "shm_open", "path", args[0], 0, &path))
        return VALUE_ERROR;
    BLOCKING(fd, shm_open(path.name, flags | O_CLOEXEC, (mode_t)mode));
    Value result = fd < 0 ? posix_path_error(vm, &path) : int_from_int64(vm, fd);
    posix_path_drop(vm, &path);
    return result;
}

static Value shmem_unlink(NATIVE_ARGS) {
    PathArg path;
    if (!posix_path(vm, "shm_unlink", "path", args[0], 0, &path))
        return VALUE_ERROR;
    int result;
    BLOCKING(result, shm_unlink(path.name));
    return posix_path_done(vm, &path, result);
}

static const MethodSpec shmem_functions[] = {
    {"shm_open", shmem_open, "path, flags, mode=511", "Opens shared memory by its name; the descriptor.", 0},
    {"shm_unlink", shmem_unlink, "path", "Takes the name of shared memory away.", 0},
    {0},
};

bool mod_posixshmem_init(VM *vm, Value module) { return module_add_functions(vm, module, shmem_functions); }
