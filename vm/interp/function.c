/* Script functions: the object, argument binding, and the call from native code.
 *
 * Binding. Registers of a new frame are laid out as code->local_names: positional parameters, keyword-only ones, then
 * *args and **kwargs. function_bind fills them in the order in which the errors must come: positional arguments,
 * keyword arguments, too many, missing positional (after defaults), missing keyword-only. */
#include "interp/eval.h"
#include "interp/generator.h"
#include "interp/trace.h"
#include "object/descr.h"
#include "object/type.h"
#include "runtime/suggestions.h"

/* --- binding
 * -----------------------------------------------------------------------------------------------------------------
 */

typedef struct Binding {
    VM *vm;
    Function *fn;
    const Code *code;
    Value *regs;
    size_t npos; /* positional arguments given */
    Value extra; /* dict for **kwargs, or 0 */
} Binding;

static Value param_name(const Binding *b, size_t i) { return as_tuple(b->code->local_names)->items[i]; }

/* "'a', 'b', and 'c'" of the missing parameters in [from, to). */
static Value missing_names(const Binding *b, size_t from, size_t to, size_t count) {
    StrBuilder out;
    strbuilder_init(&out, b->vm);
    size_t seen = 0;
    for (size_t i = from; i < to; i++) {
        if (b->regs[i] != 0)
            continue;
        if (seen > 0)
            strbuilder_add_c(&out, count == 2 ? " and " : seen == count - 1 ? ", and " : ", ");
        strbuilder_printf(&out, "%R", param_name(b, i));
        seen++;
    }
    return strbuilder_finish(&out);
}

static bool raise_missing(const Binding *b, const char *kind, size_t from, size_t to) {
    size_t count = 0;
    for (size_t i = from; i < to; i++)
        count += b->regs[i] == 0;
    if (count == 0)
        return true;
    Value names = missing_names(b, from, to, count);
    if (names != 0)
        raise_type(b->vm, "%V() missing %u required %s argument%s: %V", b->fn->qualname, count, kind,
                   count == 1 ? "" : "s", names);
    decref(b->vm, names);
    return false;
}

static bool raise_too_many(const Binding *b) {
    VM *vm = b->vm;
    const Code *c = b->code;
    size_t ndefaults = b->fn->defaults == 0 ? 0 : as_tuple(b->fn->defaults)->len, kwonly_given = 0;
    for (size_t i = c->argcount; i < (size_t)c->argcount + c->kwonlyargcount; i++)
        kwonly_given += b->regs[i] != 0;
    Value takes = ndefaults > 0
                      ? str_printf(vm, "from %d to %u", (int)c->argcount - (int)ndefaults, (size_t)c->argcount)
                      : str_printf(vm, "%u", (size_t)c->argcount);
    bool plural = ndefaults > 0 || c->argcount != 1;
    Value also = kwonly_given > 0 ? str_printf(vm, " positional argument%s (and %u keyword-only argument%s)",
                                               b->npos != 1 ? "s" : "", kwonly_given, kwonly_given != 1 ? "s" : "")
                                  : incref(vm->empty_str);
    if (takes != 0 && also != 0)
        raise_type(vm, "%V() takes %V positional argument%s but %u%V %s given", b->fn->qualname, takes,
                   plural ? "s" : "", b->npos, also, b->npos == 1 && kwonly_given == 0 ? "was" : "were");
    decref(vm, takes);
    decref(vm, also);
    return false;
}

/* Index of the parameter that keyword `name` names, from `from` on; -1 if none. */
static ssize_t find_param(const Binding *b, Value name, size_t from, size_t to) {
    for (size_t i = from; i < to; i++)
        if (param_name(b, i) == name)
            return (ssize_t)i;
    for (size_t i = from; i < to; i++)
        if (str_equal(as_str(param_name(b, i)), as_str(name)))
            return (ssize_t)i;
    return -1;
}

/* All keywords that name positional-only parameters are told in one error. */
static bool check_positional_only(const Binding *b, Value kwnames) {
    VM *vm = b->vm;
    Value list = 0;
    for (size_t i = 0; i < b->code->posonlyargcount; i++) {
        for (size_t k = 0; k < as_tuple(kwnames)->len; k++) {
            if (!str_equal(as_str(param_name(b, i)), as_str(as_tuple(kwnames)->items[k])))
                continue;
            if ((list == 0 && (list = list_new(vm, 0)) == 0) || !list_append(vm, list, param_name(b, i))) {
                decref(vm, list);
                return false;
            }
        }
    }
    if (list == 0)
        return true;
    Value sep = str_from_c(vm, ", ");
    Value names = sep == 0 ? 0 : str_join(vm, sep, as_list(list)->items, as_list(list)->len);
    if (names != 0)
        raise_type(vm, "%V() got some positional-only arguments passed as keyword arguments: '%V'", b->fn->qualname,
                   names);
    decref(vm, sep);
    decref(vm, names);
    decref(vm, list);
    return false;
}

static bool raise_unexpected(const Binding *b, Value name, Value kwnames) {
    if (!check_positional_only(b, kwnames))
        return false;
    VM *vm = b->vm;
    size_t n = (size_t)b->code->argcount + b->code->kwonlyargcount - b->code->posonlyargcount;
    Value names = list_from_array(vm, as_tuple(b->code->local_names)->items + b->code->posonlyargcount, n);
    if (names == 0)
        return false;
    Value best = suggestion_find(names, name);
    if (best != 0)
        raise_type(vm, "%V() got an unexpected keyword argument '%S'. Did you mean '%S'?", b->fn->qualname, name,
                   best);
    else
        raise_type(vm, "%V() got an unexpected keyword argument '%S'", b->fn->qualname, name);
    decref(vm, names);
    return false;
}

static bool bind_keyword(Binding *b, Value name, Value value, Value kwnames) {
    VM *vm = b->vm;
    const Code *c = b->code;
    if (!is_str(name))
        return raise_type(vm, "%V() keywords must be strings", b->fn->qualname);
    ssize_t i = find_param(b, name, c->posonlyargcount, (size_t)c->argcount + c->kwonlyargcount);
    if (i >= 0) {
        if (b->regs[i] != 0)
            return raise_type(vm, "%V() got multiple values for argument '%S'", b->fn->qualname, name);
        b->regs[i] = incref(value);
        return true;
    }
    if (b->extra == 0)
        return raise_unexpected(b, name, kwnames);
    int twice = dict_contains(vm, b->extra, name);
    if (twice > 0)
        raise_type(vm, "%V() got multiple values for keyword argument '%S'", b->fn->qualname, name);
    return twice == 0 && dict_set(vm, b->extra, name, value);
}

static bool bind_defaults(Binding *b) {
    const Code *c = b->code;
    Value defaults = b->fn->defaults;
    size_t n = defaults == 0 ? 0 : as_tuple(defaults)->len;
    if (n > c->argcount)
        n = c->argcount;
    size_t first = c->argcount - n;
    if (!raise_missing(b, "positional", 0, first))
        return false;
    size_t skip = defaults == 0 ? 0 : as_tuple(defaults)->len - n;
    for (size_t i = 0; i < n; i++)
        if (b->regs[first + i] == 0)
            b->regs[first + i] = incref(as_tuple(defaults)->items[skip + i]);
    return true;
}

static bool bind_keyword_defaults(Binding *b) {
    const Code *c = b->code;
    size_t from = c->argcount, to = from + c->kwonlyargcount;
    for (size_t i = from; b->fn->kwdefaults != 0 && i < to; i++)
        if (b->regs[i] == 0)
            b->regs[i] = incref(dict_get(b->vm, b->fn->kwdefaults, param_name(b, i)));
    return raise_missing(b, "keyword-only", from, to);
}

static bool bind_all(Binding *b, Value *args, size_t nargs, Value kwnames) {
    VM *vm = b->vm;
    const Code *c = b->code;
    size_t at = (size_t)c->argcount + c->kwonlyargcount;
    size_t n = nargs < c->argcount ? nargs : c->argcount;
    for (size_t i = 0; i < n; i++)
        b->regs[i] = incref(args[i]);
    if (c->flags & CO_VARARGS) {
        b->regs[at] = nargs > n ? tuple_from_array(vm, args + n, nargs - n) : incref(vm->empty_tuple);
        if (b->regs[at++] == 0)
            return false;
    }
    if (c->flags & CO_VARKEYWORDS) {
        b->extra = b->regs[at] = dict_new(vm);
        if (b->extra == 0)
            return false;
    }
    if (kwnames != 0)
        for (size_t i = 0; i < as_tuple(kwnames)->len; i++)
            if (!bind_keyword(b, as_tuple(kwnames)->items[i], args[nargs + i], kwnames))
                return false;
    if (nargs > c->argcount && !(c->flags & CO_VARARGS))
        return raise_too_many(b);
    if (nargs < c->argcount && !bind_defaults(b))
        return false;
    return c->kwonlyargcount == 0 || bind_keyword_defaults(b);
}

bool function_bind(VM *vm, Function *fn, Value *args, size_t nargs, Value kwnames, Value *regs) {
    const Code *c = fn->code;
    if (!code_ready(vm, fn->code)) /* for the names of the parameters */
        return false;
    Binding b = {.vm = vm, .fn = fn, .code = c, .regs = regs, .npos = nargs};
    memset(regs, 0, c->nregs * sizeof(Value));
    if (bind_all(&b, args, nargs, kwnames))
        return true;
    for (unsigned i = 0; i < c->nregs; i++) {
        Value v = regs[i];
        regs[i] = 0;
        decref(vm, v);
    }
    return false;
}

/* --- calls from native code
 * ------------------------------------------------------------------------------------------------------ */

Value function_call(VM *vm, Value value, Value *args, size_t nargs, Value kwnames) {
    Function *fn = as_function(value);
    Code *code = fn->code;
    if (code->flags & CO_SUSPENDS) {
        Generator *g = generator_new(vm, fn);
        if (g == NULL)
            return VALUE_ERROR;
        if (!function_bind(vm, fn, args, nargs, kwnames, g->frame.regs)) {
            g->frame.state = FRAME_FINISHED;
            obj_decref(vm, &g->header);
            return VALUE_ERROR;
        }
        return from_obj(g);
    }
    if (!native_enter(vm, ""))
        return VALUE_ERROR;
    Thread *t = vm->thread;
    Frame *f = frame_push(vm, t, code);
    if (unlikely(f == NULL))
        goto failed;
    if (likely(code->simple && code->argcount == nargs && kwnames == 0)) {
        size_t i = 0;
        for (; i < nargs; i++)
            f->regs[i] = incref(args[i]);
        for (; i < code->nregs; i += 2) /* the word behind the last register is free (FRAME_SLACK) */
            f->regs[i] = f->regs[i + 1] = 0;
    } else if (!function_bind(vm, fn, args, nargs, kwnames, f->regs)) {
        frame_unpush(vm, f);
        goto failed;
    }
    obj_incref(&fn->header);
    f->func = fn;
    f->previous = t->frame;
    f->ret = RET_EXIT;
    Value result = eval_run(vm, f, EVAL_START);
    native_leave(vm);
    return result;
failed:
    native_leave(vm);
    return VALUE_ERROR;
}

Value code_run_closure(VM *vm, Value code_value, Value globals, Value locals, Value closure) {
    Code *code = as_code(code_value);
    Value fn = function_new(vm, code, globals);
    if (fn == 0)
        return VALUE_ERROR;
    as_function(fn)->closure = incref(closure);
    Value result = 0;
    if (code->flags & CO_SUSPENDS) { /* top-level await: a coroutine that the caller runs */
        Generator *g = generator_new(vm, as_function(fn));
        if (g != NULL && !(code->flags & CO_OPTIMIZED))
            *frame_namespace(&g->frame) = incref(locals);
        decref(vm, fn);
        return g == NULL ? VALUE_ERROR : from_obj(g);
    }
    if (!native_enter(vm, "")) {
        decref(vm, fn);
        return VALUE_ERROR;
    }
    Frame *f = frame_push(vm, vm->thread, code);
    if (f != NULL) {
        memset(f->regs, 0, code->nregs * sizeof(Value));
        if (!(code->flags & CO_OPTIMIZED))
            *frame_namespace(f) = incref(locals);
        f->func = as_function(fn); /* moved */
        f->previous = vm->thread->frame;
        f->ret = RET_EXIT;
        result = eval_run(vm, f, EVAL_START);
    } else {
        decref(vm, fn);
    }
    native_leave(vm);
    return result;
}

Value code_run(VM *vm, Value code, Value globals, Value locals) {
    return code_run_closure(vm, code, globals, locals, 0);
}

Frame *function_push(VM *vm, Value value, Value *args, size_t nargs) {
    Function *fn = as_function(value);
    Frame *f = frame_push(vm, vm->thread, fn->code);
    if (f == NULL)
        return NULL;
    if (!function_bind(vm, fn, args, nargs, 0, f->regs)) {
        frame_unpush(vm, f);
        return NULL;
    }
    obj_incref(&fn->header);
    f->func = fn;
    f->previous = vm->thread->frame;
    f->ret = RET_EXIT;
    return f;
}

Frame *code_push(VM *vm, Value code_value, Value globals, Value locals) {
    Code *code = as_code(code_value);
    Value fn = function_new(vm, code, globals);
    Frame *f = fn == 0 ? NULL : frame_push(vm, vm->thread, code);
    if (f == NULL) {
        decref(vm, fn);
        return NULL;
    }
    memset(f->regs, 0, code->nregs * sizeof(Value));
    if (!(code->flags & CO_OPTIMIZED))
        *frame_namespace(f) = incref(locals);
    f->func = as_function(fn); /* moved */
    f->previous = vm->thread->frame;
    f->ret = RET_EXIT;
    return f;
}

/* --- the function type
 * -------------------------------------------------------------------------------------------------------------- */

/* The builtins a function sees: its globals' __builtins__ (a module or a dict), else the VM's. */
static Value builtins_of(VM *vm, Value globals) {
    Value b = has_exact_kind(globals, KIND_DICT) ? dict_get_str(vm, globals, NAME(__builtins__)) : 0;
    if (has_kind(b, KIND_MODULE))
        b = module_dict(b);
    return is_dict(b) ? b : vm->builtins;
}

Value function_new(VM *vm, Code *code, Value globals) {
    Function *fn = object_alloc(vm, vm->types.function, 0);
    if (fn == NULL)
        return VALUE_ERROR;
    obj_incref(&code->header);
    fn->code = code;
    fn->globals = incref(globals);
    Function *maker = vm->thread->frame == NULL ? NULL : vm->thread->frame->func;
    fn->builtins = incref(maker != NULL && maker->globals == globals ? maker->builtins : builtins_of(vm, globals));
    fn->name = incref(code->name);
    fn->qualname = incref(code->qualname);
    return from_obj(fn);
}

static void function_dealloc(VM *vm, Object *self) {
    Function *fn = (Function *)self;
    Value owned[] = {fn->globals,  fn->builtins,   fn->name,    fn->qualname,    fn->module,     fn->doc,
                     fn->defaults, fn->kwdefaults, fn->closure, fn->annotations, fn->type_params};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        decref(vm, owned[i]);
    if (fn->code != NULL)
        obj_decref(vm, &fn->code->header);
}

static void function_traverse(Object *self, VisitFn visit, void *arg) {
    Function *fn = (Function *)self;
    Value owned[] = {fn->globals,    fn->builtins, fn->module,      fn->doc,        fn->defaults,
                     fn->kwdefaults, fn->closure,  fn->annotations, fn->type_params};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        visit_value(owned[i], visit, arg);
}

static void function_clear(VM *vm, Object *self) {
    Function *fn = (Function *)self;
    Value *cut[] = {&fn->module, &fn->doc, &fn->defaults, &fn->kwdefaults, &fn->annotations, &fn->type_params};
    for (size_t i = 0; i < ARRAY_LEN(cut); i++)
        set_owned(vm, cut[i], 0);
    /* the cells themselves break cycles through the closure: code may still run with it */
}

static Value function_descr_get(VM *vm, Value self, Value obj, Value type) {
    (void)type;
    return obj == 0 || obj == VALUE_NONE ? incref(self) : method_new(vm, self, obj);
}

static Value function_repr(VM *vm, Value self) {
    Value at = address_text(vm, self);
    Value r = at == 0 ? 0 : str_printf(vm, "<function %V at %V>", as_function(self)->qualname, at);
    decref(vm, at);
    return r;
}

static Value function_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    (void)type;
    Value v[6];
    if (!native_bind(vm, "function", "code, globals, name=None, argdefs=None, closure=None, kwdefaults=None", args,
                     nargs, kwnames, v, 6))
        return VALUE_ERROR;
    if (!has_kind(v[0], KIND_CODE))
        return raise_type(vm, "function() argument 'code' must be code, not %T", v[0]);
    if (!is_dict(v[1]))
        return raise_type(vm, "function() argument 'globals' must be dict, not %T", v[1]);
    for (int i = 2; i < 6; i++)
        if (v[i] == VALUE_NONE)
            v[i] = 0;
    if (v[2] != 0 && !is_str(v[2]))
        return raise_type(vm, "arg 3 (name) must be None or string");
    if (v[3] != 0 && !is_tuple(v[3]))
        return raise_type(vm, "arg 4 (defaults) must be None or tuple");
    size_t nfree = as_tuple(as_code(v[0])->freevars)->len;
    if (v[4] != 0 && !is_tuple(v[4]))
        return raise_type(vm, "arg 5 (closure) must be None or tuple");
    if (nfree != (v[4] == 0 ? 0 : as_tuple(v[4])->len))
        return raise_value(vm, "%V requires closure of length %u, not %u", as_code(v[0])->name, nfree,
                           v[4] == 0 ? (size_t)0 : as_tuple(v[4])->len);
    for (size_t i = 0; i < nfree; i++)
        if (!has_kind(as_tuple(v[4])->items[i], KIND_CELL))
            return raise_type(vm, "arg 5 (closure) expected cell, found %T", as_tuple(v[4])->items[i]);
    if (v[5] != 0 && !is_dict(v[5]))
        return raise_type(vm, "arg 6 (kwdefaults) must be None or dict");
    Value fn = function_new(vm, as_code(v[0]), v[1]);
    if (fn == 0)
        return VALUE_ERROR;
    if (v[2] != 0) {
        set_owned(vm, &as_function(fn)->name, incref(v[2]));
        set_owned(vm, &as_function(fn)->qualname, incref(v[2]));
    }
    as_function(fn)->defaults = incref(v[3]);
    as_function(fn)->closure = incref(v[4]);
    as_function(fn)->kwdefaults = incref(v[5]);
    return fn;
}

static Value or_none(Value v) { return incref(v == 0 ? VALUE_NONE : v); }

static Value get_code(VM *vm, Value self) { return (void)vm, incref(from_obj(as_function(self)->code)); }
static bool set_code(VM *vm, Value self, Value v) {
    Function *fn = as_function(self);
    if (!has_kind(v, KIND_CODE))
        return raise_type(vm, "__code__ must be set to a code object");
    size_t nfree = as_tuple(as_code(v)->freevars)->len, nclosure = fn->closure == 0 ? 0 : as_tuple(fn->closure)->len;
    if (nfree != nclosure)
        return raise_value(vm, "%V() requires a code object with %u free vars, not %u", fn->name, nclosure, nfree);
    Code *old = fn->code;
    fn->code = as_code(incref(v));
    obj_decref(vm, &old->header);
    return true;
}
static Value get_name(VM *vm, Value self) { return (void)vm, incref(as_function(self)->name); }
static bool set_name(VM *vm, Value self, Value v) {
    if (!is_str(v))
        return raise_type(vm, "__name__ must be set to a string object");
    set_owned(vm, &as_function(self)->name, incref(v));
    return true;
}
static Value get_qualname(VM *vm, Value self) { return (void)vm, incref(as_function(self)->qualname); }
static bool set_qualname(VM *vm, Value self, Value v) {
    if (!is_str(v))
        return raise_type(vm, "__qualname__ must be set to a string object");
    set_owned(vm, &as_function(self)->qualname, incref(v));
    return true;
}
static Value get_defaults(VM *vm, Value self) { return (void)vm, or_none(as_function(self)->defaults); }
static bool set_defaults(VM *vm, Value self, Value v) {
    if (v == VALUE_NONE)
        v = 0;
    if (v != 0 && !is_tuple(v))
        return raise_type(vm, "__defaults__ must be set to a tuple object");
    set_owned(vm, &as_function(self)->defaults, incref(v));
    return true;
}
static Value get_kwdefaults(VM *vm, Value self) { return (void)vm, or_none(as_function(self)->kwdefaults); }
static bool set_kwdefaults(VM *vm, Value self, Value v) {
    if (v == VALUE_NONE)
        v = 0;
    if (v != 0 && !is_dict(v))
        return raise_type(vm, "__kwdefaults__ must be set to a dict object");
    set_owned(vm, &as_function(self)->kwdefaults, incref(v));
    return true;
}
static Value get_closure(VM *vm, Value self) { return (void)vm, or_none(as_function(self)->closure); }
static Value get_globals(VM *vm, Value self) { return (void)vm, incref(as_function(self)->globals); }
static Value get_builtins(VM *vm, Value self) { return (void)vm, incref(as_function(self)->builtins); }

/* __module__ and __doc__ are computed until they are set. */
static Value get_module(VM *vm, Value self) {
    Function *fn = as_function(self);
    if (fn->module == 0 && has_exact_kind(fn->globals, KIND_DICT))
        return or_none(dict_get_str(vm, fn->globals, NAME(__name__)));
    return or_none(fn->module);
}
static bool set_module(VM *vm, Value self, Value v) {
    set_owned(vm, &as_function(self)->module, v == 0 ? VALUE_NONE : incref(v));
    return true;
}
static Value get_doc(VM *vm, Value self) {
    (void)vm;
    Function *fn = as_function(self);
    if (fn->doc != 0)
        return incref(fn->doc);
    if (!code_ready(vm, fn->code))
        return VALUE_ERROR;
    return incref(fn->code->flags & CO_HAS_DOCSTRING ? fn->code->consts[0] : VALUE_NONE);
}
static bool set_doc(VM *vm, Value self, Value v) {
    set_owned(vm, &as_function(self)->doc, v == 0 ? VALUE_NONE : incref(v));
    return true;
}

/* The compiler leaves annotations as (name, value, name, value, ...): most are never asked for. */
static Value annotations_dict(VM *vm, Value pairs) {
    Value dict = dict_new(vm);
    for (size_t i = 0; dict != 0 && i + 1 < as_tuple(pairs)->len; i += 2) {
        if (!dict_set(vm, dict, as_tuple(pairs)->items[i], as_tuple(pairs)->items[i + 1])) {
            decref(vm, dict);
            return VALUE_ERROR;
        }
    }
    return dict;
}

static Value get_annotations(VM *vm, Value self) {
    Function *fn = as_function(self);
    if (fn->annotations == 0 && (fn->annotations = dict_new(vm)) == 0)
        return VALUE_ERROR;
    if (is_tuple(fn->annotations)) {
        Value dict = annotations_dict(vm, fn->annotations);
        if (dict == 0)
            return VALUE_ERROR;
        set_owned(vm, &fn->annotations, dict);
    }
    return incref(fn->annotations);
}
static bool set_annotations(VM *vm, Value self, Value v) {
    if (v == VALUE_NONE)
        v = 0;
    if (v != 0 && !is_dict(v))
        return raise_type(vm, "__annotations__ must be set to a dict object");
    set_owned(vm, &as_function(self)->annotations, incref(v));
    return true;
}
static Value get_type_params(VM *vm, Value self) {
    Value v = as_function(self)->type_params;
    return incref(v == 0 ? vm->empty_tuple : v);
}
static bool set_type_params(VM *vm, Value self, Value v) {
    if (!is_tuple(v))
        return raise_type(vm, "__type_params__ must be set to a tuple");
    set_owned(vm, &as_function(self)->type_params, incref(v));
    return true;
}
static const GetSetSpec function_getset[] = {
    {"__code__", get_code, set_code, "Compiled body."},
    {"__name__", get_name, set_name, "Name."},
    {"__qualname__", get_qualname, set_qualname, "Name with the path of the scopes around it."},
    {"__defaults__", get_defaults, set_defaults, "Defaults of the last positional parameters."},
    {"__kwdefaults__", get_kwdefaults, set_kwdefaults, "Defaults of keyword-only parameters."},
    {"__closure__", get_closure, NULL, "Cells of the variables of enclosing functions."},
    {"__globals__", get_globals, NULL, "Global variables."},
    {"__builtins__", get_builtins, NULL, "Built-in names."},
    {"__module__", get_module, set_module, "Name of the module."},
    {"__doc__", get_doc, set_doc, "Docstring."},
    {"__annotations__", get_annotations, set_annotations, "Annotations of parameters and result."},
    {"__type_params__", get_type_params, set_type_params, "Type parameters."},
    {0},
};

static Value function_method_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return function_call(vm, self, args, nargs, kwnames);
}

const TypeSpec function_spec = {
    .name = "function",
    .doc = "A function defined by a script.",
    .signature = "code, globals, name=None, argdefs=None, closure=None, kwdefaults=None",
    .size = sizeof(Function),
    .flags = TYPE_GC | TYPE_HAS_DICT,
    .kind = KIND_FUNCTION,
    .slots = {.dealloc = function_dealloc,
              .traverse = function_traverse,
              .clear = function_clear,
              .create = function_create,
              .call = function_method_call,
              .repr = function_repr,
              .descr_get = function_descr_get},
    .getset = function_getset,
};
