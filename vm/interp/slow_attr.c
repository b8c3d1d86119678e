/* Attribute instructions off their fast paths: the general access, and the decision what to quicken to. */
#include "interp/generator.h"
#include "interp/slow.h"
#include "object/instance.h"
#include "object/descr.h"
#include "object/type.h"
#include "object/shape.h"

/* Cache word 2 of an unquickened access counts how often it has been turned back: a site that sees many shapes stays
 * general after this many attempts. */
#define QUICKEN_ATTEMPTS 64

static SharedAttr *shared_entry(VM *vm, uint32_t id, Value name) {
    if (vm->shared_attrs == NULL) {
        vm->shared_attrs = mem_zalloc(vm, SHARED_ATTRS * sizeof(SharedAttr));
        if (vm->shared_attrs == NULL) {
            error_clear(vm);
            return NULL;
        }
    }
    return &vm->shared_attrs[shared_attr_place(id, name)];
}

static bool cached_lookup(VM *vm, Value obj, Value name, AttrCacheResult *r) {
    uint32_t id = is_obj(obj) ? as_obj(obj)->shape->id : 0;
    if (id == 0 || is_type(obj) || has_kind(obj, KIND_MODULE))
        return attr_cache_lookup(vm, obj, name, r);
    SharedAttr *e = shared_entry(vm, id, name);
    if (e != NULL && e->name == name && e->found.id == id) {
        *r = e->found;
        return true;
    }
    if (!attr_cache_lookup(vm, obj, name, r))
        return false;
    if (e != NULL && r->id == id) {
        set_owned(vm, &e->name, incref(name));
        e->found = *r;
    }
    return true;
}

static bool may_quicken(Instr *at) {
    if (at[3] >= QUICKEN_ATTEMPTS)
        return false;
    at[3]++;
    return true;
}

static void quicken(Instr *at, Opcode op, const AttrCacheResult *r, uint64_t payload) {
    at[1] = (uint32_t)at[1] | (uint64_t)r->id << 32;
    at[2] = payload;
    at[0] = (at[0] & ~(Instr)0xFFFF) | op;
}

static void quicken_getattr(VM *vm, Instr *at, Value obj, Value name) {
    AttrCacheResult r;
    if (!may_quicken(at) || !attr_cache_lookup(vm, obj, name, &r) || r.id == 0)
        return;
    switch (r.kind) {
    case ATTR_INLINE:
    case ATTR_MEMBER:
        quicken(at, BC_GETATTR_SLOT, &r, (uint64_t)(int64_t)r.offset);
        break;
    case ATTR_VALUE:
        quicken(at, BC_GETATTR_CLASS, &r, r.value);
        break;
    case ATTR_PROPERTY:
        if (as_function(r.value)->code->simple && as_function(r.value)->code->argcount == 1)
            quicken(at, BC_GETATTR_PROPERTY, &r, r.value);
        break;
    case ATTR_GETSET:
        quicken(at, BC_GETATTR_GETSET, &r, (uint64_t)(uintptr_t)r.getter);
        break;
    case ATTR_TYPE:
        quicken(at, BC_GETATTR_TYPE, &r, r.value);
        break;
    case ATTR_MODULE:
        quicken(at, BC_GETATTR_MODULE, &r, r.index);
        break;
    default:
        break;
    }
}

/* Reads by a cached result: owned value, or 0 when the general way must be taken. */
static Value read_cached(Value obj, const AttrCacheResult *r) {
    switch (r->kind) {
    case ATTR_INLINE:
    case ATTR_MEMBER:
        return incref(*(Value *)((char *)as_obj(obj) + r->offset));
    case ATTR_VALUE:
        return incref(r->value);
    default:
        return 0;
    }
}

Value slow_getattr(VM *vm, Frame *f, Instr *at, Value obj) {
    Value name = f->code->names[(uint32_t)at[1]];
    AttrCacheResult r;
    if (at[3] >= QUICKEN_ATTEMPTS && cached_lookup(vm, obj, name, &r)) {
        Value found = read_cached(obj, &r);
        if (found != 0) {
            at[0] = instr_with_op(at[0], BC_GETATTR_MANY);
            return found;
        }
    }
    Value v = attr_get(vm, obj, name);
    if (v != 0)
        quicken_getattr(vm, at, obj, name);
    return v;
}

/* A store keeps its countdown in the upper half of the word with the offset, since word 2 is the next shape. */
static bool may_quicken_store(Instr *at) {
    uint64_t attempts = at[2] >> 32;
    at[2] = (attempts + (attempts < QUICKEN_ATTEMPTS)) << 32 | (uint32_t)at[2];
    return attempts < QUICKEN_ATTEMPTS;
}

/* A property's getter is found here once: then the instruction is quickened to call it. So is one that reads what a
 * class with __getattr__ has: that is not asked for it. */
bool slow_reads_by_script(VM *vm, Frame *f, Instr *at, Value obj) {
    Type *t = obj_type(as_obj(obj));
    Value name = f->code->names[(uint32_t)at[1]];
    if (t->flags & TYPE_CUSTOM_GETATTR) {
        quicken_getattr(vm, at, obj, name);
        return true;
    }
    if (!has_exact_kind(type_lookup(vm, t, name), KIND_PROPERTY))
        return false;
    quicken_getattr(vm, at, obj, name);
    return true;
}

bool slow_writes_by_script(VM *vm, Frame *f, Value obj, uint32_t name) {
    Type *t = obj_type(as_obj(obj));
    return t->slots.setattr != attr_generic_set ||
           has_exact_kind(type_lookup(vm, t, f->code->names[name]), KIND_PROPERTY);
}

bool slow_setattr(VM *vm, Frame *f, Instr *at, Value obj, Value v) {
    Value name = f->code->names[(uint32_t)at[1]];
    AttrCacheResult r;
    bool keep = may_quicken_store(at);
    if (!keep && type_of(vm, obj)->slots.setattr == vm->types.object->slots.setattr &&
        cached_lookup(vm, obj, name, &r) && r.kind == ATTR_INLINE) {
        set_owned(vm, (Value *)((char *)as_obj(obj) + r.offset), incref(v));
        at[0] = instr_with_op(at[0], BC_SETATTR_MANY);
        return true;
    }
    bool cacheable = keep && attr_cache_store(vm, obj, name, &r) && r.id != 0;
    if (!attr_set(vm, obj, name, v))
        return false;
    if (!cacheable)
        return true;
    uint64_t payload = (at[2] >> 32) << 32 | (uint32_t)r.offset;
    if (r.kind == ATTR_INLINE || r.kind == ATTR_MEMBER) {
        quicken(at, BC_SETATTR_SLOT, &r, payload);
    } else if (r.kind == ATTR_TRANSITION && is_obj(obj) && as_obj(obj)->shape == r.new_shape) {
        quicken(at, BC_SETATTR_ADD, &r, payload);
        at[3] = (uint64_t)(uintptr_t)r.new_shape;
    }
    return true;
}

/* --- method loads
 * ----------------------------------------------------------------------------------------------------------- */

static void load_unbound(VM *vm, Frame *f, Instr *at, Value attribute) {
    Value *regs = f->regs;
    unsigned a = instr_a(at[0]), b = instr_b(at[0]);
    if (b >= f->code->nlocals) {
        Value obj = regs[b];
        regs[b] = 0;
        decref(vm, obj);
    }
    regs[a] = attribute;
    regs[a + 1] = 0;
}

static void load_bound(Frame *f, Instr *at, Value function, Value obj) {
    Value *regs = f->regs;
    unsigned a = instr_a(at[0]), b = instr_b(at[0]);
    if (b >= f->code->nlocals)
        regs[b] = 0;
    else
        incref(obj);
    regs[a] = incref(function);
    regs[a + 1] = obj;
}

bool slow_load_method(VM *vm, Frame *f, Instr *at, Value obj) {
    Value name = f->code->names[(uint32_t)at[1]];
    AttrCacheResult r;
    if (cached_lookup(vm, obj, name, &r)) {
        bool keep = r.id != 0 && may_quicken(at);
        if (r.kind == ATTR_METHOD) {
            if (keep)
                quicken(at, BC_LOAD_METHOD_CLASS, &r, r.value);
            else if (r.id != 0)
                at[0] = instr_with_op(at[0], BC_LOAD_METHOD_MANY);
            load_bound(f, at, r.value, obj);
            return true;
        }
        if (keep && r.kind == ATTR_MODULE)
            quicken(at, BC_LOAD_METHOD_MODULE, &r, r.index);
        else if (keep && r.kind == ATTR_TYPE)
            quicken(at, BC_LOAD_METHOD_TYPE, &r, r.value);
    }
    Value self = 0;
    Value v = attr_load_method(vm, obj, name, &self);
    if (v == 0)
        return false;
    if (self == obj) {
        load_bound(f, at, v, obj);
        decref(vm, v); /* load_bound took its own */
        return true;
    }
    incref(self);
    load_unbound(vm, f, at, v);
    f->regs[instr_a(at[0]) + 1] = self;
    return true;
}

bool slow_quicken_method(VM *vm, Frame *f, Instr *at, Value obj) {
    AttrCacheResult r;
    if (!may_quicken(at) || !attr_cache_lookup(vm, obj, f->code->names[(uint32_t)at[1]], &r) || r.id == 0 ||
        r.kind != ATTR_METHOD)
        return false;
    quicken(at, BC_LOAD_METHOD_CLASS, &r, r.value);
    return true;
}

/* --- super()
 * ------------------------------------------------------------------------------------------------------------------
 */

/* window: whatever the name `super` means, the class, the object. */
Value slow_super_attr(VM *vm, Value *window, Value name) {
    Value proxy = call2(vm, window[0], window[1], window[2]);
    if (proxy == 0)
        return VALUE_ERROR;
    Value v = attr_get(vm, proxy, name);
    decref(vm, proxy);
    return v;
}

Value slow_super_method(VM *vm, Value *window, Value name, Value *self) {
    if (window[0] == type_value(vm->types.super))
        return super_lookup(vm, window[1], window[2], name, self);
    *self = 0;
    return slow_super_attr(vm, window, name);
}
