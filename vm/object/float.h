/* float and complex. A float is an unboxed double; the heap form exists for instances of subclasses only. */
#ifndef COVE_OBJECT_FLOAT_H
#define COVE_OBJECT_FLOAT_H

#include "object/object.h"

typedef struct Float {
    Object header;
    double value;
} Float;

typedef struct Complex {
    Object header;
    double real, imag;
} Complex;

static ALWAYS_INLINE bool is_float(Value v) { return is_double(v) || has_kind(v, KIND_FLOAT); }
static ALWAYS_INLINE double float_value(Value v) { return is_double(v) ? as_double(v) : ((Float *)as_obj(v))->value; }
static ALWAYS_INLINE bool is_complex(Value v) { return has_kind(v, KIND_COMPLEX); }
Value double_from_bits(double foreign); /* makes NaNs canonical, keeping their sign */
Value complex_new(VM *vm, double real, double imag);

double float_mod(double a, double b);      /* Python's %, b != 0 */
double float_floordiv(double a, double b); /* b != 0 */
Value float_binary(VM *vm, BinaryOp op, double a,
                   double b);                       /* ZeroDivisionError texts included; POW may give complex */
Value float_round(VM *vm, double d, Value ndigits); /* round(d, ndigits); 0 or None: to an int */
Value complex_power_values(VM *vm, double ar, double ai, double br, double bi); /* (ar+ai*j) ** (br+bi*j) */
int64_t float_hash(VM *vm, Value v);
int float_compare_int(double d, Value i);                      /* exact; d not nan */
Value float_parse(VM *vm, Value text);                         /* float("...") */
bool float_from_text(const char *text, size_t n, double *out); /* without underscores or blanks; false: malformed */
Value float_format(VM *vm, double d, Value spec);              /* __format__ */
Value complex_format(VM *vm, Value v, Value spec);
/* repr: shortest digits that read back; out must hold 32 bytes; returns the length */
size_t float_repr(double d, char *out);
/* 'e' 'f' 'g' 'E' 'F' 'G' with `precision` digits, flags as in C ('#' alternate, '+' sign); malloc'ed by mem_alloc:
 * use the StrBuilder instead */
struct StrBuilder;
bool float_format_to(struct StrBuilder *out, double d, char type, int precision, bool alternate, bool plus);

#endif
