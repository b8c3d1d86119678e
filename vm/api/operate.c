/* Operations on any value: calls, attributes, items, comparisons. */
#include "api/native.h"
#include "interp/frame.h"
#include "object/type.h"

/* --- calls -------------------------------------------------------------------------------------------------------
 */

cove_value cove_call(cove_vm *host, cove_value fn, const cove_value *args, size_t nargs) {
    ENTER(host);
    NEED(fn);
    for (size_t i = 0; i < nargs; i++)
        NEED(args[i]);
    return give(vm, call(vm, fn.bits, (Value *)args, nargs, 0));
}

cove_value cove_call_keywords(cove_vm *host, cove_value fn, const cove_value *args, size_t nargs,
                              const char *const *names) {
    ENTER(host);
    NEED(fn);
    size_t n = 0;
    while (names != NULL && names[n] != NULL)
        n++;
    if (!api_need_all(vm, args, nargs + n))
        return cove_absent();
    Value keywords = n == 0 ? 0 : tuple_new(vm, n);
    bool ok = n == 0 || keywords != 0;
    for (size_t i = 0; ok && i < n; i++) {
        Value name = api_text(vm, names[i], strlen(names[i]));
        ok = name != 0 && (as_tuple(keywords)->items[i] = str_intern(vm, name)) != 0;
    }
    Value result = ok ? call(vm, fn.bits, (Value *)args, nargs, keywords) : 0;
    decref(vm, keywords);
    return give(vm, result);
}

cove_value cove_apply(cove_vm *host, cove_value fn, cove_value args, cove_value kwargs) {
    ENTER(host);
    NEED(fn);
    CHECK_VALUE(args);
    CHECK_VALUE(kwargs);
    if (kwargs.bits != 0 && !is_dict(kwargs.bits)) {
        raise_type(vm, "keywords must be in a dict, not %T", kwargs.bits);
        return api_fail(vm);
    }
    Value tuple = args.bits == 0 ? incref(vm->empty_tuple) : tuple_from_iterable(vm, args.bits);
    Value result = tuple == 0 ? 0 : call_ex(vm, fn.bits, tuple, kwargs.bits);
    decref(vm, tuple);
    return give(vm, result);
}

/* The interned str of a C name. */
static Value name_of(VM *vm, const char *text) {
    CHECK_POINTER(text);
    size_t n = strlen(text);
    Value s = api_text(vm, text, n);
    return s == 0 ? 0 : str_intern(vm, s);
}

cove_value cove_call_method(cove_vm *host, cove_value v, const char *name, const cove_value *args, size_t nargs) {
    ENTER(host);
    NEED(v);
    if (!api_need_all(vm, args, nargs))
        return cove_absent();
    Value interned = name_of(vm, name);
    Value result = interned == 0 ? 0 : call_method(vm, v.bits, interned, (Value *)args, nargs);
    decref(vm, interned);
    return give(vm, result);
}

/* --- attributes --------------------------------------------------------------------------------------------------
 */

cove_value cove_get_attr(cove_vm *host, cove_value v, const char *name) {
    ENTER(host);
    NEED(v);
    Value interned = name_of(vm, name), result = interned == 0 ? 0 : attr_get(vm, v.bits, interned);
    decref(vm, interned);
    return give(vm, result);
}

static bool change_attr(VM *vm, cove_value v, const char *name, Value attr) {
    NEED_OR(v, false);
    Value interned = name_of(vm, name);
    bool ok = interned != 0, done = false;
    if (ok && attr != 0) /* classes of the host are immutable to scripts alone */
        ok = host_class_set(vm, v.bits, interned, attr, &done);
    if (ok && !done)
        ok = attr_set(vm, v.bits, interned, attr);
    decref(vm, interned);
    return given_ok(vm, ok);
}

bool cove_set_attr(cove_vm *host, cove_value v, const char *name, cove_value attr) {
    ENTER(host);
    NEED_OR(attr, false);
    return change_attr(vm, v, name, attr.bits);
}

bool cove_del_attr(cove_vm *host, cove_value v, const char *name) {
    ENTER(host);
    return change_attr(vm, v, name, 0);
}

int cove_has_attr(cove_vm *host, cove_value v, const char *name) {
    ENTER(host);
    NEED_OR(v, -1);
    Value interned = name_of(vm, name);
    int has = interned == 0 ? -1 : attr_has(vm, v.bits, interned);
    decref(vm, interned);
    return given_int(vm, has);
}

/* --- items -------------------------------------------------------------------------------------------------------
 */

cove_value cove_get_item(cove_vm *host, cove_value v, cove_value key) {
    ENTER(host);
    NEED(v);
    NEED(key);
    return give(vm, item_get(vm, v.bits, key.bits));
}

bool cove_set_item(cove_vm *host, cove_value v, cove_value key, cove_value item) {
    ENTER(host);
    NEED_OR(v, false);
    NEED_OR(key, false);
    NEED_OR(item, false);
    return given_ok(vm, item_set(vm, v.bits, key.bits, item.bits));
}

bool cove_del_item(cove_vm *host, cove_value v, cove_value key) {
    ENTER(host);
    NEED_OR(v, false);
    NEED_OR(key, false);
    return given_ok(vm, item_set(vm, v.bits, key.bits, 0));
}

cove_value cove_get_index(cove_vm *host, cove_value v, int64_t index) {
    return cove_get_item(host, v, cove_int(host, index));
}

bool cove_set_index(cove_vm *host, cove_value v, int64_t index, cove_value item) {
    return cove_set_item(host, v, cove_int(host, index), item);
}

cove_value cove_get_key(cove_vm *host, cove_value v, const char *key) {
    ENTER(host);
    NEED(v);
    Value name = name_of(vm, key), result = name == 0 ? 0 : item_get(vm, v.bits, name);
    decref(vm, name);
    return give(vm, result);
}

bool cove_set_key(cove_vm *host, cove_value v, const char *key, cove_value item) {
    ENTER(host);
    NEED_OR(v, false);
    NEED_OR(item, false);
    Value name = name_of(vm, key);
    bool ok = name != 0 && item_set(vm, v.bits, name, item.bits);
    decref(vm, name);
    return given_ok(vm, ok);
}

ptrdiff_t cove_length(cove_vm *host, cove_value v) {
    ENTER(host);
    NEED_OR(v, -1);
    ssize_t n = length(vm, v.bits);
    if (n < 0)
        api_fail(vm);
    return n;
}

int cove_contains(cove_vm *host, cove_value container, cove_value item) {
    ENTER(host);
    NEED_OR(container, -1);
    NEED_OR(item, -1);
    return given_int(vm, contains(vm, container.bits, item.bits));
}

bool cove_list_append(cove_vm *host, cove_value list, cove_value item) {
    ENTER(host);
    NEED_OR(list, false);
    NEED_OR(item, false);
    if (!is_list(list.bits)) {
        raise_type(vm, "a list is required, not %T", list.bits);
        return given_ok(vm, false);
    }
    return given_ok(vm, list_append(vm, list.bits, item.bits));
}

bool cove_set_add(cove_vm *host, cove_value set, cove_value item) {
    ENTER(host);
    NEED_OR(set, false);
    NEED_OR(item, false);
    if (!is_set(set.bits) || !type_is_subtype(obj_type(as_obj(set.bits)), vm->types.set)) {
        raise_type(vm, "a set is required, not %T", set.bits);
        return given_ok(vm, false);
    }
    return given_ok(vm, set_add(vm, set.bits, item.bits));
}

bool cove_dict_next(cove_vm *host, cove_value dict, size_t *at, cove_value *key, cove_value *value) {
    ENTER(host);
    CHECK_POINTER(at);
    NEED_OR(dict, false);
    if (!is_dict(dict.bits)) {
        raise_type(vm, "a dict is required, not %T", dict.bits);
        return given_ok(vm, false);
    }
    Value k, v;
    cove_value given_key = cove_absent(), given_value = cove_absent();
    if (!dict_next(dict.bits, at, &k, &v) || (key != NULL && !cove_ok(given_key = give_borrowed(vm, k))) ||
        (value != NULL && !cove_ok(given_value = give_borrowed(vm, v))))
        return false;
    if (key != NULL)
        *key = given_key;
    if (value != NULL)
        *value = given_value;
    return true;
}

/* --- comparisons and arithmetic ----------------------------------------------------------------------------------
 */

int cove_equal(cove_vm *host, cove_value v, cove_value w) {
    ENTER(host);
    NEED_OR(v, -1);
    NEED_OR(w, -1);
    return given_int(vm, compare_bool(vm, v.bits, w.bits, CMP_EQ));
}

int cove_compare(cove_vm *host, cove_value v, enum cove_comparison op, cove_value w) {
    ENTER(host);
    NEED_OR(v, -1);
    NEED_OR(w, -1);
    if ((unsigned)op > COVE_GE) {
        raise_value(vm, "there is no comparison %d", (int)op);
        return given_int(vm, -1);
    }
    return given_int(vm, compare_bool(vm, v.bits, w.bits, (CompareOp)op));
}

cove_value cove_operate(cove_vm *host, cove_value v, const char *op, cove_value w) {
    static const struct {
        const char *text;
        BinaryOp op;
    } rows[] = {{"+", OP_ADD}, {"-", OP_SUB},  {"*", OP_MUL},    {"/", OP_TRUEDIV}, {"//", OP_FLOORDIV},
                {"%", OP_MOD}, {"**", OP_POW}, {"@", OP_MATMUL}, {"<<", OP_LSHIFT}, {">>", OP_RSHIFT},
                {"&", OP_AND}, {"|", OP_OR},   {"^", OP_XOR}};
    ENTER(host);
    CHECK_POINTER(op);
    NEED(v);
    NEED(w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].text, op) == 0)
            return give(vm, arith_binary(vm, rows[i].op, v.bits, w.bits));
    raise_value(vm, "there is no operator %s", op);
    return api_fail(vm);
}

int cove_is_instance(cove_vm *host, cove_value v, cove_value cls) {
    ENTER(host);
    NEED_OR(v, -1);
    NEED_OR(cls, -1);
    return given_int(vm, is_instance(vm, v.bits, cls.bits));
}

int cove_is_callable(cove_vm *host, cove_value v) {
    (void)host;
    CHECK_USE(host, v);
    return is_callable(v.bits);
}

bool cove_hash(cove_vm *host, cove_value v, int64_t *out) {
    ENTER(host);
    CHECK_POINTER(out);
    NEED_OR(v, false);
    return given_ok(vm, hash_value(vm, v.bits, out));
}
