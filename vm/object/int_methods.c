/* The types int and bool: constructors, methods and slots. The arithmetic is in int.c.
 *
 * A slot may meet any form of integer (small, heap, bool, subclass instance): all of them go through int_binary and
 * the like, which sort that out. Results are exact ints, except that & | ^ of two bools is a bool. */
#include "runtime/vm.h"

#include "object/bytes.h"
#include "object/int_mpn.h"

/* Constructor -----------------------------------------------------------------------------------------------------
 */

static Value check_int_result(VM *vm, Value obj, Value r, const char *method) {
    if (r == VALUE_ERROR || is_exact_int(r))
        return r;
    if (!is_int(r)) {
        raise_type(vm, "%s returned non-int (type %T)", method, r);
    } else if (warn(
                   vm, vm->exc.DeprecationWarning, 1,
                   "%s returned non-int (type %T).  The ability to return an instance of a strict subclass of int is "
                   "deprecated, and may be removed in a future version of Python.",
                   method, r)) {
        Value plain = int_copy(vm, r);
        decref(vm, r);
        return plain;
    }
    (void)obj;
    decref(vm, r);
    return VALUE_ERROR;
}

/* int(v) for what is neither text nor buffer; VALUE_NOTIMPL if v has none of the methods. */
static Value int_from_number(VM *vm, Value v) {
    if (is_double(v))
        return int_from_double(vm, as_double(v));
    if (is_exact_int(v) || is_bool(v))
        return int_copy(vm, v);
    Type *type = type_of(vm, v);
    if (type->numbers.to_int)
        return check_int_result(vm, v, type->numbers.to_int(vm, v), "__int__");
    if (type->slots.index) {
        Value r = to_index(vm, v);
        if (r != VALUE_ERROR && !is_exact_int(r))
            set_owned(vm, &r, int_copy(vm, r));
        return r;
    }
    Value trunc = call_special(vm, v, NAME(__trunc__), NULL, 0);
    if (trunc == VALUE_ERROR)
        return error_pending(vm) ? VALUE_ERROR : VALUE_NOTIMPL;
    if (!warn(vm, vm->exc.DeprecationWarning, 1, "The delegation of int() to __trunc__ is deprecated.")) {
        decref(vm, trunc);
        return VALUE_ERROR;
    }
    if (!is_int(trunc)) {
        Type *t = type_of(vm, trunc);
        if (!t->slots.index) {
            raise_type(vm, "__trunc__ returned non-Integral (type %T)", trunc);
            decref(vm, trunc);
            return VALUE_ERROR;
        }
        set_owned(vm, &trunc, to_index(vm, trunc));
    }
    if (trunc != VALUE_ERROR && !is_exact_int(trunc))
        set_owned(vm, &trunc, int_copy(vm, trunc));
    return trunc;
}

static Value int_from_buffer(VM *vm, Value v, int base) {
    Buffer buffer;
    if (!buffer_get(vm, v, &buffer, false))
        return VALUE_ERROR;
    Value copy = bytes_new(vm, buffer.data, buffer.len);
    buffer_release(vm, &buffer);
    if (copy == VALUE_ERROR)
        return VALUE_ERROR;
    Value r = int_parse(vm, copy, base);
    decref(vm, copy);
    return r;
}

static Value int_from_object(VM *vm, Value v) {
    if (is_str(v) || is_bytes(v)) {
        if (!(as_obj(v)->flags & OBJ_SUBTYPE) || !type_of(vm, v)->numbers.to_int)
            return int_parse(vm, v, 10);
    }
    Value r = int_from_number(vm, v);
    if (r != VALUE_NOTIMPL)
        return r;
    if (type_of(vm, v)->slots.get_buffer)
        return int_from_buffer(vm, v, 10);
    return raise_type(vm, "int() argument must be a string, a bytes-like object or a real number, not '%T'", v);
}

static Value int_from_based_text(VM *vm, Value v, Value base_value) {
    Value index = to_index(vm, base_value);
    if (index == VALUE_ERROR)
        return VALUE_ERROR;
    int64_t base;
    bool fits = int_fits_int64(index, &base);
    decref(vm, index);
    if (!fits || (base != 0 && base < 2) || base > 36)
        return raise_value(vm, "int() base must be >= 2 and <= 36, or 0");
    if (!is_str(v) && !is_bytes(v) && !has_kind(v, KIND_BYTEARRAY))
        return raise_type(vm, "int() can't convert non-string with explicit base");
    return int_parse(vm, v, (int)base);
}

/* Binds int(x, /, base): finds the values of both in the raw arguments. */
static bool bind_constructor(VM *vm, Value *args, size_t nargs, Value kwnames, Value *x, Value *base) {
    size_t nkw = kwnames ? as_tuple(kwnames)->len : 0;
    if (nargs + nkw > 2) {
        if (nkw == 0)
            return raise_type(vm, "int expected at most 2 arguments, got %u", nargs);
        return raise_type(vm, "int() takes at most 2 arguments (%u given)", nargs + nkw);
    }
    *x = nargs > 0 ? args[0] : 0;
    *base = nargs > 1 ? args[1] : 0;
    for (size_t i = 0; i < nkw; i++) {
        Value name = as_tuple(kwnames)->items[i];
        if (!str_equals_c(name, "base"))
            return raise_type(vm, "int() got an unexpected keyword argument '%V'", name);
        if (*base)
            return raise_type(vm, "argument for int() given by name ('base') and position (2)");
        *base = args[nargs + i];
    }
    return true;
}

static Value int_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value x = 0, base = 0, v;
    if (!bind_constructor(vm, args, nargs, kwnames, &x, &base))
        return VALUE_ERROR;
    if (base && !x)
        return raise_type(vm, "int() missing string argument");
    if (base)
        v = int_from_based_text(vm, x, base);
    else
        v = x ? int_from_object(vm, x) : from_small_int(0);
    if (v == VALUE_ERROR || type == vm->types.int_)
        return v;
    Value r = int_new_subtype(vm, type, v);
    decref(vm, v);
    return r;
}

/* Methods ---------------------------------------------------------------------------------------------------------
 */

static Value int_bit_length_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_int64(vm, (int64_t)int_bit_length(self));
}

static Value int_bit_count_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    IntView a;
    int_view(self, &a);
    return int_from_int64(vm, (int64_t)limbs_popcount(a.limbs, a.n));
}

static bool parse_byteorder(VM *vm, Value order, bool *little) {
    *little = false;
    if (!order)
        return true;
    if (!is_str(order))
        return raise_type(vm, "byteorder must be str, not %T", order);
    *little = str_equals_c(order, "little");
    if (!*little && !str_equals_c(order, "big"))
        return raise_value(vm, "byteorder must be either 'little' or 'big'");
    return true;
}

static Value int_to_bytes(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t length = 1;
    bool little;
    if (args[0]) {
        int64_t wanted;
        Value index = to_index(vm, args[0]);
        if (index == VALUE_ERROR)
            return VALUE_ERROR;
        bool fits = int_fits_int64(index, &wanted);
        decref(vm, index);
        if (!fits)
            return raise_overflow(vm, "Python int too large to convert to C ssize_t");
        length = wanted;
    }
    if (args[1] && !is_str(args[1]))
        return raise_type(vm, "to_bytes() argument 'byteorder' must be str, not %T", args[1]);
    int is_signed = args[2] ? truth(vm, args[2]) : 0;
    if (is_signed < 0 || !parse_byteorder(vm, args[1], &little))
        return VALUE_ERROR;
    if (length < 0)
        return raise_value(vm, "length argument must be non-negative");
    IntView a;
    int_view(self, &a);
    bool negative = a.negative && a.n != 0;
    if (negative && !is_signed)
        return raise_overflow(vm, "can't convert negative int to unsigned");
    size_t n = (size_t)length, bits = limbs_bits(a.limbs, a.n);
    /* signed: one bit more for the sign, except that -2^k needs none more than k + 1 */
    if (is_signed && bits > 0 && !(negative && limbs_trailing_zeros(a.limbs, a.n) == bits - 1))
        bits++;
    if (n < bits / 8 + (bits % 8 != 0))
        return raise_overflow(vm, "int too big to convert");
    Value result = bytes_new(vm, NULL, n);
    if (result == VALUE_ERROR)
        return VALUE_ERROR;
    uint8_t *out = (uint8_t *)as_bytes(result)->data;
    unsigned carry = negative;
    for (size_t i = 0; i < n; i++) {
        unsigned byte = i / 8 < a.n ? a.limbs[i / 8] >> i % 8 * 8 & 0xFF : 0;
        if (negative) {
            byte = (~byte & 0xFF) + carry;
            carry = byte >> 8;
        }
        out[little ? i : n - 1 - i] = (uint8_t)byte;
    }
    return result;
}

/* The bytes of an iterable of ints, or of a bytes-like object or one with __bytes__. */
static Value bytes_argument(VM *vm, Value v) {
    if (is_bytes(v))
        return incref(v);
    Value made = call_special(vm, v, NAME(__bytes__), NULL, 0);
    if (made != VALUE_ERROR || error_pending(vm)) {
        if (made != VALUE_ERROR && !is_bytes(made)) {
            raise_type(vm, "__bytes__ returned non-bytes (type %T)", made);
            decref(vm, made);
            return VALUE_ERROR;
        }
        return made;
    }
    Type *type = type_of(vm, v);
    if (is_str(v) || !(type->slots.get_buffer || type->slots.iter || type->slots.getitem))
        return raise_type(vm, "cannot convert '%T' object to bytes", v);
    return call1(vm, type_value(vm->types.bytes), v);
}

static Value int_from_bytes_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    bool little;
    if (args[1] && !is_str(args[1]))
        return raise_type(vm, "from_bytes() argument 'byteorder' must be str, not %T", args[1]);
    int is_signed = args[2] ? truth(vm, args[2]) : 0;
    if (is_signed < 0 || !parse_byteorder(vm, args[1], &little))
        return VALUE_ERROR;
    Value data = bytes_argument(vm, args[0]);
    if (data == VALUE_ERROR)
        return VALUE_ERROR;
    Value v = int_from_bytes(vm, (const uint8_t *)as_bytes(data)->data, as_bytes(data)->len, little, is_signed);
    decref(vm, data);
    if (v == VALUE_ERROR || as_type(self) == vm->types.int_)
        return v;
    Value r = call1(vm, self, v);
    decref(vm, v);
    return r;
}

static Value int_copy_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_copy(vm, self);
}

static Value int_as_integer_ratio(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value pair[2] = {int_copy(vm, self), from_small_int(1)};
    return pair[0] == VALUE_ERROR ? VALUE_ERROR : tuple_from_array_steal(vm, pair, 2);
}

static Value int_is_integer(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) { return VALUE_TRUE; }

static Value int_round_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (args[0] == VALUE_NONE)
        return raise_type(vm, "'NoneType' object cannot be interpreted as an integer");
    return int_round(vm, self, args[0]);
}

static Value int_format_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "__format__() argument must be str, not %T", args[0]);
    return int_format(vm, self, args[0]);
}

static Value int_getnewargs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v = int_copy(vm, self);
    return v == VALUE_ERROR ? VALUE_ERROR : tuple_from_array_steal(vm, &v, 1);
}

/* Scripts print sys.getsizeof of numbers: the reference's answer, a header and 30-bit digits, is part of the output.
 */
static Value int_sizeof(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    size_t bits = int_bit_length(self), digits = bits == 0 ? 1 : (bits + 29) / 30;
    return int_from_int64(vm, (int64_t)(24 + 4 * digits));
}

static Value int_get_self(VM *vm, Value self) { return int_copy(vm, self); }
static Value int_get_imag(VM *vm, Value self) { return from_small_int(0); }
static Value int_get_denominator(VM *vm, Value self) { return from_small_int(1); }

static const MethodSpec int_method_table[] = {
    {"as_integer_ratio", int_as_integer_ratio, "",
     "Return the pair (self, 1): the integer as a ratio with a positive denominator.", 0},
    {"bit_count", int_bit_count_method, "", "Number of ones in the binary form of the absolute value.", 0},
    {"bit_length", int_bit_length_method, "", "Number of bits needed to represent self in binary, without its sign.",
     0},
    {"conjugate", int_copy_method, "", "Returns self: integers are their own complex conjugate.", 0},
    {"from_bytes", int_from_bytes_method, "bytes, byteorder='big', *, signed=False",
     "Return the integer that an array of bytes represents, most significant first unless byteorder is 'little'.",
     METHOD_CLASS},
    {"is_integer", int_is_integer, "", "Returns True: exists for uniformity with float.is_integer.", 0},
    {"to_bytes", int_to_bytes, "length=1, byteorder='big', *, signed=False",
     "Return an array of `length` bytes that represents the integer; OverflowError if it does not fit.", 0},
    {"__ceil__", int_copy_method, "", "Ceiling of an integer is the integer.", 0},
    {"__floor__", int_copy_method, "", "Floor of an integer is the integer.", 0},
    {"__trunc__", int_copy_method, "", "Truncating an integer gives the integer.", 0},
    {"__round__", int_round_method, "ndigits=None, /",
     "Round to a power of ten given by a negative ndigits, half to even.", 0},
    {"__format__", int_format_method, "format_spec, /", "The number as text, laid out as the format says.", 0},
    {"__getnewargs__", int_getnewargs, "", "Arguments from which pickle makes the number again.", 0},
    {"__sizeof__", int_sizeof, "", "Size in memory, in bytes.", 0},
    {0},
};

static const GetSetSpec int_getset_table[] = {
    {"real", int_get_self, NULL, "The number itself, as an int."},
    {"imag", int_get_imag, NULL, "0: there is no imaginary part."},
    {"numerator", int_get_self, NULL, "The number itself, as an int, seen as a fraction."},
    {"denominator", int_get_denominator, NULL, "1: integers are whole."},
    {0},
};

/* Slots -----------------------------------------------------------------------------------------------------------
 */

#define INT_BINARY_SLOT(name, op)                                                                                    \
    static Value int_slot_##name(VM *vm, Value a, Value b) {                                                         \
        if (!is_int(a) || !is_int(b))                                                                                \
            return VALUE_NOTIMPL;                                                                                    \
        return int_binary(vm, op, a, b);                                                                             \
    }
INT_BINARY_SLOT(add, OP_ADD)
INT_BINARY_SLOT(sub, OP_SUB)
INT_BINARY_SLOT(mul, OP_MUL)
INT_BINARY_SLOT(truediv, OP_TRUEDIV)
INT_BINARY_SLOT(floordiv, OP_FLOORDIV)
INT_BINARY_SLOT(mod, OP_MOD)
INT_BINARY_SLOT(pow, OP_POW)
INT_BINARY_SLOT(lshift, OP_LSHIFT)
INT_BINARY_SLOT(rshift, OP_RSHIFT)
INT_BINARY_SLOT(and, OP_AND)
INT_BINARY_SLOT(or, OP_OR)
INT_BINARY_SLOT(xor, OP_XOR)
INT_BINARY_SLOT(divmod, OP_DIVMOD)

static Value int_slot_pow_mod(VM *vm, Value a, Value b, Value m) {
    if (!is_int(a) || !is_int(b) || !(is_int(m) || is_none(m)))
        return VALUE_NOTIMPL;
    return int_pow_mod(vm, a, b, m);
}

static Value int_slot_neg(VM *vm, Value a) { return int_unary(vm, OP_NEG, a); }
static Value int_slot_pos(VM *vm, Value a) { return int_copy(vm, a); }
static Value int_slot_invert(VM *vm, Value a) { return int_unary(vm, OP_INVERT, a); }
static Value int_slot_abs(VM *vm, Value a) { return int_unary(vm, OP_ABS, a); }
static int int_slot_truth(VM *vm, Value a) { return int_sign(a) != 0; }
static Value int_slot_repr(VM *vm, Value a) { return int_to_str(vm, a, 10); }

static bool int_slot_hash(VM *vm, Value a, int64_t *out) {
    *out = int_hash(a);
    return true;
}

static Value int_slot_float(VM *vm, Value a) {
    bool ok;
    double d = int_to_double(vm, a, &ok);
    return ok ? from_double(d) : VALUE_ERROR;
}

static Value int_slot_compare(VM *vm, Value a, Value b, CompareOp op) {
    if (!is_int(a) || !is_int(b))
        return VALUE_NOTIMPL;
    int c = int_compare(a, b);
    return from_bool(order_holds(c, op));
}

const TypeSpec int_spec = {
    .name = "int",
    .doc = "int([x]) -> integer\nint(x, base=10) -> integer\n\n"
           "Make an integer of a number or of text. Without arguments the result is 0. A number is\n"
           "converted by its __int__() or __index__() method; floats are cut towards zero.\n\n"
           "With a base, or when x is no number, x must be a str, bytes or bytearray that shows an\n"
           "integer in that base (2 to 36), possibly with sign, surrounding blanks and underscores\n"
           "between digits. Base 0 reads the base from the prefix, as in source code.",
    .signature = NULL,
    .size = sizeof(Int),
    .flags = TYPE_BASE | TYPE_VARSIZE | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_INT,
    .slots = {.create = int_create,
              .repr = int_slot_repr,
              .hash = int_slot_hash,
              .compare = int_slot_compare,
              .truth = int_slot_truth,
              .index = int_slot_pos},
    .numbers = &(const NumberSlots){.binary = {[OP_ADD] = int_slot_add,
                                               [OP_SUB] = int_slot_sub,
                                               [OP_MUL] = int_slot_mul,
                                               [OP_TRUEDIV] = int_slot_truediv,
                                               [OP_FLOORDIV] = int_slot_floordiv,
                                               [OP_MOD] = int_slot_mod,
                                               [OP_POW] = int_slot_pow,
                                               [OP_LSHIFT] = int_slot_lshift,
                                               [OP_RSHIFT] = int_slot_rshift,
                                               [OP_AND] = int_slot_and,
                                               [OP_OR] = int_slot_or,
                                               [OP_XOR] = int_slot_xor,
                                               [OP_DIVMOD] = int_slot_divmod},
                                    .pow_mod = int_slot_pow_mod,
                                    .unary = {[OP_NEG] = int_slot_neg,
                                              [OP_POS] = int_slot_pos,
                                              [OP_INVERT] = int_slot_invert,
                                              [OP_ABS] = int_slot_abs},
                                    .to_int = int_slot_pos,
                                    .to_float = int_slot_float},
    .methods = int_method_table,
    .getset = int_getset_table,
};
