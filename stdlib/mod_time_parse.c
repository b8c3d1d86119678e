/* strptime: matching a text against a format, then deriving the fields that the format leaves out.
 *
 * The reference turns the format into a regular expression; here the format itself is the program of a small
 * backtracking matcher. Each directive offers its possible lengths in the order of that expression's alternatives, so
 * that the same ambiguities resolve the same way. A format is short and a directive has at most three lengths, but
 * blanks may stretch: failures are therefore remembered by nothing more than the depth limit of the format. */
#include "stdlib/mod_time.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

typedef struct Matcher {
    const char *text, *end;
    const char *format, *format_end;
    uint64_t steps; /* guards against exponential backtracking over adjacent blanks */
    /* where each directive matched, by its letter */
    const char *start[128], *stop[128];
} Matcher;

static const char directives[] = "aAbBdfGHIjmMpSuUVwWyYzZ%";

static int digit(const char *p) { return *p - '0'; }
static bool is_digit(const char *p, const char *end) { return p < end && *p >= '0' && *p <= '9'; }

/* Lengths to try for a number of one to three digits with these bounds, longest first; a leading blank where C pads.
 */
static int number_lengths(const Matcher *m, const char *p, int max_digits, int low, int high, bool blank, int *out) {
    int n = 0;
    for (int len = max_digits; len >= 1; len--) {
        int value = 0;
        bool digits = true;
        for (int i = 0; i < len && digits; i++) {
            digits = is_digit(p + i, m->end);
            if (digits)
                value = value * 10 + digit(p + i);
        }
        if (digits && value >= low && value <= high)
            out[n++] = len;
    }
    if (blank && p + 1 < m->end && *p == ' ' && is_digit(p + 1, m->end) && p[1] != '0')
        out[n++] = 2;
    return n;
}

static int fixed_digits(const Matcher *m, const char *p, int len, int *out) {
    for (int i = 0; i < len; i++)
        if (!is_digit(p + i, m->end))
            return 0;
    out[0] = len;
    return 1;
}

static bool same_word(const Matcher *m, const char *p, const char *word, size_t n) {
    if ((size_t)(m->end - p) < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (tolower((unsigned char)p[i]) != tolower((unsigned char)word[i]))
            return false;
    return true;
}

static int word_lengths(const Matcher *m, const char *p, const char *const *words, int count, size_t limit,
                        int *out) {
    int n = 0;
    for (int i = 0; i < count && n < 3; i++) {
        size_t len = strlen(words[i]) < limit ? strlen(words[i]) : limit;
        if (same_word(m, p, words[i], len))
            out[n++] = (int)len;
    }
    return n;
}

static int zone_name_lengths(const Matcher *m, const char *p, int *out) {
    const char *const names[] = {"UTC", "GMT", tzname[0], tzname[1]};
    return word_lengths(m, p, names, 4, 32, out);
}

/* +hh:mm[:ss[.ffffff]], the colons optional, or Z */
static int zone_offset_lengths(const Matcher *m, const char *p, int *out) {
    if (p < m->end && *p == 'Z') {
        out[0] = 1;
        return 1;
    }
    const char *q = p;
    if (q >= m->end || (*q != '+' && *q != '-') || !is_digit(q + 1, m->end) || !is_digit(q + 2, m->end))
        return 0;
    q += 3;
    if (q < m->end && *q == ':')
        q++;
    if (!is_digit(q, m->end) || *q > '5' || !is_digit(q + 1, m->end))
        return 0;
    q += 2;
    int n = 0, minutes = (int)(q - p);
    if (q < m->end && *q == ':')
        q++;
    if (is_digit(q, m->end) && *q <= '5' && is_digit(q + 1, m->end)) {
        q += 2;
        int seconds = (int)(q - p);
        if (q < m->end && *q == '.') {
            int digits = 0;
            while (digits < 6 && is_digit(q + 1 + digits, m->end))
                digits++;
            if (digits > 0)
                out[n++] = seconds + 1 + digits;
        }
        out[n++] = seconds;
    }
    out[n++] = minutes;
    return n;
}

static int directive_lengths(const Matcher *m, char c, const char *p, int out[6]) {
    static const char *const halves[] = {"AM", "PM"};
    switch (c) {
    case 'a':
        return word_lengths(m, p, time_days, 7, 3, out);
    case 'A':
        return word_lengths(m, p, time_days, 7, 20, out);
    case 'b':
        return word_lengths(m, p, time_months, 12, 3, out);
    case 'B':
        return word_lengths(m, p, time_months, 12, 20, out);
    case 'd':
        return number_lengths(m, p, 2, 1, 31, true, out);
    case 'f': {
        int n = 0, most = 0;
        while (most < 6 && is_digit(p + most, m->end))
            most++;
        for (; most > 0; most--)
            out[n++] = most;
        return n;
    }
    case 'G':
    case 'Y':
        return fixed_digits(m, p, 4, out);
    case 'H':
        return number_lengths(m, p, 2, 0, 23, false, out);
    case 'I':
        return number_lengths(m, p, 2, 1, 12, true, out);
    case 'j':
        return number_lengths(m, p, 3, 1, 366, false, out);
    case 'm':
        return number_lengths(m, p, 2, 1, 12, false, out);
    case 'M':
        return number_lengths(m, p, 2, 0, 59, false, out);
    case 'p':
        return word_lengths(m, p, halves, 2, 2, out);
    case 'S':
        return number_lengths(m, p, 2, 0, 61, false, out);
    case 'u':
        return number_lengths(m, p, 1, 1, 7, false, out);
    case 'w':
        return number_lengths(m, p, 1, 0, 6, false, out);
    case 'U':
    case 'W':
    case 'V':
        return number_lengths(m, p, 2, c == 'V' ? 0 : 0, 53, false, out);
    case 'y':
        return fixed_digits(m, p, 2, out);
    case 'z':
        return zone_offset_lengths(m, p, out);
    case 'Z':
        return zone_name_lengths(m, p, out);
    default:
        out[0] = 1;
        return p < m->end && *p == '%';
    }
}

static bool is_blank(char c) { return c == ' ' || (c >= 9 && c <= 13); }

/* Matches the format from f on against the text from p on; returns the end of the match or NULL. */
static const char *match(Matcher *m, const char *f, const char *p) {
    for (;; f++) {
        if (f == m->format_end)
            return p;
        if (++m->steps > 2000000)
            return NULL;
        if (is_blank(*f)) { /* a run of blanks: one or more */
            while (f + 1 < m->format_end && is_blank(f[1]))
                f++;
            const char *q = p;
            while (q < m->end && is_blank(*q))
                q++;
            for (; q > p; q--) {
                const char *r = match(m, f + 1, q);
                if (r)
                    return r;
            }
            return NULL;
        }
        if (*f == '%') {
            char c = *++f;
            int lengths[6], n = directive_lengths(m, c, p, lengths);
            for (int i = 0; i < n; i++) {
                m->start[(int)c] = p;
                m->stop[(int)c] = p + lengths[i];
                const char *r = match(m, f + 1, p + lengths[i]);
                if (r)
                    return r;
            }
            return NULL;
        }
        if (p >= m->end || tolower((unsigned char)*p) != tolower((unsigned char)*f))
            return NULL;
        p++;
    }
}

/* Expands %c %x %X and the like, and checks the directives. The result is owned by the builder. */
static bool expand_format(VM *vm, Value format, StrBuilder *b) {
    const Str *s = as_str(format);
    const char *p = s->data, *end = p + s->nbytes;
    strbuilder_init(b, vm);
    uint64_t seen[2] = {0, 0};
    for (; p < end; p++) {
        if (*p != '%') {
            strbuilder_add(b, p, 1);
            continue;
        }
        if (++p == end)
            return raise_value(vm, "stray %% in format '%V'", format);
        unsigned char c = (unsigned char)*p;
        const char *layout = c == 'c' ? "%a %b %d %H:%M:%S %Y" : c == 'x' ? "%m/%d/%y" : c == 'X' ? "%H:%M:%S" : NULL;
        if (layout) {
            strbuilder_add_c(b, layout);
        } else if (c < 128 && c && strchr(directives, c)) {
            if (c != '%' && (seen[c / 64] >> c % 64 & 1)) /* a regular expression cannot name a group twice */
                return raisef(vm, vm->exc.ValueError, "redefinition of directive '%%%c' in format '%V'", (unsigned)c,
                              format);
            seen[c / 64] |= (uint64_t)1 << c % 64;
            strbuilder_add(b, p - 1, 2);
        } else {
            Value rest = str_new(vm, p, (size_t)(end - p));
            if (rest == VALUE_ERROR)
                return false;
            raise_value(vm, "'%c' is a bad directive in format '%V'", str_char_at(vm, rest, 0), format);
            decref(vm, rest);
            return false;
        }
    }
    return !b->failed;
}

static int number(const Matcher *m, char c) {
    int n = 0;
    for (const char *p = m->start[(int)c]; p < m->stop[(int)c]; p++)
        if (*p != ' ')
            n = n * 10 + digit(p);
    return n;
}

static bool has(const Matcher *m, char c) { return m->start[(int)c] != NULL; }

static int word_index(const Matcher *m, char c, const char *const *words, int count) {
    size_t n = (size_t)(m->stop[(int)c] - m->start[(int)c]);
    for (int i = 0; i < count; i++)
        if (same_word(m, m->start[(int)c], words[i], n))
            return i;
    return 0;
}

static bool raise_inconsistent(VM *vm, const char *p, const char *end) {
    Value text = str_new(vm, p, (size_t)(end - p));
    if (text)
        raise_value(vm, "Inconsistent use of : in %V", text);
    decref(vm, text);
    return false;
}

static bool read_offset(VM *vm, const Matcher *m, TimeParts *out) {
    const char *p = m->start['z'], *end = m->stop['z'], *q = p + 1;
    out->has_zone = true;
    out->offset = 0;
    if (*p == 'Z')
        return true;
    int fields[3] = {0, 0, 0}, n = 0, us = 0;
    for (; q + 1 < end && n < 3 && *q != '.'; q += 2) {
        if (*q == ':')
            q++;
        else if (n == 2 && p[3] == ':') /* hh:mmss */
            return raise_inconsistent(vm, p, end);
        fields[n++] = digit(q) * 10 + digit(q + 1);
    }
    if (q < end && *q == '.')
        for (int i = 1; i <= 6; i++)
            us = us * 10 + (q + i < end ? digit(q + i) : 0);
    out->offset = fields[0] * 3600 + fields[1] * 60 + fields[2];
    out->offset_us = us;
    if (*p == '-') {
        out->offset = -out->offset;
        out->offset_us = -us;
    }
    return true;
}

static void read_zone_name(const Matcher *m, TimeParts *out) {
    const char *p = m->start['Z'];
    size_t n = (size_t)(m->stop['Z'] - p);
    bool utc = same_word(m, p, "UTC", n) || same_word(m, p, "GMT", n);
    bool first = n == strlen(tzname[0]) && same_word(m, p, tzname[0], n);
    bool second = n == strlen(tzname[1]) && same_word(m, p, tzname[1], n);
    if (first && second && daylight && !utc)
        return; /* the two names are the same: nothing can be said */
    out->isdst = utc || first ? 0 : 1;
    snprintf(out->zone, sizeof out->zone, "%.*s", (int)(n < 31 ? n : 31), p);
}

static bool raise_mismatch(VM *vm, const char *a, const char *b) {
    return raise_value(vm, "%s must be used with %s", a, b);
}

/* ISO years and weeks must come together, with a weekday. */
static bool check_iso(VM *vm, const Matcher *m, bool weekday) {
    if (has(m, 'G')) {
        if (has(m, 'j'))
            return raise_value(vm, "Day of the year directive '%%j' is not compatible with ISO year directive '%%G'. "
                                   "Use '%%Y' instead.");
        if (!has(m, 'V') || !weekday)
            return raise_mismatch(vm, "ISO year directive '%G'",
                                  "the ISO week directive '%V' and a weekday directive "
                                  "('%A', '%a', '%w', or '%u').");
    } else if (has(m, 'V')) {
        if (!has(m, 'Y') || !weekday)
            return raise_mismatch(vm, "ISO week directive '%V'",
                                  "the ISO year directive '%G' and a weekday directive "
                                  "('%A', '%a', '%w', or '%u').");
        return raise_value(vm,
                           "ISO week directive '%%V' is incompatible with the year directive '%%Y'. Use the ISO year "
                           "'%%G' instead.");
    }
    return true;
}

static int weekday_of(int64_t days) { return (int)(((days + 3) % 7 + 7) % 7); }

/* Day of the year from a week number and weekday; may fall outside the year. */
static int day_of_week_number(int64_t year, int week, int weekday, bool monday_first) {
    int first = weekday_of(time_days_from_date(year, 1, 1));
    if (!monday_first) {
        first = (first + 1) % 7;
        weekday = (weekday + 1) % 7;
    }
    int week0 = (7 - first) % 7; /* days before the first full week */
    return week == 0 ? 1 + weekday - first : 1 + week0 + 7 * (week - 1) + weekday;
}

static void derive_date(const Matcher *m, TimeParts *t, int weekday, int yearday) {
    bool from_week = has(m, 'U') || has(m, 'W');
    if (yearday < 0 && weekday >= 0 && (from_week || has(m, 'G'))) {
        if (from_week) {
            yearday = day_of_week_number(t->year, number(m, has(m, 'U') ? 'U' : 'W'), weekday, !has(m, 'U'));
        } else {
            int64_t year = number(m, 'G'), jan4 = time_days_from_date(year, 1, 4);
            int64_t day = jan4 - weekday_of(jan4) + (number(m, 'V') - 1) * 7 + weekday;
            int ignored_month, ignored_day;
            time_date_from_days(day, &t->year, &ignored_month, &ignored_day);
            yearday = (int)(day - time_days_from_date(t->year, 1, 1)) + 1;
        }
        if (yearday <= 0) { /* the week began in the year before */
            t->year--;
            yearday += time_is_leap(t->year) ? 366 : 365;
        }
    }
    if (yearday < 0) {
        int64_t days = time_days_from_date(t->year, t->month, t->day);
        yearday = (int)(days - time_days_from_date(t->year, 1, 1)) + 1;
    } else {
        int64_t days = time_days_from_date(t->year, 1, 1) + yearday - 1;
        int month, day;
        time_date_from_days(days, &t->year, &month, &day);
        t->month = month;
        t->day = day;
    }
    t->yearday = yearday;
    t->weekday = weekday >= 0 ? weekday : weekday_of(time_days_from_date(t->year, t->month, t->day));
}

static void read_hour(const Matcher *m, TimeParts *t) {
    if (has(m, 'H'))
        t->hour = number(m, 'H');
    if (!has(m, 'I'))
        return;
    int hour = number(m, 'I');
    bool pm = has(m, 'p') && tolower((unsigned char)*m->start['p']) == 'p';
    t->hour = pm ? (hour == 12 ? 12 : hour + 12) : hour == 12 ? 0 : hour;
}

static bool read_fields(VM *vm, const Matcher *m, TimeParts *t, int64_t *fraction) {
    int weekday = -1, yearday = -1;
    *t = (TimeParts){.year = 1900, .month = 1, .day = 1, .isdst = -1};
    *fraction = 0;
    if (has(m, 'A'))
        weekday = word_index(m, 'A', time_days, 7);
    else if (has(m, 'a'))
        weekday = word_index(m, 'a', time_days, 7);
    else if (has(m, 'w'))
        weekday = (number(m, 'w') + 6) % 7;
    else if (has(m, 'u'))
        weekday = number(m, 'u') - 1;
    if (!check_iso(vm, m, weekday >= 0))
        return false;
    bool year_given = has(m, 'Y') || has(m, 'y');
    if (has(m, 'y'))
        t->year = number(m, 'y') + (number(m, 'y') <= 68 ? 2000 : 1900);
    if (has(m, 'Y'))
        t->year = number(m, 'Y');
    if (has(m, 'B'))
        t->month = word_index(m, 'B', time_months, 12) + 1;
    if (has(m, 'b'))
        t->month = word_index(m, 'b', time_months, 12) + 1;
    if (has(m, 'm'))
        t->month = number(m, 'm');
    if (has(m, 'd'))
        t->day = number(m, 'd');
    read_hour(m, t);
    if (has(m, 'M'))
        t->minute = number(m, 'M');
    if (has(m, 'S'))
        t->second = number(m, 'S');
    if (has(m, 'j'))
        yearday = number(m, 'j');
    if (has(m, 'f')) {
        *fraction = number(m, 'f');
        for (const char *p = m->stop['f']; p < m->start['f'] + 6; p++)
            *fraction *= 10;
    }
    if (has(m, 'Z'))
        read_zone_name(m, t);
    if (has(m, 'z') && !read_offset(vm, m, t))
        return false;
    static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap_default = !year_given && t->month == 2 && t->day == 29; /* February 29 without a year is fine */
    if (yearday < 0 && t->day > lengths[t->month - 1] + (t->month == 2 && (time_is_leap(t->year) || leap_default)))
        return raise_value(vm, "day is out of range for month");
    if (leap_default)
        t->year = 1904;
    derive_date(m, t, weekday, yearday);
    if (leap_default) { /* shown as 1900, which had no such day; the weekday is that of 1900's first day */
        t->year = 1900;
        t->weekday = weekday >= 0 ? weekday : 0;
    }
    return true;
}

static bool warn_day_without_year(VM *vm, const StrBuilder *format) {
    bool day = false, year = false;
    for (size_t i = 0; i + 1 < format->len; i++) {
        if (format->data[i] != '%')
            continue;
        char c = format->data[++i];
        day = day || c == 'd';
        year = year || c == 'Y' || c == 'y' || c == 'G';
    }
    if (!day || year)
        return true;
    return warn(vm, vm->exc.DeprecationWarning, 2, "%s",
                "Parsing dates involving a day of month without a year specified is ambiguious\n"
                "and fails to parse leap day. The default behavior will change in Python 3.15\n"
                "to either always raise an exception or to use a different default year (TBD).\n"
                "To avoid trouble, add a specific year to the input & format.\n"
                "See https://github.com/python/cpython/issues/70647.");
}

bool time_parse(VM *vm, Value text, Value format, TimeParts *out, int64_t *fraction) {
    StrBuilder b;
    bool ok = expand_format(vm, format, &b) && warn_day_without_year(vm, &b);
    if (ok) {
        Matcher m = {.text = as_str(text)->data, .format = b.data ? b.data : "", .steps = 0};
        m.end = m.text + as_str(text)->nbytes;
        m.format_end = m.format + b.len;
        const char *end = match(&m, m.format, m.text);
        if (!end) {
            ok = raise_value(vm, "time data %R does not match format %R", text, format);
        } else if (end != m.end) {
            Value rest = str_new(vm, end, (size_t)(m.end - end));
            if (rest != VALUE_ERROR)
                raise_value(vm, "unconverted data remains: %V", rest);
            decref(vm, rest);
            ok = false;
        } else {
            ok = read_fields(vm, &m, out, fraction);
        }
    }
    strbuilder_drop(&b);
    return ok;
}
