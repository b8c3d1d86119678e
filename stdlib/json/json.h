/* The module _json: decode.c reads JSON, encode.c writes it, text.c has the strings of both. */
#ifndef COVE_STDLIB_JSON_H
#define COVE_STDLIB_JSON_H

#include "object/containers.h"
#include "runtime/vm.h"
#include "stdlib/init.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

extern const TypeSpec json_scanner_spec, json_encoder_spec;

/* text.c: *at stands behind the opening quote and is moved behind the closing one. `whole` is the text, for errors.
 */
Value json_read_string(VM *vm, Value whole, const char **at, bool strict);
bool json_write_string(StrBuilder *out, Value s, bool ascii);
/* Raises json.JSONDecodeError for this place of the text. */
Value json_error(VM *vm, const char *message, Value whole, const char *at);
extern const MethodSpec json_text_functions[];

#endif
