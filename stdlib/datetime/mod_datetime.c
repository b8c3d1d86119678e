/* The module datetime: its types, constants and the state they share. */
#include "stdlib/datetime/datetime.h"

static bool make_state(VM *vm) {
    DateTimeState *s = dt_state(vm);
    if (s)
        return true;
    s = mem_zalloc(vm, sizeof *s);
    if (!s)
        return false;
    const struct {
        Value *field;
        const char *text;
    } names[] = {{&s->utcoffset, "utcoffset"}, {&s->dst, "dst"},
                 {&s->tzname, "tzname"},       {&s->fromutc, "fromutc"},
                 {&s->isoformat, "isoformat"}, {&s->strftime, "strftime"}};
    bool ok = true;
    for (size_t i = 0; ok && i < ARRAY_LEN(names); i++)
        ok = (*names[i].field = vm_keep(vm, str_intern_c(vm, names[i].text))) != 0;
    ok = ok && (s->delta = vm_type(vm, &delta_spec, NULL)) && (s->date = vm_type(vm, &date_spec, NULL)) &&
         (s->datetime = vm_type(vm, &datetime_spec, s->date)) && (s->time = vm_type(vm, &time_spec, NULL)) &&
         (s->tzinfo = vm_type(vm, &tzinfo_spec, NULL)) && (s->timezone = vm_type(vm, &timezone_spec, s->tzinfo)) &&
         (s->iso_date = vm_type(vm, &iso_date_spec, vm->types.tuple));
    if (ok)
        vm->module_state[MODULE_SLOT_mod_datetime_init] = s;
    else
        mem_free(vm, s, sizeof *s);
    return ok;
}

/* Consumes value, on failure too. */
static bool add_constant(VM *vm, Type *type, const char *name, Value value) {
    Dict *dict = value ? type_dict(vm, type) : NULL;
    bool ok = dict && dict_set_c(vm, from_obj(dict), name, value);
    decref(vm, value);
    return ok;
}

static Value fixed_zone(VM *vm, Wide us) {
    Value offset = delta_new(vm, us), zone = offset ? timezone_new(vm, offset, 0) : VALUE_ERROR;
    decref(vm, offset);
    return zone;
}

static bool add_constants(VM *vm) {
    DateTimeState *s = dt_state(vm);
    const Clock last = {.hour = 23, .minute = 59, .second = 59, .micro = (uint32_t)SECOND_US - 1};
    const Moment first_moment = {.year = YEAR_MIN, .month = 1, .day = 1};
    const Moment last_moment = {.year = YEAR_MAX, .month = 12, .day = 31, .clock = last};
    const Wide day = DAY_US, minute = 60 * SECOND_US;
    if (!s->utc && !(s->utc = vm_keep(vm, fixed_zone(vm, 0))))
        return false;
    return add_constant(vm, s->delta, "min", delta_new(vm, -DELTA_DAYS_MAX * day)) &&
           add_constant(vm, s->delta, "max", delta_new(vm, DELTA_DAYS_MAX * day + day - 1)) &&
           add_constant(vm, s->delta, "resolution", delta_new(vm, 1)) &&
           add_constant(vm, s->date, "min", date_new(vm, s->date, YEAR_MIN, 1, 1)) &&
           add_constant(vm, s->date, "max", date_new(vm, s->date, YEAR_MAX, 12, 31)) &&
           add_constant(vm, s->date, "resolution", delta_new(vm, day)) &&
           add_constant(vm, s->time, "min", time_new(vm, s->time, &first_moment.clock, 0)) &&
           add_constant(vm, s->time, "max", time_new(vm, s->time, &last, 0)) &&
           add_constant(vm, s->time, "resolution", delta_new(vm, 1)) &&
           add_constant(vm, s->datetime, "min", datetime_new(vm, s->datetime, &first_moment, 0)) &&
           add_constant(vm, s->datetime, "max", datetime_new(vm, s->datetime, &last_moment, 0)) &&
           add_constant(vm, s->datetime, "resolution", delta_new(vm, 1)) &&
           add_constant(vm, s->timezone, "utc", incref(s->utc)) &&
           add_constant(vm, s->timezone, "min", fixed_zone(vm, minute - day)) &&
           add_constant(vm, s->timezone, "max", fixed_zone(vm, day - minute));
}

static Value public_names(VM *vm) {
    static const char *const names[] = {"date",   "datetime", "time",    "timedelta", "timezone",
                                        "tzinfo", "MINYEAR",  "MAXYEAR", "UTC"};
    Value tuple = tuple_new(vm, ARRAY_LEN(names));
    for (size_t i = 0; tuple && i < ARRAY_LEN(names); i++) {
        if (!(as_tuple(tuple)->items[i] = str_intern_c(vm, names[i]))) {
            decref(vm, tuple);
            return VALUE_ERROR;
        }
    }
    return tuple;
}

bool mod_datetime_init(VM *vm, Value module) {
    if (!make_state(vm) || !add_constants(vm))
        return false;
    DateTimeState *s = dt_state(vm);
    const struct {
        const char *name;
        Type *type;
    } types[] = {{"date", s->date},       {"datetime", s->datetime}, {"time", s->time},
                 {"timedelta", s->delta}, {"timezone", s->timezone}, {"tzinfo", s->tzinfo}};
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (!module_add(vm, module, types[i].name, incref(type_value(types[i].type))))
            return false;
    return module_add(vm, module, "MINYEAR", from_small_int(YEAR_MIN)) &&
           module_add(vm, module, "MAXYEAR", from_small_int(YEAR_MAX)) &&
           module_add(vm, module, "UTC", incref(s->utc)) && module_add(vm, module, "__all__", public_names(vm));
}
