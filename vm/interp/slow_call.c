/* Calls off their fast path: argument binding, classes, bound methods, generators, anything callable. Where a script
 * function is behind the call, its frame is pushed and the loop continues in it; only calls that native code makes
 * nest in C. */
#include "interp/eval.h"
#include "interp/generator.h"
#include "interp/slow.h"
#include "interp/traceback.h"

Value slow_make_function(VM *vm, Frame *f, Value code, Value *parts, unsigned flags) {
    Value fn = function_new(vm, as_code(code), f->func->globals);
    if (fn == 0)
        return VALUE_ERROR;
    Function *function = as_function(fn);
    Value *fields[5] = {&function->defaults, &function->kwdefaults, &function->annotations, &function->closure,
                        &function->type_params};
    Value *part = parts;
    for (unsigned bit = 0; bit < 5; bit++) {
        if (flags & (1u << bit)) {
            *fields[bit] = *part;
            *part++ = 0;
        }
    }
    return fn;
}

/* --- pushing
 * ---------------------------------------------------------------------------------------------------------------------
 */

/* Drops the call window: callee, self, arguments. */
static void drop_window(VM *vm, Frame *f, Instr ins, Value *end) {
    for (Value *p = &f->regs[instr_b(ins)]; p < end; p++) {
        Value v = *p;
        *p = 0;
        decref(vm, v);
    }
}

static bool is_plain_positional(const Code *code, size_t nargs, Value kwnames) {
    return code->simple_args && code->argcount == nargs && kwnames == 0;
}

static void take_args(Value *regs, unsigned nregs, Value *args, size_t nargs) {
    for (size_t i = 0; i < nargs; i++)
        regs[i] = incref(args[i]);
    memset(regs + nargs, 0, (nregs - nargs) * sizeof(Value));
}

static bool bind(VM *vm, Function *fn, Value *args, size_t nargs, Value kwnames, Value *regs) {
    if (is_plain_positional(fn->code, nargs, kwnames)) {
        take_args(regs, fn->code->nregs, args, nargs);
        return true;
    }
    return function_bind(vm, fn, args, nargs, kwnames, regs);
}

/* Pushes a bound frame of a function that does not suspend; NULL with an exception. */
static Frame *push_bound(VM *vm, Frame *f, Function *fn, Value *args, size_t nargs, Value kwnames) {
    Frame *callee = frame_push(vm, vm->thread, fn->code);
    if (callee == NULL)
        return NULL;
    obj_incref(&fn->header);
    callee->func = fn;
    if (!bind(vm, fn, args, nargs, kwnames, callee->regs)) {
        frame_unpush(vm, callee);
        obj_decref(vm, &fn->header);
        return NULL;
    }
    callee->previous = f;
    callee->ret = RET_STORE;
    return callee;
}

static Value make_generator(VM *vm, Function *fn, Value *args, size_t nargs, Value kwnames) {
    Generator *g = generator_new(vm, fn);
    if (g == NULL)
        return VALUE_ERROR;
    if (!bind(vm, fn, args, nargs, kwnames, g->frame.regs)) {
        g->frame.state = FRAME_FINISHED;
        obj_decref(vm, &g->header);
        return VALUE_ERROR;
    }
    return from_obj(g);
}

/* A call from an instruction: result or *callee with the window dropped. */
static Value call_function(VM *vm, Frame *f, Instr ins, Function *fn, Value *args, size_t nargs, Value kwnames,
                           Value *window_end, Frame **callee) {
    if (fn->code->flags & CO_SUSPENDS)
        return make_generator(vm, fn, args, nargs, kwnames);
    Frame *pushed = push_bound(vm, f, fn, args, nargs, kwnames);
    if (pushed == NULL)
        return VALUE_ERROR;
    pushed->dst = (uint16_t)instr_a(ins);
    drop_window(vm, f, ins, window_end);
    *callee = pushed;
    return VALUE_ERROR;
}

/* --- classes
 * -----------------------------------------------------------------------------------------------------------------------
 */

/* A class whose instances are made by object.__new__ and initialised by a script function. */
static Value class_script_init(VM *vm, Type *type) {
    if (obj_type(&type->header)->slots.call != vm->types.type->slots.call ||
        type->slots.create != vm->types.object->slots.create || type->flags & TYPE_ABSTRACT ||
        type->kind != KIND_OBJECT)
        return 0;
    if (type->cached_version != type->version || type->version == 0) {
        type->cached_init = type_script_method(vm, type, NAME(__init__));
        type->cached_version = type->version;
    }
    return type->cached_init;
}

/* The instance waits in the callee's register (the first of the window) until __init__ returns. */
static Frame *push_init(VM *vm, Frame *f, Instr ins, Type *type, Function *init, Value *args, size_t nargs,
                        Value kwnames, Value *window_end) {
    Value instance = instance_new(vm, type);
    if (instance == 0)
        return NULL;
    Code *code = init->code;
    Frame *callee = frame_push(vm, vm->thread, code);
    if (callee == NULL) {
        decref(vm, instance);
        return NULL;
    }
    obj_incref(&init->header);
    callee->func = init;
    if (is_plain_positional(code, nargs + 1, kwnames)) {
        callee->regs[0] = incref(instance);
        for (size_t i = 0; i < nargs; i++) { /* moved: the window's cleanup then finds nothing to do */
            callee->regs[i + 1] = args[i];
            args[i] = 0;
        }
        memset(callee->regs + nargs + 1, 0, (code->nregs - nargs - 1) * sizeof(Value));
    } else {
        Value small[8], *all = small;
        size_t total = nargs;
        if (total + 1 > ARRAY_LEN(small) && (all = mem_alloc(vm, (total + 1) * sizeof(Value))) == NULL)
            goto fail;
        all[0] = instance;
        memcpy(all + 1, args, total * sizeof(Value));
        size_t nkw = kwnames == 0 ? 0 : as_tuple(kwnames)->len;
        bool ok = function_bind(vm, init, all, total + 1 - nkw, kwnames, callee->regs);
        if (all != small)
            mem_free(vm, all, (total + 1) * sizeof(Value));
        if (!ok)
            goto fail;
    }
    callee->previous = f;
    callee->ret = RET_INIT;
    callee->dst = (uint16_t)instr_a(ins);
    callee->aux = (uint16_t)instr_b(ins);
    drop_window(vm, f, ins, window_end);
    f->regs[instr_b(ins)] = instance;
    return callee;
fail:
    frame_unpush(vm, callee);
    obj_decref(vm, &init->header);
    decref(vm, instance);
    return NULL;
}

/* --- anything
 * -------------------------------------------------------------------------------------------------------------------------
 */

/* Calls with one more argument in front (bound methods, callable instances). */
static Value call_with_self(VM *vm, Frame *f, Instr ins, Value fn, Value self, Value *args, size_t nargs,
                            Value kwnames, Value *window_end, Frame **callee) {
    Value small[8], *all = small;
    if (nargs + 1 > ARRAY_LEN(small) && (all = mem_alloc(vm, (nargs + 1) * sizeof(Value))) == NULL)
        return VALUE_ERROR;
    all[0] = self;
    memcpy(all + 1, args, nargs * sizeof(Value));
    size_t npos = nargs + 1 - (kwnames == 0 ? 0 : as_tuple(kwnames)->len);
    Value r = 0;
    incref(fn);
    if (has_kind(fn, KIND_FUNCTION))
        r = call_function(vm, f, ins, as_function(fn), all, npos, kwnames, window_end, callee);
    else
        r = call(vm, fn, all, npos, kwnames);
    decref(vm, fn);
    if (all != small)
        mem_free(vm, all, (nargs + 1) * sizeof(Value));
    return r;
}

/* nargs counts all arguments, those named in kwnames included. */
Value slow_call(VM *vm, Frame *f, Instr ins, Value *args, size_t nargs, Value kwnames, Frame **callee) {
    Value fn = f->regs[instr_b(ins)];
    Value *window_end = args + nargs;
    size_t npos = nargs - (kwnames == 0 ? 0 : as_tuple(kwnames)->len);
    for (size_t i = 0; i < nargs; i++)
        if (unlikely(args[i] == 0))
            return raise_system(vm, "call argument is missing");
    if (unlikely(!is_obj(fn)))
        return raise_type(vm, "'%T' object is not callable", fn);
    switch (as_obj(fn)->kind) {
    case KIND_FUNCTION:
        return call_function(vm, f, ins, as_function(fn), args, npos, kwnames, window_end, callee);
    case KIND_METHOD: {
        Method *m = (Method *)as_obj(fn);
        return call_with_self(vm, f, ins, m->func, m->self, args, nargs, kwnames, window_end, callee);
    }
    case KIND_TYPE: {
        if (as_type(fn) == vm->types.type && nargs == 1 && kwnames == 0)
            return incref(type_value(type_of(vm, args[0])));
        Value init = class_script_init(vm, as_type(fn));
        if (init == 0 || (as_function(init)->code->flags & CO_SUSPENDS))
            break;
        *callee = push_init(vm, f, ins, as_type(fn), as_function(init), args, nargs, kwnames, window_end);
        return VALUE_ERROR;
    }
    case KIND_NATIVE:
        return native_call(vm, (Native *)as_obj(fn), args, npos, kwnames);
    default:
        if (obj_type(as_obj(fn))->flags & TYPE_HEAP) {
            Value method = type_script_method(vm, obj_type(as_obj(fn)), NAME(__call__));
            if (method != 0)
                return call_with_self(vm, f, ins, method, fn, args, nargs, kwnames, window_end, callee);
        }
    }
    return call(vm, fn, args, npos, kwnames);
}

/* --- f(*args, **kwargs)
 * ------------------------------------------------------------------------------------------------------------------
 */

typedef struct Spread { /* positional arguments and keyword values in one array */
    Value small[12], *all;
    size_t room, npos, total;
    Value kwnames; /* owned tuple or 0 */
} Spread;

static void spread_drop(VM *vm, Spread *s) {
    for (size_t i = 0; i < s->total; i++)
        decref(vm, s->all[i]);
    if (s->all != s->small)
        mem_free(vm, s->all, s->room * sizeof(Value));
    decref(vm, s->kwnames);
}

static bool spread_fill(VM *vm, Spread *s, Value positional, Value kwargs, Value fn) {
    Value *items = is_tuple(positional) ? as_tuple(positional)->items : as_list(positional)->items;
    s->npos = is_tuple(positional) ? as_tuple(positional)->len : as_list(positional)->len;
    size_t nkw = kwargs == 0 ? 0 : dict_len(kwargs);
    s->kwnames = 0;
    s->total = 0;
    s->room = s->npos + nkw;
    s->all = s->small;
    if (s->room > ARRAY_LEN(s->small) && (s->all = mem_alloc(vm, s->room * sizeof(Value))) == NULL)
        return false;
    for (size_t i = 0; i < s->npos; i++)
        s->all[s->total++] = incref(items[i]);
    if (nkw == 0)
        return true;
    s->kwnames = tuple_new(vm, nkw);
    Value key, value;
    size_t i = 0;
    for (size_t pos = 0; s->kwnames != 0 && dict_next(kwargs, &pos, &key, &value); i++) {
        if (!is_str(key)) {
            raise_type(vm, "keywords must be strings");
            spread_drop(vm, s);
            return false;
        }
        as_tuple(s->kwnames)->items[i] = incref(key);
        s->all[s->total++] = incref(value);
    }
    if (s->kwnames == 0)
        spread_drop(vm, s);
    (void)fn;
    return s->kwnames != 0;
}

/* f(*x) with any iterable: x becomes a tuple in its register. */
static bool make_sequence(VM *vm, Value fn, Value *x) {
    if (is_tuple(*x) || is_list(*x))
        return true;
    Type *type = type_of(vm, *x);
    if (type->slots.iter == NULL && type->slots.getitem == NULL) {
        Value name = callee_text(vm, fn);
        if (name != 0)
            raise_type(vm, "%V argument after * must be an iterable, not %T", name, *x);
        decref(vm, name);
        return false;
    }
    Value tuple = tuple_from_iterable(vm, *x);
    if (tuple == 0)
        return false;
    set_owned(vm, x, tuple);
    return true;
}

Value slow_call_ex(VM *vm, Frame *f, Instr ins, bool has_kwargs, Frame **callee) {
    Value *window = &f->regs[instr_b(ins)];
    Value fn = window[0];
    Spread s;
    if (!make_sequence(vm, fn, &window[1]))
        return VALUE_ERROR;
    if (!is_callable(fn))
        return raise_type(vm, "'%T' object is not callable", fn);
    if (!spread_fill(vm, &s, window[1], has_kwargs ? window[2] : 0, fn))
        return VALUE_ERROR;
    Value *window_end = window + 2 + has_kwargs;
    Value r;
    if (has_kind(fn, KIND_FUNCTION))
        r = call_function(vm, f, ins, as_function(fn), s.all, s.npos, s.kwnames, window_end, callee);
    else
        r = call(vm, fn, s.all, s.npos, s.kwnames);
    spread_drop(vm, &s);
    return r;
}

/* --- generators
 * ------------------------------------------------------------------------------------------------------------------------------
 */

/* next(g) and g.send(v) from an instruction resume g in the running loop. The window still holds g: the caller drops
 * it. */
Frame *slow_generator_push(VM *vm, Frame *f, Native *native, Value *args, size_t nargs) {
    Value g, sent = VALUE_NONE;
    if (native->fn == generator_method_send) {
        if (nargs != (native->self != 0 ? 1 : 2))
            return NULL;
        g = native->self != 0 ? native->self : args[0];
        sent = args[nargs - 1];
    } else {
        if (nargs != 1)
            return NULL;
        g = args[0];
    }
    if (!has_kind(g, KIND_GENERATOR) || obj_type(as_obj(g)) != vm->types.generator)
        return NULL;
    Generator *gen = as_generator(g);
    if (gen->frame.state == FRAME_FINISHED || gen->frame.state == FRAME_RUNNING)
        return NULL;
    Frame *callee = generator_resume(vm, vm->thread, gen, sent);
    if (callee == NULL)
        return NULL;
    incref(g); /* it may drop what the script has of it; given back where it leaves its frame */
    callee->previous = f;
    callee->ret = RET_NEXT;
    return callee;
}

Value slow_generator_iter(VM *vm, Value v) {
    if (obj_type(as_obj(v)) == vm->types.generator)
        return incref(v);
    return iter_get(vm, v);
}

Value slow_yield_from_iter(VM *vm, Frame *f, Value v) {
    bool coroutine_allowed = (f->code->flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE)) != 0;
    if (has_kind(v, KIND_GENERATOR) && obj_type(as_obj(v)) == vm->types.coroutine) {
        if (!coroutine_allowed)
            return raise_type(vm, "cannot 'yield from' a coroutine object in a non-coroutine generator");
        return incref(v);
    }
    if (has_kind(v, KIND_GENERATOR) && obj_type(as_obj(v)) == vm->types.generator)
        return incref(v);
    return iter_get(vm, v);
}

Value slow_get_awaitable(VM *vm, Value v, unsigned where) {
    if (is_obj(v) && (obj_type(as_obj(v))->flags & TYPE_SELF_AWAIT))
        return incref(v);
    Value it = awaitable_iter(vm, v);
    if (it == 0) {
        Type *t = type_of(vm, v);
        if (where != 0 && t->slots.await == NULL && error_matches(vm, vm->exc.TypeError)) {
            error_clear(vm);
            return raise_type(vm, "'async with' received an object from %s that does not implement __await__: %T",
                              where == 1 ? "__aenter__" : "__aexit__", v);
        }
        return VALUE_ERROR;
    }
    if (has_kind(it, KIND_GENERATOR) && obj_type(as_obj(it)) == vm->types.coroutine &&
        generator_yield_from(as_generator(it)) != 0) {
        decref(vm, it);
        return raise_runtime(vm, "coroutine is being awaited already");
    }
    return it;
}

void slow_stop_iteration_error(VM *vm, Generator *g) {
    Code *code = g->frame.code;
    if (g->frame.pc == code->instrs)
        return; /* thrown before anything of it has run */
    bool is_async = (code->flags & CO_ASYNC_GENERATOR) != 0;
    const char *kind = is_async ? "async generator" : code->flags & CO_COROUTINE ? "coroutine" : "generator";
    const char *what;
    if (error_matches(vm, vm->exc.StopIteration))
        what = "StopIteration";
    else if (is_async && error_matches(vm, vm->exc.StopAsyncIteration))
        what = "StopAsyncIteration";
    else
        return;
    Value cause = error_take(vm);
    raise_runtime(vm, "%s raised %s", kind, what);
    Value raised = vm->thread->exception;
    if (raised != 0 && is_exception(raised)) {
        Exception *e = as_exception(raised);
        set_owned(vm, &e->cause, incref(cause));
        set_owned(vm, &e->context, incref(cause));
        e->suppress_context = true; /* its traceback begins where the generator was resumed */
    }
    decref(vm, cause);
}
