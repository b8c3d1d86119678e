/* The methods of list, and its iterators. Loops that compare items hold a reference to the item and look at the
 * length again in every round, since a script's __eq__ may change the list. */
#include "object/containers.h"
#include "runtime/limits.h"

static Value append(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return list_append(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value clear(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    list_clear(vm, self);
    return VALUE_NONE;
}

static Value copy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return list_from_array(vm, as_list(self)->items, as_list(self)->len);
}

static Value extend(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return list_extend(vm, self, args[0]) ? VALUE_NONE : VALUE_ERROR;
}

static Value insert(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t index;
    if (!to_ssize(vm, args[0], &index))
        return VALUE_ERROR;
    return list_insert(vm, self, index, args[1]) ? VALUE_NONE : VALUE_ERROR;
}

static Value pop(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t index = -1;
    if (args[0]) {
        if (is_small_int(args[0]))
            index = as_small_int(args[0]);
        else if (!to_ssize(vm, args[0], &index))
            return VALUE_ERROR;
    }
    return list_pop(vm, self, index);
}

/* Finds an equal item in [start, stop); -1: absent, -2: error. */
static ssize_t find(VM *vm, Value self, Value item, ssize_t start, ssize_t stop) {
    List *l = as_list(self);
    for (ssize_t i = start; i < stop && i < (ssize_t)l->len; i++) {
        if (unlikely(!limits_allow(vm)))
            return -2;
        Value x = incref(l->items[i]);
        int equal = equal_fast(vm, x, item);
        decref(vm, x);
        if (equal)
            return equal < 0 ? -2 : i;
    }
    return -1;
}

static Value count(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t n = 0, i = -1;
    while ((i = find(vm, self, args[0], i + 1, SSIZE_MAX)) >= 0)
        n++;
    return i == -2 ? VALUE_ERROR : int_from_ssize(vm, n);
}

static Value list_index(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t start = 0, stop = SSIZE_MAX, n = (ssize_t)as_list(self)->len;
    if ((args[1] && !index_argument(vm, args[1], &start)) || (args[2] && !index_argument(vm, args[2], &stop)))
        return VALUE_ERROR;
    if (start < 0)
        start = start + n < 0 ? 0 : start + n;
    if (stop < 0)
        stop = stop + n < 0 ? 0 : stop + n;
    ssize_t i = find(vm, self, args[0], start, stop);
    if (i == -1)
        return raise_value(vm, "%R is not in list", args[0]);
    return i < 0 ? VALUE_ERROR : int_from_ssize(vm, i);
}

static Value list_remove(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    ssize_t i = find(vm, self, args[0], 0, SSIZE_MAX);
    if (i == -1)
        return raise_value(vm, "list.remove(x): x not in list");
    if (i < 0)
        return VALUE_ERROR;
    if (i < (ssize_t)as_list(self)->len && !list_set_slice(vm, self, i, i + 1, NULL, 0))
        return VALUE_ERROR;
    return VALUE_NONE;
}

static Value reverse(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    List *l = as_list(self);
    for (size_t i = 0, j = l->len; i + 1 < j; i++) {
        j--;
        Value x = l->items[i];
        l->items[i] = l->items[j];
        l->items[j] = x;
    }
    return VALUE_NONE;
}

static Value sort(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    int reversed = args[1] ? truth(vm, args[1]) : 0;
    if (reversed < 0)
        return VALUE_ERROR;
    Value key = args[0] && !is_none(args[0]) ? args[0] : 0;
    return list_sort(vm, self, key, reversed) ? VALUE_NONE : VALUE_ERROR;
}

static Value reversed_iter(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return seq_iter_new(vm, vm->types.list_reverseiterator, self, as_list(self)->len);
}

static Value getitem_method(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return vm->types.list->slots.getitem(vm, self, args[0]);
}

static Value size_of(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return int_from_ssize(vm, (ssize_t)(fast_type(vm, self)->size + as_list(self)->cap * sizeof(Value)));
}

const MethodSpec list_methods[] = {
    {"append", append, "object, /", "Add an object at the end.", 0},
    {"clear", clear, "", "Remove all items.", 0},
    {"copy", copy, "", "A shallow copy of the list.", 0},
    {"count", count, "value, /", "How many items equal the value.", 0},
    {"extend", extend, "iterable, /", "Add the items of an iterable at the end.", 0},
    {"index", list_index, "value, start=0, stop=" NO_INDEX_LIMIT ", /",
     "The position of the first item equal to the value.\n\nRaises ValueError if there is none.", 0},
    {"insert", insert, "index, object, /", "Put an object before the item at the index.", 0},
    {"pop", pop, "index=-1, /",
     "Takes the item at the index, or the last one, out of the list and returns it.\n\n"
     "IndexError if there is none.",
     0},
    {"remove", list_remove, "value, /",
     "Remove the first item equal to the value.\n\nRaises ValueError if there is none.", 0},
    {"reverse", reverse, "", "Reverse the order of the items in place.", 0},
    {"sort", sort, "*, key=None, reverse=False",
     "Sort the items in place, keeping the order of equal ones.\n\nkey is a function that gives the value to sort "
     "by.",
     0},
    {"__getitem__", getitem_method, "index, /", "What self[index] gives.", METHOD_COEXIST},
    {"__reversed__", reversed_iter, "", "An iterator over the items from the last to the first.", 0},
    {"__sizeof__", size_of, "", "The size of the list in memory, in bytes.", 0},
    CLASS_GETITEM_ROW,
    {0},
};

/* ---- iterators ------------------------------------------------------------------------------------------------- */

Value seq_iter_new(VM *vm, Type *type, Value seq, size_t index) {
    SeqIter *it = object_alloc(vm, type, 0);
    if (!it)
        return VALUE_ERROR;
    it->seq = incref(seq);
    it->index = index;
    return from_obj(it);
}

static Value list_next(VM *vm, Value self) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return VALUE_ERROR;
    List *l = as_list(it->seq);
    if (it->index < l->len)
        return incref(l->items[it->index++]);
    set_owned(vm, &it->seq, 0);
    return VALUE_ERROR;
}

/* index is how many items are left below: the next one is at index - 1. */
static Value list_previous(VM *vm, Value self) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return VALUE_ERROR;
    List *l = as_list(it->seq);
    if (it->index > 0 && it->index <= l->len)
        return incref(l->items[--it->index]);
    set_owned(vm, &it->seq, 0);
    return VALUE_ERROR;
}

static Value forward_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    size_t n = it->seq ? as_list(it->seq)->len : 0;
    return int_from_ssize(vm, it->index < n ? (ssize_t)(n - it->index) : 0);
}

static Value reverse_hint(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    return int_from_ssize(vm, it->seq && it->index <= as_list(it->seq)->len ? (ssize_t)it->index : 0);
}

static Value forward_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return reduce_iter(vm, "iter", list_new(vm, 0));
    Value pair = reduce_iter(vm, "iter", incref(it->seq));
    if (!pair)
        return VALUE_ERROR;
    Value index = int_from_ssize(vm, (ssize_t)it->index);
    Value result = index ? tuple_pack(vm, 3, as_tuple(pair)->items[0], as_tuple(pair)->items[1], index) : VALUE_ERROR;
    decref(vm, index);
    decref(vm, pair);
    return result;
}

static Value reverse_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    if (!it->seq)
        return reduce_iter(vm, "iter", list_new(vm, 0));
    Value pair = reduce_iter(vm, "reversed", incref(it->seq));
    if (!pair)
        return VALUE_ERROR;
    Value index = int_from_ssize(vm, (ssize_t)it->index - 1);
    Value result = index ? tuple_pack(vm, 3, as_tuple(pair)->items[0], as_tuple(pair)->items[1], index) : VALUE_ERROR;
    decref(vm, index);
    decref(vm, pair);
    return result;
}

static Value forward_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    ssize_t index;
    if (!to_ssize(vm, args[0], &index))
        return VALUE_ERROR;
    if (it->seq) {
        size_t n = as_list(it->seq)->len;
        it->index = index < 0 ? 0 : (size_t)index > n ? n : (size_t)index;
    }
    return VALUE_NONE;
}

static Value reverse_setstate(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    SeqIter *it = (SeqIter *)as_obj(self);
    ssize_t index;
    if (!to_ssize(vm, args[0], &index))
        return VALUE_ERROR;
    if (it->seq) {
        ssize_t n = (ssize_t)as_list(it->seq)->len;
        it->index = index < -1 ? 0 : index > n - 1 ? (size_t)n : (size_t)(index + 1);
    }
    return VALUE_NONE;
}

static const MethodSpec forward_methods[] = {
    {"__length_hint__", forward_hint, "", "How many items are left.", 0},
    {"__reduce__", forward_reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", forward_setstate, "state, /", "Set the position.", 0},
    {0},
};

static const MethodSpec reverse_methods[] = {
    {"__length_hint__", reverse_hint, "", "How many items are left.", 0},
    {"__reduce__", reverse_reduce, "", "State for copying and pickling.", 0},
    {"__setstate__", reverse_setstate, "state, /", "Set the position.", 0},
    {0},
};

const TypeSpec list_iterator_spec = {
    .name = "list_iterator",
    .doc = "Gives the items of a list.",
    .size = sizeof(SeqIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_LIST_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = list_next},
    .methods = forward_methods,
};

const TypeSpec list_reverseiterator_spec = {
    .name = "list_reverseiterator",
    .doc = "Gives the items of a list, the last one first.",
    .size = sizeof(SeqIter),
    .flags = ITERATOR_FLAGS,
    .kind = KIND_ITERATOR,
    .slots = {FIELD_SLOTS(1), .iter = iter_self, .next = list_previous},
    .methods = reverse_methods,
};
