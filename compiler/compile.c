/* The way through the compiler: parser, `from __future__`, symbol tables, code. */
#include "runtime/vm.h"

#include "compiler/compile.h"
#include "compiler/gen.h"
#include "object/bytes.h"
#include "runtime/warnings.h"

/* Errors and warnings of the parser ---------------------------------------------------------------------------------
 */

static Value text_line(VM *vm, const char *line, size_t length, bool newline) {
    if (!line)
        return VALUE_NONE;
    StrBuilder b;
    strbuilder_init(&b, vm);
    strbuilder_add(&b, line, length);
    if (newline)
        strbuilder_add_c(&b, "\n");
    return strbuilder_finish(&b);
}

static void raise_parse_error(Compiler *c, const ParseError *e) {
    VM *vm = c->vm;
    Type *type = vm->exc.SyntaxError;
    if (c->failed)
        return;
    context_fail(c);
    switch ((ParseErrorKind)e->kind) {
    case PARSE_NOMEMORY:
        if (!error_pending(vm)) /* else it has been said why */
            raise_memory(vm);
        return;
    case PARSE_TOODEEP:
        raisef(vm, vm->exc.MemoryError, "%s", e->msg);
        return;
    case PARSE_NOSTACK:
        raisef(vm, vm->exc.RecursionError, "%s", e->msg);
        return;
    case PARSE_INDENTATION:
        type = vm->exc.IndentationError;
        break;
    case PARSE_TAB:
        type = vm->exc.TabError;
        break;
    case PARSE_INCOMPLETE:
        type = vm->exc.IncompleteInputError;
        break;
    default:
        break;
    }
    Value message = str_from_c(vm, e->msg ? e->msg : "invalid syntax"), error = 0;
    Value text = message ? text_line(vm, e->source_line, e->source_line_length, e->source_line_newline) : 0;
    if (text && e->line == 0)
        error = exception_new(vm, type, &message, 1);
    else if (text)
        error = context_syntax_error(vm, type, message, c->filename, e->line, e->col, text, e->end_line, e->end_col);
    decref(vm, text);
    decref(vm, message);
    if (error) {
        raise_object(vm, error);
        decref(vm, error);
    }
}

/* A warning that the filters turn into an error becomes a SyntaxError at its place. */
static void issue_warning(Compiler *c, const ParseWarning *w) {
    VM *vm = c->vm;
    Value message = str_from_c(vm, w->msg);
    if (!message) {
        context_fail(c);
        return;
    }
    if (!warnings_explicit(vm, from_obj(vm->exc.SyntaxWarning), message, c->filename, w->line, 0, 0, 0)) {
        if (error_matches(vm, vm->exc.SyntaxWarning)) {
            error_clear(vm);
            bool escape = strncmp(w->msg, "invalid escape", 14) == 0 || strncmp(w->msg, "invalid octal", 13) == 0;
            context_error_columns(c, w->line, w->col, w->end_line, w->end_col, message,
                                  escape ? TEXT_LINE : TEXT_LINE_WITHOUT_END);
        } else {
            context_fail(c);
        }
    }
    decref(vm, message);
}

/* from __future__ ---------------------------------------------------------------------------------------------------
 */

static bool is_future_import(const Stmt *s) {
    return s->kind == STMT_IMPORTFROM && s->import_from.module && s->import_from.level == 0 &&
           strcmp(s->import_from.module->text, "__future__") == 0;
}

static void future_feature(Compiler *c, const Stmt *s, const char *name) {
    static const char *const old[] = {"nested_scopes",  "generators",     "division",         "absolute_import",
                                      "with_statement", "print_function", "unicode_literals", "generator_stop"};
    for (size_t i = 0; i < ARRAY_LEN(old); i++) {
        if (strcmp(name, old[i]) == 0)
            return;
    }
    if (strcmp(name, "annotations") == 0) {
        c->future_annotations = true;
        return;
    }
    if (strcmp(name, "barry_as_FLUFL") == 0) {
        c->barry = true;
        return;
    }
    Value message = strcmp(name, "braces") == 0 ? str_from_c(c->vm, "not a chance")
                                                : str_printf(c->vm, "future feature %.100s is not defined", name);
    if (!message) {
        context_fail(c);
        return;
    }
    context_error_columns(c, s->line, s->col + 1, s->line, INT32_MIN, message, TEXT_OF_FILE);
    decref(c->vm, message);
}

/* The imports count only before any other statement than the docstring. */
static void read_future(Compiler *c) {
    const AstModule *module = c->module;
    if (module->kind == MODULE_EXPRESSION)
        return;
    for (int i = 0; i < module->body.n && !c->failed; i++) {
        const Stmt *s = module->body.at[i];
        if (is_future_import(s)) {
            for (int k = 0; k < s->import_from.names.n && !c->failed; k++)
                future_feature(c, s, s->import_from.names.at[k].name->text);
            c->future_line = s->line;
            c->future_col = s->col;
        } else if (i > 0 || !gen_is_docstring(module->body)) {
            break;
        }
    }
}

/* Entry -------------------------------------------------------------------------------------------------------------
 */

/* A str with lone surrogates has no UTF-8 form: the error is that of encoding it. */
static bool check_encodable(VM *vm, Value source) {
    const char *text = str_data(source);
    size_t n = as_str(source)->nbytes;
    if (str_is_ascii(as_str(source)))
        return true;
    for (const char *p = text; (p = memchr(p, 0xED, n - (size_t)(p - text))) != NULL; p++) {
        if ((unsigned char)p[1] < 0xA0)
            continue;
        Value bytes = str_encode(vm, source, "utf-8", "strict");
        decref(vm, bytes);
        return bytes != 0;
    }
    return true;
}

static int parse_mode(VM *vm, const char *mode) {
    if (strcmp(mode, "exec") == 0)
        return PARSE_FILE;
    if (strcmp(mode, "eval") == 0)
        return PARSE_EVAL;
    if (strcmp(mode, "single") == 0)
        return PARSE_SINGLE;
    raise_value(vm, "compile() mode must be 'exec', 'eval' or 'single'");
    return -1;
}

static unsigned parse_flags(const VM *vm, Value source, int flags) {
    unsigned result = is_str(source) ? PARSE_FLAG_UTF8 : 0;
    if (flags & COMPILE_ALLOW_INCOMPLETE_INPUT)
        result |= PARSE_FLAG_ALLOW_INCOMPLETE;
    if (flags & COMPILE_DONT_IMPLY_DEDENT)
        result |= PARSE_FLAG_DONT_IMPLY_DEDENT;
    if (flags & COMPILE_FUTURE_BARRY)
        result |= PARSE_FLAG_BARRY_AS_BDFL;
    if (flags & COMPILE_TYPED)
        result |= PARSE_FLAG_TYPED;
    if (flags & COMPILE_FILE_INPUT)
        result |= PARSE_FLAG_FILE_INPUT;
    if (vm->int_max_str_digits == 0)
        result |= PARSE_FLAG_NO_INT_LIMIT;
    return result;
}

static Value compile_parsed(Compiler *c) {
    c->declaring = true;
    read_future(c);
    if (c->failed || !symtable_build(c))
        return 0;
    c->declaring = false;
    return gen_module(c);
}

Value compile_source(VM *vm, Value source, Value filename, const char *mode, int flags, int optimize) {
    Compiler c;
    ParseError error = {0};
    ParseWarnings warnings = {0};
    int how = parse_mode(vm, mode);
    Value decoded = 0;
    if (how < 0 || (!is_str(source) && !source_decode(vm, source, filename, flags & COMPILE_FILE_INPUT, &decoded)))
        return VALUE_ERROR;
    if (decoded)
        source = decoded;
    bool is_text = is_str(source);
    if (is_text && !check_encodable(vm, source)) {
        decref(vm, decoded);
        return VALUE_ERROR;
    }
    const char *text = is_text ? str_data(source) : as_bytes(source)->data;
    size_t n = is_text ? as_str(source)->nbytes : as_bytes(source)->len;
    if (!context_init(&c, vm, filename)) {
        context_free(&c);
        decref(vm, decoded);
        return VALUE_ERROR;
    }
    c.optimize = optimize < 0 ? vm->flags.optimize : optimize;
    c.top_level_await = flags & COMPILE_TOP_LEVEL_AWAIT;
    c.show_last = flags & COMPILE_SHOW_LAST;
    c.future_annotations = flags & COMPILE_FUTURE_ANNOTATIONS;
    c.barry = flags & COMPILE_FUTURE_BARRY;
    ParseInput input = {.text = text,
                        .n = n,
                        .filename = is_str(filename) ? str_data(filename) : "",
                        .mode = how,
                        .flags = parse_flags(vm, source, flags),
                        .stack_limit = vm->thread->stack_limit};
    c.module = parse_source(&c.arena, &input, &error, &warnings);
    for (int i = 0; i < warnings.n && !c.failed; i++)
        issue_warning(&c, &warnings.at[i]);
    Value code = 0;
    if (!c.module)
        raise_parse_error(&c, &error);
    else if (!c.failed)
        code = compile_parsed(&c);
    if (!code && !error_pending(vm))
        raise_memory(vm);
    unit_free_spares(&c);
    const_table_free(&c);
    context_free(&c);
    decref(vm, decoded);
    return code;
}
