/* Parses files and prints their syntax trees or errors, in CPython's ast.dump form, for differential tests.
 *
 * Usage: parse_dump [-e | -s | -f | -t N | -b] [FILE...]
 *   -e  parse as an expression, -s as a prompt's statement; default: as a module
 *   -b  batch: file names on standard input, one a line; answers with "LENGTH\n" and the text, for each
 *   -q  no tree: only "ok" or the error
 *   -a  the text does not come from a file: allow incomplete input as codeop does
 *   -t N  parse each file N times and print the speed
 * An error prints as: KIND|LINE|COL|END_LINE|END_COL|MESSAGE; warnings follow, one a line, as:
 * warning|LINE|MESSAGE. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../compiler/parser.h"

typedef struct Options {
    int mode, batch, quiet, repeat;
    unsigned flags;
} Options;

static char *read_file(const char *path, size_t *n) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    char *text = NULL;
    size_t capacity = 0;
    *n = 0;
    for (;;) {
        if (capacity - *n < 65536) {
            capacity = capacity ? capacity * 2 : 65536;
            char *grown = realloc(text, capacity);
            if (!grown)
                break;
            text = grown;
        }
        size_t got = fread(text + *n, 1, capacity - *n, file);
        if (got == 0)
            break;
        *n += got;
    }
    fclose(file);
    return text;
}

static const char *kind_name(int kind) {
    static const char *const names[] = {
        "ok",          "SyntaxError", "IndentationError", "TabError", "_IncompleteInputError", "UnicodeEncodeError",
        "MemoryError", "MemoryError",
    };
    return names[kind];
}

static void answer(const Options *options, const char *head, const char *body, size_t n) {
    if (options->batch)
        printf("%zu\n", strlen(head) + n);
    fputs(head, stdout);
    fwrite(body, 1, n, stdout);
    if (!options->batch)
        putchar('\n');
    fflush(stdout);
}

static void print_result(const Options *options, Arena *arena, const AstModule *module, const ParseError *error,
                         const ParseWarnings *warnings) {
    char head[2048] = "";
    size_t used = 0;
    for (int i = 0; i < warnings->n && used < sizeof head - 400; i++)
        used += (size_t)snprintf(head + used, sizeof head - used, "warning|%d|%.200s\n", warnings->at[i].line,
                                 warnings->at[i].msg);
    if (!module) {
        snprintf(head + used, sizeof head - used, "%s|%d|%d|%d|%d|%s", kind_name(error->kind), error->line,
                 error->col, error->end_line, error->end_col, error->msg);
        answer(options, head, "", 0);
    } else if (options->quiet) {
        answer(options, head, "ok", 2);
    } else {
        size_t length = 0, size = 0;
        char *text = ast_dump(arena, module, 1, &length, &size);
        answer(options, head, text ? text : "dump failed", text ? length : strlen("dump failed"));
        if (text)
            arena_realloc_raw(arena, text, size, 0);
    }
}

static int parse_file(const char *path, const Options *options) {
    size_t n = 0;
    char *text = read_file(path, &n);
    if (!text) {
        answer(options, "cannot read ", path, strlen(path));
        return 1;
    }
    clock_t start = clock();
    for (int i = 0; i < options->repeat; i++) {
        Arena arena;
        ParseError error;
        ParseWarnings warnings;
        arena_init(&arena, NULL, NULL);
        ParseInput input = {text, n, path, options->mode, options->flags, NULL};
        AstModule *module = parse_source(&arena, &input, &error, &warnings);
        if (options->repeat == 1)
            print_result(options, &arena, module, &error, &warnings);
        arena_free(&arena);
    }
    if (options->repeat > 1) {
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        printf("%s: %.1f MB/s\n", path, (double)n * options->repeat / seconds / 1e6);
    }
    free(text);
    return 0;
}

int main(int argc, char **argv) {
    Options options = {.mode = PARSE_FILE, .repeat = 1, .flags = 0};
    int status = 0, i = 1;
    for (; i < argc && argv[i][0] == '-'; i++) {
        switch (argv[i][1]) {
        case 'e':
            options.mode = PARSE_EVAL;
            break;
        case 's':
            options.mode = PARSE_SINGLE;
            break;
        case 'b':
            options.batch = 1;
            break;
        case 'q':
            options.quiet = 1;
            break;
        case 'a':
            options.flags |= PARSE_FLAG_ALLOW_INCOMPLETE | PARSE_FLAG_DONT_IMPLY_DEDENT;
            break;
        case 't':
            options.repeat = i + 1 < argc ? atoi(argv[++i]) : 1;
            break;
        default:
            fprintf(stderr, "unknown option %s\n", argv[i]);
            return 2;
        }
    }
    for (; i < argc; i++)
        status |= parse_file(argv[i], &options);
    char line[4096];
    while (options.batch && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        status |= parse_file(line, &options);
    }
    return status;
}
