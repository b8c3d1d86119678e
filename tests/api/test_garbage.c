/* What ends while a run has to keep to a time: much of it at once waits, and nothing is lost. */
#include "api_test.h"

enum { EACH = 3000, KINDS = 9 };

static cove_stats stats_of(cove_vm *vm) {
    cove_stats stats = {.size = sizeof stats};
    cove_get_stats(vm, &stats);
    return stats;
}
static size_t memory_of(cove_vm *vm) { return stats_of(vm).memory; }

static cove_value count_end(cove_vm *vm, const cove_call_info *call) {
    ++*(int *)call->user;
    return cove_none(vm);
}

static void resume(cove_vm *vm, cove_run *run, int times) {
    cove_budget budget = {.microseconds = 100};
    for (int i = 0; i < times; i++)
        if (cove_run_resume(run, &budget, cove_absent(), NULL) != COVE_RUN_PAUSED)
            fail_msg("%s", cove_error_report(vm));
}

/* Resumes a busy script so many times. */
static void run_source(cove_vm *vm, const char *source, int times) {
    cove_run *run = cove_run_source(vm, source, "busy.co", cove_absent());
    resume(vm, run, times);
    cove_run_free(run);
}

/* A VM whose scripts have make(kind), which holds EACH objects whose ends are counted. */
static cove_vm *vm_counting(int *ended) {
    cove_function_def def = {.name = "count_end", .fn = count_end, .user = ended};
    cove_vm *vm = cove_create(NULL);
    cove_set_global(vm, "count_end", cove_function(vm, &def));
    exec_ok(vm, "from collections import deque\n"
                "class Counted:\n    def __del__(self): count_end()\n"
                "class Holder: pass\n"
                "def hold(x):\n    h = Holder()\n    h.x = x\n    return h\n"
                "def chain(items):\n    last = None\n    for i in items: last = [last, i]\n    return last\n"
                "kinds = [list, tuple, set, frozenset, deque, chain,\n"
                "         lambda items: dict(enumerate(items)),\n"
                "         lambda items: [[i] for i in items],\n"
                "         lambda items: {n: hold((i,)) for n, i in enumerate(items)}]\n"
                "def make(kind): return kinds[kind](Counted() for i in range(3000))\n"
                "dropped = 0\n"
                "def drop(kind):\n    global dropped\n    x = make(kind)\n    dropped = 1\n    x = None\n"
                "    dropped = 2\n    while True: dropped += 1\n");
    return vm;
}

/* Makes a container and drops it, and stops somewhere behind that. */
static void drop_in_time(cove_vm *vm, int kind, int64_t until) {
    cove_value arg = cove_int(vm, kind);
    cove_run *run = cove_run_new(vm, cove_global(vm, "drop"), &arg, 1);
    exec_ok(vm, "dropped = 0\n");
    while (int_of(vm, cove_global(vm, "dropped")) < until)
        resume(vm, run, 1);
    cove_run_free(run);
}

/* The run itself ends what waits, in its next steps. */
static void test_by_the_run(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        int ended = 0;
        cove_vm *vm = vm_counting(&ended);
        drop_in_time(vm, kind, 20000);
        if (ended != EACH)
            fail_msg("kind %d: %d of %d have ended", kind, ended, EACH);
        cove_destroy(vm);
    }
}

/* So does what else is done with the VM, ... */
static void test_by_the_host(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        int ended = 0;
        cove_vm *vm = vm_counting(&ended);
        drop_in_time(vm, kind, 2);
        exec_ok(vm, "for i in range(10000): pass\n");
        if (ended != EACH)
            fail_msg("kind %d: %d of %d have ended", kind, ended, EACH);
        drop_in_time(vm, kind, 2);
        cove_collect(vm);
        assert_int_equal(ended, 2 * EACH);
        cove_destroy(vm);
    }
}

/* ... and its end. */
static void test_by_the_end(void **state) {
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        int ended = 0;
        cove_vm *vm = vm_counting(&ended);
        drop_in_time(vm, kind, 2);
        cove_destroy(vm);
        if (ended != EACH)
            fail_msg("kind %d: %d of %d have ended", kind, ended, EACH);
    }
}

/* So many lists do not end in one step: when the script has gone on, most of them are still there. */
static void test_waits(void **state) {
    cove_vm *vm = *state;
    enum { LISTS = 300000 };
    exec_ok(vm, "x = [[i] for i in range(300000)]\ndropped = 0\n"
                "def drop():\n    global x, dropped\n    x = None\n    dropped = 1\n    while True: pass\n");
    assert_true(stats_of(vm).objects > LISTS);
    cove_run *run = cove_run_new(vm, cove_global(vm, "drop"), NULL, 0);
    while (int_of(vm, cove_global(vm, "dropped")) == 0)
        resume(vm, run, 1);
    assert_true(stats_of(vm).objects > LISTS / 2);
    for (int i = 0; i < 100000 && stats_of(vm).objects > LISTS / 10; i++)
        resume(vm, run, 1);
    assert_true(stats_of(vm).objects <= LISTS / 10);
    cove_run_free(run);
}

/* Garbage that waits does not pile up: it goes as fast as it is made. */
static void test_keeps_up(void **state) {
    cove_vm *vm = *state;
    size_t before = memory_of(vm);
    run_source(vm, "while True: x = [[i] for i in range(20000)]", 5000);
    assert_in_range(memory_of(vm) - before, 0, 30 * 1000 * 1000);
}

/* Nor does it take the memory that scripts are allowed. */
static void test_under_a_limit(void **state) {
    cove_vm *vm = *state;
    cove_set_limits(vm, memory_of(vm) + 6 * 1000 * 1000, 0);
    run_source(vm, "while True:\n    x = [[i] for i in range(20000)]\n    x = None\n", 3000);
}

/* Cycles are found when the memory has grown by them. */
static void test_cycles(void **state) {
    cove_vm *vm = *state;
    size_t before = memory_of(vm);
    run_source(vm, "while True:\n    x = []\n    x.append([x])\n", 5000);
    assert_in_range(memory_of(vm) - before, 0, 8 * 1000 * 1000);
}

/* A world of cycles, 20000 in use, which play() replaces and moves about for ever; check() says that none is lost. */
static cove_vm *vm_with_world(int *ended) {
    cove_function_def def = {.name = "count_end", .fn = count_end, .user = ended};
    cove_config config = cove_config_default();
    config.grants = COVE_GRANT_INSPECTION;
    cove_vm *vm = cove_create(&config);
    cove_set_global(vm, "count_end", cove_function(vm, &def));
    exec_ok(vm, "import gc\n"
                "made = 0\n"
                "class Counted:\n"
                "    def __del__(self): self.ended = True; count_end()\n"
                "class Node: pass\n"
                "def cycle():\n"
                "    global made\n"
                "    made += 1\n"
                "    n = Node()\n"
                "    n.me, n.x, n.text = n, Counted(), str(made) * 10\n"
                "    return n\n"
                "world = [[cycle() for i in range(100)] for j in range(100)]\n"
                "by_key = {i: cycle() for i in range(5000)}\n"
                "members = {cycle() for i in range(5000)}\n"
                "def change(i):\n"
                "    row, other = world[i % 100], world[(i * 7 + 3) % 100]\n"
                "    row[i % 97] = cycle()\n"
                "    row[i % 89], by_key[i % 4999] = by_key[i % 4999], row[i % 89]\n"
                "    row[5], other[6] = other[6], row[5]\n"
                "    if i % 3 == 0: members.add(by_key[i % 5000]); by_key[i % 5000] = members.pop()\n"
                "def play():\n"
                "    held = cycle()\n"
                "    i = 0\n"
                "    while True:\n"
                "        i += 1\n"
                "        change(i)\n"
                "        if i % 5000 == 0: held = cycle()\n"
                "        assert held.me is held\n"
                "def check():\n"
                "    living = {*members, *by_key.values()}\n"
                "    for row in world: living |= set(row)\n"
                "    assert all(n.me is n and not hasattr(n.x, 'ended') and int(n.text) for n in living)\n"
                "    return len(living)\n");
    return vm;
}

static int64_t call_int(cove_vm *vm, const char *function) {
    return int_of(vm, cove_call(vm, cove_global(vm, function), NULL, 0));
}

/* Old cycles are found while the script goes on, and nothing else is taken for garbage. */
static void test_gradual(void **state) {
    (void)state;
    int ended = 0;
    cove_vm *vm = vm_with_world(&ended);
    size_t before = memory_of(vm);
    cove_run *run = cove_run_new(vm, cove_global(vm, "play"), NULL, 0);
    for (int i = 0; i < 20; i++) {
        resume(vm, run, 200);
        assert_in_range(call_int(vm, "check"), 1, 20000);
    }
    assert_in_range(memory_of(vm), before / 2, before * 4);
    cove_run_free(run);
    cove_collect(vm);
    int64_t living = call_int(vm, "check"); /* the run may have ended between counting and making one */
    assert_in_range(int_of(vm, cove_global(vm, "made")) - ended, living, living + 1);
    cove_destroy(vm);
}

/* Whatever else is done in the midst of such a collection. */
static void test_gradual_disturbed(void **state) {
    (void)state;
    static const char *const disturbances[] = {
        "gc.collect()",
        "gc.collect(1)",
        "gc.freeze(); gc.unfreeze()",
        "assert sum(type(o) is Node for o in gc.get_objects()) >= check()",
        "assert world in gc.get_referrers(world[5])",
        "for i in range(30000): change(i)",
        "gc.disable(); x = [cycle() for i in range(1000)]; gc.enable()",
    };
    enum { KINDS_OF = sizeof disturbances / sizeof *disturbances };
    int ended = 0;
    cove_vm *vm = vm_with_world(&ended);
    cove_run *run = cove_run_new(vm, cove_global(vm, "play"), NULL, 0);
    for (int i = 0; i < 6 * KINDS_OF; i++) {
        resume(vm, run, 5 + i * 17 % 60);
        exec_ok(vm, disturbances[i % KINDS_OF]);
        call_int(vm, "check");
    }
    resume(vm, run, 30);
    cove_run_free(run);
    int64_t made = int_of(vm, cove_global(vm, "made"));
    cove_destroy(vm); /* perhaps in the midst of one, too */
    assert_in_range(made - ended, 0, 1);
}

/* Pauses a run some calls deep and frees it, while another one goes on. */
static cove_value free_nested(cove_vm *vm, const cove_call_info *call) {
    (void)call;
    cove_budget budget = {.steps = 60};
    cove_run *run = cove_run_new(vm, cove_global(vm, "deep"), NULL, 0);
    assert_int_equal(cove_run_resume(run, &budget, cove_absent(), NULL), COVE_RUN_PAUSED);
    cove_run_free(run);
    return cove_none(vm);
}

/* Runs that are freed while another one goes on, and what ends with their frames makes more garbage. */
static void test_freed_run(void **state) {
    cove_vm *vm = *state;
    cove_function_def def = {.name = "free_nested", .fn = free_nested};
    cove_set_global(vm, "free_nested", cove_function(vm, &def));
    exec_ok(vm, "ended = 0\n"
                "class Busy:\n"
                "    def __del__(self):\n"
                "        global ended\n"
                "        ended += 1\n"
                "        self.x = [[i] for i in range(400)]\n"
                "def deep(n=6):\n"
                "    def level(busy):\n"
                "        if n: return deep(n - 1) or busy\n"
                "        while True: pass\n"
                "    return level(Busy())\n"
                "kept = [[i] for i in range(2000)]\n");
    run_source(vm, "while True:\n    free_nested()\n    kept.append([kept])\n", 600);
    assert_true(int_of(vm, cove_global(vm, "ended")) >= 7);
}

/* The end of much garbage that has been found at once is spread over many steps; when the system has held one up, the
 * next may take as long. */
static void test_condemned(void **state) {
    cove_vm *vm = *state;
    enum { OBJECTS = 100000 };
    exec_ok(vm, "x = []\nfor i in range(100000): x.append([x])\n");
    assert_true(stats_of(vm).objects > OBJECTS);
    cove_run *run = cove_run_source(vm, "x = None\nwhile True:\n    y = []\n    y.append(y)\n    z = 'z' * 100000\n",
                                    "busy.co", cove_absent());
    uint64_t left = stats_of(vm).objects, most = 0;
    for (int i = 0; i < 100000 && left > OBJECTS / 10; i++) {
        double start = seconds();
        resume(vm, run, 1);
        uint64_t now = stats_of(vm).objects;
        if (now < left && left - now > most && seconds() - start < 0.001)
            most = left - now;
        left = now;
    }
    assert_in_range(left, 0, OBJECTS / 10);
    assert_in_range(most, 0, OBJECTS / 2);
    cove_run_free(run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_the_run),
        cmocka_unit_test(test_by_the_host),
        cmocka_unit_test(test_by_the_end),
        WITH_VM(test_waits),
        WITH_VM(test_keeps_up),
        WITH_VM(test_under_a_limit),
        WITH_VM(test_cycles),
        cmocka_unit_test(test_gradual),
        cmocka_unit_test(test_gradual_disturbed),
        WITH_VM(test_freed_run),
        WITH_VM(test_condemned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
