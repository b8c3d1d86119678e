/* The .co modules that are part of the library. The table is made by the build (stdlib/freeze). */
#ifndef COVE_STDLIB_IMPORT_FROZEN_H
#define COVE_STDLIB_IMPORT_FROZEN_H

#include "object/object.h"

typedef struct FrozenModule {
    const char *name; /* dotted */
    bool is_package;
    const char *source;
    size_t size;
} FrozenModule;

/* NULL if there is none of that name. */
const FrozenModule *frozen_find(const char *name);
/* All of them, sorted by name; ends with a row without name. */
extern const FrozenModule frozen_modules[];

#endif
