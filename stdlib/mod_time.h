/* What the files of the time module share: a broken-down time, and the text forms of it. */
#ifndef COVE_STDLIB_MOD_TIME_H
#define COVE_STDLIB_MOD_TIME_H

#include "runtime/vm.h"

typedef struct TimeParts { /* as struct tm, but with the module's own numbers: full year, month 1-12, Monday 0 */
    int64_t year;
    int month, day, hour, minute, second;
    int weekday; /* 0 Monday */
    int yearday; /* 1-366 */
    int isdst;
    bool has_zone;
    char zone[32];
    int64_t offset; /* seconds east of UTC, valid with has_zone */
    int offset_us;  /* and microseconds, which only %z can tell */
} TimeParts;

extern const char *const time_days[7], *const time_months[12]; /* full English names */

Value time_struct_new(VM *vm, const TimeParts *t); /* time.struct_time; imports the module if need be */
/* mod_time_format.c */
Value time_format(VM *vm, const char *format, size_t n, const TimeParts *t);
/* mod_time_parse.c: *fraction gets microseconds; isdst as the %Z says, -1 if not given */
bool time_parse(VM *vm, Value text, Value format, TimeParts *out, int64_t *fraction);

/* Days since 1970-01-01 of a date in the Gregorian calendar without end; month 1-12. */
int64_t time_days_from_date(int64_t year, int month, int day);
void time_date_from_days(int64_t days, int64_t *year, int *month, int *day);
bool time_is_leap(int64_t year);
/* Seconds since 1970 that the local clock calls t; false when out of range. */
bool time_local_seconds(const TimeParts *t, int64_t *out);

#endif
