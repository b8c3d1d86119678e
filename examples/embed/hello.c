/* The smallest host: a VM, a script, a call. */
#include <stdio.h>

#include <cove.h>

int main(void) {
    cove_vm *vm = cove_create(NULL);
    if (vm == NULL)
        return 1;
    cove_exec(vm, "def greet(name):\n    return f'Hello, {name}!'\n", "greet.co");
    cove_value name = cove_str(vm, "world");
    cove_value text = cove_call(vm, cove_global(vm, "greet"), &name, 1);
    if (cove_ok(text))
        puts(cove_text(vm, text, NULL));
    else
        fputs(cove_error_report(vm), stderr);
    cove_destroy(vm);
    return 0;
}
