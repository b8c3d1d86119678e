/* What the files of the module sys share. */
#ifndef COVE_STDLIB_MOD_SYS_H
#define COVE_STDLIB_MOD_SYS_H

#include "stdlib/init.h"

extern const MethodSpec sys_methods[];      /* mod_sys.c */
extern const MethodSpec sys_hook_methods[]; /* mod_sys_hooks.c */

#endif
