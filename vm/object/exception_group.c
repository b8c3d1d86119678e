/* Exception groups (PEP 654): construction, splitting, and what try/except* does with them.
 *
 * Splitting keeps the tree's shape: a nested group that has members on both sides appears on both, each time as a new
 * group made by derive() that takes over traceback, context, cause and notes. Groups nest as deep as scripts make
 * them, so every walk is guarded against exhausting the C stack.
 */
#include "object/exception_types.h"
#include "object/type.h"
#include "runtime/vm.h"

static bool is_group(VM *vm, Value v) {
    return is_exception(v) && type_is_subtype(obj_type(as_obj(v)), vm->exc.BaseExceptionGroup);
}

static bool is_plain_exception(VM *vm, Value v) { return type_is_subtype(type_of(vm, v), vm->exc.Exception); }

static Value group_members(Value group) { return exception_field(group, GROUP_EXCEPTIONS); }

/* The members as a tuple: ValueError or TypeError unless they are a sequence of exceptions. */
static Value members_tuple(VM *vm, Value v, bool *all_plain) {
    if (!is_list(v) && !is_tuple(v) && (!type_of(vm, v)->slots.getitem || is_dict(v)))
        return raise_type(vm, "second argument (exceptions) must be a sequence");
    Value tuple = tuple_from_iterable(vm, v);
    if (!tuple)
        return VALUE_ERROR;
    Tuple *t = as_tuple(tuple);
    if (t->len == 0)
        raise_value(vm, "second argument (exceptions) must be a non-empty sequence");
    for (size_t i = 0; i < t->len && !error_pending(vm); i++) {
        if (!is_exception(t->items[i]))
            raise_value(vm, "Item %u of second argument (exceptions) is not an exception", i);
        else if (!is_plain_exception(vm, t->items[i]))
            *all_plain = false;
    }
    if (error_pending(vm)) {
        decref(vm, tuple);
        return VALUE_ERROR;
    }
    return tuple;
}

Value group_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (nargs != 2)
        return raise_type(vm, "BaseExceptionGroup.__new__() takes exactly 2 arguments (%u given)", nargs);
    if (!is_str(args[0]))
        return raise_type(vm, "BaseExceptionGroup.__new__() argument 1 must be str, not %T", args[0]);
    bool all_plain = true;
    Value members = members_tuple(vm, args[1], &all_plain);
    if (!members)
        return VALUE_ERROR;
    if (type == vm->exc.BaseExceptionGroup) {
        if (all_plain)
            type = vm->exc.ExceptionGroup;
    } else if (!all_plain && type == vm->exc.ExceptionGroup) {
        decref(vm, members);
        return raise_type(vm, "Cannot nest BaseExceptions in an ExceptionGroup");
    } else if (!all_plain && type_is_subtype(type, vm->exc.Exception)) {
        decref(vm, members);
        return raise_type(vm, "Cannot nest BaseExceptions in '%N'", type);
    }
    Value self = exception_alloc(vm, type, args, nargs);
    if (self && (!exception_set_field(vm, self, GROUP_MESSAGE, args[0]) ||
                 !exception_set_field(vm, self, GROUP_EXCEPTIONS, members))) {
        decref(vm, self);
        self = VALUE_ERROR;
    }
    decref(vm, members);
    return self;
}

Value group_str(VM *vm, Value self) {
    Value members = group_members(self), message = exception_field(self, GROUP_MESSAGE);
    size_t n = members ? as_tuple(members)->len : 0;
    return str_printf(vm, "%S (%u sub-exception%s)", message ? message : VALUE_NONE, n, n == 1 ? "" : "s");
}

/* A group of the given members (a list), made by the class itself rather than a script's derive. */
static Value group_make(VM *vm, Value message, Value members) {
    Value args[2] = {message, members};
    return call(vm, type_value(vm->exc.BaseExceptionGroup), args, 2, 0);
}

static bool copy_notes(VM *vm, Value from, Value to) {
    Value notes;
    int found = attr_lookup(vm, from, NAME(__notes__), &notes);
    if (found <= 0)
        return found == 0;
    bool ok = true;
    if (is_list(notes) || is_tuple(notes)) {
        Value copy = list_from_iterable(vm, notes);
        ok = copy && attr_set(vm, to, NAME(__notes__), copy);
        decref(vm, copy);
    }
    decref(vm, notes);
    return ok;
}

/* A group like `group` with only the members in `list`; VALUE_NONE when there are none. Owned. */
static Value group_subset(VM *vm, Value group, Value list) {
    if (as_list(list)->len == 0)
        return VALUE_NONE;
    Value derived = call_method1(vm, group, NAME(derive), list);
    if (!derived)
        return VALUE_ERROR;
    if (!is_group(vm, derived)) {
        decref(vm, derived);
        return raise_type(vm, "derive must return an instance of BaseExceptionGroup");
    }
    Exception *from = as_exception(group), *to = as_exception(derived);
    if (from->traceback)
        set_owned(vm, &to->traceback, incref(from->traceback));
    set_owned(vm, &to->context, incref(from->context));
    set_owned(vm, &to->cause, incref(from->cause));
    to->suppress_context = true;
    if (!copy_notes(vm, group, derived)) {
        decref(vm, derived);
        return VALUE_ERROR;
    }
    return derived;
}

/* How members are chosen: exactly one of the fields counts. */
typedef struct Matcher {
    Value classes;    /* a class or a tuple of classes */
    Value predicate;  /* a callable */
    Value identities; /* a dict whose keys are the addresses of leaves */
} Matcher;

static int matcher_test(VM *vm, const Matcher *m, Value exc) {
    if (m->classes) {
        Type *type = obj_type(as_obj(exc));
        if (is_type(m->classes))
            return type_is_subtype(type, as_type(m->classes));
        Tuple *t = as_tuple(m->classes);
        for (size_t i = 0; i < t->len; i++) {
            if (type_is_subtype(type, as_type(t->items[i])))
                return 1;
        }
        return 0;
    }
    if (m->predicate) {
        Value answer = call1(vm, m->predicate, exc);
        if (!answer)
            return -1;
        int is_true = truth(vm, answer);
        decref(vm, answer);
        return is_true;
    }
    if (is_group(vm, exc))
        return 0;
    Value key = int_from_uint64(vm, (uint64_t)(uintptr_t)as_obj(exc));
    int found = key ? dict_contains(vm, m->identities, key) : -1;
    decref(vm, key);
    return found;
}

/* Splits exc; *match and *rest (NULL: not wanted) are owned, VALUE_NONE where empty. */
static bool split_tree(VM *vm, Value exc, const Matcher *m, Value *match, Value *rest);

static bool split_members(VM *vm, Value group, const Matcher *m, Value matching, Value others) {
    Value members = incref(group_members(group));
    bool ok = true;
    for (size_t i = 0; ok && i < as_tuple(members)->len; i++) {
        Value part_match = VALUE_NONE, part_rest = VALUE_NONE;
        ok = split_tree(vm, as_tuple(members)->items[i], m, &part_match, others ? &part_rest : NULL);
        if (!ok)
            break;
        if (!is_none(part_match))
            ok = list_append_steal(vm, matching, part_match);
        if (!is_none(part_rest)) {
            if (ok)
                ok = list_append_steal(vm, others, part_rest);
            else
                decref(vm, part_rest);
        }
    }
    decref(vm, members);
    return ok;
}

static bool split_group(VM *vm, Value group, const Matcher *m, Value *match, Value *rest) {
    Value matching = list_new(vm, 0), others = rest ? list_new(vm, 0) : 0;
    bool ok = matching && (others || !rest) && native_enter(vm, " in exceptiongroup_split_recursive");
    if (ok) {
        ok = split_members(vm, group, m, matching, others);
        native_leave(vm);
    }
    if (ok) {
        *match = group_subset(vm, group, matching);
        ok = *match != 0;
    }
    if (ok && rest) {
        *rest = group_subset(vm, group, others);
        ok = *rest != 0;
        if (!ok)
            decref(vm, *match);
    }
    decref(vm, matching);
    decref(vm, others);
    return ok;
}

static bool split_tree(VM *vm, Value exc, const Matcher *m, Value *match, Value *rest) {
    int found = matcher_test(vm, m, exc);
    if (found < 0)
        return false;
    if (found) {
        *match = incref(exc);
        if (rest)
            *rest = VALUE_NONE;
        return true;
    }
    if (is_group(vm, exc))
        return split_group(vm, exc, m, match, rest);
    *match = VALUE_NONE;
    if (rest)
        *rest = incref(exc);
    return true;
}

static bool is_exception_class(VM *vm, Value v) {
    return is_type(v) && type_is_subtype(as_type(v), vm->exc.BaseException);
}

static bool matcher_from_value(VM *vm, Value v, Matcher *m) {
    *m = (Matcher){0};
    if (is_exception_class(vm, v)) {
        m->classes = v;
        return true;
    }
    if (has_exact_kind(v, KIND_TUPLE)) {
        size_t i = 0, n = as_tuple(v)->len;
        while (i < n && is_exception_class(vm, as_tuple(v)->items[i]))
            i++;
        if (i == n) {
            m->classes = v;
            return true;
        }
    } else if (!is_type(v) && is_callable(v)) {
        m->predicate = v;
        return true;
    }
    return raise_type(vm,
                      "expected an exception type, a tuple of exception types, or a callable (other than a class)");
}

/* ---- methods ---- */

static Value group_split(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Matcher m;
    Value parts[2];
    if (!matcher_from_value(vm, args[0], &m) || !split_tree(vm, self, &m, &parts[0], &parts[1]))
        return VALUE_ERROR;
    return tuple_from_array_steal(vm, parts, 2);
}

static Value group_subgroup(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Matcher m;
    Value match;
    if (!matcher_from_value(vm, args[0], &m) || !split_tree(vm, self, &m, &match, NULL))
        return VALUE_ERROR;
    return match;
}

static Value group_derive(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value message = incref(exception_field(self, GROUP_MESSAGE));
    Value result = group_make(vm, message, args[0]);
    decref(vm, message);
    return result;
}

static Value group_class_getitem(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return generic_alias_new(vm, self, args[0]);
}

const MethodSpec group_methods[] = {
    {"__class_getitem__", group_class_getitem, "object, /", "Groups are generic over their members' type.",
     METHOD_CLASS},
    {"derive", group_derive, "object, /", "Makes a group with the same message and other members.", 0},
    {"split", group_split, "object, /", "Returns the group of the matching members and that of the others.", 0},
    {"subgroup", group_subgroup, "object, /", "Returns the group of the matching members, or None.", 0},
    {0},
};

static Value group_get_message(VM *vm, Value self) {
    Value v = exception_field(self, GROUP_MESSAGE);
    return v ? incref(v) : VALUE_NONE;
}

static Value group_get_exceptions(VM *vm, Value self) {
    Value v = group_members(self);
    return incref(v ? v : vm->empty_tuple);
}

static bool group_set_readonly(VM *vm, Value self, Value value) {
    return raisef(vm, vm->exc.AttributeError, "readonly attribute");
}

const GetSetSpec group_getset[] = {
    {"message", group_get_message, group_set_readonly, "The message."},
    {"exceptions", group_get_exceptions, group_set_readonly, "The members, a tuple."},
    {0},
};

/* ExceptionGroup has two bases, which the table of native types cannot say. */
AT_START bool exception_group_setup(VM *vm) {
    Type *t = vm->exc.ExceptionGroup;
    Value base = type_value(vm->exc.BaseExceptionGroup), exception = type_value(vm->exc.Exception);
    t->bases = tuple_pack(vm, 2, base, exception);
    t->mro = tuple_pack(vm, 5, type_value(t), base, exception, type_value(vm->exc.BaseException),
                        type_value(vm->types.object));
    return t->bases && t->mro;
}

/* ---- except* ---- */

static bool star_class_valid(VM *vm, Value v) {
    if (!is_exception_class(vm, v))
        return raise_type(vm, "catching classes that do not inherit from BaseException is not allowed");
    if (type_is_subtype(as_type(v), vm->exc.BaseExceptionGroup))
        return raise_type(vm, "catching ExceptionGroup with except* is not allowed. Use except instead.");
    return true;
}

/* Classes that are no exceptions are reported before groups, wherever they stand. */
static bool star_spec_valid(VM *vm, Value spec) {
    if (!is_tuple(spec))
        return star_class_valid(vm, spec);
    for (size_t i = 0; i < as_tuple(spec)->len; i++) {
        if (!is_exception_class(vm, as_tuple(spec)->items[i]))
            return star_class_valid(vm, as_tuple(spec)->items[i]);
    }
    for (size_t i = 0; i < as_tuple(spec)->len; i++) {
        if (!star_class_valid(vm, as_tuple(spec)->items[i]))
            return false;
    }
    return true;
}

static bool split_by_method(VM *vm, Value group, Value spec, Value *match, Value *rest) {
    Value pair = call_method1(vm, group, NAME(split), spec);
    if (!pair)
        return false;
    bool ok = false;
    if (!is_tuple(pair))
        raise_type(vm, "%T.split must return a tuple, not %T", group, pair);
    else if (as_tuple(pair)->len < 2)
        raise_type(vm, "%T.split must return a 2-tuple, got tuple of size %u", group, as_tuple(pair)->len);
    else
        ok = true;
    if (ok) {
        *match = incref(as_tuple(pair)->items[0]);
        *rest = incref(as_tuple(pair)->items[1]);
    }
    decref(vm, pair);
    return ok;
}

bool exception_group_split(VM *vm, Value exc, Value spec, Value *match, Value *rest) {
    *match = *rest = VALUE_NONE;
    if (!star_spec_valid(vm, spec))
        return false;
    if (is_none(exc))
        return true;
    int whole = exception_matches(vm, exc, spec);
    if (whole < 0)
        return false;
    if (whole) {
        if (is_group(vm, exc)) {
            *match = incref(exc);
            return true;
        }
        Value members = tuple_pack(vm, 1, exc);
        Value wrapped = members ? group_make(vm, vm->empty_str, members) : VALUE_ERROR;
        decref(vm, members);
        *match = wrapped;
        return wrapped != 0;
    }
    if (is_group(vm, exc))
        return split_by_method(vm, exc, spec, match, rest);
    *rest = incref(exc);
    return true;
}

/* The identities of all leaves below exc go into the dict. */
static bool collect_leaves(VM *vm, Value exc, Value identities) {
    if (!is_group(vm, exc)) {
        Value key = int_from_uint64(vm, (uint64_t)(uintptr_t)as_obj(exc));
        bool ok = key && dict_set(vm, identities, key, VALUE_TRUE);
        decref(vm, key);
        return ok;
    }
    if (!native_enter(vm, " in collect_exception_group_leaf_ids"))
        return false;
    Tuple *members = as_tuple(group_members(exc));
    bool ok = true;
    for (size_t i = 0; ok && i < members->len; i++)
        ok = collect_leaves(vm, members->items[i], identities);
    native_leave(vm);
    return ok;
}

/* The part of the original group whose leaves are in the exceptions of the list. */
static Value group_projection(VM *vm, Value original, Value list) {
    Matcher m = {.identities = dict_new(vm)};
    bool ok = m.identities != 0;
    for (size_t i = 0; ok && i < as_list(list)->len; i++)
        ok = collect_leaves(vm, as_list(list)->items[i], m.identities);
    Value match = VALUE_ERROR;
    if (ok)
        ok = split_tree(vm, original, &m, &match, NULL);
    decref(vm, m.identities);
    return ok ? match : VALUE_ERROR;
}

/* Was `exc` re-raised, as a part of the original, rather than raised anew? A part shares all these. */
static bool same_metadata(Value exc, Value original) {
    Exception *a = as_exception(exc), *b = as_exception(original);
    return a->traceback == b->traceback && a->cause == b->cause && a->context == b->context;
}

/* Sorts what the clauses raised into the parts that were re-raised and the new ones. */
static bool sort_raised(VM *vm, Value original, Value raised_list, Value reraised, Value fresh) {
    for (size_t i = 0; i < as_list(raised_list)->len; i++) {
        Value exc = as_list(raised_list)->items[i];
        if (is_none(exc))
            continue;
        if (!list_append(vm, same_metadata(exc, original) ? reraised : fresh, exc))
            return false;
    }
    return true;
}

Value exception_group_combine(VM *vm, Value original, Value raised_list) {
    size_t n = as_list(raised_list)->len;
    if (n == 0)
        return VALUE_NONE;
    if (!is_group(vm, original)) { /* it was wrapped for one clause, so at most one exception can have come of it */
        for (size_t i = 0; i < n; i++) {
            if (!is_none(as_list(raised_list)->items[i]))
                return incref(as_list(raised_list)->items[i]);
        }
        return VALUE_NONE;
    }
    Value reraised = list_new(vm, 0), fresh = list_new(vm, 0), result = VALUE_ERROR, part = VALUE_ERROR;
    if (reraised && fresh && sort_raised(vm, original, raised_list, reraised, fresh))
        part = group_projection(vm, original, reraised);
    if (part && as_list(fresh)->len == 0) {
        result = incref(part);
    } else if (part && (is_none(part) || list_append(vm, fresh, part))) {
        result = as_list(fresh)->len == 1 ? incref(as_list(fresh)->items[0]) : group_make(vm, vm->empty_str, fresh);
    }
    decref(vm, part);
    decref(vm, reraised);
    decref(vm, fresh);
    return result;
}
