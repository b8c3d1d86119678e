/* The types of itertools, by the file that defines them. */
#ifndef COVE_STDLIB_ITERTOOLS_H
#define COVE_STDLIB_ITERTOOLS_H

#include "object/containers.h"
#include "stdlib/init.h"

/* mod_itertools.c */
#define ITERTOOLS_FLAGS (TYPE_GC | TYPE_BASE | TYPE_IMMUTABLE | TYPE_NO_WEAKREF)
/* mod_itertools_combine.c */
extern const TypeSpec itertools_product_spec, itertools_permutations_spec, itertools_combinations_spec,
    itertools_replacement_spec;
/* mod_itertools_group.c */
extern const TypeSpec itertools_groupby_spec, itertools_grouper_spec, itertools_tee_spec, itertools_tee_data_spec,
    itertools_zip_longest_spec, itertools_batched_spec, itertools_pairwise_spec;
Value itertools_tee(VM *vm, Value self, Value *args, size_t nargs, Value kwnames);

#endif
