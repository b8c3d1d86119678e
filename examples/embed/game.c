/* A game loop. Each creature is a coroutine of a script that awaits next_frame(); the host gives each of them a
 * budget in every frame, so that none can hold the game up. One of them computes for long: it is paused, and goes on
 * in the frames that follow. */
#include <stdio.h>
#include <stdlib.h>

#include <cove.h>

/* next_frame(): yields to the host once, and returns the number of the frame with which the host resumes it. */
static enum cove_step frame_step(cove_vm *vm, void *user, cove_value sent, cove_value *out) {
    bool *waiting = user;
    *waiting = !*waiting;
    *out = *waiting ? cove_none(vm) : sent;
    return *waiting ? COVE_STEP_YIELDED : COVE_STEP_RETURNED;
}

static cove_value next_frame(cove_vm *vm, const cove_call_info *call) {
    (void)call;
    bool *waiting = calloc(1, sizeof *waiting);
    return waiting == NULL ? cove_raise(vm, "MemoryError", "no memory")
                           : cove_awaitable(vm, frame_step, waiting, free);
}

static const cove_function_def functions[] = {
    {"next_frame", next_frame, "", "Waits for the next frame; gives its number.", 0, NULL},
    {0},
};
static const cove_module_def game = {"game", NULL, functions, NULL};

static const char script[] = "from game import next_frame\n"
                             "async def walker(name, speed):\n"
                             "    x = 0\n"
                             "    while x < 6:\n"
                             "        frame = await next_frame()\n"
                             "        x += speed\n"
                             "        print(f'frame {frame}: {name} at {x}')\n"
                             "    return name + ' has arrived'\n"
                             "async def thinker():\n"
                             "    total = 0\n"
                             "    for i in range(3000):\n"
                             "        total += i\n"
                             "    print('the answer is', total)\n"
                             "    await next_frame()\n"
                             "    return 'thought enough'\n";

enum { CREATURES = 3 };

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0); /* what scripts print goes to the same place, in order */
    cove_vm *vm = cove_create(NULL);
    if (vm == NULL || !cove_add_module(vm, &game) || !cove_exec(vm, script, "creatures.co")) {
        fputs(vm ? cove_error_report(vm) : "no memory\n", stderr);
        return 1;
    }
    cove_value ant[2] = {cove_str(vm, "ant"), cove_int(vm, 2)}, bee[2] = {cove_str(vm, "bee"), cove_int(vm, 3)};
    cove_run *creatures[CREATURES] = {
        cove_run_new(vm, cove_global(vm, "walker"), ant, 2),
        cove_run_new(vm, cove_global(vm, "walker"), bee, 2),
        cove_run_new(vm, cove_global(vm, "thinker"), NULL, 0),
    };
    /* A game would give microseconds; steps make the output of this example the same everywhere. */
    const cove_budget budget = {.steps = 1000, .microseconds = 0, .hard_microseconds = 1000000};
    for (int frame = 0, alive = CREATURES; alive > 0; frame++) {
        cove_scope scope = cove_scope_open(vm);
        for (int i = 0; i < CREATURES; i++) {
            cove_value out;
            if (cove_run_done(creatures[i]))
                continue;
            switch (cove_run_resume(creatures[i], &budget, cove_int(vm, frame), &out)) {
            case COVE_RUN_WAITING:
                break;
            case COVE_RUN_PAUSED:
                printf("frame %d: creature %d is still thinking\n", frame, i);
                break;
            case COVE_RUN_FINISHED:
                printf("frame %d: %s\n", frame, cove_text(vm, out, NULL));
                alive--;
                break;
            case COVE_RUN_FAILED:
                fputs(cove_error_report(vm), stderr);
                alive--;
                break;
            }
            cove_flush(vm);
        }
        cove_scope_close(vm, scope);
    }
    for (int i = 0; i < CREATURES; i++)
        cove_run_free(creatures[i]);
    cove_destroy(vm);
    return 0;
}
