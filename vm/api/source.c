/* Running texts and files, and the module __main__. */
#include "api/api.h"
#include "compiler/compile.h"
#include "interp/traceback_print.h"
#include "interp/frame.h"
#include "stdlib/import/importer.h"
#include "stdlib/init.h"
#include "stdlib/grants.h"

Value api_main_dict(VM *vm) {
    Value module = dict_get_str(vm, vm->modules, NAME(__main__));
    if (has_kind(module, KIND_MODULE))
        return module_dict(module);
    return stdlib_main_module(vm);
}

Value api_module_dict(VM *vm, cove_value module) {
    if (module.bits == 0)
        return api_main_dict(vm);
    if (!has_kind(module.bits, KIND_MODULE))
        return raise_type(vm, "a module is required, not %T", module.bits);
    Value dict = module_dict(module.bits);
    return dict_get_str(vm, dict, NAME(__builtins__)) != 0 ||
                   dict_set_str(vm, dict, NAME(__builtins__), vm->builtins_module)
               ? dict
               : VALUE_ERROR;
}

/* A text as it stands in a file: editors of some systems put a mark of UTF-8 before it. */
Value api_source_text(VM *vm, const char *source, size_t size) {
    size_t mark = size >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    return api_text(vm, source + mark, size - mark);
}

Value api_compile(VM *vm, const char *source, size_t size, const char *filename, const char *mode) {
    if (filename == NULL)
        filename = "<string>";
    Value text = api_source_text(vm, source, size), name = text == 0 ? 0 : api_text(vm, filename, strlen(filename));
    Value code = name == 0 ? 0 : vm->compile(vm, text, name, mode, 0, -1);
    if (code != 0 && !traceback_register_source(vm, name, text))
        set_owned(vm, &code, 0);
    decref(vm, name);
    decref(vm, text);
    return code;
}

/* Runs code (owned; 0: failed) and has what it printed written out. */
static Value run(VM *vm, Value code, Value dict) {
    Value result = code != 0 && dict != 0 ? code_run(vm, code, dict, dict) : VALUE_ERROR;
    decref(vm, code);
    Value pending = error_take(vm);
    if (!stdlib_flush(vm))
        error_clear(vm);
    if (pending != 0)
        raise_steal(vm, pending);
    return result;
}

bool cove_exec(cove_vm *host, const char *source, const char *filename) {
    ENTER(host);
    CHECK_POINTER(source);
    Value dict = api_main_dict(vm);
    Value result = dict == 0 ? 0 : run(vm, api_compile(vm, source, strlen(source), filename, "exec"), dict);
    decref(vm, result);
    return given_ok(vm, result != 0);
}

bool cove_exec_file(cove_vm *host, const char *path) {
    ENTER(host);
    CHECK_POINTER(path);
    Value dict = api_main_dict(vm);
    Value name = dict == 0 ? 0 : str_decode(vm, path, strlen(path), "utf-8", "surrogateescape");
    uint32_t grants = vm->grants;
    vm->grants |= GRANT_FILES; /* it is the host that wants it read */
    Value data = name == 0 ? 0 : file_read_bytes(vm, name);
    vm->grants = grants;
    Value code = data == 0 ? 0 : vm->compile(vm, data, name, "exec", COMPILE_FILE_INPUT, -1);
    /* the text stays known, as the report of an error may not look into files that are not granted */
    Value text = code == 0 ? 0 : str_decode(vm, as_bytes(data)->data, as_bytes(data)->len, "utf-8", "replace");
    bool ok = text != 0 && traceback_register_source(vm, name, text) && dict_set_c(vm, dict, "__file__", name);
    if (!ok)
        set_owned(vm, &code, 0);
    Value result = ok ? run(vm, code, dict) : 0;
    decref(vm, text);
    decref(vm, data);
    decref(vm, name);
    decref(vm, result);
    return given_ok(vm, result != 0);
}

cove_value cove_eval(cove_vm *host, const char *expression) {
    ENTER(host);
    CHECK_POINTER(expression);
    Value dict = api_main_dict(vm);
    expression += strspn(expression, " \t"); /* as eval() does */
    return give(vm, dict == 0 ? 0 : run(vm, api_compile(vm, expression, strlen(expression), NULL, "eval"), dict));
}

cove_value cove_compile(cove_vm *host, const char *source, size_t size, const char *filename, enum cove_mode mode) {
    static const char *const modes[] = {"exec", "eval", "single"};
    ENTER(host);
    CHECK_POINTER(source);
    if ((unsigned)mode >= ARRAY_LEN(modes)) {
        raise_value(vm, "there is no mode %d", (int)mode);
        return api_fail(vm);
    }
    return give(vm, api_compile(vm, source, size, filename, modes[mode]));
}

cove_value cove_run_code(cove_vm *host, cove_value code, cove_value module) {
    ENTER(host);
    NEED(code);
    if (!has_kind(code.bits, KIND_CODE)) {
        raise_type(vm, "a code object is required, not %T", code.bits);
        return api_fail(vm);
    }
    if (as_tuple(as_code(code.bits)->freevars)->len > 0) {
        raise_type(vm, "a code object that is run by itself may not contain free variables");
        return api_fail(vm);
    }
    Value dict = api_module_dict(vm, module);
    return give(vm, dict == 0 ? 0 : run(vm, incref(code.bits), dict));
}

void cove_flush(cove_vm *host) {
    ENTER(host);
    if (!stdlib_flush(vm))
        error_clear(vm);
}

cove_value cove_main(cove_vm *host) {
    ENTER(host);
    return give(vm, api_main_dict(vm) == 0 ? 0 : incref(dict_get_str(vm, vm->modules, NAME(__main__))));
}

cove_value cove_import(cove_vm *host, const char *name) {
    ENTER(host);
    CHECK_POINTER(name);
    Value text = api_text(vm, name, strlen(name));
    text = text == 0 ? 0 : str_intern(vm, text);
    Value module = text == 0 ? 0 : import_module(vm, text);
    decref(vm, text);
    return give(vm, module);
}

cove_value cove_new_module(cove_vm *host, const char *name) {
    ENTER(host);
    CHECK_POINTER(name);
    Value text = api_text(vm, name, strlen(name)), module = text == 0 ? 0 : module_new_named(vm, text);
    decref(vm, text);
    return give(vm, module);
}

cove_value cove_global(cove_vm *host, const char *name) {
    ENTER(host);
    CHECK_POINTER(name);
    Value dict = api_main_dict(vm), text = dict == 0 ? 0 : api_text(vm, name, strlen(name));
    Value v = text == 0 ? 0 : dict_get_str(vm, dict, text);
    if (text != 0 && v == 0 && (v = dict_get_str(vm, vm->builtins, text)) == 0)
        raise_name(vm, text, "name '%V' is not defined", text);
    incref(v);
    decref(vm, text);
    return give(vm, v);
}

bool cove_set_global(cove_vm *host, const char *name, cove_value v) {
    ENTER(host);
    CHECK_POINTER(name);
    NEED_OR(v, false);
    Value dict = api_main_dict(vm), text = dict == 0 ? 0 : api_text(vm, name, strlen(name));
    text = text == 0 ? 0 : str_intern(vm, text);
    bool ok = text != 0 && dict_set_str(vm, dict, text, v.bits);
    decref(vm, text);
    return given_ok(vm, ok);
}
