/* The exception classes: what each family adds to BaseException, and the set-up of all of them.
 *
 * A class without additions has nothing of its own but a row in exceptions.def. A family's fields stand in
 * Exception.fields in the order of that row; a field that was never set reads as None. Fields that C code computes
 * with (positions, counts) are kept as ints, whatever a script assigns is checked when it is assigned.
 */
#include "object/exception_types.h"

#include "object/bytes.h"
#include "object/type.h"
#include "runtime/suggestions.h"
#include "runtime/vm.h"

#include <errno.h>

static Value field_or_none(Value self, int index) {
    Value v = exception_field(self, index);
    return v ? incref(v) : VALUE_NONE;
}

/* Assigns a field; value 0 (deletion) makes it unset. */
static bool field_assign(VM *vm, Value self, int index, Value value) {
    if (!value && !as_exception(self)->fields)
        return true;
    return exception_set_field(vm, self, index, value);
}

#define FIELD(family, name, index)                                                                                   \
    static Value family##_get_##name(VM *vm, Value self) { return field_or_none(self, index); }                      \
    static bool family##_set_##name(VM *vm, Value self, Value value) { return field_assign(vm, self, index, value); }
#define ROW(family, name, doc)                                                                                       \
    { #name, family##_get_##name, family##_set_##name, doc }

/* Keyword-only arguments named `fields` (ended by NULL) go to the fields from `first` on. */
static bool set_keyword_fields(VM *vm, Value self, const char *class, const char *const *fields, int first,
                               Value *args, size_t nargs, Value kwnames) {
    size_t n = kwnames ? as_tuple(kwnames)->len : 0;
    for (size_t k = 0; k < n; k++) {
        Value name = as_tuple(kwnames)->items[k];
        int i = 0;
        while (fields[i] && !str_equals_c(name, fields[i]))
            i++;
        if (!fields[i])
            return suggestion_unknown_keyword(vm, class, name, fields);
        if (!exception_set_field(vm, self, first + i, args[nargs + k]))
            return false;
    }
    return true;
}

static bool has_fields(Value self) { return as_exception(self)->fields != NULL; }

/* ---- StopIteration, SystemExit, KeyError ---- */

static bool stop_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!exception_init(vm, self, args, nargs, kwnames))
        return false;
    return field_assign(vm, self, STOPITERATION_VALUE, nargs ? args[0] : 0);
}

FIELD(stop, value, STOPITERATION_VALUE)
static const GetSetSpec stop_getset[] = {ROW(stop, value, "The generator's return value."), {0}};

static bool exit_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!exception_init(vm, self, args, nargs, kwnames))
        return false;
    if (nargs == 0)
        return field_assign(vm, self, SYSTEMEXIT_CODE, 0);
    return exception_set_field(vm, self, SYSTEMEXIT_CODE, nargs == 1 ? args[0] : as_exception(self)->args);
}

FIELD(exit, code, SYSTEMEXIT_CODE)
static const GetSetSpec exit_getset[] = {ROW(exit, code, "The exit status, a message, or None."), {0}};

static Value key_str(VM *vm, Value self) {
    Value args = as_exception(self)->args;
    if (!args || as_tuple(args)->len != 1)
        return exception_str(vm, self);
    incref(args);
    Value text = to_repr(vm, as_tuple(args)->items[0]);
    decref(vm, args);
    return text;
}

/* ---- ImportError ---- */

static const char *const import_keywords[] = {"name", "path", "name_from", NULL};

static bool import_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!exception_set_args(vm, self, args, nargs))
        return false;
    if (has_fields(self)) {
        for (int i = IMPORTERROR_MSG; i <= IMPORTERROR_NAME_FROM; i++)
            exception_set_field(vm, self, i, 0);
    }
    if (nargs == 1 && !exception_set_field(vm, self, IMPORTERROR_MSG, args[0]))
        return false;
    return set_keyword_fields(vm, self, "ImportError", import_keywords, IMPORTERROR_NAME, args, nargs, kwnames);
}

static Value import_str(VM *vm, Value self) {
    Value msg = exception_field(self, IMPORTERROR_MSG);
    return msg && has_exact_kind(msg, KIND_STR) ? incref(msg) : exception_str(vm, self);
}

/* The instance's own attributes together with the named fields that are set. */
static Value state_with_fields(VM *vm, Value self, const char *const *names, int first) {
    Value state = exception_own_dict(vm, self);
    for (int i = 0; state && names[i]; i++) {
        Value v = exception_field(self, first + i);
        if (v && !dict_set_c(vm, state, names[i], v)) {
            decref(vm, state);
            return VALUE_ERROR;
        }
    }
    return state;
}

static Value reduce_with_state(VM *vm, Value self, Value state) {
    if (!state)
        return VALUE_ERROR;
    Value args = incref(as_exception(self)->args);
    Value result = exception_reduce(vm, self, args, dict_len(state) ? state : 0);
    decref(vm, args);
    decref(vm, state);
    return result;
}

static Value import_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return reduce_with_state(vm, self, state_with_fields(vm, self, import_keywords, IMPORTERROR_NAME));
}

FIELD(import, msg, IMPORTERROR_MSG)
FIELD(import, name, IMPORTERROR_NAME)
FIELD(import, path, IMPORTERROR_PATH)
FIELD(import, name_from, IMPORTERROR_NAME_FROM)
static const GetSetSpec import_getset[] = {
    ROW(import, msg, "The message."),
    ROW(import, name, "The module that was to be imported."),
    ROW(import, path, "The file of the module."),
    ROW(import, name_from, "The name that was to be imported from the module."),
    {0},
};
static const MethodSpec import_methods[] = {
    {"__reduce__", import_reduce, "", "What pickle and copy need to make the exception again.", 0},
    {0},
};

/* ---- NameError, AttributeError ---- */

static const char *const name_keywords[] = {"name", NULL};
static const char *const attribute_keywords[] = {"name", "obj", NULL};

static bool name_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!exception_set_args(vm, self, args, nargs) || !field_assign(vm, self, NAMEERROR_NAME, 0))
        return false;
    return set_keyword_fields(vm, self, "NameError", name_keywords, NAMEERROR_NAME, args, nargs, kwnames);
}

FIELD(name, name, NAMEERROR_NAME)
static const GetSetSpec name_getset[] = {ROW(name, name, "The name that was not found."), {0}};

static bool attribute_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!exception_set_args(vm, self, args, nargs) || !field_assign(vm, self, ATTRIBUTEERROR_NAME, 0) ||
        !field_assign(vm, self, ATTRIBUTEERROR_OBJ, 0))
        return false;
    return set_keyword_fields(vm, self, "AttributeError", attribute_keywords, ATTRIBUTEERROR_NAME, args, nargs,
                              kwnames);
}

/* `obj` is left out: it may be anything, and need not be fit for pickling. */
static Value attribute_state(VM *vm, Value self) {
    Value state = state_with_fields(vm, self, name_keywords, ATTRIBUTEERROR_NAME);
    if (state && !dict_set_str(vm, state, NAME(args), as_exception(self)->args)) {
        decref(vm, state);
        return VALUE_ERROR;
    }
    return state;
}

static Value attribute_getstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return attribute_state(vm, self);
}

static Value attribute_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return reduce_with_state(vm, self, attribute_state(vm, self));
}

FIELD(attribute, name, ATTRIBUTEERROR_NAME)
FIELD(attribute, obj, ATTRIBUTEERROR_OBJ)
static const GetSetSpec attribute_getset[] = {
    ROW(attribute, name, "The attribute that was not found."),
    ROW(attribute, obj, "The object whose attribute was asked for."),
    {0},
};
static const MethodSpec attribute_methods[] = {
    {"__getstate__", attribute_getstate, "", "The attributes to be pickled.", 0},
    {"__reduce__", attribute_reduce, "", "What pickle and copy need to make the exception again.", 0},
    {0},
};

/* ---- SyntaxError ---- */

static bool syntax_set_info(VM *vm, Value self, Value info_arg) {
    Value info = tuple_from_iterable(vm, info_arg);
    if (!info)
        return false;
    size_t n = as_tuple(info)->len;
    bool ok = false;
    if (n < 4)
        raise_type(vm, "function takes at least 4 arguments (%u given)", n);
    else if (n > 6)
        raise_type(vm, "function takes at most 6 arguments (%u given)", n);
    else if (n == 5)
        raise_type(vm, "end_offset must be provided when end_lineno is provided");
    else
        ok = true;
    for (size_t i = 0; ok && i < 6; i++)
        ok = exception_set_field(vm, self, SYNTAXERROR_FILENAME + (int)i, i < n ? as_tuple(info)->items[i] : 0);
    decref(vm, info);
    return ok;
}

static bool syntax_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!exception_init(vm, self, args, nargs, kwnames))
        return false;
    if (nargs >= 1 && !exception_set_field(vm, self, SYNTAXERROR_MSG, args[0]))
        return false;
    return nargs != 2 || syntax_set_info(vm, self, args[1]);
}

static Value syntax_str(VM *vm, Value self) {
    Value msg = exception_field(self, SYNTAXERROR_MSG), file = exception_field(self, SYNTAXERROR_FILENAME);
    Value line = exception_field(self, SYNTAXERROR_LINENO);
    if (!msg)
        msg = VALUE_NONE;
    bool has_file = file && is_str(file), has_line = line && is_exact_int(line);
    if (!has_file && !has_line)
        return to_str(vm, msg);
    const char *base = "";
    if (has_file) {
        const char *slash = strrchr(str_data(file), '/');
        base = slash ? slash + 1 : str_data(file);
    }
    if (has_file && has_line)
        return str_printf(vm, "%S (%s, line %S)", msg, base, line);
    if (has_file)
        return str_printf(vm, "%S (%s)", msg, base);
    return str_printf(vm, "%S (line %S)", msg, line);
}

FIELD(syntax, msg, SYNTAXERROR_MSG)
FIELD(syntax, filename, SYNTAXERROR_FILENAME)
FIELD(syntax, lineno, SYNTAXERROR_LINENO)
FIELD(syntax, offset, SYNTAXERROR_OFFSET)
FIELD(syntax, text, SYNTAXERROR_TEXT)
FIELD(syntax, end_lineno, SYNTAXERROR_END_LINENO)
FIELD(syntax, end_offset, SYNTAXERROR_END_OFFSET)
FIELD(syntax, print_file_and_line, SYNTAXERROR_PRINT_FILE)
static const GetSetSpec syntax_getset[] = {
    ROW(syntax, msg, "The message."),
    ROW(syntax, filename, "The file."),
    ROW(syntax, lineno, "The line, counted from 1."),
    ROW(syntax, offset, "The column, counted from 1."),
    ROW(syntax, text, "The source line."),
    ROW(syntax, end_lineno, "The line where the offending part ends."),
    ROW(syntax, end_offset, "The column where the offending part ends."),
    ROW(syntax, print_file_and_line, "Not used; kept because programs test for it."),
    {0},
};

/* ---- OSError ---- */

static const struct {
    int number;
    size_t type; /* offset in ExceptionTypes */
} os_classes[] = {
#define CLASS(number, name)                                                                                          \
    { number, offsetof(ExceptionTypes, name) }
    CLASS(EAGAIN, BlockingIOError),
    CLASS(EALREADY, BlockingIOError),
    CLASS(EINPROGRESS, BlockingIOError),
#if EWOULDBLOCK != EAGAIN
    CLASS(EWOULDBLOCK, BlockingIOError),
#endif
    CLASS(EPIPE, BrokenPipeError),
#ifdef ESHUTDOWN
    CLASS(ESHUTDOWN, BrokenPipeError),
#endif
    CLASS(ECHILD, ChildProcessError),
    CLASS(ECONNABORTED, ConnectionAbortedError),
    CLASS(ECONNREFUSED, ConnectionRefusedError),
    CLASS(ECONNRESET, ConnectionResetError),
    CLASS(EEXIST, FileExistsError),
    CLASS(ENOENT, FileNotFoundError),
    CLASS(EISDIR, IsADirectoryError),
    CLASS(ENOTDIR, NotADirectoryError),
    CLASS(EINTR, InterruptedError),
    CLASS(EACCES, PermissionError),
    CLASS(EPERM, PermissionError),
#ifdef ENOTCAPABLE
    CLASS(ENOTCAPABLE, PermissionError),
#endif
    CLASS(ESRCH, ProcessLookupError),
    CLASS(ETIMEDOUT, TimeoutError),
#undef CLASS
};

static Type *os_class(VM *vm, Value number) {
    int64_t n;
    if (!is_int(number) || !int_fits_int64(number, &n))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(os_classes); i++) {
        if (os_classes[i].number == n)
            return *(Type **)((char *)&vm->exc + os_classes[i].type);
    }
    return NULL;
}

static bool os_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);

/* A subclass that has its own __init__ but not its own __new__ passes other arguments to the constructor than to
 * OSError: then the arguments are interpreted when they reach OSError.__init__, else at once in __new__. */
static Value os_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames);
static bool os_uses_init(Type *type) { return type->slots.init != os_init && type->slots.create == os_create; }

/* Fills fields and args from two to five arguments: errno, strerror, filename, winerror, filename2. */
static bool os_fill(VM *vm, Value self, Value *args, size_t nargs) {
    Value filename = nargs >= 3 && nargs <= 5 && !is_none(args[2]) ? args[2] : 0;
    size_t kept = nargs;
    if (nargs < 2 || nargs > 5)
        return exception_set_args(vm, self, args, nargs);
    if (!exception_set_field(vm, self, OSERROR_ERRNO, args[0]) ||
        !exception_set_field(vm, self, OSERROR_STRERROR, args[1]))
        return false;
    if (filename && obj_type(as_obj(self)) == vm->exc.BlockingIOError &&
        (is_int(filename) || is_float(filename) || type_of(vm, filename)->slots.index)) {
        ssize_t written;
        if (!to_ssize(vm, filename, &written) ||
            !exception_set_field(vm, self, OSERROR_WRITTEN, from_small_int(written)))
            return false;
    } else if (filename) {
        if (!exception_set_field(vm, self, OSERROR_FILENAME, filename))
            return false;
        if (nargs == 5 && !is_none(args[4]) && !exception_set_field(vm, self, OSERROR_FILENAME2, args[4]))
            return false;
        kept = 2; /* the file names are not part of args, for compatibility with the oldest scripts */
    }
    return exception_set_args(vm, self, args, kept);
}

static Value os_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    bool later = os_uses_init(type);
    if (!later) {
        if (!exception_no_keywords(vm, type, kwnames))
            return VALUE_ERROR;
        if (type == vm->exc.OSError && nargs >= 2 && nargs <= 5) {
            Type *special = os_class(vm, args[0]);
            if (special)
                type = special;
        }
    }
    Value self = exception_alloc(vm, type, args, later ? 0 : nargs);
    if (self && !later && !os_fill(vm, self, args, nargs)) {
        decref(vm, self);
        return VALUE_ERROR;
    }
    return self;
}

static bool os_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Type *type = obj_type(as_obj(self));
    if (!os_uses_init(type))
        return true;
    return exception_no_keywords(vm, type, kwnames) && os_fill(vm, self, args, nargs);
}

static Value os_str(VM *vm, Value self) {
    Value number = exception_field(self, OSERROR_ERRNO), text = exception_field(self, OSERROR_STRERROR);
    Value file = exception_field(self, OSERROR_FILENAME), file2 = exception_field(self, OSERROR_FILENAME2);
    if (file && file2)
        return str_printf(vm, "[Errno %S] %S: %R -> %R", number ? number : VALUE_NONE, text ? text : VALUE_NONE, file,
                          file2);
    if (file)
        return str_printf(vm, "[Errno %S] %S: %R", number ? number : VALUE_NONE, text ? text : VALUE_NONE, file);
    if (number && text)
        return str_printf(vm, "[Errno %S] %S", number, text);
    return exception_str(vm, self);
}

static Value os_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value own = incref(as_exception(self)->args), file = exception_field(self, OSERROR_FILENAME);
    Value file2 = exception_field(self, OSERROR_FILENAME2);
    if (as_tuple(own)->len == 2 && file) {
        Value *two = as_tuple(own)->items;
        Value longer = file2 ? tuple_pack(vm, 5, two[0], two[1], file, VALUE_NONE, file2)
                             : tuple_pack(vm, 3, two[0], two[1], file);
        decref(vm, own);
        own = longer;
        if (!own)
            return VALUE_ERROR;
    }
    Value state = exception_own_dict(vm, self);
    Value result = state ? exception_reduce(vm, self, own, dict_len(state) ? state : 0) : VALUE_ERROR;
    decref(vm, state);
    decref(vm, own);
    return result;
}

static Value os_get_written(VM *vm, Value self) {
    Value v = exception_field(self, OSERROR_WRITTEN);
    return v ? incref(v) : raisef(vm, vm->exc.AttributeError, "characters_written");
}

static bool os_set_written(VM *vm, Value self, Value value) {
    if (!value) {
        if (!exception_field(self, OSERROR_WRITTEN))
            return raisef(vm, vm->exc.AttributeError, "characters_written");
        return exception_set_field(vm, self, OSERROR_WRITTEN, 0);
    }
    ssize_t n;
    if (!to_ssize(vm, value, &n))
        return false;
    Value kept = int_from_ssize(vm, n);
    bool ok = kept && exception_set_field(vm, self, OSERROR_WRITTEN, kept);
    decref(vm, kept);
    return ok;
}

FIELD(os, strerror, OSERROR_STRERROR)
FIELD(os, filename, OSERROR_FILENAME)
FIELD(os, filename2, OSERROR_FILENAME2)
static Value os_get_number(VM *vm, Value self) { return field_or_none(self, OSERROR_ERRNO); }
static bool os_set_number(VM *vm, Value self, Value value) { return field_assign(vm, self, OSERROR_ERRNO, value); }
static const GetSetSpec os_getset[] = {
    {"errno", os_get_number, os_set_number, "The system's error number."},
    ROW(os, strerror, "The system's text for the error."),
    ROW(os, filename, "The file the operation was about."),
    ROW(os, filename2, "The second file, of operations on two."),
    {"characters_written", os_get_written, os_set_written, "How many characters were written before it blocked."},
    {0},
};
static const MethodSpec os_methods[] = {
    {"__reduce__", os_reduce, "", "What pickle and copy need to make the exception again.", 0},
    {0},
};

/* ---- UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError ---- */

static bool unicode_want_str(VM *vm, Value v, int position) {
    return is_str(v) || raise_type(vm, "argument %d must be str, not %T", position, v);
}

/* The fields from args (encoding first, unless a translation, which has none). */
static bool unicode_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames, bool decode, bool translate) {
    if (!exception_init(vm, self, args, nargs, kwnames))
        return false;
    size_t want = translate ? 4 : 5;
    if (nargs != want)
        return raise_type(vm, "function takes exactly %u arguments (%u given)", want, nargs);
    int at = translate ? 0 : 1;
    if (!translate &&
        (!unicode_want_str(vm, args[0], 1) || !exception_set_field(vm, self, UNICODEERROR_ENCODING, args[0])))
        return false;
    if (!decode && !unicode_want_str(vm, args[at], at + 1))
        return false;
    for (int i = 1; i <= 2; i++) {
        ssize_t n;
        if (!to_ssize(vm, args[at + i], &n))
            return false;
        Value number = int_from_ssize(vm, n);
        bool ok = number && exception_set_field(vm, self, UNICODEERROR_OBJECT + i, number);
        decref(vm, number);
        if (!ok)
            return false;
    }
    if (!unicode_want_str(vm, args[at + 3], at + 4) ||
        !exception_set_field(vm, self, UNICODEERROR_REASON, args[at + 3]))
        return false;
    if (!decode || is_bytes(args[at]))
        return exception_set_field(vm, self, UNICODEERROR_OBJECT, args[at]);
    Buffer view;
    if (!buffer_get(vm, args[at], &view, false))
        return false;
    Value bytes = bytes_new(vm, view.data, view.len);
    buffer_release(vm, &view);
    bool ok = bytes && exception_set_field(vm, self, UNICODEERROR_OBJECT, bytes);
    decref(vm, bytes);
    return ok;
}

static bool decode_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return unicode_init(vm, self, args, nargs, kwnames, true, false);
}

static bool encode_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return unicode_init(vm, self, args, nargs, kwnames, false, false);
}

static bool translate_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return unicode_init(vm, self, args, nargs, kwnames, false, true);
}

static int64_t unicode_position(Value self, int field) {
    Value v = exception_field(self, field);
    return v && is_small_int(v) ? as_small_int(v) : 0;
}

static Value decode_str(VM *vm, Value self) {
    Value object = exception_field(self, UNICODEERROR_OBJECT),
          encoding = exception_field(self, UNICODEERROR_ENCODING);
    Value reason = exception_field(self, UNICODEERROR_REASON);
    int64_t start = unicode_position(self, UNICODEERROR_START), end = unicode_position(self, UNICODEERROR_END);
    if (!object)
        return incref(vm->empty_str);
    encoding = encoding ? encoding : VALUE_NONE;
    reason = reason ? reason : VALUE_NONE;
    if (is_bytes(object) && start >= 0 && (size_t)start < as_bytes(object)->len && end == start + 1) {
        char digits[3] = {0};
        unsigned char byte = (unsigned char)as_bytes(object)->data[start];
        digits[0] = "0123456789abcdef"[byte >> 4];
        digits[1] = "0123456789abcdef"[byte & 15];
        return str_printf(vm, "'%S' codec can't decode byte 0x%s in position %i: %S", encoding, digits, start,
                          reason);
    }
    return str_printf(vm, "'%S' codec can't decode bytes in position %i-%i: %S", encoding, start, end - 1, reason);
}

/* "character '\xe9' in position 3" or "characters in position 3-5" */
static Value unicode_where(VM *vm, Value object, int64_t start, int64_t end) {
    if (!is_str(object) || start < 0 || (size_t)start >= as_str(object)->nchars || end != start + 1)
        return str_printf(vm, "characters in position %i-%i", start, end - 1);
    uint32_t c = str_char_at(vm, object, (size_t)start);
    int ndigits = c <= 0xff ? 2 : c <= 0xffff ? 4 : 8;
    char digits[9] = {0};
    for (int i = ndigits - 1; i >= 0; i--, c >>= 4)
        digits[i] = "0123456789abcdef"[c & 15];
    return str_printf(vm, "character '\\%s%s' in position %i",
                      ndigits == 2   ? "x"
                      : ndigits == 4 ? "u"
                                     : "U",
                      digits, start);
}

static Value encode_or_translate_str(VM *vm, Value self, bool translate) {
    Value object = exception_field(self, UNICODEERROR_OBJECT),
          encoding = exception_field(self, UNICODEERROR_ENCODING);
    Value reason = exception_field(self, UNICODEERROR_REASON);
    if (!object)
        return incref(vm->empty_str);
    reason = reason ? reason : VALUE_NONE;
    Value where = unicode_where(vm, object, unicode_position(self, UNICODEERROR_START),
                                unicode_position(self, UNICODEERROR_END));
    if (!where)
        return VALUE_ERROR;
    Value text =
        translate ? str_printf(vm, "can't translate %V: %S", where, reason)
                  : str_printf(vm, "'%S' codec can't encode %V: %S", encoding ? encoding : VALUE_NONE, where, reason);
    decref(vm, where);
    return text;
}

static Value encode_str(VM *vm, Value self) { return encode_or_translate_str(vm, self, false); }

static Value translate_str(VM *vm, Value self) { return encode_or_translate_str(vm, self, true); }

static bool unicode_assign_position(VM *vm, Value self, int field, Value value) {
    if (!value)
        return raise_type(vm, "can't delete numeric/char attribute");
    if (!is_int(value))
        return raise_type(vm, "an integer is required");
    ssize_t n;
    if (!to_ssize(vm, value, &n))
        return false;
    Value number = int_from_ssize(vm, n);
    bool ok = number && exception_set_field(vm, self, field, number);
    decref(vm, number);
    return ok;
}

static Value unicode_get_start(VM *vm, Value self) {
    return int_from_int64(vm, unicode_position(self, UNICODEERROR_START));
}

static bool unicode_set_start(VM *vm, Value self, Value value) {
    return unicode_assign_position(vm, self, UNICODEERROR_START, value);
}

static Value unicode_get_end(VM *vm, Value self) {
    return int_from_int64(vm, unicode_position(self, UNICODEERROR_END));
}

static bool unicode_set_end(VM *vm, Value self, Value value) {
    return unicode_assign_position(vm, self, UNICODEERROR_END, value);
}

FIELD(unicode, encoding, UNICODEERROR_ENCODING)
FIELD(unicode, object, UNICODEERROR_OBJECT)
FIELD(unicode, reason, UNICODEERROR_REASON)
static const GetSetSpec unicode_getset[] = {
    ROW(unicode, encoding, "The name of the encoding."),
    ROW(unicode, object, "What was being converted."),
    ROW(unicode, start, "Where the part that cannot be converted starts."),
    ROW(unicode, end, "Where that part ends."),
    ROW(unicode, reason, "Why it cannot be converted."),
    {0},
};

/* ---- all classes ---- */

#define FAMILY_plain(class) .name = #class
#define FAMILY_incomplete(class) .name = "_IncompleteInputError"
#define FAMILY_base(class)                                                                                           \
    .name = #class, .methods = base_exception_methods, .getset = base_exception_getset,                              \
    .slots = {.dealloc = exception_dealloc,                                                                          \
              .traverse = exception_traverse,                                                                        \
              .clear = exception_clear,                                                                              \
              .create = exception_create,                                                                            \
              .init = exception_init,                                                                                \
              .repr = exception_repr,                                                                                \
              .str = exception_str}
#define FAMILY_exit(class) .name = #class, .slots = {.init = exit_init}, .getset = exit_getset
#define FAMILY_stop(class) .name = #class, .slots = {.init = stop_init}, .getset = stop_getset
#define FAMILY_key(class) .name = #class, .slots = {.str = key_str}
#define FAMILY_name(class) .name = #class, .slots = {.init = name_init}, .getset = name_getset
#define FAMILY_attribute(class)                                                                                      \
    .name = #class, .slots = {.init = attribute_init}, .getset = attribute_getset, .methods = attribute_methods
#define FAMILY_import(class)                                                                                         \
    .name = #class, .slots = {.init = import_init, .str = import_str}, .getset = import_getset,                      \
    .methods = import_methods
#define FAMILY_syntax(class)                                                                                         \
    .name = #class, .slots = {.init = syntax_init, .str = syntax_str}, .getset = syntax_getset
#define FAMILY_os(class)                                                                                             \
    .name = #class, .slots = {.create = os_create, .init = os_init, .str = os_str}, .getset = os_getset,             \
    .methods = os_methods
#define FAMILY_decode(class)                                                                                         \
    .name = #class, .slots = {.init = decode_init, .str = decode_str}, .getset = unicode_getset
#define FAMILY_encode(class)                                                                                         \
    .name = #class, .slots = {.init = encode_init, .str = encode_str}, .getset = unicode_getset
#define FAMILY_translate(class)                                                                                      \
    .name = #class, .slots = {.init = translate_init, .str = translate_str}, .getset = unicode_getset
#define FAMILY_group(class)                                                                                          \
    .name = #class, .slots = {.create = group_create, .str = group_str}, .getset = group_getset,                     \
    .methods = group_methods

#define EXCEPTION(class, base, text, fields, family)                                                                 \
    static const TypeSpec class##_spec = {FAMILY_##family(class), .doc = text, .size = sizeof(Exception),            \
                                          .flags = TYPE_GC | TYPE_BASE | TYPE_HAS_DICT, .kind = KIND_EXCEPTION};
#include "object/exceptions.def"
#undef EXCEPTION

bool exception_types_setup(VM *vm) {
    /* The bases' names in exceptions.def are fields of vm->exc, but for the first one. */
    Type *object = vm->types.object;
#define EXCEPTION(class, base, text, fields, family)                                                                 \
    if (!type_setup_native(vm, &vm->exc.class, &class##_spec, BASE_##base))                                          \
        return false;
#define BASE_object object
#define BASE_BaseException vm->exc.BaseException
#define BASE_Exception vm->exc.Exception
#define BASE_ArithmeticError vm->exc.ArithmeticError
#define BASE_LookupError vm->exc.LookupError
#define BASE_ImportError vm->exc.ImportError
#define BASE_NameError vm->exc.NameError
#define BASE_OSError vm->exc.OSError
#define BASE_ConnectionError vm->exc.ConnectionError
#define BASE_RuntimeError vm->exc.RuntimeError
#define BASE_SyntaxError vm->exc.SyntaxError
#define BASE_IndentationError vm->exc.IndentationError
#define BASE_ValueError vm->exc.ValueError
#define BASE_UnicodeError vm->exc.UnicodeError
#define BASE_Warning vm->exc.Warning
#define BASE_BaseExceptionGroup vm->exc.BaseExceptionGroup
#include "object/exceptions.def"
#undef EXCEPTION
    return true;
}

Value exception_new_simple(VM *vm, Type *type, Value arg) {
    Value exc = exception_alloc(vm, type, &arg, arg ? 1 : 0);
    if (!exc)
        return VALUE_ERROR;
    bool (*init)(VM *, Value, Value *, size_t, Value) = type->slots.init;
    if (init == exception_init || init == os_init || init == name_init || init == attribute_init)
        return exc;
    if (!init(vm, exc, &arg, arg ? 1 : 0, 0)) {
        decref(vm, exc);
        return VALUE_ERROR;
    }
    return exc;
}
