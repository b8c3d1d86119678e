/* The class Pickler. What a subclass may define (persistent_id, reducer_override, dispatch_table) is looked up once
 * for each dump() and let go at its end, so that a pickler is part of no cycle. While one dump() runs another on the
 * same pickler would write into its middle: it is refused. */
#include "stdlib/pickle/pickle.h"

static Pickler *of(Value v) { return (Pickler *)as_obj(v); }

Value pickle_hook(VM *vm, Value self, Type *base, Value own, const char *name, bool *ok) {
    *ok = true;
    if (own != 0)
        return incref(own);
    Type *t = type_of(vm, self);
    if (t == base)
        return 0;
    Value key = str_intern_c(vm, name), found = 0;
    *ok = key != 0;
    if (*ok && (type_lookup(vm, base, key) == 0 || type_lookup(vm, t, key) != type_lookup(vm, base, key) ||
                type_lookup(vm, t, key) == 0)) {
        int state = attr_lookup(vm, self, key, &found);
        *ok = state >= 0;
        if (state <= 0)
            found = 0;
    }
    decref(vm, key);
    return found;
}

bool pickler_setup(VM *vm, Pickler *p, Value protocol, Value fix_imports, Value buffer_callback) {
    int version = PROTOCOL_DEFAULT, fix = 1;
    if (protocol != 0 && protocol != VALUE_NONE) {
        if (!to_c_int(vm, protocol, &version))
            return false;
        if (version > PROTOCOL_HIGHEST)
            return raise_value(vm, "pickle protocol must be <= %d", PROTOCOL_HIGHEST);
        if (version < 0)
            version = PROTOCOL_HIGHEST;
    }
    if (fix_imports != 0 && (fix = truth(vm, fix_imports)) < 0)
        return false;
    if (buffer_callback == VALUE_NONE)
        buffer_callback = 0;
    if (buffer_callback != 0 && version < 5)
        return raise_value(vm, "buffer_callback needs protocol >= 5");
    p->protocol = version;
    p->bin = version > 0;
    p->fix_imports = fix && version < 3;
    p->fast = false;
    p->frame_start = -1;
    p->len = 0;
    set_owned(vm, &p->buffer_callback, incref(buffer_callback));
    p->ready = true;
    return true;
}

bool pickler_file(VM *vm, Pickler *p, Value file) {
    Value write = 0;
    int found = attr_lookup(vm, file, NAME(write), &write);
    if (found == 0)
        raise_type(vm, "file must have a 'write' attribute");
    if (found <= 0)
        return false;
    set_owned(vm, &p->write, write);
    return true;
}

static bool take_hooks(VM *vm, Pickler *p) {
    Value self = from_obj(p);
    Type *base = vm_type(vm, &pickler_spec, NULL);
    bool ok = base != NULL;
    if (ok)
        p->persistent_id = pickle_hook(vm, self, base, p->own_persistent, "persistent_id", &ok);
    if (ok)
        p->dispatch_table = pickle_hook(vm, self, base, p->own_dispatch, "dispatch_table", &ok);
    if (ok)
        p->reducer_override = pickle_hook(vm, self, base, 0, "reducer_override", &ok);
    return ok && (p->copyreg_table = find_copyreg(vm, "dispatch_table")) != 0;
}

static void drop_hooks(VM *vm, Pickler *p) {
    set_owned(vm, &p->persistent_id, 0);
    set_owned(vm, &p->dispatch_table, 0);
    set_owned(vm, &p->reducer_override, 0);
    set_owned(vm, &p->copyreg_table, 0);
}

bool pickler_run(VM *vm, Pickler *p, Value v) {
    if (p->busy)
        return raise_runtime(vm, "Pickler object is already in use");
    p->busy = true;
    p->len = 0;
    p->frame_start = -1;
    p->framing = false;
    p->fast_chain = NULL;
    const char head[2] = {(char)OPC_PROTO, (char)p->protocol};
    bool ok = take_hooks(vm, p) && (p->protocol < 2 || put(vm, p, head, 2));
    p->framing = p->protocol >= 4;
    ok = ok && save(vm, p, v) && put_op(vm, p, OPC_STOP) && put_commit(vm, p);
    p->framing = false;
    p->fast_chain = NULL;
    drop_hooks(vm, p);
    p->busy = false;
    return ok;
}

static Value create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    Pickler *p = object_alloc(vm, type, 0);
    return p != NULL ? from_obj(p) : 0;
}

static bool init(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value v[4];
    if (!native_bind(vm, "Pickler", "file, protocol=None, fix_imports=True, buffer_callback=None", args, nargs,
                     kwnames, v, 4))
        return false;
    Pickler *p = of(self);
    if (p->busy)
        return raise_runtime(vm, "Pickler object is already in use");
    if (!pickler_setup(vm, p, v[1], v[2], v[3]) || !pickler_file(vm, p, v[0]))
        return false;
    memo_clear(vm, &p->memo);
    return true;
}

static void clear(VM *vm, Object *self) {
    Pickler *p = (Pickler *)self;
    set_owned(vm, &p->write, 0);
    set_owned(vm, &p->buffer_callback, 0);
    set_owned(vm, &p->own_persistent, 0);
    set_owned(vm, &p->own_dispatch, 0);
    drop_hooks(vm, p);
    memo_clear(vm, &p->memo);
}

static void dealloc(VM *vm, Object *self) {
    clear(vm, self);
    mem_free(vm, ((Pickler *)self)->out, ((Pickler *)self)->cap);
}

static void traverse(Object *self, VisitFn visit, void *arg) {
    Pickler *p = (Pickler *)self;
    Value held[] = {p->write,         p->buffer_callback, p->own_persistent,   p->own_dispatch,
                    p->persistent_id, p->dispatch_table,  p->reducer_override, p->copyreg_table};
    for (size_t i = 0; i < ARRAY_LEN(held); i++)
        visit_value(held[i], visit, arg);
    for (size_t i = 0; p->memo.table != NULL && i <= p->memo.mask; i++)
        visit_value(p->memo.table[i].key, visit, arg);
}

static Value m_dump(NATIVE_ARGS) {
    Pickler *p = of(self);
    if (!p->ready || p->write == 0)
        return raisef(vm, pickle_state(vm)->pickling_error, "Pickler.__init__() was not called by %T.__init__()",
                      self);
    return pickler_run(vm, p, args[0]) && put_flush(vm, p) ? VALUE_NONE : 0;
}

static Value m_clear_memo(NATIVE_ARGS) {
    memo_clear(vm, &of(self)->memo);
    return VALUE_NONE;
}

static Value m_persistent_id(NATIVE_ARGS) { return VALUE_NONE; }
static const MethodSpec default_persistent = {"persistent_id", m_persistent_id, "obj, /",
                                              "The persistent id of an object; None: it has none.", 0};

static Value get_persistent(VM *vm, Value self) {
    if (of(self)->own_persistent != 0)
        return incref(of(self)->own_persistent);
    return native_new(vm, &default_persistent, self, NULL, 0);
}

static bool set_persistent(VM *vm, Value self, Value value) {
    if (value != 0 && !is_callable(value))
        return raise_type(vm, "persistent_id must be a callable taking one argument");
    set_owned(vm, &of(self)->own_persistent, incref(value));
    return true;
}

static Value get_table(VM *vm, Value self) {
    if (of(self)->own_dispatch != 0)
        return incref(of(self)->own_dispatch);
    Value name = str_intern_c(vm, "dispatch_table");
    if (name != 0)
        raise_no_attribute(vm, self, name);
    decref(vm, name);
    return 0;
}

static bool set_table(VM *vm, Value self, Value value) {
    set_owned(vm, &of(self)->own_dispatch, incref(value));
    return true;
}

static Value get_fast(VM *vm, Value self) { return (void)vm, from_small_int(of(self)->fast); }
static bool set_fast(VM *vm, Value self, Value value) {
    int on = value != 0 ? truth(vm, value) : raise_type(vm, "can't delete numeric/char attribute") ? 0 : -1;
    if (on >= 0)
        of(self)->fast = on;
    return on >= 0;
}
static Value get_bin(VM *vm, Value self) { return (void)vm, from_small_int(of(self)->bin); }
static bool set_bin(VM *vm, Value self, Value value) {
    int on = value != 0 ? truth(vm, value) : raise_type(vm, "can't delete numeric/char attribute") ? 0 : -1;
    if (on >= 0)
        of(self)->bin = on;
    return on >= 0;
}

static const MethodSpec methods[] = {
    {"dump", m_dump, "obj, /", "Writes the pickle of an object to the file.", 0},
    {"clear_memo", m_clear_memo, "", "Forgets which objects have been written.", 0},
    {0},
};
static const GetSetSpec getset[] = {
    {"memo", pickler_memo, pickler_set_memo, "The objects written so far."},
    {"persistent_id", get_persistent, set_persistent, "Gives the persistent id of an object."},
    {"dispatch_table", get_table, set_table, "Reduction functions by class."},
    {"fast", get_fast, set_fast, "Whether to write without a memo."},
    {"bin", get_bin, set_bin, "Whether the protocol is a binary one."},
    {0},
};
const TypeSpec pickler_spec = {
    .name = "_pickle.Pickler",
    .doc = "Writes pickles to a binary file.",
    .signature = "file, protocol=None, fix_imports=True, buffer_callback=None",
    .size = sizeof(Pickler),
    .flags = TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = create, .init = init, .dealloc = dealloc, .clear = clear, .traverse = traverse},
    .methods = methods,
    .getset = getset,
};
