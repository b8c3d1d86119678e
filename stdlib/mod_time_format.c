/* strftime in our own arithmetic, so that the host's locale has no say: the names are English, the layouts those of
 * the C locale, with glibc's flags (- _ 0 ^ #) and widths, which scripts have come to rely on. Also the calendar. */
#include "stdlib/mod_time.h"

#include <ctype.h>
#include <stdio.h>

const char *const time_days[7] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
const char *const time_months[12] = {"January", "February", "March",     "April",   "May",      "June",
                                     "July",    "August",   "September", "October", "November", "December"};

bool time_is_leap(int64_t year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/* Years begin in March here, so that the leap day is the last of its year; 146097 days make 400 years. */
int64_t time_days_from_date(int64_t year, int month, int day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, of_era = year - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void time_date_from_days(int64_t days, int64_t *year, int *month, int *day) {
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097, of_era = days - era * 146097;
    int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * y + y / 4 - y / 100), shifted = (5 * of_year + 2) / 153;
    *day = (int)(of_year - (153 * shifted + 2) / 5 + 1);
    *month = (int)(shifted < 10 ? shifted + 3 : shifted - 9);
    *year = y + era * 400 + (*month <= 2);
}

typedef struct Field { /* flags of one directive */
    char pad;          /* 0: the directive's own; '-', '_', '0' */
    bool upper, swap;
    int width; /* -1: none */
} Field;

static int floor_mod(int64_t a, int b) { return (int)((a % b + b) % b); }

static bool put_number(StrBuilder *b, const Field *f, int64_t n, int width, char pad) {
    char text[96], digits[24];
    if (f->pad)
        pad = f->pad;
    if (f->width >= 0)
        width = f->width > 60 ? 60 : f->width;
    if (pad == '-' && f->width < 0)
        width = 0;
    int len = snprintf(digits, sizeof digits, "%lld", (long long)(n < 0 ? -n : n)), at = 0;
    int fill = width - len - (n < 0);
    if (pad == '_' || pad == '-')
        for (; fill > 0; fill--)
            text[at++] = ' ';
    if (n < 0)
        text[at++] = '-';
    for (; fill > 0; fill--)
        text[at++] = '0';
    memcpy(text + at, digits, (size_t)len);
    return strbuilder_add(b, text, (size_t)(at + len));
}

static bool put_text(StrBuilder *b, const Field *f, const char *text, size_t n) {
    for (int fill = f->width - (int)n; fill > 0; fill--)
        strbuilder_add(b, f->pad == '0' ? "0" : " ", 1);
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        c = f->upper ? (char)toupper((unsigned char)c) : f->swap ? (char)tolower((unsigned char)c) : c;
        if (!strbuilder_add(b, &c, 1))
            return false;
    }
    return true;
}

static bool put_name(StrBuilder *b, Field f, const char *name, size_t n) {
    if (f.swap) { /* '#' makes names capital */
        f.upper = true;
        f.swap = false;
    }
    return put_text(b, &f, name, n < strlen(name) ? n : strlen(name));
}

/* ISO 8601: weeks start on Monday, week 1 has the first Thursday. */
static void iso_week(const TimeParts *t, int64_t *year, int *week) {
    int yday = t->yearday - 1, wday = floor_mod(t->weekday, 7);
    *year = t->year;
    int first = floor_mod((int64_t)wday - yday, 7); /* weekday of January 1 */
    int w = (yday + first) / 7 + (first <= 3);
    if (w == 0) {
        (*year)--;
        int days = time_is_leap(*year) ? 366 : 365;
        int before = floor_mod((int64_t)first - days, 7);
        w = (days - 1 + before) / 7 + (before <= 3);
    } else if (w == 53) {
        int days = time_is_leap(*year) ? 366 : 365;
        if (floor_mod((int64_t)first + days, 7) <= 3) {
            (*year)++;
            w = 1;
        }
    }
    *week = w;
}

static bool put_directive(StrBuilder *b, char c, const Field *f, const TimeParts *t);

static bool put_composite(StrBuilder *b, const Field *f, const char *layout, const TimeParts *t) {
    StrBuilder part;
    strbuilder_init(&part, b->vm);
    for (const char *p = layout; *p; p++) {
        Field plain = {.width = -1};
        if (*p == '%')
            put_directive(&part, *++p, &plain, t);
        else
            strbuilder_add(&part, p, 1);
    }
    bool ok = !part.failed && put_text(b, f, part.data ? part.data : "", part.len);
    strbuilder_drop(&part);
    return ok;
}

static bool put_zone_offset(StrBuilder *b, const Field *f, const TimeParts *t) {
    int64_t offset = t->has_zone ? t->offset : 0, minutes = (offset < 0 ? -offset : offset) / 60;
    char text[32];
    int n = snprintf(text, sizeof text, "%c%02d%02d", offset < 0 ? '-' : '+', (int)(minutes / 60 % 100),
                     (int)(minutes % 60));
    return put_text(b, f, text, (size_t)n);
}

static bool put_week_or_year(StrBuilder *b, char c, const Field *f, const TimeParts *t) {
    int64_t iso_year;
    int week, sunday_based = floor_mod((int64_t)t->weekday + 1, 7);
    iso_week(t, &iso_year, &week);
    switch (c) {
    case 'U':
        return put_number(b, f, (t->yearday - 1 + 7 - sunday_based) / 7, 2, '0');
    case 'W':
        return put_number(b, f, (t->yearday - 1 + 7 - floor_mod(t->weekday, 7)) / 7, 2, '0');
    case 'V':
        return put_number(b, f, week, 2, '0');
    case 'G':
        return put_number(b, f, iso_year, 0, '0');
    case 'g':
        return put_number(b, f, floor_mod(iso_year, 100), 2, '0');
    case 'C':
        return put_number(b, f, t->year / 100 - (t->year % 100 < 0), 1, '0');
    case 'y':
        return put_number(b, f, floor_mod(t->year, 100), 2, '0');
    default:
        return put_number(b, f, t->year, 0, '0');
    }
}

static bool put_directive(StrBuilder *b, char c, const Field *f, const TimeParts *t) {
    int hour12 = t->hour % 12 == 0 ? 12 : t->hour % 12, wday = floor_mod(t->weekday, 7);
    int64_t seconds;
    switch (c) {
    case 'a':
        return put_name(b, *f, time_days[wday], 3);
    case 'A':
        return put_name(b, *f, time_days[wday], 20);
    case 'b':
    case 'h':
        return put_name(b, *f, time_months[t->month - 1], 3);
    case 'B':
        return put_name(b, *f, time_months[t->month - 1], 20);
    case 'c':
        return put_composite(b, f, "%a %b %e %H:%M:%S %Y", t);
    case 'd':
        return put_number(b, f, t->day, 2, '0');
    case 'D':
    case 'x':
        return put_composite(b, f, "%m/%d/%y", t);
    case 'e':
        return put_number(b, f, t->day, 2, '_');
    case 'F':
        return put_composite(b, f, "%Y-%m-%d", t);
    case 'H':
        return put_number(b, f, t->hour, 2, '0');
    case 'I':
        return put_number(b, f, hour12, 2, '0');
    case 'j':
        return put_number(b, f, t->yearday, 3, '0');
    case 'k':
        return put_number(b, f, t->hour, 2, '_');
    case 'l':
        return put_number(b, f, hour12, 2, '_');
    case 'm':
        return put_number(b, f, t->month, 2, '0');
    case 'M':
        return put_number(b, f, t->minute, 2, '0');
    case 'n':
        return put_text(b, f, "\n", 1);
    case 'p':
        return put_text(b, f, t->hour >= 12 ? "PM" : "AM", 2);
    case 'P':
        return put_text(b, f, t->hour >= 12 ? "pm" : "am", 2);
    case 'r':
        return put_composite(b, f, "%I:%M:%S %p", t);
    case 'R':
        return put_composite(b, f, "%H:%M", t);
    case 's':
        return time_local_seconds(t, &seconds) && put_number(b, f, seconds, 1, '0');
    case 'S':
        return put_number(b, f, t->second, 2, '0');
    case 't':
        return put_text(b, f, "\t", 1);
    case 'T':
    case 'X':
        return put_composite(b, f, "%H:%M:%S", t);
    case 'u':
        return put_number(b, f, wday + 1, 1, '0');
    case 'w':
        return put_number(b, f, (wday + 1) % 7, 1, '0');
    case 'z':
        return put_zone_offset(b, f, t);
    case 'Z':
        return put_text(b, f, t->has_zone ? t->zone : "", t->has_zone ? strlen(t->zone) : 0);
    case '%':
        return put_text(b, f, "%", 1);
    default:
        return put_week_or_year(b, c, f, t);
    }
}

Value time_format(VM *vm, const char *format, size_t n, const TimeParts *t) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    for (size_t i = 0; i < n;) {
        size_t start = i;
        if (format[i] != '%') {
            while (i < n && format[i] != '%')
                i++;
            strbuilder_add(&b, format + start, i - start);
            continue;
        }
        Field f = {.width = -1};
        for (i++; i < n && strchr("-_0^#", format[i]) && format[i]; i++) {
            if (format[i] == '^')
                f.upper = true;
            else if (format[i] == '#')
                f.swap = true;
            else
                f.pad = format[i];
        }
        for (; i < n && format[i] >= '0' && format[i] <= '9'; i++)
            f.width = (f.width < 0 ? 0 : f.width > 1000 ? 1000 : f.width) * 10 + (format[i] - '0');
        if (i < n && (format[i] == 'E' || format[i] == 'O'))
            i++;
        if (i < n && format[i] && strchr("aAbBcCdDeFgGhHIjklmMnpPrRsStTuUVwWxXyYzZ%", format[i]))
            put_directive(&b, format[i++], &f, t);
        else /* not a directive: it stands for itself */
            strbuilder_add(&b, format + start, i - start);
    }
    return strbuilder_finish(&b);
}
