/* The proleptic Gregorian calendar between the years 1 and 9999, days counted from 0001-01-01 = 1. */
#include "stdlib/datetime/datetime.h"

bool cal_is_leap(int year) { return time_is_leap(year); }

int cal_days_in_month(int year, int month) {
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month - 1] + (month == 2 && time_is_leap(year));
}

int cal_ordinal(int year, int month, int day) { return (int)time_days_from_date(year, month, day) + ORDINAL_1970; }

void cal_from_ordinal(int ordinal, int *year, int *month, int *day) {
    int64_t y;
    time_date_from_days((int64_t)ordinal - ORDINAL_1970, &y, month, day);
    *year = (int)y;
}

int cal_weekday(int year, int month, int day) { return (cal_ordinal(year, month, day) + 6) % 7; }

int cal_yearday(int year, int month, int day) { return cal_ordinal(year, month, day) - cal_ordinal(year, 1, 1) + 1; }

int cal_iso_week1(int year) {
    int january4 = cal_ordinal(year, 1, 4);
    return january4 - (january4 + 6) % 7;
}

void cal_iso_week(int year, int month, int day, int *iso_year, int *week) {
    int ordinal = cal_ordinal(year, month, day), start = cal_iso_week1(year);
    if (ordinal < start)
        start = cal_iso_week1(--year);
    else if (ordinal >= cal_iso_week1(year + 1))
        start = cal_iso_week1(++year);
    *iso_year = year;
    *week = (ordinal - start) / 7 + 1;
}

bool cal_from_iso(int iso_year, int week, int weekday, int *ordinal) {
    int start = cal_iso_week1(iso_year);
    *ordinal = start + (week - 1) * 7 + weekday - 1;
    return week >= 1 && week <= 53 && start + (week - 1) * 7 < cal_iso_week1(iso_year + 1) && weekday >= 1 &&
           weekday <= 7;
}

bool cal_check_date(VM *vm, int year, int month, int day) {
    if (year < YEAR_MIN || year > YEAR_MAX)
        return raise_value(vm, "year %d is out of range", year);
    if (month < 1 || month > 12)
        return raise_value(vm, "month must be in 1..12");
    if (day < 1 || day > cal_days_in_month(year, month))
        return raise_value(vm, "day is out of range for month");
    return true;
}

bool cal_check_clock(VM *vm, int hour, int minute, int second, int micro, int fold) {
    const char *wrong = hour < 0 || hour > 23                  ? "hour must be in 0..23"
                        : minute < 0 || minute > 59            ? "minute must be in 0..59"
                        : second < 0 || second > 59            ? "second must be in 0..59"
                        : micro < 0 || micro >= (int)SECOND_US ? "microsecond must be in 0..999999"
                        : fold < 0 || fold > 1                 ? "fold must be either 0 or 1"
                                                               : NULL;
    return !wrong || raise_value(vm, "%s", wrong);
}

bool cal_int(VM *vm, Value v, int *out) {
    if (is_small_int(v) && as_small_int(v) == (int)as_small_int(v)) {
        *out = (int)as_small_int(v);
        return true;
    }
    Value i = to_index(vm, v);
    int64_t n = 0;
    bool fits = i && int_fits_int64(i, &n);
    decref(vm, i);
    if (!i)
        return false;
    if (!fits)
        return raise_overflow(vm, "Python int too large to convert to C long");
    if (n != (int)n)
        return raise_overflow(vm, n > 0 ? "signed integer is greater than maximum"
                                        : "signed integer is less than minimum");
    *out = (int)n;
    return true;
}

bool cal_check_ints(VM *vm, Value *args, size_t nargs, size_t most) {
    int ignored;
    for (size_t i = 0; i < nargs && nargs < most; i++)
        if (!cal_int(vm, args[i], &ignored))
            return false;
    return true;
}

bool exactly(VM *vm, const char *method, size_t n, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "%s() takes no keyword arguments", method);
    const char *name = strchr(method, '.') + 1;
    return nargs == n ||
           raise_type(vm, "%s() takes exactly %u argument%s (%u given)", name, n, n == 1 ? "" : "s", nargs);
}

bool raise_argument(VM *vm, const char *function, int n, const char *expected, Value v) {
    return is_none(v) ? raise_type(vm, "%s() argument %d must be %s, not None", function, n, expected)
                      : raise_type(vm, "%s() argument %d must be %s, not %T", function, n, expected, v);
}
