/* The history's file: one line for each line entered; where an entry goes on, the line ends with a carriage return.
 * That is CPython's format too. Each entry is added when it is entered, so that two prompts lose nothing of each
 * other. */
#include "repl/editor.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file's path, malloc'ed; NULL: nothing is kept. One as the editor is. */
static char *history_path;

enum { ENTRIES_MAX = 5000, FILE_BYTES_MAX = 8 << 20 };

static char *file_read(const char *path, size_t *n) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    char *text = NULL;
    *n = 0;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size <= FILE_BYTES_MAX)
        text = malloc((size_t)info.st_size + 1);
    while (text && *n < (size_t)info.st_size) {
        ssize_t got = read(fd, text + *n, (size_t)info.st_size - *n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        *n += (size_t)got;
    }
    if (text)
        text[*n] = 0;
    if (fd >= 0)
        close(fd);
    return text;
}

/* The end of the entry at p: the '\n' that no '\r' stands before, or the end of the text. */
static char *entry_end(char *p) {
    for (;;) {
        char *newline = strchr(p, '\n');
        if (!newline)
            return p + strlen(p);
        if (newline == p || newline[-1] != '\r')
            return newline;
        p = newline + 1;
    }
}

/* Takes the carriage returns out. */
static void entry_join(char *p) {
    char *to = p;
    for (; *p; p++) {
        if (!(p[0] == '\r' && p[1] == '\n'))
            *to++ = *p;
    }
    *to = 0;
}

static size_t entries_count(char *text) {
    size_t count = 0;
    for (char *p = text; *p; count++) {
        p = entry_end(p);
        p += *p == '\n';
    }
    return count;
}

static bool write_all(int fd, const char *p, size_t n) {
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno != EINTR)
            return false;
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        }
    }
    return true;
}

/* Replaces a file that has become too long by its last entries. */
static void file_shorten(const char *path, const char *rest, size_t n) {
    char *temporary = NULL;
    if (asprintf(&temporary, "%s.%ld", path, (long)getpid()) < 0)
        return;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && write_all(fd, rest, n);
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (!ok || rename(temporary, path) != 0)
        unlink(temporary);
    free(temporary);
}

static void history_load(const char *path) {
    size_t n;
    char *text = file_read(path, &n);
    if (!text)
        return;
    size_t count = entries_count(text);
    char *p = text, *stop = text + n;
    for (; count > ENTRIES_MAX; count--) {
        p = entry_end(p);
        p += *p == '\n';
    }
    if (p != text)
        file_shorten(path, p, (size_t)(stop - p));
    while (p < stop && *p) {
        char *end = entry_end(p);
        *end = 0;
        entry_join(p);
        if (*p)
            editor_history_add(p);
        p = end + 1;
    }
    free(text);
}

/* Does the file end within a line? Others may have written it. */
static bool line_is_open(int fd) {
    struct stat info;
    char last;
    return fstat(fd, &info) == 0 && info.st_size > 0 && pread(fd, &last, 1, info.st_size - 1) == 1 && last != '\n';
}

static void history_append(const char *path, const char *text) {
    size_t n = strlen(text), at = 0;
    char *entry = malloc(2 * n + 3);
    int fd = entry ? open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0600) : -1;
    if (fd >= 0 && line_is_open(fd))
        entry[at++] = '\n';
    for (size_t i = 0; fd >= 0 && i < n; i++) {
        if (text[i] == '\n')
            entry[at++] = '\r';
        entry[at++] = text[i];
    }
    if (fd >= 0) {
        entry[at++] = '\n';
        write_all(fd, entry, at);
        close(fd);
    }
    free(entry);
}

static char *default_path(void) {
    const char *home = getenv("HOME");
    char *path = NULL;
    if (!home) {
        const struct passwd *user = getpwuid(getuid());
        home = user ? user->pw_dir : NULL;
    }
    return home && asprintf(&path, "%s/.cove_history", home) >= 0 ? path : NULL;
}

void history_open(VM *vm) {
    const char *name = vm->flags.ignore_environment ? NULL : getenv("COVE_HISTORY");
    if (!name && !vm->flags.ignore_environment)
        name = getenv("PYTHON_HISTORY");
    if (history_path)
        return;
    history_path = name && *name ? strdup(name) : default_path();
    if (history_path)
        history_load(history_path);
}

void history_enter(VM *vm, const char *text) {
    editor_history_add(text);
    if (history_path)
        history_append(history_path, text);
}

void history_close(void) {
    free(history_path);
    history_path = NULL;
}
