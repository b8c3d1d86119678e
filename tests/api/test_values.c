/* Making and reading values, operations on them, scopes, failures, running texts. */
#include "api_test.h"

#include <math.h>

static void test_numbers(void **state) {
    cove_vm *vm = *state;
    assert_int_equal(int_of(vm, cove_int(vm, INT64_MIN)), INT64_MIN);
    assert_int_equal(int_of(vm, cove_int(vm, -1)), -1);
    uint64_t u;
    assert_true(cove_to_uint(vm, cove_uint(vm, UINT64_MAX), &u) && u == UINT64_MAX);
    assert_false(cove_to_uint(vm, cove_int(vm, -1), &u));
    assert_error(vm, "OverflowError", "can't convert negative int to unsigned");
    int64_t i;
    assert_false(cove_to_int(vm, cove_uint(vm, UINT64_MAX), &i));
    assert_true(cove_error_is(vm, "OverflowError") && cove_error_is(vm, "ArithmeticError"));
    double d, e;
    assert_true(cove_to_double(vm, cove_float(vm, 0.5), &d) && d == 0.5);
    assert_true(cove_to_double(vm, cove_float(vm, NAN), &d) && isnan(d));
    assert_true(cove_to_double(vm, cove_int(vm, 3), &d) && d == 3);
    assert_false(cove_to_double(vm, cove_str(vm, "x"), &d));
    assert_error(vm, "TypeError", "must be real number, not str");
    assert_true(cove_to_complex(vm, cove_complex(vm, 1, -2), &d, &e) && d == 1 && e == -2);
    assert_true(cove_to_complex(vm, cove_float(vm, 7), &d, &e) && d == 7 && e == 0);
    assert_int_equal(cove_kind_of(vm, cove_bool(vm, true)), COVE_KIND_BOOL);
    assert_true(cove_same(vm, cove_bool(vm, true), cove_eval(vm, "True")));
    assert_true(cove_is_none(vm, cove_none(vm)));
}

static void test_large_ints(void **state) {
    cove_vm *vm = *state;
    cove_value big = cove_int_from_text(vm, "-0x1_0000_0000_0000_0000_0000", 0);
    assert_string_equal(text_of(vm, cove_to_str(vm, big)), "-1208925819614629174706176");
    unsigned char bytes[16];
    assert_int_equal(cove_int_bytes(vm, big, bytes, 3, true), 11);
    assert_int_equal(cove_int_bytes(vm, big, bytes, sizeof bytes, true), 11);
    assert_int_equal(cove_equal(vm, cove_int_from_bytes(vm, bytes, sizeof bytes, true, true), big), 1);
    static const int64_t edges[] = {0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, -32768, INT64_MAX, INT64_MIN};
    for (size_t k = 0; k < sizeof edges / sizeof *edges; k++) {
        size_t n = cove_int_bytes(vm, cove_int(vm, edges[k]), bytes, sizeof bytes, false);
        assert_true(n >= 1 && n <= 8);
        assert_int_equal(cove_int_bytes(vm, cove_int(vm, edges[k]), bytes, n, false), n);
        assert_int_equal(int_of(vm, cove_int_from_bytes(vm, bytes, n, false, true)), edges[k]);
    }
    assert_false(cove_ok(cove_int_from_text(vm, "12x", 10)));
    assert_true(cove_error_is(vm, "ValueError"));
    assert_false(cove_ok(cove_int_from_text(vm, "12", 99)));
    assert_int_equal(cove_int_bytes(vm, cove_str(vm, ""), bytes, 1, true), 0);
}

static void test_text(void **state) {
    cove_vm *vm = *state;
    size_t n;
    cove_value s = cove_str_n(vm, "a\0\xc3\xa9", 4);
    assert_memory_equal(cove_text(vm, s, &n), "a\0\xc3\xa9", 5);
    assert_int_equal(n, 4);
    assert_int_equal(cove_text_length(vm, s), 3);
    assert_false(cove_ok(cove_str(vm, "\xff")));
    assert_true(cove_error_is(vm, "UnicodeDecodeError"));
    assert_null(cove_text(vm, cove_int(vm, 1), &n));
    assert_error(vm, "TypeError", "a str is required, not int");
    assert_int_equal(cove_text_length(vm, cove_none(vm)), -1);
    assert_string_equal(text_of(vm, cove_str_format(vm, "%d-%s", 5, "x")), "5-x");
    char large[600];
    memset(large, 'x', sizeof large - 1);
    large[sizeof large - 1] = 0;
    assert_int_equal(cove_text_length(vm, cove_str_format(vm, "<%s>", large)), 601);
    assert_true(cove_same(vm, cove_name(vm, "some_name"), cove_name(vm, "some_name")));
    assert_string_equal(text_of(vm, cove_to_repr(vm, cove_str(vm, "q'"))), "\"q'\"");
}

static void test_bytes(void **state) {
    cove_vm *vm = *state;
    size_t n;
    assert_memory_equal(cove_data(vm, cove_bytes(vm, "ab\0", 3), &n), "ab\0", 3);
    assert_int_equal(n, 3);
    assert_memory_equal(cove_data(vm, cove_bytes(vm, NULL, 4), NULL), "\0\0\0\0", 4);
    assert_null(cove_data(vm, cove_str(vm, "x"), NULL));
    cove_value a = cove_bytearray(vm, "abc", 3);
    cove_buffer view;
    assert_true(cove_buffer_get(vm, a, &view, true));
    ((char *)view.data)[0] = 'X';
    assert_int_equal(view.size, 3);
    assert_string_equal(view.format, "B");
    assert_false(cove_ok(cove_call_method(vm, a, "append", (cove_value[]){cove_int(vm, 1)}, 1)));
    assert_true(cove_error_is(vm, "BufferError"));
    cove_buffer_release(vm, &view);
    cove_buffer_release(vm, &view);
    assert_string_equal(text_of(vm, cove_to_repr(vm, a)), "bytearray(b'Xbc')");
    assert_false(cove_buffer_get(vm, cove_bytes(vm, "x", 1), &view, true));
    assert_true(cove_error_is(vm, "BufferError"));
    assert_false(cove_buffer_get(vm, cove_int(vm, 1), &view, false));
    assert_true(cove_error_is(vm, "TypeError"));
}

static void note_release(void *data, void *user) {
    (void)data;
    ++*(int *)user;
}

static void test_memory(void **state) {
    cove_vm *vm = *state;
    char data[4] = "abcd";
    static int released;
    released = 0;
    cove_scope scope = cove_scope_open(vm);
    assert_true(cove_set_global(vm, "m", cove_memory(vm, data, 4, true, note_release, &released)));
    cove_scope_close(vm, scope);
    exec_ok(vm, "m[1] = 90\nassert bytes(m) == b'aZcd'\nk = m[2:]\ndel m");
    assert_int_equal(data[1], 'Z');
    assert_int_equal(released, 0);
    exec_ok(vm, "del k");
    assert_int_equal(released, 1);
    cove_set_global(vm, "r", cove_memory(vm, data, 4, false, note_release, &released));
    assert_false(cove_exec(vm, "r[0] = 1", NULL));
    assert_true(cove_error_is(vm, "TypeError"));
}

static void test_containers(void **state) {
    cove_vm *vm = *state;
    cove_value items[3] = {cove_int(vm, 3), cove_str(vm, "b"), cove_none(vm)};
    cove_value list = cove_list(vm, items, 3), tuple = cove_tuple(vm, items, 3), dict = cove_dict(vm);
    assert_int_equal(cove_kind_of(vm, list), COVE_KIND_LIST);
    assert_true(cove_list_append(vm, list, cove_int(vm, 9)));
    assert_string_equal(text_of(vm, cove_to_repr(vm, list)), "[3, 'b', None, 9]");
    assert_string_equal(text_of(vm, cove_to_repr(vm, tuple)), "(3, 'b', None)");
    assert_false(cove_list_append(vm, tuple, items[0]));
    assert_true(cove_set_key(vm, dict, "k", list));
    assert_true(cove_set_item(vm, dict, cove_int(vm, 1), tuple));
    assert_true(cove_same(vm, cove_get_key(vm, dict, "k"), list));
    assert_false(cove_ok(cove_get_key(vm, dict, "nix")));
    assert_error(vm, "KeyError", "'nix'");
    size_t at = 0, seen = 0;
    cove_value key, value;
    while (cove_dict_next(vm, dict, &at, &key, &value))
        seen++;
    assert_int_equal(seen, 2);
    assert_false(cove_dict_next(vm, list, &at, &key, NULL));
    assert_int_equal(cove_length(vm, dict), 2);
    assert_int_equal(cove_length(vm, cove_int(vm, 1)), -1);
    assert_int_equal(cove_contains(vm, list, items[1]), 1);
    assert_int_equal(int_of(vm, cove_get_index(vm, list, -1)), 9);
    assert_true(cove_set_index(vm, list, 0, cove_int(vm, 8)));
    assert_false(cove_ok(cove_get_index(vm, list, 100)));
    assert_true(cove_error_is(vm, "IndexError"));
    cove_value part = cove_get_item(vm, list, cove_slice(vm, cove_int(vm, 1), cove_absent(), cove_int(vm, 2)));
    assert_string_equal(text_of(vm, cove_to_repr(vm, part)), "['b', 9]");
    assert_true(cove_del_item(vm, dict, cove_int(vm, 1)));
    cove_value set = cove_set(vm, items, 2), frozen = cove_frozenset(vm, items, 2);
    assert_int_equal(cove_kind_of(vm, set), COVE_KIND_SET);
    assert_int_equal(cove_kind_of(vm, frozen), COVE_KIND_FROZENSET);
    assert_int_equal(cove_equal(vm, set, frozen), 1);
    assert_true(cove_set_add(vm, set, cove_int(vm, 4)));
    assert_false(cove_set_add(vm, frozen, cove_int(vm, 4)));
    assert_false(cove_ok(cove_set(vm, &list, 1)));
    assert_true(cove_error_is(vm, "TypeError"));
}

static void test_operations(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm,
            "class C:\n    x = 1\n    def m(self, a, *, b=2): return (a, b)\nc = C()\ndef f(*a, **k): return a, k\n");
    cove_value c = cove_global(vm, "c"), one = cove_int(vm, 1), two = cove_int(vm, 2);
    assert_int_equal(int_of(vm, cove_get_attr(vm, c, "x")), 1);
    assert_true(cove_set_attr(vm, c, "y", two));
    assert_int_equal(cove_has_attr(vm, c, "y"), 1);
    assert_true(cove_del_attr(vm, c, "y"));
    assert_int_equal(cove_has_attr(vm, c, "y"), 0);
    assert_false(cove_ok(cove_get_attr(vm, c, "y")));
    assert_error(vm, "AttributeError", "'C' object has no attribute 'y'");
    assert_string_equal(text_of(vm, cove_to_repr(vm, cove_call_method(vm, c, "m", &one, 1))), "(1, 2)");
    static const char *const names[] = {"b", "z", NULL};
    cove_value args[3] = {one, two, cove_str(vm, "s")};
    cove_value r = cove_call_keywords(vm, cove_global(vm, "f"), args, 1, names);
    assert_string_equal(text_of(vm, cove_to_repr(vm, r)), "((1,), {'b': 2, 'z': 's'})");
    cove_value dict = cove_dict(vm);
    cove_set_key(vm, dict, "q", two);
    r = cove_apply(vm, cove_global(vm, "f"), cove_list(vm, args, 2), dict);
    assert_string_equal(text_of(vm, cove_to_repr(vm, r)), "((1, 2), {'q': 2})");
    assert_int_equal(int_of(vm, cove_operate(vm, cove_int(vm, 2), "**", cove_int(vm, 10))), 1024);
    assert_false(cove_ok(cove_operate(vm, one, "and", two)));
    assert_false(cove_ok(cove_operate(vm, one, "/", cove_int(vm, 0))));
    assert_error(vm, "ZeroDivisionError", "division by zero");
    assert_int_equal(cove_compare(vm, one, COVE_LT, two), 1);
    assert_int_equal(cove_compare(vm, one, COVE_LT, cove_str(vm, "")), -1);
    assert_int_equal(cove_truth(vm, cove_list(vm, NULL, 0)), 0);
    assert_int_equal(cove_is_instance(vm, c, cove_global(vm, "C")), 1);
    assert_int_equal(cove_is_instance(vm, c, one), -1);
    assert_true(cove_is_callable(vm, cove_global(vm, "C")) && !cove_is_callable(vm, one));
    int64_t hash;
    assert_true(cove_hash(vm, one, &hash) && hash == 1);
    assert_false(cove_hash(vm, dict, &hash));
    assert_string_equal(cove_type_name(vm, c), "C");
    assert_true(cove_same(vm, cove_type_of(vm, c), cove_global(vm, "C")));
    assert_false(cove_ok(cove_call(vm, one, NULL, 0)));
    assert_error(vm, "TypeError", "'int' object is not callable");
}

static void test_failed_values_travel(void **state) {
    cove_vm *vm = *state;
    cove_value bad = cove_global(vm, "nowhere");
    assert_false(cove_ok(cove_call_method(vm, cove_get_attr(vm, bad, "a"), "b", NULL, 0)));
    assert_error(vm, "NameError", "name 'nowhere' is not defined");
    assert_false(cove_ok(cove_list(vm, &bad, 1)));
    assert_int_equal(cove_length(vm, bad), -1);
    assert_null(cove_text(vm, bad, NULL));
    assert_error(vm, "NameError", "name 'nowhere' is not defined");
    cove_clear_error(vm);
    assert_false(cove_ok(cove_error(vm)));
    assert_string_equal(cove_error_report(vm), "");
    assert_false(cove_ok(cove_to_str(vm, cove_absent())));
    assert_true(cove_error_is(vm, "TypeError"));
    assert_int_equal(cove_kind_of(vm, cove_absent()), COVE_KIND_ABSENT);
    assert_string_equal(cove_type_name(vm, cove_absent()), "absent");
}

static void test_errors(void **state) {
    cove_vm *vm = *state;
    assert_false(cove_exec(vm, "def f(n):\n    raise ValueError(n)\nf(5)\n", "a.co"));
    assert_error(vm, "ValueError", "5");
    assert_string_equal(cove_error_report(vm), "Traceback (most recent call last):\n"
                                               "  File \"a.co\", line 3, in <module>\n"
                                               "    f(5)\n"
                                               "    ~^^^\n"
                                               "  File \"a.co\", line 2, in f\n"
                                               "    raise ValueError(n)\n"
                                               "ValueError: 5\n");
    assert_int_equal(cove_kind_of(vm, cove_error(vm)), COVE_KIND_EXCEPTION);
    assert_false(cove_exec(vm, "x = = 1", "b.co"));
    assert_error(vm, "SyntaxError", "invalid syntax (b.co, line 1)");
    assert_false(cove_ok(cove_raise(vm, "NoSuchError", "x")));
    assert_error(vm, "SystemError", "there is no exception class NoSuchError (x)");
    cove_value mine = cove_new_exception(vm, "game.Lost", cove_global(vm, "LookupError"));
    cove_raise_value(vm, cove_call(vm, mine, (cove_value[]){cove_str(vm, "gone")}, 1));
    assert_error(vm, "Lost", "gone");
    assert_true(cove_error_is(vm, "LookupError"));
    assert_string_equal(cove_error_report(vm), "game.Lost: gone\n");
    assert_false(cove_ok(cove_new_exception(vm, "X", cove_global(vm, "int"))));
    cove_raise_errno(vm, 2, "file");
    assert_error(vm, "FileNotFoundError", "[Errno 2] No such file or directory: 'file'");
}

static void test_scopes(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "gone = []\nclass D:\n    def __del__(self): gone.append(1)\n");
    cove_scope outer = cove_scope_open(vm);
    cove_value kept = cove_keep(vm, cove_call(vm, cove_global(vm, "D"), NULL, 0));
    cove_scope inner = cove_scope_open(vm);
    cove_value out = cove_call(vm, cove_global(vm, "D"), NULL, 0);
    cove_call(vm, cove_global(vm, "D"), NULL, 0);
    out = cove_scope_close_with(vm, inner, out);
    assert_string_equal(shown(vm, "len(gone)"), "1");
    assert_string_equal(cove_type_name(vm, out), "D");
    cove_scope_close(vm, outer);
    assert_string_equal(shown(vm, "len(gone)"), "2");
    assert_string_equal(cove_type_name(vm, kept), "D");
    cove_release(vm, kept);
    assert_string_equal(shown(vm, "len(gone)"), "3");
    for (int i = 0; i < 1000; i++)
        cove_str_format(vm, "text %d", i);
}

static void test_running(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "x = 1");
    assert_true(cove_set_global(vm, "y", cove_int(vm, 2)));
    assert_int_equal(int_of(vm, cove_eval(vm, "x + y")), 3);
    assert_int_equal(int_of(vm, cove_get_attr(vm, cove_main(vm), "x")), 1);
    static const char text[] = "z = x0 * 2";
    cove_value module = cove_new_module(vm, "cell"),
               code = cove_compile(vm, text, sizeof text - 1, "c.co", COVE_MODE_EXEC);
    assert_true(cove_set_attr(vm, module, "x0", cove_int(vm, 21)));
    assert_true(cove_is_none(vm, cove_run_code(vm, code, module)));
    assert_int_equal(int_of(vm, cove_get_attr(vm, module, "z")), 42);
    assert_false(cove_ok(cove_run_code(vm, cove_int(vm, 1), module)));
    assert_false(cove_ok(cove_run_code(vm, code, cove_int(vm, 1))));
    assert_false(cove_ok(cove_compile(vm, "1", 1, NULL, (enum cove_mode)9)));
}

static void test_import(void **state) {
    cove_vm *vm = *state;
    cove_value list = cove_list(vm, (cove_value[]){cove_int(vm, 1), cove_none(vm)}, 2);
    assert_string_equal(text_of(vm, cove_call_method(vm, cove_import(vm, "json"), "dumps", &list, 1)), "[1, null]");
    assert_false(cove_ok(cove_import(vm, "no.such")));
    assert_error(vm, "ModuleNotFoundError", "No module named 'no'");
}

/* Texts as hosts have them: with a mark of UTF-8 from an editor, expressions with spaces before them. */
static void test_sources(void **state) {
    cove_vm *vm = *state;
    exec_ok(vm, "\xef\xbb\xbfx = 5\n");
    assert_int_equal(int_of(vm, cove_eval(vm, " \t x + 1\n")), 6);
    assert_int_equal(int_of(vm, cove_eval(vm, "\xef\xbb\xbfx")), 5);
    assert_false(cove_ok(cove_eval(vm, "")));
    assert_true(cove_error_is(vm, "SyntaxError"));
    exec_ok(vm, "def outer(x): return lambda: x\n");
    assert_false(cove_ok(cove_run_code(vm, cove_eval(vm, "outer(1).__code__"), cove_absent())));
    assert_error(vm, "TypeError", "a code object that is run by itself may not contain free variables");
    assert_int_equal(cove_compare(vm, cove_int(vm, 1), (enum cove_comparison)9, cove_int(vm, 2)), -1);
    assert_error(vm, "ValueError", "there is no comparison 9");
}

/* A config or statistics whose size somebody forgot are those of the first version. */
static void test_forgotten_size(void **state) {
    (void)state;
    cove_config config = {.recursion_limit = 50, .user = &config};
    cove_vm *vm = cove_create(&config);
    cove_stats stats = {0};
    assert_ptr_equal(cove_user(vm), &config);
    assert_false(cove_exec(vm, "def f(n): return n and f(n - 1)\nf(60)", NULL));
    assert_true(cove_error_is(vm, "RecursionError"));
    exec_ok(vm, "import sys\nsys.setrecursionlimit(40)\nsys.setrecursionlimit(50)\n");
    assert_false(cove_exec(vm, "sys.setrecursionlimit(51)", NULL));
    assert_error(vm, "ValueError", "recursion limit must not be above 50 here");
    cove_set_limits(vm, 0, 60);
    exec_ok(vm, "sys.setrecursionlimit(60)\n");
    cove_set_limits(vm, 0, 0);
    exec_ok(vm, "sys.setrecursionlimit(5000)\n");
    cove_get_stats(vm, &stats);
    assert_true(stats.memory > 0 && stats.threads == 1);
    cove_destroy(vm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_VM(test_numbers),    WITH_VM(test_large_ints),
        WITH_VM(test_text),       WITH_VM(test_bytes),
        WITH_VM(test_memory),     WITH_VM(test_containers),
        WITH_VM(test_errors),     WITH_VM(test_scopes),
        WITH_VM(test_operations), WITH_VM(test_failed_values_travel),
        WITH_VM(test_import),     WITH_VM(test_running),
        WITH_VM(test_sources),    cmocka_unit_test(test_forgotten_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
