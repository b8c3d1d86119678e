/* Built-in functions on numbers and characters. */
#include "stdlib/builtins/builtins.h"

#include "object/bytes.h"

static Value number_abs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return arith_unary(vm, OP_ABS, args[0]);
}

static Value number_divmod(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return arith_binary(vm, OP_DIVMOD, args[0], args[1]);
}

static Value number_pow(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return arith_power(vm, args[0], args[1], args[2] ? args[2] : VALUE_NONE);
}

static Value number_round(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value ndigits = args[1] && !is_none(args[1]) ? args[1] : 0;
    Value result = call_special(vm, args[0], NAME(__round__), ndigits ? &ndigits : NULL, ndigits ? 1 : 0);
    if (!result && !error_pending(vm))
        return raise_type(vm, "type %T doesn't define __round__ method", args[0]);
    return result;
}

static Value in_base(VM *vm, Value v, int base) {
    Value number = to_index(vm, v);
    if (!number)
        return VALUE_ERROR;
    Value result = int_to_literal(vm, number, base);
    decref(vm, number);
    return result;
}

static Value number_bin(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return in_base(vm, args[0], 2);
}

static Value number_oct(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return in_base(vm, args[0], 8);
}

static Value number_hex(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return in_base(vm, args[0], 16);
}

static Value number_chr(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value number = to_index(vm, args[0]);
    if (!number)
        return VALUE_ERROR;
    int64_t c;
    bool fits = int_fits_int64(number, &c) && c >= 0 && c < 0x110000;
    decref(vm, number);
    return fits ? str_from_char(vm, (uint32_t)c) : raise_value(vm, "chr() arg not in range(0x110000)");
}

static Value number_ord(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value c = args[0];
    size_t size;
    if (is_str(c)) {
        size = as_str(c)->nchars;
        if (size == 1)
            return from_small_int(str_char_at(vm, c, 0));
    } else if (is_bytes(c)) {
        size = as_bytes(c)->len;
        if (size == 1)
            return from_small_int((unsigned char)as_bytes(c)->data[0]);
    } else if (has_kind(c, KIND_BYTEARRAY)) {
        size = ((ByteArray *)as_obj(c))->len;
        if (size == 1)
            return from_small_int((unsigned char)((ByteArray *)as_obj(c))->data[0]);
    } else {
        return raise_type(vm, "ord() expected string of length 1, but %T found", c);
    }
    return raise_type(vm, "ord() expected a character, but string of length %u found", size);
}

const MethodSpec builtins_number_methods[] = {
    {"abs", number_abs, "x, /", "The absolute value of a number.", 0},
    {"bin", number_bin, "number, /", "An integer in binary digits: bin(10) is '0b1010'.", 0},
    {"chr", number_chr, "i, /", "The character with the given code point.", 0},
    {"divmod", number_divmod, "x, y, /", "The pair (x // y, x % y).", 0},
    {"hex", number_hex, "number, /", "An integer in hexadecimal digits: hex(255) is '0xff'.", 0},
    {"oct", number_oct, "number, /", "An integer in octal digits: oct(8) is '0o10'.", 0},
    {"ord", number_ord, "c, /", "The code point of a character.", 0},
    {"pow", number_pow, "base, exp, mod=None", "base ** exp, or, with mod, the remainder of it computed fast.", 0},
    {"round", number_round, "number, ndigits=None",
     "Rounds to ndigits decimals; to the nearest integer without it. Halves go to the even neighbour.", 0},
    {0},
};
