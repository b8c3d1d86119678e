/* The list of a VM's resources. */
#include "api/resource.h"

void resource_add(VM *vm, Resource *r, void (*end)(VM *vm, Resource *self)) {
    Resource **first = &vm->host->resources;
    r->end = end;
    r->next = *first;
    r->link = first;
    if (r->next != NULL)
        r->next->link = &r->next;
    *first = r;
}

void resource_end(VM *vm, Resource *r) {
    void (*end)(VM *, Resource *) = r->end;
    if (end == NULL)
        return;
    r->end = NULL;
    *r->link = r->next;
    if (r->next != NULL)
        r->next->link = r->link;
    end(vm, r);
}

void resource_end_all(VM *vm) {
    while (vm->host->resources != NULL)
        resource_end(vm, vm->host->resources);
}
