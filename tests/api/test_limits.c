/* Runs with budgets, interrupts and stops, limits, statistics, grants, output and input. */
#include "api_test.h"

#include <pthread.h>
#include <unistd.h>

static const char script[] =
    "def total(n):\n    t = 0\n    for i in range(n):\n        t += i\n    return t\n"
    "def deep(n):\n    return 0 if n == 0 else 1 + deep(n - 1)\n"
    "def forever():\n    while True:\n        try:\n            while True: pass\n"
    "        except BaseException: pass\n        finally: log.append('finally')\n"
    "log = []\n"
    "class C:\n    def __init__(self, n): self.t = total(n)\n    def m(self): return total(50)\n"
    "def gen(n):\n    for i in range(n):\n        total(20)\n        got = yield i\n        log.append(got)\n"
    "    return 'done'\n"
    "async def co(aw):\n    return await aw\n";

static void test_pause(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, script);
    cove_value n = cove_int(vm, 1000), out;
    cove_budget budget = {100, 0, 0};
    cove_run *run = cove_run_new(vm, cove_global(vm, "total"), &n, 1);
    int pauses = 0;
    enum cove_run_state s;
    while ((s = cove_run_resume(run, &budget, cove_absent(), &out)) == COVE_RUN_PAUSED)
        pauses++;
    assert_int_equal(s, COVE_RUN_FINISHED);
    assert_int_equal(int_of(vm, out), 499500);
    assert_in_range(pauses, 9, 11);
    assert_in_range(cove_run_steps(run), 1000, 1100);
    assert_true(cove_run_done(run));
    assert_int_equal(cove_run_resume(run, NULL, cove_absent(), &out), COVE_RUN_FAILED);
    assert_error(vm, "RuntimeError", "the run is over");
    cove_run_free(run);
    cove_run_free(NULL);
}

/* Many runs at once, each paused everywhere, of every kind of call. */
static void test_interleaved(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, script);
    exec_ok(vm, "c = C(1)\n");
    enum { N = 12 };
    cove_run *runs[N];
    int64_t wanted[N], left = N;
    for (int i = 0; i < N; i++) {
        cove_value n = cove_int(vm, 40 + i);
        cove_value fns[4] = {cove_global(vm, "total"), cove_global(vm, "deep"),
                             cove_get_attr(vm, cove_global(vm, "c"), "m"), cove_eval(vm, "lambda n: C(n).t")};
        runs[i] = cove_run_new(vm, fns[i % 4], &n, i % 4 != 2);
        assert_non_null(runs[i]);
        wanted[i] = i % 4 == 1 ? 40 + i : i % 4 == 2 ? 1225 : (40 + i) * (39 + i) / 2;
    }
    cove_budget budget = {1, 0, 0};
    while (left > 0)
        for (int i = 0; i < N; i++) {
            cove_scope scope = cove_scope_open(vm);
            cove_value out;
            if (!cove_run_done(runs[i]) &&
                cove_run_resume(runs[i], &budget, cove_absent(), &out) != COVE_RUN_PAUSED) {
                assert_int_equal(int_of(vm, out), wanted[i]);
                left--;
            }
            cove_scope_close(vm, scope);
        }
    for (int i = 0; i < N; i++)
        cove_run_free(runs[i]);
}

static void test_generator_run(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, script);
    cove_value n = cove_int(vm, 3), out;
    cove_run *run = cove_run_new(vm, cove_global(vm, "gen"), &n, 1);
    cove_budget budget = {7, 0, 0};
    int pauses = 0, yields = 0;
    enum cove_run_state s;
    while ((s = cove_run_resume(run, &budget, cove_int(vm, yields), &out)) > 0) {
        pauses += s == COVE_RUN_PAUSED;
        if (s == COVE_RUN_WAITING)
            assert_int_equal(int_of(vm, out), yields++);
    }
    assert_int_equal(s, COVE_RUN_FINISHED);
    assert_string_equal(text_of(vm, out), "done");
    assert_string_equal(shown(vm, "log"), "[1, 2, 3]");
    assert_true(pauses >= 6 && yields == 3);
    cove_run_free(run);
    /* a callable object that makes a generator, and an exception thrown in */
    cove_value fn = cove_eval(vm, "__import__('functools').partial(gen, 2)");
    run = cove_run_new(vm, fn, NULL, 0);
    assert_int_equal(cove_run_resume(run, NULL, cove_absent(), &out), COVE_RUN_WAITING);
    assert_int_equal(cove_run_throw(run, NULL, cove_global(vm, "KeyError"), &out), COVE_RUN_FAILED);
    assert_true(cove_error_is(vm, "KeyError"));
    cove_run_free(run);
}

static const char delegating[] = "class Wait:\n    def __await__(self): return (yield 1)\n"
                                 "async def inner():\n    try: return await Wait()\n    except KeyError: return 7\n"
                                 "async def main():\n"
                                 "    got, kept = await inner(), []\n"
                                 "    for n in range(3, 60):\n"
                                 "        for k in range(20): kept.append((k,) * n)\n"
                                 "    await inner()\n"
                                 "    for i in range(1000): pass\n"
                                 "    return got if all(t == (t[-1],) * len(t) for t in kept) else -1\n";

/* The coroutine in which a run goes on ends before it pauses again: nothing is left of it then. */
static void test_delegate_ends(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, delegating);
    for (int throws = 0; throws < 2; throws++) {
        cove_budget budget = {100, 0, 0};
        cove_value out, sent = cove_int(vm, 5);
        cove_run *run = cove_run_new(vm, cove_global(vm, "main"), NULL, 0);
        enum cove_run_state s = cove_run_resume(run, &budget, cove_absent(), &out);
        assert_int_equal(s, COVE_RUN_WAITING);
        s = throws ? cove_run_throw(run, &budget, cove_global(vm, "KeyError"), &out)
                   : cove_run_resume(run, &budget, sent, &out);
        int pauses = 0;
        for (; s > 0; s = cove_run_resume(run, &budget, sent, &out))
            pauses += s == COVE_RUN_PAUSED;
        assert_int_equal(s, COVE_RUN_FINISHED);
        assert_int_equal(int_of(vm, out), throws ? 7 : 5);
        assert_true(pauses > 20);
        cove_run_free(run);
    }
}

static void test_throw_into_paused(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "def f():\n    try:\n        while True: pass\n    except ValueError as e:\n        return str(e)\n");
    cove_run *run = cove_run_new(vm, cove_global(vm, "f"), NULL, 0);
    cove_budget budget = {10, 0, 0};
    cove_value out;
    assert_int_equal(cove_run_resume(run, &budget, cove_absent(), &out), COVE_RUN_PAUSED);
    cove_value exc = cove_call(vm, cove_global(vm, "ValueError"), (cove_value[]){cove_str(vm, "enough")}, 1);
    assert_int_equal(cove_run_throw(run, &budget, exc, &out), COVE_RUN_FINISHED);
    assert_string_equal(text_of(vm, out), "enough");
    cove_run_free(run);
}

static void test_dropped(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, script);
    exec_ok(vm, "class D:\n    def __del__(self): log.append('gone')\ndef holder():\n    d = D()\n    forever()\n");
    cove_budget budget = {500, 0, 0};
    cove_run *run = cove_run_new(vm, cove_global(vm, "holder"), NULL, 0);
    assert_int_equal(cove_run_resume(run, &budget, cove_absent(), NULL), COVE_RUN_PAUSED);
    cove_run_free(run);
    assert_null(strstr(shown(vm, "log"), "finally"));
    run = cove_run_new(vm, cove_global(vm, "total"), (cove_value[]){cove_int(vm, 5)}, 1);
    cove_run_free(run);
    run = cove_run_source(vm, "x = [i for i in range(100)]\nlog.append(len(x))\n", "s.co", cove_absent());
    while (cove_run_resume(run, &budget, cove_absent(), NULL) == COVE_RUN_PAUSED)
        ;
    cove_run_free(run);
    assert_non_null(strstr(shown(vm, "log"), "100]"));
    assert_null(cove_run_source(vm, "x = = 1", NULL, cove_absent()));
    assert_null(cove_run_new(vm, cove_global(vm, "total"), NULL, 0));
    assert_true(cove_error_is(vm, "TypeError"));
}

/* Where everything is slow, a run may be paused before it gets to where that is not possible. */
static enum cove_run_state resume_beyond_pauses(cove_run *run, const cove_budget *budget) {
    enum cove_run_state s;
    do
        s = cove_run_resume(run, budget, cove_absent(), NULL);
    while (s == COVE_RUN_PAUSED);
    return s;
}

/* A run whose native code calls back cannot be left there: the hard limit ends it, whatever it catches. */
static void test_hard_limit(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, script);
    exec_ok(vm, "def stuck():\n    sorted([2, 1], key=lambda x: forever())\n");
    cove_budget budget = {0, 1000, 20000};
    cove_run *run = cove_run_new(vm, cove_global(vm, "stuck"), NULL, 0);
    assert_int_equal(resume_beyond_pauses(run, &budget), COVE_RUN_FAILED);
    assert_error(vm, "SystemExit", "stopped by the host");
    assert_string_equal(shown(vm, "log"), "[]");
    cove_run_free(run);
    /* nor can native code that never comes to an end by itself hold the host */
    run = cove_run_new(vm, cove_eval(vm, "lambda: any(__import__('itertools').repeat(0))"), NULL, 0);
    assert_int_equal(resume_beyond_pauses(run, &budget), COVE_RUN_FAILED);
    assert_error(vm, "SystemExit", "stopped by the host");
    cove_run_free(run);
    assert_string_equal(shown(vm, "total(10)"), "45");
}

/* What native code makes of a stop, on its way to the host. */
static cove_value hide(cove_vm *vm, const cove_call_info *call) {
    cove_call(vm, call->args[0], NULL, 0);
    cove_clear_error(vm);
    return cove_raise(vm, "ValueError", "hidden");
}

static void test_hidden_stop(void **state) {
    static const cove_function_def def = {"hide", hide, "function, /", NULL, 0, NULL};
    cove_vm *vm = *state;
    exec_ok(vm, script);
    assert_true(cove_set_global(vm, "hide", cove_function(vm, &def)));
    exec_ok(vm,
            "def hidden():\n    try:\n        hide(forever)\n    except ValueError:\n        log.append('seen')\n");
    cove_budget budget = {0, 1000, 20000};
    cove_run *run = cove_run_new(vm, cove_global(vm, "hidden"), NULL, 0);
    assert_int_equal(resume_beyond_pauses(run, &budget), COVE_RUN_FAILED);
    assert_error(vm, "SystemExit", "stopped by the host");
    assert_string_equal(shown(vm, "log"), "[]");
    cove_run_free(run);
    cove_stop(vm);
    assert_false(cove_exec(vm, "hide(total)", NULL));
    assert_error(vm, "SystemExit", "stopped by the host");
    cove_allow(vm);
    assert_false(cove_exec(vm, "hide(total)", NULL));
    assert_error(vm, "ValueError", "hidden");
}

/* Single operations that would take seconds or have no end: the hard limit ends each of them, and so does a stop. */
static const char *const long_work[] = {
    "sum(range(10**10))",
    "list(filter(bool, __import__('itertools').repeat(0)))",
    "sorted(range(10**7), key=lambda i: i * 7919 % 1000003)",
    "'a' in [0.5] * 10**5 * 10**3",
    "'word,' * 10**9",
    "[0] * 10**9",
    "3 ** 10**9",
    "pow(3, 7**20000, 7**20001)",
    "__import__('math').factorial(10**7)",
    "__import__('re').match('(a+)+$', 'a' * 40 + 'b')",
    "__import__('asyncio').run(__import__('asyncio').sleep(1000))",
    "__import__('collections').deque(__import__('itertools').product(range(100), repeat=9), maxlen=0)",
    "set(range(10**9))",
    "compile('x = 1\\n' * 10**6, 'f', 'exec')",
    "dict.fromkeys(range(10**9))",
    "__import__('json').dumps([[1]] * 10**8)",
    "set(itertools.repeat(1))",
    "{1}.issubset(itertools.repeat(2))",
    "[*{*itertools.repeat(1)}]",
    "t = ()\nfor i in range(70): t = (t, t)\nhash(t)",
    "t = u = ()\nfor i in range(70): t, u = (t, t), (u, u)\nt == u",
};

static void test_long_work(void **state) {
    cove_vm *vm = *state;
    cove_budget budget = {.microseconds = 1000, .hard_microseconds = 20000};
    exec_ok(vm, "import itertools, math, re, asyncio, collections, json\n");
    for (size_t i = 0; i < sizeof long_work / sizeof *long_work; i++) {
        cove_run *run = cove_run_source(vm, long_work[i], "long.co", cove_absent());
        double start = 0;
        enum cove_run_state s;
        do {
            start = seconds();
            s = cove_run_resume(run, &budget, cove_absent(), NULL);
        } while (s == COVE_RUN_PAUSED);
        double took = seconds() - start;
        if (s != COVE_RUN_FAILED || strcmp(cove_error_type(vm), "SystemExit") != 0)
            fail_msg("%s: %s", long_work[i], cove_error_report(vm));
        if (took > 3) /* sanitizers and busy machines are slow */
            fail_msg("%s held the host for %f s", long_work[i], took);
        cove_run_free(run);
    }
    assert_string_equal(shown(vm, "6 * 7"), "42");
}

static void *interrupt_soon(void *vm) {
    usleep(20000);
    cove_interrupt(vm);
    return NULL;
}
static void *stop_soon(void *vm) {
    usleep(20000);
    cove_stop(vm);
    return NULL;
}

static void test_interrupt(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, script);
    pthread_t thread;
    pthread_create(&thread, NULL, interrupt_soon, vm);
    exec_ok(vm, "try:\n    while True: pass\nexcept KeyboardInterrupt: log.append('interrupted')\n");
    pthread_join(thread, NULL);
    assert_string_equal(shown(vm, "log"), "['interrupted']");
    pthread_create(&thread, NULL, stop_soon, vm);
    assert_false(cove_exec(vm, "forever()", NULL));
    assert_error(vm, "SystemExit", "stopped by the host");
    pthread_join(thread, NULL);
    assert_false(cove_exec(vm, "log.append('no')\ntotal(3)\n", NULL));
    cove_allow(vm);
    assert_string_equal(shown(vm, "total(4), log"), "(6, ['interrupted'])");
    cove_interrupt(vm);
    assert_false(cove_checkpoint(vm));
    assert_true(cove_error_is(vm, "KeyboardInterrupt"));
    assert_true(cove_checkpoint(vm));
}

static void test_step_limit(void **state) {
    (void)state;
    cove_config config = cove_config_default();
    config.step_limit = 10000;
    cove_vm *vm = cove_create(&config);
    assert_false(cove_exec(vm, "while True:\n    try:\n        while True: pass\n    except: pass\n", NULL));
    assert_error(vm, "SystemExit", "stopped by the host");
    cove_stats stats = {.size = sizeof stats};
    cove_get_stats(vm, &stats);
    assert_in_range(stats.steps, 10000, 10100);
    cove_destroy(vm);
}

static void test_memory_limit(void **state) {
    (void)state;
    cove_config config = cove_config_default();
    config.memory_limit = 8 << 20;
    cove_vm *vm = cove_create(&config);
    static const char *const greedy[] = {"x = 'a' * 10**9",
                                         "x = [0] * 10**8",
                                         "x = []\nwhile True: x.append(x[:])",
                                         "x = 1 << 10**10",
                                         "x = ' ' * 10**6\nwhile True: x += x",
                                         "x = list(range(10**9))",
                                         "x = {i: i for i in range(10**8)}",
                                         "x = ','.join(['abcdefgh'] * 10**6 * 100)",
                                         "x = bytearray(10**9)"};
    for (size_t i = 0; i < sizeof greedy / sizeof *greedy; i++) {
        assert_false(cove_exec(vm, greedy[i], NULL));
        assert_string_equal(cove_error_type(vm), "MemoryError");
        assert_true(cove_set_global(vm, "x", cove_none(vm)));
    }
    cove_stats stats = {.size = sizeof stats};
    cove_get_stats(vm, &stats);
    assert_true(stats.memory_peak <= 8 << 20 && stats.memory <= stats.memory_peak && stats.threads == 1);
    cove_set_limits(vm, 0, 50);
    exec_ok(vm, "x = 'a' * 10**7\ndef f(n): return n and f(n - 1)\nf(30)\n");
    assert_false(cove_exec(vm, "f(100)", NULL));
    assert_true(cove_error_is(vm, "RecursionError"));
    cove_destroy(vm);
}

typedef struct Counted {
    size_t used, calls;
} Counted;
static void *counted(void *user, void *p, size_t old_size, size_t new_size) {
    Counted *c = user;
    c->calls++;
    c->used += new_size - old_size;
    if (new_size == 0)
        return free(p), NULL;
    return realloc(p, new_size);
}

static void test_allocator(void **state) {
    (void)state;
    Counted c = {0, 0};
    cove_config config = cove_config_default();
    config.allocate = counted;
    config.allocate_user = &c;
    config.user = &c;
    cove_vm *vm = cove_create(&config);
    assert_ptr_equal(cove_user(vm), &c);
    cove_set_user(vm, vm);
    assert_ptr_equal(cove_user(vm), vm);
    exec_ok(vm, "import json\nx = [json.dumps([i]) for i in range(100)]\n");
    cove_stats stats = {.size = sizeof stats};
    cove_get_stats(vm, &stats);
    assert_int_equal(stats.memory, c.used);
    cove_destroy(vm);
    assert_int_equal(c.used, 0);
    config.memory_limit = 1000;
    assert_null(cove_create(&config));
    for (config.memory_limit = 20000; config.memory_limit < 500000; config.memory_limit += 3001)
        cove_destroy(cove_create(&config));
    assert_int_equal(c.used, 0);
    cove_destroy(NULL);
}

static bool find_class(void *user, const char *name, size_t count) {
    if (strcmp(name, "Marked") == 0)
        *(size_t *)user = count;
    return true;
}

static void test_objects(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "class Marked: pass\nall = [Marked() for i in range(17)]\n");
    size_t n = 0;
    assert_true(cove_count_objects(vm, find_class, &n));
    assert_int_equal(n, 17);
    exec_ok(vm, "for m in all: m.me = m\ndel m\nall = None\n");
    assert_true(cove_collect(vm) >= 17);
    assert_string_equal(cove_version(), COVE_VERSION);
}

/* --- grants ------------------------------------------------------------------------------------------------------
 */

static void test_nothing_granted(void **state) {
    cove_vm *vm = *state;
    static const struct {
        const char *text, *what;
    } rows[] = {
        {"open('/etc/passwd')", "files"},
        {"__import__('io').FileIO('/etc/passwd')", "files"},
        {"__import__('io').FileIO(0)", "files"},
        {"__import__('os').listdir('/')", "files"},
        {"__import__('os').read(0, 1)", "files"},
        {"__import__('os').path.exists('/etc')", "files"},
        {"__import__('posix').stat('/')", "files"},
        {"__import__('pathlib').Path('/etc/passwd').read_text()", "files"},
        {"__import__('importlib.machinery').machinery.SourceFileLoader('m', '/etc/passwd').get_data('/etc/passwd')",
         "files"},
        {"__import__('socket').socket()", "the network"},
        {"__import__('socket').getaddrinfo('localhost', 80)", "the network"},
        {"__import__('os').system('true')", "processes"},
        {"__import__('os').fork()", "processes"},
        {"__import__('os').kill(1, 0)", "processes"},
        {"__import__('os')._exit(3)", "processes"},
        {"__import__('signal').alarm(1)", "processes"},
        {"__import__('os').getlogin()", "the environment"},
        {"__import__('os').uname()", "the environment"},
        {"__import__('time').time()", "clocks"},
        {"__import__('time').sleep(0)", "clocks"},
        {"__import__('datetime').datetime.now()", "clocks"},
        {"__import__('datetime').date.today()", "clocks"},
        {"__import__('_thread').start_new_thread(print, ())", "threads"},
        {"__import__('threading').Thread(target=print).start()", "threads"},
        {"__import__('_interpreters').Interpreter()", "threads"},
        {"__import__('gc').get_objects()", "all objects"},
        {"__import__('gc').get_referents(int)", "all objects"},
        {"__import__('gc').get_referrers(int)", "all objects"},
        {"__import__('gc').set_debug(32)", "all objects"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char wanted[100];
        snprintf(wanted, sizeof wanted, "the host has not granted access to %s", rows[i].what);
        if (cove_ok(cove_eval(vm, rows[i].text)))
            fail_msg("%s went through", rows[i].text);
        if (strcmp(cove_error_type(vm), "PermissionError") != 0 || strcmp(cove_error_message(vm), wanted) != 0)
            fail_msg("%s: %s", rows[i].text, cove_error_report(vm));
    }
    assert_string_equal(shown(vm, "dict(__import__('os').environ), __import__('sys').path"), "({}, [])");
    assert_false(cove_exec(vm, "import sys\nsys.path.append('/tmp')\nimport no_such_module\n", NULL));
    assert_true(cove_error_is(vm, "ModuleNotFoundError"));
    exec_ok(vm,
            "import random, json, re, collections, asyncio, itertools, functools, datetime, os, math, dataclasses\n"
            "import logging, string, textwrap, enum, typing, traceback, contextlib, copy, pickle, base64, hashlib\n"
            "random.random()\nasync def main():\n    await asyncio.sleep(0)\n    return 5\n"
            "assert asyncio.run(main()) == 5\n");
    /* a report must not read files that a script names */
    assert_false(cove_exec(vm, "exec(compile('\\n1/0', '/etc/passwd', 'exec'))", NULL));
    assert_null(strstr(cove_error_report(vm), "root") != NULL ? strstr(cove_error_report(vm), ":x:") : NULL);
    assert_string_equal(shown(vm, "__import__('sys').stdin.read()"), "''");
}

/* The host may run a file whatever it has granted to scripts. */
static void test_file(void **state) {
    cove_vm *vm = *state;
    char path[] = "/tmp/cove_test_XXXXXX";
    static const char text[] = "value = __file__, 6 * 7\n1 / 0\n";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    assert_false(cove_exec_file(vm, path));
    unlink(path);
    assert_error(vm, "ZeroDivisionError", "division by zero");
    assert_non_null(strstr(cove_error_report(vm), "    1 / 0\n"));
    assert_int_equal(int_of(vm, cove_eval(vm, "value[1]")), 42);
    assert_string_equal(text_of(vm, cove_eval(vm, "value[0]")), path);
}

static void test_some_granted(void **state) {
    (void)state;
    cove_config config = cove_config_default();
    config.grants = COVE_GRANT_CLOCK | COVE_GRANT_THREADS;
    cove_vm *vm = cove_create(&config);
    exec_ok(vm,
            "import time, threading\ntime.sleep(0)\nt = threading.Thread(target=time.time)\nt.start()\nt.join()\n");
    exec_ok(vm, "import asyncio\nasync def main(): return await asyncio.to_thread(lambda: 5)\n"
                "assert asyncio.run(main()) == 5\n");
    assert_false(cove_exec(vm, "open('x')", NULL));
    cove_destroy(vm);
    static const char *const path[] = {"/nonexistent", NULL};
    config.grants = COVE_GRANT_ALL;
    config.path = path;
    vm = cove_create(&config);
    assert_string_equal(shown(vm, "__import__('sys').path"), "['/nonexistent']");
    exec_ok(vm, "assert open('/dev/null').read() == ''\n");
    cove_destroy(vm);
}

/* --- output and input --------------------------------------------------------------------------------------------
 */

static ptrdiff_t give_lines(void *user, char *buffer, size_t size) {
    const char **text = user;
    size_t n = strlen(*text) < size ? strlen(*text) : size;
    memcpy(buffer, *text, n);
    *text += n;
    return (ptrdiff_t)n;
}
static bool refuse_write(void *user, const char *text, size_t size) {
    (void)user, (void)text, (void)size;
    return false;
}

static void test_output(void **state) {
    (void)state;
    Output out = {.n = 0};
    cove_config config = cove_config_default();
    config.write_output = config.write_error = output_write;
    config.io_user = &out;
    cove_vm *vm = cove_create(&config);
    exec_ok(vm, "import sys\nprint('h\\xe9')\nprint('no newline', end='')\nsys.stderr.write('e\\n')\n");
    assert_string_equal(out.text, "h\xc3\xa9\ne\nno newline");
    out.n = 0;
    assert_true(cove_ok(cove_call(vm, cove_global(vm, "print"), NULL, 0)));
    cove_flush(vm);
    assert_int_equal(out.n, 1);
    cove_exec(vm, "1/0", "z.co");
    cove_error_print(vm);
    assert_non_null(strstr(out.text, "ZeroDivisionError: division by zero\n"));
    cove_destroy(vm);
    const char *lines = "one\ntwo\n";
    config = cove_config_default();
    config.read_input = give_lines;
    config.write_output = output_write;
    config.io_user = &lines;
    config.write_output = NULL;
    vm = cove_create(&config);
    assert_string_equal(shown(vm, "input(), __import__('sys').stdin.read()"), "('one', 'two\\n')");
    cove_destroy(vm);
    config = cove_config_default();
    config.write_output = refuse_write;
    vm = cove_create(&config);
    assert_false(cove_exec(vm, "print(1, flush=True)", NULL));
    assert_true(cove_error_is(vm, "OSError"));
    exec_ok(vm, "import sys\nsys.stdout = None\n");
    cove_destroy(vm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_VM(test_pause),
        WITH_VM(test_interleaved),
        WITH_VM(test_generator_run),
        WITH_VM(test_delegate_ends),
        WITH_VM(test_throw_into_paused),
        WITH_VM(test_dropped),
        WITH_VM(test_hard_limit),
        WITH_VM(test_hidden_stop),
        WITH_VM(test_long_work),
        WITH_VM(test_interrupt),
        cmocka_unit_test(test_step_limit),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_allocator),
        WITH_VM(test_objects),
        WITH_VM(test_nothing_granted),
        WITH_VM(test_file),
        cmocka_unit_test(test_some_granted),
        cmocka_unit_test(test_output),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
