/* The module datetime: what its files share.
 *
 *   calendar.c   days and dates            timedelta.c  durations
 *   date.c       date                      time.c       time of day
 *   datetime.c   datetime's making, fields and arithmetic;  datetime_zone.c  its conversions between zones
 *   tzinfo.c     tzinfo, timezone, asking a time zone
 *   isoformat.c  ISO 8601 in and out       strftime.c   strftime, struct_time
 *   pickled.c    states of pickles
 *
 * All objects are immutable. Durations are computed in microseconds, as __int128 because timedelta.max has more than
 * 2^63 of them; moments fit int64. */
#ifndef COVE_STDLIB_DATETIME_H
#define COVE_STDLIB_DATETIME_H

#include <stdio.h>
#include <time.h>

#include "object/bytes.h"
#include "object/containers.h"
#include "object/type.h"
#include "runtime/vm.h"
#include "stdlib/init.h"
#include "stdlib/mod_time.h"
#include "stdlib/module_tools.h"

#define METHOD(id) static Value method_##id(NATIVE_ARGS)

#define SECOND_US ((int64_t)1000000)
#define DAY_SECONDS ((int64_t)86400)
#define DAY_US (DAY_SECONDS * SECOND_US)
#define YEAR_MIN 1
#define YEAR_MAX 9999
#define ORDINAL_MAX 3652059 /* of 9999-12-31; 0001-01-01 is 1 */
#define ORDINAL_1970 719163
#define DELTA_DAYS_MAX 999999999

typedef __int128 Wide; /* microseconds of a duration */

typedef struct Delta {
    Object header;
    int64_t hash; /* 0: not computed yet; also in the others */
    int32_t days, seconds, micros;
} Delta;

typedef struct Date {
    Object header;
    int64_t hash;
    uint16_t year;
    uint8_t month, day;
} Date;

typedef struct Clock { /* a time of day */
    uint8_t hour, minute, second, fold;
    uint32_t micro;
} Clock;

typedef struct Time {
    Object header;
    int64_t hash;
    Clock clock;
    Value zone; /* owned; 0: none */
} Time;

typedef struct DateTime {
    Date date;
    Clock clock;
    Value zone;
} DateTime;

typedef struct Moment { /* a datetime's fields while it is being computed */
    int year, month, day;
    Clock clock;
} Moment;

typedef struct DateTimeState {
    Type *date, *time, *datetime, *delta, *tzinfo, *timezone, *iso_date;
    Value utc;
    Value utcoffset, dst, tzname, fromutc, isoformat, strftime, fold; /* interned names */
} DateTimeState;

static inline DateTimeState *dt_state(VM *vm) { return vm->module_state[MODULE_SLOT_mod_datetime_init]; }
static inline Delta *as_delta(Value v) { return (Delta *)as_obj(v); }
static inline Date *as_date(Value v) { return (Date *)as_obj(v); }
static inline Time *as_time(Value v) { return (Time *)as_obj(v); }
static inline DateTime *as_datetime(Value v) { return (DateTime *)as_obj(v); }

extern const TypeSpec delta_spec, date_spec, time_spec, datetime_spec, tzinfo_spec, timezone_spec, iso_date_spec;
static inline const TypeSpec *spec_of(Value v) { return is_obj(v) ? obj_type(as_obj(v))->spec : NULL; }
static inline bool is_delta(Value v) { return spec_of(v) == &delta_spec; }
static inline bool is_time(Value v) { return spec_of(v) == &time_spec; }
static inline bool is_datetime(Value v) { return spec_of(v) == &datetime_spec; }
static inline bool is_date(Value v) { return spec_of(v) == &date_spec || is_datetime(v); }
static inline bool is_tzinfo(Value v) { return spec_of(v) == &tzinfo_spec || spec_of(v) == &timezone_spec; }

/* What a comparison gives when the operands stand in this order: negative, 0, positive. */
static inline Value order_result(CompareOp op, int order) { return from_bool(order_holds(order, op)); }

/* calendar.c */
bool cal_is_leap(int year);
int cal_days_in_month(int year, int month);
int cal_ordinal(int year, int month, int day);
void cal_from_ordinal(int ordinal, int *year, int *month, int *day);
int cal_weekday(int year, int month, int day); /* Monday 0 */
int cal_yearday(int year, int month, int day); /* January 1 is 1 */
int cal_iso_week1(int year);                   /* ordinal of the Monday that begins ISO week 1 */
void cal_iso_week(int year, int month, int day, int *iso_year, int *week);
/* False (no exception) when there is no such ISO date; *year etc. are then undefined. */
bool cal_from_iso(int iso_year, int week, int weekday, int *ordinal);
bool cal_check_date(VM *vm, int year, int month, int day);
bool cal_check_clock(VM *vm, int hour, int minute, int second, int micro, int fold);
bool cal_int(VM *vm, Value v, int *out); /* an argument that is a C int */
/* Arguments that are too few are checked before that is found out: the ints among the first `most`. */
bool cal_check_ints(VM *vm, Value *args, size_t nargs, size_t most);
/* Constructors and methods that take exactly n arguments by position and say so without their class. */
bool exactly(VM *vm, const char *method, size_t n, size_t nargs, Value kwnames);
bool raise_argument(VM *vm, const char *function, int n, const char *expected, Value v);

/* timedelta.c */
static inline Wide delta_wide(const Delta *d) {
    return ((Wide)d->days * DAY_SECONDS + d->seconds) * SECOND_US + d->micros;
}
Value delta_new(VM *vm, Wide us); /* OverflowError */
bool delta_hash(VM *vm, Wide us, int64_t *out);
Value delta_total_seconds(VM *vm, Wide us);
/* Adds the sign, hours, minutes and what there is of seconds: "+01:00"; sep is put between them. */
void delta_add_offset(StrBuilder *b, const Delta *d, const char *sep);

/* date.c */
Value date_new(VM *vm, Type *type, int year, int month, int day); /* calls script-made classes; checks the date */
Value date_today(VM *vm, Type *type);
bool date_from_moment(VM *vm, const Moment *m, Value *out);

/* time.c */
Value time_new(VM *vm, Type *type, const Clock *c, Value zone); /* fields known to be right */
bool clock_bind(VM *vm, Value *v, Clock *out); /* hour, minute, second, microsecond: 0 where absent */
bool fold_bind(VM *vm, Value v, Clock *out);
static inline int64_t clock_us(const Clock *c) {
    return (((int64_t)c->hour * 60 + c->minute) * 60 + c->second) * SECOND_US + c->micro;
}

/* datetime.c */
Value datetime_new(VM *vm, Type *type, const Moment *m, Value zone); /* fields known to be right */
/* Through the class when it is script-made; checks the fields. */
Value datetime_make(VM *vm, Type *type, const Moment *m, Value zone);
Moment datetime_moment(Value dt);
int64_t datetime_us(Value dt);                               /* since 0000-12-31, by its own clock */
bool moment_from_us(VM *vm, int64_t us, Moment *out);        /* OverflowError "date value out of range" */
Value datetime_plus(VM *vm, Value dt, Wide us, Type *type);  /* keeps the zone, fold 0 */
Value datetime_minus_offset(VM *vm, Value dt, Value offset); /* naive moment as exact datetime */

/* datetime_zone.c */
Value zone_fromtimestamp(NATIVE_ARGS);
Value zone_utcfromtimestamp(NATIVE_ARGS);
Value zone_now(NATIVE_ARGS);
Value zone_utcnow(NATIVE_ARGS);
Value zone_timestamp(NATIVE_ARGS);
Value zone_astimezone(NATIVE_ARGS);
/* Seconds since 1970 of an argument, rounded half to even to microseconds, or (us NULL) down to seconds. */
bool timestamp_argument(VM *vm, Value v, int64_t *seconds, int *us);
bool break_down_time(VM *vm, int64_t seconds, bool local, struct tm *out);

/* tzinfo.c */
bool zone_check(VM *vm, Value v, Value *zone); /* None gives 0; TypeError */
/* zone.utcoffset(dt): a checked timedelta or None; zone 0 gives None. Owned. */
Value zone_utcoffset(VM *vm, Value zone, Value dt);
Value zone_dst(VM *vm, Value zone, Value dt);
Value zone_name(VM *vm, Value zone, Value dt);
Value timezone_new(VM *vm, Value offset, Value name); /* name may be 0 */
bool offset_equal(Value a, Value b);                  /* two offsets or None */

/* isoformat.c */
void iso_add_date(StrBuilder *b, int year, int month, int day);
/* timespec 0: auto. False with "Unknown timespec value". */
bool iso_add_clock(VM *vm, StrBuilder *b, const Clock *c, Value timespec);
bool iso_add_zone(VM *vm, StrBuilder *b, Value zone, Value dt, const char *sep); /* zone 0: nothing */
bool iso_parse_date(const char *s, size_t n, int *year, int *month, int *day);
Value iso_date_fromisoformat(NATIVE_ARGS);
Value iso_time_fromisoformat(NATIVE_ARGS);
Value iso_datetime_fromisoformat(NATIVE_ARGS);

/* strftime.c */
Value strftime_date(NATIVE_ARGS);
Value strftime_time(NATIVE_ARGS);
Value strftime_datetime(NATIVE_ARGS);
Value strftime_format(NATIVE_ARGS); /* __format__ */
Value struct_time_of(VM *vm, const Moment *m, int isdst);
Value strptime_datetime(NATIVE_ARGS);
Value ctime_text(VM *vm, const Moment *m);

/* pickled.c: the packed forms. */
enum { DATE_STATE = 4, TIME_STATE = 6, DATETIME_STATE = 10 };
void state_pack_date(uint8_t *out, int year, int month, int day);
void state_pack_clock(uint8_t *out, const Clock *c);
/* The bytes of v if it is a state of n bytes whose byte `at`, less its top bit, is in low..high; a text as old
 * pickles have them will do. */
bool state_unpack(Value v, size_t n, size_t at, int low, int high, uint8_t *out);
Value state_unpack_date(VM *vm, Type *type, const uint8_t *s);
Value state_unpack_time(VM *vm, Type *type, const uint8_t *s, Value zone);
Value state_unpack_datetime(VM *vm, Type *type, const uint8_t *s, Value zone);
Value state_reduce_date(NATIVE_ARGS);
Value state_reduce_time(NATIVE_ARGS);
Value state_reduce_datetime(NATIVE_ARGS);
Value state_reduce_ex_time(NATIVE_ARGS);
Value state_reduce_ex_datetime(NATIVE_ARGS);
bool state_hash(VM *vm, const uint8_t *s, size_t n, int64_t *out); /* as hash() of these bytes */

#endif
