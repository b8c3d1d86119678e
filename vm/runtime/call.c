/* Calling anything from native code.
 *
 * Script functions run in the interpreter (function_call); native functions are called directly; classes and objects
 * with
 * __call__ go through their type's slot. The guard of the C stack stands here, at the one place that every recursion
 * of native code through scripts passes. */
#include "runtime/vm.h"

#include "interp/frame.h"
#include "object/descr.h"
#include "object/type.h"

#define ARGS_IN_PLACE 12

/* --- recursion
 * --------------------------------------------------------------------------------------------------------- */

int repr_enter(VM *vm, Value obj) {
    Thread *t = vm->thread;
    if (t->repr_active == 0 && (t->repr_active = list_new(vm, 0)) == 0)
        return -1;
    List *l = as_list(t->repr_active);
    for (size_t i = l->len; i-- > 0;) {
        if (l->items[i] == obj)
            return 1;
    }
    return list_append(vm, t->repr_active, obj) ? 0 : -1;
}

void repr_leave(VM *vm, Value obj) {
    List *l = as_list(vm->thread->repr_active);
    for (size_t i = l->len; i-- > 0;) {
        if (l->items[i] == obj) {
            memmove(l->items + i, l->items + i + 1, (--l->len - i) * sizeof(Value));
            decref(vm, obj);
            return;
        }
    }
}

/* --- calls
 * -----------------------------------------------------------------------------------------------------------------
 */

/* fn(self, *args): args are copied behind self. */
static Value call_prepended(VM *vm, Value fn, Value self, Value *args, size_t nargs, Value kwnames) {
    size_t total = nargs + 1 + (kwnames != 0 ? as_tuple(kwnames)->len : 0);
    Value place[ARGS_IN_PLACE], *all = total <= ARGS_IN_PLACE ? place : mem_alloc(vm, total * sizeof(Value));
    if (all == NULL)
        return 0;
    all[0] = self;
    if (total > 1)
        memcpy(all + 1, args, (total - 1) * sizeof(Value));
    Value result = call(vm, fn, all, nargs + 1, kwnames);
    if (all != place)
        mem_free(vm, all, total * sizeof(Value));
    return result;
}

static NOINLINE Value call_other(VM *vm, Value fn, Value *args, size_t nargs, Value kwnames) {
    if (unlikely(!is_obj(fn)))
        return raise_type(vm, "'%T' object is not callable", fn);
    Object *o = as_obj(fn);
    Value (*slot)(VM *, Value, Value *, size_t, Value) = obj_type(o)->slots.call;
    if (unlikely(slot == NULL))
        return raise_type(vm, "'%T' object is not callable", fn);
    if (!native_enter(vm, " while calling a Python object"))
        return 0;
    Value result;
    o->refcount++;
    if (o->kind == KIND_NATIVE)
        result = native_call(vm, (Native *)o, args, nargs, kwnames);
    else if (o->kind == KIND_METHOD)
        result = call_prepended(vm, ((Method *)o)->func, ((Method *)o)->self, args, nargs, kwnames);
    else
        result = slot(vm, fn, args, nargs, kwnames);
    obj_decref(vm, o);
    native_leave(vm);
    return result;
}

Value call(VM *vm, Value fn, Value *args, size_t nargs, Value kwnames) {
    if (likely(has_kind(fn, KIND_FUNCTION))) /* which its frame keeps alive, if it is rebound while it runs */
        return function_call(vm, fn, args, nargs, kwnames);
    return call_other(vm, fn, args, nargs, kwnames);
}

Value call0(VM *vm, Value fn) { return call(vm, fn, NULL, 0, 0); }
Value call1(VM *vm, Value fn, Value a) { return call(vm, fn, &a, 1, 0); }

Value call2(VM *vm, Value fn, Value a, Value b) {
    Value args[2] = {a, b};
    return call(vm, fn, args, 2, 0);
}

Value call3(VM *vm, Value fn, Value a, Value b, Value c) {
    Value args[3] = {a, b, c};
    return call(vm, fn, args, 3, 0);
}

/* Splits a dict of keywords behind the positional arguments. The references stay with the tuple and the dict, which
 * the callee cannot reach. */
Value call_ex(VM *vm, Value fn, Value args_tuple, Value kwargs_dict) {
    Tuple *pos = as_tuple(args_tuple);
    size_t nkw = kwargs_dict != 0 ? dict_len(kwargs_dict) : 0;
    if (nkw == 0)
        return call(vm, fn, pos->items, pos->len, 0);
    Value names = tuple_new(vm, nkw), place[ARGS_IN_PLACE], *all = place;
    if (names == 0)
        return 0;
    size_t total = pos->len + nkw, at = 0, i = 0;
    Value key, value, result = 0;
    if (total > ARGS_IN_PLACE && (all = mem_alloc(vm, total * sizeof(Value))) == NULL) {
        for (i = 0; i < nkw; i++)
            as_tuple(names)->items[i] = VALUE_NONE;
        decref(vm, names);
        return 0;
    }
    memcpy(all, pos->items, pos->len * sizeof(Value));
    bool ok = true;
    while (dict_next(kwargs_dict, &at, &key, &value) && i < nkw) {
        ok = ok && is_str(key);
        as_tuple(names)->items[i] = incref(key);
        all[pos->len + i++] = incref(value);
    }
    if (ok)
        result = call(vm, fn, all, pos->len, names);
    else
        raise_type(vm, "keywords must be strings");
    for (size_t j = 0; j < i; j++)
        decref(vm, all[pos->len + j]);
    if (all != place)
        mem_free(vm, all, total * sizeof(Value));
    decref(vm, names);
    return result;
}

Value call_method(VM *vm, Value obj, Value name, Value *args, size_t nargs) {
    Type *t = type_of(vm, obj);
    if (t->slots.getattr == attr_generic_get && (as_obj(name)->flags & (OBJ_USER1 | OBJ_SUBTYPE)) == OBJ_USER1) {
        Value found = type_lookup(vm, t, name);
        bool plain = found != 0 && is_obj(found) &&
                     (as_obj(found)->kind == KIND_FUNCTION || obj_type(as_obj(found)) == vm->types.method_descriptor);
        /* an instance that has attributes of its own may hide the method: leave that to the general way */
        if (plain && (t->attrs_offset == 0 || (!as_obj(obj)->shape->is_dict && as_obj(obj)->shape->nslots == 0)))
            return call_prepended(vm, found, obj, args, nargs, 0);
    }
    Value fn = attr_get(vm, obj, name);
    if (fn == 0)
        return 0;
    Value result = call(vm, fn, args, nargs, 0);
    decref(vm, fn);
    return result;
}

Value call_method0(VM *vm, Value obj, Value name) { return call_method(vm, obj, name, NULL, 0); }
Value call_method1(VM *vm, Value obj, Value name, Value a) { return call_method(vm, obj, name, &a, 1); }

Value call_special(VM *vm, Value obj, Value name, Value *args, size_t nargs) {
    Value self, fn = attr_special(vm, obj, name, &self);
    if (fn == 0)
        return 0;
    Value result = self != 0 ? call_prepended(vm, fn, self, args, nargs, 0) : call(vm, fn, args, nargs, 0);
    decref(vm, fn);
    return result;
}

bool is_callable(Value v) { return is_obj(v) && obj_type(as_obj(v))->slots.call != NULL; }
