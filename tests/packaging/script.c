/* Runs a script as the command does, with the interface of cove.h alone. */
#include "cove.h"

#include <stdio.h>

int main(int argc, char **argv) {
    static const char *const path[] = {"", NULL};
    cove_config config = cove_config_default();
    config.grants = COVE_GRANT_ALL;
    config.path = path;
    cove_vm *vm = argc == 2 ? cove_create(&config) : NULL;
    if (vm == NULL)
        return 2;
    bool ok = cove_exec_file(vm, argv[1]);
    if (!ok)
        cove_error_print(vm);
    cove_destroy(vm);
    return ok ? 0 : 1;
}
