/* Docstrings: the first statement of a body, with its indentation removed. */
#include "runtime/vm.h"

#include "compiler/gen.h"

bool gen_is_docstring(StmtSeq body) {
    return body.n > 0 && body.at[0]->kind == STMT_EXPR && body.at[0]->expr.value->kind == EXPR_CONSTANT &&
           body.at[0]->expr.value->constant.kind == CONST_STR;
}

static size_t expand_tabs(char *out, const char *text, size_t n) {
    size_t column = 0, length = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\t') {
            do {
                out[length++] = ' ';
            } while (++column % 8);
            continue;
        }
        out[length++] = text[i];
        if (text[i] == '\n' || text[i] == '\r')
            column = 0;
        else if (((unsigned char)text[i] & 0xC0) != 0x80)
            column++;
    }
    return length;
}

/* The smallest indentation of the lines after the first that are not blank. */
static size_t common_margin(const char *text, size_t n) {
    size_t margin = SIZE_MAX, i = 0;
    while (i < n && text[i] != '\n')
        i++;
    while (i < n) {
        size_t start = ++i;
        while (i < n && text[i] == ' ')
            i++;
        if (i < n && text[i] != '\n' && i - start < margin)
            margin = i - start;
        while (i < n && text[i] != '\n')
            i++;
    }
    return margin == SIZE_MAX ? 0 : margin;
}

static size_t remove_margin(char *text, size_t n) {
    size_t margin = common_margin(text, n), from = 0, to = 0;
    while (from < n && text[from] == ' ')
        from++;
    while (from < n) {
        while (from < n) {
            text[to++] = text[from++];
            if (text[to - 1] == '\n')
                break;
        }
        for (size_t i = 0; i < margin && from < n && text[from] == ' '; i++)
            from++;
    }
    return to;
}

Value gen_docstring(Compiler *c, StmtSeq body) {
    if (c->failed || !gen_is_docstring(body))
        return 0;
    const Expr *e = body.at[0]->expr.value;
    size_t tabs = 0;
    for (size_t i = 0; i < e->constant.length; i++)
        tabs += e->constant.str[i] == '\t';
    char *text = arena_alloc(&c->arena, e->constant.length + tabs * 7 + 1);
    if (!text) {
        context_nomem(c);
        return 0;
    }
    size_t n = expand_tabs(text, e->constant.str, e->constant.length);
    n = remove_margin(text, n);
    Value doc = str_new(c->vm, text, n);
    if (!doc)
        context_fail(c);
    return doc;
}
