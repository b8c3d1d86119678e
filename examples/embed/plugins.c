/* A host of plug-ins that it does not trust: each has a VM of its own, with limits on memory and steps, and reaches
 * nothing that the host has not put in. */
#include <stdio.h>
#include <string.h>

#include <cove.h>

static const struct {
    const char *name, *text;
} plugins[] = {
    {"well-behaved", "def transform(text):\n    return text.upper()\n"},
    {"curious", "def transform(text):\n    return open('/etc/passwd').read()\n"},
    {"greedy", "def transform(text):\n    return text * 10**9\n"},
    {"endless", "def transform(text):\n    while True:\n        try:\n            while True: pass\n"
                "        except BaseException: pass\n"},
    {"deep", "def transform(text):\n    return transform(text)\n"},
    {"broken", "def transform(text:\n"},
    {"wrong", "def transform(text):\n    return 5\n"},
};

static void run(const char *name, const char *text) {
    cove_config config = cove_config_default(); /* nothing is granted */
    config.memory_limit = 4 << 20;
    config.step_limit = 1000000;
    cove_vm *vm = cove_create(&config);
    if (vm == NULL)
        return;
    cove_value input = cove_str(vm, "some text"), output = COVE_FAILED;
    if (cove_exec(vm, text, name))
        output = cove_call(vm, cove_global(vm, "transform"), &input, 1);
    const char *result = cove_text(vm, output, NULL);
    if (result != NULL)
        printf("%s: %s\n", name, result);
    else
        printf("%s: refused, %s: %s\n", name, cove_error_type(vm), cove_error_message(vm));
    cove_destroy(vm);
}

int main(void) {
    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        run(plugins[i].name, plugins[i].text);
    return 0;
}
