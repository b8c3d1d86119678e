/* resource: limits of the process and what it has used. */
#include "stdlib/mod_posix.h"

#include <sys/resource.h>
#include <unistd.h>

#include "stdlib/module_tools.h"

static const char *const usage_fields[] = {
    "ru_utime", "ru_stime",   "ru_maxrss",  "ru_ixrss",  "ru_idrss",  "ru_isrss",    "ru_minflt", "ru_majflt",
    "ru_nswap", "ru_inblock", "ru_oublock", "ru_msgsnd", "ru_msgrcv", "ru_nsignals", "ru_nvcsw",  "ru_nivcsw",
};

static Type *usage_type(VM *vm) {
    return structseq_type(vm, "resource.struct_rusage", "What a process has used.", usage_fields, 16, 16);
}

static Value seconds(struct timeval t) { return from_double((double)t.tv_sec + (double)t.tv_usec * 1e-6); }

static Value resource_getrusage(NATIVE_ARGS) {
    int who;
    struct rusage u;
    if (!to_c_int(vm, args[0], &who))
        return VALUE_ERROR;
    if (getrusage(who, &u) < 0)
        return errno == EINVAL ? raise_value(vm, "invalid who parameter") : posix_fail(vm);
    Type *type = usage_type(vm);
    if (!type)
        return VALUE_ERROR;
    const long counts[] = {u.ru_maxrss, u.ru_ixrss,    u.ru_idrss,   u.ru_isrss,   u.ru_minflt,
                           u.ru_majflt, u.ru_nswap,    u.ru_inblock, u.ru_oublock, u.ru_msgsnd,
                           u.ru_msgrcv, u.ru_nsignals, u.ru_nvcsw,   u.ru_nivcsw};
    Value items[2 + ARRAY_LEN(counts)] = {seconds(u.ru_utime), seconds(u.ru_stime)};
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        items[2 + i] = int_from_int64(vm, counts[i]);
    return structseq_new(vm, type, items);
}

static Value limit_value(VM *vm, rlim_t n) {
    return n == RLIM_INFINITY ? from_small_int(-1) : int_from_uint64(vm, n);
}

static Value limits_value(VM *vm, const struct rlimit *l) {
    Value soft = limit_value(vm, l->rlim_cur), hard = soft ? limit_value(vm, l->rlim_max) : 0;
    Value r = hard ? tuple_pack(vm, 2, soft, hard) : VALUE_ERROR;
    decref(vm, soft);
    decref(vm, hard);
    return r;
}

static bool to_limit(VM *vm, Value v, rlim_t *out) {
    Value i = to_index(vm, v);
    int64_t n = 0;
    uint64_t u = 0;
    if (!i)
        return false;
    bool negative = int_sign(i) < 0, fits = negative ? int_fits_int64(i, &n) : int_fits_uint64(i, &u);
    decref(vm, i);
    *out = negative ? (rlim_t)n : (rlim_t)u;
    return fits || raise_overflow(vm, "Python int too large to convert to C long");
}

static bool to_limits(VM *vm, Value v, struct rlimit *out) {
    Value pair = tuple_from_iterable(vm, v);
    if (!pair)
        return false;
    bool ok = as_tuple(pair)->len == 2 || raise_value(vm, "expected a tuple of 2 integers");
    ok = ok && to_limit(vm, as_tuple(pair)->items[0], &out->rlim_cur) &&
         to_limit(vm, as_tuple(pair)->items[1], &out->rlim_max);
    decref(vm, pair);
    return ok;
}

static bool to_resource(VM *vm, Value v, int *out) {
    if (!to_c_int(vm, v, out))
        return false;
    return (*out >= 0 && *out < RLIM_NLIMITS) || raise_value(vm, "invalid resource specified");
}

static Value resource_getrlimit(NATIVE_ARGS) {
    int which;
    struct rlimit l;
    if (!to_resource(vm, args[0], &which))
        return VALUE_ERROR;
    return getrlimit((__rlimit_resource_t)which, &l) < 0 ? posix_fail(vm) : limits_value(vm, &l);
}

static Value set_failed(VM *vm) {
    if (errno == EINVAL)
        return raise_value(vm, "current limit exceeds maximum limit");
    return errno == EPERM ? raise_value(vm, "not allowed to raise maximum limit") : posix_fail(vm);
}

static Value resource_setrlimit(NATIVE_ARGS) {
    int which;
    struct rlimit l;
    if (!to_resource(vm, args[0], &which) || !to_limits(vm, args[1], &l))
        return VALUE_ERROR;
    return setrlimit((__rlimit_resource_t)which, &l) < 0 ? set_failed(vm) : VALUE_NONE;
}

#if defined(__linux__)
static Value resource_prlimit(NATIVE_ARGS) {
    int pid, which;
    bool set = args[2] && !is_none(args[2]);
    struct rlimit before, after;
    if (!to_c_int(vm, args[0], &pid) || !to_resource(vm, args[1], &which) || (set && !to_limits(vm, args[2], &after)))
        return VALUE_ERROR;
    if (prlimit(pid, (__rlimit_resource_t)which, set ? &after : NULL, &before) == 0)
        return limits_value(vm, &before);
    return errno == EINVAL ? raise_value(vm, "current limit exceeds maximum limit") : posix_fail(vm);
}
#endif

static Value resource_getpagesize(NATIVE_ARGS) { return from_small_int(sysconf(_SC_PAGESIZE)); }

static const MethodSpec functions[] = {
    {"getrusage", resource_getrusage, "who, /", "What this process, its children or the thread have used.", 0},
    {"getrlimit", resource_getrlimit, "resource, /", "The soft and the hard limit.", 0},
    {"setrlimit", resource_setrlimit, "resource, limits, /", "Sets the soft and the hard limit.", 0},
#if defined(__linux__)
    {"prlimit", resource_prlimit, "pid, resource, limits=None, /", "The limits of a process, perhaps set anew.", 0},
#endif
    {"getpagesize", resource_getpagesize, "", "Bytes of a page of memory.", 0},
    {0},
};

static const ModuleConstant constants[] = {
    CONSTANT(RLIMIT_CPU),        CONSTANT(RLIMIT_FSIZE),  CONSTANT(RLIMIT_DATA),    CONSTANT(RLIMIT_STACK),
    CONSTANT(RLIMIT_CORE),       CONSTANT(RLIMIT_NOFILE), CONSTANT(RLIMIT_AS),      CONSTANT(RUSAGE_SELF),
    CONSTANT(RUSAGE_CHILDREN),
#if defined(__linux__)
    CONSTANT(RLIMIT_RSS),        CONSTANT(RLIMIT_NPROC),  CONSTANT(RLIMIT_MEMLOCK), CONSTANT(RLIMIT_OFILE),
    CONSTANT(RLIMIT_MSGQUEUE),   CONSTANT(RLIMIT_NICE),   CONSTANT(RLIMIT_RTPRIO),  CONSTANT(RLIMIT_RTTIME),
    CONSTANT(RLIMIT_SIGPENDING), CONSTANT(RUSAGE_THREAD),
#endif
    {"RLIM_INFINITY", -1},
};

bool mod_resource_init(VM *vm, Value module) {
    return module_add_functions(vm, module, functions) &&
           module_add_constants(vm, module, constants, ARRAY_LEN(constants)) &&
           posix_add_type(vm, module, "struct_rusage", usage_type(vm)) &&
           module_add(vm, module, "error", incref(type_value(vm->exc.OSError)));
}
