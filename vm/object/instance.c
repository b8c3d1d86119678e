/* Instances' own attributes: a vector of slots laid out by the instance's shape, or a dict.
 *
 * Invariants. While shape->is_dict is 0, area->dict is 0 and the first shape->nslots slots hold owned values, none of
 * them 0: `ninline` of them in place, the rest in area->extra, whose room follows from their number
 * (attr_extra_room). When is_dict is 1, area->dict is a Dict and no slot holds anything. The change from slots to
 * dict happens once, when a script asks for __dict__, deletes an attribute that is not the newest, or the class has
 * run out of shapes. */
#include "runtime/vm.h"

#include "object/instance.h"
#include "object/shape.h"
#include "object/type.h"

static void extra_free(VM *vm, AttrArea *area, size_t nslots, size_t ninline) {
    if (area->extra == NULL)
        return;
    size_t n = nslots > ninline ? nslots - ninline : 0;
    mem_free(vm, area->extra, attr_extra_room(n) * sizeof(Value));
    area->extra = NULL;
}

/* Empties the slots; what they held is dropped last, since that may run scripts which look at the instance. */
static void slots_release(VM *vm, Object *o, Type *t) {
    AttrArea *area = attr_area(o, t);
    size_t n = o->shape->nslots, inlined = n < t->ninline ? n : t->ninline;
    Value kept[16];
    Value *extra = area->extra;
    o->shape = t->root_shape;
    area->extra = NULL;
    for (size_t start = 0; start < inlined; start += ARRAY_LEN(kept)) {
        size_t count = inlined - start < ARRAY_LEN(kept) ? inlined - start : ARRAY_LEN(kept);
        memcpy(kept, area->slots + start, count * sizeof(Value));
        memset(area->slots + start, 0, count * sizeof(Value));
        for (size_t i = 0; i < count; i++)
            decref(vm, kept[i]);
    }
    if (extra != NULL) {
        for (size_t i = 0; i < n - inlined; i++)
            decref(vm, extra[i]);
        mem_free(vm, extra, attr_extra_room(n - inlined) * sizeof(Value));
    }
}

static void members_release(VM *vm, Object *o, Type *t) {
    Value *members = attr_members(o, t);
    for (size_t i = 0; i < t->nmembers; i++)
        set_owned(vm, &members[i], 0);
}

void instance_clear_attrs(VM *vm, Object *o) {
    Type *t = obj_type(o);
    if (t->nmembers != 0)
        members_release(vm, o, t);
    if (t->attrs_offset == 0)
        return;
    AttrArea *area = attr_area(o, t);
    if (!o->shape->is_dict) {
        slots_release(vm, o, t);
    } else if (area->dict != 0) {
        Value dict = area->dict;
        area->dict = 0;
        o->shape = t->root_shape;
        decref(vm, dict);
    }
}

void instance_drop_attrs(VM *vm, Object *o) {
    Type *t = obj_type(o);
    if (t->nmembers != 0)
        members_release(vm, o, t);
    if (t->attrs_offset == 0)
        return;
    AttrArea *area = attr_area(o, t);
    Shape *s = o->shape;
    if (s->is_dict) {
        decref(vm, area->dict);
        return;
    }
    size_t n = s->nslots;
    if (likely(n <= t->ninline)) {
        for (size_t i = 0; i < n; i++)
            decref(vm, area->slots[i]);
        return;
    }
    slots_release(vm, o, t);
}

void instance_traverse_attrs(Object *o, VisitFn visit, void *arg) {
    Type *t = obj_type(o);
    Value *members = attr_members(o, t);
    for (size_t i = 0; i < t->nmembers; i++)
        visit_value(members[i], visit, arg);
    if (t->attrs_offset == 0)
        return;
    AttrArea *area = attr_area(o, t);
    if (o->shape->is_dict) {
        visit_value(area->dict, visit, arg);
        return;
    }
    size_t n = o->shape->nslots, inlined = n < t->ninline ? n : t->ninline;
    for (size_t i = 0; i < inlined; i++)
        visit_value(area->slots[i], visit, arg);
    for (size_t i = inlined; i < n; i++)
        visit_value(area->extra[i - inlined], visit, arg);
}

Value instance_get(VM *vm, Object *o, Type *t, Value name) {
    AttrArea *area = attr_area(o, t);
    if (unlikely(o->shape->is_dict))
        return dict_get_str(vm, area->dict, name);
    ssize_t slot = shape_find(vm, o->shape, name);
    return slot < 0 ? 0 : *attr_slot(area, t, (size_t)slot);
}

/* Moves the slots into a new dict. The values change owner without being counted. */
static bool switch_to_dict(VM *vm, Object *o, Type *t) {
    Shape *dict_shape = shape_dict(vm, t);
    if (dict_shape == NULL)
        return false;
    size_t n = o->shape->nslots;
    Value dict = dict_new_sized(vm, n);
    if (dict == 0)
        return false;
    AttrArea *area = attr_area(o, t);
    for (size_t i = 0; i < n; i++) {
        if (!dict_set_str(vm, dict, shape_name(o->shape, i), *attr_slot(area, t, i))) {
            decref(vm, dict);
            return false;
        }
    }
    for (size_t i = 0; i < n; i++) {
        Value *slot = attr_slot(area, t, i);
        decref(vm, *slot); /* the dict holds another reference */
        *slot = 0;
    }
    extra_free(vm, area, n, t->ninline);
    area->dict = dict;
    o->shape = dict_shape;
    return true;
}

static bool slot_append(VM *vm, Object *o, Type *t, Shape *next, Value value) {
    AttrArea *area = attr_area(o, t);
    size_t slot = next->nslots - 1u;
    if (slot >= t->ninline) {
        size_t n = slot - t->ninline, room = attr_extra_room(n);
        if (n == room) {
            size_t more = attr_extra_room(n + 1);
            Value *extra = mem_realloc(vm, area->extra, room * sizeof(Value), more * sizeof(Value));
            if (extra == NULL)
                return false;
            area->extra = extra;
        }
    }
    *attr_slot(area, t, slot) = incref(value);
    o->shape = next;
    return true;
}

bool instance_set(VM *vm, Object *o, Type *t, Value name, Value value) {
    if (likely(!o->shape->is_dict)) {
        ssize_t slot = shape_find(vm, o->shape, name);
        if (slot >= 0) {
            set_owned(vm, attr_slot(attr_area(o, t), t, (size_t)slot), incref(value));
            return true;
        }
        Shape *next = shape_add(vm, o->shape, name);
        if (next != NULL)
            return slot_append(vm, o, t, next, value);
        if (error_pending(vm) || !switch_to_dict(vm, o, t))
            return false;
    }
    return dict_set_str(vm, attr_area(o, t)->dict, name, value);
}

int instance_delete(VM *vm, Object *o, Type *t, Value name) {
    Shape *s = o->shape;
    if (!s->is_dict) {
        ssize_t slot = shape_find(vm, s, name);
        if (slot < 0)
            return 0;
        if (slot == s->nslots - 1) {
            AttrArea *area = attr_area(o, t);
            Value *place = attr_slot(area, t, (size_t)slot), old = *place;
            *place = 0;
            o->shape = s->parent;
            if ((size_t)slot >= t->ninline) {
                size_t left = (size_t)slot - t->ninline, room = attr_extra_room(left + 1);
                if (attr_extra_room(left) != room) {
                    Value *smaller = NULL;
                    if (left != 0)
                        smaller =
                            mem_realloc(vm, area->extra, room * sizeof(Value), attr_extra_room(left) * sizeof(Value));
                    else
                        mem_free(vm, area->extra, room * sizeof(Value));
                    if (left != 0 && smaller == NULL) { /* cannot shrink: put it back */
                        *place = old;
                        o->shape = s;
                        return -1;
                    }
                    area->extra = smaller;
                }
            }
            decref(vm, old);
            return 1;
        }
        if (!switch_to_dict(vm, o, t))
            return -1;
    }
    return dict_delete(vm, attr_area(o, t)->dict, name);
}

Value instance_dict(VM *vm, Object *o, Type *t) {
    if (!o->shape->is_dict && !switch_to_dict(vm, o, t))
        return 0;
    return attr_area(o, t)->dict;
}

bool instance_set_dict(VM *vm, Object *o, Type *t, Value dict) {
    Shape *dict_shape = shape_dict(vm, t);
    if (dict_shape == NULL)
        return false;
    AttrArea *area = attr_area(o, t);
    incref(dict);
    if (!o->shape->is_dict) {
        slots_release(vm, o, t);
        if (unlikely(o->shape->nslots != 0 || o->shape->is_dict)) { /* a finalizer has been at it */
            decref(vm, dict);
            return instance_set_dict(vm, o, t, dict);
        }
        o->shape = dict_shape;
        area->dict = dict;
        return true;
    }
    set_owned(vm, &area->dict, dict);
    return true;
}

Value instance_dict_copy(VM *vm, Object *o, Type *t) {
    AttrArea *area = attr_area(o, t);
    if (o->shape->is_dict)
        return dict_copy(vm, area->dict);
    size_t n = o->shape->nslots;
    Value dict = dict_new_sized(vm, n);
    for (size_t i = 0; dict != 0 && i < n; i++) {
        if (!dict_set_str(vm, dict, shape_name(o->shape, i), *attr_slot(area, t, i))) {
            decref(vm, dict);
            return 0;
        }
    }
    return dict;
}

bool instance_has_attrs(Object *o, Type *t) {
    if (t->attrs_offset == 0)
        return false;
    return o->shape->is_dict ? dict_len(attr_area(o, t)->dict) != 0 : o->shape->nslots != 0;
}
