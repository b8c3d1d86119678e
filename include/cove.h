/**
 * @file cove.h
 * @brief Cove, an embeddable interpreter of Python-3 scripts: the whole interface of the library.
 *
 * A host makes a VM, runs scripts in it, calls what they define, and gives them functions, modules and classes of its
 * own:
 *
 * @code
 *     cove_vm *vm = cove_create(NULL);
 *     cove_exec(vm, "def greet(name): return f'Hello, {name}!'", "greet.co");
 *     cove_value name = cove_str(vm, "world");
 *     cove_value text = cove_call(vm, cove_global(vm, "greet"), &name, 1);
 *     if (cove_ok(text))
 *         puts(cove_text(vm, text, NULL));
 *     else
 *         fputs(cove_error_report(vm), stderr);
 *     cove_destroy(vm);
 * @endcode
 *
 * Five rules hold everywhere.
 *
 * **Results.** Every function that can fail says so: with a value for which cove_ok() is false, with `false`, with
 * `NULL`, or with a negative number. The exception is then asked for with cove_error() and its relatives. Nothing
 * jumps over the host's frames, and nothing ends the process.
 *
 * **Failed values travel.** A function that is given a failed value among its arguments fails too and leaves the
 * exception as it was. So a chain of calls needs one test, at its end.
 *
 * **Values.** A cove_value that a function returns lives until the scope it was made in is closed: the scope of the
 * native function that is being called, or the innermost one of cove_scope_open(). A host that keeps a value longer
 * says so with cove_keep(). Arguments are borrowed: no function takes a value over.
 *
 * **Text** is UTF-8. Where a function takes `const char *` alone it is ended by a NUL; with a length it may contain
 * some. Pointers that a function returns belong to the value they came from and live as long as it.
 *
 * **Threads.** One thread at a time is inside a VM. The thread that made it is inside from the start; others enter it
 * with cove_enter(). Every function needs the caller to be inside, but for those whose comment says "any thread".
 * Different VMs share nothing and may run in parallel.
 *
 * In builds for debugging (`make CONFIG=debug`) misuse, such as a call from a thread that is not inside, ends the
 * process with a message that names the function.
 */
#ifndef COVE_H
#define COVE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define COVE_API __attribute__((visibility("default"))) /**< What the library shows to others. */
/** Has the compiler check arguments against a format as printf's. */
#define COVE_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define COVE_API
#define COVE_PRINTF(format, first)
#endif

/**
 * @defgroup vm The life of a VM
 * @{
 */

#define COVE_VERSION_MAJOR 0 /**< Changes with every break of the ABI (while 0: the minor number does). */
#define COVE_VERSION_MINOR 1 /**< Changes when functions are added. */
#define COVE_VERSION_PATCH 0 /**< Changes with every other release. */
/** The three numbers as text. */
#define COVE_VERSION COVE_JOINED_(COVE_VERSION_MAJOR, COVE_VERSION_MINOR, COVE_VERSION_PATCH)
/** @cond */
#define COVE_JOINED_(major, minor, patch) COVE_QUOTED_(major) "." COVE_QUOTED_(minor) "." COVE_QUOTED_(patch)
#define COVE_QUOTED_(number) #number
/** @endcond */

/** A virtual machine: an interpreter with its own heap, modules and lock. */
typedef struct cove_vm cove_vm;

/**
 * A value of a script: a number, a string, a list, an object, a function ...
 *
 * It is copied like an integer. The word inside means nothing to a host, but that zero stands for "failed" or
 * "absent".
 */
typedef struct cove_value {
    uint64_t bits; /**< Private. */
} cove_value;

/** What a native function returns when it fails; see cove_raise(). */
#define COVE_FAILED (cove_absent())

/** The value that stands for failure, and for an argument that was not given. */
static inline cove_value cove_absent(void) {
    cove_value v;
    v.bits = 0;
    return v;
}

/** Is it a value, and not failure or an absent argument? */
static inline bool cove_ok(cove_value v) { return v.bits != 0; }

/** The version of the library that is linked, as COVE_VERSION was when it was built. Any thread. */
COVE_API const char *cove_version(void);

/**
 * The host's allocator.
 *
 * It serves all memory of a VM: `new_size` 0 frees `p`; `p` NULL allocates; else the block changes its size and
 * perhaps its place, with its contents. Blocks are aligned to 16 bytes. A VM calls it only while some thread is
 * inside, never from two threads at a time. The largest block of a new VM has 176 KiB; later ones are as large as
 * what scripts make.
 *
 * @param user      what the config gave
 * @param p         the block, or NULL
 * @param old_size  its size, in bytes (0 with p NULL)
 * @param new_size  the size wanted, in bytes
 * @return the block, or NULL if there is no memory; the old one is then still there
 */
typedef void *(*cove_allocate_fn)(void *user, void *p, size_t old_size, size_t new_size);

/**
 * Takes what scripts print.
 *
 * @param user  what the config gave
 * @param text  UTF-8, not ended by a NUL
 * @param size  its length in bytes
 * @return false if it could not be written: the script sees an OSError
 */
typedef bool (*cove_write_fn)(void *user, const char *text, size_t size);

/**
 * Gives scripts a part of their standard input.
 *
 * @param user    what the config gave
 * @param buffer  where to put it
 * @param size    how many bytes there is room for
 * @return the number of bytes put there, 0 at the end, -1 on failure (OSError)
 */
typedef ptrdiff_t (*cove_read_fn)(void *user, char *buffer, size_t size);

/** A module's source, as a host's module search gives it. */
typedef struct cove_source {
    const char *text;                          /**< UTF-8. */
    size_t size;                               /**< Bytes of text. */
    const char *filename;                      /**< For tracebacks and `__file__`; NULL: made of the name. */
    bool package;                              /**< Is it a package, which has modules below it? */
    void (*release)(struct cove_source *self); /**< Called when the text is no longer needed; may be NULL. */
    void *user;                                /**< For release. */
} cove_source;

/**
 * The host's way to find a module that a script imports, asked after the built-in modules and before files.
 *
 * @param vm    the VM
 * @param user  what the config gave
 * @param name  the full name, such as "package.module"
 * @param out   to be filled in; all zero
 * @return 1 found, 0 not here, -1 failed: cove_raise() has said why
 */
typedef int (*cove_find_module_fn)(cove_vm *vm, void *user, const char *name, cove_source *out);

/** What scripts may reach of the world outside. What is not granted raises PermissionError when it is used. */
enum cove_grant {
    COVE_GRANT_FILES = 1,       /**< Open, list, change files and directories; import from them. */
    COVE_GRANT_NETWORK = 2,     /**< Sockets and name resolution. */
    COVE_GRANT_PROCESSES = 4,   /**< Start, signal and inspect processes, the own one too. */
    COVE_GRANT_ENVIRONMENT = 8, /**< Environment variables, the user, the machine. */
    COVE_GRANT_CLOCK = 16,      /**< Read clocks, sleep. */
    COVE_GRANT_THREADS = 32,    /**< Start OS threads and further interpreters. */
    COVE_GRANT_INSPECTION = 64, /**< See all objects that are alive, by gc.get_objects() and its like, whoever has
                                   made them and keeps them from others. */
    COVE_GRANT_ALL = 127        /**< All of these, as the command `cove` has. */
};

struct cove_poller;

/**
 * How a VM shall be. All zero is a good start: the C library's memory, no limits but those named below, nothing
 * granted, output to the process' standard files. Use cove_config_default() to get that with the size filled in.
 */
typedef struct cove_config {
    size_t size;               /**< sizeof(cove_config), as the host was compiled; 0: as in version 0.1. */
    cove_allocate_fn allocate; /**< NULL: realloc() and free(). */
    void *allocate_user;       /**< For allocate. */
    size_t memory_limit; /**< Bytes the VM may have at any time; 0: no limit. Beyond: MemoryError in the script. */
    uint32_t recursion_limit; /**< Calls of scripts nested, beyond which comes RecursionError. Scripts can lower it,
                                 and raise it to this number again. 0: 1000, which they can also raise. */
    uint32_t grants;          /**< enum cove_grant, or-ed. */
    uint64_t step_limit; /**< Steps (see cove_budget) of the whole life of the VM; 0: no limit. Beyond, the script is
                              stopped as by cove_stop(). */
    cove_write_fn write_output; /**< `sys.stdout`; NULL: the process' standard output. */
    cove_write_fn write_error;  /**< `sys.stderr`; NULL: the process' standard error. */
    cove_read_fn read_input; /**< `sys.stdin`; NULL: the process' standard input if files are granted, else empty. */
    void *io_user;           /**< For the three. */
    cove_find_module_fn find_module; /**< Serves `import`; NULL: none. */
    void *find_module_user;          /**< For find_module. */
    const char *const *path; /**< Directories for `sys.path`, ended by NULL; needs COVE_GRANT_FILES. NULL: none. */
    const struct cove_poller *poller; /**< Readiness of descriptors for asyncio; NULL: epoll or poll(). */
    void *user;                       /**< The host's own; cove_user() gives it back. */
    uint64_t hash_seed;               /**< Fixes the hashes of strings, for runs that repeat; 0: random. */
    bool catch_signals;               /**< SIGINT becomes KeyboardInterrupt in this VM. */
    bool no_site;                     /**< Leave out exit, quit, help and their like. */
} cove_config;

/** A config with everything at its default. Any thread. */
static inline cove_config cove_config_default(void) {
    cove_config c;
    memset(&c, 0, sizeof c);
    c.size = sizeof c;
    return c;
}

/**
 * Makes a VM. The calling thread is inside it.
 *
 * @param config  copied; NULL: all defaults. Strings and structs it points to must live as long as the VM.
 * @return the VM, or NULL if there is not enough memory. Any thread.
 */
COVE_API cove_vm *cove_create(const cove_config *config);

/**
 * Ends a VM: runs what scripts left with `atexit`, finalizes what is left, and gives all memory back, kept values
 * too.
 *
 * To be called by the thread that is inside, outside of native functions. Runs and futures of the VM must be freed
 * before. Threads that scripts have started end first, but for daemons.
 *
 * @param vm  may be NULL
 */
COVE_API void cove_destroy(cove_vm *vm);

/** What the config had as `user`. Any thread. */
COVE_API void *cove_user(cove_vm *vm);

/** Sets what cove_user() gives back. */
COVE_API void cove_set_user(cove_vm *vm, void *user);

/** @} */

/**
 * @defgroup scopes Scopes and the life of values
 * @{
 */

/** Marks where a scope began. */
typedef struct cove_scope {
    size_t mark; /**< Private. */
} cove_scope;

/**
 * Opens a scope: values made from now on live until it is closed. Scopes nest, and close in the opposite order.
 *
 * Each call of a native function has a scope of its own. Outside of them there is one that lasts as long as the VM,
 * so that a host's main loop opens and closes one in each turn. Costs next to nothing.
 */
COVE_API cove_scope cove_scope_open(cove_vm *vm);

/** Closes a scope: values made in it, and not kept, must not be used any more. The finalizers of objects may run. */
COVE_API void cove_scope_close(cove_vm *vm, cove_scope scope);

/** Closes a scope and hands one value of it to the scope around it. @return the same value; failed stays failed */
COVE_API cove_value cove_scope_close_with(cove_vm *vm, cove_scope scope, cove_value v);

/** Keeps a value alive beyond its scope, until cove_release() has been called as often. @return the same value */
COVE_API cove_value cove_keep(cove_vm *vm, cove_value v);

/** Ends one cove_keep(). Absent and failed values are ignored. Finalizers and functions that release the host's data
 * may call it too. */
COVE_API void cove_release(cove_vm *vm, cove_value v);

/** @} */

/**
 * @defgroup errors Failure
 *
 * When a function fails, the VM remembers the exception until another function of this interface fails, or the native
 * function that was being called returns.
 * @{
 */

/** The exception of the last failure, or an absent value if there was none. */
COVE_API cove_value cove_error(cove_vm *vm);

/** Was the last failure an exception of that built-in class or one derived from it? As `except` does. */
COVE_API bool cove_error_is(cove_vm *vm, const char *class_name);

/** The name of the exception's class, such as "ValueError"; "" if there was none. Lives until the scope ends. */
COVE_API const char *cove_error_type(cove_vm *vm);

/** What the exception says: `str(e)`; "" if it says nothing. Lives until the scope ends. */
COVE_API const char *cove_error_message(cove_vm *vm);

/** The whole report as the command prints it, with the traceback, ended by a newline. Lives until the scope ends. */
COVE_API const char *cove_error_report(cove_vm *vm);

/** Shows the exception through the script's `sys.excepthook`, which prints the report to `sys.stderr`. */
COVE_API void cove_error_print(cove_vm *vm);

/** Forgets the last failure. Never needed, but it frees what the traceback holds. */
COVE_API void cove_clear_error(cove_vm *vm);

/**
 * Fails with an exception of a built-in class.
 *
 * @param vm          the VM
 * @param class_name  "ValueError" and so on; an unknown name gives SystemError
 * @param format      of the message, as printf's
 * @return COVE_FAILED, so that a native function may say `return cove_raise(...)`
 */
COVE_API cove_value cove_raise(cove_vm *vm, const char *class_name, const char *format, ...) COVE_PRINTF(3, 4);

/** Fails with an exception: an instance, or a class that is called without arguments. @return COVE_FAILED */
COVE_API cove_value cove_raise_value(cove_vm *vm, cove_value exception);

/** Fails with an OSError (or the class made for that number) for an `errno`. @return COVE_FAILED */
COVE_API cove_value cove_raise_errno(cove_vm *vm, int number, const char *filename);

/** A new exception class, as `class name(base)`. The base is an exception class; absent: Exception. */
COVE_API cove_value cove_new_exception(cove_vm *vm, const char *name, cove_value base);

/** @} */

/**
 * @defgroup running Running scripts
 * @{
 */

/**
 * Runs the text of a script in the module `__main__`.
 *
 * @param vm        the VM
 * @param source    the script
 * @param filename  for tracebacks; NULL: "<string>"
 * @return false if it raised an exception
 */
COVE_API bool cove_exec(cove_vm *vm, const char *source, const char *filename);

/** Runs a file in the module `__main__`. The host asks for it, so no grant is needed. */
COVE_API bool cove_exec_file(cove_vm *vm, const char *path);

/** The value of an expression, with the variables of `__main__`. As for eval(), spaces may stand before it. */
COVE_API cove_value cove_eval(cove_vm *vm, const char *expression);

/** What cove_compile() makes of a text. */
enum cove_mode {
    COVE_MODE_EXEC,  /**< Statements; their result is None. */
    COVE_MODE_EVAL,  /**< One expression. */
    COVE_MODE_SINGLE /**< One statement of a prompt: values that it makes are shown. */
};

/** Compiles a text of that many bytes. @return a code object */
COVE_API cove_value cove_compile(cove_vm *vm, const char *source, size_t size, const char *filename,
                                 enum cove_mode mode);

/** Runs a code object with the variables of a module (absent: `__main__`). TypeError for the code of a function that
 * uses variables of another one. @return its value */
COVE_API cove_value cove_run_code(cove_vm *vm, cove_value code, cove_value module);

/** Hands on what scripts have printed and still stands in buffers; done at the end of the functions above, and of
 * cove_poll(). After calls and runs it is left to the host, as it takes longer than they do: once in a turn, say. */
COVE_API void cove_flush(cove_vm *vm);

/** The module `__main__`. */
COVE_API cove_value cove_main(cove_vm *vm);

/** Imports a module; for "package.module" it is the inner one. */
COVE_API cove_value cove_import(cove_vm *vm, const char *name);

/** A new, empty module that no import finds, for code that shall have variables of its own. */
COVE_API cove_value cove_new_module(cove_vm *vm, const char *name);

/** A variable of `__main__`, or a built-in name. NameError if there is none. */
COVE_API cove_value cove_global(cove_vm *vm, const char *name);

/** Sets a variable of `__main__`. */
COVE_API bool cove_set_global(cove_vm *vm, const char *name, cove_value v);

/** @} */

/**
 * @defgroup making Making values
 * @{
 */

COVE_API cove_value cove_none(cove_vm *vm);                              /**< None */
COVE_API cove_value cove_not_implemented(cove_vm *vm);                   /**< NotImplemented, of `__add__` ... */
COVE_API cove_value cove_bool(cove_vm *vm, bool b);                      /**< True or False */
COVE_API cove_value cove_int(cove_vm *vm, int64_t i);                    /**< An int. */
COVE_API cove_value cove_uint(cove_vm *vm, uint64_t u);                  /**< An int that is not negative. */
COVE_API cove_value cove_float(cove_vm *vm, double d);                   /**< A float. */
COVE_API cove_value cove_complex(cove_vm *vm, double real, double imag); /**< A complex number. */

/** An int of any size from its text, as `int(text, base)`. The base is 2 to 36, or 0: told by the prefix. */
COVE_API cove_value cove_int_from_text(cove_vm *vm, const char *text, int base);

/** An int of any size from its bytes in two's complement or, without a sign, in plain binary. */
COVE_API cove_value cove_int_from_bytes(cove_vm *vm, const void *bytes, size_t size, bool little_endian,
                                        bool is_signed);

/** A str from UTF-8. UnicodeDecodeError if it is not valid. */
COVE_API cove_value cove_str(cove_vm *vm, const char *text);

/** The same with a length in bytes. */
COVE_API cove_value cove_str_n(cove_vm *vm, const char *text, size_t size);

/** A str made as by printf. */
COVE_API cove_value cove_str_format(cove_vm *vm, const char *format, ...) COVE_PRINTF(2, 3);

/** A str that stands for a name: made once in the VM, so that attributes and keys are found fastest by it. */
COVE_API cove_value cove_name(cove_vm *vm, const char *text);

/** A bytes object with a copy of the data. With data NULL it is all zeros. */
COVE_API cove_value cove_bytes(cove_vm *vm, const void *data, size_t size);

/** A bytearray with a copy of the data. With data NULL it is all zeros. */
COVE_API cove_value cove_bytearray(cove_vm *vm, const void *data, size_t size);

/**
 * A memoryview of the host's memory: scripts see it, and change it, without a copy.
 *
 * @param vm        the VM
 * @param data      the memory
 * @param size      in bytes
 * @param writable  may scripts write to it?
 * @param release   called with data and user when nothing refers to the memory any more; may be NULL
 * @param user      for release
 */
COVE_API cove_value cove_memory(cove_vm *vm, void *data, size_t size, bool writable,
                                void (*release)(void *data, void *user), void *user);

COVE_API cove_value cove_list(cove_vm *vm, const cove_value *items, size_t n);      /**< A list of n items. */
COVE_API cove_value cove_tuple(cove_vm *vm, const cove_value *items, size_t n);     /**< A tuple of n items. */
COVE_API cove_value cove_set(cove_vm *vm, const cove_value *items, size_t n);       /**< A set of n items. */
COVE_API cove_value cove_frozenset(cove_vm *vm, const cove_value *items, size_t n); /**< A frozenset of n items. */
COVE_API cove_value cove_dict(cove_vm *vm);                                         /**< An empty dict. */

/** A slice, for cove_get_item(). Absent values stand for None. */
COVE_API cove_value cove_slice(cove_vm *vm, cove_value start, cove_value stop, cove_value step);

/** @} */

/**
 * @defgroup reading Reading values
 * @{
 */

/** The kinds of values that a host can read; instances of classes derived from them count as them. */
enum cove_kind {
    COVE_KIND_ABSENT,    /**< Not a value: failed, or an argument that was not given. */
    COVE_KIND_NONE,      /**< None */
    COVE_KIND_BOOL,      /**< bool */
    COVE_KIND_INT,       /**< int */
    COVE_KIND_FLOAT,     /**< float */
    COVE_KIND_COMPLEX,   /**< complex */
    COVE_KIND_STR,       /**< str */
    COVE_KIND_BYTES,     /**< bytes */
    COVE_KIND_BYTEARRAY, /**< bytearray */
    COVE_KIND_LIST,      /**< list */
    COVE_KIND_TUPLE,     /**< tuple */
    COVE_KIND_DICT,      /**< dict */
    COVE_KIND_SET,       /**< set */
    COVE_KIND_FROZENSET, /**< frozenset */
    COVE_KIND_RANGE,     /**< range */
    COVE_KIND_SLICE,     /**< slice */
    COVE_KIND_MEMORY,    /**< memoryview */
    COVE_KIND_FUNCTION,  /**< function of a script, native function, bound method */
    COVE_KIND_CLASS,     /**< class */
    COVE_KIND_MODULE,    /**< module */
    COVE_KIND_EXCEPTION, /**< instance of an exception class */
    COVE_KIND_GENERATOR, /**< generator or async generator */
    COVE_KIND_COROUTINE, /**< coroutine */
    COVE_KIND_OBJECT     /**< anything else */
};

COVE_API enum cove_kind cove_kind_of(cove_vm *vm, cove_value v); /**< What a value is. Never fails. */
COVE_API const char *cove_type_name(cove_vm *vm, cove_value v);  /**< The name of its class, "int"; never fails. */
COVE_API cove_value cove_type_of(cove_vm *vm, cove_value v);     /**< Its class. */

/** Is it None? */
static inline bool cove_is_none(cove_vm *vm, cove_value v) { return cove_kind_of(vm, v) == COVE_KIND_NONE; }

/** `v is w`. Never fails. */
COVE_API bool cove_same(cove_vm *vm, cove_value v, cove_value w);

COVE_API int cove_truth(cove_vm *vm, cove_value v); /**< `bool(v)`: 1, 0, or -1 on failure. */

/** Reads an int, or what has `__index__`. TypeError; OverflowError if it does not fit. */
COVE_API bool cove_to_int(cove_vm *vm, cove_value v, int64_t *out);

/** The same for numbers that are not negative. */
COVE_API bool cove_to_uint(cove_vm *vm, cove_value v, uint64_t *out);

/** Reads a float, int, or what has `__float__`. TypeError, OverflowError. */
COVE_API bool cove_to_double(cove_vm *vm, cove_value v, double *out);

/** Reads a complex number, or a real one. TypeError. */
COVE_API bool cove_to_complex(cove_vm *vm, cove_value v, double *real, double *imag);

/**
 * The two's complement of an int of any size.
 *
 * @return the bytes needed, however many there was room for (all are written if it is not more than size); 0 on
 * failure
 */
COVE_API size_t cove_int_bytes(cove_vm *vm, cove_value v, void *out, size_t size, bool little_endian);

/**
 * The text of a str, without a copy.
 *
 * @param vm    the VM
 * @param v     a str
 * @param size  where to put the length in bytes; may be NULL
 * @return UTF-8 ended by a NUL, which lives as long as the value; NULL with TypeError if it is no str. Lone
 * surrogates stand as three bytes each.
 */
COVE_API const char *cove_text(cove_vm *vm, cove_value v, size_t *size);

/** The number of characters (code points) of a str; -1 with TypeError. */
COVE_API ptrdiff_t cove_text_length(cove_vm *vm, cove_value v);

/** The contents of a bytes object, without a copy; NULL with TypeError. They live as long as the value. */
COVE_API const void *cove_data(cove_vm *vm, cove_value v, size_t *size);

/** A view of the bytes inside a bytes, bytearray, memoryview, array ... */
typedef struct cove_buffer {
    void *data;         /**< The bytes. */
    size_t size;        /**< How many. */
    bool readonly;      /**< Must not be written to. */
    const char *format; /**< Of an item, as in the module struct; "B" for plain bytes. */
    size_t item_size;   /**< Bytes of an item. */
    void *private_;     /**< Private. */
} cove_buffer;

/**
 * Takes a view of the bytes of a value without a copy. While it is held the value cannot change its size.
 *
 * @param vm        the VM
 * @param v         any value with the buffer protocol
 * @param out       filled in; to be given back with cove_buffer_release(), in the same VM
 * @param writable  shall it be written to? BufferError if that cannot be
 * @return false with TypeError or BufferError
 */
COVE_API bool cove_buffer_get(cove_vm *vm, cove_value v, cove_buffer *out, bool writable);

/** Gives a view back. */
COVE_API void cove_buffer_release(cove_vm *vm, cove_buffer *buffer);

COVE_API cove_value cove_to_str(cove_vm *vm, cove_value v);  /**< `str(v)` */
COVE_API cove_value cove_to_repr(cove_vm *vm, cove_value v); /**< `repr(v)` */

/** @} */

/**
 * @defgroup operations Operations on any value
 *
 * They do what a script does with the same values, so they may run scripts.
 * @{
 */

/**
 * Calls a function, a class or anything callable.
 *
 * @param vm     the VM
 * @param fn     what to call
 * @param args   the arguments
 * @param nargs  how many; 0: args may be NULL
 * @return its result
 */
COVE_API cove_value cove_call(cove_vm *vm, cove_value fn, const cove_value *args, size_t nargs);

/**
 * Calls with keywords.
 *
 * @param vm     the VM
 * @param fn     what to call
 * @param args   nargs positional arguments, then a value for each name
 * @param nargs  the number of positional ones
 * @param names  names of keywords, ended by NULL
 */
COVE_API cove_value cove_call_keywords(cove_vm *vm, cove_value fn, const cove_value *args, size_t nargs,
                                       const char *const *names);

/** Calls `fn(*args, **kwargs)`: a tuple or any iterable (absent: none), and a dict (absent: none). */
COVE_API cove_value cove_apply(cove_vm *vm, cove_value fn, cove_value args, cove_value kwargs);

/** Calls a method: `v.name(...)`. */
COVE_API cove_value cove_call_method(cove_vm *vm, cove_value v, const char *name, const cove_value *args,
                                     size_t nargs);

COVE_API cove_value cove_get_attr(cove_vm *vm, cove_value v, const char *name); /**< `v.name` */

/** `v.name = attr`. Classes of the host, which scripts cannot change, can be given constants and the like so. */
COVE_API bool cove_set_attr(cove_vm *vm, cove_value v, const char *name, cove_value attr);

COVE_API bool cove_del_attr(cove_vm *vm, cove_value v, const char *name); /**< `del v.name` */
COVE_API int cove_has_attr(cove_vm *vm, cove_value v, const char *name);  /**< `hasattr(v, name)`: 1, 0, -1 */

COVE_API cove_value cove_get_item(cove_vm *vm, cove_value v, cove_value key);            /**< `v[key]` */
COVE_API bool cove_set_item(cove_vm *vm, cove_value v, cove_value key, cove_value item); /**< `v[key] = item` */
COVE_API bool cove_del_item(cove_vm *vm, cove_value v, cove_value key);                  /**< `del v[key]` */
COVE_API cove_value cove_get_index(cove_vm *vm, cove_value v, int64_t index);            /**< `v[index]` */
COVE_API bool cove_set_index(cove_vm *vm, cove_value v, int64_t index, cove_value item); /**< `v[index] = item` */
COVE_API cove_value cove_get_key(cove_vm *vm, cove_value v, const char *key);            /**< `v["key"]` */
COVE_API bool cove_set_key(cove_vm *vm, cove_value v, const char *key, cove_value item); /**< `v["key"] = item` */

COVE_API ptrdiff_t cove_length(cove_vm *vm, cove_value v);                      /**< `len(v)`; -1 on failure. */
COVE_API int cove_contains(cove_vm *vm, cove_value container, cove_value item); /**< `item in container`: 1, 0, -1 */
COVE_API int cove_equal(cove_vm *vm, cove_value v, cove_value w);               /**< `v == w`: 1, 0, -1 */

/** Comparisons, for cove_compare(). */
enum cove_comparison { COVE_LT, COVE_LE, COVE_EQ, COVE_NE, COVE_GT, COVE_GE };

/** `bool(v op w)`: 1, 0, -1. */
COVE_API int cove_compare(cove_vm *vm, cove_value v, enum cove_comparison op, cove_value w);

/** `v op w` for an operator as scripts write it: "+", "-", "*", "/", "//", "%", "**", "@", "<<", ">>", "&", "|", "^".
 */
COVE_API cove_value cove_operate(cove_vm *vm, cove_value v, const char *op, cove_value w);

COVE_API int cove_is_instance(cove_vm *vm, cove_value v, cove_value cls); /**< `isinstance(v, cls)`: 1, 0, -1 */
COVE_API int cove_is_callable(cove_vm *vm, cove_value v);                 /**< `callable(v)`: 1 or 0 */
COVE_API bool cove_hash(cove_vm *vm, cove_value v, int64_t *out);         /**< `hash(v)` */

COVE_API bool cove_list_append(cove_vm *vm, cove_value list, cove_value item); /**< `list.append(item)` */
COVE_API bool cove_set_add(cove_vm *vm, cove_value set, cove_value item);      /**< `set.add(item)` */

/**
 * Walks a dict in its order. The dict must not get or lose keys meanwhile.
 *
 * @param vm     the VM
 * @param dict   a dict
 * @param at     the place; 0 at the start
 * @param key    where to put the key; may be NULL
 * @param value  where to put the value; may be NULL
 * @return false at the end (and if it is no dict: TypeError)
 */
COVE_API bool cove_dict_next(cove_vm *vm, cove_value dict, size_t *at, cove_value *key, cove_value *value);

/** `iter(v)` */
COVE_API cove_value cove_iter(cove_vm *vm, cove_value v);

/** @} */

/**
 * @defgroup generators Iterators, generators and coroutines
 * @{
 */

/** How a step of an iterator, generator or coroutine ended. */
enum cove_step {
    COVE_STEP_FAILED = -1,  /**< It raised: see cove_error(). */
    COVE_STEP_RETURNED = 0, /**< It is over; the value is what it returned (None for plain iterators). */
    COVE_STEP_YIELDED = 1   /**< It gave a value and can go on. */
};

/**
 * The next value of an iterator.
 *
 * @code
 *     cove_value it = cove_iter(vm, list), item;
 *     while (cove_next(vm, it, &item) == COVE_STEP_YIELDED)
 *         ...
 * @endcode
 */
COVE_API enum cove_step cove_next(cove_vm *vm, cove_value iterator, cove_value *out);

/** Goes on with a generator or coroutine, whose `yield` or `await` gets the value sent (None, the first time). */
COVE_API enum cove_step cove_send(cove_vm *vm, cove_value generator, cove_value sent, cove_value *out);

/** Goes on with a generator or coroutine by raising an exception in it. */
COVE_API enum cove_step cove_throw(cove_vm *vm, cove_value generator, cove_value exception, cove_value *out);

/** Closes a generator or coroutine: its `finally` blocks run. */
COVE_API bool cove_close(cove_vm *vm, cove_value generator);

/** @} */

/**
 * @defgroup natives Functions, modules and classes of the host
 *
 * What describes them (the structs named `..._def`) is not copied: it must live as long as the VM. It is usually
 * static and const, and can serve many VMs.
 * @{
 */

/** A call of a native function. */
typedef struct cove_call_info {
    cove_value self;        /**< The instance, of a method; the class, of a class method; else absent. */
    const cove_value *args; /**< One for each parameter of the signature; absent where none was given. */
    size_t nargs;           /**< Their number. With the signature "*": the number of positional arguments. */
    cove_value names;       /**< With "*": a tuple of keywords, whose values follow the nargs arguments; or absent. */
    void *user;             /**< What the definition had. */
} cove_call_info;

/** A native function. @return its result, or COVE_FAILED after cove_raise() or the failure of another function */
typedef cove_value (*cove_native_fn)(cove_vm *vm, const cove_call_info *call);

/** How a method is called. */
enum cove_function_flags {
    COVE_STATIC = 1,      /**< A method without self. */
    COVE_CLASS_METHOD = 2 /**< A method whose self is the class. */
};

/**
 * A function or method. In an array of them, a row without name is the end.
 *
 * The signature names the parameters as `def` does, without parentheses, annotations and self: "x, y=0, /, *,
 * key=None". Defaults are for help() alone: the argument is absent. With "*rest" and "**options" among them, the
 * argument in that place is a tuple or a dict of what is left over. At most 24 parameters. "" or NULL: none; "*":
 * any, unchecked and as they come.
 */
typedef struct cove_function_def {
    const char *name;      /**< As scripts call it. */
    cove_native_fn fn;     /**< What is called. */
    const char *signature; /**< Its parameters. */
    const char *doc;       /**< Docstring, or NULL. */
    unsigned flags;        /**< enum cove_function_flags */
    void *user;            /**< For fn, as call->user. */
} cove_function_def;

/** A function object for a definition. */
COVE_API cove_value cove_function(cove_vm *vm, const cove_function_def *def);

/** A module that scripts import. */
typedef struct cove_module_def {
    const char *name;                              /**< "game", or "engine.physics". */
    const char *doc;                               /**< Docstring, or NULL. */
    const cove_function_def *functions;            /**< Ended by a row without name; may be NULL. */
    bool (*setup)(cove_vm *vm, cove_value module); /**< Adds what else it has; may be NULL. False: failed. */
} cove_module_def;

/** Makes a module known. It is made when it is first imported. ValueError for the name of a module that the library
 * has itself: those are not replaced. */
COVE_API bool cove_add_module(cove_vm *vm, const cove_module_def *def);

/** A computed attribute. In an array, a row without name is the end. */
typedef struct cove_property_def {
    const char *name;   /**< As scripts write it. */
    cove_native_fn get; /**< Called with self alone. */
    cove_native_fn set; /**< Called with the new value as args[0], absent for `del`; NULL: read-only. */
    const char *doc;    /**< Docstring, or NULL. */
    void *user;         /**< For both. */
} cove_property_def;

/** What a class allows. */
enum cove_class_flags {
    COVE_CLASS_FINAL = 1,    /**< Scripts cannot derive classes from it. */
    COVE_CLASS_ABSTRACT = 2, /**< Scripts cannot make instances; cove_instance() can. */
};

/**
 * A class of the host. Its instances have a block of the host's data, and slots that hold values.
 *
 * Methods with special names (`__len__`, `__getitem__`, `__add__`, `__iter__`, `__next__`, `__call__`, `__await__`,
 * `__enter__` ...) do what they do in scripts; `__next__` ends with cove_end_iteration(), operators return
 * cove_not_implemented() for operands that they do not know. Instances may be made without a constructor having run
 * (`cls.__new__(cls)`): all zero must be a state that methods, properties and finalizer can live with.
 *
 * A class may derive from another class of the host. Each then has a block of data of its own; the slots of the base
 * come first. Without init and signature it has the base's constructor; an init of its own calls the base's by
 * `__init__` of cove_class(vm, base), if that shall run. Finalizers run from the class to its base.
 */
typedef struct cove_class_def {
    const char *name;                          /**< "Player", or "game.Player" with its module. */
    const char *doc;                           /**< Docstring, or NULL. */
    size_t data_size;                          /**< Bytes of host data in each instance, zero at first. */
    unsigned slots;                            /**< Values in each instance: cove_slot(). */
    const char *signature;                     /**< Of the constructor, as of a function; NULL: no arguments. */
    cove_native_fn init;                       /**< Called with the new instance as self; NULL: nothing to do. */
    void (*finalize)(cove_vm *vm, void *data); /**< When an instance dies; may cove_release() what the data keeps, and
                                                    must not touch other values. May be NULL. */
    const cove_function_def *methods;          /**< May be NULL. */
    const cove_property_def *properties;       /**< May be NULL. */
    unsigned flags;                            /**< enum cove_class_flags */
    void *user;                                /**< For init. */
    const struct cove_class_def *base;         /**< The class of the host that it derives from; NULL: object. */
} cove_class_def;

/** The class for a definition: made when it is first asked for, then always the same in this VM. */
COVE_API cove_value cove_class(cove_vm *vm, const cove_class_def *def);

/** A new instance whose constructor has not run; `*data`, if not NULL, gets the address of its data. */
COVE_API cove_value cove_instance(cove_vm *vm, const cove_class_def *def, void **data);

/**
 * The host's data of an instance of a class (or of one that was derived from it).
 *
 * @return its address, aligned to 16 bytes, which stays as long as the instance lives; NULL with TypeError if the
 * value is no such instance. With data_size 0 it is an address all the same.
 */
COVE_API void *cove_instance_data(cove_vm *vm, cove_value v, const cove_class_def *def);

/** A value that an instance holds: absent if it has not been set. Collected together with the instance. */
COVE_API cove_value cove_slot(cove_vm *vm, cove_value instance, unsigned slot);

/** Sets a value that an instance holds; absent: none. False with TypeError or IndexError. */
COVE_API bool cove_set_slot(cove_vm *vm, cove_value instance, unsigned slot, cove_value v);

/** Ends an iterator from its `__next__`: `return cove_end_iteration(vm, cove_absent())`. The value is what it
 * returns.
 */
COVE_API cove_value cove_end_iteration(cove_vm *vm, cove_value value);

/**
 * A step of a native iterator or awaitable.
 *
 * While it is being made, scripts that it calls, and other threads, get ValueError from the same iterator.
 *
 * @param vm    the VM
 * @param user  what it was made with
 * @param sent  what was sent to it; None at first, and for plain iterators
 * @param out   where to put the value that it yields or, in the end, returns (left absent: None)
 */
typedef enum cove_step (*cove_step_fn)(cove_vm *vm, void *user, cove_value sent, cove_value *out);

/** An iterator whose values a C function gives. At its end, release (may be NULL) is called with user. */
COVE_API cove_value cove_iterator(cove_vm *vm, cove_step_fn step, void *user, void (*release)(void *user));

/**
 * An awaitable whose steps a C function makes.
 *
 * What it yields goes to whoever drives the coroutine that awaits it: with cove_run_resume() or cove_send(), the
 * host. (A coroutine that asyncio drives may yield only None, which lets others run, and futures.)
 */
COVE_API cove_value cove_awaitable(cove_vm *vm, cove_step_fn step, void *user, void (*release)(void *user));

/** @} */

/**
 * @defgroup budgets Budgets, interrupts and statistics
 * @{
 */

/**
 * How long a run may go on before it is paused.
 *
 * Steps, not instructions, are counted: a step is a call, a jump back to the start of a loop, an operator on other
 * than small integers and floats, or an item that native code takes from an iterator; some ten instructions on
 * average. They are counted exactly, so that a run with a budget of steps pauses at the same place on every machine.
 * Time is looked at every few microseconds.
 *
 * A run pauses between two instructions of a script, at a step; in time to keep within its microseconds if the next
 * step takes no longer than those before it. Native code is not left half-way: a sort, a regular expression, an
 * `asyncio.run()` goes on until it is over, or until the hard limit stops the script as cove_stop() does. Native code
 * that may take long looks at the hard limit by itself, asks beforehand whether there is time (huge integers, large
 * blocks of memory), or wakes at it (sleeping, waiting).
 */
typedef struct cove_budget {
    uint64_t steps;             /**< 0: not limited. */
    uint64_t microseconds;      /**< 0: not limited. */
    uint64_t hard_microseconds; /**< When a run that could not be paused is stopped; 0: never. */
} cove_budget;

/** A call that can be paused and continued. */
typedef struct cove_run cove_run;

/** What became of a run. */
enum cove_run_state {
    COVE_RUN_FAILED = -1,  /**< It raised an exception: see cove_error(). */
    COVE_RUN_FINISHED = 0, /**< It is over and `*out` is its result. */
    COVE_RUN_PAUSED = 1,   /**< Its budget is used up; resume it to go on. */
    COVE_RUN_WAITING = 2   /**< It is a generator or coroutine, and has yielded `*out`; what is sent goes to it. */
};

/**
 * Prepares a call. Nothing runs yet. A run of a function that makes a generator or coroutine drives that.
 *
 * @return the run, to be freed with cove_run_free(); NULL on failure
 */
COVE_API cove_run *cove_run_new(cove_vm *vm, cove_value fn, const cove_value *args, size_t nargs);

/** Prepares the run of a script's text, in a module (absent: `__main__`). */
COVE_API cove_run *cove_run_source(cove_vm *vm, const char *source, const char *filename, cove_value module);

/**
 * Starts or continues a run.
 *
 * @param run     the run
 * @param budget  NULL: until it waits or is over
 * @param sent    the value of the `yield` or `await` at which it waits; absent: None. Ignored if it was paused
 * @param out     what it yielded or returned; may be NULL
 */
COVE_API enum cove_run_state cove_run_resume(cove_run *run, const cove_budget *budget, cove_value sent,
                                             cove_value *out);

/**
 * Raises an exception at the place where a run waits or is paused, and goes on. Where one of its waiting coroutines
 * handles another exception, or awaits what is neither coroutine nor generator, and for GeneratorExit, the run is not
 * paused before it waits again: only a hard limit ends what it does meanwhile.
 */
COVE_API enum cove_run_state cove_run_throw(cove_run *run, const cove_budget *budget, cove_value exception,
                                            cove_value *out);

/** The steps that a run has made so far. */
COVE_API uint64_t cove_run_steps(const cove_run *run);

/** Is the run over, finished or failed? */
COVE_API bool cove_run_done(const cove_run *run);

/** Ends a run. One that is not over is dropped: neither its handlers nor its `finally` blocks run. Native functions
 * that a run itself calls may do this too: then it goes on, and what cove_run_resume() returns is the last of it.
 * NULL is ignored. */
COVE_API void cove_run_free(cove_run *run);

/** Raises KeyboardInterrupt in whatever the VM is running, or runs next, at its next step. Any thread, signal
 * handlers too. A script can catch it. */
COVE_API void cove_interrupt(cove_vm *vm);

/**
 * Stops whatever the VM is running: the call that the host made fails with SystemExit("stopped by the host"), and no
 * `except` or `finally` of the script runs on the way. Any thread, signal handlers too.
 *
 * What the script waits for in its main thread ends at once or within some milliseconds: time, threads, an event
 * loop, sockets, `select`, reading and writing of pipes and terminals, the other side of a FIFO, children, locks of
 * files, signals. These do not end before their time: looking up a name in the network, another interpreter of the
 * script, a native function of the host's. A child or a command that was waited for goes on. The same holds for
 * cove_interrupt(), and for the hard limit of a run.
 *
 * It holds until cove_allow(): also calls made afterwards are stopped at their first step.
 */
COVE_API void cove_stop(cove_vm *vm);

/** Lets scripts run again after cove_stop(). */
COVE_API void cove_allow(cove_vm *vm);

/** To be called by native functions that work long: lets other threads in, and tells when to give up. @return false:
 * an interrupt or a limit has come, return COVE_FAILED soon */
COVE_API bool cove_checkpoint(cove_vm *vm);

/** Changes limits of the config: memory in bytes, and depth of recursion; 0: no limit, 1000. Scripts cannot raise the
 * second beyond what it was set to. */
COVE_API void cove_set_limits(cove_vm *vm, size_t memory_limit, uint32_t recursion_limit);

/** What a VM has used. */
typedef struct cove_stats {
    size_t size;          /**< sizeof(cove_stats), to be set by the host; 0: as in version 0.1. */
    size_t memory;        /**< Bytes that it has from the allocator now. */
    size_t memory_peak;   /**< The most it ever had. */
    size_t memory_limit;  /**< 0: none. */
    uint64_t steps;       /**< Made by runs with a budget, or with a step limit. */
    uint64_t objects;     /**< Containers alive now. */
    uint64_t collections; /**< Of cycles. */
    uint32_t threads;     /**< Of scripts and hosts, in the VM. */
} cove_stats;

/** Fills in the first out->size bytes of the statistics. Takes time with the number of objects. */
COVE_API void cove_get_stats(cove_vm *vm, cove_stats *out);

/** Calls fn with each class and the number of its containers that live, in no order, until it returns false. */
COVE_API bool cove_count_objects(cove_vm *vm, bool (*fn)(void *user, const char *class_name, size_t count),
                                 void *user);

/** Collects cycles now. @return the number of objects found */
COVE_API size_t cove_collect(cove_vm *vm);

/** @} */

/**
 * @defgroup async Asynchronous hosts
 *
 * Each VM has an event loop of its own for the host: an asyncio loop, made when it is first needed. What is started
 * with cove_start() runs while the host pumps it: with cove_poll(), in a loop of the host's or beside its own work,
 * or with cove_run_loop().
 * @{
 */

/** Told of the end of a coroutine. The result is what it returned; failed: see cove_error(). */
typedef void (*cove_done_fn)(cove_vm *vm, void *user, cove_value result);

/**
 * Starts a coroutine (or another awaitable) as a task of the host's loop.
 *
 * @param vm         the VM
 * @param awaitable  what a script's `async def` returned when it was called
 * @param done       called from the loop when it is over; NULL: failures are reported as asyncio does
 * @param user       for done
 * @return the task, an `asyncio.Task`
 */
COVE_API cove_value cove_start(cove_vm *vm, cove_value awaitable, cove_done_fn done, void *user);

/**
 * Makes one turn of the loop: waits for events and timers, and runs what is due.
 *
 * @param vm            the VM
 * @param microseconds  the longest wait; 0: none, -1: until something happens
 * @return 1 if tasks, timers or callbacks are left; 0 if nothing is; -1 if a SystemExit or KeyboardInterrupt came,
 * or, with RuntimeError, if the loop is making a turn already: this was called from within it, or by a second thread
 */
COVE_API int cove_poll(cove_vm *vm, int64_t microseconds);

/** Pumps the loop until nothing is left to do. @return false as cove_poll()'s -1 */
COVE_API bool cove_run_loop(cove_vm *vm);

/** Pumps the loop until an awaitable is done. RuntimeError from within the loop. @return its result */
COVE_API cove_value cove_await(cove_vm *vm, cove_value awaitable);

/** A descriptor that is readable when cove_poll() has something to do: for the host's own loop. -1 on failure, or if
 * the poller has none. */
COVE_API int cove_poll_descriptor(cove_vm *vm);

/** Microseconds until cove_poll() has something to do even if no descriptor gets ready: 0 now, -1 never. */
COVE_API int64_t cove_poll_deadline(cove_vm *vm);

/** The host's side of a future: it is resolved once, from any thread. */
typedef struct cove_future cove_future;

/**
 * A future, which a script awaits and the host resolves. It belongs to the loop that is running, else to the host's.
 *
 * @return to be resolved by one of the functions below, or dropped with cove_future_drop(); NULL on failure
 */
COVE_API cove_future *cove_future_new(cove_vm *vm);

/** What scripts await: an `asyncio.Future`, for a native function to return. */
COVE_API cove_value cove_future_value(cove_future *future);

/** Makes the result of a future, inside the VM; COVE_FAILED after cove_raise() fails it. */
typedef cove_value (*cove_result_fn)(cove_vm *vm, void *user);

/** Resolves a future with what a function makes, which is called inside the VM when its loop gets to it, also if
 * nobody waits any more. The handle is gone afterwards. Any thread, without being inside. False: no memory. */
COVE_API bool cove_future_resolve(cove_future *future, cove_result_fn make, void *user);

/** Resolves a future with an int. Else as cove_future_resolve(). */
COVE_API bool cove_future_resolve_int(cove_future *future, int64_t result);

/** Resolves a future with a str, copied. Else as cove_future_resolve(). */
COVE_API bool cove_future_resolve_text(cove_future *future, const char *text, size_t size);

/** Resolves a future with a bytes object, copied. Else as cove_future_resolve(). */
COVE_API bool cove_future_resolve_bytes(cove_future *future, const void *data, size_t size);

/** Resolves a future with None. Else as cove_future_resolve(). */
COVE_API bool cove_future_resolve_none(cove_future *future);

/** Fails a future with an exception of a built-in class. Else as cove_future_resolve(). */
COVE_API bool cove_future_fail(cove_future *future, const char *class_name, const char *message);

/** Has anybody cancelled the future, or the task that waits for it? Any thread. */
COVE_API bool cove_future_cancelled(const cove_future *future);

/** Gives a future up: it is cancelled. Any thread. NULL is ignored. */
COVE_API void cove_future_drop(cove_future *future);

/** Has fn(vm, user) called inside the VM, at the next step of a script, in cove_poll() or when a thread enters. Any
 * thread. False: no memory. */
COVE_API bool cove_post(cove_vm *vm, void (*fn)(cove_vm *vm, void *user), void *user);

/** Readiness, for pollers. */
enum cove_readiness {
    COVE_READABLE = 1, /**< Can be read from, or is at its end. */
    COVE_WRITABLE = 2  /**< Can be written to. */
};

/** A descriptor that is ready. */
typedef struct cove_ready {
    int fd;          /**< The descriptor. */
    unsigned events; /**< enum cove_readiness; errors and hang-ups count as both. */
} cove_ready;

/**
 * The host's way to wait for descriptors, in place of epoll. Functions that fail set errno and return -1.
 */
typedef struct cove_poller {
    /** Makes a poller. One is made for each event loop. @param state where to put the host's own */
    int (*open)(void *user, void **state);
    /** Ends it. */
    void (*close)(void *user, void *state);
    /** Watches fd for events (enum cove_readiness; 0: no longer), level-triggered, until told otherwise. */
    int (*watch)(void *user, void *state, int fd, unsigned events);
    /** Waits at most so many milliseconds (-1: for ever). Called while no thread is inside the VM.
     * @return how many of the n events were filled in */
    int (*wait)(void *user, void *state, int milliseconds, cove_ready *events, int n);
    void *user; /**< For all of them. */
} cove_poller;

/** @} */

/**
 * @defgroup threads Threads
 * @{
 */

/**
 * Enters a VM: waits until no other thread is inside. Calls nest.
 *
 * A thread of the host that is new to the VM is made known to it, and forgotten when it leaves. Any thread.
 *
 * @return false if there was no memory for that, or the VM is at its end
 */
COVE_API bool cove_enter(cove_vm *vm);

/**
 * Leaves a VM, so that other threads can enter it and the threads of scripts can run.
 *
 * Also around what takes long in a native function, if it touches no value meanwhile; cove_enter() takes up again
 * where it was. (There it leaves the VM however often cove_enter() was called outside of the function.) Scopes that
 * are opened in the VM are closed before it is left.
 */
COVE_API void cove_leave(cove_vm *vm);

/**
 * Tells on which C stack the calling thread runs from now on: for hosts that switch to stacks of their own making, as
 * fibers and coroutines of C do.
 *
 * How deep scripts can recurse in native code goes by the stack. A VM knows that of the system's threads, from
 * cove_create() and cove_enter() on; a host that switches to another one tells of it before it goes on with the VM,
 * and again when it has switched back. What began on one stack ends there: a stack is not left in the middle of a
 * call into the VM, but for one that calls into it and is back before.
 *
 * @param lowest  the lowest address of the stack, or NULL: the thread's own again
 * @param size    its bytes; scripts need 256 KiB
 */
COVE_API void cove_set_stack(cove_vm *vm, void *lowest, size_t size);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
