/* Coming back to what is going on: from scripts that functions of the host call, from callbacks, from other threads.
 */
#include "api_test.h"

#include <pthread.h>
#include <unistd.h>

static void give_functions(cove_vm *vm, const cove_function_def *defs) {
    for (; defs->name != NULL; defs++)
        assert_true(cove_set_global(vm, defs->name, cove_function(vm, defs)));
    exec_ok(vm, "def failure(fn):\n"
                "    try: return fn()\n"
                "    except BaseException as e: return type(e).__name__ + ': ' + str(e)\n");
}

/* --- steps of iterators and awaitables ---------------------------------------------------------------------------
 */

typedef struct Asking {
    cove_vm *vm;
    cove_value fn; /* kept */
    int steps, *released;
} Asking;

static enum cove_step ask(cove_vm *vm, void *user, cove_value sent, cove_value *out) {
    Asking *a = user;
    *out = cove_call(vm, a->fn, &sent, 1);
    return ++a->steps > 2 ? COVE_STEP_RETURNED : cove_ok(*out) ? COVE_STEP_YIELDED : COVE_STEP_FAILED;
}

static void stop_asking(void *user) {
    Asking *a = user;
    ++*a->released;
    cove_release(a->vm, a->fn);
    free(a);
}

static cove_value asking(cove_vm *vm, const cove_call_info *call, bool awaitable) {
    Asking *a = calloc(1, sizeof *a);
    *a = (Asking){vm, cove_keep(vm, call->args[0]), 0, call->user};
    return awaitable ? cove_awaitable(vm, ask, a, stop_asking) : cove_iterator(vm, ask, a, stop_asking);
}
static cove_value asking_iterator(cove_vm *vm, const cove_call_info *call) { return asking(vm, call, false); }
static cove_value asking_awaitable(cove_vm *vm, const cove_call_info *call) { return asking(vm, call, true); }

static void test_steps(void **state) {
    cove_vm *vm = *state;
    int released = 0;
    const cove_function_def functions[] = {{"iterator", asking_iterator, "fn", NULL, 0, &released},
                                           {"awaitable", asking_awaitable, "fn", NULL, 0, &released},
                                           {0}};
    give_functions(vm, functions);
    exec_ok(vm, "i = iterator(lambda _: next(i))\n"
                "seen = [failure(lambda: next(i)), failure(lambda: next(i))]\n"
                "i = iterator(lambda _: failure(lambda: next(i)))\n"
                "seen += list(i)\n");
    assert_string_equal(shown(vm, "seen"), "['ValueError: cove.iterator already executing', 'StopIteration: ', "
                                           "'ValueError: cove.iterator already executing', "
                                           "'ValueError: cove.iterator already executing']");
    static const char *const calls[] = {"a.close()", "a.throw(KeyError(1))", "a.send(1)", "next(a)"};
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        char text[100];
        snprintf(text, sizeof text, "a = awaitable(lambda _: failure(lambda: %s)); s = a.send(None); a.close()",
                 calls[i]);
        exec_ok(vm, text);
        assert_string_equal(shown(vm, "s"), "'ValueError: cove.awaitable already executing'");
    }
    exec_ok(vm, "del i, a\n");
    assert_int_equal(released, 6);
}

/* --- the loop ----------------------------------------------------------------------------------------------------
 */

static cove_value poll_once(cove_vm *vm, const cove_call_info *call) {
    (void)call;
    int left = cove_poll(vm, 0);
    return left < 0 ? COVE_FAILED : cove_int(vm, left);
}
static cove_value run_loop(cove_vm *vm, const cove_call_info *call) {
    (void)call;
    return cove_run_loop(vm) ? cove_none(vm) : COVE_FAILED;
}
static cove_value await(cove_vm *vm, const cove_call_info *call) { return cove_await(vm, call->args[0]); }

static const cove_function_def loop_functions[] = {
    {"poll_once", poll_once, "", NULL, 0, NULL},
    {"run_loop", run_loop, "", NULL, 0, NULL},
    {"await_", await, "awaitable", NULL, 0, NULL},
    {0},
};

static void poll_in_callback(cove_vm *vm, void *user, cove_value result) {
    (void)result;
    *(int *)user = cove_poll(vm, 0);
    assert_error(vm, "RuntimeError", "the event loop of the host is already running");
}

static void test_loop(void **state) {
    cove_vm *vm = *state;
    int left = 7;
    give_functions(vm, loop_functions);
    exec_ok(vm, "import asyncio\n"
                "log = []\n"
                "async def work():\n"
                "    c = asyncio.sleep(0)\n"
                "    for fn in poll_once, run_loop, lambda: await_(c):\n"
                "        log.append(failure(fn))\n"
                "        await asyncio.sleep(0.001)\n"
                "    await c\n");
    cove_start(vm, cove_eval(vm, "work()"), poll_in_callback, &left);
    cove_start(vm, cove_eval(vm, "work()"), NULL, NULL);
    assert_true(cove_run_loop(vm));
    assert_int_equal(left, -1);
    assert_string_equal(shown(vm, "set(log), len(log)"),
                        "({'RuntimeError: the event loop of the host is already running'}, 6)");
}

typedef struct Ends {
    int calls;
    bool ok;
} Ends;

static void note_end(cove_vm *vm, void *user, cove_value result) {
    Ends *e = user;
    (void)vm;
    e->calls++;
    e->ok = cove_ok(result);
}

static cove_value new_future(cove_vm *vm, const cove_call_info *call) {
    cove_future **f = call->user;
    *f = cove_future_new(vm);
    return *f == NULL ? COVE_FAILED : cove_future_value(*f);
}

/* Scripts find the host's callbacks in the futures that hold them. */
static void test_callbacks(void **state) {
    cove_vm *vm = *state;
    cove_future *future = NULL;
    Ends ends = {0};
    const cove_function_def functions[] = {{"new_future", new_future, "", NULL, 0, &future}, {0}};
    give_functions(vm, functions);
    exec_ok(vm, "import asyncio\n"
                "async def work(): return 5\n"
                "def meddle(future, *things):\n"
                "    for callback in [c[0] for c in future._callbacks]:\n"
                "        for thing in things: callback(thing)\n"
                "        callback()\n"
                "future = new_future()\n"
                "meddle(future, future, 5, None)\n");
    assert_false(cove_future_cancelled(future));
    cove_value task = cove_start(vm, cove_eval(vm, "work()"), note_end, &ends);
    assert_true(cove_set_global(vm, "task", task));
    exec_ok(vm, "taken = [c[0] for c in task._callbacks]\n"
                "meddle(task, task, future, 5)\n");
    assert_int_equal(ends.calls, 0);
    assert_true(cove_run_loop(vm));
    exec_ok(vm, "for i in range(3): taken[0](task)\n");
    assert_true(ends.calls == 1 && ends.ok);
    exec_ok(vm, "future.cancel()\n");
    assert_true(cove_run_loop(vm));
    assert_true(cove_future_cancelled(future));
    cove_future_drop(future);
}

/* --- runs --------------------------------------------------------------------------------------------------------
 */

static cove_value end_run(cove_vm *vm, const cove_call_info *call) {
    cove_run_free(*(cove_run **)call->user);
    return cove_none(vm);
}

static void test_run_that_ends_itself(void **state) {
    cove_vm *vm = *state;
    cove_run *run = NULL;
    cove_value out;
    const cove_function_def functions[] = {{"end_run", end_run, "", NULL, 0, &run}, {0}};
    give_functions(vm, functions);
    exec_ok(vm, "log = []\n"
                "def plain():\n    end_run()\n    log.append('plain')\n    return 5\n"
                "def generator():\n    end_run()\n    log.append('generator')\n    yield 6\n    log.append('never')\n"
                "def endless():\n    end_run()\n    while True: pass\n");
    run = cove_run_new(vm, cove_global(vm, "plain"), NULL, 0);
    assert_int_equal(cove_run_resume(run, NULL, cove_absent(), &out), COVE_RUN_FINISHED);
    assert_int_equal(int_of(vm, out), 5);
    run = cove_run_new(vm, cove_global(vm, "generator"), NULL, 0);
    assert_int_equal(cove_run_resume(run, NULL, cove_absent(), &out), COVE_RUN_WAITING);
    assert_int_equal(int_of(vm, out), 6);
    run = cove_run_new(vm, cove_global(vm, "endless"), NULL, 0);
    assert_int_equal(cove_run_resume(run, &(cove_budget){.steps = 100}, cove_absent(), &out), COVE_RUN_PAUSED);
    assert_string_equal(shown(vm, "log"), "['plain', 'generator']");
}

/* --- threads -----------------------------------------------------------------------------------------------------
 */

typedef struct Visit {
    cove_vm *vm;
    int seen;
} Visit;

static void *visit(void *p) {
    Visit *v = p;
    if (cove_enter(v->vm)) {
        int64_t n = 0;
        cove_to_int(v->vm, cove_eval(v->vm, "6 * 7"), &n);
        v->seen = (int)n;
        cove_leave(v->vm);
    }
    return NULL;
}

/* Another thread must get in while the function has left, however often the VM was entered outside of it. */
static bool others_get_in(cove_vm *vm) {
    Visit v = {vm, 0};
    pthread_t thread;
    cove_value kept_by_scope = cove_str(vm, "still here");
    cove_leave(vm);
    bool started = pthread_create(&thread, NULL, visit, &v) == 0 && pthread_join(thread, NULL) == 0;
    return cove_enter(vm) && started && v.seen == 42 && strcmp(text_of(vm, kept_by_scope), "still here") == 0;
}

static cove_value leaves(cove_vm *vm, const cove_call_info *call) {
    (void)call;
    cove_enter(vm); /* a pair within changes nothing */
    cove_leave(vm);
    return cove_bool(vm, others_get_in(vm));
}
static enum cove_step leaving_step(cove_vm *vm, void *user, cove_value sent, cove_value *out) {
    (void)user, (void)sent;
    *out = cove_bool(vm, others_get_in(vm));
    return COVE_STEP_YIELDED;
}
static void leaving_post(cove_vm *vm, void *user) { *(bool *)user = others_get_in(vm); }

static void test_leaving(void **state) {
    (void)state;
    cove_config config = cove_config_default();
    config.grants = COVE_GRANT_THREADS;
    cove_vm *vm = cove_create(&config);
    const cove_function_def functions[] = {{"leaves", leaves, "", NULL, 0, NULL}, {0}};
    give_functions(vm, functions);
    assert_true(cove_enter(vm));
    assert_true(cove_enter(vm));
    cove_value fn = cove_global(vm, "leaves"), value = cove_none(vm);
    assert_int_equal(cove_truth(vm, cove_call(vm, fn, NULL, 0)), 1);
    assert_int_equal(cove_truth(vm, cove_eval(vm, "leaves() and leaves()")), 1);
    exec_ok(vm, "import threading\n"
                "results = []\n"
                "t = threading.Thread(target=lambda: results.append([leaves(), leaves()]))\n"
                "t.start(); t.join()\n");
    assert_string_equal(shown(vm, "results"), "[[True, True]]");
    cove_leave(vm);
    cove_leave(vm);
    assert_int_equal(cove_next(vm, cove_iterator(vm, leaving_step, NULL, NULL), &value), COVE_STEP_YIELDED);
    assert_int_equal(cove_truth(vm, value), 1);
    bool posted = false;
    assert_true(cove_post(vm, leaving_post, &posted));
    cove_poll(vm, 0);
    assert_true(posted);
    cove_destroy(vm);
}

/* A host's thread may have a small stack: the recursion of scripts ends before it does, in a VM that is made there,
 * and in one that is only visited. */
#if defined(__SANITIZE_THREAD__)
enum {
    SMALL_STACK = 4 * 1024 * 1024
}; /* frames are several times as large, and the interpreter loop is not optimized */
#else
enum { SMALL_STACK = 512 * 1024 };
#endif

static bool recursion_ends(cove_vm *vm) {
    return cove_exec(vm,
                     "nested = []\n"
                     "for i in range(100000): nested = [nested]\n"
                     "def fails(fn, *args):\n"
                     "    try: fn(*args)\n"
                     "    except RecursionError: return True\n"
                     "def sort(x): return sorted([2, 1], key=sort)\n"
                     "assert fails(repr, nested) and fails(sort, 1) and fails(lambda: nested == [nested])\n",
                     NULL);
}

static void *recurse(void *p) {
    cove_vm *vm = p, *own = cove_create(NULL);
    bool ok = own != NULL;
    if (ok) {
        cove_set_limits(own, 0, 1000000);
        ok = recursion_ends(own);
    }
    cove_destroy(own);
    ok = ok && cove_enter(vm);
    if (ok) {
        ok = recursion_ends(vm);
        cove_leave(vm);
    }
    return ok ? p : NULL;
}

static void test_small_stack(void **state) {
    cove_vm *vm = *state;
    pthread_attr_t attributes;
    pthread_t thread;
    void *ok;
    cove_set_limits(vm, 0, 1000000);
    cove_leave(vm);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, recurse, vm), 0);
    assert_int_equal(pthread_join(thread, &ok), 0);
    pthread_attr_destroy(&attributes);
    assert_ptr_equal(ok, vm);
    assert_true(cove_enter(vm));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_VM(test_steps),
        WITH_VM(test_loop),
        WITH_VM(test_callbacks),
        WITH_VM(test_run_that_ends_itself),
        cmocka_unit_test(test_leaving),
        WITH_VM(test_small_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
