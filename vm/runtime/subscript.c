/* Items, lengths and membership: obj[key], len(obj), item in obj, for any object.
 *
 * The built-in containers come first, by their exact kind, since that is what nearly every subscript meets; the slots
 * of the type do the rest. A class without a metaclass that has __getitem__ is subscripted by its __class_getitem__.
 */
#include "object/containers.h"
#include "runtime/vm.h"

bool index_resolve(VM *vm, Value key, size_t len, const char *type, const char *range_error, size_t *out) {
    ssize_t i;
    if (likely(is_small_int(key))) {
        i = as_small_int(key);
    } else if (is_int(key) || fast_type(vm, key)->slots.index) {
        if (!to_ssize(vm, key, &i)) {
            if (!error_matches(vm, vm->exc.OverflowError))
                return false;
            error_clear(vm);
            return raise_index(vm, "cannot fit '%.200T' into an index-sized integer", key);
        }
    } else {
        return raise_type(vm, "%s indices must be integers or slices, not %.200T", type, key);
    }
    if (i < 0)
        i += (ssize_t)len;
    if (unlikely(i < 0 || (size_t)i >= len))
        return raise_index(vm, "%s", range_error);
    *out = (size_t)i;
    return true;
}

static Value subscript_class(VM *vm, Value cls, Value key) {
    if (cls == type_value(vm->types.type)) /* type[int]: it has no __class_getitem__ of its own */
        return generic_alias_new(vm, cls, key);
    Value method;
    int found = attr_lookup(vm, cls, NAME(__class_getitem__), &method);
    if (found < 0)
        return VALUE_ERROR;
    if (found && !is_none(method)) {
        Value result = call1(vm, method, key);
        decref(vm, method);
        return result;
    }
    if (found)
        decref(vm, method);
    return raise_type(vm, "type '%.200N' is not subscriptable", as_type(cls));
}

Value item_get(VM *vm, Value obj, Value key) {
    if (is_obj(obj) && !(as_obj(obj)->flags & OBJ_SUBTYPE)) {
        if (as_obj(obj)->kind == KIND_LIST) {
            if (is_small_int(key)) {
                List *l = as_list(obj);
                int64_t i = as_small_int(key);
                if (i < 0)
                    i += (int64_t)l->len;
                if (likely((uint64_t)i < l->len))
                    return incref(l->items[i]);
            }
        } else if (as_obj(obj)->kind == KIND_TUPLE) {
            if (is_small_int(key)) {
                Tuple *t = as_tuple(obj);
                int64_t i = as_small_int(key);
                if (i < 0)
                    i += (int64_t)t->len;
                if (likely((uint64_t)i < t->len))
                    return incref(t->items[i]);
            }
        }
    }
    Type *t = fast_type(vm, obj);
    if (likely(t->slots.getitem))
        return t->slots.getitem(vm, obj, key);
    if (is_type(obj))
        return subscript_class(vm, obj, key);
    return raise_type(vm, "'%.200T' object is not subscriptable", obj);
}

bool item_set(VM *vm, Value obj, Value key, Value value) {
    Type *t = fast_type(vm, obj);
    if (likely(t->slots.setitem))
        return t->slots.setitem(vm, obj, key, value);
    if (value)
        return raise_type(vm, "'%.200T' object does not support item assignment", obj);
    /* The two wordings are CPython's: the contracted one for whatever has something of a sequence. */
    bool sequence = (t->flags & TYPE_HEAP) || t->slots.getitem || t->slots.len || t->slots.contains;
    return raise_type(vm,
                      sequence ? "'%.200T' object doesn't support item deletion"
                               : "'%.200T' object does not support item deletion",
                      obj);
}

ssize_t length(VM *vm, Value v) {
    Type *t = fast_type(vm, v);
    if (likely(t->slots.len))
        return t->slots.len(vm, v);
    raise_type(vm, "object of type '%.200T' has no len()", v);
    return -1;
}

int contains(VM *vm, Value container, Value item) {
    Type *t = fast_type(vm, container);
    if (likely(t->slots.contains))
        return t->slots.contains(vm, container, item);
    Value it = iter_get(vm, container);
    if (!it) {
        if (error_matches(vm, vm->exc.TypeError)) {
            error_clear(vm);
            raise_type(vm, "argument of type '%.200T' is not iterable", container);
        }
        return -1;
    }
    int found = 0;
    while (!found) {
        Value candidate = iter_next(vm, it);
        if (!candidate) {
            found = error_pending(vm) ? -1 : 0;
            break;
        }
        found = equal_fast(vm, candidate, item);
        decref(vm, candidate);
    }
    decref(vm, it);
    return found;
}
