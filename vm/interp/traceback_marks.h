/* The source lines of a traceback entry, with the marks under them. */
#ifndef COVE_INTERP_TRACEBACK_MARKS_H
#define COVE_INTERP_TRACEBACK_MARKS_H

#include "object/str.h"

/* Where an instruction stands in its file: lines from 1; byte columns from 0, -1 where unknown. */
typedef struct SourceRange {
    int line, end_line, col, end_col;
} SourceRange;

/* The colours of reports on a terminal. */
#define COLOR_PLACE "\033[35m"
#define COLOR_NAME "\033[1;35m"
#define COLOR_RANGE "\033[31m"
#define COLOR_FOCUS "\033[1;31m"
#define COLOR_END "\033[0m"

/* Appends the lines of the range out of the file's text, indented by four blanks, and below them the `~~~^^^` marks.
 * Nothing when the text has no such line or the line is empty. With `color`, what is marked is coloured as its marks
 * are. False: MemoryError is pending. */
bool traceback_marks(VM *vm, StrBuilder *out, const char *text, size_t n, SourceRange range, bool color);

#endif
