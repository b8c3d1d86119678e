/* The .co modules that are part of the library, as images (code/image.h). The table is made by the build
 * (tools/freeze). */
#ifndef COVE_STDLIB_IMPORT_FROZEN_H
#define COVE_STDLIB_IMPORT_FROZEN_H

#include "object/object.h"

typedef struct FrozenModule {
    const char *name; /* dotted */
    bool is_package;
    const char *image;
    size_t size;
    size_t full; /* size of the image when inflated; 0: it is not packed */
} FrozenModule;

/* NULL if there is none of that name. */
const FrozenModule *frozen_find(const char *name);
/* All of them, sorted by name; ends with a row without name. */
extern const FrozenModule frozen_modules[];
extern const size_t frozen_modules_count;
/* An image that is not packed, to which packed ones refer. */
extern const char *const frozen_dictionary;
extern const size_t frozen_dictionary_size;

#endif
