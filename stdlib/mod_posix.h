/* What the files of the module posix know of each other: arguments that are paths, and errors of the system. */
#ifndef COVE_STDLIB_MOD_POSIX_H
#define COVE_STDLIB_MOD_POSIX_H

#include <errno.h>

#include "object/bytes.h"
#include "runtime/lock.h"
#include "stdlib/init.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

/* A system call that may wait: made without the VM's lock, started again when a signal came whose handlers did not
 * raise. Every call that can block goes through here. The result is negative if the call failed or a handler raised:
 * posix_fail tells the two apart. */
#define BLOCKING(result, call)                                                                                       \
    do                                                                                                               \
        WITHOUT_LOCK(vm, (result) = (call));                                                                         \
    while ((result) < 0 && errno == EINTR && posix_go_on(vm))

/* A path given by a script: text, bytes, an object with __fspath__, or (where allowed) a descriptor or None. */
typedef struct PathArg {
    Value object;     /* owned: what errors name as the file */
    Value bytes;      /* owned: holds what name points to, or 0 */
    const char *name; /* NULL: a descriptor, or None */
    int fd;           /* -1: none */
    bool is_none;
} PathArg;
enum { PATH_FD = 1, PATH_NONE = 2 };

/* Fills *out, to be dropped afterwards; on failure there is nothing to drop. */
bool posix_path(VM *vm, const char *function, const char *argument, Value v, int flags, PathArg *out);
void posix_path_drop(VM *vm, PathArg *p);
/* The end of a function with one path: None if result >= 0, else the error with the file's name. Drops the path. */
Value posix_path_done(VM *vm, PathArg *p, int result);
Value posix_path_error(VM *vm, PathArg *p); /* for the present errno; drops nothing */
Value posix_fspath(VM *vm, Value path);     /* owned str or bytes */
Value posix_fs_bytes(VM *vm, Value path);   /* the same as bytes, without NUL inside; owned */
Value posix_decode(VM *vm, const char *text, size_t n);
/* Text from the system in the form of the path: bytes if that is bytes, else str. */
Value posix_text_like(VM *vm, const PathArg *p, const char *text, size_t n);

Value posix_fail(VM *vm);             /* the present errno as an exception, unless a signal handler has raised one */
Value posix_done(VM *vm, int result); /* None, or posix_fail if result < 0 */
Value posix_fail_paths(VM *vm, Value from, Value to);
bool posix_go_on(VM *vm);

bool posix_dir_fd(VM *vm, Value v, int *out); /* absent and None: the working directory */
bool posix_flag(VM *vm, Value v, bool absent, bool *out);
bool posix_int(VM *vm, Value v, int absent, int *out);
bool posix_signed(VM *vm, Value v, int *out);     /* process numbers and the like: other words for too large ones */
bool posix_descriptor(VM *vm, Value v, int *out); /* an int or an object with fileno() */
/* A user or group number; -1 stands for "as it is". */
bool posix_owner(VM *vm, const char *what, Value v, uint32_t *out);
/* Refuses keywords that make no sense with a descriptor, and a dir_fd beside one. */
bool posix_check_fd(VM *vm, const char *function, const PathArg *p, int dir_fd, bool follow);
/* Adds a struct sequence type to the module. */
bool posix_add_type(VM *vm, Value module, const char *name, Type *type);

/* Strings for the system: an array ended by NULL, and the bytes objects that hold them. */
typedef struct PosixStrings {
    char **items;
    size_t n, cap;
    Value owner;
} PosixStrings;
bool posix_strings_init(VM *vm, PosixStrings *s, size_t cap); /* room for cap strings; false: nothing to drop */
void posix_strings_drop(VM *vm, PosixStrings *s);
bool posix_strings_add_steal(VM *vm, PosixStrings *s, Value bytes); /* false if bytes is 0, or without memory */

/* The functions of register_at_fork() of one kind; what they raise is reported. */
enum { POSIX_FORK_BEFORE, POSIX_FORK_CHILD, POSIX_FORK_PARENT, POSIX_FORK_HOOKS };
void posix_fork_hooks(VM *vm, int which);
void posix_after_fork(VM *vm); /* in the child, which goes on with the calling thread alone */

extern const MethodSpec posix_file_methods[], posix_fd_methods[], posix_stat_methods[], posix_process_methods[],
    posix_info_methods[], posix_config_methods[];
bool posix_add_constants(VM *vm, Value module);
bool posix_add_stat_types(VM *vm, Value module);
bool posix_add_process_types(VM *vm, Value module);
bool posix_add_info_types(VM *vm, Value module);
Value posix_lazy_attribute(VM *vm, const char *module_name, Value name);
Value posix_stat_path(VM *vm, const char *function, Value path, int flags, bool follow, int dir_fd);

#endif
