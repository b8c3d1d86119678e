/* Copying and pickling of files: those of the system refuse it, those in memory tell their state. */
#include "object/instance.h"
#include "object/type.h"
#include "stdlib/io/io.h"

Value io_refuse_pickle(NATIVE_ARGS) {
    return raise_type(vm, "cannot pickle '%s' instances", type_short_name(obj_type(as_obj(self))));
}

Value io_attributes(VM *vm, Value self) {
    const Shape *shape = as_obj(self)->shape;
    if (shape->nslots == 0 && !shape->is_dict)
        return VALUE_NONE;
    Value dict = attr_dict(vm, self), copy = dict != 0 ? dict_copy(vm, dict) : VALUE_ERROR;
    decref(vm, dict);
    return copy;
}

bool io_set_attributes(VM *vm, Value self, Value attributes, const char *which) {
    if (attributes == VALUE_NONE)
        return true;
    if (!is_dict(attributes))
        return raise_type(vm, "%s item of state should be a dict, got a %T", which, attributes);
    Value dict = attr_dict(vm, self);
    bool ok = dict != 0 && dict_update(vm, dict, attributes);
    decref(vm, dict);
    return ok;
}

bool io_state_position(VM *vm, Value v, size_t *position) {
    ssize_t pos;
    if (!to_ssize(vm, v, &pos))
        return false;
    if (pos < 0)
        return raise_value(vm, "position value cannot be negative");
    *position = (size_t)pos;
    return true;
}
