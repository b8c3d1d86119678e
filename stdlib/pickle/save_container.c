/* Writing containers. While an item is written scripts may run and change the container, so nothing is taken from it
 * but one item at a time, with a reference. A container that can contain itself is remembered before its items; a
 * tuple or frozenset can only turn out, after its items, to have been written among them: then the items are thrown
 * away and the known one is fetched. */
#include "object/descr.h"
#include "stdlib/pickle/pickle.h"

/* Fast mode has no memo that would end a cycle; a short look at what is being written does. */
static bool fast_enter(VM *vm, Pickler *p, FastLink *link, Value v) {
    if (!p->fast)
        return true;
    for (FastLink *l = p->fast_chain; l != NULL; l = l->previous) {
        if (l->object != v)
            continue;
        Value address = address_text(vm, v);
        if (address != 0)
            raise_value(vm, "fast mode: can't pickle cyclic objects including object type %T at %V", v, address);
        decref(vm, address);
        return false;
    }
    *link = (FastLink){v, p->fast_chain};
    p->fast_chain = link;
    return true;
}

static void fast_leave(Pickler *p, const FastLink *link) {
    if (p->fast && p->fast_chain == link)
        p->fast_chain = link->previous;
}

/* ---- tuples ---------------------------------------------------------------------------------------------------- */

static bool put_repeated(VM *vm, Pickler *p, int op, size_t times) {
    while (times-- > 0)
        if (!put_op(vm, p, op))
            return false;
    return true;
}

bool save_tuple(VM *vm, Pickler *p, Value v) {
    size_t n = as_tuple(v)->len;
    if (n == 0)
        return p->bin ? put_op(vm, p, OPC_EMPTY_TUPLE) : put_op(vm, p, OPC_MARK) && put_op(vm, p, OPC_TUPLE);
    bool marked = n > 3 || p->protocol < 2;
    if (marked && !put_op(vm, p, OPC_MARK))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!save(vm, p, as_tuple(v)->items[i]))
            return false;
    const MemoEntry *known = memo_find(&p->memo, v);
    if (known != NULL) {
        if (marked && p->bin)
            return put_op(vm, p, OPC_POP_MARK) && put_get(vm, p, known);
        return put_repeated(vm, p, OPC_POP, marked ? n + 1 : n) && put_get(vm, p, known);
    }
    static const uint8_t short_ops[] = {OPC_TUPLE1, OPC_TUPLE2, OPC_TUPLE3};
    return put_op(vm, p, marked ? OPC_TUPLE : short_ops[n - 1]) && put_memo(vm, p, v);
}

/* ---- batches of items ------------------------------------------------------------------------------------------ */

static bool save_entry(VM *vm, Pickler *p, Value item, bool pair) {
    if (!pair)
        return save(vm, p, item);
    if (!is_tuple(item) || as_tuple(item)->len != 2)
        return raise_type(vm, "dict items iterator must return 2-tuples");
    return save(vm, p, as_tuple(item)->items[0]) && save(vm, p, as_tuple(item)->items[1]);
}

/* Text protocol: an opcode for each item. */
static bool save_singly(VM *vm, Pickler *p, Value iterator, bool pairs) {
    Value item;
    while ((item = iter_next(vm, iterator)) != 0) {
        bool ok = save_entry(vm, p, item, pairs) && put_op(vm, p, pairs ? OPC_SETITEM : OPC_APPEND);
        decref(vm, item);
        if (!ok)
            return false;
    }
    return !error_pending(vm);
}

/* Up to a batch of items, of which two are there already, both consumed; *more: the batch was a full one. */
static bool save_one_batch(VM *vm, Pickler *p, Value iterator, bool pairs, Value first, Value second, bool *more) {
    bool ok = put_op(vm, p, OPC_MARK) && save_entry(vm, p, first, pairs);
    size_t n = 1;
    decref(vm, first);
    *more = false;
    for (Value item = second; item != 0; item = iter_next(vm, iterator)) {
        ok = ok && save_entry(vm, p, item, pairs);
        decref(vm, item);
        if (!ok)
            return false;
        if (++n == BATCH_SIZE) {
            *more = true;
            break;
        }
    }
    return ok && !error_pending(vm) && put_op(vm, p, pairs ? OPC_SETITEMS : OPC_APPENDS);
}

bool save_batch(VM *vm, Pickler *p, Value iterator, bool pairs) {
    if (!p->bin)
        return save_singly(vm, p, iterator, pairs);
    bool more = true;
    while (more) {
        Value first = iter_next(vm, iterator);
        if (first == 0)
            return !error_pending(vm);
        Value second = iter_next(vm, iterator);
        if (second == 0) {
            bool ok = !error_pending(vm) && save_entry(vm, p, first, pairs) &&
                      put_op(vm, p, pairs ? OPC_SETITEM : OPC_APPEND);
            decref(vm, first);
            return ok;
        }
        if (!save_one_batch(vm, p, iterator, pairs, first, second, &more))
            return false;
    }
    return true;
}

/* ---- lists ----------------------------------------------------------------------------------------------------- */

static bool save_list_item(VM *vm, Pickler *p, Value list, size_t i) {
    Value item = incref(as_list(list)->items[i]);
    bool ok = save(vm, p, item);
    decref(vm, item);
    return ok;
}

static bool save_list_items(VM *vm, Pickler *p, Value v) {
    if (as_list(v)->len == 1)
        return save_list_item(vm, p, v, 0) && put_op(vm, p, OPC_APPEND);
    size_t i = 0;
    do {
        size_t start = i;
        if (!put_op(vm, p, OPC_MARK))
            return false;
        while (i < as_list(v)->len && i - start < BATCH_SIZE)
            if (!save_list_item(vm, p, v, i++))
                return false;
        if (!put_op(vm, p, OPC_APPENDS))
            return false;
    } while (i < as_list(v)->len);
    return true;
}

static bool put_empty(VM *vm, Pickler *p, int short_op, int op) {
    return p->bin ? put_op(vm, p, short_op) : put_op(vm, p, OPC_MARK) && put_op(vm, p, op);
}

static bool save_by_iterator(VM *vm, Pickler *p, Value iterable, bool pairs) {
    Value it = iterable != 0 ? iter_get(vm, iterable) : 0;
    bool ok = it != 0 && save_batch(vm, p, it, pairs);
    decref(vm, it);
    return ok;
}

bool save_list(VM *vm, Pickler *p, Value v) {
    FastLink link;
    if (!fast_enter(vm, p, &link, v))
        return false;
    bool ok = put_empty(vm, p, OPC_EMPTY_LIST, OPC_LIST) && put_memo(vm, p, v);
    if (ok && as_list(v)->len > 0)
        ok = p->bin ? save_list_items(vm, p, v) : save_by_iterator(vm, p, v, false);
    fast_leave(p, &link);
    return ok;
}

/* ---- dicts ----------------------------------------------------------------------------------------------------- */

static bool save_dict_entry(VM *vm, Pickler *p, Value key, Value value) {
    incref(key);
    incref(value);
    bool ok = save(vm, p, key) && save(vm, p, value);
    decref(vm, key);
    decref(vm, value);
    return ok;
}

static bool save_dict_items(VM *vm, Pickler *p, Value v) {
    size_t size = dict_len(v), at = 0, n;
    Value key, value;
    if (size == 1)
        return dict_next(v, &at, &key, &value) && save_dict_entry(vm, p, key, value) && put_op(vm, p, OPC_SETITEM);
    do {
        if (!put_op(vm, p, OPC_MARK))
            return false;
        n = 0;
        while (n < BATCH_SIZE && dict_next(v, &at, &key, &value)) {
            if (!save_dict_entry(vm, p, key, value))
                return false;
            n++;
            if (dict_len(v) != size)
                return raise_runtime(vm, "dictionary changed size during iteration");
        }
        if (!put_op(vm, p, OPC_SETITEMS))
            return false;
    } while (n == BATCH_SIZE);
    return true;
}

bool save_dict(VM *vm, Pickler *p, Value v) {
    FastLink link;
    if (!fast_enter(vm, p, &link, v))
        return false;
    bool ok = put_empty(vm, p, OPC_EMPTY_DICT, OPC_DICT) && put_memo(vm, p, v);
    if (ok && dict_len(v) > 0 && p->bin) {
        ok = save_dict_items(vm, p, v);
    } else if (ok && dict_len(v) > 0) {
        Value items = call_method0(vm, v, NAME(items));
        ok = save_by_iterator(vm, p, items, true);
        decref(vm, items);
    }
    fast_leave(p, &link);
    return ok;
}

/* ---- sets ------------------------------------------------------------------------------------------------------ */

static bool save_set_by_call(VM *vm, Pickler *p, Value v) {
    Value items = list_from_iterable(vm, v), args = items != 0 ? tuple_pack(vm, 1, items) : 0;
    decref(vm, items);
    return save_pair_call(vm, p, type_value(fast_type(vm, v)), args, v);
}

bool save_set(VM *vm, Pickler *p, Value v) {
    if (p->protocol < 4)
        return save_set_by_call(vm, p, v);
    if (!put_op(vm, p, OPC_EMPTY_SET) || !put_memo(vm, p, v))
        return false;
    size_t size = set_len(v), at = 0, n = BATCH_SIZE;
    while (size > 0 && n == BATCH_SIZE) {
        Value item;
        if (!put_op(vm, p, OPC_MARK))
            return false;
        for (n = 0; n < BATCH_SIZE && set_next(v, &at, &item); n++) {
            incref(item);
            bool ok = save(vm, p, item);
            decref(vm, item);
            if (!ok)
                return false;
            if (set_len(v) != size)
                return raise_runtime(vm, "set changed size during iteration");
        }
        if (!put_op(vm, p, OPC_ADDITEMS))
            return false;
    }
    return true;
}

bool save_frozenset(VM *vm, Pickler *p, Value v) {
    if (p->protocol < 4)
        return save_set_by_call(vm, p, v);
    FastLink link;
    if (!fast_enter(vm, p, &link, v))
        return false;
    Value item;
    size_t at = 0;
    bool ok = put_op(vm, p, OPC_MARK);
    while (ok && set_next(v, &at, &item))
        ok = save(vm, p, item);
    const MemoEntry *known = ok ? memo_find(&p->memo, v) : NULL;
    if (known != NULL)
        ok = put_op(vm, p, OPC_POP_MARK) && put_get(vm, p, known);
    else
        ok = ok && put_op(vm, p, OPC_FROZENSET) && put_memo(vm, p, v);
    fast_leave(p, &link);
    return ok;
}
