/* Many VMs: a thousand of them alive at the same time in one thread, and sixteen at work in parallel. */
#include "api_test.h"

#include <pthread.h>

enum { MANY = 1000, PARALLEL = 16, ROUNDS = 3 };

static const char plain[] = "class Cell:\n"
                            "    def __init__(self, n): self.n, self.me = n, self\n"
                            "    def total(self): return sum(i * self.n for i in range(10))\n"
                            "total = Cell(n).total()\n";
static const char waiting[] = "import asyncio\n"
                              "async def part(i):\n"
                              "    await asyncio.sleep(0)\n"
                              "    return i * n\n"
                              "async def main():\n"
                              "    return sum(await asyncio.gather(*map(part, range(10))))\n"
                              "total = asyncio.run(main())\n";

static void test_thousand(void **state) {
    (void)state;
    static cove_vm *vms[MANY];
    const int n = MANY;
    for (int i = 0; i < n; i++) {
        vms[i] = cove_create(NULL);
        assert_non_null(vms[i]);
        assert_true(cove_set_global(vms[i], "n", cove_int(vms[i], i)));
    }
    for (int i = 0; i < n; i++)
        exec_ok(vms[i], i % 10 == 0 ? waiting : plain);
    for (int i = 0; i < n; i++) {
        cove_scope scope = cove_scope_open(vms[i]);
        assert_int_equal(int_of(vms[i], cove_global(vms[i], "total")), 45 * i);
        cove_scope_close(vms[i], scope);
    }
    for (int i = 0; i < n; i++)
        cove_destroy(vms[i * 7 % n]); /* in another order, that reaches all as 7 does not divide their number */
}

/* --- in parallel: nothing of cmocka's on these threads -----------------------------------------------------------
 */

static const char work[] = "import asyncio, json, random, re, threading\n"
                           "r = random.Random(7)\n"
                           "numbers = [r.randrange(10**6) for i in range(300)]\n"
                           "assert sorted(numbers) == sorted(json.loads(json.dumps(numbers)))\n"
                           "words = re.findall(r'[a-z]+', 'the quick brown fox ' * 20)\n"
                           "assert len(words) == 80 and len(set(words)) == 4\n"
                           "found = []\n"
                           "threads = [threading.Thread(target=found.append, args=(i,)) for i in range(3)]\n"
                           "for t in threads: t.start()\n"
                           "for t in threads: t.join()\n"
                           "async def one(i):\n"
                           "    await asyncio.sleep(0.001)\n"
                           "    return i\n"
                           "async def main(): return await asyncio.gather(*map(one, range(5)))\n"
                           "result = sum(asyncio.run(main())) + len(found)\n"
                           "class Node: pass\n"
                           "for i in range(500):\n"
                           "    a = Node(); a.b = Node(); a.b.a = a\n";

static void *work_alone(void *result) {
    cove_config config = cove_config_default();
    config.grants = COVE_GRANT_THREADS;
    for (int i = 0; i < ROUNDS; i++) {
        cove_vm *vm = cove_create(&config);
        int64_t n = 0;
        if (vm != NULL && cove_exec(vm, work, "work.co") && cove_to_int(vm, cove_global(vm, "result"), &n))
            *(int64_t *)result += n;
        else if (vm != NULL)
            fputs(cove_error_report(vm), stderr);
        cove_destroy(vm);
    }
    return NULL;
}

static void test_parallel(void **state) {
    (void)state;
    pthread_t threads[PARALLEL];
    int64_t results[PARALLEL] = {0};
    for (int i = 0; i < PARALLEL; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work_alone, &results[i]), 0);
    for (int i = 0; i < PARALLEL; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < PARALLEL; i++)
        assert_int_equal(results[i], ROUNDS * 13);
}

/* One VM that wanders: each thread makes a step in it and hands it on. */
typedef struct Relay {
    cove_vm *vm;
    int64_t seen;
} Relay;

static void *take_a_turn(void *arg) {
    Relay *relay = arg;
    if (!cove_enter(relay->vm))
        return NULL;
    cove_scope scope = cove_scope_open(relay->vm);
    if (cove_exec(relay->vm, "turns += 1\n", "turn.co"))
        cove_to_int(relay->vm, cove_global(relay->vm, "turns"), &relay->seen);
    cove_scope_close(relay->vm, scope);
    cove_leave(relay->vm);
    return NULL;
}

static void test_relay(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "turns = 0\n");
    cove_leave(vm);
    pthread_t threads[PARALLEL];
    Relay relays[PARALLEL];
    int64_t sum = 0;
    for (int i = 0; i < PARALLEL; i++) {
        relays[i] = (Relay){vm, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, take_a_turn, &relays[i]), 0);
    }
    for (int i = 0; i < PARALLEL; i++) {
        pthread_join(threads[i], NULL);
        sum += relays[i].seen;
    }
    assert_true(cove_enter(vm));
    assert_int_equal(sum, PARALLEL * (PARALLEL + 1) / 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_thousand),
        cmocka_unit_test(test_parallel),
        WITH_VM(test_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
