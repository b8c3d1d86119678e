/* _typing: the objects behind type parameters (PEP 484, 612, 646, 695, 696): TypeVar, ParamSpec, TypeVarTuple, their
 * helpers, TypeAliasType, Generic.
 *
 * Bounds, constraints, defaults and alias values written in the new syntax are functions that the compiler makes;
 * they are called when first asked for. */
#include "interp/frame.h"
#include "object/type.h"
#include "stdlib/init.h"

#define NATIVE_ARGS VM *vm, Value self, Value *args, size_t nargs, Value kwnames

typedef enum ParamKind { PARAM_TYPEVAR, PARAM_PARAMSPEC, PARAM_TUPLE } ParamKind;

typedef struct TypeParam {
    Object header;
    Value name, module;
    Value bound, constraints, fallback;                /* values, 0 while not computed */
    Value lazy_bound, lazy_constraints, lazy_fallback; /* functions, or 0 */
    uint8_t kind;
    bool covariant, contravariant, infer;
} TypeParam;

typedef struct ParamPart { /* P.args, P.kwargs */
    Object header;
    Value origin;
} ParamPart;

typedef struct TypeAlias {
    Object header;
    Value name, params, value, lazy, module;
} TypeAlias;

typedef struct TypingTypes {
    Type *typevar, *paramspec, *tuple, *args, *kwargs, *alias, *generic, *nodefault;
    Value no_default;
} TypingTypes;

static const TypeSpec typevar_spec, paramspec_spec, typevartuple_spec, paramspec_args_spec, paramspec_kwargs_spec,
    typealias_spec, generic_spec, nodefault_spec;

static TypingTypes *types(VM *vm) {
    TypingTypes *t = vm->module_state[MODULE_SLOT_mod_typing_init];
    if (t != NULL)
        return t;
    t = mem_zalloc(vm, sizeof *t);
    if (t == NULL)
        return NULL;
    Type *object = vm->types.object;
    bool ok = (t->typevar = vm_type(vm, &typevar_spec, object)) != NULL &&
              (t->paramspec = vm_type(vm, &paramspec_spec, object)) != NULL &&
              (t->tuple = vm_type(vm, &typevartuple_spec, object)) != NULL &&
              (t->args = vm_type(vm, &paramspec_args_spec, object)) != NULL &&
              (t->kwargs = vm_type(vm, &paramspec_kwargs_spec, object)) != NULL &&
              (t->alias = vm_type(vm, &typealias_spec, object)) != NULL &&
              (t->generic = vm_type(vm, &generic_spec, object)) != NULL &&
              (t->nodefault = vm_type(vm, &nodefault_spec, object)) != NULL;
    Object *marker = ok ? object_alloc(vm, t->nodefault, 0) : NULL;
    if (marker == NULL || (t->no_default = vm_keep(vm, from_obj(marker))) == 0) {
        mem_free(vm, t, sizeof *t);
        return NULL;
    }
    vm->module_state[MODULE_SLOT_mod_typing_init] = t;
    return t;
}

static Value typing_attr(VM *vm, const char *name) {
    Value module_name = str_intern_c(vm, "typing");
    Value module = module_name == 0 ? 0 : vm->import_name(vm, module_name, VALUE_NONE, VALUE_NONE, 0);
    decref(vm, module_name);
    Value v = module == 0 ? 0 : attr_get_c(vm, module, name);
    decref(vm, module);
    return v;
}

static Value typing_call(VM *vm, const char *name, Value *args, size_t nargs) {
    Value fn = typing_attr(vm, name);
    Value r = fn == 0 ? 0 : call(vm, fn, args, nargs, 0);
    decref(vm, fn);
    return r;
}

static Value caller_module(VM *vm) {
    Value globals = frame_globals(vm);
    Value name = is_dict(globals) ? dict_get_str(vm, globals, NAME(__name__)) : 0;
    return incref(name == 0 ? VALUE_NONE : name);
}

/* --- type parameters
 * ----------------------------------------------------------------------------------------------------------- */

static TypeParam *param_of(Value v) { return (TypeParam *)as_obj(v); }

static Value param_new(VM *vm, ParamKind kind, Type *type, Value name) {
    TypeParam *p = object_alloc(vm, type, 0);
    if (p == NULL)
        return VALUE_ERROR;
    p->kind = (uint8_t)kind;
    p->name = incref(name);
    p->module = caller_module(vm);
    return from_obj(p);
}

static void param_dealloc(VM *vm, Object *self) {
    TypeParam *p = (TypeParam *)self;
    Value owned[] = {p->name,       p->module,           p->bound,        p->constraints, p->fallback,
                     p->lazy_bound, p->lazy_constraints, p->lazy_fallback};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        decref(vm, owned[i]);
}
static void param_traverse(Object *self, VisitFn visit, void *arg) {
    TypeParam *p = (TypeParam *)self;
    Value owned[] = {p->bound, p->constraints, p->fallback, p->lazy_bound, p->lazy_constraints, p->lazy_fallback};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        visit_value(owned[i], visit, arg);
}
static void param_clear(VM *vm, Object *self) {
    TypeParam *p = (TypeParam *)self;
    Value *owned[] = {&p->bound,      &p->constraints,      &p->fallback,
                      &p->lazy_bound, &p->lazy_constraints, &p->lazy_fallback};
    for (size_t i = 0; i < ARRAY_LEN(owned); i++)
        set_owned(vm, owned[i], 0);
}

/* The value of a field, computing it by its function on first use. */
static Value lazily(VM *vm, Value *value, Value *lazy, Value absent) {
    if (*value == 0 && *lazy != 0 && *lazy != VALUE_NONE) {
        Value v = call0(vm, *lazy);
        if (v == 0)
            return VALUE_ERROR;
        *value = v;
    }
    return incref(*value == 0 ? absent : *value);
}

static bool flag(VM *vm, Value v, bool *out) {
    int yes = v == 0 ? 0 : truth(vm, v);
    *out = yes > 0;
    return yes >= 0;
}

static bool variance(VM *vm, TypeParam *p, Value co, Value contra, Value infer) {
    if (!flag(vm, co, &p->covariant) || !flag(vm, contra, &p->contravariant) || !flag(vm, infer, &p->infer))
        return false;
    if (p->covariant && p->contravariant)
        return raise_value(vm, "Bivariant types are not supported.");
    if (p->infer && (p->covariant || p->contravariant))
        return raise_value(vm, "Variance cannot be specified with infer_variance.");
    return true;
}

static Value keyword(Value kwnames, Value *values, const char *name) {
    for (size_t i = 0; kwnames != 0 && i < as_tuple(kwnames)->len; i++)
        if (str_equals_c(as_tuple(kwnames)->items[i], name))
            return values[i];
    return 0;
}

static bool check_keywords(VM *vm, Value kwnames, const char *function, const char *const *allowed) {
    for (size_t i = 0; kwnames != 0 && i < as_tuple(kwnames)->len; i++) {
        const char *const *a = allowed;
        while (*a != NULL && !str_equals_c(as_tuple(kwnames)->items[i], *a))
            a++;
        if (*a == NULL)
            return raise_type(vm, "%s() got an unexpected keyword argument '%V'", function,
                              as_tuple(kwnames)->items[i]);
    }
    return true;
}

static Value type_check(VM *vm, Value v, const char *message) {
    Value text = str_from_c(vm, message);
    Value a[2] = {v, text};
    Value r = text == 0 ? 0 : typing_call(vm, "_type_check", a, 2);
    decref(vm, text);
    return r;
}

static Value typevar_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    static const char *const allowed[] = {"name",          "bound",          "default", "covariant",
                                          "contravariant", "infer_variance", NULL};
    Value *kw = args + nargs, name = nargs > 0 ? args[0] : keyword(kwnames, kw, "name");
    if (!check_keywords(vm, kwnames, "typevar", allowed))
        return VALUE_ERROR;
    if (name == 0)
        return raise_type(vm, "typevar() missing required argument 'name' (pos 1)");
    if (!is_str(name))
        return raise_type(vm, "typevar() argument 'name' must be str, not %T", name);
    if (nargs == 2)
        return raise_type(vm, "A single constraint is not allowed");
    Value bound = keyword(kwnames, kw, "bound"), fallback = keyword(kwnames, kw, "default");
    if (nargs > 2 && bound != 0 && bound != VALUE_NONE)
        return raise_type(vm, "Constraints cannot be combined with bound=...");
    Value v = param_new(vm, PARAM_TYPEVAR, type, name);
    if (v == 0)
        return VALUE_ERROR;
    TypeParam *p = param_of(v);
    p->constraints = nargs > 2 ? tuple_from_array(vm, args + 1, nargs - 1) : incref(vm->empty_tuple);
    if (bound != 0 && bound != VALUE_NONE)
        p->bound = type_check(vm, bound, "Bound must be a type.");
    p->fallback = incref(fallback);
    if (error_pending(vm) || !variance(vm, p, keyword(kwnames, kw, "covariant"),
                                       keyword(kwnames, kw, "contravariant"), keyword(kwnames, kw, "infer_variance")))
        set_owned(vm, &v, 0);
    return v;
}

static Value paramspec_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value a[6];
    if (!native_bind(vm, "paramspec",
                     "name, *, bound=None, default=None, covariant=False, contravariant=False, infer_variance=False",
                     args, nargs, kwnames, a, 6))
        return VALUE_ERROR;
    if (!is_str(a[0]))
        return raise_type(vm, "paramspec() argument 'name' must be str, not %T", a[0]);
    Value v = param_new(vm, PARAM_PARAMSPEC, type, a[0]);
    if (v == 0)
        return VALUE_ERROR;
    TypeParam *p = param_of(v);
    p->bound = a[1] == VALUE_NONE ? 0 : incref(a[1]);
    p->fallback = incref(a[2]);
    if (!variance(vm, p, a[3], a[4], a[5]))
        set_owned(vm, &v, 0);
    return v;
}

static Value typevartuple_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value a[2];
    if (!native_bind(vm, "typevartuple", "name, *, default=None", args, nargs, kwnames, a, 2))
        return VALUE_ERROR;
    if (!is_str(a[0]))
        return raise_type(vm, "typevartuple() argument 'name' must be str, not %T", a[0]);
    Value v = param_new(vm, PARAM_TUPLE, type, a[0]);
    if (v != 0)
        param_of(v)->fallback = incref(a[1]);
    return v;
}

static Value param_repr(VM *vm, Value self) {
    TypeParam *p = param_of(self);
    if (p->infer || p->kind == PARAM_TUPLE)
        return incref(p->name);
    return str_printf(vm, "%s%V", p->covariant ? "+" : p->contravariant ? "-" : "~", p->name);
}

static Value get_name(VM *vm, Value self) { return (void)vm, incref(param_of(self)->name); }
static Value get_module(VM *vm, Value self) { return (void)vm, incref(param_of(self)->module); }
static Value get_bound(VM *vm, Value self) {
    return lazily(vm, &param_of(self)->bound, &param_of(self)->lazy_bound, VALUE_NONE);
}
static Value get_constraints(VM *vm, Value self) {
    return lazily(vm, &param_of(self)->constraints, &param_of(self)->lazy_constraints, vm->empty_tuple);
}
static Value get_default(VM *vm, Value self) {
    TypingTypes *t = types(vm);
    return t == NULL ? VALUE_ERROR
                     : lazily(vm, &param_of(self)->fallback, &param_of(self)->lazy_fallback, t->no_default);
}
static Value get_covariant(VM *vm, Value self) { return (void)vm, from_bool(param_of(self)->covariant); }
static Value get_contravariant(VM *vm, Value self) { return (void)vm, from_bool(param_of(self)->contravariant); }
static Value get_infer(VM *vm, Value self) { return (void)vm, from_bool(param_of(self)->infer); }

static Value has_default(NATIVE_ARGS) {
    TypeParam *p = param_of(self);
    TypingTypes *t = types(vm);
    if (t == NULL)
        return VALUE_ERROR;
    bool lazy = p->lazy_fallback != 0 && p->lazy_fallback != VALUE_NONE;
    return from_bool(lazy || (p->fallback != 0 && p->fallback != t->no_default));
}

/* Substitution is the business of typing's own helpers. */
static Value subst(NATIVE_ARGS) {
    Value a[2] = {self, args[0]};
    ParamKind kind = param_of(self)->kind;
    if (kind == PARAM_TUPLE)
        return raise_type(vm, "Substitution of bare TypeVarTuple is not supported");
    return typing_call(vm, kind == PARAM_TYPEVAR ? "_typevar_subst" : "_paramspec_subst", a, 2);
}
static Value prepare_subst(NATIVE_ARGS) {
    static const char *const names[] = {"_typevar_prepare_subst", "_paramspec_prepare_subst",
                                        "_typevartuple_prepare_subst"};
    Value a[3] = {self, args[0], args[1]};
    return typing_call(vm, names[param_of(self)->kind], a, 3);
}
static Value param_reduce(NATIVE_ARGS) { return incref(param_of(self)->name); }
static Value mro_entries(NATIVE_ARGS) {
    TypingTypes *t = types(vm);
    return t == NULL ? VALUE_ERROR : raise_type(vm, "Cannot subclass an instance of %N", obj_type(as_obj(self)));
}

static Value make_union(VM *vm, Value a, Value b) {
    Value pair = tuple_pack(vm, 2, a, b);
    Value cls = pair == 0 ? 0 : typing_attr(vm, "Union");
    Value r = cls == 0 ? 0 : item_get(vm, cls, pair);
    decref(vm, cls);
    decref(vm, pair);
    return r;
}

static Value part_new(VM *vm, Type *type, Value origin) {
    ParamPart *p = object_alloc(vm, type, 0);
    if (p == NULL)
        return VALUE_ERROR;
    p->origin = incref(origin);
    return from_obj(p);
}
static Value get_args(VM *vm, Value self) {
    TypingTypes *t = types(vm);
    return t == NULL ? VALUE_ERROR : part_new(vm, t->args, self);
}
static Value get_kwargs(VM *vm, Value self) {
    TypingTypes *t = types(vm);
    return t == NULL ? VALUE_ERROR : part_new(vm, t->kwargs, self);
}
static Value tuple_iter(VM *vm, Value self) {
    Value cls = typing_attr(vm, "Unpack");
    Value unpacked = cls == 0 ? 0 : item_get(vm, cls, self);
    decref(vm, cls);
    Value list = unpacked == 0 ? 0 : list_from_array(vm, &unpacked, 1);
    decref(vm, unpacked);
    Value it = list == 0 ? 0 : iter_get(vm, list);
    decref(vm, list);
    return it;
}

static const MethodSpec param_methods[] = {
    {"has_default", has_default, "", "Whether the parameter has a default.", 0},
    {"__typing_subst__", subst, "arg, /", "Value for an argument in a generic alias.", 0},
    {"__typing_prepare_subst__", prepare_subst, "alias, args, /", "Arguments of a generic alias, completed.", 0},
    {"__reduce__", param_reduce, "", "Pickled by name.", 0},
    {"__mro_entries__", mro_entries, "bases, /", "Always a TypeError.", 0},
    {0},
};
#define COMMON_GETSET                                                                                                \
    {"__name__", get_name, NULL, "Name."}, {"__module__", get_module, NULL, "Module."}, {                            \
        "__default__", get_default, NULL, "Default, or NoDefault."                                                   \
    }
#define VARIANCE_GETSET                                                                                              \
    {"__bound__", get_bound, NULL, "Upper bound, or None."},                                                         \
        {"__covariant__", get_covariant, NULL, "Whether it is covariant."},                                          \
        {"__contravariant__", get_contravariant, NULL, "Whether it is contravariant."}, {                            \
        "__infer_variance__", get_infer, NULL, "Whether its variance is inferred."                                   \
    }
static const GetSetSpec typevar_getset[] = {
    COMMON_GETSET, VARIANCE_GETSET, {"__constraints__", get_constraints, NULL, "Tuple of constraints."}, {0}};
static const GetSetSpec paramspec_getset[] = {COMMON_GETSET,
                                              VARIANCE_GETSET,
                                              {"args", get_args, NULL, "Stands for the positional parameters."},
                                              {"kwargs", get_kwargs, NULL, "Stands for the keyword parameters."},
                                              {0}};
static const GetSetSpec typevartuple_getset[] = {COMMON_GETSET, {0}};

static const NumberSlots union_numbers = {.binary[OP_OR] = make_union};
#define PARAM_SPEC(variable, text_name, text, maker, getset_rows, iter_fn, numbers_rows)                             \
    static const TypeSpec variable = {                                                                               \
        .name = "typing." text_name,                                                                                 \
        .doc = text,                                                                                                 \
        .size = sizeof(TypeParam),                                                                                   \
        .flags = TYPE_GC | TYPE_HAS_DICT,                                                                            \
        .kind = KIND_OTHER,                                                                                          \
        .slots = {.create = maker,                                                                                   \
                  .dealloc = param_dealloc,                                                                          \
                  .traverse = param_traverse,                                                                        \
                  .clear = param_clear,                                                                              \
                  .repr = param_repr,                                                                                \
                  .iter = iter_fn},                                                                                  \
        .numbers = numbers_rows,                                                                                     \
        .methods = param_methods,                                                                                    \
        .getset = getset_rows,                                                                                       \
    }
PARAM_SPEC(typevar_spec, "TypeVar", "A type variable.", typevar_create, typevar_getset, NULL, &union_numbers);
PARAM_SPEC(paramspec_spec, "ParamSpec", "A variable for the parameters of a callable.", paramspec_create,
           paramspec_getset, NULL, &union_numbers);
PARAM_SPEC(typevartuple_spec, "TypeVarTuple", "A variable for any number of types.", typevartuple_create,
           typevartuple_getset, tuple_iter, NULL);

/* --- P.args, P.kwargs
 * --------------------------------------------------------------------------------------------------------------- */

static Value part_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value a[1];
    return native_bind(vm, "ParamSpecArgs", "origin", args, nargs, kwnames, a, 1) ? part_new(vm, type, a[0])
                                                                                  : VALUE_ERROR;
}
static void part_dealloc(VM *vm, Object *self) { decref(vm, ((ParamPart *)self)->origin); }
static void part_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((ParamPart *)self)->origin, visit, arg);
}
static Value part_origin(VM *vm, Value self) { return (void)vm, incref(((ParamPart *)as_obj(self))->origin); }
static Value part_repr_as(VM *vm, Value self, const char *suffix) {
    Value origin = ((ParamPart *)as_obj(self))->origin, name;
    int has = attr_lookup(vm, origin, NAME(__name__), &name);
    if (has < 0)
        return VALUE_ERROR;
    Value r = has ? str_printf(vm, "%S.%s", name, suffix) : str_printf(vm, "%R.%s", origin, suffix);
    decref(vm, has ? name : 0);
    return r;
}
static Value args_repr(VM *vm, Value self) { return part_repr_as(vm, self, "args"); }
static Value kwargs_repr(VM *vm, Value self) { return part_repr_as(vm, self, "kwargs"); }
static Value part_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || type_of(vm, a) != type_of(vm, b))
        return VALUE_NOTIMPL;
    return compare_rich(vm, ((ParamPart *)as_obj(a))->origin, ((ParamPart *)as_obj(b))->origin, op);
}
static const GetSetSpec part_getset[] = {{"__origin__", part_origin, NULL, "The ParamSpec."}, {0}};
#define PART_SPEC(variable, text_name, repr_function)                                                                \
    static const TypeSpec variable = {                                                                               \
        .name = "typing." text_name,                                                                                 \
        .doc = "Part of the parameters that a ParamSpec stands for.",                                                \
        .size = sizeof(ParamPart),                                                                                   \
        .flags = TYPE_GC,                                                                                            \
        .kind = KIND_OTHER,                                                                                          \
        .slots = {.create = part_create,                                                                             \
                  .dealloc = part_dealloc,                                                                           \
                  .traverse = part_traverse,                                                                         \
                  .compare = part_compare,                                                                           \
                  .repr = repr_function},                                                                            \
        .getset = part_getset,                                                                                       \
    }
PART_SPEC(paramspec_args_spec, "ParamSpecArgs", args_repr);
PART_SPEC(paramspec_kwargs_spec, "ParamSpecKwargs", kwargs_repr);

/* --- TypeAliasType
 * --------------------------------------------------------------------------------------------------------------------
 */

static TypeAlias *alias_of(Value v) { return (TypeAlias *)as_obj(v); }

static Value alias_new(VM *vm, Type *type, Value name, Value params, Value value, Value lazy) {
    TypeAlias *a = object_alloc(vm, type, 0);
    if (a == NULL)
        return VALUE_ERROR;
    a->name = incref(name);
    a->params = incref(params == 0 || params == VALUE_NONE ? vm->empty_tuple : params);
    a->value = incref(value);
    a->lazy = incref(lazy);
    a->module = caller_module(vm);
    return from_obj(a);
}
static Value alias_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value a[3];
    if (!native_bind(vm, "typealias", "name, value, *, type_params=()", args, nargs, kwnames, a, 3))
        return VALUE_ERROR;
    if (!is_str(a[0]))
        return raise_type(vm, "typealias() argument 'name' must be str, not %T", a[0]);
    if (a[2] != 0 && !is_tuple(a[2]))
        return raise_type(vm, "type_params must be a tuple");
    return alias_new(vm, type, a[0], a[2], a[1], 0);
}
static void alias_dealloc(VM *vm, Object *self) {
    TypeAlias *a = (TypeAlias *)self;
    decref(vm, a->name);
    decref(vm, a->params);
    decref(vm, a->value);
    decref(vm, a->lazy);
    decref(vm, a->module);
}
static void alias_traverse(Object *self, VisitFn visit, void *arg) {
    TypeAlias *a = (TypeAlias *)self;
    visit_value(a->params, visit, arg);
    visit_value(a->value, visit, arg);
    visit_value(a->lazy, visit, arg);
}
static Value alias_name(VM *vm, Value self) { return (void)vm, incref(alias_of(self)->name); }
static Value alias_module(VM *vm, Value self) { return (void)vm, incref(alias_of(self)->module); }
static Value alias_params(VM *vm, Value self) { return (void)vm, incref(alias_of(self)->params); }
static Value alias_value(VM *vm, Value self) {
    return lazily(vm, &alias_of(self)->value, &alias_of(self)->lazy, VALUE_NONE);
}
static Value alias_repr(VM *vm, Value self) { return (void)vm, incref(alias_of(self)->name); }
static Value alias_getitem(VM *vm, Value self, Value key) {
    if (as_tuple(alias_of(self)->params)->len == 0)
        return raise_type(vm, "Only generic type aliases are subscriptable");
    Value args = is_tuple(key) ? incref(key) : tuple_pack(vm, 1, key);
    Value r = args == 0 ? 0 : generic_alias_new(vm, self, args);
    decref(vm, args);
    return r;
}
static Value alias_reduce(NATIVE_ARGS) { return incref(alias_of(self)->name); }
static const MethodSpec alias_methods[] = {{"__reduce__", alias_reduce, "", "Pickled by name.", 0}, {0}};
static const GetSetSpec alias_getset[] = {
    {"__name__", alias_name, NULL, "Name."},
    {"__module__", alias_module, NULL, "Module."},
    {"__value__", alias_value, NULL, "The type it stands for, computed on first use."},
    {"__type_params__", alias_params, NULL, "Type parameters."},
    {"__parameters__", alias_params, NULL, "Type parameters."},
    {0},
};
static const TypeSpec typealias_spec = {
    .name = "typing.TypeAliasType",
    .doc = "What a type statement makes.",
    .size = sizeof(TypeAlias),
    .flags = TYPE_GC,
    .kind = KIND_OTHER,
    .slots = {.create = alias_create,
              .dealloc = alias_dealloc,
              .traverse = alias_traverse,
              .repr = alias_repr,
              .getitem = alias_getitem},
    .numbers = &union_numbers,
    .methods = alias_methods,
    .getset = alias_getset,
};

/* --- NoDefault, Generic
 * ------------------------------------------------------------------------------------------------------------------
 */

static Value nodefault_repr(VM *vm, Value self) { return str_from_c(vm, "typing.NoDefault"); }
static Value nodefault_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    TypingTypes *t = types(vm);
    if (nargs > 0 || kwnames != 0)
        return raise_type(vm, "NoDefaultType takes no arguments");
    return t == NULL ? VALUE_ERROR : incref(t->no_default);
}
static const TypeSpec nodefault_spec = {
    .name = "typing.NoDefaultType",
    .doc = "The type of NoDefault.",
    .size = sizeof(Object),
    .kind = KIND_OTHER,
    .slots = {.repr = nodefault_repr, .create = nodefault_create},
};

static Value generic_class_getitem(NATIVE_ARGS) {
    Value a[2] = {self, args[0]};
    return typing_call(vm, "_generic_class_getitem", a, 2);
}
static Value generic_init_subclass(NATIVE_ARGS) {
    Value fn = typing_attr(vm, "_generic_init_subclass");
    if (fn == 0)
        return VALUE_ERROR;
    size_t nkw = kwnames == 0 ? 0 : as_tuple(kwnames)->len;
    Value *all = mem_alloc(vm, (nargs + nkw + 1) * sizeof(Value));
    Value r = 0;
    if (all != NULL) {
        all[0] = self;
        memcpy(all + 1, args, (nargs + nkw) * sizeof(Value));
        r = call(vm, fn, all, nargs + 1, kwnames);
        mem_free(vm, all, (nargs + nkw + 1) * sizeof(Value));
    }
    decref(vm, fn);
    return r;
}
static const MethodSpec generic_methods[] = {
    {"__class_getitem__", generic_class_getitem, "params, /", "A generic alias of the class.", METHOD_CLASS},
    {"__init_subclass__", generic_init_subclass, "*args, **kwargs", "Collects the type parameters of a subclass.",
     METHOD_CLASS},
    {0},
};
static const TypeSpec generic_spec = {
    .name = "typing.Generic",
    .doc = "Base of generic classes.",
    .size = sizeof(Object),
    .flags = TYPE_BASE,
    .kind = KIND_OBJECT,
    .slots = {.create = object_create},
    .methods = generic_methods,
};

/* --- the module, and what the INTRINSIC instruction calls
 * ------------------------------------------------------------------------------------ */

/* Scripts can call these too. */
static bool check_name(VM *vm, Value name) {
    return is_str(name) || raise_type(vm, "the name must be a str, not %T", name);
}
static bool check_params(VM *vm, Value params) {
    return is_tuple(params) || raise_type(vm, "type parameters must be a tuple, not %T", params);
}

static Value make_typevar(NATIVE_ARGS) {
    TypingTypes *t = check_name(vm, args[0]) ? types(vm) : NULL;
    Value v = t == NULL ? 0 : param_new(vm, PARAM_TYPEVAR, t->typevar, args[0]);
    if (v == 0)
        return VALUE_ERROR;
    TypeParam *p = param_of(v);
    p->infer = true;
    p->lazy_bound = incref(args[1]);
    p->lazy_constraints = incref(args[2]);
    p->lazy_fallback = incref(args[3]);
    return v;
}
static Value make_paramspec(NATIVE_ARGS) {
    TypingTypes *t = check_name(vm, args[0]) ? types(vm) : NULL;
    Value v = t == NULL ? 0 : param_new(vm, PARAM_PARAMSPEC, t->paramspec, args[0]);
    if (v == 0)
        return VALUE_ERROR;
    param_of(v)->infer = true;
    param_of(v)->lazy_fallback = incref(args[1]);
    return v;
}
static Value make_typevartuple(NATIVE_ARGS) {
    TypingTypes *t = check_name(vm, args[0]) ? types(vm) : NULL;
    Value v = t == NULL ? 0 : param_new(vm, PARAM_TUPLE, t->tuple, args[0]);
    if (v != 0)
        param_of(v)->lazy_fallback = incref(args[1]);
    return v;
}
static Value make_typealias(NATIVE_ARGS) {
    bool ok = check_name(vm, args[0]) && (is_none(args[1]) || check_params(vm, args[1]));
    TypingTypes *t = ok ? types(vm) : NULL;
    return t == NULL ? VALUE_ERROR : alias_new(vm, t->alias, args[0], args[1], 0, args[2]);
}
static Value generic_base(NATIVE_ARGS) {
    TypingTypes *t = check_params(vm, args[0]) ? types(vm) : NULL;
    if (t == NULL)
        return VALUE_ERROR;
    /* type variable tuples appear unpacked */
    Value list = list_new(vm, 0);
    for (size_t i = 0; list != 0 && i < as_tuple(args[0])->len; i++) {
        Value p = as_tuple(args[0])->items[i];
        bool ok = type_of(vm, p) == t->tuple ? list_extend(vm, list, p) : list_append(vm, list, p);
        if (!ok)
            set_owned(vm, &list, 0);
    }
    Value tuple = list == 0 ? 0 : tuple_from_list(vm, list);
    decref(vm, list);
    Value r = tuple == 0 ? 0 : item_get(vm, type_value(t->generic), tuple);
    decref(vm, tuple);
    return r;
}
static Value idfunc(NATIVE_ARGS) { return incref(args[0]); }

static const MethodSpec functions[] = {
    {"_idfunc", idfunc, "x, /", "Returns its argument.", 0},
    {"_make_typevar", make_typevar, "name, bound, constraints, default, /", "A TypeVar of the type parameter syntax.",
     0},
    {"_make_paramspec", make_paramspec, "name, default, /", "A ParamSpec of the type parameter syntax.", 0},
    {"_make_typevartuple", make_typevartuple, "name, default, /", "A TypeVarTuple of the type parameter syntax.", 0},
    {"_make_typealias", make_typealias, "name, params, compute, /", "What a type statement makes.", 0},
    {"_generic_base", generic_base, "params, /", "Generic[...] for a class with type parameters.", 0},
    {0},
};

bool mod_typing_init(VM *vm, Value module) {
    TypingTypes *t = types(vm);
    if (t == NULL || !module_add_functions(vm, module, functions))
        return false;
    Type *all[] = {t->typevar, t->paramspec, t->tuple, t->args, t->kwargs, t->alias, t->generic};
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        if (!module_add(vm, module, type_short_name(all[i]), incref(type_value(all[i]))))
            return false;
    return module_add(vm, module, "NoDefault", incref(t->no_default));
}
