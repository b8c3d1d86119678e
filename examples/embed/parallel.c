/* Many VMs on many threads: they share nothing, so they run in parallel. */
#include <pthread.h>
#include <stdio.h>

#include <cove.h>

enum { THREADS = 4, VMS = 3 };

static const char script[] = "def primes(n):\n"
                             "    found = []\n"
                             "    for i in range(2, n):\n"
                             "        if all(i % p for p in found):\n"
                             "            found.append(i)\n"
                             "    return len(found)\n";

static void *work(void *result) {
    for (int i = 0; i < VMS; i++) {
        cove_vm *vm = cove_create(NULL);
        int64_t count = 0;
        if (vm != NULL && cove_exec(vm, script, "primes.co")) {
            cove_value n = cove_int(vm, 500);
            cove_to_int(vm, cove_call(vm, cove_global(vm, "primes"), &n, 1), &count);
        }
        *(int64_t *)result += count;
        cove_destroy(vm);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[THREADS];
    int64_t results[THREADS] = {0};
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, &results[i]);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        printf("thread %d: %d\n", i, (int)results[i]);
    }
    return 0;
}
