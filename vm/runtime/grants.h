/* What a VM's host lets scripts reach of the world outside: bits of vm->grants, the same as enum cove_grant of
 * cove.h. */
#ifndef COVE_RUNTIME_GRANTS_H
#define COVE_RUNTIME_GRANTS_H

enum {
    GRANT_FILES = 1,
    GRANT_NETWORK = 2,
    GRANT_PROCESSES = 4,
    GRANT_ENVIRONMENT = 8,
    GRANT_CLOCK = 16,
    GRANT_THREADS = 32,
    GRANT_INSPECTION = 64,
    GRANTS_ALL = 127,
};

#endif
