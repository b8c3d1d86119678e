/* Putting the standard library into a VM, and what its parts know of each other. */
#ifndef COVE_STDLIB_INIT_H
#define COVE_STDLIB_INIT_H

#include "runtime/vm.h"

/* Makes `builtins` and `sys` and connects the compiler and the import system. sys.path, sys.argv and the standard
 * files are the caller's business (io_setup_std for the files). False: an exception is pending. */
bool stdlib_install(VM *vm);
/* A whole VM: made, prepared by its maker (who sets the options that the installation looks at; may be NULL), with
 * the library and the standard files installed. NULL: no memory. */
VM *stdlib_vm_create(const VmSetup *setup, void (*prepare)(VM *vm, const void *options), const void *options);
/* A new module __main__ in sys.modules: its dict, borrowed; 0 with an exception. */
Value stdlib_main_module(VM *vm);
/* What has to happen before a VM is destroyed: atexit callbacks, flushing the standard files. False when flushing
 * sys.stdout failed. */
bool stdlib_finish(VM *vm);

bool stdlib_flush(VM *vm); /* sys.stdout and sys.stderr; false when flushing the former failed */

/* Native modules, one row in modules.def each. The slot is the module's place in vm->module_state. */
typedef struct NativeModule {
    const char *name; /* NULL: left out of this build */
    bool (*init)(VM *vm, Value module);
} NativeModule;
enum {
#define MODULE(name, init) MODULE_SLOT_##init,
#include "stdlib/modules.def"
#undef MODULE
    NATIVE_MODULES
};
extern const NativeModule native_modules[NATIVE_MODULES];
const NativeModule *native_module_find(const char *name);
#define MODULE(name, init) bool init(VM *vm, Value module);
#include "stdlib/modules.def"
#undef MODULE

/* stdlib/io */
bool io_setup_std(VM *vm);              /* makes sys.stdin, sys.stdout, sys.stderr and their __names__ */
bool io_is_direct(VM *vm, Value file);  /* is it one of our own text files, not a subclass and not replaced? */
bool io_flush_fast(VM *vm, Value file); /* as its flush(), likewise */
bool io_write_fast(VM *vm, Value file, const char *utf8, size_t n); /* as its write(), for a file that is direct */

/* mod_atexit.c */
void atexit_run(VM *vm);
/* namespace.c */
Value namespace_new(VM *vm, Value dict); /* types.SimpleNamespace with these attributes; dict may be 0 */
/* module_exception.c: an exception class of a native module, kept as long as the VM; borrowed. doc may be NULL. */
Type *module_exception(VM *vm, const char *module, const char *name, Type *base, const char *doc);
/* mod_sys*.c */
bool sys_install(VM *vm);
Value sys_get(VM *vm, const char *name);             /* borrowed, 0 if missing */
bool sys_set(VM *vm, const char *name, Value value); /* consumes value; false if it is 0 */
/* Reports the pending exception through sys.excepthook. A SystemExit that the hook raises is left pending. */
void sys_report_exception(VM *vm);

#endif
