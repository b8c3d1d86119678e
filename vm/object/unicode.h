/* Properties and mappings of code points. */
#ifndef COVE_OBJECT_UNICODE_H
#define COVE_OBJECT_UNICODE_H

#include "object/object.h"

bool unicode_is_alpha(uint32_t c);
bool unicode_is_lower(uint32_t c);
bool unicode_is_upper(uint32_t c);
bool unicode_is_title(uint32_t c);
bool unicode_is_cased(uint32_t c);
bool unicode_is_decimal(uint32_t c);
bool unicode_is_digit(uint32_t c);
bool unicode_is_numeric(uint32_t c);
bool unicode_is_printable(uint32_t c);
bool unicode_is_identifier_start(uint32_t c);
bool unicode_is_identifier_part(uint32_t c);
static inline bool unicode_is_alnum(uint32_t c) {
    return unicode_is_alpha(c) || unicode_is_numeric(c) || unicode_is_decimal(c);
}
bool unicode_is_space(uint32_t c);
bool unicode_is_line_break(uint32_t c);
/* Decimal value 0..9, or -1; value of a digit in the wider sense (superscripts, circled ones), or -1. */
int unicode_decimal(uint32_t c);
int unicode_digit(uint32_t c);
/* Numeric value; false if it has none. */
bool unicode_numeric(uint32_t c, double *out);

/* Mappings of a single code point to up to three: the number written. */
#define CASE_MAPPING_MAX 3
unsigned unicode_upper(uint32_t c, uint32_t *out);
unsigned unicode_lower(uint32_t c, uint32_t *out);
unsigned unicode_title(uint32_t c, uint32_t *out);
unsigned unicode_fold(uint32_t c, uint32_t *out);

typedef enum UnicodeForm { UNICODE_NFC, UNICODE_NFD, UNICODE_NFKC, UNICODE_NFKD } UnicodeForm;
Value unicode_normalize(VM *vm, Value s, UnicodeForm form);
Value unicode_normalize_identifier(VM *vm, Value s); /* consumes s: NFKC as identifiers have it */

/* Case conversions of strings. */
Value str_upper(VM *vm, Value s);
Value str_lower(VM *vm, Value s);
Value str_casefold(VM *vm, Value s);
Value str_title(VM *vm, Value s);
Value str_capitalize(VM *vm, Value s);
Value str_swapcase(VM *vm, Value s);
bool str_is_identifier(Value s);
bool str_is_lower(Value s);
bool str_is_upper(Value s);
bool str_is_title(Value s);
/* Does every code point have the property? False for the empty string. */
bool str_all(Value s, bool (*property)(uint32_t));

#endif
