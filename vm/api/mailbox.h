/* Calls that other threads have posted to a VM. */
#ifndef COVE_API_MAILBOX_H
#define COVE_API_MAILBOX_H

#include "api/api.h"

typedef void (*PostedFn)(cove_vm *vm, void *user);

bool mailbox_open(VM *vm);
void mailbox_close(VM *vm);                         /* what is still in it is not called */
bool mailbox_post(VM *vm, PostedFn fn, void *user); /* any thread */
void mailbox_wake(VM *vm);                          /* any thread, signal handlers too: event loops look around */
void mailbox_deliver(VM *vm);
int mailbox_descriptor(VM *vm); /* readable while there is something in it; -1: none */

#endif
