/* BaseException: creation, arguments, chaining attributes and notes, common to all exception classes.
 *
 * `args` is always a tuple once an instance is visible. Creating an instance sets it and so does __init__, as scripts
 * expect of subclasses that define only one of the two; when both get the same arguments the second does nothing.
 * The fields that some classes have (exceptions.def) are allocated when the first of them is set: most exceptions
 * never need any.
 */
#include "runtime/vm.h"
#include "object/exception_types.h"
#include "object/instance.h"

static Value *fields_of(VM *vm, Exception *e) {
    if (!e->fields)
        e->fields = mem_zalloc(vm, EXCEPTION_FIELDS * sizeof(Value));
    return e->fields;
}

Value exception_field(Value exc, int index) {
    Exception *e = as_exception(exc);
    return e->fields ? e->fields[index] : 0;
}

bool exception_set_field(VM *vm, Value exc, int index, Value v) {
    Value *fields = fields_of(vm, as_exception(exc));
    if (!fields)
        return false;
    set_owned(vm, &fields[index], incref(v));
    return true;
}

Value exception_alloc(VM *vm, Type *type, Value *args, size_t nargs) {
    Exception *e = object_alloc(vm, type, 0);
    if (!e)
        return VALUE_ERROR;
    e->args = nargs ? tuple_from_array(vm, args, nargs) : incref(vm->empty_tuple);
    if (!e->args) {
        obj_decref(vm, &e->header);
        return VALUE_ERROR;
    }
    return from_obj(e);
}

Value exception_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    return exception_alloc(vm, type, args, nargs);
}

bool exception_no_keywords(VM *vm, Type *type, Value kwnames) {
    if (!kwnames || as_tuple(kwnames)->len == 0)
        return true;
    return raise_type(vm, "%N() takes no keyword arguments", type);
}

static bool same_args(Value tuple, Value *args, size_t nargs) {
    if (!tuple || as_tuple(tuple)->len != nargs)
        return false;
    return nargs == 0 || memcmp(as_tuple(tuple)->items, args, nargs * sizeof *args) == 0;
}

bool exception_set_args(VM *vm, Value self, Value *args, size_t nargs) {
    Exception *e = as_exception(self);
    if (same_args(e->args, args, nargs))
        return true;
    Value tuple = nargs ? tuple_from_array(vm, args, nargs) : incref(vm->empty_tuple);
    if (!tuple)
        return false;
    set_owned(vm, &e->args, tuple);
    return true;
}

bool exception_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return exception_no_keywords(vm, obj_type(as_obj(self)), kwnames) && exception_set_args(vm, self, args, nargs);
}

Value exception_new(VM *vm, Type *type, Value *args, size_t nargs) {
    Value exc = call(vm, type_value(type), args, nargs, 0);
    if (exc && !is_exception(exc)) {
        raise_type(vm, "calling %R should have returned an instance of BaseException, not %R", type_value(type),
                   type_value(type_of(vm, exc)));
        decref(vm, exc);
        return VALUE_ERROR;
    }
    return exc;
}

/* What it says of its own goes before what any exception has: the traceback may be the last to hold things, too. */
static void drop_fields(VM *vm, Exception *e) {
    if (e->fields == NULL)
        return;
    for (int i = EXCEPTION_FIELDS; i-- > 0;)
        set_owned(vm, &e->fields[i], 0);
}

void exception_dealloc(VM *vm, Object *self) {
    Exception *e = (Exception *)self;
    const Type *type = obj_type(self);
    drop_fields(vm, e);
    if (unlikely(self->shape != type->root_shape || type->nmembers != 0))
        instance_clear_attrs(vm, self);
    decref(vm, e->args);
    decref(vm, e->notes);
    decref(vm, e->traceback);
    decref(vm, e->cause);
    decref(vm, e->context);
    if (e->fields)
        mem_free(vm, e->fields, EXCEPTION_FIELDS * sizeof(Value));
}

void exception_traverse(Object *self, VisitFn visit, void *arg) {
    Exception *e = (Exception *)self;
    visit_value(e->args, visit, arg);
    visit_value(e->notes, visit, arg);
    visit_value(e->traceback, visit, arg);
    visit_value(e->cause, visit, arg);
    visit_value(e->context, visit, arg);
    if (e->fields) {
        for (int i = 0; i < EXCEPTION_FIELDS; i++)
            visit_value(e->fields[i], visit, arg);
    }
}

void exception_clear(VM *vm, Object *self) {
    Exception *e = (Exception *)self;
    drop_fields(vm, e);
    /* args stays a tuple: a finalizer elsewhere in the cycle may still print the exception. */
    set_owned(vm, &e->args, incref(vm->empty_tuple));
    set_owned(vm, &e->notes, 0);
    set_owned(vm, &e->traceback, 0);
    set_owned(vm, &e->cause, 0);
    set_owned(vm, &e->context, 0);
}

Value exception_repr(VM *vm, Value self) {
    Exception *e = as_exception(self);
    Value args = incref(e->args ? e->args : vm->empty_tuple);
    Value result;
    if (as_tuple(args)->len == 1)
        result = str_printf(vm, "%N(%R)", obj_type(&e->header), as_tuple(args)->items[0]);
    else
        result = str_printf(vm, "%N%R", obj_type(&e->header), args);
    decref(vm, args);
    return result;
}

Value exception_str(VM *vm, Value self) {
    Value args = as_exception(self)->args;
    if (!args || as_tuple(args)->len == 0)
        return incref(vm->empty_str);
    incref(args);
    Value result = to_str(vm, as_tuple(args)->len == 1 ? as_tuple(args)->items[0] : args);
    decref(vm, args);
    return result;
}

/* ---- attributes ---- */

static Value or_none(Value v) { return v ? incref(v) : VALUE_NONE; }

static Value base_get_args(VM *vm, Value self) {
    Value args = as_exception(self)->args;
    return incref(args ? args : vm->empty_tuple);
}

static bool base_set_args(VM *vm, Value self, Value value) {
    if (!value)
        return raise_type(vm, "args may not be deleted");
    Value tuple = tuple_from_iterable(vm, value);
    if (!tuple)
        return false;
    set_owned(vm, &as_exception(self)->args, tuple);
    return true;
}

static Value base_get_traceback(VM *vm, Value self) { return or_none(as_exception(self)->traceback); }

static bool base_set_traceback(VM *vm, Value self, Value value) {
    if (!value)
        return raise_type(vm, "__traceback__ may not be deleted");
    if (!is_none(value) && !has_kind(value, KIND_TRACEBACK))
        return raise_type(vm, "__traceback__ must be a traceback or None");
    set_owned(vm, &as_exception(self)->traceback, is_none(value) ? 0 : incref(value));
    return true;
}

static Value base_get_context(VM *vm, Value self) { return or_none(as_exception(self)->context); }

static bool base_set_context(VM *vm, Value self, Value value) {
    if (!value)
        return raise_type(vm, "__context__ may not be deleted");
    if (!is_none(value) && !is_exception(value))
        return raise_type(vm, "exception context must be None or derive from BaseException");
    set_owned(vm, &as_exception(self)->context, is_none(value) ? 0 : incref(value));
    return true;
}

static Value base_get_cause(VM *vm, Value self) { return or_none(as_exception(self)->cause); }

static bool base_set_cause(VM *vm, Value self, Value value) {
    if (!value)
        return raise_type(vm, "__cause__ may not be deleted");
    if (!is_none(value) && !is_exception(value))
        return raise_type(vm, "exception cause must be None or derive from BaseException");
    as_exception(self)->suppress_context = true;
    set_owned(vm, &as_exception(self)->cause, is_none(value) ? 0 : incref(value));
    return true;
}

static Value base_get_suppress(VM *vm, Value self) { return from_bool(as_exception(self)->suppress_context); }

static bool base_set_suppress(VM *vm, Value self, Value value) {
    if (!value)
        return raise_type(vm, "can't delete numeric/char attribute");
    if (!is_bool(value))
        return raise_type(vm, "attribute value type must be bool");
    as_exception(self)->suppress_context = value == VALUE_TRUE;
    return true;
}

const GetSetSpec base_exception_getset[] = {
    {"args", base_get_args, base_set_args, "The arguments the exception was made with."},
    {"__traceback__", base_get_traceback, base_set_traceback, "Where the exception passed, or None."},
    {"__context__", base_get_context, base_set_context, "The exception that was being handled, or None."},
    {"__cause__", base_get_cause, base_set_cause, "The exception given after `from`, or None."},
    {"__suppress_context__", base_get_suppress, base_set_suppress, "Whether reports leave out the context."},
    {0},
};

/* ---- methods ---- */

Value exception_own_dict(VM *vm, Value self) { return instance_dict_copy(vm, as_obj(self), obj_type(as_obj(self))); }

Value exception_reduce(VM *vm, Value self, Value args, Value state) {
    Value type = type_value(obj_type(as_obj(self)));
    return state ? tuple_pack(vm, 3, type, args, state) : tuple_pack(vm, 2, type, args);
}

static Value base_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value dict = exception_own_dict(vm, self);
    if (!dict)
        return VALUE_ERROR;
    Value own_args = incref(as_exception(self)->args);
    Value result = exception_reduce(vm, self, own_args, dict_len(dict) ? dict : 0);
    decref(vm, own_args);
    decref(vm, dict);
    return result;
}

static Value base_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (is_none(args[0]))
        return VALUE_NONE;
    if (!is_dict(args[0]))
        return raise_type(vm, "state is not a dictionary");
    Value state = dict_copy(vm, args[0]);
    if (!state)
        return VALUE_ERROR;
    size_t pos = 0;
    Value key, value;
    bool ok = true;
    while (ok && dict_next(state, &pos, &key, &value))
        ok = is_str(key) ? attr_set(vm, self, key, value)
                         : raise_type(vm, "attribute name must be string, not '%T'", key) != 0;
    decref(vm, state);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

static Value base_with_traceback(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return base_set_traceback(vm, self, args[0]) ? incref(self) : VALUE_ERROR;
}

static Value base_add_note(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_str(args[0]))
        return raise_type(vm, "note must be a str, not '%T'", args[0]);
    Value notes;
    int found = attr_lookup(vm, self, NAME(__notes__), &notes);
    if (found < 0)
        return VALUE_ERROR;
    if (!found) {
        notes = list_new(vm, 0);
        if (!notes || !attr_set(vm, self, NAME(__notes__), notes)) {
            decref(vm, notes);
            return VALUE_ERROR;
        }
    }
    bool ok =
        is_list(notes) ? list_append(vm, notes, args[0]) : raise_type(vm, "Cannot add note: __notes__ is not a list");
    decref(vm, notes);
    return ok ? VALUE_NONE : VALUE_ERROR;
}

const MethodSpec base_exception_methods[] = {
    {"__reduce__", base_reduce, "", "What pickle and copy need to make the exception again.", 0},
    {"__setstate__", base_setstate, "state, /", "Sets the attributes that __reduce__ gave.", 0},
    {"with_traceback", base_with_traceback, "object, /", "Sets __traceback__ and returns the exception.", 0},
    {"add_note", base_add_note, "object, /", "Adds a line that the report shows below the message.", 0},
    {0},
};
