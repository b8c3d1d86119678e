/* A generator of a script, driven from C: next, send, throw, close. */
#include <stdio.h>

#include <cove.h>

static const char script[] = "def averager():\n"
                             "    total = count = 0\n"
                             "    average = None\n"
                             "    try:\n"
                             "        while True:\n"
                             "            try:\n"
                             "                total += yield average\n"
                             "                count += 1\n"
                             "                average = total / count\n"
                             "            except LookupError:\n"
                             "                total = count = 0\n"
                             "                average = None\n"
                             "    finally:\n"
                             "        print('closed after', count)\n";

static void show(cove_vm *vm, enum cove_step step, cove_value v) {
    if (step == COVE_STEP_YIELDED)
        printf("yielded %s\n", cove_text(vm, cove_to_repr(vm, v), NULL));
    else
        printf("%s\n", step == COVE_STEP_RETURNED ? "over" : cove_error_type(vm));
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0); /* what scripts print goes to the same place, in order */
    cove_vm *vm = cove_create(NULL);
    if (vm == NULL || !cove_exec(vm, script, "averager.co"))
        return 1;
    cove_value generator = cove_call(vm, cove_global(vm, "averager"), NULL, 0), v;
    enum cove_step step = cove_next(vm, generator, &v);
    show(vm, step, v);
    for (int i = 1; i <= 3; i++) {
        step = cove_send(vm, generator, cove_int(vm, i * 10), &v);
        show(vm, step, v);
    }
    step = cove_throw(vm, generator, cove_global(vm, "KeyError"), &v);
    show(vm, step, v);
    step = cove_send(vm, generator, cove_float(vm, 0.5), &v);
    show(vm, step, v);
    cove_close(vm, generator);
    cove_flush(vm);
    step = cove_next(vm, generator, &v);
    show(vm, step, v);
    cove_destroy(vm);
    return 0;
}
