/* termios: the settings of terminals. A list of seven items stands for struct termios; its last item has the control
 * characters, bytes of length 1, but the counts VMIN and VTIME as numbers when the terminal does not work by lines.
 */
#include "stdlib/mod_posix.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "stdlib/module_tools.h"

#define TERMIOS_ERROR ((Type *)vm->module_state[MODULE_SLOT_mod_termios_init])

static Value fail(VM *vm) {
    int error = errno;
    if (error_pending(vm))
        return VALUE_ERROR;
    Value text = str_from_c(vm, strerror(error));
    Value exc = text ? call2(vm, type_value(TERMIOS_ERROR), from_small_int(error), text) : VALUE_ERROR;
    decref(vm, text);
    return raise_new(vm, exc);
}
static Value done(VM *vm, int result) { return result < 0 ? fail(vm) : VALUE_NONE; }

static Value control_characters(VM *vm, const struct termios *t) {
    Value list = list_new(vm, NCCS);
    for (size_t i = 0; list && i < NCCS; i++) {
        bool count = !(t->c_lflag & ICANON) && (i == VMIN || i == VTIME);
        Value item = count ? from_small_int(t->c_cc[i]) : bytes_new(vm, (const char *)&t->c_cc[i], 1);
        as_list(list)->items[i] = item ? item : VALUE_NONE;
        if (!item)
            set_owned(vm, &list, 0);
    }
    return list;
}

static Value termios_tcgetattr(NATIVE_ARGS) {
    int fd;
    struct termios t;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    if (tcgetattr(fd, &t) < 0)
        return fail(vm);
    Value cc = control_characters(vm, &t);
    if (!cc)
        return VALUE_ERROR;
    Value items[] = {from_small_int(t.c_iflag),
                     from_small_int(t.c_oflag),
                     from_small_int(t.c_cflag),
                     from_small_int(t.c_lflag),
                     from_small_int(cfgetispeed(&t)),
                     from_small_int(cfgetospeed(&t)),
                     cc};
    Value list = list_from_array(vm, items, ARRAY_LEN(items));
    decref(vm, cc);
    return list;
}

static bool fill_characters(VM *vm, Value cc, struct termios *t) {
    if (!is_list(cc) || as_list(cc)->len != NCCS)
        return raise_type(vm, "tcsetattr: attributes[6] must be %d element list", NCCS);
    for (size_t i = 0; i < NCCS; i++) {
        Value item = as_list(cc)->items[i];
        int64_t n;
        if (is_bytes(item) && as_bytes(item)->len == 1)
            t->c_cc[i] = (cc_t)as_bytes(item)->data[0];
        else if (is_int(item) && int_fits_int64(item, &n))
            t->c_cc[i] = (cc_t)n;
        else
            return raise_type(vm, "tcsetattr: elements of attributes must be characters or integers");
    }
    return true;
}

static Value termios_tcsetattr(NATIVE_ARGS) {
    int fd, when, result;
    struct termios t;
    if (!posix_descriptor(vm, args[0], &fd) || !to_c_int(vm, args[1], &when))
        return VALUE_ERROR;
    if (!is_list(args[2]) || as_list(args[2])->len != 7)
        return raise_type(vm, "tcsetattr, arg 3: must be 7 element list");
    if (tcgetattr(fd, &t) < 0)
        return fail(vm);
    int64_t n[6];
    for (size_t i = 0; i < 6; i++) {
        if (as_list(args[2])->len != 7)
            return raise_type(vm, "tcsetattr, arg 3: must be 7 element list");
        if (!to_int64(vm, as_list(args[2])->items[i], &n[i]))
            return VALUE_ERROR;
    }
    if (as_list(args[2])->len != 7)
        return raise_type(vm, "tcsetattr, arg 3: must be 7 element list");
    t.c_iflag = (tcflag_t)n[0];
    t.c_oflag = (tcflag_t)n[1];
    t.c_cflag = (tcflag_t)n[2];
    t.c_lflag = (tcflag_t)n[3];
    if (!fill_characters(vm, as_list(args[2])->items[6], &t))
        return VALUE_ERROR;
    if (cfsetispeed(&t, (speed_t)n[4]) < 0 || cfsetospeed(&t, (speed_t)n[5]) < 0)
        return fail(vm);
    BLOCKING(result, tcsetattr(fd, when, &t));
    return done(vm, result);
}

/* The functions of a descriptor and one number. */
#define FUNCTION(name)                                                                                               \
    static Value termios_##name(NATIVE_ARGS) {                                                                       \
        int fd, n, result;                                                                                           \
        if (!posix_descriptor(vm, args[0], &fd) || !to_c_int(vm, args[1], &n))                                       \
            return VALUE_ERROR;                                                                                      \
        BLOCKING(result, name(fd, n));                                                                               \
        return done(vm, result);                                                                                     \
    }
FUNCTION(tcsendbreak)
FUNCTION(tcflush)
FUNCTION(tcflow)

static Value termios_tcdrain(NATIVE_ARGS) {
    int fd, result;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    BLOCKING(result, tcdrain(fd));
    return done(vm, result);
}

static Value termios_tcgetwinsize(NATIVE_ARGS) {
    int fd;
    struct winsize w;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    if (ioctl(fd, TIOCGWINSZ, &w) < 0)
        return fail(vm);
    return tuple_pack(vm, 2, from_small_int(w.ws_row), from_small_int(w.ws_col));
}

static Value termios_tcsetwinsize(NATIVE_ARGS) {
    int fd;
    struct winsize w;
    int64_t rows, columns;
    if (!posix_descriptor(vm, args[0], &fd))
        return VALUE_ERROR;
    Value pair = is_tuple(args[1]) || is_list(args[1]) ? tuple_from_iterable(vm, args[1]) : tuple_new(vm, 0);
    if (!pair)
        return VALUE_ERROR;
    bool ok = as_tuple(pair)->len == 2 || raise_type(vm, "tcsetwinsize, arg 2: must be a two-item sequence");
    ok = ok && to_int64(vm, as_tuple(pair)->items[0], &rows) && to_int64(vm, as_tuple(pair)->items[1], &columns);
    decref(vm, pair);
    if (!ok)
        return VALUE_ERROR;
    if (rows != (unsigned short)rows || columns != (unsigned short)columns)
        return raise_overflow(vm, "winsize value(s) out of range.");
    if (ioctl(fd, TIOCGWINSZ, &w) < 0)
        return fail(vm);
    w.ws_row = (unsigned short)rows;
    w.ws_col = (unsigned short)columns;
    return done(vm, ioctl(fd, TIOCSWINSZ, &w));
}

static const MethodSpec functions[] = {
    {"tcgetattr", termios_tcgetattr, "fd, /", "The settings of a terminal, a list of seven items.", 0},
    {"tcsetattr", termios_tcsetattr, "fd, when, attributes, /", "Sets them: now, or after what was written.", 0},
    {"tcsendbreak", termios_tcsendbreak, "fd, duration, /", "Sends zero bits for a while.", 0},
    {"tcdrain", termios_tcdrain, "fd, /", "Waits until everything written is out.", 0},
    {"tcflush", termios_tcflush, "fd, queue, /", "Throws away what is queued.", 0},
    {"tcflow", termios_tcflow, "fd, action, /", "Stops or starts input or output.", 0},
    {"tcgetwinsize", termios_tcgetwinsize, "fd, /", "Rows and columns of the window.", 0},
    {"tcsetwinsize", termios_tcsetwinsize, "fd, winsize, /", "Sets rows and columns of the window.", 0},
    {0},
};

static const ModuleConstant constants[] = {
#define X(name) {#name, name}, /* the name as it is spelt: CONSTANT would see its value */
#include "stdlib/termios_constants.def"
#undef X
#if defined(VSWTC)
    {"VSWTCH", VSWTC},
#endif
    {"_POSIX_VDISABLE", _POSIX_VDISABLE},
};

bool mod_termios_init(VM *vm, Value module) {
    Type *error = module_exception(vm, "termios", "error", vm->exc.Exception, "A call on a terminal failed.");
    vm->module_state[MODULE_SLOT_mod_termios_init] = error;
    return error && module_add_functions(vm, module, functions) &&
           module_add_constants(vm, module, constants, ARRAY_LEN(constants)) &&
           module_add(vm, module, "error", incref(type_value(error)));
}
