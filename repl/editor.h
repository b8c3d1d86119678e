/* The line editor of the prompt: GNU readline, opened when a prompt on a terminal needs it.
 *
 * A statement is edited as one block: Enter ends it when it is complete and adds a line otherwise. The display is our
 * own (editor_view.c), as readline would show no prompt in front of the lines that follow.
 *
 * readline is one per process and calls back without a word about who asked, so the editor is one per process too:
 * the only static data of the command. The library (libcove) has none of this. */
#ifndef COVE_REPL_EDITOR_H
#define COVE_REPL_EDITOR_H

#include "repl/host.h"

#include <limits.h>

typedef enum EditorResult { EDITOR_LINE, EDITOR_END, EDITOR_MORE } EditorResult;

/* Is there a terminal to edit on, and readline? Opens it the first time. Never leaves an exception. */
bool editor_open(VM *vm);
void editor_complete_names(void); /* from here on, by the function complete() of the module _prompt */
void editor_close(VM *vm);

/* Shows the prompt and takes the terminal until the line is done or dropped. `more` stands before the lines that
 * follow. */
void editor_begin(const char *prompt, const char *more, Typed *typed);
/* Reads what was typed: to be called when the standard input is readable. *text is malloc'ed for EDITOR_LINE. */
EditorResult editor_feed(char **text);
void editor_drop(void); /* Ctrl-C: gives the line up */
/* To be called before waiting: the terminal may have changed its size, or have been with others meanwhile. */
void editor_refresh(void);
/* Takes the block off the screen, for others to write there, and shows it again. */
void editor_hide(void);
void editor_show(void);

/* history.c: what was entered, the oldest first; a file keeps it. */
void history_open(VM *vm);                    /* reads the file: COVE_HISTORY, PYTHON_HISTORY or ~/.cove_history */
void history_enter(VM *vm, const char *text); /* adds an entry, to the file too if there is one */
void history_close(void);
void editor_history_add(const char *text);

/* editor_view.c: the block on the screen. */
typedef struct EditorText {
    const char *prompt, *more; /* in front of the first line and of the others */
    const char *text;
    size_t n, point;
} EditorText;
void view_reset(void); /* the cursor is at the start of an empty line */
#define VIEW_ALL_ROWS INT_MAX
/* Changes the screen as little as it can. Where the block has more rows than `height`, those around the cursor are
 * shown; VIEW_ALL_ROWS shows it all, which scrolls what is above off the screen. */
void view_show(const EditorText *text, int width, int height);
void view_leave(void); /* the cursor goes below the block */
void view_erase(void); /* the block goes, the cursor is where it began */

#endif
