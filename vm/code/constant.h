/* When two constants are the same: only if no script can tell them apart. 1, 1.0 and True differ, so do 0.0 and -0.0,
 * and so do tuples that differ in such an item. Code objects are the same only if they are identical. */
#ifndef COVE_CODE_CONSTANT_H
#define COVE_CODE_CONSTANT_H

#include "runtime/vm.h"

uint64_t constant_hash(VM *vm, Value v);
bool constant_same(Value a, Value b);

#endif
