/* The prompt: reads statements, runs each, shows results and errors, and goes on. On a terminal statements are edited
 * with the editor (editor.h); elsewhere they are read line by line, and prompts and the greeting go to the standard
 * error, so that the output of scripts stays clean.
 *
 * Each statement is a source of its own, remembered for tracebacks: "<python-input-0>" and so on, or "<stdin>-0"
 * where there is no editor, which reports show as "<stdin>". A statement that awaits is run as a task in an event
 * loop (module _prompt); from then on that loop runs whenever the prompt waits for input.
 */
#include "object/bytes.h"
#include "repl/editor.h"
#include "runtime/lock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct Input {
    char *text; /* the statement so far; malloc'ed */
    size_t n, room;
} Input;

typedef struct Prompt {
    VM *vm;
    Value dict; /* of __main__, borrowed */
    Input in;
    Typed typed;
    unsigned number; /* of the next statement */
    bool edits;      /* with the editor */
    int futures;     /* flags of compile() that earlier statements have set: from __future__ import ... */
    Value loop;      /* the module _prompt once it runs a loop, owned, or 0 */
} Prompt;

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

/* ---- waiting for input ---- */

static Value loop_call(Prompt *p, const char *function, Value argument) {
    Value f = attr_get_c(p->vm, p->loop, function);
    Value result = !f ? VALUE_ERROR : argument ? call1(p->vm, f, argument) : call0(p->vm, f);
    decref(p->vm, f);
    return result;
}

static Value hide_block(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    editor_hide();
    return VALUE_NONE;
}

static const MethodSpec hide_spec = {"hide", hide_block, "", "Takes the block that is being edited off the screen.",
                                     0};

/* Lets the loop run until there is input or somebody has written something. */
static bool loop_wait(Prompt *p) {
    Value hide = p->edits ? native_new(p->vm, &hide_spec, 0, NULL, 0) : VALUE_NONE;
    Value written = hide ? loop_call(p, "wait", hide) : VALUE_ERROR;
    decref(p->vm, hide);
    if (p->edits && written == VALUE_TRUE)
        editor_show();
    bool is_broken = !written && !error_matches(p->vm, p->vm->exc.KeyboardInterrupt) &&
                     !error_matches(p->vm, p->vm->exc.SystemExit);
    if (written == VALUE_NONE || is_broken) /* else the prompt would fail for ever */
        set_owned(p->vm, &p->loop, 0);
    decref(p->vm, written);
    return written != 0;
}

/* Sleeps until there is input or a signal: one that comes before the sleep ends it too. */
static void input_sleep(VM *vm, struct pollfd *in) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    editor_refresh();
    if (!vm_interrupted(vm))
        WITHOUT_LOCK(vm, ppoll(in, 1, NULL, &before));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* Waits until the standard input can be read; false with the exception that a signal's handler raised. */
static bool input_wait(Prompt *p) {
    VM *vm = p->vm;
    struct pollfd in = {.fd = 0, .events = POLLIN};
    while (poll(&in, 1, 0) <= 0) {
        if (p->loop) {
            if (!loop_wait(p))
                return false;
            continue;
        }
        input_sleep(vm, &in);
        if (!vm_safepoint(vm))
            return false;
    }
    return true;
}

/* ---- reading line by line ---- */

typedef enum LineResult { LINE_READ, LINE_END, LINE_INTERRUPTED, LINE_NOMEMORY } LineResult;

/* Reads a line byte by byte: what follows it may be meant for the statement, which reads from the same descriptor. */
static LineResult line_read(Prompt *p) {
    Input *in = &p->in;
    size_t start = in->n;
    for (;;) {
        char c;
        if (!input_wait(p))
            return LINE_INTERRUPTED;
        ssize_t got = read(0, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
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

static void flush_stdout(VM *vm) {
    Value out = incref(dict_get_str(vm, vm->sys_dict, NAME(stdout)));
    if (out && !is_none(out)) {
        Value flushed = call_method0(vm, out, NAME(flush));
        decref(vm, flushed);
        error_clear(vm);
    }
    decref(vm, out);
}

/* str(sys.ps1) or str(sys.ps2); owned, 0 without an exception if there is none to show. */
static Value prompt_text(VM *vm, const char *name) {
    Value prompt = incref(sys_get(vm, name)), text = prompt ? to_str(vm, prompt) : 0;
    error_clear(vm);
    decref(vm, prompt);
    return text;
}

static void show_prompt(VM *vm, const char *name) {
    flush_stdout(vm);
    Value text = prompt_text(vm, name);
    if (text) {
        fputs(str_data(text), stderr);
        fflush(stderr);
    }
    decref(vm, text);
}

static bool only_blank(const Input *in) {
    for (size_t i = 0; i < in->n; i++) {
        if (in->text[i] == '#')
            return !memchr(in->text + i, '\n', in->n - i) ||
                   memchr(in->text + i, '\n', in->n - i) == in->text + in->n - 1;
        if (!strchr(" \t\n\f\r", in->text[i]))
            return false;
    }
    return true;
}

/* Reads lines until they make a statement, or the input ends. */
static LineResult lines_read(Prompt *p) {
    Input *in = &p->in;
    LineResult result;
    do {
        show_prompt(p->vm, in->n ? "ps2" : "ps1");
        result = line_read(p);
        if (result != LINE_READ)
            break;
        if (only_blank(in)) {
            in->n = 0;
            p->number++;
            continue;
        }
    } while (in->n == 0 ||
             statement_needs_more(&p->typed, in->text, in->n - 1)); /* the last line end is not yet typed */
    if (result != LINE_END || in->n == 0)
        return result;
    fputs("\n", stderr);
    return LINE_READ;
}

/* ---- reading with the editor ---- */

static Value colored_prompt(VM *vm, const char *name) {
    Value text = prompt_text(vm, name);
    if (!text || !as_str(text)->nbytes || !color_wanted(vm))
        return text;
    Value colored = str_printf(vm, "\033[1;35m%V\033[0m", text);
    error_clear(vm);
    if (!colored)
        return text;
    decref(vm, text);
    return colored;
}

static bool input_set(Input *in, const char *text, size_t n) {
    in->n = 0;
    for (size_t i = 0; i < n; i++) {
        if (!input_add(in, text[i]))
            return false;
    }
    return true;
}

static LineResult block_edit(Prompt *p) {
    VM *vm = p->vm;
    char *text = NULL;
    EditorResult result;
    flush_stdout(vm);
    Value first = colored_prompt(vm, "ps1"), more = colored_prompt(vm, "ps2");
    editor_begin(first ? str_data(first) : "", more ? str_data(more) : "", &p->typed);
    decref(vm, first);
    decref(vm, more);
    do {
        if (!input_wait(p)) {
            editor_drop();
            return LINE_INTERRUPTED;
        }
        result = editor_feed(&text);
    } while (result == EDITOR_MORE);
    if (result == EDITOR_END)
        return LINE_END;
    size_t n = strlen(text);
    while (n > 0 && strchr(" \t\n", text[n - 1]))
        n--;
    text[n] = 0;
    bool ok = input_set(&p->in, text, n);
    if (ok && !only_blank(&p->in))
        history_enter(vm, text);
    free(text);
    return ok ? LINE_READ : LINE_NOMEMORY;
}

static LineResult statement_read(Prompt *p) {
    p->in.n = 0;
    if (!p->edits)
        return lines_read(p);
    for (;; p->number++) { /* which counts empty ones too */
        LineResult result = block_edit(p);
        if (result != LINE_READ || !only_blank(&p->in))
            return result;
    }
}

/* ---- running ---- */

/* Drops the entries of the loop's own frames: a traceback starts at the statement. An interrupt that came in the loop
 * itself has none then. */
static void traceback_trim(VM *vm, Value filename) {
    Value exc = error_take(vm), tb = exc ? as_exception(exc)->traceback : 0;
    while (tb && ((Traceback *)as_obj(tb))->code->filename != filename)
        tb = ((Traceback *)as_obj(tb))->next;
    if (tb || (exc && exception_is(vm, exc, vm->exc.KeyboardInterrupt)))
        set_owned(vm, &as_exception(exc)->traceback, tb ? incref(tb) : 0);
    raise_steal(vm, exc);
}

static Value coroutine_run(Prompt *p, Value coroutine, Value filename) {
    if (!p->loop)
        p->loop = import_c(p->vm, "_prompt");
    Value result = p->loop ? loop_call(p, "run", coroutine) : VALUE_ERROR;
    if (!result)
        traceback_trim(p->vm, filename);
    return result;
}

/* Line `number` of a text, without its end; NULL if there is none. */
static const char *text_line(const char *text, size_t n, int64_t number, size_t *length) {
    const char *end = text + n;
    for (int64_t i = 1; i < number && text; i++) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        text = newline ? newline + 1 : NULL;
    }
    if (!text || number < 1)
        return NULL;
    const char *newline = memchr(text, '\n', (size_t)(end - text));
    *length = (size_t)((newline ? newline : end) - text);
    return text;
}

/* The compiler gives its errors a line of the source only where that is a file; at the prompt the statement has it.
 */
static void syntax_error_complete(Prompt *p) {
    VM *vm = p->vm;
    if (!error_matches(vm, vm->exc.SyntaxError))
        return;
    Value exc = error_take(vm), text = exception_field(exc, SYNTAXERROR_TEXT);
    Value number = exception_field(exc, SYNTAXERROR_LINENO);
    int64_t line;
    size_t n;
    if ((!text || is_none(text)) && number && is_int(number) && int_fits_int64(number, &line)) {
        const char *start = text_line(p->in.text, p->in.n, line, &n);
        Value shown = start ? str_decode(vm, start, n, "utf-8", "surrogateescape") : 0;
        if (shown)
            exception_set_field(vm, exc, SYNTAXERROR_TEXT, shown);
        decref(vm, shown);
        error_clear(vm);
    }
    raise_steal(vm, exc);
}

/* The statement as text; as bytes if it is no UTF-8, which the compiler complains about. */
static Value statement_source(VM *vm, const Input *in) {
    Value text = str_decode(vm, in->text, in->n, "utf-8", "strict");
    if (text || !error_matches(vm, vm->exc.UnicodeDecodeError))
        return text;
    error_clear(vm);
    return bytes_new(vm, in->text, in->n);
}

static Value statement_compile(Prompt *p, Value filename) {
    VM *vm = p->vm;
    int flags = COMPILE_TOP_LEVEL_AWAIT | (p->edits ? COMPILE_SHOW_LAST : COMPILE_TYPED) | p->futures;
    Value source = statement_source(vm, &p->in), code = VALUE_ERROR;
    if (source && (!is_str(source) || traceback_register_source(vm, filename, source)))
        code = vm->compile(vm, source, filename, p->edits ? "exec" : "single", flags, -1);
    decref(vm, source);
    if (!code) {
        syntax_error_complete(p);
        return code;
    }
    p->futures |= as_code(code)->flags & (COMPILE_FUTURE_ANNOTATIONS | COMPILE_FUTURE_BARRY);
    p->typed.angular = p->futures & COMPILE_FUTURE_BARRY;
    return code;
}

static bool statement_run(Prompt *p) {
    VM *vm = p->vm;
    Value filename = str_printf(vm, p->edits ? "<python-input-%u>" : "<stdin>-%u", (size_t)p->number);
    p->number += p->edits || !p->typed.is_wrong; /* without the editor, as a reader of lines counts */
    Value code = filename ? statement_compile(p, filename) : VALUE_ERROR;
    Value result = code ? code_run(vm, code, p->dict, p->dict) : VALUE_ERROR;
    if (result && (as_code(code)->flags & CO_COROUTINE)) {
        Value coroutine = result;
        result = coroutine_run(p, coroutine, filename);
        decref(vm, coroutine);
    }
    decref(vm, result);
    decref(vm, code);
    decref(vm, filename);
    return result != 0;
}

/* At a terminal some words alone are commands, as long as the script has not taken their names: exit, quit, help,
 * copyright, clear. 1: done, 0: no command, -1: exception. */
static int command_run(Prompt *p) {
    static const char *const names[] = {"exit", "quit", "help", "copyright", "clear", "\x1a"};
    VM *vm = p->vm;
    const char *name = NULL;
    for (size_t i = 0; i < ARRAY_LEN(names) && p->edits; i++) {
        if (p->in.n == strlen(names[i]) && memcmp(p->in.text, names[i], p->in.n) == 0)
            name = names[i];
    }
    if (!name || dict_get_c(vm, p->dict, name))
        return 0;
    if (strcmp(name, "clear") == 0) {
        fputs("\033[H\033[2J\033[3J", stdout);
        fflush(stdout);
        return 1;
    }
    Value command = incref(dict_get_c(vm, vm->builtins, *name == '\x1a' ? "exit" : name));
    if (!command)
        return 0;
    Value result = call0(vm, command);
    decref(vm, command);
    decref(vm, result);
    return result ? 1 : -1;
}

static bool input_run(Prompt *p) {
    int command = command_run(p);
    if (command != 0)
        return command > 0;
    if (!statement_run(p))
        return false;
    if (!p->loop)
        return true;
    Value turned = loop_call(p, "turn", 0);
    decref(p->vm, turned);
    return turned != 0;
}

/* ---- all of it ---- */

static bool prompts_set(VM *vm) {
    return (sys_get(vm, "ps1") || sys_set(vm, "ps1", str_from_c(vm, ">>> "))) &&
           (sys_get(vm, "ps2") || sys_set(vm, "ps2", str_from_c(vm, "... ")));
}

static void greet(VM *vm) {
    if (!vm->flags.quiet)
        fprintf(stderr, "Cove %s\nType \"help\", \"copyright\", \"credits\" or \"license\" for more information.\n",
                COVE_VERSION);
}

/* What sys.__interactivehook__ does unless a start-up file has replaced it. */
static Value friendly_hook(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (editor_open(vm)) {
        editor_complete_names();
        history_open(vm);
    }
    return VALUE_NONE;
}

static const MethodSpec friendly_spec = {"register_readline", friendly_hook, "",
                                         "Gives the prompt its history and completion.", 0};

/* SystemExit leaves the prompt also where it keeps a script from leaving (-i). */
static int failure_report(VM *vm, bool *killed) {
    return error_matches(vm, vm->exc.SystemExit) ? run_exit(vm) : run_failure(vm, killed);
}

static void hook_run(VM *vm) {
    Value hook = incref(sys_get(vm, "__interactivehook__"));
    Value result = hook ? call0(vm, hook) : VALUE_NONE;
    if (!result) {
        bool killed;
        fputs("Failed calling sys.__interactivehook__\n", stderr);
        failure_report(vm, &killed);
    }
    decref(vm, result);
    decref(vm, hook);
}

/* Deals with the exception that ended a statement or its input; true: the prompt is to be left with *status. */
static bool failure_shown(Prompt *p, LineResult result, int *status) {
    VM *vm = p->vm;
    bool leave = error_matches(vm, vm->exc.SystemExit), interrupted = false;
    if (p->edits && result == LINE_INTERRUPTED && error_matches(vm, vm->exc.KeyboardInterrupt)) {
        error_clear(vm);
        fputs("KeyboardInterrupt\n", stderr);
        return false;
    }
    if (result == LINE_INTERRUPTED && !p->edits)
        fputs("\n", stderr);
    *status = failure_report(vm, &interrupted);
    return leave;
}

static int statements_run(Prompt *p) {
    for (;;) {
        int status = 0;
        LineResult result = statement_read(p);
        if (result == LINE_END || result == LINE_NOMEMORY) {
            fputs("\n", stderr);
            return 0;
        }
        bool ok = result == LINE_READ && input_run(p);
        if (!ok && failure_shown(p, result, &status))
            return status;
    }
}

static bool setup(VM *vm) {
    if (!prompts_set(vm))
        return false;
    if (vm->flags.no_site || vm->flags.isolated || sys_get(vm, "__interactivehook__"))
        return true;
    return sys_set(vm, "__interactivehook__", native_new(vm, &friendly_spec, 0, NULL, 0));
}

int prompt_run(VM *vm, const Options *o, Value main_dict, bool first, bool *killed) {
    Prompt p = {.vm = vm, .dict = main_dict};
    int status = 0;
    if (!setup(vm))
        return failure_report(vm, killed);
    if (first) {
        greet(vm);
        if (!run_startup(vm, o, main_dict)) {
            bool leave = error_matches(vm, vm->exc.SystemExit), interrupted = false;
            status = failure_report(vm, &interrupted);
            if (leave)
                return status;
        }
    }
    hook_run(vm);
    p.edits = !getenv("PYTHON_BASIC_REPL") && editor_open(vm);
    status = statements_run(&p);
    if (p.loop) {
        Value finished = loop_call(&p, "finish", 0);
        if (!finished)
            failure_report(vm, killed);
        decref(vm, finished);
        decref(vm, p.loop);
    }
    history_close();
    editor_close(vm);
    free(p.in.text);
    typed_forget(&p.typed);
    return status;
}
