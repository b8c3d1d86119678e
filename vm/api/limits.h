/* What a config and the end of a VM mean for the limits on its scripts. */
#ifndef COVE_API_LIMITS_H
#define COVE_API_LIMITS_H

#include "api/api.h"

bool host_limits_setup(VM *vm);
void host_limits_lift(VM *vm); /* the VM ends: nothing holds its last steps up */

#endif
