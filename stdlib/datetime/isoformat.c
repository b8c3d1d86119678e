/* ISO 8601: writing dates and times, and reading what fromisoformat() accepts: calendar and week dates, basic and
 * extended forms, fractions of any length, offsets. */
#include "stdlib/datetime/datetime.h"

/* ---- writing --------------------------------------------------------------------------------------------------- */

static void put_digits(char *p, int n, unsigned value) {
    while (n-- > 0) {
        p[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

void iso_add_date(StrBuilder *b, int year, int month, int day) {
    char text[] = "YYYY-MM-DD";
    put_digits(text, 4, (unsigned)year);
    put_digits(text + 5, 2, (unsigned)month);
    put_digits(text + 8, 2, (unsigned)day);
    strbuilder_add(b, text, 10);
}

bool iso_add_clock(VM *vm, StrBuilder *b, const Clock *c, Value timespec) {
    static const char *const names[] = {"hours", "minutes", "seconds", "milliseconds", "microseconds", "auto"};
    static const uint8_t lengths[] = {2, 5, 8, 12, 15};
    size_t i = 5;
    if (timespec && !is_str(timespec))
        return raise_argument(vm, "isoformat", 1, "str", timespec);
    if (timespec)
        for (i = 0; i < ARRAY_LEN(names) && !str_equals_c(timespec, names[i]);)
            i++;
    if (i == ARRAY_LEN(names))
        return raise_value(vm, "Unknown timespec value");
    if (i == 5)
        i = c->micro ? 4 : 2;
    char text[] = "HH:MM:SS.ffffff";
    put_digits(text, 2, c->hour);
    put_digits(text + 3, 2, c->minute);
    put_digits(text + 6, 2, c->second);
    put_digits(text + 9, 6, c->micro);
    return strbuilder_add(b, text, lengths[i]);
}

bool iso_add_zone(VM *vm, StrBuilder *b, Value zone, Value dt, const char *sep) {
    Value offset = zone_utcoffset(vm, zone, dt);
    if (!offset)
        return false;
    if (!is_none(offset))
        delta_add_offset(b, as_delta(offset), sep);
    decref(vm, offset);
    return !b->failed;
}

/* ---- reading --------------------------------------------------------------------------------------------------- */

static bool read_digits(const char **p, const char *end, int n, int *out) {
    if (end - *p < n)
        return false;
    int value = 0;
    for (int i = 0; i < n; i++) {
        char c = (*p)[i];
        if (c < '0' || c > '9')
            return false;
        value = value * 10 + c - '0';
    }
    *p += n;
    *out = value;
    return true;
}

static bool at(const char *p, const char *end, char c) { return p < end && *p == c; }

static bool read_week_date(const char *p, const char *end, bool extended, int *year, int *month, int *day) {
    int week, weekday = 1, ordinal;
    if (!read_digits(&p, end, 2, &week))
        return false;
    if (p < end) {
        if (extended && *p++ != '-')
            return false;
        if (!read_digits(&p, end, 1, &weekday))
            return false;
    }
    if (*year < YEAR_MIN || !cal_from_iso(*year, week, weekday, &ordinal))
        return false;
    cal_from_ordinal(ordinal, year, month, day);
    return true;
}

bool iso_parse_date(const char *s, size_t n, int *year, int *month, int *day) {
    const char *p = s, *end = s + n;
    if ((n != 7 && n != 8 && n != 10) || !read_digits(&p, end, 4, year)) /* what is too long is not looked at */
        return false;
    bool extended = at(p, end, '-');
    p += extended;
    if (at(p, end, 'W'))
        return read_week_date(p + 1, end, extended, year, month, day);
    if (!read_digits(&p, end, 2, month) || (extended && (!at(p, end, '-') || !++p)))
        return false;
    return read_digits(&p, end, 2, day);
}

/* A fraction of a second up to `end`, of which six digits count; false if it does not begin with digits. */
static bool read_fraction(const char **p, const char *end, int *us) {
    int digits = end - *p < 6 ? (int)(end - *p) : 6;
    if (!read_digits(p, end, digits, us))
        return false;
    for (int i = digits; i < 6; i++)
        *us *= 10;
    while (*p < end && **p >= '0' && **p <= '9')
        (*p)++;
    return true;
}

/* HH[[:]MM[[:]SS[.f]]] up to `end`: -1 if it is none, 1 if something is left over, 0 otherwise. As in the reference,
 * the fraction may follow any of the three, and after seconds it needs no point. fields[3] are microseconds. */
static int read_clock(const char *p, const char *end, int fields[4]) {
    bool extended = false;
    memset(fields, 0, 4 * sizeof *fields);
    for (int i = 0; i < 3; i++) {
        if (!read_digits(&p, end, 2, &fields[i]))
            return -1;
        if (p == end)
            return 0;
        char c = *p++;
        if (i == 0)
            extended = c == ':';
        if (p == end)
            return 1;
        if (c == '.' || c == ',')
            break;
        if (!extended)
            p--;
        else if (c != ':')
            return -1;
    }
    return read_fraction(&p, end, &fields[3]) ? p != end : -1;
}

typedef struct ParsedTime {
    int clock[4]; /* hour, minute, second, microsecond: not checked */
    bool has_offset;
    int64_t offset; /* microseconds */
} ParsedTime;

static bool read_time(const char *p, const char *end, ParsedTime *out) {
    int f[4], o[4];
    const char *zone = p;
    while (zone < end && *zone != '+' && *zone != '-' && *zone != 'Z')
        zone++;
    *out = (ParsedTime){0};
    int rest = read_clock(p, zone, f);
    if (rest < 0 || (rest && zone == end))
        return false;
    memcpy(out->clock, f, sizeof f);
    out->has_offset = zone < end;
    if (zone == end)
        return true;
    if (*zone == 'Z')
        return zone + 1 == end;
    if (read_clock(zone + 1, end, o) != 0)
        return false;
    out->offset = ((o[0] * 60 + o[1]) * 60 + o[2]) * SECOND_US + o[3];
    if (*zone == '-')
        out->offset = -out->offset;
    return true;
}

static bool parsed_clock(VM *vm, const ParsedTime *t, Clock *out) {
    const int *f = t->clock;
    *out = (Clock){.hour = (uint8_t)f[0], .minute = (uint8_t)f[1], .second = (uint8_t)f[2], .micro = (uint32_t)f[3]};
    return cal_check_clock(vm, f[0], f[1], f[2], f[3], 0);
}

/* The zone of a parsed offset: owned, None if there was none. Below a second the offset counts as none. */
static Value parsed_zone(VM *vm, const ParsedTime *t) {
    if (!t->has_offset)
        return VALUE_NONE;
    if (t->offset > -SECOND_US && t->offset < SECOND_US)
        return incref(dt_state(vm)->utc);
    Value offset = delta_new(vm, t->offset), zone = offset ? timezone_new(vm, offset, 0) : VALUE_ERROR;
    decref(vm, offset);
    return zone;
}

static bool check_text(VM *vm, Value v) { return is_str(v) || raise_type(vm, "fromisoformat: argument must be str"); }
static Value raise_invalid(VM *vm, Value text) { return raise_value(vm, "Invalid isoformat string: %R", text); }

Value iso_date_fromisoformat(NATIVE_ARGS) {
    int year, month, day;
    if (!check_text(vm, args[0]))
        return VALUE_ERROR;
    if (!iso_parse_date(str_data(args[0]), as_str(args[0])->nbytes, &year, &month, &day))
        return raise_invalid(vm, args[0]);
    return date_new(vm, as_type(self), year, month, day);
}

Value iso_time_fromisoformat(NATIVE_ARGS) {
    ParsedTime t;
    if (!check_text(vm, args[0]))
        return VALUE_ERROR;
    const char *p = str_data(args[0]), *end = p + as_str(args[0])->nbytes;
    if (!read_time(p + at(p, end, 'T'), end, &t))
        return raise_invalid(vm, args[0]);
    Clock clock;
    Value zone = parsed_zone(vm, &t), result = VALUE_ERROR;
    if (zone && as_type(self) == dt_state(vm)->time) {
        if (parsed_clock(vm, &t, &clock))
            result = time_new(vm, as_type(self), &clock, zone);
    } else if (zone) {
        Value v[] = {from_small_int(t.clock[0]), from_small_int(t.clock[1]), from_small_int(t.clock[2]),
                     from_small_int(t.clock[3]), zone};
        result = call(vm, self, v, 5, 0);
    }
    decref(vm, zone);
    return result;
}

static bool is_digit(const char *p, const char *end) { return p < end && *p >= '0' && *p <= '9'; }

/* Where the date ends. A week date without a day is told from one with by what follows: the separator may be any
 * character, a digit or a dash too. */
static size_t date_length(const char *s, size_t n) {
    const char *end = s + n;
    if (n <= 7)
        return n;
    if (s[4] == '-') {
        if (s[5] != 'W')
            return 10;
        if (n < 9 || s[8] != '-')
            return 8;
        /* YYYY-Www-##: rather a dash before a time than a digit after a day */
        return n > 10 && is_digit(s + 10, end) ? 8 : 10;
    }
    if (s[4] != 'W')
        return 8;
    size_t digits = 7;
    while (digits < n && is_digit(s + digits, end))
        digits++;
    return digits < 9 ? digits : digits % 2 == 0 ? 7 : 8;
}

Value iso_datetime_fromisoformat(NATIVE_ARGS) {
    if (!check_text(vm, args[0]))
        return VALUE_ERROR;
    const char *s = str_data(args[0]), *end = s + as_str(args[0])->nbytes;
    size_t n = (size_t)(end - s), date = date_length(s, n);
    Moment m = {0};
    ParsedTime t = {0};
    if (date > n || !iso_parse_date(s, date, &m.year, &m.month, &m.day))
        return raise_invalid(vm, args[0]);
    if (date < n) {
        const char *p = s + date + 1; /* past a separator of one character */
        while (p < end && ((unsigned char)*p & 0xc0) == 0x80)
            p++;
        if (!read_time(p, end, &t))
            return raise_invalid(vm, args[0]);
    }
    if (!cal_check_date(vm, m.year, m.month, m.day) || !parsed_clock(vm, &t, &m.clock))
        return VALUE_ERROR;
    Value zone = parsed_zone(vm, &t), result = zone ? datetime_make(vm, as_type(self), &m, zone) : VALUE_ERROR;
    decref(vm, zone);
    return result;
}
