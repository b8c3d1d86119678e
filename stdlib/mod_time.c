/* time: clocks, sleeping, and conversions between seconds and broken-down times. Text forms are in mod_time_format.c
 * and mod_time_parse.c. Time zones come from the C library, as do the clocks. */
#include "runtime/lock.h"
#include "stdlib/mod_time.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "stdlib/init.h"
#include "runtime/limits.h"

#define SECOND ((int64_t)1000000000)

/* struct_time -----------------------------------------------------------------------------------------------------
 */

static const char *const struct_time_fields[] = {"tm_year", "tm_mon",  "tm_mday",  "tm_hour", "tm_min",    "tm_sec",
                                                 "tm_wday", "tm_yday", "tm_isdst", "tm_zone", "tm_gmtoff", NULL};

static Type *struct_time_type(VM *vm) { return vm->module_state[MODULE_SLOT_mod_time_init]; }

static Value struct_time_new(VM *vm, const TimeParts *t) {
    Value items[11] = {int_from_int64(vm, t->year),
                       from_small_int(t->month),
                       from_small_int(t->day),
                       from_small_int(t->hour),
                       from_small_int(t->minute),
                       from_small_int(t->second),
                       from_small_int(t->weekday),
                       from_small_int(t->yearday),
                       from_small_int(t->isdst),
                       VALUE_NONE,
                       VALUE_NONE};
    if (t->has_zone || t->zone[0]) {
        items[9] = t->zone[0] ? str_decode(vm, t->zone, strlen(t->zone), "utf-8", "surrogateescape") : VALUE_NONE;
        items[10] = t->has_zone ? from_small_int(t->offset) : VALUE_NONE;
    }
    return structseq_new(vm, struct_time_type(vm), items); /* consumes the items, an absent one fails */
}

static void parts_from_tm(const struct tm *tm, TimeParts *out) {
    *out = (TimeParts){.year = (int64_t)tm->tm_year + 1900,
                       .month = tm->tm_mon + 1,
                       .day = tm->tm_mday,
                       .hour = tm->tm_hour,
                       .minute = tm->tm_min,
                       .second = tm->tm_sec,
                       .weekday = (tm->tm_wday + 6) % 7,
                       .yearday = tm->tm_yday + 1,
                       .isdst = tm->tm_isdst,
                       .has_zone = true,
                       .offset = tm->tm_gmtoff};
    snprintf(out->zone, sizeof out->zone, "%s", tm->tm_zone ? tm->tm_zone : "");
}

static bool broken_down(VM *vm, int64_t seconds, bool local, TimeParts *out) {
    struct tm tm;
    time_t t = (time_t)seconds;
    errno = 0;
    if (!(local ? localtime_r(&t, &tm) : gmtime_r(&t, &tm)))
        return raise_os_error(vm, errno ? errno : EINVAL, 0);
    parts_from_tm(&tm, out);
    return true;
}

bool time_local_seconds(const TimeParts *t, int64_t *out) {
    struct tm tm = {.tm_year = (int)(t->year - 1900),
                    .tm_mon = t->month - 1,
                    .tm_mday = t->day,
                    .tm_hour = t->hour,
                    .tm_min = t->minute,
                    .tm_sec = t->second,
                    .tm_isdst = t->isdst,
                    .tm_wday = -1};
    time_t r = mktime(&tm);
    *out = r;
    return r != (time_t)-1 || tm.tm_wday != -1;
}

static bool field_argument(VM *vm, Value v, int *out) {
    Value i = to_index(vm, v);
    if (i == VALUE_ERROR)
        return false;
    int64_t n;
    bool fits = int_fits_int64(i, &n);
    decref(vm, i);
    if (!fits)
        return raise_overflow(vm, "Python int too large to convert to C long");
    if (n != (int)n)
        return raise_overflow(vm, n > 0 ? "signed integer is greater than maximum"
                                        : "signed integer is less than minimum");
    *out = (int)n;
    return true;
}

Value time_struct_new(VM *vm, const TimeParts *t) {
    if (!struct_time_type(vm)) {
        Value name = str_intern_c(vm, "time"), module = name ? vm->import_name(vm, name, 0, 0, 0) : VALUE_ERROR;
        decref(vm, name);
        decref(vm, module);
        if (!module)
            return VALUE_ERROR;
    }
    return struct_time_new(vm, t);
}

/* Reads a tuple of nine integers into parts without checking their ranges. */
static bool parts_from_tuple(VM *vm, Value v, const char *function, TimeParts *out) {
    if (!is_tuple(v))
        return raise_type(vm, "Tuple or struct_time argument required");
    if (as_tuple(v)->len != 9)
        return raise_type(vm, "%s(): illegal time tuple argument", function);
    int fields[9];
    for (size_t i = 0; i < 9; i++)
        if (!field_argument(vm, as_tuple(v)->items[i], &fields[i]))
            return false;
    if (fields[0] < INT32_MIN + 1900)
        return raise_overflow(vm, "year out of range");
    *out = (TimeParts){.year = fields[0],
                       .month = fields[1],
                       .day = fields[2],
                       .hour = fields[3],
                       .minute = fields[4],
                       .second = fields[5],
                       .weekday = fields[6],
                       .yearday = fields[7],
                       .isdst = fields[8]};
    if (type_of(vm, v) != struct_time_type(vm))
        return true;
    Value zone = attr_get_c(vm, v, "tm_zone"),
          offset = zone == VALUE_ERROR ? VALUE_ERROR : attr_get_c(vm, v, "tm_gmtoff");
    bool ok = offset != VALUE_ERROR;
    if (ok && is_str(zone)) {
        snprintf(out->zone, sizeof out->zone, "%s", as_str(zone)->data);
        out->has_zone = true;
    }
    if (ok && is_int(offset)) {
        int_fits_int64(offset, &out->offset);
        out->has_zone = true;
    }
    decref(vm, zone);
    decref(vm, offset);
    return ok;
}

/* The ranges that the text functions accept; zero month, day and yearday count as one. */
static bool check_parts(VM *vm, TimeParts *t) {
    if (t->month == 0)
        t->month = 1;
    if (t->day == 0)
        t->day = 1;
    if (t->yearday == 0)
        t->yearday = 1;
    const char *wrong = t->month < 1 || t->month > 12        ? "month out of range"
                        : t->day < 0 || t->day > 31          ? "day of month out of range"
                        : t->hour < 0 || t->hour > 23        ? "hour out of range"
                        : t->minute < 0 || t->minute > 59    ? "minute out of range"
                        : t->second < 0 || t->second > 61    ? "seconds out of range"
                        : (t->weekday + 1) % 7 < 0           ? "day of week out of range"
                        : t->yearday < 0 || t->yearday > 366 ? "day of year out of range"
                                                             : NULL;
    if (wrong)
        return raise_value(vm, "%s", wrong);
    t->weekday = (t->weekday % 7 + 7) % 7;
    return true;
}

/* Seconds in ------------------------------------------------------------------------------------------------------
 */

static bool raise_nan(VM *vm) { return raise_value(vm, "Invalid value NaN (not a number)"); }

/* Whole seconds for the platform's clock, rounded down. */
static bool to_timestamp(VM *vm, Value v, int64_t *out) {
    if (is_float(v)) {
        double d = floor(float_value(v));
        if (isnan(d))
            return raise_nan(vm);
        if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0))
            return raise_overflow(vm, "timestamp out of range for platform time_t");
        *out = (int64_t)d;
        return true;
    }
    Value i = to_index(vm, v);
    if (i == VALUE_ERROR)
        return false;
    bool fits = int_fits_int64(i, out);
    decref(vm, i);
    return fits || raise_overflow(vm, "timestamp out of range for platform time_t");
}

/* A number of seconds as nanoseconds; floats are rounded away from zero, so that a short sleep is not none. */
static bool to_nanoseconds(VM *vm, Value v, int64_t *out) {
    if (is_float(v)) {
        double d = float_value(v);
        if (isnan(d))
            return raise_nan(vm);
        d *= 1e9;
        d = d >= 0 ? ceil(d) : floor(d);
        if (!(d >= -9223372036854775808.0 && d < 9223372036854775808.0))
            return raise_overflow(vm, "timestamp out of range for platform time_t");
        *out = (int64_t)d;
        return true;
    }
    Value i = to_index(vm, v);
    if (i == VALUE_ERROR)
        return false;
    int64_t seconds = 0;
    bool fits = int_fits_int64(i, &seconds) && !__builtin_mul_overflow(seconds, SECOND, out);
    decref(vm, i);
    return fits || raise_overflow(vm, "timestamp too large to convert to C PyTime_t");
}

/* Clocks ----------------------------------------------------------------------------------------------------------
 */

static bool read_clock(VM *vm, clockid_t clock, int64_t *out) {
    struct timespec ts;
    if (clock_gettime(clock, &ts) != 0)
        return raise_os_error(vm, errno, 0);
    *out = (int64_t)ts.tv_sec * SECOND + ts.tv_nsec;
    return true;
}

static Value seconds_of(int64_t ns) {
    return from_double(ns % SECOND == 0 ? (double)(ns / SECOND) : (double)ns / 1e9);
}

static Value clock_seconds(VM *vm, clockid_t clock) {
    int64_t ns = 0;
    return read_clock(vm, clock, &ns) ? seconds_of(ns) : VALUE_ERROR;
}

static Value clock_nanoseconds(VM *vm, clockid_t clock) {
    int64_t ns = 0;
    return read_clock(vm, clock, &ns) ? int_from_int64(vm, ns) : VALUE_ERROR;
}

#define CLOCK_FUNCTIONS(name, id)                                                                                    \
    static Value time_##name(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                         \
        return clock_seconds(vm, id);                                                                                \
    }                                                                                                                \
    static Value time_##name##_ns(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {                    \
        return clock_nanoseconds(vm, id);                                                                            \
    }
CLOCK_FUNCTIONS(time, CLOCK_REALTIME)
CLOCK_FUNCTIONS(monotonic, CLOCK_MONOTONIC)
CLOCK_FUNCTIONS(perf_counter, CLOCK_MONOTONIC)
CLOCK_FUNCTIONS(process_time, CLOCK_PROCESS_CPUTIME_ID)
CLOCK_FUNCTIONS(thread_time, CLOCK_THREAD_CPUTIME_ID)

static bool clock_argument(VM *vm, Value v, clockid_t *out) {
    int64_t id;
    if (!is_int(v))
        return raise_type(vm, "clk_id should be integer, not %T", v);
    if (!int_fits_int64(v, &id) || id != (int)id)
        return raise_overflow(vm, "clk_id is out of range");
    *out = (clockid_t)id;
    return true;
}

static Value time_clock_gettime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    clockid_t id = 0;
    return clock_argument(vm, args[0], &id) ? clock_seconds(vm, id) : VALUE_ERROR;
}

static Value time_clock_gettime_ns(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    clockid_t id = 0;
    return clock_argument(vm, args[0], &id) ? clock_nanoseconds(vm, id) : VALUE_ERROR;
}

static Value time_clock_getres(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    clockid_t id = 0;
    struct timespec ts;
    if (!clock_argument(vm, args[0], &id))
        return VALUE_ERROR;
    if (clock_getres(id, &ts) != 0)
        return raise_os_error(vm, errno, 0);
    return from_double((double)ts.tv_sec + (double)ts.tv_nsec * 1e-9);
}

static Value set_clock(VM *vm, clockid_t id, int64_t ns) {
    struct timespec ts = {.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
    if (ts.tv_nsec < 0) {
        ts.tv_sec--;
        ts.tv_nsec += SECOND;
    }
    return clock_settime(id, &ts) == 0 ? VALUE_NONE : raise_os_error(vm, errno, 0);
}

static Value time_clock_settime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    clockid_t id = 0;
    int64_t ns = 0;
    if (!clock_argument(vm, args[0], &id) || !to_nanoseconds(vm, args[1], &ns))
        return VALUE_ERROR;
    return set_clock(vm, id, ns);
}

static Value time_clock_settime_ns(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    clockid_t id = 0;
    int64_t ns = 0;
    if (!clock_argument(vm, args[0], &id) || !to_int64(vm, args[1], &ns))
        return VALUE_ERROR;
    return set_clock(vm, id, ns);
}

static Value time_get_clock_info(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    static const struct {
        const char *name, *implementation;
        clockid_t id;
        bool monotonic, adjustable;
    } clocks[] = {
        {"time", "clock_gettime(CLOCK_REALTIME)", CLOCK_REALTIME, false, true},
        {"monotonic", "clock_gettime(CLOCK_MONOTONIC)", CLOCK_MONOTONIC, true, false},
        {"perf_counter", "clock_gettime(CLOCK_MONOTONIC)", CLOCK_MONOTONIC, true, false},
        {"process_time", "clock_gettime(CLOCK_PROCESS_CPUTIME_ID)", CLOCK_PROCESS_CPUTIME_ID, true, false},
        {"thread_time", "clock_gettime(CLOCK_THREAD_CPUTIME_ID)", CLOCK_THREAD_CPUTIME_ID, true, false},
    };
    if (!is_str(args[0]))
        return raise_type(vm, "get_clock_info() argument 1 must be str, not %T", args[0]);
    for (size_t i = 0; i < ARRAY_LEN(clocks); i++) {
        if (!str_equals_c(args[0], clocks[i].name))
            continue;
        struct timespec ts;
        if (clock_getres(clocks[i].id, &ts) != 0)
            return raise_os_error(vm, errno, 0);
        Value dict = dict_new(vm), text = dict ? str_from_c(vm, clocks[i].implementation) : VALUE_ERROR;
        double resolution = (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
        bool ok = text && dict_set_c(vm, dict, "implementation", text) &&
                  dict_set_c(vm, dict, "monotonic", from_bool(clocks[i].monotonic)) &&
                  dict_set_c(vm, dict, "adjustable", from_bool(clocks[i].adjustable)) &&
                  dict_set_c(vm, dict, "resolution", from_double(resolution));
        Value r = ok ? namespace_new(vm, dict) : VALUE_ERROR;
        decref(vm, text);
        decref(vm, dict);
        return r;
    }
    return raise_value(vm, "unknown clock");
}

/* Sleeps until the monotonic clock shows `deadline`, or a signal came for this thread, while other threads run. */
static void wait_until(VM *vm, int64_t deadline) {
    Thread *t = lock_release(vm);
    while (__atomic_load_n(&t->interrupts, __ATOMIC_ACQUIRE) == 0 && lock_clock() < deadline)
        lock_sleep(t, deadline);
    lock_acquire(vm, t);
}

static Value time_sleep(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int64_t ns = 0, now = 0, deadline;
    if (!to_nanoseconds(vm, args[0], &ns))
        return VALUE_ERROR;
    if (ns < 0)
        return raise_value(vm, "sleep length must be non-negative");
    if (!read_clock(vm, CLOCK_MONOTONIC, &now))
        return VALUE_ERROR;
    if (__builtin_add_overflow(now, ns, &deadline))
        deadline = INT64_MAX;
    if (ns == 0) /* asks for no more than that others get their turn */
        lock_yield(vm);
    while (lock_clock() < deadline) {
        int64_t limit = limits_deadline(vm);
        wait_until(vm, limit < deadline ? limit : deadline);
        if (!vm_safepoint(vm)) /* a signal's handler may raise */
            return VALUE_ERROR;
    }
    return VALUE_NONE;
}

/* Conversions -----------------------------------------------------------------------------------------------------
 */

static bool seconds_or_now(VM *vm, Value v, int64_t *out) {
    if (v && !is_none(v))
        return to_timestamp(vm, v, out);
    *out = (int64_t)time(NULL);
    return true;
}

static Value convert_seconds(VM *vm, Value v, bool local) {
    int64_t seconds = 0;
    TimeParts t;
    if (!seconds_or_now(vm, v, &seconds) || !broken_down(vm, seconds, local, &t))
        return VALUE_ERROR;
    return struct_time_new(vm, &t);
}

static Value time_gmtime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return convert_seconds(vm, args[0], false);
}

static Value time_localtime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return convert_seconds(vm, args[0], true);
}

static Value time_mktime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    TimeParts t;
    int64_t seconds = 0;
    if (!parts_from_tuple(vm, args[0], "mktime", &t))
        return VALUE_ERROR;
    if (!time_local_seconds(&t, &seconds))
        return raise_overflow(vm, "mktime argument out of range");
    return from_double((double)seconds);
}

static Value text_of(VM *vm, const TimeParts *t) {
    char text[80];
    int n = snprintf(text, sizeof text, "%.3s %.3s%3d %.2d:%.2d:%.2d %lld", time_days[t->weekday],
                     time_months[t->month - 1], t->day, t->hour, t->minute, t->second, (long long)t->year);
    return str_new_ascii(vm, text, (size_t)n);
}

static Value time_asctime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    TimeParts t;
    if (args[0] ? !parts_from_tuple(vm, args[0], "asctime", &t) || !check_parts(vm, &t)
                : !broken_down(vm, (int64_t)time(NULL), true, &t))
        return VALUE_ERROR;
    return text_of(vm, &t);
}

static Value time_ctime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int64_t seconds = 0;
    TimeParts t;
    if (!seconds_or_now(vm, args[0], &seconds) || !broken_down(vm, seconds, true, &t))
        return VALUE_ERROR;
    return text_of(vm, &t);
}

static Value time_strftime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    TimeParts t;
    if (!is_str(args[0]))
        return raise_type(vm, "strftime() argument 1 must be str, not %T", args[0]);
    if (args[1] ? !parts_from_tuple(vm, args[1], "strftime", &t) || !check_parts(vm, &t)
                : !broken_down(vm, (int64_t)time(NULL), true, &t))
        return VALUE_ERROR;
    const Str *format = as_str(args[0]);
    if (memchr(format->data, 0, format->nbytes))
        return raise_value(vm, "embedded null character");
    return time_format(vm, format->data, format->nbytes, &t);
}

static Value time_strptime(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    for (int i = 0; i < 2; i++)
        if (args[i] && !is_str(args[i]))
            return raise_type(vm, "strptime() argument %d must be str, not %R", i, type_value(type_of(vm, args[i])));
    Value format = args[1] ? incref(args[1]) : str_from_c(vm, "%a %b %d %H:%M:%S %Y");
    if (format == VALUE_ERROR)
        return VALUE_ERROR;
    TimeParts t;
    int64_t fraction;
    bool ok = time_parse(vm, args[0], format, &t, &fraction);
    decref(vm, format);
    return ok ? struct_time_new(vm, &t) : VALUE_ERROR;
}

/* Time zone -------------------------------------------------------------------------------------------------------
 */

/* The zone's name and offset at a moment. */
static void zone_at(time_t at, char name[32], int64_t *offset) {
    struct tm tm;
    memset(&tm, 0, sizeof tm);
    localtime_r(&at, &tm);
    snprintf(name, 32, "%s", tm.tm_zone ? tm.tm_zone : "   ");
    *offset = tm.tm_gmtoff;
}

static bool add_zone(VM *vm, Value module) {
    tzset();
    const int64_t year = 31557600; /* 365.25 days */
    int64_t january = (int64_t)time(NULL) / year * year, winter, summer;
    char names[2][32];
    zone_at((time_t)january, names[0], &winter);
    zone_at((time_t)(january + year / 2), names[1], &summer);
    bool south = -winter < -summer; /* the clock is ahead in January */
    Value text[2] = {0, 0};
    for (int i = 0; i < 2; i++)
        text[i] =
            str_decode(vm, names[south ? 1 - i : i], strlen(names[south ? 1 - i : i]), "utf-8", "surrogateescape");
    if (!text[0] || !text[1]) {
        decref(vm, text[0]);
        decref(vm, text[1]);
        return false;
    }
    return module_add(vm, module, "timezone", from_small_int(south ? -summer : -winter)) &&
           module_add(vm, module, "altzone", from_small_int(south ? -winter : -summer)) &&
           module_add(vm, module, "daylight", from_small_int(winter != summer)) &&
           module_add(vm, module, "tzname", tuple_from_array_steal(vm, text, 2));
}

static Value time_tzset(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value name = str_intern_c(vm, "time"), module = name ? dict_get_str(vm, vm->modules, name) : 0;
    decref(vm, name);
    if (!module || !has_kind(module, KIND_MODULE))
        return error_pending(vm) ? VALUE_ERROR : VALUE_NONE;
    return add_zone(vm, module) ? VALUE_NONE : VALUE_ERROR;
}

static const MethodSpec time_functions[] = {
    {"asctime", time_asctime, "tuple=None, /",
     "The time tuple, or the current local time, as text like 'Mon Jan  2 15:04:05 2006'.", 0},
    {"clock_getres", time_clock_getres, "clk_id, /", "Return the resolution of a clock, in seconds.", 0},
    {"clock_gettime", time_clock_gettime, "clk_id, /", "Return the time of a clock, in seconds.", 0},
    {"clock_gettime_ns", time_clock_gettime_ns, "clk_id, /", "Return the time of a clock, in nanoseconds.", 0},
    {"clock_settime", time_clock_settime, "clk_id, time, /", "Set the time of a clock, in seconds.", 0},
    {"clock_settime_ns", time_clock_settime_ns, "clk_id, time, /", "Set the time of a clock, in nanoseconds.", 0},
    {"ctime", time_ctime, "seconds=None, /", "Return the text form of a number of seconds since 1970, as local time.",
     0},
    {"get_clock_info", time_get_clock_info, "name, /", "Return what is known about a clock, by its function's name.",
     0},
    {"gmtime", time_gmtime, "seconds=None, /", "Convert seconds since 1970 to a time tuple in UTC.", 0},
    {"localtime", time_localtime, "seconds=None, /", "Convert seconds since 1970 to a time tuple in local time.", 0},
    {"mktime", time_mktime, "tuple, /", "Convert a time tuple in local time to seconds since 1970.", 0},
    {"monotonic", time_monotonic, "", "A clock that cannot go backward, in seconds.", 0},
    {"monotonic_ns", time_monotonic_ns, "", "A clock that cannot go backward, in nanoseconds.", 0},
    {"perf_counter", time_perf_counter, "", "The clock to measure performance with, in seconds.", 0},
    {"perf_counter_ns", time_perf_counter_ns, "", "The clock to measure performance with, in nanoseconds.", 0},
    {"process_time", time_process_time, "", "CPU time of the process, in seconds.", 0},
    {"process_time_ns", time_process_time_ns, "", "CPU time of the process, in nanoseconds.", 0},
    {"sleep", time_sleep, "seconds, /", "Suspend execution for a number of seconds, which may be a fraction.", 0},
    {"strftime", time_strftime, "format, tuple=None, /",
     "The time as text in a format of % directives; the current local time without a tuple.", 0},
    {"strptime", time_strptime, "string, format='%a %b %d %H:%M:%S %Y', /",
     "Read a string according to a format and return a time tuple.", 0},
    {"thread_time", time_thread_time, "", "CPU time of the thread, in seconds.", 0},
    {"thread_time_ns", time_thread_time_ns, "", "CPU time of the thread, in nanoseconds.", 0},
    {"time", time_time, "", "Return the current time in seconds since 1970.", 0},
    {"time_ns", time_time_ns, "", "Return the current time in nanoseconds since 1970.", 0},
    {"tzset", time_tzset, "", "Take over a changed TZ environment variable.", 0},
    {0},
};

static bool add_clock_ids(VM *vm, Value module) {
    static const struct {
        const char *name;
        int id;
    } ids[] = {
        {"CLOCK_REALTIME", CLOCK_REALTIME},
        {"CLOCK_MONOTONIC", CLOCK_MONOTONIC},
        {"CLOCK_PROCESS_CPUTIME_ID", CLOCK_PROCESS_CPUTIME_ID},
        {"CLOCK_THREAD_CPUTIME_ID", CLOCK_THREAD_CPUTIME_ID},
#ifdef CLOCK_MONOTONIC_RAW
        {"CLOCK_MONOTONIC_RAW", CLOCK_MONOTONIC_RAW},
#endif
#ifdef CLOCK_BOOTTIME
        {"CLOCK_BOOTTIME", CLOCK_BOOTTIME},
#endif
#ifdef CLOCK_TAI
        {"CLOCK_TAI", CLOCK_TAI},
#endif
    };
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        if (!module_add(vm, module, ids[i].name, from_small_int(ids[i].id)))
            return false;
    return true;
}

bool mod_time_init(VM *vm, Value module) {
    Type *type =
        structseq_type(vm, "time.struct_time",
                       "The time value of gmtime(), localtime() and strptime(): a tuple of nine integers whose\n"
                       "items are attributes too, with the zone's name and offset as further attributes.",
                       struct_time_fields, 9, 11);
    if (!type)
        return false;
    vm->module_state[MODULE_SLOT_mod_time_init] = type;
    return module_add_functions(vm, module, time_functions) &&
           module_add(vm, module, "struct_time", incref(type_value(type))) && add_clock_ids(vm, module) &&
           add_zone(vm, module);
}
