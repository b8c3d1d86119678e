/* What objects hold of the host: memory, data, callbacks that have to be told of their end. Objects that are still
 * alive when their VM ends are not finalized one by one; those with a Resource are found in a list, so that the host
 * is told in any case. */
#ifndef COVE_API_RESOURCE_H
#define COVE_API_RESOURCE_H

#include "api/api.h"

typedef struct Resource {
    struct Resource *next, **link;
    void (*end)(VM *vm, struct Resource *self); /* runs once */
} Resource;

void resource_add(VM *vm, Resource *r, void (*end)(VM *vm, Resource *self));
void resource_end(VM *vm, Resource *r); /* tells the host, unless it has been told */
void resource_end_all(VM *vm);

#endif
