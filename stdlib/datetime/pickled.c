/* The packed forms of dates and times that pickles hold: the fields' bytes, big end first, with `fold` in the top bit
 * of the month (datetime) or hour (time). Hashes are those of these bytes. */
#include "stdlib/datetime/datetime.h"

void state_pack_date(uint8_t *out, int year, int month, int day) {
    out[0] = (uint8_t)(year >> 8);
    out[1] = (uint8_t)year;
    out[2] = (uint8_t)month;
    out[3] = (uint8_t)day;
}

void state_pack_clock(uint8_t *out, const Clock *c) {
    out[0] = c->hour;
    out[1] = c->minute;
    out[2] = c->second;
    out[3] = (uint8_t)(c->micro >> 16);
    out[4] = (uint8_t)(c->micro >> 8);
    out[5] = (uint8_t)c->micro;
}

static Clock unpack_clock(const uint8_t *s) {
    return (Clock){
        .hour = s[0], .minute = s[1], .second = s[2], .micro = (uint32_t)s[3] << 16 | (uint32_t)s[4] << 8 | s[5]};
}

static bool latin1_bytes(Value text, size_t n, uint8_t *out) {
    if (as_str(text)->nchars != n)
        return false;
    const uint8_t *p = (const uint8_t *)str_data(text);
    for (size_t i = 0; i < n; i++) {
        if (*p > 0xc3)
            return false;
        out[i] = *p < 0x80 ? *p : (uint8_t)(p[0] << 6 | (p[1] & 63));
        p += *p < 0x80 ? 1 : 2;
    }
    return true;
}

bool state_unpack(Value v, size_t n, size_t at, int low, int high, uint8_t *out) {
    if (is_str(v)) {
        if (!latin1_bytes(v, n, out))
            return false;
    } else if (is_bytes(v) && as_bytes(v)->len == n) {
        memcpy(out, as_bytes(v)->data, n);
    } else {
        return false;
    }
    int checked = n == DATE_STATE ? out[at] : out[at] & 0x7f;
    return checked >= low && checked <= high;
}

static bool check_zone(VM *vm, Value zone) {
    return !zone || is_none(zone) || is_tzinfo(zone) || raise_type(vm, "bad tzinfo state arg");
}

Value state_unpack_date(VM *vm, Type *type, const uint8_t *s) {
    Date *d = object_alloc(vm, type, 0);
    if (!d)
        return VALUE_ERROR;
    d->year = (uint16_t)(s[0] << 8 | s[1]);
    d->month = s[2];
    d->day = s[3];
    return cal_check_date(vm, d->year, d->month, d->day) ? from_obj(d) : (decref(vm, from_obj(d)), VALUE_ERROR);
}

static bool check_clock(VM *vm, const Clock *c) {
    return cal_check_clock(vm, c->hour, c->minute, c->second, (int)c->micro, c->fold);
}

Value state_unpack_time(VM *vm, Type *type, const uint8_t *s, Value zone) {
    Clock c = unpack_clock(s);
    c.fold = c.hour >> 7;
    c.hour &= 0x7f;
    return check_zone(vm, zone) && check_clock(vm, &c) ? time_new(vm, type, &c, zone) : VALUE_ERROR;
}

Value state_unpack_datetime(VM *vm, Type *type, const uint8_t *s, Value zone) {
    Moment m = {.year = s[0] << 8 | s[1], .month = s[2] & 0x7f, .day = s[3], .clock = unpack_clock(s + DATE_STATE)};
    m.clock.fold = s[2] >> 7;
    return check_zone(vm, zone) && cal_check_date(vm, m.year, m.month, m.day) && check_clock(vm, &m.clock)
               ? datetime_new(vm, type, &m, zone)
               : VALUE_ERROR;
}

/* (class, (state[, zone])) */
static Value reduce(VM *vm, Value self, const uint8_t *s, size_t n, Value zone) {
    Value state = bytes_new(vm, (const char *)s, n);
    Value parts = !state ? VALUE_ERROR : zone ? tuple_pack(vm, 2, state, zone) : tuple_pack(vm, 1, state);
    Value result = parts ? tuple_pack(vm, 2, type_value(fast_type(vm, self)), parts) : VALUE_ERROR;
    decref(vm, parts);
    decref(vm, state);
    return result;
}

Value state_reduce_date(NATIVE_ARGS) {
    uint8_t s[DATE_STATE];
    state_pack_date(s, as_date(self)->year, as_date(self)->month, as_date(self)->day);
    return reduce(vm, self, s, sizeof s, 0);
}

/* Protocols below 4 know nothing of `fold`. */
static Value reduce_time(VM *vm, Value self, int protocol) {
    Time *t = as_time(self);
    uint8_t s[TIME_STATE];
    state_pack_clock(s, &t->clock);
    if (protocol > 3 && t->clock.fold)
        s[0] |= 0x80;
    return reduce(vm, self, s, sizeof s, t->zone);
}

static Value reduce_datetime(VM *vm, Value self, int protocol) {
    DateTime *t = as_datetime(self);
    uint8_t s[DATETIME_STATE];
    state_pack_date(s, t->date.year, t->date.month, t->date.day);
    state_pack_clock(s + DATE_STATE, &t->clock);
    if (protocol > 3 && t->clock.fold)
        s[2] |= 0x80;
    return reduce(vm, self, s, sizeof s, t->zone);
}

Value state_reduce_time(NATIVE_ARGS) { return reduce_time(vm, self, 2); }
Value state_reduce_datetime(NATIVE_ARGS) { return reduce_datetime(vm, self, 2); }

Value state_reduce_ex_time(NATIVE_ARGS) {
    int protocol;
    return cal_int(vm, args[0], &protocol) ? reduce_time(vm, self, protocol) : VALUE_ERROR;
}

Value state_reduce_ex_datetime(NATIVE_ARGS) {
    int protocol;
    return cal_int(vm, args[0], &protocol) ? reduce_datetime(vm, self, protocol) : VALUE_ERROR;
}

bool state_hash(VM *vm, const uint8_t *s, size_t n, int64_t *out) {
    Value bytes = bytes_new(vm, (const char *)s, n);
    bool ok = bytes && hash_value(vm, bytes, out);
    decref(vm, bytes);
    return ok;
}
