/* Buffers of objects whose class defines __buffer__ or __release_buffer__ in the language.
 *
 * Views are copied, sliced and cast by asking the owner of the memory again (memoryview.c), but a script's methods
 * shall be called once for a buffer that was asked for once. So the owner of such a buffer is a BufferHold: it keeps
 * what the object gave, lends it as often as it is asked, and gives it back when the last borrower is done.
 *
 * A hold with a view got it from __buffer__; its `inner` is a buffer of that view. One without got `inner` from a
 * native type that the class inherits from. */
#include "object/buffer.h"

#include "object/containers.h"
#include "runtime/vm.h"

typedef struct BufferHold {
    Object header;
    Value object; /* 0: given back */
    Value view;
    Buffer inner;
    size_t borrowers;
} BufferHold;

static BufferHold *as_hold(Value v) { return (BufferHold *)as_obj(v); }
static bool is_hold(Value v) { return is_obj(v) && obj_type(as_obj(v))->spec == &buffer_hold_spec; }

Value buffer_hold_view(Value hold) { return is_hold(hold) ? as_hold(hold)->view : 0; }

Value buffer_hold_object(Value hold) {
    return is_hold(hold) && as_hold(hold)->view == 0 ? as_hold(hold)->object : hold;
}

/* Calls the __release_buffer__ that the object's class defines. Nobody waits for an exception here. */
static void call_release(VM *vm, Value object, Value view) {
    Value pending = error_take(vm);
    Value result = call_special(vm, object, NAME(__release_buffer__), &view, 1);
    if (result == 0 && error_pending(vm)) {
        Value error = error_take(vm);
        Value text = str_printf(vm, "Exception ignored in __release_buffer__ of %T", object);
        if (text == 0)
            error_clear(vm);
        vm->thread->exception = error;
        error_unraisable(vm, text != 0 ? str_data(text) : NULL, 0);
        decref(vm, text);
    }
    decref(vm, result);
    vm->thread->exception = pending;
}

void buffer_release_script(VM *vm, Value self, Buffer *buffer) {
    Value pending = error_take(vm);
    Value view = memoryview_lend(vm, buffer);
    if (view == 0)
        error_unraisable(vm, NULL, self);
    vm->thread->exception = pending;
    if (view != 0) {
        call_release(vm, self, view);
        memoryview_end(view);
        decref(vm, view);
    }
    Type *native = obj_type(as_obj(self));
    while (native->flags & TYPE_HEAP)
        native = native->base;
    if (native->slots.release_buffer != NULL)
        native->slots.release_buffer(vm, self, buffer);
}

static bool lend(BufferHold *hold, Buffer *out) {
    *out = hold->inner;
    out->owner = incref(from_obj(hold));
    hold->borrowers++;
    return true;
}

bool buffer_get_script(VM *vm, Value self, Buffer *out, int flags) {
    Value number = from_small_int(flags);
    Value view = call_special(vm, self, NAME(__buffer__), &number, 1);
    if (view == 0)
        return error_pending(vm) ? false : (bool)raise_attribute(vm, self, NAME(__buffer__), "__buffer__");
    if (!has_kind(view, KIND_MEMORYVIEW)) {
        decref(vm, view);
        return raise_type(vm, "__buffer__ returned non-memoryview object");
    }
    BufferHold *hold = object_alloc(vm, vm->types.buffer_hold, 0);
    Buffer inner;
    if (hold == NULL || !buffer_get_flags(vm, view, &inner, flags)) {
        decref(vm, view);
        decref(vm, from_obj(hold));
        return false;
    }
    hold->object = incref(self);
    hold->view = view;
    hold->inner = inner;
    lend(hold, out);
    decref(vm, from_obj(hold));
    return true;
}

bool buffer_get_held(VM *vm, Value self, Buffer *out, int flags, BufferFn get) {
    const Slots *slots = &obj_type(as_obj(self))->slots;
    if (slots->get_buffer == get && slots->release_buffer != buffer_release_script)
        return get(vm, self, out, flags);
    BufferHold *hold = object_alloc(vm, vm->types.buffer_hold, 0);
    Buffer inner;
    if (hold == NULL || !get(vm, self, &inner, flags)) {
        decref(vm, from_obj(hold));
        return false;
    }
    hold->object = incref(self);
    hold->inner = inner;
    lend(hold, out);
    decref(vm, from_obj(hold));
    return true;
}

/* --- the type -------------------------------------------------------------------------------------------------- */

static bool get_buffer(VM *vm, Value self, Buffer *out, int flags) {
    BufferHold *hold = as_hold(self);
    if (hold->object == 0)
        return raise_value(vm, "operation forbidden on released memoryview object");
    if (hold->inner.readonly && (flags & BUFFER_WRITABLE))
        return raisef(vm, vm->exc.BufferError, "Object is not writable.");
    return lend(hold, out);
}

static void give_back(VM *vm, BufferHold *hold) {
    Value object = hold->object, view = hold->view;
    hold->object = hold->view = 0;
    if (hold->inner.owner != 0)
        buffer_release(vm, &hold->inner);
    if (view != 0 && buffer_hold_object(memoryview_owner(view)) != object &&
        obj_type(as_obj(object))->slots.release_buffer == buffer_release_script)
        call_release(vm, object, view);
    decref(vm, view);
    decref(vm, object);
}

static void release_buffer(VM *vm, Value self, Buffer *buffer) {
    if (--as_hold(self)->borrowers == 0)
        give_back(vm, as_hold(self));
}

static void clear(VM *vm, Object *self) {
    if (((BufferHold *)self)->object != 0)
        give_back(vm, (BufferHold *)self);
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    BufferHold *hold = (BufferHold *)self;
    visit_value(hold->object, visit, arg);
    visit_value(hold->view, visit, arg);
    visit_value(hold->inner.owner, visit, arg);
}

const TypeSpec buffer_hold_spec = {
    .name = "_buffer_wrapper",
    .doc = "Keeps the view that a script's __buffer__() gave until it is released.",
    .size = sizeof(BufferHold),
    .flags = TYPE_GC | TYPE_IMMUTABLE | TYPE_NO_NEW | TYPE_NO_WEAKREF,
    .kind = KIND_OTHER,
    .slots = {.dealloc = clear,
              .clear = clear,
              .traverse = traverse,
              .get_buffer = get_buffer,
              .release_buffer = release_buffer},
};
