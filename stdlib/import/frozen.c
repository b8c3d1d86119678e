/* The table of frozen modules is sorted by name: looking one up is a binary search. */
#include "stdlib/import/frozen.h"

const FrozenModule *frozen_find(const char *name) {
    size_t low = 0, high = frozen_modules_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, frozen_modules[middle].name);
        if (order == 0)
            return &frozen_modules[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
