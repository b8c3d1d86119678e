/* What the tests of the embedding API share. */
#ifndef API_TEST_H
#define API_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <cove.h>

/* What a VM has written. */
typedef struct Output {
    char text[8192];
    size_t n;
} Output;

static inline bool output_write(void *user, const char *text, size_t size) {
    Output *o = user;
    if (o->n + size >= sizeof o->text)
        return false;
    memcpy(o->text + o->n, text, size);
    o->n += size;
    o->text[o->n] = 0;
    return true;
}

static inline void exec_ok(cove_vm *vm, const char *source) {
    if (!cove_exec(vm, source, "test.co"))
        fail_msg("%s", cove_error_report(vm));
}

static inline int64_t int_of(cove_vm *vm, cove_value v) {
    int64_t i = 0;
    if (!cove_to_int(vm, v, &i))
        fail_msg("%s", cove_error_report(vm));
    return i;
}

static inline const char *text_of(cove_vm *vm, cove_value v) {
    const char *text = cove_text(vm, v, NULL);
    if (text == NULL)
        fail_msg("%s", cove_error_report(vm));
    return text;
}

/* The value of an expression, as repr() shows it. */
static inline const char *shown(cove_vm *vm, const char *expression) {
    return text_of(vm, cove_to_repr(vm, cove_eval(vm, expression)));
}

static inline double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#define assert_error(vm, type, message)                                                                              \
    do {                                                                                                             \
        assert_string_equal(cove_error_type(vm), type);                                                              \
        assert_string_equal(cove_error_message(vm), message);                                                        \
    } while (0)

static inline int make_vm(void **state) {
    *state = cove_create(NULL);
    return *state == NULL;
}

static inline int end_vm(void **state) {
    cove_destroy(*state);
    return 0;
}

#define WITH_VM(test) cmocka_unit_test_setup_teardown(test, make_vm, end_vm)

#endif
