/* The poller of the host's config. */
#ifndef COVE_API_POLLER_H
#define COVE_API_POLLER_H

#include "runtime/vm.h"

void host_poller_install(VM *vm);

#endif
