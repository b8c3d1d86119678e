/* Binding arguments to native functions by their signature strings.
 *
 * The wording of the errors follows the three ways in which CPython's C functions take arguments, which a signature
 * tells apart: nothing or exactly one positional-only argument (the message names the callable in full), several
 * positional-only ones ("pop expected at most 1 argument, got 2"), and anything that can be given by keyword. */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/signature.h"

static ALWAYS_INLINE bool is_name_char(char c) {
    return (uint8_t)((c | 32) - 'a') < 26 || (uint8_t)(c - '0') < 10 || c == '_';
}

/* Skips a default value: up to the comma outside quotes and brackets. */
static const char *skip_default(const char *p) {
    int depth = 0;
    char quote = 0;
    while (is_name_char(*p)) /* most are numbers or names */
        p++;
    for (; *p != 0; p++) {
        if (quote != 0) {
            if (*p == '\\' && p[1] != 0)
                p++;
            else if (*p == quote)
                quote = 0;
        } else if (*p == '\'' || *p == '"') {
            quote = *p;
        } else if (*p == '(' || *p == '[' || *p == '{') {
            depth++;
        } else if (*p == ')' || *p == ']' || *p == '}') {
            depth--;
        } else if (*p == ',' && depth == 0) {
            break;
        }
    }
    return p;
}

bool signature_next(const char **pp, SigItem *item) {
    const char *p = *pp;
    while (*p == ' ' || *p == ',')
        p++;
    if (*p == 0)
        return false;
    item->mark = SIG_PARAM;
    item->optional = false;
    if (*p == '/') {
        item->mark = SIG_SLASH;
        p++;
    } else if (*p == '*') {
        p++;
        item->mark = SIG_STAR;
        if (*p == '*') {
            item->mark = SIG_KWARGS;
            p++;
        } else if (is_name_char(*p)) {
            item->mark = SIG_ARGS;
        }
    }
    item->name = p;
    while (is_name_char(*p))
        p++;
    item->len = (size_t)(p - item->name);
    while (*p == ' ')
        p++;
    if (*p == ':')
        p = skip_default(p);
    else if (*p == '=') {
        item->optional = true;
        p = skip_default(p + 1);
    } else if (*p != 0 && *p != ',') {
        p++;
    }
    *pp = p;
    return true;
}

/* Counts, and notes the parameters if there is room for them (PARAMETERS_MAX). */
static void read_signature(const char *signature, SigCounts *c, SigItem *params) {
    memset(c, 0, sizeof *c);
    if (signature == NULL || strcmp(signature, "*") == 0) {
        c->raw = true;
        return;
    }
    bool keyword_only = false;
    SigItem item;
    while (signature_next(&signature, &item)) {
        switch (item.mark) {
        case SIG_SLASH:
            c->nposonly = c->nparams;
            break;
        case SIG_STAR:
            keyword_only = true;
            break;
        case SIG_ARGS:
        case SIG_KWARGS:
            c->raw = true;
            keyword_only = true;
            break;
        case SIG_PARAM:
            if (params != NULL && c->nparams < PARAMETERS_MAX)
                params[c->nparams] = item;
            c->nparams++;
            if (!keyword_only)
                c->npositional++;
            if (!item.optional && keyword_only)
                c->min_keyword++;
            else if (!item.optional)
                c->min_positional++;
            break;
        }
    }
}

void signature_count(const char *signature, SigCounts *c) { read_signature(signature, c, NULL); }

/* --- messages
 * -------------------------------------------------------------------------------------------------------- */

Value callable_text(VM *vm, Value fn) {
    Value qualname, module, text = 0;
    if (attr_lookup(vm, fn, NAME(__qualname__), &qualname) <= 0) {
        error_clear(vm);
        return to_str(vm, fn);
    }
    if (attr_lookup(vm, fn, NAME(__module__), &module) <= 0) {
        error_clear(vm);
        module = VALUE_NONE;
    }
    if (is_str(module) && !str_equals_c(module, "builtins"))
        text = str_printf(vm, "%V.%S()", module, qualname);
    else
        text = str_printf(vm, "%S()", qualname);
    decref(vm, qualname);
    decref(vm, module);
    return text;
}

static const char *plural(size_t n) { return n == 1 ? "" : "s"; }

/* "list.append()" or, without a callable, "list()". */
static Value full_text(VM *vm, const char *name, Value fn) {
    return fn != 0 ? callable_text(vm, fn) : str_printf(vm, "%s()", name);
}

static COLD bool fail_keywords(VM *vm, const char *name, Value fn) {
    Value text = full_text(vm, name, fn);
    if (text != 0)
        raise_type(vm, "%V takes no keyword arguments", text);
    decref(vm, text);
    return false;
}

static COLD bool fail_count(VM *vm, const char *name, Value fn, const SigCounts *c, size_t nargs) {
    size_t min = c->min_positional, max = c->nparams;
    if (fn != 0 && max <= 1 && min == max) {
        Value text = callable_text(vm, fn);
        if (text != 0 && max == 0)
            raise_type(vm, "%V takes no arguments (%u given)", text, nargs);
        else if (text != 0)
            raise_type(vm, "%V takes exactly one argument (%u given)", text, nargs);
        decref(vm, text);
        return false;
    }
    size_t bound = nargs < min ? min : max;
    const char *how = min == max ? "" : nargs < min ? "at least " : "at most ";
    return raise_type(vm, "%s expected %s%u argument%s, got %u", name, how, bound, plural(bound), nargs);
}

/* Constructors that CPython binds without telling their name are "function", without parentheses. */
#define CALLEE(name) (name) ? (name) : "function", (name) ? "()" : ""

static COLD bool fail_positional(VM *vm, const char *name, size_t bound, const char *how, size_t nargs) {
    return raise_type(vm, "%s%s takes %s %u positional argument%s (%u given)", CALLEE(name), how, bound,
                      plural(bound), nargs);
}

static bool is_named(const SigItem *item, Value keyword) {
    return item->len == as_str(keyword)->nbytes && memcmp(item->name, str_data(keyword), item->len) == 0;
}

static COLD bool fail_missing(VM *vm, const char *name, const SigItem *item, size_t position) {
    Value param = str_new(vm, item->name, item->len);
    if (param != 0)
        raise_type(vm, "%s%s missing required argument '%V' (pos %u)", CALLEE(name), param, position);
    decref(vm, param);
    return false;
}

/* A keyword that matched no free parameter: given twice, or unknown. */
static COLD bool fail_unmatched(VM *vm, const char *name, const char *signature, const SigCounts *c, size_t nargs,
                                Value keyword) {
    SigItem item;
    size_t i = 0;
    while (signature_next(&signature, &item)) {
        if (item.mark != SIG_PARAM)
            continue;
        if (i >= c->nposonly && i < nargs && is_named(&item, keyword))
            return raise_type(vm, "argument for %s%s given by name ('%V') and position (%u)", CALLEE(name), keyword,
                              i + 1);
        i++;
    }
    return raise_type(vm, "%s%s got an unexpected keyword argument '%V'", CALLEE(name), keyword);
}

/* --- binding
 * ----------------------------------------------------------------------------------------------------------- */

static bool check_counts(VM *vm, const char *name, const SigItem *params, const SigCounts *c, size_t nargs,
                         size_t nkw) {
    if (nargs + nkw > c->nparams)
        return raise_type(vm, "%s%s takes at most %u %sargument%s (%u given)", CALLEE(name), (size_t)c->nparams,
                          nargs == 0 ? "keyword " : "", plural(c->nparams), nargs + nkw);
    if (nargs > c->npositional) {
        if (c->npositional == 0)
            return raise_type(vm, "%s%s takes no positional arguments", CALLEE(name));
        return fail_positional(vm, name, c->npositional, c->min_positional < c->npositional ? "at most" : "exactly",
                               nargs);
    }
    size_t min_posonly = 0;
    for (size_t i = 0; i < c->nposonly; i++)
        min_posonly += !params[i].optional;
    if (nargs < min_posonly)
        return fail_positional(vm, name, min_posonly, min_posonly < c->npositional ? "at least" : "exactly", nargs);
    return true;
}

static bool bind_keywords(VM *vm, const char *name, const char *signature, const SigItem *params, const SigCounts *c,
                          Value *args, size_t nargs, Value kwnames, Value *out) {
    size_t nkw = kwnames != 0 ? as_tuple(kwnames)->len : 0, matched = 0;
    for (size_t i = nargs; i < c->nparams; i++) {
        for (size_t k = 0; i >= c->nposonly && k < nkw; k++) {
            if (is_named(&params[i], as_tuple(kwnames)->items[k])) {
                out[i] = args[nargs + k];
                matched++;
                break;
            }
        }
        if (out[i] == 0 && !params[i].optional)
            return fail_missing(vm, name, &params[i], i + 1);
    }
    if (matched == nkw)
        return true;
    for (size_t k = 0; k < nkw; k++) {
        Value keyword = as_tuple(kwnames)->items[k];
        bool known = false;
        for (size_t i = nargs > c->nposonly ? nargs : c->nposonly; i < c->nparams; i++)
            known = known || is_named(&params[i], keyword);
        if (!known)
            return fail_unmatched(vm, name, signature, c, nargs, keyword);
    }
    return true;
}

bool signature_bind(VM *vm, const char *name, Value fn, const char *signature, Value *args, size_t nargs,
                    Value kwnames, Value *out) {
    SigCounts c;
    SigItem params[PARAMETERS_MAX];
    read_signature(signature, &c, params);
    size_t nkw = kwnames != 0 ? as_tuple(kwnames)->len : 0;
    if (c.nposonly == c.nparams) {
        if (nkw != 0)
            return fail_keywords(vm, name, fn);
        if (nargs < c.min_positional || nargs > c.nparams)
            return fail_count(vm, name, fn, &c, nargs);
    } else if (!check_counts(vm, name, params, &c, nargs, nkw)) {
        return false;
    }
    if (nargs != 0)
        memcpy(out, args, nargs * sizeof(Value));
    if (nargs < c.nparams)
        memset(out + nargs, 0, (c.nparams - nargs) * sizeof(Value));
    return c.nposonly == c.nparams || bind_keywords(vm, name, signature, params, &c, args, nargs, kwnames, out);
}

bool native_bind(VM *vm, const char *function_name, const char *signature, Value *args, size_t nargs, Value kwnames,
                 Value *out, size_t nout) {
    (void)nout;
    return signature_bind(vm, function_name, 0, signature, args, nargs, kwnames, out);
}
