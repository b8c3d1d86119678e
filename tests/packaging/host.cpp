// A host in C++: a native function, a class with data, failures.
#include "cove.h"

#include <iostream>
#include <string>

static cove_value shout(cove_vm *vm, const cove_call_info *call) {
    const char *text = cove_text(vm, call->args[0], nullptr);
    if (text == nullptr)
        return COVE_FAILED;
    std::string loud = std::string(text) + "!";
    return cove_str(vm, loud.c_str());
}

int main() {
    cove_config config = cove_config_default();
    cove_vm *vm = cove_create(&config);
    const cove_function_def functions[] = {{"shout", shout, "text, /", "Louder.", 0, nullptr}, {}};
    const cove_module_def module = {"host", "What the host offers.", functions, nullptr};
    if (vm == nullptr || !cove_add_module(vm, &module))
        return 1;
    bool ok = cove_exec(vm, "import host\nsaid = [host.shout(t) for t in ('hello', 'world')]", "host.co");
    cove_value text = cove_eval(vm, "' '.join(said)");
    std::cout << ok << ' ' << (cove_ok(text) ? cove_text(vm, text, nullptr) : cove_error_report(vm)) << '\n';
    if (!cove_exec(vm, "host.shout(1)", "host.co"))
        std::cout << cove_error_type(vm) << '\n';
    cove_destroy(vm);
    std::cout << COVE_VERSION_MAJOR << '.' << COVE_VERSION_MINOR << ' ' << (std::string(COVE_VERSION) == cove_version())
              << '\n';
    return 0;
}
