/* list: a vector of values that grows by an eighth.
 *
 * Invariant: items[0 .. len) are owned and set; cap is what the allocation holds; items is NULL exactly when cap is
 * 0. Anything that may run scripts (comparisons, releases of items) can change the list under the caller, so
 * functions here bring the list into its final state first and drop the old items afterwards, and loops read len and
 * items anew in every round.
 */
#include "object/str_internal.h"
#include "runtime/limits.h"

static size_t grown_cap(size_t len) { return (len + (len >> 3) + 6) & ~(size_t)3; }

bool list_reserve(VM *vm, List *l, size_t cap) {
    if (cap <= l->cap)
        return true;
    if (cap > ITEMS_MAX)
        return raise_memory(vm);
    Value *items = l->items ? mem_realloc(vm, l->items, l->cap * sizeof(Value), cap * sizeof(Value))
                            : mem_alloc(vm, cap * sizeof(Value));
    if (!items)
        return false;
    l->items = items;
    l->cap = cap;
    return true;
}

/* Room for `len` items, with some to spare so that appending stays linear. */
static bool make_room(VM *vm, List *l, size_t len) {
    if (len <= l->cap)
        return true;
    if (len > ITEMS_MAX)
        return raise_memory(vm);
    size_t cap = grown_cap(len);
    if (len - l->len > cap - len)
        cap = (len + 3) & ~(size_t)3;
    return list_reserve(vm, l, cap);
}

/* Gives memory back once more than half of it is unused; failing to do so is harmless, so no error is raised. */
static void shrink(VM *vm, List *l) {
    if (l->len >= l->cap >> 1 || l->cap <= 8)
        return;
    if (l->len == 0) {
        mem_free(vm, l->items, l->cap * sizeof(Value));
        l->items = NULL;
        l->cap = 0;
        return;
    }
    size_t cap = grown_cap(l->len);
    if (cap >= l->cap || error_pending(vm)) /* an error on its way must not be replaced or cleared */
        return;
    Value *items = mem_realloc(vm, l->items, l->cap * sizeof(Value), cap * sizeof(Value));
    if (!items) {
        error_clear(vm);
        return;
    }
    l->items = items;
    l->cap = cap;
}

static Value new_of(VM *vm, Type *type, size_t n) {
    List *l = object_alloc(vm, type, 0);
    if (!l)
        return VALUE_ERROR;
    if (n) {
        if (!list_reserve(vm, l, n)) {
            obj_decref(vm, &l->header);
            return VALUE_ERROR;
        }
        limits_handled(vm, n); /* they are about to be filled in */
        memset(l->items, 0, n * sizeof(Value));
        l->len = n;
    }
    return from_obj(l);
}

Value list_new(VM *vm, size_t n) { return new_of(vm, vm->types.list, n); }

Value list_from_array(VM *vm, Value *items, size_t n) {
    Value list = list_new(vm, n);
    if (!list)
        return VALUE_ERROR;
    Value *to = as_list(list)->items;
    for (size_t i = 0; i < n; i++)
        to[i] = incref(items[i]);
    return list;
}

Value list_from_iterable(VM *vm, Value iterable) {
    Value list = list_new(vm, 0);
    if (list && !list_extend(vm, list, iterable)) {
        decref(vm, list);
        return VALUE_ERROR;
    }
    return list;
}

static NOINLINE bool append_slow(VM *vm, List *l, Value item) {
    if (!make_room(vm, l, l->len + 1)) {
        decref(vm, item);
        return false;
    }
    l->items[l->len++] = item;
    return true;
}

bool list_append_steal(VM *vm, Value list, Value item) {
    List *l = as_list(list);
    if (unlikely(l->len == l->cap))
        return append_slow(vm, l, item);
    l->items[l->len++] = item;
    return true;
}

bool list_append(VM *vm, Value list, Value item) { return list_append_steal(vm, list, incref(item)); }

static bool extend_array(VM *vm, Value list, Value source) {
    List *l = as_list(list);
    size_t n = is_list(source) ? as_list(source)->len : as_tuple(source)->len;
    if (n == 0)
        return true;
    if (l->len == 0 ? !list_reserve(vm, l, n) : !make_room(vm, l, l->len + n))
        return false;
    /* Read the source only now: it may be the list itself, which has just moved. */
    Value *from = is_list(source) ? as_list(source)->items : as_tuple(source)->items;
    Value *to = l->items + l->len;
    for (size_t i = 0; i < n; i++)
        to[i] = incref(from[i]);
    l->len += n;
    return true;
}

/* Keys of a dict, straight from its entries: nothing here can run a script. */
static bool extend_keys(VM *vm, Value list, Value dict) {
    List *l = as_list(list);
    if (!make_room(vm, l, l->len + dict_len(dict)))
        return false;
    size_t pos = 0;
    Value key, value;
    while (dict_next(dict, &pos, &key, &value))
        l->items[l->len++] = incref(key);
    return true;
}

static bool extend_chars(VM *vm, Value list, Value str) {
    List *l = as_list(list);
    limits_handled(vm, as_str(str)->nchars);
    if (!make_room(vm, l, l->len + as_str(str)->nchars) || !str_chars(vm, str, l->items + l->len))
        return false;
    l->len += as_str(str)->nchars;
    return true;
}

bool list_extend(VM *vm, Value list, Value iterable) {
    if (has_exact_kind(iterable, KIND_LIST) || has_exact_kind(iterable, KIND_TUPLE))
        return extend_array(vm, list, iterable);
    if (is_exact(iterable, vm->types.dict))
        return extend_keys(vm, list, iterable);
    if (has_exact_kind(iterable, KIND_STR))
        return extend_chars(vm, list, iterable);
    Value it = iter_get(vm, iterable);
    if (!it)
        return false;
    List *l = as_list(list);
    Type *type = obj_type(as_obj(it));
    bool ok = false;
    if (type != vm->types.generator) {
        ssize_t hint = length_hint(vm, iterable, 8);
        if (hint < 0)
            goto out;
        if (hint > SSIZE_MAX - (ssize_t)l->len)
            hint = 0; /* a lie, or a failure that will show soon enough */
        if ((size_t)hint > ITEMS_MAX - l->len) {
            raise_memory(vm);
            goto out;
        }
        if (!make_room(vm, l, l->len + (size_t)hint))
            goto out;
    }
    UnaryFn next = type->slots.next;
    for (;;) {
        Value item = next(vm, it);
        if (!item)
            break;
        if (!list_append_steal(vm, list, item))
            goto out;
    }
    ok = iter_ended(vm);
    shrink(vm, l);
out:
    decref(vm, it);
    return ok;
}

bool list_insert(VM *vm, Value list, ssize_t index, Value item) {
    List *l = as_list(list);
    if (!make_room(vm, l, l->len + 1))
        return false;
    ssize_t n = (ssize_t)l->len;
    if (index < 0) {
        index += n;
        if (index < 0)
            index = 0;
    }
    if (index > n)
        index = n;
    memmove(l->items + index + 1, l->items + index, (size_t)(n - index) * sizeof(Value));
    l->items[index] = incref(item);
    l->len++;
    return true;
}

Value list_pop(VM *vm, Value list, ssize_t index) {
    List *l = as_list(list);
    if (l->len == 0)
        return raise_index(vm, "pop from empty list");
    if (index < 0)
        index += (ssize_t)l->len;
    if (index < 0 || (size_t)index >= l->len)
        return raise_index(vm, "pop index out of range");
    Value item = l->items[index];
    l->len--;
    memmove(l->items + index, l->items + index + 1, (l->len - (size_t)index) * sizeof(Value));
    shrink(vm, l);
    return item;
}

/* Replaces items[start .. stop) by n items (not inside the list's own vector). */
bool list_set_slice(VM *vm, Value list, ssize_t start, ssize_t stop, Value *items, size_t n) {
    List *l = as_list(list);
    ssize_t len = (ssize_t)l->len;
    start = start < 0 ? 0 : start > len ? len : start;
    stop = stop < start ? start : stop > len ? len : stop;
    size_t removed = (size_t)(stop - start), tail = (size_t)(len - stop);
    Value few[8], *old = few;
    if (removed > ARRAY_LEN(few) && !(old = mem_alloc(vm, removed * sizeof(Value))))
        return false;
    if (n > removed && !make_room(vm, l, l->len + n - removed)) {
        if (old != few)
            mem_free(vm, old, removed * sizeof(Value));
        return false;
    }
    if (removed)
        memcpy(old, l->items + start, removed * sizeof(Value));
    if (tail && n != removed)
        memmove(l->items + start + n, l->items + stop, tail * sizeof(Value));
    for (size_t i = 0; i < n; i++)
        l->items[(size_t)start + i] = incref(items[i]);
    l->len = (size_t)start + n + tail;
    shrink(vm, l);
    for (size_t i = removed; i-- > 0;)
        decref(vm, old[i]);
    if (old != few)
        mem_free(vm, old, removed * sizeof(Value));
    return true;
}

static Value empty(VM *vm) { return list_new(vm, 0); }

static void drop_items(VM *vm, Object *self) {
    List *l = (List *)self;
    Value *items = l->items, remains = limits_remains(vm, l->len, empty);
    size_t len = l->len, cap = l->cap;
    l->items = NULL;
    l->len = l->cap = 0;
    if (unlikely(remains != 0)) {
        List *r = as_list(remains);
        r->items = items;
        r->len = len;
        r->cap = cap;
        decref(vm, remains);
        return;
    }
    limits_handled(vm, len);
    while (len-- > 0)
        decref(vm, items[len]);
    if (items)
        mem_free(vm, items, cap * sizeof(Value));
}

static size_t drop_some(VM *vm, Object *self, size_t n) {
    List *l = (List *)self;
    return items_drop_some(vm, l->items, &l->len, n);
}

void list_clear(VM *vm, Value list) { drop_items(vm, as_obj(list)); }

Value list_getitem_index(VM *vm, Value list, ssize_t i) {
    List *l = as_list(list);
    if (i < 0)
        i += (ssize_t)l->len;
    if (i < 0 || (size_t)i >= l->len)
        return raise_index(vm, "list index out of range");
    return incref(l->items[i]);
}

bool sequence_view(VM *vm, Value iterable, const char *error, Value *owner, Value **items, size_t *n) {
    if (has_exact_kind(iterable, KIND_LIST) || has_exact_kind(iterable, KIND_TUPLE)) {
        *owner = incref(iterable);
    } else {
        Value it = iter_get(vm, iterable);
        if (!it) {
            if (error && error_matches(vm, vm->exc.TypeError)) {
                error_clear(vm);
                raise_type(vm, "%s", error);
            }
            return false;
        }
        *owner = list_from_iterable(vm, it);
        decref(vm, it);
        if (!*owner)
            return false;
    }
    if (is_list(*owner)) {
        *items = as_list(*owner)->items;
        *n = as_list(*owner)->len;
    } else {
        *items = as_tuple(*owner)->items;
        *n = as_tuple(*owner)->len;
    }
    return true;
}

/* ---- slots --------------------------------------------------------------------------------------------------- */

static void traverse(Object *self, VisitFn visit, void *arg) {
    List *l = (List *)self;
    for (size_t i = l->len; i-- > 0;) /* the order can be seen: see vm/mem/gc.c */
        visit_value(l->items[i], visit, arg);
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) { return new_of(vm, type, 0); }

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    /* A subclass with a __new__ of its own may take keywords that are no concern of ours. */
    bool keywords_ok = fast_type(vm, self)->slots.create != vm->types.list->slots.create;
    if (!one_argument(vm, "list", nargs, kwnames, keywords_ok))
        return false;
    if (as_list(self)->len)
        list_clear(vm, self);
    return nargs == 0 || list_extend(vm, self, args[0]);
}

static Value repr(VM *vm, Value self) {
    if (as_list(self)->len == 0)
        return str_from_c(vm, "[]");
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_from_c(vm, "[...]");
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = native_enter(vm, GUARD_REPR);
    if (ok) {
        strbuilder_add(&b, "[", 1);
        for (size_t i = 0; ok && i < as_list(self)->len; i++) {
            Value item = incref(as_list(self)->items[i]);
            ok = (i == 0 || strbuilder_add(&b, ", ", 2)) && strbuilder_add_repr(&b, item);
            decref(vm, item);
        }
        native_leave(vm);
    }
    repr_leave(vm, self);
    if (!ok) {
        strbuilder_drop(&b);
        return VALUE_ERROR;
    }
    strbuilder_add(&b, "]", 1);
    return strbuilder_finish(&b);
}

/* The first position where the lists differ, or the length of the shorter one; -1 on error. */
static ssize_t first_difference(VM *vm, List *a, List *b) {
    size_t i = 0;
    for (; i < a->len && i < b->len; i++) {
        Value x = a->items[i], y = b->items[i];
        if (unlikely(!limits_allow(vm)))
            return -1;
        if (x == y)
            continue;
        incref(x);
        incref(y);
        int equal = equal_fast(vm, x, y);
        decref(vm, x);
        decref(vm, y);
        if (equal < 0)
            return -1;
        if (!equal)
            break;
    }
    return (ssize_t)i;
}

static Value compare(VM *vm, Value self, Value other, CompareOp op) {
    if (!is_list(other))
        return VALUE_NOTIMPL;
    List *a = as_list(self), *b = as_list(other);
    if (a->len != b->len && (op == CMP_EQ || op == CMP_NE))
        return from_bool(op == CMP_NE);
    if (!native_enter(vm, GUARD_COMPARE))
        return VALUE_ERROR;
    Value result = VALUE_ERROR;
    ssize_t i = first_difference(vm, a, b);
    if (i < 0) {
        result = VALUE_ERROR;
    } else if ((size_t)i >= a->len || (size_t)i >= b->len) {
        result = from_bool(order_holds((a->len > b->len) - (a->len < b->len), op));
    } else if (op == CMP_EQ || op == CMP_NE) {
        result = from_bool(op == CMP_NE);
    } else {
        Value x = incref(a->items[i]), y = incref(b->items[i]);
        result = compare_rich(vm, x, y, op);
        decref(vm, x);
        decref(vm, y);
    }
    native_leave(vm);
    return result;
}

static ssize_t len(VM *vm, Value self) { return (ssize_t)as_list(self)->len; }

static int has_item(VM *vm, Value self, Value item) {
    List *l = as_list(self);
    for (size_t i = 0; i < l->len; i++) {
        Value x = l->items[i];
        if (unlikely(!limits_allow(vm)))
            return -1;
        if (x == item)
            return 1;
        if (both_small_int(x, item))
            continue;
        incref(x);
        int equal = equal_fast(vm, x, item);
        decref(vm, x);
        if (equal)
            return equal;
    }
    return 0;
}

static Value get_slice(VM *vm, Value self, Value slice) {
    ssize_t start, stop, step;
    if (!slice_unpack(vm, slice, &start, &stop, &step))
        return VALUE_ERROR;
    List *l = as_list(self);
    size_t n = slice_adjust(l->len, &start, &stop, step);
    if (step == 1)
        return list_from_array(vm, l->items + start, n);
    Value result = list_new(vm, n);
    if (!result)
        return VALUE_ERROR;
    Value *to = as_list(result)->items;
    for (size_t i = 0; i < n; i++, start += step)
        to[i] = incref(l->items[start]);
    return result;
}

static Value getitem(VM *vm, Value self, Value key) {
    if (has_kind(key, KIND_SLICE))
        return get_slice(vm, self, key);
    size_t i;
    if (!index_resolve(vm, key, as_list(self)->len, "list", "list index out of range", &i))
        return VALUE_ERROR;
    if (unlikely(i >= as_list(self)->len)) /* __index__ shortened the list */
        return raise_index(vm, "list index out of range");
    return incref(as_list(self)->items[i]);
}

static void delete_index(VM *vm, List *l, size_t i) {
    Value old = l->items[i];
    l->len--;
    memmove(l->items + i, l->items + i + 1, (l->len - i) * sizeof(Value));
    shrink(vm, l);
    decref(vm, old);
}

static bool delete_steps(VM *vm, List *l, ssize_t start, ssize_t step, size_t n) {
    if (n == 0)
        return true;
    if (step < 0) {
        start += step * (ssize_t)(n - 1);
        step = -step;
    }
    Value *old = mem_alloc(vm, n * sizeof(Value));
    if (!old)
        return false;
    size_t to = (size_t)start, taken = 0, next = (size_t)start;
    for (size_t i = (size_t)start; i < l->len; i++) {
        if (taken < n && i == next) {
            old[taken++] = l->items[i];
            next += (size_t)step;
        } else {
            l->items[to++] = l->items[i];
        }
    }
    l->len = to;
    shrink(vm, l);
    for (size_t i = 0; i < taken; i++)
        decref(vm, old[i]);
    mem_free(vm, old, n * sizeof(Value));
    return true;
}

static bool assign_steps(VM *vm, Value self, Value slice, Value value) {
    Value owner = value == self ? list_from_array(vm, as_list(self)->items, as_list(self)->len) : 0;
    Value *items;
    size_t n;
    if (value == self) {
        if (!owner)
            return false;
        items = as_list(owner)->items;
        n = as_list(owner)->len;
    } else if (!sequence_view(vm, value, "must assign iterable to extended slice", &owner, &items, &n)) {
        return false;
    }
    /* Only now, when the value has been read: reading it may have changed the list. */
    ssize_t start, stop, step;
    bool ok = slice_unpack(vm, slice, &start, &stop, &step);
    List *l = as_list(self);
    Value *old = NULL;
    size_t count = 0;
    if (ok) {
        count = slice_adjust(l->len, &start, &stop, step);
        if (count != n)
            ok = raise_value(vm, "attempt to assign sequence of size %u to extended slice of size %u", n, count);
        else if (count)
            ok = (old = mem_alloc(vm, count * sizeof(Value))) != NULL;
    }
    if (ok) {
        for (size_t i = 0; i < count; i++, start += step) {
            old[i] = l->items[start];
            l->items[start] = incref(items[i]);
        }
        for (size_t i = 0; i < count; i++)
            decref(vm, old[i]);
        mem_free(vm, old, count * sizeof(Value));
    }
    decref(vm, owner);
    return ok;
}

static bool set_slice(VM *vm, Value self, Value slice, Value value) {
    ssize_t start, stop, step;
    if (!slice_unpack(vm, slice, &start, &stop, &step))
        return false;
    if (step != 1 && value)
        return assign_steps(vm, self, slice, value);
    size_t n = slice_adjust(as_list(self)->len, &start, &stop, step);
    if (!value) {
        if (step == 1)
            return list_set_slice(vm, self, start, start + (ssize_t)n, NULL, 0);
        return delete_steps(vm, as_list(self), start, step, n);
    }
    Value owner, *items;
    size_t count;
    if (value == self) {
        owner = list_from_array(vm, as_list(self)->items, as_list(self)->len);
        if (!owner)
            return false;
        items = as_list(owner)->items;
        count = as_list(owner)->len;
    } else if (!sequence_view(vm, value, "must assign iterable to extended slice", &owner, &items, &count)) {
        return false;
    }
    bool ok = list_set_slice(vm, self, start, start + (ssize_t)n, items, count);
    decref(vm, owner);
    return ok;
}

static bool setitem(VM *vm, Value self, Value key, Value value) {
    if (has_kind(key, KIND_SLICE))
        return set_slice(vm, self, key, value);
    size_t i;
    if (!index_resolve(vm, key, as_list(self)->len, "list", "list assignment index out of range", &i))
        return false;
    List *l = as_list(self);
    if (unlikely(i >= l->len))
        return raise_index(vm, "list assignment index out of range");
    if (value)
        set_owned(vm, &l->items[i], incref(value));
    else
        delete_index(vm, l, i);
    return true;
}

static Value concat(VM *vm, Value a, Value b) {
    if (!is_list(b))
        return raise_type(vm, "can only concatenate list (not \"%.200T\") to list", b);
    List *x = as_list(a), *y = as_list(b);
    Value result = list_new(vm, 0);
    if (!result)
        return VALUE_ERROR;
    List *r = as_list(result);
    if (!list_reserve(vm, r, x->len + y->len)) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    for (size_t i = 0; i < x->len; i++)
        r->items[r->len++] = incref(x->items[i]);
    for (size_t i = 0; i < y->len; i++)
        r->items[r->len++] = incref(y->items[i]);
    return result;
}

/* Appends the first n items `times` more times; there is room. */
static void fill_repeats(List *l, size_t n, size_t times) {
    for (size_t i = 0; i < n; i++) {
        if (is_obj(l->items[i]))
            as_obj(l->items[i])->refcount += (uint32_t)times;
    }
    for (size_t k = 1; k <= times; k++)
        memcpy(l->items + k * n, l->items, n * sizeof(Value));
    l->len = n * (times + 1);
}

static Value repeat(VM *vm, Value self, Value count) {
    size_t n = as_list(self)->len, times;
    if (!repeat_factor(vm, count, n, &times))
        return VALUE_ERROR;
    Value result = list_new(vm, 0);
    if (!result || n == 0 || times == 0)
        return result;
    List *r = as_list(result);
    if (!list_reserve(vm, r, n * times)) {
        decref(vm, result);
        return VALUE_ERROR;
    }
    if (n == 1) { /* [x] * n, the usual way to make a table */
        Value x = as_list(self)->items[0];
        if (is_obj(x))
            as_obj(x)->refcount += (uint32_t)times;
        for (size_t i = 0; i < times; i++)
            r->items[i] = x;
        r->len = times;
        return result;
    }
    for (size_t i = 0; i < n; i++)
        r->items[i] = incref(as_list(self)->items[i]);
    fill_repeats(r, n, times - 1);
    return result;
}

static Value inplace_concat(VM *vm, Value self, Value other) {
    return list_extend(vm, self, other) ? incref(self) : VALUE_ERROR;
}

static Value inplace_repeat(VM *vm, Value self, Value count) {
    size_t n = as_list(self)->len, times;
    if (!repeat_factor(vm, count, n, &times))
        return VALUE_ERROR;
    if (times == 0) {
        list_clear(vm, self);
    } else if (times > 1 && n) {
        if (!list_reserve(vm, as_list(self), n * times))
            return VALUE_ERROR;
        fill_repeats(as_list(self), n, times - 1);
    }
    return incref(self);
}

static Value iter(VM *vm, Value self) { return seq_iter_new(vm, vm->types.list_iterator, self, 0); }

const TypeSpec list_spec = {
    .name = "list",
    .doc = "A mutable sequence.\n\nWithout an argument the list is empty; an iterable gives its items.",
    .signature = "iterable=(), /",
    .size = sizeof(List),
    .flags = TYPE_GC | TYPE_BASE | TYPE_SEQUENCE | TYPE_MATCH_SELF | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_LIST,
    .slots = {.dealloc = drop_items,
              .drop_some = drop_some,
              .traverse = traverse,
              .clear = drop_items,
              .create = create,
              .init = init,
              .repr = repr,
              .compare = compare,
              .iter = iter,
              .len = len,
              .getitem = getitem,
              .setitem = setitem,
              .contains = has_item,
              .concat = concat,
              .repeat = repeat,
              .inplace_concat = inplace_concat,
              .inplace_repeat = inplace_repeat},
    .methods = list_methods,
};
