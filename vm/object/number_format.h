/* The format mini-language, [[fill]align][sign][z][#][0][width][grouping][.precision][type], for all number types
 * (str's own formatting may use the parser too). */
#ifndef COVE_OBJECT_NUMBER_FORMAT_H
#define COVE_OBJECT_NUMBER_FORMAT_H

#include "object/object.h"

typedef struct FormatSpec {
    uint32_t fill;    /* code point; ' ' unless given */
    char align;       /* '<' '>' '^' '=': the default if not given */
    char sign;        /* '+' '-' ' ', 0: not given */
    bool no_neg_zero; /* z */
    bool alternate;   /* # */
    bool align_given;
    char thousands;    /* ',' '_', 0: none */
    ssize_t width;     /* -1: not given */
    ssize_t precision; /* -1: not given */
    uint32_t type;     /* code point; the default if not given */
} FormatSpec;

/* False with CPython's ValueError; type_name is the formatted object's, for the message. */
bool number_format_parse(VM *vm, Value spec, const char *type_name, char default_type, char default_align,
                         FormatSpec *out) MUST_CHECK;
Value number_format_unknown(VM *vm, const FormatSpec *spec, const char *type_name); /* "Unknown format code ..." */

/* A number in parts: [sign][prefix][digits][rest]. Zero padding and grouping touch the digits alone; a text without
 * digits ("inf") is all rest. */
typedef struct NumberParts {
    char sign; /* 0: none */
    char prefix[3];
    const char *digits, *rest;
    size_t ndigits, nrest;
} NumberParts;
Value number_format_write(VM *vm, const FormatSpec *spec, const NumberParts *parts);
/* The sign character for a number under the spec's sign option. */
static inline char number_format_sign(const FormatSpec *spec, bool negative) {
    return negative ? '-' : spec->sign == '+' || spec->sign == ' ' ? spec->sign : 0;
}

/* A double's text without its sign: digits before the point, and the rest (point, fraction, exponent). type is one of
 * e f g E F G, or r for the shortest form; dot_zero adds ".0" to what would look like an integer. The text stands in
 * `stack` or, if long, in memory of the VM; float_text_free gives it back. */
typedef struct FloatText {
    char *text;
    size_t len, whole; /* whole: length of the digits before the point; 0 for inf and nan */
    size_t cap;        /* of allocated memory, 0: none */
    bool is_zero;      /* all digits are zero */
    char stack[120];
} FloatText;
bool float_text_make(VM *vm, FloatText *out, double d, char type, ssize_t precision, bool alternate,
                     bool dot_zero) MUST_CHECK;
void float_text_free(VM *vm, FloatText *t);

Value float_format_value(VM *vm, double d, Value spec, const char *type_name); /* spec not empty */

#endif
