/* The import system. The essay is in importer.c. */
#ifndef COVE_STDLIB_IMPORT_IMPORTER_H
#define COVE_STDLIB_IMPORT_IMPORTER_H

#include "runtime/vm.h"

bool importer_install(VM *vm); /* sys.meta_path and its finders; specs of the modules that exist already */

/* What the instructions call: through the function pointers in VM. */
Value import_name(VM *vm, Value name, Value globals, Value fromlist, int level); /* honours a replaced __import__ */
Value import_from(VM *vm, Value module, Value name);
bool import_star(VM *vm, Value module, Value namespace);

/* __import__: globals and fromlist may be 0 or None. Owned module. */
Value import_module_level(VM *vm, Value name, Value globals, Value fromlist, int level);
/* The module of that absolute name itself (the last part of a dotted name), imported if need be; owned. */
Value import_module(VM *vm, Value name);
Value import_c(VM *vm, const char *name);

/* What a finder found out about a module. */
typedef enum SpecOrigin { SPEC_NONE, SPEC_BUILTIN, SPEC_FROZEN, SPEC_SOURCE, SPEC_NAMESPACE } SpecOrigin;

/* spec.c: importlib.machinery.ModuleSpec and the loaders */
typedef struct ModuleSpec {
    Object header;
    Value name, loader, origin, locations, loader_state,
        cached; /* owned; loader_state and so on may be None, never 0 */
    bool has_location, initializing, set_cached;
} ModuleSpec;
Value spec_new(VM *vm, Value name, Value loader, Value origin, Value locations); /* 0 stands for None */
bool is_module_spec(VM *vm, Value v);
/* A spec's attribute that any object serving as spec has: owned, None when it is missing, 0 on error. */
Value spec_attribute(VM *vm, Value spec, const char *name);
Value spec_parent(VM *vm, Value spec); /* of a ModuleSpec: the package's name; owned */
Type *spec_type(VM *vm);
Type *builtin_importer_type(VM *vm);
Type *frozen_importer_type(VM *vm);
Type *path_finder_type(VM *vm);
Type *source_loader_type(VM *vm);
Type *namespace_loader_type(VM *vm);

/* loaders.c */
/* The spec of a module, or VALUE_NONE: by the finder of that kind. `path` is the package's __path__, or None. */
Value find_builtin(VM *vm, Value name);
Value find_frozen_core(VM *vm, Value name); /* only those that files cannot replace */
Value find_in_path(VM *vm, Value name, Value path);
Value source_loader_new(VM *vm, Value name, Value path);
Value source_loader_path(Value loader); /* borrowed str */
bool module_execute_source(VM *vm, Value module, Value path);
bool module_execute_frozen(VM *vm, Value module, Value name);
bool module_execute_builtin(VM *vm, Value module, Value name);
bool module_set_doc(VM *vm, Value module, Value name); /* of a native module that has no docstring of its own */
Value file_read_bytes(VM *vm, Value path);             /* OSError; owned bytes */
Value code_from_file(VM *vm, Value path);              /* reads and compiles a source file */
Value code_from_frozen(VM *vm, Value name);            /* 0 with ImportError "No such frozen object named x" */

/* lock.c: who imports which module */
/* Waits until no other thread imports it, and begins to do so. False: a handler's exception, or RuntimeError because
 * the other one waits for this thread. */
bool import_lock_take(VM *vm, Value name) MUST_CHECK;
bool import_lock_release(VM *vm, Value name); /* false without exception: it was not taken by this thread */
/* Waits for another thread that imports the module. 1: it did; 0: nobody does, or would be done before this thread;
 * -1: exception. */
int import_lock_wait(VM *vm, Value name);
bool import_lock_held(VM *vm, Value name);
void import_locks_after_fork(VM *vm); /* those of the threads that are gone become free */

/* importer.c */
bool module_init_attributes(VM *vm, Value module, Value spec);

#endif
