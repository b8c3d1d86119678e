/* A fuzz target: any text as a script, in a VM with every limit set and nothing granted.
 *
 * Half of the inputs (told by their length) run by cove_exec(), the others as a cove_run that is paused every few
 * steps, so that pausing is tried everywhere, and with a hard limit that is never reached, so that large garbage
 * waits for later steps; then what they call main is driven, as a coroutine or generator. A helper thread stops a VM
 * that is at it for longer than a second: what then goes on is a hole in the limits, and libFuzzer's -timeout reports
 * it. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cove.h>

#include "fuzz.h"

#define MEMORY_LIMIT ((size_t)64 << 20)
#define STEP_LIMIT 30000
#define RECURSION_LIMIT 150
#define STEPS_A_STRETCH 11
#define SECONDS 1
#define DRIVES 200
#define THROWN_INTO 7 /* one of so many times */

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static cove_vm *guarded; /* under the mutex */
static struct timespec guarded_until;

static bool is_over(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > guarded_until.tv_sec ||
           (now.tv_sec == guarded_until.tv_sec && now.tv_nsec > guarded_until.tv_nsec);
}

static void *stop_late_ones(void *unused) {
    (void)unused;
    for (;;) {
        nanosleep(&(struct timespec){0, 50000000}, NULL);
        pthread_mutex_lock(&guard);
        if (guarded != NULL && is_over())
            cove_stop(guarded);
        pthread_mutex_unlock(&guard);
    }
    return NULL;
}

static void set_guarded(cove_vm *vm) {
    static atomic_bool started;
    pthread_t thread;
    if (!atomic_exchange(&started, true) && pthread_create(&thread, NULL, stop_late_ones, NULL) != 0)
        abort();
    pthread_mutex_lock(&guard);
    guarded = vm;
    clock_gettime(CLOCK_MONOTONIC, &guarded_until);
    guarded_until.tv_sec += SECONDS;
    pthread_mutex_unlock(&guard);
}

static bool swallow(void *user, const char *text, size_t size) {
    (void)user, (void)text, (void)size;
    return true;
}

/* What the text calls main, a coroutine mostly, is driven as a host does it, and now and then thrown into. */
static void drive_main(cove_vm *vm, const cove_budget *budget) {
    cove_value out, fn = cove_global(vm, "main");
    cove_run *run = cove_ok(fn) ? cove_run_new(vm, fn, NULL, 0) : NULL;
    enum cove_run_state state = run == NULL ? COVE_RUN_FAILED : COVE_RUN_PAUSED;
    for (int i = 0; i < DRIVES && (state == COVE_RUN_PAUSED || state == COVE_RUN_WAITING); i++)
        state = i % THROWN_INTO == 0 && i > 0 ? cove_run_throw(run, budget, cove_eval(vm, "ValueError"), &out)
                                              : cove_run_resume(run, budget, cove_int(vm, i), &out);
    cove_run_free(run);
}

static void run_paused(cove_vm *vm, const char *text) {
    cove_run *run = cove_run_source(vm, text, "fuzz.co", cove_absent());
    cove_budget budget = {.steps = STEPS_A_STRETCH, .hard_microseconds = 1000 * 1000 * 1000};
    cove_value out;
    while (run != NULL && cove_run_resume(run, &budget, cove_absent(), &out) == COVE_RUN_PAUSED)
        ;
    cove_run_free(run);
    drive_main(vm, &budget);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cove_config config = cove_config_default();
    config.memory_limit = MEMORY_LIMIT;
    config.step_limit = STEP_LIMIT;
    config.recursion_limit = RECURSION_LIMIT;
    config.write_output = config.write_error = swallow;
    config.hash_seed = 1;
    char *text = malloc(size + 1);
    cove_vm *vm = cove_create(&config);
    if (text == NULL || vm == NULL)
        abort();
    memcpy(text, data, size);
    text[size] = 0;
    set_guarded(vm);
    if (size % 2 == 0)
        run_paused(vm, text);
    else if (!cove_exec(vm, text, "fuzz.co"))
        cove_error_report(vm);
    pthread_mutex_lock(&guard);
    guarded = NULL;
    pthread_mutex_unlock(&guard);
    cove_destroy(vm);
    free(text);
    return 0;
}
