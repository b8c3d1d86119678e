/* Conversions of any object: to truth, text, hash, C numbers. Numbers, None and plain strings are answered here; what
 * else comes goes through the slots of its type, and what scripts' special methods give is checked. */
#include "runtime/vm.h"

#include "base/utf8.h"
#include "object/unicode.h"

static ALWAYS_INLINE Type *quick_type(VM *vm, Value v) { return is_obj(v) ? obj_type(as_obj(v)) : type_of(vm, v); }

const char *type_name(Value v) {
    if (is_obj(v)) {
        Type *t = obj_type(as_obj(v));
        return t->name != 0 ? str_data(t->name) : t->spec->name;
    }
    if (is_small_int(v))
        return "int";
    if (is_double(v))
        return "float";
    if (is_bool(v))
        return "bool";
    return is_none(v) ? "NoneType" : v == VALUE_ELLIPSIS ? "ellipsis" : "NotImplementedType";
}

/* --- truth ----------------------------------------------------------------------------------------------------- */

int truth(VM *vm, Value v) {
    if (is_bool(v) || is_none(v))
        return v == VALUE_TRUE;
    if (is_small_int(v))
        return v != from_small_int(0);
    if (is_double(v))
        return as_double(v) != 0;
    if (has_exact_kind(v, KIND_STR))
        return as_str(v)->nbytes != 0;
    const Slots *s = &quick_type(vm, v)->slots;
    if (s->truth != NULL)
        return s->truth(vm, v);
    if (s->len == NULL)
        return 1;
    ssize_t n = s->len(vm, v);
    return n < 0 ? -1 : n > 0;
}

/* --- text ------------------------------------------------------------------------------------------------------ */

static Value checked_text(VM *vm, Value r, const char *method) {
    if (likely(r == 0 || is_str(r)))
        return r;
    raise_type(vm, "%s returned non-string (type %.200T)", method, r);
    decref(vm, r);
    return VALUE_ERROR;
}

static Value float_text(VM *vm, double d) {
    char text[32];
    return str_new_ascii(vm, text, float_repr(d, text));
}

Value to_repr(VM *vm, Value v) {
    if (is_small_int(v))
        return int_to_str(vm, v, 10);
    if (is_double(v))
        return float_text(vm, as_double(v));
    if (has_exact_kind(v, KIND_STR))
        return str_repr(vm, v);
    if (!native_enter(vm, " while getting the repr of an object"))
        return VALUE_ERROR;
    UnaryFn fn = quick_type(vm, v)->slots.repr;
    Value r = fn != NULL ? fn(vm, v) : str_printf(vm, "<%T object>", v);
    native_leave(vm);
    return checked_text(vm, r, "__repr__");
}

Value to_str(VM *vm, Value v) {
    if (has_exact_kind(v, KIND_STR))
        return incref(v);
    if (is_small_int(v))
        return int_to_str(vm, v, 10);
    if (is_double(v))
        return float_text(vm, as_double(v));
    UnaryFn fn = quick_type(vm, v)->slots.str;
    if (fn == NULL)
        return to_repr(vm, v);
    if (!native_enter(vm, " while getting the str of an object"))
        return VALUE_ERROR;
    Value r = fn(vm, v);
    native_leave(vm);
    return checked_text(vm, r, "__str__");
}

Value to_ascii(VM *vm, Value v) {
    Value s = to_repr(vm, v);
    if (s == 0 || str_is_ascii(as_str(s)))
        return s;
    StrBuilder b;
    strbuilder_init(&b, vm);
    const char *p = str_data(s), *end = p + as_str(s)->nbytes;
    while (p < end && !b.failed) {
        size_t plain = utf8_ascii_prefix(p, (size_t)(end - p));
        strbuilder_add(&b, p, plain);
        p += plain;
        if (p < end) {
            char text[10];
            strbuilder_add(&b, text, str_escape_char(utf8_next(&p), text));
        }
    }
    decref(vm, s);
    return strbuilder_finish(&b);
}

static Value format_special(VM *vm, Value v, Value spec) {
    Value r = call_special(vm, v, NAME(__format__), &spec, 1);
    if (r == 0 && !error_pending(vm))
        return raise_type(vm, "Type %.100T doesn't define __format__", v);
    if (r != 0 && !is_str(r)) {
        raise_type(vm, "__format__ must return a str, not %.200T", r);
        decref(vm, r);
        return VALUE_ERROR;
    }
    return r;
}

Value to_format(VM *vm, Value v, Value spec) {
    bool empty = spec == 0 || (is_str(spec) && as_str(spec)->nbytes == 0);
    if (empty && (is_small_int(v) || is_double(v) || has_exact_kind(v, KIND_STR)))
        return to_str(vm, v);
    if (spec != 0 && !is_str(spec))
        return raise_system(vm, "Format specifier must be a string, not %.200T", spec);
    if (is_small_int(v))
        return int_format(vm, v, spec);
    if (is_double(v))
        return float_format(vm, as_double(v), spec);
    if (spec != 0 && has_exact_kind(v, KIND_STR))
        return str_format_spec(vm, v, spec);
    if (spec != 0)
        return format_special(vm, v, spec);
    Value nothing = str_new_ascii(vm, "", 0);
    Value r = nothing != 0 ? format_special(vm, v, nothing) : VALUE_ERROR;
    decref(vm, nothing);
    return r;
}

/* --- hash ------------------------------------------------------------------------------------------------------ */

#define HASH_OF_NONE 0xFCA86420 /* CPython's, so that sets and dicts with None come out the same */

bool hash_value(VM *vm, Value v, int64_t *out) {
    if (is_small_int(v)) { /* below the modulus 2**61 - 1 */
        int64_t i = as_small_int(v);
        *out = i == -1 ? -2 : i;
        return true;
    }
    if (has_exact_kind(v, KIND_STR)) {
        *out = str_hash(vm, as_str(v));
        return true;
    }
    if (is_double(v)) {
        *out = float_hash(vm, v);
        return true;
    }
    if (is_bool(v)) {
        *out = v == VALUE_TRUE;
        return true;
    }
    if (is_none(v)) {
        *out = HASH_OF_NONE;
        return true;
    }
    if (!is_obj(v)) { /* Ellipsis and NotImplemented */
        *out = (int64_t)(v >> 4 ^ v << 20);
        return true;
    }
    Type *t = obj_type(as_obj(v));
    if (t->slots.hash == NULL)
        return raise_type(vm, "unhashable type: '%.200N'", t);
    return t->slots.hash(vm, v, out);
}

/* --- numbers --------------------------------------------------------------------------------------------------- */

Value to_index(VM *vm, Value v) {
    if (is_int(v))
        return incref(v);
    UnaryFn fn = quick_type(vm, v)->slots.index;
    if (fn == NULL)
        return raise_type(vm, "'%.200T' object cannot be interpreted as an integer", v);
    Value r = fn(vm, v);
    if (r == 0 || is_exact_int(r))
        return r;
    if (!is_int(r))
        raise_type(vm, "__index__ returned non-int (type %.200T)", r);
    else if (warn(vm, vm->exc.DeprecationWarning, 1,
                  "__index__ returned non-int (type %.200T).  The ability to return an instance of a strict subclass "
                  "of "
                  "int is deprecated, and may not be supported in a future version of Python.",
                  r))
        return r;
    decref(vm, r);
    return VALUE_ERROR;
}

/* The int64 that v stands for; *fits is false when it is out of range, and *sign says on which side. */
static bool index_int64(VM *vm, Value v, int64_t *out, bool *fits, int *sign) {
    *fits = true;
    if (likely(is_small_int(v))) {
        *out = as_small_int(v);
        return true;
    }
    Value i = to_index(vm, v);
    if (i == 0)
        return false;
    *fits = int_fits_int64(i, out);
    *sign = int_sign(i);
    decref(vm, i);
    return true;
}

bool to_int64(VM *vm, Value v, int64_t *out) {
    bool fits;
    int sign;
    if (!index_int64(vm, v, out, &fits, &sign))
        return false;
    return fits || raise_overflow(vm, "Python int too large to convert to C long");
}

bool to_ssize(VM *vm, Value v, ssize_t *out) {
    int64_t i;
    bool fits;
    int sign;
    if (!index_int64(vm, v, &i, &fits, &sign))
        return false;
    if (!fits || (ssize_t)i != i)
        return raise_overflow(vm, "cannot fit '%.200T' into an index-sized integer", v);
    *out = (ssize_t)i;
    return true;
}

bool to_ssize_clamped(VM *vm, Value v, ssize_t *out) {
    int64_t i;
    bool fits;
    int sign = 0;
    if (!index_int64(vm, v, &i, &fits, &sign))
        return false;
    if (!fits)
        i = sign < 0 ? INT64_MIN : INT64_MAX;
    ssize_t max = (ssize_t)(SIZE_MAX / 2);
    *out = i > max ? max : i < -max - 1 ? -max - 1 : (ssize_t)i;
    return true;
}

bool to_c_int(VM *vm, Value v, int *out) {
    int64_t i;
    bool ok = to_int64(vm, v, &i);
    if (ok && i == (int)i) {
        *out = (int)i;
        return true;
    }
    if (!ok && !error_matches(vm, vm->exc.OverflowError))
        return false;
    error_clear(vm);
    return raise_overflow(vm, "Python int too large to convert to C int");
}

static bool float_special(VM *vm, Value v, UnaryFn fn, double *out) {
    Value r = fn(vm, v);
    if (r == 0)
        return false;
    bool ok = is_float(r);
    if (ok && !is_double(r))
        ok = warn(vm, vm->exc.DeprecationWarning, 1,
                  "%.50T.__float__ returned non-float (type %.50T).  The ability to return an instance of a strict "
                  "subclass of float is deprecated, and may not be supported in a future version of Python.",
                  v, r);
    else if (!ok)
        raise_type(vm, "%.50T.__float__ returned non-float (type %.50T)", v, r);
    if (ok)
        *out = float_value(r);
    decref(vm, r);
    return ok;
}

bool to_double(VM *vm, Value v, double *out) {
    if (is_float(v)) {
        *out = float_value(v);
        return true;
    }
    if (is_small_int(v)) {
        *out = (double)as_small_int(v);
        return true;
    }
    const Type *t = quick_type(vm, v);
    if (!is_int(v) && t->numbers.to_float != NULL)
        return float_special(vm, v, t->numbers.to_float, out);
    if (!is_int(v) && t->slots.index == NULL)
        return raise_type(vm, "must be real number, not %.50T", v);
    Value i = to_index(vm, v);
    if (i == 0)
        return false;
    bool ok = true;
    *out = int_to_double(vm, i, &ok);
    decref(vm, i);
    return ok;
}

const char *to_c_string(VM *vm, Value v, const char *what) {
    if (!is_str(v))
        return (const char *)raise_type(vm, "%s must be str, not %.50T", what, v);
    if (strlen(str_data(v)) != as_str(v)->nbytes)
        return (const char *)raise_value(vm, "embedded null character");
    return str_data(v);
}
