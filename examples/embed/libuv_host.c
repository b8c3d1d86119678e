/* Inside another loop: libuv waits for the VM's descriptor and deadline beside its own timers, and the VM's tasks run
 * from its callbacks. */
#include <stdio.h>

#include <cove.h>
#include <uv.h>

typedef struct Host {
    cove_vm *vm;
    uv_poll_t events;
    uv_timer_t deadline, ticks;
    int left;
} Host;

static void pump(Host *host);
static void on_events(uv_poll_t *handle, int status, int events) {
    (void)status, (void)events;
    pump(handle->data);
}
static void on_deadline(uv_timer_t *handle) { pump(handle->data); }

/* Lets the VM do what is due, and has libuv wake it for what comes next. */
static void pump(Host *host) {
    cove_scope scope = cove_scope_open(host->vm);
    int left = cove_poll(host->vm, 0);
    int64_t wait = cove_poll_deadline(host->vm);
    cove_scope_close(host->vm, scope);
    uv_timer_stop(&host->deadline);
    if (left > 0 && wait >= 0)
        uv_timer_start(&host->deadline, on_deadline, (uint64_t)(wait + 999) / 1000, 0);
    if (left <= 0)
        uv_stop(host->events.loop);
}

static void on_tick(uv_timer_t *handle) { ++*(int *)handle->data; }

static const char script[] = "import asyncio\n"
                             "async def ticker(name, delay):\n"
                             "    for i in range(3):\n"
                             "        await asyncio.sleep(delay)\n"
                             "    return name\n"
                             "async def main():\n"
                             "    print(await asyncio.gather(ticker('slow', 0.02), ticker('fast', 0.002)))\n";

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0); /* what scripts print goes to the same place, in order */
    Host host = {.vm = cove_create(NULL)};
    uv_loop_t *loop = uv_default_loop();
    int ticks = 0;
    if (host.vm == NULL || !cove_exec(host.vm, script, "ticker.co") ||
        !cove_ok(cove_start(host.vm, cove_call(host.vm, cove_global(host.vm, "main"), NULL, 0), NULL, NULL))) {
        fputs(host.vm ? cove_error_report(host.vm) : "no memory\n", stderr);
        return 1;
    }
    uv_poll_init(loop, &host.events, cove_poll_descriptor(host.vm));
    uv_timer_init(loop, &host.deadline);
    uv_timer_init(loop, &host.ticks);
    host.events.data = host.deadline.data = &host;
    host.ticks.data = &ticks;
    uv_poll_start(&host.events, UV_READABLE, on_events);
    uv_timer_start(&host.ticks, on_tick, 1, 1);
    pump(&host);
    uv_run(loop, UV_RUN_DEFAULT);
    puts(ticks > 5 ? "libuv had its turns too" : "libuv was held up");
    cove_destroy(host.vm);
    return 0;
}
