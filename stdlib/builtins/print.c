/* print and input.
 *
 * Output to the interpreter's own text file is put together first and handed over in one piece: that is what makes
 * print fast. Any other file object gets its write method called for each piece, separators included, as scripts that
 * replace sys.stdout can see.
 */
#include "stdlib/builtins/builtins.h"
#include "stdlib/init.h"

typedef struct PrintOptions {
    Value sep, end; /* str, or 0 for the default */
    Value file;     /* owned */
    bool flush;
} PrintOptions;

/* sys.<name>: owned; 0 with an exception, or without one when it is None. */
static Value std_file(VM *vm, Value name, const char *lost) {
    Value file = dict_get_str(vm, vm->sys_dict, name);
    if (!file)
        return raise_runtime(vm, "%s", lost);
    return is_none(file) ? 0 : incref(file);
}

static bool text_option(VM *vm, Value v, const char *name, Value *out) {
    *out = v && !is_none(v) ? v : 0;
    return !*out || is_str(v) || raise_type(vm, "%s must be None or a string, not %T", name, v);
}

static bool print_options(VM *vm, Value *args, size_t nargs, Value kwnames, PrintOptions *o) {
    static const char *const keywords[] = {"sep", "end", "file", "flush", NULL};
    *o = (PrintOptions){0};
    if (kwnames) {
        if (!keywords_known(vm, "print", kwnames, keywords))
            return false;
        Value flush = keyword_argument(args, nargs, kwnames, "flush");
        int wanted = flush ? truth(vm, flush) : 0;
        if (wanted < 0)
            return false;
        o->flush = wanted;
        o->file = incref(keyword_argument(args, nargs, kwnames, "file"));
        if (is_none(o->file))
            o->file = 0;
    }
    if (!o->file) {
        o->file = std_file(vm, NAME(stdout), "lost sys.stdout");
        if (!o->file)
            return !error_pending(vm);
    }
    if (kwnames && (!text_option(vm, keyword_argument(args, nargs, kwnames, "sep"), "sep", &o->sep) ||
                    !text_option(vm, keyword_argument(args, nargs, kwnames, "end"), "end", &o->end))) {
        decref(vm, o->file);
        return false;
    }
    return true;
}

static bool add_option(StrBuilder *out, Value text, const char *fallback) {
    return text ? strbuilder_add_value(out, text) : strbuilder_add_c(out, fallback);
}

static bool add_str(VM *vm, StrBuilder *out, Value v) {
    if (has_exact_kind(v, KIND_STR))
        return strbuilder_add_value(out, v);
    Value text = to_str(vm, v);
    bool ok = text && strbuilder_add_value(out, text);
    decref(vm, text);
    return ok;
}

/* Writes through the file's own buffer. When str() of an argument fails, what came before it is written all the same.
 */
static bool print_direct(VM *vm, const PrintOptions *o, Value *args, size_t nargs) {
    StrBuilder out;
    strbuilder_init(&out, vm);
    bool ok = true;
    for (size_t i = 0; ok && i < nargs; i++)
        ok = (i == 0 || add_option(&out, o->sep, " ")) && add_str(vm, &out, args[i]);
    if (ok)
        ok = add_option(&out, o->end, "\n");
    Value failure = error_take(vm);
    bool written = out.len == 0 || io_write_fast(vm, o->file, out.data, out.len);
    strbuilder_drop(&out);
    if (failure) {
        error_clear(vm);
        raise_steal(vm, failure);
    }
    return ok && written;
}

static bool write_option(VM *vm, Value write, Value text, const char *fallback) {
    Value piece = text ? incref(text) : str_from_c(vm, fallback);
    Value result = piece ? call1(vm, write, piece) : 0;
    decref(vm, piece);
    decref(vm, result);
    return result != 0;
}

static bool write_str(VM *vm, Value write, Value v) {
    Value text = to_str(vm, v);
    Value result = text ? call1(vm, write, text) : 0;
    decref(vm, text);
    decref(vm, result);
    return result != 0;
}

static bool print_through_write(VM *vm, const PrintOptions *o, Value *args, size_t nargs) {
    Value write = attr_get(vm, o->file, NAME(write));
    if (!write)
        return false;
    bool ok = true;
    for (size_t i = 0; ok && i < nargs; i++)
        ok = (i == 0 || write_option(vm, write, o->sep, " ")) && write_str(vm, write, args[i]);
    ok = ok && write_option(vm, write, o->end, "\n");
    decref(vm, write);
    return ok;
}

static Value print_print(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    PrintOptions o;
    if (!print_options(vm, args, nargs, kwnames, &o))
        return VALUE_ERROR;
    if (!o.file)
        return VALUE_NONE;
    bool ok = io_is_direct(vm, o.file) ? print_direct(vm, &o, args, nargs) : print_through_write(vm, &o, args, nargs);
    if (ok && o.flush) {
        Value result = call_method0(vm, o.file, NAME(flush));
        ok = result != 0;
        decref(vm, result);
    }
    decref(vm, o.file);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

/* ---- input ---- */

/* Flushing before reading is a courtesy: its failure is not input's. */
static void flush_quietly(VM *vm, Value file) {
    Value result = call_method0(vm, file, NAME(flush));
    if (!result)
        error_clear(vm);
    decref(vm, result);
}

static Value read_line(VM *vm, Value file) {
    Value line = call_method0(vm, file, NAME(readline));
    if (!line)
        return VALUE_ERROR;
    if (!is_str(line)) {
        decref(vm, line);
        return raise_type(vm, "object.readline() returned non-string");
    }
    size_t n = as_str(line)->nbytes;
    if (n == 0) {
        decref(vm, line);
        return raisef(vm, vm->exc.EOFError, "EOF when reading a line");
    }
    if (str_data(line)[n - 1] != '\n')
        return line;
    Value without = str_new(vm, str_data(line), n - 1);
    decref(vm, line);
    return without;
}

static bool write_prompt(VM *vm, Value out, Value prompt) {
    Value write = attr_get(vm, out, NAME(write));
    bool ok = write && write_str(vm, write, prompt);
    decref(vm, write);
    return ok;
}

static Value print_input(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value in = std_file(vm, NAME(stdin), "input(): lost sys.stdin");
    Value out = in ? std_file(vm, NAME(stdout), "input(): lost sys.stdout") : 0;
    Value err = out ? std_file(vm, NAME(stderr), "input(): lost sys.stderr") : 0;
    Value line = VALUE_ERROR;
    if (err)
        flush_quietly(vm, err);
    if (!error_pending(vm) && (!in || !out || !err)) {
        raise_runtime(vm, "input(): lost sys.%s", !in ? "stdin" : !out ? "stdout" : "stderr");
    } else if (err && (!args[0] || write_prompt(vm, out, args[0]))) {
        flush_quietly(vm, out);
        line = read_line(vm, in);
    }
    decref(vm, in);
    decref(vm, out);
    decref(vm, err);
    return line;
}

const MethodSpec builtins_print_methods[] = {
    {"print", print_print, "*args, sep=' ', end='\\n', file=None, flush=False",
     "Writes the arguments as text, separated by sep and followed by end, to file or sys.stdout.", 0},
    {"input", print_input, "prompt='', /",
     "Writes the prompt and reads a line from sys.stdin; the line end is removed. EOFError at the end of input.", 0},
    {0},
};
