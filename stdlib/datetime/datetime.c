/* datetime: a date and a time of day. Making, fields, arithmetic, comparison; what has to do with zones and clocks is
 * in datetime_zone.c. */
#include "stdlib/datetime/datetime.h"

/* ---- fields and making ----------------------------------------------------------------------------------------- */

Moment datetime_moment(Value dt) {
    const DateTime *t = as_datetime(dt);
    return (Moment){.year = t->date.year, .month = t->date.month, .day = t->date.day, .clock = t->clock};
}

Value datetime_new(VM *vm, Type *type, const Moment *m, Value zone) {
    DateTime *t = object_alloc(vm, type, 0);
    if (!t)
        return VALUE_ERROR;
    t->date.year = (uint16_t)m->year;
    t->date.month = (uint8_t)m->month;
    t->date.day = (uint8_t)m->day;
    t->clock = m->clock;
    t->zone = zone && !is_none(zone) ? incref(zone) : 0;
    return from_obj(t);
}

Value datetime_make(VM *vm, Type *type, const Moment *m, Value zone) {
    if (type == dt_state(vm)->datetime)
        return cal_check_date(vm, m->year, m->month, m->day) ? datetime_new(vm, type, m, zone) : VALUE_ERROR;
    Value v[] = {from_small_int(m->year),        from_small_int(m->month),        from_small_int(m->day),
                 from_small_int(m->clock.hour),  from_small_int(m->clock.minute), from_small_int(m->clock.second),
                 from_small_int(m->clock.micro), zone ? zone : VALUE_NONE};
    Value result = call(vm, type_value(type), v, 8, 0);
    if (result && is_datetime(result))
        as_datetime(result)->clock.fold = m->clock.fold;
    return result;
}

/* year, month, day; unchanged where absent */
static bool date_bind(VM *vm, Value *v, Moment *m) {
    int *fields[3] = {&m->year, &m->month, &m->day};
    for (int i = 0; i < 3; i++)
        if (v[i] && !cal_int(vm, v[i], fields[i]))
            return false;
    return true;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    uint8_t state[DATETIME_STATE];
    if (nargs >= 1 && nargs <= 2 && state_unpack(args[0], DATETIME_STATE, 2, 1, 12, state))
        return state_unpack_datetime(vm, type, state, nargs == 2 ? args[1] : 0);
    Value v[9] = {0}, zone = 0;
    Moment m = {0};
    if (!cal_check_ints(vm, args, nargs, 3) ||
        !native_bind(vm, NULL, "year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0",
                     args, nargs, kwnames, v, 9) ||
        !date_bind(vm, v, &m) || !cal_check_date(vm, m.year, m.month, m.day) || !clock_bind(vm, v + 3, &m.clock) ||
        !fold_bind(vm, v[8], &m.clock) || !zone_check(vm, v[7], &zone))
        return VALUE_ERROR;
    return datetime_new(vm, type, &m, zone);
}

METHOD(replace) {
    Moment m = datetime_moment(self);
    Value zone = as_datetime(self)->zone;
    if (!date_bind(vm, args, &m) || !cal_check_date(vm, m.year, m.month, m.day) ||
        !clock_bind(vm, args + 3, &m.clock) || !fold_bind(vm, args[8], &m.clock) ||
        (args[7] && !zone_check(vm, args[7], &zone)))
        return VALUE_ERROR;
    return datetime_make(vm, fast_type(vm, self), &m, zone);
}

METHOD(combine) {
    if (!is_date(args[0]))
        return raise_argument(vm, "combine", 1, "datetime.date", args[0]);
    if (!is_time(args[1]))
        return raise_argument(vm, "combine", 2, "datetime.time", args[1]);
    Value zone = as_time(args[1])->zone;
    if (args[2] && !zone_check(vm, args[2], &zone))
        return VALUE_ERROR;
    const Date *d = as_date(args[0]);
    Moment m = {.year = d->year, .month = d->month, .day = d->day, .clock = as_time(args[1])->clock};
    return datetime_make(vm, as_type(self), &m, zone);
}

/* ---- arithmetic ------------------------------------------------------------------------------------------------ */

int64_t datetime_us(Value dt) {
    const Date *d = as_date(dt);
    return cal_ordinal(d->year, d->month, d->day) * DAY_US + clock_us(&as_datetime(dt)->clock);
}

bool moment_from_us(VM *vm, int64_t us, Moment *out) {
    int64_t ordinal = us / DAY_US, rest = us % DAY_US;
    if (rest < 0) {
        ordinal--;
        rest += DAY_US;
    }
    if (ordinal < 1 || ordinal > ORDINAL_MAX)
        return raise_overflow(vm, "date value out of range");
    cal_from_ordinal((int)ordinal, &out->year, &out->month, &out->day);
    int64_t seconds = rest / SECOND_US;
    out->clock = (Clock){.hour = (uint8_t)(seconds / 3600),
                         .minute = (uint8_t)(seconds / 60 % 60),
                         .second = (uint8_t)(seconds % 60),
                         .micro = (uint32_t)(rest % SECOND_US)};
    return true;
}

static bool shifted(VM *vm, Value dt, Wide us, Moment *out) {
    us += datetime_us(dt);
    if (us != (Wide)(int64_t)us)
        return raise_overflow(vm, "date value out of range");
    return moment_from_us(vm, (int64_t)us, out);
}

Value datetime_plus(VM *vm, Value dt, Wide us, Type *type) {
    Moment m;
    return shifted(vm, dt, us, &m) ? datetime_make(vm, type, &m, as_datetime(dt)->zone) : VALUE_ERROR;
}

Value datetime_minus_offset(VM *vm, Value dt, Value offset) {
    Moment m;
    return shifted(vm, dt, -delta_wide(as_delta(offset)), &m) ? datetime_new(vm, dt_state(vm)->datetime, &m, 0)
                                                              : VALUE_ERROR;
}

static Value op_add(VM *vm, Value a, Value b) {
    Value dt = is_datetime(a) ? a : b, delta = is_datetime(a) ? b : a;
    return is_datetime(dt) && is_delta(delta) ? datetime_plus(vm, dt, delta_wide(as_delta(delta)), fast_type(vm, dt))
                                              : VALUE_NOTIMPL;
}

/* The offsets of two datetimes: owned. */
static bool two_offsets(VM *vm, Value a, Value b, Value *offset_a, Value *offset_b) {
    *offset_a = zone_utcoffset(vm, as_datetime(a)->zone, a);
    *offset_b = *offset_a ? zone_utcoffset(vm, as_datetime(b)->zone, b) : VALUE_ERROR;
    if (*offset_b)
        return true;
    decref(vm, *offset_a);
    return false;
}

/* Microseconds from b to a in UTC where both have offsets, by their own clocks where none has. */
static int64_t distance(Value a, Value b, Value offset_a, Value offset_b) {
    int64_t us = datetime_us(a) - datetime_us(b);
    if (!is_none(offset_a) && !offset_equal(offset_a, offset_b))
        us -= (int64_t)(delta_wide(as_delta(offset_a)) - delta_wide(as_delta(offset_b)));
    return us;
}

static Value op_sub(VM *vm, Value a, Value b) {
    if (!is_datetime(a))
        return VALUE_NOTIMPL;
    if (is_delta(b))
        return datetime_plus(vm, a, -delta_wide(as_delta(b)), fast_type(vm, a));
    if (!is_datetime(b))
        return VALUE_NOTIMPL;
    if (as_datetime(a)->zone == as_datetime(b)->zone)
        return delta_new(vm, datetime_us(a) - datetime_us(b));
    Value offset_a, offset_b, result;
    if (!two_offsets(vm, a, b, &offset_a, &offset_b))
        return VALUE_ERROR;
    if (is_none(offset_a) != is_none(offset_b))
        result = raise_type(vm, "can't subtract offset-naive and offset-aware datetimes");
    else
        result = delta_new(vm, distance(a, b, offset_a, offset_b));
    decref(vm, offset_a);
    decref(vm, offset_b);
    return result;
}

/* Does the offset of a datetime depend on its fold? Such a one equals none in another zone. 1, 0, -1 */
static int offset_depends_on_fold(VM *vm, Value dt, Value offset) {
    DateTime *t = as_datetime(dt);
    if (!t->zone)
        return 0;
    Moment m = datetime_moment(dt);
    m.clock.fold = !m.clock.fold;
    Value other = datetime_new(vm, dt_state(vm)->datetime, &m, t->zone);
    Value offset_other = other ? zone_utcoffset(vm, t->zone, other) : VALUE_ERROR;
    int result = !offset_other ? -1 : !offset_equal(offset, offset_other);
    decref(vm, other);
    decref(vm, offset_other);
    return result;
}

static Value compare_offsets(VM *vm, Value a, Value b, Value offset_a, Value offset_b, CompareOp op) {
    int64_t order = distance(a, b, offset_a, offset_b);
    if ((op == CMP_EQ || op == CMP_NE) && order == 0) {
        int depends = offset_depends_on_fold(vm, a, offset_a);
        if (depends == 0)
            depends = offset_depends_on_fold(vm, b, offset_b);
        if (depends)
            return depends < 0 ? VALUE_ERROR : from_bool(op == CMP_NE);
    }
    return order_result(op, (order > 0) - (order < 0));
}

static Value compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!is_datetime(a) || !is_datetime(b))
        return VALUE_NOTIMPL;
    if (as_datetime(a)->zone == as_datetime(b)->zone) {
        int64_t x = datetime_us(a), y = datetime_us(b);
        return order_result(op, (x > y) - (x < y));
    }
    Value offset_a, offset_b, result;
    if (!two_offsets(vm, a, b, &offset_a, &offset_b))
        return VALUE_ERROR;
    if (is_none(offset_a) == is_none(offset_b))
        result = compare_offsets(vm, a, b, offset_a, offset_b, op);
    else if (op == CMP_EQ || op == CMP_NE)
        result = from_bool(op == CMP_NE);
    else
        result = raise_type(vm, "can't compare offset-naive and offset-aware datetimes");
    decref(vm, offset_a);
    decref(vm, offset_b);
    return result;
}

/* The hash of one with an offset is that of its time in UTC. The offset is asked for as if fold were 0, as equal
 * datetimes may differ in it. */
static bool compute_hash(VM *vm, Value self, int64_t *out) {
    DateTime *t = as_datetime(self);
    Value dt = incref(self);
    if (t->clock.fold) {
        Moment m = datetime_moment(self);
        m.clock.fold = 0;
        set_owned(vm, &dt, datetime_new(vm, dt_state(vm)->datetime, &m, t->zone));
    }
    Value offset = dt ? zone_utcoffset(vm, t->zone, dt) : VALUE_ERROR;
    decref(vm, dt);
    if (!offset)
        return false;
    uint8_t s[DATETIME_STATE];
    state_pack_date(s, t->date.year, t->date.month, t->date.day);
    state_pack_clock(s + DATE_STATE, &t->clock);
    bool ok = is_none(offset) ? state_hash(vm, s, sizeof s, out)
                              : delta_hash(vm, datetime_us(self) - delta_wide(as_delta(offset)), out);
    decref(vm, offset);
    return ok;
}

static bool hash(VM *vm, Value self, int64_t *out) {
    Date *d = as_date(self);
    if (!d->hash && !compute_hash(vm, self, &d->hash))
        return false;
    *out = d->hash;
    return true;
}

/* ---- text and methods ------------------------------------------------------------------------------------------ */

static Value repr(VM *vm, Value self) {
    DateTime *t = as_datetime(self);
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_printf(&b, "%N(%d, %d, %d, %d, %d", fast_type(vm, self), t->date.year, t->date.month, t->date.day,
                      t->clock.hour, t->clock.minute);
    if (t->clock.second || t->clock.micro)
        strbuilder_printf(&b, ", %d", t->clock.second);
    if (t->clock.micro)
        strbuilder_printf(&b, ", %d", (int)t->clock.micro);
    if (t->clock.fold)
        strbuilder_add_c(&b, ", fold=1");
    if (t->zone)
        strbuilder_printf(&b, ", tzinfo=%R", t->zone);
    strbuilder_add_c(&b, ")");
    return strbuilder_finish(&b);
}

static Value str(VM *vm, Value self) {
    Value sep = str_from_char(vm, ' '), result = sep ? call_method1(vm, self, dt_state(vm)->isoformat, sep) : 0;
    decref(vm, sep);
    return result;
}

METHOD(isoformat) {
    DateTime *t = as_datetime(self);
    uint32_t sep = 'T';
    if (args[0]) {
        if (!is_str(args[0]) || as_str(args[0])->nchars != 1)
            return raise_argument(vm, "isoformat", 1, "a unicode character", args[0]);
        sep = str_char_at(vm, args[0], 0);
    }
    if (args[1] && !is_str(args[1]))
        return raise_argument(vm, "isoformat", 2, "str", args[1]);
    StrBuilder b;
    strbuilder_init(&b, vm);
    iso_add_date(&b, t->date.year, t->date.month, t->date.day);
    strbuilder_add_char(&b, sep);
    if (iso_add_clock(vm, &b, &t->clock, args[1]) && iso_add_zone(vm, &b, t->zone, self, ":"))
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return VALUE_ERROR;
}

METHOD(ctime) {
    Moment m = datetime_moment(self);
    return ctime_text(vm, &m);
}

METHOD(date) {
    const Date *d = as_date(self);
    return date_new(vm, dt_state(vm)->date, d->year, d->month, d->day);
}
METHOD(time) { return time_new(vm, dt_state(vm)->time, &as_datetime(self)->clock, 0); }
METHOD(timetz) { return time_new(vm, dt_state(vm)->time, &as_datetime(self)->clock, as_datetime(self)->zone); }

METHOD(timetuple) {
    int isdst = -1;
    Value dst = zone_dst(vm, as_datetime(self)->zone, self);
    if (!dst)
        return VALUE_ERROR;
    if (!is_none(dst))
        isdst = delta_wide(as_delta(dst)) != 0;
    decref(vm, dst);
    Moment m = datetime_moment(self);
    return struct_time_of(vm, &m, isdst);
}

METHOD(utctimetuple) {
    Value offset = zone_utcoffset(vm, as_datetime(self)->zone, self);
    if (!offset)
        return VALUE_ERROR;
    Moment m = datetime_moment(self);
    bool ok = is_none(offset) || shifted(vm, self, -delta_wide(as_delta(offset)), &m);
    decref(vm, offset);
    return ok ? struct_time_of(vm, &m, 0) : VALUE_ERROR;
}

METHOD(utcoffset) { return zone_utcoffset(vm, as_datetime(self)->zone, self); }
METHOD(dst) { return zone_dst(vm, as_datetime(self)->zone, self); }
METHOD(tzname) { return zone_name(vm, as_datetime(self)->zone, self); }

static Value get_hour(VM *vm, Value self) { return from_small_int(as_datetime(self)->clock.hour); }
static Value get_minute(VM *vm, Value self) { return from_small_int(as_datetime(self)->clock.minute); }
static Value get_second(VM *vm, Value self) { return from_small_int(as_datetime(self)->clock.second); }
static Value get_micro(VM *vm, Value self) { return from_small_int(as_datetime(self)->clock.micro); }
static Value get_fold(VM *vm, Value self) { return from_small_int(as_datetime(self)->clock.fold); }
static Value get_zone(VM *vm, Value self) {
    return as_datetime(self)->zone ? incref(as_datetime(self)->zone) : VALUE_NONE;
}

static void drop_zone(VM *vm, Object *self) { set_owned(vm, &((DateTime *)self)->zone, 0); }
static void traverse(Object *self, VisitFn visit, void *arg) { visit_value(((DateTime *)self)->zone, visit, arg); }

#define REPLACE_SIGNATURE                                                                                            \
    "year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, second=unchanged, "           \
    "microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged"

static const MethodSpec methods[] = {
    {"now", zone_now, "tz=None", "The current time: local, or in a zone.", METHOD_CLASS},
    {"utcnow", zone_utcnow, "", "The current time in UTC, without a zone.", METHOD_CLASS},
    {"fromtimestamp", zone_fromtimestamp, "timestamp, tz=None",
     "The local time, or that of a zone, of a number of seconds since 1970.", METHOD_CLASS},
    {"utcfromtimestamp", zone_utcfromtimestamp, "timestamp, /",
     "The time in UTC, without a zone, of a number of seconds since 1970.", METHOD_CLASS},
    {"strptime", strptime_datetime, "*arguments",
     "strptime(date_string, format)\n\nThe time that a text tells in a format.", METHOD_CLASS},
    {"combine", method_combine, "date, time, tzinfo=time.tzinfo", "A date and a time of day together.", METHOD_CLASS},
    {"fromisoformat", iso_datetime_fromisoformat, "object, /", "The time that an ISO 8601 text tells.", METHOD_CLASS},
    {"date", method_date, "", "The date alone.", 0},
    {"time", method_time, "", "The time of day without its zone.", 0},
    {"timetz", method_timetz, "", "The time of day with its zone.", 0},
    {"ctime", method_ctime, "", "The time in the form 'Thu Jan  2 03:04:05 2020'.", 0},
    {"timetuple", method_timetuple, "", "The time as time.localtime() gives it.", 0},
    {"timestamp", zone_timestamp, "", "Seconds since 1970, as a float.", 0},
    {"utctimetuple", method_utctimetuple, "", "The time in UTC as time.gmtime() gives it.", 0},
    {"isoformat", method_isoformat, "sep='T', timespec='auto'",
     "The time in the form YYYY-MM-DDTHH:MM:SS[.ffffff][+HH:MM].", 0},
    {"strftime", strftime_datetime, "format", "The time in a format as of time.strftime().", 0},
    {"utcoffset", method_utcoffset, "", "What the zone is ahead of UTC, or None.", 0},
    {"tzname", method_tzname, "", "The zone's name, or None.", 0},
    {"dst", method_dst, "", "The daylight saving part of the offset, or None.", 0},
    {"replace", method_replace, REPLACE_SIGNATURE, "The time with other values for some fields.", 0},
    {"__replace__", method_replace, REPLACE_SIGNATURE, "As replace().", 0},
    {"astimezone", zone_astimezone, "tz=None", "The same moment in another zone, or in the local one.", 0},
    {"__reduce_ex__", state_reduce_ex_datetime, "protocol, /", "State for copying and pickling.", 0},
    {"__reduce__", state_reduce_datetime, "", "State for copying and pickling.", 0},
    {0},
};

static const GetSetSpec getset[] = {
    {"hour", get_hour, NULL, NULL},
    {"minute", get_minute, NULL, NULL},
    {"second", get_second, NULL, NULL},
    {"microsecond", get_micro, NULL, NULL},
    {"tzinfo", get_zone, NULL, NULL},
    {"fold", get_fold, NULL, NULL},
    {0},
};

const TypeSpec datetime_spec = {
    .name = "datetime.datetime",
    .doc = "A day and a time of it: datetime(year, month, day, hour, minute, second, microsecond, tzinfo).\n\nThe "
           "day must be "
           "given; without a tzinfo the zone is not known.",
    .signature = "year, month, day, hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0",
    .size = sizeof(DateTime),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.dealloc = drop_zone,
              .clear = drop_zone,
              .traverse = traverse,
              .create = create,
              .repr = repr,
              .str = str,
              .hash = hash,
              .compare = compare},
    .numbers = &(const NumberSlots){.binary = {[OP_ADD] = op_add, [OP_SUB] = op_sub}},
    .methods = methods,
    .getset = getset,
};
