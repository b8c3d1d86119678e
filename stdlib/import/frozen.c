/* The table of frozen modules is sorted by name: looking one up is a binary search. One of them stands for many: all
 * native encodings are modules of the package `encodings` with the same source. */
#include "stdlib/import/frozen.h"

#include "object/codec.h"

static const FrozenModule *find_row(const char *name) {
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

const FrozenModule *frozen_find(const char *name) {
    static const char package[] = "encodings.";
    size_t n = sizeof package - 1;
    const FrozenModule *row = find_row(name);
    if (row == NULL && strncmp(name, package, n) == 0 && codec_find_module(name + n) != NULL)
        row = find_row("encodings._native");
    return row;
}
