/* A server whose work is done by a pool of threads in C: scripts await what the pool computes. Each request is a
 * coroutine; compute() gives it a future, which a worker resolves without entering the VM. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cove.h>

typedef struct Job {
    cove_future *future;
    int64_t n;
    struct Job *next;
} Job;

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t more;
    Job *jobs;
    bool closing;
} pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, false};

static int64_t collatz(int64_t n) {
    int64_t steps = 0;
    for (; n != 1; steps++)
        n = n % 2 != 0 ? 3 * n + 1 : n / 2;
    return steps;
}

static void *worker(void *unused) {
    (void)unused;
    pthread_mutex_lock(&pool.mutex);
    for (;;) {
        while (pool.jobs == NULL && !pool.closing)
            pthread_cond_wait(&pool.more, &pool.mutex);
        Job *job = pool.jobs;
        if (job == NULL)
            break;
        pool.jobs = job->next;
        pthread_mutex_unlock(&pool.mutex);
        if (job->n > 0)
            cove_future_resolve_int(job->future, collatz(job->n));
        else
            cove_future_fail(job->future, "ValueError", "only for positive numbers");
        free(job);
        pthread_mutex_lock(&pool.mutex);
    }
    pthread_mutex_unlock(&pool.mutex);
    return NULL;
}

static cove_value compute(cove_vm *vm, const cove_call_info *call) {
    Job *job = malloc(sizeof *job);
    if (job == NULL || !cove_to_int(vm, call->args[0], &job->n) || (job->future = cove_future_new(vm)) == NULL) {
        free(job);
        return COVE_FAILED;
    }
    cove_value future = cove_future_value(job->future);
    pthread_mutex_lock(&pool.mutex);
    job->next = pool.jobs;
    pool.jobs = job;
    pthread_cond_signal(&pool.more);
    pthread_mutex_unlock(&pool.mutex);
    return future;
}

static const cove_function_def functions[] = {{"compute", compute, "n, /", "Steps of n, by the pool.", 0, NULL}, {0}};
static const cove_module_def module = {"pool", NULL, functions, NULL};

static const char script[] = "import asyncio\n"
                             "from pool import compute\n"
                             "async def handle(request):\n"
                             "    try:\n"
                             "        steps = await asyncio.gather(*map(compute, request))\n"
                             "        return f'{request}: {steps}'\n"
                             "    except ValueError as e:\n"
                             "        return f'{request}: {e}'\n";

static void answer(cove_vm *vm, void *slot, cove_value result) {
    const char *text = cove_text(vm, result, NULL);
    snprintf(slot, 80, "%s", text != NULL ? text : cove_error_message(vm));
}

int main(void) {
    enum { WORKERS = 4, REQUESTS = 3 };
    static char answers[REQUESTS][80];
    static const char *const requests[REQUESTS] = {"[27, 97, 871]", "[6, 7]", "[1, -1]"};
    pthread_t workers[WORKERS];
    for (int i = 0; i < WORKERS; i++)
        pthread_create(&workers[i], NULL, worker, NULL);
    cove_vm *vm = cove_create(NULL);
    if (vm == NULL || !cove_add_module(vm, &module) || !cove_exec(vm, script, "server.co")) {
        fputs(vm ? cove_error_report(vm) : "no memory\n", stderr);
        return 1;
    }
    for (int i = 0; i < REQUESTS; i++) {
        cove_value request = cove_eval(vm, requests[i]);
        cove_start(vm, cove_call(vm, cove_global(vm, "handle"), &request, 1), answer, answers[i]);
    }
    bool ok = cove_run_loop(vm);
    for (int i = 0; i < REQUESTS; i++)
        puts(answers[i]);
    pthread_mutex_lock(&pool.mutex);
    pool.closing = true;
    pthread_cond_broadcast(&pool.more);
    pthread_mutex_unlock(&pool.mutex);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i], NULL);
    cove_destroy(vm);
    return !ok;
}
