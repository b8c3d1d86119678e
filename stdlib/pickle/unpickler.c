/* The class Unpickler. Its hooks (find_class, persistent_load) are looked up once for each load(); a second load() on
 * the same one while it is at work is refused, since both would use its stack. */
#include "stdlib/pickle/pickle.h"

static Unpickler *of(Value v) { return (Unpickler *)as_obj(v); }

static bool text_argument(VM *vm, const char *who, Value v, const char *name, const char *otherwise, Value *out) {
    if (v != 0 && !is_str(v))
        return raise_type(vm, "%s() argument '%s' must be str, not %T", who, name, v);
    if (v != 0 && strlen(str_data(v)) != as_str(v)->nbytes)
        return raise_value(vm, "embedded null character");
    Value text = v != 0 ? incref(v) : str_intern_c(vm, otherwise);
    if (text == 0)
        return false;
    set_owned(vm, out, text);
    return true;
}

bool unpickler_setup(VM *vm, Unpickler *u, const char *who, Value fix_imports, Value encoding, Value errors,
                     Value buffers) {
    int fix = fix_imports != 0 ? truth(vm, fix_imports) : 1;
    if (fix < 0 || !text_argument(vm, who, encoding, "encoding", "ASCII", &u->encoding) ||
        !text_argument(vm, who, errors, "errors", "strict", &u->errors))
        return false;
    Value iterator = 0;
    if (buffers != 0 && buffers != VALUE_NONE && (iterator = iter_get(vm, buffers)) == 0)
        return false;
    set_owned(vm, &u->buffers, iterator);
    u->fix_imports = fix;
    u->protocol = 0;
    u->ready = true;
    return true;
}

bool unpickler_file(VM *vm, Unpickler *u, Value file) {
    Value read = 0, readline = 0;
    int found = attr_lookup(vm, file, NAME(read), &read);
    if (found > 0)
        found = attr_lookup(vm, file, NAME(readline), &readline);
    if (found <= 0) {
        decref(vm, read);
        return found == 0 && raise_type(vm, "file must have 'read' and 'readline' attributes");
    }
    set_owned(vm, &u->read, read);
    set_owned(vm, &u->readline, readline);
    return true;
}

static bool take_hooks(VM *vm, Unpickler *u) {
    Type *base = vm_type(vm, &unpickler_spec, NULL);
    bool ok = base != NULL;
    if (ok)
        u->persistent_load = pickle_hook(vm, from_obj(u), base, u->own_persistent, "persistent_load", &ok);
    if (ok)
        u->find_class = pickle_hook(vm, from_obj(u), base, 0, "find_class", &ok);
    return ok;
}

Value unpickler_load(VM *vm, Unpickler *u) {
    if (u->busy)
        return raise_runtime(vm, "Unpickler object is already in use");
    u->busy = true;
    Value v = take_hooks(vm, u) ? unpickler_run(vm, u) : 0;
    load_reset(vm, u);
    set_owned(vm, &u->persistent_load, 0);
    set_owned(vm, &u->find_class, 0);
    u->busy = false;
    return v;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Unpickler *u = object_alloc(vm, type, 0);
    return u != NULL ? from_obj(u) : 0;
}

static void drop_input(VM *vm, Unpickler *u) {
    Buffer view = u->source;
    u->source = (Buffer){0};
    u->pos = 0;
    if (u->input != 0)
        buffer_release(vm, &view);
    set_owned(vm, &u->input, 0);
}

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[5];
    if (!native_bind(vm, "Unpickler", "file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=()",
                     args, nargs, kwnames, v, 5))
        return false;
    Unpickler *u = of(self);
    if (u->busy)
        return raise_runtime(vm, "Unpickler object is already in use");
    if (!unpickler_file(vm, u, v[0]) || !unpickler_setup(vm, u, "Unpickler", v[1], v[2], v[3], v[4]))
        return false;
    drop_input(vm, u);
    load_memo_clear(vm, u);
    return true;
}

static void clear(VM *vm, Object *self) {
    Unpickler *u = (Unpickler *)self;
    load_reset(vm, u);
    load_memo_clear(vm, u);
    drop_input(vm, u);
    Value *held[] = {&u->read,     &u->readline, &u->buffers,    &u->own_persistent,
                     &u->encoding, &u->errors,   &u->find_class, &u->persistent_load};
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        set_owned(vm, held[i], 0);
    u->ready = false;
}

static void dealloc(VM *vm, Object *self) {
    Unpickler *u = (Unpickler *)self;
    clear(vm, self);
    mem_free(vm, u->stack, u->cap * sizeof(Value));
    mem_free(vm, u->marks, u->marks_cap * sizeof(size_t));
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    Unpickler *u = (Unpickler *)self;
    Value held[] = {u->read,       u->readline,        u->buffers, u->own_persistent, u->encoding, u->errors,
                    u->find_class, u->persistent_load, u->input,   u->source.owner,   u->sparse};
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        visit_value(held[i], visit, arg);
    for (size_t i = 0; i < u->depth; i++)
        visit_value(u->stack[i], visit, arg);
    for (size_t i = 0; i < u->memo_cap; i++)
        visit_value(u->memo[i], visit, arg);
}

static Value m_load(NATIVE_ARGS) {
    if (!of(self)->ready || of(self)->read == 0)
        return raisef(vm, pickle_state(vm)->unpickling_error, "Unpickler.__init__() was not called by %T.__init__()",
                      self);
    return unpickler_load(vm, of(self));
}

static Value m_find_class(NATIVE_ARGS) { return find_class(vm, of(self), args[0], args[1]); }

static Value m_persistent_load(NATIVE_ARGS) {
    return raisef(vm, pickle_state(vm)->unpickling_error,
                  "A load persistent id instruction was encountered, but no persistent_load function was specified.");
}
static const MethodSpec default_persistent = {"persistent_load", m_persistent_load, "pid, /",
                                              "The object of a persistent id.", 0};

static Value get_persistent(VM *vm, Value self) {
    if (of(self)->own_persistent != 0)
        return incref(of(self)->own_persistent);
    return native_new(vm, &default_persistent, self, NULL, 0);
}

static bool set_persistent(VM *vm, Value self, Value value) {
    if (value != 0 && !is_callable(value))
        return raise_type(vm, "persistent_load must be a callable taking one argument");
    set_owned(vm, &of(self)->own_persistent, incref(value));
    return true;
}

static const MethodSpec methods[] = {
    {"load", m_load, "", "Reads one pickle from the file and returns its object.", 0},
    {"find_class", m_find_class, "module_name, global_name, /", "The class or function of that name in a module.", 0},
    {0},
};
static const GetSetSpec getset[] = {
    {"memo", unpickler_memo, unpickler_set_memo, "The objects read so far, by number."},
    {"persistent_load", get_persistent, set_persistent, "Gives the object of a persistent id."},
    {0},
};
const TypeSpec unpickler_spec = {
    .name = "_pickle.Unpickler",
    .doc = "Reads pickles from a binary file.",
    .signature = "file, *, fix_imports=True, encoding='ASCII', errors='strict', buffers=()",
    .size = sizeof(Unpickler),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = create, .init = init, .dealloc = dealloc, .clear = clear, .traverse = traverse},
    .methods = methods,
    .getset = getset,
};
