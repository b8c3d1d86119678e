/* The command line of `cove`: the same options as the python command's, as far as they mean anything here. */
#include "repl/host.h"

#include <stdio.h>
#include <stdlib.h>

static void usage_line(FILE *out, const char *program) {
    fprintf(out, "usage: %s [option] ... [-c cmd | -m mod | file | -] [arg] ...\n", program);
}

static void help(const char *program) {
    usage_line(stdout, program);
    fputs("Options:\n"
          "-b     : warn when bytes are shown as text or compared with str (-bb: raise an error)\n"
          "-B     : accepted; no compiled files are written in any case\n"
          "-c cmd : run the program given as text\n"
          "-d     : accepted; there is no parser debugging\n"
          "-E     : ignore the environment variables of the interpreter (COVEPATH and so on)\n"
          "-h     : show this help and exit (also -? or --help)\n"
          "-i     : enter the prompt after the program; prompt even if the input is no terminal\n"
          "-I     : keep away from the user's environment (implies -E, -P and -s)\n"
          "-m mod : run a module as program\n"
          "-O     : leave out assert statements; __debug__ is False\n"
          "-OO    : leave out docstrings too\n"
          "-P     : do not put the program's directory into sys.path\n"
          "-q     : do not show the version at the prompt\n"
          "-s     : accepted; there is no directory of user modules\n"
          "-S     : leave out exit, quit, help and their like\n"
          "-u     : do not buffer the standard output and error streams\n"
          "-v     : tell of every import\n"
          "-V     : show the version and exit (also --version)\n"
          "-W arg : what to do with warnings: action:message:category:module:lineno\n"
          "-x     : skip the first line of the file\n"
          "-X opt : implementation-specific option: dev, utf8, int_max_str_digits=N,\n"
          "         no-deadlock-detection\n"
          "file   : the program's file\n"
          "-      : read the program from the standard input (the default)\n"
          "arg ...: arguments for the program, in sys.argv[1:]\n",
          stdout);
}

static int misuse(const Options *o) {
    usage_line(stderr, o->program);
    fprintf(stderr, "Try `%s -h' for more information.\n", o->program);
    return 2;
}

static bool push(const char ***list, int *n, const char *text) {
    const char **larger = realloc(*list, ((size_t)*n + 1) * sizeof *larger);
    if (!larger)
        return false;
    *list = larger;
    larger[(*n)++] = text;
    return true;
}

/* One flag without argument; false if there is no such flag. */
static bool flag_set(Options *o, char flag) {
    switch (flag) {
    case 'b':
        o->flags.bytes_warning++;
        return true;
    case 'B':
        o->flags.dont_write_bytecode = true;
        return true;
    case 'd':
        o->flags.debug = true;
        return true;
    case 'E':
        o->flags.ignore_environment = true;
        return true;
    case 'i':
        o->flags.inspect = o->flags.interactive = true;
        return true;
    case 'I':
        o->flags.isolated = o->flags.ignore_environment = o->flags.safe_path = o->flags.no_user_site = true;
        return true;
    case 'O':
        o->flags.optimize++;
        return true;
    case 'P':
        o->flags.safe_path = true;
        return true;
    case 'q':
        o->flags.quiet = true;
        return true;
    case 'R':
        return true;
    case 's':
        o->flags.no_user_site = true;
        return true;
    case 'S':
        o->flags.no_site = true;
        return true;
    case 't':
        return true;
    case 'u':
        o->flags.unbuffered = true;
        return true;
    case 'v':
        o->flags.verbose++;
        return true;
    case 'x':
        o->skip_first_line = true;
        return true;
    default:
        return false;
    }
}

/* Reads the letters of one "-..." word; *at is its index. -1: go on, -2: the program's arguments follow. */
static int word_read(Options *o, int argc, char **argv, int *at) {
    for (const char *p = argv[*at] + 1; *p; p++) {
        if (flag_set(o, *p))
            continue;
        if (*p == 'h' || *p == '?') {
            help(o->program);
            return 0;
        }
        if (*p == 'V') {
            printf("Cove %s\n", COVE_VERSION);
            return 0;
        }
        if (!strchr("cmWX", *p)) {
            fprintf(stderr, "Unknown option: -%c\n", *p);
            return misuse(o);
        }
        const char *argument = p[1] ? p + 1 : *at + 1 < argc ? argv[++*at] : NULL;
        if (!argument) {
            fprintf(stderr, "Argument expected for the -%c option\n", *p);
            return misuse(o);
        }
        bool ok = true;
        if (*p == 'c')
            o->command = argument;
        else if (*p == 'm')
            o->module = argument;
        else
            ok =
                *p == 'W' ? push(&o->warnings, &o->nwarnings, argument) : push(&o->xoptions, &o->nxoptions, argument);
        if (!ok)
            return 1;
        return *p == 'c' || *p == 'm' ? -2 : -1;
    }
    return -1;
}

int options_read(Options *o, int argc, char **argv) {
    *o = (Options){.program = argc > 0 ? argv[0] : "cove", .all_argc = argc, .all_argv = argv};
    int i = 1, status = -1;
    for (; i < argc && status == -1; i++) {
        const char *word = argv[i];
        if (word[0] != '-' || word[1] == '\0')
            break;
        if (strcmp(word, "--") == 0) {
            i++;
            break;
        }
        if (strcmp(word, "--help") == 0) {
            help(o->program);
            return 0;
        }
        if (strcmp(word, "--version") == 0) {
            printf("Cove %s\n", COVE_VERSION);
            return 0;
        }
        if (word[1] == '-') {
            fprintf(stderr, "unknown option %s\n", word);
            return misuse(o);
        }
        status = word_read(o, argc, argv, &i);
    }
    if (status >= 0)
        return status;
    if (status == -1 && i < argc) {
        o->file = argv[i];
    } else { /* room for the name that stands for the program in sys.argv */
        i--;
    }
    o->argc = argc - i;
    o->argv = argv + i;
    return -1;
}

void options_free(Options *o) {
    free(o->warnings);
    free(o->xoptions);
}
