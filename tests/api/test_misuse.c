/* Wrong use. What a script can bring about (wrong types, limits, strange classes) fails with an exception in every
 * build. What only a host can do wrong ends the process with a message in builds for debugging; there each case is
 * tried in a child process. */
#include "api_test.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- wrong types -------------------------------------------------------------------------------------------------
 */

static void test_wrong_types(void **state) {
    cove_vm *vm = *state;
    cove_value n = cove_int(vm, 5), text = cove_str(vm, "text"), list = cove_list(vm, &n, 1), none = cove_none(vm),
               key, v;
    int64_t i;
    uint64_t u;
    double d, e;
    size_t at = 0;
    cove_buffer buffer;
#define FAILS(call, type)                                                                                            \
    do {                                                                                                             \
        cove_clear_error(vm);                                                                                        \
        if (call)                                                                                                    \
            fail_msg("%s went through", #call);                                                                      \
        if (!cove_error_is(vm, type))                                                                                \
            fail_msg("%s: %s", #call, cove_error_report(vm));                                                        \
    } while (0)
    FAILS(cove_to_int(vm, text, &i), "TypeError");
    FAILS(cove_to_uint(vm, cove_int(vm, -1), &u), "OverflowError");
    FAILS(cove_to_double(vm, list, &d), "TypeError");
    FAILS(cove_to_complex(vm, text, &d, &e), "TypeError");
    FAILS(cove_int_bytes(vm, text, NULL, 0, true) != 0, "TypeError");
    FAILS(cove_text(vm, n, NULL), "TypeError");
    FAILS(cove_text_length(vm, n) >= 0, "TypeError");
    FAILS(cove_data(vm, text, NULL), "TypeError");
    FAILS(cove_buffer_get(vm, n, &buffer, false), "TypeError");
    FAILS(cove_ok(cove_call(vm, n, NULL, 0)), "TypeError");
    FAILS(cove_ok(cove_apply(vm, n, cove_absent(), cove_absent())), "TypeError");
    FAILS(cove_ok(cove_apply(vm, cove_global(vm, "print"), list, list)), "TypeError");
    FAILS(cove_ok(cove_call_method(vm, n, "no_such_method", NULL, 0)), "AttributeError");
    FAILS(cove_ok(cove_get_attr(vm, n, "no_such")), "AttributeError");
    FAILS(cove_set_attr(vm, n, "no_such", n), "AttributeError");
    FAILS(cove_del_attr(vm, n, "real"), "AttributeError");
    FAILS(cove_ok(cove_get_item(vm, n, n)), "TypeError");
    FAILS(cove_set_item(vm, text, n, n), "TypeError");
    FAILS(cove_del_item(vm, text, n), "TypeError");
    FAILS(cove_ok(cove_get_index(vm, list, 99)), "IndexError");
    FAILS(cove_set_index(vm, list, 99, n), "IndexError");
    FAILS(cove_ok(cove_get_key(vm, list, "k")), "TypeError");
    FAILS(cove_set_key(vm, list, "k", n), "TypeError");
    FAILS(cove_length(vm, n) >= 0, "TypeError");
    FAILS(cove_contains(vm, n, n) >= 0, "TypeError");
    FAILS(cove_compare(vm, n, COVE_LT, text) >= 0, "TypeError");
    FAILS(cove_ok(cove_operate(vm, n, "+", text)), "TypeError");
    FAILS(cove_ok(cove_operate(vm, n, "<>", n)), "ValueError");
    FAILS(cove_is_instance(vm, n, n) >= 0, "TypeError");
    FAILS(cove_hash(vm, list, &i), "TypeError");
    FAILS(cove_list_append(vm, text, n), "TypeError");
    FAILS(cove_set_add(vm, list, n), "TypeError");
    FAILS(cove_set_add(vm, cove_set(vm, NULL, 0), list), "TypeError");
    FAILS(cove_dict_next(vm, list, &at, &key, &v), "TypeError");
    FAILS(cove_ok(cove_iter(vm, n)), "TypeError");
    FAILS(cove_next(vm, n, &v) >= 0, "TypeError");
    FAILS(cove_ok(cove_run_code(vm, text, cove_absent())), "TypeError");
    FAILS(cove_ok(cove_compile(vm, "1", 1, NULL, (enum cove_mode)9)), "ValueError");
    FAILS(cove_ok(cove_import(vm, "no_such_module")), "ModuleNotFoundError");
    FAILS(cove_ok(cove_int_from_text(vm, "12x", 10)), "ValueError");
    FAILS(cove_ok(cove_str_n(vm, "\xff", 1)), "UnicodeDecodeError");
    FAILS(cove_ok(cove_new_exception(vm, "E", text)), "TypeError");
    FAILS(cove_ok(cove_raise_value(vm, text)), "TypeError");
    FAILS(cove_ok(cove_await(vm, n)), "TypeError");
    FAILS(cove_ok(cove_start(vm, none, NULL, NULL)), "TypeError");
    FAILS(cove_ok(cove_slot(vm, n, 0)), "TypeError");
    FAILS(cove_set_slot(vm, n, 0, n), "TypeError");
    FAILS(cove_exec_file(vm, "/nonexistent/file.co"), "FileNotFoundError");
    /* absent values, and what failed, travel */
    FAILS(cove_ok(cove_call(vm, cove_absent(), NULL, 0)), "TypeError");
    FAILS(cove_ok(cove_list(vm, (cove_value[]){n, cove_absent()}, 2)), "TypeError");
    assert_int_equal(cove_kind_of(vm, cove_absent()), COVE_KIND_ABSENT);
}

/* --- only for builds for debugging -------------------------------------------------------------------------------
 */

#ifndef NDEBUG

static void without_vm(cove_vm *vm) {
    (void)vm;
    cove_exec(NULL, "1", NULL);
}
static void destroyed(cove_vm *vm) {
    cove_destroy(vm);
    cove_eval(vm, "1");
}
static void destroyed_twice(cove_vm *vm) {
    cove_destroy(vm);
    cove_destroy(vm);
}
static void left(cove_vm *vm) {
    cove_leave(vm);
    cove_eval(vm, "1");
}
static void *call_from_outside(void *vm) {
    cove_str(vm, "text");
    return NULL;
}
static void wrong_thread(cove_vm *vm) {
    pthread_t thread;
    pthread_create(&thread, NULL, call_from_outside, vm);
    pthread_join(thread, NULL);
}
static void other_vm(cove_vm *vm) {
    cove_vm *other = cove_create(NULL);
    cove_to_repr(vm, cove_str(other, "text"));
}
static void other_vm_among_arguments(cove_vm *vm) {
    cove_vm *other = cove_create(NULL);
    cove_value args[2] = {cove_int(vm, 1), cove_list(other, NULL, 0)};
    cove_call(vm, cove_global(vm, "print"), args, 2);
}
static void after_its_scope(cove_vm *vm) {
    cove_scope scope = cove_scope_open(vm);
    cove_value v = cove_str_format(vm, "number %d", 5);
    cove_scope_close(vm, scope);
    cove_to_repr(vm, v);
}
static void after_release(cove_vm *vm) {
    cove_scope scope = cove_scope_open(vm);
    cove_value v = cove_keep(vm, cove_list(vm, NULL, 0));
    cove_scope_close(vm, scope);
    cove_release(vm, v);
    cove_length(vm, v);
}
static void no_source(cove_vm *vm) { cove_exec(vm, NULL, NULL); }
static void no_expression(cove_vm *vm) { cove_eval(vm, NULL); }
static void no_text(cove_vm *vm) { cove_str(vm, NULL); }
static void no_name(cove_vm *vm) { cove_global(vm, NULL); }
static void no_attribute(cove_vm *vm) { cove_get_attr(vm, cove_none(vm), NULL); }

static void no_definition(cove_vm *vm) { cove_class(vm, NULL); }
static void no_place(cove_vm *vm) { cove_next(vm, cove_none(vm), NULL); }
static void text_after_its_scope(cove_vm *vm) {
    cove_scope scope = cove_scope_open(vm);
    cove_value v = cove_str_format(vm, "number %d", 5);
    cove_scope_close(vm, scope);
    cove_text(vm, v, NULL);
}
static void scopes_in_disorder(cove_vm *vm) {
    cove_scope outer = cove_scope_open(vm);
    cove_list(vm, NULL, 0);
    cove_scope inner = cove_scope_open(vm);
    cove_scope_close(vm, outer);
    cove_scope_close(vm, inner);
}
static void released_unkept(cove_vm *vm) { cove_release(vm, cove_list(vm, NULL, 0)); }
static void released_twice(cove_vm *vm) {
    cove_value v = cove_list(vm, NULL, 0);
    cove_release(vm, cove_keep(vm, cove_keep(vm, v)));
    cove_release(vm, v);
    cove_release(vm, v);
}
static cove_value destroys(cove_vm *vm, const cove_call_info *call) {
    (void)call;
    cove_destroy(vm);
    return COVE_FAILED;
}
static void destroyed_from_within(cove_vm *vm) {
    static const cove_function_def def = {"destroys", destroys, "", NULL, 0, NULL};
    cove_call(vm, cove_function(vm, &def), NULL, 0);
}

/* Under sanitizers it may be those that find the misuse first. */
static void dies(void (*misuse)(cove_vm *), const char *says) {
    int ends[2];
    char text[4096];
    size_t n = 0;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], 2);
        close(ends[0]);
        signal(SIGABRT, SIG_DFL);
        misuse(cove_create(NULL));
        _exit(0);
    }
    close(ends[1]);
    while (n < sizeof text - 1 && (got = read(ends[0], text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    close(ends[0]);
    text[n] = 0;
    int status;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        fail_msg("expected \"%s\", but it went through", says);
    if (strstr(text, says) == NULL && strstr(text, "Sanitizer") == NULL)
        fail_msg("expected \"%s\", got \"%s\"", says, text);
}

static void test_host_errors(void **state) {
    (void)state;
    dies(without_vm, "cove_exec: the VM is NULL");
    dies(destroyed, "cove_eval: the VM has been destroyed");
    dies(destroyed_twice, "cove_destroy: the VM has been destroyed");
    dies(left, "cove_eval: the calling thread is not inside the VM");
    dies(wrong_thread, "cove_str_n: the calling thread is not inside the VM");
    dies(other_vm, "cove_to_repr: a value of another VM is used");
    dies(other_vm_among_arguments, "a value of another VM is used");
    dies(after_its_scope, "cove_to_repr: a value is used whose scope has been closed");
    dies(after_release, "cove_length: a value is used whose scope has been closed");
    dies(no_source, "cove_exec: source is NULL");
    dies(no_expression, "cove_eval: expression is NULL");
    dies(no_text, "cove_str: text is NULL");
    dies(no_name, "cove_global: name is NULL");
    dies(no_attribute, "text is NULL");
    dies(no_definition, "cove_class: def is NULL");
    dies(no_place, "cove_next: out is NULL");
    dies(text_after_its_scope, "cove_text: a value is used whose scope has been closed");
    dies(scopes_in_disorder, "cove_scope_close: the scope has been closed already, with one around it");
    dies(released_unkept, "cove_release: a value is released that has not been kept, or has been released before");
    dies(released_twice, "cove_release: a value is released that has not been kept, or has been released before");
    dies(destroyed_from_within, "cove_destroy: called by a native function");
}

#endif

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_VM(test_wrong_types),
#ifndef NDEBUG
        cmocka_unit_test(test_host_errors),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
