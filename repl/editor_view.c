/* Shows the block that is being edited: the prompt, the lines, the cursor.
 *
 * The block is laid out as one text in which '\n' starts a row of the screen, be it for a new line or because the row
 * is full. What is on the screen is remembered in that form, so that only what changed is written: from the first
 * difference on. Nothing but relative movements are used, which every terminal of today understands.
 *
 * Of a block that is taller than the screen a window of as many rows is shown, which follows the cursor. */
#include "repl/editor.h"

#include "base/utf8.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <utf8proc.h>

typedef struct Layout {
    char *text; /* malloc'ed */
    size_t n, room;
    bool failed;
    int width, row, column;        /* where the next character goes */
    int cursor_row, cursor_column; /* where the cursor belongs */
    int top, height;               /* the window: rows outside of it are not put down */
    int last_column;               /* where its last row ends */
} Layout;

/* The block on the screen, and where the cursor is in it; rows are counted from the top of the window. */
static Layout shown;

static bool is_visible(const Layout *l) { return l->row >= l->top && l->row - l->top < l->height; }

static void put(Layout *l, const char *text, size_t n) {
    if (!is_visible(l))
        return;
    if (l->n + n > l->room) {
        size_t room = (l->n + n) * 2 + 64;
        char *larger = realloc(l->text, room);
        if (!larger) {
            l->failed = true;
            return;
        }
        l->text = larger;
        l->room = room;
    }
    if (n > 0)
        memcpy(l->text + l->n, text, n);
    l->n += n;
}

static void new_row(Layout *l) {
    bool was_visible = is_visible(l);
    l->row++;
    l->column = 0;
    if (was_visible)
        put(l, "\n", 1);
    if (is_visible(l))
        l->last_column = 0;
}

static void put_cells(Layout *l, const char *text, size_t n, int cells) {
    if (l->column + cells > l->width)
        new_row(l);
    put(l, text, n);
    l->column += cells;
    if (is_visible(l))
        l->last_column = l->column;
}

static void put_spaces(Layout *l, int n) {
    for (int i = 0; i < n; i++)
        put_cells(l, " ", 1, 1);
}

/* One character of the text being edited; returns its length. */
static size_t put_char(Layout *l, const char *p, const char *end) {
    unsigned char c = (unsigned char)*p;
    if (c == '\t') {
        put_spaces(l, 4);
    } else if (c < 32 || c == 127) {
        char caret[2] = {'^', (char)(c ^ 64)};
        put_cells(l, caret, 1, 1);
        put_cells(l, caret + 1, 1, 1);
    } else if (c >= 0x80) {
        utf8proc_int32_t code;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)p, end - p, &code);
        if (n <= 0) {
            put_cells(l, "?", 1, 1);
            return 1;
        }
        put_cells(l, p, (size_t)n, utf8proc_charwidth(code));
        return (size_t)n;
    } else {
        put_cells(l, p, 1, 1);
    }
    return 1;
}

/* A prompt: colours (and what stands between \001 and \002) take no room. */
static void put_prompt(Layout *l, const char *p) {
    const char *end = p + strlen(p);
    while (p < end) {
        if (*p == '\001' || *p == '\002') {
            p++;
        } else if (*p == '\n') {
            new_row(l);
            p++;
        } else if (*p == '\033' && p[1] == '[') {
            size_t n = 2 + strspn(p + 2, "0123456789;");
            n += p[n] != 0;
            put(l, p, n);
            p += n;
        } else {
            p += put_char(l, p, end);
        }
    }
}

static void lay_out(Layout *l, const EditorText *t) {
    const char *p = t->text, *end = t->text + t->n, *point = t->text + t->point;
    put_prompt(l, t->prompt);
    for (;;) {
        if (l->column >= l->width)
            new_row(l);
        if (p == point) {
            l->cursor_row = l->row;
            l->cursor_column = l->column;
        }
        if (p >= end)
            return;
        if (*p == '\n') {
            new_row(l);
            put_prompt(l, t->more);
            p++;
        } else {
            p += put_char(l, p, end);
        }
    }
}

/* Where the window has to begin for the cursor to be in it: where it began before, if that will do. */
static int window_top(const EditorText *t, int width, int height) {
    Layout all = {.width = width};
    lay_out(&all, t);
    int rows = all.row + 1, top = shown.top;
    if (rows <= height)
        return 0;
    if (top > rows - height)
        top = rows - height;
    if (all.cursor_row < top)
        top = all.cursor_row;
    if (all.cursor_row >= top + height)
        top = all.cursor_row - height + 1;
    return top;
}

static void lay_out_window(Layout *l, const EditorText *t, int width, int height) {
    *l = (Layout){.width = width, .height = height, .top = window_top(t, width, height)};
    lay_out(l, t);
    l->cursor_row -= l->top;
    l->row = l->row - l->top < height ? l->row - l->top : height - 1;
    l->column = l->last_column;
}

/* ---- writing ---- */

static void write_all(const char *p, size_t n) {
    while (n > 0) {
        ssize_t done = write(1, p, n);
        if (done < 0)
            return;
        p += done;
        n -= (size_t)done;
    }
}

static void move_cursor(Layout *out, int from_row, int from_column, int row, int column) {
    char text[32];
    if (row != from_row) {
        int n = snprintf(text, sizeof text, "\033[%d%c", abs(row - from_row), row < from_row ? 'A' : 'B');
        put(out, text, (size_t)n);
    }
    if (column == from_column)
        return;
    put(out, "\r", 1);
    if (column > 0) {
        int n = snprintf(text, sizeof text, "\033[%dC", column);
        put(out, text, (size_t)n);
    }
}

/* How much of the two texts is the same, cut so that a row is drawn from its start unless text was only added to it.
 */
static size_t same_start(const Layout *a, const Layout *b, int *row) {
    size_t same = 0, start = 0;
    *row = 0;
    while (same < a->n && same < b->n && a->text[same] == b->text[same]) {
        if (a->text[same++] == '\n') {
            start = same;
            ++*row;
        }
    }
    return start;
}

static void draw(Layout *out, const Layout *before, const Layout *now) {
    int row;
    if (before->n > 0 && before->n == now->n && memcmp(before->text, now->text, now->n) == 0) {
        move_cursor(out, before->cursor_row, before->cursor_column, now->cursor_row, now->cursor_column);
        return;
    }
    size_t at = same_start(before, now, &row);
    bool only_added = before->n == 0 || (now->n >= before->n && memcmp(before->text, now->text, before->n) == 0);
    if (only_added && before->cursor_row == before->row && before->cursor_column == before->column) {
        at = before->n;
    } else {
        move_cursor(out, before->cursor_row, before->cursor_column, row, 0);
        if (before->n > 0)
            put(out, "\033[J", 3);
    }
    for (; at < now->n; at++) {
        if (now->text[at] == '\n')
            put(out, "\r", 1);
        put(out, now->text + at, 1);
    }
    move_cursor(out, now->row, now->column, now->cursor_row, now->cursor_column);
}

void view_reset(void) {
    free(shown.text);
    shown = (Layout){0};
}

static void leave_to(int row, const char *then) {
    Layout out = {.height = 1};
    move_cursor(&out, shown.cursor_row, shown.cursor_column, row, 0);
    put(&out, then, strlen(then));
    if (!out.failed)
        write_all(out.text, out.n);
    free(out.text);
    view_reset();
}

void view_leave(void) { leave_to(shown.row, "\r\n"); }

void view_erase(void) { leave_to(0, "\r\033[J"); }

/* Cells of a row of what is shown, and its length in bytes. */
static int row_cells(const char *p, const char *end, size_t *length) {
    Layout row = {.width = INT_MAX};
    const char *start = p;
    while (p < end && *p != '\n') {
        if (*p == '\033') {
            p += 2 + strspn(p + 2, "0123456789;");
            p += p < end;
        } else {
            p += put_char(&row, p, end);
        }
    }
    *length = (size_t)(p - start);
    return row.column;
}

/* A terminal that has become narrower breaks the rows that are too long, which moves the cursor down. Takes the block
 * off the screen from where it begins now. */
static void erase_resized(int width) {
    const char *p = shown.text, *end = p + shown.n;
    int broken = shown.cursor_column / width;
    for (int row = 0; row < shown.cursor_row && p < end; row++) {
        size_t length;
        int cells = row_cells(p, end, &length);
        broken += cells > width ? (cells - 1) / width : 0;
        p += length + 1;
    }
    shown.cursor_row += broken;
    view_erase();
}

void view_show(const EditorText *text, int width, int height) {
    Layout now, out = {.height = 1};
    width = width > 8 ? width : 8;
    if (shown.n > 0 && (shown.width != width || (shown.height != height && height != VIEW_ALL_ROWS)))
        erase_resized(width);
    lay_out_window(&now, text, width, height > 1 ? height : 1);
    put(&now, "", 0);
    if (!now.failed)
        draw(&out, &shown, &now);
    if (now.failed || out.failed) {
        free(now.text);
    } else {
        write_all(out.text, out.n);
        free(shown.text);
        shown = now;
    }
    free(out.text);
}
