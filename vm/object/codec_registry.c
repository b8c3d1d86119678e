/* The registry of encodings that scripts see: search functions, the first of which is that of the package
 * `encodings`, and what they found. Text is converted by way of it only in encodings that have no native codec. */
#include "object/codec.h"

#include "object/bytes.h"
#include "object/containers.h"
#include "runtime/vm.h"

static Value import_attribute(VM *vm, const char *module_name, const char *name) {
    Value import = builtin_get(vm, "__import__");
    Value text = import != 0 ? str_from_c(vm, module_name) : VALUE_ERROR;
    Value module = text != 0 ? call1(vm, import, text) : VALUE_ERROR;
    Value r = module != 0 ? attr_get_c(vm, module, name) : VALUE_ERROR;
    decref(vm, text);
    decref(vm, module);
    return r;
}

Value codec_search_list(VM *vm) {
    if (vm->codec_search != 0)
        return vm->codec_search;
    Value first = import_attribute(vm, "encodings", "search_function");
    if (vm->codec_search != 0) { /* importing it may have needed an encoding */
        decref(vm, first);
        return vm->codec_search;
    }
    Value list = first != 0 ? list_new(vm, 0) : VALUE_ERROR;
    Value cache = list != 0 ? dict_new(vm) : VALUE_ERROR;
    if (cache == 0 || !list_append_steal(vm, list, first)) {
        if (cache == 0)
            decref(vm, first);
        decref(vm, list);
        decref(vm, cache);
        return VALUE_ERROR;
    }
    if ((cache = vm_keep(vm, cache)) == 0) {
        decref(vm, list);
        return VALUE_ERROR;
    }
    if ((list = vm_keep(vm, list)) == 0)
        return VALUE_ERROR;
    vm->codec_cache = cache;
    return vm->codec_search = list;
}

static Value normal_name(VM *vm, const char *name) {
    size_t size = 2 * strlen(name) + 4;
    char *text = mem_alloc(vm, size);
    if (text == NULL)
        return VALUE_ERROR;
    Value r = codec_normalize(name, text, size) ? str_from_c(vm, text) : VALUE_ERROR;
    mem_free(vm, text, size);
    return r;
}

static Value search(VM *vm, const char *name, Value normal) {
    for (size_t i = 0; i < as_list(vm->codec_search)->len; i++) {
        Value fn = incref(as_list(vm->codec_search)->items[i]);
        Value info = call1(vm, fn, normal);
        decref(vm, fn);
        if (info == 0 || (is_tuple(info) && as_tuple(info)->len == 4))
            return info;
        bool none = is_none(info);
        decref(vm, info);
        if (!none)
            return raise_type(vm, "codec search functions must return 4-tuples");
    }
    return raisef(vm, vm->exc.LookupError, "unknown encoding: %s", name);
}

Value codec_lookup(VM *vm, const char *name) {
    if (codec_search_list(vm) == 0)
        return VALUE_ERROR;
    Value normal = normal_name(vm, name);
    if (normal == 0)
        return VALUE_ERROR;
    Value found = dict_get_str(vm, vm->codec_cache, normal);
    Value info = found != 0 ? incref(found) : search(vm, name, normal);
    if (found == 0 && info != 0 && !dict_set(vm, vm->codec_cache, normal, info))
        set_owned(vm, &info, 0);
    decref(vm, normal);
    return info;
}

void codec_add_note(VM *vm, const char *what, const char *name) {
    Value exc = error_take(vm);
    Value note = str_printf(vm, "%s with '%s' codec failed", what, name);
    Value r = note != 0 && is_exception(exc) ? attr_get_c(vm, exc, "add_note") : VALUE_ERROR;
    Value done = r != 0 ? call1(vm, r, note) : VALUE_ERROR;
    decref(vm, note);
    decref(vm, r);
    decref(vm, done);
    error_clear(vm);
    raise_steal(vm, exc);
}

/* The item of a CodecInfo that encodes (0) or decodes (1), owned. With `text`, only if it is for text. */
Value codec_function(VM *vm, const char *encoding, int item, bool text) {
    Value info = codec_lookup(vm, encoding);
    if (info == 0)
        return VALUE_ERROR;
    Value flag = 0;
    int is_text = 1;
    if (text && obj_type(as_obj(info)) != vm->types.tuple) {
        Value name = str_intern_c(vm, "_is_text_encoding");
        int has = name != 0 ? attr_lookup(vm, info, name, &flag) : -1;
        decref(vm, name);
        is_text = has < 0 ? -1 : has == 0 ? 1 : truth(vm, flag);
        decref(vm, flag);
    }
    if (is_text == 0)
        raisef(vm, vm->exc.LookupError, "'%.400s' is not a text encoding; use codecs.%s() to handle arbitrary codecs",
               encoding, item == 0 ? "encode" : "decode");
    Value fn = is_text > 0 ? incref(as_tuple(info)->items[item]) : VALUE_ERROR;
    decref(vm, info);
    return fn;
}

/* The result of a codec's function: the first item of its pair. Consumes fn. */
Value codec_call(VM *vm, Value fn, int item, Value object, Value errors, const char *encoding) {
    Value pair = errors != 0 ? call2(vm, fn, object, errors) : call1(vm, fn, object);
    decref(vm, fn);
    if (pair == 0) {
        codec_add_note(vm, item == 0 ? "encoding" : "decoding", encoding);
        return VALUE_ERROR;
    }
    Value r = is_tuple(pair) && as_tuple(pair)->len == 2
                  ? incref(as_tuple(pair)->items[0])
                  : raise_type(vm, "%s must return a tuple (object, integer)", item == 0 ? "encoder" : "decoder");
    decref(vm, pair);
    return r;
}

static Value convert(VM *vm, int item, Value object, const char *encoding, const char *errors) {
    Value fn = codec_function(vm, encoding, item, true), handler = 0;
    if (fn != 0 && errors != NULL && (handler = str_from_c(vm, errors)) == 0) {
        decref(vm, fn);
        return VALUE_ERROR;
    }
    Value r = fn != 0 ? codec_call(vm, fn, item, object, handler, encoding) : VALUE_ERROR;
    decref(vm, handler);
    return r;
}

Value codec_script_decode(VM *vm, const char *data, size_t n, const char *encoding, const char *errors) {
    Value bytes = bytes_new(vm, data, n);
    Value r = bytes != 0 ? convert(vm, 1, bytes, encoding, errors) : VALUE_ERROR;
    decref(vm, bytes);
    if (r == 0 || is_str(r))
        return r;
    raise_type(
        vm, "'%.400s' decoder returned '%.400T' instead of 'str'; use codecs.decode() to decode to arbitrary types",
        encoding, r);
    decref(vm, r);
    return VALUE_ERROR;
}

Value codec_script_encode(VM *vm, Value s, const char *encoding, const char *errors) {
    Value r = convert(vm, 0, s, encoding, errors);
    if (r == 0 || is_bytes(r))
        return r;
    Value bytes = VALUE_ERROR;
    if (!is_bytearray(r))
        raise_type(
            vm,
            "'%.400s' encoder returned '%.400T' instead of 'bytes'; use codecs.encode() to encode to arbitrary "
            "types",
            encoding, r);
    else if (warn(vm, vm->exc.RuntimeWarning, 1,
                  "encoder %s returned bytearray instead of bytes; use codecs.encode() to encode to arbitrary types",
                  encoding))
        bytes = bytes_new(vm, as_bytearray(r)->data, as_bytearray(r)->len);
    decref(vm, r);
    return bytes;
}
