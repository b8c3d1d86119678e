/* Everything the command needs of the interpreter: its creation, its modules, running code, and reports. */
#ifndef COVE_REPL_HOST_H
#define COVE_REPL_HOST_H

#include "compiler/compile.h"
#include "include/cove.h"
#include "interp/frame.h"
#include "interp/traceback_print.h"
#include "runtime/signals.h"
#include "runtime/vm.h"
#include "stdlib/import/importer.h"
#include "stdlib/init.h"

/* The command line, as options.c reads it. */
typedef struct Options {
    const char *program; /* argv[0] */
    const char *command; /* -c */
    const char *module;  /* -m */
    const char *file;    /* script, "-" for the standard input, or NULL */
    int all_argc;        /* the whole command line */
    char **all_argv;
    int argc; /* what follows in argv belongs to the script; argv[0] is its name */
    char **argv;
    const char **warnings; /* -W, in order */
    int nwarnings;
    const char **xoptions; /* -X, in order */
    int nxoptions;
    VmFlags flags;
    bool skip_first_line;
    uint64_t hash_seed;          /* 0: random */
    uint32_t int_max_str_digits; /* UINT32_MAX: not given */
} Options;

/* Fills o from the command line. -1: go on; else the exit status to leave with at once (help, version, misuse). */
int options_read(Options *o, int argc, char **argv);
void options_free(Options *o);
/* environment.c: adds what environment variables say to what the command line said; false: one makes no sense, and
 * stderr says so. */
bool environment_read(Options *o);

/* run.c: runs what the options name; the result is the exit status, *killed is set when the process should die of
 * SIGINT after cleaning up. */
int run_main(VM *vm, const Options *o, bool *killed);
/* Deals with the pending exception as at the end of a script: the exit status. */
int run_failure(VM *vm, bool *killed);
int run_exit(VM *vm); /* of the pending SystemExit */

/* complete.c: does the statement typed so far need more lines? What the last such text was is remembered, for the
 * next one mostly begins with it. */
typedef struct Typed {
    char *all, *kept; /* malloc'ed; the text, and that which is as good when one asks for more */
    size_t n, nkept;
    bool is_wrong; /* it is none, and no more lines would make it one */
    bool angular;  /* != is <>: an earlier statement was from __future__ import barry_as_FLUFL */
} Typed;
bool statement_needs_more(Typed *t, const char *text, size_t n);
void typed_forget(Typed *t);

/* Runs the file that COVE_STARTUP or PYTHONSTARTUP names; false with its exception. */
bool run_startup(VM *vm, const Options *o, Value dict);

/* prompt.c: reads, runs and shows statements until the end of input; the exit status. `first`: no script ran before,
 * so there is a greeting and a start-up file. */
int prompt_run(VM *vm, const Options *o, Value main_dict, bool first, bool *killed);

/* color.c: are reports and prompts to be coloured? */
bool color_wanted(VM *vm);

#endif
