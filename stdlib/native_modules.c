/* The table of native modules. A build with chosen modules has another one, with gaps (tools/choose_modules.co). */
#include "stdlib/init.h"

const NativeModule native_modules[NATIVE_MODULES] = {
#define MODULE(name, init) [MODULE_SLOT_##init] = {#name, init},
#include "stdlib/modules.def"
#undef MODULE
};
