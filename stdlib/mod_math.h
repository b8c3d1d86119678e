/* What the files of the math module share. */
#ifndef COVE_STDLIB_MOD_MATH_H
#define COVE_STDLIB_MOD_MATH_H

#include "runtime/vm.h"

bool mod_math_init(VM *vm, Value module);
extern const MethodSpec math_integer_functions[]; /* mod_math_int.c: gcd, comb, factorial ... */
extern const MethodSpec math_sum_functions[];     /* mod_math_sum.c: fsum, hypot, prod ... */

#endif
