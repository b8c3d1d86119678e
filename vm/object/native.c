/* Native functions, bound native methods and method descriptors: one struct, three types.
 *
 * A descriptor belongs to a native type and takes its object as first argument; reading it through an object makes a
 * bound copy (`self` set). Calls with the right number of positional arguments go straight to the C function; all
 * others through signature_bind. */
#include "runtime/vm.h"

#include "object/containers.h"
#include "object/descr.h"
#include "object/signature.h"
#include "object/type.h"

/* Counts that go by the Native's other members. */
static void set_counts(Native *f) {
    unsigned receiver = f->descriptor;
    bool plain = !f->raw && f->nrequired <= f->npositional && !(f->descriptor && f->spec->flags & METHOD_CLASS);
    bool direct = plain && f->npositional == f->nparams && !(f->spec->flags & METHOD_RESUMES);
    f->nexact = direct ? (uint16_t)(f->nparams + receiver) : UINT16_MAX;
    f->nleast = plain ? (uint16_t)(f->nrequired + receiver) : UINT16_MAX;
    f->nmost = plain ? (uint16_t)(f->npositional + receiver) : 0;
}

Value native_new(VM *vm, const MethodSpec *spec, Value self, Type *owner, Value module) {
    Type *t = vm->types.builtin_function;
    bool descriptor = owner != NULL && self == 0 && !(spec->flags & METHOD_STATIC);
    if (descriptor)
        t = spec->flags & METHOD_CLASS ? vm->types.classmethod_descriptor : vm->types.method_descriptor;
    Native *f = object_alloc(vm, t, 0);
    if (f == NULL)
        return 0;
    SigCounts c;
    signature_count(spec->signature, &c);
    f->spec = spec;
    f->fn = spec->fn;
    f->self = incref(self);
    f->module = incref(module);
    f->owner = owner;
    f->nparams = c.nparams;
    f->nposonly = c.nposonly;
    f->npositional = c.npositional;
    /* with required keyword-only parameters no purely positional call is complete */
    f->nrequired = c.min_keyword != 0 ? UINT16_MAX : c.min_positional;
    f->raw = c.raw || spec->flags & METHOD_RAW;
    f->descriptor = descriptor;
    set_counts(f);
    assert(f->raw || c.nparams <= PARAMETERS_MAX);
    return from_obj(f);
}

/* The descriptor bound to an object (or class). */
static Value bind_to(VM *vm, Native *d, Value self) {
    Native *f = object_alloc(vm, vm->types.builtin_function, 0);
    if (f == NULL)
        return 0;
    f->spec = d->spec;
    f->fn = d->fn;
    f->self = incref(self);
    f->owner = d->owner;
    f->nparams = d->nparams;
    f->nrequired = d->nrequired;
    f->npositional = d->npositional;
    f->nposonly = d->nposonly;
    f->raw = d->raw;
    set_counts(f);
    return from_obj(f);
}

/* --- calls
 * ---------------------------------------------------------------------------------------------------------- */

static COLD bool fail_unbound(VM *vm, Native *f) {
    if (f->spec->flags & METHOD_CLASS)
        return raise_type(vm, "descriptor '%s' of '%N' object needs an argument", f->spec->name, f->owner);
    return raise_type(vm, "unbound method %N.%s() needs an argument", f->owner, f->spec->name);
}

static COLD bool fail_receiver(VM *vm, Native *f, Value got) {
    if (!(f->spec->flags & METHOD_CLASS))
        return raise_type(vm, "descriptor '%s' for '%N' objects doesn't apply to a '%T' object", f->spec->name,
                          f->owner, got);
    if (!is_type(got))
        return raise_type(vm, "descriptor '%s' for type '%N' needs a type, not a '%T' as arg 2", f->spec->name,
                          f->owner, got);
    return raise_type(vm, "descriptor '%s' requires a subtype of '%N' but received '%N'", f->spec->name, f->owner,
                      as_type(got));
}

static bool receiver_fits(VM *vm, Native *f, Value v) {
    if (f->spec->flags & METHOD_CLASS)
        return is_type(v) && type_is_subtype(as_type(v), f->owner);
    Type *t = type_of(vm, v);
    return t == f->owner || type_is_subtype(t, f->owner);
}

static NOINLINE Value call_binding(VM *vm, Native *f, Value self, Value *args, size_t nargs, Value kwnames) {
    Value out[PARAMETERS_MAX];
    if (!signature_bind(vm, f->spec->name, from_obj(f), f->spec->signature, args, nargs, kwnames, out))
        return 0;
    return f->fn(vm, self, out, f->nparams, 0);
}

/* With 0 for the parameters behind the arguments. */
static ALWAYS_INLINE Value call_complete(VM *vm, Native *f, Value self, Value *args, size_t nargs) {
    size_t n = f->nparams;
    if (nargs == n)
        return f->fn(vm, self, args, nargs, 0);
    Value out[PARAMETERS_MAX];
    for (size_t i = 0; i < n; i++)
        out[i] = i < nargs ? args[i] : 0;
    return f->fn(vm, self, out, n, 0);
}

static NOINLINE Value call_general(VM *vm, Native *f, Value *args, size_t nargs, Value kwnames) {
    Value self = f->self;
    if (f->descriptor) {
        if (unlikely(nargs == 0)) {
            fail_unbound(vm, f);
            return 0;
        }
        self = *args++;
        nargs--;
        if (unlikely((fast_type(vm, self) != f->owner || (f->spec->flags & METHOD_CLASS)) &&
                     !receiver_fits(vm, f, self))) {
            fail_receiver(vm, f, self);
            return 0;
        }
    }
    if (kwnames != 0 && as_tuple(kwnames)->len == 0)
        kwnames = 0;
    vm->called = f;
    if (f->raw)
        return f->fn(vm, self, args, nargs, kwnames);
    if (likely(kwnames == 0 && nargs >= f->nrequired && nargs <= f->npositional)) {
        return call_complete(vm, f, self, args, nargs);
    }
    return call_binding(vm, f, self, args, nargs, kwnames);
}

/* Functions of a host are served by a few C functions, which learn from vm->called whose call it is; binding the
 * arguments calls nothing that could change it. */
Value native_call(VM *vm, Native *f, Value *args, size_t nargs, Value kwnames) {
    if (unlikely(nargs < f->nleast || nargs > f->nmost || kwnames != 0))
        return call_general(vm, f, args, nargs, kwnames);
    Value self = f->self;
    if (f->descriptor) {
        if (unlikely(fast_type(vm, args[0]) != f->owner))
            return call_general(vm, f, args, nargs, 0);
        self = *args++;
        nargs--;
    }
    vm->called = f;
    return call_complete(vm, f, self, args, nargs);
}

static Value native_slot_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return native_call(vm, (Native *)as_obj(self), args, nargs, kwnames);
}

/* --- descriptors
 * ------------------------------------------------------------------------------------------------------ */

static Value method_descr_get(VM *vm, Value self, Value obj, Value type) {
    Native *d = (Native *)as_obj(self);
    if (obj == 0)
        return incref(self);
    if (unlikely(!receiver_fits(vm, d, obj))) {
        fail_receiver(vm, d, obj);
        return 0;
    }
    return bind_to(vm, d, obj);
}

static Value classmethod_descr_get(VM *vm, Value self, Value obj, Value type) {
    Native *d = (Native *)as_obj(self);
    if (type == 0) {
        if (obj == 0)
            return raise_type(vm, "descriptor '%s' for type '%N' needs either an object or a type", d->spec->name,
                              d->owner);
        type = type_value(type_of(vm, obj));
    }
    if (unlikely(!receiver_fits(vm, d, type))) {
        fail_receiver(vm, d, type);
        return 0;
    }
    return bind_to(vm, d, type);
}

/* --- what scripts see
 * ----------------------------------------------------------------------------------------------------- */

static Native *as_native(Value v) { return (Native *)as_obj(v); }

static Value builtin_repr(VM *vm, Value self) {
    Native *f = as_native(self);
    if (f->self == 0)
        return str_printf(vm, "<built-in function %s>", f->spec->name);
    Value address = address_text(vm, f->self);
    if (address == 0)
        return 0;
    Value text = str_printf(vm, "<built-in method %s of %T object at %V>", f->spec->name, f->self, address);
    decref(vm, address);
    return text;
}

static Value descriptor_repr(VM *vm, Value self) {
    return str_printf(vm, "<method '%s' of '%N' objects>", as_native(self)->spec->name, as_native(self)->owner);
}

static Value builtin_compare(VM *vm, Value a, Value b, CompareOp op) {
    if ((op != CMP_EQ && op != CMP_NE) || !is_descriptor_of(a, vm->types.builtin_function) ||
        !is_descriptor_of(b, vm->types.builtin_function))
        return VALUE_NOTIMPL;
    bool equal = as_native(a)->self == as_native(b)->self && as_native(a)->spec == as_native(b)->spec;
    return from_bool(equal == (op == CMP_EQ));
}

static bool builtin_hash(VM *vm, Value self, int64_t *out) {
    uint64_t h = as_native(self)->self * 0x9E3779B97F4A7C15u ^ (uint64_t)(uintptr_t)as_native(self)->spec >> 3;
    *out = (int64_t)(h >> 2);
    return true;
}

static Value get_name(VM *vm, Value self) { return str_from_c(vm, as_native(self)->spec->name); }

static Value get_qualname(VM *vm, Value self) {
    Native *f = as_native(self);
    Type *t = f->owner;
    if (f->self != 0)
        t = is_type(f->self) ? as_type(f->self) : type_of(vm, f->self);
    if (t == NULL || (f->self != 0 && has_kind(f->self, KIND_MODULE)))
        return get_name(vm, self);
    return str_printf(vm, "%V.%s", t->qualname, f->spec->name);
}

static Value get_doc(VM *vm, Value self) {
    Native *f = as_native(self);
    if (f->spec->doc != NULL)
        return str_from_c(vm, f->spec->doc);
    if (f->owner != NULL)
        return doc_find(vm, str_printf(vm, "%s.%s", f->owner->spec->name, f->spec->name));
    return f->module != 0 && is_str(f->module) ? doc_find(vm, str_printf(vm, "%V.%s", f->module, f->spec->name))
                                               : VALUE_NONE;
}

static Value get_self(VM *vm, Value self) {
    Native *f = as_native(self);
    if (f->spec->flags & METHOD_STATIC)
        return VALUE_NONE;
    if (f->self != 0)
        return incref(f->self);
    Value module = f->module != 0 && vm->modules != 0 ? dict_get(vm, vm->modules, f->module) : 0;
    if (module == 0)
        error_clear(vm);
    return module != 0 ? incref(module) : VALUE_NONE;
}

static Value get_module(VM *vm, Value self) {
    Native *f = as_native(self);
    return f->module != 0 ? incref(f->module) : VALUE_NONE;
}

static Value get_objclass(VM *vm, Value self) { return incref(type_value(as_native(self)->owner)); }

Value native_text_signature(VM *vm, const char *signature, const char *self) {
    if (signature == NULL || strcmp(signature, "*") == 0)
        return VALUE_NONE;
    if (self == NULL)
        return str_printf(vm, "(%s)", signature);
    if (signature[0] == 0)
        return str_printf(vm, "(%s, /)", self);
    /* self is positional-only too: "/" has to stand somewhere behind it */
    const char *p = signature;
    SigItem item;
    bool slash = false;
    while (signature_next(&p, &item))
        slash |= item.mark == SIG_SLASH;
    return slash ? str_printf(vm, "(%s, %s)", self, signature) : str_printf(vm, "(%s, /, %s)", self, signature);
}

static Value get_text_signature(VM *vm, Value self) {
    Native *f = as_native(self);
    const char *first = f->owner == NULL                 ? f->module != 0 || f->self != 0 ? "$module" : NULL
                        : f->spec->flags & METHOD_CLASS  ? "$type"
                        : f->spec->flags & METHOD_STATIC ? NULL
                                                         : "$self";
    return native_text_signature(vm, f->spec->signature, first);
}

/* Pickled by name: a function as its global name, a method as getattr(object, name). */
static Value method_reduce(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Native *f = as_native(self);
    Value name = get_name(vm, self);
    Value target = f->descriptor ? type_value(f->owner) : f->self;
    if (name == 0 || target == 0)
        return name;
    Value getter = dict_get_c(vm, vm->builtins, "getattr");
    Value pair = getter != 0 ? tuple_pack(vm, 2, target, name) : 0;
    Value result = pair != 0 ? tuple_pack(vm, 2, getter, pair) : 0;
    if (getter == 0 && !error_pending(vm))
        raise_runtime(vm, "lost builtins.getattr");
    decref(vm, pair);
    decref(vm, name);
    return result;
}

static void native_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((Native *)self)->self, visit, arg);
}
static void native_clear(VM *vm, Object *self) { set_owned(vm, &((Native *)self)->self, 0); }

static void native_dealloc(VM *vm, Object *self) {
    Native *f = (Native *)self;
    decref(vm, f->self);
    decref(vm, f->module);
    decref(vm, f->names);
}

static const MethodSpec native_methods[] = {
    {"__reduce__", method_reduce, "", "Helps pickle.", 0},
    {0},
};

static const GetSetSpec builtin_getset[] = {
    {"__module__", get_module, NULL, NULL},
    {"__doc__", get_doc, NULL, NULL},
    {"__name__", get_name, NULL, NULL},
    {"__qualname__", get_qualname, NULL, NULL},
    {"__self__", get_self, NULL, NULL},
    {"__text_signature__", get_text_signature, NULL, NULL},
    {0},
};

static const GetSetSpec descriptor_getset[] = {
    {"__objclass__", get_objclass, NULL, NULL},
    {"__name__", get_name, NULL, NULL},
    {"__doc__", get_doc, NULL, NULL},
    {"__qualname__", get_qualname, NULL, NULL},
    {"__text_signature__", get_text_signature, NULL, NULL},
    {0},
};

const TypeSpec builtin_function_spec = {
    .name = "builtin_function_or_method",
    .doc = "A native function, or a native method that is bound to its object.",
    .size = sizeof(Native),
    .flags = TYPE_GC,
    .kind = KIND_NATIVE,
    .slots = {.dealloc = native_dealloc,
              .traverse = native_traverse,
              .clear = native_clear,
              .call = native_slot_call,
              .repr = builtin_repr,
              .hash = builtin_hash,
              .compare = builtin_compare},
    .methods = native_methods,
    .getset = builtin_getset,
};

const TypeSpec method_descriptor_spec = {
    .name = "method_descriptor",
    .doc = "A method of a native class.",
    .size = sizeof(Native),
    .kind = KIND_NATIVE,
    .slots = {.dealloc = native_dealloc,
              .call = native_slot_call,
              .repr = descriptor_repr,
              .descr_get = method_descr_get},
    .methods = native_methods,
    .getset = descriptor_getset,
};

const TypeSpec classmethod_descriptor_spec = {
    .name = "classmethod_descriptor",
    .doc = "A class method of a native class.",
    .size = sizeof(Native),
    .kind = KIND_NATIVE,
    .slots = {.dealloc = native_dealloc,
              .call = native_slot_call,
              .repr = descriptor_repr,
              .descr_get = classmethod_descr_get},
    .methods = native_methods,
    .getset = descriptor_getset,
};
