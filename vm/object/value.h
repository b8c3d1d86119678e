/* Values: every script value in 64 bits.
 *
 *   upper 16 bits   meaning
 *   0x0000          pointer to a heap Object (48-bit address); all bits zero is VALUE_ERROR
 *   0x0001          constant: None, False, True, Ellipsis, NotImplemented
 *   0x0002..0xFFFA  a double, its bits increased by 2^49
 *   0xFFFF          an integer of 48 bits, two's complement, in the lower bits
 *
 * Zero serves as "no value": an unbound register, an absent optional argument, and the result of a native function
 * that failed. An integer that fits 48 bits is always stored unboxed (instances of int's subclasses apart), so that
 * equal small integers are equal words.
 *
 * With the integer tag all ones, (a & b) carries the tag only if both operands do, and shifting two integers left by
 * 16 puts their signs at bit 63, where the CPU's own overflow flag watches 48-bit arithmetic.
 */
#ifndef COVE_OBJECT_VALUE_H
#define COVE_OBJECT_VALUE_H

#include "base/common.h"

typedef uint64_t Value;
typedef struct VM VM;
typedef struct Thread Thread;
typedef struct Object Object;
typedef struct Type Type;
typedef struct Shape Shape;

#define VALUE_ERROR ((Value)0)
#define VALUE_CONSTANT(n) (((Value)1 << 48) | (n))
#define VALUE_NONE VALUE_CONSTANT(1) /* not 0: is_obj tests v - 1 */
#define VALUE_FALSE VALUE_CONSTANT(2)
#define VALUE_TRUE VALUE_CONSTANT(3)
#define VALUE_ELLIPSIS VALUE_CONSTANT(4)
#define VALUE_NOTIMPL VALUE_CONSTANT(5)

#define VALUE_DOUBLE_OFFSET ((Value)0x0002 << 48)
#define VALUE_INT_TAG ((Value)0xFFFF << 48)
#define SMALL_INT_MAX (((int64_t)1 << 47) - 1)
#define SMALL_INT_MIN (-((int64_t)1 << 47))

/* True for a heap pointer; false for VALUE_ERROR. */
static ALWAYS_INLINE bool is_obj(Value v) { return (v - 1) >> 48 == 0; }
static ALWAYS_INLINE Object *as_obj(Value v) { return (Object *)(uintptr_t)v; }
static ALWAYS_INLINE Value from_obj(const void *o) { return (Value)(uintptr_t)o; }

static ALWAYS_INLINE bool is_small_int(Value v) { return v >= VALUE_INT_TAG; }
static ALWAYS_INLINE bool both_small_int(Value a, Value b) { return (a & b) >= VALUE_INT_TAG; }
static ALWAYS_INLINE int64_t as_small_int(Value v) { return (int64_t)(v << 16) >> 16; }
static ALWAYS_INLINE bool fits_small_int(int64_t i) { return i >= SMALL_INT_MIN && i <= SMALL_INT_MAX; }
/* i must fit 48 bits; int_from_int64 in int.h takes any. */
static ALWAYS_INLINE Value from_small_int(int64_t i) { return (Value)i | VALUE_INT_TAG; }

static ALWAYS_INLINE bool is_double(Value v) { return v - VALUE_DOUBLE_OFFSET < ((Value)(0xFFFB - 0x0002) << 48); }
static ALWAYS_INLINE double as_double(Value v) {
    v -= VALUE_DOUBLE_OFFSET;
    double d;
    memcpy(&d, &v, sizeof d);
    return d;
}
/* NaNs made from foreign bits must be made canonical first (double_from_bits in float.h does); arithmetic on values
 * never makes any other kind. */
static ALWAYS_INLINE Value from_double(double d) {
    Value v;
    memcpy(&v, &d, sizeof v);
    return v + VALUE_DOUBLE_OFFSET;
}

static ALWAYS_INLINE bool is_bool(Value v) { return (v & ~(Value)1) == VALUE_FALSE; }
static ALWAYS_INLINE Value from_bool(bool b) { return VALUE_FALSE | (Value)b; }
static ALWAYS_INLINE bool is_none(Value v) { return v == VALUE_NONE; }

#endif
