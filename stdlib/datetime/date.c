/* date: a day of the calendar. */
#include "stdlib/datetime/datetime.h"
#include "stdlib/grants.h"

/* ---- making ---------------------------------------------------------------------------------------------------- */

static Value alloc(VM *vm, Type *type, int year, int month, int day) {
    Date *d = object_alloc(vm, type, 0);
    if (!d)
        return VALUE_ERROR;
    d->year = (uint16_t)year;
    d->month = (uint8_t)month;
    d->day = (uint8_t)day;
    return from_obj(d);
}

Value date_new(VM *vm, Type *type, int year, int month, int day) {
    if (type != dt_state(vm)->date)
        return call3(vm, type_value(type), from_small_int(year), from_small_int(month), from_small_int(day));
    return cal_check_date(vm, year, month, day) ? alloc(vm, type, year, month, day) : VALUE_ERROR;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    uint8_t state[DATE_STATE];
    if (nargs == 1 && state_unpack(args[0], DATE_STATE, 2, 1, 12, state))
        return state_unpack_date(vm, type, state);
    Value v[3];
    int n[3];
    if (!cal_check_ints(vm, args, nargs, 3) || !native_bind(vm, NULL, "year, month, day", args, nargs, kwnames, v, 3))
        return VALUE_ERROR;
    for (int i = 0; i < 3; i++)
        if (!cal_int(vm, v[i], &n[i]))
            return VALUE_ERROR;
    return cal_check_date(vm, n[0], n[1], n[2]) ? alloc(vm, type, n[0], n[1], n[2]) : VALUE_ERROR;
}

static Value from_ordinal(VM *vm, Type *type, int ordinal) {
    int year, month, day;
    cal_from_ordinal(ordinal, &year, &month, &day);
    return date_new(vm, type, year, month, day);
}

METHOD(fromordinal) {
    int ordinal;
    if (!exactly(vm, "date.fromordinal", 1, nargs, kwnames) || !cal_int(vm, args[0], &ordinal))
        return VALUE_ERROR;
    return ordinal < 1 ? raise_value(vm, "ordinal must be >= 1") : from_ordinal(vm, as_type(self), ordinal);
}

METHOD(fromisocalendar) {
    int year, week, day, ordinal;
    if (!cal_int(vm, args[0], &year) || !cal_int(vm, args[1], &week) || !cal_int(vm, args[2], &day)) {
        if (!error_matches(vm, vm->exc.OverflowError))
            return VALUE_ERROR;
        error_clear(vm);
        return raise_value(vm, "ISO calendar component out of range");
    }
    if (year < YEAR_MIN || year > YEAR_MAX)
        return raise_value(vm, "Year is out of range: %d", year);
    if (!cal_from_iso(year, week, day, &ordinal)) {
        if (day >= 1 && day <= 7)
            return raise_value(vm, "Invalid week: %d", week);
        int ignored;
        return cal_from_iso(year, week, 1, &ignored) ? raise_value(vm, "Invalid day: %d (range is [1, 7])", day)
                                                     : raise_value(vm, "Invalid week: %d", week);
    }
    return from_ordinal(vm, as_type(self), ordinal);
}

static Value from_timestamp(VM *vm, Type *type, int64_t seconds) {
    struct tm tm;
    if (!break_down_time(vm, seconds, true, &tm))
        return VALUE_ERROR;
    return date_new(vm, type, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

METHOD(fromtimestamp) {
    int64_t seconds;
    return timestamp_argument(vm, args[0], &seconds, NULL) ? from_timestamp(vm, as_type(self), seconds) : VALUE_ERROR;
}

METHOD(today) {
    if (!grant_check(vm, GRANT_CLOCK))
        return VALUE_ERROR;
    Type *type = as_type(self);
    if (type == dt_state(vm)->date)
        return from_timestamp(vm, type, (int64_t)time(NULL));
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    Value make = attr_get_c(vm, self, "fromtimestamp");
    Value result = make ? call1(vm, make, from_double((double)now.tv_sec + (double)now.tv_nsec * 1e-9)) : VALUE_ERROR;
    decref(vm, make);
    return result;
}

METHOD(replace) {
    Date *d = as_date(self);
    int n[3] = {d->year, d->month, d->day};
    for (int i = 0; i < 3; i++)
        if (args[i] && !cal_int(vm, args[i], &n[i]))
            return VALUE_ERROR;
    return date_new(vm, fast_type(vm, self), n[0], n[1], n[2]);
}

/* ---- operators ------------------------------------------------------------------------------------------------- */

static int ordinal_of(Value v) { return cal_ordinal(as_date(v)->year, as_date(v)->month, as_date(v)->day); }

static Value shift(VM *vm, Value date, int64_t days) {
    int64_t ordinal = ordinal_of(date) + days;
    if (ordinal < 1 || ordinal > ORDINAL_MAX)
        return raise_overflow(vm, "date value out of range");
    return from_ordinal(vm, fast_type(vm, date), (int)ordinal);
}

static bool is_plain_date(Value v) { return spec_of(v) == &date_spec; }

static Value op_add(VM *vm, Value a, Value b) {
    if (is_plain_date(a) && is_delta(b))
        return shift(vm, a, as_delta(b)->days);
    return is_delta(a) && is_plain_date(b) ? shift(vm, b, as_delta(a)->days) : VALUE_NOTIMPL;
}

static Value op_sub(VM *vm, Value a, Value b) {
    if (!is_plain_date(a))
        return VALUE_NOTIMPL;
    if (is_delta(b))
        return shift(vm, a, -(int64_t)as_delta(b)->days);
    return is_plain_date(b) ? delta_new(vm, (Wide)(ordinal_of(a) - ordinal_of(b)) * DAY_US) : VALUE_NOTIMPL;
}

static Value compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!is_plain_date(a) || !is_plain_date(b))
        return VALUE_NOTIMPL;
    const Date *x = as_date(a), *y = as_date(b);
    int order = (x->year << 9 | x->month << 5 | x->day) - (y->year << 9 | y->month << 5 | y->day);
    return order_result(op, order);
}

static bool hash(VM *vm, Value self, int64_t *out) {
    Date *d = as_date(self);
    if (!d->hash) {
        uint8_t s[DATE_STATE];
        state_pack_date(s, d->year, d->month, d->day);
        if (!state_hash(vm, s, sizeof s, &d->hash))
            return false;
    }
    *out = d->hash;
    return true;
}

static Value repr(VM *vm, Value self) {
    const Date *d = as_date(self);
    return str_printf(vm, "%N(%d, %d, %d)", fast_type(vm, self), d->year, d->month, d->day);
}

static Value str(VM *vm, Value self) { return call_method0(vm, self, dt_state(vm)->isoformat); }

/* ---- methods --------------------------------------------------------------------------------------------------- */

static Moment midnight(Value self) {
    return (Moment){.year = as_date(self)->year, .month = as_date(self)->month, .day = as_date(self)->day};
}

METHOD(isoformat) {
    StrBuilder b;
    strbuilder_init(&b, vm);
    iso_add_date(&b, as_date(self)->year, as_date(self)->month, as_date(self)->day);
    return strbuilder_finish(&b);
}
METHOD(timetuple) {
    Moment m = midnight(self);
    return struct_time_of(vm, &m, -1);
}
METHOD(ctime) {
    Moment m = midnight(self);
    return ctime_text(vm, &m);
}
METHOD(toordinal) { return from_small_int(ordinal_of(self)); }
METHOD(weekday) { return from_small_int((ordinal_of(self) + 6) % 7); }
METHOD(isoweekday) { return from_small_int((ordinal_of(self) + 6) % 7 + 1); }
METHOD(isocalendar) {
    int year, week;
    cal_iso_week(as_date(self)->year, as_date(self)->month, as_date(self)->day, &year, &week);
    Value t = tuple_new_of(vm, dt_state(vm)->iso_date, 3);
    if (t) {
        as_tuple(t)->items[0] = from_small_int(year);
        as_tuple(t)->items[1] = from_small_int(week);
        as_tuple(t)->items[2] = from_small_int((ordinal_of(self) + 6) % 7 + 1);
    }
    return t;
}

static Value get_year(VM *vm, Value self) { return from_small_int(as_date(self)->year); }
static Value get_month(VM *vm, Value self) { return from_small_int(as_date(self)->month); }
static Value get_day(VM *vm, Value self) { return from_small_int(as_date(self)->day); }

static const MethodSpec methods[] = {
    {"today", method_today, "", "The current local date.", METHOD_CLASS},
    {"fromtimestamp", method_fromtimestamp, "timestamp, /", "The local date of a number of seconds since 1970.",
     METHOD_CLASS},
    {"fromordinal", method_fromordinal, "*ordinal", "The date of a day's number, where 0001-01-01 is 1.",
     METHOD_CLASS},
    {"fromisoformat", iso_date_fromisoformat, "object, /", "The date that an ISO 8601 text tells.", METHOD_CLASS},
    {"fromisocalendar", method_fromisocalendar, "year, week, day", "The date of a day in an ISO week.", METHOD_CLASS},
    {"strftime", strftime_date, "format", "The date in a format as of time.strftime().", 0},
    {"__format__", strftime_format, "format_spec, /", "As strftime(), or str() for an empty format.", 0},
    {"timetuple", method_timetuple, "", "The date as time.localtime() gives it.", 0},
    {"ctime", method_ctime, "", "The date in the form 'Thu Jan  2 00:00:00 2020'.", 0},
    {"isocalendar", method_isocalendar, "", "ISO year, week and weekday.", 0},
    {"isoformat", method_isoformat, "", "The date in the form YYYY-MM-DD.", 0},
    {"isoweekday", method_isoweekday, "", "The day of the week, Monday being 1.", 0},
    {"toordinal", method_toordinal, "", "The day's number, where 0001-01-01 is 1.", 0},
    {"weekday", method_weekday, "", "The day of the week, Monday being 0.", 0},
    {"replace", method_replace, "year=unchanged, month=unchanged, day=unchanged",
     "The date with other values for some fields.", 0},
    {"__replace__", method_replace, "year=unchanged, month=unchanged, day=unchanged", "As replace().", 0},
    {"__reduce__", state_reduce_date, "", "State for copying and pickling.", 0},
    {0},
};

static const GetSetSpec getset[] = {
    {"year", get_year, NULL, NULL},
    {"month", get_month, NULL, NULL},
    {"day", get_day, NULL, NULL},
    {0},
};

const TypeSpec date_spec = {
    .name = "datetime.date",
    .doc = "A day of the Gregorian calendar: date(year, month, day).",
    .signature = "year, month, day",
    .size = sizeof(Date),
    .flags = TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = create, .repr = repr, .str = str, .hash = hash, .compare = compare},
    .numbers = &(const NumberSlots){.binary = {[OP_ADD] = op_add, [OP_SUB] = op_sub}},
    .methods = methods,
    .getset = getset,
};

/* ---- what isocalendar() returns -------------------------------------------------------------------------------- */

static Value iso_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[3];
    if (!native_bind(vm, "IsoCalendarDate", "year, week, weekday", args, nargs, kwnames, v, 3))
        return VALUE_ERROR;
    Value t = tuple_new_of(vm, type, 3);
    for (int i = 0; t && i < 3; i++)
        as_tuple(t)->items[i] = incref(v[i]);
    return t;
}

static Value iso_repr(VM *vm, Value self) {
    Value *item = as_tuple(self)->items;
    return str_printf(vm, "%N(year=%S, week=%S, weekday=%S)", fast_type(vm, self), item[0], item[1], item[2]);
}

METHOD(iso_reduce) {
    Value plain = tuple_from_array(vm, as_tuple(self)->items, as_tuple(self)->len);
    Value result = VALUE_ERROR, parts = plain ? tuple_pack(vm, 1, plain) : VALUE_ERROR;
    if (parts)
        result = tuple_pack(vm, 2, type_value(vm->types.tuple), parts);
    decref(vm, parts);
    decref(vm, plain);
    return result;
}

static Value get_iso_year(VM *vm, Value self) { return incref(as_tuple(self)->items[0]); }
static Value get_iso_week(VM *vm, Value self) { return incref(as_tuple(self)->items[1]); }
static Value get_iso_weekday(VM *vm, Value self) { return incref(as_tuple(self)->items[2]); }

static const MethodSpec iso_methods[] = {
    {"__reduce__", method_iso_reduce, "", "State for copying and pickling: a plain tuple.", 0},
    {0},
};

static const GetSetSpec iso_getset[] = {
    {"year", get_iso_year, NULL, NULL},
    {"week", get_iso_week, NULL, NULL},
    {"weekday", get_iso_weekday, NULL, NULL},
    {0},
};

const TypeSpec iso_date_spec = {
    .name = "datetime.IsoCalendarDate",
    .size = sizeof(Tuple),
    .flags = TYPE_GC | TYPE_VARSIZE | TYPE_IMMUTABLE,
    .kind = KIND_TUPLE,
    .slots = {.create = iso_create, .repr = iso_repr},
    .methods = iso_methods,
    .getset = iso_getset,
};
