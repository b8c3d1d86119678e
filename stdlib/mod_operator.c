/* _operator: the operators as functions, and the callables that fetch items, attributes and methods. */
#include "object/bytes.h"
#include "object/containers.h"
#include "stdlib/init.h"

/* ---- operators ------------------------------------------------------------------------------------------------- */

#define FUNCTION(id) static Value id(VM *vm, Value self, Value *args, size_t nargs, Value kwnames)

#define COMPARE_FUNCTION(id, op)                                                                                     \
    FUNCTION(op_##id) { return compare_rich(vm, args[0], args[1], op); }
COMPARE_FUNCTION(lt, CMP_LT)
COMPARE_FUNCTION(le, CMP_LE)
COMPARE_FUNCTION(eq, CMP_EQ)
COMPARE_FUNCTION(ne, CMP_NE)
COMPARE_FUNCTION(ge, CMP_GE)
COMPARE_FUNCTION(gt, CMP_GT)

#define BINARY_FUNCTION(id, op)                                                                                      \
    FUNCTION(op_##id) { return arith_binary(vm, op, args[0], args[1]); }                                             \
    FUNCTION(op_i##id) { return arith_inplace(vm, op, args[0], args[1]); }
BINARY_FUNCTION(add, OP_ADD)
BINARY_FUNCTION(sub, OP_SUB)
BINARY_FUNCTION(mul, OP_MUL)
BINARY_FUNCTION(truediv, OP_TRUEDIV)
BINARY_FUNCTION(floordiv, OP_FLOORDIV)
BINARY_FUNCTION(mod, OP_MOD)
BINARY_FUNCTION(pow, OP_POW)
BINARY_FUNCTION(lshift, OP_LSHIFT)
BINARY_FUNCTION(rshift, OP_RSHIFT)
BINARY_FUNCTION(and, OP_AND)
BINARY_FUNCTION(or, OP_OR)
BINARY_FUNCTION(xor, OP_XOR)
BINARY_FUNCTION(matmul, OP_MATMUL)

#define UNARY_FUNCTION(id, op)                                                                                       \
    FUNCTION(op_##id) { return arith_unary(vm, op, args[0]); }
UNARY_FUNCTION(neg, OP_NEG)
UNARY_FUNCTION(pos, OP_POS)
UNARY_FUNCTION(invert, OP_INVERT)
UNARY_FUNCTION(abs, OP_ABS)

FUNCTION(op_not) {
    int yes = truth(vm, args[0]);
    return yes < 0 ? VALUE_ERROR : from_bool(!yes);
}

FUNCTION(op_truth) {
    int yes = truth(vm, args[0]);
    return yes < 0 ? VALUE_ERROR : from_bool(yes);
}

FUNCTION(op_is) { return from_bool(value_identical(args[0], args[1])); }
FUNCTION(op_is_not) { return from_bool(!value_identical(args[0], args[1])); }
FUNCTION(op_index) { return exact_index(vm, args[0]); }
FUNCTION(op_getitem) { return item_get(vm, args[0], args[1]); }
FUNCTION(op_setitem) { return item_set(vm, args[0], args[1], args[2]) ? VALUE_NONE : VALUE_ERROR; }
FUNCTION(op_delitem) { return item_set(vm, args[0], args[1], 0) ? VALUE_NONE : VALUE_ERROR; }

FUNCTION(op_contains) {
    int found = contains(vm, args[0], args[1]);
    return found < 0 ? VALUE_ERROR : from_bool(found);
}

static bool is_sequence(VM *vm, Value v) {
    Type *t = fast_type(vm, v);
    return t->slots.concat || (t->slots.getitem && !is_dict(v) && (t->flags & (TYPE_HEAP | TYPE_SEQUENCE)));
}

static Value concat(VM *vm, Value a, Value b, bool inplace) {
    Type *t = fast_type(vm, a);
    if (inplace && t->slots.inplace_concat)
        return t->slots.inplace_concat(vm, a, b);
    if (t->slots.concat)
        return t->slots.concat(vm, a, b);
    if (is_sequence(vm, a) && is_sequence(vm, b))
        return inplace ? arith_inplace(vm, OP_ADD, a, b) : arith_binary(vm, OP_ADD, a, b);
    return raise_type(vm, "'%.200T' object can't be concatenated", a);
}

FUNCTION(op_concat) { return concat(vm, args[0], args[1], false); }
FUNCTION(op_iconcat) { return concat(vm, args[0], args[1], true); }

/* Number of equal items, or position of the first (one: -1 if there is none); -2 on error. */
static ssize_t search_items(VM *vm, Value iterable, Value item, bool one) {
    Value it = iter_get(vm, iterable), candidate;
    if (!it) {
        if (error_matches(vm, vm->exc.TypeError)) {
            error_clear(vm);
            raise_type(vm, "argument of type '%.200T' is not iterable", iterable);
        }
        return -2;
    }
    ssize_t n = 0, i = 0;
    bool found = false;
    while (!found && (candidate = iter_next(vm, it))) {
        int equal = equal_fast(vm, candidate, item);
        decref(vm, candidate);
        if (equal < 0)
            break;
        n += equal;
        found = one && equal;
        if (!found)
            i++;
    }
    decref(vm, it);
    if (error_pending(vm))
        return -2;
    return !one ? n : found ? i : -1;
}

FUNCTION(op_count_of) {
    ssize_t n = search_items(vm, args[0], args[1], false);
    return n < 0 ? VALUE_ERROR : int_from_ssize(vm, n);
}

FUNCTION(op_index_of) {
    ssize_t i = search_items(vm, args[0], args[1], true);
    if (i == -1)
        return raise_value(vm, "sequence.index(x): x not in sequence");
    return i < 0 ? VALUE_ERROR : int_from_ssize(vm, i);
}

FUNCTION(op_length_hint) {
    ssize_t fallback = 0;
    if (args[1] && !to_ssize(vm, args[1], &fallback))
        return VALUE_ERROR;
    ssize_t n = length_hint(vm, args[0], fallback);
    return n < 0 && error_pending(vm) ? VALUE_ERROR : int_from_ssize(vm, n);
}

FUNCTION(op_call) {
    if (nargs == 0)
        return raise_type(vm, "call expected at least 1 argument, got 0");
    return call(vm, args[0], args + 1, nargs - 1, kwnames);
}

/* Takes the same time wherever the two differ. */
static bool same_bytes(const char *a, size_t na, const char *b, size_t nb) {
    volatile unsigned char difference = na != nb;
    for (size_t i = 0; i < nb; i++)
        difference |= (unsigned char)((na == nb ? a[i] : b[i]) ^ b[i]);
    return difference == 0;
}

FUNCTION(op_compare_digest) {
    Value a = args[0], b = args[1];
    if (is_str(a) && is_str(b)) {
        if (!str_is_ascii(as_str(a)) || !str_is_ascii(as_str(b)))
            return raise_type(vm, "comparing strings with non-ASCII characters is not supported");
        return from_bool(same_bytes(str_data(a), as_str(a)->nbytes, str_data(b), as_str(b)->nbytes));
    }
    if (!fast_type(vm, a)->slots.get_buffer && !fast_type(vm, b)->slots.get_buffer)
        return raise_type(vm, "unsupported operand types(s) or combination of types: '%.100T' and '%.100T'", a, b);
    Buffer x, y;
    if (!buffer_get(vm, a, &x, false))
        return VALUE_ERROR;
    Value result = VALUE_ERROR;
    if (buffer_get(vm, b, &y, false)) {
        result = from_bool(same_bytes(x.data, x.len, y.data, y.len));
        buffer_release(vm, &y);
    }
    buffer_release(vm, &x);
    return result;
}

/* ---- itemgetter ------------------------------------------------------------------------------------------------ */

typedef struct Getter { /* itemgetter: keys; attrgetter: names, a dotted one as a tuple of its parts */
    Object header;
    Value keys;  /* tuple */
    Value shown; /* the arguments as they were given; tuple */
} Getter;

static bool one_object(VM *vm, const char *name, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len)
        return raise_type(vm, "%s() takes no keyword arguments", name);
    if (nargs != 1)
        return raise_type(vm, "%s expected 1 argument, got %u", name, nargs);
    return true;
}

static Getter *getter_new(VM *vm, Type *type, const char *name, Value *args, size_t nargs, Value kwnames) {
    if (kwnames && as_tuple(kwnames)->len) {
        raise_type(vm, "%s() takes no keyword arguments", name);
        return NULL;
    }
    if (nargs == 0) {
        raise_type(vm, "%s expected 1 argument, got 0", name);
        return NULL;
    }
    Getter *g = object_alloc(vm, type, 0);
    if (!g)
        return NULL;
    g->shown = tuple_from_array(vm, args, nargs);
    if (g->shown)
        return g;
    obj_decref(vm, &g->header);
    return NULL;
}

static Value itemgetter_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Getter *g = getter_new(vm, type, "itemgetter", args, nargs, kwnames);
    if (!g)
        return VALUE_ERROR;
    g->keys = incref(g->shown);
    return from_obj(g);
}

static Value itemgetter_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!one_object(vm, "itemgetter", nargs, kwnames))
        return VALUE_ERROR;
    Tuple *keys = as_tuple(((Getter *)as_obj(self))->keys);
    if (keys->len == 1)
        return item_get(vm, args[0], keys->items[0]);
    Value result = tuple_new(vm, keys->len);
    for (size_t i = 0; result && i < keys->len; i++) {
        Value item = item_get(vm, args[0], keys->items[i]);
        if (!item) {
            decref(vm, result);
            return VALUE_ERROR;
        }
        as_tuple(result)->items[i] = item;
    }
    return result;
}

static Value getter_repr(VM *vm, Value self) {
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_printf(vm, "%s(...)", fast_type(vm, self)->spec->name);
    Tuple *shown = as_tuple(((Getter *)as_obj(self))->shown);
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = strbuilder_printf(&b, "%s(", fast_type(vm, self)->spec->name);
    for (size_t i = 0; ok && i < shown->len; i++)
        ok = (i == 0 || strbuilder_add(&b, ", ", 2)) && strbuilder_add_repr(&b, shown->items[i]);
    repr_leave(vm, self);
    if (!ok) {
        strbuilder_drop(&b);
        return VALUE_ERROR;
    }
    strbuilder_add(&b, ")", 1);
    return strbuilder_finish(&b);
}

static Value getter_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return tuple_pack(vm, 2, type_value(fast_type(vm, self)), ((Getter *)as_obj(self))->shown);
}

static const MethodSpec getter_methods[] = {
    {"__reduce__", getter_reduce, "", "State for copying and pickling.", 0},
    {0},
};

static const TypeSpec itemgetter_spec = {
    .name = "operator.itemgetter",
    .doc = "itemgetter(item, /, *items)\n\nA callable that returns the given item or items of its argument.",
    .signature = "item, /, *items",
    .size = sizeof(Getter),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(2), .create = itemgetter_create, .call = itemgetter_call, .repr = getter_repr},
    .methods = getter_methods,
};

/* ---- attrgetter ------------------------------------------------------------------------------------------------ */

/* "a" as interned string, "a.b" as tuple of such. */
static Value attribute_path(VM *vm, Value name) {
    const char *text = str_data(name), *end = text + as_str(name)->nbytes;
    size_t parts = 1;
    for (const char *p = text; p < end; p++)
        parts += *p == '.';
    Value path = parts > 1 ? tuple_new(vm, parts) : 0;
    if (parts > 1 && !path)
        return VALUE_ERROR;
    for (size_t i = 0; i < parts; i++) {
        const char *dot = memchr(text, '.', (size_t)(end - text));
        Value part = str_new(vm, text, (size_t)((dot ? dot : end) - text));
        if (part)
            part = str_intern(vm, part);
        if (parts == 1)
            return part;
        if (!part) {
            decref(vm, path);
            return VALUE_ERROR;
        }
        as_tuple(path)->items[i] = part;
        text = dot ? dot + 1 : end;
    }
    return path;
}

static Value attrgetter_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    for (size_t i = 0; i < nargs; i++) {
        if (!is_str(args[i]))
            return raise_type(vm, "attribute name must be a string");
    }
    Getter *g = getter_new(vm, type, "attrgetter", args, nargs, kwnames);
    if (!g)
        return VALUE_ERROR;
    g->keys = tuple_new(vm, nargs);
    for (size_t i = 0; g->keys && i < nargs; i++) {
        Value path = attribute_path(vm, args[i]);
        if (!path) {
            obj_decref(vm, &g->header);
            return VALUE_ERROR;
        }
        as_tuple(g->keys)->items[i] = path;
    }
    if (g->keys)
        return from_obj(g);
    obj_decref(vm, &g->header);
    return VALUE_ERROR;
}

static Value follow(VM *vm, Value obj, Value path) {
    if (is_str(path))
        return attr_get(vm, obj, path);
    Value at = incref(obj);
    for (size_t i = 0; at && i < as_tuple(path)->len; i++) {
        Value next = attr_get(vm, at, as_tuple(path)->items[i]);
        decref(vm, at);
        at = next;
    }
    return at;
}

static Value attrgetter_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!one_object(vm, "attrgetter", nargs, kwnames))
        return VALUE_ERROR;
    Tuple *keys = as_tuple(((Getter *)as_obj(self))->keys);
    if (keys->len == 1)
        return follow(vm, args[0], keys->items[0]);
    Value result = tuple_new(vm, keys->len);
    for (size_t i = 0; result && i < keys->len; i++) {
        Value value = follow(vm, args[0], keys->items[i]);
        if (!value) {
            decref(vm, result);
            return VALUE_ERROR;
        }
        as_tuple(result)->items[i] = value;
    }
    return result;
}

static const TypeSpec attrgetter_spec = {
    .name = "operator.attrgetter",
    .doc =
        "attrgetter(attr, /, *attrs)\n\nA callable that returns the given attribute or attributes of its argument.\n"
        "Names may have dots.",
    .signature = "attr, /, *attrs",
    .size = sizeof(Getter),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(2), .create = attrgetter_create, .call = attrgetter_call, .repr = getter_repr},
    .methods = getter_methods,
};

/* ---- methodcaller ---------------------------------------------------------------------------------------------- */

typedef struct MethodCaller {
    Object header;
    Value name, args, kwnames; /* args: the positional ones and the values of the keywords; kwnames: tuple */
} MethodCaller;

static Value methodcaller_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (nargs < 1)
        return raise_type(vm, "methodcaller needs at least one argument, the method name");
    if (!is_str(args[0]))
        return raise_type(vm, "method name must be a string");
    MethodCaller *m = object_alloc(vm, type, 0);
    if (!m)
        return VALUE_ERROR;
    m->name = str_intern(vm, incref(args[0]));
    m->kwnames = kwnames ? incref(kwnames) : tuple_new(vm, 0);
    if (m->name && m->kwnames)
        m->args = tuple_from_array(vm, args + 1, nargs - 1 + as_tuple(m->kwnames)->len);
    if (m->args)
        return from_obj(m);
    obj_decref(vm, &m->header);
    return VALUE_ERROR;
}

static Value methodcaller_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!one_object(vm, "methodcaller", nargs, kwnames))
        return VALUE_ERROR;
    MethodCaller *m = (MethodCaller *)as_obj(self);
    Tuple *given = as_tuple(m->args);
    size_t nkw = as_tuple(m->kwnames)->len;
    if (nkw == 0)
        return call_method(vm, args[0], m->name, given->items, given->len);
    Value method = attr_get(vm, args[0], m->name);
    if (!method)
        return VALUE_ERROR;
    Value result = call(vm, method, given->items, given->len - nkw, m->kwnames);
    decref(vm, method);
    return result;
}

static Value methodcaller_repr(VM *vm, Value self) {
    int active = repr_enter(vm, self);
    if (active)
        return active < 0 ? VALUE_ERROR : str_printf(vm, "operator.methodcaller(...)");
    MethodCaller *m = (MethodCaller *)as_obj(self);
    Tuple *given = as_tuple(m->args), *names = as_tuple(m->kwnames);
    size_t npositional = given->len - names->len;
    StrBuilder b;
    strbuilder_init(&b, vm);
    bool ok = strbuilder_printf(&b, "operator.methodcaller(%R", m->name);
    for (size_t i = 0; ok && i < given->len; i++) {
        ok = strbuilder_add(&b, ", ", 2) &&
             (i < npositional || strbuilder_printf(&b, "%V=", names->items[i - npositional])) &&
             strbuilder_add_repr(&b, given->items[i]);
    }
    repr_leave(vm, self);
    if (!ok) {
        strbuilder_drop(&b);
        return VALUE_ERROR;
    }
    strbuilder_add(&b, ")", 1);
    return strbuilder_finish(&b);
}

/* Keywords cannot be among the arguments of a class in __reduce__: they go into a partial. */
static Value methodcaller_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    MethodCaller *m = (MethodCaller *)as_obj(self);
    Tuple *given = as_tuple(m->args), *names = as_tuple(m->kwnames);
    size_t npositional = given->len - names->len;
    Value type = type_value(fast_type(vm, self)), parts = VALUE_ERROR, maker = VALUE_ERROR, result = VALUE_ERROR;
    if (names->len == 0) {
        maker = incref(type);
        parts = tuple_new(vm, npositional + 1);
        if (parts)
            as_tuple(parts)->items[0] = incref(m->name);
    } else {
        Value import = builtin_get(vm, "__import__"), text = import ? str_from_c(vm, "functools") : VALUE_ERROR;
        Value module = text ? call1(vm, import, text) : VALUE_ERROR;
        Value partial = module ? attr_get_c(vm, module, "partial") : VALUE_ERROR;
        Value *all = partial ? mem_alloc(vm, (2 + names->len) * sizeof(Value)) : NULL;
        if (all) {
            all[0] = type;
            all[1] = m->name;
            memcpy(all + 2, given->items + npositional, names->len * sizeof(Value));
            maker = call(vm, partial, all, 2, m->kwnames);
            mem_free(vm, all, (2 + names->len) * sizeof(Value));
            parts = maker ? tuple_new(vm, npositional) : VALUE_ERROR;
        }
        decref(vm, partial);
        decref(vm, module);
        decref(vm, text);
    }
    if (parts) {
        size_t skip = as_tuple(parts)->len - npositional;
        for (size_t i = 0; i < npositional; i++)
            as_tuple(parts)->items[skip + i] = incref(given->items[i]);
        result = tuple_pack(vm, 2, maker, parts);
    }
    decref(vm, parts);
    decref(vm, maker);
    return result;
}

static const MethodSpec methodcaller_methods[] = {
    {"__reduce__", methodcaller_reduce, "", "State for copying and pickling.", 0},
    {0},
};

static const TypeSpec methodcaller_spec = {
    .name = "operator.methodcaller",
    .doc = "methodcaller(name, /, *args, **kwargs)\n\nA callable that calls the named method of its argument.",
    .signature = "name, /, *args, **kwargs",
    .size = sizeof(MethodCaller),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {FIELD_SLOTS(3), .create = methodcaller_create, .call = methodcaller_call, .repr = methodcaller_repr},
    .methods = methodcaller_methods,
};

/* ---- the module ------------------------------------------------------------------------------------------------ */

#define ROW2(name, id, text)                                                                                         \
    { name, op_##id, "a, b, /", "What " text " does.", 0 }
#define ROW1(name, id, text)                                                                                         \
    { name, op_##id, "a, /", "What " text " does.", 0 }

static const MethodSpec functions[] = {
    ROW2("lt", lt, "a < b"),
    ROW2("le", le, "a <= b"),
    ROW2("eq", eq, "a == b"),
    ROW2("ne", ne, "a != b"),
    ROW2("ge", ge, "a >= b"),
    ROW2("gt", gt, "a > b"),
    ROW1("not_", not, "not a"),
    {"truth", op_truth, "a, /", "Is a true?", 0},
    ROW2("is_", is, "a is b"),
    ROW2("is_not", is_not, "a is not b"),
    ROW2("add", add, "a + b"),
    ROW2("sub", sub, "a - b"),
    ROW2("mul", mul, "a * b"),
    ROW2("truediv", truediv, "a / b"),
    ROW2("floordiv", floordiv, "a // b"),
    ROW2("mod", mod, "a % b"),
    ROW2("pow", pow, "a ** b"),
    ROW2("lshift", lshift, "a << b"),
    ROW2("rshift", rshift, "a >> b"),
    ROW2("and_", and, "a & b"),
    ROW2("or_", or, "a | b"),
    ROW2("xor", xor, "a ^ b"),
    ROW2("matmul", matmul, "a @ b"),
    ROW1("neg", neg, "-a"),
    ROW1("pos", pos, "+a"),
    ROW1("inv", invert, "~a"),
    ROW1("invert", invert, "~a"),
    ROW1("abs", abs, "abs(a)"),
    {"index", op_index, "a, /", "The integer that a stands for, by its __index__().", 0},
    {"concat", op_concat, "a, b, /", "What a + b gives for two sequences.", 0},
    {"contains", op_contains, "a, b, /", "Is b in a? The container comes first.", 0},
    {"countOf", op_count_of, "a, b, /", "How many items of a equal b.", 0},
    {"indexOf", op_index_of, "a, b, /", "The position of the first item of a that equals b.", 0},
    ROW2("getitem", getitem, "a[b]"),
    {"setitem", op_setitem, "a, b, c, /", "Does a[b] = c.", 0},
    ROW2("delitem", delitem, "del a[b]"),
    {"length_hint", op_length_hint, "obj, default=0, /", "The number of items in obj, as far as it can be told.", 0},
    {"call", op_call, "obj, /, *args, **kwargs", "Calls obj with the other arguments.", 0},
    ROW2("iadd", iadd, "a += b"),
    ROW2("isub", isub, "a -= b"),
    ROW2("imul", imul, "a *= b"),
    ROW2("itruediv", itruediv, "a /= b"),
    ROW2("ifloordiv", ifloordiv, "a //= b"),
    ROW2("imod", imod, "a %= b"),
    ROW2("ipow", ipow, "a **= b"),
    ROW2("ilshift", ilshift, "a <<= b"),
    ROW2("irshift", irshift, "a >>= b"),
    ROW2("iand", iand, "a &= b"),
    ROW2("ior", ior, "a |= b"),
    ROW2("ixor", ixor, "a ^= b"),
    ROW2("imatmul", imatmul, "a @= b"),
    {"iconcat", op_iconcat, "a, b, /", "What a += b gives for two sequences.", 0},
    {"_compare_digest", op_compare_digest, "a, b, /", "a == b, in a time that does not tell where they differ.", 0},
    {0},
};

bool mod_operator_init(VM *vm, Value module) {
    static const struct {
        const char *name;
        const TypeSpec *spec;
    } types[] = {
        {"itemgetter", &itemgetter_spec}, {"attrgetter", &attrgetter_spec}, {"methodcaller", &methodcaller_spec}};
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        Type *t = vm_type(vm, types[i].spec, NULL);
        if (!t || !module_add(vm, module, types[i].name, incref(type_value(t))))
            return false;
    }
    return module_add_functions(vm, module, functions);
}
