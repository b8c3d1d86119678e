/* What a VM finds in the process of a host: C stacks of any size and origin, and signals that are the host's. */
#include <pthread.h>
#include <signal.h>
#include <ucontext.h>

#include "api_test.h"

/* Goes as deep as the C stack allows, in ways that use it differently, and comes back. */
static const char deep[] =
    "import re\n"
    "def sort(n): return sorted([1], key=lambda x: sort(n + 1))\n"
    "class Shown:\n"
    "    def __repr__(self): return repr([self])\n"
    "class Asked:\n"
    "    def __getattr__(self, name): return getattr(self, name + 'x')\n"
    "def nested(text): return lambda: compile(text, 'nested', 'eval')\n"
    "def tried(f):\n"
    "    try:\n"
    "        f()\n"
    "    except (RecursionError, MemoryError, SyntaxError) as e:\n"
    "        return type(e).__name__\n"
    "r = []\n"
    "def deeper(n):\n" /* from where there is no room, and from where there is a little more each time */
    "    try:\n"
    "        up = [n].sort(key=lambda x: r.append(deeper(x))) or r.pop() + 1\n"
    "    except RecursionError:\n"
    "        up = 0\n"
    "    for f in texts if up < 40 else ():\n"
    "        tried(f)\n"
    "    return up\n"
    "texts = [nested('lambda:' * 900 + '1'), nested('not ' * 900 + '1'), nested('(' * 150 + ')' * 150),\n"
    "         nested('f\"{' * 100 + '1' + '}\"' * 100), nested('[x for x in ' * 150 + 'y' + ']' * 150)]\n"
    "assert tried(lambda: sort(0)) == tried(lambda: repr(Shown())) == 'RecursionError'\n"
    "assert tried(lambda: Asked().a) == 'RecursionError'\n"
    "deeper(0)\n"
    "re.match('(a*)*b', 'a' * 20)\n"
    "result = sorted([3, 1, 2])\n";

static void *run_deep(void *vm) {
    if (!cove_enter(vm))
        return "not entered";
    const char *failure = cove_exec(vm, deep, "deep.co") ? NULL : cove_error_report(vm);
    cove_leave(vm);
    return (void *)failure;
}

static void *run_on_stack(cove_vm *vm, size_t size) {
    pthread_attr_t attributes;
    pthread_t thread;
    void *result = "not started";
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, size), 0);
    cove_leave(vm);
    if (pthread_create(&thread, &attributes, run_deep, vm) == 0)
        pthread_join(thread, &result);
    pthread_attr_destroy(&attributes);
    assert_true(cove_enter(vm));
    return result;
}

/* The sanitizers need several times as much. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define LARGER 8
#else
#define LARGER 1
#endif

static void test_threads_stacks(void **state) {
    cove_vm *vm = cove_create(NULL);
    void *failure;
    for (int kib = 256; kib <= 1024; kib *= 2)
        if ((failure = run_on_stack(vm, (size_t)kib * 1024 * LARGER)) != NULL)
            fail_msg("%d KiB: %s", kib, (const char *)failure);
    assert_string_equal(shown(vm, "result"), "[1, 2, 3]");
    /* too little for any script: refused, and nothing worse */
    run_on_stack(vm, (size_t)64 * 1024 * LARGER);
    cove_destroy(vm);
}

/* --- fibers
 * ---------------------------------------------------------------------------------------------------------
 */

typedef struct Fiber {
    cove_vm *vm;
    const char *script;
    char *stack;
    bool ok;
    ucontext_t own, back;
} Fiber;

#define FIBER_SIZE ((size_t)256 * 1024 * LARGER)

static Fiber *started; /* makecontext() passes integers only */

static void fiber_body(void) {
    Fiber *f = started;
    f->ok = cove_exec(f->vm, f->script, "fiber.co");
    swapcontext(&f->own, &f->back);
}

static bool fiber_run(cove_vm *vm, const char *script) {
    Fiber f = {.vm = vm, .script = script, .stack = malloc(FIBER_SIZE)};
    assert_non_null(f.stack);
    getcontext(&f.own);
    f.own.uc_stack.ss_sp = f.stack;
    f.own.uc_stack.ss_size = FIBER_SIZE;
    f.own.uc_link = NULL;
    makecontext(&f.own, fiber_body, 0);
    started = &f;
    cove_set_stack(vm, f.stack, FIBER_SIZE);
    swapcontext(&f.back, &f.own);
    cove_set_stack(vm, NULL, 0);
    free(f.stack);
    return f.ok;
}

static cove_value in_fiber(cove_vm *vm, const cove_call_info *call) {
    return fiber_run(vm, "inner = tried(lambda: sort(0))") ? cove_none(vm) : COVE_FAILED;
}

static void test_fibers(void **state) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    skip(); /* the sanitizers have to be told of each switch */
#endif
    cove_vm *vm = cove_create(NULL);
    if (!fiber_run(vm, deep))
        fail_msg("%s", cove_error_report(vm));
    assert_string_equal(shown(vm, "result"), "[1, 2, 3]");
    static const cove_function_def def = {.name = "in_fiber", .fn = in_fiber};
    /* a native function may use one, if it is back when it returns */
    cove_set_global(vm, "in_fiber", cove_function(vm, &def));
    exec_ok(vm, "in_fiber()\nassert inner == 'RecursionError'");
    exec_ok(vm, "outer = tried(lambda: sort(0))\nassert outer == 'RecursionError'");
    cove_destroy(vm);
}

/* --- signals
 * --------------------------------------------------------------------------------------------------------
 */

static volatile sig_atomic_t pipe_signals;
static void count_signal(int number) { pipe_signals++; }

static void test_closed_pipes(void **state) {
    cove_config config = cove_config_default();
    config.grants = COVE_GRANT_ALL;
    cove_vm *vm = cove_create(&config);
    struct sigaction counting = {.sa_handler = count_signal}, before;
    sigaction(SIGPIPE, &counting, &before);
    exec_ok(vm, "import os, socket, asyncio\n"
                "failures = []\n"
                "def tried(f, *args):\n"
                "    try:\n"
                "        f(*args)\n"
                "    except BrokenPipeError:\n"
                "        failures.append(f.__name__)\n"
                "r, w = os.pipe()\n"
                "os.close(r)\n"
                "tried(os.write, w, b'x')\n"
                "tried(os.writev, w, [b'x', b'y'])\n"
                "tried(open(w, 'wb', buffering=0).write, b'x')\n"
                "def sending(name, *args):\n"
                "    a, b = socket.socketpair()\n"
                "    b.close()\n"
                "    tried(getattr(a, name), *args)\n"
                "    tried(os.write, a.fileno(), b'x')\n"
                "    tried(os.sendfile, a.fileno(), file.fileno(), 0, 1)\n"
                "    a.close()\n"
                "with open('/proc/self/exe', 'rb') as file:\n"
                "    sending('send', b'x')\n"
                "    sending('sendall', b'x' * 1000000)\n"
                "    sending('sendmsg', [b'x'])\n");
    assert_string_equal(shown(vm, "failures"), "['write', 'writev', 'write', 'send', 'write', 'sendfile', 'sendall', "
                                               "'write', 'sendfile', 'sendmsg', 'write', 'sendfile']");
    assert_int_equal(pipe_signals, 0);
    raise(SIGPIPE); /* the host's own still comes */
    assert_int_equal(pipe_signals, 1);
    /* also when it has come before and waits */
    sigset_t held, mask;
    sigemptyset(&held);
    sigaddset(&held, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &held, &mask);
    raise(SIGPIPE);
    exec_ok(vm, "r, w = os.pipe()\nos.close(r)\ntried(os.write, w, b'x')\nassert failures[-1] == 'write' and "
                "len(failures) == 13\n");
    assert_int_equal(pipe_signals, 1);
    pthread_sigmask(SIG_SETMASK, &mask, NULL);
    assert_int_equal(pipe_signals, 2);
    sigaction(SIGPIPE, &before, NULL);
    cove_destroy(vm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_stacks),
        cmocka_unit_test(test_fibers),
        cmocka_unit_test(test_closed_pipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
