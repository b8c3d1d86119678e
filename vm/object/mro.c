/* The method resolution order: C3 linearization.
 *
 * The MRO of a class is the class, then the merge of its bases' MROs and the list of the bases: at each step the
 * first head that stands in no other list's tail is taken. That keeps the order of every base's MRO and the order in
 * which the bases were written. A metaclass may override mro(); its answer is taken if it is made of classes with
 * fitting layout. */
#include "runtime/vm.h"

#include "object/type.h"

typedef struct MergeList {
    Value *items;
    size_t pos, len;
} MergeList;

static bool in_tail(const MergeList *l, Value cls) {
    for (size_t i = l->pos + 1; i < l->len; i++) {
        if (l->items[i] == cls)
            return true;
    }
    return false;
}

static Value raise_inconsistent(VM *vm, const MergeList *lists, size_t n) {
    Value names = list_new(vm, 0), sep = 0, text = 0, seen = 0;
    if (names == 0 || (seen = dict_new(vm)) == 0)
        goto done;
    for (size_t i = 0; i < n; i++) { /* the heads that are in each other's way, each once */
        if (lists[i].pos == lists[i].len)
            continue;
        Value cls = lists[i].items[lists[i].pos];
        Value key = from_small_int((int64_t)(cls >> 3));
        int known = dict_contains(vm, seen, key);
        if (known < 0 ||
            (known == 0 && (!dict_set(vm, seen, key, VALUE_NONE) || !list_append(vm, names, as_type(cls)->name))))
            goto done;
    }
    sep = str_from_c(vm, ", ");
    if (sep != 0)
        text = str_join(vm, sep, as_list(names)->items, as_list(names)->len);
    if (text != 0)
        raise_type(vm, "Cannot create a consistent method resolution order (MRO) for bases %V", text);
done:
    decref(vm, names);
    decref(vm, sep);
    decref(vm, text);
    decref(vm, seen);
    return 0;
}

static Value merge(VM *vm, Type *t, MergeList *lists, size_t n, size_t total) {
    Value list = list_new(vm, 0);
    if (list == 0 || !list_reserve(vm, as_list(list), total + 1) || !list_append(vm, list, type_value(t)))
        goto fail;
    for (;;) {
        bool empty = true;
        size_t i, j;
        for (i = 0; i < n; i++) {
            if (lists[i].pos == lists[i].len)
                continue;
            empty = false;
            Value candidate = lists[i].items[lists[i].pos];
            for (j = 0; j < n && !in_tail(&lists[j], candidate); j++) {
            }
            if (j < n)
                continue;
            if (!list_append(vm, list, candidate))
                goto fail;
            for (j = 0; j < n; j++) {
                if (lists[j].pos < lists[j].len && lists[j].items[lists[j].pos] == candidate)
                    lists[j].pos++;
            }
            break;
        }
        if (empty)
            break;
        if (i == n) {
            raise_inconsistent(vm, lists, n);
            goto fail;
        }
    }
    Value mro = tuple_from_list(vm, list);
    decref(vm, list);
    return mro;
fail:
    decref(vm, list);
    return 0;
}

Value mro_compute(VM *vm, Type *t, Value bases) {
    size_t n = as_tuple(bases)->len, total = n;
    Value *items = as_tuple(bases)->items;
    if (n == 0)
        return tuple_pack(vm, 1, type_value(t));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i + 1; j < n; j++) {
            if (items[i] == items[j])
                return raise_type(vm, "duplicate base class %N", as_type(items[i]));
        }
    }
    MergeList *lists = mem_alloc(vm, (n + 1) * sizeof *lists);
    if (lists == NULL)
        return 0;
    Value mro = 0;
    for (size_t i = 0; i < n; i++) {
        Value base_mro = type_mro(vm, as_type(items[i]));
        if (base_mro == 0)
            goto done;
        lists[i] = (MergeList){as_tuple(base_mro)->items, 0, as_tuple(base_mro)->len};
        total += lists[i].len;
    }
    lists[n] = (MergeList){items, 0, n};
    mro = merge(vm, t, lists, n + 1, total);
done:
    mem_free(vm, lists, (n + 1) * sizeof *lists);
    return mro;
}

static Value mro_by_method(VM *vm, Type *t) {
    Value self, method = attr_special(vm, type_value(t), NAME(mro), &self);
    if (method == 0)
        return error_pending(vm) ? 0 : raise_attribute(vm, type_value(t), NAME(mro), "mro");
    Value answer = self != 0 ? call1(vm, method, self) : call0(vm, method);
    decref(vm, method);
    if (answer == 0)
        return 0;
    Value mro = tuple_from_iterable(vm, answer);
    decref(vm, answer);
    if (mro == 0)
        return 0;
    Tuple *tuple = as_tuple(mro);
    for (size_t i = 0; i < tuple->len; i++) {
        if (!is_type(tuple->items[i]))
            raise_type(vm, "mro() returned a non-class ('%T')", tuple->items[i]);
        else if (as_type(tuple->items[i])->spec->size > t->spec->size)
            raise_type(vm, "mro() returned base with unsuitable layout ('%N')", as_type(tuple->items[i]));
        else
            continue;
        decref(vm, mro);
        return 0;
    }
    return mro;
}

bool mro_set(VM *vm, Type *t) {
    Type *meta = obj_type(&t->header);
    bool custom = meta != vm->types.type && has_kind(type_lookup(vm, meta, NAME(mro)), KIND_FUNCTION);
    Value mro = custom ? mro_by_method(vm, t) : mro_compute(vm, t, t->bases);
    if (mro == 0)
        return false;
    set_owned(vm, &t->mro, mro);
    return true;
}
