/* Functions and modules of the host.
 *
 * All functions of hosts are Natives with one of four C functions, around host_call. It finds the one that is meant
 * through vm->called, opens a scope, and takes the result over. */
#include "api/native.h"

#include "object/type.h"
#include "stdlib/import/frozen.h"
#include "stdlib/init.h"

static NOINLINE Value call_keeping(VM *vm, const HostFunction *f, const cove_call_info *call) {
    Callout callout = callout_begin(vm);
    return callout_end(vm, callout, f->fn(host_vm(vm), call), f->spec.name);
}

static ALWAYS_INLINE Value host_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const HostFunction *f = (const HostFunction *)vm->called->spec;
    cove_call_info call = {handle(self), (const cove_value *)args, nargs, handle(kwnames), f->user};
    const Thread *t = vm->thread;
    if (unlikely(!callout_is_plain(t)))
        return call_keeping(vm, f, &call);
    size_t mark = t->handle_count;
    cove_value result = f->fn(host_vm(vm), &call);
    t = vm->thread;
    if (likely(result.bits != 0 && callout_is_plain(t) && t->handle_count == mark))
        return incref(result.bits);
    return callout_end(vm, (Callout){mark, 0, 1}, result, f->spec.name);
}

Value host_function_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return host_call(vm, self, args, nargs, kwnames);
}

/* The `self` of a static method is its class, which only its __self__ shows. */
static Value host_static_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    return host_call(vm, 0, args, nargs, kwnames);
}

/* Of a signature with *args or **kwargs, of which a Native binds nothing. */
static Value host_collecting_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    const Native *called = vm->called;
    const MethodSpec *spec = called->spec;
    Collected c;
    if (!collect(vm, spec->name, spec->signature, args, nargs, kwnames, &c))
        return VALUE_ERROR;
    vm->called = (Native *)called;
    Value result = host_call(vm, spec->flags & METHOD_STATIC ? 0 : self, c.values, c.n, 0);
    collected_drop(vm, &c);
    return result;
}

/* A property is deleted by its setter, with an absent value. */
Value host_deleter_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames) {
    Value absent = 0;
    return host_call(vm, self, &absent, 1, 0);
}

/* A name, and behind it a default, an annotation, the next parameter or the end. */
static bool is_well_formed(const SigItem *item) {
    const char *behind = item->name + item->len;
    behind += strspn(behind, " ");
    return (*item->name < '0' || *item->name > '9') && (*behind == 0 || strchr(",=:", *behind) != NULL);
}

static bool is_named_before(const char *signature, const SigItem *item) {
    SigItem other;
    while (signature_next(&signature, &other) && other.name != item->name)
        if (other.len == item->len && memcmp(other.name, item->name, item->len) == 0 && other.len != 0)
            return true;
    return false;
}

/* A parameter's name, a mark, or an end: whether the signature can be read to its end, with few enough parameters. */
bool host_signature_check(VM *vm, const char *name, const char *signature) {
    const char *p = signature;
    SigItem item;
    size_t n = 0;
    while (signature_next(&p, &item)) {
        bool parameter = item.mark == SIG_PARAM || item.mark == SIG_ARGS || item.mark == SIG_KWARGS;
        if (parameter && item.len == 0)
            return raise_value(vm, "the signature of %s(), \"%s\", has a parameter without a name", name, signature);
        n += parameter;
        if (parameter && !is_well_formed(&item))
            return raise_value(vm, "the signature of %s(), \"%s\", has a parameter without a proper name", name,
                               signature);
        if (parameter && is_named_before(signature, &item))
            return raise_value(vm, "the signature of %s(), \"%s\", has two parameters of a name", name, signature);
    }
    return n <= PARAMETERS_MAX || raise_value(vm, "%s() has %u parameters, more than %d", name, n, PARAMETERS_MAX);
}

HostFunction *host_function_new(VM *vm, const cove_function_def *def) {
    const char *signature = def->signature == NULL ? "" : def->signature;
    if (def->name == NULL || def->fn == NULL)
        return (void *)raise_value(vm, "a native function needs a name and a C function");
    bool raw = strcmp(signature, "*") == 0;
    if (!raw && !host_signature_check(vm, def->name, signature))
        return NULL;
    NativeFn fn = !raw && collect_is_needed(signature) ? host_collecting_call
                  : def->flags & COVE_STATIC           ? host_static_call
                                                       : host_function_call;
    HostFunction *f = mem_alloc(vm, sizeof *f);
    if (f == NULL)
        return NULL;
    *f = (HostFunction){
        .spec = {def->name, fn, signature, def->doc,
                 (def->flags & COVE_STATIC ? METHOD_STATIC : 0) |
                     (def->flags & COVE_CLASS_METHOD ? METHOD_CLASS : 0)},
        .fn = def->fn,
        .user = def->user,
    };
    return f;
}

cove_value cove_function(cove_vm *host, const cove_function_def *def) {
    ENTER(host);
    CHECK_POINTER(def);
    HostFunction *f = host_function_new(vm, def);
    if (f != NULL)
        f->spec.flags = 0;
    return give(vm, f == NULL ? 0 : native_new(vm, &f->spec, 0, NULL, 0));
}

/* --- modules -----------------------------------------------------------------------------------------------------
 */

bool cove_add_module(cove_vm *host, const cove_module_def *def) {
    ENTER(host);
    CHECK_POINTER(def);
    CHECK_POINTER(def->name);
    if (native_module_find(def->name) != NULL || frozen_find(def->name) != NULL)
        return given_ok(vm, raise_value(vm, "the library has a module '%s' of its own", def->name));
    Value key = api_text(vm, def->name, strlen(def->name));
    bool ok = key != 0 && (vm->host->modules != 0 || (vm->host->modules = gc_hide(dict_new(vm))) != 0) &&
              dict_set(vm, vm->host->modules, key, from_small_int((int64_t)((uintptr_t)def >> 3)));
    decref(vm, key);
    return given_ok(vm, ok);
}

static bool add_function(VM *vm, Value module, const cove_function_def *def) {
    HostFunction *f = host_function_new(vm, def);
    if (f == NULL)
        return false;
    f->spec.flags = 0;
    Value name = ((Module *)as_obj(module))->name;
    return module_add(vm, module, def->name, native_new(vm, &f->spec, 0, NULL, is_str(name) ? name : 0));
}

bool host_module_init(VM *vm, Value module, const cove_module_def *def) {
    if (!has_kind(module, KIND_MODULE))
        return raise_type(vm, "'%T' object is not a module", module);
    Value doc = def->doc == NULL ? VALUE_NONE : api_text(vm, def->doc, strlen(def->doc));
    if (!module_add(vm, module, "__doc__", doc))
        return false;
    for (const cove_function_def *f = def->functions; f != NULL && f->name != NULL; f++)
        if (!add_function(vm, module, f))
            return false;
    if (def->setup == NULL)
        return true;
    Callout callout = callout_begin(vm);
    cove_value ok = handle(def->setup(host_vm(vm), handle(module)) ? VALUE_TRUE : 0);
    return callout_end(vm, callout, ok, def->name) != 0;
}
