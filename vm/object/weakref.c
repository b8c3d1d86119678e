/* Weak references: ref, its subclasses, and proxies.
 *
 * The VM has one table from the addresses of referenced objects to the chains of their references; the flag
 * OBJ_WEAKREFS of an object says that it has an entry. When an object dies, its references forget it before anything
 * of it is torn down, and then the callbacks run, newest reference first, as CPython orders them.
 *
 * Invariant: ref->target is not NULL exactly while the reference is in the target's chain. A chain's head is what the
 * table holds; an empty chain has no entry. References without callback of the plain types are shared: ref(x) is
 * ref(x). */
#include "runtime/vm.h"

#include "object/descr.h"
#include "object/type.h"

typedef struct WeakRef {
    Object header;
    Object *target; /* borrowed; NULL: dead */
    Value callback; /* owned; 0: none */
    int64_t hash;   /* valid when hashed */
    bool hashed;
    struct WeakRef *next, *prev; /* in the target's chain */
} WeakRef;

typedef struct WeakTable {
    size_t used, mask; /* open addressing, linear probing, no tombstones */
    struct WeakEntry {
        Object *target; /* NULL: free */
        WeakRef *first;
    } entries[];
} WeakTable;

#define TABLE_FIRST 16

static WeakRef *as_weakref(Value v) { return (WeakRef *)as_obj(v); }

/* --- the table
 * ------------------------------------------------------------------------------------------------------ */

static size_t table_bytes(size_t mask) { return sizeof(WeakTable) + (mask + 1) * sizeof(struct WeakEntry); }
static size_t table_home(const WeakTable *t, const Object *o) {
    return (size_t)((uint64_t)((uintptr_t)o >> 4) * 0x9E3779B97F4A7C15u >> 20) & t->mask;
}

static struct WeakEntry *table_find(VM *vm, Object *o) {
    WeakTable *t = vm->weakrefs;
    if (!(o->flags & OBJ_WEAKREFS) || t == NULL)
        return NULL;
    for (size_t i = table_home(t, o); t->entries[i].target != NULL; i = (i + 1) & t->mask) {
        if (t->entries[i].target == o)
            return &t->entries[i];
    }
    return NULL;
}

static struct WeakEntry *table_slot(WeakTable *t, Object *o) {
    size_t i = table_home(t, o);
    while (t->entries[i].target != NULL)
        i = (i + 1) & t->mask;
    t->entries[i].target = o;
    t->used++;
    return &t->entries[i];
}

static bool table_reserve(VM *vm) {
    WeakTable *old = vm->weakrefs;
    if (old != NULL && (old->used + 1) * 3 <= (old->mask + 1) * 2)
        return true;
    size_t mask = old != NULL ? (old->mask + 1) * 2 - 1 : TABLE_FIRST - 1;
    WeakTable *t = mem_zalloc(vm, table_bytes(mask));
    if (t == NULL)
        return false;
    t->mask = mask;
    for (size_t i = 0; old != NULL && i <= old->mask; i++) {
        if (old->entries[i].target != NULL)
            table_slot(t, old->entries[i].target)->first = old->entries[i].first;
    }
    vm->weakrefs = t;
    if (old != NULL)
        mem_free(vm, old, table_bytes(old->mask));
    return true;
}

/* Removes an entry and moves those behind it up, so that probing never meets a gap. */
static void table_remove(VM *vm, struct WeakEntry *e) {
    WeakTable *t = vm->weakrefs;
    size_t hole = (size_t)(e - t->entries);
    e->target->flags &= (uint8_t)~OBJ_WEAKREFS;
    for (size_t i = (hole + 1) & t->mask; t->entries[i].target != NULL; i = (i + 1) & t->mask) {
        size_t home = table_home(t, t->entries[i].target);
        if (((i - home) & t->mask) >= ((i - hole) & t->mask)) {
            t->entries[hole] = t->entries[i];
            hole = i;
        }
    }
    t->entries[hole] = (struct WeakEntry){NULL, NULL};
    t->used--;
}

/* --- chains
 * ------------------------------------------------------------------------------------------------------------- */

/* References that can be shared stand first: the plain ref, then the plain proxy; then the others, newest first. */
static void chain_insert(struct WeakEntry *e, WeakRef *r, WeakRef *after) {
    r->prev = after;
    r->next = after != NULL ? after->next : e->first;
    if (r->next != NULL)
        r->next->prev = r;
    if (after != NULL)
        after->next = r;
    else
        e->first = r;
}

static void chain_remove(VM *vm, WeakRef *r) {
    if (r->target == NULL)
        return;
    struct WeakEntry *e = table_find(vm, r->target);
    if (r->prev != NULL)
        r->prev->next = r->next;
    else if (e != NULL)
        e->first = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    if (e != NULL && e->first == NULL)
        table_remove(vm, e);
    r->target = NULL;
    r->next = r->prev = NULL;
}

static bool is_shared(const WeakRef *r, const Type *type) { return obj_type(&r->header) == type && r->callback == 0; }

/* The shareable references of a chain. */
static void chain_shared(VM *vm, WeakRef *first, WeakRef **ref, WeakRef **proxy) {
    *ref = *proxy = NULL;
    if (first != NULL && is_shared(first, vm->types.weakref)) {
        *ref = first;
        first = first->next;
    }
    if (first != NULL && (is_shared(first, vm->types.weakproxy) || is_shared(first, vm->types.weakcallableproxy)))
        *proxy = first;
}

static Value weakref_make(VM *vm, Type *type, Value target, Value callback) {
    Type *t = type_of(vm, target);
    if (!is_obj(target) || (t->flags & TYPE_NO_WEAKREF)) {
        Value full = type_full_name(vm, t);
        if (full != 0)
            raise_type(vm, "cannot create weak reference to '%V' object", full);
        decref(vm, full);
        return 0;
    }
    if (callback == VALUE_NONE)
        callback = 0;
    Object *o = as_obj(target);
    struct WeakEntry *e = table_find(vm, o);
    WeakRef *ref, *proxy, *shared = NULL;
    chain_shared(vm, e != NULL ? e->first : NULL, &ref, &proxy);
    bool shareable = callback == 0 && type == vm->types.weakref;
    if (shareable)
        shared = ref;
    else if (callback == 0 && proxy != NULL && obj_type(&proxy->header) == type)
        shared = proxy;
    /* one whose count is zero is dying: it waits to be freed */
    if (shared != NULL && shared->header.refcount != 0)
        return incref(from_obj(shared));
    WeakRef *r = object_alloc(vm, type, 0);
    if (r == NULL)
        return 0;
    if (!table_reserve(vm)) {
        decref(vm, from_obj(r));
        return 0;
    }
    r->callback = incref(callback);
    e = table_find(vm, o);
    if (e == NULL) {
        e = table_slot(vm->weakrefs, o);
        o->flags |= OBJ_WEAKREFS;
    }
    chain_shared(vm, e->first, &ref, &proxy);
    bool is_proxy = type == vm->types.weakproxy || type == vm->types.weakcallableproxy;
    if (shareable)
        chain_insert(e, r, NULL);
    else if (callback == 0 && is_proxy)
        chain_insert(e, r, ref);
    else
        chain_insert(e, r, proxy != NULL ? proxy : ref);
    r->target = o;
    return from_obj(r);
}

Value weakref_new(VM *vm, Value target, Value callback) {
    return weakref_make(vm, vm->types.weakref, target, callback);
}

/* The target unless it is gone or being torn down: borrowed, or 0. */
static Value target_of(WeakRef *r) { return r->target != NULL && r->target->refcount != 0 ? from_obj(r->target) : 0; }

Value weakref_get(VM *vm, Value ref) {
    Value v = target_of(as_weakref(ref));
    return v != 0 ? incref(v) : VALUE_NONE;
}

Value weakref_first(VM *vm, Object *target) {
    struct WeakEntry *e = table_find(vm, target);
    return e != NULL ? from_obj(e->first) : 0;
}

static size_t chain_length(VM *vm, Object *target) {
    struct WeakEntry *e = table_find(vm, target);
    size_t n = 0;
    for (WeakRef *r = e != NULL ? e->first : NULL; r != NULL; r = r->next)
        n += r->header.refcount != 0;
    return n;
}

static void run_callback(VM *vm, WeakRef *r) {
    Value callback = r->callback;
    r->callback = 0;
    if (callback == 0)
        return;
    Value pending = error_take(vm);
    Value result = call1(vm, callback, from_obj(r));
    if (result == 0)
        error_unraisable(vm, NULL, callback);
    decref(vm, result);
    decref(vm, callback);
    vm->thread->exception = pending;
}

void weakref_kill(VM *vm, Object *target, WeakPending *pending) {
    struct WeakEntry *e = table_find(vm, target);
    if (e == NULL)
        return;
    WeakRef *r = e->first;
    e->first = NULL;
    table_remove(vm, e);
    while (r != NULL) {
        WeakRef *next = r->next;
        r->target = NULL;
        r->next = r->prev = NULL;
        if (r->callback != 0 && r->header.refcount != 0 && !(r->header.flags & OBJ_MARK)) {
            r->header.refcount++;
            *pending->tail = r;
            pending->tail = &r->next;
        }
        r = next;
    }
}

void weakref_run_pending(VM *vm, WeakPending *pending) {
    while (pending->first != NULL) {
        WeakRef *r = pending->first;
        pending->first = r->next;
        r->next = NULL;
        run_callback(vm, r);
        decref(vm, from_obj(r));
    }
}

/* All references are made dead first: a callback must not reach the object through another one. Those with a callback
 * are held, chained through `next`, until it has run. */
void weakref_clear_all(VM *vm, Object *target) {
    WeakPending pending = {NULL, &pending.first};
    weakref_kill(vm, target, &pending);
    weakref_run_pending(vm, &pending);
}

/* --- ref
 * ------------------------------------------------------------------------------------------------------------------
 */

static Value ref_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    /* subclasses may take other arguments: only __init__ looks at the rest */
    if (nargs == 0)
        return raise_type(vm, "__new__ expected at least 1 argument, got 0");
    if (nargs > 2)
        return raise_type(vm, "__new__ expected at most 2 arguments, got %u", nargs);
    return weakref_make(vm, type, args[0], nargs == 2 ? args[1] : 0);
}

static bool ref_init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (kwnames != 0 && as_tuple(kwnames)->len != 0)
        return raise_type(vm, "ref() takes no keyword arguments");
    if (nargs < 1 || nargs > 2)
        return raise_type(vm, "__init__ expected at %s %d argument%s, got %u", nargs < 1 ? "least" : "most",
                          nargs < 1 ? 1 : 2, nargs < 1 ? "" : "s", nargs);
    return true;
}

static Value ref_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (kwnames != 0 && as_tuple(kwnames)->len != 0)
        return raise_type(vm, "weakref() takes no keyword arguments");
    if (nargs != 0)
        return raise_type(vm, "weakref expected 0 arguments, got %u", nargs);
    return weakref_get(vm, self);
}

static Value repr_as(VM *vm, Value self, const char *kind) {
    Value at = address_text(vm, self), target = target_of(as_weakref(self)), inner = 0, text = 0, name = 0;
    if (at == 0)
        return 0;
    if (target == 0) {
        text = str_printf(vm, "<%s at %V; dead>", kind, at);
        decref(vm, at);
        return text;
    }
    incref(target);
    inner = address_text(vm, target);
    if (inner != 0 && attr_lookup(vm, target, NAME(__name__), &name) <= 0) {
        error_clear(vm);
        name = 0;
    }
    if (inner != 0 && name != 0 && is_str(name))
        text = str_printf(vm, "<%s at %V; to '%T' at %V (%V)>", kind, at, target, inner, name);
    else if (inner != 0)
        text = str_printf(vm, "<%s at %V; to '%T' at %V>", kind, at, target, inner);
    decref(vm, at);
    decref(vm, inner);
    decref(vm, name);
    decref(vm, target);
    return text;
}

static Value ref_repr(VM *vm, Value self) { return repr_as(vm, self, "weakref"); }

static bool ref_hash(VM *vm, Value self, int64_t *out) {
    WeakRef *r = as_weakref(self);
    if (!r->hashed) {
        Value target = weakref_get(vm, self);
        if (target == VALUE_NONE)
            return raise_type(vm, "weak object has gone away");
        bool ok = hash_value(vm, target, &r->hash);
        decref(vm, target);
        if (!ok)
            return false;
        r->hashed = true;
    }
    *out = r->hash;
    return true;
}

static Value ref_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !type_is_subtype(type_of(vm, a), vm->types.weakref) ||
        !type_is_subtype(type_of(vm, b), vm->types.weakref))
        return VALUE_NOTIMPL;
    Value x = target_of(as_weakref(a)), y = target_of(as_weakref(b));
    if (x == 0 || y == 0)
        return from_bool((a == b) == (op == CMP_EQ));
    incref(x);
    incref(y);
    Value result = compare_rich(vm, x, y, op);
    decref(vm, x);
    decref(vm, y);
    return result;
}

static Value get_callback(VM *vm, Value self) {
    Value c = as_weakref(self)->callback;
    return c != 0 ? incref(c) : VALUE_NONE;
}

static void ref_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((WeakRef *)self)->callback, visit, arg);
}

static void ref_clear(VM *vm, Object *self) {
    WeakRef *r = (WeakRef *)self;
    chain_remove(vm, r);
    set_owned(vm, &r->callback, 0);
}

static Value ref_class_getitem(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return generic_alias_new(vm, self, args[0]);
}

static const MethodSpec ref_methods[] = {
    {"__class_getitem__", ref_class_getitem, "object, /", "ref[T], for annotations.", METHOD_CLASS},
    {0},
};

static const GetSetSpec ref_getset[] = {
    {"__callback__", get_callback, NULL, "the function to call when the object dies, or None"},
    {0},
};

const TypeSpec weakref_spec = {
    .name = "weakref.ReferenceType",
    .doc = "ref(object, callback=None): calling it gives the object while that is alive, then None.",
    .size = sizeof(WeakRef),
    .flags = TYPE_GC | TYPE_BASE | TYPE_NO_WEAKREF,
    .kind = KIND_WEAKREF,
    .slots = {.dealloc = ref_clear,
              .traverse = ref_traverse,
              .clear = ref_clear,
              .create = ref_create,
              .init = ref_init,
              .call = ref_call,
              .repr = ref_repr,
              .hash = ref_hash,
              .compare = ref_compare},
    .methods = ref_methods,
    .getset = ref_getset,
};

/* --- proxies
 * ---------------------------------------------------------------------------------------------------------------- */

/* The object behind a proxy, owned; any other value as it is. ReferenceError when it is gone. */
static Value unwrap(VM *vm, Value v) {
    if (!is_obj(v) ||
        (obj_type(as_obj(v)) != vm->types.weakproxy && obj_type(as_obj(v)) != vm->types.weakcallableproxy))
        return incref(v);
    Value target = target_of(as_weakref(v));
    if (target == 0)
        return raisef(vm, vm->exc.ReferenceError, "weakly-referenced object no longer exists");
    return incref(target);
}

#define WITH_TARGET(type, failed, expression)                                                                        \
    Value o = unwrap(vm, self);                                                                                      \
    if (o == 0)                                                                                                      \
        return failed;                                                                                               \
    type result = (expression);                                                                                      \
    decref(vm, o);                                                                                                   \
    return result

static Value proxy_repr(VM *vm, Value self) { return repr_as(vm, self, "weakproxy"); }
static Value proxy_str(VM *vm, Value self) { WITH_TARGET(Value, 0, to_str(vm, o)); }
static Value proxy_getattr(VM *vm, Value self, Value name) { WITH_TARGET(Value, 0, attr_get(vm, o, name)); }
static bool proxy_setattr(VM *vm, Value self, Value name, Value v) {
    WITH_TARGET(bool, false, attr_set(vm, o, name, v));
}
static int proxy_truth(VM *vm, Value self) { WITH_TARGET(int, -1, truth(vm, o)); }
static ssize_t proxy_len(VM *vm, Value self) { WITH_TARGET(ssize_t, -1, length(vm, o)); }
static Value proxy_iter(VM *vm, Value self) { WITH_TARGET(Value, 0, iter_get(vm, o)); }
static Value proxy_getitem(VM *vm, Value self, Value key) { WITH_TARGET(Value, 0, item_get(vm, o, key)); }
static bool proxy_setitem(VM *vm, Value self, Value key, Value v) {
    WITH_TARGET(bool, false, item_set(vm, o, key, v));
}
static int proxy_contains(VM *vm, Value self, Value item) { WITH_TARGET(int, -1, contains(vm, o, item)); }
static Value proxy_index(VM *vm, Value self) { WITH_TARGET(Value, 0, to_index(vm, o)); }
static Value proxy_neg(VM *vm, Value self) { WITH_TARGET(Value, 0, arith_unary(vm, OP_NEG, o)); }
static Value proxy_pos(VM *vm, Value self) { WITH_TARGET(Value, 0, arith_unary(vm, OP_POS, o)); }
static Value proxy_invert(VM *vm, Value self) { WITH_TARGET(Value, 0, arith_unary(vm, OP_INVERT, o)); }
static Value proxy_abs(VM *vm, Value self) { WITH_TARGET(Value, 0, arith_unary(vm, OP_ABS, o)); }
static Value proxy_int(VM *vm, Value self) { WITH_TARGET(Value, 0, call1(vm, type_value(vm->types.int_), o)); }
static Value proxy_float(VM *vm, Value self) { WITH_TARGET(Value, 0, call1(vm, type_value(vm->types.float_), o)); }

static Value proxy_next(VM *vm, Value self) {
    Value o = unwrap(vm, self);
    if (o == 0)
        return 0;
    Value result = type_of(vm, o)->slots.next != NULL
                       ? iter_next(vm, o)
                       : raise_type(vm, "Weakref proxy referenced a non-iterator '%T' object", o);
    decref(vm, o);
    return result;
}

static Value proxy_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    WITH_TARGET(Value, 0, call(vm, o, args, nargs, kwnames));
}

/* Both operands may be proxies. */
static bool unwrap_both(VM *vm, Value a, Value b, Value *x, Value *y) {
    *x = unwrap(vm, a);
    *y = *x != 0 ? unwrap(vm, b) : 0;
    if (*y != 0)
        return true;
    decref(vm, *x);
    return false;
}

static Value proxy_compare(VM *vm, Value a, Value b, CompareOp op) {
    Value x, y;
    if (!unwrap_both(vm, a, b, &x, &y))
        return 0;
    Value result = compare_rich(vm, x, y, op);
    decref(vm, x);
    decref(vm, y);
    return result;
}

static Value proxy_binary(VM *vm, Value a, Value b, BinaryOp op, bool inplace) {
    Value x, y;
    if (!unwrap_both(vm, a, b, &x, &y))
        return 0;
    Value result = inplace ? arith_inplace(vm, op, x, y) : arith_binary(vm, op, x, y);
    decref(vm, x);
    decref(vm, y);
    return result;
}

static Value proxy_pow_mod(VM *vm, Value a, Value b, Value mod) {
    Value x, y, m;
    if (!unwrap_both(vm, a, b, &x, &y))
        return 0;
    m = unwrap(vm, mod);
    Value result = m != 0 ? arith_power(vm, x, y, m) : 0;
    decref(vm, x);
    decref(vm, y);
    decref(vm, m);
    return result;
}

#define PROXY_OPERATORS(X)                                                                                           \
    X(OP_ADD)                                                                                                        \
    X(OP_SUB)                                                                                                        \
    X(OP_MUL)                                                                                                        \
    X(OP_TRUEDIV)                                                                                                    \
    X(OP_FLOORDIV) X(OP_MOD) X(OP_POW) X(OP_LSHIFT) X(OP_RSHIFT) X(OP_AND) X(OP_OR) X(OP_XOR) X(OP_MATMUL)
#define DEFINE(op)                                                                                                   \
    static Value proxy_##op(VM *vm, Value a, Value b) { return proxy_binary(vm, a, b, op, false); }                  \
    static Value proxy_i##op(VM *vm, Value a, Value b) { return proxy_binary(vm, a, b, op, true); }
PROXY_OPERATORS(DEFINE)
static Value proxy_OP_DIVMOD(VM *vm, Value a, Value b) { return proxy_binary(vm, a, b, OP_DIVMOD, false); }
#define BINARY_FIELD(op) [op] = proxy_##op,
#define INPLACE_FIELD(op) [op] = proxy_i##op,

static Value proxy_bytes(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    WITH_TARGET(Value, 0, call_method0(vm, o, NAME(__bytes__)));
}

static Value proxy_reversed(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    WITH_TARGET(Value, 0, call1(vm, type_value(vm->types.reversed), o));
}

static const MethodSpec proxy_methods[] = {
    {"__bytes__", proxy_bytes, "", "bytes() of the object.", 0},
    {"__reversed__", proxy_reversed, "", "reversed() of the object.", 0},
    {0},
};

#define PROXY_SLOTS                                                                                                  \
    .dealloc = ref_clear, .traverse = ref_traverse, .clear = ref_clear, .repr = proxy_repr, .str = proxy_str,        \
    .compare = proxy_compare, .getattr = proxy_getattr, .setattr = proxy_setattr, .iter = proxy_iter,                \
    .next = proxy_next, .truth = proxy_truth, .len = proxy_len, .getitem = proxy_getitem, .setitem = proxy_setitem,  \
    .contains = proxy_contains, .index = proxy_index

static const NumberSlots proxy_numbers = {
    .to_int = proxy_int,
    .to_float = proxy_float,
    .pow_mod = proxy_pow_mod,
    .binary = {PROXY_OPERATORS(BINARY_FIELD)[OP_DIVMOD] = proxy_OP_DIVMOD},
    .inplace = {PROXY_OPERATORS(INPLACE_FIELD)},
    .unary = {[OP_NEG] = proxy_neg, [OP_POS] = proxy_pos, [OP_INVERT] = proxy_invert, [OP_ABS] = proxy_abs},
};

const TypeSpec weakproxy_spec = {
    .name = "weakref.ProxyType",
    .doc = "Stands for an object that it does not keep alive.",
    .size = sizeof(WeakRef),
    .flags = TYPE_GC | TYPE_NO_WEAKREF,
    .kind = KIND_WEAKREF,
    .slots = {PROXY_SLOTS},
    .numbers = &proxy_numbers,
    .methods = proxy_methods,
};

const TypeSpec weakcallableproxy_spec = {
    .name = "weakref.CallableProxyType",
    .doc = "Stands for a callable object that it does not keep alive.",
    .size = sizeof(WeakRef),
    .flags = TYPE_GC | TYPE_NO_WEAKREF,
    .kind = KIND_WEAKREF,
    .slots = {PROXY_SLOTS, .call = proxy_call},
    .numbers = &proxy_numbers,
    .methods = proxy_methods,
};

/* --- the module _weakref
 * ----------------------------------------------------------------------------------------------------- */

static Value mod_proxy(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Type *t = is_callable(args[0]) ? vm->types.weakcallableproxy : vm->types.weakproxy;
    return weakref_make(vm, t, args[0], args[1]);
}

static Value mod_count(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return is_obj(args[0]) ? int_from_ssize(vm, (ssize_t)chain_length(vm, as_obj(args[0]))) : from_small_int(0);
}

static Value mod_refs(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value list = list_new(vm, 0);
    struct WeakEntry *e = list != 0 && is_obj(args[0]) ? table_find(vm, as_obj(args[0])) : NULL;
    for (WeakRef *r = e != NULL ? e->first : NULL; r != NULL; r = r->next) {
        if (r->header.refcount != 0 && !list_append(vm, list, from_obj(r))) {
            decref(vm, list);
            return 0;
        }
    }
    return list;
}

/* Weak dictionaries: drops a key whose value's reference has died meanwhile, and only then. */
static Value mod_remove_dead(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    if (!is_dict(args[0]))
        return raise_type(vm, "_remove_dead_weakref() argument 1 must be dict, not %T", args[0]);
    Value ref = dict_get(vm, args[0], args[1]);
    if (ref == 0)
        return error_pending(vm) ? 0 : VALUE_NONE;
    if (has_kind(ref, KIND_WEAKREF) && target_of(as_weakref(ref)) == 0 && dict_delete(vm, args[0], args[1]) < 0)
        return 0;
    return VALUE_NONE;
}

static const MethodSpec module_functions[] = {
    {"proxy", mod_proxy, "object, callback=None, /",
     "Makes a proxy that stands for the object without keeping it alive.", 0},
    {"getweakrefcount", mod_count, "object, /", "How many weak references and proxies the object has.", 0},
    {"getweakrefs", mod_refs, "object, /", "The weak references and proxies of the object, as a list.", 0},
    {"_remove_dead_weakref", mod_remove_dead, "dct, key, /", "Removes key if its value is a dead weak reference.", 0},
    {0},
};

bool mod_weakref_init(VM *vm, Value module) {
    return module_add_functions(vm, module, module_functions) &&
           module_add(vm, module, "ref", incref(type_value(vm->types.weakref))) &&
           module_add(vm, module, "ReferenceType", incref(type_value(vm->types.weakref))) &&
           module_add(vm, module, "ProxyType", incref(type_value(vm->types.weakproxy))) &&
           module_add(vm, module, "CallableProxyType", incref(type_value(vm->types.weakcallableproxy)));
}
