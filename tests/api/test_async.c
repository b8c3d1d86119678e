/* The host's loop, tasks, futures, pollers; threads of the host; many VMs. */
#include "api_test.h"

#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

typedef struct Done {
    int calls;
    bool ok;
    char text[100];
} Done;

static void note_done(cove_vm *vm, void *user, cove_value result) {
    Done *d = user;
    d->calls++;
    d->ok = cove_ok(result);
    snprintf(d->text, sizeof d->text, "%s", d->ok ? text_of(vm, cove_to_str(vm, result)) : cove_error_type(vm));
}

static void test_tasks(void **state) {
    cove_vm *vm = *state;
    exec_ok(
        vm,
        "import asyncio\nlog = []\nasync def work(n):\n    for i in range(n):\n        await asyncio.sleep(0.001)\n"
        "        log.append(n)\n    if n == 3: raise KeyError(n)\n    return n * 10\n");
    assert_int_equal(cove_poll(vm, 0), 0);
    Done two = {0}, three = {0};
    cove_value fn = cove_global(vm, "work");
    cove_start(vm, cove_call(vm, fn, (cove_value[]){cove_int(vm, 2)}, 1), note_done, &two);
    cove_start(vm, cove_call(vm, fn, (cove_value[]){cove_int(vm, 3)}, 1), note_done, &three);
    assert_int_equal(cove_poll_deadline(vm), 0);
    assert_int_equal(cove_poll(vm, 0), 1);
    assert_in_range(cove_poll_deadline(vm), 0, 1000);
    assert_true(cove_run_loop(vm));
    assert_true(two.calls == 1 && two.ok && strcmp(two.text, "20") == 0);
    assert_true(three.calls == 1 && !three.ok && strcmp(three.text, "KeyError") == 0);
    assert_string_equal(shown(vm, "sorted(log)"), "[2, 2, 3, 3, 3]");
    assert_int_equal(cove_poll_deadline(vm), -1);
    assert_int_equal(int_of(vm, cove_await(vm, cove_call(vm, fn, (cove_value[]){cove_int(vm, 1)}, 1))), 10);
    assert_false(cove_ok(cove_await(vm, cove_call(vm, fn, (cove_value[]){cove_int(vm, 3)}, 1))));
    assert_error(vm, "KeyError", "3");
    assert_false(cove_ok(cove_await(vm, cove_int(vm, 1))));
    assert_false(cove_ok(cove_start(vm, cove_absent(), NULL, NULL)));
    assert_true(cove_poll_descriptor(vm) >= 0);
}

static void *resolve_later(void *p) {
    cove_future **f = p;
    usleep(5000);
    cove_future_resolve_int(f[0], 42);
    cove_future_resolve_text(f[1], "te\0xt", 5);
    cove_future_fail(f[2], "ValueError", "from a thread");
    cove_future_resolve_bytes(f[3], "\xff", 1);
    cove_future_resolve_none(f[4]);
    cove_future_drop(f[5]);
    return NULL;
}

static void test_futures(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm,
            "import asyncio\nasync def both(fs):\n    return await asyncio.gather(*fs, return_exceptions=True)\n");
    cove_future *futures[6];
    cove_value values[6];
    for (int i = 0; i < 6; i++) {
        futures[i] = cove_future_new(vm);
        values[i] = cove_future_value(futures[i]);
    }
    pthread_t thread;
    pthread_create(&thread, NULL, resolve_later, futures);
    cove_value r =
        cove_await(vm, cove_call(vm, cove_global(vm, "both"), (cove_value[]){cove_list(vm, values, 6)}, 1));
    pthread_join(thread, NULL);
    assert_string_equal(text_of(vm, cove_to_repr(vm, r)),
                        "[42, 'te\\x00xt', ValueError('from a thread'), b'\\xff', None, CancelledError('')]");
}

static cove_value make_list(cove_vm *vm, void *user) {
    return cove_list(vm, (cove_value[]){cove_int(vm, *(int *)user)}, 1);
}

static void test_cancelled_future(void **state) {
    cove_vm *vm = *state;
    int n = 3;
    cove_future *f = cove_future_new(vm);
    cove_value v = cove_future_value(f);
    assert_false(cove_future_cancelled(f));
    cove_call_method(vm, v, "cancel", NULL, 0);
    while (cove_poll(vm, 0) > 0)
        ;
    assert_true(cove_future_cancelled(f));
    assert_true(cove_future_resolve(f, make_list, &n));
    while (cove_poll(vm, 0) > 0)
        ;
    f = cove_future_new(vm);
    v = cove_future_value(f);
    assert_true(cove_future_resolve(f, make_list, &n));
    assert_string_equal(text_of(vm, cove_to_repr(vm, cove_await(vm, v))), "[3]");
    cove_future_drop(NULL);
}

static void add_one(cove_vm *vm, void *user) {
    (void)vm;
    ++*(int *)user;
}

static void *post_later(void *vm) {
    static int ignored;
    usleep(5000);
    cove_post(vm, add_one, &ignored);
    return NULL;
}

static void test_post(void **state) {
    cove_vm *vm = *state;
    int n = 0;
    assert_true(cove_post(vm, add_one, &n) && cove_post(vm, add_one, &n));
    exec_ok(vm, "for i in range(3): pass\n");
    assert_int_equal(n, 2);
    cove_post(vm, add_one, &n);
    assert_int_equal(cove_poll(vm, 0), 0);
    assert_int_equal(n, 3);
    /* the descriptor tells of it */
    struct pollfd p = {cove_poll_descriptor(vm), POLLIN, 0};
    cove_poll(vm, 0);
    assert_int_equal(poll(&p, 1, 0), 0);
    pthread_t thread;
    pthread_create(&thread, NULL, post_later, vm);
    assert_int_equal(poll(&p, 1, 5000), 1);
    pthread_join(thread, NULL);
    cove_poll(vm, 0);
    assert_int_equal(poll(&p, 1, 0), 0);
}

/* --- a poller of the host ----------------------------------------------------------------------------------------
 */

typedef struct Watches {
    unsigned events[64];
    int waits, open;
} Watches;
static int w_open(void *user, void **s) { return *s = user, ((Watches *)user)->open++, 0; }
static void w_close(void *user, void *s) { (void)s, ((Watches *)user)->open--; }
static int w_watch(void *user, void *s, int fd, unsigned events) {
    (void)s;
    ((Watches *)user)->events[fd] = events;
    return 0;
}
static int w_wait(void *user, void *s, int ms, cove_ready *out, int n) {
    Watches *w = user;
    struct pollfd fds[64];
    int count = 0, got = 0;
    (void)s;
    w->waits++;
    for (int fd = 0; fd < 64; fd++)
        if (w->events[fd])
            fds[count++] = (struct pollfd){
                fd,
                (short)((w->events[fd] & COVE_READABLE ? POLLIN : 0) | (w->events[fd] & COVE_WRITABLE ? POLLOUT : 0)),
                0};
    if (poll(fds, (nfds_t)count, ms) < 0)
        return -1;
    for (int i = 0; i < count && got < n; i++)
        if (fds[i].revents)
            out[got++] = (cove_ready){fds[i].fd, COVE_READABLE};
    return got;
}

static void test_poller(void **state) {
    (void)state;
    Watches w = {{0}, 0, 0};
    cove_poller poller = {w_open, w_close, w_watch, w_wait, &w};
    cove_config config = cove_config_default();
    config.poller = &poller;
    cove_vm *vm = cove_create(&config);
    exec_ok(vm, "import asyncio\nasync def main():\n    await asyncio.sleep(0.002)\n    return 1\n");
    cove_future *f[6];
    for (int i = 0; i < 6; i++)
        f[i] = cove_future_new(vm);
    cove_value first = cove_future_value(f[0]);
    pthread_t thread;
    pthread_create(&thread, NULL, resolve_later, f);
    assert_int_equal(int_of(vm, cove_await(vm, first)), 42);
    pthread_join(thread, NULL);
    assert_int_equal(int_of(vm, cove_await(vm, cove_call(vm, cove_global(vm, "main"), NULL, 0))), 1);
    assert_true(w.waits > 0 && w.open == 1);
    assert_int_equal(cove_poll_descriptor(vm), -1);
    cove_destroy(vm);
    assert_int_equal(w.open, 0);
}

/* --- threads -----------------------------------------------------------------------------------------------------
 */

static void *use_vm(void *p) {
    cove_vm *vm = p;
    for (int i = 0; i < 200; i++) {
        assert_true(cove_enter(vm));
        cove_scope scope = cove_scope_open(vm);
        assert_true(cove_enter(vm));
        exec_ok(vm, "n += 1\n");
        cove_leave(vm);
        cove_value v = cove_eval(vm, "[n] * 3");
        assert_int_equal(cove_length(vm, v), 3);
        cove_scope_close(vm, scope);
        cove_leave(vm);
    }
    return NULL;
}

static void test_threads(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "n = 0\n");
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, use_vm, vm);
    cove_leave(vm);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(cove_enter(vm));
    assert_int_equal(int_of(vm, cove_eval(vm, "n")), 800);
}

static cove_value outside(cove_vm *vm, const cove_call_info *call) {
    pthread_t thread;
    (void)call;
    pthread_create(&thread, NULL, use_vm, vm);
    cove_leave(vm);
    pthread_join(thread, NULL);
    cove_enter(vm);
    return cove_str(vm, "back");
}

static void test_leave_in_native(void **state) {
    cove_vm *vm = *state;
    static const cove_function_def def = {"outside", outside, "", NULL, 0, NULL};
    cove_set_global(vm, "outside", cove_function(vm, &def));
    exec_ok(vm, "n = 0\ndef f(): return outside(), n\n");
    assert_string_equal(shown(vm, "f()"), "('back', 200)");
}

static void *live(void *p) {
    (void)p;
    for (int i = 0; i < 3; i++) {
        cove_vm *vm = cove_create(NULL);
        exec_ok(vm, "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nr = fib(12)\nimport json\n");
        assert_int_equal(int_of(vm, cove_eval(vm, "r")), 144);
        cove_destroy(vm);
    }
    return NULL;
}

static void test_many_threads(void **state) {
    (void)state;
    pthread_t threads[16];
    for (int i = 0; i < 16; i++)
        pthread_create(&threads[i], NULL, live, NULL);
    for (int i = 0; i < 16; i++)
        pthread_join(threads[i], NULL);
}

static void test_many_vms(void **state) {
    (void)state;
    enum { N = 300 };
    static cove_vm *vms[N];
    for (int i = 0; i < N; i++) {
        vms[i] = cove_create(NULL);
        assert_non_null(vms[i]);
        cove_set_global(vms[i], "me", cove_int(vms[i], i));
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(int_of(vms[i], cove_eval(vms[i], "me * 2")), 2 * i);
        cove_destroy(vms[i]);
    }
}

static cove_value wait_for(cove_vm *vm, const cove_call_info *call) {
    cove_future **f = call->user;
    *f = cove_future_new(vm);
    return *f == NULL ? COVE_FAILED : cove_future_value(*f);
}

static void *resolve_soon(void *future) {
    usleep(5000);
    cove_future_resolve_int(future, 42);
    return NULL;
}

/* A VM that is made while there are too many open files hears other threads all the same, later. */
static void test_too_many_files(void **state) {
    (void)state;
    struct rlimit usual, none;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &usual), 0);
    none = usual;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    cove_vm *vm = cove_create(NULL);
    cove_future *future = NULL;
    const cove_function_def def = {"wait_for", wait_for, "", NULL, 0, &future};
    bool ok = vm != NULL && cove_set_global(vm, "wait_for", cove_function(vm, &def)) &&
              cove_exec(vm, "import asyncio\nasync def work(): return await wait_for()\n", NULL);
    cove_value work = cove_eval(vm, "work()"), task = cove_start(vm, work, NULL, NULL);
    bool refused = !cove_ok(task) && cove_error_is(vm, "OSError");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &usual), 0);
    assert_true(ok && refused);
    pthread_t thread;
    task = cove_start(vm, work, NULL, NULL);
    assert_int_equal(cove_poll(vm, 0), 1);
    assert_int_equal(pthread_create(&thread, NULL, resolve_soon, future), 0);
    assert_int_equal(int_of(vm, cove_await(vm, task)), 42);
    pthread_join(thread, NULL);
    cove_destroy(vm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_VM(test_tasks),
        WITH_VM(test_futures),
        WITH_VM(test_cancelled_future),
        WITH_VM(test_post),
        cmocka_unit_test(test_poller),
        WITH_VM(test_threads),
        WITH_VM(test_leave_in_native),
        cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_many_vms),
        cmocka_unit_test(test_too_many_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
