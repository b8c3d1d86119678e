/* The part of _codecs that is in codec_maps.c. */
#ifndef COVE_STDLIB_CODEC_MAPS_H
#define COVE_STDLIB_CODEC_MAPS_H

#include "runtime/vm.h"

bool codecs_add_maps(VM *vm, Value module);

#endif
