/* The command `cove`: makes a VM, runs what the command line names, and leaves with the right status. */
#include "repl/host.h"
#include "stdlib/thread/deadlock.h"
#include "runtime/lock.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void signals_setup(VM *vm) {
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write() */
    if (!signals_catch_interrupt(vm))
        error_clear(vm); /* an interrupt then ends the process */
}

/* A parent that started us with an interrupt in mind sees that this is what ended us. */
static int die_of_interrupt(void) {
    signal(SIGINT, SIG_DFL);
    kill(getpid(), SIGINT);
    return 130;
}

/* Waiting for ever helps nobody: the program ends with an error. */
static bool on_deadlock(VM *vm) {
    stdlib_flush(vm);
    if (!deadlock_report(vm))
        return true;
    _exit(1);
}

static void apply_options(VM *vm, const void *options) {
    const Options *o = options;
    vm->flags = o->flags;
    vm->on_deadlock = on_deadlock;
    vm->wants_color = color_wanted;
    char *end;
    for (int i = 0; i < o->nxoptions; i++) {
        if (strcmp(o->xoptions[i], "no-deadlock-detection") == 0)
            vm->on_deadlock = NULL;
        if (strncmp(o->xoptions[i], "fail_alloc=", 11) == 0)
            vm->fail_after = strtoull(o->xoptions[i] + 11, &end, 10), vm->fail_once = *end != '+';
    }
    if (o->int_max_str_digits != UINT32_MAX)
        vm->int_max_str_digits = o->int_max_str_digits;
}

static int fail_early(void) {
    fprintf(stderr, "Fatal Cove error: the interpreter could not be set up\n");
    return 1;
}

/* For tests/alloc/run: how many allocations there were, when the one that shall fail has not come. */
static void report_allocations(const VM *vm, const Options *o) {
    for (int i = 0; i < o->nxoptions; i++) {
        if (strncmp(o->xoptions[i], "fail_alloc=", 11) == 0 && vm->fail_after > 1)
            fprintf(stderr, "allocations: %llu\n", strtoull(o->xoptions[i] + 11, NULL, 10) - vm->fail_after);
    }
}

int main(int argc, char **argv) {
    Options options;
    int status = options_read(&options, argc, argv);
    if (status < 0 && !environment_read(&options))
        status = 1;
    if (status >= 0) {
        options_free(&options);
        return status;
    }
    VmSetup setup = {.hash_seed = options.hash_seed};
    VM *vm = stdlib_vm_create(&setup, apply_options, &options);
    if (!vm)
        return fail_early();
    signals_setup(vm);
    bool killed = false;
    status = run_main(vm, &options, &killed);
    if (!stdlib_finish(vm) && !killed)
        status = 120;
    report_allocations(vm, &options);
    if (vm->thread_count == 1) /* a daemon may be in a system call that uses its memory */
        vm_destroy(vm);
    options_free(&options);
    return killed ? die_of_interrupt() : status;
}
