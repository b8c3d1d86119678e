/* Text of dates and times by format, time.struct_time, and strptime, with the time module's functions. What that
 * module does not know, microseconds and the zones of objects, is put into the format first. */
#include "stdlib/datetime/datetime.h"

static TimeParts parts_of(const Moment *m, int isdst) {
    return (TimeParts){.year = m->year,
                       .month = m->month,
                       .day = m->day,
                       .hour = m->clock.hour,
                       .minute = m->clock.minute,
                       .second = m->clock.second,
                       .weekday = cal_weekday(m->year, m->month, m->day),
                       .yearday = cal_yearday(m->year, m->month, m->day),
                       .isdst = isdst};
}

Value struct_time_of(VM *vm, const Moment *m, int isdst) {
    TimeParts t = parts_of(m, isdst);
    return time_struct_new(vm, &t);
}

Value ctime_text(VM *vm, const Moment *m) {
    char text[80];
    int n = snprintf(text, sizeof text, "%.3s %.3s %2d %02d:%02d:%02d %04d",
                     time_days[cal_weekday(m->year, m->month, m->day)], time_months[m->month - 1], m->day,
                     m->clock.hour, m->clock.minute, m->clock.second, m->year);
    return str_new_ascii(vm, text, (size_t)n);
}

/* ---- strftime -------------------------------------------------------------------------------------------------- */

typedef struct Formatted { /* what a format is about */
    Moment moment;
    Value zone, zone_argument; /* the zone, or 0, and what it is asked about */
} Formatted;

static bool add_zone_name(VM *vm, StrBuilder *b, const Formatted *f) {
    Value name = zone_name(vm, f->zone, f->zone_argument);
    if (!name)
        return false;
    if (is_str(name)) {
        const char *p = str_data(name), *end = p + as_str(name)->nbytes;
        for (; p < end; p++)
            strbuilder_add(b, *p == '%' ? "%%" : p, *p == '%' ? 2 : 1);
    }
    decref(vm, name);
    return true;
}

/* Replaces %f, %z, %:z and %Z. */
static bool expand_format(VM *vm, StrBuilder *b, const char *p, const char *end, const Formatted *f) {
    for (; p < end; p++) {
        char digits[8];
        if (*p != '%' || p + 1 == end) {
            strbuilder_add(b, p, 1);
            continue;
        }
        bool ok = true;
        switch (*++p) {
        case 'f':
            snprintf(digits, sizeof digits, "%06u", (unsigned)f->moment.clock.micro);
            strbuilder_add_c(b, digits);
            break;
        case 'z':
            ok = iso_add_zone(vm, b, f->zone, f->zone_argument, "");
            break;
        case 'Z':
            ok = add_zone_name(vm, b, f);
            break;
        case ':':
            if (p + 1 < end && p[1] == 'z') {
                p++;
                ok = iso_add_zone(vm, b, f->zone, f->zone_argument, ":");
                break;
            }
            strbuilder_add(b, "%:", 2);
            break;
        default:
            strbuilder_add(b, p - 1, 2);
        }
        if (!ok)
            return false;
    }
    return !b->failed;
}

static Value format_with(VM *vm, Value format, const Formatted *f) {
    if (!is_str(format))
        return raise_argument(vm, "strftime", 1, "str", format);
    const char *p = str_data(format);
    Value bytes = str_is_ascii(as_str(format)) ? VALUE_NONE : str_encode(vm, format, "utf-8", "strict");
    decref(vm, bytes);
    if (!bytes)
        return VALUE_ERROR;
    StrBuilder b;
    strbuilder_init(&b, vm);
    Value result = VALUE_ERROR;
    if (expand_format(vm, &b, p, p + strlen(p), f)) { /* a NUL character ends the format, as in C */
        TimeParts t = parts_of(&f->moment, -1);
        result = time_format(vm, b.data ? b.data : "", b.len, &t);
    }
    strbuilder_drop(&b);
    return result;
}

Value strftime_date(NATIVE_ARGS) {
    const Date *d = as_date(self);
    Formatted f = {.moment = {.year = d->year, .month = d->month, .day = d->day}, .zone_argument = VALUE_NONE};
    return format_with(vm, args[0], &f);
}

Value strftime_time(NATIVE_ARGS) {
    Formatted f = {.moment = {.year = 1900, .month = 1, .day = 1, .clock = as_time(self)->clock},
                   .zone = as_time(self)->zone,
                   .zone_argument = VALUE_NONE};
    return format_with(vm, args[0], &f);
}

Value strftime_datetime(NATIVE_ARGS) {
    Value dst = zone_dst(vm, as_datetime(self)->zone, self); /* only asked, as making a time tuple would */
    decref(vm, dst);
    if (!dst)
        return VALUE_ERROR;
    Formatted f = {.moment = datetime_moment(self), .zone = as_datetime(self)->zone, .zone_argument = self};
    return format_with(vm, args[0], &f);
}

Value strftime_format(NATIVE_ARGS) {
    if (!is_str(args[0]))
        return raise_argument(vm, "__format__", 1, "str", args[0]);
    return as_str(args[0])->nbytes ? call_method1(vm, self, dt_state(vm)->strftime, args[0]) : to_str(vm, self);
}

/* ---- strptime -------------------------------------------------------------------------------------------------- */

static Value parsed_zone(VM *vm, const TimeParts *t) {
    if (!t->has_zone)
        return VALUE_NONE;
    Value offset = delta_new(vm, (Wide)t->offset * SECOND_US + t->offset_us), name = 0, zone = VALUE_ERROR;
    if (offset && (!t->zone[0] || (name = str_from_c(vm, t->zone))))
        zone = timezone_new(vm, offset, name);
    decref(vm, offset);
    decref(vm, name);
    return zone;
}

Value strptime_datetime(NATIVE_ARGS) {
    if (!exactly(vm, "datetime.strptime", 2, nargs, kwnames))
        return VALUE_ERROR;
    for (int i = 0; i < 2; i++)
        if (!is_str(args[i]))
            return raise_argument(vm, "strptime", i + 1, "str", args[i]);
    TimeParts t;
    int64_t us;
    if (!time_parse(vm, args[0], args[1], &t, &us))
        return VALUE_ERROR;
    Value zone = parsed_zone(vm, &t), result = VALUE_ERROR;
    if (!zone)
        return VALUE_ERROR;
    Moment m = {.year = (int)t.year,
                .month = t.month,
                .day = t.day,
                .clock = {.hour = (uint8_t)t.hour,
                          .minute = (uint8_t)t.minute,
                          .second = (uint8_t)t.second,
                          .micro = (uint32_t)us}};
    if (cal_check_clock(vm, t.hour, t.minute, t.second, (int)us, 0))
        result = datetime_make(vm, as_type(self), &m, zone);
    decref(vm, zone);
    return result;
}
