/* Tables of unicode_tables.c: what the properties and mappings of str_case.c need beyond utf8proc. */
#ifndef COVE_OBJECT_UNICODE_TABLES_H
#define COVE_OBJECT_UNICODE_TABLES_H

#include "base/common.h"

typedef struct CaseRow {
    uint32_t from;
    uint32_t to[3]; /* ended by 0 when fewer */
} CaseRow;
typedef struct CodeRange {
    uint32_t first, last;
} CodeRange;
/* count code points from `first` on have the values numerator/denominator, (numerator + step)/denominator... */
typedef struct NumberRow {
    uint32_t first;
    uint16_t count, step, denominator;
    int64_t numerator;
} NumberRow;

extern const CaseRow unicode_special_upper[], unicode_special_title[], unicode_special_fold[];
extern const size_t unicode_special_upper_count, unicode_special_title_count, unicode_special_fold_count;
extern const CodeRange unicode_other_lower[], unicode_other_upper[];
extern const size_t unicode_other_lower_count, unicode_other_upper_count;
extern const NumberRow unicode_digits[], unicode_numbers[];
extern const size_t unicode_digits_count, unicode_numbers_count;

#endif
