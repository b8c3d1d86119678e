/* What the files of ast_dump share: the text that is being made. */
#ifndef COVE_AST_DUMP_H
#define COVE_AST_DUMP_H

#include "ast.h"

typedef struct Dump {
    Arena *arena;
    char *text;
    size_t length, capacity;
    int attributes, failed, depth;
} Dump;

/* ast_dump_text.c. After a failure every call does nothing. */
void dump_puts(Dump *d, const char *text);
void dump_open(Dump *d, const char *name);
void dump_close(Dump *d, Span span);        /* with the position, if attributes are wanted */
void dump_close_plain(Dump *d);             /* for nodes without one */
void dump_field(Dump *d, const char *name); /* "name=", behind a comma when the node has a field already */
void dump_int_field(Dump *d, const char *name, int value);
void dump_string(Dump *d, const char *text, size_t n, int bytes);
void dump_constant(Dump *d, const Expr *e);

#endif
