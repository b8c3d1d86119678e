/* time: a time of day, with or without a zone. */
#include "stdlib/datetime/datetime.h"

Value time_new(VM *vm, Type *type, const Clock *c, Value zone) {
    Time *t = object_alloc(vm, type, 0);
    if (!t)
        return VALUE_ERROR;
    t->clock = *c;
    t->zone = zone && !is_none(zone) ? incref(zone) : 0;
    return from_obj(t);
}

bool fold_bind(VM *vm, Value v, Clock *out) {
    int fold = out->fold;
    if (v && !cal_int(vm, v, &fold))
        return false;
    out->fold = (uint8_t)(fold & 1);
    return fold == 0 || fold == 1 || raise_value(vm, "fold must be either 0 or 1");
}

bool clock_bind(VM *vm, Value *v, Clock *out) {
    int n[4] = {out->hour, out->minute, out->second, (int)out->micro};
    for (int i = 0; i < 4; i++)
        if (v[i] && !cal_int(vm, v[i], &n[i]))
            return false;
    if (!cal_check_clock(vm, n[0], n[1], n[2], n[3], out->fold))
        return false;
    out->hour = (uint8_t)n[0];
    out->minute = (uint8_t)n[1];
    out->second = (uint8_t)n[2];
    out->micro = (uint32_t)n[3];
    return true;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    uint8_t state[TIME_STATE];
    if (nargs >= 1 && nargs <= 2 && state_unpack(args[0], TIME_STATE, 0, 0, 23, state))
        return state_unpack_time(vm, type, state, nargs == 2 ? args[1] : 0);
    Value v[6] = {0}, zone = 0;
    Clock c = {0};
    if (!native_bind(vm, NULL, "hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0", args, nargs,
                     kwnames, v, 6) ||
        !clock_bind(vm, v, &c) || !fold_bind(vm, v[5], &c) || !zone_check(vm, v[4], &zone))
        return VALUE_ERROR;
    return time_new(vm, type, &c, zone);
}

METHOD(replace) {
    Time *t = as_time(self);
    Clock c = t->clock;
    Value zone = t->zone;
    if (!clock_bind(vm, args, &c) || !fold_bind(vm, args[5], &c) || (args[4] && !zone_check(vm, args[4], &zone)))
        return VALUE_ERROR;
    Type *type = fast_type(vm, self);
    if (type == dt_state(vm)->time)
        return time_new(vm, type, &c, zone);
    Value v[] = {from_small_int(c.hour), from_small_int(c.minute), from_small_int(c.second), from_small_int(c.micro),
                 zone ? zone : VALUE_NONE};
    Value result = call(vm, type_value(type), v, 5, 0);
    if (result && is_time(result))
        as_time(result)->clock.fold = c.fold;
    return result;
}

/* ---- comparing ------------------------------------------------------------------------------------------------- */

static int64_t offset_us(Value offset) { return is_none(offset) ? 0 : (int64_t)delta_wide(as_delta(offset)); }

static Value order_us(CompareOp op, int64_t x, int64_t y) { return order_result(op, (x > y) - (x < y)); }

static Value compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!is_time(a) || !is_time(b))
        return VALUE_NOTIMPL;
    Time *x = as_time(a), *y = as_time(b);
    int64_t us_a = clock_us(&x->clock), us_b = clock_us(&y->clock);
    if (x->zone == y->zone)
        return order_us(op, us_a, us_b);
    Value offset_a = zone_utcoffset(vm, x->zone, VALUE_NONE);
    Value offset_b = offset_a ? zone_utcoffset(vm, y->zone, VALUE_NONE) : VALUE_ERROR, result = VALUE_ERROR;
    if (!offset_b)
        result = VALUE_ERROR;
    else if (offset_equal(offset_a, offset_b) || (!is_none(offset_a) && !is_none(offset_b)))
        result = order_us(op, us_a - offset_us(offset_a), us_b - offset_us(offset_b));
    else if (op == CMP_EQ || op == CMP_NE)
        result = from_bool(op == CMP_NE);
    else
        raise_type(vm, "can't compare offset-naive and offset-aware times");
    decref(vm, offset_a);
    decref(vm, offset_b);
    return result;
}

static bool hash(VM *vm, Value self, int64_t *out) {
    Time *t = as_time(self);
    if (!t->hash) {
        Value offset = zone_utcoffset(vm, t->zone, VALUE_NONE);
        if (!offset)
            return false;
        uint8_t s[TIME_STATE];
        state_pack_clock(s, &t->clock);
        bool ok = is_none(offset) ? state_hash(vm, s, sizeof s, &t->hash)
                                  : delta_hash(vm, clock_us(&t->clock) - offset_us(offset), &t->hash);
        decref(vm, offset);
        if (!ok)
            return false;
    }
    *out = t->hash;
    return true;
}

/* ---- text and methods ------------------------------------------------------------------------------------------ */

static Value repr(VM *vm, Value self) {
    Time *t = as_time(self);
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_printf(&b, "%N(%d, %d", fast_type(vm, self), t->clock.hour, t->clock.minute);
    if (t->clock.second || t->clock.micro)
        strbuilder_printf(&b, ", %d", t->clock.second);
    if (t->clock.micro)
        strbuilder_printf(&b, ", %d", (int)t->clock.micro);
    if (t->zone)
        strbuilder_printf(&b, ", tzinfo=%R", t->zone);
    if (t->clock.fold)
        strbuilder_add_c(&b, ", fold=1");
    strbuilder_add_c(&b, ")");
    return strbuilder_finish(&b);
}

static Value str(VM *vm, Value self) { return call_method0(vm, self, dt_state(vm)->isoformat); }

METHOD(isoformat) {
    Time *t = as_time(self);
    StrBuilder b;
    strbuilder_init(&b, vm);
    if (iso_add_clock(vm, &b, &t->clock, args[0]) && iso_add_zone(vm, &b, t->zone, VALUE_NONE, ":"))
        return strbuilder_finish(&b);
    strbuilder_drop(&b);
    return VALUE_ERROR;
}

METHOD(utcoffset) { return zone_utcoffset(vm, as_time(self)->zone, VALUE_NONE); }
METHOD(dst) { return zone_dst(vm, as_time(self)->zone, VALUE_NONE); }
METHOD(tzname) { return zone_name(vm, as_time(self)->zone, VALUE_NONE); }

static Value get_hour(VM *vm, Value self) { return from_small_int(as_time(self)->clock.hour); }
static Value get_minute(VM *vm, Value self) { return from_small_int(as_time(self)->clock.minute); }
static Value get_second(VM *vm, Value self) { return from_small_int(as_time(self)->clock.second); }
static Value get_micro(VM *vm, Value self) { return from_small_int(as_time(self)->clock.micro); }
static Value get_fold(VM *vm, Value self) { return from_small_int(as_time(self)->clock.fold); }
static Value get_zone(VM *vm, Value self) { return as_time(self)->zone ? incref(as_time(self)->zone) : VALUE_NONE; }

static void drop_zone(VM *vm, Object *self) { set_owned(vm, &((Time *)self)->zone, 0); }
static void traverse(Object *self, VisitFn visit, void *arg) { visit_value(((Time *)self)->zone, visit, arg); }

#define REPLACE_SIGNATURE                                                                                            \
    "hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged"

static const MethodSpec methods[] = {
    {"fromisoformat", iso_time_fromisoformat, "object, /", "The time that an ISO 8601 text tells.", METHOD_CLASS},
    {"isoformat", method_isoformat, "timespec='auto'", "The time in the form HH:MM:SS[.ffffff][+HH:MM].", 0},
    {"strftime", strftime_time, "format", "The time in a format as of time.strftime().", 0},
    {"__format__", strftime_format, "format_spec, /", "As strftime(), or str() for an empty format.", 0},
    {"utcoffset", method_utcoffset, "", "What the zone is ahead of UTC, or None.", 0},
    {"tzname", method_tzname, "", "The zone's name, or None.", 0},
    {"dst", method_dst, "", "The daylight saving part of the offset, or None.", 0},
    {"replace", method_replace, REPLACE_SIGNATURE, "The time with other values for some fields.", 0},
    {"__replace__", method_replace, REPLACE_SIGNATURE, "As replace().", 0},
    {"__reduce_ex__", state_reduce_ex_time, "protocol, /", "State for copying and pickling.", 0},
    {"__reduce__", state_reduce_time, "", "State for copying and pickling.", 0},
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

const TypeSpec time_spec = {
    .name = "datetime.time",
    .doc = "A time of day, to the microsecond: time(hour, minute, second, microsecond, tzinfo). Without arguments, "
           "midnight.",
    .signature = "hour=0, minute=0, second=0, microsecond=0, tzinfo=None, *, fold=0",
    .size = sizeof(Time),
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
    .methods = methods,
    .getset = getset,
};
