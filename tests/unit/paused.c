/* Runs a script as a host would that pauses it at every step: `paused SCRIPT.co`. Scripts must not notice. */
#include <stdio.h>
#include <stdlib.h>

#include <cove.h>

static char *read_file(const char *path) {
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return NULL;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (text != NULL)
        text[fread(text, 1, (size_t)size, f)] = 0;
    fclose(f);
    return text;
}

static enum cove_run_state run_paused(cove_vm *vm, const char *text, const char *path) {
    const cove_budget one = {.steps = 1};
    cove_run *run = cove_run_source(vm, text, path, cove_absent());
    enum cove_run_state state = run == NULL ? COVE_RUN_FAILED : COVE_RUN_PAUSED;
    while (state == COVE_RUN_PAUSED)
        state = cove_run_resume(run, &one, cove_absent(), NULL);
    if (state == COVE_RUN_FAILED)
        cove_error_print(vm);
    cove_run_free(run);
    return state;
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[argc - 1] : "";
    char *text = read_file(path);
    if (text == NULL) {
        fprintf(stderr, "paused: cannot read '%s'\n", path);
        return 2;
    }
    cove_config config = cove_config_default();
    config.grants = COVE_GRANT_ALL;
    cove_vm *vm = cove_create(&config);
    if (vm == NULL)
        return 2;
    cove_set_global(vm, "__file__", cove_str(vm, path));
    enum cove_run_state state = run_paused(vm, text, path);
    bool flushed = cove_exec(vm, "import sys\nsys.stdout.flush()\n", "flush");
    cove_destroy(vm);
    free(text);
    return state == COVE_RUN_FINISHED && flushed ? 0 : 1;
}
