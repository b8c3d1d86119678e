/* A host's allocator that has no memory: each of its calls fails once, in turn, while a VM is made, runs scripts, is
 * called, and ends. Whatever was asked for fails with MemoryError or is done all the same; nothing is lost. */
#include "api_test.h"

typedef struct Memory {
    size_t used, calls, fail_at; /* fail_at 0: never */
    bool ever_after;
} Memory;

static void *allocate(void *user, void *p, size_t old_size, size_t new_size) {
    Memory *m = user;
    if (new_size == 0) {
        m->used -= old_size;
        free(p);
        return NULL;
    }
    m->calls++;
    if (m->fail_at != 0 && (m->ever_after ? m->calls >= m->fail_at : m->calls == m->fail_at))
        return NULL;
    void *q = realloc(p, new_size);
    if (q != NULL)
        m->used += new_size - old_size;
    return q;
}

static bool swallow(void *user, const char *text, size_t size) {
    (void)user, (void)text, (void)size;
    return true;
}

static cove_value twice(cove_vm *vm, const cove_call_info *call) {
    return cove_operate(vm, call->args[0], "*", cove_int(vm, 2));
}
static const cove_function_def functions[] = {{"twice", twice, "value, /", "Two times the value.", 0, NULL}, {0}};
static const cove_module_def module = {"host", "The host's.", functions, NULL};

static const char script[] = "import asyncio, host, re\n"
                             "class Point:\n"
                             "    def __init__(self, x, y): self.x, self.y = x, y\n"
                             "    def __repr__(self): return f'<{self.x} {self.y}>'\n"
                             "def gen(n):\n"
                             "    for i in range(n): yield Point(i, str(i))\n"
                             "def work(n):\n"
                             "    text = ' '.join(map(repr, gen(n))) + repr(host.twice([n]))\n"
                             "    counts = {w: len(w) for w in re.split('[<> ]+', text)}\n"
                             "    return sorted(counts.items(), key=lambda p: p[1])\n"
                             "async def wait(n):\n"
                             "    await asyncio.sleep(0)\n"
                             "    return n\n";

/* Every call may fail; none of them may leave the VM unfit for the next one. */
static void live(const cove_config *config, size_t *failures) {
    cove_vm *vm = cove_create(config);
    *failures += vm == NULL;
    if (vm == NULL)
        return;
    bool ok = cove_add_module(vm, &module) && cove_exec(vm, script, "script.co");
    cove_scope scope = cove_scope_open(vm);
    cove_value n = cove_int(vm, 20), result = cove_call(vm, cove_global(vm, "work"), &n, 1);
    cove_text(vm, cove_to_repr(vm, result), NULL);
    cove_value awaited = cove_await(vm, cove_call(vm, cove_global(vm, "wait"), &n, 1));
    cove_run *run = cove_run_new(vm, cove_global(vm, "work"), &n, 1);
    cove_budget budget = {.steps = 20};
    cove_value out;
    while (run != NULL && cove_run_resume(run, &budget, cove_absent(), &out) == COVE_RUN_PAUSED)
        ;
    cove_run_free(run);
    if (!ok || !cove_ok(result) || !cove_ok(awaited)) {
        *failures += 1;
        cove_error_report(vm);
        cove_error_message(vm);
    }
    cove_scope_close(vm, scope);
    cove_destroy(vm);
}

static void fail_each(bool ever_after) {
    Memory m = {.ever_after = ever_after};
    cove_config config = cove_config_default();
    config.allocate = allocate;
    config.allocate_user = &m;
    config.write_output = config.write_error = swallow;
    config.hash_seed = 1;
    size_t failures = 0;
    live(&config, &failures);
    assert_int_equal(failures, 0);
    assert_int_equal(m.used, 0);
    size_t calls = m.calls;
    for (size_t at = 1; at <= calls; at++) {
        m.calls = 0;
        m.fail_at = at;
        live(&config, &failures);
        if (m.used != 0)
            fail_msg("call %zu of the allocator failed: %zu bytes are lost", at, m.used);
    }
    assert_true(failures > 0);
    print_message("%zu calls of the allocator, %zu of them made something fail\n", calls, failures);
}

static void test_each_once(void **state) {
    (void)state;
    fail_each(false);
}

static void test_each_and_all_after(void **state) {
    (void)state;
    fail_each(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_once),
        cmocka_unit_test(test_each_and_all_after),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
