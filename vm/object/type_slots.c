/* Special methods in both directions: C functions that serve the slots of script-made classes by calling the method
 * they define, and wrappers through which scripts call the slots of native types as methods.
 *
 * slots.def has a row for each special name; here each row gets its `generic` function, which looks the method up on
 * the type (never on the instance) and calls it. A class whose method for a slot turns out to be the wrapper of a
 * native slot gets that native function directly, so that `class L(list): pass` indexes as fast as a list.
 *
 * Several names may share one slot (__lt__ ... __ge__; __setattr__ and __delattr__; __add__ and __radd__): native
 * code is used directly only if all the names that the class has agree on it. */
#include "runtime/vm.h"

#include "interp/frame.h"
#include "object/buffer.h"
#include "object/descr.h"
#include "object/instance.h"
#include "object/type.h"

#define ARGS_IN_PLACE 8

/* --- calling a special method
 * ------------------------------------------------------------------------------------------ */

/* Calls the attribute found on self's type: args[0] must be self, args[1 .. nargs] the arguments proper. */
static Value call_found(VM *vm, Value found, Value *args, size_t nargs) {
    if (has_kind(found, KIND_FUNCTION)) {
        incref(found);
        Value result = function_call(vm, found, args, nargs + 1, 0);
        decref(vm, found);
        return result;
    }
    incref(found);
    Value result;
    if (is_descriptor_of(found, vm->types.method_descriptor)) {
        result = call(vm, found, args, nargs + 1, 0);
    } else if (is_obj(found) && obj_type(as_obj(found))->slots.descr_get != NULL) {
        Value bound = descr_bind(vm, found, args[0], type_of(vm, args[0]));
        result = bound != 0 ? call(vm, bound, args + 1, nargs, 0) : 0;
        decref(vm, bound);
    } else {
        result = call(vm, found, args + 1, nargs, 0);
    }
    decref(vm, found);
    return result;
}

/* What reading the method through self gives: owned. Any object can stand in a class, with __get__ or without. */
static Value bind_found(VM *vm, Value found, Value self) {
    if (!is_obj(found) || obj_type(as_obj(found))->slots.descr_get == NULL)
        return incref(found);
    return descr_bind(vm, found, self, type_of(vm, self));
}

static Value lookup_on_type(VM *vm, Value self, Value name) { return type_lookup(vm, type_of(vm, self), name); }

/* Like call_found; AttributeError(name) when the type lacks the method (it was deleted meanwhile). */
static Value call_named(VM *vm, Value name, Value *args, size_t nargs) {
    Value found = lookup_on_type(vm, args[0], name);
    return found != 0 ? call_found(vm, found, args, nargs) : raise_attribute(vm, args[0], name, "%V", name);
}

/* Like call_named, with NotImplemented for a missing method. */
static Value call_maybe(VM *vm, Value name, Value *args, size_t nargs) {
    Value found = lookup_on_type(vm, args[0], name);
    return found != 0 ? call_found(vm, found, args, nargs) : VALUE_NOTIMPL;
}

/* --- generic slot functions: one operand
 * ---------------------------------------------------------------------------------- */

static Value call_unary(VM *vm, Value self, Value name) { return call_named(vm, name, &self, 0); }

#define SLOT(id, field, kind) SLOT_##kind(id)
#define SLOT_COMPARE(id, op)
#define SLOT_BINARY(id, rid, op)
#define SLOT_INPLACE(id, op)                                                                                         \
    static Value slot_##id(VM *vm, Value a, Value b) {                                                               \
        Value args[2] = {a, b};                                                                                      \
        return call_named(vm, NAME(id), args, 1);                                                                    \
    }
#define SLOT_UNARY_FN(id)                                                                                            \
    static Value slot_##id(VM *vm, Value self) { return call_unary(vm, self, NAME(id)); }
#define SLOT_HASH(id)
#define SLOT_CALL(id)
#define SLOT_INIT(id)
#define SLOT_NEW(id)
#define SLOT_DEL(id)
#define SLOT_GETATTRIBUTE(id)
#define SLOT_GETATTR(id)
#define SLOT_SETATTR(id)
#define SLOT_DELATTR(id)
#define SLOT_DESCR_GET(id)
#define SLOT_DESCR_SET(id)
#define SLOT_DESCR_DELETE(id)
#define SLOT_NEXT(id)
#define SLOT_TRUTH(id)
#define SLOT_LEN(id)
#define SLOT_GETITEM(id)
#define SLOT_SETITEM(id)
#define SLOT_DELITEM(id)
#define SLOT_CONTAINS(id)
#define SLOT_BUFFER(id)
#define SLOT_RELEASE(id)
/* SLOT_UNARY serves both as row and as wrapper kind in slots.def: told apart by the number of arguments */
#define SLOT_UNARY_PICK(_1, _2, pick, ...) pick
#define SLOT_UNARY_ROW(id, op) SLOT_UNARY_FN(id)
#define SLOT_UNARY(...) SLOT_UNARY_PICK(__VA_ARGS__, SLOT_UNARY_ROW, SLOT_UNARY_FN, )(__VA_ARGS__)
#define SLOT_NUMBER(id, field) SLOT_UNARY_FN(id)
#define slot___iter__ slot_plain_iter
#include "object/slots.def"
#undef slot___iter__
#undef SLOT
#undef SLOT_NUMBER
#undef SLOT_COMPARE
#undef SLOT_BINARY
#undef SLOT_INPLACE
#undef SLOT_UNARY

static Value slot___iter__(VM *vm, Value self) {
    if (lookup_on_type(vm, self, NAME(__iter__)) == VALUE_NONE)
        return raise_type(vm, "'%T' object is not iterable", self);
    return slot_plain_iter(vm, self);
}

static bool slot___hash__(VM *vm, Value self, int64_t *out) {
    Value found = lookup_on_type(vm, self, NAME(__hash__));
    if (found == 0 || found == VALUE_NONE)
        return raise_type(vm, "unhashable type: '%T'", self);
    Value v = call_found(vm, found, &self, 0);
    if (v == 0)
        return false;
    if (!is_int(v)) {
        decref(vm, v);
        return raise_type(vm, "__hash__ method should return an integer");
    }
    if (!int_fits_int64(v, out))
        *out = int_hash(v);
    if (*out == -1)
        *out = -2;
    decref(vm, v);
    return true;
}

static Value slot___call__(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value found = lookup_on_type(vm, self, NAME(__call__));
    if (found == 0)
        return raise_attribute(vm, self, NAME(__call__), "__call__");
    incref(found);
    Value result = 0;
    if (has_kind(found, KIND_FUNCTION)) {
        size_t total = nargs + 1 + (kwnames != 0 ? as_tuple(kwnames)->len : 0);
        Value place[ARGS_IN_PLACE], *all = total <= ARGS_IN_PLACE ? place : mem_alloc(vm, total * sizeof(Value));
        if (all != NULL) {
            all[0] = self;
            memcpy(all + 1, args, (total - 1) * sizeof(Value));
            result = function_call(vm, found, all, nargs + 1, kwnames);
            if (all != place)
                mem_free(vm, all, total * sizeof(Value));
        }
    } else {
        Value bound = bind_found(vm, found, self);
        result = bound != 0 ? call(vm, bound, args, nargs, kwnames) : 0;
        decref(vm, bound);
    }
    decref(vm, found);
    return result;
}

/* Calls found(first, *args): what __init__ and __new__ need. */
static Value call_with_first(VM *vm, Value fn, Value first, Value *args, size_t nargs, Value kwnames) {
    size_t total = nargs + 1 + (kwnames != 0 ? as_tuple(kwnames)->len : 0);
    Value place[ARGS_IN_PLACE], *all = total <= ARGS_IN_PLACE ? place : mem_alloc(vm, total * sizeof(Value));
    if (all == NULL)
        return 0;
    all[0] = first;
    if (total > 1)
        memcpy(all + 1, args, (total - 1) * sizeof(Value));
    Value result = call(vm, fn, all, nargs + 1, kwnames);
    if (all != place)
        mem_free(vm, all, total * sizeof(Value));
    return result;
}

static bool slot___init__(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value found = lookup_on_type(vm, self, NAME(__init__)), result;
    if (found == 0)
        return raise_attribute(vm, self, NAME(__init__), "__init__");
    incref(found);
    if (has_kind(found, KIND_FUNCTION)) {
        result = call_with_first(vm, found, self, args, nargs, kwnames);
    } else {
        Value bound = bind_found(vm, found, self);
        result = bound != 0 ? call(vm, bound, args, nargs, kwnames) : 0;
        decref(vm, bound);
    }
    decref(vm, found);
    if (result == VALUE_NONE)
        return true;
    if (result != 0)
        raise_type(vm, "__init__() should return None, not '%T'", result);
    decref(vm, result);
    return false;
}

Value slot_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value fn;
    int found = attr_lookup(vm, type_value(type), NAME(__new__), &fn);
    if (found <= 0)
        return found < 0 ? 0 : raise_attribute(vm, type_value(type), NAME(__new__), "__new__");
    Value result = call_with_first(vm, fn, type_value(type), args, nargs, kwnames);
    decref(vm, fn);
    return result;
}

static void slot___del__(VM *vm, Value self) {
    Value found = lookup_on_type(vm, self, NAME(__del__));
    if (found == 0)
        return;
    incref(found);
    Value pending = error_take(vm);
    Value result = call_found(vm, found, &self, 0);
    if (result == 0)
        error_unraisable(vm, NULL, found);
    decref(vm, result);
    decref(vm, found);
    vm->thread->exception = pending;
}

/* --- comparison
 * --------------------------------------------------------------------------------------------------------------- */

static Value compare_name(VM *vm, CompareOp op) {
    switch (op) {
    case CMP_LT:
        return NAME(__lt__);
    case CMP_LE:
        return NAME(__le__);
    case CMP_EQ:
        return NAME(__eq__);
    case CMP_NE:
        return NAME(__ne__);
    case CMP_GT:
        return NAME(__gt__);
    default:
        return NAME(__ge__);
    }
}

static Value slot_compare(VM *vm, Value a, Value b, CompareOp op) {
    Value args[2] = {a, b};
    if (!native_enter(vm, " in comparison"))
        return 0;
    Value result = call_maybe(vm, compare_name(vm, op), args, 1);
    native_leave(vm);
    return result;
}

/* --- attributes
 * ------------------------------------------------------------------------------------------------------------------
 */

static Value slot_getattribute(VM *vm, Value self, Value name) {
    Value args[2] = {self, name};
    return call_named(vm, NAME(__getattribute__), args, 1);
}

/* Is __getattribute__ what object defines? Then nothing has to be called to find out that an attribute is missing. */
static bool plain_getattribute(VM *vm, Type *t, SlotFn *fn) {
    Value found = type_lookup(vm, t, NAME(__getattribute__));
    if (!is_descriptor_of(found, vm->types.wrapper_descriptor))
        return false;
    *fn = ((Descriptor *)as_obj(found))->fn;
    return true;
}

bool type_reads_plainly(VM *vm, Type *t) {
    SlotFn fn = NULL;
    return plain_getattribute(vm, t, &fn) && fn == (SlotFn)attr_generic_get;
}

Value slot_getattr_hook(VM *vm, Value self, Value name) {
    Type *t = type_of(vm, self);
    Value result = 0;
    if (type_reads_plainly(vm, t)) {
        int found = attr_generic_lookup(vm, self, name, &result);
        if (found > 0)
            return result;
        if (found < 0 && !error_matches(vm, vm->exc.AttributeError))
            return 0;
    } else {
        Value args[2] = {self, name};
        result = call_named(vm, NAME(__getattribute__), args, 1);
        if (result != 0 || !error_matches(vm, vm->exc.AttributeError))
            return result;
    }
    Value hook = type_lookup(vm, t, NAME(__getattr__));
    if (hook == 0)
        return error_pending(vm) ? 0 : raise_no_attribute(vm, self, name);
    error_clear(vm);
    Value args[2] = {self, name};
    return call_found(vm, hook, args, 1);
}

static bool drop_result(VM *vm, Value result) {
    decref(vm, result);
    return result != 0;
}

static bool slot___setattr__(VM *vm, Value self, Value name, Value value) {
    Value args[3] = {self, name, value};
    return drop_result(vm, value != 0 ? call_named(vm, NAME(__setattr__), args, 2)
                                      : call_named(vm, NAME(__delattr__), args, 1));
}

static Value slot___get__(VM *vm, Value self, Value obj, Value type) {
    Value args[3] = {self, obj != 0 ? obj : VALUE_NONE, type != 0 ? type : VALUE_NONE};
    Value found = lookup_on_type(vm, self, NAME(__get__));
    return found != 0 ? call_found(vm, found, args, 2) : incref(self);
}

static bool slot___set__(VM *vm, Value self, Value obj, Value value) {
    Value args[3] = {self, obj, value};
    return drop_result(vm, value != 0 ? call_named(vm, NAME(__set__), args, 2)
                                      : call_named(vm, NAME(__delete__), args, 1));
}

/* --- iteration, containers, truth
 * -------------------------------------------------------------------------------------------------- */

static Value slot___next__(VM *vm, Value self) { return call_unary(vm, self, NAME(__next__)); }

static int slot___bool__(VM *vm, Value self) {
    Value v = call_unary(vm, self, NAME(__bool__));
    if (v == 0)
        return -1;
    if (is_bool(v))
        return v == VALUE_TRUE;
    raise_type(vm, "__bool__ should return bool, returned %T", v);
    decref(vm, v);
    return -1;
}

static ssize_t slot___len__(VM *vm, Value self) {
    Value v = call_unary(vm, self, NAME(__len__));
    if (v == 0)
        return -1;
    Value n = to_index(vm, v);
    decref(vm, v);
    if (n == 0)
        return -1;
    ssize_t len = -1;
    if (int_sign(n) < 0)
        raise_value(vm, "__len__() should return >= 0");
    else if (!to_ssize(vm, n, &len))
        len = -1;
    decref(vm, n);
    return len;
}

static Value slot___getitem__(VM *vm, Value self, Value key) {
    Value args[2] = {self, key};
    return call_named(vm, NAME(__getitem__), args, 1);
}

static bool slot___setitem__(VM *vm, Value self, Value key, Value value) {
    Value args[3] = {self, key, value};
    return drop_result(vm, value != 0 ? call_named(vm, NAME(__setitem__), args, 2)
                                      : call_named(vm, NAME(__delitem__), args, 1));
}

static int slot___contains__(VM *vm, Value self, Value item) {
    Value found = lookup_on_type(vm, self, NAME(__contains__));
    if (found == VALUE_NONE) {
        raise_type(vm, "'%T' object is not a container", self);
        return -1;
    }
    Value args[2] = {self, item};
    Value v = found != 0 ? call_found(vm, found, args, 1) : call_named(vm, NAME(__contains__), args, 1);
    if (v == 0)
        return -1;
    int result = truth(vm, v);
    decref(vm, v);
    return result;
}

/* --- binary operators
 * --------------------------------------------------------------------------------------------------------------- */

/* Does the right operand's class bring a reflected method of its own? */
static bool is_overloaded(VM *vm, Value a, Value b, Value rname) {
    Value theirs = lookup_on_type(vm, b, rname);
    return theirs != 0 && theirs != lookup_on_type(vm, a, rname);
}

/* Serves both operands' types: `fn` in a type's slot tells that it is script-made in this respect. */
static Value binary_by_name(VM *vm, Value a, Value b, BinaryOp op, BinaryFn fn, Value name, Value rname) {
    Type *ta = type_of(vm, a), *tb = type_of(vm, b);
    bool try_other = ta != tb && tb->numbers.binary[op] == fn;
    Value forward[2] = {a, b}, reverse[2] = {b, a};
    if (ta->numbers.binary[op] == fn) {
        if (try_other && type_is_subtype(tb, ta) && is_overloaded(vm, a, b, rname)) {
            Value r = call_maybe(vm, rname, reverse, 1);
            if (r != VALUE_NOTIMPL)
                return r;
            try_other = false;
        }
        Value r = call_maybe(vm, name, forward, 1);
        if (r != VALUE_NOTIMPL || ta == tb)
            return r;
    }
    return try_other ? call_maybe(vm, rname, reverse, 1) : VALUE_NOTIMPL;
}

#define SLOT(id, field, kind)
#define SLOT_NUMBER(id, field)
#define SLOT_COMPARE(id, op)
#define SLOT_INPLACE(id, op)
#define SLOT_UNARY(...)
#define SLOT_BINARY(id, rid, op)                                                                                     \
    static Value slot_##id(VM *vm, Value a, Value b) {                                                               \
        return binary_by_name(vm, a, b, op, slot_##id, NAME(id), NAME(rid));                                         \
    }
#include "object/slots.def"
#undef SLOT
#undef SLOT_NUMBER
#undef SLOT_COMPARE
#undef SLOT_INPLACE
#undef SLOT_UNARY
#undef SLOT_BINARY

static Value slot_pow_mod(VM *vm, Value a, Value b, Value mod) {
    if (mod == VALUE_NONE)
        return slot___pow__(vm, a, b);
    if (type_of(vm, a)->numbers.binary[OP_POW] != slot___pow__)
        return VALUE_NOTIMPL;
    Value args[3] = {a, b, mod};
    return call_named(vm, NAME(__pow__), args, 2);
}

/* --- the table
 * ------------------------------------------------------------------------------------------------------------------------
 */

#define OFF(field) (uint16_t) offsetof(Type, slots.field)
#define OFF_NUMBER(field) (uint16_t) offsetof(Type, numbers.field)
#define OFF_NAME(id) (uint16_t) offsetof(Names, n_##id)
#define OFF_OP(field, op) (uint16_t)(offsetof(Type, numbers.field) + (op) * sizeof(SlotFn))
#define ROW(id, offset_, kind_, op_, fn)                                                                             \
    { #id, OFF_NAME(id), offset_, kind_, op_, false, (SlotFn)fn, NULL }

#define slot___getattribute__ slot_getattribute
#define slot___getattr__ slot_getattr_hook
#define slot___delattr__ slot___setattr__
#define slot___delete__ slot___set__
#define slot___delitem__ slot___setitem__
#define slot___new__ slot_create
#define slot___buffer__ buffer_get_script
#define slot___release_buffer__ buffer_release_script
#define SK_POW_IF(op) ((op) == OP_POW ? SK_POW : SK_BINARY)
#define SK_RPOW_IF(op) ((op) == OP_POW ? SK_RPOW : SK_REFLECTED)

const SlotDef slot_defs[] = {
#define SLOT(id, field, kind) ROW(id, OFF(field), SK_##kind, 0, slot_##id),
#define SLOT_NUMBER(id, field) ROW(id, OFF_NUMBER(field), SK_UNARY, 0, slot_##id),
#define SLOT_COMPARE(id, op) ROW(id, OFF(compare), SK_COMPARE, op, slot_compare),
#define SLOT_INPLACE(id, op) ROW(id, OFF_OP(inplace, op), SK_INPLACE, op, slot_##id),
#define SLOT_BINARY(id, rid, op)                                                                                     \
    ROW(id, OFF_OP(binary, op), SK_POW_IF(op), op, slot_##id),                                                       \
        ROW(rid, OFF_OP(binary, op), SK_RPOW_IF(op), op, slot_##id),
#define SLOT_UNARY(id, op) ROW(id, OFF_OP(unary, op), SK_UNARY, op, slot_##id),
#include "object/slots.def"
#undef SLOT
#undef SLOT_NUMBER
#undef SLOT_COMPARE
#undef SLOT_INPLACE
#undef SLOT_BINARY
#undef SLOT_UNARY
    {"__add__", OFF_NAME(__add__), OFF(concat), SK_BINARY, 0, true, NULL, NULL},
    {"__mul__", OFF_NAME(__mul__), OFF(repeat), SK_BINARY, 0, true, NULL, NULL},
    {"__rmul__", OFF_NAME(__rmul__), OFF(repeat), SK_REPEAT, 0, true, NULL, NULL},
    {"__iadd__", OFF_NAME(__iadd__), OFF(inplace_concat), SK_INPLACE, 0, true, NULL, NULL},
    {"__imul__", OFF_NAME(__imul__), OFF(inplace_repeat), SK_INPLACE, 0, true, NULL, NULL},
};
const size_t slot_defs_count = ARRAY_LEN(slot_defs);

bool slot_is_script(SlotFn fn) {
    for (size_t i = 0; i < slot_defs_count; i++) {
        if (slot_defs[i].generic == fn)
            return fn != NULL;
    }
    return fn == (SlotFn)slot_pow_mod;
}

/* --- filling the slots of a class
 * --------------------------------------------------------------------------------------------------------- */

SlotFn slot_of_spec(const TypeSpec *spec, size_t offset) {
    SlotFn f = NULL;
    if (offset < offsetof(Type, numbers))
        memcpy(&f, (const char *)&spec->slots + offset - offsetof(Type, slots), sizeof f);
    else if (spec->numbers != NULL)
        memcpy(&f, (const char *)spec->numbers + offset - offsetof(Type, numbers), sizeof f);
    return f;
}

static void inherit(void *to, const void *base, size_t size) {
    SlotFn *own = to;
    const SlotFn *from = base;
    for (size_t i = 0; i < size / sizeof(SlotFn); i++) {
        if (unlikely(from[i] != NULL) && own[i] == NULL)
            own[i] = from[i];
    }
}

static bool has_numbers(const Type *t) {
    while (t != NULL && t->spec->numbers == NULL)
        t = t->base;
    return t != NULL;
}

void slots_inherit(Type *t, const Type *base) {
    bool compares = t->slots.compare != NULL, hashes = t->slots.hash != NULL;
    inherit(&t->slots, &base->slots, sizeof t->slots);
    if (has_numbers(base)) /* few have: a VM is made faster by a twentieth for this look */
        inherit(&t->numbers, &base->numbers, sizeof t->numbers);
    if (compares && !hashes)
        t->slots.hash = NULL;
}

static Value def_name(VM *vm, const SlotDef *def) { return *(Value *)((char *)&vm->names + def->name_offset); }

/* The native function behind an attribute, when calling the method `def` means calling that: NULL if not. */
static SlotFn native_behind(VM *vm, Type *t, const SlotDef *def, Value found) {
    if (!is_obj(found))
        return NULL;
    Type *ft = obj_type(as_obj(found));
    if (ft == vm->types.wrapper_descriptor) {
        Descriptor *d = (Descriptor *)as_obj(found);
        if (d->slot->name_offset == def->name_offset && d->slot->offset == def->offset &&
            type_is_subtype(t, d->owner))
            return d->fn;
        return NULL;
    }
    if (def->kind == SK_NEW && ft == vm->types.builtin_function) {
        Native *f = (Native *)as_obj(found);
        if (f->spec == &type_new_spec && is_type(f->self)) {
            /* only if it would agree to make this class; else let it be called, and complain */
            Type *solid = t;
            while (solid != NULL && (solid->flags & TYPE_HEAP))
                solid = solid->base;
            if (solid != NULL && solid->slots.create == as_type(f->self)->slots.create)
                return (SlotFn)solid->slots.create;
        }
        return NULL;
    }
    if (ft == vm->types.method_descriptor && ((Native *)as_obj(found))->owner != NULL) {
        /* a native type that offers the same thing as method and as slot */
        Native *f = (Native *)as_obj(found);
        return type_is_subtype(t, f->owner) ? slot_of_spec(f->owner->spec, def->offset) : NULL;
    }
    return NULL;
}

/* Serves a class that has lost its __next__: loops may be running over its instances. */
static Value next_lost(VM *vm, Value self) { return raise_type(vm, "'%T' object is not iterable", self); }

/* Recomputes the slot at one offset from all the rows that belong to it. */
static void update_offset(VM *vm, Type *t, uint16_t offset) {
    SlotFn specific = NULL, generic = NULL;
    bool use_generic = false, unhashable = false, any = false;
    for (size_t i = 0; i < slot_defs_count; i++) {
        const SlotDef *def = &slot_defs[i];
        if (def->offset != offset)
            continue;
        Value found = type_lookup(vm, t, def_name(vm, def));
        if (found == 0)
            continue;
        any = true;
        SlotFn native = native_behind(vm, t, def, found);
        if (found == VALUE_NONE && def->kind == SK_HASH) {
            unhashable = true;
        } else if (native != NULL && (specific == NULL || specific == native)) {
            specific = native;
        } else {
            use_generic = true;
        }
        /* both __getattribute__ and __getattr__ are served by the hook */
        if (generic == NULL || def->kind == SK_GETATTR)
            generic = def->generic;
    }
    SlotFn fn = !any || unhashable ? NULL : specific != NULL && !use_generic ? specific : generic;
    if (fn == NULL && offset == OFF(next) && t->slots.next != NULL)
        fn = (SlotFn)next_lost;
    slot_put(t, offset, fn);
}

static void update_flags(Type *t) {
    t->flags &= ~(uint32_t)(TYPE_CUSTOM_GETATTR | TYPE_FINALIZER);
    if (t->slots.getattr != attr_generic_get)
        t->flags |= TYPE_CUSTOM_GETATTR;
    if (t->slots.finalize != NULL)
        t->flags |= TYPE_FINALIZER;
    /* pow with a modulus goes with the binary form; a script-defined __next__ hides a native send() */
    t->numbers.pow_mod = t->numbers.binary[OP_POW] == slot___pow__ ? slot_pow_mod : t->base->numbers.pow_mod;
    t->slots.send = t->slots.next == t->base->slots.next ? t->base->slots.send : NULL;
}

/* The rows of slots.def by name: `first` by a hash of the name's address, `next` links those that share it. Numbers
 * are one more than those of rows, 0 ends a chain. */
#define SLOT_BUCKETS 256
_Static_assert(ARRAY_LEN(slot_defs) < UINT8_MAX, "numbers of rows must fit a byte");
struct SlotIndex {
    uint8_t first[SLOT_BUCKETS];
    uint8_t next[];
};

static size_t name_bucket(Value name) { return (size_t)(name >> 4 ^ name >> 12) % SLOT_BUCKETS; }

static const struct SlotIndex *slot_index(VM *vm) {
    if (likely(vm->slot_index != NULL))
        return vm->slot_index;
    struct SlotIndex *index = mem_zalloc(vm, sizeof *index + slot_defs_count);
    if (index == NULL) {
        error_clear(vm); /* only a help: without it the rows are looked through */
        return NULL;
    }
    for (size_t i = slot_defs_count; i-- > 0;) {
        uint8_t *first = &index->first[name_bucket(def_name(vm, &slot_defs[i]))];
        index->next[i] = *first;
        *first = (uint8_t)(i + 1);
    }
    return vm->slot_index = index;
}

/* The number of the first row from `from` on that is named so; slot_defs_count if there is none. */
static size_t find_row(VM *vm, const struct SlotIndex *index, Value name, size_t from) {
    if (index == NULL) {
        while (from < slot_defs_count && def_name(vm, &slot_defs[from]) != name)
            from++;
        return from;
    }
    size_t i = from == 0 ? index->first[name_bucket(name)] : index->next[from - 1];
    while (i != 0 && def_name(vm, &slot_defs[i - 1]) != name)
        i = index->next[i - 1];
    return i == 0 ? slot_defs_count : i - 1;
}

static bool looks_special(Value name) {
    if (!is_str(name))
        return false;
    const Str *s = as_str(name);
    return s->nbytes > 4 && s->data[0] == '_' && s->data[1] == '_' && s->data[s->nbytes - 1] == '_';
}

static void update_name(VM *vm, Type *t, Value name) {
    const struct SlotIndex *index = slot_index(vm);
    for (size_t i = find_row(vm, index, name, 0); i < slot_defs_count; i = find_row(vm, index, name, i + 1))
        if (!slot_defs[i].specific_only)
            update_offset(vm, t, slot_defs[i].offset);
}

/* The row's own object for the name: that in a namespace given to type() need not be interned. */
static Value row_name(VM *vm, Value name) {
    if (likely(as_obj(name)->flags & OBJ_USER1))
        return name;
    for (size_t i = 0; i < slot_defs_count; i++)
        if (str_equal(as_str(def_name(vm, &slot_defs[i])), as_str(name)))
            return def_name(vm, &slot_defs[i]);
    return name;
}

static void update_names_of(VM *vm, Type *t, const Type *from) {
    size_t pos = 0;
    Value key, value;
    while (dict_next(from_obj(from->dict), &pos, &key, &value))
        if (looks_special(key))
            update_name(vm, t, row_name(vm, key));
}

static bool in_mro(const Type *t, Value cls) {
    for (size_t i = 0; i < as_tuple(t->mro)->len; i++)
        if (as_tuple(t->mro)->items[i] == cls)
            return true;
    return false;
}

/* Recomputes everything. */
static void update_all(VM *vm, Type *t) {
    for (size_t i = 0; i < slot_defs_count; i++)
        if (!slot_defs[i].specific_only && (i == 0 || slot_defs[i].offset != slot_defs[i - 1].offset))
            update_offset(vm, t, slot_defs[i].offset);
}

/* The base's slots are right but for the names that the class itself or other classes of its MRO bring in: what they
 * have in common with the base comes in the same order in both MROs. */
void slots_update_all(VM *vm, Type *t) {
    Tuple *mro = as_tuple(t->mro);
    t->slots = t->base->slots;
    for (size_t i = mro->len; i-- > 0;) {
        Type *c = is_type(mro->items[i]) ? as_type(mro->items[i]) : NULL;
        if (c != NULL && t->base->mro != 0 && in_mro(t->base, mro->items[i]))
            continue;
        if (c == NULL || t->base->mro == 0 || !(c->flags & TYPE_HEAP)) {
            update_all(vm, t);
            break;
        }
        update_names_of(vm, t, c);
    }
    update_flags(t);
}

void slots_update_names(VM *vm, Type *t) {
    t->slots = t->base->slots;
    update_names_of(vm, t, t);
    update_flags(t);
}

bool slot_is_special(VM *vm, Value name) {
    return looks_special(name) && find_row(vm, slot_index(vm), name, 0) < slot_defs_count;
}

static void update_tree(VM *vm, Type *t, Value name) {
    update_name(vm, t, name);
    update_flags(t);
    if (t->subclasses == 0)
        return;
    size_t pos = 0;
    Value key, value;
    while (dict_next(t->subclasses, &pos, &key, &value)) {
        Type *sub = (Type *)((uintptr_t)as_small_int(key) << 3);
        /* a subclass that defines the name itself may still share the slot with other names */
        update_tree(vm, sub, name);
    }
}

void slots_update_name(VM *vm, Type *t, Value name) { update_tree(vm, t, name); }
