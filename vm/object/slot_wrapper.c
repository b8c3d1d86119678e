/* Calling the slots of native types as methods: int.__add__(1, 2), [].__len__(), object.__setattr__(o, "x", 1).
 *
 * The kind of a row of slots.def says how many arguments the method takes and how they reach the C function. */
#include <limits.h>

#include "runtime/vm.h"

#include "object/buffer.h"
#include "object/descr.h"
#include "object/type.h"

static bool check_count(VM *vm, size_t nargs, size_t wanted) {
    if (likely(nargs == wanted))
        return true;
    return raise_type(vm, "expected %u argument%s, got %u", wanted, wanted == 1 ? "" : "s", nargs);
}

/* Methods that the reference counts by its general function, whose text has room for a name, show a blank there. */
static bool check_count_blank(VM *vm, size_t nargs, size_t wanted) {
    if (likely(nargs == wanted))
        return true;
    return raise_type(vm, " expected %u argument%s, got %u", wanted, wanted == 1 ? "" : "s", nargs);
}

static bool check_range(VM *vm, size_t nargs, size_t min, size_t max) {
    if (nargs >= min && nargs <= max)
        return true;
    size_t bound = nargs < min ? min : max;
    return raise_type(vm, " expected at %s %u argument%s, got %u", nargs < min ? "least" : "most", bound,
                      bound == 1 ? "" : "s", nargs);
}

/* object.__setattr__ must not be used to get around the checks of a class nearer to the object. */
static bool check_setattr(VM *vm, const SlotDef *def, SlotFn fn, Value self) {
    Type *t = type_of(vm, self);
    while (t != NULL && (t->flags & TYPE_HEAP))
        t = t->base;
    if (t == NULL || (SlotFn)t->slots.setattr == fn)
        return true;
    return raise_type(vm, "can't apply this %s to %N object", def->name, t);
}

static bool check_name(VM *vm, Value name) {
    return is_str(name) || raise_type(vm, "attribute name must be string, not '%T'", name);
}

static Value none_if(bool ok) { return ok ? VALUE_NONE : 0; }

static Value wrap_get(VM *vm, SlotFn fn, Value self, Value *args, size_t nargs) {
    if (!check_range(vm, nargs, 1, 2))
        return 0;
    Value obj = args[0], type = nargs == 2 ? args[1] : VALUE_NONE;
    if (obj == VALUE_NONE)
        obj = 0;
    if (type == VALUE_NONE)
        type = 0;
    if (obj == 0 && type == 0)
        return raise_type(vm, "__get__(None, None) is invalid");
    return ((TernaryFn)fn)(vm, self, obj, type);
}

static Value wrap_pow(VM *vm, SlotFn fn, Value self, Value *args, size_t nargs, bool reflected) {
    if (!check_range(vm, nargs, 1, 2))
        return 0;
    Value a = reflected ? args[0] : self, b = reflected ? self : args[0];
    if (nargs == 1 || args[1] == VALUE_NONE)
        return ((BinaryFn)fn)(vm, a, b);
    TernaryFn with_mod = type_of(vm, self)->numbers.pow_mod;
    return with_mod != NULL ? with_mod(vm, a, b, args[1]) : VALUE_NOTIMPL;
}

static Value wrap_next(VM *vm, SlotFn fn, Value self) {
    Value v = ((UnaryFn)fn)(vm, self);
    return v != 0 || error_pending(vm) ? v : raise_stop_iteration(vm, 0);
}

static Value wrap_attribute(VM *vm, const SlotDef *def, SlotFn fn, Value self, Value *args, size_t nargs) {
    bool counted = def->kind == SK_SETATTR ? check_count_blank(vm, nargs, 2) : check_count(vm, nargs, 1);
    if (!counted || !check_name(vm, args[0]))
        return 0;
    if (def->kind == SK_GETATTRIBUTE)
        return ((BinaryFn)fn)(vm, self, args[0]);
    if (!check_setattr(vm, def, fn, self))
        return 0;
    return none_if(((bool (*)(VM *, Value, Value, Value))fn)(vm, self, args[0], nargs == 2 ? args[1] : 0));
}

/* A view of what this type's own get_buffer gives, also where the object's class says something else. */
static Value wrap_buffer(VM *vm, SlotFn fn, Value self, Value arg) {
    ssize_t flags;
    if (!to_ssize(vm, arg, &flags))
        return 0;
    if (flags > INT_MAX || flags < INT_MIN)
        return raise_overflow(vm, "buffer flags too large");
    Buffer buffer;
    return buffer_get_held(vm, self, &buffer, (int)flags, (BufferFn)fn) ? memoryview_of_buffer(vm, &buffer) : 0;
}

static Value wrap_release(VM *vm, Value self, Value view) {
    if (!has_kind(view, KIND_MEMORYVIEW))
        return raise_type(vm, "expected a memoryview object");
    return none_if(memoryview_release_for(vm, view, self));
}

/* Rows that take no further argument. */
static Value wrap_nullary(VM *vm, const SlotDef *def, SlotFn fn, Value self) {
    int64_t hash;
    ssize_t len;
    int yes;
    switch (def->kind) {
    case SK_NEXT:
        return wrap_next(vm, fn, self);
    case SK_HASH:
        return ((bool (*)(VM *, Value, int64_t *))fn)(vm, self, &hash) ? int_from_int64(vm, hash) : 0;
    case SK_LEN:
        len = ((ssize_t(*)(VM *, Value))fn)(vm, self);
        return len < 0 ? 0 : int_from_ssize(vm, len);
    case SK_TRUTH:
        yes = ((int (*)(VM *, Value))fn)(vm, self);
        return yes < 0 ? 0 : from_bool(yes != 0);
    case SK_DEL:
        ((void (*)(VM *, Value))fn)(vm, self);
        return error_pending(vm) ? 0 : VALUE_NONE;
    default:
        return ((UnaryFn)fn)(vm, self);
    }
}

static Value wrap_one(VM *vm, const SlotDef *def, SlotFn fn, Value self, Value arg) {
    int yes;
    switch (def->kind) {
    case SK_COMPARE:
        return ((Value(*)(VM *, Value, Value, CompareOp))fn)(vm, self, arg, (CompareOp)def->op);
    case SK_CONTAINS:
        yes = ((int (*)(VM *, Value, Value))fn)(vm, self, arg);
        return yes < 0 ? 0 : from_bool(yes != 0);
    case SK_REFLECTED:
        return ((BinaryFn)fn)(vm, arg, self);
    case SK_DELITEM:
    case SK_DESCR_DELETE:
        return none_if(((bool (*)(VM *, Value, Value, Value))fn)(vm, self, arg, 0));
    case SK_BUFFER:
        return wrap_buffer(vm, fn, self, arg);
    case SK_RELEASE:
        return wrap_release(vm, self, arg);
    default:
        return ((BinaryFn)fn)(vm, self, arg);
    }
}

static bool is_repetition(const SlotDef *def) {
    return def->offset == offsetof(Type, slots.repeat) || def->offset == offsetof(Type, slots.inplace_repeat);
}

/* seq.__mul__(n): n must be an index, whatever seq * n says about other operands. */
static Value wrap_repetition(VM *vm, SlotFn fn, Value self, Value *args, size_t nargs) {
    if (!check_count_blank(vm, nargs, 1))
        return 0;
    Value times = to_index(vm, args[0]);
    Value r = times != 0 ? ((BinaryFn)fn)(vm, self, times) : 0;
    decref(vm, times);
    return r;
}

Value slot_wrapper_call(VM *vm, const SlotDef *def, SlotFn fn, Value self, Value *args, size_t nargs, Value kwnames) {
    if (def->kind == SK_CALL)
        return ((NativeFn)fn)(vm, self, args, nargs, kwnames);
    if (def->kind == SK_INIT)
        return none_if(((bool (*)(VM *, Value, Value *, size_t, Value))fn)(vm, self, args, nargs, kwnames));
    if (kwnames != 0 && as_tuple(kwnames)->len != 0)
        return raise_type(vm, "wrapper %s() takes no keyword arguments", def->name);
    switch (def->kind) {
    case SK_UNARY:
    case SK_NEXT:
    case SK_HASH:
    case SK_LEN:
    case SK_TRUTH:
    case SK_DEL:
        return check_count(vm, nargs, 0) ? wrap_nullary(vm, def, fn, self) : 0;
    case SK_DESCR_GET:
        return wrap_get(vm, fn, self, args, nargs);
    case SK_POW:
    case SK_RPOW:
        return wrap_pow(vm, fn, self, args, nargs, def->kind == SK_RPOW);
    case SK_GETATTRIBUTE:
    case SK_SETATTR:
    case SK_DELATTR:
        return wrap_attribute(vm, def, fn, self, args, nargs);
    case SK_SETITEM:
    case SK_DESCR_SET:
        if (!check_count_blank(vm, nargs, 2))
            return 0;
        return none_if(((bool (*)(VM *, Value, Value, Value))fn)(vm, self, args[0], args[1]));
    default:
        if (is_repetition(def))
            return wrap_repetition(vm, fn, self, args, nargs);
        return check_count(vm, nargs, 1) ? wrap_one(vm, def, fn, self, args[0]) : 0;
    }
}

/* --- texts
 * ---------------------------------------------------------------------------------------------------------------- */

const char *slot_text_signature(const SlotDef *def) {
    switch (def->kind) {
    case SK_UNARY:
    case SK_NEXT:
    case SK_HASH:
    case SK_LEN:
    case SK_TRUTH:
    case SK_DEL:
        return "($self, /)";
    case SK_CALL:
    case SK_INIT:
    case SK_NEW:
        return "($self, /, *args, **kwargs)";
    case SK_DESCR_GET:
        return "($self, instance, owner=None, /)";
    case SK_DESCR_SET:
        return "($self, instance, value, /)";
    case SK_DESCR_DELETE:
        return "($self, instance, /)";
    case SK_GETATTRIBUTE:
    case SK_GETATTR:
    case SK_DELATTR:
        return "($self, name, /)";
    case SK_SETATTR:
        return "($self, name, value, /)";
    case SK_POW:
    case SK_RPOW:
        return "($self, value, mod=None, /)";
    case SK_SETITEM:
        return "($self, key, value, /)";
    case SK_BUFFER:
        return "($self, flags, /)";
    case SK_RELEASE:
        return "($self, buffer, /)";
    case SK_GETITEM:
    case SK_DELITEM:
    case SK_CONTAINS:
        return "($self, key, /)";
    default:
        return "($self, value, /)";
    }
}

Value slot_doc(VM *vm, const SlotDef *def) {
    static const struct {
        const char *name, *doc;
    } docs[] = {
        {"__repr__", "What repr() of the object gives."},
        {"__str__", "What str() of the object gives."},
        {"__hash__", "What hash() of the object gives."},
        {"__call__", "Calls the object like a function."},
        {"__init__", "Sets the new object up; help(type(self)) tells the arguments."},
        {"__del__", "What is done when the object goes away."},
        {"__iter__", "What iter() of the object gives."},
        {"__await__", "The iterator that awaiting the object runs."},
        {"__aiter__", "What aiter() of the object gives."},
        {"__anext__", "What anext() of the iterator gives: an awaitable."},
        {"__neg__", "What -self gives."},
        {"__pos__", "What +self gives."},
        {"__invert__", "What ~self gives."},
        {"__abs__", "What abs() of the object gives."},
        {"__int__", "What int() of the object gives."},
        {"__float__", "What float() of the object gives."},
        {"__complex__", "What complex() of the object gives."},
        {"__index__", "The object as the integer that it stands for, in an index for example."},
        {"__divmod__", "The pair (self // value, self % value)."},
        {"__rdivmod__", "The pair (value // self, value % self)."},
        {"__pow__", "What self ** value or, with mod, pow(self, value, mod) gives."},
        {"__rpow__", "What value ** self or, with mod, pow(value, self, mod) gives."},
        {"__next__", "What next() of the iterator gives."},
        {"__len__", "What len() of the object gives."},
        {"__bool__", "Is the object true?"},
        {"__getitem__", "What self[key] gives."},
        {"__setitem__", "Does self[key] = value."},
        {"__delitem__", "Does del self[key]."},
        {"__contains__", "Is key in self?"},
        {"__getattribute__", "What getattr(self, name) gives."},
        {"__setattr__", "Does setattr(self, name, value)."},
        {"__delattr__", "Does delattr(self, name)."},
        {"__get__", "What reading the attribute of an instance or class gives."},
        {"__set__", "Sets the attribute of an instance."},
        {"__delete__", "Deletes the attribute of an instance."},
        {"__buffer__", "A memoryview of the object's bytes."},
        {"__release_buffer__", "Releases a memoryview of the object's bytes."},
    };
    for (size_t i = 0; i < ARRAY_LEN(docs); i++) {
        if (strcmp(docs[i].name, def->name) == 0)
            return str_from_c(vm, docs[i].doc);
    }
    static const char *const compare_symbols[] = {"<", "<=", "==", "!=", ">", ">="};
    if (def->kind == SK_COMPARE)
        return str_printf(vm, "What self %s value gives.", compare_symbols[def->op]);
    const char *symbol = !def->specific_only ? arith_symbol[def->op] : is_repetition(def) ? "*" : "+";
    if (def->kind == SK_REFLECTED || strncmp(def->name, "__r", 3) == 0)
        return str_printf(vm, "What value %s self gives.", symbol);
    if (def->kind == SK_INPLACE || strncmp(def->name, "__i", 3) == 0)
        return str_printf(vm, "Does self %s= value, and returns the result.", symbol);
    return str_printf(vm, "What self %s value gives.", symbol);
}
