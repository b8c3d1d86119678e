/* Reading statements with GNU readline: opening it, its keys, its callback interface. */
#include "repl/editor.h"

#ifdef COVE_WITH_READLINE

#include "stdlib/library.h"

#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _FUNCTION_DEF /* leaves out old names such as Function */
#include <readline/history.h>
#include <readline/readline.h>

#define SYMBOLS(SYMBOL)                                                                                              \
    SYMBOL(rl_callback_handler_install)                                                                              \
    SYMBOL(rl_callback_read_char)                                                                                    \
    SYMBOL(rl_callback_handler_remove)                                                                               \
    SYMBOL(rl_callback_sigcleanup)                                                                                   \
    SYMBOL(rl_free_line_state)                                                                                       \
    SYMBOL(rl_initialize)                                                                                            \
    SYMBOL(rl_bind_keyseq)                                                                                           \
    SYMBOL(rl_function_of_keyseq)                                                                                    \
    SYMBOL(rl_variable_bind)                                                                                         \
    SYMBOL(rl_get_screen_size)                                                                                       \
    SYMBOL(rl_reset_screen_size)                                                                                     \
    SYMBOL(rl_insert_text)                                                                                           \
    SYMBOL(rl_delete_text)                                                                                           \
    SYMBOL(rl_kill_text)                                                                                             \
    SYMBOL(rl_begin_undo_group)                                                                                      \
    SYMBOL(rl_end_undo_group)                                                                                        \
    SYMBOL(rl_ding)                                                                                                  \
    SYMBOL(rl_rubout)                                                                                                \
    SYMBOL(rl_newline)                                                                                               \
    SYMBOL(rl_complete)                                                                                              \
    SYMBOL(rl_beg_of_line)                                                                                           \
    SYMBOL(rl_end_of_line)                                                                                           \
    SYMBOL(rl_kill_line)                                                                                             \
    SYMBOL(rl_unix_line_discard)                                                                                     \
    SYMBOL(rl_clear_screen)                                                                                          \
    SYMBOL(rl_get_previous_history)                                                                                  \
    SYMBOL(rl_get_next_history)                                                                                      \
    SYMBOL(rl_line_buffer)                                                                                           \
    SYMBOL(rl_point)                                                                                                 \
    SYMBOL(rl_end)                                                                                                   \
    SYMBOL(rl_done)                                                                                                  \
    SYMBOL(rl_last_func)                                                                                             \
    SYMBOL(rl_display_prompt)                                                                                        \
    SYMBOL(rl_readline_name)                                                                                         \
    SYMBOL(rl_redisplay_function)                                                                                    \
    SYMBOL(rl_catch_signals)                                                                                         \
    SYMBOL(rl_prep_terminal)                                                                                         \
    SYMBOL(rl_deprep_terminal)                                                                                       \
    SYMBOL(rl_persistent_signal_handlers)                                                                            \
    SYMBOL(using_history)                                                                                            \
    SYMBOL(add_history)                                                                                              \
    SYMBOL(history_length)                                                                                           \
    SYMBOL(history_get)                                                                                              \
    SYMBOL(history_base)

typedef struct Readline {
#define FIELD(name) LIBRARY_FUNCTION(name);
    SYMBOLS(FIELD)
#undef FIELD
} Readline;

static const LibrarySymbol readline_symbols[] = {
#define ROW(name) LIBRARY_SYMBOL(Readline, name),
    SYMBOLS(ROW)
#undef ROW
        {0}};

static const LibrarySpec readline_spec = {"libreadline.so.8", "libreadline8", readline_symbols};

enum { INDENT = 4 };

static struct Editor {
    Readline rl;
    VM *vm; /* NULL: not open */
    char *prompt, *more;
    char *line; /* what was entered, when done */
    Typed *typed;
    bool completes, done, ended, active, hidden;
    int width, height;                   /* of the terminal, when the block was drawn */
    volatile sig_atomic_t was_continued; /* after having been stopped, as by Ctrl-Z */
} editor;

#define POINT (*editor.rl.rl_point)
#define END (*editor.rl.rl_end)
#define BUFFER (*editor.rl.rl_line_buffer)

/* ---- lines of the block ---- */

static int line_start(int at) {
    while (at > 0 && BUFFER[at - 1] != '\n')
        at--;
    return at;
}

static int line_end(int at) {
    while (at < END && BUFFER[at] != '\n')
        at++;
    return at;
}

/* The byte `characters` characters into the line at `start`, or its end. */
static int line_at(int start, int characters) {
    int at = start, end = line_end(start);
    for (; at < end && characters > 0; characters--) {
        at++;
        while (at < end && ((unsigned char)BUFFER[at] & 0xc0) == 0x80)
            at++;
    }
    return at;
}

static int column_of(int point) {
    int n = 0;
    for (int i = line_start(point); i < point; i++)
        n += ((unsigned char)BUFFER[i] & 0xc0) != 0x80;
    return n;
}

static bool only_spaces(int from, int to) {
    for (int i = from; i < to; i++) {
        if (BUFFER[i] != ' ' && BUFFER[i] != '\t')
            return false;
    }
    return true;
}

/* What comes without a pause was pasted or sent by a program, which indents by itself. */
static bool more_is_waiting(void) {
    struct pollfd in = {.fd = 0, .events = POLLIN};
    return poll(&in, 1, 0) > 0;
}

/* ---- the block on the screen ---- */

static void block_show(int width, int height) {
    const char *prompt = *editor.rl.rl_display_prompt;
    view_show(&(EditorText){prompt ? prompt : "", editor.more, BUFFER, (size_t)END, (size_t)POINT}, width, height);
}

static void screen_size(int *width, int *height) {
    editor.rl.rl_reset_screen_size();
    editor.rl.rl_get_screen_size(height, width);
}

static void redisplay(void) {
    if (editor.hidden || !editor.active || more_is_waiting()) /* it is drawn when all that waits was read */
        return;
    screen_size(&editor.width, &editor.height);
    block_show(editor.width, editor.height);
}

/* The whole block stays on the screen, and the cursor goes below it. */
static void block_leave(void) {
    screen_size(&editor.width, &editor.height);
    if (!editor.hidden)
        block_show(editor.width, VIEW_ALL_ROWS);
    view_leave();
}

/* ---- keys ---- */

static int key_up(int count, int key) {
    int start = line_start(POINT);
    if (start == 0)
        return editor.rl.rl_get_previous_history(count, key);
    POINT = line_at(line_start(start - 1), column_of(POINT));
    return 0;
}

static int key_down(int count, int key) {
    int end = line_end(POINT);
    if (end == END)
        return editor.rl.rl_get_next_history(count, key);
    POINT = line_at(end + 1, column_of(POINT));
    return 0;
}

static int key_home(int count, int key) {
    POINT = line_start(POINT);
    return 0;
}

static int key_end(int count, int key) {
    POINT = line_end(POINT);
    return 0;
}

static int key_kill(int count, int key) {
    int end = line_end(POINT);
    editor.rl.rl_kill_text(POINT, end == POINT && end < END ? end + 1 : end);
    return 0;
}

static int key_discard(int count, int key) {
    int start = line_start(POINT);
    if (start == POINT)
        return 0;
    editor.rl.rl_kill_text(POINT, start);
    POINT = start;
    return 0;
}

/* In the indentation, back to the multiple of four before. */
static int key_backspace(int count, int key) {
    int start = line_start(POINT), blanks = POINT - start;
    if (count != 1 || blanks == 0 || !only_spaces(start, POINT))
        return editor.rl.rl_rubout(count, key);
    int less = (blanks - 1) % INDENT + 1;
    editor.rl.rl_delete_text(POINT - less, POINT);
    POINT -= less;
    return 0;
}

static int key_clear(int count, int key) {
    view_erase();
    fputs("\033[H\033[2J\033[3J", stdout);
    fflush(stdout);
    return 0;
}

static void insert_line_break(void) {
    int start = line_start(POINT), end = start;
    bool opens = false;
    char text[256] = "\n";
    while (end < POINT && (BUFFER[end] == ' ' || BUFFER[end] == '\t'))
        end++;
    for (int i = POINT; i > end && !opens; i--) {
        if (BUFFER[i - 1] == ':')
            opens = true;
        else if (BUFFER[i - 1] != ' ' && BUFFER[i - 1] != '\t')
            break;
    }
    size_t n = (size_t)(end - start);
    if (more_is_waiting() || n + INDENT + 2 > sizeof text)
        n = 0, opens = false;
    memcpy(text + 1, BUFFER + start, n);
    memset(text + 1 + n, ' ', opens ? INDENT : 0);
    text[1 + n + (opens ? INDENT : 0)] = 0;
    editor.rl.rl_insert_text(text);
}

/* The text without the blanks that the editor put into a last line left empty. */
static int text_length(void) {
    int start = line_start(END);
    return start > 0 && only_spaces(start, END) ? start : END;
}

static int key_enter(int count, int key) {
    bool inside = line_end(POINT) < END;
    if (inside || statement_needs_more(editor.typed, BUFFER, (size_t)text_length())) {
        insert_line_break();
        return 0;
    }
    block_leave();
    editor.hidden = true;
    *editor.rl.rl_done = 1;
    return 0;
}

/* ---- completion ---- */

/* Candidates in columns below the block. */
static void show_candidates(Value list) {
    int width = editor.width, longest = 0;
    size_t n = as_list(list)->len;
    block_leave();
    for (size_t i = 0; i < n; i++) {
        int length = (int)as_str(as_list(list)->items[i])->nchars;
        longest = length > longest ? length : longest;
    }
    size_t columns = (size_t)(width / (longest + 2) > 0 ? width / (longest + 2) : 1),
           rows = (n + columns - 1) / columns;
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < n; i += rows) {
            Value name = as_list(list)->items[i];
            int pad = i + rows < n ? longest + 2 - (int)as_str(name)->nchars : 0;
            printf("%s%*s", str_data(name), pad, "");
        }
        printf("\r\n");
    }
    fflush(stdout);
}

static bool all_strings(Value list) {
    for (size_t i = 0; i < as_list(list)->len; i++) {
        if (!is_str(as_list(list)->items[i]))
            return false;
    }
    return true;
}

/* complete(text before the cursor) gives (number of bytes to replace, what to put there, names to show). */
static void complete_at_point(bool again) {
    VM *vm = editor.vm;
    Value text = str_decode(vm, BUFFER, (size_t)POINT, "utf-8", "surrogateescape");
    Value module = text ? import_c(vm, "_prompt") : VALUE_ERROR;
    Value complete = module ? attr_get_c(vm, module, "complete") : VALUE_ERROR;
    Value found = complete ? call1(vm, complete, text) : VALUE_ERROR;
    int64_t length;
    if (found && is_tuple(found) && as_tuple(found)->len == 3 && is_list(as_tuple(found)->items[2]) &&
        is_str(as_tuple(found)->items[1]) && all_strings(as_tuple(found)->items[2]) &&
        int_fits_int64(as_tuple(found)->items[0], &length) && length >= 0 && length <= POINT) {
        Value with = as_tuple(found)->items[1], names = as_tuple(found)->items[2];
        size_t n = as_str(with)->nbytes;
        if ((int64_t)n != length || memcmp(BUFFER + POINT - length, str_data(with), n) != 0) {
            editor.rl.rl_begin_undo_group();
            editor.rl.rl_delete_text(POINT - (int)length, POINT);
            POINT -= (int)length;
            editor.rl.rl_insert_text(str_data(with));
            editor.rl.rl_end_undo_group();
        } else if (as_list(names)->len > 1 && again) {
            show_candidates(names);
        } else {
            editor.rl.rl_ding();
        }
    }
    decref(vm, found);
    decref(vm, complete);
    decref(vm, module);
    decref(vm, text);
    error_clear(vm);
}

static int key_tab(int count, int key) {
    int start = line_start(POINT);
    if (only_spaces(start, POINT)) {
        int n = INDENT - column_of(POINT) % INDENT;
        editor.rl.rl_insert_text(&"    "[INDENT - n]);
    } else if (editor.completes) {
        complete_at_point(*editor.rl.rl_last_func == key_tab);
    }
    return 0;
}

/* ---- opening ---- */

/* Takes a key over unless the user's inputrc has given it another meaning. */
static void bind(const char *keys, rl_command_func_t *usual, rl_command_func_t *command) {
    if (editor.rl.rl_function_of_keyseq(keys, NULL, NULL) == usual)
        editor.rl.rl_bind_keyseq(keys, command);
}

static void bind_keys(void) {
    const Readline *rl = &editor.rl;
    static const char *const up[] = {"\033[A", "\033OA", "\020"}, *const down[] = {"\033[B", "\033OB", "\016"};
    static const char *const home[] = {"\033[H", "\033OH", "\001"}, *const end[] = {"\033[F", "\033OF", "\005"};
    for (size_t i = 0; i < ARRAY_LEN(up); i++) {
        bind(up[i], rl->rl_get_previous_history, key_up);
        bind(down[i], rl->rl_get_next_history, key_down);
        bind(home[i], rl->rl_beg_of_line, key_home);
        bind(end[i], rl->rl_end_of_line, key_end);
    }
    bind("\r", rl->rl_newline, key_enter);
    bind("\n", rl->rl_newline, key_enter);
    bind("\t", rl->rl_complete, key_tab);
    bind("\013", rl->rl_kill_line, key_kill);
    bind("\025", rl->rl_unix_line_discard, key_discard);
    bind("\014", rl->rl_clear_screen, key_clear);
    bind("\b", rl->rl_rubout, key_backspace);
    bind("\177", rl->rl_rubout, key_backspace);
}

/* Characters are UTF-8 for us, also where the environment names no such locale. */
static void use_utf8(void) {
    setlocale(LC_CTYPE, "");
    if (MB_CUR_MAX == 1)
        setlocale(LC_CTYPE, "C.UTF-8");
}

static void on_continue(int signal) { editor.was_continued = 1; }

static void catch_continue(void) {
    struct sigaction now, action = {.sa_handler = on_continue};
    if (sigaction(SIGCONT, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
        sigaction(SIGCONT, &action, NULL);
}

bool editor_open(VM *vm) {
    const char *terminal = getenv("TERM");
    if (editor.vm)
        return true;
    if (!isatty(0) || !isatty(1) || !terminal || strcmp(terminal, "dumb") == 0)
        return false;
    if (!library_open(vm, "the prompt", &readline_spec, &editor.rl)) {
        error_clear(vm);
        return false;
    }
    editor.vm = vm;
    *editor.rl.rl_readline_name = "cove";
    *editor.rl.rl_catch_signals = 0;
    *editor.rl.rl_persistent_signal_handlers = 1; /* SIGWINCH is caught all the same, and ends the wait for input */
    use_utf8();
    editor.rl.rl_initialize();
    if (MB_CUR_MAX == 1)
        use_utf8();
    editor.rl.rl_variable_bind("input-meta", "on");
    editor.rl.rl_variable_bind("output-meta", "on");
    editor.rl.rl_variable_bind("convert-meta", "off");
    editor.rl.rl_variable_bind("enable-bracketed-paste", "on");
    editor.rl.rl_variable_bind("bind-tty-special-chars", "off"); /* it would undo bind_keys() */
    editor.rl.using_history();
    *editor.rl.rl_redisplay_function = redisplay;
    bind_keys();
    catch_continue();
    return true;
}

void editor_complete_names(void) { editor.completes = true; }

void editor_close(VM *vm) {
    free(editor.prompt);
    free(editor.more);
    view_reset();
    editor = (struct Editor){0};
}

/* ---- reading ---- */

static void on_line(char *line) {
    editor.rl.rl_callback_handler_remove();
    editor.active = false;
    editor.done = true;
    editor.ended = line == NULL;
    editor.line = line;
}

static bool text_set(char **at, const char *text) {
    char *copy = strdup(text);
    free(*at);
    *at = copy;
    return copy != NULL;
}

void editor_begin(const char *prompt, const char *more, Typed *typed) {
    editor.typed = typed;
    editor.done = editor.ended = editor.hidden = false;
    if (!text_set(&editor.prompt, prompt) || !text_set(&editor.more, more)) {
        editor.done = editor.ended = true;
        return;
    }
    view_reset();
    editor.was_continued = 0;
    editor.active = true;
    editor.rl.rl_callback_handler_install(editor.prompt, on_line);
}

EditorResult editor_feed(char **text) {
    editor_refresh();
    if (!editor.done)
        editor.rl.rl_callback_read_char();
    if (!editor.done)
        return EDITOR_MORE;
    *text = editor.line;
    editor.line = NULL;
    return editor.ended || !*text ? EDITOR_END : EDITOR_LINE;
}

void editor_drop(void) {
    if (!editor.active)
        return;
    block_leave();
    editor.active = false; /* readline would have the block drawn once more */
    editor.rl.rl_free_line_state();
    editor.rl.rl_callback_sigcleanup();
    editor.rl.rl_callback_handler_remove();
}

void editor_refresh(void) {
    int width, height;
    if (!editor.active || editor.hidden)
        return;
    if (editor.was_continued) { /* the shell has the terminal behave its way, and has written below the block */
        editor.was_continued = 0;
        editor.rl.rl_deprep_terminal();
        editor.rl.rl_prep_terminal(1);
        view_reset();
        redisplay();
    }
    screen_size(&width, &height);
    if (width != editor.width || height != editor.height)
        redisplay();
}

void editor_hide(void) {
    if (editor.active && !editor.hidden) {
        view_erase();
        editor.rl.rl_deprep_terminal(); /* whoever writes may also read */
    }
    editor.hidden = true;
}

void editor_show(void) {
    editor.hidden = false;
    if (editor.active)
        editor.rl.rl_prep_terminal(1);
    redisplay();
}

void editor_history_add(const char *text) {
    const Readline *rl = &editor.rl;
    int n = *rl->history_length;
    HIST_ENTRY *last = n > 0 ? rl->history_get(*rl->history_base + n - 1) : NULL;
    if (!last || strcmp(last->line, text) != 0)
        rl->add_history(text);
}

#else /* without readline the plain prompt reads lines */

bool editor_open(VM *vm) { return false; }
void editor_complete_names(void) {}
void editor_close(VM *vm) {}
void editor_begin(const char *prompt, const char *more, Typed *typed) {}
EditorResult editor_feed(char **text) { return EDITOR_END; }
void editor_drop(void) {}
void editor_refresh(void) {}
void editor_hide(void) {}
void editor_show(void) {}
void editor_history_add(const char *text) {}

#endif
