/* _interpreters: further interpreters in the process, each a VM with a lock of its own.
 *
 * An Interpreter runs in the OS thread that calls it: that gives its own VM up, as for any wait, and is the main
 * thread of the other VM until the call is over. So interpreters that different threads call run in parallel. The two
 * VMs share nothing: what goes from one to the other is bytes, copied through memory that belongs to neither, and the
 * module _interpreter_worker on the other side makes calls of them. */
#include <pthread.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "object/buffer.h"
#include "object/type.h"
#include "runtime/lock.h"
#include "runtime/thread.h"
#include "stdlib/init.h"
#include "stdlib/module_tools.h"
#include "stdlib/grants.h"

typedef struct Interpreter {
    Object header;
    VM *inner;
    bool busy;
} Interpreter;

/* Bytes between two VMs. */
typedef struct Message {
    char *data; /* from malloc; NULL: there was no memory for it, or none is wanted */
    size_t size;
    bool failed; /* the inner VM could not even tell why */
} Message;

static Interpreter *as_interpreter(Value v) { return (Interpreter *)as_obj(v); }

static bool message_copy(Message *m, const char *data, size_t size) {
    m->data = malloc(size + 1);
    m->size = size;
    if (m->data != NULL)
        memcpy(m->data, data, size);
    return m->data != NULL;
}

/* --- in the inner VM, whose lock its main thread has at all times
 * --------------------------------------------------- */

/* The calling OS thread is the inner VM's main thread from now on. */
static void enter(VM *inner) {
    inner->main->os_ident = inner->owner_ident = (uint64_t)pthread_self();
    inner->main->native_id = (uint64_t)syscall(SYS_gettid);
    thread_set_stack_limit(inner->main);
}

static void leave(VM *inner) {
    if (error_pending(inner))
        sys_report_exception(inner);
    error_clear(inner);
    if (!stdlib_finish(inner))
        error_clear(inner);
    if (inner->thread_count == 1) /* a daemon may be in a system call that uses its memory */
        vm_destroy(inner);
}

static void take_over(VM *inner, const void *options) {
    const VM *outer = options;
    inner->grants = outer->grants;
    inner->hosted = outer->hosted;
    inner->flags = outer->flags;
    inner->int_max_str_digits = outer->int_max_str_digits;
}

static Value run_message(VM *inner, const char *function, const Message *in) {
    Value name = str_from_c(inner, "_interpreter_worker");
    Value module = name == 0 ? 0 : inner->import_name(inner, name, VALUE_NONE, VALUE_NONE, 0);
    Value fn = module == 0 ? 0 : attr_get_c(inner, module, function);
    Value bytes = fn == 0 ? 0 : bytes_new(inner, in->data, in->size);
    Value result = bytes == 0 ? 0 : call1(inner, fn, bytes);
    decref(inner, bytes);
    decref(inner, fn);
    decref(inner, module);
    decref(inner, name);
    return result;
}

static void exchange(VM *inner, const char *function, const Message *in, Message *out) {
    enter(inner);
    Value result = run_message(inner, function, in);
    *out = (Message){0};
    if (result == 0 || !is_bytes(result)) {
        out->failed = true;
        error_clear(inner);
    } else {
        message_copy(out, as_bytes(result)->data, as_bytes(result)->len);
    }
    decref(inner, result);
    if (!stdlib_flush(inner))
        error_clear(inner);
}

/* --- in the outer VM
 * ------------------------------------------------------------------------------------------------ */

static Value interpreter_create(VM *vm, Type *type, Value *args, size_t nargs, Value kwnames) {
    if (!grant_check(vm, GRANT_THREADS))
        return VALUE_ERROR;
    if (nargs != 0 || kwnames != 0)
        return raise_type(vm, "Interpreter() takes no arguments");
    Interpreter *self = object_alloc(vm, type, 0);
    if (self == NULL)
        return VALUE_ERROR;
    VmSetup setup = {.hash_seed = vm->hash_fixed ? vm->hash_secret[0] : 0};
    WITHOUT_LOCK(vm, self->inner = stdlib_vm_create(&setup, take_over, vm));
    if (self->inner != NULL)
        return from_obj(self);
    obj_decref(vm, &self->header);
    return raise_runtime(vm, "interpreter creation failed");
}

static void interpreter_dealloc(VM *vm, Object *object) {
    Interpreter *self = (Interpreter *)object;
    if (self->inner != NULL) {
        enter(self->inner);
        leave(self->inner);
    }
}

static bool usable(VM *vm, Interpreter *self) {
    if (self->inner == NULL)
        return raise_runtime(vm, "interpreter is closed");
    return !self->busy || raise_runtime(vm, "interpreter is already running");
}

static Value interpreter_call(NATIVE_ARGS) {
    Interpreter *interpreter = as_interpreter(self);
    Message in, out;
    if (!is_str(args[0]) || !is_bytes(args[1]))
        return raise_type(vm, "call() takes the name of a function and bytes");
    if (!usable(vm, interpreter))
        return VALUE_ERROR;
    if (!message_copy(&in, as_bytes(args[1])->data, as_bytes(args[1])->len))
        return raise_memory(vm);
    interpreter->busy = true;
    WITHOUT_LOCK(vm, exchange(interpreter->inner, str_data(args[0]), &in, &out));
    interpreter->busy = false;
    free(in.data);
    Value result = out.data != NULL ? bytes_new(vm, out.data, out.size) : VALUE_ERROR;
    free(out.data);
    if (out.data != NULL)
        return result;
    return out.failed ? raise_runtime(vm, "the interpreter could not make the call") : raise_memory(vm);
}

static Value interpreter_close(NATIVE_ARGS) {
    Interpreter *interpreter = as_interpreter(self);
    if (interpreter->inner == NULL)
        return VALUE_NONE;
    if (!usable(vm, interpreter))
        return VALUE_ERROR;
    VM *inner = interpreter->inner;
    interpreter->inner = NULL;
    WITHOUT_LOCK(vm, enter(inner); leave(inner));
    return VALUE_NONE;
}

static const MethodSpec interpreter_methods[] = {
    {"call", interpreter_call, "function, message, /",
     "Calls a function of the interpreter's module _interpreter_worker with bytes; returns the bytes it returns.", 0},
    {"close", interpreter_close, "", "Ends the interpreter.", 0},
    {0},
};

static const TypeSpec interpreter_spec = {
    .name = "_interpreters.Interpreter",
    .doc = "An interpreter beside the one that made it.",
    .size = sizeof(Interpreter),
    .flags = TYPE_IMMUTABLE,
    .kind = KIND_OTHER,
    .slots = {.create = interpreter_create, .dealloc = interpreter_dealloc},
    .methods = interpreter_methods,
};

bool mod_interpreters_init(VM *vm, Value module) {
    Type *type = vm_type(vm, &interpreter_spec, NULL);
    return type && module_add(vm, module, "Interpreter", incref(type_value(type)));
}
