/* The embedding API's own ground: what the files behind include/cove.h share.
 *
 * A cove_vm is a VM, a cove_value the Value in it. A value that goes out to the host is put on the thread's stack of
 * handles, which owns a reference until the scope is closed; numbers and constants need none, and cost nothing. A
 * failure that goes out is moved from thread->exception to thread->failure, so that the next call starts clean; a
 * native function that then returns "failed" moves it back.
 *
 * Each function of the API is: ENTER (checked builds: is the caller inside?), the internal function, and give() or
 * given_ok() on its result. */
#ifndef COVE_API_API_H
#define COVE_API_API_H

#include "include/cove.h"

#include "object/bytes.h"
#include "object/containers.h"
#include "runtime/lock.h"
#include "runtime/vm.h"
#include "stdlib/asyncio/poller.h"

/* What the API keeps for a VM; vm->host. */
typedef struct HostState {
    HostHooks hooks; /* first: the library looks there */
    cove_config config;
    Value modules;           /* dict: name -> address of the cove_module_def */
    struct Mailbox *mailbox; /* calls posted by other threads: mailbox.c */
    struct Guests *guests;   /* threads of the host that have left: life.c */
    Value loop;              /* the host's event loop, or 0 */

    struct Resource *resources; /* resource.h */
    Value classes;              /* dict: address of a cove_class_def -> class */
    struct cove_run *runs;      /* run.c */
    bool closing;
#ifndef NDEBUG
    struct Kept *kept; /* check.c */
#endif
} HostState;

void runs_visit(VM *vm, VisitFn visit, void *arg); /* what the host's runs hold: run.c */

static ALWAYS_INLINE VM *vm_of(cove_vm *vm) { return (VM *)vm; }
static ALWAYS_INLINE cove_vm *host_vm(VM *vm) { return (cove_vm *)vm; }
static ALWAYS_INLINE cove_value handle(Value v) {
    cove_value h;
    h.bits = v;
    return h;
}

/* Misuse by the host ends the process with a message, in builds for debugging: check.c. */
#ifdef NDEBUG
#define CHECK_INSIDE(vm) ((void)0)
#define CHECK_VALUE(v) ((void)0)
#define CHECK_POINTER(p) ((void)0)
#define CHECK_USE(host, v) ((void)0)
#define CHECK_SCOPE(scope) ((void)0)
#define CHECK_OUTSIDE(vm) ((void)0)
#define CHECK_KEPT(vm, v, keeps) ((void)0)
#else
#define CHECK_INSIDE(vm) api_check_inside(vm, __func__)
#define CHECK_VALUE(v) api_check_value(vm, v, __func__)
#define CHECK_POINTER(p) api_check_pointer((const void *)(p), #p, __func__)
#define CHECK_USE(host, v) api_check_use(vm_of(host), v, __func__)
#define CHECK_SCOPE(scope) api_check_scope(vm, scope, __func__)
#define CHECK_OUTSIDE(vm) api_check_outside(vm, __func__)
#define CHECK_KEPT(vm, v, keeps) api_check_kept(vm, v, keeps, __func__)
void api_check_inside(VM *vm, const char *function);
void api_check_value(VM *vm, cove_value v, const char *function); /* alive, and of this VM; absent ones pass */
void api_check_pointer(const void *p, const char *name, const char *function);
void api_check_use(VM *vm, cove_value v, const char *function);              /* of fast ways that do not ENTER */
void api_check_scope(VM *vm, cove_scope scope, const char *function);        /* is it open? */
void api_check_outside(VM *vm, const char *function);                        /* of native functions */
void api_check_kept(VM *vm, cove_value v, bool keeps, const char *function); /* notes keeps; each release needs one */
void api_forget_kept(VM *vm);
#endif

/* The first line of every function that needs its caller inside. */
#define ENTER(host)                                                                                                  \
    VM *vm = vm_of(host);                                                                                            \
    CHECK_INSIDE(vm)

/* Has the pending exception become the failure that the host asks for; absent. */
COLD cove_value api_fail(VM *vm);
/* A failed or absent value was given: the failure stays, or is made. */
COLD cove_value api_absent(VM *vm);
bool handles_grow(VM *vm, Thread *t);
void handles_drop(VM *vm, size_t mark); /* down to that number */

/* Hands an owned value (0: failed) to the host. */
static ALWAYS_INLINE cove_value give(VM *vm, Value v) {
    if (unlikely(v == 0))
        return api_fail(vm);
    if (is_obj(v)) {
        Thread *t = vm->thread;
        if (unlikely(t->handle_count == t->handle_room) && !handles_grow(vm, t)) {
            decref(vm, v);
            return api_fail(vm);
        }
        t->handles[t->handle_count++] = v;
    }
    return handle(v);
}
static inline cove_value give_borrowed(VM *vm, Value v) { return give(vm, incref(v)); }
static inline bool given_ok(VM *vm, bool ok) {
    if (unlikely(!ok))
        api_fail(vm);
    return ok;
}
/* Results of 1, 0 and -1. */
static inline int given_int(VM *vm, int n) {
    if (unlikely(n < 0))
        api_fail(vm);
    return n;
}

/* Arguments: returns from the function if one is absent. */
#define NEED(v)                                                                                                      \
    do {                                                                                                             \
        if (unlikely((v).bits == 0))                                                                                 \
            return api_absent(vm);                                                                                   \
        CHECK_VALUE(v);                                                                                              \
    } while (0)
#define NEED_OR(v, failed)                                                                                           \
    do {                                                                                                             \
        if (unlikely((v).bits == 0)) {                                                                               \
            api_absent(vm);                                                                                          \
            return failed;                                                                                           \
        }                                                                                                            \
        CHECK_VALUE(v);                                                                                              \
    } while (0)
bool api_need_all(VM *vm, const cove_value *values, size_t n);

/* Around a call of a function of the host: a scope for its values, the failure that its caller may still ask for, and
 * how often its thread has entered the VM. */
typedef struct Callout {
    size_t mark;
    Value failure;
    uint32_t entered;
} Callout;
/* Is there nothing of the thread's to keep but the mark, as nearly always? */
static ALWAYS_INLINE bool callout_is_plain(const Thread *t) { return t->failure == 0 && t->entered == 1; }
static ALWAYS_INLINE Callout callout_begin(VM *vm) {
    Thread *t = vm->thread;
    Callout c = {t->handle_count, t->failure, t->entered};
    t->failure = 0;
    t->entered = 1; /* so that its cove_leave() does leave, however its caller has come in */
    return c;
}
COLD Value callout_failed(VM *vm, Value failure, const char *what);
/* It has returned: its result as an owned value, or 0 with the exception pending. `what` names it. */
static ALWAYS_INLINE Value callout_end(VM *vm, Callout c, cove_value result, const char *what) {
    Thread *t = vm->thread;
    Value v = incref(result.bits), failure = t->failure;
    t->failure = c.failure;
    t->entered = c.entered;
    if (unlikely(t->handle_count != c.mark))
        handles_drop(vm, c.mark);
    if (unlikely(v == 0))
        return callout_failed(vm, failure, what);
    if (unlikely(failure != 0))
        decref(vm, failure);
    return v;
}

/* life.c */
Value api_text(VM *vm, const char *text, size_t size); /* a str of the host's UTF-8, checked */
/* source.c */
Value api_main_dict(VM *vm);                      /* borrowed; 0 with an exception */
Value api_module_dict(VM *vm, cove_value module); /* of the module, absent: __main__; borrowed */
Value api_source_text(VM *vm, const char *source, size_t size);
Value api_compile(VM *vm, const char *source, size_t size, const char *filename, const char *mode);
/* native.c */
Value host_function_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);
Value host_deleter_call(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);
bool host_module_init(VM *vm, Value module, const cove_module_def *def);
/* importing.c */
bool host_importer_install(VM *vm);
/* streams.c */
uint8_t host_streams_of(const VM *vm, const cove_config *c); /* those that the host serves: bits 0 to 2 */
bool host_streams_install(VM *vm);

#endif
