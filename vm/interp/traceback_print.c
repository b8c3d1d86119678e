/* The report of an exception: causes and contexts first, each with its traceback, source lines and marks; groups as
 * trees.
 *
 * The report is put together as one text. Nothing that goes wrong on the way (a __str__ that raises, a file that
 * cannot be read) stops it: such things are replaced by a remark or left out, and the exceptions they raise are
 * dropped. Only when memory runs out is the report cut short.
 *
 * Margins: the parts of a group are indented by two columns a level and have a bar in front. `emit` puts the margin
 * before each line, so that the code which makes the lines need not know of groups.
 */
#include "interp/traceback_print.h"

#include "base/utf8.h"
#include "code/code.h"
#include "interp/traceback_marks.h"
#include "object/bytes.h"
#include "runtime/suggestions.h"
#include "runtime/vm.h"
#include "runtime/grants.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPEATS_SHOWN = 3, GROUP_WIDTH = 15, GROUP_DEPTH = 10, CACHED_FILES = 4 };

typedef struct CachedFile {
    Value filename; /* owned str; 0: free */
    char *text;     /* NULL: not readable */
    size_t n, room;
    Value owner; /* of text, when it was registered rather than read */
} CachedFile;

typedef struct Report {
    VM *vm;
    StrBuilder out;
    CachedFile files[CACHED_FILES];
    int next_file;
    int depth; /* of nested groups */
    bool color;
    bool need_close;
    struct Shown *shown; /* the first one is what is reported */
    size_t nshown, shown_room;
    const char *lost; /* the words that say why not all of them are there, or NULL */
} Report;

/* ---- source text ---- */

bool traceback_register_source(VM *vm, Value filename, Value text) {
    if (!vm->source_texts) {
        Value dict = dict_new(vm);
        vm->source_texts = dict ? vm_keep(vm, dict) : 0;
        if (!vm->source_texts)
            return false;
    }
    return dict_set(vm, vm->source_texts, filename, text);
}

static void file_drop(VM *vm, CachedFile *f) {
    if (f->owner)
        decref(vm, f->owner);
    else
        mem_free(vm, f->text, f->room);
    decref(vm, f->filename);
    *f = (CachedFile){0};
}

static void file_read(VM *vm, CachedFile *f) {
    if (!(vm->grants & GRANT_FILES)) /* the name is the script's choice */
        return;
    int fd = open(str_data(f->filename), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0) {
        f->room = (size_t)info.st_size;
        f->text = mem_alloc(vm, f->room);
        error_clear(vm);
        ssize_t got = 0;
        while (f->text && f->n < f->room && (got = read(fd, f->text + f->n, f->room - f->n)) > 0)
            f->n += (size_t)got;
        if (f->n >= 3 && memcmp(f->text, "\xef\xbb\xbf", 3) == 0) {
            f->n -= 3;
            memmove(f->text, f->text + 3, f->n);
        }
    }
    if (fd >= 0)
        close(fd);
}

static bool is_made_up_name(Value filename) {
    const char *text = str_data(filename);
    return text[0] == '<' && as_str(filename)->nbytes > 1 && text[as_str(filename)->nbytes - 1] == '>';
}

/* The text of a file; of one that is not on disk only if `unsaved`. */
static CachedFile *file_get(VM *vm, CachedFile *files, int *next, Value filename, bool unsaved) {
    for (int i = 0; i < CACHED_FILES; i++) {
        if (files[i].filename && str_equal(as_str(files[i].filename), as_str(filename)))
            return &files[i];
    }
    CachedFile *f = &files[*next];
    *next = (*next + 1) % CACHED_FILES;
    file_drop(vm, f);
    f->filename = incref(filename);
    Value registered = unsaved && vm->source_texts ? dict_get_str(vm, vm->source_texts, filename) : 0;
    if (registered && is_str(registered)) {
        f->owner = incref(registered);
        f->text = as_str(registered)->data;
        f->n = as_str(registered)->nbytes;
    } else if (!is_made_up_name(filename)) {
        file_read(vm, f);
    }
    return f;
}

Value traceback_source_line(VM *vm, Value filename, int line) {
    CachedFile files[CACHED_FILES] = {{0}};
    int next = 0;
    StrBuilder out;
    strbuilder_init(&out, vm);
    CachedFile *f = file_get(vm, files, &next, filename, true);
    if (f->text)
        traceback_marks(vm, &out, f->text, f->n, (SourceRange){line, line, -1, -1}, false);
    file_drop(vm, f);
    Value text = strbuilder_finish(&out);
    if (!text || as_str(text)->nbytes < 5) {
        decref(vm, text);
        return 0;
    }
    Value stripped = str_new(vm, str_data(text) + 4, as_str(text)->nbytes - 5); /* indentation and newline */
    decref(vm, text);
    return stripped;
}

/* ---- pieces of text ---- */

static const char lost_part[] = "<MemoryError in this part of the report>\n";

/* The lines of text (which ends with a newline) behind the margin of the current group; `mark` instead of a bar on
 * the first. */
static void emit_marked(Report *r, const char *text, size_t n, char mark) {
    const char *end = text + n;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t length = newline ? (size_t)(newline - text) + 1 : (size_t)(end - text);
        for (int i = 0; i < r->depth; i++)
            strbuilder_add_c(&r->out, "  ");
        if (r->depth > 0) {
            strbuilder_add_char(&r->out, (unsigned char)mark);
            strbuilder_add_c(&r->out, " ");
        }
        strbuilder_add(&r->out, text, length);
        text += length;
    }
}

static void emit(Report *r, const char *text) { emit_marked(r, text, strlen(text), '|'); }

static void emit_built(Report *r, StrBuilder *b) {
    if (!b->failed)
        emit_marked(r, b->data, b->len, '|');
    else
        emit(r, lost_part);
    strbuilder_drop(b);
    error_clear(r->vm);
}

/* str(v), or a remark that it failed; 0 only when memory is short (no exception pending). */
static Value safe_str(VM *vm, Value v, const char *what) {
    Value text = to_str(vm, v);
    if (!text) {
        error_clear(vm);
        text = str_printf(vm, "<%s str() failed>", what);
        error_clear(vm);
    }
    return text;
}

/* ---- tracebacks ---- */

typedef struct Entry {
    Value filename, name; /* borrowed from the code */
    SourceRange range;
} Entry;

static Entry entry_of(const Traceback *tb) {
    Entry e = {tb->code->filename, tb->code->name, {tb->line, tb->line, -1, -1}};
    int line, end_line, col, end_col;
    if (tb->lasti >= 0 && code_position(tb->code, (uint32_t)tb->lasti, &line, &end_line, &col, &end_col) && line > 0)
        e.range = (SourceRange){line, end_line, col, end_col};
    else if (tb->line < 0)
        e.range.line = e.range.end_line = code_line(tb->code, (uint32_t)tb->lasti);
    return e;
}

/* Members of groups are shown without colours. */
static bool is_colored(const Report *r) { return r->color && r->depth <= 1; }

static void put_start(StrBuilder *out, const char *start, bool color) {
    if (color)
        strbuilder_add_c(out, start);
}

static void put_end(StrBuilder *out, bool color) {
    if (color)
        strbuilder_add_c(out, COLOR_END);
}

static bool same_place(const Entry *a, const Entry *b) {
    return a->range.line == b->range.line && str_equal(as_str(a->filename), as_str(b->filename)) &&
           str_equal(as_str(a->name), as_str(b->name));
}

static void put_repeats(StrBuilder *out, size_t count) {
    if (count > REPEATS_SHOWN) {
        count -= REPEATS_SHOWN;
        strbuilder_printf(out, "  [Previous line repeated %u more time%s]\n", count, count == 1 ? "" : "s");
    }
}

/* The statements typed at a prompt are sources of their own, but readers need not know. */
static void put_filename(StrBuilder *out, Value filename, bool color) {
    bool typed = strncmp(str_data(filename), "<stdin>-", 8) == 0;
    strbuilder_add_c(out, "  File ");
    put_start(out, COLOR_PLACE, color);
    strbuilder_add_c(out, "\"");
    strbuilder_add(out, str_data(filename), typed ? 7 : as_str(filename)->nbytes);
    strbuilder_add_c(out, "\"");
    put_end(out, color);
    strbuilder_add_c(out, ", line ");
    put_start(out, COLOR_PLACE, color);
}

static void put_entry(VM *vm, CachedFile *files, int *next, StrBuilder *out, const Entry *e, bool marks, bool color) {
    put_filename(out, e->filename, color);
    strbuilder_printf(out, "%d", e->range.line);
    put_end(out, color);
    strbuilder_add_c(out, ", in ");
    put_start(out, COLOR_PLACE, color);
    strbuilder_add_value(out, e->name);
    put_end(out, color);
    strbuilder_add_c(out, "\n");
    CachedFile *f = file_get(vm, files, next, e->filename, marks);
    SourceRange plain = {e->range.line, e->range.line, -1, -1};
    if (f->text)
        traceback_marks(vm, out, f->text, f->n, marks ? e->range : plain, color);
    error_clear(vm);
}

/* How many entries sys.tracebacklimit leaves out at the start. */
static size_t entries_skipped(VM *vm, Value tb) {
    Value limit = vm->sys_dict ? dict_get_c(vm, vm->sys_dict, "tracebacklimit") : 0;
    int64_t most;
    error_clear(vm);
    if (!limit || !is_int(limit) || !int_fits_int64(limit, &most))
        return 0;
    size_t n = 0;
    for (; tb; tb = ((Traceback *)as_obj(tb))->next)
        n++;
    if (most < 0)
        most = 0;
    return n > (size_t)most ? n - (size_t)most : 0;
}

/* The entries, with marks or with bare source lines; false if there is none to show. */
static bool put_entries(VM *vm, CachedFile *files, int *next, StrBuilder *out, Value tb, bool marks, bool color) {
    Entry last = {0};
    size_t count = 0, skip = entries_skipped(vm, tb);
    for (; tb && skip > 0; skip--)
        tb = ((Traceback *)as_obj(tb))->next;
    if (!tb)
        return false;
    if (!marks)
        strbuilder_add_c(out, "Traceback (most recent call last):\n");
    for (; tb; tb = ((Traceback *)as_obj(tb))->next) {
        Entry e = entry_of((Traceback *)as_obj(tb));
        if (!last.filename || !same_place(&last, &e)) {
            put_repeats(out, count);
            last = e;
            count = 0;
        }
        if (++count <= REPEATS_SHOWN)
            put_entry(vm, files, next, out, &e, marks, color);
    }
    put_repeats(out, count);
    return true;
}

bool traceback_format_entries(VM *vm, StrBuilder *out, Value tb) {
    CachedFile files[CACHED_FILES] = {{0}};
    int next = 0;
    if (tb)
        put_entries(vm, files, &next, out, tb, false, false);
    for (int i = 0; i < CACHED_FILES; i++)
        file_drop(vm, &files[i]);
    return !out->failed;
}

/* ---- the exception itself ---- */

/* "module.Class", without the module for built-in classes and those of the script. */
static void put_class(VM *vm, StrBuilder *out, Value exc, bool color) {
    Type *type = obj_type(as_obj(exc));
    Value module;
    put_start(out, COLOR_NAME, color);
    if (attr_lookup(vm, type_value(type), NAME(__module__), &module) > 0) {
        if (!is_str(module))
            strbuilder_add_c(out, "<unknown>.");
        else if (!str_equals_c(module, "__main__") && !str_equals_c(module, "builtins"))
            strbuilder_printf(out, "%V.", module);
        decref(vm, module);
    }
    error_clear(vm);
    strbuilder_add_value(out, type->qualname);
    put_end(out, color);
}

static void put_message(VM *vm, StrBuilder *out, Value exc, bool color) {
    put_class(vm, out, exc, color);
    Value text = safe_str(vm, exc, "exception"), more = suggestion_text(vm, exc);
    error_clear(vm);
    bool has_text = (text && as_str(text)->nbytes) || (more && as_str(more)->nbytes);
    if (has_text) {
        strbuilder_add_c(out, ": ");
        put_start(out, COLOR_PLACE, color);
    }
    if (text)
        strbuilder_add_value(out, text);
    if (more)
        strbuilder_add_value(out, more);
    if (has_text)
        put_end(out, color);
    strbuilder_add_c(out, "\n");
    decref(vm, text);
    decref(vm, more);
}

static int64_t int_field(Value exc, int field, int64_t fallback) {
    Value v = exception_field(exc, field);
    int64_t n;
    return v && is_int(v) && int_fits_int64(v, &n) ? n : fallback;
}

static bool is_given(Value v) { return v && !is_none(v); }

/* A source line, the characters [from, to) of it in colour. */
static void put_source(StrBuilder *out, const char *p, const char *end, int64_t from, int64_t to, bool color) {
    bool inside = false;
    strbuilder_add_c(out, "    ");
    for (int64_t i = 0; p < end; i++) {
        if (i == from && i < to)
            put_start(out, COLOR_FOCUS, color), inside = true;
        else if (i == to && inside)
            put_end(out, color), inside = false;
        const char *start = p++;
        while (p < end && utf8_is_continuation(*p))
            p++;
        strbuilder_add(out, start, (size_t)(p - start));
    }
    put_end(out, color && inside);
    strbuilder_add_c(out, "\n");
}

/* The line of a SyntaxError and the carets below it. Positions are in code points, from 1. */
static void put_syntax_line(StrBuilder *out, Value exc, Value text, bool color) {
    size_t n = as_str(text)->nbytes;
    const char *data = str_data(text);
    while (n > 0 && data[n - 1] == '\n')
        n--;
    size_t spaces = strspn(data, " \n\f");
    if (spaces > n)
        spaces = n;
    const char *shown = data + spaces, *stop = data + n;
    int64_t offset = int_field(exc, SYNTAXERROR_OFFSET, INT64_MIN), length = 0;
    if (offset == INT64_MIN) {
        put_source(out, shown, stop, INT64_MAX, INT64_MAX, false);
        return;
    }
    for (size_t i = 0; i < n; i++)
        length += ((unsigned char)data[i] & 0xc0) != 0x80;
    int64_t end = length + 1;
    Value line = exception_field(exc, SYNTAXERROR_LINENO), end_line = exception_field(exc, SYNTAXERROR_END_LINENO);
    if (is_given(line) && is_given(end_line)
            ? int_field(exc, SYNTAXERROR_LINENO, -1) == int_field(exc, SYNTAXERROR_END_LINENO, -2)
            : is_given(line) == is_given(end_line)) {
        end = int_field(exc, SYNTAXERROR_END_OFFSET, 0);
        if (end == 0)
            end = offset;
    }
    if (as_str(text)->nbytes && offset > (int64_t)as_str(text)->nchars)
        offset = (int64_t)as_str(text)->nchars + 1;
    if (offset == end || end == -1)
        end = offset + 1;
    int64_t column = offset - 1 - (int64_t)spaces, end_column = end - 1 - (int64_t)spaces;
    put_source(out, shown, stop, column < 0 ? INT64_MAX : column, end_column, color);
    if (column < 0)
        return;
    strbuilder_add_c(out, "    ");
    const char *p = shown;
    for (int64_t i = 0; i < column && p < stop; i++) { /* tabs are kept, so that the caret stands right */
        strbuilder_add(out, *p == '\t' || *p == '\f' || *p == '\v' || *p == '\r' ? p : " ", 1);
        do
            p++;
        while (p < stop && ((unsigned char)*p & 0xc0) == 0x80);
    }
    put_start(out, COLOR_FOCUS, color);
    for (; column < end_column; column++)
        strbuilder_add_c(out, "^");
    put_end(out, color);
    strbuilder_add_c(out, "\n");
}

static void put_syntax_error(VM *vm, StrBuilder *out, Value exc, bool color) {
    Value line = exception_field(exc, SYNTAXERROR_LINENO), file = exception_field(exc, SYNTAXERROR_FILENAME);
    Value text = exception_field(exc, SYNTAXERROR_TEXT), msg = exception_field(exc, SYNTAXERROR_MSG);
    bool has_file = is_given(file) && !(is_str(file) && as_str(file)->nbytes == 0);
    Value suffix = 0;
    if (is_given(line)) {
        Value shown = has_file ? safe_str(vm, file, "filename") : str_from_c(vm, "<string>");
        Value number = safe_str(vm, line, "lineno");
        if (shown && number) {
            put_filename(out, shown, color);
            strbuilder_add_value(out, number);
            put_end(out, color);
            strbuilder_add_c(out, "\n");
        }
        decref(vm, shown);
        decref(vm, number);
    } else if (is_given(file)) {
        suffix = safe_str(vm, file, "filename");
    }
    if (text && is_str(text))
        put_syntax_line(out, exc, text, color);
    put_class(vm, out, exc, color);
    Value message = is_given(msg) ? safe_str(vm, msg, "msg") : 0;
    strbuilder_add_c(out, ": ");
    put_start(out, COLOR_PLACE, color);
    if (message && as_str(message)->nbytes)
        strbuilder_add_value(out, message);
    else
        strbuilder_add_c(out, "<no detail available>");
    put_end(out, color);
    if (suffix)
        strbuilder_printf(out, " (%V)", suffix);
    strbuilder_add_c(out, "\n");
    decref(vm, message);
    decref(vm, suffix);
    error_clear(vm);
}

static void put_note(VM *vm, StrBuilder *out, Value note) {
    Value text = safe_str(vm, note, "note");
    if (text)
        strbuilder_printf(out, "%V\n", text);
    decref(vm, text);
}

static void put_notes(VM *vm, StrBuilder *out, Value exc) {
    Value notes;
    int found = attr_lookup(vm, exc, NAME(__notes__), &notes);
    if (found < 0) {
        Value failure = error_take(vm), text = failure ? to_repr(vm, failure) : 0;
        error_clear(vm);
        if (text)
            strbuilder_printf(out, "Ignored error getting __notes__: %V\n", text);
        decref(vm, text);
        decref(vm, failure);
        return;
    }
    if (found == 0)
        return;
    if (is_list(notes) || is_tuple(notes)) {
        Value copy = list_from_iterable(vm, notes);
        for (size_t i = 0; copy && i < as_list(copy)->len; i++)
            put_note(vm, out, as_list(copy)->items[i]);
        decref(vm, copy);
    } else if (!is_none(notes)) {
        Value text = to_repr(vm, notes);
        error_clear(vm);
        if (text)
            strbuilder_printf(out, "%V\n", text);
        else
            strbuilder_add_c(out, "<__notes__ repr() failed>\n");
        decref(vm, text);
    }
    decref(vm, notes);
    error_clear(vm);
}

static void report_exception_only(Report *r, Value exc) {
    VM *vm = r->vm;
    StrBuilder b;
    strbuilder_init(&b, vm);
    if (exception_is(vm, exc, vm->exc.SyntaxError))
        put_syntax_error(vm, &b, exc, is_colored(r));
    else
        put_message(vm, &b, exc, is_colored(r));
    put_notes(vm, &b, exc);
    emit_built(r, &b);
}

/* ---- chains and groups ---- */

enum { NONE = -1 };

/* An exception at one place of the report. One that led to another is shown but once, at the place that is found
 * first, which is why all places are found before anything is written; members of groups are always shown. The
 * exceptions are borrowed: they are all reachable from the first. */
typedef struct Shown {
    Value exc;
    ssize_t before;       /* the cause, or what was being handled; else NONE */
    bool is_cause;        /* which of the two */
    ssize_t members;      /* of a group: the first one, others follow it */
    size_t nmembers;      /* fewer than there are if memory ran short */
    ssize_t next_pending; /* found, but not looked into yet */
} Shown;

/* Groups in groups could make a report that has no end. */
#define SHOWN_MAX 10000
static const char too_many[] = "<more exceptions than a report can show>\n";

static ssize_t shown_add(Report *r, Value exc, ssize_t *pending) {
    if (r->nshown == SHOWN_MAX) {
        r->lost = too_many;
        return NONE;
    }
    if (r->nshown == r->shown_room) {
        size_t room = r->shown_room ? r->shown_room * 2 : 16;
        Shown *larger = mem_realloc(r->vm, r->shown, r->shown_room * sizeof *larger, room * sizeof *larger);
        if (!larger) {
            error_clear(r->vm);
            r->lost = lost_part;
            return NONE;
        }
        r->shown = larger;
        r->shown_room = room;
    }
    ssize_t at = (ssize_t)r->nshown++;
    r->shown[at] = (Shown){.exc = exc, .before = NONE, .members = NONE, .next_pending = *pending};
    *pending = at;
    return at;
}

static ssize_t shown_add_once(Report *r, Value exc, ssize_t *pending) {
    for (size_t i = 0; exc && i < r->nshown; i++) {
        if (r->shown[i].exc == exc)
            return NONE;
    }
    return exc ? shown_add(r, exc, pending) : NONE;
}

static void shown_add_members(Report *r, ssize_t at, ssize_t *pending) {
    Value members = exception_field(r->shown[at].exc, GROUP_EXCEPTIONS);
    if (!members || !is_tuple(members))
        return;
    size_t n = 0;
    r->shown[at].members = (ssize_t)r->nshown;
    while (n < as_tuple(members)->len && shown_add(r, as_tuple(members)->items[n], pending) != NONE)
        n++;
    r->shown[at].nmembers = n;
}

static void shown_find(Report *r, Value exc) {
    ssize_t pending = NONE, before;
    shown_add(r, exc, &pending);
    while (pending != NONE) {
        ssize_t at = pending;
        const Exception *e = as_exception(r->shown[at].exc);
        pending = r->shown[at].next_pending;
        before = shown_add_once(r, e->cause, &pending);
        r->shown[at].is_cause = before != NONE;
        if (before == NONE && !e->suppress_context)
            before = shown_add_once(r, e->context, &pending);
        r->shown[at].before = before;
        if (exception_is(r->vm, r->shown[at].exc, r->vm->exc.BaseExceptionGroup))
            shown_add_members(r, at, &pending);
    }
}

static void report_chain(Report *r, ssize_t at);

static void report_entries(Report *r, Value exc, const char *title, char mark) {
    StrBuilder b;
    strbuilder_init(&b, r->vm);
    Value tb = as_exception(exc)->traceback;
    if (tb && put_entries(r->vm, r->files, &r->next_file, &b, tb, true, is_colored(r))) {
        emit_marked(r, title, strlen(title), mark);
        emit_built(r, &b);
    } else {
        strbuilder_drop(&b);
    }
}

static void group_indent(Report *r, const char *text) {
    for (int i = 0; i < r->depth; i++)
        strbuilder_add_c(&r->out, "  ");
    strbuilder_add_c(&r->out, text);
}

static void report_members(Report *r, ssize_t group) {
    Value members = exception_field(r->shown[group].exc, GROUP_EXCEPTIONS);
    size_t total = as_tuple(members)->len, shown = total > GROUP_WIDTH ? GROUP_WIDTH + 1 : total;
    r->need_close = false;
    for (size_t i = 0; i < shown; i++) {
        bool last = i == shown - 1, cut = i >= GROUP_WIDTH;
        if (last)
            r->need_close = true;
        group_indent(r, i == 0 ? "+-" : "  ");
        if (cut)
            strbuilder_add_c(&r->out, "+---------------- ... ----------------\n");
        else
            strbuilder_printf(&r->out, "+---------------- %u ----------------\n", i + 1);
        r->depth++;
        if (cut) {
            StrBuilder b;
            strbuilder_init(&b, r->vm);
            size_t rest = total - GROUP_WIDTH;
            strbuilder_printf(&b, "and %u more exception%s\n", rest, rest > 1 ? "s" : "");
            emit_built(r, &b);
        } else if (i < r->shown[group].nmembers) {
            report_chain(r, r->shown[group].members + (ssize_t)i);
        } else {
            report_exception_only(r, as_tuple(members)->items[i]);
        }
        if (last && r->need_close) {
            group_indent(r, "+------------------------------------\n");
            r->need_close = false;
        }
        r->depth--;
    }
}

static void report_group(Report *r, ssize_t at) {
    if (r->depth > GROUP_DEPTH) {
        emit(r, "... (max_group_depth is 10)\n");
        return;
    }
    bool outermost = r->depth == 0;
    if (outermost)
        r->depth++;
    report_entries(r, r->shown[at].exc, "Exception Group Traceback (most recent call last):\n",
                   outermost ? '+' : '|');
    report_exception_only(r, r->shown[at].exc);
    report_members(r, at);
    if (outermost)
        r->depth = 0;
}

static void report_alone(Report *r, Value exc) {
    report_entries(r, exc, "Traceback (most recent call last):\n", '|');
    report_exception_only(r, exc);
}

static void report_one(Report *r, ssize_t at) {
    if (r->shown[at].members != NONE)
        report_group(r, at);
    else
        report_alone(r, r->shown[at].exc);
}

/* Reports the exception after everything that led to it, the oldest first. */
static void report_chain(Report *r, ssize_t at) {
    ssize_t after = NONE;
    while (at != NONE) { /* turns the links round */
        ssize_t before = r->shown[at].before;
        r->shown[at].before = after;
        after = at;
        at = before;
    }
    for (at = after; at != NONE; at = r->shown[at].before) {
        report_one(r, at);
        if (r->shown[at].before == NONE)
            break;
        emit(r, r->shown[r->shown[at].before].is_cause
                    ? "\nThe above exception was the direct cause of the following exception:\n\n"
                    : "\nDuring handling of the above exception, another exception occurred:\n\n");
    }
}

static void report_run(Report *r, VM *vm, Value exc, bool color) {
    *r = (Report){.vm = vm, .color = color};
    strbuilder_init(&r->out, vm);
    shown_find(r, exc);
    if (r->nshown > 0)
        report_chain(r, 0);
    else
        report_alone(r, exc);
    if (r->lost)
        emit(r, r->lost);
    for (int i = 0; i < CACHED_FILES; i++)
        file_drop(vm, &r->files[i]);
    mem_free(vm, r->shown, r->shown_room * sizeof *r->shown);
}

Value traceback_format(VM *vm, Value exc) {
    Report r;
    report_run(&r, vm, exc, false);
    return strbuilder_finish(&r.out);
}

bool traceback_print(VM *vm, Value exc, bool (*write)(VM *, void *user, const char *text, size_t n), void *user) {
    Report r;
    report_run(&r, vm, exc, vm->wants_color && vm->wants_color(vm));
    bool ok = r.out.len != 0 && write(vm, user, r.out.data, r.out.len); /* it is empty only for want of memory */
    if (ok && r.out.failed)
        ok = write(vm, user, lost_part, sizeof lost_part - 1);
    strbuilder_drop(&r.out);
    return ok;
}
