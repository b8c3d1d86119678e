/* The buffer protocol: what exporters and users of bytes share. A Buffer holds a reference to its owner, so the
 * memory lives until buffer_release, whose counterpart in the owner (release_buffer) may count exports. */
#include "object/buffer.h"

#include "runtime/vm.h"

bool buffer_get(VM *vm, Value v, Buffer *out, bool writable) {
    return buffer_get_flags(vm, v, out, writable ? BUFFER_WRITABLE : BUFFER_SIMPLE);
}

bool buffer_get_flags(VM *vm, Value v, Buffer *out, int flags) {
    *out = (Buffer){0};
    const Slots *slots = is_obj(v) ? &obj_type(as_obj(v))->slots : NULL;
    if (slots == NULL || slots->get_buffer == NULL)
        return raise_type(vm, "a bytes-like object is required, not '%.100T'", v);
    bool held = slots->release_buffer == buffer_release_script && slots->get_buffer != buffer_get_script;
    if (!(held ? buffer_get_held(vm, v, out, flags, slots->get_buffer) : slots->get_buffer(vm, v, out, flags))) {
        *out = (Buffer){0};
        return false;
    }
    if (out->data == NULL)
        out->data = (char *)"";
    return true;
}

void buffer_release(VM *vm, Buffer *b) {
    Value owner = b->owner;
    if (owner == 0)
        return;
    void (*release)(VM *, Value, Buffer *) = obj_type(as_obj(owner))->slots.release_buffer;
    if (release != NULL)
        release(vm, owner, b);
    *b = (Buffer){0};
    decref(vm, owner);
}

bool buffer_fill(VM *vm, Buffer *out, Value owner, char *data, size_t len, bool readonly, int flags) {
    if (readonly && (flags & BUFFER_WRITABLE))
        return raisef(vm, vm->exc.BufferError, "Object is not writable.");
    *out = (Buffer){.owner = incref(owner), .data = data, .len = len, .readonly = readonly};
    return true;
}
