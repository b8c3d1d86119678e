/* PickleBuffer: a wrapper by which an object lets its bytes travel beside the pickle. */
#include "stdlib/pickle/pickle.h"

typedef struct PickleBuffer {
    Object header;
    Buffer view;  /* view.owner 0: released */
    Value object; /* whose buffer it is, or 0 */
} PickleBuffer;

static PickleBuffer *of(Value v) { return (PickleBuffer *)as_obj(v); }

bool pickle_buffer_view(VM *vm, Value v, Buffer **view) {
    if (of(v)->view.owner == 0)
        return raise_value(vm, "operation forbidden on released PickleBuffer object");
    *view = &of(v)->view;
    return true;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value object;
    if (!native_bind(vm, "PickleBuffer", "object, /", args, nargs, kwnames, &object, 1))
        return 0;
    Buffer view;
    if (!buffer_get_flags(vm, object, &view, BUFFER_FULL_RO))
        return 0;
    PickleBuffer *b = object_alloc(vm, type, 0);
    if (b == NULL) {
        buffer_release(vm, &view);
        return 0;
    }
    b->view = view;
    b->object = incref(object);
    return from_obj(b);
}

static void drop(VM *vm, Object *self) {
    PickleBuffer *b = (PickleBuffer *)self;
    Buffer view = b->view;
    b->view = (Buffer){0};
    if (view.owner != 0)
        buffer_release(vm, &view);
    set_owned(vm, &b->object, 0);
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((PickleBuffer *)self)->view.owner, visit, arg);
    visit_value(((PickleBuffer *)self)->object, visit, arg);
}

/* A view's export is the original object's. */
static bool get_buffer(VM *vm, Value self, Buffer *out, int flags) {
    Buffer *view;
    return pickle_buffer_view(vm, self, &view) && buffer_get_flags(vm, of(self)->object, out, flags);
}

static Value m_raw(NATIVE_ARGS) {
    Buffer *view;
    if (!pickle_buffer_view(vm, self, &view))
        return 0;
    Value m = memoryview_new(vm, of(self)->object), cast = m != 0 ? str_intern_c(vm, "cast") : 0;
    Value format = cast != 0 ? str_intern_c(vm, "B") : 0,
          result = format != 0 ? call_method1(vm, m, cast, format) : 0;
    decref(vm, m);
    decref(vm, cast);
    decref(vm, format);
    return result;
}

static Value m_release(NATIVE_ARGS) {
    drop(vm, as_obj(self));
    return VALUE_NONE;
}

static const MethodSpec methods[] = {
    {"raw", m_raw, "", "A flat view of the bytes.", 0},
    {"release", m_release, "", "Lets go of the buffer.", 0},
    {0},
};

const TypeSpec pickle_buffer_spec = {
    .name = "pickle.PickleBuffer",
    .doc = "An object with a buffer that may be pickled out of band.",
    .signature = "object, /",
    .size = sizeof(PickleBuffer),
    .flags = TYPE_GC | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = create, .dealloc = drop, .clear = drop, .traverse = traverse, .get_buffer = get_buffer},
    .methods = methods,
};
