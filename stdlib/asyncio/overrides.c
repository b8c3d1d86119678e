/* Which of its methods an object still has from the native class: the others are a script's, and are called as such.
 *
 * A method may be overridden by a class or in the instance. Either gives the instance another shape (or the shape
 * another id), so that one look is enough as long as the shape stays. */
#include "stdlib/asyncio/asyncio.h"

#include "object/instance.h"
#include "object/shape.h"

NOINLINE uint8_t overrides_look(VM *vm, Overrides *o, Object *object, Type *base, const char *const *names) {
    Type *type = obj_type(object);
    o->natives = 0;
    o->shape = NULL;
    for (unsigned i = 0; names[i]; i++) {
        Value name = str_intern_c(vm, names[i]);
        if (!name) {
            error_clear(vm);
            return o->natives = 0;
        }
        bool ours = type_lookup(vm, type, name) == type_lookup(vm, base, name);
        if (ours && type->attrs_offset != 0)
            ours = !instance_get(vm, object, type, name);
        decref(vm, name);
        if (ours)
            o->natives |= (uint8_t)(1u << i);
    }
    if (!object->shape->is_dict && (o->shape_id = shape_id(vm, object->shape)) != 0)
        o->shape = object->shape;
    return o->natives;
}
