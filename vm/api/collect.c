/* Binding of arguments to signatures with *args or **kwargs, in which a tuple or a dict takes what is left over.
 *
 * What the other parameters may take goes to signature_bind(), which knows the defaults and the messages. */
#include "api/native.h"

static bool names_it(const SigItem *item, Value keyword) {
    const Str *s = as_str(keyword);
    return s->nbytes == item->len && memcmp(str_data(keyword), item->name, item->len) == 0;
}

/* Is it the name of a parameter that can be given by keyword? */
static bool is_parameter(const char *signature, const SigCounts *counts, Value keyword) {
    SigItem item;
    size_t i = 0;
    while (signature_next(&signature, &item))
        if (item.mark == SIG_PARAM && i++ >= counts->nposonly && names_it(&item, keyword))
            return true;
    return false;
}

/* Parts the keywords: into those of parameters (a tuple, with values behind the first `nargs` of `to`), and the dict
 * of the others. */
static bool part_keywords(VM *vm, const char *name, const char *signature, Collected *c, const Value *values,
                          Value kwnames, Value *to, Value *known) {
    size_t n = kwnames == 0 ? 0 : as_tuple(kwnames)->len, nknown = 0;
    Value found[PARAMETERS_MAX];
    for (size_t i = 0; i < n; i++) {
        Value keyword = as_tuple(kwnames)->items[i];
        if (nknown < PARAMETERS_MAX && is_parameter(signature, &c->counts, keyword)) {
            found[nknown] = keyword;
            to[nknown++] = values[i];
        } else if (c->options == 0) {
            return raise_type(vm, "%s() got an unexpected keyword argument '%V'", name, keyword);
        } else if (!dict_set(vm, c->options, keyword, values[i])) {
            return false;
        }
    }
    *known = nknown == 0 ? 0 : tuple_from_array(vm, found, nknown);
    return nknown == 0 || *known != 0;
}

/* Brings the parameters into the order of the signature, with tuple and dict among them. */
static void arrange(const char *signature, Collected *c, const Value *bound) {
    SigItem item;
    c->n = 0;
    while (signature_next(&signature, &item)) {
        if (item.mark == SIG_PARAM)
            c->values[c->n++] = *bound++;
        else if (item.mark == SIG_ARGS)
            c->values[c->n++] = c->rest;
        else if (item.mark == SIG_KWARGS)
            c->values[c->n++] = c->options;
    }
}

bool collect_is_needed(const char *signature) {
    SigItem item;
    while (signature_next(&signature, &item))
        if (item.mark == SIG_ARGS || item.mark == SIG_KWARGS)
            return true;
    return false;
}

bool collect(VM *vm, const char *name, const char *signature, Value *args, size_t nargs, Value kwnames,
             Collected *c) {
    const char *p = signature;
    SigItem item;
    Value given[2 * PARAMETERS_MAX], bound[PARAMETERS_MAX], known = 0;
    bool ok = true;
    *c = (Collected){0};
    signature_count(signature, &c->counts);
    size_t first = nargs < c->counts.npositional ? nargs : c->counts.npositional;
    while (ok && signature_next(&p, &item)) {
        if (item.mark == SIG_ARGS)
            ok = (c->rest = nargs == first ? incref(vm->empty_tuple)
                                           : tuple_from_array(vm, args + first, nargs - first)) != 0;
        else if (item.mark == SIG_KWARGS)
            ok = (c->options = dict_new(vm)) != 0;
    }
    if (first != 0)
        memcpy(given, args, first * sizeof(Value));
    ok = ok && part_keywords(vm, name, signature, c, args + nargs, kwnames, given + first, &known);
    if (ok && c->rest == 0 && nargs > first)
        ok = raise_type(vm, "%s() takes at most %u positional arguments (%u given)", name, (unsigned)first,
                        (unsigned)nargs);
    ok = ok && signature_bind(vm, name, 0, signature, given, first, known, bound);
    if (ok)
        arrange(signature, c, bound);
    else
        collected_drop(vm, c);
    decref(vm, known);
    return ok;
}

void collected_drop(VM *vm, Collected *c) {
    set_owned(vm, &c->rest, 0);
    set_owned(vm, &c->options, 0);
}
