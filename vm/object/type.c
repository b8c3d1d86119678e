/* Types: native set-up, lookup of attributes along the MRO with its cache, and versions.
 *
 * Native types are made when a VM starts, some 150 of them, and most are never looked into. So setting one up only
 * fills the struct: slots are taken over from the base, and what scripts can see (the dict with its descriptors, the
 * MRO, the tuple of bases, the list of subclasses) is made when first asked for. Native types are never freed before
 * their VM.
 *
 * Versions. A class has a version, unique in its VM, as long as somebody may have cached something found on it; 0
 * means that nobody has. Whoever wants to cache calls type_version(), which gives versions to the class and all its
 * bases, so that a change of any class in the MRO can reach, through the direct subclasses, everything cached below
 * it: type_modified sets versions back to 0 and stops where it meets one that already is.
 *
 * The method cache maps (version, interned name) to the attribute found along the MRO, or to none. Values are
 * borrowed from the class dicts; since a version is never used twice, entries of changed or dead classes cannot match
 * again. */
#include "runtime/vm.h"

#include "object/buffer.h"
#include "object/descr.h"
#include "object/shape.h"
#include "object/type.h"

#define METHOD_CACHE_SIZE 1024 /* a power of two */

typedef struct MethodCache {
    struct MethodCacheEntry {
        Value name;  /* owned, interned; 0: free */
        Value value; /* borrowed; 0: the class has no such attribute */
        uint32_t version;
    } entries[METHOD_CACHE_SIZE];
} MethodCache;

#define TYPE_INHERITED_FLAGS                                                                                         \
    (TYPE_GC | TYPE_HAS_DICT | TYPE_SEQUENCE | TYPE_MAPPING | TYPE_METACLASS | TYPE_VARSIZE | TYPE_MATCH_SELF)

/* --- native types -------------------------------------------------------------------------------------------------
 */

static void native_flags(Type *t) {
    const TypeSpec *spec = t->spec;
    t->flags = spec->flags | TYPE_IMMUTABLE | TYPE_LAZY;
    if (t->base != NULL) {
        t->flags |= t->base->flags & TYPE_INHERITED_FLAGS;
        /* as a static type of CPython: object's __new__ is not for native structs */
        if (spec->slots.create == NULL && t->base->base == NULL)
            t->flags |= TYPE_NO_NEW;
        else if (spec->slots.create == NULL && (t->base->flags & TYPE_NO_NEW))
            t->flags |= TYPE_NO_NEW;
    }
    if (t->flags & TYPE_HAS_DICT)
        t->flags |= TYPE_GC;
    if (t->slots.finalize != NULL)
        t->flags |= TYPE_FINALIZER;
    if (t->slots.getattr != attr_generic_get)
        t->flags |= TYPE_CUSTOM_GETATTR;
    if (t->flags & TYPE_NO_NEW)
        t->slots.create = NULL;
}

static bool set_native_name(VM *vm, Type *t) {
    const char *name = t->spec->name, *dot = strrchr(name, '.');
    if (dot != NULL) {
        Value module = str_new(vm, name, (size_t)(dot - name));
        if (module == 0 || (module = str_intern(vm, module)) == 0)
            return false;
        t->module = module;
        name = dot + 1;
    } else {
        t->module = incref(NAME(builtins));
    }
    t->name = str_intern_c(vm, name);
    if (t->name == 0)
        return false;
    t->qualname = incref(t->name);
    return true;
}

static Type *native_type_new(VM *vm, const TypeSpec *spec, Type *base) {
    Type *t = mem_permanent(vm, sizeof *t);
    if (t == NULL)
        return NULL;
    t->header.refcount = 1;
    t->header.kind = KIND_TYPE;
    t->header.shape = vm->types.type != NULL ? vm->types.type->root_shape : NULL;
    t->spec = spec;
    t->base = base;
    t->kind = spec->kind;
    t->slots = spec->slots;
    if (spec->numbers != NULL)
        t->numbers = *spec->numbers;
    if (base != NULL) {
        base->header.refcount++;
        slots_inherit(t, base);
    }
    native_flags(t);
    type_set_layout(t, 0, 0);
    t->root_shape = shape_new_root(vm, t);
    if (t->root_shape == NULL || (NAME(builtins) != 0 && !set_native_name(vm, t))) {
        shape_free_all(vm, t);
        return NULL;
    }
    return t;
}

bool type_setup_native(VM *vm, Type **field, const TypeSpec *spec, Type *base) {
    Type *t = native_type_new(vm, spec, base);
    if (t == NULL)
        return false;
    *field = t;
    if (vm->types.type == t) { /* object came first, and type is an instance of itself */
        t->header.shape = t->root_shape;
        vm->types.object->header.shape = t->root_shape;
    }
    return true;
}

bool type_setup_names(VM *vm) {
    Type **t = (Type **)&vm->types;
    for (size_t i = 0; i < sizeof vm->types / sizeof *t; i++) {
        if (t[i] != NULL && t[i]->name == 0 && !set_native_name(vm, t[i]))
            return false;
    }
    t = (Type **)&vm->exc;
    for (size_t i = 0; i < sizeof vm->exc / sizeof *t; i++) {
        if (t[i] != NULL && t[i]->name == 0 && !set_native_name(vm, t[i]))
            return false;
    }
    return true;
}

Type *type_from_spec(VM *vm, const TypeSpec *spec, Type *base) {
    Type *t = native_type_new(vm, spec, base != NULL ? base : vm->types.object);
    if (t != NULL)
        t->header.refcount++; /* lives as long as the VM: its instances do not count as references */
    return t;
}

static Value address_key(const void *p) { return from_small_int((int64_t)((uintptr_t)p >> 3)); }

Type *vm_type(VM *vm, const TypeSpec *spec, Type *base) {
    Value key = address_key(spec);
    if (unlikely(vm->module_types == 0)) {
        vm->module_types = gc_hide(dict_new(vm));
        if (vm->module_types == 0)
            return NULL;
    }
    Value found = dict_get(vm, vm->module_types, key);
    if (likely(found != 0))
        return as_type(found);
    if (error_pending(vm))
        return NULL;
    Type *t = type_from_spec(vm, spec, base);
    if (t == NULL)
        return NULL;
    bool ok = dict_set(vm, vm->module_types, key, type_value(t));
    decref(vm, type_value(t));
    return ok ? t : NULL;
}

const char *type_short_name(const Type *t) {
    if (t->name != 0)
        return str_data(t->name);
    const char *dot = strrchr(t->spec->name, '.');
    return dot != NULL ? dot + 1 : t->spec->name;
}

/* --- the dict of a native type
 * ---------------------------------------------------------------------------------------- */

/* Consumes value. */
static bool add_entry(VM *vm, Value dict, Value name, Value value) {
    if (value == 0)
        return false;
    bool ok = dict_get_str(vm, dict, name) != 0 || dict_set_str(vm, dict, name, value);
    decref(vm, value);
    return ok;
}

static bool add_entry_c(VM *vm, Value dict, const char *name, Value value) {
    Value key = value != 0 ? str_intern_c(vm, name) : 0;
    if (key == 0) {
        decref(vm, value);
        return false;
    }
    bool ok = add_entry(vm, dict, key, value);
    decref(vm, key);
    return ok;
}

/* The same, in place of what is there. */
static bool set_entry_c(VM *vm, Value dict, const char *name, Value value) {
    Value key = value != 0 ? str_intern_c(vm, name) : 0;
    bool ok = key != 0 && dict_set_str(vm, dict, key, value);
    decref(vm, key);
    decref(vm, value);
    return ok;
}

static Value slot_name(VM *vm, const SlotDef *def) { return *(Value *)((char *)&vm->names + def->name_offset); }

static bool fill_slots(VM *vm, Type *t, Value dict) {
    const Slots *own = &t->spec->slots;
    for (size_t i = 0; i < slot_defs_count; i++) {
        const SlotDef *def = &slot_defs[i];
        if (def->kind == SK_GETATTR)
            continue;
        SlotFn fn = slot_of_spec(t->spec, def->offset);
        if (fn == NULL)
            continue;
        Value v;
        if (def->kind == SK_NEW)
            v = t->flags & TYPE_NO_NEW ? VALUE_NONE : native_new(vm, &type_new_spec, type_value(t), t, 0);
        else
            v = slot_wrapper_new(vm, t, def, fn);
        if (v != VALUE_NONE && !add_entry(vm, dict, slot_name(vm, def), v))
            return false;
    }
    if ((t->flags & TYPE_HAS_DICT) && t->base != NULL && !(t->base->flags & TYPE_HAS_DICT) &&
        !add_entry(vm, dict, NAME(__dict__), getset_new(vm, t, &type_dict_getset)))
        return false;
    if (own->compare != NULL && own->hash == NULL)
        return add_entry(vm, dict, NAME(__hash__), VALUE_NONE);
    return true;
}

static bool fill_methods(VM *vm, Type *t, Value dict) {
    for (const MethodSpec *m = t->spec->methods; m != NULL && m->name != NULL; m++) {
        Value v;
        if (m->flags & METHOD_STATIC) {
            Value fn = native_new(vm, m, type_value(t), t, 0);
            v = fn != 0 ? staticmethod_new(vm, fn) : 0;
            decref(vm, fn);
        } else {
            v = native_new(vm, m, 0, t, 0);
        }
        if (!(m->flags & METHOD_COEXIST ? set_entry_c(vm, dict, m->name, v) : add_entry_c(vm, dict, m->name, v)))
            return false;
    }
    for (const GetSetSpec *g = t->spec->getset; g != NULL && g->name != NULL; g++) {
        if (!add_entry_c(vm, dict, g->name, getset_new(vm, t, g)))
            return false;
    }
    return true;
}

static Dict *fill_dict(VM *vm, Type *t) {
    Value dict = dict_new(vm);
    if (dict == 0)
        return NULL;
    Value doc = t->spec->doc != NULL ? str_from_c(vm, t->spec->doc) : VALUE_NONE;
    if (!fill_slots(vm, t, dict) || !fill_methods(vm, t, dict) || !add_entry(vm, dict, NAME(__doc__), doc)) {
        decref(vm, dict);
        return NULL;
    }
    /* module types may have been given attributes natively before anybody looked */
    if (t->dict != NULL) {
        size_t pos = 0;
        Value key, value;
        while (dict_next(from_obj(t->dict), &pos, &key, &value)) {
            if (!dict_set_str(vm, dict, key, value)) {
                decref(vm, dict);
                return NULL;
            }
        }
        decref(vm, from_obj(t->dict));
    }
    t->dict = dict_of_class(dict);
    t->flags &= ~(uint32_t)TYPE_LAZY;
    return t->dict;
}

Dict *type_dict(VM *vm, Type *t) {
    if (likely(!(t->flags & TYPE_LAZY)))
        return t->dict;
    return fill_dict(vm, t);
}

Value type_bases(VM *vm, Type *t) {
    if (t->bases == 0)
        t->bases = t->base != NULL ? tuple_pack(vm, 1, type_value(t->base)) : incref(vm->empty_tuple);
    return t->bases;
}

Value type_mro(VM *vm, Type *t) {
    if (t->mro != 0)
        return t->mro;
    size_t n = 0;
    for (Type *p = t; p != NULL; p = p->base)
        n++;
    Value mro = tuple_new(vm, n);
    if (mro == 0)
        return 0;
    n = 0;
    for (Type *p = t; p != NULL; p = p->base)
        as_tuple(mro)->items[n++] = incref(type_value(p));
    return t->mro = mro;
}

/* --- subclasses
 * ------------------------------------------------------------------------------------------------------- */

/* The direct script-made subclasses stand in base->subclasses, a dict whose keys are their addresses: not counted,
 * since a class removes itself when it dies. Native subclasses are not entered: they are found by walking the VM's
 * types. */
static Type *subclass_of_key(Value key) { return (Type *)((uintptr_t)as_small_int(key) << 3); }

bool type_add_subclass(VM *vm, Type *base, Type *t) {
    if (base->subclasses == 0 && (base->subclasses = gc_hide(dict_new(vm))) == 0)
        return false;
    return dict_set(vm, base->subclasses, address_key(t), VALUE_NONE);
}

void type_remove_subclass(VM *vm, Type *base, Type *t) {
    if (base->subclasses == 0)
        return;
    Value pending = error_take(vm);
    if (dict_delete(vm, base->subclasses, address_key(t)) < 0)
        error_clear(vm);
    vm->thread->exception = pending;
}

static bool list_native_subclasses(VM *vm, Value list, Type **types, size_t n, const Type *base) {
    for (size_t i = 0; i < n; i++) {
        if (types[i] != NULL && types[i]->base == base && !list_append(vm, list, type_value(types[i])))
            return false;
    }
    return true;
}

Value type_subclass_list(VM *vm, Type *t) {
    Value list = list_new(vm, 0), key, value;
    if (list == 0)
        return 0;
    size_t pos = 0;
    bool ok = list_native_subclasses(vm, list, (Type **)&vm->types, sizeof vm->types / sizeof(Type *), t) &&
              list_native_subclasses(vm, list, (Type **)&vm->exc, sizeof vm->exc / sizeof(Type *), t);
    while (ok && vm->module_types != 0 && dict_next(vm->module_types, &pos, &key, &value)) {
        if (as_type(value)->base == t)
            ok = list_append(vm, list, value);
    }
    pos = 0;
    while (ok && t->subclasses != 0 && dict_next(t->subclasses, &pos, &key, &value))
        ok = list_append(vm, list, type_value(subclass_of_key(key)));
    if (!ok) {
        decref(vm, list);
        return 0;
    }
    return list;
}

/* --- versions
 * ----------------------------------------------------------------------------------------------------------- */

static uint32_t give_version(VM *vm, Type *t) {
    if (t->version == 0 && vm->next_type_version != UINT32_MAX)
        t->version = ++vm->next_type_version;
    return t->version;
}

static NOINLINE uint32_t version_assign(VM *vm, Type *t) {
    if (t->mro == 0) {
        if (t->flags & TYPE_HEAP)
            return 0; /* being made, or being torn down */
        for (Type *p = t->base; p != NULL; p = p->base)
            give_version(vm, p);
        return give_version(vm, t);
    }
    Tuple *mro = as_tuple(t->mro);
    for (size_t i = mro->len; i-- > 0;) {
        if (is_type(mro->items[i]) && give_version(vm, as_type(mro->items[i])) == 0)
            return 0;
    }
    return give_version(vm, t);
}

uint32_t type_version(VM *vm, Type *t) { return likely(t->version != 0) ? t->version : version_assign(vm, t); }

static void forget_tree(Type *t, bool all) {
    if (t->version == 0 && !all)
        return;
    t->version = 0;
    t->cached_version = 0;
    shape_forget_ids(t);
    if (t->subclasses == 0)
        return;
    size_t pos = 0;
    Value key, value;
    while (dict_next(t->subclasses, &pos, &key, &value))
        forget_tree(subclass_of_key(key), all);
}

/* What a class attribute reads as depends on the metaclass too: when that changes, everything is forgotten. */
static void forget_everything(VM *vm) {
    Type **t = (Type **)&vm->types;
    for (size_t i = 0; i < sizeof vm->types / sizeof *t; i++)
        forget_tree(t[i], true);
    t = (Type **)&vm->exc;
    for (size_t i = 0; i < sizeof vm->exc / sizeof *t; i++)
        forget_tree(t[i], true);
    size_t pos = 0;
    Value key, value;
    while (vm->module_types != 0 && dict_next(vm->module_types, &pos, &key, &value))
        forget_tree(as_type(value), true);
}

void type_modified(VM *vm, Type *t) {
    if (t->version == 0)
        return;
    if (unlikely(t->flags & TYPE_METACLASS))
        forget_everything(vm);
    else
        forget_tree(t, false);
}

/* --- lookup
 * -------------------------------------------------------------------------------------------------------------- */

static Value find_in_dict(VM *vm, Type *t, Value name, bool *failed) {
    Dict *d = type_dict(vm, t);
    if (unlikely(d == NULL)) {
        error_clear(vm); /* the contract says that a lookup never fails: raise_no_attribute tells */
        vm->lookup_failed = true;
        *failed = true;
        return 0;
    }
    return dict_get_str(vm, from_obj(d), name);
}

static Value find_in_mro(VM *vm, Type *t, Value name, bool *failed) {
    Value found = 0;
    if (t->mro == 0) {
        for (; t != NULL && found == 0; t = t->base)
            found = find_in_dict(vm, t, name, failed);
        return found;
    }
    Tuple *mro = as_tuple(t->mro);
    for (size_t i = 0; i < mro->len && found == 0; i++) {
        if (likely(is_type(mro->items[i])))
            found = find_in_dict(vm, as_type(mro->items[i]), name, failed);
    }
    return found;
}

static ALWAYS_INLINE size_t cache_index(uint32_t version, Value name) {
    return ((size_t)(name >> 4) ^ (size_t)version * 7) & (METHOD_CACHE_SIZE - 1);
}

static NOINLINE Value lookup_slow(VM *vm, Type *t, Value name) {
    bool failed = false;
    if (as_str(name)->header.flags & OBJ_SUBTYPE)
        return find_in_mro(vm, t, name, &failed);
    if (vm->method_cache == NULL) {
        Value pending = error_take(vm);
        vm->method_cache = mem_zalloc(vm, sizeof(MethodCache));
        error_clear(vm);
        vm->thread->exception = pending;
    }
    Value found = find_in_mro(vm, t, name, &failed);
    uint32_t version = type_version(vm, t);
    if (version != 0 && !failed && vm->method_cache != NULL && (as_obj(name)->flags & OBJ_USER1)) {
        struct MethodCacheEntry *e = &vm->method_cache->entries[cache_index(version, name)];
        e->value = found;
        e->version = version;
        if (e->name != name)
            set_owned(vm, &e->name, incref(name));
    }
    return found;
}

Value type_lookup(VM *vm, Type *t, Value name) {
    if (likely(vm->method_cache != NULL && t->version != 0)) {
        struct MethodCacheEntry *e = &vm->method_cache->entries[cache_index(t->version, name)];
        if (likely(e->name == name && e->version == t->version))
            return e->value;
    }
    return lookup_slow(vm, t, name);
}

Value type_script_method(VM *vm, Type *t, Value name) {
    Value found = type_lookup(vm, t, name);
    return found != 0 && has_kind(found, KIND_FUNCTION) ? found : 0;
}

void type_cache_free(VM *vm) {
    if (vm->method_cache == NULL)
        return;
    for (size_t i = 0; i < METHOD_CACHE_SIZE; i++)
        decref(vm, vm->method_cache->entries[i].name);
    mem_free(vm, vm->method_cache, sizeof(MethodCache));
    vm->method_cache = NULL;
}

/* --- kinship
 * -------------------------------------------------------------------------------------------------------------- */

bool type_is_subtype(const Type *a, const Type *b) {
    if (a == b)
        return true;
    if (a->mro == 0) {
        while ((a = a->base) != NULL) {
            if (a == b)
                return true;
        }
        return false;
    }
    const Tuple *mro = as_tuple(a->mro);
    for (size_t i = 1; i < mro->len; i++) {
        if (mro->items[i] == from_obj(b))
            return true;
    }
    return false;
}

Type *type_of(VM *vm, Value v) {
    if (is_obj(v))
        return obj_type(as_obj(v));
    if (is_small_int(v))
        return vm->types.int_;
    if (is_double(v))
        return vm->types.float_;
    switch (v) {
    case VALUE_NONE:
        return vm->types.NoneType;
    case VALUE_ELLIPSIS:
        return vm->types.ellipsis;
    case VALUE_NOTIMPL:
        return vm->types.NotImplementedType;
    default:
        return vm->types.bool_;
    }
}
