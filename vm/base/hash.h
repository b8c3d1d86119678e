/* Keyed hashing of text: SipHash with one round a block and three at the end, which an attacker who does not know the
 * key cannot make collide on purpose. */
#ifndef COVE_BASE_HASH_H
#define COVE_BASE_HASH_H

#include "base/common.h"

uint64_t hash_bytes(const void *data, size_t n, const uint64_t key[2]);

#endif
