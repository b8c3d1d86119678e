/* The table of powers of ten behind float parsing and printing; see float_pow10.c. */
#ifndef COVE_OBJECT_FLOAT_POW10_H
#define COVE_OBJECT_FLOAT_POW10_H

#include "base/common.h"

#define FLOAT_POW10_MIN (-348)
#define FLOAT_POW10_MAX 324
extern const uint64_t float_pow10[FLOAT_POW10_MAX - FLOAT_POW10_MIN + 1][2]; /* high word, low word */

/* floor(log2(10^e)), right for |e| <= 1650; the constant is log2(10) in units of 2^-19. */
static ALWAYS_INLINE int float_log2_pow10(int e) { return (e * 1741647) >> 19; }

#endif
