/* The source lines of a traceback entry, with the marks under them.
 *
 * The marks tell which part of the line failed: `^` under the whole range, or, for a binary operation, a subscript or
 * a call, `~` under the range and `^` under the operator, the brackets or the parentheses. Which of these the range
 * is has to be found out from its text alone, as the tree is long gone: since it is known to be exactly one
 * expression, a scan of its tokens at bracket depth 0 is enough, with the operators' precedences deciding which one
 * is applied last.
 *
 * Lines are decoded to code points, so that columns are what a reader counts.
 */
#include "interp/traceback_marks.h"
#include "runtime/vm.h"

typedef struct Line {
    uint32_t *c;
    size_t n;
} Line;

typedef struct Lines {
    Line *at;
    size_t n;
    uint32_t *chars; /* of all lines */
    size_t nchars;
} Lines;

typedef struct Place {
    size_t line, col;
} Place;

typedef struct Anchors {
    bool found;
    Place left, right; /* the part marked `^` */
} Anchors;

static bool is_blank(uint32_t c) {
    return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f) || c == 0x85 || c == 0xa0 ||
           c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f ||
           c == 0x3000;
}

static bool is_word(uint32_t c) {
    return c >= 0x80 || c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* How many columns a terminal gives to a character. */
static size_t char_width(uint32_t c) {
    static const uint32_t wide[][2] = {
        {0x1100, 0x115f},   {0x231a, 0x231b},   {0x2329, 0x232a},   {0x23e9, 0x23ec},   {0x25fd, 0x25fe},
        {0x2614, 0x2615},   {0x2648, 0x2653},   {0x26aa, 0x26ab},   {0x26bd, 0x26be},   {0x26c4, 0x26c5},
        {0x2705, 0x2705},   {0x270a, 0x270b},   {0x2728, 0x2728},   {0x274c, 0x274c},   {0x2753, 0x2755},
        {0x2795, 0x2797},   {0x2b1b, 0x2b1c},   {0x2b50, 0x2b50},   {0x2e80, 0x303e},   {0x3041, 0x33ff},
        {0x3400, 0x4dbf},   {0x4e00, 0xa4cf},   {0xa960, 0xa97c},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
        {0xfe10, 0xfe19},   {0xfe30, 0xfe6b},   {0xff01, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18cff},
        {0x1b000, 0x1b2fb}, {0x1f004, 0x1f004}, {0x1f0cf, 0x1f0cf}, {0x1f18e, 0x1f19a}, {0x1f200, 0x1f320},
        {0x1f32d, 0x1f335}, {0x1f337, 0x1f37c}, {0x1f37e, 0x1f393}, {0x1f3a0, 0x1f3ca}, {0x1f3cf, 0x1f3d3},
        {0x1f3e0, 0x1f3f0}, {0x1f3f4, 0x1f3f4}, {0x1f3f8, 0x1f43e}, {0x1f440, 0x1f440}, {0x1f442, 0x1f4fc},
        {0x1f4ff, 0x1f53d}, {0x1f54b, 0x1f567}, {0x1f5fb, 0x1f64f}, {0x1f680, 0x1f6c5}, {0x1f6cc, 0x1f6d7},
        {0x1f7e0, 0x1f7f0}, {0x1f90c, 0x1faff}, {0x20000, 0x3fffd},
    };
    if (c < 0x1100)
        return 1;
    for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
        if (c <= wide[i][1])
            return c >= wide[i][0] ? 2 : 1;
    }
    return 1;
}

static size_t display_width(const Line *line, size_t end) {
    size_t width = 0;
    for (size_t i = 0; i < end && i < line->n; i++)
        width += char_width(line->c[i]);
    return end > line->n ? width + end - line->n : width;
}

/* ---- reading the lines ---- */

static const char *line_start(const char *text, size_t n, int number) {
    const char *p = text, *end = text + n;
    for (; number > 1 && p; number--) {
        p = memchr(p, '\n', (size_t)(end - p));
        if (p)
            p++;
    }
    return p && p < end ? p : NULL;
}

static uint32_t decode_char(const char **p, const char *end) {
    unsigned char first = (unsigned char)*(*p)++;
    int more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
    uint32_t c = more == 0 ? first : first & (0x3f >> more);
    for (; more > 0 && *p < end && ((unsigned char)**p & 0xc0) == 0x80; more--)
        c = c << 6 | ((unsigned char)*(*p)++ & 0x3f);
    return c;
}

static size_t char_column(const char *line, const char *end, int byte_column) {
    size_t column = 0;
    const char *stop = line + byte_column;
    while (line < end && line < stop) {
        decode_char(&line, end);
        column++;
    }
    return column;
}

static void lines_drop(VM *vm, Lines *lines) {
    mem_free(vm, lines->at, lines->n * sizeof(Line));
    mem_free(vm, lines->chars, lines->nchars * sizeof(uint32_t));
}

/* Reads lines first..last, without line ends and trailing blanks; missing ones are empty. Also gives the columns of
 * the range in characters, *end_column in its last line. */
static bool lines_read(VM *vm, const char *text, size_t n, const SourceRange *range, Lines *lines, size_t *column,
                       size_t *end_column) {
    const char *p = line_start(text, n, range->line), *end = text + n, *stop = p;
    *lines = (Lines){0};
    *column = *end_column = 0;
    if (!p)
        return true;
    size_t count = (size_t)(range->end_line - range->line) + 1;
    for (size_t i = 0; i < count && stop < end; i++) {
        const char *newline = memchr(stop, '\n', (size_t)(end - stop));
        stop = newline ? newline + 1 : end;
    }
    lines->nchars = (size_t)(stop - p) + 1;
    lines->chars = mem_alloc(vm, lines->nchars * sizeof(uint32_t));
    lines->at = lines->chars ? mem_zalloc(vm, count * sizeof(Line)) : NULL;
    if (!lines->at) {
        mem_free(vm, lines->chars, lines->nchars * sizeof(uint32_t));
        return false;
    }
    lines->n = count;
    uint32_t *free_chars = lines->chars;
    for (size_t i = 0; i < count && p < end; i++) {
        const char *newline = memchr(p, '\n', (size_t)(end - p)), *line_end = newline ? newline : end;
        if (i == 0 && range->col >= 0)
            *column = char_column(p, line_end, range->col);
        if (i == count - 1 && range->end_col >= 0)
            *end_column = char_column(p, line_end, range->end_col);
        lines->at[i].c = free_chars;
        while (p < line_end)
            *free_chars++ = decode_char(&p, line_end);
        Line *line = &lines->at[i];
        line->n = (size_t)(free_chars - line->c);
        while (line->n > 0 && is_blank(line->c[line->n - 1]))
            line->n--;
        p = newline ? newline + 1 : end;
    }
    return true;
}

/* Removes the whitespace that all lines that are not empty have in front; returns how much. */
static size_t lines_dedent(Lines *lines) {
    const Line *model = NULL;
    size_t margin = 0;
    for (size_t i = 0; i < lines->n; i++) {
        const Line *line = &lines->at[i];
        size_t blanks = 0;
        while (blanks < line->n && (line->c[blanks] == ' ' || line->c[blanks] == '\t'))
            blanks++;
        if (line->n == 0)
            continue;
        if (!model) {
            model = line;
            margin = blanks;
            continue;
        }
        size_t same = 0;
        while (same < margin && same < blanks && line->c[same] == model->c[same])
            same++;
        margin = same;
    }
    for (size_t i = 0; i < lines->n; i++) {
        Line *line = &lines->at[i];
        if (line->n > 0) {
            line->c += margin;
            line->n -= margin;
        }
    }
    return margin;
}

/* ---- the expression's outer form ---- */

/* The range as one sequence of characters; a line end is '\n'. */
typedef struct Scan {
    const Lines *lines;
    Place at, end;
} Scan;

static uint32_t scan_peek(const Scan *s) {
    if (s->at.line > s->end.line || (s->at.line == s->end.line && s->at.col >= s->end.col))
        return 0;
    const Line *line = &s->lines->at[s->at.line];
    return s->at.col < line->n ? line->c[s->at.col] : '\n';
}

static uint32_t scan_next(Scan *s) {
    uint32_t c = scan_peek(s);
    if (c == '\n' && s->at.col >= s->lines->at[s->at.line].n) {
        s->at.line++;
        s->at.col = 0;
    } else if (c) {
        s->at.col++;
    }
    return c;
}

/* Passes a string whose opening quote is next. */
static void scan_string(Scan *s) {
    uint32_t quote = scan_next(s);
    bool triple = false;
    if (scan_peek(s) == quote) {
        scan_next(s);
        if (scan_peek(s) != quote)
            return; /* empty */
        scan_next(s);
        triple = true;
    }
    int run = 0;
    uint32_t c;
    while ((c = scan_next(s))) {
        if (c == '\\') {
            scan_next(s);
            run = 0;
        } else if (c == quote) {
            if (!triple || ++run == 3)
                return;
        } else {
            run = 0;
        }
    }
}

typedef enum Form { FORM_OTHER, FORM_BINARY, FORM_CALL, FORM_SUBSCRIPT } Form;

typedef struct Outline {
    bool impossible; /* something stands at depth 0 that no operation, call or subscript contains */
    bool operand;    /* the last token ends an operand */
    bool number;     /* that operand is a number */
    bool unary;      /* a unary operator stands where the whole expression starts */
    bool awaits;
    int precedence; /* of the operator applied last; 0: none yet */
    Place op;
    size_t op_size;
    int depth;
    Place open; /* the last bracket opened at depth 0, if it closes at the end */
    uint32_t open_char;
    bool trailer;    /* it follows an operand */
    bool last_close; /* the last token closed that bracket */
    bool first;      /* no token yet */
} Outline;

enum { PRECEDENCE_POWER = 7 };

static int operator_precedence(uint32_t c, uint32_t next, size_t *size) {
    *size = 1 + (next == c && (c == '*' || c == '/' || c == '<' || c == '>'));
    switch (c) {
    case '|':
        return 1;
    case '^':
        return 2;
    case '&':
        return 3;
    case '<':
    case '>':
        return *size == 2 ? 4 : -1;
    case '+':
    case '-':
        return 5;
    case '*':
        return *size == 2 ? PRECEDENCE_POWER : 6;
    case '/':
    case '%':
    case '@':
        return 6;
    default:
        return -1;
    }
}

static bool word_is(const uint32_t *c, size_t n, const char *word) {
    size_t i = 0;
    while (i < n && word[i] && c[i] == (unsigned char)word[i])
        i++;
    return i == n && !word[i];
}

static void outline_word(Outline *o, Scan *s) {
    uint32_t word[8];
    size_t n = 0;
    while (is_word(scan_peek(s))) {
        uint32_t c = scan_next(s);
        if (n < ARRAY_LEN(word))
            word[n] = c;
        n++;
        /* exponents of numbers: 1e-5 is one token */
        if ((c | 32) == 'e' && word[0] >= '0' && word[0] <= '9' && !(n > 1 && (word[1] | 32) == 'x') &&
            (scan_peek(s) == '-' || scan_peek(s) == '+'))
            scan_next(s);
    }
    static const char *const looser[] = {"if",    "else", "or",     "and",    "not",   "in",
                                         "is",    "for",  "lambda", "yield",  "from",  "async",
                                         "raise", "del",  "import", "assert", "return"};
    if (o->operand) /* two operands in a row: a statement */
        o->impossible = true;
    for (size_t i = 0; i < ARRAY_LEN(looser) && n <= ARRAY_LEN(word); i++) {
        if (word_is(word, n, looser[i]))
            o->impossible = true;
    }
    if (n <= ARRAY_LEN(word) && word_is(word, n, "await") && !o->operand) {
        if (o->first)
            o->awaits = true;
    } else {
        o->operand = true;
        o->number = n > 0 && word[0] >= '0' && word[0] <= '9';
    }
    o->last_close = false;
}

static void outline_bracket(Outline *o, Scan *s, uint32_t c) {
    if (c == '(' || c == '[' || c == '{') {
        if (o->depth == 0) {
            o->open = s->at;
            o->open_char = c;
            o->trailer = o->operand && c != '{';
        }
        o->depth++;
        o->operand = false;
        o->last_close = false;
    } else {
        o->depth--;
        o->operand = true;
        o->last_close = o->depth == 0;
        if (o->depth < 0)
            o->impossible = true;
    }
    scan_next(s);
}

static void outline_operator(Outline *o, Scan *s, uint32_t c) {
    Scan ahead = *s;
    scan_next(&ahead);
    uint32_t next = scan_peek(&ahead);
    size_t size;
    int precedence = operator_precedence(c, next, &size);
    if (precedence < 0 && !(c == '~' && !o->operand) && c != '.') {
        o->impossible = true; /* comparison, assignment, comma, colon */
    } else if (c == '.') {    /* of an attribute or of a number */
        size = 1;
        o->operand = o->operand && o->number && !is_word(next);
    } else if (!o->operand) { /* unary */
        size = 1;
        if (o->first)
            o->unary = true;
        if (c != '-' && c != '+' && c != '~')
            o->impossible = true; /* a starred argument */
    } else {
        bool replaces = o->precedence == 0 || precedence < o->precedence ||
                        (precedence == o->precedence && precedence != PRECEDENCE_POWER);
        if (replaces) {
            o->precedence = precedence;
            o->op = s->at;
            o->op_size = size;
        }
        o->operand = false;
    }
    for (size_t i = 0; i < (precedence < 0 ? 1 : size); i++)
        scan_next(s);
    o->last_close = false;
}

static Outline outline_make(const Lines *lines, Place start, Place end) {
    Scan s = {lines, start, end};
    Outline o = {.first = true};
    uint32_t c;
    while ((c = scan_peek(&s)) && !o.impossible) {
        if (is_blank(c) || c == '\\') {
            scan_next(&s);
            continue;
        }
        if (c == '#') {
            size_t line = s.at.line;
            while (scan_peek(&s) && s.at.line == line)
                scan_next(&s);
            continue;
        }
        bool inside = o.depth > 0;
        if (c == '"' || c == '\'') {
            scan_string(&s);
            o.operand = true;
            o.last_close = false;
        } else if (strchr("()[]{}", (int)c) && c < 0x80) {
            outline_bracket(&o, &s, c);
        } else if (inside) {
            scan_next(&s);
            o.operand = is_word(c) || c == '.';
        } else if (is_word(c)) {
            outline_word(&o, &s);
        } else {
            outline_operator(&o, &s, c);
        }
        o.first = false;
    }
    return o;
}

static Form outline_form(const Outline *o) {
    if (o->impossible || o->depth != 0)
        return FORM_OTHER;
    if (o->precedence)
        return o->precedence == PRECEDENCE_POWER && o->unary ? FORM_OTHER : FORM_BINARY;
    if (o->unary || o->awaits || !o->last_close || !o->trailer)
        return FORM_OTHER;
    return o->open_char == '(' ? FORM_CALL : FORM_SUBSCRIPT;
}

/* Is the right operand, which starts at `at` with a parenthesis, an expression that is merely put in parentheses?
 * Then it starts, as far as the tree is concerned, behind the parenthesis. */
static bool merely_grouped(const Lines *lines, Place at, Place end) {
    Scan s = {lines, at, end};
    int depth = 0;
    bool comma = false, last = false, empty = true;
    uint32_t c;
    while ((c = scan_peek(&s))) {
        if (c == '"' || c == '\'') {
            scan_string(&s);
            empty = false;
            continue;
        }
        if (c < 0x80 && strchr("([{", (int)c)) {
            if (depth == 0 && last)
                return false; /* a trailer follows */
            depth++;
        } else if (c < 0x80 && strchr(")]}", (int)c)) {
            depth--;
            last = depth == 0;
        } else if (!is_blank(c)) {
            if (depth == 0)
                return false;
            empty = false;
            comma = comma || (c == ',' && depth == 1);
        }
        scan_next(&s);
    }
    return last && !comma && !empty;
}

static Anchors anchors_find(const Lines *lines, Place start, Place end) {
    Anchors a = {0};
    Outline o = outline_make(lines, start, end);
    Form form = outline_form(&o);
    if (form == FORM_OTHER)
        return a;
    a.found = true;
    if (form != FORM_BINARY) {
        a.left = o.open;
        a.right = end;
        return a;
    }
    a.left = o.op;
    a.right = (Place){o.op.line, o.op.col + o.op_size};
    const Line *line = &lines->at[o.op.line];
    if (o.op_size == 1 && a.right.col < line->n && line->c[a.right.col] == '(' && merely_grouped(lines, a.right, end))
        a.right.col++;
    return a;
}

/* ---- whether marks are worth showing ---- */

static bool blank_between(const Line *line, size_t from, size_t to) {
    for (size_t i = from; i < to && i < line->n; i++) {
        if (!is_blank(line->c[i]))
            return false;
    }
    return true;
}

/* What stands before a call that is a statement's whole value: "x = " or "return ". */
typedef enum Lead { LEAD_OTHER, LEAD_ASSIGN, LEAD_RETURN } Lead;

static Lead lead_kind(const Line *line, size_t end) {
    size_t n = end, depth = 0;
    while (n > 0 && is_blank(line->c[n - 1]))
        n--;
    if (n == 6 && word_is(line->c, 6, "return"))
        return LEAD_RETURN;
    if (n < 2 || line->c[n - 1] != '=' || (line->c[n - 2] < 0x80 && strchr("=!<>:+-*/%@&|^", (int)line->c[n - 2])))
        return LEAD_OTHER;
    for (size_t i = 0; i < n; i++) {
        uint32_t c = line->c[i];
        if (c >= 0x80 || c == '"' || c == '\'' || c == '#')
            return LEAD_OTHER;
        if (strchr("([{", (int)c))
            depth++;
        else if (strchr(")]}", (int)c) && depth-- == 0)
            return LEAD_OTHER;
        else if (depth == 0 && (c == ':' || c == ';'))
            return LEAD_OTHER;
    }
    return depth == 0 ? LEAD_ASSIGN : LEAD_OTHER;
}

/* A call that is all of `x = f()`, or of `return f()` with a plain name as function, needs no marks. */
static bool is_whole_call(const Lines *lines, Place start, Place end) {
    Outline o = outline_make(lines, start, end);
    const Line *last = &lines->at[end.line];
    size_t after = end.col;
    if (outline_form(&o) != FORM_CALL)
        return false;
    while (after < last->n && is_blank(last->c[after]))
        after++;
    if (after < last->n && last->c[after] != '#' && last->c[after] != ';')
        return false;
    Lead lead = lead_kind(&lines->at[0], start.col);
    if (lead != LEAD_RETURN)
        return lead == LEAD_ASSIGN;
    if (o.open.line != start.line)
        return false;
    for (size_t i = start.col; i < o.open.col; i++) {
        if (!is_word(lines->at[start.line].c[i]))
            return false;
    }
    return true;
}

/* ---- output ---- */

typedef struct Marks {
    const Lines *lines;
    Place start, end;
    size_t width_start, width_end; /* display columns */
    Anchors anchors;
    bool show, color;
} Marks;

static bool in_anchor(const Marks *m, size_t line, size_t column) {
    const Anchors *a = &m->anchors;
    if (!a->found)
        return false;
    size_t left = display_width(&m->lines->at[a->left.line], a->left.col);
    size_t right = display_width(&m->lines->at[a->right.line], a->right.col);
    return (line > a->left.line || (line == a->left.line && column >= left)) &&
           (line < a->right.line || (line == a->right.line && column < right));
}

/* The columns of a line that are marked. */
typedef struct MarkedLine {
    size_t number, blanks, width;
} MarkedLine;

static char mark_at(const Marks *m, const MarkedLine *at, size_t column) {
    if (column < at->blanks || column >= at->width || (at->number == 0 && column < m->width_start))
        return ' ';
    return !m->anchors.found || in_anchor(m, at->number, column) ? '^' : '~';
}

/* Changes the colour where the mark does. */
static char put_color(const Marks *m, StrBuilder *out, char before, char mark) {
    if (!m->color || before == mark)
        return mark;
    if (before != ' ')
        strbuilder_add_c(out, COLOR_END);
    if (mark != ' ')
        strbuilder_add_c(out, mark == '^' ? COLOR_FOCUS : COLOR_RANGE);
    return mark;
}

static void put_line(const Marks *m, StrBuilder *out, size_t number) {
    const Line *line = &m->lines->at[number];
    MarkedLine at = {number, 0, 0};
    while (at.blanks < line->n && is_blank(line->c[at.blanks]))
        at.blanks++;
    if (m->show)
        at.width = number == m->lines->n - 1 ? m->width_end : display_width(line, line->n);
    char mark = ' ';
    strbuilder_add_c(out, line->n ? "    " : "");
    for (size_t i = 0; i < line->n; i++) {
        mark = put_color(m, out, mark, mark_at(m, &at, i));
        strbuilder_add_char(out, line->c[i]);
    }
    put_color(m, out, mark, ' ');
    strbuilder_add_c(out, line->n ? "\n" : "    \n");
    if (!m->show)
        return;
    bool any = at.width > at.blanks && (number != 0 || at.width > m->width_start);
    strbuilder_add_c(out, "    ");
    mark = ' ';
    for (size_t column = 0; any && column < at.width; column++) {
        mark = put_color(m, out, mark, mark_at(m, &at, column));
        strbuilder_add_char(out, (unsigned char)mark);
    }
    put_color(m, out, mark, ' ');
    strbuilder_add_c(out, "\n");
}

/* The first and last line and those around the anchors are worth showing. */
static bool is_significant(const Marks *m, size_t line) {
    if (line == 0 || line == m->lines->n - 1)
        return true;
    if (!m->anchors.found)
        return false;
    size_t left = m->anchors.left.line, right = m->anchors.right.line;
    return (line + 1 >= left && line <= left + 1) || (line + 1 >= right && line <= right + 1);
}

static void put_lines(const Marks *m, StrBuilder *out) {
    size_t shown = 0;
    for (size_t i = 0; i < m->lines->n; i++) {
        if (!is_significant(m, i))
            continue;
        if (i - shown == 2)
            put_line(m, out, i - 1);
        else if (i - shown > 2)
            strbuilder_printf(out, "    ...<%u lines>...\n", i - shown - 1);
        put_line(m, out, i);
        shown = i;
    }
}

static bool all_empty(const Lines *lines) {
    for (size_t i = 0; i < lines->n; i++) {
        if (lines->at[i].n)
            return false;
    }
    return true;
}

static void put_first_line(const Lines *lines, StrBuilder *out) {
    const Line *line = &lines->at[0];
    size_t i = 0;
    while (i < line->n && is_blank(line->c[i]))
        i++;
    strbuilder_add_c(out, "    ");
    for (; i < line->n; i++)
        strbuilder_add_char(out, line->c[i]);
    strbuilder_add_c(out, "\n");
}

static size_t less_margin(size_t column, size_t margin) { return column > margin ? column - margin : 0; }

bool traceback_marks(VM *vm, StrBuilder *out, const char *text, size_t n, SourceRange range, bool color) {
    Lines lines;
    size_t column, end_column;
    if (range.line < 1)
        return true;
    if (range.end_line < range.line)
        range.end_line = range.line;
    if (!lines_read(vm, text, n, &range, &lines, &column, &end_column))
        return false;
    if (lines.n == 0 || all_empty(&lines)) {
        lines_drop(vm, &lines);
        return true;
    }
    size_t margin = lines_dedent(&lines);
    if (range.col < 0 || range.end_col < 0) {
        put_first_line(&lines, out);
        lines_drop(vm, &lines);
        return !out->failed;
    }
    Marks m = {.lines = &lines, .color = color};
    m.start = (Place){0, less_margin(column, margin)};
    m.end = (Place){lines.n - 1, less_margin(end_column, margin)};
    m.width_start = display_width(&lines.at[0], m.start.col);
    m.width_end = display_width(&lines.at[m.end.line], m.end.col);
    m.anchors = anchors_find(&lines, m.start, m.end);
    if (is_whole_call(&lines, m.start, m.end))
        m.show = false;
    else
        m.show = m.anchors.found || !blank_between(&lines.at[0], 0, m.start.col) ||
                 !blank_between(&lines.at[m.end.line], m.end.col, SIZE_MAX);
    put_lines(&m, out);
    lines_drop(vm, &lines);
    return !out->failed;
}
