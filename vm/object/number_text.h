/* Numbers and their digits: exact conversion between doubles and decimal text, shared by int, float and complex. All
 * of it is our own arithmetic: the C library's would depend on the host's locale and rounding mode. */
#ifndef COVE_OBJECT_NUMBER_TEXT_H
#define COVE_OBJECT_NUMBER_TEXT_H

#include "object/object.h"

/* The double nearest to top * 2^exp2, ties to even; top has its highest bit set, sticky says that the true value is a
 * little above. False when it overflows. */
bool number_compose_double(uint64_t top, int64_t exp2, bool sticky, double *out);

/* A finite non-negative double in decimal: 0.d1d2d3... * 10^point, without trailing zeros in the shortest form.
 * A zero has one digit "0" and point 1. */
#define DECIMAL_DIGITS_MAX 1500
typedef struct Decimal {
    int n;     /* digits */
    int point; /* place of the decimal point, relative to the first digit */
    char digits[DECIMAL_DIGITS_MAX];
} Decimal;
void decimal_shortest(double d, Decimal *out); /* the fewest digits that read back as d */
void decimal_significant(double d, int ndigits,
                         Decimal *out);                  /* 1 <= ndigits, rounded half to even; <= ndigits given */
void decimal_fixed(double d, int ndigits, Decimal *out); /* ndigits behind the point; may be negative */

/* Characters of text that stand for numbers. */
int number_digit_value(uint32_t code_point); /* 0..9 for a Unicode decimal digit, else -1 */
bool number_is_space(uint32_t code_point);   /* what str.strip() strips */
/* Copies text (str, or the bytes given) with Unicode blanks and digits made ASCII and the blanks around it cut off;
 * any other non-ASCII character becomes '?', which no number contains. NULL: no memory. *cap is for mem_free. */
char *number_ascii(VM *vm, const char *text, size_t n, bool is_utf8, size_t *out_n, size_t *cap);
/* Removes underscores that stand between digits, in place; false if one stands elsewhere. */
bool number_drop_underscores(char *text, size_t *n);

/* The longest number at the start of text ([sign] digits [. digits] [e digits], inf, nan); its length, 0 if none.
 * *out is correctly rounded, inf when it overflows. */
size_t number_scan_double(const char *text, size_t n, double *out);

#endif
