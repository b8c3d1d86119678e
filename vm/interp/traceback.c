/* Traceback objects. Each frame that an exception leaves or is caught in adds one entry in front. */
#include "interp/traceback.h"

void traceback_add(VM *vm, Frame *f) {
    Value exc = error_take(vm);
    if (exc == 0 || !is_exception(exc)) {
        vm->thread->exception = exc;
        return;
    }
    Value frame = frame_object(vm, f);
    Traceback *tb = frame == 0 ? NULL : object_alloc_uncleared(vm, vm->types.traceback, sizeof(Traceback));
    if (tb == NULL) { /* no memory for the entry: the exception itself matters more */
        error_clear(vm);
        decref(vm, frame);
        vm->thread->exception = exc;
        return;
    }
    Exception *e = as_exception(exc);
    tb->frame = frame;
    tb->code = f->code;
    tb->lasti =
        (int32_t)(f->pc - f->code->instrs) - 1; /* -1 before the first one: then the line is that of the `def` */
    tb->line = tb->lasti < 0 ? f->code->firstlineno : -1;
    tb->next = e->traceback; /* moved */
    e->traceback = from_obj(tb);
    vm->thread->exception = exc;
}

static Traceback *self_tb(Value self) { return (Traceback *)as_obj(self); }

static void tb_dealloc(VM *vm, Object *self) {
    decref(vm, ((Traceback *)self)->next);
    decref(vm, ((Traceback *)self)->frame);
}
static void tb_traverse(Object *self, VisitFn visit, void *arg) {
    visit_value(((Traceback *)self)->next, visit, arg);
    visit_value(((Traceback *)self)->frame, visit, arg);
}
static void tb_clear(VM *vm, Object *self) { set_owned(vm, &((Traceback *)self)->next, 0); }

static Value tb_get_next(VM *vm, Value self) {
    return (void)vm, incref(self_tb(self)->next == 0 ? VALUE_NONE : self_tb(self)->next);
}
static bool tb_set_next(VM *vm, Value self, Value v) {
    if (v == 0)
        return raise_type(vm, "can't delete tb_next attribute");
    if (v != VALUE_NONE && !has_kind(v, KIND_TRACEBACK))
        return raise_type(vm, "expected traceback object, got '%T'", v);
    for (Value t = v; t != VALUE_NONE && t != 0; t = self_tb(t)->next)
        if (t == self)
            return raise_value(vm, "traceback loop detected");
    set_owned(vm, &self_tb(self)->next, v == VALUE_NONE ? 0 : incref(v));
    return true;
}
static Value tb_get_frame(VM *vm, Value self) { return (void)vm, incref(self_tb(self)->frame); }
static Value tb_get_lasti(VM *vm, Value self) {
    int32_t lasti = self_tb(self)->lasti;
    return (void)vm, from_small_int(lasti < 0 ? -1 : (int64_t)lasti * 8);
}
static Value tb_get_lineno(VM *vm, Value self) {
    (void)vm;
    Traceback *tb = self_tb(self);
    int line = tb->line >= 0 ? tb->line : code_line(tb->code, (uint32_t)tb->lasti);
    return line < 0 ? VALUE_NONE : from_small_int(line);
}

static const GetSetSpec tb_getset[] = {
    {"tb_next", tb_get_next, tb_set_next, "Next entry towards the place of the error."},
    {"tb_frame", tb_get_frame, NULL, "Frame of this entry."},
    {"tb_lasti", tb_get_lasti, NULL, "Offset of the instruction in the frame's code."},
    {"tb_lineno", tb_get_lineno, NULL, "Line of the instruction."},
    {0},
};

/* types.TracebackType(tb_next, tb_frame, tb_lasti, tb_lineno) */
static Value tb_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Value v[4];
    if (!native_bind(vm, "TracebackType", "tb_next, tb_frame, tb_lasti, tb_lineno", args, nargs, kwnames, v, 4))
        return VALUE_ERROR;
    if (v[0] != VALUE_NONE && !has_kind(v[0], KIND_TRACEBACK))
        return raise_type(vm, "expected traceback object or None, got '%T'", v[0]);
    if (!has_kind(v[1], KIND_FRAME))
        return raise_type(vm, "TracebackType() argument 'tb_frame' must be frame, not %T", v[1]);
    int lasti, line;
    if (!to_c_int(vm, v[2], &lasti) || !to_c_int(vm, v[3], &line))
        return VALUE_ERROR;
    Traceback *tb = object_alloc(vm, type, 0);
    if (tb == NULL)
        return VALUE_ERROR;
    tb->next = v[0] == VALUE_NONE ? 0 : incref(v[0]);
    tb->frame = incref(v[1]);
    tb->code = ((FrameObject *)as_obj(v[1]))->code;
    tb->lasti = lasti / 8;
    tb->line = line;
    return from_obj(tb);
}

static Value tb_dir(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    (void)self, (void)args, (void)nargs, (void)kwnames;
    Value names[4] = {str_from_c(vm, "tb_frame"), str_from_c(vm, "tb_next"), str_from_c(vm, "tb_lasti"),
                      str_from_c(vm, "tb_lineno")};
    Value list = list_from_array(vm, names, 4);
    for (int i = 0; i < 4; i++)
        decref(vm, names[i]);
    return list;
}

static const MethodSpec tb_methods[] = {
    {"__dir__", tb_dir, "", "Names of the entry's attributes.", 0},
    {0},
};

const TypeSpec traceback_spec = {
    .name = "traceback",
    .doc = "One step of the way an exception took.",
    .signature = "tb_next, tb_frame, tb_lasti, tb_lineno",
    .size = sizeof(Traceback),
    .flags = TYPE_GC | TYPE_NO_WEAKREF,
    .kind = KIND_TRACEBACK,
    .slots = {.dealloc = tb_dealloc, .traverse = tb_traverse, .clear = tb_clear, .create = tb_create},
    .methods = tb_methods,
    .getset = tb_getset,
};
