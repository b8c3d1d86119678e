/* The simple prompt: reads statements from the standard input line by line, runs each, shows results and errors, and
 * goes on. Prompts and the greeting go to the standard error, so that the output of scripts stays clean.
 *
 * Each statement is a source of its own ("<stdin>-0", "<stdin>-1", ...), remembered for tracebacks; reports show them
 * all as "<stdin>".
 */
#include "repl/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct Input {
    char *text; /* the statement so far; malloc'ed */
    size_t n, room;
} Input;

static bool input_add(Input *in, char c) {
    if (in->n == in->room) {
        size_t room = in->room ? in->room * 2 : 256;
        char *larger = realloc(in->text, room);
        if (!larger)
            return false;
        in->text = larger;
        in->room = room;
    }
    in->text[in->n++] = c;
    return true;
}

typedef enum LineResult { LINE_READ, LINE_END, LINE_INTERRUPTED, LINE_NOMEMORY } LineResult;

/* Reads a line byte by byte: what follows it may be meant for the statement, which reads from the same descriptor. */
static LineResult line_read(VM *vm, Input *in) {
    size_t start = in->n;
    for (;;) {
        char c;
        ssize_t got = read(0, &c, 1);
        if (got < 0 && errno == EINTR) {
            if (!vm_safepoint(vm))
                return LINE_INTERRUPTED;
            continue;
        }
        if (got <= 0) {
            if (in->n == start)
                return LINE_END;
            return input_add(in, '\n') ? LINE_READ : LINE_NOMEMORY;
        }
        if (!input_add(in, c))
            return LINE_NOMEMORY;
        if (c == '\n')
            return LINE_READ;
    }
}

/* sys.ps1 or sys.ps2 as text, on the standard error. */
static void show_prompt(VM *vm, const char *name) {
    Value prompt = incref(sys_get(vm, name)), out = dict_get_str(vm, vm->sys_dict, NAME(stdout));
    if (out && !is_none(out)) {
        incref(out);
        Value flushed = call_method0(vm, out, NAME(flush));
        decref(vm, flushed);
        decref(vm, out);
        error_clear(vm);
    }
    Value text = prompt ? to_str(vm, prompt) : 0;
    error_clear(vm);
    if (text) {
        fputs(str_data(text), stderr);
        fflush(stderr);
    }
    decref(vm, text);
    decref(vm, prompt);
}

static bool only_blank(const Input *in) {
    for (size_t i = 0; i < in->n; i++) {
        if (in->text[i] == '#')
            return memchr(in->text + i, '\n', in->n - i) == in->text + in->n - 1;
        if (in->text[i] != ' ' && in->text[i] != '\t' && in->text[i] != '\n' && in->text[i] != '\f' &&
            in->text[i] != '\r')
            return false;
    }
    return true;
}

/* Reads lines until they make a statement, or the input ends. */
static LineResult statement_read(VM *vm, Input *in) {
    in->n = 0;
    LineResult result;
    do {
        show_prompt(vm, in->n ? "ps2" : "ps1");
        result = line_read(vm, in);
        if (result != LINE_READ)
            break;
        if (only_blank(in)) {
            in->n = 0;
            continue;
        }
    } while (in->n == 0 || statement_needs_more(in->text, in->n - 1)); /* the last line end is not yet typed */
    if (result != LINE_END || in->n == 0)
        return result;
    fputs("\n", stderr);
    return LINE_READ;
}

static bool statement_run(VM *vm, const Input *in, Value dict, unsigned number) {
    Value source = str_decode(vm, in->text, in->n, "utf-8", "surrogateescape");
    Value filename = source ? str_printf(vm, "<stdin>-%x", number) : VALUE_ERROR, code = VALUE_ERROR;
    if (filename && traceback_register_source(vm, filename, source))
        code = vm->compile(vm, source, filename, "single", 0, -1);
    Value result = code ? code_run(vm, code, dict, dict) : VALUE_ERROR;
    decref(vm, result);
    decref(vm, code);
    decref(vm, filename);
    decref(vm, source);
    return result != 0;
}

static bool prompts_set(VM *vm) {
    return (sys_get(vm, "ps1") || sys_set(vm, "ps1", str_from_c(vm, ">>> "))) &&
           (sys_get(vm, "ps2") || sys_set(vm, "ps2", str_from_c(vm, "... ")));
}

static void greet(VM *vm) {
    if (!vm->quiet)
        fprintf(stderr, "Cove %s\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information.\n",
                COVE_VERSION_TEXT);
}

int prompt_run(VM *vm, Value main_dict, bool greeting, bool *killed) {
    Input in = {0};
    unsigned number = 0;
    int status = 0;
    vm->inspect = false; /* SystemExit leaves the prompt */
    if (!prompts_set(vm))
        return run_failure(vm, killed);
    if (greeting)
        greet(vm);
    for (;;) {
        LineResult result = statement_read(vm, &in);
        if (result == LINE_END || result == LINE_NOMEMORY) {
            fputs("\n", stderr);
            break;
        }
        bool ok = result == LINE_READ && statement_run(vm, &in, main_dict, number++);
        if (ok)
            continue;
        bool leave = error_matches(vm, vm->exc.SystemExit), interrupted = false;
        if (result == LINE_INTERRUPTED)
            fputs("\n", stderr);
        status = run_failure(vm, &interrupted);
        if (leave)
            break;
        status = 0;
    }
    free(in.text);
    return status;
}
