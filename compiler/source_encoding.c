/* Source bytes in other encodings than UTF-8, as their coding line says: decoded by the codecs that scripts use. */
#include "compile.h"
#include "lexer.h"

#include "object/bytes.h"
#include "runtime/vm.h"

/* SyntaxError(message, (filename, 0, -1, None)), or without a place for a file that is run. Consumes the message. */
static bool raise_problem(VM *vm, Value message, Value filename, bool file_input) {
    Value args[2] = {message, 0};
    if (message != 0 && !file_input)
        args[1] = tuple_pack(vm, 4, filename, from_small_int(0), from_small_int(-1), VALUE_NONE);
    Value error = message == 0 || (!file_input && args[1] == 0)
                      ? VALUE_ERROR
                      : exception_new(vm, vm->exc.SyntaxError, args, file_input ? 1 : 2);
    decref(vm, args[0]);
    decref(vm, args[1]);
    if (error != 0)
        raise_steal(vm, error);
    return false;
}

/* The pending exception of a codec becomes the message. */
static bool raise_codec_problem(VM *vm, Value name, Value filename, bool file_input) {
    if (error_matches(vm, vm->exc.MemoryError))
        return false;
    Value cause = error_take(vm);
    Value message = file_input ? str_printf(vm, "encoding problem: %V", name) : to_str(vm, cause);
    decref(vm, cause);
    return raise_problem(vm, message, filename, file_input);
}

bool source_decode(VM *vm, Value source, Value filename, bool file_input, Value *text) {
    const char *bytes = as_bytes(source)->data, *cookie = NULL;
    size_t n = as_bytes(source)->len;
    int mark;
    *text = 0;
    size_t length = lex_source_cookie(bytes, n, &cookie, &mark);
    if (length == 0 || lex_cookie_is_utf8(cookie, length) || memchr(bytes, 0, n) != NULL)
        return true;
    Value name = str_new_ascii(vm, cookie, length);
    if (name == 0)
        return false;
    bool ok;
    if (mark) {
        ok = raise_problem(vm, str_printf(vm, "encoding problem: %V with BOM", name), filename, file_input);
    } else {
        *text = str_decode(vm, bytes, n, str_data(name), NULL);
        ok = *text != 0 || raise_codec_problem(vm, name, filename, file_input);
    }
    decref(vm, name);
    return ok;
}
