/* tzinfo, the base class of time zones, timezone, one with a fixed offset, and the questions asked of any of them. */
#include "stdlib/datetime/datetime.h"

typedef struct TimeZone {
    Object header;
    Value offset; /* timedelta */
    Value name;   /* str, or 0: made of the offset */
} TimeZone;

static TimeZone *as_timezone(Value v) { return (TimeZone *)as_obj(v); }
static bool is_timezone(Value v) { return spec_of(v) == &timezone_spec; }

/* ---- asking a zone --------------------------------------------------------------------------------------------- */

bool zone_check(VM *vm, Value v, Value *zone) {
    *zone = 0;
    if (!v || is_none(v))
        return true;
    if (!is_tzinfo(v))
        return raise_type(vm, "tzinfo argument must be None or of a tzinfo subclass, not type '%T'", v);
    *zone = v;
    return true;
}

static bool offset_in_range(Wide us) { return us > -DAY_US && us < DAY_US; }

static Value ask_offset(VM *vm, Value zone, Value name, Value dt) {
    Value offset = call_method1(vm, zone, name, dt);
    if (!offset || is_none(offset))
        return offset;
    if (!is_delta(offset))
        raise_type(vm, "tzinfo.%V() must return None or timedelta, not '%.200T'", name, offset);
    else if (offset_in_range(delta_wide(as_delta(offset))))
        return offset;
    else
        raise_value(vm, "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24).");
    decref(vm, offset);
    return VALUE_ERROR;
}

Value zone_utcoffset(VM *vm, Value zone, Value dt) {
    if (!zone)
        return VALUE_NONE;
    return is_timezone(zone) ? incref(as_timezone(zone)->offset) : ask_offset(vm, zone, dt_state(vm)->utcoffset, dt);
}

Value zone_dst(VM *vm, Value zone, Value dt) {
    return zone && !is_timezone(zone) ? ask_offset(vm, zone, dt_state(vm)->dst, dt) : VALUE_NONE;
}

Value zone_name(VM *vm, Value zone, Value dt) {
    if (!zone)
        return VALUE_NONE;
    Value name = call_method1(vm, zone, dt_state(vm)->tzname, dt);
    if (!name || is_none(name) || is_str(name))
        return name;
    raise_type(vm, "tzinfo.tzname() must return None or a string, not '%.200T'", name);
    decref(vm, name);
    return VALUE_ERROR;
}

bool offset_equal(Value a, Value b) {
    return a == b || (!is_none(a) && !is_none(b) && delta_wide(as_delta(a)) == delta_wide(as_delta(b)));
}

/* ---- tzinfo ---------------------------------------------------------------------------------------------------- */

static Value base_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Object *o = object_alloc(vm, type, 0);
    return o ? from_obj(o) : VALUE_ERROR;
}

static Value not_implemented(VM *vm, const char *method) {
    return raisef(vm, vm->exc.NotImplementedError, "a tzinfo subclass must implement %s()", method);
}
METHOD(base_utcoffset) { return not_implemented(vm, "utcoffset"); }
METHOD(base_dst) { return not_implemented(vm, "dst"); }
METHOD(base_tzname) { return not_implemented(vm, "tzname"); }

static bool check_fromutc(VM *vm, Value self, Value dt) {
    if (!is_datetime(dt))
        return raise_type(vm, "fromutc: argument must be a datetime");
    return as_datetime(dt)->zone == self || raise_value(vm, "fromutc: dt.tzinfo is not self");
}

/* dt.dst() or dt.utcoffset(), which must not be None here. */
static bool required_offset(VM *vm, Value dt, Value name, Wide *us) {
    Value offset = call_method0(vm, dt, name);
    if (!offset)
        return false;
    bool ok = is_delta(offset) || raise_value(vm, "fromutc: non-None %V() result required", name);
    if (ok)
        *us = delta_wide(as_delta(offset));
    decref(vm, offset);
    return ok;
}

/* Works for zones whose standard offset does not change: the standard time of the moment first, then what daylight
 * saving adds at that time. */
METHOD(base_fromutc) {
    Value dt = args[0];
    DateTimeState *state = dt_state(vm);
    Wide offset = 0, dst = 0;
    if (!check_fromutc(vm, self, dt) || !required_offset(vm, dt, state->utcoffset, &offset) ||
        !required_offset(vm, dt, state->dst, &dst))
        return VALUE_ERROR;
    Value standard = datetime_plus(vm, dt, offset - dst, fast_type(vm, dt));
    if (!standard)
        return VALUE_ERROR;
    Value answer = call_method0(vm, standard, state->dst), result = VALUE_ERROR;
    if (answer && is_none(answer))
        raise_value(vm, "fromutc: tz.dst() gave inconsistent results; cannot convert");
    else if (answer && is_delta(answer) && is_datetime(standard))
        result = datetime_plus(vm, standard, delta_wide(as_delta(answer)), fast_type(vm, standard));
    else if (answer)
        raise_type(vm, "tzinfo.dst() must return None or timedelta, not '%.200T'", answer);
    decref(vm, answer);
    decref(vm, standard);
    return result;
}

/* (class, arguments, state): the arguments are what __getinitargs__ says. */
METHOD(base_reduce) {
    Value get = 0, parts = 0, state = 0, result = VALUE_ERROR, name = str_intern_c(vm, "__getinitargs__");
    int found = name ? attr_lookup(vm, self, name, &get) : -1;
    if (found >= 0)
        parts = found ? call0(vm, get) : tuple_new(vm, 0);
    if (parts && (state = call_method0(vm, self, NAME(__getstate__))))
        result = tuple_pack(vm, 3, type_value(fast_type(vm, self)), parts, state);
    decref(vm, name);
    if (found > 0)
        decref(vm, get);
    decref(vm, parts);
    decref(vm, state);
    return result;
}

static const MethodSpec base_methods[] = {
    {"tzname", method_base_tzname, "object, /", "The zone's name at a time.", 0},
    {"utcoffset", method_base_utcoffset, "object, /", "What the zone is ahead of UTC at a time.", 0},
    {"dst", method_base_dst, "object, /", "The daylight saving part of the offset at a time.", 0},
    {"fromutc", method_base_fromutc, "object, /", "The local time of a time in UTC.", 0},
    {"__reduce__", method_base_reduce, "", "State for copying and pickling.", 0},
    {0},
};

const TypeSpec tzinfo_spec = {
    .name = "datetime.tzinfo",
    .doc = "The base class of time zones.",
    .size = sizeof(Object),
    .flags = TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = base_create},
    .methods = base_methods,
};

/* ---- timezone -------------------------------------------------------------------------------------------------- */

static Value new_zone(VM *vm, Value offset, Value name) {
    TimeZone *z = object_alloc(vm, dt_state(vm)->timezone, 0);
    if (!z)
        return VALUE_ERROR;
    z->offset = incref(offset);
    z->name = incref(name);
    return from_obj(z);
}

Value timezone_new(VM *vm, Value offset, Value name) {
    Wide us = delta_wide(as_delta(offset));
    if (us == 0 && !name && dt_state(vm)->utc)
        return incref(dt_state(vm)->utc);
    if (!offset_in_range(us))
        return raise_value(vm,
                           "offset must be a timedelta strictly between -timedelta(hours=24) and "
                           "timedelta(hours=24), not %R.",
                           offset);
    return new_zone(vm, offset, name);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[2] = {0};
    if (!native_bind(vm, "timezone", "offset, name=<unrepresentable>", args, nargs, kwnames, v, 2))
        return VALUE_ERROR;
    if (!is_delta(v[0]))
        return raise_argument(vm, "timezone", 1, "datetime.timedelta", v[0]);
    if (v[1] && !is_str(v[1]))
        return raise_argument(vm, "timezone", 2, "str", v[1]);
    return timezone_new(vm, v[0], v[1]);
}

static Value text_of(VM *vm, TimeZone *z) {
    if (z->name)
        return incref(z->name);
    if (from_obj(z) == dt_state(vm)->utc || delta_wide(as_delta(z->offset)) == 0)
        return str_new_ascii(vm, "UTC", 3);
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_add_c(&b, "UTC");
    delta_add_offset(&b, as_delta(z->offset), ":");
    return strbuilder_finish(&b);
}

static Value repr(VM *vm, Value self) {
    TimeZone *z = as_timezone(self);
    Type *type = fast_type(vm, self);
    if (self == dt_state(vm)->utc)
        return str_printf(vm, "%N.utc", type);
    return z->name ? str_printf(vm, "%N(%R, %R)", type, z->offset, z->name)
                   : str_printf(vm, "%N(%R)", type, z->offset);
}
static Value str(VM *vm, Value self) { return text_of(vm, as_timezone(self)); }

static Value compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_timezone(a) || !is_timezone(b))
        return VALUE_NOTIMPL;
    return order_result(op, !offset_equal(as_timezone(a)->offset, as_timezone(b)->offset));
}

static bool hash(VM *vm, Value self, int64_t *out) { return hash_value(vm, as_timezone(self)->offset, out); }

static bool check_argument(VM *vm, const char *method, Value dt) {
    return is_none(dt) || is_datetime(dt) ||
           raise_type(vm, "%s(dt) argument must be a datetime instance or None, not %.200T", method, dt);
}
METHOD(utcoffset) {
    return check_argument(vm, "utcoffset", args[0]) ? incref(as_timezone(self)->offset) : VALUE_ERROR;
}
METHOD(dst) { return check_argument(vm, "dst", args[0]) ? VALUE_NONE : VALUE_ERROR; }
METHOD(tzname) { return check_argument(vm, "tzname", args[0]) ? text_of(vm, as_timezone(self)) : VALUE_ERROR; }
METHOD(fromutc) {
    if (!check_fromutc(vm, self, args[0]))
        return VALUE_ERROR;
    return datetime_plus(vm, args[0], delta_wide(as_delta(as_timezone(self)->offset)), fast_type(vm, args[0]));
}
METHOD(initargs) {
    TimeZone *z = as_timezone(self);
    return z->name ? tuple_pack(vm, 2, z->offset, z->name) : tuple_pack(vm, 1, z->offset);
}

static const MethodSpec methods[] = {
    {"tzname", method_tzname, "object, /", "The zone's name; one made of the offset if none was given.", 0},
    {"utcoffset", method_utcoffset, "object, /", "The fixed offset.", 0},
    {"dst", method_dst, "object, /", "None.", 0},
    {"fromutc", method_fromutc, "object, /", "The local time of a time in UTC.", 0},
    {"__getinitargs__", method_initargs, "", "The arguments that make an equal zone.", 0},
    {0},
};

const TypeSpec timezone_spec = {
    .name = "datetime.timezone",
    .doc = "A time zone with a fixed offset from UTC.",
    .signature = "offset, name=<unrepresentable>, /",
    .size = sizeof(TimeZone),
    .flags = TYPE_GC | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(2), .create = create, .repr = repr, .str = str, .hash = hash, .compare = compare},
    .methods = methods,
};
