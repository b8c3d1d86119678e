/* Opening shared libraries for modules. The dynamic linker counts the openings itself, so that no state is needed
 * here: a library that was opened once stays, as unloading one that has started threads is not safe. */
#include "stdlib/library.h"

#include <dlfcn.h>

static bool missing(VM *vm, const char *module, const LibrarySpec *spec) {
    return raisef(vm, vm->exc.ImportError, "%s needs %s, which is not installed (Debian package: %s)", module,
                  spec->file, spec->package);
}

bool library_open(VM *vm, const char *module, const LibrarySpec *spec, void *table) {
    void *library = dlopen(spec->file, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (library == NULL)
        return missing(vm, module, spec);
    for (const LibrarySymbol *s = spec->symbols; s->name != NULL; s++) {
        void *address = dlsym(library, s->name);
        if (address == NULL)
            return raisef(vm, vm->exc.ImportError, "%s needs a newer %s: it has no %s", module, spec->file, s->name);
        memcpy((char *)table + s->offset, &address, sizeof address);
    }
    return true;
}

bool library_left_out(VM *vm, const char *module, const char *package) {
    return raisef(vm, vm->exc.ImportError, "%s is not part of this build: %s was missing when Cove was built", module,
                  package);
}
