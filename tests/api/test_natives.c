/* Functions, modules and classes of the host; iterators, awaitables, generators driven from C. */
#include "api_test.h"

static cove_value twice(cove_vm *vm, const cove_call_info *call) {
    int64_t n;
    if (!cove_to_int(vm, call->args[0], &n))
        return COVE_FAILED;
    return cove_int(vm, n * (cove_ok(call->args[1]) ? 10 : 2) + (int64_t)(intptr_t)call->user);
}

static cove_value everything(cove_vm *vm, const cove_call_info *call) {
    cove_value names = cove_ok(call->names) ? call->names : cove_none(vm);
    return cove_tuple(vm, (cove_value[]){cove_tuple(vm, call->args, call->nargs), names}, 2);
}

static cove_value apply(cove_vm *vm, const cove_call_info *call) { return cove_call(vm, call->args[0], NULL, 0); }
static cove_value silent(cove_vm *vm, const cove_call_info *call) { return (void)vm, (void)call, COVE_FAILED; }
static cove_value fails(cove_vm *vm, const cove_call_info *call) {
    (void)call;
    return cove_raise(vm, "ValueError", "%s %d", "bad", 7);
}
static cove_value recovers(cove_vm *vm, const cove_call_info *call) {
    (void)call;
    cove_global(vm, "nowhere");
    return cove_str(vm, "fine");
}

/* What stands in the places of the parameters; absent ones are shown as "-". */
static cove_value places(cove_vm *vm, const cove_call_info *call) {
    cove_value list = cove_list(vm, NULL, 0);
    for (size_t i = 0; i < call->nargs; i++)
        cove_list_append(vm, list, cove_ok(call->args[i]) ? call->args[i] : cove_str(vm, "-"));
    return list;
}

static const cove_function_def functions[] = {
    {"twice", twice, "n, /, ten=None", "Doubles.", 0, (void *)1},
    {"everything", everything, "*", NULL, 0, NULL},
    {"apply", apply, "fn", NULL, 0, NULL},
    {"silent", silent, "", NULL, 0, NULL},
    {"fails", fails, NULL, NULL, 0, NULL},
    {"recovers", recovers, "", NULL, 0, NULL},
    {0},
};

static bool setup(cove_vm *vm, cove_value module) { return cove_set_attr(vm, module, "version", cove_int(vm, 3)); }
static bool setup_fails(cove_vm *vm, cove_value module) {
    (void)module;
    cove_raise(vm, "RuntimeError", "not today");
    return false;
}

static const cove_module_def engine = {"engine", "The engine.", functions, setup};
static const cove_module_def inner = {"engine.inner", NULL, functions, NULL};
static const cove_module_def broken = {"broken", NULL, NULL, setup_fails};
static const cove_module_def hidden = {"json", NULL, NULL, setup};

static void test_functions(void **state) {
    cove_vm *vm = *state;
    assert_true(cove_add_module(vm, &engine));
    exec_ok(vm, "import engine\nfrom engine import *\n");
    assert_string_equal(shown(vm, "twice(4), twice(4, ten=1), engine.version"), "(9, 41, 3)");
    assert_string_equal(shown(vm, "everything(1, 2, a=3)"), "((1, 2), ('a',))");
    assert_string_equal(shown(vm, "recovers()"), "'fine'");
    assert_string_equal(shown(vm, "twice.__doc__, twice.__name__, engine.__doc__, twice.__text_signature__"),
                        "('Doubles.', 'twice', 'The engine.', '($module, n, /, ten=None)')");
    static const struct {
        const char *text, *type, *message;
    } rows[] = {
        {"twice()", "TypeError", "twice() missing 1 required positional argument: 'n'"},
        {"twice('x')", "TypeError", "'str' object cannot be interpreted as an integer"},
        {"twice(n=1)", "TypeError", NULL},
        {"silent()", "SystemError", "native function silent() failed without an exception"},
        {"fails()", "ValueError", "bad 7"},
        {"apply(fails)", "ValueError", "bad 7"},
        {"apply(lambda: 1/0)", "ZeroDivisionError", "division by zero"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_false(cove_ok(cove_eval(vm, rows[i].text)));
        assert_string_equal(cove_error_type(vm), rows[i].type);
        if (rows[i].message != NULL && i > 0)
            assert_string_equal(cove_error_message(vm), rows[i].message);
    }
    static const cove_function_def wrong[] = {
        {"f", NULL, "", NULL, 0, NULL},       {NULL, twice, "", NULL, 0, NULL},
        {"f", twice, "a b", NULL, 0, NULL},   {"f", twice, "a, b, a", NULL, 0, NULL},
        {"f", twice, "a.b", NULL, 0, NULL},   {"f", twice, "1", NULL, 0, NULL},
        {"f", twice, "a, *a", NULL, 0, NULL},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(cove_ok(cove_function(vm, &wrong[i])));
        assert_true(cove_error_is(vm, "ValueError"));
    }
    assert_int_equal(int_of(vm, cove_call(vm, cove_function(vm, functions), (cove_value[]){cove_int(vm, 5)}, 1)), 11);
}

static void test_modules(void **state) {
    cove_vm *vm = *state;
    assert_true(cove_add_module(vm, &inner) && cove_add_module(vm, &engine) && cove_add_module(vm, &broken));
    assert_false(cove_add_module(vm, &hidden));
    assert_error(vm, "ValueError", "the library has a module 'json' of its own");
    exec_ok(vm, "import engine.inner\nassert engine.inner.twice(1) == 3\n");
    assert_false(cove_exec(vm, "import broken", NULL));
    assert_error(vm, "RuntimeError", "not today");
    exec_ok(vm, "import sys\nassert 'broken' not in sys.modules\nimport json\njson.dumps\n");
    exec_ok(vm, "import importlib.util\nassert importlib.util.find_spec('engine').name == 'engine'\n");
}

static int released;
static void release_source(cove_source *s) { released += s->user == (void *)&released; }
static int find(cove_vm *vm, void *user, const char *name, cove_source *out) {
    (void)user;
    if (strcmp(name, "failing") == 0)
        return cove_raise(vm, "OSError", "no disk"), -1;
    if (strcmp(name, "pkg") == 0)
        *out = (cove_source){"from . import part\n", 19, "pkg/__init__.co", true, release_source, &released};
    else if (strcmp(name, "pkg.part") == 0)
        *out = (cove_source){"def f():\n    return 1 / 0\n", 26, NULL, false, release_source, &released};
    else
        return 0;
    return 1;
}

static void test_search(void **state) {
    (void)state;
    cove_config config = cove_config_default();
    config.find_module = find;
    cove_vm *vm = cove_create(&config);
    released = 0;
    exec_ok(vm, "import pkg.part\nassert pkg.__file__ == 'pkg/__init__.co' and pkg.part.__file__ == '<pkg.part>'\n");
    assert_int_equal(released, 2);
    assert_false(cove_exec(vm, "pkg.part.f()", "t.co"));
    assert_non_null(strstr(cove_error_report(vm), "File \"<pkg.part>\", line 2, in f\n    return 1 / 0\n"));
    assert_false(cove_exec(vm, "import failing", NULL));
    assert_error(vm, "OSError", "no disk");
    assert_false(cove_exec(vm, "import pkg.nix", NULL));
    assert_true(cove_error_is(vm, "ModuleNotFoundError"));
    cove_destroy(vm);
}

/* --- classes -----------------------------------------------------------------------------------------------------
 */

typedef struct Point {
    double x, y;
} Point;
static int finalized;
static const cove_class_def point_class;

static cove_value point_init(cove_vm *vm, const cove_call_info *call) {
    Point *p = cove_instance_data(vm, call->self, &point_class);
    if (p == NULL || !cove_to_double(vm, call->args[0], &p->x) ||
        (cove_ok(call->args[1]) && !cove_to_double(vm, call->args[1], &p->y)))
        return COVE_FAILED;
    return cove_none(vm);
}
static void point_finalize(cove_vm *vm, void *data) {
    (void)vm, (void)data;
    finalized++;
}
static cove_value point_repr(cove_vm *vm, const cove_call_info *call) {
    Point *p = cove_instance_data(vm, call->self, &point_class);
    return p == NULL ? COVE_FAILED : cove_str_format(vm, "<%g %g>", p->x, p->y);
}
static cove_value point_add(cove_vm *vm, const cove_call_info *call) {
    Point *p = cove_instance_data(vm, call->self, &point_class),
          *q = cove_instance_data(vm, call->args[0], &point_class);
    void *data;
    if (p == NULL || q == NULL)
        return COVE_FAILED;
    cove_value sum = cove_instance(vm, &point_class, &data);
    if (cove_ok(sum))
        *(Point *)data = (Point){p->x + q->x, p->y + q->y};
    return sum;
}
static cove_value point_len(cove_vm *vm, const cove_call_info *call) { return (void)call, cove_int(vm, 2); }
static cove_value point_item(cove_vm *vm, const cove_call_info *call) {
    Point *p = cove_instance_data(vm, call->self, &point_class);
    int64_t i;
    if (p == NULL || !cove_to_int(vm, call->args[0], &i))
        return COVE_FAILED;
    return i == 0 ? cove_float(vm, p->x) : i == 1 ? cove_float(vm, p->y) : cove_raise(vm, "IndexError", "0 or 1");
}
static cove_value point_origin(cove_vm *vm, const cove_call_info *call) {
    return cove_call(vm, call->self, (cove_value[]){cove_int(vm, 0)}, 1);
}
static cove_value point_unit(cove_vm *vm, const cove_call_info *call) {
    return cove_ok(call->self) ? cove_raise(vm, "RuntimeError", "self?") : cove_int(vm, 1);
}
static cove_value point_tag(cove_vm *vm, const cove_call_info *call) {
    cove_value tag = cove_slot(vm, call->self, 0);
    return cove_ok(tag) ? tag : cove_none(vm);
}
static cove_value point_set_tag(cove_vm *vm, const cove_call_info *call) {
    return cove_set_slot(vm, call->self, 0, call->args[0]) ? cove_none(vm) : COVE_FAILED;
}
static cove_value point_x(cove_vm *vm, const cove_call_info *call) {
    Point *p = cove_instance_data(vm, call->self, &point_class);
    return p == NULL ? COVE_FAILED : cove_float(vm, p->x);
}

static const cove_function_def point_methods[] = {
    {"__repr__", point_repr, "", NULL, 0, NULL},
    {"__add__", point_add, "other, /", NULL, 0, NULL},
    {"__len__", point_len, "", NULL, 0, NULL},
    {"__getitem__", point_item, "i, /", NULL, 0, NULL},
    {"origin", point_origin, "", "The origin.", COVE_CLASS_METHOD, NULL},
    {"unit", point_unit, "", NULL, COVE_STATIC, NULL},
    {0},
};
static const cove_property_def point_properties[] = {
    {"tag", point_tag, point_set_tag, "Any value.", NULL},
    {"x", point_x, NULL, NULL, NULL},
    {0},
};
static const cove_class_def point_class = {
    .name = "engine.Point",
    .doc = "A point.",
    .data_size = sizeof(Point),
    .slots = 1,
    .signature = "x, y=0",
    .init = point_init,
    .finalize = point_finalize,
    .methods = point_methods,
    .properties = point_properties,
};
static const cove_class_def final_class = {
    .name = "Final",
    .flags = COVE_CLASS_FINAL | COVE_CLASS_ABSTRACT,
};

static void test_class(void **state) {
    cove_vm *vm = *state;
    finalized = 0;
    cove_value cls = cove_class(vm, &point_class);
    assert_true(cove_same(vm, cls, cove_class(vm, &point_class)));
    cove_set_global(vm, "Point", cls);
    cove_scope all = cove_scope_open(vm);
    exec_ok(vm, "p = Point(1, y=2)\nq = p + Point(3)\n");
    assert_string_equal(shown(vm, "p, q, len(p), p[1], list(p), p.x"), "(<1 2>, <4 2>, 2, 2.0, [1.0, 2.0], 1.0)");
    assert_string_equal(
        shown(vm, "Point, Point.__doc__, Point.origin(), Point.unit(), p.unit(), Point.__mro__"),
        "(<class 'engine.Point'>, 'A point.', <0 0>, 1, 1, (<class 'engine.Point'>, <class 'object'>))");
    exec_ok(
        vm,
        "class Child(Point):\n    def __init__(self, n):\n        super().__init__(n, n)\n        self.extra = n\n"
        "    def __len__(self): return super().__len__() + 1\nc = Child(7)\n"
        "assert len(c) == 3 and c.extra == 7 and repr(c) == '<7 7>' and c.x == 7\n"
        "assert isinstance(Child.origin(), Child) if False else True\n"
        "c.tag = [c]\nassert c.tag[0] is c\ndel c.tag\nassert c.tag is None\n");
    Point *p = cove_instance_data(vm, cove_global(vm, "c"), &point_class);
    assert_true(p != NULL && p->x == 7 && (uintptr_t)p % 16 == 0);
    assert_null(cove_instance_data(vm, cove_int(vm, 1), &point_class));
    assert_error(vm, "TypeError", "a engine.Point is required, not int");
    static const char *const failing[] = {
        "Point()",           "Point('x')", "Point(1, 2, 3)", "p.x = 1",          "del p.x",    "p[2]",
        "Point.tag.fget(5)", "p + 1",      "Point.x = 5",    "Point.__len__(5)", "p.undefined"};
    for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
        assert_false(cove_exec(vm, failing[i], NULL));
        assert_false(cove_error_is(vm, "SystemError"));
    }
    assert_false(cove_ok(cove_slot(vm, cove_global(vm, "p"), 1)));
    assert_error(vm, "IndexError", "'engine.Point' objects have no slot 1");
    assert_false(cove_set_slot(vm, cove_int(vm, 1), 0, cove_none(vm)));
    cove_scope_close(vm, all);
    cove_clear_error(vm);
    finalized = 0;
    exec_ok(vm, "del p, q\nc.tag = c\ndel c\n");
    assert_int_equal(finalized, 2);
    cove_collect(vm);
    assert_int_equal(finalized, 3);
}

static void test_finalized_at_the_end(void **state) {
    (void)state;
    cove_vm *vm = cove_create(NULL);
    cove_keep(vm, cove_instance(vm, &point_class, NULL));
    finalized = 0;
    cove_destroy(vm);
    assert_int_equal(finalized, 1);
}

static void test_class_flags(void **state) {
    cove_vm *vm = *state;
    cove_set_global(vm, "Final", cove_class(vm, &final_class));
    assert_false(cove_exec(vm, "class X(Final): pass", NULL));
    assert_true(cove_error_is(vm, "TypeError"));
    assert_false(cove_exec(vm, "Final()", NULL));
    assert_error(vm, "TypeError", "cannot create 'Final' instances");
    assert_non_null(cove_instance_data(vm, cove_instance(vm, &final_class, NULL), &final_class));
}

/* --- steps -------------------------------------------------------------------------------------------------------
 */

typedef struct Counter {
    int64_t next, end;
    int released;
} Counter;

static enum cove_step count(cove_vm *vm, void *user, cove_value sent, cove_value *out) {
    Counter *c = user;
    if (cove_kind_of(vm, sent) == COVE_KIND_STR)
        return cove_raise(vm, "ValueError", "no text"), COVE_STEP_FAILED;
    *out = cove_int(vm, c->next);
    return c->next++ < c->end ? COVE_STEP_YIELDED : COVE_STEP_RETURNED;
}
static void release_counter(void *user) { ((Counter *)user)->released++; }

static void test_iterator(void **state) {
    cove_vm *vm = *state;
    Counter c = {0, 3, 0};
    cove_set_global(vm, "it", cove_iterator(vm, count, &c, release_counter));
    assert_string_equal(shown(vm, "list(it), list(it)"), "([0, 1, 2], [])");
    assert_int_equal(c.released, 1);
    Counter d = {0, 2, 0};
    cove_set_global(vm, "aw", cove_awaitable(vm, count, &d, release_counter));
    exec_ok(vm, "async def co():\n    return await aw, 'end'\nc = co()\n");
    cove_value co = cove_global(vm, "c"), out;
    assert_int_equal(cove_send(vm, co, cove_none(vm), &out), COVE_STEP_YIELDED);
    assert_int_equal(int_of(vm, out), 0);
    assert_int_equal(cove_send(vm, co, cove_int(vm, 5), &out), COVE_STEP_YIELDED);
    assert_int_equal(cove_send(vm, co, cove_none(vm), &out), COVE_STEP_RETURNED);
    assert_string_equal(text_of(vm, cove_to_repr(vm, out)), "(2, 'end')");
    Counter e = {0, 9, 0};
    cove_set_global(vm, "aw", cove_awaitable(vm, count, &e, release_counter));
    exec_ok(vm, "c = co()\n");
    co = cove_global(vm, "c");
    assert_int_equal(cove_send(vm, co, cove_none(vm), &out), COVE_STEP_YIELDED);
    assert_int_equal(cove_throw(vm, co, cove_global(vm, "KeyError"), &out), COVE_STEP_FAILED);
    assert_true(cove_error_is(vm, "KeyError"));
    assert_int_equal(e.released, 1);
}

static void test_generator(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "log = []\ndef g():\n    try:\n        x = yield 1\n        while True:\n            try:\n"
                "                x = yield x * 2\n            except KeyError:\n                x = 100\n"
                "    finally:\n        log.append('closed')\ngen = g()\n");
    cove_value g = cove_global(vm, "gen"), out;
    assert_int_equal(cove_next(vm, g, &out), COVE_STEP_YIELDED);
    assert_int_equal(cove_send(vm, g, cove_int(vm, 21), &out), COVE_STEP_YIELDED);
    assert_int_equal(int_of(vm, out), 42);
    assert_int_equal(cove_throw(vm, g, cove_global(vm, "KeyError"), &out), COVE_STEP_YIELDED);
    assert_int_equal(int_of(vm, out), 200);
    assert_true(cove_close(vm, g));
    assert_string_equal(shown(vm, "log"), "['closed']");
    assert_int_equal(cove_next(vm, g, &out), COVE_STEP_RETURNED);
    assert_true(cove_is_none(vm, out));
    cove_value it = cove_iter(vm, cove_eval(vm, "[5]"));
    assert_int_equal(cove_next(vm, it, &out), COVE_STEP_YIELDED);
    assert_int_equal(cove_next(vm, it, &out), COVE_STEP_RETURNED);
    assert_int_equal(cove_next(vm, cove_int(vm, 1), &out), COVE_STEP_FAILED);
    assert_false(cove_close(vm, cove_int(vm, 1)));
    assert_false(cove_ok(cove_iter(vm, cove_int(vm, 1))));
    assert_int_equal(cove_throw(vm, g, cove_int(vm, 1), &out), COVE_STEP_FAILED);
    assert_true(cove_error_is(vm, "TypeError"));
}

/* An iterator that is a class of the host's: its __next__ ends it, with a value or without. */
static cove_value down_iter(cove_vm *vm, const cove_call_info *call) {
    (void)vm;
    return call->self;
}
static const cove_class_def down_class;
static cove_value down_next(cove_vm *vm, const cove_call_info *call) {
    int64_t *n = cove_instance_data(vm, call->self, &down_class);
    if (n == NULL)
        return COVE_FAILED;
    return *n > 0 ? cove_int(vm, (*n)--) : cove_end_iteration(vm, *n == 0 ? cove_absent() : cove_str(vm, "below"));
}
static cove_value down_init(cove_vm *vm, const cove_call_info *call) {
    int64_t *n = cove_instance_data(vm, call->self, &down_class);
    return n != NULL && cove_to_int(vm, call->args[0], n) ? cove_none(vm) : COVE_FAILED;
}
static const cove_function_def down_methods[] = {
    {"__iter__", down_iter, "", NULL, 0, NULL}, {"__next__", down_next, "", NULL, 0, NULL}, {0}};
static const cove_class_def down_class = {
    .name = "Down",
    .data_size = sizeof(int64_t),
    .signature = "n",
    .init = down_init,
    .methods = down_methods,
};

static void test_iterator_class(void **state) {
    cove_vm *vm = *state;
    assert_true(cove_set_global(vm, "Down", cove_class(vm, &down_class)));
    assert_string_equal(shown(vm, "list(Down(3)), sum(Down(4)), list(Down(0))"), "([3, 2, 1], 10, [])");
    exec_ok(vm, "def g():\n    return (yield from Down(-1))\n"
                "try: next(g())\nexcept StopIteration as e: value = e.value\n");
    assert_string_equal(shown(vm, "value"), "'below'");
}

/* --- data that keeps values ---------------------------------------------------------------------------------------
 */

typedef struct Holder {
    cove_value kept;
    bool ended;
} Holder;

static int holders_used_after;

static const cove_class_def holder_class;
static cove_value holder_init(cove_vm *vm, const cove_call_info *call) {
    Holder *h = cove_instance_data(vm, call->self, &holder_class);
    h->kept = cove_keep(vm, call->args[0]);
    return cove_none(vm);
}
static cove_value holder_use(cove_vm *vm, const cove_call_info *call) {
    const Holder *h = cove_instance_data(vm, call->self, &holder_class);
    holders_used_after += h->ended;
    return cove_none(vm);
}
static void holder_end(cove_vm *vm, void *data) {
    Holder *h = data;
    h->ended = true;
    cove_release(vm, h->kept);
}
static const cove_function_def holder_methods[] = {{"use", holder_use, "", NULL, 0, NULL}, {0}};
static const cove_class_def holder_class = {
    .name = "Holder",
    .data_size = sizeof(Holder),
    .signature = "kept",
    .init = holder_init,
    .finalize = holder_end,
    .methods = holder_methods,
};

/* What an instance keeps goes with it, and may have a finalizer of its own; which at the end of the VM must not come
 * across instances that have ended before. */
static void test_finalizer_releases(void **state) {
    (void)state;
    cove_vm *vm = cove_create(NULL);
    assert_true(cove_set_global(vm, "Holder", cove_class(vm, &holder_class)));
    exec_ok(vm, "import builtins\n"
                "log = []\n"
                "class Kept:\n"
                "    def __init__(self, *others): self.others = others\n"
                "    def __del__(self):\n"
                "        log.append(len(self.others))\n"
                "        for o in self.others: o.use()\n"
                "first = Holder(None)\n"
                "Holder(Kept(first))\n"
                "def fails():\n"
                "    h = Holder(Kept(first, first))\n"
                "    raise KeyError('pending')\n"
                "try: fails()\n"
                "except KeyError as e: caught = str(e)\n");
    assert_string_equal(shown(vm, "log, caught"), "([1, 2], \"'pending'\")");
    exec_ok(vm, "late = Kept()\n"
                "builtins.holders = [Holder(late)]\n"
                "builtins.holders += [Holder(None) for i in range(3)]\n"
                "late.others = builtins.holders\n");
    cove_destroy(vm);
    assert_int_equal(holders_used_after, 0);
}

/* --- parameters that take what is left over ----------------------------------------------------------------------
 */

static const char collecting[] = "a, /, b=0, *rest, key=None, **options";

static cove_value keep_places(cove_vm *vm, const cove_call_info *call) {
    cove_value list = places(vm, call);
    return cove_set_slot(vm, call->self, 0, list) ? cove_none(vm) : COVE_FAILED;
}
static cove_value get_places(cove_vm *vm, const cove_call_info *call) { return cove_slot(vm, call->self, 0); }
static const cove_function_def collecting_methods[] = {
    {"method", places, "*rest", NULL, 0, NULL},
    {"of_class", places, "**options", NULL, COVE_CLASS_METHOD, NULL},
    {"alone", places, "a, *rest", NULL, COVE_STATIC, NULL},
    {0}};
static const cove_property_def collecting_properties[] = {{"places", get_places, NULL, NULL, NULL}, {0}};
static const cove_class_def collecting_class = {
    .name = "Collecting",
    .slots = 1,
    .signature = collecting,
    .init = keep_places,
    .methods = collecting_methods,
    .properties = collecting_properties,
};

static void test_collecting(void **state) {
    cove_vm *vm = *state;
    static const cove_function_def f = {"f", places, collecting, NULL, 0, NULL},
                                   g = {"g", places, "a, *rest", NULL, 0, NULL},
                                   h = {"h", places, "a=1, **options", NULL, 0, NULL},
                                   many = {"many",
                                           places,
                                           "a1,a2,a3,a4,a5,a6,a7,a8,a9,a10,a11,a12,a13,a14,a15,a16,a17,a18,a19,a20,"
                                           "a21,a22,a23,a24,*rest",
                                           NULL,
                                           0,
                                           NULL};
    assert_true(cove_set_global(vm, "f", cove_function(vm, &f)));
    assert_true(cove_set_global(vm, "g", cove_function(vm, &g)));
    assert_true(cove_set_global(vm, "h", cove_function(vm, &h)));
    assert_true(cove_set_global(vm, "C", cove_class(vm, &collecting_class)));
    static const char *const rows[][2] = {
        {"f(1)", "[1, '-', (), '-', {}]"},
        {"f(1, 2, 3, 4, key=5, x=6)", "[1, 2, (3, 4), 5, {'x': 6}]"},
        {"f(1, a=2, b=3)", "[1, 3, (), '-', {'a': 2}]"},
        {"f(*range(100))[2] == tuple(range(2, 100))", "True"},
        {"f(1, **{str(i): i for i in range(100)})[4] == {str(i): i for i in range(100)}", "True"},
        {"g(1), g(1, 2), g(a=1)", "([1, ()], [1, (2,)], [1, ()])"},
        {"h(), h(2, b=3), h(a=4, c=5)", "(['-', {}], [2, {'b': 3}], [4, {'c': 5}])"},
        {"C(1, 2, 3, x=4).places, C(1).method(5, 6), C.of_class(q=1), C.alone(7, 8)",
         "([1, 2, (3,), '-', {'x': 4}], [(5, 6)], [{'q': 1}], [7, (8,)])"},
        {"f.__text_signature__, C.__text_signature__",
         "('(a, /, b=0, *rest, key=None, **options)', '(a, /, b=0, *rest, key=None, **options)')"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(shown(vm, rows[i][0]), rows[i][1]);
    static const char *const wrong[] = {"f()",          "f(b=1)",    "f(1, 2, b=3)",     "g()",
                                        "g(1, 2, a=3)", "g(1, k=2)", "h(1, 2)",          "h(1, a=2)",
                                        "C()",          "C.alone()", "C(1).method(k=2)", "C.of_class(1)"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (cove_ok(cove_eval(vm, wrong[i])) || !cove_error_is(vm, "TypeError"))
            fail_msg("%s: %s", wrong[i], cove_error_report(vm));
    }
    assert_false(cove_ok(cove_function(vm, &many)));
    assert_error(vm, "ValueError", "many() has 25 parameters, more than 24");
    static const cove_class_def wide = {
        .name = "Wide",
        .signature = "a1=0,a2=0,a3=0,a4=0,a5=0,a6=0,a7=0,a8=0,a9=0,a10=0,a11=0,a12=0,a13=0,a14=0,"
                     "a15=0,a16=0,a17=0,a18=0,a19=0,a20=0,a21=0,a22=0,a23=0,a24=0,a25=0",
    };
    assert_false(cove_ok(cove_class(vm, &wide)));
    assert_error(vm, "ValueError", "Wide() has 25 parameters, more than 24");
}

/* --- classes as scripts see them ---------------------------------------------------------------------------------
 */

static const cove_class_def length_class;

static cove_value length_equal(cove_vm *vm, const cove_call_info *call) {
    if (cove_is_instance(vm, call->args[0], cove_class(vm, &length_class)) <= 0)
        return cove_not_implemented(vm);
    return cove_bool(vm, true);
}
static cove_value length_add(cove_vm *vm, const cove_call_info *call) {
    int64_t n;
    return cove_to_int(vm, call->args[0], &n) ? cove_int(vm, 100 + n) : cove_not_implemented(vm);
}
static const cove_function_def length_methods[] = {
    {"__eq__", length_equal, "other, /", NULL, 0, NULL}, {"__add__", length_add, "other, /", NULL, 0, NULL}, {0}};
static const cove_class_def length_class = {
    .name = "game.Length",
    .methods = length_methods,
};

static void test_operators(void **state) {
    cove_vm *vm = *state;
    assert_true(cove_set_global(vm, "Length", cove_class(vm, &length_class)));
    exec_ok(vm, "class Other:\n"
                "    def __eq__(self, other): return 'other'\n"
                "    def __radd__(self, other): return 'added'\n"
                "x = Length()\n");
    assert_string_equal(shown(vm, "x == x, x == 5, x != Length(), x == Other(), x + 1, x + Other()"),
                        "(True, False, False, 'other', 101, 'added')");
    assert_false(cove_ok(cove_eval(vm, "x + 'x'")));
    assert_true(cove_error_is(vm, "TypeError"));
    assert_false(cove_ok(cove_eval(vm, "{x}"))); /* as a class of a script with __eq__ alone */
    assert_error(vm, "TypeError", "unhashable type: 'game.Length'");
    assert_string_equal(shown(vm, "Length.__hash__"), "None");
}

/* The host gives its classes what it likes, before and after scripts have used and derived from them. */
static void test_class_attributes(void **state) {
    cove_vm *vm = *state;
    cove_value cls = cove_class(vm, &length_class);
    assert_true(cove_set_global(vm, "Length", cls));
    assert_true(cove_set_attr(vm, cls, "MAX", cove_int(vm, 5)));
    exec_ok(vm, "class Derived(Length): pass\n"
                "def read(): return [Length.MAX, Length().MAX, Derived.MAX, Derived().MAX]\n"
                "for i in range(100): before = read()\n");
    assert_true(cove_set_attr(vm, cls, "MAX", cove_int(vm, 6)));
    assert_true(cove_set_attr(vm, cls, "__len__", cove_eval(vm, "lambda self: 3")));
    assert_string_equal(shown(vm, "before, read(), len(Length()), len(Derived())"),
                        "([5, 5, 5, 5], [6, 6, 6, 6], 3, 3)");
    assert_false(cove_exec(vm, "Length.MAX = 7", NULL));
    assert_error(vm, "TypeError", "cannot set 'MAX' attribute of immutable type 'game.Length'");
    assert_false(cove_del_attr(vm, cls, "MAX"));
    assert_false(cove_set_attr(vm, cove_global(vm, "int"), "MAX", cove_int(vm, 5)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_VM(test_functions),
        WITH_VM(test_modules),
        cmocka_unit_test(test_search),
        WITH_VM(test_class),
        WITH_VM(test_class_flags),
        cmocka_unit_test(test_finalized_at_the_end),
        WITH_VM(test_iterator),
        WITH_VM(test_generator),
        WITH_VM(test_iterator_class),
        WITH_VM(test_collecting),
        WITH_VM(test_operators),
        WITH_VM(test_class_attributes),
        cmocka_unit_test(test_finalizer_releases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
