/* Datetimes and the clock: now, numbers of seconds since 1970, the local zone, and conversions between zones.
 *
 * The C library knows the local zone only in one direction that can be relied on: what the local clock shows at a
 * moment (localtime_r). The other direction, which has two answers where the clock is set back and none where it is
 * set forward, is searched for with it; `fold` chooses. */
#include "stdlib/datetime/datetime.h"
#include "stdlib/grants.h"

#include <errno.h>
#include <math.h>

#define EPOCH_SECONDS (ORDINAL_1970 * DAY_SECONDS)
#define FOLD_MAX DAY_SECONDS /* no clock is set back by more */

/* ---- seconds since 1970 ---------------------------------------------------------------------------------------- */

static bool raise_timestamp(VM *vm) { return raise_overflow(vm, "timestamp out of range for platform time_t"); }

bool timestamp_argument(VM *vm, Value v, int64_t *seconds, int *us) {
    if (us)
        *us = 0;
    if (!is_float(v)) {
        Value i = to_index(vm, v);
        bool fits = i && int_fits_int64(i, seconds);
        decref(vm, i);
        return fits || (i && raise_timestamp(vm));
    }
    double d = float_value(v), whole = floor(d);
    if (isnan(d))
        return raise_value(vm, "Invalid value NaN (not a number)");
    if (us) {
        double fraction = modf(d, &whole) * 1e6, nearest = nearbyint(fraction);
        if (nearest >= 1e6) {
            nearest -= 1e6;
            whole += 1.0;
        } else if (nearest < 0) {
            nearest += 1e6;
            whole -= 1.0;
        }
        *us = (int)nearest;
    }
    if (!(whole >= -9223372036854775808.0 && whole < 9223372036854775808.0))
        return raise_timestamp(vm);
    *seconds = (int64_t)whole;
    return true;
}

bool break_down_time(VM *vm, int64_t seconds, bool local, struct tm *out) {
    time_t t = (time_t)seconds;
    errno = 0;
    if (local ? localtime_r(&t, out) : gmtime_r(&t, out))
        return true;
    raise_os_error(vm, errno ? errno : EINVAL, 0);
    return false;
}

/* ---- the local clock ------------------------------------------------------------------------------------------- */

static int64_t seconds_of(const Moment *m) {
    return cal_ordinal(m->year, m->month, m->day) * DAY_SECONDS + m->clock.hour * 3600 + m->clock.minute * 60 +
           m->clock.second;
}

static Moment moment_of_tm(const struct tm *tm, int us) {
    return (Moment){.year = tm->tm_year + 1900,
                    .month = tm->tm_mon + 1,
                    .day = tm->tm_mday,
                    .clock = {.hour = (uint8_t)tm->tm_hour,
                              .minute = (uint8_t)tm->tm_min,
                              .second = (uint8_t)(tm->tm_sec > 59 ? 59 : tm->tm_sec),
                              .micro = (uint32_t)us}};
}

/* What the local clock shows at a moment. */
static bool local_seconds(VM *vm, int64_t seconds, int64_t *out) {
    struct tm tm;
    if (!break_down_time(vm, seconds - EPOCH_SECONDS, true, &tm))
        return false;
    Moment m = moment_of_tm(&tm, 0);
    if (m.year < YEAR_MIN || m.year > YEAR_MAX)
        return raise_value(vm, "year %d is out of range", m.year);
    *out = seconds_of(&m);
    return true;
}

/* The moment at which the local clock shows t. One guess is UTC's moment less the offset there; a second one is made
 * with the offset found on the other side of a change nearby. */
static bool seconds_of_local(VM *vm, int64_t t, bool fold, int64_t *out) {
    int64_t shown;
    if (!local_seconds(vm, t, &shown))
        return false;
    int64_t a = shown - t, u1 = t - a, t1, b;
    if (!local_seconds(vm, u1, &t1))
        return false;
    if (t1 == t) { /* an answer: is there another one? */
        int64_t u2 = fold ? u1 + FOLD_MAX : u1 - FOLD_MAX;
        if (!local_seconds(vm, u2, &shown))
            return false;
        b = shown - u2;
        if (a == b) {
            *out = u1;
            return true;
        }
    } else {
        b = t1 - u1;
    }
    int64_t u2 = t - b, t2;
    if (!local_seconds(vm, u2, &t2))
        return false;
    if (t2 == t)
        *out = u2;
    else if (t1 == t)
        *out = u1;
    else /* in a gap, where fold=0 goes on with the offset before it */
        *out = fold == (u1 < u2) ? u1 : u2;
    return true;
}

/* The fixed zone that holds locally at a moment, with its name. */
static Value local_zone_at(VM *vm, int64_t seconds) {
    struct tm tm;
    if (!break_down_time(vm, seconds, true, &tm))
        return VALUE_ERROR;
    const char *name = tm.tm_zone ? tm.tm_zone : "";
    Value offset = delta_new(vm, (Wide)tm.tm_gmtoff * SECOND_US);
    Value text = offset ? str_decode(vm, name, strlen(name), "utf-8", "surrogateescape") : VALUE_ERROR;
    Value zone = text ? timezone_new(vm, offset, text) : VALUE_ERROR;
    decref(vm, offset);
    decref(vm, text);
    return zone;
}

/* The zone of a naive local time. In a gap it is the one before it for fold=0, so that the result of a conversion
 * lies behind the gap: the other one than the time's timestamp has. */
static Value local_zone_of(VM *vm, Value naive) {
    Moment m = datetime_moment(naive);
    bool fold = m.clock.fold;
    int64_t seconds, other;
    if (!seconds_of_local(vm, seconds_of(&m), fold, &seconds) || !seconds_of_local(vm, seconds_of(&m), !fold, &other))
        return VALUE_ERROR;
    if (other != seconds && (other > seconds) == fold)
        seconds = other;
    return local_zone_at(vm, seconds - EPOCH_SECONDS);
}

/* ---- now and fromtimestamp ------------------------------------------------------------------------------------- */

/* Has the local clock already shown this time before, within a day? */
static bool find_fold(VM *vm, int64_t seconds, Moment *m) {
    int64_t shown = seconds_of(m), at = seconds + EPOCH_SECONDS, before;
    if (!local_seconds(vm, at - FOLD_MAX, &before))
        return false;
    int64_t change = shown - before - FOLD_MAX;
    if (change < 0) {
        if (!local_seconds(vm, at + change, &before))
            return false;
        m->clock.fold = before == shown;
    }
    return true;
}

static Value from_clock(VM *vm, Type *type, int64_t seconds, int us, bool local, Value zone) {
    struct tm tm;
    if (!break_down_time(vm, seconds, local, &tm))
        return VALUE_ERROR;
    Moment m = moment_of_tm(&tm, us);
    if (!cal_check_date(vm, m.year, m.month, m.day))
        return VALUE_ERROR;
    if (local && !zone && !find_fold(vm, seconds, &m))
        return VALUE_ERROR;
    Value result = datetime_make(vm, type, &m, zone);
    if (result && zone)
        set_owned(vm, &result, call_method1(vm, zone, dt_state(vm)->fromutc, result));
    return result;
}

Value zone_fromtimestamp(NATIVE_ARGS) {
    Value zone;
    int64_t seconds;
    int us;
    return zone_check(vm, args[1], &zone) && timestamp_argument(vm, args[0], &seconds, &us)
               ? from_clock(vm, as_type(self), seconds, us, !zone, zone)
               : VALUE_ERROR;
}

Value zone_now(NATIVE_ARGS) {
    if (!grant_check(vm, GRANT_CLOCK))
        return VALUE_ERROR;
    Value zone;
    struct timespec now;
    if (!zone_check(vm, args[0], &zone))
        return VALUE_ERROR;
    clock_gettime(CLOCK_REALTIME, &now);
    return from_clock(vm, as_type(self), now.tv_sec, (int)(now.tv_nsec / 1000), !zone, zone);
}

static bool warn_naive_utc(VM *vm, const char *function, const char *instead) {
    return warn(vm, vm->exc.DeprecationWarning, 1,
                "datetime.datetime.%s() is deprecated and scheduled for removal in a future version. Use "
                "timezone-aware objects to represent datetimes in UTC: datetime.datetime.%s.",
                function, instead);
}

Value zone_utcnow(NATIVE_ARGS) {
    if (!grant_check(vm, GRANT_CLOCK))
        return VALUE_ERROR;
    if (!warn_naive_utc(vm, "utcnow", "now(datetime.UTC)"))
        return VALUE_ERROR;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return from_clock(vm, as_type(self), now.tv_sec, (int)(now.tv_nsec / 1000), false, 0);
}

Value zone_utcfromtimestamp(NATIVE_ARGS) {
    int64_t seconds;
    int us;
    return warn_naive_utc(vm, "utcfromtimestamp", "fromtimestamp(timestamp, datetime.UTC)") &&
                   timestamp_argument(vm, args[0], &seconds, &us)
               ? from_clock(vm, as_type(self), seconds, us, false, 0)
               : VALUE_ERROR;
}

/* ---- conversions ----------------------------------------------------------------------------------------------- */

Value zone_timestamp(NATIVE_ARGS) {
    DateTime *t = as_datetime(self);
    Value offset = zone_utcoffset(vm, t->zone, self);
    if (!offset)
        return VALUE_ERROR;
    if (t->zone) {
        if (is_none(offset))
            return raise_type(vm, "can't subtract offset-naive and offset-aware datetimes");
        Wide us = datetime_us(self) - delta_wide(as_delta(offset)) - EPOCH_SECONDS * SECOND_US;
        decref(vm, offset);
        return delta_total_seconds(vm, us);
    }
    Moment m = datetime_moment(self);
    int64_t seconds;
    if (!seconds_of_local(vm, seconds_of(&m), m.clock.fold, &seconds))
        return VALUE_ERROR;
    return from_double((double)(seconds - EPOCH_SECONDS) + m.clock.micro / 1e6);
}

/* self in UTC as a naive datetime; *zone is its own zone, the local one if it is naive, both owned. */
static Value to_utc(VM *vm, Value self, Value *zone) {
    Value own = as_datetime(self)->zone;
    *zone = own ? incref(own) : local_zone_of(vm, self);
    Value offset = *zone ? zone_utcoffset(vm, *zone, self) : VALUE_ERROR;
    if (offset && is_none(offset)) { /* has a zone that does not know: taken as local time */
        set_owned(vm, zone, local_zone_of(vm, self));
        offset = *zone ? zone_utcoffset(vm, *zone, self) : VALUE_ERROR;
    }
    Value utc = offset ? datetime_minus_offset(vm, self, offset) : VALUE_ERROR;
    decref(vm, offset);
    return utc;
}

Value zone_astimezone(NATIVE_ARGS) {
    Value target, own = 0, zone = 0, utc, start = 0, result = VALUE_ERROR;
    if (!zone_check(vm, args[0], &target))
        return VALUE_ERROR;
    if (target && target == as_datetime(self)->zone)
        return incref(self);
    utc = to_utc(vm, self, &own);
    if (utc && target == own) {
        decref(vm, utc);
        decref(vm, own);
        return incref(self);
    }
    if (utc)
        zone = target ? incref(target) : local_zone_at(vm, datetime_us(utc) / SECOND_US - EPOCH_SECONDS);
    Moment m = utc ? datetime_moment(utc) : (Moment){0};
    if (zone && (start = datetime_make(vm, fast_type(vm, self), &m, zone)))
        result = call_method1(vm, zone, dt_state(vm)->fromutc, start);
    decref(vm, start);
    decref(vm, zone);
    decref(vm, utc);
    decref(vm, own);
    return result;
}
