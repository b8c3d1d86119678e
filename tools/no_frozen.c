/* No frozen modules: for the program that makes them, and for builds of the bare interpreter. */
#include "stdlib/import/frozen.h"

const FrozenModule frozen_modules[] = {{0}};
const size_t frozen_modules_count = 0;
const char *const frozen_dictionary = NULL;
const size_t frozen_dictionary_size = 0;
