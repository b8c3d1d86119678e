/* A check of compiled code against the contract of opcodes.def: for tests and debug builds. */
#ifndef COVE_CODE_VERIFY_H
#define COVE_CODE_VERIFY_H

#include "code/code.h"

/* True if every operand is in range, every jump lands on an instruction, every temporary is written before it is read
 * and used up exactly once on every path. Else SystemError says what is wrong, and where. */
bool code_verify(VM *vm, const Code *code) MUST_CHECK;

#endif
