/* The module builtins, in parts: each file offers a table of functions, module.c installs them all. */
#ifndef COVE_STDLIB_BUILTINS_H
#define COVE_STDLIB_BUILTINS_H

#include "runtime/vm.h"

extern const MethodSpec builtins_object_methods[];  /* object.c: one object at a time */
extern const MethodSpec builtins_number_methods[];  /* numbers.c: numbers and characters */
extern const MethodSpec builtins_iterate_methods[]; /* iterate.c: iterables */
extern const MethodSpec builtins_print_methods[];   /* print.c: print and input */
extern const MethodSpec builtins_run_methods[];     /* run.c: compile, eval, exec, namespaces, imports */
extern const MethodSpec builtins_class_methods[];   /* build_class.c */

/* vm/object/iterators.c */
Value callable_iterator_new(VM *vm, Value callable, Value sentinel);

bool builtins_install(VM *vm); /* makes the module, sets vm->builtins and vm->builtins_module */
bool site_install(VM *vm);     /* exit, quit, help and the texts; not with -S */

/* The value of a keyword argument in raw arguments: borrowed, 0 if not given. */
Value keyword_argument(Value *args, size_t nargs, Value kwnames, const char *name);
/* False with TypeError "f() got an unexpected keyword argument 'x'" unless every keyword is among `names` (NULL
 * ends). */
bool keywords_known(VM *vm, const char *function, Value kwnames, const char *const *names);

#endif
