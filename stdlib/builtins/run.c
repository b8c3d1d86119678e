/* Built-in functions that compile and run source text, and those that reach other modules. */
#include "stdlib/builtins/builtins.h"
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

#include "interp/frame.h"
#include "object/bytes.h"

/* Flags of compile(): those of `from __future__`, and those that choose a way of compiling. */
enum {
    FUTURE_FLAGS = 0x1fe0000,
    FLAGS_NESTED = 0x10,
    FLAGS_ONLY_AST = 0x400,
    FLAGS_COMPILE = 0x200 | FLAGS_ONLY_AST | 0x1000 | 0x2000 | 0x4000 | 0x8000,
};

/* The future statements in force in the running code. */
static int inherited_flags(VM *vm) {
    struct Frame *f = vm->thread->frame;
    return f ? (int)(f->code->flags & FUTURE_FLAGS) : 0;
}

/* The source as str or bytes (owned); TypeError naming the function for anything else. */
static Value source_text(VM *vm, Value source, const char *function, const char *what) {
    Value text = VALUE_ERROR;
    if (is_str(source) || is_bytes(source)) {
        text = incref(source);
    } else if (is_obj(source) && type_of(vm, source)->slots.get_buffer) {
        Buffer view;
        if (!buffer_get(vm, source, &view, false))
            return VALUE_ERROR;
        text = bytes_new(vm, view.data, view.len);
        buffer_release(vm, &view);
    } else {
        return raise_type(vm, "%s() arg 1 must be a %s", function, what);
    }
    if (!text)
        return VALUE_ERROR;
    const char *data = is_str(text) ? str_data(text) : as_bytes(text)->data;
    size_t n = is_str(text) ? as_str(text)->nbytes : as_bytes(text)->len;
    if (memchr(data, 0, n)) {
        decref(vm, text);
        return raisef(vm, vm->exc.SyntaxError, "source code string cannot contain null bytes");
    }
    return text;
}

/* A file name argument as str: str, bytes or an object with __fspath__. */
static Value path_text(VM *vm, Value path) {
    if (is_str(path))
        return incref(path);
    if (is_bytes(path))
        return str_decode(vm, as_bytes(path)->data, as_bytes(path)->len, "utf-8", "surrogateescape");
    Value result = call_special(vm, path, NAME(__fspath__), NULL, 0);
    if (!result)
        return error_pending(vm) ? VALUE_ERROR
                                 : raise_type(vm, "expected str, bytes or os.PathLike object, not %T", path);
    if (is_str(result))
        return result;
    Value text = is_bytes(result)
                     ? str_decode(vm, as_bytes(result)->data, as_bytes(result)->len, "utf-8", "surrogateescape")
                     : raise_type(vm, "expected %T.__fspath__() to return str or bytes, not %T", path, result);
    decref(vm, result);
    return text;
}

static const char *compile_mode(Value mode) {
    static const char *const modes[] = {"exec", "eval", "single"};
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (is_str(mode) && str_equals_c(mode, modes[i]))
            return modes[i];
    }
    return NULL;
}

static bool compile_numbers(VM *vm, Value *args, int *flags, int *optimize) {
    int dont_inherit = args[4] ? truth(vm, args[4]) : 0;
    *flags = 0;
    *optimize = -1;
    if ((args[3] && !to_c_int(vm, args[3], flags)) || dont_inherit < 0 ||
        (args[5] && !to_c_int(vm, args[5], optimize)))
        return false;
    if (*flags & ~(FUTURE_FLAGS | FLAGS_NESTED | FLAGS_COMPILE))
        return raise_value(vm, "compile(): unrecognised flags");
    if (*optimize < -1 || *optimize > 2)
        return raise_value(vm, "compile(): invalid optimize value");
    if (!dont_inherit)
        *flags |= inherited_flags(vm);
    return true;
}

static Value run_compile(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int flags, optimize;
    if (!is_str(args[2]))
        return raise_type(vm, "compile() argument 'mode' must be str, not %T", args[2]);
    if (!compile_numbers(vm, args, &flags, &optimize))
        return VALUE_ERROR;
    const char *mode = compile_mode(args[2]);
    if (!mode) {
        if (str_equals_c(args[2], "func_type"))
            return raise_value(vm, "compile() mode 'func_type' requires flag PyCF_ONLY_AST");
        return raise_value(vm, "compile() mode must be 'exec', 'eval' or 'single'");
    }
    Value filename = path_text(vm, args[1]);
    if (!filename)
        return VALUE_ERROR;
    Value text = source_text(vm, args[0], "compile", "string, bytes or AST object");
    Value code = text ? vm->compile(vm, text, filename, mode, flags, optimize) : VALUE_ERROR;
    decref(vm, text);
    decref(vm, filename);
    return code;
}

/* ---- eval, exec ---- */

static bool is_mapping(VM *vm, Value v) { return is_obj(v) && type_of(vm, v)->slots.getitem != NULL; }

typedef struct Namespaces {
    Value globals, locals; /* owned */
} Namespaces;

static void namespaces_drop(VM *vm, Namespaces *ns) {
    decref(vm, ns->globals);
    decref(vm, ns->locals);
}

/* The namespaces that eval and exec use: those of the caller where not given. */
static bool namespaces_get(VM *vm, Value globals, Value locals, Namespaces *ns) {
    ns->globals = ns->locals = 0;
    if (globals && !is_none(globals)) {
        ns->globals = incref(globals);
        ns->locals = incref(locals && !is_none(locals) ? locals : globals);
    } else {
        Value current = frame_globals(vm);
        if (!current)
            return raise_system(vm, "globals and locals cannot be NULL");
        ns->globals = incref(current);
        ns->locals = locals && !is_none(locals) ? incref(locals) : frame_locals(vm);
    }
    Value builtins = frame_builtins(vm);
    if (ns->locals && !dict_get_str(vm, ns->globals, NAME(__builtins__)) &&
        dict_set_str(vm, ns->globals, NAME(__builtins__), builtins ? builtins : vm->builtins))
        return true;
    if (ns->locals && !error_pending(vm))
        return true;
    namespaces_drop(vm, ns);
    return false;
}

/* eval's text may be indented. */
static Value without_indent(VM *vm, Value text) {
    const char *data = is_str(text) ? str_data(text) : as_bytes(text)->data;
    size_t n = is_str(text) ? as_str(text)->nbytes : as_bytes(text)->len, skip = 0;
    while (skip < n && (data[skip] == ' ' || data[skip] == '\t'))
        skip++;
    if (skip == 0)
        return text;
    Value shorter = is_str(text) ? str_new(vm, data + skip, n - skip) : bytes_new(vm, data + skip, n - skip);
    decref(vm, text);
    return shorter;
}

static Value compile_string(VM *vm, Value source, const char *function, bool expression) {
    Value text = source_text(vm, source, function, "string, bytes or code object");
    if (text && expression)
        text = without_indent(vm, text);
    if (!text)
        return VALUE_ERROR;
    Value filename = str_from_c(vm, "<string>");
    Value code = filename ? vm->compile(vm, text, filename, expression ? "eval" : "exec", inherited_flags(vm), -1)
                          : VALUE_ERROR;
    decref(vm, filename);
    decref(vm, text);
    return code;
}

static Value run_eval(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (args[2] && !is_none(args[2]) && !is_mapping(vm, args[2]))
        return raise_type(vm, "locals must be a mapping");
    if (args[1] && !is_none(args[1]) && !is_dict(args[1]))
        return raise_type(vm, is_mapping(vm, args[1]) ? "globals must be a real dict; try eval(code, {}, mapping)"
                                                      : "globals must be a dict");
    Namespaces ns;
    if (!namespaces_get(vm, args[1], args[2], &ns))
        return VALUE_ERROR;
    Value result = VALUE_ERROR, code;
    if (!has_kind(args[0], KIND_CODE))
        code = compile_string(vm, args[0], "eval", true);
    else if (as_tuple(as_code(args[0])->freevars)->len > 0)
        code = raise_type(vm, "code object passed to eval() may not contain free variables");
    else
        code = incref(args[0]);
    if (code)
        result = code_run(vm, code, ns.globals, ns.locals);
    decref(vm, code);
    namespaces_drop(vm, &ns);
    return result;
}

/* closure fits code: a tuple of as many cells as the code has free variables, or nothing for none. */
static bool closure_valid(VM *vm, Value source, Value closure) {
    if (!has_kind(source, KIND_CODE))
        return !closure || raise_type(vm, "closure can only be used when source is a code object");
    size_t want = as_tuple(as_code(source)->freevars)->len;
    if (want == 0)
        return !closure || raise_type(vm, "cannot use a closure with this code object");
    bool fits = closure && has_exact_kind(closure, KIND_TUPLE) && as_tuple(closure)->len == want;
    for (size_t i = 0; fits && i < want; i++)
        fits = has_kind(as_tuple(closure)->items[i], KIND_CELL);
    return fits || raise_type(vm, "code object requires a closure of exactly length %u", want);
}

static Value run_exec(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (args[1] && !is_none(args[1]) && !is_dict(args[1]))
        return raise_type(vm, "exec() globals must be a dict, not %T", args[1]);
    if (args[2] && !is_none(args[2]) && !is_mapping(vm, args[2]))
        return raise_type(vm, "locals must be a mapping or None, not %T", args[2]);
    Value closure = args[3] && !is_none(args[3]) ? args[3] : 0;
    Namespaces ns;
    if (!namespaces_get(vm, args[1], args[2], &ns))
        return VALUE_ERROR;
    Value code = VALUE_ERROR, result = VALUE_ERROR;
    if (closure_valid(vm, args[0], closure))
        code = has_kind(args[0], KIND_CODE) ? incref(args[0]) : compile_string(vm, args[0], "exec", false);
    if (code)
        result = closure ? code_run_closure(vm, code, ns.globals, ns.locals, closure)
                         : code_run(vm, code, ns.globals, ns.locals);
    decref(vm, code);
    decref(vm, result);
    namespaces_drop(vm, &ns);
    return result ? VALUE_NONE : VALUE_ERROR;
}

/* ---- modules ---- */

static Value run_import(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int level = 0;
    if (args[4] && !to_c_int(vm, args[4], &level))
        return VALUE_ERROR;
    return import_module_level(vm, args[0], args[1], args[3], level);
}

/* The file functions are in a module of their own, which most scripts never load. */
static Value run_open(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value io = import_c(vm, "_io");
    Value function = io ? attr_get_c(vm, io, "open") : VALUE_ERROR;
    decref(vm, io);
    Value result = function ? call(vm, function, args, nargs, kwnames) : VALUE_ERROR;
    decref(vm, function);
    return result;
}

static Value run_breakpoint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value hook = dict_get_c(vm, vm->sys_dict, "breakpointhook");
    if (!hook)
        return raise_runtime(vm, "lost sys.breakpointhook");
    incref(hook);
    Value result = call(vm, hook, args, nargs, kwnames);
    decref(vm, hook);
    return result;
}

const MethodSpec builtins_run_methods[] = {
    {"__import__", run_import, "name, globals=None, locals=None, fromlist=(), level=0",
     "What the import statement calls. importlib.import_module() is the better way to import by name.", 0},
    {"breakpoint", run_breakpoint, "*args, **kws", "Calls sys.breakpointhook with the same arguments.", 0},
    {"compile", run_compile,
     "source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1",
     "Compiles source text to a code object that exec() or eval() can run; mode is 'exec', 'eval' or 'single'.", 0},
    {"eval", run_eval, "source, /, globals=None, locals=None",
     "Computes an expression given as text or code object, in the given namespaces or the current ones.", 0},
    {"exec", run_exec, "source, /, globals=None, locals=None, *, closure=None",
     "Runs statements given as text or code object, in the given namespaces or the current ones.", 0},
    {"open", run_open,
     "file, mode='r', buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None",
     "Opens a file, or the descriptor of one, and returns it. The mode is 'r' to read, 'w' to write what is emptied\n"
     "first, 'x' to write what must not exist yet, or 'a' to write at the end; with '+' both is possible, and with\n"
     "'b' bytes are read or written, else text in the encoding. newline says which line ends become '\\n'.",
     METHOD_RAW},
    {0},
};
