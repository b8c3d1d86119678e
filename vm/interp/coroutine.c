/* The types generator and coroutine, and what `await` drives: methods, attributes, finalization. */
#include "interp/eval.h"
#include "interp/generator.h"
#include "object/descr.h"
#include "object/type.h"
#include "runtime/warnings.h"
#include "object/bytes.h"

/* --- names, states
 * ------------------------------------------------------------------------------------------------------------- */

static Value get_name(VM *vm, Value self) { return (void)vm, incref(as_generator(self)->frame.func->name); }
static Value get_qualname(VM *vm, Value self) { return (void)vm, incref(as_generator(self)->frame.func->qualname); }

/* A generator shows the names of its function. Renaming one gives it a function of its own, so that the others keep
 * theirs. */
static Function *own_function(VM *vm, Generator *g) {
    Function *fn = g->frame.func;
    Value copy = function_new(vm, fn->code, fn->globals);
    if (copy == 0)
        return NULL;
    Function *own = as_function(copy);
    set_owned(vm, &own->name, incref(fn->name));
    set_owned(vm, &own->qualname, incref(fn->qualname));
    own->closure = incref(fn->closure);
    g->frame.func = own;
    obj_decref(vm, &fn->header);
    return own;
}
bool generator_set_name(VM *vm, Value self, Value v) {
    if (v == 0 || !is_str(v))
        return raise_type(vm, "__name__ must be set to a string object");
    Function *fn = own_function(vm, as_generator(self));
    if (fn != NULL)
        set_owned(vm, &fn->name, incref(v));
    return fn != NULL;
}
bool generator_set_qualname(VM *vm, Value self, Value v) {
    if (v == 0 || !is_str(v))
        return raise_type(vm, "__qualname__ must be set to a string object");
    Function *fn = own_function(vm, as_generator(self));
    if (fn != NULL)
        set_owned(vm, &fn->qualname, incref(v));
    return fn != NULL;
}

static Value get_frame(VM *vm, Value self) {
    Generator *g = as_generator(self);
    return g->frame.state == FRAME_FINISHED ? VALUE_NONE : frame_object(vm, &g->frame);
}
static Value get_running(VM *vm, Value self) {
    (void)vm;
    Generator *g = as_generator(self);
    return from_bool(g->frame.state != FRAME_FINISHED && generator_is_running(g));
}
static Value get_suspended(VM *vm, Value self) {
    (void)vm;
    Generator *g = as_generator(self);
    return from_bool(g->frame.state == FRAME_SUSPENDED && !generator_is_running(g));
}
static Value get_yieldfrom(VM *vm, Value self) {
    (void)vm;
    Generator *g = as_generator(self);
    Value v = g->frame.state != FRAME_SUSPENDED || generator_is_running(g) ? 0 : generator_yield_from(g);
    if (is_obj(v) && (obj_type(as_obj(v))->flags & TYPE_SELF_AWAIT))
        return obj_type(as_obj(v))->slots.await(vm, v);
    return incref(v == 0 ? VALUE_NONE : v);
}
static Value get_code(VM *vm, Value self) { return (void)vm, incref(from_obj(as_generator(self)->frame.code)); }

static Value generator_repr(VM *vm, Value self) {
    Generator *g = as_generator(self);
    Value at = address_text(vm, self);
    Value r = at == 0 ? 0
                      : str_printf(vm, "<%s object %V at %V>", obj_type(&g->header)->spec->name,
                                   g->frame.func->qualname, at);
    decref(vm, at);
    return r;
}

/* --- methods
 * ------------------------------------------------------------------------------------------------------------------------
 */

/* The result of send and throw as a method gives it: a return becomes StopIteration. */
static Value method_result(VM *vm, SendStatus status, Value out) {
    if (status == SEND_RETURN) {
        raise_stop_iteration(vm, out == VALUE_NONE ? 0 : out);
        decref(vm, out);
        return VALUE_ERROR;
    }
    return status == SEND_ERROR ? VALUE_ERROR : out;
}

Value generator_method_send(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    Value out;
    SendStatus status = generator_send(vm, as_generator(self), args[0], &out);
    return method_result(vm, status, out);
}

Value generator_throw_exception(VM *vm, Value *args) {
    Value type = args[0], value = args[1] == 0 ? VALUE_NONE : args[1], tb = args[2] == 0 ? VALUE_NONE : args[2], exc;
    if ((args[1] != 0 || args[2] != 0) &&
        !warn(vm, vm->exc.DeprecationWarning, 1,
              "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead."))
        return VALUE_ERROR;
    if (tb != VALUE_NONE && !has_kind(tb, KIND_TRACEBACK))
        return raise_type(vm, "throw() third argument must be a traceback object");
    if (is_type(type) && type_is_subtype(as_type(type), vm->exc.BaseException)) {
        if (value == VALUE_NONE && tb == VALUE_NONE)
            return incref(type);
        if (is_exception(value) && is_instance(vm, value, type) > 0)
            exc = incref(value);
        else if (value == VALUE_NONE)
            exc = call0(vm, type);
        else if (is_tuple(value))
            exc = call(vm, type, as_tuple(value)->items, as_tuple(value)->len, 0);
        else
            exc = call1(vm, type, value);
        if (exc != 0 && !is_exception(exc)) {
            raise_type(vm, "calling %R should have returned an instance of BaseException, not %T", type, exc);
            set_owned(vm, &exc, 0);
        }
        if (exc == 0)
            return error_take(vm); /* the failure is thrown instead */
    } else if (is_exception(type)) {
        if (value != VALUE_NONE)
            return raise_type(vm, "instance exception may not have a separate value");
        exc = incref(type);
    } else {
        return raise_type(vm, "exceptions must be classes or instances deriving from BaseException, not %T", type);
    }
    if (exc != 0 && tb != VALUE_NONE)
        set_owned(vm, &as_exception(exc)->traceback, incref(tb));
    return exc;
}

static Value method_throw(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    Value exc = generator_throw_exception(vm, args);
    if (exc == 0)
        return VALUE_ERROR;
    Value out;
    SendStatus status = generator_throw(vm, as_generator(self), exc, &out);
    return method_result(vm, status, out);
}

static Value method_close(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)args, (void)nargs, (void)kwnames;
    Value value;
    if (!generator_close_value(vm, as_generator(self), &value))
        return VALUE_ERROR;
    return value == 0 ? VALUE_NONE : value;
}

static Value generator_next(VM *vm, Value self) {
    Value out;
    SendStatus status = generator_send(vm, as_generator(self), VALUE_NONE, &out);
    if (status == SEND_RETURN && out == VALUE_NONE)
        return VALUE_ERROR; /* exhausted, without the price of an exception */
    return method_result(vm, status, out);
}

static SendStatus generator_slot_send(VM *vm, Value self, Value sent, Value *out) {
    return generator_send(vm, as_generator(self), sent, out);
}

static Value return_self(VM *vm, Value self) { return (void)vm, incref(self); }

/* --- finalization
 * -----------------------------------------------------------------------------------------------------------------------
 */

/* By the function in the module `warnings`, if that is there; else, or if the function fails, by ourselves. */
static void warn_never_awaited(VM *vm, Generator *g) {
    Value warnings = vm->modules == 0 ? 0 : dict_get_c(vm, vm->modules, "warnings"), fn = 0;
    bool warned = false;
    if (warnings != 0 && attr_lookup(vm, warnings, NAME(_warn_unawaited_coroutine), &fn) > 0) {
        Value r = call1(vm, fn, from_obj(g));
        warned = r != 0 || error_matches(vm, vm->exc.RuntimeWarning);
        decref(vm, fn);
        decref(vm, r);
    }
    if (error_pending(vm))
        error_unraisable(vm, NULL, from_obj(g));
    if (warned)
        return;
    Value text = str_printf(vm, "coroutine '%V' was never awaited", g->frame.func->qualname);
    if (text == 0 || !warnings_issue(vm, type_value(vm->exc.RuntimeWarning), text, 1, from_obj(g)))
        error_unraisable(vm, NULL, from_obj(g));
    decref(vm, text);
}

void generator_finalize(VM *vm, Value self) {
    Generator *g = as_generator(self);
    if (g->frame.state == FRAME_FINISHED || (g->frame.state == FRAME_SUSPENDED && generator_is_running(g)))
        return;
    if (g->frame.state == FRAME_CREATED) {
        if ((g->frame.code->flags & CO_COROUTINE) && !vm->finalizing)
            warn_never_awaited(vm, g);
        return;
    }
    if (!generator_close(vm, g))
        error_unraisable(vm, NULL, self);
}

/* --- origins
 * ------------------------------------------------------------------------------------------------------------------------------
 */

void coroutine_note_origin(VM *vm, Generator *g) {
    Thread *t = vm->thread;
    Value key = int_from_uint64(vm, (uintptr_t)g), list = list_new(vm, 0);
    int depth = t->coroutine_origin_depth;
    bool ok = key != 0 && list != 0;
    for (Frame *f = t->frame; ok && f != NULL && depth > 0; f = frame_back(vm, f), depth--) {
        Value line = from_small_int(code_line(f->code, frame_lasti(f)));
        Value entry = tuple_pack(vm, 3, f->code->filename, line, f->code->name);
        ok = entry != 0 && list_append_steal(vm, list, entry);
    }
    Value origin = ok ? tuple_from_list(vm, list) : 0;
    if (origin != 0 && (t->coroutine_origins != 0 || (t->coroutine_origins = dict_new(vm)) != 0) &&
        dict_set(vm, t->coroutine_origins, key, origin))
        g->frame.flags |= GEN_HAS_ORIGIN;
    if (error_pending(vm))
        error_clear(vm);
    decref(vm, origin);
    decref(vm, list);
    decref(vm, key);
}

void coroutine_forget_origin(VM *vm, Generator *g) {
    Value pending = error_take(vm);
    Value key = int_from_uint64(vm, (uintptr_t)g);
    if (key == 0 || vm->thread->coroutine_origins == 0 || dict_delete(vm, vm->thread->coroutine_origins, key) < 0)
        error_clear(vm);
    decref(vm, key);
    vm->thread->exception = pending;
}

static Value get_origin(VM *vm, Value self) {
    Generator *g = as_generator(self);
    if (!(g->frame.flags & GEN_HAS_ORIGIN))
        return VALUE_NONE;
    Value key = int_from_uint64(vm, (uintptr_t)g);
    Value v = key == 0 ? 0 : dict_get(vm, vm->thread->coroutine_origins, key);
    decref(vm, key);
    return error_pending(vm) ? VALUE_ERROR : incref(v == 0 ? VALUE_NONE : v);
}

/* --- the types
 * ------------------------------------------------------------------------------------------------------------------------------
 */

static Value class_getitem(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)nargs, (void)kwnames;
    return generic_alias_new(vm, self, args[0]);
}

static const MethodSpec generator_methods[] = {
    {"send", generator_method_send, "value, /", "Resumes the generator; the value becomes the result of its yield.",
     METHOD_RESUMES},
    {"throw", method_throw, "typ, val=None, tb=None, /", "Raises an exception where the generator is suspended.", 0},
    {"close", method_close, "", "Raises GeneratorExit where the generator is suspended.", 0},
    {"__class_getitem__", class_getitem, "object, /", "A generic alias of the type.", METHOD_CLASS},
    {0},
};

static const GetSetSpec generator_getset[] = {
    {"__name__", get_name, generator_set_name, "Name of the generator."},
    {"__qualname__", get_qualname, generator_set_qualname, "Name with the path of the scopes around it."},
    {"gi_yieldfrom", get_yieldfrom, NULL, "What the generator delegates to by yield from, or None."},
    {"gi_running", get_running, NULL, "Whether it is being executed."},
    {"gi_suspended", get_suspended, NULL, "Whether it is at a yield."},
    {"gi_frame", get_frame, NULL, "Its frame, or None once it has ended."},
    {"gi_code", get_code, NULL, "Its code."},
    {0},
};

const TypeSpec generator_spec = {
    .name = "generator",
    .doc = "What calling a function with yield gives: a suspended activation that is an iterator.",
    .size = sizeof(Generator),
    .flags = TYPE_GC | TYPE_NO_NEW,
    .kind = KIND_GENERATOR,
    .slots = {.dealloc = generator_dealloc,
              .traverse = generator_traverse,
              .clear = generator_clear,
              .finalize = generator_finalize,
              .repr = generator_repr,
              .iter = return_self,
              .next = generator_next,
              .send = generator_slot_send},
    .methods = generator_methods,
    .getset = generator_getset,
};

static const GetSetSpec coroutine_getset[] = {
    {"__name__", get_name, generator_set_name, "Name of the coroutine."},
    {"__qualname__", get_qualname, generator_set_qualname, "Name with the path of the scopes around it."},
    {"cr_await", get_yieldfrom, NULL, "What the coroutine awaits, or None."},
    {"cr_running", get_running, NULL, "Whether it is being executed."},
    {"cr_suspended", get_suspended, NULL, "Whether it is at an await."},
    {"cr_frame", get_frame, NULL, "Its frame, or None once it has ended."},
    {"cr_code", get_code, NULL, "Its code."},
    {"cr_origin", get_origin, NULL, "Where it was made, if that is tracked."},
    {0},
};

/* coroutine.__await__() gives an iterator that drives the coroutine. */
typedef struct CoroutineWrapper {
    Object header;
    Value coroutine;
} CoroutineWrapper;

static Value coroutine_await(VM *vm, Value self) {
    CoroutineWrapper *w = object_alloc(vm, vm->types.coroutine_wrapper, 0);
    if (w == NULL)
        return VALUE_ERROR;
    w->coroutine = incref(self);
    return from_obj(w);
}

const TypeSpec coroutine_spec = {
    .name = "coroutine",
    .doc = "What calling an async function gives.",
    .size = sizeof(Generator),
    .flags = TYPE_GC | TYPE_NO_NEW,
    .kind = KIND_GENERATOR,
    .slots = {.dealloc = generator_dealloc,
              .traverse = generator_traverse,
              .clear = generator_clear,
              .finalize = generator_finalize,
              .repr = generator_repr,
              .await = coroutine_await,
              .send = generator_slot_send},
    .methods = generator_methods,
    .getset = coroutine_getset,
};

static Value wrapped(Value self) { return ((CoroutineWrapper *)as_obj(self))->coroutine; }
static void wrapper_dealloc(VM *vm, Object *self) { decref(vm, ((CoroutineWrapper *)self)->coroutine); }
static void wrapper_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((CoroutineWrapper *)self)->coroutine, visit, arg);
}
static Value wrapper_next(VM *vm, Value self) { return generator_next(vm, wrapped(self)); }
static SendStatus wrapper_slot_send(VM *vm, Value self, Value sent, Value *out) {
    return generator_send(vm, as_generator(wrapped(self)), sent, out);
}
static Value wrapper_send(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return generator_method_send(vm, wrapped(self), args, nargs, kwnames);
}
static Value wrapper_throw(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return method_throw(vm, wrapped(self), args, nargs, kwnames);
}
static Value wrapper_close(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return method_close(vm, wrapped(self), args, nargs, kwnames);
}

static const MethodSpec wrapper_methods[] = {
    {"send", wrapper_send, "value, /", "Resumes the coroutine.", 0},
    {"throw", wrapper_throw, "typ, val=None, tb=None, /", "Raises an exception in the coroutine.", 0},
    {"close", wrapper_close, "", "Closes the coroutine.", 0},
    {0},
};

const TypeSpec coroutine_wrapper_spec = {
    .name = "coroutine_wrapper",
    .doc = "Iterator that drives a coroutine.",
    .size = sizeof(CoroutineWrapper),
    .flags = TYPE_GC | TYPE_NO_NEW,
    .kind = KIND_ITERATOR,
    .slots = {.dealloc = wrapper_dealloc,
              .traverse = wrapper_traverse,
              .iter = return_self,
              .next = wrapper_next,
              .send = wrapper_slot_send},
    .methods = wrapper_methods,
};
